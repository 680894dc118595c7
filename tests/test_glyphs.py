"""Glyphs: the factors that the table states are the ones that the pictures show."""

import numpy as np
import pandas as pd
import pytest
import torch

import aae_lib as aae
from aae_lib.data import glyphs

MIDDLE = {"class": 3, "slant": 0.0, "size": 0.55, "weight": 0.5, "font": "DejaVuSans"}


def one(**factors):
    return glyphs.draw(pd.DataFrame([MIDDLE | factors]))[0, 0]


def moments(image):
    """Ink, centre of mass (x to the right, y up, from the image's middle), shear = cov(x, y) / var(y)."""
    ink = image.double() / 255
    at = torch.arange(28.0, dtype=torch.float64) - 13.5
    x, y = at[None, :], -at[:, None]
    total = ink.sum()
    cx, cy = (ink * x).sum() / total, (ink * y).sum() / total
    shear = (ink * (x - cx) * (y - cy)).sum() / (ink * (y - cy) ** 2).sum()
    return total.item(), cx.item(), cy.item(), shear.item()


@pytest.fixture(scope="module")
def many():
    factors = glyphs.sample_factors(2000, torch.Generator().manual_seed(1))
    return factors, glyphs.draw(factors)


def test_white_on_black_with_soft_edges_and_a_free_border(many):
    _, images = many
    assert images.shape == (2000, 1, 28, 28)
    assert images.dtype == torch.uint8
    assert (images.flatten(1).amax(1) > 150).all()  # ink in every image
    assert (images == 0).float().mean() > 0.5
    soft = ((images > 0) & (images < 255)).float().mean()
    assert 0.02 < soft < 0.3
    border = images.clone()
    border[:, :, 1:-1, 1:-1] = 0
    assert border.max() == 0


def test_the_extremes_of_every_factor_stay_inside(many):
    corners = [
        {"class": digit, "slant": slant, "size": glyphs.RANGES["size"][1], "weight": 1.5, "font": font}
        for digit in range(10)
        for font in glyphs.FONTS
        for slant in (*glyphs.RANGES["slant"], 0.0)
    ]
    images = glyphs.draw(pd.DataFrame(corners))
    images[:, :, 1:-1, 1:-1] = 0
    assert images.max() == 0


def test_centre_of_mass_is_in_the_middle(many):
    centres = np.array([moments(image[0])[1:3] for image in many[1]])
    assert np.abs(centres).max() < 0.6  # pixels; the stroke's own ink is not counted when centring
    assert np.abs(centres.mean(axis=0)).max() < 0.1


def test_factors_are_in_their_ranges_independent_and_balanced(many):
    factors, _ = many
    for name, (low, high) in glyphs.RANGES.items():
        assert factors[name].between(low, high).all()
        assert factors[name].std() == pytest.approx((high - low) / 12**0.5, rel=0.05)  # uniform
    codes = factors.assign(font=factors["font"].map(glyphs.FONTS.index))
    correlations = codes.corr().to_numpy() - np.eye(5)
    assert np.abs(correlations).max() < 4 / 2000**0.5  # four standard errors
    assert factors["class"].value_counts().tolist() == [200] * 10
    assert set(factors["font"]) == set(glyphs.FONTS)


def test_slant_is_the_shear_of_the_ink(many):
    factors, images = many
    shear = [moments(image[0])[3] for image in images]
    assert np.corrcoef(shear, np.tan(np.radians(factors["slant"])))[0, 1] > 0.95
    # one glyph: tan(slant) on top of the shear that it has when upright
    upright = moments(one(weight=0.0))[3]
    for slant in (-20.0, 10.0, 25.0):
        expected = upright + np.tan(np.radians(slant))
        assert moments(one(slant=slant, weight=0.0))[3] == pytest.approx(expected, abs=0.03)


def test_size_is_the_height_of_the_ink(many):
    factors, images = many
    height = (images[:, 0] > 0).any(2).sum(1).numpy()
    excess = height - (28 * factors["size"] + factors["weight"]).to_numpy()
    assert excess.min() > -0.5
    assert excess.max() < 2.01  # a soft edge may touch one row more at the top and at the bottom


def test_weight_adds_ink_along_the_outline(many):
    ink = np.array([[moments(one(**{"class": k, "weight": w}))[0] for w in (0.0, 0.5, 1.0, 1.5)] for k in range(10)])
    assert (np.diff(ink, axis=1) > 5).all()
    # digit 1 of a sans face: widening its outline by w/2 on both sides adds about w/2 times its length
    assert ink[1, 2] - ink[1, 0] == pytest.approx(2 * (ink[1, 1] - ink[1, 0]), rel=0.15)
    factors, images = many
    fit = factors.assign(ink=images.double().sum((1, 2, 3)).numpy() / 255 / factors["size"])
    within = fit.groupby(["class", "font"])[["ink", "weight"]].corr().xs("ink", level=2)["weight"]
    assert within.min() > 0.7


def test_every_font_and_class_looks_different():
    table = pd.DataFrame([MIDDLE | {"class": k, "font": f} for f in glyphs.FONTS for k in range(10)])
    images = aae.data.scale(glyphs.draw(table)).flatten(1)
    distances = torch.cdist(images, images) + 100 * torch.eye(len(images))
    assert distances.min() > 0.5


def test_the_drawing_depends_on_its_own_row_only(many):
    factors, images = many
    assert torch.equal(glyphs.draw(factors.iloc[[7, 1234]]), images[[7, 1234]])
    assert len(glyphs.draw(factors.iloc[:0])) == 0


def test_only_the_generator_passed_in_decides():
    before = torch.random.get_rng_state()
    a, b, c = (glyphs.sample_factors(50, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert a.equals(b)
    assert not a.equals(c)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"font": "Helvetica"}, "font holds .*Helvetica.*DejaVuSans"),
        ({"class": 10}, "class holds .*10"),
        ({"slant": 60.0}, "slant must lie between -25 and 25"),
        ({"size": float("nan")}, "size must lie between"),
    ],
)
def test_impossible_factors_are_refused(factors, message):
    with pytest.raises(ValueError, match=message):
        one(**factors)


def test_a_table_without_a_column_is_refused():
    with pytest.raises(ValueError, match="lacks slant, font"):
        glyphs.draw(pd.DataFrame([MIDDLE]).drop(columns=["slant", "font"]))

"""Pictures of models with categories: what is drawn is what the model says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

import aae_lib as aae
from aae_lib.plots.common import CLASS_COLOURS, FAKE, REAL

SHAPE = (1, 8, 8)


class Sorted(aae.models.Model):
    """A stand-in: images are sorted by their brightest corner; decode paints category and first coordinate of z."""

    can = aae.models.Abilities(encode=True, decode=True, classify=True, categories=3, see_category=True)
    categories, latent_dim, image_shape, device = 3, 2, SHAPE, torch.device("cpu")
    prior = aae.priors.Gaussian(2)

    def encode(self, images):
        return images.float().flatten(1)[:, :2] / 255

    def classify(self, images):
        return torch.nn.functional.one_hot(images[:, 0, 0, 0].long() % 2, 3).float()

    def decode(self, z, y):
        return (y.float() / 4 + z[:, 0] / 10).clamp(0, 1)[:, None, None, None].expand(-1, *SHAPE)


@pytest.fixture
def split():
    images = torch.zeros(8, *SHAPE, dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.tensor([0, 1, 2, 3, 4, 5, 7, 9])  # odd: category 1, five of eight
    return aae.data.Split(images, torch.tensor([7, 4, 7, 4, 7, -1, 4, 2]))


def sheet(figure):
    (image,) = figure.axes[0].get_images()
    return np.asarray(image.get_array())


def cell(figure, row, column, size=8, gap=1):
    top, left = row * (size + gap), column * (size + gap)
    return sheet(figure)[top : top + size, left : left + size]


def words(labels):
    return [label.get_text() for label in labels]


def test_rows_share_a_style_and_columns_a_category(split):
    figure = aae.plots.style_by_class(Sorted(), split, n=4)
    z = Sorted().encode(split.images)
    for row in range(4):
        np.testing.assert_allclose(cell(figure, row, 0), split.images[row, 0] / 255, atol=1e-6)
        for k in range(3):
            np.testing.assert_allclose(cell(figure, row, 2 + k), k / 4 + float(z[row, 0]) / 10, atol=1e-6)
    assert words(figure.axes[0].get_xticklabels()) == ["image", "0", "1", "2"]
    free = aae.plots.style_by_class(Sorted(), n=5)
    prior = aae.priors.Gaussian(2).sample(5, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(cell(free, 4, 2), float((2 / 4 + prior[4, 0] / 10).clamp(0, 1)), atol=1e-6)


def test_classes_that_have_names_are_called_by_them(split):
    named = replace(split, class_names=tuple("abcdefgh"))
    ticks = words(aae.plots.prototypes(Sorted(), named).axes[0].get_yticklabels())
    assert ticks[1] == "0: 38%, h (100%)"
    bars = aae.plots.occupancy(Sorted(), named)
    assert set(words(bars.legends[0].get_texts())) == {"c", "e", "h", "no label"}
    assert {"e", "h"} <= set(words(bars.axes[0].texts))
    model = aae.SupervisedAAE(SHAPE, categories=8, seed=0)
    table = aae.plots.style_by_class(model, named, n=2)
    assert words(table.axes[0].get_xticklabels()) == ["image", *"abcdefgh"]


def test_prototypes_say_share_class_and_emptiness(split):
    figure = aae.plots.prototypes(Sorted(), split, n=2)
    assert words(figure.axes[0].get_yticklabels()) == [
        "category: share, main class",
        "0: 38%, class 7 (100%)",
        "1: 62%, class 4 (75%)",
        "2: empty",
    ]
    np.testing.assert_allclose(cell(figure, 1, 0), 1 / 4)
    np.testing.assert_allclose(cell(figure, 1, 2), split.images[1, 0] / 255, atol=1e-6)
    np.testing.assert_allclose(cell(figure, 1, 3), split.images[3, 0] / 255, atol=1e-6)
    np.testing.assert_allclose(cell(figure, 2, 2), 1)


def test_a_category_of_few_is_not_said_to_hold_none():
    images = torch.zeros(300, *SHAPE, dtype=torch.uint8)
    images[0, 0, 0, 0] = 1
    names = words(
        aae.plots.prototypes(Sorted(), aae.data.Split(images, torch.zeros(300).long())).axes[0].get_yticklabels()
    )
    assert names == ["category: share, main class", "0: 100%, class 0 (100%)", "1: 0.3%, class 0 (100%)", "2: empty"]


def test_bars_are_the_shares_by_class(split):
    figure = aae.plots.occupancy(Sorted(), split)
    ax = figure.axes[0]
    bars = {}
    for group in ax.containers:
        for k, bar in enumerate(group):
            bars[group.get_label(), k] = (round(bar.get_y() * 8), round((bar.get_y() + bar.get_height()) * 8))
    standing = {place: ends for place, ends in bars.items() if ends[0] < ends[1]}
    # category 0 holds three images of class 7; category 1 one without a label, one of class 2, three of class 4
    assert standing == {("7", 0): (0, 3), ("no label", 1): (0, 1), ("2", 1): (1, 2), ("4", 1): (2, 5)}
    (line,) = ax.lines
    assert list(line.get_ydata()) == pytest.approx([1 / 3] * 4)
    assert ax.get_ylim()[1] > 5 / 8
    assert words(figure.legends[0].get_texts()) == ["7", "4", "2", "no label"]  # from the top, as the bars stand


# ---- the map ----


class Placed(torch.nn.Module):
    """A stand-in whose codes are given; images 8 x 4 carry their number in the first pixel."""

    latent_dim, image_shape = 2, (1, 8, 4)

    def __init__(self, z, p=None):
        super().__init__()
        self.z = z
        if p is not None:
            self.classify = lambda images: p[self.number(images)]

    def number(self, images):
        return images[:, 0, 0, 0].long()

    def encode(self, images):
        return self.z[self.number(images)]

    def split(self, labels=None):
        images = torch.zeros(len(self.z), 1, 8, 4, dtype=torch.uint8)
        images[:, 0, 0, 0] = torch.arange(len(self.z))
        return aae.data.Split(images, torch.full((len(self.z),), -1) if labels is None else labels)


def thumbnails(figure):
    """Number of the image, centre, width and height of each picture on a map."""
    found = []
    for image in figure.axes[0].get_images():
        left, right, bottom, top = image.get_extent()
        number = round(float(image.get_array()[0, 0]) * 255)
        found.append((number, np.array([(left + right) / 2, (bottom + top) / 2]), right - left, top - bottom))
    return found


def colours(figure):
    """Of the dots that are codes."""
    (dots,) = [dots for dots in figure.axes[0].collections if len(dots.get_offsets())]
    return [to_hex(colour).upper() for colour in dots.get_facecolors()]


def test_images_lie_at_their_codes_in_shape_and_not_over_each_other():
    z = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    model = Placed(z)
    figure = aae.plots.map_with_images(model, model.split(torch.arange(200) % 5), n=40)
    found = thumbnails(figure)
    assert len(found) == 40
    for number, centre, width, height in found:
        np.testing.assert_allclose(centre, z[number], atol=1e-5)
        assert width == pytest.approx(height / 2)  # 8 high, 4 wide
    places = np.array([centre for _, centre, *_ in found] + [text.get_position() for text in figure.axes[0].texts])
    assert len(places) == 45  # with the number of each class
    apart = np.abs(places[:, None] - places[None]).max(2)
    assert apart[:40][~np.eye(45, dtype=bool)[:40]].min() >= found[0][3]
    frames = [to_hex(patch.get_edgecolor()).upper() for patch in figure.axes[0].patches]
    assert frames == [CLASS_COLOURS[number % 5] for number, *_ in found]


def test_few_images_are_spread_over_the_map_and_do_not_fill_its_thickest_part():
    thick = torch.randn(196, 2, generator=torch.Generator().manual_seed(0))
    corners = torch.tensor([[-9.0, -9], [-9, 9], [9, -9], [9, 9]])
    model = Placed(torch.cat([thick, corners]))
    shown = {number for number, *_ in thumbnails(aae.plots.map_with_images(model, model.split(), n=6))}
    assert {196, 197, 198, 199} < shown


def test_colours_are_labels_and_where_these_are_unknown_categories():
    z, p = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), torch.eye(4)[[3, 3, 2, 2, 1, 1]]
    labels = torch.tensor([0, 0, -1, -1, 1, 1])
    of, white = CLASS_COLOURS, "#FFFFFF"

    class Named(Placed, aae.models.Model):
        can = aae.models.Abilities(encode=True, classify=True, named_categories=True)

    told, untold, named = Placed(z), Placed(z, p), Named(z, p)
    draw = aae.plots.map_with_images
    assert colours(draw(told, told.split(labels))) == [of[0], of[0], white, white, of[1], of[1]]
    # a cluster's number is no class: the two are not mixed
    assert colours(draw(untold, untold.split(labels))) == [of[0], of[0], white, white, of[1], of[1]]
    assert colours(draw(named, named.split(labels))) == [of[0], of[0], of[2], of[2], of[1], of[1]]
    figure = draw(untold, untold.split())
    assert colours(figure) == [of[3], of[3], of[2], of[2], of[1], of[1]]
    assert "by category" in figure.axes[0].get_title(loc="left")


def test_heads_are_marked_where_they_are_even_far_from_the_codes(digits):
    model = aae.MapAAE(SHAPE, hidden=(16,), categories=12)
    with torch.no_grad():
        model.cluster_heads[7] = torch.tensor([50.0, -20.0])
    ax = aae.plots.map_with_images(model, digits.test).axes[0]
    heads = {text.get_text(): text.get_position() for text in ax.texts if text.get_bbox_patch() is not None}
    assert set(heads) == {str(k) for k in range(12)}
    for k in range(12):
        np.testing.assert_allclose(heads[str(k)], model.cluster_heads[k].detach(), rtol=1e-6)
    left, right, bottom, top = *ax.get_xlim(), *ax.get_ylim()
    assert all(left < x < right and bottom < y < top for x, y in heads.values())


# ---- the other plots ----


@pytest.mark.parametrize(
    ("kind", "options"),
    [(aae.SupervisedAAE, {}), (aae.SemiSupervisedAAE, {}), (aae.ClusterAAE, {"categories": 13}), (aae.MapAAE, {})],
)
def test_the_other_plots_draw_these_models_too(digits, kind, options):
    model = kind(SHAPE, latent_dim=2, hidden=(16,), **options)
    told = digits.test.labels[:4]
    back = (
        model.reconstruct(digits.test.images[:4], told)
        if model.can.need_labels
        else model.reconstruct(digits.test.images[:4])
    )
    np.testing.assert_allclose(cell(aae.plots.reconstructions(model, digits.test, n=4), 1, 3), back[3, 0], atol=1e-6)
    rows = aae.plots.samples(model, n=3 * model.categories)
    assert len(words(rows.axes[0].get_yticklabels())) == model.categories
    aae.plots.latent(model, digits.test)
    label = None if kind is aae.MapAAE else 3
    middle = aae.plots.plane(model, (-1, 1, -1, 1), n=3, label=label)
    expected = model.decode(torch.zeros(1, 2), *([] if label is None else [torch.tensor([3])]))
    np.testing.assert_allclose(sheet(middle)[8:16, 8:16], expected[0, 0], atol=1e-6)
    walk = aae.plots.interpolation(model, torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]), n=3, label=label)
    np.testing.assert_allclose(cell(walk, 0, 0), expected[0, 0], atol=1e-6)


def test_along_a_walk_between_images_their_probabilities_change_too(split):
    def expected(y0, y1):
        ends = Sorted().encode(split.images[[1, 2]])[:, 0]
        return [(y0 + (y1 - y0) * t) / 4 + float(torch.lerp(*ends, t)) / 10 for t in (0, 0.5, 1)]

    model = Sorted()
    model.decode = lambda z, y: Sorted().decode(z, y if y.ndim == 1 else y @ torch.arange(3.0))
    a, b = split.images[1], split.images[2]  # of category 1 and of category 0
    for label, y0, y1 in ((None, 1, 0), (2, 2, 2), ((0, 2), 0, 2)):
        figure = aae.plots.interpolation(model, a, b, n=3, label=label)
        for i, value in enumerate(expected(y0, y1)):
            np.testing.assert_allclose(cell(figure, 0, 1 + i), value, atol=1e-6)


def test_a_walk_goes_from_one_reconstruction_to_the_other(digits):
    model = aae.SemiSupervisedAAE(SHAPE, hidden=(16,))
    a, b = digits.test.images[0], digits.test.images[1] / 255  # uint8 and floats are one
    back = model.reconstruct(digits.test.images[:2])[:, 0]
    figure = aae.plots.interpolation(model, a, b, n=4, spherical=True)
    np.testing.assert_allclose(cell(figure, 0, 1), back[0], atol=1e-5)
    np.testing.assert_allclose(cell(figure, 0, 4), back[1], atol=1e-5)


def test_a_maps_surface_is_of_the_styles_that_its_discriminator_sees(digits):
    model = aae.MapAAE(SHAPE, hidden=(16,))
    figure = aae.plots.surface(model, digits.test, generator=torch.Generator().manual_seed(2))
    prior, codes = (dots.get_offsets().data for dots in figure.axes[0].collections if len(dots.get_offsets()) > 1)
    np.testing.assert_array_equal(prior, model.style_prior.sample(300, generator=torch.Generator().manual_seed(2)))
    images = digits.test.images[: len(codes)]
    with torch.no_grad():
        z = model.styles({"x_in": aae.data.scale(images)})
    np.testing.assert_allclose(codes, z, atol=1e-4)


def test_losses_of_two_games_stand_in_one_panel_with_their_ties(make):
    trainer = make(aae.MapAAE, categories=10, labelled=True)
    history = trainer.run(steps=3, progress=False)
    history.loc[2, "heads"] = np.nan  # a run that failed: still a loss, and not a measure
    figure = aae.plots.losses(history)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["Reconstruction loss", "Heads loss", "Classification loss", "Losses of the game"]
    game = figure.axes[-1]
    named = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in game.lines}
    assert named["discriminator"] == (REAL, "-")
    assert named["discriminator y"] == (REAL, "-.")
    assert named["generator"] == (FAKE, "-")
    assert named["generator y"] == (FAKE, "-.")
    ties = {line.get_color(): line.get_ydata()[0] for line in game.lines if line.get_linestyle() == "--"}
    assert ties == pytest.approx({REAL: 2 * np.log(2), FAKE: np.log(2)})
    assert words(game.get_legend().get_texts()) == ["discriminator", "discriminator y", "generator", "generator y"]


def test_rows_of_samples_are_classes_only_where_labels_have_named_them():
    for kind, name in ((aae.SupervisedAAE, "class"), (aae.SemiSupervisedAAE, "class"), (aae.ClusterAAE, "category")):
        assert aae.plots.samples(kind(SHAPE, hidden=(16,))).axes[0].get_ylabel() == name


@pytest.mark.parametrize("draw", ["style_by_class", "prototypes", "map_with_images", "occupancy"])
def test_pictures_are_readable_repeatable_and_described(digits, draw):
    model = {"map_with_images": aae.MapAAE}.get(draw, aae.ClusterAAE)(SHAPE, latent_dim=2, hidden=(16,), categories=12)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    figure = getattr(aae.plots, draw)(model, digits.test)
    png = figure._repr_png_()
    assert torch.equal(torch.get_rng_state(), before)
    assert getattr(aae.plots, draw)(model, digits.test)._repr_png_() == png
    texts = [text for text in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if text.get_text().strip()]
    assert min(text.get_fontsize() for text in texts) >= 12
    assert figure.alt.endswith(".")
    assert len(figure.alt) > 20


def test_what_cannot_be_drawn_gets_a_sentence(digits):
    plain, told = aae.AAE(SHAPE, hidden=(16,)), aae.SupervisedAAE(SHAPE, latent_dim=2, hidden=(16,))
    with pytest.raises(ValueError, match="AAE has no category"):
        aae.plots.style_by_class(plain)
    with pytest.raises(ValueError, match="gives none"):
        aae.plots.prototypes(told, digits.test)
    with pytest.raises(ValueError, match="place and category are one"):
        aae.plots.style_by_class(aae.MapAAE(SHAPE, hidden=(16,)))
    with pytest.raises(ValueError, match="label=0 to 9"):
        aae.plots.plane(told)
    with pytest.raises(ValueError, match="sees no category"):
        aae.plots.plane(aae.MapAAE(SHAPE, hidden=(16,)), label=3)
    with pytest.raises(ValueError, match="sees no category"):
        aae.plots.interpolation(plain, torch.zeros(2), torch.zeros(2), label=(3, 4))
    with pytest.raises(ValueError, match="label=0 to 9"):
        aae.plots.interpolation(told, *digits.test.images[:2])
    with pytest.raises(ValueError, match="of 0 to 9"):
        aae.plots.interpolation(told, *digits.test.images[:2], label=(3, 10))
    semi = aae.SemiSupervisedAAE(SHAPE, latent_dim=2, hidden=(16,))
    with pytest.raises(ValueError, match="label=0 to 9"):  # one end has probabilities, the other none
        aae.plots.interpolation(semi, digits.test.images[0], torch.zeros(2))
    with pytest.raises(ValueError, match="latent_dim=2"):
        aae.plots.map_with_images(aae.ClusterAAE(SHAPE, latent_dim=3, hidden=(16,)), digits.test)
    none = replace(digits.test, labels=torch.full_like(digits.test.labels, -1))
    with pytest.raises(ValueError, match="have no label"):
        aae.plots.reconstructions(told, none)
    aae.plots.map_with_images(aae.MapAAE(SHAPE, hidden=(16,)), none)
    aae.plots.occupancy(aae.ClusterAAE(SHAPE, hidden=(16,)), none)


def test_a_map_says_how_many_images_lie_outside(digits):
    model = aae.AAE(digits.image_shape, hidden=(8,), seed=0)
    figure = aae.plots.map_with_images(model, digits.train)
    (ax,) = figure.axes
    z = model.encode(digits.train.images)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    inside = (z[:, 0] >= left) & (z[:, 0] <= right) & (z[:, 1] >= bottom) & (z[:, 1] <= top)
    told = ax.get_title(loc="left") or ax.get_title()
    assert int((~inside).sum()) > 0
    assert f"{int((~inside).sum())} lie further out" in told

"""Plots: what is drawn is what the model gives, the right way up, readable by all, and safe outside pyplot."""

import io
import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image

import aae_lib as aae
from aae_lib.data import Split
from aae_lib.plots import common
from aae_lib.plots.picture import Picture, compact


class Corners(aae.priors.Prior):
    """Class k of four sits exactly on a corner of a square: a prior whose picture is known."""

    dim, classes = 2, 4

    def _draw(self, n, labels, generator=None, device="cpu"):
        k = torch.randint(4, (n,), generator=generator) if labels is None else labels
        return torch.stack([k % 2 * 2 - 1, k // 2 * 2 - 1], 1).float()


class Glass(torch.nn.Module):
    """An autoencoder one can see through: the upper pixels of a 2 x 2 image are z1 and z2, squeezed from [-4, 4]."""

    image_shape, latent_dim = (1, 2, 2), 2

    def __init__(self, prior=None, slope=(1.0, 0.0)):
        super().__init__()
        self.prior = prior or aae.priors.Gaussian(2)
        self.slope = torch.nn.Parameter(torch.tensor(slope))

    def encode(self, images):
        return aae.data.scale(images)[:, 0, 0] * 8 - 4

    def decode(self, z):
        return torch.stack([(z + 4) / 8, torch.zeros_like(z)], 1)[:, None].clamp(0, 1)

    def reconstruct(self, images):
        return self.decode(self.encode(images))

    def sample(self, n, generator=None, labels=None):
        return self.decode(self.prior.sample(n, generator=generator, labels=labels))

    def discriminator(self, z, y=None):
        return z @ self.slope


def split(n=40, classes=4):
    images = torch.randint(0, 256, (n, 1, 2, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    return Split(images, torch.arange(n) % classes)


def history(steps=200):
    step = np.arange(1, steps + 1)
    measured = {50: 0.1, 100: 0.01, 150: -0.001, 200: 0.002}
    return pd.DataFrame(
        {
            "step": step,
            "seconds": step / 100,
            "reconstruction": 30 / step,
            "discriminator": 1.2 + 0.1 * np.sin(step),
            "generator": 0.8 + 0.1 * np.cos(step),
            "mmd": [measured.get(s, np.nan) for s in step],
        }
    )


EVERY = {
    "images": lambda: aae.plots.images(split()),
    "reconstructions": lambda: aae.plots.reconstructions(Glass(), split()),
    "samples": lambda: aae.plots.samples(Glass()),
    "samples by class": lambda: aae.plots.samples(Glass(Corners())),
    "plane": lambda: aae.plots.plane(Glass()),
    "latent": lambda: aae.plots.latent(Glass(), split()),
    "points": lambda: aae.plots.points(torch.eye(3), reference=torch.eye(3)),
    "surface": lambda: aae.plots.surface(Glass(), split()),
    "losses": lambda: aae.plots.losses(history()),
    "interpolation": lambda: aae.plots.interpolation(Glass(), *split().images[:2]),
}


def seen(figure, x, y, ax=0):
    """The red, green and blue that a reader sees at the data coordinates (x, y), each in [0, 1]."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255
    column, row = figure.axes[ax].transData.transform((x, y))
    return pixels[len(pixels) - 1 - int(row), int(column)]


# ---- the figure itself ----


@pytest.mark.parametrize("name", EVERY)
def test_every_plot_is_a_figure_that_shows_and_describes_itself(name):
    figure = EVERY[name]()
    assert isinstance(figure, Figure)
    png = Image.open(io.BytesIO(figure._repr_png_()))
    assert png.width > 300
    assert png.info["Description"] == figure.alt == repr(figure)
    assert figure.alt.endswith(".")
    assert len(figure.alt) > 20


@pytest.mark.parametrize("name", ["latent", "surface", "plane"])
def test_the_few_colours_of_a_shown_picture_are_the_pictures_own(name):
    buffer = io.BytesIO()
    EVERY[name]().savefig(buffer, format="png", bbox_inches="tight")
    pngs = buffer.getvalue(), compact(buffer.getvalue(), "")
    full, few = (np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float) for png in pngs)
    off = np.abs(full - few).max(2)
    assert off.mean() < 2
    assert (off > 24).mean() < 0.005  # of 255: no line and no point has lost its colour
    assert len(pngs[1]) < 0.7 * len(pngs[0])


def test_a_colour_bar_keeps_its_colours_next_to_a_large_picture_that_uses_few_of_them():
    figure = Picture(figsize=(9, 5))
    left, right = figure.subplots(1, 2)
    noise = np.random.default_rng(0)
    for ax in (left, right):
        pale = ax.imshow(noise.normal(0.5, 0.05, (60, 60)), vmin=0, vmax=1, cmap="RdBu", interpolation="bicubic")
        ax.scatter(*noise.uniform(0, 60, (2, 300)), alpha=0.6)
    bar = figure.colorbar(pale, ax=[left, right]).ax
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    full = Image.open(buffer).convert("RGB")
    few = Image.open(io.BytesIO(compact(buffer.getvalue(), ""))).convert("RGB")
    box = bar.get_window_extent()
    line = slice(int(full.height - box.y1) + 3, int(full.height - box.y0) - 3), int(box.x0 + box.width / 2)
    before, after = (np.asarray(image, float)[line] for image in (full, few))
    assert np.abs(after - before).max() < 20  # of 255
    assert len(np.unique(after, axis=0)) > 30
    assert np.asarray(few)[2, 2].tolist() == [255, 255, 255]


def test_jupyter_shows_the_picture_and_pyplot_is_never_imported():
    program = """
import io, sys, aae_lib as aae
from IPython.core.interactiveshell import InteractiveShell
figure = aae.plots.latent(aae.AAE((1, 8, 8), hidden=(8,)), aae.load("digits").test)
data, metadata = InteractiveShell.instance().display_formatter.format(figure)
assert data["image/png"].startswith("iVBORw0KGgo"), data
assert data["text/plain"] == metadata["image/png"]["alt"] == figure.alt, data
assert data["text/html"] == f'<img alt="{figure.alt}" src="data:image/png;base64,{data["image/png"]}">'
figure.savefig(io.BytesIO())
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.mark.parametrize("name", ["latent", "plane", "surface", "losses"])
def test_threads_draw_the_same_picture_as_the_main_one(name):
    def png(_):
        return EVERY[name]()._repr_png_()

    expected = png(0)
    with ThreadPoolExecutor(4) as pool:
        assert all(drawn == expected for drawn in pool.map(png, range(4)))


@pytest.mark.parametrize("name", EVERY)
def test_text_is_readable_at_the_back_of_a_classroom(name):
    figure = EVERY[name]()
    figure.canvas.draw()
    texts = [text for text in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if text.get_text().strip()]
    assert texts
    assert min(text.get_fontsize() for text in texts) >= 12


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_is_repeatable_and_leaves_the_global_generator_alone(name):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = EVERY[name]()._repr_png_()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert EVERY[name]()._repr_png_() == first


def test_a_generator_of_ones_own_gives_another_sample():
    draw = [aae.plots.samples(Glass(), generator=torch.Generator().manual_seed(seed)) for seed in (1, 2, 1)]
    first, second, again = (figure.axes[0].images[0].get_array() for figure in draw)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)


# ---- images ----


def test_an_image_stands_where_its_row_and_column_say():
    shades = torch.linspace(0, 1, 6).view(6, 1, 1, 1).expand(6, 1, 4, 8)
    figure, (ax,) = common.blank(figsize=(5, 4))
    common.gallery(ax, shades, columns=4)  # the second row has two places without an image
    for i in range(8):
        expected = float(shades[i].mean()) if i < 6 else 1.0
        assert seen(figure, i % 4, i // 4) == pytest.approx([expected] * 3, abs=0.01)
    assert seen(figure, 0.5, 0).min() > 0.99  # white between neighbours


def test_grey_is_not_stretched_and_uint8_equals_floats():
    dim = torch.full((4, 1, 3, 3), 51, dtype=torch.uint8)  # a fifth of full scale
    assert seen(aae.plots.images(dim), 0, 0) == pytest.approx([0.2] * 3, abs=0.01)
    assert seen(aae.plots.images(dim / 255), 0, 0) == pytest.approx([0.2] * 3, abs=0.01)


def test_colour_images_keep_their_channels():
    red = torch.tensor([255, 0, 128], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 6, 6)
    assert seen(aae.plots.images(red), 0, 0) == pytest.approx([1, 0, 0.5], abs=0.01)


def test_originals_stand_above_their_reconstructions():
    class Negative(Glass):
        def reconstruct(self, images):
            return 1 - aae.data.scale(images)

    shades = torch.arange(0, 250, 25, dtype=torch.uint8).view(10, 1, 1, 1).expand(10, 1, 2, 2)
    figure = aae.plots.reconstructions(Negative(), Split(shades, torch.zeros(10, dtype=torch.int64)), n=7)
    for i in range(7):
        assert seen(figure, i, 0) == pytest.approx([25 * i / 255] * 3, abs=0.01)
        assert seen(figure, i, 1) == pytest.approx([1 - 25 * i / 255] * 3, abs=0.01)
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["image", "reconstruction"]


def test_a_prior_with_classes_has_a_row_for_each():
    figure = aae.plots.samples(Glass(Corners()), n=13)  # three of each of four classes
    for k, column in itertools.product(range(4), range(3)):
        z1, z2 = k % 2 * 2 - 1, k // 2 * 2 - 1
        assert seen(figure, column - 0.2, k - 0.2)[0] == pytest.approx((z1 + 4) / 8, abs=0.01)
        assert seen(figure, column + 0.15, k - 0.2)[0] == pytest.approx((z2 + 4) / 8, abs=0.01)


@pytest.mark.parametrize("extent", [(-3, 3, -3, 3), (-4, 0, -1, 3), (-1, 3, 0, 1)])
def test_the_decoded_plane_is_the_right_way_up(extent):
    left, right, bottom, top = extent
    figure = aae.plots.plane(Glass(), extent=extent, n=5)
    x, y = (right - left) / 4, (top - bottom) / 4
    for z1, z2 in itertools.product((left, right), (bottom, top)):  # codes of the images in the corners
        assert seen(figure, z1 - x / 4, z2 + y / 4)[0] == pytest.approx((z1 + 4) / 8, abs=0.01)
        assert seen(figure, z1 + x / 4, z2 + y / 4)[0] == pytest.approx((z2 + 4) / 8, abs=0.01)


def test_the_plane_covers_the_prior_by_default():
    wide = aae.plots.plane(Glass(aae.priors.Gaussian(2, sigma=5)), n=3).axes[0]
    narrow = aae.plots.plane(Glass(), n=3).axes[0]
    assert wide.get_xlim()[1] == pytest.approx(5 * narrow.get_xlim()[1])
    assert narrow.get_xlim()[0] < -2.5 < 2.5 < narrow.get_xlim()[1]


# ---- latent space ----


def dots(figure):
    """Offsets of the scatter plots that hold points (those of the legend hold none)."""
    return [dots.get_offsets().data for dots in figure.axes[0].collections if len(dots.get_offsets())]


def test_latent_draws_the_codes_over_prior_samples():
    model, data = Glass(), split()
    figure = aae.plots.latent(model, data, generator=torch.Generator().manual_seed(5))
    prior, codes = dots(figure)
    np.testing.assert_array_equal(codes, model.encode(data.images))
    np.testing.assert_array_equal(prior, model.prior.sample(40, generator=torch.Generator().manual_seed(5)))
    assert figure.axes[0].get_aspect() == 1


def test_latent_colours_and_numbers_the_classes():
    model, data = Glass(), split()
    figure = aae.plots.latent(model, data)
    colours = [to_hex(c).upper() for c in figure.axes[0].collections[1].get_facecolors()]
    assert colours == [common.CLASS_COLOURS[k] for k in data.labels]
    numbers = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert sorted(numbers) == ["0", "1", "2", "3"]
    for k, place in numbers.items():  # each number stands on a code of its class
        own = model.encode(data.images[data.labels == int(k)])
        assert (own - torch.tensor(place)).norm(dim=1).min() < 1e-5
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["prior p(z)", "0", "1", "2", "3"]


def test_numbers_of_classes_that_lie_on_one_another_stand_apart():
    model, data = Glass(), split()
    images = data.images.roll(1, 0)
    mixed = Split(torch.cat([data.images, images]), torch.cat([data.labels, data.labels]))  # every class everywhere
    z = model.encode(mixed.images)
    places = torch.tensor([text.get_position() for text in aae.plots.latent(model, mixed).axes[0].texts])
    assert torch.pdist(places).min() >= 0.06 * (z.amax(0) - z.amin(0)).max()


def test_latent_takes_a_random_part_of_a_large_split():
    model = Glass()
    sorted_split = Split(split(400).images, torch.arange(400) // 100)  # in order of class, as files often are
    codes = dots(aae.plots.latent(model, sorted_split, n=80))[1]
    every = {tuple(z) for z in model.encode(sorted_split.images).tolist()}
    assert len(codes) == 80
    assert {tuple(z) for z in codes.tolist()} <= every
    labels = aae.plots.latent(model, sorted_split, n=80).legends[0].get_texts()
    assert [text.get_text() for text in labels] == ["prior p(z)", "0", "1", "2", "3"]


def test_unlabelled_codes_are_hollow_and_have_no_number():
    data = split(6)
    labels = torch.tensor([-1, 0, -1, 1, -1, -1])
    figure = aae.plots.latent(Glass(), Split(data.images, labels))
    faces = figure.axes[0].collections[1].get_facecolors()
    assert [(face[:3] == 1).all() for face in faces] == (labels < 0).tolist()
    assert [text.get_text() for text in figure.axes[0].texts] == ["0", "1"]
    assert figure.legends[0].get_texts()[-1].get_text() == "no label"


def test_two_chosen_axes_of_a_longer_code():
    z = torch.arange(20.0).view(4, 5)
    figure = aae.plots.points(z, axes=(3, 1))
    np.testing.assert_array_equal(dots(figure)[0], z[:, [3, 1]])
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("z₄", "z₂")
    assert aae.plots.points(z, symbol="x").axes[0].get_xlabel() == "x₁"


@pytest.mark.parametrize("slope", [(1.5, 0.0), (0.0, 1.5)])
def test_the_discriminators_surface_rises_along_the_right_axis(slope):
    figure = aae.plots.surface(Glass(slope=slope), extent=(-2, 2, -2, 2), n=1)
    real, fake = torch.tensor(slope).div(1.5).tolist(), torch.tensor(slope).div(-1.5).tolist()
    blue, orange = seen(figure, *[1.9 * z for z in real]), seen(figure, *[1.9 * z for z in fake])
    assert blue[2] > 0.6 > blue[0]  # D believes in a prior sample
    assert orange[0] > 0.8 > orange[2]  # D believes in a code
    sideways = seen(figure, *[1.9 * z for z in reversed(real)])
    assert sideways.max() < 0.1  # the black line D = 1/2 runs across


def test_the_surface_is_the_sigmoid_of_the_logits():
    drawn = aae.plots.surface(Glass(slope=(0.5, -2.0)), extent=(-3, 1, 0, 2)).axes[0].images[0]
    belief = drawn.get_array()
    rows, columns = belief.shape
    z1 = -3 + 4 * (np.arange(columns) + 0.5) / columns
    z2 = 0 + 2 * (np.arange(rows) + 0.5) / rows
    expected = 1 / (1 + np.exp(-(0.5 * z1[None] - 2.0 * z2[:, None])))
    np.testing.assert_allclose(belief, expected, atol=1e-5)
    assert drawn.get_clim() == (0, 1)
    assert drawn.origin == "lower"


def test_the_surface_shows_prior_samples_and_codes():
    model, data = Glass(), split(30)
    figure = aae.plots.surface(model, data, generator=torch.Generator().manual_seed(2))
    prior = model.prior.sample(300, generator=torch.Generator().manual_seed(2))
    clouds = [c.get_offsets().data for c in figure.axes[0].collections if len(c.get_offsets()) > 1]
    np.testing.assert_array_equal(clouds[0], prior)
    np.testing.assert_array_equal(clouds[1], model.encode(data.images))


def test_a_discriminator_that_is_told_classes_has_a_surface_for_each():
    class Told(Glass, aae.models.Model):
        can = aae.models.Abilities(encode=True, decode=True, play=True, told_classes=4)

        def discriminator(self, z, y=None):
            return z @ self.slope * (y == 2)

    model, data = Told(Corners()), split(30)
    told, other = (aae.plots.surface(model, data, (-2, 2, -2, 2), label=k) for k in (2, 1))
    assert np.ptp(told.axes[0].images[0].get_array()) > 0.5
    assert np.ptp(other.axes[0].images[0].get_array()) == 0
    prior, codes = (c.get_offsets().data for c in told.axes[0].collections if len(c.get_offsets()) > 1)
    assert (prior == [-1, 1]).all()
    np.testing.assert_array_equal(codes, model.encode(data.images[data.labels == 2]))
    everyone = aae.plots.surface(model, data, label=-1).axes[0].collections
    assert [len(c.get_offsets()) for c in everyone] == [300, 30]
    assert "class 2" in told.axes[0].get_title(loc="left")


def test_a_flat_discriminator_draws_no_line_and_no_warning():
    with np.errstate(all="raise"):
        figure = aae.plots.surface(Glass(slope=(0.0, 0.0)), extent=(-1, 1, -1, 1), n=1)
    assert seen(figure, 0.9, -0.9) == pytest.approx([1, 1, 1], abs=0.02)


# ---- losses ----


def test_losses_draw_every_column_and_the_two_ties():
    data = history()
    figure = aae.plots.losses(data)
    reconstruction, game, mmd = figure.axes
    np.testing.assert_array_equal(reconstruction.lines[0].get_ydata(), data["reconstruction"])
    lines = [line.get_ydata() for line in game.lines]
    for name in ("discriminator", "generator"):
        assert any(len(line) == len(data) and np.array_equal(line, data[name]) for line in lines)
    level = sorted(line[0] for line in lines if len(line) == 2)
    assert level == pytest.approx([0.6931472, 1.3862944])
    assert {"2 log 2 ≈ 1.39", "log 2 ≈ 0.69"} == {" ".join(text.get_text().split()) for text in game.texts}
    assert "not" in game.get_xlabel()
    assert mmd.get_yscale() == "log"


def test_an_estimate_below_zero_is_marked_and_not_dropped():
    mmd = aae.plots.losses(history()).axes[2]
    curve, marks = mmd.lines
    np.testing.assert_array_equal(curve.get_xdata(), [50, 100, 150, 200])
    np.testing.assert_array_equal(curve.get_ydata(), [0.1, 0.01, np.nan, 0.002])
    assert list(marks.get_xdata()) == [150]


def test_losses_of_other_models_and_of_a_failed_run():
    assert len(aae.plots.losses(history()[["step", "seconds", "reconstruction"]]).axes) == 1
    broken = history().drop(columns="mmd")
    broken.loc[150:, ["reconstruction", "generator"]] = np.nan
    assert [ax.get_title(loc="left") for ax in aae.plots.losses(broken).axes] == [
        "Reconstruction loss",
        "Losses of the game",
    ]
    two_games = history().assign(discriminator_y=1.0, generator_y=0.5, classification=0.1)
    assert len(aae.plots.losses(two_games).axes) == 4  # one game panel for both games
    never = history().assign(mmd=np.nan)
    assert len(aae.plots.losses(never).axes) == 2


# ---- walks ----


def test_a_straight_walk_passes_through_the_middle():
    a, b = torch.tensor([-4.0, 0.0]), torch.tensor([4.0, 2.0])
    figure = aae.plots.interpolation(Glass(), a, b, n=5)
    for i in range(5):
        z = torch.lerp(a, b, i / 4)
        assert seen(figure, i - 0.2, -0.2)[0] == pytest.approx(float(z[0] + 4) / 8, abs=0.01)
        assert seen(figure, i + 0.15, -0.2)[0] == pytest.approx(float(z[1] + 4) / 8, abs=0.01)


def test_a_walk_between_images_shows_them_at_its_ends():
    a, b = split().images[:2]
    figure = aae.plots.interpolation(Glass(), a, b, n=3, spherical=True)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["image a", "0", "0.5", "1", "image b"]
    for place, image in ((0, a), (4, b)):
        assert seen(figure, place - 0.2, 0.15)[0] == pytest.approx(float(image[0, 1, 0]) / 255, abs=0.01)


def test_slerp_keeps_the_norm_and_turns_evenly():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 8, generator=generator)
    b = b * a.norm() / b.norm()
    t = torch.linspace(0, 1, 11)
    path = aae.plots.slerp(a, b, t)
    torch.testing.assert_close(path[0], a)
    torch.testing.assert_close(path[-1], b)
    torch.testing.assert_close(path.norm(dim=1), a.norm().expand(11))
    cosine = torch.nn.functional.cosine_similarity(path[:-1], path[1:])
    torch.testing.assert_close(cosine, cosine[:1].expand(10))
    torch.testing.assert_close(aae.plots.slerp(a, b, 0.3), path[3])
    quarter = aae.plots.slerp(torch.tensor([2.0, 0]), torch.tensor([0, 2.0]), 0.5)
    torch.testing.assert_close(quarter, torch.tensor([2**0.5, 2**0.5]))


@pytest.mark.parametrize("b", [[6.0, 8.0], [-3.0, -4.0], [0.0, 0.0], [3.0, 4.0], [3.0, 4.000001]])
def test_slerp_is_the_straight_line_where_there_is_no_arc(b):
    a, b = torch.tensor([3.0, 4.0]), torch.tensor(b)
    t = torch.linspace(0, 1, 5)
    torch.testing.assert_close(aae.plots.slerp(a, b, t), torch.lerp(a, b, t[:, None]))


# ---- colours ----

# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def nearest_pair(colours, vision):
    """The smallest distance in CIE Lab between any two of the colours, as seen with this vision."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    xyz = linear @ to_xyz.T / to_xyz.sum(1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)
    return min(np.linalg.norm(p - q) for p, q in itertools.combinations(lab, 2))


@pytest.mark.parametrize("vision", VISION)
def test_ten_classes_the_prior_and_the_paper_stay_apart(vision):
    assert len(common.CLASS_COLOURS) == 10
    assert nearest_pair([*common.CLASS_COLOURS, common.PRIOR, "white"], vision) > 15
    assert nearest_pair([common.REAL, common.FAKE], vision) > 40


def test_the_colour_measure_would_notice_a_poor_choice():
    assert nearest_pair([f"C{i}" for i in range(10)], "protan") < 5  # matplotlib's default ten


# ---- what cannot be drawn ----


def model_of(d):
    return aae.AAE((1, 2, 2), latent_dim=d, hidden=(4,))


def told_model():
    return aae.AAE((1, 2, 2), hidden=(4,), prior=Corners(), classes=4)


EMPTY = Split(torch.zeros(0, 1, 2, 2, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: aae.plots.plane(model_of(3)), "needs latent_dim=2; this model has 3"),
        (lambda: aae.plots.surface(model_of(3)), "needs latent_dim=2; this model has 3"),
        (lambda: aae.plots.surface(aae.AE((1, 2, 2), hidden=(4,))), "AE has no discriminator"),
        (lambda: aae.plots.surface(model_of(2), label=0), "without classes"),
        (lambda: aae.plots.surface(told_model()), "label=0 to 3"),
        (lambda: aae.plots.surface(told_model(), label=4), "not 4"),
        (lambda: aae.plots.surface(told_model(), split(3), label=3), "no image labelled 3"),
        (lambda: aae.plots.latent(model_of(3), split(), axes=(0, 3)), "two of the 3 coordinates"),
        (lambda: aae.plots.latent(Glass(), EMPTY), "empty"),
        (lambda: aae.plots.reconstructions(Glass(), EMPTY), "empty"),
        (lambda: aae.plots.images(EMPTY), "empty"),
        (lambda: aae.plots.images(EMPTY.images), "no images here"),
        (lambda: aae.plots.images(torch.zeros(5, 2)), "aae.plots.points"),
        (lambda: aae.plots.images(torch.zeros(5, 2, 4, 4)), "1 or 3, H, W"),
        (lambda: aae.plots.samples(Glass(), n=0), "n must be a whole number from 1 to 10,000; got 0"),
        (lambda: aae.plots.plane(Glass(), n=1), "n must be a whole number from 2 to 200; got 1"),
        (lambda: aae.plots.plane(Glass(), extent=(1, -1, -1, 1)), "left < right"),
        (lambda: aae.plots.plane(Glass(), extent=3), "left, right, bottom, top"),
        (lambda: aae.plots.points(torch.zeros(3)), "shape"),
        (lambda: aae.plots.points(torch.zeros(3, 2), labels=torch.zeros(2)), "3 points came with 2 labels"),
        (lambda: aae.plots.points(torch.full((3, 2), torch.nan)), "are NaN or infinite"),
        (lambda: aae.plots.interpolation(Glass(), torch.zeros(3), torch.zeros(2)), "one code of shape"),
        (
            lambda: aae.plots.interpolation(Glass(), torch.zeros(2), torch.zeros(2), n=1),
            "n must be a whole number from 2",
        ),
        (lambda: aae.plots.slerp(torch.zeros(2), torch.zeros(3), 0.5), "the same shape"),
        (lambda: aae.plots.losses(pd.DataFrame({"step": [], "seconds": []})), "no losses"),
        (lambda: aae.plots.losses(pd.DataFrame({"loss": [1.0]})), "no losses"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()


# ---- the real models ----


def test_real_models_and_data_can_be_drawn(make, digits):
    trainer = make(prior=aae.priors.GaussianRing(10), classes=10)
    trainer.run(steps=3, progress=False)
    model = trainer.model
    training = model.training
    figure = aae.plots.latent(model, digits.test)
    np.testing.assert_allclose(dots(figure)[1], model.encode(digits.test.images), atol=1e-6)
    for figure in (
        aae.plots.images(digits.train),
        aae.plots.reconstructions(model, digits.test),
        aae.plots.samples(model),
        aae.plots.plane(model, n=4),
        aae.plots.surface(model, digits.test, label=7),
        aae.plots.interpolation(model, digits.test.images[0], digits.test.images[1]),
        aae.plots.losses(trainer.history),
    ):
        assert figure._repr_png_().startswith(b"\x89PNG")
    assert model.training == training
    assert all(p.grad is None for p in model.parameters())


def test_codes_of_one_dimension_are_spread_out_over_the_height_of_the_picture():
    figure = aae.plots.latent(model_of(1), split())
    (ax,) = figure.axes
    assert ax.get_xlabel() == "z₁"
    assert "spread out" in ax.get_ylabel()


def test_a_measure_is_no_loss_whatever_it_is_called(make):
    def measure(model):
        return {"discriminator_accuracy": 0.5, "reconstruction_error": 0.1, "mmd": 0.2}

    history = make().run(4, measure=measure, every=1, progress=False)
    figure = aae.plots.losses(history)
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes]
    assert [title for title in titles if title.lower().endswith("loss")] == ["Reconstruction loss"]
    assert {"MMD", "Discriminator accuracy", "Reconstruction error"} < set(titles)

"""A drawing as a prior: painted ink against closed forms and distances, the prior it makes, the pad without a page."""

import json
import math
import subprocess
import sys

import pytest
import torch

import aae_lib as aae
from aae_lib import priors
from aae_lib.live.pad import Pad, drawn_prior, paint

DOT = {"width": 1.5, "points": [[0.7, -1.1]]}
BAR = {"width": 0.8, "points": [[-2.0, -1.0], [1.5, 2.0]]}


def scribble(points: int, seed: int, width: float = 0.4) -> dict:
    """A wandering stroke, here and there out of the pad."""
    g = torch.Generator().manual_seed(seed)
    steps = torch.randn(points, 2, generator=g) * 0.25
    return {"width": width, "points": (steps.cumsum(0) - 1).tolist()}


def distance(z: torch.Tensor, stroke: dict) -> torch.Tensor:
    """From each of z (n, 2) to the nearest segment of the stroke: (n,)."""
    points = torch.tensor(stroke["points"]).double()
    a, d = points, torch.cat([points[1:], points[-1:]]) - points
    t = ((z[:, None] - a) * d).sum(2) / d.square().sum(1).clamp(min=1e-300)
    return (z[:, None] - a - t.clamp(0, 1)[..., None] * d).norm(dim=2).amin(1)


def centres(extent, size: int) -> torch.Tensor:
    """Pixel centres (size * size, 2), row by row from the top left."""
    left, right, bottom, top = extent
    at = (torch.arange(size).double() + 0.5) / size
    y, x = torch.meshgrid(top - at * (top - bottom), left + at * (right - left), indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def sample(prior, n: int, seed: int = 0) -> torch.Tensor:
    return prior.sample(n, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("stroke", [DOT, BAR], ids=["disc", "segment"])
def test_the_painted_area_is_that_of_the_stadium(stroke):
    size, pixel = 512, 8 / 512
    length = math.dist(stroke["points"][0], stroke["points"][-1])
    area = math.pi * (stroke["width"] / 2) ** 2 + stroke["width"] * length
    outline = math.pi * stroke["width"] + 2 * length
    assert abs(paint([stroke], size=size).sum() * pixel**2 - area) < pixel * outline / 10


@pytest.mark.parametrize("extent", [(-4, 4, -4, 4), (-3.0, 1.0, -2.5, 5.0)])
def test_a_pixel_is_ink_where_its_centre_is_within_half_a_width(extent):
    level = {"width": 0.7, "points": [[2.0, 3.0], [-3.5, 3.0], [-3.5, -3.0], [-3.5, -3.0]]}  # left, down, and a rest
    for stroke in (DOT, BAR, level, scribble(60, 1), scribble(60, 2, width=0.05), scribble(60, 3, width=1.5)):
        margin = distance(centres(extent, 64), stroke).view(64, 64) - stroke["width"] / 2
        sure = margin.abs() > 1e-5  # coordinates are float32
        assert torch.equal(paint([stroke], extent, 64)[sure] == 1, (margin < 0)[sure])


def test_strokes_add_up_and_order_does_not_matter():
    strokes = [DOT, BAR, scribble(80, 4)]
    together = paint(strokes)
    assert torch.equal(together, torch.stack([paint([s]) for s in strokes]).amax(0))
    assert torch.equal(together, paint(strokes[::-1]))
    backwards = [{**s, "points": s["points"][::-1]} for s in strokes]
    assert torch.equal(together, paint(backwards))


def test_the_top_row_is_the_largest_y():
    ink = paint([{"width": 0.5, "points": [[3, 3.5]]}], size=32)
    row, column = ink.nonzero().double().mean(0)
    assert (row, column) == pytest.approx((1.5, 27.5))  # y 3.5 is 2 pixels of 0.25 below the top, x 3 is 28 on


def test_what_lies_outside_is_cut_off():
    outside = {"width": 1.0, "points": [[5, 5], [9, 5]]}
    assert not paint([outside]).any()
    assert torch.equal(paint([outside, DOT]), paint([DOT]))
    through = {"width": 1.0, "points": [[-1e6, 0], [1e6, 0]]}
    assert paint([through], size=64).sum() == 8 * 64  # a band over the whole width
    assert not paint([]).any()


@pytest.mark.parametrize("width", [0.1, 0.4, 1.5])
def test_samples_lie_on_the_strokes(width):
    strokes = [scribble(40, 5, width), {"width": width, "points": [[3.0, 3.0]]}]
    z = sample(drawn_prior(strokes), 20_000)
    away = torch.stack([distance(z, s) for s in strokes]).amin(0)
    assert away.max() <= width / 2 + math.hypot(0.125, 0.125)
    assert (z.abs() <= 4).all()


def test_mass_goes_by_area():
    small, large = {"width": 0.5, "points": [[-3, -3]]}, {"width": 1.5, "points": [[2.5, 2.5]]}
    share = (sample(drawn_prior([small, large]), 40_000)[:, 0] < 0).double().mean()
    assert share == pytest.approx(1 / 10, abs=0.01)  # areas are as 1 to 9


def test_density_is_uniform_over_the_ink_and_integrates_to_1():
    prior = drawn_prior([BAR])
    z = centres(prior.extent, 64)
    density = prior.log_prob(z.float()).double().exp()
    assert (density.sum() * 0.125**2).item() == pytest.approx(1, abs=1e-5)
    area = math.pi * 0.4**2 + 0.8 * math.dist(*BAR["points"])
    inside = distance(z, BAR) < 0.4 - 0.125
    torch.testing.assert_close(density[inside], torch.full_like(density[inside], 1 / area), rtol=0.01, atol=0)
    assert not density[distance(z, BAR) > 0.4 + 0.125].any()


def test_the_thinnest_stroke_is_not_lost_in_a_wide_plane():
    extent = (-30, 30, -30, 30)
    for at in ([0.0, 0.0], [0.117, -0.351], [12.3, 4.56]):
        z = sample(drawn_prior([{"width": 0.01, "points": [at]}], extent), 100)
        assert (z - torch.tensor(at)).norm(dim=1).max() < 2 * 60 / 64


def test_it_is_an_ordinary_prior(make):
    drawn = drawn_prior([DOT, scribble(50, 6)])
    assert isinstance(drawn, priors.Picture)
    stored = json.loads(json.dumps(drawn.description()))
    again = priors.from_description(stored)
    assert torch.equal(sample(again, 500), sample(drawn, 500))
    trainer = make(prior=drawn)
    trainer.run(2, progress=False)
    assert trainer.model.prior is drawn


def test_a_model_trained_on_a_drawing_loads_without_it(make, tmp_path):
    trainer = make(prior=drawn_prior([scribble(50, 7)]))
    aae.checkpoints.save(trainer, tmp_path)
    model = aae.checkpoints.load_model(tmp_path)
    assert torch.equal(model.prior.image, trainer.model.prior.image)


def test_an_empty_drawing_is_a_sentence():
    for strokes in ([], [{"width": 1, "points": [[9, 9]]}]):
        with pytest.raises(ValueError, match=r"^nothing is drawn yet in x from -4 to 4, .* again\.$") as told:
            drawn_prior(strokes)
        assert told.value._render_traceback_() == [f"→ {told.value}"]  # no lines of the library above it


@pytest.mark.parametrize(
    "bad",
    [
        {"width": 1},
        {"points": [[0, 0]]},
        {"width": 0, "points": [[0, 0]]},
        {"width": -1, "points": [[0, 0]]},
        {"width": math.inf, "points": [[0, 0]]},
        {"width": None, "points": [[0, 0]]},
        {"width": "wide", "points": [[0, 0]]},
        {"width": 1, "points": []},
        {"width": 1, "points": [0, 0]},
        {"width": 1, "points": [[0, 0, 0]]},
        {"width": 1, "points": [[0, 0], [1]]},
        {"width": 1, "points": [[0, math.nan]]},
        {"width": 1, "points": [[0, 10**400]]},
        {"width": 1, "points": [[0, None]]},
        {"width": 1, "points": "here"},
        [[0, 0]],
        None,
    ],
    ids=repr,
)
def test_what_is_no_stroke_is_told_by_number(bad):
    for use in (paint, drawn_prior, lambda strokes: Pad(strokes=strokes)):
        with pytest.raises(ValueError, match=r"^stroke 2 is not a stroke: it is .* finite numbers only\.$"):
            use([DOT, bad])


def test_other_bad_input():
    with pytest.raises(ValueError, match="list of strokes, not dict"):
        paint(DOT)
    with pytest.raises(ValueError, match="left < right"):
        paint([DOT], extent=(4, -4, -4, 4))
    for size in (0, 1.5, True):
        with pytest.raises(ValueError, match="size must be a whole number from 1 to 4,096"):
            paint([DOT], size=size)


def test_the_pad_works_without_a_page():
    pad = Pad(strokes=[DOT, BAR], extent=(-2, 2, -2, 2))
    assert pad.prior().extent == (-2, 2, -2, 2)
    assert torch.equal(pad.prior().image, drawn_prior([DOT, BAR], (-2, 2, -2, 2)).image)
    pad.undo()
    assert pad.strokes == [DOT]
    pad.clear()
    pad.undo()  # nothing to take back: no harm
    with pytest.raises(ValueError, match="nothing is drawn yet"):
        pad.prior()
    with pytest.raises(ValueError, match="left < right"):
        pad.extent = (0, 0, 0, 0)
    assert pad.extent == [-2, 2, -2, 2]


def test_importing_the_library_does_not_load_the_widget():
    code = "import sys, aae_lib; sys.exit('anywidget' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

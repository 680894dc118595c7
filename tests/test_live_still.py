"""The panel as a picture: it shows what the panel shows, of any run, and leaves the run as it was."""

import pytest
import torch
from matplotlib.lines import Line2D
from matplotlib.text import Text

import aae_lib as aae
from aae_lib.live import sliders, still
from aae_lib.live.run import Run
from conftest import state


def texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def handles(figure):
    """Of the sliders, from top to bottom."""
    return [line for line in figure.findobj(Line2D) if line.get_marker() == "o" and line.get_markersize() == 7]


def test_the_saved_picture_shows_the_panel(make):
    trainer = make()
    trainer.weights["generator"] = 0.37
    run = Run(trainer, "AAE")
    for _ in range(5):
        run.step()
    run.measure()
    figure = still.still([run])
    about = sliders.sliders(trainer)
    assert {one["label"] for one in about} <= texts(figure)
    assert "0.37" in texts(figure)
    (game,) = [one for one in about if one["label"] == "generator"]
    places = {(line.get_color(), round(float(line.get_xdata()[0]), 4)) for line in handles(figure)}
    assert (game["colour"], round(0.48 + 0.38 * 0.37 / 3, 4)) in places
    assert "The live panel" in figure.alt
    assert "step 5" in figure.alt


@pytest.mark.parametrize(("weights", "place"), [((1, 1), 0.5), ((1, 0.5), 0.25), ((0.5, 1), 0.75), ((0, 0), 0.5)])
def test_the_tug_view_has_its_one_slider_where_the_page_has_it(weights, place, make):
    trainer = make()
    trainer.weights["reconstruction"], trainer.weights["generator"] = weights
    figure = still.still([Run(trainer, "AAE")], tug=True)
    assert {"reconstruction", "game (generator)"} <= texts(figure)
    assert "learning rate ×" not in texts(figure)
    (handle,) = [line for line in figure.findobj(Line2D) if line.get_marker() == "o" and line.get_markersize() == 9]
    assert float(handle.get_xdata()[0]) == pytest.approx(0.32 + 0.36 * place)
    assert not any("loss" in text for text in texts(figure))  # none has been taken


def test_the_picture_of_a_map_has_its_heads_and_the_prior_that_follows_them():
    data = aae.load("digits")
    trainer = aae.Trainer(aae.MapAAE(data.image_shape, categories=4, hidden=(16,), seed=0), data, seed=0)
    run = Run(trainer, "MapAAE")
    with torch.no_grad():
        trainer.model.cluster_heads += 50
    figure = still.still([run])
    assert {"0", "1", "2", "3", "c₁", "c₂"} <= texts(figure)
    assert (run.view.prior.mean(0) > 40).all()
    assert run.mmd == pytest.approx(run.view.mmd(run.view.codes()))


def test_a_loss_that_is_drawn_cut_off_is_told(make, monkeypatch):
    run = Run(make(), "AAE")
    run.step()
    names = [phase.name for phase in run.trainer.phases]
    rows = [[step, *(1 + step % 2 for _ in names)] for step in range(200)]
    rows[0][1] = 57.25  # of the first phase alone
    monkeypatch.setattr(run.trainer.records, "thinned", lambda at_most: rows)
    assert [text for text in texts(still.still([run])) if "▲" in text] == ["▲ up to 57.2"]


def test_free_points_are_called_points():
    blobs = aae.load("blobs")
    run = Run(aae.Trainer(aae.PlaneGame(blobs.train.images[:50], aae.priors.SwissRoll(), seed=0), blobs), "PlaneGame")
    for figure in (still.still([run]), still.plane([run])):
        assert "points" in texts(figure)
        assert not any("code" in text for text in texts(figure))
        assert "oints" in figure.alt
        assert "odes" not in figure.alt
    assert run.spec()["dots"] == "points"


@pytest.mark.parametrize(("rate", "end"), [(0.0, 0), (1e6, 1)])
def test_a_value_beyond_its_slider_stands_at_the_end(rate, end, make):
    trainer = make(r1=0.1)
    trainer.rate = rate
    trainer.weights["generator"] = 3.0 * end * 10
    trainer.terms["discriminator"]["r1"] = 1e6 * end
    figure = still.still([Run(trainer, "AAE")])
    about = {one["label"]: one for one in sliders.sliders(trainer)}
    places = dict(enumerate(float(line.get_xdata()[0]) for line in handles(figure)))
    for row, label in enumerate(about):
        if about[label]["key"] in (["rate"], ["weights", "generator"], ["terms", "discriminator", "r1"]):
            assert places[row] == pytest.approx(0.48 + 0.38 * end), label


@pytest.mark.parametrize("kind", ["vae", "eight", "vectors", "begin"])
def test_any_run_has_a_picture(kind, make):
    if kind == "vae":
        data = aae.load("digits")
        trainer = aae.Trainer(aae.VAE(data.image_shape, hidden=(8,), seed=0), data)
    elif kind == "vectors":
        rows = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
        data = aae.data.from_arrays(rows)
        trainer = aae.Trainer(aae.AAE(data.image_shape, likelihood="gaussian", hidden=(8,), seed=0), data)
    else:
        trainer = make(latent_dim=8 if kind == "eight" else 2)
    run = Run(trainer, kind)
    if kind != "begin":
        run.step()
    assert still.still([run])._repr_png_()[:4] == b"\x89PNG"


def test_the_saved_picture_leaves_the_run_as_it_was(make):
    seen, alone = make(), make()
    run = Run(seen, "AAE")
    for _ in range(6):
        run.step()
        still.still([run])
        alone.step()
    torch.testing.assert_close(state(seen.model), state(alone.model), rtol=0, atol=0)

"""The panel as plain ipywidgets: by itself, and in place of a page that cannot be loaded."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

import aae_lib as aae
from aae_lib.live import panel as panel_module
from aae_lib.live.plain import NO_ANYWIDGET, PlainPage


@pytest.fixture
def shown(digits, monkeypatch):
    """shown(panel): its page, as if in a notebook where somebody can press play."""
    monkeypatch.setattr(panel_module, "headless", lambda: False)
    opened = []

    def show(made):
        opened.append(made)
        made._ipython_display_()
        return made._widget

    yield show
    for made in opened:
        made.close()


def trainer(digits):
    model = aae.AAE(digits.image_shape, hidden=(16,), r1=0.1, seed=0)
    return aae.Trainer(model, digits, seed=0, device="cpu")


def test_sliders_and_buttons_act_while_it_trains(digits, shown):
    live = aae.live.Sliders(trainer(digits), max_steps=200)
    page = shown(live)
    page.buttons["play"].click()
    page.sliders[0]["weights", "generator"].value = 2.5
    page.sliders[0]["terms", "discriminator", "r1"].value = 0.7
    page.sliders[0]["rate",].value = 0.5
    page.sliders[0]["repeats", "discriminator"].value = 3
    live._do("wake")  # what was asked for before it has been served
    live.join(timeout=300)
    assert live.trainer.steps == 200
    assert live.trainer.weights["generator"] == 2.5
    assert live.trainer.terms["discriminator"]["r1"] == pytest.approx(0.7)
    assert live.trainer.rate == pytest.approx(0.5)
    assert live.trainer.repeats["discriminator"] == 3
    page.buttons["reset"].click()
    live._do("wake")
    assert live.trainer.steps == 0


def test_the_tug_of_war_is_one_slider_and_every_slider_is_described(digits, shown):
    live = aae.live.Sliders(trainer(digits), view="tug")
    page = shown(live)
    page.sliders[0]["tug",].value = 0.75
    live._do("wake")
    assert (live.trainer.weights["reconstruction"], live.trainer.weights["generator"]) == (0.5, 1)
    told = [slider.tooltip for name, slider in page.sliders[0].items() if name != ("tug",)]
    assert all(told)
    assert "scales the update of encoder, decoder" in told[0]


def test_each_of_two_runs_has_sliders_of_its_own(digits, shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    panel_module.widget_class.cache_clear()
    plain = aae.Trainer(aae.VAE(digits.image_shape, hidden=(16,), seed=0), digits, seed=0, device="cpu")
    live = aae.live.Compare(trainer(digits), plain, view="tug")
    page = shown(live)
    assert [("tug",) in sliders for sliders in page.sliders] == [True, False]  # a VAE has no game
    page.sliders[0]["weights", "reconstruction"].value = 0.5
    page.sliders[1]["weights", plain.phases[0].name].value = 2.5
    live._do("wake")
    assert live.trainer.weights["reconstruction"] == 0.5
    assert plain.weights[plain.phases[0].name] == 2.5
    assert [title.value for title in page._controls.children if "<h3>" in str(getattr(title, "value", ""))] == [
        "<h3>AAE</h3>",
        "<h3>VAE</h3>",
    ]


def test_the_picture_shows_the_codes_as_they_are_now(digits, shown):
    live = aae.live.Sliders(trainer(digits), max_steps=100)
    page = shown(live)
    live._show(True)
    before = np.asarray(Image.open(io.BytesIO(page.image.value)).convert("RGB"), float)
    live.play()
    live.join(timeout=300)
    live._show(True)
    after = np.asarray(Image.open(io.BytesIO(page.image.value)).convert("RGB"), float)
    assert min(before.shape[:2]) > 300
    assert before.shape != after.shape or np.abs(before - after).mean() > 1
    assert "step 100" in page.image.alt


def test_a_panel_without_anywidget_becomes_sliders_and_says_so(digits, shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)  # importing it fails
    panel_module.widget_class.cache_clear()
    page = shown(aae.live.Panel(trainer(digits)))
    assert isinstance(page, PlainPage)
    assert NO_ANYWIDGET.split(":")[0] in page.note.value


def test_an_error_in_a_learners_loss_is_shown(digits, shown):
    def broken(model, batch, terms):
        raise ZeroDivisionError("my loss is wrong")

    model = aae.AAE(digits.image_shape, hidden=(16,), seed=0)
    live = aae.live.Sliders(aae.Trainer(model, digits, losses={"generator": broken}, device="cpu"))
    page = shown(live)
    live.play()
    with pytest.raises(ZeroDivisionError):
        live.join(timeout=300)
    live._show(True)
    assert "my loss is wrong" in page.said.value

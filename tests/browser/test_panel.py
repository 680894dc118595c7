"""The panel in JupyterLab: what is pressed and dragged is what the trainer does, asked from the trainer itself."""

import pytest

from jupyter_browser.pages import until

WEIGHT = "panel.trainer.weights['generator']"
LANE = "panel.training.runs[0]"


def test_a_slider_dragged_while_it_trains_is_what_the_trainer_uses(open_panel):
    panel, notebook = open_panel()
    panel.play()
    for fraction in (0.2, 0.9, 0.0):
        panel.drag(panel.slider("weights.generator"), fraction)
        wanted = pytest.approx(3 * fraction, abs=0.12)
        until(lambda wanted=wanted: notebook.kernel(WEIGHT) == wanted, f"weight {3 * fraction}")
        until(lambda: panel.uses[0]["weights"]["generator"] == notebook.kernel(WEIGHT), "the page shows what was used")
    assert panel.status == "playing"
    panel.pause()
    assert notebook.kernel(WEIGHT) == 0
    assert notebook.kernel("float(panel.trainer.optimizers['generator'].param_groups[0]['lr'])") == 0
    assert notebook.kernel("float(panel.trainer.optimizers['discriminator'].param_groups[0]['lr'])") > 0


def test_play_and_pause(open_panel):
    panel, notebook = open_panel()
    assert panel.status == "paused"
    panel.play(steps=20)
    assert panel.status == "playing"
    panel.pause()
    steps = notebook.kernel("panel.trainer.steps")
    notebook.page.wait_for_timeout(300)
    assert notebook.kernel("panel.trainer.steps") == steps
    until(lambda: panel.step == steps, "the last step is the one shown")
    panel.play()


def test_step_runs_one_phase_and_shows_which_networks_moved(open_panel):
    panel, notebook = open_panel()
    moves = {"reconstruction": {"encoder", "decoder"}, "discriminator": {"discriminator"}, "generator": {"encoder"}}
    for i, (phase, networks) in enumerate(moves.items()):
        panel.press("step")
        until(lambda phase=phase: notebook.kernel(f"{LANE}.lit") == phase, phase)
        moved = notebook.kernel(f"{LANE}.moved")
        assert {name for name, distance in moved.items() if distance} == networks
        assert notebook.kernel("(panel.trainer.in_step, panel.trainer.steps)") == ((True, 0) if i < 2 else (False, 1))
    until(lambda: panel.step == 1, "one whole step")


def test_slow_motion_runs_phase_by_phase(open_panel):
    panel, notebook = open_panel()
    panel.press("slow")
    panel.wait_status("slow")
    seen = []
    until(lambda: seen.append(notebook.kernel(f"{LANE}.lit")) or {"discriminator", "generator"} <= set(seen), "phases")
    panel.press("slow")
    panel.wait_status("playing")
    until(lambda: notebook.kernel(f"{LANE}.lit") is None, "full speed again")


def test_reset_gives_the_same_numbers_again(open_panel):
    panel, notebook = open_panel()
    losses = "panel.trainer.history.head(60).drop(columns='seconds').to_numpy().tolist()"
    panel.play(steps=60)
    panel.pause()
    first = notebook.kernel(losses)
    panel.press("reset")
    until(lambda: panel.step == 0, "step 0")
    assert notebook.kernel("panel.trainer.steps") == 0
    panel.play(steps=60)
    panel.pause()
    assert notebook.kernel(losses) == first
    assert len(first) == 60


def test_stop_ends_the_thread_and_frees_the_trainer(open_panel):
    panel, notebook = open_panel()
    panel.play()
    panel.press("stop")
    panel.wait_status("stopped")
    until(lambda: not notebook.kernel("panel.thread.is_alive()"), "the thread ends")
    assert (
        panel.root.locator(".aae-range").evaluate_all("all => all.filter(e => !e.closest('[inert], :disabled')).length")
        == 0
    )
    assert notebook.kernel("panel.trainer.lock.owner") is None
    before = notebook.kernel("panel.trainer.steps")
    assert notebook.kernel("(panel.trainer.step(), panel.trainer.steps)[1]") == before + 1


def test_it_ends_at_max_steps_and_goes_on_for_as_many_or_anew(open_panel):
    panel, notebook = open_panel('panel = aae.live.Panel(trainer(), view="tug", max_steps=40)\npanel')
    panel.press("play")
    panel.wait_status("done")
    assert notebook.kernel("panel.trainer.steps") == panel.step == 40
    assert panel.button("go_on").inner_text() == "go on +40"
    panel.press("go_on")
    until(lambda: panel.step == 80, "as many again")
    panel.wait_status("done")
    panel.press("reset")
    panel.press("play")
    panel.wait_status("done")
    until(lambda: panel.step == 40, "40 steps after a reset")


def test_a_number_out_of_range_is_refused_with_a_sentence(open_panel):
    panel, notebook = open_panel()
    panel.play()
    box = panel.root.locator('input[data-box="weights.generator"]')
    box.fill("-1")
    box.press("Enter")
    until(lambda: "-1" in panel.text(".aae-status"), "a sentence with the number")
    assert notebook.kernel(WEIGHT) == 1
    box.fill("7")  # further than the slider goes, and allowed
    box.press("Enter")
    until(lambda: notebook.kernel(WEIGHT) == 7, "the number typed")
    until(lambda: panel.uses[0]["weights"]["generator"] == 7, "and used")
    assert panel.status == "playing"


def test_an_error_in_a_learners_loss_is_shown_and_raised_by_join(open_panel):
    code = """
def generator(model, batch, terms):
    if panel.trainer.steps >= 5:
        raise RuntimeError("the sign is wrong")
    return model.discriminator(batch["z"]).mean()
panel = aae.live.Panel(trainer(losses={"generator": generator}))
panel"""
    panel, notebook = open_panel(code)
    panel.press("play")
    panel.wait_status("failed")
    assert "the sign is wrong" in panel.text(".aae-error")
    assert "in generator" in panel.root.locator(".aae-error details").text_content()
    with pytest.raises(RuntimeError, match="the sign is wrong"):
        notebook.kernel("panel.join()")
    assert notebook.kernel("panel.trainer.steps") == 5


def test_a_loss_that_is_not_finite_pauses_with_the_phase_and_the_good_state(open_panel):
    code = """
def generator(model, batch, terms):
    loss = model.discriminator(batch["z"]).mean()
    return loss / 0 if panel.trainer.steps == 30 else loss
panel = aae.live.Panel(trainer(losses={"generator": generator}))
panel"""
    panel, notebook = open_panel(code)
    panel.press("play")
    until(lambda: "'generator' was not finite at step 31" in panel.text(".aae-status"), "a sentence with the phase")
    panel.wait_status("paused")
    assert notebook.kernel("panel.trainer.steps") == 30
    assert notebook.kernel("all(p.isfinite().all().item() for p in panel.trainer.model.parameters())")


def test_a_function_that_has_changed_meanwhile_does_not_end_the_panel(open_panel):
    code = """
def generator(model, batch, terms):
    loss = model.discriminator(batch["z"]).mean()
    return loss / 0 if broken else loss
broken = []
panel = aae.live.Panel(trainer(losses={"generator": generator}))
panel"""
    panel, notebook = open_panel(code)
    panel.play(steps=30)
    notebook.kernel("broken.append(True)")  # now the steps before cannot be repeated either
    until(lambda: "'generator' was not finite" in panel.text(".aae-status"), "a sentence with the phase")
    notebook.kernel("broken.clear()")
    panel.press("reset")
    panel.play(steps=30)


def test_hovering_and_dragging_show_the_decoded_image_also_where_a_click_keeps_another(open_panel):
    panel, notebook = open_panel()
    panel.play(steps=50)
    box, mouse, card = panel.plot().bounding_box(), notebook.page.mouse, panel.root.locator(".aae-card").first
    to = lambda x, y: mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)  # noqa: E731
    places = []

    def shown(what):
        """Another place than before; returns which."""
        until(lambda: (at := card.locator("b").inner_text()).startswith("z") and at not in places, what)
        places.append(card.locator("b").inner_text())
        return places[-1]

    to(0.4, 0.4)
    shown("the place under the mouse")
    mouse.down()
    mouse.up()
    to(0.6, 0.4)
    shown("the place under the mouse, though one is kept")
    to(0.3, 0.6)
    mouse.down()
    to(0.5, 0.7)
    shown("the place dragged to")
    to(0.6, 0.6)
    kept = shown("and on")
    mouse.up()
    to(0.2, 0.2)
    shown("the place under the mouse")
    panel.root.locator(".aae-legend").hover()
    until(lambda: card.locator("b").inner_text() == kept, "the place that was kept")
    for canvas in card.locator("canvas").all():
        shades = """c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                       return new Set(Array.from(d).filter((_, i) => i % 4 == 0)).size }"""
        until(lambda canvas=canvas, shades=shades: canvas.evaluate(shades) > 4, "an image of several greys")
    assert card.locator("canvas").count() == 2


def test_the_image_of_a_kept_place_follows_the_model_back_to_the_first_step(open_panel):
    panel, _ = open_panel()
    image = panel.root.locator(".aae-card canvas").first
    pixels = lambda: image.evaluate("c => c.hidden ? '' : c.toDataURL()")  # noqa: E731
    panel.plot().click()
    first = until(pixels, "the image of the place clicked")
    for _ in range(3):
        panel.play(steps=40)
        until(lambda: pixels() != first, "the model has changed, and the image with it")
        panel.press("reset")
        until(lambda: panel.step == 0, "step 0")
        until(lambda: pixels() == first, "the image of the first step")
    panel.press("step")
    until(lambda: pixels() != first, "the image after one phase")


def test_free_points_are_called_points(open_panel):
    code = """
game = aae.PlaneGame(data.train.images[:50].flatten(1)[:, 28:30] / 16.0, prior=aae.priors.SwissRoll(), seed=0)
panel = aae.live.Panel(aae.Trainer(game, aae.load("blobs")), view="plane")
panel"""
    panel, _ = open_panel(code)
    panel.play(steps=20)
    panel.pause()
    legend = panel.text(".aae-legend").split("\n")
    assert "points" in legend
    assert " 50 points over samples" in panel.plot().get_attribute("aria-label")
    assert "code" not in panel.root.inner_text()
    assert "blobs" not in panel.root.inner_text()  # that only gave the shape
    assert panel.root.locator("h2").inner_text() == "PlaneGame"


def test_a_map_shows_categories_heads_and_how_many_images_each_has(open_panel):
    panel, notebook = open_panel("panel = aae.live.Panel(trainer(make=aae.MapAAE, categories=12))\npanel")
    panel.play(steps=40)
    panel.pause()
    bars = panel.root.locator(".aae-shares")
    shown = "torch.tensor(panel.training.runs[0].view.categories())"
    counts = notebook.kernel(f"{shown}.bincount(minlength=12).tolist()")
    until(lambda: f": {', '.join(map(str, counts))}." in bars.get_attribute("aria-label"), "the counts of the kernel")
    tall = [bar.bounding_box()["height"] for bar in bars.locator("i").all()]
    assert len(tall) == 12
    assert tall.index(max(tall)) == counts.index(max(counts))

    def pixels():
        return panel.plot().locator("canvas").first.evaluate("c => c.toDataURL()")

    by_category = pixels()
    panel.root.locator("[data-do=overlay-predicted]").click()
    until(lambda: pixels() != by_category, "other colours")
    panel.plot().hover()
    panel.root.locator(".aae-card").first.wait_for()


def test_two_trainers_are_compared_side_by_side(open_panel):
    code = "panel = aae.live.Compare(trainer(make=aae.VAE), trainer())\npanel"
    panel, notebook = open_panel(code)
    assert panel.root.locator(".aae-plot").count() == 2
    panel.play(steps=30)
    panel.pause()
    a, b = notebook.kernel("[run.steps for run in panel.training.runs]")
    assert a == b >= 30

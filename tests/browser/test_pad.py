"""A prior drawn with the mouse becomes what q(z) moves to."""

from jupyter_browser.cells import PAD
from jupyter_browser.pages import until

MMD = """aae.metrics.mmd(panel.trainer.model.encode(data.validation.images),
         panel.trainer.model.prior.sample(297, generator=torch.Generator().manual_seed(0)))"""


def draw(page, pad, points):
    """One stroke with the real mouse; points as fractions of the pad's width and height, from top left."""
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    page.mouse.up()


def test_codes_move_to_a_drawn_prior(open_panel):
    panel, notebook = open_panel()
    panel.play(steps=100)
    panel.root.locator("select.aae-prior").select_option(label="draw your own…")
    pad = panel.root.locator(".aae-pad canvas")
    draw(notebook.page, pad, [(0.75, 0.2), (0.75, 0.8)])  # a stroke on the right, from top to bottom
    panel.root.get_by_role("button", name="use this drawing").click()
    until(lambda: notebook.kernel("type(panel.trainer.model.prior).__name__") == "Picture", "the drawing is the prior")
    notebook.kernel("panel.pause()")
    drawn = notebook.kernel("panel.trainer.model.prior.sample(500, generator=torch.Generator()).tolist()")
    assert all(x > 0.5 for x, _ in drawn)
    assert max(y for _, y in drawn) > 1
    assert min(y for _, y in drawn) < -1
    before = notebook.kernel(MMD)
    panel.play(steps=800)
    panel.pause()
    assert notebook.kernel(MMD) < before / 3


def test_an_empty_drawing_is_refused_with_a_sentence(open_panel):
    panel, notebook = open_panel()
    panel.play()
    panel.root.locator("select.aae-prior").select_option(label="draw your own…")
    panel.root.get_by_role("button", name="use this drawing").click()
    until(lambda: "nothing is drawn yet" in panel.text(".aae-status"), "a sentence")
    assert notebook.kernel("type(panel.trainer.model.prior).__name__") == "GaussianRing"
    panel.wait_step(panel.step + 10)


def test_another_prior_is_chosen_while_it_trains(open_panel):
    panel, notebook = open_panel()
    panel.play()
    panel.root.locator("select.aae-prior").select_option("swiss-roll")
    until(lambda: notebook.kernel("type(panel.trainer.model.prior).__name__") == "SwissRoll", "the prior chosen")
    panel.wait_step(panel.step + 10)
    assert panel.status == "playing"


def test_the_pad_alone_gives_a_prior_and_takes_back_strokes(open_notebook):
    notebook = open_notebook(PAD)
    pad = notebook.page.locator(".aae-pad canvas")
    pad.wait_for()
    draw(notebook.page, pad, [(0.2, 0.2), (0.4, 0.2)])
    draw(notebook.page, pad, [(0.2, 0.8), (0.4, 0.8)])
    until(lambda: notebook.kernel("len(pad.strokes)") == 2, "two strokes")
    ys = notebook.kernel("pad.prior().sample(400, generator=torch.Generator())[:, 1].tolist()")
    assert 0.3 < sum(y > 0 for y in ys) / 400 < 0.7
    notebook.page.get_by_role("button", name="undo").click()
    until(lambda: notebook.kernel("len(pad.strokes)") == 1, "one stroke")
    notebook.page.get_by_role("button", name="clear").click()
    until(lambda: notebook.kernel("len(pad.strokes)") == 0, "none")
    notebook.page.get_by_role("button", name="undo").click()
    until(lambda: notebook.kernel("len(pad.strokes)") == 1, "the stroke that was cleared")
    assert notebook.kernel("(pad.prior().sample(400, generator=torch.Generator())[:, 1] > 0).all().item()")

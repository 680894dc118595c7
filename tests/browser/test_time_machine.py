"""Looking back, and forks: both runs exact."""

from jupyter_browser.pages import until

KEPT = "[seen.step for seen in panel.training.runs[0].past.moments]"


def look_back(panel, notebook, fraction):
    """Drag the time machine; returns the step looked at."""
    place = panel.drag(panel.root.locator("input.aae-scrub"), fraction)
    until(lambda: notebook.kernel("panel._scene.at") == place, "the panel is there")
    step = notebook.kernel(f"panel.training.runs[0].past.moments[{place:.0f}].step")
    until(lambda: panel.status == "past" and panel.step == step, "and the page too")
    return step


def test_looking_back_changes_nothing(open_panel):
    panel, notebook = open_panel()
    panel.play(steps=150)
    panel.pause()
    steps = notebook.kernel("panel.trainer.steps")
    at = look_back(panel, notebook, 0.4)
    assert at in notebook.kernel(KEPT)
    assert 0 < at < steps
    assert notebook.kernel("panel.trainer.steps") == steps
    panel.press("live")
    until(lambda: panel.step == steps, "now again")
    panel.play()


def test_a_fork_starts_exactly_at_the_step_looked_at_and_goes_its_own_way(open_panel):
    panel, notebook = open_panel()
    panel.play(steps=150)
    panel.pause()
    at = look_back(panel, notebook, 0.4)
    kept = f"next(seen.codes for seen in panel.training.runs[0].past.moments if seen.step == {at})"
    panel.press("fork")
    until(lambda: panel.root.locator(".aae-plot").count() == 2, "two plots")
    assert notebook.kernel("panel.training.runs[1].steps") == at
    assert notebook.kernel(f"bool((panel.training.runs[1].view.codes().numpy() == {kept}).all())")

    panel.drag(panel.slider("weights.generator", run=1), 0.0)
    until(
        lambda: notebook.kernel("panel.training.runs[1].trainer.weights['generator']") == 0,
        "the fork's own weight",
    )
    assert notebook.kernel("panel.training.runs[0].trainer.weights['generator']") == 1
    end = notebook.kernel("panel.training.runs[0].steps")
    panel.press("play")
    until(lambda: notebook.kernel("panel.training.steps") > end, "the fork catches up")
    panel.pause()
    a, b = (f"panel.training.runs[{i}]" for i in (0, 1))
    assert notebook.kernel(f"{a}.steps") == notebook.kernel(f"{b}.steps")
    assert notebook.kernel(f"{a}.view.codes().equal({b}.view.codes())") is False
    assert [uses["weights"]["generator"] for uses in panel.uses] == [1, 0]

    panel.press("join_runs")
    until(lambda: panel.root.locator(".aae-plot").count() == 1, "one plot again")


def test_a_fork_left_alone_repeats_the_run_to_the_last_bit(open_panel):
    panel, notebook = open_panel()
    panel.play(steps=60)
    panel.drag(panel.slider("weights.generator"), 0.7)  # a change of settings on the way is part of the run
    panel.wait_step(2 * panel.step)  # so that the moment looked back at lies well behind it
    panel.pause()
    end = notebook.kernel("panel.trainer.steps")
    weight = notebook.kernel("panel.trainer.weights['generator']")
    look_back(panel, notebook, 0.9)
    panel.press("fork")
    until(lambda: panel.root.locator(".aae-plot").count() == 2, "two plots")
    assert notebook.kernel("panel.training.runs[1].trainer.weights['generator']") == weight
    panel.press("play")
    until(lambda: notebook.kernel("panel.training.steps") > end, "the fork catches up")
    panel.pause()
    run, fork = (
        notebook.kernel(f"{run}.trainer.history.drop(columns='seconds').head({end}).to_numpy().tolist()")
        for run in ("panel.training.runs[0]", "panel.training.runs[1]")
    )
    assert fork == run

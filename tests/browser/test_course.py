"""Predictions, quizzes, verdicts and claims as a learner finds them: by keyboard, after a restart, in both themes."""

import random

import nbformat
import pytest

from aae_lib.course import record
from jupyter_browser.pages import until

from .test_access import faults

ASK = """
from aae_lib.course import borrow, check, claim, predict, quiz

guess = predict("Heads or tails?", ["heads", "tails", "its edge"])
guess
"""
ALL = f"""{ASK}
display(guess)
locked = predict("And this one?", ["yes", "no"])
locked.lock("yes")
locked.outcome("it was no, because it is so.", answer="no")
display(locked, quiz("00"), check("00.1", None), check("00.1", lambda model, n: model.prior.sample(n)))
claim("one is one", True, 1)
claim("one is two", False, 1)
borrow("00.1")
"""


LEARNER = "learner 8"


def focus(page):
    """What has the focus: its tag and its value."""
    return page.evaluate("[document.activeElement.tagName, document.activeElement.value || '']")


def active_cell(page):
    return page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex")


@pytest.fixture
def asked(open_notebook):
    """A notebook with an open prediction, and its form."""
    notebook = open_notebook(ASK)
    form = notebook.page.locator("form:has(button)")
    form.wait_for()
    return notebook, form


def test_a_prediction_is_chosen_and_locked_by_keyboard_and_the_focus_stays(asked):
    notebook, form = asked
    page, keys = notebook.page, notebook.page.keyboard
    before = active_cell(page)
    form.get_by_role("radio", name="A heads").focus()
    keys.press("Space")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("ArrowDown")  # round to the first again, and not out of the group
    keys.press("ArrowDown")
    assert focus(page) == ["INPUT", "1"]
    assert active_cell(page) == before
    assert page.get_by_role("group", name="Heads or tails?").get_by_role("radio").count() == 3
    keys.press("Tab")
    assert focus(page)[0] == "BUTTON"
    keys.press("Enter")
    card = page.locator(".aae-sheet", has_text="Your prediction, locked")
    card.wait_for()
    until(lambda: card.evaluate("e => e === document.activeElement"), "the focus stays where the form was")
    assert notebook.kernel("guess.locked") == "tails"
    assert page.locator(".jp-Notebook.jp-mod-editMode").count() == 0
    assert "your prediction" in card.locator(".aae-choice").nth(1).inner_text()

    notebook.kernel("guess.outcome('the coin says so.', answer='heads')")
    until(lambda: "It was A. the coin says so." in card.inner_text(), "the verdict in the card")


def test_in_an_order_of_ones_own_the_page_locks_what_it_shows(open_notebook):
    order = ["heads", "tails", "its edge"]
    random.Random(f"{LEARNER} Heads or tails?").shuffle(order)
    assert order[0] != "heads"
    turned = f"from aae_lib.course import record\nwas, record.learner = record.learner, lambda: '{LEARNER}'\n{ASK}"
    notebook = open_notebook(turned.replace("\nguess\n", "\nrecord.learner = was\nguess\n"))
    form = notebook.page.locator("form:has(button)")
    form.wait_for()
    assert [label.replace("\n", " ").split(" ", 1)[1] for label in form.locator("label").all_inner_texts()] == order
    form.get_by_role("radio", name=f"C {order[2]}").focus()
    notebook.page.keyboard.press("Space")
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    card = notebook.page.locator(".aae-sheet", has_text="Your prediction, locked")
    card.wait_for()
    assert notebook.kernel("guess.locked") == order[2]
    notebook.kernel("guess.outcome('the coin says so.', answer='A')")  # heads, wherever it is shown
    came = "ABC"[order.index("heads")]
    until(lambda: f"It was {came}. the coin says so." in card.inner_text(), "the verdict in the card")


def test_what_a_learner_has_run_is_kept_and_shown(open_notebook, tmp_path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "05_any_prior.ipynb").touch()
    notebook = open_notebook(f"""
import os
was = os.getcwd()
os.chdir({str(tmp_path)!r})
from aae_lib.course import certificate, claim, seen
claim("the AAE asks for samples and nothing else", True, "5 times")
display(seen(), certificate("Ada <b>Lovelace</b>"))
os.chdir(was)
""")
    until(lambda: (tmp_path / "certificate.html").exists(), "the page")
    assert "5 times" in (tmp_path / ".aae" / "record.jsonl").read_text(encoding="utf-8")
    table = notebook.page.locator("table.aae-seen")
    table.wait_for()
    assert "you found 5 times" in table.inner_text()
    assert "Ada <b>Lovelace</b>" in notebook.page.locator(".aae-sheet", has_text="Your certificate").inner_text()
    assert faults(notebook.page, ".jp-OutputArea") == []


def test_a_locked_prediction_outlives_its_kernel_and_the_page(asked, lab):
    notebook, form = asked
    form.get_by_text("its edge").click()
    form.get_by_role("button").click()
    card = notebook.page.locator(".aae-sheet", has_text="Your prediction, locked")
    card.wait_for()
    notebook.restart()
    assert "its edge · your prediction" in card.inner_text()
    notebook.command("docmanager:save")
    notebook.page.reload()
    card.wait_for()
    assert "its edge · your prediction" in card.inner_text()
    saved = nbformat.read(lab.folder / f"{notebook.name}.ipynb", as_version=4)
    (output,) = saved.cells[-1].outputs
    assert "(x) its edge" in output.data["text/plain"]
    assert "widget" not in " ".join(output.data)


def test_in_a_learners_folder_it_stays_locked_after_a_restart_and_a_fresh_copy_opens_it(open_notebook, tmp_path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "05_any_prior.ipynb").touch()
    notebook = open_notebook(f"import os\nos.chdir({str(tmp_path)!r})\n{ASK}")
    page = notebook.page
    form = page.locator("form:has(button)")
    form.wait_for()
    assert "also when this cell runs again" in form.locator("output").inner_text()
    form.get_by_role("radio", name="its edge").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    card = page.locator(".aae-sheet", has_text="Your prediction, locked")
    card.wait_for()
    notebook.kernel("guess.outcome('the coin says so.', answer='heads')")
    notebook.restart()
    notebook.run_all()
    until(lambda: "Locked on" in card.inner_text(), "the card of the earlier run")
    assert form.count() == 0
    assert "its edge · your prediction" in card.inner_text()
    assert "the coin says so." in card.inner_text()
    assert notebook.kernel("guess.locked") == "its edge"
    assert faults(page, ".jp-OutputArea") == []
    lesson = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(ASK)])
    nbformat.write(lesson, tmp_path / "lesson.ipynb")
    record.open_again(tmp_path, [tmp_path / "lesson.ipynb"])
    notebook.run_all()
    form.wait_for()


def test_without_a_choice_or_a_kernel_the_button_says_what_to_do(asked):
    notebook, form = asked
    form.get_by_role("button").press("Enter")
    until(lambda: "Choose an answer first" in form.inner_text(), "what is missing")
    notebook.restart()
    form.locator("label").first.click()
    form.get_by_role("button").press("Enter")
    until(lambda: "run this cell again" in form.inner_text(), "what a restart means")
    notebook.run_all()
    form.locator("label").first.click()
    form.get_by_role("button").click()
    until(lambda: notebook.kernel("guess.locked") == "heads", "the new form locks")


def test_a_quiz_is_answered_by_keyboard_and_speaks_of_the_answer_chosen(open_notebook):
    notebook = open_notebook("from aae_lib.course import quiz\n\nquiz('00')")
    page, keys = notebook.page, notebook.page.keyboard
    question = page.get_by_role("group", name="1. What is a code?")
    question.wait_for()
    before, address = active_cell(page), page.url
    question.get_by_role("radio").first.focus()
    keys.press("Space")
    keys.press("ArrowDown")
    assert focus(page) == ["INPUT", "1"]
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    said = question.locator("details p:visible")
    until(lambda: said.count() == 1, "one verdict")
    assert said.inner_text().startswith("B ✗ no.")
    question.get_by_role("radio").first.check()
    until(lambda: said.inner_text().startswith("A ✓ right."), "the verdict on the other")
    assert (active_cell(page), page.url) == (before, address)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious(open_notebook, theme):
    notebook = open_notebook(ALL)
    notebook.page.locator("form:has(button)").wait_for()
    notebook.command("apputils:change-theme", theme=theme)
    try:
        until(lambda: notebook.page.evaluate("document.body.dataset.jpThemeName") == theme, theme)
        for number in range(5):
            notebook.page.locator(".aae-quiz fieldset").nth(number).locator("input").nth(number % 3).check()
            notebook.page.locator(".aae-quiz summary").nth(number).click()
        assert faults(notebook.page, ".jp-OutputArea") == []
    finally:
        notebook.command("apputils:change-theme", theme="JupyterLab Light")


def test_a_folded_cell_shows_what_it_is_and_opens(open_notebook):
    notebook = open_notebook(ASK)
    page = notebook.page
    fold = "jupyterapp.shell.currentWidget.content.widgets[1].inputHidden = true"
    page.evaluate(f"() => {{ {fold} }}")
    bar = page.locator(".jp-Cell").nth(1).locator(".jp-InputPlaceholder, .jp-Placeholder").first
    bar.wait_for()
    bar.click()
    until(lambda: page.locator(".jp-Cell").nth(1).locator(".cm-content").is_visible(), "the code")

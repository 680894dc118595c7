"""What every check promises, whatever is handed to it."""

import inspect
import signal
import threading
import time

import pytest
import torch

from aae_lib.course import checks
from aae_lib.course.checks import answers, judge, tasks, watch

TASKS = list(tasks.all_tasks())


@pytest.mark.parametrize("number", TASKS)
def test_a_task_has_three_hints_and_its_part_to_borrow_is_right(number):
    task = tasks.TASKS[number]
    assert len({*task.hints}) == 3
    assert all(len(hint) > 15 for hint in task.hints)
    part = checks.borrow(number)
    parts = part if isinstance(part, tuple) else (part,)
    verdict = checks.check(number, *parts)
    assert verdict, verdict


def stub(*_, **__):
    raise NotImplementedError("write it")


@pytest.mark.parametrize("number", TASKS)
@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (stub, None, "not written yet"),
        (lambda *_, **__: ..., None, "not written yet"),
        (None, None, "not written yet"),
        (..., None, "not written yet"),
        (lambda *_, **__: print("the answer"), False, "returns nothing"),
        (lambda *_, **__: "0.5", False, "str"),
        (lambda: 0.5, False, "raised TypeError"),
        (3.5, False, "function"),
    ],
)
def test_what_is_no_answer_gets_a_sentence(number, answer, right, words):
    count = len(inspect.signature(tasks.TASKS[number].judge).parameters)
    verdict = checks.check(number, *[answer] * count)
    assert verdict.right is right
    assert words in verdict.sentence
    assert "Hint 3" in verdict._repr_html_()
    assert "<details open" not in verdict._repr_html_()


def test_a_task_that_is_not_there_names_those_that_are():
    with pytest.raises(ValueError, match=r"no task '04\.77'; there is 04\.1"):
        checks.check("04.77", stub)
    with pytest.raises(ValueError, match="none of that lesson"):
        checks.borrow("99.1")
    with pytest.raises(ValueError, match=r"no task 'my_generator': the number of a task comes first, such as") as told:
        checks.borrow("my_generator")
    assert told.value._render_traceback_() == [f"→ {told.value}"]  # what a notebook shows of it


def test_borrow_tells_what_it_lent(capsys):
    checks.borrow("00.1")
    assert capsys.readouterr().out == "→ lent for task 00.1, new images: `new_images(model, n)`\n"


def test_of_what_an_answer_prints_a_check_lets_little_through(capsys):
    def talks(model, n):
        for i in range(100_000):
            print("step", i)
        return model.decode(model.prior.sample(n))

    assert checks.check("00.1", talks)
    printed = capsys.readouterr().out
    assert printed.startswith("step 0\nstep 1\n")
    assert printed.endswith("the rest is left out.\n")
    assert len(printed) < watch.MOST + 100
    print("afterwards all is printed again" * 1000)
    assert len(capsys.readouterr().out) > 10_000


def test_a_silent_loop_is_told_how_to_stop_it(capsys, monkeypatch):
    monkeypatch.setattr(watch, "PATIENCE", 0.01)
    said = threading.Event()

    def waits(model, n):
        for _ in range(3000):
            if "The square ■" in capsys.readouterr().out:
                return said.set()
            time.sleep(0.01)

    checks.check("00.1", waits)
    assert said.is_set()


def test_an_endless_loop_can_be_interrupted():
    def endless(*_):
        while True:
            pass

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell runs in the background
    try:
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        verdict = checks.check("04.1", endless)
    finally:
        signal.signal(signal.SIGINT, before)
    assert verdict.right is False
    assert "never end" in verdict.sentence


def test_the_line_of_the_fault_is_named():
    def faulty(model, batch, terms):
        z = batch["z"]
        return z @ torch.ones(3, 3)

    assert "(line 3 of it)" in checks.check("04.1", faulty).sentence


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda z: torch.nn.Linear(3, 2)(z), "multiplied (5x2 and 3x2): rows of 2 numbers were handed to a layer"),
        (lambda z: z @ torch.eye(4), "(5x2 and 4x4): rows of 2 numbers were handed to"),
        (lambda z: z + torch.zeros(5, 3), "dimension 1: tensors that meet number by number need one size there"),
    ],
)
def test_what_pytorch_says_of_shapes_is_put_in_plain_words(made, words):
    with pytest.raises(answers.Wrong) as told:
        answers.call(made, torch.ones(5, 2))
    assert words in str(told.value)


def test_before_what_to_do_a_sentence_ends(capsys):
    def faulty(*_):
        raise ValueError("too few (three)")

    checks.your_turn("05.c", faulty)
    assert "too few (three). The course's own works here" in capsys.readouterr().out


def test_a_tensor_elsewhere_is_told_so():
    z = torch.zeros(2)
    with pytest.raises(answers.Wrong, match="on meta, its input on cpu"):
        answers.tensor(torch.zeros(2, device="meta"), (2,), like=z)
    with pytest.raises(answers.Wrong, match="must hold floats; yours holds int64"):
        answers.tensor(torch.tensor([1, 2]), (2,), like=z)


def test_the_first_difference_is_shown():
    right = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    value = torch.tensor([[1.0, 2.0], [float("nan"), 4.0]])
    with pytest.raises(answers.Wrong, match=r"z should be 3\.0000 at \[1, 0\]; yours is nan"):
        answers.equal(value, right, what="z")


def test_what_your_turn_has_lent_is_not_called_right_when_it_comes_back(capsys):
    lent = judge.your_turn("03.a", lambda discriminator, z_prior, z: ...)
    assert "not written yet" in capsys.readouterr().out
    assert judge.your_turn("03.a", lent) is lent
    said = capsys.readouterr().out
    assert "still the course's own" in said
    assert "right" not in said


def test_the_code_in_a_hint_may_be_copied():
    """The course writes a minus as it is printed, which Python does not read."""
    for task in tasks.all_tasks().values():
        shown = judge.Verdict("no.", False, task.hints)._repr_html_()
        assert "−" not in shown
        assert "Hint 3" in shown

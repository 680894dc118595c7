"""What every check promises, whatever is handed to it."""

import importlib
import inspect
import pkgutil
import signal
import threading

import pytest
import torch

from aae_lib.course import checks
from aae_lib.course.checks import judge

for module in pkgutil.iter_modules(checks.__path__):
    importlib.import_module(f"{checks.__name__}.{module.name}")
TASKS = sorted(judge.TASKS)


@pytest.mark.parametrize("number", TASKS)
def test_a_task_has_three_hints_and_its_part_to_borrow_is_right(number):
    task = judge.TASKS[number]
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
    count = len(inspect.signature(judge.TASKS[number].judge).parameters)
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


def test_an_endless_loop_can_be_interrupted():
    def endless(*_):
        while True:
            pass

    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    verdict = checks.check("04.1", endless)
    assert verdict.right is False
    assert "never end" in verdict.sentence


def test_the_line_of_the_fault_is_named():
    def faulty(model, batch, terms):
        z = batch["z"]
        return z @ torch.ones(3, 3)

    assert "(line 3 of it)" in checks.check("04.1", faulty).sentence


def test_a_tensor_elsewhere_is_told_so():
    z = torch.zeros(2)
    with pytest.raises(judge.Wrong, match="on meta, its input on cpu"):
        judge.tensor(torch.zeros(2, device="meta"), (2,), like=z)
    with pytest.raises(judge.Wrong, match="must hold floats; yours holds int64"):
        judge.tensor(torch.tensor([1, 2]), (2,), like=z)


def test_the_first_difference_is_shown():
    right = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    value = torch.tensor([[1.0, 2.0], [float("nan"), 4.0]])
    with pytest.raises(judge.Wrong, match=r"z should be 3\.0000 at \[1, 0\]; yours is nan"):
        judge.equal(value, right, what="z")

"""Checks for lesson 12, training at full size."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from .answers import Wrong, call, equal, gradient, kind, number, tensor
from .tasks import task


def _no(wanted: str, found: Any) -> str:
    """The sentence for something other than what is asked for."""
    if found is None:
        return f"your function returns nothing; {wanted} is asked for, and `return` hands it on."
    return f"{wanted} is asked for; yours is {kind(found)}."


# ---- 12.1 ----


def joined(gradients: Sequence[Tensor], rows: Sequence[int]) -> Tensor:
    """Σ_r (n_r / N) g_r: the gradient of the mean over all rows, from the gradients of the means over shares."""
    return torch.stack([n / sum(rows) * gradient for gradient, n in zip(gradients, rows, strict=True)]).sum(0)


@task(
    "12.1",
    "gradients of shares",
    hints=(
        "A mean over 3 rows and a mean over 1 row: how often does each row count in the mean over all 4?",
        "Times n_r a mean becomes a sum over its rows. Add up these sums, and divide once by the number of all rows.",
        "sum(n / sum(rows) * g for g, n in zip(gradients, rows)).",
    ),
    part=lambda: joined,
)
def shares(f: Any) -> str:
    """joined(gradients, rows) = Σ_r (n_r / N) g_r."""
    gradients, rows = [torch.tensor([1.0, 0.0]), torch.tensor([5.0, 4.0])], [3, 1]
    found = tensor(call(f, gradients, rows), (2,), "the gradient", like=gradients[0])
    first, second = gradients
    mistakes = (
        (
            (first + second) / 2,
            "every process counts alike here: the one with three rows should count three times as much as the other.",
        ),
        (first + second, "this is the sum of means: with R processes the gradient is about R times too long."),
        (3 * first + second, "this is the gradient of the *sum* over all rows: divide by their number, 4."),
        ((first + 3 * second) / 4, "the shares are exchanged: the gradient of the many rows should count more."),
        (first, "only one process was heard."),
        ((3 * first + second) / 2, "divide by the number of all rows, 4, not by the number of processes."),
    )
    equal(found, joined(gradients, rows), mistakes, "the gradient", "for (1, 0) of 3 rows and (5, 4) of 1 row")
    generator = torch.Generator().manual_seed(0)
    x, w = torch.randn(10, 3, generator=generator), torch.randn(3, 2, generator=generator, requires_grad=True)

    def slope(part: Tensor) -> Tensor:
        return torch.autograd.grad((part @ w).square().sum(1).mean(), w)[0]

    parts = x.split([4, 1, 5])
    found = tensor(call(f, [slope(part) for part in parts], [4, 1, 5]), (3, 2), "the gradient", like=x)
    equal(found, slope(x), (), "the gradient", "for three processes with 4, 1 and 5 rows of weights (3, 2)")
    return "right: every row counts once, whichever process it was dealt to."


# ---- 12.2 ----


def step_cost(sizes: Sequence[int], batch_size: int) -> int:
    """Multiply-adds of one training step of a network with layers of these sizes."""
    layers = [a * b for a, b in pairwise(sizes)]
    return batch_size * (3 * sum(layers) - layers[0])


@task(
    "12.2",
    "the arithmetic of a step",
    hints=(
        "A layer from a to b units has a · b weights. Forwards each of them is used once for every image.",
        "Backwards each layer does two more products of the same size: for its weights' gradient and for its input's. "
        "One of all these is never needed.",
        "Nobody wants the gradient of the pixels, so the first layer has two products, and every other three: "
        "batch_size * (3 * sum(layers) - layers[0]), with layers = [a * b for a, b in zip(sizes, sizes[1:])].",
    ),
    part=lambda: step_cost,
)
def arithmetic(f: Any) -> str:
    """step_cost(sizes, batch_size) = N (3 Σ a b − first)."""
    for sizes, batch in (([4, 3, 2], 10), ([5, 7], 1), ([64, 256, 256, 10], 100)):
        found = call(f, sizes, batch)
        if isinstance(found, Tensor) and found.numel() == 1 and not found.is_meta:
            found = found.item()
        if isinstance(found, bool) or not isinstance(found, Real):
            raise Wrong(_no("a number", found))
        layers = [a * b for a, b in pairwise(sizes)]
        whole, right = sum(layers), step_cost(sizes, batch)
        mistakes = {
            batch * whole: "these are the products forwards. Training also goes backwards.",
            batch * 3 * whole: "the first layer has one product less: the gradient of the pixels is never computed.",
            batch * 2 * whole: "backwards there are *two* products a layer, for the weights and for the input.",
            right // batch: "this is for one image; a batch has more.",
            2 * right: "these are floating-point operations; a multiply-add is two of them. Count multiply-adds.",
            batch * (3 * whole - layers[-1]): "what is left out belongs to the *first* layer, not the last.",
            batch * (3 * (whole + sum(sizes[1:])) - layers[0]): "biases are added, not multiplied: leave them out.",
        }
        if found == right:
            continue
        if found in mistakes:
            raise Wrong(f"not yet, for sizes {sizes} and {batch} images: {mistakes[int(float(found))]}")
        raise Wrong(f"not yet: for sizes {sizes} and {batch} images it is {right}; yours is {found}.")
    return "right: three products a layer and image, and one less in the first."


# ---- 12.3 ----


def gated(d_loss: Tensor, g_loss: Tensor, limit: float = 1.0) -> Tensor:
    """g_loss where d_loss < limit, else 0; nobody looks at a number."""
    return torch.where(d_loss < limit, g_loss, torch.zeros_like(g_loss))


class Looks(TorchDispatchMode):
    """While it is entered: counts how often a tensor's value is handed to Python."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += operation in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default)
        return operation(*args, **(kwargs or {}))


@task(
    "12.3",
    "a choice without a look",
    hints=(
        "Any `if`, float() or .item() hands a number to Python. What chooses between two tensors without that?",
        "torch.where(condition, a, b) takes a tensor of truth values, and d_loss < limit is one.",
        "return torch.where(d_loss < limit, g_loss, torch.zeros_like(g_loss)).",
    ),
    part=lambda: gated,
)
def choice(f: Any) -> str:
    """gated(d_loss, g_loss, limit) = g_loss where d_loss < limit, else 0."""
    for d, g, right, slope in ((0.4, 0.7, 0.7, 1.0), (1.5, 0.7, 0.0, 0.0), (1.0, -0.3, 0.0, 0.0)):
        d_loss, g_loss = torch.tensor(d), torch.tensor(g, requires_grad=True)
        with Looks() as looks:
            found = call(f, d_loss, g_loss, 1.0)
        found = tensor(found, (), "the loss", like=g_loss)
        case = f"for a d_loss of {d}, a g_loss of {g} and a limit of 1"
        mistakes = (
            (0.7 - right, "the choice is turned round: the generator's loss counts while D's is *below* the limit."),
            (g if d == 1.0 else torch.nan, "at the limit itself the loss is 0: below it, d_loss < limit."),
            (d, "this is d_loss; the generator's is asked for."),
        )
        equal(found, torch.tensor(right), mistakes, "the loss", case)
        if looks.count:
            raise Wrong(
                "the number is right, but Python looked at a tensor's value on the way (if, float, bool, .item()). In "
                "a recorded step that decision would be frozen."
            )
        if slope:
            gradient(found, g_loss, torch.tensor(slope), "g_loss")
        elif found.requires_grad:
            (back,) = torch.autograd.grad(found, g_loss, allow_unused=True)
            if back is not None and back != 0:
                raise Wrong(f"{case} the loss is 0, and yet its gradient is {float(back):.3g}.")
    found = tensor(call(f, torch.tensor(9.0), torch.tensor(torch.inf), 1.0), (), "the loss")
    if not found == 0:
        raise Wrong(
            f"nearly: where the game has broken and g_loss is infinite, 0 times it is {float(found)}. Choose, do not "
            "multiply."
        )
    return "right: the choice is an operation like any other, and is made again in each replay."


# ---- 12.4 ----

Parameters = Mapping[str, Tensor]


def all_gradients(
    loss: Callable[[Parameters, Tensor], Tensor], parameters: Parameters, batches: Tensor
) -> dict[str, Tensor]:
    """The gradients of S models by one call: parameters {name: (S, ...)}, batches (S, N, d) -> {name: (S, ...)}."""
    return torch.func.vmap(torch.func.grad(loss))(dict(parameters), batches)


def _linear_autoencoders() -> tuple[dict[str, Tensor], Tensor]:
    g = torch.Generator().manual_seed(1)
    parameters = {"down": torch.randn(3, 4, 2, generator=g), "up": torch.randn(3, 2, 4, generator=g)}
    return parameters, torch.randn(3, 5, 4, generator=g)


@task(
    "12.4",
    "many models by one call",
    hints=(
        "Write it for one model first: torch.func.grad(loss) is a function of (parameters, batch) that returns a dict "
        "of gradients.",
        "torch.func.vmap(function) runs a function over the first axis of all that it is given, dicts too.",
        "return torch.func.vmap(torch.func.grad(loss))(parameters, batches).",
    ),
    part=lambda: all_gradients,
)
def many_models(f: Any) -> str:
    """all_gradients(loss, parameters, batches) = the gradient of each model's own loss, by one call of loss."""
    parameters, batches = _linear_autoencoders()
    called = 0

    def loss(parameters: Parameters, batch: Tensor) -> Tensor:
        nonlocal called
        called += 1
        return (batch @ parameters["down"] @ parameters["up"] - batch).square().sum(-1).mean()

    found = call(f, loss, parameters, batches)
    if not isinstance(found, Mapping) or set(found) != set(parameters):
        raise Wrong(_no('a dict with the names of the parameters, here "down" and "up",', found))
    times = called
    own = [{name: p[s] for name, p in parameters.items()} for s in range(3)]
    for name, p in parameters.items():
        right = torch.stack([torch.func.grad(loss)(own[s], batches[s])[name] for s in range(3)])
        first = torch.stack([torch.func.grad(loss)(own[s], batches[0])[name] for s in range(3)])
        mistakes = (
            (
                right / 3,
                "this is the gradient of the *mean* over the models: 3 times too short. Sum them.",
            ),
            (first, "all models were given the first batch; each has its own."),
            (-right, "the sign is turned round; the step subtracts."),
            (right.sum(0, keepdim=True).expand_as(right), "the gradients of all models were added up."),
        )
        value = tensor(found[name], tuple(p.shape), f"the gradient of {name!r}", like=p)
        equal(value, right, mistakes, f"the gradient of {name!r}")
    if times > 1:
        raise Wrong(f"the numbers are right, but loss was called {times} times, one model after the other: use vmap.")
    return "right: one call, and each model has just its own gradient."


# ---- 12.5 ----


def compared(a: Tensor, b: Tensor) -> tuple[float, float]:
    """Mean of b − a over seeds, and its standard error; a[k] and b[k] belong to one seed."""
    difference = b - a
    return float(difference.mean()), float(difference.std() / len(difference) ** 0.5)


@task(
    "12.5",
    "is it better?",
    hints=(
        "a[k] and b[k] share their seed: subtract seed by seed first, and go on with the differences.",
        "The standard error of a mean of n values is their standard deviation (with n − 1) divided by the root of n.",
        "d = b - a; return float(d.mean()), float(d.std() / len(d) ** 0.5).",
    ),
    part=lambda: compared,
)
def better(f: Any) -> str:
    """compared(a, b) = (mean of b − a, standard error of that mean)."""
    a, b = torch.tensor([1.0, 5.0, 9.0, 2.0]), torch.tensor([2.0, 5.5, 11.0, 2.5])
    found = call(f, a, b)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong(_no("a pair of numbers, the mean difference and its standard error,", found))
    mean, error = (float(number(v, name)) for v, name in zip(found, ("the mean", "the standard error"), strict=True))
    d, n = b - a, len(a)
    if abs(mean - 1.0) > 1e-5:
        told = "the sign is turned round: b − a, so that a positive number says that b is larger." if mean == -1 else ""
        raise Wrong(f"not yet: the mean difference is 1.0000; yours is {mean:.4f}. {told}".rstrip())
    mistakes = {
        float(d.std()): "this is the standard deviation of the differences. Their mean is surer: divide by √n.",
        float(d.std() / n): "divide by the *root* of n.",
        float(d.std(correction=0) / n**0.5): "n − 1 in the variance: the mean was estimated from the same values.",
        float((a.var() / n + b.var() / n).sqrt()): "this is the standard error for *other* seeds in a and in b. "
        "Here a[k] and b[k] share a seed: subtract first, and what they share cancels.",
        float(d.var() / n): "this is its square: take the root.",
    }
    right = compared(a, b)[1]
    if abs(error - right) > 1e-5:
        for value, sentence in mistakes.items():
            if abs(error - value) < 1e-5:
                raise Wrong(f"not yet: {sentence}")
        raise Wrong(f"not yet: the standard error is {right:.4f}; yours is {error:.4f}.")
    return "right: seed by seed, and with a measure of how sure you can be."

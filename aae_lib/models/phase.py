"""The one idea of this library: a model is an autoencoder and its phases.

    phase = name · draw(minibatch, generator) -> batch · loss(model, batch, terms) -> scalar · updates · optimizer

For every update the theory says *which loss* it lowers and *whose parameters* it moves; a `Phase` says just that.
`draw` makes everything random, so that the loss is a pure function of model and batch.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from ..arguments import Kind, count, function, number, one_made_of, shown, switch, takes, text
from ..data import Minibatch
from ..optimizers import SGD, STEP, Adam, Optimizer

Batch = dict[str, Tensor]
Draw = Callable[[Minibatch, Generator], Batch]
Loss = Callable[[Any, Batch, Mapping[str, float]], Tensor]  # Any: the class of model that has the phase
Share = Callable[[Any, Batch], Batch]


OPTIMIZER = one_made_of(Adam, SGD, example="Adam(lr=1e-3)")


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        raise ValueError
    names = tuple(text().take(name) for name in value)
    if not names:
        raise ValueError
    return names


def _loss(value: Any) -> Loss:
    """A loss of torch, or of `losses`, takes tensors; a phase's loss takes the model and its batch."""
    plain = getattr(value, "func", value)  # of a functools.partial
    home = (plain if hasattr(plain, "__name__") else type(plain)).__module__ or ""
    home = home or ("torch" if inspect.isbuiltin(plain) else "")
    if home.split(".")[0] == "torch" or home == "aae_lib.losses":
        raise ValueError
    return function(arguments=3).take(value)


LOSS = Kind(
    "a function loss(model, batch, terms), such as lambda model, batch, terms: "
    'losses.mse(model.decoded(batch), batch["x"])',
    _loss,
)


def _of_names(kind: Kind) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {text().take(name): kind.take(each) for name, each in dict(value).items()}


@takes(
    name=text(),
    loss=LOSS,
    updates=Kind('names in a tuple, such as ("encoder", "decoder"), or ("encoder",) with its comma', _names),
    draw=function("model.draw_images", arguments=2),
    share=function("lambda model, batch: {...}", arguments=2),
    optimizer=OPTIMIZER,
    weight=number(least=0, most=1e6),
    terms=Kind('numbers of at least 0 by name, such as {"r1": 0.1}', _of_names(number(least=0, most=1e9))),
    begins=Kind('steps by name, such as {"r1": 500}', _of_names(STEP)),
    repeats=count(0, 1000),
    moves_statistics=switch(),
    by_rows=switch(),
)
@dataclass(frozen=True)
class Phase:
    """One update of a training step.

    Parameters
    ----------
    name : str
        What the history, the sliders and the checkpoints call it.
    loss : callable
        loss(model, batch, terms) -> 0-d tensor; pure: no randomness, nothing kept.
    updates : tuple of str
        Names of the modules or parameters that move, e.g. ("encoder", "decoder"); all others are held fixed.
    draw : callable, optional
        draw(minibatch, generator) -> batch, a dict of tensors (B, ...); everything random happens here. None: the
        batch of the phase before is used again.
    share : callable, optional
        share(model, batch) -> dict, added to the batch: a forward pass done once for this phase and the next ones that
        reuse its batch. Safe only if no phase in between moves the networks used: D's update leaves the encoder alone,
        so both players use the same z.
    optimizer : Adam or SGD
        Of this phase alone; default `Adam()`.
    weight : float, default 1
        Scales the *update* (the learning rate), not the loss; 0 leaves the parameters as they are.
    terms : dict of str to float
        Weights of terms inside the loss, where their ratio counts, e.g. {"r1": 0.1}.
    begins : dict of str to int
        The step at which something begins, by its name: a term of the loss, or the phase itself. Until then it has
        weight 0.
    repeats : int, default 1
        How many times in a row the phase runs within a step, each time with a new batch.
    moves_statistics : bool, default False
        Whether batch norm's running statistics follow this phase (the reconstruction alone).
    by_rows : bool, default True
        Whether the loss is a mean over the batch's rows, which several processes can share out; False where it
        compares rows with each other, as MMD does.

    Examples
    --------
    >>> import aae_lib as aae
    >>> phase, *_ = aae.AE((1, 8, 8)).phases()
    >>> phase.replace(weight=0.5).weight
    0.5
    """

    name: str
    loss: Loss
    updates: tuple[str, ...]
    draw: Draw | None = None
    share: Share | None = None
    optimizer: Optimizer = field(default_factory=Adam)
    weight: float = 1.0
    terms: Mapping[str, float] = field(default_factory=dict)
    begins: Mapping[str, int] = field(default_factory=dict)
    repeats: int = 1
    moves_statistics: bool = False
    by_rows: bool = True
    instead: ClassVar[str] = (
        "phase.replace({name}=...) makes another one for Trainer(phases=...), and trainer.weights, terms and repeats "
        "steer a run"
    )

    def replace(self, **changes: Any) -> "Phase":
        """A copy with some fields changed: `phase.replace(loss=my_loss)`."""
        return replace(self, **changes)

    def parameters(self, model: nn.Module) -> dict[str, nn.Parameter]:
        """The exact parameters that this phase moves, by their names in the model."""
        every = dict(model.named_parameters())
        found: dict[str, nn.Parameter] = {}
        for name in self.updates:
            part = {k: p for k, p in every.items() if k == name or k.startswith(f"{name}.")}
            if not part:
                known = sorted({k.split(".")[0] for k in every})
                raise ValueError(f"phase {self.name!r} updates {name!r}, but the model has only {', '.join(known)}.")
            found |= part
        return found

    def drawn(self, minibatch: Minibatch, generator: Generator) -> Batch:
        """What `draw` returns, once it has been found to be a batch."""
        assert self.draw is not None
        return self._as_batch("draw", self.draw(minibatch, generator))

    def shared(self, model: Any, batch: Batch) -> Batch:
        """What `share` returns, once it has been found to be a batch."""
        assert self.share is not None
        return self._as_batch("share", self.share(model, batch))

    def _as_batch(self, name: str, value: Any) -> Batch:
        if isinstance(value, dict) and all(isinstance(tensor, Tensor) for tensor in value.values()):
            return value
        raise ValueError(f"{name} of phase {self.name!r} must return a dict of tensors; got {shown(value)}.")

    def gradients(self, loss: Tensor, parameters: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """d loss / d (each of this phase's parameters), and of nothing else: no other network is touched."""
        if not isinstance(loss, Tensor):
            raise ValueError(
                f"the loss of phase {self.name!r} must be a tensor of shape (), with its gradient; got {shown(loss)}."
            )
        if loss.is_complex():
            raise ValueError(f"the loss of phase {self.name!r} is complex: take its absolute value.")
        if loss.dim():
            raise ValueError(f"the loss of phase {self.name!r} has shape {tuple(loss.shape)}, not (): take its mean.")
        if not torch.is_grad_enabled():
            raise ValueError("gradients are switched off here, by no_grad or inference_mode: train outside of it.")
        if held := [name for name, parameter in parameters.items() if not parameter.requires_grad]:
            raise ValueError(
                f"phase {self.name!r} is to move {', '.join(held[:3])}, whose gradient is switched off: "
                "requires_grad_(True), or hold the phase still by weight 0."
            )
        if not loss.requires_grad:
            moved = ", ".join(self.updates)
            raise ValueError(
                f"the loss of phase {self.name!r} depends on no parameter of {moved}: a detach too many? encode and "
                "decode give no gradient either; model.codes(batch) and model.decoded(batch) do."
            )
        try:
            gradients = torch.autograd.grad(loss, tuple(parameters.values()), allow_unused=True)
        except RuntimeError as error:
            if "a second time" not in str(error):
                raise
            raise ValueError(
                f"the loss of phase {self.name!r} has been differentiated already: return it without backward()."
            ) from None
        if idle := [name for name, gradient in zip(parameters, gradients, strict=True) if gradient is None]:
            raise ValueError(
                f"the loss of phase {self.name!r} does not use {', '.join(idle[:3])}, which it is to move; if a "
                "network was put in since, make a new trainer."
            )
        # the fused optimizers read memory in order: a transposed or expanded gradient would move the wrong numbers
        return tuple(gradient.contiguous() for gradient in gradients)


def check_phases(phases: Any) -> tuple[Phase, ...]:
    """The phases, once they have been found to work together; else ValueError."""
    if not isinstance(phases, tuple | list) or not all(isinstance(phase, Phase) for phase in phases):
        raise ValueError(f"phases must be a tuple of Phase, such as model.phases(); got {shown(phases)}.")
    names = [phase.name for phase in phases]
    if not names:
        raise ValueError("there are no phases, so there is nothing to train: model.phases() has those of the model.")
    if len(set(names)) < len(names):
        raise ValueError(f"a trainer needs phases with names of their own; got {names}.")
    if taken := {"step", "seconds", "member"} & set(names):
        raise ValueError(f"a phase cannot be called {taken.pop()!r}, which is a column of the history.")
    for before, phase in zip((None, *phases), phases, strict=False):
        if phase.draw is None and before is None:
            raise ValueError(f"phase {phase.name!r} comes first, so it needs a draw of its own.")
        if unknown := set(phase.begins) - {phase.name, *phase.terms}:
            raise ValueError(f"phase {phase.name!r} has nothing named {', '.join(sorted(unknown))} that could begin.")
        if phase.repeats < 1:
            raise ValueError(f"phase {phase.name!r} has repeats={phase.repeats}; to hold it still, give it weight 0.")
    return tuple(phases)

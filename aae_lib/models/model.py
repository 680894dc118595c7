"""What trainer, panel, measures and pictures ask of a model: the base class, and what a model can do."""

import copy
import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, NoReturn, ParamSpec, Self, TypeVar

import torch
from torch import Tensor, nn

from ..arguments import as_tensor, path, switch, takes
from ..data import Minibatches
from ..networks import Discriminator, Encoder, TwoHeads
from ..priors import Prior, PriorLike, as_prior
from .lock import StepLock
from .phase import Phase

INSTEAD = {  # what others call it
    "fit": "aae.Trainer(model, data).run(steps=4000) trains it",
    "fit_transform": "aae.Trainer(model, data).run(steps=4000) trains it, then model.encode(images) gives codes",
    "transform": "model.encode(images) gives codes",
    "inverse_transform": "model.decode(z) gives images",
    "predict": "model.encode(images) gives codes, and model.classify(images) categories where it has some",
    "predict_proba": "model.classify(images) gives categories where it has some",
    "classify": "SemiSupervisedAAE, ClusterAAE and MapAAE have a category to give",
    "generate": "model.sample(n) gives images",
    "load": "aae.load_model(path) gives back what model.save(path) or trainer.save(folder) has kept",
}
M = TypeVar("M", bound=nn.Module)
P = ParamSpec("P")
R = TypeVar("R")
ROW = 4096  # numbers of an argument that are written down; a longer one is known by its SHA-256


@dataclass(frozen=True)
class Abilities:
    """What a model can do besides being trained; its class states it as `can`.

    Parameters
    ----------
    encode : bool
        encode(images) -> codes (N, d).
    decode : bool
        decode(z) -> images.
    classify : bool
        classify(images) -> (N, K), how likely each category is.
    categories : int or None
        K where the code has a category y.
    named_categories : bool
        Whether category k is class k, as labels have told.
    see_category : bool
        Whether the decoder needs the category as well as the code: decode(z, y).
    need_labels : bool
        Whether an image can only be reconstructed with its label: reconstruct(images, labels).
    heads : bool
        `cluster_heads` (K, d): a place on the map for each category.
    play : bool
        Whether `discriminator(z)` is asked about the very codes that `encode` gives.
    told_classes : int or None
        K where the discriminator is told a label of K classes.
    pull : bool
        Whether losses ask `encoder(x, noise)` for codes, so that each code's slope can be drawn (not a VAE's).
    add_noise : bool
        `input_noise`: standard deviation of the noise on what the encoder sees, which may be changed between steps.

    Examples
    --------
    >>> import aae_lib as aae
    >>> aae.MapAAE((1, 8, 8), categories=20).can.categories
    20
    """

    encode: bool = False
    decode: bool = False
    classify: bool = False
    categories: int | None = None
    named_categories: bool = False
    see_category: bool = False
    need_labels: bool = False
    heads: bool = False
    play: bool = False
    told_classes: int | None = None
    pull: bool = False
    add_noise: bool = False


def can(model: object) -> Abilities:
    """What the model can do: as its class states; for a foreign object, by the names that it has.

    Examples
    --------
    >>> can(object()).encode
    False
    """
    model = unwrapped(model)
    if isinstance(model, Model):
        return model.can
    has = [name for name in ("encode", "decode", "classify") if callable(getattr(model, name, None))]
    return Abilities(
        **dict.fromkeys(has, True),
        categories=getattr(model, "categories", None),
        play=callable(getattr(model, "discriminator", None)),
        pull=isinstance(getattr(model, "encoder", None), nn.Module),
        add_noise=hasattr(model, "input_noise"),
    )


def unwrapped(model: Any) -> Any:
    """The model inside a `torch.compile(model)`; any other object as it is.

    Examples
    --------
    >>> unwrapped("a")
    'a'
    """
    return getattr(model, "_orig_mod", model)


class Model(nn.Module):
    """A model that a `Trainer` trains: networks, a prior, and `phases()`.

    Subclasses set the networks, call `set_prior`, write `phases`, and state what they can do in `can`. The arguments
    of the constructor are kept: `arguments` holds those that can be written as JSON, which is what a checkpoint
    compares and what a saved model is built from; set later, they say that they are fixed. A network of your own takes
    the place of one by `model.encoder = ...`, before the trainer is made, which tries it on one image.

    Attributes
    ----------
    latent_dim : int
        d, the length of a code.
    prior : Prior
        p(z).
    lock : StepLock
        Held during every training step; `encode` and its like take it, so that they may be called at any time.

    Examples
    --------
    >>> import aae_lib as aae
    >>> model = aae.AE((1, 8, 8), latent_dim=2)
    >>> isinstance(model, aae.models.Model), model.arguments["latent_dim"]
    (True, 2)
    """

    latent_dim: int
    arguments: dict[str, Any]
    lock: StepLock
    fixed: ClassVar[frozenset[str]] = frozenset()  # names of attributes that keep the value of the constructor

    if TYPE_CHECKING:  # there where `can` says so: ask it first
        image_shape: tuple[int, ...]
        input_noise: float
        categories: int
        cluster_heads: nn.Parameter
        encoder: Encoder | TwoHeads
        discriminator: Discriminator
        encode: Callable[..., Tensor]
        decode: Callable[..., Tensor]
        classify: Callable[..., Tensor]
        reconstruct: Callable[..., Tensor]
        sample: Callable[..., Tensor]

    # not in __init__: so no subclass can forget it, and every argument of every constructor is caught
    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self.__dict__["arguments"] = _arguments(cls, args, kwargs)
        self.__dict__["lock"] = StepLock()
        return self

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.fixed = _fixed(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        own = getattr(type(self), name, None)
        if isinstance(own, property):  # which nn.Module passes by, where the value is a network
            if own.fset is None:
                raise AttributeError(f"{name} of a model cannot be set: it follows from what the model is made of.")
            own.fset(self, value)
            return
        if name in self.__dict__ and name in self.fixed and not _same(self.__dict__[name], value):
            raise AttributeError(
                f"{name} is fixed once the model is made: {type(self).__name__}(..., {name}=...) makes another."
            )
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in INSTEAD:
            raise AttributeError(f"a model has no {name}: {INSTEAD[name]}.")
        return super().__getattr__(name)

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        """A model has several networks, and is not called itself."""
        raise TypeError(
            "a model is not called: model.encode(images) gives codes, model.reconstruct(images) images, and "
            "model.encoder(x), model.decoder(z) are its networks."
        )

    @property
    def can(self) -> Abilities:
        """What this model can do besides being trained."""
        return Abilities()

    def phases(self) -> tuple[Phase, ...]:
        """The model's training step. Replace a part with `phase.replace(loss=...)` and hand the list to the trainer."""
        raise NotImplementedError(f"{type(self).__name__} has no phases().")

    def prepare(self, minibatches: Minibatches) -> None:
        """Before training starts: refuse data that this model cannot learn from, and take from it what it needs."""

    def set_prior(self, prior: PriorLike) -> None:
        """Take another p(z) from the next step on; ValueError if it does not fit, and the old one stays."""
        prior = as_prior(prior)
        self.check_prior(prior)
        with self.lock:
            self._prior = prior

    @property
    def prior(self) -> Prior:
        """p(z); set, it is looked at as by `set_prior`."""
        return self._prior

    @prior.setter
    def prior(self, prior: PriorLike) -> None:
        self.set_prior(prior)

    def check_prior(self, prior: Prior) -> None:
        """Refuse a prior that this model cannot use, with a sentence."""
        if prior.dim != self.latent_dim:
            raise ValueError(f"the prior has dimension {prior.dim!r}, the code {self.latent_dim}: make them equal.")

    @property
    def value_range(self) -> tuple[float, float]:
        """What a picture shows as black and as white: (0, 1), or the range of the training samples."""
        return 0.0, 1.0

    @property
    def style_prior(self) -> Prior:
        """The prior that D's real samples come from: `prior`, except in a `MapAAE`."""
        return self.prior

    @property
    def drawn_by(self) -> tuple[float | int | None, ...] | None:
        """The numbers that the phases' draws depend on, besides minibatch and priors; stated only where what is drawn
        has a row for each image of the minibatch, independent of the other rows."""
        return None

    @takes(path=path(), overwrite=switch())
    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model to one file, to be read by `aae.load_model(path)`. Nothing is pickled.

        Parameters
        ----------
        path : path
            Ends in .safetensors; its folder is made if missing. The file holds the weights, and in its metadata the
            class, its arguments and the prior. (To go on with training, save the trainer.)
        overwrite : bool, default False
            Whether an earlier file of another model may be replaced: one of another class, shape, seed or prior. One of
            this model is replaced in any case, and no other file ever is.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            For a class of your own, a file that may not be replaced, or a place that cannot be written to.

        Examples
        --------
        >>> import tempfile, aae_lib as aae
        >>> model = aae.AE((1, 8, 8), hidden=(16,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     aae.load_model(model.save(folder + "/small.safetensors")).latent_dim
        2
        """
        from . import saved

        return saved.save(self, Path(path), overwrite)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def evaluate(self, forward: Callable[[Tensor], Tensor], rows: Tensor, shape: tuple[int, ...]) -> Tensor:
        """forward(rows), in evaluation mode, without gradients, between two training steps.

        Parameters
        ----------
        forward : callable
            forward(rows) -> tensor (n, *shape).
        rows : tensor
            (N, ...), which go through in parts, so that any number fits.
        shape : tuple of int
            Of a row of the result.

        Returns
        -------
        tensor
            (N, *shape), on the model's device.
        """
        with self.lock, torch.no_grad():
            was_training = self.training
            self.eval()
            try:
                parts = [forward(part.to(self.device)) for part in rows.split(4096)] if len(rows) else []
            finally:
                self.train(was_training)
        return torch.cat(parts) if parts else torch.zeros(0, *shape, device=self.device)


def of_one_moment(measure: Callable[Concatenate[M, P], R]) -> Callable[Concatenate[M, P], R]:
    """A measure or picture of a model, measure(model, ...), that sees the model at one moment throughout.

    Where another thread trains the model, a copy is measured, taken between two steps. Of a compiled model, the model.
    """

    @functools.wraps(measure)
    def asked(model: M, *args: P.args, **kwargs: P.kwargs) -> R:
        model = unwrapped(model)
        if isinstance(model, Model) and model.lock.elsewhere:
            with model.lock:
                model = copy.deepcopy(model)
        return measure(model, *args, **kwargs)

    return asked


def _fixed(cls: type) -> frozenset[str]:
    """Arguments of the library's own constructors: phases and checkpoints have taken them as they were."""
    own = [c for c in cls.__mro__ if c.__module__.startswith("aae_lib.") and "__init__" in vars(c)]
    return frozenset(name for c in own for name in inspect.signature(vars(c)["__init__"]).parameters)


def _same(old: Any, new: Any) -> bool:
    return old is new or bool(type(old) is type(new) and not isinstance(old, Tensor) and old == new)


def _arguments(cls: type, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Every argument of the constructor by name, with its default where none was given; plain JSON.

    Read from the signatures: the class's own, and its parents' as long as `**options` hands arguments on to them. The
    prior describes itself, and optimizers belong to the phases.
    """
    found: dict[str, Any] = {}
    given, rest = dict(kwargs), list(args)
    for owner in (owner for owner in cls.__mro__ if "__init__" in vars(owner)):
        parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        by_place = [p.name for p in named if p.kind is not p.KEYWORD_ONLY]
        given |= dict(zip(by_place, rest, strict=False))
        # *rest hands the others on to the parent
        rest = rest[len(by_place) :] if any(p.kind is p.VAR_POSITIONAL for p in parameters) else []
        for p in named:
            value = given.get(p.name, p.default)
            if value is not p.empty:
                found.setdefault(p.name, value)
        if not rest and not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return {name: _plain(name, value) for name, value in found.items() if name != "prior" and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(_is_plain(part) for part in value)
    return value is None or isinstance(value, str | bool | int | float | Tensor) or hasattr(value, "item")


def _plain(name: str, value: Any) -> Any:
    """As JSON will give it back: lists, Python's own numbers; of a large tensor its shape and SHA-256."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(name, part) for part in value]
    if hasattr(value, "item"):
        if getattr(value, "ndim", 0) == 0:
            return value.item()
        if getattr(value, "is_meta", False):
            raise ValueError(f"{name} holds no numbers: it is a tensor on the meta device.")
        content = as_tensor(name, value).detach().cpu().contiguous()
        if content.ndim == 1 and len(content) <= ROW:
            return content.tolist()
        return {"shape": list(content.shape), "sha256": hashlib.sha256(content.numpy().tobytes()).hexdigest()}
    return value

"""The base class of all models: what trainer, panel, measures and pictures ask of one."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import torch
from torch import Tensor, nn

from ..arguments import path, switch, takes
from ..data import Minibatches
from ..networks import Discriminator, Encoder, TwoHeads
from ..priors import Prior, PriorLike, as_prior
from .abilities import Abilities
from .constructor import arguments_of, fixed_names, same
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
        self.__dict__["arguments"] = arguments_of(cls, args, kwargs)
        self.__dict__["lock"] = StepLock()
        return self

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.fixed = fixed_names(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        own = getattr(type(self), name, None)
        if isinstance(own, property):  # which nn.Module passes by, where the value is a network
            if own.fset is None:
                raise AttributeError(f"{name} of a model cannot be set: it follows from what the model is made of.")
            own.fset(self, value)
            return
        if name in self.__dict__ and name in self.fixed and not same(self.__dict__[name], value):
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

    def check_data(self, minibatches: Minibatches) -> None:
        """Before training starts: refuse data that this model cannot learn from."""

    def prepare(self, minibatches: Minibatches) -> None:
        """Take from the data what training needs, once nothing has been refused."""

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

    @property
    def read_by_losses(self) -> tuple[object, ...]:
        """What the losses read besides parameters, batch and terms; the members of a sweep must agree in it."""
        return ()

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

"""What the options of `aae train` ask for: data, a model, its trainer."""

import argparse
from typing import Any

from .faults import OptionError, blame
from .machine import find_device
from .own_data import own_options, read_own

MODELS = {
    "ae": "AE",
    "vae": "VAE",
    "wae": "WAE",
    "aae": "AAE",
    "supervised": "SupervisedAAE",
    "semi-supervised": "SemiSupervisedAAE",
    "cluster": "ClusterAAE",
    "map": "MapAAE",
}
WITH_GAME = ("aae", "supervised", "semi-supervised", "cluster", "map")
PRIORS = ("gaussian", "ring", "grid", "uniform", "circle", "sphere", "swiss-roll", "categorical")


def build(options: argparse.Namespace) -> tuple[Any, Any, int]:
    """Data, trainer and number of steps that the options of `train` ask for."""
    import aae_lib

    from ..data import Minibatches, load
    from ..optimizers import Cosine
    from ..training import Trainer
    from ..training.devices import check_precision

    arguments = model_arguments(options)
    device = find_device(options.device)
    with blame(f"--precision {options.precision}"):
        check_precision(options.precision, device)
    own = own_options(options)
    data = read_own(**own) if own else load(options.dataset, folder=options.data_dir)
    if options.labels:
        data = with_labels(options, data, arguments)
    with blame(f"--batch-size {options.batch_size}"):
        minibatches = Minibatches(data.train, options.batch_size)
    steps = 4000 if options.steps is None and options.epochs is None else options.steps
    total = minibatches.count(steps, options.epochs)
    if total < 1:
        raise OptionError(f"--epochs {options.epochs:g} is less than one step: ask for more.")
    if "categories" in arguments:
        if not arguments["categories"] and data.classes < 2:
            raise OptionError("--categories K is needed: these data do not have two classes to take the number from.")
        arguments["categories"] = arguments["categories"] or data.classes
    with blame(f"--model {options.model} with --prior {options.prior}"):
        model = getattr(aae_lib, MODELS[options.model])(data.image_shape, **arguments)
        model.check_data(minibatches)
    trainer = Trainer(
        model,
        data,
        seed=options.seed,
        device=device,
        precision=options.precision,
        batch_size=options.batch_size,
        schedule=Cosine(total),
    )
    return data, trainer, total


def model_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the model, before there are data: of a category's length None, if it is to be theirs."""
    from .. import priors
    from ..optimizers import Adam
    from ..priors.naming import ANY_DIM

    with_category = options.model in WITH_GAME[1:]
    style = 10 if with_category and options.model != "map" and options.prior in ANY_DIM else 2
    dim = options.latent_dim or style
    with blame(f"--prior {options.prior} with --latent-dim {dim}"):
        prior = priors.named(options.prior, dim=dim)
    arguments: dict[str, Any] = {"latent_dim": dim, "seed": options.seed, "prior": prior, "network": options.network}
    if options.hidden:
        arguments["hidden"] = options.hidden
    if options.posterior:
        arguments["posterior"] = options.posterior
    arguments["likelihood"] = options.likelihood
    arguments["optimizer"] = Adam(options.lr)
    if options.model in WITH_GAME:
        arguments["game_optimizer"] = Adam(options.game_lr, beta1=0.5)
    if options.condition_discriminator:
        if options.model != "supervised":
            raise OptionError(f"--condition-discriminator is for --model supervised, and this is {options.model}.")
        arguments["condition_discriminator"] = True
    if options.labels and options.model not in ("aae", "semi-supervised", "map"):
        raise OptionError(f"--labels keeps a part of the labels, and --model {options.model} cannot use a part.")
    if options.labels and options.model == "aae" and not prior.classes:
        raise OptionError(
            f"--labels {options.labels} needs a prior with a part for each class, and --prior {options.prior} has no "
            "classes: add --prior ring or --prior swiss-roll, or leave --labels out."
        )
    if options.categories is not None and not with_category:
        raise OptionError(f"--categories is for a code with a category, and that of --model {options.model} has none.")
    return arguments | ({"categories": options.categories} if with_category else {})


def with_labels(options: argparse.Namespace, data: Any, arguments: dict[str, Any]) -> Any:
    """The data with this many labels; the model's arguments are told."""
    from dataclasses import replace

    with blame(f"--labels {options.labels}"):
        data = replace(data, train=data.train.keep_labels(options.labels, seed=options.seed))
    parts = arguments["prior"].classes
    if options.model == "map":
        arguments["labelled"] = True
    elif options.model == "aae":
        arguments["classes"] = data.classes
        if parts != data.classes:
            raise OptionError(
                f"--labels {options.labels} needs a prior with a part for each of {data.classes} classes, and --prior "
                f"{options.prior} has {parts}: take --prior ring or --prior swiss-roll, or leave --labels out."
            )
    return data

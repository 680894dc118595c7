"""Checks for lesson 09, learning from few labels."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ...data import Dataset, Split
from .answers import Wrong, call, equal, gradient, kind, number, tensor
from .tasks import task


def two_heads(image: int = 4, categories: int = 3, styles: int = 2) -> SimpleNamespace:
    """A linear model with the names of a SemiSupervisedAAE: encoder.logits, encoder.both, decoder."""
    g = torch.Generator().manual_seed(3)
    to_y, to_z = torch.randn(image, categories, generator=g), torch.randn(image, styles, generator=g)
    back = torch.randn(categories + styles, image, generator=g)
    encoder = SimpleNamespace(
        logits=lambda x: x.flatten(1) @ to_y, both=lambda x: (x.flatten(1) @ to_y, x.flatten(1) @ to_z)
    )
    return SimpleNamespace(
        encoder=encoder, decoder=lambda code: (code @ back).view(-1, 1, 2, 2), categories=categories, latent_dim=styles
    )


def images(n: int, seed: int) -> Tensor:
    return torch.rand(n, 1, 2, 2, generator=torch.Generator().manual_seed(seed))


# ---- 09.1 ----


def known_only(model: Any, batch: Mapping[str, Tensor], terms: Mapping[str, float]) -> Tensor:
    """−log y_label, mean over the images of the batch that have a label."""
    known = batch["y"] >= 0
    return F.cross_entropy(model.encoder.logits(batch["x_in"])[known], batch["y"][known])


@task(
    "09.1",
    "classification, where labels are known",
    hints=(
        'Which rows have a label? batch["y"] >= 0 says it. Take only these, of the logits and of the labels.',
        "−log y_label is the cross-entropy; torch.nn.functional.cross_entropy takes *logits* and whole numbers, and "
        "takes the softmax itself.",
        'known = batch["y"] >= 0, then F.cross_entropy(model.encoder.logits(batch["x_in"])[known], batch["y"][known]).',
    ),
    part=lambda: known_only,
)
def classification(f: Any) -> str:
    """loss(model, batch, terms) = −log y_label, mean over the rows of the batch whose label is known."""
    model, x, x_in = two_heads(), images(5, 0), images(5, 1).requires_grad_()
    y = torch.tensor([2, -1, 0, -1, 1])
    known = y >= 0
    batch = {"x": x, "x_in": x_in, "y": y}
    loss = tensor(call(f, model, batch, {}), (), "the loss", like=x)
    logits = model.encoder.logits(x_in)
    own, names, p = logits[known], y[known], logits.softmax(1)
    right = F.cross_entropy(own, names)
    mistakes = (
        (
            F.cross_entropy(own.softmax(1), names),
            "softmax is taken twice: cross_entropy wants logits, and takes the softmax itself. Of probabilities "
            "it makes a loss that never comes near 0, with a faint gradient.",
        ),
        (F.cross_entropy(p, y.clamp(min=0)), "softmax is taken twice, and −1 was taken for class 0."),
        (3 / 5 * right, "the sum is divided by all images of the batch: divide by those that have a label."),
        (3 * right, "this is the sum; take the mean over the images that have a label."),
        (
            F.cross_entropy(logits, y.clamp(min=0)),
            "−1 was taken for class 0. It means that the label is not known: leave the row out.",
        ),
        (
            F.cross_entropy(logits, y % 3),
            "the place −1 is the *last* one in Python: images without a label were taught the last class.",
        ),
        (
            F.cross_entropy(logits[y > 0], y[y > 0]),
            "class 0 is left out: y > 0 says no to it. A label is known where y >= 0; only −1 means that it is not.",
        ),
        (-right, "the sign is turned round: this makes the right class *less* likely."),
        (-p[known, names].mean(), "the log is missing: −log of the probability, not minus the probability."),
        (p[known].clamp(min=1e-30).log().mean(), "this is the mean over all classes; take the label's own."),
        (
            F.cross_entropy(model.encoder.logits(x)[known], names),
            'this is of the clean images, batch["x"]; the encoder is shown batch["x_in"], to which noise may be added.',
        ),
    )
    equal(loss, right, mistakes, "the loss", "for labels 2, −1, 0, −1, 1")
    gradient(loss, x_in, torch.autograd.grad(right, x_in, retain_graph=True)[0], "the encoder")
    far = {"x": x, "x_in": 400 * x, "y": (model.encoder.logits(x).argmin(1))}
    value = tensor(call(f, model, far, {}), (), "the loss")
    if not torch.isclose(value, known_only(model, far, {}), rtol=1e-4):
        raise Wrong(
            f"nearly: where the encoder is very sure, and wrong, the loss is {float(known_only(model, far, {})):.0f}; "
            f"yours says {float(value):.4g}. softmax rounds to 0 there. Work on the logits: cross_entropy, log_softmax."
        )
    return "right: only images with a label teach, each as much as any other, and softmax is taken once."


# ---- 09.2 ----


def epoch(n: int, labelled: Tensor, size: int, generator: Generator) -> list[tuple[Tensor, Tensor]]:
    """A pass over all n images in batches of `size`; with each, as many labelled rows, drawn at random."""
    order = torch.randperm(n, generator=generator)
    pairs = []
    for k in range(n // size):
        drawn = torch.randint(len(labelled), (size,), generator=generator)
        pairs.append((order[k * size : (k + 1) * size], labelled[drawn]))
    return pairs


@task(
    "09.2",
    "an epoch",
    hints=(
        "How many batches? A pass over *all* n images: n // size of them, however few labels there are.",
        "One torch.randperm(n, generator=generator), cut into pieces of `size`, gives the rows. For the labelled rows "
        "draw places in `labelled` with torch.randint, again for each batch, and look up labelled[places].",
        "[(order[k * size : (k + 1) * size], labelled[torch.randint(len(labelled), (size,), generator=generator)]) "
        "for k in range(n // size)], with order = torch.randperm(n, generator=generator).",
    ),
    part=lambda: epoch,
)
def an_epoch(f: Any) -> str:
    """f(n, labelled, size, generator) -> list of (rows, labelled rows), n // size pairs."""
    n, size = 47, 6
    labelled = torch.tensor([3, 11, 12, 20, 25, 33, 35, 40, 46])
    state = torch.get_rng_state()
    pairs = _pairs(call(f, n, labelled, size, torch.Generator().manual_seed(0)))
    if len(pairs) != n // size:
        raise Wrong(_wrong_count(len(pairs), n, len(labelled), size))
    for part, what in enumerate(("rows", "labelled rows")):
        for pair in pairs:
            if pair[part].shape != (size,) or pair[part].is_floating_point():
                raise Wrong(
                    f"the {what} of each batch are {size} whole numbers; one of yours has the shape "
                    f"{tuple(pair[part].shape)}. (What is left over at the end, less than a batch, is dropped; few "
                    "labels are drawn several times.)"
                )
    if not torch.equal(state, torch.get_rng_state()):  # first: what follows would hang on chance
        raise Wrong("torch's global generator has moved: hand `generator=generator` to everything that is random.")
    rows, known = (torch.cat([pair[part] for pair in pairs]) for part in (0, 1))
    if len(rows.unique()) < len(rows):
        raise Wrong(
            "an image comes twice in one epoch, so others never come: draw one permutation of all images and cut it "
            "into batches."
        )
    if rows.min() < 0 or rows.max() >= n:
        raise Wrong(f"rows run from 0 to {n - 1}; yours from {int(rows.min())} to {int(rows.max())}.")
    if not torch.isin(rows, labelled).any():
        raise Wrong("the rows hold no labelled image: an epoch passes over *all* images, labelled or not.")
    if not torch.isin(known, labelled).all():
        if known.max() < len(labelled):
            raise Wrong(
                "the labelled rows are places in `labelled`, 0, 1, 2, ...; the image's row is what stands *there*: "
                "labelled[places]."
            )
        raise Wrong("among the labelled rows are images without a label: draw them from `labelled` alone.")
    if torch.equal(rows.sort().values, rows):
        raise Wrong("the images come in the order of the file; shuffle them, another way in each epoch.")
    if all(torch.equal(pairs[0][1], pair[1]) for pair in pairs):
        raise Wrong("every batch has the same labelled rows; draw them again for each, or some labels are never used.")
    epochs = [_pairs(call(f, n, labelled, size, torch.Generator().manual_seed(seed))) for seed in range(1, 11)]
    if any(len(epoch) != len(pairs) for epoch in epochs):
        raise Wrong("another generator gives another number of batches: it should change the order alone.")
    drawn = torch.cat([pair[1] for epoch in epochs for pair in epoch])  # 420 draws: chance leaves none of nine out
    if len(drawn.unique()) < len(labelled):
        raise Wrong("some labels are never used: draw from all of `labelled`.")
    again = _pairs(call(f, n, labelled, size, torch.Generator().manual_seed(0)))
    other = epochs[0]
    if not all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(pairs, again, strict=False)):
        raise Wrong("the same generator gives another epoch each time: is something random taken from elsewhere?")
    if all(torch.equal(a[0], b[0]) for a, b in zip(pairs, other, strict=False)):
        raise Wrong("every epoch has the same order: draw the permutation from the `generator` that is passed in.")
    few = _pairs(call(f, 20, torch.tensor([7]), 10, torch.Generator().manual_seed(0)))
    if len(few) != 2 or any((pair[1] != 7).any() for pair in few):
        raise Wrong("nearly: with a single label each batch has that row, `size` times.")
    return "right: every image once, however few are labelled, and the labelled ones drawn again and again."


def _pairs(value: Any) -> list[tuple[Tensor, Tensor]]:
    """The value, if it is a sequence of pairs of what can be tensors; else Wrong, with a sentence."""
    if value is None:
        raise Wrong("your function returns nothing; return a list of pairs (rows, labelled rows).")
    try:
        return [(torch.as_tensor(rows), torch.as_tensor(known)) for rows, known in value]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(
            f"return a list of pairs (rows, labelled rows), a pair for each batch; yours is {kind(value)}."
        ) from None


def _wrong_count(got: int, n: int, labels: int, size: int) -> str:
    want = f"{n} images in batches of {size} are {n // size} batches (what is left over is dropped); yours are {got}."
    if got in (labels // size, -(-labels // size)):
        return f"{want} You counted in *labelled* batches: then a few labels make an epoch of a step or two."
    if got == -(-n // size):
        return f"{want} The last one is not full: leave it out."
    if got == labels:
        return f"{want} That is a batch for each label; an epoch passes over all images."
    return want


# ---- 09.3 ----


def reconstruct_both(model: Any, batch: Mapping[str, Tensor], terms: Mapping[str, float]) -> Tensor:
    """½ Σ_pixels (x − s)², mean over the batch; s decoded from y = softmax(logits) and z of the noisy image."""
    logits, z = model.encoder.both(batch["x_in"])
    s = model.decoder(torch.cat([logits.softmax(1), z], 1)).sigmoid()
    return (batch["x"] - s).square().sum() / (2 * len(s))


@task(
    "09.3",
    "the reconstruction from both parts of the code",
    hints=(
        'model.encoder.both(batch["x_in"]) gives the logits of y and z. The decoder gets y, which is their softmax, '
        "and z side by side: torch.cat([...], 1).",
        "The decoder gives logits of the pixels, so s = sigmoid of them. Compare it with the clean batch['x'].",
        '0.5 * (batch["x"] - s).square().flatten(1).sum(1).mean(): summed over the pixels of an image, then the mean '
        "over the images.",
    ),
    part=lambda: reconstruct_both,
)
def reconstruction(f: Any) -> str:
    """loss(model, batch, terms) = ½ Σ_pixels (x − decoder(y, z))², mean over the batch, from the noisy image."""
    model, x, x_in = two_heads(), images(3, 5), images(3, 6).requires_grad_()
    loss = tensor(call(f, model, {"x": x, "x_in": x_in}, {}), (), "the loss", like=x)
    logits, z = model.encoder.both(x_in)

    def half(y: Tensor, z: Tensor = z, target: Tensor = x, squash: bool = True) -> Tensor:
        out = model.decoder(torch.cat([y, z], 1))
        return (target - (out.sigmoid() if squash else out)).square().sum() / (2 * len(x))

    y = logits.softmax(1)
    right = half(y)
    clean_logits, clean_z = model.encoder.both(x)
    hard = F.one_hot(logits.argmax(1), 3).float()
    pixels = x[0].numel()
    mistakes = (
        (
            2 / pixels * right,
            f"this is the *mean* over the pixels. Half the sum is {pixels // 2} times that here, and 392 times for "
            "28x28: at the paper's learning rates the autoencoder would hardly move.",
        ),
        (1 / pixels * right, "this is half the *mean* over the pixels; half the *sum* is asked for."),
        (2 * right, "the factor ½ is missing."),
        (3 * right, "this is the sum over the batch; take the mean over the images."),
        (6 * right, "this is the whole sum: half of it, and the mean over the images, are asked for."),
        (half(logits), "the decoder got logits: y is their softmax, shares of 1, which the game makes one-hot."),
        (half(logits.sigmoid()), "y is the softmax of the logits, not the sigmoid: the classes share 1 between them."),
        (half(hard), "y was rounded to one-hot: argmax has no slope, so the reconstruction could not move the y head."),
        (half(y, squash=False), "the decoder gives logits of the pixels; s is the sigmoid of them."),
        (half(y, target=x_in), 'the target is noisy: compare with batch["x"]. Noise should be removed, not learned.'),
        (
            half(clean_logits.softmax(1), clean_z),
            'the clean image was encoded; the encoder gets batch["x_in"], the noisy one.',
        ),
        (half(y, 0 * z), "z is missing: the decoder sees y and z side by side."),
        (F.binary_cross_entropy_with_logits(model.decoder(torch.cat([y, z], 1)), x, reduction="sum") / len(x),
         "this is the binary cross-entropy; here it is half the squared error, the paper's."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss", "for three images of four pixels")
    gradient(loss, x_in, torch.autograd.grad(right, x_in)[0], "the encoder")
    return "right: decoded from both parts of the code, summed over the pixels, and held against the clean image."


# ---- 09.4 ----


def chosen_on_validation(models: Mapping[str, Any], data: Dataset) -> tuple[str, float]:
    """The name of the model with the smallest validation error, and *its* test error."""

    def error(model: Any, split: Split) -> float:
        return float((model.classify(split.images).argmax(1) != split.labels).double().mean())

    name = min(models, key=lambda name: error(models[name], data.validation))
    return name, error(models[name], data.test)


class Reader:
    """A model that knows the answers but for some images of each split: its errors are what the check wants."""

    def __init__(self, data: Dataset, wrong: Sequence[int]) -> None:
        self.answers: dict[int, Tensor] = {}
        for part, n in zip(("train", "validation", "test"), wrong, strict=True):
            split = getattr(data, part)
            said = split.labels.clone()
            said[:n] = (said[:n] + 1) % data.classes
            self.answers |= {image.numpy().tobytes(): k for image, k in zip(split.images, said.tolist(), strict=True)}
        self.classes = data.classes
        self.asked: list[int] = []

    def classify(self, images: Tensor) -> Tensor:
        self.asked.append(len(images))
        said = torch.tensor([self.answers[image.numpy().tobytes()] for image in images])
        return F.one_hot(said, self.classes).float()


def small_world() -> tuple[Dataset, dict[str, Reader]]:
    """30 training, 20 validation and 40 test images of three classes, and models of known errors."""
    g = torch.Generator().manual_seed(8)

    def split(n: int) -> Split:
        return Split(torch.randint(256, (n, 1, 2, 2), generator=g, dtype=torch.uint8), torch.arange(n) % 3)

    data = Dataset("small", split(30), split(20), split(40), (1, 2, 2), 3)
    #          wrong in: train, validation, test
    errors = {"a": (9, 6, 12), "b": (6, 2, 10), "c": (3, 4, 4), "d": (0, 8, 16), "e": (12, 10, 9)}
    return data, {name: Reader(data, wrong) for name, wrong in errors.items()}


@task(
    "09.4",
    "choose, then report",
    hints=(
        "Two splits with two jobs: the validation split *chooses*, the test split *reports*.",
        "An error is the share of images whose most probable category is not the label: "
        "(model.classify(split.images).argmax(1) != split.labels).float().mean().",
        "name = min(models, key=lambda name: error(models[name], data.validation)); "
        "return name, error(models[name], data.test).",
    ),
    part=lambda: chosen_on_validation,
)
def choice(f: Any) -> str:
    """f(models, data) -> (name of the model with the smallest validation error, its test error)."""
    data, models = small_world()
    said = call(f, models, data)
    if said is None:
        raise Wrong("your function returns nothing; return the name of the model and its test error.")
    if not isinstance(said, tuple | list) or len(said) != 2 or not isinstance(said[0], str):
        raise Wrong(f"return two things, the name of the chosen model and its test error; yours is {kind(said)}.")
    name, error = said
    error = float(number(error, "the second thing, the test error,"))
    if name not in models:
        raise Wrong(f"there is no model {name!r}; the names are the keys of `models`.")
    right_name, right = chosen_on_validation(models, data)
    choices = {
        "c": "you chose on the *test* split. Then its error is not a report any more: the best of many was picked for "
        "being lucky on just these images.",
        "d": "you chose by the training images, or took the largest validation error: choose the smallest error on "
        "the validation split.",
        "e": "you chose the model with the *largest* validation error; was accuracy meant? Take the smallest error.",
        "a": "you took the first model. Choose the one with the smallest validation error.",
    }
    if name != right_name:
        raise Wrong(f"not yet: {choices[name]}")
    others = (
        (0.1, "this is its validation error, by which it was chosen, so it is too good. Report the *test* error."),
        (1 - right, "this is the accuracy; the error is asked for, 1 minus that."),
        (0.1, "this is the smallest test error of all, that of another model. Report the *chosen* model's."),
        (10.0, "this is a number of images; the error is a share of the images."),
        (25.0, "this is in percent; the error is a share, in [0, 1]."),
        (0.2, "this is its error on the training images."),
    )
    if abs(error - right) > 1e-4:
        for value, sentence in others:
            if abs(error - value) < 1e-4:
                raise Wrong(f"the choice is right, but {sentence}")
        raise Wrong(f"the choice is right, but its test error is {right:.3f}; yours is {error:.3f}.")
    tests = [name for name, model in models.items() if len(data.test) in model.asked]
    if len(tests) > 1:
        raise Wrong(
            f"nearly: the answer is right, but your code computed the test error of {len(tests)} models. What has been "
            "seen cannot be unseen: ask the test split once, for the chosen model."
        )
    return "right: the validation split chose, and the test split was asked once."


# ---- 09.5 ----


def sure_and_even(y: Tensor) -> Tensor:
    """Mean entropy of the rows of y (N, K), minus the entropy of their mean; in nats."""
    return torch.special.entr(y).sum(1).mean() - torch.special.entr(y.mean(0)).sum()


@task(
    "09.5",
    "what the game for y asks, without a player",
    hints=(
        "Two demands: every row of y should be sure (its own entropy small), and the mean of all rows should be even "
        "(its entropy large). A loss is made smaller: so the first with a plus, the second with a minus.",
        "The entropy of shares p is −Σ p log p. Of the rows: sum over the K categories, then the mean over the N "
        "images. Of the mean: y.mean(0) first, then the entropy.",
        "0 · log 0 is NaN for a computer, and one-hot rows are full of zeros: torch.special.entr(p) is −p log p with 0 "
        "at 0. entr(y).sum(1).mean() − entr(y.mean(0)).sum().",
    ),
    part=lambda: sure_and_even,
)
def without_a_player(f: Any) -> str:
    """f(y) = mean entropy of the rows − entropy of the mean row; y (N, K) shares; a scalar in nats."""
    shares = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.5, 0.25, 0.25], [0.9, 0.05, 0.05]])
    logits = shares.log().requires_grad_()
    y = logits.softmax(1)  # what pushes all shares of a row alike is lost in a softmax, so it is judged by the logits
    loss = tensor(call(f, y), (), "the loss", like=y)
    rows, mean = torch.special.entr(y).sum(1), torch.special.entr(y.mean(0)).sum()
    right = rows.mean() - mean
    mistakes = (
        (-right, "the signs are turned round: this makes every row even and all of them alike."),
        (rows.mean() + mean, "both entropies are made small: then *one* category for all images is best. The entropy "
         "of the mean row should be large: subtract it."),
        (rows.mean(), "one half is missing: with sure rows alone, one category for all images is best. Subtract the "
         "entropy of the mean row."),
        (-mean, "one half is missing: an even mean alone is best where every row is even. Add the mean entropy of "
         "the rows."),
        (rows.sum() - mean, "take the *mean* of the rows' entropies, not their sum."),
        (torch.special.entr(y).mean() - mean, "the entropy is a *sum* over the categories; you took a mean."),
        (right / 3, "the entropy is a *sum* over the categories; you took a mean."),
        (right / torch.log(torch.tensor(2.0)), "this is in bits: take the natural logarithm."),
        (rows.mean() - torch.special.entr(y.softmax(1).mean(0)).sum(), "y holds shares already: no softmax."),
        (sure_and_even(y.softmax(1)), "y holds shares already: no softmax."),
        (rows.mean() - torch.special.entr(y.mean(1)).sum(), "take the mean over the images, dim 0: how often each "
         "category is used."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss", "for four rows of three shares")
    gradient(loss, logits, torch.autograd.grad(right, logits, retain_graph=True)[0], "the encoder")
    sharp = torch.eye(3)[[0, 1, 2, 0, 1, 2]]
    best = tensor(call(f, sharp), (), "the loss")
    if not torch.isclose(best, -torch.tensor(3.0).log(), atol=1e-3):
        raise Wrong(
            f"nearly: for one-hot rows, evenly over three categories, it is −log 3 = −1.0986; yours is "
            f"{float(best):.4g}. 0 · log 0 is NaN for a computer: torch.special.entr knows better."
        )
    same = tensor(call(f, torch.eye(3)[[1, 1, 1, 1]]), (), "the loss")
    if not torch.isclose(same, torch.tensor(0.0), atol=1e-3):
        raise Wrong(f"nearly: where all rows are one and the same category it is 0; yours is {float(same):.4g}.")
    return "right: −log K at best, where every row is sure and all categories are used alike."

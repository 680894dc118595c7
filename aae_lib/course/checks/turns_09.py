"""Checks of what the learner writes within lesson 09: a labelled batch, the error, the decoding of y and z, a game."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from ... import losses
from ...data import Split
from .answers import Wrong, call, call_as_is, equal, gradient, kind, number, several, tensor
from .lesson_09 import images, two_heads
from .tasks import task

# ---- a labelled batch ----

LABELS = torch.tensor([2, -1, 0, -1, 1, 0, 0, -1, 2, 0, -1, 0, 0])  # six zeros, one 1, two twos
EACH = 200


def labelled_rows(labels: Tensor, classes: int, each: int, generator: Generator) -> Tensor:
    """(classes · each,) row numbers: `each` of every class, drawn with repetition from the images that have it."""
    rows = []
    for k in range(classes):
        known = (labels == k).nonzero()[:, 0]
        rows.append(known[torch.randint(len(known), (each,), generator=generator)])
    return torch.cat(rows)


@task(
    "09.a",
    "a labelled batch",
    hints=(
        "A loop over the classes. For class k: which rows of `labels` are k? Of these draw `each`, with repetition.",
        "known = (labels == k).nonzero()[:, 0] are the rows; torch.randint(len(known), (each,), generator=generator) "
        "draws places in that list, and known[places] are the rows.",
        "Collect known[torch.randint(len(known), (each,), generator=generator)] for every k in range(classes), and "
        "return torch.cat of them.",
    ),
    part=lambda: labelled_rows,
)
def labelled_batch(f: Any) -> str:
    """f(labels, classes, each, generator) -> (classes · each,) row numbers, `each` of every class, drawn at random."""
    state = torch.get_rng_state()
    rows = _rows(call_as_is(f, LABELS, 3, EACH, Generator().manual_seed(0)), 3 * EACH)
    if not torch.equal(state, torch.get_rng_state()):  # first: what follows would hang on chance
        raise Wrong("torch's global generator has moved: hand `generator=generator` to everything that is random.")
    if rows.min() < 0 or rows.max() >= len(LABELS):
        raise Wrong(f"not yet: row numbers run from 0 to {len(LABELS) - 1}; yours from {rows.min()} to {rows.max()}.")
    found = LABELS[rows]
    counts = [int((found == k).sum()) for k in range(3)]
    told = f"of {3 * EACH} rows, yours has {counts[0]} of class 0, {counts[1]} of class 1, {counts[2]} of class 2"
    if int(rows.max()) < int((LABELS == 0).sum()) and counts != [EACH] * 3:
        raise Wrong(
            "not yet: these are places in the list of one class, 0, 1, 2, ...; the image's row is what stands *there*: "
            "known[places]."
        )
    if (found < 0).any():
        raise Wrong("not yet: some of these images have no label. Draw class k from the rows with labels == k.")
    if counts != [EACH] * 3:
        raise Wrong(f"not yet: every class should come {EACH} times: {told}.")
    if len(rows.unique()) < int((LABELS >= 0).sum()):
        raise Wrong("not yet: some labelled images never come: draw from all that the class has.")
    again = _rows(call_as_is(f, LABELS, 3, EACH, Generator().manual_seed(0)), 3 * EACH)
    other = _rows(call_as_is(f, LABELS, 3, EACH, Generator().manual_seed(1)), 3 * EACH)
    if not torch.equal(again, rows):
        raise Wrong("not yet: the same generator gives other rows each time: is something drawn from elsewhere?")
    if torch.equal(other, rows):
        raise Wrong("not yet: every call gives the same rows: draw them from the `generator` that is passed in.")
    two = torch.tensor([-1, 1, 0, 1])
    if (two[_rows(call_as_is(f, two, 2, 4, Generator().manual_seed(0)), 8)] == 0).sum() != 4:
        raise Wrong("nearly: with two classes and four of each, yours is not balanced. Use `classes` and `each`.")
    return "right: few labels, drawn again and again, and every class as often as any other."


def _rows(value: Any, n: int) -> Tensor:
    """The value, if it is n whole numbers in a tensor; else Wrong, with a sentence."""
    if value is None:
        raise Wrong("your function returns nothing: `return` the row numbers.")
    if isinstance(value, list | tuple):
        raise Wrong(f"return one tensor of row numbers; yours is {kind(value)}. torch.cat joins a list of tensors.")
    if not isinstance(value, Tensor) or value.is_meta or value.is_sparse:
        raise Wrong(f"return a tensor of row numbers; yours is {kind(value)}.")
    if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
        raise Wrong("row numbers are whole numbers (torch.int64), to look up images with.")
    if value.shape != (n,):
        raise Wrong(
            f"the batch should have {n} rows in one list, shape ({n},); yours has shape {tuple(value.shape)}. Where a "
            "class has fewer images than `each`, the same ones come several times."
        )
    return value.long()


# ---- the error ----


def error(model: Any, split: Split) -> float:
    """Share of the images that have a label whose most probable category is not their label."""
    known = split.labels >= 0
    found = model.classify(split.images[known]).argmax(1)
    return float((found != split.labels[known]).float().mean())


SHARES = torch.tensor(
    [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.5, 0.4], [0.3, 0.4, 0.3], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1],
     [0.4, 0.35, 0.25], [0.2, 0.2, 0.6]]
)  # fmt: skip
TRUE = torch.tensor([0, 1, 2, -1, -1, 0, 0, 1])  # rows 0, 1 and 6 are right, 2, 5 and 7 wrong


@task(
    "09.b",
    "the error",
    hints=(
        "Three steps: which images have a label, which category is the most probable for each, and how many of these "
        "are not the label.",
        "known = split.labels >= 0 picks the rows. model.classify(images) has a row of K shares for each image; "
        ".argmax(1) says where the largest is.",
        "found = model.classify(split.images[known]).argmax(1); return (found != split.labels[known]).float().mean()",
    ),
    part=lambda: error,
)
def labels_missed(f: Any) -> str:
    """f(model, split) -> share of the labelled images whose most probable category is not their label."""
    pixels = torch.arange(8, dtype=torch.uint8).view(8, 1, 1, 1)
    model = SimpleNamespace(classify=lambda images: SHARES[images.flatten(1)[:, 0].long()])
    wrong = float(number(call(f, model, Split(pixels, TRUE)), "the error"))
    if abs(wrong - 1 / 2) < 1e-6:
        easy = float(number(call(f, model, Split(pixels[:2], TRUE[:2])), "the error"))
        if abs(easy - 1) < 1e-6:
            raise Wrong("not yet: this is the share that is right; the error is the share that is wrong.")
        if abs(easy) > 1e-6:
            raise Wrong(f"nearly: where both of two images are right, the error is 0; yours is {easy:g}.")
        return "right: this is the number by which everything below is judged."
    mistakes = (
        (5 / 8, "−1 was taken for a label: images without one are neither right nor wrong. Leave them out."),
        (3 / 8, "you divide by all images: divide by those that have a label."),
        (2 / 3, "class 0 is left out: y > 0 says no to it. A label is known where it is >= 0; only −1 means unknown."),
        (3.0, "this is a number of images; the error is a share of those that have a label."),
        (
            5.0,
            "this is a number of images, those without a label among them; a share of the labelled ones is asked for.",
        ),
        (50.0, "this is in percent; the error is a share, in [0, 1]."),
    )
    for value, sentence in mistakes:
        if abs(wrong - value) < 1e-5:
            raise Wrong(f"not yet: {sentence}")
    raise Wrong(f"not yet: of six images with a label three are wrong, so the error is 0.5; yours is {wrong:.4g}.")


# ---- the reconstruction from both parts ----


def reconstruction(model: Any, batch: Mapping[str, Tensor], terms: Mapping[str, float]) -> Tensor:
    """Cross-entropy of the pixels x and what is decoded from y = softmax(logits) and z of the image that is shown."""
    logits, z = model.encoder.both(batch["x_in"])
    return losses.bce(model.decoder(torch.cat([logits.softmax(1), z], 1)), batch["x"])


@task(
    "09.c",
    "decoded from both parts of the code",
    hints=(
        'model.encoder.both(batch["x_in"]) gives two things: the logits of y, and z. The decoder takes one row for '
        "each image: first y, then z.",
        "y = logits.softmax(1), and torch.cat([y, z], 1) puts them side by side. The decoder gives logits of pixels; "
        "aae.losses.bce takes them as they are, without a sigmoid.",
        'return aae.losses.bce(model.decoder(torch.cat([logits.softmax(1), z], 1)), batch["x"])',
    ),
    part=lambda: reconstruction,
)
def both_parts(f: Any) -> str:
    """loss(model, batch, terms): the binary cross-entropy of batch["x"] and what is decoded from y and z."""
    model, x, x_in = two_heads(), images(3, 5), images(3, 6).requires_grad_()
    loss = tensor(call(f, model, {"x": x, "x_in": x_in}, {}), (), "the loss", like=x)
    logits, z = model.encoder.both(x_in)
    clean_logits, clean_z = model.encoder.both(x)

    def of(y: Tensor, z: Tensor = z, target: Tensor = x) -> Tensor:
        return losses.bce(model.decoder(torch.cat([y, z], 1)), target)

    y = logits.softmax(1)
    right, out = of(y), model.decoder(torch.cat([y, z], 1))
    swapped = model.decoder(torch.cat([z, y], 1))
    mistakes = (
        (of(logits), "the decoder got logits: y is their softmax, shares of 1, which the game will make one-hot."),
        (of(logits.sigmoid()), "y is the softmax of the logits, not the sigmoid: the categories share 1 between them."),
        (of(F.one_hot(logits.argmax(1), 3).float()),
         "y was rounded to one-hot: argmax has no slope, so the reconstruction could not move the y head."),
        (of(logits.log_softmax(1)), "the decoder got log-probabilities: y is the softmax itself, shares of 1."),
        (losses.bce(swapped, x), "y and z have changed places: y comes first."),
        (of(y, target=x_in.detach()), 'the target is noisy: compare with batch["x"]. Noise should be removed.'),
        (of(clean_logits.softmax(1), clean_z), 'the clean image was encoded; the encoder is shown batch["x_in"].'),
        (of(y, 0 * z), "z is missing: the decoder sees y and z side by side."),
        (of(0 * y), "y is missing: the decoder sees y and z side by side."),
        (losses.bce(out.sigmoid(), x), "bce takes the decoder's logits and does the sigmoid itself; yours was done "
         "twice."),
        (losses.mse(out, x), "this is the squared error; the binary cross-entropy is asked for."),
        (-right, "the sign is turned round."),
        (right / x[0].numel(), "this is the mean over the pixels; `bce` sums over the pixels of an image."),
        (3 * right, "this is the sum over the images; `bce` is the mean over them."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss", "for three images of four pixels")
    gradient(loss, x_in, torch.autograd.grad(right, x_in)[0], "the encoder")
    return "right: one decoder, and both parts of the code before it, open for the gradient."


# ---- the game for y ----


def game_for_y(discriminator_y: Callable[[Tensor], Tensor], y_prior: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """L_Dy, which moves D_y alone, and L_Gy, which moves the encoder; the categories are softmax(logits)."""
    y = logits.softmax(1)
    lower_d = losses.discriminator_loss(discriminator_y(y_prior), discriminator_y(y.detach()))
    return lower_d, losses.generator_loss(discriminator_y(y))


@task(
    "09.d",
    "the game for y",
    hints=(
        "First y = logits.softmax(1): D_y sees shares, as the prior samples are. Then the two losses of lesson 4, with "
        "y instead of the codes.",
        "aae.losses.discriminator_loss(real, fake) and aae.losses.generator_loss(fake) take D_y's logits. In one of "
        "the two the encoder is held fixed: y.detach().",
        "return (aae.losses.discriminator_loss(discriminator_y(y_prior), discriminator_y(y.detach())), "
        "aae.losses.generator_loss(discriminator_y(y)))",
    ),
    part=lambda: game_for_y,
)
def category_game(f: Any) -> str:
    """f(discriminator_y, y_prior, logits) -> (L_Dy, L_Gy); the first moves D_y alone, the second the encoder."""
    g = Generator().manual_seed(6)
    d = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0))
    with torch.no_grad():
        for p in d.parameters():
            p.copy_(torch.randn(p.shape, generator=g))
    logits = (2 * torch.randn(5, 3, generator=g)).requires_grad_()
    y_prior = F.one_hot(torch.tensor([0, 2, 1, 1, 0]), 3).float()
    said = several(call(f, d, y_prior, logits), 2, "the loss of D_y and that of the encoder")
    loss_d, loss_g = (tensor(v, (), w) for v, w in zip(said, ("the loss of D_y", "the encoder's loss"), strict=True))
    y = logits.softmax(1)
    real, fake = d(y_prior), d(y)
    right_d, right_g = game_for_y(d, y_prior, logits)
    hard = F.one_hot(logits.argmax(1), 3).float()
    others = (
        (logits, "D_y got logits; it compares shares with one-hot rows: y = logits.softmax(1)."),
        (logits.sigmoid(), "y is the softmax of the logits, not the sigmoid: the categories share 1 between them."),
        (hard, "y was rounded to one-hot: so it always looks like a sample, and argmax has no slope."),
        (logits.softmax(0), "the softmax went over the images, dim 0; a row should sum to 1: softmax(1)."),
        (logits.log_softmax(1), "D_y got log-probabilities: y is the softmax itself, shares of 1."),
    )
    half = "half of the loss is missing"
    mistakes_d = (
        *((losses.discriminator_loss(real, d(other)), sentence) for other, sentence in others),
        (losses.discriminator_loss(fake, real), "samples and categories have changed places: \"real\" is the one-hot "
         "sample."),
        (right_g, "the two losses have changed places, or this is the encoder's: first that of D_y."),
        (F.softplus(fake).mean(), f"{half}: what of the samples of p(y)?"),
        (F.softplus(-real).mean(), f"{half}: what of the encoder's categories?"),
        (losses.discriminator_loss(real.sigmoid(), fake.sigmoid()), "the losses take D_y's logits and do the sigmoid "
         "themselves; yours was done twice."),
        (right_d / 2, "this is half of it: the loss is the sum of two means."),
        (5 * right_d, "this sums over the batch: take the means."),
        (-right_d, "the sign is turned round: D_y learns to be wrong."),
    )  # fmt: skip
    mistakes_g = (
        *((losses.generator_loss(d(other)), sentence) for other, sentence in others),
        (losses.saturating_generator_loss(fake), "this is log(1 − D_y), the saturating form; L_G is −log D_y."),
        (F.softplus(fake).mean(), "this is −log(1 − D_y): it pulls y to where D_y is sure that it is no sample."),
        (losses.generator_loss(real), "this is of the prior samples; the encoder's own categories should pass."),
        (losses.generator_loss(fake.sigmoid()), "the losses take D_y's logits and do the sigmoid themselves; yours was "
         "done twice."),
        (right_d, "this is the loss of D_y once more; the encoder wants D_y to take its categories for samples."),
        (5 * right_g, "this sums over the batch: take the mean."),
        (-right_g, "the sign is turned round: the categories are now easier to find."),
    )  # fmt: skip
    equal(loss_d, right_d, mistakes_d, "the loss of D_y", "for five rows of three shares")
    equal(loss_g, right_g, mistakes_g, "the encoder's loss", "for five rows of three shares")
    weight = d.get_parameter("0.weight")
    if (
        loss_d.requires_grad
        and torch.autograd.grad(loss_d, logits, allow_unused=True, retain_graph=True)[0] is not None
    ):
        raise Wrong(
            "nearly: both numbers are right, but the gradient of D_y's loss reaches the encoder. Cut it off: "
            "y.detach()."
        )
    gradient(loss_d, weight, torch.autograd.grad(right_d, weight, retain_graph=True)[0], "D_y")
    gradient(loss_g, logits, torch.autograd.grad(right_g, logits)[0], "the encoder")
    return "right: the same game as for z in lesson 4, played with rows of shares."

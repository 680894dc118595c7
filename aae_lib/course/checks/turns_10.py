"""Checks of what the learner writes within lesson 10: an honest error, a place on the map, the hinge, a vote."""

from typing import Any

import torch
from torch import Tensor

from .answers import Wrong, call, equal, gradient, kind, number, several, tensor
from .lesson_10 import keep_apart, name_clusters
from .tasks import task
from .turns_08 import vote

# ---- naming clusters, and the error on other images ----


def named_error(p_fit: Tensor, labels_fit: Tensor, p_test: Tensor, labels_test: Tensor) -> tuple[Tensor, Tensor]:
    """Names (K,) of the clusters, by the surest image of `fit` in each, and the share of `test` with another label."""
    names = labels_fit[p_fit.argmax(0)]  # (K,)
    found = names[p_test.argmax(1)]  # (M,)
    return names, (found != labels_test).float().mean()


def _shares(clusters: list[int], sure: list[float], k: int) -> Tensor:
    """Rows of shares (N, k): `sure` in the cluster, the rest spread evenly over the others."""
    p = ((1 - torch.tensor(sure)) / (k - 1))[:, None].repeat(1, k)
    p[torch.arange(len(clusters)), torch.tensor(clusters)] = torch.tensor(sure)
    return p


@task(
    "10.a",
    "clusters with names, and their error",
    hints=(
        "Two steps. First the names: in each *column* of p_fit find the image with the largest share; its label is the "
        "name. Then the error: each image of the other part has a cluster, and the cluster has a name.",
        "p_fit.argmax(0) has shape (K,): the number of the surest image of each cluster. p_test.argmax(1) has shape "
        "(M,): the cluster of each image. One tensor may index the other: names[p_test.argmax(1)].",
        "names = labels_fit[p_fit.argmax(0)]; found = names[p_test.argmax(1)]; "
        "return names, (found != labels_test).float().mean()",
    ),
    part=lambda: named_error,
)
def naming(f: Any) -> str:
    """f(p_fit, labels_fit, p_test, labels_test) -> names (K,) whole numbers, and the error, one number."""
    p_fit = _shares(
        [0, 0, 0, 1, 1, 1, 2, 2, 3], [0.7, 0.6, 0.9, 0.8, 0.65, 0.75, 0.85, 0.6, 0.9], 4
    )  # cluster 0: two 5s and, surest, a 1
    labels_fit = torch.tensor([5, 5, 1, 0, 0, 0, 2, 0, 5])
    p_test = _shares([0, 0, 0, 1, 1, 2, 3, 3, 3, 2], [0.9, 0.7, 0.6, 0.8, 0.7, 0.9, 0.7, 0.6, 0.8, 0.65], 4)
    labels_test = torch.tensor([1, 5, 5, 0, 0, 2, 5, 5, 2, 1])
    given = (p_fit, labels_fit, p_test, labels_test)
    names, error = several(call(f, *given), 2, "the names and the error")
    right, wanted = named_error(*given)
    _right_names(names, right, given)
    value = number(error, "the error")
    own = named_error(p_fit, labels_fit, p_fit, labels_fit)[1]
    mistakes = (
        (1 - wanted, "this is the share of *right* images, the accuracy; the error is the share of wrong ones."),
        (own, "this is the error on the images that have named the clusters. Count it on the others."),
        (wanted * len(labels_test), "this is the number of wrong images; take their share."),
        (
            (labels_fit[p_fit.argmax(0)[p_test.argmax(1)]] == p_test.argmax(1)).float().mean(),
            "the names are compared with the numbers of clusters; compare them with labels_test.",
        ),
        (
            (p_test.argmax(1) != labels_test).float().mean(),
            "the *number* of a cluster is compared with the label. Its name is: names[p_test.argmax(1)].",
        ),
    )
    equal(value, wanted, mistakes, "the error")
    few = (p_fit[:2], labels_fit[:2], p_test, labels_test)  # fewer images than clusters
    again = several(call(f, *few), 2, "the names and the error")
    _right_names(again[0], named_error(*few)[0], few)
    equal(number(again[1], "the error"), named_error(*few)[1], what="the error", case="with two images to name by")
    return "right: a label for each cluster, and an error on images that had no say in it."


def _right_names(names: Any, right: Tensor, given: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    p_fit, labels_fit, p_test, labels_test = given
    if isinstance(names, Tensor) and names.ndim == 0:
        raise Wrong("not yet: first the names, one for each cluster, then the error.")
    if not isinstance(names, Tensor):
        raise Wrong(f"the names must be a tensor of whole numbers; yours is {kind(names)}.")
    if names.shape != right.shape:
        more = ""
        if names.shape == labels_fit.shape or names.shape == labels_test.shape:
            more = " An argmax over the columns, .argmax(0), gives one image for each cluster."
        raise Wrong(f"the names must have shape {tuple(right.shape)}; yours have {tuple(names.shape)}.{more}")
    mistakes = (
        (p_fit.argmax(0), "these are the numbers of the surest images; their *labels* are the names."),
        (labels_test[p_test.argmax(0)], "the clusters are named by the images that are to be scored. Use the others."),
        (
            name_clusters(p_fit, labels_fit, "majority"),
            "here all images of a cluster have voted; the rule asks the surest one alone.",
        ),
        (labels_fit[p_fit.argmin(0)], "this takes the image with the *smallest* share of each cluster."),
    )
    if torch.equal(names.long(), right):
        if names.is_floating_point():
            raise Wrong("nearly: the names are right, but floats; labels are whole numbers.")
        return
    for mistake, sentence in mistakes:
        if torch.equal(names.long(), mistake):
            raise Wrong(f"not yet: {sentence}")
    raise Wrong(f"not yet: the names should be {right.tolist()}; yours are {names.tolist()}.")


# ---- a place on the map ----


def place(logits: Tensor, z: Tensor, heads: Tensor) -> Tensor:
    """c (N, d) = Σ_k y_k w_k + z, y = softmax(logits) (N, K), heads w (K, d)."""
    return logits.softmax(1) @ heads + z


@task(
    "10.b",
    "a place on the map",
    hints=(
        "The shares y come first: softmax turns the K logits of each image into K shares that sum to 1.",
        "Σ_k y_k w_k is a product of two matrices: y has shape (N, K), heads has (K, d), and y @ heads has (N, d).",
        "return logits.softmax(1) @ heads + z",
    ),
    part=lambda: place,
)
def on_the_map(f: Any) -> str:
    """f(logits, z, heads) -> c (N, d)."""
    g = torch.Generator().manual_seed(10)
    logits, z, heads = (torch.randn(shape, generator=g) for shape in ((3, 3), (3, 2), (3, 2)))
    given = [t.requires_grad_() for t in (logits, z, heads)]
    c = tensor(call(f, *given), (3, 2), "the places", like=logits)
    right = place(*given)
    y = logits.softmax(1)
    mistakes = (
        (logits @ heads + z, "the logits are taken for shares; softmax first."),
        (logits.softmax(0) @ heads + z, "the softmax runs down the columns; each *row* must sum to 1: softmax(1)."),
        (y @ heads, "z is missing: the image has a step of its own from its head."),
        (heads[logits.argmax(1)] + z, "this takes the largest share for all of it. An image that hesitates between "
         "two heads lies between them, and argmax has no gradient."),
        (y.T @ heads + z, "y is transposed: row n of y belongs to image n."),
        (logits.log_softmax(1) @ heads + z, "these are the *logarithms* of the shares; softmax gives the shares."),
    )  # fmt: skip
    equal(c, right, mistakes, "the places")
    wanted = torch.autograd.grad(right.square().sum(), given)
    for at, slope, what in zip(given, wanted, ("the logits", "z", "the heads"), strict=True):
        gradient(c.square().sum(), at, slope, what)
    other = torch.randn(4, 2, generator=g), torch.randn(4, 3, generator=g), torch.randn(2, 3, generator=g)
    three = tensor(call(f, *other), (4, 3), "the places")
    equal(three, place(*other), what="the places", case="for four images, two heads and three dimensions")
    return "right: the mean of the heads, weighted by the shares, and a step of the image's own."


# ---- the hinge ----


@task(
    "10.c",
    "the hinge that keeps heads apart",
    hints=(
        "Every pair of heads counts once. torch.triu_indices(K, K, 1) gives the numbers i and j of all pairs i < j.",
        "The distance of a pair is (w[i] - w[j]).norm(dim=1): one number for each pair. What is missing to the "
        "distance asked for is apart minus that, and never less than 0.",
        "i, j = torch.triu_indices(len(w), len(w), 1); return (apart - (w[i] - w[j]).norm(dim=1)).clamp(min=0).sum()",
    ),
    part=lambda: keep_apart,
)
def hinge(f: Any) -> str:
    """f(w, apart) = Σ over pairs of max(0, apart − ‖w_i − w_j‖)."""
    w = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 2.0], [20.0, 0.0]], requires_grad=True)
    apart = 6.0  # the distances: 5, 2, 20; √13, √305; √404
    loss = tensor(call(f, w, apart), (), "the loss", like=w)
    right = keep_apart(w, apart)
    i, j = torch.triu_indices(4, 4, 1)
    distance = (w[i] - w[j]).detach().norm(dim=1)
    missing = (apart - distance).clamp(min=0)
    mistakes = (
        (2 * right, "every pair is counted twice, as (i, j) and as (j, i)."),
        (2 * right + 4 * apart, "each head is paired with itself as well, at distance 0, and pairs count twice."),
        (right + 4 * apart, "each head is paired with itself as well: that is a distance of 0 which nothing can cure."),
        (right / 6, "this is the mean over the pairs; the formula has the sum."),
        ((apart - distance).sum(), "a pair that is far enough apart must add 0, not less: the max with 0 is missing. "
         "Without it heads run away for ever."),
        ((distance - apart).clamp(min=0).sum(), "this is what pairs have *beyond* the distance asked for: it would "
         "pull far heads together and leave near ones alone."),
        (missing.square().sum(), "the missing distance is squared; here the hinge is linear."),
        ((apart - distance.square()).clamp(min=0).sum(), "the square of the distance is where the distance belongs."),
        (-right, "the sign is turned round: it would rest when all heads are in one place."),
        ((apart - (w[i] - w[j]).detach().abs().sum(1)).clamp(min=0).sum(), "the distance is the sum of absolute "
         "differences; take the straight one, the root of the sum of squares."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss", "for heads with distances 5, 2, 20, √13, √305, √404 and apart = 6")
    same = torch.tensor([[1.0, 1.0], [1.0, 1.0], [4.0, 5.0]], requires_grad=True)
    value = tensor(call(f, same, 3.0), (), "the loss", like=same)
    equal(value, torch.tensor(3.0), what="the loss", case="for two heads in one place and one 5 away, apart = 3")
    for what, at in ((loss, w), (value, same)):
        slope = torch.autograd.grad(what, at, allow_unused=True, retain_graph=True)[0] if what.requires_grad else None
        if slope is not None and not slope.isfinite().all():
            raise Wrong(
                "nearly: where two heads coincide, or a head is paired with itself, your gradient is not finite: a "
                "root has no slope at 0. Use .norm(dim=1) of the pairs i < j, or add 1e-12 under the root."
            )
    gradient(loss, w, torch.autograd.grad(right, w)[0], "the heads")
    one = tensor(call(f, torch.zeros(1, 2), 3.0), (), "the loss of a single head")
    equal(one, torch.tensor(0.0), what="the loss", case="for a single head")
    return "right: what is missing to the distance asked for, once for each pair."


# ---- what the neighbours on a map say ----


@task(
    "10.d",
    "a vote of the neighbours on the map",
    hints=(
        "Three steps: all distances, the k nearest of each new place, the label that is most frequent among them.",
        "torch.cdist(new, places) has shape (M, N). .topk(k, largest=False).indices are the k smallest of each row, "
        "(M, k). labels[...] of that are the labels of the neighbours.",
        "nearest = torch.cdist(new, places).topk(k, largest=False).indices; return labels[nearest].mode(1).values",
    ),
    part=lambda: vote,
)
def neighbours(f: Any) -> str:
    """f(places, labels, new, k) -> the labels (M,) that the k nearest places vote for."""
    g = torch.Generator().manual_seed(893)  # no vote below is a tie, and the usual mistakes all show
    centres = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0], [1.5, 1.5]])
    classes = torch.arange(40) % 5
    places = centres[classes] + 1.1 * torch.randn(40, 2, generator=g)
    new = 3 * torch.rand(12, 2, generator=g)
    names = torch.tensor([7, 2, 9, 4, 1])[classes]
    for k in (5, 3):
        got = call(f, places, names, new, k)
        distance = torch.cdist(new, places)
        nearest = distance.topk(k, largest=False).indices
        right = names[nearest].mode(1).values
        mistakes = (
            (names[distance.topk(k).indices].mode(1).values, "these are the k *farthest* places: largest=False."),
            (names[distance.argmin(1)], f"this asks the nearest place alone; {k} have a vote."),
            (names[nearest].float().mean(1).round().long(), "labels are names, not amounts: take the most frequent "
             "one, .mode(1).values, not the mean."),
            (names[nearest].median(1).values, "this is the median of the labels; the most frequent one is asked for."),
            (nearest.mode(1).values, "these are numbers of places; their *labels* vote."),
            (names[nearest].mode(1).indices, "mode gives values and indices; the labels are its values."),
            (names[distance.topk(k + 1, largest=False).indices[:, 1:]].mode(1).values, "the nearest place is left out. "
             "A new place is none of the others: all of the k nearest vote."),
        )  # fmt: skip
        _right_votes(got, right, mistakes, k)
    one = torch.tensor([[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]])
    got = call(f, one, torch.tensor([4, 4, 6]), torch.tensor([[8.0, 8.0]]), 1)
    _right_votes(got, torch.tensor([6]), (), 1)
    return "right: an image is called what most of its neighbours on the map are called."


def _right_votes(got: Any, right: Tensor, mistakes: tuple, k: int) -> None:
    if got is None:
        raise Wrong("your function returns nothing. print only shows a value; `return` hands the labels on.")
    if isinstance(got, tuple) and len(got) == 2:
        raise Wrong("not yet: mode gives two things, values and indices; return the values.")
    if not isinstance(got, Tensor):
        raise Wrong(f"the labels must be a tensor of whole numbers; yours is {kind(got)}.")
    if got.shape != right.shape:
        raise Wrong(
            f"a label for each of the {len(right)} new places is asked for, shape {tuple(right.shape)}; yours has "
            f"shape {tuple(got.shape)}."
        )
    if torch.equal(got.float(), right.float()):
        if got.is_floating_point():
            raise Wrong("nearly: the labels are right, but floats; labels are whole numbers.")
        return
    for mistake, sentence in mistakes:
        if torch.equal(got.float(), mistake.float()):
            raise Wrong(f"not yet, with k = {k}: {sentence}")
    raise Wrong(f"not yet: with k = {k} the labels should be {right.tolist()}; yours are {got.tolist()}.")

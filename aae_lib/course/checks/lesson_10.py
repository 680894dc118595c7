"""Checks for lesson 10, clusters and maps."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from ...data import Split
from ...metrics.classes import RULES, cluster_labels
from .answers import Wrong, call, equal, gradient, kind, number, several, tensor
from .tasks import task

# ---- 10.1 ----


def keep_apart(w: Tensor, apart: float) -> Tensor:
    """Σ over pairs i < j of max(0, apart − ‖w_i − w_j‖), heads w (K, d)."""
    i, j = torch.triu_indices(len(w), len(w), 1)
    return (apart - (w[i] - w[j]).norm(dim=1)).clamp(min=0).sum()


def heads_in_a_disc(w: Tensor, apart: float, radius: float) -> Tensor:
    """Σ over pairs i < j of max(0, apart − ‖w_i − w_j‖) + Σ over heads of max(0, ‖w_i‖ − radius), heads w (K, d)."""
    return keep_apart(w, apart) + (w.norm(dim=1) - radius).clamp(min=0).sum()


@task(
    "10.1",
    "a map of limited size",
    hints=(
        "Two sums. The first is the hinge that you wrote in the lesson, over the pairs. The second goes over the heads "
        "one by one: how far each is outside of the disc.",
        "w.norm(dim=1) are the distances from the origin, one for each head. Outside means larger than the radius: "
        "norm minus radius, and never less than 0.",
        "i, j = torch.triu_indices(len(w), len(w), 1); (apart - (w[i] - w[j]).norm(dim=1)).clamp(min=0).sum() + "
        "(w.norm(dim=1) - radius).clamp(min=0).sum()",
    ),
    part=lambda: heads_in_a_disc,
)
def disc(f: Any) -> str:
    """heads_in_a_disc(w, apart, radius) = the hinge over pairs + what heads are outside of the disc."""
    w = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 2.0], [-20.0, 0.0]], requires_grad=True)
    apart, radius = 6.0, 3.5  # the distances: 5, 2, 20, √13, √565, √404; from the origin: 0, 5, 2, 20
    loss = tensor(call(f, w, apart, radius), (), "the loss", like=w)
    right = heads_in_a_disc(w, apart, radius)
    i, j = torch.triu_indices(4, 4, 1)
    far, hinge = w.detach().norm(dim=1), (apart - (w[i] - w[j]).detach().norm(dim=1)).clamp(min=0).sum()
    outside = (far - radius).clamp(min=0)
    mistakes = (
        (hinge, "this is the hinge alone: nothing keeps the heads in the disc."),
        (outside.sum(), "this is the disc alone: nothing keeps the heads apart."),
        (hinge + (radius - far).clamp(min=0).sum(), "this charges the heads *inside* of the disc, for what is missing "
         "to its edge."),
        (hinge + (far - radius).sum(), "a head inside of the disc must add 0, not less: the max with 0 is missing in "
         "the second sum."),
        (hinge + outside.mean(), "the second sum is a mean in yours."),
        (hinge + outside.square().sum(), "what is outside is squared; here it is linear."),
        (hinge + (far.square() - radius).clamp(min=0).sum(), "the square of the distance is where the distance "
         "belongs, in the second sum."),
        (hinge + far.sum(), "the radius has no say in yours: every head is pulled to the origin."),
        (2 * hinge + outside.sum(), "every pair is counted twice, as (i, j) and as (j, i)."),
        (2 * hinge + 4 * apart + outside.sum(), "each head is paired with itself as well, and pairs count twice."),
        (hinge - outside.sum(), "the second sum is taken away: it would push heads out."),
        (-right, "the sign is turned round."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss", "for heads at 0, 5, 2 and 20 from the origin, apart = 6 and radius = 3.5")
    same = torch.tensor([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]], requires_grad=True)
    value = tensor(call(f, same, 3.0, 4.0), (), "the loss", like=same)
    equal(value, torch.tensor(4.0), what="the loss", case="for two heads at the origin, one at 5, apart 3, radius 4")
    for what, at in ((loss, w), (value, same)):
        slope = torch.autograd.grad(what, at, allow_unused=True, retain_graph=True)[0] if what.requires_grad else None
        if slope is not None and not slope.isfinite().all():
            raise Wrong(
                "nearly: where two heads coincide, or one is at the origin, your gradient is not finite: a root has no "
                "slope at 0. Use .norm(dim=1), or add 1e-12 under the root."
            )
    gradient(loss, w, torch.autograd.grad(right, w)[0], "the heads")
    return "right: as far apart as there is room for."


# ---- 10.2 ----


def name_clusters(p: Tensor, labels: Tensor, rule: str) -> Tensor:
    """The class that each cluster stands for: p (N, K) rows of shares, labels (N,) -> (K,) int64."""
    from scipy.optimize import linear_sum_assignment  # 60 MB that other lessons' checks do without

    classes, k = int(labels.max()) + 1, p.shape[1]
    confident = labels[p.argmax(0)]
    if rule == "confident":
        return confident
    counts = torch.zeros(classes, k, dtype=torch.long)
    counts.index_put_((labels, p.argmax(1)), torch.tensor(1), accumulate=True)
    if rule == "majority":
        return torch.where(counts.sum(0) > 0, counts.argmax(0), confident)
    names = torch.full((k,), -1)
    for c, cluster in zip(*linear_sum_assignment(counts.numpy(), maximize=True), strict=True):
        names[int(cluster)] = int(c)
    return names


def _naming_case() -> tuple[Tensor, Tensor]:
    """Eleven images, five clusters, three classes: the rules disagree, and nobody is put into the last cluster."""
    clusters = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3])
    labels = torch.tensor([0, 0, 1, 0, 0, 0, 2, 1, 1, 2, 2])
    sure = torch.tensor([0.70, 0.60, 0.90, 0.80, 0.65, 0.75, 0.85, 0.55, 0.60, 0.95, 0.70])
    p = ((1 - sure) / 4)[:, None].repeat(1, 5)
    p[torch.arange(11), clusters] = sure
    p[:, 4] += torch.linspace(0.01, 0.02, 11).flip(0)  # the first image is the one nearest to cluster 4
    return p / p.sum(1, keepdim=True), labels


@task(
    "10.2",
    "three ways to name a cluster",
    hints=(
        "confident: for each cluster (a column of p) the image with the largest share in it. p.argmax(0) has shape "
        "(K,), and labels[...] of that are the names.",
        "For the other two, first a table: counts[c, k] = how many images of class c are put into cluster k, where an "
        "image is put into p.argmax(1). majority is counts.argmax(0); of a cluster without images, the confident name.",
        "hungarian: classes, clusters = scipy.optimize.linear_sum_assignment(counts, maximize=True); start from "
        "torch.full((K,), -1) and write the classes at the clusters.",
    ),
    part=lambda: name_clusters,
)
def naming(f: Any) -> str:
    """name_clusters(p, labels, rule) -> (K,) int64, as the library's cluster_labels."""
    p, labels = _naming_case()
    model: Any = SimpleNamespace(classify=lambda images: p)
    split = Split(torch.zeros(len(p), 1, 1, 1, dtype=torch.uint8), labels)
    rights = {rule: cluster_labels(model, split, rule) for rule in RULES}
    counts = torch.tensor([[2, 3, 0, 0, 0], [1, 0, 2, 0, 0], [0, 0, 1, 2, 0]])
    most = {
        "confident": (
            (rights["majority"], "this is the majority rule; here one image decides, the one with the largest share "
             "in the cluster."),
            (p.argmax(0), "these are the numbers of the most confident images; their labels are asked for."),
        ),
        "majority": (
            (rights["confident"], "this is the confident rule; here all images that are put into a cluster vote."),
            (counts.argmax(0), "the last cluster has no image, so nobody votes and argmax says 0 for lack of votes. "
             "Such a cluster keeps its confident name."),
        ),
        "hungarian": (
            (rights["majority"], "this is the majority rule; here every class is given to one cluster only."),
            (rights["confident"], "this is the confident rule; here every class is given to one cluster only."),
            (_assigned(counts, maximize=False), "the assignment makes as *few* images right as it can: "
             "linear_sum_assignment minimises, unless told maximize=True."),
            (_assigned(counts, empty=0), "clusters left over must get -1, which no label equals; yours get a class "
             "that is already given away."),
        ),
    }  # fmt: skip
    for rule in RULES:
        _same_names(call(f, p, labels, rule), rights[rule], most[rule], rule)
    few = p[:3], labels[:3].clone()  # not all classes, and fewer images than clusters
    small = Split(split.images[:3], few[1])
    for rule in ("confident", "majority"):
        sure: Any = SimpleNamespace(classify=lambda images: few[0])
        right = cluster_labels(sure, small, rule)
        _same_names(call(f, *few, rule), right, (), f"{rule}, with three images")
    return "right: three rules, and they do not agree."


def _assigned(counts: Tensor, maximize: bool = True, empty: int = -1) -> Tensor:
    from scipy.optimize import linear_sum_assignment

    classes, clusters = linear_sum_assignment(counts.numpy(), maximize=maximize)
    names = torch.full((counts.shape[1],), empty)
    names[torch.as_tensor(clusters)] = torch.as_tensor(classes)
    return names


def _same_names(got: Any, right: Tensor, mistakes: tuple, rule: str) -> None:
    if got is None:
        raise Wrong("your function returns nothing. print only shows a value; `return` hands the names on.")
    if not isinstance(got, Tensor):
        raise Wrong(f"the names must be a tensor of whole numbers; yours is {kind(got)}.")
    if got.shape != right.shape:
        raise Wrong(
            f"by the rule {rule}: a name for each of the {len(right)} clusters is asked for, shape "
            f"{tuple(right.shape)}; yours has shape {tuple(got.shape)}."
        )
    if torch.equal(got.long(), right):
        if got.is_floating_point():
            raise Wrong("nearly: the names are right, but floats; labels are whole numbers. Add .long().")
        return
    for mistake, sentence in mistakes:
        if torch.equal(got.long(), mistake):
            raise Wrong(f"not yet, by the rule {rule}: {sentence}")
    raise Wrong(f"not yet: by the rule {rule} the names should be {right.tolist()}; yours are {got.tolist()}.")


# ---- 10.3 ----


def two_entropies(p: Tensor) -> tuple[Tensor, Tensor]:
    """Categories p (N, K), rows sum to 1: H(mean of p) and the mean of H(p), in nats."""
    return torch.special.entr(p.mean(0)).sum(), torch.special.entr(p).sum(1).mean()


@task(
    "10.3",
    "two entropies",
    hints=(
        "The entropy of shares s is −Σ s log s. `even` is the entropy of one row, the mean of all rows; `unsure` is "
        "the mean of the N entropies of the rows.",
        "0 · log 0 is NaN for PyTorch and 0 for an entropy. torch.special.entr(s) is −s log s with 0 at 0.",
        "return torch.special.entr(p.mean(0)).sum(), torch.special.entr(p).sum(1).mean()",
    ),
    part=lambda: two_entropies,
)
def entropies(f: Any) -> str:
    """two_entropies(p) = H(mean of p), mean of H(p)."""
    p = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.7, 0.2, 0.1]])
    got = call(f, p)
    if got is None:
        raise Wrong("your function returns nothing. print only shows a value; `return even, unsure` hands them on.")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"two numbers are asked for, `return even, unsure`; yours is {kind(got)}.")
    even, unsure = (tensor(value, (), name) for value, name in zip(got, ("even", "unsure"), strict=True))
    right = two_entropies(p)
    if torch.isclose(even, right[1]) and torch.isclose(unsure, right[0]):
        raise Wrong("not yet: the two have changed places. First the entropy of the mean, then the mean entropy.")
    rows = torch.special.entr(p)
    two = torch.log(torch.tensor(2.0))
    equal(
        even,
        right[0],
        (
            (right[1], "this is the mean entropy. Average the *rows* first; then take one entropy."),
            (-right[0], "the sign is turned round: log of a share is negative, an entropy is not."),
            (right[0] / two, "this is in bits; take the natural logarithm."),
            (right[0].exp(), "this is exp of it, a number of clusters; here the entropy itself is asked for."),
            (torch.special.entr(p.sum(0)).sum(), "the shares are added; take their mean: they must sum to 1."),
            (torch.special.entr(p.mean(0)).mean(), "sum over the categories, do not average over them."),
            (_hard_even(p), "here the shares are counted by argmax; take the mean of p itself, or nothing can be "
             "learned from it: a count has no gradient."),
        ),
        "even",
    )  # fmt: skip
    equal(
        unsure,
        right[1],
        (
            (right[0], "this is the entropy of the mean. Here each image has its own entropy first."),
            (-right[1], "the sign is turned round: log of a share is negative, an entropy is not."),
            (rows.sum(), "this is the sum over the images; take the mean."),
            (rows.mean(), "sum over the categories of an image, and average over the images only."),
            (right[1] / two, "this is in bits; take the natural logarithm."),
        ),
        "unsure",
    )
    sharp = torch.eye(3)
    value = several(call(f, sharp), 2, "even and unsure")
    value = tuple(tensor(v, (), name) for v, name in zip(value, ("even", "unsure"), strict=True))
    if not all(v.isfinite() for v in value):
        raise Wrong("nearly: a share of exactly 0 makes NaN of yours: 0 · log 0 counts as 0. torch.special.entr does.")
    equal(value[0], torch.tensor(3.0).log(), what="even", case="for three sure and different images")
    equal(value[1], torch.tensor(0.0), what="unsure", case="for three sure and different images")
    return "right: how evenly the categories are used, and how unsure a single image is."


def _hard_even(p: Tensor) -> Tensor:
    return torch.special.entr(p.argmax(1).bincount(minlength=p.shape[1]) / len(p)).sum()


# ---- 10.4 ----


def trustworthiness(x: Tensor, places: Tensor, k: int) -> Tensor:
    """1 − 2 / (N k (2N − 3k − 1)) · Σ_i Σ over j among the k nearest of i on the map of max(0, rank(i, j) − k)."""
    n = len(x)
    far, near = (torch.cdist(points.double(), points.double()).fill_diagonal_(float("inf")) for points in (x, places))
    rank = far.argsort(1).argsort(1) + 1  # among all others, by pixels: 1 is the nearest
    neighbours = near.topk(k, largest=False).indices
    excess = (rank.gather(1, neighbours) - k).clamp(min=0)
    return (1 - 2 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()).float()


@task(
    "10.4",
    "can you trust a map?",
    hints=(
        "Two matrices of distances, torch.cdist(x, x) and torch.cdist(places, places), both with infinity on the "
        "diagonal: no point is its own neighbour.",
        "Ranks: far.argsort(1) lists who is nearest, second nearest, ...; argsort(1) of *that* says which place each "
        "one has in the list, from 0. So rank = far.argsort(1).argsort(1) + 1.",
        "near.topk(k, largest=False).indices (N, k) are the neighbours on the map; rank.gather(1, those) their ranks "
        "by pixels; (... - k).clamp(min=0).sum() is the double sum.",
    ),
    part=lambda: trustworthiness,
)
def trust(f: Any) -> str:
    """trustworthiness(x, places, k), as scikit-learn's."""
    g = torch.Generator().manual_seed(3)
    x = torch.rand(30, 6, generator=g)
    places = x[:, :2] + 0.3 * torch.rand(30, 2, generator=g)
    k = 4
    got = number(call(f, x, places, k), "the trustworthiness")
    right = trustworthiness(x, places, k)
    lost = 1 - right
    scale = 2 / (30 * k * (60 - 3 * k - 1))
    mistakes = (
        (trustworthiness(places, x, k), "data and map have changed places: this asks whether the neighbours by "
         "*pixels* are still near on the map. That is called continuity, and it is the other half of the question."),
        (lost, "this is what is lost; take it from 1."),
        (lost / scale, "this is the double sum alone; it is scaled by 2 / (N k (2N − 3k − 1)) and taken from 1."),
        (_with_oneself(x, places, k), "in yours every point is its own nearest neighbour: put infinity on both "
         "diagonals before you sort."),
        (_no_clamp(x, places, k, scale), "a neighbour of rank k or less adds 0, not less than 0: clamp."),
        (_ranks_from_zero(x, places, k, scale), "the ranks begin at 0; the nearest has rank 1."),
        (_order(x, places, k, scale), "argsort once gives the *order* (who comes first), not the ranks (which place "
         "each one has). argsort of the argsort does."),
        (_overlap(x, places, k), "this is the share of neighbours kept. It is a good measure too, but here one that is "
         "barely missed costs little and one from far away much."),
    )  # fmt: skip
    equal(got, right, mistakes, "the trustworthiness")
    same = number(call(f, x, x, 5), "the trustworthiness")
    equal(same, torch.tensor(1.0), what="the trustworthiness", case="for a map that is the data")
    other = number(call(f, x, places.flip(0), 7), "the trustworthiness")
    equal(other, trustworthiness(x, places.flip(0), 7), what="the trustworthiness", case="with k = 7")
    return "right: this is what scikit-learn's trustworthiness computes."


def _parts(x: Tensor, places: Tensor, k: int) -> tuple[Tensor, Tensor]:
    far, near = (torch.cdist(p.double(), p.double()).fill_diagonal_(float("inf")) for p in (x, places))
    return far, near.topk(k, largest=False).indices


def _with_oneself(x: Tensor, places: Tensor, k: int) -> Tensor:
    n = len(x)
    rank = torch.cdist(x.double(), x.double()).argsort(1).argsort(1) + 1
    neighbours = torch.cdist(places.double(), places.double()).topk(k, largest=False).indices
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * (rank.gather(1, neighbours) - k).clamp(min=0).sum()


def _no_clamp(x: Tensor, places: Tensor, k: int, scale: float) -> Tensor:
    far, neighbours = _parts(x, places, k)
    return 1 - scale * (far.argsort(1).argsort(1).gather(1, neighbours) + 1 - k).sum()


def _ranks_from_zero(x: Tensor, places: Tensor, k: int, scale: float) -> Tensor:
    far, neighbours = _parts(x, places, k)
    return 1 - scale * (far.argsort(1).argsort(1).gather(1, neighbours) - k).clamp(min=0).sum()


def _order(x: Tensor, places: Tensor, k: int, scale: float) -> Tensor:
    far, neighbours = _parts(x, places, k)
    return 1 - scale * (far.argsort(1).gather(1, neighbours) + 1 - k).clamp(min=0).sum()


def _overlap(x: Tensor, places: Tensor, k: int) -> Tensor:
    far, neighbours = _parts(x, places, k)
    nearest = far.topk(k, largest=False).indices
    return (neighbours[:, :, None] == nearest[:, None]).any(2).double().mean()


# ---- 10.5 ----


def information(model: Any, batch: Any, terms: Any) -> Tensor:
    """−I(x; y) over the batch = mean of H(p) − H(mean of p), p = softmax(logits of the y head)."""
    log_p = model.encoder.logits(batch["x_in"]).log_softmax(1)
    p = log_p.exp()
    return -(p * log_p).sum(1).mean() - torch.special.entr(p.mean(0)).sum()


@task(
    "10.5",
    "clusters without a second player",
    hints=(
        "It is your 10.3 on p = softmax of model.encoder.logits(batch['x_in']): unsure minus even. Training makes a "
        "loss small, and we want few doubts (unsure small) and even use (even large).",
        "For very sure images use log_softmax: p = log_p.exp(), and the entropy of a row is −(p · log_p).sum(1). Then "
        "the gradient stays finite where a share rounds to 0.",
        "log_p = logits.log_softmax(1); p = log_p.exp(); return -(p * log_p).sum(1).mean() - "
        "torch.special.entr(p.mean(0)).sum()",
    ),
    part=lambda: information,
)
def without_player(f: Any) -> str:
    """information(model, batch, terms) = mean of H(p) − H(mean of p)."""
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 1.5, 0.0], [-1.0, 0.2, 3.0], [1.0, 1.0, 0.0]], requires_grad=True)

    def model_of(values: Tensor) -> SimpleNamespace:
        return SimpleNamespace(encoder=SimpleNamespace(logits=lambda x: values[: len(x)]), categories=3)

    x = torch.zeros(4, 1, 1, 1)
    batch = {"x": x, "x_in": x}
    loss = tensor(call(f, model_of(logits), batch, {}), (), "the loss", like=logits)
    right = information(model_of(logits), batch, {})
    p = logits.detach().softmax(1)
    even, unsure = two_entropies(p)
    mistakes = (
        (-right, "the sign is turned round: as it is, every image is pushed to be unsure and all into one category."),
        (unsure, "this is only half: sure images are easy to get, all of them in one category. What makes them use "
         "all categories?"),
        (-even, "this is only half: even use is easy to get, every image a little of everything. What makes an image "
         "decide?"),
        (unsure + even, "the two are added: that asks for sure images *and* for few categories."),
        (4 * unsure - even, "the entropies of the images are added; take their mean over the batch."),
        (_of_logits(logits.detach()), "the logits are taken for shares; softmax first."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss")
    gradient(loss, logits, torch.autograd.grad(right, logits)[0], "the encoder")
    sure = torch.tensor(
        [[200.0, 0.0, 0.0], [0.0, 200.0, 0.0], [0.0, 0.0, 200.0], [200.0, 0.0, 0.0]], requires_grad=True
    )
    far = tensor(call(f, model_of(sure), batch, {}), (), "the loss")
    slope = torch.autograd.grad(far, sure, allow_unused=True)[0] if far.requires_grad else None
    if not far.isfinite() or slope is None or not slope.isfinite().all():
        raise Wrong(
            "nearly: for logits of 200 yours is not finite, in value or in gradient. A share rounds to 0 there, and "
            "its logarithm is lost: take log_softmax of the logits."
        )
    equal(far.detach(), -two_entropies(sure.detach().softmax(1))[0], what="the loss", case="for four sure images")
    return "right: minus the information that the category holds about the image."


def _of_logits(logits: Tensor) -> Tensor:
    even, unsure = two_entropies(logits)
    return unsure - even

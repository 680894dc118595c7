"""Right and wrong answers to what lesson 10 asks for in place: an honest error, a place, the hinge, a vote."""

import torch
from sklearn.neighbors import KNeighborsClassifier

import aae_lib as aae
from tests.checks.answers import judged

# ---- 10.a: names and an error on other images ----


def by_loop(p_fit, labels_fit, p_test, labels_test):
    names = torch.stack([labels_fit[p_fit[:, k].argmax()] for k in range(p_fit.shape[1])])
    wrong = [int(names[row.argmax()]) != int(label) for row, label in zip(p_test, labels_test, strict=True)]
    return names, sum(wrong) / len(wrong)


def by_max(p_fit, labels_fit, p_test, labels_test):
    names = labels_fit[p_fit.max(0).indices]
    right = torch.eq(names[p_test.max(1).indices], labels_test)
    return [names, 1 - right.double().mean()]


def errors(names=lambda p, y, q, t: y[p.argmax(0)], error=lambda names, p, y, q, t: wrong(names, q, t)):
    def f(*given):
        found = names(*given)
        return found, error(found, *given)

    return f


def wrong(names, p, labels):
    return (names[p.argmax(1)] != labels).float().mean()


def voted(p, y, q, t):
    return torch.stack([y[p.argmax(1) == k].mode().values for k in range(p.shape[1])])


# ---- 10.b: a place on the map ----


def by_einsum(logits, z, heads):
    return torch.einsum("nk,kd->nd", logits.exp() / logits.exp().sum(1, keepdim=True), heads) + z


# ---- 10.c: the hinge ----


def loop(w, apart):
    total = w.new_zeros(())
    for i in range(len(w)):
        for j in range(i):
            total = total + torch.relu(apart - torch.dist(w[i], w[j]))
    return total


def with_root(w, apart, *, eps=1e-12, power=1, pairs="above", far=False):
    squared = (w[:, None] - w[None]).square().sum(2)
    distance = (squared + eps).sqrt()
    missing = (distance - apart if far else apart - distance).clamp(min=0) ** power
    return missing.triu(1).sum() if pairs == "above" else missing.sum()


def pairs_of(w):
    i, j = torch.triu_indices(len(w), len(w), 1)
    return w[i] - w[j]


# ---- 10.d: the neighbours' vote ----


def by_sklearn(places, labels, new, k=5):
    fitted = KNeighborsClassifier(k).fit(places.numpy(), labels.numpy())
    return torch.from_numpy(fitted.predict(new.numpy()))


def by_sorting(places, labels, new, k=5):
    votes = []
    for point in new:
        near = (places - point).square().sum(1).argsort()[:k]
        votes.append(labels[near].bincount().argmax())
    return torch.stack(votes)


def nearest(places, new, k):
    return torch.cdist(new, places).topk(k, largest=False).indices


RIGHT = {
    "10.a": {"as in the lesson": errors(), "a loop": by_loop, "max": by_max},
    "10.b": {
        "as in the lesson": lambda logits, z, heads: logits.softmax(1) @ heads + z,
        "einsum": by_einsum,
        "addmm": lambda logits, z, heads: torch.addmm(z, torch.softmax(logits, -1), heads),
    },
    "10.c": {
        "a loop": loop,
        "a root with a little under it": with_root,
        "pdist": lambda w, apart: torch.relu(apart - torch.pdist(w)).sum(),
        "cdist, halved": lambda w, apart: (torch.relu(apart - torch.cdist(w, w)).sum() - len(w) * apart) / 2,
    },
    "10.d": {
        "as in the lesson": lambda places, labels, new, k=5: labels[nearest(places, new, k)].mode(1).values,
        "scikit-learn": by_sklearn,
        "sorting": by_sorting,
    },
}
WRONG = {
    "10.a": {
        "numbers of the surest images": errors(lambda p, y, q, t: p.argmax(0), lambda names, *rest: torch.tensor(0.5)),
        "named by the images that are to be scored": errors(lambda p, y, q, t: t[q.argmax(0)]),
        "all images of a cluster have voted": errors(voted),
        "*smallest* share": errors(lambda p, y, q, t: y[p.argmin(0)]),
        ".argmax(0), gives one image for each cluster": errors(lambda p, y, q, t: y[p.argmax(1) % 4]),
        "the accuracy; the error": errors(error=lambda names, p, y, q, t: 1 - wrong(names, q, t)),
        "on the images that have named": errors(error=lambda names, p, y, q, t: wrong(names, p, y)),
        "this is the number of wrong images": errors(error=lambda names, p, y, q, t: wrong(names, q, t) * len(t)),
        "Its name is: names": errors(error=lambda names, p, y, q, t: (q.argmax(1) != t).float().mean()),
        "return 2 things": lambda *given: errors()(*given)[1],
        "first the names": lambda *given: errors()(*given)[::-1],
        "but floats": errors(lambda p, y, q, t: y[p.argmax(0)].float()),
        "your function returns nothing": lambda *given: None,
    },
    "10.b": {
        "softmax first": lambda logits, z, heads: logits @ heads + z,
        "runs down the columns": lambda logits, z, heads: logits.softmax(0) @ heads + z,
        "z is missing": lambda logits, z, heads: logits.softmax(1) @ heads,
        "argmax has no gradient": lambda logits, z, heads: heads[logits.argmax(1)] + z,
        "y is transposed": lambda logits, z, heads: logits.softmax(1).T @ heads + z,
        "*logarithms*": lambda logits, z, heads: logits.log_softmax(1) @ heads + z,
        "the heads": lambda logits, z, heads: logits.softmax(1) @ heads.detach() + z,
        "must have shape (3, 2)": lambda logits, z, heads: (logits.softmax(1) @ heads + z).T,
    },
    "10.c": {
        "counted twice": lambda w, apart: 2 * loop(w, apart),
        "pairs count twice": lambda w, apart: with_root(w, apart, pairs="all", eps=0),
        "a distance of 0 which nothing can cure": lambda w, apart: loop(w, apart) + apart * len(w),
        "the formula has the sum": lambda w, apart: (apart - pairs_of(w).norm(dim=1)).clamp(min=0).mean(),
        "the max with 0 is missing": lambda w, apart: (apart - pairs_of(w).norm(dim=1)).sum(),
        "pull far heads together": lambda w, apart: with_root(w, apart, far=True),
        "the hinge is linear": lambda w, apart: with_root(w, apart, power=2),
        "square of the distance": lambda w, apart: (apart - pairs_of(w).square().sum(1)).clamp(min=0).sum(),
        "the sign is turned round": lambda w, apart: -loop(w, apart),
        "the root of the sum of squares": lambda w, apart: (apart - pairs_of(w).abs().sum(1)).clamp(min=0).sum(),
        "a root has no slope at 0": lambda w, apart: with_root(w, apart, eps=0),
        "no gradient reaches the heads": lambda w, apart: loop(w.detach(), apart),
        "a plain number": lambda w, apart: loop(w, apart).item(),
    },
    "10.d": {
        "*farthest*": lambda p, y, new, k=5: y[torch.cdist(new, p).topk(k).indices].mode(1).values,
        "the nearest place alone": lambda p, y, new, k=5: y[nearest(p, new, 1)[:, 0]],
        "labels are names": lambda p, y, new, k=5: y[nearest(p, new, k)].float().mean(1).round(),
        "the median of the labels": lambda p, y, new, k=5: y[nearest(p, new, k)].median(1).values,
        "their *labels* vote": lambda p, y, new, k=5: nearest(p, new, k).mode(1).values,
        "values and indices": lambda p, y, new, k=5: y[nearest(p, new, k)].mode(1),
        "the labels are its values": lambda p, y, new, k=5: y[nearest(p, new, k)].mode(1).indices,
        "the nearest place is left out": lambda p, y, new, k=5: y[nearest(p, new, k + 1)[:, 1:]].mode(1).values,
        "a label for each of the 12": lambda p, y, new, k=5: y[nearest(p, new, k)],
        "but floats": lambda p, y, new, k=5: y[nearest(p, new, k)].mode(1).values.float(),
        "your function returns nothing": lambda p, y, new, k=5: None,
    },
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))


def test_the_name_and_the_error_are_the_librarys():
    data = aae.load("mini_mnist")
    model = aae.ClusterAAE(data.image_shape, categories=20, seed=0)
    given = [x for part in (data.validation, data.test) for x in (model.classify(part.images), part.labels)]
    names, error = aae.course.borrow("10.a")(*given)
    assert torch.equal(names, aae.metrics.cluster_labels(model, data.validation, "confident"))
    assert abs(float(error) - aae.metrics.cluster_error(model, data.validation, data.test, "confident")) < 1e-6

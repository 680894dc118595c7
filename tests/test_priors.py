"""Priors: samples against densities, densities against oracles, classes, randomness, errors, descriptions."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from sklearn.neighbors import KernelDensity
from torch.distributions import Categorical as Choice
from torch.distributions import MixtureSameFamily, MultivariateNormal

from aae_lib import priors

SPOTS = torch.tensor([[-2.0, 1.0], [0.5, 0.5], [1.0, -1.5], [2.0, 2.0], [-1.0, -1.0], [0.0, 2.0]])
SPOT_LABELS = torch.tensor([1, 0, 1, -1, 1, 0])
STEPS = torch.tensor([[0, 1, 0, 3], [2, 0, 4, 0]], dtype=torch.uint8)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(n, generator=None):
    return torch.randn(n, 2, generator=generator)


ALL = {
    "gaussian": priors.Gaussian(),
    "gaussian5": priors.Gaussian(8, sigma=5),
    "uniform": priors.Uniform(),
    "ring": priors.GaussianRing(),
    "grid": priors.GaussianGrid(),
    "swiss": priors.SwissRoll(),
    "circle": priors.Circle(),
    "sphere": priors.Sphere(),
    "categorical": priors.Categorical(3, probs=[0.5, 0.2, 0.3]),
    "points": priors.Points(SPOTS, 0.3, SPOT_LABELS),
    "unlabelled points": priors.Points(SPOTS, 0.3),
    "picture": priors.Picture(STEPS),
    "function": priors.Function(noise),
}
DENSE = {
    "gaussian": priors.Gaussian(sigma=0.8),
    "uniform": priors.Uniform(low=-1.5, high=2),
    "ring": priors.GaussianRing(),
    "ring of 3": priors.GaussianRing(3, radius=1.0, radial=0.3, tangential=0.6),
    "grid": priors.GaussianGrid(),
    "swiss": priors.SwissRoll(),
    "swiss of 3": priors.SwissRoll(3, radius=2.5, turns=1.25, noise=0.3),
    "circle": priors.Circle(),
    "points": priors.Points(SPOTS, 0.3, SPOT_LABELS),
    "picture": priors.Picture(STEPS),
}
PER_CLASS = {name: prior for name, prior in ALL.items() if prior.classes}


def each(table: dict) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("prior", table.values(), ids=table.keys())


# Samples and densities


@each(ALL)
def test_samples_have_the_promised_form_and_scale(prior):
    z = prior.sample(4000, generator())
    assert z.shape == (4000, prior.dim)
    assert z.dtype == torch.float32
    assert not z.requires_grad
    assert prior.sample(0, generator()).shape == (0, prior.dim)
    if prior != ALL["gaussian5"]:
        assert (z.abs() < 4).all(1).float().mean() > 0.995


@pytest.mark.parametrize(
    ("prior", "variance"),
    [
        (priors.Gaussian(3, sigma=5), 25),
        (priors.Uniform(), 1),
        (priors.Uniform(1, low=-1, high=5), 36 / 12),
        (priors.GaussianRing(7, 2.0, 0.4, 0.1), (2.0**2 + 0.4**2 + 0.1**2) / 2),
        (priors.GaussianGrid(5, spacing=1.5, sigma=0.2), 1.5**2 * (5**2 - 1) / 12 + 0.2**2),
        (priors.Circle(1.5, noise=0.2), 1.5**2 / 2 + 0.2**2),
        (priors.Sphere(4, radius=2), 2**2 / 4),
    ],
    ids=repr,
)
def test_moments_match_the_closed_forms(prior, variance):
    z = prior.sample(100_000, generator())
    mean = 2.0 if prior == priors.Uniform(1, low=-1, high=5) else 0.0
    assert torch.allclose(z.mean(0), torch.full((prior.dim,), mean), atol=5 * math.sqrt(variance / 100_000))
    assert torch.allclose(z.T.cov().view(prior.dim, -1), variance * torch.eye(prior.dim), atol=0.02 * variance)


@each(DENSE)
def test_densities_add_up_to_one_and_describe_the_samples(prior):
    # Midpoints of cells 0.05 wide on [-5, 5]²: the integral over 20 x 20 of them is what a histogram bin should hold.
    middle = torch.arange(-4.975, 5, 0.05)
    grid = torch.cartesian_prod(middle, middle)
    mass = prior.log_prob(grid).double().exp().view(200, 200) * 0.05**2
    assert mass.sum().item() == pytest.approx(1, abs=2e-4)

    n = 20_000
    expected = n * mass.view(20, 10, 20, 10).sum((1, 3)).numpy()
    counts, _, _ = np.histogram2d(*prior.sample(n, generator()).numpy().T, bins=20, range=[[-5, 5]] * 2)
    full = expected > 5
    expected, counts = np.append(expected[full], expected[~full].sum()), np.append(counts[full], counts[~full].sum())
    expected, counts = expected[expected > 0], counts[expected > 0]
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-3


@each({"ring": priors.GaussianRing(6, 2.0, 0.5, 0.2), "grid": priors.GaussianGrid(3, spacing=1.5, sigma=0.4)})
def test_mixture_densities_agree_with_torch_distributions(prior):
    if isinstance(prior, priors.GaussianRing):
        angles = [2 * math.pi * c / 6 for c in range(6)]
        turns = torch.tensor([[[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]] for a in angles])
        means = turns @ torch.tensor([2.0, 0.0])
        covariances = turns @ torch.diag(torch.tensor([0.5**2, 0.2**2])) @ turns.mT
    else:
        means = torch.tensor([[x, y] for y in (1.5, 0, -1.5) for x in (-1.5, 0, 1.5)])
        covariances = 0.4**2 * torch.eye(2).expand(9, 2, 2)
    parts = MultivariateNormal(means, covariances)
    z = 2 * noise(500, generator())
    assert torch.allclose(prior.class_log_prob(z), parts.log_prob(z[:, None]), rtol=1e-4, atol=1e-3)
    whole = MixtureSameFamily(Choice(torch.ones(len(means))), parts)
    assert torch.allclose(prior.log_prob(z), whole.log_prob(z), rtol=1e-4, atol=1e-3)


def test_gaussian_density_agrees_with_torch_distributions():
    z = 3 * torch.randn(200, 5, generator=generator())
    oracle = MultivariateNormal(torch.zeros(5), 4 * torch.eye(5))
    assert torch.allclose(priors.Gaussian(5, sigma=2).log_prob(z), oracle.log_prob(z), rtol=1e-5)


def test_curve_densities_agree_with_integrals_along_the_curve():
    circle, roll = priors.Circle(1.5, noise=0.3), priors.SwissRoll(4, radius=2.0, turns=1.5, noise=0.25)
    for point in [(0.0, 0.0), (1.4, 0.2), (-0.6, 1.1), (2.0, -1.0)]:

        def blurred(x, y, sd, at=point):
            return math.exp(-((at[0] - x) ** 2 + (at[1] - y) ** 2) / (2 * sd**2)) / (2 * math.pi * sd**2)

        def on_circle(angle):
            return blurred(1.5 * math.cos(angle), 1.5 * math.sin(angle), 0.3) / (2 * math.pi)

        def on_roll(u):
            angle = 2 * math.pi * 1.5 * math.sqrt(u)
            return blurred(2 * math.sqrt(u) * math.cos(angle), 2 * math.sqrt(u) * math.sin(angle), 0.25)

        z = torch.tensor([point])
        expected = integrate.quad(on_circle, 0, 2 * math.pi)[0]
        assert circle.log_prob(z).exp().item() == pytest.approx(expected, rel=1e-4)
        expected = [4 * integrate.quad(on_roll, c / 4, (c + 1) / 4)[0] for c in range(4)]
        assert roll.class_log_prob(z).exp()[0].tolist() == pytest.approx(expected, rel=2e-4, abs=1e-7)
        assert roll.log_prob(z).exp().item() == pytest.approx(sum(expected) / 4, rel=2e-4)


def test_circle_density_survives_tiny_noise():
    # On the circle itself a thin ring is locally a Gaussian across it: 1 / (2πR) · 1 / (√2π s).
    density = priors.Circle(2.0, noise=1e-3).log_prob(torch.tensor([[0.0, 2.0]]))
    assert density.item() == pytest.approx(
        -math.log(2 * math.pi * 2) - math.log(math.sqrt(2 * math.pi) * 1e-3), abs=1e-3
    )


def test_kernel_density_agrees_with_scikit_learn_and_does_not_depend_on_blocks():
    points = torch.randn(3000, 3, generator=generator())
    z = torch.randn(1000, 3, generator=generator(1))  # 9 million differences: three blocks
    oracle = KernelDensity(bandwidth=0.25).fit(points.double()).score_samples(z.double())
    assert np.allclose(priors.Points(points, 0.25).log_prob(z), oracle, atol=1e-3)


def test_samples_lie_on_the_sphere_in_every_direction():
    z = priors.Sphere(3, radius=2).sample(20_000, generator())
    assert torch.allclose(z.norm(dim=1), torch.tensor(2.0))
    # Archimedes: on a sphere in three dimensions each coordinate is uniform.
    for axis in range(3):
        assert stats.kstest(z[:, axis], stats.uniform(-2, 4).cdf).pvalue > 1e-3


# Classes


@each(PER_CLASS)
def test_no_label_is_the_whole_prior_and_a_label_its_own_part(prior):
    n = 6000
    free = prior.sample(n, generator())
    assert torch.equal(free, prior.sample(n, generator(), labels=torch.full((n,), -1)))

    labels = torch.arange(n) % (prior.classes + 1) - 1  # -1, 0, ..., K-1 in turn
    mixed = prior.sample(n, generator(), labels=labels)
    assert torch.equal(mixed[labels < 0], free[labels < 0])
    assert not torch.equal(mixed, free)


@each({"ring": priors.GaussianRing(), "grid": priors.GaussianGrid(), "swiss": priors.SwissRoll(noise=0.02)})
def test_mixture_classes_are_told_apart_and_equally_frequent(prior):
    labels = torch.arange(8000) % prior.classes
    z = prior.sample(8000, generator(), labels=labels)
    assert (prior.class_log_prob(z).argmax(1) == labels).float().mean() > 0.99

    free = prior.class_log_prob(prior.sample(8000, generator())).argmax(1)
    assert stats.chisquare(free.bincount(minlength=prior.classes)).pvalue > 1e-3


def test_ring_classes_turn_anticlockwise_and_are_long_along_the_radius():
    ring = priors.GaussianRing(8, radius=2.0, radial=0.5, tangential=0.1)
    for c in range(8):
        z = ring.sample(4000, generator(c), labels=torch.full((4000,), c))
        angle = 2 * math.pi * c / 8
        outward = torch.tensor([math.cos(angle), math.sin(angle)])
        assert torch.allclose(z.mean(0), 2 * outward, atol=0.05)
        assert (z @ outward).std().item() == pytest.approx(0.5, rel=0.05)
        assert (z @ torch.tensor([-outward[1], outward[0]])).std().item() == pytest.approx(0.1, rel=0.05)


def test_grid_classes_are_in_reading_order():
    grid = priors.GaussianGrid(3, spacing=2.0, sigma=1e-4)
    z = grid.sample(9, generator(), labels=torch.arange(9))
    assert z.round().tolist() == [[x, y] for y in (2, 0, -2) for x in (-2, 0, 2)]


def test_swiss_roll_classes_have_equal_mass_and_follow_the_roll():
    roll = priors.SwissRoll(10, radius=3.0, turns=2.0, noise=0.0)
    labels = torch.arange(20_000) % 10
    s = roll.sample(20_000, generator(), labels=labels).norm(dim=1) / 3  # without noise the radius tells s exactly
    along = (s**2 * 10).double()
    inside = along - labels
    assert inside.min() > -1e-4
    assert inside.max() < 1 + 1e-4
    assert stats.kstest(inside, "uniform").pvalue > 1e-3
    free = roll.sample(20_000, generator()).norm(dim=1) / 3
    assert stats.chisquare((free**2 * 10).long().bincount(minlength=10)).pvalue > 1e-3
    # Equal mass is nearly equal length: the density along the spiral is even, but for the innermost winding.
    z = roll._spiral(torch.linspace(0, 1, 100_001).sqrt())
    length = (z[1:] - z[:-1]).norm(dim=1).view(10, -1).sum(1)
    assert length[1:].max() / length[1:].min() < 1.05
    assert length[0] / length[1:].mean() < 1.2


def test_categorical_draws_each_class_with_its_probability():
    prior = priors.Categorical(4, probs=[0.1, 0.0, 0.6, 0.3])
    z = prior.sample(20_000, generator())
    assert torch.equal(z.sum(1), torch.ones(20_000))
    counts = z.sum(0)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2, 3]], [2000, 12_000, 6000]).pvalue > 1e-3
    labels = torch.arange(100) % 4
    assert torch.equal(prior.sample(100, generator(), labels=labels).argmax(1), labels)


def test_points_are_drawn_evenly_and_by_label():
    prior = priors.Points(SPOTS, 0.0, SPOT_LABELS)

    def drawn(labels):
        z = prior.sample(6000, generator(), labels=labels)
        return (z[:, None] == SPOTS).all(2).float().sum(0)  # how often each point came

    assert stats.chisquare(drawn(None)).pvalue > 1e-3
    of_one = drawn(torch.ones(6000, dtype=torch.int64))
    assert of_one[SPOT_LABELS != 1].sum() == 0
    assert stats.chisquare(of_one[SPOT_LABELS == 1]).pvalue > 1e-3


def test_points_are_copied():
    points = SPOTS.clone()
    prior = priors.Points(points, 0.0)
    before, described = prior.sample(10, generator()), prior.description()
    points.zero_()
    assert torch.equal(prior.sample(10, generator()), before)
    assert prior.description() == described


def test_picture_samples_match_its_histogram_and_stand_upright():
    prior = priors.Picture(STEPS, extent=(0, 4, 10, 12))  # pixels of 1 x 1; the top row reaches from y = 11 to 12
    z = prior.sample(20_000, generator())
    counts, _, _ = np.histogram2d(z[:, 1], z[:, 0], bins=[2, 4], range=[[10, 12], [0, 4]])
    counts, bright = counts[::-1], STEPS.numpy() > 0
    assert (counts[~bright] == 0).all()
    assert stats.chisquare(counts[bright], 20_000 / 10 * STEPS.numpy()[bright]).pvalue > 1e-3
    assert stats.kstest(z.numpy()[:, 1] % 1, "uniform").pvalue > 1e-3  # even within a pixel
    at = torch.tensor([[3.5, 11.5], [0.5, 10.5], [0.5, 11.5], [9.0, 11.5]])
    assert prior.log_prob(at).exp().tolist() == pytest.approx([0.3, 0.2, 0, 0])


def test_what_has_no_mass_is_never_drawn(monkeypatch):
    # torch.rand may return exactly 0 (once in 2^24 draws), where a class of no mass begins and ends.
    monkeypatch.setattr(torch, "rand", lambda *shape, **on: torch.zeros(*shape))
    assert priors.Categorical(3, probs=[0.0, 0.5, 0.5]).sample(1).tolist() == [[0, 1, 0]]
    assert priors.Picture(STEPS, extent=(0, 4, 0, 2)).sample(1).tolist() == [[1, 2]]


def test_picture_keeps_its_proportions_by_default():
    assert priors.Picture(torch.ones(10, 20)).extent == (-3, 3, -1.5, 1.5)


# Randomness


@each(ALL)
def test_draws_follow_the_generator_and_nothing_else(prior):
    world = torch.get_rng_state()
    source = generator(3)
    first, second = prior.sample(50, source), prior.sample(50, source)
    assert not torch.equal(first, second)  # reseeding on every call would repeat the batch
    assert torch.equal(first, prior.sample(50, generator(3)))
    assert not torch.equal(first, prior.sample(50, generator(4)))
    assert torch.equal(torch.get_rng_state(), world)


@each(ALL)
def test_without_a_generator_the_default_one_is_used(prior):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        first, second = prior.sample(50), prior.sample(50)
        assert not torch.equal(first, second)
        torch.manual_seed(7)
        assert torch.equal(prior.sample(50), first)


@each({name: prior for name, prior in ALL.items() if prior.capturable})
def test_sampling_never_reads_a_value_back(prior):
    # Meta tensors have shapes and no values: any .item(), any shape that depends on data, would raise here.
    labels = torch.zeros(5, dtype=torch.int64, device="meta") if prior.classes else None
    for _ in range(2):
        z = prior.sample(5, device="meta", labels=labels)
        assert z.shape == (5, prior.dim)
        assert z.device.type == "meta"


def test_constants_are_moved_to_a_device_once():
    prior = priors.Picture(STEPS)
    prior.sample(3, device="meta")
    moved = prior._on(torch.device("meta"))
    prior.sample(3, device="meta")
    assert prior._on(torch.device("meta")) is moved


@pytest.mark.gpu
@each({name: prior for name, prior in ALL.items() if prior.capturable})
def test_sampling_runs_inside_a_cuda_graph(prior):
    source = torch.Generator("cuda").manual_seed(0)
    labels = torch.zeros(64, dtype=torch.int64, device="cuda") if prior.classes else None
    prior.sample(64, source, "cuda", labels)
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(source)
    with torch.cuda.graph(graph):
        z = prior.sample(64, source, "cuda", labels)
    graph.replay()
    first = z.clone()
    graph.replay()
    assert z.isfinite().all()
    assert not torch.equal(z, first) or isinstance(prior, priors.Categorical)


@pytest.mark.gpu
def test_a_function_of_the_cpu_follows_a_generator_on_the_gpu():
    source, same = torch.Generator("cuda").manual_seed(0), torch.Generator("cuda").manual_seed(0)
    first, second = (ALL["function"].sample(50, source, "cuda") for _ in range(2))
    assert first.device.type == "cuda"
    assert not torch.equal(first, second)
    assert torch.equal(ALL["function"].sample(50, same, "cuda"), first)


# Your own prior


class Bar:
    dim = 2
    classes = 2

    def sample(self, n, generator=None, device="cpu", labels=None):
        z = torch.rand(n, 2, generator=generator, device=device)
        return z if labels is None else z + labels[:, None]

    def log_prob(self, z):
        return torch.zeros(len(z))


def test_a_function_becomes_a_prior():
    prior = priors.as_prior(noise)
    assert (prior.dim, prior.classes, prior.capturable) == (2, None, False)
    assert torch.equal(prior.sample(20, generator()), noise(20, generator()))


def test_an_object_that_can_be_sampled_becomes_a_prior():
    prior = priors.as_prior(Bar())
    assert (prior.dim, prior.classes) == (2, 2)
    assert torch.equal(prior.log_prob(torch.ones(3, 2)), torch.zeros(3))
    labels = torch.tensor([0, 1, 1])
    assert torch.equal(prior.sample(3, generator(), labels=labels).floor(), labels[:, None].expand(3, 2).float())
    with pytest.raises(ValueError, match="between 0 and 1"):
        prior.sample(1, labels=torch.tensor([2]))


def test_an_object_without_dim_is_measured_by_a_trial_draw():
    class Plain:
        def sample(self, n, generator=None):
            return torch.rand(n, 6, generator=generator)

    world = torch.get_rng_state()
    assert priors.as_prior(Plain()).dim == 6
    assert torch.equal(torch.get_rng_state(), world)


def test_a_prior_stays_itself():
    ring = priors.GaussianRing()
    assert priors.as_prior(ring) is ring


def test_a_function_is_told_the_device_only_if_it_asks():
    asked = []

    def at(n, generator=None, device="cpu"):
        asked.append(str(device))
        return torch.zeros(n, 1, device=device)

    assert priors.Function(at, capturable=True).sample(4, device="meta").device.type == "meta"
    assert asked == ["cpu", "meta"]
    moved = priors.Function(noise).sample(4, device="meta")
    assert moved.device.type == "meta"


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (lambda n: torch.zeros(n), ValueError, r"must return shape \(7, d\), but returned \(7,\)"),
        (lambda n: torch.zeros(n + 1, 2), ValueError, r"must return shape \(7, d\), but returned \(8, 2\)"),
        (lambda n: torch.zeros(n, 0), ValueError, r"but returned \(7, 0\)"),
        (lambda n: torch.zeros(n, 2).double(), TypeError, r"float32 of shape \(7, d\), not torch.float64.*\.float\(\)"),
        (lambda n: np.zeros((n, 2)), TypeError, r"float32 tensor of shape \(7, d\), not ndarray"),
        (lambda n: torch.full((n, 2), math.nan), ValueError, r"NaN or infinity in 7 of 7 rows of shape \(7, 2\)"),
    ],
)
def test_a_function_with_a_wrong_result_is_refused(result, error, message):
    with pytest.raises(error, match=message):
        priors.Function(lambda n, generator=None: result(n))


def test_a_function_that_changes_its_dim_is_refused():
    prior = priors.Function(noise, dim=3)
    with pytest.raises(ValueError, match=r"must return shape \(5, 3\), but returned \(5, 2\)"):
        prior.sample(5)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (lambda n: torch.zeros(n, 2), "takes no generator"),
        (torch.randn, "takes no generator"),
        (torch.distributions.Normal(0, 1), "takes no generator"),
        (priors.Gaussian, r"is a class: pass one of its objects, as in Gaussian\(\)"),
        ("ring", r"'ring' is not a prior: aae.priors.named gives one by its name"),
        (None, "None is not a prior"),
    ],
)
def test_what_cannot_be_a_prior_is_refused(thing, message):
    with pytest.raises(TypeError, match=message):
        priors.as_prior(thing)


def test_promises_that_a_function_cannot_keep_are_refused():
    with pytest.raises(TypeError, match="cannot be sampled per class: give it a parameter labels"):
        priors.Function(noise, classes=3)
    with pytest.raises(TypeError, match=r"cannot draw on the GPU .* give it a parameter device"):
        priors.Function(noise, capturable=True)


# Errors


@pytest.mark.parametrize(
    ("prior", "has"),
    [
        (priors.Circle(noise=0), False),
        (priors.SwissRoll(noise=0), False),
        (priors.SwissRoll(noise=1e-5), False),  # sampled as it is; the integral would take too long
        (priors.Points(SPOTS, 0), False),
        (priors.Sphere(), False),
        (priors.Circle(), True),
        (priors.SwissRoll(), True),
        (priors.Points(SPOTS), True),
    ],
    ids=repr,
)
def test_a_prior_says_whether_it_has_a_density(prior, has):
    assert prior.has_log_prob is has
    z = prior.sample(4, generator())
    if has:
        assert prior.log_prob(z).isfinite().all()
    else:
        with pytest.raises((ValueError, NotImplementedError)):
            prior.log_prob(z)


@pytest.mark.parametrize("prior", [priors.Gaussian(), priors.Picture(STEPS), priors.Function(noise)], ids=repr)
def test_a_prior_without_classes_refuses_labels(prior):
    with pytest.raises(ValueError, match=f"{type(prior).__name__} cannot be sampled per class"):
        prior.sample(3, labels=torch.tensor([0, 0, -1]))


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 1, 10], ValueError, "between 0 and 9 .* go from 0 to 10"),
        ([0, -2, 3], ValueError, "between 0 and 9 .* go from -2 to 3"),
        ([0, 1], ValueError, r"must have shape \(3,\), one class per sample, not \(2,\)"),
        ([[0, 1, 2]], ValueError, r"must have shape \(3,\)"),
        ([0.0, 1.0, 2.0], ValueError, "must be whole numbers .* not torch.float32"),
    ],
)
def test_bad_labels_are_refused(labels, error, message):
    with pytest.raises(error, match=message):
        priors.GaussianRing().sample(3, labels=torch.tensor(labels))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: priors.Gaussian().sample(-1), "whole number of at least 0; got -1"),
        (lambda: priors.Gaussian().sample(2.5), "whole number of at least 0; got 2.5"),
        (lambda: priors.Gaussian().sample(2, generator(), device="meta"), "generator is on cpu, .* to be on meta"),
        (lambda: priors.Gaussian(3).log_prob(torch.zeros(4, 2)), r"z of shape \(n, 3\), not \(4, 2\)"),
        (lambda: priors.GaussianRing().log_prob(torch.zeros(2)), r"z of shape \(n, 2\), not \(2,\)"),
        (lambda: priors.Circle(noise=0).log_prob(torch.zeros(1, 2)), "no density"),
        (lambda: priors.SwissRoll(noise=0).log_prob(torch.zeros(1, 2)), "no density"),
        (lambda: priors.Points(SPOTS, 0).log_prob(SPOTS), "no density"),
        (lambda: priors.Gaussian(sigma=0), "Gaussian: sigma must be a positive number, 1e-6 to 1e6; got 0"),
        (lambda: priors.Gaussian(dim=2.5), "Gaussian: dim must be a whole number from 1 to 1,000,000; got 2.5"),
        (lambda: priors.Gaussian(dim=True), "dim must be a whole number"),
        (lambda: priors.GaussianRing(k=0), "GaussianRing: k must be a whole number"),
        (lambda: priors.GaussianRing(radial=math.nan), "radial must be a positive number, 1e-6 to 1e6; got nan"),
        (lambda: priors.GaussianGrid(spacing="wide"), "spacing must be a positive number, 1e-6 to 1e6; got 'wide'"),
        (lambda: priors.Circle(noise=-1), "noise must be 0 or a positive number, 1e-6 to 1e6; got -1"),
        (lambda: priors.Sphere(radius=-1), "radius must be a positive number"),
        (lambda: priors.SwissRoll(turns=0), "turns must be a finite number from 0.01 to 1,000"),
        (lambda: priors.Uniform(low=math.inf), "low must be a finite number"),
        (lambda: priors.Uniform(low=1, high=1), "low must be less than high, not 1 and 1"),
        (lambda: priors.Categorical(3, probs=[0.5, 0.5]), "probs must be 3 numbers"),
        (lambda: priors.Categorical(2, probs=[0.5, 0.6]), "add up to 1"),
        (lambda: priors.Categorical(2, probs=[1.5, -0.5]), "each a finite number from 0 to 1"),
        (lambda: priors.Categorical(2, probs=[math.nan, 1.0]), "each a finite number from 0 to 1"),
        (lambda: priors.Points(torch.zeros(5)), r"points must be finite numbers of shape \(m, d\).*of shape \(5,\)"),
        (lambda: priors.Points(torch.zeros(0, 2)), r"of shape \(0, 2\)"),
        (lambda: priors.Points([[0.0, math.inf]]), "points must be finite numbers"),
        (lambda: priors.Points(SPOTS, -1), "bandwidth must be 0 or a positive number"),
        (lambda: priors.Points(SPOTS, 1, [0, 1]), r"whole numbers of shape \(6,\)"),
        (lambda: priors.Points(SPOTS, 1, [0, 0, 0, 2, 2, -1]), "no point has label 1"),
        (lambda: priors.Picture(torch.zeros(4, 4)), "empty"),
        (lambda: priors.Picture(torch.tensor([[1.0, -1.0]])), "at least 0"),
        (
            lambda: priors.Picture(torch.tensor([[1.0, math.nan]])),
            "image must be finite numbers|brightness of at least 0",
        ),
        (lambda: priors.Picture(torch.ones(4, 4, 3)), r"finite numbers of shape \(H, W\).*of shape \(4, 4, 3\)"),
        (lambda: priors.Picture(torch.ones(2, 2), extent=(0, 1, 1, 0)), "in growing order"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Settings and names


@each({name: prior for name, prior in ALL.items() if name != "function"})
def test_a_description_rebuilds_the_same_prior(prior):
    text = json.dumps(prior.description())
    again = priors.from_description(json.loads(text))
    assert type(again) is type(prior)
    assert json.dumps(again.description()) == text
    assert repr(again) == repr(prior)
    assert torch.equal(again.sample(100, generator()), prior.sample(100, generator()))
    if prior.classes:
        labels = torch.arange(100) % prior.classes
        assert torch.equal(again.sample(100, generator(), labels=labels), prior.sample(100, generator(), labels=labels))


def test_a_description_says_what_was_chosen():
    described = priors.GaussianRing(6, radius=2.0).description()
    assert described == {"name": "GaussianRing", "k": 6, "radius": 2.0, "radial": 0.5, "tangential": 0.15}


def test_large_tables_are_named_by_checksum_and_not_rebuilt():
    points = torch.randn(3000, 2, generator=generator())
    large = [
        priors.Points(points),
        priors.Points(points + 1e-3),
        priors.Points(points, labels=torch.arange(3000) % 2),
        priors.Points(points, labels=torch.arange(3000) % 3),
        priors.Picture(points[:1500].abs() @ torch.ones(2, 3)),
        priors.Picture((points[:1500].abs() @ torch.ones(2, 3)).reshape(3, 1500), extent=(-3, 3, -3, 3)),
    ]
    sums = {prior.description()["sha256"] for prior in large}
    assert len(sums) == len(large)
    assert priors.Points(points.clone()).description() == large[0].description()
    for prior in large:
        assert len(json.dumps(prior.description())) < 300
        with pytest.raises(ValueError, match="too large to be stored: pass the same one in"):
            priors.from_description(prior.description())


def test_a_function_is_named_and_not_rebuilt():
    described = priors.Function(noise).description()
    assert described == {"name": "Function", "function": f"{__name__}.noise"}
    assert priors.as_prior(Bar()).description()["function"] == f"{__name__}.Bar.sample"
    with pytest.raises(ValueError, match=r"your own .*noise, .*: pass the prior in"):
        priors.from_description(described)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"name": "Moebius"}, "names the prior 'Moebius', which is not here.*GaussianRing"),
        ({}, "The description has no name"),
        ({"name": "Gaussian", "temperature": 2}, "does not fit the prior Gaussian.*temperature"),
    ],
)
def test_foreign_descriptions_are_refused(described, message):
    with pytest.raises(ValueError, match=message):
        priors.from_description(described)


def test_names_give_priors_with_default_settings():
    assert priors.named("ring") == priors.GaussianRing()
    assert priors.named("swiss-roll") == priors.SwissRoll()
    assert priors.named("gaussian", dim=8) == priors.Gaussian(8)
    assert priors.named("sphere", dim=2).sample(5).shape == (5, 2)
    with pytest.raises(ValueError, match=r"name must be one of gaussian, ring, grid, .*swiss-roll"):
        priors.named("rings")
    with pytest.raises(ValueError, match="'ring' lives in the plane, so dim must be 2, not 8"):
        priors.named("ring", dim=8)

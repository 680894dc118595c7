"""The live panel on models with categories: predicted colours, occupancy, a prior that moves, forks of a map."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from test_live import opened, trained, wait_for  # noqa: F401

import aae_lib as aae
from aae_lib.data import Minibatch, Minibatches
from aae_lib.live import pulls, view
from aae_lib.live.still import still
from conftest import state

pytestmark = pytest.mark.slow

KINDS = [
    (aae.SupervisedAAE, {}),
    (aae.SemiSupervisedAAE, {}),
    (aae.ClusterAAE, {"categories": 12, "latent_dim": 2}),
    (aae.MapAAE, {"categories": 12}),
    (aae.MapAAE, {"categories": 10, "labelled": True}),
]


def rng():
    return torch.Generator().manual_seed(0)


def layers(message):
    content, buffers = message
    return {
        head["name"]: np.frombuffer(buffer, {"u1": np.uint8, "f4": np.float32}[head["dtype"]]).reshape(head["shape"])
        for head, buffer in zip(content["layers"], buffers, strict=True)
    }


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_a_run_is_the_same_with_a_panel_and_all_layers_are_those_of_the_model(opened, make, kind, options):  # noqa: F811
    panel, page = opened(make(kind, **options))
    page.do("overlay", name="arrows", on=True)
    trained(panel, 12)
    alone = make(kind, **options)
    alone.run(steps=12, progress=False)
    first, second = state(panel.trainer.model), state(alone.model)
    assert all(torch.equal(first[key], second[key]) for key in first)
    page.do("live")
    seen = layers(page.last(lambda content: content["full"] and content["runs"][0]["step"] == 12))
    images = panel.trainer.data.validation.images
    assert ("categories" in seen) == hasattr(alone.model, "classify")
    if "categories" in seen:
        assert seen["categories"].tolist() == alone.model.classify(images).argmax(1).tolist()
    assert ("heads" in seen) == isinstance(alone.model, aae.MapAAE)
    if "heads" in seen:
        np.testing.assert_array_equal(seen["heads"], alone.model.cluster_heads.detach().numpy())
    assert seen["images"].shape == (3, 8, 8, 8, 1)


def test_every_phase_lights_its_networks(opened, make):  # noqa: F811
    panel, _ = opened(make(aae.MapAAE, categories=12))
    run = panel.training.runs[0]
    moves = {phase["name"]: set(phase["moves"]) for phase in run.spec()["phases"]}
    for name, expected in moves.items():
        panel.step()
        assert run.lit == name
        assert {part for part, far in run.moved.items() if far > 0} == expected
    assert moves["generator_y"] == {"encoder"}
    assert moves["heads"] == {"cluster_heads"}


@pytest.mark.parametrize("kind", [aae.SemiSupervisedAAE, aae.MapAAE])
def test_arrows_are_the_slopes_of_the_losses_by_the_style(make, kind, digits):
    few = replace(digits, train=digits.train.keep_labels(20))
    trainer = make(kind, data=few, categories=10)
    trainer.run(steps=5, progress=False)
    assert pulls.moving_phases(trainer) == ["reconstruction", "generator"]
    unlabelled = digits.validation.take(torch.arange(20))
    unlabelled = replace(unlabelled, labels=torch.full_like(unlabelled.labels, -1))
    z, found = pulls.pulls(trainer, Minibatch(Minibatches(unlabelled, 20), torch.arange(20)), rng())
    order = torch.cdist(trainer.model.encode(unlabelled.images), z).argmin(0)
    torch.testing.assert_close(trainer.model.encode(unlabelled.images)[order], z)
    style = trainer.model.encoder(unlabelled.images[order].float() / 255).detach().requires_grad_()
    loss = aae.losses.generator_loss(trainer.model.discriminator(style))
    (slope,) = torch.autograd.grad(loss, style)
    cosine = torch.nn.functional.cosine_similarity(-slope, found["generator"])
    assert cosine.min() > 0.999


def test_hovering_says_the_category_that_it_decodes(opened, make):  # noqa: F811
    panel, page = opened(make(aae.SemiSupervisedAAE, latent_dim=2))
    trained(panel, 20)
    model, images = panel.trainer.model, panel.training.runs[0].view.images
    x, y = model.encode(images)[3].tolist()
    page.do("point", run=0, x=x, y=y)
    content, (decoded, _) = wait_for(lambda: [m for m in page.messages if m[0]["kind"] == "point"])[-1]
    category = model.classify(images[3:4]).argmax(1)
    assert content["near"]["category"] == int(category)
    wanted = (model.decode(model.encode(images[3:4]), category)[0, 0] * 255).round()
    assert np.abs(np.frombuffer(decoded, np.uint8) - wanted.flatten().numpy()).max() <= 1


def test_the_prior_of_a_map_is_drawn_where_its_heads_are(opened, make):  # noqa: F811
    panel, page = opened(make(aae.MapAAE, categories=3, apart=1.0))
    trained(panel, 2)
    with panel.trainer.lock, torch.no_grad():  # or a picture may be half drawn
        panel.trainer.model.cluster_heads.copy_(torch.tensor([[50.0, 0.0], [50.0, 9.0], [59.0, 0.0]]))
    page.do("live")

    def moved():
        full = [m for m in page.messages if m[0]["kind"] == "frame" and m[0]["full"]]
        return [m for m in full if layers(m)["heads"][0, 0] > 40]

    seen = layers(wait_for(moved)[-1])
    heads = seen["heads"]
    nearest = np.linalg.norm(seen["prior"][:, None] - heads[None], axis=2).min(1)
    assert np.median(nearest) < 2
    assert seen["prior"][:, 0].min() > 40


def test_a_map_forks_exactly_and_takes_another_prior_of_its_style(opened, make):  # noqa: F811
    panel, page = opened(make(aae.MapAAE, categories=12))
    page.do("prior", name="uniform")
    trained(panel, 12)
    page.do("scrub", at=len(panel._scene.marks()) // 2)
    panel.fork()
    first, second = panel.training.runs
    assert second.trainer.model.prior.styles == aae.priors.Uniform(2)
    assert second.trainer.model.prior._model is second.trainer.model
    panel.training.limit = 12
    panel.play()
    panel.join(300)
    one, two = state(first.trainer.model), state(second.trainer.model)
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_surface_is_drawn_of_the_style_and_not_of_a_map(make):
    for kind, drawn in ((aae.SemiSupervisedAAE, True), (aae.MapAAE, False)):
        trainer = make(kind, latent_dim=2, categories=10)
        assert view.View(trainer, trainer.data.validation).has_surface == drawn


@pytest.mark.parametrize("kind", [aae.AAE, aae.SemiSupervisedAAE, aae.ClusterAAE])
def test_classes_have_their_names_in_the_panel_and_its_picture_and_clusters_numbers(opened, make, digits, kind):  # noqa: F811
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    parts = {part: replace(getattr(digits, part), class_names=words) for part in ("train", "validation", "test")}
    clusters = {"categories": 12} if kind is aae.ClusterAAE else {}
    panel, _ = opened(make(kind, data=replace(digits, **parts), latent_dim=2, **clusters))
    told = {label: name for label, name, _ in panel._scene.spec()["classes"]}
    assert told == ({k: str(k) for k in range(12)} if clusters else dict(enumerate(words)))
    texts = [text.get_text() for text in still([panel.training.runs[0]]).findobj(Text)]
    assert set(words) < set(texts)  # the picture is coloured by class

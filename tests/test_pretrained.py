"""The models that come with the course: small, sound, and as good as their files say."""

import pytest
import torch

import aae_lib as aae
from aae_lib.data import mnist
from aae_lib.models import pretrained

pytestmark = pytest.mark.slow


@pytest.fixture
def mnist_test():
    try:
        mnist.find_local("mnist")
    except mnist.DataNotFoundError:
        pytest.skip("needs MNIST (AAE_DATA_DIR)")
    return aae.load("mnist").test


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_a_model_is_small_and_ready_for_use(name):
    assert (pretrained.FOLDER / f"{name}.safetensors").stat().st_size < 1_000_000
    model = pretrained.load(name)
    assert not model.training
    images = model.decode(model.prior.sample(200, generator=torch.Generator().manual_seed(0)))
    assert images.shape == (200, 1, 28, 28)
    assert model.encode(images).shape == (200, 8 if name.endswith("8") else 2)
    assert 0.08 < images.mean() < 0.2  # MNIST's images have 0.13 of their ink on average
    assert images.flatten(1).var(0).mean() > 0.01  # and are not all the same


def test_the_ring_decodes_each_arm_to_digits_of_its_own():
    ring = pretrained.load("ring")
    arms = torch.arange(10).repeat_interleave(20)
    images = ring.decode(ring.prior.sample(200, generator=torch.Generator().manual_seed(0), labels=arms))
    means = images.view(10, 20, -1).mean(1)
    nearest = torch.cdist(images.flatten(1), means).argmin(1)
    assert (nearest == arms).float().mean() > 0.9


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ValueError, match="no pretrained model 'gan'; there are ring, gaussian, vae, ae, gaussian8"):
        pretrained.load("gan")


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_the_figures_in_the_file_are_those_of_the_model(name, mnist_test):
    figures = pretrained.about(name)["figures"]["reconstruction"]
    error = aae.metrics.reconstruction_error(pretrained.load(name), mnist_test)
    assert error == pytest.approx(figures["value"], rel=1e-3)  # the weights were rounded since

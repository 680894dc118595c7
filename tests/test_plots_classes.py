"""Pictures of models with categories: what is drawn is what the model says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import aae_lib as aae
from aae_lib.plots.common import mosaic

SHAPE = (1, 8, 8)


class Sorted(torch.nn.Module):
    """A stand-in: images are sorted by their brightest corner; decode paints category and first coordinate of z."""

    categories, latent_dim, image_shape, device = 3, 2, SHAPE, torch.device("cpu")
    prior = aae.priors.Gaussian(2)

    def encode(self, images):
        return images.float().flatten(1)[:, :2] / 255

    def classify(self, images):
        return torch.nn.functional.one_hot(images[:, 0, 0, 0].long() % 2, 3).float()

    def decode(self, z, y):
        return (y.float() / 4 + z[:, 0] / 10).clamp(0, 1)[:, None, None, None].expand(-1, *SHAPE)


@pytest.fixture
def split():
    images = torch.zeros(8, *SHAPE, dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.tensor([0, 1, 2, 3, 4, 5, 7, 9])  # odd: category 1, five of eight
    return aae.data.Split(images, torch.tensor([7, 4, 7, 4, 7, -1, 4, 2]))


def sheet(figure):
    (image,) = figure.axes[0].get_images()
    return np.asarray(image.get_array())


def cell(figure, row, column, size=8, gap=1):
    top, left = row * (size + gap), column * (size + gap)
    return sheet(figure)[top : top + size, left : left + size]


def words(labels):
    return [label.get_text() for label in labels]


def test_rows_share_a_style_and_columns_a_category(split):
    figure = aae.plots.style_by_class(Sorted(), split, n=4)
    z = Sorted().encode(split.images)
    for row in range(4):
        np.testing.assert_allclose(cell(figure, row, 0), split.images[row, 0] / 255, atol=1e-6)
        for k in range(3):
            np.testing.assert_allclose(cell(figure, row, 2 + k), k / 4 + float(z[row, 0]) / 10, atol=1e-6)
    assert words(figure.axes[0].get_xticklabels()) == ["image", "0", "1", "2"]
    free = aae.plots.style_by_class(Sorted(), n=5)
    prior = aae.priors.Gaussian(2).sample(5, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(cell(free, 4, 2), float((2 / 4 + prior[4, 0] / 10).clamp(0, 1)), atol=1e-6)


def test_prototypes_say_share_class_and_emptiness(split):
    figure = aae.plots.prototypes(Sorted(), split, n=2)
    assert words(figure.axes[0].get_yticklabels()) == ["0: 38%, class 7 (100%)", "1: 62%, class 4 (75%)", "2: empty"]
    np.testing.assert_allclose(cell(figure, 1, 0), 1 / 4)
    np.testing.assert_allclose(cell(figure, 1, 2), split.images[1, 0] / 255, atol=1e-6)
    np.testing.assert_allclose(cell(figure, 1, 3), split.images[3, 0] / 255, atol=1e-6)
    np.testing.assert_allclose(cell(figure, 2, 2), 1)


def test_bars_are_the_shares_by_class(split):
    figure = aae.plots.occupancy(Sorted(), split)
    ax = figure.axes[0]
    tops = {}
    for bar in ax.patches:
        k = round(bar.get_x() + bar.get_width() / 2)
        tops[k] = max(tops.get(k, 0), bar.get_y() + bar.get_height())
    assert tops == pytest.approx({0: 3 / 8, 1: 5 / 8, 2: 0})
    of_class_4 = [bar.get_height() for bar in ax.patches if bar.get_label() == "4" or bar.get_height() == 3 / 8]
    assert 3 / 8 in of_class_4
    assert "no label" in words(figure.legends[0].get_texts())


def test_images_on_a_map_lie_at_their_codes_and_not_over_each_other(digits):
    model = aae.MapAAE(SHAPE, hidden=(16,), categories=12)
    figure = aae.plots.map_with_images(model, digits.test, n=30)
    ax = figure.axes[0]
    z = model.encode(digits.test.images).numpy()
    centres = []
    for image in ax.get_images():
        left, right, bottom, top = image.get_extent()
        centre = np.array([(left + right) / 2, (bottom + top) / 2])
        i = int(np.linalg.norm(z - centre, axis=1).argmin())
        np.testing.assert_allclose(z[i], centre, atol=1e-4)
        np.testing.assert_allclose(image.get_array(), mosaic(digits.test.images[i : i + 1], 1))
        centres.append(centre)
        side = right - left
    assert 5 < len(centres) <= 30
    distance = np.abs(np.array(centres)[:, None] - np.array(centres)[None]).max(2)
    assert distance[~np.eye(len(centres), dtype=bool)].min() >= side
    heads = {text.get_text(): text.get_position() for text in ax.texts if text.get_bbox_patch() is not None}
    assert set(heads) == {str(k) for k in range(12)}
    np.testing.assert_allclose(heads["5"], model.cluster_heads[5].detach())


@pytest.mark.parametrize(
    ("kind", "options"),
    [(aae.SupervisedAAE, {}), (aae.SemiSupervisedAAE, {}), (aae.ClusterAAE, {"categories": 13}), (aae.MapAAE, {})],
)
def test_the_other_plots_draw_these_models_too(digits, kind, options):
    model = kind(SHAPE, latent_dim=2, hidden=(16,), **options)
    told = digits.test.labels[:4]
    back = (
        model.reconstruct(digits.test.images[:4], told)
        if model.needs_labels
        else model.reconstruct(digits.test.images[:4])
    )
    np.testing.assert_allclose(cell(aae.plots.reconstructions(model, digits.test, n=4), 1, 3), back[3, 0], atol=1e-6)
    rows = aae.plots.samples(model, n=3 * model.categories)
    assert len(words(rows.axes[0].get_yticklabels())) == model.categories
    aae.plots.latent(model, digits.test)
    label = None if kind is aae.MapAAE else 3
    middle = aae.plots.plane(model, (-1, 1, -1, 1), n=3, label=label)
    expected = model.decode(torch.zeros(1, 2), *([] if label is None else [torch.tensor([3])]))
    np.testing.assert_allclose(sheet(middle)[8:16, 8:16], expected[0, 0], atol=1e-6)
    walk = aae.plots.interpolation(model, torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]), n=3, label=label)
    np.testing.assert_allclose(cell(walk, 0, 0), expected[0, 0], atol=1e-6)


def test_losses_of_two_games_stand_in_one_panel(make):
    trainer = make(aae.MapAAE, categories=10, labelled=True)
    figure = aae.plots.losses(trainer.run(steps=3, progress=False))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["Reconstruction loss", "Heads loss", "Classification loss", "Losses of the game"]
    named = words(figure.axes[-1].get_legend().get_texts())
    assert named == ["discriminator", "discriminator y", "generator", "generator y"]


def test_what_cannot_be_drawn_gets_a_sentence(digits):
    plain, told = aae.AAE(SHAPE, hidden=(16,)), aae.SupervisedAAE(SHAPE, latent_dim=2, hidden=(16,))
    with pytest.raises(ValueError, match="AAE has no category"):
        aae.plots.style_by_class(plain)
    with pytest.raises(ValueError, match="gives none"):
        aae.plots.prototypes(told, digits.test)
    with pytest.raises(ValueError, match="place and category are one"):
        aae.plots.style_by_class(aae.MapAAE(SHAPE, hidden=(16,)))
    with pytest.raises(ValueError, match="label=0 to 9"):
        aae.plots.plane(told)
    with pytest.raises(ValueError, match="latent_dim=2"):
        aae.plots.map_with_images(aae.ClusterAAE(SHAPE, latent_dim=3, hidden=(16,)), digits.test)
    none = replace(digits.test, labels=torch.full_like(digits.test.labels, -1))
    with pytest.raises(ValueError, match="have no label"):
        aae.plots.reconstructions(told, none)
    aae.plots.map_with_images(aae.MapAAE(SHAPE, hidden=(16,)), none)
    aae.plots.occupancy(aae.ClusterAAE(SHAPE, hidden=(16,)), none)

"""`likelihood=`: one choice, and scaling, losses, codes, samples, measures, pictures and checkpoints follow."""

import numpy as np
import pandas as pd
import pytest
import torch

import aae_lib as aae
from aae_lib.cli import main
from aae_lib.data import Dataset, Split, Standard
from aae_lib.live.view import View
from aae_lib.models import likelihood
from aae_lib.plots.drawn import HEIGHT, WIDTH, drawn

MODELS = (aae.AE, aae.VAE, aae.WAE, aae.AAE, aae.SupervisedAAE, aae.SemiSupervisedAAE, aae.ClusterAAE, aae.MapAAE)
D = 6


def table(n: int, d: int = D, seed: int = 0) -> Split:
    """Rows of three classes, two hidden causes, and units that have nothing in common."""
    rng = torch.Generator().manual_seed(seed)
    classes = torch.arange(n) % 3
    hidden = torch.randn(n, 2, generator=rng) + torch.tensor([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]])[classes]
    ways = torch.randn(2, d, generator=torch.Generator().manual_seed(7))
    rows = hidden @ ways + 0.1 * torch.randn(n, d, generator=rng)
    return Split(rows * 2.0 ** (torch.arange(d) % 6) + 100, classes)


def dataset(scale: float = 1.0, d: int = D) -> Dataset:
    parts = [Split(part.images * scale, part.labels) for part in (table(300, d), table(90, d, 1), table(90, d, 2))]
    return Dataset("table", *parts, (d,), 3)


def make(kind=aae.AAE, seed=0, shape=(D,), **options):
    if issubclass(kind, aae.SupervisedAAE | aae.SemiSupervisedAAE | aae.ClusterAAE | aae.MapAAE):
        options = {"categories": 3} | options
    return kind(shape, **{"latent_dim": 2, "hidden": (16,), "likelihood": "gaussian", "seed": seed} | options)


def test_images_are_taken_for_pixels_and_vectors_for_real_numbers():
    assert isinstance(aae.AE((1, 8, 8)).likelihood, likelihood.Bernoulli)
    assert isinstance(aae.AE((64,)).likelihood, likelihood.Gaussian)
    assert isinstance(aae.AE((64,), likelihood="bernoulli").likelihood, likelihood.Bernoulli)


@pytest.mark.parametrize("kind", MODELS)
def test_the_unit_of_the_data_does_not_matter(kind):
    """64 times the numbers: the same bits in every loss and code, and 64 times the reconstruction."""
    found = []
    for scale in (1.0, 64.0):
        data, model = dataset(scale), make(kind)
        history = aae.Trainer(model, data, seed=0, batch_size=50).run(steps=20, progress=False)
        told = (data.test.labels,) if kind is aae.SupervisedAAE else ()
        back = model.reconstruct(data.test.images, *told) / scale
        found.append((history.drop(columns="seconds"), model.encode(data.test.images), back))
    (losses, codes, back), (losses_64, codes_64, back_64) = found
    assert losses.equals(losses_64)
    assert torch.equal(codes, codes_64)
    assert torch.equal(back, back_64)


def test_a_linear_autoencoder_finds_the_principal_components():
    data = dataset()
    model = make(aae.AE, hidden=(), optimizer=aae.Adam(1e-2))
    aae.Trainer(model, data, seed=0).run(steps=1500, progress=False)
    x = data.train.images.double().numpy()
    x = (x - x.mean(0)) / x.std(0)
    spectrum = np.linalg.svd(x, compute_uv=False) ** 2
    left_by_pca = spectrum[2:].sum() / x.size
    assert left_by_pca <= aae.metrics.reconstruction_error(model, data.train) < 1.02 * left_by_pca + 1e-4


def test_samples_come_in_the_units_of_the_data():
    data = dataset()
    model = make(aae.VAE)
    aae.Trainer(model, data, seed=0).run(steps=1500, progress=False)
    made = model.sample(2000, generator=torch.Generator().manual_seed(0))
    x = data.train.images
    assert ((made.mean(0) - x.mean(0)).abs() < 0.25 * x.std(0)).all()
    assert (made.std(0) / x.std(0) > 0.7).all()


def test_standard_is_numpys_mean_and_sd_however_far_the_numbers_are_from_0():
    x = torch.randn(9000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1e-3, 1.0, 1e4]) + 1000
    mean, sd = Standard.of(x)
    np.testing.assert_allclose(mean, x.double().numpy().mean(0), rtol=1e-6)
    np.testing.assert_allclose(sd, x.double().numpy().std(0), rtol=1e-4)
    pictures = (torch.rand(50, 3, 5, 4, generator=torch.Generator().manual_seed(0)) * 255).to(torch.uint8)
    mean, sd = Standard.of(pictures)
    np.testing.assert_allclose(mean.flatten(), (pictures / 255).double().mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(sd.flatten(), (pictures / 255).double().numpy().std((0, 2, 3)), rtol=1e-5)


def test_a_number_that_never_varies_is_left_alone():
    rows = torch.cat([table(300).images, torch.full((300, 1), 0.1)], 1)
    model = make(aae.AE, shape=(D + 1,))
    aae.Trainer(model, Split(rows, torch.zeros(300, dtype=torch.long)), seed=0).run(steps=50, progress=False)
    assert model.likelihood.sd[-1] == 1
    assert model.reconstruct(rows).isfinite().all()


def test_it_is_kept_in_the_checkpoint_and_fitted_once(tmp_path):
    data = dataset()
    first = aae.Trainer(make(), data, seed=0)
    first.run(steps=30, folder=tmp_path, progress=False)
    alone = aae.load_model(tmp_path)
    assert torch.equal(alone.reconstruct(data.test.images), first.model.reconstruct(data.test.images))
    assert alone.value_range == first.model.value_range == tuple(data.train.images.aminmax())

    again = aae.Trainer(make(), data, seed=0)
    aae.checkpoints.load(again, tmp_path)
    for trainer in (first, again):
        trainer.run(steps=20, progress=False)
    assert torch.equal(first.model.encode(data.test.images), again.model.encode(data.test.images))

    mean = first.model.likelihood.mean.clone()
    aae.Trainer(first.model, dataset(scale=2.0), seed=0)  # to go on with other data: codes keep their meaning
    assert torch.equal(first.model.likelihood.mean, mean)


@pytest.mark.parametrize("kind", [aae.AAE, aae.SemiSupervisedAAE])
def test_a_sweep_gives_what_single_runs_give(kind):
    data = dataset()
    single = [aae.Trainer(make(kind, seed=s), data, seed=s) for s in range(2)]
    together = aae.Sweep([aae.Trainer(make(kind, seed=s), data, seed=s) for s in range(2)])
    together.run(steps=15, progress=False)
    for trainer, member in zip(single, together.trainers, strict=True):
        trainer.run(steps=15, progress=False)
        x = data.test.images
        torch.testing.assert_close(member.model.encode(x), trainer.model.encode(x), rtol=1e-4, atol=1e-5)


def test_colour_pictures_of_any_range_with_the_convolutional_networks():
    x = 7 + 3 * torch.randn(60, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    model = make(aae.AAE, shape=(3, 8, 8), network="conv")
    aae.Trainer(model, Split(x, torch.arange(60) % 2), seed=0, batch_size=20).run(steps=60, progress=False)
    assert model.likelihood.mean.shape == (3, 1, 1)
    assert abs(float(model.reconstruct(x).mean()) - 7) < 0.3
    assert drawn(x, model).shape == (60, 3, 8, 8)


def test_measures_use_the_variances_of_the_training_data():
    data, model = dataset(), make(aae.AE)
    aae.Trainer(model, data, seed=0).run(steps=300, progress=False)
    found = aae.metrics.compare(model, data, details=True)
    assert found.reference["reconstruction"] == pytest.approx(1, abs=0.15)  # always the mean
    assert 0 < found.value["reconstruction"] < 0.3
    assert "variances of the training data" in found.meaning["reconstruction"]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: make(reconstruction="bce"), 'compares pixels .* likelihood="gaussian" leave it out'),
        (lambda: make(network="conv"), "takes pictures, and \\(6,\\) is a vector"),
        (lambda: make(shape=(3, 8)), "image_shape must be \\(channels, height, width\\).* or \\(D,\\) for vectors"),
        (lambda: make(likelihood="poisson"), 'likelihood must be one of bernoulli, gaussian; got'),
        (lambda: aae.Trainer(make(likelihood="bernoulli"), dataset()), 'image 0 has .*likelihood="gaussian"'),
        (lambda: aae.Trainer(make(), Split(torch.zeros(200, 5), torch.zeros(200).long())), "got \\(200, 5\\)"),
        (lambda: make().encode(torch.full((1, D), torch.inf)), "image 0 holds NaN or infinity"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


# ---- pictures of vectors ----


def ink(picture: torch.Tensor) -> torch.Tensor:
    """Which pixels of a vector's picture (H + 6, W + 6), without its frame, are drawn."""
    return picture[3:-3, 3:-3] < 0.5


def test_no_peak_of_a_line_is_lost():
    for where in (0, 1, 250, 333, 499):
        x = torch.zeros(1, 500)
        x[0, where] = 1
        columns = ink(drawn(x)[0, 0])[0].nonzero()[:, 0]  # that reach the upper edge
        assert len(columns) <= 2
        assert (columns - where / 499 * (WIDTH - 1)).abs().min() <= 1


def test_one_outlier_does_not_press_all_lines_flat():
    x = torch.randn(2000, 64, generator=torch.Generator().manual_seed(0))
    x[0, 3] = 1000.0
    x = (x - x.mean(0)) / x.std(0)  # a standardised table: the outlier is now at 44
    model = aae.AAE((64,), seed=0)
    model.likelihood.fit(x)
    rows = ink(drawn(x[1:2], model)[0, 0]).any(1).nonzero()
    assert int(rows.max() - rows.min()) > HEIGHT / 3  # an ordinary row still goes up and down


def test_a_line_is_drawn_at_its_height():
    lines = ink(drawn(torch.tensor([[0.25] * 100, [0.0] * 100, [1.0] * 100]))[0, 0])
    rows = lines.any(1).nonzero()[:, 0]
    assert (rows - 0.75 * (HEIGHT - 1)).abs().max() <= 1
    assert lines.any(0).all()


def test_bars_stand_on_the_middle_and_say_how_far_from_the_mean():
    x = torch.tensor([[0.0, 10.0, 5.0, 0.0], [2.0, 30.0, 5.0, 1.0]])  # deviations −1 and 1, and never any
    low, high = (ink(picture[0]) for picture in drawn(x))
    wide = WIDTH // 4
    heights = lambda bars: [int(bars[:, i * wide + 1].sum()) for i in range(4)]  # noqa: E731
    assert heights(low)[0] == heights(low)[1] == heights(high)[0] == pytest.approx(HEIGHT / 6, abs=1)
    assert heights(low)[2] <= 2
    assert low[HEIGHT // 2 :, 1].any()
    assert not low[: HEIGHT // 2 - 1, 1].any()
    assert high[: HEIGHT // 2, 1].any()
    assert not high[HEIGHT // 2 + 1 :, 1].any()


@pytest.mark.parametrize("d", [D, 100])
def test_every_picture_draws_vectors(d):
    data = dataset(d=d)
    model = make(aae.SemiSupervisedAAE, shape=(d,))
    aae.Trainer(model, data, seed=0).run(steps=5, progress=False)
    a, b = data.test.images[:2]
    plots = aae.plots
    made = [plots.images(data.test, 9), plots.reconstructions(model, data.test, 4), plots.samples(model, 9)]
    made += [
        plots.plane(model, n=4, label=0),
        plots.interpolation(model, a, b, n=4),
        plots.prototypes(model, data.test),
    ]
    made += [plots.style_by_class(model, data.test, n=3), plots.map_with_images(model, data.test, n=5)]
    for picture in made:
        picture.savefig(open("/dev/null", "wb"), format="png", dpi=20)  # noqa: SIM115
        sheets = [np.asarray(image.get_array()) for ax in picture.axes for image in ax.images]
        assert sheets
        assert all(0.005 < float((sheet < 0.5).mean()) < 0.6 for sheet in sheets)  # something is drawn, on white


def test_the_panel_sees_vectors():
    data = dataset(d=100)
    trainer = aae.Trainer(make(shape=(100,)), data, seed=0)
    view = View(trainer, data.validation)
    assert view.has_decoder
    rows, height, width, channels = (view.pictures().shape[i] for i in (0, 2, 3, 4))
    assert (rows, height, width, channels) == (3, *view.picture_shape)
    decoded, nearest, _ = view.at((0.0, 0.0))
    assert decoded.shape == nearest.shape == view.picture_shape
    assert np.isfinite(view.arrows()).all()
    panel = aae.live.Panel(trainer, max_steps=10)
    panel.play()
    panel.join()
    assert trainer.steps == 10


def test_the_command_line_takes_tables_and_real_numbers(tmp_path, capsys):
    file, out = tmp_path / "table.csv", tmp_path / "run"
    rows = table(600)
    frame = pd.DataFrame(rows.images.numpy(), columns=list("abcdef")).assign(kind=rows.labels.numpy())
    frame.to_csv(file, index=False)
    train = ["train", "--dataset", str(file), "--label", "kind", "--hidden", "16", "--steps", "20", "--out", str(out)]
    assert main(train) == 0
    assert aae.load_model(out).likelihood.takes == (-np.inf, np.inf)
    assert main(["compare", str(out)]) == 0
    assert "in variances of the training data" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*train[:-1], str(tmp_path / "other"), "--likelihood", "bernoulli"])
    assert "value_range=" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()

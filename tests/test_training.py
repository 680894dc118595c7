import math
from contextlib import nullcontext

import pytest
import torch

import aae_lib as aae
from aae_lib.optimizers import Constant, Schedule
from aae_lib.training import devices
from tests.conftest import moved, state

PHASES = ("reconstruction", "discriminator", "generator")


def test_each_phase_moves_its_own_networks_and_nothing_else(make):
    trainer = make(batch_norm=True)
    trainer.step()
    before, seen = state(trainer.model), {}
    for name in trainer.walk():
        seen[name] = moved(before, trainer.model)
        before = state(trainer.model)
    assert seen == {
        "reconstruction": {"encoder", "decoder"},
        "discriminator": {"discriminator"},
        "generator": {"encoder"},
    }


def test_held_fixed_includes_the_buffers_of_batch_norm(make):
    trainer = make(batch_norm=True)
    buffers = {n: b for n, b in trainer.model.named_buffers() if n.startswith("encoder")}
    assert buffers
    for name in trainer.walk():
        if name == "reconstruction":
            after_reconstruction = {n: b.clone() for n, b in buffers.items()}
    assert any(not torch.equal(b, torch.zeros_like(b)) for n, b in buffers.items() if n.endswith("running_mean"))
    assert all(torch.equal(after_reconstruction[n], b) for n, b in buffers.items())


def textbook_step(model, optimizers, x, z_prior):
    """zero_grad, backward, step, with detach: what every tutorial writes."""
    ae_optimizer, d_optimizer, g_optimizer = optimizers
    ae_optimizer.zero_grad()
    aae.losses.bce(model.decoder(model.encoder(x)), x).backward()
    ae_optimizer.step()
    d_optimizer.zero_grad()
    z = model.encoder(x)
    aae.losses.discriminator_loss(model.discriminator(z_prior), model.discriminator(z.detach())).backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    aae.losses.generator_loss(model.discriminator(model.encoder(x))).backward()
    g_optimizer.step()


def test_phases_equal_the_textbook_loop(make, digits):
    trainer = make()
    model = aae.AAE(digits.image_shape, hidden=(32, 32), seed=0).train()
    optimizers = (
        torch.optim.Adam([*model.encoder.parameters(), *model.decoder.parameters()], 1e-3),
        torch.optim.Adam(model.discriminator.parameters(), 1e-3, betas=(0.5, 0.999)),
        torch.optim.Adam(model.encoder.parameters(), 1e-3, betas=(0.5, 0.999)),
    )
    trainer.schedule = Constant()
    seen = []
    draw = trainer.phases[1].draw
    recorded = trainer.phases[1].replace(draw=lambda data, g: seen.append(draw(data, g)) or seen[-1])
    trainer.phases = (trainer.phases[0], recorded, trainer.phases[2])
    for _ in range(5):
        trainer.step()
        textbook_step(model, optimizers, seen[-1]["x"], seen[-1]["z_prior"])
    for (name, ours), theirs in zip(trainer.model.named_parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("optimizer", [aae.Adam(1e-3, beta1=0.5), aae.SGD(0.1, momentum=0.9)], ids=["adam", "sgd"])
@pytest.mark.parametrize("steps_before", [0, 7], ids=["fresh", "running"])
def test_doubling_a_weight_exactly_doubles_the_next_update(make, optimizer, steps_before):
    updates = []
    for weight in (1.0, 2.0):
        trainer = make(game_optimizer=optimizer)
        for _ in range(steps_before):
            trainer.step()
        discriminator = trainer.model.discriminator.layers[0].weight
        with torch.no_grad():  # at 0 the new value *is* the update, with no rounding at all
            discriminator.zero_()
        trainer.weights["discriminator"] = weight
        steps = trainer.walk()
        assert [next(steps), next(steps)] == ["reconstruction", "discriminator"]
        updates.append(discriminator.detach().clone())
    assert updates[0].abs().max() > 0
    assert torch.equal(2 * updates[0], updates[1])


@pytest.mark.parametrize("optimizer", [aae.Adam(1e-3), aae.SGD(0.1, momentum=0.9)], ids=["adam", "sgd"])
@pytest.mark.parametrize("phase", PHASES)
def test_weight_zero_leaves_the_parameters_bit_identical(make, phase, optimizer):
    trainer = make(optimizer=optimizer, game_optimizer=optimizer)
    trainer.run(steps=3, progress=False)
    trainer.weights[phase] = 0
    steps, before = trainer.walk(), state(trainer.model)
    for name in steps:
        assert (moved(before, trainer.model) == set()) == (name == phase)
        before = state(trainer.model)


@pytest.mark.parametrize(
    ("whole", "written_out"),
    [(aae.Adam(1, beta1=0, beta2=0), aae.Adam(1.0, beta1=0.0, beta2=0.0)), (aae.SGD(1, momentum=0), aae.SGD(1.0))],
    ids=["adam", "sgd"],
)
def test_a_whole_number_is_a_rate_like_any_other(make, whole, written_out):
    first, second = (make(game_optimizer=optimizer, schedule=aae.Cosine(4)) for optimizer in (whole, written_out))
    for trainer in (first, second):
        trainer.rate = 1e-4  # as an int the rate would be 0
        before = state(trainer.model)
        trainer.run(steps=2, progress=False)
        assert "discriminator" in moved(before, trainer.model)
    assert moved(state(first.model), second.model) == set()


def test_rate_and_schedule_scale_every_update(make):
    plain, halved = make(schedule=aae.Constant()), make(schedule=aae.Drops(at=(0,), factor=0.5))
    plain.rate = 0.5
    plain.run(steps=3, progress=False)
    halved.run(steps=3, progress=False)
    assert moved(state(plain.model), halved.model) == set()


def test_schedules_have_the_stated_values():
    cosine = aae.Cosine(steps=100, final=0.1)
    assert [cosine(0), cosine(50), cosine(100), cosine(500)] == pytest.approx([1, 0.55, 0.1, 0.1])
    drops = aae.Drops(at=(50, 1000))
    assert [drops(49), drops(50), drops(1000)] == pytest.approx([1, 0.1, 0.01])


def test_coarse_to_fine_lowers_rates_reconstruction_and_penalty(make):
    schedule = aae.CoarseToFine(steps=100, discriminator=0.5, reconstruction=0.1, penalty=0.01)
    trainer = make(r1=3.0, schedule=schedule)
    start, middle, end = (trainer.settings(step) for step in (0, 50, 100))
    lr = trainer.model.optimizer.lr, trainer.model.game_optimizer.lr
    names = ("reconstruction", "discriminator", "generator")
    for found, shares in ((start, (1, 1, 1)), (middle, (0.5 * 0.55, 0.75, 0.5)), (end, (0, 0.5, 0))):
        assert [found.rates[name] for name in names] == pytest.approx(
            [full * share for full, share in zip((lr[0], lr[1], lr[1]), shares, strict=True)]
        )
    penalties = [found.terms["discriminator"]["r1"] for found in (start, middle, end, trainer.settings(200))]
    assert penalties == pytest.approx([3, 0.3, 0.03, 0.03])
    trainer.terms["discriminator"]["r1"] = 0  # what is set by hand counts
    assert trainer.settings(50).terms["discriminator"]["r1"] == 0


def test_a_schedule_of_ones_own_is_a_function_or_has_a_factor_for_a_phase_or_term(make):
    class Rests(Schedule):
        def __call__(self, step):
            return 0.5

        def of_phase(self, name, step):
            return 0.0 if name == "generator" and step < 2 else 1.0

        def of_term(self, name, step):
            return 1 / (1 + step)

    trainer = make(r1=3.0, schedule=lambda step: 0.5)
    lr = trainer.model.optimizer.lr, trainer.model.game_optimizer.lr
    assert list(trainer.settings(1).rates.values()) == pytest.approx([lr[0] / 2, lr[1] / 2, lr[1] / 2])
    assert trainer.settings(1).terms["discriminator"]["r1"] == 3
    trainer.schedule = Rests()
    assert list(trainer.settings(1).rates.values()) == pytest.approx([lr[0] / 2, lr[1] / 2, 0])
    assert list(trainer.settings(2).rates.values()) == pytest.approx([lr[0] / 2, lr[1] / 2, lr[1] / 2])
    assert trainer.settings(2).terms["discriminator"]["r1"] == 1
    Rests.of_phase = lambda self, name, step: float("nan")
    with pytest.raises(ValueError, match="at step 3 it gave nan"):
        trainer.settings(3)


def test_same_seed_same_run_and_the_global_generator_is_never_touched(make):
    before = torch.get_rng_state()
    first, second, other = make(), make(), make(seed=1)
    for trainer in (first, second, other):
        trainer.run(steps=15, progress=False)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(123)
    third = make(input_noise=0.1, posterior="universal")
    torch.manual_seed(456)
    fourth = make(input_noise=0.1, posterior="universal")
    for trainer in (third, fourth):
        trainer.run(steps=5, progress=False)
    assert moved(state(first.model), second.model) == set()
    assert moved(state(third.model), fourth.model) == set()
    assert moved(state(first.model), other.model) == {"encoder", "decoder", "discriminator"}
    losses = ["reconstruction", "discriminator", "generator"]
    assert first.history[losses].equals(second.history[losses])


def test_reset_gives_the_same_run_again(make):
    trainer = make(optimizer=aae.SGD(0.01, momentum=0.9))
    start = state(trainer.model)
    trainer.run(steps=20, progress=False)
    end = state(trainer.model)
    trainer.reset()
    assert moved(start, trainer.model) == set()
    assert trainer.steps == 0
    assert len(trainer.history) == 0
    trainer.run(steps=20, progress=False)
    assert moved(end, trainer.model) == set()


def test_an_epoch_shows_every_image_once_and_the_next_in_another_order(digits):
    minibatches = aae.Minibatches(digits.train, batch_size=100)
    g = torch.Generator().manual_seed(0)
    epochs = []
    for _ in range(2):
        epochs.append(torch.cat([minibatches.next(g).rows for _ in range(minibatches.steps_per_epoch)]))
        assert len(epochs[-1].unique()) == len(epochs[-1]) == len(digits.train) // 100 * 100
    assert not torch.equal(*epochs)


def test_minibatch_is_scaled_once_and_keeps_its_labels(digits):
    minibatch = aae.Minibatches(digits.train, batch_size=100).next(torch.Generator().manual_seed(0))
    assert torch.equal(minibatch.x, digits.train.images[minibatch.rows].float() / 255)
    assert torch.equal(minibatch.y, digits.train.labels[minibatch.rows])


def test_repeats_run_a_phase_again_with_new_rows_and_end_on_the_steps_own(make):
    trainer = make()
    rows, own = [], []
    draw = trainer.phases[1].draw
    trainer.phases = (
        trainer.phases[0],
        trainer.phases[1].replace(draw=lambda data, g: rows.append(data.rows.clone()) or draw(data, g)),
        trainer.phases[2],
    )
    trainer.repeats["discriminator"] = 3
    trainer.step()
    own = trainer.minibatches.epoch_rows(0)
    assert len(rows) == 3
    assert torch.equal(rows[2], own)
    assert not torch.equal(rows[0], own)
    assert not torch.equal(rows[0], rows[1])


def test_run_counts_epochs_over_all_images_and_history_has_every_step(make, digits):
    trainer = make(batch_size=100)
    history = trainer.run(epochs=2, progress=False, measure=lambda model: {"sum": 1.5}, every=10)
    steps = 2 * (len(digits.train) // 100)
    assert trainer.steps == steps == len(history)
    assert list(history["step"]) == list(range(1, steps + 1))
    assert list(history.columns) == ["step", "seconds", *PHASES, "sum"]
    assert history["seconds"].is_monotonic_increasing
    assert list(history.loc[history["sum"].notna(), "step"]) == list(range(10, steps + 1, 10))


def test_iterating_a_trainer_trains(make):
    trainer = make()
    for steps in trainer:
        if steps == 3:
            break
    assert trainer.steps == 3


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_not_finite_is_reported_with_phase_and_step_and_the_good_state_kept(make, phase, where):
    trainer = make(batch_norm=True)
    original = {p.name: p.loss for p in trainer.phases}[phase]
    parameter = next(iter(trainer.parameters[phase].values()))

    def broken(model, batch, terms):
        loss = original(model, batch, terms)
        if trainer.steps == 5:
            # sqrt(0) is finite and its gradient is not
            loss = (
                loss * float("nan") if where == "loss" else loss + (parameter - parameter.detach()).sum().abs().sqrt()
            )
        return loss

    trainer.phases = tuple(p.replace(loss=broken) if p.name == phase else p for p in trainer.phases)
    states = []
    for _ in range(10):
        states.append(state(trainer.model))
        trainer.step()
    with pytest.raises(aae.NotFiniteError, match=rf"phase '{phase}' .* step 6"):
        trainer.flush()
    assert trainer.steps == 5
    assert all(p.isfinite().all() for p in trainer.model.parameters())
    behind = PHASES.index(phase)  # earlier phases of the faulty step were sound and stand
    expected = (
        {"encoder", "decoder"} if behind == 1 else {"encoder", "decoder", "discriminator"} if behind == 2 else set()
    )
    assert moved(states[5], trainer.model) == expected
    assert len(trainer.history) == 5
    trainer.phases = tuple(p.replace(loss=original) if p.name == phase else p for p in trainer.phases)
    for _ in range(2):  # and it trains on
        before = state(trainer.model)
        trainer.step()
        assert moved(before, trainer.model) == {"encoder", "decoder", "discriminator"}
    assert trainer.steps == 7


@pytest.mark.parametrize("around_the_step", [False, True])
def test_bf16_casts_are_fresh_in_each_phase_and_would_be_stale_around_the_step(make, around_the_step):
    """Autocast caches the casts of the weights: entered once around the step, the generator sees the old D."""
    trainer = make(precision="bf16", hidden=(64, 64))
    trainer.run(steps=3, progress=False)
    seen, loss = {}, trainer.phases[2].loss

    def spy(model, batch, terms):
        seen["logits"] = model.discriminator(batch["z"]).detach()
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
            fresh = {name: p.bfloat16() for name, p in model.discriminator.named_parameters()}
            seen["fresh"] = torch.func.functional_call(model.discriminator, fresh, batch["z"].detach())
        return loss(model, batch, terms)

    trainer.phases = (*trainer.phases[:2], trainer.phases[2].replace(loss=spy))
    trainer.rate = 100.0  # a step of D large enough to show in bf16
    with torch.autocast("cpu", torch.bfloat16) if around_the_step else nullcontext():
        trainer.step()
    assert torch.equal(seen["logits"], seen["fresh"]) is not around_the_step
    assert all(p.dtype == torch.float32 for p in trainer.model.parameters())


def test_bf16_computes_in_bf16_but_the_gradient_penalty_in_fp32(make):
    dtypes = {"D": set(), "encoder": set()}
    trainer = make(precision="bf16", r1=0.1)
    trainer.model.discriminator.layers[0].register_forward_hook(lambda m, i, o: dtypes["D"].add(o.dtype))
    trainer.model.encoder.layers[0].register_forward_hook(lambda m, i, o: dtypes["encoder"].add(o.dtype))
    for name in trainer.walk():
        if name == "discriminator":
            assert dtypes == {"D": {torch.float32}, "encoder": {torch.bfloat16}}
    assert dtypes["D"] == {torch.float32, torch.bfloat16}


def test_a_learners_own_loss_goes_into_the_same_trainer(make):
    own = {"generator": lambda model, batch, terms: -model.discriminator(batch["z"]).sigmoid().log().mean()}
    mine, library = make(losses=own), make()
    for trainer in (mine, library):
        trainer.run(steps=5, progress=False)
    torch.testing.assert_close(
        mine.model.encode(mine.minibatches.images[:9]), library.model.encode(mine.minibatches.images[:9])
    )


def test_a_vae_a_wae_and_an_ae_train_with_the_same_trainer(make):
    for kind in (aae.AE, aae.VAE, aae.WAE):
        history = make(kind).run(steps=130, progress=False)
        losses = history.iloc[:, 2]
        assert losses[-20:].mean() < 0.8 * losses[:20].mean()


def loss_of_nothing(model, batch, terms):
    return torch.zeros(())


def loss_per_row(model, batch, terms):
    return model.discriminator(batch["z"])


def loss_of_another(model, batch, terms):
    return model.discriminator(batch["z"].detach()).mean()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (loss_of_nothing, "depends on no parameter of encoder"),
        (loss_per_row, r"has shape \(100,\), not \(\)"),
        (loss_of_another, "does not use encoder"),
    ],
)
def test_a_wrong_loss_is_refused_with_a_sentence(make, loss, message):
    with pytest.raises(ValueError, match=message):
        make(losses={"generator": loss}).step()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"precision": "fp8"}, "must be one of fp32, tf32, bf16"),
        ({"device": "abacus"}, "cannot be used here"),
        ({"batch_size": 0}, "from 1 to the number of images"),
        ({"batch_size": 10**6}, "from 1 to the number of images"),
        ({"losses": {"nonsense": loss_of_nothing}}, "there is no phase nonsense"),
        ({"losses": {"\r": loss_of_nothing}}, r"there is no phase '\\r'; the phases are reconstruction"),
        ({"losses": torch.zeros(0)}, "losses must be a dict, phase name -> loss"),
        ({"losses": torch.zeros(2, 2)}, "losses must be a dict, phase name -> loss"),
    ],
)
def test_bad_settings_are_refused_before_training(make, change, message):
    with pytest.raises(ValueError, match=message):
        make(**change)


@pytest.mark.parametrize("device", ["cuda", "meta"])
def test_a_precision_that_the_device_lacks_is_refused(device, monkeypatch):
    """A GPU from before bfloat16; and a device that cannot run autocast at all."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    assert devices.check_precision("fp32", torch.device(device)) is None
    with pytest.raises(ValueError, match=rf'"bf16" cannot be used on {device} \(.+\): leave it at "fp32"'):
        devices.check_precision("bf16", torch.device(device))


def test_batch_norm_that_no_phase_would_move_is_refused(make):
    model = aae.AAE((1, 8, 8), hidden=(16,), batch_norm=True, seed=0)
    with pytest.raises(ValueError, match="give one of them moves_statistics=True"):
        aae.Trainer(model, aae.load("digits"), phases=model.phases()[1:])


def test_bad_controls_are_refused_and_change_nothing(make):
    trainer = make()
    for value in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="from 0 to 1,000,000"):
            trainer.weights["generator"] = value
    with pytest.raises(ValueError, match="from 0 to 1,000,000"):
        trainer.weights.update(generator=-1)
    with pytest.raises(ValueError, match="from 0 to 1,000,000"):
        trainer.rate = math.nan
    with pytest.raises(TypeError, match="set it to 0"):
        del trainer.weights["generator"]
    with pytest.raises(ValueError, match="so it runs once"):
        trainer.repeats["generator"] = 2
    with pytest.raises(KeyError, match="reconstruction, discriminator, generator"):
        trainer.weights["encoder"] = 1
    with pytest.raises(ValueError, match="whole number"):
        trainer.repeats["discriminator"] = 1.5
    with pytest.raises(ValueError, match="pass either steps= or epochs="):
        trainer.run(progress=False)
    with pytest.raises(ValueError, match="belong together"):
        trainer.run(steps=1, measure=lambda model: {}, progress=False)
    for wrong in ({"steps": 2.5}, {"steps": -1}, {"epochs": -1.0}):
        with pytest.raises(ValueError, match=r"at least 0|from 0"):
            trainer.run(**wrong, progress=False)
    assert trainer.weights == {"reconstruction": 1, "discriminator": 1, "generator": 1}
    assert trainer.rate == 1
    assert trainer.steps == 0


def test_a_step_acts_by_one_snapshot_of_the_settings(make):
    trainer = make(r1=0.1)
    seen, loss = [], trainer.phases[1].loss

    def spy(model, batch, terms):
        seen.append(terms["r1"])
        return loss(model, batch, terms)

    trainer.phases = (trainer.phases[0], trainer.phases[1].replace(loss=spy), trainer.phases[2])
    for name in trainer.walk():
        if name == "reconstruction":
            trainer.terms["discriminator"]["r1"], trainer.repeats["discriminator"] = 0.7, 2
    trainer.step()
    assert seen == [0.1, 0.7, 0.7]


def test_the_statistics_of_batch_norm_rest_where_all_weights_are_zero_and_else_follow_the_encoder(make):
    trainer = make(batch_norm=True)
    trainer.weights = dict.fromkeys(trainer.weights, 0)
    before = {n: b.clone() for n, b in trainer.model.named_buffers()}
    trainer.step()
    assert all(torch.equal(before[n], b) for n, b in trainer.model.named_buffers())
    trainer.weights = {"discriminator": 1, "generator": 1}  # the game alone
    trainer.run(300, progress=False)
    images = trainer.data.train.images[:500]
    with torch.no_grad():
        of_batch = trainer.model.train().encoder(aae.data.scale(images))
    torch.testing.assert_close(trainer.model.encode(images).std(0), of_batch.std(0), rtol=0.2, atol=0.02)


def test_a_fork_is_a_twin_with_a_start_of_its_own(make):
    trainer = make()
    trainer.weights["generator"], trainer.rate = 0.3, 0.5
    trainer.run(10, progress=False)
    fork = trainer.fork()
    assert (fork.weights, fork.rate, fork.steps) == (trainer.weights, 0.5, 0)
    fork.run(5, progress=False)
    after = state(fork.model)
    fork.reset()
    torch.testing.assert_close(state(fork.model), state(trainer.model), rtol=0, atol=0)
    fork.run(5, progress=False)
    torch.testing.assert_close(state(fork.model), after, rtol=0, atol=0)


def test_terms_are_taken_all_or_none(make):
    trainer = make(r1=0.1)
    with pytest.raises(KeyError, match="oops"):
        trainer.terms = {"discriminator": {"r1": 5}, "oops": {"r1": 1}}
    assert trainer.terms["discriminator"]["r1"] == 0.1
    with pytest.raises(ValueError, match="column 'member'"):
        trainer.run(2, measure=lambda model: {"member": 1.0}, every=1, progress=False)


def test_running_statistics_follow_the_batch_as_torchs_own(make):
    trainer = make(batch_norm=True)
    ours = trainer.model.encoder.layers[1]
    theirs = torch.nn.BatchNorm1d(ours.num_features)
    seen = []
    trainer.model.encoder.layers[0].register_forward_hook(lambda module, x, y: seen.append(y.detach()))
    for _ in range(3):
        trainer.step()
        theirs(seen[-2])  # the encoder's pass of the reconstruction; the last one is the game's
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)


def test_the_mmd_is_computed_in_full_precision_under_bf16(make):
    x, y = (torch.randn(50, 2, generator=torch.Generator().manual_seed(s)) + 5 for s in (0, 1))
    with torch.autocast("cpu", torch.bfloat16):
        inside = aae.losses.mmd(x, y)
    assert torch.equal(inside, aae.losses.mmd(x, y))


def test_phases_that_cannot_work_are_refused(make, digits):
    model = aae.AAE(digits.image_shape, hidden=(8,))
    reconstruction, discriminator, generator = model.phases()
    for phases, message in [
        ((generator,), "needs a draw of its own"),
        ((reconstruction, reconstruction), "names of their own"),
        ((reconstruction.replace(updates=("encodr",)),), "updates 'encodr', but the model has only decoder, disc"),
        ((discriminator.replace(repeats=0),), "give it weight 0"),
        ((reconstruction, discriminator, generator.replace(repeats=2)), "so it runs once"),
    ]:
        with pytest.raises(ValueError, match=message):
            aae.Trainer(model, digits, phases=phases)


def test_a_gradient_that_lies_transposed_or_expanded_in_memory_moves_the_right_numbers(digits):
    """The fused optimizers read memory in order, whatever the strides."""
    model = torch.nn.Module()
    model.w, model.b = (torch.nn.Parameter(torch.zeros(shape)) for shape in ((3, 4), (5,)))
    slopes = torch.arange(12.0).view(4, 3)

    def loss(model, batch, terms):
        return (model.w.T * slopes).sum() + model.b.sum()

    phase = aae.Phase("mine", loss, ("w", "b"), draw=lambda data, generator: {}, optimizer=aae.SGD(1.0))
    aae.Trainer(model, digits, phases=(phase,), schedule=Constant(), device="cpu").step()
    assert torch.equal(model.w.detach(), -slopes.T)
    assert torch.equal(model.b.detach(), -torch.ones(5))


def test_what_begins_later_counts_as_nothing_until_then(make):
    early, late = make(r1=1.0), make(r1=1.0)
    begins = {"discriminator": {"r1": 3}, "generator": {"generator": 2}}
    late.phases = tuple(phase.replace(begins=begins.get(phase.name, {})) for phase in late.phases)
    seen = [late.settings(step) for step in range(4)]
    assert [settings.terms["discriminator"]["r1"] for settings in seen] == [0, 0, 0, 1]
    assert [settings.rates["generator"] > 0 for settings in seen] == [False, False, True, True]
    assert late.chosen() == early.chosen()  # what is set has not changed
    late.step()
    early.weights["generator"], early.terms["discriminator"]["r1"] = 0.0, 0.0
    early.step()
    assert all(torch.equal(a, b) for a, b in zip(early.model.parameters(), late.model.parameters(), strict=True))


def test_what_begins_must_exist(make, digits):
    model = aae.AAE(digits.image_shape, hidden=(8,))
    phases = tuple(phase.replace(begins={"r2": 5}) for phase in model.phases())
    with pytest.raises(ValueError, match="nothing named r2 that could begin"):
        aae.Trainer(model, digits, phases=phases)

"""The clinic: illnesses are what they say, patients differ from the healthy in one line, stored charts are complete."""

import math

import pytest
import torch

import aae_lib as aae
from aae_lib.course import ward
from aae_lib.course.ward import illnesses, patients, stored

pytestmark = pytest.mark.slow

COLUMNS = {
    "L_rec", "L_D", "L_G", "mmd", "spread", "held", "d_right", "d_prior", "d_codes", "push", "step", "wander", "error",
}  # fmt: skip


@pytest.mark.parametrize("illness", ward.ILLNESSES)
def test_an_illness_trains_and_has_a_whole_chart(illness):
    chart = ward.examine(ward.fall_ill(illness, seed=3), steps=25)
    assert set(chart) == COLUMNS
    missing = {name for name, value in chart.items() if math.isnan(value)}
    assert missing == ({"L_rec", "error"} if illness == "saturating" else set())
    assert (chart["step"] == 0) == (illness == "forgotten")


@pytest.mark.parametrize(
    ("illness", "cure"), [(illness, cure) for illness in stored.TREATED for cure in stored.TREATED[illness] if cure]
)
def test_a_cure_trains(illness, cure):
    trainer = ward.fall_ill(illness, seed=3, cure=cure)
    trainer.run(steps=2, progress=False)
    assert trainer.history[["discriminator", "generator"]].notna().all(axis=None)


def test_the_right_cure_is_the_healthy_recipe():
    for illness, cure in (("collapse", "phase"), ("winner", "rates"), ("forgotten", "phase"), ("rate", "rates")):
        runs = [ward.fall_ill("healthy", seed=1), ward.fall_ill(illness, seed=1, cure=cure)]
        for run in runs:
            run.run(steps=5, progress=False)
        pairs = zip(*(run.model.parameters() for run in runs), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs), illness


def test_unknown_names_are_refused_with_those_that_are():
    with pytest.raises(ValueError, match="collapse"):
        ward.fall_ill("flu")
    with pytest.raises(ValueError, match="smoothing"):
        ward.fall_ill("collapse", cure="tea")
    with pytest.raises(ValueError, match="A, B, C, D, E, F, G"):
        ward.diff("H")


def test_without_noise_and_smoothing_the_cures_are_the_plain_loss():
    trainer = ward.fall_ill("healthy")
    phase = trainer.phases[1]
    batch = illnesses.noisy(phase, sd=0.0).draw(trainer.minibatches.next(trainer.generator), trainer.generator)
    batch |= {"z": trainer.model.codes(batch)}
    plain = phase.loss(trainer.model, batch, {})
    for loss in (illnesses.smoothed(0.0), illnesses.noisy(phase, sd=0.0).loss):
        torch.testing.assert_close(loss(trainer.model, batch, {}), plain)
    assert illnesses.smoothed(0.1)(trainer.model, batch, {}) != plain


@pytest.mark.parametrize("patient", patients.WRONG)
def test_a_patient_differs_from_the_healthy_in_one_line(patient):
    lines = ward.diff(patient).text.splitlines()
    changed = [line for line in lines if line.startswith(("-", "+"))]
    assert len(changed) == 2
    assert changed[0][0] == "-"
    assert "<details" in ward.diff(patient)._repr_html_()
    assert "details" not in repr(ward.diff(patient))


def test_a_patient_without_illness_trains_as_the_library_does():
    healthy, patient = ward.fall_ill("healthy", seed=2), ward.admit(None, seed=2)
    for trainer in (healthy, patient):
        trainer.run(steps=5, progress=False)
    for a, b in zip(healthy.model.parameters(), patient.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_patients_move_whom_their_wrong_line_says():
    before = {name: tensor.clone() for name, tensor in ward.admit("A").model.state_dict().items()}
    for patient, movers in (("A", {"encoder", "discriminator"}), ("E", {"encoder"})):
        trainer = ward.admit(patient)
        assert set(trainer.phases[-1].updates) == movers
        trainer.step()
        assert any(not torch.equal(before[name], tensor) for name, tensor in trainer.model.state_dict().items())


def test_held_is_one_for_the_prior_and_little_for_a_heap():
    reference = aae.priors.Gaussian(2).sample(2000, generator=torch.Generator().manual_seed(0))
    assert ward.held(aae.priors.Gaussian(2).sample(2000, generator=torch.Generator().manual_seed(1)), reference) > 0.95
    assert ward.held(torch.zeros(100, 2), reference) < 0.1


def test_the_stored_charts_are_complete():
    found = ward.results()
    names = {f"{illness}, {cure or 'untreated'}" for illness in stored.TREATED for cure in stored.TREATED[illness]}
    names |= {f"{illness}, then {cure}" for illness in stored.THEN for cure in stored.THEN[illness]}
    assert names | {f"patient {p}" for p in patients.WRONG} | {"WAE", "saturating with Adam"} == set(found)
    assert all(
        len(charts) == len(stored.SEEDS) and set(chart) == COLUMNS for charts in found.values() for chart in charts
    )


def test_the_chart_asks_the_measures_that_it_is_given():
    chart = ward.examine(
        ward.fall_ill("healthy", seed=3),
        steps=25,
        who_moved=lambda trainer: {"generator": {"encoder": 3.0, "discriminator": 4.0}},
        effective_number=lambda places, k: torch.tensor(float(len(places) > 500)) + 1,
    )
    assert chart["step"] == 5
    assert chart["held"] == 0.5


def test_a_treatment_begins_where_the_illness_ended():
    ill, treated = ward.fall_ill("forgotten", seed=3), stored.treat("forgotten", "phase", seed=3)
    ill.run(steps=ward.STEPS, progress=False)
    for a, b in zip(ill.model.parameters(), treated.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert treated.steps == 0
    assert treated.weights["generator"] == 1


def test_a_function_shows_its_code_folded():
    shown = ward.source(ward.held)
    assert "details" not in repr(shown)
    assert "effective_number" in shown._repr_html_()

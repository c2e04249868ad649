"""The AAV chain: laws, conservation, closed forms, many patients, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from cgtlearn import ledger, proof
from cgtlearn.errors import LearnerError
from cgtlearn.models import aav_chain
from cgtlearn.solve import solve

model = aav_chain.model
GENOMES = ("blood", "endosome", "nucleus", "episome", "lost")


def test_every_law_holds() -> None:
    for verdict in proof.check_laws(model):
        assert verdict.ok, str(verdict)


def test_a_law_can_fail() -> None:
    """A leak that is not counted as lost breaks conservation."""
    from dataclasses import replace

    def leaking(t, y, p, phase):
        *rest, lost = aav_chain.rhs(t, y, p, phase)
        return (*rest, lost - p.nuclear_loss_rate * y[2])

    broken = {v.law: v.ok for v in proof.check_laws(replace(model, rhs=leaking))}
    assert not broken["vector genomes are conserved"]
    assert broken["blood, closed form"]


@pytest.mark.parametrize("method", ["LSODA", "Radau", "BDF"])
def test_genomes_are_conserved(method: str) -> None:
    p = model.parameters_with()
    times = np.geomspace(1e-3, 3650, 60)
    course = solve(model, p, times, method=method)
    total = sum(course.states[name] for name in GENOMES)
    infused = p.dose * p.weight * np.minimum(times / p.infusion_duration, 1)
    np.testing.assert_allclose(total, infused, rtol=1e-8)


def test_proportional_to_dose() -> None:
    times = [0, 1, 30, 400]
    one = solve(model, model.parameters_with(), times)["fix_activity"]
    dose = model.parameters["dose"].default
    two = solve(model, model.parameters_with(dose=2 * dose), times)["fix_activity"]
    np.testing.assert_allclose(two, 2 * one, rtol=1e-6)


def test_fix_at_15_months_is_what_it_was_tuned_to() -> None:
    (target,) = model.targets
    assert target.kind == "calibrated" and target.tuned == "translation_rate"
    assert proof.score(model, target).ok
    assert not proof.turned_red(model, target).ok


def test_arrays_are_a_loop_over_patients() -> None:
    doses = np.array([1e11, 5e11, 2e13])
    weights = np.array([50.0, 70.0, 110.0])
    times = [0, 0.02, 1, 50, 365]
    together = solve(model, model.parameters_with(dose=doses, weight=weights), times)
    assert together["fix_activity"].shape == (3, 5)
    for i, (dose, weight) in enumerate(zip(doses, weights, strict=True)):
        alone = solve(model, model.parameters_with(dose=dose, weight=weight), times)
        for name in (*model.states, *model.observed):
            np.testing.assert_allclose(together[name][i], alone[name], rtol=1e-12)


def test_biopsy_counts_more_than_episomes() -> None:
    course = solve(model, model.parameters_with(), [1, 10, 100, 1000])
    assert np.all(course["liver_vector"] > course["episome"])


def test_blood_in_vg_per_ml_after_a_bolus() -> None:
    p = model.parameters_with(infusion_duration=0)
    first = solve(model, p, [0, 1])["blood_vector"][0]
    assert first == pytest.approx(p.dose / p.blood_volume)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"uptake_rate": -1}, "uptake_rate = -1"),
        ({"uptake_rate": np.nan}, "uptake_rate"),
        ({"uptake": 4}, "uptake_rate"),
        ({"dose": 1e20}, "dose"),
        ({"weight": "70 cm"}, "kg"),
        ({"dose": [1e11, 1e12], "weight": [50, 60, 70]}, "different lengths"),
    ],
)
def test_bad_parameters_are_told(changes: dict, says: str) -> None:
    with pytest.raises(LearnerError, match=says):
        model.parameters_with(**changes)


def test_a_unit_is_converted() -> None:
    p = model.parameters_with(infusion_duration="1 hour")
    assert p.infusion_duration == pytest.approx(1 / 24)


@pytest.mark.parametrize("source", ["aav_chain", "benegene2"])
def test_derived_rows_are_what_they_say(source: str) -> None:
    for row in ledger.rows(source):
        if row.status == "derived":
            assert row.value == pytest.approx(ledger.derive(row), rel=1e-5), row.id


def test_every_rate_without_a_source_says_why() -> None:
    for row in ledger.rows("aav_chain"):
        assert row.status in ("teaching value", "derived")
        assert row.where

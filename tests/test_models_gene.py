"""The chains of a gene's way to a protein: laws, and checks that share no code with the models."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.linalg import expm

from cgtlearn import ledger, models, proof
from cgtlearn.errors import LearnerError
from cgtlearn.models import lnp_mrna, shedding
from cgtlearn.proof.recipes import lnp_mrna as lnp_recipes
from cgtlearn.proof.recipes import shedding as shedding_recipes
from cgtlearn.solve import solve

NAMES = ("lnp_mrna", "shedding")


@pytest.mark.parametrize("name", NAMES)
def test_every_law_holds(name: str) -> None:
    for verdict in proof.check_laws(models.get(name)):
        assert verdict.ok, str(verdict)


def broken(model, rhs) -> set[str]:
    """The laws that a wrong equation breaks."""
    return {v.law for v in proof.check_laws(dataclasses.replace(model, rhs=rhs)) if not v.ok}


# --- messenger RNA in nanoparticles -------------------------------------------------------------


def rates_as_printed() -> dict[str, float]:
    """Rate constants in 1/h, from the printed ones in 1/s and not from the model's rows."""
    names = ("kw", "k12", "k21", "ka", "ke", "de", "kl", "dmrna", "dugt", "kt")
    return {name: 3600 * ledger.value(f"apgar2018.{name}") for name in names}


def test_lnp_is_the_exponential_of_its_matrix() -> None:
    k = rates_as_printed()
    matrix = np.zeros((6, 6))
    matrix[0, :2] = -(k["kw"] + k["k12"] + k["ka"]), k["k21"]
    matrix[1, :2] = k["k12"], -(k["k21"] + k["kw"])
    matrix[2, [0, 2]] = k["ka"], -k["ke"]
    matrix[3, [2, 3]] = k["ke"], -(k["de"] + k["kl"])
    matrix[4, [3, 4]] = k["kl"], -k["dmrna"]
    matrix[5, [4, 5]] = k["kt"], -k["dugt"]
    hours = [0.5, 3, 12, 48, 160]
    course = solve(
        lnp_mrna.model, lnp_mrna.model.parameters_with(dose=7, infusion_duration=0), hours
    )
    ours = np.array([course.states[s] for s in list(course.states)[:6]])
    start = np.array([7.0, 0, 0, 0, 0, 0])
    for i, hour in enumerate(hours):
        np.testing.assert_allclose(ours[:, i], expm(matrix * hour) @ start, rtol=1e-5)


def test_lnp_escape_is_better_known_than_its_rates() -> None:
    """Fits recover the escaped share; escape and degradation apart are less certain."""
    fits = lnp_recipes.fits(lnp_mrna.model.parameters_with())
    share = fits["escape_rate"] / (fits["escape_rate"] + fits["endosomal_loss_rate"])
    assert np.median(share) == pytest.approx(ledger.value("apgar2018.escape_fraction"), rel=0.05)
    assert np.std(np.log(share)) < 0.7 * np.std(np.log(fits["escape_rate"]))


def test_lnp_law_breaks_when_escape_is_counted_twice() -> None:
    def wrong(t, y, p, phase):
        *boxes, mrna, protein, lost = lnp_mrna.rhs(t, y, p, phase)
        return (*boxes, mrna + p.escape_rate * y[3], protein, lost)

    found = broken(lnp_mrna.model, wrong)
    assert {"messenger RNA is conserved", "each molecule has its chance"} <= found
    assert "plasma, closed form" not in found


def test_lnp_printed_half_life_is_that_of_the_last_phase() -> None:
    """The deviation's 2.3 h: what plasma shows in the first hours, before periphery returns."""
    hours = np.linspace(0, 4, 9)
    bolus = lnp_mrna.model.parameters_with(infusion_duration=0)
    plasma = solve(lnp_mrna.model, bolus, hours)["plasma_mrna"]
    half_life = -np.log(2) / np.polyfit(hours, np.log(plasma), 1)[0]
    assert half_life == pytest.approx(2.3, abs=0.05)
    assert any("2.3 h" in text for text in lnp_mrna.model.deviations)


def test_lnp_bad_parameters_are_told() -> None:
    with pytest.raises(LearnerError, match="escape_rate"):
        lnp_mrna.model.parameters_with(escape_rate=-1)
    p = lnp_mrna.model.parameters_with(escape_rate="1.93e-5 1/second")
    assert p.escape_rate == pytest.approx(lnp_mrna.model.parameters["escape_rate"].default)


# --- shedding -----------------------------------------------------------------------------------

TYPICAL = shedding.model.parameters_with()


def euler(p, days: float, steps: int) -> dict[str, float]:
    """The box model by hand, one small step after another."""
    blood = p.blood_volume * p.weight
    capsids, incomplete, episomes, stool = p.dose * p.weight, 0.0, 0.0, 0.0
    h = days / steps
    for _ in range(steps):
        total = (capsids + incomplete + episomes) / blood
        stool += h * p.stool_rate * (p.stool_ratio * total - stool)
        leaving, closing = p.capsid_loss_rate * capsids, p.cell_loss_rate * incomplete
        capsids -= h * leaving
        incomplete += h * (p.to_cells_share * leaving - closing)
        episomes += h * (p.episome_share * closing - p.episome_loss_rate * episomes)
    return {"capsids": capsids, "incomplete": incomplete, "episomes": episomes, "stool": stool}


def test_shedding_against_small_steps() -> None:
    p = TYPICAL.changed(infusion_duration=0)
    course = solve(shedding.model, p, [0, 60])
    coarse, fine = euler(p, 60, 20_000), euler(p, 60, 40_000)
    for name in fine:  # the error of small steps is proportional to their size
        exact = 2 * fine[name] - coarse[name]
        assert course.states[name][-1] == pytest.approx(exact, rel=1e-4), name


def test_shedding_order_of_peaks_and_their_days() -> None:
    days = shedding_recipes.DAYS
    seen = solve(shedding.model, TYPICAL, days)
    peaks = [seen[name].max() for name in shedding.MATRICES]
    assert peaks == sorted(peaks, reverse=True)
    first = ledger.value("gener8_shedding.first_peak")
    last = ledger.value("gener8_shedding.last_peak")
    for name in shedding.MATRICES:
        assert first <= days[seen[name].argmax()] <= last, name


def test_shedding_total_dna_outlasts_capsids() -> None:
    days = np.arange(0, 1093, 7.0)
    seen = solve(shedding.model, TYPICAL, days)
    limit = ledger.value("shedding.total_limit")

    def week(name: str, level: float = limit) -> float:
        return shedding.cleared(days, seen[name], level, 3) / 7

    assert week("semen_capsids") <= 12 and week("plasma_capsids") <= 12
    assert week("semen") > 2 * week("semen_capsids")
    assert week("blood") > 52 > week("plasma_capsids")
    assert 7 * (week("plasma_capsids", limit / 10) - week("plasma_capsids")) == pytest.approx(
        9, abs=5
    )


@pytest.mark.parametrize(
    ("values", "when"),
    [
        ([9, 8, 1, 1, 1, 1], 2),
        ([9, 1, 1, 8, 1, 1, 1], 4),
        ([1, 1, 1, 9, 8, 1, 1, 1], 5),
        ([9, 1, 1], np.inf),
        ([9, 1, 8, 1, 8, 1], np.inf),
    ],
)
def test_cleared_is_three_in_a_row(values: list[float], when: float) -> None:
    assert shedding.cleared(np.arange(len(values)), values, 5, 3) == when


def test_shedding_law_breaks_when_cells_take_up_what_was_not_there() -> None:
    def wrong(t, y, p, phase):
        capsids, incomplete, *rest = shedding.rhs(t, y, p, phase)
        return (capsids, incomplete + p.to_cells_share * p.capsid_loss_rate * y[0], *rest)

    assert broken(shedding.model, wrong) == {"vector genomes are conserved"}

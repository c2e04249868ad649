"""The chains of a gene's way to a protein: laws, and checks that share no code with the models."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.linalg import expm

from cgtlearn import ledger, models, proof
from cgtlearn.errors import LearnerError
from cgtlearn.models import aav_expression, aav_reductions, lnp_mrna, shedding, shedding_visits
from cgtlearn.proof.recipes import aav_expression as aav_recipes
from cgtlearn.proof.recipes import lnp_mrna as lnp_recipes
from cgtlearn.proof.recipes import shedding as shedding_recipes
from cgtlearn.solve import solve

NAMES = ("aav_expression", "lnp_mrna", "shedding", "shedding_visits")


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


def test_lnp_protein_is_read_as_a_ratio() -> None:
    """Its scale is not physical, as the deviation says; the relative output does not hang on it."""
    hours = np.linspace(0, 168, 337)
    course = solve(lnp_mrna.model, lnp_mrna.model.parameters_with(), hours)
    assert course["protein"].max() / 1e6 == pytest.approx(3.6, abs=0.05)  # mmol
    assert any("3.6 mmol" in text for text in lnp_mrna.model.deviations)
    other = lnp_mrna.model.parameters_with(dose=7, translation_rate=10)
    again = solve(lnp_mrna.model, other, hours)["relative_protein"]
    np.testing.assert_allclose(again, course["relative_protein"], rtol=1e-5, atol=1e-6)


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


@pytest.mark.parametrize("limit", [10, 1000, 1e5])
@pytest.mark.parametrize("interval", [7, 13, 28])
def test_visits_know_of_clearance_two_visits_after_the_first_result_below(limit, interval) -> None:
    p = shedding_visits.model.parameters_with(capsid_limit=limit, interval=interval)
    visits = np.arange(interval, 211.0, interval)
    plasma = solve(shedding.model, shedding.model.parameters_with(), visits)["plasma_capsids"]
    first = shedding.cleared(visits, plasma, limit, 3)
    days = np.arange(0, 211.0)
    count = solve(shedding_visits.model, p, days)["below_in_a_row"]
    assert days[np.argmax(count >= 1)] == first
    assert days[np.argmax(count >= 3)] == first + 2 * interval
    assert count.max() == 3


def test_shedding_law_breaks_when_cells_take_up_what_was_not_there() -> None:
    def wrong(t, y, p, phase):
        capsids, incomplete, *rest = shedding.rhs(t, y, p, phase)
        return (capsids, incomplete + p.to_cells_share * p.capsid_loss_rate * y[0], *rest)

    assert broken(shedding.model, wrong) == {"vector genomes are conserved"}


# --- AAV: exposure, expression, effect ----------------------------------------------------------

AAV = aav_expression.model
PADUA = AAV.parameters_with()
DYSTROPHIN = PADUA.changed(**aav_expression.MICRO_DYSTROPHIN)
HIT = PADUA.changed(t_cell_response=1)


def by_hand(p, days: list[float]) -> np.ndarray:
    """The chain without T cells and growth, as the exponential of a matrix of its own: protein."""
    out = p.turnover_rate
    matrix = np.zeros((6, 6))
    matrix[0, 0] = -(p.uptake_rate + p.blood_loss_rate)
    matrix[1, :2] = p.uptake_rate, -(p.escape_rate + p.endosomal_loss_rate + out)
    matrix[2, 1:3] = p.escape_rate, -(p.conversion_rate + p.nuclear_loss_rate + out)
    matrix[3, 2:4] = p.conversion_rate, -(p.episome_loss_rate + out)
    matrix[4, 3:5] = p.transcription_rate, -p.mrna_loss_rate
    matrix[5, 4:6] = p.translation_rate / p.weight, -p.protein_loss_rate
    start = np.array([p.dose * p.weight, 0, 0, 0, 0, 0])
    return np.array([(expm(matrix * day) @ start)[5] for day in days])


@pytest.mark.parametrize("product", ["FIX_WILD_TYPE", "FVIII", "MICRO_DYSTROPHIN"])
def test_aav_is_the_exponential_of_its_matrix(product: str) -> None:
    p = PADUA.changed(**getattr(aav_expression, product), infusion_duration=0)
    days = [1, 10, 84, 400, 1800]
    course = solve(AAV, p, days)
    np.testing.assert_allclose(course["protein"], by_hand(p, days), rtol=1e-5)
    np.testing.assert_allclose(course["activity"], course["protein"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"t_cell_response": 1.0, "steroid_start": 20.0},
        {"titre": 1500.0, "adult_size": 3.0},
        aav_expression.MICRO_DYSTROPHIN,
    ],
)
def test_aav_genomes_are_conserved_until_degraded(changes: dict) -> None:
    """Nothing is made: what is not in a box is lost, and what is lost never comes back."""
    p = PADUA.changed(**changes)
    days = np.geomspace(1e-3, 3650, 80)
    course = solve(AAV, p, days)
    boxes = sum(course.states[n] for n in ("blood", "endosome", "nucleus", "episome", "lost"))
    given = p.dose * p.weight * np.minimum(days / p.infusion_duration, 1)
    np.testing.assert_allclose(boxes, given, rtol=1e-8)
    assert np.all(np.diff(course.states["lost"]) >= 0)


def test_aav_law_breaks_when_killed_cells_keep_their_genomes_in_the_count() -> None:
    def wrong(t, y, p, phase):
        slopes = list(aav_expression.rhs(t, y, p, phase))
        slopes[6] = slopes[6] - p.kill_rate * aav_expression.hit(y, p, phase) * y[3]
        return tuple(slopes)

    assert broken(AAV, wrong) == {"conserved with antibody, T cells, steroid and growth"}


# What each reduction loses: its value over that of the full chain, as the docstring says.
LOST = [
    ("quasi_steady", PADUA, {42: 1.04, 84: 1.01}),
    ("quasi_steady", DYSTROPHIN, {84: 1.42}),
    ("lumped", PADUA, {30: 1.18, 84: 1.03}),
    ("two_parameter", PADUA, {30: 2.64, 180: 1.03, 270: 1.00}),
]


@pytest.mark.parametrize(("reduction", "p", "ratios"), LOST)
def test_aav_reductions_lose_what_they_say(reduction: str, p, ratios: dict) -> None:
    days = np.array(list(ratios), float)
    full = solve(AAV, p, days)
    form = getattr(aav_expression, reduction)
    ours = form(full["episome"], p) if reduction == "quasi_steady" else form(days, p)
    assert ours / full["activity"] == pytest.approx(list(ratios.values()), abs=0.006)


def test_aav_reductions_hold_late() -> None:
    days = np.array([365.0, 1000, 1826])
    full = solve(AAV, PADUA, days)["activity"]
    for form in (aav_expression.lumped, aav_expression.two_parameter):
        np.testing.assert_allclose(form(days, PADUA), full, rtol=0.003)


def test_aav_plateau_does_not_tell_its_links_apart() -> None:
    """Half the escape and twice the translation give the same protein to a per cent."""
    other = PADUA.changed(
        escape_rate=PADUA.escape_rate / 2,
        endosomal_loss_rate=PADUA.endosomal_loss_rate + PADUA.escape_rate / 2,
        translation_rate=PADUA.translation_rate * 2,
    )
    days = np.array([7.0, 60, 365, 1826])
    one, two = solve(AAV, PADUA, days), solve(AAV, other, days)
    np.testing.assert_allclose(two["activity"], one["activity"], rtol=1e-6)
    assert two["copies_per_cell"][-1] == pytest.approx(one["copies_per_cell"][-1] / 2, rel=1e-3)


def test_aav_antibody_titres_on_both_sides() -> None:
    free = aav_expression.not_neutralised
    yes, no = (ledger.value(f"smpc_hemgenix.{n}") for n in ("titre_with_effect", "titre_without"))
    assert free(PADUA) == 1
    assert free(PADUA.changed(titre=PADUA.half_titre)) == pytest.approx(0.5)
    assert free(PADUA.changed(titre=yes)) > 0.9 > 0.1 > free(PADUA.changed(titre=no))
    half = PADUA.changed(titre=PADUA.half_titre)
    assert solve(AAV, half, [365])["activity"][0] == pytest.approx(
        solve(AAV, PADUA, [365])["activity"][0] / 2, rel=1e-6
    )


def test_aav_hit_comes_in_weeks_and_a_steroid_saves_expression() -> None:
    days = np.arange(0, 366.0)
    none, untreated = solve(AAV, PADUA, days), solve(AAV, HIT, days)
    start = days[np.argmax(untreated["alt"] > 1.5)]
    early = solve(AAV, HIT.changed(steroid_start=start), days)
    late = solve(AAV, HIT.changed(steroid_start=start + 42), days)
    assert none["alt"] == pytest.approx(np.ones(366))
    assert 14 < start < days[untreated["alt"].argmax()] < 90
    end = [c["activity"][-1] for c in (untreated, late, early, none)]
    assert end == sorted(end) and end[0] < 0.7 * end[3] < 0.8 * end[3] < end[2]
    np.testing.assert_array_equal(early["alt"][days <= start], untreated["alt"][days <= start])
    low = solve(AAV, HIT.changed(dose=PADUA.dose / 40), days)
    assert low["alt"].max() < 1.01


def test_aav_growth_dilutes_and_kills_nothing() -> None:
    child = PADUA.changed(**aav_expression.CHILD)
    adult = child.changed(adult_size=1)
    days = np.array([365.0, 1826])
    grown, same = solve(AAV, child, days), solve(AAV, adult, days)
    np.testing.assert_allclose(grown["episome"], same["episome"], rtol=1e-6)
    size = aav_expression.size_closed_form(days, child)
    for output in ("copies_per_cell", "activity"):
        np.testing.assert_allclose(grown[output] * size, same[output], rtol=2e-3)


def test_aav_turnover_takes_both_factors_down_alike() -> None:
    """The chain cannot tell factor IX from factor VIII; and hepatocytes as old as they are measured
    would take either down fourfold in the years in which factor IX hardly moved."""
    fviii = PADUA.changed(**aav_expression.FVIII)
    slopes = [
        at[1] / at[0] for at in (solve(AAV, p, [364, 728])["activity"] for p in (PADUA, fviii))
    ]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)
    assert slopes[0] == pytest.approx(0.92, abs=0.005)
    young = PADUA.changed(turnover_rate=1 / (365.25 * ledger.value("hepatocyte_age2022.mean_age")))
    fall = solve(AAV, young, [182.6, 1826])["activity"]
    published = ledger.value("hope_b.fix_year_5") / ledger.value("hope_b.fix_month_6")
    assert fall[1] / fall[0] == pytest.approx(0.23, abs=0.01)
    assert published > 0.9


def test_aav_reasons_say_what_the_code_gives() -> None:
    fast = PADUA.changed(
        conversion_rate=2 * PADUA.conversion_rate, nuclear_loss_rate=2 * PADUA.nuclear_loss_rate
    )
    assert aav_recipes.fix_week_6(fast) == pytest.approx(31, abs=0.5)
    high, low = ledger.value("amt060.fix_high"), ledger.value("amt060.fix_low")
    assert ledger.value("hope_b.fix_month_6") / high == pytest.approx(5.7, abs=0.06)
    assert low / high == pytest.approx(0.64, abs=0.006)
    rise = aav_recipes.dystrophin_week_64(PADUA) / aav_recipes.dystrophin_week_12(PADUA)
    assert rise == pytest.approx(1.78, abs=0.01)
    trial = ledger.value("embark.protein_week_64") / ledger.value("embark.protein_week_12")
    assert trial == pytest.approx(1.33, abs=0.006)
    assert ledger.value("mendell2023.protein_week_60") < ledger.value("mendell2023.protein_part1")
    names = ("gener8_procedures2023.mean_week_104", "gener8_procedures2023.mean_week_52")
    assert 1 - ledger.value(names[0]) / ledger.value(names[1]) == pytest.approx(0.46, abs=0.006)


def test_aav_rates_without_a_source_say_why() -> None:
    for row in ledger.rows("aav_expression"):
        assert row.status in ("teaching value", "derived") and len(row.where) > 5, row.id


def test_aav_arrays_are_a_loop_over_patients() -> None:
    titres, responses = np.array([0.0, 900, 3000]), np.array([1.0, 0.0, 0.5])
    days = [0, 1, 30, 90, 365]
    together = solve(AAV, PADUA.changed(titre=titres, t_cell_response=responses), days)
    for i in range(3):
        alone = solve(AAV, PADUA.changed(titre=titres[i], t_cell_response=responses[i]), days)
        for name in AAV.observed:
            np.testing.assert_allclose(together[name][i], alone[name], rtol=1e-9)


@pytest.mark.parametrize(
    "product",
    [{}, aav_expression.FVIII, aav_expression.MICRO_DYSTROPHIN, {"titre": 1000}],
    ids=["fix", "fviii", "dystrophin", "antibody"],
)
def test_side_by_side_chain_is_the_whole_model_without_hit_and_growth(product: dict) -> None:
    days = np.array([0.5, 3, 14, 60, 365, 1826])
    small = solve(aav_reductions.model, aav_reductions.model.parameters_with(**product), days)
    whole = solve(aav_expression.model, aav_expression.model.parameters_with(**product), days)
    np.testing.assert_allclose(small["chain"], whole["activity"], rtol=1e-5)
    np.testing.assert_allclose(small["lost"], whole["lost"], rtol=1e-6)


def test_protein_does_not_tell_which_box_is_slow() -> None:
    """Nucleus and messenger RNA change their exits; what goes onward stays."""
    p = aav_reductions.model.parameters_with(
        turnover_rate=0, episome_loss_rate=0.001, nuclear_loss_rate=0.06
    )
    nucleus = p.conversion_rate + p.nuclear_loss_rate
    swapped = p.changed(
        mrna_loss_rate=nucleus, nuclear_loss_rate=p.mrna_loss_rate - p.conversion_rate
    )
    days = np.array([7.0, 30, 200, 1000])
    one, other = (solve(aav_reductions.model, q, days) for q in (p, swapped))
    np.testing.assert_allclose(one["chain"], other["chain"], rtol=1e-6)
    assert (other["nucleus"] < 0.05 * one["nucleus"]).all()

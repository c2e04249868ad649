"""Hemophilia: fading production, turnover, assays, bleeding; each is checked another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, linalg, stats

from cgtlearn import estimate, ledger, measure, proof
from cgtlearn.errors import LearnerError
from cgtlearn.estimate.bands import Lognormals
from cgtlearn.models import bleeding, factor_turnover, fix_production, get, responders
from cgtlearn.models import valoctocogene_production as valoctocogene
from cgtlearn.proof.recipes import bleeding as bleeding_recipes
from cgtlearn.proof.recipes import factor_turnover as turnover_recipes
from cgtlearn.proof.recipes import fix_production as fix_recipes
from cgtlearn.proof.recipes import valoctocogene_production as valoctocogene_recipes
from cgtlearn.solve import solve

HEMOPHILIA = (
    "valoctocogene_production", "bleeding", "factor_turnover", "fix_production", "responders",
    "half_life_reading",
)  # fmt: skip


@pytest.mark.parametrize("name", HEMOPHILIA)
def test_every_law_holds(name):
    broken = [f"{v} {v.says}" for v in proof.check_laws(get(name)) if not v.ok]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("name", HEMOPHILIA)
def test_defaults_lie_in_their_domains_and_outputs_name_an_assay(name):
    model = get(name)
    for key, parameter in model.parameters.items():
        low, high = parameter.domain
        assert low <= parameter.default <= high, key
    for output in model.observed.values():
        ledger.units.parse_unit(output.unit)
        assert output.assay
    assert model.deviations


@pytest.mark.parametrize("name", HEMOPHILIA)
def test_every_choice_of_ours_says_why(name):
    for row in ledger.rows(name) if name in {s.key for s in ledger.sources()} else ():
        assert row.status in ("teaching value", "derived") and row.where, row.id


# --- valoctocogene ------------------------------------------------------------------------------


def test_production_against_a_quadrature():
    """What got ready at time u and outlived the loss from u to t, added up: no equation solved."""
    p = valoctocogene.model.parameters_with()
    k = np.log(2) / p.rise_half_life

    def survived(u, t):
        early = max(min(t, p.first_order_from) - min(u, p.first_order_from), 0)
        late = (t - u) - early
        return 0.5 ** (early / p.early_half_life + late / p.production_half_life)

    for week in (10.0, 52.0, 76.0, 104.0, 200.0):
        made, _ = integrate.quad(
            lambda u, t=week: p.full_synthesis * k * np.exp(-k * u) * survived(u, t),
            0, week, points=[min(week, 76.0)], epsabs=0, epsrel=1e-10, limit=400,
        )  # fmt: skip
        course = solve(valoctocogene.model, p, [0, week])
        assert course["production"][1] == pytest.approx(made, rel=1e-6)
        assert course["chromogenic"][1] == pytest.approx(made / p.clearance, rel=0.06)


def test_from_week_76_on_the_half_life_is_the_published_one():
    p = valoctocogene.model.parameters_with()
    start = 130.0  # week 76, and long enough for all production to be ready
    level = solve(valoctocogene.model, p, [start, start + p.production_half_life])["chromogenic"]
    assert level[1] / level[0] == pytest.approx(0.5, rel=1e-4)


def test_the_assay_changes_the_level_and_not_the_half_life():
    course = solve(valoctocogene.model, valoctocogene.model.parameters_with(), [52, 104])
    ratio = course["one_stage"] / course["chromogenic"]
    assert ratio == pytest.approx(1.6)


@pytest.mark.parametrize("start", [26.0, 52.0, 90.0])
def test_a_half_life_read_twice_is_that_of_two_solved_levels(start):
    apart = get("half_life_reading").parameters_with().weeks_apart
    levels = solve(
        valoctocogene.model, valoctocogene.model.parameters_with(), [start, start + apart]
    )["chromogenic"]
    reading = get("half_life_reading")
    found = solve(reading, reading.parameters_with(start=start), [start, start + apart])
    assert found["half_life"][0] == pytest.approx(apart / np.log2(levels[0] / levels[1]), rel=0.005)
    assert found["line"] == pytest.approx(levels, rel=0.005)


def test_one_population_has_four_half_lives():
    p = valoctocogene.model.parameters_with()
    found = list(valoctocogene_recipes.four_half_lives(p).values())
    assert found == sorted(found)
    assert found == pytest.approx([41, 58, 83, 133], rel=0.03)
    assert valoctocogene_recipes.half_life_from_week_76(p, lloq=0) == pytest.approx(127, rel=0.01)


def test_the_population_keeps_all_bands_within_sampling_error():
    """The trial's counts, 12, 4, 23 and 95 of 134, are not surprising in the simulated one."""
    level = valoctocogene_recipes.levels(valoctocogene.model.parameters_with())
    rows = ("below_3", "from_3_to_5", "from_5_to_15", "from_15")
    seen = [ledger.value(f"gener8_bleeds.{r}") for r in rows]
    edges = [0, *ledger.value("gener8_bleeds.limits"), np.inf]
    shares = np.histogram(level[:, 0], edges)[0] / len(level)
    assert sum(seen) == ledger.value("gener8_bleeds.participants")
    assert stats.chisquare(seen, np.sum(seen) * shares).pvalue > 0.5
    rows = ("below_3", "from_3_to_5", "from_5_to_40", "from_40")
    year_3 = [ledger.value(f"gener8_year3.{r}") for r in rows]
    edges = [0, *ledger.value("gener8_year3.limits"), np.inf]
    shares = np.histogram(level[:, -1], edges)[0] / len(level)
    assert 100 * shares == pytest.approx(year_3, abs=1.5)


def test_a_lognormal_with_the_printed_mean_and_sd_misses_the_bands():
    mean = ledger.value("gener8_procedures2023.mean_week_52")
    sd = ledger.value("gener8_procedures2023.sd_week_52")
    log_sd = np.sqrt(np.log(1 + (sd / mean) ** 2))
    below_3 = stats.norm.cdf(np.log(3 / mean) / log_sd + log_sd / 2)
    assert below_3 < 0.006 < 0.08 < ledger.value("gener8_bleeds.share_below_3")
    assert stats.binom.sf(11, 134, below_3) < 1e-8


def test_a_law_of_production_can_fail():
    def leaking(t, y, p, phase):
        to_come, production, level = valoctocogene.rhs(t, y, p, phase)
        return to_come, production * 1.01, level

    broken = {v.law: v.ok for v in proof.check_laws(replace(valoctocogene.model, rhs=leaking))}
    assert not broken["production, closed form"]


def test_bad_parameters_of_production_are_told():
    with pytest.raises(LearnerError, match="production_half_life = 0"):
        valoctocogene.model.parameters_with(production_half_life=0)
    p = valoctocogene.model.parameters_with(production_half_life="861 day")
    assert p.production_half_life == pytest.approx(123)


# --- bleeding -----------------------------------------------------------------------------------


def test_expected_bleeds_against_a_quadrature():
    p = bleeding.model.parameters_with()
    for years in (0.5, 2.0, 5.0):
        area, _ = integrate.quad(
            lambda t: p.anchor_rate
            * np.exp(-p.slope * (p.start_level * 0.5 ** (t / p.level_half_life) - p.anchor_level)),
            0, years, epsrel=1e-11,
        )  # fmt: skip
        got = solve(bleeding.model, p, [0, years])["expected_bleeds"][1]
        assert got == pytest.approx(area, rel=1e-6)


def test_bleed_free_is_poisson_averaged_over_a_gamma_frailty():
    p = bleeding.model.parameters_with()
    frailty = stats.gamma(1 / p.dispersion, scale=p.dispersion)
    for expected in (0.1, 1.0, 4.0):
        averaged, _ = integrate.quad(
            lambda q, b=expected: np.exp(-b * frailty.ppf(q)), 0, 1, epsrel=1e-8, limit=400
        )
        assert bleeding.bleed_free(expected, p) == pytest.approx(averaged, rel=1e-6)
        library = stats.nbinom.pmf(0, 1 / p.dispersion, 1 / (1 + p.dispersion * expected))
        assert bleeding.bleed_free(expected, p) == pytest.approx(library, rel=1e-12)


def test_expected_bleeds_are_those_of_a_process_that_is_thinned():
    """Bleeds drawn one by one, with a falling level and frailties: no equation solved."""
    p = bleeding.model.parameters_with()
    rng = np.random.default_rng(5)
    people, years = 40_000, 5.0
    frailty = rng.gamma(1 / p.dispersion, p.dispersion, people)
    highest = p.anchor_rate * np.exp(p.slope * p.anchor_level)
    tries = rng.poisson(frailty * highest * years)
    who = np.repeat(np.arange(people), tries)
    t = rng.uniform(0, years, who.size)
    level = p.start_level * 0.5 ** (t / p.level_half_life)
    kept = rng.random(who.size) < np.exp(-p.slope * level)
    count = np.bincount(who[kept], minlength=people)
    course = solve(bleeding.model, p, [0, years])
    mean = course["expected_bleeds"][1]
    assert count.mean() == pytest.approx(mean, rel=0.04)
    assert (count == 0).mean() == pytest.approx(course["bleed_free"][1], abs=0.01)
    assert count.var() == pytest.approx(mean + p.dispersion * mean**2, rel=0.1)


def test_counts_and_times_of_bleeds_tell_the_same_slope():
    """Negative binomial on counts, Cox with frailty on times: two likelihoods, the same people."""
    people = bleeding_recipes.simulated(bleeding.model.parameters_with(), 120, seed=4)
    counted = estimate.negative_binomial(
        people.bleeds, people.level, name="level", scale="linear",
        follow_up=np.full(120, people.years),
    )  # fmt: skip
    rows = bleeding_recipes.times_of_bleeds(people)
    timed = estimate.cox(**rows, frailty=True, name="level", scale="linear")
    assert rows["events"].sum() == people.bleeds.sum()
    assert timed["level"].coefficient == pytest.approx(counted["level"].coefficient, rel=0.02)
    assert timed.extra["variance of the frailty"] == pytest.approx(
        counted.extra["dispersion"], rel=0.05
    )
    truth = -bleeding.model.parameters["slope"].default
    assert abs(counted["level"].coefficient - truth) < 2.5 * counted["level"].standard_error


def test_sources_disagree_more_than_tenfold_at_one_level():
    p = bleeding.model.parameters_with()
    rates = bleeding_recipes.side_by_side(p, 15)
    assert rates["US centres, A, as remembered"] > 10 * rates["DYNAMO, files, median"]
    assert rates["US centres, A, as remembered"] > 50 * rates["Milan, files, mean"]
    assert rates["US centres, A, as remembered"] == ledger.value("soucie2018.joint_bleeds_a")


def test_factor_ix_alone_gives_rising_bleeds_and_the_trial_falling_ones():
    p = bleeding.model.parameters_with()
    ours = [getattr(bleeding_recipes, f"hope_b_year_{y}")(p) for y in (2, 3, 4, 5)]
    theirs = [ledger.value(f"hope_b.bleeds_year_{y}") for y in (1, 2, 3, 4, 5)]
    assert ours == sorted(ours) and theirs == sorted(theirs, reverse=True)
    assert 1 - theirs[-1] / theirs[0] == pytest.approx(0.70, abs=0.005)
    assert ours[-1] / theirs[-1] == pytest.approx(3.9, abs=0.05)
    for target in bleeding.model.targets:
        if target.row.startswith("hope_b."):
            assert target.ratio is not None and "months 7 to 60" in target.reason


def test_two_estimands_of_hope_b_are_kept_apart():
    """The adjusted rate of months 7 to 60 is above every yearly rate: no average of them."""
    adjusted = ledger.value("hope_b.bleeds_months_7_60")
    yearly = [ledger.value(f"hope_b.bleeds_year_{y}") for y in (1, 2, 3, 4, 5)]
    assert adjusted > max(yearly)
    used = {target.row for target in bleeding.model.targets}
    assert not used & {"hope_b.bleeds_months_7_60", "hope_b.bleeds_lead_in"}


def test_the_reasons_of_bleeding_say_what_the_code_gives():
    p = bleeding.model.parameters_with()
    reasons = {t.row: t.reason for t in bleeding.model.targets}
    mean = bleeding.bleed_rate(3.5, p) / ledger.value("kloosterman2022.joint_bleeds_2_5")
    assert f"{mean:.1f} times" in reasons["kloosterman2022.joint_bleeds_2_5"]
    # "less than twofold": levels of Milan spread as a uniform from 6 to 40 would be.
    spread = np.exp(-p.slope * (np.linspace(6, 40, 500) - 21)).mean()
    assert 1 < spread < 2


# --- factor IX over years -----------------------------------------------------------------------


def test_factor_ix_against_a_convolution():
    """What got ready at time u, how much of it is left at t, divided by clearance."""
    p = fix_production.model.parameters_with()
    k, loss = np.log(2) / p.rise_half_life, np.log(2) / p.loss_half_life
    for week in (52.0, 260.0, 600.0):
        ready, _ = integrate.quad(
            lambda u, t=week: k
            * np.exp(-k * u)
            * (p.constant_share + (1 - p.constant_share) * np.exp(-loss * (t - u))),
            0, week, points=[20], epsrel=1e-11,
        )  # fmt: skip
        got = solve(fix_production.model, p, [0, week])["fix_activity"][1]
        assert got == pytest.approx(p.full_level * ready, rel=2e-3)


def test_factor_ix_is_proportional_to_dose_above_the_own_level():
    p = fix_production.model.parameters_with(own_level=1)
    one = solve(fix_production.model, p, [100])["fix_activity"][0]
    three = solve(fix_production.model, p.changed(dose=3 * p.dose), [100])["fix_activity"][0]
    assert three - 1 == pytest.approx(3 * (one - 1), rel=1e-6)


def test_the_reasons_of_factor_ix_say_what_the_code_gives():
    p = fix_production.model.parameters_with()
    reasons = {t.row: t.reason for t in fix_production.model.targets}
    year_5 = ledger.value("hope_b.fix_year_5")
    for share in (1, 0):
        other = p.changed(constant_share=share)
        same_start = ledger.value("hope_b.fix_month_6") / fix_recipes.fix_month_6(other)
        ratio = fix_recipes.fix_year_5(other) * same_start / year_5
        assert f"{ratio:.2f}" in reasons["hope_b.fix_year_5"]
    high = ledger.value("reiss2025.fix_high")
    with_own = p.changed(own_level=1, full_level=p.full_level * (high - 1) / high)
    for dose in ("low", "middle"):
        ratio = fix_recipes.st_jude(with_own, dose) / ledger.value(f"reiss2025.fix_{dose}")
        assert f"{ratio:.2f}" in reasons[f"reiss2025.fix_{dose}"]
    assert fix_recipes.st_jude(with_own, "high") == pytest.approx(high, rel=1e-3)


def test_class_figures_are_shown_and_no_model_stands_beside_them():
    kept = {r.name: r.value for r in ledger.rows("aav_meta2024")}
    assert kept == {"fix_kept": 95.7, "fviii_kept": 55.8}
    used = {t.row for name in HEMOPHILIA for t in get(name).targets}
    assert not any(row.startswith("aav_meta2024.") for row in used)


# --- turnover and assays ------------------------------------------------------------------------


def matrix(p):
    """What moves between plasma, shallow and deep tissue, per hour: by hand, from the textbook."""
    k10, k12, k13 = (q / p.central_volume for q in (p.clearance, p.exchange, p.deep_exchange))
    k21, k31 = p.exchange / p.tissue_volume, p.deep_exchange / p.deep_volume
    return np.array([[-k10 - k12 - k13, k21, k31], [k12, -k21, 0], [k13, 0, -k31]])


@pytest.mark.parametrize("factor", [{}, factor_turnover.FVIII], ids=["FIX", "FVIII"])
def test_turnover_is_a_matrix_exponential(factor):
    p = factor_turnover.model.parameters_with(**factor, infusion_duration=0, synthesis=20)
    a, hours = matrix(p), np.array([0.5, 3.0, 24.0, 72.0, 200.0])
    fed = np.zeros((4, 4))  # a fourth state that stays at 1 and feeds plasma
    fed[:3, :3], fed[0, 3] = a, p.synthesis
    course = solve(factor_turnover.model, p, hours)
    for i, t in enumerate(hours):
        infused = linalg.expm(a * t) @ [p.dose, 0, 0]
        made = (linalg.expm(fed * t) @ [0, 0, 0, 1])[:3]
        for name, x in (("infused", infused), ("made", made)):
            got = [course.states[name + s][i] for s in ("", "_shallow", "_deep")]
            assert got == pytest.approx(x, rel=1e-6, abs=1e-6 * p.dose), (name, t)
        ours = p.baseline + (infused[0] + made[0]) / p.central_volume
        assert course["chromogenic"][i] == pytest.approx(ours, rel=1e-6)


@pytest.mark.parametrize("factor", [{}, factor_turnover.FVIII], ids=["FIX", "FVIII"])
def test_synthesis_over_clearance_is_the_level(factor):
    p = factor_turnover.model.parameters_with(**factor, synthesis=60)
    last = solve(factor_turnover.model, p, [factor_turnover.model.window]).states["made"][0]
    assert last / p.central_volume == pytest.approx(60 / p.clearance, rel=2e-3)


def test_half_lives_after_an_infusion_are_a_day_and_half_a_day():
    p = factor_turnover.model.parameters_with()
    hours = ledger.value("factor_turnover.sampling_hours")
    for changes, expected in (({}, 21.2), (factor_turnover.FVIII, 8.5)):
        t, level = turnover_recipes.samples(p, hours, **changes)
        found = measure.terminal_half_life(t, level).half_life
        assert found == pytest.approx(expected, abs=0.1)


def test_one_protein_has_two_activities_and_the_order_turns():
    """Infused factor VIII-SQ reads lower by one-stage assay, the same protein made reads higher."""
    model = factor_turnover.model
    infused = model.parameters_with(**{**factor_turnover.FVIII, "baseline": 0})
    made = infused.changed(dose=model.parameters["dose"].domain[0], synthesis=100)
    low, high = (
        solve(model, p, [12])["one_stage"][0] / solve(model, p, [12])["chromogenic"][0]
        for p in (infused, made)
    )
    assert low == pytest.approx(0.61, abs=0.001)
    assert high == pytest.approx(1.6, abs=0.01)


def test_clearances_of_two_factor_ix_products_disagree_and_their_half_lives_agree():
    p = factor_turnover.model.parameters_with()
    clearance = turnover_recipes.fix_clearance_per_kg_in_three_days(p)
    half_life = turnover_recipes.fix_half_life_in_three_days(p)
    assert ledger.value("benefix.clearance") / clearance == pytest.approx(1.9, abs=0.02)
    assert half_life / ledger.value("benefix.half_life") == pytest.approx(0.95, abs=0.01)
    all_days = turnover_recipes.fix_clearance(p) * 100 / ledger.value("aav_chain.weight")
    assert clearance == pytest.approx(all_days, rel=0.03)


# --- low responders and responders ----------------------------------------------------------------


def test_shares_of_responders_are_those_of_a_mixture():
    """Against the mixture of the fitting room, whose normal distribution is SciPy's."""
    z = np.linspace(-8, 8, 2001)
    assert np.abs(responders.phi(z) - stats.norm.cdf(z)).max() < 4e-4
    p = responders.model.parameters_with(low_share=0.25, log_sd=0.8)
    course = solve(responders.model, p, [0, p.half_life])
    for k, median in enumerate((p.median, p.median / 2)):
        mix = Lognormals(
            np.array([0.25, 0.75]),
            np.array([p.low_median, median]),
            np.array([p.low_log_sd, 0.8]),
        )
        assert course["below_3"][k] == pytest.approx(100 * mix.below(3), abs=0.05)
        assert course["from_15"][k] == pytest.approx(100 - 100 * mix.below(15), abs=0.05)
        assert course["from_40"][k] == pytest.approx(100 - 100 * mix.below(40), abs=0.05)


def test_printed_shares_step_from_one_report_to_the_other():
    course = solve(
        responders.model, responders.model.parameters_with(), [0, responders.model.window]
    )
    assert course["printed_below_3"] == pytest.approx([8.955, 24.2], abs=1e-3)
    assert course["printed_top"] == pytest.approx([70.896, 10.6], abs=1e-3)
    limits = (ledger.value("gener8_bleeds.limits"), ledger.value("gener8_year3.limits"))
    assert [each[-1] for each in limits] == [
        responders.model.parameters_with().first_limit,
        responders.model.parameters_with().last_limit,
    ]
    assert limits[0][0] == limits[1][0] == responders.model.parameters_with().low_limit

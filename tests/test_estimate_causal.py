"""Effects from confounded trials: against an intervention on the same people, statsmodels and R."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from cgtlearn import estimate, ledger
from cgtlearn.errors import LearnerError
from cgtlearn.estimate import causal
from cgtlearn.population import trials

MANY = 20_000


def log_odds(y, *columns):
    """Coefficients by our own Newton, after the intercept; statsmodels checks it below."""
    return causal.fitted(np.column_stack([np.ones(len(y)), *columns]), y)[1:]


# --- the simulated trial --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def big():
    return trials.confounded(100_000, 1)


def test_cmax_is_distributed_as_published(big):
    row = ledger.row("epar_kymriah2018.b2202_responders_cmax")
    logs = np.log(big.cmax)
    assert np.exp(logs.mean()) == pytest.approx(row.value, rel=0.01)
    assert np.sqrt(np.exp(logs.var()) - 1) == pytest.approx(row.spread, rel=0.02)


def test_high_burden_has_the_published_excess(big):
    high = big.burden > np.median(big.burden)
    logs = np.log(big.cmax)
    excess = np.exp(logs[high].mean() - logs[~high].mean()) - 1
    assert excess == pytest.approx(
        ledger.value("epar_kymriah2018.high_burden_cmax_excess"), rel=0.02
    )


def test_the_association_of_cmax_and_crs_is_the_published_one_and_not_the_effect(big):
    (slope,) = log_odds(big.crs, np.log2(big.cmax))
    published = ledger.row("epar_kymriah2018.severe_crs_odds_ratio")
    assert np.exp(slope) == pytest.approx(published.value, rel=0.02)
    true = ledger.value("confounded_trial.cmax_odds_ratio")
    assert 1 < true < published.value
    within, _ = log_odds(big.crs, np.log2(big.cmax), np.log(big.burden))
    assert np.exp(within) == pytest.approx(true, rel=0.02)


def test_rates_are_near_the_published_ones(big):
    assert big.crs.mean() == pytest.approx(
        ledger.value("epar_kymriah2018.severe_crs_share"), abs=0.02
    )
    low = big.burden < np.median(big.burden)
    for half, name in ((low, "low"), (~low, "high")):
        published = ledger.value(f"felix_burden.remission_{name}_burden")
        assert big.response[half].mean() == pytest.approx(published, abs=0.01)


def test_dose_looks_harmful_and_is_not(big):
    (crude,) = log_odds(big.crs, np.log2(big.dose))
    adjusted, _ = log_odds(big.crs, np.log2(big.dose), np.log(big.burden))
    assert np.exp(crude) > 1.8
    assert np.exp(adjusted) == pytest.approx(1, abs=0.03)
    other = trials.confounded(len(big.crs), 1, do={"dose": 4})
    np.testing.assert_array_equal(other.crs, big.crs)
    np.testing.assert_array_equal(other.burden, big.burden)
    assert np.all(other.dose == 4)


def test_doses_at_random_do_not_look_harmful():
    fair = trials.confounded(100_000, 1, dose_with_burden=0)
    (crude,) = log_odds(fair.crs, np.log2(fair.dose))
    assert np.exp(crude) == pytest.approx(1, abs=0.02)


def test_an_intervention_on_cmax_leaves_burden_alone(big):
    doubled = trials.confounded(len(big.cmax), 1, do={"cmax": 2 * big.cmax})
    np.testing.assert_array_equal(doubled.burden, big.burden)
    np.testing.assert_array_equal(doubled.dose, big.dose)

    def odds(p):
        return p / (1 - p)

    ratio = odds(doubled.crs_risk) / odds(big.crs_risk)
    true = ledger.value("confounded_trial.cmax_odds_ratio")
    np.testing.assert_allclose(ratio, true, rtol=1e-6)
    assert np.all(doubled.crs >= big.crs)


def test_a_dose_that_acts_through_cmax():
    people = trials.confounded(1000, 2, dose_on_cmax=1)
    twice = trials.confounded(1000, 2, dose_on_cmax=1, do={"dose": 2 * people.dose})
    np.testing.assert_allclose(twice.cmax, 2 * people.cmax)


def test_a_person_depends_on_the_seed_and_on_the_number_only():
    few, more = trials.confounded(50, 3), trials.confounded(5000, 3)
    for a, b in zip(few, more, strict=True):
        np.testing.assert_array_equal(a, b[:50])
    assert not np.array_equal(few.cmax, trials.confounded(50, 4).cmax)
    a, b = trials.survival(50, 3), trials.survival(5000, 3)
    np.testing.assert_array_equal(a.stop, b.stop[b.patient < 50])


# --- adjust, standardise, weight: against the intervention ----------------------------------------


@pytest.fixture(scope="module")
def harmful():
    """A dose that does act, so that there is something to find: odds times 1.5 for a doubling."""
    options = {"dose_odds_ratio": 1.5}
    seen = trials.confounded(MANY, 5, **options)
    risk = [trials.confounded(MANY, 5, do={"dose": d}, **options).crs_risk.mean() for d in (1, 2)]
    return seen, risk


def test_standardising_finds_what_the_intervention_does(harmful):
    t, (low, high) = harmful
    found = estimate.standardise(
        t.crs, t.dose, low=1, high=2,
        covariates={"burden": np.log(t.burden)}, resamples=100,
    )  # fmt: skip
    assert found.low.value == pytest.approx(low, abs=0.015)
    assert found.difference.value == pytest.approx(high - low, abs=0.015)
    assert found.difference.low < high - low < found.difference.high
    crude = estimate.standardise(t.crs, t.dose, low=1, high=2, resamples=100)
    assert crude.difference.low > high - low + 0.03


def arms(n, seed, **options):
    """Two products, the second for those with more burden; both do the same, unless told."""
    t = trials.confounded(n, seed, **options)
    return t, (t.dose > 1).astype(float)


def test_weighting_finds_that_an_arm_does_nothing():
    t, exposed = arms(MANY, 6)
    z = np.log(t.burden)
    found = estimate.weight(t.crs, exposed, covariates={"burden": z}, resamples=100)
    assert found.difference.value == pytest.approx(0, abs=0.02)
    crude = t.crs[exposed == 1].mean() - t.crs[exposed == 0].mean()
    assert crude > 0.2
    assert found.extra["burden, SDs apart before"] > 0.8
    assert abs(found.extra["burden, SDs apart after"]) < 0.08
    assert 1 < found.extra["largest weight"] and found.extra["effective number of people"] < MANY


def test_weighting_and_standardising_an_arm_agree_with_the_intervention():
    """The arm is drawn from a logistic model of burden here, so that both models are right."""
    rng = np.random.default_rng(8)
    t = trials.confounded(MANY, 8)
    z = np.log(t.burden)
    exposed = (rng.random(MANY) < 1 / (1 + np.exp(-z))).astype(float)
    odds = t.crs_risk / (1 - t.crs_risk)

    def risk(a):
        return 3**a * odds / (1 + 3**a * odds)

    y = (rng.random(MANY) < risk(exposed)).astype(float)
    true = float(np.mean(risk(1.0) - risk(0.0)))
    weighted = estimate.weight(y, exposed, covariates={"burden": z}, resamples=100)
    standard = estimate.standardise(
        y, exposed, low=0, high=1, scale="linear",
        covariates={"burden": z}, resamples=100,
    )  # fmt: skip
    for found in (weighted, standard):
        assert found.difference.value == pytest.approx(true, abs=0.015)
        assert found.difference.low < true < found.difference.high


def test_an_odds_ratio_does_not_collapse_and_a_difference_does():
    """Doses at random: nothing confounds, yet the odds ratio changes with burden in the model."""
    t = trials.confounded(MANY, 7, dose_odds_ratio=2, dose_with_burden=0)
    (alone,) = log_odds(t.crs, np.log2(t.dose))
    given_all = log_odds(t.crs, np.log2(t.dose), np.log(t.burden), np.log2(t.cmax))[0]
    assert np.exp(given_all) == pytest.approx(2, rel=0.06)
    assert np.exp(alone) < 1.8
    with_burden = estimate.standardise(
        t.crs, t.dose, low=1, high=2, covariates={"z": np.log(t.burden)}, resamples=100
    )
    crude = estimate.standardise(t.crs, t.dose, low=1, high=2, resamples=100)
    assert with_burden.difference.value == pytest.approx(crude.difference.value, abs=0.01)


def test_bootstrap_intervals_cover():
    """A trial of 300, 60 times: 95 % intervals of the difference hold the truth in most."""
    hits = 0
    for seed in range(60):
        t = trials.confounded(300, 100 + seed)
        found = estimate.standardise(
            t.crs, t.dose, low=1, high=2, covariates={"z": np.log(t.burden)}, resamples=100
        )
        hits += found.difference.low <= 0 <= found.difference.high
    assert hits >= 51  # 99.9 % of trials, were each covered with 95 %


# --- against other programs -----------------------------------------------------------------------


def test_our_newton_is_statsmodels_glm():
    import statsmodels.api as sm

    t = trials.confounded(400, 9)
    x = np.column_stack([np.ones(400), np.log2(t.dose), np.log(t.burden)])
    theirs = sm.GLM(t.crs, x, family=sm.families.Binomial()).fit()
    np.testing.assert_allclose(causal.fitted(x, t.crs), theirs.params, rtol=1e-6)
    w = np.random.default_rng(1).uniform(0.5, 3, 400)
    weighted = sm.GLM(t.crs, x, family=sm.families.Binomial(), freq_weights=w).fit()
    np.testing.assert_allclose(causal.fitted(x, t.crs, w), weighted.params, rtol=1e-6)


R = """
d <- read.csv("people.csv")
g <- glm(crs ~ log2(dose) + z, binomial, d)
risk <- function(x) mean(predict(g, transform(d, dose = x), type = "response"))
p <- predict(glm(a ~ z, binomial, d), type = "response")
w <- ifelse(d$a == 1, 1 / p, 1 / (1 - p))
arm <- function(k) weighted.mean(d$crs[d$a == k], w[d$a == k])
library(survival)
s <- read.csv("rows.csv")
m <- coxph(Surv(start, stop, event) ~ after, s)
k <- read.csv("land.csv")
l <- coxph(Surv(stop, event) ~ there, k)
cat(format(c(risk(1), risk(2), arm(0), arm(1), coef(m), sqrt(vcov(m)), coef(l)), digits = 12))
"""


def write(path, **columns):
    names, values = list(columns), np.column_stack(list(columns.values()))
    np.savetxt(path, values, delimiter=",", header=",".join(names), comments="", fmt="%.15g")


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not here")
def test_standardising_weighting_landmark_and_time_varying_against_r(tmp_path):
    t, exposed = arms(400, 10)
    z = np.log(t.burden)
    write(tmp_path / "people.csv", crs=t.crs, dose=t.dose, z=z, a=exposed)
    s = trials.survival(400, 10)
    rows = estimate.split_rows(s.stop, s.event, np.where(s.lost == 1, s.persistence, np.inf))
    write(
        tmp_path / "rows.csv", start=rows.start, stop=rows.stop, event=rows.events, after=rows.after
    )
    at = estimate.landmark(s.stop, s.event, 90)
    there = (s.persistence[at.kept] >= 90).astype(float)
    write(tmp_path / "land.csv", stop=at.stop, event=at.events, there=there)
    (tmp_path / "a.R").write_text(R, encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "--vanilla", "a.R"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    if "there is no package" in done.stderr:
        pytest.skip("R without survival")
    assert done.returncode == 0, done.stderr
    theirs = [float(v) for v in done.stdout.split()]
    standard = estimate.standardise(
        t.crs, t.dose, low=1, high=2, covariates={"z": z}, resamples=100
    )
    weighted = estimate.weight(t.crs, exposed, covariates={"z": z}, resamples=100)
    varying = estimate.cox(
        rows.stop, rows.events, rows.after, start=rows.start, id=rows.id, scale="linear"
    )["exposure"]
    land = estimate.cox(at.stop, at.events, there, scale="linear")["exposure"]
    ours = [
        standard.low.value, standard.high.value, weighted.low.value, weighted.high.value,
        varying.coefficient, varying.standard_error, land.coefficient,
    ]  # fmt: skip
    assert ours == pytest.approx(theirs, rel=1e-5)


# --- duration of response -------------------------------------------------------------------------


@pytest.mark.parametrize("truth", [1.0, 0.79, 0.6])
def test_cox_finds_the_hazard_ratio_per_doubling(truth):
    s = trials.survival(2000, 11, hr_per_doubling=truth)
    found = estimate.cox(s.stop, s.event, s.cmax).per_doubling()
    assert found.low < truth < found.high
    assert found.value == pytest.approx(truth, rel=0.1)


def test_a_trial_of_the_size_of_juliet_has_an_interval_like_the_printed_one():
    n, published = (
        ledger.value("awasthi2020.patients"), ledger.row("awasthi2020.duration_hazard_ratio")
    )  # fmt: skip
    widths = []
    for seed in range(25):
        s = trials.survival(int(n), seed, hr_per_doubling=published.value)
        found = estimate.cox(s.stop, s.event, s.cmax).per_doubling()
        widths.append(np.log(found.high / found.low))
    low, high = published.spread
    assert np.median(widths) == pytest.approx(np.log(high / low), rel=0.25)


def naive(s, months=6):
    """Who persisted for half a year against who did not, as if it were known on the first day."""
    long = (s.persistence >= 30 * months).astype(float)
    return estimate.cox(s.stop, s.event, long, scale="linear")["exposure"]


def at_landmark(s, day=90):
    at = estimate.landmark(s.stop, s.event, day)
    there = (s.persistence[at.kept] >= day).astype(float)
    return estimate.cox(at.stop, at.events, there, scale="linear")["exposure"]


def varying(s):
    rows = estimate.split_rows(s.stop, s.event, np.where(s.lost == 1, s.persistence, np.inf))
    return estimate.cox(
        rows.stop, rows.events, rows.after, start=rows.start, id=rows.id, scale="linear"
    )["exposure"]


def test_immortal_time_makes_persistence_look_good_and_two_ways_do_not():
    s = trials.survival(2500, 12)
    assert naive(s).high < 0.3
    for found in (at_landmark(s), varying(s)):
        assert found.low < 1 < found.high
    assert varying(s).ratio == pytest.approx(1, abs=0.25)


def test_a_persistence_that_does_protect_is_found_by_time_varying_cox():
    s = trials.survival(3000, 13, hr_persistent=0.5)
    found = varying(s)  # the row after the loss: the inverse
    assert found.low < 2 < found.high


def test_relapse_times_follow_the_hazard_that_is_written():
    """Beside a simulation in small steps, of the same formula and with other code."""
    k = ledger.value("confounded_trial.duration_shape")
    scale = -np.log(ledger.value("confounded_trial.still_in_response"))
    median = ledger.value("confounded_trial.persistence_median")
    s = trials.survival(
        40_000,
        14,
        hr_per_doubling=0.8,
        hr_persistent=0.5,
        response_share=1,
        follow_up=(365, 365.001),
    )
    share = (s.event == 0).mean()
    loss = np.random.default_rng(2).exponential(median / np.log(2), 4000)
    days = np.linspace(0, 365, 3651)
    steps = scale * np.diff((days / 365) ** k)
    hazard = np.where(days[:-1] < loss[:, None], 0.5, 1.0) * steps
    doublings = trials.cmax_log_sd() * np.random.default_rng(3).normal(size=4000) / np.log(2)
    survives = np.exp(-hazard.sum(axis=1) * 0.8**doublings).mean()
    assert share == pytest.approx(survives, abs=0.01)


def test_rows_and_landmark_keep_every_day_and_event():
    s = trials.survival(300, 15)
    change = np.where(s.lost == 1, s.persistence, np.inf)
    rows = estimate.split_rows(s.stop, s.event, change)
    assert (rows.stop - rows.start).sum() == pytest.approx(s.stop.sum())
    assert rows.events.sum() == s.event.sum()
    assert rows.after.sum() == s.lost.sum()
    from_start = estimate.split_rows([5.0, 6.0], [1, 0], [0.0, np.inf])
    assert list(from_start.after) == [0, 1] and list(from_start.id) == [1, 0]
    at = estimate.landmark(s.stop, s.event, 60)
    assert np.all(s.stop[at.kept] > 60) and at.stop.min() > 0
    assert at.events.sum() == s.event[s.stop > 60].sum()


# --- curves that end ------------------------------------------------------------------------------


def test_the_mean_of_those_who_stay_falls_too_slowly():
    c = trials.informative_dropout(4000, 16)
    all_of_them = np.log(c.truth).mean(axis=0)
    stayed = np.nanmean(np.log(c.seen), axis=0)
    assert stayed[-1] - all_of_them[-1] > 1
    np.testing.assert_allclose(stayed[:2], all_of_them[:2])
    random = trials.informative_dropout(4000, 16, hr_per_tenfold_lower=1)
    np.testing.assert_array_equal(random.truth, c.truth)
    gap = np.nanmean(np.log(random.seen), axis=0) - all_of_them
    assert abs(gap[-1]) < 0.35


# --- what it refuses, and says --------------------------------------------------------------------


def test_bad_input_is_named():
    t = trials.confounded(60, 1)
    z = {"z": np.log(t.burden)}
    for call, words in (
        (lambda: trials.confounded(1, 1), "n = 1"),
        (lambda: trials.confounded(10, -1), "seed"),
        (lambda: trials.confounded(10, 1, do={"does": 2}), "dose"),
        (lambda: trials.confounded(10, 1, do={"dose": [1, 2]}), "10 people"),
        (lambda: trials.confounded(10, 1, dose_with_burden=2), "dose_with_burden = 2"),
        (lambda: trials.confounded(10, 1, dose_odds_ratio=0), "dose_odds_ratio"),
        (lambda: trials.survival(50, 1, hr_per_doubling=-1), "hr_per_doubling"),
        (lambda: estimate.standardise(t.crs * 0, t.dose, low=1, high=2), "0 events"),
        (lambda: estimate.standardise(t.crs, t.dose, low=0, high=2), "low"),
        (lambda: estimate.standardise(t.crs, t.dose, low=1, high=2, resamples=5), "resamples"),
        (lambda: estimate.weight(t.crs, t.dose, covariates=z), "exposed"),
        (lambda: estimate.weight(t.crs, t.dose > 1, covariates={}), "no covariates"),
        (
            lambda: estimate.weight(t.crs, t.dose > 1, covariates={"d": np.log(t.dose)}),
            "separation",
        ),
        (lambda: estimate.landmark([5.0, 6.0], [1, 0], 7), "at = 7"),
        (lambda: estimate.split_rows([5.0, 6.0], [1, 0], [1.0, np.nan]), "NaN"),
    ):
        with pytest.raises(LearnerError, match=words):
            call()


def test_what_is_printed_says_what_it_rests_on():
    t = trials.confounded(200, 1)
    found = estimate.weight(
        t.crs, t.dose > 1, covariates={"burden": np.log(t.burden)}, resamples=100
    )
    text = str(found)
    assert "risk difference" in text and "largest weight" in text
    assert "An effect only if nothing else moves" in text
    beyond = estimate.standardise(t.crs, t.dose, low=1, high=1000, resamples=100)
    assert "nobody had" in str(beyond)
    assert [r["measure"] for r in found.table()][2] == "risk difference"
    assert repr(found).startswith("inverse-probability weights: risk difference")

"""Virtual patients: the right distribution, the same ones for the same seed, clear errors."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from scipy import stats

from cgtlearn import ledger, measure
from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.models import ogasawara2021, stein2019
from cgtlearn.models.contract import Model, Output, Parameter, Parameters, State
from cgtlearn.solve import solve

M = stein2019.model
DAYS = [0.01, 1, 2, 4, 7, 9, 11, 14, 17, 21, 28, 42, 56, 84]


def share_model() -> Model:
    """A model with a parameter on the logit scale: a share of cells that are lost by a rate."""
    return Model(
        name="share",
        title="A share",
        states={"x": State("1", "cells")},
        parameters={
            "share": Parameter(0.2, "1", (0, 1), "logit", "a share"),
            "rate": Parameter(0.1, "1/day", (1e-3, 10), "log", "a rate"),
            "weight": Parameter(39, "kg", (2, 200), "linear", "body weight"),
        },
        observed={"x": Output("1", "cells")},
        rhs=lambda t, y, p, phase: (-p.rate * y[0],),
        initial=lambda p: (p.share,),
        outputs=lambda t, y, p, phase: {"x": y[0]},
        time_unit="day",
        window=10,
    )


# --- what a spread means -----------------------------------------------------------------------


def test_the_same_number_means_three_spreads():
    assert pop.log_sd(0.38).sd == 0.38
    assert pop.log_variance(0.38).sd == pytest.approx(np.sqrt(0.38))
    # An independent route: scipy's log-normal with that shape has the CV that was asked for.
    shape = pop.cv(1.55).sd
    mean, variance = stats.lognorm(s=shape).stats("mv")
    assert np.sqrt(variance) / mean == pytest.approx(1.55, rel=1e-12)
    assert pop.log_sd(0.7).cv == pytest.approx(measure.cv_from_log_sd(0.7))
    assert repr(pop.cv(1.55)) == "cv(1.55)"


@pytest.mark.parametrize("make", [pop.log_sd, pop.log_variance, pop.cv, pop.logit_sd])
@pytest.mark.parametrize("bad", [-0.1, np.nan, "wide", None])
def test_a_spread_must_be_a_number_of_zero_or_above(make, bad):
    with pytest.raises(LearnerError):
        make(bad)


def test_per_cent_is_not_a_ratio():
    with pytest.raises(LearnerError, match=r"cv\(1.55\)"):
        pop.cv(155)


@pytest.mark.parametrize("bare", [0.38, 1, np.float64(0.38), (0.38, "sd")])
def test_a_bare_number_is_no_spread(bare):
    with pytest.raises(LearnerError) as error:
        pop.sample(M, 3, {"tmax": bare}, seed=1)
    for word in ("log_sd", "log_variance", "cv"):
        assert word in str(error.value)


def test_spreads_of_the_ledger_under_a_stated_reading():
    as_sd = pop.spread_of(M, pop.log_sd)
    mixed = pop.spread_of(M, pop.log_variance, tmax=pop.log_sd)
    printed = ledger.value("stein2019.omega_tmax")
    assert len(as_sd) == 6
    assert as_sd["tmax"].sd == mixed["tmax"].sd == printed
    assert mixed["cmax"].sd == pytest.approx(np.sqrt(ledger.value("stein2019.omega_cmax")))
    with pytest.raises(LearnerError, match="without calling"):
        pop.spread_of(M, pop.log_sd(0.3))
    with pytest.raises(LearnerError, match="tmax"):
        pop.spread_of(M, pop.log_sd, t_max=pop.log_sd)
    with pytest.raises(LearnerError, match="no ambiguous"):
        pop.spread_of(M, pop.log_sd, steroid_factor=pop.log_sd)
    with pytest.raises(LearnerError, match="no spread"):
        pop.spread_of(share_model(), pop.log_sd)


def test_an_interval_is_no_spread(monkeypatch):
    with pytest.raises(LearnerError, match="lag 2.71 to 3.97 .95 % confidence interval"):
        pop.spread_of(ogasawara2021.model, pop.log_sd)
    # Beside a spread, an interval is left out and named.
    rows = {row.id: row for row in ledger.rows("ogasawara2021")}
    one = dataclasses.replace(rows["ogasawara2021.lag"], spread=0.4, spread_kind="CV, log-normal")
    real = ledger.row
    monkeypatch.setattr(ledger, "row", lambda id: one if id == one.id else real(id))
    with pytest.warns(UserWarning, match="tmax 8.81 to 9.7"):
        found = pop.spread_of(ogasawara2021.model, pop.log_sd)
    assert found == {"lag": pop.cv(0.4)}


# --- drawing patients --------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [pop.log_sd(0.4), pop.log_variance(0.4), pop.cv(0.4)])
def test_the_draws_are_log_normal(spread):
    p = pop.sample(M, 4000, {"cmax": spread}, seed=11)
    z = np.log(p.cmax / M.parameters["cmax"].default) / spread.sd
    assert stats.kstest(z, "norm").pvalue > 0.01
    assert p.tmax == M.parameters["tmax"].default


def test_the_draws_are_logit_normal():
    model = share_model()
    p = pop.sample(model, 4000, {"share": pop.logit_sd(1.5)}, seed=3)
    assert np.all((p.share > 0) & (p.share < 1))
    z = (np.log(p.share / (1 - p.share)) - np.log(0.2 / 0.8)) / 1.5
    assert stats.kstest(z, "norm").pvalue > 0.01
    with pytest.raises(LearnerError, match="logit_sd"):
        pop.sample(model, 3, {"share": pop.log_sd(0.5)}, seed=1)
    with pytest.raises(LearnerError, match="log_sd"):
        pop.sample(model, 3, {"rate": pop.logit_sd(0.5)}, seed=1)
    with pytest.raises(LearnerError, match="base=model.parameters_with"):
        pop.sample(model, 3, {"weight": pop.cv(0.5)}, seed=1)


def test_a_seed_names_the_patients():
    spread = pop.spread_of(M, pop.log_sd)
    once, again = (pop.sample(M, 50, spread, seed=7) for _ in range(2))
    other = pop.sample(M, 50, spread, seed=8)
    for name in spread:
        assert np.array_equal(getattr(once, name), getattr(again, name))
        assert not np.array_equal(getattr(once, name), getattr(other, name))
    # Stored here, so that a change of generator or streams is noticed.
    assert once.tmax[0] == pytest.approx(8.247742248509022, rel=1e-14)


def test_one_more_parameter_or_patient_changes_nobody_else():
    few = pop.sample(M, 20, {"cmax": pop.log_sd(0.65)}, seed=7)
    more = pop.sample(M, 500, pop.spread_of(M, pop.log_sd), seed=7)
    assert np.array_equal(few.cmax, more.cmax[:20])


def test_streams_of_parameters_and_of_the_assay_are_unrelated():
    p = pop.sample(M, 3000, pop.spread_of(M, pop.log_sd), seed=7)
    seen, _ = pop.observe(np.ones(3000), residual_log_sd=1, lloq=None, seed=7)
    logs = np.log([p.cmax, p.tmax, p.fold_expansion, p.contraction_rate, seen])
    off = np.corrcoef(logs) - np.eye(5)
    assert np.abs(off).max() < 0.06  # 3.3 standard errors


def test_correlation():
    spread = {"cmax": pop.log_sd(0.65), "tmax": pop.log_sd(0.38), "contraction_rate": pop.cv(1)}
    tied = {("cmax", "tmax"): -0.6}
    p = pop.sample(M, 4000, spread, seed=5, correlation=tied)
    seen = np.corrcoef(np.log([p.cmax, p.tmax, p.contraction_rate]))
    assert seen[0, 1] == pytest.approx(-0.6, abs=0.035)
    assert abs(seen[0, 2]) < 0.055
    assert np.log(p.cmax).std() == pytest.approx(0.65, rel=0.05)
    for bad, words in (
        ({("cmax", "tmax"): 1.2}, "between -1 and 1"),
        ({("cmax", "beta"): 0.2}, "varied parameter"),
        ({("cmax", "cmax"): 0.2}, "two different"),
        ({"cmax": 0.2}, "pairs"),
        ({("cmax", "tmax"): 0.9, ("tmax", "contraction_rate"): 0.9,
          ("cmax", "contraction_rate"): -0.9}, "hold at the same time"),
    ):  # fmt: skip
        with pytest.raises(LearnerError, match=words):
            pop.sample(M, 5, spread, seed=5, correlation=bad)


def test_values_outside_the_domain_are_drawn_again_and_counted():
    low, high = M.parameters["tmax"].domain
    wide = {"tmax": pop.log_sd(1.3)}
    with pytest.warns(UserWarning, match="drawn again"):
        p = pop.sample(M, 5000, wide, seed=1)
    assert p.tmax.min() >= low and p.tmax.max() <= high
    assert not np.any(np.isin(p.tmax, (low, high)))  # drawn again, not clipped
    typical = M.parameters["tmax"].default
    outside = stats.norm.cdf(np.log(low / typical) / 1.3) + stats.norm.sf(
        np.log(high / typical) / 1.3
    )
    assert p.redrawn["tmax"] == pytest.approx(5000 * outside, rel=0.15)
    z = np.log(p.tmax / typical) / 1.3
    cut = stats.truncnorm(np.log(low / typical) / 1.3, np.log(high / typical) / 1.3)
    assert stats.kstest(z, cut.cdf).pvalue > 0.01
    # Correlated parameters are drawn again together, and keep their correlation.
    with pytest.warns(UserWarning):
        both = pop.sample(
            M, 4000, {**wide, "cmax": pop.log_sd(0.5)}, seed=1, correlation={("cmax", "tmax"): 0.8}
        )
    assert np.corrcoef(np.log([both.cmax, both.tmax]))[0, 1] > 0.7
    with pytest.raises(LearnerError, match="still outside"):
        pop.sample(M, 200, {"tmax": pop.log_sd(500)}, seed=1)


def test_typical_values_may_differ_between_patients():
    base = M.parameters_with(tocilizumab_time=[2, np.inf, 5], cmax=1000)
    p = pop.sample(M, 3, {"cmax": pop.log_sd(0.0), "tmax": pop.cv(0.3)}, seed=1, base=base)
    assert p.cmax.tolist() == [1000, 1000, 1000]
    assert p.tocilizumab_time[1] == np.inf
    with pytest.raises(LearnerError, match="n=3"):
        pop.sample(M, 4, {"tmax": pop.cv(0.3)}, seed=1, base=base)
    with pytest.raises(LearnerError, match="base parameters of stein2019"):
        pop.sample(share_model(), 3, {"rate": pop.cv(0.3)}, seed=1, base=base)


@pytest.mark.parametrize("n", [0, -3, 2.5, "90", None, True])
def test_a_number_of_patients(n):
    with pytest.raises(LearnerError, match="number of patients"):
        pop.sample(M, n, {"tmax": pop.log_sd(0.38)}, seed=1)


@pytest.mark.parametrize("seed", [-1, 1.0, "one", None, True, np.random.default_rng(1)])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(LearnerError, match="seed"):
        pop.sample(M, 3, {"tmax": pop.log_sd(0.38)}, seed=seed)
    with pytest.raises(LearnerError, match="seed"):
        pop.observe([1.0], residual_log_sd=0.1, lloq=None, seed=seed)


def test_unknown_parameter_and_empty_spread():
    with pytest.raises(LearnerError, match="did you mean 'cmax'"):
        pop.sample(M, 3, {"c_max": pop.log_sd(0.5)}, seed=1)
    for empty in ({}, None, 0.38):
        with pytest.raises(LearnerError, match="mapping"):
            pop.sample(M, 3, empty, seed=1)


def test_patients_are_parameters():
    p = pop.sample(M, 4, {"tmax": pop.log_sd(0.38)}, seed=1)
    assert p.patients == 4 and p.seed == 1
    assert solve(M, p, [0, 5, 30])["transgene"].shape == (4, 3)
    assert p.changed(cmax=100).cmax == 100
    with pytest.raises(LearnerError):
        p.tmax = 3
    assert "redrawn" not in list(p)


# --- what an assay reports ---------------------------------------------------------------------


def test_observe_adds_noise_and_a_limit():
    true = np.full((400, 10), 100.0)
    seen, below = pop.observe(true, residual_log_sd=0.56, lloq=60, seed=2)
    noisy, none = pop.observe(true, residual_log_sd=0.56, lloq=None, seed=2)
    assert not none.any() and stats.kstest(np.log(noisy.ravel() / 100) / 0.56, "norm").pvalue > 0.01
    assert np.array_equal(below, noisy < 60)
    assert np.all(seen[below] == 60) and np.array_equal(seen[~below], noisy[~below])
    assert below.mean() == pytest.approx(stats.norm.cdf(np.log(0.6) / 0.56), abs=0.02)
    exact, _ = pop.observe(true, residual_log_sd=0, lloq=None, seed=2)
    assert np.array_equal(exact, true)


def test_observe_refuses_nonsense():
    for bad in ({"residual_log_sd": -0.1}, {"lloq": 0.0}, {"lloq": -5}, {"residual_log_sd": None}):
        with pytest.raises(LearnerError):
            pop.observe([1.0, 2.0], **{"residual_log_sd": 0.1, "lloq": 1.0, "seed": 1, **bad})
    for values in ([1.0, np.nan], [-1.0], ["much"]):
        with pytest.raises(LearnerError):
            pop.observe(values, residual_log_sd=0.1, lloq=1.0, seed=1)


# --- courses and trials ------------------------------------------------------------------------


def test_closed_form_and_solver_give_the_same_courses():
    p = pop.sample(M, 6, pop.spread_of(M, pop.log_sd), seed=4)
    by_hand = pop.courses(M, p, DAYS, course=stein2019.closed_form)
    solved = pop.courses(M, p, DAYS)
    assert by_hand.shape == solved.shape == (6, len(DAYS))
    assert np.allclose(by_hand, solved, rtol=1e-5)
    one = pop.courses(M, M.parameters_with(), DAYS, course=stein2019.closed_form)
    assert one.shape == (len(DAYS),)
    with pytest.raises(LearnerError, match="transgene"):
        pop.courses(M, p, DAYS, output="transgenes")


def simulated(**changes):
    given = {
        "model": M, "n": 60, "spread": pop.spread_of(M, pop.log_sd), "times": DAYS,
        "residual_log_sd": 0.56, "lloq": 50, "seed": 9, "course": stein2019.closed_form,
    }  # fmt: skip
    return pop.trial(**{**given, **changes})


def test_a_trial_is_sample_courses_and_observe():
    t = simulated()
    p = pop.sample(M, 60, pop.spread_of(M, pop.log_sd), seed=9)
    truth = stein2019.closed_form(np.array(DAYS)[None, :], _columns(p))
    seen, below = pop.observe(truth, residual_log_sd=0.56, lloq=50, seed=9)
    assert np.array_equal(t.values, seen) and np.array_equal(t.censored, below)
    assert repr(t).startswith("Trial of stein2019: 60 simulated patients, 14 samples each")
    assert np.array_equal(simulated().values, t.values)


def _columns(p):
    return type("P", (), {k: np.reshape(v, (-1, 1)) for k, v in p.as_dict().items()})


def test_exposure_of_a_trial_is_that_of_each_patient():
    t = simulated()
    read = t.exposure(window=(0, 28), rule="log")
    for i in (0, 17, 59):
        flagged = np.where(t.censored[i], 0.0, t.values[i])
        assert read.cmax[i] == flagged.max()
        assert read.auc[i] == pytest.approx(
            measure.auc([0, *DAYS], [0, *flagged], 0, 28, rule="log")
        )
    assert read.units["auc"] == "copies/ug·day"
    # Without noise, limit and spread every patient is the typical one.
    exact = simulated(residual_log_sd=0, lloq=None, spread={"cmax": pop.log_sd(0)}, n=2)
    assert exact.described()["cmax"].geometric_cv == 0
    assert exact.described()["tmax"].median == 9


def test_follow_up_ends_for_each_patient_on_its_day():
    full = simulated()
    days = np.resize([20.0, 28.0, 60.0, 1e9], 60)
    cut = simulated(follow_up=days)
    assert np.array_equal(cut.taken, np.array(DAYS)[None, :] <= days[:, None])
    assert np.array_equal(cut.values[cut.taken], full.values[cut.taken])
    assert not cut.censored[~cut.taken].any()
    assert "9 to 14 samples each" in repr(cut)
    read = cut.exposure()
    for i in range(12):
        keep = cut.taken[i]
        t, v = np.array(DAYS)[keep], np.where(cut.censored[i], 0.0, cut.values[i])[keep]
        assert read.cmax[i] == v.max() and read.below_limit[i] == cut.censored[i].sum()
        try:
            half_life = measure.terminal_half_life(t, v).half_life
        except LearnerError:
            half_life = np.nan
            assert "not told" in read.half_life_note[i]
        assert read.half_life[i] == pytest.approx(half_life, nan_ok=True)
        assert np.isnan(read.auc[i]) == (days[i] < 28)
    whole = days >= 28
    assert np.allclose(read.auc[whole], full.exposure().auc[whole])
    # One day for all is a shorter schedule.
    short = simulated(follow_up=28, residual_log_sd=0)
    shorter = simulated(times=[d for d in DAYS if d <= 28], residual_log_sd=0)
    for name, described in short.described().items():
        assert described == shorter.described()[name]
    for bad in ([28.0, 84.0], 0.5, np.nan, np.full((2, 60), 84.0), "long"):
        with pytest.raises(LearnerError):
            simulated(follow_up=bad)


def test_description_of_a_log_normal_sample():
    values = stats.lognorm(s=1.1, scale=300).rvs(4000, random_state=1)
    d = pop.describe([*values, np.nan])
    assert (d.n, d.of) == (4000, 4001)
    assert d.geometric_mean == pytest.approx(stats.gmean(values))
    assert d.geometric_cv == pytest.approx(np.sqrt(np.exp(1.1**2) - 1), rel=0.06)
    assert d.median == np.median(values) and d.low == values.min() and d.high == values.max()
    assert "n = 4000 of 4001" in str(d)
    for bad in ([np.nan, 3.0], [0.0, 1.0], []):
        with pytest.raises(LearnerError):
            pop.describe(bad)


# --- what each reading of Stein's spreads implies, beside what was observed -------------------


def test_the_wider_reading_of_each_spread():
    """Stein's numbers: as variances five of six spreads are wider, that of foldx is narrower."""
    sd, variance = (
        {k: s.sd for k, s in pop.spread_of(M, how).items()}
        for how in (pop.log_sd, pop.log_variance)
    )
    assert [k for k in sd if sd[k] > variance[k]] == ["fold_expansion"]


def stein_trial(read_as, days="rich_days", lloq="qpcr_lloq", n=800, **changes):
    spread = {**pop.spread_of(M, read_as), **changes.pop("spread", {})}
    return pop.trial(
        M, n, spread, ledger.value(f"cart_sampling.{days}"), seed=1, course=stein2019.closed_form,
        residual_log_sd=ledger.value("stein2019.residual_sd"),
        lloq=ledger.value(f"cart_sampling.{lloq}"), **changes,
    )  # fmt: skip


def test_evidence_points_two_ways():
    """The spread of Cmax and AUC leans to variances, the range of Tmax to SDs."""
    seen_cmax = ledger.row("epar_kymriah2018.pool_responders_cmax").spread
    seen_auc = ledger.row("epar_kymriah2018.pool_responders_auc28").spread
    for days in ("rich_days", "sparse_days"):
        sd = stein_trial(pop.log_sd, days).described()
        variance = stein_trial(pop.log_variance, days).described()
        for name, seen in (("cmax", seen_cmax), ("auc", seen_auc)):
            assert sd[name].geometric_cv < variance[name].geometric_cv < seen
    # 60 patients, observed from 5.7 to 27.8 days: the true peaks of 500 such groups.
    low, high = ledger.row("epar_kymriah2018.b2202_responders_tmax").spread
    ends = {}
    for how in (pop.log_sd, pop.log_variance):
        tmax = pop.sample(M, 500 * 60, {"tmax": pop.spread_of(M, how)["tmax"]}, seed=2).tmax
        groups = tmax.reshape(500, 60)
        ends[how] = np.median(groups.min(axis=1)), np.median(groups.max(axis=1))
    wide, narrow = ends[pop.log_variance], ends[pop.log_sd]
    assert wide[0] < narrow[0] < low
    assert abs(np.log(narrow[1] / high)) < abs(np.log(wide[1] / high))


def test_only_cmax_moves_the_spread_of_cmax():
    """Parameter by parameter: which spread must be wider to widen an observed one."""
    base = stein_trial(pop.log_sd).described()
    wider = pop.spread_of(M, pop.log_variance)
    for name, spread in wider.items():
        moved = stein_trial(pop.log_sd, spread={name: spread}).described()
        change = moved["cmax"].geometric_cv - base["cmax"].geometric_cv
        assert (change > 0.15) == (name == "cmax"), name


def test_a_half_life_of_weeks_from_one_of_217_days():
    """Data cut off while follow-up is short for many: the label's half-life and its spread."""
    seen = ledger.row("epar_kymriah2018.pool_responders_half_life")
    least, further = (
        ledger.value(f"cart_sampling.{name}")
        for name in ("least_follow_up", "mean_further_follow_up")
    )
    cut_off = least + np.random.default_rng(1).exponential(further, 800)
    everyone = stein_trial(pop.log_sd, "sparse_days").described()["half_life"]
    some = stein_trial(pop.log_sd, "sparse_days", follow_up=cut_off).described()["half_life"]
    assert everyone.geometric_mean > 2 * seen.value
    assert some.geometric_mean == pytest.approx(seen.value, rel=0.15)
    assert some.geometric_cv == pytest.approx(seen.spread, rel=0.15)
    assert some.n / some.of == pytest.approx(65 / 80, abs=0.06)


@pytest.mark.parametrize("bad", [{"n": 0}, {"times": [5, 3]}, {"times": [-1, 3]}, {"times": []},
                                 {"seed": "x"}, {"lloq": -1}, {"output": "cells"},
                                 {"spread": {"cmax": 0.65}}])  # fmt: skip
def test_a_trial_refuses_nonsense(bad):
    with pytest.raises(LearnerError):
        simulated(**bad)


def test_a_patient_without_a_course_is_named():
    model = dataclasses.replace(
        share_model(), rhs=lambda t, y, p, phase: (np.where(p.rate > 0.1, np.nan, -1) * y[0],)
    )
    spread = {"rate": pop.log_sd(0.5)}
    with pytest.warns(RuntimeWarning), pytest.raises(LearnerError, match="finite course"):
        pop.trial(model, 6, spread, [1, 2], residual_log_sd=0, lloq=None, seed=1)


def test_a_spread_survives_the_way_to_another_process():
    assert pickle.loads(pickle.dumps(pop.cv(0.5))) == pop.cv(0.5)


# --- parameters that were not checked -------------------------------------------------------------

DAYS_28 = [0.0, 7, 28]


def unchecked(**changes):
    """Parameters of 30 patients, put together past ``parameters_with``."""
    p = pop.sample(M, 30, {"cmax": pop.log_sd(0.5), "tmax": pop.log_sd(0.3)}, seed=1)
    return Parameters(M, {**p.as_dict(), **changes})


WRONG = {
    "nan": (np.where(np.arange(30) == 17, np.nan, 1e4), "cmax = nan for patient 17"),
    "negative": (np.where(np.arange(30) == 17, -1e4, 1e4), "cmax = -10000 for patient 17"),
    "other lengths": (np.full(5, 1e4), "different lengths"),
    "no patients": (np.array([]), r"shape \(0,\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_unchecked_parameters_are_named_where_no_status_could(case):
    values, words = WRONG[case]
    p = unchecked(cmax=values)
    for use in (
        lambda: pop.courses(M, p, DAYS_28, course=stein2019.closed_form),
        lambda: pop.run(M, p, DAYS_28, lambda r: r["transgene"][:, -1]),
        lambda: pop.sample(M, 30, {"contraction_rate": pop.cv(0.2)}, seed=1, base=p),
        lambda: pop.occasions(p, {"contraction_rate": pop.cv(0.2)}, 2, seed=1),
    ):
        with pytest.raises(LearnerError, match=f"{words}|different lengths|zero patients"):
            use()


@pytest.mark.parametrize("method", [None, "LSODA", "Rodas5P"])
def test_a_solver_names_the_patient_with_nan_and_refuses_lengths(method):
    whole = solve(M, unchecked(), DAYS_28, method=method)
    with pytest.warns(RuntimeWarning, match="1 of 30 patients failed. Patient 17"):
        course = solve(M, unchecked(cmax=np.where(
            np.arange(30) == 17, np.nan, unchecked().cmax)), DAYS_28, method=method)  # fmt: skip
    others = np.arange(30) != 17
    assert course.failed == (17,) and np.isnan(course["transgene"][17]).all()
    assert np.array_equal(course["transgene"][others], whole["transgene"][others])
    for values, words in ((np.full(5, 1e4), "different lengths"), (np.array([]), "length")):
        with pytest.raises(LearnerError, match=words):
            solve(M, unchecked(cmax=values), DAYS_28, method=method)
    nobody = Parameters(M, {**M.parameters_with().as_dict(), "cmax": np.array([])})
    with pytest.raises(LearnerError, match="zero patients"):
        solve(M, nobody, DAYS_28, method=method)


def test_closed_forms_take_rising_times_and_their_own_model():
    p = unchecked()
    with pytest.raises(LearnerError, match="rise"):
        pop.courses(M, p, [7, 3], course=stein2019.closed_form)
    with pytest.raises(LearnerError, match="parameters of"):
        pop.courses(M, p.as_dict(), DAYS_28, course=stein2019.closed_form)


@pytest.mark.parametrize("seed", [1.5, "1", None, -1, True, [1]])
def test_every_draw_asks_for_a_whole_seed(seed):
    values = np.ones((3, 3))
    p = unchecked()
    for draw in (
        lambda: pop.sample(M, 3, {"cmax": pop.cv(1)}, seed=seed),
        lambda: pop.occasions(p, {"cmax": pop.cv(1)}, 2, seed=seed),
        lambda: pop.covariates(3, {"weight": pop.normal(70, 5)}, seed=seed),
        lambda: pop.observe(values, residual_log_sd=1, lloq=None, seed=seed),
        lambda: pop.observe(values, residual_log_sd=1, lloq=None, seed=seed, numbers=[0, 1, 2]),
        lambda: pop.dropout(DAYS_28, values, lambda v, t: 0.1, seed=seed),
        lambda: pop.trial(
            M, 3, {"cmax": pop.cv(1)}, DAYS_28, residual_log_sd=0.5, lloq=None, seed=seed
        ),
    ):
        with pytest.raises(LearnerError, match="seed = "):
            draw()

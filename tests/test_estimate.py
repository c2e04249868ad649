"""Fitting one patient: against quadrature, closed forms, known truth; and errors for bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from cgtlearn import estimate, ledger
from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.models import stein2019
from cgtlearn.models.contract import Model, Output, Parameter, State

M = stein2019.model
CLOSED = stein2019.closed_form
DAYS = np.array([0.01, 1, 2, 4, 7, 9, 11, 14, 17, 21, 28, 42, 56, 84, 120, 180, 270, 365])
SIX = ("fold_expansion", "tmax", "cmax", "contraction_rate", "persistent_fraction",
       "persistence_rate")  # fmt: skip


def decay(t, p):
    return p.start * np.exp(-p.rate * t)


def noisy_decay(seed, n=12, sd=0.3):
    t = np.linspace(0, 11, n)
    return t, pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=sd, lloq=None, seed=seed)[0]


def fit_decay(t, y, **settings):
    settings = {"start": {"start": 500, "rate": 0.1}, "starts": 2, **settings}
    return estimate.fit_one(decay, t, y, **settings)


# --- the likelihood ----------------------------------------------------------------------------


def test_log_likelihood_against_scipy_and_quadrature():
    y, f, sd, lloq = [300.0, 40.0, 7.0, 10.0], [250.0, 55.0, 11.0, 4.0], 0.56, 10.0
    ours = estimate.log_likelihood(
        y, f, residual_log_sd=sd, lloq=lloq, censored=[False, False, True, True]
    )
    by_scipy = stats.norm.logpdf(np.log(y[:2]), np.log(f[:2]), sd).sum()
    by_scipy += stats.norm.logcdf(math.log(lloq), np.log(f[2:]), sd).sum()
    assert ours == pytest.approx(by_scipy, rel=1e-12)

    def density(x, mean):  # of ln(y), written out again
        return math.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))

    brute = sum(math.log(density(math.log(a), math.log(b))) for a, b in zip(y[:2], f[:2]))  # noqa: B905
    for b in f[2:]:
        mean = math.log(b)
        area, _ = integrate.quad(density, mean - 12 * sd, math.log(lloq), args=(mean,))
        brute += math.log(area)
    assert ours == pytest.approx(brute, rel=1e-9)


@pytest.mark.parametrize("log_ratio", [-60.0, -8.0, 0.0, 8.0, 60.0])
def test_a_censored_sample_far_from_the_curve(log_ratio):
    ours = estimate.log_likelihood(
        [1.0], [math.exp(-log_ratio)], residual_log_sd=1.0, lloq=1.0, censored=[1]
    )
    assert ours == pytest.approx(stats.norm.logcdf(log_ratio), rel=1e-10, abs=1e-300)


def test_slope_of_the_censored_likelihood():
    from cgtlearn.estimate.likelihood import hazard

    z = np.array([-200.0, -31, -30.001, -29.999, -5, 0, 3, 40])
    step = 1e-3 * np.maximum(1, np.abs(z))
    slope = (stats.norm.logcdf(z + step) - stats.norm.logcdf(z - step)) / (2 * step)
    assert np.allclose(hazard(z), slope, rtol=2e-5, atol=1e-12)


@pytest.mark.parametrize(
    "bad",
    [
        {"values": [0.0, 1.0]},
        {"values": [1.0, np.nan]},
        {"values": [1.0]},
        {"predicted": [0.0, 1.0]},
        {"residual_log_sd": 0.0},
        {"censored": [1, 0]},
    ],
)
def test_likelihood_refuses_nonsense(bad):
    given = {"values": [1.0, 2.0], "predicted": [1.0, 2.0], "residual_log_sd": 0.5, **bad}
    with pytest.raises(LearnerError):
        estimate.log_likelihood(**given)


# --- linear cases with a written-out answer ----------------------------------------------------


def straight_line(t, y):
    x, z = t - t.mean(), np.log(y)
    sxx = (x**2).sum()
    slope = (x * z).sum() / sxx
    left = z - z.mean() - slope * x
    return slope, sxx, (left**2).sum(), left


def test_known_noise_gives_the_normal_interval():
    t, y = noisy_decay(1)
    slope, sxx, _, _ = straight_line(t, y)
    half = stats.norm.ppf(0.975) * 0.3 / math.sqrt(sxx)
    for method in ("profile", "hessian"):
        fit = fit_decay(t, y, residual_log_sd=0.3, intervals=method)
        value, low, high = fit.intervals["rate"]
        assert value == pytest.approx(-slope, rel=1e-6)
        if method == "profile":  # does not depend on the scale of the parameter
            assert (low, high) == pytest.approx((-slope - half, -slope + half), rel=2e-5)
        else:  # symmetric in ln(rate)
            wide = half / -slope
            assert math.log(high / value) == pytest.approx(wide, rel=1e-4)
            assert math.log(value / low) == pytest.approx(wide, rel=1e-4)


def test_unknown_noise_gives_students_interval():
    t, y = noisy_decay(2)
    n = t.size
    slope, sxx, rss, left = straight_line(t, y)
    fit = fit_decay(t, y)
    assert fit.residual_log_sd == pytest.approx(math.sqrt(rss / n), rel=1e-6)
    by_hand = stats.norm.logpdf(left, 0, math.sqrt(rss / n)).sum()
    assert fit.log_likelihood == pytest.approx(by_hand, abs=1e-8)
    error = stats.linregress(t, np.log(y)).stderr
    assert error == pytest.approx(math.sqrt(rss / (n - 2) / sxx))
    for level in (0.95, 0.5):
        half = stats.t.ppf((1 + level) / 2, n - 2) * error
        profile = fit_decay(t, y, level=level).intervals["rate"]
        assert profile[1:] == pytest.approx((-slope - half, -slope + half), rel=5e-5)
        hessian = fit_decay(t, y, level=level, intervals="hessian").intervals["rate"]
        assert math.log(hessian.high / hessian.value) == pytest.approx(half / -slope, rel=1e-4)


def test_censored_optimum_against_another_route():
    """Likelihood from scipy.stats, found by Nelder and Mead; ours by least squares."""
    t, true = np.linspace(0, 11, 12), 1000 * np.exp(-0.35 * np.linspace(0, 11, 12))
    y, below = pop.observe(true, residual_log_sd=0.4, lloq=80, seed=4)
    assert below.sum() == 4

    def minus(q):
        mean, sd = q[0] - math.exp(q[1]) * t, math.exp(q[2])
        seen = stats.norm.logpdf(np.log(y), mean, sd)
        return -np.where(below, stats.norm.logcdf(math.log(80), mean, sd), seen).sum()

    other = optimize.minimize(
        minus, [6, -1, -1], method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000},
    )  # fmt: skip
    fit = fit_decay(t, y, lloq=80, censored=below)
    assert fit.log_likelihood == pytest.approx(-other.fun, abs=1e-7)
    assert fit["start"] == pytest.approx(math.exp(other.x[0]), rel=1e-4)
    assert fit["rate"] == pytest.approx(math.exp(other.x[1]), rel=1e-4)
    assert fit.residual_log_sd == pytest.approx(math.exp(other.x[2]), rel=1e-4)
    # The profile, point by point, by the same other route.
    for limit in fit.intervals["rate"][1:]:
        held = optimize.minimize(
            lambda q, k=limit: minus([q[0], math.log(k), q[1]]), other.x[[0, 2]],
            method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12},
        )  # fmt: skip
        drop = held.fun - other.fun
        assert drop == pytest.approx(8 / 2 * math.log1p(stats.t.ppf(0.975, 6) ** 2 / 6), rel=1e-3)


def test_what_the_wrong_rules_do():
    """A decay that crosses the limit: without the censored samples it looks slower."""
    t = np.linspace(0, 24, 13)
    y, below = pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=0.5, lloq=20, seed=6)
    rates = {
        blq: fit_decay(t, y, lloq=20, censored=below, blq=blq, intervals="none")["rate"]
        for blq in estimate.BLQ
        if blq != "zero"
    }
    assert rates["limit"] < rates["half"] < rates["drop"] < rates["M3"]
    assert rates["M3"] == pytest.approx(0.35, rel=0.12)
    with pytest.raises(LearnerError, match="zero has none"):
        fit_decay(t, y, lloq=20, blq="zero")
    with pytest.raises(LearnerError, match="M3"):
        fit_decay(t, y, lloq=20, blq="m3")


def test_intervals_cover_the_truth_as_often_as_they_say():
    """Known noise, 200 data sets: 95 % intervals, within the exact binomial 99.9 % range."""
    t, n, hits = np.linspace(0, 11, 8), 200, 0
    for seed in range(n):
        y, below = pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=0.4, lloq=60, seed=seed)
        fit = fit_decay(
            t, y, lloq=60, censored=below, residual_log_sd=0.4, starts=1, intervals="hessian"
        )
        hits += fit.intervals["rate"].low < 0.35 < fit.intervals["rate"].high
    assert stats.binom.ppf(0.0005, n, 0.95) <= hits <= stats.binom.ppf(0.9995, n, 0.95)


# --- recovery of Stein's parameters ------------------------------------------------------------


def test_data_without_noise_give_the_parameters_back():
    truth = CLOSED(DAYS, M.parameters_with())
    start = {"cmax": 8000, "tmax": 7, "fold_expansion": 500, "contraction_rate": 0.3}
    fit = estimate.fit_one(M, DAYS, truth, course=CLOSED, start=start, starts=3)
    for name in SIX:
        assert fit[name] == pytest.approx(M.parameters[name].default, rel=1e-4)
    assert "no noise" in fit.warnings[0] and not fit.intervals
    assert fit.curve([5, 50]) == pytest.approx(CLOSED(np.array([5.0, 50]), M.parameters_with()))


def in_half_lives(t, p):
    """Stein's curve written in the three times that the paper reports."""
    changed = {
        "tmax": p.tmax,
        "cmax": p.cmax,
        "fold_expansion": 2 ** (p.tmax / p.doubling_time),
        "contraction_rate": math.log(2) / p.initial_half_life,
        "persistent_fraction": p.persistent_fraction,
        "persistence_rate": math.log(2) / p.terminal_half_life,
    }
    never = {"tocilizumab_time": math.inf, "steroid_time": math.inf}
    drugs = {"tocilizumab_factor": 1.0, "steroid_factor": 1.0}
    return CLOSED(t, type("P", (), {**changed, **never, **drugs}))


@pytest.mark.parametrize("seed", [1, 2])
def test_sampled_censored_data_give_the_reported_times_back(seed):
    """One simulated patient, sampled for two years, with half the residual SD of the ledger."""
    days = np.concatenate([DAYS, [450, 540, 630, 730]])
    truth = CLOSED(days, M.parameters_with())
    sd = ledger.value("stein2019.residual_sd") / 2  # four replicates of each sample
    y, below = pop.observe(truth, residual_log_sd=sd, lloq=50, seed=seed)
    assert below.sum() >= 3
    fit = estimate.fit_one(
        in_half_lives, days, y, lloq=50, censored=below,
        start={"tmax": 10, "cmax": 2e4, "doubling_time": 1, "initial_half_life": 5,
               "persistent_fraction": 0.01, "terminal_half_life": 150},
        domain={"doubling_time": (0.1, 10), "tmax": (1, 60), "terminal_half_life": (1, 1e4),
                "persistent_fraction": (1e-6, 0.5), "initial_half_life": (0.1, 100)},
        starts=3,
    )  # fmt: skip
    for name in ("doubling_time", "initial_half_life", "terminal_half_life"):
        published = ledger.value(f"stein2019.reported_{name}")
        value, low, high = fit.intervals[name]
        assert low < published < high, name
        assert low > published / 3 and high < published * 3, name  # and they say something
    # The same through the model: another parameterisation, the same optimum.
    again = estimate.fit_one(M, days, y, lloq=50, censored=below, course=CLOSED, intervals="none")
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=0.02)
    doubling = again.derived(lambda p: math.log(2) * p.tmax / math.log(p.fold_expansion))
    assert doubling.value == pytest.approx(fit["doubling_time"], rel=0.01)
    assert math.log(doubling.high / doubling.low) == pytest.approx(
        math.log(fit.intervals["doubling_time"].high / fit.intervals["doubling_time"].low), rel=0.35
    )


def test_delta_method_of_a_parameter_is_its_own_interval():
    t, y = noisy_decay(3)
    fit = fit_decay(t, y, intervals="hessian")
    assert tuple(fit.derived(lambda p: p.rate)) == pytest.approx(
        tuple(fit.intervals["rate"]), rel=1e-6
    )
    half_life = fit.derived(lambda p: math.log(2) / p.rate)
    assert half_life.low == pytest.approx(math.log(2) / fit.intervals["rate"].high, rel=1e-6)
    difference = fit.derived(lambda p: p.rate - 1)  # negative: on its own scale
    half = (fit.intervals["rate"].value) * math.log(
        fit.intervals["rate"].high / fit.intervals["rate"].value
    )
    assert difference.high - difference.value == pytest.approx(half, rel=1e-5)


# --- models through the solver -----------------------------------------------------------------


def test_differential_equations_and_closed_form_give_the_same_fit():
    model = Model(
        name="decay",
        title="One compartment",
        states={"x": State("copies/ug", "transgene")},
        parameters={
            "start": Parameter(500, "copies/ug", (1, 1e6), "log", "level at time 0"),
            "rate": Parameter(0.1, "1/day", (1e-3, 10), "log", "rate of loss"),
            "share": Parameter(0.5, "1", (0, 1), "logit", "has no effect"),
        },
        observed={"x": Output("copies/ug", "transgene")},
        rhs=lambda t, y, p, phase: (-p.rate * y[0],),
        initial=lambda p: (p.start,),
        outputs=lambda t, y, p, phase: {"x": y[0]},
        time_unit="day",
        window=20,
    )
    t, y = noisy_decay(5, n=8)
    solved = estimate.fit_one(model, t, y, intervals="hessian", starts=1)
    written = fit_decay(t, y, intervals="hessian")
    assert list(solved.estimates) == ["start", "rate"]  # share does not change the curve
    for name in ("start", "rate"):
        assert tuple(solved.intervals[name]) == pytest.approx(
            tuple(written.intervals[name]), rel=1e-4
        )
    assert solved.units == {"start": "copies/ug", "rate": "1/day"}
    assert solved.curve([0.0, 4.0]) == pytest.approx(written.curve([0, 4]), rel=1e-4)


def test_a_share_is_fitted_on_the_logit_scale():
    model = Model(
        name="mix",
        title="Two phases",
        states={"x": State("1", "level")},
        parameters={"share": Parameter(0.5, "1", (0, 1), "logit", "share of the slow phase")},
        observed={"x": Output("1", "level")},
        rhs=lambda t, y, p, phase: (0 * y[0],),
        initial=lambda p: (p.share,),
        outputs=lambda t, y, p, phase: {"x": y[0] + 0 * t},
        time_unit="day",
        window=20,
    )
    t = np.linspace(0, 20, 9)

    def course(t, p):
        return (1 - p.share) * np.exp(-t) + p.share * np.exp(-0.1 * t)

    y, _ = pop.observe(0.1 * np.exp(-0.1 * t) + 0.9 * np.exp(-t), residual_log_sd=0.1, lloq=None,
                       seed=1)  # fmt: skip
    fit = estimate.fit_one(model, t, y, course=course)
    value, low, high = fit.intervals["share"]
    assert 0 < low < 0.1 < high < 0.2 and low < value < high


# --- what must be read with care ---------------------------------------------------------------


def test_starts_that_disagree_are_told():
    def waves(t, p):
        return 2 + np.sin(p.frequency * t)

    t = np.linspace(0, 20, 40)
    y, _ = pop.observe(2 + np.sin(1.7 * t), residual_log_sd=0.05, lloq=None, seed=1)
    lost = estimate.fit_one(waves, t, y, start={"frequency": 0.9}, starts=4, intervals="none")
    assert any("disagree" in w for w in lost.warnings) and not lost.ok
    assert sum(s.reached for s in lost.starts) == 1
    found = estimate.fit_one(waves, t, y, start={"frequency": 1.68}, starts=1, intervals="none")
    assert found["frequency"] == pytest.approx(1.7, rel=0.01)
    assert found.log_likelihood > min(s.log_likelihood for s in lost.starts) + 10


def test_parameters_that_the_samples_do_not_tell():
    def product(t, p):
        return p.a * p.b * np.exp(-p.rate * t)

    t, y = noisy_decay(1)
    fit = estimate.fit_one(product, t, y, start={"a": 10, "b": 100, "rate": 0.3}, starts=4)
    for name in ("a", "b"):
        assert fit.intervals[name].low == 0 and math.isinf(fit.intervals[name].high)
        assert "no lower limit – no upper limit" in str(fit.intervals[name])
        assert any(w.startswith(f"{name}: starts that fit equally well") for w in fit.warnings)
        assert any(w.startswith(f"{name}: no upper limit") for w in fit.warnings)
    alone = fit_decay(t, y).intervals["rate"]
    # The rate is told all the same; one more parameter costs one degree of freedom.
    assert fit["rate"] == pytest.approx(alone.value, rel=1e-4)
    assert tuple(fit.intervals["rate"]) == pytest.approx(tuple(alone), rel=0.03)
    by_hessian = estimate.fit_one(
        product, t, y, start={"a": 10, "b": 100, "rate": 0.3}, starts=1, intervals="hessian"
    )
    assert any("flat in some direction" in w for w in by_hessian.warnings)
    assert "–" in by_hessian.summary()


def test_a_parameter_at_the_edge_of_its_domain():
    t, y = noisy_decay(1)
    fit = fit_decay(t, y, domain={"rate": (0.01, 0.2)})
    assert fit["rate"] == pytest.approx(0.2, rel=1e-3)
    assert any("upper edge of its domain, 0.2" in w for w in fit.warnings)
    assert any(w.startswith("rate: no upper limit") for w in fit.warnings)


def test_a_short_follow_up_leaves_the_terminal_phase_open():
    """28 days of samples do not hold a half-life of 220 days."""
    t = DAYS[DAYS <= 28]
    y, below = pop.observe(CLOSED(t, M.parameters_with()), residual_log_sd=0.3, lloq=50, seed=2)
    fit = estimate.fit_one(
        M, t, y, lloq=50, censored=below, course=CLOSED, residual_log_sd=0.3, starts=3
    )
    assert any(w.startswith("persistence_rate: no lower limit") for w in fit.warnings)
    assert fit.intervals["persistence_rate"].low == 0
    assert fit.intervals["cmax"].low < 24000 < fit.intervals["cmax"].high


# --- the result --------------------------------------------------------------------------------


def test_summary_is_stable_text():
    t = np.linspace(0, 11, 12)
    y, below = pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=0.3, lloq=80, seed=1)
    fit = fit_decay(t, y, lloq=80, censored=below)
    assert str(fit) == fit.summary() == fit_decay(t, y, lloq=80, censored=below).summary()
    assert fit.summary() == SUMMARY
    assert repr(fit) == "Fit of decay: start=1070, rate=0.393 (converged)"
    assert fit.ok and fit.n == 12 and fit.n_censored == below.sum()
    with pytest.raises(LearnerError, match="did you mean 'rate'"):
        fit["rates"]
    with pytest.raises(LearnerError, match="level"):
        fit.derived(lambda p: p.rate, level=95)


SUMMARY = """\
Fit of decay to 12 samples, 5 of them below 80 (M3)

parameter  estimate  95 % interval (profile)  unit
start          1070  671 – 1840               –
rate          0.393  0.29 – 0.539             –

residual SD of ln(value): 0.258 (estimated)
log-likelihood: -0.97; 2 of 2 starts ended there; converged"""


def test_fixed_start_and_free():
    truth = CLOSED(DAYS, M.parameters_with())
    y, below = pop.observe(truth, residual_log_sd=0.3, lloq=50, seed=3)
    given = {"lloq": 50, "censored": below, "course": CLOSED, "intervals": "none", "starts": 2}
    two = estimate.fit_one(M, DAYS, y, free=["cmax", "tmax"], **given)
    assert list(two.estimates) == ["tmax", "cmax"] or list(two.estimates) == ["cmax", "tmax"]
    assert two.held["contraction_rate"] == 0.16
    held = estimate.fit_one(M, DAYS, y, fixed={"persistence_rate": 0.005}, **given)
    assert held.held["persistence_rate"] == 0.005 and "persistence_rate" not in held.estimates
    assert "steroid_factor" in held.held  # no steroid was given: it changes nothing
    for bad, words in (
        ({"free": ["c_max"]}, "cmax"),
        ({"free": "cmax"}, "list"),
        ({"free": []}, "at least one"),
        ({"free": ["cmax", "cmax"]}, "once"),
        ({"free": ["cmax"], "fixed": {"cmax": 3e4}}, "each parameter in one"),
        ({"start": {"cmax": 2e4}, "fixed": {"cmax": 3e4}}, "each parameter in one"),
        ({"fixed": {"cmaxx": 3}}, "cmax"),
        ({"start": {"cmax": -3}}, "value from"),
        ({"start": {"cmax": [3e3, 4e3]}}, "one patient"),
        ({"free": ["steroid_time"]}, "finite number to start"),
        ({"domain": {"cmax": (1, 2)}}, "leave domain out"),
        ({"output": "cells"}, "transgene"),
    ):
        with pytest.raises(LearnerError, match=words):
            estimate.fit_one(M, DAYS, y, **{**given, **bad})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": [3.0], "values": [5.0]}, "at least two samples"),
        ({"times": [0.0, 1.0], "values": [5.0, 3.0]}, "more than 2 measured"),
        ({"values": [1.0, np.nan, 2.0, 3.0]}, "finite"),
        ({"values": [1.0, 0.0, 2.0, 3.0]}, "lloq"),
        ({"values": [1.0, -1.0, 2.0, 3.0]}, "lloq"),
        ({"times": [0.0, 1.0, 1.0, 2.0]}, "every time once"),
        ({"times": [0.0, 2.0, 1.0, 3.0]}, "rise"),
        ({"values": [1.0, 2.0, 3.0]}, "as many"),
        ({"lloq": 1e6}, "all of them below"),
        ({"lloq": 1e3, "censored": [1, 1, 1, 1]}, "all of them below"),
        ({"censored": [0, 0, 0, 1]}, "lloq"),
        ({"lloq": -1.0}, "above"),
        ({"lloq": 5.0, "censored": [0, 1]}, "one flag for each"),
        ({"residual_log_sd": 0.0}, "above 0"),
        ({"intervals": "bootstrap"}, "profile"),
        ({"level": 95}, "level"),
        ({"starts": 0}, "one or more"),
        ({"seed": 1.5}, "seed"),
        ({"start": None}, "first guess"),
        ({"start": {"start": -1, "rate": 1}}, "above 0"),
        ({"start": {"start": 1, "rate": 1}, "domain": {"rate": (2, 3)}}, "within 2 to 3"),
        ({"domain": {"rate": (3, 2)}}, "lower one first"),
        ({"domain": {"speed": (1, 2)}}, "speed"),
        ({"course": decay}, "only with a model"),
        ({"values": ["many", 1, 2, 3]}, "numbers"),
    ],
)
def test_bad_input_is_told(change, words):
    given = {
        "times": [0.0, 1.0, 2.0, 3.0],
        "values": [900.0, 500.0, 310.0, 190.0],
        "start": {"start": 500, "rate": 0.1},
        **change,
    }
    times, values = given.pop("times"), given.pop("values")
    with pytest.raises(LearnerError, match=words):
        estimate.fit_one(decay, times, values, **given)


def test_mistakes_in_a_function_of_ones_own_show_themselves():
    t, y = [0.0, 1, 2, 3], [9.0, 5, 3, 2]
    with pytest.raises(AttributeError, match="speed"):
        estimate.fit_one(lambda t, p: p.speed * t, t, y, start={"rate": 1})
    with pytest.raises(LearnerError, match=r"shape \(\)"):
        estimate.fit_one(lambda t, p: p.rate, t, y, start={"rate": 1})
    with pytest.raises(LearnerError, match="not finite"):
        estimate.fit_one(lambda t, p: p.rate / np.array(t) ** 0 * np.nan, t, y, start={"rate": 1})
    with pytest.raises(LearnerError, match="without calling it"):
        estimate.fit_one(3.0, t, y)
    with pytest.raises(LearnerError, match="from 0 on"):
        estimate.fit_one(M, [-1.0, 1, 2, 3], y, course=CLOSED)


# --- other errors, weights, rules --------------------------------------------------------------


def wide_decay(seed, sd=8.0, n=14):
    """A decay with additive noise, all of it above zero."""
    t = np.linspace(0, 9, n)
    noise = np.random.default_rng(seed).normal(0, sd, n)
    return t, np.maximum(1000 * np.exp(-0.35 * t) + noise, 1.0)


def two(t, start, rate):
    return start * np.exp(-rate * t)


@pytest.mark.parametrize("weights", [None, "1/y", "1/y2", "given"])
def test_least_squares_against_scipy(weights):
    t, y = wide_decay(1)
    w = {None: np.ones(t.size), "1/y": 1 / y, "1/y2": 1 / y**2, "given": 1 / (1 + t)}[weights]
    other, cov = optimize.curve_fit(two, t, y, [500, 0.1], sigma=1 / np.sqrt(w), xtol=1e-12)
    given = w if weights == "given" else weights
    fit = estimate.least_squares(
        decay, t, y, start={"start": 500, "rate": 0.1}, weights=given, intervals="hessian"
    )
    assert [fit["start"], fit["rate"]] == pytest.approx(list(other), rel=1e-6)
    # The same first-order error, here in ln(parameter); scipy leaves out the second derivatives.
    errors = [row["standard_error"] * row["estimate"] for row in fit.table()]
    assert errors == pytest.approx(np.sqrt(np.diag(cov)), rel=0.05)
    with pytest.raises(LearnerError, match="squares alone"):
        estimate.least_squares(decay, t, y, error="log", start={"start": 500, "rate": 0.1})


def test_log_least_squares_is_a_straight_line():
    t, y = noisy_decay(4)
    slope, *_ = straight_line(t, y)
    fit = estimate.least_squares(decay, t, y, logs=True, start={"start": 500, "rate": 0.1})
    assert fit["rate"] == pytest.approx(-slope, rel=1e-6)


@pytest.mark.parametrize("error", ["additive", "proportional"])
@pytest.mark.parametrize("known", [True, False])
def test_other_errors_against_another_route(error, known):
    """Censored likelihood from scipy.stats, found by Nelder and Mead."""
    t = np.linspace(0, 12, 13)
    rng = np.random.default_rng(8)
    true = 1000 * np.exp(-0.35 * t)
    sd = 30 + 0 * t if error == "additive" else 0.2 * true
    y = true + sd * rng.standard_normal(t.size)
    lloq = 60.0
    below = y < lloq
    assert 2 <= below.sum() <= 6
    given = 30.0 if error == "additive" else 0.2

    def minus(q):
        f = math.exp(q[0]) * np.exp(-math.exp(q[1]) * t)
        one = given if known else math.exp(q[2])
        s = one + 0 * t if error == "additive" else one * f
        parts = np.where(below, stats.norm.logcdf(lloq, f, s), stats.norm.logpdf(y, f, s))
        return -parts.sum()

    first = [6.5, -1, math.log(given)][: 2 if known else 3]
    other = optimize.minimize(
        minus, first, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 6000}
    )
    fit = fit_decay(
        t, np.where(below, lloq, y), censored=below, lloq=lloq, error=error,
        residual_sd=given if known else None,
    )  # fmt: skip
    assert fit.log_likelihood == pytest.approx(-other.fun, abs=1e-6)
    assert fit["rate"] == pytest.approx(math.exp(other.x[1]), rel=2e-4)
    assert fit.residual_sd == pytest.approx(given if known else math.exp(other.x[2]), rel=2e-4)
    by_function = estimate.log_likelihood(
        np.where(below, lloq, y), fit.curve(t), error=error, residual_sd=fit.residual_sd,
        lloq=lloq, censored=below,
    )  # fmt: skip
    assert by_function == pytest.approx(fit.log_likelihood, abs=1e-9)
    low, high = fit.intervals["rate"][1:]
    if known:  # the drop of a profile, by the other route
        for limit in (low, high):
            held = optimize.minimize(
                lambda q, k=limit: minus([q[0], math.log(k)]), [other.x[0]], method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-11},
            )  # fmt: skip
            assert held.fun - other.fun == pytest.approx(stats.norm.ppf(0.975) ** 2 / 2, rel=1e-3)
    with pytest.raises(LearnerError, match="log-normal"):
        _ = fit.residual_log_sd


@pytest.mark.parametrize("error", estimate.ERRORS)
def test_information_is_the_mean_square_of_the_slope(error):
    """Over what a sample may read, censored or not: by quadrature."""
    from cgtlearn.estimate.likelihood import prepared

    f, sd, lloq = 2.0, 0.6, 1.5
    g = math.log(f) if error == "log" else f
    limit = math.log(lloq) if error == "log" else lloq
    s = sd * f if error == "proportional" else sd

    def slope(y, censored):
        y = math.exp(y) if error == "log" else max(y, 1e-12)
        samples = prepared([lloq if censored else max(y, lloq)], lloq, [censored], error)
        return samples.slopes(np.array([g]), sd)[0][0]

    def squared(y):
        return slope(y, False) ** 2 * stats.norm.pdf(y, g, s)

    area, _ = integrate.quad(squared, limit, g + 10 * s, epsabs=1e-10)
    area += slope(limit, True) ** 2 * stats.norm.cdf(limit, g, s)
    samples = prepared([f], lloq, [False], error)
    ours = samples.information(np.array([g]), sd)[0]
    if error == "proportional":  # the censored part of what the SD tells is left out of the formula
        assert ours == pytest.approx(area, rel=0.25)
    else:
        assert ours == pytest.approx(area, rel=1e-6)


def test_aic_prefers_the_error_that_made_the_data():
    t = np.linspace(0, 9, 40)
    rng = np.random.default_rng(5)
    f = 1000 * np.exp(-0.5 * t)
    made = {"log": f * np.exp(0.3 * rng.standard_normal(40)),
            "additive": np.abs(f + 15 * rng.standard_normal(40)) + 1e-3}  # fmt: skip
    for name, y in made.items():
        aic = {e: fit_decay(t, y, error=e, intervals="none").aic for e in ("log", "additive")}
        assert min(aic, key=aic.get) == name and abs(aic["log"] - aic["additive"]) > 10
    # The criterion of ln(y), turned into that of y by hand.
    fit = fit_decay(t, made["log"], intervals="none")
    density = stats.lognorm(fit.residual_sd, scale=fit.curve(t)).logpdf(made["log"]).sum()
    assert fit.aic == pytest.approx(2 * 3 - 2 * density)


def test_zero_for_a_censored_sample_goes_with_additive_error_only():
    t = np.linspace(0, 24, 13)
    y, below = pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=0.3, lloq=20, seed=6)
    fit = fit_decay(t, y, lloq=20, censored=below, blq="M7", error="additive", intervals="none")
    assert fit.blq == "zero" and fit.n_censored == below.sum()
    other, _ = optimize.curve_fit(two, t, np.where(below, 0, y), [500, 0.3], xtol=1e-12)
    assert fit["rate"] == pytest.approx(other[1], rel=1e-5)
    same = fit_decay(t, y, lloq=20, censored=below, blq="M1", intervals="none")
    assert same["rate"] == fit_decay(t, y, lloq=20, censored=below, blq="drop")["rate"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"error": "lognormal"}, "log"),
        ({"error": "additive", "residual_log_sd": 0.3}, "unit of the values"),
        ({"residual_sd": 0.3}, "residual_log_sd"),
        ({"error": "proportional", "residual_log_sd": 0.3}, "share of the curve"),
        ({"weights": "1/y"}, "only with additive"),
        ({"error": "additive", "weights": "1/z"}, "1/y"),
        ({"error": "additive", "weights": [1, 2]}, "as many"),
        ({"error": "additive", "weights": [1, 2, 0, 1]}, "above zero"),
        ({"error": "proportional", "values": [1.0, -1.0, 2.0, 3.0]}, "share of a curve"),
        ({"bends": ["tmax"]}, "tmax"),
    ],
)
def test_bad_error_is_told(change, words):
    given = {
        "times": [0.0, 1.0, 2.0, 3.0],
        "values": [900.0, 500.0, 310.0, 190.0],
        "start": {"start": 500, "rate": 0.1},
        **change,
    }
    times, values = given.pop("times"), given.pop("values")
    with pytest.raises(LearnerError, match=words):
        estimate.fit_one(decay, times, values, **given)


def test_values_at_the_limit_without_a_flag_are_told():
    t, y = np.arange(1.0, 9), np.maximum(9 * np.exp(-0.4 * np.arange(1.0, 9)), 1.0)
    options = {"lloq": 1.0, "progress": False, "intervals": "none", "starts": 2}

    def falls(t, p):
        return p.a * np.exp(-p.k * t)

    start = {"a": 8.0, "k": 0.3}
    fit = estimate.fit_one(falls, t, y, start=start, **options)
    assert any("3 of 8 values equal the limit, 1," in note for note in fit.warnings)
    flagged = estimate.fit_one(falls, t, y, start=start, censored=y == 1, **options)
    assert not any("equal the limit" in note for note in flagged.warnings)
    columns = {"ID": np.repeat([1, 2], 8), "TIME": np.tile(t, 2), "DV": np.tile(y, 2)}
    with pytest.warns(UserWarning, match="6 of 16 values equal the limit"):
        estimate.Study.from_columns(columns, lloq=1.0)


def test_values_below_zero_are_told_where_they_may_stand():
    t = np.linspace(0, 12, 13)
    y = 100 * np.exp(-0.5 * t) + np.where(t > 9, -3.0, 2.0)
    fit = fit_decay(t, y, error="additive", intervals="none", start={"start": 80, "rate": 0.4})
    assert any("below zero" in w for w in fit.warnings)


# --- a peak that falls on a sampling day -------------------------------------------------------


@pytest.mark.parametrize("known", [0.3, None])
def test_a_peak_on_a_sampling_day_does_not_stall_the_fit(known):
    """The likelihood has a kink there: all starts must find it, and no grid point beats it."""
    p = M.parameters_with(tmax=9.0)
    y, below = pop.observe(CLOSED(DAYS, p), residual_log_sd=0.3, lloq=50, seed=1)
    given = {"lloq": 50, "censored": below, "course": CLOSED, "residual_log_sd": known}
    fit = estimate.fit_one(M, DAYS, y, **given, intervals="none")
    assert fit["tmax"] == pytest.approx(9, abs=1e-6)
    assert not any("disagree" in w for w in fit.warnings)
    assert all(s.reached for s in fit.starts)
    for tmax in (8.2, 8.9, 8.99, 8.999, 9.001, 9.01, 9.1, 9.7):
        held = estimate.fit_one(
            M, DAYS, y, **given, fixed={"tmax": tmax}, intervals="none", starts=3
        )
        assert held.log_likelihood < fit.log_likelihood


def test_a_far_peak_is_found_from_the_gaps():
    """Both starts far on the wrong side of the data."""
    y, below = pop.observe(CLOSED(DAYS, M.parameters_with()), residual_log_sd=0.2, lloq=50, seed=3)
    given = {"lloq": 50, "censored": below, "course": CLOSED, "intervals": "none"}
    far = estimate.fit_one(M, DAYS, y, **given, start={"tmax": 40.0}, starts=2)
    near = estimate.fit_one(M, DAYS, y, **given)
    assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=0.01)


def test_a_bend_of_a_function_of_ones_own():
    def peak(t, p):
        return np.exp(np.log(p.top) - p.slope * np.abs(t - p.day))

    t = np.array([1.0, 3, 5, 7, 9, 11, 13])
    noise = np.random.default_rng(3).normal(0, 0.2, t.size)
    y = 1000 * np.exp(-0.7 * np.abs(t - 7)) * np.exp(noise)
    start = {"top": 500, "slope": 0.4, "day": 5.5}
    plain = estimate.fit_one(peak, t, y, start=start, intervals="none")
    told = estimate.fit_one(peak, t, y, start=start, intervals="none", bends=["day"])
    assert told.log_likelihood >= plain.log_likelihood - 1e-9
    assert all(s.reached for s in told.starts)


# --- bootstrap ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parametric", "residual"])
def test_bootstrap_of_a_straight_line(kind):
    """The SD of its draws is the standard error of the line, but for its own Monte-Carlo error."""
    t, y = noisy_decay(2, n=16)
    fit = fit_decay(t, y, intervals="none")
    error = stats.linregress(t, np.log(y)).stderr
    found = estimate.bootstrap(fit, 600, kind=kind)
    sd = found["rate"].std(ddof=1)
    allowed = 4 / math.sqrt(2 * 600)
    assert abs(math.log(sd / error)) < allowed
    assert found["rate"].mean() == pytest.approx(fit["rate"], abs=4 * error / math.sqrt(600))
    value, low, high = found.intervals["rate"]
    assert (low, high) == pytest.approx(
        (value - 1.96 * error, value + 1.96 * error), abs=0.25 * error
    )
    again = estimate.bootstrap(fit, 50, kind=kind)
    assert (again["rate"] == found["rate"][:50]).all()  # each repetition has its own numbers
    assert (estimate.bootstrap(fit, 50, kind=kind, seed=1)["rate"] != again["rate"]).all()


def test_bootstrap_censors_as_the_assay_does():
    t = np.linspace(0, 11, 12)
    y, below = pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=0.3, lloq=80, seed=1)
    fit = fit_decay(t, y, lloq=80, censored=below)
    found = estimate.bootstrap(fit, 300)
    low, middle, high = found.band(t)
    assert (low < fit.curve(t)).all() and (fit.curve(t) < high).all() and (low < middle).all()
    profile, refits = fit.intervals["rate"], found.intervals["rate"]
    width = math.log(refits.high / refits.low) / math.log(profile.high / profile.low)
    assert 0.6 < width < 1.3
    # With LLOQ/2 put in, each refit does the same, and is as wrong.
    wrong = fit_decay(t, y, lloq=80, censored=below, blq="half", intervals="none")
    assert np.median(estimate.bootstrap(wrong, 60)["rate"]) == pytest.approx(
        wrong["rate"], rel=0.15
    )
    assert "300 of 300 refits" in found.summary()


def test_bad_bootstrap_is_told():
    t, y = noisy_decay(1)
    fit = fit_decay(t, y, intervals="none")
    for call, words in (
        (lambda: estimate.bootstrap(fit, 5), "20 or more"),
        (lambda: estimate.bootstrap(fit, kind="case"), "residual"),
        (lambda: estimate.bootstrap(y), "fit_one"),
        (lambda: estimate.bootstrap(fit_decay(t, 1000 * np.exp(-0.3 * t))), "every sample"),
    ):
        with pytest.raises(LearnerError, match=words):
            call()


def test_a_bootstrap_that_is_interrupted_keeps_what_it_has(monkeypatch):
    t, y = noisy_decay(1)
    fit = fit_decay(t, y, intervals="none")
    from cgtlearn.estimate.problem import Problem

    whole, calls = Problem.maximise, []

    def impatient(self, u, hold=None):
        calls.append(1)
        if len(calls) == 41:
            raise KeyboardInterrupt
        return whole(self, u, hold)

    monkeypatch.setattr(Problem, "maximise", impatient)
    found = estimate.bootstrap(fit, 100)
    assert found.n == 40 and "interrupted: 40 of 100" in found.warnings[0]
    calls.clear()
    monkeypatch.setattr(
        Problem, "maximise", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        estimate.bootstrap(fit, 100)


def test_a_fit_that_is_interrupted_keeps_what_it_has(monkeypatch):
    from cgtlearn.estimate.problem import Problem

    t, y = noisy_decay(1)
    whole = Problem.maximise
    for stop, words in ((3, "2 of 6 starts and 0 intervals"), (9, "6 of 6 starts and 0 intervals")):
        calls = []

        def impatient(self, u, hold=None, stop=stop, calls=calls):
            calls.append(1)
            if len(calls) == stop:
                raise KeyboardInterrupt
            return whole(self, u, hold)

        monkeypatch.setattr(Problem, "maximise", impatient)
        fit = fit_decay(t, y, starts=6)
        monkeypatch.setattr(Problem, "maximise", whole)
        assert any(words in w for w in fit.warnings), fit.warnings
        assert fit["rate"] == pytest.approx(fit_decay(t, y)["rate"], rel=1e-5)


# --- what the samples can tell -----------------------------------------------------------------


def test_information_of_a_straight_line():
    t, y = noisy_decay(2)
    line = stats.linregress(t, np.log(y))
    found = estimate.identify(fit_decay(t, y))
    assert found.told and "All parameters are told." in found.summary()
    assert found.standard_errors["rate"] == pytest.approx(line.stderr / -line.slope, rel=1e-5)
    assert found.standard_errors["start"] == pytest.approx(line.intercept_stderr, rel=1e-5)
    x = t - t.mean()
    r = t.mean() / math.sqrt((x**2).mean() + t.mean() ** 2)
    assert abs(found.correlation[0, 1]) == pytest.approx(r, rel=1e-5)
    # Known noise and the double of every sample: errors smaller by the root of two.
    fit = fit_decay(t, y, residual_log_sd=0.3)
    one = estimate.identify(fit, np.linspace(0, 11, 12)).standard_errors["rate"]
    two_ = estimate.identify(fit, np.sort(np.r_[t, t + 1e-9])).standard_errors["rate"]
    assert one / two_ == pytest.approx(math.sqrt(2), rel=1e-5)


def test_planned_samples_below_the_limit_tell_little():
    t, y = noisy_decay(2)
    fit = fit_decay(t, y, residual_log_sd=0.3, lloq=15)
    near = estimate.identify(fit, [0.0, 4, 8]).standard_errors["rate"]
    late = estimate.identify(fit, [0.0, 4, 8, 40.0]).standard_errors["rate"]
    open_ = estimate.identify(fit_decay(t, y, residual_log_sd=0.3), [0.0, 4, 8, 40.0])
    assert late == pytest.approx(near, rel=1e-3)  # 1000 exp(-14) lies far below 15
    assert open_.standard_errors["rate"] < near / 3


def test_a_structural_failure_is_named():
    def product(t, p):
        return p.a * p.b * np.exp(-p.rate * t)

    t, y = noisy_decay(1)
    fit = estimate.fit_one(product, t, y, start={"a": 10, "b": 100, "rate": 0.3}, starts=2)
    found = estimate.identify(fit)
    assert math.isinf(found.standard_errors["a"]) and math.isinf(found.standard_errors["b"])
    line = stats.linregress(t, np.log(y))
    assert found.standard_errors["rate"] == pytest.approx(line.stderr / -line.slope, rel=0.1)
    weak = found.directions[0]
    assert math.isinf(weak.sd) and weak.weights["a"] == pytest.approx(-weak.weights["b"], abs=1e-4)
    assert any("the curve stays the same along it" in n for n in found.notes)
    assert any("how far a may lie above" in n for n in found.notes)


def test_a_practical_failure_is_named():
    """28 days do not hold a half-life of 140 days; a year does."""
    y, below = pop.observe(CLOSED(DAYS, M.parameters_with()), residual_log_sd=0.3, lloq=50, seed=3)
    fit = estimate.fit_one(M, DAYS, y, lloq=50, censored=below, course=CLOSED, intervals="none")
    assert estimate.identify(fit).told
    short = estimate.identify(fit, DAYS[DAYS <= 28])
    assert any(n.startswith("persistence_rate: a standard error") for n in short.notes)
    assert "persistence_rate" in str(short.directions[0])
    assert not any(n.startswith("tmax") for n in short.notes)


def test_profiles_cross_the_threshold_at_the_interval():
    t = np.linspace(0, 11, 12)
    y, below = pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=0.3, lloq=80, seed=1)
    fit = fit_decay(t, y, lloq=80, censored=below)
    found = estimate.profiles(fit)
    for name, (_, low, high) in fit.intervals.items():
        x, drop, others, flat = found[name]
        assert not flat and (np.diff(x) > 0).all() and drop.min() == 0
        peak = int(np.argmin(drop))
        at = np.interp(np.log([low, high]), np.log(x), drop)
        assert at == pytest.approx(found.threshold, rel=0.03)
        assert (np.diff(drop[peak:]) > 0).all() and (np.diff(drop[: peak + 1]) < 0).all()
        assert set(others) == set(fit.estimates) - {name}
    # No interval was asked for: the reach comes from the curvature.
    quick = estimate.profiles(fit_decay(t, y, lloq=80, censored=below, intervals="none"), "rate")
    assert not quick["rate"].flat
    with pytest.raises(LearnerError, match="rate"):
        estimate.profiles(fit, ["rates"])


def test_a_flat_profile_says_so():
    t = DAYS[DAYS <= 28]
    y, below = pop.observe(CLOSED(t, M.parameters_with()), residual_log_sd=0.3, lloq=50, seed=2)
    fit = estimate.fit_one(
        M, t, y, lloq=50, censored=below, course=CLOSED, residual_log_sd=0.3, starts=3
    )
    found = estimate.profiles(fit, ["persistence_rate", "cmax"])
    assert "lower" in found["persistence_rate"].flat and not found["cmax"].flat
    assert "persistence_rate: flat on the lower" in found.summary()


# --- tables, files, pictures -------------------------------------------------------------------


def test_results_go_out(tmp_path):
    import csv
    import json

    y, below = pop.observe(CLOSED(DAYS, M.parameters_with()), residual_log_sd=0.3, lloq=50, seed=3)
    fit = estimate.fit_one(M, DAYS, y, lloq=50, censored=below, course=CLOSED)
    boot, known = estimate.bootstrap(fit, 30), estimate.identify(fit)
    with open(fit.to_csv(tmp_path / "fit.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [r["parameter"] for r in rows] == list(fit.estimates)
    assert float(rows[0]["low"]) == fit.intervals[rows[0]["parameter"]].low
    told = json.loads(fit.to_json(tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert told["samples"][0]["censored"] is True and told["lloq"] == 50
    assert told["parameters"][2]["estimate"] == fit.table()[2]["estimate"]
    with open(boot.to_csv(tmp_path / "boot.csv"), encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 30
    for result in (boot, known):
        assert json.loads(result.to_json(tmp_path / "a.json").read_text(encoding="utf-8"))
    known.to_csv(tmp_path / "known.csv")
    profiles = estimate.profiles(fit, "tmax")
    profiles.to_csv(tmp_path / "profile.csv")
    told = json.loads(profiles.to_json(tmp_path / "profile.json").read_text(encoding="utf-8"))
    assert told["points"] == profiles.table() and told["threshold"] == profiles.threshold
    with pytest.raises(LearnerError, match="nothing was changed"):
        fit.to_csv(tmp_path / "no folder" / "fit.csv")


def test_pictures():
    from cgtlearn import plot

    y, below = pop.observe(CLOSED(DAYS, M.parameters_with()), residual_log_sd=0.3, lloq=50, seed=3)
    fit = estimate.fit_one(M, DAYS, y, lloq=50, censored=below, course=CLOSED)
    fig, ax = fit.plot()
    drawn = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert len(drawn["measured"]) + len(drawn["below 50"]) == DAYS.size
    plot.show(fig, caption="A fit.", alt=f"The peak is {fit['cmax']:.0f} copies/µg.")
    fig, axes = estimate.profiles(fit, ["tmax", "cmax"]).plot()
    assert len(axes) == 2
    plot.show(fig, caption="Profiles.", alt="Two parameters, both with 2 limits.")
    fig, _ = estimate.bootstrap(fit, 30).plot()
    plot.show(fig, caption="Refits.", alt="Histograms of 30 refits.")
    fig, _ = estimate.identify(fit).plot()
    plot.show(fig, caption="Correlations.", alt="A table of 6 by 6.", unitless=True)


def test_no_public_name_is_that_of_a_file():
    """Importing the file would put it in the place of the name."""
    assert not set(estimate._WHERE) & set(estimate._WHERE.values())

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

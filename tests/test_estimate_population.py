"""Population fits: data, likelihoods against brute force, other programs, bad starts, bad data."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_ndtr
from scipy.stats import norm

from cgtlearn import datasets, estimate
from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.estimate.mixed_effects.laplace import _Marginal
from cgtlearn.estimate.mixed_effects.layout import Layout
from cgtlearn.estimate.mixed_effects.mixed import Bound
from cgtlearn.models import stein2019
from tests import estimation_cases as cases

QUIET = {"progress": False}


def decay(t, p):
    return p.start * np.exp(-p.rate * t)


def decays(patients=25, seed=4, sd=0.5, lloq=12.0, error="log", noise=0.25):
    """Exponential declines from 100 whose rate differs, some samples below a limit."""
    rng = np.random.default_rng(seed)
    t = np.array([0.5, 2.0, 5.0, 9.0, 14.0])
    rate = 0.15 * np.exp(sd * rng.standard_normal((patients, 1)))
    f, z = 100 * np.exp(-rate * t), rng.standard_normal((patients, t.size))
    dv = {
        "log": f * np.exp(noise * z),
        "additive": f + 4 * z,
        "proportional": f * (1 + noise * z),
        "combined": f + np.hypot(2, noise * f) * z,
    }[error]
    return {
        "ID": np.repeat(np.arange(patients), t.size),
        "TIME": np.tile(t, patients),
        "DV": np.maximum(dv, 0.01).ravel(),
        "LLOQ": lloq,
    }


def decay_study(**how):
    return estimate.Study.from_columns(decays(**how), censor=True)


def decay_model(error="log", **more):
    return estimate.Mixed(
        decay,
        random={"rate": 0.3},
        estimated=["start"],
        start={"start": 60.0, "rate": 0.3},
        error=error,
        **more,
    )


# brute force: one integral for each patient, in plain SciPy


def joint(study, i, z, typical, sd, error, a, b):
    """ln p(y, z) of patient i's decline, whose ln(rate) is z SDs off."""
    t, y = study.times[i], study.values[i]
    f = typical["start"] * np.exp(-typical["rate"] * np.exp(sd * z) * t)
    if error == "log":
        mean, s, seen, bound = np.log(f), a, np.log(y), np.log(study.lloq[i])
    else:
        s = {"additive": a, "proportional": b * f, "combined": np.hypot(a, b * f)}[error]
        mean, seen, bound = f, y, study.lloq[i]
    below = log_ndtr((bound - mean) / s)
    measured = -((seen - mean) ** 2) / (2 * s**2) - np.log(s) - math.log(2 * math.pi) / 2
    each = np.where(study.censored[i], below, measured)
    return each.sum() - z**2 / 2 - math.log(2 * math.pi) / 2


def by_quadrature(study, typical, sd, error, a, b=0.0):
    """The log-likelihood of declines with a random effect on ln(rate)."""
    total = 0.0
    for i in range(study.size):

        def inside(z, i=i):
            return math.exp(joint(study, i, z, typical, sd, error, a, b) + 20)

        points = np.linspace(-4, 4, 17)
        total += math.log(quad(inside, -8, 8, points=points, limit=100, epsrel=1e-7)[0]) - 20
    return total


@pytest.mark.parametrize("error", ["log", "additive", "proportional", "combined"])
def test_likelihoods_are_those_of_quadrature(error):
    """M3 and one random effect: importance sampling within its noise, Laplace and FOCE near."""
    study = decay_study(error=error)
    assert 0.1 < study.below / study.samples < 0.4
    fit = estimate.saem(decay_model(error), study, seed=3, **QUIET)
    e = fit.estimates
    a = e.get("residual_log_sd", e.get("residual_sd", 0.0))
    right = by_quadrature(study, e, fit.sd["rate"], error, a, e.get("residual_cv", 0.0))
    assert fit.log_likelihood_se < 0.2
    assert fit.log_likelihood == pytest.approx(right, abs=4 * fit.log_likelihood_se + 0.01)


@pytest.mark.parametrize("error", ["log", "additive", "proportional", "combined"])
def test_laplace_is_a_normal_curve_at_the_mode(error):
    """The same number from SciPy: each patient's mode, and the curvature there by differences."""
    study = decay_study(error=error)
    fit = estimate.laplace(decay_model(error), study, starts=1, **QUIET)
    e, sd = fit.estimates, fit.sd["rate"]
    a = e.get("residual_log_sd", e.get("residual_sd", 0.0))
    total = 0.0
    for i in range(study.size):

        def inside(z, i=i):
            return joint(study, i, z, e, sd, error, a, e.get("residual_cv", 0.0))

        best = min((minimize_scalar(lambda z: -inside(z), bounds=b, method="bounded",
                                    options={"xatol": 1e-8}) for b in ((-4, 0), (-1, 4))),
                   key=lambda found: found.fun)  # fmt: skip
        z, h = best.x, 1e-3
        curvature = -(inside(z + h) - 2 * inside(z) + inside(z - h)) / h**2
        total += inside(z) + math.log(2 * math.pi) / 2 - math.log(curvature) / 2
    assert fit.log_likelihood == pytest.approx(total, abs=0.02)
    # ... and near the integral itself.
    exact = by_quadrature(study, e, sd, error, a, e.get("residual_cv", 0.0))
    assert fit.log_likelihood == pytest.approx(exact, abs=1.2)


def test_two_correlated_effects_are_those_of_quadrature():
    """Combined error, samples below the limit, two random effects: a plain grid over both."""
    rng = np.random.default_rng(11)
    times, limit = np.array([0.0, 1, 2, 4, 7, 10]), 1.5
    eta = rng.standard_normal((6, 2)) @ np.linalg.cholesky([[0.25, 0.09], [0.09, 0.16]]).T
    curve = 20 * np.exp(eta[:, :1]) * np.exp(-0.3 * np.exp(eta[:, 1:]) * times)
    y = curve + np.hypot(0.8, 0.1 * curve) * rng.standard_normal(curve.shape)
    below = y < limit
    study = estimate.Study.from_columns(
        {"ID": np.repeat(np.arange(6), 6), "TIME": np.tile(times, 6), "CENS": below.ravel(),
         "DV": np.maximum(y, limit).ravel(), "LLOQ": np.full(36, limit)},
    )  # fmt: skip

    def falls(t, p):
        return p.a * np.exp(-p.k * t)

    mixed = estimate.Mixed(
        falls, random={"a": 0.4, "k": 0.4}, start={"a": 18, "k": 0.3},
        correlated=[("a", "k")], error="combined",
    )  # fmt: skip
    found = estimate.saem(mixed, study, explore=60, smooth=40, starts=1, samples=2000, **QUIET)
    sd, rho = found.sd, found.correlation[("a", "k")]
    nodes, weights = np.polynomial.legendre.leggauss(160)
    ea, ek = np.meshgrid(6 * sd["a"] * nodes, 6 * sd["k"] * nodes, indexing="ij")
    za, zk = ea / sd["a"], ek / sd["k"]
    prior = np.exp(-(za**2 - 2 * rho * za * zk + zk**2) / (2 * (1 - rho**2)))
    prior *= 36 * np.outer(weights, weights) / (2 * np.pi * math.sqrt(1 - rho**2))
    f = found["a"] * np.exp(ea)[..., None] * np.exp(-found["k"] * np.exp(ek)[..., None] * times)
    s = np.hypot(found["residual_sd"], found["residual_cv"] * f)
    total = 0.0
    for values, flags in zip(y, below, strict=True):
        each = np.where(flags, norm.cdf(limit, f, s), norm.pdf(values, f, s))
        total += math.log((each.prod(axis=-1) * prior).sum())
    assert found.log_likelihood == pytest.approx(total, abs=4 * found.log_likelihood_se + 1e-3)
    assert found.log_likelihood_se < 0.1


def test_saem_ends_at_the_top_of_the_quadrature():
    """No step of a tenth of a standard error gains anything that matters."""
    study = decay_study(patients=15)
    fit = estimate.saem(decay_model(), study, seed=5, samples=2000, **QUIET)
    se = np.sqrt(np.diag(fit.covariance))
    x = np.array(list(fit.unknowns.values()))
    assert list(fit.unknowns) == ["ln start", "ln rate", "ln sd(rate)", "ln residual_log_sd"]

    def likelihood(x):
        return by_quadrature(
            study, {"start": math.exp(x[0]), "rate": math.exp(x[1])}, math.exp(x[2]), "log",
            math.exp(x[3]),
        )  # fmt: skip

    here = likelihood(x)
    for i in range(4):
        step = np.eye(4)[i] * se[i]
        up, down = likelihood(x + step), likelihood(x - step)
        # The parabola through three points: its top within a fifth of an SE, its width the SE.
        curvature = 2 * here - up - down
        assert abs((up - down) / (2 * curvature)) < 0.2
        # Held at the others' values a parameter is at least as well known as with them free.
        assert 1 / math.sqrt(curvature) < 1.25


def test_a_mixture_is_that_of_quadrature():
    rng = np.random.default_rng(8)
    columns = decays(patients=60, sd=0.2, seed=8, noise=0.15)
    slow = rng.random(60) < 0.3
    t = columns["TIME"].reshape(60, -1)
    rate = 0.2 * np.exp(0.2 * rng.standard_normal(60)) * np.where(slow, 0.25, 1)
    columns["DV"] = (100 * np.exp(-rate[:, None] * t + 0.15 * rng.standard_normal(t.shape))).ravel()
    study = estimate.Study.from_columns(columns, censor=True)
    groups = pop.mixture((0.5, 1, pop.log_sd(0.3)), (0.5, 0.5, pop.log_sd(0.3)))
    mixed = estimate.Mixed(
        decay, random={"rate": groups}, estimated=["start"], start={"start": 80.0, "rate": 0.15}
    )
    fit = estimate.saem(mixed, study, seed=2, **QUIET)
    found = fit.groups["rate"]
    order = np.argsort(found["typical"])
    assert found["typical"][order] == pytest.approx([0.05, 0.2], rel=0.2)
    assert found["share"][order][0] == pytest.approx(slow.mean(), abs=0.1)
    share, middle, sd = found["share"], np.log(found["typical"]), found["sd"]

    def density(z):
        return sum(share[k] * norm.pdf(z, middle[k], sd[k]) for k in range(2))

    total = 0.0
    for i in range(study.size):
        t, y, low = study.times[i], np.log(study.values[i]), study.censored[i]

        def inside(u, t=t, y=y, low=low):
            mean = np.log(fit["start"]) - np.exp(u) * t
            s = fit["residual_log_sd"]
            parts = np.where(low, norm.logcdf(y, mean, s), norm.logpdf(y, mean, s))
            return np.exp(parts.sum()) * density(u)

        total += math.log(quad(inside, -6, 1, points=np.linspace(-5, 0, 31), limit=500)[0])
    assert fit.log_likelihood == pytest.approx(total, abs=4 * fit.log_likelihood_se + 0.02)
    labels = [row["parameter"] for row in fit.table()]
    assert "share(rate, group 2)" in labels and "factor(rate, group 2)" in labels
    for method in (estimate.foce, estimate.laplace, estimate.two_stage):
        with pytest.raises(LearnerError, match="mixture"):
            method(mixed, study, **QUIET)


def test_a_share_varies_on_the_logit_scale():
    rng = np.random.default_rng(3)
    share = expit(0.5 + 0.8 * rng.standard_normal(80))
    t = np.array([1.0, 2.0, 4.0, 8.0])
    f = share[:, None] * np.exp(-0.1 * t)
    study = estimate.Study.from_columns({
        "ID": np.repeat(np.arange(80), 4), "TIME": np.tile(t, 80),
        "DV": (f * np.exp(0.1 * rng.standard_normal(f.shape))).ravel(),
    })  # fmt: skip
    mixed = estimate.Mixed(
        lambda t, p: p.share * np.exp(-p.rate * t),
        random={"share": 0.5},
        estimated=["rate"],
        start={"share": 0.3, "rate": 0.2},
        scales={"share": "logit"},
    )
    fit = estimate.saem(mixed, study, seed=1, **QUIET)
    logit = np.log(share / (1 - share))
    assert np.log(fit["share"] / (1 - fit["share"])) == pytest.approx(logit.mean(), abs=0.05)
    assert fit.sd["share"] == pytest.approx(logit.std(), abs=0.06)
    row = fit.table()[0]
    assert row["sd_scale"] == "logit" and 0 < row["low"] < row["high"] < 1
    assert ((fit.individuals["share"] > 0) & (fit.individuals["share"] < 1)).all()


# beside statsmodels: linear mixed models, whose likelihood is exact


def line(t, p):
    return p.intercept + p.slope * t


def straight(**more):
    how = {"random": {"intercept": 1.0, "slope": 0.3}} | more
    return estimate.Mixed(
        line,
        start={"intercept": 5.0, "slope": 0.5},
        scales={"intercept": "linear", "slope": "linear"},
        error="additive",
        **how,
    )


def by_statsmodels(columns, design, correlated):
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

    t = columns["TIME"]
    exog_re = np.column_stack([np.ones(t.size), t])
    model = MixedLM(columns["DV"], design, groups=columns["ID"], exog_re=exog_re)
    free = None
    if not correlated:
        free = MixedLMParams.from_components(np.ones(design.shape[1]), np.eye(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(reml=False, free=free, method=["lbfgs"], maxiter=2000, gtol=1e-10)


@pytest.fixture(scope="module")
def lines():
    """Straight lines whose effects are correlated, and whose slope goes with weight and sex."""
    rng = np.random.default_rng(21)
    n, t = 50, np.arange(6.0)
    weight, sex = np.round(np.exp(rng.normal(4.2, 0.3, n)), 1), rng.integers(0, 2, n)
    z = rng.standard_normal((2, n))
    intercept = 10 + 1.5 * z[0]
    slope = -0.8 + 0.3 * (0.6 * z[0] + 0.8 * z[1])
    slope = slope + 0.5 * np.log(weight / np.median(weight)) + 0.4 * sex
    dv = intercept[:, None] + slope[:, None] * t + 0.6 * rng.standard_normal((n, 6))
    return {
        "ID": np.repeat(np.arange(n), 6), "TIME": np.tile(t, n), "DV": dv.ravel() + 20,
        "weight": np.repeat(weight, 6), "sex": np.repeat(np.where(sex, "f", "m"), 6),
    }  # fmt: skip


def test_a_linear_mixed_model_is_that_of_statsmodels(lines):
    t = lines["TIME"]
    right = by_statsmodels(lines, np.column_stack([np.ones(t.size), t]), correlated=True)
    study = estimate.Study.from_columns(lines)
    mixed = straight(correlated=[("slope", "intercept")])
    fit = estimate.foce(mixed, study, **QUIET)
    cov = np.asarray(right.cov_re)
    assert [fit["intercept"], fit["slope"]] == pytest.approx(right.fe_params, rel=2e-3)
    assert [fit.sd["intercept"], fit.sd["slope"]] == pytest.approx(np.sqrt(np.diag(cov)), rel=5e-3)
    rho = cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1])
    assert fit.correlation["intercept", "slope"] == pytest.approx(rho, abs=5e-3)
    assert fit["residual_sd"] == pytest.approx(math.sqrt(right.scale), rel=2e-3)
    assert fit.log_likelihood == pytest.approx(right.llf, abs=2e-3)
    near = estimate.saem(mixed, study, seed=4, **QUIET)
    assert near.log_likelihood == pytest.approx(right.llf, abs=4 * near.log_likelihood_se + 0.1)
    se = [right.bse_fe[0], right.bse_fe[1]]
    table = {row["parameter"]: row for row in near.table()}
    assert [table[n]["se"] for n in ("intercept", "slope")] == pytest.approx(se, rel=0.06)
    assert near.correlation["intercept", "slope"] == pytest.approx(rho, abs=0.05)
    assert table["cor(intercept, slope)"]["low"] < rho < table["cor(intercept, slope)"]["high"]


@pytest.mark.parametrize("method", ["foce", "saem"])
def test_covariates_are_those_of_statsmodels(lines, method):
    t = lines["TIME"]
    ln_weight = np.log(lines["weight"] / np.median(lines["weight"][::6]))
    female = (lines["sex"] == "f").astype(float)
    levels = {v: (lines["sex"][::6] == v).sum() for v in "fm"}
    other = min(levels, key=levels.get)  # the rarer level has the coefficient
    dummy = female if other == "f" else 1 - female
    design = np.column_stack([np.ones(t.size), t, t * ln_weight, t * dummy])
    right = by_statsmodels(lines, design, correlated=False)
    mixed = straight(covariates=[("slope", "weight", "power"), ("slope", "sex", "category")])
    fit = getattr(estimate, method)(mixed, estimate.Study.from_columns(lines), **QUIET)
    names = ("intercept", "slope", "slope ~ weight", f"slope ~ sex = {other}")
    se = right.bse_fe
    for name, value, error in zip(names, right.fe_params, se, strict=True):
        assert abs(fit[name] - value) < 0.1 * error, name
    rows = {row["parameter"]: row for row in fit.table()}
    assert [rows[n]["se"] for n in names] == pytest.approx(se, rel=0.08)


def test_the_median_patient_has_the_typical_value(lines):
    bound = Bound(straight(covariates=[("slope", "weight", "linear")]),
                  estimate.Study.from_columns(lines))  # fmt: skip
    weight = lines["weight"][::6]
    assert bound.design[:, 1, 2] == pytest.approx(weight - np.median(weight))


# what each method gets wrong, and says


def test_two_stage_counts_noise_as_spread():
    study = estimate.Study.from_columns(cases.linear_study())
    apart = estimate.two_stage(straight(), study, **QUIET)
    together = estimate.foce(straight(), study, starts=1, **QUIET)
    # Each line by ordinary least squares, in NumPy.
    t = np.arange(6.0)
    each = np.polynomial.polynomial.polyfit(t, study.values.T, 1)
    assert [apart["intercept"], apart["slope"]] == pytest.approx(each.mean(axis=1), rel=1e-4)
    assert [*apart.sd.values()] == pytest.approx(each.std(axis=1, ddof=1), rel=1e-3)
    assert apart.sd["slope"] > 1.2 * together.sd["slope"]


def test_two_stage_says_whom_it_leaves_out_and_what_runs_away():
    trial = cases.stein_trial(3)
    with pytest.warns(UserWarning, match="persistence_rate ran to the end of its domain"):
        fit = estimate.two_stage(cases.stein_mixed(), estimate.Study.from_trial(trial), **QUIET)
    true = np.log(trial.parameters.persistence_rate).mean()
    assert math.log(fit["persistence_rate"]) < true - 0.4
    with pytest.raises(LearnerError, match="covariates"):
        estimate.two_stage(straight(covariates=[("slope", "x", "linear")]),
                           _with(cases.linear_study(), "x"), **QUIET)  # fmt: skip


def _with(columns, name):
    ids = columns["ID"]
    return estimate.Study.from_columns({**columns, name: np.sin(ids)})


def test_naive_pooled_is_one_curve():
    study = estimate.Study.from_columns(cases.linear_study())
    with pytest.warns(UserWarning, match="independent"):
        fit = estimate.naive_pooled(straight(), study, **QUIET)
    slope, intercept = np.polyfit(study.times.ravel(), study.values.ravel(), 1)
    assert [fit["intercept"], fit["slope"]] == pytest.approx([intercept, slope], rel=1e-4)
    assert not fit.sd and fit.individuals["slope"].shape == (40,)


def wave(t, p):
    return 3 + p.size * np.cos(p.speed * t)


def waves():
    rng = np.random.default_rng(2)
    t = np.linspace(0, 7, 25)
    size = np.exp(0.2 * rng.standard_normal((20, 1)))
    dv = 3 + size * np.cos(2.0 * t) + 0.2 * rng.standard_normal((20, 25))
    return estimate.Study.from_columns(
        {"ID": np.repeat(np.arange(20), 25), "TIME": np.tile(t, 20), "DV": dv.ravel()}
    )


@pytest.mark.parametrize("method", ["saem", "foce"])
def test_a_bad_start_does_not_pass_for_the_optimum(method):
    """The speed of a wave has an optimum for every turn too many: some starts end in one."""
    mixed = estimate.Mixed(wave, random={"size": 0.3}, estimated=["speed"],
                           start={"size": 1.0, "speed": 1.8}, error="additive")  # fmt: skip
    with pytest.warns(UserWarning, match="starts ended at the highest log-likelihood"):
        fit = getattr(estimate, method)(mixed, waves(), starts=4, seed=3, **QUIET)
    assert fit.reached < 4 and not fit.ok
    assert len(fit.starts) == 4 and np.ptp(fit.starts) > 500
    assert fit["speed"] == pytest.approx(2, rel=0.01)
    assert "starts ended at the highest" in str(fit)


# results


@pytest.fixture(scope="module")
def fit():
    return estimate.saem(decay_model(), decay_study(patients=40), seed=1, **QUIET)


def test_the_same_seed_gives_the_same_result(fit):
    again = estimate.saem(decay_model(), decay_study(patients=40), seed=1, **QUIET)
    assert again.unknowns == fit.unknowns and again.log_likelihood == fit.log_likelihood
    other = estimate.saem(decay_model(), decay_study(patients=40), seed=2, **QUIET)
    assert other.unknowns != fit.unknowns
    near = np.array(list(other.unknowns.values())) - np.array(list(fit.unknowns.values()))
    assert np.abs(near / np.sqrt(np.diag(fit.covariance))).max() < 0.25


def test_a_table_has_one_row_for_each_estimate(fit):
    rows = {row["parameter"]: row for row in fit.table()}
    assert list(rows) == ["start", "rate", "residual_log_sd"]
    rate = rows["rate"]
    assert rate["low"] < rate["estimate"] < rate["high"]
    assert rate["rse"] == pytest.approx(100 * rate["se"] / rate["estimate"])
    assert rate["sd"] == fit.sd["rate"] and rate["sd_scale"] == "ln"
    assert math.isnan(rows["start"]["sd"])
    assert rate["shrinkage"] == pytest.approx(fit.shrinkage["rate"])
    assert "SD between patients" in fit.summary() and "of ln" in fit.summary()


def test_results_go_out_as_csv_and_json(fit, tmp_path):
    fit.to_csv(tmp_path / "fit.csv")
    lines = (tmp_path / "fit.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("parameter,unit,estimate,se,rse,low,high,sd,sd_scale")
    assert len(lines) == 4
    assert float(lines[2].split(",")[2]) == pytest.approx(fit["rate"])
    fit.to_json(tmp_path / "fit.json")
    content = json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert content["table"][1]["estimate"] == pytest.approx(fit["rate"])
    assert len(content["individuals"]["rate"]) == 40
    assert np.array(content["covariance"]).shape == (4, 4)


def test_predictions_and_residuals(fit):
    seen = fit.predictions()
    assert {len(v) for v in seen.values()} == {200}
    measured = ~seen["censored"]
    z = (np.log(seen["dv"]) - np.log(seen["ipred"])) / fit["residual_log_sd"]
    assert seen["iwres"][measured] == pytest.approx(z[measured])
    assert np.isnan(seen["iwres"][~measured]).all() and np.isnan(seen["cwres"][~measured]).all()
    assert np.std(seen["cwres"][measured]) == pytest.approx(1, abs=0.15)
    curve = fit["start"] * np.exp(-fit["rate"] * seen["time"])
    assert seen["pred"] == pytest.approx(curve)
    own = fit.individuals["start"][0] * np.exp(-fit.individuals["rate"] * 3.0)
    assert fit.curves([3.0])[:, 0] == pytest.approx(own)


def test_simulated_trials_have_the_fitted_distribution(fit):
    drawn = fit.simulate(400, seed=3)
    assert drawn.shape == (400, 200)
    late = fit.predictions()["time"] == 9
    logs = np.log(drawn[:, late])
    rate = fit["rate"] * np.exp(fit.sd["rate"] * np.random.default_rng(0).standard_normal(200_000))
    right = np.log(fit["start"]) - 9 * rate
    assert logs.mean() == pytest.approx(right.mean(), abs=0.06)
    assert logs.std() == pytest.approx(math.hypot(right.std(), fit["residual_log_sd"]), rel=0.04)
    assert np.array_equal(drawn, fit.simulate(400, seed=3))
    assert not np.array_equal(drawn[:5], fit.simulate(5, seed=4))


def test_individuals_lean_on_the_population(fit):
    true = decays(patients=40)
    assert true["ID"].size == 200
    eta = np.log(fit.individuals["rate"] / fit["rate"])
    assert fit.shrinkage["rate"] == pytest.approx(1 - eta.std(ddof=1) / fit.sd["rate"])
    assert 0 < fit.shrinkage["rate"] < 0.3


@pytest.mark.parametrize("what", ["predictions", "individuals", "trace"])
def test_figures(fit, what):
    import matplotlib.pyplot as plt

    figure = fit.plot(what)
    assert len(figure.axes) >= 2
    plt.close(figure)
    with pytest.raises(LearnerError, match="predictions"):
        fit.plot("everything")


def test_the_trace_is_that_of_every_start(fit):
    assert fit.trace["ln rate"].shape == (250, 3)
    other = estimate.foce(decay_model(), decay_study(), starts=1, **QUIET)
    with pytest.raises(LearnerError, match="SAEM"):
        other.plot("trace")


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("method", ["saem", "foce", "naive_pooled", "two_stage"])
def test_an_interrupt_returns_what_was_reached(method, turn, monkeypatch):
    from cgtlearn.population.progress import Progress

    model, study = straight(), estimate.Study.from_columns(cases.linear_study())
    add, seen = Progress.add, []

    def stop(self, more):
        seen.append(more)
        if len(seen) == turn:
            raise KeyboardInterrupt
        add(self, more)

    monkeypatch.setattr(Progress, "add", stop)
    with pytest.warns(UserWarning, match="interrupted"):
        fit = getattr(estimate, method)(model, study, progress=False)
    assert any("interrupted" in text for text in fit.warnings)
    assert math.isfinite(fit["slope"])


# bad data


def columns(**changes):
    return {**decays(patients=3), **changes}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"TIME": np.tile([0.5, 2.0, 2.0, 9.0, 14.0], 3)}, "one sample at each time"),
        ({"LLOQ": 1e6}, "every sample is below"),
        ({"TIME": np.tile([0.5, 2.0, 1.0, 9.0, 14.0], 3)}, "rise"),
        ({"DV": np.full(15, np.nan)}, "without a sample"),
    ],
)
def test_bad_tables_are_told(change, says):
    with pytest.raises(LearnerError, match=says):
        estimate.Study.from_columns(columns(**change), censor=True)


def test_a_patient_below_the_limit_throughout_is_kept_and_named():
    data = columns()
    data["DV"] = np.where(data["ID"] == 1, 1.0, data["DV"])
    with pytest.warns(UserWarning, match="patient 1 has no value above"):
        study = estimate.Study.from_columns(data, censor=True)
    assert study.censored[1].all() and study.warnings
    assert study.warnings[0] in Bound(decay_model(), study).warnings


def test_one_patient_is_no_population():
    one = {k: v[:5] if np.ndim(v) else v for k, v in decays().items()}
    study = estimate.Study.from_columns(one, censor=True)
    for method in (estimate.saem, estimate.foce, estimate.two_stage):
        with pytest.raises(LearnerError, match="fit_one"):
            method(decay_model(), study, **QUIET)


def test_covariates_that_cannot_serve():
    data = decays()
    ids = data["ID"]
    study = estimate.Study.from_columns(
        {**data, "age": 50.0, "visit": data["TIME"], "dose": ids - 3.0,
         "gap": np.where(ids == 2, np.nan, ids), "site": np.array(list("abcde") * 25)[ids]},
        censor=True,
    )  # fmt: skip
    for name, form, says in (
        ("age", "power", "50.0 in every patient"),
        ("visit", "linear", "changes within a patient"),
        ("dose", "power", "above zero"),
        ("gap", "linear", "no gap for patient 2"),
        ("site", "linear", "numbers"),
        ("weight", "power", "weight"),
    ):
        mixed = decay_model(covariates=[("rate", name, form)])
        with pytest.raises(LearnerError, match=says):
            estimate.saem(mixed, study, **QUIET)


def test_levels_that_cannot_serve():
    data = decays()
    ids = data["ID"]
    study = estimate.Study.from_columns(
        {**data, "gap": np.where(ids == 2, np.nan, ids % 2), "each": ids + 0.5,
         "text": np.array(["a", "b", "."])[np.where(ids == 2, 2, ids % 2)],
         "group": ids % 2 + 0.0},
        censor=True,
    )  # fmt: skip
    for name, says in (
        ("gap", "no gap for patient 2"),
        ("text", "no text for patient 2"),
        ("each", "a level of its own for each patient"),
    ):
        mixed = decay_model(covariates=[("rate", name, "category")])
        with pytest.raises(LearnerError, match=says):
            estimate.foce(mixed, study, **QUIET)
    named = Bound(decay_model(covariates=[("rate", "group", "category")]), study).coefficients
    assert any(c.name in ("rate ~ group = 0", "rate ~ group = 1") for c in named)


def test_covariates_that_say_the_same():
    data = decays()
    weight = 50.0 + data["ID"]
    study = estimate.Study.from_columns({**data, "kg": weight, "lb": 2.2 * weight}, censor=True)
    for both in (
        [("rate", "kg", "power"), ("rate", "KG", "power")],
        [("rate", "kg", "linear"), ("rate", "lb", "linear")],
        [("rate", "kg", "power"), ("rate", "kg", "linear")],
    ):
        with pytest.raises(LearnerError, match="say the same|named twice"):
            estimate.saem(decay_model(covariates=both), study, **QUIET)
    with pytest.raises(LearnerError, match="leave them out"):
        estimate.two_stage(decay_model(covariates=both[:1]), study, **QUIET)
    plain = estimate.Study.from_columns(data, censor=True)
    with pytest.raises(LearnerError, match="without further columns"):
        estimate.foce(decay_model(covariates=both[:1]), plain, **QUIET)


def test_units_that_do_not_fit_are_told():
    times, ids = np.tile([3.0, 9, 20, 60], 4), np.repeat([1, 2, 3, 4], 4)
    curve = stein2019.closed_form(times, stein2019.model.parameters_with())
    mixed = estimate.Mixed(stein2019.model, random={"cmax": 0.5}, course=stein2019.closed_form)

    def bound(**units):
        columns = {"ID": ids, "TIME": times, "DV": curve}
        return Bound(mixed, estimate.Study.from_columns(columns, units=units))

    assert not bound(TIME="day", DV="copies/ug").warnings
    assert not bound(TIME="d", DV="copies/µg").warnings
    assert not bound(TIME="visit").warnings
    assert "values are in cells/µL" in bound(DV="cell/uL").warnings[0]
    with pytest.raises(LearnerError, match="times in h for a model in d"):
        bound(TIME="h")


def test_a_covariate_says_where_typical_values_hold(tmp_path):
    data = decays()
    ids = data["ID"]
    study = estimate.Study.from_columns(
        {**data, "kg": 50.0 + ids, "sex": np.where(ids % 3 == 0, "f", "m")},
        censor=True, units={"kg": "kg"},
    )  # fmt: skip
    mixed = decay_model(covariates=[("rate", "kg", "power"), ("rate", "sex", "category")])
    found = estimate.foce(mixed, study, **QUIET, starts=1)
    middle = float(np.median(50.0 + np.unique(ids)))
    assert found.references == {"kg": middle, "sex": "m"}
    assert f"kg = {middle:g} kg, sex = m\n" in found.summary()
    found.to_json(tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text())["references"]["sex"] == "m"


def test_a_zero_has_no_logarithm():
    data = columns()
    data["DV"] = np.where(np.arange(15) == 4, 0.0, data["DV"])
    data.pop("LLOQ")
    with pytest.raises(LearnerError, match="logarithms"):
        estimate.saem(decay_model(), estimate.Study.from_columns(data), **QUIET)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"random": {"speed": 0.3}}, "no start for speed"),
        ({"random": {"rate": 0.0}}, "above 0"),
        ({"random": {"rate": pop.logit_sd(0.3)}}, "log scale"),
        ({"estimated": ["rate"]}, "two of random"),
        ({"error": "poisson"}, "proportional"),
        ({"covariates": [("rate", "weight")]}, "parameter, covariate, form"),
        ({"covariates": [("rate", "weight", "square")]}, "category"),
        ({"correlated": [("rate",)]}, "two parameters"),
        ({"start": {"rate": -0.1, "start": 1.0}}, "start of -0.1"),
        ({"fixed": ["start"], "start": {"rate": 0.1}}, "start"),
    ],
)
def test_bad_models_are_told(how, says):
    good = {"random": {"rate": 0.3}, "start": {"rate": 0.3, "start": 60.0}}
    with pytest.raises(LearnerError, match=says):
        estimate.Mixed(decay, **(good | how))


def test_a_function_must_act_on_arrays():
    def summed(t, p):
        return np.sum(p.start * np.exp(-p.rate * t))

    mixed = estimate.Mixed(summed, random={"rate": 0.3}, start={"rate": 0.3, "start": 60.0})
    # One number for all would broadcast: the curves would then be the same for everybody.
    with pytest.raises(LearnerError, match="element by element"):
        estimate.saem(mixed, decay_study(), **QUIET)


# data and models


def test_a_study_is_padded_and_keeps_its_order():
    study = estimate.Study.from_columns({
        "ID": ["b", "b", "b", "a", "a"], "TIME": [0, 0, 2, 0, 1], "AMT": [7, 0, 0, 5, 0],
        "DV": [np.nan, 3.0, 1.0, np.nan, 2.0], "weight": [70, 70, 70, 60, 60],
    }, lloq=1.5, censor=True)  # fmt: skip
    assert study.patients == ("b", "a") and study.size == 2 and study.samples == 3
    assert study.times.tolist() == [[0, 2], [1, 1]]
    assert study.taken.tolist() == [[True, True], [True, False]]
    assert study.censored.tolist() == [[False, True], [False, False]]
    assert study.values[0, 1] == 1.5 and math.isnan(study.values[1, 1])
    assert study.covariates["weight"].tolist() == [70, 60]
    assert study.doses == (((0.0, 7.0),), ((0.0, 5.0),))


def test_padding_says_nothing():
    """Patients with fewer samples: the likelihood is that of the samples they have."""
    data = decays(patients=12)
    keep = np.ones(60, bool)
    keep[[4, 9, 13, 14]] = False
    cut = {k: v[keep] if np.ndim(v) else v for k, v in data.items()}
    study = estimate.Study.from_columns(cut, censor=True)
    bound = Bound(decay_model(), study)
    F = bound.scaled(bound.typical(bound.start_theta())[None])
    found = bound.noise.log_density(F, np.full((1, 1), 0.3))[0]
    for i in range(12):
        seen = study.taken[i]
        t, y, low = study.times[i, seen], study.values[i, seen], study.censored[i, seen]
        mean = np.log(60.0) - 0.3 * t
        right = np.where(low, norm.logcdf(np.log(y), mean, 0.3), norm.logpdf(np.log(y), mean, 0.3))
        assert found[i] == pytest.approx(right.sum())


def test_a_dose_and_a_covariate_reach_the_curve():
    def course(t, p):
        return p.amount / p.volume * p.weight * np.exp(-p.rate * t)

    data = {
        "ID": [1, 1, 1, 2, 2, 2], "TIME": [0, 1, 2, 0, 1, 2], "AMT": [7, 0, 0, 5, 0, 0],
        "DV": [np.nan, 3.0, 1.0, np.nan, 2.0, 1.0], "weight": [2, 2, 2, 3, 3, 3],
    }  # fmt: skip
    mixed = estimate.Mixed(
        course, random={"rate": 0.1}, fixed={"amount": 1.0, "volume": 2.0, "weight": 1.0},
        start={"rate": 0.5}, dose="amount",
    )  # fmt: skip
    bound = Bound(mixed, estimate.Study.from_columns(data))
    f = bound.curve(bound.typical(bound.start_theta())[None])[0]
    assert f[:, 0] == pytest.approx(np.array([7 / 2 * 2, 5 / 2 * 3]) * np.exp(-0.5))
    data["AMT"][1] = 3
    data["DV"][1] = np.nan
    with pytest.raises(LearnerError, match="one dose at time 0"):
        Bound(mixed, estimate.Study.from_columns(data))


def test_the_solver_and_the_closed_form_give_one_likelihood():
    trial = cases.stein_trial(5)
    study = estimate.Study.from_trial(trial)
    names = cases.stein_mixed().random
    written = Bound(cases.stein_mixed(), study)
    solved = Bound(estimate.Mixed(stein2019.model, random=dict.fromkeys(names, 0.5)), study)
    assert solved.slow and not written.slow
    rng = np.random.default_rng(1)
    u = written.typical(written.start_theta())[None] + 0.3 * rng.standard_normal((1, 90, 6))
    assert solved.scaled(u) == pytest.approx(written.scaled(u), abs=2e-3)
    e = np.full((1, 1), 0.5)
    a = written.noise.log_density(written.scaled(u), e)
    b = solved.noise.log_density(solved.scaled(u), e)
    assert b == pytest.approx(a, abs=0.02)


def test_foce_through_the_solver_is_that_of_the_closed_form():
    study = estimate.Study.from_trial(cases.stein_trial(5))
    found = []
    for course in (stein2019.closed_form, None):
        mixed = estimate.Mixed(stein2019.model, random={"cmax": 0.6, "tmax": 0.3}, course=course)
        bound = Bound(mixed, study)
        bound.rtol = 1e-7
        layout = Layout(bound)
        marginal = _Marginal(layout, exact=False)
        marginal.remember(layout.start())
        found.append(marginal(layout.start()[None])[0])
    apart = np.abs(found[0] - found[1])
    # The curve bends at its peak: a patient whose peak falls on a sample has no slope there.
    assert np.median(apart) < 1e-3 and np.quantile(apart, 0.9) < 0.01 and apart.max() < 0.5


def test_a_study_from_a_table_and_from_a_trial():
    study = estimate.Study(datasets.load("simulated_tisacel_90"))
    assert study.size == 90 and study.below == 263
    study = estimate.Study.from_trial(cases.stein_trial(1))
    assert study.times.shape == (90, 12) and study.lloq[0, 0] == cases.STEIN_LLOQ
    with pytest.raises(LearnerError, match="from_columns"):
        estimate.Study({"TIME": [1]})


def test_a_vector_of_unknowns_goes_there_and_back(lines):
    mixed = straight(correlated=[("slope", "intercept")])
    layout = Layout(Bound(mixed, estimate.Study.from_columns(lines)))
    x = layout.start() + np.random.default_rng(0).normal(0, 0.3, layout.size)
    assert layout.vector(layout.values(x)) == pytest.approx(x)


def test_population_names_are_found():
    for name in ("Study", "Mixed", "saem", "foce", "laplace", "two_stage", "naive_pooled"):
        first, second = getattr(estimate, name), getattr(estimate, name)
        assert callable(first) and first is second


def test_an_approximation_that_is_off_says_so():
    """A sharp peak: the mode sits on the kink, where a normal curve is a poor likeness."""
    study = estimate.Study.from_trial(cases.stein_trial(1000))
    with pytest.warns(UserWarning, match="the approximation is off"):
        fit = estimate.laplace(cases.stein_mixed(), study, starts=1, iterations=5, **QUIET)
    said = next(text for text in fit.warnings if "is off" in text)
    assert f"{fit.log_likelihood:.1f}" in said

"""Posteriors: against conjugate forms, quadrature, the prior itself; calibration by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from cgtlearn import estimate
from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.estimate import scores
from cgtlearn.models import stein2019

M, CLOSED = stein2019.model, stein2019.closed_form
DAYS = np.array([0.01, 1, 2, 4, 7, 9, 11, 14, 17, 21, 28, 42, 56, 84, 120, 180, 270, 365])


def flat(t, p):
    return p.level + 0 * t


def decay(t, p):
    return p.start * np.exp(-p.rate * t)


def quick(curve, t, y, **settings):
    settings = {"draws": 400, "tune": 200, "progress": False, **settings}
    return estimate.bayes_one(curve, t, y, **settings)


# --- the textbook's sampler --------------------------------------------------------------------


def test_metropolis_is_the_loop_of_a_chapter():
    """The same draws, one by one, as a loop written out again."""

    def density(x):
        return -0.5 * float(x @ np.array([[2.0, -0.5], [-0.5, 1.0]]) @ x)

    chain = estimate.metropolis(density, [0.3, -1.0], step=[0.7, 1.1], draws=500, seed=4)
    rng = np.random.default_rng(4)
    x, kept, taken = np.array([0.3, -1.0]), [], 0
    for _ in range(500):
        new = x + np.array([0.7, 1.1]) * rng.standard_normal(2)
        if rng.random() < min(1, math.exp(density(new) - density(x))):
            x = new
            taken += 1
        kept.append(x)
    assert np.array_equal(chain.draws, np.array(kept))
    assert chain.accepted == taken / 500
    assert chain.log_posterior[-1] == pytest.approx(density(x))


def test_metropolis_draws_from_the_density():
    """A gamma of shape 3, with nothing below zero: mean 3, variance 3."""

    def density(x):
        return 2 * math.log(x[0]) - x[0] if x[0] > 0 else -math.inf

    chain = estimate.metropolis(density, [1.0], step=3.0, draws=40_000)
    x = chain.draws[500:, 0]
    assert 0.3 < chain.accepted < 0.7 and (x > 0).all()
    quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]
    assert np.quantile(x, quantiles) == pytest.approx(stats.gamma(3).ppf(quantiles), rel=0.06)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": [-1.0]}, "density is zero"),
        ({"step": 0.0}, "above zero"),
        ({"draws": 0}, "one or more"),
        ({"start": [np.nan]}, "finite"),
        ({"log_posterior": lambda x: math.nan}, "minus infinity"),
    ],
)
def test_bad_metropolis_is_told(change, words):
    given = {"log_posterior": lambda x: -x[0] if x[0] > 0 else -math.inf, "start": [1.0],
             "step": 1.0, "draws": 50, **change}  # fmt: skip
    with pytest.raises(LearnerError, match=words):
        estimate.metropolis(given.pop("log_posterior"), given.pop("start"), **given)


def test_metropolis_interrupted_keeps_its_draws():
    calls = []

    def density(x):
        calls.append(1)
        if len(calls) > 100:
            raise KeyboardInterrupt
        return -float(x @ x) / 2

    assert estimate.metropolis(density, [0.0], step=1.0).draws.shape == (99, 1)


# --- priors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prior", "same"),
    [
        (estimate.log_normal(9.3, sd=0.4), stats.lognorm(0.4, scale=9.3)),
        (estimate.log_uniform(2, 700), stats.loguniform(2, 700)),
        (estimate.half_normal(0.7), stats.halfnorm(scale=0.7)),
    ],
)
def test_priors_against_scipy(prior, same):
    x = np.array([0.01, 0.5, 3, 9, 40, 650, 900])
    assert prior.log_density(x) == pytest.approx(same.logpdf(x))
    assert prior.log_density(-1.0) == -math.inf
    draws = prior.draw(4000, np.random.default_rng(1))
    assert stats.kstest(draws, same.cdf).pvalue > 0.001
    assert prior.middle == pytest.approx(same.median())


def test_the_logit_normal_prior():
    prior = estimate.logit_normal(0.2, sd=0.8)
    area, _ = integrate.quad(lambda x: math.exp(prior.log_density(x)), 0, 1)
    assert area == pytest.approx(1, rel=1e-6)
    draws = prior.draw(4000, np.random.default_rng(1))
    logit = np.log(draws / (1 - draws))
    assert stats.kstest(logit, stats.norm(math.log(0.25), 0.8).cdf).pvalue > 0.001
    assert prior.log_density([0.0, 1.0, 1.5, -1.0]).max() == -math.inf


# --- closed forms and quadrature ---------------------------------------------------------------


def conjugate(y, median, sd, sigma):
    """The normal posterior of ln(level): its mean and SD."""
    weight = 1 / sd**2 + y.size / sigma**2
    mean = (math.log(median) / sd**2 + np.log(y).sum() / sigma**2) / weight
    return mean, 1 / math.sqrt(weight)


def test_normal_prior_and_normal_noise_give_the_conjugate_posterior():
    t = np.arange(6.0)
    y = 80 * np.exp(0.4 * np.random.default_rng(2).standard_normal(6))
    post = quick(
        flat, t, y, priors={"level": estimate.log_normal(30, sd=0.5)}, residual_log_sd=0.4,
        draws=1000,
    )  # fmt: skip
    assert post.ok, post.summary()
    mean, sd = conjugate(y, 30, 0.5, 0.4)
    x = np.log(post["level"])
    error = sd / math.sqrt(post.ess["level"])
    assert abs(x.mean() - mean) < 4 * error
    assert x.std() == pytest.approx(sd, rel=4 / math.sqrt(2 * post.ess["level"]))
    assert stats.norm(mean, sd).cdf(np.log(post.intervals["level"][1:])) == pytest.approx(
        [0.025, 0.975], abs=0.006
    )
    # The predictive of a new sample is normal too.
    forecast = post.forecast([7.0], n=20_000)
    wide = math.hypot(sd, 0.4)
    assert np.log(forecast.values).std() == pytest.approx(wide, rel=0.03)
    scored = forecast.score([120.0])
    exact = scores.log_score_normal(mean, wide, math.log(120))
    assert scored.log_score == pytest.approx(float(exact), abs=0.02)
    crps = scores.crps_normal(mean, wide, math.log(120))
    assert scored.crps == pytest.approx(float(crps), abs=0.02)
    # The evidence of every sample stands in the draws for ArviZ.
    each = post.to_arviz().log_likelihood["value"].values.reshape(-1, 6)
    by_hand = stats.norm(np.log(post["level"])[:, None], 0.4).logpdf(np.log(y))
    assert each == pytest.approx(by_hand, abs=1e-9)


def test_effective_size_is_not_too_high():
    """Means of 40 posteriors spread around the closed form as their ESS says."""
    t, rng = np.arange(3.0), np.random.default_rng(3)
    y = 80 * np.exp(0.4 * rng.standard_normal(3))
    mean, sd = conjugate(y, 30, 0.5, 0.4)
    z = []
    for seed in range(40):
        post = quick(
            flat, t, y, priors={"level": estimate.log_normal(30, sd=0.5)}, residual_log_sd=0.4,
            draws=60, tune=60, walkers=8, ensembles=2, seed=seed,
        )  # fmt: skip
        z.append((np.log(post["level"]).mean() - mean) / (sd / math.sqrt(post.ess["level"])))
    # The mean square of 40 standard normals: exact 99.9 % limits.
    low, high = stats.chi2(40).ppf([0.0005, 0.9995]) / 40
    assert low < np.mean(np.square(z)) < high


def test_two_dimensions_with_censoring_against_a_grid():
    """M3, unequal scales, a prior that is not normal in u: medians and ends by quadrature."""
    t = np.linspace(0, 11, 8)
    y, below = pop.observe(1000 * np.exp(-0.35 * t), residual_log_sd=0.4, lloq=60, seed=3)
    assert below.sum() >= 2
    priors = {"start": estimate.log_normal(500, sd=1.0), "rate": estimate.log_uniform(0.05, 2)}
    post = quick(
        decay, t, y, priors=priors, lloq=60, censored=below, residual_log_sd=0.4, draws=1500
    )
    assert post.ok, post.summary()
    a = np.linspace(math.log(150), math.log(6000), 401)[:, None, None]
    b = np.linspace(math.log(0.05), math.log(2), 801)[None, :, None]
    mean = a - np.exp(b) * t
    logs = np.where(
        below,
        stats.norm.logcdf((math.log(60) - mean) / 0.4),
        stats.norm.logpdf(np.log(y), mean, 0.4),
    ).sum(axis=2)
    logs = logs + stats.norm(math.log(500), 1.0).logpdf(a[:, :, 0])
    weight = np.exp(logs - logs.max())
    for name, axis, grid in (("start", 1, a.ravel()), ("rate", 0, b.ravel())):
        share = np.cumsum(weight.sum(axis=axis))
        share = share / share[-1]
        for q in (0.025, 0.5, 0.975):
            at = np.interp(np.quantile(np.log(post[name]), q), grid, share)
            assert at == pytest.approx(q, abs=4 * math.sqrt(q * (1 - q) / post.ess_tail[name])), (
                name
            )


def test_an_unknown_sd_against_a_grid():
    t, rng = np.arange(7.0), np.random.default_rng(5)
    y = 80 * np.exp(0.4 * rng.standard_normal(7))
    post = quick(
        flat, t, y, priors={"level": estimate.log_normal(30, sd=0.5)},
        residual_log_sd=estimate.half_normal(0.5), draws=1500,
    )  # fmt: skip
    assert post.ok, post.summary()
    m = np.linspace(math.log(10), math.log(300), 600)[:, None]
    s = np.linspace(0.05, 2.5, 900)[None, :]
    left = ((np.log(y)[:, None, None] - m) ** 2).sum(axis=0)
    logs = -7 * np.log(s) - left / (2 * s**2) - (s / 0.5) ** 2 / 2
    logs = logs + stats.norm(math.log(30), 0.5).logpdf(m)
    share = np.cumsum(np.exp(logs - logs.max()).sum(axis=0))
    for q in (0.025, 0.5, 0.975):
        at = np.interp(np.quantile(post["residual_sd"], q), s.ravel(), share / share[-1])
        assert at == pytest.approx(q, abs=4 * math.sqrt(q * (1 - q) / post.ess_tail["residual_sd"]))


@pytest.mark.parametrize("error", ["additive", "proportional"])
def test_other_errors_against_one_integral(error):
    t, y = np.arange(5.0), np.array([90.0, 60, 85, 70, 110])
    sd = 20.0 if error == "additive" else 0.25
    post = quick(
        flat, t, y, priors={"level": estimate.log_normal(100, sd=1)}, error=error, residual_sd=sd,
        draws=1000,
    )  # fmt: skip
    x = np.linspace(math.log(20), math.log(300), 4001)
    f = np.exp(x)[:, None]
    s = sd if error == "additive" else sd * f
    logs = stats.norm.logpdf(y, f, s).sum(axis=1) + stats.norm(math.log(100), 1).logpdf(x)
    share = np.cumsum(np.exp(logs - logs.max()))
    at = np.interp(np.log(post.intervals["level"]), x, share / share[-1])
    assert at == pytest.approx([0.5, 0.025, 0.975], abs=0.015)


def test_without_samples_the_prior_comes_back():
    y, below = pop.observe(CLOSED(DAYS, M.parameters_with()), residual_log_sd=0.3, lloq=50, seed=3)
    spread = pop.spread_of(M, pop.log_sd)
    post = quick(
        M, DAYS, y, priors=spread, lloq=50, censored=below, course=CLOSED, prior_only=True,
        draws=600,
    )  # fmt: skip
    assert post.ok, post.summary()
    for name, prior in post.priors.items():
        known = np.quantile(prior.draw(400_000, np.random.default_rng(1)), [0.1, 0.5, 0.9])
        share = [(post[name] < q).mean() for q in known]
        allowed = 4 * 0.5 / math.sqrt(post.ess[name])
        assert share == pytest.approx([0.1, 0.5, 0.9], abs=allowed), name
    assert all(0.85 < row["share_of_prior"] < 1.15 for row in post.table())


# --- a patient ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patient():
    early = DAYS <= 120
    y, below = pop.observe(CLOSED(DAYS, M.parameters_with()), residual_log_sd=0.3, lloq=50, seed=3)
    post = quick(
        M, DAYS[early], y[early], priors=pop.spread_of(M, pop.log_sd), lloq=50,
        censored=below[early], course=CLOSED, draws=600, tune=400,
    )  # fmt: skip
    return post, y, below


def test_posterior_of_a_patient(patient):
    post, y, below = patient
    assert post.ok, post.summary()
    for name in ("tmax", "cmax", "contraction_rate"):
        _, low, high = post.intervals[name]
        assert low < M.parameters[name].default < high
    rows = {row["parameter"]: row for row in post.table()}
    # 120 days say little of the terminal phase: the prior still holds most of it.
    assert rows["tmax"]["share_of_prior"] < 0.3 < rows["persistence_rate"]["share_of_prior"]
    half_life = post.derived(lambda p: np.log(2) / p.contraction_rate)
    assert half_life.low == pytest.approx(
        math.log(2) / post.intervals["contraction_rate"].high, rel=1e-3
    )
    late = DAYS > 120
    forecast = post.forecast(DAYS[late])
    scored = forecast.score(y[late], lloq=50, censored=below[late])
    assert math.isfinite(scored.crps) and math.isfinite(scored.log_score)
    assert scored.coverage.n == late.sum() and scored.coverage.share == 1
    assert np.isnan(scored.pit).sum() == below[late].sum()
    low, _, high = forecast.band(noise=False)
    wide_low, _, wide_high = forecast.band()
    assert (wide_low < low).all() and (high < wide_high).all()


def test_the_same_seed_gives_the_same_draws():
    t, y = np.arange(4.0), np.array([9.0, 6, 4, 3])
    priors = {"start": estimate.log_normal(8, sd=1), "rate": estimate.log_normal(0.3, sd=1)}
    one, two, other = (
        quick(decay, t, y, priors=priors, draws=20, tune=10, seed=s)["rate"] for s in (1, 1, 2)
    )
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_to_arviz_and_files(patient, tmp_path):
    import csv
    import json

    post = patient[0]
    data = post.to_arviz()
    assert data.posterior["tmax"].shape == post.log_posterior.shape
    assert np.array_equal(data.posterior["tmax"].values, post.draws["tmax"])
    assert set(data.groups()) >= {"posterior", "prior", "sample_stats", "log_likelihood"}
    told = json.loads(post.to_json(tmp_path / "p.json").read_text(encoding="utf-8"))
    assert [row["parameter"] for row in told["parameters"]] == list(post.draws)
    short = quick(
        flat, [0.0, 1], [3.0, 4], priors={"level": estimate.log_normal(3, sd=1)}, draws=10, tune=5
    )
    with open(short.to_csv(tmp_path / "p.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == short.log_posterior.size
    assert float(rows[-1]["level"]) == short.draws["level"][-1, -1]


def test_pictures(patient):
    from cgtlearn import plot

    post = patient[0]
    fig, ax = post.plot()
    plot.show(fig, caption="Bands.", alt="Bands around 15 samples.")
    for made in (post.plot_trace(), post.plot_priors()):
        assert len(made[1]) == 7
    fig, axes = post.plot_ranks()
    heights = sum(patch.get_xy()[:, 1].max() > 0 for patch in axes[0].patches)
    assert heights == post.ensembles


def test_what_has_not_settled_is_told():
    t, y = np.arange(4.0), np.array([9.0, 6, 4, 3])
    priors = {"start": estimate.log_normal(8, sd=1), "rate": estimate.log_normal(0.3, sd=1)}
    post = quick(decay, t, y, priors=priors, draws=10, tune=0)
    assert any("R-hat" in w or "effective" in w for w in post.warnings) and not post.ok
    assert "Warning: " in post.summary()


def test_two_separate_humps_are_told():
    """Ensembles caught in different humps must not pass for one posterior."""

    def waves(t, p):
        return 2 + np.sin(p.frequency * t)

    t = np.linspace(0, 20, 40)
    y = waves(t, type("P", (), {"frequency": 1.7}))
    post = quick(
        waves, t, y * np.exp(0.3 * np.random.default_rng(1).standard_normal(40)),
        priors={"frequency": estimate.log_uniform(0.2, 12)}, residual_log_sd=0.05,
    )  # fmt: skip
    near = np.abs(post["frequency"] - 1.7) < 0.05
    assert near.mean() > 0.99 or any("R-hat" in w for w in post.warnings)


def test_an_interrupt_keeps_the_draws(monkeypatch):
    import emcee

    whole, calls = emcee.EnsembleSampler.compute_log_prob, []

    def impatient(self, coords):
        calls.append(1)
        if len(calls) == 8 * 60:
            raise KeyboardInterrupt
        return whole(self, coords)

    monkeypatch.setattr(emcee.EnsembleSampler, "compute_log_prob", impatient)
    given = {"priors": {"level": estimate.log_normal(3, sd=1)}, "draws": 200}
    post = quick(flat, [0.0, 1], [3.0, 4], tune=20, **given)
    assert "interrupted" in post.warnings[0] and 30 < post.log_posterior.shape[1] < 60
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        quick(flat, [0.0, 1], [3.0, 4], tune=100, **given)


def test_the_solver_and_the_closed_form_give_one_posterior(monkeypatch):
    from cgtlearn.estimate import bayes
    from cgtlearn.models import stein2019

    asked = []

    def looked_at(density, *rest):
        asked.append(density)
        raise KeyboardInterrupt

    monkeypatch.setattr(bayes, "_sampled", looked_at)
    times = np.array([2.0, 5, 11, 21, 60, 240])
    y = 1.2 * stein2019.closed_form(times, stein2019.model.parameters_with())
    priors = {"cmax": estimate.log_normal(24_000, sd=1), "tmax": estimate.log_normal(9, sd=0.3)}
    for course in (stein2019.closed_form, None):
        with pytest.raises(KeyboardInterrupt):
            estimate.bayes_one(stein2019.model, times, y, priors=priors, course=course,
                               lloq=50.0, residual_log_sd=0.3, progress=False)  # fmt: skip
    names, rng = list(asked[0].priors), np.random.default_rng(1)
    centre = np.log([24_000 if name == "cmax" else 9 for name in names])
    x = centre + 0.3 * rng.standard_normal((20, 2))
    written, solved = (density(x) for density in asked)
    assert np.isfinite(written).all() and np.ptp(written) > 3
    np.testing.assert_allclose(solved, written, atol=2e-3)


def test_an_interrupt_within_the_likelihood_is_silent(capfd):
    calls = []

    def impatient(t, p):
        calls.append(1)
        if len(calls) == 20_000:
            raise KeyboardInterrupt
        return flat(t, p)

    given = {"priors": {"level": estimate.log_normal(3, sd=1)}, "draws": 2000}
    post = quick(impatient, [0.0, 1], [3.0, 4], tune=20, **given)
    assert "interrupted" in post.warnings[0] and np.isfinite(post.log_posterior).all()
    assert "emcee" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"priors": {}}, "a prior for each"),
        ({"priors": {"level": 3.0}}, "log_normal"),
        ({"priors": {"level": pop.log_sd(0.3)}}, "for a model"),
        ({"priors": {"level": estimate.log_normal(3, sd=1)}, "fixed": {"level": 2}}, "in fixed"),
        ({"walkers": 7}, "even number"),
        ({"walkers": 2}, "at least 4"),
        ({"ensembles": 1}, "2 or more"),
        ({"draws": 2}, "10 or more"),
        ({"error": "additive"}, "half_normal"),
        ({"error": "additive", "residual_log_sd": estimate.half_normal(1)}, "residual_sd"),
        ({"residual_log_sd": -1.0}, "above 0"),
        ({"level": 95}, "level"),
        ({"values": [3.0, -4.0]}, "above zero"),
        ({"lloq": 50.0}, "all of them below"),
        ({"times": [1.0, 1.0]}, "every time once"),
        ({"domain": {"level": (200, 300)}}, "200 to 300"),
    ],
)
def test_bad_input_is_told(change, words):
    given = {"times": [0.0, 1], "values": [3.0, 4.0],
             "priors": {"level": estimate.log_normal(3, sd=1)}, **change}  # fmt: skip
    times, values = given.pop("times"), given.pop("values")
    with pytest.raises(LearnerError, match=words):
        quick(flat, times, values, **given)


def test_bad_questions_of_a_posterior(patient):
    post = patient[0]
    for call, words in (
        (lambda: post["tmaxx"], "tmax"),
        (lambda: post.forecast([400, 300]), "rise"),
        (lambda: post.forecast([400.0], n=10**9), "2 to"),
        (lambda: post.derived(lambda p: 3.0), "each of"),
        (lambda: post.forecast([400.0]).score([1.0, 2.0]), "as many"),
    ):
        with pytest.raises(LearnerError, match=words):
            call()
    for wrong in (estimate.log_normal, estimate.log_uniform):
        with pytest.raises(LearnerError):
            wrong(-1, 2)
    with pytest.raises(LearnerError, match="lower one first"):
        estimate.log_uniform(3, 2)
    with pytest.raises(LearnerError, match="below 1"):
        estimate.logit_normal(1.5, sd=1)


# --- calibration by simulation -----------------------------------------------------------------


def ranks(count, draws):
    """Ranks of the truth among thinned draws, for truths from the prior (Talts et al. 2018)."""
    t, lloq = np.linspace(0, 8, 5), 40.0
    priors = {"start": estimate.log_normal(500, sd=0.6), "rate": estimate.log_normal(0.4, sd=0.5)}
    sigma_prior = estimate.half_normal(0.5)
    rng = np.random.default_rng(7)
    found = {name: [] for name in (*priors, "residual_sd")}
    while len(found["rate"]) < count:
        truth = {k: float(p.draw(1, rng)[0]) for k, p in priors.items()}
        truth["residual_sd"] = float(sigma_prior.draw(1, rng)[0])
        f = truth["start"] * np.exp(-truth["rate"] * t)
        y = f * np.exp(truth["residual_sd"] * rng.standard_normal(t.size))
        below = y < lloq
        if below.all():
            # It cannot be fitted; leaving it out would bend the prior, so it must be very rare.
            continue
        post = quick(
            decay, t, np.where(below, lloq, y), censored=below, lloq=lloq, priors=priors,
            residual_log_sd=sigma_prior, draws=draws, tune=150, walkers=16, ensembles=2,
            seed=len(found["rate"]),
        )  # fmt: skip
        for name, x in found.items():
            thinned = rng.choice(post[name], 99, replace=False)
            x.append(int((thinned < truth[name]).sum()))
    return found


@pytest.mark.slow
def test_calibration_by_simulation():
    """Truths from the prior, samples from the truth: the ranks must be uniform."""
    for name, x in ranks(300, 150).items():
        counts = np.histogram(x, np.linspace(0, 100, 11))[0]
        assert stats.chisquare(counts).pvalue > 0.001, (name, counts)


def test_a_few_ranks_are_not_at_the_ends():
    """The same with 20 truths: enough to see a posterior that is much too narrow or shifted."""
    for name, x in ranks(20, 60).items():
        assert 0.2 < np.mean(x) / 99 < 0.8, name
        assert sum(r in (0, 99) for r in x) <= 4, name

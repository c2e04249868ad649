"""Diagnostics: by hand, by theory, under the true model many times, and under wrong ones."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from scipy import stats

from cgtlearn import estimate
from cgtlearn.errors import LearnerError

PATIENTS, TIMES = 40, np.array([1.0, 3.0, 7.0, 14.0, 28.0])
SAMPLES = PATIENTS * TIMES.size
ID = np.repeat(np.arange(PATIENTS), TIMES.size)
TIME = np.tile(TIMES, PATIENTS)
MEAN = 5 - 0.15 * TIMES
BETWEEN, RESIDUAL = 0.6, 0.4
COVARIANCE = BETWEEN**2 + RESIDUAL**2 * np.eye(TIMES.size)


def trials(rng, count, between=BETWEEN, residual=RESIDUAL, slope=0.0):
    """(count, SAMPLES): a log-normal decline with a random intercept."""
    own = between * rng.standard_normal((count, PATIENTS, 1))
    noise = residual * rng.standard_normal((count, PATIENTS, TIMES.size))
    return np.exp((MEAN + slope * TIMES + own + noise).reshape(count, SAMPLES))


def columns(dv, lloq=None, **more):
    data = {"id": ID, "time": TIME, "dv": dv, **more}
    if lloq is not None:
        data |= {"censored": dv < lloq, "lloq": lloq}
    return data


# --- visual predictive check -------------------------------------------------------------------


def small(dv, **more):
    return {"id": np.arange(5), "time": np.ones(5), "dv": np.asarray(dv, float), **more}


def test_vpc_by_hand():
    # Trial k has the values k, k + 1, ... k + 4, for k = 0 ... 100; its median is k + 2.
    simulated = np.arange(101.0)[:, None] + np.arange(5)
    found = estimate.vpc(small([1, 2, 3, 4, 5]), simulated, percentiles=(0.25, 0.5, 0.75))
    np.testing.assert_allclose(found.observed, [[2, 3, 4]])
    np.testing.assert_allclose(found.low, [[3.5, 4.5, 5.5]])
    np.testing.assert_allclose(found.middle, [[51, 52, 53]])
    np.testing.assert_allclose(found.high, [[98.5, 99.5, 100.5]])
    assert not found.inside.any() and np.isnan(found.below).all()


def test_vpc_with_a_limit_by_hand():
    # Limit 2.5: two of five observed lie below; of trial k, those of k ... k + 4 that do.
    simulated = np.arange(101.0)[:, None] / 20 + np.arange(5)
    data = small([9, 9, 3, 4, 5], censored=[1, 1, 0, 0, 0], lloq=2.5)
    found = estimate.vpc(data, simulated, percentiles=(0.25, 0.5, 0.75), level=0.9)
    np.testing.assert_allclose(found.observed, [[2.5, 3, 4]])
    assert found.hidden.tolist() == [[True, False, False]]
    assert found.below[0] == 0.4
    # k/20 from 0 to 5: the median k/20 + 2, at the limit where it lies below it.
    np.testing.assert_allclose(found.low[0], [2.5, 2.5, 3.25])
    np.testing.assert_allclose(found.middle[0], [3.5, 4.5, 5.5])
    # Below 2.5 lie 3 of 5 for k/20 <= 0.5, 2 up to 1.5, 1 up to 2.5, then none.
    share = [np.mean(row < 2.5) for row in simulated]
    assert found.below_high[0] == np.quantile(share, 0.95) == 0.6
    assert found.below_middle[0] == np.median(share) == 0
    assert found.inside.tolist() == [[True, True, True]] and found.below_inside.all()
    assert "below" in found.summary()


def test_bins():
    rng = np.random.default_rng(1)
    dv, simulated = trials(rng, 1)[0], trials(rng, 100)
    by_time = estimate.vpc(columns(dv), simulated)
    np.testing.assert_allclose(by_time.times, TIMES)
    assert by_time.n.tolist() == [PATIENTS] * 5
    same = estimate.vpc(columns(dv), simulated, bins=[0, 2, 5, 10, 20, 28])
    np.testing.assert_allclose(same.observed, by_time.observed)
    # An edge belongs to the bin that it opens; the last one closes the last.
    two = estimate.vpc(columns(dv), simulated, bins=[1, 7, 28])
    assert two.n.tolist() == [2 * PATIENTS, 3 * PATIENTS]
    assert estimate.vpc(columns(dv), simulated, bins=1).n.tolist() == [SAMPLES]
    scattered = columns(dv, time=0) | {"time": rng.uniform(0, 30, SAMPLES)}
    spread = estimate.vpc(scattered, simulated)
    assert spread.n.size == 8 and np.ptp(spread.n) <= 2 and spread.n.sum() == SAMPLES


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(2)
    dv, simulated, order = trials(rng, 1)[0], trials(rng, 200), rng.permutation(SAMPLES)
    a = estimate.vpc(columns(dv, 60.0), simulated)
    turned = {k: v if np.ndim(v) == 0 else v[order] for k, v in columns(dv, 60.0).items()}
    b = estimate.vpc(turned, simulated[:, order])
    np.testing.assert_allclose(a.observed, b.observed)
    np.testing.assert_allclose(a.high, b.high)
    x = estimate.npde(columns(dv), simulated).npde
    y = estimate.npde({k: v[order] for k, v in columns(dv).items()}, simulated[:, order]).npde
    np.testing.assert_allclose(y, x[order], atol=0.03)  # a tie may fall the other way


def test_corrected_is_plain_where_predictions_do_not_differ():
    rng = np.random.default_rng(3)
    dv, simulated = trials(rng, 1)[0], trials(rng, 100)
    plain = estimate.vpc(columns(dv, 40.0), simulated)
    level = columns(dv, 40.0, pred=np.exp(MEAN)[np.arange(SAMPLES) % TIMES.size])
    corrected = estimate.vpc(level, simulated, corrected=True)
    for key in ("observed", "low", "middle", "high", "below", "below_high", "hidden"):
        np.testing.assert_allclose(getattr(corrected, key), getattr(plain, key), rtol=1e-12)


def test_correction_takes_the_dose_out():
    rng = np.random.default_rng(4)
    dv, simulated = trials(rng, 1)[0], trials(rng, 100)
    dose = np.where(ID % 2 == 0, 1.0, 10.0)
    pred = dose * np.exp(MEAN)[np.arange(SAMPLES) % TIMES.size]
    found = estimate.vpc(columns(dv * dose, pred=pred), simulated * dose, corrected=True)
    plain = estimate.vpc(columns(dv), simulated)
    # The median prediction of a bin lies half way between 1 and 10 times the curve.
    np.testing.assert_allclose(found.observed, 5.5 * plain.observed, rtol=1e-12)
    np.testing.assert_allclose(found.high, 5.5 * plain.high, rtol=1e-12)
    # Logarithms: half way between ln 1 and ln 10.
    logs = columns(np.log(dv * dose), pred=np.log(pred))
    found = estimate.vpc(logs, np.log(simulated * dose), corrected=True, logarithms=True)
    of_logs = estimate.vpc(columns(np.log(dv)), np.log(simulated), logarithms=True)
    np.testing.assert_allclose(found.observed, of_logs.observed + np.log(10) / 2, rtol=1e-12)


def test_limits_are_corrected_too():
    rng = np.random.default_rng(5)
    dv, simulated = trials(rng, 1)[0], trials(rng, 100)
    pred = np.where(ID % 2 == 0, 1.0, 2.0)
    found = estimate.vpc(columns(dv, 50.0, pred=pred), simulated, corrected=True, bins=1)
    low = np.where(dv < 50, 50.0, dv) * 1.5 / pred
    np.testing.assert_allclose(found.observed[0], np.quantile(low, [0.1, 0.5, 0.9]))
    cut = np.where(simulated < 50, 50.0, simulated) * 1.5 / pred
    high = np.quantile(np.quantile(cut, 0.9, axis=1), 0.975)
    assert found.high[0, 2] == pytest.approx(high)
    # 50 x 1.5: below it stands one of the two corrected limits.
    assert found.hidden[0].tolist() == (found.observed[0] <= 75).tolist()


def test_corrected_limits_are_not_shown_as_values():
    rng = np.random.default_rng(5)
    dv, simulated = trials(rng, 1)[0], trials(rng, 100)
    pred = np.where(ID % 2 == 0, 1.0, 20.0)
    found = estimate.vpc(columns(dv, 30.0, pred=pred), simulated, corrected=True)
    assert found.hidden.any() and not found.hidden.all()
    rows = found.summary().splitlines()[3 : 3 + TIMES.size]
    assert sum(row.count("below") for row in rows) == found.hidden.sum()
    assert not any("below [" in row for row in rows)
    ax = found.plot().axes[0]
    tops = [path.vertices[:, 1].max() for c in ax.collections[1:4] for path in c.get_paths()]
    assert max(tops) == pytest.approx(found.high[~found.hidden].max())


def coverage_of_vpc(sets, seed, replicates=400):
    rng = np.random.default_rng(seed)
    inside, below = [], []
    for _ in range(sets):
        found = estimate.vpc(columns(trials(rng, 1)[0], 20.0), trials(rng, replicates))
        inside.append(found.inside[~found.hidden])
        below.append(found.below_inside)
    return inside, below


def test_vpc_covers_under_the_true_model():
    inside, below = coverage_of_vpc(60, seed=6)
    each = np.array([row.mean() for row in inside])
    share = np.concatenate(inside).mean()
    # Percentiles of one trial belong together; the SE comes from the trials.
    assert abs(share - 0.95) < 0.01 + 3 * each.std(ddof=1) / np.sqrt(each.size)
    # Shares are whole numbers of samples, so that their intervals cover more.
    assert np.concatenate(below).mean() > 0.93


@pytest.mark.slow
def test_vpc_covers_under_the_true_model_many_times():
    inside, below = coverage_of_vpc(1000, seed=7, replicates=1000)
    assert np.concatenate(inside).mean() == pytest.approx(0.95, abs=0.01)
    assert 0.945 < np.concatenate(below).mean() < 0.99


@pytest.mark.parametrize("wrong", [{"between": 0.2}, {"between": 1.2}, {"slope": 0.03}])
def test_vpc_flags_a_wrong_model(wrong):
    rng = np.random.default_rng(8)
    found = estimate.vpc(columns(trials(rng, 1)[0], 20.0), trials(rng, 400, **wrong))
    told = ~found.hidden
    assert found.inside[told].mean() < 0.8
    assert "*" in found.summary()


def test_vpc_of_the_share_below_flags_what_percentiles_cannot():
    """A third of the patients lose all signal after day 14; the model does not know."""
    rng = np.random.default_rng(9)
    dv = trials(rng, 1)[0]
    dv[(ID % 3 == 0) & (TIME > 10)] = 1.0
    found = estimate.vpc(columns(dv, 2.0), trials(rng, 400), percentiles=(0.5, 0.9))
    assert not found.below_inside[-2:].any() and found.below_inside[:3].all()


# --- normalised prediction distribution errors --------------------------------------------------


def test_npde_against_normal_theory():
    """Of a normal model the npde are L^-1 (y - mean), with the covariance's Cholesky root L."""
    rng = np.random.default_rng(10)
    dv = trials(rng, 1)[0]
    found = estimate.npde(columns(dv), trials(rng, 5000))
    rest = np.log(dv).reshape(PATIENTS, -1) - MEAN
    exact = np.linalg.solve(np.linalg.cholesky(COVARIANCE), rest.T).T.ravel()
    central = np.abs(exact) < 2
    np.testing.assert_allclose(found.npde[central], exact[central], atol=0.12)
    one_by_one = (rest / np.sqrt(np.diag(COVARIANCE))).ravel()
    central = np.abs(one_by_one) < 2
    np.testing.assert_allclose(found.npd[central], one_by_one[central], atol=0.12)


def test_npde_of_values_and_of_logarithms():
    """Given logarithms on the linear scale: the same as values on the log scale."""
    rng = np.random.default_rng(11)
    dv, simulated = trials(rng, 1)[0], trials(rng, 200)
    a = estimate.npde(columns(dv), simulated)
    b = estimate.npde(columns(np.log(dv)), np.log(simulated), scale="linear")
    np.testing.assert_allclose(a.npde, b.npde)


def many_npde(sets, seed, lloq, replicates=500, **wrong):
    rng = np.random.default_rng(seed)
    found = []
    for i in range(sets):
        dv, simulated = trials(rng, 1)[0], trials(rng, replicates, **wrong)
        found.append(estimate.npde(columns(dv, lloq), simulated, seed=i))
    return found


def neighbours(found, key):
    """Correlation of a patient's first two errors, pooled."""
    errors = np.concatenate([getattr(f, key).reshape(PATIENTS, -1) for f in found])
    return np.corrcoef(errors[:, 0], errors[:, 1])[0, 1]


@pytest.mark.parametrize("lloq", [None, 20.0])
def test_npde_are_standard_normal_under_the_true_model(lloq):
    found = many_npde(16, 12, lloq)
    errors = np.concatenate([f.npde for f in found])
    if lloq is not None:
        assert 0.05 < np.mean([f.samples.censored.mean() for f in found]) < 0.4
    n = errors.size
    assert abs(errors.mean()) < 4 / np.sqrt(n)
    assert errors.std() == pytest.approx(1, abs=4 / np.sqrt(2 * n) + 5 / 500)
    assert stats.kstest(errors, "norm").pvalue > 0.001
    assert abs(neighbours(found, "npde")) < 0.1 < 0.4 < neighbours(found, "npd")
    for name in ("mean", "variance", "shape"):
        flagged = sum(f.tests[name] < 0.05 for f in found)
        assert flagged <= stats.binom.ppf(0.9999, len(found), 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("lloq", [None, 20.0, 60.0])
def test_npde_flag_the_true_model_as_often_as_they_may(lloq):
    found = many_npde(600, 13, lloq, replicates=1000)
    for name in ("mean", "variance", "shape"):
        flagged = np.mean([f.tests[name] < 0.05 for f in found])
        assert 0.02 < flagged < 0.09, name
    assert np.concatenate([f.npde for f in found]).std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "lloq", "by"),
    [
        ({"slope": 0.03}, None, "mean"),
        ({"slope": 0.1}, 20.0, "mean"),
        ({"residual": 0.25}, 20.0, "variance"),
        ({"residual": 0.7}, 20.0, "variance"),
    ],
)
def test_npde_flag_a_wrong_model(wrong, lloq, by):
    found = many_npde(3, 14, lloq, **wrong)
    assert all(f.tests["all"] < 0.01 and f.tests[by] < 0.01 for f in found)


def test_limit_in_place_of_a_draw_would_be_flagged():
    """As if LLOQ had been measured: the wrong way, for comparison."""
    rng = np.random.default_rng(15)
    dv, simulated = trials(rng, 1)[0], trials(rng, 500)
    right = estimate.npde(columns(dv, 60.0), simulated)
    wrong = estimate.npde(columns(np.maximum(dv, 60.0)), simulated)
    assert right.samples.censored.mean() > 0.3
    assert right.tests["all"] > 0.01 and wrong.tests["all"] < 1e-6


def test_a_sample_below_all_that_was_simulated():
    rng = np.random.default_rng(16)
    dv, simulated = trials(rng, 1)[0], trials(rng, 200)
    dv[0] = 1e-6
    found = estimate.npde(columns(dv, 1e-5), simulated)
    assert found.npd[0] < -2.5 and np.isfinite(found.npde).all()


# --- goodness of fit ----------------------------------------------------------------------------


def fitted(rng, trend=0.0, n=300):
    t = np.tile(np.arange(1.0, 11), n // 10)
    pred = 100 * np.exp(-0.2 * t)
    ipred = pred * np.exp(0.4 * np.repeat(rng.standard_normal(n // 10), 10))
    iwres = rng.standard_normal(n) + trend * (t - 5.5)
    dv = ipred * np.exp(0.2 * iwres)
    who = np.repeat(np.arange(n // 10), 10)
    return {"id": who, "time": t, "dv": dv, "pred": pred, "ipred": ipred, "iwres": iwres}


def test_goodness_of_fit_numbers():
    data = fitted(np.random.default_rng(17))
    found = estimate.goodness_of_fit(data)
    r = data["iwres"]
    assert found.mean == pytest.approx(r.mean()) and found.sd == pytest.approx(r.std(ddof=1))
    assert found.outside == np.mean((r > 1.96) | (r < -1.96))
    ranks = np.argsort(np.argsort(r))
    ranked_time = stats.rankdata(data["time"])
    assert found.trend_in_time == pytest.approx(np.corrcoef(ranks, ranked_time)[0, 1])
    assert abs(found.trend_in_time) < 0.15


def test_goodness_of_fit_tells_a_trend_and_leaves_censored_out():
    data = fitted(np.random.default_rng(18), trend=0.3)
    data["censored"] = data["dv"] < 15
    data["lloq"] = 15.0
    data["iwres"] = np.where(data["censored"], np.nan, data["iwres"])
    found = estimate.goodness_of_fit(data)
    assert found.n + found.n_censored == 300 and found.n_censored > 10
    assert found.trend_in_time > 0.5
    assert "left out" in str(found)


# --- a fit, words, files, pictures --------------------------------------------------------------


class Fitted:
    """What a population fit offers to diagnostics."""

    def __init__(self, lloq):
        self.dv = trials(np.random.default_rng(19), 1)[0]
        self.lloq = lloq

    def predictions(self):
        pred = np.exp(MEAN)[np.arange(SAMPLES) % TIMES.size]
        own = np.exp(np.log(self.dv / pred).reshape(PATIENTS, -1).mean(axis=1, keepdims=True))
        ipred = (pred.reshape(PATIENTS, -1) * own).ravel()
        flags = self.dv < self.lloq
        dv = np.where(flags, self.lloq, self.dv)
        iwres = np.log(dv / ipred) / RESIDUAL
        data = {"id": ID, "time": TIME, "dv": dv, "censored": flags}
        return data | {"pred": pred, "ipred": ipred, "iwres": iwres}

    def simulate(self, replicates, seed):
        return trials(np.random.default_rng(seed), replicates)


def results():
    fit = Fitted(20.0)
    return {
        "gof": estimate.goodness_of_fit(fit),
        "vpc": estimate.vpc(fit, replicates=200),
        "pcvpc": estimate.vpc(fit, replicates=200, corrected=True),
        "npde": estimate.npde(fit, replicates=200),
    }


@pytest.mark.parametrize("kind", ["gof", "vpc", "pcvpc", "npde"])
def test_results_from_a_fit(kind, tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from cgtlearn import plot

    found = results()[kind]
    assert str(found) == found.summary() == str(results()[kind])  # the seed is the default's
    rows = found.table()
    assert rows and all(set(row) == set(rows[0]) for row in rows)
    found.to_csv(tmp_path / "x.csv")
    with open(tmp_path / "x.csv", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert len(read) == (SAMPLES if kind == "gof" else len(rows))
    json.loads(found.to_json(tmp_path / "x.json").read_text(encoding="utf-8"))
    fig = found.plot() if kind == "gof" else found.plot(time_unit="d")
    assert any(c.isdigit() for c in found.alt)
    try:
        plot._check_words("caption", found.alt)
        fig.canvas.draw()
    finally:
        plt.close(fig)


def test_a_picture_with_units_can_be_shown(capsys):
    from cgtlearn import plot

    found = results()
    for kind, options in (
        ("gof", {"unit": "copies/µg", "time_unit": "d"}),
        ("vpc", {"unit": "copies/µg", "time_unit": "d"}),
        ("npde", {"time_unit": "d"}),
    ):
        plot.show(found[kind].plot(**options), caption="Simulated data.", alt=found[kind].alt)
        assert found[kind].alt in capsys.readouterr().out


def test_a_real_fit_and_its_units():
    """Right and wrong models of the same patients, fitted; the study's units on the axes."""
    import matplotlib.pyplot as plt

    from tests import estimation_cases as cases

    data = cases.biexponential_study(seed=3)
    units = {"TIME": "d", "DV": "ng/mL"}
    study = estimate.Study.from_columns(data, lloq=2.0, censor=True, units=units)
    random = {"a": 0.3, "beta": 0.3}
    found = {}
    for name, fixed in (("right", {}), ("wrong", {"alpha": 0.6})):
        start = {"a": 80, "b": 10, "beta": 0.1, "alpha": 1.0}
        start = {k: v for k, v in start.items() if k not in fixed}
        free = [k for k in start if k not in random]
        model = estimate.Mixed(
            cases.biexponential, start=start, fixed=fixed, random=random, estimated=free
        )
        found[name] = estimate.saem(model, study, seed=1)
    errors = {k: estimate.npde(fit, replicates=500).tests["all"] for k, fit in found.items()}
    assert errors["wrong"] < 0.001 < errors["right"]
    checks = {k: estimate.vpc(fit, replicates=300) for k, fit in found.items()}
    share = {k: c.inside[~c.hidden].mean() for k, c in checks.items()}
    assert share["wrong"] < 0.8 < share["right"]
    assert estimate.vpc(found["right"], replicates=300, corrected=True).corrected
    rest = {k: estimate.goodness_of_fit(fit) for k, fit in found.items()}
    assert rest["right"].sd < 1.1 and abs(rest["right"].trend_in_time) < 0.2
    fig = rest["right"].plot()
    assert fig.axes[0].get_ylabel() == "observed (ng/mL)"
    assert fig.axes[2].get_xlabel() == "time (d)"
    plt.close(fig)
    fig = checks["right"].plot(time_unit="days")
    assert fig.axes[0].get_ylabel() == "value (ng/mL)"
    assert fig.axes[1].get_xlabel() == "time (days)"
    plt.close(fig)


# --- errors --------------------------------------------------------------------------------------

RNG = np.random.default_rng(20)
GOOD, SIMULATED = columns(trials(RNG, 1)[0]), trials(RNG, 120)


def without(key):
    return {k: v for k, v in GOOD.items() if k != key}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: estimate.vpc(GOOD, SIMULATED[:99]), "99 replicates"),
        (lambda: estimate.vpc(GOOD, SIMULATED.T), "transpose"),
        (lambda: estimate.vpc(GOOD, SIMULATED[:, :-1]), "shape (120, 199)"),
        (lambda: estimate.vpc(GOOD), "without simulated values"),
        (lambda: estimate.vpc(3, SIMULATED), "a mapping of columns"),
        (lambda: estimate.vpc(without("time"), SIMULATED), "also time"),
        (lambda: estimate.vpc(GOOD | {"time": TIME[:-1]}, SIMULATED), "time with 199 entries"),
        (lambda: estimate.vpc(GOOD, SIMULATED, corrected=True), "also pred"),
        (lambda: estimate.vpc(GOOD | {"pred": 0 * TIME}, SIMULATED, corrected=True), "pred[0] = 0"),
        (lambda: estimate.vpc(GOOD, SIMULATED, bins=[0, 10]), "hold every sample"),
        (lambda: estimate.vpc(GOOD, SIMULATED, bins=[0, 4, 5, 30]), "no sample from 4 to 5"),
        (lambda: estimate.vpc(GOOD, SIMULATED, bins=[5, 0, 30]), "rise"),
        (lambda: estimate.vpc(GOOD, SIMULATED, bins=0), "one bin or more"),
        (lambda: estimate.vpc(GOOD, SIMULATED, percentiles=(0.5, 0.5)), "between 0 and 1"),
        (lambda: estimate.vpc(GOOD, SIMULATED, percentiles=(10, 50, 90)), "between 0 and 1"),
        (lambda: estimate.vpc(GOOD, SIMULATED, level=95), "level = 95"),
        (lambda: estimate.vpc(GOOD | {"lloq": 1e9}, SIMULATED), "not censored"),
        (lambda: estimate.vpc(GOOD | {"censored": TIME > 7}, SIMULATED), "limit of every sample"),
        (lambda: estimate.vpc(GOOD | {"censored": TIME}, SIMULATED), "1 or True"),
        (lambda: estimate.vpc(GOOD, SIMULATED * np.nan), "finite"),
        (lambda: estimate.vpc(Fitted(20.0), replicates=10), "10 replicates"),
        (lambda: estimate.vpc(Fitted(20.0), np.maximum(SIMULATED, 20)), "do not cut simulations"),
        (lambda: estimate.npde(Fitted(20.0), np.maximum(SIMULATED, 20)), "do not cut simulations"),
        (lambda: estimate.npde(GOOD | {"id": 0 * ID}, SIMULATED), "20 replicates for each"),
        (lambda: estimate.npde(GOOD, SIMULATED * 0 + 5), "add the residual error"),
        (lambda: estimate.npde(GOOD, -SIMULATED), 'use scale="linear"'),
        (lambda: estimate.npde(GOOD, SIMULATED, scale="ln"), "scale"),
        (lambda: estimate.npde(GOOD, SIMULATED, seed=-1), "seed"),
        (lambda: estimate.goodness_of_fit(GOOD), "also pred, ipred, iwres"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, says):
    with pytest.raises(LearnerError) as caught:
        call()
    assert says in str(caught.value)


def test_a_bin_with_few_samples_is_told():
    found = estimate.vpc(small([1, 2, 3, 4, 5]), np.arange(500.0).reshape(100, 5))
    assert "wider bins" in found.warnings[0] and found.warnings[0] in found.summary()

"""Exposure-response: known truth, closed forms, and errors. (Against R: test_estimate_r.py.)"""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from cgtlearn import estimate
from cgtlearn.errors import LearnerError
from cgtlearn.estimate.frailty import Likelihood, shared_gamma
from tests.r import cases

RNG = np.random.default_rng(30)


# --- closed forms -------------------------------------------------------------------------------


def test_two_by_two_table():
    """Exposure 1 or 2, one doubling: the odds ratio of the table, and Woolf's standard error."""
    exposure = np.repeat([1.0, 2.0], [50, 60])
    events = np.concatenate([np.arange(50) < 10, np.arange(60) < 30])
    found = estimate.logistic(events, exposure, level=0.9)
    odds = (30 / 30) / (10 / 40)
    error = math.sqrt(1 / 30 + 1 / 30 + 1 / 10 + 1 / 40)
    ratio = found.per_doubling()
    assert ratio.value == pytest.approx(odds, rel=1e-8)
    assert found["exposure"].standard_error == pytest.approx(error, rel=1e-6)
    assert ratio.high == pytest.approx(odds * math.exp(stats.norm.ppf(0.95) * error), rel=1e-6)
    # The fitted shares are those of the table; the interval is that of its log odds.
    value, low, _ = found.predict([1.0, 2.0])
    np.testing.assert_allclose(value, [0.2, 0.5], rtol=1e-6)
    end = -stats.norm.ppf(0.95) * math.sqrt(1 / 30 + 1 / 30)
    assert low[1] == pytest.approx(1 / (1 + math.exp(-end)), rel=1e-6)


def test_two_rates():
    """Without more spread than Poisson's: the ratio of two rates, and its standard error."""
    exposure = np.repeat([1.0, 2.0], [4, 4])
    counts, time = [1, 2, 1, 2, 4, 4, 5, 5], [1, 2, 1, 2, 2, 2, 2, 2]
    found = estimate.negative_binomial(counts, exposure, follow_up=time)
    assert found.extra == {"dispersion": 0.0}
    assert "held at 0" in found.summary()
    assert found.per_doubling().value == pytest.approx((18 / 8) / (6 / 6), rel=1e-8)
    error = math.sqrt(1 / 18 + 1 / 6)
    assert found["exposure"].standard_error == pytest.approx(error, rel=1e-6)
    np.testing.assert_allclose(found.predict([1.0, 2.0])[0], [1.0, 2.25], rtol=1e-6)


def test_cox_of_three_patients_by_hand():
    """ln L = b - ln(e^b + 2) - ln 2 at the first event, of x = 1; the best b solves a quadratic."""
    # Events at 1 (x = 1), 2 (x = 0), 3 (x = 1), a censored patient with x = 0 at 4.
    stop, exposure = [1.0, 2, 3, 4], [2.0, 1, 2, 1]

    def minus(b):
        r = np.exp(b)
        return -(b - np.log(2 * r + 2) - np.log(r + 2) + b - np.log(r + 1))

    best = optimize.minimize_scalar(minus, bounds=(-5, 5), method="bounded")
    found = estimate.cox(stop, [1, 1, 1, 0], exposure)
    assert found["exposure"].coefficient == pytest.approx(best.x, abs=1e-4)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-8)
    # Cut in two, the rows say the same.
    start = [0, 0, 0, 0, 0.5, 1.5]
    rows = [0.5, 1.5, 3, 4, 1, 2]
    again = estimate.cox(rows, [0, 0, 1, 0, 1, 1], [2, 1, 2, 1, 2, 1], start=start,
                         id=["a", "b", "c", "d", "a", "b"])  # fmt: skip
    assert again["exposure"].coefficient == pytest.approx(best.x, abs=1e-4)
    assert (again.n, again.n_patients) == (6, 4)


def test_linear_and_logarithmic_exposure():
    data = cases.events()
    logs = estimate.logistic(data["event"], data["exposure"])
    by_hand = estimate.logistic(data["event"], np.log2(data["exposure"]), scale="linear")
    assert logs["exposure"].coefficient == pytest.approx(by_hand["exposure"].coefficient)
    linear = estimate.logistic(data["event"], data["exposure"], scale="linear")
    step = linear.per_doubling(at=500)
    assert step.value == pytest.approx(math.exp(500 * linear["exposure"].coefficient))
    assert step.low < step.value < step.high
    with pytest.raises(LearnerError, match="where to start|place to start"):
        linear.per_doubling()


def test_units_of_exposure_and_time_do_not_matter():
    data = cases.survival()
    a = estimate.cox(data["stop"], data["event"], data["exposure"])
    b = estimate.cox(data["stop"] / 365.25, data["event"], data["exposure"] * 1e-6)
    assert a["exposure"].ratio == pytest.approx(b["exposure"].ratio, rel=1e-6)


# --- known truth --------------------------------------------------------------------------------


def covered(fit, truth, sets, seed):
    """In how many of the simulated sets the interval holds the true ratio per doubling."""
    rng = np.random.default_rng(seed)
    intervals = [fit(rng).per_doubling() for _ in range(sets)]
    hits = sum(i.low <= truth <= i.high for i in intervals)
    low, high = stats.binom.ppf([0.0005, 0.9995], sets, 0.95)
    assert low <= hits <= high
    middle = np.mean([math.log(i.value) for i in intervals])
    spread = np.std([math.log(i.value) for i in intervals]) / math.sqrt(sets)
    assert abs(middle - math.log(truth)) < 0.02 + 4 * spread


def exposures(rng, n):
    return np.exp(rng.normal(3, 1, n))


def test_odds_ratio_is_recovered():
    def fit(rng):
        x = exposures(rng, 300)
        return estimate.logistic(rng.logistic(size=300) < math.log(1.6) * (np.log2(x) - 4.3), x)

    covered(fit, 1.6, 100, 31)


def test_rate_ratio_is_recovered():
    def fit(rng):
        x, t = exposures(rng, 300), rng.uniform(0.5, 2, 300)
        mean = t * 1.3 ** (np.log2(x) - 3)
        counts = rng.poisson(mean * rng.gamma(2, 0.5, 300))
        return estimate.negative_binomial(counts, x, follow_up=t)

    covered(fit, 1.3, 100, 32)


def test_hazard_ratio_is_recovered():
    def fit(rng):
        x = exposures(rng, 200)
        time, end = rng.exponential(0.7 ** -(np.log2(x) - 4)), rng.uniform(0.5, 3, 200)
        return estimate.cox(np.minimum(time, end), time <= end, x)

    covered(fit, 0.7, 30, 33)


def recurrent(rng, theta, patients=60):
    rows = []
    for i in range(patients):
        x, own, at = exposures(rng, 1)[0], rng.gamma(1 / theta, theta) if theta else 1.0, 0.0
        rate = own * 1.4 ** (np.log2(x) - 4)
        while at < 3:
            stop = min(at + rng.exponential(1 / rate), 3.0)
            rows.append((i, at, stop, stop < 3, x))
            at = stop
    who, start, stop, event, x = np.array(rows).T
    return estimate.cox(stop, event, x, start=start, id=who, frailty=True)


def test_frailty_is_recovered():
    found = []

    def fit(rng):
        found.append(recurrent(rng, 0.5))
        return found[-1]

    covered(fit, 1.4, 25, 34)
    thetas = [f.extra["variance of the frailty"] for f in found]
    assert np.mean(thetas) == pytest.approx(0.5, abs=0.02 + 4 * np.std(thetas) / math.sqrt(25))


def test_no_frailty_where_there_is_none():
    found = [recurrent(np.random.default_rng(seed), 0.0) for seed in range(35, 40)]
    thetas = np.array([f.extra["variance of the frailty"] for f in found])
    assert np.all(thetas < 0.15)
    # At the edge: the plain Cox model's coefficient and error.
    edge = next(f for f in found if f.extra["variance of the frailty"] == 0)
    assert "held at 0" in edge.summary() and math.isfinite(edge["exposure"].standard_error)


# --- the frailty's likelihood ---------------------------------------------------------------------


def test_frailty_likelihood_against_quadrature():
    """The gamma multiplier integrated out numerically, cluster by cluster."""
    data = cases.recurrent()
    who = np.unique(data["id"], return_inverse=True)[1]
    x = np.log2(data["exposure"])[:, None] - 10
    args = (data["start"], data["stop"], data["event"], x, who)
    likelihood = Likelihood(*args)
    beta, theta = np.array([0.2]), 0.7
    value, _ = likelihood(np.append(beta, math.log(theta)))
    # The same baseline, but written out row by row.
    times = np.unique(data["stop"][data["event"] == 1])
    jumps = dict(zip(times, likelihood.baseline, strict=True))
    total = 0.0
    for i in range(who.max() + 1):
        hazard, logs, events = 0.0, 0.0, 0
        for a, b, d, z in zip(
            data["start"][who == i], data["stop"][who == i], data["event"][who == i],
            x[who == i, 0], strict=True,
        ):  # fmt: skip
            hazard += sum(h for t, h in jumps.items() if a < t <= b) * math.exp(0.2 * z)
            if d:
                logs += math.log(jumps[b]) + 0.2 * z
                events += 1

        def given(u, events=events, hazard=hazard):
            return u**events * math.exp(-u * hazard) * stats.gamma.pdf(u, 1 / theta, scale=theta)

        area, _ = integrate.quad(given, 0, np.inf, epsabs=0, epsrel=1e-10, limit=200)
        total += logs + math.log(area)
    assert value == pytest.approx(total, rel=1e-8)


def test_frailty_slope_and_its_limit_without_frailty():
    data = cases.recurrent()
    who = np.unique(data["id"], return_inverse=True)[1]
    x = np.column_stack([np.log2(data["exposure"]) - 10, (data["age"] - 60) / 10])
    likelihood = Likelihood(data["start"], data["stop"], data["event"], x, who)
    for point in ([0.3, -0.1, -0.4], [0.0, 0.2, 1.5], [0.3, -0.1, -8.0]):
        at = np.array(point)
        slope = likelihood(at)[1]
        for i, step in enumerate(1e-4 * np.eye(3)):
            by_difference = (likelihood(at + step)[0] - likelihood(at - step)[0]) / 2e-4
            assert slope[i] == pytest.approx(by_difference, rel=1e-5, abs=1e-4)
    none = likelihood(np.array([0.3, -0.1, -math.inf]))[0]
    assert likelihood(np.array([0.3, -0.1, -10.9]))[0] == pytest.approx(none, abs=0.01)


def test_frailty_does_not_depend_on_the_start():
    data = cases.recurrent()
    who = np.unique(data["id"], return_inverse=True)[1]
    x = np.log2(data["exposure"])[:, None] - 10
    args = (data["start"], data["stop"], data["event"], x, who)
    ends = [shared_gamma(*args, np.array([b])) for b in (-1.0, 0.0, 2.0)]
    for end in ends[1:]:
        assert end.theta == pytest.approx(ends[0].theta, rel=1e-3)
        assert end.coefficients[0] == pytest.approx(ends[0].coefficients[0], abs=1e-4)
    # Mean 1 over the patients, as it is defined.
    assert ends[0].frailties.mean() == pytest.approx(1, abs=1e-3)


# --- words, files, pictures -------------------------------------------------------------------


def three():
    e, c, s = cases.events(), cases.counts(), cases.survival()
    return {
        "logistic": estimate.logistic(
            e["event"], e["exposure"], covariates={"age": e["age"]}, name="Cmax"
        ),
        "counts": estimate.negative_binomial(
            c["count"], c["exposure"], follow_up=c["follow_up"], name="Cmax"
        ),
        "cox": estimate.cox(
            s["stop"], s["event"], s["exposure"], covariates={"age": s["age"]}, name="Cmax"
        ),
    }


@pytest.mark.parametrize("kind", ["logistic", "counts", "cox"])
def test_what_a_result_says(kind, tmp_path):
    found = three()[kind]
    text = str(found)
    assert "An association, not an effect" in text and "Cmax, per doubling" in text
    assert "per doubling of Cmax is" in found.alt and "1." in found.alt
    rows = found.table()
    assert [r["term"] for r in rows] == [t.name for t in found.terms]
    assert rows[0]["low"] < rows[0]["ratio"] < rows[0]["high"]
    with open(found.to_csv(tmp_path / "x.csv"), encoding="utf-8") as file:
        assert float(next(csv.DictReader(file))["ratio"]) == pytest.approx(rows[0]["ratio"])
    told = json.loads(found.to_json(tmp_path / "x.json").read_text(encoding="utf-8"))
    assert told["terms"][0]["ratio"] == pytest.approx(rows[0]["ratio"])
    assert "association" in told["caution"]


@pytest.mark.parametrize("kind", ["logistic", "counts", "cox"])
def test_pictures_can_be_shown(kind, capsys):
    import matplotlib

    matplotlib.use("Agg")
    from cgtlearn import plot

    found = three()[kind]
    plot.show(found.plot("copies/µg"), caption="Simulated.", alt=found.alt, unitless="y")
    assert found.alt in capsys.readouterr().out


def test_the_picture_of_a_group_without_events():
    import matplotlib.pyplot as plt

    exposure = np.exp(np.linspace(0, 5, 80))
    events = np.arange(80) > 40
    events[[45, 60, 70]], events[35] = False, True
    for found in (
        estimate.logistic(events, exposure),
        estimate.negative_binomial(3 * events, exposure),
    ):
        fig = found.plot("copies/µg")
        fig.canvas.draw()
        plt.close(fig)


def test_few_events_are_told():
    rng = np.random.default_rng(50)
    x = exposures(rng, 40)
    event = np.zeros(40)
    event[[3, 8, 20, 30]] = 1
    found = estimate.logistic(event, x)
    assert "4 events" in found.warnings[0] and found.warnings[0] in found.summary()


def test_events_that_come_back_without_frailty_are_told():
    data = cases.recurrent()
    found = estimate.cox(
        data["stop"], data["event"], data["exposure"], start=data["start"], id=data["id"]
    )
    assert any("frailty=True" in text for text in found.warnings)


# --- errors -------------------------------------------------------------------------------------

X = np.exp(np.linspace(0, 4, 20))
E = np.tile([0, 1, 1, 0], 5)
T = np.linspace(1, 10, 20)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: estimate.logistic([1], [2.0]), "1 patient"),
        (lambda: estimate.logistic(E, X[:-1]), "19 entries of exposure and 20 of events"),
        (lambda: estimate.logistic(0 * E, X), "0 events in 20 patients"),
        (lambda: estimate.logistic(0 * E + 1, X), "20 events in 20 patients"),
        (lambda: estimate.logistic(E * 3, X), "events[1] = 3"),
        (lambda: estimate.logistic(E, 0 * X + 5), "exposure = 5 in every row"),
        (lambda: estimate.logistic(E, X, covariates={"dose": 0 * X}), "dose = 0 in every row"),
        (lambda: estimate.logistic(E, X * 0), 'scale="linear"'),
        (lambda: estimate.logistic(E, X, covariates={"x2": np.log2(X) * 3}), "'x2', which"),
        (lambda: estimate.logistic(E, X, covariates={"exposure": X}), "twice"),
        (lambda: estimate.logistic(E, X, covariates={"sex": ["f"] * 20}), "sex"),
        (lambda: estimate.logistic(E, X, scale="log"), "scale"),
        (lambda: estimate.logistic(E, X, level=95), "level = 95"),
        (lambda: estimate.logistic(X > 7, X), "exposure, which tells events"),
        (lambda: estimate.logistic(X >= X[10], np.minimum(X, X[10])), "(separation)"),
        (lambda: estimate.logistic([0, 1, 1, 0], [1.0, 2, 3, 4], covariates={"a": [0, 1, 2, 1],
                                   "b": [1, 0, 0, 3]}), "4 rows for 4 coefficients"),
        (lambda: estimate.negative_binomial(-E, X), "counts[1] = -1"),
        (lambda: estimate.negative_binomial(E / 2, X), "counts[1] = 0.5"),
        (lambda: estimate.negative_binomial(0 * E, X), "no event in 20 patients"),
        (lambda: estimate.negative_binomial(E, X, follow_up=0 * X), "follow_up[0] = 0"),
        (lambda: estimate.negative_binomial(E, X, follow_up=[1.0]), "1 entries of follow_up"),
        (lambda: estimate.negative_binomial(E * (X > 7), X, covariates={"high": X > 7}),
         "rate ratio"),
        (lambda: estimate.cox(T, 0 * E, X), "no event in 20 patients"),
        (lambda: estimate.cox(-T, E, X), "stop[0] = -1"),
        (lambda: estimate.cox(T, E, X, start=T), "row 0 from 1 to 1"),
        (lambda: estimate.cox(T, E, X, start=0 * T, id=[1] * 20), "one patient"),
        (lambda: estimate.cox(T, E, X, start=0 * T, id=[1, 2] * 10), "and again from 0"),
        (lambda: estimate.cox(T, E, X, id=[1, 2] * 10), "pass start"),
        (lambda: estimate.cox(T, E, X, frailty=True), "frailty=True without id"),
        (lambda: estimate.cox(T, 0 * E + 1, X), "at every event who has it"),
        (lambda: estimate.logistic(E, X)["cmax"], "exposure"),
        (lambda: estimate.logistic(E, X).predict([0.0]), "exposure[0] = 0"),
        (lambda: estimate.cox(T, E, np.roll(X, 7)).predict([1.0]), "leaves the hazard itself open"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, says):
    with pytest.raises(LearnerError) as caught:
        call()
    assert says in str(caught.value)


def test_separation_in_a_combination_of_columns():
    rng = np.random.default_rng(51)
    a, b = rng.normal(size=60), rng.normal(size=60)
    event = a + b > 0
    with pytest.raises(LearnerError, match="a and b"):
        estimate.logistic(event, exposures(rng, 60), covariates={"a": a, "b": b})
    event[0] = ~event[0]
    event[np.argmax(a + b)] = False
    found = estimate.logistic(event, exposures(rng, 60), covariates={"a": a, "b": b})
    assert all(math.isfinite(t.ratio) for t in found.terms)


def test_importing_the_room_loads_neither_library():
    import subprocess
    import sys

    code = "import cgtlearn.estimate.response, sys; print('lifelines' in sys.modules, " \
        "'statsmodels' in sys.modules, 'matplotlib' in sys.modules)"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 3

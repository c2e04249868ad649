"""Levels by band: the likelihood against quadrature and grids, and what bands cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from cgtlearn import estimate, ledger
from cgtlearn.errors import LearnerError
from cgtlearn.estimate.bands import Lognormals

INF = np.inf
YEAR_1 = [
    ledger.value(f"gener8_bleeds.{row}")
    for row in ("below_3", "from_3_to_5", "from_5_to_15", "from_15")
]
LOW_1, HIGH_1 = [0, 3, 5, 15], [3, 5, 15, INF]
SHARES_3 = [
    ledger.value(f"gener8_year3.{row}") / 100
    for row in ("below_3", "from_3_to_5", "from_5_to_40", "from_40")
]
LOW_3, HIGH_3 = [0, 3, 5, 40], [3, 5, 40, INF]


def plain(low, high, count, parts):
    """The log-likelihood in SciPy's words; parts is ((share, median, log_sd), ...)."""
    total = 0.0
    for a, b, n in zip(low, high, count, strict=True):
        if a == b:
            f = sum(w * stats.lognorm.pdf(a, s, scale=m) for w, m, s in parts)
        else:
            f = sum(
                w * (stats.lognorm.cdf(b, s, scale=m) - stats.lognorm.cdf(a, s, scale=m))
                for w, m, s in parts
            )
        total += n * np.log(f)
    return total


def mixed(size=150, seed=3):
    """Simulated levels of low responders and responders, those below 3 known as that only."""
    truth = Lognormals(np.array([0.25, 0.75]), np.array([2.0, 30.0]), np.array([0.6, 0.6]))
    x = truth.draw(size, seed)
    below = x < 3
    return np.where(below, 0, x), np.where(below, 3, x)


def test_one_lognormal_is_the_best_of_a_grid():
    fit = estimate.fit_bands(LOW_1, HIGH_1, YEAR_1)
    grid = [
        (plain(LOW_1, HIGH_1, YEAR_1, [(1, m, s)]), m, s)
        for m in np.geomspace(10, 200, 61)
        for s in np.linspace(0.8, 4, 65)
    ]
    best = max(grid)
    assert fit.log_likelihood >= best[0]
    assert fit.log_likelihood == pytest.approx(best[0], abs=0.02)
    assert fit.medians[0] == pytest.approx(best[1], rel=0.06)
    assert fit.log_sds[0] == pytest.approx(best[2], abs=0.06)
    parts = [(1, fit.medians[0], fit.log_sds[0])]
    assert fit.log_likelihood == pytest.approx(plain(LOW_1, HIGH_1, YEAR_1, parts), abs=1e-8)


def test_two_lognormals_are_as_good_as_a_search_without_a_start():
    low, high = mixed()
    fit = estimate.fit_bands(low, high, components=2)
    ones = np.ones(low.size)

    def worse(x):
        pi, m1, m2, s1, s2 = x[0], *np.exp(x[1:3]), x[3], x[4]
        exact = low == high
        f = np.where(
            exact,
            pi * stats.lognorm.pdf(high, s1, scale=m1)
            + (1 - pi) * stats.lognorm.pdf(high, s2, scale=m2),
            pi * stats.lognorm.cdf(high, s1, scale=m1)
            + (1 - pi) * stats.lognorm.cdf(high, s2, scale=m2),
        )
        return -np.log(f).sum()

    box = [(0.01, 0.99), (-1, 2.5), (2, 5), (0.1, 2), (0.1, 2)]
    found = optimize.differential_evolution(worse, box, seed=1, maxiter=150, tol=1e-8)
    assert fit.log_likelihood >= -found.fun - 1e-4
    parts = list(zip(fit.shares, fit.medians, fit.log_sds, strict=True))
    assert fit.log_likelihood == pytest.approx(plain(low, high, ones, parts), abs=1e-6)
    for name, truth in (("share", 0.25), ("median_2", 30.0), ("log_sd_2", 0.6)):
        assert fit.estimates[name].low < truth < fit.estimates[name].high, name
    alone = estimate.fit_bands(low, high)
    assert fit.aic < alone.aic - 10


def test_one_lognormal_of_measured_values_is_mean_and_sd_of_the_logarithms():
    x = np.random.default_rng(2).lognormal(3, 0.7, 50)
    fit = estimate.fit_bands(x, x)
    assert fit.medians[0] == pytest.approx(np.exp(np.log(x).mean()), rel=1e-5)
    assert fit.log_sds[0] == pytest.approx(np.log(x).std(), rel=1e-5)
    interval = fit.estimates["median"]
    half = stats.norm.ppf(0.975) * np.log(x).std() / np.sqrt(50)
    assert np.log(interval.high / interval.value) == pytest.approx(half, rel=1e-3)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.floats(0.05, 0.95),
    st.floats(0.5, 5),
    st.floats(6, 80),
    st.floats(0.2, 1.5),
    st.floats(0.2, 1.5),
)
def test_shares_mean_and_sd_are_integrals(pi, m1, m2, s1, s2):
    mix = Lognormals(np.array([pi, 1 - pi]), np.array([m1, m2]), np.array([s1, s2]))

    u = np.linspace(np.log(m1) - 14, np.log(m2) + 24, 200_001)  # wide and fine: SDs are 0.2 to 1.5
    density = pi * stats.norm.pdf(u, np.log(m1), s1) + (1 - pi) * stats.norm.pdf(u, np.log(m2), s2)

    def over_log(f):
        return integrate.simpson(f(np.exp(u)) * density, x=u)

    mean = over_log(lambda x: x)
    assert mix.mean == pytest.approx(mean, rel=1e-6)
    assert mix.sd == pytest.approx(np.sqrt(over_log(lambda x: (x - mean) ** 2)), rel=1e-5)
    assert mix.below(mix.median) == pytest.approx(0.5, abs=1e-9)
    assert mix.between(0, INF) == pytest.approx(1)


def test_far_bands_keep_their_digits():
    """A band far up the tail: one minus one would leave nothing."""
    from cgtlearn.estimate.bands import NAMES, _Likelihood

    rows = (np.array([1e7]), np.array([INF]), np.ones(1))
    likelihood = _Likelihood(*rows, NAMES[1], {})
    got = likelihood(np.log([20.0, 0.8]))
    assert got == pytest.approx(stats.norm.logsf(np.log(1e7 / 20) / 0.8), rel=1e-12)


def test_medians_by_band_fall_with_a_half_life_of_43_weeks():
    first = estimate.fit_bands(LOW_1, HIGH_1, YEAR_1)
    third = estimate.fit_bands(LOW_3, HIGH_3, np.multiply(132, SHARES_3))
    weeks = 36 * 365.25 / 84 - ledger.value("gener8_bleeds.mid_week")
    half_life = np.log(2) * weeks / np.log(first.median / third.median)
    assert half_life == pytest.approx(43.2, abs=0.1)
    assert third.median == pytest.approx(8.1, abs=0.05)
    # The fit of year 1 is rough: its mean is seven times the one that was measured.
    assert first.mean > 6 * ledger.value("gener8_procedures2023.mean_week_52")


def test_printed_mean_and_sd_fit_themselves_and_not_the_bands():
    rows = (
        ledger.row("gener8_procedures2023.mean_week_52"),
        ledger.row("gener8_procedures2023.sd_week_52"),
    )
    mix = estimate.lognormal_of(rows[0].value, rows[1].value)
    assert (mix.mean, mix.sd) == pytest.approx((rows[0].value, rows[1].value))
    assert mix.median == pytest.approx(29.0, abs=0.05)
    expected = 134 * mix.between(LOW_1, HIGH_1)
    assert expected[0] < 1 < 12 == YEAR_1[0]
    assert stats.chisquare(YEAR_1, expected * 134 / expected.sum()).pvalue < 1e-9


def test_the_five_year_bands_of_hope_b_add_to_88_and_the_denominator_matters():
    printed = [
        ledger.value(f"hope_b.{r}") for r in ("from_5_to_12", "from_12_to_40", "from_40_to_100")
    ]
    assert sum(printed) == ledger.value("hope_b.shares_printed") == 88
    low, high = [5, 12, 40], [12, 40, 100]
    mix = estimate.lognormal_of(ledger.value("hope_b.fix_year_5"), ledger.value("hope_b.sd_year_5"))
    assert 100 * mix.between(low, high) == pytest.approx([0.7, 67, 32], abs=0.5)
    seen = np.multiply(50 / 88, printed)  # of those in a band
    below = np.append(np.multiply(50 / 100, printed), 6.0)  # the twelve per cent all below 5
    one = estimate.fit_bands(low, high, seen)
    other = estimate.fit_bands([*low, 0], [*high, 5], below)
    assert other.log_sds[0] > 1.4 * one.log_sds[0]


def test_four_bands_do_not_carry_a_mixture():
    with pytest.raises(LearnerError, match="carry 3 numbers"):
        estimate.fit_bands(LOW_1, HIGH_1, YEAR_1, components=2)
    given_two = {"median_1": 2.2, "log_sd_1": 0.7}
    fit = estimate.fit_bands(LOW_1, HIGH_1, YEAR_1, components=2, fixed=given_two)
    assert set(fit.estimates) == {"share", "median_2", "log_sd_2"}
    expected = 134 * fit.between(LOW_1, HIGH_1)
    assert expected == pytest.approx(YEAR_1, rel=1e-3)  # three numbers, three parameters
    assert "given" in fit.summary() and "share" in fit.summary()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (dict(low=[3], high=[1]), "from 3 to 1"),
        (dict(low=[-1], high=[1]), "from -1 to 1"),
        (dict(low=[0, 1], high=[1]), "2 lower limits"),
        (dict(low=[], high=[]), "0 lower limits"),
        (dict(low=[0, 1], high=[1, 2], count=[-1, 2]), "counts"),
        (dict(low=[0, 1], high=[1, 2], count=[0, 0]), "counts"),
        (dict(low=LOW_1, high=HIGH_1, count=YEAR_1, components=3), "components"),
        (dict(low=LOW_1, high=HIGH_1, count=YEAR_1, fixed={"medain": 3}), "median"),
        (dict(low=LOW_1, high=HIGH_1, count=YEAR_1, components=2, fixed={"share": 12}), "share"),
        (dict(low=[0, 3], high=[3, INF]), "carry 1 numbers"),
        (dict(low=[0, "a"], high=[3, INF]), "low"),
        (dict(low=[np.nan], high=[3]), "nan"),
        (dict(low=[0], high=[0]), "from 0 to 0"),
    ],
)
def test_bad_rows_are_told(call, says):
    with pytest.raises(LearnerError, match=says):
        estimate.fit_bands(**call)


def test_bad_moments_are_told():
    with pytest.raises(LearnerError, match="mean"):
        estimate.lognormal_of(-3, 1)

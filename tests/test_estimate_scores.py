"""Scores of forecasts: against quadrature of their definitions and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from cgtlearn.errors import LearnerError
from cgtlearn.estimate import scores


def crps_by_definition(cdf, y, low, high):
    """The integral of (F(x) - 1{x >= y})²."""
    left, _ = integrate.quad(lambda x: cdf(x) ** 2, low, y, epsabs=1e-12, limit=500)
    right, _ = integrate.quad(lambda x: (1 - cdf(x)) ** 2, y, high, epsabs=1e-12, limit=500)
    return left + right


@pytest.mark.parametrize("y", [-3.0, 0.2, 1.0, 6.0])
def test_crps_of_a_normal_is_its_integral(y):
    known = stats.norm(1, 0.7)
    assert scores.crps_normal(1, 0.7, y) == pytest.approx(
        crps_by_definition(known.cdf, y, -12, 14), rel=1e-8
    )


@pytest.mark.parametrize("y", [0.05, 0.9, 2.0, 15.0])
def test_crps_of_a_log_normal_is_its_integral(y):
    known = stats.lognorm(0.8, scale=math.exp(0.3))
    assert scores.crps_log_normal(0.3, 0.8, y) == pytest.approx(
        crps_by_definition(known.cdf, y, 0, 300), rel=1e-7
    )


def test_crps_of_draws_is_its_definition_written_out():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=3)
    for j in range(3):
        near = np.abs(x[:, j] - y[j]).mean()
        pairs = np.abs(x[:, j][:, None] - x[:, j]).sum()
        assert scores.crps(x, y)[j] == pytest.approx(near - pairs / (2 * 7 * 7), rel=1e-12)
        assert scores.crps(x, y, fair=True)[j] == pytest.approx(
            near - pairs / (2 * 7 * 6), rel=1e-12
        )
    assert scores.crps([2.0, 2.0], 5.0) == pytest.approx(3.0)  # a point: the absolute error


def test_crps_of_many_draws_is_the_closed_form():
    x = np.random.default_rng(2).normal(1, 0.7, 200_000)
    assert scores.crps(x, 1.8) == pytest.approx(scores.crps_normal(1, 0.7, 1.8), abs=0.004)


def test_a_fair_score_does_not_depend_on_the_number_of_draws():
    """Mean over many forecasts of ten draws, against the closed form for the same observations."""
    rng = np.random.default_rng(3)
    y = rng.normal(size=20_000)
    few = scores.crps(rng.normal(size=(10, y.size)), y, fair=True)
    error = few.std() / math.sqrt(y.size)
    exact = 1 / math.sqrt(math.pi)  # the mean CRPS of N(0, 1) for y from N(0, 1)
    assert abs(few.mean() - exact) < 4 * error
    unfair = scores.crps(rng.normal(size=(10, y.size)), y).mean()
    assert unfair == pytest.approx(exact * 1.1, rel=0.03)  # 1 + 1/S


def test_scores_are_proper():
    """The truth gets the lowest mean score, against wrong means and SDs."""
    y = np.random.default_rng(4).normal(0.5, 1.3, 40_000)
    for score in (scores.crps_normal, scores.log_score_normal):
        best = score(0.5, 1.3, y).mean()
        for mean, sd in ((0.5, 1.0), (0.5, 1.7), (0.2, 1.3), (0.9, 1.3)):
            assert score(mean, sd, y).mean() > best
    inside = [scores.interval_score(*stats.norm(0.5, s).interval(0.9), y, 0.9).mean()
              for s in (1.0, 1.3, 1.7)]  # fmt: skip
    assert inside[1] < min(inside[0], inside[2])


def test_log_scores():
    y = np.array([0.3, 2.5])
    assert scores.log_score_normal(1, 0.7, y) == pytest.approx(-stats.norm(1, 0.7).logpdf(y))
    assert scores.log_score_log_normal(1, 0.7, y) == pytest.approx(
        -stats.lognorm(0.7, scale=math.e).logpdf(y)
    )
    densities = np.log([[0.2, 1e-5], [0.4, 3e-5]])
    assert scores.log_score(densities) == pytest.approx([-math.log(0.3), -math.log(2e-5)])
    assert scores.log_score([-2000.0, -2001.0]) == pytest.approx(
        2000 - math.log((1 + math.exp(-1)) / 2)
    )
    # Averaged over a posterior: the predictive of a normal with a normal mean, in closed form.
    mean = np.random.default_rng(5).normal(0.4, 0.5, 400_000)
    assert scores.log_score(stats.norm(mean, 1).logpdf(1.5)) == pytest.approx(
        -stats.norm(0.4, math.sqrt(1.25)).logpdf(1.5), abs=0.003
    )


def test_interval_score_by_hand():
    assert scores.interval_score(1, 3, [2, 0.5, 3.5], 0.8) == pytest.approx([2, 2 + 5, 2 + 5])


def test_coverage_has_the_exact_interval():
    found = scores.coverage(np.zeros(40), np.ones(40), np.r_[np.full(37, 0.5), 2, 3, -1])
    exact = stats.binomtest(37, 40).proportion_ci(0.95, "exact")
    assert found[:3] == pytest.approx((37 / 40, exact.low, exact.high))
    assert str(found) == "92.5% of 40 (95 % interval 79.6% to 98.4%)"
    assert scores.coverage(0, np.inf, [1.0, 2.0])[:1] == (1.0,)
    assert scores.coverage([0, 0], [1, 1], [2.0, 2.0])[1] == 0


def test_pit():
    x = np.array([1.0, 2, 2, 3])
    assert scores.pit(x, 2.0) == 0.5
    assert scores.pit(np.stack([x, x], 1), [0.0, 2.5]) == pytest.approx([0, 0.75])
    y = np.random.default_rng(6).lognormal(0.3, 0.8, 3000)
    assert stats.kstest(scores.pit_log_normal(0.3, 0.8, y), "uniform").pvalue > 0.01
    assert stats.kstest(scores.pit_log_normal(0.3, 0.6, y), "uniform").pvalue < 1e-6
    assert scores.pit_normal(0, 1, 1.96) == pytest.approx(0.975, abs=1e-4)
    fig, ax = scores.plot_pit(scores.pit_log_normal(0.3, 0.8, y))
    heights = [bar.get_height() for bar in ax.patches if bar.get_width() < 0.2]
    assert sum(heights) == 3000


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scores.crps([1.0], 2.0), "two draws"),
        (lambda: scores.crps(np.zeros((3, 5)), np.zeros(3)), "draws.T"),
        (lambda: scores.crps([1.0, np.nan], 2.0), "finite"),
        (lambda: scores.crps_normal(0, 0, 1), "above zero"),
        (lambda: scores.crps_log_normal(0, 1, -1), "above zero"),
        (lambda: scores.interval_score(2, 1, 1), "order"),
        (lambda: scores.interval_score(0, 1, 1, 95), "level"),
        (lambda: scores.coverage([], [], []), "one observation"),
        (lambda: scores.log_score([np.nan]), "NaN"),
        (lambda: scores.plot_pit([0.5, 1.5]), "within 0 to 1"),
    ],
)
def test_bad_input_is_told(call, words):
    with pytest.raises(LearnerError, match=words):
        call()

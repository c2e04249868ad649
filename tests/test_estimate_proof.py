"""SAEM against known truth: trials simulated from Stein's model, and what may be asked of a fit.


Bias is taken against the means and SDs of the logarithms of the patients that were simulated in
each trial, which takes the luck of the draw out of it. Coverage is that of the population's values,
from which patients were drawn: a 95 % interval is about them. Random effects are SDs.

Twenty trials run always, two hundred with the slow tests.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import binom

from cgtlearn import estimate, ledger
from cgtlearn import population as pop
from cgtlearn.models import stein2019
from tests import estimation_cases as cases

FEW, MANY = 20, 200
FIRST_SEED = 1000
BIAS, BIAS_SD = 0.03, 0.06


def fitted(trials: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each trial the errors of ln typical values (6), of SDs (6), and which intervals hold the
    population's value (13: typical values, SDs, noise).
    """
    mixed = cases.stein_mixed()
    names = mixed.random
    spread = pop.spread_of(stein2019.model, pop.log_sd)
    truth = np.log([
        *[stein2019.model.parameters[n].default for n in names],
        *[spread[n].sd for n in names],
        ledger.value("stein2019.residual_sd"),
    ])  # fmt: skip
    typical, sds, held = [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + trials):
        trial = cases.stein_trial(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            fit = estimate.saem(mixed, estimate.Study.from_trial(trial), seed=seed, progress=False)
        own = np.log([getattr(trial.parameters, n) for n in names])
        typical.append([np.log(fit[n]) - o.mean() for n, o in zip(names, own, strict=True)])
        sds.append([fit.sd[n] - o.std() for n, o in zip(names, own, strict=True)])
        rows = fit.table()
        low = [r["low"] for r in rows[:6]] + [r["sd_low"] for r in rows[:6]] + [rows[6]["low"]]
        high = [r["high"] for r in rows[:6]] + [r["sd_high"] for r in rows[:6]] + [rows[6]["high"]]
        held.append((np.log(low) <= truth) & (truth <= np.log(high)))
    return np.array(typical), np.array(sds), np.array(held)


def judge(typical: np.ndarray, sds: np.ndarray, held: np.ndarray, pooled: tuple[float, float]):
    """The criteria, each with what was measured in its message."""
    n = len(held)
    for name, errors, allowed in (("ln typical", typical, BIAS), ("SD", sds, BIAS_SD)):
        bias, noise = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(n)
        assert (np.abs(bias) <= allowed + 2 * noise).all(), (name, bias, noise)
    assert pooled[0] <= held.mean() <= pooled[1], held.mean()
    # The exact (Clopper-Pearson) 99.9 % interval of k in n holds 0.95 where neither tail of k under
    # 0.95 is below 0.05 %.
    k = held.sum(axis=0)
    tails = np.minimum(binom.cdf(k, n, 0.95), binom.sf(k - 1, n, 0.95))
    assert (tails >= 0.0005).all(), k / n


@pytest.fixture(scope="module")
def few():
    return fitted(FEW)


def test_a_tenth_of_the_samples_is_below_the_limit():
    share = [cases.stein_trial(seed).censored.mean() for seed in range(FIRST_SEED, FIRST_SEED + 50)]
    assert np.mean(share) == pytest.approx(0.10, abs=0.005)


def test_saem_finds_the_truth_in_twenty_trials(few):
    # 260 intervals: their pooled coverage scatters by 1.4 %.
    judge(*few, pooled=(0.90, 0.99))


def test_the_criteria_can_fail(few):
    """A shifted estimate, a wider spread and narrower intervals are noticed."""
    typical, sds, held = few
    with pytest.raises(AssertionError):
        judge(typical + [0, 0.06, 0, 0, 0, 0], sds, held, (0.90, 0.99))
    with pytest.raises(AssertionError):
        judge(typical, sds + 0.15, held, (0.90, 0.99))
    worse = held.copy()
    worse[: FEW // 2, 3] = False
    with pytest.raises(AssertionError):
        judge(typical, sds, worse, (0.80, 0.99))


@pytest.mark.slow
def test_saem_finds_the_truth_in_two_hundred_trials():
    judge(*fitted(MANY), pooled=(0.92, 0.98))

r"""The sampler of Metropolis et al. (1953): propose a step, take it as often as it deserves.

From x propose :math:`x' = x + s \varepsilon`, and take it with the probability
:math:`\min(1, p(x')/p(x))`; otherwise x counts once more. In the long run the visited points are
draws from p. Metropolis et al. 1953, J. Chem. Phys. 21, 1087-1092.

It is here to be read. For work use :func:`cgtlearn.estimate.bayes_one`, whose steps need no tuning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, finite, positive, short
from cgtlearn.population.patients import checked_seed

__all__ = ["Chain", "metropolis"]

Numbers = NDArray[np.float64]


class Chain(NamedTuple):
    """``draws`` (S, d), their ``log_posterior`` (S,), and the share of proposals ``accepted``."""

    draws: Numbers
    log_posterior: Numbers
    accepted: float


def metropolis(
    log_posterior: Callable[[Numbers], float],
    start: ArrayLike,
    *,
    step: ArrayLike,
    draws: int = 5000,
    seed: int = 0,
) -> Chain:
    """Draws from a density known up to a factor.

    Parameters
    ----------
    log_posterior : the logarithm of the density at x (d,), plus any constant; minus infinity where
        x cannot be.
    start : (d,), a point with a density above zero. It is not among the draws.
    step : the SD of a proposal, one number or (d,). About a quarter of proposals accepted is good
        in several dimensions, and half of them in one.
    draws : S.
    seed : of ``numpy.random.default_rng``. Each step takes ``standard_normal(d)`` and then
        ``random()`` from it, so that a loop of your own gives the same draws.

    Returns
    -------
    Chain. The first draws still show where it started: leave them out. Interrupted, it is as long
    as it got.

    Raises LearnerError for a start without density, steps of zero or below, NaN from the density.
    """
    x = np.array(finite("start", start, ndim=1))
    s = np.broadcast_to(positive("step", step), x.shape)
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise LearnerError(
            given=f"draws = {short(draws)}",
            expected="a whole number of one or more",
            do="write draws=5000",
        )
    rng = np.random.default_rng(checked_seed(seed))
    now = _checked(log_posterior(x), x)
    if now == -math.inf:
        raise LearnerError(
            given=f"start = {short(x)}, where the density is zero",
            expected="a point that is possible",
            do="start within the prior, near the estimates of a fit",
        )
    visited, densities = np.empty((int(draws), x.size)), np.empty(int(draws))
    accepted = done = 0
    try:
        for i in range(int(draws)):
            proposed = x + s * rng.standard_normal(x.size)
            there = _checked(log_posterior(proposed), proposed)
            if rng.random() < math.exp(min(there - now, 0.0)):
                x, now = proposed, there
                accepted += 1
            visited[i], densities[i] = x, now
            done = i + 1
    except KeyboardInterrupt:
        if not done:
            raise
    return Chain(visited[:done], densities[:done], accepted / done)


def _checked(value: Any, x: Numbers) -> float:
    number = float(value)
    if math.isnan(number) or number == math.inf:
        raise LearnerError(
            given=f"a log-density of {number} at {short(x)}",
            expected="a number, or minus infinity where x cannot be",
            do="return -np.inf outside the range before you take a logarithm",
        )
    return number

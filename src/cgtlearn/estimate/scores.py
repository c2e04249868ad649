r"""How good a forecast was, once the value is known: small functions of arrays.

A forecast is a distribution, given by draws or by its mean and SD; an observation is a number. A
score is *proper*: who forecasts what they believe gets the lowest score to expect. Low is good.

``crps``                 continuous ranked probability score, of draws
``crps_normal``, ``crps_log_normal``            of a distribution, in closed form
``log_score``            minus the log of the predictive density, averaged over draws
``log_score_normal``, ``log_score_log_normal``  of a distribution
``interval_score``       width of an interval, and a penalty for a miss
``coverage``             share of observations inside their intervals, with an exact interval
``pit``                  where the observation stands among the draws; uniform for honest forecasts

Gneiting and Raftery 2007, J. Am. Stat. Assoc. 102, 359-378, for all but the last two and the
log-normal; that one is in Baran and Lerch 2015, Q. J. R. Meteorol. Soc. 141, 2289-2299, and proven
by quadrature in the tests.

Scores of concentrations are ruled by their largest values. Give logarithms to weigh alike a
factor of two at the peak and one a year later.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, finite, one_number, positive
from cgtlearn.estimate.fit import checked_level

__all__ = [
    "Coverage",
    "coverage",
    "crps",
    "crps_log_normal",
    "crps_normal",
    "interval_score",
    "log_score",
    "log_score_log_normal",
    "log_score_normal",
    "pit",
    "pit_log_normal",
    "pit_normal",
    "plot_pit",
]

Numbers = NDArray[np.float64]


def _draws(draws: ArrayLike, observed: ArrayLike) -> tuple[Numbers, Numbers]:
    """Draws (S, ...) with the shape of the observations (...) behind S."""
    x, y = finite("draws", draws), finite("observed", observed)
    if x.ndim < 1 or x.shape[0] < 2 or x.shape[1:] != y.shape:
        raise LearnerError(
            given=f"draws of shape {x.shape} for observations of shape {y.shape}",
            expected="two draws or more in the first axis, and the shape of the observations after "
            "it: (S, T) for (T,), (S,) for one number",
            do="turn the draws round with draws.T, or ravel chains and draws into one axis",
        )
    return x, y


def crps(draws: ArrayLike, observed: ArrayLike, fair: bool = False) -> Numbers:
    r"""Continuous ranked probability score of draws.

    Formula: :math:`\frac1S\sum_s |x_s - y| - \frac{1}{2S^2}\sum_{s,r} |x_s - x_r|`, in the unit of
    the values. For one draw it is the absolute error. With ``fair`` the second sum is divided by
    :math:`2S(S - 1)`, which removes the part that comes from having few draws.

    Parameters
    ----------
    draws : (S, ...), S draws for each observation.
    observed : (...), the values that came.

    Returns
    -------
    (...) scores, zero or above (a fair one may fall a little below). Average them.

    Raises LearnerError for shapes that do not fit, fewer than two draws, NaN.
    """
    x, y = _draws(draws, observed)
    s = x.shape[0]
    x = np.sort(x, axis=0)
    # sum over pairs |x_s - x_r| = 2 sum_i (2i - S - 1) x_(i), in one pass over the sorted draws
    weight = (2 * np.arange(1, s + 1) - s - 1).reshape(-1, *[1] * y.ndim)
    pairs = 2 * (weight * x).sum(axis=0)
    return np.asarray(np.abs(x - y).mean(axis=0) - pairs / (2 * s * (s - 1 if fair else s)))


def _standard(mean: ArrayLike, sd: ArrayLike, at: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    m, s = finite("mean", mean), positive("sd", sd)
    return m, s, (at - m) / s


def _cdf(z: ArrayLike) -> Any:
    from scipy.special import ndtr

    return ndtr(z)


def _density(z: Numbers) -> Numbers:
    return np.asarray(np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))


def crps_normal(mean: ArrayLike, sd: ArrayLike, observed: ArrayLike) -> Numbers:
    r"""CRPS of a normal forecast: :math:`s[z(2\Phi(z) - 1) + 2\varphi(z) - 1/\sqrt\pi]`.

    :math:`z = (y - m)/s`. Shapes broadcast; ``sd`` is above zero.
    """
    _, s, z = _standard(mean, sd, finite("observed", observed))
    return np.asarray(s * (z * (2 * _cdf(z) - 1) + 2 * _density(z) - 1 / math.sqrt(math.pi)))


def crps_log_normal(log_mean: ArrayLike, log_sd: ArrayLike, observed: ArrayLike) -> Numbers:
    r"""CRPS of a log-normal forecast, in the unit of the values.

    Formula: :math:`y(2\Phi(z) - 1) - 2e^{m + s^2/2}\left[\Phi(z - s) + \Phi(s/\sqrt2) - 1\right]`,
    :math:`z = (\ln y - m)/s`, m and s the mean and SD of the logarithm. ``observed`` is above zero.
    """
    y = positive("observed", observed)
    m, s, z = _standard(log_mean, log_sd, np.log(y))
    return np.asarray(
        y * (2 * _cdf(z) - 1)
        - 2 * np.exp(m + s**2 / 2) * (_cdf(z - s) + _cdf(s / math.sqrt(2)) - 1)
    )


def log_score(log_densities: ArrayLike) -> Numbers:
    r"""Log score of a forecast by draws: :math:`-\ln\frac1S\sum_s p(y \mid \theta_s)`.

    ``log_densities`` (S, ...) are :math:`\ln p(y \mid \theta_s)`, one for each draw of the
    parameters; the result is (...). For a sample below the limit :math:`p` is the probability of
    lying there.
    """
    x = np.asarray(log_densities, float)
    if x.ndim < 1 or x.shape[0] < 1 or np.isnan(x).any():
        raise LearnerError(
            given=f"log-densities of shape {x.shape}" + (" with NaN" if x.ndim else ""),
            expected="one log-density for each draw, in the first axis",
            do="compute ln p(y | parameters) for every draw",
        )
    from scipy.special import logsumexp

    return np.asarray(math.log(x.shape[0]) - logsumexp(x, axis=0))


def log_score_normal(mean: ArrayLike, sd: ArrayLike, observed: ArrayLike) -> Numbers:
    r"""Log score of a normal forecast: :math:`\ln s + \tfrac12\ln 2\pi + z^2/2`."""
    _, s, z = _standard(mean, sd, finite("observed", observed))
    return np.asarray(np.log(s) + math.log(2 * math.pi) / 2 + z**2 / 2)


def log_score_log_normal(log_mean: ArrayLike, log_sd: ArrayLike, observed: ArrayLike) -> Numbers:
    r"""Log score of a log-normal forecast of y: that of ln y, and :math:`\ln y` more."""
    y = positive("observed", observed)
    return np.asarray(log_score_normal(log_mean, log_sd, np.log(y)) + np.log(y))


def interval_score(
    low: ArrayLike, high: ArrayLike, observed: ArrayLike, level: float = 0.95
) -> Numbers:
    r"""Interval score: :math:`(h - l) + \frac2\alpha\left[(l - y)_+ + (y - h)_+\right]`.

    :math:`\alpha = 1 - level`. A wide interval costs its width; a miss costs 40 times its distance
    at 95 %. Shapes broadcast.
    """
    a, b, y = _interval(low, high, observed)
    alpha = 1 - checked_level(level)
    miss = np.maximum(a - y, 0) + np.maximum(y - b, 0)
    return np.asarray(b - a + 2 / alpha * miss)


class Coverage(NamedTuple):
    """Share of observations inside, and the exact 95 % interval of that share."""

    share: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.share:.1%} of {self.n} (95 % interval {self.low:.1%} to {self.high:.1%})"


def coverage(low: ArrayLike, high: ArrayLike, observed: ArrayLike) -> Coverage:
    """Share of observations between ``low`` and ``high``, both included.

    The interval of the share is that of Clopper and Pearson: exact for independent observations.
    Samples of one patient are not independent; take it over patients or data sets.
    """
    from scipy.special import betaincinv

    a, b, y = np.broadcast_arrays(*_interval(low, high, observed))
    inside = (a <= y) & (y <= b)
    n, k = int(inside.size), int(inside.sum())
    if n == 0:
        raise LearnerError(
            given="no observation",
            expected="one observation or more",
            do="check that the table was filtered as you meant",
        )
    least = float(betaincinv(k, n - k + 1, 0.025)) if k else 0.0
    most = float(betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
    return Coverage(k / n, least, most, n)


def _interval(
    low: ArrayLike, high: ArrayLike, observed: ArrayLike
) -> tuple[Numbers, Numbers, Numbers]:
    # An interval without an end, 0 or infinity, covers what it covers.
    a, b = np.asarray(low, float), np.asarray(high, float)
    y = finite("observed", observed)
    if np.isnan(a).any() or np.isnan(b).any() or np.any(a > b):
        raise LearnerError(
            given="an interval whose low end is above its high end, or is NaN",
            expected="low at or below high",
            do="check the order of the two; leave out what has no interval",
        )
    return a, b, y


def pit(draws: ArrayLike, observed: ArrayLike) -> Numbers:
    """Probability integral transform: the share of draws below the observation, ties by half.

    ``draws`` (S, ...), ``observed`` (...), result (...) from 0 to 1. Over many forecasts it is
    uniform where they are calibrated; heaped at both ends where they are too narrow.
    """
    x, y = _draws(draws, observed)
    return np.asarray((x < y).mean(axis=0) + (x == y).mean(axis=0) / 2)


def pit_normal(mean: ArrayLike, sd: ArrayLike, observed: ArrayLike) -> Numbers:
    r"""PIT of a normal forecast: :math:`\Phi(z)`."""
    return np.asarray(_cdf(_standard(mean, sd, finite("observed", observed))[2]))


def pit_log_normal(log_mean: ArrayLike, log_sd: ArrayLike, observed: ArrayLike) -> Numbers:
    r"""PIT of a log-normal forecast: :math:`\Phi((\ln y - m)/s)`."""
    return pit_normal(log_mean, log_sd, np.log(positive("observed", observed)))


def plot_pit(values: ArrayLike, bins: int = 10) -> Any:
    """A histogram of PIT values with the band in which 95 % of its bars would fall: ``fig, ax``."""
    from scipy.stats import binom

    from cgtlearn import plot
    from cgtlearn.errors import inside

    v = inside("PIT values", np.ravel(finite("PIT values", values)), 0, 1)
    count = int(one_number("bins", bins, above=1.0))
    fig, ax = plot.figure()
    ax.hist(v, np.linspace(0, 1, count + 1), color=plot.BLUE, alpha=0.6)
    low, high = binom.ppf([0.025, 0.975], v.size, 1 / count)
    ax.axhspan(low, high, color=plot.ORANGE, alpha=0.3, label="95 % of bars, if calibrated")
    ax.axhline(v.size / count, color=plot.BLACK, ls="--")
    ax.set(xlabel="PIT (1)", ylabel="forecasts (number)")
    ax.set_ylim(top=1.25 * ax.get_ylim()[1])
    ax.legend()
    return fig, ax

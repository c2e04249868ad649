r"""How likely samples are, given a curve: log-normal error, and a limit of quantification.

A measured value :math:`y` around the curve :math:`f` has :math:`\ln y \sim N(\ln f, \sigma^2)`. A
value known only to lie below the limit contributes the probability of that,
:math:`\Phi((\ln LLOQ - \ln f)/\sigma)`. In the usual numbering this is M3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, one_number, positive, same_length
from cgtlearn.measure.limits import flags_for

__all__ = ["log_likelihood"]

Numbers = NDArray[np.float64]

HALF_LOG_2PI = math.log(2 * math.pi) / 2


def log_likelihood(
    values: ArrayLike,
    predicted: ArrayLike,
    *,
    residual_log_sd: float,
    lloq: float | None = None,
    censored: ArrayLike | None = None,
) -> float:
    r"""Log-likelihood of samples around a curve.

    Formula, with :math:`r = \ln y - \ln f` for measured and
    :math:`z = (\ln LLOQ - \ln f)/\sigma` for censored samples:

    .. math:: \sum_{measured} \left[-\ln\sigma - \tfrac12\ln 2\pi - \frac{r^2}{2\sigma^2}\right]
              + \sum_{censored} \ln\Phi(z)

    It is the density of ln(y); that of y itself differs by a constant, :math:`-\sum \ln y`.

    Parameters
    ----------
    values : (T,) measured values, above zero where they are not censored.
    predicted : (T,) the curve at the same times, above zero.
    residual_log_sd : σ, the SD of the natural logarithm of a measurement; above zero.
    lloq : the limit; values below it count as censored whatever their number.
    censored : (T,) flags, True below the limit; needs ``lloq``.

    Returns
    -------
    A float.

    Raises LearnerError for arrays that do not fit, values or predictions of zero or below, a flag
    without a limit.
    """
    same_length("values", np.asarray(values), "predicted", np.asarray(predicted))
    sigma = one_number("residual_log_sd", residual_log_sd, above=0.0)
    y, flags, log_limit = prepared(values, lloq, censored)
    log_f = np.log(positive("predicted", predicted, ndim=1))
    return float(total(y, log_f[None, :], flags, log_limit, sigma)[0])


def prepared(
    values: ArrayLike, lloq: float | None, censored: ArrayLike | None
) -> tuple[Numbers, NDArray[np.bool_], float]:
    """ln(values) with zero where censored, the flags, and ln(lloq) (NaN without a limit)."""
    from cgtlearn.errors import finite

    v = finite("values", values, ndim=1)
    flags = flags_for(v, lloq, censored)
    bad = (v <= 0) & ~flags
    if bad.any():
        i = int(np.argmax(bad))
        raise LearnerError(
            given=f"values[{i}] = {v[i]:g}",
            expected="measured values above zero: their logarithms are compared with the curve",
            do="if it means 'below the limit', pass lloq=...; then every value below it is treated "
            "as censored",
        )
    log_limit = math.log(lloq) if lloq is not None else math.nan
    return np.log(np.where(flags, 1.0, v)), flags, log_limit


def total(
    log_y: Numbers, log_f: Numbers, flags: NDArray[np.bool_], log_limit: float, sigma: Any
) -> Numbers:
    """The log-likelihood of K curves, ``log_f`` (K, T): (K,)."""
    from scipy.special import log_ndtr

    r = (log_y - log_f)[:, ~flags] / sigma
    z = (log_limit - log_f[:, flags]) / sigma
    each = -np.log(sigma) - HALF_LOG_2PI
    return np.asarray((each - r**2 / 2).sum(axis=1) + log_ndtr(z).sum(axis=1))


def hazard(z: Numbers) -> Numbers:
    """φ(z)/Φ(z), the slope of ln Φ, by way of erfcx, which holds where φ and Φ both vanish."""
    from scipy.special import erfcx

    return np.asarray(math.sqrt(2 / math.pi) / erfcx(-np.asarray(z) / math.sqrt(2)))

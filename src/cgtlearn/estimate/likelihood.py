r"""How likely samples are, given a curve: three models of error, and a limit of quantification.

A measured value :math:`y` around the curve :math:`f`, with :math:`\varepsilon \sim N(0, 1)`:

========================  =====================================  ==========================
``error="log"``           :math:`\ln y = \ln f + \sigma\varepsilon`  SD in natural logarithms
``error="additive"``      :math:`y = f + \sigma\varepsilon`          SD in the unit of the values
``error="proportional"``  :math:`y = f\,(1 + \sigma\varepsilon)`     SD as a share of the curve
========================  =====================================  ==========================

A value known only to lie below the limit contributes the probability of that. In the usual
numbering this is M3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, as_numbers, one_number, one_of, positive, same_length
from cgtlearn.measure.limits import flags_for

__all__ = ["ERRORS", "Samples", "log_likelihood"]

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

ERRORS = {
    "log": "ln y = ln f + SD × noise. The noise is a factor; no value is zero or below.",
    "additive": "y = f + SD × noise. The noise is as large at the end of a course as at its peak.",
    "proportional": "y = f (1 + SD × noise). The noise is a share of the curve.",
}
"""The models of error, and what each says."""

HALF_LOG_2PI = math.log(2 * math.pi) / 2
LOWEST_CURVE = {"log": 1e-300, "additive": -1e100, "proportional": 1e-100}
"""What stands for a curve that cannot be computed: as far from the data as can be squared."""


@dataclass(frozen=True)
class Samples:
    """Samples on the scale on which their error is normal: logarithms for ``error="log"``.

    ``y`` (T,) is 0 where a sample is censored or left out; ``measured`` and ``censored`` (T,) say
    which; ``limit`` is the LLOQ on that scale. ``spread`` (T,) is the SD of each sample relative to
    the others.
    """

    error: str
    y: Numbers
    measured: Flags
    censored: Flags
    limit: float
    spread: Numbers

    @property
    def n_measured(self) -> int:
        return int(self.measured.sum())

    def scaled(self, f: Numbers) -> Numbers:
        """The curve on the scale of ``y``."""
        lowest = LOWEST_CURVE[self.error]
        with np.errstate(invalid="ignore"):
            safe = np.where(np.isfinite(f) & (f > lowest), f, lowest)
        return np.log(safe) if self.error == "log" else safe

    def unscaled(self, g: Numbers) -> Numbers:
        """A curve on that scale as values."""
        return np.exp(g) if self.error == "log" else g

    def unit_sd(self, g: Numbers) -> Numbers:
        """SD of each sample for σ = 1, around a curve ``g`` (..., T)."""
        return self.spread * g if self.error == "proportional" else self.spread + 0 * g

    def log_likelihood(self, g: Numbers, sigma: Any) -> Numbers:
        """Of K curves ``g`` (K, T), each with its SD: (K,)."""
        from scipy.special import log_ndtr

        seen, below = self.measured, self.censored
        sd = np.reshape(sigma, (-1, 1)) * self.unit_sd(g)
        r = (self.y - g)[:, seen] / sd[:, seen]
        z = (self.limit - g[:, below]) / sd[:, below]
        each = -np.log(sd[:, seen]) - HALF_LOG_2PI - r**2 / 2
        return np.asarray(each.sum(axis=1) + log_ndtr(z).sum(axis=1))

    def slopes(self, g: Numbers, sigma: float) -> tuple[Numbers, float]:
        """Derivatives of the log-likelihood by each point of one curve (T,), and by ln σ."""
        sd = sigma * self.unit_sd(g)
        # d ln(sd) / dg: only a proportional error grows with the curve.
        growth = 1 / g if self.error == "proportional" else 0 * g
        r = np.where(self.measured, (self.y - g) / sd, 0.0)
        z = np.where(self.censored, (self.limit - g) / sd, 0.0)
        h = np.where(self.censored, hazard(z), 0.0)
        by_curve = np.where(self.measured, r / sd + (r**2 - 1) * growth, -h * (1 / sd + z * growth))
        by_curve = np.where(self.measured | self.censored, by_curve, 0.0)
        return by_curve, float((r**2).sum() - self.n_measured - (h * z).sum())

    def information(self, g: Numbers, sigma: float) -> Numbers:
        r"""Expected information of each sample about its point of the curve: (T,).

        Formula: :math:`1/sd^2` for a sample without a limit. With a limit at
        :math:`z = (LLOQ - g)/sd` a share of it is lost:
        :math:`\left[1 - \Phi(z) + z\varphi(z) + \varphi(z)^2/\Phi(z)\right] / sd^2`.
        """
        from scipy.special import ndtr

        sd = sigma * self.unit_sd(g)
        if math.isnan(self.limit):
            kept = np.ones_like(g)
        else:
            z = (self.limit - g) / sd
            density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
            kept = ndtr(-z) + density * (z + hazard(z))
        if self.error == "proportional":
            kept = kept + 2 * sigma**2 * self.spread**2  # its SD tells of the curve too
        return np.asarray(kept / sd**2)


def log_likelihood(
    values: ArrayLike,
    predicted: ArrayLike,
    *,
    residual_log_sd: float | None = None,
    residual_sd: float | None = None,
    error: str = "log",
    lloq: float | None = None,
    censored: ArrayLike | None = None,
) -> float:
    r"""Log-likelihood of samples around a curve.

    Formula, with :math:`r = \ln y - \ln f` for measured and
    :math:`z = (\ln LLOQ - \ln f)/\sigma` for censored samples:

    .. math:: \sum_{measured} \left[-\ln\sigma - \tfrac12\ln 2\pi - \frac{r^2}{2\sigma^2}\right]
              + \sum_{censored} \ln\Phi(z)

    For log-normal error it is the density of ln(y); that of y itself differs by a constant,
    :math:`-\sum \ln y`. The other two models of error stand in :data:`ERRORS`; theirs is the
    density of y, with r and z formed without logarithms and :math:`\sigma f` for σ where the error
    is proportional.

    Parameters
    ----------
    values : (T,) measured values; above zero where they are not censored and error is not additive.
    predicted : (T,) the curve at the same times, above zero (any number for additive error).
    residual_log_sd : σ, the SD of the natural logarithm of a measurement; above zero.
    residual_sd : σ for the other two: in the unit of the values, or as a share of the curve.
    error : "log", "additive" or "proportional".
    lloq : the limit; values below it count as censored whatever their number.
    censored : (T,) flags, True below the limit; needs ``lloq``.

    Returns
    -------
    A float.

    Raises LearnerError for arrays that do not fit, values or predictions of zero or below, a flag
    without a limit.
    """
    same_length("values", np.asarray(values), "predicted", np.asarray(predicted))
    sigma = known_sd(error, residual_log_sd, residual_sd)
    if sigma is None:
        raise LearnerError(
            given="no residual SD",
            expected="the SD of the error",
            do="give residual_log_sd=... for error='log', residual_sd=... for the others",
        )
    samples = prepared(values, lloq, censored, error)
    if error == "additive":
        f = as_numbers("predicted", predicted, ndim=1)
    else:
        f = positive("predicted", predicted, ndim=1)
    return float(samples.log_likelihood(samples.scaled(f)[None, :], sigma)[0])


def known_sd(error: str, residual_log_sd: float | None, residual_sd: float | None) -> float | None:
    """The SD that was given under the name that fits the error; None where none was."""
    one_of("error", error, ERRORS)
    right, wrong = ("residual_log_sd", "residual_sd")
    given, other = residual_log_sd, residual_sd
    if error != "log":
        right, wrong, given, other = wrong, right, other, given
    if other is not None:
        unit = {
            "log": "the SD of ln(value)",
            "additive": "an SD in the unit of the values",
            "proportional": "an SD as a share of the curve: 0.2 for 20 %",
        }[error]
        raise LearnerError(
            given=f"{wrong}= for error = {error!r}",
            expected=f"{right}=, {unit}",
            do=f"write {right}=..., or choose the error that your SD belongs to",
        )
    return None if given is None else one_number(right, given, above=0.0)


def prepared(
    values: ArrayLike,
    lloq: float | None,
    censored: ArrayLike | None,
    error: str = "log",
    spread: Numbers | None = None,
) -> Samples:
    """Checked values as :class:`Samples`, every one of them measured or censored."""
    from cgtlearn.errors import finite

    v = finite("values", values, ndim=1)
    flags = flags_for(v, lloq, censored)
    bad = (v <= 0) & ~flags & (error != "additive")
    if bad.any():
        i = int(np.argmax(bad))
        why = "their logarithms are compared with the curve"
        if error == "proportional":
            why = "their noise is a share of a curve that is positive"
        raise LearnerError(
            given=f"values[{i}] = {v[i]:g}",
            expected=f"measured values above zero: {why}",
            do="if it means 'below the limit', pass lloq=...; then every value below it is treated "
            "as censored",
        )
    y = np.where(flags, 1.0, v)
    limit = math.nan if lloq is None else float(lloq)
    if error == "log":
        y, limit = np.log(y), math.log(limit)
    return Samples(
        error,
        np.where(flags, 0.0, y),
        ~flags,
        flags,
        limit,
        np.ones(v.size) if spread is None else spread,
    )


def hazard(z: Numbers) -> Numbers:
    """φ(z)/Φ(z), the slope of ln Φ, by way of erfcx, which holds where φ and Φ both vanish."""
    from scipy.special import erfcx

    return np.asarray(math.sqrt(2 / math.pi) / erfcx(-np.asarray(z) / math.sqrt(2)))

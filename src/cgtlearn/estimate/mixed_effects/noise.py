r"""Residual error of a population model, with samples below the limit (M3).

On the scale where the error is normal, a measured value has :math:`Y \sim N(F, s^2)`:

=============  ============  =======================================
error          Y, F          s
=============  ============  =======================================
log            ln y, ln f    a, the ``residual_log_sd``
additive       y, f          a, the ``residual_sd``
proportional   y, f          b f, b the ``residual_cv``
combined       y, f          :math:`\sqrt{a^2 + b^2 f^2}`
=============  ============  =======================================

A sample below the limit contributes :math:`\ln\Phi((L - F)/s)`, L the limit on the same scale. The
density with "log" is that of ln(y).
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError
from cgtlearn.estimate.likelihood import HALF_LOG_2PI, hazard
from cgtlearn.estimate.mixed_effects.study import Study

__all__ = ["ERRORS", "Noise"]

Numbers = NDArray[np.float64]

ERRORS: dict[str, tuple[str, ...]] = {
    "log": ("residual_log_sd",),
    "additive": ("residual_sd",),
    "proportional": ("residual_cv",),
    "combined": ("residual_sd", "residual_cv"),
}
"""The kinds of residual error, and their parameters."""
FLOOR = 1e-300


class Noise:
    """The likelihood of a study's samples around curves f (..., N, T).

    ``e`` holds the error parameters, in the order of ``ERRORS[kind]``, in its last axis (..., k);
    its other axes are those of f before (N, T).
    """

    def __init__(self, kind: str, study: Study) -> None:
        self.kind = kind
        self.names = ERRORS[kind]
        self.taken, self.censored = study.taken, study.censored
        self.measured = study.taken & ~study.censored
        self.samples = study.samples
        level = np.where(study.censored, study.lloq, study.values)
        level = np.where(study.taken, level, 1.0)
        if kind == "log":
            bad = level <= 0
            if bad.any():
                i, j = np.argwhere(bad)[0]
                raise LearnerError(
                    given=f"the value {level[i, j]:g} of patient {study.patients[i]}, and an error "
                    "of ln(DV)",
                    expected="values above zero: their logarithms are compared with the curve",
                    do="if it means 'below the limit', flag it with CENS 1 and LLOQ; or choose "
                    'error="combined"',
                )
            level = np.log(level)
        self.level: Numbers = level
        self._index()

    def _index(self) -> None:
        self.below = np.flatnonzero(self.censored)
        self.padding = np.flatnonzero(~self.taken)

    def of(self, who: NDArray[np.intp]) -> Noise:
        """The likelihood of M patients, each by itself: curves are (..., M, 1, T)."""
        found = copy.copy(self)
        found.taken, found.censored = self.taken[who][:, None], self.censored[who][:, None]
        found.measured, found.level = self.measured[who][:, None], self.level[who][:, None]
        found._index()
        return found

    def scaled(self, f: Numbers) -> Numbers:
        """F: the curve on the scale of the error; NaN where there is none."""
        if self.kind != "log":
            return f
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(np.maximum(f, FLOOR))

    def sd(self, F: Numbers, e: Numbers) -> Numbers:
        """s, of a shape that fits F."""
        a = e[..., None, None, 0]
        if self.kind in ("log", "additive"):
            return np.asarray(a)
        if self.kind == "proportional":
            return np.asarray(a * np.maximum(np.abs(F), FLOOR))
        return np.sqrt(a**2 + (e[..., None, None, 1] * F) ** 2)

    def log_density(self, F: Numbers, e: Numbers) -> Numbers:
        """ln p of each patient's samples (..., N); minus infinity where the curve has no number."""
        from scipy.special import log_ndtr

        s = self.sd(F, e)
        z = (self.level - F) / s
        each = -0.5 * z * z
        each -= np.log(s) + HALF_LOG_2PI
        self._at(each, self.below, lambda i: log_ndtr(self._at(z, i)))
        if self.padding.size:
            self._at(each, self.padding, lambda i: 0.0)
        total = each.sum(axis=-1)
        return np.asarray(np.where(np.isnan(total), -np.inf, total))

    def _at(self, array: Numbers, index: NDArray[np.intp], value: Any = None) -> Any:
        """Entries of the samples' axes by their flat number; with ``value`` they are set."""
        flat = array.reshape(*array.shape[: array.ndim - self.level.ndim], -1)
        if value is None:
            return flat[..., index]
        if index.size:
            flat[..., index] = value(index)
        return None

    def slopes(self, F: Numbers, e: Numbers) -> tuple[Numbers, Numbers]:
        """Of each sample (..., N, T): d ln p / dF, and minus the second derivative by F.

        For a measured sample the second is its expectation,
        :math:`1/s^2 + 2 (s'/s)^2`, which is never negative; for a censored one it is exact for a
        constant s, :math:`h (z + h)/s^2` with :math:`h = \\phi(z)/\\Phi(z)`.
        """
        s = np.broadcast_to(self.sd(F, e), F.shape)
        z = (self.level - F) / s
        ds = self._sd_slope(F, s, e)
        first = (z + (z * z - 1) * ds) / s
        second = (1 + 2 * ds * ds) / (s * s)
        if self.below.size:
            here = self._at(z, self.below)
            h = hazard(here)
            sb, db = self._at(s, self.below), self._at(np.broadcast_to(ds, F.shape), self.below)
            self._at(first, self.below, lambda i: -h * (1 + here * db) / sb)
            self._at(second, self.below, lambda i: h * (here + h) * ((1 + here * db) / sb) ** 2)
        if self.padding.size:
            self._at(first, self.padding, lambda i: 0.0)
            self._at(second, self.padding, lambda i: 0.0)
        return first, second

    def _sd_slope(self, F: Numbers, s: Numbers, e: Numbers) -> Any:
        """ds/dF."""
        if self.kind in ("log", "additive"):
            return np.zeros(1)
        if self.kind == "proportional":
            return np.asarray(e[..., None, None, 0] * np.sign(F))
        return e[..., None, None, 1] ** 2 * F / s

    def squares(self, F: Numbers, e: Numbers) -> Numbers:
        r"""Expected z² of each sample, given the curve: :math:`1 - z h(z)` for a censored one."""
        z = (self.level - F) / self.sd(F, e)
        out = z * z
        if self.below.size:
            here = self._at(z, self.below)
            h = hazard(here)
            self._at(out, self.below, lambda i: 1 - here * h)
        if self.padding.size:
            self._at(out, self.padding, lambda i: 0.0)
        return np.asarray(out)

    def score(self, F: Numbers, e: Numbers) -> tuple[Numbers, Numbers]:
        """By the logarithms of the error parameters, for each patient: (..., N, k) d ln p, and
        (..., N, k, k) minus its second derivatives (expected ones for measured samples).
        """
        s = np.broadcast_to(self.sd(F, e), F.shape)
        if self.kind == "combined":
            a, b = e[..., None, None, 0], e[..., None, None, 1]
            shares = np.stack([(a / s) ** 2 + 0 * F, (b * F / s) ** 2], axis=-1)
        else:
            shares = np.ones((*F.shape, 1))
        shares = shares * self.taken[..., None]
        by_s = np.where(self.taken, self.squares(F, e) - 1, 0.0)
        curvature = np.where(self.measured, 2.0, 0.0)
        curvature = np.broadcast_to(curvature, F.shape)
        if self.below.size:
            curvature = curvature.copy()
            z = self._at((self.level - F) / s, self.below)
            h = hazard(z)
            # -d²lnΦ(z)/d(ln s)² with dz/d(ln s) = -z
            self._at(curvature, self.below, lambda i: h * (z * z * (z + h) - z))
        first = np.einsum("...t,...tk->...k", by_s, shares)
        second = np.einsum("...t,...tk,...tl->...kl", curvature, shares, shares)
        return first, second

    def start(self, spread: float, typical: float) -> Numbers:
        """Where a fit starts: an SD of ``spread``, in units of the values where it must be."""
        if self.kind in ("log", "proportional"):
            return np.array([spread])
        size = spread * typical
        return np.array([size]) if self.kind == "additive" else np.array([size, spread])


def normal_cdf(z: Any) -> Any:
    """Φ."""
    from scipy.special import ndtr

    return ndtr(z)


def half_width(level: float) -> float:
    """The normal quantile of a two-sided interval: 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


LOG_2PI = math.log(2 * math.pi)

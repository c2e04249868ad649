"""One patient's samples and a curve with free parameters, made ready for an optimiser.

Inside, a parameter on the log scale is its logarithm, one on the logit scale its logit: u. The
optimiser sees u alone.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.estimate.likelihood import Numbers, hazard, total
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population import courses

STEP = 1e-5
"""Half-width of the central difference in u, that is, a change of 0.001 % on a log scale."""
FLOOR = 1e-300
SMALLEST_SD = 1e-9
"""A residual SD below this is no noise at all: the curve goes through every sample."""


@dataclass(frozen=True)
class Free:
    """A free parameter: its name, scale, unit, start and range, in its own unit."""

    name: str
    scale: str
    unit: str
    start: float
    low: float
    high: float


def to_u(value: Any, scale: str) -> Any:
    """From a parameter to u."""
    with np.errstate(divide="ignore"):
        if scale == "log":
            return np.log(value)
        if scale == "logit":
            return np.log(value) - np.log1p(-np.asarray(value, float))
    return value


def from_u(u: Any, scale: str) -> Any:
    """From u to the parameter."""
    with np.errstate(over="ignore"):  # far along a flat direction
        if scale == "log":
            return np.exp(u)
        return 1 / (1 + np.exp(-u)) if scale == "logit" else u


FLAT = 1e-7
"""Eigenvalue of the scaled Hessian below which it is the noise of its differences (about 1e-8)."""


@dataclass(frozen=True)
class Best:
    """The best u for given data, its residual SD and log-likelihood."""

    u: Numbers
    sigma: float
    log_likelihood: float
    converged: bool


@dataclass
class Problem:
    """``curve`` gives (K, T) for K rows of u; ``sigma`` is None when unknown.

    ``slow`` curves go through the solver, and their slopes are one-sided while searching.
    """

    free: list[Free]
    curve: Callable[[Numbers], Numbers]
    log_y: Numbers
    flags: NDArray[np.bool_]
    log_limit: float
    sigma: float | None
    slow: bool = False

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):
            self.low = np.array([to_u(f.low, f.scale) for f in self.free], float)
            self.high = np.array([to_u(f.high, f.scale) for f in self.free], float)
        self.n_measured = int((~self.flags).sum())

    @property
    def freedom(self) -> float:
        """Measured samples less parameters; infinite where the noise is known."""
        return math.inf if self.sigma is not None else float(self.n_measured - len(self.free))

    def start(self) -> Numbers:
        return np.array([to_u(f.start, f.scale) for f in self.free], float)

    def values(self, u: Numbers) -> dict[str, Any]:
        return {f.name: from_u(u[..., i], f.scale) for i, f in enumerate(self.free)}

    def log_f(self, u: Numbers) -> Numbers:
        """The curve on the log scale for K rows of u: (K, T)."""
        f = self.curve(np.atleast_2d(u))
        with np.errstate(invalid="ignore"):
            # A curve that cannot be computed is as far from the data as one that is zero.
            return np.log(np.where(np.isfinite(f) & (f > FLOOR), f, FLOOR))

    def with_slopes(self, u: Numbers, exact: bool = True) -> tuple[Numbers, Numbers]:
        """ln f (T,) and its derivatives by u (T, p), by central differences."""
        p = u.size
        if self.slow and not exact:
            found = self.log_f(u + np.concatenate([np.zeros((1, p)), STEP * np.eye(p)]))
            return found[0], ((found[1:] - found[0]) / STEP).T
        shifts = np.concatenate([np.zeros((1, p)), STEP * np.eye(p), -STEP * np.eye(p)])
        found = self.log_f(u + shifts)
        return found[0], ((found[1 : p + 1] - found[p + 1 :]) / (2 * STEP)).T

    def log_likelihood(self, u: Numbers, sigma: float) -> float:
        return float(total(self.log_y, self.log_f(u), self.flags, self.log_limit, sigma)[0])

    def gradient(self, u: Numbers, sigma: float) -> Numbers:
        """Derivatives of the log-likelihood by u and by ln(sigma): (p + 1,)."""
        f, slopes = self.with_slopes(u)
        r = (self.log_y - f)[~self.flags] / sigma
        z = (self.log_limit - f[self.flags]) / sigma
        h = hazard(z)
        by_u = (r @ slopes[~self.flags] - h @ slopes[self.flags]) / sigma
        by_log_sigma = -self.n_measured + (r**2).sum() - (h * z).sum()
        return np.append(by_u, by_log_sigma)

    def best_sigma(self, u: Numbers) -> float:
        """The residual SD with the highest likelihood for this curve."""
        from scipy.optimize import brentq

        f = self.log_f(u)[0]
        r, d = (self.log_y - f)[~self.flags], self.log_limit - f[self.flags]
        if not d.size:
            return max(float(np.sqrt((r**2).mean())), SMALLEST_SD)

        def score(log_sigma: float) -> float:
            s = math.exp(log_sigma)
            z = d / s
            return float(-r.size + ((r / s) ** 2).sum() - (hazard(z) * z).sum())

        ends = math.log(SMALLEST_SD), math.log(1e3)
        if score(ends[0]) <= 0:
            return SMALLEST_SD
        return math.exp(brentq(score, *ends, xtol=1e-12))

    def least_squares(self, u: Numbers, sigma: float, hold: int | None) -> tuple[Numbers, bool]:
        """The best u for a known sigma; entry ``hold`` stays where it is.

        -2 ln L is a sum of squares: (r/sigma)² for a measured sample and -2 ln Φ(z), whose root
        is taken, for a censored one.
        """
        from scipy.optimize import least_squares
        from scipy.special import log_ndtr

        move = np.array([i != hold for i in range(u.size)])
        if not move.any():
            return u, True
        at = u.copy()
        flags = self.flags
        kept: dict[bytes, tuple[Numbers, Numbers]] = {}

        def both(x: Numbers) -> tuple[Numbers, Numbers]:
            key = x.tobytes()
            if key not in kept:
                at[move] = x
                kept.clear()
                kept[key] = self.with_slopes(at, exact=False)
            return kept[key]

        def misfit(x: Numbers) -> Numbers:
            f, _ = both(x)
            out = (self.log_y - f) / sigma
            out[flags] = np.sqrt(-2 * log_ndtr((self.log_limit - f[flags]) / sigma))
            return out

        def slope(x: Numbers) -> Numbers:
            f, slopes = both(x)
            factor = np.full(f.size, -1 / sigma)
            z = (self.log_limit - f[flags]) / sigma
            root = np.sqrt(-2 * log_ndtr(z))
            factor[flags] = np.where(root > 1e-10, hazard(z) / np.maximum(root, 1e-10), 0) / sigma
            return factor[:, None] * slopes[:, move]

        low, high = self.low[move], self.high[move]
        gap = np.where(np.isfinite(high - low), 1e-9 * (high - low), 1e-9)
        x0 = np.clip(u[move], low + gap, high - gap)
        found = least_squares(
            misfit, x0, slope, (low, high), "trf", ftol=1e-10, xtol=1e-8, gtol=1e-10, max_nfev=150
        )
        at[move] = found.x
        return at, bool(found.status > 0)

    def maximise(self, u: Numbers, hold: int | None = None) -> Best:
        """The highest likelihood from this start, over u and, when it is unknown, sigma."""
        if self.sigma is not None:
            u, done = self.least_squares(u, self.sigma, hold)
            return Best(u, self.sigma, self.log_likelihood(u, self.sigma), done)
        if not self.flags.any():
            # Without censored samples the best curve does not depend on sigma.
            u, done = self.least_squares(u, 1.0, hold)
            sigma = self.best_sigma(u)
            return Best(u, sigma, self.log_likelihood(u, sigma), done)
        sigma = self.best_sigma(u)
        for _ in range(100):
            u, done = self.least_squares(u, sigma, hold)
            new = self.best_sigma(u)
            settled = abs(math.log(new / sigma)) < 1e-5
            sigma = new
            if settled or sigma <= SMALLEST_SD:
                break
        return Best(u, sigma, self.log_likelihood(u, sigma), done and settled)

    def covariance(self, best: Best) -> Numbers:
        """Of u: the inverse of the Hessian of -ln L, sigma included; NaN where there is none.

        With an estimated sigma it is scaled by n / (n - p): maximum likelihood finds sigma too low.
        """
        p = best.u.size
        size = p + (self.sigma is None)
        step = 1e-4
        hessian = np.empty((size, size))
        for i in range(size):
            ends = []
            for sign in (1, -1):
                u, log_sigma = best.u.copy(), math.log(best.sigma)
                if i < p:
                    u[i] += sign * step
                else:
                    log_sigma += sign * step
                ends.append(self.gradient(u, math.exp(log_sigma))[:size])
            hessian[i] = -(ends[0] - ends[1]) / (2 * step)
        hessian = (hessian + hessian.T) / 2
        nothing = np.full((p, p), np.nan)
        if not np.isfinite(hessian).all():
            return nothing
        scale = np.sqrt(np.abs(np.diag(hessian)))
        if np.any(scale == 0):
            return nothing
        # Scaled, so that "flat" means flat and not "measured in large units".
        values = np.linalg.eigvalsh(hessian / np.outer(scale, scale))
        if values[0] < FLAT:
            return nothing
        lost = 1.0 if self.sigma is not None else self.n_measured / self.freedom
        return np.asarray(lost * np.linalg.inv(hessian)[:p, :p])


def model_curve(
    model: Model,
    held: Mapping[str, Any],
    free: list[Free],
    times: Numbers,
    output: str,
    course: Callable[[Any, Any], Any] | None,
) -> Callable[[Numbers], Numbers]:
    """K rows of u -> K curves of a model, through its closed form or through the solver."""

    def curve(u: Numbers) -> Numbers:
        values = dict(held)
        for i, f in enumerate(free):
            values[f.name] = from_u(u[:, i], f.scale)
        p = Parameters(model, {name: values[name] for name in model.parameters})
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # A failed try is a point that the optimiser leaves; only the result counts.
            warnings.simplefilter("ignore", RuntimeWarning)
            return courses(model, p, times, output=output, course=course)

    return curve


def written_curve(
    function: Callable[[Any, Any], Any],
    held: Mapping[str, float],
    free: list[Free],
    times: Numbers,
) -> Callable[[Numbers], Numbers]:
    """K rows of u -> K curves of a learner's own function (t, p), called once for each row."""

    def curve(u: Numbers) -> Numbers:
        rows = []
        with np.errstate(all="ignore"):
            for row in u:
                values = {f.name: float(from_u(row[i], f.scale)) for i, f in enumerate(free)}
                rows.append(np.asarray(function(times, SimpleNamespace(**held, **values)), float))
        return np.stack(rows)

    return curve

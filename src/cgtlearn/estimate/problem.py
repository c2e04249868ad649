"""One patient's samples and a curve with free parameters, made ready for an optimiser.

Inside, a parameter on the log scale is its logarithm, one on the logit scale its logit: u. The
optimiser sees u alone.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from cgtlearn.estimate.likelihood import Flags, Numbers, Samples, hazard
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population import courses

STEP = 1e-5
"""Half-width of the central difference in u, that is, a change of 0.001 % on a log scale."""
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
AT_A_KINK = 0.01
"""A climb that ends this close to a sample, in u, may have stalled at the kink there."""


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
    ``kinks`` names the parameters that are times at which the curve bends, such as a peak: entry of
    u -> u of the samples. The likelihood bends where such a time falls on a sample.
    """

    free: list[Free]
    curve: Callable[[Numbers], Numbers]
    samples: Samples
    sigma: float | None
    slow: bool = False
    kinks: dict[int, Numbers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):
            self.low = np.array([to_u(f.low, f.scale) for f in self.free], float)
            self.high = np.array([to_u(f.high, f.scale) for f in self.free], float)
        self.n_measured = self.samples.n_measured
        # Additive error has the unit of the values; the other two have none.
        self._largest = float(np.abs(self.samples.y).max(initial=0.0)) or 1.0
        self.size = self._largest if self.samples.error == "additive" else 1.0

    @property
    def smallest_sd(self) -> float:
        """An SD at or below this is no noise at all."""
        return SMALLEST_SD * self.size

    @property
    def freedom(self) -> float:
        """Measured samples less parameters; infinite where the noise is known."""
        return math.inf if self.sigma is not None else float(self.n_measured - len(self.free))

    def start(self) -> Numbers:
        return np.array([to_u(f.start, f.scale) for f in self.free], float)

    def values(self, u: Numbers) -> dict[str, Any]:
        return {f.name: from_u(u[..., i], f.scale) for i, f in enumerate(self.free)}

    def predicted(self, u: Numbers) -> Numbers:
        """The curve on the scale of the error, for K rows of u: (K, T)."""
        return self.samples.scaled(self.curve(np.atleast_2d(u)))

    def with_slopes(self, u: Numbers, exact: bool = True) -> tuple[Numbers, Numbers]:
        """The curve (T,) on the scale of the error, and its derivatives by u (T, p)."""
        p = u.size
        if self.slow and not exact:
            found = self.predicted(u + np.concatenate([np.zeros((1, p)), STEP * np.eye(p)]))
            return found[0], ((found[1:] - found[0]) / STEP).T
        shifts = np.concatenate([np.zeros((1, p)), STEP * np.eye(p), -STEP * np.eye(p)])
        found = self.predicted(u + shifts)
        return found[0], ((found[1 : p + 1] - found[p + 1 :]) / (2 * STEP)).T

    def log_likelihood(self, u: Numbers, sigma: float) -> float:
        return float(self.samples.log_likelihood(self.predicted(u), sigma)[0])

    def gradient(self, u: Numbers, sigma: float) -> Numbers:
        """Derivatives of the log-likelihood by u and by ln(sigma): (p + 1,)."""
        g, slopes = self.with_slopes(u)
        by_curve, by_log_sigma = self.samples.slopes(g, sigma)
        return np.append(by_curve @ slopes, by_log_sigma)

    def best_sigma(self, u: Numbers) -> float:
        """The residual SD with the highest likelihood for this curve."""
        from scipy.optimize import brentq

        s, g = self.samples, self.predicted(u)[0]
        unit = s.unit_sd(g)
        r = ((s.y - g) / unit)[s.measured]
        d = ((s.limit - g) / unit)[s.censored]
        if not d.size:
            return max(float(np.sqrt((r**2).mean())), self.smallest_sd)

        def score(log_sigma: float) -> float:
            sigma = math.exp(log_sigma)
            z = d / sigma
            return float(-r.size + ((r / sigma) ** 2).sum() - (hazard(z) * z).sum())

        ends = math.log(self.smallest_sd), math.log(1e3 * self.size)
        if score(ends[0]) <= 0:
            return self.smallest_sd
        while score(ends[1]) > 0:  # a curve far from the data
            ends = ends[1], ends[1] + 10
        return math.exp(brentq(score, *ends, xtol=1e-12))

    # --- climbing -----------------------------------------------------------------------------

    def maximise(self, u: Numbers, hold: int | None = None) -> Best:
        """The highest likelihood from this start, over u and, when it is unknown, sigma.

        Entry ``hold`` of u stays where it is.
        """
        move = np.array([i != hold for i in range(u.size)])
        best = self._climb(u, move, self.low, self.high)
        for i, knots in self.kinks.items():
            if move[i]:
                best = self._past_kinks(best, move, i, knots)
        return best

    def _climb(self, u: Numbers, move: Flags, low: Numbers, high: Numbers) -> Best:
        if self.samples.error == "proportional":
            return self._climb_with_sd(u, move, low, high)
        if self.sigma is not None:
            u, done = self.least_squares(u, self.sigma, move, low, high)
            return Best(u, self.sigma, self.log_likelihood(u, self.sigma), done)
        if not self.samples.censored.any():
            # Without censored samples the best curve does not depend on sigma.
            u, done = self.least_squares(u, self.size, move, low, high)
            sigma = self.best_sigma(u)
            return Best(u, sigma, self.log_likelihood(u, sigma), done)
        sigma = self.best_sigma(u)
        for _ in range(100):
            u, done = self.least_squares(u, sigma, move, low, high)
            new = self.best_sigma(u)
            settled = abs(math.log(new / sigma)) < 1e-5
            sigma = new
            if settled or sigma <= self.smallest_sd:
                break
        return Best(u, sigma, self.log_likelihood(u, sigma), done and settled)

    def least_squares(
        self, u: Numbers, sigma: float, move: Flags, low: Numbers, high: Numbers
    ) -> tuple[Numbers, bool]:
        """The best u for a known sigma, over the entries that ``move``.

        -2 ln L is a sum of squares: (r/sigma)² for a measured sample and -2 ln Φ(z), whose root
        is taken, for a censored one.
        """
        from scipy.optimize import least_squares
        from scipy.special import log_ndtr

        if not move.any():
            return u, True
        at = u.copy()
        s = self.samples
        below = s.censored
        counted = s.measured | below
        sd = sigma * s.spread
        kept: dict[bytes, tuple[Numbers, Numbers]] = {}

        def both(x: Numbers) -> tuple[Numbers, Numbers]:
            key = x.tobytes()
            if key not in kept:
                at[move] = x
                kept.clear()
                kept[key] = self.with_slopes(at, exact=False)
            return kept[key]

        def misfit(x: Numbers) -> Numbers:
            g, _ = both(x)
            out = (s.y - g) / sd
            out[below] = np.sqrt(-2 * log_ndtr(((s.limit - g) / sd)[below]))
            return out[counted]

        def slope(x: Numbers) -> Numbers:
            g, slopes = both(x)
            factor = -1 / sd
            z = ((s.limit - g) / sd)[below]
            root = np.sqrt(-2 * log_ndtr(z))
            factor[below] = (
                np.where(root > 1e-10, hazard(z) / np.maximum(root, 1e-10), 0) / sd[below]
            )
            return (factor[:, None] * slopes[:, move])[counted]

        found = least_squares(
            misfit, _within(u, move, low, high), slope, (low[move], high[move]), "trf",
            ftol=1e-10, xtol=1e-8, gtol=1e-10, max_nfev=150,
        )  # fmt: skip
        at[move] = found.x
        return at, bool(found.status > 0)

    def _climb_with_sd(self, u: Numbers, move: Flags, low: Numbers, high: Numbers) -> Best:
        """For an SD that grows with the curve: no longer a sum of squares.

        Squares relative to the data bring a far start near; BFGS goes on from there, over u and
        ln(sigma) together.
        """
        from scipy.optimize import minimize

        s = self.samples
        smallest = 1e-6 * self._largest if math.isnan(s.limit) else s.limit
        near = replace(s, error="additive", spread=np.maximum(np.abs(s.y), smallest))
        u, done = replace(self, samples=near).least_squares(u, 1.0, move, low, high)
        sigma = self.best_sigma(u) if self.sigma is None else self.sigma
        known = self.sigma is not None
        at = u.copy()

        def minus(x: Numbers) -> tuple[float, Numbers]:
            at[move] = x if known else x[:-1]
            sd = sigma if known else math.exp(x[-1])
            slope = self.gradient(at, sd)
            return -self.log_likelihood(at, sd), -slope[np.append(move, not known)]

        x0 = _within(u, move, low, high)
        limits = list(zip(low[move], high[move], strict=True))
        if not known:
            x0 = np.append(x0, math.log(sigma))
            limits.append((math.log(self.smallest_sd), 50.0))
        if x0.size:
            settings = {"ftol": 1e-14, "gtol": 1e-7, "maxiter": 500, "maxcor": 20}
            found = minimize(
                minus, x0, jac=True, bounds=limits, method="L-BFGS-B", options=settings
            )
            # An end of precision is an end: only running out of steps is not.
            done = found.status != 1
            at[move] = found.x if known else found.x[:-1]
        sigma = sigma if known else self.best_sigma(at)
        return Best(at.copy(), sigma, self.log_likelihood(at, sigma), done)

    def _past_kinks(self, best: Best, move: Flags, i: int, knots: Numbers) -> Best:
        """Climb on where ``best`` ended at a sample: to its left, to its right, and staying there.

        Within a gap between two samples the likelihood is smooth in the time u[i].
        """
        for _ in range(10):  # a step a gap
            nearest = int(np.argmin(np.abs(knots - best.u[i])))
            if abs(knots[nearest] - best.u[i]) > AT_A_KINK:
                return best
            knot = knots[nearest]
            tried = []
            for low, high in ((_before(knots, nearest), knot), (knot, _behind(knots, nearest))):
                lows, highs = self.low.copy(), self.high.copy()
                lows[i], highs[i] = max(low, lows[i]), min(high, highs[i])
                if highs[i] - lows[i] > 1e-6:
                    u = best.u.copy()
                    # A tenth into the gap, where the slopes are those of this side.
                    u[i] = knot + 0.1 * (highs[i] - knot if high > knot else lows[i] - knot)
                    tried.append(self._climb(np.clip(u, lows, highs), move, lows, highs))
            u, stay = best.u.copy(), move.copy()
            u[i], stay[i] = np.clip(knot, self.low[i], self.high[i]), False
            tried.append(self._climb(u, stay, self.low, self.high))
            found = max(tried, key=lambda e: e.log_likelihood)
            if found.log_likelihood < best.log_likelihood + 1e-6:
                return best if best.converged else replace(best, converged=found.converged)
            best = found
        return best

    def covariance(self, best: Best) -> Numbers:
        """Of u: the inverse of the Hessian of -ln L, sigma included; NaN where there is none.

        With an estimated sigma it is scaled by n / (n - p): maximum likelihood finds sigma too low.
        """
        hessian = self.hessian(best)
        p = best.u.size
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

    def hessian(self, best: Best) -> Numbers:
        """Of -ln L by u and, where it is estimated, ln(sigma): differences of the gradient."""
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
        return np.asarray((hessian + hessian.T) / 2)


def _within(u: Numbers, move: Flags, low: Numbers, high: Numbers) -> Numbers:
    """The moving entries of u, just inside their range."""
    low, high = low[move], high[move]
    gap = np.where(np.isfinite(high - low), 1e-9 * (high - low), 1e-9)
    return np.clip(u[move], low + gap, high - gap)


def _before(knots: Numbers, j: int) -> float:
    return float(knots[j - 1]) if j else -math.inf


def _behind(knots: Numbers, j: int) -> float:
    return float(knots[j + 1]) if j + 1 < knots.size else math.inf


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
            # Columns for a closed form, (K, 1), beside the times (T,).
            values[f.name] = from_u(u[:, i] if course is None else u[:, i : i + 1], f.scale)
        p = Parameters(model, {name: values[name] for name in model.parameters})
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # A failed try is a point that the optimiser leaves; only the result counts. Nor are
            # domains checked: a slope at the end of a domain looks a step beyond it.
            warnings.simplefilter("ignore", RuntimeWarning)
            if course is None:
                return courses(model, p, times, output=output)
            found = np.asarray(course(times, p), float)
            return np.broadcast_to(found, (u.shape[0], times.size))

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

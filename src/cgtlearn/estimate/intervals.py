"""Intervals of one patient's parameters: by profile likelihood, and by curvature."""

from __future__ import annotations

import math

import numpy as np

from cgtlearn.estimate.fit import Interval, quantile
from cgtlearn.estimate.likelihood import Numbers
from cgtlearn.estimate.problem import Best, Problem, from_u
from cgtlearn.population.progress import Progress

__all__ = ["by_hessian", "drop_at", "limit_of", "profiled"]

SAME = 0.01
"""Log-likelihoods closer than this are the same optimum."""
FARTHEST = 12.0
"""How far a profile is followed, in ln or logit, where a parameter has no bounds: 160,000-fold."""


class Better(Exception):
    """A profile came upon a point that is more likely than the optimum."""

    def __init__(self, best: Best) -> None:
        self.best = best


def profiled(
    problem: Problem, best: Best, level: float, bar: Progress
) -> tuple[Best, dict[str, Interval], bool]:
    """The optimum, which a profile may improve, the intervals, and whether all were found.

    An interrupt ends the search; what was found by then comes back.
    """
    found: dict[str, Interval] = {}
    for _ in range(5):
        try:
            steps = np.sqrt(np.diag(problem.covariance(best)))
            found = {}
            for i, f in enumerate(problem.free):
                ends = []
                for side in (-1, 1):
                    ends.append(limit_of(problem, best, i, side, float(steps[i]), level))
                    bar.add(1)
                value = float(from_u(best.u[i], f.scale))
                found[f.name] = Interval(value, *in_unit(ends, f.scale))
            return best, found, True
        except Better as better:
            best = problem.maximise(better.best.u)
        except KeyboardInterrupt:
            return best, found, False
    return best, {}, True


def drop_at(problem: Problem, level: float) -> float:
    r"""How far ln L falls along a profile up to the limit of an interval.

    Half the chi-square quantile where the SD is known; :math:`\tfrac n2\ln(1 + t^2/(n - p))`, exact
    for a straight line, where it is estimated from n measured samples.
    """
    t = quantile(level, problem.freedom)
    if problem.sigma is not None:
        return t**2 / 2
    return problem.n_measured / 2 * math.log1p(t**2 / problem.freedom)


def in_unit(limits: list[float], scale: str) -> tuple[float, float]:
    """Two limits in u as limits of the parameter; infinite ones as the ends of its scale."""
    with np.errstate(over="ignore"):
        low, high = (float(from_u(x, scale)) if math.isfinite(x) else x for x in limits)
    nothing = {"log": (0.0, math.inf), "logit": (0.0, 1.0), "linear": (-math.inf, math.inf)}[scale]
    return (
        nothing[0] if limits[0] == -math.inf else low,
        nothing[1] if limits[1] == math.inf else high,
    )


def limit_of(problem: Problem, best: Best, i: int, side: int, step: float, level: float) -> float:
    """Where the profile of parameter i has dropped far enough; ±infinity where it never does."""
    from scipy.optimize import brentq

    # The root of a profile is nearly a straight line: its crossing is found in a few steps.
    root = math.sqrt(2 * drop_at(problem, level))
    edge = float((problem.low if side < 0 else problem.high)[i])
    step = min(max(1.05 * root * step, 1e-4), 1.5) if math.isfinite(step) else 0.5
    last = [best]

    def ended(at: Numbers, x: float) -> tuple[Best, float]:
        u = at.copy()
        u[i] = x
        found = problem.maximise(u, hold=i)
        gap = best.log_likelihood - found.log_likelihood
        if gap < -SAME / 2:
            raise Better(found)
        return found, math.sqrt(2 * max(gap, 0.0)) - root

    def excess(x: float) -> float:
        # From where the last point ended; and, before the drop is believed, from the optimum.
        found, over = ended(last[0].u, x)
        if over > 0 and last[0] is not best:
            found, over = min((found, over), ended(best.u, x), key=lambda e: e[1])
        last[0] = found
        return over

    inner, outer = float(best.u[i]), float(best.u[i])
    while True:
        outer = inner + side * step
        at_edge = side * (outer - edge) >= 0
        if at_edge:
            outer = edge
        if abs(outer - best.u[i]) > FARTHEST and not at_edge:
            return side * math.inf
        if excess(outer) >= 0:
            break
        if at_edge:
            return side * math.inf
        inner, step = outer, 1.5 * step
    width = abs(outer - float(best.u[i]))
    known = {inner: -root} if inner == best.u[i] else {}
    return float(brentq(lambda x: known.get(x) or excess(x), inner, outer, xtol=1e-4 * width))


def by_hessian(
    problem: Problem, best: Best, covariance: Numbers, level: float
) -> dict[str, Interval]:
    """Intervals from the curvature at the optimum, symmetric on each parameter's scale."""
    half = quantile(level, problem.freedom) * np.sqrt(np.diag(covariance))
    return {
        f.name: Interval(*(float(from_u(x, f.scale)) for x in (u, u - h, u + h)))
        for f, u, h in zip(problem.free, best.u, half, strict=True)
    }

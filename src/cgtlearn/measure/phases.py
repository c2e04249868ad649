"""Doubling time, lag and half-lives: straight lines through logarithms.

A population of cells that doubles at a constant rate, or dies at one, is a straight line of
ln(value) against time.  Each function here chooses points, draws such lines by least squares, and
returns what it used beside what it found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LearnerError, Numbers, finite, one_number, one_of
from .curves import nothing_measured, one_curve, quantifiable

TIE = 1e-4
"""Adjusted R² closer than this counts as equal, and the fit to more points wins."""

LN2 = float(np.log(2.0))


# --- one straight line -------------------------------------------------------------------------


def _line(t: Numbers, y: Numbers) -> tuple[float, float, float]:
    """Least squares y = intercept + slope t: slope, intercept, adjusted R² (nan below 3 points)."""
    centre, mean = t.mean(), y.mean()
    slope = float(((t - centre) * (y - mean)).sum() / ((t - centre) ** 2).sum())
    intercept = float(mean - slope * centre)
    scatter = float(((y - mean) ** 2).sum())
    if t.size < 3 or scatter == 0:
        return slope, intercept, float("nan")
    r2 = 1 - float(((y - intercept - slope * t) ** 2).sum()) / scatter
    return slope, intercept, 1 - (1 - r2) * (t.size - 1) / (t.size - 2)


def _falls(slope: float, t: Numbers) -> bool:
    """A fall that is more than rounding error over the time that was seen."""
    return slope * float(t[-1] - t[0]) < -1e-9


# --- terminal half-life ------------------------------------------------------------------------


@dataclass(frozen=True)
class TerminalPhase:
    """What :func:`terminal_half_life` found, and from which points.

    half_life (time), rate (1/time), intercept (value that the line has at time 0), times (the
    points used), adjusted_r2, span (half-lives between the first and the last point used), note
    (empty, or why to read the number with care).
    """

    half_life: float
    rate: float
    intercept: float
    times: Numbers = field(repr=False)
    adjusted_r2: float
    span: float
    note: str = ""


def terminal_half_life(
    times: ArrayLike,
    values: ArrayLike,
    points: int | Sequence[float] | NDArray[np.float64] | None = None,
    min_points: int = 3,
    lloq: float | None = None,
) -> TerminalPhase:
    r"""Terminal half-life from a straight line through the last logarithms.

    Formula: :math:`\ln c = \ln c_0 - \lambda_z t`, :math:`t_{1/2} = \ln 2 / \lambda_z`.

    Which points.  Candidates are measured values (above zero, not below ``lloq``) after the peak;
    the peak itself is left out.  For k from ``min_points`` to all of them, a line goes through the
    last k.  Lines that do not fall are discarded.  The best adjusted R² wins; among those within
    0.0001 of it, the one with most points.  Adjusted R² is
    :math:`1-(1-R^2)(n-1)/(n-2)`.  This is the usual textbook rule.

    The rule looks at the fit, not at biology: if follow-up ends while the first, fast phase still
    shows, it reports a half-life between the two phases.  ``note`` says when the points span less
    than two half-lives or when adjusted R² is below 0.8.

    Parameters
    ----------
    times : (T,), rising.
    values : (T,), zero or above.
    points : None for the rule above; a whole number k for the last k candidates; or the times of
        the points to use, which must be sampling times after the peak.
    min_points : fewest points for a line, three or more.
    lloq : lower limit of quantification, in the unit of ``values``.  Values below it are left out.

    Returns
    -------
    TerminalPhase.  It does not change when all values are multiplied by a constant.

    Raises
    ------
    LearnerError : bad arrays, too few points after the peak, a tail that does not fall, points that
        are not sampling times.
    """
    t, v = one_curve(times, values)
    if int(min_points) != min_points or min_points < 3:
        raise LearnerError(
            given=f"min_points = {min_points}",
            expected="three or more; two points always lie on a line and show nothing about fit",
            do="use min_points=3, or take more samples late",
        )
    measured = quantifiable(v, lloq)
    if not measured.any():
        raise nothing_measured(lloq)
    peak = int(v.argmax())
    candidate = measured & (np.arange(t.size) > peak)
    if points is None or isinstance(points, (int, np.integer)):
        tail_t, tail_y = t[candidate], np.log(v[candidate])
        wanted = int(min_points) if points is None else int(points)
        if wanted < min_points or tail_t.size < wanted:
            raise LearnerError(
                given=f"{tail_t.size} measured value{'s' if tail_t.size != 1 else ''} after the "
                f"peak at {t[peak]:g}" + ("" if points is None else f", and points = {points}"),
                expected=f"at least {max(int(min_points), wanted)} of them"
                if wanted >= min_points
                else f"points of at least min_points = {min_points}",
                do="take more late samples, or report that a half-life cannot be told",
            )
        counts = range(wanted, tail_t.size + 1) if points is None else [wanted]
        fits = [(k, *_line(tail_t[-k:], tail_y[-k:])) for k in counts]
        fits = [f for f in fits if _falls(f[1], tail_t[-f[0] :])]
        if not fits:
            raise _not_falling(tail_t[-wanted:], v[candidate][-wanted:])
        best = max(f[3] for f in fits)
        k, slope, intercept, r2 = max((f for f in fits if f[3] >= best - TIE), key=lambda f: f[0])
        used = tail_t[-k:]
    else:
        used = _chosen(t, candidate, points, float(t[peak]), int(min_points))
        chosen = np.isin(t, used)
        slope, intercept, r2 = _line(used, np.log(v[chosen]))
        if not _falls(slope, used):
            raise _not_falling(used, v[chosen])
    half_life = LN2 / -slope
    span = float(used[-1] - used[0]) / half_life
    cautions = []
    if span < 2:
        cautions.append(f"the points span {span:.2g} half-lives, fewer than two")
    if r2 < 0.8:
        cautions.append(f"adjusted R² is {r2:.2f}, below 0.8")
    with np.errstate(over="ignore"):  # a steep line of a late tail may leave the range of numbers
        at_zero = float(np.exp(intercept))
    return TerminalPhase(half_life, -slope, at_zero, used, r2, span, "; ".join(cautions))


def _chosen(
    t: Numbers, candidate: NDArray[np.bool_], points: ArrayLike, peak: float, min_points: int
) -> Numbers:
    wanted = np.unique(finite("points", points, ndim=1))
    unusable = wanted[~np.isin(wanted, t[candidate])]
    if unusable.size:
        raise LearnerError(
            given=f"points at {', '.join(f'{x:g}' for x in unusable)}",
            expected=f"sampling times after the peak at {peak:g} with measured values: "
            + (", ".join(f"{x:g}" for x in t[candidate][:12]) or "there are none"),
            do="choose among these times",
        )
    if wanted.size < min_points:
        raise LearnerError(
            given=f"{wanted.size} points",
            expected=f"at least {min_points}",
            do="choose more points on the last straight stretch",
        )
    return wanted


def _not_falling(t: Numbers, v: Numbers) -> LearnerError:
    return LearnerError(
        given=f"a tail that goes from {v[0]:g} at {t[0]:g} to {v[-1]:g} at {t[-1]:g} "
        "without falling on the whole",
        expected="values that fall after the peak; a rising or flat tail has no half-life",
        do="look at the curve: a late rise may be a second expansion, noise near the limit, or "
        "LLOQ put in for missing values. Choose points= on a falling stretch, or report none",
    )


# --- the rise ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rise:
    """What :func:`rise` found: doubling_time, rate (1/time), lag (time at which growth starts, or
    None when no lag was asked for), start_value (height of the flat part; without a lag, the line
    at the first time used), times (the points used) and log_sd, the residual SD of ln(value), nan
    when there are no more points than parameters.
    """

    doubling_time: float
    rate: float
    lag: float | None
    start_value: float
    times: Numbers = field(repr=False)
    log_sd: float


def rise(
    times: ArrayLike,
    values: ArrayLike,
    start: float | None = None,
    end: float | None = None,
    lloq: float | None = None,
    lag: bool = False,
) -> Rise:
    r"""The exponential rise, by least squares on logarithms, with or without a lag before it.

    Formula: :math:`\ln c = a + r\,t`, or with a lag
    :math:`\ln c = a + r\,\max(t - t_{lag}, 0)`; doubling time :math:`\ln 2 / r`.

    Which points.  Measured values from ``start`` to ``end``.  Without ``start``: from the first
    measured value.  Without ``end``: up to the sample before the peak.  The peak is left out, since
    the true peak may lie before it, and then the fall is already in it.

    The lag is found exactly: for each way to split the points, a level through the first and a line
    through the rest meet at a lag; the best of these and of the sampling times themselves wins.

    Parameters
    ----------
    times : (T,), rising.
    values : (T,), zero or above.
    start, end : first and last time to use, in the unit of ``times``; both included.
    lloq : lower limit of quantification; values below it are left out.
    lag : whether to look for a flat stretch before the growth.  It needs measured values there:
        a lag below the limit cannot be told from a low start.

    Returns
    -------
    Rise.

    Raises
    ------
    LearnerError : bad arrays, fewer than 2 points (4 with a lag), values that do not rise, no lag
        where one was asked for.
    """
    t, v = one_curve(times, values)
    measured = quantifiable(v, lloq)
    if not measured.any():
        raise nothing_measured(lloq)
    peak = int(v.argmax())
    use = measured.copy()
    if start is not None:
        use &= t >= one_number("start", start)
    use &= np.arange(t.size) < peak if end is None else t <= one_number("end", end)
    needed = 4 if lag else 2
    if use.sum() < needed:
        raise LearnerError(
            given=f"{int(use.sum())} measured value{'s' if use.sum() != 1 else ''} on the rise "
            f"(peak at {t[peak]:g})",
            expected=f"at least {needed}" + (" to tell a lag from growth" if lag else ""),
            do="sample earlier and more often; or set end= to include the peak, if you know that "
            "growth had not ended there",
        )
    t, y = t[use], np.log(v[use])
    if lag:
        rate, level, begin = _hinge(t, y)
    else:
        rate, level, _ = _line(t, y)
        begin = None
    if not rate * (t[-1] - t[0]) > 1e-9:
        raise LearnerError(
            given=f"values that go from {np.exp(y[0]):g} at {t[0]:g} to {np.exp(y[-1]):g} "
            f"at {t[-1]:g}",
            expected="values that rise; without a rise there is no doubling time",
            do="set start= and end= around the rise",
        )
    if begin is not None and begin <= t[0]:
        raise LearnerError(
            given=f"values that rise from the first point, at {t[0]:g}",
            expected="a flat stretch before the growth",
            do="there is no sign of a lag in these points: use lag=False for the doubling time",
        )
    fitted = level + rate * (t if begin is None else np.maximum(t - begin, 0))
    freedom = t.size - (2 if begin is None else 3)
    log_sd = float(np.sqrt(((y - fitted) ** 2).sum() / freedom)) if freedom else float("nan")
    return Rise(LN2 / rate, rate, begin, float(np.exp(fitted[0])), t, log_sd)


def _hinge(t: Numbers, y: Numbers) -> tuple[float, float, float]:
    """Least squares y = level + rate max(t - lag, 0): rate, level, lag.

    Between two sampling times the best lag makes the level and the line free of one another, so
    each split has a closed form; the optimum is one of these or sits on a sampling time.
    """
    found = []

    def keep(rate: float, level: float, lag: float) -> None:
        misfit = float(((y - level - rate * np.maximum(t - lag, 0)) ** 2).sum())
        found.append((misfit, lag, rate, level))

    for lag in t[:-1]:
        rate, level, _ = _line(np.maximum(t - lag, 0), y)
        keep(rate, level, float(lag))
    for k in range(1, t.size - 1):
        level = float(y[:k].mean())
        rate, intercept, _ = _line(t[k:], y[k:])
        if rate > 0 and t[k - 1] <= (level - intercept) / rate <= t[k]:
            keep(rate, level, (level - intercept) / rate)
    smallest = min(misfit for misfit, *_ in found)
    # Equal fits: the earliest lag, so that a plain line shows no lag at all.
    slack = 1e-12 * max(float(((y - y.mean()) ** 2).sum()), 1e-12)
    _, lag, rate, level = min((f for f in found if f[0] <= smallest + slack), key=lambda f: f[1])
    return rate, level, lag


def doubling_time(
    times: ArrayLike,
    values: ArrayLike,
    start: float | None = None,
    end: float | None = None,
    lloq: float | None = None,
    lag: bool = False,
) -> float:
    r"""Doubling time on the rise, :math:`\ln 2 / r`, in the unit of ``times``.

    Points, arguments and errors are those of :func:`rise`, which also tells what was used.
    """
    return rise(times, values, start, end, lloq, lag).doubling_time


def lag_time(
    times: ArrayLike,
    values: ArrayLike,
    start: float | None = None,
    end: float | None = None,
    lloq: float | None = None,
) -> float:
    """The time at which growth starts after a flat stretch, in the unit of ``times``.

    Points, arguments and errors are those of :func:`rise` with ``lag=True``.
    """
    found = rise(times, values, start, end, lloq, lag=True).lag
    assert found is not None  # rise(lag=True) returns a lag or raises
    return found


# --- two phases of decline ---------------------------------------------------------------------


@dataclass(frozen=True)
class HalfLives:
    """What :func:`half_lives` found: initial and terminal half-life, terminal_share (share of the
    value at ``peak`` that belongs to the slow phase, extrapolated back), start_value (fitted value
    at ``peak``), peak (time from which the decline was fitted), times (the points used), log_sd
    (residual SD of ln(value)) and method.
    """

    initial: float
    terminal: float
    terminal_share: float
    start_value: float
    peak: float
    times: Numbers = field(repr=False)
    log_sd: float
    method: str


def half_lives(
    times: ArrayLike,
    values: ArrayLike,
    peak: float | None = None,
    lloq: float | None = None,
    method: str = "least squares",
) -> HalfLives:
    r"""Initial and terminal half-life of a decline in two phases.

    Formula: from the peak on, :math:`c = A e^{-\alpha \tau} + B e^{-\beta \tau}` with
    :math:`\tau = t - t_{peak}` and :math:`\alpha > \beta`; half-lives :math:`\ln 2/\alpha` and
    :math:`\ln 2/\beta`; share of the slow phase :math:`B/(A+B)`.

    ``method="stripping"`` is the paper-and-ruler way: a line through the last logarithms gives B
    and β; what it leaves of the earlier points gives A and α.  Every split into earlier and later
    points is tried, and the one with the smallest misfit of logarithms is kept.
    ``method="least squares"`` (the default) starts from there and minimises that misfit over all
    four parameters at once.

    Parameters
    ----------
    times : (T,), rising.
    values : (T,), zero or above.
    peak : time from which to fit, in the unit of ``times``; None for the sampled peak.
    lloq : lower limit of quantification; values below it are left out.  That makes the terminal
        half-life too long when many are missing: a fit by likelihood does better.
    method : 'least squares' or 'stripping'.

    Returns
    -------
    HalfLives.

    Raises
    ------
    LearnerError : bad arrays, fewer than 5 measured values from the peak on, a tail that does not
        fall, or a decline that one phase describes as well (by BIC).
    """
    one_of("method", method, ("least squares", "stripping"))
    t, v = one_curve(times, values)
    measured = quantifiable(v, lloq)
    if not measured.any():
        raise nothing_measured(lloq)
    origin = float(t[v.argmax()]) if peak is None else one_number("peak", peak)
    use = measured & (t >= origin)
    if use.sum() < 5:
        raise LearnerError(
            given=f"{int(use.sum())} measured value{'s' if use.sum() != 1 else ''} "
            f"from the peak at {origin:g} on",
            expected="at least 5: two phases have four parameters",
            do="take more samples after the peak, or use terminal_half_life for one phase",
        )
    tau, y = t[use] - origin, np.log(v[use])
    slope, level, _ = _line(tau, y)
    one_phase = float(((y - level - slope * tau) ** 2).sum())

    starts = _strip(tau, y)
    if not starts:
        if not _falls(slope, tau):
            raise _not_falling(t[use], v[use])
        raise _one_phase(t[use])
    if method == "stripping":
        best = min(starts, key=lambda q: _misfit(q, tau, y))
    else:
        # A handful of starts, spread over the splits, guards against a poor local optimum.
        picked = starts[:: max(1, len(starts) // 8)]
        best = min((_refine(q, tau, y) for q in picked), key=lambda q: _misfit(q, tau, y))
    two_phases = _misfit(best, tau, y)
    n, floor = tau.size, 1e-20
    gain = n * np.log(max(one_phase, floor) / max(two_phases, floor))
    log_a, log_b, alpha, beta = _unpack(best)
    if gain <= 2 * np.log(n) or alpha < 1.05 * beta:  # two parameters more, by BIC
        raise _not_falling(t[use], v[use]) if not _falls(slope, tau) else _one_phase(t[use])
    if beta * tau[-1] < 1e-3:
        raise LearnerError(
            given=f"a slow phase that falls by less than 0.1 % from {origin:g} to {t[use][-1]:g}",
            expected="a tail that falls measurably; a flat or rising tail has no half-life",
            do="follow the curve for longer, or report only the initial half-life",
        )
    total = np.logaddexp(log_a, log_b)
    freedom = n - 4
    return HalfLives(
        initial=LN2 / alpha,
        terminal=LN2 / beta,
        terminal_share=float(np.exp(log_b - total)),
        start_value=float(np.exp(total)),
        peak=origin,
        times=t[use],
        log_sd=float(np.sqrt(two_phases / freedom)),
        method=method,
    )


def _one_phase(t: Numbers) -> LearnerError:
    return LearnerError(
        given=f"a decline from {t[0]:g} to {t[-1]:g} that one phase describes as well as two",
        expected="a curve that bends on a log axis: first steep, then flat",
        do="use terminal_half_life, or follow the curve for longer",
    )


def _unpack(q: Numbers) -> tuple[float, float, float, float]:
    """ln A, ln B, alpha, beta from the parameters fitted: ln A, ln B, ln(alpha - beta), ln beta.

    The difference as a logarithm keeps alpha above beta and both above zero.
    """
    beta = float(np.exp(q[3]))
    return float(q[0]), float(q[1]), float(np.exp(q[2])) + beta, beta


def _model(q: Numbers, tau: Numbers) -> tuple[Numbers, Numbers]:
    """ln c and its derivatives (n, 4) by the parameters fitted."""
    log_a, log_b, alpha, beta = _unpack(q)
    fast, slow = log_a - alpha * tau, log_b - beta * tau
    y = np.logaddexp(fast, slow)
    share = np.exp(fast - y)
    by_difference = -share * tau * (alpha - beta)
    by_beta = -tau * beta
    return y, np.stack([share, 1 - share, by_difference, by_beta], axis=1)


def _misfit(q: Numbers, tau: Numbers, y: Numbers) -> float:
    return float(((y - _model(q, tau)[0]) ** 2).sum())


def _strip(tau: Numbers, y: Numbers) -> list[Numbers]:
    """Curve stripping for every split that works: parameters as in :func:`_unpack`."""
    found = []
    for first in range(2, tau.size - 1):
        slope, log_b, _ = _line(tau[first:], y[first:])
        if not _falls(slope, tau[first:]):
            continue
        early = tau[:first]
        left = np.exp(y[:first]) - np.exp(log_b + slope * early)
        ok = left > 0
        if ok.sum() < 2:
            continue
        steep, log_a, _ = _line(early[ok], np.log(left[ok]))
        if steep < slope:
            found.append(np.array([log_a, log_b, np.log(slope - steep), np.log(-slope)]))
    return found


def _refine(q: Numbers, tau: Numbers, y: Numbers) -> Numbers:
    """Least squares by Levenberg and Marquardt's damped Gauss-Newton steps."""
    damping, best = 1e-3, _misfit(q, tau, y)
    for _ in range(200):
        fitted, slope = _model(q, tau)
        normal, downhill = slope.T @ slope, slope.T @ (y - fitted)
        scaled = normal + damping * np.diag(np.diag(normal) + 1e-12)
        step = np.clip(np.linalg.solve(scaled, downhill), -2.0, 2.0)
        misfit = _misfit(q + step, tau, y)
        if misfit < best:
            gained, q, best = best - misfit, q + step, misfit
            damping = max(damping / 10, 1e-12)
            if gained <= 1e-15 * best or np.abs(step).max() < 1e-10:
                break
        else:
            damping *= 10
            if damping > 1e10:
                break
    return q

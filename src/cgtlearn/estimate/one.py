"""Fit one patient's samples: maximum likelihood, several starts, profile intervals, warnings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cgtlearn import ledger
from cgtlearn.errors import (
    LearnerError,
    finite,
    inside,
    one_number,
    one_of,
    same_length,
    short,
    sorted_times,
    unknown_name,
)
from cgtlearn.estimate.likelihood import Numbers, prepared
from cgtlearn.estimate.problem import (
    SMALLEST_SD,
    Best,
    Free,
    Problem,
    from_u,
    model_curve,
    written_curve,
)
from cgtlearn.models.contract import Model
from cgtlearn.population.patients import checked_seed, stream

__all__ = ["BLQ", "Fit", "Interval", "Start", "fit_one"]

BLQ = {
    "M3": "A censored sample contributes the probability of lying below the limit.",
    "drop": "Censored samples are left out, which is M1. What is left is too high late in the "
    "course, and a half-life comes out too long.",
    "half": "LLOQ/2 stands for a censored sample, as if it had been measured.",
    "limit": "LLOQ stands for a censored sample, as if it had been measured.",
}
"""What is done with samples below the limit of quantification. M3 is right; the rest shows why."""

SPREAD_OF_STARTS = 0.7
"""SD of a random start around the first one, in ln or logit."""
SAME = 0.01
"""Log-likelihoods closer than this are the same optimum."""
FARTHEST = 12.0
"""How far a profile is followed, in ln or logit, where a parameter has no bounds: 160,000-fold."""


class Interval(NamedTuple):
    """A value between two limits. A limit of 0 or infinity means that none was found."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_digits(self.value)} ({_limits(self)})"


class Start(NamedTuple):
    """One start of the optimiser: where it ended, and how likely the samples are there."""

    log_likelihood: float
    estimates: dict[str, float]
    reached: bool


@dataclass(frozen=True)
class Fit:
    """What :func:`fit_one` found. ``print(fit)`` shows :meth:`summary`.

    ``estimates`` and ``intervals`` are by parameter, in its unit. ``residual_log_sd`` is the SD
    of ln(value) around the curve, estimated by maximum likelihood (divided by n) unless
    ``residual_known``; ``freedom`` are the measured samples less the parameters. ``status`` is
    'converged' or says what went wrong. ``warnings`` are the reasons to read the result with care,
    and a summary shows them all.
    """

    name: str
    estimates: dict[str, float]
    intervals: dict[str, Interval]
    level: float
    method: str
    held: dict[str, float]
    units: dict[str, str]
    residual_log_sd: float
    residual_known: bool
    freedom: float
    log_likelihood: float
    n: int
    n_censored: int
    lloq: float | None
    blq: str
    status: str
    warnings: tuple[str, ...]
    starts: tuple[Start, ...] = field(repr=False)
    covariance: Numbers = field(repr=False)
    _scales: tuple[str, ...] = field(repr=False)
    _curve: Callable[[dict[str, float], Numbers], Numbers] = field(repr=False)

    @property
    def ok(self) -> bool:
        """True when the optimiser converged and nothing needs care."""
        return self.status == "converged" and not self.warnings

    def __getitem__(self, name: str) -> float:
        if name not in self.estimates:
            raise unknown_name(name, self.estimates, "estimated parameter")
        return self.estimates[name]

    def curve(self, times: ArrayLike) -> Numbers:
        """The fitted curve at ``times`` (T,): (T,), in the unit of the values."""
        return self._curve(self.estimates, sorted_times("times", times, strictly=False))

    def derived(self, function: Callable[[Any], float], level: float | None = None) -> Interval:
        r"""A quantity computed from the parameters, with its interval by the delta method.

        ``function(p)`` takes parameters by attribute, such as
        ``lambda p: np.log(2) * p.tmax / np.log(p.fold_expansion)``. For a positive result the
        interval is symmetric on the log scale:
        :math:`\ln g \pm t\sqrt{\nabla \ln g^T\, C\, \nabla \ln g}`, C the covariance of the
        estimates on their own scales and t the quantile of Student's distribution (of the normal
        where the noise is known). It is NaN where the Hessian has no inverse.
        """
        chosen = self.level if level is None else _checked_level(level)
        names = list(self.estimates)
        u = np.array([_u(self.estimates[n], s) for n, s in zip(names, self._scales, strict=True)])

        def at(point: Numbers) -> float:
            values = {
                n: float(from_u(x, s)) for n, x, s in zip(names, point, self._scales, strict=True)
            }
            result = function(SimpleNamespace(**{**self.held, **values}))
            return one_number("the derived quantity", result)

        value = at(u)
        logs = value > 0
        step = 1e-5
        slope = np.empty(u.size)
        for i in range(u.size):
            shift = step * np.eye(u.size)[i]
            a, b = at(u + shift), at(u - shift)
            slope[i] = (math.log(a / b) if logs and a > 0 and b > 0 else a - b) / (2 * step)
        half = float(_quantile(chosen, self.freedom) * np.sqrt(slope @ self.covariance @ slope))
        if logs:
            return Interval(value, value * math.exp(-half), value * math.exp(half))
        return Interval(value, value - half, value + half)

    def summary(self) -> str:
        """The result as text: the same on every machine."""
        below = f", {self.n_censored} of them below {_digits(self.lloq)} ({self.blq})"
        lines = [
            f"Fit of {self.name} to {self.n} samples" + (below if self.n_censored else ""),
            "",
        ]
        head = ("parameter", "estimate", f"{100 * self.level:g} % interval ({self.method})", "unit")
        table = [head]
        for name, value in self.estimates.items():
            interval = self.intervals.get(name)
            text = "–" if interval is None else _limits(interval)
            table.append((name, _digits(value), text, ledger.pretty(self.units[name])))
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        for row in table:
            cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2])]
            lines.append("  ".join([*cells, row[3]]).rstrip())
        how = "given" if self.residual_known else "estimated"
        reached = sum(s.reached for s in self.starts)
        lines += [
            "",
            f"residual SD of ln(value): {_digits(self.residual_log_sd)} ({how})",
            f"log-likelihood: {self.log_likelihood:.2f}; "
            f"{reached} of {len(self.starts)} starts ended there; {self.status}",
        ]
        kept = [f"{k} = {_digits(v)}" for k, v in self.held.items() if math.isfinite(v)]
        if kept:
            lines.append(f"held: {', '.join(kept)}")
        lines += [f"Warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        inside_ = ", ".join(f"{k}={_digits(v)}" for k, v in self.estimates.items())
        care = f", {len(self.warnings)} warnings" if self.warnings else ""
        return f"Fit of {self.name}: {inside_} ({self.status}{care})"


def _digits(value: float | None) -> str:
    """Three significant digits."""
    if value is None or math.isnan(value):
        return "–"
    return ledger.number(float(f"{value:.3g}"))


def _limits(interval: Interval) -> str:
    if math.isnan(interval.low) or math.isnan(interval.high):
        return "–"
    low = "no lower limit" if interval.low in (0, -math.inf) else _digits(interval.low)
    high = "no upper limit" if math.isinf(interval.high) else _digits(interval.high)
    return f"{low} – {high}"


def _u(value: float, scale: str) -> float:
    from cgtlearn.estimate.problem import to_u

    return float(to_u(value, scale))


def _checked_level(level: Any) -> float:
    number = one_number("level", level)
    if not 0.5 <= number < 1:
        raise LearnerError(
            given=f"level = {number:g}",
            expected="a level of confidence from 0.5 to below 1",
            do="write level=0.95 for 95 %",
        )
    return number


def fit_one(
    curve: Model | Callable[[Any, Any], Any],
    times: ArrayLike,
    values: ArrayLike,
    *,
    lloq: float | None = None,
    censored: ArrayLike | None = None,
    blq: str = "M3",
    residual_log_sd: float | None = None,
    free: Iterable[str] | None = None,
    fixed: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
    domain: Mapping[str, tuple[float, float]] | None = None,
    course: Callable[[Any, Any], Any] | None = None,
    output: str | None = None,
    intervals: str = "profile",
    level: float = 0.95,
    starts: int = 6,
    seed: int = 0,
) -> Fit:
    r"""Fit one patient's samples by maximum likelihood, with log-normal error.

    Formula: :math:`\ln y_i = \ln f(t_i, \theta) + \sigma \varepsilon_i`; a sample below the limit
    contributes :math:`\ln\Phi((\ln LLOQ - \ln f)/\sigma)`. See
    :func:`cgtlearn.estimate.log_likelihood`.

    Parameters
    ----------
    curve : a model in the contract, or your own function ``f(t, p)`` of times (T,) and of
        parameters by attribute.
    times : (T,), rising, each once; values : (T,) in the unit of the curve.
    lloq, censored : the limit, and flags (T,) for samples below it. Values under ``lloq`` count as
        flagged in any case.
    blq : one of :data:`BLQ`; "M3" unless you want to see what goes wrong.
    residual_log_sd : σ when it is known; None to estimate it too.
    free : names of the parameters to estimate. For a model the default is every parameter that
        varies on a log or logit scale, is not in ``fixed``, and changes the curve at these
        samples; the rest is held, and the result's ``held`` lists it.
    fixed : values of parameters that are held; others are held at the model's defaults.
    start : first guess; a model's defaults unless given. A function of your own needs all its
        parameters here, or in ``fixed``.
    domain : name -> (low, high), for a function of your own; any positive number by default. A
        model's parameters have theirs.
    course : a model's closed form, such as ``stein2019.closed_form``, used instead of the solver:
        the same curve, hundreds of times faster.
    output : which output of a model was measured; its first unless named.
    intervals : "profile": the interval in which ln L, with this parameter held and the others at
        their best, drops by less than half the chi-square quantile (1.92 at 95 %) where the noise
        is known, and by less than :math:`\tfrac n2\ln(1 + t^2/(n-p))` where it is estimated from n
        measured samples and p parameters, t the quantile of Student's distribution with n - p
        degrees of freedom: exact for a straight line. "hessian": from the curvature at the optimum;
        quick, and symmetric on the parameter's scale. "none". A profile through the solver takes
        minutes.
    starts : how many starts: the first at ``start``, the others at random around it (``seed``).

    Returns
    -------
    Fit. Its ``warnings`` say when starts disagree, a parameter ended at the edge of its domain or
    a profile stays flat (the samples do not tell this parameter).

    Raises LearnerError for NaN, repeated or unsorted times, values of zero without a limit, only
    censored samples, fewer samples than parameters, names that do not exist.
    """
    grid = sorted_times("times", times)
    finite("values", values, ndim=1)
    same_length("times", times, "values", values)
    _checked_blq(blq)
    one_of("intervals", intervals, ("profile", "hessian", "none"))
    chosen = _checked_level(level)
    if isinstance(starts, bool) or not isinstance(starts, (int, np.integer)) or starts < 1:
        raise LearnerError(
            given=f"starts = {short(starts)}",
            expected="a whole number of one or more",
            do="use starts=6; one start alone cannot show that another would end elsewhere",
        )
    log_y, flags, log_limit = prepared(values, lloq, censored)
    n, n_censored = grid.size, int(flags.sum())
    if n_censored == n:
        raise LearnerError(
            given=f"{n} samples, all of them below the limit of {float(lloq or 0):g}",
            expected="at least some measured samples",
            do="check that lloq has the unit of the values; if so, report that the patient stayed "
            "below the limit, which no curve can be fitted to",
        )
    if blq != "M3" and n_censored:
        if blq == "drop":
            grid, log_y, flags = grid[~flags], log_y[~flags], flags[~flags]
        else:
            stand_in = log_limit - (math.log(2) if blq == "half" else 0)
            log_y, flags = np.where(flags, stand_in, log_y), np.zeros_like(flags)
    sigma = (
        None
        if residual_log_sd is None
        else one_number("residual_log_sd", residual_log_sd, above=0.0)
    )

    if isinstance(curve, Model):
        problem, held, at = _with_model(
            curve,
            grid,
            (log_y, flags, log_limit, sigma),
            free,
            fixed,
            start,
            domain,
            course,
            output,
        )
        name = curve.name
    elif callable(curve):
        for word, given in (("course", course), ("output", output)):
            if given is not None:
                raise LearnerError(
                    given=f"{word}= beside a function of your own",
                    expected=f"{word}= only with a model",
                    do="leave it out",
                )
        problem, held, at = _with_function(
            curve, grid, (log_y, flags, log_limit, sigma), free, fixed, start, domain
        )
        name = getattr(curve, "__name__", "a function")
    else:
        raise LearnerError(
            given=f"curve = {short(curve)}",
            expected="a model, such as stein2019.model, or a function f(t, p)",
            do="pass the model or the function itself, without calling it",
        )
    _enough(problem, n)

    best, ends = _from_starts(problem, int(starts), checked_seed(seed))
    found: dict[str, Interval] = {}
    notes: list[str] = []
    noiseless = best.sigma <= 1e3 * SMALLEST_SD
    if noiseless:
        notes.append(
            "the curve goes through every sample, so that there is no noise to tell an interval "
            "from"
        )
    elif intervals == "profile":
        best, found = _profiles(problem, best, chosen)
    covariance = problem.covariance(best)
    if intervals == "hessian" and not noiseless:
        found = _by_hessian(problem, best, covariance, chosen)
    estimates = {k: float(v) for k, v in problem.values(best.u).items()}
    reached = tuple(
        Start(
            e.log_likelihood,
            {k: float(v) for k, v in problem.values(e.u).items()},
            e.log_likelihood > best.log_likelihood - SAME,
        )
        for e in ends
    )
    notes += _cautions(problem, best, ends, found, covariance, noiseless)
    return Fit(
        name=name,
        estimates=estimates,
        intervals=found,
        level=chosen,
        method=intervals if found else "none",
        held=held,
        units={f.name: f.unit for f in problem.free},
        residual_log_sd=best.sigma,
        residual_known=sigma is not None,
        freedom=problem.freedom,
        log_likelihood=best.log_likelihood,
        n=n,
        n_censored=n_censored,
        lloq=None if lloq is None else float(lloq),
        blq=blq,
        status="converged" if best.converged else "the optimiser stopped before it settled",
        warnings=tuple(notes),
        starts=reached,
        covariance=covariance,
        _scales=tuple(f.scale for f in problem.free),
        _curve=at,
    )


# --- what is fitted ----------------------------------------------------------------------------


def _checked_blq(blq: Any) -> None:
    if blq == "zero":
        raise LearnerError(
            given="blq = 'zero'",
            expected="a rule that works on logarithms; zero has none, and no log-normal error can "
            "reach it",
            do="use blq='half' to see what a made-up value does, or blq='M3'",
        )
    one_of("blq", blq, BLQ)


def _names(free: Any, known: Iterable[str], what: str) -> list[str]:
    if isinstance(free, str):
        raise LearnerError(
            given=f"free = {free!r}",
            expected="a list of names",
            do=f"write free=[{free!r}]",
        )
    names = list(free)
    known = list(known)
    for name in names:
        if name not in known:
            raise unknown_name(name, known, what)
    if len(set(names)) < len(names) or not names:
        raise LearnerError(
            given=f"free = {short(names)}",
            expected="at least one name, each of them once",
            do=f"choose among: {', '.join(known)}",
        )
    return names


Data = tuple[Numbers, Any, float, float | None]


def _with_model(
    model: Model,
    grid: Numbers,
    data: Data,
    free: Iterable[str] | None,
    fixed: Mapping[str, float] | None,
    start: Mapping[str, float] | None,
    domain: Mapping[str, tuple[float, float]] | None,
    course: Callable[[Any, Any], Any] | None,
    output: str | None,
) -> tuple[Problem, dict[str, float], Callable[[dict[str, float], Numbers], Numbers]]:
    if grid[0] < 0:
        raise LearnerError(
            given=f"a first time of {grid[0]:g} {model.time_unit}",
            expected="times from 0 on: a model starts at time 0",
            do="leave out samples from before the infusion, or shift the times",
        )
    if domain:
        raise LearnerError(
            given="domain= beside a model",
            expected="the domains that the model's ledger rows give",
            do="leave domain out; hold a parameter with fixed={...} to keep it from moving",
        )
    read = output or next(iter(model.observed))
    if read not in model.observed:
        raise unknown_name(read, model.observed, f"output of {model.name}")
    for name in start or {}:
        if name in (fixed or {}):
            raise _in_both(name, "start")
    both = {**dict(fixed or {}), **dict(start or {})}
    typical = model.parameters_with(**both).as_dict()
    for name, value in typical.items():
        if np.ndim(value):
            raise LearnerError(
                given=f"{name} with {np.size(value)} values",
                expected="one number: this fits one patient",
                do="give a single value",
            )
    if free is None:
        names = [
            n for n, q in model.parameters.items()
            if q.scale in ("log", "logit") and n not in (fixed or {})
        ]  # fmt: skip
    else:
        names = _names(free, model.parameters, f"parameter of {model.name}")
    for name in set(names) & set(fixed or {}):
        raise _in_both(name, "free")

    def made(chosen: list[str]) -> Problem:
        parts = [
            Free(n, q.scale, q.unit, typical[n], *q.domain)
            for n, q in ((n, model.parameters[n]) for n in chosen)
        ]
        for part in parts:
            if not math.isfinite(part.start):
                raise LearnerError(
                    given=f"{part.name} = {part.start} as a start",
                    expected="a finite number to start from",
                    do=f"give start={{{part.name!r}: ...}}, or do not estimate it",
                )
        held = {k: v for k, v in typical.items() if k not in chosen}
        through = model_curve(model, held, parts, grid, read, course)
        return Problem(parts, through, *data, slow=course is None)

    problem = made(names)
    if free is None:
        # What does not change the curve at these samples cannot be told from them.
        _, slopes = problem.with_slopes(problem.start())
        moving = [n for n, s in zip(names, slopes.T, strict=True) if np.any(s != 0)]
        if not moving:
            raise LearnerError(
                given=f"a curve of {model.name} that no parameter changes at these times",
                expected="samples at which the parameters show",
                do="check the unit of the times",
            )
        if moving != names:
            problem = made(moving)
    free_names = [f.name for f in problem.free]
    held = {k: float(v) for k, v in typical.items() if k not in free_names}

    def at(estimates: dict[str, float], times: Numbers) -> Numbers:
        from cgtlearn.population import courses

        p = model.parameters_with(**{**held, **estimates})
        return courses(model, p, times, output=read, course=course)

    return problem, held, at


def _in_both(name: str, other: str) -> LearnerError:
    return LearnerError(
        given=f"{name} in {other} and in fixed",
        expected="each parameter in one of them",
        do="use start={...} for a first guess of a free parameter, fixed={...} for a held one",
    )


def _with_function(
    function: Callable[[Any, Any], Any],
    grid: Numbers,
    data: Data,
    free: Iterable[str] | None,
    fixed: Mapping[str, float] | None,
    start: Mapping[str, float] | None,
    domain: Mapping[str, tuple[float, float]] | None,
) -> tuple[Problem, dict[str, float], Callable[[dict[str, float], Numbers], Numbers]]:
    if not start:
        raise LearnerError(
            given="a function of your own, without start",
            expected="a first guess for each of its parameters",
            do='write start={"peak": 1e4, "rate": 0.1}',
        )
    known = {**dict(fixed or {}), **dict(start)}
    names = list(start) if free is None else _names(free, known, "parameter")
    for name in set(names) & set(fixed or {}):
        raise _in_both(name, "free")
    for name in domain or {}:
        if name not in known:
            raise unknown_name(name, known, "parameter")
    parts = []
    for name in names:
        low, high = (domain or {}).get(name, (0.0, math.inf))
        if not 0 <= low < high:
            raise LearnerError(
                given=f"domain of {name}: {low!r} to {high!r}",
                expected="two numbers of zero or above, the lower one first",
                do="write domain={" + repr(name) + ": (low, high)}; parameters are positive here",
            )
        first = one_number(f"start of {name}", known[name], above=0.0)
        inside(f"start of {name}", first, low, high)
        parts.append(Free(name, "log", "1", first, low, high))
    held = {k: one_number(k, v) for k, v in known.items() if k not in names}

    def tried(times: Numbers, values: dict[str, float]) -> Numbers:
        return np.asarray(function(times, SimpleNamespace(**held, **values)), float)

    # Once by itself, so that a mistake inside shows where it is and not within the optimiser.
    got = tried(grid, {f.name: f.start for f in parts})
    if got.shape != grid.shape or not np.isfinite(got).all():
        raise LearnerError(
            given=f"a curve of shape {got.shape}"
            + ("" if np.isfinite(got).all() else " with entries that are not finite"),
            expected=f"one finite number for each of the {grid.size} times",
            do="call your function with these times and with the start, and look at the result",
        )
    problem = Problem(parts, written_curve(function, held, parts, grid), *data)
    return problem, held, lambda estimates, times: tried(times, estimates)


def _enough(problem: Problem, n: int) -> None:
    p = len(problem.free)
    if n < 2 or problem.log_y.size < p or (problem.sigma is None and problem.n_measured <= p):
        kept = f" ({problem.n_measured} measured)" if problem.n_measured < n else ""
        needed = "at least two samples"
        if n >= 2:
            needed = f"at least {p}" if problem.sigma is not None else f"more than {p} measured"
            needed += " samples"
            if problem.sigma is None:
                needed += ", one to tell the noise from"
        raise LearnerError(
            given=f"{n} sample{'s' if n != 1 else ''}{kept} for {p} "
            f"parameter{'s' if p != 1 else ''}: {', '.join(f.name for f in problem.free)}",
            expected=needed,
            do="estimate fewer: free=[...] or fixed={...}; or give residual_log_sd, if the assay's "
            "noise is known",
        )


# --- several starts ----------------------------------------------------------------------------


def _from_starts(problem: Problem, count: int, seed: int) -> tuple[Best, list[Best]]:
    first = problem.start()
    draws = stream(seed, "starts").standard_normal((count - 1, first.size))
    points = [first, *(first + SPREAD_OF_STARTS * z for z in draws)]
    ends = [problem.maximise(np.clip(x, problem.low, problem.high)) for x in points]
    return max(ends, key=lambda e: e.log_likelihood), ends


# --- intervals ---------------------------------------------------------------------------------


class _Better(Exception):
    """A profile came upon a point that is more likely than the optimum."""

    def __init__(self, best: Best) -> None:
        self.best = best


def _profiles(problem: Problem, best: Best, level: float) -> tuple[Best, dict[str, Interval]]:
    for _ in range(5):
        try:
            steps = np.sqrt(np.diag(problem.covariance(best)))
            found = {}
            for i, f in enumerate(problem.free):
                limits = [
                    _limit(problem, best, i, side, float(steps[i]), level) for side in (-1, 1)
                ]
                value = float(from_u(best.u[i], f.scale))
                found[f.name] = Interval(value, *_in_unit(limits, f.scale))
            return best, found
        except _Better as better:
            best = problem.maximise(better.best.u)
    return best, {}


def _in_unit(limits: list[float], scale: str) -> tuple[float, float]:
    with np.errstate(over="ignore"):
        low, high = (float(from_u(x, scale)) if math.isfinite(x) else x for x in limits)
    nothing = {"log": (0.0, math.inf), "logit": (0.0, 1.0), "linear": (-math.inf, math.inf)}[scale]
    return (
        nothing[0] if limits[0] == -math.inf else low,
        nothing[1] if limits[1] == math.inf else high,
    )


def _quantile(level: float, freedom: float) -> float:
    """The two-sided quantile of Student's t, or of the normal for infinite freedom."""
    from scipy.special import ndtri, stdtrit

    if math.isinf(freedom):
        return float(ndtri((1 + level) / 2))
    return float(stdtrit(freedom, (1 + level) / 2))


def _limit(problem: Problem, best: Best, i: int, side: int, step: float, level: float) -> float:
    """Where the profile of parameter i has dropped far enough; ±infinity where it never does."""
    from scipy.optimize import brentq

    t, n = _quantile(level, problem.freedom), problem.n_measured
    drop = t**2 / 2 if problem.sigma is not None else n / 2 * math.log1p(t**2 / problem.freedom)
    # The root of a profile is nearly a straight line: its crossing is found in a few steps.
    quantile = math.sqrt(2 * drop)
    edge = float((problem.low if side < 0 else problem.high)[i])
    step = min(max(1.05 * quantile * step, 1e-4), 1.5) if math.isfinite(step) else 0.5
    last = [best]

    def ended(at: Numbers, x: float) -> tuple[Best, float]:
        u = at.copy()
        u[i] = x
        found = problem.maximise(u, hold=i)
        gap = best.log_likelihood - found.log_likelihood
        if gap < -SAME / 2:
            raise _Better(found)
        return found, math.sqrt(2 * max(gap, 0.0)) - quantile

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
    known = {inner: -quantile} if inner == best.u[i] else {}
    return float(brentq(lambda x: known.get(x) or excess(x), inner, outer, xtol=1e-4 * width))


def _by_hessian(
    problem: Problem, best: Best, covariance: Numbers, level: float
) -> dict[str, Interval]:
    half = _quantile(level, problem.freedom) * np.sqrt(np.diag(covariance))
    return {
        f.name: Interval(*(float(from_u(x, f.scale)) for x in (u, u - h, u + h)))
        for f, u, h in zip(problem.free, best.u, half, strict=True)
    }


# --- what to read with care --------------------------------------------------------------------


def _cautions(
    problem: Problem,
    best: Best,
    ends: list[Best],
    found: Mapping[str, Interval],
    covariance: Numbers,
    noiseless: bool,
) -> list[str]:
    notes = []
    top = [e for e in ends if e.log_likelihood > best.log_likelihood - SAME]
    if not noiseless and len(ends) > 1 and len(top) < 2:
        others = sorted((best.log_likelihood - e.log_likelihood for e in ends), reverse=True)
        notes.append(
            f"the starts disagree: {len(top)} of {len(ends)} ended at this optimum, the others up "
            f"to {others[0]:.1f} log-likelihood units below; use more starts, or a better start"
        )
    for i, f in enumerate(problem.free):
        seen = np.array([e.u[i] for e in top])
        if not noiseless and seen.size > 1 and np.ptp(seen) > 0.1:
            low, high = (_digits(float(from_u(x, f.scale))) for x in (seen.min(), seen.max()))
            notes.append(
                f"{f.name}: starts that fit equally well ended between {low} and {high}; the "
                "samples do not tell it"
            )
        for edge, side in ((problem.low[i], "lower"), (problem.high[i], "upper")):
            if math.isfinite(edge) and abs(best.u[i] - edge) < 1e-4:
                value = _digits(float(from_u(edge, f.scale)))
                notes.append(
                    f"{f.name} ended at the {side} edge of its domain, {value}; the optimum lies "
                    "at or beyond it"
                )
        if f.name in found:
            interval = _limits(found[f.name])
            for side in ("lower", "upper"):
                if f"no {side} limit" in interval:
                    notes.append(
                        f"{f.name}: no {side} limit; the likelihood stays flat up to the end of "
                        "its domain, so that the samples do not tell it on that side"
                    )
    if not noiseless and np.isnan(covariance).all() and not notes:
        notes.append(
            "the likelihood is flat in some direction (its Hessian has no inverse): some "
            "combination of parameters cannot be told from these samples"
        )
    return notes

"""Fit one patient's samples: maximum likelihood, several starts, profile intervals, warnings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cgtlearn import ledger
from cgtlearn.errors import (
    LearnerError,
    finite,
    inside,
    one_number,
    one_of,
    positive,
    same_length,
    short,
    sorted_times,
    unknown_name,
)
from cgtlearn.estimate.fit import Fit, Interval, Start, checked_level, limits
from cgtlearn.estimate.intervals import SAME, by_hessian, profiled
from cgtlearn.estimate.likelihood import Flags, Numbers, Samples, known_sd, prepared
from cgtlearn.estimate.problem import (
    Best,
    Free,
    Problem,
    from_u,
    model_curve,
    to_u,
    written_curve,
)
from cgtlearn.estimate.report import digits
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population.patients import checked_seed, stream
from cgtlearn.population.progress import Progress

__all__ = ["BLQ", "fit_one", "least_squares"]

BLQ = {
    "M3": "A censored sample contributes the probability of lying below the limit.",
    "drop": "Censored samples are left out, which is M1. What is left is too high late in the "
    "course, and a half-life comes out too long.",
    "half": "LLOQ/2 stands for a censored sample, as if it had been measured, which is M5.",
    "limit": "LLOQ stands for a censored sample, as if it had been measured.",
    "zero": "Zero stands for a censored sample, which is M7. It has no logarithm, so that it goes "
    "with additive or proportional error only.",
}
"""What is done with samples below the limit of quantification. M3 is right; the rest shows why."""

BLQ_NUMBERS = {"M1": "drop", "M5": "half", "M7": "zero"}
"""The usual numbers of the same rules."""

HOPELESS = 10.0
"""A gap whose middle lies this far below the best log-likelihood is not climbed from."""
SPREAD_OF_STARTS = 0.7
"""SD of a random start around the first one, in ln or logit."""


def fit_one(
    curve: Model | Callable[[Any, Any], Any],
    times: ArrayLike,
    values: ArrayLike,
    *,
    lloq: float | None = None,
    censored: ArrayLike | None = None,
    blq: str = "M3",
    error: str = "log",
    residual_log_sd: float | None = None,
    residual_sd: float | None = None,
    weights: ArrayLike | str | None = None,
    free: Iterable[str] | None = None,
    fixed: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
    domain: Mapping[str, tuple[float, float]] | None = None,
    course: Callable[[Any, Any], Any] | None = None,
    output: str | None = None,
    bends: Iterable[str] | None = None,
    intervals: str = "profile",
    level: float = 0.95,
    starts: int = 6,
    seed: int = 0,
    progress: bool = True,
) -> Fit:
    r"""Fit one patient's samples by maximum likelihood.

    Formula: :math:`\ln y_i = \ln f(t_i, \theta) + \sigma \varepsilon_i`; a sample below the limit
    contributes :math:`\ln\Phi((\ln LLOQ - \ln f)/\sigma)`. See
    :func:`cgtlearn.estimate.log_likelihood`, also for the other two models of error.

    Parameters
    ----------
    curve : a model in the contract, or your own function ``f(t, p)`` of times (T,) and of
        parameters by attribute.
    times : (T,), rising, each once; values : (T,) in the unit of the curve.
    lloq, censored : the limit, and flags (T,) for samples below it. Values under ``lloq`` count as
        flagged in any case.
    blq : one of :data:`BLQ`; "M3" unless you want to see what goes wrong.
    error : one of :data:`ERRORS`: "log", "additive" or "proportional".
    residual_log_sd, residual_sd : σ when it is known, the first for log-normal error and the second
        for the others; None to estimate it too.
    weights : for additive error: (T,) weights w, so that the SD of a sample is
        :math:`\sigma/\sqrt{w}`, or "1/y" or "1/y2" to take them from the values.
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
    bends : names of the parameters that are times at which the curve bends, such as that of a sharp
        peak. A model's are found among its switches. The likelihood has a kink where such a time
        falls on a sample: unless ``starts`` is 1, gaps between samples are tried as starts too.
    intervals : "profile": the interval in which ln L, with this parameter held and the others at
        their best, drops by less than half the chi-square quantile (1.92 at 95 %) where the noise
        is known, and by less than :math:`\tfrac n2\ln(1 + t^2/(n-p))` where it is estimated from n
        measured samples and p parameters, t the quantile of Student's distribution with n - p
        degrees of freedom: exact for a straight line. "hessian": from the curvature at the optimum;
        quick, and symmetric on the parameter's scale. "none". A profile through the solver takes
        minutes. For a bootstrap see :func:`bootstrap`.
    starts : how many starts: the first at ``start``, the others at random around it (``seed``).
    progress : show how far it is, after a few seconds.

    Returns
    -------
    Fit. Its ``warnings`` say when starts disagree, a parameter ended at the edge of its domain or
    a profile stays flat (the samples do not tell this parameter). Interrupted, it is what was
    reached, and says so.

    Raises LearnerError for NaN, repeated or unsorted times, values of zero without a limit, only
    censored samples, fewer samples than parameters, names that do not exist.
    """
    one_of("intervals", intervals, ("profile", "hessian", "none"))
    chosen = checked_level(level)
    if isinstance(starts, bool) or not isinstance(starts, (int, np.integer)) or starts < 1:
        raise LearnerError(
            given=f"starts = {short(starts)}",
            expected="a whole number of one or more",
            do="use starts=6; one start alone cannot show that another would end elsewhere",
        )
    number = checked_seed(seed)
    set_up = prepare(
        curve, times, values, lloq=lloq, censored=censored, blq=blq, error=error,
        residual_log_sd=residual_log_sd, residual_sd=residual_sd, weights=weights, free=free,
        fixed=fixed, start=start, domain=domain, course=course, output=output, bends=bends,
    )  # fmt: skip
    problem = set_up.problem
    enough(problem, set_up.times.size)

    work = int(starts) + (2 * len(problem.free) if intervals == "profile" else 0)
    found: dict[str, Interval] = {}
    notes: list[str] = []
    with Progress(work, "steps", progress) as bar:
        best, ends, whole = _from_starts(problem, int(starts), number, set_up.times, bar)
        noiseless = best.sigma <= 1e3 * problem.smallest_sd
        if noiseless:
            notes.append(
                "the curve goes through every sample, so that there is no noise to tell an "
                "interval from"
            )
        elif intervals == "profile" and whole:
            best, found, whole = profiled(problem, best, chosen, bar)
    covariance = problem.covariance(best)
    if intervals == "hessian" and not noiseless:
        found = by_hessian(problem, best, covariance, chosen)
    if not whole:
        notes.append(
            f"interrupted: {len(ends)} of {int(starts)} starts and {len(found)} intervals were "
            "reached"
        )
    reached = tuple(
        Start(
            e.log_likelihood,
            {k: float(v) for k, v in problem.values(e.u).items()},
            e.log_likelihood > best.log_likelihood - SAME,
        )
        for e in ends
    )
    notes += _cautions(problem, best, ends, found, covariance, noiseless)
    notes += at_the_limit(set_up, lloq)
    below_zero = int((set_up.values < 0).sum())
    if below_zero and lloq is None:
        notes.append(
            f"{below_zero} values are below zero; with additive error they count as measured"
        )
    return Fit(
        name=set_up.name,
        estimates={k: float(v) for k, v in problem.values(best.u).items()},
        intervals=found,
        level=chosen,
        method=intervals if found else "none",
        held=set_up.held,
        units={f.name: f.unit for f in problem.free},
        error=error,
        residual_sd=best.sigma,
        residual_known=problem.sigma is not None,
        freedom=problem.freedom,
        log_likelihood=best.log_likelihood,
        times=set_up.times,
        values=set_up.values,
        censored=set_up.censored,
        lloq=None if lloq is None else float(lloq),
        blq=set_up.blq,
        status="converged" if best.converged else "the optimiser stopped before it settled",
        warnings=tuple(notes),
        starts=reached,
        covariance=covariance,
        labels=set_up.labels,
        _problem=problem,
        _best=best,
        _curve=set_up.at,
    )


def least_squares(
    curve: Model | Callable[[Any, Any], Any],
    times: ArrayLike,
    values: ArrayLike,
    *,
    logs: bool = False,
    weights: ArrayLike | str | None = None,
    blq: str = "drop",
    **options: Any,
) -> Fit:
    r"""Least squares: of the values, weighted or not, or of their logarithms.

    Formula: the least :math:`\sum_i w_i (y_i - f_i)^2`, or with ``logs`` the least
    :math:`\sum_i (\ln y_i - \ln f_i)^2`.

    It is maximum likelihood with normal noise of an unknown SD, so this is :func:`fit_one` with
    ``error="additive"`` or ``"log"``, and samples below the limit left out (M1) unless ``blq`` says
    otherwise. Weights, options, result and errors are those of :func:`fit_one`.
    """
    for name in ("error", "residual_sd", "residual_log_sd"):
        if name in options:
            raise LearnerError(
                given=f"{name}= in least_squares",
                expected="squares alone: the SD of the noise has no part in them",
                do="use fit_one, which knows errors and their SD",
            )
    error = "log" if logs else "additive"
    return fit_one(curve, times, values, error=error, weights=weights, blq=blq, **options)


# --- samples and curve, checked ----------------------------------------------------------------


@dataclass(frozen=True)
class SetUp:
    """Checked samples, and the problem made of them.

    ``at(estimates, times)`` gives one curve (T,), ``many(u, times)`` those of K rows of u: (K, T).
    """

    name: str
    labels: tuple[str, str]
    times: Numbers
    values: Numbers
    censored: Flags
    blq: str
    problem: Problem
    held: dict[str, float]
    at: Callable[[dict[str, float], Numbers], Numbers]
    many: Callable[[Numbers, Numbers], Numbers]


def prepare(
    curve: Any,
    times: ArrayLike,
    values: ArrayLike,
    *,
    lloq: float | None,
    censored: ArrayLike | None,
    blq: str,
    error: str,
    residual_log_sd: float | None,
    residual_sd: float | None,
    weights: ArrayLike | str | None,
    free: Iterable[str] | None,
    fixed: Mapping[str, float] | None,
    start: Mapping[str, float] | None,
    domain: Mapping[str, tuple[float, float]] | None,
    course: Callable[[Any, Any], Any] | None,
    output: str | None,
    bends: Iterable[str] | None,
) -> SetUp:
    """Check everything that :func:`fit_one` was given, and make the problem of it."""
    sigma = known_sd(error, residual_log_sd, residual_sd)
    grid = sorted_times("times", times)
    numbers = finite("values", values, ndim=1)
    same_length("times", times, "values", values)
    rule = _checked_blq(blq, error)
    every = prepared(numbers, lloq, censored, error)
    flags = every.censored
    if flags.all():
        raise LearnerError(
            given=f"{grid.size} samples, all of them below the limit of {float(lloq or 0):g}",
            expected="at least some measured samples",
            do="check that lloq has the unit of the values; if so, report that the patient stayed "
            "below the limit, which no curve can be fitted to",
        )
    spread = _spread(weights, numbers, flags, lloq, error)
    samples = with_rule(replace(every, spread=spread), rule)

    if isinstance(curve, Model):
        problem, held, at = _with_model(
            curve, grid, samples, sigma, free, fixed, start, domain, course, output
        )
        name = curve.name
        read = curve.observed[output or next(iter(curve.observed))]
        labels = (
            f"time ({ledger.pretty(curve.time_unit)})",
            f"{read.meaning} ({ledger.pretty(read.unit)})",
        )
        known = _switching(curve, problem.free, held)
        which = output or next(iter(curve.observed))

        def many(u: Numbers, at_times: Numbers) -> Numbers:
            return model_curve(curve, held, problem.free, at_times, which, course)(u)

    elif callable(curve):
        for word, given in (("course", course), ("output", output)):
            if given is not None:
                raise LearnerError(
                    given=f"{word}= beside a function of your own",
                    expected=f"{word}= only with a model",
                    do="leave it out",
                )
        problem, held, at = _with_function(curve, grid, samples, sigma, free, fixed, start, domain)
        name = getattr(curve, "__name__", "a function")
        labels, known = ("time", "value"), []

        def many(u: Numbers, at_times: Numbers) -> Numbers:
            return written_curve(curve, held, problem.free, at_times)(u)

    else:
        raise LearnerError(
            given=f"curve = {short(curve)}",
            expected="a model, such as stein2019.model, or a function f(t, p)",
            do="pass the model or the function itself, without calling it",
        )
    names = [f.name for f in problem.free]
    for bend in bends or ():
        if bend not in {*names, *held}:
            raise unknown_name(bend, [*names, *held], "parameter")
    for bend in {*known, *(bends or ())} & set(names):
        i = names.index(bend)
        with np.errstate(invalid="ignore"):
            knots = np.asarray(to_u(grid, problem.free[i].scale), float)
        problem.kinks[i] = knots[np.isfinite(knots)]
    return SetUp(name, labels, grid, numbers, flags, rule, problem, held, at, many)


def at_the_limit(up: SetUp, lloq: float | None) -> list[str]:
    """A note on values that equal the limit and have no flag: many files write it for 'below'."""
    count = 0 if lloq is None else int(((up.values == lloq) & ~up.censored).sum())
    if not count:
        return []
    return [
        f"{count} of {up.values.size} values equal the limit, {digits(float(lloq or 0))}, and "
        "count as measured there; if they stand for 'below it', flag them: censored=..."
    ]


def with_rule(every: Samples, rule: str) -> Samples:
    """The samples with what ``rule``, one of :data:`BLQ`, does to censored ones."""
    below = every.censored
    if rule == "M3" or not below.any():
        return every
    nobody = np.zeros_like(below)
    if rule == "drop":
        return replace(every, censored=nobody)
    logs = every.error == "log"
    limit = math.exp(every.limit) if logs else every.limit
    stand_in = {"half": limit / 2, "limit": limit, "zero": 0.0}[rule]
    y = np.where(below, math.log(stand_in) if logs else stand_in, every.y)
    return replace(every, y=y, measured=~nobody, censored=nobody)


def _spread(weights: Any, values: Numbers, flags: Flags, lloq: float | None, error: str) -> Numbers:
    """The SD of each sample relative to the others: 1/sqrt(weight)."""
    if weights is None:
        return np.ones(values.size)
    if error != "additive":
        raise LearnerError(
            given=f"weights= beside error = {error!r}",
            expected="weights only with additive error; the other two weigh by themselves",
            do="write error='additive', or leave weights out",
        )
    if isinstance(weights, str):
        one_of("weights", weights, ("1/y", "1/y2"))
        size = positive("values", np.where(flags, lloq or 1.0, values))
        return np.sqrt(size) if weights == "1/y" else size
    same_length("weights", np.asarray(weights), "values", values)
    return 1 / np.sqrt(positive("weights", weights, ndim=1))


def _switching(model: Model, free: list[Free], held: Mapping[str, float]) -> list[str]:
    """The free parameters that are, themselves, times at which an equation changes."""
    values = {**held, **{f.name: f.start for f in free}}

    def at(changes: dict[str, float]) -> set[float]:
        p = Parameters(model, {n: {**values, **changes}[n] for n in model.parameters})
        return {float(s) for s in model.switches(p)}

    before = at({})
    return [
        f.name
        for f in free
        if f.unit == model.time_unit
        and f.start in before
        and f.start * 1.001 in at({f.name: f.start * 1.001})
    ]


# --- what is fitted ----------------------------------------------------------------------------


def _checked_blq(blq: Any, error: str) -> str:
    rule = BLQ_NUMBERS.get(blq, blq) if isinstance(blq, str) else blq
    if rule == "zero" and error == "log":
        raise LearnerError(
            given=f"blq = {blq!r}",
            expected="a rule that works on logarithms; zero has none, and no log-normal error can "
            "reach it",
            do="use blq='half' to see what a made-up value does, or blq='M3'; zero goes with "
            "error='additive'",
        )
    return one_of("blq", rule, BLQ)


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


def _with_model(
    model: Model,
    grid: Numbers,
    samples: Samples,
    sigma: float | None,
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
        return Problem(parts, through, samples, sigma, slow=course is None)

    problem = made(names)
    if free is None:
        # What does not change the curve at these samples cannot be told from them.
        _, slopes = problem.with_slopes(problem.start())
        counted = samples.measured | samples.censored
        moving = [n for n, s in zip(names, slopes.T, strict=True) if np.any(s[counted] != 0)]
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
    samples: Samples,
    sigma: float | None,
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
    problem = Problem(parts, written_curve(function, held, parts, grid), samples, sigma)
    return problem, held, lambda estimates, times: tried(times, estimates)


def enough(problem: Problem, n: int) -> None:
    p = len(problem.free)
    counted = int((problem.samples.measured | problem.samples.censored).sum())
    if n < 2 or counted < p or (problem.sigma is None and problem.n_measured <= p):
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


def _from_starts(
    problem: Problem, count: int, seed: int, times: Numbers, bar: Progress
) -> tuple[Best, list[Best], bool]:
    """The best end, all ends, and whether all starts were tried."""
    first = problem.start()
    draws = stream(seed, "starts").standard_normal((count - 1, first.size))
    points = [first, *(first + SPREAD_OF_STARTS * z for z in draws)]
    ends: list[Best] = []
    best: Best | None = None
    try:
        for x in points:
            ends.append(problem.maximise(np.clip(x, problem.low, problem.high)))
            best = max(ends, key=lambda e: e.log_likelihood)
            bar.add(1)
        for i in problem.kinks if count > 1 else ():
            assert best is not None
            best = _through_gaps(problem, best, i, times)
    except KeyboardInterrupt:
        if best is None:
            raise
        return best, ends, False
    assert best is not None
    return best, ends, True


def _through_gaps(problem: Problem, best: Best, i: int, times: Numbers) -> Best:
    """Start once more in the gaps between samples, from where the time is held at their middles.

    The three gaps with the best curves are climbed from; through a solver, the three nearest ones.
    """
    scale = problem.free[i].scale
    with np.errstate(invalid="ignore"):
        middles = np.asarray(to_u((times[1:] + times[:-1]) / 2, scale), float)
    middles = middles[(middles > problem.low[i]) & (middles < problem.high[i])]
    nearest = middles[np.argsort(np.abs(middles - best.u[i]))]
    # For a first look the noise stays what it is: that spares most of the work.
    look = replace(problem, sigma=best.sigma)
    held = []
    for middle in nearest[:3] if problem.slow else nearest:
        u = best.u.copy()
        u[i] = middle
        held.append(look.maximise(u, hold=i))
    held.sort(key=lambda e: -e.log_likelihood)
    own = int(np.argmin(np.abs(middles - best.u[i]))) if middles.size else 0
    ends = [best]
    for e in held[:3]:
        # The gap that holds the best end has been climbed in; from far below nothing comes up.
        if e.u[i] != middles[own] and e.log_likelihood > best.log_likelihood - HOPELESS:
            ends.append(problem.maximise(e.u))
    return max(ends, key=lambda e: e.log_likelihood)


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
            low, high = (digits(float(from_u(x, f.scale))) for x in (seen.min(), seen.max()))
            notes.append(
                f"{f.name}: starts that fit equally well ended between {low} and {high}; the "
                "samples do not tell it"
            )
        for edge, side in ((problem.low[i], "lower"), (problem.high[i], "upper")):
            if math.isfinite(edge) and abs(best.u[i] - edge) < 1e-4:
                value = digits(float(from_u(edge, f.scale)))
                notes.append(
                    f"{f.name} ended at the {side} edge of its domain, {value}; the optimum lies "
                    "at or beyond it"
                )
        if f.name in found:
            interval = limits(found[f.name])
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

r"""Intervals by bootstrap: fit again, many times, to samples that might have come instead.

*Parametric*: new noise, drawn from the error that the fit found, around its curve. *Residual*: the
fit's own residuals, drawn with replacement, each divided by its SD first. A new value below the
limit is censored as the old ones were. Both spread by :math:`\sqrt{n/(n - p)}` more than maximum
likelihood says, because it finds the noise too small.

Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6 and 13.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, one_of, short, sorted_times, unknown_name
from cgtlearn.estimate.fit import Fit, Interval, checked_level, limits
from cgtlearn.estimate.likelihood import Numbers, Samples
from cgtlearn.estimate.one import with_rule
from cgtlearn.estimate.problem import from_u
from cgtlearn.estimate.report import aligned, digits, to_csv, to_json
from cgtlearn.population.patients import checked_seed, stream
from cgtlearn.population.progress import Progress

__all__ = ["Bootstrap", "bootstrap"]

FEWEST = 20
"""Fewer repetitions than this give no percentile worth the name."""
MANY_FAILED = 0.05
"""Share of repetitions without a fit beyond which the intervals are said to be doubtful."""


@dataclass(frozen=True)
class Bootstrap:
    """Refits to samples that might have come instead.

    ``draws`` are the refitted parameters, (B,) each, and ``residual_sd`` (B,) the SDs.
    ``intervals`` are percentiles of the draws around the first fit's estimates. ``failed`` counts
    repetitions that could not be fitted, such as one with too few values above the limit.
    """

    kind: str
    draws: dict[str, Numbers] = field(repr=False)
    residual_sd: Numbers = field(repr=False)
    intervals: dict[str, Interval]
    level: float
    asked: int
    failed: int
    warnings: tuple[str, ...]
    fit: Fit = field(repr=False)

    @property
    def n(self) -> int:
        """Refits that ended well."""
        return int(self.residual_sd.size)

    def __getitem__(self, name: str) -> Numbers:
        if name not in self.draws:
            raise unknown_name(name, self.draws, "estimated parameter")
        return self.draws[name]

    def band(
        self, times: ArrayLike, level: float | None = None
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Low end, median and high end of the refitted curves at ``times`` (T,): (T,) each."""
        grid = sorted_times("times", times, strictly=False)
        chosen = self.level if level is None else checked_level(level)
        each = zip(*self.draws.values(), strict=True)
        curves = [
            self.fit._curve({k: float(v) for k, v in zip(self.draws, row, strict=True)}, grid)
            for row in each
        ]
        ends = [(1 - chosen) / 2, 0.5, (1 + chosen) / 2]
        low, middle, high = np.quantile(np.stack(curves), ends, axis=0)
        return low, middle, high

    def table(self) -> list[dict[str, Any]]:
        """One row a parameter: parameter, estimate, low, high, median, unit."""
        units = self.fit.units
        return [
            {
                "parameter": name,
                "estimate": value,
                "low": low,
                "high": high,
                "median": float(np.median(self.draws[name])),
                "unit": units[name],
            }
            for name, (value, low, high) in self.intervals.items()
        ]

    def summary(self) -> str:
        """The result as text."""
        head = ("parameter", "estimate", f"{100 * self.level:g} % interval (bootstrap)", "unit")
        rows = [
            (name, digits(i.value), limits(i), ledger.pretty(self.fit.units[name]))
            for name, i in self.intervals.items()
        ]
        lines = [
            f"{self.kind.capitalize()} bootstrap of {self.fit.name}: {self.n} of {self.asked} "
            "refits",
            "",
            *aligned([head, *rows], right=[1]),
        ]
        return "\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)])

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"Bootstrap of {self.fit.name}: {self.n} of {self.asked} refits ({self.kind})"

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the draws as CSV, one row a refit."""
        names = [*self.draws, "residual_sd"]
        columns = [*self.draws.values(), self.residual_sd]
        return to_csv(path, (dict(zip(names, map(float, r), strict=True)) for r in zip(*columns)))  # noqa: B905

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the table, the draws and the warnings as JSON."""
        return to_json(
            path,
            {
                "kind": self.kind,
                "curve": self.fit.name,
                "level": self.level,
                "asked": self.asked,
                "failed": self.failed,
                "parameters": self.table(),
                "draws": {**self.draws, "residual_sd": self.residual_sd},
                "warnings": self.warnings,
            },
        )

    def plot(self) -> Any:
        """A histogram of every parameter with its estimate and its interval: ``fig, axes``."""
        from cgtlearn import plot
        from cgtlearn.estimate.draw import log_if_wide, panels

        fig, axes = panels(list(self.draws))
        for name, ax in axes.items():
            interval = self.intervals[name]
            low, high = np.quantile(self.draws[name], [0.005, 0.995])
            spaced = np.geomspace if log_if_wide(ax, [low, high]) else np.linspace
            ax.hist(self.draws[name], spaced(low, high, 25), color=plot.BLUE, alpha=0.6)
            ax.axvline(interval.value, color=plot.BLACK, ls="-")
            for end in interval[1:]:
                ax.axvline(end, color=plot.VERMILLION, ls="--")
            ax.set_xlabel(f"{name} ({ledger.pretty(self.fit.units[name])})")
        fig.supylabel("refits (number)", fontsize="medium")
        return fig, list(axes.values())


def bootstrap(
    fit: Fit,
    n: int = 200,
    *,
    kind: str = "parametric",
    level: float | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Bootstrap:
    """Intervals of a fit from ``n`` refits to new samples.

    Parameters
    ----------
    fit : what :func:`fit_one` found.
    n : number of repetitions: 200 for a standard error, 1000 or more for a 95 % interval.
    kind : "parametric", new noise from the error that was found, or "residual", the fit's own
        residuals drawn with replacement. Times and limit stay; so does what the fit did with
        samples below the limit.
    level : that of the fit unless given.
    seed : a repetition has its own random numbers: the first 100 of n = 1000 are those of n = 100.
    progress : show how far it is, after a few seconds.

    Returns
    -------
    Bootstrap. Interrupted, it holds the repetitions that were reached, and says so.

    A refit starts at the first fit's estimates and nowhere else. Each takes as long as one start of
    the fit: milliseconds for a closed form, seconds through a solver.

    Raises LearnerError for fewer than 20 repetitions, and for a fit without noise.
    """
    if not isinstance(fit, Fit):
        raise LearnerError(
            given=f"a bootstrap of {short(fit)}",
            expected="what fit_one returned",
            do="write bootstrap(fit_one(...))",
        )
    one_of("kind", kind, ("parametric", "residual"))
    chosen = fit.level if level is None else checked_level(level)
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < FEWEST:
        raise LearnerError(
            given=f"n = {short(n)}",
            expected=f"a whole number of {FEWEST} or more",
            do="use n=200 for a first look and n=1000 for a 95 % interval",
        )
    number = checked_seed(seed)
    problem, best = fit._problem, fit._best
    if fit.residual_sd <= 1e3 * problem.smallest_sd:
        raise LearnerError(
            given="a fit that goes through every sample",
            expected="residuals: without noise every repetition is the same",
            do="give more samples, or the assay's SD as residual_log_sd",
        )
    s = problem.samples
    g = problem.predicted(best.u)[0]
    unit = s.unit_sd(g)
    measured = ~fit.censored
    p = len(problem.free)
    wider = 1.0 if fit.residual_known else math.sqrt(problem.n_measured / problem.freedom)
    noise = ((s.y - g) / unit)[measured]
    left = noise.size - p
    noise = (noise - noise.mean()) * math.sqrt(noise.size / left if left > 0 else 1.0)

    found: list[Numbers] = []
    sds: list[float] = []
    failed = reached = 0
    try:
        with Progress(int(n), "refits", progress) as bar:
            for turn in range(int(n)):
                rng = stream(number, f"bootstrap {kind}", turn)
                if kind == "parametric":
                    e = wider * fit.residual_sd * rng.standard_normal(g.size)
                else:
                    e = rng.choice(noise, g.size)
                samples = _censored(s, g + e * unit, fit)
                again = replace(problem, samples=samples)
                if samples.n_measured <= (0 if fit.residual_known else p):
                    failed += 1
                else:
                    end = again.maximise(best.u)
                    found.append(end.u)
                    sds.append(end.sigma)
                reached = turn + 1
                bar.add(1)
    except KeyboardInterrupt:
        if len(found) < FEWEST:
            raise
    notes = []
    if reached < n:
        notes.append(f"interrupted: {reached} of {n} repetitions were reached")
    if failed > MANY_FAILED * reached:
        notes.append(
            f"{failed} of {reached} repetitions had too few values above the limit to be fitted; "
            "the intervals leave them out, and are too narrow"
        )
    if len(found) < FEWEST:
        raise LearnerError(
            given=f"{reached} repetitions, {failed} of them with too few values above the limit",
            expected=f"at least {FEWEST} that can be fitted",
            do="estimate fewer parameters, or use the profile intervals of fit_one",
        )
    u = np.stack(found)
    draws = {f.name: np.asarray(from_u(u[:, i], f.scale)) for i, f in enumerate(problem.free)}
    ends = [(1 - chosen) / 2, (1 + chosen) / 2]
    intervals = {
        name: Interval(fit.estimates[name], *(float(q) for q in np.quantile(x, ends)))
        for name, x in draws.items()
    }
    return Bootstrap(
        kind, draws, np.array(sds), intervals, chosen, int(n), failed, tuple(notes), fit
    )


def _censored(s: Samples, y: Numbers, fit: Fit) -> Samples:
    """New values on the scale of ``s``, those below the limit treated as in the fit."""
    below = y < s.limit if fit.lloq is not None else np.zeros(y.size, bool)
    every = replace(s, y=np.where(below, 0.0, y), measured=~below, censored=below)
    return with_rule(every, fit.blq)

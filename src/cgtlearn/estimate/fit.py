"""What a fit of one patient is: estimates, intervals, warnings; as text, table, file, picture."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, one_number, sorted_times, unknown_name
from cgtlearn.estimate.likelihood import Flags, Numbers
from cgtlearn.estimate.problem import Best, Problem, from_u, to_u
from cgtlearn.estimate.report import aligned, digits, to_csv, to_json

__all__ = ["Fit", "Interval", "Start"]

SD_OF = {
    "log": "of ln(value)",
    "additive": "of a value",
    "proportional": "as a share of the curve",
}
"""What the SD of each error is an SD of."""


class Interval(NamedTuple):
    """A value between two limits. A limit of 0 or infinity means that none was found."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{digits(self.value)} ({limits(self)})"


class Start(NamedTuple):
    """One start of the optimiser: where it ended, and how likely the samples are there."""

    log_likelihood: float
    estimates: dict[str, float]
    reached: bool


@dataclass(frozen=True)
class Fit:
    """What :func:`fit_one` found. ``print(fit)`` shows :meth:`summary`.

    ``estimates`` and ``intervals`` are by parameter, in its unit. ``residual_sd`` is the SD of the
    ``error`` around the curve (of ln(value), of the value, or as a share of the curve), estimated
    by maximum likelihood (divided by n) unless ``residual_known``; ``freedom`` are the measured
    samples less the parameters. ``times``, ``values`` and ``censored`` are the samples.
    ``status`` is 'converged' or says what went wrong. ``warnings`` are the reasons to read the
    result with care, and a summary shows them all.
    """

    name: str
    estimates: dict[str, float]
    intervals: dict[str, Interval]
    level: float
    method: str
    held: dict[str, float]
    units: dict[str, str]
    error: str
    residual_sd: float
    residual_known: bool
    freedom: float
    log_likelihood: float
    times: Numbers = field(repr=False)
    values: Numbers = field(repr=False)
    censored: Flags = field(repr=False)
    lloq: float | None
    blq: str
    status: str
    warnings: tuple[str, ...]
    starts: tuple[Start, ...] = field(repr=False)
    covariance: Numbers = field(repr=False)
    labels: tuple[str, str] = field(repr=False)
    _problem: Problem = field(repr=False)
    _best: Best = field(repr=False)
    _curve: Callable[[dict[str, float], Numbers], Numbers] = field(repr=False)

    @property
    def n(self) -> int:
        """Samples, measured or not."""
        return int(self.times.size)

    @property
    def n_censored(self) -> int:
        """Samples below the limit."""
        return int(self.censored.sum())

    @property
    def residual_log_sd(self) -> float:
        """The SD of ln(value) around the curve; only log-normal error has one."""
        if self.error != "log":
            raise LearnerError(
                given=f"residual_log_sd of a fit with error = {self.error!r}",
                expected="a fit with log-normal error",
                do="use residual_sd, which is in the terms of the fit's own error",
            )
        return self.residual_sd

    @property
    def aic(self) -> float:
        r"""Akaike's criterion, :math:`2k - 2 \ln L`, of the values themselves: lower is better.

        It compares models of error on the same samples: the likelihood of ln(y) is turned into
        that of y first. k counts the parameters, and the SD where it was estimated.
        """
        s = self._problem.samples
        to_values = float(s.y[s.measured].sum()) if self.error == "log" else 0.0
        k = len(self.estimates) + (not self.residual_known)
        return 2 * k - 2 * (self.log_likelihood - to_values)

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
        chosen = self.level if level is None else checked_level(level)
        free = self._problem.free
        u = np.array([float(to_u(self.estimates[f.name], f.scale)) for f in free])

        def at(point: Numbers) -> float:
            values = {f.name: float(from_u(x, f.scale)) for f, x in zip(free, point, strict=True)}
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
        half = float(quantile(chosen, self.freedom) * np.sqrt(slope @ self.covariance @ slope))
        if logs:
            return Interval(value, value * math.exp(-half), value * math.exp(half))
        return Interval(value, value - half, value + half)

    def summary(self) -> str:
        """The result as text: the same on every machine."""
        below = f", {self.n_censored} of them below {digits(self.lloq)} ({self.blq})"
        lines = [
            f"Fit of {self.name} to {self.n} samples" + (below if self.n_censored else ""),
            "",
        ]
        head = ("parameter", "estimate", f"{100 * self.level:g} % interval ({self.method})", "unit")
        table = [head]
        for name, value in self.estimates.items():
            interval = self.intervals.get(name)
            text = "–" if interval is None else limits(interval)
            table.append((name, digits(value), text, ledger.pretty(self.units[name])))
        lines += aligned(table, right=[1])
        how = "given" if self.residual_known else "estimated"
        reached = sum(s.reached for s in self.starts)
        lines += [
            "",
            f"residual SD {SD_OF[self.error]}: {digits(self.residual_sd)} ({how})",
            f"log-likelihood: {self.log_likelihood:.2f}; "
            f"{reached} of {len(self.starts)} starts ended there; {self.status}",
        ]
        kept = [f"{k} = {digits(v)}" for k, v in self.held.items() if math.isfinite(v)]
        if kept:
            lines.append(f"held: {', '.join(kept)}")
        lines += [f"Warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def table(self) -> list[dict[str, Any]]:
        """One row a parameter: parameter, estimate, low, high, standard_error, unit, scale.

        ``standard_error`` is that of the parameter on its own ``scale`` (ln or logit), from the
        curvature. A limit that was not found is NaN; one that does not exist is 0 or infinity.
        ``pandas.DataFrame(fit.table())`` makes a frame.
        """
        errors = np.sqrt(np.diag(self.covariance))
        rows = []
        for f, error in zip(self._problem.free, errors, strict=True):
            value = self.estimates[f.name]
            _, low, high = self.intervals.get(f.name, Interval(value, math.nan, math.nan))
            rows.append(
                {
                    "parameter": f.name,
                    "estimate": value,
                    "low": low,
                    "high": high,
                    "standard_error": float(error),
                    "unit": f.unit,
                    "scale": f.scale,
                }
            )
        return rows

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write :meth:`table` as CSV."""
        return to_csv(path, self.table())

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the table, the samples and all else that was found as JSON."""
        return to_json(
            path,
            {
                "curve": self.name,
                "parameters": self.table(),
                "level": self.level,
                "intervals_by": self.method,
                "held": self.held,
                "error": self.error,
                "residual_sd": self.residual_sd,
                "residual_sd_known": self.residual_known,
                "log_likelihood": self.log_likelihood,
                "aic": self.aic,
                "blq": self.blq,
                "lloq": self.lloq,
                "samples": [
                    {"time": t, "value": v, "censored": bool(c)}
                    for t, v, c in zip(self.times, self.values, self.censored, strict=True)
                ],
                "status": self.status,
                "warnings": self.warnings,
                "starts": [s._asdict() for s in self.starts],
            },
        )

    def plot(self, ax: Any = None) -> Any:
        """The samples and the fitted curve: ``fig, ax``. Censored samples are open triangles.

        The axes are labelled where a model was fitted; for a function of your own write
        ``ax.set(xlabel=..., ylabel=...)``. ``cgtlearn.plot.show`` shows it with its words.
        """
        from cgtlearn import plot

        fig, ax = plot.figure() if ax is None else (ax.figure, ax)
        t = np.linspace(self.times[0], self.times[-1], 600)
        t = np.unique(np.concatenate([t, self.times]))
        ax.plot(t, self.curve(t), color=plot.BLUE, linestyle="-", label="fitted curve")
        self.draw_samples(ax)
        if self.error != "additive":
            ax.set_yscale("log")
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1])
        ax.legend()
        return fig, ax

    def draw_samples(self, ax: Any) -> None:
        """The samples on axes: dots, and open triangles at the limit for censored ones."""
        from cgtlearn import plot

        seen = ~self.censored
        ax.plot(
            self.times[seen], self.values[seen], "o", color=plot.BLACK, ms=5, ls="none",
            label="measured",
        )  # fmt: skip
        if self.censored.any():
            at = np.full(self.n_censored, self.lloq)
            ax.plot(
                self.times[self.censored], at, "v", color=plot.VERMILLION, ms=6, mfc="none",
                ls="none", label=f"below {digits(self.lloq)}",
            )  # fmt: skip

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        inside_ = ", ".join(f"{k}={digits(v)}" for k, v in self.estimates.items())
        care = f", {len(self.warnings)} warnings" if self.warnings else ""
        return f"Fit of {self.name}: {inside_} ({self.status}{care})"


def limits(interval: Interval) -> str:
    if math.isnan(interval.low) or math.isnan(interval.high):
        return "–"
    low = "no lower limit" if interval.low in (0, -math.inf) else digits(interval.low)
    high = "no upper limit" if math.isinf(interval.high) else digits(interval.high)
    return f"{low} – {high}"


def checked_level(level: Any) -> float:
    """A level of confidence from 0.5 to below 1."""
    number = one_number("level", level)
    if not 0.5 <= number < 1:
        raise LearnerError(
            given=f"level = {number:g}",
            expected="a level of confidence from 0.5 to below 1",
            do="write level=0.95 for 95 %",
        )
    return number


def quantile(level: float, freedom: float) -> float:
    """The two-sided quantile of Student's t, or of the normal for infinite freedom."""
    from scipy.special import ndtri, stdtrit

    if math.isinf(freedom):
        return float(ndtri((1 + level) / 2))
    return float(stdtrit(freedom, (1 + level) / 2))

r"""What samples can tell, and what they cannot: profiles, Fisher information, weak directions.

*Fisher information.* With :math:`J_{ij} = \partial g(t_i) / \partial u_j`, g the curve on the scale
of its error and u the parameters in ln or logit,

.. math:: I = \sum_i \frac{J_i^T J_i}{sd_i^2} \, k_i, \qquad C = I^{-1},

:math:`k_i` the share of a sample's information that a limit of quantification leaves. The roots of
the diagonal of C are the standard errors to expect. An eigenvector of I is a direction, a
combination of parameters: along it the data bound u with an SD of :math:`1/\sqrt\lambda`.

*Profile.* The best log-likelihood for each value of one parameter. Where it stays flat the samples
do not tell this parameter, whatever the curvature at the optimum says.

Raue et al. 2009, Bioinformatics 25, 1923-1929, call the first kind of failure structural (flat to
the end) and the second practical (flat on one side).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, short, sorted_times, unknown_name
from cgtlearn.estimate.fit import Fit, checked_level
from cgtlearn.estimate.intervals import drop_at
from cgtlearn.estimate.likelihood import Numbers, Samples
from cgtlearn.estimate.problem import STEP, from_u, to_u
from cgtlearn.estimate.report import aligned, digits, to_csv, to_json
from cgtlearn.population.progress import Progress

__all__ = ["Identifiability", "Profile", "Profiles", "identify", "profiles"]

VAGUE = 1.0
"""SD in ln or logit from which a parameter is called not told: 95 % span a factor of 50."""
TIED = 0.95
"""Correlation beyond which two parameters are told together, and not apart."""
ENDLESS = 1e6
"""A factor beyond this is not printed."""
NOTHING = 1e-10
"""Eigenvalue of the scaled information below which a direction is not told at all."""


@dataclass(frozen=True)
class Direction:
    """A combination of parameters, and the SD in ln or logit with which it is known."""

    weights: dict[str, float]
    sd: float

    def __str__(self) -> str:
        shown = sorted(self.weights.items(), key=lambda item: -abs(item[1]))
        parts = [f"{name}^{w:+.2f}" for name, w in shown if abs(w) >= 0.1]
        return " · ".join(parts)


@dataclass(frozen=True)
class Identifiability:
    """What :func:`identify` found. ``print`` shows :meth:`summary`.

    ``information`` and ``covariance`` (p, p) are of u, the parameters in ln or logit;
    ``standard_errors`` by parameter, infinite where the information is singular in it;
    ``correlation`` (p, p); ``directions`` from the weakest to the strongest. ``notes`` name what
    the samples cannot tell; none means that nothing was found.
    """

    name: str
    parameters: tuple[str, ...]
    times: Numbers = field(repr=False)
    sensitivities: Numbers = field(repr=False)
    information: Numbers = field(repr=False)
    covariance: Numbers = field(repr=False)
    standard_errors: dict[str, float]
    correlation: Numbers = field(repr=False)
    directions: tuple[Direction, ...]
    notes: tuple[str, ...]

    @property
    def told(self) -> bool:
        """True when nothing was found that the samples cannot tell."""
        return not self.notes

    def table(self) -> list[dict[str, Any]]:
        """One row a parameter: parameter, standard_error, factor, tied_to, correlation."""
        rows = []
        for i, name in enumerate(self.parameters):
            r = np.abs(self.correlation[i]).copy()
            r[i] = -1
            known = np.isfinite(r).all() and r.size > 1
            j = int(np.argmax(r)) if known else i
            error = self.standard_errors[name]
            rows.append(
                {
                    "parameter": name,
                    "standard_error": error,
                    "factor": math.exp(1.96 * error) if error < 300 else math.inf,
                    "tied_to": self.parameters[j] if known else "",
                    "correlation": float(self.correlation[i, j]) if known else math.nan,
                }
            )
        return rows

    def summary(self) -> str:
        """The result as text."""
        head = ("parameter", "SE (ln or logit)", "95 % factor", "most tied to", "correlation")
        rows = [
            (
                r["parameter"],
                digits(r["standard_error"]),
                digits(r["factor"]) if r["factor"] < ENDLESS else f"> {ledger.number(ENDLESS)}",
                r["tied_to"],
                "–" if math.isnan(r["correlation"]) else f"{r['correlation']:+.2f}",
            )
            for r in self.table()
        ]
        weakest = self.directions[0]
        lines = [
            f"What {self.times.size} samples can tell of {self.name} (Fisher information)",
            "",
            *aligned([head, *rows], right=[1, 2, 4]),
            "",
            f"weakest direction: {weakest}, known with an SD of {digits(weakest.sd)}",
            *(f"Not told: {note}" for note in self.notes),
        ]
        return "\n".join(lines if self.notes else [*lines, "All parameters are told."])

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"Identifiability of {self.name}: {len(self.notes)} things not told"

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write :meth:`table` as CSV."""
        return to_csv(path, self.table())

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write everything that was found as JSON."""
        return to_json(
            path,
            {
                "curve": self.name,
                "times": self.times,
                "parameters": self.table(),
                "information": self.information,
                "correlation": self.correlation,
                "directions": [{"weights": d.weights, "sd": d.sd} for d in self.directions],
                "notes": self.notes,
            },
        )

    def plot(self) -> Any:
        """The correlations as a table of colours with their numbers: ``fig, ax``."""
        from cgtlearn import plot

        p = len(self.parameters)
        fig, ax = plot.figure(size="square", figsize=(1.8 + 0.7 * p, 1.4 + 0.6 * p))
        picture = ax.imshow(self.correlation, cmap="RdBu_r", vmin=-1, vmax=1)
        ax.grid(False)
        for i in range(p):
            for j in range(p):
                r = self.correlation[i, j]
                if np.isfinite(r):
                    ax.text(
                        j, i, f"{r:+.2f}", ha="center", va="center", fontsize=9,
                        color="white" if abs(r) > 0.6 else "black",
                    )  # fmt: skip
        ax.set_xticks(range(p), self.parameters, rotation=40, ha="right")
        ax.set_yticks(range(p), self.parameters)
        ax.set(xlabel="parameter", ylabel="parameter")
        fig.colorbar(picture, label="correlation (1)", shrink=0.8)
        return fig, ax


def identify(fit: Fit, times: ArrayLike | None = None) -> Identifiability:
    """What samples can tell about the parameters of a fit, near its estimates.

    Parameters
    ----------
    fit : what :func:`fit_one` found.
    times : (T,) days on which you would sample instead: what *they* could tell, with the fit's
        error and limit. The fit's own unless given.

    Returns
    -------
    Identifiability: standard errors to expect, correlations, weak directions, and notes that name
    what cannot be told. With the fit's own times the notes also name each interval without an end.

    The SD of the noise is taken as known, at the fit's value (times sqrt(n / (n - p)) where it was
    estimated).
    """
    if not isinstance(fit, Fit):
        raise LearnerError(
            given=f"identify({short(fit)})",
            expected="what fit_one returned",
            do="write identify(fit_one(...)), with times=[...] for another design",
        )
    own = times is None
    grid = fit.times if own else sorted_times("times", times)  # type: ignore[arg-type]
    problem, best = fit._problem, fit._best
    s = problem.samples
    spread = s.spread if own else np.full(grid.size, float(np.median(s.spread)))
    # What has not been sampled yet may fall below the limit or not: its expectation counts.
    limit = s.limit if fit.blq == "M3" else math.nan
    nobody = np.zeros(grid.size, bool)
    planned = Samples(s.error, np.zeros(grid.size), ~nobody, nobody, limit, spread)
    g, slopes = _sensitivities(fit, grid, planned)
    wider = 1.0 if fit.residual_known else math.sqrt(problem.n_measured / problem.freedom)
    each = planned.information(g, wider * best.sigma)
    if own and fit.blq == "drop":
        each = np.where(fit.censored, 0.0, each)
    information = slopes.T @ (each[:, None] * slopes)

    names = tuple(f.name for f in problem.free)
    p = len(names)
    size = np.sqrt(np.diag(information))
    blind = size == 0
    scaled = information / np.outer(np.where(blind, 1, size), np.where(blind, 1, size))
    weakest, combos = np.linalg.eigh(scaled)
    lost = weakest < NOTHING
    covariance = np.full((p, p), np.nan)
    errors = np.full(p, np.inf)
    correlation = np.full((p, p), np.nan)
    if not lost.any():
        covariance = np.linalg.inv(scaled) / np.outer(size, size)
        errors = np.sqrt(np.diag(covariance))
        correlation = covariance / np.outer(errors, errors)
    else:
        # A parameter that has no part in a lost direction is told all the same.
        inside = np.abs(combos[:, lost]).max(axis=1) < 1e-4
        partial = combos[:, ~lost] / np.sqrt(weakest[~lost])
        told = np.sqrt((partial**2).sum(axis=1)) / np.where(blind, 1, size)
        errors = np.where(inside & ~blind, told, np.inf)

    eigenvalues, vectors = np.linalg.eigh(information)
    floor = NOTHING * max(float(eigenvalues[-1]), 1e-300)
    directions = tuple(
        Direction(
            {n: float(w) for n, w in zip(names, _pointing(v), strict=True)},
            1 / math.sqrt(value) if value > floor else math.inf,
        )
        for value, v in zip(eigenvalues, vectors.T, strict=True)
    )
    notes = _notes(fit, own, names, blind, errors, correlation, directions)
    return Identifiability(
        fit.name, names, grid, slopes, information, covariance,
        dict(zip(names, (float(e) for e in errors), strict=True)), correlation, directions, notes,
    )  # fmt: skip


def _factor(error: float) -> str:
    factor = math.exp(min(1.96 * error, 100))
    return f"a factor of {digits(factor)}" if factor < ENDLESS else "more than a millionfold"


def _pointing(v: Numbers) -> Numbers:
    """A direction has no sign: its largest part is shown as positive."""
    return v if v[int(np.argmax(np.abs(v)))] > 0 else -v


def _sensitivities(fit: Fit, grid: Numbers, planned: Samples) -> tuple[Numbers, Numbers]:
    """The curve (T,) on the scale of its error and its derivatives by u (T, p)."""
    free, u = fit._problem.free, fit._best.u

    def at(point: Numbers) -> Numbers:
        values = {f.name: float(from_u(x, f.scale)) for f, x in zip(free, point, strict=True)}
        return planned.scaled(np.asarray(fit._curve(values, grid), float))

    step = STEP if not fit._problem.slow else 1e-3
    columns = []
    for i in range(u.size):
        up, down = u.copy(), u.copy()
        up[i] = min(u[i] + step, fit._problem.high[i])
        down[i] = max(u[i] - step, fit._problem.low[i])
        columns.append((at(up) - at(down)) / (up[i] - down[i]))
    return at(u), np.stack(columns, axis=1)


def _notes(
    fit: Fit,
    own: bool,
    names: tuple[str, ...],
    blind: Any,
    errors: Numbers,
    correlation: Numbers,
    directions: tuple[Direction, ...],
) -> tuple[str, ...]:
    notes = [
        f"{name}, which changes none of these samples"
        for name, nothing in zip(names, blind, strict=True)
        if nothing
    ]
    for d in directions:
        if math.isinf(d.sd) and sum(abs(w) >= 0.1 for w in d.weights.values()) > 1:
            notes.append(f"{d}: the curve stays the same along it")
    for name, error, nothing in zip(names, errors, blind, strict=True):
        if error >= VAGUE and not nothing and not math.isinf(error):
            notes.append(
                f"{name}: a standard error of {error:.2g} in ln or logit, so that 95 % span "
                + _factor(2 * error)
            )
    for i in range(len(names)):
        for j in range(i):
            if abs(correlation[i, j]) > TIED:
                notes.append(
                    f"{names[j]} and {names[i]} apart: their correlation is "
                    f"{correlation[i, j]:+.3f}"
                )
    if own and fit.method == "profile":
        for name, interval in fit.intervals.items():
            scale = next(f.scale for f in fit._problem.free if f.name == name)
            if interval.low in (0.0, -math.inf):
                notes.append(f"how far {name} may lie below: its profile stays flat there")
            if interval.high == (1.0 if scale == "logit" else math.inf):
                notes.append(f"how far {name} may lie above: its profile stays flat there")
    return tuple(notes)


# --- profiles ----------------------------------------------------------------------------------


class Profile(NamedTuple):
    """The best log-likelihood for each value of one parameter.

    ``values`` (K,) of the parameter, rising; ``drop`` (K,): how far ln L lies below its best;
    ``others``: parameter -> (K,), where the rest went. ``flat`` names the sides, "lower" or
    "upper", on which the drop does not reach the threshold.
    """

    values: Numbers
    drop: Numbers
    others: dict[str, Numbers]
    flat: tuple[str, ...]


@dataclass(frozen=True)
class Profiles:
    """What :func:`profiles` found: ``profiles["cmax"]`` is one :class:`Profile`.

    ``threshold`` is the drop of ln L at which the interval of ``level`` ends.
    """

    by_name: dict[str, Profile]
    level: float
    threshold: float
    fit: Fit = field(repr=False)
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Profile:
        if name not in self.by_name:
            raise unknown_name(name, self.by_name, "profiled parameter")
        return self.by_name[name]

    def table(self) -> list[dict[str, Any]]:
        """One row a point: parameter, value, drop."""
        return [
            {"parameter": name, "value": float(x), "drop": float(d)}
            for name, profile in self.by_name.items()
            for x, d in zip(profile.values, profile.drop, strict=True)
        ]

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write :meth:`table` as CSV."""
        return to_csv(path, self.table())

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write level, threshold, points and warnings as JSON."""
        return to_json(
            path,
            {
                "curve": self.fit.name,
                "level": self.level,
                "threshold": self.threshold,
                "points": self.table(),
                "warnings": self.warnings,
            },
        )

    def summary(self) -> str:
        """Which profiles reach the threshold, as text."""
        lines = [
            f"Profiles of {self.fit.name}; threshold {self.threshold:.2f} for {self.level:.0%}"
        ]
        for name, profile in self.by_name.items():
            told = "told on both sides"
            if profile.flat:
                told = f"flat on the {' and the '.join(profile.flat)} side"
            lines.append(f"{name}: {told}")
        return "\n".join([*lines, *(f"Warning: {w}" for w in self.warnings)])

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"Profiles of {self.fit.name}: {', '.join(self.by_name)}"

    def plot(self) -> Any:
        """One panel a parameter, with the threshold: ``fig, axes``. The interval lies below it."""
        from cgtlearn import plot
        from cgtlearn.estimate.draw import log_if_wide, panels

        fig, axes = panels(list(self.by_name), sharey=True)
        for name, ax in axes.items():
            profile = self.by_name[name]
            ax.plot(profile.values, profile.drop, color=plot.BLUE, ls="-")
            ax.plot(self.fit.estimates[name], 0, "o", color=plot.BLACK)
            ax.axhline(self.threshold, color=plot.VERMILLION, ls="--")
            log_if_wide(ax, profile.values)
            ax.set_xlabel(f"{name} ({ledger.pretty(self.fit.units[name])})")
            ax.set_ylim(1.8 * self.threshold, -0.1 * self.threshold)
        fig.supylabel("ln L below its best (1)", fontsize="medium")
        return fig, list(axes.values())


def profiles(
    fit: Fit,
    names: Iterable[str] | None = None,
    *,
    points: int = 10,
    level: float | None = None,
    progress: bool = True,
) -> Profiles:
    """The profile likelihood of parameters, point by point, ready to be drawn.

    Parameters
    ----------
    fit : what :func:`fit_one` found.
    names : which parameters; all unless given.
    points : points on either side of the estimate. They reach a little beyond the fit's interval
        or, where it has no end or none was asked for, six standard errors or a factor of 50.
    level : of confidence, for the threshold; the fit's unless given.

    Returns
    -------
    Profiles. Interrupted, it holds the parameters that were finished, and says so. A warning names
    a parameter along which a better fit than the best was found.
    """
    if not isinstance(fit, Fit):
        raise LearnerError(
            given=f"profiles of {short(fit)}",
            expected="what fit_one returned",
            do="write profiles(fit_one(...))",
        )
    known = list(fit.estimates)
    wanted = known if names is None else ([names] if isinstance(names, str) else list(names))
    for name in wanted:
        if name not in known:
            raise unknown_name(name, known, "estimated parameter")
    chosen = fit.level if level is None else checked_level(level)
    problem = fit._problem
    threshold = drop_at(problem, chosen)
    found: dict[str, Profile] = {}
    notes: list[str] = []
    try:
        with Progress(2 * points * len(wanted), "points", progress) as bar:
            for name in wanted:
                found[name] = _profile(fit, known.index(name), points, threshold, bar)
                if found[name].drop.min() < -0.005:
                    notes.append(
                        f"{name}: ln L rises by {-found[name].drop.min():.2g} along its profile; "
                        "the fit is not at the optimum, use more starts"
                    )
    except KeyboardInterrupt:
        if not found:
            raise
        notes.append(f"interrupted: {len(found)} of {len(wanted)} parameters were reached")
    return Profiles(found, chosen, threshold, fit, tuple(notes))


def _profile(fit: Fit, i: int, points: int, threshold: float, bar: Progress) -> Profile:
    problem, best = fit._problem, fit._best
    f = problem.free[i]
    error = float(np.sqrt(fit.covariance[i, i]))
    far = min(6 * error, math.log(50)) if math.isfinite(error) else math.log(50)
    u: list[Numbers] = [best.u]
    drops = [0.0]
    flat = []
    for side, word in ((-1, "lower"), (1, "upper")):
        reach = far
        if f.name in fit.intervals:
            end = float(to_u(fit.intervals[f.name][1 if side < 0 else 2], f.scale))
            if math.isfinite(end):
                reach = 1.4 * abs(end - best.u[i])
        edge = float((problem.low if side < 0 else problem.high)[i])
        reach = min(reach, abs(edge - best.u[i]))
        last, own = best.u, []
        for step in range(1, points + 1):
            at = last.copy()
            at[i] = best.u[i] + side * reach * step / points
            end_here = problem.maximise(at, hold=i)
            last = end_here.u
            own.append((last, best.log_likelihood - end_here.log_likelihood))
            bar.add(1)
        if max(d for _, d in own) < threshold:
            flat.append(word)
        if side < 0:
            u, drops = [x for x, _ in own[::-1]] + u, [d for _, d in own[::-1]] + drops
        else:
            u, drops = u + [x for x, _ in own], drops + [d for _, d in own]
    every = problem.values(np.stack(u))
    values = np.asarray(every.pop(f.name))
    others = {k: np.asarray(v) for k, v in every.items()}
    return Profile(values, np.array(drops), others, tuple(flat))

r"""Visual predictive check: percentiles of the data beside those of simulated trials, by time.

In each bin of time the 10th, 50th and 90th percentile of the data stand beside the interval in
which simulated trials have theirs. Samples below the limit take part at the limit, in the data and
in the simulations alike, so that percentiles above it are right and those below it read "below";
their share is checked by itself (Bergstrand and Karlsson, AAPS J 2009).

Prediction-corrected (Bergstrand et al., AAPS J 2011): where patients in a bin differ in dose or
covariates, each value, simulated ones too, is first multiplied by the bin's median typical
prediction over its own, :math:`y \cdot \widetilde{PRED}_{bin} / PRED`; logarithms get the
difference, :math:`\ln y + \ln\widetilde{PRED}_{bin} - \ln PRED`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, finite, short
from cgtlearn.estimate.diagnostics.samples import Numbers, Samples, bins_of, samples, simulations
from cgtlearn.estimate.fit import checked_level
from cgtlearn.estimate.pictures import plain_ticks
from cgtlearn.estimate.report import aligned, digits, to_csv, to_json

__all__ = ["VPC", "vpc"]

@dataclass(frozen=True)
class VPC:
    """What :func:`vpc` found, for B bins and P percentiles. ``print(result)`` shows its summary.

    ``times`` (B,) median time of the bin's samples, ``edges`` (B, 2), ``n`` (B,) samples.
    ``observed`` (B, P), and ``low``, ``middle``, ``high`` (B, P): the interval, at ``level``, and
    median of the same percentile over the ``replicates``. ``hidden`` (B, P): True where the
    observed percentile lies below the limit. A correction gives every sample a limit of its own;
    there such a percentile and its interval are limits and no values, and are not shown.
    ``below`` (B,) the observed share below the limit, ``below_low``, ``below_middle``,
    ``below_high`` (B,) the simulated; NaN where no sample has a limit.
    """

    percentiles: tuple[float, ...]
    level: float
    replicates: int
    corrected: bool
    logarithms: bool
    times: Numbers
    edges: Numbers
    n: NDArray[np.intp]
    observed: Numbers
    low: Numbers
    middle: Numbers
    high: Numbers
    hidden: NDArray[np.bool_]
    below: Numbers
    below_low: Numbers
    below_middle: Numbers
    below_high: Numbers
    warnings: tuple[str, ...]
    _samples: Samples = field(repr=False)
    _values: Numbers = field(repr=False)

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(B, P) True where the observed percentile lies within the simulated interval."""
        return (self.low <= self.observed) & (self.observed <= self.high)

    @property
    def below_inside(self) -> NDArray[np.bool_]:
        """(B,) the same for the share below the limit; True where there is none."""
        return ~((self.below < self.below_low) | (self.below > self.below_high))

    def table(self) -> list[dict[str, Any]]:
        """One row for each bin and percentile, and one for the bin's share below the limit."""
        rows = []
        for b, time in enumerate(self.times):
            place = {"time": float(time), "n": int(self.n[b])}
            for p, q in enumerate(self.percentiles):
                found = (a[b, p] for a in (self.observed, self.low, self.middle, self.high))
                keys = ("observed", "low", "middle", "high")
                row = {"what": f"percentile {100 * q:g}", **dict(zip(keys, map(float, found)))}  # noqa: B905
                ok = bool(self.inside[b, p])
                rows.append({**place, **row, "hidden": bool(self.hidden[b, p]), "inside": ok})
            if np.isfinite(self.below[b]):
                shares = (self.below, self.below_low, self.below_middle, self.below_high)
                found = (float(a[b]) for a in shares)
                row = {"what": "share below", **dict(zip(keys, found, strict=True))}
                ok = bool(self.below_inside[b])
                rows.append({**place, **row, "hidden": False, "inside": ok})
        return rows

    @property
    def _untold(self) -> NDArray[np.bool_]:
        """(B, P) True where a percentile is one of many corrected limits."""
        return self.hidden & self.corrected

    def _count(self) -> tuple[int, int]:
        """How many observed percentiles above the limit lie inside, of how many."""
        told = ~self.hidden
        return int(self.inside[told].sum()), int(told.sum())

    def summary(self) -> str:
        kind = "Prediction-corrected visual" if self.corrected else "Visual"
        inside, total = self._count()
        lines = [
            f"{kind} predictive check: {int(self.n.sum())} samples in {self.n.size} bins, "
            f"{self.replicates} simulated trials",
            "",
        ]
        names = [f"{100 * q:g}th percentile" for q in self.percentiles]
        rows: list[tuple[str, ...]] = [("time", "n", *names)]
        limited = bool(np.isfinite(self.below).any())
        if limited:
            rows[0] += ("share below the limit",)
        for b, time in enumerate(self.times):
            cells = []
            for p in range(len(names)):
                if self._untold[b, p]:
                    cells.append("below")
                    continue
                value = "below" if self.hidden[b, p] else digits(float(self.observed[b, p]))
                ends = digits(float(self.low[b, p])), digits(float(self.high[b, p]))
                star = "" if self.inside[b, p] else " *"
                cells.append(f"{value} [{ends[0]}, {ends[1]}]{star}")
            if limited:
                star = "" if self.below_inside[b] else " *"
                share, ends_of = self.below[b], (self.below_low[b], self.below_high[b])
                cells.append(f"{share:.0%} [{ends_of[0]:.0%}, {ends_of[1]:.0%}]{star}")
            rows.append((digits(float(time)), str(self.n[b]), *cells))
        lines += aligned(rows, right=(0, 1))
        lines += [
            "",
            f"observed [{100 * self.level:g} % interval of simulated trials]; * outside",
            f"{inside} of {total} percentiles lie inside; {self.level * total:.0f} are expected "
            "under the model",
        ]
        lines += [f"Warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    @property
    def alt(self) -> str:
        """The message of :meth:`plot` in words, with its numbers."""
        inside, total = self._count()
        text = (
            f"{inside} of {total} observed percentiles lie within the {100 * self.level:g} % "
            f"interval of {self.replicates} simulated trials."
        )
        if np.isfinite(self.below).any():
            ok, bins = int(self.below_inside.sum()), self.n.size
            text += f" The share below the limit lies within its interval in {ok} of {bins} bins."
        return text

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write :meth:`table` as CSV."""
        return to_csv(path, self.table())

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write settings and table as JSON."""
        about = {
            "percentiles": self.percentiles,
            "level": self.level,
            "replicates": self.replicates,
            "prediction_corrected": self.corrected,
            "logarithms": self.logarithms,
            "rows": self.table(),
            "warnings": self.warnings,
        }
        return to_json(path, about)

    def plot(self, unit: str = "", time_unit: str = "", log: bool | None = None) -> Any:
        """Percentiles over time, and below them the share below the limit where there is one.

        Lines: observed; bands: simulated. ``log`` draws values on a log axis; by default where all
        are above zero. Units are those of the fit's study unless given.
        """
        from cgtlearn import plot

        limited = bool(np.isfinite(self.below).any())
        if limited:
            ratios = {"height_ratios": [2.4, 1]}
            fig, (ax, share) = plot.figure(2, 1, size="tall", sharex=True, gridspec_kw=ratios)
        else:
            fig, ax = plot.figure()
        t, y, censored = self._samples.time, self._values, self._samples.censored
        ax.scatter(t[~censored], y[~censored], s=7, color="#888888", alpha=0.5, linewidths=0)
        colours = [plot.VERMILLION, plot.BLUE, plot.VERMILLION]
        for p, q in enumerate(self.percentiles):
            colour = colours[p] if len(self.percentiles) == 3 else plot.BLUE
            told = np.where(self._untold[:, p], np.nan, 1.0)
            ends = told * self.low[:, p], told * self.high[:, p]
            ax.fill_between(self.times, *ends, color=colour, alpha=0.25)
            middle = abs(q - 0.5) < 1e-9
            shown = np.where(self.hidden[:, p], np.nan, self.observed[:, p])
            name = f"observed {100 * q:g} %"
            ax.plot(self.times, shown, color=colour, linestyle="-" if middle else "--", label=name)
        limits = np.unique(self._samples.lloq[np.isfinite(self._samples.lloq)])
        if limits.size == 1 and not self.corrected:
            ax.axhline(limits[0], color=plot.BLACK, linestyle=":", linewidth=1)
        if log is None:
            positive = self.low.min() > 0 and y[~censored].min(initial=np.inf) > 0
            log = bool(positive and not self.logarithms)
        kind = "corrected " if self.corrected else ""
        kind += "ln(value)" if self.logarithms else "value"
        ax.set(ylabel=self._samples.axis(kind, "DV", unit))
        if log:
            ax.set_yscale("log")
            plain_ticks(ax.yaxis)
        band = f"simulated, {100 * self.level:g} %"
        ax.fill_between([], [], [], color=plot.BLACK, alpha=0.25, label=band)
        ax.legend(fontsize=8)
        last = ax
        if limited:
            share.fill_between(
                self.times, self.below_low, self.below_high, color=plot.GREEN, alpha=0.25
            )
            share.plot(self.times, self.below, color=plot.GREEN, linestyle="-")
            share.set(ylabel="below LLOQ\n(fraction)", ylim=(0, None))
            last = share
        last.set(xlabel=self._samples.axis("time", "TIME", time_unit))
        return fig


def vpc(
    data: Any,
    simulated: ArrayLike | None = None,
    *,
    corrected: bool = False,
    logarithms: bool = False,
    bins: int | Sequence[float] | None = None,
    percentiles: Sequence[float] = (0.1, 0.5, 0.9),
    level: float = 0.95,
    replicates: int = 500,
    seed: int = 0,
) -> VPC:
    """Visual predictive check, with samples below the limit; prediction-corrected if wanted.

    Parameters
    ----------
    data : a population fit, or a mapping of columns (n,): ``id``, ``time``, ``dv``, ``censored``
        and ``lloq`` where there is a limit, ``pred`` (typical prediction) for ``corrected``.
    simulated : (replicates, n) values of the same samples in simulated trials, not cut at the
        limit: that is done here. A fit simulates them itself (``replicates``, ``seed``).
    corrected : multiply each value by the bin's median typical prediction over its own.
    logarithms : True when values, limits and predictions are logarithms already: the correction is
        then a difference.
    bins : edges in time, rising, each bin from its first edge to below the next; or a number of
        bins with about equally many samples; by default every time is a bin of its own, or there
        are 8 bins where times are many.
    percentiles : between 0 and 1. level : of the simulated intervals.

    Returns
    -------
    VPC. Of its intervals, 5 % may miss at a level of 95 % though the model is true.

    Raises LearnerError for fewer than 100 replicates, simulations of another shape, edges that
    leave samples or a bin out, predictions of zero or below under ``corrected``.
    """
    given = samples(data, ("pred",) if corrected else ())
    trials = simulations(data, simulated, replicates, seed, given)
    chosen = checked_level(level)
    shares = _percentiles(percentiles)
    which, edges = bins_of(given.time, bins)

    limit, has = given.lloq, np.isfinite(given.lloq)
    below = np.where(has, given.censored, np.nan)
    trials_below = np.where(has, trials < limit, np.nan)
    values, trials = given.dv, np.fmax(trials, limit)
    if corrected:
        shift = _correction(given.more["pred"], which, logarithms)
        if logarithms:
            values, trials, limit = values + shift, trials + shift, limit + shift
        else:
            values, trials, limit = values * shift, trials * shift, limit * shift

    ends = [(1 - chosen) / 2, 0.5, (1 + chosen) / 2]
    size, width = len(edges), len(shares)
    times, n = np.empty(size), np.empty(size, int)
    observed, band = np.empty((size, width)), np.empty((3, size, width))
    hidden, share, share_band = np.empty((size, width), bool), np.empty(size), np.empty((3, size))
    notes = []
    for b in range(size):
        part = which == b
        times[b], n[b] = np.median(given.time[part]), part.sum()
        observed[b] = np.quantile(values[part], shares)
        band[:, b] = np.quantile(np.quantile(trials[:, part], shares, axis=1), ends, axis=1)
        top = np.max(limit[part], initial=-np.inf, where=given.censored[part])
        hidden[b] = observed[b] <= top
        limited = part & has
        share[b] = below[limited].mean() if limited.any() else np.nan
        share_band[:, b] = np.nan
        if limited.any():
            share_band[:, b] = np.quantile(trials_below[:, limited].mean(axis=1), ends)
        if n[b] * min(shares[0], 1 - shares[-1]) < 1:
            notes.append(
                f"{n[b]} samples at time {digits(float(times[b]))}: its outer percentiles are "
                "hardly more than its extremes; use wider bins"
            )
    return VPC(
        shares, chosen, trials.shape[0], corrected, logarithms, times, edges, n,
        observed, band[0], band[1], band[2], hidden,
        share, share_band[0], share_band[1], share_band[2],
        tuple(notes), given, values,
    )  # fmt: skip


def _percentiles(percentiles: Sequence[float]) -> tuple[float, ...]:
    shares = finite("percentiles", percentiles, ndim=1)
    if not shares.size or np.any((shares <= 0) | (shares >= 1)) or np.any(np.diff(shares) <= 0):
        raise LearnerError(
            given=f"percentiles = {short(percentiles)}",
            expected="rising numbers between 0 and 1",
            do="write percentiles=(0.1, 0.5, 0.9)",
        )
    return tuple(map(float, shares))


def _correction(pred: Numbers, which: NDArray[np.intp], logarithms: bool) -> Numbers:
    bad = ~np.isfinite(pred) if logarithms else ~(np.isfinite(pred) & (pred > 0))
    if bad.any():
        i = int(np.argmax(bad))
        raise LearnerError(
            given=f"pred[{i}] = {pred[i]:g}",
            expected="finite typical predictions" + ("" if logarithms else " above zero"),
            do="leave samples before the dose out, or use corrected=False",
        )
    middle = np.array([np.median(pred[which == b]) for b in range(int(which.max()) + 1)])[which]
    return middle - pred if logarithms else middle / pred

"""Goodness of fit: observed against predicted, and what is left over."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cgtlearn.errors import LearnerError
from cgtlearn.estimate.diagnostics.samples import Numbers, Samples, bins_of, samples
from cgtlearn.estimate.pictures import plain_ticks
from cgtlearn.estimate.report import aligned, digits, to_csv, to_json

__all__ = ["GoodnessOfFit", "goodness_of_fit"]

COLUMNS = ("pred", "ipred", "iwres")


@dataclass(frozen=True)
class GoodnessOfFit:
    """What :func:`goodness_of_fit` found. ``print(result)`` shows :meth:`summary`.

    Of the measured samples: ``mean`` and ``sd`` of the individual weighted residuals, ``outside``
    the share beyond ±1.96, and ``trend_in_time``, ``trend_in_prediction`` and ``spread_in_time``
    the rank correlations of the residual with time and with the individual prediction, and of its
    size with time. All are near 0, 1, 0.05, 0, 0 and 0 when the model holds and patients have many
    samples; with few, individual predictions chase the data, and residuals look too small.
    """

    n: int
    n_censored: int
    mean: float
    sd: float
    outside: float
    trend_in_time: float
    trend_in_prediction: float
    spread_in_time: float
    samples: Samples = field(repr=False)

    NUMBERS = (
        "mean",
        "sd",
        "outside",
        "trend_in_time",
        "trend_in_prediction",
        "spread_in_time",
    )

    def table(self) -> list[dict[str, Any]]:
        """One row a number: what it is and its value."""
        return [{"what": key, "value": getattr(self, key)} for key in self.NUMBERS]

    def summary(self) -> str:
        head = f"Goodness of fit: {self.n} samples"
        if self.n_censored:
            head += f", {self.n_censored} below the limit left out"
        expected = {"sd": "1", "outside": "0.05"}
        rows = [("weighted residuals", "found", "under the model")]
        rows += [
            (key.replace("_", " "), digits(getattr(self, key)), expected.get(key, "0"))
            for key in self.NUMBERS
        ]
        return "\n".join([head, "", *aligned(rows, right=(1, 2))])

    def __str__(self) -> str:
        return self.summary()

    @property
    def alt(self) -> str:
        """The message of :meth:`plot` in words, with its numbers."""
        return (
            f"Weighted residuals of {self.n} samples have mean {digits(self.mean)} and SD "
            f"{digits(self.sd)}; {self.outside:.0%} lie beyond 1.96. Their rank correlation with "
            f"time is {self.trend_in_time:.2f}."
        )

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the samples as CSV, one a row."""
        s = self.samples
        columns = {"id": s.id, "time": s.time, "dv": s.dv, "censored": s.censored, **s.more}
        rows = zip(*(c.tolist() for c in columns.values()), strict=True)
        return to_csv(path, (dict(zip(columns, row, strict=True)) for row in rows))

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the numbers as JSON."""
        about = {"samples": self.n, "below_the_limit": self.n_censored}
        return to_json(path, {**about, **{key: getattr(self, key) for key in self.NUMBERS}})

    def plot(self, unit: str = "", time_unit: str = "", log: bool | None = None) -> Any:
        """Four panels; open triangles stand for censored samples, at the limit.

        ``log`` draws values on a log axis; by default where all are above zero. Units are those of
        the fit's study unless given.
        """
        from cgtlearn import plot

        fig, axes = plot.figure(2, 2, figsize=(6.2, 5.6))
        s, seen = self.samples, ~self.samples.censored
        pred, ipred, iwres = (s.more[key] for key in COLUMNS)
        if log is None:
            log = bool(min(s.dv.min(), pred.min(), ipred.min()) > 0)
        shown = {"color": plot.BLUE, "s": 10, "alpha": 0.5, "linewidths": 0}
        empty = {"facecolors": "none", "edgecolors": plot.PURPLE, "s": 14, "marker": "v"}
        for ax, x, name in (
            (axes[0, 0], pred, "typical prediction"),
            (axes[0, 1], ipred, "individual prediction"),
        ):
            ax.scatter(x[seen], s.dv[seen], **shown)
            ax.scatter(x[~seen], s.dv[~seen], linewidths=0.7, **empty)
            both = np.concatenate([x, s.dv])
            ends = [both.min(), both.max()]
            ax.plot(ends, ends, color=plot.BLACK, linestyle="-", linewidth=1)
            ax.set(xlabel=s.axis(name, "DV", unit), ylabel=s.axis("observed", "DV", unit))
            if log:
                # A typical curve may start, or end, far below any value.
                low = max(ends[0], s.dv.min() / 30)
                ends = [low / 1.5, ends[1] * 1.5]
                ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
                plain_ticks(ax.xaxis)
                plain_ticks(ax.yaxis)
        for ax, x, name in (
            (axes[1, 0], s.time, s.axis("time", "TIME", time_unit)),
            (axes[1, 1], ipred, s.axis("individual prediction", "DV", unit)),
        ):
            ax.scatter(x[seen], iwres[seen], **shown)
            ax.axhline(0, color=plot.BLACK, linewidth=1)
            for end in (-1.96, 1.96):
                ax.axhline(end, color=plot.BLACK, linestyle=":", linewidth=1)
            which, edges = bins_of(x[seen])
            parts = [which == b for b in range(len(edges))]
            middle = [np.median(iwres[seen][part]) for part in parts]
            places = [np.median(x[seen][part]) for part in parts]
            ax.plot(places, middle, color=plot.VERMILLION, linestyle="-")
            ax.set(xlabel=name, ylabel="weighted residual (SD)")
            if log and x is ipred:
                ax.set_xscale("log")
                plain_ticks(ax.xaxis)
        return fig


def goodness_of_fit(data: Any) -> GoodnessOfFit:
    """Observed against predicted values, and weighted residuals against time and prediction.

    Parameters
    ----------
    data : a population fit, or a mapping of columns (n,): ``id``, ``time``, ``dv``, ``pred`` (the
        typical patient's curve), ``ipred`` (this patient's), ``iwres`` (what is left, divided by
        its SD), and ``censored`` where there is a limit. Censored samples are drawn, and left out
        of the numbers: their residual is not known.

    Raises LearnerError for columns that lack or differ in length, and fewer than three measured
    samples.
    """
    from scipy import stats

    given = samples(data, COLUMNS)
    seen = ~given.censored
    _, ipred, iwres = (given.more[key] for key in COLUMNS)
    for key in COLUMNS:
        bad = ~np.isfinite(given.more[key]) & (seen if key == "iwres" else True)
        if np.any(bad):
            i = int(np.argmax(bad))
            raise LearnerError(
                given=f"{key}[{i}] = {given.more[key][i]:g}",
                expected=f"{key} of every measured sample",
                do="find out where NaN or infinity came from",
            )
    r, t = iwres[seen], given.time[seen]
    if r.size < 3:
        raise LearnerError(
            given=f"{r.size} measured samples",
            expected="at least three",
            do="fit more samples before judging the fit",
        )

    def rank_correlation(x: Numbers, y: Numbers) -> float:
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            return 0.0
        return float(stats.spearmanr(x, y).statistic)

    return GoodnessOfFit(
        n=int(r.size),
        n_censored=int((~seen).sum()),
        mean=float(r.mean()),
        sd=float(r.std(ddof=1)),
        outside=float((np.abs(r) > 1.96).mean()),
        trend_in_time=rank_correlation(t, r),
        trend_in_prediction=rank_correlation(ipred[seen], r),
        spread_in_time=rank_correlation(t, np.abs(r)),
        samples=given,
    )

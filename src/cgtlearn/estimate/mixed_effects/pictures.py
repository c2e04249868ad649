"""Figures of a population fit. Each returns a figure; show it with ``plot.show``."""

from __future__ import annotations

from typing import Any

import numpy as np

from cgtlearn import ledger, plot
from cgtlearn.errors import LearnerError
from cgtlearn.estimate.mixed_effects.results import Population

__all__ = ["individuals", "predictions", "trace"]

PANELS = 9
FINE = 200
"""Points of a drawn curve."""


def _unit(fit: Population, column: str) -> str:
    unit = fit.study.units.get(column, "")
    return ledger.pretty(unit) if unit else "unit of the data"


def _logs(fit: Population) -> bool:
    return fit._layout.bound.mixed.error == "log"


def predictions(fit: Population) -> Any:
    """Measured values against the typical patient's prediction, and against each patient's own."""
    fig, axes = plot.figure(1, 2, "wide", sharey=True)
    seen = fit.predictions()
    measured = ~seen["censored"]
    unit = _unit(fit, "DV")
    for ax, name, label, color in zip(
        axes, ("pred", "ipred"), ("typical patient", "own curve"), (plot.BLUE, plot.GREEN),
        strict=True,
    ):  # fmt: skip
        x, y = seen[name][measured], seen["dv"][measured]
        ends = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
        ax.plot(x, y, ".", color=color, alpha=0.6, markersize=5)
        ax.plot(ends, ends, color=plot.BLACK, linewidth=1, linestyle="-")
        ax.set(xlabel=f"predicted, {label} ({unit})")
        if _logs(fit):
            low = max(ends[0], y.min() / 30)  # a typical curve may start far below any value
            ax.set(xscale="log", yscale="log", xlim=(low, ends[1] * 1.5))
    axes[0].set(ylabel=f"measured ({unit})")
    return fig


def individuals(fit: Population) -> Any:
    """Nine patients: samples, the typical curve and the patient's own; triangles: below LLOQ."""
    study = fit.study
    shown = np.unique(np.linspace(0, study.size - 1, min(PANELS, study.size)).astype(int))
    fig, axes = plot.figure(3, 3, "tall", sharex=True, sharey=True)
    times = np.linspace(study.times[study.taken].min(), study.times[study.taken].max(), FINE)
    typical, own = fit.typical(times), fit.curves(times)
    values = study.values[study.taken & ~study.censored]
    for ax, i in zip(axes.flat, shown, strict=False):
        measured = study.taken[i] & ~study.censored[i]
        ax.plot(times, typical[i], color=plot.BLACK, linewidth=1, linestyle="--", label="typical")
        ax.plot(times, own[i], color=plot.GREEN, linewidth=1.5, linestyle="-", label="own curve")
        ax.plot(study.times[i, measured], study.values[i, measured], "o", color=plot.BLUE, ms=4)
        below = study.censored[i]
        ax.plot(study.times[i, below], study.values[i, below], "v", color=plot.VERMILLION, ms=4,
                fillstyle="none")  # fmt: skip
        ax.set_title(f"patient {study.patients[i]}", fontsize=9)
        if _logs(fit):
            ax.set_yscale("log")
            ax.set_ylim(values.min() / 5, values.max() * 5)
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    handles = axes.flat[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside upper right", ncols=2, fontsize=8)
    fig.supxlabel(f"time ({_unit(fit, 'TIME')})")
    fig.supylabel(f"value ({_unit(fit, 'DV')})")
    return fig


def trace(fit: Population) -> Any:
    """The path of each unknown through the iterations of SAEM, a line for each start."""
    if not fit.trace:
        raise LearnerError(
            given=f"the trace of a fit by {fit.method}",
            expected="a fit by SAEM, which has one",
            do='draw "predictions" or "individuals"',
        )
    names = list(fit.trace)
    columns = 3
    rows = -(-len(names) // columns)
    fig, axes = plot.figure(rows, columns, "tall", sharex=True, squeeze=False,
                            figsize=(6.2, 0.6 + 1.25 * rows))  # fmt: skip
    for ax, name in zip(axes.flat, names, strict=False):
        ax.plot(fit.trace[name], linewidth=1)
        ax.set_title(name, fontsize=8)
        ax.tick_params(labelsize=8)
    for ax in axes.flat[len(names) :]:
        ax.set_visible(False)
    fig.supxlabel("iteration (number)")
    fig.supylabel("value on the scale of the search (own unit)")
    return fig

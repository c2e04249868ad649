"""Panels for results with several parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cgtlearn import plot

__all__ = ["log_if_wide", "panels"]

WIDE = 30.0
"""An axis that spans a larger factor than this is drawn on a log scale."""


def panels(names: Sequence[str], height: float = 2.2, **options: Any) -> tuple[Any, dict[str, Any]]:
    """A figure with one panel a name, two beside each other: the figure, and name -> axes."""
    columns = min(2, len(names))
    rows = math.ceil(len(names) / columns)
    size = (plot.SIZES["wide"][0], 0.4 + height * rows)
    fig, axes = plot.figure(rows, columns, figsize=size, squeeze=False, **options)
    for ax in axes.flat[len(names) :]:
        ax.set_visible(False)
        axes[-2, 1].tick_params(labelbottom=True)  # the lowest panel of its column now
    return fig, dict(zip(names, axes.flat, strict=False))


def log_if_wide(ax: Any, values: ArrayLike) -> bool:
    """Put the x axis on a log scale where positive values span decades; say whether it was."""
    from matplotlib.ticker import NullFormatter

    x = np.asarray(values, float)
    wide = bool(x.min() > 0 and x.max() > WIDE * x.min())
    if wide:
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.xaxis.set_major_locator(_few_ticks())
    return wide


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)

"""What several pictures of this room need."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["plain_ticks"]


def plain_ticks(axis: Any) -> None:
    """Numbers on a log axis: 20, 50, 100, or 0.6, 0.7, 0.8 where it spans little; else decades."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

    axis.set_minor_formatter(NullFormatter())
    low, high = sorted(axis.get_view_interval())
    span = high / low
    if span > 3000:
        return
    if span < 5:
        ticks = list(MaxNLocator(5).tick_values(low, high))
    else:
        steps = (1, 2, 5) if span < 100 else (1, 3) if span < 500 else (1,)
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [s * 10.0**k for k in decades for s in steps]
    axis.set_major_locator(FixedLocator([t for t in ticks if low <= t <= high]))
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.6g}"))

"""Exposure in one record: Cmax, Tmax, AUC over a window, Tlast and half-life, with their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LearnerError, Numbers, one_of
from .areas import RULES, auc
from .curves import clast, cmax, nothing_measured, one_or_many, quantifiable, tlast, tmax
from .limits import BLQ_RULES, flags_for, treat_below_limit
from .phases import terminal_half_life


@dataclass(frozen=True)
class Exposure:
    """What :func:`exposure` read off: floats for one curve, arrays (N,) for many.

    ``half_life_note`` is empty, or says why there is no half-life (then NaN) or why to read it with
    care.  ``below_limit`` counts the samples below the limit.  ``window``, ``rule`` and ``blq`` are
    those that were used: a number of exposure means nothing without them.
    """

    cmax: float | Numbers
    tmax: float | Numbers
    auc: float | Numbers
    tlast: float | Numbers
    clast: float | Numbers
    half_life: float | Numbers
    half_life_note: str | tuple[str, ...]
    below_limit: int | NDArray[np.integer[Any]]
    window: tuple[float, float]
    rule: str
    blq: str
    unit: str
    time_unit: str

    @property
    def units(self) -> dict[str, str]:
        """The unit of each measure, empty where none was given."""
        area = f"{self.unit}·{self.time_unit}" if self.unit and self.time_unit else ""
        return {
            "cmax": self.unit,
            "tmax": self.time_unit,
            "auc": area,
            "tlast": self.time_unit,
            "clast": self.unit,
            "half_life": self.time_unit,
        }

    def as_dict(self) -> dict[str, Any]:
        """The measures alone, by name."""
        return {name: getattr(self, name) for name in self.units}

    def __str__(self) -> str:
        a, b = self.window
        labels = {
            "cmax": "Cmax",
            "tmax": "Tmax",
            "auc": f"AUC {a:g}-{b:g}",
            "tlast": "Tlast",
            "clast": "Clast",
            "half_life": "half-life",
        }
        lines = []
        for name, value in self.as_dict().items():
            label = labels[name]
            if np.ndim(value):
                seen = np.asarray(value)[np.isfinite(value)]
                label += " (median)"
                value = float(np.median(seen)) if seen.size else float("nan")
            shown = "not told" if np.isnan(value) else f"{value:,.4g}"
            lines.append(f"{label:<20} {shown:>10} {self.units[name]}".rstrip())
        lines.append(f"AUC rule: {self.rule}; below the limit: {self.blq}")
        if isinstance(self.half_life_note, str) and self.half_life_note:
            lines.append(f"half-life: {self.half_life_note}")
        return "\n".join(lines)


def exposure(
    times: ArrayLike,
    values: ArrayLike,
    window: tuple[float, float] = (0, 28),
    rule: str = "linear-up log-down",
    lloq: float | None = None,
    blq: str = "zero",
    censored: ArrayLike | None = None,
    unit: str = "",
    time_unit: str = "",
) -> Exposure:
    """Cmax, Tmax, AUC over a window, Tlast, Clast and terminal half-life of one curve or many.

    Cmax, Tmax, Tlast and Clast are read from all samples; the AUC from ``window`` alone.  Values
    below ``lloq`` are first treated by the rule ``blq``.  The half-life always leaves them out,
    whatever the rule: a stand-in is not a measurement.  (Who wants to see what goes wrong otherwise
    passes the result of ``treat_below_limit`` to ``terminal_half_life``.)

    Parameters
    ----------
    times : (T,), rising.
    values : (T,) or (N, T), zero or above.
    window : (start, end) of the AUC, in the unit of ``times``.  The default, 0 to 28, is that of
        CAR T labels when time is in days.
    rule : rule of :func:`~cgtlearn.measure.auc`.
    lloq : lower limit of quantification in the unit of ``values``; None when there is none.
    blq : one of ``BLQ_RULES``.  'zero' keeps the window covered.
    censored : flags of the shape of ``values``, as from ``censor`` or the column CENS; needs
        ``lloq``.
    unit, time_unit : units of values and times; passed through to ``Exposure.units``.

    Returns
    -------
    Exposure.  Where a half-life cannot be told it is NaN, and ``half_life_note`` says why; the
    other measures stand.  Among many curves, one without a measured value has NaN for Tmax,
    Tlast, Clast and half-life.

    Raises
    ------
    LearnerError : bad arrays, an unknown rule, a window outside the data, one curve that is below
        the limit throughout.
    """
    one_of("rule", rule, RULES)
    one_of("blq", blq, BLQ_RULES)
    t, v = one_or_many(times, values, minimum=2)
    try:
        start, end = (float(edge) for edge in window)
    except (TypeError, ValueError):
        raise LearnerError(
            given=f"window = {window!r}",
            expected="a pair (start, end) in the unit of times",
            do="write window=(0, 28)",
        ) from None
    below = flags_for(v, lloq, censored)
    measured = ~below & quantifiable(v, lloq)
    if v.ndim == 1 and not measured.any():
        raise nothing_measured(lloq)
    seen_only = np.where(measured, v, 0.0)  # for what must come from a measurement
    if lloq is None:
        treated_t, treated_v, blq = t, v, "no limit given"
    else:
        treated_t, treated_v = treat_below_limit(t, v, lloq, blq, censored)
    half_life: float | Numbers
    note: str | tuple[str, ...]
    if v.ndim == 1:
        half_life, note = _half_life(t, seen_only)
    else:
        told = [_half_life(t, row) for row in seen_only]
        half_life = np.array([h for h, _ in told])
        note = tuple(n for _, n in told)
    return Exposure(
        cmax=cmax(treated_t, treated_v),
        tmax=tmax(t, seen_only),
        auc=auc(treated_t, treated_v, start, end, rule),
        tlast=tlast(t, seen_only),
        clast=clast(t, seen_only),
        half_life=half_life,
        half_life_note=note,
        below_limit=int(below.sum()) if v.ndim == 1 else below.sum(axis=-1),
        window=(start, end),
        rule=rule,
        blq=blq,
        unit=unit,
        time_unit=time_unit,
    )


def _half_life(t: Numbers, seen_only: Numbers) -> tuple[float, str]:
    """Half-life and note of one curve in which samples without a measurement stand at zero."""
    try:
        phase = terminal_half_life(t, seen_only)
    except LearnerError as reason:
        return float("nan"), f"not told: {reason.given}"
    return phase.half_life, phase.note

"""A live figure in words: the peak, its time, the fold above a reference time, the last value.

``web/words.js`` holds the same template, because the figure says it anew whenever a slider moves. A
test compares the two, sentence by sentence.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["amount", "answer", "moment", "said", "sentences", "verdict"]

Curve = NDArray[np.float64]
TRACE = 1e-9
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def said(value: float) -> str:
    """A number with three digits, halves rounded away from zero: 24,000, 0.16, 3.5 × 10¹³."""
    if value == 0:
        return "0"
    exact = Decimal(value)
    power = exact.adjusted()
    rounded = exact.quantize(Decimal(1).scaleb(power - 2), rounding=ROUND_HALF_UP)
    power = rounded.adjusted()  # 9.996 became 10.0
    if power >= 9 or power < -3:
        digits = f"{float(rounded.scaleb(-power)):g}"
        return f"{digits} × 10{str(power).translate(_RAISED)}"
    if power >= 4:
        return f"{int(rounded):,}"
    return f"{float(rounded):g}"


def amount(value: float, unit: str) -> str:
    """A number and its unit; a pure number stands alone."""
    return said(value) + (f" {unit}" if unit else "")


def moment(time: float, unit: str) -> str:
    """A time as people say it: 'day 9.3', 'hour 4', 'day 1826'."""
    return f"{unit} {Decimal(time).quantize(0, ROUND_HALF_UP) if time >= 1000 else said(time)}"


def sentences(spec: dict[str, Any], times: Curve, curves: list[Curve]) -> list[str]:
    """One sentence for each curve of ``spec``, in its order."""
    return [
        _sentence(spec, shown, times, v) for shown, v in zip(spec["curves"], curves, strict=True)
    ]


def _sentence(spec: dict[str, Any], shown: dict[str, Any], times: Curve, values: Curve) -> str:
    name, unit, clock = shown["name"], shown["unit"], spec["clock"]
    low, high = shown["span"]
    inside = (times >= low) & (times <= high)
    times, values = times[inside], values[inside]
    last, top = len(times) - 1, int(np.argmax(values))
    if np.all(values == values[0]):
        return f"{name}: {amount(values[0], unit)} throughout."
    place = (
        "highest at the start, " if top == 0 else "highest at the end, " if top == last else "peak "
    )
    on = "on" if clock == "day" else "at"
    text = f"{name}: {place}{amount(values[top], unit)} {on} {moment(times[top], clock)}"
    where, chosen = 0 if top == last else last, spec["reference"]
    if chosen is not None and low <= chosen <= high:
        where = int(np.argmax(times >= chosen))
    if where != top and values[where] > TRACE * values[top]:
        text += f", {said(values[top] / values[where])}-fold above {moment(times[where], clock)}"
        if where == last:
            return text + f" ({amount(values[last], unit)})."
    if top != last:
        # What is left below a billionth of the peak is a solver's noise, not a number to say.
        small = abs(values[last]) < TRACE * values[top]
        left = "next to nothing" if small and values[last] else amount(values[last], unit)
        text += f"; {left} {on} {moment(times[last], clock)}"
    return text + "."


def answer(spec: dict[str, Any], times: Curve, curves: list[Curve]) -> float:
    """What the figure's question asks for, read off the curve."""
    asked = spec["predict"]
    values = curves[asked["curve"]]
    if asked["kind"] == "at":
        return float(values[np.argmax(times >= asked["time"])])
    top = int(np.argmax(values))
    return float(times[top] if asked["kind"] == "time" else values[top])


def verdict(guess: float, model: float, unit: str) -> str:
    """The guess beside the answer."""
    text = f"Your guess: {amount(guess, unit)}. The model: {amount(model, unit)}."
    if guess > 0 and model > 0:
        ratio = max(guess / model, model / guess)
        if ratio < 1.05:
            return text + " You are within 5 %."
        if math.isfinite(ratio):
            way = "high" if guess > model else "low"
            return text + f" Your guess is {said(ratio)}-fold too {way}."
    return text

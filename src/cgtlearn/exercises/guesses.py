"""A guess, written down before the answer is shown."""

from __future__ import annotations

import math
from typing import Any

from ..errors import LearnerError, one_number
from .judging import format_number


class Guess:
    """What the learner expected. ``value`` is None until a number is written down."""

    def __init__(self, question: str, value: float | None, unit: str) -> None:
        self.question = question
        self.value = value
        self.unit = unit

    def __repr__(self) -> str:
        shown = "no guess yet" if self.value is None else self._text(self.value)
        return f"<Guess: {self.question} {shown}>"

    def _ipython_display_(self) -> None:
        """Nothing: the guess has been printed already."""

    def _text(self, value: float) -> str:
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        return f"{format_number(value)}{unit}"

    def compare(self, truth: float) -> None:
        """Print the guess beside the answer, and how far apart they are.

        ``truth`` is a number in the unit of the guess. Raises LearnerError when it is not one
        finite number.
        """
        value = _number(truth, "the answer")
        if value is None:
            raise LearnerError(
                given="None to compare the guess with",
                expected="the computed answer, one number",
                do="compute it first, then write for example peak_guess.compare(peak)",
            )
        print(f"{self.question}")
        print(f"  answer      {self._text(value)}")
        if self.value is None:
            print("  your guess  no guess yet (put a number in place of None and run again)")
            return
        print(f"  your guess  {self._text(self.value)}, {self._distance(value)}")

    def _distance(self, truth: float) -> str:
        assert self.value is not None
        if self.value == truth:
            return "the same"
        if self.value * truth <= 0:
            return f"off by {self._text(self.value - truth)}"
        ratio = self.value / truth
        if 0.9 <= ratio <= 1.1:
            return f"within {math.ceil(round(abs(ratio - 1) * 100, 6)):d} %"
        side, factor = ("high", ratio) if ratio > 1 else ("low", 1 / ratio)
        return (
            f"{factor:.2g} times too {side}"
            if factor < 100
            else f"{float(f'{factor:.3g}'):,.0f} times too {side}"
        )


def _number(value: Any, what: str) -> float | None:
    if value is None or value is Ellipsis:
        return None
    if isinstance(value, str):
        raise LearnerError(
            given=f"{what} as text, {value!r}",
            expected=f"{what} as one plain number, such as 12 or 0.5",
            do="leave out the quotes and the unit",
        )
    return one_number(what, value)


def guess(question: str, value: float | None = None, unit: str = "") -> Guess:
    """Write a guess down and keep it, to compare with the answer later.

    ``question`` says what is guessed, ``value`` is a number in ``unit`` or None while there is no
    guess. Returns a :class:`Guess`; ``.compare(truth)`` sets it beside the answer. Raises
    LearnerError for a value that is not one finite number.
    """
    result = Guess(question, _number(value, "the guess"), unit)
    if result.value is None:
        print(f"{question} No guess yet: put a number in place of None.")
    else:
        print(f"{question} Your guess: {result._text(result.value)}.")
    return result

"""Errors written for a learner: what was given, what was expected, what to do.

Every room of the package raises :class:`LearnerError` for bad input, and checks its arrays with
the functions below.  Each check returns the array it checked as ``float64``, so that a function
can begin

>>> times = sorted_times("times", [0, 1, 2], unit="d")
>>> values = non_negative("values", [0, 10, 5], unit="copies/µg")
>>> same_length("times", times, "values", values)

and then work with clean arrays.  Bad input never passes as a silent wrong number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "LearnerError",
    "as_numbers",
    "finite",
    "inside",
    "nearest",
    "non_negative",
    "one_number",
    "one_of",
    "positive",
    "same_length",
    "short",
    "sorted_times",
    "unknown_name",
]

Numbers = NDArray[np.float64]


class LearnerError(ValueError):
    """Bad input, told in three parts.

    Parameters
    ----------
    given : what the function received, with its value, for example ``"times[3] = 2 after 5 d"``.
    expected : what it needs, for example ``"times that rise from one sample to the next"``.
    do : what to change, for example ``"sort times and values together"``.
    """

    def __init__(self, given: str, expected: str, do: str) -> None:
        # args hold all three parts, so that the error survives a trip between processes.
        super().__init__(given, expected, do)
        self.given = given
        self.expected = expected
        self.do = do

    def __str__(self) -> str:
        return f"Given: {self.given}\nExpected: {self.expected}\nWhat to do: {self.do}"


def short(value: Any, limit: int = 60) -> str:
    """A value on one line, cut at ``limit`` characters, for use inside a message."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, threshold=6, edgeitems=2, separator=", ")
    elif isinstance(value, np.generic):
        text = repr(value.item())
    else:
        text = repr(value)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The entry of ``names`` that looks most like ``name``, or None when nothing comes close.

    Upper and lower case, spaces, hyphens and underscores do not count as differences.
    """
    import difflib

    def plain(text: str) -> str:
        return "".join(c for c in str(text).lower() if c.isalnum())

    by_plain: dict[str, str] = {}
    for candidate in names:
        by_plain.setdefault(plain(candidate), candidate)
    match = difflib.get_close_matches(plain(name), list(by_plain), n=1, cutoff=0.5)
    return by_plain[match[0]] if match else None


def unknown_name(name: str, names: Iterable[str], what: str = "name") -> LearnerError:
    """The error for a name that does not exist; ready to ``raise``.

    It offers the nearest existing name and lists up to a dozen of the others.
    """
    known = [str(n) for n in names]
    close = nearest(str(name), known)
    listed = ", ".join(known[:12]) + (f", … ({len(known)} in all)" if len(known) > 12 else "")
    do = f"did you mean {close!r}?" if close else f"use a {what} from the list"
    return LearnerError(
        given=f"the {what} {name!r}, which does not exist",
        expected=f"one of: {listed}" if known else f"a {what}, but none is defined here",
        do=do,
    )


def one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    """``value`` if it is one of ``choices``, otherwise an error with the nearest choice."""
    known = list(choices)
    if not isinstance(value, str) or value not in known:
        close = nearest(value, known) if isinstance(value, str) else None
        raise LearnerError(
            given=f"{name} = {short(value)}",
            expected=f"{name} to be one of: {', '.join(repr(c) for c in known)}",
            do=f"did you mean {close!r}?" if close else f"choose one of them for {name}",
        )
    return value


def as_numbers(name: str, values: ArrayLike, unit: str = "", ndim: int | None = None) -> Numbers:
    """``values`` as a ``float64`` array.  NaN may pass here; text, True and False,
    complex numbers and ragged rows do not.

    ``ndim`` asks for that number of dimensions: 0 a number, 1 one curve (T,), 2 many curves (N, T).
    """
    in_unit = f" in {unit}" if unit else ""
    if hasattr(values, "magnitude") and hasattr(values, "units"):
        # NumPy would drop the unit without a word.
        raise LearnerError(
            given=f"{name} as a quantity in {values.units}",
            expected=f"{name} as plain numbers{in_unit}",
            do=f"convert first: {name}.to({unit!r}).magnitude" if unit else "pass its magnitude",
        )
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiu":
            # True, "3" and 1+0j would all turn into numbers without a word.
            if array.dtype.kind in "bUSc" or any(
                isinstance(item, (bool, str, bytes, complex)) for item in array.ravel().tolist()
            ):
                raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise LearnerError(
            given=f"{name} = {short(values)}",
            expected=f"{name} to be numbers{in_unit}, in rows of equal length",
            do="take out text, missing entries and units; write missing samples as rows left out",
        ) from None
    if ndim is not None and array.ndim != ndim:
        wanted = {0: "one number", 1: "one curve of shape (T,)", 2: "curves of shape (N, T)"}
        raise LearnerError(
            given=f"{name} with shape {array.shape}",
            expected=f"{name} to be {wanted.get(ndim, f'{ndim}-dimensional')}{in_unit}",
            do="check the shape with np.shape(...); take one row, or ravel a column",
        )
    return array


def _first_bad(name: str, array: Numbers, bad: NDArray[np.bool_]) -> str:
    """Where the first offending entry stands, as ``name[2] = nan``."""
    if array.ndim == 0:
        return f"{name} = {array.item():g}"
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    more = int(bad.sum()) - 1
    also = f" (and {more} more)" if more else ""
    return f"{name}[{', '.join(map(str, at))}] = {array[at]:g}{also}"


def finite(name: str, values: ArrayLike, unit: str = "", ndim: int | None = None) -> Numbers:
    """``values`` as numbers without NaN or infinity."""
    array = as_numbers(name, values, unit, ndim)
    bad = ~np.isfinite(array)
    if bad.any():
        raise LearnerError(
            given=_first_bad(name, array, bad),
            expected=f"{name} to be finite numbers" + (f" in {unit}" if unit else ""),
            do="find out where NaN or infinity came from; leave out samples that were not measured",
        )
    return array


def positive(name: str, values: ArrayLike, unit: str = "", ndim: int | None = None) -> Numbers:
    """``values`` as finite numbers above zero."""
    array = finite(name, values, unit, ndim)
    bad = array <= 0
    if bad.any():
        raise LearnerError(
            given=_first_bad(name, array, bad) + (f" {unit}" if unit else ""),
            expected=f"{name} above zero",
            do="check sign and unit; a logarithm or a rate needs a number above zero",
        )
    return array


def non_negative(name: str, values: ArrayLike, unit: str = "", ndim: int | None = None) -> Numbers:
    """``values`` as finite numbers of zero or above."""
    array = finite(name, values, unit, ndim)
    bad = array < 0
    if bad.any():
        raise LearnerError(
            given=_first_bad(name, array, bad) + (f" {unit}" if unit else ""),
            expected=f"{name} of zero or above",
            do="an amount or a concentration cannot be negative: check background correction, "
            "or whether these are logarithms",
        )
    return array


def one_number(name: str, value: ArrayLike, unit: str = "", *, above: float | None = None) -> float:
    """``value`` as one finite ``float``; with ``above``, larger than that."""
    number = float(finite(name, value, unit, ndim=0))
    if above is not None and not number > above:
        raise LearnerError(
            given=f"{name} = {number:g}" + (f" {unit}" if unit else ""),
            expected=f"{name} above {above:g}" + (f" {unit}" if unit else ""),
            do="check sign and unit",
        )
    return number


def sorted_times(
    name: str, times: ArrayLike, unit: str = "", *, minimum: int = 1, strictly: bool = True
) -> Numbers:
    """``times`` as one row (T,) of finite numbers that rise from sample to sample.

    ``minimum`` is the fewest times that make sense; ``strictly=False`` lets equal times pass.
    """
    array = finite(name, times, unit, ndim=1)
    if array.size < minimum:
        raise LearnerError(
            given=f"{name} with {array.size} entries",
            expected=f"at least {minimum} time{'s' if minimum != 1 else ''}",
            do="give more samples, or check that the table was filtered as you meant",
        )
    step = np.diff(array)
    bad = step <= 0 if strictly else step < 0
    if bad.any():
        i = int(np.argmax(bad)) + 1
        in_unit = f" {unit}" if unit else ""
        if step[i - 1] == 0:
            raise LearnerError(
                given=f"{name}[{i}] = {array[i]:g}{in_unit}, the same as the time before",
                expected="every time once",
                do="average duplicate samples, or keep one of them and say which",
            )
        raise LearnerError(
            given=f"{name}[{i}] = {array[i]:g}{in_unit} after {array[i - 1]:g}{in_unit}",
            expected=f"{name} that rise from one sample to the next",
            do="sort times and values together: order = np.argsort(times); "
            "times, values = times[order], values[order]",
        )
    return array


def same_length(name_a: str, a: ArrayLike, name_b: str, b: ArrayLike) -> None:
    """Both have the same number of samples (along the last axis)."""
    shape_a, shape_b = np.shape(a), np.shape(b)
    if not shape_a or not shape_b or shape_a[-1] != shape_b[-1]:
        raise LearnerError(
            given=f"{name_a} with shape {shape_a} and {name_b} with shape {shape_b}",
            expected=f"as many {name_b} as {name_a} (T in the last axis)",
            do="check that both come from the same rows; many curves are (N, T), "
            "one row for each patient",
        )


def inside(
    name: str, values: ArrayLike, low: float, high: float, unit: str = "", why: str = ""
) -> Numbers:
    """``values`` as finite numbers within ``low`` to ``high``, both included."""
    array = finite(name, values, unit)
    bad = (array < low) | (array > high)
    if bad.any():
        in_unit = f" {unit}" if unit else ""
        raise LearnerError(
            given=_first_bad(name, array, bad) + in_unit,
            expected=f"{name} within {low:g} to {high:g}{in_unit}" + (f" ({why})" if why else ""),
            do="check the unit first; outside this range the result would not be trustworthy",
        )
    return array

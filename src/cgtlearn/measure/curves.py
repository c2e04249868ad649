"""The highest and the last value of a curve, and the check that every measure begins with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LearnerError, Numbers, non_negative, one_number, same_length, sorted_times


def one_or_many(times: ArrayLike, values: ArrayLike, minimum: int = 1) -> tuple[Numbers, Numbers]:
    """Times (T,) and values (T,) or (N, T), checked: finite, sorted, of one length, not negative.

    Raises LearnerError for NaN, text, unsorted or repeated times, other shapes, negative values,
    and fewer than ``minimum`` samples.
    """
    t = sorted_times("times", times, minimum=minimum)
    v = non_negative("values", values)
    if v.ndim not in (1, 2):
        raise LearnerError(
            given=f"values with shape {v.shape}",
            expected="one curve (T,) or many curves (N, T), one row for each patient",
            do="take one output at a time, for example result['transgene']",
        )
    same_length("times", t, "values", v)
    return t, v


def one_curve(times: ArrayLike, values: ArrayLike, minimum: int = 1) -> tuple[Numbers, Numbers]:
    """As :func:`one_or_many`, for a measure that takes a single curve (T,)."""
    t, v = one_or_many(times, values, minimum)
    if v.ndim != 1:
        raise LearnerError(
            given=f"values with shape {v.shape}, that is {v.shape[0]} curves",
            expected="one curve of shape (T,)",
            do="take one patient, values[i], or loop over the rows",
        )
    return t, v


def limit(lloq: float | None) -> float:
    """The limit of quantification as a number; 0 when there is none."""
    return 0.0 if lloq is None else one_number("lloq", lloq, above=0.0)


def quantifiable(values: Numbers, lloq: float | None) -> NDArray[np.bool_]:
    """Which values count as measured: above zero, and not below the limit if there is one."""
    return (values > 0) & (values >= limit(lloq))


def nothing_measured(lloq: float | None) -> LearnerError:
    """The error for a curve without a single measured value; ready to ``raise``."""
    given = "only zeros" if lloq is None else f"no value at or above the limit of {float(lloq):g}"
    return LearnerError(
        given=f"a curve with {given}",
        expected="at least one measured value",
        do="report this curve as below the limit throughout; it has no peak and no half-life",
    )


def cmax(times: ArrayLike, values: ArrayLike) -> float | Numbers:
    r"""Cmax, the highest sampled value.

    Formula: :math:`C_{max} = \max_i c_i`.  A true peak between two samples is missed, so that
    Cmax read off sparse samples is too low.

    Parameters
    ----------
    times : (T,), rising.
    values : (T,) or (N, T), zero or above.

    Returns
    -------
    A float, or (N,) for many curves; in the unit of ``values``.

    Raises
    ------
    LearnerError : NaN, unsorted times, wrong shape, negative values.
    """
    _, v = one_or_many(times, values)
    top = v.max(axis=-1)
    return top if v.ndim == 2 else float(top)


def tmax(times: ArrayLike, values: ArrayLike) -> float | Numbers:
    r"""Tmax, the time of the highest sampled value; of the first, when two are equal.

    Formula: :math:`T_{max} = t_j,\; j = \min\{i : c_i = C_{max}\}`.  It is always a sampling time.

    Parameters
    ----------
    times : (T,), rising.
    values : (T,) or (N, T), zero or above.

    Returns
    -------
    A float, or (N,) for many curves; in the unit of ``times``.  Among many curves a row of zeros
    gives NaN, so that one patient without a measurable value does not stop the others.

    Raises
    ------
    LearnerError : NaN, unsorted times, wrong shape, negative values; one curve of zeros alone.
    """
    t, v = one_or_many(times, values)
    at = t[v.argmax(axis=-1)]
    if v.ndim == 2:
        return np.where(v.max(axis=-1) > 0, at, np.nan)
    if not v.any():
        raise nothing_measured(None)
    return float(at)


def _last(times: ArrayLike, values: ArrayLike, lloq: float | None) -> tuple[Numbers, Numbers]:
    t, v = one_or_many(times, values)
    measured = np.atleast_2d(quantifiable(v, lloq))
    if v.ndim == 1 and not measured.any():
        raise nothing_measured(lloq)
    last = t.size - 1 - measured[:, ::-1].argmax(axis=-1)
    seen = measured.any(axis=-1)
    rows = np.atleast_2d(v)
    return (
        np.where(seen, t[last], np.nan),
        np.where(seen, rows[np.arange(len(rows)), last], np.nan),
    )


def tlast(times: ArrayLike, values: ArrayLike, lloq: float | None = None) -> float | Numbers:
    """Tlast, the time of the last measured value: above zero, and at or above ``lloq``.

    It depends on the assay: a lower limit of quantification gives a later Tlast for the same cells.

    Parameters
    ----------
    times : (T,), rising.
    values : (T,) or (N, T), zero or above.
    lloq : lower limit of quantification, in the unit of ``values``; None when there is none.

    Returns
    -------
    A float, or (N,) for many curves with NaN where nothing was measured; in the unit of ``times``.

    Raises
    ------
    LearnerError : bad arrays; one curve without any measured value.
    """
    at, _ = _last(times, values, lloq)
    return at if np.ndim(values) == 2 else float(at[0])


def clast(times: ArrayLike, values: ArrayLike, lloq: float | None = None) -> float | Numbers:
    """Clast, the last measured value: the value at :func:`tlast`.

    Parameters, shapes and errors are those of :func:`tlast`; in the unit of ``values``.
    """
    _, value = _last(times, values, lloq)
    return value if np.ndim(values) == 2 else float(value[0])

"""Values below the limit of quantification (BLQ): flag them, then say what stands in for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LearnerError, Numbers, finite, non_negative, one_number, one_of
from .curves import nothing_measured, one_or_many

BLQ_RULES = {
    "drop": "Leave every BLQ sample out. AUC: neighbours are joined across the gap, and the curve "
    "ends at Tlast. Half-life: too long, because at late times only high values survive.",
    "zero": "Put zero. AUC: too low, by at most LLOQ times the time spent below it. Half-life: "
    "zeros have no logarithm, so it is that of 'drop'.",
    "half": "Put LLOQ/2. AUC: about right for values that have just fallen below the limit, too "
    "high long after. Half-life: too long if these points are regressed, since they lie flat.",
    "limit": "Put LLOQ. AUC: an upper bound. Half-life: too long if these points are regressed, "
    "more than with 'half'.",
    "first zero, then drop": "Zero before the first measured value; between measured values leave "
    "out; after the last, zero once and then leave out. AUC: a little too low just after Tlast, "
    "and the curve ends there. Half-life: that of 'drop'.",
}
"""What each rule does, and what it does to AUC and half-life.

In the numbering commonly quoted from Beal (2001), given here from textbook knowledge, 'drop' is M1,
'half' is M5 and 'zero' is M7.  A fit by likelihood (M3) needs none of them: keep the flags."""


def censor(values: ArrayLike, lloq: float) -> tuple[Numbers, NDArray[np.bool_]]:
    r"""Report ``values`` as an assay with a limit would: numbers and flags.

    Formula: :math:`c_i' = \max(c_i, LLOQ)`, flag :math:`c_i < LLOQ`.  A flagged value stands at
    LLOQ, as in the columns DV and CENS of a table; it is a bound, not a measurement.

    Parameters
    ----------
    values : any shape, zero or above; noise may have made some negative: cut them at zero first.
    lloq : lower limit of quantification, above zero, in the unit of ``values``.

    Returns
    -------
    (values, flags), both of the shape of ``values``; a flag is True below the limit.

    Raises
    ------
    LearnerError : NaN, negative values, a limit of zero or below.
    """
    v = non_negative("values", values)
    bound = one_number("lloq", lloq, above=0.0)
    below = v < bound
    return np.where(below, bound, v), below


def flags_for(values: Numbers, lloq: float | None, censored: ArrayLike | None) -> NDArray[np.bool_]:
    """Which samples are below the limit: the flags given, and every value under ``lloq``."""
    below = np.zeros(values.shape, dtype=bool)
    if lloq is not None:
        below |= values < one_number("lloq", lloq, above=0.0)
    if censored is None:
        return below
    given = np.asarray(censored)
    flags = given if given.dtype == bool else finite("censored", given)
    if flags.shape != values.shape or not np.isin(flags, (0, 1)).all():
        raise LearnerError(
            given=f"censored with shape {flags.shape} for values of shape {values.shape}"
            if flags.shape != values.shape
            else "censored with entries other than 0 and 1",
            expected="one flag for each value: True or 1 below the limit, False or 0 measured",
            do="take the flags from censor(values, lloq) or from the column CENS",
        )
    if flags.any() and lloq is None:
        raise LearnerError(
            given="flags for censored values, but no limit",
            expected="lloq in the unit of the values, since a flagged value says only 'below lloq'",
            do="pass lloq=...; it stands in the column LLOQ or in the assay's description",
        )
    flagged = flags.astype(bool)
    if (flagged & (values > (lloq or 0.0))).any():
        first = float(values[flagged & (values > (lloq or 0.0))][0])
        raise LearnerError(
            given=f"a value of {first:g} flagged as below the limit of {lloq:g}",
            expected="flagged values at the limit or below it",
            do="check that flags and values are in the same order, and values and lloq in one unit",
        )
    return below | flagged


def treat_below_limit(
    times: ArrayLike,
    values: ArrayLike,
    lloq: float,
    rule: str,
    censored: ArrayLike | None = None,
) -> tuple[Numbers, Numbers]:
    """Times and values with one of the :data:`BLQ_RULES` applied.

    Parameters
    ----------
    times : (T,), rising.
    values : (T,), zero or above.  With rules that leave nothing out ('zero', 'half', 'limit'),
        (N, T) too.
    lloq : lower limit of quantification, in the unit of ``values``.
    rule : 'drop', 'zero', 'half', 'limit' or 'first zero, then drop'.
    censored : optional flags of the shape of ``values``, True below the limit, for tables in which
        a flagged value stands at LLOQ.  Values under ``lloq`` count as flagged in any case.

    Returns
    -------
    (times, values): new arrays, shorter where samples were left out.

    Raises
    ------
    LearnerError : bad arrays, an unknown rule, or a rule that leaves samples out on many curves,
        which would no longer share their times, or on a curve below the limit throughout.
    """
    one_of("blq", rule, BLQ_RULES)
    t, v = one_or_many(times, values)
    bound = one_number("lloq", lloq, above=0.0)
    below = flags_for(v, bound, censored)
    stand_in = {"zero": 0.0, "half": bound / 2, "limit": bound}
    if rule in stand_in:
        return t, np.where(below, stand_in[rule], v)
    if v.ndim == 2:
        raise LearnerError(
            given=f"blq = {rule!r} for {v.shape[0]} curves at once",
            expected="a rule that keeps every sample ('zero', 'half', 'limit'), so that all curves "
            "keep the same times",
            do="choose one of these, or loop over the patients",
        )
    if below.all():
        raise nothing_measured(bound)
    if rule == "drop":
        keep = ~below
        return t[keep], v[keep]
    first, last = np.flatnonzero(~below)[[0, -1]]
    index = np.arange(t.size)
    zero = below & ((index < first) | (index == last + 1))
    keep = ~below | zero
    return t[keep], np.where(zero, 0.0, v)[keep]

"""The area under a curve: three rules for the space between two samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import LearnerError, Numbers, one_number, one_of
from .curves import one_or_many

RULES = {
    "linear": "A straight line between samples. Too high across a sparse exponential fall, "
    "and across a sparse exponential rise.",
    "linear-up log-down": "A straight line where values rise, an exponential where they fall. "
    "Right for a fall; still too high across a sparse exponential rise.",
    "log": "An exponential both ways. Right for cells that double and then die exponentially.",
}
"""What each rule assumes between two samples.  Where a value is zero there is no logarithm, and
every rule falls back on the straight line."""


def logarithmic_mean(a: Numbers, b: Numbers) -> Numbers:
    r"""The mean height of an exponential from ``a`` to ``b``: :math:`(a-b)/\ln(a/b)`, or a.

    Both above zero, any shape.  Written as :math:`h\,(1-e^{-x})/x` with h the higher of the two and
    :math:`x = \ln(h/l)`, which loses no digits when a and b are close.
    """
    high, low = np.maximum(a, b), np.minimum(a, b)
    x = np.log(high) - np.log(low)
    safe = np.where(x == 0, 1.0, x)
    return high * np.where(x == 0, 1.0, -np.expm1(-safe) / safe)


def auc(
    times: ArrayLike,
    values: ArrayLike,
    start: float | None = None,
    end: float | None = None,
    rule: str = "linear",
) -> float | Numbers:
    r"""AUC, the area under the curve from ``start`` to ``end``.

    Formula, for neighbours :math:`(t_1, c_1), (t_2, c_2)`:

    - straight line: :math:`(t_2-t_1)\,(c_1+c_2)/2`;
    - exponential: :math:`(t_2-t_1)\,(c_1-c_2)/\ln(c_1/c_2)`.

    ``rule`` says which one is used where: ``"linear"`` (straight everywhere),
    ``"linear-up log-down"`` (exponential where values fall) or ``"log"`` (exponential everywhere);
    see :data:`RULES`.  With a value of zero there is no logarithm, and that interval is straight.
    A window edge between two samples is interpolated by the rule of its interval, so that areas
    of neighbouring windows add up to the area of both.

    Nothing is extrapolated.  A window that begins before the first sample or ends after the last
    one is an error.

    Parameters
    ----------
    times : (T,), rising, at least two.
    values : (T,) or (N, T), zero or above.
    start, end : edges of the window, in the unit of ``times``; None for the first and last sample.
    rule : one of the three above.

    Returns
    -------
    A float, or (N,) for many curves; unit of ``values`` times unit of ``times``.

    Raises
    ------
    LearnerError : bad arrays, an unknown rule, a window that is empty or leaves the data.

    Source: textbook rules of non-compartmental analysis.
    """
    one_of("rule", rule, RULES)
    t, v = one_or_many(times, values, minimum=2)
    a = t[0] if start is None else one_number("start", start)
    b = t[-1] if end is None else one_number("end", end)
    _check_window(t, a, b)

    left, right = t[:-1], t[1:]
    c1, c2 = v[..., :-1], v[..., 1:]
    low, high = np.clip(a, left, right), np.clip(b, left, right)  # part in the window
    f1, f2 = (low - left) / (right - left), (high - left) / (right - left)

    straight = (high - low) * (_line(c1, c2, f1) + _line(c1, c2, f2)) / 2
    if rule == "linear":
        area = straight
    else:
        curved = (c1 > 0) & (c2 > 0)
        if rule == "linear-up log-down":
            curved &= c2 < c1
        p1, p2 = np.where(curved, c1, 1.0), np.where(curved, c2, 1.0)
        exponential = (high - low) * logarithmic_mean(_power(p1, p2, f1), _power(p1, p2, f2))
        area = np.where(curved, exponential, straight)
    total = area.sum(axis=-1)
    return total if v.ndim == 2 else float(total)


def _line(c1: Numbers, c2: Numbers, fraction: Numbers) -> Numbers:
    return c1 * (1 - fraction) + c2 * fraction


def _power(c1: Numbers, c2: Numbers, fraction: Numbers) -> Numbers:
    return np.exp(np.log(c1) * (1 - fraction) + np.log(c2) * fraction)


def _check_window(t: Numbers, start: float, end: float) -> None:
    if not start < end:
        raise LearnerError(
            given=f"a window from {start:g} to {end:g}",
            expected="start before end",
            do="exchange them, or widen the window",
        )
    if start < t[0]:
        raise LearnerError(
            given=f"a window that starts at {start:g}, before the first sample at {t[0]:g}",
            expected=f"a start of {t[0]:g} or later; the curve before it was not seen",
            do=f"use start={t[0]:g}; or, where you know the value at {start:g} "
            "(zero before an infusion, say), add it as a sample",
        )
    if end > t[-1]:
        raise LearnerError(
            given=f"a window that ends at {end:g}, after the last sample at {t[-1]:g}",
            expected=f"an end of {t[-1]:g} or earlier; nothing is extrapolated",
            do=f"use end={t[-1]:g} and name the window you used; or, if later samples were below "
            "the limit, keep them with a rule of treat_below_limit",
        )

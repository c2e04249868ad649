r"""Spread of positive quantities: geometric mean and CV, and SD, variance and CV of logarithms.

Three numbers are easily taken for one another.  For a log-normal quantity with
:math:`s` = SD of its natural logarithm,

===================  ======================  ===========================
name here            symbol                  0.3 would mean
===================  ======================  ===========================
``log_sd``           s (omega)               values spread by about 1.35-fold
``log_variance``     s² (omega squared)      SD of logs 0.55
``cv``               sqrt(exp(s²) - 1)       SD of logs 0.29
===================  ======================  ===========================

Each function below says in its name what goes in and what comes out.  A CV is a fraction here:
0.3, not 30 %.
"""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from ..errors import LearnerError, Numbers, inside, non_negative, positive

QUARTILE_Z = 0.6744897501960817
"""The upper quartile of the standard normal distribution."""


def _plain(value: Numbers) -> float | Numbers:
    return value if np.ndim(value) else float(value)


def _cv(cv: ArrayLike) -> Numbers:
    return inside("cv", cv, 0.0, 20.0, why="a CV is a fraction here: 0.3 for 30 %")


def _sample(values: ArrayLike, axis: int | None, minimum: int) -> Numbers:
    v = positive("values", values)
    count = v.size if axis is None else v.shape[axis] if -v.ndim <= axis < v.ndim else 0
    if count < minimum:
        raise LearnerError(
            given=f"{count} value{'s' if count != 1 else ''} (shape {v.shape}, axis {axis})",
            expected=f"at least {minimum} along the axis",
            do="give more values, or check the axis",
        )
    return v


def geometric_mean(values: ArrayLike, axis: int | None = None) -> float | Numbers:
    r"""Geometric mean, :math:`\exp(\overline{\ln x})`: the middle of a log-normal sample.

    Any shape; over ``axis``, or over all values when it is None.  Same unit as ``values``.
    Raises LearnerError for values of zero or below, NaN, and an empty sample.
    """
    v = _sample(values, axis, 1)
    return _plain(np.exp(np.log(v).mean(axis=axis)))


def geometric_cv(values: ArrayLike, axis: int | None = None) -> float | Numbers:
    r"""Geometric CV, :math:`\sqrt{e^{s^2}-1}` with s the sample SD (n - 1) of natural logarithms.

    A fraction: 0.3, not 30 %.  Over ``axis``, or over all values when it is None.
    Raises LearnerError for values of zero or below, NaN, and fewer than two values.
    """
    v = _sample(values, axis, 2)
    return _plain(np.sqrt(np.expm1(np.log(v).var(axis=axis, ddof=1))))


@overload
def log_sd_from_cv(cv: float) -> float: ...
@overload
def log_sd_from_cv(cv: ArrayLike) -> float | Numbers: ...
def log_sd_from_cv(cv: ArrayLike) -> float | Numbers:
    r"""SD of the logarithm from a CV (a fraction): :math:`\sqrt{\ln(1+CV^2)}`."""
    return _plain(np.sqrt(np.log1p(_cv(cv) ** 2)))


@overload
def log_variance_from_cv(cv: float) -> float: ...
@overload
def log_variance_from_cv(cv: ArrayLike) -> float | Numbers: ...
def log_variance_from_cv(cv: ArrayLike) -> float | Numbers:
    r"""Variance of the logarithm from a CV (a fraction): :math:`\ln(1+CV^2)`."""
    return _plain(np.log1p(_cv(cv) ** 2))


@overload
def cv_from_log_sd(log_sd: float) -> float: ...
@overload
def cv_from_log_sd(log_sd: ArrayLike) -> float | Numbers: ...
def cv_from_log_sd(log_sd: ArrayLike) -> float | Numbers:
    r"""CV (a fraction) from the SD of the logarithm: :math:`\sqrt{e^{s^2}-1}`."""
    return _plain(np.sqrt(np.expm1(inside("log_sd", log_sd, 0.0, 10.0, why="an SD of ln") ** 2)))


@overload
def cv_from_log_variance(log_variance: float) -> float: ...
@overload
def cv_from_log_variance(log_variance: ArrayLike) -> float | Numbers: ...
def cv_from_log_variance(log_variance: ArrayLike) -> float | Numbers:
    r"""CV (a fraction) from the variance of the logarithm: :math:`\sqrt{e^{s^2}-1}`."""
    checked = inside("log_variance", log_variance, 0.0, 100.0, why="a variance of ln")
    return _plain(np.sqrt(np.expm1(checked)))


@overload
def log_sd_from_log_variance(log_variance: float) -> float: ...
@overload
def log_sd_from_log_variance(log_variance: ArrayLike) -> float | Numbers: ...
def log_sd_from_log_variance(log_variance: ArrayLike) -> float | Numbers:
    r"""SD of the logarithm from its variance: the square root."""
    return _plain(np.sqrt(non_negative("log_variance", log_variance)))


@overload
def log_variance_from_log_sd(log_sd: float) -> float: ...
@overload
def log_variance_from_log_sd(log_sd: ArrayLike) -> float | Numbers: ...
def log_variance_from_log_sd(log_sd: ArrayLike) -> float | Numbers:
    r"""Variance of the logarithm from its SD: the square."""
    return _plain(non_negative("log_sd", log_sd) ** 2)


def log_sd_from_quartiles(lower: ArrayLike, upper: ArrayLike) -> float | Numbers:
    r"""SD of the logarithm from the quartiles of a log-normal quantity.

    Formula: :math:`\ln(q_3/q_1) / (2 z)`, z = 0.6745 the upper quartile of the standard normal.
    Quartiles are above zero, in one unit; ``lower`` not above ``upper``, otherwise LearnerError.
    """
    q1, q3 = positive("lower", lower), positive("upper", upper)
    if np.any(q1 > q3):
        raise LearnerError(
            given=f"a lower quartile above the upper one: {lower!r}, {upper!r}",
            expected="lower first, upper second",
            do="exchange them",
        )
    return _plain(np.log(q3 / q1) / (2 * QUARTILE_Z))

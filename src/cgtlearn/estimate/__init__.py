"""Fit one patient's samples to a curve, with values below the limit of quantification.

    >>> from cgtlearn import estimate
    >>> from cgtlearn.models import stein2019
    >>> fit = estimate.fit_one(stein2019.model, times, values, lloq=50,
    ...                        course=stein2019.closed_form)       # doctest: +SKIP
    >>> print(fit)                                                 # doctest: +SKIP

``fit_one``         maximum likelihood with log-normal error, several starts, profile intervals
``log_likelihood``  the likelihood alone, for a curve of your own
``BLQ``             what can be done with samples below the limit, and what it does
"""

from cgtlearn.estimate.likelihood import log_likelihood
from cgtlearn.estimate.one import BLQ, Fit, Interval, Start, fit_one

__all__ = ["BLQ", "Fit", "Interval", "Start", "fit_one", "log_likelihood"]

"""Estimation: from one patient's samples to a population, with what the data cannot tell.

    >>> from cgtlearn import estimate
    >>> from cgtlearn.models import stein2019
    >>> fit = estimate.fit_one(stein2019.model, times, values, lloq=50,
    ...                        course=stein2019.closed_form)       # doctest: +SKIP
    >>> print(fit)                                                 # doctest: +SKIP

One patient:

``fit_one``         maximum likelihood, three models of error, several starts, profile intervals
``least_squares``   the same for squares of values or logarithms, weighted or not
``log_likelihood``  the likelihood alone, for a curve of your own
``BLQ``, ``ERRORS`` what can be done with samples below the limit; the models of error
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A name and the file it stands in. A file loads when one of its names is first used.
_WHERE = {
    # one patient
    "BLQ": "one",
    "ERRORS": "likelihood",
    "Fit": "fit",
    "Interval": "fit",
    "Start": "fit",
    "fit_one": "one",
    "least_squares": "one",
    "log_likelihood": "likelihood",
    # exposure and response
    "Association": "response",
    "Term": "response",
    "cox": "response",
    "logistic": "response",
    "negative_binomial": "response",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)

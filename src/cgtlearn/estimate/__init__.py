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
``bootstrap``       intervals from refits to samples that might have come instead
``profiles``        the likelihood along each parameter, drawn
``identify``        what samples, taken or planned, can tell: Fisher information in words
``bayes_one``       draws from the posterior, with priors; forecasts
``metropolis``      the sampler of a textbook, in twenty lines
``scores``          how good a forecast was: CRPS, log score, coverage
``BLQ``, ``ERRORS`` what can be done with samples below the limit; the models of error

Many patients, from a table of samples to a population:

``Study``           the samples of many patients, with covariates, doses and limits
``Mixed``           a curve, which parameters differ between patients, and the noise
``saem``            the population by SAEM; ``foce`` and ``laplace`` by approximate integrals
``two_stage``       each patient alone; ``naive_pooled`` all as if they were one

Does the model describe the data, and what goes with exposure:

``goodness_of_fit``  observed against predicted, and what is left over
``vpc``              percentiles of the data beside those of simulated trials
``npde``             where each sample stands among simulated ones
``logistic``, ``negative_binomial``, ``cox``
                     odds, rate and hazard ratios per doubling of exposure

From association to effect, where what confounds was measured:

``standardise``, ``weight``  risks under two exposures: by a model of the outcome, of the exposure
``landmark``, ``split_rows`` persistence and response without immortal time

Levels that are known by band or lie below a limit:

``fit_bands``       one log-normal, or a mixture of low responders and responders
``lognormal_of``    the log-normal with a printed mean and SD
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A name and the file it stands in. A file loads when one of its names is first used. No name may
# be that of a file: the file would take its place as soon as it is imported.
_WHERE = {
    # one patient
    "BLQ": "one",
    "Bootstrap": "resample",
    "Chain": "sampler",
    "ERRORS": "likelihood",
    "Fit": "fit",
    "Forecast": "bayes",
    "Identifiability": "identifiability",
    "Interval": "fit",
    "Posterior": "bayes",
    "Prior": "priors",
    "Profiles": "identifiability",
    "Start": "fit",
    "bayes_one": "bayes",
    "bootstrap": "resample",
    "fit_one": "one",
    "half_normal": "priors",
    "identify": "identifiability",
    "least_squares": "one",
    "log_likelihood": "likelihood",
    "log_normal": "priors",
    "log_uniform": "priors",
    "logit_normal": "priors",
    "metropolis": "sampler",
    "profiles": "identifiability",
    # population
    "Mixed": "mixed_effects.mixed",
    "Population": "mixed_effects.results",
    "Study": "mixed_effects.study",
    "foce": "mixed_effects.laplace",
    "laplace": "mixed_effects.laplace",
    "naive_pooled": "mixed_effects.two_stage",
    "saem": "mixed_effects.saem",
    "two_stage": "mixed_effects.two_stage",
    # diagnostics
    "GoodnessOfFit": "diagnostics",
    "NPDE": "diagnostics",
    "VPC": "diagnostics",
    "goodness_of_fit": "diagnostics",
    "npde": "diagnostics",
    "vpc": "diagnostics",
    # exposure and response
    "Association": "response",
    "Term": "response",
    "cox": "response",
    "logistic": "response",
    "negative_binomial": "response",
    # effects
    "Effect": "causal",
    "Landmark": "causal",
    "Rows": "causal",
    "landmark": "causal",
    "split_rows": "causal",
    "standardise": "causal",
    "weight": "causal",
    # levels known by band
    "Lognormals": "bands",
    "fit_bands": "bands",
    "lognormal_of": "bands",
}

# Files that are used under their own name.
_FILES = ("diagnostics", "scores")

__all__ = sorted([*_WHERE, *_FILES])


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    if name in _FILES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)

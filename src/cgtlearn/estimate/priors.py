"""What is believed of a parameter before the samples: a distribution, said so that it is clear.

>>> from cgtlearn import estimate
>>> priors = {"tmax": estimate.log_normal(9.3, sd=0.38), "cmax": estimate.log_uniform(1e2, 1e6)}

A spread between patients is a prior for the next one: ``population.spread_of(model, log_sd)`` can
be given as ``priors``, around the model's defaults.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, inside, one_number, short
from cgtlearn.estimate.likelihood import HALF_LOG_2PI
from cgtlearn.estimate.problem import from_u, to_u
from cgtlearn.population.spread import Mixture, Spread

__all__ = ["Prior", "as_prior", "half_normal", "log_normal", "log_uniform", "logit_normal"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """A prior distribution. Make one with :func:`log_normal` and the others of this file.

    ``first`` and ``second`` are its two numbers: median and SD of the logarithm or logit, the two
    ends, or the scale of a half-normal.
    """

    kind: str
    first: float
    second: float = math.nan

    def log_density(self, x: ArrayLike) -> Numbers:
        """ln p(x), of any shape; minus infinity where x cannot be."""
        value = np.asarray(x, float)
        a, b = self.first, self.second
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.kind == "half-normal":
                found = math.log(2) - HALF_LOG_2PI - math.log(a) - (value / a) ** 2 / 2
                return np.where(value >= 0, found, -np.inf)
            if self.kind == "log-uniform":
                found = -np.log(value) - math.log(math.log(b / a))
                return np.where((value >= a) & (value <= b), found, -np.inf)
            scale = "log" if self.kind == "log-normal" else "logit"
            z = (to_u(value, scale) - float(to_u(a, scale))) / b
            slope = np.log(value) + (np.log1p(-value) if scale == "logit" else 0)
            found = -HALF_LOG_2PI - math.log(b) - z**2 / 2 - slope
            possible = (value > 0) & ((value < 1) | (scale == "log"))
        return np.where(possible, found, -np.inf)

    def draw(self, n: int, rng: np.random.Generator) -> Numbers:
        """n independent draws."""
        a, b = self.first, self.second
        if self.kind == "half-normal":
            return np.abs(a * rng.standard_normal(n))
        if self.kind == "log-uniform":
            return np.exp(rng.uniform(math.log(a), math.log(b), n))
        scale = "log" if self.kind == "log-normal" else "logit"
        return np.asarray(from_u(float(to_u(a, scale)) + b * rng.standard_normal(n), scale))

    @property
    def middle(self) -> float:
        """A typical value: the median, or the middle of the logarithms."""
        if self.kind == "half-normal":
            return 0.6744897501960817 * self.first
        return math.sqrt(self.first * self.second) if self.kind == "log-uniform" else self.first

    def __str__(self) -> str:
        if self.kind == "half-normal":
            return f"half_normal({self.first:g})"
        if self.kind == "log-uniform":
            return f"log_uniform({self.first:g}, {self.second:g})"
        return f"{self.kind.replace('-', '_')}({self.first:g}, sd={self.second:g})"

    __repr__ = __str__


def log_normal(median: float, sd: float) -> Prior:
    """ln(parameter) is normal around ln(median), with this SD: 0.7 is a factor of two either way
    in two thirds of cases."""
    return Prior(
        "log-normal", one_number("median", median, above=0.0), one_number("sd", sd, above=0)
    )


def logit_normal(median: float, sd: float) -> Prior:
    """For a share between 0 and 1: its logit is normal around that of the median."""
    middle = one_number("median", median, above=0.0)
    inside("median", middle, 0, 1 - 1e-12, why="a share below 1")
    return Prior("logit-normal", middle, one_number("sd", sd, above=0))


def log_uniform(low: float, high: float) -> Prior:
    """Every decade between the two ends is as likely as another."""
    a, b = one_number("low", low, above=0.0), one_number("high", high)
    if not a < b:
        raise LearnerError(
            given=f"log_uniform({a:g}, {b:g})",
            expected="two numbers above zero, the lower one first",
            do="check their order",
        )
    return Prior("log-uniform", a, b)


def half_normal(sd: float) -> Prior:
    """For an SD: zero or above, and hardly beyond two times ``sd``."""
    return Prior("half-normal", one_number("sd", sd, above=0.0))


def as_prior(name: str, given: Any, typical: float | None) -> Prior:
    """A prior as it is, or a spread between patients around a model's default."""
    if isinstance(given, Prior):
        return given
    if isinstance(given, Spread) and typical is not None and given.sd > 0:
        make = log_normal if given.scale == "log" else logit_normal
        return make(typical, given.sd)
    what = "a mixture" if isinstance(given, Mixture) else short(given)
    raise LearnerError(
        given=f"{what} as the prior of {name}",
        expected="a prior, or for a model a spread between patients that is above zero",
        do="write for example estimate.log_normal(9.3, sd=0.38) or population.log_sd(0.38)",
    )

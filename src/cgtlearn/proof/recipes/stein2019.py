"""Tisagenlecleucel: what an analyst would read off one patient's samples.

Samples on the days of ``cart_sampling.rich_days``, without noise, those below the limit of the
assay left out. With a limit of 50 copies/µg the first two days are blank, and the tail stays above
the limit for a year.
"""

from __future__ import annotations

from cgtlearn import measure
from cgtlearn.models import stein2019
from cgtlearn.models.contract import Parameters
from cgtlearn.proof.recipes.designs import sampled

__all__ = ["doubling_time", "initial_half_life", "terminal_half_life"]


def doubling_time(p: Parameters) -> float:
    """From the slope of the logarithms of all measured samples before the highest one, in days."""
    return measure.doubling_time(*sampled(stein2019.model, p, "transgene"))


def initial_half_life(p: Parameters) -> float:
    """The first of two half-lives, fitted from the highest sample on, in days."""
    return measure.half_lives(*sampled(stein2019.model, p, "transgene")).initial


def terminal_half_life(p: Parameters) -> float:
    """The second of two half-lives, fitted from the highest sample on, in days."""
    return measure.half_lives(*sampled(stein2019.model, p, "transgene")).terminal

"""A smooth gate: the same reading as for the sharp peak, on the same days.

Near the peak neither growth nor decline has its full rate, and the samples there would bend both
lines. As an analyst would, the recipes leave out ``cart_sampling.rounded_top`` on either side of
the highest sample.
"""

from __future__ import annotations

from cgtlearn import ledger, measure
from cgtlearn.models import gated_memory
from cgtlearn.models.contract import Parameters
from cgtlearn.proof.recipes.designs import sampled

__all__ = ["doubling_time", "initial_half_life", "terminal_half_life"]


def doubling_time(p: Parameters) -> float:
    """From the slope of the logarithms, up to some days before the highest sample, in days."""
    times, values = sampled(gated_memory.model, p, "transgene")
    end = measure.tmax(times, values) - ledger.value("cart_sampling.rounded_top")
    return measure.doubling_time(times, values, end=end)


def _half_lives(p: Parameters) -> measure.HalfLives:
    times, values = sampled(gated_memory.model, p, "transgene")
    start = measure.tmax(times, values) + ledger.value("cart_sampling.rounded_top")
    return measure.half_lives(times, values, peak=start)


def initial_half_life(p: Parameters) -> float:
    """The first of two half-lives, fitted from some days after the highest sample, in days."""
    return _half_lives(p).initial


def terminal_half_life(p: Parameters) -> float:
    """The second of two half-lives, fitted from some days after the highest sample, in days."""
    return _half_lives(p).terminal

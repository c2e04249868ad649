"""Lisocabtagene maraleucel: what an analyst would read off one patient's samples.

Samples on the days of ``cart_sampling.rich_days``, without noise, those below the limit of the
assay left out. The level before growth, about 130 copies/µg, is above the limit, so the lag shows.
"""

from __future__ import annotations

import numpy as np

from cgtlearn import measure
from cgtlearn.models import ogasawara2021
from cgtlearn.models.contract import Parameters
from cgtlearn.proof.recipes.designs import sampled

__all__ = ["doubling_time", "initial_half_life", "lag", "terminal_half_life", "tmax"]


def lag(p: Parameters) -> float:
    """Where a flat stretch and a straight rise of the logarithms meet, in days."""
    return measure.lag_time(*sampled(ogasawara2021.model, p, "transgene"))


def doubling_time(p: Parameters) -> float:
    """From the slope of the logarithms after the lag, in days."""
    return measure.doubling_time(*sampled(ogasawara2021.model, p, "transgene"), lag=True)


def tmax(p: Parameters) -> float:
    """Where the rise of the last three days, drawn on, meets the fall, drawn back, in days.

    The day of the highest sample alone can be off by the distance between two samples.
    """
    times, values = sampled(ogasawara2021.model, p, "transgene")
    highest = int(values.argmax())
    up = measure.rise(times, values, start=times[highest - 3])
    down = measure.half_lives(times, values)
    day = np.linspace(up.times[-1], down.times[1], 10_001)
    growing = np.log(up.start_value) + up.rate * (day - up.times[0])
    since = day - down.peak
    falling = np.log(down.start_value) + np.log(
        (1 - down.terminal_share) * np.exp2(-since / down.initial)
        + down.terminal_share * np.exp2(-since / down.terminal)
    )
    return float(day[np.argmin(np.abs(growing - falling))])


def initial_half_life(p: Parameters) -> float:
    """The first of two half-lives, fitted from the highest sample on, in days."""
    return measure.half_lives(*sampled(ogasawara2021.model, p, "transgene")).initial


def terminal_half_life(p: Parameters) -> float:
    """The second of two half-lives, fitted from the highest sample on, in days."""
    return measure.half_lives(*sampled(ogasawara2021.model, p, "transgene")).terminal

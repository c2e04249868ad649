"""Lisocabtagene maraleucel: what an analyst would read off one patient's samples.

Samples on the days of ``cart_sampling.rich_days``, without noise, those below the limit of the
assay left out. The level before growth, about 130 copies/µg, is above the limit, so the lag shows.

``fitted_...`` are medians of fits to noisy data sets of that patient (``recipes.fits``). The
abstract gives no residual error; that of tisagenlecleucel stands in.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from cgtlearn import measure
from cgtlearn.models import ogasawara2021
from cgtlearn.models.contract import Parameters
from cgtlearn.proof.recipes.designs import sampled
from cgtlearn.proof.recipes.fits import fitted

__all__ = [
    "doubling_time",
    "fitted_doubling_time",
    "fitted_initial_half_life",
    "fitted_lag",
    "fitted_terminal_half_life",
    "fitted_tmax",
    "initial_half_life",
    "lag",
    "terminal_half_life",
    "tmax",
]

FIRST_GUESS = {
    "lag": 1.3,
    "doubling_time": 0.7,
    "tmax": 1.1,
    "cmax": 0.5,
    "initial_half_life": 1.5,
    "persistent_fraction": 2,
    "terminal_half_life": 0.5,
}
"""Where a fit starts, over the model's defaults."""


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


@cache
def _fits(values: tuple[tuple[str, float], ...]) -> dict[str, np.ndarray]:
    p = ogasawara2021.model.parameters_with(**dict(values))
    return fitted(ogasawara2021.model, p, ogasawara2021.closed_form, FIRST_GUESS)


def _median(p: Parameters, name: str) -> float:
    return float(np.median(_fits(tuple(p.as_dict().items()))[name]))


def fitted_lag(p: Parameters) -> float:
    """The median of the fitted lags, in days."""
    return _median(p, "lag")


def fitted_doubling_time(p: Parameters) -> float:
    """The median of the fitted doubling times, in days."""
    return _median(p, "doubling_time")


def fitted_tmax(p: Parameters) -> float:
    """The median of the fitted Tmax, in days."""
    return _median(p, "tmax")


def fitted_initial_half_life(p: Parameters) -> float:
    """The median of the fitted initial half-lives, in days."""
    return _median(p, "initial_half_life")


def fitted_terminal_half_life(p: Parameters) -> float:
    """The median of the fitted terminal half-lives, in days."""
    return _median(p, "terminal_half_life")

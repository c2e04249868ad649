"""Axicabtagene ciloleucel: CAR T cells on four days, and when chance cures or the tumor is back.

The courses are those of the typical patient. Cure and progression are read from a thousand
simulated patients, as the authors did: each parameter is normal around its mean, with a standard
deviation of 5 per cent of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cgtlearn import ledger
from cgtlearn.models import kimmel2021
from cgtlearn.models.contract import Parameters
from cgtlearn.solve import Chances, solve, stochastic

__all__ = [
    "car_cells_day7",
    "car_cells_day14",
    "car_cells_day28",
    "car_cells_day90",
    "cure_day",
    "patients",
    "progression_day",
    "progression_days",
    "runs",
]

DRAWN = (
    "normal_capacity", "car_capacity", "normal_growth", "car_growth", "lymphopenia_shape",
    "lymphopenia_growth", "killing_rate", "half_killing", "tumor_growth", "normal_start",
    "car_start", "tumor_start",
)  # fmt: skip
DAYS = np.arange(601.0)
SEED = 2021


def _on_day(p: Parameters, day: float) -> float:
    return float(solve(kimmel2021.model, p, [0, day])["car_t"][-1])


def car_cells_day7(p: Parameters) -> float:
    """CAR T cells of the typical patient on day 7, in cells/µL."""
    return _on_day(p, 7)


def car_cells_day14(p: Parameters) -> float:
    """CAR T cells of the typical patient on day 14, in cells/µL."""
    return _on_day(p, 14)


def car_cells_day28(p: Parameters) -> float:
    """CAR T cells of the typical patient on day 28, in cells/µL."""
    return _on_day(p, 28)


def car_cells_day90(p: Parameters) -> float:
    """CAR T cells of the typical patient on day 90, in cells/µL."""
    return _on_day(p, 90)


def patients(p: Parameters, size: int, sd: float, seed: int = SEED) -> Parameters:
    """``size`` patients around ``p``: every parameter normal, with ``sd`` as a share of its mean.

    A draw outside the range in which a parameter may be used is set to the end of the range.
    """
    random = np.random.default_rng(seed)
    drawn = {}
    for name in DRAWN:
        low, high = kimmel2021.model.parameters[name].domain
        value = getattr(p, name) * (1 + sd * random.standard_normal(size))
        drawn[name] = np.clip(value, low, high)
    return p.changed(**drawn)


def runs(
    p: Parameters, sd: float | None = None, days: NDArray[np.float64] = DAYS
) -> tuple[Parameters, Chances]:
    """The simulated patients of the recipes and what became of each, seen on ``days``."""
    sd = float(ledger.value("kimmel2021.parameter_variance")) if sd is None else sd
    many = patients(p, int(ledger.value("kimmel2021.simulated_patients")), sd)
    below = float(ledger.value("kimmel2021.chance_below"))
    return many, stochastic(kimmel2021.model, many, days, seed=SEED, below=below)


def cure_day(p: Parameters) -> float:
    """Median day on which the last tumor cell dies, among the cured."""
    return float(np.nanmedian(runs(p)[1].extinct_at))


def progression_days(many: Parameters, found: Chances) -> NDArray[np.float64]:
    """The day on which each tumor has grown past 1.2 times its start (NaN: not in the window)."""
    limit = float(ledger.value("kimmel2021.progression")) * np.asarray(many.tumor_start)
    days = found.times
    late = days > days[np.argmin(found.cells, axis=1)][:, None]
    past = late & (found.cells > np.reshape(limit, (-1, 1)))
    return np.where(past.any(axis=1), days[np.argmax(past, axis=1)], np.nan)


def progression_day(p: Parameters) -> float:
    """Median day of progression among those who progress, within 600 days."""
    return float(np.nanmedian(progression_days(*runs(p))))

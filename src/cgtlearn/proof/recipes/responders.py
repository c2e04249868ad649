"""Shares by band at weeks 49-52 and at year 3, counted among simulated people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cgtlearn.models.contract import Parameters
from cgtlearn.models.responders import model
from cgtlearn.solve import solve

__all__ = ["below_15_at_first", "below_3_at_first", "below_3_at_last", "from_40_at_last"]

PEOPLE = 200_000
SEED = 7


def levels(p: Parameters, week: float) -> NDArray[np.float64]:
    """Levels of simulated people (IU/dL), a number of weeks after the first report."""
    rng = np.random.default_rng(SEED)
    chance, z = rng.random(PEOPLE), rng.standard_normal(PEOPLE)
    value = p.as_dict()
    median = solve(model, p, [0, max(week, 1e-9)])["median"][-1]
    low = value["low_median"] * np.exp(value["low_log_sd"] * z)
    return np.asarray(
        np.where(chance < value["low_share"], low, median * np.exp(value["log_sd"] * z))
    )


def below_3_at_first(p: Parameters) -> float:
    """Share below 3 IU/dL at weeks 49-52."""
    return float(np.mean(levels(p, 0) < p.as_dict()["low_limit"]))


def below_15_at_first(p: Parameters) -> float:
    """Share below 15 IU/dL at weeks 49-52."""
    return float(np.mean(levels(p, 0) < p.as_dict()["first_limit"]))


def below_3_at_last(p: Parameters) -> float:
    """Per cent below 3 IU/dL at year 3."""
    return 100 * float(np.mean(levels(p, model.window) < p.as_dict()["low_limit"]))


def from_40_at_last(p: Parameters) -> float:
    """Per cent at 40 IU/dL or more at year 3."""
    return 100 * float(np.mean(levels(p, model.window) >= p.as_dict()["last_limit"]))

"""Vector shedding as a trial would see it: daily or weekly samples, a limit, three in a row.

``p`` holds a typical patient; no noise is added, since the published values are medians and means.
"""

from __future__ import annotations

import numpy as np

from cgtlearn import ledger, measure
from cgtlearn.models.contract import Parameters
from cgtlearn.models.shedding import MATRICES, cleared, model
from cgtlearn.solve import Result, solve

__all__ = [
    "encapsidated_clearance",
    "last_peak",
    "matrices_in_order",
    "pbmc_tmax",
    "saliva_tmax",
    "semen_tmax",
    "urine_tmax",
]

DAYS = np.arange(0, 29.0)
"""Daily samples for four weeks: the trial's own days were not read."""
HOURS = np.linspace(0, 21, 21 * 48 + 1)
"""Half-hourly, in days: a mean of many people's peaks is not tied to one day."""
WEEKS = np.arange(0, 53.0)


def course(p: Parameters, days: np.ndarray) -> Result:
    """The course of a typical patient."""
    return solve(model, p, days)


def matrices_in_order(p: Parameters) -> float:
    """How many of the five matrices have the published rank of their peak."""
    seen = course(p, DAYS)
    peaks = [float(measure.cmax(DAYS, seen[name])) for name in MATRICES]
    ranks = np.argsort(np.argsort(-np.array(peaks)))
    return float(np.sum(ranks == np.arange(len(MATRICES))))


def last_peak(p: Parameters) -> float:
    """Latest day of a peak, over the five matrices, in daily samples."""
    seen = course(p, DAYS)
    return max(float(measure.tmax(DAYS, seen[name])) for name in MATRICES)


def encapsidated_clearance(p: Parameters) -> float:
    """The week in which plasma and semen are both cleared of whole capsids, in weekly samples."""
    days = ledger.units.DAYS_PER_WEEK * WEEKS
    seen = course(p, days)
    limit = ledger.value("shedding.capsid_limit")
    in_a_row = ledger.value("gener8_shedding.below_in_a_row")
    last = max(
        cleared(days, seen[name], limit, in_a_row) for name in ("plasma_capsids", "semen_capsids")
    )
    return last / ledger.units.DAYS_PER_WEEK


def saliva_tmax(p: Parameters) -> float:
    """Time of the highest vector DNA in saliva, in days."""
    return _tmax(p, "saliva")


def urine_tmax(p: Parameters) -> float:
    """Time of the highest vector DNA in urine, in days."""
    return _tmax(p, "urine")


def semen_tmax(p: Parameters) -> float:
    """Time of the highest vector DNA in semen, in days."""
    return _tmax(p, "semen")


def pbmc_tmax(p: Parameters) -> float:
    """Time of the highest vector DNA in blood cells, in days."""
    return _tmax(p, "blood_cells")


def _tmax(p: Parameters, output: str) -> float:
    return float(measure.tmax(HOURS, course(p, HOURS)[output]))

"""Factor VIII and IX after one infusion: what an analyst reads off the samples.

The person's own factor is taken off each sample first, as kinetic studies do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn import ledger, measure
from cgtlearn.ledger.units import ML_PER_DL
from cgtlearn.models.contract import Parameters
from cgtlearn.models.factor_turnover import FVIII, model
from cgtlearn.solve import solve

__all__ = [
    "fix_clearance",
    "fix_clearance_per_kg_in_three_days",
    "fix_half_life_in_three_days",
    "fviii_clearance",
    "samples",
]

Numbers = NDArray[np.float64]

DENSE = np.unique(np.concatenate([np.linspace(0, 2, 81), np.linspace(2, 240, 477)]))
"""Hours of a study that misses nothing: to ten days."""
BODY_WEIGHT = "aav_chain.weight"


def samples(p: Parameters, hours: ArrayLike, **changes: Any) -> tuple[Numbers, Numbers]:
    """Hours, and chromogenic activity above the person's own, in IU/dL."""
    person = p.changed(**changes) if changes else p
    t = np.asarray(hours, float)
    level = solve(model, person, t)["chromogenic"]
    return t, np.asarray(level - person.as_dict()["baseline"])


def _clearance(t: Numbers, level: Numbers, dose: float) -> float:
    """Dose over area, the area drawn out to infinity with the half-life of the last samples."""
    tail = measure.terminal_half_life(t, level).half_life
    area = float(measure.auc(t, level)) + float(level[-1]) * tail / np.log(2)
    return dose / area


def fix_clearance(p: Parameters) -> float:
    """Of factor IX, from ten days of samples, in dL/hour."""
    return _clearance(*samples(p, DENSE), float(ledger.value("factor_turnover.dose")))


def fviii_clearance(p: Parameters) -> float:
    """Of factor VIII, from ten days of samples, in dL/hour."""
    return _clearance(*samples(p, DENSE, **FVIII), float(ledger.value("factor_turnover.dose")))


def _three_days(p: Parameters) -> tuple[Numbers, Numbers]:
    return samples(p, ledger.value("factor_turnover.sampling_hours"))


def fix_clearance_per_kg_in_three_days(p: Parameters) -> float:
    """Of factor IX, from three days of samples, in mL/hour/kg."""
    t, level = _three_days(p)
    whole = np.append(0.0, t), np.append(0.0, level)
    dose = float(ledger.value("factor_turnover.dose"))
    return _clearance(*whole, dose) * ML_PER_DL / float(ledger.value(BODY_WEIGHT))


def fix_half_life_in_three_days(p: Parameters) -> float:
    """Of factor IX, by the line through the last of three days of samples, in hours."""
    return measure.terminal_half_life(*_three_days(p)).half_life

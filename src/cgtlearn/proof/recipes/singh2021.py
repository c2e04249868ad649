"""Idecabtagene vicleucel: exposure over a sixteenfold range of doses."""

from __future__ import annotations

import numpy as np

from cgtlearn import ledger, measure
from cgtlearn.models import singh2021
from cgtlearn.models.contract import Parameters
from cgtlearn.solve import solve

__all__ = ["exposure", "exposure_over_doses"]

DAYS = np.arange(0, 28.01, 0.1)


def exposure(p: Parameters) -> float:
    """AUC of the transgene over 28 days, in copies·d/µg, from daily tenths of the course."""
    return float(measure.auc(DAYS, solve(singh2021.model, p, DAYS)["transgene"]))


def exposure_over_doses(p: Parameters) -> float:
    """Exposure at the highest dose of the trial over that at the lowest."""
    low, high = (float(ledger.value(f"singh2021.dose_{end}")) for end in ("lowest", "highest"))
    return exposure(p.changed(dose=high)) / exposure(p.changed(dose=low))

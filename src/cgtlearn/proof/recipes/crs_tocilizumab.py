"""Tocilizumab on cytokine release: without either drug, the peak of the source's figure."""

from __future__ import annotations

import numpy as np

from cgtlearn import measure
from cgtlearn.models.contract import Parameters
from cgtlearn.models.crs_tocilizumab import model
from cgtlearn.solve import solve

__all__ = ["il6_peak"]

TIMES = np.arange(30 * 20 + 1) / 20
"""Days 0 to 30, twenty a day."""


def il6_peak(p: Parameters) -> float:
    """IL-6 of UPN1 without tocilizumab and steroid, in pg/mL."""
    course = solve(model, p.changed(tocilizumab_per_kg=0, steroid_effect=0), TIMES)
    return float(measure.cmax(TIMES, course["il6"]))

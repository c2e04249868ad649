"""Cytokine release in two patients: peaks of the authors' figures, from their equations.

``p`` holds the parameters of UPN1. A recipe for UPN3 puts that patient's own parameters in their
place; those that the authors fixed for both stay as they are in ``p``. Peaks are read from a course
with a point every twentieth of a day.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from cgtlearn import measure
from cgtlearn.models.contract import Parameters
from cgtlearn.models.hardiansyah2019 import UPN3, model
from cgtlearn.solve import Result, solve

__all__ = [
    "b_cells_day50",
    "b_cells_day350",
    "car_t_peak",
    "ifng_peak",
    "il6_peak",
    "il10_peak",
    "memory_peak",
    "upn3_car_t_peak",
    "upn3_ifng_peak",
    "upn3_il6_peak",
    "upn3_il10_peak",
    "upn3_memory_peak",
]

TIMES = np.arange(120 * 20 + 1) / 20
"""Days 0 to 120: the last peak, of memory cells, falls before."""


def course(p: Parameters) -> Result:
    """Days 0 to 120 of one patient."""
    return _course(tuple(p.as_dict().items()))


@cache
def _course(values: tuple[tuple[str, float], ...]) -> Result:
    found = solve(model, model.parameters_with(**dict(values)), TIMES)
    if not found.ok:
        raise RuntimeError(f"the course failed: {found.status[0]}")
    return found


def peak(p: Parameters, output: str) -> float:
    """The highest value of ``output``."""
    return float(measure.cmax(TIMES, course(p)[output]))


def car_t_peak(p: Parameters) -> float:
    """CAR T cells in blood of UPN1, in 1e9 cells."""
    return peak(p, "car_t")


def memory_peak(p: Parameters) -> float:
    """Memory cells in blood of UPN1, in 1e9 cells."""
    return peak(p, "memory")


def il6_peak(p: Parameters) -> float:
    """IL-6 of UPN1, in pg/mL."""
    return peak(p, "il6")


def il10_peak(p: Parameters) -> float:
    """IL-10 of UPN1, in pg/mL."""
    return peak(p, "il10")


def ifng_peak(p: Parameters) -> float:
    """IFN-γ of UPN1, in pg/mL."""
    return peak(p, "ifng")


def upn3_car_t_peak(p: Parameters) -> float:
    """CAR T cells in blood of UPN3, in 1e9 cells."""
    return peak(p.changed(**UPN3), "car_t")


def upn3_memory_peak(p: Parameters) -> float:
    """Memory cells in blood of UPN3, in 1e9 cells."""
    return peak(p.changed(**UPN3), "memory")


def upn3_il6_peak(p: Parameters) -> float:
    """IL-6 of UPN3, in pg/mL."""
    return peak(p.changed(**UPN3), "il6")


def upn3_il10_peak(p: Parameters) -> float:
    """IL-10 of UPN3, in pg/mL."""
    return peak(p.changed(**UPN3), "il10")


def upn3_ifng_peak(p: Parameters) -> float:
    """IFN-γ of UPN3, in pg/mL."""
    return peak(p.changed(**UPN3), "ifng")


def b_cells_day50(p: Parameters) -> float:
    """B cells in blood of UPN1 on day 50, in 1e9 cells."""
    return _b_cells(p, 50)


def b_cells_day350(p: Parameters) -> float:
    """B cells in blood of UPN1 on day 350, in 1e9 cells."""
    return _b_cells(p, 350)


def _b_cells(p: Parameters, day: float) -> float:
    return float(solve(model, p, [day])["b_cells"][0])

"""Axicabtagene ciloleucel: medians of two groups of the authors' 19 patients.

Each patient is solved with the published covariates and no random effect. The sum of all four
phenotypes is read every tenth of a day for 28 days; the median is taken over the patients of a
group. How the authors sampled and summarized their predictions is not known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn import ledger, measure
from cgtlearn.models import muellerschoell2021
from cgtlearn.models.contract import Parameters
from cgtlearn.solve import solve

__all__ = [
    "low_auc28",
    "low_cmax",
    "low_tmax",
    "median_range",
    "medians",
    "patients",
    "reference_auc28",
    "reference_cmax",
    "reference_tmax",
]

PHENOTYPES = ("tn", "tcm", "tem", "teff")
EVERY_TENTH = np.arange(281) / 10
"""Days 0 to 28."""


def patients(p: Parameters) -> Parameters:
    """``p`` with the covariates of the 19 patients, as arrays (19,)."""
    columns = {
        name: np.array(ledger.value(f"muellerschoell2021.patients_{name}"), float)
        for name in ("mtv", "asct", "cd4cd8", "low_expander")
    }
    return p.changed(**columns)


def medians(
    p: Parameters,
    low: bool,
    days: ArrayLike = EVERY_TENTH,
    counted: Sequence[str] = PHENOTYPES,
    rule: str = "linear",
) -> dict[str, float]:
    """Median Cmax (cells/µL), Tmax (days) and AUC0-28 (cells·d/µL) of the low expanders or others.

    ``days`` are the sampling days, ``counted`` the phenotypes that are added up.
    """
    all_19 = patients(p)
    group = np.asarray(all_19.low_expander) == float(low)
    times: NDArray[np.float64] = np.asarray(days, float)
    course = solve(muellerschoell2021.model, all_19, times)
    if not course.ok:
        raise RuntimeError(f"patients {course.failed} failed: {course.status[course.failed[0]]}")
    cells = np.sum([course[name] for name in counted], axis=0)[group]
    return {
        "cmax": float(np.median(measure.cmax(times, cells))),
        "tmax": float(np.median(measure.tmax(times, cells))),
        "auc28": float(np.median(measure.auc(times, cells, rule=rule))),
    }


def median_range(
    p: Parameters, low: bool, trials: int, seed: int
) -> dict[str, tuple[float, float]]:
    """The 5th and 95th percentile of each median over simulated trials of the 19 patients.

    Every trial draws new random effects, with the printed CVs, for the same covariates. It answers
    whether individual predictions, in place of typical ones, could give the authors' medians.
    """
    from cgtlearn.population import cv, spread_of

    all_19 = patients(p)
    group = np.asarray(all_19.low_expander) == float(low)
    random = np.random.default_rng(seed)
    factors = {
        name: np.exp(random.normal(scale=spread.sd, size=(trials, group.size)))
        for name, spread in spread_of(muellerschoell2021.model, cv).items()
    }
    many = {
        name: np.tile(np.broadcast_to(value, group.size)[group], trials)
        for name, value in all_19.as_dict().items()
    }
    for name, factor in factors.items():
        many[name] = many[name] * factor[:, group].ravel()
    course = solve(muellerschoell2021.model, p.changed(**many), EVERY_TENTH)
    cells, shape = course["car_t"], (trials, int(group.sum()))
    found = {
        "cmax": measure.cmax(EVERY_TENTH, cells),
        "tmax": measure.tmax(EVERY_TENTH, cells),
        "auc28": measure.auc(EVERY_TENTH, cells),
    }
    ranges = {}
    for name, each in found.items():
        middle = np.median(np.reshape(each, shape), axis=1)
        ranges[name] = (float(np.quantile(middle, 0.05)), float(np.quantile(middle, 0.95)))
    return ranges


def reference_cmax(p: Parameters) -> float:
    """Median Cmax of the 15 reference patients, in cells/µL."""
    return medians(p, low=False)["cmax"]


def reference_tmax(p: Parameters) -> float:
    """Median Tmax of the 15 reference patients, in days."""
    return medians(p, low=False)["tmax"]


def reference_auc28(p: Parameters) -> float:
    """Median AUC0-28 of the 15 reference patients, in cells·d/µL."""
    return medians(p, low=False)["auc28"]


def low_cmax(p: Parameters) -> float:
    """Median Cmax of the 4 low expanders, in cells/µL."""
    return medians(p, low=True)["cmax"]


def low_tmax(p: Parameters) -> float:
    """Median Tmax of the 4 low expanders, in days."""
    return medians(p, low=True)["tmax"]


def low_auc28(p: Parameters) -> float:
    """Median AUC0-28 of the 4 low expanders, in cells·d/µL."""
    return medians(p, low=True)["auc28"]

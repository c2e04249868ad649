"""Preconditioning: which tumors are cured with the drug, and which without it.

Four patients, three tumors and three doses make 36 cases. A tumor below one cell is cured. Without
the drug CAR T cells are infused at once, with it after three days of the drug and two of rest.
"""

from __future__ import annotations

import numpy as np

from cgtlearn.models import owens2021
from cgtlearn.models.contract import Parameters
from cgtlearn.solve import solve

__all__ = ["cases", "cured", "rescue"]

DAYS = np.linspace(0, owens2021.model.window, 241)


def cases(p: Parameters, *patients: str) -> list[Parameters]:
    """``p`` with what is each patient's own, at each tumor and each dose; default: all four."""
    return [
        p.changed(**{**owens2021.PATIENTS[name], "tumor_start": tumor, "dose": dose})
        for name in patients or owens2021.PATIENTS
        for tumor in owens2021.TUMORS[name]
        for dose in owens2021.DOSES
    ]


def cured(p: Parameters, drug: bool, **changes: float) -> bool:
    """Whether the tumor of ``p`` falls below one cell, with the drug or without it."""
    without = {} if drug else {"preconditioning": 0, "car_day": 0}
    course = solve(owens2021.model, p.changed(**{**without, **changes}), DAYS)
    return bool(course["tumor"].min() < 1)


def rescue(p: Parameters) -> float:
    """1 where a tumor of patient 1 is cured with the drug and not without it, else 0."""
    return float(any(cured(one, True) and not cured(one, False) for one in cases(p, "P1")))

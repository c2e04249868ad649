"""Factor IX over years: etranacogene's two means, and St Jude's three doses.

Etranacogene is the model as it stands. For St Jude the full level is set to the mean at the high
dose, nobody loses production, and the level is averaged over the years after the first.
"""

from __future__ import annotations

import numpy as np

from cgtlearn import ledger
from cgtlearn.ledger.units import DAYS_PER_WEEK, DAYS_PER_YEAR
from cgtlearn.models.contract import Parameters
from cgtlearn.models.fix_production import model
from cgtlearn.solve import solve

__all__ = [
    "WEEKS_PER_YEAR",
    "fix_month_6",
    "fix_year_5",
    "st_jude",
    "st_jude_high",
    "st_jude_low",
    "st_jude_middle",
]

WEEKS_PER_YEAR = DAYS_PER_YEAR / DAYS_PER_WEEK


def _level(p: Parameters, years: float) -> float:
    return float(solve(model, p, [0, years * WEEKS_PER_YEAR])["fix_activity"][-1])


def fix_month_6(p: Parameters) -> float:
    """Factor IX at month 6, in IU/dL."""
    return _level(p, 0.5)


def fix_year_5(p: Parameters) -> float:
    """Factor IX at year 5, in IU/dL."""
    return _level(p, 5)


def st_jude(p: Parameters, dose: str) -> float:
    """Mean factor IX from year 1 to the median follow-up at the 'low', 'middle' or 'high' dose."""
    changed = p.as_dict()["full_level"] / model.parameters["full_level"].default
    people = p.changed(
        dose=ledger.value(f"reiss2025.{dose}_dose"),
        reference_dose=ledger.value("reiss2025.high_dose"),
        full_level=ledger.value("reiss2025.fix_high") * changed,
        constant_share=1,
    )
    weeks = np.linspace(1, ledger.value("reiss2025.follow_up"), 145) * WEEKS_PER_YEAR
    return float(solve(model, people, weeks)["fix_activity"].mean())


def st_jude_low(p: Parameters) -> float:
    """Mean factor IX over the years at the low dose, in IU/dL."""
    return st_jude(p, "low")


def st_jude_middle(p: Parameters) -> float:
    """Mean factor IX over the years at the intermediate dose, in IU/dL."""
    return st_jude(p, "middle")


def st_jude_high(p: Parameters) -> float:
    """Mean factor IX over the years at the high dose, in IU/dL."""
    return st_jude(p, "high")

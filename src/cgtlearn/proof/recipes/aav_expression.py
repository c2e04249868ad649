"""How our value behind each target of ``aav_expression`` is computed: from solved courses.

``p`` holds the default product, FIX-Padua in the liver. A recipe for another product puts that
product's own parameters in their place.
"""

from __future__ import annotations

from cgtlearn import ledger
from cgtlearn.models.aav_expression import FIX_WILD_TYPE, FVIII, MICRO_DYSTROPHIN, model
from cgtlearn.models.contract import Parameters
from cgtlearn.solve import solve

__all__ = [
    "dystrophin_week_12",
    "dystrophin_week_64",
    "fix_month_6",
    "fix_week_6",
    "fix_wild_type",
    "fix_wild_type_low",
    "fix_year_5",
    "fviii_week_52",
    "fviii_week_104",
    "muscle_copies",
]

WEEK = ledger.units.DAYS_PER_WEEK
YEAR = ledger.units.DAYS_PER_YEAR


def at(p: Parameters, day: float, output: str = "activity") -> float:
    """One output of a typical person on one day."""
    return float(solve(model, p, [0, day])[output][-1])


def two_classes(p: Parameters, day: float) -> float:
    """Mean activity over people with constant and with declining production, per cent."""
    share = ledger.value("wojciechowski2025.constant_share")
    constant = at(p.changed(turnover_rate=0), day)
    return float(share * constant + (1 - share) * at(p, day))


def fix_month_6(p: Parameters) -> float:
    """Factor IX activity of FIX-Padua at half a year, in IU/dL."""
    return two_classes(p, YEAR / 2)


def fix_year_5(p: Parameters) -> float:
    """Factor IX activity of FIX-Padua at five years, in IU/dL."""
    return two_classes(p, 5 * YEAR)


def fix_week_6(p: Parameters) -> float:
    """Factor IX activity of FIX-Padua at week 6, in per cent."""
    return two_classes(p, 6 * WEEK)


def fix_wild_type(p: Parameters) -> float:
    """Factor IX activity of the wild type at one year, in IU/dL."""
    return two_classes(p.changed(**FIX_WILD_TYPE), YEAR)


def fix_wild_type_low(p: Parameters) -> float:
    """The same at the lower dose of AMT-060, in IU/dL."""
    low = ledger.value("amt060.low_dose")
    return two_classes(p.changed(**FIX_WILD_TYPE, dose=low), YEAR)


def fviii_week_52(p: Parameters) -> float:
    """Factor VIII activity at week 52, in IU/dL."""
    return at(p.changed(**FVIII), 52 * WEEK)


def fviii_week_104(p: Parameters) -> float:
    """Factor VIII activity at week 104, in IU/dL."""
    return at(p.changed(**FVIII), 104 * WEEK)


def muscle_copies(p: Parameters) -> float:
    """Vector genome copies per nucleus of muscle at week 12."""
    return at(p.changed(**MICRO_DYSTROPHIN), 12 * WEEK, "copies_per_cell")


def dystrophin_week_12(p: Parameters) -> float:
    """Micro-dystrophin at week 12, in per cent of normal dystrophin."""
    return at(p.changed(**MICRO_DYSTROPHIN), 12 * WEEK, "protein")


def dystrophin_week_64(p: Parameters) -> float:
    """Micro-dystrophin at week 64, in per cent of normal dystrophin."""
    return at(p.changed(**MICRO_DYSTROPHIN), 64 * WEEK, "protein")

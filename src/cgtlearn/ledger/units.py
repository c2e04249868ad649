"""Units: one registry, and the few unit factors that code may use as plain numbers.

pint checks every unit of the ledger. It is loaded on first use, because it is slow to import.
Counts of copies, cells and vector genomes are base dimensions of their own here, so that copies/µg
can never be added to cells/µL by accident.
"""

from functools import cache
from typing import Any

from cgtlearn.errors import LearnerError

PG_PER_UG = 1e6
"""Picograms in a microgram."""
UL_PER_ML = 1e3
"""Microlitres in a millilitre."""
UL_PER_L = 1e6
"""Microlitres in a litre."""
ML_PER_DL = 100.0
"""Millilitres in a decilitre."""
HOURS_PER_DAY = 24.0
DAYS_PER_WEEK = 7.0
DAYS_PER_YEAR = 365.25
PERCENT = 100.0
"""Per cent in one."""
LARGEST_EXPONENT = 700.0
"""exp of this is about the largest number that a float holds."""

_DEFINITIONS = (
    "copies = [copies] = copy",
    "cell = [cells]",
    "vector_genome = [vector_genomes] = vg",
    "transcript = [transcripts]",
    "IU = [activity]",
    "genome = [genomes]",
    "log_unit = []",
)


@cache
def registry() -> Any:
    """The pint registry of the course, with copies, cells, vector genomes, IU and transcripts."""
    import pint

    units: Any = pint.UnitRegistry(cache_folder=None)
    for definition in _DEFINITIONS:
        units.define(definition)
    return units


def parse_unit(unit: str) -> Any:
    """The pint unit that a string names; raises LearnerError when there is none."""
    try:
        return registry().Unit("dimensionless" if unit in ("", "1") else unit)
    except Exception as problem:
        raise LearnerError(
            given=f"the unit {unit!r}",
            expected="a unit such as '1/day', 'copies/ug' or 'cell/uL'",
            do="Check the spelling; write 'u' for micro, and '1' where there is no unit.",
        ) from problem


def convert(text: str, unit: str) -> float:
    """The number that ``text`` ("0.0067 1/hour") is in ``unit`` ("1/day").

    Raises LearnerError when the text cannot be read, or when its dimension is another one.
    """
    target = parse_unit(unit)
    try:
        quantity = registry().Quantity(text)
    except Exception as problem:
        raise LearnerError(
            given=f"{text!r}",
            expected=f"a number and a unit, such as '1 {pretty(unit)}'",
            do="Write the number first, a blank, then the unit.",
        ) from problem
    try:
        return float(quantity.to(target).magnitude)
    except Exception as problem:
        raise LearnerError(
            given=f"{text!r}, which is measured in {pretty(str(quantity.units))}",
            expected=f"something that can be converted to {pretty(unit)}",
            do="Give the value in that unit, or check which quantity you meant.",
        ) from problem


def pretty(unit: str) -> str:
    """A unit as people write it: 'copies/ug' becomes 'copies/µg', '1/day' becomes '1/d'."""
    if unit in ("", "1", "dimensionless"):
        return "–"
    text = unit.replace(" ", "")
    for plain, shown in (
        ("ug", "µg"),
        ("uL", "µL"),
        ("vector_genome", "vg"),
        ("day", "d"),
        ("hour", "h"),
        ("year", "y"),
        ("cell", "cells"),
        ("cellss", "cells"),
        ("**", "^"),
        ("*", "·"),
    ):
        text = text.replace(plain, shown)
    return text

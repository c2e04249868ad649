"""Published data that are shown, and beside which no model of ours stands.

A row here claims nothing about a model, so it has no ratio and cannot pass or fail. Where single
values of n individuals are printed, :func:`interval` says what they tell about the median behind
them, without any assumption about their distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cgtlearn import ledger
from cgtlearn.errors import LearnerError

__all__ = ["SHOWN", "Shown", "counted", "interval", "share_interval"]


@dataclass(frozen=True)
class Shown:
    """A ledger row, what it can and cannot tell, and the notebook that shows it."""

    row: str
    says: str
    notebook: str


def interval(row: str) -> tuple[float, float, float] | None:
    """Lowest and highest of n single values, and the confidence that the median lies between.

    The median of what the values were drawn from lies below all n with probability 2^-n, and above
    all n likewise, so the confidence is 1 - 2^(1 - n), exactly. None where the row holds one value.
    """
    values = np.atleast_1d(ledger.value(row)).astype(float)
    if values.size < 2:
        return None
    return float(values.min()), float(values.max()), 1 - 2.0 ** (1 - values.size)


def counted(row: str) -> tuple[int, int] | None:
    """k of n, where a row is a count or a share of n people; else None."""
    found = ledger.row(row)
    if not found.n or found.unit != "1" or np.ndim(found.value):
        return None
    k = found.value if found.average == "count" else found.value * found.n
    whole = abs(k - round(k)) < 1e-6 and 0 <= k <= found.n
    return (round(k), int(found.n)) if whole else None


def share_interval(row: str, level: float = 0.95) -> tuple[float, float]:
    """The exact interval (Clopper and Pearson) of the share behind k of n.

    Raises LearnerError for a row that is no count or share of n people.
    """
    from scipy.stats import binomtest

    found = counted(row)
    if found is None:
        raise LearnerError(
            given=f"{row}: {ledger.row(row)}",
            expected="a count or a share of n people, and n in the row",
            do="Choose a row that says how many of how many.",
        )
    limits = binomtest(*found).proportion_ci(level, method="exact")
    return float(limits.low), float(limits.high)


_livers = "04_gene_clinpharm/05_shedding"

_years = "02_hemophilia_clinic/01_years"

_hit = "02_hemophilia_clinic/05_immune_hit"

_burden = "08_cart_response/02_burden_and_dose"
_raised = "Dose was raised cohort by cohort, not by lot; the intervals of all doses overlap."

_looked_back = "Among those who relapsed, looked at backwards: no chance of a relapse can be read."

_release = "08_cart_response/03_cytokines"
_scales = "One arm; scale, disease and rule for tocilizumab are the trial's own: no ranking."
_printed = "Printed as a percentage that fits more than one count, so no exact interval. " + _scales
_again = "The same patients by several scales: what a scale alone changes."
_sick = "Given to those who were sick, by the trial's own rule."

SHOWN = (
    Shown(
        "aav_meta2024.fix_kept",
        "Over trials of several products, without an interval: not one product's decline.",
        _years,
    ),
    Shown(
        "aav_meta2024.fviii_kept",
        "Over trials of several products, without an interval: not one product's decline.",
        _years,
    ),
    Shown(
        "jiang2006.liver_low_dose",
        "A scatter of 21-fold at one dose.",
        _livers,
    ),
    Shown(
        "jiang2006.liver_high_dose",
        "Four times the dose, and no higher: no dose exponent can be read.",
        _livers,
    ),
    Shown(
        "jiang2006.liver_antibody",
        "One animal, below all six without antibody; chance alone does that once in seven.",
        _livers,
    ),
    Shown(
        "hope_b_liver2025.fix_raised",
        "Eight people whose enzymes were raised before the dose; no spread read, no lot drawn.",
        _hit,
    ),
    Shown(
        "fidanacogene_phase12.steroid",
        "Holds the vector, the rule of the trial and how often one looked: not to be pooled.",
        _hit,
    ),
    Shown(
        "st_jude_ash.alt_raised",
        "A rise of transaminases, which other rows count only where a steroid followed.",
        _hit,
    ),
    *(
        Shown(f"crb401.response_{dose}", _raised, _burden)
        for dose in ("50", "150", "450_low", "450_high", "800")
    ),
    *(
        Shown(f"cd19_relapse2023.{kind}", _looked_back, "08_cart_response/01_tumor")
        for kind in ("with_cd19", "without_cd19")
    ),
    *(
        Shown(row, _scales, _release)
        for row in (
            "maude2018.crs_any",
            "maude2018.crs_grade3",
            "maude2018.crs_grade4",
            "maude2018.neuro_any",
            "maude2018.neuro_grade3",
            "uspi_kymriah.juliet_crs_any",
            "uspi_kymriah.elara_crs_any",
            "uspi_kymriah.elara_crs_severe",
            "munshi2021.neuro_any",
            "munshi2021.neuro_grade3",
            "crb401.crs_any",
            "crb401.crs_grade3",
            "crb401.neuro_any",
            "crb401.neuro_grade4",
            "hay2017.crs_any",
            "hay2017.crs_grade3",
            "hay2017.crs_grade4",
            "hay2017.crs_grade5",
        )
    ),
    *(
        Shown(row, _printed, _release)
        for row in (
            "uspi_kymriah.juliet_crs_severe",
            "munshi2021.crs_any",
            "munshi2021.crs_severe",
            "abramson2020.crs_any",
            "abramson2020.crs_severe",
            "abramson2020.neuro_any",
            "abramson2020.neuro_severe",
        )
    ),
    *(
        Shown(row, _again, _release)
        for row in (
            "juliet_crs_grades2020.crs_penn",
            "juliet_crs_grades2020.crs_lee",
            "juliet_crs_grades2020.crs_astct",
            "juliet_neuro_grades2020.neuro_ctcae",
            "juliet_neuro_grades2020.neuro_astct",
            "juliet_neuro_grades2020.neuro_fda",
        )
    ),
    *(
        Shown(row, _sick, _release)
        for row in (
            "maude2018.tocilizumab",
            "juliet_crs_grades2020.tocilizumab",
        )
    ),
)
"""Every row of the kind *shown*."""

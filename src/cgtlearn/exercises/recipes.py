"""Wrong answers that follow from an exercise's own data: the misconceptions that need more than
the right number.

Hours for days can be told from the right answer alone. A straight line across an exponential, a
value below the limit read as zero or the wrong kind of mean cannot: what they give depends on the
samples. Each function here takes the samples and returns a list of slips for an exercise's
``wrong=[*area_slips(days, levels, right), slip(...), ...]``. A wrong answer that lies within 3 % of
the right one, of another or is not finite is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import measure
from .slips import APART

Slips = list[dict[str, Any]]

# Patterns by which a text (kind explain) shows a misconception, see :mod:`.words`.
PATTERNS: dict[str, list[str]] = {
    "blq-as-zero": [
        "is|are|was|were|be zero|0",
        "set|count|read as zero|0",
        "no|none cell*|cop*|transgene|vector left|remain*|there",
        "has|have|had disappeared|vanished|gone",
        "are|is gone|absent|cleared|eradicated",
    ],
    "association-as-effect": [
        "prov*|demonstrate* that",
        "caus*|produc*|bring*|make*|made response*|remission*|toxicity|benefit",
        "therefore|so|hence raise|increase|give higher|more dose",
        "raising|increasing the dose|exposure will|would",
    ],
    "absence-of-evidence": [
        "there is|was no effect|difference|benefit|risk|relation*",
        "has|had no effect|influence",
        "not significant so|therefore|hence no",
        "prov*|show* no|not effect|difference",
    ],
}


def _kept(right: Any, rows: list[tuple[Any, str, str, str]]) -> Slips:
    """The rows as slips, without those that cannot be told from the right one or each other."""
    taken = [np.asarray(right, dtype=float)]
    slips: Slips = []
    for answer, key, message, advice in rows:
        value = np.asarray(answer, dtype=float)
        if value.shape != taken[0].shape or not np.all(np.isfinite(value)):
            continue
        size = [np.maximum(np.abs(other), np.finfo(float).tiny) for other in taken]
        gaps = [np.max(np.abs(value - o) / s) for o, s in zip(taken, size, strict=True)]
        if min(gaps) < APART:
            continue
        taken.append(value)
        slips.append({"answer": answer, "slip": key, "message": message, "try": advice})
    return slips


def area_slips(times: ArrayLike, values: ArrayLike, right: float) -> Slips:
    """An area under an exponential curve: straight lines, on both sides or on the rise alone."""
    straight = measure.auc(times, values, rule="linear")
    mixed = measure.auc(times, values, rule="linear-up log-down")
    widths, heights = np.diff(np.asarray(times, float)), np.asarray(values, float)
    more = f"{abs(float(straight) / right - 1):.0%}".replace("%", " %")
    side = "too much" if float(straight) > right else "too little"
    return _kept(
        right,
        [
            (
                straight,
                "linear-auc",
                f"You drew straight lines between the samples. Here that is {more} {side}.",
                "",
            ),
            (
                mixed,
                "linear-auc",
                "The fall is right. On the rise you drew a straight line: linear-up log-down is "
                "made for drugs that are absorbed, not for cells that double.",
                "Use the logarithmic rule in both directions.",
            ),
            (
                float(np.sum(heights)),
                "total-for-rate",
                "You added the levels up without the days between them.",
                "An area is a height times a width; look at its unit.",
            ),
            (
                float(np.sum(widths * heights[:-1])),
                "linear-auc",
                "You kept each level until the next sample came.",
                "Use the logarithmic mean of the two levels as the height.",
            ),
        ],
    )


def mean_slips(values: ArrayLike, right: float) -> Slips:
    """A typical value: the arithmetic mean, the geometric mean and the median for one another."""
    data = np.asarray(values, dtype=float)
    return _kept(
        right,
        [
            (
                float(np.mean(data)),
                "arithmetic-geometric-mean",
                "This is the arithmetic mean, which a few large values pull up.",
                "",
            ),
            (
                measure.geometric_mean(data),
                "arithmetic-geometric-mean",
                "This is the geometric mean, and another summary is asked for.",
                "Read which summary the statement names, and compute that one.",
            ),
            (
                float(np.median(data)),
                "mean-for-median",
                "This is the median of the values, and another summary is asked for.",
                "Read which summary the statement names, and compute that one.",
            ),
            (
                float(np.mean(np.log(data))),
                "log-scale",
                "You averaged the logarithms and stayed there.",
                "Go back with np.exp.",
            ),
            (
                float(10 ** np.mean(np.log(data))),
                "ln-log10",
                "You averaged natural logarithms and went back with powers of ten.",
                "Use np.log with np.exp, or np.log10 with 10**, never one of each.",
            ),
        ],
    )


def spread_slips(omega: float, right: float, percent: bool = False) -> Slips:
    """The spread of a log-normal whose logarithm has the SD omega: SD, variance and CV mixed."""
    unit = 100.0 if percent else 1.0
    cv = float(measure.cv_from_log_sd(omega))
    return _kept(
        right,
        [
            (
                unit * omega,
                "cv-for-sd",
                "This is omega, the SD of the logarithm.",
                "",
            ),
            (
                unit * cv,
                "cv-for-sd",
                "This is the coefficient of variation on the scale of the data.",
                "",
            ),
            (
                unit * omega**2,
                "variance-for-sd",
                "This is omega squared, the variance of the logarithm.",
                "",
            ),
            (
                unit * cv**2,
                "variance-for-sd",
                "This is the square of the coefficient of variation.",
                "Take the square root.",
            ),
            (
                unit * float(measure.cv_from_log_variance(omega)),
                "variance-for-sd",
                "You put omega where omega squared belongs.",
                "The formula is CV = sqrt(exp(omega**2) - 1), with the variance in the exponent.",
            ),
            (
                unit * float(measure.cv_from_log_sd(omega**2)),
                "variance-for-sd",
                "You squared omega twice: it was a variance already.",
                "The formula is CV = sqrt(exp(omega**2) - 1), with the variance in the exponent.",
            ),
        ],
    )


def limit_slips(
    compute: Callable[[np.ndarray], Any], values: ArrayLike, lloq: float, right: Any
) -> Slips:
    """A summary of values with some below the limit: ``compute`` with stand-ins for those."""
    data = np.asarray(values, dtype=float)
    below = ~(data >= lloq)

    def with_stand_in(level: float) -> Any:
        with np.errstate(all="ignore"):
            return compute(np.where(below, level, data))

    return _kept(
        right,
        [
            (
                with_stand_in(0.0),
                "blq-as-zero",
                "You read the values below the limit as zero.",
                "",
            ),
            (
                with_stand_in(lloq),
                "blq-as-lloq",
                "You put the values below the limit at the limit itself.",
                "",
            ),
            (
                with_stand_in(lloq / 2),
                "blq-as-lloq",
                "You put the values below the limit at half the limit, which nobody measured.",
                "",
            ),
        ],
    )


def assay_slips(
    copies_per_ug: float,
    right: float,
    *,
    vector_copies_per_cell: float,
    dna_per_genome_pg: float,
    nucleated_cells_per_ul: float,
    lymphocytes_per_ul: float | None = None,
) -> Slips:
    """Cells/µL from copies/µg DNA (qPCR read as flow cytometry, copies for cells)."""

    def cells(copies_in_a_cell: float, count: float) -> float:
        return float(
            measure.copies_per_ug_to_cells_per_ul(
                copies_per_ug,
                vector_copies_per_cell=copies_in_a_cell,
                dna_per_genome_pg=dna_per_genome_pg,
                nucleated_cells_per_ul=count,
            )
        )

    share = cells(vector_copies_per_cell, nucleated_cells_per_ul) / nucleated_cells_per_ul
    rows = [
        (
            copies_per_ug,
            "qpcr-flow",
            "This is the qPCR result itself. It counts copies in a µg of DNA, not cells in blood.",
            "",
        ),
        (
            share * vector_copies_per_cell * nucleated_cells_per_ul,
            "copies-for-cells",
            "You counted each copy as a cell.",
            "",
        ),
        (
            share * vector_copies_per_cell**2 * nucleated_cells_per_ul,
            "copies-for-cells",
            "You multiplied by the vector copies. More copies in a cell mean fewer cells for the "
            "same signal.",
            "",
        ),
        (
            share,
            "percent-for-fraction",
            "This is the share of nucleated cells that carry the transgene, not a count.",
            "Multiply the share by the count of the cells whose DNA was extracted.",
        ),
        (
            share * nucleated_cells_per_ul / 2,
            "qpcr-flow",
            "This is half of it: the mass of one diploid genome was taken twice.",
            "A cell holds one diploid genome; divide by its mass once.",
        ),
    ]
    if lymphocytes_per_ul is not None:
        rows.append(
            (
                share * lymphocytes_per_ul,
                "qpcr-flow",
                "You multiplied by the lymphocytes. The DNA came from every nucleated cell.",
                "Ask whose DNA was extracted, and use the count of those cells.",
            )
        )
    return _kept(right, rows)


def factor_assay_slips(right: float, one_stage_over_chromogenic: float) -> Slips:
    """An activity by one assay where the other is asked for."""
    message = (
        "You mixed the two assays: this is the right activity, read by the other one. For this "
        f"product the one-stage assay reads {one_stage_over_chromogenic:g} times the chromogenic."
    )
    rows = [
        (right * factor, "one-stage-chromogenic", message, "")
        for factor in (one_stage_over_chromogenic, 1 / one_stage_over_chromogenic)
    ]
    return _kept(right, rows)


def burden_slips(before: float, right: float, *, dose_fold: float, burden_fold: float) -> Slips:
    """An exposure after dose and burden have changed, for cells that expand on their target."""
    return _kept(
        right,
        [
            (
                before * dose_fold,
                "dose-for-burden",
                "You scaled the exposure by the dose.",
                "",
            ),
            (
                before * dose_fold * burden_fold,
                "dose-proportional",
                "You scaled the exposure by the dose and by the burden.",
                "",
            ),
            (
                before / burden_fold,
                "dose-for-burden",
                "You divided by the burden. More target means more expansion.",
                "",
            ),
        ],
    )

"""Misconceptions of the field, written once and shared by every exercise.

A :class:`Slip` has a key, a name, how it comes about and what to try. Exercises refer to a key and
add what is special to them. Some slips also have ``transforms``: what they do to a right number,
as plain data (an operation and a constant). :func:`explain` uses these to find the slip behind an
answer that no exercise listed, and :func:`explain_pair` the two slips behind an answer that holds
two. ``data/slips.json`` holds the same table for a browser; ``python -m tools.students`` writes it.

The more slips are tried, the more often chance alone hits one. So a slip is named only within
:data:`NAMING_RTOL`, two of them only within :data:`PAIR_RTOL`, and nothing is named that would
lie within :data:`APART` of the right answer. A test holds the share of random answers that are
named below 5 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

LISTED_RTOL = (0.005, 0.01)  # a listed wrong answer: the right one's tolerance, within these
NAMING_RTOL = 0.005  # how close an answer must come to be explained by a shared slip
PAIR_RTOL = 0.0005  # and by two slips at once
APART = 0.03  # a slip that changes the right answer by less is not told from rounding

SECOND = ("time", "size", "sign")  # families of the second of two slips

LN10 = float(np.log(10.0))
LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class Slip:
    """One misconception.

    ``comes_about`` and ``advice`` are whole sentences for the learner. ``transforms`` is a tuple of
    ``(operation, constant)``; applied to the right number each gives what this slip would give.
    Operations: ``multiply``, ``power``, ``log`` (logarithm to that base), ``complement`` (constant
    minus the number), ``cv-of-sd`` (the CV of a log-normal whose logarithm has the right number as
    SD; the constant is not used) and ``sd-of-cv`` (the other way). ``complement``
    is tried for fractions from 0 to 1 only, the last two for plain numbers above 0 and up to 3.

    ``family`` says which slips may meet in one answer: two of different families, or two of
    ``time``. The second of a pair is a factor of the families :data:`SECOND`.
    """

    key: str
    name: str
    comes_about: str
    advice: str
    transforms: tuple[tuple[str, float], ...] = ()
    family: str = ""


_ALL = [
    # --- units of time
    Slip(
        "minutes-for-hours",
        "minutes for hours",
        "Your answer differs by a factor of 60, as when seconds, minutes or hours are mixed.",
        "Write the unit behind every time and every rate, then convert once, at the start.",
        (("multiply", 60.0), ("multiply", 1 / 60.0)),
        "time",
    ),
    Slip(
        "hours-for-days",
        "hours for days",
        "Your answer differs by a factor of 24, as when hours and days are mixed.",
        "Write the unit behind every time and every rate, then convert once, at the start.",
        (("multiply", 24.0), ("multiply", 1 / 24.0)),
        "time",
    ),
    Slip(
        "weeks-for-days",
        "weeks for days",
        "Your answer differs by a factor of 7, as when weeks and days are mixed.",
        "Write the unit behind every time and every rate, then convert once, at the start.",
        (("multiply", 7.0), ("multiply", 1 / 7.0)),
        "time",
    ),
    Slip(
        "years-for-days",
        "years for days",
        "Your answer differs by a factor of 365, as when years and days are mixed.",
        "Write the unit behind every time and every rate, then convert once, at the start.",
        (("multiply", 365.25), ("multiply", 1 / 365.25)),
        "time",
    ),
    # --- logarithms
    Slip(
        "ln-log10",
        "natural for decimal logarithm",
        "Your answer differs by ln(10) = 2.303: one logarithm is natural, the other decimal.",
        "Use np.log with exp and np.log10 with powers of ten, never one of each.",
        (("multiply", LN10), ("multiply", 1 / LN10)),
        "log",
    ),
    Slip(
        "ln-log2",
        "natural logarithm for doublings",
        "Your answer differs by ln(2) = 0.693: a rate per time constant and a rate per doubling "
        "are mixed.",
        "A doubling time or half-life is ln(2) divided by the rate constant.",
        (("multiply", LN2), ("multiply", 1 / LN2)),
        "log",
    ),
    Slip(
        "log2-log10",
        "doublings for powers of ten",
        "Your answer differs by log2(10) = 3.322: doublings and powers of ten are mixed.",
        "Ten-fold is 3.32 doublings. Decide which of the two you count, then use one logarithm.",
        (("multiply", LN10 / LN2), ("multiply", LN2 / LN10)),
        "log",
    ),
    Slip(
        "log10-for-ln2",
        "log10(2) for ln(2)",
        "Your answer is what log10(2) = 0.301 gives where ln(2) = 0.693 belongs, or the other way.",
        "A first-order rate goes with exp, so its half-life needs the natural logarithm.",
    ),
    Slip(
        "log-scale",
        "left on the log scale",
        "Your answer is the logarithm of the quantity asked for.",
        "Go back with np.exp (after np.log) or 10** (after np.log10).",
        (("log", float(np.e)), ("log", 10.0), ("log", 2.0)),
        "form",
    ),
    # --- size and direction
    Slip(
        "percent-for-fraction",
        "percent for fraction",
        "Your answer differs by a factor of 100, as when percent and fraction are mixed.",
        "Decide once: 30 % is the fraction 0.30.",
        (("multiply", 100.0), ("multiply", 0.01)),
        "size",
    ),
    Slip(
        "prefix-1000",
        "a unit prefix",
        "Your answer differs by a factor of 1000, as when a prefix (milli, micro, kilo) is lost.",
        "Carry the unit of each factor along and cancel them before you multiply.",
        (("multiply", 1000.0), ("multiply", 0.001)),
        "size",
    ),
    Slip(
        "prefix-million",
        "two unit prefixes",
        "Your answer differs by a factor of a million, as when micro is read as one, or pico as "
        "micro.",
        "Carry the unit of each factor along and cancel them before you multiply.",
        (("multiply", 1e6), ("multiply", 1e-6)),
        "size",
    ),
    Slip(
        "per-kilogram",
        "per kilogram for the whole body",
        "Your answer differs by a factor of 70, as when a dose per kilogram and the dose of a body "
        "of 70 kg are mixed.",
        "Write the unit of the dose out in full: is it per kilogram of body weight?",
        (("multiply", 70.0), ("multiply", 1 / 70.0)),
        "size",
    ),
    Slip(
        "reciprocal",
        "upside down",
        "Your answer is one divided by the quantity asked for.",
        "Look at the unit: a rate is per time, a time constant is a time.",
        (("power", -1.0),),
        "form",
    ),
    Slip(
        "sign",
        "the sign",
        "Your answer has the right size and the opposite sign.",
        "Say in words whether the quantity grows or shrinks, then look at the sign again.",
        (("multiply", -1.0),),
        "sign",
    ),
    Slip(
        "complement",
        "what is left for what is lost",
        "Your answer is one minus the fraction asked for.",
        "Say in words which part is counted: the part that stays or the part that goes.",
        (("complement", 1.0),),
        "form",
    ),
    Slip(
        "half-life-for-rate",
        "a half-life used as a rate",
        "A half-life stands where a rate constant belongs, or the other way.",
        "rate = ln(2) / half-life. Check the unit: a rate is per time.",
    ),
    # --- statistics
    Slip(
        "variance-for-sd",
        "variance for standard deviation",
        "Your answer is the square, or the square root, of the quantity asked for: a variance and "
        "a standard deviation are mixed.",
        "Look at the unit: a standard deviation has the unit of the data, a variance its square.",
        (("power", 2.0), ("power", 0.5)),
        "form",
    ),
    Slip(
        "cv-for-sd",
        "coefficient of variation for log-scale SD",
        "The coefficient of variation of a log-normal is sqrt(exp(omega**2) - 1), not omega. The "
        "two agree only while both are small.",
        "Convert with CV = sqrt(exp(omega**2) - 1), or back with omega = sqrt(log(1 + CV**2)).",
        (("cv-of-sd", 0.0), ("sd-of-cv", 0.0)),
        "form",
    ),
    Slip(
        "arithmetic-geometric-mean",
        "arithmetic for geometric mean",
        "For skewed data the arithmetic mean lies above the geometric mean.",
        "Average the logarithms and go back with exp to get the geometric mean.",
    ),
    Slip(
        "mean-for-median",
        "mean for median",
        "In skewed data the mean is pulled up by a few large values; the median is not.",
        "Check which of the two the source reports, and compute that one.",
    ),
    Slip(
        "association-as-effect",
        "association read as effect",
        "Two quantities that move together need not cause each other: a third may move both.",
        "Name what could cause both, and say which comparison would tell the readings apart.",
    ),
    Slip(
        "absence-of-evidence",
        "absence of evidence read as evidence of absence",
        "An interval that includes no effect may include a large effect too.",
        "Report the whole interval and say which effects it still allows.",
    ),
    # --- measurement
    Slip(
        "qpcr-flow",
        "qPCR read as flow cytometry",
        "qPCR counts gene copies per microgram of DNA; flow cytometry counts cells per microlitre "
        "of blood.",
        "Convert through copies per cell, DNA per genome and that day's count of the cells whose "
        "DNA was extracted.",
    ),
    Slip(
        "copies-for-cells",
        "copies for cells",
        "A transduced cell can carry more than one copy of the transgene.",
        "Divide the copies by the vector copies per cell.",
    ),
    Slip(
        "linear-auc",
        "a straight line across an exponential",
        "The linear trapezoid joins two samples by a straight line. Between sparse samples of an "
        "exponential the true curve runs below it.",
        "Use the logarithmic rule where the curve is exponential, and look at the gap.",
    ),
    Slip(
        "blq-as-zero",
        "below the limit read as zero",
        "Below the limit of quantification means small and unknown, not zero.",
        "Keep the limit as information: censor the value, or state the rule you apply.",
    ),
    Slip(
        "blq-as-lloq",
        "below the limit read as the limit",
        "A value below the limit was put at the limit, which makes the tail too high.",
        "Keep the limit as information: censor the value, or state the rule you apply.",
    ),
    # --- cells, vectors and dose
    Slip(
        "dose-for-burden",
        "dose where burden acts",
        "A cell that divides on meeting its target is driven by the target, so the burden scales "
        "the exposure and the dose hardly does.",
        "Ask what the cells divide on, and scale that.",
    ),
    Slip(
        "dose-proportional",
        "exposure proportional to dose",
        "Proportional exposure belongs to drugs that do not multiply.",
        "Ask how much of the peak comes from the dose and how much from divisions after it.",
    ),
    Slip(
        "total-for-rate",
        "an amount for a rate",
        "An amount stands where an amount per time belongs, or the other way.",
        "Write both units: a derivative is always per time.",
    ),
    Slip(
        "forgot-lag",
        "the lag left out",
        "The clock was started at the dose, but the process starts after the lag.",
        "Count the time since the process began.",
    ),
    Slip(
        "wrong-phase",
        "the wrong phase",
        "The curve has several phases, and the number belongs to another one.",
        "Mark on the time axis where each phase begins and ends, then read in the right one.",
    ),
    Slip(
        "one-stage-chromogenic",
        "one-stage for chromogenic assay",
        "The two factor assays read differently on a transgene product.",
        "Name the assay beside the number and do not mix the two.",
    ),
    Slip(
        "step-size",
        "a step that is too long",
        "The step is long against the fastest rate, so the numerical error is what you see.",
        "Halve the step until the answer stops moving.",
    ),
    # --- models and fits
    Slip(
        "overfit",
        "the noise fitted too",
        "A curve that runs through every point follows the noise as well.",
        "Compare the misfit with the error of the assay: it should be about as large, not smaller.",
    ),
    Slip(
        "local-optimum",
        "a fit that stopped too early",
        "The fit has stopped at a place from which every small step makes it worse, and a better "
        "one exists.",
        "Start from a guess that you read off the data, and from a second one far away from it.",
    ),
    Slip(
        "linear-for-log-residuals",
        "residuals on the wrong scale",
        "Residuals on the linear scale see only the largest values of a curve that spans decades.",
        "Fit the logarithms when the error is proportional.",
    ),
    Slip(
        "correlation-for-agreement",
        "correlation read as agreement",
        "Two assays can correlate perfectly and differ by any factor.",
        "Plot the difference or the ratio of the two against their mean.",
    ),
    Slip(
        "survivor",
        "only those who were left",
        "Those who dropped out, died or fell below the limit are missing from what was averaged.",
        "Ask who is not in the table, and why.",
    ),
    Slip(
        "swapped-arguments",
        "two arguments in each other's place",
        "Two arguments were used in each other's place.",
        "Look up the order that the library asks for: NumPy's trapezoid takes y before x.",
    ),
    Slip(
        "assumption-as-result",
        "an assumption read back as a result",
        "What comes out here is what was put in.",
        "Ask which numbers were typed in, and what would come out with others.",
    ),
    Slip(
        "spread-in-for-spread-out",
        "the spread of a parameter for the spread of the answer",
        "A parameter's spread reaches the answer only as far as the answer follows the parameter.",
        "Multiply the SD of the logarithm by the elasticity, then square.",
    ),
    Slip(
        "other-numbers",
        "somebody else's numbers",
        "Your answer is right for the numbers of the printed text, not for yours.",
        "Take the numbers that are drawn for you: given(...) in the answer's cell shows them.",
    ),
    Slip(
        "reading",
        "a reading of the text",
        "The statement says something else.",
        "Read the statement once more and put its words beside your answer.",
    ),
]

SLIPS: dict[str, Slip] = {slip.key: slip for slip in _ALL}


def apply(transform: tuple[str, float], value: ArrayLike) -> np.ndarray:
    """What a transform makes of right numbers; NaN where it is not defined."""
    operation, constant = transform
    value = np.asarray(value, dtype=float)
    with np.errstate(all="ignore"):
        if operation == "multiply":
            return value * constant
        if operation == "power":
            return np.power(value, constant)
        if operation == "log":
            return np.log(value) / np.log(constant)
        if operation == "complement":
            return constant - value
        if operation == "cv-of-sd":
            return np.sqrt(np.exp(value**2) - 1)
        if operation == "sd-of-cv":
            return np.sqrt(np.log(1 + value**2))
    raise ValueError(f"unknown operation {operation!r} in a slip")


def _transforms(right: np.ndarray, unit: str) -> Iterator[tuple[Slip, tuple[str, float]]]:
    """Every shared transform that may be tried on these right numbers, in the table's order."""
    plain = unit in ("", "1")
    share = plain and bool(np.all((right >= 0) & (right <= 1)))
    spread = plain and bool(np.all((right > 0) & (right <= 3)))
    for slip in SLIPS.values():
        for transform in slip.transforms:
            allowed = {"complement": share, "cv-of-sd": spread, "sd-of-cv": spread}
            if allowed.get(transform[0], True):
                yield slip, transform


def _distances(given: np.ndarray, expected: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Largest relative error of ``given`` for each row of ``expected``.

    It is infinite where a row is not finite or lies within :data:`APART` of the right numbers.
    """
    tiny = np.finfo(float).tiny
    with np.errstate(all="ignore"):
        apart = np.abs(expected - right) / np.maximum(np.abs(right), tiny)
        error = np.abs(given - expected) / np.maximum(np.abs(expected), tiny)
        told = np.isfinite(expected).all(axis=-1) & ~(apart.max(axis=-1) < APART)
        return np.where(told, error.max(axis=-1), np.inf)


def _comparable(given: ArrayLike, right: ArrayLike) -> tuple[np.ndarray, np.ndarray] | None:
    """Both as arrays, or None where no slip can be told."""
    given_array = np.asarray(given, dtype=float)
    right_array = np.asarray(right, dtype=float)
    if given_array.shape != right_array.shape or given_array.size == 0:
        return None
    if not (np.all(np.isfinite(given_array)) and np.all(np.isfinite(right_array))):
        return None
    if np.all(right_array == 0) or np.all(given_array == 0):
        return None
    return given_array, right_array


def explain(
    given: ArrayLike, right: ArrayLike, unit: str = "1", rtol: float = NAMING_RTOL
) -> Slip | None:
    """The shared slip that turns every right number into the given one, or None.

    The closest match within ``rtol`` wins; of equals the first in the table. Nothing is named when
    ``given`` or ``right`` is not finite, or is zero (every factor explains a zero).
    """
    arrays = _comparable(given, right)
    if arrays is None:
        return None
    given_array, right_array = arrays
    tried = list(_transforms(right_array, unit))
    expected = np.stack([apply(transform, right_array).ravel() for _, transform in tried])
    errors = _distances(given_array.ravel(), expected, right_array.ravel())
    best = int(np.argmin(errors))
    return tried[best][0] if errors[best] < rtol else None


def _may_meet(first: Slip, second: Slip) -> bool:
    return first.family != second.family or first.family == second.family == "time"


def explain_pair(
    given: ArrayLike,
    right: ArrayLike,
    unit: str = "1",
    listed: Sequence[tuple[str, ArrayLike]] = (),
    rtol: float = PAIR_RTOL,
) -> tuple[Slip | int, Slip] | None:
    """The two slips that together turn every right number into the given one, or None.

    The first is a listed wrong answer, given as its place in ``listed`` (pairs of a slip's key and
    the wrong numbers), or a shared slip; the second is a shared slip whose transform is a factor.
    The closest match within ``rtol`` wins; of equals a listed one, then the first in the table.
    """
    arrays = _comparable(given, right)
    if arrays is None:
        return None
    given_array, right_array = arrays
    factors = [
        (slip, transform)
        for slip, transform in _transforms(right_array, unit)
        if transform[0] == "multiply" and slip.family in SECOND
    ]
    starts: list[tuple[Slip | int, Slip, np.ndarray]] = []
    for place, (key, wrong) in enumerate(listed):
        wrong_array = np.asarray(wrong, dtype=float)
        if wrong_array.shape == right_array.shape and np.all(np.isfinite(wrong_array)):
            starts.append((place, SLIPS[key], wrong_array))
    for slip, transform in _transforms(right_array, unit):
        starts.append((slip, slip, apply(transform, right_array)))
    meet = np.array(
        [
            [second.key != slip.key and _may_meet(slip, second) for second, _ in factors]
            for _, slip, _ in starts
        ]
    )
    values = np.stack([value.ravel() for _, _, value in starts])
    with np.errstate(over="ignore", invalid="ignore"):
        products = values[:, None, :] * np.array([c for _, (_, c) in factors])[:, None]
    errors = _distances(given_array.ravel(), products, right_array.ravel())
    errors = np.where(meet, errors, np.inf)
    first, second = np.unravel_index(np.argmin(errors), errors.shape)
    if not errors[first, second] < rtol:
        return None
    return starts[first][0], factors[second][0]


def table() -> dict[str, Any]:
    """The table as plain data, as ``data/slips.json`` holds it."""
    return {
        "schema": 1,
        "tolerances": {
            "listed": list(LISTED_RTOL),
            "single": NAMING_RTOL,
            "pair": PAIR_RTOL,
            "apart": APART,
        },
        "slips": {
            slip.key: {
                "name": slip.name,
                "comes_about": slip.comes_about,
                "advice": slip.advice,
                "family": slip.family,
                "transforms": [
                    {"operation": operation, "constant": constant}
                    for operation, constant in slip.transforms
                ],
            }
            for slip in SLIPS.values()
        },
    }

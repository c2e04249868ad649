"""Valoctocogene: one simulated population, read as four reports read theirs.

``levels`` solves people who differ in how much factor VIII they make and in how fast they lose
it. A share of them are low responders. The recipes read means, shares of bands and half-lives off
their chromogenic levels, at the weeks at which the trial did. Simulated; no person's data.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn import ledger
from cgtlearn.ledger.units import DAYS_PER_WEEK, DAYS_PER_YEAR
from cgtlearn.models.contract import Parameters
from cgtlearn.models.valoctocogene_production import model
from cgtlearn.solve import solve

__all__ = [
    "MONTH_36",
    "WEEKS",
    "below_3_year_3",
    "four_half_lives",
    "from_40_year_3",
    "half_life_from_week_76",
    "half_life_of_medians",
    "half_life_week_50_to_month_36",
    "half_life_weeks_52_to_104",
    "levels",
    "mean_week_52",
    "people",
]

Numbers = NDArray[np.float64]

PATIENTS = 4000
"""So many that a share of a band settles to about half a per cent."""
MONTH_36 = 3 * DAYS_PER_YEAR / DAYS_PER_WEEK
WEEKS = np.array([50.5, 52.0, *np.arange(76.0, 105.0, 4.0), MONTH_36])
"""Weeks that are read: the window of weeks 49 to 52, weeks 52 to 104, month 36."""


def people(p: Parameters, patients: int = PATIENTS, seed: int = 1) -> Parameters:
    """Simulated people around the typical one of ``p``: synthesis and speed of loss differ.

    Synthesis is a mixture of two log-normals; one factor speeds both the early and the late loss.
    Draws are spread evenly over each distribution, so that few people stand for many.
    """
    from scipy.special import ndtri

    def row(name: str) -> float:
        return float(ledger.value(f"valoctocogene_production.{name}"))

    rng = np.random.default_rng(seed)
    even = (np.arange(patients) + 0.5) / patients
    z_synthesis, z_loss = (ndtri(rng.permutation(even)) for _ in range(2))
    low = rng.permutation(even) < row("low_share")
    log_sd = np.where(low, row("low_log_sd"), row("responder_log_sd"))
    share = np.where(low, row("low_synthesis"), 1.0)
    speed = np.exp(row("loss_log_sd") * z_loss)
    values = p.as_dict()
    return p.changed(
        full_synthesis=values["full_synthesis"] * share * np.exp(log_sd * z_synthesis),
        early_half_life=values["early_half_life"] / speed,
        production_half_life=values["production_half_life"] / speed,
    )


def levels(p: Parameters) -> Numbers:
    """Chromogenic factor VIII of the people around ``p`` at ``WEEKS``: (people, weeks), IU/dL."""
    return _levels(tuple(p.as_dict().items()))


@cache
def _levels(values: tuple[tuple[str, float], ...]) -> Numbers:
    course = solve(model, people(model.parameters_with(**dict(values))), WEEKS)
    if not course.ok:
        raise RuntimeError(f"{model.name}: {course.status[0]}")
    return np.asarray(course["chromogenic"])


def _at(p: Parameters, week: float) -> Numbers:
    return levels(p)[:, int(np.argmin(np.abs(WEEKS - week)))]


def _half_life(before: float, after: float, weeks: float) -> float:
    """The half-life of an exponential through two values that are ``weeks`` apart."""
    return float(np.log(2) * weeks / np.log(before / after))


def _median(level: Numbers, low: float, high: float) -> float:
    """Median of the log-normal with the same shares below ``low`` and below ``high``."""
    from scipy.special import ndtri

    z_low, z_high = ndtri([np.mean(level < low), np.mean(level < high)])
    return float(np.exp(np.log(low) - z_low * np.log(high / low) / (z_high - z_low)))


def mean_week_52(p: Parameters) -> float:
    """Mean at week 52, in IU/dL."""
    return float(_at(p, 52).mean())


def below_3_year_3(p: Parameters) -> float:
    """Share below 3 IU/dL at month 36, in per cent."""
    return float(100 * np.mean(_at(p, MONTH_36) < 3))


def from_40_year_3(p: Parameters) -> float:
    """Share with 40 IU/dL or more at month 36, in per cent."""
    return float(100 * np.mean(_at(p, MONTH_36) >= 40))


def half_life_of_medians(p: Parameters) -> float:
    """Between the medians that bands give, weeks 49 to 52 against month 36, in weeks.

    The lowest and the highest limit of each report's bands are used, as for the published bands.
    """
    first = ledger.value("gener8_bleeds.limits")
    last = ledger.value("gener8_year3.limits")
    before = _median(_at(p, 50.5), first[0], first[-1])
    after = _median(_at(p, MONTH_36), last[0], last[-1])
    return _half_life(before, after, MONTH_36 - 50.5)


def half_life_weeks_52_to_104(p: Parameters) -> float:
    """Between the means at weeks 52 and 104, in weeks."""
    return _half_life(_at(p, 52).mean(), _at(p, 104).mean(), 52)


def half_life_week_50_to_month_36(p: Parameters) -> float:
    """Between the means of weeks 49 to 52 and of month 36, in weeks."""
    return _half_life(_at(p, 50.5).mean(), _at(p, MONTH_36).mean(), MONTH_36 - 50.5)


def half_life_from_week_76(p: Parameters, lloq: float | None = None) -> float:
    """Of a typical person: a line through each one's logarithms, weeks 76 to 104, in weeks.

    Only values that the chromogenic assay can quantify (``lloq`` in IU/dL, the trial's unless
    given); people with three or more of them. The median over people.
    """
    inside = (WEEKS >= 76) & (WEEKS <= 104)
    weeks, level = WEEKS[inside], levels(p)[:, inside]
    seen = level >= (ledger.value("gener8_bleeds.csa_lloq") if lloq is None else lloq)
    enough = seen.sum(axis=1) >= 3
    slopes: list[Any] = [
        np.polyfit(weeks[s], np.log(x[s]), 1)[0]
        for x, s in zip(level[enough], seen[enough], strict=True)
    ]
    return float(np.log(2) / -np.median(slopes))


def four_half_lives(p: Parameters) -> dict[str, float]:
    """All four readings of one population, in weeks, by what is read."""
    return {
        "medians from bands, weeks 49-52 to month 36": half_life_of_medians(p),
        "means, weeks 52 to 104": half_life_weeks_52_to_104(p),
        "means, week 50 to month 36": half_life_week_50_to_month_36(p),
        "typical person, from week 76": half_life_from_week_76(p),
    }

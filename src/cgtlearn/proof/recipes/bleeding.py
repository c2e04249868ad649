"""Joint bleeds: simulated people, counted and fitted; published points side by side.

``simulated`` draws people of steady levels, each with a frailty of their own. Their counts go to a
negative binomial regression; ``times_of_bleeds`` makes them ready for a Cox regression with
frailty. Neither knows the model. All of it is simulated.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cgtlearn import estimate, ledger
from cgtlearn.models.bleeding import HOPE_B, model
from cgtlearn.models.contract import Parameters
from cgtlearn.solve import solve

__all__ = [
    "Counts",
    "dispersion_by_counts",
    "hope_b_year_2",
    "hope_b_year_3",
    "hope_b_year_4",
    "hope_b_year_5",
    "median_rate_2_to_5",
    "rate_at_5",
    "rate_at_15",
    "rate_at_21",
    "reduction_by_counts",
    "side_by_side",
    "simulated",
    "times_of_bleeds",
]

Numbers = NDArray[np.float64]

PEOPLE = 20_000
"""So many that a slope fitted to their counts settles to a few per cent."""
LEVELS = (2.0, 40.0)
"""Levels of the simulated people, in IU/dL, as far as moderate and mild hemophilia reach."""


class Counts(NamedTuple):
    """Simulated people: their levels (IU/dL), frailties, bleeds, and years of follow-up."""

    level: Numbers
    frailty: Numbers
    bleeds: NDArray[np.int64]
    years: float


def simulated(p: Parameters, people: int, seed: int = 1) -> Counts:
    """People whose levels stay, counted over the model's window."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(*LEVELS, people)
    longest = model.parameters["level_half_life"].domain[1]
    steady = p.changed(start_level=level, level_half_life=longest)
    expected = solve(model, steady, [0, model.window])["expected_bleeds"][:, 1]
    variance = p.as_dict()["dispersion"]
    frailty = rng.gamma(1 / variance, variance, people)
    return Counts(level, frailty, rng.poisson(frailty * expected), model.window)


@cache
def _by_counts(values: tuple[tuple[str, float], ...]) -> Any:
    people = simulated(model.parameters_with(**dict(values)), PEOPLE)
    years = np.full(PEOPLE, people.years)
    return estimate.negative_binomial(
        people.bleeds, people.level, follow_up=years, name="level", scale="linear"
    )


def _counted(p: Parameters) -> Any:
    return _by_counts(tuple(p.as_dict().items()))


def reduction_by_counts(p: Parameters) -> float:
    """Fall of the rate with each IU/dL, from counts, in per cent."""
    return float(100 * (1 - _counted(p)["level"].ratio))


def dispersion_by_counts(p: Parameters) -> float:
    """Dispersion of the counts: the variance of the frailty."""
    return float(_counted(p).extra["dispersion"])


def rate_at_5(p: Parameters) -> float:
    """Bleeds in a year that the fitted regression gives at 5 IU/dL."""
    return float(_counted(p).predict([5.0])[0][0])


def times_of_bleeds(people: Counts, seed: int = 2) -> dict[str, Any]:
    """The same people as rows for ``estimate.cox``: a row ends at a bleed, or at the last look.

    Given how many there are, the times of a Poisson process lie anywhere alike.
    """
    rng = np.random.default_rng(seed)
    start, stop, events, who = [], [], [], []
    for i, count in enumerate(people.bleeds):
        ends = [*np.sort(rng.uniform(0, people.years, count)), people.years]
        start += [0.0, *ends[:-1]]
        stop += ends
        events += [1] * int(count) + [0]
        who += [i] * len(ends)
    return {
        "stop": np.array(stop),
        "events": np.array(events),
        "exposure": people.level[who],
        "start": np.array(start),
        "id": np.array(who),
    }


def _rate(p: Parameters, level: float) -> float:
    """Bleeds in a year at a level, in people of mean frailty."""
    return float(solve(model, p.changed(start_level=level), [0])["bleed_rate"][0])


def rate_at_15(p: Parameters) -> float:
    """Bleeds in a year at the level of the US regression."""
    return _rate(p, ledger.value("soucie2018.level"))


def rate_at_21(p: Parameters) -> float:
    """Bleeds in a year at the median level of Milan's cohort."""
    return _rate(p, ledger.value("milan2023.median_level"))


def median_rate_2_to_5(p: Parameters) -> float:
    """Median over people of 2 to 5 IU/dL, whose frailties differ, of bleeds in a year."""
    from scipy.special import gammaincinv

    low, high = ledger.value("kloosterman2022.band_low"), ledger.value("kloosterman2022.band_high")
    shape = 1 / p.as_dict()["dispersion"]
    median_frailty = float(gammaincinv(shape, 0.5)) / shape
    return median_frailty * _rate(p, (low + high) / 2)


def _hope_b(p: Parameters, year: int) -> float:
    """All bleeds in that year after the dose; the model's time starts at month 6."""
    course = solve(model, p.changed(**HOPE_B), [year - 1.5, year - 0.5])
    before, after = course["expected_bleeds"]
    return float(after - before)


def hope_b_year_2(p: Parameters) -> float:
    """Bleeds in year 2 from factor IX alone."""
    return _hope_b(p, 2)


def hope_b_year_3(p: Parameters) -> float:
    """Bleeds in year 3 from factor IX alone."""
    return _hope_b(p, 3)


def hope_b_year_4(p: Parameters) -> float:
    """Bleeds in year 4 from factor IX alone."""
    return _hope_b(p, 4)


def hope_b_year_5(p: Parameters) -> float:
    """Bleeds in year 5 from factor IX alone."""
    return _hope_b(p, 5)


def side_by_side(p: Parameters, level: float) -> dict[str, float]:
    """Joint bleeds in a year at ``level`` by each source, moved there along Milan's slope.

    What each number is differs, and stays as it was printed: a mean, a median, a regression's
    prediction. They are not averaged.
    """
    slope = p.as_dict()["slope"]

    def moved(row: str, place: float) -> float:
        return float(ledger.value(row) * np.exp(-slope * (level - place)))

    band = ledger.value("kloosterman2022.band_low"), ledger.value("kloosterman2022.band_high")
    return {
        "US centres, A, as remembered": moved("soucie2018.joint_bleeds_a", 15),
        "US centres, B, as remembered": moved("soucie2018.joint_bleeds_b", 15),
        "valoctocogene, diary, regression": moved("mahlangu2023.joint_bleeds", 5),
        "DYNAMO, files, median": moved("kloosterman2022.joint_bleeds_2_5", sum(band) / 2),
        "Milan, files, mean": moved("milan2023.joint_bleeds", 21),
    }

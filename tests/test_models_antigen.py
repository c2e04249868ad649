"""Relapse with CD19 and without it: laws that can fail, the equations again, what chance does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cgtlearn import ledger, proof
from cgtlearn.models import liu2022
from cgtlearn.solve import extinction_probability, solve, stochastic
from cgtlearn.trace import javascript, trace

M = liu2022.model
LOST = M.parameters_with()
KEPT = M.parameters_with(**liu2022.CD19_KEPT)
DAYS = np.arange(0, 400.1, 0.25)
SAID = " ".join(M.deviations)


def shifted(state, change):
    def wrong(t, y, p, phase):
        slopes = list(M.rhs(t, y, p, phase))
        slopes[state] = slopes[state] + change(y, p)
        return tuple(slopes)

    return wrong


BREAKS = {
    "no CAR T cells: CD19-positive cells": shifted(0, lambda y, p: 1e-2 * p.positive_growth * y[0]),
    "no CAR T cells: CD19-negative cells": shifted(1, lambda y, p: 1e-2 * p.negative_growth * y[1]),
    "constant target: activated CAR T cells": shifted(2, lambda y, p: -1e-3 * p.car_loss * y[2]),
    "constant target: resting CAR T cells": shifted(3, lambda y, p: -1e-2 * p.resting_loss * y[3]),
    "CD19-positive cells not above untreated ones": shifted(
        0, lambda y, p: 1e-2 * p.positive_growth * y[0]
    ),
    "CD19-negative cells not above untreated ones": shifted(1, lambda y, p: p.killing * y[1]),
    "units balance": shifted(0, lambda y, p: y[0]),
}


def test_every_law_holds():
    broken = [f"{v} {v.says}" for v in proof.check_laws(M) if not v.ok]
    assert not broken, "\n".join(broken)
    assert {law.name for law in M.laws} <= set(BREAKS)


@pytest.mark.parametrize("law", BREAKS)
def test_every_law_can_fail(law):
    changed = dataclasses.replace(M, rhs=BREAKS[law])
    assert not next(v for v in proof.check_laws(changed) if v.law == law).ok


def test_the_live_figure_stays_small():
    assert len(javascript(trace(M)).encode()) < 2000


# --- the equations of the code, in another solver -------------------------------------------------


def raw(name, kept):
    own = name in liu2022.OF_THE_PATIENT
    return float(ledger.value(f"liu2022.{'kept_' if kept and own else ''}{name}"))


@pytest.mark.parametrize("kept", [False, True])
def test_as_in_the_code(kept):
    """Cells/µL, with leukemia as logarithms; the loss of CD19 is there with its km of 0."""

    def v(name):
        return raw(name, kept)

    def slopes(t, y):
        b, n, active, resting = np.exp(y[0]), np.exp(y[1]), y[2], y[3]
        wakes = v("activation") * b / (b + v("half_activation")) * resting
        return [
            v("positive_growth") * (1 - b / v("capacity"))
            - v("killing") / (b + v("half_killing")) * active,
            v("negative_growth") * (1 - n / v("capacity"))
            + v("antigen_loss") * b / n
            - v("killing") / v("bystander_ratio") / (n + v("half_bystander")) * active,
            v("expansion") * b / (b + v("half_expansion")) * active
            + wakes
            - v("car_loss") * active,
            -wakes - v("resting_loss") * resting,
        ]

    clone = liu2022.NONE_LEFT if kept else v("negative_start")
    start = [np.log(v("positive_start")), np.log(clone), 0, v("resting_start")]
    days = np.array([0, 5, 9, 14, 30, 60, 120, 200.0])
    theirs = solve_ivp(slopes, (0, 200), start, method="Radau", t_eval=days, rtol=1e-10, atol=1e-13)
    ours = solve(M, KEPT if kept else LOST, days)
    with np.errstate(divide="ignore"):
        assert np.log(ours["positive"][:3]) == pytest.approx(theirs.y[0][:3], abs=1e-4)
    assert np.log(ours["negative"]) == pytest.approx(theirs.y[1], abs=1e-4)
    assert ours["car_t"] == pytest.approx(theirs.y[2] + theirs.y[3], rel=1e-4)
    cells = np.exp(theirs.y[0]) + np.exp(theirs.y[1])
    blasts = v("blasts_most") * cells / (cells + v("blasts_half"))
    assert ours["blasts"] == pytest.approx(blasts, rel=1e-3)


# --- what the deviations say ----------------------------------------------------------------------


def back(course):
    """The first day after the fourth week with 5 per cent of blasts."""
    late = (DAYS > 28) & (course["blasts"] > 5)
    return DAYS[late][0]


def test_two_copies_of_one_number():
    other = LOST.changed(half_bystander=ledger.value("liu2022.half_bystander_copy"))
    first, second = solve(M, LOST, DAYS), solve(M, other, DAYS)
    for course, low, day, again in ((first, 0.0026, 56, 187), (second, 12, 30, 72)):
        clone = course["negative"]
        assert clone.min() == pytest.approx(low, rel=0.02)
        assert DAYS[clone.argmin()] == pytest.approx(day, abs=0.5)
        assert back(course) == pytest.approx(again, abs=0.5)
        assert str(low) in SAID and str(again) in SAID


def test_relapse_is_of_the_kind_that_is_named():
    lost, kept = solve(M, LOST, DAYS), solve(M, KEPT, DAYS)
    assert lost["negative"][-1] > 1e4 and lost["positive"][-1] < 1e-9
    assert kept["positive"][-1] > 10 and kept["negative"][-1] < 1e-9
    assert back(kept) == pytest.approx(318, abs=0.5) and "318" in SAID


def gone(p, kind):
    course = solve(M, p, DAYS)
    y = tuple(course.states.values())
    birth, death = M.reactions[kind](DAYS, y, p, 0)
    start = course.states[kind][0]
    return extinction_probability(DAYS, np.broadcast_to(birth, DAYS.shape), death, start)[-1]


def test_chance_decides_where_cd19_is_kept_and_not_where_it_is_lost():
    least = solve(M, KEPT, DAYS).states["positive"].min()
    assert least == pytest.approx(3.4, abs=0.1) and "3.4 cells" in SAID
    assert gone(KEPT, "positive") == pytest.approx(0.20, abs=0.01) and "20 per cent" in SAID
    assert gone(KEPT.changed(volume=KEPT.volume / 10), "positive") == pytest.approx(0.85, abs=0.01)
    assert gone(KEPT.changed(volume=KEPT.volume * 10), "positive") < 1e-6
    clone = solve(M, LOST, DAYS).states["negative"].min()
    assert clone == pytest.approx(13_000, rel=0.02) and "13,000" in SAID
    assert gone(LOST, "negative") < 1e-12 and gone(LOST, "positive") > 1 - 1e-9


def test_runs_one_by_one_agree_with_the_formula():
    found = stochastic(M, KEPT, DAYS, runs=10_000, seed=3, state="positive")
    share, low, high = found.probability()
    assert high - low < 0.02 and abs(share - gone(KEPT, "positive")) < 0.025
    assert stochastic(M, LOST, DAYS, runs=200, seed=3, state="negative").probability()[0] == 0


def peak(p):
    return solve(M, p, DAYS[DAYS < 60])["car_t"].max()


def test_peaks_over_dose_and_burden():
    for p, by_dose in ((LOST, 0.99), (KEPT, 1.07)):
        doses = [peak(p.changed(resting_start=p.resting_start * f)) for f in (1 / 4, 4)]
        assert doses[1] / doses[0] == pytest.approx(by_dose, abs=0.006) and str(by_dose) in SAID
        burdens = [peak(p.changed(positive_start=p.positive_start * f)) for f in (1 / 2, 2)]
        assert burdens[1] / burdens[0] == pytest.approx(2.2, abs=0.05)
    course = solve(M, KEPT, DAYS)
    apart = course["car_t"].max() / course.states["activated"].max() - 1
    assert apart == pytest.approx(0.006, abs=0.0005) and "0.6 per cent" in SAID

"""Chance in small populations: against single events drawn one by one, closed forms, and itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binomtest, kstest

from cgtlearn import ledger, proof
from cgtlearn.errors import LearnerError
from cgtlearn.models import kimmel2021, stein2019
from cgtlearn.proof.recipes import kimmel2021 as recipes
from cgtlearn.solve import birth_death, extinction_probability, solve, stochastic

M = kimmel2021.model
P = M.parameters_with()
GRID = np.arange(0, 400, 0.25)


def one_by_one(birth, death, start, end, runs, seed):
    """Every division and every death drawn by itself (Gillespie), for constant rates."""
    random = np.random.default_rng(seed)
    left = []
    for _ in range(runs):
        cells, time = start, 0.0
        while cells:
            time += random.exponential(1 / ((birth + death) * cells))
            if time > end:
                break
            cells += 1 if random.random() < birth / (birth + death) else -1
        left.append(cells)
    return np.array(left)


@pytest.mark.parametrize("birth, death", [(0.3, 0.5), (0.5, 0.3), (0.4, 0.4), (0.0, 0.5)])
def test_as_if_every_event_were_drawn_by_itself(birth, death):
    times = np.array([0, 1, 2.5, 4])
    rates = np.full(4, birth), np.full(4, death)
    random = np.random.default_rng(1)
    ours = birth_death(times, *rates, np.full(20_000, 5), random)[:, -1]
    theirs = one_by_one(birth, death, 5, 4, 2_000, seed=2)
    assert abs(ours.mean() - theirs.mean()) < 4 * theirs.std() / np.sqrt(2_000)
    assert ours.var() == pytest.approx(theirs.var(), rel=0.2)
    gone = extinction_probability(times, *rates, 5)[-1]
    assert binomtest(int((ours == 0).sum()), ours.size, gone).pvalue > 1e-3
    assert binomtest(int((theirs == 0).sum()), theirs.size, gone).pvalue > 1e-3


def test_textbook_limits():
    times = np.linspace(0, 400, 4001)
    same = np.ones(times.size)
    forever = extinction_probability(times, 0.2 * same, 0.5 * same, 10)[-1]
    assert forever == pytest.approx(1, abs=1e-9)
    supercritical = extinction_probability(times, 0.5 * same, 0.2 * same, 3)[-1]
    assert supercritical == pytest.approx((0.2 / 0.5) ** 3, rel=1e-6)
    critical = extinction_probability(times, same, same, 1)
    assert critical == pytest.approx(times / (1 + times), rel=1e-6)
    never = extinction_probability(times, 0.5 * same, 0 * same, 1)
    assert np.all(never < 1e-12)


def test_rates_that_change_against_quadrature():
    def death(t):
        return 0.6 * np.exp(-t / 5)

    times = np.linspace(0, 12, 1201)
    got = extinction_probability(times, np.full(times.size, 0.2), death(times), 4)[-1]

    def rho(t):
        return 3.0 * (1 - np.exp(-t / 5)) - 0.2 * t

    integral = quad(lambda t: 0.2 * np.exp(rho(t)), 0, 12)[0]
    assert got == pytest.approx((1 - 1 / (np.exp(rho(12)) + integral)) ** 4, rel=1e-4)


def test_each_run_may_have_rates_of_its_own():
    times = np.arange(0, 30, 0.5)
    death = np.repeat([[0.2], [1.0]], 4_000, axis=0) * np.ones(times.size)
    random = np.random.default_rng(3)
    cells = birth_death(times, np.full(times.size, 0.4), death, np.full(8_000, 3), random)
    gone = (cells[:, -1] == 0).reshape(2, -1).mean(axis=1)
    assert gone[0] == pytest.approx(0.5**3, abs=0.02) and gone[1] > 0.999


def test_a_population_that_grows_large_goes_on():
    times = np.arange(0, 101.0)
    random = np.random.default_rng(4)
    cells = birth_death(times, np.full(101, 0.3), np.full(101, 0.1), np.full(50, 1_000), random)
    assert np.all(np.diff(np.log(cells[:, -20:]), axis=1) == pytest.approx(0.2, abs=1e-6))
    assert np.log(cells[:, -1]).mean() == pytest.approx(np.log(1_000) + 20, abs=0.05)


# --- the hand-over --------------------------------------------------------------------------------


def exact(p):
    """The chance of a cure by the formula, counted in whole cells from the first day on."""
    course = solve(M, p, GRID)
    y = tuple(course.states[name] for name in M.states)
    birth, death = kimmel2021.tumor_cell(GRID, y, p, 0)
    rates = np.broadcast_to(birth, GRID.shape), death
    return extinction_probability(GRID, *rates, p.tumor_start)


@pytest.mark.parametrize("below", [100, 10_000])
def test_the_hand_over_loses_little(below):
    truth = exact(P)
    found = stochastic(M, P, GRID, runs=10_000, below=below, seed=5)
    share, low, high = found.probability()
    assert low < share < high and high - low < 0.02
    assert abs(share - truth[-1]) < (0.016 if below == 100 else 0.012)
    days = np.sort(found.extinct_at[found.extinct])
    law = np.interp(days, GRID, truth / truth[-1])
    assert kstest(law, "uniform").statistic < 0.05
    said = " ".join(M.deviations)
    assert f"{100 * truth[-1]:.1f} per cent by the exact formula" in said


def test_what_a_later_hand_over_loses():
    course = solve(M, P, GRID)
    y = tuple(course.states[name] for name in M.states)
    birth, death = kimmel2021.tumor_cell(GRID, y, P, 0)
    birth = np.full(GRID.size, birth)
    left = {}
    for below in (100, 3):
        i = int(np.argmax(y[2] < below))
        left[below] = extinction_probability(GRID[i:], birth[i:], death[i:], y[2][i])[-1]
    said = " ".join(M.deviations)
    assert f"in {100 * left[100]:.1f} per cent by the same formula from below 100 on" in said
    assert f"in {100 * left[3]:.1f} from below 3" in said


def test_before_the_hand_over_the_course_is_the_deterministic_one():
    found = stochastic(M, P, GRID, runs=20, seed=6)
    before = found.handed_over[0] > GRID
    smooth = solve(M, P, GRID).states["tumor"]
    assert np.allclose(found.cells[:, before], smooth[before])
    assert np.all(found.cells[:, GRID >= found.handed_over[0]] % 1 == 0)
    gone = found.extinct
    assert np.all(found.cells[gone, -1] == 0) and np.all(found.cells[~gone, -1] > 0)


def test_a_tumor_that_stays_large_is_never_handed_over():
    fast = P.changed(tumor_growth=ledger.value("kimmel2021.tumor_growth_fast"))
    found = stochastic(M, fast, GRID, runs=30, seed=7)
    assert not found.extinct.any() and np.isnan(found.handed_over).all()
    assert found.probability()[0] == 0


def test_many_patients_have_one_run_each():
    many = recipes.patients(P, 60, 0.05)
    found = stochastic(M, many, GRID, seed=8)
    assert found.cells.shape == (60, GRID.size)
    again = stochastic(M, many, GRID, seed=8)
    assert np.array_equal(found.cells, again.cells)


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(LearnerError, match="no reactions"):
        stochastic(stein2019.model, stein2019.model.parameters_with(), GRID, runs=3, seed=1)
    with pytest.raises(LearnerError, match="runs"):
        stochastic(M, P, GRID, seed=1)
    with pytest.raises(LearnerError, match="runs"):
        stochastic(M, recipes.patients(P, 3, 0.05), GRID, runs=3, seed=1)
    with pytest.raises(LearnerError, match="normal"):
        stochastic(M, P, GRID, runs=3, seed=1, state="normal")
    with pytest.raises(LearnerError, match="zero or more"):
        extinction_probability([0, 1], [0.1, 0.1], [0.1, -0.1], 3)
    with pytest.raises(LearnerError, match="each of the 3 times"):
        birth_death([0, 1, 2], [0.1, 0.1], [0.1, 0.1], [3], np.random.default_rng(1))


# --- the model ------------------------------------------------------------------------------------


def test_every_law_holds():
    broken = [f"{v} {v.says}" for v in proof.check_laws(M) if not v.ok]
    assert not broken, "\n".join(broken)


def shifted(state, change):
    def wrong(t, y, p, phase):
        slopes = list(M.rhs(t, y, p, phase))
        slopes[state] = slopes[state] + change(y, p)
        return tuple(slopes)

    return wrong


BREAKS = {
    "normal T cells alone": shifted(0, lambda y, p: -1e-3 * p.normal_growth * y[0]),
    "CAR T cells alone": shifted(1, lambda y, p: 1e-3 * p.car_growth * y[1]),
    "a tumor that nothing kills": shifted(2, lambda y, p: 1e-3 * p.tumor_growth * y[2]),
    "a constant number of killers": shifted(
        2, lambda y, p: -1e-3 * p.killing_rate * y[2] * y[1] / (p.half_killing + y[1])
    ),
    "normal T cells within their capacity": shifted(0, lambda y, p: p.normal_growth * y[0]),
    "the tumor not above an untreated one": shifted(2, lambda y, p: 2 * p.killing_rate * y[2]),
    "units balance": shifted(0, lambda y, p: y[0]),
}


@pytest.mark.parametrize("law", BREAKS)
def test_every_law_can_fail(law):
    changed = dataclasses.replace(M, rhs=BREAKS[law])
    assert not next(v for v in proof.check_laws(changed) if v.law == law).ok


def test_each_law_of_the_model_is_broken_by_one_change():
    assert {law.name for law in M.laws} <= set(BREAKS)


def test_dose_acts_and_burden_does_not():
    days = np.arange(0, 30, 0.1)

    def peak(**changes):
        return solve(M, P.changed(**changes), days)["car_t"].max()

    doses = [peak(car_start=P.car_start * factor) for factor in (1 / 4, 4)]
    assert doses[1] / doses[0] == pytest.approx(5.1, abs=0.05)
    burdens = [peak(tumor_start=P.tumor_start * factor) for factor in (1 / 4, 4)]
    assert burdens[0] == pytest.approx(burdens[1], rel=1e-6)


def test_numbers_in_the_deviations():
    said = " ".join(M.deviations)
    inside = P.changed(lymphopenia_shape=0.2, lymphopenia_growth=0.495)
    days = [0, 7, 14, 28, 90]
    assert solve(M, inside, days)["car_t"][1:] == pytest.approx([25.9, 6.8, 1.2, 0.16], rel=0.03)
    assert solve(M, P, days)["car_t"][1:] == pytest.approx([30.2, 9.0, 2.5, 0.34], rel=0.01)
    many, found = recipes.runs(P, 0.05**0.5)
    cured = np.nanquantile(found.extinct_at, [0.05, 0.95])
    back = np.nanquantile(recipes.progression_days(many, found), [0.05, 0.95])
    assert cured == pytest.approx([22, 72], abs=2) and back == pytest.approx([53, 359], abs=6)
    assert "between days 22 and 72" in said and "between 53 and 359" in said

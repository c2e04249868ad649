"""Mixtures, occasions, noise of patients in blocks, and dropout that depends on the outcome."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cgtlearn import ledger
from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.models import muellerschoell2021 as axi
from cgtlearn.models import stein2019
from cgtlearn.models.contract import Model, Output, Parameter, State
from cgtlearn.solve import solve

M = stein2019.model
DAYS = np.array([1.0, 7, 9, 14, 28, 56, 84, 112])
GROUPS = pop.mixture((0.75, 1, pop.log_sd(0.3)), (0.25, 0.05, pop.log_sd(0.6)))


# --- mixtures -------------------------------------------------------------------------------------


def test_a_mixture_is_its_groups_in_their_shares():
    p = pop.sample(M, 8000, {"cmax": GROUPS}, seed=1)
    group = p.groups["cmax"]
    assert stats.binomtest(int(group.sum()), 8000, 0.25).pvalue > 0.01
    typical = M.parameters["cmax"].default
    for k, (factor, sd) in enumerate(((1, 0.3), (0.05, 0.6))):
        z = np.log(p.cmax[group == k] / (typical * factor)) / sd
        assert stats.kstest(z, "norm").pvalue > 0.01
    assert p.redrawn["cmax"] == 0


def test_the_low_expanders_are_a_mixture_of_two_published_rates():
    """One in five axi-cel patients expands poorly: the shares and rates are the authors'."""
    rate = ledger.value("muellerschoell2021.expansion_rate")
    low = ledger.value("muellerschoell2021.expansion_rate_low")
    share = ledger.value("muellerschoell2021.reference_share")
    wide = ledger.row("muellerschoell2021.expansion_rate").spread
    both = pop.mixture((share, 1, pop.cv(wide)), (1 - share, low / rate, pop.cv(0)))
    p = pop.sample(axi.model, 500, {"expansion_rate": both}, seed=2)
    poor = p.groups["expansion_rate"] == 1
    assert p.expansion_rate[poor] == pytest.approx(low)
    assert np.median(p.expansion_rate[~poor]) == pytest.approx(rate, rel=0.2)
    assert poor.mean() == pytest.approx(1 - share, abs=0.05)


def test_a_patient_of_a_mixture_depends_on_seed_and_number_alone():
    few, many = (pop.sample(M, n, {"cmax": GROUPS}, seed=4) for n in (30, 600))
    more = pop.sample(M, 30, {"cmax": GROUPS, "tmax": pop.log_sd(0.3)}, seed=4)
    assert np.array_equal(few.cmax, many.cmax[:30]) and np.array_equal(few.cmax, more.cmax)
    assert np.array_equal(few.groups["cmax"], many.groups["cmax"][:30])
    assert not np.array_equal(few.cmax, pop.sample(M, 30, {"cmax": GROUPS}, seed=5).cmax)


def test_values_of_a_mixture_outside_the_domain_are_drawn_again_with_their_group():
    low, high = M.parameters["tmax"].domain
    typical = M.parameters["tmax"].default
    far = pop.mixture((0.5, 1, pop.log_sd(0.2)), (0.5, 0.9 * high / typical, pop.log_sd(0.5)))
    with pytest.warns(UserWarning, match=r"mixture\(\(0.5, 1, log_sd\(0.2\)\)"):
        p = pop.sample(M, 4000, {"tmax": far}, seed=1)
    inside = stats.norm.cdf(np.log(1 / 0.9) / 0.5)  # of the second group
    late = p.groups["tmax"] == 1
    assert late.mean() == pytest.approx(inside / (1 + inside), abs=0.03)
    assert p.tmax.max() <= high
    assert np.median(p.tmax[~late]) == pytest.approx(typical, rel=0.02)


def test_a_mixture_on_the_logit_scale():
    model = Model(
        name="share",
        title="A share",
        states={"x": State("1", "cells")},
        parameters={"share": Parameter(0.2, "1", (0, 1), "logit", "a share")},
        observed={"x": Output("1", "cells")},
        rhs=lambda t, y, p, phase: (-y[0],),
        initial=lambda p: (p.share,),
        outputs=lambda t, y, p, phase: {"x": y[0]},
        time_unit="day",
        window=10,
    )
    both = pop.mixture((0.5, 1, pop.logit_sd(0.4)), (0.5, 6, pop.logit_sd(0.4)))
    p = pop.sample(model, 4000, {"share": both}, seed=1)
    odds = p.share / (1 - p.share)
    for k, factor in enumerate((1, 6)):
        z = np.log(odds[p.groups["share"] == k] / (0.25 * factor)) / 0.4
        assert stats.kstest(z, "norm").pvalue > 0.01
    with pytest.raises(LearnerError, match="logit"):
        pop.sample(model, 5, {"share": GROUPS}, seed=1)


@pytest.mark.parametrize(
    "groups",
    [
        (),
        ((1, 1, pop.log_sd(0.3)),),
        ((0.5, 1, pop.log_sd(0.3)), (0.6, 2, pop.log_sd(0.3))),
        ((0.5, 1, pop.log_sd(0.3)), (0.5, 0, pop.log_sd(0.3))),
        ((-0.5, 1, pop.log_sd(0.3)), (1.5, 2, pop.log_sd(0.3))),
        ((0.5, 1, 0.3), (0.5, 2, pop.log_sd(0.3))),
        ((0.5, 1, pop.log_sd(0.3)), (0.5, 2, pop.logit_sd(0.3))),
        (0.5, 0.5),
    ],
)
def test_a_mixture_that_is_none_is_refused(groups):
    with pytest.raises(LearnerError):
        pop.mixture(*groups)


# --- occasions ------------------------------------------------------------------------------------


def test_occasions_vary_around_each_patient():
    p = pop.sample(M, 3000, {"cmax": pop.log_sd(0.65), "tmax": pop.log_sd(0.38)}, seed=1)
    first, second = pop.occasions(p, {"cmax": pop.log_sd(0.2)}, 2, seed=1)
    shift = [np.log(o.cmax / p.cmax) for o in (first, second)]
    for one in shift:
        assert stats.kstest(one / 0.2, "norm").pvalue > 0.01
    assert abs(np.corrcoef(shift)[0, 1]) < 0.06
    assert abs(np.corrcoef(shift[0], np.log(p.cmax))[0, 1]) < 0.06
    assert np.array_equal(first.tmax, p.tmax)
    three = pop.occasions(p, {"cmax": pop.log_sd(0.2)}, 3, seed=1)
    assert np.array_equal(three[1].cmax, second.cmax)
    for bad in (
        lambda: pop.occasions(M.parameters_with(), {"cmax": pop.log_sd(0.2)}, 2, seed=1),
        lambda: pop.occasions(p, {"cmax": 0.2}, 2, seed=1),
        lambda: pop.occasions(p, {"cmax": pop.log_sd(0.2)}, 0, seed=1),
        lambda: pop.occasions(p, {"cmax": pop.log_sd(0.2)}, 2, seed=None),
    ):
        with pytest.raises(LearnerError):
            bad()


# --- what an assay sees of patients in blocks -----------------------------------------------------


def seen_in(block):
    p = pop.sample(M, 600, {"cmax": pop.log_sd(0.65)}, seed=1)
    days = np.array([7.0, 9.3, 28.0])

    def reduce(course):
        values, below = pop.observe(
            course["transgene"],
            residual_log_sd=0.5,
            lloq=50,
            seed=3,
            numbers=course.parameters.numbers,
        )
        return {"seen": values, "below": below}

    return p, days, pop.run(M, p, days, reduce, block=block)


def test_noise_belongs_to_a_patient_not_to_a_block():
    p, days, whole = seen_in(4000)
    parts = seen_in(137)[2]
    assert np.array_equal(whole["seen"], parts["seen"])
    assert np.array_equal(whole["below"], parts["below"]) and whole["below"].dtype == bool
    true = solve(M, p, days)["transgene"]
    noise = np.log(whole["seen"] / true)[~whole["below"]] / 0.5
    assert stats.kstest(noise, "norm").pvalue > 0.01
    for numbers in ([0], [0.5, 1], [-1, 2], [[0, 1]], "ab"):
        with pytest.raises(LearnerError, match="numbers"):
            pop.observe(np.ones((2, 3)), residual_log_sd=1, lloq=None, seed=1, numbers=numbers)


# --- dropout --------------------------------------------------------------------------------------


def test_a_constant_hazard_gives_exponential_stays():
    values = np.ones((5000, DAYS.size))
    leaves = pop.dropout(DAYS, values, lambda v, t: 0.01, seed=1)
    stay = leaves - DAYS[1]
    window = DAYS[-1] - DAYS[1]
    left = np.isfinite(leaves)
    assert stats.binomtest(int(left.sum()), 5000, -np.expm1(-0.01 * window)).pvalue > 0.01
    cut = stats.truncexpon(b=0.01 * window, scale=100)
    assert stats.kstest(stay[left], cut.cdf).pvalue > 0.01
    assert leaves.min() > DAYS[1] and leaves[left].max() < DAYS[-1]
    few = pop.dropout(DAYS, values[:40], lambda v, t: 0.01, seed=1)
    assert np.array_equal(few, leaves[:40])
    assert np.isinf(pop.dropout(DAYS, values, lambda v, t: 0, seed=1)).all()


def left_in(block):
    """The day on which each of 600 leaves, seen block by block; those with few cells leave."""
    p = pop.sample(M, 600, {"cmax": pop.log_sd(0.65)}, seed=1)

    def reduce(course):
        who = course.parameters.numbers
        seen, _ = pop.observe(
            course["transgene"], residual_log_sd=0.5, lloq=50, seed=3, numbers=who
        )
        hazard = lambda v, t: np.where(v < 2000, 0.02, 0.002)  # noqa: E731
        return pop.dropout(DAYS, seen, hazard, seed=4, numbers=who)

    return pop.run(M, p, DAYS, reduce, block=block)["value"]


def test_who_leaves_when_belongs_to_a_patient_not_to_a_block():
    whole = left_in(4000)
    assert 0.1 < np.isfinite(whole).mean() < 0.9
    assert np.array_equal(left_in(137), whole) and np.array_equal(left_in(1), whole)
    values = np.ones((600, DAYS.size))
    alone = pop.dropout(DAYS, values, lambda v, t: 0.01, seed=4)
    some = np.array([7, 255, 256, 599])
    found = pop.dropout(DAYS, values[some], lambda v, t: 0.01, seed=4, numbers=some)
    assert np.array_equal(found, alone[some])
    for numbers in ([0], np.arange(600.0), np.arange(600) - 1):
        with pytest.raises(LearnerError, match="numbers"):
            pop.dropout(DAYS, values, lambda v, t: 0.01, seed=4, numbers=numbers)


def test_a_hazard_that_changes_counts_for_the_time_it_lasts():
    """Rates of 0, then 0.02 from day 28 to 56, then 0: everything by hand."""
    leaves = pop.dropout(
        DAYS, np.ones((4000, DAYS.size)), lambda v, t: 0.02 * (28 <= t < 56), seed=2
    )
    left = np.isfinite(leaves)
    assert np.all((leaves[left] > 28) & (leaves[left] < 56))
    assert left.mean() == pytest.approx(-np.expm1(-0.02 * 28), abs=0.025)


def low_cells_leave(times, values):
    return pop.dropout(times, values, lambda v, t: np.where(v < 500, 0.05, 0.0), seed=5)


def test_those_whose_cells_are_gone_leave_and_the_rest_look_better():
    given = {
        "spread": pop.spread_of(M, pop.log_sd), "times": DAYS, "residual_log_sd": 0.3,
        "lloq": 50, "seed": 9, "course": stein2019.closed_form,
    }  # fmt: skip
    whole = pop.trial(M, 400, **given)
    some = pop.trial(M, 400, **given, follow_up=low_cells_leave)
    assert np.array_equal(some.values[some.taken], whole.values[some.taken])
    gone = ~some.taken[:, -1]
    assert 0.3 < gone.mean() < 0.95
    # Nobody left before a value below 500 was seen.
    for i in np.flatnonzero(gone):
        assert np.any(some.values[i, some.taken[i]][1:] < 500)
    last = whole.truth[:, -1]
    assert np.median(last[~gone]) > 1.3 * np.median(last)
    at_random = pop.trial(
        M, 400, **given, follow_up=lambda t, v: pop.dropout(t, v, lambda v, t: 0.02, seed=5)
    )
    stayed = at_random.taken[:, -1]
    assert np.median(last[stayed]) == pytest.approx(np.median(last), rel=0.35)


def test_dropout_refuses_nonsense():
    values = np.ones((3, DAYS.size))
    for hazard in (
        lambda v, t: -0.1,
        lambda v, t: np.nan,
        lambda v, t: np.ones(2),
        lambda v, t: np.inf,
        lambda v, t: "often",
        lambda v, t: None,
        0.1,
    ):
        with pytest.raises(LearnerError, match="hazard"):
            pop.dropout(DAYS, values, hazard, seed=1)
    with pytest.raises(LearnerError, match=r"values\[1, 2\] = nan"):
        hole = np.where(np.arange(values.size).reshape(values.shape) == DAYS.size + 2, np.nan, 1)
        pop.dropout(DAYS, hole, lambda v, t: np.where(v < 50, 0.1, 0.01), seed=1)
    with pytest.raises(LearnerError):
        pop.dropout(DAYS[:4], values, lambda v, t: 0.1, seed=1)
    with pytest.raises(LearnerError):
        pop.dropout(DAYS, values, lambda v, t: 0.1, seed=1.5)
    with pytest.raises(LearnerError):
        pop.dropout([1.0], values[:, :1], lambda v, t: 0.1, seed=1)

"""Covariates: the marginals asked for, the correlations asked for; screening and its funnel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cgtlearn import ledger
from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.models import muellerschoell2021 as axi

N = 6000
MTV = ledger.value("muellerschoell2021.patients_mtv")
FORMS = {
    "normal": (pop.normal(60, 12), stats.norm(60, 12)),
    "cut": (pop.normal(60, 12, low=50, high=65), stats.truncnorm(-10 / 12, 5 / 12, 60, 12)),
    "log-normal": (pop.log_normal(86, pop.cv(1.5)), stats.lognorm(pop.cv(1.5).sd, scale=86)),
    "uniform": (pop.uniform(2, 7), stats.uniform(2, 5)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_marginal_is_the_one_asked_for_and_stays_so_when_tied(form):
    marginal, expected = FORMS[form]
    x = pop.covariates(N, {"x": marginal}, seed=4)["x"]
    assert stats.kstest(x, expected.cdf).pvalue > 0.01
    both = pop.covariates(
        N, {"a": pop.normal(0, 1), "x": marginal}, seed=4, correlation={("a", "x"): 0.8}
    )
    assert stats.kstest(both["x"], expected.cdf).pvalue > 0.01


def test_a_log_normal_that_is_cut_stays_inside():
    x = pop.covariates(N, {"x": pop.log_normal(86, pop.cv(3), low=2.5, high=3555)}, seed=4)["x"]
    assert x.min() >= 2.5 and x.max() <= 3555
    s = pop.cv(3).sd
    inside = stats.truncnorm(np.log(2.5 / 86) / s, np.log(3555 / 86) / s)
    assert stats.kstest(np.log(x / 86) / s, inside.cdf).pvalue > 0.01


def test_categories_and_observed_values_come_in_their_shares():
    x = pop.covariates(
        N, {"asct": pop.categories({0: 0.63, 1: 0.37}), "mtv": pop.like(MTV)}, seed=2
    )
    assert set(x["asct"]) == {0.0, 1.0}
    assert x["asct"].mean() == pytest.approx(0.37, abs=0.02)
    counts = np.array([np.sum(x["mtv"] == v) for v in MTV])
    assert counts.sum() == N
    assert stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("r", [-0.7, 0.0, 0.4, 0.9])
def test_the_rank_correlation_is_the_one_of_the_copula(r):
    x = pop.covariates(
        N,
        {"mtv": pop.log_normal(86, pop.cv(3)), "age": pop.normal(60, 12)},
        seed=3,
        correlation={("mtv", "age"): r},
    )
    seen = stats.spearmanr(x["mtv"], x["age"]).statistic
    assert seen == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.04)


def test_a_seed_names_the_patients_whatever_their_number():
    marginals = {"mtv": pop.log_normal(86, pop.cv(3)), "age": pop.normal(60, 12, low=18)}
    tie = {("mtv", "age"): 0.3}
    few, many = (pop.covariates(n, marginals, seed=9, correlation=tie) for n in (37, 5000))
    other = pop.covariates(37, marginals, seed=10, correlation=tie)
    for name in marginals:
        assert np.array_equal(few[name], many[name][:37])
        assert not np.any(few[name] == other[name])


def test_patients_of_a_correlated_sample_do_not_depend_on_their_number():
    spread = {"tcm_killing": pop.cv(1), "expansion_rate": pop.cv(1)}
    tie = {("tcm_killing", "expansion_rate"): 0.5}
    few, many = (pop.sample(axi.model, n, spread, seed=1, correlation=tie) for n in (11, 4000))
    assert np.array_equal(few.tcm_killing, many.tcm_killing[:11])
    assert np.array_equal(few.expansion_rate, many.expansion_rate[:11])


def test_covariates_become_typical_values_of_a_sample():
    x = pop.covariates(50, {"mtv": pop.like(MTV), "asct": pop.categories({0: 0.6, 1: 0.4})}, seed=1)
    base = axi.model.parameters_with(**x)
    p = pop.sample(axi.model, 50, pop.spread_of(axi.model, pop.cv), seed=1, base=base)
    assert np.array_equal(p.mtv, x["mtv"]) and p.patients == 50


BAD = {
    "an SD of zero": lambda: pop.normal(60, 0),
    "a mean that is none": lambda: pop.normal(np.nan, 1),
    "limits the wrong way round": lambda: pop.normal(60, 12, low=70, high=50),
    "limits far away": lambda: pop.normal(60, 12, low=60_000),
    "a limit that is none": lambda: pop.normal(60, 12, low=np.nan),
    "a bare spread": lambda: pop.log_normal(86, 1.5),
    "a spread on another scale": lambda: pop.log_normal(86, pop.logit_sd(1)),
    "a median of zero": lambda: pop.log_normal(0, pop.cv(1)),
    "log-normal limits far away": lambda: pop.log_normal(86, pop.cv(0.1), high=1e-9),
    "shares in per cent": lambda: pop.categories({0: 63, 1: 37}),
    "a negative share": lambda: pop.categories({0: -0.1, 1: 1.1}),
    "no category": lambda: pop.categories({}),
    "no observed values": lambda: pop.like([]),
    "NaN observed": lambda: pop.like([1, np.nan]),
    "no marginals": lambda: pop.covariates(3, {}, seed=1),
    "a number as a marginal": lambda: pop.covariates(3, {"age": 60}, seed=1),
    "no patients": lambda: pop.covariates(0, {"age": pop.normal(60, 12)}, seed=1),
    "a seed of text": lambda: pop.covariates(3, {"age": pop.normal(60, 12)}, seed="one"),
    "a correlation with nobody": lambda: pop.covariates(
        3, {"age": pop.normal(60, 12)}, seed=1, correlation={("age", "mtv"): 0.3}
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_nonsense_is_refused(case):
    with pytest.raises(LearnerError):
        BAD[case]()


# --- screening ------------------------------------------------------------------------------------

MARGINALS = {"age": pop.normal(60, 12), "mtv": pop.log_normal(86, pop.cv(3))}
RULES = {
    "18 to 75": lambda c: (c["age"] >= 18) & (c["age"] <= 75),
    "a measurable tumor": lambda c: c["mtv"] > 50,
}


def draw(m):
    return pop.covariates(m, MARGINALS, seed=5)


@pytest.mark.parametrize("n", [1, 90, 3000])
def test_screening_is_a_loop_over_candidates(n):
    entered, funnel = pop.screen(draw, RULES, n)
    candidates = draw(funnel.screened)
    failed, eligible = dict.fromkeys(RULES, 0), []
    for i in range(funnel.screened):
        one = {name: values[i] for name, values in candidates.items()}
        broken = [rule for rule, passes in RULES.items() if not passes(one)]
        if broken:
            failed[broken[0]] += 1
        else:
            eligible.append(i)
    assert funnel.entered.tolist() == eligible and len(eligible) == n
    assert funnel.failed == failed
    assert funnel.screened == n + sum(failed.values()) == eligible[-1] + 1
    for name, values in entered.items():
        assert np.array_equal(values, candidates[name][eligible])


def test_the_first_patients_of_a_larger_trial_are_those_of_a_smaller():
    few, some = pop.screen(draw, RULES, 20)
    more, many = pop.screen(draw, RULES, 500)
    assert np.array_equal(many.entered[:20], some.entered)
    assert np.array_equal(more["age"][:20], few["age"])


def test_parameters_are_screened_as_well_and_a_rare_rule_is_met():
    def patients(m):
        return pop.sample(axi.model, m, {"expansion_rate": pop.cv(1.5)}, seed=3)

    high = 6 * axi.model.parameters["expansion_rate"].default
    chosen, funnel = pop.screen(patients, {"expands fast": lambda p: p.expansion_rate > high}, 40)
    assert chosen.patients == 40 and chosen._model is axi.model
    assert np.all(chosen.expansion_rate > high)
    assert funnel.screened > 500
    text = str(funnel)
    assert f"{funnel.screened:,} screened" in text and "failed: expands fast" in text
    assert "40 entered" in text


def test_a_rule_nobody_meets_is_named():
    rules = {**RULES, "a tumor in litres": lambda c: c["mtv"] > 1e9}
    with pytest.raises(LearnerError, match="failed: a tumor in litres"):
        pop.screen(draw, rules, 10, most=2000)


def test_screening_refuses_what_it_cannot_trust():
    for rule in (lambda c: c["age"], lambda c: True, lambda c: c["age"][:3] > 2):
        with pytest.raises(LearnerError, match="the rule 'r'"):
            pop.screen(draw, {"r": rule}, 5)
    with pytest.raises(LearnerError, match="rules"):
        pop.screen(draw, {}, 5)
    with pytest.raises(LearnerError, match="number of patients"):
        pop.screen(draw, RULES, 0)
    random = np.random.default_rng(1)
    with pytest.raises(LearnerError, match="age changed"):
        pop.screen(lambda m: {"age": random.normal(60, 12, m)}, {"old": lambda c: c["age"] > 80}, 9)
    for wrong in (lambda m: {"age": np.ones(3)}, lambda m: 3, lambda m: {}):
        with pytest.raises(LearnerError, match="candidates"):
            pop.screen(wrong, RULES, 5)

"""The CAR T models: laws, properties for random parameters, arrays, and errors for learners."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgtlearn import ledger, proof
from cgtlearn.errors import LearnerError
from cgtlearn.models import gated_memory, get, muellerschoell2021, ogasawara2021, stein2019
from cgtlearn.solve import solve

CART = ("stein2019", "ogasawara2021", "gated_memory", "muellerschoell2021")
DAYS = np.array([0.0, 0.5, 2, 4, 7, 9, 10, 12, 14, 21, 28, 60, 90, 180])

few = settings(max_examples=15, deadline=None, derandomize=True)


def log_uniform(low, high):
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


decline = {
    "cmax": log_uniform(100, 1e5),
    "persistent_fraction": log_uniform(1e-4, 0.2),
    "tmax": st.floats(3, 20),
}
stein_like = {
    **decline,
    "fold_expansion": log_uniform(5, 1e6),
    "contraction_rate": log_uniform(0.02, 1),
    "persistence_rate": log_uniform(1e-4, 0.015),
}


@pytest.mark.parametrize("name", CART)
def test_every_law_holds(name):
    verdicts = proof.check_laws(get(name))
    assert len(verdicts) > 3
    broken = [f"{v} {v.says}" for v in verdicts if not v.ok]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("name", CART)
def test_defaults_lie_in_their_domains_and_outputs_name_unit_and_assay(name):
    model = get(name)
    for key, parameter in model.parameters.items():
        low, high = parameter.domain
        assert low <= parameter.default <= high, key
        assert parameter.meaning and parameter.scale in ("log", "linear", "logit"), key
    for output in model.observed.values():
        ledger.units.parse_unit(output.unit)
        assert output.assay
    assert model.deviations


@few
@given(st.fixed_dictionaries(stein_like), st.floats(0, 15), st.floats(0, 15), st.floats(0.7, 1.4))
def test_stein_closed_form_is_the_equations(values, toci, steroid, factor):
    p = stein2019.model.parameters_with(
        **values, tocilizumab_time=toci, steroid_time=steroid, steroid_factor=factor
    )
    course = solve(stein2019.model, p, DAYS)
    assert course.ok
    assert course["transgene"] == pytest.approx(stein2019.closed_form(DAYS, p), rel=1e-5)
    assert (course.states["memory"] >= 0).all()


@few
@given(
    st.fixed_dictionaries(
        {
            **decline,
            "lag": st.just(0.0) | st.floats(0.01, 8),
            "doubling_time": st.floats(0.4, 3),
            "initial_half_life": st.floats(1, 30),
            "terminal_half_life": log_uniform(61, 2000),
        }
    )
)
def test_ogasawara_closed_form_is_the_equations_even_with_a_lag_after_the_peak(values):
    p = ogasawara2021.model.parameters_with(**values)
    course = solve(ogasawara2021.model, p, DAYS)
    assert course.ok
    assert course["transgene"] == pytest.approx(ogasawara2021.closed_form(DAYS, p), rel=1e-5)
    before = DAYS <= min(p.lag, p.tmax)
    assert course["transgene"][before] == pytest.approx(course["transgene"][0], rel=1e-9)
    assert course["transgene"].max() <= p.cmax * (1 + 1e-6)


@few
@given(st.fixed_dictionaries(stein_like), log_uniform(0.01, 4))
def test_gate_closed_form_is_the_equations_and_the_gate_never_leaves_0_to_1(values, width):
    p = gated_memory.model.parameters_with(**values, gate_width=width)
    course = solve(gated_memory.model, p, DAYS)
    assert course.ok
    written = gated_memory.effector_closed_form(DAYS, p)
    assert course.states["effector"] == pytest.approx(written, rel=1e-5)
    assert (course.states["memory"] >= 0).all()
    opened = gated_memory.gate(np.array([-1e6, 0, p.tmax, 1e6]), p)
    assert opened[2] == pytest.approx(0.5)
    assert ((opened >= 0) & (opened <= 1)).all()


def test_the_narrowest_gate_is_the_sharp_peak_also_beside_the_peak():
    p = gated_memory.model.parameters_with(gate_width=0.001)
    near = p.tmax + np.array([-0.02, -0.002, -0.001, 0, 0.001, 0.002, 0.02, 5, 200])
    ours = solve(gated_memory.model, p, near)["transgene"]
    sharp = stein2019.closed_form(near, stein2019.model.parameters_with())
    assert ours == pytest.approx(sharp, rel=1e-3)
    assert abs(ours[3] / sharp[3] - 1) > 1e-4  # a width costs height, so the law can fail


def test_the_gated_peak_stands_where_growth_and_loss_balance():
    m = gated_memory.model
    for width in (0.25, 1.0, 3.0):
        p = m.parameters_with(gate_width=width)
        expected = p.tmax + width * np.log(stein2019.growth_rate(p) / p.contraction_rate)
        grid = np.linspace(0, 40, 40_001)
        seen = grid[np.argmax(gated_memory.effector_closed_form(grid, p))]
        assert seen == pytest.approx(expected, abs=2e-3)


@few
@given(
    st.fixed_dictionaries(
        {
            "mtv": log_uniform(1, 4000),
            "asct": st.sampled_from([0, 1]),
            "low_expander": st.sampled_from([0, 1]),
            "cd4cd8": log_uniform(0.05, 10),
            "expansion_rate": log_uniform(5e-4, 0.1),
            "tcm_killing": log_uniform(0.1, 100),
        }
    )
)
def test_phenotypes_stay_positive_and_the_tumor_below_its_own_growth(values):
    m = muellerschoell2021.model
    p = m.parameters_with(**values)
    days = DAYS[DAYS <= 90]
    course = solve(m, p, days)
    assert course.ok
    cells = [course[name] for name in ("tn", "tcm", "tem", "teff")]
    assert course["car_t"] == pytest.approx(np.sum(cells, axis=0))
    # The tumor may shrink to nothing; the solver's absolute tolerance is the floor.
    assert min(c.min() for c in cells) > 0 and course["tumor"].min() > -1e-9
    assert (course["tumor"] <= muellerschoell2021.without_killing(days, p) * (1 + 1e-7)).all()


def test_covariates_act_where_the_authors_say():
    p = muellerschoell2021.model.parameters_with
    v1 = muellerschoell2021.expansion
    assert v1(p(asct=1)) / v1(p()) == pytest.approx(
        1 + ledger.value("muellerschoell2021.asct_effect")
    )
    assert v1(p(cd4cd8=4)) < v1(p()) < v1(p(cd4cd8=0.25))
    low = p(low_expander=1)
    assert v1(low) == low.expansion_rate_low
    assert v1(p(low_expander=1, cd4cd8=4)) == v1(low)


def test_the_19_patients_are_those_described():
    columns = {
        name: np.array(ledger.value(f"muellerschoell2021.patients_{name}"))
        for name in ("mtv", "asct", "cd4cd8", "low_expander")
    }
    assert {len(c) for c in columns.values()} == {19}
    assert columns["asct"].sum() == 7 and columns["low_expander"].sum() == 4
    assert np.median(columns["mtv"]) == ledger.value("muellerschoell2021.mtv")
    share = 1 - columns["low_expander"].mean()
    assert share == pytest.approx(ledger.value("muellerschoell2021.reference_share"), abs=0.03)


ARRAYS = {
    "stein2019": {"tmax": [7.0, 9.3, 12.0], "fold_expansion": [50, 3900, 1e5]},
    "ogasawara2021": {"lag": [0.0, 3.0, 8.0], "tmax": [9.3, 12.0, 6.0]},
    "gated_memory": {"gate_width": [0.01, 0.5, 4.0], "tmax": [7.0, 9.3, 12.0]},
    "muellerschoell2021": {"mtv": [2.5, 86, 3555], "asct": [1, 0, 1], "low_expander": [0, 0, 1]},
}


@pytest.mark.parametrize("name", CART)
def test_arrays_over_patients_equal_a_loop(name):
    model = get(name)
    together = model.parameters_with(**{k: np.array(v) for k, v in ARRAYS[name].items()})
    days = DAYS[DAYS <= model.window]
    all_three = solve(model, together, days)
    start = np.array([np.broadcast_to(y, 3) for y in model.initial(together)])
    # The functions themselves take arrays over patients: one call for all, at a fixed time.
    slopes = np.array([np.broadcast_to(s, 3) for s in model.rhs(1.0, tuple(start), together, 1)])
    for i in range(3):
        alone = model.parameters_with(**{k: v[i] for k, v in ARRAYS[name].items()})
        course = solve(model, alone, days)
        for output in model.observed:
            assert all_three[output].shape == (3, len(days))
            assert all_three[output][i] == pytest.approx(course[output], rel=1e-12)
        single = model.rhs(1.0, model.initial(alone), alone, 1)
        assert slopes[:, i] == pytest.approx(np.array(single, float), rel=1e-12)


WRONG = {
    "an unknown name": (dict(lagg=3), ("lagg", "lag")),
    "not a number": (dict(lag=np.nan), ("lag = nan",)),
    "negative": (dict(doubling_time=-0.755), ("doubling_time = -0.755", "0.1 to 10")),
    "out of domain": (dict(tmax=61), ("tmax = 61", "0.5 to 60")),
    "infinite": (dict(cmax=np.inf), ("cmax = inf",)),
    "another dimension": (dict(lag="3.27 1/day"), ("3.27 1/day",)),
    "hours without a unit": (dict(terminal_half_life=8448), ("terminal_half_life = 8448",)),
    "a unit nobody knows": (dict(lag="3 parsecondos"), ("parsecondos",)),
    "text": (dict(lag="three days"), ("three days",)),
    "a table": (dict(lag=np.ones((2, 3))), ("shape (2, 3)",)),
    "no patient": (dict(lag=[]), ("shape (0,)",)),
    "true": (dict(lag=True), ("lag",)),
    "different lengths": (dict(lag=[1, 2], tmax=[9, 10, 11]), ("lag: 2", "tmax: 3")),
    "one patient of many": (dict(tmax=[9, 99]), ("tmax = 99", "patient 1")),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_parameters_are_named(case):
    changes, words = WRONG[case]
    with pytest.raises(LearnerError) as error:
        ogasawara2021.model.parameters_with(**changes)
    message = str(error.value)
    for word in (*words, "Expected:", "What to do:"):
        assert word in message


def test_a_value_with_a_unit_is_converted():
    p = ogasawara2021.model.parameters_with(lag="78.48 hour")
    assert p.lag == pytest.approx(3.27)


def test_parameters_do_not_change_and_unknown_ones_are_named():
    p = ogasawara2021.model.parameters_with()
    with pytest.raises(LearnerError, match="changed"):
        p.lag = 5
    with pytest.raises(AttributeError, match="doubling_time"):
        _ = p.doubling
    assert p.changed(lag=5).lag == 5 and p.lag == ledger.value("ogasawara2021.lag")

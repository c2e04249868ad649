"""solve and the model contract: exact cases, errors for learners, statuses."""

import warnings

import numpy as np
import pytest

from cgtlearn.errors import LearnerError
from cgtlearn.models import get, names, stein2019
from cgtlearn.models.contract import Event, Model, Output, Parameter, State, passed
from cgtlearn.solve import METHODS, phase_at, solve


def toy(**changes):
    """One state that decays at rate k: every answer is known."""
    settings = dict(
        name="toy",
        title="decay",
        states={"amount": State("mg", "drug in the body")},
        parameters={
            "k": Parameter(0.5, "1/day", (0.0, 100.0), "log", "elimination rate"),
            "dose": Parameter(100.0, "mg", (0.0, 1e6), "log", "dose"),
            "start": Parameter(0.0, "day", (0.0, 100.0), "linear", "time of the dose"),
        },
        observed={"amount": Output("mg", "drug in the body")},
        rhs=lambda t, y, p, phase: (-p.k * y[0],),
        initial=lambda p: (0 * p.dose,),
        outputs=lambda t, y, p, phase: {"amount": y[0]},
        doses=lambda p: ((p.start, "amount", p.dose),),
        time_unit="day",
        window=10.0,
    )
    return Model(**{**settings, **changes})


TIMES = np.array([0.0, 1.0, 2.5, 4.0, 10.0])


@pytest.mark.parametrize("method", METHODS)
def test_bolus_decays_exponentially(method):
    model = toy()
    result = solve(model, model.parameters_with(start=2.5), TIMES, method=method)
    exact = np.where(TIMES < 2.5, 0, 100 * np.exp(-0.5 * (TIMES - 2.5)))
    assert result["amount"] == pytest.approx(exact, rel=1e-5, abs=1e-9)
    assert result.method == method


@pytest.mark.parametrize(
    "rate",
    [
        lambda t, y, p, phase: {0: p.k, 1: p.k}[phase],  # no symbol is a key
        lambda t, y, p, phase: p.k if y[0] > -1 else 0.0,
        lambda t, y, p, phase: [p.k, p.k][phase],
        lambda t, y, p, phase: float(f"{p.k:.3f}"),
    ],
)
def test_one_patient_needs_no_trace(rate):
    model = toy(
        rhs=lambda t, y, p, phase: (-rate(t, y, p, phase) * y[0],), switches=lambda p: (p.start,)
    )
    result = solve(model, model.parameters_with(start=2.5), TIMES)
    exact = np.where(TIMES < 2.5, 0, 100 * np.exp(-0.5 * (TIMES - 2.5)))
    assert result.method == "LSODA"
    assert result["amount"] == pytest.approx(exact, rel=1e-6, abs=1e-9)


def test_a_float_that_leaves_its_range_is_left_to_numpy():
    """exp(1000) is an error for a plain float and infinity for NumPy: the loss ends at day 5."""
    model = toy(
        rhs=lambda t, y, p, phase: (-p.k * y[0] / (1 + np.exp((t - 5) * 1e4)),),
        doses=lambda p: (),
        initial=lambda p: (p.dose,),
    )
    result = solve(model, model.parameters_with(), TIMES)
    assert result.ok
    assert result["amount"] == pytest.approx(100 * np.exp(-0.5 * np.minimum(TIMES, 5)), rel=1e-5)


def test_infusion_edges_are_met_between_the_requested_times():
    model = toy(doses=lambda p: ((1.2, "amount", p.dose, 0.01),))
    result = solve(model, model.parameters_with(), [0.0, 1.0, 5.0])
    rate, k = 100 / 0.01, 0.5
    at_end = rate / k * (1 - np.exp(-k * 0.01))
    assert result["amount"][1] == 0
    assert result["amount"][2] == pytest.approx(at_end * np.exp(-k * (5 - 1.21)), rel=1e-6)


def test_two_overlapping_infusions_add_up():
    both = ((0.0, "amount", 10.0, 4.0), (2.0, "amount", 10.0, 4.0))
    model = toy(doses=lambda p: both)
    p = model.parameters_with(k=0.0)
    assert solve(model, p, [1, 3, 5, 7])["amount"] == pytest.approx([2.5, 10, 17.5, 20])


def test_dose_at_a_requested_time_counts_from_that_time():
    model = toy()
    assert solve(model, model.parameters_with(start=4.0), TIMES)["amount"][3] == pytest.approx(100)


@pytest.mark.parametrize("method", ["LSODA", "DOP853"])
def test_event_resets_the_state_at_the_exact_time(method):
    """Whenever the amount falls to 50 it is filled up to 100: one halving every ln2/k days."""
    fill = Event("refill", lambda t, y, p, phase: y[0] - 50, lambda t, y, p, phase: (100.0,), -1)
    model = toy(events=(fill,), initial=lambda p: (p.dose,), doses=lambda p: ())
    times = np.linspace(0, 10, 41)
    got = solve(model, model.parameters_with(), times, method=method)["amount"]
    period = np.log(2) / 0.5
    assert got == pytest.approx(100 * 2 ** (-(times % period) / period), rel=1e-5)


def test_log_state_survives_what_a_natural_state_loses():
    """exp(-400) cells, then growth by exp(400): the cell count comes back to one."""

    def rhs(t, y, p, phase):
        return (np.where(phase < 1, -1, 1) * p.k * y[0],)

    model = toy(
        rhs=rhs,
        initial=lambda p: (1.0,),
        doses=lambda p: (),
        switches=lambda p: (p.start,),
        log_states=("amount",),
        window=8.0,
    )
    p = model.parameters_with(k=100.0, start=4.0)
    assert solve(model, p, [0, 4, 8])["amount"][-1] == pytest.approx(1.0, rel=1e-3)


def test_arrays_over_patients_equal_a_loop_bit_by_bit():
    m = stein2019.model
    peaks = np.array([5.0, 9.3, 20.0])
    together = solve(m, m.parameters_with(tmax=peaks), TIMES)
    for i, tmax in enumerate(peaks):
        alone = solve(m, m.parameters_with(tmax=tmax), TIMES)
        assert np.array_equal(together["transgene"][i], alone["transgene"])
    assert together["transgene"].shape == (3, len(TIMES))


@pytest.mark.parametrize("moment", [1e-300, 1e-30, 5 + 1e-15])
def test_a_switch_next_to_another_time_is_crossed(moment):
    def rhs(t, y, p, phase):
        return (np.where(phase < 1, 0, -1) * p.k * y[0],)

    model = toy(rhs=rhs, switches=lambda p: (moment, 5.0))
    got = solve(model, model.parameters_with(), [0, 5, 10])["amount"]
    began = 0 if moment < 1 else 5
    assert got == pytest.approx([100, 100 * np.exp(-0.5 * (5 - began)),
                                 100 * np.exp(-0.5 * (10 - began))], rel=1e-6)  # fmt: skip


def test_a_failed_patient_is_named_and_leaves_the_others_alone():
    model = toy(rhs=lambda t, y, p, phase: (np.where(p.k > 50, np.nan, -p.k) * y[0],))
    p = model.parameters_with(k=np.array([0.5, 99.0, 1.0]))
    with pytest.warns(RuntimeWarning, match=r"Patient 1: .*k=99"):
        result = solve(model, p, TIMES)
    assert result.failed == (1,) and not result.ok
    assert np.isnan(result["amount"][1]).all()
    assert np.isfinite(result["amount"][[0, 2]]).all()


def test_explosion_is_a_failure_not_a_number():
    model = toy(rhs=lambda t, y, p, phase: (y[0] ** 2,))
    with pytest.warns(RuntimeWarning, match="1 of 1 patients failed"):
        result = solve(model, model.parameters_with(), TIMES)
    assert np.isnan(result["amount"]).all()


def test_phase_counts_the_switches_passed():
    m = stein2019.model
    p = m.parameters_with(tocilizumab_time=5)
    assert list(phase_at(m, p, [0, 5, 9.2, 9.3, 20])) == [0, 1, 1, 2, 2]
    before = passed(p.tmax, p, np.array([0, 1, 2]), stein2019.switches)
    assert list(before) == [0, 0, 1]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([0, 2, 1], "rise from one sample"),
        ([-1, 0, 1], "from 0 on"),
        ([0, np.nan], "finite"),
        ([], "at least"),
        ([[0, 1]], "shape"),
        (["zero"], "numbers"),
    ],
)
def test_bad_times_are_explained(times, words):
    m = stein2019.model
    with pytest.raises(LearnerError, match=words):
        solve(m, m.parameters_with(), times)


def test_wrong_settings_are_explained():
    m = stein2019.model
    p = m.parameters_with()
    with pytest.raises(LearnerError, match="did you mean 'LSODA'"):
        solve(m, p, [0, 1], method="lsoda")
    with pytest.raises(LearnerError, match="small positive"):
        solve(m, p, [0, 1], rtol=0)
    with pytest.raises(LearnerError, match="parameters of stein2019"):
        solve(toy(), p, [0, 1])
    with pytest.raises(LearnerError, match="did you mean 'transgene'"):
        solve(m, p, [0, 1])["trangene"]


def test_functions_that_break_the_contract_are_named():
    p = toy().parameters_with()
    for name, wrong, words in (
        ("rhs", lambda t, y, p, phase: [0.0], "rhs of toy returned list"),
        ("rhs", lambda t, y, p, phase: (0.0, 1.0), "returned 2 values"),
        ("outputs", lambda t, y, p, phase: {"level": y[0]}, "outputs of toy returned"),
        ("doses", lambda p: ((0.0, "amuont", 1.0),), "did you mean 'amount'"),
        ("doses", lambda p: ((-1.0, "amount", 1.0),), "given at time 0 or later"),
    ):
        model = toy(**{name: wrong})
        with pytest.raises(LearnerError, match=words):
            solve(model, model.parameters_with(**p.as_dict()), TIMES)
    with pytest.raises(LearnerError, match="positive start"):
        model = toy(log_states=("amount",))
        solve(model, model.parameters_with(), TIMES)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fold_expansoin": 1}, "did you mean 'fold_expansion'"),
        ({"contraction_rate": -0.1}, "Expected: a value from"),
        ({"contraction_rate": np.nan}, "nan"),
        ({"contraction_rate": 500.0}, "Check the unit first"),
        ({"contraction_rate": "0.16 1/kg"}, "can be converted to 1/d"),
        ({"contraction_rate": "fast"}, "a number and a unit"),
        ({"cmax": [[1e4, 2e4]]}, "shape"),
        ({"cmax": []}, "at least one patient"),
        ({"cmax": [1e4, 2e4], "tmax": [9, 10, 11]}, "different lengths"),
        ({"cmax": [2e4, -1]}, "for patient 1"),
        ({"cmax": 1j}, "numbers"),
    ],
)
def test_bad_parameters_are_explained(changes, words):
    with pytest.raises(LearnerError, match=words):
        stein2019.model.parameters_with(**changes)


def test_parameters_convert_units_and_do_not_change():
    p = stein2019.model.parameters_with(contraction_rate="0.01 1/hour")
    assert p.contraction_rate == pytest.approx(0.24)
    with pytest.raises(LearnerError, match="stay as they are"):
        p.tmax = 3
    with pytest.raises(AttributeError, match="did you mean 'tmax'"):
        _ = p.tmaxx
    assert p.changed(tmax=4).tmax == 4 and p.tmax == 9.3


def test_models_are_found_by_name():
    assert "stein2019" in names()
    for name in names():
        assert get(name).name == name
    with pytest.raises(LearnerError, match="did you mean 'stein2019'"):
        get("stein2018")


def test_no_warning_in_a_usual_solve():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m = stein2019.model
        solve(m, m.parameters_with(), np.linspace(0, 365, 50))


def test_a_time_that_misses_a_dose_by_a_rounding_error():
    """1 + 10 * 0.1 is 2.0000000000000004 to a computer, and a dose falls on day 2."""
    from cgtlearn.models import hardiansyah2019

    model = hardiansyah2019.model
    p, times = model.parameters_with(), np.arange(1, 10, 0.1)
    assert times[10] != 2 and abs(times[10] - 2) < 1e-15
    course = solve(model, p, times)
    assert course.ok
    assert course["car_t"][10] == pytest.approx(solve(model, p, [1, 2])["car_t"][1], rel=1e-6)

"""The batched methods: order, exact cases, every patient right, nobody changed by a neighbour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgtlearn.errors import LearnerError
from cgtlearn.models import get, names, stein2019
from cgtlearn.models.contract import Event, Model, Output, Parameter, State
from cgtlearn.solve import MANY, batch, chosen_method, solve
from cgtlearn.solve.stiff import elimination
from cgtlearn.trace import TraceError, compiled, inputs_at, trace

METHODS = tuple(batch.METHODS)


def toy(**changes):
    """One state that decays at rate k: every answer is known."""
    parts = dict(
        name="toy",
        title="decay",
        states={"amount": State("mg", "drug in the body")},
        parameters={
            "k": Parameter(0.5, "1/day", (0.0, 1e6), "log", "elimination rate"),
            "dose": Parameter(100.0, "mg", (0.0, 1e6), "log", "dose"),
            "start": Parameter(0.0, "day", (0.0, 100.0), "linear", "time of the dose"),
            "length": Parameter(0.0, "day", (0.0, 100.0), "linear", "length of the infusion"),
        },
        observed={"amount": Output("mg", "drug in the body")},
        rhs=lambda t, y, p, phase: (-p.k * y[0],),
        initial=lambda p: (0 * p.dose,),
        outputs=lambda t, y, p, phase: {"amount": y[0]},
        doses=lambda p: ((p.start, "amount", p.dose, p.length),),
        time_unit="day",
        window=10.0,
    )
    return Model(**{**parts, **changes})


def patients(model, count, spread, seed=1):
    """Random parameters: 'typical' near the defaults, 'extreme' up to tenfold, both in the domain.

    Excluded are values outside the domain, which no patient may have: they are moved to its edge.
    A covariate that is a time may be infinite (never); then half of the patients have it early on.
    """
    rng = np.random.default_rng(seed)
    found = {}
    for name, parameter in model.parameters.items():
        low, high = parameter.domain
        if not np.isfinite(parameter.default):
            given = rng.uniform(0, model.window / 20, count)
            found[name] = np.where(rng.random(count) < 0.5, np.inf, given)
        elif parameter.scale == "log":
            log10 = rng.uniform(-1, 1, count)
            factor = 10**log10 if spread == "extreme" else np.exp(rng.normal(0, 0.4, count))
            found[name] = np.clip(parameter.default * factor, low, high)
        elif spread == "extreme":
            found[name] = rng.uniform(low, high, count)
    return model.parameters_with(**found)


def times_of(model):
    """From a hundred-thousandth of the window on: early and late, dense enough to see the peak."""
    early = model.window * np.geomspace(1e-5, 1, 40)
    return np.unique(np.concatenate([[0], early, np.linspace(0, model.window, 40)]))


def revived(course):
    """Which patients have a state that falls below 1e-20 of its peak and rises again.

    They are left out: so few cells are fewer than one, and what they grow to means nothing.
    """
    highest = np.maximum.accumulate(np.abs(course), axis=1)
    gone = np.logical_or.accumulate(np.abs(course) < 1e-20 * highest, axis=1)
    return (gone & (np.abs(course) > 1e-9 * highest[:, -1:])).any(axis=1)


def errors_of(got, right):
    """Largest error of each patient, over states and times where a state is above 1e-9 of its peak.

    NaN for patients who are left out.
    """
    worst = np.zeros(got.parameters.patients)
    for name, course in right.states.items():
        peak = np.abs(course).max(axis=1, keepdims=True)
        # A peak below 1e-250 is a cell count of nothing; its digits end before 1e-9 of it.
        counts = (np.abs(course) > 1e-9 * peak) & (peak > 1e-250)
        error = np.abs(got.states[name] / np.where(counts, course, 1) - 1)
        worst = np.maximum(worst, np.where(counts, error, 0).max(axis=1))
    senseless = np.any([revived(course) for course in right.states.values()], axis=0)
    assert senseless.mean() < 0.01
    return np.where(senseless, np.nan, worst)


def largest_error(got, right):
    """Over all patients who count."""
    return float(np.nanmax(errors_of(got, right)))


REFERENCE = 1e-10
"""Tolerance of the reference. At 1e-12 it is no nearer to LSODA at 1e-11, and takes three times as
long (singh2021: 6.5e-8 either way)."""
NUDGE = 1e-7


def on_an_edge(model, p, times, right):
    """Which patients' courses move a thousand times as far as their parameters are moved.

    They stand between cure and relapse: an error of 1e-6 in a step is 1e-3 in the course, whatever
    the method. At most one in forty may.
    """
    moved = {}
    for name, value in p.as_dict().items():
        low, high = model.parameters[name].domain
        finite = np.where(np.isfinite(value), value, 0)
        moved[name] = np.where(np.isfinite(value), np.clip(finite * (1 + NUDGE), low, high), value)
    nudged = solve(model, model.parameters_with(**moved), times, method="Rodas5P", rtol=REFERENCE)
    assert nudged.ok
    edge = errors_of(nudged, right) > 1000 * NUDGE
    assert edge.mean() <= 1 / 40
    return edge


def accuracy(name, spread, count, one_by_one):
    """Against the stiff method at a tight tolerance. Where that is the model's own method too, the
    reference is compared with LSODA first, on ``one_by_one`` patients."""
    model = get(name)
    p, times = patients(model, count, spread), times_of(model)
    usual = batch.choice(model)
    if usual == "Rodas5P":
        few = np.linspace(0, count - 1, one_by_one).astype(int)
        every = {k: np.broadcast_to(v, count) for k, v in p.as_dict().items()}
        part = model.parameters_with(**{k: v[few] for k, v in every.items()})
        lsoda = solve(model, part, times, method="LSODA", rtol=1e-11, atol=1e-20)
        assert lsoda.ok
        mine = solve(model, part, times, method="Rodas5P", rtol=REFERENCE)
        # A state that has just left zero is the least well known: 2e-7 in the first minute.
        assert largest_error(mine, lsoda) <= 5e-7
    right = solve(model, p, times, method="Rodas5P", rtol=REFERENCE)
    assert right.ok
    default = solve(model, p, times)
    assert default.method == usual and default.ok
    strict = solve(model, p, times, rtol=1e-8)
    assert strict.ok
    each = np.array([errors_of(got, right) for got in (default, strict)])
    errors = np.nanmax(each, axis=1)
    if errors[0] > 1e-3 or errors[1] > 1e-5:
        errors = np.nanmax(np.where(on_an_edge(model, p, times, right), np.nan, each), axis=1)
    print(f"{name}, {spread}, {count} patients, {usual}: {errors[0]:.1e}, {errors[1]:.1e}")
    assert errors[0] <= 1e-3 and errors[1] <= 1e-5


@pytest.mark.parametrize("spread", ["typical", "extreme"])
@pytest.mark.parametrize("name", names())
def test_every_patient_is_right(name, spread):
    accuracy(name, spread, 200, one_by_one=8)


@pytest.mark.slow
@pytest.mark.parametrize("spread", ["typical", "extreme"])
@pytest.mark.parametrize("name", names())
def test_every_patient_of_4000_is_right(name, spread):
    accuracy(name, spread, 4000, one_by_one=100)


@pytest.mark.parametrize("method", METHODS)
def test_observed_order(method):
    """A pendulum with friction and a force: halving the step divides the error by 2^5."""
    model = toy(
        states={"angle": State("1", "angle"), "speed": State("1/day", "speed")},
        rhs=lambda t, y, p, phase: (
            y[1],
            -y[0] + y[0] * y[0] * y[0] / 6 - p.k * y[1] + np.exp(-t) / (1 + t),
        ),
        initial=lambda p: (1.0, 0.0),
        doses=lambda p: (),
    )
    code = batch.code_of(model)
    p = model.parameters_with()

    def end(steps, inside):
        run = batch.METHODS[method](code)
        run.resize(2, 8)
        c, start, _, _ = code.setup([np.float64(v) for v in p.as_dict().values()])
        z = np.repeat(np.array(start, float)[:, None], 8, axis=1)
        t, h = np.zeros(8), np.full(8, 2.0 / steps)
        slopes = np.empty_like(z)
        code.slopes(t, z, c, [], slopes)
        run.restart(slopes, np.ones(8, bool))
        for step in range(steps):
            new = run.step(t, z, h, c, [])[0].copy()
            if inside and step == steps - 1:
                return run.inside(z, h, np.array([0]), np.array([0.4]))[:, 0], t[0] + 0.4 * h[0]
            run.accepted(np.ones(8, bool))
            z, t = new, t + h
        return z[:, 0], t[0]

    for inside in (False, True):
        errors = []
        for steps in (8, 16, 32):
            got, when = end(steps, inside)
            exact = solve(model, p, [0, when], method="DOP853", rtol=1e-13, atol=1e-14)
            errors.append(np.abs(got - [s[-1] for s in exact.states.values()]).max())
        order = np.log2(np.array(errors[:-1]) / errors[1:])
        assert order[-1] > 4.6, (inside, errors)


@pytest.mark.parametrize("method", METHODS)
def test_each_patient_has_its_own_infusion(method):
    model = toy()
    rng = np.random.default_rng(3)
    k, start, length = rng.uniform(0.1, 60, 50), rng.uniform(0, 5, 50), rng.uniform(0, 4, 50)
    length[:10], start[10:15] = 0, 0
    times = np.linspace(0, 10, 31)
    p = model.parameters_with(k=k, start=start, length=length)
    got = solve(model, p, times, method=method)
    since = times - start[:, None]
    rate = np.where(length > 0, 100 / np.where(length > 0, length, 1), 0)[:, None]
    run, k = np.clip(since, 0, length[:, None]), k[:, None]
    infused = rate / k * (1 - np.exp(-k * run)) * np.exp(-k * np.maximum(since - run, 0))
    bolus = np.where(since >= 0, 100 * np.exp(-k * np.maximum(since, 0)), 0)
    exact = np.where(length[:, None] > 0, infused, bolus)
    assert got.ok and got.method == method
    assert got["amount"] == pytest.approx(exact, rel=1e-4, abs=1e-9 * exact.max())


@pytest.mark.parametrize("method", METHODS)
def test_fast_elimination_from_an_empty_start(method):
    """A state at zero has no size: its first step must be short beside its own time constant."""
    model = toy(doses=lambda p: ((0, "amount", p.dose, 10.0),))
    got = solve(model, model.parameters_with(k=1000.0), [0, 0.001, 0.01, 9], method=method)
    exact = 10 / 1000 * (1 - np.exp(-1000 * np.array([0, 0.001, 0.01, 9])))
    assert got["amount"] == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("loss", [0.0, 30.0])
def test_a_state_that_wakes_behind_a_threshold(method, loss):
    """The first state rises as a line; the second is exactly zero until the first is above 5."""
    model = toy(
        states={"first": State("1", "rises"), "second": State("1", "follows")},
        rhs=lambda t, y, p, phase: (1 + 0 * y[0], np.maximum(y[0] - 5, 0) - p.k * y[1]),
        initial=lambda p: (p.start, 0.0),
        outputs=lambda t, y, p, phase: {"amount": y[1]},
        doses=lambda p: (),
    )
    rise = np.array([1.0, 0.5, 0.25, 0.0])
    times = np.array([0, 4.5, 5, 5.5, 6, 9])
    p = model.parameters_with(k=loss, start=rise)
    got = solve(model, p, times, method=method)["amount"]
    since = np.maximum(times + rise[:, None] - 5, 0)
    exact = since**2 / 2
    if loss:
        exact = since / loss - (1 - np.exp(-loss * since)) / loss**2
    assert got == pytest.approx(exact, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_an_infusion_of_no_length_to_speak_of_is_not_lost(method):
    model = toy()
    p = model.parameters_with(length=1e-14, k=0.1)
    assert solve(model, p, [0, 10], method=method)["amount"][1] == pytest.approx(100 / np.e)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", names())
def test_same_bits_whatever_the_block(name, method):
    model = get(name)
    if method == "DP5" and batch.choice(model) == "Rodas5P":
        pytest.skip("an explicit method on a stiff model takes a minute")
    p, times = patients(model, 17, "typical"), times_of(model)
    whole = batch.courses(model, p, times, method, 1e-6, None)
    for block in (1, 5, 16):
        parts = batch.courses(model, p, times, method, 1e-6, None, block)
        assert np.array_equal(whole[0], parts[0]) and np.array_equal(whole[1], parts[1])


def fragile():
    """A decay that breaks down for k between 2 and 3 (NaN), and explodes for k above 4."""

    def rhs(t, y, p, phase):
        spoilt = np.where((p.k > 2) & (p.k < 3) & (t > 1), np.nan, -p.k)
        return (np.where(p.k > 4, y[0] * y[0], spoilt * y[0]),)

    return toy(rhs=rhs)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_a_failing_patient_changes_nobody(method, data):
    model = fragile()
    k = np.array(data.draw(st.lists(st.floats(0, 5), min_size=1, max_size=20)))
    fails = ((k > 2) & (k < 3)) | (k > 4)
    times = np.array([0, 0.5, 1.5, 3.0, 10.0])
    block = data.draw(st.integers(1, 21))

    def run(values, size=batch.BLOCK):
        p = model.parameters_with(k=values)
        return batch.courses(model, p, times, method, 1e-6, None, size)

    states, outputs, reasons = run(k, block)
    assert [bool(r) for r in reasons] == list(fails)
    assert np.isnan(states[:, fails]).all() and np.isnan(outputs[:, fails]).all()
    if not fails.all():
        alone = run(k[~fails])
        assert np.array_equal(states[:, ~fails], alone[0])
        assert np.array_equal(outputs[:, ~fails], alone[1])
        shuffled = np.random.default_rng(len(k)).permutation(len(k))
        again = run(k[shuffled])[0]
        assert np.array_equal(again, states[:, shuffled], equal_nan=True)


@pytest.mark.parametrize("method", METHODS)
def test_failures_are_named_with_reason_and_parameters(method):
    model = fragile()
    p = model.parameters_with(k=np.array([1.0, 2.5, 0.5, 4.5]))
    with pytest.warns(RuntimeWarning, match=r"2 of 4 patients failed. Patient 1: .*k=2.5"):
        result = solve(model, p, [0, 5], method=method)
    assert result.failed == (1, 3)
    assert "steps became too small" in result.status[1].reason
    assert np.isnan(result["amount"][1]).all()


def test_out_of_steps_says_what_to_do(monkeypatch):
    monkeypatch.setattr(batch, "MOST_STEPS", 50)
    model = toy(initial=lambda p: (p.dose,), doses=lambda p: ())
    p = model.parameters_with(k=np.array([1.0, 1e5]))
    with pytest.warns(RuntimeWarning, match="more than 50 steps; try method='Rodas5P'"):
        assert solve(model, p, [0, 10], method="DP5", atol=1e-3).failed == (1,)
    assert solve(model, p, [0, 10], method="Rodas5P", atol=1e-3).ok


@pytest.mark.parametrize("method", METHODS)
def test_other_failures_have_their_reasons(method):
    model = toy(log_states=("amount",), initial=lambda p: (p.dose,), doses=lambda p: ())
    p = model.parameters_with(dose=np.array([1.0, 0.0]))
    with pytest.warns(RuntimeWarning, match="the state amount, solved as a logarithm, reached"):
        assert solve(model, p, [0, 1], method=method).failed == (1,)
    model = toy(outputs=lambda t, y, p, phase: {"amount": np.log(y[0] - 50)})
    with pytest.warns(RuntimeWarning, match="not finite"):
        assert solve(model, model.parameters_with(), [0, 5], method=method).failed == (0,)
    model = toy(switches=lambda p: (p.start / p.length,))
    with pytest.warns(RuntimeWarning, match="the time of a switch is not a number"):
        assert solve(model, model.parameters_with(), [0, 1], method=method).failed == (0,)
    model = toy(rhs=lambda t, y, p, phase: (np.sqrt(p.k - 10) * y[0],))
    with pytest.warns(RuntimeWarning, match="a slope is not a finite number"):
        assert solve(model, model.parameters_with(), [0, 1], method=method).failed == (0,)
    model = toy(doses=lambda p: ((p.start - 1, "amount", p.dose),))
    p = model.parameters_with(start=np.array([2.0, 0.5]))
    with pytest.raises(LearnerError, match="for patient 1"):
        solve(model, p, [0, 1], method=method)


def test_the_method_is_chosen_by_number_and_model():
    expected = {"aav_chain": "Rodas5P", "stein2019": "DP5", "muellerschoell2021": "DP5"}
    for name, method in expected.items():
        assert chosen_method(get(name), 1) == chosen_method(get(name), MANY - 1) == "LSODA"
        assert chosen_method(get(name), MANY) == chosen_method(get(name), 10**6) == method
    m = stein2019.model
    result = solve(m, m.parameters_with(tmax=np.linspace(5, 20, MANY)), [0, 10])
    assert (result.method, result.rtol, result.atol) == ("DP5", batch.RTOL, None)
    few = solve(m, m.parameters_with(tmax=np.linspace(5, 20, MANY - 1)), [0, 10])
    assert (few.method, few.rtol, few.atol) == ("LSODA", 1e-8, 1e-12)


def test_what_cannot_be_batched_is_refused_or_solved_one_by_one():
    fill = Event("refill", lambda t, y, p, phase: y[0] - 50, lambda t, y, p, phase: (100.0,), -1)
    with_event = toy(events=(fill,), initial=lambda p: (p.dose,), doses=lambda p: ())
    p = with_event.parameters_with(k=np.linspace(0.1, 1, MANY))
    with pytest.raises(LearnerError, match="state-triggered events"):
        solve(with_event, p, [0, 1], method="DP5")
    assert solve(with_event, p, [0, 1]).method == "LSODA"

    def branching(t, y, p, phase):
        return (-p.k * y[0] if y[0] > 1 else 0.0,)

    def asks_for_the_type(t, y, p, phase):
        return (-p.k * y[0] if isinstance(y[0], float) else 0 * y[0],)

    for rhs, words in ((branching, "a Python decision"), (asks_for_the_type, "other numbers")):
        model = toy(rhs=rhs)
        p = model.parameters_with(k=np.linspace(0.1, 1, MANY))
        with pytest.raises(TraceError, match=words):
            solve(model, p, [0, 1], method="Rodas5P")
        assert solve(model, p, [0, 1]).method == "LSODA"


def test_one_patient_and_a_single_time():
    model = toy()
    for method in METHODS:
        assert solve(model, model.parameters_with(), [0], method=method)["amount"] == 100
        one = solve(model, model.parameters_with(k=[0.5]), [2.0], method=method)["amount"]
        assert one.shape == (1, 1) and one[0, 0] == pytest.approx(100 * np.exp(-1), rel=1e-5)


@pytest.mark.parametrize("name", names())
def test_numpy_code_gives_the_numbers_of_the_graph(name):
    model = get(name)
    program = trace(model)
    code = compiled(program)
    rng = np.random.default_rng(2)
    p = patients(model, 9, "typical")
    y = np.exp(rng.normal(0, 3, (len(model.states), 9)))
    phase = rng.integers(0, 1 + len(program.switches), 9).astype(float)
    t = rng.uniform(0, model.window, 9)
    inputs = inputs_at(program, p, t, y, phase)
    z = np.stack([inputs[f"z.{s}"] for s in model.states])
    c, start, switches, _ = code.setup(list(p.as_dict().values()))
    g = code.held(c, phase, np.zeros_like(y))
    slopes = np.empty_like(z)
    code.slopes(t, z, c, g, slopes)

    def agree(got, nodes):
        for mine, right in zip(got, program.graph.evaluate(nodes, inputs), strict=True):
            assert np.broadcast_to(mine, 9) == pytest.approx(np.broadcast_to(right, 9), rel=1e-13)

    agree(slopes, program.slopes)
    agree(start, program.start)
    agree(switches, program.switches)
    agree(code.jacobian(t, z, c, g), [program.jacobian[i][j] for i, j in code.entries])
    agree(code.by_time(t, z, c, g), [program.by_time[i] for i in code.timed])


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_elimination_solves_any_pattern(data):
    size = data.draw(st.integers(1, 7))
    pattern = data.draw(st.sets(st.tuples(*[st.integers(0, size - 1)] * 2)))
    entries = tuple(sorted(pattern))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = rng.normal(size=(len(entries), 5))
    d = 2.0 * size + rng.random(5)
    right = rng.normal(size=(size, 5))
    factor, substitute = elimination(entries, size)
    x = right.copy()
    substitute(factor(tuple(values), d), x)
    for patient in range(5):
        w = d[patient] * np.eye(size)
        for (i, j), value in zip(entries, values, strict=True):
            w[i, j] -= value[patient]
        assert w @ x[:, patient] == pytest.approx(right[:, patient], rel=1e-9, abs=1e-9)

"""trace: the graph says what the model says, derivatives are right, refusals name the place."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgtlearn.models import get, names
from cgtlearn.models.contract import Model, Output, Parameter, State
from cgtlearn.trace import Graph, TraceError, compiled, inputs_at, javascript, trace


def points(model, count=25, seed=1):
    """Random parameters near the defaults, states, times and phases."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        changes = {}
        for name, parameter in model.parameters.items():
            if math.isfinite(parameter.default):
                value = parameter.default * np.exp(rng.normal(0, 0.3))
                changes[name] = float(np.clip(value, *parameter.domain))
        p = model.parameters_with(**changes)
        y = tuple(float(v) for v in np.exp(rng.normal(0, 3, len(model.states))))
        phase = int(rng.integers(0, 1 + len(model.switches(p))))
        yield p, float(rng.uniform(0, model.window)), y, phase


@pytest.mark.parametrize("name", names())
def test_graph_and_model_functions_give_the_same_numbers(name):
    model = get(name)
    program = trace(model)
    logs = np.array([s in model.log_states for s in model.states])
    for p, t, y, phase in points(model):
        inputs = inputs_at(program, p, t, y, phase)
        slopes = np.array(model.rhs(t, y, p, phase), float)
        scaled = np.where(logs, slopes / np.array(y), slopes)
        assert program.graph.evaluate(program.slopes, inputs) == pytest.approx(scaled, rel=1e-12)
        outputs = [model.outputs(t, y, p, phase)[k] for k in model.observed]
        assert program.graph.evaluate(program.outputs, inputs) == pytest.approx(outputs, rel=1e-12)
        start = [float(v) for v in model.initial(p)]
        assert program.graph.evaluate(program.start, inputs) == pytest.approx(start, rel=1e-12)
        switches = [float(v) for v in model.switches(p)]
        assert program.graph.evaluate(program.switches, inputs) == switches
        for traced, dose in zip(program.doses, model.doses(p), strict=True):
            time, state, amount, *rest = dose
            got = program.graph.evaluate([traced[0], traced[2], traced[3]], inputs)
            assert got == pytest.approx([time, amount, rest[0] if rest else 0])
            assert list(model.states)[traced[1]] == state


@pytest.mark.parametrize("name", names())
def test_slopes_over_plain_floats_are_those_of_the_model(name):
    model = get(name)
    code = compiled(trace(model))
    logs = np.array([s in model.log_states for s in model.states])
    for p, t, y, phase in points(model):
        constants, *_ = code.setup([np.float64(v) for v in p.as_dict().values()])
        inflow = np.arange(1.0, 1 + len(y))  # of states that are infused; others ignore it
        slopes = code.bind(constants, code.held(constants, phase, inflow))
        z = np.where(logs, np.log(y), y).tolist()
        got = slopes(t, z)
        infused = {list(model.states).index(d[1]) for d in model.doses(p) if len(d) > 3}
        own = np.array(model.rhs(t, y, p, phase), float)
        own += [inflow[i] if i in infused else 0 for i in range(len(y))]
        assert got == pytest.approx(np.where(logs, own / np.array(y), own), rel=1e-12)
        assert all(type(v) is float for v in got)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: np.minimum(x, y) + 2 * np.maximum(x, y),
        lambda x, y: np.where((x < y) & ~(x > 0) | (y == 1), x * y, np.abs(x) - y),
        lambda x, y: (x < y) + (x >= 0) * np.tanh(y) + np.power(np.abs(x) + 1, y),
        lambda x, y: np.where(x > 0, np.log(np.where(x > 0, x, 1)), np.sqrt(np.abs(y))),
    ],
)
@pytest.mark.parametrize("x", [-2.0, 0.0, 0.5, 1.0, math.nan])
@pytest.mark.parametrize("y", [-1.0, 1.0, 3.0, math.nan])
def test_each_operation_over_plain_floats(function, x, y):
    model = Model(
        name="two",
        title="two",
        states={"x": State("1", "x"), "y": State("1", "y")},
        parameters={},
        observed={"x": Output("1", "x")},
        rhs=lambda t, s, p, phase: (function(*s), s[0] - s[1]),
        initial=lambda p: (1.0, 1.0),
        outputs=lambda t, s, p, phase: {"x": s[0]},
        time_unit="day",
        window=1.0,
    )
    got = compiled(trace(model)).bind((), ())(0.0, [x, y])
    with np.errstate(all="ignore"):
        own = float(function(np.float64(x), np.float64(y)))
    assert got[0] == pytest.approx(own, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("name", names())
def test_jacobian_equals_central_differences(name):
    model = get(name)
    program = trace(model)
    keys = [f"z.{s}" for s in model.states] + ["t"]
    for p, t, y, phase in points(model, count=8):
        inputs = inputs_at(program, p, t, y, phase)
        scale = np.abs(program.graph.evaluate(program.slopes, inputs)).max()
        for j, key in enumerate(keys):
            step = 1e-6 * max(abs(inputs[key]), 1e-3)
            up = {**inputs, key: inputs[key] + step}
            down = {**inputs, key: inputs[key] - step}
            high = np.array(program.graph.evaluate(program.slopes, up))
            low = np.array(program.graph.evaluate(program.slopes, down))
            column = program.by_time if key == "t" else [row[j] for row in program.jacobian]
            exact = np.array(program.graph.evaluate(column, inputs), float)
            noise = max(1e-9 * scale / step, 1e-12)
            assert exact == pytest.approx(
                (high - low) / (2 * step), rel=1e-5, abs=max(noise, 1e-12)
            )


OPERATIONS = {
    "sum": lambda a, b: a + b - 2 * b,
    "quotient": lambda a, b: (1 + a) / (2 + b),
    "power": lambda a, b: a**b + b**2 + 2**a,
    "exp": lambda a, b: np.exp(-a) * np.log(b + 1) + np.sqrt(a),
    "tanh": lambda a, b: np.tanh(a - b),
    "where": lambda a, b: np.where((a > b) & (b < 3), a * a, b),
    "or": lambda a, b: np.where((a > 2) | ~(b < 3), a, b * a),
    "minmax": lambda a, b: np.minimum(a, b) + 3 * np.maximum(a, 2 * b) + abs(a - b),
    "np.power": lambda a, b: np.power(a, 1.7) - np.negative(b),
}


@pytest.mark.parametrize("name", OPERATIONS)
@given(
    a=st.floats(0.1, 5, allow_nan=False),
    b=st.floats(0.1, 5, allow_nan=False).map(lambda v: v * 1.00013),
)
@settings(max_examples=30, deadline=None)
def test_each_operation_and_its_derivative(name, a, b):
    f = OPERATIONS[name]
    a, b = np.float64(a), np.float64(b)
    graph = Graph()
    x, y = graph.input("a"), graph.input("b")
    node = f(x, y)
    at = {"a": a, "b": b}
    assert graph.evaluate([node], at)[0] == pytest.approx(float(f(a, b)), rel=1e-14)
    h = 1e-6
    kinks = (abs(a - b), abs(a - 2), abs(b - 3), abs(a - 2 * b))
    if min(kinks) > 1e-4:
        slope = graph.evaluate([graph.slope(node, x)], at)[0]
        assert slope == pytest.approx((f(a + h, b) - f(a - h, b)) / (2 * h), rel=1e-4, abs=1e-6)


def test_nothing_either_way_is_nothing():
    graph = Graph()
    test = graph.input("x") < 1
    for no in (0.0, -0.0):
        node = graph.make("where", test, 0.0, no)
        assert node.op == "const" and node.value == 0
    assert graph.make("where", test, 0.0, 1.0).op == "where"


def test_equal_expressions_are_one_node():
    graph = Graph()
    a, b = graph.input("a"), graph.input("b")
    assert np.exp(a * b) is np.exp(a * b)
    assert graph.make("where", a < a, a, b) is b
    assert graph.quotient(3 * a * b - a, a).graph is graph


def model_with(**functions):
    parts = dict(
        name="toy",
        title="toy",
        states={"a": State("mg", "amount")},
        parameters={"k": Parameter(0.5, "1/day", (0.0, 9.0), "log", "rate")},
        observed={"a": Output("mg", "amount")},
        rhs=lambda t, y, p, phase: (-p.k * y[0],),
        initial=lambda p: (1.0,),
        outputs=lambda t, y, p, phase: {"a": y[0]},
        time_unit="day",
        window=10.0,
    )
    return Model(**{**parts, **functions})


def branching(t, y, p, phase):
    if y[0] > 1:
        return (-p.k * y[0],)
    return (p.k * y[0],)


def with_math(t, y, p, phase):
    return (math.exp(-p.k) * y[0],)


def with_sine(t, y, p, phase):
    return (np.sin(y[0]),)


def with_index(t, y, p, phase):
    return (y[0][0],)


def with_text(t, y, p, phase):
    return (y[0] + "1",)


def with_typing_error(t, y, p, phase):
    return (-p.kk * y[0],)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (branching, "a Python decision"),
        (with_math, "function of `math`"),
        (with_sine, "np.sin"),
        (with_index, "an index"),
        (with_text, "str '1'"),
    ],
)
def test_what_cannot_be_traced_is_named(function, words):
    with pytest.raises(TraceError) as caught:
        trace(model_with(rhs=function))
    text = str(caught.value)
    line = function.__code__.co_firstlineno + 1
    assert words in text
    assert f"{function.__name__}, line {line}" in text
    assert "[toy, " in text and "test_trace.py" in text


def test_unknown_parameter_has_a_nearest_name():
    with pytest.raises(AttributeError, match="did you mean 'k'"):
        trace(model_with(rhs=with_typing_error))


def test_javascript_is_small_and_has_no_free_names():
    for name in names():
        text = javascript(trace(get(name)))
        assert len(text.encode()) < 2000, name
        assert "p." not in text and "undefined" not in text

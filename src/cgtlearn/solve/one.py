"""One patient: integrate between the times at which something changes, and join the pieces."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError, unknown_name
from cgtlearn.ledger.units import LARGEST_EXPONENT
from cgtlearn.models.contract import Event, Model, Parameters
from cgtlearn.solve import batch
from cgtlearn.trace.numpy_code import Compiled

Vector = NDArray[np.float64]

MOST_STEPS = 50_000
"""Steps of LSODA between two times, after which it gives up."""
SHORTEST = 1e-13
"""A stretch between two switches, as a share of the whole course, that one Euler step crosses."""
MOST_EVENTS = 1_000
"""State-triggered events in one course, after which it gives up."""


class SolveFailure(Exception):
    """Why one patient's course could not be computed."""


def try_functions(model: Model, p: Parameters) -> None:
    """Call the model's functions once, before a solver hides where an error comes from."""

    def expect(name: str, got: Any, length: int) -> None:
        if not isinstance(got, tuple) or len(got) != length:
            shown = f"{len(got)} values" if isinstance(got, tuple) else type(got).__name__
            raise LearnerError(
                given=f"{name} of {model.name} returned {shown}",
                expected=f"a tuple of {length}, in the order {', '.join(model.states)}",
                do=f"End {name} with: return a, b, ...",
            )

    start = model.initial(p)
    expect("initial", start, len(model.states))
    expect("rhs", model.rhs(0.0, tuple(map(float, start)), p, 0), len(model.states))
    read = model.outputs(0.0, start, p, 0)
    if set(read) != set(model.observed):
        raise LearnerError(
            given=f"outputs of {model.name} returned {sorted(read)}",
            expected=f"a dict with {sorted(model.observed)}",
            do="Use the same names as in `observed`.",
        )
    for name, value in zip(model.states, start, strict=True):
        if name in model.log_states and not value > 0:
            raise LearnerError(
                given=f"the state {name} of {model.name} starts at {value!r}",
                expected="a positive start: this state is solved as its logarithm",
                do="Start above zero, or take the state out of log_states.",
            )


def _doses(model: Model, p: Parameters) -> list[tuple[float, int, float, float]]:
    """The doses as (time, index of the state, amount, duration), checked."""
    names = list(model.states)
    found = []
    for dose in model.doses(p):
        time, state, amount, *rest = dose
        duration = float(rest[0]) if rest else 0.0
        if state not in names:
            raise unknown_name(state, names, f"state of {model.name}")
        if not (time >= 0 and duration >= 0 and np.isfinite(amount)):
            raise LearnerError(
                given=f"a dose of {amount!r} at {time!r} over {duration!r} {model.time_unit}",
                expected="a finite amount, given at time 0 or later",
                do="Check the times and the amount of the dose.",
            )
        found.append((float(time), names.index(state), float(amount), duration))
    return found


def course(
    model: Model, p: Parameters, grid: Vector, method: str, rtol: float, atol: float
) -> Vector:
    """The states at ``grid``, shape (states, T). Raises SolveFailure."""
    names = list(model.states)
    logs = np.array([name in model.log_states for name in names])
    doses = _doses(model, p)
    moments = sorted(float(m) for m in model.switches(p))
    edges = {m for m in moments if m > 0}
    for time, _, _, duration in doses:
        edges |= {time, time + duration}
    end = float(grid[-1])
    stops = sorted({0.0, end} | {e for e in edges if 0 < e < end and math.isfinite(e)})

    grid = _at_stops(grid, np.array(stops), SHORTEST * end)
    code = batch.traced(model)
    y = np.array(model.initial(p), float)
    found = np.full((len(names), len(grid)), np.nan)
    start = stops[0]
    y = _with_boluses(y, doses, start)
    found[:, grid == start] = y[:, None]
    for stop in stops[1:]:
        phase = sum(m <= start for m in moments)
        inflow = np.zeros(len(names))
        for time, index, amount, duration in doses:
            if duration > 0 and time <= start < time + duration:
                inflow[index] += amount / duration
        right = _right_hand_side(model, p, phase, inflow, logs, code)
        if stop - start < SHORTEST * end:  # no solver can step within the last digits of a time
            z = np.where(logs, np.log(np.where(logs, y, 1.0)), y)
            z = z + (stop - start) * np.asarray(right(start, z))
            y = _with_boluses(_natural(z, logs), doses, stop)
            found[:, grid == stop] = y[:, None]
            start = stop
            continue
        inside = (grid > start) & (grid < stop)
        pieces, y = _between(
            model, p, phase, right, y, logs, start, stop, grid[inside], method, rtol, atol
        )
        found[:, inside] = pieces
        y = _with_boluses(y, doses, stop)
        found[:, grid == stop] = y[:, None]
        start = stop
    return found


def _at_stops(grid: Vector, stops: Vector, hair: float) -> Vector:
    """The grid, with times that miss a stop by a rounding error (2.0000000000000004) put on it."""
    nearest = stops[np.argmin(np.abs(grid[:, None] - stops), axis=1)]
    return np.where(np.abs(grid - nearest) < hair, nearest, grid)


def _with_boluses(y: Vector, doses: list[tuple[float, int, float, float]], now: float) -> Vector:
    y = y.copy()
    for time, index, amount, duration in doses:
        if duration == 0 and time == now:
            y[index] += amount
    return y


def _natural(z: Vector, logs: NDArray[np.bool_]) -> Vector:
    """The states behind z; clipped, since a trial step may go beyond what a float holds."""
    inside = np.clip(np.where(logs, z, 0.0), -LARGEST_EXPONENT, LARGEST_EXPONENT)
    return np.where(logs, np.exp(inside), z)


def _right_hand_side(
    model: Model,
    p: Parameters,
    phase: int,
    inflow: Vector,
    logs: NDArray[np.bool_],
    code: Compiled | None,
) -> Callable[[float, Vector], Any]:
    """dz/dt, where z is log(y) for log states: dz/dt = (dy/dt) / y.

    The traced slopes over plain floats are several times as fast as the model's own functions,
    which serve where the model cannot be traced, and where a float leaves its range.
    """

    def right(t: float, z: Vector) -> Vector:
        y = _natural(z, logs)
        try:
            slope = np.array(model.rhs(t, tuple(y.tolist()), p, phase), float) + inflow
        except ArithmeticError:  # an overflow in a trial step: the solver shall take a smaller one
            return np.full(len(z), np.nan)
        return np.where(logs, slope / np.where(logs, y, 1.0), slope)

    if code is None:
        return right
    with np.errstate(all="ignore"):
        constants, *_ = code.setup([np.float64(v) for v in p.as_dict().values()])
        slopes = code.bind(constants, code.held(constants, phase, inflow))

    def quick(t: float, z: Vector) -> Any:
        try:
            return slopes(t, z.tolist())
        except (ArithmeticError, ValueError):
            return right(t, z)

    return quick


def _between(
    model: Model,
    p: Parameters,
    phase: int,
    right: Callable[[float, Vector], Any],
    y: Vector,
    logs: NDArray[np.bool_],
    start: float,
    stop: float,
    inside: Vector,
    method: str,
    rtol: float,
    atol: float,
) -> tuple[Vector, Vector]:
    """States at the times inside (start, stop), and at stop. Events restart the integration."""
    if np.any(logs & ~(y > 0)):
        name = [n for n, log, v in zip(model.states, logs, y, strict=True) if log and not v > 0][0]
        raise SolveFailure(f"the state {name}, solved as a logarithm, reached {y.min():g}")
    tolerances = np.where(logs, rtol, atol)
    pieces = np.full((len(y), len(inside)), np.nan)
    for _ in range(MOST_EVENTS):
        z = np.where(logs, np.log(np.where(logs, y, 1.0)), y)
        todo = inside > start
        points = np.concatenate([[start], inside[todo], [stop]])
        if method == "LSODA" and not model.events:
            solved, reached, event = _odeint(right, z, points, rtol, tolerances), stop, None
        else:
            solved, reached, event = _solve_ivp(
                model, p, phase, right, z, logs, points, method, rtol, tolerances
            )
        states = _natural(solved, logs[:, None])
        before = points <= reached if event is None else points < reached
        kept = before[1:-1]
        pieces[:, np.flatnonzero(todo)[kept]] = states[:, 1 : 1 + int(kept.sum())]
        y = states[:, -1]
        if event is None:
            return pieces, y
        y = np.array(event.change(reached, tuple(y.tolist()), p, phase), float)
        if reached >= stop:
            return pieces, y
        start = reached
    raise SolveFailure(f"more than {MOST_EVENTS} events")


def _odeint(
    right: Callable[[float, Vector], Any], z: Vector, points: Vector, rtol: float, atol: Vector
) -> Vector:
    from scipy.integrate import odeint

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        solved, info = odeint(
            right,
            z,
            points,
            tfirst=True,
            rtol=rtol,
            atol=atol,
            mxstep=MOST_STEPS,
            full_output=True,
        )
    if info["message"] != "Integration successful.":
        raise SolveFailure(f"LSODA stopped: {info['message']}")
    if not np.isfinite(solved).all():
        raise SolveFailure("the course leaves the range of numbers")
    return np.asarray(solved.T)


def _solve_ivp(
    model: Model,
    p: Parameters,
    phase: int,
    right: Callable[[float, Vector], Any],
    z: Vector,
    logs: NDArray[np.bool_],
    points: Vector,
    method: str,
    rtol: float,
    atol: Vector,
) -> tuple[Vector, float, Event | None]:
    """States at the points reached, the time reached, and the event that stopped it, if any.

    The last column is the state at the time reached.
    """
    from scipy.integrate import solve_ivp

    def watcher(event: Event) -> Callable[[float, Vector], float]:
        def crossing(t: float, z: Vector) -> float:
            y = _natural(z, logs)
            return float(event.crossing(t, tuple(y.tolist()), p, phase))

        crossing.terminal = True  # type: ignore[attr-defined]
        crossing.direction = event.direction  # type: ignore[attr-defined]
        return crossing

    watchers = [watcher(event) for event in model.events]
    with np.errstate(all="ignore"):
        run = solve_ivp(
            right,
            (points[0], points[-1]),
            z,
            method=method,
            t_eval=points,
            rtol=rtol,
            atol=atol,
            events=watchers or None,
        )
    if not run.success or not np.isfinite(run.y).all():
        raise SolveFailure(f"{method} stopped: {run.message}")
    if run.status == 1:
        fired = [i for i, times in enumerate(run.t_events) if len(times)]
        first = min(fired, key=lambda i: run.t_events[i][0])
        reached, state = float(run.t_events[first][0]), run.y_events[first][0]
        return np.column_stack([run.y[:, run.t < reached], state]), reached, model.events[first]
    return run.y, float(points[-1]), None

"""Many patients at once: one NumPy array over patients for every number.

Each patient has a step, an error and stops of its own; what a step computes, it computes for all
of them. A patient's numbers do not depend on who stands beside: no operation mixes patients, sums
over stages are taken in one order, and no step is chosen by another patient's error. So results are
equal bit by bit whatever the size of a block, and a patient that fails changes nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve.explicit import FEWEST, Array, DormandPrince, carried
from cgtlearn.solve.stiff import Rodas5P
from cgtlearn.trace.graph import TraceError
from cgtlearn.trace.numpy_code import Compiled, compiled
from cgtlearn.trace.program import inputs_at, trace

METHODS: dict[str, Callable[[Compiled], Any]] = {"DP5": DormandPrince, "Rodas5P": Rodas5P}
BLOCK = 4_000
"""Patients that are solved together: few enough for their numbers to stay in the cache."""
READ = 250
"""Patients whose assays are read together: their courses stay in the cache."""
MOST_STEPS = 100_000
"""Steps of one patient, after which it gives up."""
FLOOR = 1e-20
"""Share of a state's highest value so far that counts as nothing, where no ``atol`` is given."""
NOTHING = 1e-280
"""A state that was never above this is still at zero."""
RTOL = 1e-6
"""Relative tolerance of each step, by default; for a state solved as logarithm, of the state."""
PROBE = 1e-4
"""Relative tolerance at which the method for a model is chosen; stability does not depend on it."""
DEARER = 3.0
"""What a step of the stiff method costs, in steps of the explicit one."""
FIRST = 0.01
"""Share by which no state changes in a first step, and share of the shortest time constant."""
SLIVER = 1e-4
"""A step in which a state may leave zero, as a share of what is left to the next stop."""
SHORTEST = 1e-13
"""A stretch between two stops, as a share of the whole course, that one Euler step crosses."""


class _Key:
    """A model as a key of a cache: equal when it is the same object."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.model is self.model

    def __hash__(self) -> int:
        return id(self.model)


@lru_cache(maxsize=64)
def _code(key: _Key) -> Compiled | TraceError:
    model = key.model
    try:
        code = compiled(trace(model))
    except TraceError as error:
        return error
    except LearnerError:
        raise
    except Exception as error:  # a symbol where the function needs a number
        return TraceError(
            given=f"{model.name}, whose functions cannot be traced "
            f"({type(error).__name__}: {error})",
            expected="functions that use the operations of the model contract",
            do="Leave method out, or write them with +, -, *, /, ** and NumPy's functions.",
        )
    return code if _agrees(code) else _disagreement(model)


def _agrees(code: Compiled) -> bool:
    """Does the graph give the numbers of the model's own function, in each phase?

    A function that asks for the type of a state could take another branch for a symbol.
    """
    program, model = code.program, code.program.model
    typical = model.parameters_with().as_dict()
    p = Parameters(model, {name: np.float64(value) for name, value in typical.items()})
    logs = np.array([name in model.log_states for name in model.states])
    y = np.array([max(float(v), 1.0) for v in model.initial(p)])
    phases = 1 + len(program.switches)
    for phase in range(phases):
        t = model.window * (phase + 1) / (phases + 1)
        inputs = inputs_at(program, p, t, tuple(y), phase)
        with np.errstate(all="ignore"):
            traced = np.array(program.graph.evaluate(program.slopes, inputs), float)
            # NumPy's floats: a division by zero is infinite there, not an error.
            own = np.array(model.rhs(t, tuple(y), p, phase), float)
        own = np.where(logs, own / y, own)
        numbers = np.isfinite(own)
        if not np.array_equal(np.isfinite(traced), numbers):
            return False
        allowed = 1e-9 * np.abs(own[numbers]).max(initial=0)
        if not np.all(np.abs(traced[numbers] - own[numbers]) <= allowed):
            return False
    return True


def _disagreement(model: Model) -> TraceError:
    return TraceError(
        given=f"{model.name}, whose rhs gives other numbers when it is traced",
        expected="a function that does the same for numbers, arrays and symbols",
        do="Take out questions about the type of a value, such as isinstance(y[0], float).",
    )


def code_of(model: Model) -> Compiled:
    """The model as NumPy, written once. Raises TraceError where a function cannot be traced."""
    code = _code(_Key(model))
    if isinstance(code, TraceError):
        raise code
    return code


def traced(model: Model) -> Compiled | None:
    """The same, or None where a function cannot be traced."""
    code = _code(_Key(model))
    return None if isinstance(code, TraceError) else code


@lru_cache(maxsize=64)
def _choice(key: _Key) -> str:
    model = key.model
    p, grid = model.parameters_with(), np.array([0.0, model.window])
    with np.errstate(all="ignore"):
        stiff = _run(model, p, grid, "Rodas5P", MOST_STEPS)
        most = int(DEARER * stiff.steps[0])
        explicit = _run(model, p, grid, "DP5", most)
    return "Rodas5P" if explicit.reasons[0] else "DP5"


def choice(model: Model) -> str:
    """The batched method for a model: 'DP5', or 'Rodas5P' where the model is stiff.

    Decided once, by the model alone: its typical patient is solved by both over the whole window,
    and the explicit method serves unless it needs more than ``DEARER`` times the steps.
    """
    return _choice(_Key(model))


def _run(model: Model, p: Parameters, grid: Array, method: str, most: int) -> _Block:
    code = code_of(model)
    values = {name: np.float64(value) for name, value in p.as_dict().items()}
    run = _Block(code, values, 1, 0, grid, METHODS[method](code), PROBE, None, most)
    run.solve()
    return run


def refusal(model: Model) -> LearnerError | None:
    """Why a batched method cannot solve this model, or None."""
    if model.events:
        return LearnerError(
            given=f"{model.name}, which has state-triggered events, and a batched method",
            expected="LSODA, DOP853, RK45, Radau or BDF for a model with events",
            do="Leave method out; each patient is then solved by itself.",
        )
    try:
        code_of(model)
    except TraceError as error:
        return error
    return None


def courses(
    model: Model,
    p: Parameters,
    grid: Array,
    method: str,
    rtol: float,
    atol: float | None,
    block: int = BLOCK,
) -> tuple[Array, Array, list[str]]:
    """States (n, N, T) and outputs (m, N, T) at ``grid``, and why each patient failed ("" if not).

    ``atol`` None stands for FLOOR times the highest value of each state so far. A patient that
    failed has NaN everywhere.
    """
    code = code_of(model)
    size = p.patients or 1
    states = np.empty((len(model.states), size, len(grid)))
    outputs = np.empty((len(model.observed), size, len(grid)))
    reasons: list[str] = []
    values = p.as_dict()
    for first in range(0, size, block):
        many = min(block, size - first)
        part = {
            name: value[first : first + many] if np.ndim(value) else np.float64(value)
            for name, value in values.items()
        }
        with np.errstate(all="ignore"):
            run = _Block(code, part, many, first, grid, METHODS[method](code), rtol, atol)
            run.solve()
            for begin in range(0, many, READ):
                here = slice(begin, min(begin + READ, many))
                there = slice(first + here.start, first + here.stop)
                states[:, there] = run.found[here].transpose(2, 0, 1)
                _read_assays(code, part, grid, run, here, states[:, there], outputs[:, there])
                finite = np.isfinite(states[:, there]).all((0, 2))
                finite &= np.isfinite(outputs[:, there]).all((0, 2))
                for k in np.flatnonzero(~finite):
                    run.reasons[begin + k] = run.reasons[begin + k] or "the course is not finite"
        for i, reason in enumerate(run.reasons):
            if reason:
                states[:, first + i] = outputs[:, first + i] = np.nan
        reasons += run.reasons
    return states, outputs, reasons


def _read_assays(
    code: Compiled,
    part: dict[str, Any],
    grid: Array,
    run: _Block,
    here: slice,
    states: Array,
    out: Array,
) -> None:
    """What the assays read of the patients ``here``, into ``out`` (m, N, T)."""
    program, model = code.program, code.program.model
    inputs: dict[str, Any] = {"t": grid, "phase": 0.0}
    for moment in run.switches[:, here]:
        inputs["phase"] = inputs["phase"] + (moment[:, None] <= grid)
    for name, value in part.items():
        inputs[f"p.{name}"] = value[here, None] if np.ndim(value) else value
    for name, course in zip(model.states, states, strict=True):
        inputs[f"z.{name}"] = np.log(course) if name in model.log_states else course
    for row, value in zip(out, program.graph.evaluate(program.outputs, inputs), strict=True):
        row[...] = value


ROWS = ("z", "peak", "stops", "moments", "dose_time", "amount", "duration")
"""The arrays of a block that hold several numbers for each lane."""


class _Block:
    """The courses of one block of patients. A lane is a place in its arrays."""

    def __init__(
        self,
        code: Compiled,
        part: dict[str, Any],
        many: int,
        first: int,
        grid: Array,
        method: Any,
        rtol: float,
        atol: float | None,
        most: int | None = None,
    ) -> None:
        model = code.program.model
        self.code, self.model, self.method, self.grid = code, model, method, grid
        self.rtol, self.atol, self.many = rtol, atol, many
        self.most = MOST_STEPS if most is None else most
        self.end = float(grid[-1])
        self.coming = np.append(grid, np.inf)
        self.logs = np.array([name in model.log_states for name in model.states])
        self.log_rows = [int(i) for i in np.flatnonzero(self.logs)]
        # The states of one patient at one time stand side by side: they are written together.
        self.found = np.empty((many, len(grid), len(model.states)))
        self.reasons = [""] * many

        self.lane = np.concatenate([np.arange(many), np.zeros(max(FEWEST - many, 0), int)])
        self.active = np.arange(len(self.lane)) < many
        values = [v.take(self.lane) if np.ndim(v) else v for v in part.values()]
        self.constants, start, switches, doses = code.setup(values)
        self.z = self._rows(start)
        self.switches = self.moments = self._rows(switches)
        self.dosed = [i for _, i, _, _ in doses]
        self.dose_time = self._rows([dose[0] for dose in doses])
        self.amount = self._rows([dose[2] for dose in doses])
        self.duration = self._rows([dose[3] for dose in doses])
        self._check_doses(first)
        edges = [*self.switches, *self.dose_time, *(self.dose_time + self.duration)]
        stops = [np.where((e > 0) & (e < self.end), e, self.end) for e in edges]
        self.stops = self._rows([*stops, self.end])

        lanes = len(self.lane)
        self.t = np.zeros(lanes)
        self.h = np.zeros(lanes)
        self.stop = np.zeros(lanes)
        self.next = np.zeros(lanes, int)
        self.steps = np.zeros(lanes, int)
        self.rejected = np.zeros(lanes, bool)
        for i in self.log_rows:
            self.z[i] = np.log(self.z[i])
        self.size = np.abs(self.z)
        self.peak = np.maximum(self.size, NOTHING)
        self.asleep = True
        method.resize(len(self.logs), lanes)
        held = code.held(self.constants, np.zeros(lanes), np.zeros_like(self.z))
        self.held = [np.array(np.broadcast_to(v, lanes)) for v in held]

    def _rows(self, values: Sequence[Any]) -> Array:
        rows = np.empty((len(values), len(self.lane)))
        for row, value in zip(rows, values, strict=True):
            row[...] = value
        return rows

    def _check_doses(self, first: int) -> None:
        good = (self.dose_time >= 0) & (self.duration >= 0) & np.isfinite(self.amount)
        if not good.all():
            i, lane = np.argwhere(~good)[0]
            raise LearnerError(
                given=f"a dose of {self.amount[i, lane]:g} at {self.dose_time[i, lane]:g} over "
                f"{self.duration[i, lane]:g} {self.model.time_unit} for patient {first + lane}",
                expected="a finite amount, given at time 0 or later",
                do="Check the times and the amount of the dose.",
            )

    def fail(self, lanes: NDArray[np.intp], why: str) -> None:
        """Stop these lanes and say why."""
        for lane in lanes[self.active[lanes]]:
            self.reasons[self.lane[lane]] = why
        self.active[lanes] = False

    def write(self, lanes: NDArray[np.intp], at: NDArray[np.intp], z: Array) -> None:
        """Keep the states ``z``, a copy, of these lanes at these numbers of the grid."""
        for i in self.log_rows:
            z[i] = np.exp(z[i])
        self.found.reshape(-1, len(z))[self.lane[lanes] * len(self.grid) + at] = z.T

    def solve(self) -> None:
        """From time 0 to the last time asked for."""
        if np.isnan(self.switches).any():
            lost = np.flatnonzero(np.isnan(self.switches).any(0))
            self.fail(lost, "the time of a switch is not a number")
        self.arrive(np.flatnonzero(self.active))
        while self.active.any():
            going = int(self.active.sum())
            if len(self.lane) > FEWEST and going <= 0.75 * len(self.lane):
                self.compact()
            self.advance()

    def compact(self) -> None:
        """Leave out the lanes that are done, but keep the fewest."""
        order = np.flatnonzero(self.active)
        if len(order) < FEWEST:
            order = np.concatenate([order, np.flatnonzero(~self.active)[: FEWEST - len(order)]])
        for name in ("lane", "active", "t", "h", "stop", "next", "steps", "rejected"):
            setattr(self, name, getattr(self, name)[order])
        for name in ("size", *ROWS):
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[:, order]))
        self.constants = [v[order] if np.ndim(v) else v for v in self.constants]
        self.held = [v[order] for v in self.held]
        self.method.keep(order)

    def part(self, lanes: NDArray[np.intp]) -> SimpleNamespace:
        """Copies of what these lanes hold: at least FEWEST, so that some may stand there twice."""
        lanes = np.resize(lanes, max(len(lanes), FEWEST))
        rows = {name: getattr(self, name).take(lanes, axis=1) for name in ROWS}
        values = {name: getattr(self, name)[lanes] for name in ("t", "stop", "next")}
        constants = [v[lanes] if np.ndim(v) else v for v in self.constants]
        held = [v[lanes] for v in self.held]
        return SimpleNamespace(lanes=lanes, constants=constants, held=held, **rows, **values)

    def arrive(self, lanes: NDArray[np.intp]) -> None:
        """These lanes stand at a stop: what changes there changes, and a new stretch begins."""
        while len(lanes):
            here = self.part(lanes)
            self.dose(here)
            good = np.isfinite(here.z).all(0)
            if not good.all():
                for i in self.log_rows:
                    name = list(self.model.states)[i]
                    zero = here.lanes[~np.isfinite(here.z[i])]
                    self.fail(zero, f"the state {name}, solved as a logarithm, reached zero")
                self.fail(here.lanes[~good], "a state left the range of numbers")
            self.put(here)
            now = good & (self.coming[here.next] == here.t)
            self.write(here.lanes[now], here.next[now], here.z[:, now])
            self.next[here.lanes[now]] = here.next[now] + 1
            self.active[here.lanes[here.t >= self.end]] = False
            lanes = here.lanes[self.active[here.lanes]]
            if len(lanes):
                lanes = self.depart(self.part(lanes))

    def dose(self, here: SimpleNamespace) -> None:
        """Add the boluses that are due."""
        for i, time, amount, length in zip(
            self.dosed, here.dose_time, here.amount, here.duration, strict=True
        ):
            z, now = here.z[i], (length == 0) & (time == here.t)
            if now.any():
                more = np.log(np.exp(z) + amount) if self.logs[i] else z + amount
                here.z[i] = np.where(now, more, z)

    def put(self, here: SimpleNamespace) -> None:
        """These lanes have these times and states."""
        self.t[here.lanes], self.z[:, here.lanes] = here.t, here.z
        self.size[:, here.lanes] = np.abs(here.z)
        self.peak[:, here.lanes] = np.fmax(here.peak, np.abs(here.z))

    def depart(self, here: SimpleNamespace) -> NDArray[np.intp]:
        """Begin a stretch. It gives the lanes that are at its end at once."""
        code, lanes = self.code, here.lanes
        phase = (here.moments <= here.t).sum(0).astype(float)
        inflow = np.zeros_like(here.z)
        for i, time, amount, length in zip(
            self.dosed, here.dose_time, here.amount, here.duration, strict=True
        ):
            runs = (length > 0) & (time <= here.t) & (here.t < time + length)
            inflow[i] += np.where(runs, amount / length, 0.0)
        here.held = code.held(here.constants, phase, inflow)
        for whole, value in zip(self.held, here.held, strict=True):
            whole[lanes] = value
        here.stop = np.where(here.stops > here.t, here.stops, np.inf).min(0)
        self.stop[lanes] = here.stop
        slopes = np.empty_like(here.z)
        code.slopes(here.t, here.z, here.constants, here.held, slopes)
        self.fail(lanes[~np.isfinite(slopes).all(0)], "a slope is not a finite number")
        self.method.restart(slopes, lanes)
        self.h[lanes] = self.first_step(here, slopes)
        self.rejected[lanes] = False
        # No solver can step within the last digits of a time.
        tiny = self.active[lanes] & (here.stop - here.t < SHORTEST * self.end)
        if tiny.any():
            here.z = np.where(tiny, here.z + (here.stop - here.t) * slopes, here.z)
            here.t = np.where(tiny, here.stop, here.t)
            self.put(here)
        return lanes[tiny]

    def first_step(self, here: SimpleNamespace, slopes: Array) -> Array:
        """A step in which little changes, and that is short beside every time constant."""
        asleep = here.peak == NOTHING
        size = np.where(self.logs[:, None], 1.0, here.peak)
        rate = np.where((slopes != 0) & ~asleep, np.abs(slopes) / size, 0.0).max(0)
        values = self.code.jacobian(here.t, here.z, here.constants, here.held)
        entries = dict(zip(self.code.entries, values, strict=True))
        for (i, j), entry in entries.items():
            # Diagonal entries and products across it do not depend on the units of the states.
            if i <= j and (j, i) in entries:
                rate = np.fmax(rate, np.sqrt(np.abs(entry * entries[j, i])))
        stretch = here.stop - here.t
        leaves = (asleep & (slopes != 0)).any(0)
        return np.fmin(FIRST / rate, np.where(leaves, SLIVER * stretch, stretch))

    def advance(self) -> None:
        """One step of every lane."""
        z, t = self.z, self.t
        left = self.stop - t
        last = self.h >= left * (1 - 1e-9)
        h = np.where(last, left, np.minimum(self.h, 0.5 * left))
        new, error = self.method.step(t, z, h, self.constants, self.held)
        size = np.abs(new)
        worst = self.norm(new, size, error)
        short = self.wakes(size, h)
        worst = np.where(np.isfinite(short), np.inf, worst) if short is not None else worst
        good = (worst <= 1) & self.active
        self.steps += 1

        after = np.where(last, self.stop, t + h)
        self.read(good, t, h, after)
        # Where the error is not a number, the step becomes as short as the bounds allow.
        factor = np.fmax(0.9 * np.power(worst, -0.2), 0.2)
        self.h = h * np.minimum(factor, np.where(self.rejected, 1.0, 10.0))
        if short is not None:
            self.h = np.fmin(self.h, short)
        self.t = np.where(good, after, t)
        stay = np.flatnonzero(~good)
        self.method.accepted(good)
        # The array of the old states becomes the room for the end of the next step.
        self.z, self.method.end = carried(new, z, stay), z
        self.size = carried(size, self.size, stay)
        np.maximum(self.peak, self.size, out=self.peak)
        self.rejected = ~good

        failed = ~good & self.active & ((t + self.h == t) | (self.h < 1e-14 * self.stop))
        if failed.any():
            self.fail(np.flatnonzero(failed), "its steps became too small")
        if (self.steps >= self.most).any():
            more = "" if self.method.name == "Rodas5P" else "; try method='Rodas5P'"
            out = (self.steps >= self.most) & (self.t < self.end)
            self.fail(np.flatnonzero(out), f"it needs more than {self.most:,} steps{more}")
        self.arrive(np.flatnonzero(good & last & self.active))

    def wakes(self, size: Array, h: Array) -> Array | None:
        """A short step for lanes in which a state leaves zero in a long one; else infinity.

        A state at zero has no size, so its error says nothing. Where it leaves zero on the way, as
        behind a threshold, the moment is found by short steps. None: no state does.
        """
        if self.atol is not None or not self.asleep:
            return None
        woken = ((self.peak == NOTHING) & (size > NOTHING)).any(0) & self.active
        if not woken.any():
            self.asleep = bool((self.peak == NOTHING).any())
            return None
        here = self.part(np.flatnonzero(woken))
        slopes = np.empty_like(here.z)
        self.code.slopes(here.t, here.z, here.constants, here.held, slopes)
        short = np.fmin(self.first_step(here, slopes), SLIVER * (here.stop - here.t))
        short = np.fmax(short, 1e-12 * here.stop)
        bound = np.full_like(h, np.inf)
        long = h[here.lanes] > short * (1 + 1e-9)
        bound[here.lanes] = np.where(long, short, np.inf)
        return bound

    def norm(self, new: Array, size: Array, error: Array) -> Array:
        """The largest error of each lane, as a share of what is allowed."""
        if self.atol is None:
            # Relative to the state, or to the smallest share of its peak that counts.
            scale = self.peak * (FLOOR / self.rtol)
            np.maximum(scale, self.size, out=scale)
            np.maximum(scale, size, out=scale)
            if self.asleep:
                # A state that was zero so far has no size to compare with in its first, short step.
                scale[self.peak == NOTHING] = np.inf
        else:
            scale = np.maximum(self.size, size)
            scale += self.atol / self.rtol
        for i in self.log_rows:
            scale[i] = 1.0
        share = np.abs(error)
        share /= scale
        worst = np.maximum.reduce(share, axis=0)
        worst /= self.rtol
        finite = np.isfinite(np.add.reduce(new, axis=0))
        return worst if finite.all() else np.where(finite, worst, np.inf)

    def read(self, good: Any, t: Array, h: Array, after: Array) -> None:
        """Write the states at the requested times that these lanes step over."""
        lanes = np.flatnonzero(good & (self.coming[self.next] < after))
        if not len(lanes):
            return
        begin = self.next[lanes]
        until = np.searchsorted(self.grid, after[lanes], side="left")
        count = until - begin
        lane = np.repeat(lanes, count)
        at = np.arange(len(lane)) - np.repeat(np.cumsum(count) - count, count)
        at += np.repeat(begin, count)
        share = (self.grid[at] - t[lane]) / h[lane]
        self.write(lane, at, self.method.inside(self.z, h, lane, share))
        self.next[lanes] = until

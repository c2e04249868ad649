"""Many patients at once: one NumPy array over patients for every number.

Each patient has a step, an error and stops of its own; what a step computes, it computes for all
of them. A patient's numbers do not depend on who stands beside: no operation mixes patients, sums
over stages are taken in one order, and no step is chosen by another patient's error. So results are
equal bit by bit whatever the size of a block, and a patient that fails changes nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve.explicit import Array, DormandPrince
from cgtlearn.solve.stiff import Rodas5P
from cgtlearn.trace.graph import TraceError
from cgtlearn.trace.numpy_code import Compiled, compiled
from cgtlearn.trace.program import inputs_at, trace

METHODS: dict[str, Callable[[Compiled], Any]] = {"DP5": DormandPrince, "Rodas5P": Rodas5P}
BLOCK = 4_000
"""Patients that are solved together: few enough for their numbers to stay in the cache."""
READ = 250
"""Patients whose assays are read together: their courses stay in the cache."""
FEWEST = 8
"""Lanes of a block, at least; what is not a patient repeats one."""
MOST_STEPS = 100_000
"""Steps of one patient, after which it gives up."""
FLOOR = 1e-30
"""Share of a state's highest value so far that counts as nothing, where no ``atol`` is given."""
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
                for i, state in enumerate(states):
                    state[there] = run.found[here, :, i]
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
        self.flat = self.found.reshape(-1)
        self.reasons = [""] * many

        self.lane = np.concatenate([np.arange(many), np.zeros(max(FEWEST - many, 0), int)])
        self.active = np.arange(len(self.lane)) < many
        values = [v.take(self.lane) if np.ndim(v) else v for v in part.values()]
        self.constants, start, switches, doses = code.setup(values)
        self.held: list[Any] = []
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
        self.peak = np.abs(self.z)
        method.resize(len(self.logs), lanes)

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

    def fail(self, lanes: Any, why: str) -> None:
        """Stop these lanes and say why."""
        for lane in np.flatnonzero(lanes & self.active):
            self.reasons[self.lane[lane]] = why
        self.active &= ~lanes

    def write(self, lanes: NDArray[np.intp], at: NDArray[np.intp], z: Array) -> None:
        """Keep the states ``z`` of these lanes at these numbers of the grid."""
        place = (self.lane[lanes] * len(self.grid) + at) * len(z)
        for row, log in zip(z, self.logs, strict=True):
            self.flat[place] = np.exp(row) if log else row
            place += 1

    def solve(self) -> None:
        """From time 0 to the last time asked for."""
        if np.isnan(self.switches).any():
            self.fail(np.isnan(self.switches).any(0), "the time of a switch is not a number")
        self.arrive(self.active.copy())
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
        for name in ("z", "peak", "stops", "dose_time", "amount", "duration", "moments"):
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[:, order]))
        self.constants = [v[order] if np.ndim(v) else v for v in self.constants]
        self.held = [v[order] if np.ndim(v) else v for v in self.held]
        self.method.keep(order)

    def arrive(self, here: NDArray[np.bool_]) -> None:
        """These lanes stand at a stop: what changes there changes, and a new stretch begins."""
        code, z = self.code, self.z
        while here.any():
            for i, time, amount, length in zip(
                self.dosed, self.dose_time, self.amount, self.duration, strict=True
            ):
                now = here & (length == 0) & (time == self.t)
                if now.any():
                    after = np.log(np.exp(z[i]) + amount) if self.logs[i] else z[i] + amount
                    np.copyto(z[i], after, where=now)
            lost = here & ~np.isfinite(z).all(0)
            if lost.any():
                for i in self.log_rows:
                    self.fail(
                        lost & ~np.isfinite(z[i]),
                        f"the state {list(self.model.states)[i]}, solved as a logarithm, "
                        "reached zero",
                    )
                self.fail(lost, "a state left the range of numbers")
                here = here & ~lost
            np.maximum(self.peak, np.abs(z), out=self.peak, where=here)
            lanes = np.flatnonzero(here & (self.coming[self.next] == self.t))
            if len(lanes):
                self.write(lanes, self.next[lanes], z[:, lanes])
                self.next[lanes] += 1
            self.active &= ~(here & (self.t >= self.end))
            here = here & self.active
            if not here.any():
                return

            phase = (self.moments <= self.t).sum(0).astype(float)
            inflow = np.zeros_like(z)
            for i, time, amount, length in zip(
                self.dosed, self.dose_time, self.amount, self.duration, strict=True
            ):
                runs = (length > 0) & (time <= self.t) & (self.t < time + length)
                inflow[i] += np.where(runs, amount / length, 0.0)
            self.held = list(code.held(self.constants, phase, inflow))
            self.stop = np.where(self.stops > self.t, self.stops, np.inf).min(0)
            slopes = np.empty_like(z)
            code.slopes(self.t, z, self.constants, self.held, slopes)
            self.fail(here & ~np.isfinite(slopes).all(0), "a slope is not a finite number")
            here = here & self.active
            # No solver can step within the last digits of a time.
            tiny = here & (self.stop - self.t < SHORTEST * self.end)
            if tiny.any():
                np.copyto(z, z + (self.stop - self.t) * slopes, where=tiny)
                np.copyto(self.t, self.stop, where=tiny)
            begin = here & ~tiny
            self.method.restart(slopes, begin)
            np.copyto(self.h, self.first_step(slopes), where=begin)
            self.rejected &= ~begin
            here = tiny

    def first_step(self, slopes: Array) -> Array:
        """A step in which little changes, and that is short beside every time constant."""
        size = np.where(self.logs[:, None], 1.0, self.peak)
        rate = np.where((slopes != 0) & (size > 0), np.abs(slopes) / size, 0.0).max(0)
        entries = dict(
            zip(
                self.code.entries,
                self.code.jacobian(self.t, self.z, self.constants, self.held),
                strict=True,
            )
        )
        for (i, j), entry in entries.items():
            # Diagonal entries and products across it do not depend on the units of the states.
            if i <= j and (j, i) in entries:
                rate = np.fmax(rate, np.sqrt(np.abs(entry * entries[j, i])))
        stretch = self.stop - self.t
        leaves = ((self.peak == 0) & (slopes != 0)).any(0)
        return np.fmin(FIRST / rate, np.where(leaves, SLIVER * stretch, stretch))

    def advance(self) -> None:
        """One step of every lane."""
        z, t = self.z, self.t
        left = self.stop - t
        last = self.h >= left * (1 - 1e-9)
        h = np.where(last, left, np.where(self.h > 0.5 * left, 0.5 * left, self.h))
        new, error = self.method.step(t, z, h, self.constants, self.held)
        worst = self.norm(z, new, error)
        short = self.wakes(new, h)
        worst = np.where(np.isfinite(short), np.inf, worst)
        good = (worst <= 1) & self.active
        self.steps += 1

        after = np.where(last, self.stop, t + h)
        self.read(good, t, h, after, last)
        factor = 0.9 * np.power(worst, -0.2)
        factor = np.where(good, np.where(factor > 0, factor, 10.0), np.fmax(factor, 0.2))
        factor = np.where(worst <= 1, factor, np.where(worst < np.inf, factor, 0.2))
        factor = np.clip(factor, 0.2, np.where(self.rejected, 1.0, 10.0))
        np.copyto(self.h, np.fmin(h * factor, short))
        np.copyto(z, new, where=good)
        np.copyto(self.t, after, where=good)
        self.method.accepted(good)
        np.maximum(self.peak, np.abs(z), out=self.peak)
        self.rejected = ~good

        failed = ~good & self.active & ((t + self.h == t) | (self.h < 1e-14 * self.stop))
        if failed.any():
            self.fail(failed, "its steps became too small")
        if (self.steps >= self.most).any():
            more = "" if self.method.name == "Rodas5P" else "; try method='Rodas5P'"
            out = (self.steps >= self.most) & (self.t < self.end)
            self.fail(out, f"it needs more than {self.most:,} steps{more}")
        here = good & last & self.active
        if here.any():
            self.arrive(here)

    def wakes(self, new: Array, h: Array) -> Array:
        """A short step for lanes in which a state leaves zero in a long one; else infinity.

        A state at zero has no size, so its error says nothing. Where it leaves zero on the way, as
        behind a threshold, the moment is found by short steps.
        """
        none = np.full_like(h, np.inf)
        if self.atol is not None:
            return none
        woken = ((self.peak == 0) & (new != 0)).any(0) & self.active
        if not woken.any():
            return none
        slopes = np.empty_like(self.z)
        self.code.slopes(self.t, self.z, self.constants, self.held, slopes)
        short = np.fmin(self.first_step(slopes), SLIVER * (self.stop - self.t))
        short = np.fmax(short, 1e-12 * self.stop)
        return np.where(woken & (h > short * (1 + 1e-9)), short, none)

    def norm(self, z: Array, new: Array, error: Array) -> Array:
        """The largest error of each lane, as a share of what is allowed."""
        size = np.maximum(np.abs(z), np.abs(new))
        if self.atol is None:
            allowed = self.rtol * size + (FLOOR * self.peak + 1e-300)
            # A state that was zero so far has no size to compare with in its first, short step.
            allowed[self.peak == 0] = np.inf
        else:
            allowed = self.rtol * size + self.atol
        for i in self.log_rows:
            allowed[i] = self.rtol
        share = np.abs(error) / allowed
        worst = np.maximum.reduce(share, axis=0)
        finite = np.isfinite(np.add.reduce(new, axis=0))
        return np.where(finite, worst, np.inf)

    def read(self, good: Any, t: Array, h: Array, after: Array, last: Any) -> None:
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

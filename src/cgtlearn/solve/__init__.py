"""The time course of a model: one patient or a few through SciPy, many at once in NumPy.

    >>> from cgtlearn.models import stein2019
    >>> from cgtlearn.solve import solve
    >>> m = stein2019.model
    >>> course = solve(m, m.parameters_with(), times=[0, 9.3, 28])
    >>> course["transgene"].shape
    (3,)

Switches, doses and the edges of infusions are never stepped over: the solver stops at each, changes
what changes, and starts again. Time begins at 0. ``MANY`` patients or more are solved together,
each with a step and an error of its own (:mod:`cgtlearn.solve.batch`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, one_of, sorted_times, unknown_name
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve import batch, one
from cgtlearn.solve.chance import Chances, birth_death, extinction_probability, stochastic

__all__ = [
    "MANY",
    "METHODS",
    "Chances",
    "Result",
    "Status",
    "birth_death",
    "chosen_method",
    "extinction_probability",
    "phase_at",
    "solve",
    "stochastic",
]

METHODS = ("LSODA", "DOP853", "RK45", "Radau", "BDF", *batch.METHODS)
"""LSODA (through odeint) serves one patient or a few; DOP853, RK45, Radau and BDF go through
solve_ivp. DP5 (explicit) and Rodas5P (stiff) solve many patients at once."""
MANY = 40
"""From this number of patients on, a batched method is ahead of a loop over LSODA (measured on the
models of the course: at 30 patients behind on the four largest, at 50 ahead on all)."""
RTOL, ATOL = 1e-8, 1e-12
"""Tolerances of the SciPy methods, where none are given."""


@dataclass(frozen=True)
class Status:
    """How the solution of one patient went."""

    ok: bool
    reason: str = ""

    def __str__(self) -> str:
        return "ok" if self.ok else f"failed: {self.reason}"


@dataclass(frozen=True)
class Result:
    """A solved course.

    ``times`` is (T,). Each entry of ``states`` and ``outputs`` is (T,) for one patient, whose
    parameters are single numbers, and (N, T) for N patients. ``status`` has one entry a patient; a
    patient that failed has NaN in every row. ``result["transgene"]`` finds outputs and states.
    """

    model: Model
    parameters: Parameters
    times: NDArray[np.float64]
    states: dict[str, NDArray[np.float64]]
    outputs: dict[str, NDArray[np.float64]]
    status: tuple[Status, ...]
    method: str
    rtol: float
    atol: float | None

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        for group in (self.outputs, self.states):
            if name in group:
                return group[name]
        raise unknown_name(name, [*self.outputs, *self.states], "output or state")

    @property
    def ok(self) -> bool:
        """True when no patient failed."""
        return all(s.ok for s in self.status)

    @property
    def failed(self) -> tuple[int, ...]:
        """The numbers of the patients that failed."""
        return tuple(i for i, s in enumerate(self.status) if not s.ok)

    def __repr__(self) -> str:
        size = self.parameters.patients
        who = "one patient" if size is None else f"{size} patients"
        bad = "" if self.ok else f", {len(self.failed)} failed"
        return f"Result of {self.model.name}: {who}, {len(self.times)} times, {self.method}{bad}"


def solve(
    model: Model,
    p: Parameters,
    times: ArrayLike,
    *,
    method: str | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> Result:
    """Solve ``model`` for the parameters ``p`` at ``times``.

    Parameters
    ----------
    model : a model in the contract, such as ``stein2019.model``.
    p : from ``model.parameters_with(...)``; arrays over N patients give N courses.
    times : (T,) rising, from 0 on, in ``model.time_unit``.
    method : one of ``METHODS``. By default the number of patients and the model decide, see
        :func:`chosen_method`, once for the whole call. The result names the method.
    rtol, atol : relative and absolute tolerance of each step. ``atol`` is in the units of the
        states; states that are solved as logarithms use ``rtol`` for both. By default 1e-8 and
        1e-12 for the SciPy methods. For DP5 and Rodas5P by default 1e-6, and no ``atol``: every
        state is followed by its relative error, down to 1e-20 of its highest value. At this
        tolerance no patient of 4,000 is off by more than 1e-3, in any model of the course.

    At a switch or a dose the value returned is the one just after it.

    Raises LearnerError for times that are not finite, not rising or negative, for an unknown
    method or a tolerance that is not positive, and for model functions that return something else
    than the contract asks. A patient whose solution fails is named in ``status`` and warned about.
    """
    grid = sorted_times("times", times, unit=model.time_unit)
    if grid[0] < 0:
        raise LearnerError(
            given=f"times that start at {grid[0]:g} {model.time_unit}",
            expected="times from 0 on: a model starts at time 0",
            do="Shift your times so that the dose is at 0, and leave out what came before.",
        )
    if p._model is not model:
        raise LearnerError(
            given=f"parameters of {p._model.name}",
            expected=f"parameters of {model.name}",
            do=f"Make them with {model.name}.model.parameters_with(...).",
        )
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance is not None and not (np.isfinite(tolerance) and tolerance > 0):
            raise LearnerError(
                given=f"{name} = {tolerance!r}",
                expected="a small positive number, such as 1e-8",
                do="Leave it out to use the default.",
            )
    size = p.patients
    if method is None:
        chosen = chosen_method(model, 1 if size is None else size)
    else:
        chosen = one_of("method", method, METHODS)
    together = chosen in batch.METHODS
    if together and (refused := batch.refusal(model)) is not None:
        raise refused
    if rtol is None:
        rtol = batch.RTOL if together else RTOL
    one.try_functions(model, p if size is None else p.patient(0))
    if together:
        states, outputs, reasons = batch.courses(model, p, grid, chosen, rtol, atol)
        status = [Status(not reason, reason) for reason in reasons]
    else:
        atol = ATOL if atol is None else atol
        states, outputs, status = _one_by_one(model, p, grid, chosen, rtol, atol)
    _warn(model, p, status)

    def shaped(block: NDArray[np.float64]) -> NDArray[np.float64]:
        return block[0] if size is None else block

    return Result(
        model=model,
        parameters=p,
        times=grid,
        states={k: shaped(states[j]) for j, k in enumerate(model.states)},
        outputs={k: shaped(outputs[j]) for j, k in enumerate(model.observed)},
        status=tuple(status),
        method=chosen,
        rtol=rtol,
        atol=atol,
    )


def chosen_method(model: Model, patients: int) -> str:
    """The method that :func:`solve` takes by itself for so many patients.

    Fewer than ``MANY``: LSODA, which switches between a stiff and a non-stiff method by itself.
    Otherwise DP5, or Rodas5P where the model is stiff at its typical parameters. A model with
    state-triggered events, or one whose functions cannot be traced, is solved by LSODA always.
    """
    if patients < MANY or batch.refusal(model) is not None:
        return "LSODA"
    return batch.choice(model)


def _one_by_one(
    model: Model, p: Parameters, grid: NDArray[np.float64], method: str, rtol: float, atol: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[Status]]:
    """States (n, N, T) and outputs (m, N, T), a patient after the other, and how each went."""
    size = p.patients
    patients = [p] if size is None else [p.patient(i) for i in range(size)]
    states = np.full((len(model.states), len(patients), len(grid)), np.nan)
    outputs = np.full((len(model.observed), len(patients), len(grid)), np.nan)
    status = []
    for i, patient in enumerate(patients):
        try:
            course = one.course(model, patient, grid, method, rtol, atol)
            read = model.outputs(grid, tuple(course), patient, phase_at(model, patient, grid))
            seen = np.stack(
                [np.broadcast_to(np.asarray(read[k], float), grid.shape) for k in model.observed]
            )
            if not (np.isfinite(course).all() and np.isfinite(seen).all()):
                raise one.SolveFailure("the course is not finite")
        except one.SolveFailure as failure:
            status.append(Status(False, str(failure)))
            continue
        states[:, i], outputs[:, i] = course, seen
        status.append(Status(True))
    return states, outputs, status


def phase_at(model: Model, p: Parameters, times: Any) -> NDArray[np.int64]:
    """The number of switches passed at each time: (T,) for one patient."""
    moments = np.sort([float(moment) for moment in model.switches(p)])
    return np.searchsorted(moments, np.asarray(times, float), side="right")


def _warn(model: Model, p: Parameters, status: list[Status]) -> None:
    """One warning that names the first failed patient, its reason and its parameters."""
    import warnings

    bad = [i for i, s in enumerate(status) if not s.ok]
    if bad:
        first = bad[0]
        patient = p if p.patients is None else p.patient(first)
        warnings.warn(
            f"{model.name}: {len(bad)} of {len(status)} patients failed. Patient {first}: "
            f"{status[first].reason}. {patient!r}. Their rows are NaN.",
            RuntimeWarning,
            stacklevel=3,
        )

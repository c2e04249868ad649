"""The time course of a model: one patient, or several, through SciPy.

    >>> from cgtlearn.models import stein2019
    >>> from cgtlearn.solve import solve
    >>> m = stein2019.model
    >>> course = solve(m, m.parameters_with(), times=[0, 9.3, 28])
    >>> course["transgene"].shape
    (3,)

Switches, doses and the edges of infusions are never stepped over: the solver stops at each, changes
what changes, and starts again. Time begins at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, one_of, sorted_times, unknown_name
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve import one

__all__ = ["METHODS", "Result", "Status", "phase_at", "solve"]

METHODS = ("LSODA", "DOP853", "RK45", "Radau", "BDF")
"""LSODA (through odeint) is the default; the others go through solve_ivp."""


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
    atol: float

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
    rtol: float = 1e-8,
    atol: float = 1e-12,
) -> Result:
    """Solve ``model`` for the parameters ``p`` at ``times``.

    Parameters
    ----------
    model : a model in the contract, such as ``stein2019.model``.
    p : from ``model.parameters_with(...)``; arrays over N patients give N courses.
    times : (T,) rising, from 0 on, in ``model.time_unit``.
    method : one of ``METHODS``; by default LSODA, which switches between a stiff and a non-stiff
        method by itself. The result names the method.
    rtol, atol : relative and absolute tolerance of each step. ``atol`` is in the units of the
        states; states that are solved as logarithms use ``rtol`` for both.

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
        if not (np.isfinite(tolerance) and tolerance > 0):
            raise LearnerError(
                given=f"{name} = {tolerance!r}",
                expected="a small positive number, such as 1e-8",
                do="Leave it out to use the default.",
            )
    chosen = one_of("method", method or METHODS[0], METHODS)
    size = p.patients
    patients = [p] if size is None else [p.patient(i) for i in range(size)]
    one.try_functions(model, patients[0])

    states = np.full((len(patients), len(model.states), len(grid)), np.nan)
    outputs = np.full((len(patients), len(model.observed), len(grid)), np.nan)
    status = []
    for i, patient in enumerate(patients):
        try:
            course = one.course(model, patient, grid, chosen, rtol, atol)
            read = model.outputs(grid, tuple(course), patient, phase_at(model, patient, grid))
            seen = np.stack(
                [np.broadcast_to(np.asarray(read[k], float), grid.shape) for k in model.observed]
            )
            if not (np.isfinite(course).all() and np.isfinite(seen).all()):
                raise one.SolveFailure("the course is not finite")
        except one.SolveFailure as failure:
            status.append(Status(False, str(failure)))
            continue
        states[i], outputs[i] = course, seen
        status.append(Status(True))
    _warn(model, patients, status)

    def shaped(block: NDArray[np.float64]) -> NDArray[np.float64]:
        return block[0] if size is None else block

    return Result(
        model=model,
        parameters=p,
        times=grid,
        states={k: shaped(states[:, j]) for j, k in enumerate(model.states)},
        outputs={k: shaped(outputs[:, j]) for j, k in enumerate(model.observed)},
        status=tuple(status),
        method=chosen,
        rtol=rtol,
        atol=atol,
    )


def phase_at(model: Model, p: Parameters, times: Any) -> NDArray[np.int64]:
    """The number of switches passed at each time: (T,) for one patient."""
    moments = np.sort([float(moment) for moment in model.switches(p)])
    return np.searchsorted(moments, np.asarray(times, float), side="right")


def _warn(model: Model, patients: list[Parameters], status: list[Status]) -> None:
    """One warning that names the first failed patient, its reason and its parameters."""
    import warnings

    bad = [i for i, s in enumerate(status) if not s.ok]
    if bad:
        first = bad[0]
        warnings.warn(
            f"{model.name}: {len(bad)} of {len(status)} patients failed. Patient {first}: "
            f"{status[first].reason}. {patients[first]!r}. Their rows are NaN.",
            RuntimeWarning,
            stacklevel=3,
        )

"""The model contract: what a model file must offer, so that every room can use it unchanged.

A model is a set of pure functions and the names they use:

``rhs(t, y, p, phase)``      the time derivatives, a tuple in the order of ``states``
``initial(p)``               the states at time 0, a tuple in the same order
``outputs(t, y, p, phase)``  what an assay would read, a dict in the order of ``observed``
``switches(p)``              times at which an equation changes (a peak, a drug given), any order
``doses(p)``                 (time, state, amount) or (time, state, amount, duration)
``reactions``                by state, where small numbers matter: a function (t, y, p, phase) gives
                             the rates at which one cell divides and dies, and ``rhs`` calls it

``y`` is a tuple of floats, of arrays over patients, or of traced symbols; ``p`` gives parameters by
attribute. A function uses + - * / **, comparisons, and NumPy's where, minimum, maximum, exp, log,
power, sqrt and tanh, and nothing else. It never asks whether ``t`` is past a switch: ``phase`` is
the number of switches passed, because a solver must stop exactly there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, as_numbers, unknown_name

__all__ = [
    "Bound",
    "Event",
    "Law",
    "Model",
    "Output",
    "Parameter",
    "Parameters",
    "State",
    "Target",
    "covariate",
    "from_ledger",
    "passed",
]


@dataclass(frozen=True)
class State:
    """One state of a model, with its unit."""

    unit: str
    meaning: str


@dataclass(frozen=True)
class Output:
    """What an assay reads, with its unit. Assay and unit are part of a quantity."""

    unit: str
    meaning: str
    assay: str = ""


@dataclass(frozen=True)
class Parameter:
    """One parameter: its default, its unit, the range in which it may be used, its ledger row.

    ``scale`` says how it varies between people: 'log', 'logit' or 'linear'. A covariate belongs to
    a patient and has no row.
    """

    default: float
    unit: str
    domain: tuple[float, float]
    scale: str
    meaning: str
    row: str | None = None


def from_ledger(source: str, *names: str) -> dict[str, Parameter]:
    """Parameters whose values, units, domains and scales are the ledger's rows ``source.name``."""
    found = {}
    for name in names:
        row = ledger.row(f"{source}.{name}")
        if row.domain is None:
            raise ValueError(f"the ledger row {row.id} needs a domain: a model uses it")
        found[name] = Parameter(
            float(row.value), row.unit, row.domain, row.scale, row.meaning, row.id
        )
    return found


def covariate(default: float, unit: str, domain: tuple[float, float], meaning: str) -> Parameter:
    """A parameter that belongs to a patient, not to the product: a weight, the day of a drug."""
    return Parameter(default, unit, domain, "linear", meaning)


class Parameters:
    """Parameter values by attribute: ``p.tmax`` is a number, or an array over N patients.

    Values do not change; ``p.changed(tmax=10)`` gives new ones. Make the first set with
    ``model.parameters_with(...)``, which checks names, units and domains.
    """

    def __init__(self, model: Model, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)
        self.__dict__["_model"] = model
        self.__dict__["_names"] = tuple(values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise LearnerError(
            given=f"an assignment to p.{name}",
            expected="parameters that stay as they are",
            do=f"Make new ones: p = p.changed({name}=...).",
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(str(unknown_name(name, self._names, "parameter")))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={_short(getattr(self, name))}" for name in self._names)
        return f"Parameters of {self._model.name}: {inside}"

    def as_dict(self) -> dict[str, Any]:
        """The values under their names."""
        return {name: self.__dict__[name] for name in self._names}

    @property
    def patients(self) -> int | None:
        """The number of patients, or None where every value is a single number.

        Raises LearnerError for arrays of different lengths, and for zero patients.
        """
        sizes = {name: np.size(v) for name, v in self.as_dict().items() if np.ndim(v)}
        if len(set(sizes.values())) > 1 or 0 in sizes.values():
            listed = ", ".join(f"{name}: {size}" for name, size in sizes.items())
            raise LearnerError(
                given=f"parameter arrays of different lengths ({listed})"
                if len(set(sizes.values())) > 1
                else f"parameters of zero patients ({listed})",
                expected="one value for each of one or more patients in every array",
                do="Make them with model.parameters_with(...), which checks them.",
            )
        return next(iter(sizes.values())) if sizes else None

    def patient(self, index: int) -> Parameters:
        """The values of one patient."""
        values = {k: float(v[index]) if np.ndim(v) else v for k, v in self.as_dict().items()}
        return Parameters(self._model, values)

    def changed(self, **changes: Any) -> Parameters:
        """The same values but for ``changes``, checked like the first ones."""
        return self._model.parameters_with(**{**self.as_dict(), **changes})


def _short(value: Any) -> str:
    if np.ndim(value):
        return f"[{np.min(value):.4g} … {np.max(value):.4g}, n={np.size(value)}]"
    return ledger.number(value) if isinstance(value, (int, float)) else str(value)


@dataclass(frozen=True)
class Law:
    """Two expressions that must agree all along a solved course.

    ``left`` and ``right`` are functions of (t, y, p, phase). ``where`` changes parameters first (a
    value, or 'low' or 'high' for an end of its domain): that makes a limiting case. ``tolerance``
    is the largest allowed difference, relative to ``right`` at the same time; where ``right`` is
    below 1e-9 of its peak, relative to that.
    """

    name: str
    says: str
    left: Callable[..., Any]
    right: Callable[..., Any]
    tolerance: float
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """A limit that nature sets: ``of`` (t, y, p, phase) stays within ``low`` and ``high``.

    ``tolerance`` is how far a solver's error may carry it beyond, in the unit of ``of``.
    """

    name: str
    says: str
    of: Callable[..., Any]
    low: float = -math.inf
    high: float = math.inf
    tolerance: float = 0


@dataclass(frozen=True)
class Target:
    """A published value and how this model is compared with it: one row of the scoreboard.

    ``row``        the ledger row of the published value
    ``kind``       'recovered', 'repeated', 'predicted', 'calibrated' or 'shown'
    ``recipe``     the name of the computation in ``cgtlearn.proof.recipes`` that gives our value
    ``tolerance``  the largest allowed |ours / published - 1|; None: ours must lie within the spread
                   that the row prints beside its value, such as the quartiles of the patients
    ``turns_red``  the parameter that is changed by ``change`` to prove that the row can fail
    ``reason``     why a miss is missed; a known miss also keeps its ``ratio``
    """

    row: str
    kind: str
    recipe: str
    tolerance: float | None
    turns_red: str = ""
    change: float = 0.2
    reason: str = ""
    ratio: float | None = None
    tuned: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happens when a state reaches a level.

    ``crossing`` (t, y, p, phase) passes through zero there, upwards (direction 1), downwards (-1)
    or either way (0); ``change`` (t, y, p, phase) gives the states afterwards.
    """

    name: str
    crossing: Callable[..., Any]
    change: Callable[..., Any]
    direction: int = 0


def _no_times(p: Parameters) -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True)
class Model:
    """A model in the contract. See the module's docstring for the functions."""

    name: str
    title: str
    states: Mapping[str, State]
    parameters: Mapping[str, Parameter]
    observed: Mapping[str, Output]
    rhs: Callable[..., tuple[Any, ...]]
    initial: Callable[[Any], tuple[Any, ...]]
    outputs: Callable[..., dict[str, Any]]
    time_unit: str
    window: float
    switches: Callable[[Any], tuple[Any, ...]] = _no_times
    doses: Callable[[Any], tuple[Any, ...]] = _no_times
    log_states: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    reactions: Mapping[str, Callable[..., tuple[Any, Any]]] = field(default_factory=dict)
    laws: tuple[Law | Bound, ...] = ()
    targets: tuple[Target, ...] = ()
    deviations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.log_states:
            if name not in self.states:
                raise unknown_name(name, self.states, "state")

    def __repr__(self) -> str:
        return f"Model {self.name}: {', '.join(self.states)}"

    def parameters_with(self, **changes: Any) -> Parameters:
        """The default parameters, with ``changes``: numbers, arrays over N patients, or text.

        Text carries a unit and is converted: ``contraction_rate="0.0067 1/hour"``. Raises
        LearnerError for an unknown name (with the nearest one), a value that is not finite, one
        outside its domain, a unit of another dimension, or arrays of different lengths.
        """
        for name in changes:
            if name not in self.parameters:
                raise unknown_name(name, self.parameters, f"parameter of {self.name}")
        values = {
            name: self._checked(name, changes.get(name, parameter.default))
            for name, parameter in self.parameters.items()
        }
        sizes = {name: np.size(v) for name, v in values.items() if np.ndim(v)}
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{name}: {size}" for name, size in sizes.items())
            raise LearnerError(
                given=f"parameter arrays of different lengths ({listed})",
                expected="one value for each patient in every array",
                do="Give arrays of one length, or a single number that holds for all.",
            )
        return Parameters(self, values)

    def _checked(self, name: str, value: Any) -> Any:
        parameter = self.parameters[name]
        unit = ledger.pretty(parameter.unit)
        if isinstance(value, str):
            value = ledger.convert(value, parameter.unit)
        array = as_numbers(name, value)
        if array.ndim > 1 or array.size == 0:
            raise LearnerError(
                given=f"{name} with shape {array.shape}",
                expected="one number, or one number for each patient",
                do="Give a float, or a one-dimensional array with at least one patient.",
            )
        low, high = parameter.domain
        bad = np.isnan(array) | (array < low) | (array > high)
        if np.any(bad):
            worst = float(array[bad][0]) if array.ndim else float(array)
            at = f" for patient {int(np.argmax(bad))}" if array.ndim else ""
            raise LearnerError(
                given=f"{name} = {worst:g}{at}",
                expected=f"a value from {low:g} to {high:g} ({unit}): {parameter.meaning}",
                do="Check the unit first; a value given with its unit is converted, "
                f'such as {name}="{parameter.default:g} '
                f'{"" if parameter.unit == "1" else parameter.unit}".',
            )
        return array if array.ndim else float(array)


def passed(moment: Any, p: Any, phase: Any, switches: Callable[[Any], tuple[Any, ...]]) -> Any:
    """1 when the switch at ``moment`` has been passed, else 0.

    ``phase`` counts the switches passed, so ``moment`` is behind us as soon as the count is larger
    than the number of switches that come before it.
    """
    before: Any = 0
    for other in switches(p):
        before = before + np.where(other < moment, 1, 0)
    return np.where(phase > before, 1, 0)

"""Trace a whole model: slopes, Jacobian, start, switches, doses and outputs as one graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cgtlearn.errors import unknown_name
from cgtlearn.models.contract import Model
from cgtlearn.trace.graph import Graph, Node, TraceError

__all__ = ["Program", "trace"]


class TracedParameters:
    """Parameters by attribute, as symbols."""

    def __init__(self, model: Model, graph: Graph) -> None:
        self.__dict__.update({name: graph.input(f"p.{name}") for name in model.parameters})
        self.__dict__["_names"] = tuple(model.parameters)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(str(unknown_name(name, self._names, "parameter")))


@dataclass(frozen=True)
class Program:
    """A traced model. Every field is a node, or a tuple of nodes.

    The inputs are ``t``, ``phase``, ``p.<name>``, and for each state ``z.<name>``: the state, or
    its natural logarithm for states solved as logarithms, and ``u.<name>``: what an infusion adds
    to the state in a unit of time. ``slopes`` are dz/dt, ``jacobian[i][j]`` is d slopes[i] / dz[j],
    ``by_time`` d slopes[i] / dt. ``outputs`` are functions of the same inputs.
    """

    model: Model
    graph: Graph
    states: tuple[Node, ...]
    slopes: tuple[Node, ...]
    jacobian: tuple[tuple[Node, ...], ...]
    by_time: tuple[Node, ...]
    start: tuple[Node, ...]
    switches: tuple[Node, ...]
    doses: tuple[tuple[Node, int, Node, Node], ...]
    outputs: tuple[Node, ...]
    crossings: tuple[Node, ...]
    changes: tuple[tuple[Node, ...], ...]


def _called(model: Model, function: Callable[..., Any], *args: Any) -> Any:
    """Call a model function with symbols; errors name the model and the function."""
    try:
        return function(*args)
    except TraceError as error:
        file = inspect.getsourcefile(function)
        where = f"{model.name}, {function.__name__}"
        if file:
            where += f" in {file.replace(chr(92), '/').rsplit('/', 1)[-1]}"
        raise TraceError(f"{error.given} [{where}]", error.expected, error.do) from None


def trace(model: Model) -> Program:
    """Trace ``model``. Raises TraceError, naming function and line, for what cannot be traced."""
    graph = Graph()
    t, phase = graph.input("t"), graph.input("phase")
    p = TracedParameters(model, graph)
    z = tuple(graph.input(f"z.{name}") for name in model.states)
    y = tuple(
        graph.make("exp", node) if name in model.log_states else node
        for name, node in zip(model.states, z, strict=True)
    )
    names = list(model.states)
    doses = []
    for dose in _called(model, model.doses, p):
        time, state, amount, *rest = dose
        if state not in names:
            raise unknown_name(state, names, f"state of {model.name}")
        duration = rest[0] if rest else 0
        doses.append(
            (graph.lift(time), names.index(state), graph.lift(amount), graph.lift(duration))
        )
    lasting = [(i, d) for _, i, _, d in doses if not (d.op == "const" and d.value == 0)]
    infused = {i for i, _ in lasting}

    slopes = []
    for i, slope in enumerate(_called(model, model.rhs, t, y, p, phase)):
        node = graph.lift(slope)
        if i in infused:
            node = node + graph.input(f"u.{names[i]}")
        slopes.append(graph.quotient(node, y[i]) if names[i] in model.log_states else node)
    start = [graph.lift(v) for v in _called(model, model.initial, p)]
    outputs = _called(model, model.outputs, t, y, p, phase)
    crossings = [_called(model, e.crossing, t, y, p, phase) for e in model.events]
    changes = [_called(model, e.change, t, y, p, phase) for e in model.events]
    return Program(
        model=model,
        graph=graph,
        states=z,
        slopes=tuple(slopes),
        jacobian=tuple(tuple(graph.slope(s, v) for v in z) for s in slopes),
        by_time=tuple(graph.slope(s, t) for s in slopes),
        start=tuple(start),
        switches=tuple(graph.lift(s) for s in _called(model, model.switches, p)),
        doses=tuple(doses),
        outputs=tuple(graph.lift(outputs[name]) for name in model.observed),
        crossings=tuple(graph.lift(c) for c in crossings),
        changes=tuple(tuple(graph.lift(v) for v in change) for change in changes),
    )


def inputs_at(program: Program, p: Any, t: Any, y: Any, phase: Any) -> dict[str, Any]:
    """The inputs of a program for natural states ``y``: for probes and tests."""
    values: dict[str, Any] = {"t": t, "phase": phase}
    values.update({f"p.{name}": getattr(p, name) for name in program.model.parameters})
    for name, value in zip(program.model.states, y, strict=True):
        values[f"z.{name}"] = np.log(value) if name in program.model.log_states else value
        values[f"u.{name}"] = 0.0
    return values

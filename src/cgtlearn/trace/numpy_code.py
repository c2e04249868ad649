"""Write a traced model as NumPy, for many patients at once.

The text holds five functions. ``N`` is the number of patients; every name is an array over
patients, or a single number where all patients share it.

``setup(p)``                     what depends on parameters alone: ``(c, start, switches, doses)``
``held(c, h, u)``                what also depends on the phase ``h`` or the inflow of infusions
                                 ``u``: it keeps its value between two stops of a course
``slopes(t, z, c, g, o)``        dz/dt into the rows of ``o``; ``g`` is what ``held`` returned
``jacobian(t, z, c, g)``         the entries of the Jacobian that are not zero, in the order of
                                 ``entries``
``by_time(t, z, c, g)``          d slopes / dt, those that are not zero, in the order of ``timed``

``z`` holds the states, those of ``log_states`` as logarithms. Every operation acts on each patient
by itself, so a number does not depend on who stands beside.

For one patient, NumPy's functions cost more than the arithmetic. ``scalar_code`` writes the slopes
for plain floats: ``bind(c, g)`` gives a function ``slopes(t, z)`` of a float and a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cgtlearn.trace.graph import BINARY, LOGICAL, UNARY, Node, needed
from cgtlearn.trace.javascript import STRENGTH, Writer, is_zero, lifted
from cgtlearn.trace.program import Program

__all__ = ["Compiled", "compiled", "numpy_code"]

WRITTEN = {"exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh", "abs": "abs_",
           "min": "minimum", "max": "maximum", "pow": "power", "and": "logical_and",
           "or": "logical_or", "not": "logical_not", "where": "where"}  # fmt: skip
INTO = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
NAMES = {
    **{name: (BINARY | UNARY)[op] for op, name in {**WRITTEN, **INTO}.items() if op != "where"},
    "where": np.where,
    "Infinity": np.inf,
    "NaN": np.nan,
}


def _minimum(a: float, b: float) -> float:
    return a if a < b or a != a else b  # NaN wins, as in NumPy


def _maximum(a: float, b: float) -> float:
    return a if a > b or a != a else b


SCALAR_NAMES = {
    **{name: getattr(math, name) for name in ("exp", "log", "sqrt", "tanh")},
    "abs_": abs,
    "minimum": _minimum,
    "maximum": _maximum,
    "power": math.pow,
    "logical_and": lambda a, b: bool(a) and bool(b),
    "logical_or": lambda a, b: bool(a) or bool(b),
    "logical_not": lambda a: not a,
    "Infinity": math.inf,
    "NaN": math.nan,
}


class NumpyWriter(Writer):
    """Expressions of one function, as Python."""

    def head(self) -> str:
        """The local names, a line each."""
        return "".join(f"    v{i} = {text}\n" for i, text in enumerate(self.lines))

    def text(self, node: Node) -> tuple[str, int]:
        """An expression, and how strongly its outermost operator binds."""
        if node.index in self.names or node.op in ("const", "input", "neg"):
            return super().text(node)
        if node.op in WRITTEN:
            inside = ", ".join(self.text(a)[0] for a in node.args)
            return f"{WRITTEN[node.op]}({inside})", 9
        # NumPy adds two truth values to a truth value: make numbers of them first.
        parts = [f"(1.0 * {self.text(a)[0]})" if a.op in LOGICAL else "" for a in node.args]
        if any(parts):
            left, right = (
                part or f"({self.text(a)[0]})" for part, a in zip(parts, node.args, strict=True)
            )
            return f"({left} {node.op} {right})", 9
        return super().text(node)

    def into(self, target: str, node: Node) -> str:
        """A line that writes a node into an array, without a copy where that is possible."""
        plain = node.index not in self.names and not any(a.op in LOGICAL for a in node.args)
        if node.op in INTO and plain and STRENGTH.get(node.op):
            left, right = (self.text(a)[0] for a in node.args)
            return f"    {INTO[node.op]}({left}, {right}, out={target})\n"
        return f"    {target}[...] = {self.text(node)[0]}\n"


class ScalarWriter(NumpyWriter):
    """The same for plain floats. Where NumPy gives infinity or NaN, ``math`` raises an error."""

    def text(self, node: Node) -> tuple[str, int]:
        if node.op == "where" and node.index not in self.names:
            test, yes, no = (self.text(a)[0] for a in node.args)
            return f"(({yes}) if {test} else ({no}))", 9
        return super().text(node)


@dataclass(frozen=True)
class Compiled:
    """The functions of a traced model, and where the entries of its Jacobian stand."""

    program: Program
    text: str
    setup: Callable[..., Any]
    held: Callable[..., Any]
    slopes: Callable[..., None]
    jacobian: Callable[..., tuple[Any, ...]]
    by_time: Callable[..., tuple[Any, ...]]
    bind: Callable[..., Callable[[float, list[float]], list[float]]]
    entries: tuple[tuple[int, int], ...]
    timed: tuple[int, ...]
    uses_time: bool


def _parts(program: Program) -> tuple[list[tuple[int, int]], list[int]]:
    entries = [
        (i, j)
        for i, row in enumerate(program.jacobian)
        for j, node in enumerate(row)
        if not is_zero(node)
    ]
    return entries, [i for i, node in enumerate(program.by_time) if not is_zero(node)]


def held_apart(program: Program) -> tuple[list[Node], list[Node]]:
    """What needs no new value at every step: ``(constants, kept)``.

    ``constants`` depend on parameters alone: the ``c`` of the functions. ``kept`` depend on the
    phase or on the inflow as well and keep their value between two stops: the ``g``.
    """
    graph = program.graph
    moving = {node.index for node in (*program.states, graph.input("t"))}
    stops = {graph.input("phase").index}
    stops |= {graph.input(f"u.{name}").index for name in program.model.states}
    entries, timed = _parts(program)
    running = [*program.slopes, *(program.jacobian[i][j] for i, j in entries)]
    running += [program.by_time[i] for i in timed]
    alone = {node.index for node in lifted(running, moving | stops)}
    kept = [node for node in lifted(running, moving) if node.index not in alone]
    return lifted([*running, *kept], moving | stops), kept


def numpy_code(program: Program) -> str:
    """The five functions of a traced model, as text. See the module's docstring."""
    graph, model = program.graph, program.model
    parameters = {
        graph.input(f"p.{name}").index: f"p[{i}]" for i, name in enumerate(model.parameters)
    }
    states = {node.index: f"z{i}" for i, node in enumerate(program.states)}
    time = {graph.input("t").index: "t"}
    between = {graph.input("phase").index: "h"}
    between |= {graph.input(f"u.{name}").index: f"u[{i}]" for i, name in enumerate(model.states)}

    entries, timed = _parts(program)
    jacobian = [program.jacobian[i][j] for i, j in entries]
    by_time = [program.by_time[i] for i in timed]
    constants, kept = held_apart(program)
    constant = {node.index: f"c[{i}]" for i, node in enumerate(constants)}
    holding = {node.index: f"g[{i}]" for i, node in enumerate(kept)}

    def listed(writer: NumpyWriter, nodes: Iterable[Node]) -> str:
        return "(" + "".join(f"{writer.text(n)[0]}, " for n in nodes) + ")"

    def function(head: str, names: dict[int, str], nodes: Sequence[Node], unpack: str = "") -> str:
        writer = NumpyWriter(names, nodes)
        return f"def {head}:\n{unpack}{writer.head()}    return {listed(writer, nodes)}\n"

    dosing = [part for t, _, amount, length in program.doses for part in (t, amount, length)]
    setup = NumpyWriter(parameters, [*constants, *program.start, *program.switches, *dosing])
    doses = "".join(
        f"({setup.text(t)[0]}, {i}, {setup.text(amount)[0]}, {setup.text(length)[0]}), "
        for t, i, amount, length in program.doses
    )
    moving = {**states, **time, **constant, **holding}
    unpack = f"    {', '.join(states.values())}, = z\n"
    slopes = NumpyWriter(moving, program.slopes)
    lines = "".join(slopes.into(f"o[{i}]", node) for i, node in enumerate(program.slopes))
    return "\n".join(
        [
            f"def setup(p):\n{setup.head()}    return ({listed(setup, constants)}, "
            f"{listed(setup, program.start)}, {listed(setup, program.switches)}, ({doses}))\n",
            function("held(c, h, u)", {**constant, **between}, kept),
            f"def slopes(t, z, c, g, o):\n{unpack}{slopes.head()}{lines}",
            function("jacobian(t, z, c, g)", moving, jacobian, unpack),
            function("by_time(t, z, c, g)", moving, by_time, unpack),
        ]
    )


def scalar_code(program: Program) -> str:
    """``bind(c, g)``, which gives ``slopes(t, z)`` for plain floats, as text."""
    constants, kept = held_apart(program)
    behind = {node.index for node in needed(program.slopes)}
    names = {node.index: f"z{i}" for i, node in enumerate(program.states)}
    names[program.graph.input("t").index] = "t"
    unpack = ""
    for letter, nodes in (("c", constants), ("g", kept)):
        names |= {node.index: f"{letter}{i}" for i, node in enumerate(nodes)}
        used = [i for i, node in enumerate(nodes) if node.index in behind]
        unpack += "".join(f"    {letter}{i} = float({letter}[{i}])\n" for i in used)
    writer = ScalarWriter(names, program.slopes)
    lines = "".join(f"        v{i} = {text}\n" for i, text in enumerate(writer.lines))
    states = ", ".join(f"z{i}" for i in range(len(program.states)))
    slopes = ", ".join(writer.text(node)[0] for node in program.slopes)
    return (
        f"def bind(c, g):\n{unpack}    def slopes(t, z):\n        {states}, = z\n"
        f"{lines}        return [{slopes}]\n    return slopes\n"
    )


def compiled(program: Program) -> Compiled:
    """The functions of a traced model, ready to call."""
    text = numpy_code(program)
    functions: dict[str, Any] = dict(NAMES)
    exec(compile(text, f"<{program.model.name} as NumPy>", "exec"), functions)
    scalar: dict[str, Any] = dict(SCALAR_NAMES)
    exec(compile(scalar_code(program), f"<{program.model.name} as floats>", "exec"), scalar)
    entries, timed = _parts(program)
    behind = needed([*program.slopes, *(n for row in program.jacobian for n in row)])
    return Compiled(
        program=program,
        text=text,
        **{name: functions[name] for name in ("setup", "held", "slopes", "jacobian", "by_time")},
        bind=scalar["bind"],
        entries=tuple(entries),
        timed=tuple(timed),
        uses_time=any(n is program.graph.input("t") for n in behind),
    )

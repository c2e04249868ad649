"""Write a traced model as JavaScript.

The text is one object literal::

    {n, p, s(p), f(t,z,c,h,u,o), j(t,z,c,h,u,J,T), g(t,z,c,h,o)}

``s(p)`` takes the parameter values, in the order of the model, and returns ``{c, y0, w, d}``: what
depends on parameters alone, the start (natural states), the switches, and the doses as
``[time, state, amount, duration]``. ``f`` writes the slopes into ``o``, ``j`` the Jacobian (row by
row) into ``J`` and the derivative by time into ``T``, ``g`` the outputs into ``o``. ``z`` holds the
states, those of ``log_states`` as logarithms; ``h`` is the phase; ``u`` the inflow of infusions. A
model with events has also ``e(t,z,c,h,o)``, the crossings, and ``x(k,t,z,c,h,o)``, the states after
event k.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from cgtlearn.trace.graph import LOGICAL, Node, needed
from cgtlearn.trace.program import Program

__all__ = ["javascript"]

INFIX = {"+": "+", "-": "-", "*": "*", "/": "/", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
         "==": "==", "!=": "!=", "and": "&&", "or": "||"}  # fmt: skip
CALLS = {"exp": "M.exp", "log": "M.log", "sqrt": "M.sqrt", "tanh": "M.tanh", "abs": "M.abs",
         "min": "M.min", "max": "M.max", "pow": "M.pow"}  # fmt: skip
STRENGTH = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4,
            "+": 5, "-": 5, "*": 6, "/": 6}  # fmt: skip
ATOM = 9


def literal(value: float) -> str:
    """A number that JavaScript reads back bit by bit."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if math.isnan(value):
        return "NaN"
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


class Writer:
    """Expressions of one function. Nodes used more than once become local names."""

    def __init__(self, names: dict[int, str], wanted: Sequence[Node]) -> None:
        self.names = dict(names)
        self.lines: list[str] = []
        order = [n for n in self._needed(wanted) if n.op != "const"]
        uses = Counter(a.index for n in order if n.index not in self.names for a in n.args)
        uses.update(n.index for n in wanted)
        for node in order:
            if node.index not in self.names and uses[node.index] > 1:
                text = self.text(node)[0]
                self.names[node.index] = f"v{len(self.lines)}"
                self.lines.append(text)

    def _needed(self, wanted: Iterable[Node]) -> list[Node]:
        """What is behind ``wanted``, but not behind a node that has a name already."""
        found: dict[int, Node] = {}
        stack = list(wanted)
        while stack:
            node = stack.pop()
            if node.index not in found:
                found[node.index] = node
                if node.index not in self.names:
                    stack.extend(node.args)
        return [found[i] for i in sorted(found)]

    def head(self) -> str:
        """The local names, as one statement."""
        if not self.lines:
            return ""
        return "const " + ",".join(f"v{i}={text}" for i, text in enumerate(self.lines)) + ";"

    def text(self, node: Node) -> tuple[str, int]:
        """An expression, and how strongly its outermost operator binds."""
        if node.index in self.names:
            return self.names[node.index], ATOM
        if node.op == "const":
            return literal(node.value), ATOM if node.value >= 0 else 7
        if node.op == "input":
            raise KeyError(node.value)
        if node.op == "where":
            test, yes, no = (self.text(a) for a in node.args)
            if (yes[0], no[0]) == ("1", "0"):  # a comparison counts as 1 or 0
                return f"1*{test[0]}", STRENGTH["*"]
            return f"({test[0]}?{yes[0]}:{no[0]})", ATOM
        if node.op in CALLS:
            return f"{CALLS[node.op]}({','.join(self.text(a)[0] for a in node.args)})", ATOM
        if node.op in ("neg", "not"):
            inner, strength = self.text(node.args[0])
            sign = "-" if node.op == "neg" else "!"
            return sign + (inner if strength == ATOM else f"({inner})"), 7
        symbol = INFIX[node.op]
        mine = STRENGTH[symbol]
        left, right = (self.text(a) for a in node.args)
        if symbol == "*" and right[0] == "-1":
            return "-" + (left[0] if left[1] == ATOM else f"({left[0]})"), 7
        # Equal strength on the right needs brackets: order of operations is kept bit by bit.
        a = left[0] if left[1] >= mine else f"({left[0]})"
        b = right[0] if right[1] > mine and right[1] != 7 else f"({right[0]})"
        text = a + symbol + b
        return (text, mine) if node.op not in LOGICAL else (f"({text})", ATOM)


def javascript(program: Program) -> str:
    """The object literal of a traced model, as text. See the module's docstring."""
    model = program.model
    names = {
        program.graph.input(f"p.{name}").index: f"p[{i}]" for i, name in enumerate(model.parameters)
    }
    moving = {program.graph.input("t").index: "t", program.graph.input("phase").index: "h"}
    for i, name in enumerate(model.states):
        moving[program.states[i].index] = f"z[{i}]"
        moving[program.graph.input(f"u.{name}").index] = f"u[{i}]"

    jacobian = [node for row in program.jacobian for node in row]
    changes = [node for change in program.changes for node in change]
    running = [*program.slopes, *jacobian, *program.by_time]
    running += [*program.outputs, *program.crossings, *changes]
    constants = lifted(running, set(moving))
    dose_parts = [part for t, _, amount, length in program.doses for part in (t, amount, length)]

    setup = Writer(names, [*constants, *program.start, *program.switches, *dose_parts])

    def listed(nodes: Iterable[Node]) -> str:
        return "[" + ",".join(setup.text(n)[0] for n in nodes) + "]"

    doses = ",".join(
        f"[{setup.text(t)[0]},{i},{setup.text(amount)[0]},{setup.text(length)[0]}]"
        for t, i, amount, length in program.doses
    )
    lifted_names = {node.index: f"c[{i}]" for i, node in enumerate(constants)}

    def function(head: str, targets: Sequence[tuple[str, Node]]) -> str:
        writer = Writer({**moving, **lifted_names}, [node for _, node in targets])
        body = "".join(f"{name}={writer.text(node)[0]};" for name, node in targets)
        return f"{head}{{{writer.head()}{body}}}"

    n = len(model.states)
    slots = [(f"J[{k}]", node) for k, node in enumerate(jacobian) if not is_zero(node)]
    slots += [(f"T[{k}]", node) for k, node in enumerate(program.by_time) if not is_zero(node)]
    parts = [
        f"n:{n}",
        f"p:{len(model.parameters)}",
        f"s(p){{{setup.head()}return{{c:{listed(constants)},y0:{listed(program.start)},"
        f"w:{listed(program.switches)},d:[{doses}]}}}}",
        function("f(t,z,c,h,u,o)", [(f"o[{i}]", s) for i, s in enumerate(program.slopes)]),
        function("j(t,z,c,h,u,J,T)", slots),
        function("g(t,z,c,h,o)", [(f"o[{i}]", s) for i, s in enumerate(program.outputs)]),
    ]
    if program.crossings:
        crossings = [(f"o[{i}]", s) for i, s in enumerate(program.crossings)]
        parts.append(function("e(t,z,c,h,o)", crossings))
        cases = [
            function(f"if(k=={k})", [(f"o[{i}]", s) for i, s in enumerate(change)])
            for k, change in enumerate(program.changes)
        ]
        parts.append(f"x(k,t,z,c,h,o){{{''.join(cases)}}}")
    return "{" + ",".join(parts) + "}"


def is_zero(node: Node) -> bool:
    return node.op == "const" and node.value == 0


def lifted(wanted: Sequence[Node], moving: set[int]) -> list[Node]:
    """The largest expressions that depend on parameters alone, and the parameters used as such."""
    depends: dict[int, bool] = {}
    order = needed(wanted)
    for node in order:
        depends[node.index] = node.index in moving or any(depends[a.index] for a in node.args)
    edge: dict[int, Node] = {}
    for node in order:
        if depends[node.index]:
            edge.update({a.index: a for a in node.args if not depends[a.index]})
    edge.update({n.index: n for n in wanted if not depends[n.index]})
    return [node for index, node in sorted(edge.items()) if node.op != "const"]

"""A model's functions as a graph: symbols that record what is done to them.

Call a model function with :class:`Node` arguments instead of numbers, and it returns nodes: the
expression itself. Equal expressions are one node, so common parts are shared. A graph can be
evaluated, differentiated and written as JavaScript; nobody writes an equation a second time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

import numpy as np

from cgtlearn.errors import LearnerError

__all__ = ["Graph", "Node", "TraceError"]

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "pow": np.power,
    "min": np.minimum,
    "max": np.maximum,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": np.negative,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "abs": np.abs,
    "not": np.logical_not,
}
LOGICAL = {"<", "<=", ">", ">=", "==", "!=", "and", "or", "not"}

UFUNCS = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.power: "pow",
    np.float_power: "pow",
    np.minimum: "min",
    np.maximum: "max",
    np.less: "<",
    np.less_equal: "<=",
    np.greater: ">",
    np.greater_equal: ">=",
    np.equal: "==",
    np.not_equal: "!=",
    np.logical_and: "and",
    np.bitwise_and: "and",
    np.logical_or: "or",
    np.bitwise_or: "or",
    np.negative: "neg",
    np.exp: "exp",
    np.log: "log",
    np.sqrt: "sqrt",
    np.tanh: "tanh",
    np.absolute: "abs",
    np.logical_not: "not",
    np.invert: "not",
}


class TraceError(LearnerError):
    """A model function did something that cannot be written in another language."""


def _here() -> str:
    """The function and line that used a node: the innermost frame outside this file and NumPy."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name != __file__ and "numpy" not in name.replace("\\", "/").split("/"):
            return f"{frame.f_code.co_name}, line {frame.f_lineno}"
        frame = frame.f_back
    return "an unknown place"  # pragma: no cover


def _refuse(what: str, do: str) -> TraceError:
    return TraceError(
        given=f"{what} ({_here()})",
        expected="+ - * / **, comparisons, and NumPy's where, minimum, maximum, exp, log, power, "
        "sqrt and tanh",
        do=do,
    )


class Node:
    """One expression. Made by a :class:`Graph` only; equal expressions are the same object."""

    __slots__ = ("args", "graph", "index", "op", "value")
    __array_priority__ = 1000.0

    def __init__(
        self, graph: Graph, op: str, args: tuple[Node, ...], value: Any, index: int
    ) -> None:
        self.graph, self.op, self.args, self.value, self.index = graph, op, args, value, index

    def __repr__(self) -> str:
        if self.op in ("const", "input"):
            return str(self.value)
        return f"{self.op}({', '.join(map(repr, self.args))})"

    # Arithmetic: every operator makes a node.
    def __add__(self, other: Any) -> Node:
        return self.graph.make("+", self, other)

    def __radd__(self, other: Any) -> Node:
        return self.graph.make("+", other, self)

    def __sub__(self, other: Any) -> Node:
        return self.graph.make("-", self, other)

    def __rsub__(self, other: Any) -> Node:
        return self.graph.make("-", other, self)

    def __mul__(self, other: Any) -> Node:
        return self.graph.make("*", self, other)

    def __rmul__(self, other: Any) -> Node:
        return self.graph.make("*", other, self)

    def __truediv__(self, other: Any) -> Node:
        return self.graph.make("/", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return self.graph.make("/", other, self)

    def __pow__(self, other: Any) -> Node:
        return self.graph.make("pow", self, other)

    def __rpow__(self, other: Any) -> Node:
        return self.graph.make("pow", other, self)

    def __neg__(self) -> Node:
        return self.graph.make("neg", self)

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return self.graph.make("abs", self)

    def __lt__(self, other: Any) -> Node:
        return self.graph.make("<", self, other)

    def __le__(self, other: Any) -> Node:
        return self.graph.make("<=", self, other)

    def __gt__(self, other: Any) -> Node:
        return self.graph.make(">", self, other)

    def __ge__(self, other: Any) -> Node:
        return self.graph.make(">=", self, other)

    def __eq__(self, other: Any) -> Node:  # type: ignore[override]
        return self.graph.make("==", self, other)

    def __ne__(self, other: Any) -> Node:  # type: ignore[override]
        return self.graph.make("!=", self, other)

    def __and__(self, other: Any) -> Node:
        return self.graph.make("and", self, other)

    def __rand__(self, other: Any) -> Node:
        return self.graph.make("and", other, self)

    def __or__(self, other: Any) -> Node:
        return self.graph.make("or", self, other)

    def __ror__(self, other: Any) -> Node:
        return self.graph.make("or", other, self)

    def __invert__(self) -> Node:
        return self.graph.make("not", self)

    def __hash__(self) -> int:
        return id(self)

    # What a traced value cannot do is refused at once, with the place.
    def __bool__(self) -> bool:
        raise _refuse(
            "a Python decision (if, and, or, while, min, max) on a traced value",
            "Write np.where(condition, a, b), np.minimum, np.maximum, & and |; declare times in "
            "switches(p) and ask for the phase.",
        )

    def __float__(self) -> float:
        raise _refuse(
            "float(...) or a function of `math` on a traced value",
            "Use NumPy's function of the same name.",
        )

    __int__ = __index__ = __complex__ = __float__

    def __iter__(self) -> Any:
        raise _refuse("a loop over a traced value", "A state or a parameter is one number.")

    def __getitem__(self, key: Any) -> Any:
        raise _refuse("an index into a traced value", "A state or a parameter is one number.")

    def __len__(self) -> int:
        raise _refuse("len(...) of a traced value", "A state or a parameter is one number.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs or ufunc not in UFUNCS:
            raise _refuse(
                f"np.{ufunc.__name__} on a traced value",
                "Write it with the operations of the model contract.",
            )
        return self.graph.make(UFUNCS[ufunc], *inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.where and len(args) == 3 and not kwargs:
            return self.graph.make("where", *args)
        raise _refuse(
            f"np.{func.__name__} on a traced value",
            "Write it with the operations of the model contract.",
        )


class Graph:
    """All nodes of one trace, in the order in which they were made (arguments come first)."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[Any, Node] = {}
        self._slopes: dict[tuple[int, int], Node] = {}

    def input(self, name: str) -> Node:
        """A free symbol."""
        return self._node("input", (), name)

    def constant(self, value: Any) -> Node:
        """A number."""
        return self._node("const", (), float(value))

    def lift(self, value: Any) -> Node:
        """A node for a node or a number; anything else is refused."""
        if isinstance(value, Node):
            if value.graph is not self:
                raise _refuse("a value of another trace", "Trace each model by itself.")
            return value
        if isinstance(value, (bool, int, float, np.generic)) or (
            isinstance(value, np.ndarray) and value.ndim == 0
        ):
            return self.constant(value)
        raise _refuse(
            f"{type(value).__name__} {value!r} together with a traced value",
            "Use single numbers, states and parameters.",
        )

    def _node(self, op: str, args: tuple[Node, ...], value: Any = None) -> Node:
        # repr tells 0.0 from -0.0, and makes NaN equal to itself.
        key = (op, tuple(a.index for a in args), repr(value))
        found = self._known.get(key)
        if found is None:
            found = Node(self, op, args, value, len(self.nodes))
            self._known[key] = found
            self.nodes.append(found)
        return found

    def make(self, op: str, *values: Any) -> Node:
        """The node of an operation, simplified where that is exact."""
        args = tuple(self.lift(v) for v in values)
        if all(a.op == "const" for a in args):
            with np.errstate(all="ignore"):
                return self.constant(_apply(op, [np.float64(a.value) for a in args]))
        simpler = self._simplify(op, args)
        return simpler if simpler is not None else self._node(op, args)

    def _simplify(self, op: str, args: tuple[Node, ...]) -> Node | None:
        def is_(node: Node, value: float) -> bool:
            return node.op == "const" and node.value == value

        a = args[0]
        b = args[1] if len(args) > 1 else a
        if op == "+" and is_(a, 0):
            return b
        if op in ("+", "-") and is_(b, 0):
            return a
        if op == "-" and is_(a, 0):
            return self.make("neg", b)
        if op == "*" and (is_(a, 0) or is_(b, 0)):
            return self.constant(0)
        if op == "*" and is_(a, 1):
            return b
        if op in ("*", "/", "pow") and is_(b, 1):
            return a
        if op == "/" and is_(a, 0):
            return self.constant(0)
        if op in ("<", ">", "!=") and a is b:
            return self.constant(0)
        if op in ("<=", ">=", "==") and a is b:
            return self.constant(1)
        if op == "pow" and is_(b, 0):
            return self.constant(1)
        if op == "neg" and a.op == "neg":
            return a.args[0]
        if op == "where":
            if a.op == "const":
                return args[1] if a.value else args[2]
            if args[1] is args[2]:
                return args[1]
            if all(arg.op == "const" and arg.value == 0 for arg in args[1:]):
                return self.constant(0)  # 0 or -0: nothing either way
        return None

    def quotient(self, node: Node, by: Node) -> Node:
        """``node / by``, with ``by`` cancelled where every term of ``node`` holds it as a factor.

        A state solved as a logarithm has the slope (dy/dt) / y. With y cancelled the slope stays
        right even where y itself is too small for a float.
        """
        cancelled = self._cancelled(node, by)
        return cancelled if cancelled is not None else node / by

    def _cancelled(self, node: Node, by: Node) -> Node | None:
        if node is by:
            return self.constant(1)
        if node.op == "const" and node.value == 0:
            return node
        if node.op in ("+", "-"):
            left, right = (self._cancelled(a, by) for a in node.args)
            return None if left is None or right is None else self.make(node.op, left, right)
        if node.op == "neg":
            part = self._cancelled(node.args[0], by)
            return None if part is None else -part
        if node.op == "where":
            yes, no = (self._cancelled(a, by) for a in node.args[1:])
            return None if yes is None or no is None else self.make("where", node.args[0], yes, no)
        if node.op in ("*", "/"):
            a, b = node.args
            part = self._cancelled(a, by)
            if part is not None:
                return self.make(node.op, part, b)
            if node.op == "*":
                part = self._cancelled(b, by)
                return None if part is None else a * part
        return None

    def evaluate(self, wanted: Iterable[Node], inputs: Mapping[str, Any]) -> list[Any]:
        """The values of nodes for given inputs (numbers or arrays)."""
        wanted = list(wanted)
        values: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for node in needed(wanted):
                if node.op == "const":
                    values[node.index] = node.value
                elif node.op == "input":
                    values[node.index] = inputs[node.value]
                else:
                    values[node.index] = _apply(node.op, [values[a.index] for a in node.args])
        return [values[n.index] for n in wanted]

    def slope(self, node: Node, by: Node) -> Node:
        """The derivative of ``node`` with respect to the input ``by``, as a node.

        At a kink (where, minimum, maximum, abs) it is the slope of the branch taken.
        """
        key = (node.index, by.index)
        if key not in self._slopes:
            for each in needed([node]):
                if (each.index, by.index) not in self._slopes:
                    self._slopes[each.index, by.index] = self._slope(each, by)
        return self._slopes[key]

    def _slope(self, node: Node, by: Node) -> Node:
        if node is by:
            return self.constant(1)
        if node.op in ("const", "input") or node.op in LOGICAL:
            return self.constant(0)
        d = [self._slopes[a.index, by.index] for a in node.args]
        a = node.args[0]
        b = node.args[1] if len(node.args) > 1 else a
        op, make = node.op, self.make
        if op in ("+", "-"):
            return make(op, d[0], d[1])
        if op == "*":
            return d[0] * b + a * d[1]
        if op == "/":
            return d[0] / b - node * d[1] / b
        if op == "pow":
            by_base = make("*", d[0], b * make("pow", a, b - 1))
            return make("+", by_base, make("*", d[1], node * make("log", a)))
        if op == "where":
            return make("where", a, d[1], d[2])
        if op == "min":
            return make("where", a < b, d[0], d[1])
        if op == "max":
            return make("where", a > b, d[0], d[1])
        if op == "abs":
            return make("where", a < 0, -d[0], d[0])
        if op == "neg":
            return -d[0]
        if op == "exp":
            return d[0] * node
        if op == "log":
            return d[0] / a
        if op == "sqrt":
            return d[0] / (2 * node)
        if op == "tanh":
            return d[0] * (1 - node * node)
        raise AssertionError(op)  # pragma: no cover


def _apply(op: str, values: list[Any]) -> Any:
    if op == "where":
        return np.where(*values)
    return (UNARY[op] if op in UNARY else BINARY[op])(*values)


def needed(wanted: Iterable[Node]) -> list[Node]:
    """The nodes behind ``wanted``, arguments first."""
    found: dict[int, Node] = {}
    stack = list(wanted)
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            stack.extend(node.args)
    return [found[i] for i in sorted(found)]

"""Curves as data: a formula of named numbers that any reader can compute.

An author writes ``lambda x, p: p.peak * np.exp(-p.rate * x)``; :func:`trace` runs it once with
symbols and keeps the formula as nested lists, see "Fit" in the package's docstring.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

_TWO: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "less": np.less,
    "less_equal": np.less_equal,
}
_ONE: dict[str, Callable[..., Any]] = {
    "negate": np.negative,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
}
OPERATIONS: dict[str, Callable[..., Any]] = {**_TWO, **_ONE, "where": np.where}
# NumPy's own names for the operations, and ours.
_UFUNCS = {function: name for name, function in {**_TWO, **_ONE}.items()}


class Expression:
    """A formula under construction; ``tree`` is its data."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Expression:
        if ufunc is np.greater or ufunc is np.greater_equal:
            swapped = "less" if ufunc is np.greater else "less_equal"
            return make(swapped, inputs[1], inputs[0])
        if ufunc not in _UFUNCS or method != "__call__" or options:
            raise TypeError(
                f"a curve knows {', '.join(OPERATIONS)}; it cannot use {ufunc.__name__}"
            )
        return make(_UFUNCS[ufunc], *inputs)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        if function is np.where and len(inputs) == 3 and not options:
            return make("where", *inputs)
        raise TypeError(f"a curve cannot use {getattr(function, '__name__', function)}")

    def __add__(self, other: Any) -> Expression:
        return make("add", self, other)

    def __radd__(self, other: Any) -> Expression:
        return make("add", other, self)

    def __sub__(self, other: Any) -> Expression:
        return make("subtract", self, other)

    def __rsub__(self, other: Any) -> Expression:
        return make("subtract", other, self)

    def __mul__(self, other: Any) -> Expression:
        return make("multiply", self, other)

    def __rmul__(self, other: Any) -> Expression:
        return make("multiply", other, self)

    def __truediv__(self, other: Any) -> Expression:
        return make("divide", self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return make("divide", other, self)

    def __pow__(self, other: Any) -> Expression:
        return make("power", self, other)

    def __rpow__(self, other: Any) -> Expression:
        return make("power", other, self)

    def __neg__(self) -> Expression:
        return make("negate", self)

    def __lt__(self, other: Any) -> Expression:
        return make("less", self, other)

    def __le__(self, other: Any) -> Expression:
        return make("less_equal", self, other)

    def __gt__(self, other: Any) -> Expression:
        return make("less", other, self)

    def __ge__(self, other: Any) -> Expression:
        return make("less_equal", other, self)

    def __bool__(self) -> bool:
        raise TypeError("a curve cannot branch with `if`; use np.where")


def make(operation: str, *inputs: Any) -> Expression:
    """An operation on expressions and plain numbers."""
    parts = []
    for part in inputs:
        if isinstance(part, Expression):
            parts.append(part.tree)
        else:
            number = float(part)
            if not math.isfinite(number):
                raise TypeError("a curve holds finite numbers only")
            parts.append(float(f"{number:.12g}"))
    return Expression([operation, *parts])


def trace(curve: Callable[[Any, Any], Any], names: Sequence[str]) -> Any:
    """The formula of ``curve(x, p)`` as nested lists; ``p`` has the names as attributes."""
    symbols = SimpleNamespace(**{name: Expression(name) for name in names})
    made = curve(Expression("x"), symbols)
    if not isinstance(made, Expression):
        raise TypeError("the curve depends neither on x nor on a parameter")
    return made.tree


def evaluate(tree: Any, numbers: Mapping[str, Any]) -> np.ndarray:
    """A formula's values, for numbers by name (``x`` among them)."""
    with np.errstate(all="ignore"):
        return np.asarray(_evaluate(tree, numbers), dtype=float)


def _evaluate(tree: Any, numbers: Mapping[str, Any]) -> Any:
    if isinstance(tree, str):
        return numbers[tree]
    if isinstance(tree, list):
        return OPERATIONS[tree[0]](*(_evaluate(part, numbers) for part in tree[1:]))
    return tree

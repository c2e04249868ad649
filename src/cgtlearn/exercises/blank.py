"""The blank to be filled in: ``____`` (four underscores), which no calculation can pass off.

>>> from cgtlearn.exercises import ____
>>> rate = np.log(____) / 3

A blank stays a blank through arithmetic and NumPy, so ``check`` still sees it and says that
nothing has been tried, where Python alone would stop with a NameError or a TypeError.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from ..errors import LearnerError


class UnfilledBlank(LearnerError):
    """Something asked a blank for a value."""

    def __init__(self, *_parts: str) -> None:
        super().__init__(
            given="a blank, ____",
            expected="your own expression in its place",
            do="fill in every ____ and run the cell again",
        )


class Blank:
    """What stands for an expression that is not written yet."""

    __array_priority__ = 1000.0

    def __repr__(self) -> str:
        return "____"

    def _stay(self, *_others: Any, **_options: Any) -> Blank:
        return self

    def _refuse(self, *_others: Any) -> Any:
        raise UnfilledBlank

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _stay
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _stay
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __neg__ = __pos__ = __abs__ = _stay
    __lt__ = __le__ = __gt__ = __ge__ = __and__ = __or__ = __invert__ = _stay
    __call__ = __getitem__ = __array_ufunc__ = __array_function__ = _stay
    __bool__ = __len__ = __iter__ = __float__ = __int__ = __index__ = __array__ = _refuse


____ = Blank()


def is_blank(value: Any) -> bool:
    """Is this the ``...`` of a starter, a ``____``, or nothing at all?"""
    return value is None or value is Ellipsis or value is NotImplemented or type(value) is Blank


def _left(tree: ast.AST) -> bool:
    """Does the code still hold a blank? The ``...`` inside an index is NumPy's, not ours."""
    inside_index = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        for part in ast.walk(node.slice)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value is Ellipsis:
            if id(node) not in inside_index:
                return True
        if isinstance(node, ast.Name) and re.fullmatch(r"_{4,}", node.id):
            return True
    return False


def source_problem(source: str) -> tuple[str, str] | None:
    """What keeps code, given as text, from being judged: ``(status, message)``, or None.

    A syntax error is "invalid", and the message names its line; a blank that is left (``...`` or
    ``____``) is "not attempted". For a reader of notebooks: a cell that Python cannot read never
    runs, so its ``check`` never runs either.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        lines = source.splitlines()
        place = f" in line {line}" if line else ""
        shown = f": `{lines[line - 1].strip()[:60]}`" if line and line <= len(lines) else ""
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        return (
            "invalid",
            f"Python cannot read your code: syntax error{place}{shown} ({what}). Nothing has been "
            "computed. Look at that line and the one above it for a bracket, a quote or a colon.",
        )
    except (MemoryError, RecursionError):
        return "invalid", "Your code is nested too deeply for Python to read."
    if _left(tree):
        return "not attempted", "A blank (... or ____) is left in your code. Fill it in."
    return None

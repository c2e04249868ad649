"""What an exercise's source uses to say what is right, what is wrong, and why.

A spec is one call of :func:`exercise`. It runs once, when the exercises are compiled, and leaves
plain data behind; see the package's docstring for that format. Mistakes of an author raise
:class:`SpecError` with what was given and what to do.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .slips import SLIPS

KINDS = (
    "predict",
    "fill-in",
    "find-the-bug",
    "order",
    "choose",
    "fit",
    "criticise",
    "decide",
    "explain",
)
LEVELS = (1, 2, 3)


class SpecError(ValueError):
    """An exercise's source says something that cannot be compiled."""


def encode(value: Any) -> Any:
    """Numbers as JSON holds them: 12 significant digits, NaN and infinities as text."""
    array = np.asarray(value)
    if array.dtype.kind not in "iufb":
        raise SpecError(f"expected plain numbers, got {type(value).__name__} ({array.dtype})")

    def convert(item: Any) -> Any:
        if isinstance(item, list):
            return [convert(part) for part in item]
        number = float(item)
        return float(f"{number:.12g}") if math.isfinite(number) else str(number)

    return convert(array.astype(float).tolist())


def _finite(value: Any, what: str) -> Any:
    if not np.all(np.isfinite(np.asarray(value, dtype=float))):
        raise SpecError(f"{what} is not finite: {value!r}")
    return encode(value)


def _tolerance(rtol: float, atol: float) -> dict[str, float]:
    if not (0 <= rtol < 0.5 and 0 <= atol < math.inf and rtol + atol > 0):
        raise SpecError(f"rtol {rtol} and atol {atol}: one of them must be positive, rtol < 0.5")
    return {"rtol": float(rtol), "atol": float(atol)}


def number(
    value: float,
    unit: str = "1",
    rtol: float = 0.02,
    atol: float = 0.0,
    shared_slips: bool = True,
    when_right: str = "",
) -> dict[str, Any]:
    """One number in ``unit``; right within ``atol + rtol * |value|``.

    ``shared_slips=False`` keeps slips that are not listed from being named. ``when_right`` is said
    to whoever gets it right.
    """
    if np.ndim(value) != 0:
        raise SpecError(f"number() got an array of shape {np.shape(value)}; use array()")
    return {
        "type": "number",
        "value": _finite(value, "the right number"),
        "unit": unit,
        **_tolerance(rtol, atol),
        "shared_slips": bool(shared_slips),
        "when_right": when_right,
    }


def array(
    value: Any,
    unit: str = "1",
    rtol: float = 0.02,
    atol: float = 0.0,
    shared_slips: bool = True,
    when_right: str = "",
) -> dict[str, Any]:
    """Several numbers, each right within ``atol + rtol * |value|``; the shape counts."""
    if np.ndim(value) == 0:
        raise SpecError("array() got one number; use number()")
    return {
        "type": "array",
        "value": _finite(value, "the right array"),
        "unit": unit,
        **_tolerance(rtol, atol),
        "shared_slips": bool(shared_slips),
        "when_right": when_right,
    }


def choice(options: Mapping[str, str], right: str, when_right: str = "") -> dict[str, Any]:
    """One of several options, a dict of key -> text. Every other option needs its own slip."""
    options = {str(key): str(text) for key, text in options.items()}
    if right not in options:
        raise SpecError(f"the right choice {right!r} is not among {list(options)}")
    if len({key.lower() for key in options}) != len(options) or len(options) < 2:
        raise SpecError("a choice needs two or more options whose keys differ beyond their case")
    return {"type": "choice", "options": options, "right": right, "when_right": when_right}


def order(
    lines: Mapping[str, str],
    right: Sequence[str],
    also: Sequence[Sequence[str]] = (),
    when_right: str = "",
) -> dict[str, Any]:
    """Lines (key -> text) to be put in order. ``also`` lists other right orders.

    A key that is in no right order is a line that does not belong.
    """
    lines = {str(key): str(text) for key, text in lines.items()}
    orders = [[str(key) for key in keys] for keys in [right, *also]]
    for keys in orders:
        if len(set(keys)) != len(keys) or not set(keys) <= set(lines):
            raise SpecError(f"the order {keys} repeats a key or names one that is not a line")
        if set(keys) != set(orders[0]):
            raise SpecError(f"the order {keys} uses other lines than {orders[0]}")
    return {
        "type": "order",
        "lines": lines,
        "right": orders[0],
        "also": orders[1:],
        "when_right": when_right,
    }


def _encode_argument(value: Any) -> Any:
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    return _finite(value, "a probe")


def function(
    reference: Callable[..., Any],
    probes: Sequence[Any],
    rtol: float = 1e-6,
    atol: float = 0.0,
    shared_slips: bool = True,
    when_right: str = "",
) -> dict[str, Any]:
    """A function, known by its values at ``probes``.

    Each probe is a tuple of arguments (or one argument): numbers, text, or lists that the learner's
    function gets as arrays. ``reference`` is the right function.
    """
    if not callable(reference):
        raise SpecError("function() needs the right function itself as its first argument")
    if not probes:
        raise SpecError("function() needs at least one probe")
    arguments = list(inspect.signature(reference).parameters)
    encoded = []
    for probe in probes:
        parts = probe if isinstance(probe, tuple) else (probe,)
        encoded.append([_encode_argument(part) for part in parts])
    spec: dict[str, Any] = {
        "type": "function",
        "arguments": arguments[: len(encoded[0])],
        "probes": encoded,
        **_tolerance(rtol, atol),
        "shared_slips": bool(shared_slips),
        "when_right": when_right,
    }
    spec["values"] = values_at_probes(spec, reference)
    for value in spec["values"]:
        if "nan" in str(value) or "inf" in str(value):
            raise SpecError(f"the right function is not finite at its probes: {spec['values']}")
    return spec


def values_at_probes(spec: Mapping[str, Any], candidate: Callable[..., Any]) -> list[Any]:
    """The values of a function at a spec's probes, encoded."""
    values = []
    with np.errstate(all="ignore"):
        for probe in spec["probes"]:
            parts = [np.asarray(v, dtype=float) if isinstance(v, list) else v for v in probe]
            values.append(encode(candidate(*parts)))
    return values


def slip(answer: Any, key: str, message: str, try_this: str = "") -> dict[str, Any]:
    """One wrong answer: the answer itself, the shared misconception behind it, what to say.

    ``message`` says why this answer comes about. ``try_this`` says what to do; without it the
    shared misconception's advice is used. ``answer`` is a number, an array, an option's key, an
    order, or a function, as the exercise asks for.
    """
    if key not in SLIPS:
        raise SpecError(f"no shared misconception {key!r}; the keys are: {', '.join(SLIPS)}")
    if len(message.split()) < 4:
        raise SpecError(f"the message {message!r} does not say why the answer comes about")
    return {"answer": answer, "slip": key, "message": message, "try": try_this}


_collected: list[dict[str, Any]] = []


def exercise(
    id: str,
    *,
    kind: str,
    level: int,
    minutes: float,
    title: str,
    answer: dict[str, Any],
    wrong: Sequence[dict[str, Any]],
    hints: Sequence[str],
) -> None:
    """Declare one exercise. Raises :class:`SpecError` where a rule is broken."""
    if not re.fullmatch(r"\d\d\.\d+", id):
        raise SpecError(f'the id {id!r} should look like "07.1"')
    if kind not in KINDS:
        raise SpecError(f"{id}: kind {kind!r} is none of {', '.join(KINDS)}")
    if level not in LEVELS:
        raise SpecError(f"{id}: level {level!r} is none of {LEVELS}")
    if not 0 < minutes <= 60:
        raise SpecError(f"{id}: {minutes} minutes; give between 1 and 60")
    if len(hints) != 2 or not all(len(hint.split()) >= 4 for hint in hints):
        raise SpecError(f"{id}: give exactly two hints, each a sentence")
    if not wrong:
        raise SpecError(f"{id}: give at least one named wrong answer")
    _collected.append(
        {
            "id": id,
            "title": title,
            "kind": kind,
            "level": int(level),
            "minutes": minutes,
            "answer": answer,
            "wrong": [_encode_wrong(id, answer, entry) for entry in wrong],
            "hints": list(hints),
        }
    )


def encode_answer(spec: Mapping[str, Any], value: Any) -> Any:
    """An answer to this spec as plain data."""
    if spec["type"] == "function":
        if not callable(value):
            raise SpecError(f"expected a function, got {type(value).__name__}")
        return values_at_probes(spec, value)
    if spec["type"] == "choice":
        return str(value)
    if spec["type"] == "order":
        return [str(key) for key in value]
    encoded = encode(value)
    if spec["type"] == "number" and isinstance(encoded, list):
        raise SpecError(f"expected one number, got an array of shape {np.shape(value)}")
    return encoded


def _encode_wrong(id: str, spec: Mapping[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**entry, "answer": encode_answer(spec, entry["answer"])}
    except Exception as error:
        raise SpecError(f"{id}: the wrong answer for {entry['slip']!r} fails: {error}") from error


def collect() -> list[dict[str, Any]]:
    """The exercises declared since the last call, and forget them."""
    found = list(_collected)
    _collected.clear()
    return found

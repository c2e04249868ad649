"""What an exercise's source uses to say what is right, what is wrong, and why.

A spec is one call of :func:`exercise`. It runs once, when the exercises are compiled, and leaves
plain data behind; see the package's docstring for that format. Mistakes of an author raise
:class:`SpecError` with what was given and what to do.
"""

from __future__ import annotations

import decimal
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import curves, drawing
from .judging import decode, misfit
from .recipes import (  # noqa: F401  a spec uses them
    PATTERNS,
    area_slips,
    assay_slips,
    burden_slips,
    factor_assay_slips,
    limit_slips,
    mean_slips,
    spread_slips,
)
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
    function gets as arrays. ``reference`` is the right function. A grader calls it at further
    inputs near the probes, so it should be right there too.
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


def fit(
    curve: Callable[[Any, Any], Any] | None,
    parameters: Mapping[str, tuple[float, str, float | None]],
    x: Any,
    y: Any,
    *,
    x_name: str = "t",
    x_unit: str = "1",
    y_unit: str = "1",
    residual: str = "log",
    slack: float = 1.1,
    fitted: Any = None,
    shared_slips: bool = True,
    when_right: str = "",
) -> dict[str, Any]:
    """Parameters that bring a curve to data, judged by how well it meets them and by tolerance.

    ``parameters``: name -> (best value, unit, rtol), with rtol None where the data do not tell it.
    ``curve(x, p)`` is written with arithmetic, np.exp, np.log, np.sqrt, np.where and the like; it
    becomes a formula that any reader can compute. For a curve that has no formula give None, and
    the best curve at ``x`` as ``fitted``; the learner then hands in theirs too. ``residual`` is
    "log" (ln y - ln f) or "linear" (y - f); a misfit up to ``slack`` times the best one is allowed.
    """
    names = list(parameters)
    if not names or any(not name.isidentifier() or name in ("x", "curve") for name in names):
        raise SpecError(f"the parameters {names} need names, none of them x or curve")
    if residual not in ("log", "linear"):
        raise SpecError(f'residual {residual!r}; give "log" or "linear"')
    if not 1 <= slack <= 3:
        raise SpecError(f"slack {slack}: give between 1 and 3")
    listed = []
    for name, (value, unit, rtol) in parameters.items():
        if rtol is not None and not 0 < rtol < 0.5:
            raise SpecError(f"{name}: rtol {rtol}; give above 0 and below 0.5, or None")
        listed.append(
            {
                "name": name,
                "value": _finite(value, name),
                "unit": unit,
                "rtol": None if rtol is None else float(rtol),
            }
        )
    spec: dict[str, Any] = {
        "type": "fit",
        "parameters": listed,
        "x": _finite(np.ravel(x), "x"),
        "y": _finite(np.ravel(y), "y"),
        "x_name": x_name,
        "x_unit": x_unit,
        "y_unit": y_unit,
        "residual": residual,
        "curve": None if curve is None else curves.trace(curve, names),
        "shared_slips": bool(shared_slips),
        "when_right": when_right,
    }
    if len(spec["x"]) != len(spec["y"]) or len(spec["x"]) < 2:
        raise SpecError("x and y need the same length, two points or more")
    if residual == "log" and min(spec["y"]) <= 0:
        raise SpecError("a log residual needs data above zero")
    if curve is None:
        if all(entry["rtol"] is None for entry in listed) or fitted is None:
            raise SpecError("without a curve give fitted=, and one rtol or more")
        best = decode(_finite(np.ravel(fitted), "the fitted curve"))
        if best.shape != (len(spec["x"]),):
            raise SpecError("the fitted curve needs a value for each x")
        spec["fitted"] = encode(best)
    else:
        numbers = {entry["name"]: entry["value"] for entry in listed}
        best = curves.evaluate(spec["curve"], {**numbers, "x": decode(spec["x"])})
        direct = np.asarray(curve(decode(spec["x"]), SimpleNamespace(**numbers)), dtype=float)
        if not np.allclose(best, direct, rtol=1e-9, atol=0):
            raise SpecError("the traced curve differs from the curve; use NumPy's functions only")
        best = np.broadcast_to(best, np.shape(spec["y"]))
    if residual == "log" and not np.all(best > 0):
        raise SpecError("a log residual needs a curve above zero")
    if curve is not None:
        _check_best(spec, misfit(spec, best))
    allowed = slack * misfit(spec, best)
    # Data without noise would allow nothing; a hundredth of a logarithm or of the largest is fair.
    least = 0.01 if residual == "log" else 0.01 * float(np.max(np.abs(decode(spec["y"]))))
    spec["allowed"] = _finite(max(allowed, least), "the allowed misfit")
    return spec


def _check_best(spec: dict[str, Any], best: float) -> None:
    """No parameter, changed alone by a little or a quarter, brings the curve markedly nearer."""
    numbers = {entry["name"]: entry["value"] for entry in spec["parameters"]}
    for name in numbers:
        for factor in (0.8, 0.98, 1.02, 1.25):
            moved = {**numbers, name: numbers[name] * factor, "x": decode(spec["x"])}
            values = np.broadcast_to(curves.evaluate(spec["curve"], moved), np.shape(spec["y"]))
            with np.errstate(all="ignore"):
                found = misfit(spec, values)
            if found < 0.95 * best:
                raise SpecError(
                    f"{name} = {numbers[name]:g} is not the best: times {factor} the misfit falls "
                    f"from {best:.3g} to {found:.3g}"
                )


def idea(name: str, patterns: Sequence[str], missing: str, key: str = "") -> dict[str, Any]:
    """One idea of a text: its name, the patterns by which it is known, what to say without it.

    A pattern holds words in order, as "limit unknown|censor*"; see "Text" in the package's
    docstring. ``missing`` leads to the idea without giving it away.
    """
    _check_patterns(patterns)
    if len(missing.split()) < 4:
        raise SpecError(f"the idea {name!r} needs a sentence for whoever leaves it out")
    return {
        "key": key or "-".join(re.findall(r"[a-z0-9]+", name.lower())),
        "name": name,
        "patterns": list(patterns),
        "missing": missing,
    }


def text(
    ideas: Sequence[Mapping[str, Any]],
    model: str,
    *,
    needed: int | None = None,
    least_words: int = 8,
    also: Sequence[str] = (),
    when_right: str = "",
) -> dict[str, Any]:
    """A few sentences, judged by the ideas in them (:func:`idea`) and by misconceptions.

    ``model`` is a model answer, ``also`` are other texts that must be right. ``needed`` is how
    many of the ideas (default: all). Each slip needs ``patterns``; its answer is an example.
    """
    needed = len(ideas) if needed is None else needed
    if not 1 <= needed <= len(ideas):
        raise SpecError(f"needed = {needed} of {len(ideas)} ideas")
    if least_words < 5:
        raise SpecError("least_words below 5 lets one word pass for an explanation")
    return {
        "type": "text",
        "ideas": [dict(one) for one in ideas],
        "needed": needed,
        "least_words": least_words,
        "model": " ".join(model.split()),
        "also": [" ".join(one.split()) for one in also],
        "when_right": when_right,
    }


def _check_patterns(patterns: Sequence[str]) -> None:
    if isinstance(patterns, str) or not patterns:
        raise SpecError("patterns is a list of texts")
    for pattern in patterns:
        for term in pattern.split() or [""]:
            for choice in term.split("|"):
                if not re.fullmatch(r"[a-z0-9]+\*?|%", choice):
                    raise SpecError(
                        f"the pattern {pattern!r} holds {choice!r}; use small plain letters and "
                        "digits, * at the end and | between choices"
                    )


# --- numbers that differ from learner to learner -------------------------------------------------


def among(*values: float | str) -> list[float | str]:
    """One of these values; the first stands in the printed text."""
    if len(set(values)) < 2 or len(set(values)) != len(values):
        raise SpecError(f"among{values} needs two or more different values")
    return list(values)


def between(low: float, high: float, step: float, default: float) -> list[float | str]:
    """One of low, low + step, ... up to high; ``default`` stands in the printed text."""
    low_, high_, step_, first = (decimal.Decimal(str(v)) for v in (low, high, step, default))
    if not (step_ > 0 and low_ < high_ and low_ <= first <= high_):
        raise SpecError(f"between({low}, {high}, step={step}, default={default}) holds nothing")
    count = int((high_ - low_) / step_) + 1
    values = [float(low_ + k * step_) for k in range(count)]
    return [float(first), *[value for value in values if value != float(first)]]


def candidates(id: str, draw: Mapping[str, Sequence[Any]], most: int) -> list[dict[str, Any]]:
    """Different draws in an order that the id alone decides, the undrawn one left out."""
    default = {name: values[0] for name, values in draw.items()}
    found: list[dict[str, Any]] = []
    for k in range(50 * most):
        # A hash, not a generator of random numbers: it gives the same on every version.
        drawn = {
            name: values[drawing.fnv1a(f"{id}\n{k}\n{name}") % len(values)]
            for name, values in draw.items()
        }
        if drawn != default and drawn not in found:
            found.append(drawn)
        if len(found) == most:
            break
    return found


def values_at_probes(spec: Mapping[str, Any], candidate: Callable[..., Any]) -> list[Any]:
    """The values of a function at a spec's probes, encoded."""
    values = []
    with np.errstate(all="ignore"):
        for probe in spec["probes"]:
            parts = [np.asarray(v, dtype=float) if isinstance(v, list) else v for v in probe]
            values.append(encode(candidate(*parts)))
    return values


def slip(
    answer: Any, key: str, message: str, try_this: str = "", patterns: Sequence[str] = ()
) -> dict[str, Any]:
    """One wrong answer: the answer itself, the shared misconception behind it, what to say.

    ``message`` says why this answer comes about. ``try_this`` says what to do; without it the
    shared misconception's advice is used. ``answer`` is a number, an array, an option's key, an
    order, a function, or a dictionary of fitted numbers, as the exercise asks for. For a text it is
    an example of a text that holds the misconception, and ``patterns`` tell it.
    """
    if key not in SLIPS:
        raise SpecError(f"no shared misconception {key!r}; the keys are: {', '.join(SLIPS)}")
    if len(message.split()) < 4:
        raise SpecError(f"the message {message!r} does not say why the answer comes about")
    entry = {"answer": answer, "slip": key, "message": message, "try": try_this}
    if patterns:
        _check_patterns(patterns)
        entry["patterns"] = list(patterns)
    return entry


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
    draw: Mapping[str, Sequence[Any]] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> None:
    """Declare one exercise. Raises :class:`SpecError` where a rule is broken.

    ``draw`` names numbers that differ from learner to learner (:func:`among`, :func:`between`);
    the answer's cell gets them from ``given(id)``, texts show them as ``{{name}}`` or, with a
    format, ``{{name:,.0f}}``. ``shown`` adds further numbers for texts, computed from the drawn.
    """
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
    for entry in wrong:
        if (answer["type"] == "text") != ("patterns" in entry):
            raise SpecError(f"{id}: patterns belong to the slips of a text, and each of those")
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
            "draw": dict(draw or {}),
            "shown": dict(shown or {}),
        }
    )


def encode_answer(spec: Mapping[str, Any], value: Any) -> Any:
    """An answer to this spec as plain data."""
    if spec["type"] == "function":
        if not callable(value):
            raise SpecError(f"expected a function, got {type(value).__name__}")
        return values_at_probes(spec, value)
    if spec["type"] in ("choice", "text"):
        return str(value)
    if spec["type"] == "fit":
        names = [parameter["name"] for parameter in spec["parameters"]]
        names += ["curve"] if spec["curve"] is None else []
        if set(value) != set(names):
            raise SpecError(f"expected numbers for {names}, got {list(value)}")
        return {name: encode(value[name]) for name in names}
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


# What a spec may use without importing it.
CONSTRUCTORS = (
    "exercise", "number", "array", "choice", "order", "function", "fit", "text", "idea", "slip",
    "among", "between", "PATTERNS", "area_slips", "mean_slips", "spread_slips", "limit_slips",
    "assay_slips", "factor_assay_slips", "burden_slips",
)  # fmt: skip

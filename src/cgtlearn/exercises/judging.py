"""Judge one answer against one compiled exercise. Plain data in, a :class:`Verdict` out.

Nothing here prints, reads files or knows the learner. An answer may be anything at all: it is read
in a guarded thread, and what cannot be read is *invalid*, never right and never a crash.
"""

from __future__ import annotations

import inspect
import itertools
import math
import numbers
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import curves, guard, words
from .blank import UnfilledBlank, is_blank, source_problem
from .slips import LISTED_RTOL, SLIPS, explain, explain_pair

NOT_ATTEMPTED = "not attempted"
RIGHT = "right"
WRONG = "wrong"
INVALID = "invalid"

NEAR = 0.05  # an answer this close to the right one is called near
AGAIN = 0.5  # seconds for trying a wrong function with its arguments in another order or unit
SHOWN = 6  # numbers of an array that are shown
ROUNDED = 0.03  # and this close it may have been rounded too early


class Verdict:
    """What became of an answer.

    ``status`` is ``"right"``, ``"wrong"``, ``"invalid"`` or ``"not attempted"``; ``message`` is for
    the learner; ``misconception`` is the key of the slip that explains a wrong answer, or None;
    ``misconceptions`` holds all of them, when two slips were made at once.
    """

    def __init__(
        self,
        exercise_id: str,
        status: str,
        message: str,
        misconception: str | None = None,
        misconceptions: tuple[str, ...] = (),
    ) -> None:
        self.exercise_id = exercise_id
        self.status = status
        self.message = message
        self.misconception = misconception
        self.misconceptions = misconceptions or ((misconception,) if misconception else ())

    def __str__(self) -> str:
        return f"{self.exercise_id} · {self.status}. {self.message}"

    def __repr__(self) -> str:
        return f"<Verdict {self.exercise_id}: {self.status}>"

    def __bool__(self) -> bool:
        return self.status == RIGHT

    def _ipython_display_(self) -> None:
        """Nothing: the check has printed the verdict already."""


class _Problem(Exception):
    """An answer that cannot be read, with the reason for the learner."""

    def __init__(self, message: str, status: str = INVALID) -> None:
        super().__init__(message)
        self.status = status


def judge(exercise: dict[str, Any], answer: Any, limit: float | None = None) -> Verdict:
    """The verdict on ``answer``; ``limit`` is the time allowed in seconds (default 5 s)."""
    identity = exercise["id"]

    def call() -> Verdict:
        return _judge(exercise, answer)

    outcome = guard.run(call, limit)
    if outcome.timed_out:
        seconds = guard.TIME_LIMIT if limit is None else limit
        message = (
            f"Your answer did not come to an end within {seconds:g} s. Look for a loop whose "
            "condition never changes."
        )
        if not outcome.stopped:
            message += (
                " It could not be stopped and is still running: restart the kernel "
                "(menu Kernel, Restart Kernel) before you go on."
            )
        return Verdict(identity, INVALID, message)
    if outcome.error is not None or not isinstance(outcome.value, Verdict):
        return Verdict(
            identity,
            INVALID,
            f"Your answer, {_kind(answer)}, could not be read. {_expected(exercise)}",
        )
    return outcome.value


def _judge(exercise: dict[str, Any], answer: Any) -> Verdict:
    identity = exercise["id"]
    spec = exercise["answer"]
    try:
        if _is_blank(answer):
            raise _Problem(
                "Put your answer in place of the ... and run the cell again.", NOT_ATTEMPTED
            )
        return _JUDGES[spec["type"]](exercise, spec, answer)
    except _Problem as problem:
        return Verdict(identity, problem.status, str(problem))


def _is_blank(answer: Any) -> bool:
    if is_blank(answer):
        return True
    if type(answer) is str:
        return answer.strip() in ("", "...", "____", "?")
    if type(answer) in (list, tuple):
        return all(is_blank(item) for item in answer)
    if type(answer) is dict:
        return bool(answer) and all(is_blank(item) for item in answer.values())
    return False


# --- words ---------------------------------------------------------------------------------------


def format_number(value: float) -> str:
    """A number with four significant digits, in plain notation where that is readable."""
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    power = math.floor(math.log10(abs(value)))
    if not -4 <= power <= 9:
        return f"{value:.3e}"
    digits = 3 - power
    text = f"{round(value, digits):,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _with_unit(value: float, unit: str) -> str:
    return f"{format_number(value)} {unit}" if unit and unit != "1" else format_number(value)


def _kind(answer: Any) -> str:
    """A value's type in a learner's words; asks nothing of the value itself."""
    names: dict[type, str] = {
        str: "text",
        bool: "True or False",
        complex: "a complex number",
        list: "a list",
        tuple: "a tuple",
        dict: "a dictionary",
        set: "a set",
        np.ndarray: "an array",
    }
    kind = type(answer)
    if kind in names:
        return names[kind]
    if issubclass(kind, (int, float, np.integer, np.floating)):
        return "a number"
    if issubclass(kind, (types.FunctionType, types.MethodType, types.BuiltinFunctionType)):
        return "a function"
    if issubclass(kind, types.GeneratorType):
        return "a generator"
    # Asked of `type` itself: a metaclass of the learner's may answer with anything.
    return f"an object of type {type.__dict__['__name__'].__get__(kind)}"


def _expected(exercise: dict[str, Any]) -> str:
    spec = exercise["answer"]
    unit = spec.get("unit", "")
    in_unit = f" in {unit}" if unit and unit != "1" else ""
    if spec["type"] == "number":
        return f"Expected: one plain number{in_unit}."
    if spec["type"] == "array":
        shape = np.shape(spec["value"])
        size = " x ".join(str(length) for length in shape)
        return f"Expected: a list or array of {size} numbers{in_unit}."
    if spec["type"] == "choice":
        keys = ", ".join(f'"{key}"' for key in spec["options"])
        return f"Expected: one of {keys}."
    if spec["type"] == "order":
        keys = ", ".join(f'"{key}"' for key in spec["lines"])
        return f"Expected: a list of the keys {keys} in your order" + (
            "." if len(spec["lines"]) == len(spec["right"]) else "; not all of them belong."
        )
    if spec["type"] == "text":
        return "Expected: a sentence or two in your own words, in quotes."
    if spec["type"] == "fit":
        names = ", ".join(f'"{name}": ...' for name in _fit_names(spec))
        return f"Expected: a dictionary {{{names}}}."
    names = ", ".join(spec["arguments"])
    return f"Expected: a function of ({names}), given by its name, without calling it."


def _direction(given: float, right: float) -> str:
    """Which way a number is off, without giving the right one away."""
    if given * right < 0:
        return "It has the opposite sign."
    if right == 0:
        return "It is too large." if given > 0 else "It is too small."
    ratio = abs(given / right)
    size = "large" if ratio > 1 else "small"
    if ratio > 10 or ratio < 0.1:
        return f"It is more than ten times too {size}."
    if ratio > 2 or ratio < 0.5:
        return f"It is more than twice too {size}." if ratio > 2 else "It is less than half."
    if 1 - NEAR < ratio < 1 + NEAR:
        return f"It is a little too {size}, by less than {100 * NEAR:.0f} %."
    return f"It is somewhat too {size}."


def _perhaps_rounded(error: float) -> str:
    return "Was a number rounded too early? " if error < ROUNDED else ""


def _next_step(exercise: dict[str, Any]) -> str:
    return f'Ask hint("{exercise["id"]}") for a first step.'


def _wrong_entry(exercise: dict[str, Any], given: str, entry: dict[str, Any]) -> Verdict:
    advice = entry.get("try") or SLIPS[entry["slip"]].advice
    message = f"{given} {entry['message']} {advice}".strip()
    return Verdict(exercise["id"], WRONG, message, entry["slip"])


def _wrong_shared(exercise: dict[str, Any], given: str, key: str) -> Verdict:
    slip = SLIPS[key]
    return Verdict(exercise["id"], WRONG, f"{given} {slip.comes_about} {slip.advice}", key)


def _two_slips(
    exercise: dict[str, Any], given: str, numbers_given: Any, right: Any
) -> Verdict | None:
    """The verdict on an answer that two slips together explain, or None.

    ``numbers_given`` and ``right`` are flat lists of numbers.
    """
    spec = exercise["answer"]
    if not spec["shared_slips"]:
        return None
    listed = [
        (entry["slip"], np.concatenate([decode(part).ravel() for part in entry["answer"]]))
        if spec["type"] == "function"
        else (entry["slip"], decode(entry["answer"]).ravel())
        for entry in exercise["wrong"]
    ]
    found = explain_pair(numbers_given, right, spec.get("unit", "1"), listed)
    if found is None:
        return None
    first, second = found
    if isinstance(first, int):
        entry = exercise["wrong"][first]
        advice = entry.get("try") or SLIPS[entry["slip"]].advice
        key, text = entry["slip"], f"One: {entry['message']} The other: {second.name}."
    else:
        return _two_shared(exercise, given, first.key, second.key)
    both = advice if advice == second.advice else f"{advice} {second.advice}"
    message = f"{given} Two slips together lead to this. {text} {both}"
    return Verdict(exercise["id"], WRONG, message, key, (key, second.key))


def _two_shared(exercise: dict[str, Any], given: str, one: str, other: str) -> Verdict:
    first, second = SLIPS[one], SLIPS[other]
    both = first.advice if first.advice == second.advice else f"{first.advice} {second.advice}"
    text = f"Two slips together lead to this. One: {first.name}. The other: {second.name}."
    return Verdict(exercise["id"], WRONG, f"{given} {text} {both}", one, (one, other))


def other_numbers(exercise: dict[str, Any]) -> Verdict:
    """The verdict on an answer that is right for the numbers of the printed text."""
    return _wrong_shared(exercise, "Your method is right, your numbers are not.", "other-numbers")


def _right(exercise: dict[str, Any], given: str) -> Verdict:
    praise = exercise["answer"].get("when_right", "")
    return Verdict(exercise["id"], RIGHT, f"{given} {praise}".strip())


# --- numbers and arrays --------------------------------------------------------------------------


def decode(value: Any) -> np.ndarray:
    """Numbers from data files, where "nan", "inf" and "-inf" stand as text."""

    def convert(item: Any) -> Any:
        return [convert(part) for part in item] if isinstance(item, list) else float(item)

    return np.asarray(convert(value), dtype=float)


def _error(given: np.ndarray, expected: np.ndarray, atol: float) -> float:
    """Largest relative error; 0 for equal, infinite for another shape or another NaN pattern."""
    if given.shape != expected.shape:
        return math.inf
    worst = 0.0
    for one, other in zip(given.ravel().tolist(), expected.ravel().tolist(), strict=True):
        if one == other or (math.isnan(one) and math.isnan(other)):
            continue
        if not (math.isfinite(one) and math.isfinite(other)):
            return math.inf
        gap = max(abs(one - other) - atol, 0.0)
        worst = max(worst, gap / abs(other) if other != 0 else (math.inf if gap > 0 else 0.0))
    return worst


def _named(
    exercise: dict[str, Any], error_of: Callable[[Any], float], rtol: float
) -> dict[str, Any] | None:
    """The listed wrong answer that lies closest, if it lies close enough."""
    low, high = LISTED_RTOL
    allowed = min(max(rtol, low), high)
    errors = [(error_of(entry["answer"]), entry) for entry in exercise["wrong"]]
    errors = [pair for pair in errors if pair[0] <= allowed]
    return min(errors, key=lambda pair: pair[0])[1] if errors else None


def _read_number(exercise: dict[str, Any], answer: Any) -> float:
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer[()]
    if isinstance(answer, (bool, np.bool_)):
        raise _Problem(f"You gave True or False. {_expected(exercise)}")
    if isinstance(answer, str):
        raise _Problem(
            f"You gave text. {_expected(exercise)} Leave the quotes out, and the unit as well."
        )
    if isinstance(answer, (list, tuple, np.ndarray)):
        size = np.size(answer) if isinstance(answer, np.ndarray) else len(answer)
        raise _Problem(
            f"You gave {_kind(answer)} of length {size}. {_expected(exercise)} "
            "Pick one element, as in values[0], or summarise."
        )
    if callable(answer):
        raise _Problem(
            f"You gave {_kind(answer)}. {_expected(exercise)} Call it with its inputs in "
            "parentheses."
        )
    if not isinstance(answer, numbers.Real):
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}")
    try:
        value = float(answer)
    except Exception as error:
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}") from error
    if math.isnan(value):
        raise _Problem(
            "You gave NaN, not a number. Look for 0/0, the logarithm of a negative number, or a "
            "NaN in the data."
        )
    if math.isinf(value):
        raise _Problem("You gave an infinite number. Look for a division by zero or an overflow.")
    return value


def _judge_number(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict:
    value = _read_number(exercise, answer)
    given = f"You gave {_with_unit(value, spec['unit'])}."
    array = np.asarray(value)
    rtol, atol = spec["rtol"], spec["atol"]
    if _is_untouched(spec, lambda stored: _error(array, decode(stored), 0.0)):
        return _untouched(exercise)
    if _error(array, decode(spec["value"]), atol) <= rtol:
        return _right(exercise, given)
    entry = _named(exercise, lambda wrong: _error(array, decode(wrong), 0.0), rtol)
    if entry is not None:
        return _wrong_entry(exercise, given, entry)
    slip = explain([value], [spec["value"]], spec["unit"])
    if slip is not None and spec["shared_slips"]:
        return _wrong_shared(exercise, given, slip.key)
    plain = spec["unit"] in ("", "1")
    if plain and spec["shared_slips"]:
        fraction = np.asarray(value / 100)
        entry = _named(exercise, lambda wrong: _error(fraction, decode(wrong), 0.0), rtol)
        if entry is not None:
            given += f" A fraction is asked for: read as a percent, this is {float(fraction):g}."
            return _wrong_entry(exercise, given, entry)
    two = _two_slips(exercise, given, [value], [spec["value"]])
    if two is not None:
        return two
    advice = (
        "Write the formula down and put the numbers in one by one."
        if plain
        else "Write down each factor with its unit and cancel the units."
    )
    return Verdict(
        exercise["id"],
        WRONG,
        f"{given} {_direction(value, spec['value'])} "
        f"{_perhaps_rounded(_error(array, decode(spec['value']), atol))}"
        f"No usual slip leads to this number. {advice} {_next_step(exercise)}",
    )


def _read_array(exercise: dict[str, Any], answer: Any) -> np.ndarray:
    if isinstance(answer, str):
        raise _Problem(f"You gave text. {_expected(exercise)}")
    if inspect.isgenerator(answer):
        raise _Problem(f"You gave a generator. {_expected(exercise)} Wrap it in list(...).")
    if not isinstance(answer, (list, tuple, np.ndarray)) and not hasattr(answer, "__array__"):
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}")
    if isinstance(answer, (list, tuple)) and any(is_blank(i) for i in answer):
        raise _Problem("A blank (...) is left in your list. Fill every place.")
    try:
        array = np.asarray(answer)
    except Exception as error:
        raise _Problem(f"Your {type(answer).__name__} is not a regular array.") from error
    if array.dtype.kind not in "iuf":
        raise _Problem(
            f"You gave {_kind(answer)} that does not hold plain numbers only. {_expected(exercise)}"
        )
    return array.astype(float)


def _judge_array(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict:
    array = _read_array(exercise, answer)
    right = decode(spec["value"])
    rtol, atol = spec["rtol"], spec["atol"]
    if array.shape != right.shape:
        raise _Problem(
            f"You gave an array of shape {array.shape}. {_expected(exercise)} Shape {right.shape}."
        )
    if _is_untouched(spec, lambda stored: _error(array, decode(stored), 0.0)):
        return _untouched(exercise)
    given = "You gave " + ", ".join(format_number(x) for x in array.ravel()[:SHOWN].tolist())
    given += (", ..." if array.size > SHOWN else "") + "."
    if _error(array, right, atol) <= rtol:
        return _right(exercise, given)
    entry = _named(exercise, lambda wrong: _error(array, decode(wrong), 0.0), rtol)
    if entry is not None:
        return _wrong_entry(exercise, given, entry)
    bad = np.flatnonzero(~np.isfinite(array.ravel()))
    if bad.size:
        raise _Problem(
            f"Element {int(bad[0])} (counted from 0) is not a finite number. Look for 0/0, a "
            "division by zero or the logarithm of a negative number."
        )
    slip = explain(array.ravel(), right.ravel(), spec["unit"])
    if slip is not None and spec["shared_slips"]:
        return _wrong_shared(exercise, given, slip.key)
    two = _two_slips(exercise, given, array.ravel(), right.ravel())
    if two is not None:
        return two
    off = [
        index
        for index, (one, other) in enumerate(zip(array.ravel(), right.ravel(), strict=True))
        if _error(np.asarray(one), np.asarray(other), atol) > rtol
    ]
    first = off[0]
    where = f"{right.size - len(off)} of {right.size} elements fit. Element {first} (from 0): "
    return Verdict(
        exercise["id"],
        WRONG,
        f"{given} {where}{_direction(array.ravel()[first], right.ravel()[first])} Work that one "
        f"out by hand. {_next_step(exercise)}",
    )


# --- the code as it was given --------------------------------------------------------------------


def _is_untouched(spec: dict[str, Any], error_of: Callable[[Any], float]) -> bool:
    return "untouched" in spec and error_of(spec["untouched"]) <= 1e-9


def _untouched(exercise: dict[str, Any]) -> Verdict:
    return Verdict(
        exercise["id"],
        NOT_ATTEMPTED,
        "The code is as it was given. Change it, then run the cell again.",
    )


# --- choices and orders --------------------------------------------------------------------------


def _judge_choice(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict:
    if not isinstance(answer, str):
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}")
    keys = {key.lower(): key for key in spec["options"]}
    key = keys.get(str(answer).strip(" \t\n.,:()[]'\"").lower())
    if key is None:
        raise _Problem(f"You gave text that is no option. {_expected(exercise)}")
    given = f'You chose "{key}".'
    if key == spec["right"]:
        return _right(exercise, given)
    entry = next(entry for entry in exercise["wrong"] if entry["answer"] == key)
    return _wrong_entry(exercise, given, entry)


def _read_order(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> list[str]:
    keys = {key.lower(): key for key in spec["lines"]}
    if isinstance(answer, str):
        text = str(answer).replace(",", " ").replace(">", " ").split()
        parts: Sequence[Any] = list(text[0]) if len(text) == 1 and len(text[0]) > 1 else text
    elif isinstance(answer, (list, tuple)):
        parts = answer
    elif isinstance(answer, np.ndarray) and answer.dtype.kind == "U" and answer.ndim == 1:
        parts = answer.tolist()
    else:
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}")
    if any(is_blank(part) for part in parts):
        raise _Problem("A blank (...) is left in your order. Fill every place.")
    if not all(isinstance(part, str) for part in parts):
        raise _Problem(f"Your order holds something other than keys. {_expected(exercise)}")
    order = [keys.get(part.strip().lower(), "") for part in parts]
    if "" in order:
        raise _Problem(f"One of your keys is not among the lines. {_expected(exercise)}")
    twice = [key for key in keys.values() if order.count(key) > 1]
    if twice:
        raise _Problem(f'"{twice[0]}" is there twice. {_expected(exercise)}')
    missing = [key for key in keys.values() if key not in order and key in spec["right"]]
    if missing:
        raise _Problem(f'"{missing[0]}" is missing. {_expected(exercise)}')
    return order


def _judge_order(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict:
    order = _read_order(exercise, spec, answer)
    given = f"You gave {', '.join(order)}."
    if order == spec["right"] or order in spec["also"]:
        return _right(exercise, given)
    for entry in exercise["wrong"]:
        if entry["answer"] == order:
            return _wrong_entry(exercise, given, entry)
    # All of a right order and a line too many differ where that line comes.
    fitting = max(
        next(
            (i for i, (one, other) in enumerate(zip(order, right, strict=False)) if one != other),
            len(right),
        )
        for right in [spec["right"], *spec["also"]]
    )
    placed = f"{fitting} of {len(spec['right'])} stand" if fitting else "Nothing stands"
    return Verdict(
        exercise["id"],
        WRONG,
        f'{given} {placed} in place; look at "{order[fitting]}". Ask of each line what it needs '
        f"before it can run or happen. {_next_step(exercise)}",
    )


# --- functions -----------------------------------------------------------------------------------


def _stub_codes() -> set[bytes]:
    """Byte code of functions that do nothing, as this Python writes it."""
    codes = set()
    for source in (
        "def f():\n    pass",
        "def f():\n    'text'",
        "def f():\n    ...",
        "def f():\n    'text'\n    ...",
    ):
        space: dict[str, Any] = {}
        exec(source, space)
        codes.add(space["f"].__code__.co_code)
    return codes


_STUBS = _stub_codes()
_BLANK_INSIDE = "A blank (...) is left inside your function. Fill it in."


def _argument(value: Any) -> Any:
    """A probe argument as the learner's function gets it: lists become fresh arrays."""
    if isinstance(value, list):
        return np.asarray(value, dtype=float)
    return value


def _probe_text(names: Sequence[str], probe: Sequence[Any]) -> str:
    parts = []
    for name, value in zip(names, probe, strict=False):
        if isinstance(value, list) and np.ndim(value) == 1 and len(value) <= SHOWN:
            parts.append(f"{name} = [{', '.join(format_number(item) for item in value)}]")
        elif isinstance(value, list):
            parts.append(f"{name} = an array of {np.size(value)}")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            parts.append(f"{name} = {format_number(value)}")
        else:
            parts.append(f"{name} = {value!r}")
    return ", ".join(parts)


def _one_element(probe: Sequence[Any], right: np.ndarray, element: int) -> list[Any]:
    """The probe that belongs to one element of a result: arrays of its size give that element."""
    return [
        np.ravel(value)[element].item()
        if isinstance(value, list) and np.shape(value) == right.shape
        else value
        for value in probe
    ]


def _call(exercise: dict[str, Any], spec: dict[str, Any], answer: Any, index: int) -> np.ndarray:
    """The learner's function at one probe, as numbers; a :class:`_Problem` when it has none."""
    probe = spec["probes"][index]
    at = f"At {_probe_text(spec['arguments'], probe)} your function"
    try:
        with np.errstate(all="ignore"):
            result = answer(*[_argument(value) for value in probe])
    except NotImplementedError as error:
        raise _Problem("Write the body of the function.", NOT_ATTEMPTED) from error
    except UnfilledBlank as error:
        raise _Problem(_BLANK_INSIDE, NOT_ATTEMPTED) from error
    except (guard.TimeIsUp, MemoryError):
        raise
    except BaseException as error:
        text = str(error)[:200]
        unknown = getattr(error, "name", None) if isinstance(error, NameError) else None
        if "ellipsis" in text.lower() or (unknown and set(unknown) == {"_"}):
            raise _Problem(_BLANK_INSIDE, NOT_ATTEMPTED) from error
        help_text = ""
        if isinstance(error, ValueError) and "truth value of an array" in text:
            help_text = " An `if` takes one value; for arrays use np.where."
        elif isinstance(error, RecursionError):
            help_text = " A function that calls itself needs a case where it stops."
        elif isinstance(error, NameError):
            help_text = " Use the function's arguments, or define the name above it."
        raise _Problem(f"{at} raises {type(error).__name__}: {text}.{help_text}") from error
    if result is not None and is_blank(result):
        raise _Problem(_BLANK_INSIDE, NOT_ATTEMPTED)
    if result is None:
        code = getattr(answer, "__code__", None)
        if code is not None and code.co_code in _STUBS:
            raise _Problem("The function is still empty. Write its body.", NOT_ATTEMPTED)
        raise _Problem(f"{at} returns nothing (None). Does its last line say return?")
    if isinstance(result, (bool, np.bool_, str)):
        raise _Problem(f"{at} returns {_kind(result)} instead of a number.")
    if isinstance(result, (list, tuple, np.ndarray, numbers.Real)) or hasattr(result, "__array__"):
        try:
            array = np.asarray(result)
        except Exception as error:
            raise _Problem(f"{at} returns something that is not a regular array.") from error
        if array.dtype.kind in "iuf":
            return array.astype(float)
    raise _Problem(f"{at} returns {_kind(result)} instead of plain numbers.")


def _readings(spec: dict[str, Any]) -> Iterator[tuple[str, str, list[list[Any]]]]:
    """Other ways to hand the arguments over: (key of the slip, in words, probes)."""
    names, probes = spec["arguments"], spec["probes"]
    for i, j in itertools.combinations(range(len(names)), 2):
        if all(np.shape(probe[i]) == np.shape(probe[j]) for probe in probes):
            changed = [list(probe) for probe in probes]
            for probe in changed:
                probe[i], probe[j] = probe[j], probe[i]
            place = f"{names[i]} and {names[j]} stand in each other's place inside it."
            yield "swapped-arguments", place, changed
    for i, name in enumerate(names):
        if all(isinstance(probe[i], (float, list)) for probe in probes):
            for slip in SLIPS.values():
                for _, factor in slip.transforms if slip.family == "time" else ():
                    changed = [list(probe) for probe in probes]
                    for probe in changed:
                        probe[i] = (np.asarray(probe[i], dtype=float) * factor).tolist()
                    step = (
                        f"multiplied by {factor:g}" if factor > 1 else f"divided by {1 / factor:g}"
                    )
                    place = f"Inside it, {name} should be {step}: {slip.name}."
                    yield slip.key, place, changed


def _misread(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict | None:
    """The verdict on a function that is right for its arguments in another order or unit."""
    probes = spec["probes"]
    for key, how, changed in _readings(spec):
        if changed == probes:
            continue
        try:
            with np.errstate(all="ignore"):
                results = [
                    np.asarray(answer(*[_argument(part) for part in probe])) for probe in changed
                ]
        except guard.TimeIsUp:
            raise
        except BaseException:  # code that raises only now says nothing about the first call
            continue
        if any(result.dtype.kind not in "iuf" for result in results):
            continue

        def error_of(stored: Any, slack: float = 0.0, results: list[Any] = results) -> float:
            pairs = zip(results, stored, strict=True)
            return max(_error(one.astype(float), decode(other), slack) for one, other in pairs)

        entry = None
        if error_of(spec["values"], spec["atol"]) > spec["rtol"]:
            entry = _named(exercise, error_of, spec["rtol"])
            if entry is None:
                continue
        slip = SLIPS[key]
        message = f"Your function runs. {how} {slip.advice}"
        keys: tuple[str, ...] = (key,)
        if entry is not None:
            message += f" And once that is mended: {entry['message']}"
            keys += (entry["slip"],)
        return Verdict(exercise["id"], WRONG, message, key, keys)
    return None


def _judge_function(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict:
    if isinstance(answer, str):
        problem = source_problem(answer)
        if problem is not None:
            raise _Problem(problem[1], problem[0])
    if not callable(answer) or isinstance(answer, type):
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}")
    try:
        signature: inspect.Signature | None = inspect.signature(answer)
    except (TypeError, ValueError):
        signature = None
    if signature is not None:
        try:
            signature.bind(*spec["probes"][0])
        except TypeError as error:
            raise _Problem(f"Your function takes {signature}. {_expected(exercise)}") from error
    results = [_call(exercise, spec, answer, index) for index in range(len(spec["probes"]))]
    right = [decode(value) for value in spec["values"]]
    rtol, atol = spec["rtol"], spec["atol"]

    def error_of(stored: Any, slack: float = 0.0) -> float:
        return max(
            _error(one, decode(other), slack) for one, other in zip(results, stored, strict=True)
        )

    if _is_untouched(spec, error_of):
        return _untouched(exercise)
    if error_of(spec["values"], atol) <= rtol:
        return _right(exercise, "Your function gives the expected values.")
    given = "Your function runs."
    entry = _named(exercise, error_of, rtol)
    if entry is not None:
        return _wrong_entry(exercise, given, entry)
    for probe, one, other in zip(spec["probes"], results, right, strict=True):
        at = f"At {_probe_text(spec['arguments'], probe)} your function"
        if one.shape != other.shape:
            raise _Problem(
                f"{at} returns shape {one.shape}; expected {other.shape}. A function of an array "
                "gives one value for each element."
            )
        if not np.all(np.isfinite(one)):
            raise _Problem(f"{at} returns NaN or infinity. Try that input by hand.")
    flat = np.concatenate([one.ravel() for one in results])
    flat_right = np.concatenate([one.ravel() for one in right])
    slip = explain(flat, flat_right)
    if slip is not None and spec["shared_slips"]:
        return _wrong_shared(exercise, given, slip.key)
    two = _two_slips(exercise, given, flat, flat_right)
    if two is None:  # a Verdict that is not right counts as False, so no `or` here
        again = guard.run(lambda: _misread(exercise, spec, answer), AGAIN)
        two = again.value if isinstance(again.value, Verdict) else None
    if two is not None:
        return two
    if np.all(flat == flat[0]) and not np.all(flat_right == flat_right[0]):
        return Verdict(
            exercise["id"],
            WRONG,
            f"{given} It returns {format_number(flat[0])} for every input. Does it use its "
            f"arguments? {_next_step(exercise)}",
        )
    index = next(
        i for i, pair in enumerate(zip(results, right, strict=True)) if _error(*pair, atol) > rtol
    )
    element = next(
        i
        for i, pair in enumerate(zip(results[index].ravel(), right[index].ravel(), strict=True))
        if _error(np.asarray(pair[0]), np.asarray(pair[1]), atol) > rtol
    )
    value = float(results[index].ravel()[element])
    expected = float(right[index].ravel()[element])
    at = _probe_text(spec["arguments"], _one_element(spec["probes"][index], right[index], element))
    place = f" (element {element} of an array, from 0)" if right[index].ndim else ""
    return Verdict(
        exercise["id"],
        WRONG,
        f"{given} At {at}{place} it returns {format_number(value)}. {_direction(value, expected)} "
        f"{_perhaps_rounded(error_of(spec['values'], atol))}Work that input out by hand, and try "
        f"a limit (zero, or very large). {_next_step(exercise)}",
    )


# --- fits ----------------------------------------------------------------------------------------


def _fit_names(spec: dict[str, Any]) -> list[str]:
    names = [parameter["name"] for parameter in spec["parameters"]]
    return names if spec["curve"] is not None else [*names, "curve"]


def _read_fit(
    exercise: dict[str, Any], spec: dict[str, Any], answer: Any
) -> tuple[dict[str, float], np.ndarray]:
    """The parameters by name, and the curve at the data's places."""
    names = _fit_names(spec)
    if isinstance(answer, np.ndarray) and answer.ndim == 1:
        answer = answer.tolist()
    if isinstance(answer, (list, tuple)):
        if len(answer) != len(names):
            raise _Problem(
                f"You gave {_kind(answer)} of length {len(answer)}; {len(names)} are asked for. "
                f"{_expected(exercise)}"
            )
        answer = dict(zip(names, answer, strict=True))
    if not isinstance(answer, dict):
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}")
    given = {key: value for key, value in answer.items() if isinstance(key, str)}
    missing = [name for name in names if name not in given]
    if missing:
        other = next((key for key in given if key not in names), None)
        instead = f' You gave "{other[:40]}".' if other is not None else ""
        raise _Problem(
            f'"{missing[0]}" is missing from your answer.{instead} {_expected(exercise)}'
        )
    blank = [name for name in names if is_blank(given[name])]
    if blank:
        raise _Problem(f'A blank (...) is left for "{blank[0]}". Fill it in.', NOT_ATTEMPTED)
    values = {}
    for parameter in spec["parameters"]:
        name = parameter["name"]
        single = {"id": exercise["id"], "answer": {"type": "number", "unit": parameter["unit"]}}
        try:
            values[name] = _read_number(single, given[name])
        except _Problem as problem:
            raise _Problem(f'"{name}": {problem}', problem.status) from problem
    x, y = decode(spec["x"]), decode(spec["y"])
    if spec["curve"] is not None:
        curve = np.broadcast_to(curves.evaluate(spec["curve"], {**values, "x": x}), x.shape)
    else:
        shape = {"id": exercise["id"], "answer": {"type": "array", "value": spec["y"], "unit": ""}}
        try:
            curve = _read_array(shape, given["curve"])
        except _Problem as problem:
            raise _Problem(f'"curve": {problem}', problem.status) from problem
        if curve.shape != y.shape:
            raise _Problem(
                f'"curve" has the shape {curve.shape}; the data have {y.shape}. Give the curve at '
                "the times of the data."
            )
    bad = ~np.isfinite(curve) | ((curve <= 0) if spec["residual"] == "log" else False)
    if np.any(bad):
        first = int(np.flatnonzero(bad)[0])
        raise _Problem(
            f"With these numbers the curve is {format_number(curve[first])} at {_at(spec, first)}, "
            f"where the data say {_with_unit(y[first], spec['y_unit'])}. Check their signs and "
            "units."
        )
    return values, curve


def _at(spec: dict[str, Any], index: int) -> str:
    return f"{spec['x_name']} = {_with_unit(decode(spec['x'])[index], spec['x_unit'])}"


def residuals(spec: dict[str, Any], curve: np.ndarray) -> np.ndarray:
    """Data minus curve, on the scale of the fit: ln(y) - ln(f), or y - f."""
    y = decode(spec["y"])
    return np.log(y) - np.log(curve) if spec["residual"] == "log" else y - curve


def misfit(spec: dict[str, Any], curve: np.ndarray) -> float:
    """The root of the mean of the squared residuals."""
    return float(np.sqrt(np.mean(residuals(spec, curve) ** 2)))


def _judge_fit(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict:
    values, curve = _read_fit(exercise, spec, answer)

    def error_of(stored: dict[str, Any]) -> float:
        return max(_error(np.asarray(values[k]), decode(stored[k]), 0.0) for k in values)

    if _is_untouched(spec, error_of):
        return _untouched(exercise)
    size = misfit(spec, curve)
    off = [
        p
        for p in spec["parameters"]
        if p["rtol"] is not None
        and _error(np.asarray(values[p["name"]]), decode(p["value"]), 0.0) > p["rtol"]
    ]
    told = f"misfit {format_number(size)}, allowed {format_number(spec['allowed'])}"
    meets = size <= spec["allowed"]
    given = (
        f"Your curve meets the data ({told})." if meets else f"Your curve misses the data ({told})."
    )
    if meets and not off:
        return _right(exercise, given)
    entry = _named(exercise, error_of, max((p["rtol"] or 0.0) for p in spec["parameters"]))
    if entry is not None:
        return _wrong_entry(exercise, given, entry)
    if len(off) == 1 and spec["shared_slips"]:
        name = off[0]["name"]
        pair = [values[name]], [off[0]["value"]]
        slip = explain(*pair, off[0]["unit"])
        if slip is not None:
            return _wrong_shared(exercise, f'{given} Look at "{name}".', slip.key)
        two = explain_pair(*pair, off[0]["unit"])
        if two is not None and not isinstance(two[0], int):
            return _two_shared(exercise, f'{given} Look at "{name}".', two[0].key, two[1].key)
    if meets:
        name = off[0]["name"]
        way = _direction(values[name], off[0]["value"])
        return Verdict(
            exercise["id"],
            WRONG,
            f'{given} But look at "{name}". {way} Several sets of numbers can draw the same '
            f"curve; ask which one is fixed by something else than these data. "
            f"{_next_step(exercise)}",
        )
    worst = int(np.argmax(np.abs(residuals(spec, curve))))
    y = decode(spec["y"])
    side = "above" if curve[worst] > y[worst] else "below"
    return Verdict(
        exercise["id"],
        WRONG,
        f"{given} It lies furthest off at {_at(spec, worst)}: "
        f"{_with_unit(curve[worst], spec['y_unit'])}, {side} the measured "
        f"{_with_unit(y[worst], spec['y_unit'])}. Draw both and say which number moves the curve "
        f"there. {_next_step(exercise)}",
    )


# --- texts ---------------------------------------------------------------------------------------

_HONEST = "This check looks for ideas; it cannot judge your prose."


def _judge_text(exercise: dict[str, Any], spec: dict[str, Any], answer: Any) -> Verdict:
    if not isinstance(answer, str):
        raise _Problem(f"You gave {_kind(answer)}. {_expected(exercise)}")
    answer = str(answer)
    if len(answer) > words.LONGEST:
        raise _Problem(f"Your text has {len(answer):,} characters. A few sentences will do.")
    text = words.sentences(answer)
    complaint = words.complaint(text, spec["least_words"])
    if complaint:
        raise _Problem(f"{complaint} {_HONEST}")

    def there(patterns: Sequence[str]) -> bool:
        return any(words.present(pattern, text) for pattern in patterns)

    found = [idea for idea in spec["ideas"] if there(idea["patterns"])]
    lost = [idea for idea in spec["ideas"] if idea not in found]
    given = (
        f"Found in your words: {'; '.join(idea['name'] for idea in found)}."
        if found
        else "None of the ideas looked for was found in your words."
    )
    held = [entry for entry in exercise["wrong"] if there(entry["patterns"])]
    if held:
        entry = held[0]
        advice = entry.get("try") or SLIPS[entry["slip"]].advice
        keys = tuple(dict.fromkeys(one["slip"] for one in held))
        message = f"{given} {entry['message']} {advice} {_HONEST}"
        return Verdict(exercise["id"], WRONG, message, entry["slip"], keys)
    if len(found) >= spec["needed"]:
        verdict = _right(exercise, given)
        verdict.message += f" {_HONEST} Set it beside a model answer: {spec['model']}"
        return verdict
    return Verdict(
        exercise["id"],
        WRONG,
        f"{given} {len(found)} of the {spec['needed']} ideas that are needed. "
        f"{lost[0]['missing']} {_HONEST} If you did say it, set your words beside the model "
        f'answer, solution("{exercise["id"]}"), and judge for yourself. {_next_step(exercise)}',
    )


_JUDGES: dict[str, Callable[[dict[str, Any], dict[str, Any], Any], Verdict]] = {
    "number": _judge_number,
    "array": _judge_array,
    "choice": _judge_choice,
    "order": _judge_order,
    "function": _judge_function,
    "fit": _judge_fit,
    "text": _judge_text,
}

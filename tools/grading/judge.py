"""The judging process: plain data in, verdicts out. Nothing of a learner's is run or imported here.

    python -m tools.grading.judge < JOB > VERDICTS        (both JSON)

An answer's record (see ``child.py``) is checked piece by piece and made a Python value again. A
function becomes a look-up among the values that it gave, so that :func:`cgtlearn.exercises.judging
.judge` sees what it would see in the notebook.
"""

from __future__ import annotations

import builtins
import inspect
import json
import math
import re
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

MOST_NUMBERS = 200_000
MOST_INPUTS = 500  # at which a function is tried in other ways
LEARNERS_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]{0,60}")


class BadRecord(ValueError):
    """A record that no learner's process of ours writes: it was forged, or cut off."""


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise BadRecord("True or False stands for a number")
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if value in ("nan", "inf", "-inf"):
        return float(value)
    raise BadRecord("not a number")


def _text(value: Any, most: int = 4_000) -> str:
    if not isinstance(value, str):
        raise BadRecord("not a text")
    return value[:most]


def _nameless(name: Any) -> Any:
    """An object with the name of the learner's type, and nothing else of it."""
    shown = _text(name, 60) if isinstance(name, str) and LEARNERS_TYPE.fullmatch(name) else "object"
    return type(shown, (), {})()


Inputs = tuple[Sequence[Sequence[Any]], Sequence[Sequence[Any]]]
NO_INPUTS: Inputs = ([], [])


def inputs_of(spec: dict[str, Any]) -> Inputs:
    """Where a function is called: its probes, and the probes in another order or unit.

    With the second kind the judge explains a wrong function.
    """
    from cgtlearn.exercises import judging

    if spec["type"] != "function":
        return NO_INPUTS
    again = [probe for _, _, changed in judging._readings(spec) for probe in changed]
    return spec["probes"], again[:MOST_INPUTS]


class Replay:
    """A learner's function as what it gave at each input."""

    def __init__(self, record: Mapping[str, Any], inputs: Inputs) -> None:
        self.table: dict[str, Any] = {}
        # What decides is written last: it holds wherever an input is in both.
        for name, places in (("again", inputs[1]), ("results", inputs[0])):
            results = record.get(name, [] if name == "again" else None)
            if not isinstance(results, list) or len(results) > len(places):
                raise BadRecord("a function without its values")
            for parts, result in zip(places, results, strict=False):
                self.table[_key(parts)] = result
        signature = _signature(record.get("parameters"))
        if signature is not None:
            self.__signature__ = signature
        code = record.get("code")
        if isinstance(code, str) and re.fullmatch(r"([0-9a-f]{2}){1,200}", code):
            self.__code__ = types.SimpleNamespace(co_code=bytes.fromhex(code))

    def __call__(self, *arguments: Any) -> Any:
        result = self.table.get(_key(arguments))
        if not isinstance(result, dict):
            raise ValueError("the function gave nothing at this input")
        if result.get("kind") == "raises":
            raise _exception(result)
        return revive(result)


def _key(parts: Sequence[Any]) -> str:
    import numpy as np

    def one(part: Any) -> Any:
        if isinstance(part, (list, np.ndarray)):
            return np.asarray(part, dtype=float).tolist()
        return part

    return json.dumps([one(part) for part in parts])


def _exception(result: Mapping[str, Any]) -> Exception:
    from cgtlearn.exercises.blank import UnfilledBlank

    name, text = _text(result.get("type", "")), _text(result.get("text", ""), 300)
    if name == "UnfilledBlank":
        return UnfilledBlank()
    if name == "NameError" and isinstance(result.get("name"), str):
        return NameError(text, name=result["name"])
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            return known(text)
        except TypeError:  # UnicodeDecodeError and the like want more than a text
            pass
    shown = name if LEARNERS_TYPE.fullmatch(name) else "Exception"
    return type(shown, (Exception,), {})(text)


def _signature(parameters: Any) -> inspect.Signature | None:
    if not isinstance(parameters, list):
        return None
    try:
        return inspect.Signature(
            [
                inspect.Parameter(
                    _text(name, 100),
                    inspect._ParameterKind(kind),
                    default=... if has_default is True else inspect.Parameter.empty,
                )
                for name, kind, has_default in parameters
            ]
        )
    except (ValueError, TypeError) as error:
        raise BadRecord("a signature that cannot be") from error


def revive(record: Any, inputs: Inputs = NO_INPUTS, depth: int = 0) -> Any:
    """The Python value of a record. BadRecord for anything that is not one."""
    import numpy as np

    if not isinstance(record, dict) or depth > 8:
        raise BadRecord("not a record")
    kind = record.get("kind")
    if kind == "blank":
        return ...
    if kind == "none":
        return None
    if kind == "bool":
        return bool(record.get("value"))
    if kind == "number":
        return _number(record.get("value"))
    if kind == "text":
        return _text(record.get("value"))
    if kind == "list":
        items = record.get("items")
        if not isinstance(items, list) or len(items) > MOST_NUMBERS:
            raise BadRecord("a list without items")
        return [revive(item, depth=depth + 1) for item in items]
    if kind == "dict":
        pairs = record.get("items")
        if not isinstance(pairs, list) or len(pairs) > MOST_NUMBERS:
            raise BadRecord("a dictionary without items")
        try:
            return {_text(key, 200): revive(value, depth=depth + 1) for key, value in pairs}
        except TypeError as error:
            raise BadRecord("a dictionary that is none") from error
    if kind == "array":
        shape, values = record.get("shape"), record.get("values")
        if not isinstance(shape, list) or not isinstance(values, list) or len(shape) > 8:
            raise BadRecord("an array without shape or values")
        if not all(type(length) is int and 0 <= length <= MOST_NUMBERS for length in shape):
            raise BadRecord("an array with an impossible shape")
        if math.prod(shape) != len(values) or len(values) > MOST_NUMBERS:
            raise BadRecord("an array whose values do not fill its shape")
        return np.asarray([_number(value) for value in values], dtype=float).reshape(shape)
    if kind == "values" and depth == 0:
        return Replay(record, inputs)
    if kind == "function":
        return lambda *arguments: _nameless("function")
    if kind == "other":
        return _nameless(record.get("type"))
    raise BadRecord("an unknown kind")


def verdict_of(exercise: dict[str, Any], record: Any, learner: str) -> dict[str, Any]:
    """The verdict on one record, as plain data. ``learner``: whose numbers were drawn.

    ``numbers_of`` in it lists the variants for which a wrong answer would be right.
    """
    from cgtlearn.exercises import drawing, judging

    verdict: judging.Verdict
    others: list[int] = []
    if isinstance(record, dict) and record.get("kind") == "endless":
        message = (
            "Your function did not come to an end. Look for a loop whose condition never changes."
        )
        verdict = judging.Verdict(exercise["id"], judging.INVALID, message)
    else:
        try:
            own = drawing.for_learner(exercise, learner)["answer"]
            answer = revive(record, inputs_of(own))
            verdict = drawing.judge_for(exercise, learner, answer)
            if verdict.status == judging.WRONG and "drawn" in exercise:
                others = drawing.variants_met(exercise, answer)
        except (BadRecord, RecursionError) as error:
            message = f"What arrived as your answer is no answer ({error})."
            verdict = judging.Verdict(exercise["id"], judging.INVALID, message)
    return {
        "id": exercise["id"],
        "status": verdict.status,
        "message": verdict.message,
        "misconceptions": list(verdict.misconceptions),
        "numbers_of": others,
    }


def main() -> int:
    """Judge a job: ``exercises`` and ``records`` by id, ``learner``."""
    job = json.loads(sys.stdin.buffer.read())
    verdicts = [
        verdict_of(job["exercises"][identity], record, job["learner"])
        for identity, record in job["records"].items()
    ]
    sys.stdout.write(json.dumps(verdicts))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

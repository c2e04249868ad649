"""Numbers drawn for each learner: neighbours differ, and a grader can tell.

The variants are compiled, so nothing is computed here: a learner's name picks one of them by a
small hash, and its numbers, texts and answers take the place of the undrawn ones. The rules stand
under "DRAWN" in the package's docstring.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from . import judging

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*(?::[^{}]*)?)\s*\}\}")


def same_name(learner: str) -> str:
    """A learner's name as it is hashed: letters in one form, small, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", learner).lower().split())


def fnv1a(text: str) -> int:
    """The 32-bit FNV-1a hash of a text's UTF-8 bytes."""
    value = 2166136261
    for byte in text.encode("utf-8", "replace"):
        value = ((value ^ byte) * 16777619) % 2**32
    return value


def variant_number(exercise: Mapping[str, Any], learner: str) -> int | None:
    """Which variant a learner has; None for nobody, and where nothing is drawn."""
    variants = exercise.get("drawn", {}).get("variants", [])
    name = same_name(learner)
    if not variants or not name:
        return None
    return fnv1a(f"{name}\n{exercise['id']}") % len(variants)


def fill(text: str, texts: Mapping[str, str]) -> str:
    """A template's text; placeholders that are not known stay."""
    return PLACEHOLDER.sub(lambda found: texts.get(found[1].strip(), found[0]), text)


def variant(exercise: Mapping[str, Any], number: int | None) -> dict[str, Any]:
    """The exercise with the numbers of one variant; None gives the undrawn one."""
    made = copy.deepcopy({key: value for key, value in exercise.items() if key != "drawn"})
    if number is None:
        return made
    drawn = exercise["drawn"]
    chosen, templates = drawn["variants"][number], drawn["templates"]
    texts = chosen["texts"]
    made["answer"].update(copy.deepcopy(chosen["answer"]))
    made["answer"]["when_right"] = fill(templates["when_right"], texts)
    for name in ("statement_markdown", "worked_markdown"):
        made[name] = fill(templates[name], texts)
    made["hints"] = [fill(hint, texts) for hint in templates["hints"]]
    for entry, answer, message in zip(
        made["wrong"], chosen["wrong"], templates["messages"], strict=True
    ):
        entry["answer"] = copy.deepcopy(answer)
        entry["message"] = fill(message["message"], texts)
        entry["try"] = fill(message["try"], texts)
    return made


def for_learner(exercise: Mapping[str, Any], learner: str) -> dict[str, Any]:
    """The exercise as this learner has it."""
    return variant(exercise, variant_number(exercise, learner))


def numbers_of(exercise: Mapping[str, Any], learner: str) -> dict[str, Any]:
    """The drawn numbers of this learner, by name; the undrawn ones for nobody."""
    if "drawn" not in exercise:
        return {}
    number = variant_number(exercise, learner)
    if number is None:
        return dict(exercise["drawn"]["numbers"])
    return dict(exercise["drawn"]["variants"][number]["numbers"])


def judge_for(
    exercise: dict[str, Any], learner: str, answer: Any, limit: float | None = None
) -> judging.Verdict:
    """The verdict on a learner's answer to the exercise with their own numbers.

    An answer that no slip explains, and that is right for the undrawn numbers, says so.
    """
    number = variant_number(exercise, learner)
    mine = variant(exercise, number)
    verdict = judging.judge(mine, answer, limit)
    if number is None or verdict.status != judging.WRONG or verdict.misconception:
        return verdict
    if judging.judge(variant(exercise, None), answer, limit):
        return judging.other_numbers(mine)
    return verdict


def variants_met(exercise: dict[str, Any], answer: Any) -> list[int]:
    """The numbers of the variants for which an answer is right; for a grader who compares."""
    count = len(exercise.get("drawn", {}).get("variants", []))
    return [n for n in range(count) if judging.judge(variant(exercise, n), answer)]

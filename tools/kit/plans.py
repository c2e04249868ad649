"""Run-sheets: `book/instructors/plans.yml`, with minutes taken from sections and exercises.

A plan is a list of items. An item is one of::

    - section: 07_cart_kinetics/01_expansion#Twelve doublings    minutes of that section
    - notebook: 07_cart_kinetics/01_expansion                    minutes of all its sections
    - exercise: "07.1"                                           minutes of that exercise
    - talk: What the room will decide                            with `minutes`
    - discuss: quarter-of-the-cells                              a question, with `minutes`
    - test: before                                               with `minutes`
    - break: Coffee                                              with `minutes`
    - day: Day 2                                                 a heading, no minutes

`minutes` of the plan are the time in the room, breaks included (for each day, where there are
days). The items must fit, and may leave at most a tenth of it. `cut` names items of the plan to
leave out, in order, when the room is slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools import ROOT
from tools.kit.lesson import KitError, Lesson

KINDS = ("section", "notebook", "exercise", "talk", "discuss", "test", "break", "day")
SLACK = 0.1
"""The share of a plan that may stay free."""


@dataclass(frozen=True)
class Item:
    """One line of a run-sheet."""

    kind: str
    what: str
    minutes: int
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A run-sheet: what is done when, and what to cut."""

    name: str
    title: str
    minutes: int
    audience: str
    items: tuple[Item, ...]
    cut: tuple[Item, ...]

    @property
    def days(self) -> list[list[Item]]:
        """The items of each day; one day where none is named."""
        days: list[list[Item]] = []
        for item in self.items:
            if item.kind == "day" or not days:
                days.append([])
            if item.kind != "day":
                days[-1].append(item)
        return days


def questions(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The discussion questions by their key."""
    path = root / "book" / "instructors" / "questions.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _item(entry: dict[str, Any], lessons: dict[str, Lesson], asked: dict[str, Any]) -> Item:
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1 or set(entry) - {*kinds, "minutes"}:
        raise KitError(f"an item is one of {', '.join(KINDS)} and perhaps minutes, not {entry}")
    kind = kinds[0]
    what = str(entry[kind])
    own = entry.get("minutes")
    if kind in ("talk", "discuss", "test", "break"):
        if not isinstance(own, int) or own < 1:
            raise KitError(f"{kind} {what!r} needs its minutes")
        text = what
        if kind == "discuss":
            if what not in asked:
                raise KitError(f"there is no question {what!r}; there are {', '.join(asked)}")
            text = asked[what]["question"]
        return Item(kind, what, own, text)
    if own is not None:
        raise KitError(f"{kind} {what!r}: its minutes come from its source, leave them out")
    if kind == "day":
        return Item(kind, what, 0, what)
    if kind == "exercise":
        for lesson in lessons.values():
            for exercise in lesson.exercises:
                if exercise["id"] == what:
                    text = f"Exercise {what} · {exercise['title']}"
                    return Item(kind, what, exercise["minutes"], text)
        raise KitError(f"there is no exercise {what}")
    name, _, start = what.partition("#")
    if name not in lessons:
        raise KitError(f"there is no notebook {name}; there are {', '.join(lessons)}")
    lesson = lessons[name]
    if kind == "notebook":
        return Item(kind, what, lesson.minutes, f"The whole notebook: {lesson.title}")
    section = lesson.section(start)
    text = f"{section.title} ({lesson.title})" if section.title == "Opening" else section.title
    return Item(kind, what, section.minutes, text, tuple(section.notes))


def read(lessons: dict[str, Lesson], root: Path = ROOT) -> list[Plan]:
    """Every plan, checked. Raises KitError for one that does not fit its time."""
    path = root / "book" / "instructors" / "plans.yml"
    asked = questions(root)
    plans = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        name = entry["name"]
        try:
            items = tuple(_item(each, lessons, asked) for each in entry["items"])
            named = {(item.kind, item.what): item for item in items}
            cut = []
            for each in entry["cut"]:
                wanted = _item(each, lessons, asked)
                if (wanted.kind, wanted.what) not in named:
                    raise KitError(f"the cut list names {wanted.what!r}, which is not in the plan")
                cut.append(wanted)
        except KitError as error:
            raise KitError(f"plan {name}: {error}") from None
        plan = Plan(name, entry["title"], entry["minutes"], entry["for"], items, tuple(cut))
        for number, day in enumerate(plan.days, start=1):
            total = sum(item.minutes for item in day)
            if not (1 - SLACK) * plan.minutes <= total <= plan.minutes:
                raise KitError(
                    f"plan {name}, day {number}: its items take {total} of {plan.minutes} minutes; "
                    f"they must fit and leave at most {SLACK:.0%}"
                )
        plans.append(plan)
    return plans


def clock(minutes: int, start: int = 9 * 60) -> str:
    """Minutes since the start as a time of day, with a start at nine."""
    hours, rest = divmod(start + minutes, 60)
    return f"{hours:02d}:{rest:02d}"

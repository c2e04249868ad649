"""What a notebook's source says to an instructor.

In a book source, beside the learner's cells:

- a Markdown cell with a heading of level 2 carries its section's minutes:
  `# %% [markdown] minutes=8`, or `minutes="8,5"` where two sections begin in one cell; the cell of
  the title carries those of the opening;
- a cell tagged `instructor` is a note: where learners get stuck, which line to talk through;
- a cell tagged `slide` goes into the deck, under its section's heading.

None of this reaches the learner's notebook: :func:`for_learners` takes it away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext

from tools import ROOT

NOTE, SLIDE, MINUTES = "instructor", "slide", "minutes"
HEADING = re.compile(r"^(#{1,2}) (.+)$", re.MULTILINE)


class KitError(Exception):
    """Something that an instructor would trip over; the message says where and what to do."""


@dataclass
class Section:
    """A part of a notebook under one heading."""

    title: str
    minutes: int
    notes: list[str] = field(default_factory=list)
    slides: list[int] = field(default_factory=list)  # numbers of the learner's cells


@dataclass
class Lesson:
    """A notebook as a lesson: its sections in order, its exercises."""

    name: str
    title: str
    stated: int
    """Minutes in the notebook's header line."""
    sections: list[Section]
    exercises: list[dict[str, Any]]

    @property
    def minutes(self) -> int:
        """The minutes of its sections."""
        return sum(section.minutes for section in self.sections)

    def section(self, start: str) -> Section:
        """The section whose heading begins with `start`."""
        found = [s for s in self.sections if s.title.startswith(start)]
        if len(found) != 1:
            titles = "; ".join(s.title for s in self.sections)
            raise KitError(
                f"{self.name}: {len(found)} sections begin with {start!r}. There are: {titles}"
            )
        return found[0]


def for_learners(metadata: dict[str, Any]) -> dict[str, Any] | None:
    """A source cell's metadata as the learner's notebook has it; None: the cell is not for them."""
    tags = metadata.get("tags", [])
    if NOTE in tags:
        return None
    kept = {key: value for key, value in metadata.items() if key not in (MINUTES, "tags")}
    left = [tag for tag in tags if tag != SLIDE]
    return {**kept, "tags": left} if left else kept


def _longest(sections: list[Section], cell: Any) -> Section:
    """The section to which most of a tagged cell belongs, where sections begin inside it."""
    if cell.cell_type != "markdown":
        return sections[-1]
    before, *parts = re.split(r"(?m)^#{1,2} ", cell.source)
    lengths = [len(before), *(len(part.partition("\n")[2]) for part in parts)]
    return sections[len(sections) - len(lengths) + lengths.index(max(lengths))]


def read(source: Path) -> Lesson:
    """The lesson in a book source. Raises KitError for minutes that do not add up."""
    from tools import notebooks, students

    name = f"{source.parent.name}/{source.stem}"
    cells = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells
    sections: list[Section] = []
    title, stated, number = "", 0, 0
    for cell in cells:
        if not cell.source.strip():
            continue
        tags = cell.metadata.get("tags", [])
        if NOTE in tags:
            if not sections:
                raise KitError(f"{name}: a note before the first heading belongs to no section")
            sections[-1].notes.append(cell.source.strip())
            continue
        if cell.cell_type == "markdown":
            heads = HEADING.findall(re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL))
            given = [part for part in str(cell.metadata.get(MINUTES, "")).split(",") if part]
            if len(given) != len(heads):
                raise KitError(
                    f"{name}: {len(heads)} headings but {len(given)} minutes in the cell of "
                    f"{heads[0][1] if heads else cell.source[:40]!r}; write minutes=8 beside "
                    "[markdown]"
                )
            for (level, head), minutes in zip(heads, given, strict=True):
                if level == "#":
                    title = head
                    found = re.search(r"(\d+)\s+minutes", cell.source)
                    stated = int(found[1]) if found else 0
                    head = "Opening"
                sections.append(Section(head, int(minutes)))
        if SLIDE in tags:
            if not sections:
                raise KitError(f"{name}: a slide before the first heading belongs to no section")
            _longest(sections, cell).slides.append(number)
        number += 1
    path = notebooks.exercise_source(source)
    exercises = [item.data for item in students.compile_source(path)] if path.exists() else []
    lesson = Lesson(name, title, stated, sections, exercises)
    if lesson.minutes != stated:
        raise KitError(
            f"{name}: the header says {stated} minutes, its sections add up to {lesson.minutes}"
        )
    return lesson


def read_all(root: Path = ROOT) -> dict[str, Lesson]:
    """Every lesson of the book by its name, such as "07_cart_kinetics/01_expansion"."""
    from tools import notebooks

    lessons = [read(s) for s in notebooks.sources(root) if not notebooks.is_exercise(s)]
    return {lesson.name: lesson for lesson in lessons}

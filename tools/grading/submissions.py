"""Read what learners handed in: which file is which learner's, and which issued notebook it is.

A submission is untrusted text. It is read as JSON with a limit of size, never executed here, and
whatever is wrong with it becomes a note, not an error.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGEST = 30_000_000  # bytes of one notebook
CHECK = re.compile(r"""\bcheck\s*\(\s*(?:id\s*=\s*)?["']([0-9]+\.[0-9]+)["']""")


NAMED = re.compile(r"""\bset_learner\s*\(\s*(?:name\s*=\s*)?["']([^"']{0,80})["']""")


@dataclass(frozen=True)
class Issued:
    """A student's notebook as it was given out: its name, its exercises, its code cells."""

    name: str  # chapter/notebook, as in "07_cart_kinetics/01_expansion"
    ids: tuple[str, ...]
    setup: tuple[str, ...] = ()  # code cells without an exercise

    @property
    def stem(self) -> str:
        return self.name.split("/")[-1]


@dataclass
class Submission:
    """One file that was handed in. ``cells``: (number, code); ``notes``: what stands out."""

    path: Path
    file: str  # below the folder of submissions, with forward slashes
    learner: str
    notebook: Issued | None = None
    cells: list[tuple[int, str]] = field(default_factory=list)
    where: dict[str, list[int]] = field(default_factory=dict)  # exercise -> numbers of its cells
    notes: list[str] = field(default_factory=list)
    readable: bool = True
    sha256: str = ""
    own_name: str = ""  # what it gives to set_learner: the name by which its numbers were drawn

    @property
    def numbers_name(self) -> str:
        """The name whose drawn numbers count."""
        return self.own_name or self.learner


def code_cells(document: Any) -> list[tuple[int, str]]:
    """(number, code) of each code cell, counted from 1 over all cells. ValueError if it has none.

    ``document`` is a notebook of format 4.
    """
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise ValueError("it is no Jupyter notebook of format 4 (it has no list of cells)")
    cells = []
    for number, cell in enumerate(document["cells"], start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if isinstance(source, str) and source.strip():
            cells.append((number, source))
    return cells


def exercises_in(cells: list[tuple[int, str]]) -> dict[str, list[int]]:
    """Which exercises are checked, and in which cells."""
    found: dict[str, list[int]] = {}
    for number, source in cells:
        for identity in CHECK.findall(source):
            found.setdefault(identity, []).append(number)
    return found


def issued_notebooks(root: Path, exercises: Mapping[str, Mapping[str, Any]]) -> dict[str, Issued]:
    """Every student's notebook of the course, by its name."""
    ids: dict[str, list[str]] = {}
    for identity, exercise in exercises.items():
        ids.setdefault(exercise["notebook"], []).append(identity)
    issued = {}
    for name, own in ids.items():
        path = root / "exercises" / f"{name}.ipynb"
        setup: list[str] = []
        if path.is_file():
            cells = code_cells(json.loads(path.read_text(encoding="utf-8")))
            setup = [source for _, source in cells if not CHECK.search(source)]
        order = sorted(own, key=lambda identity: [int(part) for part in identity.split(".")])
        issued[name] = Issued(name, tuple(order), tuple(setup))
    return issued


def shown(path: Path, folder: Path) -> str:
    """A path below the folder as text that any file and any terminal can take."""
    text = path.relative_to(folder).as_posix().encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _learner(file: str, stem: str | None) -> str:
    """Whose it is: the folder it lies in, or the file's name without the notebook's."""
    parts = file.split("/")
    if len(parts) > 1:
        return parts[0]
    name = parts[0].rsplit(".", 1)[0]
    if stem:
        short = re.sub(rf"[\s_.-]*{re.escape(stem)}[\s_.-]*", " ", name, flags=re.IGNORECASE)
        name = _plain(short) or name
    return name


def find(folder: Path) -> tuple[list[Path], list[str]]:
    """The notebooks below ``folder``, in order, and the names of other files."""
    notebooks, others = [], []

    def walk(place: Path) -> Iterator[Path]:
        for entry in sorted(place.iterdir()):
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            if entry.is_dir() and not entry.is_symlink():
                yield from walk(entry)
            else:
                yield entry

    for path in walk(folder):
        if path.suffix.lower() == ".ipynb":
            notebooks.append(path)
        else:
            others.append(shown(path, folder))
    return notebooks, others


def read(path: Path, folder: Path, issued: Mapping[str, Issued]) -> Submission:
    """Read one file and say what it is. Problems are in ``notes``; nothing is raised for them."""
    file = shown(path, folder)
    by_name = [one for one in issued.values() if one.stem.lower() in path.stem.lower()]
    named = by_name[0] if by_name else None
    submission = Submission(path, file, _learner(file, named.stem if named else None))
    try:
        if path.is_symlink() or not path.is_file():
            raise ValueError("it is a link or no plain file")
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST // 10**6} MB")
        data = path.read_bytes()
        submission.sha256 = hashlib.sha256(data).hexdigest()
        if not data.strip():
            raise ValueError("the file is empty")
        try:
            document = json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            raise ValueError("it is corrupt: no complete JSON text") from None
        submission.cells = code_cells(document)
    except (OSError, ValueError) as error:
        submission.readable = False
        submission.notes.append(f"not readable: {error}")
        return submission
    submission.where = exercises_in(submission.cells)
    names = [name for _, source in submission.cells for name in NAMED.findall(source)]
    submission.own_name = names[-1].strip() if names else ""
    if not submission.cells:
        submission.notes.append("empty: it has no code cell")
    _recognise(submission, named, issued)
    if submission.notebook is not None:
        _compare(submission, submission.notebook)
    return submission


def _recognise(submission: Submission, named: Issued | None, issued: Mapping[str, Issued]) -> None:
    """Set the issued notebook: the one that shares most exercises, or else the file's name."""
    shared = {name: len(set(one.ids) & submission.where.keys()) for name, one in issued.items()}
    best = max(shared, key=lambda name: shared[name], default="")
    if best and shared[best]:
        submission.notebook = issued[best]
        if named is not submission.notebook:
            submission.notes.append(
                f"renamed: the file's name does not hold {submission.notebook.stem}; recognised "
                "by its exercises"
            )
    elif named is not None:
        submission.notebook = named
        submission.notes.append("none of the notebook's exercises is checked in it")
    else:
        submission.notes.append("not recognised: it checks no exercise of the course")


def _compare(submission: Submission, issued: Issued) -> None:
    """Note cells that were deleted, duplicated or changed against the issued notebook."""
    gone = [identity for identity in issued.ids if identity not in submission.where]
    if gone and submission.where:
        submission.notes.append(f"cells deleted: no cell checks {', '.join(gone)}")
    twice = [identity for identity in issued.ids if len(submission.where.get(identity, [])) > 1]
    if twice:
        submission.notes.append(
            f"cells duplicated: {', '.join(twice)} is checked more than once; the last one counts"
        )
    foreign = sorted(submission.where.keys() - set(issued.ids))
    if foreign:
        submission.notes.append(f"checks of other notebooks are left out: {', '.join(foreign)}")
    there = {_plain(source) for _, source in submission.cells}
    if submission.cells and any(_plain(source) not in there for source in issued.setup):
        submission.notes.append("a given cell (imports, data) was changed or deleted")

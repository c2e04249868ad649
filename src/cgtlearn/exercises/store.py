"""Where compiled exercises are read from and a learner's progress is kept.

Progress is one small JSON file that the learner owns: ``.cgtlearn/progress.json`` in the course's
folder, or in the home folder when the course's folder is not found. The environment variable
``CGTLEARN_PROGRESS`` names another file, or ``off`` to keep progress in memory only. A file that
cannot be read or written never loses a check. What is erased stays in ``progress.erased.json``
beside it until it is brought back.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ..errors import LearnerError, nearest

SCHEMA = 1
MOST_RESETS = 20  # how many can be undone
DATA = Path(__file__).resolve().parent / "data"

_cache: dict[Path, dict[str, dict[str, Any]]] = {}
_memory: dict[str, dict[str, Any]] = {}
_resets: list[dict[str, dict[str, Any]]] = []  # what was erased, the last at the end
_learner = ""
_written = True  # False once the file could not be written: then memory holds the progress


class UnknownExercise(LearnerError):
    """No exercise has this id; the message gives the nearest one."""


def _load(path: Path) -> dict[str, dict[str, Any]]:
    if path not in _cache:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("schema") != SCHEMA:
            raise ValueError(
                f"{path.name} has exercise format {document.get('schema')!r}, this version of "
                f"cgtlearn reads {SCHEMA}. Update cgtlearn or compile the exercises again."
            )
        _cache[path] = {entry["id"]: entry for entry in document["exercises"]}
    return _cache[path]


def chapters() -> dict[str, dict[str, dict[str, Any]]]:
    """Every compiled chapter: name -> {exercise id -> exercise}."""
    return {path.stem: _load(path) for path in sorted(DATA.glob("[0-9][0-9]_*.json"))}


def exercises() -> dict[str, dict[str, Any]]:
    """Every compiled exercise by id."""
    return {key: entry for chapter in chapters().values() for key, entry in chapter.items()}


def exercise(exercise_id: Any) -> dict[str, Any]:
    """The compiled exercise with this id.

    Raises :class:`UnknownExercise` with the nearest id when there is none.
    """
    if isinstance(exercise_id, str):
        number = exercise_id.split(".")[0]
        for path in sorted(DATA.glob(f"{number}_*.json")) if number.isalnum() else []:
            entry = _load(path).get(exercise_id)
            if entry is not None:
                return entry
    known = exercises()
    if isinstance(exercise_id, str) and exercise_id in known:
        return known[exercise_id]
    near = nearest(exercise_id, known) if isinstance(exercise_id, str) else None
    given = (
        f"the exercise {exercise_id!r}, which does not exist"
        if isinstance(exercise_id, str)
        else f"an id of type {type(exercise_id).__name__}"
    )
    raise UnknownExercise(
        given=given,
        expected='an exercise\'s number in quotes, chapter first, as in check("07.1", answer)',
        do=f'did you mean "{near}"?' if near else f"the ids are: {', '.join(known) or 'none yet'}",
    )


def forget() -> None:
    """Drop what was read, so that changed data files are read again."""
    global _learner, _written
    _cache.clear()
    _memory.clear()
    _resets.clear()
    _learner = ""
    _written = True


# --- progress ----------------------------------------------------------------------------------


def progress_path() -> Path | None:
    """The learner's progress file, or None when progress stays in memory."""
    chosen = os.environ.get("CGTLEARN_PROGRESS")
    if chosen:
        return None if chosen == "off" else Path(chosen)
    try:
        here = Path.cwd().resolve()
        for folder in (here, *here.parents):
            if (folder / "course.py").is_file() and (folder / "exercises").is_dir():
                return folder / ".cgtlearn" / "progress.json"
        return Path.home() / ".cgtlearn" / "progress.json"
    except (OSError, RuntimeError):
        return None


def _read_document() -> dict[str, Any]:
    """The progress file's content, made safe: exercises and the learner's name."""
    path = progress_path()
    in_memory = {"learner": _learner, "exercises": _memory}
    if path is None:
        return in_memory
    try:
        return _tidy(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {"learner": "", "exercises": {}} if _written else in_memory
    except (OSError, ValueError, RecursionError):
        # A damaged file is kept beside the new one, so nothing of the learner's is destroyed.
        try:
            path.replace(path.with_name("progress.damaged.json"))
        except OSError:
            pass
        return in_memory


def _tidy(document: Any) -> dict[str, Any]:
    """The parts of a progress document that have the right form; ValueError if it is none."""
    if not isinstance(document, dict) or not isinstance(document.get("exercises"), dict):
        raise ValueError("no progress document: it has no object called exercises")
    learner = document.get("learner", "")
    return {
        "learner": learner if isinstance(learner, str) else "",
        "exercises": {
            key: entry
            for key, entry in document["exercises"].items()
            if isinstance(key, str) and isinstance(entry, dict)
        },
    }


def read_progress() -> dict[str, dict[str, Any]]:
    """What the learner did: id -> attempts, status, hints, misconceptions, solution seen."""
    entries: dict[str, dict[str, Any]] = _read_document()["exercises"]
    return entries


def learner() -> str:
    """The learner's name, which draws their numbers; "" for nobody."""
    name: str = _read_document()["learner"]
    return name


def name_learner(name: str) -> None:
    """Keep the learner's name with their progress."""
    _write(read_progress(), name)


def record(exercise_id: str, **changes: Any) -> dict[str, Any]:
    """Change one entry; numbers are added, lists are joined, the rest is replaced."""
    entries = read_progress()
    entry = dict(entries.get(exercise_id, {}))
    for key, value in changes.items():
        if isinstance(value, bool) or not isinstance(value, (int, list)):
            entry[key] = value
        elif isinstance(value, list):
            old = entry.get(key)
            old = old if isinstance(old, list) else []
            entry[key] = old + [item for item in value if item not in old]
        else:
            entry[key] = _count(entry.get(key)) + value
    entries[exercise_id] = entry
    _write(entries)
    return entry


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _write(entries: dict[str, dict[str, Any]], name: str | None = None) -> None:
    global _written, _learner
    _learner = learner() if name is None else name
    kept = dict(entries)
    _memory.clear()
    _memory.update(kept)
    path = progress_path()
    if path is not None:
        document = {"schema": SCHEMA, "learner": _learner, "exercises": kept}
        _written = _write_json(path, document)


def _write_json(path: Path, document: dict[str, Any]) -> bool:
    """Write a file whole or not at all; False when it cannot be written."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1, sort_keys=True, ensure_ascii=False)
        os.replace(temporary, path)
        return True
    except OSError:
        if temporary is not None:
            try:
                os.unlink(temporary)
            except OSError:
                pass
        return False


# --- out, in, away and back ----------------------------------------------------------------------


def merge(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Two records of one exercise as one: right stays right, the larger count stands."""
    joined = {**two, **one}
    for key in ("attempts", "hints"):
        if key in joined:
            joined[key] = max(_count(one.get(key)), _count(two.get(key)))
    if "right" in (one.get("status"), two.get("status")):
        joined["status"] = "right"
    lists = [m for e in (one, two) if isinstance(m := e.get("misconceptions"), list)]
    if lists:
        every = [item for items in lists for item in items if isinstance(item, str)]
        joined["misconceptions"] = list(dict.fromkeys(every))
    if one.get("solution_seen") or two.get("solution_seen"):
        joined["solution_seen"] = True
    return joined


def _bring(more: dict[str, dict[str, Any]], name: str = "") -> int:
    entries = dict(read_progress())
    for key, entry in more.items():
        entries[key] = merge(entries.get(key, {}), entry)
    _write(entries, learner() or name)
    return len(more)


def export_to(path: Path) -> int:
    """Write a copy of the progress to ``path``; returns the number of exercises in it."""
    document = {"schema": SCHEMA, "course": "cgtlearn", **_read_document()}
    if not _write_json(path, document):
        raise LearnerError(
            given=f"the file {path}, which cannot be written",
            expected="a place where you may write",
            do="name another file, in your own folder",
        )
    return len(document["exercises"])


def import_from(path: Path) -> int:
    """Add the progress of an exported file; returns the number of exercises in it."""
    try:
        document = _tidy(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise LearnerError(
            given=f"the file {path}, which cannot be read ({type(error).__name__})",
            expected="a file that export_progress(...) or the page's export has written",
            do="check name and folder; your present progress is untouched",
        ) from error
    return _bring(document["exercises"], document["learner"])


def _erased_path() -> Path | None:
    path = progress_path()
    return None if path is None else path.with_name("progress.erased.json")


def _read_resets() -> list[dict[str, dict[str, Any]]]:
    path = _erased_path()
    if path is None or not _written:
        return _resets
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["resets"]
        return [_tidy({"exercises": entries})["exercises"] for entries in kept]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return list(_resets)


def _write_resets(resets: list[dict[str, dict[str, Any]]]) -> None:
    resets = resets[-MOST_RESETS:]
    path = _erased_path()
    if path is not None:
        _write_json(path, {"schema": SCHEMA, "resets": resets})
    _resets[:] = resets


def erase(exercise_id: str | None = None) -> int:
    """Take one entry away, or all; returns how many there were. :func:`bring_back` undoes it."""
    entries = read_progress()
    gone = {k: e for k, e in entries.items() if exercise_id is None or k == exercise_id}
    if gone:
        _write_resets([*_read_resets(), gone])  # first the copy, then the loss
    _write({key: entry for key, entry in entries.items() if key not in gone})
    return len(gone)


def bring_back() -> list[str]:
    """Undo the last erasing; returns the ids that are back."""
    resets = _read_resets()
    if not resets:
        return []
    last = resets[-1]
    _bring(last)
    _write_resets(resets[:-1])
    return list(last)

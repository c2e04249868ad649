"""Where compiled exercises are read from and a learner's progress is kept.

Progress is one small JSON file that the learner owns: ``.cgtlearn/progress.json`` in the course's
folder, or in the home folder when the course's folder is not found. The environment variable
``CGTLEARN_PROGRESS`` names another file, or ``off`` to keep progress in memory only. A file that
cannot be read or written never loses a check.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ..errors import LearnerError, nearest

SCHEMA = 1
DATA = Path(__file__).resolve().parent / "data"

_cache: dict[Path, dict[str, dict[str, Any]]] = {}
_memory: dict[str, dict[str, Any]] = {}
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
    _cache.clear()
    _memory.clear()


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


def read_progress() -> dict[str, dict[str, Any]]:
    """What the learner did: id -> attempts, status, hints, misconceptions, solution seen."""
    path = progress_path()
    if path is None:
        return _memory
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = document["exercises"]
        return {
            key: entry
            for key, entry in entries.items()
            if isinstance(key, str) and isinstance(entry, dict)
        }
    except FileNotFoundError:
        return {} if _written else _memory
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # A damaged file is kept beside the new one, so nothing of the learner's is destroyed.
        try:
            path.replace(path.with_name("progress.damaged.json"))
        except OSError:
            pass
        return _memory


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
            old = entry.get(key)
            entry[key] = (old if isinstance(old, int) else 0) + value
    entries[exercise_id] = entry
    _write(entries)
    return entry


def _write(entries: dict[str, dict[str, Any]]) -> None:
    global _written
    _memory.update(entries)
    path = progress_path()
    if path is None:
        return
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"schema": SCHEMA, "exercises": entries}, file, indent=1, sort_keys=True)
        os.replace(temporary, path)
        _written = True
    except OSError:
        _written = False
        if temporary is not None:
            try:
                os.unlink(temporary)
            except OSError:
                pass


def erase(exercise_id: str | None = None) -> int:
    """Forget one entry or all; returns how many were there."""
    entries = read_progress()
    keys = list(entries) if exercise_id is None else [key for key in entries if key == exercise_id]
    kept = {key: entry for key, entry in entries.items() if key not in keys}
    _memory.clear()
    _write(kept)
    return len(keys)

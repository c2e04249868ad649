"""The learner's process: runs a notebook's code cells and hands the answers out as plain data.

It knows no right answer: of each exercise it has the id and, for functions, the inputs at which to
call them. Whatever a learner's code does in here (replace ``check``, forge a line of this
channel) can only change *which* answers leave, and an answer earns a point by being right.

It reads one job (JSON) from standard input and writes one JSON object a line to what was its
standard output; that becomes the learner's own output afterwards. Lines: ``contained`` (first,
before any learner's code), ``cell``, ``error``, ``answer``, ``refused``, ``done``.

This file is copied beside the stripped package and imports no other of the grader's but
``contain``. Its home is a folder of its own, which is all that it may write in.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
import types
from typing import Any

MOST_NUMBERS = 100_000  # in one answer
MOST_TEXT = 4_000  # characters of one answer, or of one message
FUNCTION_SECONDS = 5.0  # for one function at all its inputs
AGAIN_SECONDS = 0.5  # and for trying it in other ways


# --- An answer as plain data ----------------------------------------------------------------------


class TooLarge(Exception):
    """More than an answer may hold."""


def number(value: float) -> float | str:
    """A float as JSON holds it: NaN and the infinities as text."""
    value = float(value)
    return value if value - value == 0 else repr(value)


def plain(answer: Any, function: Any = None) -> dict[str, Any]:
    """An answer as JSON, by its kind. ``function`` turns a function into its values."""
    import numbers

    import numpy as np

    from cgtlearn.exercises.blank import is_blank

    left = MOST_NUMBERS

    def convert(value: Any, depth: int) -> dict[str, Any]:
        nonlocal left
        left -= 1
        if left < 0 or depth > 6:
            raise TooLarge
        if is_blank(value):
            return {"kind": "none" if value is None else "blank"}
        if isinstance(value, (bool, np.bool_)):
            return {"kind": "bool", "value": bool(value)}
        if isinstance(value, str):
            if len(value) > MOST_TEXT:
                raise TooLarge
            return {"kind": "text", "value": str(value)}
        if isinstance(value, (list, tuple)):
            if len(value) > left:
                raise TooLarge
            return {"kind": "list", "items": [convert(item, depth + 1) for item in value]}
        if type(value) is dict:
            if len(value) > left:
                raise TooLarge
            items = [[str(k)[:200], convert(v, depth + 1)] for k, v in value.items()]
            return {"kind": "dict", "items": items}
        if isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
            return convert(value.tolist(), depth)
        if not isinstance(value, np.ndarray) and hasattr(value, "__array__"):
            value = np.asarray(value)
        if isinstance(value, np.ndarray):
            if value.ndim == 0 and value.dtype.kind != "O":
                return convert(value.item(), depth + 1)
            if value.dtype.kind == "b":
                return convert(value.tolist(), depth)
            if value.dtype.kind not in "iuf":
                return {"kind": "other", "type": "array"}
            left -= value.size
            if left < 0:
                raise TooLarge
            flat = [number(item) for item in value.astype(float).ravel().tolist()]
            return {"kind": "array", "shape": list(value.shape), "values": flat}
        if isinstance(value, numbers.Real):
            return {"kind": "number", "value": number(float(value))}
        if callable(value) and not isinstance(value, type) and function is not None and depth == 0:
            return function(value)
        return {"kind": "function" if callable(value) else "other", "type": type(value).__name__}

    try:
        return convert(answer, 0)
    except TooLarge:
        return {"kind": "other", "type": "answer that is too large"}


def parameters(function: Any) -> list[list[Any]] | None:
    """Name, kind and whether there is a default, for each parameter; None if unknown."""
    import inspect

    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[p.name, int(p.kind), p.default is not p.empty] for p in found][:50]


def raised(error: BaseException) -> dict[str, Any]:
    """What a function raised, as plain data."""
    try:
        text = str(error)[:200]
    except BaseException:
        text = ""
    unknown = getattr(error, "name", None) if isinstance(error, NameError) else None
    return {"kind": "raises", "type": type(error).__name__, "text": text, "name": unknown}


def values_of(
    function: Any, inputs: list[list[Any]], again: list[list[Any]], guard: Any
) -> dict[str, Any]:
    """A function as plain data: what it gives, or raises, at each input.

    ``inputs`` decide; at the first that it cannot take it is left. ``again`` are the same arguments
    in another order or unit: they explain a wrong function, and are tried for a moment only.
    """
    import numpy as np

    def value(parts: list[Any]) -> dict[str, Any]:
        arguments = [np.asarray(p, dtype=float) if isinstance(p, list) else p for p in parts]
        try:
            with np.errstate(all="ignore"):
                return plain(function(*arguments))
        except (guard.TimeIsUp, MemoryError):
            raise
        except BaseException as error:  # learners' functions raise anything
            return raised(error)

    results: list[dict[str, Any]] = []
    more: list[dict[str, Any]] = []

    def decide() -> None:
        for parts in inputs:
            results.append(value(parts))
            if results[-1]["kind"] == "raises":
                break

    def try_again() -> None:
        for parts in again:
            more.append(value(parts))

    outcome = guard.run(decide, FUNCTION_SECONDS)
    if outcome.timed_out:
        return {"kind": "endless", "seconds": FUNCTION_SECONDS}
    if outcome.error is not None:
        results = [raised(outcome.error)]
    elif results[-1:] and results[-1]["kind"] != "raises":
        guard.run(try_again, AGAIN_SECONDS)
    code = getattr(function, "__code__", None)
    return {
        "kind": "values",
        "parameters": parameters(function),
        "results": results,
        "again": list(more),
        "code": code.co_code.hex()[:400] if isinstance(code, types.CodeType) else "",
    }


# --- Saying what was refused ----------------------------------------------------------------------

DEEDS = {
    "socket.": "reach the network",
    "os.fork": "start another process",
    "os.posix_spawn": "start another process",
    "os.exec": "start another process",
    "os.system": "start another process",
    "os.spawn": "start another process",
    "os.startfile": "start another process",
    "pty.spawn": "start another process",
    "subprocess.": "start another process",
    "os.kill": "signal another process",
}
CHANGES = {
    *(
        f"os.{deed}"
        for deed in "remove rename rmdir mkdir link symlink truncate chmod chown".split()
    ),
    *(f"shutil.{deed}" for deed in "rmtree move copyfile make_archive unpack_archive".split()),
    "os.utime",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
QUIET = ("/etc", "/proc", "/sys", "/dev", "/usr", "/lib", "/var", "/opt", "/run", "/snap")


def watch(home: str, allowed: list[str], tell: Any) -> None:
    """Tell what the code tries that it may not, and refuse it in Python's own words too.

    The kernel refuses; this names what was tried. Where the kernel cannot, this stops accidents,
    not intent: code can go round it.
    """
    home = os.path.realpath(home)
    told: set[str] = set()
    scope = [os.path.realpath(path) for path in allowed]

    def inside(path: Any, folders: list[str]) -> bool:
        if isinstance(path, int):
            return True
        try:
            full = os.path.realpath(os.fsdecode(path))
        except (TypeError, ValueError, OSError):
            return True
        return any(full == f or full.startswith(f.rstrip(os.sep) + os.sep) for f in folders)

    def note(deed: str) -> None:
        if deed not in told and len(told) < 10:
            told.add(deed)
            tell({"refused": deed[:MOST_TEXT]})

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        for start, deed in DEEDS.items():
            if event.startswith(start):
                note(deed)
                raise PermissionError(f"a notebook that is graded may not {deed}")
        if event in CHANGES:
            for path in arguments[:2]:
                if isinstance(path, (str, bytes)) and not inside(path, [home]):
                    note("change files outside its folder")
                    raise PermissionError("a notebook that is graded writes in its folder only")
        elif event == "open" and len(arguments) == 3:
            path, mode, flags = arguments
            writes = (flags or 0) & WRITING or (isinstance(mode, str) and set(mode) & set("wax+"))
            if not isinstance(path, (str, bytes)) or os.fsdecode(path) == os.devnull:
                return
            if writes and not inside(path, [home]):
                note("write outside its folder")
                raise PermissionError("a notebook that is graded writes in its folder only")
            if not writes and not inside(path, [home, *scope, *QUIET]):
                note("read files outside its folder")

    sys.addaudithook(hook)


# --- The cells ------------------------------------------------------------------------------------


def without_magics(source: str) -> str:
    """A cell's code without what only a notebook understands: %magics, !commands, help?."""
    if source.lstrip().startswith("%%"):
        return ""
    lines = []
    for line in source.splitlines():
        start = line.lstrip()
        if start.startswith(("%", "!", "?")) or (
            start.rstrip().endswith("?") and "#" not in start and start.rstrip("? ").isidentifier()
        ):
            line = line[: len(line) - len(start)] + "pass"
        lines.append(line)
    return "\n".join(lines)


def prepared(job: dict[str, Any], tell: Any) -> Any:
    """The exercises package, with a ``check`` that hands the answer out and judges nothing.

    Returns a function of the notebook's names: whether it left all that alone.
    """
    import cgtlearn.exercises as package
    from cgtlearn.exercises import guard

    def check(id: str, answer: Any = None, *_args: Any, **_options: Any) -> None:
        inputs, again = job["inputs"].get(id, ([], [])) if isinstance(id, str) else ([], [])
        record = plain(answer, lambda f: values_of(f, inputs, again, guard))
        tell({"answer": str(id)[:40], "record": record})

    def given(id: str) -> types.SimpleNamespace:
        """The learner's own numbers, as on the learner's machine."""
        return types.SimpleNamespace(**job["numbers"][id])

    def nothing(*_args: Any, **_options: Any) -> None:
        """Hints, solutions and progress are for the learner's own machine."""

    for name in package.__all__:
        if name not in ("check", "given", "guess") and isinstance(
            getattr(package, name), types.FunctionType
        ):
            setattr(package, name, nothing)
    setattr(package, "check", check)  # noqa: B010 (another signature)
    package.given = given

    def still_there(space: types.ModuleType) -> bool:
        """Whether the notebook has left the package and its check alone."""
        used = space.__dict__.get("check", check)
        same = sys.modules.get("cgtlearn.exercises") is package
        return same and package.check is check and used is check

    return still_there


def run(job: dict[str, Any], tell: Any) -> None:
    """Run the cells in order, each to its end or its error, as "Run all" does."""
    still_there = prepared(job, tell)
    replaced = False
    space = types.ModuleType("__main__")
    space.__dict__.update(__builtins__=builtins, display=lambda *objects: print(*objects))
    sys.modules["__main__"] = space
    sys.path.insert(0, job["home"])
    watch(job["home"], job["read"], tell)
    for index, source in job["cells"]:
        tell({"cell": index})
        try:
            exec(compile(without_magics(source), f"<cell {index}>", "exec"), space.__dict__)
        except BaseException as error:  # SystemExit and KeyboardInterrupt end a cell, not the rest
            try:
                text = str(error)[:300]
            except BaseException:
                text = ""
            tell({"error": index, "type": type(error).__name__, "text": text})
        if not replaced and not still_there(space):
            replaced = True
            tell({"refused": "replace the check"})


def main() -> None:
    """Contain this process, then run the job."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import contain

    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = json.loads(sys.stdin.buffer.read())
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.chdir(job["home"])

    def tell(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    # The course's own package is found in the stripped copy alone.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [here, *(p for p in sys.path if p and not p.startswith(job["course"] + os.sep))]
    sys.path += [p for p in job["libraries"] if p not in sys.path]
    state = contain.contain(job["limits"], job["read"], [job["home"], os.devnull], job["layers"])
    tell({"contained": state})
    run(job, tell)
    sys.stdout.flush()
    tell({"done": True})
    channel.flush()
    os._exit(0)  # threads that go on, and what is registered to run at the end, end here


if __name__ == "__main__":
    main()

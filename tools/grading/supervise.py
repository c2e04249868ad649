"""Start a learner's process, keep its limits, and leave nothing of it behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import contain

TICK = 0.05  # seconds between looks
MOST_SENT = 16_000_000  # bytes of answers
MOST_LINE = 8_000_000  # bytes of one answer
MOST_FILES = 5_000  # in a learner's folder
KEPT_OUTPUT = 64_000  # bytes of output that are looked at, at its start and at its end


@dataclass(frozen=True)
class Limits:
    """What one notebook may use: seconds, and bytes of memory, output and files."""

    seconds: float = 120.0
    memory: float = 2e9
    output: float = 20e6
    disk: float = 200e6

    def of_process(self) -> dict[str, float]:
        """For :func:`contain.put_on_limits`."""
        return {"memory": self.memory, "seconds": self.seconds, "file": self.disk}


@dataclass
class Run:
    """How a learner's process went. ``ended`` is "" when it came to the end of the notebook."""

    ended: str = ""
    seconds: float = 0.0
    cell: int | None = None
    records: dict[str, Any] = field(default_factory=dict)  # exercise -> its last record
    errors: list[tuple[int, str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    contained: dict[str, str] = field(default_factory=dict)
    output: str = ""
    output_bytes: int = 0
    strays: int = 0
    forged_lines: int = 0


class Family:
    """The processes that the grader has started; anything else that ends up below it is a stray.

    Where seccomp is not there, a learner's process can start others that leave its group. On Linux
    they come to the grader when their parent ends, and are found and ended here. ``left`` counts
    them by the home of the notebook that they come from ("" when that cannot be told).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: set[int] = set()
        self.left: Counter[str] = Counter()
        if sys.platform.startswith("linux"):
            with contextlib.suppress(OSError):
                contain.prctl(contain.PR_SET_CHILD_SUBREAPER, 1)

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a process of the grader's own."""
        with self._lock:
            child = subprocess.Popen(command, **options)
            self._own.add(child.pid)
        return child

    def forget(self, child: subprocess.Popen[bytes]) -> None:
        """It has ended and was waited for."""
        with self._lock:
            self._own.discard(child.pid)

    def _strays(self) -> list[int]:
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in self._own:
                with contextlib.suppress(OSError, ValueError, IndexError):
                    with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                        parent = int(file.read().rsplit(")", 1)[1].split()[1])
                    if parent == os.getpid():
                        found.append(int(name))
        return found

    @staticmethod
    def _home_of(pid: int) -> str:
        """The home that a process was started with; "" if it hides that."""
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/environ", "rb") as file:
                for entry in file.read().split(b"\0"):
                    if entry.startswith(b"HOME="):
                        return os.fsdecode(entry[5:])
        return ""

    def sweep(self) -> None:
        """End the strays, and theirs."""
        if not sys.platform.startswith("linux"):
            return
        for _ in range(200):
            with self._lock:
                strays = self._strays()
                for pid in strays:
                    self.left[self._home_of(pid)] += 1
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                    with contextlib.suppress(OSError):
                        os.waitpid(pid, 0)
            if not strays:
                return


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End a process and its group, at once."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        command = ["taskkill", "/F", "/T", "/PID", str(child.pid)]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.suppress(OSError):
        child.kill()


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended. It is not waited for yet, so its group's number stays taken."""
    if not hasattr(os, "waitid"):
        return child.poll() is not None
    with contextlib.suppress(ChildProcessError):
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, child.pid, flags) is not None
    return True


def _size(folder: Path) -> tuple[int, int]:
    """Bytes and number of files below ``folder``; counting ends when there are too many."""
    size = count = 0
    for place, folders, files in os.walk(folder):
        count += len(folders) + len(files)
        if count > MOST_FILES:
            break
        for name in files:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(place, name)).st_size
    return size, count


class _Reader(threading.Thread):
    """Empties a pipe. ``count`` is what came; ``keep`` bytes are kept, and the last ones."""

    def __init__(self, pipe: Any, keep: int) -> None:
        super().__init__(daemon=True)
        self.pipe, self.keep, self.count = pipe, keep, 0
        self.head: list[bytes] = []
        self.tail = b""

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := self.pipe.read1(65536):
                if self.count < self.keep:
                    self.head.append(data)
                else:
                    self.tail = (self.tail + data)[-KEPT_OUTPUT:]
                self.count += len(data)


def environment(home: Path) -> dict[str, str]:
    """The variables of a learner's process: nothing of the grader's own."""
    env = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(home / ".matplotlib"),
        "CGTLEARN_PROGRESS": "off",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    if os.name == "nt":
        env.update({k: os.environ[k] for k in ("SYSTEMROOT", "SYSTEMDRIVE") if k in os.environ})
        env.update(TEMP=str(home), TMP=str(home), USERPROFILE=str(home))
    return env


def run(
    job: dict[str, Any],
    kit: Path,
    limits: Limits,
    family: Family,
    stop: threading.Event | None = None,
) -> Run:
    """Run one job (see ``child.py``) to its end or its limits. Never raises for what it does."""
    home = Path(job["home"])
    result = Run()
    start = time.monotonic()
    command = [sys.executable, "-I", "-B", "-X", "utf8", str(kit / "child.py")]
    options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
    child = family.start(
        command,
        cwd=home,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )
    sent, said = _Reader(child.stdout, MOST_SENT), _Reader(child.stderr, KEPT_OUTPUT)
    try:
        sent.start()
        said.start()
        with contextlib.suppress(OSError):  # it may end before it has read its job
            assert child.stdin is not None
            child.stdin.write(json.dumps(job).encode())
            child.stdin.close()
        looked = 0.0
        while not _has_ended(child):
            now = time.monotonic() - start
            if now > limits.seconds:
                result.ended = f"ended at the limit of {limits.seconds:g} s"
            elif said.count > limits.output:
                result.ended = f"ended for more than {limits.output / 1e6:g} MB of output"
            elif sent.count > MOST_SENT:
                result.ended = f"ended for more than {MOST_SENT / 1e6:g} MB of answers"
            elif now - looked > 0.5:
                looked = now
                size, count = _size(home)
                if size > limits.disk or count > MOST_FILES:
                    result.ended = (
                        f"ended for more than {limits.disk / 1e6:g} MB or {MOST_FILES:,} files"
                    )
            if stop is not None and stop.is_set():
                result.ended = "interrupted"
            if result.ended:
                break
            time.sleep(TICK)
    finally:
        _end_group(child)
        code = child.wait()
        family.forget(child)
        family.sweep()
        result.strays = family.left[str(home)]
        for reader in (sent, said):
            reader.join(5)
            with contextlib.suppress(OSError):
                reader.pipe.close()
    result.seconds = time.monotonic() - start
    result.output = b"".join([*said.head, b"\n", said.tail]).decode("utf-8", "replace")
    result.output_bytes = said.count
    finished = _read(b"".join(sent.head), result)
    if not result.ended and not (finished and code == 0):
        result.ended = _how_it_ended(code)
    return result


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended itself before its last cell (exit code {code})"
    with contextlib.suppress(ValueError):
        return f"ended by {signal.Signals(-code).name}"
    return f"ended by signal {-code}"


def _read(data: bytes, result: Run) -> bool:
    """Fill in what the lines say; returns whether the last one says that the notebook is done.

    Any line after the first may be forged. So each is only data: an answer, or what to note.
    """
    finished = False
    for number, line in enumerate(data.split(b"\n")[:-1]):  # what is cut off is no line
        try:
            if len(line) > MOST_LINE:
                raise ValueError("too long")
            message = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError):
            result.forged_lines += 1
            continue
        finished = False
        if number == 0 and isinstance(message.get("contained"), dict):
            result.contained = {str(k): str(v)[:200] for k, v in message["contained"].items()}
        elif isinstance(message.get("answer"), str) and "record" in message:
            result.records[message["answer"][:40]] = message["record"]
        elif isinstance(message.get("cell"), int):
            result.cell = message["cell"]
        elif isinstance(message.get("error"), int) and len(result.errors) < 100:
            kind, text = str(message.get("type"))[:60], str(message.get("text"))[:300]
            result.errors.append((message["error"], kind, text))
        elif isinstance(message.get("refused"), str) and len(result.refused) < 10:
            result.refused.append(message["refused"][:100])
        elif message == {"done": True}:
            finished = True
        else:
            result.forged_lines += 1
    return finished

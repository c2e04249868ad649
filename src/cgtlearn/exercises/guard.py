"""Run a learner's code with a time limit, on every platform.

The code runs in a daemon thread. After the limit the caller goes on, and Python is asked to raise
an exception in that thread. Code that swallows every exception, or sits in a compiled routine,
cannot be stopped from inside its own process; then ``stopped`` is False and the learner is told to
restart the kernel.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TIME_LIMIT = 5.0  # seconds for one check
GRACE = 0.5  # seconds for the thread to end after it was asked to
ASKS = 10  # how often it is asked: code that swallows one exception may miss the next


class TimeIsUp(BaseException):
    """Raised inside the learner's thread; a BaseException so that `except Exception` misses it."""


@dataclass(frozen=True)
class Outcome:
    """How a guarded call ended: a value, an exception, or neither because time ran out."""

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    stopped: bool = True


def run(call: Callable[[], Any], limit: float | None = None) -> Outcome:
    """Run ``call()`` for at most ``limit`` seconds (default :data:`TIME_LIMIT`)."""
    limit = TIME_LIMIT if limit is None else limit
    result: dict[str, Any] = {}

    def target() -> None:
        try:
            result["value"] = call()
        except BaseException as error:  # the learner's code may raise anything, SystemExit too
            result["error"] = error

    thread = threading.Thread(target=target, name="cgtlearn-check", daemon=True)
    thread.start()
    thread.join(limit)
    if not thread.is_alive():
        return Outcome(value=result.get("value"), error=result.get("error"))
    for _ in range(ASKS):
        if thread.ident is not None and thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(TimeIsUp)
            )
            thread.join(GRACE / ASKS)
    return Outcome(timed_out=True, stopped=not thread.is_alive())

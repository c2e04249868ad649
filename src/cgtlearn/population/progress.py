"""A line that says how far a long run is, where somebody is there to read it.

It is drawn in a terminal and in a notebook that a person runs, from the third second on, and wiped
at the end. A notebook that is executed by a program has nobody to answer a question; that is how
it is told from the other, and its stored output stays as it was.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Progress"]

PATIENCE = 3.0
"""Seconds without a line: most runs are over by then."""
REFRESH = 0.25
"""Seconds between two drawings."""
WIDTH = 30
"""Characters of the bar."""


class Progress:
    """``with Progress(total, "patients") as bar: bar.add(4000)``."""

    def __init__(self, total: int, what: str, on: bool = True) -> None:
        self.total, self.what, self.done = total, what, 0
        self._draw = _place() if on else None
        self._start = time.monotonic()
        self._last = self._start + PATIENCE - REFRESH
        self._drawn = False

    def __enter__(self) -> Progress:
        return self

    def add(self, more: int) -> None:
        """Count ``more`` of them as done, and draw if it is time to."""
        self.done += more
        now = time.monotonic()
        if self._draw is None or now - self._last < REFRESH:
            return
        self._last, self._drawn = now, True
        self._draw(self.line(now - self._start))

    def line(self, seconds: float) -> str:
        """What is drawn after so many seconds."""
        share = self.done / self.total
        bar = ("█" * round(share * WIDTH)).ljust(WIDTH, "·")
        left = f", {seconds * (1 / share - 1):.0f} s to go" if share else ""
        return f"{bar} {share:4.0%}  {self.done:,} of {self.total:,} {self.what}{left}"

    def __exit__(self, *exception: Any) -> None:
        if self._draw is not None and self._drawn:
            self._draw("")


def _place() -> Callable[[str], None] | None:
    """A function that shows one line in place of the last, or None where nobody reads it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return _notebook() if getattr(kernel, "_allow_stdin", False) else None
    if sys.stderr is not None and sys.stderr.isatty():
        return _terminal
    return None


def _terminal(line: str) -> None:
    sys.stderr.write(f"\r\x1b[K{line}")
    sys.stderr.flush()


def _notebook() -> Callable[[str], None]:
    handle: list[Any] = []

    def draw(line: str) -> None:
        from IPython.display import display

        content = {"text/plain": line}
        if handle:
            handle[0].update(content, raw=True)
        else:
            handle.append(display(content, raw=True, display_id=True))

    return draw

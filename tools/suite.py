"""Every check, one after the other: what `python3 course.py test` runs in its environment.

    python -m tools.suite [--no-browser] [--full] [--only NAME ...]

A failed step does not stop the next ones. The table at the end names each with its time; the exit
code is 1 if one failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROSE = ("README.md", "CONTRIBUTING.md", "book", "exercises", "src", "tools", "tests", "course.py")
"""What is spell-checked; the settings stand in pyproject.toml."""
# jupyter-book has no `python -m` form, and its script breaks when the course's folder is moved.
JUPYTER_BOOK = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"


@dataclass(frozen=True)
class Step:
    """A check: its short name, what it proves, its commands, and the minutes it may take."""

    name: str
    title: str
    commands: tuple[tuple[str, ...], ...]
    minutes: float = 20
    needs: tuple[str, ...] = ()  # patterns: a step without a file to check has failed


def steps(full: bool = False, browser: bool = True) -> list[Step]:
    """The steps in their order; `full` adds the slow tests."""
    python = sys.executable
    pytest = (python, "-m", "pytest")
    fast = () if full else ("-m", "not slow")
    prose = tuple(path for path in PROSE if (ROOT / path).exists())
    hours = 240 if full else 20
    return [
        Step("lint", "ruff: style and slips", ((python, "-m", "ruff", "check", "."),)),
        Step("types", "mypy: types of the package", ((python, "-m", "mypy"),)),
        Step("spelling", "codespell: words", ((python, "-m", "codespell_lib", *prose),)),
        Step(
            "r",
            "R: independent results, made again where R is",
            ((python, "-m", "tests.r.remake"),),
        ),
        Step(
            "tests",
            "pytest: the package, the ledger, the tree",
            ((*pytest, "tests", "--ignore=tests/browser", "-n", "2", *fast),),
            minutes=hours,
        ),
        Step(
            "sources",
            "each notebook is what its source makes",
            ((python, "-m", "tools.notebooks", "check"),),
            needs=("book/*/*.ipynb", "exercises/*/*.ipynb"),
        ),
        Step(
            "notebooks",
            "nbval, strict: stored outputs are what the code prints",
            (
                (*pytest, "book", "exercises", "--nbval", "--nbval-cell-timeout=120")
                + ("-n", "2", "--dist", "loadscope"),
            ),
            needs=("book/*/*.ipynb", "exercises/*/*.ipynb"),
        ),
        Step(
            "book",
            "the book, no warning allowed",
            (
                (python, "-m", "tools.notebooks", "stage"),
                (python, "-c", JUPYTER_BOOK, "build", "build/book", "-W", "-n", "--keep-going"),
            ),
        ),
        Step(
            "kit",
            "the instructor's edition, no warning allowed; run-sheets that fit; slides",
            ((python, "-m", "tools.kit", "build"),),
        ),
        Step(
            "rooms",
            "the offline package installs with the network off; Binder's part installs",
            ((python, "-m", "tools.package", "--check"), (python, "-m", "tools.rooms")),
        ),
        *(
            [Step("browser", "the pages in a browser", ((*pytest, "tests/browser"),), minutes=60)]
            if browser
            else []
        ),
    ]


def run(step: Step) -> bool:
    """Run one step with its output in the open; whether all its commands ended well."""
    for pattern in step.needs:
        if not any(ROOT.glob(pattern)):
            print(f"nothing to check: no file matches {pattern}", flush=True)
            return False
    for command in step.commands:
        try:
            done = subprocess.run(command, cwd=ROOT, timeout=60 * step.minutes)
        except subprocess.TimeoutExpired:
            print(f"stopped after {step.minutes:g} minutes: {' '.join(command)}", flush=True)
            return False
        if done.returncode:
            return False
    return True


def main(argv: list[str] | None = None) -> int:
    """Run the steps, print the table, return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.suite", description=__doc__)
    parser.add_argument("--no-browser", action="store_true", help="leave the browser step out")
    parser.add_argument("--full", action="store_true", help="also what takes long")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these steps only")
    options = parser.parse_args(argv)

    chosen = steps(options.full, browser=not options.no_browser)
    if options.only:
        names = [step.name for step in chosen]
        for name in options.only:
            if name not in names:
                parser.error(f"there is no step {name!r}; the steps are {', '.join(names)}")
        chosen = [step for step in chosen if step.name in options.only]

    os.chdir(ROOT)
    results: list[tuple[Step, bool, float]] = []
    for number, step in enumerate(chosen, 1):
        print(f"\n=== {number} of {len(chosen)} · {step.name} · {step.title} ===", flush=True)
        start = time.monotonic()
        good = run(step)
        results.append((step, good, time.monotonic() - start))
        seconds = results[-1][2]
        print(f"--- {step.name}: {'passed' if good else 'FAILED'}, {seconds:.0f} s", flush=True)

    print()
    for step, good, seconds in results:
        print(f"{'passed' if good else 'FAILED':7} {step.name:10} {seconds:5.0f} s  {step.title}")
    if options.no_browser and not options.only:
        print("skipped browser            the pages in a browser (--no-browser)")
    failed = sum(not good for _, good, _ in results)
    total = sum(seconds for _, _, seconds in results)
    print(f"\n{len(results) - failed} passed, {failed} failed in {total / 60:.1f} minutes (steps)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

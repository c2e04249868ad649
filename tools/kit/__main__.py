"""`python -m tools.kit [check|build|edition|slides|tests|items]`: see tools/kit/__init__.py."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tools import kit, notebooks
from tools.kit import items, lesson, pages, plans, slides
from tools.suite import JUPYTER_BOOK


def main(argv: list[str] | None = None) -> int:
    """Run one command; 1, with a line, where the kit and the chapters do not fit."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.kit",
        description=kit.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = ["check", "build", "edition", "slides", "tests", "items"]
    parser.add_argument("command", nargs="?", default="check", choices=choices)
    parser.add_argument("folder", nargs="?", type=Path, help="of answers, for items")
    options = parser.parse_args(argv)
    try:
        if options.command == "items":
            if options.folder is None:
                raise lesson.KitError("say which folder holds the answers")
            print(items.report(options.folder))
            return 0
        lessons = lesson.read_all()
        sheets = plans.read(lessons)
        if options.command in ("edition", "build"):
            folder = pages.stage(lessons, sheets)
            print(f"staged {folder}", flush=True)
            if options.command == "build":
                command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(folder)]
                if subprocess.run([*command, "-W", "-n", "--keep-going"]).returncode:
                    raise lesson.KitError("the instructor's edition does not build, see above")
        if options.command in ("slides", "build"):
            for path in slides.write(lessons):
                print(path)
        if options.command in ("tests", "build"):
            for path in items.write():
                print(path)
        notes = sum(len(s.notes) for one in lessons.values() for s in one.sections)
        asked = len(items.read())
        words = f"{len(lessons)} lessons, {notes} notes, {len(sheets)} plans, {asked} questions"
        print(f"{words}: they fit")
        return 0
    except (lesson.KitError, notebooks.NotebookError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tools.kit [check|edition|slides]`: see tools/kit/__init__.py."""

from __future__ import annotations

import argparse
import sys

from tools import kit
from tools.kit import lesson, pages, plans, slides


def main(argv: list[str] | None = None) -> int:
    """Run one command; 1, with a line, where the kit and the chapters do not fit."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.kit",
        description=kit.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = ["check", "edition", "slides"]
    parser.add_argument("command", nargs="?", default="check", choices=choices)
    options = parser.parse_args(argv)
    try:
        lessons = lesson.read_all()
        sheets = plans.read(lessons)
        if options.command == "edition":
            print(f"staged {pages.stage(lessons, sheets)}")
        elif options.command == "slides":
            for path in slides.write(lessons):
                print(path)
        notes = sum(len(s.notes) for one in lessons.values() for s in one.sections)
        print(f"{len(lessons)} lessons, {notes} notes, {len(sheets)} plans: they fit")
        return 0
    except lesson.KitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""What the book's pages carry so that exercises can be answered on them, without a kernel.

:func:`add` puts it into a page's notebook when the book is staged: under each statement a place for
the form with the exercise's data, under "Exercises" a place for what is done so far. The script
``book/assets/cgtexercises.js`` fills them. Without it the page reads as before: statement, hints
and worked solution need no script.

What can be judged on a page is judged there by the data that ``check`` reads. A function cannot;
its place says where it is done.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from cgtlearn.exercises import slips, words
from tools import ROOT

DATA = Path("src/cgtlearn/exercises/data")
SCRIPT = ROOT / "book" / "assets" / "cgtexercises.js"

ON_PAGE = ("number", "array", "choice", "order", "text")
MOST_NUMBERS = 8  # an array with more is not typed into a page
HEADING = re.compile(r"### (\d\d\.\d+) · ")
FIELDS = ("id", "kind", "answer", "wrong")
OVERVIEW = "reference/progress"


def on_page(exercise: dict[str, Any]) -> bool:
    """Whether a page can take and judge an answer to this exercise."""
    spec = exercise["answer"]
    if spec["type"] == "array":
        value = spec["value"]
        return len(value) <= MOST_NUMBERS and not any(isinstance(one, list) for one in value)
    return spec["type"] in ON_PAGE


def data(document: Any) -> str:
    """A document for a script element; "<" never stands in it, so nothing in it can end it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def anchor(exercise: dict[str, Any]) -> str:
    """The name of an exercise's place on its page, as in "exercise-07-1"."""
    return "exercise-" + exercise["id"].replace(".", "-")


def compiled(root: Path = ROOT) -> dict[str, list[dict[str, Any]]]:
    """The compiled exercises of a tree, by chapter, in order."""
    documents = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((root / DATA).glob("[0-9]*.json"))
    ]
    return {one["chapter"]: one["exercises"] for one in documents}


WHY = {
    "function": "The answer is code, so it is checked where code runs.",
    "fit": "The answer is a fit, so it is made and checked where code runs.",
    "array": "The answer is a long list of numbers, so it is checked where code runs.",
}


def place(exercise: dict[str, Any]) -> str:
    """The Markdown of an exercise's place on its page: its form's data, or where it is done."""
    opening = f'<div class="cgt-exercise" data-exercise="{exercise["id"]}">'
    if not on_page(exercise):
        name = exercise["notebook"]
        return (
            f"{opening}\n\n{WHY[exercise['answer']['type']]} Do it in "
            f"[the student's notebook](path:../_exercises/{name}.ipynb), which in JupyterLab is "
            f"`exercises/{name}.ipynb`.\n\n</div>"
        )
    kept = data({field: exercise[field] for field in FIELDS})
    without = "With its script this page takes an answer here. Hints and solution open without it."
    return f'{opening}<p>{without}</p><script type="application/json">{kept}</script></div>'


def needed_slips(exercises: list[dict[str, Any]]) -> dict[str, Any]:
    """The shared misconceptions that judging these exercises may name, with exact constants.

    For texts, the rules of :mod:`cgtlearn.exercises.words` beside them.
    """
    table = slips.table()
    types = {one["answer"]["type"] for one in exercises}
    named = {entry["slip"] for one in exercises for entry in one["wrong"]}
    factors = bool(types & {"number", "array"})
    kept = {
        key: one if factors else {"advice": one["advice"]}
        for key, one in table["slips"].items()
        if key in named or (factors and one["transforms"])
    }
    table["slips"] = kept
    if "text" in types:
        table["words"] = {
            "gap": words.GAP,
            "reach": words.REACH,
            "longest": words.LONGEST,
            "least_function_words": words.LEAST_FUNCTION_WORDS,
            "negations": sorted(words.NEGATIONS),
            "function_words": sorted(words.FUNCTION_WORDS),
        }
    return table


def tools(everything: bool = False) -> str:
    """A place for saving attempts; with ``everything`` also for starting over and for a file."""
    return f'<div class="cgt-tools"{" data-all" * everything}></div>'


def far(title: str, links: list[tuple[str, str]], squares: bool = True) -> str:
    """A place that says how far the reader is with these exercises: pairs of an id and a link."""
    document = data({"title": title, "exercises": links, "squares": squares})
    return f'<div class="cgt-far"><script type="application/json">{document}</script></div>'


def intro(exercises: list[dict[str, Any]]) -> str:
    """What stands under a page's "Exercises"."""
    name = exercises[0]["notebook"]
    here = [one for one in exercises if on_page(one)]
    table = data(needed_slips(here))
    return (
        "Numbers, choices and orders are checked on this page; the rest in "
        f"[the student's notebook](path:../_exercises/{name}.ipynb), which checks these too. "
        "What you do here stays in your browser. "
        f"[All exercises, and how far you are](../{OVERVIEW}.md).\n\n"
        f"{far('This page', [(one['id'], '#' + anchor(one)) for one in exercises])}\n\n"
        f"{tools()}\n\n"
        f'<script type="application/json" class="cgt-slips">{table}</script>'
    )


def add(notebook: NotebookNode, name: str, root: Path = ROOT) -> None:
    """Put places for forms into the Markdown of a page's exercises.

    ``name`` is the notebook's, as in "07_cart_kinetics/01_expansion".
    """
    every = [one for chapter in compiled(root).values() for one in chapter]
    known = {one["id"]: one for one in every if one["notebook"] == name}
    for cell in notebook.cells:
        if cell.cell_type != "markdown" or not known:
            continue
        heading = HEADING.match(cell.source)
        if heading and heading[1] in known:
            statement, fold, rest = cell.source.partition("<details>")
            cell.source = (
                f"({anchor(known[heading[1]])})=\n{statement.rstrip()}\n\n{place(known[heading[1]])}"
                f"\n\n{fold}{rest}"
            )
        elif cell.source.startswith("## Exercises\n"):
            cell.source = "## Exercises\n\n" + intro(list(known.values()))

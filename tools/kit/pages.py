"""The instructor's edition: the book, with notes in place, run-sheets, answer keys, questions."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml
from nbformat.v4 import new_markdown_cell

from tools import ROOT, notebooks, students
from tools.kit.lesson import NOTE, KitError, Lesson
from tools.kit.plans import Plan, clock, questions

EDITION = ROOT / "build" / "instructor"


def _note(text: str) -> str:
    return f"```{{admonition}} For the instructor\n:class: tip\n{text}\n```"


def with_notes(source: Path, notebook: Any) -> Any:
    """The book's notebook with the source's notes where they stand."""
    parsed = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells
    left = list(notebook.cells)
    cells = []
    for cell in parsed:
        if not cell.source.strip():
            continue
        if NOTE in cell.metadata.get("tags", []):
            cells.append(new_markdown_cell(_note(cell.source.strip())))
        else:
            cells.append(left.pop(0))
    notebook.cells = cells + left
    return notebook


def _cell(text: str) -> str:
    """Text in one cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def run_sheet(plan: Plan) -> str:
    """A plan as a page: a table with the clock, what to cut, and the notes of its sections."""
    lines = [f"# {plan.title}", "", f"{plan.audience} {plan.minutes} minutes"]
    lines[-1] += " a day." if len(plan.days) > 1 else "."
    lines[-1] += " The clock starts at 9; the minutes come from the notebooks and the exercises."
    names = [item.text for item in plan.items if item.kind == "day"]
    for number, day in enumerate(plan.days):
        if names:
            lines += ["", f"## {names[number]}"]
        else:
            lines += ["", "## The clock"]
        lines += ["", "| from | min | what |", "|---|---:|---|"]
        passed = 0
        for item in day:
            what = {"break": "*{}*", "discuss": "Discuss: {}", "test": "Test: {}"}
            text = what.get(item.kind, "{}").format(_cell(item.text))
            lines.append(f"| {clock(passed)} | {item.minutes} | {text} |")
            passed += item.minutes
        lines.append(f"| {clock(passed)} | {plan.minutes - passed} | in hand |")
    saved = sum(item.minutes for item in plan.cut)
    lines += ["", "## When the room is slow", ""]
    lines += [f"Leave out, in this order ({saved} minutes):", ""]
    lines += [f"{n}. {item.text} ({item.minutes} min)" for n, item in enumerate(plan.cut, 1)]
    noted = [item for item in plan.items if item.notes]
    if noted:
        lines += ["", "## What to watch for"]
        for item in noted:
            lines += ["", f"**{item.text}**", ""] + [f"{note}\n" for note in item.notes]
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    """An answer as a learner would give it, in one line: four digits, three of a list."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:.4g}"
    if isinstance(value, list):
        each = [_short(one) for one in value[:3]] + ["..."] * (len(value) > 3)
        return ", ".join(f"({one})" if ", " in one else one for one in each)
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _right(answer: dict[str, Any]) -> str:
    """What is right, in one line; "" where the worked solution says it better."""
    unit = "" if answer.get("unit") in (None, "1") else f" {answer['unit']}"
    if answer["type"] in ("number", "array"):
        return f"**Right:** {_short(answer['value'])}{unit}"
    if answer["type"] == "choice":
        return f"**Right:** {answer['right']}"
    if answer["type"] == "function":
        # Lists of arguments come first; what stands in the table below answers the same calls.
        calls, gives = _short(answer["probes"]), _short(answer["values"])
        return f"**Called with** `{calls}` **it gives** `{gives}`"
    return ""


def answer_key(folder: str, lessons: list[Lesson]) -> str:
    """The answers of a chapter, each wrong answer with what to say."""
    lines = [f"# Answers: chapter {folder[:2]}", ""]
    lines.append("Keep this page to yourself. The book folds the worked solutions for learners.")
    for lesson in lessons:
        lines += ["", f"## {lesson.title}"]
        for data in lesson.exercises:
            lines += ["", f"### {students.heading(data).removeprefix('## ')}", ""]
            lines += ["````{dropdown} What was asked", data["statement_markdown"]]
            if data["answer"]["type"] == "function":
                lines += ["", "```python", data["starter_code"].strip(), "```"]
            lines += ["````", "", _right(data["answer"]), "", data["worked_markdown"], ""]
            if data.get("drawn"):
                lines += [
                    "These are the numbers of the text. Whoever has set a name has others.",
                    "",
                ]
            lines += ["```python", data["solution_code"], "```", ""]
            if data["wrong"]:
                lines += ["| what they give | why, and what to say |", "|---|---|"]
            for wrong in data["wrong"]:
                given = _short(wrong["answer"])
                said = " ".join(part for part in (wrong["message"], wrong["try"]) if part)
                lines.append(f"| `{_cell(given)}` | {_cell(said)} |")
    return "\n".join(lines) + "\n"


def question_page(asked: dict[str, dict[str, Any]]) -> str:
    """The discussion questions, with what a good answer holds."""
    lines = ["# Questions to discuss", ""]
    lines.append("None has one answer. What stands under each is what a good discussion reaches.")
    for folder in sorted({each["chapter"] for each in asked.values()}):
        lines += ["", f"## Chapter {folder[:2]}"]
        for each in asked.values():
            if each["chapter"] == folder:
                lines += ["", f"**{each['question'].strip()}**", "", each["reaches"].strip()]
    return "\n".join(lines) + "\n"


def stage(lessons: dict[str, Lesson], plans: list[Plan], root: Path = ROOT) -> Path:
    """Make the edition's folder from the staged book. Raises KitError where that is missing."""
    book = root / "build" / "book"
    if not (book / "_toc.yml").exists():
        raise KitError("stage the book first: python -m tools.notebooks stage")
    target = root / "build" / "instructor"
    if target.exists():
        for path in target.iterdir():
            if path.name != "_build":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(book, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_build"))
    for source in notebooks.sources(root):
        if notebooks.is_exercise(source):
            continue
        path = target / source.parent.name / f"{source.stem}.ipynb"
        nbformat.write(with_notes(source, nbformat.read(path, as_version=4)), path)
    pages = target / "instructors"
    pages.mkdir(exist_ok=True)
    files = []
    for plan in plans:
        (pages / f"plan-{plan.name}.md").write_text(run_sheet(plan), encoding="utf-8")
        files.append(f"instructors/plan-{plan.name}")
    for folder in sorted({name.split("/")[0] for name in lessons}):
        some = [lesson for name, lesson in lessons.items() if name.startswith(folder + "/")]
        (pages / f"answers-{folder}.md").write_text(answer_key(folder, some), encoding="utf-8")
        files.append(f"instructors/answers-{folder}")
    (pages / "questions.md").write_text(question_page(questions(root)), encoding="utf-8")
    files.append("instructors/questions")
    toc = yaml.safe_load((target / "_toc.yml").read_text(encoding="utf-8"))
    toc["parts"].append(
        {"caption": "Instructor's edition", "chapters": [{"file": file} for file in files]}
    )
    text = yaml.safe_dump(toc, sort_keys=False, allow_unicode=True)
    (target / "_toc.yml").write_text(text, encoding="utf-8")
    config = yaml.safe_load((target / "_config.yml").read_text(encoding="utf-8"))
    config["title"] += " · instructor's edition"
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (target / "_config.yml").write_text(text, encoding="utf-8")
    return target

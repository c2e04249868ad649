"""Grades as CSV, a feedback page for each learner, a report on the class.

The pages are single files without script, for a printer, a screen reader, light and dark. All text
that comes from a submission is escaped.
"""

from __future__ import annotations

import csv
import hashlib
import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STATES = ("right", "wrong", "invalid", "not attempted", "missing")
"""What becomes of an exercise; ``missing``: its check did not run."""

FORGED = re.compile(r"^\s*[0-9]+\.[0-9]+ · (right|wrong)\b", re.MULTILINE)
"""Output that imitates a verdict. In the learner's process ``check`` prints nothing."""

MARKS = {"right": "✓", "wrong": "✗", "invalid": "!", "not attempted": "–", "missing": "–"}

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #fff; --faint: #5a6672;
  --line: #c9d1d9; --right: #0b6e4f; --wrong: #a3311b; --other: #7a5b00; --idle: #5a6672; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --paper: #14191f; --faint: #a9b4bf;
  --line: #3a444f; --right: #5fd0a5; --wrong: #ff9d85; --other: #e6c15a; --idle: #a9b4bf; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, p, li { overflow-wrap: anywhere; } h1, h2 { line-height: 1.2; } a { color: inherit; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; color: var(--faint); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0;
  border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.right { color: var(--right); } .wrong { color: var(--wrong); } .invalid { color: var(--other); }
.idle { color: var(--idle); } .state { font-weight: 600; }
svg { display: block; width: 8rem; height: 1rem; } svg .r { fill: var(--right); }
svg .w { fill: var(--wrong); } svg .i { fill: var(--other); } svg .o { fill: var(--line); }
"""


def clean(text: Any) -> str:
    """Text without control characters and halves of letters, which no file can hold."""
    whole = str(text).encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", whole)


def escape(text: Any) -> str:
    """Text for HTML."""
    return html.escape(clean(text))


def page(title: str, body: str) -> str:
    """A whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML already, the first of a row names it."""
    numbers = [name.startswith("#") for name in head]
    kinds = [' class="n"' if number else "" for number in numbers]
    cells = "".join(
        f'<th scope="col"{kind}>{escape(name.lstrip("#"))}</th>'
        for kind, name in zip(kinds, head, strict=True)
    )
    lines = []
    for row in rows:
        first, *rest = (
            f'<th scope="row"{kind}>{cell}</th>' if i == 0 else f"<td{kind}>{cell}</td>"
            for i, (kind, cell) in enumerate(zip(kinds, row, strict=True))
        )
        lines.append(f"<tr>{first}{''.join(rest)}</tr>")
    # A table that is wider than the screen scrolls by itself, and is reached by the keyboard.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def state(status: str) -> str:
    """A verdict's word with its mark; the word says it, the color only helps."""
    kind = status if status in ("right", "wrong", "invalid") else "idle"
    return f'<span class="state {kind}">{MARKS.get(status, "–")} {escape(status)}</span>'


def file_name(learner: str) -> str:
    """A file name for a learner: readable, safe, and another one for each learner."""
    short = re.sub(r"[^A-Za-z0-9_-]+", "-", learner).strip("-")[:40] or "learner"
    if short == learner:
        return f"{short}.html"
    return f"{short}-{hashlib.sha256(learner.encode()).hexdigest()[:8]}.html"


def _safe(cell: Any) -> Any:
    """A spreadsheet takes a text that begins with one of these for a formula."""
    if not isinstance(cell, str):
        return cell
    cell = clean(cell)
    return f"'{cell}" if cell[:1] in tuple("=+-@\t\r") else cell


def in_order(identity: str) -> list[int]:
    """Sorts exercises as they are numbered: 07.9 before 07.10."""
    return [int(part) for part in identity.split(".")]


def points(result: Mapping[str, Any]) -> int:
    """A point for each exercise that is right."""
    return sum(verdict["status"] == "right" for verdict in result["verdicts"])


def write_grades(path: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """The grades: a row for each submission, a column for each exercise."""
    ids = sorted(
        {verdict["id"] for result in results for verdict in result["verdicts"]},
        key=in_order,
    )
    head = ["learner", "notebook", "file", "points", "out_of", "status", "notes", *ids]
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for result in results:
            found = {verdict["id"]: verdict["status"] for verdict in result["verdicts"]}
            row = [
                result["learner"],
                result["notebook"],
                result["file"],
                points(result),
                len(result["verdicts"]),
                result["status"],
                "; ".join(result["notes"]),
                *[found.get(identity, "") for identity in ids],
            ]
            writer.writerow([_safe(cell) for cell in row])
    temporary.replace(path)


def feedback(
    learner: str,
    results: Sequence[Mapping[str, Any]],
    exercises: Mapping[str, Mapping[str, Any]],
) -> str:
    """One learner's page."""
    parts = []
    total = sum(points(result) for result in results)
    most = sum(len(result["verdicts"]) for result in results)
    parts.append(f"<p><strong>{total} of {most}</strong> exercises are right.</p>")
    for result in results:
        parts.append(f"<h2>{escape(result['notebook'] or result['file'])}</h2>")
        parts.append(f"<p>File: {escape(result['file'])}</p>")
        if result["notes"]:
            items = "".join(f"<li>{escape(note)}</li>" for note in result["notes"])
            parts.append(f"<p>What stood out:</p><ul>{items}</ul>")
        if result["verdicts"]:
            rows = [
                [
                    f"{escape(v['id'])} {escape(exercises[v['id']]['title'])}",
                    state(v["status"]),
                    escape(v["message"]),
                ]
                for v in result["verdicts"]
            ]
            caption = f"Exercises of {result['notebook']}"
            parts.append(table(caption, ["Exercise", "Result", "What to look at"], rows))
        if result["errors"]:
            items = "".join(
                f"<li>cell {number}: {escape(kind)}: {escape(text)}</li>"
                for number, kind, text in result["errors"][:20]
            )
            parts.append(f"<p>Cells that ended with an error:</p><ul>{items}</ul>")
    return page(f"Feedback for {learner}", "\n".join(parts))


def _bar(counts: Mapping[str, int]) -> str:
    """The shares of an exercise as a bar; the numbers stand beside it."""
    total = sum(counts.values()) or 1
    idle = total - counts["right"] - counts["wrong"] - counts["invalid"]
    shares = (("r", counts["right"]), ("w", counts["wrong"]), ("i", counts["invalid"]), ("o", idle))
    left, pieces = 0.0, []
    for name, count in shares:
        width = 100 * count / total
        pieces.append(f'<rect class="{name}" x="{left:.2f}" width="{width:.2f}" height="10"/>')
        left += width
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(pieces)}</svg>"
    )


def misconceptions(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, list[str]]]:
    """(misconception, how many answers, in which exercises), the most frequent first."""
    counts: Counter[str] = Counter()
    where: dict[str, set[str]] = {}
    for result in results:
        for verdict in result["verdicts"]:
            for key in verdict["misconceptions"]:
                counts[key] += 1
                where.setdefault(key, set()).add(verdict["id"])
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(key, count, sorted(where[key], key=in_order)) for key, count in ranked]


def class_report(
    results: Sequence[Mapping[str, Any]],
    exercises: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    facts: Mapping[str, Any],
) -> str:
    """The report on the class: exercises, misconceptions, cases, what was not contained."""
    graded = [result for result in results if result["verdicts"]]
    learners = {result["learner"] for result in results}
    parts = [
        f"<p>{len(results)} submissions of {len(learners)} learners; {len(graded)} could be "
        f"graded. Took {facts['seconds']:.0f} s. Inputs of functions were drawn with the seed "
        f"{facts['seed']}.</p>"
    ]
    open_ends = facts["not_contained"]
    if open_ends:
        items = "".join(f"<li>{escape(line)}</li>" for line in open_ends)
        parts.append(f"<h2>What was not contained on this machine</h2><ul>{items}</ul>")
    rows = []
    for identity, exercise in exercises.items():
        found = [v["status"] for r in graded for v in r["verdicts"] if v["id"] == identity]
        if not found:
            continue
        counts = Counter(found)
        rows.append(
            [f"{escape(identity)} {escape(exercise['title'])}", _bar(counts)]
            + [str(counts[name]) for name in STATES]
        )
    head = ["Exercise", "Shares", *(f"#{name}" for name in STATES)]
    parts.append("<h2>Exercises</h2>")
    parts.append(table("Answers by result (bar: right, wrong, invalid, open)", head, rows))
    parts.append("<h2>Misconceptions</h2>")
    found_slips = misconceptions(graded)
    if found_slips:
        rows = [
            [escape(names.get(key, key)), str(count), escape(", ".join(where))]
            for key, count, where in found_slips
        ]
        head = ["Misconception", "#Answers", "Exercises"]
        parts.append(table("Wrong answers that a known misconception explains", head, rows))
    else:
        parts.append("<p>No wrong answer was explained by a known misconception.</p>")
    parts.append("<h2>What stood out</h2>")
    cases = [result for result in results if result["notes"]]
    if cases:
        rows = [
            [escape(r["file"]), escape(r["learner"]), escape("; ".join(r["notes"]))] for r in cases
        ]
        parts.append(table("Submissions to look at", ["File", "Learner", "Notes"], rows))
    else:
        parts.append("<p>Nothing.</p>")
    if facts["ignored"]:
        items = "".join(f"<li>{escape(name)}</li>" for name in facts["ignored"])
        parts.append(f"<p>Files that are no notebooks, left out:</p><ul>{items}</ul>")
    parts.append("<h2>Submissions</h2>")
    rows = [
        [
            f'<a href="feedback/{file_name(r["learner"])}">{escape(r["learner"])}</a>',
            escape(r["notebook"] or "?"),
            f"{points(r)} of {len(r['verdicts'])}",
            escape(r["status"]),
        ]
        for r in results
    ]
    head = ["Learner", "Notebook", "#Right", "Status"]
    parts.append(table("Every submission", head, rows))
    return page("Class report", "\n".join(parts))


def write_pages(
    folder: Path,
    results: Sequence[Mapping[str, Any]],
    exercises: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    facts: Mapping[str, Any],
) -> None:
    """Write the class report and the feedback pages below ``folder``."""
    (folder / "feedback").mkdir(parents=True, exist_ok=True)
    learners: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        learners.setdefault(result["learner"], []).append(result)
    for learner, own in learners.items():
        path = folder / "feedback" / file_name(learner)
        path.write_text(feedback(learner, own, exercises), encoding="utf-8")
    report = class_report(results, exercises, names, facts)
    (folder / "report.html").write_text(report, encoding="utf-8")

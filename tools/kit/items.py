"""The test before and after a course, and how its questions did.

    python -m tools.kit tests              build/kit/tests/before.html and after.html
    python -m tools.kit items FOLDER       statistics of the answers in FOLDER

A form is one page that works offline: native inputs, no key inside, a button that saves the answers
as a small file. The learner picks a word for themselves, and uses it on both forms, so that before
and after can be paired without a name, and leaves ticked the chapters that the course teaches; only
these are asked and counted. The instructor collects the files in a folder.

For each question and form: how many answered, the share right with a 95 % interval (Wilson), the
discrimination (correlation of the question with the score on all the others), and what was chosen.
For each chapter: mean share right before and after among those asked both times, and the gain.
"""

from __future__ import annotations

import html
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools import ROOT
from tools.kit.lesson import KitError

FORMS = ("before", "after")
FEWEST = 8
"""Below so many answers a discrimination says nothing and is left out."""
HARD, EASY, BLUNT = 0.2, 0.9, 0.1
"""Shares right beyond which a question is called hard or easy; below BLUNT it does not tell
learners apart."""


def read(root: Path = ROOT) -> list[dict[str, Any]]:
    """The questions, checked: two forms each, a right option, three options or more."""
    path = root / "book" / "instructors" / "items.yml"
    items = yaml.safe_load(path.read_text(encoding="utf-8"))
    seen = set()
    for item in items:
        if item["id"] in seen:
            raise KitError(f"two questions are called {item['id']}")
        seen.add(item["id"])
        if not (root / "book" / item["chapter"]).is_dir():
            raise KitError(f"{item['id']}: there is no chapter {item['chapter']}")
        for form in FORMS:
            asked = item[form]
            if asked["right"] not in asked["options"] or len(asked["options"]) < 3:
                raise KitError(f"{item['id']}, {form}: the right answer must be one of 3 or more")
            if len(set(asked["options"].values())) != len(asked["options"]):
                raise KitError(f"{item['id']}, {form}: two options say the same")
    return items


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto;
  padding: 0 1rem; }}
fieldset {{ border: 1px solid #8888; border-radius: 6px; margin: 1.2rem 0; padding: 0.6rem 1rem; }}
legend {{ float: left; width: 100%; font-weight: 600; margin-bottom: 0.3rem; }}
label {{ display: flex; gap: 0.6rem; align-items: baseline; clear: left; padding: 0.25rem 0; }}
fieldset.chapter {{ border: 0; margin: 0; padding: 0; }}
[for=word] {{ flex-wrap: wrap; }}
button, input[type=text] {{ font: inherit; padding: 0.4rem 0.8rem; }}
#bottom {{ position: sticky; bottom: 0; padding: 0.6rem 0; background: Canvas; }}
</style>
<h1>{title}</h1>
<p>Choose one answer for each question. Leave open what you do not know: a guess tells nobody
anything. Nothing is sent anywhere; at the end you save a file and hand it in.</p>
<form id="test">
<p><label for="word">A word of your own, the same before and after the course (not your name):
<input type="text" id="word" required maxlength="40" autocomplete="off"></label></p>
<fieldset><legend>The chapters of your course (ask your instructor)</legend>{chapters}</fieldset>
{questions}
<div id="bottom"><button type="submit">Save my answers</button>
<button type="reset">Clear all</button> <span role="status" id="said"></span></div>
</form>
<script>
var form = document.getElementById("test"), said = document.getElementById("said"), saved = true;
function answered() {{
  var answers = {{}};
  new FormData(form).forEach(function (value, key) {{ if (value) answers[key] = value; }});
  return answers;
}}
function chosen() {{
  var ticked = form.querySelectorAll("input[type=checkbox]:checked");
  return Array.from(ticked, function (box) {{ return box.value; }});
}}
function show() {{
  form.querySelectorAll("fieldset.chapter").forEach(function (part) {{
    part.hidden = part.disabled = chosen().indexOf(part.dataset.chapter) < 0;
  }});
}}
function count(answers) {{
  var asked = form.querySelectorAll("fieldset.chapter:enabled > fieldset").length;
  return Object.keys(answers).length + " of " + asked + " answered";
}}
form.addEventListener("change", function (event) {{
  if (event.target.type === "checkbox") show(); else saved = false;
  said.textContent = count(answered());
}});
window.addEventListener("beforeunload", function (event) {{
  if (!saved) event.preventDefault();
}});
form.addEventListener("submit", function (event) {{
  event.preventDefault();
  var answers = answered(), word = document.getElementById("word").value.trim().toLowerCase();
  if (!word) {{ said.textContent = "Please give a word of your own."; return; }}
  if (!chosen().length) {{ said.textContent = "Please tick a chapter above."; return; }}
  var file = {{test: "{form}", word: word, chapters: chosen(), answers: answers}};
  var text = JSON.stringify(file, null, 1);
  var link = document.createElement("a");
  link.href = "data:application/json;charset=utf-8," + encodeURIComponent(text);
  link.download = "{form}-" + word.replace(/[^\\p{{L}}\\p{{N}}]+/gu, "-") + ".json";
  saved = true;
  link.click();
  said.textContent = "Saved as " + link.download + ", " + count(answers) + ". Hand in this file.";
}});
form.addEventListener("reset", function (event) {{
  if (!window.confirm("Clear all your answers?")) {{ event.preventDefault(); return; }}
  saved = true;
  said.textContent = "";
  setTimeout(show);  // the ticks come back after this event
}});
show();  // a page that was reloaded may keep its ticks
</script>
</html>
"""


def page(items: list[dict[str, Any]], form: str) -> str:
    """A form as a page; the key is not in it."""
    parts: dict[str, list[str]] = {}
    for number, item in enumerate(items, start=1):
        asked = item[form]
        options = "".join(
            f'<label><input type="radio" name="{item["id"]}" value="{key}"> '
            f"{html.escape(text)}</label>"
            for key, text in asked["options"].items()
        )
        options += f'<label><input type="radio" name="{item["id"]}" value=""> leave open</label>'
        legend = f"{number}. {html.escape(asked['question'])}"
        mine = parts.setdefault(item["chapter"], [])
        mine.append(f"<fieldset><legend>{legend}</legend>{options}</fieldset>")
    return PAGE.format(
        title=f"Test {form} the course",
        chapters="".join(
            f'<label><input type="checkbox" value="{chapter}" checked> '
            f"{chapter[:2]} · {chapter[3:].replace('_', ' ')}</label>"
            for chapter in parts
        ),
        questions="\n".join(
            f'<fieldset class="chapter" data-chapter="{chapter}">' + "\n".join(mine) + "</fieldset>"
            for chapter, mine in parts.items()
        ),
        form=form,
    )


def write(root: Path = ROOT) -> list[Path]:
    """Write both forms to build/kit/tests."""
    target = root / "build" / "kit" / "tests"
    target.mkdir(parents=True, exist_ok=True)
    made = []
    for form in FORMS:
        path = target / f"{form}.html"
        path.write_text(page(read(root), form), encoding="utf-8")
        made.append(path)
    return made


@dataclass(frozen=True)
class Answers:
    """What one learner handed in for one form."""

    form: str
    word: str
    given: dict[str, str]
    chapters: frozenset[str]
    """The chapters that were asked."""


def collect(folder: Path, items: list[dict[str, Any]]) -> tuple[list[Answers], list[str]]:
    """The answers in a folder and those inside it, and a line for each file that is of no use.

    Of two files with the same word and form the newer counts, which is said.
    """
    known = {item["id"]: item for item in items}
    all_chapters = [item["chapter"] for item in items]
    found: dict[tuple[str, str], Answers] = {}
    lines = []
    for path in sorted(folder.rglob("*.json"), key=lambda path: path.stat().st_mtime):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            form, word = content["test"], str(content["word"]).strip().lower()
            given = dict(content["answers"])
            chapters = frozenset(content.get("chapters", all_chapters))
        except (OSError, ValueError, KeyError, TypeError) as error:
            lines.append(f"{path.name}: not a file of this test ({type(error).__name__})")
            continue
        strange = [
            key
            for key, value in given.items()
            if key not in known
            or form not in FORMS
            or not isinstance(value, str)
            or value not in known[key][form]["options"]
            or known[key]["chapter"] not in chapters
        ]
        if form not in FORMS or not word or strange:
            lines.append(f"{path.name}: not a file of this test ({', '.join(strange) or form})")
            continue
        if (form, word) in found:
            lines.append(f"{path.name}: replaces an earlier file of {word!r}, {form}")
        found[form, word] = Answers(form, word, given, chapters)
    return list(found.values()), lines


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson."""
    z, share = 1.959964, right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def correlation(x: list[float], y: list[float]) -> float:
    """Pearson's correlation; NaN where one of them does not vary."""
    n = len(x)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    below = sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y)
    return above / math.sqrt(below) if below > 0 else math.nan


def item_table(items: list[dict[str, Any]], all_answers: list[Answers]) -> list[dict[str, Any]]:
    """A row for each question and form, of those asked. Left open counts as not right."""
    rows = []
    for form in FORMS:
        for item in items:
            group = [
                one for one in all_answers if one.form == form and item["chapter"] in one.chapters
            ]
            if not group:
                continue
            mine = [float(one.given.get(item["id"]) == item[form]["right"]) for one in group]
            rest = []  # the share right of all others that were asked
            for one in group:
                others = [i for i in items if i["chapter"] in one.chapters and i is not item]
                right = sum(one.given.get(i["id"]) == i[form]["right"] for i in others)
                rest.append(right / max(len(others), 1))
            low, high = wilson(int(sum(mine)), len(mine))
            chosen = [one.given.get(item["id"], "open") for one in group]
            rows.append(
                {
                    "chapter": item["chapter"],
                    "id": item["id"],
                    "form": form,
                    "n": len(group),
                    "right": sum(mine) / len(mine),
                    "low": low,
                    "high": high,
                    "discrimination": correlation(mine, rest) if len(mine) >= FEWEST else math.nan,
                    "chosen": {key: chosen.count(key) for key in (*item[form]["options"], "open")},
                    "key": item[form]["right"],
                }
            )
    return rows


def remark(row: dict[str, Any]) -> str:
    """What to look at in a question."""
    wrong = {key: n for key, n in row["chosen"].items() if key not in (row["key"], "open")}
    favourite = max(wrong, key=lambda key: wrong[key])
    said = []
    if row["right"] < HARD:
        said.append("hard")
    if row["right"] > EASY:
        said.append("easy")
    if row["discrimination"] < BLUNT:
        said.append("does not tell learners apart")
    if wrong[favourite] > row["chosen"][row["key"]]:
        said.append(f"{favourite} is chosen more often than the key")
    return "; ".join(said)


def gains(items: list[dict[str, Any]], all_answers: list[Answers]) -> list[dict[str, Any]]:
    """For each chapter, among those with both forms: mean share right before and after.

    `gain` is the mean change, with its 95 % interval (mean ± 1.96 standard errors) from
    ``FEWEST`` pairs on; `normalised` is the change over what could still be gained.
    """
    by = {(one.form, one.word): one for one in all_answers}
    both = sorted({one.word for one in all_answers})
    both = [word for word in both if all((form, word) in by for form in FORMS)]
    rows = []
    for chapter in sorted({item["chapter"] for item in items}):
        some = [item for item in items if item["chapter"] == chapter]
        words = [w for w in both if all(chapter in by[form, w].chapters for form in FORMS)]

        def share(form: str, word: str, some: list[dict[str, Any]] = some) -> float:
            given = by[form, word].given
            return sum(given.get(i["id"]) == i[form]["right"] for i in some) / len(some)

        if not words:
            continue
        before = [share("before", word) for word in words]
        after = [share("after", word) for word in words]
        change = [b - a for a, b in zip(before, after, strict=True)]
        n, mean = len(words), sum(change) / len(words)
        half = math.nan
        if n >= FEWEST:
            half = 1.96 * math.sqrt(sum((c - mean) ** 2 for c in change) / (n - 1) / n)
        first = sum(before) / n
        rows.append(
            {
                "chapter": chapter,
                "n": n,
                "before": first,
                "after": sum(after) / n,
                "gain": mean,
                "half": half,
                "normalised": mean / (1 - first) if first < 1 else math.nan,
            }
        )
    return rows


def report(folder: Path, root: Path = ROOT) -> str:
    """The statistics of a folder as text. Raises KitError where there is nothing to read."""
    items = read(root)
    if not folder.is_dir():
        raise KitError(f"there is no folder {folder}")
    all_answers, lines = collect(folder, items)
    if not all_answers:
        raise KitError(f"no answers in {folder}: it should hold the files that learners saved")
    text = [*lines, ""] if lines else []
    text.append(f"{'question':<24}{'form':<8}{'n':>4}{'right':>7}{'95 %':>12}{'discr.':>8}  chosen")
    for row in item_table(items, all_answers):
        chosen = " ".join(
            f"{key}{'*' if key == row['key'] else ''} {n}" for key, n in row["chosen"].items() if n
        )
        discrimination = row["discrimination"]
        shown = "-" if math.isnan(discrimination) else f"{discrimination:.2f}"
        interval = f"{row['low']:.0%}-{row['high']:.0%}"
        said = remark(row)
        text.append(
            f"{row['id']:<24}{row['form']:<8}{row['n']:>4}{row['right']:>7.0%}{interval:>12}"
            f"{shown:>8}  {chosen}" + (f"  <- {said}" if said else "")
        )
    pairs = gains(items, all_answers)
    text.append("")
    if not pairs:
        text.append("Nobody handed in both forms with one word: no gain can be said.")
    for row in pairs:
        interval = "" if math.isnan(row["half"]) else f" ± {row['half']:.0%}"
        text.append(
            f"chapter {row['chapter'][:2]}: {row['n']} learners with both forms, right before "
            f"{row['before']:.0%}, after {row['after']:.0%}; gain {row['gain']:+.0%}{interval}, "
            f"{row['normalised']:.0%} of what could be gained"
        )
    text.append(
        "A gain without a group that was not taught is an association: it also holds practice, "
        "talk in the break, and who stayed."
    )
    return "\n".join(text)

"""Write what is generated for the book: the ledger's page, the scoreboard, the list of exercises.

``python -m tools.pages build/book`` writes them into that copy of the book. They are made from the
ledger, from the models' targets and from the compiled exercises, so they cannot differ from what
the code uses. Script and style of the live figures go to its ``assets``, and our own scripts there
are made small.
"""

from __future__ import annotations

import sys
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from cgtlearn import ledger, models, proof
from cgtlearn.explore import web
from cgtlearn.ledger import number, pretty
from cgtlearn.models.contract import Target
from tools import forms
from tools.minify import minify

GENERATED = ("reference/ledger.md", "reference/scoreboard.md", "reference/progress.md")

KINDS = {
    "recovered": "read off a simulated, sampled curve, or found by fitting simulated data",
    "repeated": "the authors' own result, or data they fitted: it tests our code, not the model",
    "predicted": "no parameter of the model saw it, ours or the authors'",
    "calibrated": "the model was tuned to it; the parameter is named",
    "shown": "published data beside which no model of ours stands",
}

FILTER = """\
<p class="row-filter" hidden><label>Show rows that contain <input type="search"></label>
<span role="status"></span></p>
<script>
(() => {
  const box = document.querySelector(".row-filter"), input = box.querySelector("input");
  const rows = [...document.querySelectorAll("table.ledger tbody tr")];
  const said = box.querySelector("[role=status]");
  box.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    said.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
})();
</script>
"""


def status(name: str) -> str:
    """A status as a badge."""
    return f'<span class="status status-{name.replace(" ", "-")}">{name}</span>'


def table(kind: str, heads: list[str], lines: list[list[str]], caption: str, ids: list[str]) -> str:
    """An HTML table; cells are HTML already. It scrolls by itself on a narrow screen."""
    out = ['<div class="pst-scrollable-table-container" tabindex="0" role="region"']
    out += [f' aria-label="{escape(caption)}">', f'<table class="table {kind}">']
    out += [f"<caption>{escape(caption)}</caption>", "<thead><tr>"]
    out += [f'<th scope="col">{head}</th>' for head in heads]
    out += ["</tr></thead>", "<tbody>"]
    for id, line in zip(ids, lines, strict=True):
        first, *rest = line
        out.append(f'<tr id="{escape(id)}"><th scope="row">{first}</th>')
        out += [f"<td>{cell}</td>" for cell in rest]
        out.append("</tr>")
    out += ["</tbody>", "</table>", "</div>"]
    return "\n".join(out)


def anchor(row: ledger.Row) -> str:
    return "row-" + row.id.replace(".", "-").replace("_", "-")


def ledger_page() -> str:
    """Every number of the course: one table a source."""
    rows = ledger.rows()
    count = Counter(row.status for row in rows)
    counted = ", ".join(f"{count[name]} {name}" for name in ledger.STATUSES)
    parts = [
        "# Parameter ledger\n",
        "Every number that a model or a chapter uses stands here once: "
        f"{len(rows)} rows, {counted}. Code takes numbers from these rows and from nowhere else.\n",
        "A status says how far a number may be trusted.\n",
        f"- {status('published')} read in the paper or the label itself",
        f"- {status('transcribed')} read in a model library or a secondary text, which is named",
        f"- {status('derived')} computed from other rows by the formula shown",
        f"- {status('teaching value')} chosen by us; the reason is given",
        f"- {status('ambiguous')} the evidence points two ways; both readings are kept\n",
        FILTER,
    ]
    for source in ledger.sources():
        own = ledger.rows(source.key)
        parts.append(f"\n## {source.key}\n")
        parts.append(f"{source.citation.rstrip('.')}.")
        if source.doi:
            parts.append(f"<https://doi.org/{source.doi}>")
        parts.append(f"\nRead in: {source.read_in.rstrip('.')}.\n")
        if source.note:
            parts.append(f"{source.note}\n")
        lines = []
        for row in own:
            details = [escape(row.meaning)]
            if row.assay:
                details.append(f"Assay: {escape(row.assay)}.")
            if row.spread is not None:
                details.append(f"Spread: {escape(number(row.spread))} ({escape(row.spread_kind)}).")
            if row.readings:
                details.append("Read as: " + escape(" or as ".join(row.readings)) + ".")
            if row.formula:
                details.append(f"<code>{escape(row.formula)}</code>")
            if row.note:
                details.append(escape(row.note))
            where = escape(row.where)
            if row.read_in != source.read_in:
                where += f" <small>({escape(row.read_in)})</small>"
            lines.append(
                [
                    f"<code>{escape(row.name)}</code>",
                    escape(row.symbol),
                    escape(number(row.value)),
                    escape(pretty(row.unit)),
                    status(row.status),
                    where,
                    "<br>".join(details),
                ]
            )
        heads = ["row", "symbol", "value", "unit", "status", "where", "meaning"]
        caption = f"Numbers from {source.key}"
        parts.append(table("ledger", heads, lines, caption, [anchor(row) for row in own]))
    return "\n".join(parts) + "\n"


def _tolerance(target: Target) -> str:
    if target.tolerance is not None:
        return f"±{target.tolerance:.0%}"
    row = ledger.row(target.row)
    low, high = (number(value) for value in row.spread)
    return escape(f"{row.spread_kind} {low} to {high}")


def scoreboard_page() -> str:
    """Published value, ours, their ratio, and why a miss is missed."""
    scores = proof.scoreboard()
    parts = [
        "# Reproduction scoreboard\n",
        "Each row compares one published value with the value that this course computes. The kind "
        "says what the comparison is worth.\n",
    ]
    for kind, says in KINDS.items():
        own = [s for s in scores if s.target.kind == kind]
        hits = sum(s.hit for s in own)
        misses = len(own) - hits
        verdict = f"{len(own)} rows" + (f", {hits} met, {misses} missed" if own else "")
        if kind == "shown":
            verdict = f"{len(proof.SHOWN)} rows, at the end of this page"
        parts.append(f"- **{kind}** ({verdict}): {says}.")
    parts.append(
        "\nA row passes when ours is within its tolerance of the published value, or within the "
        "spread printed beside it where that stands in place of a tolerance. A known miss is "
        "shown as a miss, with what was tried; the test fails when it moves. Every row names a "
        "parameter whose change turns it red, and a test makes that change.\n"
    )
    for name in models.names():
        model = models.get(name)
        own = [s for s in scores if s.model == name]
        if not own:
            continue
        parts.append(f"\n## {model.title}\n")
        lines, ids = [], []
        for score in own:
            target, row = score.target, ledger.row(score.target.row)
            unit = "" if pretty(row.unit) == "–" else " " + pretty(row.unit)
            verdict = "met" if score.hit else "missed"
            lines.append(
                [
                    escape(row.meaning),
                    target.kind + (f" (tuned: {escape(target.tuned)})" if target.tuned else ""),
                    f'<a href="ledger.html#{anchor(row)}">{escape(number(row.value) + unit)}</a> '
                    + status(row.status),
                    escape(f"{score.ours:.3g}"),
                    f"{score.ratio:.2f}",
                    _tolerance(target),
                    f'<span class="verdict-{verdict}">{verdict}</span>'
                    + (f"<br>{escape(target.reason)}" if target.reason else ""),
                    escape(f"{target.turns_red} {target.change:+.0%}") if target.turns_red else "",
                ]
            )
            ids.append("score-" + target.recipe.replace(".", "-").replace("_", "-"))
        heads = [
            "quantity",
            "kind",
            "published",
            "ours",
            "ratio",
            "tolerance",
            "verdict",
            "turned red by",
        ]
        parts.append(table("scoreboard", heads, lines, f"Scores of {model.name}", ids))
        laws = proof.check_laws(model)
        parts.append("\nLaws that this model keeps:\n")
        parts += [f"- {law.law}: {law.says}" for law in laws if law.ok]
        parts += [f"- **broken**: {law.law}: {law.says}" for law in laws if not law.ok]
        if model.deviations:
            parts.append("\nWhere it departs from its source:\n")
            parts += [f"- {text}" for text in model.deviations]
    parts.append("\n## Shown, without a model\n")
    heads = ["quantity", "published", "exact interval", "what it tells", "shown in"]
    lines = [_shown(one) for one in proof.SHOWN]
    ids = ["shown-" + anchor(ledger.row(one.row)) for one in proof.SHOWN]
    parts.append(table("scoreboard", heads, lines, "Published data that are shown", ids))
    return "\n".join(parts) + "\n"


def _shown(one: proof.Shown) -> list[str]:
    """A line of the table of shown rows."""
    row = ledger.row(one.row)
    unit = "" if pretty(row.unit) == "–" else " " + pretty(row.unit)
    values = ", ".join(number(value) for value in np.atleast_1d(row.value).tolist())
    between = "–"
    if found := proof.interval(one.row):
        between = f"median between {found[0]:.3g} and {found[1]:.3g} ({found[2]:.1%})"
    elif found_of := proof.counted(row.id):
        low, high = proof.share_interval(row.id)
        values, between = "{} of {}".format(*found_of), f"{low:.0%} to {high:.0%} (95 %)"
    return [
        escape(row.meaning),
        f'<a href="ledger.html#{anchor(row)}">{escape(values + unit)}</a> {status(row.status)}',
        escape(between),
        escape(one.says),
        f'<a href="../{one.notebook}.html">{escape(one.notebook)}</a>',
    ]


def progress_page() -> str:
    """Every exercise with its place; the page's script says which of them are done."""
    chapters = forms.compiled()
    every = [one for exercises in chapters.values() for one in exercises]
    here = sum(forms.on_page(one) for one in every)

    def links(exercises: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(one["id"], f"../{one['notebook']}.html#{forms.anchor(one)}") for one in exercises]

    parts = [
        "# Exercises, and how far you are\n",
        f"The course has {len(every)} exercises. {here} are answered and checked on their page, "
        "the others in the student's notebook.\n",
        forms.far("The whole course", links(every), squares=False) + "\n",
        forms.tools(everything=True) + "\n",
        "What you do stays in this browser; nothing is sent. Save it as a file to take it to "
        "another browser, or to the notebooks, which keep theirs in `.cgtlearn/progress.json` in "
        "the course's folder. That file can be added here, too. Some browsers keep each page of a "
        "folder apart; `python3 course.py book --serve` shows the pages together.",
    ]
    for chapter, exercises in chapters.items():
        number = chapter.split("_")[0]
        places = links(exercises)
        parts.append(f"\n## Chapter {number}\n\n{forms.far(f'Chapter {number}', places)}\n")
        heads = ["exercise", "title", "kind", "level", "minutes", "checked"]
        lines = [
            [
                f'<a href="{link}">{one["id"]}</a>',
                escape(one["title"]),
                escape(one["kind"]),
                str(one["level"]),
                f"{one['minutes']:g}",
                "on its page" if forms.on_page(one) else "in the notebook",
            ]
            for one, (_, link) in zip(exercises, places, strict=True)
        ]
        ids = ["row-" + forms.anchor(one) for one in exercises]
        parts.append(table("exercises", heads, lines, f"Exercises of chapter {number}", ids))
    return "\n".join(parts) + "\n"


def write(book: Path) -> None:
    """Write the generated pages into a copy of the book."""
    makers = {
        "reference/ledger.md": ledger_page,
        "reference/scoreboard.md": scoreboard_page,
        "reference/progress.md": progress_page,
    }
    for name in GENERATED:
        target = book / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(makers[name](), encoding="utf-8")
    assets = book / "assets"
    assets.mkdir(exist_ok=True)
    (assets / "cgtlive.js").write_text(minify(web.page_script()), encoding="utf-8", newline="\n")
    (assets / "cgtlive.css").write_text(web.style(), encoding="utf-8", newline="\n")
    script = forms.SCRIPT.read_text(encoding="utf-8")
    (assets / forms.SCRIPT.name).write_text(minify(script), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tools.pages FOLDER    (a staged copy of the book)")
    write(Path(sys.argv[1]))

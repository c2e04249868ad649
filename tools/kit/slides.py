"""Decks that open offline: one HTML file for each notebook, beside reveal.js and MathJax.

A deck holds a title, then for each section with tagged cells its heading with what those cells
show (text, code's output, figures with their alt text), with the section's notes as speaker notes
(key S); then each exercise, its worked solution one step below (key down).
"""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools import ROOT, notebooks
from tools.kit.lesson import KitError, Lesson

REVEAL = Path(__file__).parent / "reveal"
MATHJAX = ROOT / "book" / "assets" / "mathjax"
FEWEST = 4
"""Slides with content that a deck must have."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="reveal/reset.css">
<link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="reveal/deck.css">
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<script src="reveal/reveal.js"></script>
<script src="reveal/notes.js"></script>
<script>
window.MathJax = {{options: {{enableMenu: false}}}};
// What is too wide or too tall becomes smaller, once it is shown and its formulas are set.
function fit() {{
  var slide = Reveal.getCurrentSlide(), size = 1;
  slide.style.fontSize = "1em";
  slide.querySelectorAll("pre").forEach(function (pre) {{
    var size = 0.75;
    pre.style.fontSize = "";
    while (pre.scrollWidth > pre.clientWidth && size > 0.4) {{
      size -= 0.025;
      pre.style.fontSize = size + "em";
    }}
    if (pre.scrollWidth > pre.clientWidth) pre.style.whiteSpace = "pre-wrap";
  }});
  while (slide.scrollHeight > 715 && size > 0.5) {{
    size -= 0.05;
    slide.style.fontSize = size + "em";
  }}
}}
Reveal.initialize({{hash: true, width: 1280, height: 720, margin: 0.06, transition: "none",
  plugins: [RevealNotes]}});
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
window.addEventListener("load", function () {{
  MathJax.startup.promise.then(fit);
}});
</script>
<script src="mathjax/tex-chtml.js" defer></script>
</body>
</html>
"""


def _renderer() -> MarkdownIt:
    def math(content: str, options: dict[str, Any]) -> str:
        text = html.escape(content)
        return f"\\[{text}\\]" if options.get("display_mode") else f"\\({text}\\)"

    reader = MarkdownIt("commonmark").enable("table")
    return reader.use(dollarmath_plugin, renderer=math)


MARKDOWN = _renderer()


def under(text: str, title: str) -> str:
    """What stands under one heading of a text; what stands before the first where it has none."""
    first, *parts = re.split(r"(?m)^#{1,2} ", text)
    for part in parts:
        head, _, body = part.partition("\n")
        if head.strip() == title:
            return body
    return first


def rendered(text: str) -> str:
    """Markdown as HTML; headings are left out, the slide has its own."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return MARKDOWN.render(kept)


def shown(cell: Any, title: str = "") -> str:
    """What a cell shows of a section: its text, or a code cell's outputs."""
    if cell.cell_type == "markdown":
        return rendered(under(cell.source, title))
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            words = [
                line
                for line in output.text.splitlines()
                if not line.startswith(("Figure: ", "In words: ")) and "o guess yet" not in line
            ]
            if "".join(words).strip():
                parts.append("<pre>" + html.escape("\n".join(words).strip("\n")) + "</pre>")
        elif "image/png" in output.get("data", {}):
            words = output.metadata.get("cgtlearn", {})
            alt = html.escape(words.get("alt", ""), quote=True)
            caption = html.escape(words.get("caption", ""))
            data = output.data["image/png"].replace("\n", "")
            parts.append(
                f'<figure><img alt="{alt}" src="data:image/png;base64,{data}">'
                f"<figcaption>{caption}</figcaption></figure>"
            )
        elif "text/plain" in output.get("data", {}):
            parts.append("<pre>" + html.escape(output.data["text/plain"]) + "</pre>")
    return "\n".join(parts)


def code(text: str) -> str:
    """What an exercise starts from or ends with, where that is more than an empty line to fill."""
    lines = [line for line in text.splitlines() if not line.startswith(("check(", "p = given("))]
    return "<pre>" + html.escape("\n".join(lines).strip("\n")) + "</pre>"


def exercise(data: dict[str, Any]) -> str:
    """Two slides: an exercise, and below it how it is solved; with code where the task is code."""
    title = html.escape(f"{data['id']} · {data['title']}")
    statement, worked = rendered(data["statement_markdown"]), rendered(data["worked_markdown"])
    if data["answer"]["type"] == "function":
        statement += code(data["starter_code"])
        worked += code(data["solution_code"])
    return (
        f"<section><section><h2>{title}</h2>{statement}</section>"
        f"<section><h2>{title}: worked</h2>{worked}</section></section>"
    )


CONTENTS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slides</title>
<link rel="stylesheet" href="reveal/reset.css">
<link rel="stylesheet" href="reveal/deck.css">
</head>
<body class="contents">
<h1>Slides</h1>
<p><kbd>Space</kbd> next slide · <kbd>↓</kbd> the solution of an exercise · <kbd>S</kbd> your notes
in a second window · <kbd>F</kbd> full screen · <kbd>?</kbd> all keys</p>
{chapters}
</body>
</html>
"""


def contents(made: dict[Path, Lesson]) -> str:
    """The page that leads to each deck, by chapter."""
    parts = []
    for chapter in sorted({lesson.name.split("_")[0] for lesson in made.values()}):
        lines = [
            f'<li><a href="{path.name}">{html.escape(lesson.title)}</a> '
            f"<span>{lesson.minutes} min, {len(lesson.exercises)} exercises</span></li>"
            for path, lesson in made.items()
            if lesson.name.split("_")[0] == chapter
        ]
        parts.append(f"<h2>Chapter {chapter}</h2>\n<ul>{''.join(lines)}</ul>")
    return CONTENTS.format(chapters="\n".join(parts))


def deck(lesson: Lesson, executed: Any) -> str:
    """The HTML of a deck. Raises KitError where a slide shows nothing, or there are too few."""
    slides = [f"<section><h1>{html.escape(lesson.title)}</h1></section>"]
    for section in lesson.sections:
        notes = "".join(f"<aside class='notes'>{rendered(note)}</aside>" for note in section.notes)
        head = "" if section.title == "Opening" else f"<h2>{html.escape(section.title)}</h2>"
        for number in section.slides:
            inside = shown(executed.cells[number], section.title)
            if not inside.strip():
                raise KitError(
                    f"{lesson.name}: cell {number + 1}, in {section.title!r}, is tagged slide and "
                    "shows nothing"
                )
            slides.append(f"<section>{head}{inside}{notes}</section>")
    if len(slides) <= FEWEST:
        raise KitError(f"{lesson.name}: {len(slides) - 1} slides; tag at least {FEWEST}")
    slides += [exercise(data) for data in lesson.exercises]
    return PAGE.format(title=html.escape(lesson.title), slides="\n".join(slides))


def write(lessons: dict[str, Lesson], root: Path = ROOT) -> list[Path]:
    """Write every deck to build/kit/slides, from notebooks executed with pictures."""
    target = root / "build" / "kit" / "slides"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(REVEAL, target / "reveal")
    shutil.copytree(MATHJAX, target / "mathjax")
    made = {}
    for source in notebooks.sources(root):
        name = f"{source.parent.name}/{source.stem}"
        if notebooks.is_exercise(source):
            continue
        kept = notebooks.executed(source, root)
        path = target / f"{source.parent.name}-{source.stem}.html"
        path.write_text(deck(lessons[name], kept), encoding="utf-8")
        made[path] = lessons[name]
    (target / "index.html").write_text(contents(made), encoding="utf-8")
    return list(made)

"""Rules of the tree that the tests hold: each function returns the list of what breaks a rule.

An empty list means that all is well. Every message names the place and what to do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tools import ROOT

# --- notebooks -----------------------------------------------------------------------------------


def execution_counts(notebook: Any, name: str) -> list[str]:
    """Code cells must have been run once, from the top, in a fresh kernel: 1, 2, 3, ...

    A cell without a count is never compared by the notebook tests, so it would pass unread.
    """
    counts = [
        (number, cell.get("execution_count"))
        for number, cell in enumerate(notebook["cells"], start=1)
        if cell["cell_type"] == "code"
    ]
    for wanted, (number, count) in enumerate(counts, start=1):
        if count != wanted:
            return [
                f"{name}: cell {number} has the execution count {count}, expected {wanted}; "
                "run python -m tools.notebooks refresh"
            ]
    return []


def stored_pictures(notebook: Any, name: str) -> list[str]:
    """Committed notebooks hold text only."""
    return [
        f"{name}: cell {number} stores {kind}; run python -m tools.notebooks refresh"
        for number, cell in enumerate(notebook["cells"], start=1)
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
        if kind.startswith("image/") or kind == "text/html"
    ]


def figures_without_words(notebook: Any, name: str) -> list[str]:
    """Every figure must have come from plot.show, with a caption and an alt text with a number."""
    problems = []
    for number, cell in enumerate(notebook["cells"], start=1):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            text = "".join(data.get("text/plain", ""))
            words = output.get("metadata", {}).get("cgtlearn", {})
            picture = any(kind.startswith("image/") for kind in data) or "[a picture" in text
            if not picture and not text.startswith("<Figure size"):
                continue
            if not words:
                staged = cell.get("metadata", {}).get("mystnb", {})
                words = {
                    "caption": staged.get("figure", {}).get("caption", ""),
                    "alt": staged.get("image", {}).get("alt", ""),
                }
            if not words["caption"].strip():
                problems.append(f"{name}: the figure of cell {number} has no caption")
            if not re.search(r"\d", words["alt"]):
                problems.append(
                    f"{name}: the figure of cell {number} has no alt text with a number; "
                    "show it with plot.show(fig, caption=..., alt=...)"
                )
    return problems


# --- the table of contents, the sources, the disk ------------------------------------------------


def _toc_files(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key in ("root", "file"):
            if key in node:
                yield str(node[key])
        for value in node.values():
            yield from _toc_files(value)
    elif isinstance(node, list):
        for value in node:
            yield from _toc_files(value)


def toc(root: Path = ROOT) -> list[str]:
    """The files named by the book's table of contents, in order, without suffix."""
    import yaml

    document = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    return list(_toc_files(document))


def _outside(root: Path) -> set[str]:
    """Folders of the book that hold no pages, as its configuration excludes them."""
    import yaml

    path = root / "book" / "_config.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return set((settings or {}).get("exclude_patterns", []))


def generated_pages(root: Path = ROOT) -> set[str]:
    """Pages that are written at build time, without suffix, as tools/pages.py names them."""
    path = root / "tools" / "pages.py"
    if not path.exists():
        return set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "GENERATED" for target in node.targets
        ):
            return {
                str(Path(name).with_suffix("").as_posix()) for name in ast.literal_eval(node.value)
            }
    return set()


def agreement(root: Path = ROOT) -> list[str]:
    """Table of contents, notebook sources, notebooks and pages must tell the same story."""
    book, exercises = root / "book", root / "exercises"
    problems = []
    named, outside = toc(root), _outside(root)
    for entry in sorted({entry for entry in named if named.count(entry) > 1}):
        problems.append(f"book/_toc.yml names {entry} more than once")
    generated = generated_pages(root)
    for entry in named:
        plain = entry.removesuffix(".md").removesuffix(".ipynb")
        there = [book / f"{plain}{suffix}" for suffix in (".md", ".ipynb")]
        if plain not in generated and not any(path.exists() for path in there):
            problems.append(f"book/_toc.yml names {entry}, which is not on disk")
        if all(path.exists() for path in there):
            problems.append(f"book/{plain} is there twice, as .md and as .ipynb")

    def stems(folder: Path, suffix: str) -> set[str]:
        return {
            path.relative_to(folder).with_suffix("").as_posix()
            for path in folder.rglob(f"*{suffix}")
            if not any(
                part.startswith(("_", ".")) or part in outside
                for part in path.relative_to(folder).parts
            )
        }

    listed = {entry.removesuffix(".md").removesuffix(".ipynb") for entry in named}
    for stem in sorted((stems(book, ".md") | stems(book, ".ipynb")) - listed):
        problems.append(f"book/{stem} is not in book/_toc.yml")
    for folder in (book, exercises):
        source, notebook = stems(folder, ".py"), stems(folder, ".ipynb")
        for stem in sorted(source - notebook):
            problems.append(f"{folder.name}/{stem}.py has no notebook; run refresh")
        for stem in sorted(notebook - source):
            problems.append(f"{folder.name}/{stem}.ipynb has no source")
    for stem in sorted(stems(exercises, ".py") - stems(book, ".py")):
        problems.append(f"exercises/{stem}.py belongs to no notebook of the book")
    return problems


# --- numbers that go around the ledger -----------------------------------------------------------

PLAIN_NUMBERS = (0, 1, 2, 10)
CHECK_SETTINGS = ("tolerance", "change", "ratio", "rtol", "atol", "seed", "n")
CHECKS = ("Law", "Bound", "Target", "Event")
MACHINERY = ("__init__.py", "contract.py")


def model_literals(path: Path) -> list[str]:
    """Numbers in a model file other than 0, 1, 2 and 10; all others come from the ledger.

    How strictly a law or target is checked is not a number of the model, so these settings may
    stand in the call that declares it.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exempt: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            exempt |= {id(node.slice)}  # the place of a state, as in y[3], is no quantity
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else None
            name = node.func.attr if isinstance(node.func, ast.Attribute) else name
            for keyword in node.keywords if name in CHECKS else []:
                if keyword.arg in CHECK_SETTINGS:
                    exempt |= {id(part) for part in ast.walk(keyword.value)}
    return [
        f"{path.name}, line {node.lineno}: the number {node.value!r} belongs in the ledger"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float, complex))
        and not isinstance(node.value, bool)
        and node.value not in PLAIN_NUMBERS
        and id(node) not in exempt
    ]


def model_files(root: Path = ROOT) -> list[Path]:
    """The models, without the room's machinery."""
    folder = root / "src" / "cgtlearn" / "models"
    return [path for path in sorted(folder.glob("*.py")) if path.name not in MACHINERY]


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-zα-ω]", "", name.lower())


def _literal(node: ast.AST) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _literal(node.operand)
        return -inner if inner is not None and isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return None if isinstance(node.value, bool) else float(node.value)
    return None


def _assignments(tree: ast.AST) -> Iterator[tuple[str, float, int]]:
    """(name, number, line) for `name = 3`, `a, b = 1, 2`, `name: float = 3` and `f(name=3)`."""

    def pairs(target: ast.AST, value: ast.AST) -> Iterator[tuple[str, float, int]]:
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            for one, other in zip(target.elts, value.elts, strict=False):
                yield from pairs(one, other)
            return
        number = _literal(value)
        name = getattr(target, "id", getattr(target, "attr", None))
        if number is not None and name:
            yield name, number, getattr(value, "lineno", 0)

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from pairs(node.target, node.value)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                number = _literal(keyword.value)
                if keyword.arg and number is not None:
                    yield keyword.arg, number, keyword.value.lineno
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                number = _literal(value)
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    if number is not None:
                        yield key.value, number, value.lineno


def stray_literals(code: str, name: str, rows: Iterable[Any] | None = None) -> list[str]:
    """Numbers in a notebook that repeat a ledger row: its value, given to its symbol or name.

    ``code`` is the text of a source; its Markdown cells are comments, so it reads as Python.
    ``rows`` are ledger rows (default: all of them). 0, 1, 2 and 10 are let pass.
    """
    if rows is None:
        from cgtlearn import ledger

        rows = ledger.rows()
    known: dict[str, list[Any]] = {}
    for row in rows:
        names = {row.symbol, row.id.split(".")[-1], getattr(row, "name", "") or ""}
        for known_name in {_plain(n) for n in names} - {""}:
            known.setdefault(known_name, []).append(row)
    problems = []
    for target, number, line in _assignments(ast.parse(code)):
        if number in PLAIN_NUMBERS:
            continue
        for row in known.get(_plain(target), []):
            values = row.value if isinstance(row.value, (list, tuple)) else [row.value]
            if any(isinstance(v, (int, float)) and float(v) == number for v in values):
                problems.append(
                    f"{name}, line {line}: {target} = {number:g} repeats {row.id}; "
                    f'write ledger.value("{row.id}")'
                )
                break
    return problems


def notebook_sources(root: Path = ROOT) -> list[Path]:
    """The sources of the book's notebooks and of the exercises."""
    return sorted(
        path
        for folder in ("book", "exercises")
        for path in (root / folder).glob("[0-9][0-9]_*/[0-9][0-9]_*.py")
    )


# --- links and pictures in text ------------------------------------------------------------------

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


def _prose(text: str) -> str:
    """Markdown without its code, in which brackets mean something else."""
    text = re.sub(r"^(```+|~~~+).*?^\1\s*$", "", text, flags=re.S | re.M)
    return re.sub(r"`[^`\n]*`", "", text)


def text_links(text: str, folder: Path, name: str, root: Path = ROOT) -> list[str]:
    """Relative links in Markdown that lead nowhere, and pictures in it without an alt text.

    A page that is generated at build time counts as there.
    """
    generated = {root / "book" / f"{page}.md" for page in generated_pages(root)}
    problems = []
    for bang, label, target in _LINK.findall(_prose(text)):
        if bang and not label.strip():
            problems.append(f"{name}: the picture {target} has no alt text")
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or not parts.path:
            continue
        path = (folder / unquote(parts.path)).resolve()
        there = path.exists() or path in generated
        there = there or any(path.with_name(path.name + s).exists() for s in (".md", ".ipynb"))
        if not there:
            problems.append(f"{name}: the link to {target} leads nowhere")
    return problems


def broken_links(root: Path = ROOT) -> list[str]:
    """Every Markdown page and every Markdown cell of the book and the exercises."""
    import jupytext

    problems = []
    pages = [
        *(root / "book").rglob("*.md"),
        *(root / "exercises").rglob("*.md"),
        *root.glob("*.md"),
    ]
    for page in sorted(pages):
        if any(part.startswith("_") for part in page.relative_to(root).parts):
            continue
        place = page.relative_to(root).as_posix()
        problems += text_links(page.read_text(encoding="utf-8"), page.parent, place, root)
    for source in notebook_sources(root):
        notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
        for number, cell in enumerate(notebook.cells, start=1):
            if cell.cell_type == "markdown":
                place = f"{source.relative_to(root).as_posix()}, cell {number}"
                problems += text_links(cell.source, source.parent, place, root)
    return problems


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attrs))


def images_without_alt(html: str, name: str) -> list[str]:
    """Pictures of a built page without an alt text (role="presentation" is let pass)."""
    parser = _Images()
    parser.feed(html)
    return [
        f"{name}: the picture {image.get('src', '')!s:.80} has no alt text"
        for image in parser.found
        if not (image.get("alt") or "").strip() and image.get("role") != "presentation"
    ]


# --- the rooms -----------------------------------------------------------------------------------


def posix_imports(path: Path) -> list[str]:
    """Imports at module level that Windows does not have."""
    absent = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "posix", "readline"}
    problems = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        problems += [
            f"{path.name}, line {node.lineno}: {name} does not exist on Windows"
            for name in names
            if name.split(".")[0] in absent
        ]
    return problems

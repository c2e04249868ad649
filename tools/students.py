"""Exercises: from one source to plain data and a student's notebook.

    python -m tools.students            compile, write and execute the students' notebooks
    python -m tools.students --check    compile in memory and compare with what is committed

The format of a source is described in ``exercises/README.md``. Compiling runs the source once:
setup cells, the solution of every answer cell, the spec cells. Each solution must be judged right
and each listed wrong answer must get its own message, or the source is refused.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import functools
import io
import json
import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools import ROOT

BEGIN, END = "# --- solution", "# --- end"
ROLES = ("exercise", "answer", "worked", "spec")
VARIANTS = (10, 40)  # of an exercise with drawn numbers: the fewest, and as many as are made
DATA = Path("src/cgtlearn/exercises/data")
SLIPS_FILE = DATA / "slips.json"


class SourceError(Exception):
    """A source that breaks a rule; the message names file, exercise and rule."""


@dataclass
class Item:
    """One exercise of a source: its four cells, and what its spec compiles to."""

    source: Path
    statement: str = ""
    answer: str = ""
    worked: str = ""
    spec: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"{self.source.parent.name}/{self.source.name}: {self.statement.splitlines()[0]}"


@dataclass
class Source:
    """A parsed source: cells in order, each with its role ("" for plain cells) and its item."""

    path: Path
    cells: list[tuple[str, NotebookNode, Item | None]]
    items: list[Item]


def sources(root: Path = ROOT) -> list[Path]:
    """Every exercise source, in order."""
    return sorted((root / "exercises").glob("[0-9][0-9]_*/[0-9][0-9]_*.py"))


def parse(path: Path, text: str | None = None) -> Source:
    """Read a source and group its cells into exercises."""
    text = path.read_text(encoding="utf-8") if text is None else text
    notebook = jupytext.reads(text, fmt="py:percent")
    cells: list[tuple[str, NotebookNode, Item | None]] = []
    items: list[Item] = []
    expected = 0
    for cell in notebook.cells:
        if not cell.source.strip():
            continue
        roles = [tag for tag in cell.metadata.get("tags", []) if tag in ROLES]
        if len(roles) > 1:
            raise SourceError(f"{path.name}: one cell has the tags {roles}; give it one of them")
        role = roles[0] if roles else ""
        if not role:
            if 0 < expected < len(ROLES) and ROLES[expected] != "answer":
                raise SourceError(
                    f"{items[-1].where}: a plain cell stands where the {ROLES[expected]} cell "
                    "belongs; setup cells go before the answer cell"
                )
            cells.append(("", cell, None))
            continue
        if role == "exercise" and expected in (0, len(ROLES)):
            items.append(Item(path, statement=cell.source.strip()))
            expected = 1
        elif items and expected < len(ROLES) and role == ROLES[expected]:
            setattr(items[-1], role, cell.source.strip())
            expected += 1
        else:
            raise SourceError(
                f"{path.name}: a cell tagged {role} stands where "
                f"{ROLES[expected % len(ROLES)]} is expected; the order is {', '.join(ROLES)}"
            )
        if (role in ("exercise", "worked")) != (cell.cell_type == "markdown"):
            raise SourceError(f"{items[-1].where}: the {role} cell has the wrong cell type")
        cells.append((role, cell, items[-1]))
    if 0 < expected < len(ROLES):
        raise SourceError(f"{items[-1].where}: the {ROLES[expected]} cell is missing")
    return Source(path, cells, items)


def split_answer(code: str, where: str) -> tuple[str, str, str]:
    """An answer cell as (starter, solution, check): before, between and after the markers."""
    lines = code.splitlines()
    begins = [i for i, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [i for i, line in enumerate(lines) if line.strip() == END]
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise SourceError(f"{where}: the answer cell needs one '{BEGIN}' and one '{END}' after it")
    parts = (lines[: begins[0]], lines[begins[0] + 1 : ends[0]], lines[ends[0] + 1 :])
    starter, solution, checking = ("\n".join(part).strip("\n") for part in parts)
    if not starter.strip() or not solution.strip() or "check(" not in checking:
        raise SourceError(
            f"{where}: the answer cell needs a starter before the solution and check(...) after it"
        )
    return starter, solution, checking


def starter_code(item: Item) -> str:
    """The student's cell: the answer cell without its solution."""
    starter, _, checking = split_answer(item.answer, item.where)
    return f"{starter.rstrip()}\n\n{checking.strip()}"


def _same_text(text: str) -> str:
    return " ".join(text.split())


def statement_body(item: Item, data: dict[str, Any]) -> str:
    """The statement without its heading, with options or lines that it does not show itself."""
    body = "\n".join(item.statement.splitlines()[1:]).strip()
    answer = data["answer"]
    if answer["type"] == "choice":
        texts = answer["options"]
        listing = "\n".join(f"- **{key}** · {text}" for key, text in texts.items())
    elif answer["type"] == "order":
        texts = answer["lines"]
        if any("`" in text for text in texts.values()):
            listing = "\n".join(f"- **{key}** · {text}" for key, text in texts.items())
        else:
            listing = "\n".join(f"- **{key}** · `{text}`" for key, text in texts.items())
    else:
        return body
    if all(_same_text(text) in _same_text(body) for text in texts.values()):
        return body
    return f"{body}\n\n{listing}"


def heading(data: dict[str, Any]) -> str:
    """The heading that belongs to a spec."""
    return (
        f"## {data['id']} · {data['title']} · {data['kind']} · level {data['level']} · "
        f"{data['minutes']:g} min"
    )


@dataclass
class Recording:
    """What a source's cells asked of the package: answers checked, and the numbers they got."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def _recording() -> Iterator[Recording]:
    """check() records, given() gives the numbers that are set, hint() and solution() do nothing."""
    import cgtlearn.exercises as package

    record = Recording()

    def check(id: str, answer: Any) -> None:
        record.calls.append((id, answer))

    def given(id: str) -> SimpleNamespace:
        if not record.numbers:
            raise SourceError(
                f"given({id!r}) stands in the answer's cell of an exercise with draw="
            )
        return SimpleNamespace(**record.numbers)

    def nothing(*arguments: Any, **options: Any) -> None:
        """Of no use while compiling."""

    stand_ins = {"check": check, "given": given, "hint": nothing, "solution": nothing}
    saved = {name: getattr(package, name) for name in stand_ins}
    for name, value in stand_ins.items():
        setattr(package, name, value)
    try:
        yield record
    finally:
        for name, value in saved.items():
            setattr(package, name, value)


def _run(code: str, space: dict[str, Any], where: str) -> None:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, where, "exec"), space)
    except Exception as error:
        raise SourceError(f"{where}: {type(error).__name__}: {error}") from error


def compile_source(path: Path) -> list[Item]:
    """Run a source and return its exercises, compiled and proven."""
    return _compile(path.resolve(), path.read_text(encoding="utf-8"))


@functools.cache
def _compile(path: Path, text: str) -> list[Item]:
    import matplotlib

    from cgtlearn.exercises import authoring

    matplotlib.use("Agg")
    parsed = parse(path, text)
    space: dict[str, Any] = {"__name__": "__exercise__"}
    authoring.collect()
    folder = os.getcwd()
    os.chdir(path.parent)
    try:
        with _recording() as record:
            for role, cell, item in parsed.cells:
                if role == "" and cell.cell_type == "code":
                    _run(cell.source, space, f"{path.name}, setup cell")
                elif role == "spec" and item is not None:
                    _compile_item(item, space, record)
    finally:
        os.chdir(folder)
        import matplotlib.pyplot as plt

        plt.close("all")
    return parsed.items


def _compile_item(item: Item, space: dict[str, Any], record: Recording) -> None:
    """Run an exercise's cells, prove it, and for drawn numbers the same for each variant."""
    before = copy.copy(space)
    draw = _draw_of(item, space)
    default = {name: values[0] for name, values in draw.items()}
    base = _run_item(item, before, space, default, record)
    if not draw:
        item.data = _complete(item, base)
        return
    drawn = _distinct(item, base, draw, before, record)
    item.data = _with_variants(item, (default, base), drawn)


def _draw_of(item: Item, space: dict[str, Any]) -> dict[str, list[Any]]:
    """The spec's ``draw=``, computed before the spec itself runs: the solution needs numbers."""
    from cgtlearn.exercises import authoring

    for node in ast.walk(ast.parse(item.spec)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "exercise"
        ):
            for keyword in node.keywords:
                if keyword.arg == "draw":
                    names = {"among": authoring.among, "between": authoring.between}
                    code = compile(ast.Expression(keyword.value), item.where, "eval")
                    try:
                        return dict(eval(code, {**space, **names}))
                    except Exception as error:
                        raise SourceError(
                            f"{item.where}: draw= fails ({type(error).__name__}: {error}); it may "
                            "use setup cells, not the solution"
                        ) from error
    return {}


def _run_item(
    item: Item,
    before: dict[str, Any],
    space: dict[str, Any],
    numbers: dict[str, Any],
    record: Recording,
) -> dict[str, Any]:
    """Run starter, solution and spec with these numbers; what the spec declares, proven."""
    from cgtlearn.exercises import authoring

    starter, solution, checking = split_answer(item.answer, item.where)
    record.calls.clear()
    record.numbers = numbers
    _run(f"{starter}\n{checking}", copy.copy(before), f"{item.where} (starter)")
    _run(f"{starter}\n{solution}\n{checking}", space, f"{item.where} (solution)")
    # The constructors stand beside the source's own names, which they may shadow here only.
    names = {name: getattr(authoring, name) for name in authoring.CONSTRUCTORS}
    _run(item.spec, {**space, **names}, f"{item.where} (spec)")
    found = authoring.collect()
    if len(found) != 1:
        raise SourceError(f"{item.where}: the spec declares {len(found)} exercises")
    try:
        _prove(item, found[0], record.calls)
    except SourceError as error:
        shown = f" with the numbers {numbers}" if numbers else ""
        raise SourceError(f"{error}{shown}") from error
    record.numbers = {}
    return found[0]


def _distinct(
    item: Item,
    base: dict[str, Any],
    draw: dict[str, list[Any]],
    before: dict[str, Any],
    record: Recording,
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Numbers and data of the variants: no variant's right answer is right for another.

    A choice and an order have too few answers for that; there the numbers alone differ.
    """
    from cgtlearn.exercises import authoring, judging

    def meets(one: dict[str, Any], other: dict[str, Any]) -> bool:
        """Is the right answer of one right for the other? No word is needed, so no slip either."""
        bare = {**other, "wrong": [], "answer": {**other["answer"], "shared_slips": False}}
        return bool(judging.judge(bare, reference(one)))

    least, most = VARIANTS
    few = base["answer"]["type"] in ("choice", "order")
    kept: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, base)]
    for numbers in authoring.candidates(base["id"], draw, 3 * most):
        data = _run_item(item, before, copy.copy(before), numbers, record)
        apart = few or not any(meets(old, data) or meets(data, old) for _, old in kept)
        if apart:
            kept.append((numbers, data))
        if len(kept) > most:
            break
    if len(kept) <= least:
        raise SourceError(
            f"{item.where}: the draw gives {len(kept) - 1} different right answers, and {least} or "
            "more are needed; widen it, or narrow the tolerance"
        )
    return kept[1:]


def reference(data: dict[str, Any]) -> Any:
    """The right answer of a compiled exercise, as a learner would give it."""
    spec = data["answer"]
    if spec["type"] == "fit":
        best = {parameter["name"]: parameter["value"] for parameter in spec["parameters"]}
        return restore(
            spec, best if spec["curve"] is not None else {**best, "curve": spec["fitted"]}
        )
    place = {"number": "value", "array": "value", "function": "values", "text": "model"}
    return restore(spec, spec[place.get(spec["type"], "right")])


def _with_variants(
    item: Item,
    printed: tuple[dict[str, Any], dict[str, Any]],
    drawn: list[tuple[dict[str, Any], dict[str, Any]]],
) -> dict[str, Any]:
    """The exercise with the printed numbers, and what the others put in its place."""
    from cgtlearn.exercises import authoring, drawing

    default, base = printed
    raw = _complete(item, base)
    templates = _templates(raw)
    placeholders = sorted(set(drawing.PLACEHOLDER.findall(json.dumps(raw, ensure_ascii=False))))

    def texts_of(numbers: dict[str, Any], data: dict[str, Any]) -> dict[str, str]:
        values = {**numbers, **data["shown"]}
        return {name.strip(): _shown(item, name.strip(), values) for name in placeholders}

    def filled(value: Any, texts: dict[str, str]) -> Any:
        if isinstance(value, str):
            return drawing.fill(value, texts)
        if isinstance(value, list):
            return [filled(part, texts) for part in value]
        if isinstance(value, dict):
            return {key: filled(part, texts) for key, part in value.items()}
        return value

    def plain(numbers: dict[str, Any]) -> dict[str, Any]:
        return {n: authoring.encode(v) if isinstance(v, float) else v for n, v in numbers.items()}

    made: dict[str, Any] = filled(raw, texts_of(default, base))
    variants = []
    for numbers, data in drawn:
        full = _complete(item, data)
        if _templates(full) != templates or full["answer"].keys() != raw["answer"].keys():
            raise SourceError(
                f"{item.where}: a text changes with the numbers; write {{{{name}}}} in it, "
                "and give computed ones in shown="
            )
        texts = texts_of(numbers, data)
        answer = filled(full["answer"], texts)
        variants.append(
            {
                "numbers": plain(numbers),
                "texts": texts,
                "answer": {
                    key: value
                    for key, value in answer.items()
                    if key != "when_right" and value != made["answer"][key]
                },
                "wrong": [filled(entry["answer"], texts) for entry in full["wrong"]],
            }
        )
    made["drawn"] = {"numbers": plain(default), "templates": templates, "variants": variants}
    return made


def _templates(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "statement_markdown": raw["statement_markdown"],
        "worked_markdown": raw["worked_markdown"],
        "hints": raw["hints"],
        "when_right": raw["answer"]["when_right"],
        "messages": [{"message": e["message"], "try": e["try"]} for e in raw["wrong"]],
    }


def _shown(item: Item, placeholder: str, values: dict[str, Any]) -> str:
    """The text for a placeholder: a name, or a name and a format."""
    from cgtlearn.exercises.judging import format_number

    name, _, form = placeholder.partition(":")
    if name not in values:
        raise SourceError(
            f"{item.where}: {{{{{placeholder}}}}} is neither in draw= nor in shown= "
            f"({', '.join(values)})"
        )
    value = values[name]
    if form:
        return format(value, form)
    return value if isinstance(value, str) else format_number(value)


def _prove(item: Item, data: dict[str, Any], calls: list[tuple[str, Any]]) -> None:
    """The starter is not attempted, the solution right, each wrong answer gets its message."""
    from cgtlearn.exercises import authoring, judging

    if [call[0] for call in calls] != [data["id"]] * 2:
        raise SourceError(
            f"{item.where}: the answer cell must call check once, with the id {data['id']!r} of "
            f"its spec; it calls {sorted({call[0] for call in calls})}"
        )
    starter, solution = calls[0][1], calls[1][1]
    verdict = judging.judge(data, starter)
    if verdict.status in (judging.RIGHT, judging.WRONG):
        if verdict.status == judging.RIGHT:
            raise SourceError(f"{item.where}: the starter is already right")
        if data["answer"]["type"] in ("choice", "order", "text"):
            raise SourceError(f"{item.where}: a starter for a {data['answer']['type']} is ...")
        data["answer"]["untouched"] = authoring.encode_answer(data["answer"], starter)
        verdict = judging.judge(data, starter)
    if verdict.status != judging.NOT_ATTEMPTED:
        raise SourceError(f"{item.where}: the starter is judged {verdict.status}: {verdict}")
    verdict = judging.judge(data, solution)
    if verdict.status != judging.RIGHT:
        raise SourceError(f"{item.where}: the solution is judged {verdict.status}: {verdict}")
    if data["answer"]["type"] == "text":
        _prove_text(item, data)
    if data["answer"]["type"] == "choice":
        named = [entry["answer"] for entry in data["wrong"]]
        wrong = [key for key in data["answer"]["options"] if key != data["answer"]["right"]]
        if sorted(named) != sorted(wrong):
            raise SourceError(f"{item.where}: slips for {named}, but the wrong options are {wrong}")
    for entry in data["wrong"]:
        verdict = judging.judge(data, restore(data["answer"], entry["answer"]))
        if verdict.status != judging.WRONG or entry["message"] not in verdict.message:
            raise SourceError(
                f"{item.where}: the wrong answer for {entry['slip']!r} is judged "
                f"{verdict.status}: {verdict}"
            )


def _prove_text(item: Item, data: dict[str, Any]) -> None:
    """Every model text is right; the statement, handed back, is not."""
    from cgtlearn.exercises import judging

    for model in [data["answer"]["model"], *data["answer"]["also"]]:
        verdict = judging.judge(data, model)
        if verdict.status != judging.RIGHT:
            raise SourceError(f"{item.where}: the text {model[:40]!r} is judged: {verdict}")
    if judging.judge(data, "\n".join(item.statement.splitlines()[1:])):
        raise SourceError(f"{item.where}: the statement itself passes; its patterns are too loose")


def restore(spec: dict[str, Any], stored: Any) -> Any:
    """A stored answer as a learner would give it; a function becomes a look-up at its probes."""
    from cgtlearn.exercises.judging import decode

    if spec["type"] == "function":
        # A probe is known again by its arguments.
        table = {
            json.dumps(probe): decode(v) for probe, v in zip(spec["probes"], stored, strict=True)
        }

        def look_up(*arguments: Any) -> Any:
            import numpy as np

            plain = [a.tolist() if isinstance(a, np.ndarray) else a for a in arguments]
            value = table[json.dumps(plain)]
            return value if value.ndim else float(value)

        return look_up
    if spec["type"] == "array":
        return decode(stored)
    if spec["type"] == "number":
        return float(stored)
    if spec["type"] == "fit":
        return {
            name: decode(value) if isinstance(value, list) else float(value)
            for name, value in stored.items()
        }
    return stored


def _complete(item: Item, data: dict[str, Any]) -> dict[str, Any]:
    """An exercise's data with its texts, which are checked."""
    chapter = item.source.parent.name
    if data["id"].split(".")[0] != chapter.split("_")[0]:
        raise SourceError(f"{item.where}: the id {data['id']} does not belong to {chapter}")
    first = item.statement.splitlines()[0].strip()
    if first != heading(data):
        raise SourceError(f"{item.where}: the heading should read\n    # {heading(data)}")
    statement = statement_body(item, data)
    if len(_same_text(statement).split()) < 5:
        raise SourceError(f"{item.where}: the statement is empty")
    for name, text in (("statement", statement), ("worked solution", item.worked)):
        if re.search(r"^#{1,6} ", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M):
            raise SourceError(f"{item.where}: no heading inside the {name}; use **bold**")
    starter, solution, _ = split_answer(item.answer, item.where)
    return {
        "id": data["id"],
        "title": data["title"],
        "kind": data["kind"],
        "level": data["level"],
        "minutes": data["minutes"],
        "notebook": f"{chapter}/{item.source.stem}",
        "statement_markdown": statement,
        "starter_code": starter_code(item),
        "answer": data["answer"],
        "wrong": data["wrong"],
        "hints": data["hints"],
        "worked_markdown": item.worked,
        "solution_code": solution,
    }


def compile_all(root: Path = ROOT, only: Sequence[Path] = ()) -> dict[str, dict[str, Any]]:
    """Every chapter's compiled data, by name; ``only`` those sources anew, the rest as kept."""
    chapters: dict[str, dict[str, Any]] = {}
    seen: dict[str, str] = {}
    for path in sources(root):
        chapter = path.parent.name
        document = chapters.setdefault(chapter, {"schema": 1, "chapter": chapter, "exercises": []})
        anew = not only or path in only
        for data in [item.data for item in compile_source(path)] if anew else _kept(path, root):
            if data["id"] in seen:
                raise SourceError(
                    f"{path.name}: the id {data['id']} is used in {seen[data['id']]} too"
                )
            seen[data["id"]] = path.name
            document["exercises"].append(data)
    for document in chapters.values():
        document["exercises"].sort(key=lambda e: [int(part) for part in e["id"].split(".")])
    return chapters


def _kept(path: Path, root: Path) -> list[dict[str, Any]]:
    """What the chapter's data file holds of one source."""
    stored = root / DATA / f"{path.parent.name}.json"
    if not stored.exists():
        return []
    found: list[dict[str, Any]] = json.loads(stored.read_text(encoding="utf-8"))["exercises"]
    return [data for data in found if data["notebook"] == f"{path.parent.name}/{path.stem}"]


def dumps(document: dict[str, Any]) -> str:
    """The data file's text."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def student_cells(path: Path) -> list[NotebookNode]:
    """The cells of the student's notebook: no solution, no worked text, no spec."""
    cells = []
    # The options of a choice are known to the spec only, so the compiled data are read.
    texts = {item.statement: item for item in compile_source(path)}
    for role, cell, item in parse(path).cells:
        if role == "":
            maker = new_code_cell if cell.cell_type == "code" else new_markdown_cell
            cells.append(maker(cell.source.strip()))
        elif role == "exercise" and item is not None:
            done = texts[item.statement]
            first = item.statement.splitlines()[0]
            cells.append(new_markdown_cell(f"{first}\n\n{done.data['statement_markdown']}"))
        elif role == "answer" and item is not None:
            cells.append(new_code_cell(starter_code(item)))
    return cells


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Where two documents differ; numbers may differ by 1e-6 of their size."""
    if isinstance(old, bool) or isinstance(new, bool):
        return [] if old is new else [where]
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        return [] if math.isclose(old, new, rel_tol=1e-6, abs_tol=1e-12) else [where]
    if isinstance(old, dict) and isinstance(new, dict):
        found = [f"{where}/{key}" for key in sorted(old.keys() ^ new.keys())]
        for key in old.keys() & new.keys():
            found += differences(old[key], new[key], f"{where}/{key}")
        return sorted(found)
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return [f"{where} ({len(old)} against {len(new)} entries)"]
        found = []
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            name = one.get("id", index) if isinstance(one, dict) else index
            found += differences(one, other, f"{where}/{name}")
        return found
    return [] if old == new else [where]


def slip_table() -> dict[str, Any]:
    """The shared misconceptions as plain data, with numbers as the data files hold them."""
    from cgtlearn.exercises import authoring, slips

    table = slips.table()
    for entry in table["slips"].values():
        for transform in entry["transforms"]:
            transform["constant"] = authoring.encode(transform["constant"])
    return table


def check(root: Path = ROOT) -> list[str]:
    """What disagrees between the sources and the committed data files."""
    problems = []
    compiled = compile_all(root)
    stored = {path.stem: path for path in sorted((root / DATA).glob("*.json"))}
    slips = stored.pop(SLIPS_FILE.stem, None)
    if slips is None:
        problems.append(f"{DATA.as_posix()}/{SLIPS_FILE.name} is missing")
    else:
        for place in differences(json.loads(slips.read_text(encoding="utf-8")), slip_table()):
            problems.append(f"{DATA.as_posix()}/{SLIPS_FILE.name} is stale at {place}")
    for name in sorted(stored.keys() - compiled.keys()):
        problems.append(f"{DATA.as_posix()}/{name}.json has no source in exercises/{name}")
    for name, document in compiled.items():
        if name not in stored:
            problems.append(f"{DATA.as_posix()}/{name}.json is missing")
            continue
        old = json.loads(stored[name].read_text(encoding="utf-8"))
        for place in differences(old, json.loads(dumps(document))):
            problems.append(f"{DATA.as_posix()}/{name}.json is stale at {place}")
    return [f"{problem}; run python -m tools.students" for problem in problems]


def write(root: Path = ROOT, only: Sequence[Path] = ()) -> list[Path]:
    """Compile and write the data files; returns the paths of those that changed."""
    folder = root / DATA
    folder.mkdir(parents=True, exist_ok=True)
    compiled = compile_all(root, only)
    changed = []
    for path in folder.glob("*.json"):
        if path.stem not in compiled and path.name != SLIPS_FILE.name:
            path.unlink()
            changed.append(path)
    for name, document in {**compiled, SLIPS_FILE.stem: slip_table()}.items():
        path = folder / f"{name}.json"
        if path.exists():
            old = json.loads(path.read_text(encoding="utf-8"))
            if not differences(old, json.loads(dumps(document))):
                continue
        path.write_text(dumps(document), encoding="utf-8", newline="\n")
        changed.append(path)
    return changed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.students", description=__doc__)
    parser.add_argument("paths", nargs="*", help="sources; without any, all of them")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one cell")
    parser.add_argument("--no-execute", action="store_true", help="write the data files only")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            problems = check()
            for problem in problems:
                print(problem)
            print("exercises: " + ("stale" if problems else "sources and data agree"))
            return 1 if problems else 0
        only = [Path(path).resolve() for path in options.paths]
        for path in only:
            if path not in sources():
                raise SourceError(f"{path} is not a source under exercises/")
        for path in write(only=only):
            print(f"written: {path.relative_to(ROOT).as_posix()}")
        if options.no_execute:
            return 0
        from tools import notebooks

        return notebooks.refresh(only or sources(), timeout=options.timeout)
    except SourceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())

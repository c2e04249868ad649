"""Notebooks: from a text source to an executed .ipynb, and to the copy the book is built from.

    python -m tools.notebooks generate [paths]   sources -> .ipynb, outputs kept where still valid
    python -m tools.notebooks refresh [paths]    generate, execute, keep text, drop pictures
    python -m tools.notebooks check              sources, notebooks and table of contents agree
    python -m tools.notebooks stage              build/book: executed with pictures, for the book

A path is a source (.py), its notebook (.ipynb) or a folder; without paths, all of them. A book
notebook's exercises, from the source of the same name under ``exercises/``, are appended to it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import ROOT, forms, students
from tools.kit.lesson import for_learners

PROCESSES = 2
TIMEOUT = 120
SLOW = 20.0  # seconds; a notebook beyond is named
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
_PRIVATE = re.compile(r" at 0x[0-9a-fA-F]{6,}")


class NotebookError(Exception):
    """A notebook that cannot be made or run; the message names notebook, cell and reason."""


# --- from source to notebook ---------------------------------------------------------------------


def sources(root: Path = ROOT) -> list[Path]:
    """Every notebook source: the book's, then the exercises'."""
    book = sorted((root / "book").glob("[0-9][0-9]_*/[0-9][0-9]_*.py"))
    return [*book, *students.sources(root)]


def name_of(path: Path) -> str:
    """A notebook's short name, as in "book/07_cart_kinetics/01_expansion"."""
    return "/".join(path.with_suffix("").parts[-3:])


def is_exercise(source: Path) -> bool:
    return source.parent.parent.name == "exercises"


def exercise_source(source: Path) -> Path:
    """Where the exercises of a book notebook are, whether or not there are any."""
    return source.parent.parent.parent / "exercises" / source.parent.name / source.name


def _details(summary: str, body: str) -> str:
    """A fold that opens without a script; blank lines let its inside be Markdown."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body.strip()}\n\n</details>"


def exercise_cells(source: Path) -> list[NotebookNode]:
    """The Markdown cells that carry a book notebook's exercises."""
    path = exercise_source(source)
    if not path.exists():
        return []
    link = f"../../exercises/{path.parent.name}/{path.stem}.ipynb"
    cells = [
        new_markdown_cell(
            "## Exercises\n\n"
            f"Answer them in [the student's notebook]({link}): it checks each answer and says what "
            "went wrong. Hints and worked solutions are folded here, for reading without a kernel."
        )
    ]
    for item in students.compile_source(path):
        data = item.data
        title = students.heading(data).removeprefix("## ")
        worked = data["worked_markdown"] + f"\n\n```python\n{data['solution_code']}\n```"
        parts = [f"### {title}", data["statement_markdown"]]
        starter = "\n".join(
            line for line in data["starter_code"].splitlines() if not line.startswith("check(")
        ).strip()
        if "untouched" in data["answer"]:
            # The code with the bug belongs to the statement.
            parts.append(f"```python\n{starter}\n```")
        parts += [_details(f"Hint {i}", hint) for i, hint in enumerate(data["hints"], start=1)]
        parts.append(_details("Worked solution", worked))
        cells.append(new_markdown_cell("\n\n".join(parts)))
    return cells


def _identify(cells: Sequence[NotebookNode], stem: str) -> None:
    """Cell ids that depend on a cell's own text, so that an edit changes one id only."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(f"{stem}|{cell.cell_type}|{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


@cache
def _references(path: Path) -> dict[str, tuple[str, str]]:
    """What to show for each key of the bibliography, and where it leads."""
    from pybtex.database import parse_file

    found = {}
    for key, entry in parse_file(str(path), bib_format="bibtex").entries.items():
        people = entry.persons.get("author", [])
        name = re.sub(r"[{}]", "", " ".join(people[0].last_names)) if people else key
        if len(people) > 1:
            name += " et al."
        shown = f"{name} {entry.fields['year']}" if people and "year" in entry.fields else name
        doi = entry.fields.get("doi")
        place = f"https://doi.org/{doi}" if doi else "../reference/bibliography.md"
        found[key] = (shown, place.replace("(", "%28").replace(")", "%29"))
    return found


def cite_in_notebook(text: str, bibliography: Path) -> str:
    """{cite:p} and {cite:t} as links that JupyterLab can show; role and key stay in the title."""

    def links(match: re.Match[str]) -> str:
        role, keys = match[1], [key.strip() for key in match[2].split(",")]
        known = _references(bibliography)
        for key in keys:
            if key not in known:
                raise NotebookError(f"a citation of {key!r}, which references.bib does not hold")
        shown = "; ".join(f'[{known[k][0]}]({known[k][1]} "cite:{role}:{k}")' for k in keys)
        return f"({shown})" if role == "p" else shown

    return re.sub(r"\{cite:([pt])\}`([^`]+)`", links, text)


def cite_in_book(text: str) -> str:
    """Those links as citations again, for the page."""
    for role, opening, closing in (("p", r"\(", r"\)"), ("t", "", "")):
        link = rf'\[[^\]]+\]\([^ )]+ "cite:{role}:(\w+)"\)'

        def cited(match: re.Match[str], role: str = role, link: str = link) -> str:
            return f"{{cite:{role}}}`" + ",".join(re.findall(link, match[0])) + "`"

        text = re.sub(rf"{opening}{link}(?:; {link})*{closing}", cited, text)
    return text


def compose(source: Path) -> NotebookNode:
    """The notebook of a source, without outputs."""
    if is_exercise(source):
        cells = students.student_cells(source)
    else:
        parsed = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
        cells = []
        for cell in parsed.cells:
            if not cell.source.strip():
                continue
            maker = new_code_cell if cell.cell_type == "code" else new_markdown_cell
            metadata = for_learners(
                {
                    key: value
                    for key, value in cell.metadata.items()
                    if key not in ("lines_to_next_cell", "lines_to_end_of_cell_marker")
                }
            )
            if metadata is None:
                continue  # a note to the instructor
            text = cell.source.strip("\n")
            if cell.cell_type == "markdown":
                text = cite_in_notebook(text, source.parents[1] / "references.bib")
            cells.append(maker(text, metadata=metadata))
        cells += exercise_cells(source)
    _identify(cells, name_of(source))
    notebook = new_notebook(cells=cells, metadata=json.loads(json.dumps(METADATA)))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def read(path: Path) -> NotebookNode:
    """A notebook from disk."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        raise NotebookError(f"{name_of(path)}: cannot be read: {error}") from error


def write(notebook: NotebookNode, path: Path) -> None:
    """A notebook to disk: stable key order, LF line ends, replaced in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def _code(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def generate(paths: Iterable[Path]) -> None:
    """Write the notebooks of these sources; outputs stay where no code changed."""
    for source in paths:
        notebook = compose(source)
        path = source.with_suffix(".ipynb")
        if path.exists():
            old = read(path)
            if _code(old) == _code(notebook):
                for new_cell, old_cell in zip(
                    (cell for cell in notebook.cells if cell.cell_type == "code"),
                    (cell for cell in old.cells if cell.cell_type == "code"),
                    strict=True,
                ):
                    new_cell.outputs = old_cell.outputs
                    new_cell.execution_count = old_cell.execution_count
        write(notebook, path)
        print(f"generated {name_of(source)}")


# --- execution -----------------------------------------------------------------------------------


def kernel_environment(root: Path = ROOT) -> dict[str, str]:
    """The environment of every kernel: this tree's package, no debugger noise, one backend."""
    environment = dict(os.environ)
    paths = [str(root / "src"), environment.get("PYTHONPATH", "")]
    environment.update(
        PYTHONPATH=os.pathsep.join(path for path in paths if path),
        PYDEVD_DISABLE_FILE_VALIDATION="1",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        CGTLEARN_PROGRESS="off",
        CGTLEARN_STAGE="1",  # live figures bring their page's HTML along
        JUPYTER_PLATFORM_DIRS="1",
        PYTHONUTF8="1",
    )
    return environment


def clean(notebook: NotebookNode, pictures: bool) -> None:
    """Keep what is compared or shown: text, and pictures when asked for; nothing that varies."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        kept = []
        for output in cell.outputs:
            if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
                kept[-1].text += output.text  # how a print is cut into pieces varies
                continue
            if output.output_type == "error":
                # The traceback holds paths of this machine.
                output.traceback = [f"{output.ename}: {output.evalue}"]
            if output.output_type in ("display_data", "execute_result"):
                for kind in () if pictures else (*PICTURES, "text/html"):
                    output.data.pop(kind, None)
                if not pictures:
                    output.metadata = {
                        key: value for key, value in output.metadata.items() if "/" not in key
                    }
                if not output.data:
                    continue
            kept.append(output)
        cell.outputs = kept
    notebook.metadata = json.loads(json.dumps(METADATA))


def _complaints(notebook: NotebookNode, root: Path) -> list[str]:
    """Outputs that would differ on another machine, or that say something went wrong."""
    found = []
    private = [str(root), *([str(Path.home())] if len(Path.home().parts) > 1 else [])]
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            if output.get("name") == "stderr":
                first = text.strip().splitlines()[-1] if text.strip() else ""
                found.append(f"cell {number} writes to stderr: {first[:200]}")
            elif _PRIVATE.search(text):
                found.append(f"cell {number} prints an object's address; print its content instead")
            elif any(path in text for path in private):
                found.append(f"cell {number} prints a path of this machine")
    return found


@dataclass
class Job:
    """One notebook to execute: its name, the folder it runs in, and how it went."""

    name: str
    folder: Path
    notebook: NotebookNode
    seconds: float = 0.0
    error: str = ""


async def _execute(job: Job, timeout: int, root: Path) -> float:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(
        job.notebook,
        timeout=timeout,
        startup_timeout=120,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(job.folder)}},
    )
    started = time.perf_counter()
    async with client.async_setup_kernel(env=kernel_environment(root)):
        for index, cell in enumerate(job.notebook.cells):
            where = f"{job.name}, cell {index + 1} ({cell.source.strip().splitlines()[0][:60]})"
            try:
                await client.async_execute_cell(cell, index)
            except CellTimeoutError as error:
                raise NotebookError(f"{where}: not done after {timeout} s") from error
            except DeadKernelError as error:
                raise NotebookError(f"{where}: the kernel died") from error
            except CellExecutionError as error:
                raise NotebookError(f"{where}: {error.ename}: {error.evalue}") from error
    return time.perf_counter() - started


def execute_all(
    jobs: Sequence[Job],
    timeout: int = TIMEOUT,
    done: Callable[[Job], None] | None = None,
    root: Path = ROOT,
) -> list[str]:
    """Execute notebooks, two at a time, a line for each; returns the errors.

    ``done(job)`` is called after each that ran, while others still run.
    """
    if sys.platform == "win32":  # the kernel's sockets need a selector loop
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    finished = 0

    async def one(job: Job, gate: asyncio.Semaphore) -> None:
        nonlocal finished
        async with gate:
            try:
                job.seconds = await _execute(job, timeout, root)
                complaints = _complaints(job.notebook, root)
                if complaints:
                    job.error = "\n".join(f"{job.name}, {line}" for line in complaints)
                elif done is not None:
                    done(job)
            except NotebookError as error:
                job.error = str(error)
            except Exception as error:  # a kernel that does not start, a disk that is full
                job.error = f"{job.name}: {type(error).__name__}: {error}"
            finished += 1
            state = f"{job.seconds:5.1f} s" if not job.error else "FAILED "
            slow = f"  (over {SLOW:g} s)" if job.seconds > SLOW else ""
            print(f"[{finished}/{len(jobs)}] {state}  {job.name}{slow}", flush=True)

    async def every() -> None:
        gate = asyncio.Semaphore(PROCESSES)
        await asyncio.gather(*(one(job, gate) for job in jobs))

    asyncio.run(every())
    return [job.error for job in jobs if job.error]


def select(paths: Sequence[str], root: Path = ROOT) -> list[Path]:
    """The sources that paths on a command line mean."""
    every = sources(root)
    if not paths:
        return every
    chosen: list[Path] = []
    for text in paths:
        path = Path(text).resolve()
        found = [s for s in every if s == path.with_suffix(".py") or path in s.parents]
        if not found:
            raise NotebookError(f"{text}: no notebook source there; give a .py, .ipynb or a folder")
        chosen += [source for source in found if source not in chosen]
    return chosen


def refresh(paths: Sequence[Path], timeout: int = TIMEOUT, root: Path = ROOT) -> int:
    """Generate and execute these sources and write their notebooks; 0 when all went well."""
    exercises = [source for source in paths if is_exercise(source)]
    if exercises:
        students.write(root, only=exercises)
    jobs = [Job(name_of(source), source.parent, compose(source)) for source in paths]
    places = {
        job.name: source.with_suffix(".ipynb") for job, source in zip(jobs, paths, strict=True)
    }

    def done(job: Job) -> None:
        keep(job.notebook, root)
        clean(job.notebook, pictures=False)
        write(job.notebook, places[job.name])

    errors = execute_all(jobs, timeout, done, root)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    if jobs:
        total = sum(job.seconds for job in jobs)
        print(f"{len(jobs) - len(errors)} of {len(jobs)} notebooks, {total / len(jobs):.1f} s each")
    return 1 if errors else 0


# --- agreement -----------------------------------------------------------------------------------


def _texts(cell: NotebookNode) -> list[Any]:
    """What a cell shows, without pictures, streams joined."""
    shown: list[Any] = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            if shown and shown[-1][0] == output.name:
                shown[-1] = (output.name, shown[-1][1] + output.text)
            else:
                shown.append((output.name, output.text))
        elif output.output_type == "error":
            shown.append(("error", output.ename, output.evalue))
        else:
            texts = {k: v for k, v in output.data.items() if k not in (*PICTURES, "text/html")}
            shown.append(("data", json.dumps(texts, sort_keys=True)))
    return shown


def changed_outputs(stored: NotebookNode, fresh: NotebookNode) -> list[str]:
    """The code cells whose text outputs differ between two runs, with the first difference."""
    found = []
    pairs = zip(stored.cells, fresh.cells, strict=False)
    for number, (old, new) in enumerate(pairs, start=1):
        if new.cell_type != "code":
            continue
        before, after = _texts(old), _texts(new)
        if before != after:
            one = next((a for a, b in zip(before, after, strict=False) if a != b), before[-1:])
            two = next((b for a, b in zip(before, after, strict=False) if a != b), after[-1:])
            found.append(f"cell {number}: stored {str(one)[:150]} but now {str(two)[:150]}")
    return found


def check_notebook(source: Path) -> list[str]:
    """What is wrong with a source's committed notebook."""
    from tools import checks

    path = source.with_suffix(".ipynb")
    name = name_of(source)
    if not path.exists():
        return [f"{name}: there is no notebook; run python -m tools.notebooks refresh"]
    stored, wanted = read(path), compose(source)
    problems = []

    def content(notebook: NotebookNode) -> list[tuple[Any, ...]]:
        return [
            (c.cell_type, c.source, c.get("id"), json.dumps(c.metadata, sort_keys=True))
            for c in notebook.cells
        ]

    old, new = content(stored), content(wanted)
    if old != new:
        place = next(
            (i for i, (a, b) in enumerate(zip(old, new, strict=False), start=1) if a != b),
            min(len(old), len(new)) + 1,
        )
        problems.append(
            f"{name}: cell {place} differs from its source; run python -m tools.notebooks refresh"
        )
    problems += checks.execution_counts(stored, name)
    problems += checks.stored_pictures(stored, name)
    return problems


def check(root: Path = ROOT) -> list[str]:
    """What does not agree among sources, notebooks, exercises and the table of contents."""
    from tools import checks

    problems: list[str] = []
    for source in sources(root):
        problems += check_notebook(source)
    return [*problems, *checks.agreement(root), *students.check(root)]


# --- the copy the book is built from -------------------------------------------------------------


def cache_key(notebook: NotebookNode, root: Path = ROOT) -> str:
    """A hash of all that a notebook's outputs depend on: cells, package, lock, interpreter."""
    digest = hashlib.sha256()
    digest.update(json.dumps(_code(notebook)).encode())
    files = [p for p in (root / "src" / "cgtlearn").rglob("*") if p.is_file()]
    files += [p for p in (root / "requirements").rglob("*") if p.is_file()]
    for path in sorted(files):
        if path.suffix != ".pyc":
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    digest.update(f"{platform.python_version()} {sys.platform} 1".encode())
    return digest.hexdigest()[:32]


def _cached(notebook: NotebookNode, root: Path) -> Path:
    return root / "build" / ".cache" / f"{cache_key(notebook, root)}.ipynb"


def executed(source: Path, root: Path = ROOT) -> NotebookNode:
    """The committed notebook of a source with the outputs, pictures and all, of its last run."""
    notebook = read(source.with_suffix(".ipynb"))
    kept = _cached(notebook, root)
    if not kept.exists():
        name = name_of(source)
        raise NotebookError(f"{name} was not run here; run python -m tools.notebooks stage")
    # Text around the code may have changed since.
    code = iter([cell for cell in read(kept).cells if cell.cell_type == "code"])
    for cell in notebook.cells:
        if cell.cell_type == "code":
            ran = next(code)
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    return notebook


def keep(notebook: NotebookNode, root: Path = ROOT) -> None:
    """Keep an executed notebook, pictures and all, for the book."""
    write(notebook, _cached(notebook, root))


def label(name: str, number: int) -> str:
    """A figure's label in the book, as in "fig-07-cart-kinetics-01-expansion-2"."""
    return (
        "fig-" + re.sub(r"[^a-z0-9]+", "-", "-".join(name.split("/")[-2:]).lower()) + f"-{number}"
    )


def dress(notebook: NotebookNode, name: str) -> None:
    """Move each figure's words from its output to where the book takes caption and alt from."""
    number = 0
    for index, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            cell.source = re.sub(
                r"\[([^\]]+)\]\(\.\./\.\./exercises/([^)]+\.ipynb)\)",
                r"[\1](path:../_exercises/\2)",
                cite_in_book(cell.source),
            )
            continue
        figures = [o for o in cell.outputs if "cgtlearn" in o.get("metadata", {})]
        if not figures:
            continue
        if len(figures) > 1:
            raise NotebookError(f"{name}, cell {index}: {len(figures)} figures; one a cell, please")
        words = figures[0].metadata.pop("cgtlearn")
        size = figures[0].metadata.pop("image/png", {})
        if "image/png" not in figures[0].data:
            raise NotebookError(f"{name}, cell {index}: a figure without its picture")
        number += 1
        image = {"alt": words["alt"]}
        if "width" in size:
            image["width"] = f"{size['width']}px"
        cell.metadata["mystnb"] = {
            "figure": {"caption": words["caption"], "name": label(name, number)},
            "image": image,
        }
        spoken = {f"Figure: {words['caption']}", f"In words: {words['alt']}"}
        kept = []
        for output in cell.outputs:
            if output.output_type == "stream":
                lines = [line for line in output.text.splitlines() if line not in spoken]
                output.text = "".join(f"{line}\n" for line in lines)
                if not output.text.strip():
                    continue
            kept.append(output)
        cell.outputs = kept


def stage(root: Path = ROOT, timeout: int = TIMEOUT) -> int:
    """Make build/book: the book's files, its notebooks executed with pictures; 0 when all is well.

    A notebook whose text outputs differ from the committed ones is an error.
    """
    target = root / "build" / "book"
    if target.exists():
        for path in target.iterdir():
            if path.name == "_build":
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    book = [source for source in sources(root) if not is_exercise(source)]
    shutil.copytree(
        root / "book",
        target,
        dirs_exist_ok=True,
        ignore=lambda folder, names: [
            name
            for name in names
            if name in ("_build", "__pycache__", ".ipynb_checkpoints")
            or Path(folder, name) in book
            or (Path(folder, name).with_suffix(".py") in book)
        ],
    )
    errors: list[str] = []
    jobs, results = [], {}
    for source in book:
        path = source.with_suffix(".ipynb")
        if not path.exists():
            errors.append(f"{name_of(source)}: there is no notebook; run refresh first")
            continue
        stored = read(path)
        kept = _cached(stored, root)
        if kept.exists():
            results[source] = executed(source, root)
        else:
            results[source] = stored
            jobs.append(Job(name_of(source), source.parent, stored))
    print(f"{len(results) - len(jobs)} of {len(results)} notebooks are in the cache", flush=True)
    errors += execute_all(jobs, timeout, lambda job: keep(job.notebook, root), root)
    if not errors:
        for source, notebook in results.items():
            name = name_of(source)
            stored = read(source.with_suffix(".ipynb"))
            errors += [f"{name}, {line}" for line in changed_outputs(stored, notebook)]
            clean(notebook, pictures=True)
            dress(notebook, name)
            forms.add(notebook, f"{source.parent.name}/{source.stem}", root)
            write(notebook, target / source.parent.name / f"{source.stem}.ipynb")
    for source in students.sources(root):
        path = source.with_suffix(".ipynb")
        if path.exists():
            place = target / "_exercises" / source.parent.name / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    _configure(target)
    if not errors and (root / "tools" / "pages.py").exists():
        made = subprocess.run(
            [sys.executable, "-m", "tools.pages", str(target)],
            cwd=root,
            env=kernel_environment(root),
            check=False,
        )
        if made.returncode:
            errors.append("the generated pages failed: python -m tools.pages build/book")
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


def _configure(target: Path) -> None:
    """The staged configuration: as in the book, and surely without execution."""
    import yaml

    path = target / "_config.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    settings.setdefault("execute", {})["execute_notebooks"] = "off"
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.notebooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["generate", "refresh", "check", "stage"])
    parser.add_argument("paths", nargs="*", help="sources, notebooks or folders")
    parser.add_argument("--timeout", type=int, default=TIMEOUT, help="seconds for one cell")
    options = parser.parse_args(arguments)
    try:
        if options.command == "generate":
            generate(select(options.paths))
            return 0
        if options.command == "refresh":
            return refresh(select(options.paths), options.timeout)
        if options.command == "stage":
            return stage(timeout=options.timeout)
        problems = check()
        for problem in problems:
            print(problem)
        print("notebooks: " + (f"{len(problems)} problems" if problems else "all agree"))
        return 1 if problems else 0
    except (NotebookError, students.SourceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())

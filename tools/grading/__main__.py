"""The command: python -m tools.grading SUBMISSIONS --out grades.csv"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools import ROOT

from . import contain, judge, report, submissions
from .kit import Kit
from .supervise import Family, Limits, Run
from .supervise import run as run_child

JUDGING_SECONDS = 120
NOT_JUDGED = "not judged"
VERSION = 1  # of the stored results


class Trouble(Exception):
    """What is wrong with the command, and what to do."""


class NotJudged(Exception):
    """Running or judging did not begin or end as it should: no fault of the learner's."""


# --- One submission -------------------------------------------------------------------------------


def environment_of_the_course() -> dict[str, str]:
    """The variables for the grader's own processes: they import the course, from its sources."""
    paths = [str(ROOT / "src"), str(ROOT)]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(paths), PYTHONSAFEPATH="1")


class Grader:
    """What the grading of all submissions shares."""

    def __init__(
        self,
        scratch: Path,
        exercises: Mapping[str, Mapping[str, Any]],
        limits: Limits,
        layers: tuple[str, ...] = contain.LAYERS,
    ) -> None:
        self.scratch = scratch
        self.exercises = exercises
        self.limits = limits
        self.layers = layers
        self.family = Family()
        self.kit = Kit(scratch / "kit")
        self.stop = threading.Event()
        self.not_contained: dict[str, str] = {}
        self._kit_lock = threading.Lock()

    def grade(self, submission: submissions.Submission) -> dict[str, Any]:
        """Run one submission, judge its answers, and return the result as plain data."""
        result: dict[str, Any] = {
            "version": VERSION,
            "file": submission.file,
            "sha256": submission.sha256,
            "learner": submission.learner,
            "numbers_name": submission.numbers_name,
            "notebook": submission.notebook.name if submission.notebook else "",
            "status": "not readable" if not submission.readable else "not recognised",
            "notes": list(submission.notes),
            "seconds": 0.0,
            "verdicts": [],
            "errors": [],
        }
        if submission.notebook is None:
            return result
        run = self._run(submission)
        if run.ended == "interrupted":
            return result
        for layer, why in run.contained.items():
            if why:
                self.not_contained[layer] = why
        result["seconds"] = round(run.seconds, 2)
        result["errors"] = [list(error) for error in run.errors]
        result["notes"] += self._notes(run)
        result["status"] = "graded, ended early" if run.ended else "graded"
        try:
            if not run.contained:  # said before any line of the learner's
                words = run.output.strip().splitlines()
                raise NotJudged(words[-1] if words else "its process did not start")
            result["verdicts"] = self._judge(submission, run)
        except NotJudged as problem:
            result["status"] = NOT_JUDGED
            result["notes"].append(f"could not be judged, look at it yourself: {problem}")
        return result

    def _run(self, submission: submissions.Submission) -> Run:
        from cgtlearn.exercises import drawing

        home = Path(tempfile.mkdtemp(prefix="learner-", dir=self.scratch))
        assert submission.notebook is not None
        ids, name = submission.notebook.ids, submission.numbers_name
        own = {i: drawing.for_learner(self.exercises[i], name)["answer"] for i in ids}
        job = {
            "inputs": {i: judge.inputs_of(answer) for i, answer in own.items()},
            "cells": submission.cells,
            "numbers": {i: drawing.numbers_of(self.exercises[i], name) for i in ids},
            "home": str(home),
            "course": str(ROOT),
            "libraries": self.kit.libraries,
            "read": self.kit.readable,
            "limits": self.limits.of_process(),
            "layers": self.layers,
        }
        self._mend_kit()
        self.kit.new_home(home)
        try:
            run = run_child(job, self.kit.folder, self.limits, self.family, self.stop)
        finally:
            with contextlib.suppress(OSError, RecursionError):
                shutil.rmtree(home)
        if self._mend_kit():
            run.refused.append("change the grader's files")
        return run

    def _mend_kit(self) -> bool:
        """Make the kit anew if something changed it; whether that was so."""
        with self._kit_lock:
            if self.kit.intact():
                return False
            self.kit.make()
            return True

    @staticmethod
    def _notes(run: Run) -> list[str]:
        notes = []
        if run.ended:
            place = f" (cell {run.cell})" if run.cell is not None else ""
            notes.append(run.ended + place)
        cells = [number for number, kind, _ in run.errors if "MemoryError" in kind]
        if cells:
            notes.append(f"asked for more memory than allowed (cell {cells[0]})")
        notes += [f"tried to {deed}" for deed in run.refused]
        if run.strays:
            notes.append(f"left {run.strays} processes behind, which were ended")
        if run.forged_lines:
            notes.append("sent what is no answer to the grader")
        if report.FORGED.search(run.output):
            notes.append("printed what looks like a verdict; it does not count")
        other = [number for number, kind, _ in run.errors if "MemoryError" not in kind]
        if other:
            shown = ", ".join(map(str, sorted(set(other))[:8]))
            notes.append(f"error in cell {shown}")
        return notes

    def _judge(self, submission: submissions.Submission, run: Run) -> list[dict[str, Any]]:
        """The verdicts on the notebook's exercises, from the judging process."""
        assert submission.notebook is not None
        ids = submission.notebook.ids
        records = {i: run.records[i] for i in ids if i in run.records}
        judged: dict[str, dict[str, Any]] = {}
        if records:
            job = {
                "exercises": {i: self.exercises[i] for i in records},
                "records": records,
                "learner": submission.numbers_name,
            }
            judged = {verdict["id"]: verdict for verdict in self._judging(job)}
        return [judged.get(i) or self._missing(i, submission, run) for i in ids]

    def _judging(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """Start the judging process, and give it the job."""
        judging = self.family.start(
            [sys.executable, "-m", "tools.grading.judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment_of_the_course(),
            cwd=ROOT,
        )
        try:
            out, err = judging.communicate(json.dumps(job).encode(), timeout=JUDGING_SECONDS)
        except subprocess.TimeoutExpired:
            raise NotJudged(f"judging took more than {JUDGING_SECONDS} s") from None
        finally:
            judging.kill()
            judging.wait()
            self.family.forget(judging)
        if judging.returncode:
            words = err.decode("utf-8", "replace").strip().splitlines()
            raise NotJudged(words[-1] if words else "the judging process ended")
        verdicts: list[dict[str, Any]] = json.loads(out)
        return verdicts

    @staticmethod
    def _verdict(identity: str, status: str, message: str) -> dict[str, Any]:
        verdict = {"id": identity, "status": status, "message": message}
        return {**verdict, "misconceptions": [], "numbers_of": []}

    def _missing(
        self, identity: str, submission: submissions.Submission, run: Run
    ) -> dict[str, Any]:
        """No answer arrived: say why, as far as it is known."""
        cells = submission.where.get(identity, [])
        error = next((error for error in run.errors if error[0] in cells), None)
        if not cells:
            message = "No cell of the notebook checks this exercise."
        elif error is not None:
            message = f"Its cell ended with {error[1]}: {error[2]}"
        elif run.ended:
            message = f"The notebook did not come this far: it was {run.ended}."
            message = message.replace("was ended itself", "ended itself")
        else:
            message = "Its check handed no answer over."
        return self._verdict(identity, "missing", message)


# --- All of them ----------------------------------------------------------------------------------


class Progress:
    """One line that is kept up to date; in a pipe, a line for each notebook."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.start = total, 0, time.monotonic()
        self.now: list[str] = []
        self.live = sys.stdout.isatty() and os.environ.get("CGTLEARN_PROGRESS") != "off"
        self._lock = threading.Lock()

    def began(self, file: str) -> None:
        with self._lock:
            self.now.append(file)
            self._show("")

    def ended(self, file: str, words: str) -> None:
        with self._lock:
            self.now.remove(file)
            self.done += 1
            self._show(f"{file}: {words}")

    def _show(self, words: str) -> None:
        seconds = time.monotonic() - self.start
        head = f"{seconds:4.0f} s  {self.done} of {self.total}"
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            bar = "█" * round(20 * self.done / self.total) if self.total else ""
            line = f"{head}  {bar:░<20}  {', '.join(self.now)}"
            print("\r" + line[:width].ljust(width), end="", flush=True)
            if self.done == self.total:
                print(flush=True)
        elif words:
            print(f"{head}  {words}", flush=True)


def grade_all(
    found: list[submissions.Submission],
    grader: Grader,
    store: Path,
    jobs: int,
    on_result: Callable[[dict[str, Any]], None] = lambda result: None,
) -> list[dict[str, Any]]:
    """Grade each submission, ``jobs`` at a time. Results are stored one by one below ``store``."""
    results: dict[str, dict[str, Any]] = {}
    progress = Progress(len(found))

    def one(submission: submissions.Submission) -> dict[str, Any]:
        progress.began(submission.file)
        path = store / f"{report.file_name(submission.file)[:-5]}.json"
        result = stored(path, submission)
        if result is None:
            result = grader.grade(submission)
            if grader.stop.is_set():
                raise KeyboardInterrupt
            temporary = path.with_name(path.name + ".new")
            temporary.write_text(json.dumps(result), encoding="utf-8")
            temporary.replace(path)
            words = f"{report.points(result)} of {len(result['verdicts'])}"
        else:
            words = f"{report.points(result)} of {len(result['verdicts'])} (graded before)"
        progress.ended(submission.file, words if result["verdicts"] else result["status"])
        return result

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {pool.submit(one, submission): submission for submission in found}
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    results[futures[future].file] = future.result()
                    on_result(future.result())
        except BaseException:
            grader.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [results[submission.file] for submission in found]


def stored(path: Path, submission: submissions.Submission) -> dict[str, Any] | None:
    """The result of an earlier run that was interrupted, if it is for this very file."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        same = (result["version"], result["file"], result["sha256"])
        return result if same == (VERSION, submission.file, submission.sha256) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def by_number(exercises: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The exercises in the order of their numbers."""
    return {i: exercises[i] for i in sorted(exercises, key=report.in_order)}


def at_drawn_inputs(
    seed: int, exercises: Mapping[str, dict[str, Any]], notebooks: set[str]
) -> dict[str, dict[str, Any]]:
    """The exercises, with functions of these notebooks at the inputs that the seed draws."""
    print("Drawing inputs for the exercises that ask for a function.", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "tools.grading.probes", str(seed), *sorted(notebooks)],
        stdout=subprocess.PIPE,
        env=environment_of_the_course(),
        cwd=ROOT,
        check=True,
    )
    drawn = json.loads(done.stdout)
    return {i: {**exercise, **drawn.get(i, {})} for i, exercise in exercises.items()}


def keep_old(*paths: Path) -> list[Path]:
    """Move what is there to the next free name; returns the new names."""
    number = 1
    while any(path.with_name(f"{path.stem}.{number}{path.suffix}").exists() for path in paths):
        number += 1
    kept = []
    for path in paths:
        if path.exists():
            new = path.with_name(f"{path.stem}.{number}{path.suffix}")
            path.rename(new)
            kept.append(new)
    return kept


def note_other_numbers(
    results: list[dict[str, Any]], exercises: Mapping[str, Mapping[str, Any]]
) -> None:
    """Note answers that are right with somebody else's numbers, and names that are not their own.

    Two learners of a large class may have drawn the same numbers, so a note is a reason to ask,
    not a proof.
    """
    from cgtlearn.exercises import drawing

    for result in results:
        own = drawing.same_name(result["numbers_name"])
        drawn = [v for v in result["verdicts"] if "drawn" in exercises[v["id"]]]
        if drawn and own != drawing.same_name(result["learner"]):
            result["notes"].append(f"its numbers are those of {result['numbers_name']!r}")
        for verdict in drawn:
            exercise = exercises[verdict["id"]]
            met = set(verdict["numbers_of"])
            others = {r["learner"] for r in results if r["learner"] != result["learner"]}
            whose = [n for n in sorted(others) if drawing.variant_number(exercise, n) in met]
            if met:
                named = f"those of {', '.join(whose)}" if whose else "not drawn for this class"
                result["notes"].append(f"{verdict['id']} is right for other numbers, {named}")


def open_ends(grader: Grader, leaks: list[str]) -> list[str]:
    """What is not contained here, in sentences."""
    lines = [
        f"{contain.NOT_CONTAINED[layer]} ({why})" for layer, why in grader.not_contained.items()
    ]
    lines += [f"A notebook can read the answers: {leak}." for leak in leaks]
    return lines


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="course.py grade", description=__doc__)
    top.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="folder of notebooks")
    top.add_argument("--out", type=Path, default=Path("grades.csv"), help="grades (grades.csv)")
    top.add_argument("--overwrite", action="store_true", help="grade anew; old grades are kept")
    top.add_argument("--seed", type=int, help="draws inputs of functions (default: at random)")
    top.add_argument("--jobs", type=int, default=2, help="notebooks at a time (2)")
    top.add_argument("--seconds", type=float, default=Limits.seconds, help="for a notebook (120)")
    top.add_argument("--memory", type=float, default=Limits.memory / 1e9, help="in GB (2)")
    top.add_argument("--without", action="append", default=[], choices=contain.LAYERS,
                     help="leave a layer of containment out")  # fmt: skip
    return top


def version_of_the_course() -> str:
    """A digest of the exercises: results that were judged by others are not taken over."""
    from cgtlearn.exercises import store

    digest = hashlib.sha256()
    for path in sorted(store.DATA.glob("*.json")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare_folder(out: Path, overwrite: bool, seed: int | None) -> tuple[Path, int]:
    """The folder of the report, and the seed: that of an interrupted run, if there is one."""
    folder = out.with_name(out.stem + "_report")
    if out.exists():
        if not overwrite:
            raise Trouble(
                f"{out} is there already. Give another name with --out, or --overwrite to grade "
                "anew (the old grades are kept beside the new ones)."
            )
        for path in keep_old(out, folder):
            print(f"Kept: {path}", flush=True)
    state = folder / "results" / "run.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        stored_state = json.loads(state.read_text(encoding="utf-8"))
        earlier = int(stored_state["seed"])
        if stored_state["course"] == version_of_the_course() and seed in (None, earlier):
            print("An earlier run was interrupted: going on where it ended.", flush=True)
            return folder, earlier
        for path in keep_old(folder):
            print(f"Kept: {path}", flush=True)
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble(f"Cannot write in {folder.parent} ({error.strerror}).") from None
    seed = secrets.randbelow(2**31) if seed is None else seed
    state.write_text(
        json.dumps({"seed": seed, "course": version_of_the_course()}), encoding="utf-8"
    )
    return folder, seed


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _main(options)
    except Trouble as trouble:
        print(f"grade: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\ngrade: interrupted. What is graded is kept; the same command goes on from there.",
            file=sys.stderr,
        )
        return 130


def _main(options: argparse.Namespace) -> int:
    from cgtlearn.exercises import store
    from cgtlearn.exercises.slips import SLIPS

    start = time.monotonic()
    source: Path = options.submissions
    out: Path = options.out.absolute()
    if not source.is_dir():
        raise Trouble(f"{source} is no folder. Give the folder that holds the notebooks.")
    if options.jobs < 1 or options.seconds <= 0 or options.memory <= 0:
        raise Trouble("--jobs, --seconds and --memory are positive numbers.")
    files, ignored = submissions.find(source)
    if not files:
        raise Trouble(f"There is no notebook (.ipynb) in {source}.")
    folder, seed = prepare_folder(out, options.overwrite, options.seed)
    exercises = by_number(store.exercises())
    issued = submissions.issued_notebooks(ROOT, exercises)
    found = [submissions.read(path, source, issued) for path in files]
    _note_second_copies(found)
    notebooks = {one.notebook.name for one in found if one.notebook is not None}
    exercises = at_drawn_inputs(seed, exercises, notebooks)
    limits = Limits(seconds=options.seconds, memory=options.memory * 1e9)
    layers = tuple(layer for layer in contain.LAYERS if layer not in options.without)
    scratch = Path(tempfile.mkdtemp(prefix="cgtlearn-grade-"))
    try:
        grader = Grader(scratch, exercises, limits, layers)
        leaks = grader.kit.leaks()
        results = grade_all(found, grader, folder / "results", options.jobs)
    finally:
        with contextlib.suppress(OSError, RecursionError):
            shutil.rmtree(scratch)
    note_other_numbers(results, exercises)
    facts = {
        "seconds": time.monotonic() - start,
        "seed": seed,
        "ignored": ignored,
        "not_contained": open_ends(grader, leaks),
        "limits": asdict(limits),
    }
    names = {key: slip.name for key, slip in SLIPS.items()}
    report.write_pages(folder, results, exercises, names, facts)
    report.write_grades(out, results)
    _say_what_is_there(out, folder, results, facts)
    lost = [result["file"] for result in results if result["status"] == NOT_JUDGED]
    if lost:
        raise Trouble(f"not judged, and without points for that reason alone: {', '.join(lost)}")
    return 0


def _note_second_copies(found: list[submissions.Submission]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for submission in found:
        if submission.notebook is None:
            continue
        key = (submission.learner, submission.notebook.name)
        if key in seen:
            submission.notes.append(f"handed in twice: see also {seen[key]}")
        seen.setdefault(key, submission.file)


def _say_what_is_there(
    out: Path, folder: Path, results: list[dict[str, Any]], facts: Mapping[str, Any]
) -> None:
    noted = sum(bool(result["notes"]) for result in results)
    print(f"\n{len(results)} submissions in {facts['seconds']:.0f} s; {noted} with notes.")
    for line in facts["not_contained"]:
        print(f"Not contained here: {line}")
    print(f"Grades        {out}")
    print(f"Class report  {folder / 'report.html'}")
    print(f"Feedback      {folder / 'feedback'}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())

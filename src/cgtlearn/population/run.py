"""Run a model over many patients, block by block, here or on other processes and machines.

A block is solved and at once reduced to what is kept of each patient, so memory does not grow with
the number of sampling times. What comes out does not depend on the size of a block or on who
worked: a reduction sees patients, never a block as a whole.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import pickle
import queue
import time
import warnings
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn import models
from cgtlearn.errors import LearnerError, one_of, short, sorted_times, unknown_name
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population.progress import Progress
from cgtlearn.solve import METHODS, Result, chosen_method, solve

__all__ = ["Block", "Run", "load", "run"]

Values = NDArray[Any]
Reduce = Callable[[Result], Any]

IN_FLIGHT = 2
"""Blocks handed out for each worker: one at work, one waiting, the rest not yet cut out."""
UNKNOWN_WORKERS = 16
"""Workers that an executor is taken to have when it does not say."""
KEEP_EVERY = 60.0
"""Seconds between two writings of an unfinished run."""
POLL = 0.2
"""Longest wait in seconds: between two waits the reader's interrupt is seen."""


class Block(Parameters):
    """Parameters of some of the patients, with ``numbers``: who they are, counted from 0."""

    numbers: NDArray[np.int64]

    def __init__(self, model: Model, values: Mapping[str, Any], numbers: Any) -> None:
        super().__init__(model, values)
        self.__dict__["numbers"] = np.asarray(numbers, dtype=np.int64)


@dataclass(frozen=True)
class Run:
    """What was kept of N patients.

    ``values`` has one array for each quantity that the reduction returned, (N, ...); a single
    array stands under ``"value"``. ``run["cmax"]`` finds one. Patients that failed, and patients
    of a block that was not computed, have NaN there.

    ``failed``   patient -> why its course could not be computed
    ``missing``  (first, last, why) of each block that was not computed; empty after a whole run
    ``method``   the solver's method, the same for all blocks
    ``inputs``   a fingerprint of parameters, times and method, by which a run is continued
    """

    model: str
    patients: int
    block: int
    method: str
    values: dict[str, Values] = field(repr=False)
    failed: dict[int, str]
    missing: tuple[tuple[int, int, str], ...]
    seconds: float
    kinds: dict[str, str] = field(repr=False)
    inputs: str

    def __getitem__(self, name: str) -> Values:
        if name not in self.values:
            raise unknown_name(name, self.values, "quantity of this run")
        return self.values[name]

    @property
    def done(self) -> NDArray[np.bool_]:
        """(N,): which patients were computed without failing."""
        found = np.ones(self.patients, bool)
        found[list(self.failed)] = False
        for first, last, _ in self.missing:
            found[first : last + 1] = False
        return found

    @property
    def complete(self) -> bool:
        """True when no block is missing. Patients may have failed even so."""
        return not self.missing

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the run to ``path`` (.npz), whole or not at all. Read it with :func:`load`.

        Raises LearnerError when it cannot be written, for example because the disk is full; an
        older file under that name is then still there.
        """
        wanted = _file(path)
        part = wanted.with_name(wanted.name + ".part")
        about = {
            "model": self.model,
            "patients": self.patients,
            "block": self.block,
            "method": self.method,
            "failed": sorted(self.failed.items()),
            "missing": self.missing,
            "seconds": self.seconds,
            "kinds": self.kinds,
            "inputs": self.inputs,
        }
        arrays: dict[str, Any] = {f"value.{name}": value for name, value in self.values.items()}
        try:
            with open(part, "wb") as file:
                np.savez(file, about=np.array(json.dumps(about)), **arrays)
            os.replace(part, wanted)
        except OSError as problem:
            part.unlink(missing_ok=True)
            size = sum(value.nbytes for value in self.values.values())
            raise LearnerError(
                given=f"{wanted}, to be written with {size / 1e6:,.0f} MB: {problem}",
                expected="a folder that exists, with room for the file",
                do="free some space or choose another folder; nothing was changed there, and the "
                "run is still in memory",
            ) from problem
        return wanted

    def __repr__(self) -> str:
        bad = f", {len(self.failed)} failed" if self.failed else ""
        lost = sum(last - first + 1 for first, last, _ in self.missing)
        gone = f", {lost} not computed" if lost else ""
        return (
            f"Run of {self.model}: {self.patients} patients{bad}{gone}, {self.method}; "
            f"kept: {', '.join(self.values)}"
        )


def _file(path: Any) -> Path:
    """``path`` with .npz at its end; what looks like another ending is part of the name."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise LearnerError(
            given=f"{short(path)} for the name of a file",
            expected="a name or a path",
            do='write for example "trial.npz"',
        )
    name = os.fspath(path)
    return Path(name if str(name).endswith(".npz") else f"{name}.npz")


def load(path: str | os.PathLike[str]) -> Run:
    """The run that :meth:`Run.save` wrote. Raises LearnerError for a file that is not one."""
    try:
        with np.load(_file(path), allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            values = {k.removeprefix("value."): file[k] for k in file.files if k != "about"}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
        raise LearnerError(
            given=f"{path}: {problem}",
            expected="a file that Run.save wrote",
            do="check the name, or run it again and save it",
        ) from problem
    failed = {int(number): str(reason) for number, reason in about.pop("failed")}
    missing = tuple((int(a), int(b), str(why)) for a, b, why in about.pop("missing"))
    return Run(values=values, failed=failed, missing=missing, **about)


# --- one block, wherever it runs ------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    """What a worker needs for one block. A model of the course travels as its name."""

    model: str | Model
    values: dict[str, Any]
    first: int
    size: int
    times: NDArray[np.float64]
    reduce: Reduce
    method: str
    settings: dict[str, float]


@dataclass(frozen=True)
class _Done:
    """What comes back: the values of the patients ``kept``, and why others failed."""

    values: dict[str, Values]
    kept: NDArray[np.int64]
    failed: dict[int, str]


def _work(job: _Job, attempt: int) -> _Done | LearnerError:
    """Solve and reduce one block. Bad input comes back as a value: it is not the worker's fault.

    ``attempt`` is not used: it tells a cluster that the second attempt is another task.
    """
    model = models.get(job.model) if isinstance(job.model, str) else job.model
    numbers = np.arange(job.first, job.first + job.size)
    p = Block(model, job.values, numbers)
    try:
        with warnings.catch_warnings():
            # Failed patients are named once, for the whole run.
            warnings.filterwarnings("ignore", message=".* patients failed", category=RuntimeWarning)
            course = solve(model, p, job.times, method=job.method, **job.settings)
    except LearnerError as problem:
        return problem
    ok = np.array([status.ok for status in course.status])
    failed = {int(numbers[i]): course.status[i].reason for i in course.failed}
    kept = numbers[ok]
    if not len(kept):
        return _Done({}, kept, failed)
    if failed:
        course = _without(course, p, ok)
    try:
        values = _checked(job.reduce(course), len(kept))
    except LearnerError as problem:
        return problem
    except Exception as problem:
        return LearnerError(
            given=f"a reduction that raised {type(problem).__name__}: {short(str(problem), 200)}, "
            f"for the patients {kept[0]} to {kept[-1]}",
            expected="a function that takes a Result and returns one value a patient",
            do="try it on a few patients first: reduce(solve(model, p, times))",
        )
    return _Done(values, kept, failed)


def _without(course: Result, p: Block, ok: NDArray[np.bool_]) -> Result:
    """The same result without the patients that failed: a reduction need not know of them."""
    values = {k: v[ok] if np.ndim(v) else v for k, v in p.as_dict().items()}
    return replace(
        course,
        parameters=Block(course.model, values, p.numbers[ok]),
        states={k: v[ok] for k, v in course.states.items()},
        outputs={k: v[ok] for k, v in course.outputs.items()},
        status=tuple(s for s in course.status if s.ok),
    )


def _checked(found: Any, size: int) -> dict[str, Values]:
    """What a reduction returned, as arrays with one row a patient."""
    named = found if isinstance(found, Mapping) else {"value": found}
    if not named:
        raise LearnerError(
            given="a reduction that returned an empty mapping",
            expected="at least one quantity",
            do='return for example {"cmax": r["transgene"].max(axis=1)}',
        )
    values = {}
    for name, value in named.items():
        array = np.asarray(value)
        if array.dtype.kind not in "bfiu" or array.ndim == 0 or array.shape[0] != size:
            raise LearnerError(
                given=f"{short(name)} = {short(value)} with shape {array.shape} from the reduction "
                f"of {size} patients",
                expected=f"numbers with one row for each patient, shape ({size},) or ({size}, ...)",
                do="take the mean or a quantile over patients afterwards, of run[...]: only then "
                "does it not depend on the size of a block",
            )
        # A view would keep the whole course alive.
        values[str(name)] = array if array.base is None else array.copy()
    return values


Ended = Generator[tuple[int, "_Done | str"], None, None]


# --- the run --------------------------------------------------------------------------------------


def run(
    model: Model,
    p: Parameters,
    times: ArrayLike,
    reduce: Reduce,
    *,
    executor: Any = None,
    block: int = 4000,
    progress: bool = True,
    earlier: Run | None = None,
    keep: str | os.PathLike[str] | None = None,
    method: str | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> Run:
    """Solve ``model`` for every patient of ``p`` and keep what ``reduce`` makes of the courses.

    Parameters
    ----------
    model, p, times, method, rtol, atol : as in :func:`cgtlearn.solve.solve`. Without ``method`` it
        is chosen once, for the number of patients in ``p``.
    reduce : takes a Result of some patients and returns an array with one row a patient, or a
        mapping of such arrays: ``lambda r: {"cmax": r["transgene"].max(axis=1)}``.
        ``r.parameters.numbers`` says which patients they are. Failed patients are left out of it.
    executor : None for this process; a whole number of processes; or anything with a ``submit``
        in the manner of ``concurrent.futures``, such as a pool or a ``dask.distributed.Client``.
        For other processes ``reduce`` and a model of your own must stand in a file.
    block : patients that are solved together. It bounds the memory and changes no result.
    progress : a line that shows how far a long run is, where somebody reads it.
    earlier : a run of the same patients, times and blocks that was interrupted; its blocks are
        taken over and the missing ones done. That ``reduce`` is the same is up to you.
    keep : a file (.npz) in which the run is kept: once a minute what is done so far, at the end all
        of it, as :meth:`Run.save` does. If the process ends before the run does, the same call goes
        on from that file. When the file cannot be written any more, because the disk is full, a
        warning says so and the run goes on in memory.

    Returns
    -------
    Run. An interrupt (Ctrl-C, the stop button) ends the run early and keeps the finished blocks. A
    block whose worker died is done again once; if that fails too, the others are still done.
    ``missing`` says which blocks are not there, and a warning names them.

    Raises LearnerError for parameters without arrays, for another model's, for a value outside its
    domain or NaN (with the patient), for a reduction that raises or does not return one row a
    patient, for an executor that is none, for an ``earlier`` run or a kept file of something else,
    for a folder in which nothing can be kept, and when every patient failed.
    """
    grid = sorted_times("times", times, unit=model.time_unit)
    p = _checked_patients(model, p)
    size = p.patients or 1
    settings = {k: v for k, v in (("rtol", rtol), ("atol", atol)) if v is not None}
    if isinstance(block, bool) or not isinstance(block, (int, np.integer)) or block < 1:
        raise LearnerError(
            given=f"block = {short(block)}",
            expected="a number of patients: a whole number of one or more",
            do="leave it out, or write for example block=4000",
        )
    if not callable(reduce):
        raise LearnerError(
            given=f"reduce = {short(reduce)}",
            expected="a function that takes a Result and returns one value a patient",
            do='write for example lambda r: {"cmax": r["transgene"].max(axis=1)}',
        )
    started = time.monotonic()
    chosen = _method(model, size, method)
    known = model.name in models.names() and models.get(model.name) is model
    inputs = _fingerprint(model, p, grid, chosen, settings)
    store = None if keep is None else _Store(keep)
    if store is not None:
        kept = store.earlier(inputs, int(block))
        earlier = kept if earlier is None else earlier
    found = {} if earlier is None else _taken_over(earlier, inputs, int(block))
    blocks = -(-size // int(block))
    plan = _Plan(
        model=model.name if known else model,
        p=p,
        size=size,
        block=int(block),
        todo=tuple(number for number in range(blocks) if number not in found),
        times=grid,
        reduce=reduce,
        method=chosen,
        settings=settings,
    )
    lost: dict[int, str] = {}
    before = 0.0 if earlier is None else earlier.seconds
    alike = _Alike()
    for part in found.values():
        alike.check(part)

    def so_far(reason: str) -> Run:
        """The run as it stands; blocks that are neither done nor lost are missing for a reason."""
        left = {n: reason for n in plan.todo if n not in found and n not in lost}
        spent = before + time.monotonic() - started
        return _assembled(plan, model.name, inputs, found, {**lost, **left}, spent)

    with Progress(size, "patients", progress) as bar, closing(_blocks(plan, executor)) as ended:
        bar.add(sum(plan.length(number) for number in found))
        try:
            for number, done in ended:
                if isinstance(done, str):
                    lost[number] = done
                else:
                    alike.check(done)
                    found[number] = done
                    bar.add(plan.length(number))
                if store is not None and len(found) < blocks and store.due():
                    store.write(so_far("the run was not over"))
        except KeyboardInterrupt:
            pass
    whole = so_far("the run was interrupted")
    if store is not None:
        store.write(whole)
    if not whole.values and whole.complete:
        first = min(whole.failed)
        raise LearnerError(
            given=f"{size} patients, all of whom failed; patient {first}: {whole.failed[first]}",
            expected="a model that can be computed for the parameters",
            do=f"look at one of them: solve(model, p.patient({first}), times)",
        )
    _warn(p, whole)
    return whole


@dataclass(frozen=True)
class _Plan:
    """The blocks of a run: each is cut out of the parameters when its turn comes."""

    model: str | Model
    p: Parameters
    size: int
    block: int
    todo: tuple[int, ...]
    times: NDArray[np.float64]
    reduce: Reduce
    method: str
    settings: dict[str, float]

    def length(self, number: int) -> int:
        return min(self.block, self.size - number * self.block)

    def job(self, number: int) -> _Job:
        first = number * self.block
        here = slice(first, first + self.length(number))
        values = {k: v[here] if np.ndim(v) else v for k, v in self.p.as_dict().items()}
        return _Job(
            self.model, values, first, self.length(number), self.times, self.reduce,
            self.method, self.settings,
        )  # fmt: skip


def _checked_patients(model: Model, p: Parameters) -> Parameters:
    """The parameters, with every value checked."""
    if not isinstance(p, Parameters) or p._model is not model:
        whose = p._model.name if isinstance(p, Parameters) else type(p).__name__
        raise LearnerError(
            given=f"parameters of {whose}",
            expected=f"parameters of {model.name}",
            do="make them with population.sample or model.parameters_with of the same model",
        )
    checked = model.parameters_with(**p.as_dict())  # NaN, domains, lengths
    if checked.patients is None:
        raise LearnerError(
            given="parameters of one patient, without arrays",
            expected="an array over patients in at least one parameter",
            do="use population.sample(model, n, ...), or solve(model, p, times) for one patient",
        )
    return checked


def _fingerprint(
    model: Model, p: Parameters, times: Any, method: str, settings: Mapping[str, float]
) -> str:
    """Short text that is the same for the same inputs."""
    digest = hashlib.sha256(repr((model.name, method, sorted(settings.items()))).encode())
    for name, value in (*p.as_dict().items(), ("times", times)):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value, dtype=float).tobytes())
    return digest.hexdigest()[:16]


def _taken_over(earlier: Run, inputs: str, block: int) -> dict[int, _Done]:
    """The finished blocks of an earlier run."""
    if not isinstance(earlier, Run) or earlier.inputs != inputs or earlier.block != block:
        raise LearnerError(
            given=f"earlier = {short(earlier, 120)}"
            + (f", in blocks of {earlier.block}" if isinstance(earlier, Run) else ""),
            expected=f"a Run of the same parameters, times, method and tolerances, in blocks of "
            f"{block}",
            do="repeat the call as it was, with the same seed, or leave earlier out",
        )
    gone = {first // block for first, _, _ in earlier.missing}
    found = {}
    for number in range(-(-earlier.patients // block)):
        if number in gone:
            continue
        here = np.arange(number * block, min((number + 1) * block, earlier.patients))
        failed = {int(i): earlier.failed[int(i)] for i in here if int(i) in earlier.failed}
        kept = np.array([i for i in here if int(i) not in failed], dtype=np.int64)
        values = {k: v[kept].astype(earlier.kinds[k]) for k, v in earlier.values.items()}
        found[number] = _Done(values if len(kept) else {}, kept, failed)
    return found


def _method(model: Model, size: int, method: str | None) -> str:
    """One method for all blocks, by the number of all patients: the last block may be small."""
    if method is None:
        return chosen_method(model, size)
    return one_of("method", method, METHODS)


def _blocks(plan: _Plan, executor: Any) -> Ended:
    """(number, what came back) of every block, as they end; a reason in place of a lost one."""
    if executor is None:
        return _here(plan)
    if isinstance(executor, (int, np.integer)) and not isinstance(executor, bool):
        if executor < 1:
            raise LearnerError(
                given=f"executor = {executor}",
                expected="a number of processes: one or more",
                do=f"write for example executor={os.cpu_count() or 2}, or leave it out",
            )
        return _elsewhere(plan, None, int(executor))
    if not callable(getattr(executor, "submit", None)):
        raise LearnerError(
            given=f"executor = {short(executor)}",
            expected="None, a number of processes, or an object with a method submit",
            do="write executor=2, a concurrent.futures pool, or a dask.distributed.Client",
        )
    return _elsewhere(plan, executor, None)


def _answer(done: _Done | LearnerError) -> _Done:
    if isinstance(done, LearnerError):
        raise done
    return done


def _here(plan: _Plan) -> Ended:
    for number in plan.todo:
        yield number, _answer(_work(plan.job(number), 0))


def _workers_of(executor: Any) -> int:
    """How many blocks an executor can work on at once, as far as it says."""
    if isinstance(pool := getattr(executor, "_max_workers", None), int):
        return pool
    if callable(nthreads := getattr(executor, "nthreads", None)):  # a dask.distributed.Client
        # Workers of a cluster may still be coming.
        return max(UNKNOWN_WORKERS, sum(nthreads().values()))
    return UNKNOWN_WORKERS


class _Pool:
    """The executor in use: the reader's, or one of our own. A broken pool is replaced."""

    def __init__(self, given: Any, workers: int | None) -> None:
        self.own: concurrent.futures.ProcessPoolExecutor | None = None
        self.workers = workers or _workers_of(given)
        self.use = self._new() if given is None else given

    def _new(self) -> concurrent.futures.ProcessPoolExecutor:
        self.own = concurrent.futures.ProcessPoolExecutor(self.workers)
        return self.own

    @property
    def processes(self) -> bool:
        return isinstance(self.use, concurrent.futures.ProcessPoolExecutor)

    def mend(self) -> None:
        """A pool of processes takes no more work once a worker died: go on with a new one.

        A cluster looks after its workers by itself.
        """
        if self.processes:
            self.close()
            self.use = self._new()

    def close(self) -> None:
        if self.own is not None:
            self.own.shutdown(wait=False, cancel_futures=True)
            self.own = None


def _elsewhere(plan: _Plan, given: Any, workers: int | None) -> Ended:
    """Hand blocks out, a few for each worker, and yield them as they end.

    When a worker dies, nobody knows whose fault it was: a pool gives up all blocks that it held.
    They are done again one at a time, so that a block that kills its worker takes no other along.
    """
    pool = _Pool(given, workers)
    if pool.processes:
        _can_travel(plan)
    ended: queue.SimpleQueue[tuple[int, int, Any]] = queue.SimpleQueue()
    waiting = list(plan.todo[::-1])
    again: list[int] = []
    attempts = dict.fromkeys(waiting, 0)
    flying: dict[int, Any] = {}

    def send(number: int) -> bool:
        attempt = attempts[number] + 1
        try:
            future = pool.use.submit(_work, plan.job(number), attempt)
        except concurrent.futures.BrokenExecutor:
            if not pool.processes:
                raise
            return False
        attempts[number], flying[number] = attempt, future
        future.add_done_callback(lambda ready: ended.put((number, attempt, ready)))
        return True

    try:
        while waiting or again or flying:
            try:
                while waiting and not again and len(flying) < IN_FLIGHT * pool.workers:
                    if not send(waiting[-1]):
                        break
                    waiting.pop()
                if again and not flying:
                    send(again[-1])
            except RuntimeError as problem:  # an executor that was shut down
                if not any(attempts.values()):
                    raise LearnerError(
                        given=f"an executor that takes no work: {problem}",
                        expected="one that is open",
                        do="call run inside its with statement, or make a new one",
                    ) from problem
                for number in sorted({*waiting, *again, *flying}):
                    yield number, f"the executor takes no more work ({problem})"
                return
            if not flying:
                pool.mend()
                continue
            try:
                number, attempt, future = ended.get(timeout=POLL)
            except queue.Empty:
                continue
            if number not in flying or attempt != attempts[number]:
                continue  # an answer of an attempt that was given up
            del flying[number]
            try:
                done: _Done | str = _answer(future.result())
            except (LearnerError, KeyboardInterrupt):
                raise
            except BaseException as problem:  # the end of the worker, not of the block
                if number not in again:
                    again.append(number)
                    continue
                done = (
                    f"its worker died twice ({type(problem).__name__}: {short(str(problem), 99)})"
                )
            if number in again:
                again.remove(number)
            yield number, done
    finally:
        for future in flying.values():
            future.cancel()
        pool.close()


def _can_travel(plan: _Plan) -> None:
    """Refuse at once what no other process can read."""
    try:
        pickle.dumps((plan.model, plan.reduce))
    except Exception as problem:
        raise LearnerError(
            given=f"a reduction or a model that cannot be sent to another process: {problem}",
            expected="a function that stands in a module, by its own name; not a lambda",
            do="write it with def in a file and import it, or leave executor out",
        ) from problem


class _Alike:
    """Every block must hold the same quantities, with rows of one shape: seen as blocks come in."""

    def __init__(self) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}

    def check(self, done: _Done) -> None:
        shapes = {key: value.shape[1:] for key, value in done.values.items()}
        if not shapes:
            return  # all patients of this block failed
        self.shapes = self.shapes or shapes
        if shapes != self.shapes:
            raise LearnerError(
                given=f"rows of shape {shapes} after {self.shapes}, from the patients "
                f"{done.kept[0]} to {done.kept[-1]}",
                expected="the same quantities and shapes for every patient",
                do="let the reduction return rows of one length, filled up with NaN, and for an "
                "earlier run the same quantities as there",
            )


class _Store:
    """The file in which a run is kept while it goes on."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = _file(path)
        self.last = time.monotonic()
        self.told = False
        part = self.path.with_name(self.path.name + ".part")
        try:
            part.touch()
            part.unlink()
        except OSError as problem:
            raise LearnerError(
                given=f"keep = {self.path}: {problem}",
                expected="a file in a folder that exists and may be written to",
                do="make the folder first, or choose another; nothing has been computed yet",
            ) from problem

    def earlier(self, inputs: str, block: int) -> Run | None:
        """The run that is kept there already, if it is one of the same inputs."""
        if not self.path.exists():
            return None
        found = load(self.path)
        if (found.inputs, found.block) != (inputs, block):
            raise LearnerError(
                given=f"keep = {self.path}, where another run is kept: {found!r}, in blocks of "
                f"{found.block}",
                expected=f"a new file, or the run of the same parameters, times, method and "
                f"tolerances in blocks of {block}",
                do="choose another name, or take that file away",
            )
        return found

    def due(self) -> bool:
        return time.monotonic() - self.last >= KEEP_EVERY

    def write(self, so_far: Run) -> None:
        """Keep it. A disk that is full ends no run: what is computed is still in memory."""
        try:
            so_far.save(self.path)
        except LearnerError as problem:
            if not self.told:
                warnings.warn(
                    f"The run could not be kept: {problem.given}. It is in memory: make room, or "
                    "save it elsewhere when it is over, with run.save.",
                    UserWarning,
                    stacklevel=3,
                )
            self.told = True
        self.last = time.monotonic()


def _assembled(
    plan: _Plan,
    name: str,
    inputs: str,
    found: dict[int, _Done],
    lost: dict[int, str],
    seconds: float,
) -> Run:
    """One run out of its blocks, which hold the same quantities."""
    failed: dict[int, str] = {}
    rows: dict[str, Values] = {}
    kinds: dict[str, Any] = {}
    for number in sorted(found):
        failed.update(found[number].failed)
        for key, value in found[number].values.items():
            rows[key] = value[:0]
            kinds[key] = np.result_type(kinds.get(key, value.dtype), value.dtype)
    gaps = bool(failed or lost)
    values = {}
    for key, kind in kinds.items():
        # A whole number has no NaN: with a gap it becomes a float.
        fits = np.result_type(kind, float) if gaps else kind
        full = np.full((plan.size, *rows[key].shape[1:]), np.nan if gaps else 0, fits)
        for done in found.values():
            if len(done.kept):
                full[done.kept] = done.values[key]
        values[key] = full
    missing = tuple(
        (number * plan.block, number * plan.block + plan.length(number) - 1, why)
        for number, why in sorted(lost.items())
    )
    return Run(
        model=name,
        patients=plan.size,
        block=plan.block,
        method=plan.method,
        values=values,
        failed=failed,
        missing=missing,
        seconds=seconds,
        kinds={key: kind.str for key, kind in kinds.items()},
        inputs=inputs,
    )


def _warn(p: Parameters, whole: Run) -> None:
    """Name the first patient that failed, and the first that was not computed."""
    if whole.failed:
        first = min(whole.failed)
        warnings.warn(
            f"{whole.model}: {len(whole.failed)} of {whole.patients} patients failed. Patient "
            f"{first}: {whole.failed[first]}. {p.patient(first)!r}. Their rows are NaN.",
            RuntimeWarning,
            stacklevel=3,
        )
    if whole.missing:
        who = sum(last - first + 1 for first, last, _ in whole.missing)
        first, last, why = whole.missing[0]
        warnings.warn(
            f"{whole.model}: {who} of {whole.patients} patients were not computed, the first of "
            f"them {first} to {last}: {why}. Their rows are NaN; see run.missing.",
            UserWarning,
            stacklevel=3,
        )

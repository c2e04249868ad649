"""Runs in blocks: the same numbers whoever works, nothing lost or counted twice, clear ends."""

from __future__ import annotations

import dataclasses
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cgtlearn import measure
from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.models import stein2019
from cgtlearn.models.contract import Model, Output, Parameter, Parameters, State
from cgtlearn.population import progress
from cgtlearn.solve import MANY, chosen_method, solve

M = stein2019.model
DAYS = np.array([0.0, 4, 7, 9, 11, 14, 28, 56])
N = 23

needs_signals = pytest.mark.skipif(os.name == "nt", reason="signals of Unix")


@pytest.fixture(scope="module")
def patients():
    return pop.sample(M, N, pop.spread_of(M, pop.log_sd), seed=7)


@pytest.fixture(scope="module")
def whole(patients):
    """The same quantities from one call of solve, without blocks."""
    course = solve(M, patients, DAYS)
    return exposure(course), course.method


def exposure(course):
    """A reduction that other processes can find by its name."""
    level = course["transgene"]
    return {
        "cmax": measure.cmax(DAYS, level),
        "auc": measure.auc(DAYS, level),
        "last": level[:, -2:],
        "high": level[:, -1] > 100,
        "number": course.parameters.numbers if hasattr(course.parameters, "numbers") else None,
    }


def assert_same(ours, whole):
    for name, value in whole[0].items():
        expected = np.arange(N) if name == "number" else value
        assert ours[name].dtype == expected.dtype
        assert np.array_equal(ours[name], expected), name
    assert ours.method == whole[1]
    assert ours.complete and not ours.failed and ours.done.all()


# --- the same numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 7, 23, 4000])
def test_blocks_change_nothing(patients, whole, block):
    assert_same(pop.run(M, patients, DAYS, exposure, block=block), whole)


def test_processes_change_nothing(patients, whole):
    assert_same(pop.run(M, patients, DAYS, exposure, block=5, executor=2), whole)


@pytest.mark.parametrize("make", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_a_pool_of_the_reader_stays_open(patients, whole, make):
    with make(2) as pool:
        assert_same(pop.run(M, patients, DAYS, exposure, block=6, executor=pool), whole)
        assert pool.submit(abs, -3).result() == 3


class Cluster:
    """Has submit and nothing else, as a cluster's client does. The first attempt may be lost."""

    def __init__(self, lose=()):
        self.lose, self.tasks = set(lose), []

    def submit(self, work, job, attempt):
        self.tasks.append((job.first, attempt))
        future = Future()

        def later():
            self.wait()
            if (job.first, attempt) in self.lose:
                future.set_exception(ConnectionError("the worker at 10.0.0.7 was lost"))
            else:
                future.set_result(work(job, attempt))

        threading.Thread(target=later).start()
        return future

    def wait(self):
        time.sleep(0.01)


class Wide(Cluster):
    """Says how many threads each of its workers has, as a Dask client does.

    No block ends before more are out than there are workers, so that a slow machine counts the
    same. A run that never hands out that many goes on after a while, and fails the test.
    """

    def __init__(self):
        super().__init__()
        self.flying, self.most, self.enough = [], 0, threading.Event()

    def nthreads(self):
        return {"tcp://10.0.0.1": 24, "tcp://10.0.0.2": 16}

    def wait(self):
        self.enough.wait(timeout=10)

    def submit(self, work, job, attempt):
        future = super().submit(work, job, attempt)
        self.flying = [f for f in (*self.flying, future) if not f.done()]
        self.most = max(self.most, len(self.flying))
        if self.most > sum(self.nthreads().values()):
            self.enough.set()
        return future


def test_a_large_cluster_has_something_to_do(patients, whole):
    many = pop.sample(M, 120, pop.spread_of(M, pop.log_sd), seed=7)
    small, large = Cluster(), Wide()
    module = sys.modules["cgtlearn.population.run"]
    assert module._workers_of(small) == module.UNKNOWN_WORKERS == 16
    assert module._workers_of(large) == 40
    assert module._workers_of(ThreadPoolExecutor(3)) == 3
    pop.run(M, many, DAYS, exposure, block=1, executor=large)
    assert 40 < large.most <= 80


def test_anything_with_submit_works(patients, whole):
    assert_same(pop.run(M, patients, DAYS, exposure, block=4, executor=Cluster()), whole)


def test_the_method_is_chosen_for_all_patients_not_for_a_block(patients, monkeypatch):
    """A last block of one patient must not fall under the number at which methods change."""
    asked = []
    module = sys.modules["cgtlearn.population.run"]

    def watched(model, p, times, *, method, **settings):
        asked.append((p.patients, method))
        return solve(model, p, times, method=method, **settings)

    monkeypatch.setattr(module, "solve", watched)
    some = pop.sample(M, MANY + 5, pop.spread_of(M, pop.log_sd), seed=7)
    for count in (MANY + 5, MANY - 1):  # 45 patients leave a last block of one
        few = M.parameters_with(cmax=some.cmax[:count])
        asked.clear()
        ours = pop.run(M, few, DAYS, exposure, block=11)
        wanted = solve(M, few, DAYS).method
        assert ours.method == wanted == chosen_method(M, count)
        assert sum(size for size, _ in asked) == count and len(asked) == -(-count // 11)
        assert {method for _, method in asked} == {wanted}
    assert chosen_method(M, MANY) != chosen_method(M, MANY - 1) == chosen_method(M, 1)
    assert pop.run(M, patients, DAYS, exposure, method="LSODA").method == "LSODA"


def test_memory_does_not_grow_with_the_sampling_times():
    import tracemalloc

    p = pop.sample(M, 200, {"cmax": pop.log_sd(0.5)}, seed=1)
    many = np.linspace(0, 100, 4001)
    tracemalloc.start()
    pop.run(M, p, many, lambda r: {"last": r["transgene"][:, -1]}, block=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * 200 * many.size * 8  # half of what one output of all would take


# --- patients that fail ---------------------------------------------------------------------------


def fragile() -> Model:
    """A model whose patients fail where the rate is above 1."""
    return Model(
        name="fragile",
        title="Fails in some",
        states={"x": State("1", "cells")},
        parameters={"rate": Parameter(0.1, "1/day", (1e-3, 10), "log", "a rate")},
        observed={"x": Output("1", "cells")},
        rhs=lambda t, y, p, phase: (np.where(p.rate > 1, np.log(-p.rate), -p.rate) * y[0],),
        initial=lambda p: (1 + 0 * p.rate,),
        outputs=lambda t, y, p, phase: {"x": y[0]},
        time_unit="day",
        window=10,
    )


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("block", [1, 2, 5])
def test_failed_patients_are_named_and_leave_the_others_as_they_were(block):
    model = fragile()
    rates = np.array([0.1, 2.0, 0.3, 3.0, 0.5])
    seen = []

    def reduce(course):
        seen.extend(course.parameters.numbers.tolist())
        return {"end": course["x"][:, -1], "whole": np.ones(len(course["x"]), int)}

    with pytest.warns(RuntimeWarning, match="2 of 5 patients failed. Patient 1") as caught:
        ours = pop.run(model, model.parameters_with(rate=rates), [0, 5], reduce, block=block)
    assert len([w for w in caught if "patients failed" in str(w.message)]) == 1
    assert sorted(ours.failed) == [1, 3] and all(ours.failed.values())
    assert sorted(seen) == [0, 2, 4] and ours.done.tolist() == [True, False, True, False, True]
    alone = solve(model, model.parameters_with(rate=rates[ours.done]), [0, 5], method=ours.method)
    assert np.array_equal(ours["end"][ours.done], alone["x"][:, -1])
    assert np.isnan(ours["end"][[1, 3]]).all() and np.isnan(ours["whole"][1])
    assert "2 failed" in repr(ours)
    with pytest.warns(RuntimeWarning, match="2 of 5"):
        again = pop.run(
            model, model.parameters_with(rate=rates), [0, 5], reduce, block=block, earlier=ours
        )
    assert again.failed == ours.failed and again["whole"].dtype == ours["whole"].dtype
    assert np.array_equal(again["end"], ours["end"], equal_nan=True)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_when_all_fail_it_is_an_error():
    model = fragile()
    with pytest.raises(LearnerError, match="all of whom failed; patient 0"):
        pop.run(model, model.parameters_with(rate=[2.0, 3.0]), [0, 5], lambda r: r["x"][:, -1])


# --- workers that die -----------------------------------------------------------------------------


def dies_once(course):
    """Kills its worker at the first call for patient 12, and works afterwards."""
    if 12 in course.parameters.numbers:
        try:
            os.close(os.open(os.environ["CGT_DIED_ONCE"], os.O_CREAT | os.O_EXCL))
            os._exit(3)
        except FileExistsError:
            pass
    return exposure(course)


def always_dies(course):
    if 12 in course.parameters.numbers:
        os._exit(3)
    return exposure(course)


@pytest.mark.parametrize("given", [True, False])
def test_a_worker_that_dies_once_loses_nothing(patients, whole, given, tmp_path, monkeypatch):
    monkeypatch.setenv("CGT_DIED_ONCE", str(tmp_path / "died"))
    pool = ProcessPoolExecutor(2) if given else 2
    ours = pop.run(M, patients, DAYS, dies_once, block=3, executor=pool)
    assert (tmp_path / "died").exists()
    assert_same(ours, whole)


def test_a_block_that_always_kills_its_worker_takes_no_other_along(patients, whole):
    with pytest.warns(UserWarning, match="3 of 23 patients were not computed"):
        ours = pop.run(M, patients, DAYS, always_dies, block=3, executor=2)
    ((first, last, why),) = ours.missing
    assert (first, last) == (12, 14) and "died twice" in why
    assert np.isnan(ours["cmax"][12:15]).all() and ours.done.sum() == N - 3
    for name in ("cmax", "auc", "last"):
        assert np.array_equal(ours[name][ours.done], whole[0][name][ours.done])


def test_a_cluster_that_loses_a_worker(patients, whole):
    cluster = Cluster(lose={(8, 1), (16, 1)})
    assert_same(pop.run(M, patients, DAYS, exposure, block=4, executor=cluster), whole)
    assert sorted(first for first, attempt in cluster.tasks if attempt == 2) == [8, 16]
    worse = Cluster(lose={(8, 1), (8, 2)})
    with pytest.warns(UserWarning, match="10.0.0.7"):
        ours = pop.run(M, patients, DAYS, exposure, block=4, executor=worse)
    assert [(a, b) for a, b, _ in ours.missing] == [(8, 11)]


def test_an_executor_that_is_shut_down_is_refused(patients):
    for make in (ThreadPoolExecutor, ProcessPoolExecutor):
        pool = make(1)
        pool.shutdown()
        with pytest.raises(LearnerError, match="takes no work"):
            pop.run(M, patients, DAYS, exposure, executor=pool)


# --- interrupts -----------------------------------------------------------------------------------


def test_an_interrupt_keeps_what_is_done(patients, whole):
    def reduce(course):
        if 14 in course.parameters.numbers:
            raise KeyboardInterrupt
        return exposure(course)

    with pytest.warns(UserWarning, match="interrupted"):
        ours = pop.run(M, patients, DAYS, reduce, block=5)
    assert [(a, b) for a, b, _ in ours.missing] == [(10, 14), (15, 19), (20, 22)]
    assert np.array_equal(ours["cmax"][:10], whole[0]["cmax"][:10])
    assert np.isnan(ours["cmax"][10:]).all() and not ours.complete


@pytest.mark.parametrize("executor", [None, 2])
def test_an_interrupted_run_is_continued(patients, whole, executor, tmp_path):
    calls = []

    def reduce(course):
        calls.append(int(course.parameters.numbers[0]))
        if 14 in course.parameters.numbers:
            raise KeyboardInterrupt
        return exposure(course)

    with pytest.warns(UserWarning, match="interrupted"):
        part = pop.run(M, patients, DAYS, reduce, block=5)
    assert calls == [0, 5, 10] and part["number"].dtype == float
    part = pop.load(part.save(tmp_path / "part"))

    ours = pop.run(M, patients, DAYS, exposure, block=5, earlier=part, executor=executor)
    assert_same(ours, whole)
    calls.clear()
    assert_same(pop.run(M, patients, DAYS, reduce, block=5, earlier=ours), whole)
    assert calls == []
    other = pop.sample(M, N, pop.spread_of(M, pop.log_sd), seed=8)
    for changes in (
        {"p": other}, {"times": DAYS[:-1]}, {"block": 6}, {"method": "DP5"}, {"rtol": 1e-5},
        {"earlier": {}},
    ):  # fmt: skip
        given = {"p": patients, "times": DAYS, "block": 5, "earlier": part, **changes}
        with pytest.raises(LearnerError, match="earlier"):
            pop.run(M, given.pop("p"), given.pop("times"), exposure, **given)


def waits(course):
    if course.parameters.numbers[0] >= 9:
        time.sleep(20)
    return exposure(course)


@needs_signals
def test_an_interrupt_of_a_pool_keeps_what_is_done(patients, whole):
    threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    pool = ThreadPoolExecutor(2)
    start = time.monotonic()
    with pytest.warns(UserWarning, match="interrupted"):
        ours = pop.run(M, patients, DAYS, waits, block=3, executor=pool)
    assert time.monotonic() - start < 10
    pool.shutdown(wait=False, cancel_futures=True)
    assert [a for a, _, _ in ours.missing] == [9, 12, 15, 18, 21]
    assert np.array_equal(ours["auc"][:9], whole[0]["auc"][:9])


# --- bad input ------------------------------------------------------------------------------------


def mean(course):
    return course["transgene"].mean()


def raises(course):
    return {"cmax": 1 / 0}


def other_names(course):
    return {f"from {course.parameters.numbers[0]}": course["transgene"][:, 0]}


def other_shapes(course):
    return {"cmax": course["transgene"][:, : 1 + course.parameters.numbers[0] % 2]}


BAD = {
    "one number for a block": (dict(reduce=mean), "one row for each patient"),
    "a mean over patients": (dict(reduce=lambda r: r["transgene"].mean(axis=0)), "shape"),
    "nothing": (dict(reduce=lambda r: {}), "empty mapping"),
    "None": (dict(reduce=lambda r: None), "numbers with one row"),
    "a file that has no name": (dict(keep=3), "name of a file"),
    "text": (dict(reduce=lambda r: ["a"] * len(r["transgene"])), "numbers with one row"),
    "a reduction that raises": (dict(reduce=raises), "ZeroDivisionError"),
    "a reduction of changing names": (dict(reduce=other_names), "the same quantities"),
    "rows of changing length": (dict(reduce=other_shapes), "the same quantities"),
    "no reduction": (dict(reduce="cmax"), "reduce = 'cmax'"),
    "a block of zero": (dict(block=0), "block = 0"),
    "a block of a half": (dict(block=2.5), "block = 2.5"),
    "no executor": (dict(executor="dask"), "submit"),
    "no processes": (dict(executor=0), "executor = 0"),
    "a method nobody knows": (dict(method="RK4"), "RK4"),
    "times that fall": (dict(times=[3, 1]), "rise"),
    "a lambda for processes": (dict(reduce=lambda r: r["transgene"][:, 0], executor=2), "lambda"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor])
def test_bad_input_is_named(patients, case, executor):
    changes, words = BAD[case]
    given = {"times": DAYS, "reduce": exposure, "block": 5, "executor": None, **changes}
    if executor is not None and given["executor"] is None:
        given["executor"] = executor(1)
    with pytest.raises(LearnerError, match=words):
        pop.run(M, patients, given.pop("times"), given.pop("reduce"), **given)


def test_bad_parameters_are_named(patients):
    values = patients.as_dict()
    nan = np.where(np.arange(N) == 17, np.nan, patients.cmax)
    with pytest.raises(LearnerError, match="cmax = nan for patient 17"):
        pop.run(M, Parameters(M, {**values, "cmax": nan}), DAYS, exposure)
    with pytest.raises(LearnerError, match="different lengths"):
        pop.run(M, Parameters(M, {**values, "cmax": values["cmax"][:5]}), DAYS, exposure)
    with pytest.raises(LearnerError, match=r"shape \(0,\)"):
        pop.run(M, Parameters(M, {**values, "cmax": np.array([])}), DAYS, exposure)
    with pytest.raises(LearnerError, match="without arrays"):
        pop.run(M, M.parameters_with(), DAYS, exposure)
    with pytest.raises(LearnerError, match="parameters of stein2019"):
        pop.run(fragile(), patients, DAYS, exposure)
    with pytest.raises(LearnerError, match="parameters of dict"):
        pop.run(M, values, DAYS, exposure)


def test_a_model_that_no_other_process_can_find():
    model = fragile()
    with pytest.raises(LearnerError, match="cannot be sent"):
        pop.run(model, model.parameters_with(rate=[0.1, 0.2]), [0, 1], exposure, executor=1)


# --- keeping a run --------------------------------------------------------------------------------


def test_a_run_can_be_saved_and_read(patients, tmp_path):
    ours = pop.run(M, patients, DAYS, exposure, block=5)
    read = pop.load(ours.save(tmp_path / "trial"))
    assert repr(read) == repr(ours) and read.failed == ours.failed
    for name in ours.values:
        assert np.array_equal(read[name], ours[name]) and read[name].dtype == ours[name].dtype
    gaps = dataclasses.replace(ours, failed={3: "too stiff"}, missing=((5, 9, "interrupted"),))
    read = pop.load(gaps.save(tmp_path / "gaps.npz"))
    assert read.failed == gaps.failed and read.missing == gaps.missing
    with pytest.raises(LearnerError, match="did you mean 'cmax'"):
        read["c_max"]
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    for name in ("nowhere", "broken"):
        with pytest.raises(LearnerError, match="Run.save"):
            pop.load(tmp_path / name)
    # A dot in a name is no ending: the two do not overwrite each other.
    assert ours.save(tmp_path / "cv_0.5").name == "cv_0.5.npz"
    assert gaps.save(tmp_path / "cv_0.6").name == "cv_0.6.npz"
    assert pop.load(tmp_path / "cv_0.5").missing == ()
    for name in (3, None, ""):
        with pytest.raises(LearnerError, match="name of a file"):
            ours.save(name)
        with pytest.raises(LearnerError, match="name of a file"):
            pop.load(name)
    with pytest.raises(LearnerError, match="No such file"):
        ours.save(tmp_path / "no folder" / "trial")


def test_a_run_kept_on_the_way_goes_on_after_its_process_was_killed(patients, whole, tmp_path):
    """The process ends in the middle, without a word: what was written by then is not lost."""
    script = tmp_path / "trial.py"
    script.write_text(
        "import os, sys\n"
        "sys.path[:0] = sys.argv[1:3]\n"
        "from cgtlearn import population as pop\n"
        "from cgtlearn.population.run import run\n"
        "import test_population_run as this\n"
        "sys.modules['cgtlearn.population.run'].KEEP_EVERY = 0.0\n"
        "def dies(course):\n"
        "    if 12 in course.parameters.numbers:\n"
        "        os._exit(3)\n"
        "    return this.exposure(course)\n"
        "p = pop.sample(this.M, this.N, pop.spread_of(this.M, pop.log_sd), seed=7)\n"
        "pop.run(this.M, p, this.DAYS, dies, block=5, keep=sys.argv[3])\n"
    )
    here = Path(__file__).parent
    paths = [str(here), str(here.parent / "src"), str(tmp_path / "kept")]
    done = subprocess.run([sys.executable, str(script), *paths], timeout=300)
    assert done.returncode == 3
    part = pop.load(tmp_path / "kept")
    assert [(a, b) for a, b, _ in part.missing] == [(10, 14), (15, 19), (20, 22)]
    seen = []

    def reduce(course):
        seen.append(int(course.parameters.numbers[0]))
        return exposure(course)

    for left in ([10, 15, 20], []):
        ours = pop.run(M, patients, DAYS, reduce, block=5, keep=tmp_path / "kept.npz")
        assert_same(ours, whole)
        assert seen == left
        seen.clear()
    assert_same(pop.load(tmp_path / "kept"), whole)
    assert sorted(path.name for path in tmp_path.glob("*npz*")) == ["kept.npz"]
    for changes in (dict(block=6), dict(rtol=1e-4), dict(block=6, earlier=part)):
        with pytest.raises(LearnerError, match="another run is kept"):
            pop.run(M, patients, DAYS, exposure, keep=tmp_path / "kept", **{"block": 5, **changes})
    with pytest.raises(LearnerError, match="nothing has been computed"):
        pop.run(M, patients, DAYS, exposure, keep=tmp_path / "nowhere" / "kept")
    (tmp_path / "broken.npz").write_bytes(b"no run")
    with pytest.raises(LearnerError, match="Run.save"):
        pop.run(M, patients, DAYS, exposure, keep=tmp_path / "broken")


def test_an_interrupted_run_is_kept(patients, whole, tmp_path):
    def reduce(course):
        if 14 in course.parameters.numbers:
            raise KeyboardInterrupt
        return exposure(course)

    with pytest.warns(UserWarning, match="interrupted"):
        pop.run(M, patients, DAYS, reduce, block=5, keep=tmp_path / "kept")
    assert pop.load(tmp_path / "kept").missing[0][:2] == (10, 14)
    again = pop.run(M, patients, DAYS, exposure, block=5, keep=tmp_path / "kept")
    assert_same(again, whole)


def test_a_disk_that_fills_on_the_way_ends_no_run(patients, whole, tmp_path, monkeypatch):
    module = sys.modules["cgtlearn.population.run"]
    monkeypatch.setattr(module, "KEEP_EVERY", 0.0)

    def full(*arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.np, "savez", full)
    with pytest.warns(UserWarning, match="No space left on device.*is in memory") as caught:
        ours = pop.run(M, patients, DAYS, exposure, block=5, keep=tmp_path / "kept")
    assert len(caught) == 1  # not with every block
    assert_same(ours, whole)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(LearnerError, match="still in memory"):
        ours.save(tmp_path / "trial")
    monkeypatch.undo()
    assert_same(pop.load(ours.save(tmp_path / "trial")), whole)


def test_a_disk_that_is_full_really(patients, whole, tmp_path):
    """A file system of 64 KB, where this process may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        big = lambda r: {**exposure(r), "all": np.ones((len(r["transgene"]), 2000))}  # noqa: E731
        with pytest.warns(UserWarning, match="No space left on device"):
            ours = pop.run(M, patients, DAYS, big, block=5, keep=disk / "kept")
        assert_same(ours, whole)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@needs_signals
def test_a_full_disk_leaves_the_old_file(patients, tmp_path):
    import resource

    ours = pop.run(M, patients, DAYS, exposure, block=5)
    path = ours.save(tmp_path / "trial")
    before = path.read_bytes()
    big = dataclasses.replace(ours, values={"cmax": np.zeros(100_000)})
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(LearnerError, match="room for the file"):
            big.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, previous)
    assert path.read_bytes() == before
    assert [p.name for p in Path(tmp_path).iterdir()] == ["trial.npz"]


# --- the line that shows progress -----------------------------------------------------------------


def test_progress_is_drawn_in_a_terminal_after_a_while_and_wiped(monkeypatch):
    drawn = []
    monkeypatch.setattr(progress, "_place", lambda: drawn.append)
    with progress.Progress(100, "patients") as bar:
        bar.add(10)
    assert drawn == []
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    with progress.Progress(100, "patients") as bar:
        bar.add(10)
        bar.add(90)
    assert "10%" in drawn[0] and "10 of 100 patients" in drawn[0] and "to go" in drawn[0]
    assert "100%" in drawn[1] and drawn[-1] == ""
    with progress.Progress(100, "patients", on=False) as bar:
        bar.add(10)
    assert len(drawn) == 3


def test_a_notebook_that_a_program_executes_stores_no_progress():
    import nbformat
    from nbclient import NotebookClient

    cell = (
        "from cgtlearn.population import progress\n"
        "progress.PATIENCE = progress.REFRESH = 0.0\n"
        "with progress.Progress(10, 'patients') as bar:\n"
        "    bar.add(10)\n"
        "print(bar.done)"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert [o.get("text") for o in notebook.cells[0].outputs] == ["10\n"]


def test_progress_is_silent_where_nobody_reads_it(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)

    class Shell:
        def __init__(self, asks):
            self.kernel = type("Kernel", (), {"_allow_stdin": asks})()

    class IPython:
        shell = None

        @classmethod
        def get_ipython(cls):
            return cls.shell

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    assert progress._place() is None  # no terminal under a test
    IPython.shell = Shell(False)
    assert progress._place() is None  # a notebook executed by a program
    IPython.shell = Shell(True)
    assert progress._place() is not None  # a notebook with a reader
    IPython.shell = None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert progress._place() is progress._terminal
    with progress.Progress(4, "patients") as bar:
        bar.add(4)
    assert "4 of 4 patients" in capsys.readouterr().err

"""Virtual populations: patients per second, beside what a user would pick instead.

    python3 course.py benchmark                  all models, about ten minutes
    python3 course.py benchmark --quick          one repetition, up to 400 patients
    python3 course.py benchmark --out FILE       also as JSON

Peers (in ``peers/``): loops over SciPy's ``odeint`` and ``solve_ivp(method="LSODA")``, over CVODE
(scikit-sundae, libRoadRunner) and over Dormand-Prince written by hand and compiled by numba;
diffrax with ``vmap``, where each patient has a step of its own; and, as the machine's limit, the
same method in C (kernel.c). A loop takes as long for each patient however many there are, so it
solves ``SAMPLE`` patients, and its rate holds for every N. A peer that is not installed is named.

All solve to rtol 1e-6 at the same 91 times. Where a method takes an absolute tolerance it is 1e-12.
Each figure is the median of five runs, taken in turns with the others, so that a busy machine
slows all alike; what is compiled is compiled before. The error is the largest relative one over
patients, states and times, where a state is above 1e-9 of its peak, against Rodas5P at rtol 1e-12.
From 40,000 patients on ours goes through ``population.run``, and the error is that of every tenth
time of the first 4,000. The C kernel writes states; ours writes what the assays read as well.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]
# Threads would hide what one core does; every peer gets one.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np  # noqa: E402
from peers import equations, loops  # noqa: E402

from cgtlearn.models import get  # noqa: E402
from cgtlearn.models.contract import Model, Parameters  # noqa: E402
from cgtlearn.population import run as run_population  # noqa: E402
from cgtlearn.solve import chosen_method, solve  # noqa: E402

MODELS = ("muellerschoell2021", "aav_chain", "hardiansyah2019")
RTOL, ATOL = loops.RTOL, loops.ATOL
SIZES = (1, 10, 50, 400, 4000)
LARGE = {"muellerschoell2021": (40_000, 100_000), "aav_chain": (40_000,),
         "hardiansyah2019": (40_000,)}  # fmt: skip
SAMPLE = 20
POINTS = 91
LONG = 10.0
"""Seconds: a vectorised peer that takes longer for 400 patients is not asked for 4,000."""
TARGETS = {"solve_ivp loop": 25, "odeint loop": 6, "libroadrunner loop": 7, "diffrax Tsit5": 2,
           "diffrax Dopri5": 2, "diffrax Kvaerno5": 30, "C kernel": 0.4}  # fmt: skip
"""How many times faster ours shall be at 4,000 patients; beside C, the share of its rate."""


def population(model: Model, count: int, seed: int = 7) -> Parameters:
    """Parameters around the defaults, with a log-normal spread of 0.4."""
    rng = np.random.default_rng(seed)
    spread = {}
    for name, parameter in model.parameters.items():
        if parameter.scale == "log" and parameter.default > 0:
            value = parameter.default * np.exp(rng.normal(0, 0.4, count))
            spread[name] = np.clip(value, *parameter.domain)
    return model.parameters_with(**spread)


def first(p: Parameters, count: int) -> Parameters:
    """The first patients."""
    values = {k: v[:count] if np.ndim(v) else v for k, v in p.as_dict().items()}
    return p._model.parameters_with(**values)


def times_of(model: Model) -> np.ndarray:
    """``POINTS`` times; early ones too, so that a state's peak is seen."""
    early = model.window * np.geomspace(1e-5, 0.01, 11)
    return np.concatenate([[0], early, np.linspace(0, model.window, POINTS - 10)[2:]])


def largest_error(got: np.ndarray, right: np.ndarray, peak: np.ndarray | None = None) -> float:
    """Over patients, states and times where a state is above 1e-9 of its peak."""
    if peak is None:
        peak = np.abs(right).max(axis=2, keepdims=True)
    counts = np.abs(right) > 1e-9 * peak
    return float(np.where(counts, np.abs(got / np.where(counts, right, 1) - 1), 0).max())


def stacked(result) -> np.ndarray:
    return np.stack(list(result.states.values()))


def every_tenth(result) -> np.ndarray:
    """What a large run keeps of each patient: every state at every tenth time."""
    return np.stack([course[:, ::10] for course in result.states.values()], axis=1)


def in_blocks(model: Model, p: Parameters, grid: np.ndarray) -> np.ndarray:
    """States (N, n, some times) from ``population.run``."""
    return run_population(model, p, grid, every_tenth, progress=False, rtol=RTOL)["value"]


def patients_second(kept: np.ndarray) -> np.ndarray:
    return np.moveaxis(kept, 1, 0)


@dataclass
class Row:
    """One solver at one number of patients. ``states`` makes (n, N, T) of what ``run`` returns."""

    model: str
    solver: str
    patients: int
    run: Callable[[], Any] | None = None
    states: Callable[[Any], np.ndarray] | None = None
    method: str = ""
    absent: str = ""
    seconds: list[float] = field(default_factory=list)
    error: float = float("nan")

    @property
    def rate(self) -> float:
        return self.patients / float(np.median(self.seconds)) if self.seconds else float("nan")


def peers_of(name: str, group: equations.People, p: Parameters, quick: bool) -> list[Row]:
    """The peers of one model, compiled; one that is not there says so."""
    rows = []

    def add(solver: str, make: Callable[[], Callable], sizes: tuple[int, ...]) -> None:
        try:
            solver_of = make()
            for size in sizes:
                if size > group.count:
                    continue
                run = partial(solver_of, group.first(size))
                now(f"{name}: {solver}, {size} patients, compiling")
                run()  # compiles
                rows.append(Row(name, solver, size, run))
                began = time.perf_counter()
                if size == 400:
                    run()
                if time.perf_counter() - began > LONG:
                    return
        except (ImportError, OSError, ValueError, RuntimeError) as problem:
            what = "not installed" if isinstance(problem, ImportError) else str(problem)
            rows.append(Row(name, solver, 0, absent=what.splitlines()[0][:90]))

    some = (10,) if quick else (SAMPLE,)
    vector = (400,) if quick else (400, 4000)
    add("odeint loop", lambda: loops.odeint, (1, 10, *(s for s in some if s > 10)))
    add("solve_ivp loop", lambda: loops.solve_ivp, some)
    add("scikit-sundae loop", lambda: loops.sundae, some)
    add("libroadrunner loop", lambda: loops.RoadRunner(group), some)
    add("numba by hand, loop", lambda: loops.Numba(group), vector[:1])

    def diffrax(solver: str) -> Callable[[], Callable]:
        def make() -> Callable:
            from peers.diffrax_peer import Diffrax

            return Diffrax(group, solver)

        return make

    for solver in ("Tsit5", "Dopri5", "Kvaerno5"):
        add(f"diffrax {solver}", diffrax(solver), vector)

    def kernel() -> Callable:
        from peers.kernel import Kernel

        compiled = Kernel(p._model)
        return lambda g: compiled.courses(first(p, g.count), g.grid, RTOL)

    add("C kernel", kernel, vector)
    return rows


def measure(name: str, quick: bool, turns: int, clock: Callable[[], float]) -> list[Row]:
    """The rows of one model."""
    model, grid = get(name), times_of(get(name))
    sizes = SIZES[:-1] if quick else SIZES
    large = () if quick else LARGE[name]
    most = max(sizes)
    everybody = population(model, max([most, *large]))
    p = first(everybody, most)
    group = equations.people(name, p, most, grid)
    say(f"{name}: reference and compiling")
    right = stacked(solve(model, p, grid, method="Rodas5P", rtol=1e-12))
    peak = np.abs(right).max(axis=2, keepdims=True)
    rows = []
    for size in sizes:
        method = chosen_method(model, size)
        tolerances = {"rtol": RTOL, **({"atol": ATOL} if method == "LSODA" else {})}

        ours = partial(solve, model, first(p, size), grid, **tolerances)
        ours()
        rows.append(Row(name, "cgtlearn", size, ours, stacked, method))
    for size in large:
        many = partial(in_blocks, model, first(everybody, size), grid)
        rows.append(Row(name, "cgtlearn", size, many, patients_second, chosen_method(model, size)))
    rows += peers_of(name, group, p, quick)
    say(f"{name}: measuring")
    there = [row for row in rows if row.run is not None]
    for turn in range(turns):
        for number, row in enumerate(there, start=1):
            what = f"{row.solver}, {row.patients:,} patients"
            now(f"{name}: run {turn + 1} of {turns}, {number} of {len(there)}: {what}")
            began = clock()
            found = row.run()
            row.seconds.append(clock() - began)
            if turn == 0:
                found = row.states(found) if row.states else found
                known = min(row.patients, most)
                thin = slice(None, None, 1 if row.patients <= most else 10)
                row.error = largest_error(found[:, :known], right[:, :known, thin], peak[:, :known])
            del found
    now("")
    return rows


def say(text: str) -> None:
    """A line about what is done now, beside the table."""
    now("")
    print(text, file=sys.stderr, flush=True)


def now(text: str) -> None:
    """What is done at this moment, on one line that is written over; nothing in a pipe or a log."""
    if sys.stderr.isatty():
        print(f"\r{text:79.79}" + ("" if text else "\r"), end="", file=sys.stderr, flush=True)


def at(rows: list[Row], solver: str, patients: int | None = None) -> Row | None:
    """The row of a solver: at these patients, or at the most."""
    found = [r for r in rows if r.solver == solver and not r.absent]
    if patients is not None:
        found = [r for r in found if r.patients == patients]
    return max(found, key=lambda r: r.patients) if found else None


def table(rows: list[Row]) -> str:
    """The rows of one model. ``ours`` is the rate of cgtlearn at 4,000 (quick: 400) over theirs."""
    best = max((r for r in rows if r.solver == "cgtlearn" and r.patients <= 4000),
               key=lambda r: r.patients)  # fmt: skip
    odeint = at(rows, "odeint loop")
    lines = [
        f"\n{rows[0].model}\n{'solver':22}{'method':9}{'N':>8}{'patients/s':>12}{'x odeint':>10}"
        f"{f'ours ({best.patients:,}) x':>15}{'largest error':>15}"
    ]
    for row in rows:
        if row.absent:
            lines.append(f"{row.solver:22}{row.absent}")
            continue
        ratio = f"{best.rate / row.rate:.2f}" if row.solver != "cgtlearn" else ""
        lines.append(
            f"{row.solver:22}{row.method:9}{row.patients:8,}{row.rate:12,.0f}"
            f"{row.rate / odeint.rate:10.2f}{ratio:>15}{row.error:15.1e}"
        )
    return "\n".join(lines)


def judged(rows: list[Row]) -> tuple[str, list[dict[str, Any]]]:
    """Ours beside each target, the overhead of small calls, and where we lose."""
    ours = max((r for r in rows if r.solver == "cgtlearn" and r.patients <= 4000),
               key=lambda r: r.patients)  # fmt: skip
    lines, kept = [], []
    for solver, target in TARGETS.items():
        row = at(rows, solver)
        if row is None:
            continue
        ratio = ours.rate / row.rate
        verdict = "reached" if ratio >= target else "MISSED"
        kept.append({"against": solver, "ratio": ratio, "target": target, "verdict": verdict})
        lines.append(f"  {ratio:8.2f} x {solver:20} wanted {target:>5} x   {verdict}")
    for size in (1, 10):
        row, hand = at(rows, "cgtlearn", size), at(rows, "odeint loop", size)
        if row and hand:
            mine, by_hand = (1e3 * float(np.median(r.seconds)) for r in (row, hand))
            allowed = max(0.2 * by_hand, 2.0)
            verdict = "reached" if mine - by_hand <= allowed else "MISSED"
            kept.append({"call of": size, "ms": mine, "odeint ms": by_hand, "verdict": verdict})
            lines.append(
                f"  N = {size}: {mine:.1f} ms a call, odeint by hand {by_hand:.1f} ms: over by "
                f"{mine - by_hand:.1f} ms, allowed {allowed:.1f}   {verdict}"
            )
    for row in rows:
        if row.solver == "cgtlearn" or row.absent:
            continue
        faster = [
            r for r in rows if r.solver == "cgtlearn" and r.patients <= 4000 and r.rate < row.rate
        ]
        loop = "loop" in row.solver
        sizes = [r.patients for r in faster if loop or r.patients == row.patients]
        if sizes and (loop and at(rows, row.solver) is row or not loop):
            lines.append(f"  we lose to {row.solver} at N = {', '.join(f'{s:,}' for s in sizes)}")
    return "\n".join(lines), kept


CHILD = """
import sys
sys.path[:0] = {paths!r}
import numpy as np
import population as here
from cgtlearn.population import run
from cgtlearn.models import get

def peak():
    try:
        with open("/proc/self/status") as file:
            return {{l.split(":")[0]: l.split()[1] for l in file if l.startswith("Vm")}}
    except OSError:
        import resource
        unit = 1024 if sys.platform == "darwin" else 1
        top = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
        return {{"VmRSS": top, "VmHWM": top}}

model = get("muellerschoell2021")
before = int(peak()["VmRSS"])
p = here.population(model, {count})
run(model, p, here.times_of(model), lambda r: r["car_t"].max(axis=1), progress=False)
print((int(peak()["VmHWM"]) - before) * 1024)
"""


def memory(count: int) -> float | None:
    """Bytes beyond the import for ``count`` patients of the first model, in a new process."""
    paths = [str(ROOT / "src"), str(ROOT / "benchmarks")]
    code = CHILD.format(paths=paths, count=count)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if run.returncode:
        say(run.stderr[-500:])
        return None
    return float(run.stdout)


def highest(result) -> np.ndarray:
    return result["car_t"].max(axis=1)


def two_cores(count: int, repeats: int) -> float:
    """How many times faster two processes are than one, on the first model."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    model = get("muellerschoell2021")
    p, grid = population(model, count), times_of(model)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        run_population(model, first(p, 200), grid, highest, executor=pool, progress=False, block=50)
        for _ in range(repeats):
            for both in seconds:
                began = time.perf_counter()
                executor = pool if both else None
                run_population(model, p, grid, highest, executor=executor, progress=False)
                seconds[both].append(time.perf_counter() - began)
    return float(np.median(seconds[False]) / np.median(seconds[True]))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MODELS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="one repetition, up to 400 patients")
    parser.add_argument("--out", metavar="FILE", type=Path, help="also write the results as JSON")
    parser.add_argument("--turns", type=int, help="runs of each solver (5; with --quick 1)")
    parser.add_argument(
        "--cpu", action="store_true", help="time of the processor, for a machine that is busy"
    )
    options = parser.parse_args(argv)
    clock = time.process_time if options.cpu else time.perf_counter
    turns = options.turns or (1 if options.quick else 5)
    if unknown := set(options.models) - set(MODELS):
        parser.error(f"no such model here: {', '.join(sorted(unknown))}")
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "quick": options.quick,
        "turns": turns,
        "clock": "processor" if options.cpu else "wall",
    }
    report["rows"], report["judged"] = [], {}
    for name in options.models or MODELS:
        rows = measure(name, options.quick, turns, clock)
        text, kept = judged(rows)
        print(f"{table(rows)}\n\n{text}", flush=True)
        report["judged"][name] = kept
        for row in rows:
            row.run = row.states = None
            numbers = {k: v for k, v in asdict(row).items() if k not in ("run", "states")}
            numbers["rate"] = row.rate
            for key in ("rate", "error"):  # JSON knows no NaN
                numbers[key] = numbers[key] if np.isfinite(numbers[key]) else None
            report["rows"].append(numbers)
    count = 4_000 if options.quick else 100_000
    spent = memory(count)
    if spent is not None:
        report["memory"] = {"patients": count, "bytes": spent}
        print(f"\n{count:,} patients of muellerschoell2021: {spent / 1e6:.0f} MB beyond the import"
              f" (wanted: below 250)")  # fmt: skip
    gain = two_cores(8_000 if options.quick else 40_000, turns)
    report["two processes"] = gain
    print(f"two processes instead of one: {gain:.2f} x (wanted: 1.7)")
    if options.quick:
        print("Quick: one run, up to 400 patients. The verdicts belong to the full run.")
    if options.out:
        options.out.write_text(json.dumps(report, indent=1), encoding="utf-8")
        print(f"written: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

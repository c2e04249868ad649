"""Measure the spine: import, one patient's solve, notebooks, pages. Prints a Markdown table.

    python3 course.py benchmark spine     (after `course.py book`)

Speeds stand as ratios beside what a user would pick instead, in the same run. Nothing here is a
test: a slow machine is not a defect.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPEATS = 7


def seconds(code: str) -> float:
    """Median time of a fresh Python that runs ``code``."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def imports() -> list[tuple[str, str]]:
    empty = seconds("pass")
    numpy = seconds("import numpy") - empty
    ours = seconds("import cgtlearn") - empty
    own = 1000 * max(ours, 0)
    return [
        ("`import cgtlearn`, beyond an empty Python", f"{own:.0f} ms"),
        ("the same, over `import numpy`", f"{ours / numpy:.2f} x"),
    ]


def one_patient() -> list[tuple[str, str]]:
    import numpy as np
    from scipy.integrate import odeint, solve_ivp

    from cgtlearn.models import stein2019
    from cgtlearn.solve import solve

    m = stein2019.model
    p = m.parameters_with()
    times = np.linspace(0, 365, 100)

    def by_hand(method: str) -> float:
        """What a user would write: two phases, natural states, one SciPy call each."""
        rho = float(np.log(p.fold_expansion) / p.tmax)
        a, b, share = p.contraction_rate, p.persistence_rate, p.persistent_fraction

        def fall(t: float, y: np.ndarray) -> list[float]:
            return [-a * y[0], share * (a - b) * y[0] - b * y[1]]

        def rise(t: float, y: np.ndarray) -> list[float]:
            return [rho * y[0], 0.0]

        first, later = times[times < p.tmax], times[times >= p.tmax]
        start = [p.cmax / p.fold_expansion, 0.0]
        begun = time.perf_counter()
        if method == "odeint":
            t1 = np.append(first, p.tmax)
            y = odeint(rise, start, t1, tfirst=True, rtol=1e-8, atol=1e-12)
            odeint(fall, y[-1], np.append(p.tmax, later), tfirst=True, rtol=1e-8, atol=1e-12)
        else:
            run = solve_ivp(rise, (0, p.tmax), start, "LSODA", first, rtol=1e-8, atol=1e-12)
            end = run.y[:, -1]
            solve_ivp(fall, (p.tmax, 365), end, "LSODA", later, rtol=1e-8, atol=1e-12)
        return time.perf_counter() - begun

    def ours() -> float:
        begun = time.perf_counter()
        solve(m, p, times)
        return time.perf_counter() - begun

    ours()
    mine = statistics.median(ours() for _ in range(5 * REPEATS))
    rows = [("one patient, 100 times, `cgtlearn.solve`", f"{1000 * mine:.1f} ms")]
    for method in ("odeint", "solve_ivp LSODA"):
        theirs = statistics.median(by_hand(method) for _ in range(5 * REPEATS))
        rows.append((f"the same, over {method} written by hand", f"{mine / theirs:.2f} x"))
    return rows


def notebooks() -> list[tuple[str, str]]:
    import nbformat
    from nbclient import NotebookClient

    os.environ.update(CGTLEARN_PROGRESS="off", PYDEVD_DISABLE_FILE_VALIDATION="1")
    found = {}
    for path in sorted((ROOT / "book").glob("*/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        where = {"metadata": {"path": str(path.parent)}}
        start = time.perf_counter()
        NotebookClient(notebook, timeout=120, resources=where).execute()
        found[path.relative_to(ROOT).as_posix()] = time.perf_counter() - start
    rows = [(f"`{name}`, fresh kernel", f"{took:.1f} s") for name, took in found.items()]
    rows.append(("mean of the book's notebooks", f"{statistics.mean(found.values()):.1f} s"))
    return rows


def pages() -> list[tuple[str, str]]:
    site = ROOT / "build" / "book" / "_build" / "html"
    if not site.exists():
        return [("pages", "not built: run `course.py book` first")]
    heaviest = max(site.rglob("*.html"), key=lambda f: f.stat().st_size)
    text = heaviest.read_text(encoding="utf-8")
    loaded = re.findall(r'<(?:script|link)[^>]*? (?:src|href)="([^":]+\.(?:js|css))[^"]*"', text)
    files = {(heaviest.parent / link).resolve() for link in loaded}
    own = sum(f.stat().st_size for f in files if f.name in ("cgtbook.js", "cgtlive.js"))
    weight = (heaviest.stat().st_size + own) / 1000
    packed = sum(len(gzip.compress(f.read_bytes())) for f in [heaviest, *files])
    name = heaviest.relative_to(site).as_posix()
    return [
        (f"heaviest page (`{name}`): HTML and own scripts", f"{weight:.0f} kB"),
        ("that page with every script and style it loads, gzip", f"{packed / 1000:.0f} kB"),
    ]


def main() -> None:
    global REPEATS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repetition")
    if parser.parse_args().quick:
        REPEATS = 1
    sys.path.insert(0, str(ROOT))
    rows = imports() + one_patient() + notebooks() + pages()
    print("| what | measured |\n|---|---|")
    for what, value in rows:
        print(f"| {what} | {value} |")
    target = ROOT / "build" / "benchmark.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

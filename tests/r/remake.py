"""R's results on the cases of `cases.py`: make them, keep them, compare them with those kept.

    python -m tests.r.remake           make them anew where R is, and compare with the stored ones
    python -m tests.r.remake --store   ... and store them

R needs the packages nlme, lme4 and survival (Debian: r-base-core r-cran-nlme r-cran-lme4
r-cran-survival). Without R this says so and ends well: the tests then compare with
`results.json`. With R, what was made anew stands in build/r_results.json, and the tests compare
with that.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.r import cases

HERE = Path(__file__).resolve().parent
STORED = HERE / "results.json"
FRESH = HERE.parents[1] / "build" / "r_results.json"
SCRIPTS = ("response.R", "mixed.R")
TOLERANCES = {"fixed": 2e-4, "sd": 2e-3, "errors": 1e-2, "theta": 1e-3, "gain": 1e-3}
"""Relative to the value or to 1, by key; 1e-4 for the rest. Versions of R's optimisers differ."""


def rscript() -> str | None:
    """Where R is, if it has what the scripts need."""
    found = shutil.which("Rscript")
    if found is None:
        return None
    there = "sapply(c('nlme', 'lme4', 'survival'), requireNamespace, quietly = TRUE)"
    ask = f"q(status = !all({there}))"
    done = subprocess.run([found, "--vanilla", "-e", ask], capture_output=True, timeout=120)
    return found if done.returncode == 0 else None


def make(program: str) -> dict[str, Any]:
    """Write the data, run the scripts, read their JSON."""
    made: dict[str, Any] = {"data": cases.fingerprint()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases.write(folder)
        shutil.copy(HERE / "json.R", folder)
        for script in SCRIPTS:
            done = subprocess.run(
                [program, "--vanilla", str(HERE / script), str(folder)],
                capture_output=True, text=True, timeout=600,
            )  # fmt: skip
            if done.returncode != 0:
                raise RuntimeError(f"{script} failed:\n{done.stderr}")
            made.update(json.loads(done.stdout))
    return made


def numbers(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf with the keys that lead to it."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from numbers(value, (*path, key))
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from numbers(value, (*path, str(i)))
    else:
        yield path, tree


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What changed beyond its tolerance, a line each. Versions may differ."""
    before, after = (dict(numbers(t)) for t in (old, new))
    told = []
    for path in sorted(before.keys() | after.keys()):
        if path[0] == "versions":
            continue
        a, b = before.get(path), after.get(path)
        tolerance = 1e-8 if path[0] == "data" else _tolerance(path)
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            if abs(a - b) <= tolerance * max(1.0, abs(a)) and math.isfinite(a + b):
                continue
        elif a == b:
            continue
        told.append(f"{' / '.join(path)}: stored {a}, now {b} (tolerance {tolerance:g})")
    return told


def _tolerance(path: tuple[str, ...]) -> float:
    return next((TOLERANCES[key] for key in path if key in TOLERANCES), 1e-4)


def stored() -> dict[str, Any]:
    return json.loads(STORED.read_text(encoding="utf-8"))


def results() -> tuple[dict[str, Any], str]:
    """The results to compare with, and where they come from: made anew here, or stored."""
    if FRESH.exists():
        fresh = json.loads(FRESH.read_text(encoding="utf-8"))
        if not differences({"data": fresh["data"]}, {"data": cases.fingerprint()}):
            return fresh, "made anew by R here"
    return stored(), "stored (R was not run here)"


def main(arguments: list[str]) -> int:
    program = rscript()
    if program is None:
        print("R with nlme, lme4 and survival is not here; the stored results serve.")
        FRESH.unlink(missing_ok=True)
        return 0
    made = make(program)
    text = json.dumps(made, indent=1) + "\n"
    FRESH.parent.mkdir(exist_ok=True)
    FRESH.write_text(text, encoding="utf-8")
    if "--store" in arguments:
        STORED.write_text(text, encoding="utf-8")
    said = " ".join(f"{k} {v}" for k, v in made["versions"].items())
    changed = differences(stored(), made)
    print(f"Made anew with {said}: {len(changed)} of {len(list(numbers(made)))} numbers changed.")
    print("\n".join(changed))
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

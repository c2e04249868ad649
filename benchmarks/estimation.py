"""Population fits: seconds, beside what a user would pick instead.

    python3 course.py benchmark estimation              five turns, about ten minutes
    python3 course.py benchmark estimation --quick      one turn, no NUTS
    python3 course.py benchmark estimation --out FILE   also as JSON

Three data sets, all simulated: 90 patients of Stein's model with 12 samples each, a tenth of them
below the limit (M3); a bi-exponential with two random effects in 30 patients; and 60 patients of
Mueller-Schoell's model, five differential equations with patients' own tumors, fitted through the
batched solver. Each of our fits counts its starts (three of SAEM, two of FOCE), standard errors and
log-likelihood. Each figure is the median of five, taken in turns. Peers are NumPyro's NUTS (one
chain; what is compiled is compiled in the run, as it is for a user) and R's nlme and nlmer (one
start; the time within R). A peer that is not installed is named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "benchmarks")]
# Threads would hide what one core does.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

from cgtlearn import estimate, ledger  # noqa: E402
from cgtlearn import population as pop  # noqa: E402
from cgtlearn.models import muellerschoell2021, stein2019  # noqa: E402
from tests import estimation_cases as cases  # noqa: E402

WARMUP, DRAWS = 500, 500
TARGETS = {("stein2019", "SAEM"): 1.5, ("muellerschoell2021", "SAEM"): 45.0}
"""Seconds that ours shall stay under."""


@dataclass
class Row:
    """One fit of one data set. ``run`` returns what is said about it."""

    data: str
    program: str
    run: Callable[[], str]
    seconds: list[float] = field(default_factory=list)
    said: str = ""


def ours(method: str, mixed: estimate.Mixed, study: estimate.Study) -> Callable[[], str]:
    def run() -> str:
        fit = getattr(estimate, method)(mixed, study, progress=False)
        if np.isnan(fit.log_likelihood):
            return "no likelihood"
        return f"ln L {fit.log_likelihood:.1f}, {fit.reached} of {len(fit.starts)} starts"

    return run


def tumors(patients: int = 60, seed: int = 3) -> estimate.Study:
    """Patients with the published covariates, drawn again and again, and counts of CAR T cells."""
    model = muellerschoell2021.model
    names = ("mtv", "asct", "cd4cd8")
    published = {n: np.array(ledger.value(f"muellerschoell2021.patients_{n}")) for n in names}
    who = np.random.default_rng(seed).integers(0, published["mtv"].size, patients)
    own = {n: v[who].astype(float) for n, v in published.items()}
    days = [1, 4, 7, 10, 14, 21, 28, 42, 60, 90]
    trial = pop.trial(
        model, patients, pop.spread_of(model, pop.cv), days, residual_log_sd=0.4, lloq=0.5,
        seed=seed, base=model.parameters_with(**own),
    )  # fmt: skip
    rows = {
        "ID": np.repeat(np.arange(patients), len(days)), "TIME": np.tile(days, patients),
        "DV": trial.values.ravel(), "CENS": trial.censored.ravel().astype(int), "LLOQ": 0.5,
    }  # fmt: skip
    return estimate.Study.from_columns(rows | {n: np.repeat(v, len(days)) for n, v in own.items()})


def nuts(study: estimate.Study) -> Callable[[], str] | None:
    try:
        from peers import numpyro_peer
    except ImportError:
        return None
    middle = np.log([stein2019.model.parameters[n].default for n in cases.stein_mixed().random])

    def run() -> str:
        found = numpyro_peer.run(study, middle, WARMUP, DRAWS, seed=1)
        return f"smallest effective number of draws {found['effective']:.0f} of {DRAWS}"

    return run


def in_r(repeats: int) -> list[Row]:
    """R times itself; its runs follow one another."""
    program = shutil.which("Rscript")
    if program is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        columns = cases.biexponential_study()
        lines = [",".join(columns)]
        lines += [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        script = ROOT / "benchmarks" / "peers" / "mixed.R"
        done = subprocess.run(
            [program, "--vanilla", str(script), str(path), str(repeats)],
            capture_output=True, text=True, timeout=900,
        )  # fmt: skip
    rows = []
    for line in done.stdout.splitlines():
        name, *seconds, value = line.split()
        said = "failed" if value == "NA" else f"ln L {float(value):.1f}"
        rows.append(Row("bi-exponential", f"R {name}", str, list(map(float, seconds)), said))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one turn, no NUTS")
    parser.add_argument("--out", type=Path, help="write the rows as JSON too")
    options = parser.parse_args()
    quick = options.quick
    warnings.simplefilter("ignore", UserWarning)
    turns = 1 if quick else 5

    stein, stein_model = estimate.Study.from_trial(cases.stein_trial(1000)), cases.stein_mixed()
    decline = estimate.Study.from_columns(cases.biexponential_study())
    decline_model = estimate.Mixed(
        cases.biexponential, random={"a": 0.3, "beta": 0.3}, estimated=["alpha", "b"],
        start={"a": 60.0, "alpha": 2.0, "b": 20.0, "beta": 0.05},
    )  # fmt: skip
    tumor_model = estimate.Mixed(
        muellerschoell2021.model, random={"expansion_rate": 0.7, "tcm_killing": 0.7},
        estimated=["teff_death"],
        start={"expansion_rate": 0.02, "tcm_killing": 10.0, "teff_death": 0.8},
    )  # fmt: skip
    rows = [
        Row("stein2019", "two-stage", ours("two_stage", stein_model, stein)),
        Row("stein2019", "SAEM", ours("saem", stein_model, stein)),
        Row("stein2019", "FOCE-I", ours("foce", stein_model, stein)),
        Row("bi-exponential", "SAEM", ours("saem", decline_model, decline)),
        Row("bi-exponential", "FOCE-I", ours("foce", decline_model, decline)),
        Row("bi-exponential", "Laplace", ours("laplace", decline_model, decline)),
        Row("muellerschoell2021", "SAEM", ours("saem", tumor_model, tumors())),
    ]
    sampler = None if quick else nuts(stein)
    if sampler is not None:
        rows.append(Row("stein2019", "NumPyro NUTS", sampler))
    for _ in range(turns):
        for row in rows:
            began = time.perf_counter()
            row.said = row.run()
            row.seconds.append(time.perf_counter() - began)
    rows += in_r(turns)
    print(f"{platform.python_version()}, {os.cpu_count()} cores; median of {turns}\n")
    print("| data | program | seconds | target | |\n|---|---|---|---|---|")
    for row in sorted(rows, key=lambda r: r.data):
        target = TARGETS.get((row.data, row.program))
        goal = "" if target is None else f"under {target:g}"
        seconds = float(np.median(row.seconds))
        print(f"| {row.data} | {row.program} | {seconds:.2f} | {goal} | {row.said} |")
    if options.out:
        kept = [
            {"data": r.data, "program": r.program, "seconds": r.seconds, "said": r.said}
            for r in rows
        ]
        options.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if not quick and sampler is None:
        print("\nNumPyro is not installed here.")
    if shutil.which("Rscript") is None:
        print("\nR is not installed here.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

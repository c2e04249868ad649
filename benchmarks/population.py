"""Virtual populations: patients per second, beside what a user would pick instead.

    python benchmarks/population.py            one table, a few minutes
    python benchmarks/population.py --quick    one repetition, fewer patients

Peers are written as a user would write them: the equations as a plain Python function over floats,
a loop over patients, SciPy's ``odeint`` or ``solve_ivp(method="LSODA")``, the integration cut at
doses and switches. A loop takes as long for each patient however many there are, so peers solve
``SAMPLE`` patients, and their rate holds for every N.

All solve to rtol 1e-6 at the same 91 times; SciPy's, ours for few patients among them, with atol
1e-9 in the units of the states. Each figure is the median of five runs, taken in turns with the
others, so that a busy machine slows all alike. The error is the largest relative one over patients,
states and times, where a state is above 1e-9 of its peak, against the batched stiff method at rtol
1e-10.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.integrate import odeint, solve_ivp

from cgtlearn.models import get
from cgtlearn.solve import chosen_method, solve

RTOL, ATOL = 1e-6, 1e-9
SIZES = (1, 10, 50, 400, 4000)
SAMPLE = 20
POINTS = 91


def muellerschoell2021(p):
    """Slopes, start and stretches of one patient: [(from, to, inflow of the first state)]."""
    v1 = (p["expansion_rate"] * p["cd4cd8"] ** p["cd4cd8_exponent"]) * (
        1 + p["asct_effect"] * p["asct"]
    )
    km1, k12, k23, k34 = (
        p["expansion_half_saturation"], p["tn_to_tcm"], p["tcm_to_tem"], p["tem_to_teff"]
    )  # fmt: skip
    ke, ke4 = p["memory_death"], p["teff_death"]
    kp1, kp2 = p["tn_proliferation"], p["memory_proliferation"]
    a, b, c, d = p["tn_killing"], p["tcm_killing"], p["tem_killing"], p["teff_killing"]
    km5, k5, top = p["killing_half_saturation"], p["tumor_growth"], p["tumor_capacity"]

    def slopes(t, y, late, inflow):
        n, cm, em, eff, tumor = y
        return [
            v1 * tumor * n / (km1 + n) + (kp1 - k12 - ke) * n,
            v1 * tumor * cm / (km1 + cm) + (kp2 - k23 - ke) * cm + k12 * n,
            v1 * tumor * em / (km1 + em) + (kp2 - k34 - ke) * em + k23 * cm,
            k34 * em - ke4 * eff,
            k5 * tumor * (1 - tumor / top)
            - (a * n + b * cm + c * em + d * eff) * tumor / (km5 + tumor),
        ]

    start = [p["initial_cells"]] * 4 + [p["mtv"]]
    return slopes, start, [(0.0, np.inf, False, 0.0)]


def aav_chain(p):
    """The same of the vector chain: an infusion, then none."""
    up, kb, esc, ke = (
        p["uptake_rate"], p["blood_loss_rate"], p["escape_rate"], p["endosomal_loss_rate"]
    )  # fmt: skip
    kc, kn, kep, ktx = (
        p["conversion_rate"], p["nuclear_loss_rate"], p["episome_loss_rate"],
        p["transcription_rate"],
    )  # fmt: skip
    km, ktl, kf = p["mrna_loss_rate"], p["translation_rate"], p["fix_loss_rate"]
    space = p["fix_volume"] * p["weight"]

    def slopes(t, y, late, inflow):
        b, e, n, x, m, f, _ = y
        return [
            inflow - (up + kb) * b,
            up * b - (esc + ke) * e,
            esc * e - (kc + kn) * n,
            kc * n - kep * x,
            ktx * x - km * m,
            ktl * m / space - kf * f,
            kb * b + ke * e + kn * n + kep * x,
        ]

    length = p["infusion_duration"]
    rate = p["dose"] * p["weight"] / length
    return slopes, [0.0] * 7, [(0.0, length, False, rate), (length, np.inf, True, 0.0)]


def stein2019(p):
    """The same of tisagenlecleucel: growth, then decline, and no drug."""
    rho, alpha, beta = (
        np.log(p["fold_expansion"]) / p["tmax"], p["contraction_rate"], p["persistence_rate"]
    )  # fmt: skip
    k = p["persistent_fraction"] * (alpha - beta)

    def slopes(t, y, late, inflow):
        if late:
            return [-alpha * y[0], k * y[0] - beta * y[1]]
        return [rho * y[0], 0.0]

    start = [p["cmax"] / p["fold_expansion"], 0.0]
    return slopes, start, [(0.0, p["tmax"], False, 0.0), (p["tmax"], np.inf, True, 0.0)]


PEERS = {f.__name__: f for f in (muellerschoell2021, aav_chain, stein2019)}


def looped(integrate: Callable, write_down: Callable, people: list[dict], grid: np.ndarray):
    """States (n, N, T) of a loop over patients."""
    found = []
    for person in people:
        slopes, y, stretches = write_down(person)
        course = np.empty((len(y), len(grid)))
        for begin, end, late, inflow in stretches:
            end = min(end, grid[-1])
            inside = (grid >= begin) & (grid <= end)
            points = np.unique(np.concatenate([[begin], grid[inside], [end]]))
            solved = integrate(slopes, y, points, (late, inflow))
            course[:, inside] = solved[:, np.isin(points, grid[inside])]
            y = solved[:, -1]
        found.append(course)
    return np.stack(found, axis=1)


def with_odeint(slopes, y, points, args):
    return odeint(slopes, y, points, args=args, tfirst=True, rtol=RTOL, atol=ATOL, mxstep=50_000).T


def with_solve_ivp(slopes, y, points, args):
    run = solve_ivp(
        slopes, (points[0], points[-1]), y, "LSODA", points, args=args, rtol=RTOL, atol=ATOL
    )
    return run.y


def population(model, count: int, seed: int = 7):
    """Parameters around the defaults, with a log-normal spread of 0.4."""
    rng = np.random.default_rng(seed)
    spread = {}
    for name, parameter in model.parameters.items():
        if parameter.scale == "log" and parameter.default > 0:
            value = parameter.default * np.exp(rng.normal(0, 0.4, count))
            spread[name] = np.clip(value, *parameter.domain)
    return model.parameters_with(**spread)


def largest_error(got: np.ndarray, right: np.ndarray) -> float:
    """Over patients, states and times where a state is above 1e-9 of its peak."""
    counts = np.abs(right) > 1e-9 * np.abs(right).max(axis=2, keepdims=True)
    return float(np.where(counts, np.abs(got / np.where(counts, right, 1) - 1), 0).max())


def stacked(result) -> np.ndarray:
    return np.stack(list(result.states.values()))


def measure(name: str, sizes: tuple[int, ...], repeats: int) -> None:
    """Print the rows of one model."""
    model = get(name)
    # Early times too, so that a state's peak is seen.
    early = model.window * np.geomspace(1e-5, 0.01, 11)
    grid = np.concatenate([[0], early, np.linspace(0, model.window, POINTS - 10)[2:]])
    everybody = population(model, max(sizes))
    every = {k: np.broadcast_to(v, max(sizes)) for k, v in everybody.as_dict().items()}

    def first(count: int):
        return model.parameters_with(
            **{k: v[:count] if np.ndim(getattr(everybody, k)) else v[0] for k, v in every.items()}
        )

    sample = min(SAMPLE, max(sizes))
    people = [{k: float(v[i]) for k, v in every.items()} for i in range(sample)]
    runs: dict[str, tuple[int, Callable]] = {
        "odeint loop": (sample, lambda: looped(with_odeint, PEERS[name], people, grid)),
        "solve_ivp LSODA loop": (sample, lambda: looped(with_solve_ivp, PEERS[name], people, grid)),
    }
    methods = {}
    for size in sizes:
        p = first(size)
        label = f"cgtlearn, N = {size:,}"
        tolerances = {"rtol": RTOL}
        if chosen_method(model, size) == "LSODA":
            tolerances["atol"] = ATOL
        runs[label] = size, lambda p=p, t=tolerances: stacked(solve(model, p, grid, **t))
        methods[label] = solve(model, p, grid).method  # also writes and compiles, once
    right = stacked(solve(model, first(max(sizes)), grid, method="Rodas5P", rtol=1e-10))
    errors = {label: largest_error(run(), right[:, :n]) for label, (n, run) in runs.items()}
    seconds: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(repeats):
        for label, (_, run) in runs.items():
            began = time.perf_counter()
            run()
            seconds[label].append(time.perf_counter() - began)
    rate = {label: n / float(np.median(seconds[label])) for label, (n, _) in runs.items()}
    for label in runs:
        print(
            f"{name:20}{label:24}{methods.get(label, ''):9}{rate[label]:12,.0f}"
            f"{rate[label] / rate['solve_ivp LSODA loop']:11.2f}"
            f"{rate[label] / rate['odeint loop']:11.2f}{errors[label]:12.1e}",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repetition, up to 400 patients")
    quick = parser.parse_args().quick
    print(
        f"{'model':20}{'solver':24}{'method':9}{'patients/s':>12}{'x solve_ivp':>11}"
        f"{'x odeint':>11}{'error':>12}"
    )
    for name in PEERS:
        measure(name, SIZES[:-1] if quick else SIZES, 1 if quick else 5)
    return 0


if __name__ == "__main__":
    sys.exit(main())

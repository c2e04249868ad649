"""The data on which other programs are compared with ours; all simulated, seeds fixed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.estimation_cases import biexponential_study, linear_study

Columns = dict[str, np.ndarray]


def _rounded(**columns: np.ndarray) -> Columns:
    """Six digits, so that the file holds what our own fit sees."""
    return {k: np.array([float(f"{v:.6g}") for v in column]) for k, column in columns.items()}


def events(seed: int = 11, patients: int = 150) -> Columns:
    """An event, yes or no, whose odds rise with exposure."""
    rng = np.random.default_rng(seed)
    exposure = np.exp(rng.normal(7.0, 1.0, patients))
    age = np.round(rng.normal(60, 10, patients))
    odds = np.exp(-6.5 + 0.5 * np.log2(exposure) + 0.02 * (age - 60))
    event = rng.random(patients) < odds / (1 + odds)
    return _rounded(event=event, exposure=exposure, age=age)


def counts(seed: int = 12, patients: int = 150) -> Columns:
    """A number of events over follow-ups of unequal length, with more spread than Poisson's."""
    rng = np.random.default_rng(seed)
    exposure = np.exp(rng.normal(7.0, 1.0, patients))
    age = np.round(rng.normal(60, 10, patients))
    follow_up = rng.uniform(0.5, 2.0, patients)
    mean = follow_up * np.exp(-3.0 + 0.35 * np.log2(exposure))
    count = rng.poisson(mean * rng.gamma(1.5, 1 / 1.5, patients))
    return _rounded(count=count, follow_up=follow_up, exposure=exposure, age=age)


def survival(seed: int = 13, patients: int = 150) -> Columns:
    """A time to an event, cut at the end of follow-up; whole days, so that some are tied."""
    rng = np.random.default_rng(seed)
    exposure = np.exp(rng.normal(7.0, 1.0, patients))
    age = np.round(rng.normal(60, 10, patients))
    time = rng.exponential(150 * 0.75 ** -(np.log2(exposure) - 10))
    end = rng.uniform(30, 400, patients)
    stop = np.ceil(np.minimum(time, end))
    return _rounded(stop=stop, event=time <= end, exposure=exposure, age=age)


def stretches(seed: int = 14, patients: int = 120) -> Columns:
    """A time to an event; the exposure falls week by week and stays the same within one."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(1, patients + 1):
        peak, rate = np.exp(rng.normal(7.5, 0.8)), np.exp(rng.normal(-1.2, 0.4))
        age, end = round(rng.normal(60, 10)), rng.uniform(3, 12)
        for week in range(12):
            exposure = peak * np.exp(-rate * week)
            wait = rng.exponential(1 / (0.08 * 1.4 ** (np.log2(exposure) - 9)))
            stop = min(week + 1, end, week + wait)
            rows.append((patient, week, stop, stop == week + wait, exposure, age))
            if stop < week + 1 or stop == end:
                break
    names = ("id", "start", "stop", "event", "exposure", "age")
    return _rounded(**dict(zip(names, np.array(rows, float).T, strict=True)))


def recurrent(seed: int = 15, patients: int = 80) -> Columns:
    """Events that come back in patients with a hidden liability, gamma with variance 0.6."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(1, patients + 1):
        exposure, age = np.exp(rng.normal(7.0, 1.0)), round(rng.normal(60, 10))
        liability, end = rng.gamma(1 / 0.6, 0.6), rng.uniform(1, 4)
        rate, at = liability * 0.8 * 1.3 ** (np.log2(exposure) - 10), 0.0
        while at < end:
            stop = min(at + rng.exponential(1 / rate), end)
            rows.append((patient, at, stop, stop < end, exposure, age))
            at = stop
    names = ("id", "start", "stop", "event", "exposure", "age")
    return _rounded(**dict(zip(names, np.array(rows, float).T, strict=True)))


CASES: dict[str, Callable[[], Columns]] = {
    "events": events,
    "counts": counts,
    "survival": survival,
    "stretches": stretches,
    "recurrent": recurrent,
    "lines": linear_study,
    "biexponential": biexponential_study,
}


def fingerprint() -> dict[str, dict[str, list[float]]]:
    """Rows, mean and SD of every column: stored results belong to these data and no others."""
    return {
        case: {
            name: [len(column), float(np.mean(column)), float(np.std(column))]
            for name, column in make().items()
        }
        for case, make in CASES.items()
    }


def write(folder: Path) -> None:
    """Every case as a CSV file."""
    for case, make in CASES.items():
        columns = make()
        lines = [",".join(columns)]
        lines += [",".join(f"{v:.15g}" for v in row) for row in zip(*columns.values(), strict=True)]
        (folder / f"{case}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

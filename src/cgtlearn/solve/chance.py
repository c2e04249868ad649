"""Birth and death by chance: where a population is small, whole cells decide, not fractions.

A cell divides at the rate b(t) and dies at the rate d(t), whatever the others do. What becomes of
one cell over a stretch of time is then known exactly (Kendall 1948): with rho the integral of d - b
and I the integral of b exp(rho) over the stretch,

    chance that nothing is left   xi  = 1 - 1 / (exp(rho) + I)
    k cells left, k = 1, 2, ...   (1 - xi)(1 - eta) eta^(k - 1),   eta = I / (exp(rho) + I)

so n cells leave a binomial number of families, and each family a geometric number of cells. Nothing
is stepped over, and no event is drawn one by one: the numbers at the ends of each stretch have the
right law.

Source: Kendall DG. On the generalized "birth-and-death" process. Ann Math Stat 1948;19:1-15.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, sorted_times, unknown_name
from cgtlearn.models.contract import Model, Parameters

__all__ = ["Chances", "birth_death", "extinction_probability", "stochastic"]

MANY_CELLS = 1_000_000
"""From here on a growing population is followed without chance: its relative spread is 1e-3."""


def _stretches(times: Any, birth: Any, death: Any) -> tuple[Any, Any]:
    """rho and I of every stretch between two times; rates are taken as constant within it."""
    width = np.diff(np.asarray(times, float))
    b = (np.asarray(birth, float)[..., 1:] + np.asarray(birth, float)[..., :-1]) / 2
    d = (np.asarray(death, float)[..., 1:] + np.asarray(death, float)[..., :-1]) / 2
    net = d - b
    still = np.abs(net) * width < 1e-12
    grown = np.where(still, width, np.expm1(net * width) / np.where(still, 1.0, net))
    return net * width, b * grown


def _rates(times: NDArray[np.float64], **rates: ArrayLike) -> list[NDArray[np.float64]]:
    found = []
    for name, given in rates.items():
        rate = np.asarray(given, float)
        if rate.shape[-1:] != times.shape or not np.all(np.isfinite(rate)) or np.any(rate < 0):
            raise LearnerError(
                given=f"{name} rates of shape {rate.shape}",
                expected=f"a rate of zero or more for each of the {times.size} times",
                do="Give shape (T,), or (runs, T) where the runs differ.",
            )
        found.append(rate)
    return found


def extinction_probability(
    times: ArrayLike, birth: ArrayLike, death: ArrayLike, start: float
) -> NDArray[np.float64]:
    """The chance that none of ``start`` cells has living descendants at each time.

    Formula: (1 - 1 / (exp(rho) + I))^start, with rho and I from the first time on. ``times`` (T,);
    ``birth`` and ``death`` per cell and time unit, (T,) or (runs, T); returns their shape.
    Raises LearnerError for rates that are negative or of another length.
    """
    grid = sorted_times("times", times)
    b, d = _rates(grid, birth=birth, death=death)
    rho, within = _stretches(grid, b, d)
    before = np.concatenate([np.zeros((*rho.shape[:-1], 1)), np.cumsum(rho, axis=-1)], axis=-1)
    with np.errstate(over="ignore"):
        integral = np.cumsum(np.exp(before[..., :-1]) * within, axis=-1)
        alive = 1 / (np.exp(before[..., 1:]) + integral)
    gone = np.exp(start * np.log1p(-np.minimum(alive, 1 - 1e-16)))
    return np.concatenate([np.zeros((*rho.shape[:-1], 1)), gone], axis=-1)


def birth_death(
    times: ArrayLike,
    birth: ArrayLike,
    death: ArrayLike,
    start: ArrayLike,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Numbers of cells at ``times`` in runs that begin with ``start`` cells; shape (runs, T).

    ``birth`` and ``death`` per cell and time unit: (T,), or (runs, T). ``start`` (runs,) whole
    numbers. Exact at the times given, for rates that are constant between them. A run is followed
    up to a million cells; above that it keeps growing, or shrinking, without chance.
    Raises LearnerError for rates that are negative or of another length.
    """
    grid = sorted_times("times", times)
    b, d = _rates(grid, birth=birth, death=death)
    rho, within = _stretches(grid, b, d)
    cells = np.asarray(start, np.int64)
    rho, within = (np.broadcast_to(x, (cells.size, grid.size - 1)) for x in (rho, within))
    found = np.empty((cells.size, grid.size), np.int64)
    found[:, 0] = cells
    for k in range(grid.size - 1):
        cells = cells.copy()
        large = cells > MANY_CELLS
        grows = np.minimum(-rho[large, k], np.log(1e17 / np.maximum(cells[large], 1)))
        cells[large] = np.rint(cells[large] * np.exp(grows)).astype(np.int64)
        small = (found[:, k] > 0) & ~large
        one = np.exp(rho[small, k]) + within[small, k]
        families = random.binomial(cells[small], np.minimum(1 / one, 1.0))
        more = np.zeros_like(families)
        some = families > 0
        chance = np.minimum(np.exp(rho[small, k])[some] / one[some], 1.0)
        more[some] = random.negative_binomial(families[some], chance)
        cells[small] = families + more
        found[:, k + 1] = cells
    return found


@dataclass(frozen=True)
class Chances:
    """Runs of one small population. ``times`` (T,), ``cells`` (runs, T); NaN where never.

    ``handed_over``  when chance took over, (runs,)
    ``extinct_at``   the first of ``times`` without a cell, (runs,)
    """

    times: NDArray[np.float64]
    cells: NDArray[np.float64]
    handed_over: NDArray[np.float64]
    extinct_at: NDArray[np.float64]

    @property
    def extinct(self) -> NDArray[np.bool_]:
        """Which runs have ended without a cell, (runs,)."""
        found: NDArray[np.bool_] = np.isfinite(self.extinct_at)
        return found

    def probability(self, level: float = 0.95) -> tuple[float, float, float]:
        """Share of runs without a cell at the end, and its exact interval (Clopper-Pearson)."""
        from scipy.stats import binomtest

        gone, runs = int(self.extinct.sum()), self.extinct.size
        limits = binomtest(gone, runs).proportion_ci(level, method="exact")
        return gone / runs, float(limits.low), float(limits.high)


def stochastic(
    model: Model,
    p: Parameters,
    times: ArrayLike,
    *,
    seed: int,
    runs: int | None = None,
    below: float = 100,
    state: str = "",
    **settings: Any,
) -> Chances:
    """Runs of ``model`` in which ``state`` is counted in whole cells once it is below ``below``.

    Above, the deterministic course is followed; below, cells divide and die by chance at the rates
    of ``model.reactions[state]``, while all other states keep their deterministic course. That is
    right where the other states do not feel so few cells. ``runs`` runs of one patient, or, with N
    patients in ``p``, one run of each. ``times`` (T,), which must be close enough for rates to be
    constant in between. Further ``settings`` go to ``solve``.

    Raises LearnerError for a model or a state without reactions, and when no course was found.
    """
    from cgtlearn.solve import solve

    if not model.reactions:
        raise LearnerError(
            given=f"the model {model.name}, which has no reactions",
            expected="a model whose small population divides and dies by chance",
            do="Use kimmel2021, or write `reactions` for the state (models/contract.py).",
        )
    state = state or next(iter(model.reactions))
    if state not in model.reactions:
        raise unknown_name(state, model.reactions, f"state of {model.name} with reactions")
    many = p.patients
    if (runs is None) == (many is None):
        raise LearnerError(
            given=f"runs = {runs} and {'one patient' if many is None else f'{many} patients'}",
            expected="a number of runs for one patient, or many patients with one run each",
            do="Give runs=10_000 for one patient; leave it out for many.",
        )
    grid = sorted_times("times", times, unit=model.time_unit)
    course = solve(model, p, grid, **settings)
    if not course.ok:
        worst = course.failed[0]
        raise LearnerError(
            given=f"a patient (number {worst}) without a course: {course.status[worst]}",
            expected="a deterministic course of everyone",
            do="Check the parameters of that patient.",
        )
    y = tuple(np.atleast_2d(course.states[name]) for name in model.states)
    columns = {k: np.reshape(v, (-1, 1)) if np.ndim(v) else v for k, v in p.as_dict().items()}
    here = Parameters(model, columns)
    phase = np.zeros_like(y[0])
    birth, death = (
        np.broadcast_to(rate, y[0].shape) for rate in model.reactions[state](grid, y, here, phase)
    )
    smooth = y[list(model.states).index(state)]
    count = many if many is not None else int(runs or 0)
    # the deterministic course up to the first time below, whole cells from there on
    ever = np.any(smooth < below, axis=1)
    first = np.where(ever, np.argmax(smooth < below, axis=1), grid.size)
    random = np.random.default_rng(seed)
    cells = np.array(np.broadcast_to(smooth, (count, grid.size)))
    first = np.broadcast_to(first, count)
    for begin in np.unique(first[first < grid.size - 1]):
        which = np.flatnonzero(first == begin)
        one = slice(0, 1) if many is None else which
        start = np.rint(np.broadcast_to(smooth[one, begin], which.size))
        cells[which, begin:] = birth_death(
            grid[begin:], birth[one, begin:], death[one, begin:], start, random
        )
    gone = (cells == 0) & (np.arange(grid.size) >= first[:, None])
    extinct_at = np.where(gone.any(axis=1), grid[np.argmax(gone, axis=1)], np.nan)
    handed = np.where(first < grid.size, grid[np.minimum(first, grid.size - 1)], np.nan)
    return Chances(grid, cells, handed, extinct_at)

"""A simulated trial: virtual patients, sampled on a schedule, measured by an assay with a limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, as_numbers, finite, same_length, short, sorted_times
from cgtlearn.measure import Exposure, exposure, geometric_cv, geometric_mean
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population.patients import (
    Patients,
    checked_seed,
    courses,
    drawn_of,
    observe,
    sample,
)
from cgtlearn.population.spread import Mixture, Spread

__all__ = ["Described", "Trial", "describe", "dropout", "trial"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Described:
    """How one measure differs between patients: what a label prints.

    ``geometric_cv`` is a ratio, 1.55 for 155 %. ``n`` patients had a value, ``of`` were asked.
    """

    n: int
    of: int
    geometric_mean: float
    geometric_cv: float
    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"geometric mean {self.geometric_mean:.3g} (geometric CV {self.geometric_cv:.0%}), "
            f"median {self.median:.3g} [{self.low:.3g} – {self.high:.3g}], "
            f"n = {self.n} of {self.of}"
        )


def describe(values: ArrayLike) -> Described:
    """Geometric mean and CV, median and range of positive values (N,), NaN left out and counted.

    Raises LearnerError for fewer than two values that are not NaN, and for zero or below.
    """
    array = as_numbers("values", values, ndim=1)
    seen = array[~np.isnan(array)]
    if seen.size < 2:
        raise LearnerError(
            given=f"{seen.size} values that are not NaN, of {array.size}",
            expected="at least two; one value has no spread",
            do="simulate more patients, or look at why they have no value",
        )
    return Described(
        n=int(seen.size),
        of=int(array.size),
        geometric_mean=float(geometric_mean(seen)),
        geometric_cv=float(geometric_cv(seen)),
        median=float(np.median(seen)),
        low=float(seen.min()),
        high=float(seen.max()),
    )


@dataclass(frozen=True)
class Trial:
    """A simulated trial of N patients and T samples each. All patients are virtual.

    ``values`` (N, T) is what the assay reports, with LLOQ where ``censored`` (N, T) is True and NaN
    where no sample was taken any more; ``truth`` (N, T) is what the model says at those times.
    """

    model: Model
    parameters: Patients
    times: Numbers
    truth: Numbers = field(repr=False)
    values: Numbers = field(repr=False)
    censored: NDArray[np.bool_] = field(repr=False)
    output: str
    lloq: float | None
    residual_log_sd: float
    seed: int

    @property
    def patients(self) -> int:
        """The number of patients."""
        return int(self.values.shape[0])

    @property
    def taken(self) -> NDArray[np.bool_]:
        """(N, T): which samples were taken, that is, not after the end of a patient's follow-up."""
        return ~np.isnan(self.values)

    def exposure(
        self,
        window: tuple[float, float] = (0, 28),
        rule: str = "linear",
        blq: str = "zero",
    ) -> Exposure:
        """Cmax, Tmax, AUC over ``window``, Tlast, Clast and half-life of every patient.

        They are read off the reported values by :func:`cgtlearn.measure.exposure`, which explains
        ``rule`` and ``blq``. A schedule that starts after the window does gets a value of zero
        there: nothing is in blood before an infusion. A patient whose follow-up ended before the
        window did has NaN for the AUC.
        """
        counts = self.taken.sum(axis=1)
        if np.ptp(counts) == 0:
            return self._exposure(slice(None), int(counts[0]), window, rule, blq)
        # Patients with the same number of samples share their times, and are read together.
        rows, parts = [], []
        for count in np.unique(counts):
            rows.append(np.flatnonzero(counts == count))
            parts.append(self._exposure(rows[-1], int(count), window, rule, blq))
        order = np.argsort(np.concatenate(rows))
        together: dict[str, Any] = {
            name: np.concatenate([np.asarray(getattr(part, name)) for part in parts])[order]
            for name in (*parts[0].as_dict(), "below_limit")
        }
        notes = [note for part in parts for note in part.half_life_note]
        together["half_life_note"] = tuple(notes[i] for i in order)
        return replace(parts[-1], window=window, **together)

    def _exposure(
        self, rows: Any, count: int, window: tuple[float, float], rule: str, blq: str
    ) -> Exposure:
        """Of the patients ``rows``, from their first ``count`` samples."""
        t = self.times[:count]
        v, flags = self.values[rows, :count], self.censored[rows, :count]
        if t[0] > window[0]:
            zero = np.zeros((len(v), 1))
            t = np.concatenate([[window[0]], t])
            v, flags = np.hstack([zero, v]), np.hstack([zero > 0, flags])
        unit = self.model.observed[self.output].unit
        whole = t[-1] >= window[1] or count == self.times.size
        seen = window if whole else (window[0], float(t[-1]))
        read = exposure(
            t, v, seen, rule, self.lloq, blq, flags if self.lloq else None, unit,
            self.model.time_unit,
        )  # fmt: skip
        # The zero from before the infusion is no sample of the assay.
        below = self.censored[rows, :count].sum(axis=1)
        area = read.auc if whole else np.full(len(v), np.nan)
        return replace(read, below_limit=below, auc=area)

    def described(self, **how: Any) -> dict[str, Described]:
        """Each measure of :meth:`exposure`, described over the patients. ``how`` goes there.

        A patient whose samples were all below the limit has no Cmax and no AUC here.
        """
        read = self.exposure(**how)
        found = {}
        for name, values in read.as_dict().items():
            positive = np.where(np.asarray(values) > 0, values, np.nan)
            found[name] = describe(positive)
        return found

    def __repr__(self) -> str:
        counts = self.taken.sum(axis=1)
        each = f"{counts.max()}" if np.ptp(counts) == 0 else f"{counts.min()} to {counts.max()}"
        below = float(self.censored.sum() / counts.sum())
        return (
            f"Trial of {self.model.name}: {self.patients} simulated patients, "
            f"{each} samples each, {below:.0%} below the limit, seed {self.seed}"
        )


def trial(
    model: Model,
    n: int,
    spread: Mapping[str, Spread | Mixture],
    times: ArrayLike,
    *,
    residual_log_sd: float,
    lloq: float | None,
    seed: int,
    follow_up: ArrayLike | Callable[[Numbers, Numbers], ArrayLike] | None = None,
    output: str | None = None,
    course: Callable[[Any, Any], Any] | None = None,
    correlation: Mapping[tuple[str, str], float] | None = None,
    base: Parameters | None = None,
) -> Trial:
    """Simulate a trial: :func:`sample` patients, compute their courses, :func:`observe` them.

    Parameters
    ----------
    model, n, spread, seed, correlation, base : as in :func:`sample`.
    times : (T,) sampling times, rising, from 0 on, in ``model.time_unit``; the same in all
        patients.
    residual_log_sd, lloq : as in :func:`observe`.
    follow_up : the last day on which a patient may be sampled, one number or (n,); None for all
        samples. Labels are written while some patients have been followed for years and others
        for weeks, and a half-life depends on it. A function of (times, reported values) gives a
        dropout that depends on the outcome, see :func:`dropout`.
    output : what the assay reads; the model's first output unless it is named.
    course : the model file's closed form, such as ``stein2019.closed_form``, for speed; without it
        the differential equations are solved for one patient after the other.

    Returns
    -------
    Trial.

    Raises LearnerError for what :func:`sample`, :func:`observe` and ``solve`` refuse, and for a
    patient whose course could not be computed.
    """
    grid = sorted_times("times", times, unit=model.time_unit)
    if grid[0] < 0:
        raise LearnerError(
            given=f"a first sampling time of {grid[0]:g} {model.time_unit}",
            expected="times from 0 on, the moment of the infusion",
            do="leave out samples from before the infusion",
        )
    name = output or next(iter(model.observed))
    patients = sample(model, n, spread, seed=seed, correlation=correlation, base=base)
    truth = courses(model, patients, grid, output=name, course=course)
    bad = ~np.isfinite(truth).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        raise LearnerError(
            given=f"{int(bad.sum())} patients without a finite course, the first of them "
            f"{patients.patient(first)!r}",
            expected="a model that can be computed for every patient",
            do="narrow the spread, or look at that patient with solve(model, p, times)",
        )
    values, censored = observe(truth, residual_log_sd=residual_log_sd, lloq=lloq, seed=seed)
    if follow_up is not None:
        if callable(follow_up):
            follow_up = follow_up(grid, values)
        late = grid > _last_days(follow_up, len(values), grid)[:, None]
        values, censored = np.where(late, np.nan, values), censored & ~late
    return Trial(
        model, patients, grid, truth, values, censored, name, lloq, float(residual_log_sd), seed
    )


def dropout(
    times: ArrayLike,
    values: ArrayLike,
    hazard: Callable[[Numbers, float], ArrayLike],
    *,
    seed: int,
    numbers: ArrayLike | None = None,
) -> Numbers:
    r"""The day on which each patient leaves, where leaving may depend on what was seen.

    Formula: :math:`P(\text{stays until } t) = \exp\left(-\int_{t_1}^{t} h\,ds\right)`, with
    the hazard h after each sample that of its value, until the next sample. Nobody leaves before
    the second sample, at :math:`t_1`.

    Parameters
    ----------
    times : (T,) sampling times, rising; two or more.
    values : (N, T) what was seen at them, all of it: finite numbers.
    hazard : of (values (N,), time) at one sample: the rate of leaving from then on, one a patient
        or one for all, per unit of ``times``. ``lambda v, t: np.where(v < 50, 0.05, 0.005)`` lets
        those leave whose cells are gone.
    seed : a whole number. Patient i depends on the seed and on i, not on how many there are.
    numbers : (N,) which patients these are, where they are some of many: ``r.parameters.numbers``
        in a reduction of :func:`cgtlearn.population.run`. By default 0 to N - 1.

    Returns
    -------
    (N,) the time of leaving; infinite for those who stay to the last sample. Give it to
    :func:`trial` as ``follow_up``, or a function that calls this.

    Values that are missing at random given the samples before can be fitted without bias by a
    likelihood; a mean of those who stayed is biased even then.

    Raises LearnerError for NaN among the values, and for a hazard that is no function, or gives
    numbers that are negative, not finite or of the wrong shape.
    """
    grid = sorted_times("times", times, minimum=2)
    seen = finite("values", values, ndim=2)
    same_length("times", grid, "values", seen)
    how = "return an array over patients: lambda v, t: np.where(v < 50, 0.05, 0.005)"
    if not callable(hazard):
        raise LearnerError(
            given=f"hazard = {short(hazard)}",
            expected="a function of the values (N,) and the time of one sample",
            do=how,
        )
    who = np.arange(len(seen)) if numbers is None else numbers
    start = checked_seed(seed)
    patience = drawn_of(start, "dropout of", who, (len(seen),), "standard_exponential")
    leaves = np.full(len(seen), np.inf)
    used = np.zeros(len(seen))
    for j in range(1, grid.size - 1):
        rate = as_numbers("the hazard", hazard(seen[:, j], float(grid[j])))
        if rate.shape not in ((), (len(seen),)) or not np.all(np.isfinite(rate) & (rate >= 0)):
            raise LearnerError(
                given=f"a hazard of {short(rate)} at time {grid[j]:g}",
                expected=f"rates of zero or above, one or {len(seen)} of them",
                do=how,
            )
        rate = np.broadcast_to(rate, leaves.shape)
        after = used + rate * (grid[j + 1] - grid[j])
        now = np.isinf(leaves) & (after > patience)
        leaves[now] = grid[j] + (patience[now] - used[now]) / rate[now]
        used = after
    return leaves


def _last_days(follow_up: ArrayLike, n: int, times: Numbers) -> Numbers:
    """``follow_up`` as (n,), checked: nobody leaves before the second sample."""
    last = as_numbers("follow_up", follow_up)
    if last.ndim > 1 or (last.ndim == 1 and last.size != n):
        raise LearnerError(
            given=f"follow_up with shape {last.shape} for {n} patients",
            expected=f"one number, or one for each patient, shape ({n},)",
            do="check that it was drawn for as many patients",
        )
    least = float(times[min(1, times.size - 1)])
    if not np.all(last >= least):  # NaN is caught here too
        worst = float(np.atleast_1d(last)[np.argmin(np.atleast_1d(last >= least))])
        raise LearnerError(
            given=f"a follow-up that ends on day {worst:g}",
            expected=f"at least two samples of each patient, that is, day {least:g} or later",
            do="leave such patients out, or sample earlier",
        )
    return np.broadcast_to(last, (n,))

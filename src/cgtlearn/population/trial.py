"""A simulated trial: virtual patients, sampled on a schedule, measured by an assay with a limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, as_numbers, sorted_times
from cgtlearn.measure import Exposure, exposure, geometric_cv, geometric_mean
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population.patients import Patients, courses, observe, sample
from cgtlearn.population.spread import Spread

__all__ = ["Described", "Trial", "describe", "trial"]

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

    ``values`` (N, T) is what the assay reports, with LLOQ where ``censored`` (N, T) is True;
    ``truth`` (N, T) is what the model says at those times.
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

    def exposure(
        self,
        window: tuple[float, float] = (0, 28),
        rule: str = "linear",
        blq: str = "zero",
    ) -> Exposure:
        """Cmax, Tmax, AUC over ``window``, Tlast, Clast and half-life of every patient.

        They are read off the reported values by :func:`cgtlearn.measure.exposure`, which explains
        ``rule`` and ``blq``. A schedule that starts after the window does gets a value of zero
        there: nothing is in blood before an infusion.
        """
        t, v, flags = self.times, self.values, self.censored
        if t[0] > window[0]:
            zero = np.zeros((len(v), 1))
            t = np.concatenate([[window[0]], t])
            v, flags = np.hstack([zero, v]), np.hstack([zero > 0, flags])
        unit = self.model.observed[self.output].unit
        return exposure(
            t,
            v,
            window,
            rule,
            self.lloq,
            blq,
            flags if self.lloq else None,
            unit,
            self.model.time_unit,
        )

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
        below = float(self.censored.mean())
        return (
            f"Trial of {self.model.name}: {self.patients} simulated patients, "
            f"{self.times.size} samples each, {below:.0%} below the limit, seed {self.seed}"
        )


def trial(
    model: Model,
    n: int,
    spread: Mapping[str, Spread],
    times: ArrayLike,
    *,
    residual_log_sd: float,
    lloq: float | None,
    seed: int,
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
    return Trial(
        model, patients, grid, truth, values, censored, name, lloq, float(residual_log_sd), seed
    )

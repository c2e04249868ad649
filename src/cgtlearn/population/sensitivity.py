"""Which parameter moves the answer: Sobol's indices and Morris's screening, through SALib.

    >>> from cgtlearn import population as pop
    >>> from cgtlearn.models import stein2019
    >>> m, varied = stein2019.model, {"cmax": pop.log_sd(0.65), "tmax": (5, 15)}
    >>> design = pop.sobol_design(m, varied, n=512, seed=1)
    >>> kept = pop.run(m, design, [0, 28], lambda r: {"day28": r["transgene"][:, -1]})
    >>> found = design.indices(kept["day28"])
    >>> found.ranked()
    ('cmax', 'tmax')

A design is a set of patients like any other. :func:`cgtlearn.population.run` computes them in
blocks, here or on a cluster, and the design reads what comes out. What varies is given as a spread,
or as a range ``(low, high)`` in which the parameter is uniform on its own scale. All vary
independently; a ranking holds for the spreads that were put in, and for no others.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, finite, one_number, short, unknown_name
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population.patients import MANY, _checked_spread, _varied, checked_seed
from cgtlearn.population.spread import Spread

__all__ = ["Design", "Morris", "Sobol", "morris_design", "sobol_design"]

Numbers = NDArray[np.float64]
Varied = Spread | tuple[float, float]

RESAMPLES = 200
"""Bootstrap samples for an interval."""


@dataclass(frozen=True)
class Sobol:
    """Shares of the variance of a quantity; d parameters, K values a patient.

    ``first`` (d,) or (d, K)   what a parameter explains alone: Var(E[Y | x]) / Var(Y)
    ``total``                  what it explains with all its interactions:
                               1 - Var(E[Y | all but x]) / Var(Y)
    ``first_interval``, ``total_interval``  (2, d[, K]): low and high ends, by the bootstrap
    ``variance``               () or (K,): the variance that is shared out

    Without interactions the first add up to 1 and equal the total. Estimates of small indices may
    fall a little below 0: see the interval.
    """

    parameters: tuple[str, ...]
    first: Numbers
    first_interval: Numbers = field(repr=False)
    total: Numbers
    total_interval: Numbers = field(repr=False)
    variance: Numbers
    confidence: float

    def ranked(self) -> tuple[str, ...]:
        """The parameters, from the largest total index to the smallest."""
        return _ranked(self.parameters, self.total)

    def __str__(self) -> str:
        if self.first.ndim > 1:
            return f"Sobol indices of {', '.join(self.parameters)} for {self.first.shape[1]} values"
        ends = f"{self.confidence:.0%}"
        lines = [f"{'':<26}{'first':>7}  {ends:<15}{'total':>7}  {ends}"]
        for name in self.ranked():
            i = self.parameters.index(name)
            lines.append(
                f"{name:<26}{self.first[i]:>7.2f}  {_span(self.first_interval[:, i]):<15}"
                f"{self.total[i]:>7.2f}  {_span(self.total_interval[:, i])}"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class Morris:
    """Elementary effects: how a quantity changes, in its own unit, along a parameter's whole range.

    ``mu``       (d,) or (d, K): mean effect; those up and down cancel
    ``mu_star``  mean of the absolute effects, by which parameters are ranked
    ``sigma``    their SD: large where an effect depends on the place, so on the other parameters
    ``mu_star_interval``  (2, d[, K]): low and high ends, by the bootstrap
    """

    parameters: tuple[str, ...]
    mu: Numbers
    mu_star: Numbers
    mu_star_interval: Numbers = field(repr=False)
    sigma: Numbers
    confidence: float

    def ranked(self) -> tuple[str, ...]:
        """The parameters, from the largest ``mu_star`` to the smallest."""
        return _ranked(self.parameters, self.mu_star)

    def __str__(self) -> str:
        if self.mu.ndim > 1:
            return f"Morris effects of {', '.join(self.parameters)} for {self.mu.shape[1]} values"
        lines = [f"{'':<26}{'mu':>11}{'mu*':>11}{'sigma':>11}"]
        for name in self.ranked():
            i = self.parameters.index(name)
            lines.append(f"{name:<26}{self.mu[i]:>11.3g}{self.mu_star[i]:>11.3g}"
                         f"{self.sigma[i]:>11.3g}")  # fmt: skip
        return "\n".join(lines)


def _span(ends: Numbers) -> str:
    return f"{ends[0]:.2f} to {ends[1]:.2f}"


def _ranked(names: tuple[str, ...], by: Numbers) -> tuple[str, ...]:
    if by.ndim > 1:
        raise LearnerError(
            given=f"a ranking by {by.shape[1]} values",
            expected="one value a patient",
            do="rank one of them: design.indices(values[:, k]).ranked()",
        )
    return tuple(names[i] for i in np.argsort(-by, kind="stable"))


class Design(Parameters):
    """Patients of a sensitivity analysis, in the order that SALib asks for.

    ``varied``  the parameters that vary, in the order of the indices
    ``unit``    (N, d): where each patient stands in the unit cube
    """

    kind: str
    varied: tuple[str, ...]
    unit: Numbers
    seed: int
    levels: int

    def __init__(
        self,
        model: Model,
        values: Mapping[str, Any],
        kind: str,
        varied: tuple[str, ...],
        unit: Numbers,
        seed: int,
        levels: int = 0,
    ) -> None:
        super().__init__(model, values)
        self.__dict__.update(kind=kind, varied=varied, unit=unit, seed=seed, levels=levels)

    def indices(self, values: ArrayLike, *, confidence: float = 0.95) -> Sobol | Morris:
        """What each parameter does to ``values``.

        Parameters
        ----------
        values : (N,) one quantity of every patient of this design, in their order, such as
            ``kept["cmax"]`` of a run; (N, K) for K quantities, such as the level on K days. True
            and False count as 1 and 0.
        confidence : of the intervals.

        Returns
        -------
        Sobol or Morris, by the kind of the design.

        Raises LearnerError for another number of patients, for a patient without a value (named,
        with what was varied), and for a quantity that is the same in all.
        """
        share = one_number("confidence", confidence)
        if not 0 < share < 1:
            raise LearnerError(
                given=f"confidence = {share:g}",
                expected="a number between 0 and 1",
                do="write confidence=0.95 for 95 %",
            )
        columns = self._columns(values)
        found = [self._analysed(column, share) for column in columns.T]
        shape = (-1,) if np.ndim(values) == 1 else (-1, columns.shape[1])

        def stacked(key: str) -> Numbers:
            return np.stack([np.asarray(part[key], float) for part in found], axis=1).reshape(shape)

        def interval(key: str) -> Numbers:
            middle, half = stacked(key), stacked(f"{key}_conf")
            return np.stack([middle - half, middle + half])

        if self.kind == "sobol":
            variance = columns.var(axis=0)
            return Sobol(
                parameters=self.varied,
                first=stacked("S1"),
                first_interval=interval("S1"),
                total=stacked("ST"),
                total_interval=interval("ST"),
                variance=variance if np.ndim(values) > 1 else variance[0],
                confidence=share,
            )
        return Morris(
            parameters=self.varied,
            mu=stacked("mu"),
            mu_star=stacked("mu_star"),
            mu_star_interval=interval("mu_star"),
            sigma=stacked("sigma"),
            confidence=share,
        )

    def _columns(self, values: ArrayLike) -> Numbers:
        """``values`` as (N, K), checked."""
        array = np.asarray(values)
        array = array.astype(float) if array.dtype == bool else array
        size = len(self.unit)
        if array.ndim not in (1, 2) or array.shape[0] != size or array.size == 0:
            raise LearnerError(
                given=f"values of shape {array.shape}",
                expected=f"one row for each of the {size} patients of the design, in their order",
                do="give what run kept of this design, such as kept['cmax'], whole and unsorted",
            )
        columns = array.reshape(size, -1)
        if columns.dtype.kind == "f" and not np.isfinite(columns).all():
            first = int(np.argmax(~np.isfinite(columns).all(axis=1)))
            bad = int((~np.isfinite(columns).all(axis=1)).sum())
            who = ", ".join(
                f"{name} = {np.broadcast_to(getattr(self, name), size)[first]:.4g}"
                for name in self.varied
            )
            raise LearnerError(
                given=f"{bad} of {size} patients without a value, the first of them patient "
                f"{first} with {who}",
                expected="a value of every patient: the indices compare them in pairs",
                do="see run.failed and run.missing; narrow what varies, continue the run, or read "
                "a quantity that every patient has",
            )
        columns = finite("values", columns)
        flat = np.flatnonzero(np.ptp(columns, axis=0) == 0)
        if flat.size:
            where = f" in column {flat[0]}" if array.ndim == 2 else ""
            raise LearnerError(
                given=f"values that are {columns[0, flat[0]]:g} in every patient{where}",
                expected="a quantity that differs between patients",
                do="leave it out, as the start of a course; or vary a parameter that moves it",
            )
        return columns

    def _analysed(self, column: Numbers, confidence: float) -> Mapping[str, Any]:
        analyze = _salib(f"analyze.{self.kind}").analyze
        problem = _problem(len(self.varied))
        # For SALib a seed of 0 is none.
        how: dict[str, Any] = {
            "num_resamples": RESAMPLES, "conf_level": confidence, "seed": self.seed + 1
        }  # fmt: skip
        if self.kind == "sobol":
            found = analyze(problem, np.array(column), calc_second_order=False, **how)
        else:
            found = analyze(problem, self.unit, np.array(column), num_levels=self.levels, **how)
        return dict(found)


def sobol_design(
    model: Model,
    varied: Mapping[str, Varied],
    *,
    n: int = 1024,
    seed: int,
    base: Parameters | None = None,
) -> Design:
    """Patients from which Sobol's first and total indices are estimated: n (d + 2) of them.

    Parameters
    ----------
    model : a model in the contract.
    varied : parameter -> a spread (``log_sd(0.65)``, ...), cut off at the parameter's domain as in
        :func:`cgtlearn.population.sample`, or a range ``(low, high)``, in which the parameter is
        uniform on its own scale. d of them, which vary independently.
    n : points of the design, a power of two: a scrambled Sobol sequence is even only there. The
        error falls about as 1/sqrt(n) or faster; the intervals say what it is.
    seed : a whole number of zero or above.
    base : values of all others; single numbers.

    Returns
    -------
    Design: Parameters of n (d + 2) patients. ``design.indices(values)`` gives :class:`Sobol`.

    Method: Saltelli's scheme and estimators (Saltelli et al. 2010,
    doi 10.1016/j.cpc.2009.09.018), by SALib.

    Raises LearnerError for a bad ``varied``, ``n``, ``seed`` or ``base``, and without SALib.
    """
    names, ways = _ways(model, varied)
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 2 or n & (n - 1):
        near = 1024
        if isinstance(n, (int, np.integer)) and n > 2:
            near = 2 ** round(float(np.log2(float(n))))
        raise LearnerError(
            given=f"n = {short(n)}",
            expected="a power of two, from 2 on: 512, 1024, 2048, ...",
            do=f"write n={near}",
        )
    start, typical = checked_seed(seed), _typical(model, base)
    unit = _salib("sample.sobol").sample(
        _problem(len(names)), int(n), calc_second_order=False, seed=start
    )
    edge = 2.0**-53  # the ends of the unit interval are at infinity
    drawn = {
        name: _quantile(model, name, getattr(typical, name), way, np.clip(u, edge, 1 - edge))
        for name, way, u in zip(names, ways, unit.T, strict=True)
    }
    checked = model.parameters_with(**{**typical.as_dict(), **drawn})
    return Design(model, checked.as_dict(), "sobol", names, unit, start)


def morris_design(
    model: Model,
    varied: Mapping[str, Varied],
    *,
    n: int = 20,
    seed: int,
    base: Parameters | None = None,
    levels: int = 4,
    middle: float = 0.95,
) -> Design:
    """Patients from which Morris's elementary effects are estimated: n (d + 1) of them.

    For a first look at many parameters: n walks through a grid, each of which changes one parameter
    at a time.

    Parameters
    ----------
    model, varied, seed, base : as in :func:`sobol_design`.
    n : walks; 10 to 50 are usual.
    levels : places on each axis of the grid; even.
    middle : a spread has no ends. It goes over this middle share of the patients, uniform on the
        parameter's scale.

    Returns
    -------
    Design: Parameters of n (d + 1) patients. ``design.indices(values)`` gives :class:`Morris`.

    Method: Morris 1991, doi 10.1080/00401706.1991.10484804, by SALib.

    Raises LearnerError for a bad ``varied``, ``n``, ``levels``, ``middle``, ``seed`` or ``base``,
    and without SALib.
    """
    names, ways = _ways(model, varied)
    for what, value, least in (("n", n, 2), ("levels", levels, 2)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < least or (what == "levels" and value % 2):
            raise LearnerError(
                given=f"{what} = {short(value)}",
                expected="an even number of places" if what == "levels" else "two walks or more",
                do="write levels=4" if what == "levels" else "write n=20",
            )
    share = one_number("middle", middle)
    if not 0 < share < 1:
        raise LearnerError(
            given=f"middle = {share:g}",
            expected="a share between 0 and 1",
            do="write middle=0.95 for the middle 95 % of the patients",
        )
    from scipy.special import ndtri

    start, typical = checked_seed(seed), _typical(model, base)
    unit = _salib("sample.morris").sample(
        _problem(len(names)), int(n), num_levels=int(levels), seed=start
    )
    reach = float(ndtri(0.5 + share / 2))
    drawn = {}
    for name, way, u in zip(names, ways, unit.T, strict=True):
        middle_value = getattr(typical, name)
        if isinstance(way, Spread):
            ends = _varied(middle_value, way, np.array([-reach, reach]), None)
            low, high = np.clip(ends, *model.parameters[name].domain)
            way = float(low), float(high)
        drawn[name] = _quantile(model, name, middle_value, way, u)
    checked = model.parameters_with(**{**typical.as_dict(), **drawn})
    return Design(model, checked.as_dict(), "morris", names, unit, start, int(levels))


def _quantile(model: Model, name: str, typical: float, way: Varied, u: Numbers) -> Numbers:
    """The value of a parameter below which a share ``u`` of all patients lies."""
    from scipy.special import expit, logit, ndtr, ndtri

    parameter = model.parameters[name]
    low, high = parameter.domain
    if isinstance(way, Spread):
        scale = np.log if way.scale == "log" else logit
        with np.errstate(divide="ignore"):
            below, above = ndtr((scale(np.array([low, high])) - scale(typical)) / way.sd)
        if above - below < 1 - MANY:
            warnings.warn(
                f"{model.name}: {way!r} of {name} reaches beyond {low:g} to {high:g} in "
                f"{1 - (above - below):.0%} of the patients and is cut off there. The spread is "
                "smaller than the one asked for.",
                UserWarning,
                stacklevel=3,
            )
        values = _varied(typical, way, ndtri(below + u * (above - below)), None)
    else:
        first, last = way
        if parameter.scale == "log":
            values = np.exp(np.log(first) + u * (np.log(last) - np.log(first)))
        elif parameter.scale == "logit":
            values = expit(logit(first) + u * (logit(last) - logit(first)))
        else:
            values = first + u * (last - first)
        low, high = way
    return np.clip(values, low, high)  # the last digit of a logarithm


def _ways(model: Model, varied: Any) -> tuple[tuple[str, ...], tuple[Varied, ...]]:
    """The varied parameters in the order of the model, and how each varies."""
    if not isinstance(varied, Mapping) or not varied:
        raise LearnerError(
            given=f"varied = {short(varied)}",
            expected="a mapping from parameter to spread or range, with at least one entry",
            do='write for example {"cmax": log_sd(0.65), "tmax": (5, 15)}',
        )
    for name, way in varied.items():
        if name not in model.parameters:
            raise unknown_name(name, model.parameters, f"parameter of {model.name}")
        if isinstance(way, (tuple, list)):
            _range(model, name, way)
            continue
        _checked_spread(model, {name: way})
        if not isinstance(way, Spread) or way.sd == 0:
            raise LearnerError(
                given=f"{name} = {way!r}",
                expected="one spread above zero, or a range (low, high)",
                do="leave out what does not vary; take the groups of a mixture one at a time, "
                "with base=...",
            )
    names = tuple(name for name in model.parameters if name in varied)
    return names, tuple(varied[name] for name in names)


def _range(model: Model, name: str, ends: Sequence[Any]) -> None:
    parameter = model.parameters[name]
    low, high = parameter.domain
    open_ends = {"log": (0.0, np.inf), "logit": (0.0, 1.0)}.get(
        parameter.scale, (-np.inf, np.inf)
    )  # a logarithm has no place for its ends
    good = len(ends) == 2
    if good:
        first, last = (one_number(f"an end of {name}", end) for end in ends)
        good = low <= first < last <= high and open_ends[0] < first and last < open_ends[1]
    if not good:
        raise LearnerError(
            given=f"{name} = {short(ends)}",
            expected=f"a range (low, high) from {low:g} to {high:g}, rising"
            + ("" if parameter.scale == "linear" else ", without the ends of its scale"),
            do="check the unit; for a spread write log_sd(...), cv(...) or logit_sd(...)",
        )


def _typical(model: Model, base: Parameters | None) -> Parameters:
    """What the others are: single numbers."""
    typical = model.parameters_with() if base is None else base
    if not isinstance(typical, Parameters) or typical._model is not model:
        raise LearnerError(
            given=f"base = {short(base)}",
            expected=f"parameters of {model.name}",
            do="make them with model.parameters_with(...) of the same model",
        )
    if typical.patients is not None:
        raise LearnerError(
            given=f"base parameters for {typical.patients} patients",
            expected="single numbers: the design says who the patients are",
            do="give one typical patient, and vary what differs",
        )
    return typical


def _problem(size: int) -> dict[str, Any]:
    """The unit cube in SALib's words."""
    return {
        "num_vars": size,
        "names": [f"x{i}" for i in range(size)],
        "bounds": [[0.0, 1.0]] * size,
    }


def _salib(module: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"SALib.{module}")
    except ImportError as problem:
        raise LearnerError(
            given=f"no SALib in this Python ({problem})",
            expected="the package SALib, which holds the designs and estimators",
            do="start through course.py, which installs it, or: python -m pip install SALib",
        ) from problem

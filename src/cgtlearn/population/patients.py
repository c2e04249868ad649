"""Draw virtual patients, and what an assay would report of them."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import (
    LearnerError,
    non_negative,
    one_number,
    short,
    sorted_times,
    unknown_name,
)
from cgtlearn.measure import censor
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population.spread import Mixture, Spread
from cgtlearn.solve import solve

__all__ = ["Patients", "courses", "observe", "occasions", "sample"]

Numbers = NDArray[np.float64]

ROUNDS = 100
"""How often a value outside its domain is drawn again before giving up."""
TOGETHER = 256
"""Patients whose noise comes from one stream."""
MANY = 0.05
"""A larger share of patients drawn again gets a warning: the spread is no longer the one asked."""


class Patients(Parameters):
    """Parameters of N virtual patients, with ``seed`` and ``redrawn``: for each varied parameter,
    how many patients were drawn again because a value fell outside the parameter's domain.
    ``groups`` (n,) gives, for each parameter drawn from a mixture, the group of every patient.
    """

    seed: int
    redrawn: dict[str, int]
    groups: dict[str, NDArray[np.int64]]

    def __init__(
        self,
        model: Model,
        values: Mapping[str, Any],
        seed: int,
        redrawn: Mapping[str, int],
        groups: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> None:
        super().__init__(model, values)
        self.__dict__["seed"] = seed
        self.__dict__["redrawn"] = dict(redrawn)
        self.__dict__["groups"] = dict(groups or {})


def checked_seed(seed: Any) -> int:
    """``seed`` as an int of zero or above."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise LearnerError(
            given=f"seed = {short(seed)} ({type(seed).__name__})",
            expected="a whole number of zero or above, the same one for the same patients",
            do="write for example seed=1, and keep it beside the result",
        )
    return int(seed)


def stream(seed: int, name: str, turn: int = 0) -> np.random.Generator:
    """A random stream that belongs to ``name`` alone.

    It depends on the seed and the name, not on which other names are drawn, so that one more
    varied parameter leaves the other parameters of every patient as they were.
    """
    key = (zlib.crc32(name.encode()), turn)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def patients_asked(n: Any) -> int:
    """``n`` as a number of patients, one or more."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise LearnerError(
            given=f"n = {short(n)}",
            expected="a number of patients: a whole number of one or more",
            do="write for example n=90",
        )
    return int(n)


def _checked_spread(model: Model, spread: Any) -> dict[str, Spread | Mixture]:
    if not isinstance(spread, Mapping) or not spread:
        raise LearnerError(
            given=f"spread = {short(spread)}",
            expected="a mapping from parameter to spread, with at least one entry",
            do='write for example spread={"cmax": log_sd(0.65)}',
        )
    for name, value in spread.items():
        if name not in model.parameters:
            raise unknown_name(name, model.parameters, f"parameter of {model.name}")
        scale = model.parameters[name].scale
        if not isinstance(value, (Spread, Mixture)):
            raise LearnerError(
                given=f"spread of {name} = {short(value)}",
                expected="a spread that says what it is. The same number means different things: "
                "log_sd(0.38) is an SD of ln, log_variance(0.38) an SD of 0.62, cv(0.38) an "
                "SD of 0.37",
                do="look up which one your source prints, then write log_sd(...), "
                "log_variance(...) or cv(...)",
            )
        if scale not in ("log", "logit"):
            raise LearnerError(
                given=f"a spread for {name}, a parameter on the {scale} scale",
                expected="a parameter that varies as a log-normal or a logit-normal",
                do=f"give its values yourself: base=model.parameters_with({name}=[...])",
            )
        if value.scale != scale:
            raise LearnerError(
                given=f"spread of {name} = {value!r}",
                expected=f"a spread on the {scale} scale, on which {name} varies",
                do="use logit_sd(...) for a share between 0 and 1, log_sd(...), "
                "log_variance(...) or cv(...) for a positive number",
            )
    return {name: spread[name] for name in model.parameters if name in spread}


def factor_of(names: list[str], correlation: Mapping[tuple[str, str], float] | None) -> Numbers:
    """The lower triangular L with L Lᵀ = the correlation matrix of ``names``."""
    matrix = np.eye(len(names))
    for pair, value in (correlation or {}).items():
        if not isinstance(pair, tuple) or len(pair) != 2 or pair[0] == pair[1]:
            raise LearnerError(
                given=f"a correlation for {short(pair)}",
                expected="pairs of two different parameters",
                do='write for example correlation={("cmax", "tmax"): -0.3}',
            )
        for name in pair:
            if name not in names:
                raise unknown_name(name, names, "varied parameter")
        number = one_number(f"correlation of {pair[0]} and {pair[1]}", value)
        if not -1 < number < 1:
            raise LearnerError(
                given=f"a correlation of {number:g} between {pair[0]} and {pair[1]}",
                expected="a number between -1 and 1",
                do="divide the covariance by both SDs",
            )
        i, j = names.index(pair[0]), names.index(pair[1])
        matrix[i, j] = matrix[j, i] = number
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=float)
    except np.linalg.LinAlgError:
        raise LearnerError(
            given=f"correlations {short(dict(correlation or {}), 200)}",
            expected="correlations that can hold at the same time (a positive definite matrix)",
            do="if A goes with B and B with C, A and C cannot be strongly opposed: check the signs",
        ) from None


def tied(factor: Numbers, rows: list[Numbers]) -> Numbers:
    """``factor @ rows``, added up in one order: a patient's number must not depend on how many
    others are drawn, which a matrix product does not promise to the last digit.
    """
    found = []
    for weights in factor:
        total = np.zeros_like(rows[0])
        for weight, row in zip(weights, rows, strict=True):
            if weight != 0:
                total = total + weight * row
        found.append(total)
    return np.stack(found)


def sample(
    model: Model,
    n: int,
    spread: Mapping[str, Spread | Mixture],
    *,
    seed: int,
    correlation: Mapping[tuple[str, str], float] | None = None,
    base: Parameters | None = None,
) -> Patients:
    r"""Draw ``n`` virtual patients.

    Formula: a parameter on the log scale is :math:`\theta_i = \theta\,e^{\omega z_i}`, one on the
    logit scale is :math:`\mathrm{logit}\,\theta_i = \mathrm{logit}\,\theta + \omega z_i`, with
    :math:`z_i \sim N(0, 1)` and ω the SD of its spread.

    Parameters
    ----------
    model : a model in the contract.
    n : number of patients.
    spread : parameter -> ``log_sd(...)``, ``log_variance(...)``, ``cv(...)`` or ``logit_sd(...)``,
        or a ``mixture(...)`` of them; parameters that are not named are the same in all patients.
        See also :func:`spread_of`.
    seed : a whole number. Patient i depends on the seed and on i, neither on ``n`` nor, without
        correlation, on which other parameters vary.
    correlation : (parameter, parameter) -> correlation of the two z.
    base : typical values, from ``model.parameters_with(...)``; arrays of n give each patient
        their own, such as a day of tocilizumab.

    Returns
    -------
    Patients: Parameters with arrays (n,) for each varied parameter, and ``redrawn``.

    A value outside its parameter's domain is drawn again, so that the distribution is truncated
    there. ``redrawn`` counts these patients, and a share above 5 % gets a warning.

    Raises LearnerError for a bad ``n``, ``seed`` or ``spread`` (a bare number among them), for an
    unknown parameter, for correlations that cannot hold together, for parameters of another model,
    and when a spread is so wide that values inside the domain are not found.
    """
    count, start = patients_asked(n), checked_seed(seed)
    spreads = _checked_spread(model, spread)
    typical = model.parameters_with() if base is None else base
    if typical._model is not model:
        raise LearnerError(
            given=f"base parameters of {typical._model.name}",
            expected=f"parameters of {model.name}",
            do="make them with model.parameters_with(...) of the same model",
        )
    if typical.patients not in (None, count):
        raise LearnerError(
            given=f"base parameters for {typical.patients} patients, and n = {count}",
            expected="single numbers, or one value for each of the n patients",
            do=f"use n={typical.patients}, or give single numbers",
        )
    names = list(spreads)
    factor = factor_of(names, correlation)
    together = {name for pair in (correlation or {}) for name in pair}
    low = {name: model.parameters[name].domain[0] for name in names}
    high = {name: model.parameters[name].domain[1] for name in names}

    drawn = {name: np.full(count, np.nan) for name in names}
    groups = {n: np.zeros(count, np.int64) for n in names if isinstance(spreads[n], Mixture)}
    again: dict[str, NDArray[np.bool_]] = {name: np.zeros(count, bool) for name in names}
    waiting = {name: np.ones(count, bool) for name in names}
    for turn in range(ROUNDS):
        z = tied(factor, [stream(start, name, turn).standard_normal(count) for name in names])
        inside = {}
        for row, name in zip(z, names, strict=True):
            mixed = spreads[name]
            if isinstance(mixed, Mixture):
                u = stream(start, f"group of {name}", turn).random(count)
                picked = np.searchsorted(np.cumsum(mixed.shares)[:-1], u, side="right")
                groups[name] = np.where(waiting[name], picked, groups[name])
            values = _varied(getattr(typical, name), spreads[name], row, groups.get(name))
            drawn[name] = np.where(waiting[name], values, drawn[name])
            inside[name] = (drawn[name] >= low[name]) & (drawn[name] <= high[name])
        # Correlated parameters are drawn again together; the others one by one.
        all_inside = np.logical_and.reduce(
            [inside[name] for name in together] or [np.ones(count, bool)]
        )
        for name in names:
            again[name] |= ~inside[name]
            waiting[name] = ~all_inside if name in together else ~inside[name]
        if not any(w.any() for w in waiting.values()):
            break
    else:
        stuck = next(name for name in names if waiting[name].any())
        raise LearnerError(
            given=f"spread of {stuck} = {spreads[stuck]!r}, for which patient "
            f"{int(np.argmax(waiting[stuck]))} was still outside after {ROUNDS} draws",
            expected=f"a spread that leaves most values of {stuck} between {low[stuck]:g} and "
            f"{high[stuck]:g}",
            do="check that it is not a variance or a per cent taken for an SD, or narrow it",
        )
    redrawn = {name: int(again[name].sum()) for name in names}
    for name, times in redrawn.items():
        if times > MANY * count:
            warnings.warn(
                f"{model.name}: {name} was drawn again for {times} of {count} patients, because "
                f"{spreads[name]!r} reaches beyond {low[name]:g} to {high[name]:g}. The spread of "
                "what was drawn is smaller than the one asked for.",
                UserWarning,
                stacklevel=2,
            )
    checked = model.parameters_with(**{**typical.as_dict(), **drawn})
    return Patients(model, checked.as_dict(), start, redrawn, groups)


def _varied(typical: Any, spread: Spread | Mixture, z: Numbers, group: Any) -> Numbers:
    """The values of patients in their ``group`` of a mixture; without one it is not used."""
    if isinstance(spread, Mixture):
        level = np.array(spread.factors)[group]
        sd: Any = np.array([part.sd for part in spread.spreads])[group]
    else:
        level, sd = 1.0, spread.sd
    with np.errstate(over="ignore"):
        if spread.scale == "log":
            return np.asarray(typical * level * np.exp(sd * z))
        odds = np.asarray(typical / (1 - typical) * level * np.exp(sd * z))
        return 1 / (1 + 1 / odds)


def occasions(
    p: Parameters, spread: Mapping[str, Spread | Mixture], k: int, *, seed: int
) -> tuple[Patients, ...]:
    r"""The same patients on ``k`` occasions: what differs in one person from infusion to infusion.

    Formula: :math:`\theta_{im} = \theta_i\,e^{\kappa z_{im}}` on the log scale, around each
    patient's own value in ``p``, with a new z for every occasion m.

    ``spread`` and ``seed`` are those of :func:`sample`; a parameter that is not named stays as it
    is. Returns one set of parameters for each occasion. Raises LearnerError as :func:`sample` does,
    and for parameters of one patient alone.
    """
    if p.patients is None:
        raise LearnerError(
            given="parameters of one patient, without arrays",
            expected="the patients whose occasions are drawn",
            do="make them with population.sample(model, n, ...)",
        )
    start = checked_seed(seed)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise LearnerError(
            given=f"k = {short(k)}",
            expected="a number of occasions: a whole number of one or more",
            do="write for example k=2",
        )
    key = zlib.crc32(b"occasion")
    found = []
    for occasion in range(int(k)):
        own = np.random.SeedSequence(start, spawn_key=(key, occasion)).generate_state(1, np.uint64)
        found.append(sample(p._model, p.patients, spread, seed=int(own[0]), base=p))
    return tuple(found)


def courses(
    model: Model,
    p: Parameters,
    times: ArrayLike,
    *,
    output: str | None = None,
    course: Callable[[Any, Any], Any] | None = None,
) -> Numbers:
    """One output of every patient: (N, T), or (T,) where no parameter is an array.

    ``course(t, p)`` is the model file's own closed form, such as ``stein2019.closed_form``; it
    needs no solver. Without it the differential equations are solved. ``output`` is the first one
    of the model unless it is named.

    Raises LearnerError for an unknown output, for times that are not finite or do not rise, and
    for parameters of another model. A closed form has no status in which a patient could be named:
    there it is also raised for a parameter that is NaN or outside its domain.
    """
    name = output or next(iter(model.observed))
    if name not in model.observed:
        raise unknown_name(name, model.observed, f"output of {model.name}")
    if course is None:
        return solve(model, p, times)[name]
    grid = sorted_times("times", times, unit=model.time_unit)
    if not isinstance(p, Parameters) or p._model is not model:
        raise LearnerError(
            given=f"parameters of {p._model.name if isinstance(p, Parameters) else short(p)}",
            expected=f"parameters of {model.name}",
            do="make them with population.sample or model.parameters_with of the same model",
        )
    p = model.parameters_with(**p.as_dict())
    columns = Parameters(
        model, {k: v[:, None] if np.ndim(v) else v for k, v in p.as_dict().items()}
    )
    found = np.asarray(course(grid, columns), dtype=float)
    return np.broadcast_to(found, (p.patients, grid.size) if p.patients else grid.shape).copy()


def observe(
    values: ArrayLike,
    *,
    residual_log_sd: float,
    lloq: float | None,
    seed: int,
    numbers: ArrayLike | None = None,
) -> tuple[Numbers, NDArray[np.bool_]]:
    r"""What an assay would report of the true ``values``: noise, then a limit.

    Formula: :math:`c' = c\,e^{\sigma z}` with :math:`z \sim N(0, 1)` for each value by itself; a
    result below LLOQ is reported as LLOQ and flagged.

    Parameters
    ----------
    values : (T,) or (N, T), zero or above.
    residual_log_sd : σ, the SD of the logarithm of a repeated measurement; 0 for none.
    lloq : lower limit of quantification in the unit of ``values``; None for an assay without one.
    seed : a whole number.
    numbers : (N,) which patients these are, where they are some of many: ``r.parameters.numbers``
        in a reduction of :func:`cgtlearn.population.run`. The noise of a patient then depends on
        the seed and on its number, not on the block in which it was solved.

    Returns
    -------
    (values, censored), both of the shape of ``values``; a flag is True below the limit.

    Raises LearnerError for NaN, negative values, a negative SD, a limit of zero or below.
    """
    true = non_negative("values", values)
    sigma = one_number("residual_log_sd", residual_log_sd)
    if sigma < 0:
        raise LearnerError(
            given=f"residual_log_sd = {sigma:g}",
            expected="an SD of zero or above",
            do="check the sign; for a variance, give its square root",
        )
    start = checked_seed(seed)
    if numbers is None:
        z = stream(start, "residual error").standard_normal(true.shape)
    else:
        if true.ndim != 2:
            raise LearnerError(
                given=f"numbers for values of shape {true.shape}",
                expected="values (N, T), one row for each patient",
                do="leave numbers out for one patient, or give values[None, :]",
            )
        z = drawn_of(start, "residual error of", numbers, true.shape, "standard_normal")
    seen = true * np.exp(sigma * z)
    if lloq is None:
        return seen, np.zeros(seen.shape, dtype=bool)
    return censor(seen, lloq)


def drawn_of(
    seed: int, name: str, numbers: ArrayLike, shape: tuple[int, ...], kind: str
) -> Numbers:
    """Random numbers (N, ...) that belong to the patients ``numbers``, whoever else is drawn.

    ``kind`` is a method of NumPy's Generator. They are drawn ``TOGETHER`` patients at a time.
    """
    who = np.asarray(numbers)
    if who.shape != shape[:1] or who.dtype.kind not in "iu" or np.any(who < 0):
        raise LearnerError(
            given=f"numbers = {short(numbers)} for values of shape {shape}",
            expected="one whole number of zero or above for each row of values (N, T)",
            do="pass r.parameters.numbers of the same result",
        )
    z = np.empty(shape)
    chunk, place = np.divmod(who, TOGETHER)
    for one in np.unique(chunk):
        here = chunk == one
        z[here] = getattr(stream(seed, name, int(one)), kind)((TOGETHER, *shape[1:]))[place[here]]
    return z

"""Who the patients are: covariates that go together, and who may enter the trial.

Marginals say how one covariate is distributed; a Gaussian copula ties them: each patient has
correlated normal numbers, and each number is read as a quantile of its covariate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, finite, one_number, short
from cgtlearn.models.contract import Parameters
from cgtlearn.population.patients import (
    Numbers,
    checked_seed,
    factor_of,
    patients_asked,
    stream,
    tied,
)
from cgtlearn.population.spread import Spread

__all__ = [
    "Funnel",
    "Marginal",
    "categories",
    "covariates",
    "like",
    "log_normal",
    "normal",
    "screen",
    "uniform",
]

MOST = 1_000_000
"""Candidates screened before giving up."""


# --- one covariate --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Marginal:
    """How one covariate is distributed: its ``quantile`` function of u in (0, 1), and its name.

    Make one with :func:`normal`, :func:`log_normal`, :func:`uniform`, :func:`categories` or
    :func:`like`.
    """

    quantile: Callable[[Numbers], Numbers] = field(repr=False)
    said: str

    def __repr__(self) -> str:
        return self.said


def _ends(low: Any, high: Any) -> tuple[float, float]:
    ends = []
    for name, value in (("low", low), ("high", high)):
        array = np.asarray(value, float)
        if array.ndim or np.isnan(array):
            raise LearnerError(
                given=f"{name} = {short(value)}",
                expected="a number, or an infinite one for no limit",
                do="leave it out where there is no limit",
            )
        ends.append(float(array))
    if not ends[0] < ends[1]:
        raise LearnerError(
            given=f"limits from {ends[0]:g} to {ends[1]:g}",
            expected="a lower limit below the upper one",
            do="check the order of the two",
        )
    return ends[0], ends[1]


def _share_inside(mean: float, sd: float, low: float, high: float, said: str) -> Any:
    """The ends as normal probabilities; an error where nearly nothing lies between them."""
    from scipy.special import ndtr

    below, above = float(ndtr((low - mean) / sd)), float(ndtr((high - mean) / sd))
    if above - below < 1e-6:
        raise LearnerError(
            given=f"{said} between {low:g} and {high:g}",
            expected="limits between which more than a millionth of the distribution lies",
            do="check the units of the limits and of the mean",
        )
    return below, above


def normal(mean: float, sd: float, low: float = -math.inf, high: float = math.inf) -> Marginal:
    """A normal covariate, cut off at ``low`` and ``high``: age, height."""
    middle, width = one_number("mean", mean), one_number("sd", sd, above=0)
    ends = _ends(low, high)
    said = f"normal({middle:g}, {width:g})"
    below, above = _share_inside(middle, width, *ends, said)

    def quantile(u: Numbers) -> Numbers:
        from scipy.special import ndtri

        found = middle + width * ndtri(below + (above - below) * u)
        return np.asarray(np.clip(found, *ends))

    return Marginal(quantile, said)


def log_normal(median: float, spread: Spread, low: float = 0, high: float = math.inf) -> Marginal:
    """A log-normal covariate with that median and spread, cut off at the ends: a tumor burden.

    ``spread`` says what it is: ``log_sd(...)``, ``log_variance(...)`` or ``cv(...)``.
    """
    middle = one_number("median", median, above=0)
    if not isinstance(spread, Spread) or spread.scale != "log" or spread.sd == 0:
        raise LearnerError(
            given=f"spread = {short(spread)}",
            expected="log_sd(...), log_variance(...) or cv(...), above zero",
            do="write for example log_normal(85.7, cv(1.5))",
        )
    ends = _ends(low, high)
    said = f"log_normal({middle:g}, {spread!r})"
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [float(np.log(max(end, 0))) for end in ends]
    below, above = _share_inside(math.log(middle), spread.sd, logs[0], logs[1], said)

    def quantile(u: Numbers) -> Numbers:
        from scipy.special import ndtri

        found = middle * np.exp(spread.sd * ndtri(below + (above - below) * u))
        return np.asarray(np.clip(found, *ends))

    return Marginal(quantile, said)


def uniform(low: float, high: float) -> Marginal:
    """Every value between ``low`` and ``high`` alike."""
    start, end = _ends(one_number("low", low), one_number("high", high))
    return Marginal(lambda u: start + (end - start) * u, f"uniform({start:g}, {end:g})")


def categories(shares: Mapping[float, float]) -> Marginal:
    """A covariate of a few values with their shares: ``categories({0: 0.63, 1: 0.37})``.

    A correlation ties their order: give the values in the order of what stands behind them.
    """
    if not isinstance(shares, Mapping) or not shares:
        raise LearnerError(
            given=f"shares = {short(shares)}",
            expected="a mapping from value to share",
            do="write for example categories({0: 0.63, 1: 0.37})",
        )
    values = finite("values", list(shares), ndim=1)
    parts = finite("shares", list(shares.values()), ndim=1)
    if np.any(parts < 0) or not math.isclose(float(parts.sum()), 1, abs_tol=1e-6):
        raise LearnerError(
            given=f"shares {short(dict(shares))}, which add up to {parts.sum():g}",
            expected="shares of zero or above that add up to 1",
            do="divide each by their sum; per cent are divided by 100",
        )
    edges = np.cumsum(parts)[:-1]
    said = f"categories({short(dict(shares))})"
    return Marginal(lambda u: values[np.searchsorted(edges, u, side="right")], said)


def like(values: ArrayLike) -> Marginal:
    """As in observed patients: each of the ``values`` is as likely as any other."""
    seen = np.sort(finite("values", values, ndim=1))
    if not seen.size:
        raise LearnerError(
            given="no values",
            expected="the values of at least one observed patient",
            do="check that the table was read",
        )
    last = seen.size - 1
    return Marginal(
        lambda u: seen[np.minimum((u * seen.size).astype(int), last)], f"like({seen.size} values)"
    )


def covariates(
    n: int,
    marginals: Mapping[str, Marginal],
    *,
    seed: int,
    correlation: Mapping[tuple[str, str], float] | None = None,
) -> dict[str, Numbers]:
    r"""Draw the covariates of ``n`` patients.

    Formula: :math:`x_{ij} = F_j^{-1}(\Phi(z_{ij}))`, with z normal and correlated (a Gaussian
    copula). A correlation r of two z is a rank correlation of :math:`\frac{6}{\pi} \arcsin(r/2)`
    of two continuous covariates, whatever their marginals.

    Parameters
    ----------
    n : number of patients.
    marginals : name -> ``normal(...)``, ``log_normal(...)``, ``uniform(...)``,
        ``categories(...)`` or ``like(...)``.
    seed : a whole number. Patient i depends on the seed and on i, not on ``n``.
    correlation : (name, name) -> correlation of the two z.

    Returns
    -------
    name -> (n,), for ``model.parameters_with(**...)``.

    Raises LearnerError for a bad ``n`` or ``seed``, for a marginal that is none, and for
    correlations that cannot hold together.
    """
    from scipy.special import ndtr

    count, start = patients_asked(n), checked_seed(seed)
    if not isinstance(marginals, Mapping) or not marginals:
        raise LearnerError(
            given=f"marginals = {short(marginals)}",
            expected="a mapping from covariate to marginal, with at least one entry",
            do='write for example {"weight": normal(78, 15, low=40)}',
        )
    for name, marginal in marginals.items():
        if not isinstance(marginal, Marginal):
            raise LearnerError(
                given=f"{name} = {short(marginal)}",
                expected="normal(...), log_normal(...), uniform(...), categories(...) or like(...)",
                do="a covariate that is the same in all patients needs no marginal",
            )
    names = list(marginals)
    independent = [stream(start, f"covariate {name}").standard_normal(count) for name in names]
    z = tied(factor_of(names, correlation), independent)
    return {
        name: np.asarray(marginals[name].quantile(ndtr(row)), float)
        for name, row in zip(names, z, strict=True)
    }


# --- who may enter --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Funnel:
    """How many were ``screened``, how many of them ``failed`` at which rule, and who ``entered``.

    A candidate who breaks several rules is counted at the first. ``entered`` holds the numbers of
    the eligible candidates, in the order in which they came.
    """

    screened: int
    failed: dict[str, int]
    entered: NDArray[np.int64] = field(repr=False)

    def __str__(self) -> str:
        lines = [f"{self.screened:,} screened"]
        lines += [f"  {count:,} failed: {rule}" for rule, count in self.failed.items()]
        share = self.entered.size / self.screened
        return "\n".join([*lines, f"{self.entered.size:,} entered ({share:.0%})"])


def screen(
    draw: Callable[[int], Any],
    rules: Mapping[str, Callable[[Any], ArrayLike]],
    n: int,
    *,
    most: int = MOST,
) -> tuple[Any, Funnel]:
    """Draw candidates until ``n`` of them are eligible.

    Parameters
    ----------
    draw : gives the first m candidates, ``draw(m)``: Parameters or a mapping of arrays (m,). More
        candidates must begin with the same ones, as those of :func:`sample` and
        :func:`covariates` do: ``lambda m: pop.covariates(m, marginals, seed=1)``.
    rules : what must hold -> a function of the candidates that is True (m,) for those who pass:
        ``{"18 or older": lambda c: c["age"] >= 18}``. They are asked in this order.
    n : number of patients to enter.
    most : candidates after which it gives up.

    Returns
    -------
    (patients, funnel): the n eligible ones, in the form in which ``draw`` gives candidates, and
    the Funnel. The last candidate screened is the last one that entered.

    Raises LearnerError for a bad ``n``, for a rule that does not answer for each candidate, for
    candidates that change when more are drawn, and when ``most`` candidates are not enough.
    """
    wanted = patients_asked(n)
    if not isinstance(rules, Mapping) or not rules:
        raise LearnerError(
            given=f"rules = {short(rules)}",
            expected="a mapping from what must hold to a function, with at least one entry",
            do='write for example {"18 or older": lambda c: c["age"] >= 18}',
        )
    size, before = min(2 * wanted, max(int(most), wanted)), None
    while True:
        candidates = draw(size)
        columns = _columns(candidates, size)
        if before is not None:
            _same_start(before, columns)
        before = columns
        fails = np.full(size, -1)
        for i, (rule, passes) in enumerate(rules.items()):
            answer = np.asarray(passes(candidates))
            if answer.shape != (size,) or answer.dtype != bool:
                raise LearnerError(
                    given=f"the rule {rule!r}, which gave {short(answer)}",
                    expected=f"True or False for each of the {size} candidates",
                    do='compare arrays: lambda c: c["age"] >= 18; join two rules with &, not and',
                )
            fails[(fails < 0) & ~answer] = i
        eligible = np.flatnonzero(fails < 0)
        if eligible.size >= wanted:
            break
        if size >= most:
            counts = np.bincount(fails[fails >= 0], minlength=len(rules))
            worst = list(rules)[int(np.argmax(counts))]
            raise LearnerError(
                given=f"{eligible.size} eligible among {size:,} candidates, of whom "
                f"{counts.max():,} failed: {worst}",
                expected=f"{wanted:,} eligible ones",
                do="look at that rule and its unit, or widen it; most=... screens more candidates",
            )
        rate = max(eligible.size, 1) / size
        size = min(int(most), max(2 * size, math.ceil(1.1 * wanted / rate)))
    entered = eligible[:wanted]
    screened = int(entered[-1]) + 1
    counts = np.bincount(fails[:screened][fails[:screened] >= 0], minlength=len(rules))
    funnel = Funnel(
        screened, {rule: int(c) for rule, c in zip(rules, counts, strict=True)}, entered
    )
    return _chosen(candidates, entered), funnel


def _columns(candidates: Any, size: int) -> dict[str, Any]:
    if isinstance(candidates, Parameters):
        found = candidates.as_dict()
    elif isinstance(candidates, Mapping):
        found = dict(candidates)
    else:
        found = {}
    columns = {name: np.asarray(value) for name, value in found.items() if np.ndim(value)}
    wrong = [f"{name}: {np.shape(v)}" for name, v in columns.items() if np.shape(v) != (size,)]
    if not columns or wrong:
        raise LearnerError(
            given=f"candidates {short(candidates)}" + (f" with {wrong[0]}" if wrong else ""),
            expected=f"Parameters or a mapping with one value for each of {size} candidates",
            do="let draw(m) return as many as it is asked for, such as "
            "lambda m: pop.covariates(m, marginals, seed=1)",
        )
    return columns


def _same_start(before: dict[str, Any], after: dict[str, Any]) -> None:
    for name, old in before.items():
        if name not in after or not np.array_equal(old, after[name][: old.size], equal_nan=True):
            raise LearnerError(
                given=f"candidates whose {name} changed when more were drawn",
                expected="the same first candidates, and more behind them",
                do="draw with a fixed seed, such as lambda m: pop.sample(model, m, spread, seed=1)",
            )


def _chosen(candidates: Any, entered: NDArray[np.int64]) -> Any:
    values = candidates.as_dict() if isinstance(candidates, Parameters) else dict(candidates)
    kept = {k: np.asarray(v)[entered] if np.ndim(v) else v for k, v in values.items()}
    return Parameters(candidates._model, kept) if isinstance(candidates, Parameters) else kept

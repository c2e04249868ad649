"""Samples and their simulations, checked: what every diagnostic starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, as_numbers, finite, short, sorted_times

Numbers = NDArray[np.float64]

FEWEST = 100
"""Replicates: fewer leave the 2.5 and 97.5 % limits to two or three of them."""

MANY = 16
"""Distinct times up to which each is a bin of its own."""
BINS = 8
"""Bins of equal size, where there are more."""


@dataclass(frozen=True)
class Samples:
    """Columns (n,) in one order; ``dv`` stands at the limit where ``censored``."""

    id: NDArray[Any]
    time: Numbers
    dv: Numbers
    censored: NDArray[np.bool_]
    lloq: Numbers
    """The limit of each sample, NaN where there is none."""
    more: Mapping[str, Numbers]
    """The columns that were asked for: pred, ipred, iwres."""
    units: Mapping[str, str]
    """Of DV and TIME, where a fit's study states them."""

    def axis(self, name: str, column: str, unit: str) -> str:
        """An axis label with its unit: the one given, or else the study's."""
        shown = unit or ledger.pretty(self.units.get(column, ""))
        return f"{name} ({shown})" if shown else name


def samples(data: Any, needs: Iterable[str] = ()) -> Samples:
    """From a fit with ``predictions()``, or from a mapping of columns.

    Columns: ``id``, ``time``, ``dv``; ``censored`` and ``lloq`` where there is a limit (``lloq``
    one number or a column; without it the one at which censored samples stand); and ``needs``.
    """
    if hasattr(data, "predictions"):
        given = data.predictions()
    elif isinstance(data, Mapping):
        given = data
    else:
        raise LearnerError(
            given=f"data = {short(data)}",
            expected="a population fit, or a mapping of columns",
            do='write {"id": ..., "time": ..., "dv": ..., "censored": ...}, each one entry a '
            "sample",
        )
    columns = {str(k).lower(): v for k, v in given.items()}
    columns = {{"cens": "censored"}.get(k, k): v for k, v in columns.items()}
    missing = [k for k in ("id", "time", "dv", *needs) if k not in columns]
    if missing:
        raise LearnerError(
            given=f"columns {', '.join(columns) or '(none)'}",
            expected=f"also {', '.join(missing)}",
            do=f"add {missing[0]!r}, one entry a sample",
        )
    named = np.asarray(columns["id"])
    n = named.size
    if named.ndim != 1 or n == 0:
        raise LearnerError(
            given=f"id with shape {named.shape}",
            expected="one entry a sample, in a row",
            do="ravel the columns; leave out dose rows",
        )
    flags = np.asarray(columns.get("censored", np.zeros(n))).astype(float)
    checked = {"censored": flags}
    for key in ("time", "dv"):
        checked[key] = finite(key, columns[key], ndim=1)
    for key in needs:
        # A censored sample may lack a residual.
        checked[key] = as_numbers(key, columns[key], ndim=1)
    for key, column in checked.items():
        if column.size != n:
            raise LearnerError(
                given=f"{key} with {column.size} entries and id with {n}",
                expected="columns of equal length, one entry a sample",
                do="take all of them from the same rows",
            )
    if np.any((flags != 0) & (flags != 1)):
        raise LearnerError(
            given=f"censored = {short(columns['censored'])}",
            expected="1 or True for a sample below the limit, otherwise 0 or False",
            do="write censored = dv < lloq",
        )
    censored = flags == 1
    limit = _limits(columns.get("lloq"), checked["dv"], censored)
    low = ~censored & (checked["dv"] < limit)
    if low.any():
        i = int(np.argmax(low))
        raise LearnerError(
            given=f"dv[{i}] = {checked['dv'][i]:g} below the limit of {limit[i]:g}, and not "
            "censored",
            expected="every value below the limit flagged",
            do="write censored = dv < lloq",
        )
    dv = np.where(censored, limit, checked["dv"])
    more = {key: checked[key] for key in needs}
    units = getattr(getattr(data, "study", None), "units", {})
    return Samples(named, checked["time"], dv, censored, limit, more, units)


def _limits(lloq: Any, dv: Numbers, censored: NDArray[np.bool_]) -> Numbers:
    if lloq is not None:
        given = as_numbers("lloq", lloq)
        if given.ndim > 1 or given.size not in (1, dv.size):
            raise LearnerError(
                given=f"lloq with shape {given.shape} for {dv.size} samples",
                expected="one limit, or one a sample",
                do="pass one number, or the table's column LLOQ",
            )
        limit = np.broadcast_to(given, dv.shape).astype(float)
        if np.isnan(limit[censored]).any():
            raise LearnerError(
                given="a censored sample without a limit",
                expected="a limit for every censored sample",
                do="fill the column lloq",
            )
        return limit
    seen = np.unique(dv[censored])
    if seen.size > 1:
        raise LearnerError(
            given=f"censored samples that stand at {short(seen)}",
            expected="one limit, or the limit of every sample",
            do='add the column "lloq": a simulated value is censored at the limit of its sample',
        )
    return np.full(dv.shape, seen[0] if seen.size else np.nan)


def simulations(
    data: Any, simulated: ArrayLike | None, replicates: int, seed: int, given: Samples
) -> Numbers:
    """(K, n) simulated values, not cut at the limit: those given, or from the fit."""
    n = given.dv.size
    if simulated is None:
        if not hasattr(data, "simulate"):
            raise LearnerError(
                given="columns without simulated values",
                expected="simulated, of shape (replicates, samples)",
                do="simulate the same design many times with the model's estimates, and pass "
                "simulated=...",
            )
        _enough(replicates)
        simulated = data.simulate(replicates, seed)
    values = finite("simulated", simulated, ndim=2)
    if values.shape[1] != n:
        turned = values.shape[0] == n
        raise LearnerError(
            given=f"simulated with shape {values.shape} and {n} samples",
            expected=f"shape (replicates, {n})",
            do="transpose it: simulated=simulated.T" if turned else "simulate the same samples, in "
            "the same order, as those observed",
        )
    _enough(values.shape[0])
    if np.any(values == given.lloq) and not np.any(values < given.lloq):
        raise LearnerError(
            given="simulated values of which many stand at the limit and none below it",
            expected="simulated values as they are, also below the limit",
            do="do not cut simulations at the limit: that is done here, for data and simulations "
            "alike",
        )
    return values


def _enough(replicates: Any) -> None:
    if isinstance(replicates, bool) or not isinstance(replicates, (int, np.integer)):
        raise LearnerError(
            given=f"replicates = {short(replicates)}",
            expected="a whole number",
            do="write replicates=500",
        )
    if replicates < FEWEST:
        raise LearnerError(
            given=f"{replicates} replicates",
            expected=f"at least {FEWEST}",
            do="simulate 500 or more: the ends of an interval come from its outermost replicates",
        )


def bins_of(time: Numbers, bins: Any = None) -> tuple[NDArray[np.intp], Numbers]:
    """The bin of each sample, and the bins' edges (B, 2). See :func:`vpc` for ``bins``."""
    distinct = np.unique(time)
    if bins is None:
        bins = BINS if distinct.size > MANY else None
    if bins is None:
        return np.searchsorted(distinct, time), np.column_stack([distinct, distinct])
    if isinstance(bins, (int, np.integer)) and not isinstance(bins, bool):
        if bins < 1:
            raise LearnerError(
                given=f"bins = {bins}", expected="one bin or more", do="write bins=8"
            )
        # Equal times stay together, so that a bin may hold a few more than another.
        edges = np.unique(np.quantile(time, np.linspace(0, 1, bins + 1), method="higher"))
        if edges.size == 1:
            edges = np.array([edges[0], edges[0]])
    else:
        edges = sorted_times("bins", bins, minimum=2)
        out = (time < edges[0]) | (time > edges[-1])
        if out.any():
            raise LearnerError(
                given=f"bins from {edges[0]:g} to {edges[-1]:g} and a sample at "
                f"{time[np.argmax(out)]:g} (with {int(out.sum()) - 1} more)",
                expected="bins that hold every sample",
                do=f"let the edges run from {time.min():g} to {time.max():g}",
            )
    which = np.searchsorted(edges[1:-1], time, side="right")
    empty = np.setdiff1d(np.arange(edges.size - 1), which)
    if empty.size:
        a, b = edges[empty[0]], edges[empty[0] + 1]
        raise LearnerError(
            given=f"no sample from {a:g} to {b:g}",
            expected="samples in every bin",
            do=f"take out the edge {b:g}, or {a:g}",
        )
    return which, np.column_stack([edges[:-1], edges[1:]])

r"""From association to effect, where what confounds was measured: adjust, standardise, weight.

``standardise``   the g-formula: everybody's risk under one exposure and under another, by a model
``weight``        inverse-probability weights: each arm made to look like all people
``landmark``      those still at risk on a day, with what was known by then
``split_rows``    rows before and after a change, for a Cox model in which it begins when it begins

Adjusting itself is ``logistic(..., covariates={"burden": ...})`` and ``cox(..., covariates=...)``.

All of them rest on what no data can show: that nothing else moves both exposure and outcome
(exchangeability), that people of every kind could have had either exposure (positivity), and that
exposure means one thing (consistency). And an odds ratio changes when a covariate is added even
where nothing is confounded (it does not collapse); risks, their difference and ratio do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, finite, one_number, positive
from cgtlearn.estimate.fit import Interval, checked_level
from cgtlearn.estimate.report import aligned, digits
from cgtlearn.estimate.response import _design, _equally_long, _flags, _full_rank, _no_separation

__all__ = ["Effect", "Landmark", "Rows", "landmark", "split_rows", "standardise", "weight"]

Numbers = NDArray[np.float64]

STEPS = 50
FARTHEST = 30.0
"""A linear predictor beyond this means that a resample separates, and has no finite fit."""
FEWEST_GOOD = 0.9
"""The share of resamples that must have a fit, for an interval to be given."""


@dataclass(frozen=True)
class Effect:
    """Risks under two exposures and what compares them, each with a bootstrap interval.

    ``low`` and ``high`` are the risks had everybody had the lower or the higher exposure;
    ``difference`` is high - low, ``ratio`` and ``odds_ratio`` high over low. The odds ratio is the
    marginal one. ``notes`` say what to be careful about.
    """

    method: str
    low: Interval
    high: Interval
    difference: Interval
    ratio: Interval
    odds_ratio: Interval
    level: float
    n: int
    resamples: int
    extra: dict[str, float]
    notes: tuple[str, ...]

    def table(self) -> list[dict[str, Any]]:
        """One row a measure: measure, value, low, high."""
        return [
            {"measure": name, **getattr(self, key)._asdict()}
            for key, name in (
                ("low", "risk, lower exposure"),
                ("high", "risk, higher exposure"),
                ("difference", "risk difference"),
                ("ratio", "risk ratio"),
                ("odds_ratio", "odds ratio, marginal"),
            )
        ]

    def __str__(self) -> str:
        head = ("measure", "estimate", f"{100 * self.level:g} % interval")
        rows = [head]
        for row in self.table():
            between = f"{digits(row['low'])} – {digits(row['high'])}"
            rows.append((row["measure"], digits(row["value"]), between))
        lines = [f"{self.method}: {self.n} patients, {self.resamples} resamples", ""]
        lines += [*aligned(rows, right=[1]), ""]
        lines += [f"{name}: {digits(value)}" for name, value in self.extra.items()]
        lines += [f"Warning: {note}" for note in self.notes]
        lines.append("An effect only if nothing else moves both exposure and outcome.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        d = self.difference
        return (
            f"{self.method}: risk difference {digits(d.value)} ({digits(d.low)} – {digits(d.high)})"
        )


class Landmark(NamedTuple):
    """``kept`` (N,): who was still at risk; ``stop`` and ``events`` (k,): theirs, from that day."""

    kept: NDArray[np.bool_]
    stop: Numbers
    events: Numbers


class Rows(NamedTuple):
    """Rows of a Cox model with a change on the way: up to two a patient, each field (m,).

    ``after`` is 1 in the row that begins with the change. ``id`` is the patient's number.
    """

    id: NDArray[np.int64]
    start: Numbers
    stop: Numbers
    events: Numbers
    after: Numbers


def fitted(x: Numbers, y: Numbers, weights: Numbers | None = None) -> Numbers | None:
    r"""Logistic regression by Newton's method; None where no finite fit is best.

    .. math:: \beta \leftarrow \beta + (X^T W X)^{-1} X^T (y - p), \qquad W = diag(p (1 - p))

    ``x`` (N, k) with a column of ones, ``y`` (N,) 0 or 1, ``weights`` (N,) multiply each person.
    """
    w = np.ones(len(y)) if weights is None else weights
    b = np.zeros(x.shape[1])
    for _ in range(STEPS):
        eta = x @ b
        if np.abs(eta).max() > FARTHEST:
            return None
        p = 1 / (1 + np.exp(-eta))
        try:
            step = np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x, x.T @ (w * (y - p)))
        except np.linalg.LinAlgError:
            return None
        b = b + step
        if np.abs(step).max() < 1e-10:
            return b
    return None


def _risk(x: Numbers, b: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-(x @ b))))


def standardise(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    low: float,
    high: float,
    covariates: Mapping[str, ArrayLike] | None = None,
    name: str = "exposure",
    scale: str = "log2",
    resamples: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> Effect:
    r"""Standardisation: fit the outcome, then give everybody one exposure, and then the other.

    .. math:: R(x) = \frac{1}{N} \sum_i P(event \mid x, z_i)

    by a logistic model in the exposure and the covariates z. The interval is that of percentiles
    over people drawn with replacement.

    Parameters
    ----------
    events, exposure, covariates, name, scale, level : as in :func:`cgtlearn.estimate.logistic`.
        Without covariates the result is the crude comparison, confounding and all.
    low, high : the two exposures, in the exposure's unit; 0 and 1 with ``scale="linear"`` for an
        arm.
    resamples, seed : of the bootstrap.
    """
    y = _flags("events", events)
    names, columns = _design(exposure, covariates, name, scale, y.size, "events")
    x = _checked(y, names, columns)
    check = positive if scale == "log2" else finite
    ends = [float(check(key, v, ndim=0)) for key, v in (("low", low), ("high", high))]
    given = [float(np.log2(e)) if scale == "log2" else e for e in ends]
    seen = x[:, 1]
    notes = []
    if min(given) < seen.min() or max(given) > seen.max():
        notes.append(f"a risk at a {name} that nobody had: the model alone says it")

    def risks(rows: NDArray[np.intp]) -> tuple[float, float] | None:
        b = fitted(x[rows], y[rows])
        if b is None:
            return None
        one = x[rows].copy()
        found = []
        for value in given:
            one[:, 1] = value
            found.append(float(_risk(one, b).mean()))
        return found[0], found[1]

    return _effect("standardisation", risks, y.size, resamples, seed, level, {}, notes)


def weight(
    events: ArrayLike,
    exposed: ArrayLike,
    *,
    covariates: Mapping[str, ArrayLike],
    resamples: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> Effect:
    r"""Inverse-probability weights: who had an unlikely exposure speaks for more people.

    .. math::

       w_i = \frac{1}{P(A_i \mid z_i)}, \qquad
       R(a) = \frac{\sum_{A_i = a} w_i\, y_i}{\sum_{A_i = a} w_i}

    with P from a logistic model of the exposure. No model of the outcome is needed. The weights are
    estimated anew in every resample.

    Parameters
    ----------
    events : (N,) 0 or 1.
    exposed : (N,) 0 or 1, such as a dose above the median or one of two products.
    covariates : name -> (N,), what may have led to the exposure.

    ``extra`` holds the largest weight, the effective number of people
    :math:`(\sum w)^2 / \sum w^2`, and how far the arms' means of each covariate are apart, in SDs,
    before and after weighting.
    """
    y = _flags("events", events)
    a = _flags("exposed", exposed)
    _equally_long("exposed", a, "events", y.size)
    if not covariates:
        raise LearnerError(
            given="no covariates",
            expected="what may have led to the exposure",
            do='pass covariates={"burden": np.log(burden)}; without any, compare the arms as they '
            "are: standardise(..., low=0, high=1, scale='linear')",
        )
    first, *others = covariates
    names, columns = _design(
        covariates[first], {k: covariates[k] for k in others}, first, "linear", y.size, "events"
    )
    x = _checked(a, names, columns, "exposed people")

    def risks(rows: NDArray[np.intp]) -> tuple[float, float] | None:
        w = _weights(x[rows], a[rows])
        if w is None:
            return None
        return _arms(w, a[rows], y[rows])

    everyone = _weights(x, a)
    assert everyone is not None  # _checked has made sure
    extra = {
        "largest weight": float(everyone.max()),
        "effective number of people": float(everyone.sum() ** 2 / (everyone**2).sum()),
    }
    for key, column in zip(names, x[:, 1:].T, strict=True):
        apart = [
            np.subtract(*_arms(w, a, column)[::-1]) / column.std()
            for w in (np.ones(y.size), everyone)
        ]
        extra[f"{key}, SDs apart before"] = float(apart[0])
        extra[f"{key}, SDs apart after"] = float(apart[1])
    notes = []
    if everyone.max() > 0.1 * y.size:
        notes.append("one person speaks for more than a tenth of all (positivity)")
    return _effect(
        "inverse-probability weights", risks, y.size, resamples, seed, level, extra, notes
    )


def _weights(x: Numbers, a: Numbers) -> Numbers | None:
    b = fitted(x, a)
    if b is None:
        return None
    p = _risk(x, b)
    return np.asarray(1 / np.where(a == 1, p, 1 - p))


def _arms(w: Numbers, a: Numbers, y: Numbers) -> tuple[float, float]:
    """Weighted means of ``y``: not exposed, exposed."""
    means = [float((w * y)[a == arm].sum() / w[a == arm].sum()) for arm in (0, 1)]
    return means[0], means[1]


def _checked(y: Numbers, names: tuple[str, ...], columns: Numbers, what: str = "events") -> Numbers:
    if y.sum() in (0, y.size):
        raise LearnerError(
            given=f"{int(y.sum())} {what} among {y.size}",
            expected="people with and people without",
            do="there is nothing to compare",
        )
    x = np.column_stack([np.ones(y.size), columns])
    _full_rank(x, ("intercept", *names))
    sign = np.where(y == 1, 1.0, -1.0)
    _no_separation(sign[:, None] * x, ("intercept", *names), "odds ratio", what)
    return x


def _measures(risks: tuple[float, float]) -> list[float]:
    low, high = risks
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(high, low)
        odds = np.divide(high * (1 - low), low * (1 - high))
    return [low, high, high - low, float(ratio), float(odds)]


def _effect(
    method: str,
    risks: Callable[[NDArray[np.intp]], tuple[float, float] | None],
    n: int,
    resamples: int,
    seed: int,
    level: float,
    extra: dict[str, float],
    notes: list[str],
) -> Effect:
    chosen = checked_level(level)
    if isinstance(resamples, bool) or not isinstance(resamples, int) or resamples < 100:
        raise LearnerError(
            given=f"resamples = {resamples}",
            expected="a whole number of 100 or more",
            do="500 are enough for an interval to two digits",
        )
    found = risks(np.arange(n))
    if found is None:
        raise LearnerError(
            given="people for whom the search for the best fit did not end",
            expected="a likelihood with one peak",
            do="leave out covariates that nearly tell who has the outcome",
        )
    rng = np.random.default_rng(seed)
    drawn = [risks(rng.integers(0, n, n)) for _ in range(resamples)]
    good = [_measures(r) for r in drawn if r is not None]
    if len(good) < FEWEST_GOOD * resamples:
        raise LearnerError(
            given=f"{resamples - len(good)} of {resamples} resamples without a finite fit",
            expected="enough events of both kinds in every resample",
            do="use fewer covariates or more people; no interval is reported",
        )
    if len(good) < resamples:
        notes = [*notes, f"{resamples - len(good)} resamples had no finite fit and were left out"]
    tail = (1 - chosen) / 2
    low, high = np.quantile(np.asarray(good), [tail, 1 - tail], axis=0)
    a, b, difference, ratio, odds_ratio = (
        Interval(float(v), float(one), float(other))
        for v, one, other in zip(_measures(found), low, high, strict=True)
    )
    return Effect(
        method, a, b, difference, ratio, odds_ratio, chosen, n, len(good), extra, tuple(notes)
    )


def landmark(stop: ArrayLike, events: ArrayLike, at: float) -> Landmark:
    """Those still at risk on day ``at``, followed from there.

    What is known by then may be compared (``persistence[kept] >= at``), because nobody had to
    survive longer to be known for it. Who had the event before, or left, is out: the answer is
    about those who came so far.
    """
    end, y = positive("stop", stop, ndim=1), _flags("events", events)
    _equally_long("events", y, "stop", end.size)
    day = one_number("at", at)
    kept = end > day
    if day < 0 or kept.sum() < 2:
        raise LearnerError(
            given=f"at = {day:g}, with {int(kept.sum())} people at risk after it",
            expected="a day from 0 on, after which at least two people are at risk",
            do=f"choose a day below {np.sort(end)[-2]:g}",
        )
    return Landmark(kept, end[kept] - day, y[kept])


def split_rows(stop: ArrayLike, events: ArrayLike, change: ArrayLike) -> Rows:
    """One row before and one after the change: the time before it counts as time without it.

    ``change`` (N,) is the day on which it happened, infinity (or any day after ``stop``) for those
    in whom it was not seen; on day 0 there is only a row after it. Give the rows to ``cox``:
    ``cox(r.stop, r.events, r.after, start=r.start, id=r.id, scale="linear")``.
    """
    end, y = positive("stop", stop, ndim=1), _flags("events", events)
    day = np.asarray(change, float)
    _equally_long("events", y, "stop", end.size)
    if day.shape != end.shape or np.isnan(day).any() or np.any(day < 0):
        raise LearnerError(
            given=f"change with shape {day.shape}, and NaN or negative days among it"
            if day.shape == end.shape
            else f"change with shape {day.shape} for {end.size} patients",
            expected="a day of zero or above for each patient, infinity where it never came",
            do="np.where(lost == 1, persistence, np.inf)",
        )
    who = np.arange(end.size)
    before, after = day > 0, day < end
    both = before & after
    columns = (
        (who, np.zeros(end.size), np.minimum(day, end), np.where(both, 0.0, y), before, 0.0),
        (who, day, end, y, after, 1.0),
    )
    parts = [
        (i[m], a[m], b[m], e[m], np.full(int(m.sum()), flag)) for i, a, b, e, m, flag in columns
    ]
    return Rows(*(np.concatenate(c) for c in zip(*parts, strict=True)))

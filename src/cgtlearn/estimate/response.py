r"""Exposure-response: how an outcome goes with exposure. An association, not an effect.

``logistic``            an event, yes or no: odds ratio (statsmodels)
``negative_binomial``   a count over a follow-up: rate ratio (statsmodels)
``cox``                 a time to an event, exposure may change on the way: hazard ratio (lifelines)

All three take the exposure as its base-2 logarithm unless told otherwise, so that its coefficient
belongs to one doubling, and return an :class:`Association`.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import (
    LearnerError,
    finite,
    non_negative,
    one_number,
    one_of,
    positive,
    unknown_name,
)
from cgtlearn.estimate.fit import Interval, checked_level
from cgtlearn.estimate.pictures import plain_ticks
from cgtlearn.estimate.report import aligned, digits, to_csv, to_json

__all__ = ["Association", "Term", "cox", "logistic", "negative_binomial"]

Numbers = NDArray[np.float64]

FEW = 10
"""Events per coefficient below which intervals by the normal approximation grow unreliable."""
CAUTION = (
    "An association, not an effect: patients who differ in exposure may differ in other ways."
)
SCALES = ("log2", "linear")


class Term(NamedTuple):
    """One coefficient: itself, its standard error, e to its power with interval, and P (Wald)."""

    name: str
    coefficient: float
    standard_error: float
    ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Association:
    """What a regression found. ``print(result)`` shows :meth:`summary`.

    ``terms`` are the coefficients, the exposure first and the intercept, if there is one, left out.
    ``ratio_name`` is 'odds ratio', 'rate ratio' or 'hazard ratio'. ``extra`` holds what else was
    estimated: the dispersion of counts, the variance of a frailty. ``warnings`` are the reasons to
    read the result with care.
    """

    kind: str
    ratio_name: str
    exposure: str
    scale: str
    terms: tuple[Term, ...]
    level: float
    n: int
    n_patients: int
    n_events: int
    log_likelihood: float
    extra: dict[str, float]
    warnings: tuple[str, ...]
    program: str
    covariance: Numbers = field(repr=False)
    _names: tuple[str, ...] = field(repr=False)
    _estimates: Numbers = field(repr=False)
    _x: Numbers = field(repr=False)
    _outcome: Numbers = field(repr=False)
    _amount: Numbers = field(repr=False)

    def __getitem__(self, name: str) -> Term:
        for term in self.terms:
            if term.name == name:
                return term
        raise unknown_name(name, [t.name for t in self.terms], "term")

    def per_doubling(self, at: float | None = None) -> Interval:
        """The ratio for twice the exposure, with its interval.

        With ``scale="linear"`` it depends on where one starts: ``at``, in the exposure's unit.
        """
        term = self.terms[0]
        if self.scale == "log2":
            return Interval(term.ratio, term.low, term.high)
        if at is None:
            raise LearnerError(
                given=f"{self.exposure} on a linear scale",
                expected='an exposure that entered as a logarithm (scale="log2"), or a place to '
                "start from",
                do='fit with scale="log2", or write per_doubling(at=...) for the ratio of twice '
                "that exposure to it",
            )
        step = one_number("at", at, above=0.0)
        return Interval(*(v**step for v in (term.ratio, term.low, term.high)))

    def table(self) -> list[dict[str, Any]]:
        """One row a term: term, coefficient, standard_error, ratio, low, high, p."""
        return [{"term": t.name, **dict(list(t._asdict().items())[1:])} for t in self.terms]

    def summary(self) -> str:
        """The result as text: the same on every machine."""
        count = f"{self.n_patients} patients"
        if self.n != self.n_patients:
            count += f" in {self.n} rows"
        lines = [f"{self.kind}: {count}, {self.n_events} events ({self.program})", ""]
        head = ("term", self.ratio_name, f"{100 * self.level:g} % interval", "P")
        rows = [head]
        for t in self.terms:
            name = t.name
            if name == self.exposure:
                name += ", per doubling" if self.scale == "log2" else ", per unit"
            p = "< 0.001" if t.p < 0.001 else f"{t.p:.3f}"
            rows.append((name, _digits(t.ratio), f"{_digits(t.low)} – {_digits(t.high)}", p))
        lines += aligned(rows, right=[1])
        lines.append("")
        lines += [f"{k}: {digits(v)}" for k, v in self.extra.items()]
        lines.append(f"log-likelihood: {self.log_likelihood:.2f}")
        lines += [f"Warning: {text}" for text in self.warnings]
        lines.append(CAUTION)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        t = self.terms[0]
        return f"{self.kind}: {self.ratio_name} of {t.name} {_digits(t.ratio)} ({_between(t)})"

    @property
    def alt(self) -> str:
        """The message of :meth:`plot` in words, with its numbers."""
        t = self.terms[0]
        unit = "per doubling of" if self.scale == "log2" else "per unit of"
        told = "excludes" if t.low > 1 or t.high < 1 else "includes"
        return (
            f"The {self.ratio_name} {unit} {self.exposure} is {_digits(t.ratio)} "
            f"({100 * self.level:g} % interval {_between(t)}), which {told} 1."
        )

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write :meth:`table` as CSV."""
        return to_csv(path, self.table())

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the table and all else that was found as JSON."""
        about = {
            "kind": self.kind,
            "ratio": self.ratio_name,
            "exposure": self.exposure,
            "scale": self.scale,
            "level": self.level,
            "rows": self.n,
            "patients": self.n_patients,
            "events": self.n_events,
            "log_likelihood": self.log_likelihood,
            "extra": self.extra,
            "terms": self.table(),
            "warnings": self.warnings,
            "caution": CAUTION,
            "program": self.program,
        }
        return to_json(path, about)

    def plot(self, unit: str = "", groups: int = 4) -> Any:
        """The figure: the fitted curve over what was seen in groups of exposure, or the ratios.

        For events and counts: fitted probability or rate against exposure with its pointwise
        interval, covariates at their means, beside the observed share or rate in ``groups`` of
        equal size with its interval (exact for a share, from the spread between patients for a
        rate). For a Cox model, which has no such curve: the ratios with
        their intervals. ``unit`` is the exposure's. Show it with ``plot.show(fig, caption, alt)``,
        and ``unitless="y"`` for the ratios.
        """
        if "intercept" in self._names:
            return self._curve(unit, groups)
        return self._ratios()

    def _ratios(self) -> Any:
        from cgtlearn import plot

        fig, ax = plot.figure(figsize=(5.4, 1.3 + 0.45 * len(self.terms)))
        places = -np.arange(len(self.terms))
        for y, t in zip(places, self.terms, strict=True):
            ax.plot([t.low, t.high], [y, y], color=plot.BLUE, linestyle="-")
            ax.plot(t.ratio, y, "o", color=plot.BLUE)
        ax.axvline(1, color=plot.BLACK, linestyle=":", linewidth=1)
        names = [t.name for t in self.terms]
        names[0] += " (per doubling)" if self.scale == "log2" else " (per unit)"
        ax.set_yticks(places, names)
        ax.set(
            xlabel=f"{self.ratio_name} (ratio)",
            ylabel="term",
            xscale="log",
            ylim=(places[-1] - 0.6, 0.6),
        )
        plain_ticks(ax.xaxis)
        return fig

    def predict(self, exposure: ArrayLike) -> tuple[Numbers, Numbers, Numbers]:
        """Probability, or rate per unit of follow-up, at ``exposure`` (k,), and its interval.

        Three arrays (k,): the fitted value, its lower and its upper limit, covariates at their
        means. An interval of the mean of such patients, not of what one of them will have.
        """
        from scipy import stats

        if "intercept" not in self._names:
            raise LearnerError(
                given="a Cox regression",
                expected="logistic or negative_binomial: a Cox model leaves the hazard itself open",
                do="use per_doubling(), the ratio of two hazards",
            )
        check = positive if self.scale == "log2" else finite
        x = check("exposure", exposure, ndim=1)
        rows = np.tile(self._x.mean(axis=0), (x.size, 1))
        rows[:, 1] = np.log2(x) if self.scale == "log2" else x
        size = rows.shape[1]
        middle = rows @ self._estimates[:size]
        half = stats.norm.ppf((1 + self.level) / 2) * np.sqrt(
            np.einsum("ij,jk,ik->i", rows, self.covariance[:size, :size], rows)
        )
        back = _expit if self.kind == "logistic regression" else np.exp
        return back(middle), back(middle - half), back(middle + half)

    def _curve(self, unit: str, groups: int) -> Any:
        from cgtlearn import plot

        groups = min(groups, self.n)
        raw = 2 ** self._x[:, 1] if self.scale == "log2" else self._x[:, 1]
        ends = raw.min(), raw.max()
        grid = np.geomspace(*ends, 100) if self.scale == "log2" else np.linspace(*ends, 100)
        middle, low_end, high_end = self.predict(grid)
        fig, ax = plot.figure()
        ax.fill_between(grid, low_end, high_end, color=plot.BLUE, alpha=0.2)
        ax.plot(grid, middle, color=plot.BLUE, linestyle="-", label="fitted")
        for part in np.array_split(np.argsort(raw, kind="stable"), groups):
            share, low, high = self._seen(part)
            x = np.median(raw[part])
            ax.plot([x, x], [low, high], color=plot.VERMILLION, linestyle="-", linewidth=1.2)
            first = "observed, in groups" if part[0] == np.argmin(raw) else None
            ax.plot(x, share, "s", color=plot.VERMILLION, label=first)
        axis = f"{self.exposure} ({unit})" if unit else self.exposure
        ylabel = "rate (events per unit of time)"
        if self.kind == "logistic regression":
            ylabel = "probability (fraction)"
        ax.set(xlabel=axis, ylabel=ylabel, ylim=(0, None))
        if self.scale == "log2":
            ax.set_xscale("log")
            plain_ticks(ax.xaxis)
        ax.legend()
        return fig

    def _seen(self, part: NDArray[np.intp]) -> tuple[float, float, float]:
        """Share or rate in a group of patients, with its interval."""
        from scipy import stats

        y, t = self._outcome[part], self._amount[part]
        seen, amount, tail = y.sum(), t.sum(), (1 - self.level) / 2
        share = float(seen / amount)
        if self.kind == "logistic regression":  # Clopper and Pearson
            low = stats.beta.ppf(tail, seen, amount - seen + 1) if seen else 0.0
            high = stats.beta.ppf(1 - tail, seen + 1, amount - seen) if seen < amount else 1.0
        elif not seen:
            low, high = 0.0, stats.gamma.ppf(1 - tail, 1) / amount
        else:  # from the spread between patients, which exceeds that of Poisson's distribution
            se = np.sqrt(((y - share * t) ** 2).sum() * y.size / max(y.size - 1, 1)) / seen
            factor = np.exp(stats.norm.ppf(1 - tail) * se)
            low, high = share / factor, share * factor
        return share, float(low), float(high)


def logistic(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    covariates: Mapping[str, ArrayLike] | None = None,
    name: str = "exposure",
    scale: str = "log2",
    level: float = 0.95,
) -> Association:
    r"""Logistic regression of an event on exposure, by maximum likelihood (statsmodels).

    .. math:: \ln\frac{P}{1 - P} = \alpha + \beta \log_2 x + \gamma z

    so that :math:`e^\beta` is the odds ratio per doubling of exposure. Intervals and P are Wald's.

    Parameters
    ----------
    events : (N,) 0 or 1, or False or True, one entry a patient.
    exposure : (N,) such as Cmax or AUC, above zero with ``scale="log2"``.
    covariates : name -> (N,) numbers that enter as they are; 0 and 1 for yes and no.
    name : what the exposure is called in the result.
    scale : "log2" or "linear".
    level : of the intervals.

    Raises LearnerError for one patient, no events or only events, a constant column, columns that
    say the same, and separation: where some combination of the columns tells events from
    non-events without fail, and no finite odds ratio is best.
    """
    from statsmodels.discrete.discrete_model import Logit

    y = _flags("events", events)
    names, x = _design(exposure, covariates, name, scale, y.size, "events")
    chosen = checked_level(level)
    happened = int(y.sum())
    if happened in (0, y.size):
        raise LearnerError(
            given=f"{happened} events in {y.size} patients",
            expected="patients with and patients without the event",
            do="there is nothing to compare; report the share with its exact interval",
        )
    x = np.column_stack([np.ones(y.size), x])
    _full_rank(x, ("intercept", *names))
    sign = np.where(y == 1, 1.0, -1.0)
    _no_separation(sign[:, None] * x, ("intercept", *names), "odds ratio", "events")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Logit(y, x).fit(method="newton", disp=0, maxiter=200, tol=1e-12)
    notes = _few(min(happened, y.size - happened), len(names), "events (or non-events)")
    return _result(
        "logistic regression", "odds ratio", names, name, scale, chosen, y.size, y.size, happened,
        float(found.llf), {}, notes, "statsmodels", ("intercept", *names),
        np.asarray(found.params), np.asarray(found.cov_params()), x, y, np.ones(y.size),
    )  # fmt: skip


def negative_binomial(
    counts: ArrayLike,
    exposure: ArrayLike,
    *,
    follow_up: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
    name: str = "exposure",
    scale: str = "log2",
    level: float = 0.95,
) -> Association:
    r"""Negative binomial regression of a count on exposure (statsmodels, NB2).

    .. math:: \ln \mu = \ln T + \alpha + \beta \log_2 x + \gamma z, \qquad
              Var(y) = \mu + \phi\mu^2

    :math:`e^\beta` is the rate ratio per doubling of exposure, T the follow-up and φ the
    dispersion; with φ = 0 it is Poisson's, which is used where the counts spread no more than that.

    Parameters
    ----------
    counts : (N,) whole numbers of zero or above, one a patient.
    exposure, covariates, name, scale, level : as in :func:`logistic`.
    follow_up : (N,) above zero, in any unit of time; equal for all unless given.

    Raises LearnerError for one patient, negative or broken counts, no event at all, a constant
    column, a follow-up of zero, and a group without any event (rate ratio without a limit).
    """
    from scipy import stats
    from statsmodels.discrete.discrete_model import NegativeBinomial, Poisson

    y = non_negative("counts", counts, ndim=1)
    if np.any(y != np.round(y)):
        i = int(np.argmax(y != np.round(y)))
        raise LearnerError(
            given=f"counts[{i}] = {y[i]:g}",
            expected="whole numbers of events",
            do="pass events, not rates; their follow-up goes into follow_up",
        )
    names, x = _design(exposure, covariates, name, scale, y.size, "counts")
    chosen = checked_level(level)
    times = np.ones(y.size) if follow_up is None else positive("follow_up", follow_up, ndim=1)
    _equally_long("follow_up", times, "counts", y.size)
    if not y.any():
        raise LearnerError(
            given=f"no event in {y.size} patients",
            expected="at least some events",
            do="there is nothing to compare; report the upper limit of the rate",
        )
    x = np.column_stack([np.ones(y.size), x])
    _full_rank(x, ("intercept", *names))
    _no_separation(
        -x[y == 0], ("intercept", *names), "rate ratio", "patients without an event", x[y > 0]
    )
    offset = np.log(times)
    extra: dict[str, float] = {}
    notes = _few(int((y > 0).sum()), len(names), "patients with an event")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        poisson = Poisson(y, x, offset=offset).fit(method="newton", disp=0, maxiter=200)
        mean = np.asarray(poisson.predict(x, offset=offset))
        # The slope of the log-likelihood by the dispersion, where that is zero.
        if np.sum((y - mean) ** 2 - y) <= 0:
            found, dispersion, size = poisson, 0.0, x.shape[1]
            notes.append("the counts spread no more than Poisson's; their dispersion is held at 0")
        else:
            moment = max(np.sum((y - mean) ** 2 - y) / np.sum(mean**2), 0.01)
            model = NegativeBinomial(y, x, offset=offset, loglike_method="nb2")
            first = np.append(poisson.params, moment)
            near = model.fit(start_params=first, method="bfgs", disp=0, maxiter=2000)
            found = model.fit(start_params=near.params, method="newton", disp=0, maxiter=200)
            if not found.mle_retvals["converged"]:
                raise LearnerError(
                    given="counts for which the search for the best fit did not end",
                    expected="a likelihood with one peak",
                    do="look for a patient with a count far above all others, or fewer covariates",
                )
            dispersion, size = float(found.params[-1]), x.shape[1] + 1
    extra["dispersion"] = dispersion
    drop = 2 * (float(found.llf) - float(poisson.llf))
    if dispersion > 0:
        # Under Poisson's the dispersion lies at the edge of its range: half the usual P.
        extra["P of no more spread than Poisson's"] = float(stats.chi2.sf(max(drop, 0), 1) / 2)
    return _result(
        "negative binomial regression", "rate ratio", names, name, scale, chosen, y.size, y.size,
        int(y.sum()), float(found.llf), extra, notes, "statsmodels",
        ("intercept", *names, "dispersion")[:size], np.asarray(found.params)[:size],
        np.asarray(found.cov_params())[:size, :size], x, y, times,
    )  # fmt: skip


def cox(
    stop: ArrayLike,
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    start: ArrayLike | None = None,
    id: Sequence[Any] | NDArray[Any] | None = None,
    frailty: bool = False,
    covariates: Mapping[str, ArrayLike] | None = None,
    name: str = "exposure",
    scale: str = "log2",
    level: float = 0.95,
) -> Association:
    r"""Cox regression of a time to an event on exposure, which may change on the way (lifelines).

    .. math:: h(t) = h_0(t)\, e^{\beta \log_2 x(t) + \gamma z(t)}

    :math:`e^\beta` is the hazard ratio per doubling of the exposure at that time. Ties are handled
    as by Efron; with ``frailty`` as by Breslow.

    Parameters
    ----------
    stop : (N,) time of the event, or of the last look, above zero.
    events : (N,) 1 where the event came at ``stop``, 0 where the patient was free of it until then.
    exposure, covariates, name, scale, level : as in :func:`logistic`, one entry a row.
    start : (N,) where the row begins. With it a patient may have several rows, one for each stretch
        (start, stop] over which the exposure stays the same. An exposure belongs to a row only if
        it was known when the row began: one that looks ahead (the maximum of the whole course,
        from day 0 on) makes those who lived longer look better.
    id : (N,) the patient of each row; each row its own unless given.
    frailty : True for a hidden multiplier of the hazard that a patient's rows share, gamma
        distributed with mean 1, for events that come back or patients within centres (then ``id``
        is the centre). ``extra`` gets its variance. Neither library has it; see
        :mod:`cgtlearn.estimate.frailty`.

    Raises LearnerError for one patient, no event, a row that ends before it starts, rows of a
    patient that overlap, a constant column, and a ratio without a limit (at every event it is the
    patient with the highest, or the lowest, value who has it).
    """
    end = positive("stop", stop, ndim=1)
    y = _flags("events", events)
    _equally_long("events", y, "stop", end.size)
    begin = np.zeros(end.size) if start is None else non_negative("start", start, ndim=1)
    _equally_long("start", begin, "stop", end.size)
    names, x = _design(exposure, covariates, name, scale, end.size, "stop")
    chosen = checked_level(level)
    patients, rows_of = _patients(id, begin, end, start is not None, frailty)
    if not y.any():
        raise LearnerError(
            given=f"no event in {len(patients)} patients",
            expected="at least some events",
            do="there is nothing to compare; report the follow-up time and the upper limit of "
            "the rate",
        )
    _full_rank(x - x.mean(axis=0), names)
    _no_monotone(begin, end, y, x, names)
    notes = _few(int(y.sum()), len(names), "events")
    most = int(np.bincount(rows_of, y).max())
    if most > 1 and not frailty:
        notes.append(
            f"a patient has {most} events, and the intervals treat them as if they came from "
            "different patients; frailty=True does not"
        )
    coefficients, covariance, log_likelihood = _by_lifelines(begin, end, y, x, start is not None)
    extra: dict[str, float] = {}
    program, kind = "lifelines", "Cox regression"
    if frailty:
        from scipy import stats

        from cgtlearn.estimate.frailty import shared_gamma

        shared = shared_gamma(begin, end, y, x - x.mean(axis=0), rows_of, coefficients)
        coefficients, covariance = shared.coefficients, shared.covariance
        program, kind = "EM; start from lifelines", "Cox regression with shared gamma frailty"
        extra["variance of the frailty"] = shared.theta
        gain = 2 * (shared.log_likelihood - shared.log_likelihood_without)
        log_likelihood += gain / 2
        if shared.at_edge:
            notes.append("the patients differ no more than chance; the variance is held at 0")
        else:
            extra["P of no frailty"] = float(stats.chi2.sf(max(gain, 0), 1) / 2)
    return _result(
        kind, "hazard ratio", names, name, scale, chosen, end.size, len(patients), int(y.sum()),
        log_likelihood, extra, notes, program, names, coefficients, covariance, x, y, end - begin,
    )  # fmt: skip


# --- checks ------------------------------------------------------------------------------------


def _equally_long(name: str, values: Numbers, other: str, n: int) -> None:
    if values.size != n:
        raise LearnerError(
            given=f"{values.size} entries of {name} and {n} of {other}",
            expected=f"one entry of {name} for each of {other}",
            do="check that both come from the same rows",
        )


def _flags(name: str, values: ArrayLike) -> Numbers:
    array = np.asarray(values)
    flags = finite(name, array.astype(float) if array.dtype == bool else values, ndim=1)
    bad = (flags != 0) & (flags != 1)
    if bad.any():
        i = int(np.argmax(bad))
        raise LearnerError(
            given=f"{name}[{i}] = {flags[i]:g}",
            expected=f"{name} of 0 (no) and 1 (yes)",
            do="for a grade write the question as yes or no, such as grade >= 3; for a number of "
            "events use negative_binomial",
        )
    return flags


def _design(
    exposure: ArrayLike,
    covariates: Mapping[str, ArrayLike] | None,
    name: str,
    scale: str,
    n: int,
    other: str,
) -> tuple[tuple[str, ...], Numbers]:
    """Names and columns (N, p): the exposure on its scale, then the covariates."""
    one_of("scale", scale, SCALES)
    if n < 2:
        raise LearnerError(
            given=f"{n} patient" + ("" if n == 1 else "s"),
            expected="patients who differ in exposure and in outcome",
            do="give the data of all patients; one tells nothing about an association",
        )
    x = finite(name, exposure, ndim=1)
    if scale == "log2" and np.any(x <= 0):
        i = int(np.argmax(x <= 0))
        raise LearnerError(
            given=f"{name}[{i}] = {x[i]:g}",
            expected=f'{name} above zero with scale="log2"',
            do="decide what a patient below the limit stands for before the fit, and say so; or "
            'use scale="linear"',
        )
    columns = {name: np.log2(x) if scale == "log2" else x}
    for key, values in (covariates or {}).items():
        if key in columns or key == "intercept":
            raise LearnerError(
                given=f"the covariate {key!r} twice",
                expected="a name of its own for every column",
                do="name the exposure with name=..., or rename the covariate",
            )
        array = np.asarray(values)
        columns[key] = finite(key, array.astype(float) if array.dtype == bool else values, ndim=1)
    for key, column in columns.items():
        _equally_long(key, column, other, n)
        if np.ptp(column) == 0:
            raise LearnerError(
                given=f"{key} = {(x if key == name else column)[0]:g} in every row",
                expected="a column with different values",
                do=f"leave {key} out: what is the same for all cannot be associated with anything",
            )
    if n <= len(columns) + 1:
        raise LearnerError(
            given=f"{n} rows for {len(columns) + 1} coefficients",
            expected="more rows than coefficients, at least ten events for each",
            do="leave covariates out, or give more patients",
        )
    return tuple(columns), np.column_stack(list(columns.values()))


def _full_rank(x: Numbers, names: Sequence[str]) -> None:
    scaled = x / np.sqrt((x**2).mean(axis=0))
    for size in range(2, len(names) + 1):
        if np.linalg.matrix_rank(scaled[:, :size], tol=1e-8 * math.sqrt(len(x))) < size:
            raise LearnerError(
                given=f"the column {names[size - 1]!r}, which the columns before it already say",
                expected="columns that each say something of their own",
                do=f"leave {names[size - 1]!r} or one of {', '.join(names[: size - 1])} out",
            )


def _direction(at_least_zero: Numbers, zero: Numbers | None = None) -> Numbers | None:
    """A direction b with ``at_least_zero @ b >= 0``, not all 0, and ``zero @ b == 0``; or None.

    A linear program (Konis, 2007). Where there is one, the likelihood rises along it without end.
    """
    from scipy.optimize import linprog

    scale = np.abs(at_least_zero).max(axis=0)
    scale[scale == 0] = 1.0
    rows = at_least_zero / scale
    equal = {} if zero is None else {"A_eq": zero / scale, "b_eq": np.zeros(len(zero))}
    found = linprog(
        -rows.mean(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1), **equal
    )
    if found.status != 0 or -found.fun < 1e-7:
        return None
    return np.asarray(found.x / scale)


def _separation(direction: Numbers, names: Sequence[str], ratio: str, what: str) -> LearnerError:
    told = [n for n, b in zip(names, direction, strict=True) if n != "intercept" and abs(b) > 1e-6]
    listed = " and ".join(told) if told else "the columns"
    return LearnerError(
        given=f"{listed}, which tells {what} from the others without fail (separation)",
        expected=f"values of {listed} at which both occur",
        do=f"no finite {ratio} is best, and none is reported: leave the column out, join groups, "
        "or report the counts in each group with exact intervals",
    )


def _no_separation(
    rows: Numbers, names: Sequence[str], ratio: str, what: str, zero: Numbers | None = None
) -> None:
    direction = _direction(rows, zero) if len(rows) else None
    if direction is not None:
        raise _separation(direction, names, ratio, what)


def _no_monotone(
    begin: Numbers, end: Numbers, y: Numbers, x: Numbers, names: Sequence[str]
) -> None:
    """At every event, has the one with the highest score among those at risk had it?"""
    rows = []
    for i in np.flatnonzero(y == 1):
        at_risk = (begin < end[i]) & (end >= end[i])
        at_risk[i] = False
        rows.append(x[i] - x[at_risk])
    pairs = np.concatenate(rows)
    pairs = np.unique(pairs[np.any(pairs != 0, axis=1)], axis=0)
    direction = _direction(pairs) if len(pairs) else np.ones(len(names))
    if direction is not None:
        raise _separation(direction, names, "hazard ratio", "at every event who has it")


def _patients(
    id: Any, begin: Numbers, end: Numbers, stretches: bool, frailty: bool
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The patients, each once, and the number of each row's patient."""
    bad = begin >= end
    if bad.any():
        i = int(np.argmax(bad))
        raise LearnerError(
            given=f"row {i} from {begin[i]:g} to {end[i]:g}",
            expected="rows that end after they start",
            do="check start and stop; move an event at time zero to a small time above it, and "
            "say so",
        )
    if id is None:
        if frailty:
            raise LearnerError(
                given="frailty=True without id",
                expected="id: which rows share a frailty",
                do="pass id=..., the patient (or centre) of each row",
            )
        return np.arange(end.size), np.arange(end.size)
    named = np.asarray(id)
    _equally_long("id", named, "stop", end.size)
    patients, rows_of = np.unique(named, return_inverse=True)
    if patients.size < 2:
        raise LearnerError(
            given=f"one patient, {named[0]!r}, in {end.size} rows",
            expected="several patients",
            do="give the data of all patients; one tells nothing about an association",
        )
    if stretches:
        order = np.lexsort((begin, rows_of))
        same = rows_of[order][1:] == rows_of[order][:-1]
        overlap = same & (begin[order][1:] < end[order][:-1])
        if overlap.any():
            i = int(np.argmax(overlap))
            a, b = order[i], order[i + 1]
            raise LearnerError(
                given=f"patient {named[a]!r} from {begin[a]:g} to {end[a]:g} and again from "
                f"{begin[b]:g} to {end[b]:g}",
                expected="rows of a patient that follow each other",
                do="cut the first row where the second starts; if the id is a centre, give rows "
                "without start, or each patient an id of their own",
            )
    elif not frailty and patients.size < end.size:
        raise LearnerError(
            given=f"{end.size} rows of {patients.size} patients, all from time 0",
            expected="one row a patient, or start as well as stop",
            do="pass start=..., where each row begins",
        )
    return patients, rows_of


def _few(events: int, coefficients: int, what: str) -> list[str]:
    if events >= FEW * coefficients:
        return []
    return [f"{events} {what} for {coefficients} coefficients; the intervals are too narrow"]


# --- fitting -----------------------------------------------------------------------------------


def _by_lifelines(
    begin: Numbers, end: Numbers, y: Numbers, x: Numbers, stretches: bool
) -> tuple[Numbers, Numbers, float]:
    import pandas as pd
    from lifelines import CoxPHFitter, CoxTimeVaryingFitter
    from lifelines.exceptions import ConvergenceError

    columns = [f"x{i}" for i in range(x.shape[1])]
    frame = pd.DataFrame(x, columns=columns).assign(begin=begin, end=end, event=y)
    options = {"fit_options": {"precision": 1e-10, "max_steps": 500}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if stretches:
                frame["row"] = np.arange(len(frame))
                found: Any = CoxTimeVaryingFitter()
                found.fit(
                    frame, event_col="event", start_col="begin", stop_col="end", id_col="row",
                    **options,
                )  # fmt: skip
            else:
                found = CoxPHFitter()
                found.fit(frame.drop(columns="begin"), "end", "event", **options)
    except ConvergenceError:
        raise LearnerError(
            given="columns for which the search for the best fit did not end",
            expected="a likelihood with one peak",
            do="leave out covariates that nearly say the same, or that nearly tell who has the "
            "event",
        ) from None
    return (
        np.asarray(found.params_[columns], float),
        np.asarray(found.variance_matrix_, float),
        float(found.log_likelihood_),
    )


def _result(
    kind: str,
    ratio: str,
    names: tuple[str, ...],
    exposure: str,
    scale: str,
    level: float,
    n: int,
    n_patients: int,
    n_events: int,
    log_likelihood: float,
    extra: dict[str, float],
    notes: list[str],
    program: str,
    all_names: tuple[str, ...],
    estimates: Numbers,
    covariance: Numbers,
    x: Numbers,
    outcome: Numbers,
    amount: Numbers,
) -> Association:
    from scipy import stats

    z = float(stats.norm.ppf((1 + level) / 2))
    terms = []
    for key in names:
        i = all_names.index(key)
        b, se = float(estimates[i]), float(np.sqrt(covariance[i, i]))
        p = float(2 * stats.norm.sf(abs(b) / se))
        low, high = math.exp(b - z * se), math.exp(b + z * se)
        terms.append(Term(key, b, se, math.exp(b), low, high, p))
    return Association(
        kind, ratio, exposure, scale, tuple(terms), level, n, n_patients, n_events, log_likelihood,
        extra, tuple(notes), program, covariance, all_names, estimates, x, outcome, amount,
    )  # fmt: skip


def _expit(v: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-v)))


def _digits(ratio: float) -> str:
    """Three digits, the last kept where it is zero: an interval that ends at 1.00 says so."""
    return f"{ratio:#.3g}".rstrip(".") if 1e-3 <= ratio < 1e3 else digits(ratio)


def _between(term: Term) -> str:
    return f"{_digits(term.low)} – {_digits(term.high)}"

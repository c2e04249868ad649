r"""Levels known by band: log-normals, one or two, fitted to bands, censored and measured values.

A report prints "9 % below 3 IU/dL", an assay prints "< 3". Both say that a level lies between two
limits. With F the distribution of levels, a band :math:`(a_i, b_i)` that holds :math:`n_i` people
adds to the log-likelihood

.. math:: n_i \ln\left[F(b_i) - F(a_i)\right]

and a measured value (:math:`a_i = b_i`) adds the logarithm of the density there. F is a log-normal,
or a mixture of two, such as low responders and responders:

.. math:: F(x) = \pi\,\Phi\!\left(\frac{\ln x - \ln m_1}{\omega_1}\right)
          + (1 - \pi)\,\Phi\!\left(\frac{\ln x - \ln m_2}{\omega_2}\right), \qquad m_1 < m_2

Four bands carry three numbers, since their counts add up to the whole. A mixture of two has five
parameters. Such a fit is refused, unless some of the five are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, as_numbers, one_number, unknown_name
from cgtlearn.estimate.fit import Interval, checked_level
from cgtlearn.estimate.report import aligned, digits

__all__ = ["Lognormals", "fit_bands", "lognormal_of"]

Numbers = NDArray[np.float64]

NAMES = {1: ("median", "log_sd"), 2: ("share", "median_1", "log_sd_1", "median_2", "log_sd_2")}
LOWEST_LOG_SD = 0.05
"""A narrower log-normal could stand on one measured value, where its density has no limit."""
HIGHEST_LOG_SD = 5.0
STARTS = 60
"""So many starts are looked at, and the optimiser runs from the ``CHOSEN`` best of them."""
CHOSEN = 5
SEED = 1


@dataclass(frozen=True)
class Lognormals:
    """One log-normal or a mixture of two, and how it was found.

    ``shares``, ``medians`` and ``log_sds`` (K,) are in order of the medians. ``estimates`` names
    what was fitted, with Wald intervals (NaN where the data cannot tell); ``fixed`` what was given.
    ``log_likelihood`` counts no constant. ``warnings`` are reasons to read the result with care.
    """

    shares: Numbers
    medians: Numbers
    log_sds: Numbers
    unit: str = ""
    estimates: Mapping[str, Interval] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    log_likelihood: float = math.nan
    n: float = 0
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    @property
    def aic(self) -> float:
        """Twice the number of fitted parameters, less twice the log-likelihood. Lower is better."""
        return 2 * len(self.estimates) - 2 * self.log_likelihood

    @property
    def mean(self) -> float:
        """Arithmetic mean: a log-normal's is median × exp(log-SD² / 2)."""
        return float(self.shares @ (self.medians * np.exp(self.log_sds**2 / 2)))

    @property
    def sd(self) -> float:
        """Standard deviation of the levels."""
        square = self.shares @ (self.medians**2 * np.exp(2 * self.log_sds**2))
        return float(np.sqrt(square - self.mean**2))

    @property
    def median(self) -> float:
        """The level below which half of all people are."""
        from scipy.optimize import brentq

        if self.medians.size == 1:
            return float(self.medians[0])
        ends = np.log(self.medians[[0, -1]])
        return float(np.exp(brentq(lambda x: float(self.below(np.exp(x))) - 0.5, *ends)))

    def below(self, x: ArrayLike) -> Any:
        """The share of people below ``x``, of any shape."""
        from scipy.special import ndtr

        with np.errstate(divide="ignore"):
            z = np.log(np.asarray(x, float))[..., None] - np.log(self.medians)
        return ndtr(z / self.log_sds) @ self.shares

    def between(self, low: ArrayLike, high: ArrayLike) -> Any:
        """The share of people from ``low`` to ``high``."""
        return self.below(high) - self.below(low)

    def draw(self, size: int, seed: int) -> Numbers:
        """Levels of ``size`` simulated people."""
        rng = np.random.default_rng(seed)
        which = rng.choice(self.shares.size, size, p=self.shares)
        return np.asarray(
            self.medians[which] * np.exp(self.log_sds[which] * rng.standard_normal(size))
        )

    def summary(self) -> str:
        """The result as text: the same on every machine."""
        kind = "one log-normal" if self.medians.size == 1 else "two log-normals"
        unit = f" {self.unit}" if self.unit else ""
        lines = [f"{kind}, {self.n:g} people", ""]
        rows = [("parameter", "estimate", f"{100 * self.level:g} % interval")]
        for name, value in self.estimates.items():
            tail = unit if name.startswith("median") else ""
            between = "cannot be told" if math.isnan(value.low) else (
                f"{digits(value.low)} – {digits(value.high)}{tail}"
            )  # fmt: skip
            rows.append((name, digits(value.value) + tail, between))
        rows += [(name, digits(value), "given") for name, value in self.fixed.items()]
        lines += aligned(rows, right=[1])
        lines += ["", f"mean {digits(self.mean)}, SD {digits(self.sd)}{unit}"]
        if not math.isnan(self.log_likelihood):
            lines.append(f"log-likelihood {self.log_likelihood:.2f}, AIC {self.aic:.2f}")
        lines += [f"Warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()


def lognormal_of(mean: float, sd: float, unit: str = "") -> Lognormals:
    r"""The log-normal with this mean and SD: what a report's "42 (SD 45)" is often taken for.

    .. math:: \omega^2 = \ln\left(1 + (s/\bar x)^2\right), \qquad m = \bar x\,e^{-\omega^2/2}
    """
    m, s = one_number("mean", mean, above=0.0), one_number("sd", sd, above=0.0)
    log_sd = math.sqrt(math.log1p((s / m) ** 2))
    return Lognormals(
        np.ones(1), np.array([m * math.exp(-(log_sd**2) / 2)]), np.array([log_sd]), unit
    )


def fit_bands(
    low: ArrayLike,
    high: ArrayLike,
    count: ArrayLike | None = None,
    *,
    components: int = 1,
    fixed: Mapping[str, float] | None = None,
    unit: str = "",
    level: float = 0.95,
) -> Lognormals:
    """Fit a log-normal, or a mixture of two, by maximum likelihood.

    Parameters
    ----------
    low, high : (R,) the limits of each row. Zero and infinity stand for "no limit"; the same value
        twice is a measured level. "< 3" is (0, 3); "40 or more" is (40, inf).
    count : (R,) people in each row; one each unless given. Shares times n will do.
    components : 1 or 2.
    fixed : parameters that are given, by name: 'median' and 'log_sd' of one; 'share', 'median_1',
        'log_sd_1', 'median_2', 'log_sd_2' of two, the first being the lower.
    unit : of the levels, for the text.
    level : of the intervals.

    Raises LearnerError for broken limits or counts, and where the rows carry fewer numbers than the
    fit has parameters.
    """
    from scipy.optimize import minimize

    a, b, n = _rows(low, high, count)
    if components not in NAMES:
        raise LearnerError(
            given=f"components = {components!r}",
            expected="1 or 2 log-normals",
            do="choose one of them; bands seldom carry more",
        )
    names = NAMES[components]
    given = {}
    for name, value in (fixed or {}).items():
        if name not in names:
            raise unknown_name(name, names, "parameter of the mixture")
        given[name] = one_number(name, value, above=0.0)
        if name == "share" and given[name] >= 1:
            raise LearnerError(
                given=f"share = {given[name]:g}",
                expected="a share between 0 and 1",
                do="write 12 per cent as 0.12",
            )
    free = tuple(name for name in names if name not in given)
    chosen = checked_level(level)
    _enough(a, b, n, free, given)
    likelihood = _Likelihood(a, b, n, names, given)

    best = None
    bounds = [likelihood.bounds(name) for name in free]
    for start in likelihood.starts(free):
        end = minimize(
            lambda x: -likelihood(x),
            np.clip(start, *np.transpose(bounds)),
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 1000},
        ) if free else None  # fmt: skip
        if end is not None and (best is None or end.fun < best.fun):
            best = end
    point = np.zeros(0) if best is None else np.asarray(best.x)
    return _found(likelihood, point, free, given, bounds, unit, float(n.sum()), chosen)


class _Likelihood:
    """The log-likelihood over a free vector: logit of the share, logarithms of all else."""

    def __init__(
        self, a: Numbers, b: Numbers, n: Numbers, names: tuple[str, ...], given: dict[str, float]
    ) -> None:
        exact = a == b
        with np.errstate(divide="ignore"):
            self.x = np.log(a[exact])
            self.a, self.b = np.log(a[~exact]), np.log(b[~exact])
        self.n_exact, self.n_band = n[exact], n[~exact]
        self.names, self.given = names, given
        self.free = tuple(name for name in names if name not in given)
        seen = np.concatenate([self.x, self.a, self.b])
        seen = seen[np.isfinite(seen)]
        self.low, self.high = float(seen.min()), float(seen.max())

    def bounds(self, name: str) -> tuple[float, float]:
        if name == "share":
            return -12.0, 12.0
        if name.startswith("log_sd"):
            return math.log(LOWEST_LOG_SD), math.log(HIGHEST_LOG_SD)
        return self.low - 7.0, self.high + 7.0

    def parameters(self, point: Numbers) -> dict[str, float]:
        values = dict(self.given)
        for name, z in zip(self.free, point, strict=True):
            values[name] = float(1 / (1 + np.exp(-z)) if name == "share" else np.exp(z))
        return values

    def parts(self, values: Mapping[str, float]) -> tuple[Numbers, Numbers, Numbers]:
        """Shares, logarithms of the medians and log-SDs."""
        if "share" not in self.names:
            m, s = np.log([values["median"]]), np.array([values["log_sd"]])
            return np.ones(1), m, s
        pi = values["share"]
        m = np.log([values["median_1"], values["median_2"]])
        return np.array([pi, 1 - pi]), m, np.array([values["log_sd_1"], values["log_sd_2"]])

    def __call__(self, point: Numbers) -> float:
        from scipy.special import log_ndtr

        share, m, s = self.parts(self.parameters(point))
        below, above = (self.a[:, None] - m) / s, (self.b[:, None] - m) / s
        # In the upper tail both are near 1: there the difference is taken from the other side.
        flip = below > 0
        first, last = np.where(flip, -above, below), np.where(flip, -below, above)
        big, small = log_ndtr(last), log_ndtr(first)
        with np.errstate(divide="ignore"):
            band = big + np.log1p(-np.exp(np.minimum(small - big, 0)))
        z = (self.x[:, None] - m) / s
        density = -(z**2) / 2 - np.log(s) - self.x[:, None] - math.log(2 * math.pi) / 2
        total = self.n_band @ _log_sum(band, share) + self.n_exact @ _log_sum(density, share)
        return float(max(total, -1e12))

    def starts(self, free: tuple[str, ...]) -> list[Numbers]:
        """Starts spread over the range of the limits, the same on every machine."""
        rng = np.random.default_rng(SEED)
        found = []
        for _ in range(STARTS):
            low, high = np.sort(rng.uniform(self.low - 1, self.high + 1, 2))
            guess = {"share": rng.normal(0, 1.5), "median": rng.uniform(self.low, self.high),
                     "median_1": low, "median_2": high}  # fmt: skip
            found.append(
                np.array([guess.get(name, math.log(rng.uniform(0.3, 1.5))) for name in free])
            )
        return sorted(found, key=self, reverse=True)[:CHOSEN]


def _log_sum(each: Numbers, share: Numbers) -> Numbers:
    """ln of the shares' sum of exp(each), over the last axis."""
    top = np.maximum(each.max(axis=1), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(each - top[:, None]) @ share))


def _rows(
    low: ArrayLike, high: ArrayLike, count: ArrayLike | None
) -> tuple[Numbers, Numbers, Numbers]:
    a, b = as_numbers("low", low, ndim=1), as_numbers("high", high, ndim=1)
    n = np.ones(a.size) if count is None else as_numbers("count", count, ndim=1)
    if not a.size == b.size == n.size or not a.size:
        raise LearnerError(
            given=f"{a.size} lower limits, {b.size} upper limits, {n.size} counts",
            expected="one of each for every row, and at least one row",
            do="give a row for each band or value, in the same order",
        )
    bad = ~((a >= 0) & (b >= a) & (b > 0) & np.isfinite(a)) | ((a == b) & ~np.isfinite(b))
    if bad.any():
        i = int(np.argmax(bad))
        raise LearnerError(
            given=f"a row from {a[i]:g} to {b[i]:g}",
            expected="limits of zero or above, the lower first; 0 and inf for no limit",
            do="write '< 3' as (0, 3), '40 or more' as (40, inf), a measured 12 as (12, 12)",
        )
    if not (np.isfinite(n).all() and (n >= 0).all() and n.sum() > 0):
        raise LearnerError(
            given=f"counts {n.tolist()}",
            expected="people in each row, zero or more, and some in all",
            do="pass counts; turn shares into counts with the number of people behind them",
        )
    kept = n > 0
    # An empty band says nothing by itself: the others say how much is left for it.
    return a[kept], b[kept], n[kept]


def _enough(
    a: Numbers, b: Numbers, n: Numbers, free: tuple[str, ...], given: Mapping[str, float]
) -> None:
    """Do the rows carry as many numbers as there are free parameters?"""
    exact = np.unique(a[a == b]).size
    bands = {(x, y) for x, y in zip(a, b, strict=True) if x != y}
    carried = exact + len(bands) - (0 if exact else 1)
    if carried < len(free):
        raise LearnerError(
            given=f"{len(bands)} bands with people in them and {exact} measured values, which carry"
            f" {carried} numbers",
            expected=f"at least {len(free)}, one for each of {', '.join(free)}",
            do="fit one log-normal, or give some of them: fixed={'median_1': ..., 'log_sd_1': ...}",
        )


def _found(
    likelihood: _Likelihood,
    point: Numbers,
    free: tuple[str, ...],
    given: dict[str, float],
    bounds: list[tuple[float, float]],
    unit: str,
    n: float,
    level: float,
) -> Lognormals:
    from scipy import stats

    values = likelihood.parameters(point)
    share, m, s = likelihood.parts(values)
    notes = []
    if m.size == 2 and m[0] > m[1]:
        if given:
            notes.append("the first component came out as the higher one; see what was given")
        else:  # the same mixture with its components the other way round
            turned = {"share": 1 - values["share"]}
            for k, other in (("1", "2"), ("2", "1")):
                turned |= {f"{w}_{k}": values[f"{w}_{other}"] for w in ("median", "log_sd")}
            values, (share, m, s) = turned, likelihood.parts(turned)
            point = np.array([
                math.log(v / (1 - v)) if name == "share" else math.log(v)
                for name, v in ((name, turned[name]) for name in free)
            ])  # fmt: skip
    for name, z, (low, high) in zip(free, point, bounds, strict=True):
        if min(z - low, high - z) < 1e-3:
            notes.append(f"{name} ran to the end of its range: the rows do not hold it")
    sd = _standard_errors(likelihood, point)
    reach = float(stats.norm.ppf((1 + level) / 2))
    estimates = {}
    for i, name in enumerate(free):
        ends = [
            likelihood.parameters(point + sign * reach * sd[i] * np.eye(len(free))[i])[name]
            if np.isfinite(sd[i]) else math.nan
            for sign in (-1, 1)
        ]  # fmt: skip
        estimates[name] = Interval(values[name], *ends)
    if free and not np.isfinite(sd).all():
        notes.append("not every parameter can be told from these rows; others fit as well")
    return Lognormals(
        share, np.exp(m), s, unit, estimates, given, likelihood(point), n, level, tuple(notes)
    )


def _standard_errors(likelihood: _Likelihood, point: Numbers) -> Numbers:
    """From the curvature of the log-likelihood at its best; NaN where it is flat."""
    size = point.size
    if not size:
        return np.zeros(0)
    step = 1e-4
    shift = step * np.eye(size)
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(i, size):
            corners = [
                si * sj * likelihood(point + si * shift[i] + sj * shift[j])
                for si in (1, -1)
                for sj in (1, -1)
            ]
            hessian[i, j] = hessian[j, i] = sum(corners) / (4 * step**2)
    values, vectors = np.linalg.eigh(-hessian)
    if values.min() <= 1e-4 * max(values.max(), 1.0) * 1e-2:
        return np.full(size, math.nan)
    return np.asarray(np.sqrt(np.sum(vectors**2 / values, axis=1)))

r"""One patient, the Bayesian way: priors, draws from the posterior, forecasts.

Bayes: :math:`p(\theta \mid y) \propto p(y \mid \theta)\, p(\theta)`. The likelihood is that of
:func:`cgtlearn.estimate.fit_one`. Draws come from emcee's ensemble sampler (Goodman and Weare 2010,
Comm. App. Math. Comp. Sci. 5, 65-80): many walkers, each of which steps along the line to another
one, so that neither scale nor correlation of the parameters needs tuning.

Diagnostics are ArviZ's. The effective sample size takes each walker as a chain. R-hat compares the
ensembles, which know nothing of each other: within one, walkers learn from each other.

Why emcee, and not NumPyro or PyMC. Measured with Python 3.11 on two shared cores in November 2026,
each in an environment of its own, with NumPy and SciPy (171 MB). *Import*: seconds on the clock,
the middle one of three. *Run*: seconds of processor time for one script, from its first line to
the draws of a bi-exponential with four parameters, ten samples and an unknown SD; all three ended
with 1,400 to 1,600 effective draws of the worst parameter, and with the same posterior.

============================  =======  ========  ======  =====  =============
library                       more MB  packages  import  run    last release
============================  =======  ========  ======  =====  =============
emcee 3.1.6                   under 1         1     1.8      7  April 2024
NumPyro 0.22.0 (JAX 0.10.2)       359         7     2.4     24  September 2026
PyMC 5.28.5                       352        37     7.0     27  November 2026
============================  =======  ========  ======  =====  =============

(PyMC's last release is 6.4.0, but 5.28.5 is what Python 3.11 gets. ArviZ, which the course needs
for its diagnostics, adds 156 MB and 2.5 s of import to emcee; PyMC brings it along, and the 7 s
include it.) Their gradients pay with many parameters. Here there are few, a peak is a kink without
a gradient, and a model is NumPy code that both would need to have written again. emcee takes that
code as it is, all walkers in one call.

Its health is the weak point: no release for two and a half years, though NumPy 2 works and its
repository was still kept up in March 2026. It is small pure Python, and only ``_sampled`` below
knows it.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, same_length, short, sorted_times, unknown_name
from cgtlearn.estimate import scores
from cgtlearn.estimate.fit import Interval, checked_level, limits
from cgtlearn.estimate.likelihood import Numbers, Samples, known_sd, prepared
from cgtlearn.estimate.one import SetUp, at_the_limit, prepare
from cgtlearn.estimate.priors import HALF_LOG_2PI, Prior, as_prior, half_normal
from cgtlearn.estimate.problem import from_u, to_u
from cgtlearn.estimate.report import aligned, digits, to_csv, to_json
from cgtlearn.models.contract import Model
from cgtlearn.population.patients import checked_seed, stream
from cgtlearn.population.progress import Progress

__all__ = ["Forecast", "ForecastScores", "Posterior", "bayes_one"]

RHAT_LIMIT = 1.01
"""Above it the ensembles still differ (Vehtari et al. 2021, Bayesian Analysis 16, 667-718)."""
FEWEST_EFFECTIVE = 400
"""Effective draws below which quantiles are rough (the same paper)."""
CANDIDATES = 2000
"""Draws from the prior among which the walkers' first places are chosen."""
SIGMA = "residual_sd"


@dataclass(frozen=True)
class Posterior:
    """Draws from a posterior. ``print`` shows :meth:`summary`.

    ``draws`` maps each parameter, and ``residual_sd`` where it was not known, to (C, S): C walkers
    of all ensembles, S draws of each, in the parameter's unit. ``posterior["tmax"]`` is all of them
    in one row. ``rhat`` and ``ess`` (bulk) are by parameter. ``warnings`` say what to read with
    care.
    """

    name: str
    draws: dict[str, Numbers] = field(repr=False)
    log_posterior: Numbers = field(repr=False)
    priors: dict[str, Prior]
    ensembles: int
    accepted: float
    rhat: dict[str, float]
    ess: dict[str, float]
    ess_tail: dict[str, float]
    level: float
    held: dict[str, float]
    units: dict[str, str]
    warnings: tuple[str, ...]
    _set_up: SetUp = field(repr=False)
    _lloq: float | None = field(repr=False)
    _seed: int = field(repr=False)

    @property
    def ok(self) -> bool:
        """True when nothing needs care."""
        return not self.warnings

    def __getitem__(self, name: str) -> Numbers:
        if name not in self.draws:
            raise unknown_name(name, self.draws, "parameter of the posterior")
        return self.draws[name].ravel()

    @property
    def intervals(self) -> dict[str, Interval]:
        """Median and the central interval of ``level``, by parameter."""
        ends = [0.5, (1 - self.level) / 2, (1 + self.level) / 2]
        return {
            k: Interval(*(float(q) for q in np.quantile(v, ends))) for k, v in self.draws.items()
        }

    def derived(self, function: Callable[[Any], Any], level: float | None = None) -> Interval:
        """Median and interval of a quantity computed from the parameters.

        ``function(p)`` takes arrays of draws by attribute, such as
        ``lambda p: np.log(2) / p.contraction_rate``; parameters that were held are numbers.
        """
        from types import SimpleNamespace

        chosen = self.level if level is None else checked_level(level)
        values = np.asarray(
            function(SimpleNamespace(**{**self.held, **{k: self[k] for k in self.draws}})), float
        )
        if values.shape != (self.log_posterior.size,) or not np.isfinite(values).all():
            raise LearnerError(
                given=f"a derived quantity of shape {values.shape}",
                expected=f"one finite number for each of {self.log_posterior.size} draws",
                do="use NumPy functions, which work on arrays: np.log, np.where",
            )
        ends = [0.5, (1 - chosen) / 2, (1 + chosen) / 2]
        return Interval(*(float(q) for q in np.quantile(values, ends)))

    def table(self) -> list[dict[str, Any]]:
        """One row a parameter: parameter, median, low, high, unit, rhat, ess, ess_tail, prior,
        share_of_prior (the posterior's SD over the prior's, in ln or logit)."""
        shares = self._shares()
        return [
            {
                "parameter": name,
                "median": value,
                "low": low,
                "high": high,
                "unit": self.units[name],
                "rhat": self.rhat[name],
                "ess": self.ess[name],
                "ess_tail": self.ess_tail[name],
                "prior": str(self.priors[name]),
                "share_of_prior": shares[name],
            }
            for name, (value, low, high) in self.intervals.items()
        ]

    def _shares(self) -> dict[str, float]:
        rng = stream(self._seed, "prior")
        scales = {f.name: f.scale for f in self._set_up.problem.free}
        found = {}
        for name, prior in self.priors.items():
            scale = scales.get(name, "log")
            before = np.std(to_u(prior.draw(4000, rng), scale))
            found[name] = float(np.std(to_u(self[name], scale)) / before)
        return found

    def summary(self) -> str:
        """The result as text."""
        head = (
            "parameter", "median", f"{100 * self.level:g} % interval", "unit", "R-hat", "ESS",
            "of prior's SD",
        )  # fmt: skip
        rows = [
            (
                r["parameter"],
                digits(r["median"]),
                limits(Interval(r["median"], r["low"], r["high"])),
                ledger.pretty(r["unit"]),
                f"{r['rhat']:.3f}",
                f"{r['ess']:,.0f}",
                f"{r['share_of_prior']:.0%}",
            )
            for r in self.table()
        ]
        walkers, steps = self.log_posterior.shape
        lines = [
            f"Posterior of {self.name}: {walkers} walkers in {self.ensembles} ensembles, {steps} "
            "draws each",
            "",
            *aligned([head, *rows], right=[1, 4, 5, 6]),
            "",
            f"{self.accepted:.0%} of proposals accepted",
            *(f"Warning: {text}" for text in self.warnings),
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        care = f", {len(self.warnings)} warnings" if self.warnings else ""
        return f"Posterior of {self.name}: {self.log_posterior.size:,} draws{care}"

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the draws as CSV: walker, draw, log_posterior and one column a parameter."""
        walkers, steps = self.log_posterior.shape
        return to_csv(
            path,
            (
                {
                    "walker": c,
                    "draw": s,
                    "log_posterior": float(self.log_posterior[c, s]),
                    **{k: float(v[c, s]) for k, v in self.draws.items()},
                }
                for c in range(walkers)
                for s in range(steps)
            ),
        )

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the table, the priors and the warnings as JSON. The draws go to CSV."""
        return to_json(
            path,
            {
                "curve": self.name,
                "parameters": self.table(),
                "level": self.level,
                "held": self.held,
                "walkers": self.log_posterior.shape[0],
                "ensembles": self.ensembles,
                "draws": self.log_posterior.shape[1],
                "accepted": self.accepted,
                "warnings": self.warnings,
            },
        )

    def to_arviz(self) -> Any:
        """The draws as ArviZ InferenceData, each walker a chain.

        Groups: ``posterior``, ``sample_stats`` with ``lp``, ``log_likelihood`` of the samples (of
        ln(value) for log-normal error; what was left out has 0), ``prior``, ``observed_data``.

        ``arviz.rhat`` of it takes walkers for independent chains; ours compares the ensembles.
        """
        az = _arviz()
        rng = stream(self._seed, "prior")
        before = {k: prior.draw(2000, rng)[None] for k, prior in self.priors.items()}
        up = self._set_up
        u, sigma = self._u()
        s = up.problem.samples
        each = _each_log_likelihood(s, s.scaled(up.many(u, up.times)), sigma)
        shape = (*self.log_posterior.shape, up.times.size)
        return az.from_dict(
            posterior=self.draws,
            prior=before,
            sample_stats={"lp": self.log_posterior},
            log_likelihood={"value": each.reshape(shape)},
            observed_data={"value": up.values},
            coords={"time": up.times},
            dims={"value": ["time"]},
        )

    def _u(self, chosen: Any = slice(None)) -> tuple[Numbers, Numbers]:
        """Draws as rows of u (K, p), and their residual SDs (K,)."""
        problem = self._set_up.problem
        u = np.stack([np.asarray(to_u(self[f.name], f.scale)) for f in problem.free], axis=1)
        size = self.log_posterior.size
        sigma = self[SIGMA] if problem.sigma is None else np.full(size, problem.sigma)
        return u[chosen], sigma[chosen]

    def forecast(self, times: ArrayLike, n: int = 1000, seed: int | None = None) -> Forecast:
        """The posterior predictive at ``times`` (T,): curves, and samples with noise, of n draws.

        Raises LearnerError for times that fall, and more draws than there are.
        """
        grid = sorted_times("times", times, strictly=False)
        size = self.log_posterior.size
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 2 <= n <= size:
            raise LearnerError(
                given=f"n = {short(n)}",
                expected=f"a whole number from 2 to {size}, the draws of this posterior",
                do="leave n out, or ask bayes_one for more draws",
            )
        rng = stream(self._seed if seed is None else checked_seed(seed), "forecast")
        u, sigma = self._u(rng.choice(size, int(n), replace=False))
        s = self._set_up.problem.samples
        planned = Samples(
            s.error, np.zeros(grid.size), np.ones(grid.size, bool), np.zeros(grid.size, bool),
            math.nan, np.full(grid.size, float(np.median(s.spread))),
        )  # fmt: skip
        g = planned.scaled(self._set_up.many(u, grid))
        noise = sigma[:, None] * planned.unit_sd(g) * rng.standard_normal(g.shape)
        return Forecast(
            grid, planned.unscaled(g), planned.unscaled(g + noise), sigma, s.error,
            self._set_up.labels, planned,
        )  # fmt: skip

    def plot(self, times: ArrayLike | None = None, level: float | None = None) -> Any:
        """The samples within the bands of the curve and of new samples: ``fig, ax``."""
        up = self._set_up
        if times is None:
            grid = np.linspace(up.times[0], up.times[-1], 200)
        else:
            grid = sorted_times("times", times)
        fig, ax = self.forecast(grid, min(1000, self.log_posterior.size)).plot(
            level=self.level if level is None else checked_level(level)
        )
        _draw_samples(ax, up, self._lloq)
        ax.legend()
        return fig, ax

    def plot_trace(self) -> Any:
        """One walker of each ensemble, parameter by parameter: ``fig, axes``. Good ones overlap."""
        from cgtlearn import plot
        from cgtlearn.estimate.draw import panels

        fig, axes = panels(list(self.draws), sharex=True)
        colors = list(plot.PALETTE.values())
        for name, ax in axes.items():
            for e, walkers in enumerate(self._by_ensemble(name)):
                ax.plot(walkers[0], color=colors[e % len(colors)], lw=0.6, ls="-", alpha=0.8)
            logs = self.draws[name].min() > 0 and np.ptp(np.log(self.draws[name])) > math.log(30)
            ax.set_yscale("log" if logs else "linear")
            ax.set_ylabel(f"{name} ({ledger.pretty(self.units[name])})", fontsize="small")
        fig.supxlabel("draw (number)", fontsize="medium")
        return fig, list(axes.values())

    def plot_ranks(self) -> Any:
        """How the ranks of each ensemble's draws are spread: ``fig, axes``. Good ones are flat."""
        from cgtlearn import plot
        from cgtlearn.estimate.draw import panels

        fig, axes = panels(list(self.draws), sharex=True, sharey=True)
        colors = list(plot.PALETTE.values())
        size = self.log_posterior.size
        bins = np.linspace(0, size, 21)
        for name, ax in axes.items():
            ranks = np.argsort(np.argsort(self.draws[name].ravel()))
            parts = np.split(ranks.reshape(self.log_posterior.shape), self.ensembles)
            for e, part in enumerate(parts):
                ax.hist(part.ravel(), bins, histtype="step", color=colors[e % len(colors)], lw=1.2)
            ax.axhline(size / self.ensembles / 20, color=plot.BLACK, ls=":", lw=1)
            ax.set_xlabel(f"rank of {name} (1)", fontsize="small")
            ax.set_ylim(bottom=0)
        fig.supylabel("draws (number)", fontsize="medium")
        return fig, list(axes.values())

    def plot_priors(self) -> Any:
        """What the samples added: draws and prior, parameter by parameter: ``fig, axes``."""
        from cgtlearn import plot
        from cgtlearn.estimate.draw import log_if_wide, panels

        fig, axes = panels(list(self.draws))
        rng = stream(self._seed, "prior")
        for name, ax in axes.items():
            prior = self.priors[name]
            both = np.concatenate([prior.draw(2000, rng), self[name]])
            low, high = np.quantile(both, [0.005, 0.995])
            wide = log_if_wide(ax, [low, high])
            edges = np.geomspace(low, high, 41) if wide else np.linspace(low, high, 41)
            x = np.geomspace(low, high, 300) if wide else np.linspace(low, high, 300)
            # On a log axis areas are those of ln(x): the density of ln(x) is x p(x).
            counts, _ = np.histogram(self[name], edges)
            width = np.diff(np.log(edges) if wide else edges)
            ax.stairs(counts / counts.sum() / width, edges, fill=True, color=plot.BLUE, alpha=0.5)
            density = np.exp(prior.log_density(x)) * (x if wide else 1)
            ax.plot(x, density, color=plot.VERMILLION, ls="--")
            ax.set_xlabel(f"{name} ({ledger.pretty(self.units[name])})")
            ax.set_yticks([])
        fig.supylabel("density (filled: posterior; dashed: prior)", fontsize="medium")
        return fig, list(axes.values())

    def _by_ensemble(self, name: str) -> list[Numbers]:
        """The draws of each ensemble: (walkers, S)."""
        return np.split(self.draws[name], self.ensembles)


def _draw_samples(ax: Any, up: SetUp, lloq: float | None) -> None:
    from cgtlearn import plot

    seen = ~up.censored
    ax.plot(
        up.times[seen], up.values[seen], "o", color=plot.BLACK, ms=5, ls="none", label="measured"
    )
    if up.censored.any():
        at = np.full(int(up.censored.sum()), lloq)
        ax.plot(
            up.times[up.censored], at, "v", color=plot.VERMILLION, ms=6, mfc="none", ls="none",
            label=f"below {digits(lloq)}",
        )  # fmt: skip


class ForecastScores(NamedTuple):
    """Scores of one forecast, averaged over its samples. Low is good but for ``coverage``.

    ``crps`` of ln(value) for log-normal error, else in the unit of the values; censored samples are
    left out of it, and counted in the log score with the probability of lying below the limit.
    ``pit`` (T,) is NaN for them.
    """

    crps: float
    log_score: float
    coverage: scores.Coverage
    pit: Numbers


@dataclass(frozen=True)
class Forecast:
    """The posterior predictive at ``times`` (T,).

    ``curves`` (n, T) without noise: what is believed of the patient; ``values`` (n, T) with noise:
    what the next samples may read.
    """

    times: Numbers
    curves: Numbers = field(repr=False)
    values: Numbers = field(repr=False)
    residual_sd: Numbers = field(repr=False)
    error: str
    labels: tuple[str, str]
    _planned: Samples = field(repr=False)

    def band(self, level: float = 0.95, noise: bool = True) -> tuple[Numbers, Numbers, Numbers]:
        """Low end, median and high end at each time, (T,) each: of samples, or of the curve."""
        chosen = checked_level(level)
        low, middle, high = np.quantile(
            self.values if noise else self.curves,
            [(1 - chosen) / 2, 0.5, (1 + chosen) / 2],
            axis=0,
        )
        return low, middle, high

    def score(
        self,
        values: ArrayLike,
        *,
        lloq: float | None = None,
        censored: ArrayLike | None = None,
        level: float = 0.95,
    ) -> ForecastScores:
        """Scores of the forecast, now that ``values`` (T,) have come.

        Coverage is that of the band of samples; a censored one is inside when the band reaches
        below the limit. The samples of one patient share one curve: average over patients before
        you compare.
        """
        same_length("values", np.asarray(values), "times", self.times)
        came = prepared(values, lloq, censored, self.error)
        logs = self.error == "log"
        draws = np.log(self.values) if logs else self.values
        seen, below = came.measured, came.censored
        g = self._planned.scaled(self.curves)
        each = _each_log_likelihood(came, g, self.residual_sd)
        ends = [(1 - checked_level(level)) / 2, (1 + level) / 2]
        low, high = np.quantile(draws, ends, axis=0)
        # A sample below the limit is known to lie there, and nothing else: it stands at its band.
        y = np.where(below, np.minimum(low, came.limit), came.y)
        if below.any():
            low = np.where(below & (low < came.limit), -np.inf, low)
        pit = np.full(self.times.size, np.nan)
        pit[seen] = scores.pit(draws[:, seen], came.y[seen])
        crps = scores.crps(draws[:, seen], came.y[seen]).mean() if seen.any() else math.nan
        return ForecastScores(
            float(crps),
            float(scores.log_score(each).mean()),
            scores.coverage(low, high, y),
            pit,
        )

    def plot(self, ax: Any = None, level: float = 0.95) -> Any:
        """The bands of the curve and of new samples: ``fig, ax``."""
        from cgtlearn import plot

        fig, ax = plot.figure() if ax is None else (ax.figure, ax)
        low, middle, high = self.band(level)
        words = f"{100 * level:g} % of new samples"
        ax.fill_between(self.times, low, high, color=plot.ORANGE, alpha=0.25, lw=0, label=words)
        low, middle, high = self.band(level, noise=False)
        words = f"{100 * level:g} % of the curve"
        ax.fill_between(self.times, low, high, color=plot.BLUE, alpha=0.35, lw=0, label=words)
        ax.plot(self.times, middle, color=plot.BLUE, ls="-", label="median")
        if self.error != "additive":
            ax.set_yscale("log")
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1])
        ax.legend()
        return fig, ax


def _each_log_likelihood(s: Samples, g: Numbers, sigma: Numbers) -> Numbers:
    """The log-likelihood of each sample for each of K curves: (K, T); 0 where it was left out."""
    one = np.zeros((g.shape[0], s.y.size))
    for j in np.flatnonzero(s.measured | s.censored):
        alone = Samples(
            s.error, s.y[j : j + 1], s.measured[j : j + 1], s.censored[j : j + 1], s.limit,
            s.spread[j : j + 1],
        )  # fmt: skip
        one[:, j] = alone.log_likelihood(g[:, j : j + 1], sigma)
    return one


def _arviz() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # it announces its next version
        import arviz
    return arviz


# --- sampling ----------------------------------------------------------------------------------


def bayes_one(
    curve: Model | Callable[[Any, Any], Any],
    times: ArrayLike,
    values: ArrayLike,
    *,
    priors: Mapping[str, Any],
    lloq: float | None = None,
    censored: ArrayLike | None = None,
    error: str = "log",
    residual_log_sd: float | Prior | None = None,
    residual_sd: float | Prior | None = None,
    fixed: Mapping[str, float] | None = None,
    domain: Mapping[str, tuple[float, float]] | None = None,
    course: Callable[[Any, Any], Any] | None = None,
    output: str | None = None,
    draws: int = 1000,
    tune: int = 500,
    walkers: int | None = None,
    ensembles: int = 4,
    level: float = 0.95,
    prior_only: bool = False,
    seed: int = 0,
    progress: bool = True,
) -> Posterior:
    """Draws from the posterior of one patient's parameters.

    Parameters
    ----------
    curve, times, values, lloq, censored, error, course, output, domain : as in :func:`fit_one`.
        Samples below the limit count with their probability (M3).
    priors : name -> prior, for each parameter to estimate: :func:`log_normal`,
        :func:`logit_normal`, :func:`log_uniform`; for a model also a spread between patients
        (``population.log_sd(0.4)``, or all of ``population.spread_of(model, log_sd)``), around the
        model's default.
        All others are held, at ``fixed`` or at the model's defaults.
    residual_log_sd, residual_sd : the SD of the error where it is known, or its prior. For
        log-normal error ``half_normal(1)`` unless given; for the others one has to be given.
    draws, tune : steps of every walker that are kept, and that are left out before them.
    walkers, ensembles : walkers of an ensemble (an even number, at least twice the parameters;
        four times, and at least 16, unless given), and ensembles that know nothing of each other.
    level : of the central intervals.
    prior_only : leave the samples out of it: draws from the prior, by the same sampler. Look at
        their forecast before you believe the prior.
    seed : the same seed gives the same draws.

    Returns
    -------
    Posterior, with warnings where R-hat exceeds 1.01 or fewer than 400 draws are effective.
    Interrupted, it holds the draws that were reached, and says so; before the tenth draw there is
    nothing to hold, and the interrupt goes on.

    Raises LearnerError as :func:`fit_one` does, and for a missing or impossible prior.
    """
    chosen = checked_level(level)
    number = checked_seed(seed)
    known, sigma_prior = _sd(error, residual_log_sd, residual_sd)
    believed = _checked_priors(curve, priors, fixed)
    names = {"residual_log_sd": known} if error == "log" else {"residual_sd": known}
    up = prepare(
        curve, times, values, lloq=lloq, censored=censored, blq="M3", error=error,
        residual_log_sd=names.get("residual_log_sd"), residual_sd=names.get("residual_sd"),
        weights=None, free=list(believed), fixed=fixed,
        start={k: prior.middle for k, prior in believed.items()}, domain=domain, course=course,
        output=output, bends=None,
    )  # fmt: skip
    believed = {f.name: believed[f.name] for f in up.problem.free}
    if sigma_prior is not None:
        believed[SIGMA] = sigma_prior
    d = len(believed)
    size = _checked_walkers(walkers, d)
    for name, value, least in (
        ("draws", draws, 10),
        ("tune", tune, 0),
        ("ensembles", ensembles, 2),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise LearnerError(
                given=f"{name} = {short(value)}",
                expected=f"a whole number of {least} or more",
                do="leave it out for the usual number",
            )
    density = _LogPosterior(up, believed, known, prior_only)
    chain, logs, accepted, whole = _sampled(
        density, int(draws), int(tune), size, int(ensembles), number, progress
    )
    found = {
        name: np.ascontiguousarray(density.value_of(name, chain[:, :, i]).T)
        for i, name in enumerate(believed)
    }
    units = {f.name: f.unit for f in up.problem.free}
    units[SIGMA] = "1" if error != "additive" else "value"
    rhat, ess, tail = _diagnosed(found, int(ensembles))
    notes = _cautions(rhat, ess, tail, whole, chain.shape[0], int(draws))
    notes += tuple(at_the_limit(up, lloq))
    return Posterior(
        name=up.name, draws=found, log_posterior=logs.T.copy(), priors=believed,
        ensembles=int(ensembles), accepted=accepted, rhat=rhat, ess=ess, ess_tail=tail,
        level=chosen, held=up.held, units=units, warnings=notes, _set_up=up,
        _lloq=None if lloq is None else float(lloq), _seed=number,
    )  # fmt: skip


class _LogPosterior:
    """ln p(θ) + ln p(y | θ) for K rows of (u, ln σ): (K,)."""

    def __init__(
        self, up: SetUp, priors: dict[str, Prior], sigma: float | None, prior_only: bool
    ) -> None:
        self.up, self.priors, self.sigma, self.prior_only = up, priors, sigma, prior_only
        self.scales = [*(f.scale for f in up.problem.free), "log"][: len(priors)]
        self.p = len(up.problem.free)
        # A prior that is normal in u needs no way back to the parameter.
        self.normal = [
            i
            for i, (prior, scale) in enumerate(zip(priors.values(), self.scales, strict=True))
            if prior.kind == f"{scale}-normal"
        ]
        chosen = [list(priors.values())[i] for i in self.normal]
        self.centre = np.array([float(to_u(q.first, q.kind.split("-")[0])) for q in chosen])
        self.sd = np.array([q.second for q in chosen])
        self.constant = -float(np.log(self.sd).sum()) - HALF_LOG_2PI * len(chosen)
        self.stopped = False

    def value_of(self, name: str, u: Numbers) -> Numbers:
        return np.asarray(from_u(u, self.scales[list(self.priors).index(name)]))

    def prior(self, x: Numbers) -> Numbers:
        z = (x[:, self.normal] - self.centre) / self.sd
        total = self.constant - (z**2).sum(axis=1) / 2
        for i, prior in enumerate(self.priors.values()):
            if i in self.normal:
                continue
            value = np.asarray(from_u(x[:, i], self.scales[i]))
            with np.errstate(divide="ignore"):
                # The density of u is that of the parameter times its slope.
                slope = np.log(value) + (np.log1p(-value) if self.scales[i] == "logit" else 0)
            total += prior.log_density(value) + slope
        u = x[:, : self.p]
        out = ((u < self.up.problem.low) | (u > self.up.problem.high)).any(axis=1)
        return np.where(out | np.isnan(total), -np.inf, total)

    def likelihood(self, x: Numbers) -> Numbers:
        if self.prior_only:
            return np.zeros(x.shape[0])
        sigma = np.exp(x[:, self.p]) if self.sigma is None else np.full(x.shape[0], self.sigma)
        found = self.up.problem.samples.log_likelihood(
            self.up.problem.predicted(x[:, : self.p]), sigma
        )
        return np.where(np.isfinite(found), found, -np.inf)

    def __call__(self, x: Numbers) -> Numbers:
        total = self.prior(x)
        possible = np.isfinite(total)
        if possible.any():
            total[possible] += self.likelihood(x[possible])
        return total

    def until_stopped(self, x: Numbers) -> Numbers:
        """The same for emcee, which prints all it holds when an interrupt passes through it."""
        try:
            return self(x)
        except KeyboardInterrupt:
            self.stopped = True
            return np.full(x.shape[0], -np.inf)


def _first_places(density: _LogPosterior, walkers: int, rng: np.random.Generator) -> Numbers:
    """Places for the walkers: draws from the prior, the likelier ones for the samples more often.

    The likelihood is tempered so that at least two walkers' worth of candidates share the weight:
    the walkers start farther apart than they will end.
    """
    draws = [
        np.asarray(to_u(prior.draw(CANDIDATES, rng), scale))
        for prior, scale in zip(density.priors.values(), density.scales, strict=True)
    ]
    x = np.stack(draws, axis=1)
    x = x[np.isfinite(density.prior(x))]
    if x.shape[0] < 2 * walkers:
        raise LearnerError(
            given=f"priors of which {x.shape[0]} of {CANDIDATES} draws lie in the domains",
            expected="priors within the domains of the parameters",
            do="check units and medians of the priors",
        )
    logs = density.likelihood(x)
    x, logs = x[np.isfinite(logs)], logs[np.isfinite(logs)]
    if x.shape[0] < 2 * walkers:
        raise LearnerError(
            given=f"priors under which only {x.shape[0]} of {CANDIDATES} curves can be computed",
            expected="priors that allow curves at all",
            do="narrow them, or look at the curves of some draws",
        )

    def effective(power: float) -> float:
        w = np.exp(power * (logs - logs.max()))
        return float(w.sum() ** 2 / (w**2).sum())

    low, high = 0.0, 1.0
    for _ in range(40):
        power = (low + high) / 2
        low, high = (power, high) if effective(power) > 2 * walkers else (low, power)
    # Weighted draws without replacement: the largest of ln w + Gumbel noise.
    order = np.argsort(-(low * logs + rng.gumbel(size=logs.size)))
    return np.asarray(x[order[:walkers]])


def _sampled(
    density: _LogPosterior,
    draws: int,
    tune: int,
    walkers: int,
    ensembles: int,
    seed: int,
    progress: bool,
) -> tuple[Numbers, Numbers, float, bool]:
    """Draws (S, C, d) of u, their log-posteriors (S, C), the share accepted, and whether whole."""
    import emcee

    d = len(density.priors)
    samplers, steps = [], []
    for e in range(ensembles):
        rng = stream(seed, "walkers", e)
        moves = [(emcee.moves.DEMove(), 0.7), (emcee.moves.StretchMove(), 0.3)]
        sampler = emcee.EnsembleSampler(
            walkers, d, density.until_stopped, vectorize=True, moves=moves
        )
        own = np.random.MT19937(np.random.SeedSequence(int(rng.integers(2**63))))
        sampler.random_state = own.state
        samplers.append(sampler)
        first = _first_places(density, walkers, rng)
        steps.append(sampler.sample(first, iterations=tune + draws))
    whole = True
    try:
        with Progress((tune + draws) * ensembles, "steps", progress) as bar:
            for _ in range(tune + draws):
                for step in steps:
                    next(step)
                    if density.stopped:
                        raise KeyboardInterrupt
                    bar.add(1)
    except KeyboardInterrupt:
        whole = False
        if min(s.iteration for s in samplers) < tune + 10:
            raise
    kept = min(s.iteration for s in samplers)
    chain = np.concatenate([s.get_chain()[tune:kept] for s in samplers], axis=1)
    logs = np.concatenate([s.get_log_prob()[tune:kept] for s in samplers], axis=1)
    accepted = float(np.mean([s.acceptance_fraction for s in samplers]))
    return chain, logs, accepted, whole


def _diagnosed(
    draws: dict[str, Numbers], ensembles: int
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """R-hat between ensembles, bulk and tail effective size over walkers, by parameter."""
    az = _arviz()
    rhat, bulk, tail = {}, {}, {}
    for name, x in draws.items():
        # All walkers of an ensemble, step after step: its halves are its first and second halves.
        chains = np.stack([part.T.ravel() for part in np.split(x, ensembles)])
        rhat[name] = float(az.rhat(chains))
        bulk[name] = float(az.ess(x, method="bulk"))
        tail[name] = float(az.ess(x, method="tail"))
    return rhat, bulk, tail


def _cautions(
    rhat: dict[str, float],
    ess: dict[str, float],
    tail: dict[str, float],
    whole: bool,
    reached: int,
    asked: int,
) -> tuple[str, ...]:
    notes = []
    if not whole:
        notes.append(f"interrupted: {reached} of {asked} draws of each walker were reached")
    apart = {k: v for k, v in rhat.items() if not v < RHAT_LIMIT}
    if apart:
        listed = ", ".join(f"{k} {v:.2f}" for k, v in apart.items())
        notes.append(
            f"R-hat above {RHAT_LIMIT} ({listed}): the ensembles have not come to agree; do not "
            "use these draws; give more tune and draws, or look at plot_trace()"
        )
    few = {k: min(ess[k], tail[k]) for k in ess if not min(ess[k], tail[k]) >= FEWEST_EFFECTIVE}
    if few:
        listed = ", ".join(f"{k} {v:.0f}" for k, v in few.items())
        notes.append(
            f"fewer than {FEWEST_EFFECTIVE} effective draws ({listed}): the ends of intervals are "
            "rough; give more draws"
        )
    return tuple(notes)


# --- what was given ----------------------------------------------------------------------------


def _sd(error: str, residual_log_sd: Any, residual_sd: Any) -> tuple[float | None, Prior | None]:
    """The SD where it is known, or else its prior."""
    numbers = [None if isinstance(v, Prior) else v for v in (residual_log_sd, residual_sd)]
    stand_in = [1.0 if isinstance(v, Prior) else v for v in (residual_log_sd, residual_sd)]
    given = known_sd(error, *stand_in)
    prior = residual_log_sd if error == "log" else residual_sd
    if isinstance(prior, Prior):
        return None, prior
    if given is not None:
        return known_sd(error, *numbers), None
    if error != "log":
        raise LearnerError(
            given=f"no residual_sd for error = {error!r}",
            expected="the SD of the noise, or its prior: its size depends on the unit",
            do="write residual_sd=estimate.half_normal(...), or the number where it is known",
        )
    return None, half_normal(1.0)


def _checked_priors(curve: Any, priors: Any, fixed: Mapping[str, float] | None) -> dict[str, Prior]:
    if not isinstance(priors, Mapping) or not priors:
        raise LearnerError(
            given=f"priors = {short(priors)}",
            expected="a prior for each parameter to estimate",
            do='write priors={"rate": estimate.log_normal(0.1, sd=1)}, or for a model '
            "priors=population.spread_of(model, population.log_sd)",
        )
    typical: dict[str, float] = {}
    if isinstance(curve, Model):
        typical = {k: v.default for k, v in curve.parameters.items()}
        for name in priors:
            if name not in typical:
                raise unknown_name(name, typical, f"parameter of {curve.name}")
    for name in priors:
        if name in (fixed or {}):
            raise LearnerError(
                given=f"{name} in priors and in fixed",
                expected="each parameter in one of them",
                do="leave out the prior of what you hold",
            )
    return {name: as_prior(name, p, typical.get(name)) for name, p in priors.items()}


def _checked_walkers(walkers: Any, d: int) -> int:
    if walkers is None:
        return max(16, 4 * d)
    if (
        isinstance(walkers, bool)
        or not isinstance(walkers, (int, np.integer))
        or walkers < max(4, 2 * d)
        or walkers % 2
    ):
        raise LearnerError(
            given=f"walkers = {short(walkers)}",
            expected=f"an even number of at least {max(4, 2 * d)}, twice the parameters",
            do="leave it out",
        )
    return int(walkers)

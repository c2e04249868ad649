"""What a population fit found: estimates with intervals, individuals, predictions, exports."""

from __future__ import annotations

import csv
import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, one_number, one_of, unknown_name
from cgtlearn.estimate.mixed_effects.importance import Cloud
from cgtlearn.estimate.mixed_effects.layout import Layout
from cgtlearn.estimate.mixed_effects.noise import half_width
from cgtlearn.estimate.problem import from_u
from cgtlearn.population.patients import checked_seed

__all__ = ["Population", "finished"]

Numbers = NDArray[np.float64]

SCALE_WORDS = {"log": "ln", "logit": "logit", "linear": "natural"}
ERROR_WORDS = {
    "residual_log_sd": "SD of ln(DV)",
    "residual_sd": "SD of DV",
    "residual_cv": "SD of DV / prediction",
}
COLUMNS = (
    "parameter", "unit", "estimate", "se", "rse", "low", "high",
    "sd", "sd_scale", "sd_se", "sd_low", "sd_high", "shrinkage",
)  # fmt: skip
FAR = 1.0
"""A Newton step that promises more log-likelihood than this: the search had not arrived."""
VAGUE = 1.0
"""A relative standard error above this gets a warning."""
FEWEST = 10.0
"""Effective draws of a patient below this make its part of the log-likelihood unsure."""
TINY = 0.01
"""An SD of a random effect below this is as good as none."""


@dataclass(frozen=True)
class Population:
    """What :func:`saem`, :func:`foce`, :func:`laplace` and the others return. ``print(fit)`` shows
    :meth:`summary`.

    ``estimates``       typical values, covariate effects and error parameters, by name
    ``sd``              SD of each random effect, on the parameter's scale (``ln`` for log-normal)
    ``correlation``     of random effects, by pair
    ``groups``          of mixtures: name -> {"share": (K,), "typical": (K,), "sd": (K,)}
    ``covariance``      of all unknowns on the scales of ``unknowns``
    ``individuals``     parameter -> (N,): each patient's own, the conditional mean or mode on the
                        parameter's scale
    ``log_likelihood``  with ``log_likelihood_se`` when it comes from importance sampling; with
                        error "log" it is that of ln(DV)
    ``shrinkage``       1 - SD(individual random effects) / SD, for each random effect
    ``warnings``        reasons to read the result with care
    ``trace``           each unknown by iteration and start, for SAEM
    """

    method: str
    level: float
    estimates: dict[str, float]
    sd: dict[str, float]
    correlation: dict[tuple[str, str], float]
    groups: dict[str, dict[str, Numbers]]
    unknowns: dict[str, float]
    covariance: Numbers = field(repr=False)
    individuals: dict[str, Numbers] = field(repr=False)
    log_likelihood: float
    log_likelihood_se: float
    shrinkage: dict[str, float]
    residual_shrinkage: float
    warnings: tuple[str, ...]
    starts: Numbers = field(repr=False)
    reached: int
    trace: dict[str, Numbers] = field(repr=False)
    _layout: Layout = field(repr=False)
    _x: Numbers = field(repr=False)
    _u: Numbers = field(repr=False)

    @property
    def ok(self) -> bool:
        """True when nothing needs care."""
        return not self.warnings

    @property
    def aic(self) -> float:
        """-2 ln L + 2 (number of unknowns)."""
        return -2 * self.log_likelihood + 2 * len(self.unknowns)

    @property
    def bic(self) -> float:
        """-2 ln L + ln(N) (number of unknowns), N the number of patients."""
        return -2 * self.log_likelihood + math.log(self._layout.bound.study.size) * len(
            self.unknowns
        )

    @property
    def study(self) -> Any:
        """The data."""
        return self._layout.bound.study

    @property
    def references(self) -> dict[str, float | str]:
        """Covariate -> the value (the median), or the level, for which typical values hold."""
        named = self._layout.bound.coefficients
        return {c.covariate: c.reference for c in named if c.covariate}

    def __getitem__(self, name: str) -> float:
        if name not in self.estimates:
            raise unknown_name(name, self.estimates, "estimate")
        return self.estimates[name]

    def _se(self, i: int) -> float:
        variance = float(self.covariance[i, i])
        return math.sqrt(variance) if variance > 0 else math.nan

    def _interval(self, i: int, scale: str) -> tuple[float, float, float, float]:
        """Estimate, SE by the delta method, and the interval, of one unknown."""
        x, se = float(self._x[i]), self._se(i)
        half = half_width(self.level) * se
        value = float(from_u(x, scale))
        slope = {"log": value, "logit": value * (1 - value)}.get(scale, 1.0)
        return value, slope * se, float(from_u(x - half, scale)), float(from_u(x + half, scale))

    def table(self) -> list[dict[str, Any]]:
        """One row, a dict, for each estimate; ``pandas.DataFrame(fit.table())`` makes a frame.

        ``estimate``, ``se``, ``low`` and ``high`` are in the parameter's unit, ``rse`` = 100
        se/|estimate| in %. ``sd`` is the SD of the random effect on the scale ``sd_scale``: "ln"
        for a log-normal parameter. A CV would be sqrt(exp(sd²) - 1). Missing entries are NaN or "".
        """
        layout, mixed = self._layout, self._layout.bound.mixed
        rows = []
        for i, c in enumerate(layout.bound.coefficients):
            scale = mixed.scales[c.parameter] if not c.covariate else "linear"
            row = self._row(c.name, i, scale, mixed.units[c.parameter] if not c.covariate else "")
            if not c.covariate and c.parameter in layout.random:
                a = layout.random.index(c.parameter)
                value, se, low, high = self._interval(layout.q + a, "log")
                row |= {
                    "sd": value, "sd_scale": SCALE_WORDS[mixed.scales[c.parameter]], "sd_se": se,
                    "sd_low": low, "sd_high": high, "shrinkage": self.shrinkage[c.parameter],
                }  # fmt: skip
            rows.append(row)
        for i, (a, b) in enumerate(layout.pairs):
            at = layout.q + layout.n_random + i
            half = half_width(self.level) * self._se(at)
            rho = math.tanh(self._x[at])
            row = dict.fromkeys(COLUMNS, math.nan)
            row |= {
                "parameter": f"cor({layout.random[a]}, {layout.random[b]})", "unit": "",
                "estimate": rho, "se": (1 - rho**2) * self._se(at), "sd_scale": "",
                "low": math.tanh(self._x[at] - half), "high": math.tanh(self._x[at] + half),
            }  # fmt: skip
            row["rse"] = _rse(row["se"], rho)
            rows.append(row)
        for a, mixture in layout.mixtures.items():
            at, k, name = layout.group_at[a], len(mixture.shares) - 1, layout.random[a]
            scale = mixed.scales[name]
            for j in range(k):
                kind = (
                    "factor" if scale == "log" else "odds factor" if scale == "logit" else "shift"
                )
                link = "linear" if scale == "linear" else "log"
                rows.append(self._row(f"{kind}({name}, group {j + 2})", at + j, link, ""))
                rows.append(self._row(f"sd({name}, group {j + 2})", at + k + j, "log", ""))
                label, link = (
                    (f"share({name}, group 2)", "logit")
                    if k == 1
                    else (f"share({name}, group {j + 2}) / share(group 1)", "log")
                )
                rows.append(self._row(label, at + 2 * k + j, link, ""))
        for i, name in enumerate(layout.bound.noise.names):
            unit = layout.bound.study.units.get("DV", "") if name == "residual_sd" else ""
            rows.append(self._row(name, layout.error_at + i, "log", unit))
        return rows

    def _row(self, name: str, i: int, scale: str, unit: str) -> dict[str, Any]:
        value, se, low, high = self._interval(i, scale)
        row: dict[str, Any] = dict.fromkeys(COLUMNS, math.nan)
        row |= {"parameter": name, "unit": unit, "estimate": value, "se": se,
                "rse": _rse(se, value), "low": low, "high": high, "sd_scale": ""}  # fmt: skip
        return row

    def summary(self) -> str:
        """The result as text."""
        bound = self._layout.bound
        study = bound.study
        below = f", {study.below} below the limit (M3)" if study.below else ""
        lines = [
            f"{bound.mixed.title} by {self.method}: {study.size} patients, "
            f"{study.samples} samples{below}",
            "",
        ]
        head = ("parameter", "estimate", "RSE %", f"{100 * self.level:g} % interval",
                "SD between patients", "shrinkage", "unit")  # fmt: skip
        table = [head]
        for row in self.table():
            sd = share = ""
            if not math.isnan(row["sd"]):
                of = "the value" if row["sd_scale"] == "natural" else row["sd_scale"]
                sd = f"{_digits(row['sd'])} ({_span(row['sd_low'], row['sd_high'])}) of {of}"
            if not math.isnan(row["shrinkage"]):
                share = f"{row['shrinkage']:.0%}"
            rse = "–" if math.isnan(row["rse"]) else f"{row['rse']:.0f}"
            unit = ledger.pretty(row["unit"]) if row["unit"] else ""
            unit = unit or ERROR_WORDS.get(row["parameter"], "")
            span = _span(row["low"], row["high"])
            table.append((row["parameter"], _digits(row["estimate"]), rse, span, sd, share, unit))
        widths = [max(len(r[i]) for r in table) for i in range(len(head))]
        sides = (str.ljust, str.rjust, str.rjust, str.ljust, str.ljust, str.rjust, str.ljust)
        for r in table:
            cells = [side(c, w) for side, c, w in zip(sides, r, widths, strict=True)]
            lines.append("  ".join(cells).rstrip())
        lines.append("")
        if self.references:
            at = []
            for name, value in self.references.items():
                unit = study.units.get(name, "")
                shown = value if isinstance(value, str) else _digits(value)
                at.append(f"{name} = {shown}" + (f" {ledger.pretty(unit)}" if unit else ""))
            lines.append(f"estimates of the parameters are those at {', '.join(at)}")
        if math.isfinite(self.log_likelihood):
            noise = f" ± {self.log_likelihood_se:.2f}" if self.log_likelihood_se else ""
            of = " of ln(DV)" if bound.mixed.error == "log" else ""
            how = " by importance sampling" if self.log_likelihood_se else ""
            lines.append(f"log-likelihood{of}{how}: {self.log_likelihood:.1f}{noise}")
        if len(self.starts) > 1:
            lines.append(f"{self.reached} of {len(self.starts)} starts ended there")
        if bound.given:
            lines.append(f"given patient by patient: {', '.join(bound.given)}")
        lines += [f"Warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        inside = ", ".join(f"{k}={_digits(v)}" for k, v in self.estimates.items())
        care = f", {len(self.warnings)} warnings" if self.warnings else ""
        return f"Population fit by {self.method}: {inside}{care}"

    # predictions

    def curves(self, times: Any) -> Numbers:
        """Each patient's own curve at ``times`` (T',): (N, T')."""
        return self._layout.bound.curve(self._u, np.asarray(times, float))

    def typical(self, times: Any) -> Numbers:
        """The typical patient's curve at ``times`` (T',), with every patient's covariates (N, T').

        It is the curve of typical parameters, not the mean of the curves.
        """
        bound = self._layout.bound
        return bound.curve(bound.typical(self._x[: self._layout.q]), np.asarray(times, float))

    def predictions(self) -> dict[str, NDArray[Any]]:
        """One entry for each sample, in the order of the study.

        ``id, time, dv, censored, lloq``; ``pred`` of the typical patient; ``ipred`` of the patient
        itself; ``iwres`` (DV - ipred) / SD of the error, on the scale of the error; ``cwres``: the
        residuals around the model linearised at the patient's random effects, made independent with
        variance 1 (Hooker et al. 2007). Both residuals are NaN for a censored sample.
        """
        layout = self._layout
        bound, noise, study = layout.bound, layout.bound.noise, layout.bound.study
        v = layout.values(self._x)
        typical = bound.typical(v.theta)
        pred, ipred = bound.curve(typical), bound.curve(self._u)
        F = noise.scaled(ipred)
        s = np.broadcast_to(noise.sd(F, v.error), F.shape)
        with np.errstate(invalid="ignore"):
            iwres = np.where(noise.measured, (noise.level - F) / s, np.nan)
        cwres = np.full(F.shape, np.nan)
        _, slopes = bound.slopes(self._u, bound.r)
        eta = (self._u - typical)[:, bound.r]
        omega = _total_omega(layout, v)
        for i in range(study.size):
            seen = noise.measured[i]
            if not seen.any():
                continue
            j = slopes[i, seen]
            expected = F[i, seen] - j @ eta[i]
            at_typical = np.broadcast_to(noise.sd(noise.scaled(pred), v.error), F.shape)[i, seen]
            spread = j @ omega @ j.T + np.diag(at_typical**2)
            if np.isfinite(spread).all():
                values, vectors = np.linalg.eigh(spread)
                root = (vectors / np.sqrt(np.maximum(values, 1e-300))) @ vectors.T
                cwres[i, seen] = root @ (noise.level[i, seen] - expected)
        taken = study.taken
        who = np.repeat(np.arange(study.size), taken.sum(axis=1))
        return {
            "id": np.array(study.patients)[who],
            "time": study.times[taken],
            "dv": study.values[taken],
            "censored": study.censored[taken],
            "lloq": study.lloq[taken],
            "pred": pred[taken],
            "ipred": ipred[taken],
            "iwres": iwres[taken],
            "cwres": cwres[taken],
        }

    def simulate(self, replicates: int, seed: int, *, noise: bool = True) -> Numbers:
        """The same trial with new patients, ``replicates`` times: (replicates, samples).

        Each has the study's times, covariates and doses, random effects drawn from the fitted
        distribution and residual error (``noise=False`` leaves it out). Samples stand in the order
        of :meth:`predictions`, in the unit of DV. Nothing is censored: apply the limit to them.
        """
        layout = self._layout
        bound, of = layout.bound, layout.bound.noise
        v = layout.values(self._x)
        rng = np.random.default_rng(checked_seed(seed))
        count = int(one_number("replicates", replicates, above=0))
        taken = bound.study.taken
        found = np.empty((count, bound.study.samples))
        typical = bound.typical(v.theta)
        root = np.linalg.cholesky(v.omega)
        block = max(1, 400_000 // taken.size)
        for first in range(0, count, block):
            m = min(block, count - first)
            eta = rng.standard_normal((m, bound.study.size, layout.n_random)) @ root.T
            for a, g in v.groups.items():
                pick = rng.choice(len(g.share), p=g.share, size=eta.shape[:-1])
                eta[..., a] = g.shift[pick] + g.sd[pick] * rng.standard_normal(eta.shape[:-1])
            u = np.broadcast_to(typical, (m, *typical.shape)).copy()
            u[..., bound.r] += eta
            F = of.scaled(bound.curve(u))
            if noise:
                F = F + of.sd(F, v.error) * rng.standard_normal(F.shape)
            value = np.exp(F) if of.kind == "log" else F
            found[first : first + m] = value[:, taken]
        return found

    # out

    def to_csv(self, path: str | Path) -> None:
        """The table as CSV: UTF-8, comma, decimal point, nothing where there is no number."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            for row in self.table():
                writer.writerow({k: "" if _missing(v) else v for k, v in row.items()})

    def to_json(self, path: str | Path) -> None:
        """Everything but the data as JSON: table, covariance, individuals, warnings."""
        content = {
            "model": self._layout.bound.mixed.title,
            "method": self.method,
            "level": self.level,
            "patients": list(self.study.patients),
            "samples": self.study.samples,
            "below_limit": self.study.below,
            "log_likelihood": self.log_likelihood,
            "log_likelihood_se": self.log_likelihood_se,
            "aic": self.aic,
            "bic": self.bic,
            "starts": self.starts.tolist(),
            "warnings": list(self.warnings),
            "table": self.table(),
            "references": self.references,
            "unknowns": self.unknowns,
            "covariance": self.covariance.tolist(),
            "individuals": {k: v.tolist() for k, v in self.individuals.items()},
        }
        text = json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8", newline="\n")

    def plot(self, what: str = "predictions") -> Any:
        """A figure: "predictions" (observed against predicted), "individuals" (nine patients'
        curves), or "trace" (the path of SAEM). Show it with :func:`cgtlearn.plot.show`.
        """
        one_of("what", what, ("predictions", "individuals", "trace"))
        from cgtlearn.estimate.mixed_effects import pictures

        return getattr(pictures, what)(self)


def _rse(se: float, value: float) -> float:
    return 100 * se / abs(value) if value else math.nan


def _missing(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _plain(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _digits(value: float) -> str:
    """Three significant digits."""
    if not math.isfinite(value):
        return "–"
    return ledger.number(float(f"{value:.3g}"))


def _span(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{_digits(low)} – {_digits(high)}"


def _total_omega(layout: Layout, v: Any) -> Numbers:
    """Ω, with the whole variance of a mixture in its place."""
    omega = v.omega.copy()
    for a, g in v.groups.items():
        mean = (g.share * g.shift).sum()
        omega[a, a] = (g.share * (g.sd**2 + (g.shift - mean) ** 2)).sum()
    return omega


def finished(
    layout: Layout,
    x: Numbers,
    *,
    method: str,
    level: float,
    care: Sequence[str] = (),
    cloud: Cloud | None = None,
    covariance: Numbers | None = None,
    own: Numbers | None = None,
    log_likelihood: float = math.nan,
    trace: dict[str, Numbers] | None = None,
    starts: Numbers | None = None,
    reached: int = 1,
    distance: float = math.nan,
) -> Population:
    """Put a result together from the unknowns x and either draws or individual modes ``own``."""
    bound = layout.bound
    texts = [*bound.warnings, *care]
    if not 0.5 <= level < 1:
        raise LearnerError(
            given=f"level = {level:g}",
            expected="a level of confidence from 0.5 to below 1",
            do="write level=0.95 for 95 %",
        )
    se = 0.0
    v = layout.values(x)
    u = bound.typical(v.theta).copy()
    if cloud is not None:
        log_likelihood, se = cloud.log_likelihood(x)
        own, _ = cloud.conditional(x)
        _, information = cloud.information(x)
        covariance = inverse(information, texts)
        weak = int((cloud.effective(x) < FEWEST).sum())
        if weak:
            texts.append(
                f"importance sampling met {weak} patients poorly (fewer than {FEWEST:g} effective "
                "draws): ask for more samples"
            )
    if own is not None:
        u[:, bound.r] = own
    assert covariance is not None
    sds = layout.sds(x)
    eta = (u - bound.typical(v.theta))[:, bound.r]
    total = np.sqrt(np.diagonal(_total_omega(layout, v)))
    shrinkage = {
        n: float(1 - eta[:, a].std(ddof=1) / total[a]) if total[a] > TINY else math.nan
        for a, n in enumerate(layout.random)
    }
    F = bound.scaled(u)
    z = (bound.noise.level - F)[bound.noise.measured]
    z = z / np.broadcast_to(bound.noise.sd(F, v.error), F.shape)[bound.noise.measured]
    estimates = {}
    for i, c in enumerate(bound.coefficients):
        scale = bound.mixed.scales[c.parameter] if not c.covariate else "linear"
        estimates[c.name] = float(from_u(x[i], scale))
    for name, value in zip(bound.noise.names, v.error, strict=True):
        estimates[name] = float(value)
    groups = {}
    for a, g in v.groups.items():
        name = layout.random[a]
        middle = x[layout.first_coefficient(name)] + g.shift
        groups[name] = {
            "share": g.share, "sd": g.sd, "typical": from_u(middle, bound.mixed.scales[name])
        }  # fmt: skip
    started = np.atleast_1d(log_likelihood if starts is None else starts)
    if reached < len(started):
        others = ", ".join(f"{v:.1f}" for v in sorted(started)[::-1])
        texts.append(
            f"only {reached} of {len(started)} starts ended at the highest log-likelihood "
            f"({others}): there are several optima, and a better one may exist. Start elsewhere, "
            "use more starts, or hold what the data do not inform"
        )
    if distance > FAR:
        texts.append(
            f"the search had not arrived: a step to the optimum promises {distance:.1f} more "
            "log-likelihood. Ask for more iterations"
        )
    texts += _doubts(layout, x, covariance, sds)
    found = Population(
        method=method, level=level, estimates=estimates,
        sd={n: float(s) for n, s in zip(layout.random, sds, strict=True)},
        correlation={
            (layout.random[a], layout.random[b]): float(np.tanh(x[layout.q + layout.n_random + i]))
            for i, (a, b) in enumerate(layout.pairs)
        },
        groups=groups, unknowns=dict(zip(layout.names, x.tolist(), strict=True)),
        covariance=covariance, individuals=bound.natural(u), log_likelihood=log_likelihood,
        log_likelihood_se=se, shrinkage=shrinkage, residual_shrinkage=float(1 - z.std()),
        warnings=tuple(dict.fromkeys(texts)), starts=started, reached=reached, trace=trace or {},
        _layout=layout, _x=x, _u=u,
    )  # fmt: skip
    for text in found.warnings[len(bound.study.warnings) :]:
        warnings.warn(f"{bound.mixed.title} by {method}: {text}.", UserWarning, stacklevel=4)
    return found


def inverse(information: Numbers, texts: list[str]) -> Numbers:
    """The covariance; NaN with a warning where the information has no inverse."""
    size = len(information)
    scale = np.sqrt(np.abs(np.diag(information)))
    if np.isfinite(information).all() and (scale > 0).all():
        scaled = information / np.outer(scale, scale)
        if np.linalg.eigvalsh(scaled)[0] > 1e-7:
            return np.asarray(np.linalg.inv(scaled) / np.outer(scale, scale))
    texts.append(
        "no standard errors: the likelihood is flat or not at its top in some direction. The data "
        "do not inform every unknown; hold some of them"
    )
    return np.full((size, size), np.nan)


def _doubts(layout: Layout, x: Numbers, covariance: Numbers, sds: Numbers) -> list[str]:
    """What about the estimates themselves needs care."""
    texts = []
    for a, name in enumerate(layout.random):
        if sds[a] < TINY:
            texts.append(
                f"the random effect of {name} has vanished (SD {sds[a]:.2g}): these data do not "
                "show that it differs between patients"
            )
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.diag(covariance))
    vague = [n for n, e in zip(layout.names, error, strict=True) if e > VAGUE]
    vague = [n for n in vague if n.startswith(("ln ", "logit "))]
    if vague:
        texts.append(f"the data hardly inform {', '.join(vague)} (a standard error above 1)")
    for i, (a, b) in enumerate(layout.pairs):
        if abs(np.tanh(x[layout.q + layout.n_random + i])) > 0.98:
            texts.append(
                f"the random effects of {layout.random[a]} and {layout.random[b]} are as good as "
                "one (correlation beyond 0.98)"
            )
    return texts

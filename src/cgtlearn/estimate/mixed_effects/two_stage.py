r"""Two ways without random effects in the fit: each patient alone, and all in one pot.

**Two-stage** fits each patient by itself and then takes means and SDs of the estimates. It counts
the noise of each estimate as spread between patients, and has no way to say that a patient's data
hold nothing about a parameter: such estimates run to the ends of their domain and pull the mean.

**Naive pooled** fits one curve to all samples as if they came from one patient. Spread between
patients is then noise, and the curve of a mean patient is not the mean of curves.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError
from cgtlearn.estimate.mixed_effects.laplace import Top, climb, curvature_at, modes
from cgtlearn.estimate.mixed_effects.layout import Layout, Values
from cgtlearn.estimate.mixed_effects.mixed import Bound, Mixed
from cgtlearn.estimate.mixed_effects.results import Population, finished
from cgtlearn.estimate.mixed_effects.study import Study
from cgtlearn.population.patients import checked_seed
from cgtlearn.population.progress import Progress

__all__ = ["naive_pooled", "two_stage"]

Numbers = NDArray[np.float64]

SAME = 0.5
SPREAD_OF_STARTS = 0.7
ROUNDS = 60
"""Of each: patients given the noise, then the noise given the patients."""


def two_stage(
    mixed: Mixed,
    study: Study,
    *,
    seed: int = 1,
    starts: int = 4,
    level: float = 0.95,
    progress: bool = True,
) -> Population:
    r"""Fit each patient alone by maximum likelihood, then describe the estimates.

    Formula, on each parameter's scale: :math:`\hat\mu = \mathrm{mean}(\hat u_i)`,
    :math:`\hat\omega = \mathrm{SD}(\hat u_i)`, :math:`SE(\hat\mu) = \hat\omega/\sqrt N`. The noise
    has one SD for all patients, estimated with the curves; censored samples are M3.

    Parameters
    ----------
    mixed, study : the model and the data. No covariates, mixtures or parameters without random
        effect: there is no model between patients here.
    seed, starts : each patient's search starts from the typical values and from random points
        around them, and the best end counts.
    level, progress : as in :func:`saem`.

    A patient with fewer measured samples than parameters is left out, with a warning; parameters
    that run to the end of their domain are counted in another.
    """
    from cgtlearn.estimate.mixed_effects.saem import whole

    bound = Bound(mixed, study)
    layout = Layout(bound)
    if mixed.covariates or mixed.mixtures or bound.f:
        what = "parameters that are the same in all patients"
        do = "hold them (fixed=[...])"
        if mixed.covariates or mixed.mixtures:
            what = "covariates" if mixed.covariates else "a mixture"
            do = "leave them out" if mixed.covariates else "give its parameter one SD"
        raise LearnerError(
            given=f"a two-stage fit with {what}",
            expected="parameters that all differ between patients, and nothing else",
            do=f"{do}, or use estimate.saem",
        )
    columns = bound.r
    enough = bound.noise.measured.sum(axis=1) >= len(columns)
    care = []
    if enough.sum() < 2:
        raise LearnerError(
            given=f"{int(enough.sum())} patients with {len(columns)} measured samples or more",
            expected=f"two patients or more that can be fitted alone, with {len(columns)} "
            "parameters each",
            do="estimate fewer parameters, or use estimate.saem",
        )
    if not enough.all():
        names = [str(p) for p, e in zip(study.patients, enough, strict=True) if not e]
        care.append(
            f"{len(names)} of {study.size} patients were left out (fewer measured samples than "
            f"parameters): {', '.join(names[:8])}{' …' if len(names) > 8 else ''}"
        )
    rng = np.random.default_rng(checked_seed(seed))
    count = whole("starts", starts, 1)
    centre = bound.typical(bound.start_theta())
    begin = np.repeat(centre[None], count, axis=0)
    begin[1:] += SPREAD_OF_STARTS * rng.standard_normal(begin[1:].shape)
    error = bound.start_error()
    nothing = np.zeros((count, len(columns), len(columns)))
    with Progress(ROUNDS, "rounds", progress) as bar:
        try:
            for _ in range(ROUNDS):
                every = np.repeat(error[None], count, axis=0)
                found = modes(bound, np.zeros_like(begin), nothing, every, begin, columns, most=40)
                best = np.argmax(found.likelihood, axis=0)
                pick = best, np.arange(study.size)
                u, F, each = found.u[pick], found.F[pick], found.likelihood[pick]
                before = error
                error = _noise(bound, F, error, enough)
                # The best end and its rivals go on.
                begin = found.u.copy()
                begin[0] = u
                bar.add(1)
                if np.abs(np.log(error / before)).max() < 1e-4:
                    break
            else:
                care.append(
                    "the SD of the noise had not settled: more noise than the curves explain"
                )
        except KeyboardInterrupt:
            care.append("interrupted: these are the values reached, not the optimum")
            if "u" not in locals():
                raise
    kept = u[enough][:, columns]
    at_end = ((kept <= bound.low[columns] + 1e-3) | (kept >= bound.high[columns] - 1e-3)).sum(
        axis=0
    )
    for j, n in zip(columns, at_end, strict=True):
        if n:
            care.append(
                f"{bound.names[j]} ran to the end of its domain in {n} of {len(kept)} patients: "
                "their data do not inform it, and the mean hangs on where the domain ends"
            )
    n = len(kept)
    mean, sd = kept.mean(axis=0), kept.std(axis=0, ddof=1)
    theta = np.zeros(layout.q)
    theta[[layout.first_coefficient(name) for name in layout.random]] = mean
    omega = np.diag(np.maximum(sd, 1e-6) ** 2)
    for a, b in layout.pairs:
        omega[a, b] = omega[b, a] = np.cov(kept[:, a], kept[:, b])[0, 1]
    x = layout.vector(Values(theta, omega, error, {}))
    # Means and SDs of n numbers; correlations by Fisher's transformation.
    variance = np.full(layout.size, math.nan)
    for a, name in enumerate(layout.random):
        variance[layout.first_coefficient(name)] = sd[a] ** 2 / n
        variance[layout.q + a] = 1 / (2 * (n - 1))
    pairs = slice(layout.q + layout.n_random, layout.error_at)
    variance[pairs] = 1 / max(n - 3, 1)
    free = bound.noise.measured[enough].sum() - kept.size
    variance[layout.error_at :] = 1 / (2 * max(float(free), 1.0))
    return finished(
        layout, x, method="two-stage", level=level, care=care, covariance=np.diag(variance),
        own=u[:, columns], log_likelihood=math.nan, starts=np.array([float(each.sum())]),
    )  # fmt: skip


def _noise(bound: Bound, F: Numbers, error: Numbers, enough: NDArray[np.bool_]) -> Numbers:
    """The error parameters that fit these curves best: scoring steps."""
    for _ in range(50):
        first, second = bound.noise.score(F, error)
        slope, curvature = first[enough].sum(axis=0), second[enough].sum(axis=0)
        step = np.linalg.solve(curvature + 1e-6 * np.eye(len(error)), slope)
        error = error * np.exp(np.clip(step, -1, 1))
        if np.abs(step).max() < 1e-8:
            break
    return error


def naive_pooled(
    mixed: Mixed,
    study: Study,
    *,
    seed: int = 1,
    starts: int = 4,
    iterations: int = 80,
    level: float = 0.95,
    progress: bool = True,
) -> Population:
    """Fit one curve to the samples of all patients, as if they were one.

    The random effects of ``mixed`` are left out. Standard errors are those of independent samples,
    which samples of one patient are not: they are too small, and the result says so. Parameters as
    in :func:`saem`.
    """
    from cgtlearn.estimate.mixed_effects.saem import whole

    bound = Bound(pooled(mixed), study)
    layout = Layout(bound)

    def each(x: Numbers) -> Numbers:
        v = layout.values(x)
        with np.errstate(all="ignore"):
            found = bound.noise.log_density(bound.scaled(bound.typical(v.theta)), v.error)
        return np.where(np.isfinite(found), found, -1e10)

    rng = np.random.default_rng(checked_seed(seed))
    tops: list[Top] = []
    latest: list[Top] = []
    care = [
        "samples of one patient count as independent here: intervals are too narrow, and the SD of "
        "the noise holds the spread between patients"
    ]
    count, most = whole("starts", starts, 1), whole("iterations", iterations, 1)
    cut = False
    with Progress(count, "starts", progress) as bar:
        try:
            for i in range(count):
                x = layout.start()
                if i:
                    x[: layout.q] += SPREAD_OF_STARTS * rng.standard_normal(layout.q)
                latest.clear()
                tops.append(climb(each, x, most, best=latest))
                bar.add(1)
        except KeyboardInterrupt:
            tops += latest
            if not tops:
                raise
            cut = True
            care.append("interrupted: these are the values reached, not the optimum")
    values = np.array([t.value for t in tops])
    top = tops[int(np.argmax(values))]
    covariance = curvature_at(each, top.x, top.scores, care)
    return finished(
        layout, top.x, method="naive pooled", level=level, care=care, covariance=covariance,
        log_likelihood=top.value, starts=values,
        reached=int((values > values.max() - SAME).sum()), distance=0.0 if cut else top.promised,
    )  # fmt: skip


def pooled(mixed: Mixed) -> Mixed:
    """The same model with all its parameters the same in all patients."""
    import copy

    found = copy.copy(mixed)
    found.random, found.start_sd, found.mixtures, found.correlated = (), {}, {}, ()
    return found

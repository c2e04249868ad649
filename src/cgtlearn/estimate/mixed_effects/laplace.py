r"""The marginal likelihood by Laplace's approximation, and by FOCE with interaction.

Each patient's integral over its random effects is replaced by that of a normal curve at the mode
:math:`\hat\eta` of p(y, η):

.. math:: \ln L_i \approx \ln p(y_i \mid \hat\eta_i) + \ln p(\hat\eta_i)
          + \tfrac r2 \ln 2\pi - \tfrac12 \ln |H_i|.

Laplace takes for H minus the second derivatives of ln p(y, η). FOCE leaves out the second
derivatives of the curve: :math:`H = J^T W J + \Omega^{-1}`, J its slopes at the mode and W the
information in each sample, which follows the prediction there (interaction). Samples below the
limit are M3 in both.

Both need smooth curves. Where a curve has a kink, such as Stein's sharp peak, the mode likes to sit
on it, a normal curve is a poor likeness there, and second derivatives are worse than none.

All patients, and all vectors of unknowns that a slope needs, go side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError, one_number
from cgtlearn.estimate.mixed_effects.em import Statistics, maximise
from cgtlearn.estimate.mixed_effects.importance import draw
from cgtlearn.estimate.mixed_effects.layout import Layout
from cgtlearn.estimate.mixed_effects.mixed import Bound, Mixed
from cgtlearn.estimate.mixed_effects.results import FEWEST, Population, finished, inverse
from cgtlearn.estimate.mixed_effects.study import Study
from cgtlearn.population.patients import checked_seed
from cgtlearn.population.progress import Progress

__all__ = ["climb", "foce", "laplace", "modes"]

Numbers = NDArray[np.float64]

STEP = 1e-3
"""Half-width of the differences by which the marginal likelihood is differentiated."""
SOLVED_RTOL = 1e-8
"""Tolerance of the solver, at most: differences need smooth curves."""
LENGTHS = np.array([1.0, 0.5, 0.25, 0.1, 0.03, 0.01])
"""Step lengths that a line search tries, all at once."""
LONGEST = 2.0
"""Longest step of a random effect in one iteration, on its scale."""
ARRIVED = 1e-5
"""A search ends where a quasi-Newton step promises less log-likelihood than this."""
ROUNDS = 40
"""Of EM, at most, before a search by slopes."""
WIDER = 3.0
"""Factor on the SDs of the random effects at the start, so that it is left quickly."""
SAME = 0.5
"""Log-likelihoods of starts closer than this are the same optimum."""
OFF = 5.0
"""A log-likelihood further than this from that by importance sampling gets a warning."""
SPREAD_OF_STARTS = 0.4
"""SD of a further start around the first, on the scale of each unknown."""


@dataclass
class Modes:
    """For B vectors of unknowns: ``u`` (B, N, d), ``F`` (B, N, T), ``gauss`` (B, N, r, r): J'WJ,
    ``likelihood`` (B, N) of the samples at the mode, ``settled`` (B, N)."""

    u: Numbers
    F: Numbers
    gauss: Numbers
    likelihood: Numbers
    settled: NDArray[np.bool_]


def modes(
    bound: Bound,
    centre: Numbers,
    precision: Numbers,
    error: Numbers,
    start: Numbers,
    columns: list[int],
    most: int = 60,
    close: float = 1e-8,
) -> Modes:
    """The most likely u of each patient, by Levenberg and Marquardt, for all patients at once.

    ``centre`` and ``start`` (B, N, d); ``precision`` (B, k, k) of the prior of the ``columns`` that
    move, zero for none; ``error`` (B, e).
    """
    B, N, d = start.shape
    k = len(columns)
    diagonal = np.arange(k)
    low, high = bound.low[columns], bound.high[columns]
    # From here on a lane is one patient with one vector of unknowns: u (lanes, 1, d).
    who = np.tile(np.arange(N), B)
    u = np.clip(start, bound.low, bound.high).reshape(B * N, 1, d)
    middle = np.broadcast_to(centre, start.shape).reshape(B * N, 1, d)[..., columns]
    P = np.repeat(precision, N, axis=0)
    e = np.repeat(error, N, axis=0)

    def at(u: Numbers, lane: NDArray[np.intp]) -> tuple[Numbers, ...]:
        """Value, likelihood, F, gradient and J'WJ."""
        noise = bound.noise.of(who[lane])
        F, j = bound.slopes(u, columns, who[lane])
        with np.errstate(all="ignore"):
            likelihood = noise.log_density(F, e[lane])[:, 0]
            first, second = noise.slopes(F, e[lane])
        bad = ~np.isfinite(j).all(axis=-1) | ~np.isfinite(first)
        first, second = np.where(bad, 0.0, first)[:, 0], np.where(bad, 0.0, second)[:, 0]
        j = np.where(bad[..., None], 0.0, j)[:, 0]
        gauss = np.swapaxes(j * second[..., None], -1, -2) @ j
        eta = (u[..., columns] - middle[lane]) @ P[lane]
        value = likelihood - 0.5 * (eta * (u[..., columns] - middle[lane])).sum(axis=(1, 2))
        gradient = (first[:, None] @ j - eta)[:, 0]
        return value, likelihood, F, gradient, gauss

    lane = np.arange(B * N)
    found = at(u, lane)
    damping = np.full(B * N, 1e-2)
    for i in range(most):
        value, _, _, gradient, gauss = (part[lane] for part in found)
        lifted = gauss + P[lane]
        own = lifted[:, diagonal, diagonal]
        lifted[:, diagonal, diagonal] += damping[lane, None] * own + 1e-10
        step = np.linalg.solve(lifted, gradient[..., None])[..., 0]
        longest = np.abs(step).max(axis=-1, keepdims=True)
        step *= np.minimum(1.0, LONGEST / np.maximum(longest, 1e-300))
        # On a kink of the curve there is no zero slope: what is left to gain decides, ever sooner.
        enough = close * 10 ** (i / 6)
        open_ = ((step * gradient).sum(axis=-1) >= enough) & (damping[lane] < 1e5)
        lane, step, value = lane[open_], step[open_], value[open_]
        if not lane.size:
            break
        new = u[lane]
        new[:, 0, columns] = np.clip(new[:, 0, columns] + step, low, high)
        tried = at(new, lane)
        better = tried[0] > value
        u[lane[better]] = new[better]
        for part, other in zip(found, tried, strict=True):
            part[lane[better]] = other[better]
        damping[lane] *= np.where(better, 0.2, 6.0)
        lane = lane[~better | (tried[0] - value > 0.1 * enough)]
    _, likelihood, F, _, gauss = found
    settled = np.ones(B * N, dtype=bool)
    settled[lane] = False
    return Modes(
        u.reshape(B, N, d), F.reshape(B, N, -1), gauss.reshape(B, N, k, k),
        likelihood.reshape(B, N), settled.reshape(B, N),
    )  # fmt: skip


class _Marginal:
    """ln L of each patient for several vectors of unknowns, by Laplace or FOCE."""

    def __init__(self, layout: Layout, exact: bool) -> None:
        self.layout, self.bound, self.exact = layout, layout.bound, exact
        self.eta = np.zeros((layout.bound.study.size, layout.n_random))

    def solved(self, x: Numbers, eta: Numbers | None = None) -> tuple[Modes, Numbers]:
        """Modes for x (B, size), and the random effects there."""
        bound = self.bound
        v = self.layout.values(x)
        centre = bound.typical(v.theta)
        start = centre.copy()
        start[..., bound.r] += self.eta if eta is None else eta
        precision = np.asarray(np.linalg.inv(v.omega), dtype=np.float64)
        found = modes(bound, centre, precision, v.error, start, bound.r)
        return found, (found.u - centre)[..., bound.r]

    def __call__(self, x: Numbers) -> Numbers:
        found, eta = self.solved(x)
        v = self.layout.values(x)
        h = found.gauss + np.linalg.inv(v.omega)[:, None]
        if self.exact:
            h = self._exact(found, v, h)
        _, log_det = np.linalg.slogdet(h)
        r = self.layout.n_random
        prior = self.layout.log_prior(eta, v)
        value = found.likelihood + prior + r / 2 * math.log(2 * math.pi) - log_det / 2
        return np.where(np.isfinite(value), value, -1e10)

    def _exact(self, found: Modes, v: Any, gauss: Numbers) -> Numbers:
        """Minus the second derivatives of ln p(y, u) at the modes, by differences.

        Where these are not positive definite, as on a kink of the curve, those of FOCE stand in.
        """
        bound, r = self.bound, self.bound.r
        k, h = len(r), 1e-3

        def density(moves: dict[int, float]) -> Numbers:
            u = found.u.copy()
            for j, move in moves.items():
                u[..., j] += move
            with np.errstate(all="ignore"):
                return bound.noise.log_density(bound.scaled(u), v.error)

        out = np.zeros(gauss.shape)
        ends = {}
        for a in range(k):
            ends[a] = density({r[a]: h}), density({r[a]: -h})
            out[..., a, a] = -(ends[a][0] - 2 * found.likelihood + ends[a][1]) / h**2
            for b in range(a):
                mixed = density({r[a]: h, r[b]: h}) + density({r[a]: -h, r[b]: -h})
                lone = ends[a][0] + ends[a][1] + ends[b][0] + ends[b][1]
                out[..., a, b] = -(mixed - lone + 2 * found.likelihood) / (2 * h * h)
                out[..., b, a] = out[..., a, b]
        out = out + np.linalg.inv(v.omega)[:, None]
        out = np.where(np.isfinite(out), out, gauss)
        good = np.linalg.eigvalsh(out)[..., 0] > 1e-3 * np.linalg.eigvalsh(gauss)[..., 0]
        return np.where(good[..., None, None], out, gauss)

    def approach(self, x: Numbers, rounds: int, bar: Any, latest: list[Top]) -> Numbers:
        """EM with a normal curve at each mode: quick steps from afar to near the top."""
        layout, bound = self.layout, self.bound
        x = x.copy()
        x[layout.q : layout.q + layout.n_random] += math.log(WIDER)
        for _ in range(rounds):
            self.remember(x)
            v = layout.values(x[None])
            found, _ = self.solved(x[None])
            h = found.gauss[0] + np.linalg.inv(v.omega[0])
            spread = np.linalg.inv(h)
            u = found.u[0][:, bound.r]
            z2 = bound.noise.squares(found.F, v.error).sum()
            around = np.einsum("nij,nji->", found.gauss[0], spread)
            s = Statistics(
                first=u[None],
                second=(u.T @ u + spread.sum(axis=0))[None],
                squares=np.array([(z2 + around) * v.error[0, 0] ** 2]),
                groups={},
            )
            new = maximise(layout, v, s, found.u[None], found.F[None], 1.0, False)
            before, x = x, layout.vector(new)[0]
            latest[:] = [_unfinished(x)]
            if np.abs(x - before).max() < 0.01:
                break
        bar.add(1)
        return x

    def remember(self, x: Numbers) -> None:
        """The modes at x become where the next searches start, if they are as good from zero."""
        near, eta = self.solved(x[None])
        far, other = self.solved(x[None], np.zeros_like(self.eta))
        v = self.layout.values(x[None])
        first = near.likelihood + self.layout.log_prior(eta, v)
        second = far.likelihood + self.layout.log_prior(other, v)
        self.eta = np.where((second > first + 1e-6)[0, :, None], other[0], eta[0])


@dataclass
class Top:
    """Where :func:`climb` ended."""

    x: Numbers
    value: float
    promised: float
    scores: Numbers


def climb(
    function: Callable[[Numbers], Numbers],
    x: Numbers,
    most: int = 60,
    moved: Callable[[Numbers], None] | None = None,
    bar: Progress | None = None,
    best: list[Top] | None = None,
) -> Top:
    """The highest sum of ``function`` (B, size) -> (B, N), by a quasi-Newton method (BFGS).

    Its first curvature is the sum of squares of the patients' slopes (Berndt et al. 1974).
    """
    size = x.size
    shifts = STEP * np.concatenate([np.eye(size), -np.eye(size)])
    if moved is not None:
        moved(x)
    value = float(function(x[None]).sum())

    def slopes(x: Numbers) -> Numbers:
        each = function(x + shifts)
        return (each[:size] - each[size:]).T / (2 * STEP)

    own = slopes(x)
    gradient = own.sum(axis=0)
    curvature = own.T @ own + 1e-3 * np.eye(size)
    promised = math.inf
    stuck = 0
    for _ in range(most):
        step = np.linalg.solve(curvature, gradient)
        promised = float(gradient @ step) / 2
        if best is not None:
            best[:] = [Top(x, value, promised, own)]
        if promised < ARRIVED or stuck > 2:
            break
        step *= min(1.0, LONGEST / float(np.abs(step).max()))
        tried = x + LENGTHS[:, None] * step
        reached = function(tried).sum(axis=1)
        i = int(np.argmax(reached))
        if not reached[i] > value:
            # No way up along this step: start the curvature again.
            curvature = own.T @ own + 10.0 ** (stuck - 2) * np.diag(np.diag(own.T @ own) + 1e-3)
            stuck += 1
            continue
        stuck = 0
        change = tried[i] - x
        x = tried[i]
        if moved is not None:
            moved(x)
        value = max(float(reached[i]), float(function(x[None]).sum()))
        own = slopes(x)
        new = own.sum(axis=0)
        bend = gradient - new
        along = float(bend @ change)
        if along > 1e-10:
            pushed = curvature @ change
            curvature = (
                curvature
                + np.outer(bend, bend) / along
                - np.outer(pushed, pushed) / float(change @ pushed)
            )
        gradient = new
        if bar is not None:
            bar.add(1)
    return Top(x, value, promised, own)


def curvature_at(
    function: Callable[[Numbers], Numbers], x: Numbers, scores: Numbers, care: list[str]
) -> Numbers:
    """Covariance at the top: from second differences, or from the patients' slopes where these are
    not positive definite, which the result then says.
    """
    size = x.size
    spread = np.sqrt(1 / np.maximum(np.diag(scores.T @ scores), 1e-12))
    h = np.clip(0.1 * spread, 1e-3, 0.1)
    pairs = [(a, b) for a in range(size) for b in range(a + 1)]
    points = [x]
    for a, b in pairs:
        ea, eb = h[a] * np.eye(size)[a], h[b] * np.eye(size)[b]
        points += (
            [x + ea, x - ea] if a == b else [x + ea + eb, x - ea - eb, x + ea - eb, x - ea + eb]
        )
    values = []
    for first in range(0, len(points), 2 * size):
        values.append(function(np.array(points[first : first + 2 * size])).sum(axis=1))
    f = np.concatenate(values)
    out, at = np.zeros((size, size)), 1
    for a, b in pairs:
        if a == b:
            out[a, a] = -(f[at] - 2 * f[0] + f[at + 1]) / h[a] ** 2
            at += 2
        else:
            out[a, b] = out[b, a] = -(f[at] + f[at + 1] - f[at + 2] - f[at + 3]) / (4 * h[a] * h[b])
            at += 4
    scale = np.sqrt(np.abs(np.diag(out)))
    if np.isfinite(out).all() and (scale > 0).all():
        if np.linalg.eigvalsh(out / np.outer(scale, scale))[0] > 1e-4:
            return inverse(out, [])
    care.append(
        "standard errors from the patients' slopes (BHHH): the approximate likelihood is not "
        "smooth enough at its top for second derivatives"
    )
    return inverse(scores.T @ scores, care)


def laplace(
    mixed: Mixed,
    study: Study,
    *,
    seed: int = 1,
    starts: int = 2,
    iterations: int = 60,
    samples: int = 500,
    level: float = 0.95,
    progress: bool = True,
) -> Population:
    """Fit by Laplace's approximation of each patient's integral; see the module.

    Parameters
    ----------
    mixed, study : the model and the data. No mixtures here.
    seed : for the further starts.
    starts : searches, the first from the start values; where they disagree the result says so.
    iterations : of each search, at most.
    samples : draws a patient for standard errors: the information is that of the likelihood itself,
        by importance sampling, because its approximation need not be smooth.
    level : of the confidence intervals.
    progress : show a bar where somebody can see it.

    Returns
    -------
    Population, with modes as individual estimates. An interrupt returns what was reached, with a
    warning.

    Raises LearnerError as :func:`saem` does, and for a mixture.
    """
    return _fit(mixed, study, True, "Laplace", seed, starts, iterations, samples, level, progress)


def foce(
    mixed: Mixed,
    study: Study,
    *,
    seed: int = 1,
    starts: int = 2,
    iterations: int = 60,
    samples: int = 500,
    level: float = 0.95,
    progress: bool = True,
) -> Population:
    """Fit by first-order conditional estimation with interaction (FOCE-I).

    Parameters, result and errors are those of :func:`laplace`.
    """
    return _fit(mixed, study, False, "FOCE-I", seed, starts, iterations, samples, level, progress)


def _fit(
    mixed: Mixed, study: Study, exact: bool, method: str, seed: int, starts: int,
    iterations: int, samples: int, level: float, progress: bool,
) -> Population:  # fmt: skip
    from cgtlearn.estimate.mixed_effects.saem import whole

    bound = Bound(mixed, study)
    bound.rtol = min(bound.rtol, SOLVED_RTOL)
    layout = Layout(bound)
    one_number("level", level)
    if not mixed.random or mixed.mixtures:
        raise LearnerError(
            given=f"{method} for a model with "
            + ("a mixture" if mixed.mixtures else "no random effect"),
            expected="normal random effects: a mixture has several modes",
            do="use estimate.saem" if mixed.mixtures else "use estimate.naive_pooled",
        )
    marginal = _Marginal(layout, exact)
    rng = np.random.default_rng(checked_seed(seed))
    count, most = whole("starts", starts, 1), whole("iterations", iterations, 1)
    first = layout.start()
    tops: list[Top] = []
    latest: list[Top] = []
    care: list[str] = []
    cut = False
    with Progress(count * most, "iterations", progress) as bar:
        try:
            for i in range(count):
                x = first.copy()
                if i:
                    # A further start moves typical values; each time from modes of its own.
                    x[: layout.q] += (
                        SPREAD_OF_STARTS * rng.standard_normal(layout.q) * _moves(bound)
                    )
                marginal.eta[...] = 0.0
                latest[:] = [_unfinished(x)]
                x = marginal.approach(x, ROUNDS, bar, latest)
                tops.append(climb(marginal, x, most, marginal.remember, bar, latest))
                bar.add(max(0, (i + 1) * most - bar.done))
        except KeyboardInterrupt:
            tops += latest
            cut = True
            care.append("interrupted: these are the values reached, not the optimum")
    values = np.array([t.value for t in tops])
    top = tops[int(np.argmax(values))]
    marginal.eta[...] = 0.0
    marginal.remember(top.x)
    marginal.remember(top.x)
    if not math.isfinite(top.value):
        top.value = float(marginal(top.x[None]).sum())
        values = np.array([top.value])
    found, _ = marginal.solved(top.x[None])
    v = layout.values(top.x)
    own = found.u[0][:, bound.r]
    spread = np.linalg.inv(found.gauss[0] + np.linalg.inv(v.omega))
    cloud = draw(layout, top.x, own, spread, samples, rng)
    if cloud.effective(top.x).min() < FEWEST:
        mean, spread = cloud.conditional(top.x)
        cloud = draw(layout, top.x, mean, spread, samples, rng)
    right, noise = cloud.log_likelihood(top.x)
    if abs(top.value - right) > OFF + 3 * noise:
        care.append(
            f"the approximation is off: {top.value:.1f}, where importance sampling finds a "
            f"log-likelihood of {right:.1f}. Estimates lean the same way; compare with SAEM"
        )
    covariance = inverse(cloud.information(top.x)[1], care)
    return finished(
        layout, top.x, method=method, level=level, care=care, covariance=covariance, own=own,
        log_likelihood=top.value, starts=values,
        reached=int((values > values.max() - SAME).sum()),
        distance=0.0 if cut else top.promised,
    )  # fmt: skip


def _unfinished(x: Numbers) -> Top:
    """A place whose likelihood has not been looked at, for a search that is cut short."""
    return Top(x, -math.inf, math.inf, np.zeros((0, x.size)))


def _moves(bound: Bound) -> Numbers:
    """1 for a typical value, 0 for a covariate's effect."""
    return np.array([0.0 if c.covariate else 1.0 for c in bound.coefficients])

r"""Stochastic approximation EM (SAEM), vectorised over starts, chains and patients.

Each iteration has three steps (Delyon, Lavielle and Moulines 1999; Kuhn and Lavielle 2004):

*simulate*     a few Metropolis steps move every patient's random parameters u towards their
               conditional distribution, given the data and the current unknowns;
*approximate*  sufficient statistics s take a step towards those of the simulated u,
               s ← s + γ (S(u) - s);
*maximise*     the unknowns become those with the highest likelihood for s.

While γ is 1 the unknowns wander to the region of the optimum; then γ falls as :math:`k^{-0.7}`, and
their mean over that phase is kept. Two Newton steps on the likelihood by importance sampling take
out what noise is left, and say how far from the optimum the search had ended.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError, one_number, short
from cgtlearn.estimate.mixed_effects.importance import Cloud, draw
from cgtlearn.estimate.mixed_effects.layout import Groups, Layout, Values
from cgtlearn.estimate.mixed_effects.mixed import Bound, Mixed
from cgtlearn.estimate.mixed_effects.results import Population, finished
from cgtlearn.estimate.mixed_effects.study import Study
from cgtlearn.population.patients import checked_seed
from cgtlearn.population.progress import Progress

__all__ = ["saem"]

Numbers = NDArray[np.float64]

SPREAD_OF_STARTS = 0.7
"""SD of a further start around the first, on the parameters' scales."""
ANNEALING = 0.95
"""While exploring, a variance falls by no more than this factor in an iteration."""
FALL = 0.7
"""Exponent of the step size: below 1, and the unknowns are averaged (Polyak and Juditsky)."""
SMALLEST = 1e-4
"""Smallest SD of a random effect."""
LONGEST = 0.5
"""Longest step of a parameter without random effect, on its scale, in one iteration."""
CHAINS = 60
"""Patients times chains of a start, at least: few patients get several chains each."""
SAME = 2.0
"""Log-likelihoods of starts closer than this, noise apart, are the same optimum."""


def whole(name: str, value: Any, least: int) -> int:
    """``value`` as a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise LearnerError(
            given=f"{name} = {short(value)}",
            expected=f"a whole number of {least} or more",
            do=f"leave {name} out to use the default",
        )
    return int(value)


def saem(
    mixed: Mixed,
    study: Study,
    *,
    seed: int = 1,
    starts: int = 3,
    chains: int | None = None,
    explore: int = 150,
    smooth: int = 100,
    samples: int = 1000,
    level: float = 0.95,
    progress: bool = True,
) -> Population:
    """Fit a mixed model by SAEM.

    Parameters
    ----------
    mixed, study : the model and the data.
    seed : a whole number; the same seed gives the same result.
    starts : independent searches, side by side: the first from the start values, the others from
        random ones around them. Where their log-likelihoods disagree the result says so.
    chains : Markov chains a patient in each search; by default one, and more for few patients.
    explore, smooth : iterations with a full step, and with a falling one.
    samples : draws a patient for log-likelihood and standard errors.
    level : of the confidence intervals.
    progress : show a bar where somebody can see it.

    Returns
    -------
    Population. An interrupt (Ctrl-C, or the stop button) returns what was reached, with a warning.

    Raises LearnerError for one patient alone, more unknowns than samples, a covariate that is the
    same in all patients, values of zero under a logarithm, and start values without a curve.
    """
    bound = Bound(mixed, study)
    layout = Layout(bound)
    one_number("level", level)
    if not mixed.random:
        raise LearnerError(
            given="SAEM for a model without random effects",
            expected="at least one parameter in random",
            do="use estimate.naive_pooled, or name what differs between patients",
        )
    many = whole("chains", chains if chains is not None else math.ceil(CHAINS / study.size), 1)
    search = _Search(bound, layout, checked_seed(seed), whole("starts", starts, 1), many)
    explore, smooth = whole("explore", explore, 10), whole("smooth", smooth, 10)
    samples = whole("samples", samples, 50)
    care: list[str] = []
    with Progress(explore + smooth, "iterations", progress) as bar:
        try:
            for k in range(explore + smooth):
                search.iterate(k, explore)
                bar.add(1)
        except KeyboardInterrupt:
            care.append(
                f"interrupted in iteration {search.done + 1} of {explore + smooth}: these are the "
                "values reached, not the optimum"
            )
    return _chosen(search, samples, level, care, bool(care))


def _chosen(
    search: _Search, samples: int, level: float, care: list[str], interrupted: bool
) -> Population:
    """Compare the starts, refine the best, and put the result together."""
    layout, rng = search.layout, search.rng
    ends = search.ends()
    few = max(100, samples // 4)
    centre, spread = search.moments()
    clouds = [draw(layout, x, centre[i], spread[i], few, rng) for i, x in enumerate(ends)]
    found = [cloud.log_likelihood(x) for cloud, x in zip(clouds, ends, strict=True)]
    likelihoods = np.array([f[0] for f in found])
    errors = np.array([f[1] for f in found])
    likelihoods[np.isnan(likelihoods)] = -np.inf
    best = int(np.argmax(likelihoods))
    # The comparison allows for the noise of both.
    behind = likelihoods[best] - likelihoods - 3 * np.hypot(errors, errors[best])
    reached = int((behind <= SAME).sum())
    x, cloud = ends[best], clouds[best]
    far = math.nan
    if not interrupted:
        for _ in range(2):
            mean, covariance = cloud.conditional(x)
            x, far = _newton(cloud, x)
            cloud = draw(layout, x, mean, covariance, samples, rng)
    return finished(
        layout, x, method="SAEM", level=level, cloud=cloud, trace=search.trace(), care=care,
        starts=likelihoods, reached=reached, distance=far,
    )  # fmt: skip


def _newton(cloud: Cloud, x: Numbers) -> tuple[Numbers, float]:
    """One Newton step on ln L by importance sampling, and how much it promises to gain.

    A step that does not raise the likelihood, or has no curvature to go by, is not taken.
    """
    slope, information = cloud.information(x)
    try:
        np.linalg.cholesky(information)
        step = np.linalg.solve(information, slope)
    except np.linalg.LinAlgError:
        return x, math.nan
    promised = float(slope @ step) / 2
    step = np.clip(step, -LONGEST, LONGEST)
    if cloud.layout.bound.f or cloud.log_likelihood(x + step)[0] > cloud.log_likelihood(x)[0]:
        return x + step, promised
    return x, promised


@dataclass
class _Statistics:
    """Sufficient statistics of each start: sums over patients, but ``first`` is kept by patient."""

    first: Numbers
    second: Numbers
    squares: Numbers
    groups: dict[int, Numbers]

    def towards(self, new: _Statistics, gain: float) -> None:
        self.first += gain * (new.first - self.first)
        self.second += gain * (new.second - self.second)
        self.squares += gain * (new.squares - self.squares)
        for a, value in new.groups.items():
            self.groups[a] += gain * (value - self.groups[a])


class _Search:
    """The chains of all starts: u (S, K, N, d), and the unknowns of each start, (S, ...)."""

    def __init__(self, bound: Bound, layout: Layout, seed: int, starts: int, chains: int) -> None:
        self.bound, self.layout = bound, layout
        self.rng = np.random.default_rng(seed)
        self.S, self.K, self.N = starts, chains, bound.study.size
        r = layout.n_random
        x = np.tile(layout.start(), (starts, 1))
        for i, c in enumerate(bound.coefficients):
            if not c.covariate:
                j = bound.names.index(c.parameter)
                moved = x[1:, i] + SPREAD_OF_STARTS * self.rng.standard_normal(starts - 1)
                x[1:, i] = np.clip(moved, *_within(bound.low[j], bound.high[j]))
        self.values = layout.values(x)
        typical = bound.typical(self.values.theta)
        self.u = np.repeat(typical[:, None], chains, axis=1)
        sd = layout.sds(x)[:, None, None]
        self.u[..., bound.r] += sd * self.rng.standard_normal((starts, chains, self.N, r))
        self.u = np.clip(self.u, bound.low, bound.high)
        self.F = bound.scaled(self.u)
        self.log_scale = np.log(sd[:, 0] / 2) + np.zeros((starts, self.N, r))
        self.joint = np.zeros((starts, self.N))
        self.mean = self.u[..., bound.r].mean(axis=1)
        self.spread = np.zeros((starts, self.N, r, r)) + (sd[:, 0, :, :, None] / 2) ** 2 * np.eye(r)
        self.root = np.sqrt(self.spread)
        self.statistics: _Statistics | None = None
        self.history: list[Numbers] = []
        self.kept: list[Numbers] = []
        self.done = 0
        self.sum = np.zeros_like(self.mean)
        self.cross = np.zeros_like(self.spread)
        self.counted = 0

    def iterate(self, k: int, explore: int) -> None:
        """One iteration: simulate, approximate, maximise."""
        bound, layout = self.bound, self.layout
        gain = 1.0 if k < explore else (k - explore + 1) ** -FALL
        if bound.f:
            self.u[..., bound.f] = bound.typical(self.values.theta)[:, None][..., bound.f]
            self.F = bound.scaled(self.u)
        self._densities()
        self._from_the_prior()
        r = layout.n_random
        for a in range(r) if k < 20 else self.rng.permutation(r)[:2]:
            self._one_by_one(int(a), k)
        for _ in range(2):
            self._together(k)
        self._learn(k)
        new = self._observed()
        if self.statistics is None:
            self.statistics = new
        else:
            self.statistics.towards(new, gain)
        self._maximise(gain, annealing=k < explore // 2)
        x = layout.vector(self.values)
        self.history.append(x)
        if k >= explore:
            here = self.u[..., bound.r]
            self.sum += here.mean(axis=1)
            self.cross += np.einsum("skni,sknj->snij", here, here) / self.K
            self.counted += 1
            if k >= explore + 5:
                self.kept.append(x)
        self.done = k + 1

    # simulate

    def _densities(self) -> None:
        v = self.values
        with np.errstate(all="ignore"):
            self.likelihood = self.bound.noise.log_density(self.F, v.error[:, None])
        self.centre = self.bound.typical(v.theta)[:, None][..., self.bound.r]
        self.prior = self.layout.log_prior(self.u[..., self.bound.r] - self.centre, v)

    def _try(self, u_random: Numbers, with_prior: bool = True) -> NDArray[np.bool_]:
        """Accept or reject new random parameters (S, K, N, r) by Metropolis' rule."""
        bound = self.bound
        u = self.u.copy()
        u[..., bound.r] = u_random
        F = bound.scaled(u)
        with np.errstate(all="ignore"):
            likelihood = bound.noise.log_density(F, self.values.error[:, None])
        likelihood[~bound.inside(u)] = -np.inf
        prior = self.layout.log_prior(u_random - self.centre, self.values)
        gain = likelihood - self.likelihood
        if with_prior:
            gain = gain + prior - self.prior
        accepted = np.log(self.rng.random(gain.shape)) < gain
        self.u[accepted] = u[accepted]
        self.F[accepted] = F[accepted]
        self.likelihood = np.where(accepted, likelihood, self.likelihood)
        self.prior = np.where(accepted, prior, self.prior)
        return np.asarray(accepted)

    def _from_the_prior(self) -> None:
        """A proposal from the population: it crosses valleys that small steps do not."""
        v = self.values
        shape = (self.S, self.K, self.N, self.layout.n_random)
        root = np.linalg.cholesky(v.omega)[:, None]
        eta = self.rng.standard_normal(shape) @ np.swapaxes(root, -1, -2)
        for a, g in v.groups.items():
            pick = (
                self.rng.random(shape[:-1])[..., None] > np.cumsum(g.share, axis=-1)[:, None, None]
            )
            which = np.minimum(pick.sum(axis=-1), g.sd.shape[-1] - 1)
            lane = np.arange(self.S)[:, None, None]
            z = self.rng.standard_normal(shape[:-1])
            eta[..., a] = g.shift[lane, which] + g.sd[lane, which] * z
        self._try(self.centre + eta, with_prior=False)

    def _one_by_one(self, a: int, k: int) -> None:
        """A random walk of one parameter; its step learns to be accepted 44 times in 100."""
        new = self.u[..., self.bound.r]
        step = np.exp(self.log_scale[..., a])[:, None]
        new[..., a] += step * self.rng.standard_normal(new.shape[:-1])
        accepted = self._try(new)
        self.log_scale[..., a] += _learning(k) * (accepted.mean(axis=1) - 0.44)

    def _together(self, k: int) -> None:
        """A random walk of all parameters, shaped like what this patient has shown so far."""
        r = self.layout.n_random
        z = self.rng.standard_normal((self.S, self.K, self.N, r, 1))
        step = (self.root[:, None] @ z)[..., 0]
        scale = np.exp(self.joint)[:, None, :, None] * 2.38 / math.sqrt(r)
        accepted = self._try(self.u[..., self.bound.r] + scale * step)
        self.joint += _learning(k) * (accepted.mean(axis=1) - 0.25)

    def _learn(self, k: int) -> None:
        """Running mean and covariance of each patient's random parameters."""
        gain = max(1 / (k + 2), 0.03)
        here = self.u[..., self.bound.r]
        away = here - self.mean[:, None]
        self.mean += gain * away.mean(axis=1)
        now = np.einsum("skni,sknj->snij", away, away) / self.K
        self.spread += gain * (now - self.spread)
        if k % 5 == 4:
            r = self.layout.n_random
            sd2 = np.diagonal(self.values.omega, axis1=1, axis2=2)
            small = 1e-3 * sd2[:, None, :, None] * np.eye(r)
            self.root = np.linalg.cholesky(self.spread + small)

    # approximate and maximise

    def _observed(self) -> _Statistics:
        here = self.u[..., self.bound.r]
        flat = here.reshape(self.S, -1, here.shape[-1])
        z2 = self.bound.noise.squares(self.F, self.values.error[:, None])
        groups = {}
        for a, g in self.values.groups.items():
            u = here[..., a]
            b = g.belonging(u - self.centre[..., a])
            parts = [b, b * u[..., None], b * u[..., None] ** 2]
            groups[a] = np.stack([p.sum(axis=(1, 2)) / self.K for p in parts], axis=-1)
        return _Statistics(
            first=here.mean(axis=1),
            second=np.swapaxes(flat, 1, 2) @ flat / self.K,
            squares=np.nansum(z2, axis=(1, 2, 3)) / self.K * self.values.error[:, 0] ** 2,
            groups=groups,
        )

    def _maximise(self, gain: float, annealing: bool) -> None:
        bound, layout, old, s = self.bound, self.layout, self.values, self.statistics
        assert s is not None
        theta = old.theta.copy()
        g = layout.gaussian
        rows = [bound.r[a] for a in g]
        columns = [
            i for i, c in enumerate(bound.coefficients) if bound.names.index(c.parameter) in rows
        ]
        omega = old.omega.copy()
        if g:
            if len(columns) == len(rows):
                theta[:, columns] = s.first[..., g].mean(axis=1)
            else:
                design = bound.design[:, rows][:, :, columns]
                precision = np.linalg.inv(old.omega[:, g][:, :, g])[:, None]
                weighted = np.swapaxes(design, 1, 2) @ precision
                normal = (weighted @ design).sum(axis=1)
                right = (weighted @ s.first[..., g, None]).sum(axis=1)
                theta[:, columns] = np.linalg.solve(normal, right)[..., 0]
            m = bound.typical(theta)[..., rows]
            first = s.first[..., g]
            cross = np.swapaxes(m, 1, 2) @ first
            inner = s.second[:, g][:, :, g] - cross - np.swapaxes(cross, 1, 2)
            new = (inner + np.swapaxes(m, 1, 2) @ m) / self.N
            new = np.where(layout.mask[np.ix_(g, g)], new, 0.0)
            d = np.arange(len(g))
            least = np.full(len(g), SMALLEST**2)
            before = np.diagonal(old.omega[:, g][:, :, g], axis1=1, axis2=2)
            floor = np.maximum(ANNEALING * before, least) if annealing else least
            new[:, d, d] = np.maximum(new[:, d, d], floor)
            omega[np.ix_(range(self.S), g, g)] = new
        groups = {a: self._groups(a, theta, annealing) for a in old.groups}
        error = self._error(gain, annealing)
        if bound.f:
            self._without_effect(theta, gain)
        self.values = Values(theta, omega, error, groups)

    def _groups(self, a: int, theta: Numbers, annealing: bool) -> Groups:
        """The groups of a mixture, from the sums of belonging, of u and of u²."""
        assert self.statistics is not None
        old, t = self.values.groups[a], self.statistics.groups[a]
        count = np.maximum(t[..., 0], 1.0)
        mean = t[..., 1] / count
        var = np.maximum(t[..., 2] / count - mean**2, SMALLEST**2)
        if annealing:
            var = np.maximum(var, ANNEALING * old.sd**2)
        i = self.layout.first_coefficient(self.layout.random[a])
        theta[:, i] = mean[:, 0]
        return Groups(count / count.sum(axis=-1, keepdims=True), mean - mean[:, :1], np.sqrt(var))

    def _error(self, gain: float, annealing: bool) -> Numbers:
        noise, old = self.bound.noise, self.values.error
        assert self.statistics is not None
        if len(noise.names) == 1:
            new = np.sqrt(self.statistics.squares / noise.samples)[:, None]
            return np.maximum(new, ANNEALING * old) if annealing else np.maximum(new, 1e-9)
        first, second = noise.score(self.F, old[:, None])
        slope = first.sum(axis=(1, 2)) / self.K
        curvature = second.sum(axis=(1, 2)) / self.K
        curvature = curvature + 1e-3 * noise.samples * np.eye(len(noise.names))
        step = np.linalg.solve(curvature, slope[..., None])[..., 0]
        return np.asarray(old * np.exp(np.clip(gain * step, -LONGEST, LONGEST)))

    def _without_effect(self, theta: Numbers, gain: float) -> None:
        """A scoring step of the coefficients of parameters that do not differ."""
        bound = self.bound
        columns = bound.q_fixed
        F, slopes = bound.slopes(self.u, bound.f)
        first, second = bound.noise.slopes(F, self.values.error[:, None])
        design = bound.design[:, bound.f][:, :, columns]
        j = np.einsum("skntf,nfq->skntq", slopes, design, optimize=True)
        good = np.isfinite(j).all(axis=-1) & np.isfinite(first)
        first, second = np.where(good, first, 0), np.where(good, second, 0)
        j = np.where(good[..., None], j, 0)
        slope = np.einsum("sknt,skntq->sq", first, j, optimize=True)
        normal = np.einsum("sknt,skntq,skntp->sqp", second, j, j, optimize=True)
        ridge = 1e-9 * np.trace(normal, axis1=1, axis2=2) + 1e-12
        normal = normal + ridge[:, None, None] * np.eye(len(columns))
        step = np.linalg.solve(normal, slope[..., None])[..., 0]
        theta[:, columns] += np.clip(gain * step, -LONGEST, LONGEST)
        for i in columns:
            c = bound.coefficients[i]
            if not c.covariate:
                n = bound.names.index(c.parameter)
                theta[:, i] = np.clip(theta[:, i], *_within(bound.low[n], bound.high[n]))

    # results

    def ends(self) -> Numbers:
        """The unknowns at the end of each search (S, size)."""
        if self.kept:
            return np.mean(self.kept, axis=0)
        return self.history[-1] if self.history else self.layout.vector(self.values)

    def moments(self) -> tuple[Numbers, Numbers]:
        """Mean (S, N, r) and covariance (S, N, r, r) of each patient's random parameters."""
        if self.counted < 20:
            return self.mean, self.spread
        mean = self.sum / self.counted
        return mean, self.cross / self.counted - mean[..., :, None] * mean[..., None, :]

    def trace(self) -> dict[str, Numbers]:
        """Each unknown by iteration and start (iterations, S)."""
        path = np.array(self.history).reshape(len(self.history), self.S, self.layout.size)
        return {name: path[..., i] for i, name in enumerate(self.layout.names)}


def _learning(k: int) -> float:
    return max(1.5 / math.sqrt(k + 1), 0.1)


def _within(low: float, high: float) -> tuple[float, float]:
    """A domain without its ends."""
    gap = 1e-6 * (high - low) if math.isfinite(high - low) else 1e-6
    return low + gap, high - gap

r"""Stochastic approximation EM (SAEM), vectorised over starts, chains and patients.

Each iteration has three steps (Delyon, Lavielle and Moulines 1999; Kuhn and Lavielle 2004):

*simulate*     a few Metropolis steps move every patient's random parameters u towards their
               conditional distribution, given the data and the current unknowns;
*approximate*  sufficient statistics s take a step towards those of the simulated u,
               s ← s + γ (S(u) - s);
*maximise*     the unknowns become those with the highest likelihood for s.

While γ is 1 the unknowns wander to the region of the optimum; then γ falls as :math:`k^{-0.7}`, and
their mean over that phase is kept. A few Newton steps on the likelihood by importance sampling take
out what noise is left, and say how far from the optimum the search had ended.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.errors import LearnerError, one_number, short
from cgtlearn.estimate.mixed_effects.em import Statistics, maximise, within
from cgtlearn.estimate.mixed_effects.importance import Cloud, draw
from cgtlearn.estimate.mixed_effects.layout import Layout
from cgtlearn.estimate.mixed_effects.mixed import Bound, Mixed
from cgtlearn.estimate.mixed_effects.results import Population, finished
from cgtlearn.estimate.mixed_effects.study import Study
from cgtlearn.population.patients import checked_seed
from cgtlearn.population.progress import Progress

__all__ = ["saem"]

Numbers = NDArray[np.float64]

SPREAD_OF_STARTS = 0.7
"""SD of a further start around the first, on the parameters' scales."""
FALL = 0.7
"""Exponent of the step size: below 1, and the unknowns are averaged (Polyak and Juditsky)."""
LONGEST = 0.5
"""Longest Newton step of an unknown at the end."""
NEWTON = 3
"""Newton steps at the end, at most."""
ARRIVED = 0.3
"""The last of them promised less log-likelihood than this."""
CHAINS = 60
"""Patients times chains of a start, at least: few patients get several chains each."""
WIDER = 3.0
"""Factor on the SDs of the random effects at the start; annealing takes it back."""
COARSER = 10.0
"""Factor on the solver's tolerance while exploring."""
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
    explore: int | None = None,
    smooth: int | None = None,
    samples: int | None = None,
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
    explore, smooth : iterations with a full step, and with a falling one; by default 150 and 100,
        and 70 and 40 where the solver works.
    samples : draws a patient for log-likelihood and standard errors; by default 1000, and 200 where
        the solver works.
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
    # The solver takes hardly longer for twice the patients.
    wanted = 2 * CHAINS if bound.slow else CHAINS
    many = whole("chains", chains if chains is not None else math.ceil(wanted / study.size), 1)
    search = _Search(bound, layout, checked_seed(seed), whole("starts", starts, 1), many)
    usual = (70, 40, 200) if bound.slow else (150, 100, 1000)
    explore = whole("explore", usual[0] if explore is None else explore, 10)
    smooth = whole("smooth", usual[1] if smooth is None else smooth, 10)
    samples = whole("samples", usual[2] if samples is None else samples, 50)
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
    clouds = [draw(layout, x, centre[i], spread[i], few, rng, False) for i, x in enumerate(ends)]
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
    for _ in range(NEWTON):
        cloud = draw(layout, x, *cloud.conditional(x), samples, rng)
        if interrupted:
            break
        x, far = _newton(cloud, x)
        if far < ARRIVED:
            break
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
    if cloud.log_likelihood(x + step)[0] > cloud.log_likelihood(x)[0]:
        return x + step, promised
    return x, promised


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
                x[1:, i] = np.clip(moved, *within(bound.low[j], bound.high[j]))
        if not bound.slow:
            # Wide at first, so that a start far from the data is left quickly.
            x[:, layout.q : layout.q + r] += math.log(WIDER)
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
        self.statistics: Statistics | None = None
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
        typical = bound.typical(self.values.theta)[:, None]
        self.centre = typical[..., bound.r]
        self.u[..., bound.f] = typical[..., bound.f]
        self.stale = True
        # A curve from the solver is dear: later on, fewer kinds of moves.
        early, r = k < (10 if bound.slow else 20), layout.n_random
        bound.rtol = bound.mixed.rtol * (COARSER if k < explore else 1)
        if early or k % 2 == 0 or not bound.slow:
            self._from_the_prior()
        turns = range(r) if early else self.rng.permutation(r)[: 0 if bound.slow else 2]
        for a in turns:
            self._one_by_one(int(a), k)
        for _ in range(1 if bound.slow else 2):
            self._together(k)
        self._learn(k)
        new = self._observed()
        if self.statistics is None:
            self.statistics = new
        else:
            self.statistics.towards(new, gain)
        self.values = maximise(
            layout, self.values, self.statistics, self.u, self.F, gain, k < explore // 2
        )
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

    def _try(self, u_random: Numbers, with_prior: bool = True) -> NDArray[np.bool_]:
        """Accept or reject new random parameters (S, K, N, r) by Metropolis' rule."""
        bound, v = self.bound, self.values
        u = self.u.copy()
        u[..., bound.r] = u_random
        refused = ~bound.inside(u) | self.layout.far(u_random - self.centre, v)
        u[refused] = self.u[refused]
        if self.stale and bound.f:
            # Parameters without random effect have changed: all curves are computed anew.
            self.F, F = bound.scaled(np.stack([self.u, u]))
        else:
            F = bound.scaled(u)
        if self.stale:
            self.likelihood, self.prior = self._densities(self.u, self.F)
            self.stale = False
        likelihood, prior = self._densities(u, F)
        likelihood[refused] = -np.inf
        gain = likelihood - self.likelihood
        if with_prior:
            gain = gain + prior - self.prior
        accepted = np.log(self.rng.random(gain.shape)) < gain
        self.u[accepted] = u[accepted]
        self.F[accepted] = F[accepted]
        self.likelihood = np.where(accepted, likelihood, self.likelihood)
        self.prior = np.where(accepted, prior, self.prior)
        return np.asarray(accepted)

    def _densities(self, u: Numbers, F: Numbers) -> tuple[Numbers, Numbers]:
        """ln p of each patient's samples and of its random effects (S, K, N)."""
        v = self.values
        with np.errstate(all="ignore"):
            likelihood = self.bound.noise.log_density(F, v.error[:, None])
        return likelihood, self.layout.log_prior(u[..., self.bound.r] - self.centre, v)

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
        widest = np.log(2.5 * np.sqrt(self.values.omega[:, a, a]))[:, None]
        self.log_scale[..., a] = np.minimum(self.log_scale[..., a], widest)

    def _together(self, k: int) -> None:
        """A random walk of all parameters, shaped like what this patient has shown so far."""
        r = self.layout.n_random
        z = self.rng.standard_normal((self.S, self.K, self.N, r, 1))
        step = (self.root[:, None] @ z)[..., 0]
        scale = np.exp(self.joint)[:, None, :, None] * 2.38 / math.sqrt(r)
        accepted = self._try(self.u[..., self.bound.r] + scale * step)
        self.joint += _learning(k) * (accepted.mean(axis=1) - 0.25)
        self.joint = np.clip(self.joint, -5, 1)

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

    def _observed(self) -> Statistics:
        here = self.u[..., self.bound.r]
        flat = here.reshape(self.S, -1, here.shape[-1])
        z2 = self.bound.noise.squares(self.F, self.values.error[:, None])
        groups = {}
        for a, g in self.values.groups.items():
            u = here[..., a]
            b = g.belonging(u - self.centre[..., a])
            parts = [b, b * u[..., None], b * u[..., None] ** 2]
            groups[a] = np.stack([p.sum(axis=(1, 2)) / self.K for p in parts], axis=-1)
        return Statistics(
            first=here.mean(axis=1),
            second=np.swapaxes(flat, 1, 2) @ flat / self.K,
            squares=np.nansum(z2, axis=(1, 2, 3)) / self.K * self.values.error[:, 0] ** 2,
            groups=groups,
        )

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
    return max(1 / math.sqrt(k + 1), 0.1)

r"""The M step of an EM algorithm: the most likely unknowns, given sufficient statistics.

For normal random effects these are the conditional means of :math:`u_i` and of
:math:`\sum_i u_i u_i^T`, for noise with one parameter the conditional mean of the sum of squared
residuals. SAEM draws them, and the search of FOCE starts from their normal approximation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cgtlearn.estimate.mixed_effects.layout import Groups, Layout, Values

__all__ = ["Statistics", "maximise", "within"]

Numbers = NDArray[np.float64]

ANNEALING = 0.95
"""While exploring, a variance falls by no more than this factor in an iteration."""
SMALLEST = 1e-4
"""Smallest SD of a random effect."""
LONGEST = 0.5
"""Longest step of a parameter without random effect, on its scale, in one iteration."""


@dataclass
class Statistics:
    """Sufficient statistics for S searches side by side.

    ``first`` (S, N, r) conditional means of u; ``second`` (S, r, r) those of the sum of u u';
    ``squares`` (S,) sum of squared residuals in units of the error parameter; ``groups`` of
    mixtures: (S, K, 3) sums of belonging, of u and of u².
    """

    first: Numbers
    second: Numbers
    squares: Numbers
    groups: dict[int, Numbers]

    def towards(self, new: Statistics, gain: float) -> None:
        """A step of this length towards new statistics."""
        self.first += gain * (new.first - self.first)
        self.second += gain * (new.second - self.second)
        self.squares += gain * (new.squares - self.squares)
        for a, value in new.groups.items():
            self.groups[a] += gain * (value - self.groups[a])


def maximise(
    layout: Layout,
    old: Values,
    s: Statistics,
    u: Numbers,
    F: Numbers,
    gain: float,
    annealing: bool,
) -> Values:
    """The unknowns with the highest likelihood for these statistics.

    What has no sufficient statistics, parameters without random effect and noise with two
    parameters, takes a scoring step of length ``gain`` at the current ``u`` (S, K, N, d), with
    curves ``F``.
    """
    bound = layout.bound
    theta, omega = old.theta.copy(), old.omega.copy()
    g = layout.gaussian
    if g:
        rows = [bound.r[a] for a in g]
        columns = [
            i for i, c in enumerate(bound.coefficients) if bound.names.index(c.parameter) in rows
        ]
        theta[:, columns] = _coefficients(layout, old, s, rows, columns)
        omega[np.ix_(range(len(theta)), g, g)] = _omega(layout, old, s, theta, rows, annealing)
    groups = {a: _groups(layout, old, s, a, theta, annealing) for a in old.groups}
    error = _error(layout, old, s, F, gain, annealing)
    if bound.f:
        _without_effect(layout, old, u, F, theta, gain)
    return Values(theta, omega, error, groups)


def _coefficients(
    layout: Layout, old: Values, s: Statistics, rows: list[int], columns: list[int]
) -> Numbers:
    """Generalised least squares of the conditional means on the design."""
    g = layout.gaussian
    if len(columns) == len(rows):
        return np.asarray(s.first[..., g].mean(axis=1))
    design = layout.bound.design[:, rows][:, :, columns]
    precision = np.linalg.inv(old.omega[:, g][:, :, g])[:, None]
    weighted = np.swapaxes(design, 1, 2) @ precision
    normal = (weighted @ design).sum(axis=1)
    right = (weighted @ s.first[..., g, None]).sum(axis=1)
    return np.asarray(np.linalg.solve(normal, right)[..., 0])


def _omega(
    layout: Layout, old: Values, s: Statistics, theta: Numbers, rows: list[int], annealing: bool
) -> Numbers:
    """The mean of (u - m)(u - m)', with zeros where no correlation is estimated."""
    g = layout.gaussian
    m = layout.bound.typical(theta)[..., rows]
    cross = np.swapaxes(m, 1, 2) @ s.first[..., g]
    inner = s.second[:, g][:, :, g] - cross - np.swapaxes(cross, 1, 2)
    new = (inner + np.swapaxes(m, 1, 2) @ m) / m.shape[1]
    new = np.where(layout.mask[np.ix_(g, g)], new, 0.0)
    d = np.arange(len(g))
    floor = np.full(len(g), SMALLEST**2)
    if annealing:
        before = np.diagonal(old.omega[:, g][:, :, g], axis1=1, axis2=2)
        floor = np.maximum(ANNEALING * before, floor)
    new[:, d, d] = np.maximum(new[:, d, d], floor)
    return np.asarray(new)


def _groups(
    layout: Layout, old: Values, s: Statistics, a: int, theta: Numbers, annealing: bool
) -> Groups:
    """The groups of a mixture, from sums of belonging, of u and of u²."""
    t = s.groups[a]
    count = np.maximum(t[..., 0], 1.0)
    mean = t[..., 1] / count
    var = np.maximum(t[..., 2] / count - mean**2, SMALLEST**2)
    if annealing:
        var = np.maximum(var, ANNEALING * old.groups[a].sd ** 2)
    theta[:, layout.first_coefficient(layout.random[a])] = mean[:, 0]
    return Groups(count / count.sum(axis=-1, keepdims=True), mean - mean[:, :1], np.sqrt(var))


def _error(
    layout: Layout, old: Values, s: Statistics, F: Numbers, gain: float, annealing: bool
) -> Numbers:
    noise = layout.bound.noise
    if len(noise.names) == 1:
        new = np.sqrt(s.squares / noise.samples)[:, None]
        return np.maximum(new, ANNEALING * old.error) if annealing else np.maximum(new, 1e-9)
    first, second = noise.score(F, old.error[:, None])
    chains = F.shape[1]
    slope, curvature = first.sum(axis=(1, 2)) / chains, second.sum(axis=(1, 2)) / chains
    curvature = curvature + 1e-3 * noise.samples * np.eye(len(noise.names))
    step = np.linalg.solve(curvature, slope[..., None])[..., 0]
    return np.asarray(old.error * np.exp(np.clip(gain * step, -LONGEST, LONGEST)))


def _without_effect(
    layout: Layout, old: Values, u: Numbers, F: Numbers, theta: Numbers, gain: float
) -> None:
    """A scoring step of the coefficients of parameters that do not differ."""
    bound = layout.bound
    columns = bound.q_fixed
    _, slopes = bound.slopes(u, bound.f, F=F)
    first, second = bound.noise.slopes(F, old.error[:, None])
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
            theta[:, i] = np.clip(theta[:, i], *within(bound.low[n], bound.high[n]))


def within(low: float, high: float) -> tuple[float, float]:
    """A domain without its ends."""
    gap = 1e-6 * (high - low) if math.isfinite(high - low) else 1e-6
    return low + gap, high - gap

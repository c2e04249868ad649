r"""The log-likelihood of a mixed model by importance sampling, its slope and its curvature.

The likelihood of patient i is an integral over its random effects. With draws :math:`u_m` from a
density q that resembles the patient's conditional distribution (here a Student's t),

.. math:: L_i \approx \frac1M \sum_m w_m, \qquad
          w_m = \frac{p(y_i \mid u_m)\,p(u_m)}{q(u_m)}.

The same weights give conditional means. By Fisher's identity the slope of ln L is the conditional
mean of the slope S of the complete log-likelihood ln p(y, u), and by Louis' (1982) the information
is :math:`\sum_i E[-\partial S] - \mathrm{Var}(S)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cgtlearn.estimate.mixed_effects.layout import Layout, Values

__all__ = ["Cloud", "draw"]

Numbers = NDArray[np.float64]

FREEDOM = 5.0
"""Degrees of freedom of the t: tails heavier than any conditional distribution's."""
WIDER = 1.15
"""Factor on the SD of the draws; too wide costs little, too narrow a lot."""
TOGETHER = 400_000
"""Samples (draws times patients times times) that are computed at once."""
STEP = 1e-4


@dataclass
class Cloud:
    """M draws for each of N patients, and what does not depend on the unknowns.

    ``u`` (M, N, r) random parameters, ``F`` (M, N, T) curves on the scale of the error, ``slopes``
    (M, N, T, f) of F by the parameters without random effect, which were ``fixed`` (N, f), and
    ``log_q`` (M, N).
    """

    layout: Layout
    u: Numbers
    F: Numbers
    slopes: Numbers
    log_q: Numbers
    fixed: Numbers

    def curves(self, x: Numbers) -> Numbers:
        """F (M, N, T) at the unknowns x, to first order in the parameters without random effect."""
        bound = self.layout.bound
        if not bound.f:
            return self.F
        moved = bound.typical(x[: self.layout.q])[:, bound.f] - self.fixed
        return np.asarray(self.F + np.einsum("mntf,nf->mnt", self.slopes, moved))

    def log_weights(self, x: Numbers) -> Numbers:
        """ln w (M, N) at the unknowns x."""
        v = self.layout.values(x)
        with np.errstate(all="ignore"):
            found = self.layout.bound.noise.log_density(self.curves(x), v.error)
            found = found + self.layout.log_prior(self.eta(v), v) - self.log_q
        return np.asarray(found)

    def eta(self, v: Values) -> Numbers:
        """Random effects (M, N, r)."""
        bound = self.layout.bound
        return np.asarray(self.u - bound.typical(v.theta)[:, bound.r])

    def log_likelihood(self, x: Numbers) -> tuple[float, float]:
        """ln L of the study, and its Monte Carlo standard error."""
        each, variance = self.by_patient(x)
        return float(each.sum()), float(np.sqrt(variance.sum()))

    def by_patient(self, x: Numbers) -> tuple[Numbers, Numbers]:
        """ln L of each patient (N,), and the Monte Carlo variance of it."""
        lw = self.log_weights(x)
        top = lw.max(axis=0)
        w = np.exp(lw - top)
        mean = w.mean(axis=0)
        return top + np.log(mean), w.var(axis=0) / (len(w) * mean**2)

    def weights(self, x: Numbers) -> Numbers:
        """w (M, N), adding up to 1 for each patient."""
        lw = self.log_weights(x)
        w = np.exp(lw - lw.max(axis=0))
        return np.asarray(w / w.sum(axis=0))

    def effective(self, x: Numbers) -> Numbers:
        """The effective number of draws of each patient: 1 / sum w²."""
        return np.asarray(1 / (self.weights(x) ** 2).sum(axis=0))

    def conditional(self, x: Numbers) -> tuple[Numbers, Numbers]:
        """Mean (N, r) and covariance (N, r, r) of each patient's random parameters, given data."""
        w = self.weights(x)
        mean = np.einsum("mn,mnr->nr", w, self.u)
        d = self.u - mean
        return mean, np.einsum("mn,mnr,mns->nrs", w, d, d, optimize=True)

    def information(self, x: Numbers) -> tuple[Numbers, Numbers]:
        """Slope (size,) and observed information (size, size) of ln L at x."""
        layout, bound = self.layout, self.layout.bound
        v = layout.values(x)
        w = self.weights(x)
        score = np.zeros((*w.shape, layout.size))
        eta = self.eta(v)
        lean, by_omega = _prior_score(layout, x, v, eta)
        design = bound.design[:, bound.r]
        score[..., : layout.q] = np.einsum("nrq,mnr->mnq", design, lean)
        score[..., layout.q : layout.error_at] = by_omega
        F = self.curves(x)
        first, second = bound.noise.score(F, v.error)
        score[..., layout.error_at :] = first
        minus_h = np.zeros((layout.size, layout.size))
        at = np.arange(layout.error_at, layout.size)
        minus_h[np.ix_(at, at)] = np.einsum("mn,mnkl->kl", w, second)
        if bound.f:
            by_f, weight = bound.noise.slopes(F, v.error)
            j = np.einsum("mntf,nfq->mntq", self.slopes, bound.design[:, bound.f], optimize=True)
            score[..., : layout.q] += np.einsum("mnt,mntq->mnq", by_f, j, optimize=True)
            minus_h[: layout.q, : layout.q] += np.einsum(
                "mn,mnt,mntq,mntp->qp", w, weight, j, j, optimize=True
            )
        minus_h[: layout.error_at, : layout.error_at] += _prior_curvature(self, x, w)
        own = np.einsum("mn,mnq->nq", w, score)
        away = (score - own) * np.sqrt(w)[..., None]
        flat = away.reshape(-1, layout.size)
        information = minus_h - flat.T @ flat
        return own.sum(axis=0), (information + information.T) / 2


def _omega_slopes(layout: Layout, v: Values) -> Numbers:
    """dΩ by ln SD of each random effect and by artanh of each correlation: (K, r, r)."""
    r = layout.n_random
    found = np.zeros((r + len(layout.pairs), r, r))
    for a in range(r):
        found[a, a] += v.omega[a]
        found[a, :, a] += v.omega[:, a]
    sd = np.sqrt(np.diagonal(v.omega))
    for i, (a, b) in enumerate(layout.pairs):
        rho = v.omega[a, b] / (sd[a] * sd[b])
        found[r + i, a, b] = found[r + i, b, a] = (1 - rho**2) * sd[a] * sd[b]
    return found


def _prior_score(layout: Layout, x: Numbers, v: Values, eta: Numbers) -> tuple[Numbers, Numbers]:
    """-d ln p(η)/dη (M, N, r), and d ln p(η) by the unknowns between coefficients and error."""
    precision = np.linalg.inv(v.omega)
    lean = eta @ precision
    out = np.zeros((*eta.shape[:-1], layout.error_at - layout.q))
    for k, slope in enumerate(_omega_slopes(layout, v)):
        if k in layout.mixtures:
            continue
        rows = np.flatnonzero(slope.any(axis=1))
        part = lean[..., rows]
        inner = np.einsum("...r,rs,...s->...", part, slope[np.ix_(rows, rows)], part, optimize=True)
        out[..., k] = (inner - np.trace(precision @ slope)) / 2
    for a, groups in v.groups.items():
        b = groups.belonging(eta[..., a])
        z = (eta[..., a, None] - groups.shift) / groups.sd
        lean[..., a] = (b * z / groups.sd).sum(axis=-1)
        by_sd, k = b * (z * z - 1), groups.sd.size - 1
        at = layout.group_at[a] - layout.q
        out[..., a] = by_sd[..., 0]
        out[..., at : at + k] = (b * z / groups.sd)[..., 1:]
        out[..., at + k : at + 2 * k] = by_sd[..., 1:]
        out[..., at + 2 * k : at + 3 * k] = (b - groups.share)[..., 1:]
    return lean, out


def _prior_curvature(cloud: Cloud, x: Numbers, w: Numbers) -> Numbers:
    """E[-d² ln p(u)], summed over patients, by all unknowns before the error parameters.

    The slope is differenced. For normal random effects its mean depends on the draws through their
    means and covariances alone, so these stand in for the draws.
    """
    layout, bound = cloud.layout, cloud.layout.bound
    size, q = layout.error_at, layout.q
    mean = np.einsum("mn,mnr->nr", w, cloud.u)
    d = cloud.u - mean
    spread = np.einsum("mn,mnr,mns->nrs", w, d, d, optimize=True)
    design = bound.design[:, bound.r]

    def slope(at: Numbers) -> Numbers:
        v = layout.values(at)
        precision = np.linalg.inv(v.omega)
        eta = mean - bound.typical(v.theta)[:, bound.r]
        lean = eta @ precision
        squares = spread.sum(axis=0) + eta.T @ eta
        out = np.zeros(size)
        for k, by in enumerate(_omega_slopes(layout, v)):
            if k not in layout.mixtures:
                inner = np.trace(precision @ by @ precision @ squares)
                out[q + k] = (inner - len(mean) * np.trace(precision @ by)) / 2
        if layout.mixtures:
            full = cloud.u - bound.typical(v.theta)[:, bound.r]
            by_eta, by_omega = _prior_score(layout, at, v, full)
            total = np.einsum("mn,mnk->k", w, by_omega)
            for a in layout.mixtures:
                lean[:, a] = np.einsum("mn,mn->n", w, by_eta[..., a])
                k = len(layout.mixtures[a].shares) - 1
                rows = [a, *range(layout.group_at[a] - q, layout.group_at[a] - q + 3 * k)]
                out[[q + i for i in rows]] = total[rows]
        out[:q] = np.einsum("nrq,nr->q", design, lean)
        return out

    found = np.zeros((size, size))
    for k in range(size):
        shift = np.zeros(layout.size)
        shift[k] = STEP
        found[k] = -(slope(x + shift) - slope(x - shift)) / (2 * STEP)
    return (found + found.T) / 2


def draw(
    layout: Layout,
    x: Numbers,
    centre: Numbers,
    covariance: Numbers,
    samples: int,
    rng: np.random.Generator,
    slopes_too: bool = True,
) -> Cloud:
    """Draws around each patient's ``centre`` (N, r) with its ``covariance`` (N, r, r).

    Without ``slopes_too`` they serve for the likelihood at x alone.
    """
    from scipy.special import gammaln

    bound = layout.bound
    n, r = centre.shape
    small = 1e-6 * np.diagonal(layout.values(x).omega)
    root = np.linalg.cholesky(WIDER**2 * covariance + np.diag(small))
    z = rng.standard_normal((samples, n, r))
    scale = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, (samples, n)))
    u = centre + np.einsum("nrs,mns->mnr", root, z, optimize=True) * scale[..., None]
    distance = (z * z).sum(axis=-1) * scale**2
    log_q = (
        gammaln((FREEDOM + r) / 2)
        - gammaln(FREEDOM / 2)
        - r / 2 * np.log(FREEDOM * np.pi)
        - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        - (FREEDOM + r) / 2 * np.log1p(distance / FREEDOM)
    )
    full = np.broadcast_to(bound.typical(x[: layout.q]), (samples, n, len(bound.names))).copy()
    full[..., bound.r] = u
    v = layout.values(x)
    refused = ~bound.inside(full) | layout.far(u - bound.typical(v.theta)[:, bound.r], v)
    full[..., bound.r] = np.where(refused[..., None], centre, u)
    F = np.empty((samples, *bound.study.times.shape))
    slopes = np.zeros((*F.shape, len(bound.f)))
    groups = 1 + 2 * len(bound.f) * slopes_too
    block = max(1, TOGETHER // (bound.study.times.size * groups))
    for first in range(0, samples, block):
        here = slice(first, first + block)
        if groups > 1:
            F[here], slopes[here] = bound.slopes(full[here], bound.f)
        else:
            F[here] = bound.scaled(full[here])
    # Nobody is there, or the curve fails: no weight.
    lost = refused | ~np.isfinite(F).all(axis=-1) | ~np.isfinite(slopes).all(axis=(-1, -2))
    F[lost], slopes[lost], log_q[lost] = 0.0, 0.0, np.inf
    return Cloud(layout, u, F, slopes, log_q, full[0][:, bound.f])

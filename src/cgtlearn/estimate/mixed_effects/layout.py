r"""All unknowns of a mixed model as one vector, and the distribution of the random effects.

The vector holds, in this order: the coefficients on the parameters' scales; ln of the SD of each
random effect; artanh of each correlation that is estimated; for a mixture of K groups the K-1
shifts, ln SDs and log-ratios of shares of the groups after the first; ln of the error parameters.
None of them has an end, so an optimiser may go anywhere, and intervals stay where they make sense.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cgtlearn.estimate.mixed_effects.mixed import Bound
from cgtlearn.estimate.mixed_effects.noise import LOG_2PI

__all__ = ["Groups", "Layout", "Values"]

Numbers = NDArray[np.float64]


FARTHEST = 6.0
"""SDs of a random effect beyond which no patient is looked for: two in a billion are there."""


@dataclass
class Groups:
    """The groups of a mixture: (..., K) shares, shifts of the mean (first one 0), and SDs."""

    share: Numbers
    shift: Numbers
    sd: Numbers

    def log_density(self, eta: Numbers) -> Numbers:
        """ln of each group's share times its density: eta (..., M) -> (..., M, K)."""
        # The fields have the axes of eta before its last ones.
        extra = eta.ndim + 1 - self.sd.ndim
        shape = (*self.sd.shape[:-1], *([1] * extra), self.sd.shape[-1])
        share, shift, sd = (v.reshape(shape) for v in (self.share, self.shift, self.sd))
        z = (eta[..., None] - shift) / sd
        return np.log(share) - np.log(sd) - LOG_2PI / 2 - z * z / 2

    def total(self, eta: Numbers) -> Numbers:
        """ln density of the mixture (..., M)."""
        each = self.log_density(eta)
        top = each.max(axis=-1, keepdims=True)
        return np.asarray(top[..., 0] + np.log(np.exp(each - top).sum(axis=-1)))

    def belonging(self, eta: Numbers) -> Numbers:
        """The probability of each group (..., M, K)."""
        each = self.log_density(eta)
        each = np.exp(each - each.max(axis=-1, keepdims=True))
        return np.asarray(each / each.sum(axis=-1, keepdims=True))


@dataclass
class Values:
    """Unknowns by kind; each may have axes in front for several vectors at once.

    ``theta`` (..., q), ``omega`` (..., r, r), ``error`` (..., k), ``groups`` by the number of the
    random effect. ``omega`` has 1 in the place of a mixture.
    """

    theta: Numbers
    omega: Numbers
    error: Numbers
    groups: dict[int, Groups]


class Layout:
    """Between a vector of unknowns (..., size) and :class:`Values`."""

    def __init__(self, bound: Bound) -> None:
        mixed = bound.mixed
        self.bound = bound
        self.q = len(bound.coefficients)
        self.random = mixed.random
        self.n_random = len(self.random)
        self.blocks = [[self.random.index(n) for n in block] for block in mixed.correlated]
        self.pairs = [pair for block in self.blocks for pair in combinations(block, 2)]
        self.mixtures = {self.random.index(n): m for n, m in mixed.mixtures.items()}
        self.gaussian = [a for a in range(self.n_random) if a not in self.mixtures]
        names = [f"{_said(mixed.scales[c.parameter])}{c.name}" if not c.covariate else c.name
                 for c in bound.coefficients]  # fmt: skip
        names += [f"ln sd({n})" for n in self.random]
        names += [f"artanh cor({self.random[a]}, {self.random[b]})" for a, b in self.pairs]
        self.group_at: dict[int, int] = {}
        for a, mixture in self.mixtures.items():
            self.group_at[a] = len(names)
            n, k = self.random[a], range(2, len(mixture.shares) + 1)
            names += [f"shift({n}, {i})" for i in k] + [f"ln sd({n}, {i})" for i in k]
            names += [f"ln share({n}, {i}) / share(1)" for i in k]
        self.error_at = len(names)
        names += [f"ln {n}" for n in bound.noise.names]
        self.names = tuple(names)
        self.size = len(names)
        self.mask = np.eye(self.n_random, dtype=bool)
        for a, b in self.pairs:
            self.mask[a, b] = self.mask[b, a] = True

    def start(self) -> Numbers:
        """The vector at the start values of the mixed model."""
        bound = self.bound
        x = np.zeros(self.size)
        x[: self.q] = bound.start_theta()
        x[self.q : self.q + self.n_random] = np.log([bound.mixed.start_sd[n] for n in self.random])
        for a, mixture in self.mixtures.items():
            k, at = len(mixture.shares) - 1, self.group_at[a]
            factors, shares = np.array(mixture.factors), np.array(mixture.shares)
            x[at : at + k] = np.log(factors[1:] / factors[0])
            x[at + k : at + 2 * k] = np.log([s.sd for s in mixture.spreads[1:]])
            x[at + 2 * k : at + 3 * k] = np.log(shares[1:] / shares[0])
            x[self.first_coefficient(self.random[a])] += math.log(factors[0])
        x[self.error_at :] = np.log(bound.start_error())
        return x

    def first_coefficient(self, name: str) -> int:
        """The number of a parameter's typical value."""
        return next(
            i
            for i, c in enumerate(self.bound.coefficients)
            if c.parameter == name and not c.covariate
        )

    def sds(self, x: Numbers) -> Numbers:
        """SDs of the random effects (..., r); of a mixture that of its first group."""
        return np.asarray(np.exp(x[..., self.q : self.q + self.n_random]))

    def values(self, x: Numbers) -> Values:
        """The unknowns by kind."""
        sd = self.sds(x)
        corr = np.zeros((*x.shape[:-1], self.n_random, self.n_random))
        corr[..., range(self.n_random), range(self.n_random)] = 1.0
        for i, (a, b) in enumerate(self.pairs):
            rho = np.tanh(x[..., self.q + self.n_random + i])
            corr[..., a, b] = corr[..., b, a] = rho
        shown = sd.copy()
        groups = {}
        for a, mixture in self.mixtures.items():
            shown[..., a] = 1.0
            k, at = len(mixture.shares) - 1, self.group_at[a]
            zero = np.zeros((*x.shape[:-1], 1))
            logits = np.concatenate([zero, x[..., at + 2 * k : at + 3 * k]], axis=-1)
            share = np.exp(logits - logits.max(axis=-1, keepdims=True))
            groups[a] = Groups(
                share / share.sum(axis=-1, keepdims=True),
                np.concatenate([zero, x[..., at : at + k]], axis=-1),
                np.concatenate([sd[..., a : a + 1], np.exp(x[..., at + k : at + 2 * k])], axis=-1),
            )
        omega = corr * shown[..., :, None] * shown[..., None, :]
        return Values(x[..., : self.q], omega, np.exp(x[..., self.error_at :]), groups)

    def vector(self, v: Values) -> Numbers:
        """The vector of these values."""
        x = np.zeros((*v.theta.shape[:-1], self.size))
        x[..., : self.q] = v.theta
        sd = np.sqrt(np.diagonal(v.omega, axis1=-2, axis2=-1)).copy()
        for i, (a, b) in enumerate(self.pairs):
            rho = v.omega[..., a, b] / (sd[..., a] * sd[..., b])
            x[..., self.q + self.n_random + i] = np.arctanh(np.clip(rho, -0.9999, 0.9999))
        for a, g in v.groups.items():
            k, at = g.sd.shape[-1] - 1, self.group_at[a]
            sd[..., a] = g.sd[..., 0]
            x[..., at : at + k] = g.shift[..., 1:]
            x[..., at + k : at + 2 * k] = np.log(g.sd[..., 1:])
            x[..., at + 2 * k : at + 3 * k] = np.log(g.share[..., 1:] / g.share[..., :1])
        x[..., self.q : self.q + self.n_random] = np.log(sd)
        x[..., self.error_at :] = np.log(v.error)
        return x

    def far(self, eta: Numbers, v: Values) -> NDArray[np.bool_]:
        """Which patients lie where nobody does, beyond ``FARTHEST`` SDs: (..., N).

        Their curves are not worth a solver's time. The axes are those of :meth:`log_prior`.
        """
        sd = np.sqrt(np.diagonal(v.omega, axis1=-2, axis2=-1)).copy()
        for a in v.groups:
            sd[..., a] = np.inf
        sd = sd.reshape((*sd.shape[:-1], *([1] * (eta.ndim - sd.ndim)), sd.shape[-1]))
        return np.asarray((np.abs(eta) > FARTHEST * sd).any(axis=-1))

    def log_prior(self, eta: Numbers, v: Values) -> Numbers:
        """ln density of random effects eta (..., N, r): (..., N).

        The axes of eta before its last two begin with those of ``v``; more may follow.
        """
        g = self.gaussian
        out = np.zeros(eta.shape[:-1])
        if g:
            omega = v.omega[..., g, :][..., :, g]
            root = np.linalg.cholesky(omega)
            inverse = np.linalg.inv(root)
            log_det = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(axis=-1)
            extra = eta.ndim - inverse.ndim
            lead = inverse.shape[:-2]
            z = eta[..., g] @ np.swapaxes(inverse, -1, -2).reshape(
                (*lead, *([1] * extra), len(g), len(g))
            )
            constant = (log_det + len(g) * LOG_2PI / 2).reshape((*lead, *([1] * (extra + 1))))
            out = -0.5 * (z * z).sum(axis=-1) - constant
        for a, groups in v.groups.items():
            out = out + groups.total(eta[..., a])
        return np.asarray(out)


def _said(scale: str) -> str:
    return {"log": "ln ", "logit": "logit ", "linear": ""}[scale]

r"""Shared gamma frailty: a Cox model in which the rows of a patient share a hidden multiplier.

.. math:: h(t \mid u_i, x) = u_i\, h_0(t)\, e^{x\beta}, \qquad u_i \sim \Gamma, \quad
          E(u_i) = 1, \quad Var(u_i) = \theta

Neither statsmodels nor lifelines has it. The hidden multiplier integrates out in closed form; the
baseline hazard, a step at each event, is found by the EM algorithm (Klein, Biometrics 1992); what
is left, the profile log-likelihood of :math:`\beta` and :math:`\ln\theta`, goes to an optimiser.
Tied events are handled as by Breslow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

LOWEST = -11.0
"""Of ln(theta): a variance of 0.00002 is none."""
HIGHEST = 4.0


@dataclass(frozen=True)
class Shared:
    """The best coefficients (p,), theta, and the covariance of (coefficients, ln theta)."""

    coefficients: Numbers
    theta: float
    covariance: Numbers
    log_likelihood: float
    log_likelihood_without: float
    frailties: Numbers
    at_edge: bool


class Likelihood:
    """The profile log-likelihood of start-stop rows: ``x`` (N, p), ``cluster`` (N,) whole."""

    def __init__(
        self, start: Numbers, stop: Numbers, events: Numbers, x: Numbers, cluster: Any
    ) -> None:
        self.x, self.events, self.cluster = x, events, cluster
        times, self.count = np.unique(stop[events == 1], return_counts=True)
        at_risk = (start[:, None] < times) & (times <= stop[:, None])
        self.at_risk = at_risk.astype(float)
        self.row_of = np.searchsorted(times, stop[events == 1])
        self.size = int(cluster.max()) + 1
        self.d = self.within(events)
        # ln of the product (1)(1 + theta)(1 + 2 theta)... over the events of a cluster
        self.k = np.concatenate([np.arange(n) for n in self.d.astype(int)] or [np.zeros(0)])
        self.baseline = self.count / self.at_risk.sum(axis=0)

    def within(self, rows: Numbers) -> Numbers:
        """Sums over the rows of each cluster."""
        return np.asarray(np.bincount(self.cluster, rows, self.size), float)

    def posterior(self, hazard: Numbers, theta: float) -> Numbers:
        """Mean of each frailty, given its cluster's events and cumulated hazard."""
        return np.asarray((1 + theta * self.d) / (1 + theta * hazard))

    def settle(self, beta: Numbers, theta: float) -> tuple[Numbers, Numbers, Numbers]:
        """EM for the baseline at this beta and theta: hazards of rows, of clusters, frailties."""
        risk = np.exp(self.x @ beta)
        for _ in range(5000):
            rows = risk * (self.at_risk @ self.baseline)
            hazard = self.within(rows)
            u = self.posterior(hazard, theta)
            new = self.count / ((risk * u[self.cluster]) @ self.at_risk)
            change = np.max(np.abs(new / self.baseline - 1))
            self.baseline = new
            if change < 1e-11:
                break
        rows = risk * (self.at_risk @ self.baseline)
        hazard = self.within(rows)
        return rows, hazard, self.posterior(hazard, theta)

    def __call__(self, point: Numbers) -> tuple[float, Numbers]:
        r"""Value and slope at (beta, ln theta); without frailty where ln theta is -inf.

        .. math:: \sum_{events} (\ln h_0 + x\beta) + \sum_i \left[\sum_{k<d_i}\ln(1 + k\theta)
                  - (1/\theta + d_i)\ln(1 + \theta\Lambda_i)\right]

        The slope needs no derivative of the baseline, which is at its best.
        """
        beta, theta = point[:-1], math.exp(point[-1])
        rows, hazard, u = self.settle(beta, theta)
        happened = self.events == 1
        value = np.log(self.baseline)[self.row_of].sum() + (self.x @ beta)[happened].sum()
        by_beta = (self.events - u[self.cluster] * rows) @ self.x
        if theta == 0:
            return float(value - hazard.sum()), np.append(by_beta, 0.0)
        grown = np.log1p(theta * hazard)
        value += np.log1p(self.k * theta).sum() - ((1 / theta + self.d) * grown).sum()
        by_theta = (self.k / (1 + self.k * theta)).sum() + (
            grown / theta**2 - (1 / theta + self.d) * hazard / (1 + theta * hazard)
        ).sum()
        return float(value), np.append(by_beta, theta * by_theta)


def shared_gamma(
    start: Numbers, stop: Numbers, events: Numbers, x: Numbers, cluster: Any, first: Numbers
) -> Shared:
    """Maximise over beta and ln theta, from ``first`` (p,), the coefficients without frailty."""
    from scipy.optimize import minimize

    likelihood = Likelihood(start, stop, events, x, cluster)

    def worse(point: Numbers) -> tuple[float, Numbers]:
        value, slope = likelihood(point)
        return -value, -slope

    bounds = [(None, None)] * first.size + [(LOWEST, HIGHEST)]
    ends = [
        minimize(worse, np.append(first, t), jac=True, method="L-BFGS-B", bounds=bounds,
                 options={"ftol": 1e-14, "gtol": 1e-7, "maxiter": 500})
        for t in (-2.0, 0.0)
    ]  # fmt: skip
    best = min(ends, key=lambda e: float(e.fun))
    point = np.asarray(best.x)
    edge = bool(point[-1] < LOWEST + 1e-3)
    if edge:
        point = np.append(first, -np.inf)
    value, _ = likelihood(point)
    _, _, u = likelihood.settle(point[:-1], math.exp(point[-1]))
    covariance = _covariance(likelihood, point, edge)
    without, _ = likelihood(np.append(first, -np.inf))
    return Shared(point[:-1], math.exp(point[-1]), covariance, value, without, u, edge)


def _covariance(likelihood: Likelihood, point: Numbers, edge: bool) -> Numbers:
    """The inverse of minus the Hessian, by central differences of the slope."""
    size = point.size - edge
    hessian = np.empty((size, size))
    for i in range(size):
        shift = 1e-4 * np.eye(point.size)[i]
        ahead, behind = (likelihood(point + s * shift)[1][:size] for s in (1, -1))
        hessian[i] = (ahead - behind) / 2e-4
    found = np.full((point.size, point.size), np.nan)
    found[:size, :size] = np.linalg.inv(-(hessian + hessian.T) / 2)
    return found

"""Half-lives and escape of the nanoparticle chain, read off simulated plasma and liver samples.

Each simulated experiment samples plasma and liver on ``lnp_mrna.sampling_hours``, with a log-normal
error. Half-lives are straight lines through the last logarithms. Escape and endosomal loss are
fitted to liver samples, with what plasma has shown held: from these samples alone the amount that
is still inside particles and the amount that is free can be told apart by their pace.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from cgtlearn import estimate, ledger, measure
from cgtlearn.models.contract import Parameters
from cgtlearn.models.lnp_mrna import model
from cgtlearn.solve import solve

__all__ = ["EXPERIMENTS", "endosomal_loss", "escape_rate", "fits", "mrna_half_life"]
__all__ += ["plasma_half_life", "samples"]

EXPERIMENTS = 16
"""How many noisy experiments are fitted: their median settles to some per cent."""
SECONDS_PER_HOUR = 3600.0


def samples(p: Parameters, output: str, seed: int = 1) -> tuple[NDArray, NDArray]:
    """Hours (T,) and noisy samples (EXPERIMENTS, T) of one output."""
    hours = np.array(ledger.value("lnp_mrna.sampling_hours"), float)
    truth = solve(model, p, hours)[output]
    noise = np.random.default_rng(seed).normal(size=(EXPERIMENTS, hours.size))
    return hours, truth * np.exp(ledger.value("lnp_mrna.assay_log_sd") * noise)


def plasma_half_life(p: Parameters) -> float:
    """Terminal half-life of messenger RNA in plasma, median of the experiments, in hours."""
    return _terminal(p, "plasma_mrna", points=4)


def mrna_half_life(p: Parameters) -> float:
    """Terminal half-life of messenger RNA in the liver, median of the experiments, in hours."""
    return _terminal(p, "liver_mrna", points=4)


def _terminal(p: Parameters, output: str, points: int) -> float:
    hours, values = samples(p, output)
    found = [measure.terminal_half_life(hours, v, points=points).half_life for v in values]
    return float(np.median(found))


def escape_rate(p: Parameters) -> float:
    """Escape from the endosome, median of the fits, in 1/s."""
    return float(np.median(fits(p)["escape_rate"])) / SECONDS_PER_HOUR


def endosomal_loss(p: Parameters) -> float:
    """Degradation in the endosome, median of the fits, in 1/s."""
    return float(np.median(fits(p)["endosomal_loss_rate"])) / SECONDS_PER_HOUR


def fits(p: Parameters) -> dict[str, NDArray]:
    """Estimates (EXPERIMENTS,) of escape, endosomal loss and decay of messenger RNA, in 1/h.

    A fit starts at twice or half the model's defaults, never at the truth.
    """
    found = _fits(tuple(p.as_dict().items()))
    return {name: np.array([fit[name] for fit in found]) for name in _START}


_START = {"escape_rate": 2.0, "endosomal_loss_rate": 0.5, "mrna_loss_rate": 2.0}


@cache
def _fits(values: tuple[tuple[str, float], ...]) -> tuple[dict[str, float], ...]:
    p = model.parameters_with(**dict(values))
    hours, liver = samples(p, "liver_mrna", seed=2)
    held = {name: value for name, value in values if name not in _START}
    start = {name: model.parameters[name].default * f for name, f in _START.items()}
    found = []
    for one in liver:
        fit = estimate.fit_one(
            model,
            hours,
            one,
            output="liver_mrna",
            residual_log_sd=float(ledger.value("lnp_mrna.assay_log_sd")),
            free=list(_START),
            fixed=held,
            start=start,
            starts=1,
            intervals="none",
            progress=False,
        )
        found.append({name: float(fit[name]) for name in _START})
    return tuple(found)

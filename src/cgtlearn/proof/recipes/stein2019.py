"""Tisagenlecleucel: what an analyst would read off one patient's samples, and off a trial.

``doubling_time`` and the two half-lives are read off one patient sampled on the days of
``cart_sampling.rich_days``, without noise, samples below the limit of the assay left out. With a
limit of 50 copies/µg the first two days are blank, and the tail stays above the limit for a year.

``fitted_...`` are medians of fits to noisy data sets of that patient (``recipes.fits``).

``daily_...`` and ``sparse_...`` are what a label would print of a simulated trial: geometric means,
and the median of Tmax. The printed spreads are read as standard deviations; samples daily at first
(``rich_days``) with the lower of the two limits, or sparse (``sparse_days``) with the higher one.
Both designs are teaching values, since the trials' own are not published.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from cgtlearn import ledger, measure
from cgtlearn.models import stein2019
from cgtlearn.models.contract import Parameters
from cgtlearn.proof.recipes.designs import sampled
from cgtlearn.proof.recipes.fits import fitted

__all__ = [
    "daily_auc28",
    "daily_cmax",
    "daily_half_life",
    "daily_tmax",
    "doubling_time",
    "fitted_doubling_time",
    "fitted_initial_half_life",
    "fitted_terminal_half_life",
    "initial_half_life",
    "sparse_auc28",
    "sparse_cmax",
    "sparse_half_life",
    "sparse_tmax",
    "terminal_half_life",
    "trial",
]

PATIENTS = 1000
"""So many that the medians of the simulated trial hardly depend on the seed."""
FIRST_GUESS = {
    "fold_expansion": 2,
    "tmax": 0.8,
    "cmax": 0.5,
    "contraction_rate": 1.5,
    "persistent_fraction": 2,
    "persistence_rate": 2,
}
"""Where a fit starts, over the model's defaults."""


def doubling_time(p: Parameters) -> float:
    """From the slope of the logarithms of all measured samples before the highest one, in days."""
    return measure.doubling_time(*sampled(stein2019.model, p, "transgene"))


def initial_half_life(p: Parameters) -> float:
    """The first of two half-lives, fitted from the highest sample on, in days."""
    return measure.half_lives(*sampled(stein2019.model, p, "transgene")).initial


def terminal_half_life(p: Parameters) -> float:
    """The second of two half-lives, fitted from the highest sample on, in days."""
    return measure.half_lives(*sampled(stein2019.model, p, "transgene")).terminal


@cache
def _fits(values: tuple[tuple[str, float], ...]) -> dict[str, np.ndarray]:
    p = stein2019.model.parameters_with(**dict(values))
    return fitted(stein2019.model, p, stein2019.closed_form, FIRST_GUESS)


def fitted_doubling_time(p: Parameters) -> float:
    """From the fold expansion and Tmax of each fit, the median, in days."""
    fit = _fits(tuple(p.as_dict().items()))
    return float(np.median(np.log(2) * fit["tmax"] / np.log(fit["fold_expansion"])))


def fitted_initial_half_life(p: Parameters) -> float:
    """From the contraction rate of each fit, the median, in days."""
    return float(np.median(np.log(2) / _fits(tuple(p.as_dict().items()))["contraction_rate"]))


def fitted_terminal_half_life(p: Parameters) -> float:
    """From the persistence rate of each fit, the median, in days."""
    return float(np.median(np.log(2) / _fits(tuple(p.as_dict().items()))["persistence_rate"]))


def trial(
    p: Parameters,
    days: str = "cart_sampling.rich_days",
    lloq: str = "cart_sampling.qpcr_lloq",
    until: float = np.inf,
    reading: str = "log_sd",
    residual_log_sd: float | None = None,
) -> dict[str, float]:
    """What a label would print of a simulated trial of ``PATIENTS`` patients.

    Geometric means of ``cmax`` (copies/µg), ``auc28`` (copies·d/µg) and ``half_life`` (days), and
    the median of ``tmax`` (days). ``days`` and ``lloq`` name ledger rows; sampling stops at day
    ``until``; ``reading`` says how the printed spreads are read, 'log_sd' or 'log_variance';
    ``residual_log_sd`` takes the place of the printed residual error.
    """
    from cgtlearn import population

    model = stein2019.model
    spread = population.spread_of(model, getattr(population, reading))
    times = np.array(ledger.value(days), float)
    printed = ledger.value("stein2019.residual_sd")
    noise = printed if residual_log_sd is None else residual_log_sd
    simulated = population.trial(
        model,
        PATIENTS,
        spread,
        times[times <= until],
        residual_log_sd=noise,
        lloq=ledger.value(lloq),
        seed=1,
        course=stein2019.closed_form,
        base=p,
    )
    seen = simulated.described()
    return {
        "cmax": seen["cmax"].geometric_mean,
        "tmax": seen["tmax"].median,
        "auc28": seen["auc"].geometric_mean,
        "half_life": seen["half_life"].geometric_mean,
    }


@cache
def _label(values: tuple[tuple[str, float], ...], design: str) -> dict[str, float]:
    p = stein2019.model.parameters_with(**dict(values))
    if design == "daily":
        return trial(p, "cart_sampling.rich_days", "cart_sampling.qpcr_lloq_low")
    return trial(p, "cart_sampling.sparse_days", "cart_sampling.qpcr_lloq")


def daily_cmax(p: Parameters) -> float:
    """Geometric mean of Cmax, sampled daily, in copies/µg."""
    return _label(tuple(p.as_dict().items()), "daily")["cmax"]


def daily_tmax(p: Parameters) -> float:
    """Median of Tmax, sampled daily, in days."""
    return _label(tuple(p.as_dict().items()), "daily")["tmax"]


def daily_auc28(p: Parameters) -> float:
    """Geometric mean of AUC0-28, sampled daily, in copies·d/µg."""
    return _label(tuple(p.as_dict().items()), "daily")["auc28"]


def daily_half_life(p: Parameters) -> float:
    """Geometric mean of the terminal half-life, followed for a year, in days."""
    return _label(tuple(p.as_dict().items()), "daily")["half_life"]


def sparse_cmax(p: Parameters) -> float:
    """Geometric mean of Cmax, sampled sparsely, in copies/µg."""
    return _label(tuple(p.as_dict().items()), "sparse")["cmax"]


def sparse_tmax(p: Parameters) -> float:
    """Median of Tmax, sampled sparsely, in days."""
    return _label(tuple(p.as_dict().items()), "sparse")["tmax"]


def sparse_auc28(p: Parameters) -> float:
    """Geometric mean of AUC0-28, sampled sparsely, in copies·d/µg."""
    return _label(tuple(p.as_dict().items()), "sparse")["auc28"]


def sparse_half_life(p: Parameters) -> float:
    """Geometric mean of the terminal half-life, sampled sparsely for a year, in days."""
    return _label(tuple(p.as_dict().items()), "sparse")["half_life"]

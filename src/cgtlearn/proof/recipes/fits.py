"""Many noisy data sets of one typical patient, each fitted by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn import estimate, ledger, population
from cgtlearn.models.contract import Model, Parameters

__all__ = ["DATA_SETS", "fitted"]

DATA_SETS = 40
"""How many noisy data sets are fitted: their median settles to some per cent."""


def fitted(
    model: Model,
    p: Parameters,
    course: Callable[[Any, Any], Any],
    first_guess: Mapping[str, float],
) -> dict[str, NDArray[np.float64]]:
    """Estimates (DATA_SETS,) of the parameters named in ``first_guess``, by name.

    The patient of ``p`` is sampled on ``cart_sampling.rich_days``; the assay adds the residual
    error of ``stein2019.residual_sd`` and cannot see below ``cart_sampling.qpcr_lloq``. Samples
    below it count with their probability (M3). The fit starts at ``first_guess`` times the model's
    defaults, never at the truth.
    """
    days = np.array(ledger.value("cart_sampling.rich_days"), float)
    lloq = ledger.value("cart_sampling.qpcr_lloq")
    truth = np.tile(course(days, p), (DATA_SETS, 1))
    values, below = population.observe(
        truth, residual_log_sd=ledger.value("stein2019.residual_sd"), lloq=lloq, seed=1
    )
    start = {name: model.parameters[name].default * f for name, f in first_guess.items()}
    fits = [
        estimate.fit_one(
            model,
            days,
            values[i],
            lloq=lloq,
            censored=below[i],
            course=course,
            free=list(start),
            start=start,
            starts=1,
            intervals="none",
        )
        for i in range(DATA_SETS)
    ]
    return {name: np.array([fit[name] for fit in fits]) for name in start}

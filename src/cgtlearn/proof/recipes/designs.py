"""How a recipe looks at a simulated course: on sampling days, through an assay with a limit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn import ledger, measure
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve import solve

__all__ = ["sampled"]


def sampled(
    model: Model,
    p: Parameters,
    output: str,
    days: str = "cart_sampling.rich_days",
    lloq: str = "cart_sampling.qpcr_lloq",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Days and values of one patient's samples that an assay could quantify.

    ``days`` and ``lloq`` name ledger rows. The course is solved, read on those days, and what lies
    below the limit is left out, as in a table of a trial.
    """
    times: Any = np.array(ledger.value(days), float)
    course = solve(model, p, times)
    if not course.ok:
        raise RuntimeError(f"{model.name}: {course.status[0]}")
    values, below = measure.censor(course[output], ledger.value(lloq))
    return times[~below], values[~below]

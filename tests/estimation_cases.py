"""Data sets on which estimation is proved: made here once, for our tests and for other programs.

Every function returns columns by name, ready for ``estimate.Study.from_columns`` or for a CSV. All
patients are simulated, and seeds are fixed. The numbers are chosen for the tests.
"""

from __future__ import annotations

import numpy as np

BIEXPONENTIAL = {"a": 100.0, "alpha": 1.2, "b": 12.0, "beta": 0.11}
"""Typical values: C(t) = a exp(-alpha t) + b exp(-beta t)."""
BIEXPONENTIAL_SD = {"a": 0.4, "beta": 0.35}
"""SDs of the two random effects, on the natural logarithm, without correlation."""
BIEXPONENTIAL_ERROR = 0.12
"""SD of ln(DV) around the curve."""

LINEAR = {"intercept": 10.0, "slope": -0.8}
LINEAR_SD = {"intercept": 1.5, "slope": 0.25}
LINEAR_ERROR = 0.6


def biexponential(t, p):
    """a exp(-alpha t) + b exp(-beta t)."""
    return p.a * np.exp(-p.alpha * t) + p.b * np.exp(-p.beta * t)


def biexponential_study(seed: int = 1, patients: int = 30) -> dict[str, np.ndarray]:
    """A bi-exponential decline in 30 patients, 10 samples each, with log-normal error.

    ``a`` and ``beta`` differ between patients (log-normal, SDs ``BIEXPONENTIAL_SD``); ``alpha`` and
    ``b`` are the same in all. ln(DV) has the SD ``BIEXPONENTIAL_ERROR`` around the curve's
    logarithm. Columns ID, TIME, DV; nothing is censored.
    """
    rng = np.random.default_rng(seed)
    t = np.array([0.1, 0.5, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0, 15.0, 21.0])
    a = BIEXPONENTIAL["a"] * np.exp(BIEXPONENTIAL_SD["a"] * rng.standard_normal((patients, 1)))
    beta = BIEXPONENTIAL["beta"] * np.exp(
        BIEXPONENTIAL_SD["beta"] * rng.standard_normal((patients, 1))
    )
    fast = a * np.exp(-BIEXPONENTIAL["alpha"] * t)
    curve = fast + BIEXPONENTIAL["b"] * np.exp(-beta * t)
    dv = curve * np.exp(BIEXPONENTIAL_ERROR * rng.standard_normal(curve.shape))
    return {
        "ID": np.repeat(np.arange(1, patients + 1), t.size),
        "TIME": np.tile(t, patients),
        "DV": np.array([float(f"{v:.5g}") for v in dv.ravel()]),
    }


def linear_study(seed: int = 1, patients: int = 40) -> dict[str, np.ndarray]:
    """Straight lines in 40 patients, 6 samples each, with additive error.

    Intercept and slope are normal between patients, without correlation. Columns ID, TIME, DV.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(6.0)
    start = LINEAR["intercept"] + LINEAR_SD["intercept"] * rng.standard_normal((patients, 1))
    slope = LINEAR["slope"] + LINEAR_SD["slope"] * rng.standard_normal((patients, 1))
    dv = start + slope * t + LINEAR_ERROR * rng.standard_normal((patients, t.size))
    return {
        "ID": np.repeat(np.arange(1, patients + 1), t.size),
        "TIME": np.tile(t, patients),
        "DV": np.round(dv.ravel(), 4),
    }


STEIN_PATIENTS = 90
STEIN_LLOQ = 7.2
"""copies/µg: a tenth of the samples on the sparse days lie below it (tested)."""


def stein_trial(seed: int):
    """90 patients of Stein 2019, 12 samples each, a tenth of them below the limit of the assay.

    The printed spreads are read as SDs of the natural logarithm. Returns a ``population.Trial``,
    whose ``parameters`` are the truth.
    """
    from cgtlearn import ledger
    from cgtlearn import population as pop
    from cgtlearn.models import stein2019

    return pop.trial(
        stein2019.model,
        STEIN_PATIENTS,
        pop.spread_of(stein2019.model, pop.log_sd),
        ledger.value("cart_sampling.sparse_days"),
        residual_log_sd=ledger.value("stein2019.residual_sd"),
        lloq=STEIN_LLOQ,
        seed=seed,
        course=stein2019.closed_form,
    )


def stein_mixed():
    """The model of Stein 2019 with a random effect on each of its six parameters.

    SDs start at 0.5, far from the truth for the fold expansion.
    """
    from cgtlearn import estimate
    from cgtlearn.models import stein2019

    names = ("fold_expansion", "tmax", "cmax", "contraction_rate", "persistent_fraction",
             "persistence_rate")  # fmt: skip
    return estimate.Mixed(
        stein2019.model, random=dict.fromkeys(names, 0.5), course=stein2019.closed_form
    )

"""Tisagenlecleucel in blood: expansion, contraction, persistence.

Biology. A CAR T cell that meets its antigen divides. While antigen is plentiful the number of cells
doubles every 19 hours or so. When the antigen is gone most cells die within weeks; a small part
persists, for months to years.

Assumptions. Growth is exponential until one sharp moment, the peak. From then on effector cells are
lost at a constant rate, and a part of them becomes memory cells, which are lost slowly. Nothing
else acts: not the dose, not the tumor. A qPCR assay reads both cell types together.

Equations, with E effector and M memory, both in copies/µg DNA::

    t <  Tmax:   dE/dt = rho E                        rho = ln(foldx) / Tmax
    t >= Tmax:   dE/dt = -alpha E
                 dM/dt = k E - beta M                 k = FB (alpha - beta)
    E(0) = Cmax / foldx,   M(0) = 0

From the peak on their sum is a bi-exponential, with s = t - Tmax::

    E + M = Cmax ((1 - FB) exp(-alpha s) + FB exp(-beta s))

Source: Stein et al. 2019, doi 10.1002/psp4.12388; parameters in ``ledger/data/stein2019.toml``.
Units: copies/µg DNA and days.
"""

import math

import numpy as np

from cgtlearn import ledger
from cgtlearn.ledger.units import PG_PER_UG
from cgtlearn.models.contract import (
    Bound,
    Law,
    Model,
    Output,
    State,
    Target,
    covariate,
    from_ledger,
    passed,
)


def growth_rate(p):
    """rho = ln(foldx) / Tmax, in 1/day."""
    return np.log(p.fold_expansion) / p.tmax


def switches(p):
    """The peak, and the days on which tocilizumab and a steroid are first given."""
    return p.tmax, p.tocilizumab_time, p.steroid_time


def initial(p):
    """All cells are effectors at first: the peak, divided by the expansion that leads to it."""
    return p.cmax / p.fold_expansion, 0 * p.cmax


def rhs(t, y, p, phase):
    """Growth before the peak; after it, contraction with a slow leak into memory."""
    effector, memory = y
    contracting = passed(p.tmax, p, phase, switches)
    with_tocilizumab = passed(p.tocilizumab_time, p, phase, switches)
    with_steroid = passed(p.steroid_time, p, phase, switches)
    rho = growth_rate(p) * p.tocilizumab_factor**with_tocilizumab * p.steroid_factor**with_steroid
    k = p.persistent_fraction * (p.contraction_rate - p.persistence_rate)
    return (
        ((1 - contracting) * rho - contracting * p.contraction_rate) * effector,
        contracting * (k * effector - p.persistence_rate * memory),
    )


def outputs(t, y, p, phase):
    """qPCR reads the transgene of both cell types."""
    effector, memory = y
    return {"transgene": effector + memory}


def decline(since, share, alpha, beta):
    """The share of the peak that is left ``since`` days after it: two exponentials."""
    return (1 - share) * np.exp(-alpha * since) + share * np.exp(-beta * since)


def closed_form(t, p):
    """The transgene level at ``t``, without a solver (copies/µg).

    A drug given before the peak changes the growth rate from then on; two drugs multiply.
    """
    grown = np.minimum(t, p.tmax)
    toci, steroid = p.tocilizumab_factor - 1, p.steroid_factor - 1
    later = np.maximum(p.tocilizumab_time, p.steroid_time)
    exponent = growth_rate(p) * (
        grown
        + toci * np.maximum(grown - p.tocilizumab_time, 0)
        + steroid * np.maximum(grown - p.steroid_time, 0)
        + toci * steroid * np.maximum(grown - later, 0)
    )
    since = np.maximum(t - p.tmax, 0)
    left = decline(since, p.persistent_fraction, p.contraction_rate, p.persistence_rate)
    return p.cmax / p.fold_expansion * np.exp(exponent) * left


NEVER = math.inf

room_in_dna = Bound(
    "room in a microgram of DNA",
    "1 µg of DNA holds about 150,000 genomes; at one copy a cell there is no room for more.",
    of=lambda t, y, p, phase: y[0] + y[1],
    low=0,
    high=PG_PER_UG / ledger.value("physics.dna_per_genome"),
)
"""Holds for every curve of transgene in DNA whose two states add up to it."""

laws = (
    Law(
        "closed form",
        "The differential equations and the written-out solution are the same curve.",
        left=lambda t, y, p, phase: y[0] + y[1],
        right=lambda t, y, p, phase: closed_form(t, p),
        tolerance=1e-6,
    ),
    Law(
        "closed form, with both drugs",
        "The same holds when tocilizumab and a steroid are given on the way up.",
        left=lambda t, y, p, phase: y[0] + y[1],
        right=lambda t, y, p, phase: closed_form(t, p),
        tolerance=1e-6,
        where={"tocilizumab_time": 2, "steroid_time": 1, "steroid_factor": "low"},
    ),
    Law(
        "memory no better than effector",
        "If memory cells died as fast as effector cells, the decline would be one exponential.",
        left=lambda t, y, p, phase: y[0] + y[1],
        right=lambda t, y, p, phase: (
            p.cmax
            * np.exp(
                growth_rate(p) * np.minimum(t - p.tmax, 0)
                - p.contraction_rate * np.maximum(t - p.tmax, 0)
            )
        ),
        tolerance=1e-6,
        where={"persistence_rate": ledger.value("stein2019.contraction_rate")},
    ),
    room_in_dna,
)

_low_exposure = (
    "The label's patients all responded, the model's 90 did not, and the model's typical Cmax is "
    "24,000 copies/µg against the label's 32,700: "
)
_follow_up = (
    "A half-life read from the last samples depends on how long patients are followed. The report "
    "says so and does not print how long that was: "
)

targets = (
    Target(
        "stein2019.reported_doubling_time",
        kind="recovered",
        recipe="stein2019.doubling_time",
        tolerance=0.05,
        turns_red="fold_expansion",
        change=0.8,
    ),
    Target(
        "stein2019.reported_initial_half_life",
        kind="recovered",
        recipe="stein2019.initial_half_life",
        tolerance=0.05,
        turns_red="contraction_rate",
    ),
    Target(
        "stein2019.reported_terminal_half_life",
        kind="recovered",
        recipe="stein2019.terminal_half_life",
        tolerance=0.05,
        turns_red="persistence_rate",
    ),
    Target(
        "stein2019.reported_doubling_time",
        kind="recovered",
        recipe="stein2019.fitted_doubling_time",
        tolerance=0.05,
        turns_red="fold_expansion",
        change=0.8,
    ),
    Target(
        "stein2019.reported_initial_half_life",
        kind="recovered",
        recipe="stein2019.fitted_initial_half_life",
        tolerance=0.1,
        turns_red="contraction_rate",
    ),
    Target(
        "stein2019.reported_terminal_half_life",
        kind="recovered",
        recipe="stein2019.fitted_terminal_half_life",
        tolerance=0.15,
        turns_red="persistence_rate",
        change=0.5,  # followed for less than two half-lives, fits scatter
    ),
    Target(
        "epar_kymriah2018.pool_responders_cmax",
        kind="repeated",
        recipe="stein2019.daily_cmax",
        tolerance=0.15,
        turns_red="cmax",
        reason="Met by chance: the highest of many noisy samples is too high. Without residual "
        "error this row would be at 0.67.",
    ),
    Target(
        "epar_kymriah2018.pool_responders_tmax",
        kind="repeated",
        recipe="stein2019.daily_tmax",
        tolerance=0.15,
        turns_red="tmax",
    ),
    Target(
        "epar_kymriah2018.pool_responders_auc28",
        kind="repeated",
        recipe="stein2019.daily_auc28",
        tolerance=0.15,
        turns_red="cmax",
        ratio=0.6505,
        reason=_low_exposure
        + "with 32,700 in the model this row would be at 0.89, but the daily Cmax at 1.39: not "
        "the whole reason. The variance reading of the spreads makes it worse, 0.57.",
    ),
    Target(
        "epar_kymriah2018.pool_responders_half_life",
        kind="repeated",
        recipe="stein2019.daily_half_life",
        tolerance=0.15,
        turns_red="persistence_rate",
        ratio=2.6337,
        reason=_follow_up + "stopped at day 112 instead of 364 this trial gives 0.97.",
    ),
    Target(
        "epar_kymriah2018.pool_responders_cmax",
        kind="repeated",
        recipe="stein2019.sparse_cmax",
        tolerance=0.15,
        turns_red="cmax",
        ratio=0.6519,
        reason="Days 7, 11 and 14 miss most peaks. Daily samples give 1.02, with the help of "
        "noise.",
    ),
    Target(
        "epar_kymriah2018.pool_responders_tmax",
        kind="repeated",
        recipe="stein2019.sparse_tmax",
        tolerance=0.15,
        turns_red="tmax",
    ),
    Target(
        "epar_kymriah2018.pool_responders_auc28",
        kind="repeated",
        recipe="stein2019.sparse_auc28",
        tolerance=0.15,
        turns_red="cmax",
        ratio=0.6159,
        reason=_low_exposure + "with 32,700 in the model this row would be at 0.84.",
    ),
    Target(
        "epar_kymriah2018.pool_responders_half_life",
        kind="repeated",
        recipe="stein2019.sparse_half_life",
        tolerance=0.15,
        turns_red="persistence_rate",
        ratio=2.5448,
        reason=_follow_up + "stopped at day 84 instead of 364 this trial gives 0.80.",
    ),
)

model = Model(
    name="stein2019",
    title="Tisagenlecleucel: expansion, contraction, persistence",
    states={
        "effector": State("copies/ug", "transgene in effector cells"),
        "memory": State("copies/ug", "transgene in memory cells"),
    },
    parameters={
        **from_ledger(
            "stein2019",
            "fold_expansion",
            "tmax",
            "cmax",
            "contraction_rate",
            "persistent_fraction",
            "persistence_rate",
            "tocilizumab_factor",
            "steroid_factor",
        ),
        "tocilizumab_time": covariate(NEVER, "day", (0, NEVER), "day of the first tocilizumab"),
        "steroid_time": covariate(NEVER, "day", (0, NEVER), "day of the first corticosteroid"),
    },
    observed={"transgene": Output("copies/ug", "CAR transgene in blood", "qPCR")},
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    switches=switches,
    log_states=("effector",),
    time_unit="day",
    window=ledger.value("stein2019.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "Values come from a model library's transcription of Table 1, not from the paper's table.",
        "Two drugs given before the peak multiply the growth rate; the sources do not say how they "
        "combine.",
        "The peak stays at Tmax when a drug changes the growth rate, so its height changes.",
        "Sampling days and limit of the simulated trials are teaching values; the trials' own are "
        "not published.",
    ),
)

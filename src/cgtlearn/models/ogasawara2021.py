"""Lisocabtagene maraleucel in blood: a lag, growth, and a decline in two phases.

Biology. For some days after the infusion nothing seems to happen: the cells leave the blood, find
their antigen and start to divide. Then they double about every 18 hours, until the antigen is gone.
Most cells die within weeks, a small part persists for years.

Assumptions. The level stays flat during the lag. Growth is exponential between two sharp moments,
the end of the lag and the peak. From the peak on effector cells are lost at a constant rate, and a
part of them becomes memory cells, which are lost slowly. The dose does not act.

Equations, with E effector and M memory, both in copies/µg DNA::

    t < Tlag:          dE/dt = 0
    Tlag <= t < Tmax:  dE/dt = ln(2)/t_double E
    t >= Tmax:         dE/dt = -alpha E              alpha = ln(2)/t_half_initial
                       dM/dt = k E - beta M          beta = ln(2)/t_half_terminal
                                                     k = FB (alpha - beta)
    E(0) = Cmax 2^(-(Tmax - Tlag)/t_double),   M(0) = 0

From the peak on their sum is a bi-exponential, with s = t - Tmax::

    E + M = Cmax ((1 - FB) exp(-alpha s) + FB exp(-beta s))

A lag that would end after the peak leaves no time to grow: the level is flat until the peak.

Source: Ogasawara et al. 2021, doi 10.1007/s40262-021-01039-5, abstract; parameters in
``ledger/data/ogasawara2021.toml``. Units: copies/µg DNA and days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import (
    Law,
    Model,
    Output,
    State,
    Target,
    from_ledger,
    passed,
)
from cgtlearn.models.stein2019 import decline, room_in_dna


def growth_rate(p):
    """ln(2) / doubling time, in 1/day."""
    return np.log(2) / p.doubling_time


def contraction_rate(p):
    """alpha = ln(2) / initial half-life, in 1/day."""
    return np.log(2) / p.initial_half_life


def persistence_rate(p):
    """beta = ln(2) / terminal half-life, in 1/day."""
    return np.log(2) / p.terminal_half_life


def switches(p):
    """The end of the lag, and the peak."""
    return p.lag, p.tmax


def initial(p):
    """The peak, halved once for each doubling between the lag and the peak."""
    growing = np.maximum(p.tmax, p.lag) - p.lag
    return p.cmax * np.exp(-growth_rate(p) * growing), 0 * p.cmax


def rhs(t, y, p, phase):
    """Nothing, then growth, then contraction with a slow leak into memory."""
    effector, memory = y
    started = passed(p.lag, p, phase, switches)
    contracting = passed(p.tmax, p, phase, switches)
    alpha, beta = contraction_rate(p), persistence_rate(p)
    k = p.persistent_fraction * (alpha - beta)
    return (
        (started * (1 - contracting) * growth_rate(p) - contracting * alpha) * effector,
        contracting * (k * effector - beta * memory),
    )


def outputs(t, y, p, phase):
    """qPCR reads the transgene of both cell types."""
    effector, memory = y
    return {"transgene": effector + memory}


def closed_form(t, p):
    """The transgene level at ``t``, without a solver (copies/µg)."""
    to_grow = np.maximum(p.tmax, p.lag) - np.minimum(np.maximum(t, p.lag), p.tmax)
    to_grow = np.where(p.lag < p.tmax, to_grow, 0)
    since = np.maximum(t - p.tmax, 0)
    left = decline(since, p.persistent_fraction, contraction_rate(p), persistence_rate(p))
    return p.cmax * np.exp(-growth_rate(p) * to_grow) * left


laws = (
    Law(
        "closed form",
        "The differential equations and the written-out solution are the same curve.",
        left=lambda t, y, p, phase: y[0] + y[1],
        right=lambda t, y, p, phase: closed_form(t, p),
        tolerance=1e-6,
    ),
    Law(
        "no lag",
        "Without a lag the level grows from time 0, and reaches the same peak.",
        left=lambda t, y, p, phase: y[0] + y[1],
        right=lambda t, y, p, phase: np.where(
            t < p.tmax, p.cmax * 2 ** ((t - p.tmax) / p.doubling_time), closed_form(t, p)
        ),
        tolerance=1e-6,
        where={"lag": "low"},
    ),
    Law(
        "doubled in one doubling time",
        "One doubling time after the end of the lag the level is twice that at the start.",
        left=lambda t, y, p, phase: closed_form(p.lag + p.doubling_time, p) + 0 * t,
        right=lambda t, y, p, phase: 2 * y[0][0] + 0 * t,
        tolerance=1e-9,
    ),
    room_in_dna,
)

targets = (
    Target(
        "ogasawara2021.lag",
        kind="recovered",
        recipe="ogasawara2021.lag",
        tolerance=0.05,
        turns_red="lag",
    ),
    Target(
        "ogasawara2021.doubling_time",
        kind="recovered",
        recipe="ogasawara2021.doubling_time",
        tolerance=0.05,
        turns_red="doubling_time",
    ),
    Target(
        "ogasawara2021.tmax",
        kind="recovered",
        recipe="ogasawara2021.tmax",
        tolerance=0.05,
        turns_red="tmax",
    ),
    Target(
        "ogasawara2021.initial_half_life",
        kind="recovered",
        recipe="ogasawara2021.initial_half_life",
        tolerance=0.05,
        turns_red="initial_half_life",
    ),
    Target(
        "ogasawara2021.terminal_half_life",
        kind="recovered",
        recipe="ogasawara2021.terminal_half_life",
        tolerance=0.05,
        turns_red="terminal_half_life",
    ),
    Target(
        "ogasawara2021.lag",
        kind="recovered",
        recipe="ogasawara2021.fitted_lag",
        tolerance=0.1,
        turns_red="lag",
    ),
    Target(
        "ogasawara2021.doubling_time",
        kind="recovered",
        recipe="ogasawara2021.fitted_doubling_time",
        tolerance=0.05,
        turns_red="doubling_time",
    ),
    Target(
        "ogasawara2021.tmax",
        kind="recovered",
        recipe="ogasawara2021.fitted_tmax",
        tolerance=0.05,
        turns_red="tmax",
        change=-0.2,
    ),
    Target(
        "ogasawara2021.initial_half_life",
        kind="recovered",
        recipe="ogasawara2021.fitted_initial_half_life",
        tolerance=0.1,
        turns_red="initial_half_life",
    ),
    Target(
        "ogasawara2021.terminal_half_life",
        kind="recovered",
        recipe="ogasawara2021.fitted_terminal_half_life",
        tolerance=0.15,
        turns_red="terminal_half_life",
        change=0.5,  # followed for one half-life, a fit is off by a tenth or so
    ),
)

model = Model(
    name="ogasawara2021",
    title="Lisocabtagene maraleucel: lag, growth, two-phase decline",
    states={
        "effector": State("copies/ug", "transgene in effector cells"),
        "memory": State("copies/ug", "transgene in memory cells"),
    },
    parameters={
        **from_ledger(
            "ogasawara2021",
            "lag",
            "doubling_time",
            "tmax",
            "initial_half_life",
            "terminal_half_life",
        ),
        "cmax": from_ledger("smpc_breyanzi", "responders_cmax")["responders_cmax"],
        **from_ledger("ogasawara2021", "persistent_fraction"),
    },
    observed={"transgene": Output("copies/ug", "CAR transgene in blood", "qPCR")},
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    switches=switches,
    log_states=("effector",),
    time_unit="day",
    window=ledger.value("ogasawara2021.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "Only the abstract was read. It names the phases; these equations are ours.",
        "The abstract gives no peak: Cmax is the label's median of responders, read in a copy of "
        "the label text.",
        "The abstract gives no persistent fraction: one per cent is a teaching value.",
        "The published half-lives are taken as ln(2)/alpha and ln(2)/beta of the two exponentials.",
        "The label's Tmax of 11 days is a median of sampling days; 9.29 days is a model parameter.",
    ),
)

"""Effector and memory cells behind a smooth gate: growth that fades into decline.

Biology. T cells do not all stop dividing at one moment. As antigen runs out, fewer and fewer meet
it; growth fades, and death and the forming of memory cells take over.

Assumptions. One gate g(t) stands for the antigen that is left: open (1) at first, closed (0) long
after Tmax, half open at Tmax. Open, effector cells grow; closed, they are lost, and a part becomes
memory cells. The width w says how long the change takes. The model of Stein et al. 2019 is the
limit of a gate without width.

Equations, with E effector and M memory, both in copies/µg DNA::

    g(t)  = 1 / (1 + exp((t - Tmax)/w))
    dE/dt = rho g E - alpha (1 - g) E            rho = ln(foldx) / Tmax
    dM/dt = k (1 - g) E - beta M                 k = FB (alpha - beta)
    E(0)  = Cmax / foldx,   M(0) = 0

g and 1 - g are computed apart, because 1 - g loses its digits while the gate is open.
No equation changes at any moment, so there is no switch. E has a closed form, with G(t) the time
for which the gate has been open::

    E = E(0) exp(rho G - alpha (t - G)),   G(t) = integral of g from 0 to t

E is highest where growth and loss balance, at Tmax + w ln(rho/alpha): later than Tmax, and lower
than Cmax.

Source: a teaching model of this course, after Stein et al. 2019, doi 10.1002/psp4.12388, whose
rows it uses; the width stands in ``ledger/data/gated_memory.toml``. Units: copies/µg DNA and days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.ledger.units import LARGEST_EXPONENT
from cgtlearn.models import stein2019
from cgtlearn.models.contract import Bound, Law, Model, Output, State, Target, from_ledger
from cgtlearn.models.stein2019 import growth_rate, room_in_dna


def logistic(x):
    """1 / (1 + exp(-x)); the exponent stays within what a float holds."""
    return 1 / (1 + np.exp(np.minimum(-x, LARGEST_EXPONENT)))


def gate(t, p):
    """The share of full growth that is left at ``t``: 1 open, 0 closed."""
    return logistic((p.tmax - t) / p.gate_width)


def gate_closed(t, p):
    """1 - g, without the subtraction."""
    return logistic((t - p.tmax) / p.gate_width)


def initial(p):
    """All cells are effectors at first."""
    return p.cmax / p.fold_expansion, 0 * p.cmax


def rhs(t, y, p, phase):
    """Growth through the open gate, loss and memory through the closed one."""
    effector, memory = y
    growing, declining = gate(t, p), gate_closed(t, p)
    k = p.persistent_fraction * (p.contraction_rate - p.persistence_rate)
    return (
        (growth_rate(p) * growing - p.contraction_rate * declining) * effector,
        k * declining * effector - p.persistence_rate * memory,
    )


def outputs(t, y, p, phase):
    """qPCR reads the transgene of both cell types."""
    effector, memory = y
    return {"transgene": effector + memory}


def time_open(t, p):
    """G(t), the integral of the gate from 0 to ``t``, in days."""

    def before(moment):  # the integral from -infinity, less a straight line: ln(1 + exp(x))
        x = (p.tmax - moment) / p.gate_width
        return p.gate_width * (np.maximum(x, 0) + np.log(1 + np.exp(-np.maximum(x, -x))))

    return before(0) - before(t)


def effector_closed_form(t, p):
    """The level in effector cells at ``t``, without a solver (copies/µg)."""
    opened = time_open(t, p)
    return initial(p)[0] * np.exp(growth_rate(p) * opened - p.contraction_rate * (t - opened))


def _slope_change(t, y, p):
    """Change of the growth rate between neighbours in time, over the most that the gate allows."""
    effector, memory = y
    slope = rhs(t, y, p, 0)[0] / effector
    most = (growth_rate(p) + p.contraction_rate) / (2 * 2 * p.gate_width)
    return np.abs(np.diff(slope)) / np.diff(t) / most


laws = (
    Law(
        "closed form of the effector cells",
        "The level in effector cells follows from the time for which the gate has been open.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: effector_closed_form(t, p),
        tolerance=1e-6,
    ),
    Law(
        "a gate without width",
        "With the narrowest gate the curve is that of the sharp peak, to one part in a thousand.",
        left=lambda t, y, p, phase: y[0] + y[1],
        right=lambda t, y, p, phase: stein2019.closed_form(t, stein2019.model.parameters_with()),
        tolerance=1e-3,
        where={"gate_width": "low"},
    ),
    Law(
        "where growth and loss balance",
        "Effector cells are most at Tmax + w ln(rho/alpha), for any width.",
        left=lambda t, y, p, phase: np.max(y[0]) + 0 * t,
        right=lambda t, y, p, phase: (
            effector_closed_form(
                p.tmax + p.gate_width * np.log(growth_rate(p) / p.contraction_rate), p
            )
            + 0 * t
        ),
        tolerance=0.01,
        where={"gate_width": "high"},
    ),
    Bound(
        "no jump",
        "The growth rate never changes faster than (rho + alpha)/(4 w); with a sharp peak it "
        "jumps.",
        of=lambda t, y, p, phase: _slope_change(t, y, p),
        low=0,
        high=1,
    ),
    Bound(
        "below the sharp peak",
        "A gate with a width costs height: the peak stays below Cmax.",
        of=lambda t, y, p, phase: (y[0] + y[1]) / p.cmax,
        low=0,
        high=1,
    ),
    room_in_dna,
)

targets = (
    Target(
        "stein2019.reported_doubling_time",
        kind="recovered",
        recipe="gated_memory.doubling_time",
        tolerance=0.05,
        turns_red="fold_expansion",
        change=0.8,
    ),
    Target(
        "stein2019.reported_initial_half_life",
        kind="recovered",
        recipe="gated_memory.initial_half_life",
        tolerance=0.05,
        turns_red="contraction_rate",
    ),
    Target(
        "stein2019.reported_terminal_half_life",
        kind="recovered",
        recipe="gated_memory.terminal_half_life",
        tolerance=0.05,
        turns_red="persistence_rate",
    ),
)

model = Model(
    name="gated_memory",
    title="Effector and memory cells with a smooth gate",
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
        ),
        **from_ledger("gated_memory", "gate_width"),
    },
    observed={"transgene": Output("copies/ug", "CAR transgene in blood", "qPCR")},
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    log_states=("effector",),
    time_unit="day",
    window=ledger.value("stein2019.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "The smooth gate is ours; Stein et al. change the equation at one moment.",
        "Cmax keeps its meaning from the sharp peak. Behind a gate the peak is lower and later.",
        "Memory cells form during the last days of growth too, while the gate closes.",
        "The drugs of stein2019 are left out.",
    ),
)

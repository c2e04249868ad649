"""CAR T cells and a tumor that feeds them, with saturation, a given peak, and a tumor that may end.

Biology. As in ``predator_prey``, CAR T cells divide when they meet tumor cells and kill them. A
cell can only divide so fast and kill so many. After a peak the effector cells contract, and a few
live on as persistent cells.

Assumptions. Expansion and killing saturate in the sum of both kinds of cell. The day of the peak is
given, not found: from then on no effector cell divides, whatever tumor is left. Persistent cells do
not kill. A tumor below a critical number hardly grows: that stands for cure.

Equations, with effector cells C, persistent cells P and tumor cells U::

    until Tmax   dC/dt = rho C U / (EC50rho + C + U)
    after Tmax   dC/dt = -(kEP + kE) C
                 dP/dt = kEP C - beta P
    dU/dt = F g U (ln Umax - ln U) / ln Umax - d C U / (EC50d + C + U)
    F = (U / Ucrit)^h / (1 + (U / Ucrit)^h)

Source: Chaudhury et al. 2020, doi 10.1002/jcph.1691, in the SBML file BIOMD0000001025; parameters
in ``ledger/data/chaudhury2020.toml``. Units: cells/µL, days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import Bound, Law, Model, Output, State, from_ledger


def switches(p):
    """The day of the peak."""
    return (p.tmax,)


def initial(p):
    """The infused CAR T cells, no persistent ones, and the tumor."""
    return p.car_start, 0 * p.car_start, p.tumor_start


def may_grow(tumor, p):
    """F, from 1 for a large tumor to 0 for one below the critical number."""
    above = (tumor / p.critical_tumor) ** p.cure_steepness  # 0, and no overflow, for a tumor of 0
    return above / (1 + above)


def rhs(t, y, p, phase):
    """Expansion before the peak, contraction after it; a tumor that grows and is killed."""
    effector, persistent, tumor = y
    growing = np.where(phase > 0, 0, 1)
    capacity = np.log(p.tumor_capacity / p.one_cell)
    missing = np.log(p.tumor_capacity / tumor) / capacity
    both = effector + tumor
    return (
        growing * p.expansion * effector * tumor / (p.half_expansion + both)
        - (1 - growing) * (p.to_persistent + p.contraction) * effector,
        (1 - growing) * (p.to_persistent * effector - p.persistent_loss * persistent),
        may_grow(tumor, p) * p.tumor_growth * tumor * missing
        - p.killing * effector * tumor / (p.half_killing + both),
    )


def outputs(t, y, p, phase):
    """Flow cytometry counts effector and persistent cells together."""
    effector, persistent, tumor = y
    return {"car_t": effector + persistent, "tumor": tumor}


def without_division(t, p):
    """Effector and persistent cells where none divide (cells/µL): a decay that feeds another."""
    since = np.maximum(t - p.tmax, 0)
    leaves = p.to_persistent + p.contraction
    effector = p.car_start * np.exp(-leaves * since)
    share = p.to_persistent / (leaves - p.persistent_loss)
    return effector, share * p.car_start * (np.exp(-p.persistent_loss * since)) - share * effector


def untreated(t, p):
    """A tumor that nothing kills and that may always grow: Gompertz's curve (cells/µL)."""
    pace = p.tumor_growth / np.log(p.tumor_capacity / p.one_cell)
    return p.tumor_capacity * np.exp(np.log(p.tumor_start / p.tumor_capacity) * np.exp(-pace * t))


laws = (
    Law(
        "no division: effector cells",
        "Cells that do not divide wait for the peak, then decay.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: without_division(t, p)[0],
        tolerance=1e-6,
        where={"expansion": "low"},
    ),
    Law(
        "no division: all cells",
        "Effector and persistent cells are then two exponentials.",
        left=lambda t, y, p, phase: y[0] + y[1],
        right=lambda t, y, p, phase: sum(without_division(t, p)),
        tolerance=1e-6,
        where={"expansion": "low"},
    ),
    Law(
        "no killing: tumor",
        "A tumor that nothing kills and nothing holds back follows Gompertz's curve.",
        left=lambda t, y, p, phase: y[2],
        right=lambda t, y, p, phase: untreated(t, p),
        tolerance=1e-6,
        where={"killing": "low", "critical_tumor": "low"},
    ),
    Bound(
        "the tumor not above an untreated one",
        "CAR T cells only kill, and a small tumor grows more slowly.",
        of=lambda t, y, p, phase: y[2] / np.maximum(untreated(t, p), p.tumor_start),
        low=0,
        high=1,
        tolerance=1e-6,
    ),
)

model = Model(
    name="chaudhury2020",
    title="CAR T cells and tumor with saturation and a given peak",
    states={
        "effector": State("cell/uL", "effector CAR T cells in blood"),
        "persistent": State("cell/uL", "persistent CAR T cells in blood"),
        "tumor": State("cell/uL", "tumor cells"),
    },
    parameters=from_ledger(
        "chaudhury2020",
        "expansion",
        "half_expansion",
        "contraction",
        "to_persistent",
        "persistent_loss",
        "tumor_growth",
        "tumor_capacity",
        "critical_tumor",
        "cure_steepness",
        "killing",
        "half_killing",
        "tmax",
        "car_start",
        "tumor_start",
        "one_cell",
    ),
    observed={
        "car_t": Output("cell/uL", "CAR T cells in blood", "flow cytometry"),
        "tumor": Output("cell/uL", "tumor cells", "flow cytometry"),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    switches=switches,
    time_unit="day",
    window=ledger.value("chaudhury2020.window"),
    laws=laws,
    deviations=(
        "Taken from an SBML file, not from the paper; there is no published curve to compare with.",
        "A third file, MODEL2109110005, lets CAR T cells expand without saturation. Its tumor "
        "starts at 900 with room for 100 cells/µL, and its curator could not run it as the paper "
        "shows it. It is not used.",
        "An expansion rate of 8.8 per day doubles cells in two hours. With it CAR T cells reach "
        "22,800 per µL, hundreds of times what is counted in patients (kimmel2021); the file is "
        "used as it is.",
    ),
)

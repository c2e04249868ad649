"""CAR T cells as predators, tumor cells as prey: Lotka and Volterra's equations, and no more.

Biology. CAR T cells divide when they meet tumor cells, and kill them. Without tumor they die out;
without CAR T cells the tumor grows.

Assumptions. Meetings are proportional to the product of both numbers (mass action), without limit:
a CAR T cell that meets ten times more tumor cells divides and kills ten times more. Nothing
saturates, nobody tires, and the tumor has no capacity. So both numbers run in circles for ever, and
twice the tumor gives more than twice the expansion.

Equations, with CAR T cells C and tumor cells U::

    dC/dt = rho C U - kE C
    dU/dt = g U - d C U
    conserved: rho U - kE ln U + d C - g ln C

Source: Chaudhury et al. 2020, doi 10.1002/jcph.1691, in the SBML file BIOMD0000001024; parameters
in ``ledger/data/chaudhury2020.toml``, rows that begin with lv. Units: cells/µL, days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import Bound, Law, Model, Output, State, from_ledger


def initial(p):
    """The infused CAR T cells and the tumor."""
    return p.car_start, p.tumor_start


def rhs(t, y, p, phase):
    """Meetings feed the predator and cost the prey."""
    car, tumor = y
    return (
        p.lv_expansion * car * tumor - p.lv_contraction * car,
        p.lv_tumor_growth * tumor - p.lv_killing * car * tumor,
    )


def outputs(t, y, p, phase):
    """Both are counted in blood."""
    car, tumor = y
    return {"car_t": car, "tumor": tumor}


def energy(y, p):
    """What a course keeps for ever (1/day)."""
    car, tumor = y
    return (
        p.lv_expansion * tumor
        - p.lv_contraction * np.log(tumor / p.tumor_start)
        + p.lv_killing * car
        - p.lv_tumor_growth * np.log(car / p.car_start)
    )


laws = (
    Law(
        "courses are closed",
        "Lotka and Volterra's constant keeps its first value: both numbers run in circles.",
        left=lambda t, y, p, phase: energy(y, p),
        right=lambda t, y, p, phase: energy(initial(p), p) + 0 * t * p.lv_contraction**2,
        tolerance=1e-5,
    ),
    Law(
        "no meetings: CAR T cells",
        "CAR T cells that nothing feeds die out exponentially.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: p.car_start * np.exp(-p.lv_contraction * t),
        tolerance=1e-6,
        where={"lv_expansion": "low"},
    ),
    Law(
        "no killing: tumor",
        "A tumor that nothing kills grows exponentially.",
        left=lambda t, y, p, phase: y[1],
        right=lambda t, y, p, phase: p.tumor_start * np.exp(p.lv_tumor_growth * t),
        tolerance=1e-6,
        where={"lv_expansion": "low", "lv_killing": "low"},
    ),
    Bound(
        "the tumor not above an untreated one",
        "CAR T cells only kill.",
        of=lambda t, y, p, phase: y[1] / (p.tumor_start * np.exp(p.lv_tumor_growth * t)),
        low=0,
        high=1,
        tolerance=1e-6,
    ),
)

model = Model(
    name="predator_prey",
    title="CAR T cells and tumor as predator and prey",
    states={
        "car": State("cell/uL", "CAR T cells in blood"),
        "tumor": State("cell/uL", "tumor cells"),
    },
    parameters=from_ledger(
        "chaudhury2020",
        "lv_expansion",
        "lv_contraction",
        "lv_tumor_growth",
        "lv_killing",
        "car_start",
        "tumor_start",
    ),
    observed={
        "car_t": Output("cell/uL", "CAR T cells in blood", "flow cytometry"),
        "tumor": Output("cell/uL", "tumor cells", "flow cytometry"),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    time_unit="day",
    window=ledger.value("chaudhury2020.lv_window"),
    log_states=("car", "tumor"),
    laws=laws,
    deviations=(
        "Taken from an SBML file, not from the paper; there is no published curve to compare with.",
        "CAR T cells reach 14,600 per µL, hundreds of times what is counted in patients "
        "(kimmel2021); the file is used as it is.",
    ),
)

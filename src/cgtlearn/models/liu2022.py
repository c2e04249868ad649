"""B-cell leukemia under CD19 CAR T cells: relapse with the target, and relapse without it.

Biology. CAR T cells rest until they meet CD19, then divide and kill. As the last CD19-positive
cells die, CAR T cells contract. What then grows back may be CD19-positive cells that the CAR T
cells missed, or a clone that shows no CD19: nothing of that clone makes CAR T cells divide, and it
dies only as a bystander of the killing of others.

Assumptions. One mixed volume. Activation, expansion and killing saturate in the number of
CD19-positive cells; bystander killing saturates in the number of the clone, and is ``kb`` times
weaker. Each kind of leukemia cell feels only its own number: together they may exceed the capacity
of one. Where so few cells are left that each divides or dies by chance (``solve.stochastic``),
cells per microliter become cells with a volume of our choice.

Equations, with CD19-positive cells B, CD19-negative cells N, activated and resting CAR T cells::

    dB/dt  = rBp B (1 - B/n) - eBp B/(B + KBp) TA
    dN/dt  = rBn N (1 - N/n) - (eBp/kb) N/(N + KBn) TA
    dTA/dt = rTA B/(B + KBpr) TA + ka B/(B + KBpTN) TN - lTA TA
    dTN/dt = - ka B/(B + KBpTN) TN - lTN TN
    blasts = 97.19 (B + N)/(B + N + 1909)
    a CD19-negative cell divides at rBn and dies at rBn N/n + (eBp/kb) TA/(N + KBn)
    a CD19-positive cell divides at rBp and dies at rBp B/n + eBp TA/(B + KBp)

Source: Liu et al. 2022, doi 10.1136/jitc-2022-005360, in the authors' public code; parameters in
``ledger/data/liu2022.toml``. The default is the example of a relapse without CD19;
``parameters_with(**CD19_KEPT)`` is that of a relapse with it. Units: cells, cells/µL, days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import Bound, Law, Model, Output, State, from_ledger

OF_THE_PATIENT = (
    "positive_growth",
    "expansion",
    "car_loss",
    "resting_loss",
    "capacity",
    "killing",
    "activation",
    "half_killing",
    "half_expansion",
    "half_activation",
    "positive_start",
    "resting_start",
)
"""The parameters in which the two examples differ; the second has no clone without CD19."""

NONE_LEFT = from_ledger("liu2022", "negative_start")["negative_start"].domain[0]

CD19_KEPT = {
    **{name: float(ledger.value(f"liu2022.kept_{name}")) for name in OF_THE_PATIENT},
    "negative_start": NONE_LEFT,
}
"""An example of relapse with CD19."""


def initial(p):
    """Leukemia of both kinds, and CAR T cells that all rest."""
    return (
        p.positive_start * p.volume,
        p.negative_start * p.volume,
        0 * p.resting_start,
        p.resting_start,
    )


def positive_cell(t, y, p, phase):
    """The rates at which a CD19-positive cell divides and dies (1/day)."""
    positive, _, activated, _ = y
    here = positive / p.volume
    crowded = p.positive_growth * here / p.capacity
    return p.positive_growth, crowded + p.killing * activated / (here + p.half_killing)


def negative_cell(t, y, p, phase):
    """The rates at which a CD19-negative cell divides and dies (1/day)."""
    _, negative, activated, _ = y
    here = negative / p.volume
    crowded = p.negative_growth * here / p.capacity
    bystander = p.killing / p.bystander_ratio * activated / (here + p.half_bystander)
    return p.negative_growth, crowded + bystander


def rhs(t, y, p, phase):
    """Growth and killing of leukemia; activation, expansion and loss of CAR T cells."""
    positive, negative, activated, resting = y
    born, dies = positive_cell(t, y, p, phase)
    clone_born, clone_dies = negative_cell(t, y, p, phase)
    target = positive / p.volume
    wakes = p.activation * target / (target + p.half_activation)
    divides = p.expansion * target / (target + p.half_expansion)
    return (
        (born - dies) * positive,
        (clone_born - clone_dies) * negative,
        (divides - p.car_loss) * activated + wakes * resting,
        -(wakes + p.resting_loss) * resting,
    )


def outputs(t, y, p, phase):
    """Flow cytometry of CAR T and leukemia cells; the share of blasts in marrow."""
    positive, negative, activated, resting = y
    cells = (positive + negative) / p.volume
    return {
        "car_t": activated + resting,
        "blasts": p.blasts_most * cells / (cells + p.blasts_half),
        "positive": positive / p.volume,
        "negative": negative / p.volume,
    }


def logistic(t, start, growth, capacity):
    """Cells that nothing kills (cells/µL)."""
    grown = start * np.exp(growth * t)
    return grown / (1 + (grown - start) / capacity)


def constant_target(t, p):
    """Activated and resting CAR T cells (cells/µL) where the number of target cells is constant."""
    target = p.positive_start
    wakes = p.activation * target / (target + p.half_activation)
    net = p.expansion * target / (target + p.half_expansion) - p.car_loss
    leaves = wakes + p.resting_loss
    resting = p.resting_start * np.exp(-leaves * t)
    return wakes * (p.resting_start * np.exp(net * t) - resting) / (net + leaves), resting


_still = {"positive_growth": "low", "killing": "low", "positive_start": 10}

laws = (
    Law(
        "no CAR T cells: CD19-positive cells",
        "Leukemia that nothing kills grows logistically.",
        left=lambda t, y, p, phase: y[0] / p.volume,
        right=lambda t, y, p, phase: logistic(t, p.positive_start, p.positive_growth, p.capacity),
        tolerance=1e-6,
        where={"resting_start": "low", "positive_start": 1},
    ),
    Law(
        "no CAR T cells: CD19-negative cells",
        "So does the clone, whatever the others do.",
        left=lambda t, y, p, phase: y[1] / p.volume,
        right=lambda t, y, p, phase: logistic(t, p.negative_start, p.negative_growth, p.capacity),
        tolerance=1e-5,
        where={"resting_start": "low"},
    ),
    Law(
        "constant target: activated CAR T cells",
        "A constant target wakes and feeds CAR T cells at constant rates: two exponentials.",
        left=lambda t, y, p, phase: y[2],
        right=lambda t, y, p, phase: constant_target(t, p)[0],
        tolerance=1e-6,
        where={**_still, "half_activation": "low"},
    ),
    Law(
        "constant target: resting CAR T cells",
        "They leave by waking and by death.",
        left=lambda t, y, p, phase: y[3],
        right=lambda t, y, p, phase: constant_target(t, p)[1],
        tolerance=1e-5,
        where={**_still, "resting_start": "high"},
    ),
    Bound(
        "CD19-positive cells not above untreated ones",
        "CAR T cells only kill.",
        of=lambda t, y, p, phase: (
            y[0] / p.volume / logistic(t, p.positive_start, p.positive_growth, p.capacity)
        ),
        low=0,
        high=1 + 1 / 10**2 / 10**2 / 10**2,
    ),
    Bound(
        "CD19-negative cells not above untreated ones",
        "Bystander killing only lowers the clone.",
        of=lambda t, y, p, phase: (
            y[1] / p.volume / logistic(t, p.negative_start, p.negative_growth, p.capacity)
        ),
        low=0,
        high=1 + 1 / 10**2 / 10**2 / 10**2,
    ),
)

model = Model(
    name="liu2022",
    title="B-cell leukemia under CD19 CAR T cells, and relapse without CD19",
    states={
        "positive": State("cell", "CD19-positive leukemia cells"),
        "negative": State("cell", "CD19-negative leukemia cells"),
        "activated": State("cell/uL", "activated CAR T cells"),
        "resting": State("cell/uL", "resting CAR T cells"),
    },
    parameters=from_ledger(
        "liu2022",
        *OF_THE_PATIENT,
        "negative_growth",
        "bystander_ratio",
        "half_bystander",
        "negative_start",
        "blasts_most",
        "blasts_half",
        "volume",
    ),
    observed={
        "car_t": Output("cell/uL", "CAR T cells in blood", "flow cytometry"),
        "blasts": Output("percent", "blasts in marrow", "flow cytometry of marrow"),
        "positive": Output("cell/uL", "CD19-positive leukemia cells", "flow cytometry"),
        "negative": Output("cell/uL", "CD19-negative leukemia cells", "flow cytometry"),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    reactions={"negative": negative_cell, "positive": positive_cell},
    time_unit="day",
    window=ledger.value("liu2022.window"),
    log_states=("positive", "negative"),
    laws=laws,
    deviations=(
        "Read in the authors' public code, not in the paper. Both sets are examples of one "
        "patient, and there is no published number here to compare with.",
        "The code adds km B to the clone: cells that lose CD19 under treatment. km is 0 in the "
        "example, and the term is left out. The clone is there from the start.",
        "KBn is 5956 in the authors' example and 16956 in a later copy by others. With the first "
        "the clone falls to 0.0026 cells/µL on day 56 and 5 per cent of blasts are back on day "
        "187; with the second it falls to 12 on day 30, and they are back on day 72.",
        "Cells are taken per µL, as the map to blasts has them. The other copy labels "
        "them 1e9 cells. Courses are the same; chance is not.",
        "Each kind of cell has the whole capacity to itself, as in the code.",
        "With CD19 kept, 3.4 cells are left in 5 L on day 36, and they are back at 5 per cent of "
        "blasts on day 318. Counted in whole cells they are all gone in 20 per cent of such "
        "patients; in 0.5 L in 85 per cent, in 50 L in none. The clone without CD19 never falls "
        "below 13,000 cells: chance does not help there.",
        "Sixteenfold more CAR T cells give a peak 0.99 times as high, and 1.07 with CD19 kept; a "
        "fourfold burden, from half to twice, 2.2 times in both. Authors plot activated cells "
        "alone; here resting ones are counted too, 0.6 per cent of the peak where CD19 is kept.",
    ),
)

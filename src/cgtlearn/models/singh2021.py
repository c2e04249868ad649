"""Idecabtagene vicleucel: receptors that bind antigen, cells that divide and kill by what is bound.

Biology. CAR T cells leave blood for the marrow, where myeloma cells carry BCMA. A receptor binds an
antigen and lets go of it again, hundreds of times a day. What is bound on a CAR T cell makes it
divide; what is bound on a tumor cell kills it. Tumor cells make M-protein and shed soluble BCMA,
the two numbers that a clinic follows.

Assumptions. Blood and marrow are two mixed volumes. Effector cells divide in the marrow only and
die in blood only, at once. Binding is by mass action between all receptors and all antigens of the
marrow, with no place for the cells. Nothing limits the number of CAR T cells but the tumor, so the
model holds near the burden at which it was fitted, and explodes above it.

Equations, with effector cells E and memory cells M in blood (b) and marrow (m), c = (Em + Mm)/Vbm
CAR T cells in a liter of marrow, T tumor cells and X complexes in a liter::

    dEb/dt = -(K12 + Kel_e) Eb + K21 Em              dMb/dt = -(K12 + Kel_m) Mb + K21 Mm
    dEm/dt = K12 Eb - K21 Em + (kexp - Rm) Em        dMm/dt = K12 Mb - K21 Mm + Rm Em
    dX/dt = kon (AgCAR c - X)(AgTumor T - X) - koff X
    kexp = Kexp_max q / (EC50 + q),  q = X / c       complexes on a CAR T cell
    dT/dt = Kg T - Kkill_max r / (KC50 + r) T,  r = X / T       complexes on a tumor cell
    dP/dt = Pm T0 (T/T0)^gM - Km P         dS/dt = Pb T0 (T/T0)^gB - Kb S
    transgene = TransC (Eb + Mb) / Vb

Source: Singh et al. 2021, doi 10.1002/psp4.12598, in a model library's transcription; parameters in
``ledger/data/singh2021.toml``. Units: cells, cells/L, copies/µg, g/L, µg/L, days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import Bound, Law, Model, Output, State, Target, from_ledger


def initial(p):
    """No CAR T cell yet; M-protein and soluble BCMA as the tumor keeps them."""
    none = 0 * p.dose
    return (
        none,
        none,
        none,
        none,
        0 * p.antigens * p.tumor_start,
        p.tumor_start,
        p.m_production * p.tumor_start / p.m_loss,
        p.bcma_production * p.tumor_start / p.bcma_loss,
    )


def doses(p):
    """All cells at once, into blood."""
    return ((0, "effector_blood", p.dose),)


def bound(y, p):
    """Complexes on a CAR T cell and on a tumor cell."""
    _, _, effector, memory, complexes, tumor, _, _ = y
    cells = (effector + memory) / p.marrow_volume
    some = np.where(cells > 0, cells, p.tumor_start)  # before the first cell arrives: 0 / any
    return complexes / some, complexes / tumor


def rhs(t, y, p, phase):
    """Movement, division and loss of CAR T cells; binding; the tumor and what it sheds."""
    effector_blood, memory_blood, effector, memory, complexes, tumor, m_protein, bcma = y
    on_car, on_tumor = bound(y, p)
    divides = p.expansion * on_car / (p.half_expansion + on_car)
    dies = p.killing * on_tumor / (p.half_killing + on_tumor)
    free_receptors = p.receptors * (effector + memory) / p.marrow_volume - complexes
    free_antigens = p.antigens * tumor - complexes
    left = tumor / p.tumor_start
    return (
        p.to_blood * effector - (p.to_marrow + p.effector_loss) * effector_blood,
        p.to_blood * memory - (p.to_marrow + p.memory_loss) * memory_blood,
        p.to_marrow * effector_blood + (divides - p.to_blood - p.to_memory) * effector,
        p.to_marrow * memory_blood - p.to_blood * memory + p.to_memory * effector,
        p.binding_rate * free_receptors * free_antigens - p.release_rate * complexes,
        (p.tumor_growth - dies) * tumor,
        p.m_production * p.tumor_start * left**p.m_exponent - p.m_loss * m_protein,
        p.bcma_production * p.tumor_start * left**p.bcma_exponent - p.bcma_loss * bcma,
    )


def outputs(t, y, p, phase):
    """qPCR in blood, the tumor in marrow, and two proteins in serum."""
    effector_blood, memory_blood, _, _, _, tumor, m_protein, bcma = y
    return {
        "transgene": p.copies_per_cell_count * (effector_blood + memory_blood) / p.blood_volume,
        "tumor": tumor / p.tumor_start,
        "m_protein": m_protein,
        "soluble_bcma": bcma,
    }


def without_binding(t, p):
    """Effector cells in blood and marrow that only move and die: two exponentials (cells)."""
    out, back = p.to_marrow + p.effector_loss, p.to_blood
    middle, root = (out + back) / 2, np.sqrt((out - back) ** 2 / 2**2 + p.to_marrow * back)
    fast, slow = middle + root, (out * back - p.to_marrow * back) / (middle + root)
    blood = ((fast - back) * np.exp(-fast * t) + (back - slow) * np.exp(-slow * t)) / (fast - slow)
    marrow = p.to_marrow * (np.exp(-slow * t) - np.exp(-fast * t)) / (fast - slow)
    return p.dose * blood, p.dose * marrow


def unkilled(t, p):
    """Tumor and M-protein where nothing kills (cells/L, g/L)."""
    tumor = p.tumor_start * np.exp(p.tumor_growth * t)
    pace = p.m_exponent * p.tumor_growth
    made = p.m_production * p.tumor_start
    m_protein = made * (np.exp(pace * t) - np.exp(-p.m_loss * t)) / (pace + p.m_loss)
    return tumor, m_protein + made / p.m_loss * np.exp(-p.m_loss * t)


def _receptors(y, p):
    return p.receptors * (y[2] + y[3]) / p.marrow_volume


laws = (
    Law(
        "no division: effector cells in blood",
        "Cells that only move and die follow two exponentials.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: without_binding(t, p)[0],
        tolerance=1e-5,
        where={"expansion": "low", "to_memory": "low"},
    ),
    Law(
        "no division: effector cells in marrow",
        "The marrow fills from blood and empties back into it.",
        left=lambda t, y, p, phase: y[2],
        right=lambda t, y, p, phase: without_binding(t, p)[1],
        tolerance=1e-5,
        where={"expansion": "low", "to_memory": "low"},
    ),
    Law(
        "cells are conserved",
        "Cells that neither divide nor die are as many as were infused.",
        left=lambda t, y, p, phase: y[0] + y[1] + y[2] + y[3],
        right=lambda t, y, p, phase: p.dose + 0 * t * p.dose * p.tumor_growth,
        tolerance=1e-6,
        where={"expansion": "low", "effector_loss": "low", "memory_loss": "low"},
    ),
    Law(
        "no killing: tumor",
        "A tumor that nothing kills grows exponentially.",
        left=lambda t, y, p, phase: y[5],
        right=lambda t, y, p, phase: unkilled(t, p)[0],
        tolerance=1e-6,
        where={"killing": "low", "dose": "low"},
    ),
    Law(
        "no killing: M-protein",
        "M-protein follows a growing tumor with a delay.",
        left=lambda t, y, p, phase: y[6],
        right=lambda t, y, p, phase: unkilled(t, p)[1],
        tolerance=1e-6,
        where={"killing": "low", "dose": "low"},
    ),
    Bound(
        "no more complexes than receptors",
        "A receptor binds one antigen.",
        of=lambda t, y, p, phase: y[4] / np.maximum(_receptors(y, p), 1),
        low=0,
        high=1,
    ),
    Bound(
        "no more complexes than antigens",
        "An antigen is bound by one receptor.",
        of=lambda t, y, p, phase: y[4] / (p.antigens * y[5]),
        low=0,
        high=1,
    ),
)

targets = (
    Target(
        "singh2021.exposure_over_doses",
        kind="repeated",
        recipe="singh2021.exposure_over_doses",
        tolerance=0.1,
        turns_red="killing",
        change=1,
    ),
)

model = Model(
    name="singh2021",
    title="Idecabtagene vicleucel: from bound receptors to expansion and killing",
    states={
        "effector_blood": State("cell", "effector CAR T cells in blood"),
        "memory_blood": State("cell", "memory CAR T cells in blood"),
        "effector": State("cell", "effector CAR T cells in marrow"),
        "memory": State("cell", "memory CAR T cells in marrow"),
        "complexes": State("1/L", "receptors bound to an antigen, in marrow"),
        "tumor": State("cell/L", "tumor cells in marrow"),
        "m_protein": State("g/L", "M-protein in serum"),
        "bcma": State("ug/L", "soluble BCMA in serum"),
    },
    parameters=from_ledger(
        "singh2021",
        "expansion",
        "half_expansion",
        "to_memory",
        "effector_loss",
        "memory_loss",
        "to_marrow",
        "to_blood",
        "binding_rate",
        "release_rate",
        "receptors",
        "antigens",
        "killing",
        "half_killing",
        "tumor_growth",
        "tumor_start",
        "dose",
        "copies_per_cell_count",
        "blood_volume",
        "marrow_volume",
        "m_production",
        "m_loss",
        "m_exponent",
        "bcma_production",
        "bcma_loss",
        "bcma_exponent",
    ),
    observed={
        "transgene": Output("copies/ug", "transgene in blood", "qPCR, per µg of DNA"),
        "tumor": Output("1", "tumor cells over those at infusion", "marrow biopsy"),
        "m_protein": Output("g/L", "M-protein in serum", "electrophoresis"),
        "soluble_bcma": Output("ug/L", "soluble BCMA in serum", "immunoassay"),
    },
    rhs=rhs,
    initial=initial,
    doses=doses,
    outputs=outputs,
    time_unit="day",
    window=ledger.value("singh2021.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "Equation 18 of the supplement multiplies killing by the effector cells of the marrow; the "
        "deposited code by tumor cells. The second is used: with the first, in these units, "
        "nothing of the tumor is left after 7 days and the transgene peaks at 4,400 copies/µg.",
        "The tumor of the deposited code is used, 2.5e9 cells/L. Other public copies start at 1e5 "
        "to 1e8; the transgene then never exceeds 40 copies/µg after the first day.",
        "A release rate of 2.39e-2 per second, as one public copy has it, gives a peak of "
        "1,860 copies/µg instead of 35,600.",
        "The model explodes away from its burden: four times the tumor gives a peak 69 times as "
        "high, at 2.4 million copies/µg, more than a microgram of DNA holds at one copy a cell.",
    ),
)

"""Axicabtagene ciloleucel: four phenotypes of CAR T cells, and the tumor they feed on and kill.

Biology. Infused T cells are a mixture. Naive cells (TN) become central memory cells (TCM), these
effector memory cells (TEM), and these effector cells (TEff), which no longer divide and soon die.
Antigen on tumor cells makes the first three divide. All four kill tumor cells, and so take away
what makes them grow.

Assumptions. Differentiation goes one way. Expansion is proportional to the tumor volume, and
saturates in the number of dividing cells; killing is proportional to the number of cells, and
saturates in the tumor volume. Left alone the tumor grows logistically. The dose does not act: each
phenotype starts at the same small number. An earlier transplant (ASCT) speeds expansion up, a high
CD4:CD8 ratio slows it down, and one patient in five expands poorly for reasons unknown.

Equations, with cells in cells/µL, tumor volume D in mL::

    dTN/dt   = V1 D TN/(KM1 + TN)   + (kp1 - k12 - ke) TN
    dTCM/dt  = V1 D TCM/(KM1 + TCM) + (kp2 - k23 - ke) TCM + k12 TN
    dTEM/dt  = V1 D TEM/(KM1 + TEM) + (kp3 - k34 - ke) TEM + k23 TCM
    dTEff/dt = k34 TEM - ke4 TEff
    dD/dt    = k5 D (1 - D/K0) - (V51 TN + V52 TCM + V53 TEM + V54 TEff) D/(KM5 + D)
    V1       = V1ref (1 + a ASCT) (CD4:CD8)^b     in a reference patient
    V1       = V1low (1 + a ASCT)                 in a low expander
    TN(0) = TCM(0) = TEM(0) = TEff(0) = T0,   D(0) = MTV

Source: Mueller-Schoell et al. 2021, doi 10.3390/cancers13112782, equations 5 to 11; parameters and
the covariates of its 19 patients in ``ledger/data/muellerschoell2021.toml``. Units: cells/µL, mL,
days.
"""

from typing import Any

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import (
    Bound,
    Law,
    Model,
    Output,
    State,
    Target,
    covariate,
    from_ledger,
)


def expansion(p):
    """V1, the antigen-driven expansion for each mL of tumor, in cells/µL/day/mL."""
    reference = p.expansion_rate * p.cd4cd8**p.cd4cd8_exponent
    either = p.low_expander * p.expansion_rate_low + (1 - p.low_expander) * reference
    return either * (1 + p.asct_effect * p.asct)


def initial(p):
    """The same small number of each phenotype, and the tumor as imaging found it."""
    return p.initial_cells, p.initial_cells, p.initial_cells, p.initial_cells, p.mtv


def rhs(t, y, p, phase):
    """Expansion by antigen, slow division, differentiation and death; growth and killing."""
    tn, tcm, tem, teff, tumor = y

    def divided(cells):
        return expansion(p) * tumor * cells / (p.expansion_half_saturation + cells)

    killing = p.tn_killing * tn + p.tcm_killing * tcm + p.tem_killing * tem + p.teff_killing * teff
    return (
        divided(tn) + (p.tn_proliferation - p.tn_to_tcm - p.memory_death) * tn,
        divided(tcm)
        + (p.memory_proliferation - p.tcm_to_tem - p.memory_death) * tcm
        + p.tn_to_tcm * tn,
        divided(tem)
        + (p.memory_proliferation - p.tem_to_teff - p.memory_death) * tem
        + p.tcm_to_tem * tcm,
        p.tem_to_teff * tem - p.teff_death * teff,
        p.tumor_growth * tumor * (1 - tumor / p.tumor_capacity)
        - killing * tumor / (p.killing_half_saturation + tumor),
    )


def outputs(t, y, p, phase):
    """Flow cytometry counts CAR T cells and sorts them by phenotype; imaging measures the tumor."""
    tn, tcm, tem, teff, tumor = y
    return {
        "car_t": tn + tcm + tem + teff,
        "tn": tn,
        "tcm": tcm,
        "tem": tem,
        "teff": teff,
        "tumor": tumor,
    }


def without_tumor(t, p):
    """TN, TCM, TEM and TEff at ``t`` where there is no tumor (cells/µL): sums of exponentials.

    Each phenotype leaves at its own rate and receives from the one before, as in a chain of
    radioactive decays (Bateman's solution). The four rates must differ.
    """
    net = (
        p.tn_proliferation - p.tn_to_tcm - p.memory_death,
        p.memory_proliferation - p.tcm_to_tem - p.memory_death,
        p.memory_proliferation - p.tem_to_teff - p.memory_death,
        -p.teff_death,
    )
    feed = (p.tn_to_tcm, p.tcm_to_tem, p.tem_to_teff)
    cells: list[Any] = []
    weights: list[Any] = []
    for i, own in enumerate(net):
        weights = [feed[i - 1] * w / (net[j] - own) for j, w in enumerate(weights)]
        weights.append(p.initial_cells - sum(weights))
        cells.append(sum(w * np.exp(net[j] * t) for j, w in enumerate(weights)))
    return tuple(cells)


def without_killing(t, p):
    """The tumor volume at ``t`` where no cell kills (mL): the logistic curve."""
    return p.tumor_capacity / (1 + (p.tumor_capacity / p.mtv - 1) * np.exp(-p.tumor_growth * t))


def _total(y):
    return y[0] + y[1] + y[2] + y[3]


_harmless = {"tn_killing": "low", "tcm_killing": "low", "tem_killing": "low", "teff_killing": "low"}

laws = (
    Law(
        "no tumor: naive cells",
        "Without antigen naive cells decline by one exponential.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: without_tumor(t, p)[0],
        tolerance=1e-5,
        where={"mtv": "low"},
    ),
    Law(
        "no tumor: all cells",
        "Without antigen the phenotypes are a chain of decays, with a written-out solution.",
        left=lambda t, y, p, phase: _total(y),
        right=lambda t, y, p, phase: sum(without_tumor(t, p)),
        tolerance=1e-5,
        where={"mtv": "low"},
    ),
    Law(
        "no tumor: effector cells",
        "The last link of that chain, which depends on all the others.",
        left=lambda t, y, p, phase: y[3],
        right=lambda t, y, p, phase: without_tumor(t, p)[3],
        tolerance=1e-5,
        where={"mtv": "low"},
    ),
    Law(
        "no killing",
        "A tumor that no cell kills grows along the logistic curve.",
        left=lambda t, y, p, phase: y[4],
        right=lambda t, y, p, phase: without_killing(t, p),
        tolerance=1e-6,
        where=_harmless,
    ),
    Law(
        "cells are conserved",
        "Differentiation changes what a cell is, not how many there are.",
        left=lambda t, y, p, phase: _total(y),
        right=lambda t, y, p, phase: 2 * 2 * p.initial_cells + 0 * t,
        tolerance=1e-6,
        where={
            "mtv": "low",
            "tn_proliferation": "low",
            "memory_proliferation": "low",
            "memory_death": "low",
            "teff_death": "low",
        },
    ),
    Bound(
        "a tumor within its capacity",
        "The tumor never grows beyond the volume it could reach alone.",
        of=lambda t, y, p, phase: y[4] / without_killing(t, p),
        low=0,
        high=1,
    ),
)

_auc_reason = (
    "Not explained. Tried, with ours over published in reference patients and low expanders: "
    "typical courses every tenth of a day, 1.30 and 1.29; the logarithmic rule on daily samples, "
    "1.29 and 1.29; days 0, 7, 14, 28, 1.29 and 1.22; days 7, 14, 28 without the first week, 1.10 "
    "and 1.12; naive cells not counted, 1.01 and 1.00, but then Cmax is 0.71 and 0.96; a start of "
    "0.025 instead of 0.1 cells/µL, 1.26 and 1.07."
)

targets = (
    Target(
        "muellerschoell2021.reference_cmax",
        kind="repeated",
        recipe="muellerschoell2021.reference_cmax",
        tolerance=0.15,
        turns_red="expansion_rate",
        change=-0.2,
    ),
    Target(
        "muellerschoell2021.reference_tmax",
        kind="repeated",
        recipe="muellerschoell2021.reference_tmax",
        tolerance=0.15,
        turns_red="initial_cells",  # Tmax hangs on little else; the authors tried a tenfold start
        change=9,
    ),
    Target(
        "muellerschoell2021.reference_auc28",
        kind="repeated",
        recipe="muellerschoell2021.reference_auc28",
        tolerance=0.15,
        turns_red="expansion_rate",
        ratio=1.296,
        reason=_auc_reason
        + " Individual in place of typical predictions: with random effects the median is 78 to "
        "311 in 200 simulated trials (5 % to 95 %), so they could give 179; they are not public.",
    ),
    Target(
        "muellerschoell2021.low_cmax",
        kind="repeated",
        recipe="muellerschoell2021.low_cmax",
        tolerance=0.15,
        turns_red="expansion_rate_low",
        ratio=1.217,
        reason="Not explained. Tried, with ours over published: samples on days 7, 14 and 28 only, "
        "1.12; naive cells not counted, 0.96, but then the reference group falls to 0.71; a start "
        "of 0.025 cells/µL, 1.17. It is the median of four patients: with random effects on "
        "killing it is 3.5 to 7.0 in 200 simulated trials (5 % to 95 %).",
    ),
    Target(
        "muellerschoell2021.low_tmax",
        kind="repeated",
        recipe="muellerschoell2021.low_tmax",
        tolerance=0.15,
        turns_red="expansion_rate_low",
        change=-0.2,
    ),
    Target(
        "muellerschoell2021.low_auc28",
        kind="repeated",
        recipe="muellerschoell2021.low_auc28",
        tolerance=0.15,
        turns_red="expansion_rate_low",
        ratio=1.287,
        reason=_auc_reason
        + " Individual in place of typical predictions: with random effects the median is 62 to "
        "129 in 200 simulated trials (5 % to 95 %), so they could give 94; they are not public.",
    ),
)

model = Model(
    name="muellerschoell2021",
    title="Axicabtagene ciloleucel: four phenotypes and the tumor",
    states={
        "tn": State("cell/uL", "naive CAR T cells"),
        "tcm": State("cell/uL", "central memory CAR T cells"),
        "tem": State("cell/uL", "effector memory CAR T cells"),
        "teff": State("cell/uL", "effector CAR T cells"),
        "tumor": State("mL", "metabolic volume of CD19+ tumor"),
    },
    parameters={
        **from_ledger(
            "muellerschoell2021",
            "expansion_rate",
            "expansion_rate_low",
            "asct_effect",
            "cd4cd8_exponent",
            "expansion_half_saturation",
            "tn_to_tcm",
            "tcm_to_tem",
            "tem_to_teff",
            "teff_death",
            "memory_death",
            "tn_proliferation",
            "memory_proliferation",
            "tn_killing",
            "tcm_killing",
            "tem_killing",
            "teff_killing",
            "killing_half_saturation",
            "tumor_growth",
            "tumor_capacity",
            "initial_cells",
            "mtv",
            "cd4cd8",
        ),
        "asct": covariate(0, "1", (0, 1), "earlier autologous transplant: 1 yes, 0 no"),
        "low_expander": covariate(0, "1", (0, 1), "belongs to the low expanders: 1 yes, 0 no"),
    },
    observed={
        "car_t": Output("cell/uL", "CAR T cells in blood, all phenotypes", "flow cytometry"),
        "tn": Output("cell/uL", "naive CAR T cells in blood", "flow cytometry"),
        "tcm": Output("cell/uL", "central memory CAR T cells in blood", "flow cytometry"),
        "tem": Output("cell/uL", "effector memory CAR T cells in blood", "flow cytometry"),
        "teff": Output("cell/uL", "effector CAR T cells in blood", "flow cytometry"),
        "tumor": Output("mL", "metabolic volume of CD19+ tumor", "FDG PET-CT"),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    time_unit="day",
    window=ledger.value("muellerschoell2021.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "Equations and values come from a model library's transcription, not from the paper.",
        "There is no dose: cells start at 0.1 cells/µL of each phenotype, as the authors assumed.",
        "The random effect on killing acts on central memory cells alone, as in the transcription.",
        "Courses of the 19 patients are typical ones: their covariates, and no random effect.",
    ),
)

"""Vector DNA in blood and in what the body sheds: total and inside whole capsids.

Biology. For weeks after an infusion vector DNA is found in blood, saliva, semen, stool and urine. A
qPCR counts all of it: whole capsids, which could still enter a cell, and naked or broken genomes,
which could not. An assay that first catches capsids counts the former alone. Blood cells take up
some genomes; most are lost, and a few close into episomes that last as long as the cell.

Assumptions. Every step is first order. A matrix follows blood at a pace of its own, to a share of
blood's concentration; it takes too little to be missed there. Semen alone is asked for capsids.
Antibodies, which come within weeks, are not in the model.

Equations, with capsids C, incomplete genomes I and episomes P in blood, all else L (vg), and the
blood volume V::

    dC/dt = infusion - k_cap C
    dI/dt = f_cell k_cap C - k_cell I
    dP/dt = f_epi k_cell I - k_epi P
    dL/dt = (1 - f_cell) k_cap C + (1 - f_epi) k_cell I + k_epi P
    dX/dt = k_X (r_X (C + I + P) / V - X)      total DNA in saliva, semen, stool, urine (vg/mL)
    dS/dt = k_semen (r_semen C / V - S)        whole capsids in semen (vg/mL)

C + I + P + L is the dose given so far, at all times.

A sample below the limit of quantification is not a zero. A matrix counts as cleared at the first of
three consecutive samples below the limit (``cleared``).

Source: the protocol and the order of events are those of GENEr8-1, Blood Adv 2024, abstract; times
of peaks are those of another product's label, fidanacogene. No rate was measured: see
``ledger/data/shedding.toml``. Units: vg, vg/mL and days.

Targets. All rows are *calibrated*: each rate was chosen with its row in view. Nothing is predicted.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import Bound, Law, Model, Output, State, Target, from_ledger

MATRICES = ("blood", "saliva", "semen", "stool", "urine")
"""The five matrices of GENEr8-1, in the published order of their median peaks."""


def given(p):
    """The whole dose, in vector genomes."""
    return p.dose * p.weight


def doses(p):
    """One infusion into blood, at time 0."""
    return ((0, "capsids", given(p), p.infusion_duration),)


def initial(p):
    """Nothing is there before the infusion."""
    none = 0 * given(p)
    nowhere = none / volume(p)
    return none, none, none, nowhere, nowhere, nowhere, nowhere, nowhere, none


def volume(p):
    """Blood volume, in mL."""
    return p.blood_volume * p.weight


def rhs(t, y, p, phase):
    """Blood loses in two ways; each matrix runs after blood."""
    capsids, incomplete, episomes, saliva, semen, stool, urine, semen_capsids, _ = y
    from_blood = p.capsid_loss_rate * capsids
    from_incomplete = p.cell_loss_rate * incomplete
    from_episomes = p.episome_loss_rate * episomes
    in_blood = (capsids + incomplete + episomes) / volume(p)
    return (
        -from_blood,
        p.to_cells_share * from_blood - from_incomplete,
        p.episome_share * from_incomplete - from_episomes,
        p.saliva_rate * (p.saliva_ratio * in_blood - saliva),
        p.semen_rate * (p.semen_ratio * in_blood - semen),
        p.stool_rate * (p.stool_ratio * in_blood - stool),
        p.urine_rate * (p.urine_ratio * in_blood - urine),
        p.semen_rate * (p.semen_ratio * capsids / volume(p) - semen_capsids),
        (1 - p.to_cells_share) * from_blood
        + (1 - p.episome_share) * from_incomplete
        + from_episomes,
    )


def outputs(t, y, p, phase):
    """Total DNA in five matrices and in blood cells; DNA in whole capsids in two."""
    capsids, incomplete, episomes, saliva, semen, stool, urine, semen_capsids, _ = y
    return {
        "blood": (capsids + incomplete + episomes) / volume(p),
        "saliva": saliva,
        "semen": semen,
        "stool": stool,
        "urine": urine,
        "blood_cells": (incomplete + episomes) / volume(p),
        "plasma_capsids": capsids / volume(p),
        "semen_capsids": semen_capsids,
    }


def cleared(times, values, limit, in_a_row):
    """The time of the first of ``in_a_row`` consecutive samples below ``limit``, after the peak.

    times : (T,), values : (T,) of one matrix. Infinite when the samples end before there are so
    many. What is below the limit before the highest sample is no clearance.
    """
    below = np.asarray(values) < limit
    for first in range(int(np.argmax(values)), len(below) - int(in_a_row) + 1):
        if np.all(below[first : first + int(in_a_row)]):
            return float(times[first])
    return np.inf


def capsids_closed_form(t, p):
    """Whole capsids in blood during and after the infusion, in vg, without a solver."""
    running = np.minimum(t, p.infusion_duration)
    plateau = given(p) / (p.infusion_duration * p.capsid_loss_rate)
    gone = np.exp(-p.capsid_loss_rate * (t - running))
    return plateau * (1 - np.exp(-p.capsid_loss_rate * running)) * gone


def followed(t, p, rate, ratio):
    """A matrix that follows capsids after a bolus, in vg/mL: rise at one rate, fall at the other.

    r k / (k - k_cap) C0 / V (exp(-k_cap t) - exp(-k t)), the solution of its equation when blood
    holds capsids alone.
    """
    start = ratio * given(p) / volume(p)
    fall = np.exp(-p.capsid_loss_rate * t) - np.exp(-rate * t)
    return start * rate / (rate - p.capsid_loss_rate) * fall


def infused(t, p):
    """Vector genomes given until ``t``."""
    return given(p) * np.minimum(t / p.infusion_duration, 1)


laws = (
    Law(
        "vector genomes are conserved",
        "Capsids, incomplete genomes, episomes and all else add up to what has been infused.",
        left=lambda t, y, p, phase: y[0] + y[1] + y[2] + y[8],
        right=lambda t, y, p, phase: infused(t, p),
        tolerance=1e-8,
    ),
    Law(
        "capsids, closed form",
        "Whole capsids in blood rise during the infusion and then fall by one exponential.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: capsids_closed_form(t, p),
        tolerance=1e-5,
    ),
    Law(
        "semen after capsids",
        "After a bolus, whole capsids in semen rise at one rate and fall at the other.",
        left=lambda t, y, p, phase: y[7],
        right=lambda t, y, p, phase: followed(t, p, p.semen_rate, p.semen_ratio),
        tolerance=1e-5,
        where={"infusion_duration": 0},
    ),
    Law(
        "a fast matrix is a share of blood",
        "A matrix that follows at once holds its share of blood's concentration (from day 1 on).",
        left=lambda t, y, p, phase: np.where(t > 1, y[3], 0),
        right=lambda t, y, p, phase: np.where(
            t > 1, p.saliva_ratio * (y[0] + y[1] + y[2]) / volume(p), 0
        ),
        tolerance=0.02,
        where={"saliva_rate": "high"},
    ),
    Bound(
        "capsids are part of the total",
        "Semen never holds more DNA in capsids than DNA.",
        of=lambda t, y, p, phase: y[7] / np.where(y[4] > 0, y[4], 1),
        low=0,
        high=1,
    ),
)

_order = (
    "The abstract names the order and no value, so any set of ratios in this order would do. They "
    "stand threefold apart or more: 20 % moves none, a tenth does."
)

targets = (
    Target(
        "gener8_shedding.matrices_in_order",
        kind="calibrated",
        recipe="shedding.matrices_in_order",
        tolerance=0.1,
        turns_red="saliva_ratio",
        change=-0.9,
        tuned="saliva_ratio",
        reason=_order,
    ),
    Target(
        "gener8_shedding.last_peak",
        kind="calibrated",
        recipe="shedding.last_peak",
        tolerance=0.05,
        turns_red="stool_rate",
        change=0.4,
        tuned="stool_rate",
        reason="Samples are daily, so a change of 20 % moves the peak by less than a day.",
    ),
    Target(
        "gener8_shedding.encapsidated_clearance",
        kind="calibrated",
        recipe="shedding.encapsidated_clearance",
        tolerance=0.05,
        turns_red="capsid_loss_rate",
        tuned="capsid_loss_rate",
    ),
    Target(
        "smpc_durveqtix.saliva_tmax",
        kind="calibrated",
        recipe="shedding.saliva_tmax",
        tolerance=0.05,
        turns_red="saliva_rate",
        tuned="saliva_rate",
    ),
    Target(
        "smpc_durveqtix.urine_tmax",
        kind="calibrated",
        recipe="shedding.urine_tmax",
        tolerance=0.05,
        turns_red="urine_rate",
        tuned="urine_rate",
    ),
    Target(
        "smpc_durveqtix.semen_tmax",
        kind="calibrated",
        recipe="shedding.semen_tmax",
        tolerance=0.05,
        turns_red="semen_rate",
        tuned="semen_rate",
    ),
    Target(
        "smpc_durveqtix.pbmc_tmax",
        kind="calibrated",
        recipe="shedding.pbmc_tmax",
        tolerance=0.05,
        turns_red="cell_loss_rate",
        tuned="cell_loss_rate",
    ),
)

_all_dna = "qPCR of total vector DNA"
_whole = "qPCR after immunocapture of capsids"

model = Model(
    name="shedding",
    title="Vector shedding: five matrices, total DNA and whole capsids",
    states={
        "capsids": State("vg", "genomes in whole capsids in blood"),
        "incomplete": State("vg", "genomes in blood cells, not yet closed"),
        "episomes": State("vg", "episomes in blood cells"),
        "saliva": State("vg/mL", "vector DNA in saliva"),
        "semen": State("vg/mL", "vector DNA in semen"),
        "stool": State("vg/mL", "vector DNA in stool"),
        "urine": State("vg/mL", "vector DNA in urine"),
        "semen_capsids": State("vg/mL", "vector DNA in whole capsids in semen"),
        "elsewhere": State("vg", "genomes that organs took up, or that were degraded"),
    },
    parameters={
        **from_ledger("gener8_shedding", "dose"),
        **from_ledger("zou2022", "blood_volume"),
        **from_ledger(
            "shedding",
            "weight",
            "infusion_duration",
            "capsid_loss_rate",
            "to_cells_share",
            "cell_loss_rate",
            "episome_share",
            "episome_loss_rate",
            "saliva_ratio",
            "semen_ratio",
            "stool_ratio",
            "urine_ratio",
            "saliva_rate",
            "semen_rate",
            "stool_rate",
            "urine_rate",
        ),
    },
    observed={
        "blood": Output("vg/mL", "vector DNA in whole blood", _all_dna),
        "saliva": Output("vg/mL", "vector DNA in saliva", _all_dna),
        "semen": Output("vg/mL", "vector DNA in semen", _all_dna),
        "stool": Output("vg/mL", "vector DNA in stool", _all_dna),
        "urine": Output("vg/mL", "vector DNA in urine", _all_dna),
        "blood_cells": Output("vg/mL", "vector DNA in blood cells, per mL of blood", _all_dna),
        "plasma_capsids": Output("vg/mL", "vector DNA in whole capsids in blood", _whole),
        "semen_capsids": Output("vg/mL", "vector DNA in whole capsids in semen", _whole),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    doses=doses,
    time_unit="day",
    window=ledger.value("shedding.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "Capsids leave blood by one exponential, whose rate was tuned to the week of clearance. "
        "Real courses fall in several phases, and the early one is faster.",
        "Days of peaks come from the label of fidanacogene, the order and the week of clearance "
        "from valoctocogene: two products, two capsids, one model.",
        "Whole capsids are given per mL of blood; the assay uses plasma.",
        "Stool is counted per mL, as if it were a fluid; trials report it by mass.",
        "What is shed is not taken from blood: the model does not say how much leaves the body.",
        "Limits of quantification are teaching values. Every time of clearance depends on them: "
        "a limit ten times lower adds nine days for capsids.",
    ),
)

"""A vector's way from blood to a protein: seven boxes, from hours to years.

Biology. An AAV vector is infused. Within a day it has left the blood, part of it into liver cells,
in small bubbles called endosomes. Few genomes escape from there to the nucleus, and few of these
become episomes: circles of DNA beside the chromosomes that the cell reads for years. An episome
gives messenger RNA, messenger RNA gives factor IX, and factor IX leaves the plasma within days.

Assumptions. Every step is first order, so the level is proportional to the dose. Genomes are never
made, only moved or degraded. Liver cells do not divide. No antibody, no T cell, no steroid acts.
The factor IX of the person's own gene is left out.

Equations, with vector genomes B in blood, E in endosomes, N in nuclei, P in episomes and L lost,
messenger RNA M (transcripts) and factor IX F (IU/dL)::

    dB/dt = infusion - (k_up + k_b) B
    dE/dt = k_up B - (k_esc + k_e) E
    dN/dt = k_esc E - (k_c + k_n) N
    dP/dt = k_c N - k_ep P
    dL/dt = k_b B + k_e E + k_n N + k_ep P
    dM/dt = k_tx P - k_m M
    dF/dt = k_tl M / (V_FIX W) - k_FIX F

B + E + N + P + L is the dose given so far, at all times.

Fastest and slowest rate differ by five orders of magnitude, so the system is stiff: a solver that
takes explicit steps must take them as short as the endosome asks, for years.

Source: none for the chain as a whole. Only the turnover of infused factor IX is published. The rise
and the decline are second-hand values of one population analysis, and we chose on which link to lay
them. All other rates are teaching values; ``ledger/data/aav_chain.toml`` says why each. Factor IX
does not tell k_tx from k_tl, nor how the losses are shared between blood, endosome and nucleus.

Target. One row, *calibrated*: k_tl was tuned to the median of BENEGENE-2 at 15 months. No other
published value is claimed; nothing here is predicted.

Units: vector genomes (vg), transcripts, IU/dL and days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import Bound, Law, Model, Output, State, Target, from_ledger


def given(p):
    """The whole dose, in vector genomes."""
    return p.dose * p.weight


def doses(p):
    """One infusion into blood, at time 0."""
    return ((0, "blood", given(p), p.infusion_duration),)


def initial(p):
    """Nothing is there before the infusion."""
    no_genomes = 0 * given(p)
    no_transcripts = no_genomes * p.transcription_rate / p.mrna_loss_rate
    no_factor = no_transcripts * p.translation_rate / (fix_space(p) * p.fix_loss_rate)
    return (
        no_genomes,
        no_genomes,
        no_genomes,
        no_genomes,
        no_transcripts,
        no_factor,
        no_genomes,
    )


def fix_space(p):
    """The volume in which factor IX spreads, in dL."""
    return p.fix_volume * p.weight


def rhs(t, y, p, phase):
    """Each box loses in two ways: onward along the chain, or for good."""
    blood, endosome, nucleus, episome, mrna, factor_ix, _ = y
    uptake = p.uptake_rate * blood
    escape = p.escape_rate * endosome
    conversion = p.conversion_rate * nucleus
    lost_from_blood = p.blood_loss_rate * blood
    lost_from_endosome = p.endosomal_loss_rate * endosome
    lost_from_nucleus = p.nuclear_loss_rate * nucleus
    lost_from_episome = p.episome_loss_rate * episome
    return (
        -uptake - lost_from_blood,
        uptake - escape - lost_from_endosome,
        escape - conversion - lost_from_nucleus,
        conversion - lost_from_episome,
        p.transcription_rate * episome - p.mrna_loss_rate * mrna,
        p.translation_rate * mrna / fix_space(p) - p.fix_loss_rate * factor_ix,
        lost_from_blood + lost_from_endosome + lost_from_nucleus + lost_from_episome,
    )


def outputs(t, y, p, phase):
    """qPCR of a biopsy cannot tell an episome from a genome that waits in an endosome."""
    blood, endosome, nucleus, episome, mrna, factor_ix, _ = y
    return {
        "blood_vector": blood / (p.blood_volume * p.weight),
        "liver_vector": endosome + nucleus + episome,
        "transcripts": mrna,
        "fix_activity": factor_ix,
    }


def chances(p):
    """The chance that a genome in blood, endosome or nucleus ever becomes an episome."""
    from_nucleus = p.conversion_rate / (p.conversion_rate + p.nuclear_loss_rate)
    from_endosome = from_nucleus * p.escape_rate / (p.escape_rate + p.endosomal_loss_rate)
    from_blood = from_endosome * p.uptake_rate / (p.uptake_rate + p.blood_loss_rate)
    return from_blood, from_endosome, from_nucleus


def blood_closed_form(t, p):
    """Vector genomes in blood during and after the infusion, without a solver."""
    rate = p.uptake_rate + p.blood_loss_rate
    running = np.minimum(t, p.infusion_duration)
    plateau = given(p) / (p.infusion_duration * rate)
    return plateau * (1 - np.exp(-rate * running)) * np.exp(-rate * (t - running))


def quasi_steady_fix(episome, p):
    """Factor IX if messenger RNA and factor IX kept up with the episomes at once, in IU/dL."""
    mrna = p.transcription_rate * episome / p.mrna_loss_rate
    return p.translation_rate * mrna / (fix_space(p) * p.fix_loss_rate)


def infused(t, p):
    """Vector genomes given until ``t``."""
    return given(p) * np.minimum(t / p.infusion_duration, 1)


def genomes(y):
    """All vector genomes, wherever they are."""
    blood, endosome, nucleus, episome, _, _, lost, *_ = y
    return blood + endosome + nucleus + episome + lost


def episomes_to_come(y, p):
    """Episomes, and every genome on the way with its chance to become one."""
    blood, endosome, nucleus, episome, *_ = y
    from_blood, from_endosome, from_nucleus = chances(p)
    return from_blood * blood + from_endosome * endosome + from_nucleus * nucleus + episome


states = {
    "blood": State("vg", "vector genomes in blood"),
    "endosome": State("vg", "vector genomes in endosomes of liver cells"),
    "nucleus": State("vg", "vector genomes in nuclei, not yet read"),
    "episome": State("vg", "vector genomes that are read"),
    "mrna": State("transcript", "messenger RNA of the transgene, in the liver"),
    "factor_ix": State("IU/dL", "factor IX in plasma, from the transgene"),
    "lost": State("vg", "vector genomes that went elsewhere or were degraded"),
}


def state(y, name):
    """One state by its name."""
    return y[list(states).index(name)]


laws = (
    Law(
        "vector genomes are conserved",
        "Blood, endosome, nucleus, episome and lost add up to what has been infused so far.",
        left=lambda t, y, p, phase: genomes(y),
        right=lambda t, y, p, phase: infused(t, p),
        tolerance=1e-8,
    ),
    Law(
        "blood, closed form",
        "Vector in blood rises during the infusion and then falls, as the written-out solution.",
        left=lambda t, y, p, phase: state(y, "blood"),
        right=lambda t, y, p, phase: blood_closed_form(t, p),
        tolerance=1e-6,
    ),
    Law(
        "blood after a bolus",
        "When the infusion takes no time, vector in blood is one exponential.",
        left=lambda t, y, p, phase: state(y, "blood"),
        right=lambda t, y, p, phase: given(p) * np.exp(-(p.uptake_rate + p.blood_loss_rate) * t),
        tolerance=1e-6,
        where={"infusion_duration": 0},
    ),
    Law(
        "each genome has its chance",
        "If episomes lasted for ever, each genome infused would count with its chance to become "
        "one, wherever it is on the way.",
        left=lambda t, y, p, phase: episomes_to_come(y, p),
        right=lambda t, y, p, phase: chances(p)[0] * infused(t, p),
        tolerance=1e-6,
        where={"episome_loss_rate": 0},
    ),
    Law(
        "quasi-steady protein",
        "When messenger RNA and factor IX turn over fast, factor IX follows the episomes (from "
        "day 10 on).",
        left=lambda t, y, p, phase: np.where(t > 10, state(y, "factor_ix"), 0),
        right=lambda t, y, p, phase: np.where(t > 10, quasi_steady_fix(state(y, "episome"), p), 0),
        tolerance=0.02,
        where={"mrna_loss_rate": "high", "fix_loss_rate": "high"},
    ),
    Bound(
        "no genome becomes two episomes",
        "Episomes are at most the share of the dose that can get there.",
        of=lambda t, y, p, phase: state(y, "episome") / (chances(p)[0] * given(p)),
        low=0,
        high=1,
    ),
)

targets = (
    Target(
        "benegene2.fix_median",
        kind="calibrated",
        recipe="aav_chain.fix_at_15_months",
        tolerance=0.02,
        turns_red="translation_rate",
        tuned="translation_rate",
    ),
)

model = Model(
    name="aav_chain",
    title="From vector in blood to factor IX: one chain, hours to years",
    states=states,
    parameters={
        **from_ledger("benegene2", "dose"),
        **from_ledger("zou2022", "blood_volume"),
        **from_ledger(
            "aav_chain",
            "weight",
            "infusion_duration",
            "uptake_rate",
            "blood_loss_rate",
            "escape_rate",
            "endosomal_loss_rate",
            "conversion_rate",
            "nuclear_loss_rate",
            "episome_loss_rate",
            "transcription_rate",
            "mrna_loss_rate",
            "translation_rate",
            "fix_loss_rate",
            "fix_volume",
        ),
    },
    observed={
        "blood_vector": Output("vg/mL", "vector DNA in blood", "qPCR, blood"),
        "liver_vector": Output("vg", "vector DNA in the whole liver", "qPCR, liver biopsy"),
        "transcripts": Output("transcript", "transgene mRNA in the liver", "RT-qPCR, liver biopsy"),
        "fix_activity": Output("IU/dL", "factor IX activity", "one-stage, plasma"),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    doses=doses,
    time_unit="day",
    window=ledger.value("aav_chain.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "The rise of synthesis is laid on the step from nucleus to episome; it could as well be "
        "another step.",
        "The decline is that of people whose production declines; the same analysis puts most "
        "people in a class without any.",
        "Factor IX made by the liver is given the volume and the half-life of infused wild-type "
        "factor IX.",
        "Vector DNA in blood is spread over the whole blood volume; assays often use plasma.",
    ),
)

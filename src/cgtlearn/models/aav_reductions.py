"""The AAV chain beside its three reductions, so that all four are seen at once.

Biology. The chain of ``aav_expression`` for a person without antibody, T cells and growth: vector
genomes go from blood through endosomes and nuclei to episomes, episomes give messenger RNA, and
messenger RNA gives the protein.

Assumptions. Those of ``aav_expression`` where every step is first order, so that the chain has a
closed form.

Equations, with vector genomes in blood B, endosomes E, nuclei N, episomes P and lost L, messenger
RNA M and protein F (per cent of the normal level)::

    dB/dt = phi infusion - (k_up + k_b) B
    dE/dt = k_up B - (k_esc + k_e + k_turn) E
    dN/dt = k_esc E - (k_c + k_n + k_turn) N
    dP/dt = k_c N - (k_ep + k_turn) P
    dL/dt = (1 - phi) infusion + k_b B + (k_e + k_turn) E + (k_n + k_turn) N
            + (k_ep + k_turn) P
    dM/dt = k_tx P - k_m M
    dF/dt = k_tl M / W - k_F F

The activity of the chain is g F. The other three outputs are the reductions of ``aav_expression``,
computed from the same parameters: ``quasi_steady`` from the episomes, ``one_step`` (``lumped``
there) and ``two_numbers`` (``two_parameter`` there) from the time alone. The closed form is
Bateman's sum for a chain of decays. With rates a_1 to a_n out of n boxes, f_i onward, and an
infusion of length T that has ended::

    x_n(t) = dose f_1 ... f_(n-1) sum_i (e^(a_i T) - 1) / (a_i T) e^(-a_i t) / prod (a_j - a_i)

with the product over all j but i. It does not change when two rates a_i change places, as long as
the product of the f_i stays: the protein does not tell which box is slow.

Source: as ``aav_expression``. No published value is claimed here.

Units: vector genomes (vg), transcripts, per cent of normal and days.
"""

import numpy as np

from cgtlearn.models import aav_expression
from cgtlearn.models.aav_chain import given, infused
from cgtlearn.models.contract import Law, Model, Output, State

USED = (
    "weight",
    "infusion_duration",
    "escape_rate",
    "endosomal_loss_rate",
    "conversion_rate",
    "nuclear_loss_rate",
    "transcription_rate",
    "mrna_loss_rate",
    "dose",
    "uptake_rate",
    "blood_loss_rate",
    "turnover_rate",
    "episome_loss_rate",
    "translation_rate",
    "protein_loss_rate",
    "activity_gain",
    "titre",
    "half_titre",
    "antibody_steepness",
)


def initial(p):
    """Nothing is there before the infusion."""
    no_genomes = 0 * given(p)
    no_transcripts = no_genomes * p.transcription_rate / p.mrna_loss_rate
    no_protein = no_transcripts * p.translation_rate / (p.weight * p.protein_loss_rate)
    return (
        no_genomes,
        no_genomes,
        no_genomes,
        no_genomes,
        no_transcripts,
        no_protein,
        no_genomes,
    )


def exits(p):
    """The rates at which blood, endosome, nucleus, episome, mRNA and protein empty, 1/day."""
    return (
        p.uptake_rate + p.blood_loss_rate,
        p.escape_rate + p.endosomal_loss_rate + p.turnover_rate,
        p.conversion_rate + p.nuclear_loss_rate + p.turnover_rate,
        p.episome_loss_rate + p.turnover_rate,
        p.mrna_loss_rate,
        p.protein_loss_rate,
    )


def rhs(t, y, p, phase):
    """Each box empties at its rate; part of that goes on, the rest is lost."""
    blood, endosome, nucleus, episome, mrna, protein, _ = y
    from_blood, from_endosome, from_nucleus, from_episome, from_mrna, from_protein = exits(p)
    escape = p.escape_rate * endosome
    conversion = p.conversion_rate * nucleus
    return (
        -from_blood * blood,
        p.uptake_rate * blood - from_endosome * endosome,
        escape - from_nucleus * nucleus,
        conversion - from_episome * episome,
        p.transcription_rate * episome - from_mrna * mrna,
        p.translation_rate * mrna / p.weight - from_protein * protein,
        p.blood_loss_rate * blood
        + (p.endosomal_loss_rate + p.turnover_rate) * endosome
        + (p.nuclear_loss_rate + p.turnover_rate) * nucleus
        + from_episome * episome,
    )


def outputs(t, y, p, phase):
    """The activity by the whole chain and by its reductions."""
    return {
        "chain": p.activity_gain * y[5],
        "quasi_steady": aav_expression.quasi_steady(y[3], p),
        "one_step": aav_expression.lumped(t, p),
        "two_numbers": aav_expression.two_parameter(t, p),
    }


def closed_form_of_chain(t, p):
    """Activity after the infusion by Bateman's sum of six exponentials, per cent.

    No two rates may be equal.
    """
    onward = (
        p.uptake_rate
        * p.escape_rate
        * p.conversion_rate
        * p.transcription_rate
        * (p.translation_rate / p.weight)
    )
    rates = exits(p)
    total = 0
    for i, rate in enumerate(rates):
        apart = 1
        for j, other in enumerate(rates):
            if j != i:
                apart = apart * (other - rate)
        spread = np.expm1(rate * p.infusion_duration) / (rate * p.infusion_duration)
        total = total + spread * np.exp(-rate * t) / apart
    return p.activity_gain * aav_expression.not_neutralised(p) * given(p) * onward * total


laws = (
    Law(
        "vector genomes are conserved",
        "Blood, endosome, nucleus, episome and lost add up to what has been infused so far.",
        left=lambda t, y, p, phase: y[0] + y[1] + y[2] + y[3] + y[6],
        right=lambda t, y, p, phase: infused(t, p),
        tolerance=1e-8,
    ),
    Law(
        "the chain, closed form",
        "The activity is a sum of six exponentials (from day 1 on; before that its terms cancel).",
        left=lambda t, y, p, phase: np.where(t > 1, p.activity_gain * y[5], 0),
        right=lambda t, y, p, phase: np.where(t > 1, closed_form_of_chain(t, p), 0),
        tolerance=1e-5,
    ),
    Law(
        "one step, when all but the slowest links are fast",
        "Then the chain is its lumped form (from day 10 on).",
        left=lambda t, y, p, phase: np.where(t > 10, p.activity_gain * y[5], 0),
        right=lambda t, y, p, phase: np.where(t > 10, aav_expression.lumped(t, p), 0),
        tolerance=0.02,
        where={
            "uptake_rate": "high",
            "escape_rate": "high",
            "mrna_loss_rate": "high",
            "protein_loss_rate": "high",
        },
    ),
)

model = Model(
    name="aav_reductions",
    title="One chain and its three reductions, side by side",
    states={
        "blood": State("vg", "vector genomes in blood"),
        "endosome": State("vg", "vector genomes in endosomes of target cells"),
        "nucleus": State("vg", "vector genomes in nuclei, not yet read"),
        "episome": State("vg", "vector genomes that are read"),
        "mrna": State("transcript", "messenger RNA of the transgene"),
        "protein": State("percent", "the transgene's protein, per cent of the normal level"),
        "lost": State("vg", "vector genomes neutralised, gone elsewhere or degraded"),
    },
    parameters={name: aav_expression.model.parameters[name] for name in USED},
    observed={
        "chain": Output("percent", "activity, whole chain", "one-stage, plasma"),
        "quasi_steady": Output(
            "percent", "activity, mRNA and protein at their balance", "one-stage, plasma"
        ),
        "one_step": Output("percent", "activity, one step of transduction", "one-stage, plasma"),
        "two_numbers": Output("percent", "activity, plateau and decline", "one-stage, plasma"),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    doses=aav_expression.doses,
    time_unit="day",
    window=aav_expression.model.window,
    laws=laws,
    deviations=(
        "No T cell acts and nobody grows: the reductions hold only so.",
        "All rates are those of ``aav_expression``, of which most are teaching values.",
    ),
)

"""Cytokine release under tocilizumab and a steroid: the signal falls while measured IL-6 rises.

Biology. IL-6 acts through its receptor, and is taken up and lost with it. Tocilizumab holds the
receptor. So less IL-6 is bound, which is the signal that a fever answers to; and less is lost, so
that more of it is found in a blood sample. Both follow from the one blocked receptor. A steroid
works elsewhere: less of every cytokine is released.

Assumptions. Cells and the release of cytokines are those of ``hardiansyah2019``, whose functions
this file calls. A share s of the loss of IL-6 goes through the receptor, in proportion to the
receptors that the drug leaves free. Tocilizumab and IL-6 compete for one site, at equilibrium, and
their bound amounts are small beside the free ones. Tocilizumab spreads in one volume and leaves it
at one rate; its loss with the receptor is left out, and so is its fading after weeks. Neither drug
touches CAR T cells or B cells. That is an assumption, made for lack of anything better, and not a
finding: no result of this model can say that tocilizumab or a steroid leaves expansion alone. No
fever, no grade of CRS and no harm is computed.

Equations, with the release R and the loss d of a cytokine X in ``hardiansyah2019``::

    dX/dt   = (1 - e) R - d X                      IL-10, IFN-γ; e from the day of the steroid on
    dIL6/dt = (1 - e) R - d (1 - s O) IL6
    dc/dt   = -CL/V c,   c rises by the dose over V on the day it is given
    O       = (c/K_T) / (1 + IL6/K_6 + c/K_T)      receptors held by tocilizumab
    S       = (IL6/K_6) / (1 + IL6/K_6 + c/K_T)    receptors held by IL-6: the signal

A second IL-6 follows beside the first, of the same patient without either drug. So each course
carries the one it has to be compared with.

Were all IL-6 lost through the receptor (s = 1), the loss through it would have to equal the release
in the end, blocked or not: with few receptors bound, the signal would come back. Tocilizumab lowers
the signal only because IL-6 has another way out.

Source: a teaching model of this course. Its cytokines are those of Hardiansyah and Ng 2019, doi
10.1111/cts.12636; the rise of IL-6 and its cause are the finding of Nishimoto et al. 2008, doi
10.1182/blood-2008-05-155846; the dose is that of Le et al. 2018, the clearance that of the product
information. All else in ``ledger/data/crs_tocilizumab.toml`` is chosen. ``UPN3`` holds the other
patient, as in ``hardiansyah2019``. Units: gigacells, pg/mL, mg and mg/L, days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models import hardiansyah2019
from cgtlearn.models.contract import Bound, Law, Model, Output, State, Target, from_ledger, passed
from cgtlearn.models.hardiansyah2019 import UPN3 as UPN3

OF_THE_CELLS = len(hardiansyah2019.model.states)


def split(y):
    """The states of ``hardiansyah2019``, and the three that this model adds."""
    return y[:OF_THE_CELLS], y[OF_THE_CELLS:]


def dose(p):
    """Tocilizumab by body weight, in mg."""
    return p.tocilizumab_per_kg * p.weight


def doses(p):
    """The CAR T cells, and tocilizumab once."""
    return (*hardiansyah2019.doses(p), (p.tocilizumab_time, "tocilizumab", dose(p) / p.volume))


def switches(p):
    """The day on which the steroid starts."""
    return (p.steroid_time,)


def initial(p):
    """No drug; the IL-6 without drugs starts where the other does."""
    before = hardiansyah2019.initial(p)
    return *before, p.il6_baseline, 0 * dose(p) / p.volume, 0 * dose(p)


def bound(il6, concentration, p):
    """The shares of the receptors that tocilizumab and IL-6 hold, each beside the other."""
    drug = concentration / p.tocilizumab_half_binding
    ligand = il6 / p.il6_half_binding
    return drug / (1 + ligand + drug), ligand / (1 + ligand + drug)


def rhs(t, y, p, phase):
    """The cells of ``hardiansyah2019``; its release, less what a steroid stops; slower loss."""
    body, (il6_untreated, concentration, eliminated) = split(y)
    *cells, il6, il10, ifng = body
    left = 1 - p.steroid_effect * passed(p.steroid_time, p, phase, switches)
    il6_release, il10_release, ifng_release = hardiansyah2019.release(body, p)
    held = bound(il6, concentration, p)[0]
    gone = p.clearance * concentration
    return (
        *hardiansyah2019.rhs(t, body, p, phase)[: len(cells)],
        left * il6_release - p.il6_loss * (1 - p.receptor_share * held) * il6,
        left * il10_release - p.il10_loss * il10,
        left * ifng_release - p.ifng_loss * ifng,
        il6_release - p.il6_loss * il6_untreated,
        -gone / p.volume,
        gone,
    )


def outputs(t, y, p, phase):
    """A sample shows cells, cytokines and the drug; what the receptors hold is not seen."""
    body, (il6_untreated, concentration, _) = split(y)
    occupancy, signal = bound(body[_il6], concentration, p)
    return {
        **hardiansyah2019.outputs(t, body, p, phase),
        "signal": signal,
        "occupancy": occupancy,
        "tocilizumab": concentration,
        "il6_untreated": il6_untreated,
        "signal_untreated": bound(il6_untreated, 0 * concentration, p)[1],
    }


def given(t, p):
    """Tocilizumab given until ``t``."""
    return dose(p) * np.where(t < p.tocilizumab_time, 0, 1)


def held_up(t, p):
    """IL-6 of a patient without CAR T cells, whose receptors are all blocked from day 0 on."""
    rate = p.il6_loss * (1 - p.receptor_share)
    level = p.il6_baseline / (1 - p.receptor_share)
    return level + (p.il6_baseline - level) * np.exp(-rate * t)


_il6 = list(hardiansyah2019.model.states).index("il6")
_untreated, _drug, _eliminated = OF_THE_CELLS, OF_THE_CELLS + 1, OF_THE_CELLS + 2
_no_drug = {"tocilizumab_per_kg": "low", "steroid_effect": "low"}
_blocked = {"tocilizumab_half_binding": "low", "tocilizumab_time": "low"}

laws = (
    Law(
        "no drug",
        "Without tocilizumab and steroid IL-6 is that of hardiansyah2019.",
        left=lambda t, y, p, phase: y[_il6],
        right=lambda t, y, p, phase: y[_untreated],
        tolerance=1e-9,
        where=_no_drug,
    ),
    Law(
        "IL-6 that does not leave through its receptor",
        "If no IL-6 is lost through the receptor, tocilizumab leaves measured IL-6 as it is.",
        left=lambda t, y, p, phase: y[_il6],
        right=lambda t, y, p, phase: y[_untreated],
        tolerance=1e-9,
        where={"receptor_share": "low"},
    ),
    Law(
        "complete blockade, closed form",
        "With every receptor held, IL-6 rises to its baseline over the share of loss that is left.",
        left=lambda t, y, p, phase: y[_il6],
        right=lambda t, y, p, phase: held_up(t, p),
        tolerance=1e-5,
        where={**_blocked, "dose": "low"},
    ),
    Law(
        "complete blockade: receptors",
        "With the tightest binding tocilizumab holds every receptor, and no signal is left.",
        left=lambda t, y, p, phase: bound(y[_il6], y[_drug], p)[0],
        right=lambda t, y, p, phase: 1 + 0 * t,
        tolerance=1e-5,
        where=_blocked,
    ),
    Law(
        "a steroid that stops all release",
        "IL-6 that is no longer released falls by one exponential.",
        left=lambda t, y, p, phase: y[_il6],
        right=lambda t, y, p, phase: p.il6_baseline * np.exp(-p.il6_loss * t),
        tolerance=1e-3,
        where={
            "steroid_effect": "high",
            "steroid_time": "low",
            "tocilizumab_per_kg": "low",
            "il6_loss": 1,
        },
    ),
    Law(
        "tocilizumab is conserved",
        "What is in the body and what has left it are what was given.",
        left=lambda t, y, p, phase: p.volume * y[_drug] + y[_eliminated],
        right=lambda t, y, p, phase: given(t, p),
        tolerance=1e-6,
    ),
    Law(
        "tocilizumab, closed form",
        "One dose falls by one exponential.",
        left=lambda t, y, p, phase: p.volume * y[_drug],
        right=lambda t, y, p, phase: (
            given(t, p) * np.exp(-p.clearance / p.volume * np.maximum(t - p.tocilizumab_time, 0))
        ),
        tolerance=1e-6,
    ),
    Law(
        "cells pay for cells as before",
        "Drugs change no cell: the balance of killing and growth of hardiansyah2019 holds.",
        left=lambda t, y, p, phase: hardiansyah2019.laws[2].left(t, split(y)[0], p, phase),
        right=lambda t, y, p, phase: hardiansyah2019.laws[2].right(t, split(y)[0], p, phase),
        tolerance=1e-6,
        where=hardiansyah2019.laws[2].where,
    ),
    Bound(
        "shares of the receptors",
        "Tocilizumab and IL-6 together hold no more receptors than there are.",
        of=lambda t, y, p, phase: sum(bound(y[_il6], y[_drug], p)),
        low=0,
        high=1,
    ),
    Bound(
        "measured IL-6 not below the untreated one",
        "Tocilizumab alone holds IL-6 up.",
        of=lambda t, y, p, phase: y[_il6] / y[_untreated],
        low=1,
    ),
    Bound(
        "signal not above the untreated one",
        "Tocilizumab alone lowers the signal, although it raises IL-6.",
        of=lambda t, y, p, phase: (
            bound(y[_il6], y[_drug], p)[1] / bound(y[_untreated], 0 * y[_drug], p)[1]
        ),
        low=0,
        high=1,
    ),
)

targets = (
    Target(
        "hardiansyah2019.il6_peak",
        kind="recovered",
        recipe="crs_tocilizumab.il6_peak",
        tolerance=0.25,
        turns_red="il6_production",
        change=0.4,
        reason="Without either drug it is the course of hardiansyah2019.",
    ),
)

_computed = "computed; no assay reads it"

model = Model(
    name="crs_tocilizumab",
    title="Cytokine release under tocilizumab and a steroid",
    states={
        **hardiansyah2019.model.states,
        "il6_untreated": State("pg/mL", "IL-6 in blood of the same patient without either drug"),
        "tocilizumab": State("mg/L", "tocilizumab in blood"),
        "eliminated": State("mg", "tocilizumab that has left the body"),
    },
    parameters={
        **hardiansyah2019.model.parameters,
        **from_ledger("le2018", "tocilizumab_per_kg"),
        **from_ledger(
            "crs_tocilizumab",
            "weight",
            "tocilizumab_time",
            "clearance",
            "volume",
            "tocilizumab_half_binding",
            "il6_half_binding",
            "receptor_share",
            "steroid_time",
            "steroid_effect",
        ),
    },
    observed={
        **hardiansyah2019.model.observed,
        "signal": Output("1", "receptors that IL-6 holds", _computed),
        "occupancy": Output("1", "receptors that tocilizumab holds", _computed),
        "tocilizumab": Output("mg/L", "tocilizumab in blood", "immunoassay"),
        "il6_untreated": Output("pg/mL", "IL-6 without either drug", _computed),
        "signal_untreated": Output("1", "receptors that IL-6 holds without either drug", _computed),
    },
    rhs=rhs,
    initial=initial,
    switches=switches,
    doses=doses,
    outputs=outputs,
    log_states=hardiansyah2019.model.log_states,
    time_unit="day",
    window=ledger.value("crs_tocilizumab.window"),
    laws=laws,
    targets=targets,
    deviations=(
        "Nobody has published this model. Hardiansyah and Ng have no tocilizumab in theirs.",
        "That both drugs leave CAR T cells and B cells alone is an assumption, not a finding: the "
        "equations of the cells hold no drug, so no output can speak for or against it.",
        "The share of IL-6 that is lost through its receptor, and both bindings, are chosen. Over "
        "wide ranges the directions do not depend on them; the sizes do. With weak binding and a "
        "share near 1 the IL-6 that was held up lingers, and the signal, low at first, is later "
        "above the untreated one.",
        "With a share of 1 the signal comes back while tocilizumab is there, because all that is "
        "released must still leave through the receptor.",
        "Clearance is linear, as at high concentrations. The saturable part would end the "
        "blockade earlier, after weeks.",
        "The receptors in blood and on cells are one kind in one place.",
    ),
)

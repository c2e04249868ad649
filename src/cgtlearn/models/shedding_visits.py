"""Whole capsids in plasma as a laboratory sees them: at visits, down to a limit, three in a row.

Biology. Between two visits nobody looks, and below its limit the assay is blind. So a time of
clearance belongs to a patient, an assay and a calendar together.

Assumptions. Visits are equally spaced and none is missed. Results have no error, so after the
first result below the limit all others are below it too. The course of the capsids is that of
``shedding``.

Equations, with capsids C in blood, the blood volume V, the interval D and the limit L::

    dC/dt = infusion - k_cap C
    n     = number of visits so far
    r     = C(n D) / V                       the last result, L where it is below L
    m     = how many of the last three results are below L, counted back from the last one

The patient counts as cleared from the visit at which m begins to rise, and one knows it when m
is three: two visits later.

Source: the loss and its status are those of ``shedding``; limit, interval and number of visits are
teaching values in ``ledger/data/shedding.toml``. Units: vg, vg/mL and days.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models.contract import Bound, Law, Model, Output, State, from_ledger
from cgtlearn.models.shedding import capsids_closed_form, doses, given, volume

VISITS = int(ledger.value("shedding.visits"))
IN_A_ROW = int(ledger.value("gener8_shedding.below_in_a_row"))


def switches(p):
    """The days of the visits: nothing happens to the patient, but a result is added."""
    return tuple(number * p.interval for number in range(1, VISITS + 1))


def initial(p):
    """Nothing is there before the infusion."""
    return (0 * given(p),)


def rhs(t, y, p, phase):
    """Capsids leave blood."""
    return (-p.capsid_loss_rate * y[0],)


def level(visit, p):
    """What is in plasma at a visit, in vg/mL, without a solver."""
    return capsids_closed_form(np.maximum(visit, 0) * p.interval, p) / volume(p)


def below(visit, p):
    """1 when there is such a visit and its result is below the limit."""
    return np.where((visit > 0) & (level(visit, p) < p.capsid_limit), 1, 0)


def together(phase, p):
    """Results below the limit without a break, counted back from the last, up to three."""
    run, count = 1, 0
    for back in range(IN_A_ROW):
        run = run * below(phase - back, p)
        count = count + run
    return count


def outputs(t, y, p, phase):
    """The patient, the last result, the limit, and the count."""
    return {
        "plasma_capsids": y[0] / volume(p),
        "last_result": np.where(phase > 0, 1, 0) * np.maximum(level(phase, p), p.capsid_limit),
        "limit": p.capsid_limit * np.where(t < 0, 0, 1),
        "below_in_a_row": together(phase, p),
    }


laws = (
    Law(
        "capsids, closed form",
        "Whole capsids in blood rise during the infusion and then fall by one exponential.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: capsids_closed_form(t, p),
        tolerance=1e-5,
    ),
    Law(
        "one below, all below",
        "Without error in the results, three are below the limit when the first of them is.",
        left=lambda t, y, p, phase: np.where(together(phase, p) > 2, 1, 0),
        right=lambda t, y, p, phase: below(phase - 2, p),
        tolerance=1e-9,
    ),
    Bound(
        "no more than three are counted",
        "The count of results below the limit runs from none to three.",
        of=lambda t, y, p, phase: together(phase, p),
        low=0,
        high=IN_A_ROW,
    ),
)

_whole = "qPCR after immunocapture of capsids"

model = Model(
    name="shedding_visits",
    title="Whole capsids in plasma, seen at visits",
    states={"capsids": State("vg", "genomes in whole capsids in blood")},
    parameters={
        **from_ledger("gener8_shedding", "dose"),
        **from_ledger("zou2022", "blood_volume"),
        **from_ledger(
            "shedding",
            "weight",
            "infusion_duration",
            "capsid_loss_rate",
            "capsid_limit",
            "interval",
        ),
    },
    observed={
        "plasma_capsids": Output("vg/mL", "what is in plasma", _whole),
        "last_result": Output("vg/mL", "the last result, or the limit where it is below", _whole),
        "limit": Output("vg/mL", "the limit of quantification"),
        "below_in_a_row": Output("1", "results below the limit in a row, up to three"),
    },
    rhs=rhs,
    initial=initial,
    outputs=outputs,
    doses=doses,
    switches=switches,
    time_unit="day",
    window=ledger.value("shedding.visits") * ledger.value("shedding.interval"),
    laws=laws,
    deviations=(
        "Visits at equal distance: real calendars are dense at first and sparse later.",
        "No error in the results: near the limit a real series goes below it and comes back.",
    ),
)

"""The half-life that two readings of one falling curve give, by the week of the first reading.

Biology. Factor VIII after valoctocogene rises, falls fast, and later falls slowly. A report reads
it twice and prints a half-life. That number belongs to two dates as much as to the product.

Assumptions. Those of ``valoctocogene_production``, for one typical responder, without assay noise.
The level is taken as production over clearance, which it is to a per cent. Before
``earliest_week`` production still rises and no half-life is read.

Equations, with x the level, s the first reading and w the weeks between the two::

    half-life read from s = w ln 2 / ln(x(s) / x(s + w))
    line through both     = x(s) (x(s + w) / x(s))^((t - s) / w)

Source: the production model of ``valoctocogene_production``; dates are this course's choices.

Units: IU/dL and weeks.
"""

import numpy as np

from cgtlearn import ledger
from cgtlearn.models import valoctocogene_production as production
from cgtlearn.models.contract import Bound, Law, Model, Output, from_ledger


def level(week, p):
    """Level at a week, without a solver, in IU/dL."""
    return production.production_closed_form(week, p) / p.clearance


def half_life_from(week, p):
    """The half-life (weeks) read between ``week`` and ``p.weeks_apart`` later."""
    later = level(week + p.weeks_apart, p)
    return np.log(2) * p.weeks_apart / np.log(level(week, p) / later)


def line(t, p):
    """The exponential through the two readings, in IU/dL."""
    first, second = level(p.start, p), level(p.start + p.weeks_apart, p)
    return first * (second / first) ** ((t - p.start) / p.weeks_apart)


def outputs(t, y, p, phase):
    """The level, the line through its two readings, and the half-life read from ``t`` on."""
    return {
        "level": y[2],
        "line": line(t, p),
        "half_life": half_life_from(np.maximum(t, p.earliest_week), p),
    }


laws = (
    Law(
        "production, closed form",
        "The level is production over clearance once factor VIII has caught up.",
        left=lambda t, y, p, phase: np.where(t > p.earliest_week, y[2], 0),
        right=lambda t, y, p, phase: np.where(t > p.earliest_week, level(t, p), 0),
        tolerance=0.01,
    ),
    Law(
        "the line meets the second reading",
        "The line through two readings passes through the later one too.",
        left=lambda t, y, p, phase: line(p.start + p.weeks_apart, p) + 0 * t,
        right=lambda t, y, p, phase: level(p.start + p.weeks_apart, p) + 0 * t,
        tolerance=1e-9,
    ),
    Law(
        "where one rate holds, dates do not matter",
        "From week 76 on one rate is left, and each start reads its half-life, a little long while "
        "some production still gets ready.",
        left=lambda t, y, p, phase: half_life_from(np.maximum(t, 2 * p.first_order_from), p),
        right=lambda t, y, p, phase: p.production_half_life + 0 * t,
        tolerance=1e-4,
    ),
    Bound(
        "a fall has a positive half-life",
        "After the peak each later reading is lower.",
        of=lambda t, y, p, phase: half_life_from(np.maximum(t, p.earliest_week), p),
        low=0,
    ),
)

model = Model(
    name="half_life_reading",
    title="Which half-life, from which week on?",
    states=production.model.states,
    parameters={
        **production.model.parameters,
        **from_ledger("valoctocogene_production", "start", "weeks_apart", "earliest_week"),
    },
    observed={
        "level": Output("IU/dL", "factor VIII of a typical responder", "chromogenic, plasma"),
        "line": Output("IU/dL", "line through two readings", "chromogenic, plasma"),
        "half_life": Output("week", "half-life read from this week on", "chromogenic, plasma"),
    },
    rhs=production.rhs,
    initial=production.initial,
    outputs=outputs,
    switches=production.switches,
    time_unit="week",
    window=ledger.value("valoctocogene_production.window"),
    laws=laws,
    deviations=(
        "One typical responder: no spread between people, no assay noise, no limit.",
        "The rise and the early fall are tuned; before week 49 nothing was compared with data.",
    ),
)

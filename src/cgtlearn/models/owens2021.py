"""Preconditioning: a drug that kills T cells and tumor before CAR T cells are infused.

Biology. Chemotherapy a few days before CAR T cells empties the body of T cells. It also kills some
of the tumor, so that each CAR T cell meets fewer tumor cells. T cells kill, are recruited by what
they kill, and are worn out by the tumor cells that they meet.

Assumptions. One mixed volume. Killing of a tumor cell depends on the T cells there are for it, not
on their number. The patient's own T cells and CAR T cells share one capacity (Gompertz growth). The
drug kills both kinds alike, and the tumor a little faster. No signal, such as IL-15, is freed when
T cells die: making room is all that lymphodepletion does here.

Equations, with tumor cells T, drug M, the patient's own T cells E and CAR T cells C::

    L_X   = dX (X/T)^l / (s + (X/T)^l)                     killing by X = E or C, per tumor cell
    dT/dt = a T (1 - b T) - L_E T - L_C T - KT (1 - e^-M) T
    dM/dt = v(t) - gamma M
    dE/dt = g - mE E - jE ln((E + C)/K) D^2/(k + D^2) E - qE E T - KE (1 - e^-M) E,  D = L_E T
    dC/dt =   - mC C - jC ln((E + C)/K) D^2/(k + D^2) C - qC C T - KC (1 - e^-M) C,  D = L_C T

M is in units of 1 µM in the exponent. The drug is infused for half an hour on days 0, 1 and 2; CAR
T cells come on day 5, and 1 per cent of them are effective. ``preconditioning=0`` leaves the drug
out. A patient without it need not wait: ``parameters_with(preconditioning=0, car_day=0)``. A tumor
below one cell is cured.

Source: Owens and Bozic 2021, doi 10.1007/s11538-021-00869-5, equations and parameter tables;
parameters in ``ledger/data/owens2021.toml``. The default is patient 1, large B-cell lymphoma;
``parameters_with(**PATIENTS["P2"])`` is the second of four. Units: cells, nM, days.
"""

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

OF_THE_PATIENT = (
    "tumor_growth",
    "tumor_capacity",
    "endogenous_lysis",
    "endogenous_influx",
    "endogenous_recruitment",
    "car_recruitment",
    "t_cell_capacity",
    "half_recruitment",
    "lysis_exponent",
    "lysis_half",
    "endogenous_death",
    "endogenous_inactivation",
    "car_inactivation",
)
"""The parameters in which the four patients differ."""


def _rows(prefix, tumor):
    own = {name: float(ledger.value(f"owens2021.{prefix}{name}")) for name in OF_THE_PATIENT}
    return {**own, "tumor_start": float(ledger.value(f"owens2021.{tumor}"))}


PATIENTS = {
    "P1": _rows("", "tumor_start"),
    "P2": _rows("p2_", "tumor_start"),
    "P3": _rows("p3_", "solid_small"),
    "P4": _rows("p4_", "solid_small"),
}
"""Four patients, each with the small tumor."""

_blood = ("tumor_start", "tumor_middle", "tumor_large")
_solid = ("solid_small", "solid_middle", "solid_large")
TUMORS = {
    name: tuple(float(ledger.value(f"owens2021.{row}")) for row in rows)
    for name, rows in {"P1": _blood, "P2": _blood, "P3": _solid, "P4": _solid}.items()
}
"""Tumor cells at the start, small to large, for each patient."""

DOSES = tuple(float(ledger.value(f"owens2021.{row}")) for row in ("dose_low", "dose", "dose_high"))
"""CAR T cells infused at the three dose levels."""


def initial(p):
    """The tumor, the patient's own T cells, no drug, and CAR T cells that are not infused yet."""
    return p.tumor_start, 0 * p.drug_unit, p.endogenous_start, p.effective_share * p.dose


def switches(p):
    """The day of the CAR T cells: until then they wait in the bag."""
    return (p.car_day,)


def doses(p):
    """The drug on three days."""
    amount = p.preconditioning * p.drug_rate * p.infusion_time
    return (
        (0, "drug", amount, p.infusion_time),
        (1, "drug", amount, p.infusion_time),
        (2, "drug", amount, p.infusion_time),
    )


def lysis(cells, tumor, most, p):
    """How fast ``cells`` kill one tumor cell (1/day): saturates in cells for each tumor cell."""
    above = cells**p.lysis_exponent  # no ratio: a tumor may be too small for a float
    return most * above / (p.lysis_half * tumor**p.lysis_exponent + above)


def recruited(killed, p):
    """The share of the most rapid recruitment that ``killed`` tumor cells a day give."""
    return killed * killed / (p.half_recruitment + killed * killed)


def rhs(t, y, p, phase):
    """Growth, killing and recruitment; the drug."""
    tumor, drug, endogenous, car = y
    given = np.where(phase > 0, 1, 0)
    own = lysis(endogenous, tumor, p.endogenous_lysis, p)
    infused = lysis(given * car, tumor, p.car_lysis, p)
    acts = 1 - np.exp(-drug / p.drug_unit)
    room = np.log(p.t_cell_capacity / (endogenous + given * car))
    return (
        (
            p.tumor_growth * (1 - tumor / p.tumor_capacity)
            - own
            - infused
            - p.drug_kills_tumor * acts
        )
        * tumor,
        -p.drug_loss * drug,
        (
            p.endogenous_influx / endogenous
            + p.endogenous_recruitment * room * recruited(own * tumor, p)
            - p.endogenous_death
            - p.endogenous_inactivation * tumor
            - p.drug_kills_t_cells * acts
        )
        * endogenous,
        given
        * (
            p.car_recruitment * room * recruited(infused * tumor, p)
            - p.car_death
            - p.car_inactivation * tumor
            - p.drug_kills_t_cells * acts
        )
        * car,
    )


def outputs(t, y, p, phase):
    """Cells in the body, as the model counts them."""
    tumor, _, endogenous, car = y
    return {"car_t": np.where(phase > 0, 1, 0) * car, "endogenous": endogenous, "tumor": tumor}


def untreated(t, p):
    """A tumor that nothing kills: the logistic curve (cells)."""
    grown = p.tumor_start * np.exp(p.tumor_growth * t)
    return grown / (1 + (grown - p.tumor_start) / p.tumor_capacity)


def infusions(t, p):
    """The drug (nM): three infusions, each of which rises to its end and is lost from then on."""
    rate, k, length = p.preconditioning * p.drug_rate, p.drug_loss, p.infusion_time

    def one(day):
        since = np.maximum(t - day, 0)
        rising = np.minimum(since, length)
        return rate / k * (1 - np.exp(-k * rising)) * np.exp(-k * (since - rising))

    return one(0) + one(1) + one(2)


def met(t, p):
    """Tumor cells times days that a T cell has met by ``t`` where the tumor is untreated."""
    grown = 1 + p.tumor_start / p.tumor_capacity * (np.exp(p.tumor_growth * t) - 1)
    return p.tumor_capacity / p.tumor_growth * np.log(grown)


def worn_out(t, p):
    """CAR T cells that only die and are inactivated by an untreated tumor, once infused."""
    until = np.maximum(t, p.car_day)
    lost = p.car_death * (until - p.car_day)
    lost = lost + p.car_inactivation * (met(until, p) - met(p.car_day, p))
    return p.effective_share * p.dose * np.exp(-lost)


def steady(t, p):
    """The patient's own T cells that only come and die."""
    level = p.endogenous_influx / p.endogenous_death
    return level + (p.endogenous_start - level) * np.exp(-p.endogenous_death * t)


def fully_recruited(t, p):
    """CAR T cells whose recruitment is at its most, in a body without others: Gompertz's curve."""
    level = np.log(p.t_cell_capacity) - p.car_death / p.car_recruitment
    start = np.log(p.effective_share * p.dose)
    return np.exp(level + (start - level) * np.exp(-p.car_recruitment * t))


_no_killing = {
    "endogenous_lysis": "low",
    "car_lysis": "low",
    "preconditioning": 0,
}

laws = (
    Law(
        "no killing: tumor",
        "A tumor that nothing kills follows the logistic curve.",
        left=lambda t, y, p, phase: y[0],
        right=lambda t, y, p, phase: untreated(t, p),
        tolerance=1e-6,
        where=_no_killing,
    ),
    Law(
        "drug",
        "Each infusion fills a volume that empties at one rate.",
        left=lambda t, y, p, phase: y[1],
        right=lambda t, y, p, phase: infusions(t, p),
        tolerance=1e-6,
    ),
    Law(
        "no recruitment: CAR T cells",
        "CAR T cells that are not recruited die, and are worn out by the tumor that they meet.",
        left=lambda t, y, p, phase: y[3],
        right=lambda t, y, p, phase: worn_out(t, p),
        tolerance=1e-5,
        where=_no_killing,
    ),
    Law(
        "no recruitment: the patient's own T cells",
        "Own T cells that meet no tumor near the level at which as many come as die.",
        left=lambda t, y, p, phase: y[2],
        right=lambda t, y, p, phase: steady(t, p),
        tolerance=1e-6,
        where={**_no_killing, "endogenous_inactivation": "low"},
    ),
    Law(
        "full recruitment: CAR T cells",
        "Where any killing recruits and nothing wears out, CAR T cells follow Gompertz's curve.",
        left=lambda t, y, p, phase: y[3],
        right=lambda t, y, p, phase: fully_recruited(t, p),
        tolerance=1e-4,
        where={
            "preconditioning": 0,
            "car_day": "low",
            "car_lysis": 1 / 10,
            "endogenous_lysis": "low",
            "endogenous_influx": "low",
            "endogenous_start": "low",
            "half_recruitment": "low",
            "car_inactivation": "low",
        },
    ),
    Bound(
        "the tumor not above an untreated one",
        "Drug and T cells only kill.",
        of=lambda t, y, p, phase: y[0] / untreated(t, p),
        low=0,
        high=1 + 1 / 10**2 / 10**2 / 10**2,
    ),
    Bound(
        "CAR T cells within the capacity",
        "No more T cells are recruited than the body can hold.",
        of=lambda t, y, p, phase: y[3] / p.t_cell_capacity,
        low=0,
        high=1,
    ),
)

targets = (
    Target(
        "owens2021.rescue",
        kind="repeated",
        recipe="owens2021.rescue",
        tolerance=0.1,
        turns_red="drug_kills_tumor",
        change=-1,
    ),
)

model = Model(
    name="owens2021",
    title="Preconditioning: a drug before CAR T cells",
    states={
        "tumor": State("cell", "tumor cells"),
        "drug": State("nmol/L", "drug in the body"),
        "endogenous": State("cell", "the patient's own T cells that fight the tumor"),
        "car": State("cell", "effective CAR T cells; before their day, in the bag"),
    },
    parameters={
        **from_ledger(
            "owens2021",
            *OF_THE_PATIENT,
            "car_lysis",
            "car_death",
            "drug_kills_tumor",
            "drug_kills_t_cells",
            "drug_loss",
            "drug_rate",
            "infusion_time",
            "drug_unit",
            "endogenous_start",
            "tumor_start",
            "dose",
            "effective_share",
            "car_day",
        ),
        "preconditioning": covariate(1, "1", (0, 1), "share of the drug that is given: 1 or 0"),
    },
    observed={
        "car_t": Output("cell", "effective CAR T cells in the body"),
        "endogenous": Output("cell", "the patient's own T cells in the body"),
        "tumor": Output("cell", "tumor cells", "imaging"),
    },
    rhs=rhs,
    initial=initial,
    doses=doses,
    switches=switches,
    outputs=outputs,
    time_unit="day",
    window=ledger.value("owens2021.window"),
    log_states=("tumor", "endogenous", "car"),
    laws=laws,
    targets=targets,
    deviations=(
        "The drug is read as a rate, 125 µM a day for half an hour: 2.6 µM an infusion. Read as "
        "125 µM an infusion it acts for more than a week, and cures all 36 cases.",
        "Of four patients, three tumors and three doses, with the drug 18 of 36 cases are cured "
        "here, and 10 without it: 8 are rescued, 2, 3, 3 and 0 in patients 1 to 4. The "
        "paper's own count was not read, so its row says only that some are rescued.",
        "The rescue is the drug's effect on the tumor. A drug that kills no T cells cures the "
        "same 18. One that kills no tumor leaves 14 per cent of the patient's own T cells on day "
        "5 and cures none, as the tumor grows meanwhile. With 14 per cent of them and no "
        "wait, without the drug, the same 10 are cured. Own T cells, 400,000, fill so little "
        "of their capacity, 1.65e9, that fewer of them make no room.",
        "Without the drug CAR T cells are infused on day 0. Whether the authors let such a "
        "patient wait was not read: five days of waiting cures none.",
        "The logarithm of (E + C)/K is negative below the capacity: with the minus sign before "
        "it, killing recruits. exp(-M) needs a number; M is taken in µM.",
        "A tumor below one cell goes on as a fraction here, but cannot come back: T cells for "
        "each tumor cell are then so many that killing is at its most.",
        "Sixteenfold more CAR T cells give patients 1 to 4 a peak 0.86, 0.76, 0.93 and 0.95 times "
        "as high; a fourfold burden, from half to twice the small tumor, 1.8, 2.9, 1.3 and 1.2.",
    ),
)

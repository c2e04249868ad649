"""Make the simulated data sets of this package, with their cards.

    python -m cgtlearn.datasets.make             writes them where the package keeps them
    python -m cgtlearn.datasets.make FOLDER      writes them somewhere else

The same files come out every time: seeds are fixed, and values are rounded to four digits.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from cgtlearn import ledger
from cgtlearn import population as pop
from cgtlearn.datasets.cards import FOLDER
from cgtlearn.datasets.table import STANDARD, Table, from_columns
from cgtlearn.models import stein2019
from cgtlearn.population import Trial, trials

__all__ = [
    "CONFOUNDED", "ONE", "TRIAL", "make", "simulated_confounded", "simulated_one",
    "simulated_trial",
]  # fmt: skip

ONE = "simulated_tisacel_one"
TRIAL = "simulated_tisacel_90"
CONFOUNDED = "simulated_confounded_111"
PATIENTS = 90
SEED_ONE = 7
SEED_TRIAL = 90
SEED_CONFOUNDED = 1
LICENCE = "CC BY 4.0, as the text of the book; say that it is simulated"


def simulated_one() -> Trial:
    """The typical patient of Stein 2019, sampled on the rich days."""
    return _simulated(1, {"cmax": pop.log_sd(0)}, "cart_sampling.rich_days", SEED_ONE)


def simulated_trial() -> Trial:
    """90 patients, with the printed spreads read as standard deviations, on the sparse days."""
    spread = pop.spread_of(stein2019.model, pop.log_sd)
    return _simulated(PATIENTS, spread, "cart_sampling.sparse_days", SEED_TRIAL)


def _simulated(n: int, spread: dict[str, pop.Spread], days: str, seed: int) -> Trial:
    return pop.trial(
        stein2019.model,
        n,
        spread,
        ledger.value(days),
        residual_log_sd=ledger.value("stein2019.residual_sd"),
        lloq=ledger.value("cart_sampling.qpcr_lloq"),
        seed=seed,
        course=stein2019.closed_form,
    )


def as_table(trial: Trial, source: str) -> Table:
    """A trial as a table: for each patient one dose at time 0, then the samples."""
    n, t = trial.values.shape
    dose, rows = np.zeros((n, 1)), np.ones((n, 1))
    rounded = [[float(f"{v:.4g}") for v in row] for row in trial.values]
    columns: dict[str, Any] = {
        "ID": np.repeat(np.arange(1, n + 1), t + 1),
        "TIME": np.hstack([dose, np.tile(trial.times, (n, 1))]).ravel(),
        "DV": np.hstack([np.nan * dose, rounded]).ravel(),
        "AMT": np.hstack([rows, np.zeros((n, t))]).ravel(),
        "EVID": np.hstack([rows, np.zeros((n, t))]).astype(int).ravel(),
        "MDV": np.hstack([rows, np.zeros((n, t))]).astype(int).ravel(),
        "CENS": np.hstack([dose, trial.censored]).astype(int).ravel(),
        "LLOQ": trial.lloq,
    }
    unit = trial.model.observed[trial.output].unit
    units = {"TIME": "day", "DV": unit, "LLOQ": unit, "AMT": "infusion"}
    return from_columns(columns, units=units, source=source)


CARD = """\
# {title}

- simulated: yes, every row; no row is a person, and no patient's data went into it
- origin: {origin}
- licence: {licence}
- seed: {seed}
- size: {size}
- made by: `python -m cgtlearn.datasets.make`
- model: stein2019 (Stein et al. 2019, doi 10.1002/psp4.12388), parameters as transcribed in the \
ledger
- sampling: {days}, a teaching value; the trial's own days are not published
- assay: qPCR in blood, log-normal residual error with SD {sd:g} of ln(DV), and a lower limit of \
quantification of {lloq:g} copies/µg DNA, a teaching value
- spread between patients: {spread}

{more}

| column | unit | meaning |
|---|---|---|
{rows}
"""

MEANINGS = {
    "ID": "virtual patient",
    "TIME": "days after the infusion",
    "DV": "CAR transgene in blood by qPCR; the limit where CENS is 1; missing in the dose row",
    "AMT": "1 in the dose row, otherwise 0: one infusion; the model does not use its size",
    "LLOQ": "lower limit of quantification, in the unit of DV",
}
UNITS = {"TIME": "d", "DV": "copies/µg", "AMT": "infusion", "LLOQ": "copies/µg"}


def card_text(trial: Trial, table: Table, title: str, origin: str, **facts: str) -> str:
    """The card of a simulated data set."""
    below = int(trial.censored.sum())
    size = f"{trial.patients} patient{'s' if trial.patients > 1 else ''}, "
    size += f"{trial.values.size} samples, {below} of them below the limit"
    rows = "\n".join(
        f"| {name} | {UNITS.get(name, '–')} | {MEANINGS.get(name, STANDARD[name])} |"
        for name in table.columns
    )
    return CARD.format(
        title=title, origin=origin, licence=LICENCE, seed=trial.seed, size=size, rows=rows,
        sd=trial.residual_log_sd, lloq=trial.lloq, **facts,
    )  # fmt: skip


def simulated_confounded() -> trials.Confounded:
    """A trial of the size of JULIET in which burden moves dose, Cmax and severe CRS."""
    return trials.confounded(int(ledger.value("awasthi2020.patients")), SEED_CONFOUNDED)


def confounded_table(people: trials.Confounded) -> Table:
    """For each person a dose row, and one sample: Cmax, on the published median day of the peak."""
    n = people.burden.size
    day = ledger.value("epar_kymriah2018.b2202_responders_tmax")

    def both(dose_row: Any, sample: Any) -> Any:
        return np.column_stack([np.broadcast_to(x, (n,)) for x in (dose_row, sample)]).ravel()

    def rounded(values: Any) -> Any:
        return np.array([float(f"{v:.4g}") for v in values])

    columns: dict[str, Any] = {
        "ID": np.repeat(np.arange(1, n + 1), 2),
        "TIME": both(0.0, day),
        "DV": both(np.nan, rounded(people.cmax)),
        "AMT": both(rounded(people.dose), 0.0),
        "EVID": both(1, 0),
        "MDV": both(1, 0),
        "BURDEN": np.repeat(rounded(people.burden), 2),
        "CRS34": np.repeat(people.crs, 2).astype(int),
        "RESPONSE": np.repeat(people.response, 2).astype(int),
    }
    units = {"TIME": "day", "DV": "copies/ug", "AMT": "1"}
    return from_columns(columns, units=units, source=CONFOUNDED)


CONFOUNDED_CARD = """\
# {n} virtual patients, in whom burden moves dose, Cmax and severe cytokine release

- simulated: yes, every row; no row is a person, and no patient's data went into it
- origin: simulated by `cgtlearn.population.trials.confounded`
- licence: {licence}
- seed: {seed}
- size: {n} patients, one sample each; {crs} with severe cytokine release, {response} responses
- made by: `python -m cgtlearn.datasets.make`
- truth: dose does nothing; twice the Cmax multiplies the odds of severe cytokine release by \
{cmax_or:g}, one SD of ln(burden) by {burden_or:g}
- published: geometric mean and CV of Cmax, the excess with high burden, the share with severe \
cytokine release, the number of patients; from different trials. All else is chosen by the course

For confounding: dose looks harmful because those with more burden got more. TIME of a sample is \
the published median day of the peak, the same for all.

| column | unit | meaning |
|---|---|---|
{rows}
"""

CONFOUNDED_MEANINGS = {
    "DV": ("copies/µg", "Cmax of the CAR transgene in blood; missing in the dose row"),
    "AMT": ("1", "dose over the typical one, in the dose row; otherwise 0"),
    "BURDEN": ("1", "tumor burden before treatment over the typical one"),
    "CRS34": ("–", "1 with cytokine release of grade 3 or 4, otherwise 0"),
    "RESPONSE": ("–", "1 with a response, otherwise 0"),
}


def confounded_card(people: trials.Confounded, table: Table) -> str:
    """The card of :func:`simulated_confounded`."""
    rows = []
    for name in table.columns:
        unit, meaning = CONFOUNDED_MEANINGS.get(
            name, (UNITS.get(name, "–"), MEANINGS.get(name, STANDARD.get(name, "")))
        )
        rows.append(f"| {name} | {unit} | {meaning} |")
    return CONFOUNDED_CARD.format(
        n=people.burden.size, licence=LICENCE, seed=SEED_CONFOUNDED, rows="\n".join(rows),
        crs=int(people.crs.sum()), response=int(people.response.sum()),
        cmax_or=ledger.value("confounded_trial.cmax_odds_ratio"),
        burden_or=ledger.value("confounded_trial.burden_odds_ratio"),
    )  # fmt: skip


def _write(folder: Path, name: str, table: Table, text: str) -> list[Path]:
    path, card = folder / f"{name}.csv", folder / f"{name}.md"
    table.to_csv(path, comment="Simulated. No row is a person. See the card beside this file.")
    card.write_text(text, encoding="utf-8", newline="\n")
    return [path, card]


def make(folder: Path = FOLDER) -> list[Path]:
    """Write the data sets and their cards into ``folder``; returns the paths."""
    one, many = simulated_one(), simulated_trial()
    typical = one.parameters.patient(0)
    doubling = np.log(2) * typical.tmax / np.log(typical.fold_expansion)
    fast, slow = np.log(2) / typical.contraction_rate, np.log(2) / typical.persistence_rate
    written = []
    for name, trial, facts in (
        (
            ONE,
            one,
            {
                "title": "One virtual patient after tisagenlecleucel, sampled often",
                "origin": "simulated from the typical parameters of the model",
                "days": "daily for two weeks, then ever more rarely, to day 364 "
                "(`cart_sampling.rich_days`)",
                "spread": "none; the patient is the typical one, so that the truth is known: "
                f"doubling time {doubling:.2g} d, half-lives {fast:.2g} and {slow:.3g} d",
                "more": "For fitting one curve, with values below the limit early and late.",
            },
        ),
        (
            TRIAL,
            many,
            {
                "title": "90 virtual patients after tisagenlecleucel",
                "origin": "simulated from the typical parameters and spreads of the model",
                "days": "twelve visits to day 364 (`cart_sampling.sparse_days`)",
                "spread": "log-normal, without correlation; the printed numbers are read as "
                "standard deviations of logarithms. The source is ambiguous: read as variances "
                "they would give other patients",
                "more": "For exposure, its spread between patients, and population methods.",
            },
        ),
    ):
        table = as_table(trial, name)
        written += _write(folder, name, table, card_text(trial, table, **facts))
    people = simulated_confounded()
    table = confounded_table(people)
    return written + _write(folder, CONFOUNDED, table, confounded_card(people, table))


if __name__ == "__main__":
    for path in make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        print(path)

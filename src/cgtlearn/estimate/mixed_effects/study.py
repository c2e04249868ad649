"""The samples of many patients as arrays: one row a patient, padded where one has fewer samples."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.datasets import Table, from_columns
from cgtlearn.datasets.table import STANDARD
from cgtlearn.errors import LearnerError, short, unknown_name
from cgtlearn.population import Trial

__all__ = ["Study"]

Numbers = NDArray[np.float64]


class Study:
    """The data of a population fit: N patients, up to T samples each.

    Make one from a checked table, ``Study(datasets.load("trial.csv"))``, from columns in memory,
    ``Study.from_columns({"ID": ..., "TIME": ..., "DV": ...})``, or from a simulated trial,
    ``Study.from_trial(trial)``.

    ``patients``    (N,) their names, in the order of the table
    ``taken``       (N, T) True for a sample; the rest is padding
    ``times``       (N, T), padded with the patient's last time
    ``values``      (N, T), at the limit where censored, NaN in the padding
    ``censored``    (N, T) True for a sample below the limit
    ``lloq``        (N, T) the limit, NaN where there is none
    ``covariates``  name -> (N,): every other column that is constant within each patient
    ``doses``       for each patient its doses, (time, amount)
    ``warnings``    what to know before a fit

    Raises LearnerError for a patient without a sample, a table in which every sample is below the
    limit, and what :func:`cgtlearn.datasets.from_columns` finds: two samples at one time, times
    that fall, a flag without a limit.
    """

    def __init__(self, table: Table) -> None:
        if not isinstance(table, Table):
            raise LearnerError(
                given=f"a study made from {short(table)}",
                expected="a table of cgtlearn.datasets",
                do="write Study(datasets.load(path)), Study.from_columns({...}) or "
                "Study.from_trial(trial)",
            )
        self.patients = table.patients()
        self.units = dict(table.units)
        self.source = table.source
        ids = table["ID"]
        sample = (table["EVID"] == 0) & (table["MDV"] == 0)
        rows = [np.flatnonzero((ids == one) & sample) for one in self.patients]
        empty = [p for p, r in zip(self.patients, rows, strict=True) if not r.size]
        if empty:
            raise LearnerError(
                given=f"patient {_listed(empty)} without a sample",
                expected="at least one sample (EVID 0, MDV 0) for every patient",
                do="leave these patients out, or check EVID and MDV",
            )
        widest = max(r.size for r in rows)
        # The last row stands in for the padding, so that a curve can be computed there too.
        index = np.array([np.append(r, np.full(widest - r.size, r[-1])) for r in rows])
        self.taken = np.arange(widest) < np.array([[r.size] for r in rows])
        self.times: Numbers = table["TIME"][index]
        self.values: Numbers = np.where(self.taken, table["DV"][index], np.nan)
        self.censored = (table["CENS"][index] == 1) & self.taken
        self.lloq: Numbers = np.where(self.taken, table["LLOQ"][index], np.nan)
        self.rows = index
        self.doses = tuple(
            tuple(
                (float(table["TIME"][r]), float(table["AMT"][r]))
                for r in np.flatnonzero((ids == one) & np.isin(table["EVID"], (1, 4)))
            )
            for one in self.patients
        )
        self.covariates, self.changing = _covariates(table, self.patients)
        self.warnings = self._care()
        for text in self.warnings:
            warnings.warn(text, UserWarning, stacklevel=2)

    def _care(self) -> tuple[str, ...]:
        measured = self.taken & ~self.censored
        if not measured.any():
            raise LearnerError(
                given="a study in which every sample is below the limit of quantification "
                f"({np.nanmin(self.lloq):g} at least)",
                expected="measured values: limits alone cannot place a curve",
                do="check that LLOQ and DV are in one unit",
            )
        notes = []
        blind = [p for p, m in zip(self.patients, measured, strict=True) if not m.any()]
        if blind:
            notes.append(
                f"patient {_listed(blind)} has no value above the limit of quantification. Its "
                "samples count as censored and say little: its own estimates lean on everybody "
                "else's."
            )
        equal = int((measured & (self.values == self.lloq)).sum())
        if equal:
            notes.append(
                f"{equal} of {self.samples} values equal the limit and count as measured there. If "
                "they stand for 'below it', flag them: CENS 1."
            )
        return tuple(notes)

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, ArrayLike],
        *,
        lloq: float | None = None,
        censor: bool = False,
        units: Mapping[str, str] | None = None,
        source: str = "",
    ) -> Study:
        """A study from columns in memory; see :func:`cgtlearn.datasets.from_columns`.

        Flags may be True and False; tables know 1 and 0.
        """
        flags = {k: np.asarray(v, int) for k, v in columns.items() if np.asarray(v).dtype == bool}
        columns = {**columns, **flags}
        return cls(from_columns(columns, units=units, lloq=lloq, censor=censor, source=source))

    @classmethod
    def from_trial(cls, trial: Trial) -> Study:
        """A study from a simulated trial: the samples that were taken."""
        taken = trial.taken
        who, when = np.nonzero(taken)
        unit = trial.model.observed[trial.output].unit
        columns: dict[str, Any] = {
            "ID": who + 1,
            "TIME": trial.times[when],
            "DV": trial.values[taken],
            "CENS": trial.censored[taken].astype(int),
        }
        if trial.lloq is not None:
            columns["LLOQ"] = trial.lloq
        units = {"TIME": trial.model.time_unit, "DV": unit}
        return cls.from_columns(columns, units=units, source=repr(trial))

    @property
    def size(self) -> int:
        """N, the number of patients."""
        return len(self.patients)

    @property
    def samples(self) -> int:
        """The number of samples of all patients, measured and censored."""
        return int(self.taken.sum())

    @property
    def below(self) -> int:
        """The number of samples below the limit."""
        return int(self.censored.sum())

    def covariate(self, name: str) -> NDArray[Any]:
        """One covariate (N,), or an error that says why there is none of that name."""
        found = {k.lower(): k for k in self.covariates}
        if name.lower() in found:
            return self.covariates[found[name.lower()]]
        if name.lower() in (c.lower() for c in self.changing):
            raise LearnerError(
                given=f"the covariate {name!r}, which changes within a patient",
                expected="one value for each patient",
                do="take the value at baseline for all rows of a patient",
            )
        if not self.covariates:
            raise LearnerError(
                given=f"the covariate {name!r}, and a table without further columns",
                expected="a column of this name, with one value in all rows of a patient",
                do="add it to the table before you make the study",
            )
        raise unknown_name(name, self.covariates, "covariate of this study")

    def __repr__(self) -> str:
        counts = self.taken.sum(axis=1)
        each = f"{counts.max()}" if np.ptp(counts) == 0 else f"{counts.min()} to {counts.max()}"
        return (
            f"Study of {self.size} patients, {each} samples each, "
            f"{self.below / self.samples:.0%} below the limit"
        )


def _covariates(
    table: Table, patients: tuple[int | str, ...]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Columns that are constant within each patient, and the names of those that are not."""
    ids = table["ID"]
    first = np.array([int(np.argmax(ids == one)) for one in patients])
    who = np.searchsorted(np.sort(first), np.arange(ids.size), side="right") - 1
    found: dict[str, NDArray[Any]] = {}
    changing = []
    for name, column in table.columns.items():
        if name in STANDARD:
            continue
        own = column[first]
        same = column == own[who]
        if column.dtype.kind == "f":
            same |= np.isnan(column) & np.isnan(own[who])
        if same.all():
            found[name] = own
        else:
            changing.append(name)
    return found, tuple(changing)


def _listed(patients: list[Any]) -> str:
    text = ", ".join(map(str, patients[:5]))
    return text + (f" and {len(patients) - 5} more" if len(patients) > 5 else "")

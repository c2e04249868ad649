"""A table of samples and doses, checked: columns as NumPy arrays, one block of rows a patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LearnerError, Numbers, as_numbers, nearest, one_number, short, unknown_name

STANDARD = {
    "ID": "patient; a whole number or a name",
    "TIME": "time of the row, counted from the first dose",
    "DV": "the measured value; at the limit when CENS is 1; missing in a dose row",
    "AMT": "amount given in a dose row, otherwise 0",
    "EVID": "0 a sample, 1 a dose (2 other event, 3 reset, 4 reset and dose)",
    "MDV": "1 when DV is missing, as in a dose row, otherwise 0",
    "CENS": "1 when the value is below the limit of quantification, otherwise 0",
    "LLOQ": "lower limit of quantification in the unit of DV; missing when there is none",
}
"""The columns with a fixed meaning (those of NONMEM, with CENS as in Monolix).  Others pass
through."""

NEEDED = ("TIME", "DV")
WHOLE = {"EVID": (0, 1, 2, 3, 4), "MDV": (0, 1), "CENS": (0, 1)}

Column = NDArray[Any]
Where = Callable[[int], str]


class Curve(NamedTuple):
    """One patient's samples: times, values (at the limit where censored), flags, and the limit."""

    times: Numbers
    values: Numbers
    censored: NDArray[np.bool_]
    lloq: float | None


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of samples and doses.

    ``table["DV"]`` is a column as a NumPy array.  ``columns`` maps every name to its array (they
    are read-only), ``units`` a name to its unit where one was stated, ``source`` says where the
    table came from.

    Made by :func:`~cgtlearn.datasets.load` and :func:`~cgtlearn.datasets.from_columns`, which check
    it; it is not changed afterwards.
    """

    columns: Mapping[str, Column]
    units: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    def __getitem__(self, name: str) -> Column:
        if name not in self.columns:
            raise unknown_name(name, self.columns, "column")
        return self.columns[name]

    def __len__(self) -> int:
        return int(self.columns["ID"].size)

    def __repr__(self) -> str:
        return f"<Table of {len(self)} rows, {len(self.patients())} patients: {self.source}>"

    def patients(self) -> tuple[int | str, ...]:
        """The patients, each once, in the order of the table."""
        return tuple(dict.fromkeys(self.columns["ID"].tolist()))

    def patient(self, id: int | str) -> Table:
        """The rows of one patient, as a table.  LearnerError if there is no such patient."""
        rows = self.columns["ID"] == id
        if not np.any(rows):
            known = self.patients()
            error = unknown_name(str(id), map(str, known), "patient")
            if str(id) in map(str, known):
                error = LearnerError(
                    given=f"the patient {id!r}",
                    expected=f"a patient such as {known[0]!r}, of the same type",
                    do=f"write {int(id)!r}" if isinstance(known[0], int) else f"write {str(id)!r}",
                )
            raise error
        return self._rows(np.asarray(rows))

    def observations(self) -> Table:
        """The samples alone: rows with EVID 0 and MDV 0."""
        return self._rows((self["EVID"] == 0) & (self["MDV"] == 0))

    def doses(self) -> Table:
        """The doses alone: rows with EVID 1 or 4."""
        return self._rows((self["EVID"] == 1) | (self["EVID"] == 4))

    def curve(self, id: int | str) -> Curve:
        """One patient's samples, ready for ``measure``: times, values, censored, lloq.

        ``lloq`` is None when no limit was stated.  LearnerError if a patient's samples have more
        than one limit, or none at all were taken.
        """
        rows = self.patient(id).observations()
        if not len(rows):
            raise LearnerError(
                given=f"patient {id!r} without a sample",
                expected="at least one row with EVID 0 and MDV 0",
                do="leave this patient out, or check EVID and MDV",
            )
        limits = np.unique(rows["LLOQ"][np.isfinite(rows["LLOQ"])])
        if limits.size > 1:
            raise LearnerError(
                given=f"patient {id!r} with limits {short(limits)}",
                expected="one limit of quantification for a curve",
                do="take the columns TIME, DV, CENS and LLOQ yourself, and treat each limit apart",
            )
        lloq = float(limits[0]) if limits.size else None
        return Curve(rows["TIME"], rows["DV"], rows["CENS"] == 1, lloq)

    def describe(self) -> str:
        """A few lines: patients, samples, how many below the limit, ranges with units."""
        seen, given = self.observations(), self.doses()
        count = f"{len(self.patients())} patients, {len(seen)} samples, {len(given)} doses"
        lines = [count + (f" ({self.source})" if self.source else "")]
        if len(seen):
            lines.append(f"TIME  {_range(seen['TIME'])} {self._unit('TIME')}")
            lines.append(f"DV    {_range(seen['DV'])} {self._unit('DV')}")
            below = int(seen["CENS"].sum())
            limits = seen["LLOQ"][np.isfinite(seen["LLOQ"])]
            if limits.size:
                lines.append(
                    f"LLOQ  {_range(limits)} {self._unit('DV')}; "
                    f"{below} of {len(seen)} samples below it ({below / len(seen):.0%})"
                )
            else:
                lines.append("LLOQ  not stated")
        others = [
            name + (f" ({self.units[name]})" if self.units.get(name) else "")
            for name in self.columns
            if name not in STANDARD
        ]
        if others:
            lines.append("also  " + ", ".join(others))
        return "\n".join(lines)

    def to_csv(self, path: str | Path, comment: str = "") -> None:
        """Write the table as CSV (UTF-8, comma, decimal point, '.' for missing).

        ``comment`` goes above the header, each of its lines after ``# ``; ``load`` skips it.
        ``load`` reads back the same columns.  Units are not part of a CSV: they stand in the card,
        or are passed to ``load``.
        """
        import csv

        names = list(self.columns)
        with open(path, "w", newline="", encoding="utf-8") as file:
            file.writelines(f"# {line}\n" for line in comment.splitlines())
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            cells = [map(_cell, self.columns[n].tolist()) for n in names]
            writer.writerows(zip(*cells, strict=True))

    def _rows(self, rows: NDArray[np.bool_]) -> Table:
        kept = {name: values[rows] for name, values in self.columns.items()}
        return Table(_frozen(kept), self.units, self.source)

    def _unit(self, name: str) -> str:
        return self.units.get(name) or "(unit not stated)"


def _range(values: Numbers) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:,.4g}" if low == high else f"{low:,.4g} to {high:,.4g}"


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if np.isnan(value):
        return "."
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _frozen(columns: Mapping[str, Column]) -> Mapping[str, Column]:
    for array in columns.values():
        array.flags.writeable = False
    return MappingProxyType(dict(columns))


def from_columns(
    columns: Mapping[str, ArrayLike],
    *,
    units: Mapping[str, str] | None = None,
    lloq: float | None = None,
    censor: bool = False,
    source: str = "",
) -> Table:
    """A checked :class:`Table` from columns that are already in memory.

    Parameters
    ----------
    columns : name -> values.  TIME and DV are needed; the others of :data:`STANDARD` have defaults
        (one patient, no dose, nothing missing, nothing censored, no limit).  A single number stands
        for the whole column.  Other names pass through.
    units : name -> unit, for example ``{"TIME": "d", "DV": "copies/µg"}``.
    lloq : limit for all samples, instead of a column LLOQ.
    censor : flag samples below LLOQ that carry no flag: CENS becomes 1 and DV the limit.  Without
        it such samples are an error.
    source : where the table came from, shown by ``describe``.

    Returns
    -------
    Table.  A sample with CENS 1 stands at its LLOQ, whatever was written there.

    Raises
    ------
    LearnerError : see :func:`~cgtlearn.datasets.load`.
    """
    if not isinstance(columns, Mapping):
        raise LearnerError(
            given=f"columns = {short(columns)}",
            expected="a mapping of column names to values",
            do='write from_columns({"TIME": times, "DV": values})',
        )
    upper = {standard_name(str(n)): values for n, values in columns.items()}
    if len(upper) < len(columns):
        raise LearnerError(
            given=f"columns named {', '.join(map(str, columns))}",
            expected="each name once; upper and lower case are the same here",
            do="rename or remove one",
        )
    for name in NEEDED:
        if name not in upper:
            raise missing_column(name, list(upper), "from_columns")
    length = np.size(upper["TIME"])
    arrays: dict[str, Column] = {}
    for name, values in upper.items():
        array = np.array(values)
        if array.ndim == 0:
            array = np.full(length, array)
        if array.ndim != 1 or array.size != length:
            raise LearnerError(
                given=f"column {name} with shape {array.shape} beside TIME with {length} rows",
                expected="columns of one length",
                do="check that all columns come from the same rows",
            )
        arrays[name] = array
    return checked(
        arrays, units=units, lloq=lloq, censor=censor, source=source, where=lambda i: f"row {i}"
    )


SYNONYMS = {
    "TIME": ("t", "day", "days", "hour", "hours", "week", "weeks", "time_d", "time_h", "zeit"),
    "DV": ("value", "values", "conc", "concentration", "copies", "cells", "result", "y", "level"),
}


def standard_name(name: str) -> str:
    """A standard name in upper case, however it was written; any other name as it is."""
    return name.upper() if name.upper() in STANDARD else name


def missing_column(name: str, header: list[str], call: str) -> LearnerError:
    """The error for a column that is needed and not there, with the likeliest candidate."""
    close = next((h for h in header if h.lower() in SYNONYMS[name]), None) or nearest(name, header)
    rename = f'load(..., columns={{"{name}": "{close or "your column"}"}})'
    if call == "from_columns":
        rename = f"rename it to {name}"
    return LearnerError(
        given=f"a table with the columns {', '.join(header) or '(none)'}",
        expected=f"a column {name}: {STANDARD[name]}",
        do=(f"if {close!r} holds it: " if close else "say which of your columns holds it: ")
        + rename,
    )


def checked(
    columns: Mapping[str, Column],
    *,
    units: Mapping[str, str] | None,
    lloq: float | None,
    censor: bool,
    source: str,
    where: Where,
) -> Table:
    """Fill in the defaults, check every rule, and make the table.  ``where(i)`` names row i."""
    if columns["TIME"].size == 0:
        raise LearnerError(
            given="a table without rows",
            expected="at least one sample",
            do="check that the table was saved, and not filtered to nothing",
        )
    table: dict[str, Column] = {"ID": _ids(columns.get("ID"), columns["TIME"].size, where)}
    table["TIME"] = _times(table["ID"], columns["TIME"], where)
    table |= _events(columns, where)
    table |= _limits(columns, table, lloq, censor, where)
    _no_duplicates(table, where)
    for name, values in columns.items():
        if name not in table:
            table[name] = np.array(values)
    order = [n for n in STANDARD if n in table] + [n for n in table if n not in STANDARD]
    return Table(_frozen({n: table[n] for n in order}), _units(units, list(table)), source)


def _units(units: Mapping[str, str] | None, names: list[str]) -> dict[str, str]:
    found = {}
    for name, unit in (units or {}).items():
        known = standard_name(name)
        if known not in names:
            raise unknown_name(name, names, "column")
        found[known] = str(unit)
    return found


def _ids(values: Column | None, rows: int, where: Where) -> Column:
    """Patients as whole numbers if all are, otherwise as text; each in one block of rows."""
    if values is None:
        return np.ones(rows, dtype=np.int64)
    if values.dtype.kind in "iuf":
        bad = ~np.isfinite(values) | (values != np.round(values))
        if bad.any():
            i = int(np.argmax(bad))
            raise LearnerError(
                given=f"ID = {values[i]:g} in {where(i)}",
                expected="a whole number or a name for each row",
                do="number the patients 1, 2, 3, …",
            )
        ids: Column = values.astype(np.int64)
    else:
        ids = np.array([str(v).strip() for v in values.tolist()])
        if (ids == "").any():
            i = int(np.argmax(ids == ""))
            raise LearnerError(
                given=f"no ID in {where(i)}",
                expected="a patient in every row",
                do="fill the ID down to the rows below it",
            )
    done: set[Any] = set()
    for i, one in enumerate(ids.tolist()):
        if i and one != ids[i - 1].item():
            done.add(ids[i - 1].item())
        if one in done:
            raise LearnerError(
                given=f"patient {one!r} again in {where(i)}, after another patient",
                expected="all rows of a patient together",
                do="sort the table by ID, then by TIME",
            )
    return ids


def _numbers(name: str, values: Column, where: Where, missing: float | None) -> Numbers:
    """A column of numbers; missing entries become ``missing``, or are an error when it is None."""
    numbers = as_numbers(name, values).copy()
    gap = np.isnan(numbers)
    if missing is not None:
        numbers[gap] = missing
    bad = np.isinf(numbers) | (gap if missing is None else False)
    if bad.any():
        i = int(np.argmax(bad))
        raise LearnerError(
            given=f"{name} = {'nothing' if gap[i] else f'{numbers[i]:g}'} in {where(i)}",
            expected=f"a finite number; {name} is {STANDARD[name]}",
            do="fill it in, or remove the row",
        )
    return numbers


def _times(ids: Column, values: Column, where: Where) -> Numbers:
    times = _numbers("TIME", values, where, None)
    back = (np.diff(times) < 0) & (ids[1:] == ids[:-1])
    if back.any():
        i = int(np.argmax(back)) + 1
        raise LearnerError(
            given=f"TIME = {times[i]:g} in {where(i)} after {times[i - 1]:g}, "
            f"patient {ids[i].item()!r}",
            expected="times that rise from row to row for each patient",
            do="sort the table by ID, then by TIME",
        )
    return times


def _events(columns: Mapping[str, Column], where: Where) -> dict[str, Column]:
    """DV, AMT, EVID and MDV, which must agree on what each row is."""
    rows = columns["TIME"].size
    dv = _numbers("DV", columns["DV"], where, np.nan)
    amt = _numbers("AMT", columns.get("AMT", np.zeros(rows)), where, 0.0)
    evid = _whole("EVID", columns.get("EVID", (amt > 0).astype(float)), where)
    mdv = _whole("MDV", columns.get("MDV", ((evid != 0) | np.isnan(dv)).astype(float)), where)
    for bad, given, expected, do in (
        (amt < 0, "AMT below zero", "an amount of zero or above", "check the sign"),
        (
            (amt > 0) & (evid != 1) & (evid != 4),
            "an amount in a row that is not a dose (EVID is not 1)",
            "AMT in dose rows only",
            "set EVID to 1 and MDV to 1, or AMT to 0",
        ),
        (
            (evid != 0) & (mdv == 0),
            "a dose or event (EVID is not 0) that claims a sample (MDV 0)",
            "MDV 1 wherever EVID is not 0",
            "set MDV to 1, and give a sample at that time its own row",
        ),
        (
            (mdv == 0) & np.isnan(dv),
            "no DV in a sample (MDV 0)",
            "a number in every sample",
            "leave the row out if nothing was measured; write the limit with CENS 1 if the "
            "value was below it",
        ),
        (
            (mdv == 0) & (dv < 0),
            "DV below zero",
            "values of zero or above",
            "check background correction, and whether these are logarithms: load plain values",
        ),
    ):
        if bad.any():
            i = int(np.argmax(bad))
            raise LearnerError(f"{given}, in {where(i)}", expected, do)
    return {"DV": dv, "AMT": amt, "EVID": evid, "MDV": mdv}


def _whole(name: str, values: Column, where: Where) -> NDArray[np.int64]:
    numbers = _numbers(name, values, where, 0.0 if name == "CENS" else None)
    bad = ~np.isin(numbers, WHOLE[name])
    if bad.any():
        i = int(np.argmax(bad))
        raise LearnerError(
            given=f"{name} = {numbers[i]:g} in {where(i)}",
            expected=f"{name} to be one of {', '.join(map(str, WHOLE[name]))}: {STANDARD[name]}",
            do="check that the columns have not slipped sideways",
        )
    return numbers.astype(np.int64)


def _limits(
    columns: Mapping[str, Column],
    table: Mapping[str, Column],
    lloq: float | None,
    censor: bool,
    where: Where,
) -> dict[str, Column]:
    """DV, CENS and LLOQ, which must agree on what was below the limit."""
    rows, dv, sample = table["TIME"].size, table["DV"].copy(), table["MDV"] == 0
    cens = _whole("CENS", columns.get("CENS", np.zeros(rows)), where)
    if lloq is not None:
        one_number("lloq", lloq, above=0.0)
        if "LLOQ" in columns:
            raise LearnerError(
                given=f"lloq = {lloq:g} for a table that has a column LLOQ",
                expected="one of the two",
                do="leave lloq= out, or rename the column",
            )
    given = columns.get("LLOQ", np.full(rows, np.nan if lloq is None else float(lloq)))
    limit = _numbers("LLOQ", given, where, np.nan)
    flagged = sample & (cens == 1)
    # A flagged sample without a limit of its own stands at it: DV is the limit.
    limit = np.where(flagged & np.isnan(limit), dv, limit)
    below = sample & (cens == 0) & (dv < limit)
    if censor:
        cens = np.where(below, 1, cens)
        flagged, below = flagged | below, np.zeros(rows, dtype=bool)
    for bad, what, expected, do in (
        (
            ~sample & (cens == 1),
            "CENS 1 in a row that is not a sample",
            "CENS 0 where MDV is 1",
            "set CENS to 0 there",
        ),
        (
            limit <= 0,
            "a limit of quantification of zero or below",
            "LLOQ above zero, in the unit of DV",
            "write the assay's limit in the column LLOQ",
        ),
        (
            flagged & (dv > limit),
            "DV above LLOQ with CENS 1",
            "a flagged value at the limit or below it",
            "check the flag, and that DV and LLOQ are in one unit",
        ),
        (
            below,
            "DV below LLOQ without a flag",
            "CENS 1 and DV = LLOQ for a value below the limit",
            "set them in the table, or pass censor=True to have it done",
        ),
    ):
        if bad.any():
            i = int(np.argmax(bad))
            raise LearnerError(
                given=f"{what}, in {where(i)} (DV = {dv[i]:g}, LLOQ = {limit[i]:g})",
                expected=expected,
                do=do,
            )
    return {"DV": np.where(flagged, limit, dv), "CENS": cens, "LLOQ": limit}


def _no_duplicates(table: Mapping[str, Column], where: Where) -> None:
    rows = np.flatnonzero(table["MDV"] == 0)
    ids, times = table["ID"][rows], table["TIME"][rows]
    same = (np.diff(times) == 0) & (ids[1:] == ids[:-1])
    if same.any():
        i = int(rows[int(np.argmax(same)) + 1])
        raise LearnerError(
            given=f"a second sample at TIME = {table['TIME'][i]:g} in {where(i)}, "
            f"patient {table['ID'][i].item()!r}",
            expected="one sample at each time",
            do="average duplicates, or keep one and say which; two assays go into two tables",
        )

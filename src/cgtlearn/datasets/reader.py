"""From a CSV file to a checked table, with an error a learner can act on for each usual slip."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import LearnerError, nearest, short, unknown_name
from .cards import FOLDER, card, names
from .table import NEEDED, STANDARD, Column, Table, checked, missing_column, standard_name

MISSING = {"", ".", "NA", "N/A", "NaN", "nan"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WITH_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?|[+-]?\d{1,3}(\.\d{3})+,\d+")
BELOW = re.compile(r"<.*|blo?q|ll?o[dq]|n\.?d\.?|below.*", re.IGNORECASE)


def load(
    path_or_name: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    lloq: float | None = None,
    censor: bool = False,
    decimal: str = ".",
) -> Table:
    """A data set of this package by its name, or a learner's own CSV file, checked the same way.

    The file has a header and one row for each sample or dose, sorted by patient and time.  TIME and
    DV are needed, the other columns of ``datasets.STANDARD`` have defaults, further columns pass
    through.  Upper or lower case does not matter in the standard names.  Comma, semicolon or tab
    separate; lines above the header that start with ``#`` are skipped; an empty cell, ``.`` or
    ``NA`` is missing.

    Parameters
    ----------
    path_or_name : one of ``datasets.names()``, or the path of a file.
    columns : which column of the file is which, for example ``{"TIME": "day", "DV": "copies"}``.
    units : units by column, for example ``{"TIME": "d", "DV": "copies/µg"}``.  Nothing is
        converted.  A data set of this package brings its own.
    lloq : limit of quantification for all samples, for a file without a column LLOQ.
    censor : flag samples below the limit that carry no flag (CENS 1, DV = LLOQ).
    decimal : "." or ","; with "," the columns are separated by semicolon or tab.

    Returns
    -------
    Table.

    Raises
    ------
    LearnerError : no such file or name, not a CSV, empty, a column missing or twice, rows of
        unequal length, text where a number belongs (with its line), a decimal comma, a row of
        units, patients not in one block, times unsorted or repeated, DV missing or negative, DV
        below LLOQ without a flag, flags that contradict each other.
    """
    if decimal not in (".", ","):
        raise LearnerError(
            given=f"decimal = {decimal!r}", expected="'.' or ','", do="choose one of them"
        )
    path, shipped = _find(path_or_name)
    lines, rows = _rows(_text(path), path.name)
    header = _rename(rows[0], columns)
    for name in NEEDED:
        if name not in header:
            raise missing_column(name, rows[0], "load")
    lines, rows = lines[1:], rows[1:]

    def where(i: int) -> str:
        return f"line {lines[i]} of {path.name}"

    found: dict[str, Column] = {}
    if rows:
        _no_units_row(dict(zip(header, rows[0], strict=True)), where(0))
    for j, name in enumerate(header):
        cells = [row[j] for row in rows]
        if name == "ID" or name not in STANDARD:
            found[name] = _text_or_numbers(name, cells, decimal)
        else:
            found[name] = np.array(
                [_number(name, cell, decimal, where(i)) for i, cell in enumerate(cells)]
            )
    if shipped:
        units = {**card(shipped).units, **(units or {})}
    return checked(
        found, units=units, lloq=lloq, censor=censor, source=shipped or path.name, where=where
    )


def _find(path_or_name: str | Path) -> tuple[Path, str]:
    """The file, and its name if it is a data set of this package."""
    if not isinstance(path_or_name, (str, Path)) or not str(path_or_name).strip():
        raise LearnerError(
            given=f"load({short(path_or_name)})",
            expected="the name of a data set or the path of a CSV file",
            do='write load("my_table.csv"); for columns in memory use from_columns',
        )
    if isinstance(path_or_name, str) and path_or_name in names():
        return FOLDER / f"{path_or_name}.csv", path_or_name
    path = Path(path_or_name)
    if path.is_dir():
        raise LearnerError(
            given=f"{path}, which is a folder",
            expected="the path of a CSV file",
            do="add the name of the file",
        )
    if path.exists():
        return path, ""
    if not path.suffix and len(path.parts) == 1:
        raise unknown_name(str(path), names(), "data set")
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = nearest(path.name, beside)
    raise LearnerError(
        given=f"the file {path}, which does not exist",
        expected="the path of a CSV file, as seen from the working folder",
        do=f"did you mean {str(path.parent / close)!r}?"
        if close
        else "check the path; print(pathlib.Path.cwd()) shows the working folder",
    )


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if raw[:2] == b"PK" or raw[:4] == b"\xd0\xcf\x11\xe0":
        raise LearnerError(
            given=f"{path.name}, which is a spreadsheet and not a CSV file",
            expected="plain text with one row on each line",
            do="open it and save it as CSV (UTF-8)",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LearnerError(
            given=f"{path.name}, which is not UTF-8 text",
            expected="a CSV file in UTF-8",
            do="save it again as CSV (UTF-8); a µ or é in another encoding is the usual cause",
        ) from None


def _rows(text: str, file: str) -> tuple[list[int], list[list[str]]]:
    """Line numbers and cells, header first; rows without any entry are left out."""
    head = next((s for s in text.splitlines() if s.strip() and not s.startswith("#")), "")
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    lines: list[int] = []
    rows: list[list[str]] = []
    for cells in reader:
        row = [cell.strip() for cell in cells]
        if not any(row) or (not rows and row[0].startswith("#")):
            continue
        if rows and len(row) != len(rows[0]):
            commas = separator == "," and len(row) > len(rows[0])
            raise LearnerError(
                given=f"{len(row)} entries in line {reader.line_num} of {file}",
                expected=f"{len(rows[0])}, as in the header",
                do="a decimal comma splits a number in two where commas separate: save with "
                "decimal points"
                if commas
                else "complete the line, and put text with a separator in it into quotes",
            )
        lines.append(reader.line_num)
        rows.append(row)
    if not rows:
        raise LearnerError(
            given=f"{file}, which is empty",
            expected="a header and at least one row",
            do="check that the right file was saved",
        )
    return lines, rows


def _rename(header: list[str], columns: Mapping[str, str] | None) -> list[str]:
    """The header with standard names, after the learner's own names were translated."""
    renamed = list(header)
    for standard, own in (columns or {}).items():
        if own not in header:
            raise unknown_name(str(own), header, "column")
        renamed[header.index(own)] = standard
    result = [standard_name(name) for name in renamed]
    for i, name in enumerate(result):
        if not name:
            raise LearnerError(
                given=f"column {i + 1} without a name",
                expected="a name for each column",
                do="name it in the header, or delete the column",
            )
        if name in result[:i]:
            raise LearnerError(
                given=f"two columns {name} ({', '.join(header)})",
                expected="each column once",
                do="rename or delete one of them",
            )
    return result


def _no_units_row(first: Mapping[str, str], where: str) -> None:
    cells = [first[name] for name in NEEDED]
    if not any(c in MISSING or re.search(r"\d", c) or BELOW.fullmatch(c) for c in cells):
        raise LearnerError(
            given=f"TIME = {cells[0]!r} and DV = {cells[1]!r} in {where}: a row of units",
            expected="numbers right below the header",
            do=f'delete the row and pass units={{"TIME": "{cells[0]}", "DV": "{cells[1]}"}}',
        )


def _plain_number(cell: str, decimal: str) -> float | None:
    """The number in a cell, NaN if missing, None if it is something else."""
    if cell in MISSING:
        return float("nan")
    if decimal == ",":
        # 1.500 may be one and a half thousand there: never guess.
        cell = cell.replace(".", "?").replace(",", ".")
    return float(cell) if NUMBER.fullmatch(cell) else None


def _number(name: str, cell: str, decimal: str, where: str) -> float:
    value = _plain_number(cell, decimal)
    if value is not None:
        return value
    if name == "DV" and BELOW.fullmatch(cell):
        do = "write the limit as DV and 1 in a column CENS"
    elif WITH_COMMA.fullmatch(cell) and decimal == ".":
        do = 'if this is a decimal comma, load(..., decimal=","); if it separates thousands, '
        do += "remove it"
    elif decimal == "," and NUMBER.fullmatch(cell):
        do = "this one has a point: use the comma throughout, and no sign for thousands"
    else:
        do = "write a number there, without unit, or '.' for missing"
    raise LearnerError(
        given=f"{name} = {cell!r} in {where}",
        expected=f"a number; {name} is {STANDARD[name]}",
        do=do,
    )


def _text_or_numbers(name: str, cells: list[str], decimal: str) -> Column:
    """Numbers when every entry is one; otherwise text."""
    numbers = [_plain_number(cell, decimal) for cell in cells]
    if all(n is not None for n in numbers) and (name != "ID" or not set(cells) & MISSING):
        return np.array(numbers, dtype=np.float64)
    return np.array(["" if name == "ID" and cell in MISSING else cell for cell in cells])

"""The ledger: every number of the course, once, with unit, source and status.

Rows live in ``data/<source>.toml``, one file per source. A row's full name is ``source.row``::

    >>> from cgtlearn import ledger
    >>> ledger.value("stein2019.tmax")
    9.3
    >>> print(ledger.row("stein2019.tmax"))
    Tmax = 9.3 d (transcribed: stein2019, Table 1)

The five statuses say how far a number may be trusted:

``published``       read in the paper or the label itself
``transcribed``     read in a model library or a secondary text, which is named
``derived``         computed from other rows; the formula is kept and re-computed by a test
``teaching value``  chosen by us, with the reason
``ambiguous``       the evidence points two ways; both readings are kept
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cgtlearn.errors import unknown_name
from cgtlearn.ledger import units
from cgtlearn.ledger.units import convert, pretty

__all__ = [
    "STATUSES",
    "Row",
    "Source",
    "convert",
    "derive",
    "pretty",
    "row",
    "rows",
    "show",
    "source",
    "sources",
    "units",
    "value",
]

STATUSES = ("published", "transcribed", "derived", "teaching value", "ambiguous")

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Source:
    """Where a group of rows was read."""

    key: str
    citation: str
    read_in: str
    doi: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One number: what it means, what it is, how sure we are, and where it stands.

    A number that summarizes patients also says which ``average`` it is and over how many, ``n``.
    """

    id: str
    symbol: str
    meaning: str
    value: Any
    unit: str
    status: str
    source: str
    where: str = ""
    read_in: str = ""
    spread: Any = None
    spread_kind: str = ""
    assay: str = ""
    domain: tuple[float, float] | None = None
    scale: str = "linear"
    note: str = ""
    formula: str = ""
    derived_from: tuple[str, ...] = ()
    readings: tuple[str, ...] = field(default=())
    average: str = ""
    n: int | None = None

    @property
    def name(self) -> str:
        """The row's name without its source: ``stein2019.tmax`` is ``tmax``."""
        return self.id.split(".", 1)[1]

    def __str__(self) -> str:
        origin = ", ".join(part for part in (self.source, self.where) if part)
        unit = "" if pretty(self.unit) == "–" else f" {pretty(self.unit)}"
        return f"{self.symbol} = {number(self.value)}{unit} ({self.status}: {origin})"


def number(value: Any) -> str:
    """A value as text: thin spaces are left to the page, thousands are grouped from 10,000 on."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if math.isinf(value):
        return "never" if value > 0 else "-inf"
    if value != 0 and (abs(value) >= 1e9 or abs(value) < 1e-4):
        return f"{value:.4g}"
    if abs(value) >= 1e4:
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return f"{value:g}"


@cache
def _book() -> tuple[dict[str, Source], dict[str, Row]]:
    found: dict[str, Source] = {}
    book: dict[str, Row] = {}
    for path in sorted(DATA.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        origin = Source(**content["source"])
        found[origin.key] = origin
        for entry in content.get("row", []):
            entry = dict(entry)
            entry["id"] = f"{origin.key}.{entry['id']}"
            entry["source"] = origin.key
            entry.setdefault("read_in", origin.read_in)
            if "domain" in entry:
                entry["domain"] = tuple(entry["domain"])
            entry["derived_from"] = tuple(entry.pop("from", ()))
            entry["readings"] = tuple(entry.get("readings", ()))
            if entry["id"] in book:
                raise ValueError(f"{path.name}: the row {entry['id']} stands twice")
            book[entry["id"]] = Row(**entry)
    return found, book


def row(id: str) -> Row:
    """The row of that name; raises LearnerError with the nearest name when there is none."""
    book = _book()[1]
    if id not in book:
        raise unknown_name(id, book, "ledger row")
    return book[id]


def value(id: str, unit: str | None = None) -> Any:
    """The value of a row, in its own unit or converted to ``unit``."""
    found = row(id)
    if unit is None or unit == found.unit:
        return found.value
    return convert(f"{found.value!r} {'' if found.unit == '1' else found.unit}", unit)


def rows(source: str | None = None) -> tuple[Row, ...]:
    """All rows, or those of one source, in the order of their files."""
    return tuple(r for r in _book()[1].values() if source is None or r.source == source)


def sources() -> tuple[Source, ...]:
    """All sources, in alphabetical order of their keys."""
    return tuple(_book()[0].values())


def source(key: str) -> Source:
    """The source of that key."""
    found = _book()[0]
    if key not in found:
        raise unknown_name(key, found, "source of the ledger")
    return found[key]


def derive(found: Row) -> float:
    """Compute a derived row again from the rows it names.

    The formula may use the rows' short names, + - * / **, and log, log10, exp, sqrt, and probit,
    the quantile of the standard normal distribution.
    """
    from statistics import NormalDist

    names: dict[str, Any] = {
        "log": math.log,
        "log10": math.log10,
        "exp": math.exp,
        "sqrt": math.sqrt,
        "probit": NormalDist().inv_cdf,
    }
    for id in found.derived_from:
        names[row(id).name] = row(id).value
    return float(eval(found.formula, {"__builtins__": {}}, names))  # our own data files only


def show(*ids: str | Iterable[str]) -> None:
    """Print rows as a table: symbol, value, unit, status, source, meaning. For notebooks.

    Table or page stand on the ledger's own page: here they would make the lines too long.
    """
    wanted: list[str] = []
    for id in ids:
        wanted.extend([id] if isinstance(id, str) else id)
    found = [row(id) for id in wanted]
    table = [("symbol", "value", "unit", "status", "source", "meaning")]
    for r in found:
        table.append((r.symbol, number(r.value), pretty(r.unit), r.status, r.source, r.meaning))
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]) - 1)]
    for line in table:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]]).rstrip())

"""Results out: rows as CSV, everything as JSON; numbers as text."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cgtlearn import ledger
from cgtlearn.errors import LearnerError

__all__ = ["aligned", "digits", "to_csv", "to_json"]

Row = Mapping[str, Any]


def digits(value: float | None) -> str:
    """Three significant digits; a dash for what is missing."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return ledger.number(float(f"{value:.3g}"))


def aligned(rows: Iterable[tuple[str, ...]], right: Iterable[int] = ()) -> list[str]:
    """Rows of text as lines with columns under each other; those named in ``right`` end there."""
    table = list(rows)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    to_right = set(right)
    return [
        "  ".join(
            cell.rjust(w) if i in to_right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def to_csv(path: str | os.PathLike[str], rows: Iterable[Row]) -> Path:
    """Write rows with the same keys as a CSV file (UTF-8); a missing number is an empty cell."""
    table = [dict(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]) if table else [], lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({k: "" if _missing(v) else v for k, v in row.items()})
    return _written(path, text.getvalue())


def to_json(path: str | os.PathLike[str], about: Mapping[str, Any]) -> Path:
    """Write a mapping as JSON (UTF-8); NaN and infinity, which JSON lacks, become null and text."""
    return _written(path, json.dumps(_plain(about), indent=2, ensure_ascii=False) + "\n")


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("infinity" if value > 0 else "-infinity")
    return value


def _written(path: str | os.PathLike[str], text: str) -> Path:
    """The whole file or, where that fails, the old one unchanged."""
    wanted = Path(path)
    part = wanted.with_name(wanted.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        os.replace(part, wanted)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise LearnerError(
            given=f"{wanted}: {problem}",
            expected="a folder that exists and that you may write to",
            do="choose another folder; nothing was changed there",
        ) from problem
    return wanted

"""Tables for spreadsheets, as CSV in which no cell can start a formula. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

FORMULA = frozenset("=+-@−")
"""What a spreadsheet takes for the beginning of a formula, in any width."""
MEDIA = "text/csv; charset=utf-8; header=present"


def sheet(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """With the mark at its beginning by which spreadsheets know UTF-8; a column that a row lacks is empty."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([tame(row.get(column)) for column in columns])
    return file.getvalue().encode("utf-8-sig")


def tame(cell: Any) -> str:
    """The cell with an apostrophe in front where a spreadsheet would run it; blanks in front do not hide anything."""
    text = "" if cell is None else str(cell)
    seen = next((c for c in text if not c.isspace() and unicodedata.category(c)[0] != "C"), "")
    starts = unicodedata.normalize("NFKC", seen)[:1] in FORMULA if seen else False
    return f"'{text}" if starts or text[:1] in ("\t", "\r") else text

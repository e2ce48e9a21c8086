"""Tables for spreadsheets: whatever stands in a cell, nothing runs."""

from __future__ import annotations

import csv
import io
from typing import Any

from sessions.sheets import sheet, tame

RUNS = [
    *(f"{start}1+1" for start in "=+-@−"),
    *(f"{start}1" for start in "＝＋－＠﹦﹢﹣﹫"),
    *(
        f"{blank}=1"
        for blank in (" ", "   ", "\n", " \n ", "\t", "\r", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2028")
    ),
    "\tharmless",
    "\rharmless",
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-2+3",
]
TAME = ["", "Why?", "1-1", "a=b", "'=1", "·=1", "(=1)", "\nWhy?", " Why?", "ñ", "👪", "١"]


def test_no_cell_can_start_a_formula() -> None:
    assert {cell: tame(cell) for cell in RUNS} == {cell: f"'{cell}" for cell in RUNS}
    assert {cell: tame(cell) for cell in TAME} == {cell: cell for cell in TAME}
    assert (tame(None), tame(7)) == ("", "7")


def test_a_sheet_is_read_back_as_it_was_written() -> None:
    rows: list[dict[str, Any]] = [{"who": "=1+1", "words": 'She said "no",\nand left', "lang": None}, {"words": "ñ👪"}]
    body = sheet(("who", "words", "lang"), rows)
    assert body.startswith(b"\xef\xbb\xbfwho,words,lang\r\n")
    read = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert read == [
        {"who": "'=1+1", "words": 'She said "no",\nand left', "lang": ""},
        {"who": "", "words": "ñ👪", "lang": ""},
    ]

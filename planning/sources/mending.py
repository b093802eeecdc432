"""Mending a table in the browser: cells changed and rows left out in a corrected copy; the file that was sent stays."""

from __future__ import annotations

import copy
import csv
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

from planning.errors import SourceError, msg
from planning.sources.cells import parse_number, text_of
from planning.sources.gate import check_file
from planning.sources.tables import read_rows

__all__ = ["mend_table", "rows_of"]

#: A cell of a workbook holds no more.
_MOST_CHARACTERS = 32_767
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")  # no cell may hold them


def rows_of(
    path: Path,
    rows: Collection[int],
    *,
    subject: str,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> tuple[list[str], dict[int, dict[str, str]]]:
    """
    Give rows of a table as they stand.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx or .csv.
    rows : collection of int
        Rows as Excel numbers them.
    subject : str
        What the table is about.
    sheet : str, optional
        Sheet of a workbook.
    mapping : Mapping, optional
        Our column → the file's heading.

    Returns
    -------
    headings : list of str
        The file's headings.
    cells : dict of int to dict
        Row → heading → text.

    Raises
    ------
    SourceError
        If it is no such table or cannot be read.
    """
    table, header, titles, _ = read_rows(path, subject=subject, sheet=sheet, mapping=mapping)
    found = {}
    for row in sorted(set(rows)):
        if header + 1 < row <= len(table):
            cells = table[row - 1]
            found[row] = {title: text_of(cells[i]) if i < len(cells) else "" for i, title in enumerate(titles) if title}
    return [title for title in titles if title], found


def mend_table(
    path: Path,
    out: Path,
    *,
    subject: str,
    cells: Mapping[tuple[int, str], str],
    left_out: Collection[int] = (),
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> int:
    """
    Write a corrected copy; rows keep their numbers, one that is left out becomes empty.

    Parameters
    ----------
    path : pathlib.Path
        The table as it was sent, .xlsx or .csv; it is not changed.
    out : pathlib.Path
        The copy, of the same kind.
    subject : str
        What the table is about.
    cells : Mapping
        Row and heading → new text; empty for "not known".
    left_out : collection of int
        Rows that are no item.
    sheet : str, optional
        Sheet of a workbook.
    mapping : Mapping, optional
        Our column → the file's heading.

    Returns
    -------
    int
        How many cells were changed and rows emptied.

    Raises
    ------
    SourceError
        If the table cannot be read, or has no such row or heading.
    """
    table, header, titles, _ = read_rows(path, subject=subject, sheet=sheet, mapping=mapping)
    changes: dict[tuple[int, int], str] = {}
    for (row, heading), text in cells.items():
        if heading not in titles or not header + 1 < row <= len(table):
            raise SourceError(
                msg("{file}: there is no cell of row {row} under {heading}.", file=path.name, row=row, heading=heading)
            )
        changes[(row, titles.index(heading))] = _CONTROL.sub(" ", text).strip()[:_MOST_CHARACTERS]
    gone = {row for row in left_out if header + 1 < row <= len(table)}
    if check_file(path, "table") == "csv":
        _write_csv(table, out, changes, gone)
    else:
        _write_workbook(path, out, table, sheet, changes, gone)
    return len(changes) + len(gone)


def _write_csv(
    table: list[list[object]], out: Path, changes: Mapping[tuple[int, int], str], gone: Collection[int]
) -> None:
    mended = copy.deepcopy(table)
    for (row, column), text in changes.items():
        cells = mended[row - 1]
        cells += [""] * (column + 1 - len(cells))
        cells[column] = text
    for row in gone:
        mended[row - 1] = []
    with out.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(mended)


def _write_workbook(
    path: Path,
    out: Path,
    table: list[list[object]],
    sheet: str | None,
    changes: Mapping[tuple[int, int], str],
    gone: Collection[int],
) -> None:
    """Write the sheet that was read, values only: a formula would lose its saved result and then count as not known."""
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet or "Sheet")
    for r, cells in enumerate(table, start=1):
        row: dict[int, object] = {} if r in gone else dict(enumerate(cells))
        if r not in gone:
            row |= {c: _value(text) for (changed, c), text in changes.items() if changed == r}
        page.append([_cell(page, row.get(c)) for c in range(max(row, default=-1) + 1)])
    book.save(out)


def _cell(page: Any, value: object) -> object:
    """Keep a text that begins with "=" a text; openpyxl would write a formula."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(page, value)
    cell.data_type = "s"
    return cell


def _value(text: str) -> object:
    """Write a number as a number; a code with a leading zero or of many digits stays a text."""
    if not text:
        return None
    plain = text.lstrip("-").replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit()) or (plain.startswith("0") and len(plain) > 1 and "." not in text):
        return text
    number = parse_number(text) if len(plain) <= 15 else None
    if number is None:
        return text
    return int(number) if float(number).is_integer() and "." not in text else number

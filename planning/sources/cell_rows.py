"""Rows of foreign text tables and workbooks, cell by cell as they stand."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import charset_normalizer
import openpyxl
import openpyxl.utils.exceptions

from planning.errors import Message, Names, SourceError, msg
from planning.sources.cells import text_of
from planning.sources.headings import MOST_HEADINGS, headings_in

__all__ = ["csv_rows", "raise_faults", "xlsx_rows"]

_SAMPLED_LINES = 20
_MAX_ROWS = 500_000
_MOST_FAULTS = 50


def csv_rows(path: Path) -> tuple[list[list[object]], list[Message]]:
    """
    Read the rows of a text table, its separator found out.

    Parameters
    ----------
    path : pathlib.Path
        A .csv, .txt or .tsv in UTF-8 or GBK.

    Returns
    -------
    rows : list of list
        Cells as text.
    notices : list of Message
        What was assumed.

    Raises
    ------
    SourceError
        If it is of another encoding, no table, or too long.
    """
    text, notices = _csv_text(path)
    first = [line for line in text.splitlines() if line.strip()][:_SAMPLED_LINES]
    delimiter = max(",;\t", key=lambda mark: sum(line.count(mark) for line in first))
    try:
        rows: list[list[object]] = [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error as error:
        raise SourceError(
            msg(
                "{file}: the text table cannot be read ({problem}). Save it as .csv again.",
                file=path.name,
                problem=str(error),
            )
        ) from error
    if len(rows) > _MAX_ROWS:
        raise SourceError(msg("{file}: more than {most} rows.", file=path.name, most=_MAX_ROWS))
    return rows, notices


def _csv_text(path: Path) -> tuple[str, list[Message]]:
    """Decode strictly: UTF-8, then GB18030; what fits neither is refused, with a guess that helps to mend it."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        told = []
        if encoding == "gb18030":
            told.append(msg("{file}: its texts were read as {encoding}.", file=path.name, encoding="GBK"))
        return text, told
    guess = charset_normalizer.from_bytes(raw).best()
    raise SourceError(
        msg(
            "{file}: its texts are neither UTF-8 nor GBK (perhaps {guess}). Save it as UTF-8.",
            file=path.name,
            guess=guess.encoding if guess is not None else "?",
        )
    )


def xlsx_rows(
    path: Path, sheet: str | None, subject: str, wanted: frozenset[str]
) -> tuple[list[list[object]], list[Message]]:
    """
    Read the rows of a workbook's sheet.

    Parameters
    ----------
    path : pathlib.Path
        An .xlsx.
    sheet : str or None
        Its name; otherwise the first visible one with headings that are known.
    subject : str
        What the table is about.
    wanted : frozenset of str
        Headings the user named, in normal form.

    Returns
    -------
    rows : list of list
        Cells as Excel shows their values.
    notices : list of Message
        What was assumed.

    Raises
    ------
    SourceError
        If it cannot be read, has no such sheet, is too long, or holds formulas without a saved result.
    """
    file = path.name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and validations it drops; only values are read
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                names = [s.title for s in book.worksheets if s.sheet_state == "visible"] or book.sheetnames
                if sheet is not None and sheet not in book.sheetnames:
                    raise SourceError(
                        msg(
                            "{file}: there is no sheet {sheet}. It has {names}.",
                            file=file,
                            sheet=sheet,
                            names=Names.first(names, MOST_HEADINGS),
                        )
                    )
                chosen, rows, notices = _choose_sheet(book, file, [sheet] if sheet else names, subject, wanted)
            finally:
                book.close()
            _refuse_unsaved_formulas(path, chosen, rows)
    except SourceError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        AttributeError,
        LookupError,
        OverflowError,
        TypeError,
        ValueError,
        SyntaxError,  # what the XML parsers raise
        openpyxl.utils.exceptions.InvalidFileException,
        openpyxl.utils.exceptions.ReadOnlyWorkbookException,
    ) as error:
        raise SourceError(
            msg("{file}: the workbook cannot be read. Open it in Excel or WPS and save it again as .xlsx.", file=file)
        ) from error
    return rows, notices


def _choose_sheet(
    book: Any, file: str, names: Sequence[str], subject: str, wanted: frozenset[str]
) -> tuple[str, list[list[object]], list[Message]]:
    first: tuple[str, list[list[object]]] | None = None
    for name in names:
        rows = _sheet_rows(book[name], file)
        first = first or (name, rows)
        if len(names) > 1 and headings_in(rows, subject, wanted)[1] >= 2:
            told = [msg("{file}: the sheet {sheet} was read.", file=file, sheet=name)] if name != names[0] else []
            return name, rows, told
    if first is None:
        raise SourceError(msg("{file}: the table is empty.", file=file))
    return *first, []


def _sheet_rows(sheet: Any, file: str) -> list[list[object]]:
    sheet.reset_dimensions()  # a hostile or careless file may claim a million columns
    rows: list[list[object]] = []
    filled = 0
    for row in sheet.iter_rows(values_only=True):
        # A format that reaches the last row of the sheet makes a million empty ones.
        empty = all(cell is None for cell in row)
        rows.append([] if empty else list(row))
        filled += not empty
        if filled > _MAX_ROWS:
            raise SourceError(msg("{file}: more than {most} rows.", file=file, most=_MAX_ROWS))
    while rows and not any(text_of(cell) for cell in rows[-1]):
        rows.pop()
    return rows


def _refuse_unsaved_formulas(path: Path, sheet: str, rows: Sequence[Sequence[object]]) -> None:
    """Refuse formulas whose result was never saved: they would read as empty cells, that is as unknown."""
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        if not any(b"<f>" in (text := archive.read(name)) or b"<f " in text for name in sheets):
            return
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        faults = []
        formulas = book[sheet]
        formulas.reset_dimensions()
        for r, row in enumerate(formulas.iter_rows(values_only=True)):
            for c, cell in enumerate(row):
                lost = r < len(rows) and c < len(rows[r]) and rows[r][c] is None
                if lost and isinstance(cell, str) and cell.startswith("="):
                    faults.append(
                        msg(
                            "row {row}: the formula {formula} has no saved result. Open the file in Excel or WPS and save it.",
                            row=r + 1,
                            formula=cell,
                        )
                    )
    finally:
        book.close()
    raise_faults(path.name, msg("rows"), faults)


def raise_faults(file: str, what: Message, faults: Sequence[Message]) -> None:
    """
    Refuse a table for all its faults at once, if it has any.

    Parameters
    ----------
    file : str
        Name of the file.
    what : Message
        What its rows are, in the plural.
    faults : sequence of Message
        The faults found.

    Raises
    ------
    SourceError
        If there are faults.
    """
    if faults:
        shown = list(faults[:_MOST_FAULTS])
        if len(faults) > _MOST_FAULTS:
            shown.append(msg("… and {n} more", n=len(faults) - _MOST_FAULTS))
        raise SourceError(msg("{file}: {n} faults in the table of {what}.", file=file, n=len(faults), what=what), shown)

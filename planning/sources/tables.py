"""Foreign tables as they stand: cells with their Excel row numbers, headings matched openly, numbers read strictly."""

from __future__ import annotations

import csv
import functools
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import charset_normalizer
import geopandas as gpd
import openpyxl
import openpyxl.utils.exceptions
import pandas as pd
import pyproj

from planning.errors import Message, SetAside, SourceError, msg
from planning.sources.cells import normal, parse_number, text_of, vocabulary, without_unit
from planning.sources.gate import check_file, read_layer
from planning.sources.series import (
    HALVES,
    forms_of_heading,
    half_of_heading,
    in_series,
    joined,
    series_column,
    without_sum,
)

__all__ = [
    "Headings",
    "RawTable",
    "counts",
    "match_headings",
    "no_number",
    "numbers",
    "raise_faults",
    "read_table",
    "texts",
]

_HEADER_SEARCHED_ROWS = 20
_MERGED_ROWS = 2  # rows of headings that may stand above the last one
_MAX_ROWS = 500_000
#: A larger count in one cell is a slip of the pen, and would overflow the sums.
_MAX_COUNT = 1_000_000_000
_MOST_FAULTS = 50
_FORMULA_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})


@dataclass(frozen=True)
class RawTable:
    """
    A table as it stands in its file.

    Parameters
    ----------
    file : str
        Name of the file.
    frame : pandas.DataFrame
        Cells as read (text, number, date, or None); columns are the file's headings, the index is the row as Excel
        numbers it (for a map layer: the feature, from 1).
    header_row : int
        Row of the headings; 0 for a map layer.
    geometry : geopandas.GeoSeries or None
        Shapes of a map layer, on the same index.
    set_aside : tuple of SetAside
        Sums and notes that are no item.
    notices : tuple of Message
        What was assumed in reading.
    """

    file: str
    frame: pd.DataFrame
    header_row: int
    geometry: gpd.GeoSeries | None = None
    set_aside: tuple[SetAside, ...] = ()
    notices: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Headings:
    """
    Which of the file's headings stands for which of our columns: shown to the user, who can change it.

    Parameters
    ----------
    used : Mapping
        Our column → the file's heading.
    unmatched : tuple of str
        Headings that nothing was made of.
    """

    used: Mapping[str, str]
    unmatched: tuple[str, ...] = ()


@functools.cache
def _known(subject: str) -> Mapping[str, str]:
    """Give the normal form of every heading of a subject → our column."""
    return {normal(word): column for column, words in vocabulary()["subjects"][subject].items() for word in words}


def _column_of(heading: str, subject: str) -> str | None:
    known = _known(subject)
    for text in forms_of_heading(heading, subject):
        for form in (normal(text), without_unit(text)):
            bare = without_sum(form, subject)
            column = known.get(form) or known.get(bare) or series_column(bare, subject)
            if column is not None:
                return column
            half = half_of_heading(form, subject)
            whole = None if half is None else known.get(half[0]) or series_column(half[0], subject)
            if half is not None and whole is not None:
                return whole + half[1]
    return None


def match_headings(
    columns: Iterable[str], *, subject: str, mapping: Mapping[str, str] | None = None, file: str
) -> Headings:
    """
    Match a file's headings to our columns; the user's own mapping comes first.

    Parameters
    ----------
    columns : iterable of str
        The file's headings.
    subject : str
        schools, villages, known, housing, townships or exclusions.
    mapping : Mapping, optional
        Our column → the file's heading, as the project file says.
    file : str
        Name of the file, for the error's words.

    Returns
    -------
    Headings
        What stands for what, and what is left over.

    Raises
    ------
    SourceError
        If two headings mean the same column, or the mapping names a column or heading that is not there; all faults.
    """
    columns, mapping = list(columns), dict(mapping or {})
    known_columns = set(vocabulary()["subjects"][subject])
    forms: dict[str, list[str]] = {}
    for heading in columns:
        forms.setdefault(normal(heading), []).append(heading)
    faults: list[Message] = []
    used: dict[str, str] = {}
    for ours, theirs in mapping.items():
        found = [theirs] if theirs in columns else forms.get(normal(theirs), [])
        if ours not in known_columns and not in_series(ours, subject):
            faults.append(
                msg("mapping: {column} is not one of {known}.", column=ours, known=", ".join(sorted(known_columns)))
            )
        elif not found:
            faults.append(
                msg(
                    "mapping: {column} names the heading {heading}, which the table lacks. It has {headings}.",
                    column=ours,
                    heading=theirs,
                    headings=_listed(columns),
                )
            )
        else:
            used[ours] = found[0]
    for heading in columns:
        ours_or_none = _column_of(heading, subject)
        if ours_or_none is None or heading in used.values() or ours_or_none in mapping:
            continue
        if ours_or_none in used:
            faults.append(
                msg(
                    "the headings {first} and {second} both mean {column}. Rename one, or name the right one in the mapping.",
                    first=used[ours_or_none],
                    second=heading,
                    column=ours_or_none,
                )
            )
        else:
            used[ours_or_none] = heading
    if faults:
        raise SourceError(msg("{file}: {n} faults in the headings.", file=file, n=len(faults)), faults)
    return Headings(MappingProxyType(used), tuple(h for h in columns if h not in used.values()))


def _listed(words: Sequence[str], most: int = 30) -> str:
    return ", ".join(words[:most]) + (" …" if len(words) > most else "")


def read_table(
    path: Path,
    *,
    subject: str,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    crs: pyproj.CRS | None = None,
    keep_totals: bool = False,
) -> RawTable:
    """
    Read a table of any accepted kind as it stands.

    Headings may stand in two rows or three, the upper ones merged over several columns: they are then joined, "小学 › 一年级".

    Parameters
    ----------
    path : pathlib.Path
        .xlsx, .csv or a map layer.
    subject : str
        What the table is about; its known headings show which row holds the headings.
    sheet : str, optional
        Sheet of a workbook; otherwise the first one with headings that are known.
    mapping : Mapping, optional
        Our column → the file's heading.
    crs : pyproj.CRS, optional
        Reference system to assume for a map layer that names none.
    keep_totals : bool
        Keep rows of sums, where the county's own row is one of the items.

    Returns
    -------
    RawTable
        Cells, row numbers, and what was left out.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is not a table, cannot be read, has formula errors, or has no rows.
    CrsError
        If it is a map layer without a reference system and ``crs`` gives none.
    """
    kind = check_file(path, "table")
    if kind not in ("xlsx", "csv"):
        layer = read_layer(path, crs=crs)
        table = layer.table.set_axis(pd.RangeIndex(1, len(layer.table) + 1))
        frame = pd.DataFrame(table.drop(columns="geometry")).astype(object)
        frame = frame.where(frame.notna(), None)
        return RawTable(path.name, frame, 0, geometry=table.geometry, notices=layer.notices)
    notices: list[Message] = []
    wanted = frozenset(normal(theirs) for theirs in (mapping or {}).values())
    if kind == "csv":
        rows, notices = _csv_rows(path)
    else:
        rows, notices = _xlsx_rows(path, sheet, subject, wanted)
    header, _, titles = _headings_in(rows, subject, wanted)
    return _table_from_rows(path.name, rows, header, titles, notices, keep_totals=keep_totals)


def _headings_in(rows: Sequence[Sequence[object]], subject: str, wanted: frozenset[str]) -> tuple[int, int, list[str]]:
    """
    Find the row with most known headings: position, number of hits, headings; the first row that is not empty otherwise.

    Two rows or three count as one where together they say more than one alone: the position is then that of the lowest.
    """
    best = next((i for i, row in enumerate(rows) if any(text_of(c) for c in row)), 0)
    hits, titles = 0, [text_of(cell) for cell in rows[best]] if rows else []
    for i, row in enumerate(rows[:_HEADER_SEARCHED_ROWS]):
        single = [cell.strip() if isinstance(cell, str) else "" for cell in row]
        choices = [([text_of(cell) for cell in row], single)]
        below: Sequence[object] | None = row
        for upper in reversed(rows[max(i - _MERGED_ROWS, 0) : i]):
            below = None if below is None else _joined_rows(upper, below)
            choices += [] if below is None else [(list(map(str, below)), list(map(str, below)))]
        for headings, known in choices:
            columns = {normal(text) if normal(text) in wanted else _column_of(text, subject) for text in known if text}
            found = len(columns - {None})
            if found > hits:
                best, hits, titles = i, found, headings
    return best, hits, titles


def _joined_rows(upper: Sequence[object], lower: Sequence[object]) -> list[str] | None:
    """Join two rows of headings, the upper one merged over columns of the lower; None where they are no such rows."""
    if any(cell is not None and not isinstance(cell, str) for cell in (*upper, *lower)):
        return None
    above, below = ([text_of(cell) for cell in row] for row in (upper, lower))
    width = max(len(above), len(below))
    above, below = above + [""] * (width - len(above)), below + [""] * (width - len(below))
    headings: list[str] = []
    group = ""
    for top, bottom in zip(above, below, strict=True):
        # A merged cell keeps its text in its first column; one without anything below was merged downwards.
        group = top if top or not bottom else group
        headings.append(joined(group, bottom) if bottom else top)
    return headings if any(bottom and not top for top, bottom in zip(above, below, strict=True)) else None


def _table_from_rows(
    file: str,
    rows: Sequence[Sequence[object]],
    header: int,
    titles: Sequence[str],
    notices: Sequence[Message],
    *,
    keep_totals: bool = False,
) -> RawTable:
    if not rows:
        raise SourceError(msg("{file}: the table is empty.", file=file))
    places = [i for i, title in enumerate(titles) if title]
    headings = [titles[i] for i in places]
    repeated = sorted({h for h in headings if headings.count(h) > 1})
    if repeated:
        raise SourceError(
            msg(
                "{file}: the heading {heading} stands twice in row {row}. Rename one of the columns.",
                file=file,
                heading=_listed(repeated),
                row=header + 1,
            )
        )
    aside: list[SetAside] = []
    faults: list[Message] = []
    kept: dict[int, list[object]] = {}
    for position, row in enumerate(rows[header + 1 :], start=header + 2):
        filled = [(i, cell) for i, cell in enumerate(row) if text_of(cell)]
        if not filled:
            continue
        reason = _no_item([text_of(cell) for _, cell in filled], keep_totals=keep_totals)
        if reason is not None:
            aside.append(SetAside(file, text_of(filled[0][1]), reason, row=position))
            continue
        for i, cell in filled:
            title = titles[i] if i < len(titles) else ""
            if not title:
                faults.append(
                    msg("row {row}: {value} stands in a column without a heading.", row=position, value=text_of(cell))
                )
            elif text_of(cell) in _FORMULA_ERRORS:
                faults.append(
                    msg(
                        "{heading}: {value} is a formula error (row {row}). Mend the formula or write the value.",
                        heading=title,
                        value=text_of(cell),
                        row=position,
                    )
                )
        kept[position] = [row[i] if i < len(row) else None for i in places]
    raise_faults(file, msg("rows"), faults)
    if not kept:
        raise SourceError(msg("{file}: the table has headings but no rows.", file=file))
    frame = pd.DataFrame(list(kept.values()), index=list(kept), columns=headings, dtype=object)
    return RawTable(file, frame, header + 1, set_aside=tuple(aside), notices=tuple(notices))


def _no_item(filled: Sequence[str], *, keep_totals: bool = False) -> Message | None:
    """Say why a row is no item of the table, or None where it is one."""
    words = vocabulary()
    kept = words["county"] if keep_totals else ()
    if any(normal(cell) in words["totals"] and normal(cell) not in kept for cell in filled[:2]):
        return msg("a sum, not an item of the table")
    if len(filled) == 1 and any(normal(filled[0]).startswith(word) for word in words["notes"]):
        return msg("a note under the table")
    return None


def _csv_rows(path: Path) -> tuple[list[list[object]], list[Message]]:
    text, notices = _csv_text(path)
    first = [line for line in text.splitlines() if line.strip()][:_HEADER_SEARCHED_ROWS]
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


def _xlsx_rows(
    path: Path, sheet: str | None, subject: str, wanted: frozenset[str]
) -> tuple[list[list[object]], list[Message]]:
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
                            names=_listed(names),
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
        if len(names) > 1 and _headings_in(rows, subject, wanted)[1] >= 2:
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


def no_number(heading: str, cell: object, row: object) -> Message:
    """
    Word the fault of a text where a number must stand.

    Parameters
    ----------
    heading : str
        The file's heading.
    cell : object
        What stands there.
    row : object
        Row of the file.

    Returns
    -------
    Message
        The fault, with its cure.
    """
    return msg(
        "{heading}: text in a number: {value} (row {row}). Write a number, or leave the cell empty if it is not known.",
        heading=heading,
        value=repr(text_of(cell)),
        row=row,
    )


def numbers(
    raw: RawTable, headings: Headings, column: str, *, whole: bool = True
) -> tuple[pd.Series, list[Message], list[Message]]:
    """
    Read a column of counts.

    Parameters
    ----------
    raw : RawTable
        The table.
    headings : Headings
        Which heading is meant.
    column : str
        Our column.
    whole : bool
        Refuse fractions.

    Returns
    -------
    values : pandas.Series
        Float64, NA where nothing is known, on the table's rows.
    faults : list of Message
        Text in a number, fractions, numbers below 0 or beyond reason; with heading and row.
    notices : list of Message
        How many cells say in words that they are unknown.
    """
    values = pd.Series(pd.NA, index=raw.frame.index, dtype="Float64", name=column)
    if column not in headings.used:
        return values, [], []
    heading = headings.used[column]
    faults: list[Message] = []
    in_words = 0
    for row, cell in raw.frame[heading].items():
        try:
            number = parse_number(cell)
        except ValueError:
            faults.append(no_number(heading, cell, row))
            continue
        if number is None:
            in_words += bool(text_of(cell))
        elif number < 0:
            faults.append(
                msg("{heading}: must be 0 or more: {value} (row {row}).", heading=heading, value=text_of(cell), row=row)
            )
        elif number > _MAX_COUNT:
            faults.append(
                msg(
                    "{heading}: larger than any county has: {value} (row {row}). Correct the number, or leave the cell empty if it is not known.",
                    heading=heading,
                    value=text_of(cell),
                    row=row,
                )
            )
        elif whole and not number.is_integer():
            faults.append(
                msg(
                    "{heading}: must be a whole number: {value} (row {row}).",
                    heading=heading,
                    value=text_of(cell),
                    row=row,
                )
            )
        else:
            values.at[row] = number
    told = []
    if in_words:
        told.append(
            msg(
                "{file}: {heading}: {n} cells say in words that the number is not known.",
                file=raw.file,
                heading=heading,
                n=in_words,
            )
        )
    return values, faults, told


def counts(
    raw: RawTable, headings: Headings, column: str, *, whole: bool = True
) -> tuple[pd.Series, list[Message], list[Message]]:
    """
    Read a count that may stand in one column, in one for boys and one for girls, or in all three.

    Parameters
    ----------
    raw : RawTable
        The table.
    headings : Headings
        Which heading is meant.
    column : str
        Our column.
    whole : bool
        Refuse fractions.

    Returns
    -------
    values : pandas.Series
        As ``numbers``; boys and girls added up, NA where one of them is not known.
    faults : list of Message
        As ``numbers``, and rows whose boys and girls do not add up to the number beside them.
    notices : list of Message
        As ``numbers``.
    """
    values, faults, told = numbers(raw, headings, column, whole=whole)
    halves = [column + end for end in HALVES]
    if not all(half in headings.used for half in halves):
        return values, faults, told
    boys, girls = (numbers(raw, headings, half, whole=whole) for half in halves)
    both = boys[0] + girls[0]
    wrong = (both != values).fillna(value=False).astype(bool)
    for row in values.index[wrong]:
        faults.append(
            msg(
                "{heading}: {value:.10g}, but boys and girls add up to {sum:.10g} (row {row}). Correct one of them.",
                heading=headings.used[column],
                value=values[row],
                sum=both[row],
                row=row,
            )
        )
    return values.fillna(both), [*faults, *boys[1], *girls[1]], [*told, *boys[2], *girls[2]]


def texts(raw: RawTable, headings: Headings, column: str) -> pd.Series:
    """
    Read a column of texts.

    Parameters
    ----------
    raw : RawTable
        The table.
    headings : Headings
        Which heading is meant.
    column : str
        Our column.

    Returns
    -------
    pandas.Series
        Text, empty where the cell is or the table has no such column.
    """
    if column not in headings.used:
        return pd.Series("", index=raw.frame.index, dtype=object, name=column)
    return raw.frame[headings.used[column]].map(text_of).astype(object).rename(column)

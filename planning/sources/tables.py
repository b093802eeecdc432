"""Foreign tables as they stand: cells with their Excel row numbers, headings matched openly, numbers read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj

from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.sources.cell_rows import csv_rows, raise_faults, xlsx_rows
from planning.sources.cells import normal, parse_number, text_of, vocabulary
from planning.sources.gate import FileKind, check_file, read_layer
from planning.sources.headings import MOST_HEADINGS, Headings, headings_in, match_headings
from planning.sources.series import HALVES

__all__ = [
    "Headings",
    "RawTable",
    "counts",
    "match_headings",
    "no_number",
    "numbers",
    "raise_faults",
    "read_rows",
    "read_table",
    "texts",
]

#: A larger count in one cell is a slip of the pen, and would overflow the sums.
_MAX_COUNT = 1_000_000_000
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
    rows, header, titles, notices = read_rows(path, subject=subject, sheet=sheet, mapping=mapping, kind=kind)
    return _table_from_rows(path.name, rows, header, titles, notices, keep_totals=keep_totals)


def read_rows(
    path: Path,
    *,
    subject: str,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    kind: FileKind | None = None,
) -> tuple[list[list[object]], int, list[str], list[Message]]:
    """
    Read a workbook or text table as it stands, its faults and all.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx or .csv.
    subject : str
        What the table is about; its known headings show which row holds the headings.
    sheet : str, optional
        Sheet of a workbook; otherwise the first one with headings that are known.
    mapping : Mapping, optional
        Our column → the file's heading.
    kind : str, optional
        As :func:`planning.sources.gate.check_file` found it; it is checked here otherwise.

    Returns
    -------
    rows : list of list
        All rows from the first; row ``i`` is row ``i + 1`` in Excel.
    header : int
        Which of them holds the headings.
    titles : list of str
        The headings, one a column.
    notices : list of Message
        What was assumed in reading.

    Raises
    ------
    SourceError
        If it is no such table or cannot be read.
    """
    kind = kind or check_file(path, "table")
    if kind not in ("xlsx", "csv"):
        raise SourceError(msg("{file}: this is a map layer. Mend it in your GIS program.", file=path.name))
    notices: list[Message] = []
    wanted = frozenset(normal(theirs) for theirs in (mapping or {}).values() if theirs)
    if kind == "csv":
        rows, notices = csv_rows(path)
    else:
        rows, notices = xlsx_rows(path, sheet, subject, wanted)
    header, _, titles = headings_in(rows, subject, wanted)
    return rows, header, titles, notices


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
                heading=Names.first(repeated, MOST_HEADINGS),
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

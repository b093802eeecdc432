"""The table of who moves: between townships, and from and to places outside the county, by age and year."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.sources.by_township import strange_townships
from planning.sources.cells import normal, parse_number, text_of, vocabulary
from planning.sources.tables import (
    Headings,
    RawTable,
    match_headings,
    no_number,
    numbers,
    raise_faults,
    read_table,
    texts,
)

__all__ = ["OUTSIDE", "MigrationRead", "read_migration"]

OUTSIDE = "*"
"""Stands for everywhere outside the county."""


@dataclass(frozen=True)
class MigrationRead:
    """
    Moves as a table gives them.

    Parameters
    ----------
    moves : pandas.DataFrame
        ``origin``, ``destination`` (townships, or ``OUTSIDE``), ``first_age``, ``last_age``, ``first_year``, ``last_year``
        (Int64, NA where the table does not say), ``share`` of the origin's children each year, ``children`` each year; one of
        the two is NaN.
    mapping : Mapping
        Our column → the file's heading.
    set_aside : tuple of SetAside
        Rows left out.
    notices : tuple of Message
        What was assumed.
    """

    moves: pd.DataFrame
    mapping: Mapping[str, str]
    set_aside: tuple[SetAside, ...] = ()
    notices: tuple[Message, ...] = ()


def read_migration(
    path: Path, *, townships: Collection[str], mapping: Mapping[str, str] | None = None, sheet: str | None = None
) -> MigrationRead:
    """
    Read a table of moves; two places, and a share or a number of children a year are required.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx or .csv.
    townships : collection of str
        Names of the county's townships; others are refused, but for words such as 县外 that mean the outside.
    mapping : Mapping, optional
        Our column → the file's heading.
    sheet : str, optional
        Sheet of a workbook.

    Returns
    -------
    MigrationRead
        One row a move.

    Raises
    ------
    SourceError
        If the file, its headings or its cells cannot be used, or a row is no move; with all faults at once.
    """
    raw = read_table(path, subject="migration", mapping=mapping, sheet=sheet)
    headings = match_headings(raw.frame.columns, subject="migration", mapping=mapping, file=raw.file)
    for column, words in (("origin", msg("from where")), ("destination", msg("to where"))):
        if column not in headings.used:
            raise _missing(raw, words)
    if "share" not in headings.used and "children" not in headings.used:
        raise _missing(raw, msg("share or children a year"))
    share, faults = _shares(raw, headings)
    children, wrong, told = numbers(raw, headings, "children", whole=False)
    faults += wrong
    table = pd.DataFrame({"share": share, "children": children.astype("Float64").astype(float)})
    for end in ("origin", "destination"):
        names = texts(raw, headings, end).map(_place)
        faults += strange_townships(names.where(names != OUTSIDE, ""), townships, headings.used[end])
        table[end] = names.astype("str")
    for what in ("age", "year"):
        table[f"first_{what}"], table[f"last_{what}"], wrong = _span(raw, headings, what)
        faults += wrong
    faults += _no_moves(table)
    raise_faults(raw.file, msg("moves"), faults)
    empty = table["share"].isna() & table["children"].isna()
    aside = [
        SetAside(
            raw.file,
            " → ".join(table.loc[row, ["origin", "destination"]].astype(str)),
            msg("has neither a share nor a number of children. Add one, and it will take part."),
            row=int(row),
        )
        for row in np.asarray(table.index[empty])
    ]
    columns = ["origin", "destination", "first_age", "last_age", "first_year", "last_year", "share", "children"]
    moves = table.loc[~empty, columns].reset_index(drop=True)
    return MigrationRead(moves, headings.used, (*raw.set_aside, *aside), (*raw.notices, *told))


def _missing(raw: RawTable, words: Message) -> SourceError:
    return SourceError(
        msg(
            "{file}: the column {column} is missing. Row {row} has the headings {headings}; add the column, or name its heading in the mapping.",
            file=raw.file,
            column=words,
            row=raw.header_row,
            headings=Names(map(str, raw.frame.columns)),
        )
    )


def _place(text: str) -> str:
    return OUTSIDE if normal(text) in vocabulary()["outside"] else text


def _shares(raw: RawTable, headings: Headings) -> tuple[pd.Series, list[Message]]:
    """Read shares: 0.015, 1.5%, or 1.5 under a heading that says per cent."""
    values = pd.Series(float("nan"), index=raw.frame.index, dtype=float)
    if "share" not in headings.used:
        return values, []
    heading = headings.used["share"]
    faults = []
    for row, cell in raw.frame[heading].items():
        text = unicodedata.normalize("NFKC", text_of(cell))
        in_percent = text.endswith("%") or "%" in unicodedata.normalize("NFKC", heading)
        try:
            number = parse_number(text.removesuffix("%"))
        except ValueError:
            faults.append(no_number(heading, cell, row))
            continue
        if number is None:
            continue
        share = number / 100 if in_percent else number
        values.at[row] = share
        if not 0 <= share <= 1:
            faults.append(
                msg("{heading}: a share must be between 0 and 1, or between 0% and 100%: {value} (row {row}).",
                    heading=heading, value=text, row=row)
            )  # fmt: skip
    return values, faults


def _span(raw: RawTable, headings: Headings, what: str) -> tuple[pd.Series, pd.Series, list[Message]]:
    """Read ages or years: one column such as 6-11 or 2026, or a first and a last one; empty is open."""
    ends = {end: pd.Series(pd.NA, index=raw.frame.index, dtype="Int64") for end in ("first", "last")}
    faults: list[Message] = []
    for end, column in (("both", f"{what}s"), ("first", f"first_{what}"), ("last", f"last_{what}")):
        if column not in headings.used:
            continue
        heading = headings.used[column]
        for row, cell in raw.frame[heading].items():
            text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text_of(cell)))
            if not text or text in vocabulary()["unknown"]:
                continue
            found = re.fullmatch(vocabulary()["ranges"], text)
            if found is None or (found[2] and end != "both") or int(found[2] or found[1]) < int(found[1]):
                faults.append(
                    msg("{heading}: {value} (row {row}) is no range. Write one number, or two such as 6-11.",
                        heading=heading, value=repr(text), row=row)
                )  # fmt: skip
                continue
            if end in ("both", "first"):
                ends["first"].at[row] = int(found[1])
            if end in ("both", "last"):
                ends["last"].at[row] = int(found[2] or found[1])
    return ends["first"], ends["last"], faults


def _no_moves(table: pd.DataFrame) -> list[Message]:
    """Name the rows that are no move."""
    share, children = table["share"].notna(), table["children"].notna()
    same = (table["origin"] == table["destination"]) | (table["origin"] == "") | (table["destination"] == "")
    outside = share & (table["origin"] == OUTSIDE)
    rows = np.asarray(table.index)
    return [
        *(msg("row {row}: a move needs two different places.", row=int(row)) for row in rows[same]),
        *(msg("row {row}: give a share or a number of children, not both.", row=int(row)) for row in rows[share & children]),
        *(
            msg("row {row}: who comes from outside can only be a number of children a year: a share of the outside is not known.",
                row=int(row))
            for row in rows[outside]
        ),
    ]  # fmt: skip

"""The table of births by year, of the county or of its townships, in one variant or in three."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from planning.config import VARIANTS_OF_BIRTHS
from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.sources.by_township import strange_townships, township_or_county, years_of
from planning.sources.tables import match_headings, numbers, raise_faults, read_table, texts

__all__ = ["BirthsRead", "read_births"]

_COLUMNS = {"middle": "births", "low": "births_low", "high": "births_high"}


@dataclass(frozen=True)
class BirthsRead:
    """
    Births as a table gives them.

    Parameters
    ----------
    births : pandas.DataFrame
        ``township`` ("" the county as a whole), ``year``, ``low``, ``middle``, ``high`` [children/year]; low and high are NaN
        where the table does not say. By year and township.
    mapping : Mapping
        Our column → the file's heading.
    set_aside : tuple of SetAside
        Rows left out, such as those without a number.
    notices : tuple of Message
        What was assumed.
    """

    births: pd.DataFrame
    mapping: Mapping[str, str]
    set_aside: tuple[SetAside, ...] = ()
    notices: tuple[Message, ...] = ()


def read_births(
    path: Path, *, townships: Collection[str], mapping: Mapping[str, str] | None = None, sheet: str | None = None
) -> BirthsRead:
    """
    Read a table of births; a year and a number are required, years gone by are welcome.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx or .csv.
    townships : collection of str
        Names of the county's townships; others are refused.
    mapping : Mapping, optional
        Our column → the file's heading.
    sheet : str, optional
        Sheet of a workbook.

    Returns
    -------
    BirthsRead
        One row a year and township. Where only low and high are given, the middle lies between them.

    Raises
    ------
    SourceError
        If the file, its headings or its cells cannot be used, a year stands twice, a low number is above a high one or a
        township is none of the county's; with all faults at once.
    """
    raw = read_table(path, subject="births", mapping=mapping, sheet=sheet, keep_totals=True)
    headings = match_headings(raw.frame.columns, subject="births", mapping=mapping, file=raw.file)
    given = [variant for variant in VARIANTS_OF_BIRTHS if _COLUMNS[variant] in headings.used]
    for words, there in (
        (msg("year"), "year" in headings.used),
        (msg("number of births"), "middle" in given or {"low", "high"} <= set(given)),
    ):
        if not there:
            raise SourceError(
                msg("{file}: the column {column} is missing. Row {row} has the headings {headings}; add the column, or name its heading in the mapping.",
                    file=raw.file, column=words, row=raw.header_row,
                    headings=Names(map(str, raw.frame.columns)))
            )  # fmt: skip
    years, faults = years_of(raw.frame[headings.used["year"]], headings.used["year"])
    notices = list(raw.notices)
    table = pd.DataFrame({"township": texts(raw, headings, "township").map(township_or_county), "year": years})
    for variant in VARIANTS_OF_BIRTHS:
        table[variant], wrong, told = numbers(raw, headings, _COLUMNS[variant], whole=False)
        faults += wrong
        notices += told
    table = table.astype(dict.fromkeys(VARIANTS_OF_BIRTHS, "Float64")).astype(dict.fromkeys(VARIANTS_OF_BIRTHS, float))
    between = table["middle"].isna() & table["low"].notna() & table["high"].notna()
    table["middle"] = table["middle"].mask(between, (table["low"] + table["high"]) / 2)
    if between.any():
        notices.append(
            msg("{file}: {n} rows have low and high births only; the middle variant lies halfway between them.",
                file=raw.file, n=int(between.sum()))
        )  # fmt: skip
    faults += strange_townships(table["township"], townships, headings.used.get("township", "township"))
    complete = table["year"].notna() & table["middle"].notna()
    faults += _unordered(table[complete]) + _repeated(table[complete])
    raise_faults(raw.file, msg("births"), faults)
    aside = [
        SetAside(
            raw.file,
            str(table.at[row, "township"]) or str(table.at[row, "year"]),
            msg("has no year or no number of births. Add them, and it will take part."),
            row=int(row),
        )
        for row in np.asarray(table.index[~complete])
    ]
    kept = table[complete].astype({"year": "int64", "township": "str"})
    births = kept.sort_values(["year", "township"], kind="stable", ignore_index=True)
    return BirthsRead(births, headings.used, (*raw.set_aside, *aside), tuple(notices))


def _unordered(table: pd.DataFrame) -> list[Message]:
    """Name the rows whose variants are not in order."""
    wrong = (table["low"] > table["middle"]) | (table["middle"] > table["high"])
    return [
        msg("row {row}: births of the low variant must be at most those of the middle one, and those at most the high ones.",
            row=int(row))
        for row in np.asarray(table.index[wrong])
    ]  # fmt: skip


def _repeated(table: pd.DataFrame) -> list[Message]:
    """Name the years that stand twice."""
    return [
        msg("Births of {township} in {year} are given twice.",
            township=table.at[row, "township"] or msg("the county"), year=int(table["year"].loc[row]))
        for row in table.index[table.duplicated(["township", "year"])]
    ]  # fmt: skip

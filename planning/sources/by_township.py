"""What tables by year and township have in common: years out of dates and texts, townships that the county must have."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Collection

import pandas as pd

from planning.errors import Message, Names, msg
from planning.sources.cells import is_unknown, normal, text_of, vocabulary

__all__ = ["WHOLE_COUNTY", "strange_townships", "township_or_county", "years_of"]

WHOLE_COUNTY = ""
"""Stands for the county as a whole where a table names no township."""

_YEAR = re.compile(r"\D{0,3}((?:19|20|21)\d\d)(?!\d)\D?.*")
_MOST_NAMES = 30


def years_of(cells: pd.Series, heading: str) -> tuple[pd.Series, list[Message]]:
    """
    Read years, also out of dates and of texts that begin with one.

    Parameters
    ----------
    cells : pandas.Series
        Cells as read.
    heading : str
        The file's heading, for the words.

    Returns
    -------
    tuple of (pandas.Series, list of Message)
        Years as Int64, NA where the cell is empty or says that it is unknown; what is no year, with its row.
    """
    years = pd.Series(pd.NA, index=cells.index, dtype="Int64")
    faults = []
    for row, cell in zip(cells.index, cells, strict=True):
        text = text_of(cell)
        if not text or is_unknown(text):
            continue
        found = _YEAR.fullmatch(text)
        if isinstance(cell, dt.date):
            years.at[row] = cell.year
        elif found is not None:
            years.at[row] = int(found[1])
        else:
            faults.append(
                msg(
                    "{heading}: {value} (row {row}) is no year. Write four digits, such as 2027.",
                    heading=heading,
                    value=repr(text),
                    row=row,
                )
            )
    return years, faults


def township_or_county(text: str) -> str:
    """
    Give a township its name as it stands, the county none.

    Parameters
    ----------
    text : str
        Text of a cell.

    Returns
    -------
    str
        The name; ``WHOLE_COUNTY`` where the cell is empty or says 全县 and the like.
    """
    county = not text or is_unknown(text) or normal(text) in vocabulary()["county"]
    return WHOLE_COUNTY if county else text


def strange_townships(names: pd.Series, townships: Collection[str], heading: str) -> list[Message]:
    """
    Name the rows whose township the county does not have, each with the name that it is most like.

    Parameters
    ----------
    names : pandas.Series
        Townships by row of the file; empty ones are left out.
    townships : collection of str
        The county's townships.
    heading : str
        The file's heading, for the words.

    Returns
    -------
    list of Message
        One a row.
    """
    own = sorted(name for name in townships if name)
    faults = []
    for row, name in names.items():
        if not name or name in own:
            continue
        near = difflib.get_close_matches(name, own, n=1, cutoff=0.5)
        if near:
            faults.append(
                msg("{heading}: {name} is no township of the county (row {row}). Is it {near}?",
                    heading=heading, name=name, row=row, near=near[0])
            )  # fmt: skip
        else:
            faults.append(
                msg("{heading}: {name} is no township of the county (row {row}). It has {names}.",
                    heading=heading, name=name, row=row, names=Names.first(own, _MOST_NAMES) or "-")
            )  # fmt: skip
    return faults

"""Text that came from outside, made harmless where a program would run it."""

from __future__ import annotations

import re

import pandas as pd

__all__ = ["as_plain_text", "is_text_column"]

#: A cell that begins with one of these is read as a formula by spreadsheet programs; Chinese ones take full-width signs as well.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
#: A number may begin with a sign; nothing in it can be run.
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


def is_text_column(column: pd.Series) -> bool:
    """
    Say whether a column may hold texts.

    Parameters
    ----------
    column : pandas.Series
        Any column.

    Returns
    -------
    bool
        False for numbers, truth values and times.
    """
    kind = column.dtype
    return not (
        pd.api.types.is_numeric_dtype(kind)
        or pd.api.types.is_bool_dtype(kind)
        or pd.api.types.is_datetime64_any_dtype(kind)
    )


def as_plain_text(table: pd.DataFrame) -> pd.DataFrame:
    """
    Mark texts that a spreadsheet would run as a formula, by the apostrophe that spreadsheets take for "this is text".

    Parameters
    ----------
    table : pandas.DataFrame
        Any table; numbers are left alone, as texts as well.

    Returns
    -------
    pandas.DataFrame
        A copy.
    """
    texts = [name for name in table.columns if is_text_column(table[name])]
    return table.assign(
        **{
            str(name): pd.Series([_marked(value) for value in table[name]], index=table.index, dtype=object)
            for name in texts
        }
    )


def _marked(value: object) -> object:
    runs = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if runs else value

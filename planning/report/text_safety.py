"""Text that came from outside, made harmless where a program would run it."""

from __future__ import annotations

import pandas as pd

__all__ = ["as_plain_text"]

#: A cell that begins with one of these is read as a formula by spreadsheet programs.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_plain_text(table: pd.DataFrame) -> pd.DataFrame:
    """
    Mark texts that a spreadsheet would run as a formula, by the apostrophe that spreadsheets take for "this is text".

    Parameters
    ----------
    table : pandas.DataFrame
        Any table; numbers are left alone.

    Returns
    -------
    pandas.DataFrame
        A copy.
    """

    def mark(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value

    texts = [name for name in table.columns if pd.api.types.is_string_dtype(table[name]) or table[name].dtype == object]
    return table.assign(**{name: table[name].map(mark) for name in texts})

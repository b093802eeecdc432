"""Births and moves of a project that names no tables of them."""

from __future__ import annotations

import pandas as pd

from planning.config import VARIANTS_OF_BIRTHS

__all__ = ["no_births", "no_moves"]


def no_births() -> pd.DataFrame:
    """
    Give the table of births of a project that names none.

    Returns
    -------
    pandas.DataFrame
        The columns of ``BirthsRead.births``, no rows.
    """
    number = pd.Series(dtype=float)
    return pd.DataFrame(
        {
            "township": pd.Series(dtype="str"),
            "year": pd.Series(dtype="int64"),
            **dict.fromkeys(VARIANTS_OF_BIRTHS, number),
        }
    )


def no_moves() -> pd.DataFrame:
    """
    Give the table of moves of a project that names none.

    Returns
    -------
    pandas.DataFrame
        The columns of ``MigrationRead.moves``, no rows.
    """
    text, whole, number = pd.Series(dtype="str"), pd.Series(dtype="Int64"), pd.Series(dtype=float)
    return pd.DataFrame(
        {
            **dict.fromkeys(("origin", "destination"), text),
            **dict.fromkeys(("first_age", "last_age", "first_year", "last_year"), whole),
            **dict.fromkeys(("share", "children"), number),
        }
    )

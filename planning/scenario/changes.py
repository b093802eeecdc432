"""Births and moves, as a project's tables give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.sources.births import VARIANTS, read_births
from planning.sources.migration import read_migration

if TYPE_CHECKING:
    import geopandas as gpd

    from planning.config import Project
    from planning.scenario.told import Told

__all__ = ["no_births", "no_moves", "read_changes"]


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
        {"township": pd.Series(dtype="str"), "year": pd.Series(dtype="int64"), **dict.fromkeys(VARIANTS, number)}
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


def read_changes(
    project: Project, cells: gpd.GeoDataFrame, townships: gpd.GeoDataFrame, told: Told
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Read the tables of births and moves that a project names.

    Parameters
    ----------
    project : Project
        Names the tables.
    cells : geopandas.GeoDataFrame
        Inhabited places with ``township``.
    townships : geopandas.GeoDataFrame
        ``name`` and polygon; empty where there are none.
    told : Told
        Takes what is to be said.

    Returns
    -------
    tuple of pandas.DataFrame
        Births and moves; empty where none are named.

    Raises
    ------
    SourceError
        If a table cannot be read, or names townships that the county does not have.
    """
    names = {str(name) for name in (*cells["township"].unique(), *townships["name"])} - {""}
    births, moves = no_births(), no_moves()
    if project.births is not None:
        read = read_births(project.path(project.births), townships=names)
        told.take(notices=read.notices, set_aside=read.set_aside)
        births = read.births
    if project.migration is not None:
        of_moves = read_migration(project.path(project.migration), townships=names)
        told.take(notices=of_moves.notices, set_aside=of_moves.set_aside)
        moves = of_moves.moves
    return births, moves

"""Rows that are (grade band, cell) pairs, band by band: row ``band * n_cells + cell``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from planning.errors import Message, SchemaError, msg
from planning.siting.answer import NAMED
from planning.siting.checks import Bools, Floats, Reach, check_pupils, check_reach

__all__ = ["check_bands", "check_each_band", "check_pupils_by_band", "left_out_of_bands", "stack_bands"]


def check_bands(costs: Any, name: str) -> list[Reach]:
    """
    Take one matrix of costs a band.

    Parameters
    ----------
    costs : array_like, shape (n_bands, n_cells, n_sites), or list of matrices by band, dense or CSR
        Costs; inf or not stored = out of reach.
    name : str
        What the caller calls them.

    Returns
    -------
    list of Reach
        Pairs in reach, by band.

    Raises
    ------
    SchemaError
        If it is no table a band, or a table holds NaN or a negative cost, or has another shape than the first.
    """
    if sparse.issparse(costs) or not isinstance(costs, (Sequence, np.ndarray)) or len(costs) == 0:
        raise SchemaError(msg("{name}: must be one table of cells by sites for each grade band.", name=name))
    bands = [check_reach(part, name) for part in costs]
    if len({(reach.n_rows, reach.n_sites) for reach in bands}) != 1:
        raise SchemaError(msg("{name}: the tables of all grade bands must have the same cells and sites.", name=name))
    return bands


def check_each_band(values: Any, n_bands: int, name: str) -> Bools:
    """
    Take a yes or no for each band.

    Parameters
    ----------
    values : array_like of bool, shape (n_bands,)
        The answers.
    n_bands : int
        Number of bands.
    name : str
        What the caller calls them.

    Returns
    -------
    numpy.ndarray of bool, shape (n_bands,)
        The answers.

    Raises
    ------
    SchemaError
        If there are not as many, or they are no truth values.
    """
    taken = np.asarray(values)
    if taken.shape != (n_bands,) or taken.dtype != bool:
        raise SchemaError(msg("{name}: must be true or false for each of {n} grade bands.", name=name, n=n_bands))
    return taken


def check_pupils_by_band(pupils: Any, n_bands: int, n_cells: int) -> Floats:
    """
    Take the pupils of each band and cell.

    Parameters
    ----------
    pupils : array_like of int, shape (n_bands, n_cells)
        Pupils [pupils].
    n_bands, n_cells : int
        Shape.

    Returns
    -------
    numpy.ndarray of float64, shape (n_bands * n_cells,)
        Pupils, band by band.

    Raises
    ------
    SchemaError
        If the shape does not fit, or they are not whole numbers of 0 or more.
    """
    taken = np.asarray(pupils)
    if taken.shape != (n_bands, n_cells):
        raise SchemaError(
            msg(
                "pupils_by_band: must have {n_bands} grade bands of {n_cells} cells, the shape of costs_day.",
                n_bands=n_bands,
                n_cells=n_cells,
            )
        )
    return check_pupils(taken.ravel(), n_bands * n_cells, whole=True, name="pupils_by_band")


def stack_bands(bands: Sequence[Reach]) -> Reach:
    """
    Put the bands under each other.

    Parameters
    ----------
    bands : sequence of Reach
        Pairs in reach, by band.

    Returns
    -------
    Reach
        Pairs in reach, rows band by band.
    """
    n_cells = bands[0].n_rows
    return Reach(
        row=np.concatenate([reach.row + band * n_cells for band, reach in enumerate(bands)]),
        site=np.concatenate([reach.site for reach in bands]),
        cost=np.concatenate([reach.cost for reach in bands]),
        n_rows=n_cells * len(bands),
        n_sites=bands[0].n_sites,
    )


def left_out_of_bands(wanted: Floats, reached: Bools, n_cells: int) -> tuple[tuple[int, ...], tuple[Message, ...]]:
    """
    List the rows with pupils that no site reaches, and say so.

    Parameters
    ----------
    wanted : numpy.ndarray, shape (n_rows,)
        Pupils of each row [pupils].
    reached : numpy.ndarray of bool, shape (n_rows,)
        Rows that some site reaches.
    n_cells : int
        Number of cells.

    Returns
    -------
    tuple of tuple
        Rows, and the sentences about them (none where there are none).
    """
    rows = np.flatnonzero((wanted > 0) & ~reached)
    single = tuple(
        msg(
            "No site reaches cell {cell}, grade band {band}: {pupils} pupils are left out of the question.",
            cell=int(row % n_cells),
            band=int(row // n_cells),
            pupils=int(wanted[row]),
        )
        for row in rows[:NAMED]
    )
    rest = (msg("{n} more cells are left out of the question.", n=int(rows.size - NAMED)),) if rows.size > NAMED else ()
    return tuple(rows.tolist()), (*single, *rest)

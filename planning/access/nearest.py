"""The nearest school of each cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planning.access.pairs import cost_pairs
from planning.errors import SchemaError, msg

__all__ = ["nearest_school"]


def nearest_school(costs: Any, *, limit: float | None = None) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """
    Find the nearest school of each cell.

    Ties go to the lowest column, so columns sorted by id make the answer independent of the order of the source.

    Parameters
    ----------
    costs : array_like or scipy sparse, shape (n_cells, n_schools)
        Cost from cell to school; inf = out of reach. Of a sparse table the stored entries are the pairs in reach.
    limit : float, optional
        Reach of a school, inclusive [unit of ``costs``].

    Returns
    -------
    position : numpy.ndarray of int64, shape (n_cells,)
        Column of the nearest school; -1 where none is in reach.
    cost : numpy.ndarray of float32, shape (n_cells,)
        Cost to go there [unit of ``costs``]; inf where none is in reach.

    Raises
    ------
    SchemaError
        If costs are negative or NaN, or the limit is.
    """
    if limit is not None and not limit >= 0:
        raise SchemaError(msg("A limit of reach must be 0 or more, not {limit}.", limit=limit))
    if sparse.issparse(costs):
        position, cost = _of_pairs(cost_pairs(costs))
    else:
        position, cost = _of_table(costs)
    if limit is not None:
        beyond = cost > limit
        position[beyond] = -1
        cost[beyond] = np.inf
    return position, cost.astype(np.float32)


def _of_table(costs: Any) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Search a dense table in its own precision, without a copy where it is float already."""
    table = np.asarray(costs)
    if table.ndim != 2 or table.dtype.kind not in "fiu":
        pairs = cost_pairs(costs)  # says what is wrong with it, or reads it
        return _of_pairs(pairs)
    n_cells, n_schools = table.shape
    if n_schools == 0:
        return np.full(n_cells, -1, dtype=np.int64), np.full(n_cells, np.inf)
    position = table.argmin(axis=1).astype(np.int64)  # a NaN counts as the lowest here
    cost = table[np.arange(n_cells), position].astype(np.float64)
    if not (cost >= 0).all():
        cost_pairs(table)
    position[np.isinf(cost)] = -1
    return position, cost


def _of_pairs(pairs: sparse.csr_array) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Search the stored pairs, row by row."""
    n_cells = pairs.shape[0]
    position = np.full(n_cells, -1, dtype=np.int64)
    cost = np.full(n_cells, np.inf)
    rows = np.flatnonzero(np.diff(pairs.indptr))
    if rows.size:
        starts = pairs.indptr[rows].astype(np.int64)
        cost[rows] = np.minimum.reduceat(pairs.data, starts)
        is_lowest = np.flatnonzero(pairs.data == np.repeat(cost[rows], np.diff(pairs.indptr)[rows]))
        position[rows] = pairs.indices[is_lowest[np.searchsorted(is_lowest, starts)]]
    return position, cost

"""
Shorten a cost table that is too large to be held as pairs: each row keeps its cheapest sites and a way out.

The way out costs what the next site would, needs no site and has room for all; so the short question never costs more
than the whole one, and a bound on the short question is a bound on the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from planning.errors import SchemaError, msg
from planning.siting.checks import Bools, Floats, Reach

__all__ = ["Short", "columns_of", "count_pairs", "dense_rows", "shorten"]

_BLOCK = 512


@dataclass(frozen=True)
class Short:
    """
    What is left of a large table.

    Parameters
    ----------
    reach : Reach
        The cheapest pairs of each row, ordered by row and then, unlike elsewhere, by cost.
    way_out : numpy.ndarray, shape (n_rows,)
        Cost of the cheapest pair left out [cost unit]; inf where none is.
    reached : numpy.ndarray of bool, shape (n_rows,)
        Rows that any site reaches.
    """

    reach: Reach
    way_out: Floats
    reached: Bools


def count_pairs(costs: Any) -> int:
    """
    Count the entries of a cost table.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix
        The table.

    Returns
    -------
    int
        Cells of a dense table, stored entries of a sparse one; 0 of anything else.
    """
    table: Any = costs
    if sparse.issparse(costs):
        return int(table.nnz)
    return int(costs.size) if isinstance(costs, np.ndarray) and costs.ndim == 2 and costs.dtype.kind in "iuf" else 0


def shorten(costs: Any, pupils: Floats, length: int, name: str = "costs") -> Short:
    """
    Keep the cheapest pairs of each row that has pupils.

    Parameters
    ----------
    costs : numpy.ndarray or scipy.sparse matrix, shape (n_rows, n_sites)
        Cost per pupil; inf or not stored = out of reach.
    pupils : numpy.ndarray, shape (n_rows,)
        Pupils; a row without any keeps nothing.
    length : int
        Pairs that a row keeps.
    name : str
        What the caller calls the table.

    Returns
    -------
    Short
        The short table.

    Raises
    ------
    SchemaError
        If the table holds NaN or a negative cost, or a pair twice.
    """
    n_rows, n_sites = costs.shape
    table: Any = costs
    if sparse.issparse(costs):
        table = table.tocsr()
        if not table.has_canonical_format:
            table = table.copy()
            stored = table.nnz
            table.sum_duplicates()
            if table.nnz != stored:
                raise SchemaError(
                    msg("{name}: the same cell and site are stored twice; store each pair once.", name=name)
                )
    keep = min(length, n_sites)
    way_out, reached = np.full(n_rows, np.inf), np.zeros(n_rows, dtype=bool)
    parts: list[tuple[Any, Any, Any]] = []
    for first in range(0, n_rows, _BLOCK):
        block = dense_rows(table, slice(first, min(first + _BLOCK, n_rows)))
        low = block.min(axis=1)  # NaN comes through
        if not (low >= 0).all():
            row, site = np.argwhere(~(block >= 0))[0]
            raise SchemaError(
                msg(
                    "{name}: must be 0 or more, or inf for out of reach; cell {cell}, site {site} has {value}.",
                    name=name,
                    cell=int(first + row),
                    site=int(site),
                    value=float(block[row, site]),
                )
            )
        reached[first : first + len(block)] = np.isfinite(low)
        used = np.flatnonzero(np.isfinite(low) & (pupils[first : first + len(block)] > 0))
        if used.size == 0:
            continue
        part = block[used]
        if keep < n_sites:
            order = np.argpartition(part, keep, axis=1)
            way_out[first + used] = np.take_along_axis(part, order[:, keep : keep + 1], axis=1)[:, 0]
            near = np.sort(order[:, :keep], axis=1)
            cost = np.take_along_axis(part, near, axis=1)
        else:
            near, cost = np.broadcast_to(np.arange(n_sites), part.shape), part
        order = np.argsort(cost, axis=1, kind="stable")
        near, cost = np.take_along_axis(near, order, axis=1), np.take_along_axis(cost, order, axis=1)
        stays = np.isfinite(cost)
        row, place = np.nonzero(stays)
        parts.append((first + used[row], near[row, place], cost[row, place].astype(np.float64)))
    row, site, cost = (
        np.concatenate([part[k] for part in parts]) if parts else np.zeros(0, dtype=np.int64) for k in range(3)
    )
    return Short(Reach(row, site, cost.astype(np.float64), n_rows, n_sites), way_out, reached)


def columns_of(costs: Any, sites: Any) -> Any:
    """
    Take some columns of a cost table.

    Parameters
    ----------
    costs : numpy.ndarray or scipy.sparse matrix, shape (n_rows, n_sites)
        The table.
    sites : array_like of int
        Columns.

    Returns
    -------
    numpy.ndarray or scipy.sparse.csr_array
        The table of these columns.
    """
    table: Any = costs
    if sparse.issparse(costs):
        return sparse.csr_array(table.tocsr()[:, sites])
    return table[:, sites].astype(np.float64)


def dense_rows(table: Any, rows: Any) -> Any:
    """
    Take some rows of a cost table as a dense block.

    Parameters
    ----------
    table : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
        The table.
    rows : slice or numpy.ndarray of int
        Rows.

    Returns
    -------
    numpy.ndarray
        Costs; inf where nothing is stored.
    """
    part = table[rows]
    if not sparse.issparse(table):
        return part
    block = np.full(part.shape, np.inf)
    block[np.repeat(np.arange(part.shape[0]), np.diff(part.indptr)), part.indices] = part.data
    return block

"""
Keep of a cost table only what a question about new sites needs: the nearest open site, and whatever is cheaper.

A table may hold thousands of sites by ten thousands of cells; it is read in blocks of rows and never copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.siting.checks import Floats, Ints, Reach, check_reach
from planning.siting.proposal import Proposal

__all__ = [
    "Nearest",
    "Shortlist",
    "cheaper_pairs",
    "cost_matrix",
    "costs_at",
    "count_pairs",
    "nearest_two",
    "shorten",
    "sites_of",
]

_BLOCK = 4_000_000  # entries of a dense table that are looked at together


@dataclass(frozen=True)
class Nearest:
    """
    What each cell pays at its nearest site among some, and without that site.

    Parameters
    ----------
    site : numpy.ndarray of int64, shape (n_rows,)
        Nearest site, the lowest column among equals; -1 where none is in reach.
    cost, second : numpy.ndarray, shape (n_rows,)
        Its cost, and the cost of the next nearest [cost unit]; inf where there is none.
    """

    site: Ints
    cost: Floats
    second: Floats


@dataclass(frozen=True)
class Shortlist:
    """
    A question about new sites, cut down to the pairs that can matter.

    Parameters
    ----------
    pairs : Reach
        Pairs of counted cells and candidates that are cheaper than the cell's nearest open site.
    fallback : numpy.ndarray, shape (n_rows,)
        Cost of the nearest open site [cost unit]; inf where none is in reach.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of the cells that some site reaches; 0 for all others [pupils].
    candidates : numpy.ndarray of int64
        Columns that may be opened, rising.
    """

    pairs: Reach
    fallback: Floats
    weight: Floats
    candidates: Ints

    def cheapest(self, sites: Ints) -> Floats:
        """
        Find what each cell pays once some sites are opened.

        Parameters
        ----------
        sites : numpy.ndarray of int64
            Columns that are opened.

        Returns
        -------
        numpy.ndarray, shape (n_rows,)
            Cost of the nearest open site [cost unit]; inf where there is none.
        """
        opened = np.zeros(self.pairs.n_sites, dtype=bool)
        opened[sites] = True
        at = opened[self.pairs.site]
        lowest = self.fallback.copy()
        np.minimum.at(lowest, self.pairs.row[at], self.pairs.cost[at])
        return lowest

    def table(self, pair_cost: Floats, fallback_cost: Floats, allowed: Ints) -> sparse.csr_array:
        """
        Write the question as a cost table again: the allowed candidates, and all open sites as one last column.

        Parameters
        ----------
        pair_cost : numpy.ndarray, shape (n_pairs,)
            Cost of each pair [cost unit].
        fallback_cost : numpy.ndarray, shape (n_rows,)
            Cost at the nearest open site; inf where there is none [cost unit].
        allowed : numpy.ndarray of int64
            Candidates that become columns, rising.

        Returns
        -------
        scipy.sparse.csr_array, shape (n_counted, n_allowed + 1)
            One row for each cell with pupils.
        """
        number = np.full(self.pairs.n_sites, -1, dtype=np.int64)
        number[allowed] = np.arange(allowed.size)
        rank = np.cumsum(self.weight > 0) - 1
        at = number[self.pairs.site] >= 0
        stays = np.flatnonzero((self.weight > 0) & np.isfinite(fallback_cost))
        row = np.concatenate([rank[self.pairs.row[at]], rank[stays]])
        column = np.concatenate([number[self.pairs.site[at]], np.full(stays.size, allowed.size)])
        value = np.concatenate([pair_cost[at], fallback_cost[stays]])
        order = np.lexsort((column, row))
        shape = (int((self.weight > 0).sum()), allowed.size + 1)
        start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=shape[0]))])
        return sparse.csr_array((value[order], column[order], start), shape=shape)  # a stored zero stays a pair


def cost_matrix(costs: Any) -> npt.NDArray[Any] | sparse.csr_array:
    """
    Take a cost table as it is, checked, without a copy where it is dense.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_rows, n_sites)
        Cost per pupil [cost unit]; inf or not stored = out of reach.

    Returns
    -------
    numpy.ndarray or scipy.sparse.csr_array
        The table.

    Raises
    ------
    SchemaError
        If it is not a matrix, or holds NaN or a negative cost.
    """
    if sparse.issparse(costs):
        pairs = check_reach(costs)
        start = np.concatenate([[0], np.cumsum(np.bincount(pairs.row, minlength=pairs.n_rows))])
        return sparse.csr_array((pairs.cost, pairs.site, start), shape=(pairs.n_rows, pairs.n_sites))
    dense = np.asarray(costs)
    if dense.ndim != 2 or dense.dtype.kind not in "iufb" or not all((block >= 0).all() for _, block in _blocks(dense)):
        check_reach(costs)  # says what is wrong
    return dense


def _blocks(dense: npt.NDArray[Any]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Give a table in blocks of rows, each with the number of its first row."""
    size = max(1, _BLOCK // max(1, dense.shape[1]))
    for first in range(0, dense.shape[0], size):
        yield first, dense[first : first + size]


def costs_at(table: npt.NDArray[Any] | sparse.csr_array, row: npt.NDArray[Any], site: npt.NDArray[Any]) -> Floats:
    """
    Look up the costs of some pairs.

    Parameters
    ----------
    table : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
        A table as `cost_matrix` gives it.
    row, site : numpy.ndarray of int, shape (n_pairs,)
        The pairs.

    Returns
    -------
    numpy.ndarray, shape (n_pairs,)
        Cost of each [cost unit]; inf where the site is out of the cell's reach.
    """
    if not sparse.issparse(table):
        return np.asarray(np.asarray(table)[row, site], dtype=np.float64)
    stored, n_sites = cast(Any, table), np.int64(table.shape[1])
    key = np.repeat(np.arange(table.shape[0], dtype=np.int64), np.diff(stored.indptr)) * n_sites + stored.indices
    wanted = row.astype(np.int64) * n_sites + site
    place = np.minimum(np.searchsorted(key, wanted), max(key.size - 1, 0))
    if key.size == 0:
        return np.full(wanted.size, np.inf)
    return np.where(key[place] == wanted, stored.data[place], np.inf)


def nearest_two(table: npt.NDArray[Any] | sparse.csr_array, columns: Ints) -> Nearest:
    """
    Find each cell's nearest site among some, and what the next one costs.

    Parameters
    ----------
    table : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
        A table as `cost_matrix` gives it.
    columns : numpy.ndarray of int64
        Sites that are open, rising.

    Returns
    -------
    Nearest
        Site, its cost, and the second lowest cost.
    """
    n_rows = table.shape[0]
    site = np.full(n_rows, -1, dtype=np.int64)
    cost, second = np.full(n_rows, np.inf), np.full(n_rows, np.inf)
    if columns.size == 0:
        return Nearest(site, cost, second)
    dense = _some_columns(table, columns)
    for first, block in _blocks(dense):
        rows = np.arange(block.shape[0])
        where = block.argmin(axis=1)
        lowest = block[rows, where]
        here = slice(first, first + block.shape[0])
        cost[here] = lowest
        site[here] = np.where(np.isfinite(lowest), columns[where], -1)
        if columns.size > 1:
            second[here] = np.partition(block, 1, axis=1)[:, 1]
    return Nearest(site, cost, second)


def _some_columns(table: npt.NDArray[Any] | sparse.csr_array, columns: Ints) -> npt.NDArray[Any]:
    if not sparse.issparse(table):
        return np.asarray(table)[:, columns].astype(np.float64)
    stored = cast(Any, table)[:, columns].tocoo()
    dense = np.full(stored.shape, np.inf)
    dense[stored.row, stored.col] = stored.data
    return dense


def cheaper_pairs(table: npt.NDArray[Any] | sparse.csr_array, ceiling: Floats, allowed: npt.NDArray[np.bool_]) -> Reach:
    """
    List the pairs that cost less than a cell's ceiling.

    Parameters
    ----------
    table : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
        A table as `cost_matrix` gives it.
    ceiling : numpy.ndarray, shape (n_rows,)
        Only cheaper pairs are listed [cost unit]; inf = all in reach, 0 = none.
    allowed : numpy.ndarray of bool, shape (n_sites,)
        Sites whose pairs are listed.

    Returns
    -------
    Reach
        The pairs, ordered by cell and then by site.
    """
    n_rows, n_sites = table.shape
    if sparse.issparse(table):
        stored = cast(Any, table)
        row = np.repeat(np.arange(n_rows, dtype=np.int64), np.diff(stored.indptr))
        keep = (stored.data < ceiling[row]) & allowed[stored.indices]
        return Reach(row[keep], stored.indices[keep].astype(np.int64), stored.data[keep], n_rows, n_sites)
    rows, sites, values = [], [], []
    dense = np.asarray(table)
    columns = np.arange(n_sites)
    if 2 * allowed.sum() < n_sites:
        columns = np.flatnonzero(allowed)
        dense, allowed = dense[:, columns], np.ones(columns.size, dtype=bool)
    for first, block in _blocks(dense):
        top = ceiling[first : first + block.shape[0], None]
        if block.dtype.kind == "f":  # compared as the table has them: float64 would double what is read
            top = top.astype(block.dtype, copy=False)
        row, site = np.nonzero(block <= top)
        keep = allowed[site] & (block[row, site] < ceiling[first + row])
        rows.append(first + row[keep])
        sites.append(columns[site[keep]])
        values.append(block[row[keep], site[keep]].astype(np.float64))
    empty = np.zeros(0, dtype=np.int64)
    return Reach(
        np.concatenate([empty, *rows]), np.concatenate([empty, *sites]), np.concatenate([np.zeros(0), *values]),
        n_rows, n_sites,
    )  # fmt: skip


def count_pairs(table: npt.NDArray[Any] | sparse.csr_array) -> Ints:
    """
    Count the sites in reach of each cell.

    Parameters
    ----------
    table : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
        A table as `cost_matrix` gives it.

    Returns
    -------
    numpy.ndarray of int64, shape (n_rows,)
        Sites.
    """
    if sparse.issparse(table):
        return np.asarray(np.diff(cast(Any, table).indptr), dtype=np.int64)
    counts = [np.isfinite(block).sum(axis=1) for _, block in _blocks(np.asarray(table))]
    return np.concatenate([np.zeros(0, dtype=np.int64), *counts])


def shorten(table: npt.NDArray[Any] | sparse.csr_array, weight: Floats, fixed: Ints) -> Shortlist:
    """
    Cut a question about new sites down to the pairs that can matter.

    Parameters
    ----------
    table : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
        A table as `cost_matrix` gives it.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].
    fixed : numpy.ndarray of int64
        Columns that are open already.

    Returns
    -------
    Shortlist
        The question; its answers are those of the whole one.
    """
    fallback = nearest_two(table, fixed).cost
    allowed = np.ones(table.shape[1], dtype=bool)
    allowed[fixed] = False
    pairs = cheaper_pairs(table, np.where(weight > 0, fallback, 0.0), allowed)
    counted = (weight > 0) & (np.isfinite(fallback) | pairs.reached())
    return Shortlist(pairs, fallback, np.where(counted, weight, 0.0), np.flatnonzero(allowed).astype(np.int64))


def sites_of(answer: Proposal, allowed: Ints) -> Ints:
    """
    Translate the sites of an answer on a shortened table back.

    Parameters
    ----------
    answer : Proposal
        Answer to the question that `Shortlist.table` wrote.
    allowed : numpy.ndarray of int64
        The columns that were allowed.

    Returns
    -------
    numpy.ndarray of int64
        Columns of the whole table, rising.
    """
    return allowed[np.array(answer.sites, dtype=np.int64)]

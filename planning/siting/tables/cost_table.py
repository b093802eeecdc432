"""
Costs as they are given, dense or CSR, read block by block: for questions too large to copy every pair.

References
----------
.. [1] T. A. Davis, Direct Methods for Sparse Linear Systems, 2006, ch. 2. https://doi.org/10.1137/1.9780898718881
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.access.allocation import Allocation
from planning.errors import Message, SchemaError, msg
from planning.siting.answer import number_list
from planning.siting.checks import Bools, Floats, Ints

__all__ = [
    "Block",
    "ColumnCosts",
    "CostTable",
    "Indices",
    "allocate_table",
    "name_left_out",
    "read_costs",
]

Indices = npt.NDArray[np.int32]

_PAIRS = 1 << 22  # pairs, or cells of a dense table, looked at at once


class Block(NamedTuple):
    """
    Pairs of some neighbouring rows, ordered by row and then by site.

    Parameters
    ----------
    first : int
        Row of the table that is the block's row 0.
    start : numpy.ndarray of int64, shape (n_rows_of_block + 1,)
        Where each row's pairs begin.
    site : numpy.ndarray of int32, shape (n_pairs,)
        Column of each pair.
    cost : numpy.ndarray of float64, shape (n_pairs,)
        Cost of each pair [cost unit].
    """

    first: int
    start: Ints
    site: Indices
    cost: Floats


@dataclass(frozen=True)
class CostTable:
    """
    A checked table of costs; nothing of it is copied.

    Parameters
    ----------
    given : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
        The costs; inf or not stored = out of reach.
    reached : numpy.ndarray of bool, shape (n_rows,)
        Rows that any site reaches.
    """

    given: Any
    reached: Bools

    @property
    def n_rows(self) -> int:
        """
        Number of rows.

        Returns
        -------
        int
            Rows.
        """
        return int(self.given.shape[0])

    @property
    def n_sites(self) -> int:
        """
        Number of columns.

        Returns
        -------
        int
            Columns.
        """
        return int(self.given.shape[1])

    def blocks(self, limit: float, columns: npt.ArrayLike | None = None) -> Iterator[Block]:
        """
        Go through the pairs in reach and within a limit.

        Parameters
        ----------
        limit : float
            Largest cost of a pair, inclusive [cost unit].
        columns : array_like of int, optional
            Rising columns that alone are looked at.

        Yields
        ------
        Block
            Pairs of the next rows.
        """
        largest = min(limit, np.finfo(np.float64).max)  # inf is out of reach
        wanted = None if columns is None else np.asarray(columns, dtype=np.int64)
        if sparse.issparse(self.given):
            yield from self._sparse_blocks(largest, wanted)
        else:
            yield from self._dense_blocks(largest, wanted)

    def _dense_blocks(self, limit: float, columns: Ints | None) -> Iterator[Block]:
        n_columns = self.n_sites if columns is None else columns.size
        step = max(1, _PAIRS // max(1, n_columns))
        for first in range(0, self.n_rows, step):
            part = self.given[first : first + step]
            if columns is not None:
                part = part[:, columns]
            near = np.flatnonzero(part <= limit)
            row, at = np.divmod(near, max(1, n_columns))
            start = np.searchsorted(row, np.arange(part.shape[0] + 1))
            cost = part.ravel()[near].astype(np.float64)
            site = at if columns is None else columns[at]
            yield Block(first, start, site.astype(np.int32), cost)

    def _sparse_blocks(self, limit: float, columns: Ints | None) -> Iterator[Block]:
        wanted = np.ones(self.n_sites, dtype=bool)
        if columns is not None:
            wanted[:] = False
            wanted[columns] = True
        indptr = self.given.indptr
        for first, stop in _row_blocks(indptr):
            a, b = int(indptr[first]), int(indptr[stop])
            site, cost = self.given.indices[a:b], self.given.data[a:b]
            near = cost <= limit
            if columns is not None:
                near &= wanted[site]
            before = np.concatenate([[0], np.cumsum(near)])
            start = before[indptr[first : stop + 1].astype(np.int64) - a]
            yield Block(first, start, site[near].astype(np.int32), cost[near].astype(np.float64))

    def least(self) -> Floats:
        """
        Find what each row pays where all sites are open.

        Returns
        -------
        numpy.ndarray, shape (n_rows,)
            Lowest cost [cost unit]; inf where no site is in reach.
        """
        lowest = np.full(self.n_rows, np.inf)
        if not sparse.issparse(self.given):
            return np.asarray(self.given.min(axis=1), dtype=np.float64) if self.n_sites else lowest
        for block in self.blocks(np.inf):
            some = np.flatnonzero(np.diff(block.start))
            if some.size:
                lowest[block.first + some] = np.minimum.reduceat(block.cost, block.start[some])
        return lowest

    def sites_of(self, row: int) -> Ints:
        """
        List the sites that reach a row.

        Parameters
        ----------
        row : int
            Row.

        Returns
        -------
        numpy.ndarray of int64
            Columns, rising.
        """
        return next(self.take(np.array([row])).blocks(np.inf)).site.astype(np.int64)

    def take(self, rows: Ints) -> CostTable:
        """
        Copy some rows.

        Parameters
        ----------
        rows : numpy.ndarray of int64
            Rows, rising.

        Returns
        -------
        CostTable
            A table of these rows alone.
        """
        return CostTable(self.given[rows], self.reached[rows])

    def nearest(self, columns: npt.ArrayLike, limit: float = np.inf) -> tuple[Ints, Floats]:
        """
        Find each row's nearest site among some; of equally near ones the lowest column.

        Parameters
        ----------
        columns : array_like of int
            Sites that are open, rising.
        limit : float
            Sites dearer than this are out of reach [cost unit].

        Returns
        -------
        tuple of numpy.ndarray
            Column (-1 where none is in reach) and cost (inf there), each of shape (n_rows,).
        """
        site = np.full(self.n_rows, -1, dtype=np.int64)
        lowest = np.full(self.n_rows, np.inf)
        for block in self.blocks(limit, columns):
            some = np.flatnonzero(np.diff(block.start))
            if some.size == 0:
                continue
            least = np.minimum.reduceat(block.cost, block.start[some])
            lowest[block.first + some] = least
            hit = np.flatnonzero(block.cost == np.repeat(least, np.diff(block.start)[some]))
            row = np.searchsorted(block.start, hit, side="right") - 1
            site[block.first + row[::-1]] = block.site[hit[::-1]]  # in column order: the first one is written last
        return site, lowest


class ColumnCosts:
    """
    Costs to hand by column, for questions about many choices of sites.

    Parameters
    ----------
    table : CostTable
        The costs.
    fixed : numpy.ndarray of int64
        Columns that are open in every choice.
    """

    def __init__(self, table: CostTable, fixed: Ints) -> None:
        self._sparse = bool(sparse.issparse(table.given))
        self._given: Any = table.given.tocsc() if self._sparse else table.given
        self._fixed: Floats = np.full(table.n_rows, np.inf)
        self._fixed = self(fixed)

    def __call__(self, sites: Ints) -> Floats:
        """
        Find what each row pays at its nearest open site.

        Parameters
        ----------
        sites : numpy.ndarray of int64
            Columns that are open besides the fixed ones.

        Returns
        -------
        numpy.ndarray, shape (n_rows,)
            Lowest cost [cost unit]; inf where none is in reach.
        """
        lowest = self._fixed.copy()
        if not self._sparse:
            return np.minimum(lowest, self._given[:, sites].min(axis=1)) if sites.size else lowest
        indptr = self._given.indptr
        for site in sites.tolist():
            rows = self._given.indices[indptr[site] : indptr[site + 1]]
            lowest[rows] = np.minimum(lowest[rows], self._given.data[indptr[site] : indptr[site + 1]])
        return lowest


def read_costs(costs: Any, name: str = "costs") -> CostTable:
    """
    Check a table of costs, dense or CSR.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_rows, n_sites)
        Cost per pupil; inf (dense) or not stored (sparse) = out of reach. A stored zero is a cost of zero.
    name : str
        What the caller calls the table.

    Returns
    -------
    CostTable
        The table, copied only where a sparse one is not in order.

    Raises
    ------
    SchemaError
        If it is not a table of numbers, stores a pair twice, or holds NaN or a negative cost.
    """
    if sparse.issparse(costs):
        table: Any = sparse.csr_array(cast(Any, costs))
        if not table.has_canonical_format:
            stored, table = table.nnz, table.copy()
            table.sum_duplicates()
            if table.nnz != stored:
                raise SchemaError(
                    msg("{name}: the same cell and site are stored twice; store each pair once.", name=name)
                )
        reached = _reached_sparse(table, name)
    else:
        table = np.asarray(costs)
        if table.ndim != 2 or table.dtype.kind not in "iufb":
            raise SchemaError(msg("{name}: must be a table of numbers, cells by sites.", name=name))
        reached = _reached_dense(table, name)
    return CostTable(table, reached)


def _row_blocks(indptr: npt.NDArray[np.integer[Any]]) -> Iterator[tuple[int, int]]:
    n_rows, first = indptr.size - 1, 0
    while first < n_rows:
        stop = int(np.searchsorted(indptr, int(indptr[first]) + _PAIRS, side="right")) - 1
        stop = min(max(stop, first + 1), n_rows)
        yield first, stop
        first = stop


def _reached_sparse(table: Any, name: str) -> Bools:
    reached = np.zeros(table.shape[0], dtype=bool)
    for first, stop in _row_blocks(table.indptr):
        a, b = int(table.indptr[first]), int(table.indptr[stop])
        cost = table.data[a:b]
        bad = ~(cost >= 0)
        if bad.any():
            at = int(np.argmax(bad)) + a
            row = int(np.searchsorted(table.indptr, at, side="right")) - 1
            raise _bad_cost(name, row, int(table.indices[at]), float(table.data[at]))
        before = np.concatenate([[0], np.cumsum(cost < np.inf)])
        reached[first:stop] = np.diff(before[table.indptr[first : stop + 1].astype(np.int64) - a]) > 0
    return reached


def _reached_dense(table: npt.NDArray[Any], name: str) -> Bools:
    reached = np.zeros(table.shape[0], dtype=bool)
    step = max(1, _PAIRS // max(1, table.shape[1]))
    for first in range(0, table.shape[0], step):
        part = table[first : first + step]
        bad = ~(part >= 0)
        if bad.any():
            row, site = np.argwhere(bad)[0]
            raise _bad_cost(name, first + int(row), int(site), float(part[row, site]))
        reached[first : first + step] = (part < np.inf).any(axis=1)
    return reached


def _bad_cost(name: str, cell: int, site: int, value: float) -> SchemaError:
    return SchemaError(
        msg(
            "{name}: must be 0 or more, or inf for out of reach; cell {cell}, site {site} has {value}.",
            name=name,
            cell=cell,
            site=site,
            value=value,
        )
    )


def name_left_out(table: CostTable, weight: Floats) -> tuple[tuple[int, ...], tuple[Message, ...]]:
    """
    List the cells with pupils that no site reaches, and say so.

    Parameters
    ----------
    table : CostTable
        The costs.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].

    Returns
    -------
    tuple of tuple
        Cells, and the sentence about them (none where there are none).
    """
    cells = np.flatnonzero((weight > 0) & ~table.reached)
    if cells.size == 0:
        return (), ()
    words = msg(
        "No site reaches cell {cells}: {pupils} pupils are left out of the question.",
        cells=number_list(cells),
        pupils=f"{weight[cells].sum():g}",
    )
    return tuple(cells.tolist()), (words,)


def allocate_table(table: CostTable, weight: Floats, sites: npt.ArrayLike, limit: float = np.inf) -> Allocation:
    """
    Send every cell to its nearest open site within a limit; among equals to the lowest column.

    Parameters
    ----------
    table : CostTable
        The costs.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].
    sites : array_like of int
        Columns that are open, rising.
    limit : float
        Cells farther than this are not sent [cost unit].

    Returns
    -------
    Allocation
        Whole pupils as int64; fractions of pupils stay fractions. Prices are 0: seats do not limit.
    """
    site, cost = table.nearest(sites, limit)
    sent = (site >= 0) & (weight > 0)
    amounts = weight.astype(np.int64) if np.array_equal(weight, np.floor(weight)) else weight
    rows = np.flatnonzero(sent)
    flows = sparse.csr_array((amounts[rows], (rows, site[rows])), shape=(table.n_rows, table.n_sites))
    return Allocation(
        flows=flows,
        cost=float(weight[rows] @ cost[rows]),
        unserved=np.where(sent, 0, amounts),
        prices=np.zeros(table.n_sites),
    )

"""Give pupils seats: as many as reach and seats allow and, among those answers, the cheapest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planning.access.pairs import cost_pairs, whole_numbers
from planning.errors import SchemaError, msg

__all__ = ["Allocation", "allocate", "main_school", "warm"]


@dataclass(frozen=True)
class Allocation:
    """
    Who goes where.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of int64, shape (n_cells, n_schools)
        Pupils of each cell that go to each school [pupils].
    cost : float
        Sum of pupils times cost [cost x pupils].
    unserved : numpy.ndarray of int64, shape (n_cells,)
        Pupils of each cell without a seat, in reach of a school or not [pupils].
    prices : numpy.ndarray of float64, shape (n_schools,)
        What one more seat would save [cost]; inf where it would seat one more pupil, 0 where a seat is free.
    """

    flows: sparse.csr_array
    cost: float
    unserved: NDArray[np.int64]
    prices: NDArray[np.float64]


def allocate(costs: Any, pupils: ArrayLike, seats: ArrayLike) -> Allocation:
    r"""
    Seat as many pupils as reach and seats allow and, among those answers, find the cheapest.

    The answer is exact, and the same whatever the order of the rows; among equally cheap answers the lower column is
    preferred. Pupils of one cell may go to different schools.

    Parameters
    ----------
    costs : array_like or scipy sparse, shape (n_cells, n_schools)
        Cost per pupil from cell to school, 0 or more, in any unit; inf = not allowed. Of a sparse table the stored
        entries are the pairs in reach, stored zeros included.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : array_like of int, shape (n_schools,)
        Seats of each school [seats]; inf = no limit, or unknown. One number stands for all schools.

    Returns
    -------
    Allocation
        Flows, cost, pupils without a seat and the price of a seat at each school.

    Raises
    ------
    SchemaError
        If a number is negative, NaN or not whole, or the shapes do not fit each other. It is a ``ValueError``.

    References
    ----------
    .. [1] R. K. Ahuja, T. L. Magnanti and J. B. Orlin, Network Flows, 1993, ch. 9.7 (successive shortest paths).

    Examples
    --------
    >>> answer = allocate([[1, 5], [2, 3]], pupils=[10, 10], seats=[10, 15])
    >>> answer.flows.toarray().tolist(), answer.cost, answer.prices.tolist()
    ([[10, 0], [0, 10]], 40.0, [1.0, 0.0])
    """
    pairs = cost_pairs(costs)
    n_cells, n_schools = pairs.shape
    wanted = whole_numbers(pupils, n_cells, what="pupils")
    places = np.asarray(seats)
    offered = whole_numbers(
        np.full(n_schools, places[()]) if places.ndim == 0 else places, n_schools, what="seats", limitless=True
    )
    total = int(wanted.sum())
    capacity = np.where(np.isinf(offered), total, np.minimum(offered, total)).astype(np.int64)

    flows, move = _flows(pairs, wanted.astype(np.int64), capacity)
    served = np.asarray(flows.sum(axis=1), dtype=np.int64).reshape(n_cells)
    load = np.asarray(flows.sum(axis=0), dtype=np.int64).reshape(n_schools)
    unserved = wanted.astype(np.int64) - served
    prices = _prices(pairs, flows, unserved, load < offered, move)
    return Allocation(flows=flows, cost=_cost(pairs, flows), unserved=unserved, prices=prices)


def warm() -> None:
    """Make the kernel behind :func:`allocate` ready by the least example that has something to move."""
    allocate([[1.0, 2.0], [1.0, 3.0]], pupils=[1, 1], seats=[1, 1])


def _flows(
    pairs: sparse.csr_array, wanted: NDArray[np.int64], capacity: NDArray[np.int64]
) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Solve on the rows with pupils and the schools with seats, and put the answer back in its place."""
    n_cells, n_schools = pairs.shape
    open_schools = np.flatnonzero(capacity > 0)
    part = pairs[:, open_schools] if open_schools.size < n_schools else pairs
    rows = np.flatnonzero((np.diff(part.indptr) > 0) & (wanted > 0))
    move = np.full((n_schools, n_schools), np.inf)
    if rows.size == 0:
        return sparse.csr_array((n_cells, n_schools), dtype=np.int64), move
    if rows.size < n_cells:
        part = part[rows]
    # by the whole table: rows that differ only at schools without seats are not the same to whoever gave them
    order = _canonical_order(pairs[rows], part.indices[_nearest_entry(part)], wanted[rows])
    part, rows = part[order], rows[order]

    from planning.access.transport import push_out_overflow  # numba: not at import time

    flow, _, move[np.ix_(open_schools, open_schools)] = push_out_overflow(
        part.indptr.astype(np.int64),
        part.indices.astype(np.int32),
        part.data.astype(np.float64),
        wanted[rows],
        _nearest_entry(part),
        capacity[open_schools],
    )
    used = np.flatnonzero(flow)
    row = np.searchsorted(part.indptr, used, side="right") - 1
    place: Any = (rows[row], open_schools[part.indices[used]])
    flows: sparse.csr_array = sparse.csr_array((flow[used], place), shape=(n_cells, n_schools), dtype=np.int64)
    flows.sort_indices()
    return flows, move


def _nearest_entry(part: sparse.csr_array) -> NDArray[np.int64]:
    """Give the entry of the cheapest school of each row, ties to the lowest column; no row is empty."""
    starts = part.indptr[:-1].astype(np.int64)
    lowest = np.minimum.reduceat(part.data, starts)
    is_lowest = np.flatnonzero(part.data == np.repeat(lowest, np.diff(part.indptr)))
    return np.asarray(is_lowest[np.searchsorted(is_lowest, starts)], dtype=np.int64)


def _canonical_order(table: sparse.csr_array, nearest: NDArray[Any], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Order the rows by what they hold, so that the answer does not depend on the order in which they came.

    A row's content is condensed to one number; rows that share it and everything else are the same row for all purposes.
    """
    columns = np.arange(table.shape[1], dtype=np.uint64)
    # splitmix64: an even spread of bits for each column and each cost
    with np.errstate(over="ignore"):
        mixed = _mix(table.data.view(np.uint64) ^ _mix(columns + np.uint64(1))[table.indices])
        content = np.add.reduceat(mixed, table.indptr[:-1].astype(np.int64))
    return np.lexsort((wanted, content, nearest)).astype(np.int64)


def _mix(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of whole numbers (splitmix64, public domain constants)."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _cost(pairs: sparse.csr_array, flows: sparse.csr_array) -> float:
    """Sum pupils times cost, without rounding that would depend on the order of rows."""
    row = np.repeat(np.arange(flows.shape[0]), np.diff(flows.indptr))
    return math.fsum(flows.data * _costs_at(pairs, row, flows.indices)) if flows.nnz else 0.0


def _costs_at(pairs: sparse.csr_array, row: NDArray[Any], column: NDArray[Any]) -> NDArray[np.float64]:
    """Look up costs of pairs that are in reach."""
    n_schools = np.int64(pairs.shape[1])
    row_of = np.repeat(np.arange(pairs.shape[0], dtype=np.int64), np.diff(pairs.indptr))
    place = np.searchsorted(row_of * n_schools + pairs.indices, row.astype(np.int64) * n_schools + column)
    return np.asarray(pairs.data[place], dtype=np.float64)


def _prices(
    pairs: sparse.csr_array,
    flows: sparse.csr_array,
    unserved: NDArray[np.int64],
    has_free: NDArray[np.bool_],
    move: NDArray[np.float64],
) -> NDArray[np.float64]:
    """
    Find what one more seat at each school would save.

    One more seat is filled by a chain: a pupil moves into it, another into the seat that was left, and so on. The chain
    either starts with a pupil who had no seat (price inf) or at a school that simply has one pupil less.
    """
    n_cells, n_schools = pairs.shape
    row_of = np.repeat(np.arange(n_cells), np.diff(pairs.indptr))
    flow_row = np.repeat(np.arange(n_cells), np.diff(flows.indptr))

    # schools that a pupil without a seat could fill, straight away or by moving others along
    seats_one_more = np.zeros(n_schools, dtype=bool)
    row_seats_one_more = unserved > 0
    while True:
        reached = np.zeros(n_schools, dtype=bool)
        reached[pairs.indices[row_seats_one_more[row_of]]] = True
        if not (reached & ~seats_one_more).any():
            break
        seats_one_more |= reached
        row_seats_one_more[flow_row[seats_one_more[flows.indices]]] = True

    # saving[k]: the most a chain that ends with one more pupil at k saves. Bellman-Ford, a round a link of the chain; a
    # school without seats can only be its end.
    worthless = has_free | seats_one_more
    saving = np.zeros(n_schools)
    for _ in range(n_schools):
        better = np.maximum(saving, (saving[:, None] - move).max(axis=0))
        better[worthless] = 0.0
        if (better == saving).all():
            break
        saving = better
    if not np.isfinite(move).any(axis=0).all() and flows.nnz:
        best = np.full(n_cells, -np.inf)
        np.maximum.at(best, flow_row, _costs_at(pairs, flow_row, flows.indices) + saving[flows.indices])
        chain = np.where(np.isfinite(best[row_of]), best[row_of] - pairs.data, 0.0)
        last = np.zeros(n_schools)
        np.maximum.at(last, pairs.indices, chain)
        saving = np.where(worthless, 0.0, np.maximum(saving, last))
    return np.where(seats_one_more, np.inf, saving)


def main_school(
    flows: sparse.csr_array, pupils: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """
    Find the school that takes most of each cell's pupils.

    Parameters
    ----------
    flows : scipy.sparse.csr_array, shape (n_cells, n_schools)
        Pupils of each cell that go to each school [pupils].
    pupils : array_like of int, shape (n_cells,), optional
        All pupils of each cell [pupils]; without them the share is of those with a seat.

    Returns
    -------
    position : numpy.ndarray of int64, shape (n_cells,)
        Column of the largest flow, ties to the lowest; -1 where nobody has a seat.
    share : numpy.ndarray of float64, shape (n_cells,)
        Part of the cell's pupils who go there [1]; NaN where nobody has a seat.

    Raises
    ------
    SchemaError
        If ``pupils`` are not whole numbers of the right count.
    """
    table = sparse.csr_array(flows, copy=True)
    table.eliminate_zeros()
    table.sort_indices()
    n_cells = table.shape[0]
    position = np.full(n_cells, -1, dtype=np.int64)
    share = np.full(n_cells, np.nan)
    rows = np.flatnonzero(np.diff(table.indptr))
    if rows.size == 0:
        return position, share
    starts = table.indptr[rows].astype(np.int64)
    most = np.maximum.reduceat(table.data, starts)
    is_most = np.flatnonzero(table.data == np.repeat(most, np.diff(table.indptr)[rows]))
    position[rows] = table.indices[is_most[np.searchsorted(is_most, starts)]]
    whole = np.asarray(table.sum(axis=1), dtype=np.float64).reshape(n_cells)
    if pupils is not None:
        whole = whole_numbers(pupils, n_cells, what="pupils")
        if (whole[rows] < most).any():
            raise SchemaError(
                msg("A cell sends more pupils to a school than it has: flows and pupils do not belong together.")
            )
    share[rows] = most / whole[rows]
    return position, share

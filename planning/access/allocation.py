"""Give pupils seats: as many as reach and seats allow and, among those answers, the cheapest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planning.access.pairs import whole_numbers
from planning.errors import SchemaError, msg

__all__ = ["Allocation", "allocate", "main_school", "seat_numbers", "warm"]


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
    from planning.access.allocator import Allocator

    return Allocator(costs, pupils, seats, keep_empty=False).answer(last=True)


def seat_numbers(seats: ArrayLike, n_schools: int) -> NDArray[np.float64]:
    """
    Check the seats of the schools.

    Parameters
    ----------
    seats : array_like of int, shape (n_schools,), or one number for all
        Seats of each school [seats]; inf = no limit, or unknown.
    n_schools : int
        How many schools there are.

    Returns
    -------
    numpy.ndarray of float64, shape (n_schools,)
        The seats, each whole or inf [seats].

    Raises
    ------
    SchemaError
        If they are not whole numbers of 0 or more, or not as many as schools.
    """
    places = np.asarray(seats)
    one_each = np.full(n_schools, places[()]) if places.ndim == 0 else places
    return whole_numbers(one_each, n_schools, what="seats", limitless=True)


def warm() -> None:
    """Make the kernel behind :func:`allocate` ready by the least example that has something to move."""
    allocate([[1.0, 2.0], [1.0, 3.0]], pupils=[1, 1], seats=[1, 1])


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

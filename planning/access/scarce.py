"""Give pupils seats where most schools have room: only those whose nearest school may be full are dealt with at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planning.access.allocation import Allocation, allocate, seat_numbers
from planning.access.pairs import whole_numbers
from planning.errors import SchemaError, msg

__all__ = ["allocate_from_nearest"]


def allocate_from_nearest(
    costs_of: Callable[[NDArray[np.int64]], NDArray[Any]],
    nearest: ArrayLike,
    cost: ArrayLike,
    pupils: ArrayLike,
    seats: ArrayLike,
    *,
    likely_full: ArrayLike | None = None,
) -> Allocation:
    r"""
    Seat as many pupils as reach and seats allow and, among those answers, find the cheapest, as ``allocate`` does.

    A school with a free seat has the price 0, and whoever is at his nearest school at the price 0 is nowhere better off. So
    pupils whose nearest school has a free seat at last stay there, and only those of schools that are full are a
    transport problem. Which schools these are is found in rounds: those that their nearest pupils fill, then those that
    the displaced fill as well, until every other school has a seat left. The answer is exact; where several are equally
    cheap it may be another of them than that of ``allocate``, and like that one it does not depend on the order of rows.

    Parameters
    ----------
    costs_of : callable
        Given rows, the cost per pupil from each to every school, shape (n, n_schools), 0 or more; inf = not allowed.
    nearest : array_like of int, shape (n_rows,)
        Column of each row's cheapest school, ties to the lowest; -1 where none is allowed.
    cost : array_like of float, shape (n_rows,)
        What that school costs [cost]; not looked at where there is none.
    pupils : array_like of int, shape (n_rows,)
        Pupils of each row [pupils].
    seats : array_like of int, shape (n_schools,)
        Seats of each school [seats]; inf = no limit, or unknown.
    likely_full : array_like of bool, shape (n_schools,), optional
        Schools to count in at once, to save rounds, as those that were full before a change; any will do.

    Returns
    -------
    Allocation
        Flows, cost, pupils without a seat and the price of a seat at each school.

    Raises
    ------
    SchemaError
        If a number is negative, NaN or not whole, or the shapes do not fit each other. It is a ``ValueError``.

    Examples
    --------
    >>> table = np.array([[1.0, 5.0], [2.0, 3.0]])
    >>> answer = allocate_from_nearest(lambda rows: table[rows], [0, 0], [1.0, 2.0], pupils=[10, 10], seats=[10, 15])
    >>> answer.flows.toarray().tolist(), answer.cost, answer.prices.tolist()
    ([[10, 0], [0, 10]], 40.0, [1.0, 0.0])
    """
    home = np.asarray(nearest, dtype=np.int64)
    offered = seat_numbers(seats, np.size(seats))
    n_rows, n_schools = home.size, offered.size
    wanted = whole_numbers(pupils, n_rows, what="pupils").astype(np.int64)
    if home.size and not -1 <= home.min() <= home.max() < n_schools:
        raise SchemaError(msg("A row's nearest school is none of the {n} schools.", n=n_schools))
    reached = home >= 0
    load = np.bincount(home[reached], weights=wanted[reached], minlength=n_schools)
    full = load >= offered
    if not (load > offered).any():
        return _at_home(home, np.asarray(cost, dtype=np.float64), wanted, n_schools)
    if likely_full is not None:
        full |= np.asarray(likely_full, dtype=np.bool_)
    while True:
        moving = np.zeros(n_rows, dtype=np.bool_)
        moving[reached] = full[home[reached]] & (wanted[reached] > 0)
        rows = np.flatnonzero(moving)
        part = allocate(costs_of(rows), wanted[rows], np.where(full, offered, offered - load))
        taken = np.asarray(part.flows.sum(axis=0), dtype=np.float64).reshape(n_schools)
        now_full = ~full & (load + taken >= offered)
        if not now_full.any():
            break
        full |= now_full
    stay = _at_home(np.where(moving, -1, home), np.asarray(cost, dtype=np.float64), wanted, n_schools)
    unserved = stay.unserved
    unserved[rows] = part.unserved
    return Allocation(
        flows=_merged(stay.flows, part.flows, rows),
        cost=stay.cost + part.cost,
        unserved=unserved,
        prices=part.prices,
    )


def _at_home(
    home: NDArray[np.int64], cost: NDArray[np.float64], pupils: NDArray[np.int64], n_schools: int
) -> Allocation:
    """Send all to their nearest school; nobody goes from a row without one."""
    goes = (home >= 0) & (pupils > 0)
    ends = np.concatenate(([0], np.cumsum(goes)))
    flows: sparse.csr_array = sparse.csr_array(
        (pupils[goes], home[goes].astype(np.int32), ends), shape=(home.size, n_schools)
    )
    spent = float((pupils[goes] * cost[goes]).sum())
    return Allocation(flows=flows, cost=spent, unserved=np.where(goes, 0, pupils), prices=np.zeros(n_schools))


def _merged(stay: sparse.csr_array, part: sparse.csr_array, rows: NDArray[np.int64]) -> sparse.csr_array:
    """Put the rows of one table into the places that another leaves empty."""
    part = sparse.csr_array(part, copy=True)
    part.eliminate_zeros()
    part.sort_indices()
    count = np.diff(stay.indptr)
    count[rows] = np.diff(part.indptr)
    ends = np.concatenate(([0], np.cumsum(count)))
    moves = np.zeros(count.size, dtype=np.bool_)
    moves[rows] = True
    of_part = np.repeat(moves, count)
    school = np.empty(int(ends[-1]), dtype=np.int32)
    amount = np.empty(school.size, dtype=np.int64)
    school[of_part], school[~of_part] = part.indices, stay.indices
    amount[of_part], amount[~of_part] = part.data, stay.data
    merged: sparse.csr_array = sparse.csr_array((amount, school, ends), shape=stay.shape)
    return merged

"""
The pairs of cells and schools that can matter to an allocation, compiled by numba on first use.

Import this module inside a function only: importing numba takes a second that ``import planning`` must not pay.

A row lists the schools whose cost, price included, is within a *width* of the least. For every home (the school that was the
cheapest of a row) and every other school the lists keep by how much the price of the first may rise against that of the
second before a pair that is not listed could matter: the *reach*.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["Lists", "list_pairs", "no_lists", "place", "survey"]


class Lists(NamedTuple):
    """The pairs that can matter, row by row; an *entry* is a pair by its place. The last entry of a row is nowhere."""

    start: NDArray[np.int64]
    school: NDArray[np.int32]
    cost: NDArray[np.float64]
    row: NDArray[np.int32]
    flow: NDArray[np.int64]  # pupils of each entry
    home: NDArray[np.int32]  # (n_rows,): the node that was cheapest when the row was listed
    reach: NDArray[
        np.float64
    ]  # (n_nodes, n_nodes): by how much a home's price may rise against another before a row's list is too short


@kernel
def survey(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    bits: NDArray[np.uint64],
    spread: NDArray[np.uint64],
    price: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint64]]:
    """
    Tell what each row is like, so that the rows can be put in an order that does not depend on how they came.

    Parameters
    ----------
    indptr, indices, data : numpy.ndarray
        Costs in CSR form, columns ascending within a row.
    bits : numpy.ndarray of uint64, shape (n_pairs,)
        The same costs, as bits.
    spread : numpy.ndarray of uint64, shape (n_schools,)
        An odd number for each school.
    price : numpy.ndarray of float64, shape (n_schools + 1,)
        Prices, nowhere's last [cost].

    Returns
    -------
    nearest : numpy.ndarray of int64, shape (n_rows,)
        The two cheapest schools, price included, as one number; -1 for a row without any.
    margin : numpy.ndarray of float64, shape (n_rows,)
        What lies between them [cost].
    content : numpy.ndarray of uint64, shape (n_rows,)
        All that the row holds condensed to a number.
    """
    n_rows = indptr.size - 1
    nearest = np.full(n_rows, -1, np.int64)
    margin = np.full(n_rows, np.inf)
    content = np.zeros(n_rows, np.uint64)
    for row in range(n_rows):
        total = np.uint64(0)
        one, two = np.inf, np.inf
        first, second = np.int64(-1), np.int64(-1)
        for pair in range(indptr[row], indptr[row + 1]):
            k = indices[pair]
            word = (bits[pair] + np.uint64(1)) * spread[k]
            total += (word ^ (word >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            value = data[pair] + price[k]
            if value < two:
                if value < one:
                    one, two = value, one
                    first, second = np.int64(k), first
                else:
                    two, second = value, np.int64(k)
        content[row] = total ^ (total >> np.uint64(32))
        if first >= 0:
            nearest[row] = first * (price.size + 1) + second + 1
            margin[row] = two - one
    return nearest, margin, content


def no_lists() -> Lists:
    """
    Give lists of nothing, for the start.

    Returns
    -------
    Lists
        No rows.
    """
    none = np.zeros(0, np.int32)
    return Lists(np.zeros(1, np.int64), none, np.zeros(0), none, np.zeros(0, np.int64), none, np.zeros((0, 0)))


@kernel(fastmath={"nnan", "nsz"})  # no cost is NaN: the least may be found four at a time
def _least(data: NDArray[np.float64], indices: NDArray[np.int32], price: NDArray[np.float64], full: bool) -> float:
    """Give the least cost of a row, price included."""
    lowest = np.inf
    if full:
        for k in range(data.size):
            value = data[k] + price[k]
            lowest = value if value < lowest else lowest
    else:
        for place in range(data.size):
            value = data[place] + price[indices[place]]
            lowest = value if value < lowest else lowest
    return lowest


@kernel
def list_pairs(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    order: NDArray[np.int64],
    price: NDArray[np.float64],
    width: float,
    most: float,
    old: Lists,
    stale: NDArray[np.bool_],
) -> Lists:
    """
    List for each row the schools within ``width`` of its least cost, price included.

    Parameters
    ----------
    indptr, indices, data : numpy.ndarray
        Costs in CSR form, columns ascending within a row.
    order : numpy.ndarray of int64, shape (n_rows,)
        Rows of the costs that are meant, in the order in which they are dealt with.
    price : numpy.ndarray of float64, shape (n_schools + 1,)
        Prices, nowhere's last [cost].
    width : float
        How far above the least a pair may be [cost].
    most : float
        Cost of having no seat [cost].
    old : Lists
        Lists with pupils, whose entries with pupils are kept; empty at the start.
    stale : numpy.ndarray of bool, shape (n_schools + 1,)
        The homes whose rows are listed anew; the others are as in the old lists. Where all are to be, ``old.reach`` is
        not used, else it must be what is left at these prices.

    Returns
    -------
    Lists
        Lists with the pupils of the old ones.
    """
    n_schools = price.size - 1
    n_rows = order.size
    old_start, old_school, old_cost, old_flow, old_home = old.start, old.school, old.cost, old.flow, old.home
    start = np.empty(n_rows + 1, np.int64)
    # what the old lists hold and a little more; memory that is not used first has to be had
    again = old.start.size > 1
    school = np.empty((old.school.size + old.school.size // 8 if again else n_rows * 12) + n_schools + 1, np.int32)
    cost = np.empty(school.size)
    flow = np.zeros(school.size, np.int64)
    reach = np.full((n_schools + 1, n_schools + 1), np.inf)
    home = np.empty(n_rows, np.int32)
    for k in range(stale.size):
        if again and not stale[k]:
            reach[k] = old.reach[k]
    count = 0
    for row in range(n_rows):
        start[row] = count
        if count + n_schools + 1 > school.size:
            more_school = np.empty(2 * school.size, np.int32)
            more_cost = np.empty(2 * school.size)
            more_flow = np.zeros(2 * school.size, np.int64)
            for entry in range(count):
                more_school[entry], more_cost[entry], more_flow[entry] = school[entry], cost[entry], flow[entry]
            school, cost, flow = more_school, more_cost, more_flow
        if again and not stale[old_home[row]]:
            home[row] = old_home[row]
            for entry in range(old_start[row], old_start[row + 1]):
                school[count], cost[count], flow[count] = old_school[entry], old_cost[entry], old_flow[entry]
                count += 1
            continue
        first, stop = indptr[order[row]], indptr[order[row] + 1]
        lowest = _least(data[first:stop], indices[first:stop], price, stop - first == n_schools)
        home[row] = n_schools
        if lowest <= most + price[-1]:
            pair = first
            while data[pair] + price[indices[pair]] > lowest:
                pair += 1
            home[row] = indices[pair]
        room = reach[home[row]]
        lowest = min(lowest, most + price[-1])
        limit = lowest + width
        kept, kept_stop = np.int64(0), np.int64(0)
        if again:
            kept, kept_stop = old_start[row], old_start[row + 1]
        for pair in range(first, stop):
            k = indices[pair]
            value = data[pair] + price[k]
            if value > limit:
                if kept == kept_stop:
                    room[k] = min(room[k], value - lowest)
                    continue
                while kept < kept_stop and old_school[kept] < k:
                    kept += 1
                if kept == kept_stop or old_school[kept] != k or old_flow[kept] == 0:
                    room[k] = min(room[k], value - lowest)
                    continue
            school[count], cost[count] = k, data[pair]
            count += 1
        school[count], cost[count] = n_schools, most
        count += 1
        if again:
            entry = start[row]
            for before in range(old_start[row], old_start[row + 1]):
                if old_flow[before] > 0:
                    while school[entry] != old_school[before]:
                        entry += 1
                    flow[entry] = old_flow[before]
    start[n_rows] = count
    rows = np.empty(count, np.int32)
    for row in range(n_rows):
        rows[start[row] : start[row + 1]] = row
    return Lists(start, school[:count], cost[:count], rows, flow[:count], home, reach)


@kernel
def place(lists: Lists, pupils: NDArray[np.int64], price: NDArray[np.float64], again: NDArray[np.bool_]) -> None:
    """
    Put the pupils of rows where it is cheapest for them, price included; ties go to the lowest school.

    Parameters
    ----------
    lists : Lists
        Lists; their pupils are set.
    pupils : numpy.ndarray of int64, shape (n_rows,)
        Pupils of each row [pupils].
    price : numpy.ndarray of float64, shape (n_schools + 1,)
        Prices, nowhere's last [cost].
    again : numpy.ndarray of bool, shape (n_rows,)
        The rows that are placed; the others stay as they are.
    """
    for row in range(pupils.size):
        if not again[row]:
            continue
        lowest, home = np.inf, np.int64(0)
        for entry in range(lists.start[row], lists.start[row + 1]):
            lists.flow[entry] = 0
            value = lists.cost[entry] + price[lists.school[entry]]
            if value < lowest:
                lowest, home = value, np.int64(entry)
        lists.flow[home] = pupils[row]

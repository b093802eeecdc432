"""
Kernels that fill sites with whole rows, as 0/1 knapsacks; import inside functions only (numba).

For each site, rows with what they bring and the seats they take; a table over the seats gives the best choice exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["fill_each_whole", "force_each", "serve_whole"]


@kernel
def _gather(
    first: int,
    stop: int,
    row: NDArray[np.int32],
    cost: NDArray[np.float64],
    size: NDArray[np.int64],
    price: NDArray[np.float64],
    seats: int,
    item: NDArray[np.int64],
    brings: NDArray[np.float64],
) -> tuple[int, int]:
    """List the arcs of a site that bring something and fit; gives their number and the seats they want."""
    n, wanted = 0, 0
    for e in range(first, stop):
        i = row[e]
        value = (cost[e] - price[i]) * size[i]
        if value < 0.0 and size[i] <= seats:
            item[n], brings[n] = e, value
            wanted += size[i]
            n += 1
    return n, wanted


@kernel
def fill_each_whole(
    start: NDArray[np.int64],
    row: NDArray[np.int32],
    cost: NDArray[np.float64],
    size: NDArray[np.int64],
    price: NDArray[np.float64],
    seats: NDArray[np.int64],
    skip: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """
    Find what the best whole rows of each site cost together, their prices taken off.

    Parameters
    ----------
    start, row, cost : numpy.ndarray
        Arcs by site; costs per pupil.
    size, price : numpy.ndarray, shape (n_rows,)
        Pupils of each row, and the price of seating one.
    seats : numpy.ndarray of int64, shape (n_sites,)
        Seats.
    skip : numpy.ndarray of bool, shape (n_sites,)
        Sites of no interest.

    Returns
    -------
    numpy.ndarray, shape (n_sites,)
        At most 0.
    """
    n_sites = seats.size
    longest = 0
    for j in range(n_sites):
        longest = max(longest, start[j + 1] - start[j])
    item, brings = np.empty(longest, np.int64), np.empty(longest)
    table = np.empty(seats.max() + 1)
    worth = np.zeros(n_sites)
    for j in range(n_sites):
        if skip[j]:
            continue
        n, wanted = _gather(start[j], start[j + 1], row, cost, size, price, seats[j], item, brings)
        if wanted <= seats[j]:
            for k in range(n):
                worth[j] += brings[k]
            continue
        room = seats[j]
        for c in range(room + 1):
            table[c] = 0.0
        for k in range(n):
            w, value = size[row[item[k]]], brings[k]
            for c in range(room, w - 1, -1):
                table[c] = min(table[c], table[c - w] + value)
        worth[j] = table[room]
    return worth


@kernel
def serve_whole(
    start: NDArray[np.int64],
    row: NDArray[np.int32],
    cost: NDArray[np.float64],
    size: NDArray[np.int64],
    price: NDArray[np.float64],
    seats: NDArray[np.int64],
    opened: NDArray[np.int64],
) -> NDArray[np.float64]:
    """
    Count the pupils of each row that open sites take when each takes the whole rows that bring most to it.

    Parameters
    ----------
    start, row, cost, size, price, seats : numpy.ndarray
        As for `fill_each_whole`.
    opened : numpy.ndarray of int64
        Open sites.

    Returns
    -------
    numpy.ndarray, shape (n_rows,)
        Pupils, more than there are where several sites want the same.
    """
    longest = 0
    for j in opened:
        longest = max(longest, start[j + 1] - start[j])
    item, brings = np.empty(longest, np.int64), np.empty(longest)
    served = np.zeros(size.size)
    for j in opened:
        n, wanted = _gather(start[j], start[j + 1], row, cost, size, price, seats[j], item, brings)
        if wanted <= seats[j]:
            for k in range(n):
                served[row[item[k]]] += size[row[item[k]]]
            continue
        room = seats[j]
        table = np.zeros((n + 1, room + 1))
        for k in range(n):
            w, value = size[row[item[k]]], brings[k]
            for c in range(room + 1):
                table[k + 1, c] = table[k, c]
                if c >= w and table[k, c - w] + value < table[k, c]:
                    table[k + 1, c] = table[k, c - w] + value
        c = room
        for k in range(n - 1, -1, -1):
            if table[k + 1, c] != table[k, c]:
                i = row[item[k]]
                served[i] += size[i]
                c -= size[i]
    return served


@kernel
def force_each(
    start: NDArray[np.int64],
    row: NDArray[np.int32],
    cost: NDArray[np.float64],
    size: NDArray[np.int64],
    price: NDArray[np.float64],
    seats: NDArray[np.int64],
    skip: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """
    Find what each site costs when one of its rows must be in it, row by row.

    Parameters
    ----------
    start, row, cost, size, price, seats, skip : numpy.ndarray
        As for `fill_each_whole`.

    Returns
    -------
    numpy.ndarray, shape (n_arcs,)
        For each arc, by site; inf where the row does not fit.
    """
    n_sites = seats.size
    longest = 0
    for j in range(n_sites):
        longest = max(longest, start[j + 1] - start[j])
    item, brings = np.empty(longest, np.int64), np.empty(longest)
    forced = np.full(row.size, np.inf)
    for j in range(n_sites):
        if skip[j]:
            continue
        room = seats[j]
        n = _gather(start[j], start[j + 1], row, cost, size, price, room, item, brings)[0]
        # before[k]: the best of the first k rows for each number of seats; after: of those behind
        before = np.zeros((n + 1, room + 1))
        for k in range(n):
            w, value = size[row[item[k]]], brings[k]
            for c in range(room + 1):
                before[k + 1, c] = before[k, c]
                if c >= w and before[k, c - w] + value < before[k, c]:
                    before[k + 1, c] = before[k, c - w] + value
        for e in range(start[j], start[j + 1]):
            i = row[e]
            if size[i] <= room:
                forced[e] = (cost[e] - price[i]) * size[i] + before[n, room - size[i]]
        after = np.zeros(room + 1)
        for k in range(n - 1, -1, -1):
            w, value = size[row[item[k]]], brings[k]
            best = 0.0
            for c in range(room - w + 1):
                best = min(best, before[k, c] + after[room - w - c])
            forced[item[k]] = value + best
            for c in range(room, w - 1, -1):
                after[c] = min(after[c], after[c - w] + value)
    return forced

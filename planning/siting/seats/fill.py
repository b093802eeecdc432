"""
Kernels that fill sites with the pupils that bring most; import inside functions only (numba).

A site's list holds its arcs. Given a price for each row's pupil, an arc brings its price less its cost. Where not all who
bring something find room, the best are taken: a selection by halves, since no order beyond "in or out" is needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["fill_each", "serve_rows"]


@kernel
def _take_best(
    reduced: NDArray[np.float64], amount: NDArray[np.float64], number: NDArray[np.int64], n: int, capacity: float
) -> None:
    """Cut the amounts of the dearest among the first n so that the others fill the capacity."""
    low, high, room = 0, n, capacity
    while high - low > 1:
        a, b, c = reduced[low], reduced[(low + high) // 2], reduced[high - 1]
        pivot = max(min(a, b), min(max(a, b), c))
        # three parts: cheaper than the pivot, equal, dearer
        less, here, more = low, low, high
        cheaper, equal = 0.0, 0.0
        while here < more:
            value = reduced[here]
            if value < pivot:
                cheaper += amount[here]
                if here != less:
                    reduced[here], reduced[less] = reduced[less], reduced[here]
                    amount[here], amount[less] = amount[less], amount[here]
                    number[here], number[less] = number[less], number[here]
                less += 1
                here += 1
            elif value > pivot:
                more -= 1
                reduced[here], reduced[more] = reduced[more], reduced[here]
                amount[here], amount[more] = amount[more], amount[here]
                number[here], number[more] = number[more], number[here]
            else:
                equal += amount[here]
                here += 1
        if cheaper > room:
            for e in range(less, high):
                amount[e] = 0.0
            high = less
        elif cheaper + equal > room:
            room -= cheaper
            for e in range(less, more):
                amount[e] = min(amount[e], room)
                room -= amount[e]
            for e in range(more, high):
                amount[e] = 0.0
            return
        else:
            room -= cheaper + equal
            low = more
    if high - low == 1:
        amount[low] = min(amount[low], room)


@kernel
def _fill_one(  # noqa: C901 - one fill, read from top to bottom
    first: int,
    stop: int,
    row: NDArray[np.int32],
    cost: NDArray[np.float64],
    board: NDArray[np.bool_],
    pupils: NDArray[np.float64],
    price: NDArray[np.float64],
    seats: float,
    beds: float,
    least: float,
    beyond: float,
    reduced: NDArray[np.float64],
    amount: NDArray[np.float64],
    number: NDArray[np.int64],
) -> int:
    """
    Fill one site; boarders stand first. Gives how many arcs are taken; their amounts stand in the buffers.

    A least load is heeded only where nobody boards.
    """
    n, wanted, in_beds = 0, 0.0, 0.0
    if board.size > 0:
        for e in range(first, stop):
            i = row[e]
            value = cost[e] - price[i]
            if value < 0.0 and board[e]:
                reduced[n], amount[n], number[n] = value, pupils[i], i
                in_beds += pupils[i]
                n += 1
        if in_beds > beds:
            _take_best(reduced, amount, number, n, beds)
            in_beds = beds
    wanted = in_beds
    for e in range(first, stop):
        if board.size > 0 and board[e]:
            continue
        i = row[e]
        value = cost[e] - price[i]
        if value < 0.0:
            reduced[n], amount[n], number[n] = value, pupils[i], i
            wanted += pupils[i]
            n += 1
    if wanted > seats:
        _take_best(reduced, amount, number, n, seats)
    elif board.size == 0 and wanted < least:  # others must come as well, the cheapest of them
        n, wanted = 0, 0.0
        for e in range(first, stop):
            i = row[e]
            value = cost[e] - price[i]
            if value < beyond:
                reduced[n], amount[n], number[n] = value, pupils[i], i
                wanted += pupils[i]
                n += 1
        if wanted > least:
            _take_best(reduced, amount, number, n, least)
    return n


@kernel
def fill_each(
    start: NDArray[np.int64],
    row: NDArray[np.int32],
    cost: NDArray[np.float64],
    board: NDArray[np.bool_],
    pupils: NDArray[np.float64],
    price: NDArray[np.float64],
    seats: NDArray[np.float64],
    beds: NDArray[np.float64],
    least: NDArray[np.float64],
    beyond: float,
    skip: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Find what the pupils of each site cost together when it takes those that bring most, their prices taken off.

    Parameters
    ----------
    start, row, cost, board : numpy.ndarray
        Arcs by site: those of site j from ``start[j]`` to ``start[j + 1]``; ``board`` is empty where nobody boards.
    pupils, price : numpy.ndarray, shape (n_rows,)
        Pupils and the price of seating one.
    seats, beds : numpy.ndarray, shape (n_sites,)
        Capacities.
    least : numpy.ndarray, shape (n_sites,)
        Pupils that a site takes at least, be they dear.
    beyond : float
        What a pupil whose arc is not listed costs at least, the price taken off.
    skip : numpy.ndarray of bool, shape (n_sites,)
        Sites of no interest.

    Returns
    -------
    worth : numpy.ndarray, shape (n_sites,)
        At most 0 where there is no least load; 0 for sites that are skipped.
    edge : numpy.ndarray, shape (n_sites,)
        What the least of those taken brings where the seats are full, else 0: the worth of a seat.
    """
    n_sites = seats.size
    longest = 0
    for j in range(n_sites):
        longest = max(longest, start[j + 1] - start[j])
    reduced, amount, number = np.empty(longest), np.empty(longest), np.empty(longest, np.int64)
    worth, edge = np.zeros(n_sites), np.zeros(n_sites)
    for j in range(n_sites):
        if skip[j]:
            continue
        n = _fill_one(
            start[j],
            start[j + 1],
            row,
            cost,
            board,
            pupils,
            price,
            seats[j],
            beds[j],
            least[j],
            beyond,
            reduced,
            amount,
            number,
        )
        total, load, last = 0.0, 0.0, -np.inf
        for e in range(n):
            total += reduced[e] * amount[e]
            load += amount[e]
            if amount[e] > 0.0:
                last = max(last, reduced[e])
        if board.size == 0 and load < least[j]:
            total += (least[j] - load) * beyond
        worth[j] = total
        if load >= seats[j] and load > 0.0:
            edge[j] = -last
    return worth, edge


@kernel
def serve_rows(
    start: NDArray[np.int64],
    row: NDArray[np.int32],
    cost: NDArray[np.float64],
    board: NDArray[np.bool_],
    pupils: NDArray[np.float64],
    price: NDArray[np.float64],
    seats: NDArray[np.float64],
    beds: NDArray[np.float64],
    least: NDArray[np.float64],
    beyond: float,
    opened: NDArray[np.int64],
) -> NDArray[np.float64]:
    """
    Count the pupils of each row that the open sites take when each takes those that bring most to it.

    Parameters
    ----------
    start, row, cost, board, pupils, price, seats, beds, least, beyond : numpy.ndarray
        As for `fill_each`.
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
    reduced, amount, number = np.empty(longest), np.empty(longest), np.empty(longest, np.int64)
    served = np.zeros(pupils.size)
    for j in opened:
        n = _fill_one(
            start[j],
            start[j + 1],
            row,
            cost,
            board,
            pupils,
            price,
            seats[j],
            beds[j],
            least[j],
            beyond,
            reduced,
            amount,
            number,
        )
        for e in range(n):
            served[number[e]] += amount[e]
    return served

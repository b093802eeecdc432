"""
Kernels for seating pupils quickly in a choice of sites; import inside functions only (numba).

A row looks at the few cheapest open sites of its list and at being without a seat. Costs bear the seat prices of a similar
choice, so that hardly a pupil has to be moved once all have gone where that is cheapest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["pick_open"]


@kernel
def pick_open(
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    number: NDArray[np.int32],
    refuge: NDArray[np.float64],
    seat_price: NDArray[np.float64],
    n_open: int,
    most: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """
    Take the cheapest open sites of each row's list, and the column of those without a seat.

    Parameters
    ----------
    start, site, cost : numpy.ndarray
        Lists by row, each from cheap to dear.
    number : numpy.ndarray of int32, shape (n_sites,)
        Rank of each open site among the open ones; -1 where it is shut.
    refuge : numpy.ndarray, shape (n_rows,)
        Cost of being without a seat, finite.
    seat_price : numpy.ndarray, shape (n_open,)
        Prices of seats.
    n_open : int
        Open sites; the column of those without a seat has this number.
    most : int
        Open sites that a row looks at.

    Returns
    -------
    indptr, indices, priced, plain : numpy.ndarray
        The table in CSR form, columns rising, with prices of seats and without.
    nearest : numpy.ndarray of int64, shape (n_rows,)
        Entry of the cheapest column of each row, prices included.
    """
    n_rows = refuge.size
    indptr = np.zeros(n_rows + 1, np.int64)
    indices = np.empty(n_rows * (most + 1), np.int32)
    priced = np.empty(n_rows * (most + 1))
    plain = np.empty(n_rows * (most + 1))
    nearest = np.empty(n_rows, np.int64)
    at = 0
    for row in range(n_rows):
        first = at
        for e in range(start[row], start[row + 1]):
            k = number[site[e]]
            if k < 0:
                continue
            if cost[e] >= refuge[row]:
                break
            place = at
            while place > first and indices[place - 1] > k:
                indices[place] = indices[place - 1]
                plain[place] = plain[place - 1]
                place -= 1
            indices[place] = k
            plain[place] = cost[e]
            at += 1
            if at - first >= most:
                break
        indices[at] = n_open
        plain[at] = refuge[row]
        at += 1
        nearest[row] = first
        for e in range(first, at):
            priced[e] = plain[e] + (seat_price[indices[e]] if indices[e] < n_open else 0.0)
            if priced[e] < priced[nearest[row]]:
                nearest[row] = e
        indptr[row + 1] = at
    return indptr, indices[:at].copy(), priced[:at].copy(), plain[:at].copy(), nearest

"""
What an answer and its prices are read off from settled lists, compiled by numba on first use.

Import this module inside a function only: importing numba takes a second that ``import planning`` must not pay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.access.shortlists import Lists
from planning.kernels import kernel

__all__ = ["column", "dearest", "read_off"]


@kernel
def read_off(
    lists: Lists, row_of: NDArray[np.int64], pupils: NDArray[np.int64], nowhere: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], float]:
    """
    Write down who goes where, cell by cell.

    Parameters
    ----------
    lists : Lists
        Lists with the settled pupils.
    row_of : numpy.ndarray of int64, shape (n_cells,)
        Row of each cell in the lists; -1 for a cell that takes no part.
    pupils : numpy.ndarray of int64, shape (n_cells,)
        Pupils of each cell [pupils].
    nowhere : int
        The node that is no school.

    Returns
    -------
    indptr, indices : numpy.ndarray of int32
        Where the flows stand, in CSR form, columns ascending within a row.
    amount : numpy.ndarray of int64
        The flows [pupils].
    unserved : numpy.ndarray of int64, shape (n_cells,)
        Pupils without a seat [pupils].
    cost : float
        Sum of flows times cost, added up in the order of the lists, rounding made good [cost x pupils].

    References
    ----------
    .. [1] A. Neumaier, ZAMM 54(1), 39-51, 1974 (sums of floating-point numbers). https://doi.org/10.1002/zamm.19740540106
    """
    used = 0
    total, lost = 0.0, 0.0
    for entry in range(lists.flow.size):
        if lists.flow[entry] > 0 and lists.school[entry] != nowhere:
            used += 1
            part = lists.flow[entry] * lists.cost[entry]
            longer = total + part
            lost += (total - longer) + part if total >= part else (part - longer) + total
            total = longer
    indptr = np.zeros(row_of.size + 1, np.int32)
    indices = np.empty(used, np.int32)
    amount = np.empty(used, np.int64)
    unserved = np.zeros(row_of.size, np.int64)
    place = 0
    for cell in range(row_of.size):
        row = row_of[cell]
        if row < 0:
            unserved[cell] = pupils[cell]
        else:
            for entry in range(lists.start[row], lists.start[row + 1]):
                if lists.flow[entry] == 0:
                    continue
                if lists.school[entry] == nowhere:
                    unserved[cell] = lists.flow[entry]
                else:
                    indices[place], amount[place] = lists.school[entry], lists.flow[entry]
                    place += 1
        indptr[cell + 1] = place
    return indptr, indices, amount, unserved, total + lost


@kernel
def column(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    row_of: NDArray[np.int64],
    n_rows: int,
    school: int,
) -> NDArray[np.float64]:
    """
    Take the costs of one school out of the table.

    Parameters
    ----------
    indptr, indices, data : numpy.ndarray
        Costs in CSR form, columns ascending within a row.
    row_of : numpy.ndarray of int64, shape (n_cells,)
        Row of each cell in the lists; -1 for a cell that takes no part.
    n_rows : int
        Rows of the lists.
    school : int
        The school.

    Returns
    -------
    numpy.ndarray of float64, shape (n_rows,)
        The cost of each row, inf where the school is out of reach [cost].
    """
    cost = np.full(n_rows, np.inf)
    for cell in range(row_of.size):
        if row_of[cell] < 0:
            continue
        low, stop = indptr[cell], indptr[cell + 1]
        if low + school < stop and indices[low + school] == school:  # a row in which every school is in reach
            low += school
        else:
            high = stop
            while low < high:
                middle = (low + high) // 2
                if indices[middle] < school:
                    low = middle + 1
                else:
                    high = middle
        if low < stop and indices[low] == school:
            cost[row_of[cell]] = data[low]
    return cost


@kernel
def dearest(lists: Lists, price: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Find what the dearest pupil of each row costs where he goes, price included.

    Parameters
    ----------
    lists : Lists
        Lists with pupils.
    price : numpy.ndarray of float64, shape (n_schools + 1,)
        Prices, nowhere's last [cost].

    Returns
    -------
    numpy.ndarray of float64, shape (n_rows,)
        The cost, -inf for a row without pupils [cost].
    """
    most = np.full(lists.start.size - 1, -np.inf)
    for entry in range(lists.flow.size):
        if lists.flow[entry] > 0:
            row = lists.row[entry]
            most[row] = max(most[row], lists.cost[entry] + price[lists.school[entry]])
    return most

"""
The transport kernel behind :func:`planning.access.allocate`, compiled by numba on first use.

Import this module inside a function only: importing numba takes a second that ``import planning`` must not pay.

The network of the shortest paths has the *schools* as its nodes. An arc i → k costs what it takes to move the pupil
of school i who is cheapest to move to k. Everyone starts at the nearest school, which is optimal for the loads it gives;
each augmentation along a shortest path keeps it optimal for the new loads (successive shortest paths). Dijkstra's
search runs on reduced costs, with potentials that equal the distances from the overloaded schools.

It runs in two phases, so that "as many as possible" needs no large number to outweigh the costs. First the overflow goes to
free seats. When no overloaded school reaches a free seat any more, all schools that it does reach are full and
their pupils reach no school outside of them, so the overflow left is exactly what no answer can seat. Then that
number of pupils is taken out, again along shortest paths, with a pupil's own cost as what is saved.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["push_out_overflow"]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _find(indices: NDArray[np.int32], start: int, stop: int, column: int) -> int:
    """Give the entry of a row that stands in a column, or -1; columns ascend within the row."""
    guess = start + column
    if guess < stop and indices[guess] == column:  # a row in which every school is in reach
        return guess
    low, high = start, stop
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < column:
            low = middle + 1
        else:
            high = middle
    if low < stop and indices[low] == column:
        return low
    return -1


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _refresh(
    school: int,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    row_of: NDArray[np.int32],
    flow: NDArray[np.int64],
    head: NDArray[np.int64],
    following: NDArray[np.int64],
    move: NDArray[np.float64],
    origin: NDArray[np.int64],
    target: NDArray[np.int64],
    stale: NDArray[np.int64],
) -> None:
    """Find the cheapest pupil again for the arcs out of a school whose pupil has left; column n_schools is "no seat"."""
    n_schools = head.size
    n_stale = 0
    for k in range(n_schools + 1):
        if origin[school, k] >= 0 and flow[origin[school, k]] == 0:
            stale[n_stale] = k
            n_stale += 1
            move[school, k] = np.inf
            origin[school, k] = -1
            target[school, k] = -1
    if n_stale == 0:
        return
    entry = head[school]
    while entry >= 0:
        row = row_of[entry]
        for s in range(n_stale):
            k = stale[s]
            if k == n_schools:
                other = -1
                cost = -data[entry]
            else:
                other = _find(indices, indptr[row], indptr[row + 1], k)
                if other < 0 or other == entry:
                    continue
                cost = data[other] - data[entry]
            # among equals the lowest entry, so that the answer does not depend on the history of the list
            if cost < move[school, k] or (cost == move[school, k] and entry < origin[school, k]):
                move[school, k] = cost
                origin[school, k] = entry
                target[school, k] = other
        entry = following[entry]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _join(
    entry: int,
    school: int,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    row_of: NDArray[np.int32],
    head: NDArray[np.int64],
    following: NDArray[np.int64],
    previous: NDArray[np.int64],
    move: NDArray[np.float64],
    origin: NDArray[np.int64],
    target: NDArray[np.int64],
) -> None:
    """Put a row's entry on the list of a school's pupils and offer it to the arcs out of the school."""
    n_schools = head.size
    previous[entry] = -1
    following[entry] = head[school]
    if head[school] >= 0:
        previous[head[school]] = entry
    head[school] = entry
    row = row_of[entry]
    for other in range(indptr[row], indptr[row + 1]):
        if other == entry:
            continue
        k = indices[other]
        cost = data[other] - data[entry]
        if cost < move[school, k] or (cost == move[school, k] and entry < origin[school, k]):
            move[school, k] = cost
            origin[school, k] = entry
            target[school, k] = other
    cost = -data[entry]
    if cost < move[school, n_schools] or (cost == move[school, n_schools] and entry < origin[school, n_schools]):
        move[school, n_schools] = cost
        origin[school, n_schools] = entry
        target[school, n_schools] = -1


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def push_out_overflow(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    pupils: NDArray[np.int64],
    nearest: NDArray[np.int64],
    seats: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """
    Seat as many pupils as possible, as cheaply as possible, starting with everyone at the nearest school.

    Parameters
    ----------
    indptr, indices, data : numpy.ndarray
        Costs in CSR form, columns ascending within a row; every row has an entry.
    pupils : numpy.ndarray of int64, shape (n_rows,)
        Pupils of each row, above 0 [pupils].
    nearest : numpy.ndarray of int64, shape (n_rows,)
        Entry of the cheapest school of each row.
    seats : numpy.ndarray of int64, shape (n_schools,)
        Seats of each school, above 0 [seats].

    Returns
    -------
    flow : numpy.ndarray of int64, shape (n_entries,)
        Pupils of each pair [pupils].
    unserved : numpy.ndarray of int64, shape (n_rows,)
        Pupils left without a seat [pupils].
    load : numpy.ndarray of int64, shape (n_schools,)
        Pupils of each school [pupils].
    move : numpy.ndarray of float64, shape (n_schools, n_schools + 1)
        What the cheapest move of one pupil from a school to another costs; the last column is taking one out.
    """
    n_rows = pupils.size
    n_schools = seats.size
    n_entries = indices.size
    sink = n_schools

    row_of = np.empty(n_entries, np.int32)
    flow = np.zeros(n_entries, np.int64)
    following = np.full(n_entries, -1, np.int64)
    previous = np.full(n_entries, -1, np.int64)
    head = np.full(n_schools, -1, np.int64)
    move = np.full((n_schools, n_schools + 1), np.inf)
    origin = np.full((n_schools, n_schools + 1), -1, np.int64)
    target = np.full((n_schools, n_schools + 1), -1, np.int64)
    load = np.zeros(n_schools, np.int64)
    unserved = np.zeros(n_rows, np.int64)
    dirty = np.zeros(n_schools, np.bool_)
    stale = np.empty(n_schools + 1, np.int64)
    potential = np.zeros(n_schools + 1)
    distance = np.empty(n_schools + 1)
    settled = np.empty(n_schools + 1, np.bool_)
    parent = np.empty(n_schools + 1, np.int64)

    for row in range(n_rows):
        for entry in range(indptr[row], indptr[row + 1]):
            row_of[entry] = row
    for row in range(n_rows - 1, -1, -1):
        entry = nearest[row]
        school = indices[entry]
        flow[entry] = pupils[row]
        load[school] += pupils[row]
        _join(entry, school, indptr, indices, data, row_of, head, following, previous, move, origin, target)

    taking_out = False
    while True:
        any_over = False
        for school in range(n_schools):
            settled[school] = False
            parent[school] = -1
            distance[school] = np.inf
            if load[school] > seats[school]:
                any_over = True
                distance[school] = max(0.0, -potential[school])
        if not any_over:
            break
        distance[sink] = np.inf
        parent[sink] = -1

        # Dijkstra on reduced costs, stopped when nothing unsettled is nearer than the sink. A reduced cost below 0 can
        # only be rounding.
        while True:
            school = -1
            for k in range(n_schools):
                if not settled[k] and distance[k] < np.inf and (school < 0 or distance[k] < distance[school]):
                    school = k
            if school < 0 or distance[school] >= distance[sink]:
                break
            settled[school] = True
            if dirty[school]:
                _refresh(school, indptr, indices, data, row_of, flow, head, following, move, origin, target, stale)
                dirty[school] = False
            here = distance[school]
            for k in range(n_schools):
                if not settled[k] and move[school, k] < np.inf:
                    length = here + max(0.0, move[school, k] + potential[school] - potential[k])
                    if length < distance[k]:
                        distance[k] = length
                        parent[k] = school
            length = np.inf
            if taking_out:
                if move[school, sink] < np.inf:
                    length = here + max(0.0, move[school, sink] + potential[school] - potential[sink])
            elif load[school] < seats[school]:
                length = here + max(0.0, potential[school] - potential[sink])
            if length < distance[sink]:
                distance[sink] = length
                parent[sink] = school

        if parent[sink] < 0:
            # No free seat is left in reach of any overflow. From here on the sink is "no seat".
            taking_out = True
            for school in range(n_schools):
                if dirty[school]:
                    _refresh(school, indptr, indices, data, row_of, flow, head, following, move, origin, target, stale)
                    dirty[school] = False
            potential[sink] = np.inf
            for school in range(n_schools):
                if move[school, sink] < np.inf:
                    potential[sink] = min(potential[sink], move[school, sink] + potential[school])
            continue

        nearest_sink = distance[sink]
        for k in range(n_schools + 1):
            potential[k] += min(distance[k], nearest_sink)

        # how many pupils the path carries
        last = parent[sink]
        amount = flow[origin[last, sink]] if taking_out else seats[last] - load[last]
        k = last
        while parent[k] >= 0:
            amount = min(amount, flow[origin[parent[k], k]])
            k = parent[k]
        first = k
        amount = min(amount, load[first] - seats[first])

        # Move them, from the end of the path to its start. A row may give on one arc and take on another.
        load[first] -= amount
        if taking_out:
            entry = origin[last, sink]
            flow[entry] -= amount
            unserved[row_of[entry]] += amount
        else:
            load[last] += amount
        k = last
        while parent[k] >= 0:
            flow[origin[parent[k], k]] -= amount
            flow[target[parent[k], k]] += amount
            k = parent[k]

        # Then mend the lists of the schools on the path: who is there now, and who is gone. The arcs along the path still
        # name the entries of the moves until both ends are mended.
        k = last
        leaving = origin[last, sink] if taking_out else -1
        while True:
            arriving = -1
            going = leaving
            if parent[k] >= 0:
                arriving = target[parent[k], k]
                leaving = origin[parent[k], k]
            if going >= 0 and flow[going] == 0:
                before, after = previous[going], following[going]
                if before >= 0:
                    following[before] = after
                else:
                    head[k] = after
                if after >= 0:
                    previous[after] = before
                previous[going] = -1
                following[going] = -1
                dirty[k] = True
            if (
                arriving >= 0
                and flow[arriving] > 0
                and head[k] != arriving
                and previous[arriving] < 0
                and following[arriving] < 0
            ):
                _join(arriving, k, indptr, indices, data, row_of, head, following, previous, move, origin, target)
            if parent[k] < 0:
                break
            k = parent[k]

    for school in range(n_schools):
        if dirty[school]:
            _refresh(school, indptr, indices, data, row_of, flow, head, following, move, origin, target, stale)
    return flow, unserved, load, move

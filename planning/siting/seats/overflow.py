"""
Seat pupils in a choice of sites from where most of them sit already: overflow leaves the full sites along shortest paths.

The search for layouts asks this for many choices of a few hundred sites, with prices that leave little overflow; the exact
and general seating is :mod:`planning.access.allocation`. The network of the shortest paths has the *sites* as its nodes; an
arc i -> k costs what it takes to move the pupil of site i who is cheapest to move to k. Each augmentation along a shortest
path keeps the answer cheapest for its loads. When no overfull site reaches a free seat any more, the rest is taken out,
again along shortest paths.

When the cheapest pupil of an arc has left, the old cost is still a lower bound. It is looked up again only where a search
would use the arc.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["push_out_overflow"]


class _State(NamedTuple):
    """All that the kernel's steps share; an *entry* is a pair of row and school, by its place in the CSR form."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: NDArray[np.float64]
    row_of: NDArray[np.int32]
    flow: NDArray[np.int64]  # pupils of each entry
    head: NDArray[np.int64]  # doubly linked list of the entries with pupils, for each school
    following: NDArray[np.int64]
    previous: NDArray[np.int64]
    move: NDArray[np.float64]  # (n_schools, n_schools + 1): cost of the arc; the last column is taking one out
    origin: NDArray[np.int64]  # the entry that gives on the arc, -1 where there is no arc
    target: NDArray[np.int64]  # the entry that takes
    seats: NDArray[np.int64]
    load: NDArray[np.int64]
    potential: NDArray[np.float64]  # (n_schools + 1,), the last is the sink
    distance: NDArray[np.float64]
    settled: NDArray[np.bool_]
    parent: NDArray[np.int64]


@kernel
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


@kernel
def _look_up(s: _State, school: int, k: int) -> None:
    """Find the cheapest pupil of an arc again where the one it names has left."""
    if s.origin[school, k] < 0 or s.flow[s.origin[school, k]] > 0:
        return
    indptr, indices, data, row_of, following = s.indptr, s.indices, s.data, s.row_of, s.following
    to_school = k < s.head.size
    lowest, origin, target = np.inf, np.int64(-1), np.int64(-1)
    entry = s.head[school]
    while entry >= 0:
        other = np.int64(-1)
        cost = -data[entry]
        if to_school:
            row = row_of[entry]
            other = np.int64(_find(indices, indptr[row], indptr[row + 1], k))
            cost = data[other] + cost if other >= 0 else np.inf
        # among equals the lowest entry, so that the answer does not depend on the history of the list
        if cost < lowest or (cost == lowest and entry < origin):
            lowest, origin, target = cost, entry, other
        entry = following[entry]
    s.move[school, k] = lowest
    s.origin[school, k] = origin
    s.target[school, k] = target


@kernel
def _join(s: _State, entry: int, school: int) -> None:
    """Put an entry on the list of a school's pupils and offer it to the arcs out of the school."""
    s.previous[entry] = -1
    s.following[entry] = s.head[school]
    if s.head[school] >= 0:
        s.previous[s.head[school]] = entry
    s.head[school] = entry
    indices, data = s.indices, s.data
    moves, origins, targets = s.move[school], s.origin[school], s.target[school]
    row = s.row_of[entry]
    own = data[entry]
    for other in range(s.indptr[row], s.indptr[row + 1]):
        if other == entry:
            continue
        k = indices[other]
        cost = data[other] - own
        if cost < moves[k] or (cost == moves[k] and entry < origins[k]):
            moves[k], origins[k], targets[k] = cost, entry, other
    if -own < moves[-1] or (-own == moves[-1] and entry < origins[-1]):
        moves[-1], origins[-1], targets[-1] = -own, entry, -1


@kernel
def _leave(s: _State, entry: int, school: int) -> None:
    """Take an entry off the list of a school's pupils."""
    before, after = s.previous[entry], s.following[entry]
    if before >= 0:
        s.following[before] = after
    else:
        s.head[school] = after
    if after >= 0:
        s.previous[after] = before
    s.previous[entry] = -1
    s.following[entry] = -1


@kernel
def _relax(s: _State, school: int, first: int, stop: int) -> None:
    """Offer the way over a school to the schools of a range; the last column is taking a pupil out."""
    distance, settled, potential = s.distance, s.settled, s.potential
    moves = s.move[school]
    here, height = distance[school], potential[school]
    for k in range(first, stop):
        if settled[k]:
            continue
        bound = min(distance[k], distance[-1])
        # a reduced cost below 0 can only be rounding
        if here + max(0.0, moves[k] + height - potential[k]) < bound:
            _look_up(s, school, k)
            length = here + max(0.0, moves[k] + height - potential[k])
            if length < bound:
                distance[k] = length
                s.parent[k] = school


@kernel
def _search(s: _State, taking_out: bool) -> bool:
    """Find the shortest path from any overloaded school to the sink, stopping there; say whether there is one."""
    distance, settled = s.distance, s.settled
    n_schools = s.head.size
    settled[:] = False
    s.parent[:] = -1
    distance[:] = np.inf
    for school in range(n_schools):
        if s.load[school] > s.seats[school]:
            distance[school] = max(0.0, -s.potential[school])
    while True:
        school, shortest = -1, np.inf
        for k in range(n_schools):
            if distance[k] < shortest and not settled[k]:
                school, shortest = k, distance[k]
        if school < 0 or shortest >= distance[n_schools]:
            break
        settled[school] = True
        if taking_out:
            _relax(s, school, n_schools, n_schools + 1)
        elif s.load[school] < s.seats[school]:
            length = shortest + max(0.0, s.potential[school] - s.potential[n_schools])
            if length < distance[n_schools]:
                distance[n_schools] = length
                s.parent[n_schools] = school
        _relax(s, school, 0, n_schools)
    return bool(s.parent[n_schools] >= 0)


@kernel
def _augment(s: _State, taking_out: bool, unserved: NDArray[np.int64]) -> None:
    """Move as many pupils as the path found carries, and mend the lists of the schools on it."""
    sink = s.head.size
    last = s.parent[sink]
    amount = s.flow[s.origin[last, sink]] if taking_out else s.seats[last] - s.load[last]
    k = last
    while s.parent[k] >= 0:
        amount = min(amount, s.flow[s.origin[s.parent[k], k]])
        k = s.parent[k]
    amount = min(amount, s.load[k] - s.seats[k])
    s.load[k] -= amount

    leaving = -1
    if taking_out:
        leaving = s.origin[last, sink]
        s.flow[leaving] -= amount
        unserved[s.row_of[leaving]] += amount
    else:
        s.load[last] += amount
    # A row may give on one arc and take on the next: all amounts first, then the lists.
    k = last
    while s.parent[k] >= 0:
        s.flow[s.origin[s.parent[k], k]] -= amount
        s.flow[s.target[s.parent[k], k]] += amount
        k = s.parent[k]
    k = last
    while True:
        # read before the lists of the school are touched, which changes what its arcs name
        before = s.parent[k]
        going = leaving
        arriving = -1
        if before >= 0:
            arriving = s.target[before, k]
            leaving = s.origin[before, k]
        if going >= 0 and s.flow[going] == 0:
            _leave(s, going, k)
        if arriving >= 0 and s.flow[arriving] > 0:
            listed = s.head[k] == arriving or s.previous[arriving] >= 0 or s.following[arriving] >= 0
            if not listed:
                _join(s, arriving, k)
        if before < 0:
            break
        k = before


@kernel
def push_out_overflow(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    pupils: NDArray[np.int64],
    nearest: NDArray[np.int64],
    seats: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
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
    move : numpy.ndarray of float64, shape (n_schools, n_schools)
        Cost of the cheapest move of one pupil from a school to another; inf where there is none [cost].
    """
    n_rows = pupils.size
    n_schools = seats.size
    n_entries = indices.size
    s = _State(
        indptr,
        indices,
        data,
        np.empty(n_entries, np.int32),
        np.zeros(n_entries, np.int64),
        np.full(n_schools, -1, np.int64),
        np.full(n_entries, -1, np.int64),
        np.full(n_entries, -1, np.int64),
        np.full((n_schools, n_schools + 1), np.inf),
        np.full((n_schools, n_schools + 1), -1, np.int64),
        np.full((n_schools, n_schools + 1), -1, np.int64),
        seats,
        np.zeros(n_schools, np.int64),
        np.zeros(n_schools + 1),
        np.empty(n_schools + 1),
        np.empty(n_schools + 1, np.bool_),
        np.empty(n_schools + 1, np.int64),
    )
    unserved = np.zeros(n_rows, np.int64)
    for row in range(n_rows):
        s.row_of[indptr[row] : indptr[row + 1]] = row
    for row in range(n_rows - 1, -1, -1):
        s.flow[nearest[row]] = pupils[row]
        s.load[indices[nearest[row]]] += pupils[row]
        _join(s, nearest[row], indices[nearest[row]])

    taking_out = False
    while (s.load > s.seats).any():
        if _search(s, taking_out):
            reached = s.distance[n_schools]
            for k in range(n_schools + 1):
                s.potential[k] += min(s.distance[k], reached)
            _augment(s, taking_out, unserved)
        else:
            # No free seat is left in reach of any overflow: from here on the sink is "no seat".
            taking_out = True
            s.potential[n_schools] = np.inf
            for school in range(n_schools):
                _look_up(s, school, n_schools)
                if s.move[school, n_schools] < np.inf:
                    way = s.move[school, n_schools] + s.potential[school]
                    s.potential[n_schools] = min(s.potential[n_schools], way)

    for school in range(n_schools):
        for k in range(n_schools):
            _look_up(s, school, k)
    return s.flow, unserved, s.move[:, :n_schools].copy()

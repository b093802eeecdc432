"""
Sweeps within a limit: a whole subtree is passed over when no node of its boundary is within it.

The boundary is that of the topology: an arc which costs do not need may still be the only one that tells where the subtree
can be entered.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Ways
from planning.travel.restriction import Costs, Restriction, climb

__all__ = ["Lanes", "make_lanes", "sweep_within"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Lanes(NamedTuple):
    """
    What a thread sweeps in, reused from batch to batch.

    Parameters
    ----------
    rows : numpy.ndarray of float32 or float64, shape (n_rows, n_lanes)
        Cost of each row from each root.
    seeded : numpy.ndarray of int32, shape (n_rows,)
        The last batch in which a climb reached the row.
    passed : numpy.ndarray of int32, shape (n_rows,)
        The last batch in which a root lay in the row's subtree.
    within : numpy.ndarray of int32, shape (n_rows,)
        The last batch in which the row was within the limit.
    dist : numpy.ndarray of float64, shape (n_core,)
        All inf between climbs.
    path : numpy.ndarray of int32, shape (n_core,)
        Room for a path to the root of the tree, or two.
    """

    rows: Costs
    seeded: Ints
    passed: Ints
    within: Ints
    dist: Floats
    path: Ints


def make_lanes(restriction: Restriction, n_lanes: int) -> Lanes:
    """
    Make room for sweeps.

    Parameters
    ----------
    restriction : Restriction
        What is swept.
    n_lanes : int
        How many roots at once.

    Returns
    -------
    Lanes
        Room for one thread.
    """
    n_rows, n = len(restriction.row_end), len(restriction.row_of)
    return Lanes(  # by numpy, not inside a kernel: numpy asks for huge pages, which such scattered rows need
        np.empty((n_rows, n_lanes), restriction.cost.dtype),
        np.full(n_rows, -1, np.int32),
        np.full(n_rows, -1, np.int32),
        np.full(n_rows, -1, np.int32),
        np.full(n, np.inf),
        np.empty(n, np.int32),
    )


@kernel
def _seed(
    parent: Ints,
    ways: Ways,
    restriction: Restriction,
    lanes: Lanes,
    lane: int,
    batch: int,
    first: int,
    last: int,
    at_first: float,
    at_last: float,
) -> None:
    """Climb from one root and lay the costs found into its lane of the rows."""
    rows, seeded, passed, _, dist, path = lanes
    n = climb(parent, ways, first, last, at_first, at_last, dist, path)
    for at in range(n):
        node = path[at]
        row = restriction.row_of[node]
        if row >= 0:
            passed[row] = batch
            if dist[node] < np.inf:
                if seeded[row] != batch:
                    seeded[row] = batch
                    rows[row, :] = np.inf
                rows[row, lane] = dist[node]
        dist[node] = np.inf


@kernel
def sweep_within(
    parent: Ints,
    ways: Ways,
    restriction: Restriction,
    lanes: Lanes,
    batch: int,
    first: Ints,
    last: Ints,
    at_first: Floats,
    at_last: Floats,
    out: NDArray[np.float32],
    columns: Longs,
    reach: float,
    limit: float | np.float32,
) -> None:
    """
    Sweep once for some roots, near each other at best, no further than a limit.

    Parameters
    ----------
    parent : numpy.ndarray of int32, shape (n_core,)
        The elimination tree.
    ways : Ways
        Arcs up, in the direction of travel.
    restriction : Restriction
        Where to.
    lanes : Lanes
        Room of this thread.
    batch : int
        Number of this sweep in that room.
    first, last : numpy.ndarray of int32, shape (n_roots,)
        Core nodes at the ends of the chain of each root.
    at_first, at_last : numpy.ndarray of float64, shape (n_roots,)
        Costs of getting there.
    out : numpy.ndarray of float32, shape (n_places, …)
        Changed in place where a cost is within the limit; it should hold inf.
    columns : numpy.ndarray of int64, shape (n_roots,)
        Where the costs of each root go.
    reach : float
        How far to go.
    limit : float32
        What counts, inclusive.
    """
    n_lanes = first.size
    for lane in range(n_lanes):
        _seed(parent, ways, restriction, lanes, lane, batch, first[lane], last[lane], at_first[lane], at_last[lane])
    rows, seeded, passed, within = lanes.rows, lanes.seeded, lanes.passed, lanes.within
    arc_first, head, cost = restriction.first, restriction.head, restriction.cost
    edge_first, edge = restriction.edge_first, restriction.edge
    place_first, place, others = restriction.place_first, restriction.place, restriction.other
    row = 0
    while row < len(rows):
        enter = passed[row] == batch
        at = edge_first[row]
        while not enter and at < edge_first[row + 1]:
            enter = within[edge[at]] == batch
            at += 1
        if not enter:
            row = restriction.row_end[row]
            continue
        here = rows[row]
        if seeded[row] != batch:
            here[:] = np.inf
        for at in range(arc_first[row], arc_first[row + 1]):
            if within[head[at]] == batch:  # the others hold what an earlier batch left
                there, far = rows[head[at]], cost[at]
                for lane in range(n_lanes):
                    way = there[lane] + far
                    here[lane] = way if way < here[lane] else here[lane]
        for lane in range(n_lanes):
            if here[lane] <= reach:
                within[row] = batch
                break
        for at in range(place_first[row], place_first[row + 1]):
            other = others[at]
            by_row, by_other = restriction.from_row[at], restriction.from_other[at]
            if within[row] != batch:
                by_row = by_row + np.inf
            if within[other] != batch:
                by_other = by_other + np.inf
            if by_row < np.inf or by_other < np.inf:
                there, to = rows[other], out[place[at]]
                for lane in range(n_lanes):
                    way = np.float32(min(here[lane] + by_row, there[lane] + by_other))
                    if way <= limit:
                        to[columns[lane]] = way
        row += 1

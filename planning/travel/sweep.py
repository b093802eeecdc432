"""
Restricted sweeps: the costs from many roots to many places.

Going from a root, the *climb* relaxes the upward arcs along the root's path in the elimination tree; then one sweep through
memory, ancestors first, gives every core node its cost (PHAST). The sweep is *restricted* to the ancestors of the
places (RPHAST), so that it runs over compact rows, and carries a vector of roots at once: each arc is read once for all of
them. The cost at a place is gathered from the two ends of its chain as soon as the lower one has its own.

With a limit a whole subtree is passed over when no node of its boundary is within it. The boundary is that of the topology:
an arc which costs do not need may still be the only one that tells where the subtree can be entered.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] D. Delling, A. V. Goldberg, A. Nowatzyk, R. F. Werneck, PHAST: Hardware-accelerated shortest path trees, J. Parallel
   Distrib. Comput. 73(7), 940-952, 2013. https://doi.org/10.1016/j.jpdc.2012.02.007
.. [2] D. Delling, A. V. Goldberg, R. F. Werneck, Faster batched shortest paths in road networks, ATMOS 2011 (RPHAST).
   https://doi.org/10.4230/OASIcs.ATMOS.2011.52
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric, Ways
from planning.travel.elimination import Hierarchy
from planning.travel.topology import Topology

__all__ = [
    "LANES",
    "Lanes",
    "Restriction",
    "climb",
    "end_costs",
    "make_lanes",
    "meet",
    "restrict",
    "sort_by_chain",
    "sweep",
    "sweep_within",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Counts = NDArray[np.uint32]  # never negative: an index that may be is checked each time
Longs = NDArray[np.int64]
Costs = NDArray[np.float64] | NDArray[np.float32]

LANES = 64


class Restriction(NamedTuple):
    """
    The ancestors of some places as compact rows, in preorder, with the arcs down to them and the places behind them.

    Parameters
    ----------
    row_of : numpy.ndarray of int32, shape (n_core,)
        Row of each core node; -1 for those that are no ancestors.
    first : numpy.ndarray of uint32, shape (n_rows + 1,)
        Where the arcs down to each row begin.
    head : numpy.ndarray of uint32, shape (n_arcs,)
        Row that each comes from.
    cost : numpy.ndarray of float32 or float64, shape (n_arcs,)
        Its cost.
    place_first : numpy.ndarray of uint32, shape (n_rows + 1,)
        Where the places of each row begin: those whose chain has its lower end there.
    place : numpy.ndarray of uint32, shape (n_places,)
        Their positions among the places asked for.
    other : numpy.ndarray of uint32, shape (n_places,)
        Row of the upper end.
    from_row, from_other : numpy.ndarray of float32 or float64, shape (n_places,)
        Costs from both ends.
    row_end : numpy.ndarray of int32, shape (n_rows,)
        Where the subtree of each row ends.
    edge_first, edge : numpy.ndarray of uint32
        The boundary of each row's subtree, in CSR form.
    """

    row_of: Ints
    first: Counts
    head: Counts
    cost: Costs
    place_first: Counts
    place: Counts
    other: Counts
    from_row: Costs
    from_other: Costs
    row_end: Ints
    edge_first: Counts
    edge: Counts


class Lanes(NamedTuple):
    """
    What a thread sweeps in, reused from batch to batch.

    Parameters
    ----------
    rows : numpy.ndarray of float32 or float64, shape (n_rows, LANES)
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


@kernel
def end_costs(topology: Topology, metric: Metric, nodes: Longs, leaving: bool) -> tuple[Ints, Ints, Floats, Floats]:
    """
    Find the ends of the chains of some nodes, and what it costs to get to them or from them.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    nodes : numpy.ndarray of int64, shape (n,)
        Nodes anywhere.
    leaving : bool
        Whether costs from node to end are wanted, or else from end to node.

    Returns
    -------
    tuple of numpy.ndarray, shape (n,)
        First end, last end, cost at the first, cost at the last.
    """
    first, last = np.empty(nodes.size, np.int32), np.empty(nodes.size, np.int32)
    at_first, at_last = np.zeros(nodes.size), np.zeros(nodes.size)
    column = int(leaving) ^ metric.turned ^ 1
    # arrays taken out of their tuples ahead of a loop are not counted anew in every round
    first_end, last_end, lefts, ends = topology.first_end, topology.last_end, topology.left, metric.ends
    for at in range(nodes.size):
        node = nodes[at]
        first[at], last[at] = first_end[node], last_end[node]
        left = lefts[node]
        if left >= 0:
            at_first[at], at_last[at] = ends[left, column], ends[left, 2 + column]
    return first, last, at_first, at_last


@kernel
def restrict(
    tree: Hierarchy, ways: Ways, first_end: Ints, last_end: Ints, from_first: Floats, from_last: Floats, like: Costs
) -> Restriction:
    """
    Compact what a sweep to some places passes.

    Parameters
    ----------
    tree : Hierarchy
        The topology.
    ways : Ways
        Arcs down, in the direction of the sweep.
    first_end, last_end : numpy.ndarray of int32, shape (n_places,)
        Core nodes at the ends of the chain of each place.
    from_first, from_last : numpy.ndarray of float64, shape (n_places,)
        Costs from them.
    like : numpy.ndarray of float32 or float64
        An array of the type to calculate in.

    Returns
    -------
    Restriction
        Rows, arcs and places.
    """
    n, n_places = tree.parent.size, first_end.size
    row_of = np.full(n, -1, np.int32)
    for place in range(n_places):
        for node in (first_end[place], last_end[place]):
            while node >= 0 and row_of[node] < 0:
                row_of[node] = 0
                node = tree.parent[node]
    rows_before = np.zeros(n + 1, np.int32)
    n_rows, n_arcs, n_edges = 0, 0, 0
    for node in range(n):
        if row_of[node] == 0:
            row_of[node] = n_rows
            n_rows += 1
            n_arcs += ways.first[node + 1] - ways.first[node]
            n_edges += tree.up_first[node + 1] - tree.up_first[node]
        rows_before[node + 1] = n_rows
    first, head, cost = np.zeros(n_rows + 1, np.uint32), np.empty(n_arcs, np.uint32), np.empty(n_arcs, like.dtype)
    edge_first, edge = np.zeros(n_rows + 1, np.uint32), np.empty(n_edges, np.uint32)
    row_end = np.empty(n_rows, np.int32)
    arc, at, row = 0, 0, 0
    for node in range(n):
        if row_of[node] < 0:
            continue
        for of in range(ways.first[node], ways.first[node + 1]):
            head[arc], cost[arc] = row_of[ways.head[of]], ways.cost[of]
            arc += 1
        for of in range(tree.up_first[node], tree.up_first[node + 1]):
            edge[at] = row_of[tree.up_head[of]]
            at += 1
        row_end[row] = rows_before[tree.subtree_end[node]]
        row += 1
        first[row], edge_first[row] = arc, at

    place_first = np.zeros(n_rows + 2, np.uint32)
    for place in range(n_places):
        place_first[row_of[max(first_end[place], last_end[place])] + 2] += 1
    for row in range(n_rows):
        place_first[row + 2] += place_first[row + 1]
    number, other = np.empty(n_places, np.uint32), np.empty(n_places, np.uint32)
    from_row, from_other = np.empty(n_places, like.dtype), np.empty(n_places, like.dtype)
    for place in range(n_places):
        lower, upper, by_lower, by_upper = last_end[place], first_end[place], from_last[place], from_first[place]
        if lower < upper:
            lower, upper, by_lower, by_upper = upper, lower, by_upper, by_lower
        row = row_of[lower] + 1
        at = place_first[row]
        place_first[row] += 1
        number[at], other[at] = place, row_of[upper]
        from_row[at], from_other[at] = by_lower, by_upper
    return Restriction(
        row_of,
        first,
        head,
        cost,
        place_first[:-1].copy(),
        number,
        other,
        from_row,
        from_other,
        row_end,
        edge_first,
        edge,
    )


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
def climb(
    parent: Ints, ways: Ways, first: int, last: int, at_first: float, at_last: float, dist: Floats, path: Ints
) -> int:
    """
    Relax the upward arcs along the paths from two core nodes to the root of the tree, the lower node first.

    Parameters
    ----------
    parent : numpy.ndarray of int32, shape (n_core,)
        The elimination tree.
    ways : Ways
        Arcs up, in the direction of the climb.
    first, last : int
        Core nodes to start from; they may be the same.
    at_first, at_last : float
        Costs there.
    dist : numpy.ndarray of float64, shape (n_core,)
        Changed in place: costs along the paths; must be inf before.
    path : numpy.ndarray of int32, shape (n_core,)
        Changed in place: the nodes of the paths, the lower first.

    Returns
    -------
    int
        How many nodes are on the paths.
    """
    dist[first] = at_first
    dist[last] = min(dist[last], at_last)
    n = 0
    while first >= 0 or last >= 0:
        node = max(first, last)
        path[n] = node
        n += 1
        here = dist[node]
        if here < np.inf:
            for of in range(ways.first[node], ways.first[node + 1]):
                head = ways.head[of]
                dist[head] = min(dist[head], here + ways.cost[of])
        if first == node:
            first = parent[node]
        if last == node:
            last = parent[node]
    return n


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


@kernel(inline="always")
def _relax_four(
    here: Floats, one: Floats, two: Floats, three: Floats, four: Floats, a: float, b: float, c: float, d: float
) -> None:
    """Improve a row by four arcs at once, so that it is read and written once."""
    for lane in range(LANES):
        first, second, third, fourth = one[lane] + a, two[lane] + b, three[lane] + c, four[lane] + d
        first = first if first < second else second
        third = third if third < fourth else fourth
        first = first if first < third else third
        here[lane] = first if first < here[lane] else here[lane]


@kernel
def sweep(
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
    column: int,
) -> None:
    """
    Sweep once for up to `LANES` roots.

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
        Changed in place: the costs, from this column on.
    column : int
        Where the costs of the first root go.
    """
    for lane in range(first.size):
        _seed(parent, ways, restriction, lanes, lane, batch, first[lane], last[lane], at_first[lane], at_last[lane])
    _descend(restriction, lanes.rows, lanes.seeded, batch)
    if first.size == LANES:
        _gather_all(restriction, lanes.rows, out, column)
    else:
        _gather_some(restriction, lanes.rows, out[:, column : column + first.size])


@kernel
def _descend(restriction: Restriction, rows: Costs, seeded: Ints, batch: int) -> None:
    """Give every row its costs, ancestors first."""
    arc_first, head, cost = restriction.first, restriction.head, restriction.cost
    for row in range(len(rows)):
        here = rows[row]
        if seeded[row] != batch:
            here[:] = np.inf
        end = arc_first[row + 1]
        for at in range(arc_first[row], end, 4):
            # the last arc stands in for those that are missing in a group of four
            one, two, three, four = at, min(at + 1, end - 1), min(at + 2, end - 1), min(at + 3, end - 1)
            _relax_four(
                here,
                rows[head[one]],
                rows[head[two]],
                rows[head[three]],
                rows[head[four]],
                cost[one],
                cost[two],
                cost[three],
                cost[four],
            )


@kernel
def _gather_all(restriction: Restriction, rows: Costs, out: NDArray[np.float32], column: int) -> None:
    """Take the cheaper way by either end of the chain of each place."""
    first, place, other = restriction.place_first, restriction.place, restriction.other
    from_row, from_other = restriction.from_row, restriction.from_other
    for row in range(len(rows)):
        for at in range(first[row], first[row + 1]):
            one, two, a, b = rows[row], rows[other[at]], from_row[at], from_other[at]
            to = out[place[at], column : column + LANES]
            for lane in range(LANES):
                by_one, by_two = one[lane] + a, two[lane] + b
                to[lane] = by_one if by_one < by_two else by_two


@kernel
def _gather_some(restriction: Restriction, rows: Costs, out: NDArray[np.float32]) -> None:
    """Do the same for a last batch that is not full."""
    for row in range(len(rows)):
        for at in range(restriction.place_first[row], restriction.place_first[row + 1]):
            one, two = rows[row], rows[restriction.other[at]]
            a, b, to = restriction.from_row[at], restriction.from_other[at], out[restriction.place[at]]
            for lane in range(to.size):
                to[lane] = min(one[lane] + a, two[lane] + b)


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


@kernel
def sort_by_chain(topology: Topology, places: Longs) -> tuple[Longs, Ints]:
    """
    Sort places by where they lie inside chains.

    Parameters
    ----------
    topology : Topology
        The network.
    places : numpy.ndarray of int64, shape (n_places,)
        Nodes anywhere.

    Returns
    -------
    tuple of numpy.ndarray
        Positions of those that lie inside chains, and the segments before them, ascending.
    """
    left = topology.left[places]
    inside = np.flatnonzero(left >= 0)
    order = inside[np.argsort(left[inside], kind="mergesort")]
    return order, left[order]


@kernel
def meet(
    topology: Topology,
    metric: Metric,
    roots: Longs,
    order: Longs,
    keys: Ints,
    out: NDArray[np.float32],
    columns: Longs,
    limit: float | np.float32,
) -> None:
    """
    Join roots and places inside the same chain along it, which need not pass by its ends.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    roots : numpy.ndarray of int64, shape (n_roots,)
        Nodes of departure.
    order, keys : numpy.ndarray
        Places by chain.
    out : numpy.ndarray of float32, shape (n_places, …)
        Changed in place where the way along the chain is cheaper.
    columns : numpy.ndarray of int64, shape (n_roots,)
        Where the costs of each root stand.
    limit : float32
        What counts, inclusive.
    """
    for root in range(roots.size):
        start = topology.left[roots[root]]
        if start < 0:
            continue
        chain = topology.chain[start]
        begin, end = topology.chain_first[chain], topology.chain_first[chain + 1]
        middle = np.searchsorted(keys, start)
        for step in (1, -1):
            at = middle if step == 1 else middle - 1
            segment, cost = start, 0.0
            while 0 <= at < keys.size and begin <= keys[at] < end and cost < np.inf:
                while segment != keys[at]:
                    if step == 1:
                        segment += 1
                        cost += metric.darts[segment, metric.turned]
                    else:
                        cost += metric.darts[segment, 1 - metric.turned]
                        segment -= 1
                if np.float32(cost) <= limit and np.float32(cost) < out[order[at], columns[root]]:
                    out[order[at], columns[root]] = cost
                at += step

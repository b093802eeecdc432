"""
What leads from some roots to some places: climbs along the elimination tree, and the rows below them.

Going from a root, the *climb* relaxes the upward arcs along the root's path in the elimination tree. What then goes down to
some places passes their ancestors only (RPHAST): those are made compact rows, in preorder, so that a sweep runs over
memory from one end to the other.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] D. Delling, A. V. Goldberg, R. F. Werneck, Faster batched shortest paths in road networks, ATMOS 2011 (RPHAST).
   https://doi.org/10.4230/OASIcs.ATMOS.2011.52
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Numbers, Ways
from planning.travel.elimination import Hierarchy
from planning.travel.topology import Topology

__all__ = ["Costs", "Counts", "Restriction", "climb", "end_costs", "restrict"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Counts = NDArray[np.uint32]  # never negative: an index that may be is checked each time
Longs = NDArray[np.int64]
Costs = NDArray[np.float64] | NDArray[np.float32]


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


@kernel
def end_costs(
    topology: Topology, turned: int, ends: Numbers, nodes: Longs, leaving: bool
) -> tuple[Ints, Ints, Numbers, Numbers]:
    """
    Find the ends of the chains of some nodes, and what it costs to get to them or from them.

    Parameters
    ----------
    topology : Topology
        The network.
    turned : int
        Whether costs are turned round.
    ends : numpy.ndarray, shape (n_segments, 4)
        Costs between nodes and the ends of their chains, as in `Metric` or `Second`.
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
    at_first, at_last = np.zeros(nodes.size, ends.dtype), np.zeros(nodes.size, ends.dtype)
    column = int(leaving) ^ turned ^ 1
    # arrays taken out of their tuples ahead of a loop are not counted anew in every round
    place = topology.place
    for at in range(nodes.size):
        node = nodes[at]
        left, first[at], last[at] = place[node, 0], place[node, 1], place[node, 2]
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

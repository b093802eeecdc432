"""
Cheapest-path trees: one root, both costs, and the arcs they came by.

A climb from the root, then a scalar sweep over the rows that lead to some places, as in :mod:`planning.travel.restriction`; ties of
the first cost are broken by the second. Paths, flows and second costs are read off the tree.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric, Ways
from planning.travel.restriction import end_costs
from planning.travel.second import Pairs, Second, less_pair
from planning.travel.straight import along_chain
from planning.travel.topology import Topology

__all__ = ["BY_FIRST", "BY_LAST", "STRAIGHT", "Branches", "Grown", "branch", "grow", "make_room", "reach"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

# How a place is reached: by the first end of its chain, by the last, along the chain itself, or not at all.
BY_FIRST, BY_LAST, STRAIGHT, NOWHERE = 0, 1, 2, 3


class Branches(NamedTuple):
    """
    The ancestors of some places as rows in preorder, with the arcs down to them.

    Parameters
    ----------
    row_of : numpy.ndarray of int32, shape (n_core,)
        Row of each core node; -1 for those that are no ancestors.
    node : numpy.ndarray of int32, shape (n_rows,)
        Core node of each row.
    first : numpy.ndarray of int32, shape (n_rows + 1,)
        Where the arcs down to each row begin.
    head : numpy.ndarray of int32, shape (n_arcs,)
        Row that each comes from.
    arc : numpy.ndarray of int32, shape (n_arcs,)
        Its number among all upward arcs.
    cost, second : numpy.ndarray, shape (n_arcs,)
        Its costs.
    place : numpy.ndarray of int64, shape (n_places,)
        The places.
    chain : numpy.ndarray of int32, shape (n_places,)
        The chain that each lies inside of; -1 for core nodes.
    first_row, last_row : numpy.ndarray of int32, shape (n_places,)
        Rows of the ends of its chain.
    from_first, from_last, second_first, second_last : numpy.ndarray, shape (n_places,)
        Both costs from there.
    """

    row_of: Ints
    node: Ints
    first: Ints
    head: Ints
    arc: Ints
    cost: Floats
    second: Pairs
    place: Longs
    chain: Ints
    first_row: Ints
    last_row: Ints
    from_first: Floats
    from_last: Floats
    second_first: Pairs
    second_last: Pairs


class Grown(NamedTuple):
    """
    A tree, and room for the next.

    Parameters
    ----------
    cost, second : numpy.ndarray, shape (n_rows,)
        Costs of each row; inf where out of reach.
    came : numpy.ndarray of int32, shape (n_rows,)
        By which of the arcs down to it each row is reached; -1 by the climb, -2 not at all.
    climbed, climbed_second : numpy.ndarray, shape (n_core,)
        Costs by the climb alone; all inf between calls but for nodes on the path.
    climbed_arc, climbed_from : numpy.ndarray of int32, shape (n_core,)
        Upward arc and node that each node of the path was climbed to by; for the node where the climb begins, as arc,
        ``-1 - BY_FIRST`` or ``-1 - BY_LAST``.
    path : numpy.ndarray of int32, shape (n_core,)
        Nodes of the path, the lower first, then -1.
    """

    cost: Floats
    second: Pairs
    came: Ints
    climbed: Floats
    climbed_second: Pairs
    climbed_arc: Ints
    climbed_from: Ints
    path: Ints


@kernel
def branch(topology: Topology, metric: Metric, second: Second, ways: Ways, places: Longs) -> Branches:
    """
    Find the rows that lead to some places.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction of the sweep.
    second : Second
        Second costs in the same direction.
    ways : Ways
        Arcs down.
    places : numpy.ndarray of int64, shape (n_places,)
        Nodes anywhere.

    Returns
    -------
    Branches
        Rows and arcs.
    """
    parent, down = topology.tree.parent, 1 - metric.turned
    row_of = np.full(parent.size, -1, np.int32)
    for place in places:
        for node in (topology.first_end[place], topology.last_end[place]):
            while node >= 0 and row_of[node] < 0:
                row_of[node] = 0
                node = parent[node]
    n_rows, n_arcs = 0, 0
    for node in range(parent.size):
        if row_of[node] == 0:
            row_of[node] = n_rows
            n_rows += 1
            n_arcs += ways.first[node + 1] - ways.first[node]
    nodes, first = np.empty(n_rows, np.int32), np.zeros(n_rows + 1, np.int32)
    head, number = np.empty(n_arcs, np.int32), np.empty(n_arcs, np.int32)
    cost, also = np.empty(n_arcs), np.empty(n_arcs, np.complex128)
    row, at = 0, 0
    for node in range(parent.size):
        if row_of[node] < 0:
            continue
        for of in range(ways.first[node], ways.first[node + 1]):
            head[at], number[at] = row_of[ways.head[of]], ways.arc[of]
            cost[at], also[at] = ways.cost[of], second.arcs[ways.arc[of], down]
            at += 1
        nodes[row] = node
        row += 1
        first[row] = at
    first_end, last_end, from_first, from_last = end_costs(topology, metric.turned, metric.ends, places, False)
    _, _, second_first, second_last = end_costs(topology, second.turned, second.ends, places, False)
    chain = np.full(places.size, -1, np.int32)
    for place in range(places.size):
        left = topology.left[places[place]]
        chain[place] = topology.chain[left] if left >= 0 else -1
        first_end[place], last_end[place] = row_of[first_end[place]], row_of[last_end[place]]
    return Branches(
        row_of,
        nodes,
        first,
        head,
        number,
        cost,
        also,
        places,
        chain,
        first_end,
        last_end,
        from_first,
        from_last,
        second_first,
        second_last,
    )


def make_room(branches: Branches) -> Grown:
    """
    Make room for trees.

    Parameters
    ----------
    branches : Branches
        The rows.

    Returns
    -------
    Grown
        Room for one thread.
    """
    n_rows, n = len(branches.node), len(branches.row_of)
    return Grown(
        np.empty(n_rows),
        np.empty(n_rows, np.complex128),
        np.empty(n_rows, np.int32),
        np.full(n, np.inf),
        np.full(n, complex(np.inf, 0)),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.full(n + 1, -1, np.int32),
    )


@kernel
def _less(cost: float, second: complex, than: float, than_second: complex) -> bool:
    """Compare by the first cost, then by the second, then by the steps."""
    return cost < than or (cost == than < np.inf and less_pair(second, than_second))


@kernel
def _climb(topology: Topology, metric: Metric, second: Second, ways: Ways, root: int, grown: Grown) -> None:
    """Climb from a root, keeping the arcs."""
    up, path, cost, also = metric.turned, grown.path, grown.climbed, grown.climbed_second
    at = 0
    while path[at] >= 0:
        cost[path[at]], also[path[at]] = np.inf, complex(np.inf, 0)
        at += 1
    first, last, left = topology.first_end[root], topology.last_end[root], topology.left[root]
    cost[first], also[first] = 0.0, complex(0, 0)
    grown.climbed_arc[first] = -1 - BY_FIRST
    if left >= 0:
        cost[first], also[first] = metric.ends[left, up], second.ends[left, up]
        by_last, also_last = metric.ends[left, 2 + up], second.ends[left, 2 + up]
        if _less(by_last, also_last, cost[last], also[last]):
            cost[last], also[last], grown.climbed_arc[last] = by_last, also_last, -1 - BY_LAST
    n = 0
    while first >= 0 or last >= 0:
        node = max(first, last)
        path[n] = node
        n += 1
        here, here_second = cost[node], also[node]
        if here < np.inf:
            for of in range(ways.first[node], ways.first[node + 1]):
                head, arc = ways.head[of], ways.arc[of]
                way, way_second = here + ways.cost[of], here_second + second.arcs[arc, up]
                if _less(way, way_second, cost[head], also[head]):
                    cost[head], also[head] = way, way_second
                    grown.climbed_arc[head], grown.climbed_from[head] = arc, node
        if first == node:
            first = topology.tree.parent[node]
        if last == node:
            last = topology.tree.parent[node]
    path[n] = -1


@kernel
def grow(
    topology: Topology, metric: Metric, second: Second, ways: Ways, branches: Branches, root: int, grown: Grown
) -> None:
    """
    Grow the tree of a root.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction of the sweep.
    second : Second
        Second costs in the same direction.
    ways : Ways
        Arcs up.
    branches : Branches
        Rows and arcs down.
    root : int
        Node to start from.
    grown : Grown
        Changed in place: the tree.
    """
    _climb(topology, metric, second, ways, root, grown)
    cost, also, came, climbed, climbed_second = grown[:5]
    nodes, first, heads, far, far_second = (
        branches.node,
        branches.first,
        branches.head,
        branches.cost,
        branches.second,
    )
    for row in range(cost.size):
        node = nodes[row]
        here, here_second = climbed[node], climbed_second[node]
        by = -1 if here < np.inf else -2
        for at in range(first[row], first[row + 1]):
            head = heads[at]
            way, way_second = cost[head] + far[at], also[head] + far_second[at]
            if _less(way, way_second, here, here_second):
                here, here_second, by = way, way_second, at
        cost[row], also[row], came[row] = here, here_second, by


@kernel
def reach(
    topology: Topology,
    metric: Metric,
    second: Second,
    branches: Branches,
    root: int,
    grown: Grown,
    which: Longs,
) -> tuple[NDArray[np.int8], Floats, Pairs]:
    """
    Say how some places are reached and at what cost.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction of the sweep.
    second : Second
        Second costs in the same direction.
    branches : Branches
        The rows and the places.
    root : int
        Root of the tree.
    grown : Grown
        The tree.
    which : numpy.ndarray of int64, shape (n,)
        Positions of the places among those of the branches.

    Returns
    -------
    tuple of numpy.ndarray, shape (n,)
        `BY_FIRST`, `BY_LAST`, `STRAIGHT` or `NOWHERE`; cost; second cost and steps.
    """
    how, costs, seconds = np.empty(which.size, np.int8), np.empty(which.size), np.empty(which.size, np.complex128)
    place, chain, first_row, last_row, from_first, from_last, second_first, second_last = branches[7:]
    cost, also = grown.cost, grown.second
    lefts, darts, second_darts, turned = topology.left, metric.darts, second.darts, metric.turned
    left = lefts[root]
    own = topology.chain[left] if left >= 0 else -2
    for n in range(which.size):
        at = which[n]
        by, best, best_second = NOWHERE, np.inf, complex(np.inf, 0)
        if place[at] == root or chain[at] == own:
            straight = along_chain(lefts, darts, turned, root, place[at])
            if straight < np.inf:
                by, best = STRAIGHT, straight
                best_second = along_chain(lefts, second_darts, turned, root, place[at])
        row = first_row[at]
        way, way_second = cost[row] + from_first[at], also[row] + second_first[at]
        if _less(way, way_second, best, best_second):
            by, best, best_second = BY_FIRST, way, way_second
        row = last_row[at]
        way, way_second = cost[row] + from_last[at], also[row] + second_last[at]
        if _less(way, way_second, best, best_second):
            by, best, best_second = BY_LAST, way, way_second
        how[n], costs[n], seconds[n] = by, best, best_second
    return how, costs, seconds

"""
Unpacking: from the arcs of the hierarchy back to the caller's own.

An upward arc stands for a chain, or for a lower triangle: two arcs by way of a node contracted before both its ends.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric, Ways
from planning.travel.elimination import lengthen
from planning.travel.second import Second
from planning.travel.topology import Topology
from planning.travel.trees import BY_LAST, NOWHERE, STRAIGHT, Branches, Grown, grow, reach

__all__ = ["Origin", "find_origin", "path_darts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Origin(NamedTuple):
    """
    Where the costs of arcs come from: the first that is equal in both costs.

    Parameters
    ----------
    chain : numpy.ndarray of int32, shape (n_up, 2)
        Chain of each upward arc, going up and coming down; -1 where a triangle is cheaper.
    one, other : numpy.ndarray of int32, shape (n_up, 2)
        The arcs from the lowest corner of that triangle to the lower and to the upper end; -1 where there is none.
    arc : numpy.ndarray of int32, shape (n_segments, 2)
        The caller's arc of each segment along its chain and against it; -1 where there is none.
    """

    chain: Ints
    one: Ints
    other: Ints
    arc: Ints


@kernel
def find_origin(topology: Topology, metric: Metric, second: Second, costs: Floats, also: Floats) -> Origin:
    """
    Find where the costs of arcs come from.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the network's own direction.
    second : Second
        Second costs in the same direction.
    costs, also : numpy.ndarray of float64, shape (n_arcs,)
        Both costs of the caller's arcs.

    Returns
    -------
    Origin
        Chains, triangles and arcs.
    """
    tree, first, then = topology.tree, metric.arcs, second.arcs
    chain_of = np.full(first.shape, -1, np.int32)
    one_of, other_of = np.full(first.shape, -1, np.int32), np.full(first.shape, -1, np.int32)
    for chain in range(topology.chain_arc.size):
        arc = topology.chain_arc[chain]
        if arc < 0:
            continue
        last, falls = topology.chain_first[chain + 1] - 1, int(topology.chain_falls[chain])
        for column, end in ((falls, 1), (1 - falls, 0)):
            if (
                chain_of[arc, column] < 0
                and metric.ends[last, end] == first[arc, column]
                and second.ends[last, end] == then[arc, column]
            ):
                chain_of[arc, column] = chain
    arc_to = np.empty(tree.parent.size, np.int32)
    for node in range(tree.parent.size - 1, -1, -1):
        for arc in range(tree.up_first[node], tree.up_first[node + 1]):
            arc_to[tree.up_head[arc]] = arc
        for at in range(tree.down_first[node], tree.down_first[node + 1]):
            one = tree.down_arc[at]
            for other in range(tree.up_first[tree.up_tail[one]], one):
                third = arc_to[tree.up_head[other]]
                for column in range(2):
                    if (
                        chain_of[third, column] < 0
                        and one_of[third, column] < 0
                        and first[one, 1 - column] + first[other, column] == first[third, column]
                        and then[one, 1 - column] + then[other, column] == then[third, column]
                    ):
                        one_of[third, column], other_of[third, column] = one, other
    arcs = np.full(metric.darts.shape, -1, np.int32)
    for arc in range(costs.size):
        dart = topology.arc_dart[arc]
        if dart >= 0 and arcs[dart >> 1, dart & 1] < 0:
            segment, side = dart >> 1, dart & 1
            if costs[arc] == metric.darts[segment, side] and also[arc] == second.darts[segment, side].real:
                arcs[segment, side] = arc
    return Origin(chain_of, one_of, other_of, arcs)


@kernel
def _run(begin: int, end: int, side: int, darts: Longs, n: int) -> int:
    """Write down the darts of the segments from begin to before end, in the order of travel."""
    for step in range(end - begin):
        darts[n] = 2 * (begin + step if side == 0 else end - 1 - step) + side
        n += 1
    return n


@kernel
def _unpack_arc(
    topology: Topology, origin: Origin, arc: int, column: int, stack: Longs, darts: Longs, n: int
) -> tuple[Longs, int]:
    """Write down the darts behind an upward arc; the stack holds arcs as ``2 arc + column``."""
    stack[0] = 2 * arc + column
    depth = 1
    while depth:
        depth -= 1
        arc, column = stack[depth] >> 1, stack[depth] & 1
        chain = origin.chain[arc, column]
        if chain < 0:
            one, other = 2 * origin.one[arc, column] + 1 - column, 2 * origin.other[arc, column] + column
            # the first leg lies on top; going up it is the one to the lower end
            stack[depth], stack[depth + 1] = (other, one) if column == 0 else (one, other)
            depth += 2
            continue
        begin, end = topology.chain_first[chain], topology.chain_first[chain + 1]
        while n + end - begin > darts.size:
            darts = lengthen(darts)
        n = _run(begin, end, 0 if int(topology.chain_falls[chain]) == column else 1, darts, n)
    return darts, n


def path_darts(
    topology: Topology,
    metric: Metric,
    second: Second,
    climb: Ways,
    branches: Branches,
    grown: Grown,
    origin: Origin,
    root: int,
) -> Longs | None:
    """
    Find one cheapest path.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the network's own direction.
    second : Second
        Second costs in the same direction.
    climb : Ways
        Arcs up.
    branches : Branches
        The rows that lead to one place.
    grown : Grown
        Room for the tree.
    origin : Origin
        Where the costs of arcs come from.
    root : int
        From where.

    Returns
    -------
    numpy.ndarray of int64, or None
        The darts of the path in order, ``2 s`` along segment s and ``2 s + 1`` against it; None where there is no path.
    """
    grow(topology, metric, second, climb, branches, root, grown)
    how, _, _ = reach(topology, metric, second, branches, root, grown, np.zeros(1, np.int64))
    if how[0] == NOWHERE:
        return None
    if root == branches.place[0]:
        return np.empty(0, np.int64)
    return _trace(topology, branches, grown, origin, root, int(how[0]))


@kernel
def _trace(topology: Topology, branches: Branches, grown: Grown, origin: Origin, root: int, how: int) -> Longs:
    """Write down the darts of the path to the one place of the branches."""
    darts, n, place = np.empty(256, np.int64), 0, branches.place[0]
    start, left = topology.left[root], topology.left[place]
    if how == STRAIGHT:
        n = _run(start + 1, left + 1, 0, darts, n) if start < left else _run(left + 1, start + 1, 1, darts, n)
        return darts[:n]
    # the arcs, from the place back to the root
    size = grown.path.size
    falls, rises, stack = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    n_falls, n_rises = 0, 0
    row = branches.row_of[topology.last_end[place] if how == BY_LAST else topology.first_end[place]]
    while grown.came[row] >= 0:
        falls[n_falls] = branches.arc[grown.came[row]]
        row = branches.head[grown.came[row]]
        n_falls += 1
    node = branches.node[row]
    while grown.climbed_arc[node] >= 0:
        rises[n_rises] = grown.climbed_arc[node]
        node = grown.climbed_from[node]
        n_rises += 1
    if start >= 0:
        chain = topology.chain[start]
        if grown.climbed_arc[node] == -1 - BY_LAST:
            n = _run(start + 1, topology.chain_first[chain + 1], 0, darts, n)
        else:
            n = _run(topology.chain_first[chain], start + 1, 1, darts, n)
    for at in range(n_rises - 1, -1, -1):
        darts, n = _unpack_arc(topology, origin, rises[at], 0, stack, darts, n)
    for at in range(n_falls - 1, -1, -1):
        darts, n = _unpack_arc(topology, origin, falls[at], 1, stack, darts, n)
    if left >= 0:
        chain = topology.chain[left]
        begin, end = topology.chain_first[chain], topology.chain_first[chain + 1]
        while n + end - begin > darts.size:
            darts = lengthen(darts)
        n = _run(left + 1, end, 1, darts, n) if how == BY_LAST else _run(begin, left + 1, 0, darts, n)
    return darts[:n]

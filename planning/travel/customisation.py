"""
Customisation: the costs of one mode, year or closed bridge laid upon the topology.

Three linear passes. *Chains*: arc costs become darts, darts become sums along chains; sums only ever add, so that closed
arcs (inf) and arcs of no cost need no care and whole numbers stay exact. *Basic*: every upward arc gets the cost of
the cheapest way between its ends through nodes contracted before both, by its lower triangles, leaves first. *Perfect*: it
gets the cheapest cost of all, by the triangles above, roots first. An arc that becomes cheaper in the last pass lies on no
cheapest way up and down and is dropped; so are closed ones. The last pass pays where many sweeps follow, so it
is made for matrices only.

The perfect pass is safe in floating point: an arc is dropped only for others that stay or were dropped for still cheaper
ones, since sums of numbers ≥ 0 never round below either of them.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] J. Dibbelt, B. Strasser, D. Wagner, Customizable Contraction Hierarchies, ACM JEA 21, 2016, sections 7 and 8.
   https://doi.org/10.1145/2886843
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel, room
from planning.travel.elimination import Hierarchy
from planning.travel.topology import Topology

__all__ = [
    "Metric",
    "Numbers",
    "Ways",
    "all_ways",
    "all_whole",
    "customise",
    "never_negative",
    "perfect",
    "reverse",
    "sum_chains",
]

Bools = NDArray[np.bool_]
Counts = NDArray[np.uint32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Numbers = TypeVar("Numbers", NDArray[np.float64], NDArray[np.complex128])


class Metric(NamedTuple):
    """
    Costs in one direction of travel.

    Parameters
    ----------
    turned : int
        0 in the network's own direction, 1 against it. The arrays are those of the network's own direction always.
    darts : numpy.ndarray of float64, shape (n_segments, 2)
        Cost of each segment along its chain and against it; inf where closed.
    ends : numpy.ndarray of float64, shape (n_segments, 4)
        Cost along the chain between the head of each segment and the chain's ends: to the first, from the first, to the
        last, from the last.
    arcs : numpy.ndarray of float64, shape (n_up, 2)
        Cost of each upward arc going up and coming down, through nodes contracted before both its ends.
    """

    turned: int
    darts: Floats
    ends: Floats
    arcs: Floats


class Ways(NamedTuple):
    """
    The upward arcs that a search needs, in one direction of travel, seen from their lower ends.

    Parameters
    ----------
    first : numpy.ndarray of int32, shape (n_core + 1,)
        Where those of each node begin.
    head : numpy.ndarray of int32, shape (n_ways,)
        Their upper ends, ascending for each node.
    cost : numpy.ndarray of float64, shape (n_ways,)
        Their costs.
    arc : numpy.ndarray of int32, shape (n_ways,)
        Their numbers among all upward arcs.
    """

    first: Ints
    head: Ints
    cost: Floats
    arc: Ints


def reverse(metric: Metric) -> Metric:
    """
    Turn every arc round: costs *from* a place become costs *to* it.

    Parameters
    ----------
    metric : Metric
        Costs.

    Returns
    -------
    Metric
        The same costs in the opposite direction of travel; nothing is copied.
    """
    return metric._replace(turned=1 - metric.turned)


def customise(topology: Topology, costs: Floats) -> Metric:
    """
    Lay arc costs upon the topology.

    Parameters
    ----------
    topology : Topology
        What the costs belong to.
    costs : numpy.ndarray of float64, shape (n_arcs,)
        Cost of each arc, 0 or more; inf = closed.

    Returns
    -------
    Metric
        Costs in the network's own direction.
    """
    n_segments, n_up = len(topology.tail), len(topology.tree.up_head)
    darts, ends, arcs = room(n_segments, 2), room(n_segments, 4), room(n_up, 2)
    _lay_on_darts(topology.arc_dart, costs, darts)
    sum_chains(darts, topology.chain_first, ends)
    _chains_to_arcs(ends, topology.chain_first, topology.chain_arc, topology.chain_falls, arcs)
    _customise_basic(topology.tree, arcs)
    return Metric(0, darts, ends, arcs)


def perfect(tree: Hierarchy, metric: Metric) -> tuple[Ways, Ways]:
    """
    Drop the upward arcs that no cheapest way needs.

    Parameters
    ----------
    tree : Hierarchy
        The topology.
    metric : Metric
        Costs.

    Returns
    -------
    tuple of Ways
        The arcs to climb by and those to descend by, in the network's own direction.
    """
    best = metric.arcs.copy()
    _customise_perfect(tree, best)
    return Ways(*_keep(tree, metric.arcs, best, 0)), Ways(*_keep(tree, metric.arcs, best, 1))


def all_ways(tree: Hierarchy, metric: Metric) -> tuple[Ways, Ways]:
    """
    Keep all upward arcs.

    Parameters
    ----------
    tree : Hierarchy
        The topology.
    metric : Metric
        Costs.

    Returns
    -------
    tuple of Ways
        The arcs to climb by and those to descend by, in the network's own direction.
    """
    up, down = np.ascontiguousarray(metric.arcs[:, 0]), np.ascontiguousarray(metric.arcs[:, 1])
    every = np.arange(len(tree.up_head), dtype=np.int32)
    return Ways(tree.up_first, tree.up_head, up, every), Ways(tree.up_first, tree.up_head, down, every)


@kernel
def all_whole(costs: Floats) -> bool:
    """
    Tell whether all costs are whole numbers, so that sums of them are exact.

    Parameters
    ----------
    costs : numpy.ndarray of float64, shape (n,)
        Costs, 0 or more; inf = closed.

    Returns
    -------
    bool
        True where none has a fraction; inf has none.
    """
    fractions = 0
    for arc in range(costs.size):
        fractions += costs[arc] != np.floor(costs[arc])
    return fractions == 0


@kernel
def _lay_on_darts(arc_dart: Ints, costs: Floats, darts: Floats) -> None:
    """Take the cheapest arc of each dart."""
    darts[:] = np.inf
    for arc in range(arc_dart.size):
        dart = arc_dart[arc]
        if dart >= 0:
            darts[dart >> 1, dart & 1] = min(darts[dart >> 1, dart & 1], costs[arc])


@kernel
def sum_chains(darts: Numbers, chain_first: Ints, ends: Numbers) -> None:
    """
    Sum darts between the head of each segment and both ends of its chain.

    Parameters
    ----------
    darts : numpy.ndarray, shape (n_segments, 2)
        Cost of each segment along its chain and against it.
    chain_first : numpy.ndarray of int32, shape (n_chains + 1,)
        Where the segments of each chain begin.
    ends : numpy.ndarray, shape (n_segments, 4)
        Changed in place: to the first end, from the first, to the last, from the last.
    """
    nothing = np.zeros(1, darts.dtype)[0]
    for chain in range(chain_first.size - 1):
        begin, end = chain_first[chain], chain_first[chain + 1]
        if end - begin == 1:  # a third of all chains
            ends[begin, 0], ends[begin, 1] = darts[begin, 1], darts[begin, 0]
            ends[begin, 2], ends[begin, 3] = nothing, nothing
            continue
        along, against = nothing, nothing
        for segment in range(begin, end):
            along += darts[segment, 0]
            against += darts[segment, 1]
            ends[segment, 0], ends[segment, 1] = against, along
        along, against = nothing, nothing
        for segment in range(end - 1, begin - 1, -1):
            ends[segment, 2], ends[segment, 3] = along, against
            along += darts[segment, 0]
            against += darts[segment, 1]


@kernel
def _chains_to_arcs(ends: Floats, chain_first: Ints, chain_arc: Ints, chain_falls: Bools, arcs: Floats) -> None:
    """Take the cheapest chain of each upward arc, going up and coming down; inf for those that elimination added."""
    arcs[:] = np.inf
    for chain in range(chain_arc.size):
        arc = chain_arc[chain]
        if arc < 0:
            continue
        last, falls = chain_first[chain + 1] - 1, int(chain_falls[chain])
        arcs[arc, falls] = min(arcs[arc, falls], ends[last, 1])
        arcs[arc, 1 - falls] = min(arcs[arc, 1 - falls], ends[last, 0])


@kernel
def _customise_basic(tree: Hierarchy, arcs: Floats) -> None:
    """Relax, in place, the third side of every triangle by the two at its lowest corner, lower nodes first."""
    up_first, up_head, up_tail, down_first, down_arc = never_negative(tree)
    n = up_first.size - 1
    arc_to = np.empty(n, np.uint32)
    for node in range(n - 1, -1, -1):
        for arc in range(up_first[node], up_first[node + 1]):
            arc_to[up_head[arc]] = arc
        for at in range(down_first[node], down_first[node + 1]):
            one = down_arc[at]
            rise, fall = arcs[one, 0], arcs[one, 1]
            other = up_first[up_tail[one]]
            while other < one:
                third = arc_to[up_head[other]]
                arcs[third, 0] = min(arcs[third, 0], fall + arcs[other, 0])
                arcs[third, 1] = min(arcs[third, 1], rise + arcs[other, 1])
                other += np.uint32(1)


@kernel
def _customise_perfect(tree: Hierarchy, arcs: Floats) -> None:
    """Relax, in place, the two sides at the lowest corner of every triangle by the third, upper nodes first."""
    up_first, up_head, up_tail, down_first, down_arc = never_negative(tree)
    n = up_first.size - 1
    arc_to = np.empty(n, np.uint32)
    for node in range(n):
        for arc in range(up_first[node], up_first[node + 1]):
            arc_to[up_head[arc]] = arc
        for at in range(down_first[node], down_first[node + 1]):
            one = down_arc[at]
            rise, fall = arcs[one, 0], arcs[one, 1]
            other = up_first[up_tail[one]]
            while other < one:
                third = arc_to[up_head[other]]
                over, under = arcs[third, 0], arcs[third, 1]
                rise = min(rise, arcs[other, 0] + under)
                fall = min(fall, over + arcs[other, 1])
                arcs[other, 0] = min(arcs[other, 0], rise + over)
                arcs[other, 1] = min(arcs[other, 1], under + fall)
                other += np.uint32(1)
            arcs[one, 0], arcs[one, 1] = rise, fall


@kernel(inline="always")
def never_negative(tree: Hierarchy) -> tuple[Counts, Counts, Counts, Counts, Counts]:
    """
    Read what triangles are listed by as unsigned numbers: an index that may be negative is checked each time.

    Parameters
    ----------
    tree : Hierarchy
        The topology.

    Returns
    -------
    tuple of numpy.ndarray of uint32
        Its ``up_first``, ``up_head``, ``up_tail``, ``down_first`` and ``down_arc``.
    """
    return (
        tree.up_first.view(np.uint32),
        tree.up_head.view(np.uint32),
        tree.up_tail.view(np.uint32),
        tree.down_first.view(np.uint32),
        tree.down_arc.view(np.uint32),
    )


@kernel
def _keep(tree: Hierarchy, arcs: Floats, best: Floats, column: int) -> tuple[Ints, Ints, Floats, Ints]:
    """Pack the upward arcs whose cost held."""
    n, total = tree.up_first.size - 1, 0
    for arc in range(len(arcs)):
        total += arcs[arc, column] == best[arc, column] < np.inf
    first, head = np.zeros(n + 1, np.int32), np.empty(total, np.int32)
    cost, number = np.empty(total), np.empty(total, np.int32)
    at = 0
    for node in range(n):
        for arc in range(tree.up_first[node], tree.up_first[node + 1]):
            if arcs[arc, column] == best[arc, column] < np.inf:
                head[at], cost[at], number[at] = tree.up_head[arc], arcs[arc, column], arc
                at += 1
        first[node + 1] = at
    return first, head, cost, number

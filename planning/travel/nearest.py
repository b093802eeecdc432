"""
Nearest facilities: two sweeps with labels, up from all facilities at once and down to everyone.

Each core node keeps the cheapest facility, or the k cheapest. A facility that is not among the best of a node is not
among the best of anyone who reaches it through that node, so that nothing else need be carried on. Among equals the lowest
position goes first, at every node and so in the end.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] M. Erwig, The graph Voronoi diagram with applications, Networks 36(3), 156-163, 2000.
   https://doi.org/10.1002/1097-0037(200010)36:3<156::AID-NET2>3.0.CO;2-L
.. [2] D. Delling, R. F. Werneck, Customizable point-of-interest queries in road networks, IEEE Trans. Knowl. Data Eng.
   27(3), 686-698, 2015. https://doi.org/10.1109/TKDE.2014.2345386
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric
from planning.travel.sweep import end_costs
from planning.travel.topology import Topology

__all__ = ["along_chain", "climb_from_all", "descend_to_all", "farthest", "k_nearest", "list_by_chain", "nearest_one"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


@kernel
def list_by_chain(topology: Topology, nodes: Longs) -> tuple[Ints, Ints]:
    """
    List the nodes that lie inside each chain.

    Parameters
    ----------
    topology : Topology
        The network.
    nodes : numpy.ndarray of int64, shape (n,)
        Nodes anywhere.

    Returns
    -------
    tuple of numpy.ndarray of int32, shape (n_chains,) and (n,)
        The first of each chain, and the one after each; -1 for none.
    """
    start = np.full(topology.chain_arc.size, -1, np.int32)
    following = np.full(nodes.size, -1, np.int32)
    for at in range(nodes.size - 1, -1, -1):
        left = topology.left[nodes[at]]
        if left >= 0:
            following[at] = start[topology.chain[left]]
            start[topology.chain[left]] = at
    return start, following


@kernel
def along_chain(topology: Topology, metric: Metric, root: int, place: int) -> float:
    """
    Sum costs straight along a chain.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    root, place : int
        Nodes inside the same chain, to go from and to.

    Returns
    -------
    float
        Cost; 0 from a node to itself.
    """
    start, end = topology.left[root], topology.left[place]
    cost = 0.0
    for segment in range(start + 1, end + 1):
        cost += metric.darts[segment, metric.turned]
    for segment in range(start, end, -1):
        cost += metric.darts[segment, 1 - metric.turned]
    return cost


@kernel
def climb_from_all(
    topology: Topology, metric: Metric, first: Ints, last: Ints, at_first: Floats, at_last: Floats
) -> tuple[Floats, Ints]:
    """
    Climb from all roots at once.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    first, last : numpy.ndarray of int32, shape (n_roots,)
        Core nodes at the ends of the chain of each root.
    at_first, at_last : numpy.ndarray of float64, shape (n_roots,)
        Costs of getting there; inf for a root that does not count.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_core,)
        Cost of the best root by a climb alone; its position, the lowest among equals. inf and -1 where there is none.
    """
    tree, arcs, up = topology.tree, metric.arcs, metric.turned
    n = tree.parent.size
    cost, label = np.full(n, np.inf), np.full(n, -1, np.int32)
    for root in range(first.size):
        if at_first[root] < cost[first[root]]:  # of equals the first came first
            cost[first[root]], label[first[root]] = at_first[root], root
        if at_last[root] < cost[last[root]]:
            cost[last[root]], label[last[root]] = at_last[root], root
    for node in range(n - 1, -1, -1):
        here, own = cost[node], label[node]
        if here == np.inf:
            continue
        for arc in range(tree.up_first[node], tree.up_first[node + 1]):
            head, way = tree.up_head[arc], here + arcs[arc, up]
            if way < cost[head] or (way == cost[head] < np.inf and own < label[head]):
                cost[head], label[head] = way, own
    return cost, label


@kernel
def descend_to_all(topology: Topology, metric: Metric, cost: Floats, label: Ints) -> None:
    """
    Carry the best of all climbs down to every core node.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    cost, label : numpy.ndarray, shape (n_core,)
        Changed in place: cost and position of the best root.
    """
    tree, arcs, down = topology.tree, metric.arcs, 1 - metric.turned
    for node in range(tree.parent.size):
        here, own = cost[node], label[node]
        for arc in range(tree.up_first[node], tree.up_first[node + 1]):
            head = tree.up_head[arc]
            way = cost[head] + arcs[arc, down]
            if way < here or (way == here < np.inf and label[head] < own):
                here, own = way, label[head]
        cost[node], label[node] = here, own


@kernel
def farthest(topology: Topology, metric: Metric) -> float:
    """
    Bound the cost of coming from the root of each node's tree.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.

    Returns
    -------
    float
        No core node costs more, the longest way to an end of a chain added; inf where a core node cannot be reached.
    """
    roots = np.flatnonzero(topology.tree.parent < 0).astype(np.int32)
    nothing = np.zeros(roots.size)
    cost, label = climb_from_all(topology, metric, roots, roots, nothing, nothing)
    descend_to_all(topology, metric, cost, label)
    most, longest = 0.0, 0.0
    for node in range(cost.size):
        most = max(most, cost[node])
    for segment in range(len(metric.ends)):
        for column in range(4):
            if longest < metric.ends[segment, column] < np.inf:
                longest = metric.ends[segment, column]
    return most + longest


@kernel
def nearest_one(topology: Topology, metric: Metric, facilities: Longs, origins: Longs) -> tuple[Floats, Longs]:
    """
    Find the nearest facility of each origin.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from facility to origin.
    facilities : numpy.ndarray of int64, shape (n_facilities,)
        Nodes of the facilities.
    origins : numpy.ndarray of int64, shape (n_origins,)
        Nodes of the origins.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_origins,)
        Cost, and position of the facility: the lowest among equals, -1 (and inf) where none is in reach.
    """
    first, last, at_first, at_last = end_costs(topology, metric, facilities, True)
    core_cost, core_label = climb_from_all(topology, metric, first, last, at_first, at_last)
    descend_to_all(topology, metric, core_cost, core_label)
    start, following = list_by_chain(topology, facilities)
    first, last, at_first, at_last = end_costs(topology, metric, origins, False)
    cost, position = np.empty(origins.size), np.empty(origins.size, np.int64)
    for at in range(origins.size):
        best, label = core_cost[first[at]] + at_first[at], core_label[first[at]]
        other, other_label = core_cost[last[at]] + at_last[at], core_label[last[at]]
        if other < best or (other == best < np.inf and other_label < label):
            best, label = other, other_label
        left = topology.left[origins[at]]
        facility = start[topology.chain[left]] if left >= 0 else -1
        while facility >= 0:
            straight = along_chain(topology, metric, facilities[facility], origins[at])
            if straight < best or (straight == best < np.inf and facility < label):
                best, label = straight, facility
            facility = following[facility]
        cost[at], position[at] = best, label if best < np.inf else -1
    return cost, position


@kernel
def _insert(cost: Floats, label: Ints, new: float, position: int) -> None:
    """Put a facility into its place in a sorted list that has each facility once."""
    k = cost.size
    if not (new < cost[k - 1] or (new == cost[k - 1] < np.inf and position < label[k - 1])):
        return
    at = k - 1  # the entry that goes: the facility's own if it is listed, else the last
    for entry in range(k):
        if label[entry] == position:
            if cost[entry] <= new:
                return
            at = entry
            break
    while at > 0 and (new < cost[at - 1] or (new == cost[at - 1] and position < label[at - 1])):
        cost[at], label[at] = cost[at - 1], label[at - 1]
        at -= 1
    cost[at], label[at] = new, position


@kernel
def _merge(cost: Floats, label: Ints, other: Floats, other_label: Ints, far: float) -> None:
    """Put one list, so much further away, into another."""
    k = cost.size
    for entry in range(k):
        way = other[entry] + far
        if way > cost[k - 1] or way == np.inf:
            return
        _insert(cost, label, way, other_label[entry])


@kernel
def k_nearest(topology: Topology, metric: Metric, facilities: Longs, origins: Longs, k: int) -> tuple[Floats, Longs]:
    """
    Find the k nearest facilities of each origin.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from facility to origin.
    facilities : numpy.ndarray of int64, shape (n_facilities,)
        Nodes of the facilities; several at one node are several facilities.
    origins : numpy.ndarray of int64, shape (n_origins,)
        Nodes of the origins.
    k : int
        How many.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_origins, k)
        Costs from the nearest on, and positions: the lowest first among equals, -1 (and inf) where there are no more.
    """
    tree, arcs, up, down = topology.tree, metric.arcs, metric.turned, 1 - metric.turned
    n = tree.parent.size
    core_cost, core_label = np.full((n, k), np.inf), np.full((n, k), -1, np.int32)
    first, last, at_first, at_last = end_costs(topology, metric, facilities, True)
    for root in range(facilities.size):
        _insert(core_cost[first[root]], core_label[first[root]], at_first[root], root)
        _insert(core_cost[last[root]], core_label[last[root]], at_last[root], root)
    for node in range(n - 1, -1, -1):
        if core_cost[node, 0] == np.inf:
            continue
        for arc in range(tree.up_first[node], tree.up_first[node + 1]):
            head = tree.up_head[arc]
            _merge(core_cost[head], core_label[head], core_cost[node], core_label[node], arcs[arc, up])
    for node in range(n):
        for arc in range(tree.up_first[node], tree.up_first[node + 1]):
            head = tree.up_head[arc]
            _merge(core_cost[node], core_label[node], core_cost[head], core_label[head], arcs[arc, down])
    start, following = list_by_chain(topology, facilities)
    first, last, at_first, at_last = end_costs(topology, metric, origins, False)
    cost, position = np.full((origins.size, k), np.inf), np.full((origins.size, k), -1, np.int64)
    label = np.empty(k, np.int32)
    for at in range(origins.size):
        label[:] = -1
        _merge(cost[at], label, core_cost[first[at]], core_label[first[at]], at_first[at])
        _merge(cost[at], label, core_cost[last[at]], core_label[last[at]], at_last[at])
        left = topology.left[origins[at]]
        facility = start[topology.chain[left]] if left >= 0 else -1
        while facility >= 0:
            _insert(cost[at], label, along_chain(topology, metric, facilities[facility], origins[at]), facility)
            facility = following[facility]
        position[at] = label
    return cost, position

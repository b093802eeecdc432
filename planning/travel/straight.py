"""
Ways straight along a chain, between two nodes inside it: the only ones that need not pass by its ends.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric
from planning.travel.topology import Topology

__all__ = ["along_chain", "list_by_chain", "meet", "pairs_in_chains", "share_a_chain", "sort_by_chain"]

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
    lefts, chain = topology.left, topology.chain
    start = np.full(topology.chain_arc.size, -1, np.int32)
    following = np.full(nodes.size, -1, np.int32)
    for at in range(nodes.size - 1, -1, -1):
        left = lefts[nodes[at]]
        if left >= 0:
            following[at] = start[chain[left]]
            start[chain[left]] = at
    return start, following


@kernel
def along_chain(left: Ints, darts: NDArray[Any], turned: int, root: int, place: int) -> Any:
    """
    Sum costs straight along a chain.

    Parameters
    ----------
    left : numpy.ndarray of int32, shape (n_nodes,)
        Segment before each node.
    darts : numpy.ndarray, shape (n_segments, 2)
        Cost of each segment along its chain and against it.
    turned : int
        1 where costs are turned round.
    root, place : int
        Nodes inside the same chain, to go from and to.

    Returns
    -------
    float, or complex where costs are
        Cost; 0 from a node to itself.
    """
    start, end = left[root], left[place]
    cost = 0.0
    for segment in range(start + 1, end + 1):
        cost += darts[segment, turned]
    for segment in range(start, end, -1):
        cost += darts[segment, 1 - turned]
    return cost


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
    order = inside[np.argsort(left[inside], kind="stable")]
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


@kernel
def share_a_chain(topology: Topology, facilities: Longs, origins: Longs, first: Ints, last: Ints) -> Ints:
    """
    Find the origins inside a chain that a facility is inside of; they are few, and looked for by their ends first.

    Parameters
    ----------
    topology : Topology
        The network.
    facilities, origins : numpy.ndarray of int64
        Nodes anywhere.
    first, last : numpy.ndarray of int32, shape (n_origins,)
        Core nodes at the ends of the chain of each origin.

    Returns
    -------
    numpy.ndarray of int32
        Positions of those origins.
    """
    is_end, is_held = np.zeros(topology.tree.parent.size, np.bool_), np.zeros(topology.chain_arc.size, np.bool_)
    lefts, chain = topology.left, topology.chain
    for facility in facilities:
        if lefts[facility] >= 0:
            is_held[chain[lefts[facility]]] = True
            is_end[topology.first_end[facility]] = True
            is_end[topology.last_end[facility]] = True
    found, n = np.empty(origins.size, np.int32), 0
    for at in range(origins.size):
        if is_end[first[at]] and is_end[last[at]]:
            left = lefts[origins[at]]
            if left >= 0 and is_held[chain[left]]:
                found[n] = at
                n += 1
    return found[:n]


@kernel
def pairs_in_chains(
    topology: Topology, metric: Metric, facilities: Longs, origins: Longs, met: Ints
) -> tuple[Ints, Ints, Floats]:
    """
    Go straight along the chain from each facility to the origins in its own.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from facility to origin.
    facilities, origins : numpy.ndarray of int64
        Nodes anywhere.
    met : numpy.ndarray of int32
        Positions of the origins that share a chain with a facility.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_pairs,)
        Position of the origin, position of the facility, cost.
    """
    start, following = list_by_chain(topology, facilities)
    lefts, chain, darts, turned = topology.left, topology.chain, metric.darts, metric.turned
    n = 0
    for at in met:
        facility = start[chain[lefts[origins[at]]]]
        while facility >= 0:
            n += 1
            facility = following[facility]
    which, whose, cost = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n)
    n = 0
    for at in met:
        facility = start[chain[lefts[origins[at]]]]
        while facility >= 0:
            which[n], whose[n] = at, facility
            cost[n] = along_chain(lefts, darts, turned, facilities[facility], origins[at])
            n += 1
            facility = following[facility]
    return which, whose, cost

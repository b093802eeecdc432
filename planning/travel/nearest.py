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

from planning.kernels import kernel, room
from planning.travel.customisation import Metric, Ways
from planning.travel.restriction import end_costs
from planning.travel.straight import pairs_in_chains, share_a_chain
from planning.travel.topology import Topology

__all__ = [
    "NOBODY",
    "climb_from_all",
    "descend_to_all",
    "farthest",
    "k_nearest",
    "nearest_one",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

_EXACT = 2.0**53  # whole numbers are exact in float64 up to here
NOBODY = np.int32(2**31 - 1)  # in place of a position: higher than any


@kernel
def climb_from_all(ways: Ways, first: Ints, last: Ints, at_first: Floats, at_last: Floats, best: Floats) -> None:
    """
    Climb from all roots at once.

    Parameters
    ----------
    ways : Ways
        Arcs up.
    first, last : numpy.ndarray of int32, shape (n_roots,)
        Core nodes at the ends of the chain of each root.
    at_first, at_last : numpy.ndarray of float64, shape (n_roots,)
        Costs of getting there.
    best : numpy.ndarray of float64, shape (n_core, 2)
        Changed in place: cost of the best root by a climb alone, and its position, the lowest among equals; inf both where
        there is none. Side by side, since they are always read together.
    """
    way_first, way_head, way_cost = ways.first, ways.head, ways.cost
    best[:] = np.inf
    for root in range(first.size):
        if at_first[root] < best[first[root], 0]:  # of equals the first came first
            best[first[root], 0], best[first[root], 1] = at_first[root], root
        if at_last[root] < best[last[root], 0]:
            best[last[root], 0], best[last[root], 1] = at_last[root], root
    for node in range(len(best) - 1, -1, -1):
        here, own = best[node, 0], best[node, 1]
        if here == np.inf:
            continue
        for at in range(way_first[node], way_first[node + 1]):
            head, way = way_head[at], here + way_cost[at]
            if way < best[head, 0] or (way == best[head, 0] and own < best[head, 1]):
                best[head, 0], best[head, 1] = way, own


@kernel
def descend_to_all(ways: Ways, best: Floats) -> None:
    """
    Carry the best of all climbs down to every core node.

    Parameters
    ----------
    ways : Ways
        Arcs down.
    best : numpy.ndarray of float64, shape (n_core, 2)
        Changed in place: cost and position of the best root.
    """
    first, head, far = ways.first, ways.head, ways.cost
    for node in range(len(best)):
        here, own = best[node, 0], best[node, 1]
        for at in range(first[node], first[node + 1]):
            way, to = best[head[at], 0] + far[at], best[head[at], 1]
            # without a branch: which way is better cannot be guessed
            take = (way < here) | ((way == here) & (to < own))
            here = way if take else here
            own = to if take else own
        best[node, 0], best[node, 1] = here, own


@kernel
def split(best: Floats) -> tuple[Floats, Ints]:
    """
    Separate costs and positions.

    Parameters
    ----------
    best : numpy.ndarray of float64, shape (n, 2)
        Costs and positions side by side.

    Returns
    -------
    tuple of numpy.ndarray, shape (n,)
        Costs; positions, `NOBODY` where there is none.
    """
    cost, label = np.empty(len(best)), np.empty(len(best), np.int32)
    for at in range(len(best)):
        cost[at], label[at] = best[at, 0], np.int32(best[at, 1]) if best[at, 0] < np.inf else NOBODY
    return cost, label


@kernel
def farthest(topology: Topology, metric: Metric, climb: Ways, descend: Ways) -> float:
    """
    Bound the cost of coming from the root of each node's tree.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    climb, descend : Ways
        Arcs up and arcs down.

    Returns
    -------
    float
        No core node costs more, the longest way to an end of a chain added; inf where a core node cannot be reached.
    """
    roots = np.flatnonzero(topology.tree.parent < 0).astype(np.int32)
    nothing = np.zeros(roots.size)
    best = np.empty((topology.tree.parent.size, 2))
    climb_from_all(climb, roots, roots, nothing, nothing, best)
    descend_to_all(descend, best)
    most, longest = 0.0, 0.0
    for node in range(len(best)):
        most = max(most, best[node, 0])
    for segment in range(len(metric.ends)):
        for column in range(4):
            if longest < metric.ends[segment, column] < np.inf:
                longest = metric.ends[segment, column]
    return most + longest


def nearest_one(
    topology: Topology,
    metric: Metric,
    climb: Ways,
    descend: Ways,
    facilities: Longs,
    origins: Longs,
    *,
    whole: bool = False,
) -> tuple[Floats, Ints]:
    """
    Find the nearest facility of each origin.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from facility to origin.
    climb, descend : Ways
        Arcs up and arcs down.
    facilities : numpy.ndarray of int64, shape (n_facilities,)
        Nodes of the facilities.
    origins : numpy.ndarray of int64, shape (n_origins,)
        Nodes of the origins.
    whole : bool
        Whether all costs are whole numbers: then cost and position travel as one number, in less than half the time.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_origins,)
        Cost, and position of the facility: the lowest among equals; inf and `NOBODY` where none is in reach.
    """
    seeds = end_costs(topology, metric.turned, metric.ends, facilities, True)
    found = None
    if whole:
        scale = float(1 << int(len(facilities) - 1).bit_length())
        key = room(len(topology.core_node))
        _climb_with_keys(climb, *seeds, scale, key)
        _descend_with_keys(topology.tree.up_tail, descend, scale, key)
        first, last, at_first, at_last = end_costs(topology, metric.turned, metric.ends, origins, False)
        found = _gather_keys(key, first, last, at_first, at_last, scale)
    if found is not None and found[2]:
        cost, label, _ = found
    else:
        best = room(len(topology.core_node), 2)
        climb_from_all(climb, *seeds, best)
        descend_to_all(descend, best)
        first, last, at_first, at_last = end_costs(topology, metric.turned, metric.ends, origins, False)
        cost, label = _gather(best, first, last, at_first, at_last)
    met = share_a_chain(topology, facilities, origins, first, last)
    if len(met):
        _take_better(cost, label, *pairs_in_chains(topology, metric, facilities, origins, met))
    return cost, label


@kernel
def _climb_with_keys(
    ways: Ways, first: Ints, last: Ints, at_first: Floats, at_last: Floats, scale: float, key: Floats
) -> None:
    """Climb as `climb_from_all` does; a key is cost x scale + position, so that the least key is the best of all."""
    way_first, way_head, way_cost = ways.first, ways.head, ways.cost
    key[:] = np.inf
    for root in range(first.size):
        key[first[root]] = min(key[first[root]], at_first[root] * scale + root)
        key[last[root]] = min(key[last[root]], at_last[root] * scale + root)
    for node in range(len(key) - 1, -1, -1):
        here = key[node]
        if here == np.inf:
            continue
        for at in range(way_first[node], way_first[node + 1]):
            key[way_head[at]] = min(key[way_head[at]], here + way_cost[at] * scale)


@kernel
def _descend_with_keys(up_tail: Ints, ways: Ways, scale: float, key: Floats) -> None:
    """Carry the least keys down. Arc by arc and not node by node: where a node's arcs end cannot be guessed."""
    head, cost, arc = ways.head, ways.cost, ways.arc
    for at in range(head.size):
        node = up_tail[arc[at]]
        key[node] = min(key[node], key[head[at]] + cost[at] * scale)


@kernel
def _gather_keys(
    key: Floats, first: Ints, last: Ints, at_first: Floats, at_last: Floats, scale: float
) -> tuple[Floats, Ints, bool]:
    """Take the lesser key by either end of the chain of each origin apart, and say whether all were small enough to be exact."""
    cost, label, most = np.empty(first.size), np.empty(first.size, np.int32), 0.0
    for at in range(first.size):
        least = min(key[first[at]] + at_first[at] * scale, key[last[at]] + at_last[at] * scale)
        if least == np.inf:
            cost[at], label[at] = np.inf, NOBODY
        else:
            most = max(most, least)
            cost[at] = np.floor(least / scale)
            label[at] = np.int32(least - cost[at] * scale)
    # what was rounded above this lost to nothing below it
    return cost, label, most < _EXACT


@kernel
def _gather(best: Floats, first: Ints, last: Ints, at_first: Floats, at_last: Floats) -> tuple[Floats, Ints]:
    """Take the better by either end of the chain of each origin."""
    cost, label = np.empty(first.size), np.empty(first.size, np.int32)
    for at in range(first.size):
        here, own = best[first[at], 0] + at_first[at], best[first[at], 1]
        way, to = best[last[at], 0] + at_last[at], best[last[at], 1]
        take = (way < here) | ((way == here) & (to < own))
        here = way if take else here
        own = to if take else own
        cost[at], label[at] = here, np.int32(own) if here < np.inf else NOBODY
    return cost, label


@kernel
def _take_better(cost: Floats, label: Ints, which: Ints, whose: Ints, straight: Floats) -> None:
    """Take the ways straight along chains where they are better."""
    for pair in range(which.size):
        at, way, to = which[pair], straight[pair], whose[pair]
        if way < cost[at] or (way == cost[at] < np.inf and to < label[at]):
            cost[at], label[at] = way, to


def k_nearest(
    topology: Topology, metric: Metric, climb: Ways, descend: Ways, facilities: Longs, origins: Longs, k: int
) -> tuple[Floats, Ints]:
    """
    Find the k nearest facilities of each origin.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from facility to origin.
    climb, descend : Ways
        Arcs up and arcs down.
    facilities : numpy.ndarray of int64, shape (n_facilities,)
        Nodes of the facilities; several at one node are several facilities.
    origins : numpy.ndarray of int64, shape (n_origins,)
        Nodes of the origins.
    k : int
        How many.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_origins, k)
        Costs from the nearest on, and positions: the lowest first among equals; the cost is inf where there are no more.
    """
    n = len(topology.core_node)
    best = np.full((n, k), np.inf), np.full((n, k), NOBODY)
    first, last, at_first, at_last = end_costs(topology, metric.turned, metric.ends, facilities, True)
    each = np.arange(len(facilities), dtype=np.int32)
    own = np.zeros((len(facilities), 1)), each[:, None].copy()
    _merge(*best, first, *own, each, at_first)
    _merge(*best, last, *own, each, at_last)
    tail = np.repeat(np.arange(n, dtype=np.int32), np.diff(climb.first))
    _merge(*best, climb.head[::-1].copy(), *best, tail[::-1].copy(), climb.cost[::-1].copy())
    _merge(*best, np.repeat(np.arange(n, dtype=np.int32), np.diff(descend.first)), *best, descend.head, descend.cost)

    first, last, at_first, at_last = end_costs(topology, metric.turned, metric.ends, origins, False)
    every = np.arange(len(origins), dtype=np.int32)
    cost, label = np.full((len(origins), k), np.inf), np.full((len(origins), k), NOBODY)
    _merge(cost, label, every, *best, first, at_first)
    _merge(cost, label, every, *best, last, at_last)
    met = share_a_chain(topology, facilities, origins, first, last)
    if len(met):
        at, facility, straight = pairs_in_chains(topology, metric, facilities, origins, met)
        _merge(cost, label, at, *own, facility, straight)
    return cost, label


@kernel
def _merge(cost: Floats, label: Ints, to: Ints, others: Floats, other_label: Ints, start: Ints, far: Floats) -> None:
    """Merge sorted rows, each so much further away, into other sorted rows, one pair after the other."""
    k, last = others.shape[1], cost.shape[1] - 1
    for pair in range(to.size):
        row, other, away = to[pair], start[pair], far[pair]
        if cost[row, 0] == np.inf and k == cost.shape[1]:  # nothing there yet: most often so, and quickly done
            for entry in range(k):
                cost[row, entry], label[row, entry] = others[other, entry] + away, other_label[other, entry]
            continue
        for entry in range(k):
            new, position = others[other, entry] + away, other_label[other, entry]
            if new > cost[row, last] or new == np.inf:
                break
            if new == cost[row, last] and position >= label[row, last]:
                continue
            at = 0  # the entry that goes: the facility's own if it is listed, else the last
            while at < last and label[row, at] != position:
                at += 1
            if label[row, at] == position and new >= cost[row, at]:
                continue
            while at > 0 and (new < cost[row, at - 1] or (new == cost[row, at - 1] and position < label[row, at - 1])):
                cost[row, at], label[row, at] = cost[row, at - 1], label[row, at - 1]
                at -= 1
            cost[row, at], label[row, at] = new, position

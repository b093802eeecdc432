"""
Flows: amounts carried along many cheapest paths, and how much passes over each arc.

The amounts of one root are gathered on its tree, from the leaves to the root, and put down on upward arcs, ends of chains
and darts. All that was put down is unpacked once, upper arcs first, so that the work does not grow with the length of paths.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric
from planning.travel.matrices import Direction
from planning.travel.second import Second
from planning.travel.topology import Topology
from planning.travel.trees import BY_LAST, NOWHERE, STRAIGHT, Branches, Grown, branch, grow, make_room, reach
from planning.travel.unpacking import Origin

__all__ = ["carry"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


class Loads(NamedTuple):
    """
    Amounts put down, in the network's own direction.

    Parameters
    ----------
    arcs : numpy.ndarray of float64, shape (n_up, 2)
        On upward arcs, going up and coming down.
    ends : numpy.ndarray of float64, shape (n_segments, 4)
        Between the head of a segment and the ends of its chain: to the first, from the first, to the last, from the last.
    darts : numpy.ndarray of float64, shape (n_segments, 2)
        On segments, along their chains and against.
    """

    arcs: Floats
    ends: Floats
    darts: Floats


def carry(
    way: Direction, second: Second, origin: Origin, roots: Longs, places: Longs, amounts: Floats
) -> tuple[Floats, Floats]:
    """
    Carry amounts along cheapest paths, one tree for each distinct root.

    Parameters
    ----------
    way : Direction
        The network in the direction of the sweep.
    second : Second
        A second cost in the same direction; of several cheapest paths the one where it is least is taken.
    origin : Origin
        Where the costs of arcs come from.
    roots, places : numpy.ndarray of int64, shape (n_pairs,)
        Nodes at both ends of each pair.
    amounts : numpy.ndarray of float64, shape (n_pairs,)
        What each pair carries.

    Returns
    -------
    tuple of numpy.ndarray of float64, shape (n_arcs,) and (n_pairs,)
        Amount over each of the caller's arcs; second cost of each pair, inf where there is no path.
    """
    branches = branch(way.topology, way.metric, second, way.descend, places)
    room, loads = make_room(branches), _make_loads(way.metric)
    carried, climbed = np.zeros(len(branches.node)), np.zeros(len(branches.row_of))
    along = np.full(len(amounts), np.inf)
    order = np.argsort(roots, kind="stable")
    bounds = np.append(np.flatnonzero(np.diff(roots[order], prepend=-1)), len(roots))
    for begin, end in itertools.pairwise(bounds.tolist()):
        pairs = order[begin:end]
        root = roots[pairs[0]]
        grow(way.topology, way.metric, second, way.climb, branches, root, room)
        how, _, sums = reach(way.topology, way.metric, second, branches, root, room, pairs)
        along[pairs] = sums.real
        _carry(way.topology, way.metric, branches, root, pairs, amounts[pairs], how, room, carried, climbed, loads)
    return _unpack(way.topology, origin, loads, len(way.topology.arc_dart)), along


def _make_loads(metric: Metric) -> Loads:
    """Begin with nothing."""
    return Loads(np.zeros_like(metric.arcs), np.zeros_like(metric.ends), np.zeros_like(metric.darts))


@kernel
def _carry(
    topology: Topology,
    metric: Metric,
    branches: Branches,
    root: int,
    which: Longs,
    amounts: Floats,
    how: NDArray[np.int8],
    grown: Grown,
    carried: Floats,
    climbed: Floats,
    loads: Loads,
) -> None:
    """Carry amounts between a root and some places, and put them down."""
    up, down = metric.turned, 1 - metric.turned
    lefts, ends, darts, arcs = topology.left, loads.ends, loads.darts, loads.arcs
    came, arc_of, heads, nodes = grown.came, branches.arc, branches.head, branches.node
    for n in range(which.size):
        at, amount = which[n], amounts[n]
        left = lefts[branches.place[at]]
        if how[n] == STRAIGHT:
            start = lefts[root]
            for segment in range(start + 1, left + 1):
                darts[segment, up] += amount
            for segment in range(start, left, -1):
                darts[segment, down] += amount
        elif how[n] != NOWHERE:
            by_last = how[n] == BY_LAST
            if left >= 0:
                ends[left, 2 * int(by_last) + down] += amount
            carried[branches.last_row[at] if by_last else branches.first_row[at]] += amount
    for row in range(carried.size - 1, -1, -1):
        amount = carried[row]
        if amount == 0.0:
            continue
        carried[row] = 0.0
        at = came[row]
        if at < 0:
            climbed[nodes[row]] += amount
        else:
            arcs[arc_of[at], down] += amount
            carried[heads[at]] += amount
    n = 0
    while grown.path[n] >= 0:
        n += 1
    for at in range(n - 1, -1, -1):
        node = grown.path[at]
        amount = climbed[node]
        if amount == 0.0:
            continue
        climbed[node] = 0.0
        arc = grown.climbed_arc[node]
        if arc >= 0:
            arcs[arc, up] += amount
            climbed[grown.climbed_from[node]] += amount
        elif lefts[root] >= 0:
            ends[lefts[root], (2 if arc == -1 - BY_LAST else 0) + up] += amount


@kernel
def _unpack(topology: Topology, origin: Origin, loads: Loads, n_arcs: int) -> Floats:
    """Spread what was put down over the caller's arcs, upper arcs first."""
    arcs, darts = loads.arcs, loads.darts
    for arc in range(len(arcs)):
        for column in range(2):
            amount = arcs[arc, column]
            if amount == 0.0:
                continue
            chain = origin.chain[arc, column]
            if chain >= 0:
                side = 0 if int(topology.chain_falls[chain]) == column else 1
                for segment in range(topology.chain_first[chain], topology.chain_first[chain + 1]):
                    darts[segment, side] += amount
            else:
                arcs[origin.one[arc, column], 1 - column] += amount
                arcs[origin.other[arc, column], column] += amount
    for chain in range(topology.chain_arc.size):
        begin, end = topology.chain_first[chain], topology.chain_first[chain + 1]
        to_first, from_first, to_last, from_last = 0.0, 0.0, 0.0, 0.0
        for segment in range(end - 1, begin - 1, -1):
            to_first += loads.ends[segment, 0]
            from_first += loads.ends[segment, 1]
            darts[segment, 1] += to_first
            darts[segment, 0] += from_first
        for segment in range(begin, end):
            darts[segment, 0] += to_last
            darts[segment, 1] += from_last
            to_last += loads.ends[segment, 2]
            from_last += loads.ends[segment, 3]
    flows = np.zeros(n_arcs)
    for segment in range(len(darts)):
        for side in range(2):
            if origin.arc[segment, side] >= 0:
                flows[origin.arc[segment, side]] = darts[segment, side]
    return flows

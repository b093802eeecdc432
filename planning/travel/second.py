"""
A second cost along cheapest paths, such as metres along the quickest way; of several cheapest ways, the least by it.

The first cost is customised already, so that a dart, a chain or an upward arc on a cheapest way is told by equality: the
cost of an arc *is* the smallest of the sums it was computed from, to the last bit. The second cost of an arc is then
the least over the triangles that are equal in the first.

Of ways that are equal in both, the one of the fewest steps is taken: else arcs of no cost would let a path go in rounds.
Second cost and steps are kept as one complex number, the cost its real part and the steps its imaginary part, which numpy adds
and compares for equality as they are. Where only sums are asked for and no path, a third cost may stand in place of the steps.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric, never_negative, sum_chains
from planning.travel.topology import Topology

__all__ = ["Pairs", "Second", "customise_second", "less_pair"]

Floats = NDArray[np.float64]
Pairs = NDArray[np.complex128]


class Second(NamedTuple):
    """
    Second costs and steps in one direction of travel, laid out as :class:`planning.travel.customisation.Metric`.

    Parameters
    ----------
    turned : int
        0 in the network's own direction, 1 against it.
    darts : numpy.ndarray of complex128, shape (n_segments, 2)
        Of each segment along its chain and against it.
    ends : numpy.ndarray of complex128, shape (n_segments, 4)
        Between the head of each segment and the ends of its chain.
    arcs : numpy.ndarray of complex128, shape (n_up, 2)
        Of each upward arc going up and coming down.
    """

    turned: int
    darts: Pairs
    ends: Pairs
    arcs: Pairs


def customise_second(topology: Topology, metric: Metric, costs: Floats, second: Pairs) -> Second:
    """
    Lay a second arc cost upon the topology.

    Parameters
    ----------
    topology : Topology
        What the costs belong to.
    metric : Metric
        Customised `costs`, in the network's own direction.
    costs : numpy.ndarray of float64, shape (n_arcs,)
        First cost of each arc.
    second : numpy.ndarray of complex128, shape (n_arcs,)
        Second cost of each arc, and its steps (1) or a third cost.

    Returns
    -------
    Second
        Second costs in the network's own direction, of what is cheapest by the first.
    """
    darts = _lay_second(topology, metric, costs, second)
    ends = np.empty((len(darts), 4), np.complex128)
    sum_chains(darts, topology.chain_first, ends)
    return Second(0, darts, ends, _customise_second(topology, metric, ends))


@kernel
def less_pair(one: complex, other: complex) -> bool:
    """
    Compare by the second cost, and by the steps between equals.

    Parameters
    ----------
    one, other : complex
        Second cost and steps.

    Returns
    -------
    bool
        Whether the first is the less.
    """
    return one.real < other.real or (one.real == other.real and one.imag < other.imag)


@kernel
def _lay_second(topology: Topology, metric: Metric, costs: Floats, second: Pairs) -> Pairs:
    """Take the least second cost among the cheapest arcs of each dart."""
    darts = np.full(metric.darts.shape, complex(np.inf, 1))
    for arc in range(costs.size):
        dart = topology.arc_dart[arc]
        if (
            dart >= 0
            and costs[arc] == metric.darts[dart >> 1, dart & 1]
            and less_pair(second[arc], darts[dart >> 1, dart & 1])
        ):
            darts[dart >> 1, dart & 1] = second[arc]
    return darts


@kernel
def _customise_second(topology: Topology, metric: Metric, ends: Pairs) -> Pairs:
    """Take the least second cost among the cheapest chains and lower triangles of each upward arc."""
    tree, arcs = topology.tree, metric.arcs
    up_first, up_head, up_tail, down_first, down_arc = never_negative(tree)
    out = np.full(arcs.shape, complex(np.inf, 0))
    for chain in range(topology.chain_arc.size):
        arc = topology.chain_arc[chain]
        if arc < 0:
            continue
        last, falls = topology.chain_first[chain + 1] - 1, int(topology.chain_falls[chain])
        for column, end in ((falls, 1), (1 - falls, 0)):
            if metric.ends[last, end] == arcs[arc, column] and less_pair(ends[last, end], out[arc, column]):
                out[arc, column] = ends[last, end]
    arc_to = np.empty(tree.parent.size, np.uint32)
    for node in range(tree.parent.size - 1, -1, -1):
        for arc in range(up_first[node], up_first[node + 1]):
            arc_to[up_head[arc]] = arc
        for at in range(down_first[node], down_first[node + 1]):
            one = down_arc[at]
            rise, fall = arcs[one, 0], arcs[one, 1]
            other = up_first[up_tail[one]]
            while other < one:
                third = arc_to[up_head[other]]
                if fall + arcs[other, 0] == arcs[third, 0]:
                    way = out[one, 1] + out[other, 0]
                    if less_pair(way, out[third, 0]):
                        out[third, 0] = way
                if rise + arcs[other, 1] == arcs[third, 1]:
                    way = out[one, 0] + out[other, 1]
                    if less_pair(way, out[third, 1]):
                        out[third, 1] = way
                other += np.uint32(1)
    return out

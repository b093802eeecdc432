"""
A second cost along cheapest paths, such as metres along the quickest way; of several cheapest ways, the least by it.

The first cost is customised already, so that a dart, a chain or an upward arc on a cheapest way is told by equality: the
cost of an arc *is* the smallest of the sums it was computed from, to the last bit. The second cost of an arc is then
the least over the triangles that are equal in the first.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric, sum_chains
from planning.travel.topology import Topology

__all__ = ["customise_second", "no_second"]

Floats = NDArray[np.float64]


def customise_second(topology: Topology, metric: Metric, costs: Floats, second: Floats) -> Metric:
    """
    Lay a second arc cost upon the topology.

    Parameters
    ----------
    topology : Topology
        What the costs belong to.
    metric : Metric
        Customised `costs`, in the network's own direction.
    costs, second : numpy.ndarray of float64, shape (n_arcs,)
        First and second cost of each arc.

    Returns
    -------
    Metric
        Second costs in the network's own direction, of what is cheapest by the first.
    """
    darts = _lay_second(topology, metric, costs, second)
    ends = sum_chains(darts, topology.chain_first)
    return Metric(0, darts, ends, _customise_second(topology, metric, ends))


def no_second(metric: Metric) -> Metric:
    """
    Make a second cost that is 0 everywhere.

    Parameters
    ----------
    metric : Metric
        The first cost.

    Returns
    -------
    Metric
        Zeros of the same shapes.
    """
    return Metric(metric.turned, *(np.zeros_like(part) for part in metric[1:]))


@kernel
def _lay_second(topology: Topology, metric: Metric, costs: Floats, second: Floats) -> Floats:
    """Take the least second cost among the cheapest arcs of each dart."""
    darts = np.full_like(metric.darts, np.inf)
    for arc in range(costs.size):
        dart = topology.arc_dart[arc]
        if dart >= 0 and costs[arc] == metric.darts[dart >> 1, dart & 1]:
            darts[dart >> 1, dart & 1] = min(darts[dart >> 1, dart & 1], second[arc])
    return darts


@kernel
def _customise_second(topology: Topology, metric: Metric, ends: Floats) -> Floats:
    """Take the least second cost among the cheapest chains and lower triangles of each upward arc."""
    tree, arcs = topology.tree, metric.arcs
    out = np.full_like(arcs, np.inf)
    for chain in range(topology.chain_arc.size):
        arc = topology.chain_arc[chain]
        if arc < 0:
            continue
        last, falls = topology.chain_first[chain + 1] - 1, int(topology.chain_falls[chain])
        if metric.ends[last, 1] == arcs[arc, falls]:
            out[arc, falls] = min(out[arc, falls], ends[last, 1])
        if metric.ends[last, 0] == arcs[arc, 1 - falls]:
            out[arc, 1 - falls] = min(out[arc, 1 - falls], ends[last, 0])
    arc_to = np.empty(tree.parent.size, np.int32)
    for node in range(tree.parent.size - 1, -1, -1):
        for arc in range(tree.up_first[node], tree.up_first[node + 1]):
            arc_to[tree.up_head[arc]] = arc
        for at in range(tree.down_first[node], tree.down_first[node + 1]):
            one = tree.down_arc[at]
            for other in range(tree.up_first[tree.up_tail[one]], one):
                third = arc_to[tree.up_head[other]]
                if arcs[one, 1] + arcs[other, 0] == arcs[third, 0]:
                    out[third, 0] = min(out[third, 0], out[one, 1] + out[other, 0])
                if arcs[one, 0] + arcs[other, 1] == arcs[third, 1]:
                    out[third, 1] = min(out[third, 1], out[one, 0] + out[other, 1])
    return out

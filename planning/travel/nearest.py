"""
Nearest facilities: one sweep from all of them at once for the nearest, one sweep from each for the k nearest.

References
----------
.. [1] M. Erwig, The graph Voronoi diagram with applications, Networks 36(3), 156-163, 2000.
   https://doi.org/10.1002/1097-0037(200010)36:3<156::AID-NET2>3.0.CO;2-L
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.travel.customise import Customised
from planning.travel.ragged import ragged_range
from planning.travel.search import Limit, search_from_all
from planning.travel.sweep import RootedCore, along_chain, cost_matrix, root_core, spread

__all__ = ["k_nearest", "nearest_one"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def nearest_one(costs: Customised, facilities: Ints, origins: Ints, limit: Limit) -> tuple[Floats, Ints]:
    """
    Find the nearest facility of each origin.

    Parameters
    ----------
    costs : Customised
        Costs in the direction from facility to origin.
    facilities : numpy.ndarray, shape (n_facilities,)
        Nodes of the facilities; at least one.
    origins : numpy.ndarray, shape (n_origins,)
        Nodes of the origins.
    limit : Limit
        No facility beyond it counts.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_origins,)
        Cost, and position of the facility: the lowest among equals, -1 (and inf) where none is in reach.
    """
    sites, lowest = np.unique(facilities, return_index=True)
    core = root_core(costs, sites)
    at_core, source = search_from_all(core.graph(), core.root, limit.reach)
    none = len(facilities)
    position = np.full(core.size, none, np.int64)
    site_at = np.full(core.size, -1, np.int64)
    site_at[core.root] = lowest
    reached = np.flatnonzero(np.isfinite(at_core))
    position[reached] = site_at[source[reached]]
    _lower_ties(core, at_core, position)

    places, place_of = np.unique(origins, return_inverse=True)
    by_first, by_last = spread(costs, at_core, places)
    chains = costs.chains
    best, label = by_first, position[chains.first_end[places]]
    best, label = _better(best, label, by_last, position[chains.last_end[places]])
    meet = along_chain(costs, sites, places)
    straight, facility = meet.sums(costs), lowest[meet.root]
    # of several facilities in an origin's own chain the best comes first, and only it is weighed
    order = np.lexsort((facility, straight, meet.place))
    place, first = np.unique(meet.place[order], return_index=True)
    chosen = order[first]
    best[place], label[place] = _better(best[place], label[place], straight[chosen], facility[chosen])
    limit.cut(best)
    label[np.isinf(best)] = -1
    return best[place_of], label[place_of]


def _better(cost: Floats, label: Ints, other: Floats, other_label: Ints) -> tuple[Floats, Ints]:
    """Take the cheaper of two, and the lower position where they are equal."""
    take = (other < cost) | ((other == cost) & (other_label < label))
    return np.where(take, other, cost), np.where(take, other_label, label)


def _lower_ties(core: RootedCore, costs: Floats, position: Ints) -> None:
    """
    Lower each position, in place, to the lowest that reaches its node at the same cost.

    The sweep gives one of the nearest facilities. Along tight arcs, those of cheapest paths, any facility that is
    nearest at the tail is nearest at the head too; a lower position is passed on from the nodes that just changed.
    """
    tight = np.flatnonzero(core.tight(costs))
    tail, head = core.tail[tight], core.head[tight]
    first = np.searchsorted(tail, np.arange(core.size + 1))
    arcs = np.flatnonzero(position[tail] < position[head])
    while len(arcs):
        np.minimum.at(position, head[arcs], position[tail[arcs]])
        changed = np.unique(head[arcs])
        arcs = ragged_range(first[changed], first[changed + 1] - first[changed])
        arcs = arcs[position[tail[arcs]] < position[head[arcs]]]


def k_nearest(costs: Customised, facilities: Ints, origins: Ints, k: int, limit: Limit) -> tuple[Floats, Ints]:
    """
    Find the k nearest facilities of each origin.

    Parameters
    ----------
    costs : Customised
        Costs in the direction from facility to origin.
    facilities : numpy.ndarray, shape (n_facilities,)
        Nodes of the facilities; several at one node are several facilities.
    origins : numpy.ndarray, shape (n_origins,)
        Nodes of the origins.
    k : int
        How many.
    limit : Limit
        No facility beyond it counts.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_origins, k)
        Costs from the nearest on, and positions: the lowest first among equals, -1 (and inf) where there are no more.
    """
    places, place_of = np.unique(origins, return_inverse=True)
    sites, site_of = np.unique(facilities, return_inverse=True)
    best = np.full((len(places), k), np.inf)
    label = np.full((len(places), k), len(facilities), np.int64)
    positions = np.argsort(site_of, kind="stable")
    bounds = np.searchsorted(site_of[positions], np.arange(len(sites) + 1))
    for rows, block, _ in cost_matrix(costs, sites, places, limit):
        for site in range(rows.start, rows.stop):
            for position in positions[bounds[site] : bounds[site + 1]]:
                _insert(best, label, block[site - rows.start], int(position))
    label[np.isinf(best)] = -1
    return best[place_of], label[place_of]


def _insert(best: Floats, label: Ints, cost: Floats, position: int) -> None:
    """Put one more facility into its place among the best of each origin, in place."""
    rows = np.flatnonzero(
        (cost < best[:, -1]) | ((cost == best[:, -1]) & (position < label[:, -1]) & np.isfinite(cost))
    )
    if not len(rows):
        return
    old, old_label, new = best[rows], label[rows], cost[rows, None]
    stay = (old < new) | ((old == new) & (old_label < position))
    column = np.arange(best.shape[1])
    at = stay.sum(axis=1, keepdims=True)
    moved, moved_label = np.roll(old, 1, axis=1), np.roll(old_label, 1, axis=1)
    best[rows] = np.where(column < at, old, np.where(column == at, new, moved))
    label[rows] = np.where(column < at, old_label, np.where(column == at, position, moved_label))

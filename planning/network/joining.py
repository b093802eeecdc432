"""
Places come onto roads and open ground: to a road beside them, else to the open ground they stand on.

A place no farther from a road than the spacing of the open ground joins the road, unless the straight way there crosses
water; any other joins the nearest place of the open ground that it reaches without crossing water. Ground from which no
road is reached, such as an islet, is the last choice: who lives there is out of reach, and is not carried across the water.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from planning.errors import NetworkError, msg
from planning.network.build import Network, component_labels
from planning.network.ground import crosses, is_open_ground
from planning.network.snap import NetworkPlace, Snap, point_on_network, snap_to_network, snappable_segments

__all__ = ["Doorstep", "find_doorsteps", "join_to_ground", "place_on_ground"]

_TRIED = 24  # places of the open ground tried from one point, the nearest first
_FARTHEST = 5.0  # of them, so many times the reach of a road


@dataclass(frozen=True, eq=False)
class Doorstep:
    """
    Where places may come onto a network of roads and open ground.

    Parameters
    ----------
    roads : numpy.ndarray of bool, shape (n_segments,)
        Pieces of road that may be joined.
    nodes : numpy.ndarray of int64, shape (n_nodes,)
        Nodes on open ground from which a road is reached.
    pockets : numpy.ndarray of int64, shape (n_pockets,)
        Nodes on open ground that is shut in.
    reach_m : float
        Longest straight way to a road [m].
    barriers : tuple of shapely.Geometry
        What no straight way crosses.
    """

    roads: NDArray[np.bool_]
    nodes: NDArray[np.int64]
    pockets: NDArray[np.int64]
    reach_m: float
    barriers: tuple[shapely.Geometry, ...]


def find_doorsteps(
    network: Network, *, usable: NDArray[np.bool_], reach_m: float, barriers: Sequence[shapely.Geometry]
) -> Doorstep:
    """
    Find where places may come onto a network.

    Parameters
    ----------
    network : Network
        Roads and open ground.
    usable : numpy.ndarray of bool, shape (n_arcs,)
        Arcs open on foot.
    reach_m : float
        Longest straight way to a road [m].
    barriers : sequence of shapely.Geometry
        What no straight way crosses.

    Returns
    -------
    Doorstep
        Of the network as it is.
    """
    kept = snappable_segments(network, usable)
    off_road = is_open_ground(network)[0::2]
    part = component_labels(network, usable)[network.tails[0::2]]
    about = np.isin(part, part[kept & ~off_road])
    nodes = _ends(network, off_road & about)
    pockets = np.setdiff1d(_ends(network, off_road), nodes)
    return Doorstep(kept & ~off_road, nodes, pockets, reach_m, tuple(barriers))


def join_to_ground(network: Network, points_xy: ArrayLike, doorstep: Doorstep) -> tuple[Network, Snap]:
    """
    Give every point a node.

    Parameters
    ----------
    network : Network
        Roads and open ground.
    points_xy : array_like, shape (n_points, 2)
        The points [m].
    doorstep : Doorstep
        As :func:`find_doorsteps` gives it for the network.

    Returns
    -------
    Network
        A new network: the old nodes keep their numbers, new ones on roads follow. Arc numbers change.
    Snap
        Node and access leg of each point; no fragment is passed over, since open ground joins them all.
    """
    points = np.asarray(points_xy, dtype=float).reshape(-1, 2)
    usable = np.repeat(doorstep.roads, 2)
    tried, found = snap_to_network(network, points, usable=usable, min_component_m=0.0)
    near = np.flatnonzero((found.node >= 0) & (found.leg_m <= doorstep.reach_m))
    beside = near[~crosses(points[near], tried.xy[found.node[near]], doorstep.barriers)]
    joined, snap = snap_to_network(network, points[beside], usable=usable, min_component_m=0.0)
    afield = np.setdiff1d(np.arange(len(points)), beside)
    node, leg_m = np.full(len(points), -1, dtype=np.int32), np.full(len(points), np.inf)
    node[beside], leg_m[beside] = snap.node, snap.leg_m
    node[afield], leg_m[afield] = _onto_ground(network, points[afield], doorstep)
    return joined, Snap(node, leg_m, np.zeros(len(points), dtype=bool))


def place_on_ground(network: Network, xy: tuple[float, float], doorstep: Doorstep) -> NetworkPlace:
    """
    Find where one point comes onto the network, without touching it, as :func:`join_to_ground` would.

    Parameters
    ----------
    network : Network
        Roads and open ground, left as it is.
    xy : tuple of float
        The point [m].
    doorstep : Doorstep
        As :func:`find_doorsteps` gives it for the network.

    Returns
    -------
    NetworkPlace
        A place on a road, or a node on open ground as an edge of no length.

    Raises
    ------
    NetworkError
        If there is neither road nor open ground, or the point has no finite place.
    """
    point = np.asarray([xy], dtype=float)
    if doorstep.roads.any():
        place = point_on_network(network, xy, segments=doorstep.roads)
        foot = np.array([[place.x, place.y]])
        if place.leg_m <= doorstep.reach_m and not crosses(point, foot, doorstep.barriers)[0]:
            return place
    (node,), (leg_m,) = _onto_ground(network, point, doorstep)
    if node < 0:
        raise NetworkError(msg("There is no road near this place that may be used. Choose another place."))
    x, y = float(network.x[node]), float(network.y[node])
    return NetworkPlace(0, int(node), int(node), 0.0, 0.0, float(leg_m), x, y)


def _onto_ground(
    network: Network, points: NDArray[np.float64], doorstep: Doorstep
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """
    Find the nearest node of the open ground that each point reaches without crossing a barrier.

    A pocket is better than to cross water; who stands in the water leaves it by the shortest way.
    """
    node, leg_m = np.full(len(points), -1, dtype=np.int64), np.full(len(points), np.inf)
    for nodes in (doorstep.nodes, doorstep.pockets):
        left = np.flatnonzero(node < 0)
        if len(nodes) and len(left):
            leg, at = _nearest(network, points[left], nodes)
            row, column = np.nonzero(leg <= _FARTHEST * doorstep.reach_m)
            free = np.zeros(leg.shape, dtype=bool)
            reached = network.xy[nodes[at[row, column]]]
            free[row, column] = ~crosses(points[left[row]], reached, doorstep.barriers)
            first = free.argmax(axis=1)
            some = np.flatnonzero(free.any(axis=1))
            node[left[some]] = nodes[at[some, first[some]]]
            leg_m[left[some]] = leg[some, first[some]]
    left = np.flatnonzero(node < 0)
    if len(doorstep.nodes) and len(left):
        leg, at = _nearest(network, points[left], doorstep.nodes)
        node[left], leg_m[left] = doorstep.nodes[at[:, 0]], leg[:, 0]
    return node, leg_m


def _nearest(
    network: Network, points: NDArray[np.float64], nodes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the nearest nodes of each point and how far they are, the nearest first."""
    found = cKDTree(network.xy[nodes]).query(points, k=np.arange(1, min(_TRIED, len(nodes)) + 1))
    return np.asarray(found[0], dtype=float), np.asarray(found[1], dtype=np.int64)


def _ends(network: Network, segments: NDArray[np.bool_]) -> NDArray[np.int64]:
    arcs = np.flatnonzero(np.repeat(segments, 2))
    return np.unique(network.tails[arcs]).astype(np.int64)

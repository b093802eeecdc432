"""Travel costs between the places where children live and schools: along the network, the access legs included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from planning.errors import NetworkError, msg
from planning.travel.arguments import check_costs
from planning.travel.router import Router

__all__ = ["Costs", "build_costs", "costs_to_points"]

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]
Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]
Free = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]

_METRES_PER_MINUTE_PER_KMH = 1000 / 60
# Two arc costs count as one and the same, up to a factor, when no arc departs from it by more than this.
_SAME_SPEED = 1e-9
# To measure every cell against a site takes less time than to look for those within reach, up to so many sites.
_FEW_SITES = 16


@dataclass(frozen=True, eq=False)
class Costs:
    """
    What it costs to get from each cell to each site.

    Parameters
    ----------
    cell_ids, site_ids : pandas.Index of str
        Which rows and columns are whose.
    distance_m : numpy.ndarray of float32, shape (n_cells, n_sites)
        Distance along the quickest way, access legs included [m]; inf = no path.
    time_min : numpy.ndarray of float32, shape (n_cells, n_sites)
        Time at the mode's reference speed, access legs included [min]; inf = no path.
    off_road_m : numpy.ndarray of float32, shape (n_cells, n_sites)
        How much of the distance is off the roads, access legs and open ground [m]; finite also where there is no path.
    mode : str
        How one travels: walk, bike or drive.
    """

    cell_ids: pd.Index[str]
    site_ids: pd.Index[str]
    distance_m: Matrix
    time_min: Matrix
    off_road_m: Matrix
    mode: str

    def __post_init__(self) -> None:
        shape = (len(self.cell_ids), len(self.site_ids))
        if not self.distance_m.shape == self.time_min.shape == self.off_road_m.shape == shape:
            raise NetworkError(msg("The costs do not have one row for each cell and one column for each site."))


@dataclass(frozen=True, eq=False)
class _Ends:
    """Places beside the network: where each is, the node it joins, and the straight leg to it (inf where there is none)."""

    nodes: Ints
    legs_m: Floats
    xy: Floats


def build_costs(
    router_time: Router,
    length_m: ArrayLike,
    *,
    cell_ids: pd.Index[str],
    cell_nodes: ArrayLike,
    cell_legs_m: ArrayLike,
    cell_xy: ArrayLike,
    site_ids: pd.Index[str],
    site_nodes: ArrayLike,
    site_legs_m: ArrayLike,
    site_xy: ArrayLike,
    leg_kmh: float,
    mode: str,
    off_road_m: ArrayLike | None = None,
    is_free: Free | None = None,
    progress: Progress | None = None,
) -> Costs:
    """
    Compute time and distance from every cell to every site, the access legs included.

    The way is the quickest along the network; of several equally quick, the shortest. A cell and a site that lie nearer
    to each other than their two legs together are joined by the straight way between them. A place without a node has no
    leg, so the straight way is all it has.

    Parameters
    ----------
    router_time : Router
        The network with the minutes of the mode as costs [min].
    length_m : array_like of float, shape (n_arcs,)
        Length of each arc [m].
    cell_ids : pandas.Index of str
        Ids of the cells.
    cell_nodes : array_like of int, shape (n_cells,)
        Node that each joins; -1 where there is no road at all.
    cell_legs_m : array_like of float, shape (n_cells,)
        Straight access leg to that node [m]; of no meaning where the node is -1.
    cell_xy : array_like of float, shape (n_cells, 2)
        Where each lies, in metres of one projected CRS [m].
    site_ids : pandas.Index of str
        Ids of the sites.
    site_nodes : array_like of int, shape (n_sites,)
        Node that each joins; -1 where there is no road at all.
    site_legs_m : array_like of float, shape (n_sites,)
        Straight access leg to that node [m].
    site_xy : array_like of float, shape (n_sites, 2)
        Where each lies [m].
    leg_kmh : float
        Speed on the legs and the straight way [km/h].
    mode : str
        How one travels, as it shall be kept with the costs.
    off_road_m : array_like of float, shape (n_arcs,), optional
        How much of each arc is off the roads [m]; nothing by default.
    is_free : callable, optional
        Says of straight ways, given by their beginnings and ends of shape (n, 2), whether nothing bars them; all are free by
        default.
    progress : callable, optional
        Called as ``progress(done, total)`` after each block of work.

    Returns
    -------
    Costs
        Distance, time and the part off the road, of every pair.

    Raises
    ------
    NetworkError
        If the arrays do not fit each other, a node is not in the network, or a leg or the speed is not a fair number.
    """
    cells = _check_ends(cell_nodes, cell_legs_m, cell_xy, len(cell_ids))
    sites = _check_ends(site_nodes, site_legs_m, site_xy, len(site_ids))
    metres_per_min = _check_speed(leg_kmh)
    time_min, distance_m, off_road = _along_network(
        router_time, length_m, off_road_m, cells.nodes, sites.nodes, progress
    )
    _join(time_min, distance_m, off_road, cells, sites, metres_per_min, is_free)
    return Costs(cell_ids, site_ids, distance_m, time_min, off_road, mode)


def costs_to_points(
    router_time: Router,
    length_m: ArrayLike,
    *,
    end_nodes: ArrayLike,
    end_minutes: ArrayLike,
    end_metres: ArrayLike,
    point_legs_m: ArrayLike,
    point_xy: ArrayLike,
    point_ids: pd.Index[str],
    cell_ids: pd.Index[str],
    cell_nodes: ArrayLike,
    cell_legs_m: ArrayLike,
    cell_xy: ArrayLike,
    leg_kmh: float,
    mode: str,
    off_road_m: ArrayLike | None = None,
    is_free: Free | None = None,
) -> Costs:
    """
    Compute the costs from every cell to points on edges, as a what-if on the map and a proposal need them.

    The network is not touched: whoever comes to a point comes by one of the ends of its edge, so one sweep to each end
    is enough, and exact. An edge is what lies between two neighbouring nodes: where cells were snapped onto a road, their
    nodes divide it.

    Parameters
    ----------
    router_time : Router
        The network with the minutes of the mode as costs [min].
    length_m : array_like of float, shape (n_arcs,)
        Length of each arc [m].
    end_nodes : array_like of int, shape (n_points, n_ends)
        Nodes at the ends of each point's edge; ``n_ends`` is 0 where there is no road at all.
    end_minutes : array_like of float, shape (n_points, n_ends)
        Time from each of these nodes to the foot of the point [min]; inf where one may not go that way.
    end_metres : array_like of float, shape (n_points, n_ends)
        Distance from each of these nodes to the foot of the point [m].
    point_legs_m : array_like of float, shape (n_points,)
        Straight access leg from that foot to the point [m].
    point_xy : array_like of float, shape (n_points, 2)
        Where the points lie [m].
    point_ids : pandas.Index of str
        What to call the points.
    cell_ids : pandas.Index of str
        Ids of the cells.
    cell_nodes : array_like of int, shape (n_cells,)
        Node that each joins; -1 where there is no road at all.
    cell_legs_m : array_like of float, shape (n_cells,)
        Straight access leg to that node [m].
    cell_xy : array_like of float, shape (n_cells, 2)
        Where each lies [m].
    leg_kmh : float
        Speed on the legs and the straight way [km/h].
    mode : str
        How one travels.
    off_road_m : array_like of float, shape (n_arcs,), optional
        How much of each arc is off the roads [m]; nothing by default.
    is_free : callable, optional
        Says of straight ways, given by their beginnings and ends of shape (n, 2), whether nothing bars them; all are free by
        default.

    Returns
    -------
    Costs
        A column a point, equal to that of :func:`build_costs` on a network with a node at the foot of the point.

    Raises
    ------
    NetworkError
        As :func:`build_costs`.
    """
    n_points = len(point_ids)
    cells = _check_ends(cell_nodes, cell_legs_m, cell_xy, len(cell_ids))
    ends = np.asarray(end_nodes, np.int64)
    ends = ends.reshape(n_points, ends.size // max(n_points, 1))
    minutes, metres = (check_costs(np.ravel(np.asarray(given)), ends.size) for given in (end_minutes, end_metres))
    points = _check_ends(np.full(n_points, 0 if ends.size else -1), point_legs_m, point_xy, n_points)
    metres_per_min = _check_speed(leg_kmh)
    shape = (len(cell_ids), n_points)
    time_min, distance_m = np.full(shape, np.inf, np.float32), np.full(shape, np.inf, np.float32)
    off_road = np.zeros(shape, np.float32)
    if ends.size:
        swept, column = np.unique(ends, return_inverse=True)
        time_by_node, distance_by_node, off_road_by_node = _along_network(
            router_time, length_m, off_road_m, cells.nodes, swept, None
        )
        column = column.reshape(ends.shape)
        minutes, metres = minutes.reshape(ends.shape), metres.reshape(ends.shape)
        for point in range(n_points):
            by_end = time_by_node[:, column[point]].astype(np.float64) + minutes[point]
            along = distance_by_node[:, column[point]].astype(np.float64) + metres[point]
            best = np.zeros(len(by_end), np.int64)
            rows = np.arange(len(by_end))
            for end in range(1, by_end.shape[1]):  # of ends equally quick the nearer counts, then the first
                quickest, shortest = by_end[rows, best], along[rows, best]
                better = (by_end[:, end] < quickest) | ((by_end[:, end] == quickest) & (along[:, end] < shortest))
                best[better] = end
            time_min[:, point], distance_m[:, point] = by_end[rows, best], along[rows, best]
            off_road[:, point] = off_road_by_node[:, column[point]][rows, best]
        distance_m[np.isinf(time_min)] = np.inf
    _join(time_min, distance_m, off_road, cells, points, metres_per_min, is_free)
    return Costs(cell_ids, point_ids, distance_m, time_min, off_road, mode)


def _check_speed(leg_kmh: float) -> float:
    """Turn the speed of the legs into metres per minute."""
    if not 0 < leg_kmh < np.inf:
        raise NetworkError(msg("The speed on access legs must be above 0 km/h, not {speed}.", speed=leg_kmh))
    return leg_kmh * _METRES_PER_MINUTE_PER_KMH


def _check_ends(nodes: ArrayLike, legs_m: ArrayLike, xy: ArrayLike, n: int) -> _Ends:
    """Check that places beside the network have a node or none, a leg and a location each."""
    node = np.asarray(nodes, np.int64)
    leg = np.array(legs_m, np.float64)
    at = np.asarray(xy, np.float64).reshape(-1, 2)
    if node.shape != (n,) or leg.shape != (n,) or at.shape != (n, 2):
        raise NetworkError(msg("Each place needs one node, one access leg and one location: {n} of each.", n=n))
    leg[node < 0] = np.inf
    wrong = ~(leg >= 0) | ~np.isfinite(at).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise NetworkError(
            msg("A place has no fair access leg or location (row {row}: leg {leg} m).", row=row, leg=float(leg[row]))
        )
    return _Ends(node, leg, at)


def _along_network(
    router: Router,
    length_m: ArrayLike,
    off_road_m: ArrayLike | None,
    cell_nodes: Ints,
    site_nodes: Ints,
    progress: Progress | None,
) -> tuple[Matrix, Matrix, Matrix]:
    """Compute time, distance and what of it is off the roads between nodes; inf, and nothing off the roads, where there is no way."""
    length = np.asarray(length_m, np.float64)
    metres_per_min = _common_speed(router, length) if off_road_m is None else None
    rows, columns = cell_nodes >= 0, site_nodes >= 0
    origins, targets = cell_nodes[rows], site_nodes[columns]
    off_road = np.zeros((len(origins), len(targets)), np.float32)
    if off_road_m is not None:
        time_min, distance_m, off_road = router.three_matrices(origins, targets, length, off_road_m, progress=progress)
        off_road = np.where(np.isfinite(time_min), off_road, np.float32(0))
    elif metres_per_min is None:
        time_min, distance_m = router.matrix(origins, targets, also=length, progress=progress)
    else:
        time_min = router.matrix(origins, targets, progress=progress)
        distance_m = time_min * np.float32(metres_per_min)
    if rows.all() and columns.all():
        return time_min, distance_m, off_road
    shape = (len(cell_nodes), len(site_nodes))
    every_time, every_distance = np.full(shape, np.inf, np.float32), np.full(shape, np.inf, np.float32)
    every_off_road = np.zeros(shape, np.float32)
    every_time[np.ix_(rows, columns)] = time_min
    every_distance[np.ix_(rows, columns)] = distance_m
    every_off_road[np.ix_(rows, columns)] = off_road
    return every_time, every_distance, every_off_road


def _common_speed(router: Router, length_m: Floats) -> float | None:
    """Find the one speed of all open arcs [m/min], where there is one: then one sweep gives time and distance."""
    open_arcs = np.isfinite(router.costs)
    if length_m.shape != router.costs.shape or not open_arcs.any():
        return None
    minutes, metres = router.costs[open_arcs], length_m[open_arcs]
    if not (minutes.max() > 0 and np.isfinite(metres).all()):
        return None
    speed = float(metres[np.argmax(minutes)] / minutes.max())
    same = np.abs(metres - speed * minutes) <= _SAME_SPEED * metres
    return speed if bool(same.all()) else None


def _join(
    time_min: Matrix,
    distance_m: Matrix,
    off_road_m: Matrix,
    cells: _Ends,
    sites: _Ends,
    metres_per_min: float,
    is_free: Free | None,
) -> None:
    """Add the legs, in place, and take the straight way where it is nearer and free."""
    cell_leg = np.where(np.isinf(cells.legs_m), 0.0, cells.legs_m).astype(np.float32)[:, None]
    site_leg = np.where(np.isinf(sites.legs_m), 0.0, sites.legs_m).astype(np.float32)
    for metres in (distance_m, off_road_m):
        metres += cell_leg
        metres += site_leg
    time_min += cell_leg / np.float32(metres_per_min)
    time_min += site_leg / np.float32(metres_per_min)
    cell, site = _near_pairs(cells, sites)
    if is_free is not None:
        free = is_free(cells.xy[cell], sites.xy[site])
        cell, site = cell[free], site[free]
    straight = np.hypot(*(cells.xy[cell] - sites.xy[site]).T)
    distance_m[cell, site] = straight
    time_min[cell, site] = straight / metres_per_min
    off_road_m[cell, site] = straight


def _near_pairs(cells: _Ends, sites: _Ends) -> tuple[Ints, Ints]:
    """Find the pairs that lie nearer to each other than their legs together; all pairs of a place without a leg."""
    lone_cell, lone_site = np.flatnonzero(np.isinf(cells.legs_m)), np.flatnonzero(np.isinf(sites.legs_m))
    cell, site = np.flatnonzero(np.isfinite(cells.legs_m)), np.flatnonzero(np.isfinite(sites.legs_m))
    pairs = [
        (np.repeat(lone_cell, len(sites.legs_m)), np.tile(np.arange(len(sites.legs_m)), len(lone_cell))),
        (np.repeat(cell, len(lone_site)), np.tile(lone_site, len(cell))),
    ]
    if len(cell) and 0 < len(site) <= _FEW_SITES:
        for one in site:
            straight = np.hypot(*(cells.xy[cell] - sites.xy[one]).T)
            near_cell = cell[straight < cells.legs_m[cell] + sites.legs_m[one]]
            pairs.append((near_cell, np.full(len(near_cell), one)))
    elif len(cell) and len(site):
        reach = cells.legs_m[cell] + sites.legs_m[site].max()
        found = cKDTree(sites.xy[site]).query_ball_point(cells.xy[cell], reach)
        count = np.fromiter((len(row) for row in found), np.int64, len(cell))
        near_site = site[np.fromiter((at for row in found for at in row), np.int64, int(count.sum()))]
        near_cell = np.repeat(cell, count)
        straight = np.hypot(*(cells.xy[near_cell] - sites.xy[near_site]).T)
        nearer = straight < cells.legs_m[near_cell] + sites.legs_m[near_site]
        pairs.append((near_cell[nearer], near_site[nearer]))
    first, second = zip(*pairs, strict=True)
    return np.concatenate(first), np.concatenate(second)

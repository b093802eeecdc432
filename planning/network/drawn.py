"""
A road that a planner draws joins a network that exists: its ends come onto roads beside them, it meets the roads it crosses.

Nodes and arcs of the network keep their numbers, so that what is known of them still holds: a road that is met gets pieces of its
own beside the old arc, and the old arc is closed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from planning.errors import NetworkError, msg
from planning.network.build import Network
from planning.network.ground import OPEN_GROUND, crosses, is_open_ground
from planning.network.modes import mode_usable
from planning.network.snap import point_on_network

__all__ = ["JOIN_ENDS_M", "Drawn", "add_road"]

JOIN_ENDS_M = 30.0
"""How far the end of a drawn road may lie from the road it is meant to meet [m]: what a hand on a map of a county can hit."""

_SAME_PLACE_M = 1e-3
_CLOSED = "construction"
_LINKS = 4  # places of the open ground that a stop on the road is linked with at most

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """
    A network with one road more.

    Parameters
    ----------
    network : Network
        Nodes and arcs as before, then new ones.
    source_arc : numpy.ndarray of int64, shape (n_new_arcs,)
        For each new arc the old arc that it is a piece of; -1 on the new road, -2 from it onto open ground.
    node, leg_m : numpy.ndarray, shape (n_places,)
        Node on the new road of each place given, and how far off it lies [m].
    """

    network: Network
    source_arc: NDArray[np.int64]
    node: NDArray[np.int64]
    leg_m: Floats


@dataclass
class _Pieces:
    """What is gathered before it is laid out: cuts of old segments, places of new nodes."""

    network: Network
    xy: list[tuple[float, float]]
    cuts: dict[int, list[tuple[float, int]]]

    def new_node(self, x: float, y: float) -> int:
        self.xy.append((x, y))
        return self.network.n_nodes + len(self.xy) - 1

    def cut(self, segment: int, share: float) -> int:
        """Give the node at a place of a segment, a new one where there is none."""
        network = self.network
        tail, head = int(network.tails[2 * segment]), int(network.heads[2 * segment])
        length = float(network.length_m[2 * segment])
        if share * length <= _SAME_PLACE_M:
            return tail
        if (1 - share) * length <= _SAME_PLACE_M:
            return head
        for known, node in self.cuts.get(segment, []):
            if abs(known - share) * length <= _SAME_PLACE_M:
                return node
        x = network.x[tail] + share * (network.x[head] - network.x[tail])
        y = network.y[tail] + share * (network.y[head] - network.y[tail])
        node = self.new_node(float(x), float(y))
        self.cuts.setdefault(segment, []).append((share, node))
        return node


def add_road(
    network: Network,
    points_xy: ArrayLike,
    *,
    way_id: str,
    highway: str,
    name: str = "",
    places_xy: ArrayLike = (),
    spacing_m: float | None = None,
    barriers: tuple[shapely.Geometry, ...] = (),
) -> Drawn:
    """
    Add a road to a network.

    An end within ``JOIN_ENDS_M`` of a road comes onto it. Where the new road crosses one that may be walked, the two meet, but
    not on bridges, in tunnels or on motorways.

    Parameters
    ----------
    network : Network
        Roads, and open ground where there is any.
    points_xy : array_like, shape (n_points, 2)
        Bends of the road [m].
    way_id : str
        Its id among the ways.
    highway : str
        Its class.
    name : str
        What it is called.
    places_xy : array_like, shape (n_places, 2)
        Places that come onto the new road where it passes nearest [m].
    spacing_m : float, optional
        Spacing of the open ground [m], which the road is then linked with on either side.
    barriers : tuple of shapely.Geometry
        What no step over open ground crosses.

    Returns
    -------
    Drawn
        The network and the nodes of the places.

    Raises
    ------
    NetworkError
        If the road meets no other road.
    """
    points = _without_repeats(np.asarray(points_xy, dtype=float).reshape(-1, 2))
    usable = mode_usable(network, "walk")
    open_ground = is_open_ground(network)[0::2]
    on_foot = (usable[0::2] | usable[1::2]) & ~open_ground
    pieces = _Pieces(network, [], {})
    ends, points = _join_ends(network, points, on_foot, pieces)
    line = shapely.LineString(points)
    at, node = _crossings(network, points, on_foot & ~_off_level(network), pieces)
    if not len(at) and all(end is None for end in ends):
        raise NetworkError(
            msg(
                "The new road {name} meets no other road. Draw it so that it crosses one, or ends within {metres:g} m of one.",
                name=name or way_id,
                metres=JOIN_ENDS_M,
            )
        )
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    places = np.asarray(places_xy, dtype=float).reshape(-1, 2)
    feet = shapely.line_locate_point(line, shapely.points(places)) if len(places) else np.empty(0)
    steps = np.empty(0) if spacing_m is None else np.arange(spacing_m, along[-1], spacing_m)
    known = [(0.0, ends[0]), (float(along[-1]), ends[1]), *zip(at.tolist(), node.tolist(), strict=True)]
    stop_at, stop_node = _stops(line, [*known, *((float(m), None) for m in (*along[1:-1], *feet, *steps))], pieces)
    link = _links(network, open_ground, stop_node, pieces, spacing_m, barriers)
    place_node = stop_node[np.abs(stop_at[None, :] - feet[:, None]).argmin(axis=1)] if len(places) else np.empty(0)
    x, y = _all_places(pieces).T
    leg_m = np.hypot(*(places - np.column_stack([x, y])[place_node.astype(np.int64)]).T) if len(places) else np.empty(0)
    laid, source = _lay(pieces, x, y, stop_at, stop_node, link, _ways(network, way_id, highway, name))
    return Drawn(laid, source, place_node.astype(np.int64), leg_m)


def _without_repeats(points: Floats) -> Floats:
    keep = np.ones(len(points), dtype=bool)
    keep[1:] = np.hypot(*np.diff(points, axis=0).T) > _SAME_PLACE_M
    return points[keep]


def _off_level(network: Network) -> NDArray[np.bool_]:
    """Say which segments lie on bridges or in tunnels."""
    level = (network.ways["bridge"] | network.ways["tunnel"]).to_numpy(dtype=bool)
    found: NDArray[np.bool_] = np.append(level, False)[network.way[0::2]]
    return found


def _join_ends(
    network: Network, points: Floats, on_foot: NDArray[np.bool_], pieces: _Pieces
) -> tuple[list[int | None], Floats]:
    """Bring the two ends onto roads beside them; give the nodes there and the points as they are then."""
    points, ends = points.copy(), list[int | None]([None, None])
    if not on_foot.any():
        return ends, points
    for number, end in enumerate((0, len(points) - 1)):
        place = point_on_network(network, (float(points[end, 0]), float(points[end, 1])), segments=on_foot)
        if place.leg_m <= JOIN_ENDS_M:
            length = place.tail_m + place.head_m
            ends[number] = pieces.cut(place.arc // 2, place.tail_m / length if length else 0.0)
            points[end] = place.x, place.y
    if len(points) == 2 and ends[0] is not None and ends[0] == ends[1]:
        return [ends[0], None], points if np.ptp(points, axis=0).any() else _refuse_short()
    return ends, points


def _refuse_short() -> Floats:
    raise NetworkError(msg("The new road is too short: both its ends meet the same place of a road."))


def _crossings(
    network: Network, points: Floats, joinable: NDArray[np.bool_], pieces: _Pieces
) -> tuple[Floats, NDArray[np.int64]]:
    """Find where the road crosses others: how far along it [m], and the node there."""
    segments = np.flatnonzero(joinable)
    tail, head = network.tails[2 * segments], network.heads[2 * segments]
    begin, end = network.xy[tail], network.xy[head]
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    at: list[float] = []
    node: list[int] = []
    passed = 0.0
    for start, stop in itertools.pairwise(points):
        way = stop - start
        length = float(np.hypot(*way))
        near = np.flatnonzero(
            (high >= np.minimum(start, stop) - _SAME_PLACE_M).all(axis=1)
            & (low <= np.maximum(start, stop) + _SAME_PLACE_M).all(axis=1)
        )
        other = end[near] - begin[near]
        turn = way[0] * other[:, 1] - way[1] * other[:, 0]
        gap = begin[near] - start
        with np.errstate(divide="ignore", invalid="ignore"):
            on_new = (gap[:, 0] * other[:, 1] - gap[:, 1] * other[:, 0]) / turn
            on_old = (gap[:, 0] * way[1] - gap[:, 1] * way[0]) / turn
        slack_new, slack_old = _SAME_PLACE_M / length, _SAME_PLACE_M / np.maximum(np.hypot(*other.T), _SAME_PLACE_M)
        hit = (turn != 0) & (on_new >= -slack_new) & (on_new <= 1 + slack_new)
        hit &= (on_old >= -slack_old) & (on_old <= 1 + slack_old)
        for which in np.flatnonzero(hit):
            at.append(passed + float(np.clip(on_new[which], 0, 1)) * length)
            node.append(pieces.cut(int(segments[near[which]]), float(np.clip(on_old[which], 0, 1))))
        passed += length
    return np.asarray(at, dtype=float), np.asarray(node, dtype=np.int64)


def _stops(
    line: shapely.LineString, wanted: list[tuple[float, int | None]], pieces: _Pieces
) -> tuple[Floats, NDArray[np.int64]]:
    """Lay the nodes of the road in order; stops at one place that are no node yet share one."""
    ordered = sorted(wanted, key=lambda stop: (stop[0], stop[1] is None))
    at: list[float] = []
    node: list[int] = []
    for metres, known in ordered:
        same = bool(at) and metres - at[-1] <= _SAME_PLACE_M
        if known is None and same:
            continue
        if known is None:
            upcoming = next((n for m, n in ordered if n is not None and 0 <= m - metres <= _SAME_PLACE_M), None)
            if upcoming is not None:
                continue
            place = line.interpolate(metres)
            known = pieces.new_node(place.x, place.y)
        if not node or node[-1] != known:
            at.append(metres)
            node.append(known)
    return np.asarray(at), np.asarray(node, dtype=np.int64)


def _all_places(pieces: _Pieces) -> Floats:
    return np.concatenate([pieces.network.xy, np.asarray(pieces.xy, dtype=float).reshape(-1, 2)])


def _links(
    network: Network,
    open_ground: NDArray[np.bool_],
    stops: NDArray[np.int64],
    pieces: _Pieces,
    spacing_m: float | None,
    barriers: tuple[shapely.Geometry, ...],
) -> NDArray[np.int64]:
    """Pair the stops of the road with places of the open ground beside them."""
    if spacing_m is None or not open_ground.any():
        return np.empty((0, 2), dtype=np.int64)
    ends = [network.tails[0::2], network.heads[0::2]]
    ground = np.unique(np.concatenate([end[open_ground] for end in ends]))
    ground = np.setdiff1d(ground, np.unique(np.concatenate([end[~open_ground] for end in ends])))
    if not len(ground):
        return np.empty((0, 2), dtype=np.int64)
    xy = _all_places(pieces)
    reach = spacing_m * 1.5**0.5
    away, found = cKDTree(xy[ground]).query(xy[stops], k=np.arange(1, min(_LINKS, len(ground)) + 1))
    row, column = np.nonzero(np.asarray(away) <= reach)
    pairs = np.column_stack([stops[row], ground[np.asarray(found)[row, column]]]).astype(np.int64)
    return pairs[~crosses(xy[pairs[:, 0]], xy[pairs[:, 1]], barriers)]


def _ways(network: Network, way_id: str, highway: str, name: str) -> pd.DataFrame:
    """Add the rows of the new road, and of what is closed for its sake."""
    row = {
        "oneway": 0, "bridge": False, "tunnel": False, "foot": "", "bicycle": "", "motor_vehicle": "",
        "maxspeed_kmh": np.nan, "surface": "", "source": "scenario",
    }  # fmt: skip
    rows = pd.DataFrame(
        [{**row, "highway": highway, "name": name}, {**row, "highway": _CLOSED, "name": ""}],
        index=pd.Index([way_id, f"{way_id}/closed"], name=network.ways.index.name),
    )
    types = {column: kind for column, kind in network.ways.dtypes.items() if column in rows}
    more = rows.reindex(columns=network.ways.columns).astype(types)
    return pd.concat([network.ways, more])


def _lay(
    pieces: _Pieces,
    x: Floats,
    y: Floats,
    stop_at: Floats,
    stop_node: NDArray[np.int64],
    link: NDArray[np.int64],
    ways: pd.DataFrame,
) -> tuple[Network, NDArray[np.int64]]:
    """Put old arcs, pieces of those that were cut, the road and its links in a row."""
    network = pieces.network
    rows: list[tuple[int, int, float, int, bool, int]] = []  # tail, head, length, way, forward, old arc
    way = network.way.copy()
    n_ways = len(network.ways)
    for segment, cuts in pieces.cuts.items():
        arc = 2 * segment
        length = float(network.length_m[arc])
        ordered = [(0.0, int(network.tails[arc])), *sorted(cuts), (1.0, int(network.heads[arc]))]
        rows += [
            (tail, head, (to - begin) * length, int(network.way[arc]), bool(network.forward[arc]), arc)
            for (begin, tail), (to, head) in itertools.pairwise(ordered)
        ]
        way[[arc, arc + 1]] = n_ways + 1
    rows += [
        (int(tail), int(head), float(length), n_ways, True, -1)
        for tail, head, length in zip(stop_node[:-1], stop_node[1:], np.diff(stop_at), strict=True)
    ]
    off = np.flatnonzero((network.ways["highway"] == OPEN_GROUND).to_numpy())
    rows += [(int(a), int(b), float(np.hypot(x[a] - x[b], y[a] - y[b])), int(off[0]), True, -2) for a, b in link]
    tail, head, metres, of_way, forward, source = (np.array(column) for column in zip(*rows, strict=True))
    both = np.column_stack([source, np.where(source >= 0, source + 1, source)]).ravel()
    laid = replace(
        network,
        x=np.asarray(x),
        y=np.asarray(y),
        tails=np.concatenate([network.tails, np.column_stack([tail, head]).ravel()]).astype(np.int32),
        heads=np.concatenate([network.heads, np.column_stack([head, tail]).ravel()]).astype(np.int32),
        length_m=np.concatenate([network.length_m, np.repeat(metres, 2)]),
        way=np.concatenate([way, np.repeat(of_way, 2)]).astype(np.int32),
        forward=np.concatenate([network.forward, np.column_stack([forward, ~forward]).ravel()]),
        ways=ways,
    )
    return laid, both.astype(np.int64)

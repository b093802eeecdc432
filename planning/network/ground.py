"""
Open ground as part of the network: a grid of places to walk between where no road is mapped.

Places stand a spacing apart and are joined to 8 or 16 neighbours; with 16 a walk over an open plane is at most 2.8 % longer
than the straight line, 1.4 % on average. What crosses a barrier (a river, a lake, a cliff) is left out, so that water is
crossed on the roads' bridges only. Every node of a road that may be walked is joined to the corners of the grid cell it
lies in, and long straight pieces of road get nodes of their own, so that a walker may leave a road anywhere.

References
----------
.. [1] M. F. Goodchild, Geographical Systems 4, 157-170, 1977 (paths on lattices and their elongation).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning.errors import NetworkError, msg
from planning.network.build import Network, network_of_segments

__all__ = ["OPEN_GROUND", "STEEPEST", "Ground", "add_ground", "crosses", "is_open_ground", "lay_ground", "road_km"]

OPEN_GROUND = "open_ground"
"""Class of way of all that is walked off the roads."""

STEEPEST = 1.0
"""Steepest rise over run that a child climbs or descends off a path; steeper ground is a cliff: tool default (45°)."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Elevation = Callable[[Floats], NDArray[np.floating]]

# Steps to neighbours (columns, rows), each pair once: 4 + 4 of a chess king, 8 of a knight.
_KING = ((1, 0), (0, 1), (1, 1), (-1, 1))
_KNIGHT = ((2, 1), (1, 2), (-1, 2), (-2, 1))
_MOST_PLACES = 310_000  # some 3,000 km2 at 100 m: 6 GB of memory and three minutes to the first table of costs
_MOST_POINTS = 20_000_000  # of the grid, on the area or not
_SIMPLE = 256  # coordinates of a piece of a barrier


@dataclass(frozen=True)
class Ground:
    """
    Places on open ground and the steps between them.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n_places,)
        Places [m].
    tails, heads : numpy.ndarray of int64, shape (n_steps,)
        Places that each step joins, walked either way.
    place_at : numpy.ndarray of int64, shape (n_rows, n_columns)
        Number of the place at each point of the grid; -1 where nobody can stand.
    left, bottom : float
        Coordinates of the grid's first point [m].
    spacing_m : float
        Distance of neighbouring points [m].
    barriers : tuple of shapely.Geometry
        What no step crosses.
    """

    x: Floats
    y: Floats
    tails: Ints
    heads: Ints
    place_at: Ints
    left: float
    bottom: float
    spacing_m: float
    barriers: tuple[shapely.Geometry, ...]


def lay_ground(
    area: shapely.Geometry,
    *,
    spacing_m: float,
    barriers: Sequence[shapely.Geometry] = (),
    elevation: Elevation | None = None,
    neighbours: int = 16,
    steepest: float = STEEPEST,
) -> Ground:
    """
    Lay a grid of places over an area and join neighbours.

    Parameters
    ----------
    area : shapely.Geometry
        Where people may walk, in a projected system [m].
    spacing_m : float
        Distance of neighbouring points [m].
    barriers : sequence of shapely.Geometry
        Lines and areas that may be neither stood on nor crossed.
    elevation : callable, optional
        Gives heights [m] of points, shape (n, 2); NaN where not known, which is no barrier.
    neighbours : {8, 16}
        Steps from a place.
    steepest : float
        Steepest rise over run of a step.

    Returns
    -------
    Ground
        The places inside the area and off the barriers.

    Raises
    ------
    NetworkError
        If spacing or neighbours make no grid, or the grid would have more places than the program can carry.
    """
    if neighbours not in (8, 16) or not 0 < spacing_m < np.inf:
        raise NetworkError(msg("Open ground needs a spacing above 0 m and 8 or 16 neighbours."))
    left, bottom, right, top = (float(side) for side in shapely.bounds(area))
    n_columns, n_rows = int((right - left) / spacing_m) + 1, int((top - bottom) / spacing_m) + 1
    n_places = float(area.area) / spacing_m**2
    if n_places > _MOST_PLACES or n_columns * n_rows > _MOST_POINTS:
        fits = spacing_m * max((n_places / _MOST_PLACES) ** 0.5, (n_columns * n_rows / _MOST_POINTS) ** 0.5)
        raise NetworkError(
            msg("Open ground at {spacing:g} m would need {n:.0f} places, more than the {most} that can be carried. A spacing of {fits:.0f} m would do.",
                spacing=spacing_m, n=n_places, most=_MOST_PLACES, fits=np.ceil(1.01 * fits / 10) * 10)
        )  # fmt: skip
    column, row = np.meshgrid(np.arange(n_columns), np.arange(n_rows))
    x, y = left + spacing_m * column, bottom + spacing_m * row
    shapely.prepare(area)
    stands = shapely.intersects_xy(area, x, y)
    walls = [wall for wall in barriers if not wall.is_empty]
    for wall in walls:
        shapely.prepare(wall)
        inside = _window(wall, left, bottom, spacing_m, stands.shape)
        stands[inside] &= ~shapely.intersects_xy(wall, x[inside], y[inside])
    place_at = np.where(stands, np.cumsum(stands).reshape(stands.shape) - 1, -1)
    tails, heads = _steps(place_at, _KING + (_KNIGHT if neighbours == 16 else ()))
    points = np.column_stack([x[stands], y[stands]])
    open_ = ~crosses(points[tails], points[heads], walls)
    if elevation is not None:
        height = np.asarray(elevation(points), dtype=float)
        run = np.hypot(*(points[heads] - points[tails]).T)
        with np.errstate(invalid="ignore"):
            open_ &= ~(np.abs(height[heads] - height[tails]) > steepest * run)
    return Ground(
        points[:, 0], points[:, 1], tails[open_], heads[open_], place_at, left, bottom, spacing_m, tuple(walls)
    )


def add_ground(network: Network, ground: Ground, *, usable: NDArray[np.bool_]) -> Network:
    """
    Join open ground to the roads.

    Parameters
    ----------
    network : Network
        The roads.
    ground : Ground
        Open ground in the same reference system.
    usable : numpy.ndarray of bool, shape (n_arcs,)
        Arcs of the roads that may be walked; only their nodes are joined, those on bridges and in tunnels excepted.

    Returns
    -------
    Network
        Roads, with nodes at most a spacing apart, and ground, whose way is one more row of ``ways``. Nodes of the roads keep
        their numbers, new ones on the roads follow, then the places.
    """
    cut = _cut(network, ground.spacing_m)
    n_roads = cut.n_nodes
    may = np.repeat((usable[0::2] | usable[1::2]), _pieces(network, ground.spacing_m))
    level = np.append((cut.ways["bridge"] | cut.ways["tunnel"]).to_numpy(dtype=bool), False)[cut.way[0::2]]
    on_ground = np.zeros(n_roads, dtype=bool)
    on_ground[cut.tails[0::2][may]] = on_ground[cut.heads[0::2][may]] = True
    on_ground[cut.tails[0::2][level]] = on_ground[cut.heads[0::2][level]] = False
    road, place = _corners(cut, ground, np.flatnonzero(on_ground))
    here = np.column_stack([cut.x[road], cut.y[road]])
    there = np.column_stack([ground.x[place], ground.y[place]])
    free = ~crosses(here, there, list(ground.barriers))
    road, place = road[free], place[free]
    tails = np.concatenate([cut.tails[0::2], ground.tails + n_roads, road])
    heads = np.concatenate([cut.heads[0::2], ground.heads + n_roads, place + n_roads])
    x, y = np.concatenate([cut.x, ground.x]), np.concatenate([cut.y, ground.y])
    n_new = len(ground.tails) + len(road)
    off_road = np.hypot(x[heads[-n_new:]] - x[tails[-n_new:]], y[heads[-n_new:]] - y[tails[-n_new:]]) if n_new else []
    return network_of_segments(
        x,
        y,
        tails,
        heads,
        np.concatenate([cut.length_m[0::2], off_road]),
        np.concatenate([cut.way[0::2], np.full(n_new, len(cut.ways))]),
        _with_open_ground(cut.ways),
        cut.crs,
    )


def crosses(begin: Floats, end: Floats, barriers: Sequence[shapely.Geometry]) -> NDArray[np.bool_]:
    """
    Say which straight steps touch a barrier.

    Parameters
    ----------
    begin, end : numpy.ndarray, shape (n, 2)
        Where each step begins and ends [m].
    barriers : sequence of shapely.Geometry
        Lines and areas.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        True where the step touches one.
    """
    touched = np.zeros(len(begin), dtype=bool)
    if not len(begin) or not len(barriers):
        return touched
    lines = shapely.linestrings(np.stack([begin, end], axis=1))
    # barriers in small pieces have small boxes, so that few steps are tried against each
    pieces = [part for wall in barriers for part in shapely.get_parts(_quartered(wall))]
    _, step = shapely.STRtree(lines).query(pieces, predicate="intersects")
    touched[step] = True
    return touched


def is_open_ground(network: Network) -> NDArray[np.bool_]:
    """
    Say which arcs are off the roads.

    Parameters
    ----------
    network : Network
        Roads, and open ground where there is any.

    Returns
    -------
    numpy.ndarray of bool, shape (n_arcs,)
        True on open ground.
    """
    return np.append((network.ways["highway"] == OPEN_GROUND).to_numpy(dtype=bool), False)[network.way]


def road_km(network: Network) -> float:
    """
    Sum the length of the roads and paths of a network.

    Parameters
    ----------
    network : Network
        Roads, and open ground where there is any.

    Returns
    -------
    float
        Length, open ground left out [km].
    """
    return float(network.length_m[~is_open_ground(network)].sum()) / 2000


def _steps(place_at: Ints, moves: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
    """Pair the places that one of the moves joins."""
    n_rows, n_columns = place_at.shape
    tails, heads = [], []
    for right, up in moves:
        if up >= n_rows or abs(right) >= n_columns:
            continue
        here = place_at[: n_rows - up, max(-right, 0) : n_columns - max(right, 0)]
        there = place_at[up:, max(right, 0) : n_columns - max(-right, 0)]
        both = (here >= 0) & (there >= 0)
        tails.append(here[both])
        heads.append(there[both])
    nothing = [np.zeros(0, dtype=np.int64)]
    return np.concatenate(tails or nothing), np.concatenate(heads or nothing)


def _window(
    wall: shapely.Geometry, left: float, bottom: float, spacing_m: float, shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """Rows and columns of the grid that a barrier may touch."""
    west, south, east, north = (float(side) for side in shapely.bounds(wall))
    rows = (int(np.floor((south - bottom) / spacing_m)), int(np.ceil((north - bottom) / spacing_m)) + 1)
    columns = (int(np.floor((west - left) / spacing_m)), int(np.ceil((east - left) / spacing_m)) + 1)
    return (
        slice(*(min(max(row, 0), shape[0]) for row in rows)),
        slice(*(min(max(column, 0), shape[1]) for column in columns)),
    )


def _quartered(wall: shapely.Geometry) -> shapely.Geometry:
    """Cut a large area or line along its longer sides until its pieces are simple."""
    if shapely.get_num_coordinates(wall) <= _SIMPLE:
        return wall
    west, south, east, north = shapely.bounds(wall)
    if east - west >= north - south:
        middle = (west + east) / 2
        boxes = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    else:
        middle = (south + north) / 2
        boxes = [shapely.box(west, south, east, middle), shapely.box(west, middle, east, north)]
    parts = [
        part
        for box in boxes
        for part in shapely.get_parts(_quartered(shapely.intersection(shapely.make_valid(wall), box)))
    ]
    return shapely.geometrycollections(parts)


def _pieces(network: Network, spacing_m: float) -> Ints:
    """In how many pieces each segment is cut so that none is longer than the spacing."""
    return np.maximum(np.ceil(network.length_m[0::2] / spacing_m).astype(np.int64), 1)


def _cut(network: Network, spacing_m: float) -> Network:
    """Cut long segments into equal pieces."""
    pieces = _pieces(network, spacing_m)
    of = np.repeat(np.arange(len(pieces)), pieces)
    rank = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    last = rank == pieces[of] - 1
    tails, heads = network.tails[0::2][of].astype(np.int64), network.heads[0::2][of].astype(np.int64)
    added = network.n_nodes + np.cumsum(~last) - 1  # the node that ends each piece but the last
    share = ((rank + 1) / pieces[of])[~last]
    begin, end = network.tails[0::2][of[~last]], network.heads[0::2][of[~last]]
    x = network.x[begin] + share * (network.x[end] - network.x[begin])
    y = network.y[begin] + share * (network.y[end] - network.y[begin])
    heads[~last] = added[~last]
    tails[np.flatnonzero(~last) + 1] = added[~last]
    return network_of_segments(
        np.concatenate([network.x, x]),
        np.concatenate([network.y, y]),
        tails,
        heads,
        network.length_m[0::2][of] / pieces[of],
        network.way[0::2][of],
        network.ways,
        network.crs,
    )


def _corners(network: Network, ground: Ground, nodes: Ints) -> tuple[Ints, Ints]:
    """Pair nodes with the places at the corners of the grid cells they lie in."""
    n_rows, n_columns = ground.place_at.shape
    column = np.floor((network.x[nodes] - ground.left) / ground.spacing_m).astype(np.int64)
    row = np.floor((network.y[nodes] - ground.bottom) / ground.spacing_m).astype(np.int64)
    found, places = [], []
    for up in (0, 1):
        for right in (0, 1):
            r, c = row + up, column + right
            inside = (r >= 0) & (r < n_rows) & (c >= 0) & (c < n_columns)
            place = np.full(len(nodes), -1)
            place[inside] = ground.place_at[r[inside], c[inside]]
            found.append(nodes[place >= 0])
            places.append(place[place >= 0])
    return np.concatenate(found), np.concatenate(places)


def _with_open_ground(ways: pd.DataFrame) -> pd.DataFrame:
    """Add the way of all that is walked off the roads."""
    row: dict[Hashable, object] = {
        column: "" if str(kind) in ("str", "object") else 0 for column, kind in ways.dtypes.items()
    }
    row |= {"highway": OPEN_GROUND, "maxspeed_kmh": np.nan}
    added = pd.DataFrame([row], index=pd.Index([OPEN_GROUND], name=ways.index.name)).astype(ways.dtypes)
    return pd.concat([ways, added])

"""Printed maps as drawings: lines and points as vectors, inhabited cells as one small picture, words left to the page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from PIL import Image

from planning.report.labels import Label, place_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = [
    "DISTANCE_CLASSES_M",
    "DISTANCE_COLOURS",
    "NO_WAY_COLOUR",
    "Area",
    "Ground",
    "MapSheet",
    "Spot",
    "draw_access_map",
    "draw_catchment_map",
    "draw_class_map",
    "draw_ground",
    "draw_strokes",
]

#: Upper ends of the classes of distance [m], the last one open, and their colours: one hue from light to dark, so that they
#: keep their order in grey print and for colour-blind readers (after ColorBrewer's YlOrBr).
DISTANCE_CLASSES_M = (1000.0, 2000.0, 3000.0, 5000.0, 8000.0, np.inf)
DISTANCE_COLOURS = ("#fee391", "#fec44f", "#fe9929", "#ec7014", "#b8420a", "#662506")
NO_WAY_COLOUR = "#7b3294"
#: Neighbouring catchments get different ones of these where possible; light, so that roads and names stay readable.
CATCHMENT_COLOURS = ("#cfe3d0", "#fbe7b2", "#d8d2ea", "#f7cfb0", "#c2d9ee", "#f3d2de", "#dfdccf", "#c9e6e3")
#: Longer side of every map in its own units, and what a drawn coordinate is rounded to; page and print scale it.
LONGER_SIDE = 1100
_TENTH = 10
#: The least side of a drawn cell, so that a hamlet can be seen.
_LEAST_CELL = 4.0
#: Roads are drawn from the greatest to the least class while this many points last; a page must stay light.
_MOST_POINTS = 60_000
_ROADS = (
    ("motorway", ("motorway", "motorway_link")),
    ("trunk", ("trunk", "trunk_link")),
    ("primary", ("primary", "primary_link")),
    ("secondary", ("secondary", "secondary_link")),
    ("tertiary", ("tertiary", "tertiary_link")),
    ("minor", ("unclassified", "residential", "living_street", "road")),
    ("track", ("track", "service")),
)


@dataclass(frozen=True)
class Ground:
    """
    What all maps of a county have in common.

    Parameters
    ----------
    width, height : int
        Size of a map [units].
    frame : tuple of float
        West, south, east, north of the map [m].
    unit_m : float
        Length of a unit on the ground [m].
    county : str
        The county's outline as SVG path data, in tenths of a unit.
    lines : tuple of (str, str)
        What is drawn over the cells, as (class, path data), the lowest first.
    townships : tuple of (float, float, str)
        Where the name of each township goes [units].
    scale_m, scale : float
        A round length on the ground [m] and on the map [units].
    """

    width: int
    height: int
    frame: tuple[float, float, float, float]
    unit_m: float
    county: str
    lines: tuple[tuple[str, str], ...]
    townships: tuple[tuple[float, float, str], ...]
    scale_m: float
    scale: float

    def place(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Turn coordinates into places on the map.

        Parameters
        ----------
        xy : numpy.ndarray, shape (n, 2)
            Coordinates [m].

        Returns
        -------
        numpy.ndarray, shape (n, 2)
            Right and down from the map's upper left corner [units].
        """
        return np.column_stack((xy[:, 0] - self.frame[0], self.frame[3] - xy[:, 1])) / self.unit_m


@dataclass(frozen=True)
class Spot:
    """
    A school or a proposed site.

    Parameters
    ----------
    x, y : float
        Where [units].
    name : str
        Its name, as outsiders wrote it.
    """

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class Area:
    """
    A coloured area.

    Parameters
    ----------
    colour : str
        Its colour.
    path : str
        SVG path data, in tenths of a unit.
    name : str
        Its name, as outsiders wrote it.
    """

    colour: str
    path: str
    name: str


@dataclass(frozen=True)
class MapSheet:
    """
    One map upon the ground.

    Parameters
    ----------
    picture : str
        Cells as a picture to embed; empty where there is none.
    areas : tuple of Area
        Catchments.
    schools, sites : tuple of Spot
        Schools that stand, sites that are proposed.
    labels : tuple of Label
        Names, none over another.
    closed : tuple of Spot
        Schools that the layout closes.
    """

    picture: str
    areas: tuple[Area, ...]
    schools: tuple[Spot, ...]
    sites: tuple[Spot, ...]
    labels: tuple[Label, ...]
    closed: tuple[Spot, ...] = ()


def draw_ground(county: County) -> Ground:
    """
    Draw water, roads and lines of administration once for all maps of a county.

    Parameters
    ----------
    county : County
        The county.

    Returns
    -------
    Ground
        The drawing.
    """
    west, south, east, north = county.boundary.total_bounds
    rim = 0.02 * max(east - west, north - south)
    frame = (west - rim, south - rim, east + rim, north + rim)
    unit = max(frame[2] - frame[0], frame[3] - frame[1]) / LONGER_SIDE
    width, height = (max(1, round((frame[side + 2] - frame[side]) / unit)) for side in (0, 1))
    scale_m = _round_length(unit * width / 4)
    names = county.townships.get("name", [])
    middles = county.townships.representative_point()
    ground = Ground(width, height, frame, unit, "", (), (), scale_m, scale_m / unit)
    spots = ground.place(np.column_stack((middles.x, middles.y))) if len(middles) else np.empty((0, 2))
    return Ground(
        width=width,
        height=height,
        frame=frame,
        unit_m=unit,
        county=_outline(county.boundary.geometry.to_numpy(), ground),
        lines=tuple((kind, path) for kind, path in _lines(county, ground) if path),
        townships=tuple((float(x), float(y), str(name)) for (x, y), name in zip(spots, names, strict=True)),
        scale_m=scale_m,
        scale=scale_m / unit,
    )


def draw_access_map(
    county: County, ground: Ground, state: StageState, *, sites: gpd.GeoDataFrame | None = None
) -> MapSheet:
    """
    Draw how far each inhabited place is from the nearest school of a stage's youngest grades.

    Parameters
    ----------
    county : County
        The county.
    ground : Ground
        Its ground.
    state : StageState
        What the layout means for the stage.
    sites : geopandas.GeoDataFrame, optional
        Proposed sites to point out, and schools that close; by default the new schools of the layout.

    Returns
    -------
    MapSheet
        The map.
    """
    distance = state.nearest[state.bands[0]]["distance_m"].to_numpy(dtype=np.float64)
    rank = np.searchsorted(DISTANCE_CLASSES_M, distance, side="left")
    rank = np.where(np.isfinite(distance), rank, len(DISTANCE_COLOURS))
    return _sheet(ground, state, sites, picture=_picture(county, ground, rank))


def draw_catchment_map(ground: Ground, state: StageState, catchments: gpd.GeoDataFrame) -> MapSheet:
    """
    Draw catchments, neighbours in different colours.

    Parameters
    ----------
    ground : Ground
        The county's ground.
    state : StageState
        What the layout means for the stage.
    catchments : geopandas.GeoDataFrame
        Polygons, one a school, with its ``name``.

    Returns
    -------
    MapSheet
        The map.
    """
    shapes = np.asarray(catchments.geometry, dtype=object)
    if len(shapes):  # all at once, so that neighbours keep their common lines
        shapes = shapely.coverage_simplify(shapes, ground.unit_m)
    colours = _colour_neighbours(catchments)
    areas = tuple(
        Area(CATCHMENT_COLOURS[colour], _outline(np.array([shape], dtype=object), ground, tolerance=0.0), str(name))
        for colour, shape, name in zip(colours, shapes, catchments["name"], strict=True)
    )
    return _sheet(ground, state, None, areas=areas)


def draw_class_map(
    county: County,
    ground: Ground,
    state: StageState,
    rank: NDArray[np.int64],
    colours: Sequence[str],
    *,
    sites: gpd.GeoDataFrame | None = None,
) -> MapSheet:
    """
    Draw inhabited places in the colours of classes; higher classes are drawn over lower ones.

    Parameters
    ----------
    county : County
        The county.
    ground : Ground
        Its ground.
    state : StageState
        Whose schools are drawn.
    rank : numpy.ndarray of int64, shape (n_cells,)
        Class of each place, a position in ``colours``; -1 where nothing is drawn.
    colours : sequence of str
        Fifteen at most.
    sites : geopandas.GeoDataFrame, optional
        New sites to point out, and schools that close; by default the new schools of the layout.

    Returns
    -------
    MapSheet
        The map.
    """
    drawn = np.where(rank < 0, len(colours), rank)
    return _sheet(ground, state, sites, picture=_picture(county, ground, drawn, colours))


def draw_strokes(lines: NDArray[np.object_], ground: Ground) -> str:
    """
    Write lines as path data, joined where they meet and shortened to what the eye can tell.

    Parameters
    ----------
    lines : numpy.ndarray of shapely.Geometry
        Lines [m].
    ground : Ground
        The county's ground.

    Returns
    -------
    str
        SVG path data, in tenths of a unit.
    """
    return _strokes(lines, ground)[0]


def _sheet(
    ground: Ground,
    state: StageState,
    sites: gpd.GeoDataFrame | None,
    *,
    picture: str = "",
    areas: tuple[Area, ...] = (),
) -> MapSheet:
    if sites is None:
        sites = state.sites[state.sites["is_new"].astype(bool)]
    proposed = _spots(ground, sites[~sites["kind"].isin(["closed", "merged_into"])])
    closed = _spots(ground, sites[sites["kind"] == "closed"])
    schools = _spots(ground, state.sites[~state.sites["is_new"].astype(bool)])
    labels = place_labels(
        [(spot.x, spot.y, spot.name) for spot in proposed],
        list(ground.townships),
        spots=[(spot.x, spot.y) for spot in schools],
        size=(ground.width, ground.height),
    )
    return MapSheet(picture, areas, schools, proposed, labels, closed)


def _spots(ground: Ground, sites: gpd.GeoDataFrame) -> tuple[Spot, ...]:
    if not len(sites):
        return ()
    places = ground.place(np.column_stack((sites.geometry.x, sites.geometry.y)))
    return tuple(Spot(float(x), float(y), str(name)) for (x, y), name in zip(places, sites["name"], strict=True))


def _picture(
    county: County,
    ground: Ground,
    rank: NDArray[np.int64],
    colours: Sequence[str] = (*DISTANCE_COLOURS, NO_WAY_COLOUR),
) -> str:
    """Paint inhabited cells, those of the highest class last, into a picture of few colours; a class too many is not drawn."""
    pixels = np.full((ground.height, ground.width), len(colours), dtype=np.uint8)
    side = max(county.cell_size_m / ground.unit_m, _LEAST_CELL)
    places = ground.place(np.column_stack((county.cells.geometry.x, county.cells.geometry.y)))
    order = np.argsort(rank, kind="stable")
    order = order[rank[order] < len(colours)]
    corner = np.round(places[order] - side / 2).astype(int)
    for down in range(max(1, round(side))):
        for right in range(max(1, round(side))):
            row, column = corner[:, 1] + down, corner[:, 0] + right
            inside = (row >= 0) & (row < ground.height) & (column >= 0) & (column < ground.width)
            pixels[row[inside], column[inside]] = rank[order][inside]
    image = Image.fromarray(pixels)
    image.putpalette(bytes.fromhex("".join(colour[1:] for colour in (*colours, "#ffffff"))))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", transparency=len(colours), bits=4)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _colour_neighbours(polygons: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Colour greedily, so that polygons that touch differ while there are colours left, and all colours are used."""
    colour = np.full(len(polygons), -1, dtype=np.int64)
    used = np.zeros(len(CATCHMENT_COLOURS), dtype=np.int64)
    one, other = polygons.sindex.query(polygons.geometry, predicate="intersects")
    for row in range(len(polygons)):
        taken = set(colour[other[one == row]].tolist())
        free = [number for number in range(len(CATCHMENT_COLOURS)) if number not in taken]
        colour[row] = min(free or range(len(CATCHMENT_COLOURS)), key=lambda number: (used[number], number))
        used[colour[row]] += 1
    return colour


def _lines(county: County, ground: Ground) -> Iterable[tuple[str, str]]:
    """Draw water, roads, railways and lines of administration, the lowest first."""
    yield "water", _outline(_of_ground(county, "water", dimension=2), ground)
    yield "river", _strokes(_of_ground(county, "river", dimension=1), ground)[0]
    drawn, left = [], _MOST_POINTS
    for name, classes in _ROADS:
        path, points = _strokes(_ways(county, classes), ground)
        left -= points
        if left < 0:
            break
        drawn.append((f"road {name}", path))
    yield from reversed(drawn)
    yield "railway", _strokes(_of_ground(county, "railway", dimension=1), ground)[0]
    yield "township", _strokes(shapely.boundary(county.townships.geometry.to_numpy()), ground)[0]


def _of_ground(county: County, kind: str, *, dimension: int) -> NDArray[np.object_]:
    """Give the lines or areas of one kind of the base map."""
    if "kind" not in county.basemap:
        return np.empty(0, dtype=object)
    shapes = county.basemap.geometry[county.basemap["kind"] == kind].to_numpy()
    return np.asarray(shapes[shapely.get_dimensions(shapes) == dimension], dtype=object)


def _ways(county: County, classes: tuple[str, ...]) -> NDArray[np.object_]:
    """Give the roads of some classes as lines."""
    roads = county.roads
    chosen = np.flatnonzero(roads.ways["highway"].isin(classes).to_numpy() & (np.diff(roads.offsets) > 1))
    if not chosen.size:
        return np.empty(0, dtype=object)
    counts = np.diff(roads.offsets)[chosen]
    at = np.repeat(roads.offsets[chosen] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(
        counts.sum()
    )
    nodes: pd.DataFrame = roads.nodes
    xy = nodes[["x", "y"]].to_numpy()[nodes.index.get_indexer(pd.Index(roads.refs[at]))]
    return np.asarray(shapely.linestrings(xy, indices=np.repeat(np.arange(chosen.size), counts)), dtype=object)


def _strokes(lines: NDArray[np.object_], ground: Ground) -> tuple[str, int]:
    """Write lines as path data, shortened to what the eye can tell; give the number of their points as well."""
    parts = (
        shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.get_parts(lines)))) if len(lines) else []
    )
    parts = shapely.simplify(np.asarray(parts, dtype=object), 0.6 * ground.unit_m)
    parts = parts[shapely.length(parts) > ground.unit_m]
    if len(parts):
        parts = parts[shapely.intersects(shapely.box(*ground.frame), parts)]
    return "".join(_pen(shapely.get_coordinates(part), ground) for part in parts), len(shapely.get_coordinates(parts))


def _outline(areas: NDArray[np.object_], ground: Ground, *, tolerance: float = 0.6) -> str:
    """Write areas as path data."""
    shapes = shapely.get_parts(areas)
    if tolerance:
        shapes = shapely.simplify(shapes, tolerance * ground.unit_m)
    rings = shapely.get_rings(shapes[shapely.get_dimensions(shapes) == 2]) if len(shapes) else []
    return "".join(_pen(shapely.get_coordinates(ring), ground) + "z" for ring in rings)


def _pen(xy: NDArray[np.float64], ground: Ground) -> str:
    """Write one line in whole tenths of a unit, each point from the one before."""
    at = np.round(ground.place(xy) * _TENTH).astype(int)
    steps = np.diff(at, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    return f"M{at[0, 0]} {at[0, 1]}" + "".join(f"l{right} {down}" for right, down in steps.tolist())


def _round_length(length: float) -> float:
    """Round down to 1, 2 or 5 times a power of ten."""
    power = 10 ** np.floor(np.log10(length))
    return float(max(step * power for step in (1, 2, 5) if step * power <= length))

"""The map: base map and cell raster, made once a project, and the folium map that carries them; no tiles, no network."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from folium.template import Template
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from planning.roads import Roads

if TYPE_CHECKING:
    from planning.scenario.county import County

__all__ = ["CellRaster", "MapAssets", "build_assets", "draw_base_map", "draw_cell_raster", "plan_map"]

#: Kinds of line in the base map, in the order in which they are drawn; ``planmap.js`` knows them by number.
LINE_KINDS = (
    "land", "water", "river", "path", "track", "minor", "tertiary", "secondary", "primary", "trunk", "railway",
    "township", "boundary",
)  # fmt: skip
_KIND_OF_HIGHWAY: Mapping[str, str] = {
    "motorway": "trunk", "motorway_link": "trunk", "trunk": "trunk", "trunk_link": "trunk",
    "primary": "primary", "primary_link": "primary", "secondary": "secondary", "secondary_link": "secondary",
    "tertiary": "tertiary", "tertiary_link": "tertiary", "track": "track",
    "path": "path", "footway": "path", "steps": "path", "bridleway": "path", "pedestrian": "path", "cycleway": "path",
}  # fmt: skip
WEB_MERCATOR = "EPSG:3857"
_UNIT_M = 0.5
"""Coordinates of the base map are whole numbers of half a Mercator metre."""
_SIMPLIFY_M: Mapping[str, float] = {"path": 12.0, "track": 8.0, "minor": 6.0, "water": 8.0, "river": 8.0}
_MAX_RASTER_PIXELS = 2_400_000
_PIXELS_PER_CELL = 3.0
_WIDEST_M = 600.0
_STATIC = "../../app/static/"


@dataclass(frozen=True)
class CellRaster:
    """
    An image whose pixels are numbers of cells, in Web Mercator, so that it lies exactly on a web map.

    Parameters
    ----------
    png : bytes
        24-bit image; red + 256 green + 65536 blue is the position of the cell plus 1, 0 where there is none.
    bounds : tuple
        South, west, north, east [degree].
    """

    png: bytes
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True)
class MapAssets:
    """
    What a browser gets once.

    Parameters
    ----------
    base : bytes
        Base map, as ``draw_base_map`` packs it.
    raster : CellRaster
        Numbers of the cells.
    bounds : tuple
        South, west, north, east of the county [degree].
    key : str
        Hash of all of it.
    """

    base: bytes
    raster: CellRaster
    bounds: tuple[float, float, float, float]
    key: str


def build_assets(county: County) -> MapAssets:
    """
    Make everything about a county's map that no edit changes.

    Parameters
    ----------
    county : County
        The county.

    Returns
    -------
    MapAssets
        Base map and cell raster.
    """
    base = draw_base_map(county)
    raster = draw_cell_raster(county.cells, crs=county.crs, cell_size_m=county.cell_size_m)
    west, south, east, north = county.boundary.to_crs("EPSG:4326").total_bounds
    key = hashlib.sha256(base + raster.png).hexdigest()[:16]
    return MapAssets(base, raster, (float(south), float(west), float(north), float(east)), key)


def draw_base_map(county: County) -> bytes:
    """
    Pack roads, water, railways, boundaries and place names small enough to send at once.

    Parameters
    ----------
    county : County
        The county.

    Returns
    -------
    bytes
        gzip of: length of the header (uint32), header (JSON, padded to 4 bytes), points of each line (uint32), kind of
        each line (uint8, padded to 4 bytes), differences of coordinates (int32, x and y in turn, half Mercator metres).
    """
    lines: list[tuple[int, NDArray[np.float64]]] = []
    to_web = pyproj.Transformer.from_crs(county.crs, WEB_MERCATOR, always_xy=True)
    _add_shapes(lines, "land", county.boundary.geometry)
    for kind in ("water", "river", "railway"):
        _add_shapes(lines, kind, county.basemap.geometry[county.basemap["kind"] == kind])
    _add_roads(lines, county.roads)
    _add_shapes(lines, "township", county.townships.geometry)
    _add_shapes(lines, "boundary", county.boundary.geometry)
    lines.sort(key=lambda line: line[0])

    counts = np.array([len(xy) for _, xy in lines], dtype="<u4")
    kinds = np.array([kind for kind, _ in lines], dtype="u1")
    xy = np.concatenate([xy for _, xy in lines]) if lines else np.zeros((0, 2))
    web = np.column_stack(to_web.transform(xy[:, 0], xy[:, 1]))
    origin = np.floor(web.min(axis=0)) if len(web) else np.zeros(2)
    whole = np.rint((web - origin) / _UNIT_M).astype(np.int64)
    deltas = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).astype("<i4")
    header = {
        "origin": origin.tolist(),
        "unit": _UNIT_M,
        "kinds": LINE_KINDS,
        "lines": len(lines),
        "labels": _labels(county, to_web),
        "cell_names": _cell_names(county),
        "osm": _from_osm(county),
    }
    text = _padded(json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode(), b" ")
    packed = struct.pack("<I", len(text)) + text + counts.tobytes() + _padded(kinds.tobytes(), b"\0") + deltas.tobytes()
    return gzip.compress(packed, compresslevel=6, mtime=0)


def draw_cell_raster(cells: gpd.GeoDataFrame, *, crs: pyproj.CRS, cell_size_m: float) -> CellRaster:
    """
    Number the pixels of an image by the cell they lie in.

    A pixel belongs to the nearest cell, if that is no farther than the cells usually stand apart: a population grid
    gives its squares, a list of villages gives discs that share the ground between neighbours.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame, shape (n_cells, ...)
        Points.
    crs : pyproj.CRS
        Their reference system, in metres.
    cell_size_m : float
        Side of a cell [m]; places that stand farther apart than that are drawn larger, up to 600 m.

    Returns
    -------
    CellRaster
        Image and bounds.
    """
    xy = np.column_stack([cells.geometry.x.to_numpy(), cells.geometry.y.to_numpy()])
    tree = cKDTree(xy)
    spacing = max(cell_size_m, min(_spacing(tree, xy), _WIDEST_M))
    to_web = pyproj.Transformer.from_crs(crs, WEB_MERCATOR, always_xy=True)
    web = np.column_stack(to_web.transform(xy[:, 0], xy[:, 1]))
    middle = xy.mean(axis=0)
    stretch = np.ptp(np.asarray(to_web.transform([middle[0], middle[0] + 1000.0], [middle[1]] * 2))[0]) / 1000.0
    margin = spacing * stretch
    low, high = web.min(axis=0) - margin, web.max(axis=0) + margin
    step = max(spacing * stretch / _PIXELS_PER_CELL, float(np.sqrt(np.prod(high - low) / _MAX_RASTER_PIXELS)))
    width, height = (int(n) for n in np.ceil((high - low) / step))
    high = low + np.array([width, height]) * step

    x = low[0] + (np.arange(width) + 0.5) * step
    y = high[1] - (np.arange(height) + 0.5) * step
    numbers = np.zeros((height, width), dtype=np.uint32)
    for rows in np.array_split(np.arange(height), max(1, height // 256)):
        grid_x, grid_y = np.meshgrid(x, y[rows])
        back = to_web.transform(grid_x.ravel(), grid_y.ravel(), direction=pyproj.enums.TransformDirection.INVERSE)
        distance, nearest = tree.query(np.column_stack(back), distance_upper_bound=0.8 * spacing, workers=-1)
        numbers[rows] = np.where(np.isfinite(distance), nearest + 1, 0).reshape(len(rows), width)

    image = np.stack([numbers & 255, numbers >> 8 & 255, numbers >> 16 & 255], axis=-1).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", compress_level=6)
    to_lonlat = pyproj.Transformer.from_crs(WEB_MERCATOR, "EPSG:4326", always_xy=True)
    (west, east), (south, north) = to_lonlat.transform([low[0], high[0]], [low[1], high[1]])
    return CellRaster(stream.getvalue(), (south, west, north, east))


def plan_map(
    assets: MapAssets, *, base_url: str, raster_url: str, words: Mapping[str, str], together: str = ""
) -> folium.Map:
    """
    Make the constant folium map of a project; what changes is pushed into it by ``planning.report.map_scenes.PushScene``.

    Parameters
    ----------
    assets : MapAssets
        What ``build_assets`` made.
    base_url, raster_url : str
        Where the browser finds base map and raster.
    words : Mapping
        Words of the controls.
    together : str
        Maps of the same name in one browser move together.

    Returns
    -------
    folium.Map
        Small: it names its data by address.
    """
    south, west, north, east = assets.bounds
    carrier = _PlanMapFolium(location=[(south + north) / 2, (west + east) / 2], tiles=None, zoom_control=False)
    options = {
        "base": base_url,
        "raster": raster_url,
        "rasterBounds": assets.raster.bounds,
        "bounds": assets.bounds,
        "key": assets.key,
        "words": dict(words),
    }
    carrier.add_child(_PlanMap(options, together))
    return carrier


class _PlanMapFolium(folium.Map):
    """A folium map that loads Leaflet and our script from the app itself."""

    default_js = [  # noqa: RUF012
        ("leaflet", _STATIC + "leaflet/leaflet.js"),
        ("mapsync", _STATIC + "mapsync.js"),
        ("planmap", _STATIC + "planmap.js"),
    ]
    default_css = [  # noqa: RUF012
        ("leaflet_css", _STATIC + "leaflet/leaflet.css"),
        ("planmap_css", _STATIC + "planmap.css"),
    ]


class _PlanMap(folium.MacroElement):
    """Starts our script on the folium map."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "window.planmap = startPlanMap({{ this._parent.get_name() }}, {{ this.options }});"
        "{% if this.together %}moveTogether({{ this._parent.get_name() }}, {{ this.together }});{% endif %}"
        "{% endmacro %}"
    )

    def __init__(self, options: Mapping[str, Any], together: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PlanMap"
        self.options = json.dumps(options, ensure_ascii=True).replace("<", "\\u003c")
        self.together = together and json.dumps(together, ensure_ascii=True).replace("<", "\\u003c")


def _padded(data: bytes, fill: bytes) -> bytes:
    return data + fill * (-len(data) % 4)


def _add_shapes(lines: list[tuple[int, NDArray[np.float64]]], kind: str, shapes: Iterable[Any]) -> None:
    number = LINE_KINDS.index(kind)
    tolerance = _SIMPLIFY_M.get(kind, 5.0)
    for shape in shapes:
        if shape is None or shape.is_empty:
            continue
        plain = shapely.simplify(shape, tolerance)
        for part in shapely.get_parts(plain):
            if part.geom_type == "Polygon":
                lines.extend((number, shapely.get_coordinates(ring)) for ring in (part.exterior, *part.interiors))
            elif part.geom_type in ("LineString", "LinearRing"):
                lines.append((number, shapely.get_coordinates(part)))


def _add_roads(lines: list[tuple[int, NDArray[np.float64]]], roads: Roads) -> None:
    if len(roads.ways) == 0:
        return
    xy = roads.nodes[["x", "y"]].to_numpy()[roads.nodes.index.get_indexer(pd.Index(roads.refs))]
    of_way = np.repeat(np.arange(len(roads.ways)), np.diff(roads.offsets))
    long_enough = np.diff(roads.offsets)[of_way] >= 2
    ways = np.unique(of_way[long_enough])
    kinds = [_KIND_OF_HIGHWAY.get(highway, "minor") for highway in roads.ways["highway"].to_numpy()[ways]]
    shapes = shapely.linestrings(xy[long_enough], indices=np.searchsorted(ways, of_way[long_enough]))
    shapes = shapely.simplify(shapes, np.array([_SIMPLIFY_M.get(kind, 4.0) for kind in kinds]))
    lines.extend(
        (LINE_KINDS.index(kind), shapely.get_coordinates(shape)) for kind, shape in zip(kinds, shapes, strict=True)
    )


def _labels(county: County, to_web: pyproj.Transformer) -> list[list[Any]]:
    """Name townships and places, the greater first: text, x, y, rank."""
    labels: list[list[Any]] = []
    if len(county.townships):
        inside = county.townships.geometry.representative_point()
        for name, point in zip(county.townships["name"], inside, strict=True):
            labels.append([str(name), *_rounded(to_web.transform(point.x, point.y)), 1])
    places = county.basemap[(county.basemap["kind"] == "place") & (county.basemap["name"] != "")]
    for name, point in zip(places["name"], places.geometry, strict=True):
        spot = point if point.geom_type == "Point" else point.representative_point()
        labels.append([str(name), *_rounded(to_web.transform(spot.x, spot.y)), 2])
    named = county.cells[(county.cells["name"] != "")].sort_values("population", ascending=False).head(3000)
    for name, point in zip(named["name"], named.geometry, strict=True):
        labels.append([str(name), *_rounded(to_web.transform(point.x, point.y)), 3])
    return labels


def _cell_names(county: County) -> list[list[Any]]:
    """Name each cell by its village, else its township: the names, and the position in them of each cell."""
    own, township = county.cells["name"].astype(str), county.cells["township"].astype(str)
    both = own.where((own == "") | (township == ""), township + " · " + own)
    codes, names = both.where(both != "", township).factorize()
    return [[str(name) for name in names], [int(code) for code in codes]]


def _rounded(place: tuple[float, float]) -> tuple[float, float]:
    return round(place[0], 1), round(place[1], 1)


def _from_osm(county: County) -> bool:
    """Say whether the roads come from OpenStreetMap, which must then be named."""
    roads = county.project.roads
    return roads.overpass or (roads.file or "").endswith((".pbf", ".osm"))


def _spacing(tree: cKDTree, xy: NDArray[np.float64]) -> float:
    """Tell how far cells usually stand apart [m]: the median way to the nearest other one, and 200 m for a lone one."""
    if len(xy) < 2:
        return 200.0
    distance, _ = tree.query(xy, k=2, workers=-1)
    apart = np.asarray(distance)[:, 1]
    apart = apart[apart > 0]
    return float(np.median(apart)) if len(apart) else 200.0

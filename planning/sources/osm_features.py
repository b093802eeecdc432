"""Schools out of an OpenStreetMap file, and what is drawn under the map: water, railways, names of places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyproj
import shapely
import yaml

from planning.errors import Message, SetAside, msg
from planning.sources.osm_stream import open_osm, project, stream, widened
from planning.sources.road_tags import name_of

__all__ = ["OsmSchools", "read_osm_basemap", "read_osm_schools"]

_SCHOOL_COLUMNS = ("name", "amenity", "isced_level", "capacity", "operator_type", "lon", "lat")
#: Levels of the International Standard Classification of Education that children up to grade 12 attend.
_SCHOOL_LEVELS = frozenset("0123")
_KIND: Mapping[str, Message] = MappingProxyType(
    {
        "driving": msg("a driving school"),
        "music": msg("a school of music, dance or art"),
        "language": msg("a language school or tutoring centre"),
        "adult": msg("a vocational school or one for adults"),
        "university": msg("a university or college"),
        "religious": msg("a place of religious lessons"),
        "sport": msg("a school of sports"),
        "level": msg("above grade 12 by its education level"),
    }
)
_PLACES = frozenset({"city", "town", "village", "hamlet", "suburb", "isolated_dwelling"})
_WATERWAYS = frozenset({"river", "stream", "canal"})
_RAILWAYS = frozenset({"rail", "light_rail", "narrow_gauge", "tram"})
_SIDINGS = frozenset({"yard", "siding", "spur", "crossover"})


@dataclass(frozen=True)
class OsmSchools:
    """
    Schools that OpenStreetMap knows, and those set aside because they teach no child of school age.

    Parameters
    ----------
    table : geopandas.GeoDataFrame, shape (n_schools, 8)
        Indexed by unique ``osm_id`` such as ``way/123``: ``name`` ("" where unnamed), ``amenity`` (school |
        kindergarten), ``isced_level`` ("" where unknown), ``capacity`` [seats] (NA where unknown), ``operator_type``,
        ``lon``, ``lat`` [degrees], and a point in the project's system: the place itself, or one inside the grounds.
    set_aside : tuple of SetAside
        One a school.
    """

    table: gpd.GeoDataFrame
    set_aside: tuple[SetAside, ...]


def read_osm_schools(
    path: Path, *, crs: pyproj.CRS, area: shapely.Geometry | None = None, buffer_m: float = 0.0
) -> OsmSchools:
    """
    Read schools and kindergartens from points, grounds and multipolygons.

    Parameters
    ----------
    path : pathlib.Path
        A .osm.pbf or .osm file.
    crs : pyproj.CRS
        The project's reference system [m].
    area : shapely.Geometry, optional
        Polygon of the county in longitude and latitude [degrees]; everything without it.
    buffer_m : float
        How far beyond the area to keep schools [m].

    Returns
    -------
    OsmSchools
        An empty table where the file has no schools in the area.

    Raises
    ------
    SourceError
        If the file is missing, damaged or something else.
    """
    wide = widened(area, crs=crs, buffer_m=buffer_m)
    rows: dict[str, dict[str, object]] = {}
    aside: list[SetAside] = []
    cut: dict[str, tuple[str, Any]] = {}
    for osm_id, tags, shape, whole in _features(path, "amenity"):
        if tags["amenity"] not in {"school", "kindergarten"}:
            continue
        if not whole:
            cut[osm_id] = (name_of(tags), shape)
            if shape is None:
                continue
        point = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
        if wide is not None and not shapely.intersects_xy(wide, point.x, point.y):
            cut.pop(osm_id, None)
            continue
        kind = _no_school(tags)
        if kind is not None:
            aside.append(
                SetAside(
                    path.name,
                    f"{name_of(tags)} ({osm_id})".strip(),
                    msg("It is {kind}. To keep it, list it in a table of schools.", kind=_KIND[kind]),
                )
            )
            cut.pop(osm_id, None)
            continue
        if whole:
            cut.pop(osm_id, None)
        rows[osm_id] = _school_row(tags, point)
    for osm_id, (name, shape) in cut.items():
        if osm_id in rows or shape is None:
            aside.append(
                SetAside(
                    path.name,
                    f"{name} ({osm_id})".strip(),
                    msg("The school's grounds are cut off at the edge of the file: its point is a guess.")
                    if osm_id in rows
                    else msg(
                        "The school's grounds are cut off at the edge of the file, so that it has no place. Take a larger extract, or list it in a table of schools."
                    ),
                    kept=osm_id in rows,
                )
            )
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(_SCHOOL_COLUMNS))
    table = table.astype({"capacity": "Int64", "lon": float, "lat": float}).sort_index()
    table.index = pd.Index(table.index.astype("str"), name="osm_id")
    xy = project(table[["lon", "lat"]].to_numpy(dtype=float), crs=crs, file=path.name)
    return OsmSchools(gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=crs), tuple(aside))


def _school_row(tags: Mapping[str, str], point: shapely.Point) -> dict[str, object]:
    capacity = tags.get("capacity", "").strip()
    return {
        "name": name_of(tags),
        "amenity": tags["amenity"],
        "isced_level": tags.get("isced:level", "").strip(),
        "capacity": int(capacity) if capacity.isascii() and capacity.isdigit() and len(capacity) < 7 else pd.NA,
        "operator_type": tags.get("operator:type", "").strip().lower(),
        "lon": point.x,
        "lat": point.y,
    }


@cache
def _school_words() -> tuple[tuple[str, ...], Mapping[str, tuple[frozenset[str], tuple[str, ...]]]]:
    content = yaml.safe_load((files("planning.sources") / "osm_schools.yaml").read_text(encoding="utf-8"))
    kinds = {
        kind: (frozenset(lists["tags"]), tuple(word.lower() for word in lists["words"]))
        for kind, lists in content["kinds"].items()
    }
    return tuple(word.lower() for word in content["keep"]), MappingProxyType(kinds)


def _no_school(tags: Mapping[str, str]) -> str | None:
    """Say what a place tagged as a school is, where it teaches no child of school age; None for a true school."""
    levels = [
        level for level in tags.get("isced:level", "").replace(",", ";").replace("-", ";").split(";") if level.strip()
    ]
    if levels and not any(level.strip()[:1] in _SCHOOL_LEVELS for level in levels):
        return "level"
    keep, kinds = _school_words()
    said = {tags.get(key, "").lower() for key in ("school", "school:type", "school_type", "education", "training")}
    for kind, (values, _) in kinds.items():
        if values & said:
            return kind
    names = " | ".join(
        value for key, value in tags.items() if key.split(":")[0] in {"name", "alt_name", "official_name"}
    ).lower()
    if any(word in names for word in keep):
        return None
    return next((kind for kind, (_, words) in kinds.items() if any(word in names for word in words)), None)


def read_osm_basemap(path: Path, *, crs: pyproj.CRS, area: shapely.Geometry | None = None) -> gpd.GeoDataFrame:
    """
    Read what is drawn under the map: rivers, water, railways and names of places; nothing is computed from it.

    Parameters
    ----------
    path : pathlib.Path
        A .osm.pbf or .osm file.
    crs : pyproj.CRS
        The project's reference system [m].
    area : shapely.Geometry, optional
        Polygon in longitude and latitude [degrees]; shapes are cut at its bounding box.

    Returns
    -------
    geopandas.GeoDataFrame, shape (n_shapes, 4)
        ``kind`` (river | water | railway | place), ``detail`` (the tag's value, such as ``stream`` or ``village``; the
        line of a coast is a river of detail ``coastline``), ``name`` ("" where unnamed), geometry.

    Raises
    ------
    SourceError
        If the file is missing, damaged or something else.
    """
    box = None if area is None else area.bounds
    rows: list[dict[str, object]] = []
    for _, tags, shape, whole in _features(path, "natural", "waterway", "railway", "place", "landuse"):
        kind = _basemap_kind(tags, None if shape is None else shape.geom_type)
        if kind is None or not whole:
            continue
        if box is not None:
            shape = shapely.clip_by_rect(shape, *box)
        if not shape.is_empty:
            rows.append({"kind": kind[0], "detail": kind[1], "name": name_of(tags), "geometry": shape})
    table = pd.DataFrame(rows, columns=["kind", "detail", "name", "geometry"])
    flat = shapely.transform(
        np.asarray(table["geometry"], dtype=object), lambda lonlat: project(lonlat, crs=crs, file=path.name)
    )
    return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=flat, crs=crs)


def _basemap_kind(tags: Mapping[str, str], shape: str | None) -> tuple[str, str] | None:
    """Say what is drawn, and its detail; None for what is not."""
    if shape == "Point":
        place = tags.get("place", "")
        return ("place", place) if place in _PLACES and name_of(tags) else None
    if shape in {"Polygon", "MultiPolygon"}:
        water = (
            tags.get("natural") == "water" or tags.get("waterway") == "riverbank" or tags.get("landuse") == "reservoir"
        )
        return ("water", tags.get("water", "")) if water else None
    if shape == "LineString":
        river, rail = tags.get("waterway", ""), tags.get("railway", "")
        if tags.get("natural") == "coastline":
            return "river", "coastline"
        if river in _WATERWAYS and tags.get("tunnel", "no") == "no":
            return "river", river
        if rail in _RAILWAYS and tags.get("service", "") not in _SIDINGS and tags.get("tunnel", "no") == "no":
            return "railway", rail
    return None


_LINE_KEYS = frozenset({"waterway", "railway", "natural"})


def _features(path: Path, *keys: str) -> Iterator[tuple[str, dict[str, str], Any, bool]]:
    """
    Yield every object with one of the keys: its id, tags, shape in degrees, and whether the shape is complete.

    A closed way comes once, as a polygon where it assembles, and also as a line where lines are meant (a river that
    runs in a ring). An object that the edge of the file cuts comes with what is left of it, or with no shape.
    """
    tagged = osmium.filter.KeyFilter(*keys)
    processor = osmium.FileProcessor(open_osm(path)).with_areas(tagged).with_filter(osmium.filter.KeyFilter(*keys))
    wkb = osmium.geom.WKBFactory()
    pending: dict[str, tuple[dict[str, str], Any]] = {}
    for item in stream(processor, file=path.name):
        tags = dict(item.tags)
        if item.is_node():
            yield f"node/{item.id}", tags, shapely.Point(item.location.lon, item.location.lat), True
        elif item.is_area():
            osm_id = f"{'way' if item.from_way() else 'relation'}/{item.orig_id()}"
            pending.pop(osm_id, None)
            yield osm_id, tags, shapely.from_wkb(wkb.create_multipolygon(item)), True
        elif item.is_relation():
            if tags.get("type") in {"multipolygon", "boundary"}:
                pending[f"relation/{item.id}"] = (tags, None)
        else:
            osm_id = f"way/{item.id}"
            lonlat = [(n.location.lon, n.location.lat) for n in item.nodes if n.location.valid()]
            cut = len(lonlat) < len(item.nodes)
            line = shapely.LineString(lonlat) if len(lonlat) > 1 else shapely.Point(lonlat[0]) if lonlat else None
            if item.is_closed() and len(item.nodes) > 3:
                pending[osm_id] = (tags, line)
                if cut or line is None or not _LINE_KEYS & tags.keys():
                    continue
            if line is not None:
                yield osm_id, tags, line, not cut
    for osm_id, (tags, line) in pending.items():
        yield osm_id, tags, line, False

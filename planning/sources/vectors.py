"""Boundaries with their townships, and land where no school may stand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.crs import local_metric_crs
from planning.errors import CrsError, Message, Names, SetAside, SourceError, msg
from planning.schemas import EXCLUSION_KINDS
from planning.sources.cells import is_unknown, parse_number, text_of, vocabulary, word_of
from planning.sources.gate import layer_names, read_layer
from planning.sources.tables import match_headings, no_number, raise_faults

__all__ = ["Boundary", "ExclusionsRead", "read_boundary", "read_exclusions"]

#: Gaps between townships up to this size are drawing errors and belong to the county [m2].
_SLIVER_M2 = 10_000.0


@dataclass(frozen=True)
class Boundary:
    """
    A county and its townships.

    Parameters
    ----------
    county : shapely.Geometry
        One Polygon or MultiPolygon in ``crs``.
    townships : geopandas.GeoDataFrame
        Index ``township_id``; ``name``, polygon; empty where the file has none.
    crs : pyproj.CRS
        The system asked for, or the local one in metres.
    notices : tuple of Message
        What was repaired or assumed.
    """

    county: shapely.Geometry
    townships: gpd.GeoDataFrame
    crs: pyproj.CRS
    notices: tuple[Message, ...]


@dataclass(frozen=True)
class ExclusionsRead:
    """
    Land where no school may stand.

    Parameters
    ----------
    exclusions : geopandas.GeoDataFrame
        Index ``exclusion_id``; ``kind``, ``buffer_m`` [m] (NaN where the file does not say: the rule pack decides),
        ``name``, polygon or line.
    set_aside : tuple of SetAside
        Shapes left out, or kept with a reservation.
    notices : tuple of Message
        What was repaired or assumed.
    """

    exclusions: gpd.GeoDataFrame
    set_aside: tuple[SetAside, ...]
    notices: tuple[Message, ...]


def read_boundary(path: Path, *, crs: pyproj.CRS | None = None) -> Boundary:
    """
    Read a county boundary: layers county and townships, one layer of townships, or one polygon.

    Parameters
    ----------
    path : pathlib.Path
        A map layer of polygons.
    crs : pyproj.CRS, optional
        System to bring it into [m]; otherwise the local one of the county's middle.

    Returns
    -------
    Boundary
        The county is the union of its townships where it has no layer of its own.

    Raises
    ------
    SourceError
        If it holds no polygons, or its layers cannot be told apart.
    CrsError
        If it names no reference system, or its numbers do not fit the one it names.
    """
    county_layer, township_layer = _boundary_layers(path)
    notices: list[Message] = []
    parts: dict[str, gpd.GeoDataFrame] = {}
    for what, layer in (("county", county_layer), ("townships", township_layer)):
        if layer is not None:
            read = read_layer(path, layer=layer or None)
            notices += [notice for notice in read.notices if notice not in notices]
            parts[what] = _polygons(read.table, path.name)
    if crs is None:
        crs = _local_crs(next(iter(parts.values())), path.name)
    parts = {what: _project(table, crs, path.name) for what, table in parts.items()}
    townships = parts.get("townships")
    if townships is None and len(parts["county"]) > 1:
        townships = parts["county"]
    named = _townships(townships, crs, path.name)
    # The county's own line counts; townships are cut by hand and seldom meet exactly.
    county = shapely.union_all(parts["county" if "county" in parts else "townships"].geometry.to_numpy())
    county, told = _without_slivers(county, path.name)
    return Boundary(county, named, crs, (*notices, *told))


def _boundary_layers(path: Path) -> tuple[str | None, str | None]:
    """Tell the layer of the county and that of the townships; an empty name is the only layer there is."""
    names = layer_names(path)
    if len(names) < 2:
        return "", None
    words: Mapping[str, list[str]] = vocabulary()["boundary_layers"]
    found = {word: [name for name in names if word_of(name, {word: words[word]})] for word in words}
    if not any(found.values()) or any(len(layers) > 1 for layers in found.values()):
        raise SourceError(
            msg(
                "{file}: it has the layers {names}. Name the county's layer county and that of its townships townships.",
                file=path.name,
                names=Names(names),
            )
        )
    county, townships = found["county"], found["townships"]
    return county[0] if county else None, townships[0] if townships else None


def _polygons(table: gpd.GeoDataFrame, file: str) -> gpd.GeoDataFrame:
    kinds = table.geometry.geom_type
    polygons = table[kinds.isin(["Polygon", "MultiPolygon"]) & ~table.geometry.is_empty]
    if polygons.empty:
        raise SourceError(
            msg(
                "{file}: a boundary must be made of polygons; it has {kinds}.",
                file=file,
                kinds=Names(sorted(set(kinds.dropna().astype(str)))) or "-",
            )
        )
    return polygons.reset_index(drop=True)


def _local_crs(table: gpd.GeoDataFrame, file: str) -> pyproj.CRS:
    west, south, east, north = table.to_crs(4326).total_bounds.tolist()
    try:
        return local_metric_crs((west + east) / 2, (south + north) / 2)
    except CrsError as error:
        raise CrsError(
            msg(
                "{file}: its coordinates are no place on land. Check whether its longitudes and latitudes are swapped, and its reference system ({crs}).",
                file=file,
                crs=table.crs.name,
            )
        ) from error


def _project(table: gpd.GeoDataFrame, crs: pyproj.CRS, file: str) -> gpd.GeoDataFrame:
    projected = table.to_crs(crs)
    if not np.isfinite(projected.total_bounds).all():
        raise CrsError(
            msg(
                "{file}: its coordinates do not fit the reference system it names ({crs}). Correct it in your GIS program.",
                file=file,
                crs=table.crs.name,
            )
        )
    shapes = projected.geometry.to_numpy().copy()
    bad = ~shapely.is_valid(shapes)
    shapes[bad] = shapely.make_valid(shapes[bad])  # a hair's breadth in degrees may cross in metres
    return projected.set_geometry(gpd.GeoSeries(shapes, index=projected.index, crs=crs))


def _townships(table: gpd.GeoDataFrame | None, crs: pyproj.CRS, file: str) -> gpd.GeoDataFrame:
    if table is None:
        return gpd.GeoDataFrame(
            {"name": pd.Series([], dtype=str)}, geometry=[], crs=crs, index=pd.Index([], name="township_id", dtype=str)
        )
    used = match_headings([c for c in table.columns if c != "geometry"], subject="townships", file=file).used
    blank = pd.Series("", index=table.index)
    name = table[used["name"]].map(text_of) if "name" in used else blank
    code = table[used["township_id"]].map(text_of) if "township_id" in used else blank
    made = [f"T{hashlib.sha256(shape.normalize().wkb).hexdigest()[:8]}" for shape in table.geometry]
    key = code.where(code != "", name.where(name != "", pd.Series(made, index=table.index)))
    # Islands of one township come as several shapes; two townships of one name are told apart by their code.
    joined = gpd.GeoDataFrame({"name": name.where(name != "", key)}, geometry=table.geometry.to_numpy(), crs=crs)
    joined = joined.set_index(pd.Index(key.astype(str), name="township_id", dtype=str))
    return joined.dissolve(level=0, aggfunc="first").sort_index().astype({"name": str})[["name", "geometry"]]


def _without_slivers(county: shapely.Geometry, file: str) -> tuple[shapely.Geometry, list[Message]]:
    """Close gaps between townships that are no more than drawing errors."""
    parts, closed = [], 0
    for polygon in shapely.get_parts(county):
        if polygon.geom_type != "Polygon":
            continue
        holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area > _SLIVER_M2]
        closed += len(polygon.interiors) - len(holes)
        parts.append(shapely.Polygon(polygon.exterior, holes))
    told = (
        [msg("{file}: {n} gaps below 1 ha between the townships were closed.", file=file, n=closed)] if closed else []
    )
    return shapely.union_all(parts), told


def read_exclusions(path: Path, *, crs: pyproj.CRS) -> ExclusionsRead:
    """
    Read land where no school may stand; every layer of the file.

    Parameters
    ----------
    path : pathlib.Path
        A map layer; a GeoPackage may have one layer a kind.
    crs : pyproj.CRS
        The project's system [m].

    Returns
    -------
    ExclusionsRead
        Shapes by kind. A kind that is not known counts as ``other``, and is told.

    Raises
    ------
    SourceError
        If the file cannot be read, or a buffer is no number.
    CrsError
        If it names no reference system, or its numbers do not fit the one it names.
    """
    tables, aside, faults = [], list[SetAside](), list[Message]()
    notices: list[Message] = []
    names = layer_names(path)
    for layer in names:
        read = read_layer(path, layer=layer if len(names) > 1 else None)
        notices += [notice for notice in read.notices if notice not in notices]
        table = _project(read.table[read.table.geometry.notna()], crs, path.name)
        columns = [c for c in table.columns if c != "geometry"]
        used = match_headings(columns, subject="exclusions", file=path.name).used
        blank = pd.Series("", index=table.index)
        said = table[used["kind"]].map(text_of) if "kind" in used else blank
        kind = said.where(said != "", layer).map(lambda word: word_of(word, vocabulary()["exclusion_kinds"]))
        tables.append(
            gpd.GeoDataFrame(
                {
                    "kind": kind.fillna("other").astype(str),
                    "buffer_m": _buffers(table, used, faults),
                    "name": (table[used["name"]].map(text_of) if "name" in used else blank).astype(str),
                    "code": (table[used["exclusion_id"]].map(text_of) if "exclusion_id" in used else blank).astype(str),
                    "said": said,
                },
                geometry=table.geometry,
                crs=crs,
            )
        )
    raise_faults(path.name, msg("excluded land"), faults)
    joined = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=crs)
    for row, shape in joined.iterrows():
        if (
            shape["kind"] == "other"
            and shape["said"]
            and word_of(shape["said"], vocabulary()["exclusion_kinds"]) is None
        ):
            reason = msg("the kind {word} is not known; taken for {kind}", word=shape["said"], kind=msg("other land"))
            aside.append(SetAside(path.name, shape["name"] or str(row), reason, row=int(str(row)) + 1, kept=True))
    point = joined.geometry.geom_type.isin(["Point", "MultiPoint"]).to_numpy(dtype=bool)
    for row, shape in joined[point].iterrows():
        reason = msg("is a point; only areas and lines exclude land")
        aside.append(SetAside(path.name, shape["name"] or str(row), reason, row=int(str(row)) + 1))
    joined = joined[~point]
    joined = joined.set_index(_exclusion_ids(joined)).sort_index()
    assert joined["kind"].isin(EXCLUSION_KINDS).all()  # noqa: S101 - headings.yaml and the schema name the same kinds
    return ExclusionsRead(joined[["kind", "buffer_m", "name", "geometry"]], tuple(aside), tuple(notices))


def _buffers(table: gpd.GeoDataFrame, used: Mapping[str, str], faults: list[Message]) -> pd.Series:
    buffers = pd.Series(np.nan, index=table.index, dtype=float)
    if "buffer_m" not in used:
        return buffers
    for row, cell in zip(table.index, table[used["buffer_m"]], strict=True):
        try:
            number = parse_number(cell)
        except ValueError:
            number = None
            faults.append(no_number(used["buffer_m"], cell, row + 1))
        if number is not None and number < 0:
            faults.append(
                msg(
                    "{heading}: must be 0 or more: {value} (row {row}).",
                    heading=used["buffer_m"],
                    value=number,
                    row=row + 1,
                )
            )
        buffers.at[row] = np.nan if number is None else number
    return buffers


def _exclusion_ids(table: gpd.GeoDataFrame) -> pd.Index:
    """Number shapes by what and where they are, so that the order of the file does not matter."""
    made = [
        f"X{hashlib.sha256(kind.encode() + shape.normalize().wkb).hexdigest()[:8]}"
        for kind, shape in zip(table["kind"], table.geometry, strict=True)
    ]
    codes = table["code"].mask(table["code"].map(is_unknown) | table["code"].duplicated(keep=False), "")
    keys = pd.Series([code or own for code, own in zip(codes, made, strict=True)])
    again = keys.groupby(keys).cumcount()
    return pd.Index(keys.where(again == 0, keys + "-" + again.astype(str)), name="exclusion_id", dtype=str)

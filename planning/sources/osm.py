"""Roads out of an OpenStreetMap file, streamed: a county comes out of a province's file without the province in memory."""

from __future__ import annotations

import math
import struct
from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from planning.errors import SetAside, SourceError, msg
from planning.roads import WAY_COLUMNS, make_roads
from planning.sources.osm_features import OsmSchools, read_osm_basemap, read_osm_schools
from planning.sources.osm_stream import open_osm, project, stream, widened
from planning.sources.road_tags import LEFT_OUT, SourceRoads, reason_to_leave_out, road_columns

__all__ = ["OsmSchools", "SourceRoads", "read_osm_basemap", "read_osm_roads", "read_osm_schools"]

# Ways are held back until so many points have come together, then tested against the polygon at once.
_BATCH_POINTS = 200_000
_UNDEFINED = 2_147_483_647  # libosmium's coordinate of a node that is not in the file
_UNITS_PER_DEGREE = 1e7
_WKB_HEAD = 9  # bytes before the first coordinate of a line
_IDS_SHOWN = 5


def read_osm_roads(
    path: Path, *, crs: pyproj.CRS, area: shapely.Geometry | None = None, buffer_m: float = 0.0
) -> SourceRoads:
    """
    Read every way that somebody may travel, on foot, by bicycle or by car.

    A way with at least one point in the area is kept whole, so that junctions just outside the line survive.

    Parameters
    ----------
    path : pathlib.Path
        A .osm.pbf or .osm file.
    crs : pyproj.CRS
        The project's reference system [m].
    area : shapely.Geometry, optional
        Polygon of the county in longitude and latitude [degrees]; everything without it.
    buffer_m : float
        How far beyond the area to keep roads [m].

    Returns
    -------
    SourceRoads
        The roads, and a count with a few way numbers for each reason why ways were left out or shortened.

    Raises
    ------
    SourceError
        If the file is missing, damaged, something else, has no roads, or none in the area.
    """
    file = open_osm(path)
    wide = widened(area, crs=crs, buffer_m=buffer_m)
    found = _Found(path.name)
    processor = (
        osmium.FileProcessor(file)
        .with_locations("flex_mem")
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway"))
    )
    batch = _Batch()
    wkb = osmium.geom.WKBFactory()
    for way in stream(processor, file=path.name):
        found.n_seen += 1
        # Out of a province nearly every way is thrown away here, before any of its nodes becomes a Python object.
        if wide is not None and _is_beside(way, wide.bounds, wkb=wkb, found=found):
            continue
        refs, x, y = array("q"), array("q"), array("q")
        for node in way.nodes:
            location = node.location
            refs.append(node.ref)
            x.append(location.x)
            y.append(location.y)
        if x and x[0] != _UNDEFINED:
            found.see(x[0] / _UNITS_PER_DEGREE, y[0] / _UNITS_PER_DEGREE)
        batch.add(way.id, dict(way.tags), refs, x, y)
        if len(batch.refs) >= _BATCH_POINTS:
            found.take(batch, wide)
            batch = _Batch()
    found.take(batch, wide)
    return found.finish(crs)


def _is_beside(way: Any, box: tuple[float, float, float, float], *, wkb: osmium.geom.WKBFactory, found: _Found) -> bool:
    """Say whether all of a way lies on one side of the box; False where that cannot be told without a closer look."""
    try:
        line = bytes.fromhex(wkb.create_linestring(way, osmium.geom.use_nodes.ALL))
    except (RuntimeError, osmium.InvalidLocationError):  # a single point, or points that are not in the file
        return False
    ordinates: tuple[float, ...] = struct.unpack_from(f"<{(len(line) - _WKB_HEAD) // 8}d", line, _WKB_HEAD)
    lon, lat = ordinates[::2], ordinates[1::2]
    found.see(lon[0], lat[0])
    return max(lon) < box[0] or max(lat) < box[1] or min(lon) > box[2] or min(lat) > box[3]


@dataclass
class _Batch:
    """Ways that may reach into the area, not yet tested against the polygon."""

    ids: list[int] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    refs: array[int] = field(default_factory=lambda: array("q"))
    x: array[int] = field(default_factory=lambda: array("q"))
    y: array[int] = field(default_factory=lambda: array("q"))

    def add(self, way: int, tags: dict[str, str], refs: array[int], x: array[int], y: array[int]) -> None:
        self.ids.append(way)
        self.tags.append(tags)
        self.refs.extend(refs)
        self.x.extend(x)
        self.y.extend(y)
        self.ends.append(len(self.refs))


class _Found:
    """What has been kept so far: numbers in arrays, one dictionary a way of the county."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.n_seen = 0
        self.extent = (math.inf, math.inf, -math.inf, -math.inf)
        self.rows: list[dict[str, object]] = []
        self.ids: list[str] = []
        self.counts: list[int] = []
        self.refs: list[NDArray[np.int64]] = []
        self.lonlat: list[NDArray[np.float64]] = []
        self.left_out: dict[str, list[int]] = defaultdict(list)
        self.shortened: list[int] = []
        self.n_missing = 0

    def see(self, lon: float, lat: float) -> None:
        """Note where the file's data lie, by the first point of each way [degrees]."""
        west, south, east, north = self.extent
        self.extent = (min(west, lon), min(south, lat), max(east, lon), max(north, lat))

    def take(self, batch: _Batch, area: shapely.Geometry | None) -> None:
        """Keep the ways of a batch that reach into the area."""
        if not batch.ids:
            return
        x, y = np.array(batch.x, dtype=np.int64), np.array(batch.y, dtype=np.int64)
        refs = np.array(batch.refs, dtype=np.int64)
        known = x != _UNDEFINED
        lonlat = np.column_stack([x, y]) / _UNITS_PER_DEGREE
        inside = known.copy()
        if area is not None:
            inside[known] = shapely.intersects_xy(area, lonlat[known])
        start = 0
        for way, tags, end in zip(batch.ids, batch.tags, batch.ends, strict=True):
            if inside[start:end].any():
                self._keep(way, tags, refs[start:end], lonlat[start:end], known[start:end])
            start = end

    def _keep(
        self,
        way: int,
        tags: Mapping[str, str],
        refs: NDArray[np.int64],
        lonlat: NDArray[np.float64],
        known: NDArray[np.bool_],
    ) -> None:
        reason = reason_to_leave_out(tags)
        if reason is not None:
            self.left_out[reason].append(way)
            return
        row = road_columns(tags, source=self.file)
        # Where points are missing, the stretches on both sides stay, but no straight line is drawn across the gap.
        gaps = np.flatnonzero(~known)
        n_parts = 0
        for part in np.split(np.arange(len(refs)), gaps):
            part = part[known[part]]
            if len(part) < 2:
                continue
            n_parts += 1
            self.ids.append(str(way) if n_parts == 1 else f"{way}.{n_parts}")
            self.rows.append(row)
            self.counts.append(len(part))
            self.refs.append(refs[part])
            self.lonlat.append(lonlat[part])
        if len(gaps):
            self.n_missing += len(gaps)
            self.shortened.append(way)
        elif n_parts == 0:
            self.left_out["one_point"].append(way)

    def finish(self, crs: pyproj.CRS) -> SourceRoads:
        """Make the table, or say why there is none."""
        if not self.rows:
            raise self._nothing()
        refs = np.concatenate(self.refs)
        node_ids, first = np.unique(refs, return_index=True)
        xy = project(np.concatenate(self.lonlat)[first], crs=crs, file=self.file)
        ways = pd.DataFrame(self.rows, index=pd.Index(self.ids), columns=list(WAY_COLUMNS))
        counts = np.array(self.counts, dtype=np.int64)
        twice = ways.index.duplicated()
        if twice.any():
            self.left_out["twice"].extend(int(way.split(".")[0]) for way in ways.index[twice])
            refs = refs[np.repeat(~twice, counts)]
            ways, counts = ways[~twice], counts[~twice]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        roads = make_roads(ways, node_ids=node_ids, xy=xy, offsets=offsets, refs=refs)
        return SourceRoads(roads, tuple(self._told()))

    def _told(self) -> list[SetAside]:
        told = [
            SetAside(
                self.file,
                _some(ways),
                msg("Ways left out: {n} ({why}).", n=len(ways), why=_WHY_WAYS[reason]),
            )
            for reason, ways in sorted(self.left_out.items())
        ]
        if self.shortened:
            told.append(
                SetAside(
                    self.file,
                    _some(self.shortened),
                    msg(
                        "Ways cut short: {n}, which lack {points} points because the file was cut out of a larger one; the missing stretches are left out.",
                        n=len(self.shortened),
                        points=self.n_missing,
                    ),
                    kept=True,
                )
            )
        return told

    def _nothing(self) -> SourceError:
        if self.n_seen == 0:
            return SourceError(
                msg(
                    "{file}: there are no roads in it (no way has a highway tag). Take an extract that was not filtered.",
                    file=self.file,
                )
            )
        if self.extent[0] == math.inf:
            return SourceError(
                msg(
                    "{file}: its {n} roads have no places, for the points they run over are not in the file. Take a complete extract, sorted, with nodes first.",
                    file=self.file,
                    n=self.n_seen,
                )
            )
        if self.left_out or self.shortened:
            return SourceError(
                msg(
                    "{file}: none of its roads in the county can be travelled (under construction, areas or cut off). Take a newer or larger extract.",
                    file=self.file,
                )
            )
        west, south, east, north = self.extent
        return SourceError(
            msg(
                "{file}: none of its {n} roads lies in the county. The file covers longitude {west:.3f} to {east:.3f} and latitude {south:.3f} to {north:.3f}: take the extract of the right place, or check the boundary.",
                file=self.file,
                n=self.n_seen,
                west=west,
                east=east,
                south=south,
                north=north,
            )
        )


_WHY_WAYS = {
    **LEFT_OUT,
    "one_point": msg("they have fewer than two points"),
    "twice": msg("they stand in the file twice"),
}


def _some(ways: list[int]) -> str:
    more = f" … +{len(ways) - _IDS_SHOWN}" if len(ways) > _IDS_SHOWN else ""
    return ", ".join(f"way {way}" for way in ways[:_IDS_SHOWN]) + more

"""Further roads out of a bureau's own line layer: village roads and paths that OpenStreetMap does not have yet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
import yaml
from numpy.typing import NDArray

from planning.errors import CrsError, SetAside, SourceError, msg
from planning.roads import WAY_COLUMNS, Roads, make_roads
from planning.sources.gate import read_layer
from planning.sources.road_tags import LEFT_OUT, SourceRoads, reason_to_leave_out, road_columns

__all__ = ["DEFAULT_HIGHWAY", "coordinate_ids", "read_extra_roads"]

#: What a road is taken for where its layer does not say: passable on foot and by bicycle, slow for a car.
DEFAULT_HIGHWAY = "track"
_LINKED = ("motorway", "trunk", "primary", "secondary", "tertiary")
_KNOWN_HIGHWAYS = frozenset(
    {
        *_LINKED,
        *(f"{road}_link" for road in _LINKED),
        *("unclassified", "residential", "living_street", "service", "road", "track"),
        *("pedestrian", "path", "footway", "cycleway", "bridleway", "steps"),
        *("construction", "proposed"),
    }
)
_GRID_PER_METRE = 100  # points nearer to each other than a centimetre are one
_X_BITS, _Y_BITS = 32, 31
_ROWS_SHOWN = 5


def read_extra_roads(path: Path, *, crs: pyproj.CRS, layer: str | None = None) -> SourceRoads:
    """
    Read a layer of lines as roads; lines that share a vertex are joined there.

    Parameters
    ----------
    path : pathlib.Path
        Shapefile (zipped or not), GeoPackage or GeoJSON of lines.
    crs : pyproj.CRS
        The project's reference system [m].
    layer : str, optional
        Which layer, where there are several.

    Returns
    -------
    SourceRoads
        Ways named ``{file}:{row}`` (rows count from 1, parts of a row are told apart as ``7.2``), nodes with negative
        ids that depend on the place alone; and what was left out or assumed.

    Raises
    ------
    SourceError
        If the file is missing, something else, damaged, or has no lines.
    CrsError
        If it names no reference system, or its lines lie where the project's has no place.
    """
    read = read_layer(path, layer=layer)
    table = read.table.reset_index(drop=True)
    told = [SetAside(path.name, path.name, notice, kept=True) for notice in read.notices]
    is_line = table.geometry.geom_type.isin(["LineString", "MultiLineString"]) & ~table.geometry.is_empty
    if not is_line.any():
        raise SourceError(
            msg("{file}: the layer holds no lines. Give a layer of road lines, not of points or areas.", file=path.name)
        )
    told += _told(
        path.name, table.index[~is_line], msg("{n} shapes that are no lines are left out.", n=int((~is_line).sum()))
    )
    tags, assumed = _tags(table)
    rows = []
    reasons: Counter[str] = Counter()
    first: dict[str, list[int]] = {}
    for i in table.index[is_line]:
        reason = reason_to_leave_out(tags[i])
        if reason is None:
            rows.append(int(i))
        else:
            reasons[reason] += 1
            first.setdefault(reason, []).append(int(i))
    for reason, n in sorted(reasons.items()):
        told += _told(path.name, first[reason], msg("Ways left out: {n} ({why}).", n=n, why=LEFT_OUT[reason]))
    if not rows:
        raise SourceError(
            msg("{file}: none of its roads can be travelled (all are under construction or areas).", file=path.name)
        )
    guessed = [i for i in rows if assumed[i]]
    told += _told(
        path.name,
        guessed,
        msg(
            "{n} roads do not say of which class they are, or in words unknown here: they count as {highway}. Add a column highway.",
            n=len(guessed),
            highway=DEFAULT_HIGHWAY,
        ),
        kept=True,
    )
    roads, n_short = _roads(table.geometry.to_crs(crs), rows, tags, file=path.name, crs=crs)
    if n_short:
        told.append(SetAside(path.name, path.name, msg("{n} lines shorter than a centimetre are left out.", n=n_short)))
    return SourceRoads(roads, tuple(told))


def coordinate_ids(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """
    Give points a negative id that depends on their place alone, so that layers that meet in a point share it.

    Parameters
    ----------
    xy : numpy.ndarray, shape (n, 2)
        Places [m], east within ±21,000 km and north within ±10,700 km.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Ids; equal for points that round to the same centimetre.
    """
    cells = np.rint(np.asarray(xy) * _GRID_PER_METRE).astype(np.int64)
    east, north = cells[:, 0] + 2 ** (_X_BITS - 1), cells[:, 1] + 2 ** (_Y_BITS - 1)
    packed: NDArray[np.int64] = -1 - ((east << _Y_BITS) | north)
    return packed


def _roads(
    lines: gpd.GeoSeries, rows: list[int], tags: list[dict[str, str]], *, file: str, crs: pyproj.CRS
) -> tuple[Roads, int]:
    ids, columns, counts, refs = [], [], [], []
    xy_parts = []
    n_short = 0
    for i in rows:
        row = road_columns(tags[i], source=file)
        for part, line in enumerate(shapely.get_parts(lines.iloc[i]), start=1):
            xy = np.rint(shapely.get_coordinates(line) * _GRID_PER_METRE) / _GRID_PER_METRE
            if not np.isfinite(xy).all() or np.abs(xy[:, 0]).max() > 2.1e7 or np.abs(xy[:, 1]).max() > 1.07e7:
                raise CrsError(
                    msg(
                        "{file}: row {row} lies where {crs} has no place. Check the layer's reference system.",
                        file=file,
                        row=i + 1,
                        crs=crs.name,
                    )
                )
            xy = xy[np.concatenate([[True], (np.diff(xy, axis=0) != 0).any(axis=1)])]
            if len(xy) < 2:
                n_short += 1
                continue
            ids.append(f"{file}:{i + 1}" if part == 1 else f"{file}:{i + 1}.{part}")
            columns.append(row)
            counts.append(len(xy))
            refs.append(coordinate_ids(xy))
            xy_parts.append(xy)
    if not ids:
        raise SourceError(msg("{file}: all of its lines are shorter than a centimetre.", file=file))
    all_refs = np.concatenate(refs)
    node_ids, first = np.unique(all_refs, return_index=True)
    ways = pd.DataFrame(columns, index=pd.Index(ids), columns=list(WAY_COLUMNS))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    roads = make_roads(ways, node_ids=node_ids, xy=np.concatenate(xy_parts)[first], offsets=offsets, refs=all_refs)
    return roads, n_short


@cache
def _words() -> Mapping[str, Any]:
    content = yaml.safe_load((files("planning.sources") / "extra_roads.yaml").read_text(encoding="utf-8"))
    content["yes_no"] = {str(word).lower(): value for word, value in content["yes_no"].items()}
    return MappingProxyType(content)


def _tags(table: gpd.GeoDataFrame) -> tuple[list[dict[str, str]], list[bool]]:
    """Put each row's attributes into OpenStreetMap's tags; say of which rows the class of road had to be assumed."""
    have = {_plain(str(column)): column for column in table.columns if column != table.geometry.name}
    texts: dict[str, list[str]] = {}
    for key, headings in _words()["headings"].items():
        column = next((have[_plain(heading)] for heading in headings if _plain(heading) in have), None)
        if column is not None:
            texts[key] = ["" if pd.isna(value) else str(value).strip() for value in table[column]]
    tags, assumed = [], []
    for i in range(len(table)):
        row = {key: _value(key, values[i]) for key, values in texts.items()}
        highway = row.pop("highway", "")
        assumed.append(not highway)
        tags.append({"highway": highway or DEFAULT_HIGHWAY, **{key: value for key, value in row.items() if value}})
    return tags, assumed


def _value(key: str, text: str) -> str:
    word = text.lower()
    if not word:
        return ""
    if key == "highway":
        return _highway(word)
    if key == "oneway":
        return str(_words()["oneway"].get(word, _words()["yes_no"].get(word, word)))
    if key == "surface":
        return str(next((value for part, value in _words()["surface"].items() if part in word), word))
    if key == "maxspeed":
        return "" if re.fullmatch(r"0(\.0*)?", word) else word
    return text if key == "name" else str(_words()["yes_no"].get(word, word))


def _highway(word: str) -> str:
    """Give the value of highway=* that a word means; "" where it means none."""
    value = word.replace(" ", "_")
    if value in _KNOWN_HIGHWAYS:
        return value
    if value.startswith("track_grade"):
        return "track"
    found = [part for part in _words()["highway"] if part in word]
    return str(_words()["highway"][max(found, key=len)]) if found else ""


def _plain(heading: str) -> str:
    return heading.lower().replace(" ", "").replace("_", "")


def _told(file: str, rows: Any, reason: Any, *, kept: bool = False) -> list[SetAside]:
    shown = [str(int(row) + 1) for row in rows[:_ROWS_SHOWN]]
    if not shown:
        return []
    more = f" … +{len(rows) - _ROWS_SHOWN}" if len(rows) > _ROWS_SHOWN else ""
    return [SetAside(file, ", ".join(shown) + more, reason, row=int(rows[0]) + 1, kept=kept)]

"""
The way to school (上学路径): how many pupils walk along each piece of road, and where their ways meet danger.

Dangers are found where pupils walk: along or across roads of fast traffic, over railways and over water without a bridge.
They are ranked by the pupils concerned, the kinds in the order in which guard is usually built first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning.errors import NetworkError, msg
from planning.network.build import Network

__all__ = ["FAST_ROADS", "WayToSchool", "pupil_metres", "way_to_school"]

FAST_ROADS = ("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link")
"""Classes of road whose traffic is a danger to a child on foot: tool default."""

_KINDS = ("water", "railway", "step_onto_road", "along_road")  # the order of equal numbers of pupils


@dataclass(frozen=True)
class WayToSchool:
    """
    Where pupils walk, and where that is dangerous.

    Where flows were given by name, both tables have a column ``pupils_<name>`` for each.

    Parameters
    ----------
    segments : geopandas.GeoDataFrame
        Pieces of road with pupils, those with most first: ``pupils`` (both directions together), ``length_m``,
        ``pupil_m`` (pupils × metres), ``highway``, ``name``, ``way`` (position in the network's ways), geometry; indexed by
        ``segment``, whose arcs are ``2 * segment`` and ``2 * segment + 1``.
    dangers : geopandas.GeoDataFrame
        What to make safe first, most pupils first: ``kind`` (water: a crossing without a bridge; railway: a level crossing;
        step_onto_road: pupils step onto a fast road here, to cross it or to go along it; along_road: they walk along it),
        ``pupils``, ``length_m`` (0 at a point), ``highway``, ``name``, ``rank`` from 1, geometry. A stretch of a road runs
        as far as at least half as many walk as at its busiest piece, whose pupils it has.
    """

    segments: gpd.GeoDataFrame
    dangers: gpd.GeoDataFrame


def pupil_metres(network: Network, flows: NDArray[np.float64]) -> float:
    """
    Add up all metres that pupils walk.

    Parameters
    ----------
    network : Network
        The network.
    flows : numpy.ndarray, shape (n_arcs,)
        Pupils over each arc [pupils].

    Returns
    -------
    float
        Pupils × metres on the network, there only [pupils m].
    """
    return float(flows @ network.length_m)


def way_to_school(
    network: Network,
    flows: NDArray[np.float64] | Mapping[str, NDArray[np.float64]],
    *,
    surroundings: gpd.GeoDataFrame | None = None,
    fast: Sequence[str] = FAST_ROADS,
) -> WayToSchool:
    """
    Lay pupils' flow on the roads and find its dangers.

    Parameters
    ----------
    network : Network
        The network pupils walk on.
    flows : numpy.ndarray, shape (n_arcs,), or Mapping of such
        Pupils over each arc on the way there, as ``Router.arc_flows`` gives them [pupils]; by name, such as a stage, they
        are added up and kept apart as well.
    surroundings : geopandas.GeoDataFrame, optional
        ``kind`` (railway | river | water, others count for nothing) and geometry in the network's system.
    fast : sequence of str
        Classes of road whose traffic is a danger.

    Returns
    -------
    WayToSchool
        Segments with pupils, and dangers.

    Raises
    ------
    NetworkError
        If there is not one flow for each arc, or one is negative or not a number.
    """
    parts = flows if isinstance(flows, Mapping) else {"": flows}
    checked = {name: _check_flow(network, part) for name, part in parts.items()}
    flow = np.sum([np.zeros(network.n_arcs), *checked.values()], axis=0)
    by_name = {f"pupils_{name}": part for name, part in checked.items() if name}
    pupils = flow[0::2] + flow[1::2]
    used = np.flatnonzero(pupils > 0)
    ends = network.xy[np.column_stack([network.tails[0::2][used], network.heads[0::2][used]])]
    way = network.way[0::2][used]
    highway, name, level = (
        np.append(network.ways[column].to_numpy(dtype=object), blank)[way]
        for column, blank in (("highway", ""), ("name", ""), ("bridge", False))
    )
    level = level.astype(bool) | np.append(network.ways["tunnel"].to_numpy(dtype=bool), False)[way]
    length_m = network.length_m[0::2][used]
    segments = gpd.GeoDataFrame(
        {
            "pupils": pupils[used],
            **{name: (part[0::2] + part[1::2])[used] for name, part in by_name.items()},
            "length_m": length_m,
            "pupil_m": pupils[used] * length_m,
            "highway": highway,
            "name": name,
            "way": way,
        },
        geometry=shapely.linestrings(ends) if len(used) else [],
        index=pd.Index(used, name="segment"),
        crs=network.crs,
    )
    is_fast = np.isin(highway.astype(str), list(fast))
    found = [
        _along(network, segments[is_fast]),
        _onto(network, {"pupils": flow, **by_name}, fast),
        *(_across(segments[~level], surroundings, kind) for kind in ("railway", "water")),
    ]
    dangers = pd.concat([table for table in found if len(table)] or found[:1])
    order = np.lexsort(
        (dangers["kind"].map(_KINDS.index).to_numpy(dtype=np.int64), -dangers["pupils"].to_numpy(dtype=float))
    )
    dangers = dangers.iloc[order].reset_index(drop=True)
    dangers["rank"] = np.arange(1, len(dangers) + 1)
    return WayToSchool(
        segments.sort_values(["pupils", "length_m"], ascending=False, kind="stable"),
        gpd.GeoDataFrame(dangers, geometry="geometry", crs=network.crs),
    )


def _check_flow(network: Network, flow: NDArray[np.float64]) -> NDArray[np.float64]:
    checked = np.asarray(flow, dtype=float)
    if checked.shape != (network.n_arcs,) or not (checked >= 0).all():
        raise NetworkError(msg("Pupils on the way must be numbers of 0 or more, one for each arc of the network."))
    return checked


def _counts(table: pd.DataFrame) -> list[str]:
    """Name the columns of pupils."""
    return [column for column in table.columns if column == "pupils" or column.startswith("pupils_")]


def _dangers(kind: str, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Give dangers of one kind their columns."""
    return gpd.GeoDataFrame(
        {
            "kind": pd.Series(kind, index=table.index, dtype=object),
            **{column: table[column] for column in (*_counts(table), "length_m", "highway", "name")},
        },
        geometry=gpd.GeoSeries(table["geometry"]),
    )


def _along(network: Network, segments: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut fast roads into stretches: from the busiest piece on, as far as at least half as many walk on the same road."""
    if not len(segments):
        return _dangers("along_road", segments)
    tails, heads = (ends[0::2][segments.index] for ends in (network.tails, network.heads))
    road = [
        (highway, name or str(way))
        for highway, name, way in zip(segments["highway"], segments["name"], segments["way"], strict=True)
    ]
    at_node: dict[tuple[int, tuple[str, str]], list[int]] = {}
    for row, ends in enumerate(zip(tails.tolist(), heads.tolist(), strict=True)):
        for node in ends:
            at_node.setdefault((node, road[row]), []).append(row)
    pupils = segments["pupils"].to_numpy(dtype=float)
    stretch = np.full(len(segments), -1)
    rows = []
    for start in np.argsort(-pupils, kind="stable").tolist():
        if stretch[start] >= 0:
            continue
        stretch[start], waiting, found = start, [start], []
        while waiting:
            row = waiting.pop()
            found.append(row)
            for node in (int(tails[row]), int(heads[row])):
                for other in at_node[node, road[start]]:
                    if stretch[other] < 0 and 2 * pupils[other] >= pupils[start]:
                        stretch[other] = start
                        waiting.append(other)
        part = segments.iloc[found]
        line = shapely.line_merge(shapely.union_all(part.geometry.to_numpy()))
        rows.append({**segments.iloc[start].to_dict(), "length_m": float(part["length_m"].sum()), "geometry": line})
    return _dangers("along_road", pd.DataFrame(rows))


def _onto(
    network: Network,
    flows: Mapping[str, NDArray[np.float64]],
    fast: Sequence[str],
) -> gpd.GeoDataFrame:
    """Find the nodes of fast roads that pupils reach from elsewhere."""
    ways = network.ways["highway"].to_numpy(dtype=object)
    fast_arc = np.append(np.isin(ways.astype(str), list(fast)), False)[network.way]
    on_fast = np.zeros(network.n_nodes, dtype=bool)
    on_fast[network.tails[fast_arc]] = True
    highway = np.full(network.n_nodes, "", dtype=object)
    name = np.full(network.n_nodes, "", dtype=object)
    highway[network.tails[fast_arc]] = np.append(ways, "")[network.way[fast_arc]]
    name[network.tails[fast_arc]] = np.append(network.ways["name"].to_numpy(dtype=object), "")[network.way[fast_arc]]
    entering = {
        column: np.bincount(network.heads[~fast_arc], weights=flow[~fast_arc], minlength=network.n_nodes)
        for column, flow in flows.items()
    }
    nodes = np.flatnonzero(on_fast & (entering["pupils"] > 0))
    table = pd.DataFrame(
        {
            **{column: pupils[nodes] for column, pupils in entering.items()},
            "length_m": np.zeros(len(nodes)),
            "highway": highway[nodes],
            "name": name[nodes],
            "geometry": shapely.points(network.xy[nodes]) if len(nodes) else [],
        }
    )
    return _dangers("step_onto_road", table)


def _across(segments: gpd.GeoDataFrame, surroundings: gpd.GeoDataFrame | None, kind: str) -> gpd.GeoDataFrame:
    """Find where pupils cross a railway or water, bridges and tunnels excepted."""
    kinds = {"railway": ("railway",), "water": ("river", "water")}[kind]
    nothing = _dangers(kind, segments.iloc[:0])
    if surroundings is None or not len(segments):
        return nothing
    obstacles = surroundings[surroundings["kind"].isin(kinds)].geometry.to_numpy()
    obstacle, segment = shapely.STRtree(segments.geometry.to_numpy()).query(obstacles, predicate="intersects")
    if not len(segment):
        return nothing
    where = shapely.intersection(segments.geometry.to_numpy()[segment], obstacles[obstacle])
    table = pd.DataFrame(segments.iloc[segment]).reset_index(drop=True)
    table["geometry"] = shapely.centroid(where)
    table["length_m"] = shapely.length(where)
    # one place where a segment ends and the next begins, or where a river is drawn twice, is one crossing
    spot = pd.MultiIndex.from_arrays(
        [shapely.get_x(table["geometry"]).round(0), shapely.get_y(table["geometry"]).round(0)]
    )
    table = table.loc[~spot.duplicated()]
    return _dangers(kind, table)

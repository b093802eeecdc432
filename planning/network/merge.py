"""
Further road layers join the road file: a county's own village roads, drawn without regard to OSM's nodes.

A layer's line ends *near* the road it meets, not on it. Its ends, and its shape points, that lie within a tolerance of an
existing road are joined onto it. Lines that merely cross, with no shape point near the crossing, are not joined: the one may
pass over the other.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from planning.errors import Message, msg
from planning.roads import Roads, concat_roads, make_roads

__all__ = ["JOIN_TOLERANCE_M", "Merge", "merge_roads"]

logger = logging.getLogger(__name__)

JOIN_TOLERANCE_M = 10.0
"""How far the end of a line may lie from the road it meets [m]. Tool default: about the width of a road and the error of
a tracing over imagery."""

_SAME_PLACE_M = 1e-3


@dataclass(frozen=True)
class Merge:
    """
    What became of a further layer of roads.

    Parameters
    ----------
    ways : int
        Ways added.
    joined : int
        Points of theirs that were joined onto an existing road or onto another way of the layer.
    apart : tuple of str
        Ids of the ways that, with all they lead to, touch no existing road.
    notices : tuple of Message
        The same in words.
    """

    ways: int
    joined: int
    apart: tuple[str, ...]
    notices: tuple[Message, ...]


def merge_roads(base: Roads, extra: Roads, *, tolerance_m: float = JOIN_TOLERANCE_M) -> tuple[Roads, Merge]:
    """
    Join a further layer of roads onto the existing ones.

    A point of the layer takes the place of the nearest point of an existing road within the tolerance; the road is split
    there. Ends of the layer's ways that find no existing road are joined onto another way of the layer in the same manner.
    On bridges and in tunnels only ends are joined. Ways already in ``base`` change in no other way than by the new nodes.

    Parameters
    ----------
    base, extra : Roads
        Existing roads and further ones, in one reference system in metres. Nodes of the two are never the same node, what-
        ever their numbers; nodes of ``extra`` at one place are.
    tolerance_m : float
        Greatest distance over which a point is joined [m].

    Returns
    -------
    Roads
        Both together; nodes that came from ``extra`` have fresh negative numbers.
    Merge
        How many points were joined, and which ways stay apart.
    """
    extra = _own_nodes(extra, below=int(min(base.nodes.index.min(), 0)) if len(base.nodes) else 0)
    both = concat_roads([base, extra])
    n_base = len(base.ways)
    points = _points_of(both, n_base)
    on_base = _nearest(both, points, ways=np.arange(len(both.ways)) < n_base, tolerance_m=tolerance_m)
    rest = points[points["end"] & ~points["meets"] & (on_base["segment"] < 0)]
    on_extra = _nearest(both, rest, ways=np.arange(len(both.ways)) >= n_base, tolerance_m=tolerance_m)
    joins = pd.concat([on_base, on_extra])
    joins = joins[joins["segment"] >= 0]
    merged = _join(both, joins)
    apart = _ways_apart(merged, n_base)
    notices = [
        msg("{n} roads of {source} were added and joined to the road network at {joined} places.",
            n=len(extra.ways), source=_sources(extra), joined=len(joins))
    ]  # fmt: skip
    if apart:
        notices.append(
            msg(
                "{n} roads of {source} lie more than {tolerance_m:.0f} m from any other road and stay unconnected, the first of them {way}.",
                n=len(apart), source=_sources(extra), tolerance_m=tolerance_m, way=apart[0],
            )
        )  # fmt: skip
    logger.info("%d ways merged, %d points joined, %d ways apart", len(extra.ways), len(joins), len(apart))
    return merged, Merge(len(extra.ways), len(joins), apart, tuple(notices))


def _sources(roads: Roads) -> str:
    return ", ".join(sorted(set(roads.ways["source"]) - {""})) or "?"


def _own_nodes(extra: Roads, *, below: int) -> Roads:
    """Number the layer's nodes afresh below all numbers in use; nodes at one place become one."""
    place = extra.nodes.round(3)
    _, first, which = np.unique(place.to_numpy(), axis=0, return_index=True, return_inverse=True)
    ids = below - 1 - np.arange(len(first))
    number = pd.Series(ids[which.ravel()], index=extra.nodes.index)
    return make_roads(
        extra.ways,
        node_ids=ids,
        xy=extra.nodes.to_numpy(dtype=float)[first],
        offsets=extra.offsets,
        refs=number.loc[pd.Index(extra.refs)].to_numpy(dtype=np.int64),
    )


def _points_of(roads: Roads, n_base: int) -> pd.DataFrame:
    """List the nodes of the ways after the first ``n_base``: place, whether it ends a way."""
    way = np.repeat(np.arange(len(roads.ways)), np.diff(roads.offsets))
    end = np.zeros(len(roads.refs), dtype=bool)
    filled = np.diff(roads.offsets) > 0
    end[roads.offsets[:-1][filled]] = end[roads.offsets[1:][filled] - 1] = True
    off_ground = (roads.ways["bridge"] | roads.ways["tunnel"]).to_numpy()
    visits = pd.DataFrame({"node": roads.refs, "way": way, "end": end, "off_ground": off_ground[way]})
    by_node = visits[visits["way"] >= n_base].groupby("node")
    points = by_node.agg({"way": "min", "end": "max", "off_ground": "max"})
    return points.assign(meets=by_node["way"].nunique() > 1).join(roads.nodes)


def _nearest(roads: Roads, points: pd.DataFrame, *, ways: NDArray[np.bool_], tolerance_m: float) -> pd.DataFrame:
    """For each node the nearest segment of other ways: its position in ``refs`` (-1: none), and the share passed."""
    found = pd.DataFrame({"segment": -1, "share": 0.0}, index=points.index)
    way_of_ref = np.repeat(np.arange(len(roads.ways)), np.diff(roads.offsets))
    segments = np.flatnonzero((way_of_ref[:-1] == way_of_ref[1:]) & ways[way_of_ref[:-1]])
    if not len(segments) or not len(points):
        return found
    xy = roads.nodes.loc[roads.refs].to_numpy(dtype=float)
    start, end = xy[segments], xy[segments + 1]
    tree = shapely.STRtree(shapely.linestrings(np.stack([start, end], axis=1)))
    point_xy = points[["x", "y"]].to_numpy(dtype=float)
    of_point, near = tree.query(shapely.points(point_xy), predicate="dwithin", distance=tolerance_m)
    way = way_of_ref[segments[near]]
    touches = (roads.refs[segments[near]] == points.index.to_numpy()[of_point]) | (
        roads.refs[segments[near] + 1] == points.index.to_numpy()[of_point]
    )
    off_ground = (roads.ways["bridge"] | roads.ways["tunnel"]).to_numpy()[way] | points["off_ground"].to_numpy()[
        of_point
    ]
    allowed = (
        (way != points["way"].to_numpy()[of_point]) & ~touches & (points["end"].to_numpy()[of_point] | ~off_ground)
    )
    of_point, near = of_point[allowed], near[allowed]
    along = end[near] - start[near]
    square = (along**2).sum(axis=1)
    dot = ((point_xy[of_point] - start[near]) * along).sum(axis=1)
    share = np.clip(np.divide(dot, square, out=np.zeros_like(square), where=square > 0), 0.0, 1.0)
    distance = np.hypot(*(point_xy[of_point] - start[near] - share[:, None] * along).T)
    order = np.lexsort((segments[near], distance, of_point))
    first = order[np.unique(of_point[order], return_index=True)[1]]
    found.iloc[of_point[first], 0] = segments[near[first]]
    found.iloc[of_point[first], 1] = share[first]
    return found


def _join(roads: Roads, joins: pd.DataFrame) -> Roads:
    """Give each joined node the place on its segment, and the segment the node; or the node that is there already."""
    if not len(joins):
        return roads
    joins = joins.sort_values(["segment", "share"], kind="stable")
    segment, share = joins["segment"].to_numpy(), joins["share"].to_numpy(dtype=float)
    xy = roads.nodes.loc[roads.refs].to_numpy(dtype=float)
    along = xy[segment + 1] - xy[segment]
    length = np.hypot(*along.T)
    at_tail, at_head = share * length <= _SAME_PLACE_M, (1 - share) * length <= _SAME_PLACE_M
    inside = ~at_tail & ~at_head

    # A joined node that comes to lie on an existing one is renamed to it everywhere.
    same = pd.Series(
        np.where(at_tail, roads.refs[segment], roads.refs[segment + 1])[~inside], index=joins.index[~inside]
    )
    nodes = roads.nodes.copy()
    nodes.loc[joins.index[inside]] = (xy[segment] + share[:, None] * along)[inside]
    refs = np.insert(roads.refs, segment[inside] + 1, joins.index.to_numpy()[inside])
    refs = _renamed(refs, same)
    added = np.bincount(segment[inside], minlength=len(roads.refs))
    offsets = np.concatenate([[0], np.cumsum(1 + added)])[roads.offsets]
    nodes = nodes[nodes.index.isin(refs)]
    return make_roads(
        roads.ways, node_ids=nodes.index.to_numpy(), xy=nodes.to_numpy(dtype=float), offsets=offsets, refs=refs
    )


def _renamed(refs: NDArray[np.int64], same: pd.Series) -> NDArray[np.int64]:
    """Put one number for all nodes that are the same; chains of renaming (a onto b, b onto c) lead to one."""
    names, position = np.unique(np.concatenate([refs, same.index.to_numpy(), same.to_numpy()]), return_inverse=True)
    a, b = position[len(refs) : len(refs) + len(same)], position[len(refs) + len(same) :]
    _, group = connected_components(
        sparse.coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(names),) * 2), directed=False
    )
    highest = np.full(group.max() + 1, names.min())
    np.maximum.at(highest, group, names)  # an existing road's node has the higher number
    return np.asarray(highest[group[position[: len(refs)]]], dtype=np.int64)


def _ways_apart(roads: Roads, n_base: int) -> tuple[str, ...]:
    """Ids of the ways after the first ``n_base`` that lead to none of these."""
    n_ways = len(roads.ways)
    way = np.repeat(np.arange(n_ways), np.diff(roads.offsets))
    _, node = np.unique(roads.refs, return_inverse=True)
    n = n_ways + (int(node.max()) + 1 if len(node) else 0)
    graph = sparse.coo_array((np.ones(len(way), dtype=np.int8), (way, n_ways + node)), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    apart = ~np.isin(part[n_base:n_ways], part[:n_base])
    return tuple(roads.ways.index[n_base:][apart])

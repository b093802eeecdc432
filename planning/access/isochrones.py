"""Isochrones: the land along the roads from which a school is reached within a time or distance."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from planning.errors import SchemaError, msg

__all__ = ["isochrones"]


def isochrones(
    x: ArrayLike,
    y: ArrayLike,
    tails: ArrayLike,
    heads: ArrayLike,
    arc_costs: ArrayLike,
    node_costs: ArrayLike,
    cutoffs: Sequence[float],
    *,
    width_m: float = 100.0,
    toward_school: bool = True,
    crs: object = None,
) -> gpd.GeoDataFrame:
    """
    Draw the land within ``width_m`` of every piece of road from which a school is reached within each cutoff.

    An arc that is reached in part is cut where the cutoff falls. No point drawn is farther than ``width_m`` from a piece of road
    within the cutoff, and a larger cutoff contains the smaller ones.

    Parameters
    ----------
    x, y : array_like, shape (n_nodes,)
        Coordinates of the nodes, in a projected CRS [m].
    tails, heads : array_like of int, shape (n_arcs,)
        Nodes of each directed arc.
    arc_costs : array_like, shape (n_arcs,)
        Cost of each arc, 0 or more; inf = closed [unit of ``cutoffs``].
    node_costs : array_like, shape (n_nodes,)
        Cost between each node and the school; inf = no way [unit of ``cutoffs``].
    cutoffs : sequence of float
        Time or distance of each line, inclusive.
    width_m : float
        How far the land reaches beside the road [m].
    toward_school : bool
        True where node costs are those of going to the school, False of coming from it; matters on one-way streets.
    crs : object
        CRS of the result, as GeoPandas takes it.

    Returns
    -------
    geopandas.GeoDataFrame
        ``cutoff`` ascending and the land as (Multi)Polygon, empty where nothing is within the cutoff.

    Raises
    ------
    SchemaError
        If lengths do not fit, an arc names no node, a cost or cutoff is negative or NaN, or the width is not above 0.
    """
    xy = np.column_stack((np.asarray(x, np.float64), np.asarray(y, np.float64)))
    near = np.asarray(heads if toward_school else tails, dtype=np.int64)
    far = np.asarray(tails if toward_school else heads, dtype=np.int64)
    length = np.asarray(arc_costs, dtype=np.float64)
    cost = np.asarray(node_costs, dtype=np.float64)
    lines = np.unique(np.asarray(cutoffs, dtype=np.float64))
    if near.shape != far.shape or length.shape != near.shape or cost.shape != (len(xy),):
        raise SchemaError(msg("Nodes, arcs and their costs do not have fitting lengths."))
    if near.size and (min(near.min(), far.min()) < 0 or max(near.max(), far.max()) >= len(xy)):
        raise SchemaError(msg("An arc names a node that does not exist."))
    if not (length >= 0).all() or not (cost >= 0).all() or not (lines >= 0).all():
        raise SchemaError(msg("Costs and cutoffs must be 0 or more."))
    if not width_m > 0:
        raise SchemaError(msg("The width of an isochrone must be above 0 m."))

    shapes: list[BaseGeometry] = []
    inner: BaseGeometry = shapely.MultiPolygon()
    for cutoff in lines:
        pieces = _reached(xy, near, far, length, cost, float(cutoff))
        # the round corners of a cut piece can stick out of the longer piece by a hair: keep what was drawn before
        # each piece by itself: one buffer of a whole town of roads takes many times as long
        inner = shapely.union_all([*shapely.buffer(shapely.get_parts(pieces), width_m), inner])
        shapes.append(inner)
    return gpd.GeoDataFrame({"cutoff": lines}, geometry=shapes, crs=crs)


def _reached(
    xy: NDArray[np.float64],
    near: NDArray[np.int64],
    far: NDArray[np.int64],
    length: NDArray[np.float64],
    cost: NDArray[np.float64],
    cutoff: float,
) -> BaseGeometry:
    """Collect the pieces of road within a cutoff, each piece of a whole road once."""
    open_arc = np.isfinite(length) & (cost[near] <= cutoff) & (near != far)
    near, far, length = near[open_arc], far[open_arc], length[open_arc]
    left = cutoff - cost[near]
    whole = length <= left
    a, b = np.minimum(near, far)[whole], np.maximum(near, far)[whole]
    edges = np.unique(np.column_stack((a, b)), axis=0) if whole.any() else np.zeros((0, 2), dtype=np.int64)
    complete = shapely.linestrings(xy[edges]) if len(edges) else np.zeros(0, dtype=object)

    cut = ~whole & (left > 0)
    start = xy[near[cut]]
    end = start + (xy[far[cut]] - start) * (left[cut] / length[cut])[:, None]
    partial = shapely.linestrings(np.stack((start, end), axis=1)) if cut.any() else np.zeros(0, dtype=object)

    nodes = shapely.points(xy[cost <= cutoff])
    merged = shapely.line_merge(shapely.multilinestrings(complete)) if len(edges) else shapely.MultiLineString()
    return shapely.geometrycollections([*shapely.get_parts(merged), *partial, *_lonely(nodes, cost, cutoff, near)])


def _lonely(
    nodes: NDArray[np.object_], cost: NDArray[np.float64], cutoff: float, near: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Keep the nodes within the cutoff from which no arc goes on: there the drawing would miss the node itself."""
    within = np.flatnonzero(cost <= cutoff)
    on = np.zeros(cost.size, dtype=bool)
    on[near[cost[near] < cutoff]] = True
    return nodes[~on[within]]

"""Catchment polygons: the land divided among the places where pupils live, and joined by the school they go to."""

from __future__ import annotations

import logging
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry.base import BaseGeometry

from planning.errors import CrsError, SchemaError, msg

__all__ = ["catchment_polygons"]

logger = logging.getLogger(__name__)

_SAME_SPOT_M = 0.01
"""Places nearer to each other than this are one spot [m]."""
_AT_THE_LINE_M = 0.01
"""A place this near to the county line counts as outside of it, so that its own square keeps it in its polygon [m]."""


def catchment_polygons(
    cells: gpd.GeoDataFrame,
    site: pd.Series[Any],
    *,
    boundary: BaseGeometry | None = None,
    cell_size_m: float = 100.0,
    margin_m: float = 500.0,
    amounts: pd.DataFrame | None = None,
    extra: pd.DataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Draw the catchment of each school as the land that lies nearest to the cells that go there.

    Catchments and unreachable land together tile the county: they share their lines, without gap or overlap. Every cell lies in
    the polygon of its own school. Cells on one spot that go to different schools lie on the line between them.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame
        Points where pupils live, index ``cell_id``, in a projected CRS [m].
    site : pandas.Series
        School of each cell, on the index of ``cells``; NA where it reaches none.
    boundary : shapely geometry, optional
        The county, a (Multi)Polygon in the CRS of ``cells``. Without it the land within ``margin_m`` of a cell is drawn.
    cell_size_m : float
        Side of a grid cell [m]. A cell whose centre lies outside of the boundary brings a square of this size along.
    margin_m : float
        How far the land reaches beyond the cells where there is no boundary [m].
    amounts : pandas.DataFrame, optional
        Numbers of each cell, on the index of ``cells``, summed up into both tables, such as pupils.
    extra : pandas.DataFrame, optional
        Columns of each school, by its id, such as its name; joined to the catchments.

    Returns
    -------
    catchments : geopandas.GeoDataFrame
        Index ``site_id``, ascending: ``cells`` (their number), summed ``amounts``, ``extra``, and (Multi)Polygons.
    unreachable : geopandas.GeoDataFrame
        The same for the cells without a school, one row for each connected piece of land; without ``extra``.

    Raises
    ------
    CrsError
        If the cells have no projected CRS.
    SchemaError
        If there are no cells, one has no place, the indexes do not fit each other or the boundary is no area.
    """
    _check(cells, site, boundary)
    xy = shapely.get_coordinates(cells.geometry.to_numpy())
    ids = site.reindex(cells.index)
    codes, names = pd.factorize(ids.astype(object), sort=True)  # -1 where unreachable
    land = _land(cells.geometry.to_numpy(), boundary, cell_size_m, margin_m)
    faces, labels = _faces(xy, codes, land)

    sums = pd.DataFrame({"cells": 1}, index=cells.index)
    if amounts is not None:
        sums = sums.join(amounts)
    by_site = sums.groupby(codes).sum()
    shapes = [_join_parts(faces[labels == code]) for code in range(len(names))]
    index = pd.Index(names, name="site_id", dtype=object)
    table = by_site.reindex(range(len(names))).set_axis(index)
    if extra is not None:
        table = table.join(extra)
    catchments = gpd.GeoDataFrame(table, geometry=shapes, crs=cells.crs)

    alone = faces[labels == -1]
    lost = np.flatnonzero(codes < 0)
    piece = _piece_of(alone, cells.geometry.to_numpy()[lost])
    left = sums.iloc[lost].groupby(piece).sum().reindex(range(alone.size), fill_value=0)
    unreachable = gpd.GeoDataFrame(left.rename_axis("piece"), geometry=list(alone), crs=cells.crs)
    logger.info("%d catchments; %d of %d cells reach no school", len(catchments), lost.size, len(cells))
    return catchments, unreachable


def _check(cells: gpd.GeoDataFrame, site: pd.Series[Any], boundary: BaseGeometry | None) -> None:
    """Refuse what cannot be drawn."""
    if cells.crs is None or not cells.crs.is_projected:
        raise CrsError(msg("Catchments are drawn in metres: give the cells in a projected coordinate system."))
    if len(cells) == 0:
        raise SchemaError(msg("There are no cells, so there is nothing to draw catchments around."))
    points = cells.geometry.to_numpy()
    if not (shapely.get_type_id(points) == 0).all() or shapely.is_empty(points).any():
        raise SchemaError(msg("Every cell must be a point with coordinates."))
    if not cells.index.is_unique or not site.index.is_unique or (site.index.get_indexer(cells.index) < 0).any():
        raise SchemaError(msg("Every cell needs one line that says which school it goes to, or that it reaches none."))
    if boundary is not None and (boundary.is_empty or boundary.area == 0):
        raise SchemaError(msg("The boundary of the county is no area."))


def _land(
    points: NDArray[np.object_], boundary: BaseGeometry | None, cell_size_m: float, margin_m: float
) -> BaseGeometry:
    """Give the land to be divided; every cell lies well inside of it."""
    xy = shapely.get_coordinates(points)
    if boundary is None:
        # squares of a coarse grid first: their union is cheap however many cells there are
        step = max(margin_m, 1.0)
        corner = np.unique(np.floor(xy / step), axis=0) * step
        squares = shapely.coverage_union_all(
            shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + step, corner[:, 1] + step)
        )
        return shapely.buffer(squares, step, quad_segs=4)
    county = boundary if boundary.is_valid else shapely.make_valid(boundary)
    shapely.prepare(county)
    line = shapely.boundary(county)
    shapely.prepare(line)
    outside = ~shapely.contains_properly(county, points) | shapely.dwithin(line, points, _AT_THE_LINE_M)
    if not outside.any():
        return county
    x, y = xy[outside].T
    half = cell_size_m / 2
    return shapely.union_all([county, *shapely.box(x - half, y - half, x + half, y + half)])


def _faces(
    xy: NDArray[np.float64], codes: NDArray[np.intp], land: BaseGeometry
) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """
    Cut the land into pieces, each of one school.

    Only lines between cells of different schools are drawn. They are noded together with the line of the land once, so that
    neighbours share every vertex.
    """
    seeds, seed_codes, spots = _seeds(xy, codes)
    lines = _lines_between(seeds, seed_codes, spots, shapely.bounds(land))
    noded = shapely.union_all([*lines, shapely.boundary(land)])
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inner = shapely.point_on_surface(pieces)
    shapely.prepare(land)
    kept = shapely.contains(land, inner)
    pieces, inner = pieces[kept], inner[kept]
    _, nearest = cKDTree(seeds).query(shapely.get_coordinates(inner))
    return np.asarray(pieces, dtype=object), seed_codes[nearest]


def _seeds(
    xy: NDArray[np.float64], codes: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """
    Give the points around which the land is divided, the school of each, and the spots that several schools share.

    A spot with several schools becomes a ring of points about it, one for each school: their regions meet on the spot.
    """
    tree = cKDTree(xy)
    pairs = tree.query_pairs(_SAME_SPOT_M, output_type="ndarray")
    spot_of = np.arange(len(xy))
    while pairs.size:  # the lowest number spreads over each cluster; clusters are tiny
        lowest = spot_of.copy()
        np.minimum.at(lowest, pairs[:, 0], spot_of[pairs[:, 1]])
        np.minimum.at(lowest, pairs[:, 1], spot_of[pairs[:, 0]])
        if (lowest == spot_of).all():
            break
        spot_of = lowest
    table = pd.DataFrame({"spot": spot_of, "code": codes}).drop_duplicates().sort_values(["spot", "code"])
    count = table.groupby("spot")["code"].transform("size").to_numpy()
    spot, code = table["spot"].to_numpy(), table["code"].to_numpy()
    seeds = xy[spot].copy()
    shared = count > 1
    if shared.any():
        spots = np.unique(spot)
        gap = np.full(len(xy), 4.0)
        if spots.size > 1:
            apart, _ = cKDTree(xy[spots]).query(xy[spots], k=[2])
            gap[spots] = np.asarray(apart)[:, 0]
        turn = table.groupby("spot").cumcount().to_numpy()[shared] / count[shared]
        radius = np.minimum(gap[spot[shared]] / 4, 1.0)
        angle = 2 * np.pi * turn + 0.5  # not along an axis, where lines of a grid run
        seeds[shared] += radius[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    return seeds, code, xy[np.unique(spot[shared])]


def _lines_between(
    seeds: NDArray[np.float64], codes: NDArray[np.intp], spots: NDArray[np.float64], bounds: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Draw the Voronoi edges between seeds of different schools, through shared spots exactly."""
    low, high = bounds[:2], bounds[2:]
    reach = 10 * max(float((high - low).max()), 1.0)
    middle = (low + high) / 2
    turn = 2 * np.pi * (np.arange(8) + 0.3) / 8
    far = middle + reach * np.column_stack((np.cos(turn), np.sin(turn)))  # closes every region that meets the land
    diagram = Voronoi(np.vstack((seeds, far)) - middle)  # near to the origin, coordinates keep more digits
    corners_at = diagram.vertices + middle
    all_codes = np.concatenate((codes, np.full(8, -2)))
    between = all_codes[diagram.ridge_points[:, 0]] != all_codes[diagram.ridge_points[:, 1]]
    between &= (diagram.ridge_points < len(seeds)).all(axis=1)
    ends = np.asarray(diagram.ridge_vertices)[between]
    start, stop = corners_at[ends[:, 0]], corners_at[ends[:, 1]]
    long = (start != stop).any(axis=1)
    coordinates = np.stack((start[long], stop[long]), axis=1)
    lines = shapely.linestrings(coordinates)
    if not spots.size or not len(lines):
        return np.asarray(lines, dtype=object)
    # rounding lets an edge miss its spot by a hair: put the spot itself on it
    points = shapely.points(spots)
    at, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=1e-5)
    bent: list[Any] = list(lines)
    for spot, edge in zip(spots[at], line, strict=True):
        a, b = coordinates[edge]
        if min(np.hypot(*(a - spot)), np.hypot(*(b - spot))) < 1e-5:
            corners = [spot if np.hypot(*(end - spot)) < 1e-5 else end for end in (a, b)]
        else:
            corners = [a, spot, b]
        bent[edge] = shapely.LineString(corners)
    return np.asarray(bent, dtype=object)


def _join_parts(parts: NDArray[np.object_]) -> BaseGeometry:
    """Make one geometry of the pieces of a school, which touch in single points at most."""
    if parts.size == 1:
        return parts[0]
    return shapely.multipolygons(parts)


def _piece_of(pieces: NDArray[np.object_], points: NDArray[np.object_]) -> NDArray[np.intp]:
    """Say in which piece each point lies; on a line between two, the first."""
    if pieces.size == 0 or points.size == 0:
        return np.zeros(points.size, dtype=np.intp)
    point, piece = shapely.STRtree(pieces).query_nearest(points, all_matches=False)
    where = np.zeros(points.size, dtype=np.intp)
    where[point] = piece
    return where

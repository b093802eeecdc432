"""
Places where a school may be built: on a road, among children, on ground that is allowed.

A county has tens of thousands of road nodes and a model wants some hundreds of candidates. A wide net comes first, so that
remote valleys are not starved by the town; then the places with the most children are filled in, more densely in towns.
"""

from __future__ import annotations

import logging
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from planning.errors import Message, msg

__all__ = ["BUFFER_M", "REASONS", "WHY", "CandidateOptions", "make_candidates"]

logger = logging.getLogger(__name__)

BUFFER_M: Mapping[str, float] = MappingProxyType({"railway": 300.0, "trunk_road": 80.0, "expressway": 80.0})
"""Distance to keep from each kind of exclusion where its row gives none [m]: GB 50099-2011 clause 4.1.6 (between the windows
of teaching rooms and the track or road, unless sound is kept out). Every other kind excludes its own area alone."""

#: Why a place is a candidate; the codes stand in the column ``why``.
WHY: Mapping[str, Message] = MappingProxyType(
    {
        "reach": msg("so that every inhabited area has a candidate near"),
        "town": msg("many children live near, in town"),
        "village": msg("children live near"),
    }
)

#: Why a place is none; the codes stand in the column ``reason``.
REASONS: Mapping[str, Message] = MappingProxyType(
    {
        "excluded": msg("inside land where no school may stand, or too near to it"),
        "steep": msg("the ground is too steep"),
        "near_school": msg("a school stands there already"),
        "few_children": msg("too few children live near"),
        "over_limit": msg("more places than the largest number of candidates"),
    }
)


@dataclass(frozen=True)
class CandidateOptions:
    """
    How candidates are chosen; all are tool defaults but the buffers.

    Parameters
    ----------
    most : int
        Largest number of candidates.
    spacing_m, town_spacing_m : float
        Least distance between candidates, outside towns and where one of the two is in town [m].
    reach_spacing_m : float
        Spacing of the wide net laid first [m].
    reach_share : float
        Share of ``most`` that the net may use up.
    town_people : float
        From so many people within ``near_m`` a place is in town [people].
    near_m : float
        Radius in which people and children are counted for the ranking [m].
    least_children, children_within_m : float
        Fewest children within that distance of a candidate [children], [m].
    school_distance_m : float
        Least distance from an existing school [m].
    steepest_deg : float
        Steepest ground [degrees]; unknown slope is allowed.
    buffer_m : Mapping
        Distance to keep by kind of exclusion, where its row gives none [m].
    name_within_m : float
        A candidate is named after a place no further than this [m].
    """

    most: int = 400
    spacing_m: float = 800.0
    town_spacing_m: float = 400.0
    reach_spacing_m: float = 2000.0
    reach_share: float = 0.6
    town_people: float = 3000.0
    near_m: float = 1000.0
    least_children: float = 10.0
    children_within_m: float = 3000.0
    school_distance_m: float = 200.0
    steepest_deg: float = 15.0
    buffer_m: Mapping[str, float] = field(default_factory=lambda: BUFFER_M)
    name_within_m: float = 2000.0


def make_candidates(
    cells: gpd.GeoDataFrame,
    nodes_xy: ArrayLike,
    *,
    townships: gpd.GeoDataFrame | None = None,
    exclusions: gpd.GeoDataFrame | None = None,
    slope_deg: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
    schools_xy: ArrayLike | None = None,
    places: gpd.GeoDataFrame | None = None,
    options: CandidateOptions | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Choose places where a school may be built.

    Road nodes are thinned to one for each square of half the town spacing, the allowed ones of a square first. What is
    left is taken by number of children near, at least the spacing apart, until ``most`` is reached. The answer does not
    depend on the order of any table.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame, shape (n_cells, ...)
        As in ``schemas.cells_schema``: ``population``, ``pupils_{band}``, ``name``. Cells in the margin count for nothing.
    nodes_xy : array_like, shape (n_nodes, 2)
        Road nodes that can be walked to, in the system of ``cells`` [m].
    townships : geopandas.GeoDataFrame, optional
        Polygons with ``name``. Where there are any, candidates lie in one of them.
    exclusions : geopandas.GeoDataFrame, optional
        ``kind``, ``buffer_m`` [m] (NaN: the default of its kind) and geometry.
    slope_deg : callable, optional
        Slope of the ground at places, shape (n, 2) [m] -> (n,) [degrees], NaN where unknown.
    schools_xy : array_like, shape (n_schools, 2), optional
        Open schools [m].
    places : geopandas.GeoDataFrame, optional
        Points with ``name`` to name candidates after, such as villages; named cells serve as well.
    options : CandidateOptions, optional
        Other choices than the defaults.

    Returns
    -------
    candidates : geopandas.GeoDataFrame, shape (n_candidates, ...)
        As in ``schemas.CANDIDATES``: ``N001`` ... from north to south; ``why`` is a key of ``WHY``; besides,
        ``children_near`` int64 within ``near_m`` [children].
    rejected : geopandas.GeoDataFrame, shape (n_rejected, ...)
        One row a square of the thinning that yields no candidate for a reason other than the spacing: ``reason``, a key of
        ``REASONS``, and the place.
    """
    chosen_options = options or CandidateOptions()
    inside = cells[~cells["in_margin"].to_numpy(dtype=bool)] if "in_margin" in cells else cells
    people_xy = shapely.get_coordinates(inside.geometry.array)
    population = inside["population"].to_numpy(dtype=float)
    children = inside.filter(regex="^pupils_").sum(axis=1).to_numpy(dtype=float)
    lived_in = (population > 0) | (children > 0)
    people_xy, population, children = people_xy[lived_in], population[lived_in], children[lived_in]

    xy = np.unique(np.asarray(nodes_xy, dtype=float).reshape(-1, 2), axis=0)
    xy = xy[np.isfinite(xy).all(axis=1)]
    if len(people_xy):
        reach, _ = cKDTree(people_xy).query(xy, distance_upper_bound=chosen_options.near_m)
        xy = xy[np.isfinite(reach)]
    else:
        xy = xy[:0]
    if townships is not None and len(townships):
        xy = xy[_touching(xy, townships.geometry.array, np.zeros(len(townships)))]
    reason = _reasons(xy, exclusions=exclusions, slope_deg=slope_deg, schools_xy=schools_xy, options=chosen_options)
    kept = _thinned(xy, reason, square_m=chosen_options.town_spacing_m / 2)
    xy, reason = xy[kept], reason[kept]

    near = _sum_within(xy, people_xy, np.column_stack([population, children]), chosen_options.near_m)
    around = _sum_within(xy, people_xy, children[:, None], chosen_options.children_within_m)[:, 0]
    reason[(reason == "") & (around < chosen_options.least_children)] = "few_children"
    why = np.where(near[:, 0] >= chosen_options.town_people, "town", "village").astype(object)
    allowed = np.flatnonzero(reason == "")
    taken, wide, over = _spaced(xy[allowed], near[allowed], options=chosen_options)
    reason[allowed[over]] = "over_limit"
    taken_at = allowed[taken]
    why[taken_at[wide & (why[taken_at] == "village")]] = "reach"

    order = np.lexsort((xy[taken_at, 0], -xy[taken_at, 1]))
    taken_at = taken_at[order]
    candidates = gpd.GeoDataFrame(
        {
            "township": _township_of(xy[taken_at], townships),
            "why": pd.Series(why[taken_at], dtype="str"),
            "children_near": near[taken_at, 1].astype(np.int64),
        },
        geometry=gpd.points_from_xy(xy[taken_at, 0], xy[taken_at, 1]),
        crs=cells.crs,
    )
    names = _names(xy[taken_at], candidates["township"], cells, places, options=chosen_options)
    candidates.insert(0, "name", pd.Series(names, dtype="str"))
    candidates.index = pd.Index([f"N{n + 1:03d}" for n in range(len(candidates))], name="candidate_id", dtype="str")
    told = np.flatnonzero(reason != "")
    rejected = gpd.GeoDataFrame(
        {"reason": pd.Series(reason[told], dtype="str")},
        geometry=gpd.points_from_xy(xy[told, 0], xy[told, 1]),
        crs=cells.crs,
    )
    logger.info("%d candidates; rejected: %s", len(candidates), rejected["reason"].value_counts().to_dict())
    return candidates, rejected


def _touching(xy: NDArray[np.float64], geometry: ArrayLike, buffer_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which places lie in or on one of the shapes, or within its buffer."""
    hit = np.zeros(len(xy), dtype=bool)
    shapes = np.asarray(geometry, dtype=object)
    if len(xy) and len(shapes):
        tree = shapely.STRtree(shapely.points(xy))
        _, of_point = tree.query(shapes, predicate="dwithin", distance=buffer_m)
        hit[of_point] = True
    return hit


def _reasons(
    xy: NDArray[np.float64],
    *,
    exclusions: gpd.GeoDataFrame | None,
    slope_deg: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None,
    schools_xy: ArrayLike | None,
    options: CandidateOptions,
) -> NDArray[np.object_]:
    """Give the first reason that forbids each place, "" where none does."""
    reason = np.full(len(xy), "", dtype=object)
    schools = np.empty((0, 2)) if schools_xy is None else np.asarray(schools_xy, dtype=float).reshape(-1, 2)
    schools = schools[np.isfinite(schools).all(axis=1)]
    if len(schools) and len(xy):
        gap, _ = cKDTree(schools).query(xy)
        reason[gap < options.school_distance_m] = "near_school"
    if slope_deg is not None and len(xy):
        reason[np.asarray(slope_deg(xy), dtype=float) > options.steepest_deg] = "steep"  # NaN is not steeper
    if exclusions is not None and len(exclusions):
        default = exclusions["kind"].map(dict(options.buffer_m)).fillna(0.0)
        buffer_m = exclusions["buffer_m"].astype(float).fillna(default).to_numpy(dtype=float)
        reason[_touching(xy, exclusions.geometry.array, buffer_m)] = "excluded"
    return reason


def _thinned(xy: NDArray[np.float64], reason: NDArray[np.object_], *, square_m: float) -> NDArray[np.int64]:
    """Keep one place of each square: an allowed one before others, then the one nearest to the middle, then the lowest."""
    square = np.floor(xy / square_m)
    off_centre = np.hypot(*(xy - (square + 0.5) * square_m).T)
    order = np.lexsort((xy[:, 1], xy[:, 0], np.round(off_centre, 6), reason != "", square[:, 1], square[:, 0]))
    new = np.ones(len(xy), dtype=bool)
    new[1:] = (np.diff(square[order], axis=0) != 0).any(axis=1)
    return np.sort(order[new])


def _sum_within(
    xy: NDArray[np.float64], people_xy: NDArray[np.float64], amounts: NDArray[np.float64], radius_m: float
) -> NDArray[np.float64]:
    """Sum the amounts that lie within a radius of each place; people are first gathered in squares of a tenth of it."""
    if not len(xy) or not len(people_xy):
        return np.zeros((len(xy), amounts.shape[1]))
    squares, of_square = np.unique(np.floor(people_xy / (radius_m / 10)), axis=0, return_inverse=True)
    gathered = [np.bincount(of_square.ravel(), weights=amount) for amount in amounts.T]
    centre = (squares + 0.5) * (radius_m / 10)
    pairs = cKDTree(xy).sparse_distance_matrix(cKDTree(centre), radius_m, output_type="ndarray")
    # Sums of whole children are exact; those of people are rounded so that the order of rows cannot show.
    sums = [np.bincount(pairs["i"], weights=amount[pairs["j"]], minlength=len(xy)) for amount in gathered]
    return np.round(np.column_stack(sums).astype(float), 6)


def _spaced(
    xy: NDArray[np.float64], near: NDArray[np.float64], *, options: CandidateOptions
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Take places by number of children: a wide net, then the fill. Give those taken, which are of the net, those over."""
    order = np.lexsort((xy[:, 1], xy[:, 0], -near[:, 0], -near[:, 1]))
    tree = cKDTree(xy) if len(xy) else None
    in_town = near[:, 0] >= options.town_people
    blocked = np.zeros(len(xy), dtype=bool)  # nearer to a taken place than the spacing of the fill
    taken: list[int] = []
    wide: list[bool] = []
    for net, most in ((True, int(options.reach_share * options.most)), (False, options.most)):
        covered = np.zeros(len(xy), dtype=bool)
        for place in order:
            if tree is None or len(taken) >= most:
                break
            if blocked[place] or (net and covered[place]):
                continue
            taken.append(int(place))
            wide.append(net)
            close = np.array(tree.query_ball_point(xy[place], options.spacing_m))
            gap = np.hypot(*(xy[close] - xy[place]).T)
            spacing = np.where(in_town[close] | in_town[place], options.town_spacing_m, options.spacing_m)
            blocked[close[gap < spacing]] = True
            blocked[place] = True
            if net:
                covered[tree.query_ball_point(xy[place], options.reach_spacing_m)] = True
    over = np.flatnonzero(~blocked) if len(taken) >= options.most else np.empty(0, dtype=np.int64)
    return np.array(taken, dtype=np.int64), np.array(wide, dtype=bool), over


def _township_of(xy: NDArray[np.float64], townships: gpd.GeoDataFrame | None) -> pd.Series:
    names = np.full(len(xy), "", dtype=object)
    if townships is not None and len(townships) and len(xy):
        ordered = townships.sort_index()
        of_point, of_township = ordered.sindex.query(shapely.points(xy), predicate="intersects")
        lowest = np.full(len(xy), len(ordered), dtype=np.int64)
        np.minimum.at(lowest, of_point, of_township)
        names = np.append(ordered["name"].astype(str).to_numpy(dtype=object), "")[lowest]
    return pd.Series(names, dtype="str")


def _names(
    xy: NDArray[np.float64],
    township: pd.Series,
    cells: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame | None,
    *,
    options: CandidateOptions,
) -> list[str]:
    """Name each after the nearest place, else its township; where several share a name they are lettered A, B, ..."""
    tables = [table for table in (places, cells) if table is not None and "name" in table]
    names = np.concatenate(
        [table["name"].astype(str).to_numpy(dtype=object) for table in tables] or [np.empty(0, object)]
    )
    place_xy = np.concatenate([shapely.get_coordinates(table.geometry.array) for table in tables] or [np.empty((0, 2))])
    place_xy, names = place_xy[names != ""], names[names != ""]
    order = np.lexsort((place_xy[:, 1], place_xy[:, 0], names))
    place_xy, names = place_xy[order], names[order]
    stems = township.to_numpy(dtype=object).copy()
    if len(names) and len(xy):
        gap, nearest = map(np.asarray, cKDTree(place_xy).query(xy, distance_upper_bound=options.name_within_m))
        stems[np.isfinite(gap)] = names[nearest[np.isfinite(gap)]]
    stem = pd.Series(stems, dtype="str")
    rank, count = stem.groupby(stem).cumcount(), stem.groupby(stem).transform("size")
    return [
        f"{name} {_letters(int(r))}".strip() if n > 1 else str(name)
        for name, r, n in zip(stem, rank, count, strict=True)
    ]


def _letters(rank: int) -> str:
    """Count in letters: A ... Z, AA, AB ..."""
    letters = ""
    rank += 1
    while rank:
        rank, digit = divmod(rank - 1, 26)
        letters = string.ascii_uppercase[digit] + letters
    return letters

"""Who may board, in how many beds, and how far a hub is: what the questions about boarding share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from planning.scenario.limits import BandLimit, limit_of_question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.network.modes import Mode
    from planning.scenario.county import County

__all__ = ["beds_of", "may_board", "to_places", "weekly_limit"]


def may_board(county: County, band: str) -> bool:
    """
    Say whether children of a band may board.

    Parameters
    ----------
    county : County
        Holds the rule pack.
    band : str
        Grade band.

    Returns
    -------
    bool
        As the pack says.
    """
    return county.pack.needed(f"bands.{band}.may_board").yes


def beds_of(county: County, schools: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """
    Give the beds of each school; unknown beds are none, since a bed that nobody has counted cannot be promised.

    Parameters
    ----------
    county : County
        Holds the table of schools.
    schools : geopandas.GeoDataFrame
        The schools asked about.

    Returns
    -------
    numpy.ndarray, shape (n_schools,)
        Beds.
    """
    known = county.schools["beds"].reindex(schools.index)
    beds: NDArray[np.float64] = known.astype("Float64").fillna(0).to_numpy(dtype=float)
    return beds


def to_places(
    county: County, mode: Mode, schools: gpd.GeoDataFrame, hubs: gpd.GeoDataFrame, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """
    Look up minutes and metres to the schools and the hub places, one column each.

    Parameters
    ----------
    county : County
        Holds the tables of costs.
    mode : str
        walk, bike or drive.
    schools : geopandas.GeoDataFrame
        As `stage_sites` gives them.
    hubs : geopandas.GeoDataFrame
        Further places: ``place_id`` and the point.
    rows : numpy.ndarray of int64, shape (n_rows,)
        Positions of the cells.

    Returns
    -------
    tuple of numpy.ndarray of float32, shape (n_rows, n_schools + n_hubs)
        Minutes [min] at the mode's reference speed, and metres [m]; inf where there is no way.
    """
    book, extra = county.costs.schools(mode), county.costs.candidates(mode)
    in_extra = extra.cell_ids.get_indexer(county.cells.index[rows])
    ids = [*schools.index, *hubs["place_id"]]
    points = [*schools.geometry, *hubs.geometry]
    moved = dict(zip(schools.index, schools["is_moved"], strict=True))
    time = np.empty((len(rows), len(ids)), dtype=np.float32)
    distance = np.empty_like(time)
    elsewhere = []
    for column, place in enumerate(ids):
        if place in book.site_ids and not moved.get(place, False):
            at = book.site_ids.get_loc(place)
            time[:, column], distance[:, column] = book.time_min[rows, at], book.distance_m[rows, at]
        elif place in extra.site_ids and not moved.get(place, False):
            at = extra.site_ids.get_loc(place)
            time[:, column], distance[:, column] = extra.time_min[in_extra, at], extra.distance_m[in_extra, at]
        else:
            elsewhere.append(column)
    if elsewhere:
        swept = county.costs.to_points(mode, [(points[column].x, points[column].y) for column in elsewhere])
        time[:, elsewhere], distance[:, elsewhere] = swept.time_min[rows], swept.distance_m[rows]
    return time, distance


def weekly_limit(county: County, question: Question, band: str) -> BandLimit:
    """
    Give the longest weekly way of a band's boarders: the question's own, else the pack's.

    Parameters
    ----------
    county : County
        Holds the rule pack.
    question : Question
        May have a limit of its own.
    band : str
        Grade band.

    Returns
    -------
    BandLimit
        Without any limit where neither sets one.
    """
    if question.weekly_limit is not None:
        return limit_of_question(question.weekly_limit, county.project, county.pack, band)
    longest = county.pack.number(f"bands.{band}.weekly_time_limit")
    return BandLimit() if longest is None else BandLimit(time_min=longest)

"""A stage's state in numbers: indicators of the whole county and of each township, boarders regarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.access.indicators import access_indicators, access_indicators_by, seat_indicators
from planning.scenario.off_road import share_off_road

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["StageRows", "indicators", "indicators_by_township"]


@dataclass(frozen=True)
class StageRows:
    """
    The (cell, band) pairs of a stage that pupils live in, and how they fare.

    Parameters
    ----------
    township : numpy.ndarray of str, shape (n_rows,)
        Where each lies; "" where unknown.
    pupils : numpy.ndarray of int64, shape (n_rows,)
        Day pupils [pupils].
    boarders : numpy.ndarray of int64, shape (n_rows,)
        Pupils who board [pupils].
    distance_m, time_min, off_road_m : numpy.ndarray of float32, shape (n_rows,)
        Way to the nearest school that teaches the band [m, min, m]; inf where there is none.
    within_limit : numpy.ndarray of bool, shape (n_rows,)
        Whether that way keeps the band's limit.
    has_limit : bool
        False where no band of the stage has a limit at all.
    no_seat, out_of_reach : numpy.ndarray of int64, shape (n_rows,)
        Day pupils in reach without a seat, and out of reach [pupils].
    allocated_m : numpy.ndarray of float64, shape (n_rows,)
        Sum of the ways of the row's pupils to the schools where they have a seat [pupil-metres].
    """

    township: NDArray[np.object_]
    pupils: NDArray[np.int64]
    boarders: NDArray[np.int64]
    distance_m: NDArray[np.float32]
    time_min: NDArray[np.float32]
    off_road_m: NDArray[np.float32]
    within_limit: NDArray[np.bool_]
    has_limit: bool
    no_seat: NDArray[np.int64]
    out_of_reach: NDArray[np.int64]
    allocated_m: NDArray[np.float64]


def indicators(stage: str, rows: StageRows, seats: pd.Series, *, off_road_share: float | None = None) -> pd.DataFrame:
    """
    Measure a stage.

    Parameters
    ----------
    stage : str
        The stage.
    rows : StageRows
        How its pupils fare.
    seats : pandas.Series
        Seats of each open school; NA where unknown.
    off_road_share : float, optional
        Also count the pupils who go more of their way than this off the roads [-].

    Returns
    -------
    pandas.DataFrame
        ``stage, indicator, value, unit``. Ways are those of day pupils; a boarder counts as served and within the limit.
    """
    table = access_indicators(rows.pupils, **_arguments(rows)).assign(group="")
    served = int(rows.pupils.sum() - rows.no_seat.sum() - rows.out_of_reach.sum())
    table = _with_boarders(table, rows, np.zeros(len(rows.pupils), dtype=np.int64)).drop(columns="group")
    reached = rows.distance_m[(rows.pupils > 0) & np.isfinite(rows.distance_m)]
    more = [
        ("max_distance", float(reached.max()) if reached.size else np.nan, "m"),
        ("mean_distance_allocated", float(rows.allocated_m.sum()) / served if served else np.nan, "m"),
    ]
    if off_road_share is not None:
        beyond = share_off_road(rows.distance_m, rows.off_road_m) > off_road_share
        more.append(("pupils_off_road", float(rows.pupils[beyond].sum()), "pupil"))
    pupils = int(rows.pupils.sum() + rows.boarders.sum())
    added = pd.DataFrame(more, columns=["indicator", "value", "unit"])
    found = pd.concat([table, added, seat_indicators(seats, pupils)], ignore_index=True)
    found.insert(0, "stage", stage)
    return found


def indicators_by_township(stage: str, rows: StageRows) -> pd.DataFrame:
    """
    Measure a stage in each township.

    Parameters
    ----------
    stage : str
        The stage.
    rows : StageRows
        How its pupils fare.

    Returns
    -------
    pandas.DataFrame
        ``township, stage, indicator, value, unit``.
    """
    table = access_indicators_by(rows.township, rows.pupils, **_arguments(rows))
    columns = ["township", "stage", "indicator", "value", "unit"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    place = pd.Index(table["group"].unique()).get_indexer(pd.Index(rows.township))
    table = _with_boarders(table, rows, place).rename(columns={"group": "township"})
    return table.assign(stage=stage)[columns]


def _arguments(rows: StageRows) -> Mapping[str, NDArray[np.generic]]:
    return {
        "distance_m": rows.distance_m,
        "time_min": rows.time_min,
        "off_road_m": rows.off_road_m,
        "within_limit": rows.within_limit,
        "no_seat": rows.no_seat,
        "out_of_reach": rows.out_of_reach,
    }


def _with_boarders(table: pd.DataFrame, rows: StageRows, place: NDArray[np.int64]) -> pd.DataFrame:
    """
    Add those who board to the counts of each group, as served and within the limit; their daily way is none.

    ``place`` is the number of each row's group, in the order in which the table has them.
    """
    names = table["group"].unique()
    day, boarders = (np.bincount(place, weights=count, minlength=len(names)) for count in (rows.pupils, rows.boarders))
    of_group = pd.Index(names).get_indexer(pd.Index(table["group"]))
    value = table["value"].to_numpy(dtype=np.float64, copy=True)
    indicator = table["indicator"].to_numpy(dtype=object)
    for name in ("pupils", "served"):
        value[indicator == name] += boarders[of_group[indicator == name]]
    share = np.flatnonzero(indicator == "share_within_limit")
    boards = share[boarders[of_group[share]] > 0]
    at = of_group[boards]
    within = np.where(day[at] > 0, value[boards] * day[at], 0.0) + boarders[at]
    value[boards] = within / (day[at] + boarders[at])
    if not rows.has_limit:
        value[share] = np.nan
    more = pd.DataFrame({"group": names, "indicator": "boarders", "value": boarders, "unit": "pupil"})
    every = pd.concat([table.assign(value=value), more], ignore_index=True)
    order = np.argsort(np.concatenate([of_group, np.arange(len(names))]), kind="stable")
    return every.iloc[order].reset_index(drop=True)

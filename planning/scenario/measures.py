"""A stage's state in numbers: indicators of the whole county and of each township, boarders regarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.access.indicators import access_indicators, access_indicators_by, seat_indicators

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


def indicators(stage: str, rows: StageRows, seats: pd.Series) -> pd.DataFrame:
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

    Returns
    -------
    pandas.DataFrame
        ``stage, indicator, value, unit``. Ways are those of day pupils; a boarder counts as served and within the limit.
    """
    table = access_indicators(rows.pupils, **_arguments(rows))
    served = int(rows.pupils.sum() - rows.no_seat.sum() - rows.out_of_reach.sum())
    table = _with_boarders(table, int(rows.pupils.sum()), int(rows.boarders.sum()), has_limit=rows.has_limit)
    reached = rows.distance_m[(rows.pupils > 0) & np.isfinite(rows.distance_m)]
    more = pd.DataFrame(
        [
            ("max_distance", float(reached.max()) if reached.size else np.nan, "m"),
            ("mean_distance_allocated", float(rows.allocated_m.sum()) / served if served else np.nan, "m"),
        ],
        columns=["indicator", "value", "unit"],
    )
    pupils = int(rows.pupils.sum() + rows.boarders.sum())
    found = pd.concat([table, more, seat_indicators(seats, pupils)], ignore_index=True)
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
    parts = []
    for township, part in table.groupby("group", sort=True):
        here = rows.township == township
        part = _with_boarders(
            part.drop(columns="group"),
            int(rows.pupils[here].sum()),
            int(rows.boarders[here].sum()),
            has_limit=rows.has_limit,
        )
        parts.append(part.assign(township=township, stage=stage))
    columns = ["township", "stage", "indicator", "value", "unit"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _arguments(rows: StageRows) -> Mapping[str, NDArray[np.generic]]:
    return {
        "distance_m": rows.distance_m,
        "time_min": rows.time_min,
        "off_road_m": rows.off_road_m,
        "within_limit": rows.within_limit,
        "no_seat": rows.no_seat,
        "out_of_reach": rows.out_of_reach,
    }


def _with_boarders(table: pd.DataFrame, day: int, boarders: int, *, has_limit: bool) -> pd.DataFrame:
    """Add those who board to the counts, as served and within the limit; their daily way is none."""
    table = table.copy()
    value = table.set_index("indicator")["value"]
    if not has_limit:
        table.loc[table["indicator"] == "share_within_limit", "value"] = np.nan
    if boarders:
        everyone = day + boarders
        table.loc[table["indicator"] == "pupils", "value"] = everyone
        table.loc[table["indicator"] == "served", "value"] = value["served"] + boarders
        if has_limit:
            within = (value["share_within_limit"] * day if day else 0) + boarders
            table.loc[table["indicator"] == "share_within_limit", "value"] = within / everyone
    row = pd.DataFrame([("boarders", float(boarders), "pupil")], columns=["indicator", "value", "unit"])
    return pd.concat([table, row], ignore_index=True)

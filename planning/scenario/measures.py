"""A stage's state in numbers: indicators of the whole county and of each township, boarders regarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.access.indicators import access_values, seat_indicators
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
    table = _fares(rows, slice(None))
    served = int(rows.pupils.sum() - rows.no_seat.sum() - rows.out_of_reach.sum())
    reached = rows.distance_m[(rows.pupils > 0) & np.isfinite(rows.distance_m)]
    more = [
        ("max_distance", float(reached.max()) if reached.size else np.nan, "m"),
        ("mean_distance_allocated", float(rows.allocated_m.sum()) / served if served else np.nan, "m"),
    ]
    if off_road_share is not None:
        beyond = share_off_road(rows.distance_m, rows.off_road_m) > off_road_share
        more.append(("pupils_off_road", float(rows.pupils[beyond].sum()), "pupil"))
    pupils = int(rows.pupils.sum() + rows.boarders.sum())
    added = pd.DataFrame([*table, *more], columns=["indicator", "value", "unit"])
    found = pd.concat([added, seat_indicators(seats, pupils)], ignore_index=True)
    found.insert(0, "stage", stage)
    return found


def indicators_by_township(
    stage: str, rows: StageRows, *, places: Mapping[str, NDArray[np.int64]] | None = None
) -> pd.DataFrame:
    """
    Measure a stage in each township.

    Parameters
    ----------
    stage : str
        The stage.
    rows : StageRows
        How its pupils fare.
    places : Mapping of str to numpy.ndarray of int64, optional
        The rows of each township in ascending order of names, where they are known already.

    Returns
    -------
    pandas.DataFrame
        ``township, stage, indicator, value, unit``.
    """
    if places is None:
        names = pd.Series(rows.township, dtype=object).fillna("")
        places = {str(name): np.asarray(at) for name, at in names.groupby(names).indices.items()}
    found = [(township, stage, *line) for township, at in places.items() for line in _fares(rows, at)]
    return pd.DataFrame(found, columns=["township", "stage", "indicator", "value", "unit"])


def _fares(rows: StageRows, at: NDArray[np.int64] | slice) -> list[tuple[str, float, str]]:
    """Measure some rows; those who board count as served and within the limit, and their daily way is none."""
    day, boarders = float(rows.pupils[at].sum()), float(rows.boarders[at].sum())
    found = []
    for indicator, value, unit in access_values(
        rows.pupils[at],
        distance_m=rows.distance_m[at],
        time_min=rows.time_min[at],
        off_road_m=rows.off_road_m[at],
        within_limit=rows.within_limit[at],
        no_seat=rows.no_seat[at],
        out_of_reach=rows.out_of_reach[at],
    ):
        if indicator in ("pupils", "served"):
            value += boarders
        elif indicator == "share_within_limit" and not rows.has_limit:
            value = np.nan
        elif indicator == "share_within_limit" and boarders:
            value = ((value * day if day else 0.0) + boarders) / (day + boarders)
        found.append((indicator, value, unit))
    return [*found, ("boarders", boarders, "pupil")]

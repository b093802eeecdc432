"""Which places rest on an assumption: children whose way to school leads, for a large part, over ground without a mapped road."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.errors import Message, Names, msg
from planning.i18n.terms import TERMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = ["OFF_ROAD_COLUMNS", "off_road_notices", "off_road_places", "off_road_table", "share_off_road"]

OFF_ROAD_COLUMNS = ("stage", "cell_id", "name", "township", "pupils", "distance_m", "off_road_m", "share_off_road")
_NAMED = 8


def share_off_road(distance_m: ArrayLike, off_road_m: ArrayLike) -> NDArray[np.float64]:
    """
    Give the share of ways that is off the mapped roads, access legs included.

    Parameters
    ----------
    distance_m, off_road_m : array_like of float, shape (n,)
        Ways, and what of them is off the roads [m].

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Share, 0 to 1 [-]; 0 on a way of no length, NaN where there is no way.
    """
    distance, off = np.asarray(distance_m, dtype=np.float64), np.asarray(off_road_m, dtype=np.float64)
    way = np.isfinite(distance)
    share = np.where(way, 0.0, np.nan)
    np.divide(off, distance, out=share, where=way & (distance > 0))
    return np.minimum(share, 1.0)


def off_road_places(county: County, state: StageState) -> pd.DataFrame:
    """
    List the places from which pupils of a stage go more of their way off the roads than the project's share.

    Parameters
    ----------
    county : County
        The base; its project says from which share on.
    state : StageState
        How the stage fares.

    Returns
    -------
    pandas.DataFrame
        Columns ``OFF_ROAD_COLUMNS``: the way [m] to the nearest school of the grades that go farthest off the roads, and the
        pupils of all grades that are beyond the share; most metres off the road first.
    """
    cells = county.cells
    of_band = []
    for number, (band, nearest) in enumerate(state.nearest.items()):
        share = share_off_road(nearest["distance_m"], nearest["off_road_m"])
        pupils = cells[f"pupils_{band}"].to_numpy(dtype=np.int64)
        ours = (share > county.project.terrain.off_road_share) & (pupils > 0) & ~cells["in_margin"].to_numpy(dtype=bool)
        of_band.append(
            pd.DataFrame(
                {
                    "cell_id": cells.index[ours],
                    "pupils": pupils[ours],
                    "distance_m": nearest["distance_m"].to_numpy(dtype=np.float64)[ours].round(1),
                    "off_road_m": nearest["off_road_m"].to_numpy(dtype=np.float64)[ours].round(1),
                    "share_off_road": share[ours].round(4),
                    "number": number,
                }
            )
        )
    every = pd.concat(of_band, ignore_index=True)
    worst = every.sort_values(["cell_id", "off_road_m", "number"], ascending=[True, False, True])
    table = worst.drop_duplicates("cell_id").set_index("cell_id")
    table["pupils"] = every.groupby("cell_id")["pupils"].sum().reindex(table.index)
    table["name"], table["township"] = (cells[column].reindex(table.index) for column in ("name", "township"))
    table = table.assign(stage=state.stage).reset_index()[list(OFF_ROAD_COLUMNS)]
    return table.sort_values(["off_road_m", "cell_id"], ascending=[False, True], ignore_index=True)


def off_road_table(county: County, base: Mapping[str, StageState]) -> pd.DataFrame:
    """
    List these places of all stages.

    Parameters
    ----------
    county : County
        The base.
    base : Mapping of str to StageState
        By stage.

    Returns
    -------
    pandas.DataFrame
        Columns ``OFF_ROAD_COLUMNS``.
    """
    return pd.concat([off_road_places(county, state) for state in base.values()], ignore_index=True)


def off_road_notices(county: County, base: Mapping[str, StageState]) -> tuple[Message, ...]:
    """
    Say how many pupils rest on open ground, and name the first places, or the townships of places without a name.

    Parameters
    ----------
    county : County
        The base.
    base : Mapping of str to StageState
        By stage.

    Returns
    -------
    tuple of Message
        One reservation for each stage that has such places.
    """
    told = []
    for stage, state in base.items():
        places = off_road_places(county, state)
        if places.empty:
            continue
        names = places["name"].where(places["name"] != "", places["township"])
        names = names.where(names != "", places["cell_id"]).drop_duplicates()
        told.append(
            msg(
                "{stage}: {pupils} pupils of {n} places go more than {percent:.0f} % of the way to their nearest school off the mapped roads: {names}. Their ways rest on an assumption; off_road.csv lists them all.",
                stage=TERMS[stage],
                pupils=int(places["pupils"].sum()),
                n=len(places),
                percent=100 * county.project.terrain.off_road_share,
                names=Names.first(names, _NAMED),
            )
        )
    return tuple(told)

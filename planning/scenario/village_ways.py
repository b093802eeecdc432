"""How the children of each village go to school in a layout, and what another layout changes for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.scenario.evaluate import stage_costs
from planning.scenario.hub_costs import to_places
from planning.scenario.limits import limit_of_band
from planning.scenario.naming import place_names

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = ["WAY_COLUMNS", "changed_villages", "village_ways"]

_KEYS = ["township", "village", "band"]
WAY_COLUMNS = (
    "pupils", "site_id", "school", "other_schools", "distance_m", "time_min", "longest_min", "beyond", "boarders", "ride_min",
    "without",
)  # fmt: skip
#: A mean way that changes by less is called the same [m].
SAME_WAY_M = 1.0


def village_ways(county: County, state: StageState) -> pd.DataFrame:
    """
    Say village by village where the children of a stage go, how far, how long and whether they board.

    Parameters
    ----------
    county : County
        The county that the state was worked out for.
    state : StageState
        A layout.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``township, village, band``, columns ``WAY_COLUMNS``: children who live there [pupils]; the school that most
        of them go to and how many other schools there are; of those who go every day the mean way [m], the mean and the longest
        time one way [min] (NaN where nobody does) and how many go beyond the limit of their grades [pupils]; those who board and
        their longest ride, one way by car [min]; and those without any school or seat [pupils]. Villages are named as
        everywhere: by their own name, or that of a mapped place close by.
    """
    flows = pd.concat(
        [
            _daily(county, state),
            _boarding(county, state),
            state.unserved[["cell_id", "band", "pupils"]].assign(site_id="", way="without"),
        ],
        ignore_index=True,
    )
    flows = flows[flows["pupils"] > 0]
    at = county.cells.index.get_indexer(flows["cell_id"])
    flows = flows[~county.cells["in_margin"].to_numpy(dtype=bool)[at]].copy()
    at = county.cells.index.get_indexer(flows["cell_id"])
    flows["village"] = np.array(place_names(county, at), dtype=object)
    flows["township"] = county.cells["township"].fillna("").astype(str).to_numpy(dtype=object)[at]
    return _by_village(flows, state.sites["name"].astype(str))


def changed_villages(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """
    Put two layouts side by side, and mark the villages for which something changes.

    Parameters
    ----------
    before, after : pandas.DataFrame
        As :func:`village_ways` gives them.

    Returns
    -------
    pandas.DataFrame
        Every village of either, indexed as they are; their columns with ``_before`` and ``_after``, NA where only one of them
        has the village, and ``changes``: True where the school, the way, boarding or being without a school changes for any
        grade band of the village.
    """
    both = before.add_suffix("_before").join(after.add_suffix("_after"), how="outer").sort_index()
    other = both["site_id_before"].fillna("") != both["site_id_after"].fillna("")
    way = (both["distance_m_after"].astype(float) - both["distance_m_before"].astype(float)).abs() > SAME_WAY_M
    for name in ("boarders", "without", "other_schools"):
        other |= both[f"{name}_before"].fillna(0).astype(int) != both[f"{name}_after"].fillna(0).astype(int)
    both["changes"] = (other | way).groupby(level=["township", "village"]).transform("any")
    return both


def _daily(county: County, state: StageState) -> pd.DataFrame:
    """Give who goes every day, with the way."""
    flows = state.allocated[["cell_id", "band", "site_id", "pupils"]].copy()
    flows = flows[flows["pupils"] > 0]
    costs = stage_costs(county, state.stage, state.sites)
    row = county.cells.index.get_indexer(flows["cell_id"])
    column = state.sites.index.get_indexer(flows["site_id"])
    flows["distance_m"], flows["time_min"], flows["is_beyond"] = np.nan, np.nan, False
    for band in state.bands:
        of_band = (flows["band"] == band).to_numpy()
        where = row[of_band], column[of_band]
        distance, time = costs[band].distance_m[where].astype(float), costs[band].time_min[where].astype(float)
        flows.loc[of_band, "distance_m"], flows.loc[of_band, "time_min"] = distance, time
        limit = limit_of_band(county.project, county.pack, band)
        flows.loc[of_band, "is_beyond"] = ~limit.within(time.astype(np.float32), distance.astype(np.float32))
    return flows.assign(way="daily")


def _boarding(county: County, state: StageState) -> pd.DataFrame:
    """Give who boards, with the ride to the hub."""
    flows = state.boarding[["cell_id", "band", "site_id", "pupils"]].copy()
    flows = flows[flows["pupils"] > 0]
    if flows.empty:
        return flows.assign(way="boards", ride_min=np.nan)
    hubs = state.sites[state.sites.index.isin(flows["site_id"])]
    cells = pd.Index(flows["cell_id"].unique())
    minutes, _ = to_places(
        county, "drive", hubs, hubs.iloc[:0].assign(place_id=[]), county.cells.index.get_indexer(cells)
    )
    ride = minutes[cells.get_indexer(flows["cell_id"]), hubs.index.get_indexer(flows["site_id"])]
    return flows.assign(way="boards", ride_min=ride.astype(float))


def _by_village(flows: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    pupils = flows["pupils"].astype("int64")
    daily, boards = flows["way"] == "daily", flows["way"] == "boards"
    parts = flows[_KEYS].assign(
        pupils=pupils,
        going=pupils.where(daily, 0),
        metres=(pupils * flows["distance_m"]).where(daily, 0.0),
        minutes=(pupils * flows["time_min"]).where(daily, 0.0),
        longest_min=flows["time_min"].where(daily),
        beyond=pupils.where(daily & flows["is_beyond"].eq(True), 0),
        boarders=pupils.where(boards, 0),
        ride_min=flows["ride_min"].where(boards),
        without=pupils.where(flows["way"] == "without", 0),
    )
    groups = parts.groupby(_KEYS, sort=True)
    table = groups[["pupils", "going", "metres", "minutes", "beyond", "boarders", "without"]].sum()
    table[["longest_min", "ride_min"]] = groups[["longest_min", "ride_min"]].max()
    going = table["going"].where(table["going"] > 0).astype(float)
    table["distance_m"], table["time_min"] = table["metres"] / going, table["minutes"] / going
    to = flows[flows["way"] != "without"].groupby([*_KEYS, "site_id"], sort=True)["pupils"].sum().reset_index()
    most = to.sort_values([*_KEYS, "pupils", "site_id"], ascending=[True] * 3 + [False, True]).drop_duplicates(_KEYS)
    table["site_id"] = most.set_index(_KEYS)["site_id"].reindex(table.index).fillna("").astype(str)
    table["school"] = names.reindex(table["site_id"]).fillna("").to_numpy(dtype=object)
    table["school"] = table["school"].where(table["school"] != "", table["site_id"])
    table["other_schools"] = (to.groupby(_KEYS).size().reindex(table.index).fillna(0).astype(int) - 1).clip(lower=0)
    return table[list(WAY_COLUMNS)]

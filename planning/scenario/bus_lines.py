"""School buses for a county's pupils who live too far from school: lines with their stops, and whom no bus serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.access.school_bus import BusOptions, BusPlan, bus_places, plan_bus
from planning.demand.villages import assign_townships
from planning.network.modes import WALK_KMH, mode_minutes
from planning.network.snap import point_on_network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.scenario.county import County
    from planning.travel.router import Router

__all__ = ["LINE_COLUMNS", "BusLines", "bus_lines"]

LINE_COLUMNS = (
    "question", "stage", "site_id", "school", "bus", "order", "stop", "township", "pupils", "ride_min", "walk_m_max",
    "bus_km_day", "reason", "lon", "lat",
)  # fmt: skip
_METRES_A_MINUTE = WALK_KMH * 1000 / 60


@dataclass(frozen=True)
class BusLines:
    """
    Buses of all schools of a stage.

    Parameters
    ----------
    table : pandas.DataFrame
        ``LINE_COLUMNS`` without the question and the stage: a row each time a bus stops in the morning, in that order, then
        a row for each home that no bus serves, with the ``reason`` (``no_stop_near``, ``ride_too_long``) and no bus.
    pupils : int
        Who rides [pupils].
    buses, buses_bound : int
        How many there are; no plan that carries the same pupils from the same stops has fewer than the second.
    km_day : float
        Of all buses, morning and afternoon [km].
    mean_min, max_min : float
        From home to school, the walk to the stop included: mean of those who ride, and the longest [min]; NaN where nobody
        rides.
    """

    table: pd.DataFrame
    pupils: int
    buses: int
    buses_bound: int
    km_day: float
    mean_min: float
    max_min: float


def bus_lines(
    county: County,
    schools: gpd.GeoDataFrame,
    riders: pd.DataFrame,
    *,
    ride_limits: Mapping[str, float],
    seats: int,
    cancel: Callable[[], bool] | None = None,
) -> BusLines | None:
    """
    Lay bus lines to each school, so that nobody rides longer than his grades may.

    A school's pupils ride together within the shortest of the limits; those who live too far for that, but whose own
    limit is longer, get buses of their own.

    Parameters
    ----------
    county : County
        The county.
    schools : geopandas.GeoDataFrame
        Open schools of the stage, as ``stage_sites`` gives them.
    riders : pandas.DataFrame
        ``cell_id, band, site_id, pupils``: who is to ride where; of whom no school is in reach, the site is empty.
    ride_limits : Mapping
        Longest ride by grade band [min].
    seats : int
        Seats of a bus.
    cancel : callable, optional
        Asked before each school; True stops.

    Returns
    -------
    BusLines or None
        Lines and what they take; None where it was stopped.
    """
    network = county.network
    walk = county.costs.router("walk")
    drive = walk.with_costs(mode_minutes(network, "drive"))  # a bus keeps to roads where cars may go
    places = bus_places(network, walk, drive)
    riders = riders[riders["pupils"] > 0]
    tables: list[pd.DataFrame] = []
    plans: list[BusPlan] = []
    minutes: list[NDArray[np.float64]] = []
    weights: list[NDArray[np.float64]] = []
    buses_bound = 0
    for site_id in schools.index[schools.index.isin(riders["site_id"])]:
        if cancel is not None and cancel():
            return None
        node, leg_m = _stand(county, site_id, schools)
        asked = riders[riders["site_id"] == site_id]
        here, left, least = _rounds(county, walk, drive, places, asked, node, ride_limits, seats)
        tables.append(_table(county, site_id, str(schools.at[site_id, "name"]), here, left))
        plans += here
        buses_bound += least
        for plan in here:
            served = plan.homes[plan.homes["stop"].notna()]
            on_foot = (served["walk_m"] + plan.gate_walk_m + leg_m) / _METRES_A_MINUTE
            minutes.append((served["ride_min"] + on_foot).to_numpy(dtype=np.float64))
            weights.append(served["pupils"].to_numpy(dtype=np.float64))
    nowhere = riders[~riders["site_id"].isin(schools.index)].groupby("cell_id", sort=True)[["pupils"]].sum()
    tables.append(_table(county, "", "", [], nowhere.assign(reason="ride_too_long")))
    way, pupils = (np.concatenate([*parts, np.zeros(0)]) for parts in (minutes, weights))
    return BusLines(
        table=pd.concat(tables, ignore_index=True),
        pupils=int(pupils.sum()),
        buses=sum(len(plan.buses) for plan in plans),
        buses_bound=buses_bound,
        km_day=float(sum(plan.km_day for plan in plans)),
        mean_min=float(np.average(way, weights=pupils)) if pupils.sum() else float("nan"),
        max_min=float(way.max()) if len(way) else float("nan"),
    )


def _stand(county: County, site_id: str, schools: gpd.GeoDataFrame) -> tuple[int, float]:
    """Give the node of a school and the leg to it; that of a new one is the nearer end of the road beside it."""
    if site_id in county.schools.index and not (schools.at[site_id, "is_new"] or schools.at[site_id, "is_moved"]):
        return int(county.schools.at[site_id, "node"]), float(county.schools.at[site_id, "leg_m"])
    point = schools.geometry[site_id]
    place = point_on_network(county.network, (point.x, point.y))
    node, along = min((place.tail, place.tail_m), (place.head, place.head_m), key=lambda end: end[1])
    return int(node), place.leg_m + along


def _rounds(
    county: County,
    walk: Router,
    drive: Router,
    places: NDArray[np.int64],
    asked: pd.DataFrame,
    school: int,
    ride_limits: Mapping[str, float],
    seats: int,
) -> tuple[list[BusPlan], pd.DataFrame, int]:
    """Plan for all within the shortest limit, then for those left over whose own limit is longer; say who is left by home, and the least buses."""
    plans, lost = [], []
    limit_of = asked["band"].map(ride_limits).to_numpy(dtype=np.float64)
    longest = limit_of.max()
    for limit in np.unique(limit_of).tolist():
        pupils = asked.groupby("cell_id", sort=True)["pupils"].sum()
        cells = county.cells.loc[pupils.index]
        node = cells["node"].to_numpy()
        plan = plan_bus(
            county.network,
            walk,
            drive,
            homes=node,
            pupils=pupils.to_numpy(dtype=np.int64),
            school=school,
            legs_m=np.where(node >= 0, cells["leg_m"].to_numpy(dtype=np.float64), 0.0),
            options=BusOptions(seats=seats, ride_limit_min=limit),
            places=places,
        )
        why = pd.Series(plan.homes["reason"].to_numpy(), index=pupils.index)
        waits = (why.reindex(asked["cell_id"]) != "").to_numpy()
        plans.append(plan)
        left = asked[waits & (limit_of <= limit)].groupby("cell_id", sort=True)[["pupils"]].sum()
        lost.append(left.assign(reason=why.reindex(left.index)))
        again = waits & (limit_of > limit)
        asked, limit_of = asked[again], limit_of[again]
        if not len(asked):
            break
    by_seats = -(-sum(int(plan.buses["pupils"].sum()) for plan in plans) // seats)
    # a bus of the longest rides may take the others on its way, so that only its own bound holds for all
    least = max(by_seats, plans[-1].buses_bound) if limit == longest else by_seats
    return plans, pd.concat(lost), least


def _table(county: County, site_id: str, name: str, plans: Sequence[BusPlan], left: pd.DataFrame) -> pd.DataFrame:
    """List the stops of each bus, then the homes without one; buses and stops are numbered through."""
    parts = [pd.DataFrame(columns=["bus", "order", "stop", "pupils", "ride_min", "walk_m_max", "bus_km_day", "x", "y"])]
    buses = stops = 0
    for plan in plans:
        lines = plan.routes.join(plan.stops[["x", "y", "walk_m_max"]], on="stop")
        lines["bus_km_day"] = lines["bus"].map(plan.buses["km_day"])
        parts.append(lines.assign(bus=lines["bus"] + buses, stop=lines["stop"] + stops, reason=""))
        buses, stops = buses + len(plan.buses), stops + len(plan.stops)
    homes = county.cells.geometry.loc[left.index]
    parts.append(left.assign(x=homes.x, y=homes.y))
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    table = table.reindex(columns=[*parts[0].columns, "reason"])
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(table["x"], table["y"]), index=table.index, crs=county.crs)
    degrees = points.to_crs(4326).geometry
    table = table.assign(
        site_id=site_id,
        school=name,
        township=assign_townships(points, county.townships) if len(county.townships) else "",
        lon=degrees.x.round(6),
        lat=degrees.y.round(6),
    )
    kinds = dict.fromkeys(("bus", "order", "stop", "pupils"), "Int64")
    kinds |= dict.fromkeys(("ride_min", "walk_m_max", "bus_km_day"), "float64")
    kinds |= dict.fromkeys(("site_id", "school", "township", "reason"), "str")
    return table[list(LINE_COLUMNS[2:])].astype(kinds)

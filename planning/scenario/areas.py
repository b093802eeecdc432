"""Areas of a layout: catchments by the nearest school and by allocation, and what a school reaches in some minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.access.catchments import catchment_polygons
from planning.access.isochrones import isochrones as draw_isochrones
from planning.errors import ConfigError, msg
from planning.network.modes import WALK_KMH
from planning.scenario.evaluate import StageState, choice_cost, stage_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.scenario.county import County

__all__ = ["catchments", "isochrones", "nearest_catchments"]


def catchments(county: County, state: StageState) -> dict[str, gpd.GeoDataFrame]:
    """
    Draw the catchments of a stage: by the nearest school, and by allocation; of the county alone, without its margin.

    The nearest school is that of the stage's youngest band, so that a teaching point has a catchment of its own. By
    allocation a cell goes to the school that most of its pupils go to, boarders included, and a cell without pupils where
    the next pupil would: to the least sum of way and price of a seat. A cell of which nobody has a seat belongs to no
    school.

    Parameters
    ----------
    county : County
        The base.
    state : StageState
        What the layout means for the stage.

    Returns
    -------
    dict of str to geopandas.GeoDataFrame
        ``nearest`` and ``allocated``, indexed by ``site_id``: stage, name, kind, seats (NA unknown), cells, people, pupils
        (of the catchment's cells), going (those of them who go to this school), share (``going / pupils``), area_km2; and
        ``unreachable``: stage, by (nearest or allocated), cells, people, pupils, area_km2.
    """
    pupils = sum(county.cells[f"pupils_{band}"] for band in state.bands)
    by_nearest = state.nearest[state.bands[0]]["site_id"]
    by_allocation = _allocated_sites(county, state, pupils.to_numpy(dtype=np.int64))
    cells = county.cells[~county.cells["in_margin"].astype(bool)]
    amounts = pd.DataFrame({"people": cells["population"], "pupils": pupils.loc[cells.index]})
    flows = pd.concat([state.allocated, state.boarding]).groupby(["cell_id", "site_id"])["pupils"].sum()
    found, left = {}, []
    for by, site in (("nearest", by_nearest), ("allocated", by_allocation)):
        polygons, unreachable = catchment_polygons(
            cells,
            site,
            boundary=county.boundary.geometry.iloc[0],
            cell_size_m=county.cell_size_m,
            amounts=amounts,
            extra=state.sites[["name", "kind", "seats"]],
        )
        own = pd.MultiIndex.from_arrays([cells.index, site.reindex(cells.index)])
        going = flows.reindex(own).fillna(0).groupby(level=1).sum().reindex(polygons.index, fill_value=0)
        polygons["going"] = going.astype("int64")
        polygons["share"] = polygons["going"] / polygons["pupils"].where(polygons["pupils"] > 0)
        found[by] = _finished(polygons, state.stage)
        left.append(_finished(unreachable, state.stage).assign(by=by))
    found["unreachable"] = gpd.GeoDataFrame(pd.concat(left, ignore_index=True), crs=county.crs)
    return found


def nearest_catchments(county: County, state: StageState) -> gpd.GeoDataFrame:
    """
    Draw only the catchments by the nearest school, with no more than maps need.

    Parameters
    ----------
    county : County
        The base.
    state : StageState
        What the layout means for the stage.

    Returns
    -------
    geopandas.GeoDataFrame
        Indexed by ``site_id``: the polygons of :func:`catchments` under ``nearest``, with their ``name``.
    """
    cells = county.cells[~county.cells["in_margin"].astype(bool)]
    polygons, _ = catchment_polygons(
        cells,
        state.nearest[state.bands[0]]["site_id"],
        boundary=county.boundary.geometry.iloc[0],
        cell_size_m=county.cell_size_m,
        amounts=pd.DataFrame({"people": cells["population"]}),
        extra=state.sites[["name"]],
    )
    return polygons


def _finished(polygons: gpd.GeoDataFrame, stage: str) -> gpd.GeoDataFrame:
    polygons = polygons.assign(stage=stage, area_km2=polygons.geometry.area / 1e6)
    polygons["pupils"] = polygons["pupils"].astype("int64")
    first = ["stage", *(name for name in ("name", "kind", "seats") if name in polygons)]
    rest = [name for name in polygons.columns if name not in (*first, "geometry")]
    return polygons[[*first, *rest, "geometry"]]


def _allocated_sites(county: County, state: StageState, pupils: NDArray[np.int64]) -> pd.Series:
    """Give each cell the school of its largest flow; one without pupils that of its next pupil."""
    flows = pd.concat([state.allocated, state.boarding]).groupby(["cell_id", "site_id"])["pupils"].sum()
    largest = (
        flows.reset_index()
        .sort_values(["cell_id", "pupils", "site_id"], ascending=[True, False, True])
        .drop_duplicates("cell_id")
    )
    site = pd.Series(pd.NA, index=county.cells.index, dtype="str")
    site.loc[largest["cell_id"]] = largest["site_id"].to_numpy()
    empty = np.flatnonzero(pupils == 0)
    if len(empty) and len(state.sites):
        cost = choice_cost(stage_costs(county, state.stage, state.sites)[state.bands[0]], state.mode)[empty]
        prices = state.prices.to_numpy(dtype=float)
        dearest = prices[np.isfinite(prices)].max(initial=0.0) + cost[np.isfinite(cost)].max(initial=0.0)
        total = cost + np.where(np.isfinite(prices), prices, 10 * dearest)
        best = total.argmin(axis=1)
        reached = np.isfinite(total[np.arange(len(empty)), best])
        site.iloc[empty[reached]] = state.sites.index.to_numpy()[best[reached]]
    return site


def isochrones(county: County, school_id: str, minutes: Sequence[float], *, stage: str) -> gpd.GeoDataFrame:
    """
    Draw from where a school is reached in some minutes, at the mode's reference speed.

    Parameters
    ----------
    county : County
        The base.
    school_id : str
        The school.
    minutes : sequence of float
        Times one way, the school's own access leg included [min].
    stage : str
        Says by which mode pupils go.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a time; a longer time contains the shorter ones.

    Raises
    ------
    ConfigError
        If there is no such school, or no road near it.
    """
    if school_id not in county.schools.index:
        raise ConfigError(msg("There is no school {school_id}.", school_id=school_id))
    school = county.schools.loc[school_id]
    if school["node"] < 0:
        raise ConfigError(msg("School {school_id} has no road nearby.", school_id=school_id))
    mode, network = county.project.mode_of(stage), county.network
    leg_min = float(school["leg_m"]) * 0.06 / WALK_KMH
    return draw_isochrones(
        network.x,
        network.y,
        network.tails,
        network.heads,
        county.costs.minutes(mode),
        county.costs.router(mode).to_target(int(school["node"])) + leg_min,
        minutes,
        crs=county.crs,
    )

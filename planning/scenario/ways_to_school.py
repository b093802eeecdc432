"""The way to school in a county: the allocation's pupils on its roads, and what to make safe first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.access.way_to_school import way_to_school
from planning.demand.villages import assign_townships
from planning.network.modes import mode_minutes
from planning.scenario.evaluate import stage_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = ["SHEET_COLUMNS", "StageWays", "WaysToSchool", "stage_ways", "ways_to_school"]

#: Columns of the sheet that says where all metres of the allocation are.
SHEET_COLUMNS = (
    "stage", "mode", "pupils", "pupils_on_roads", "pupils_straight", "pupils_elsewhere",
    "walked_pupil_m", "ridden_pupil_m", "legs_pupil_m", "straight_pupil_m",
)  # fmt: skip


@dataclass(frozen=True)
class StageWays:
    """
    Pupils of one stage on the network, on the way there.

    Parameters
    ----------
    flows : numpy.ndarray, shape (n_arcs,)
        Who walks along each arc [pupils].
    sheet : dict
        ``SHEET_COLUMNS``: pupils with a daily way; those who go by the roads, those whom the straight way brings to a
        school so near that no road is nearer, and those who go to a school that stands where none stood; then pupils ×
        metres walked and ridden on the network, on access legs, and straight. The four add up to the way that the
        allocation counts for the first two kinds.
    """

    flows: NDArray[np.float64]
    sheet: dict[str, float | str]


@dataclass(frozen=True)
class WaysToSchool:
    """
    All stages together.

    Parameters
    ----------
    roads : geopandas.GeoDataFrame
        Pieces of road with pupils on foot, those with most first: ``pupils``, ``pupils_<stage>``, ``length_m``,
        ``pupil_m``, ``highway``, ``name``; indexed by ``segment``.
    dangers : geopandas.GeoDataFrame
        What to make safe first: ``rank``, ``kind``, ``township``, ``name``, ``highway``, ``pupils``, ``pupils_<stage>``,
        ``length_m``, ``lon``, ``lat`` (WGS 84) and the point or line.
    sheet : pandas.DataFrame
        A row a stage, ``SHEET_COLUMNS``.
    """

    roads: gpd.GeoDataFrame
    dangers: gpd.GeoDataFrame
    sheet: pd.DataFrame


def stage_ways(county: County, state: StageState) -> StageWays:
    """
    Send a stage's pupils over the roads, each along the way whose length the allocation counts.

    That is the quickest way of the stage's mode, the shortest among equals. Boarders have no daily way. Who rides or drives
    is on the roads of this analysis only where no vehicle may go and they walk. Children from across the county line, who
    are in the allocation, walk among the others.

    Parameters
    ----------
    county : County
        The county.
    state : StageState
        What the layout means for the stage.

    Returns
    -------
    StageWays
        Pupils by arc, and where all metres are.
    """
    network, mode = county.network, county.project.mode_of(state.stage)
    flows = state.allocated.groupby(["cell_id", "site_id"], sort=True)["pupils"].sum()
    flows = flows[flows > 0]
    cell = county.cells.index.get_indexer(flows.index.get_level_values(0))
    site = state.sites.index.get_indexer(flows.index.get_level_values(1))
    school = county.schools.index.get_indexer(state.sites.index)
    school[(state.sites["is_new"] | state.sites["is_moved"]).to_numpy(dtype=bool)] = -1
    stands = school[site] >= 0
    pupils = flows.to_numpy(dtype=np.float64)
    elsewhere = float(pupils[~stands].sum())
    cell, site, pupils, school = cell[stands], site[stands], pupils[stands], school[site[stands]]
    costs = stage_costs(county, state.stage, state.sites)
    distance = np.min([costs[band].distance_m[cell, site] for band in state.bands], axis=0)
    home_node, home_leg = (county.cells[column].to_numpy()[cell] for column in ("node", "leg_m"))
    school_node, school_leg = (county.schools[column].to_numpy()[school] for column in ("node", "leg_m"))
    joined = (home_node >= 0) & (school_node >= 0)
    legs = np.where(joined, home_leg + school_leg, np.inf)
    homes, schools = county.cells.geometry.iloc[cell], county.schools.geometry.iloc[school]
    straight = np.hypot(homes.x.to_numpy() - schools.x.to_numpy(), homes.y.to_numpy() - schools.y.to_numpy())
    is_straight = ~joined | ((straight < legs) & (straight.astype(np.float32) == distance))
    on_roads = ~is_straight
    carried = county.costs.router(mode).arc_flows(
        home_node[on_roads], school_node[on_roads], pupils[on_roads], also=network.length_m
    )[0]
    on_foot = np.isinf(mode_minutes(network, mode).reshape(-1, 2)).all(axis=1).repeat(2)
    walked = carried if mode == "walk" else np.where(on_foot, carried, 0.0)
    return StageWays(
        walked,
        {
            "stage": state.stage,
            "mode": mode,
            "pupils": float(pupils.sum()) + elsewhere,
            "pupils_on_roads": float(pupils[on_roads].sum()),
            "pupils_straight": float(pupils[is_straight].sum()),
            "pupils_elsewhere": elsewhere,
            "walked_pupil_m": float(walked @ network.length_m),
            "ridden_pupil_m": float((carried - walked) @ network.length_m),
            "legs_pupil_m": float(pupils[on_roads] @ legs[on_roads]),
            "straight_pupil_m": float(pupils[is_straight] @ straight[is_straight]),
        },
    )


def ways_to_school(county: County, states: Iterable[StageState]) -> WaysToSchool:
    """
    Lay the pupils of all stages on the roads and rank what to make safe first.

    Parameters
    ----------
    county : County
        The county.
    states : iterable of StageState
        A stage each.

    Returns
    -------
    WaysToSchool
        Roads with pupils, dangers by rank, and where all metres are.
    """
    stages = [stage_ways(county, state) for state in states]
    found = way_to_school(
        county.network,
        {str(stage.sheet["stage"]): stage.flows for stage in stages},
        surroundings=county.basemap,
    )
    dangers = found.dangers
    lines = dangers.geometry.to_numpy()
    middle = shapely.point_on_surface(lines) if len(lines) else lines
    points = gpd.GeoDataFrame(geometry=gpd.GeoSeries(middle, index=dangers.index, crs=county.crs))
    degrees = points.to_crs(4326).geometry
    counts = [column for column in dangers.columns if column.startswith("pupils_")]
    dangers = dangers.assign(
        township=assign_townships(points, county.townships) if len(county.townships) else "",
        lon=degrees.x.round(6),
        lat=degrees.y.round(6),
    )
    kept = ["rank", "kind", "township", "name", "highway", "pupils", *counts, "length_m", "lon", "lat", "geometry"]
    return WaysToSchool(
        roads=found.segments.drop(columns="way"),
        dangers=dangers[kept],
        sheet=pd.DataFrame([stage.sheet for stage in stages], columns=list(SHEET_COLUMNS)),
    )

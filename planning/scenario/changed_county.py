"""
What edits change of the county itself: roads, estates, assumptions, beds; what they do not touch is taken over as it is.

Costs to places are swept again only where a road was added. Edits of schools are not applied here but by ``stage_sites``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.config import Limit
from planning.demand.pupils import ages_of_band
from planning.demand.rounding import largest_remainder
from planning.errors import ConfigError, Message, PlanningError, Tell, msg
from planning.network.drawn import Drawn, add_road
from planning.network.ground import is_open_ground
from planning.network.terrain import OFF_PATH
from planning.roads import Roads, concat_roads, make_roads
from planning.scenario.children_today import stage_ages
from planning.scenario.edits import Assumption, ConvertSchool, CountyEdit, Edit, NewEstate, NewRoad, edits_to_data
from planning.scenario.limits import limit_of_band
from planning.scenario.new_dwellings import children_of_dwellings, estate_cells, estates_of
from planning.stages import BANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Project
    from planning.scenario.county import County
    from planning.standards import RulePack

__all__ = ["changed_county", "county_edits"]


def county_edits(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """
    Pick the edits that change the county itself; lists with the same ones lead to the same county.

    Parameters
    ----------
    edits : sequence of Edit
        In order.

    Returns
    -------
    tuple of Edit
        Roads, estates, assumptions, and conversions that give beds; in order. Empty where the county stays as it is.
    """
    return tuple(
        edit
        for edit in edits
        if isinstance(edit, CountyEdit) or (isinstance(edit, ConvertSchool) and edit.beds is not None)
    )


def changed_county(
    county: County, edits: Sequence[Edit], *, moved_in: bool = True, progress: Tell | None = None
) -> County:
    """
    Give the county as edits leave it.

    Parameters
    ----------
    county : County
        The base.
    edits : sequence of Edit
        In order; those of schools are passed over, beds excepted.
    moved_in : bool
        True: children of new estates live there already, at the nearest inhabited place of the township. False: estates stand
        among those planned, so that projections count their children from the year on.
    progress : callable, optional
        Called with the share done and what is being done.

    Returns
    -------
    County
        The same object where no edit changes it.

    Raises
    ------
    ConfigError
        If a road meets no other road, or an edit does not fit the county; it is named.
    """
    changing = county_edits(edits)
    if not changing:
        return county
    tell = progress or (lambda share, doing: None)
    beds = {edit.school_id: edit.beds for edit in changing if isinstance(edit, ConvertSchool)}
    if beds:
        county = _with_beds(county, beds)
    assumed = {edit.key: edit.value for edit in changing if isinstance(edit, Assumption)}
    if assumed:
        county = replace(
            county, project=_assumed(county.project, county.pack, assumed), pack=_walking(county.pack, assumed)
        )
    roads = [edit for edit in changing if isinstance(edit, NewRoad)]
    for number, road in enumerate(roads):
        tell(0.1 + 0.6 * number / len(roads), msg("Joining the new road {name}", name=road.name or road.road_id))
        county = _with_road(county, road)
    estates = [edit for edit in changing if isinstance(edit, NewEstate)]
    if estates:
        tell(0.8, msg("Counting the children of new estates"))
        county = _with_children(county, estates) if moved_in else _with_housing(county, estates)
    return replace(county, notices=(*county.notices, *_told(edits_to_data(changing))))


def _told(entries: list[dict[str, object]]) -> tuple[Message, ...]:
    return (
        msg("The plan changes the county itself in {n} entries: roads, estates, assumptions or beds.", n=len(entries)),
    )


def _with_beds(county: County, beds: dict[str, int | None]) -> County:
    schools = county.schools.copy()
    for school_id, number in beds.items():
        if school_id in schools.index:
            schools.loc[school_id, "beds"] = number
    return replace(county, schools=schools)


def _assumed(project: Project, pack: RulePack, assumed: dict[str, float]) -> Project:
    """Write limits into a copy of the project; what is not assumed stays as it counts now."""
    limits = {str(band): limit for band, limit in project.limits.items()}
    reach = project.travel.reach_limit
    for key, value in assumed.items():
        head, _, field = key.rpartition(".")
        if head == "reach_limit":
            reach = Limit(**{**_limit_values(reach), field: value})
        elif head.startswith("limits."):
            band = head.removeprefix("limits.")
            now = limit_of_band(project.model_copy(update={"limits": limits}), pack, band)
            known = {
                name: number
                for name, number in (("time_min", now.time_min), ("distance_m", now.distance_m))
                if np.isfinite(number)
            }
            limits[band] = Limit(**{**known, field: value})
    travel = project.travel.model_copy(update={"reach_limit": reach})
    return project.model_copy(update={"limits": limits, "travel": travel})


def _limit_values(limit: Limit | None) -> dict[str, float]:
    return {} if limit is None else {name: value for name, value in limit.model_dump().items() if value is not None}


def _walking(pack: RulePack, assumed: dict[str, float]) -> RulePack:
    """Let all children walk faster or slower by a factor."""
    factor = assumed.get("walking_speed_factor")
    if factor is None:
        return pack
    values = {
        path: rule.model_copy(update={"value": rule.number * factor}) if path.endswith(".walking_speed") else rule
        for path, rule in pack.values.items()
    }
    return pack.model_copy(update={"values": values})


def _with_road(county: County, road: NewRoad) -> County:
    """Add a road; places that it passes nearer than the road they are on come onto it."""
    book, tables = county.costs, [county.cells, county.schools, county.candidates]
    ground = book.open_ground
    xy = np.concatenate([np.column_stack([table.geometry.x, table.geometry.y]) for table in tables])
    legs = np.concatenate([table["leg_m"].to_numpy(dtype=float) for table in tables])
    nodes = np.concatenate([table["node"].to_numpy(dtype=np.int64) for table in tables])
    away = shapely.distance(shapely.points(xy), shapely.LineString(road.points))
    nearer = away < legs - 1e-6
    if ground is not None:
        nearer |= (away <= ground.spacing_m) & ~np.isin(nodes, _on_roads(county))
    moving = np.flatnonzero(nearer)
    try:
        drawn = add_road(
            county.network,
            road.points,
            way_id=f"new/{road.road_id}",
            highway=road.highway,
            name=road.name,
            places_xy=xy[moving],
            spacing_m=None if ground is None else ground.spacing_m,
            barriers=() if ground is None else ground.barriers,
        )
    except PlanningError as error:
        raise ConfigError(error.message) from error
    # An end that was brought onto a road takes the line with it: a place may then be farther off than it seemed.
    better = drawn.leg_m < legs[moving] if ground is None else drawn.leg_m <= np.maximum(legs[moving], ground.spacing_m)
    nodes[moving[better]], legs[moving[better]] = drawn.node[better], drawn.leg_m[better]
    ends = np.cumsum([len(table) for table in tables])[:-1]
    cells, schools, candidates = (
        table.assign(node=node.astype(table["node"].dtype), leg_m=leg)
        for table, node, leg in zip(tables, np.split(nodes, ends), np.split(legs, ends), strict=True)
    )
    return replace(
        county,
        network=drawn.network,
        roads=_drawn_roads(county, road),
        cells=cells,
        schools=schools,
        candidates=candidates,
        costs=book.with_network(
            drawn.network, cells, schools, candidates, walking_factor=_walked(book.walking_factor, drawn)
        ),
    )


def _on_roads(county: County) -> NDArray[np.int64]:
    """List the nodes that lie on a road."""
    arcs = np.flatnonzero(~is_open_ground(county.network))
    return np.unique(county.network.tails[arcs]).astype(np.int64)


def _walked(factor: NDArray[np.float64] | None, drawn: Drawn) -> NDArray[np.float64] | None:
    """Say how much longer the walk along the new arcs is: a drawn road is taken to be level, its heights are not known."""
    if factor is None:
        return None
    source = drawn.source_arc
    new = np.where(source >= 0, factor[np.maximum(source, 0)], np.where(source == -2, 1.0 / OFF_PATH, 1.0))
    return np.concatenate([factor, new])


def _drawn_roads(county: County, road: NewRoad) -> Roads:
    """Add the road to those that are drawn; what meets what is a matter of the network."""
    first = int(min(county.roads.nodes.index.min(), 0)) - 1 if len(county.roads.nodes) else -1
    ids = first - np.arange(len(road.points))
    row = {
        "highway": road.highway, "name": road.name, "oneway": 0, "bridge": False, "tunnel": False, "foot": "",
        "bicycle": "", "motor_vehicle": "", "maxspeed_kmh": np.nan, "surface": "", "source": "scenario",
    }  # fmt: skip
    new = make_roads(
        pd.DataFrame([row], index=[f"new/{road.road_id}"]),
        node_ids=ids,
        xy=np.asarray(road.points, dtype=float),
        offsets=np.array([0, len(ids)]),
        refs=ids,
    )
    return concat_roads([county.roads, new])


def _estates(county: County, estates: Sequence[NewEstate]) -> gpd.GeoDataFrame:
    table: dict[str, object] = {
        "name": [estate.name for estate in estates],
        "dwellings": [estate.dwellings for estate in estates],
        "year": [estate.year for estate in estates],
    }
    for stage in sorted({stage for estate in estates for stage, _ in estate.per_100}):
        table[f"pupils_{stage}"] = [dict(estate.per_100).get(stage, np.nan) / 100 for estate in estates]
    return gpd.GeoDataFrame(
        table,
        index=pd.Index([f"new/{estate.estate_id}" for estate in estates], name="housing_id", dtype="str"),
        geometry=gpd.points_from_xy([estate.x for estate in estates], [estate.y for estate in estates]),
        crs=county.crs,
    )


def _with_housing(county: County, estates: Sequence[NewEstate]) -> County:
    new = _estates(county, estates)
    if len(county.housing):
        new = gpd.GeoDataFrame(pd.concat([county.housing, new]), crs=county.crs)
    return replace(county, housing=new)


def _with_children(county: County, estates: Sequence[NewEstate]) -> County:
    """Put the children of estates where they live, as whole pupils, each estate's total of a stage rounded to the nearest."""
    own = replace(county, housing=_estates(county, estates))
    found, _ = estates_of(own, 0, 9999)
    homes = estate_cells(own, found)
    children, _ = children_of_dwellings(own, found)
    cells = county.cells.copy()
    for stage, span in stage_ages(county.project).items():
        bands = ages_of_band(stage, span)
        for housing_id, of_estate in children.groupby("housing_id"):
            by_band = np.array(
                [of_estate.loc[of_estate["age"].between(*ages), "children"].sum() for ages in bands.values()]
            )
            total = int(np.floor(by_band.sum() + 0.5))
            whole = largest_remainder(by_band, total) if total else np.zeros(len(by_band), dtype=np.int64)
            for band, pupils in zip(bands, whole, strict=True):
                if f"pupils_{band}" in cells and band in BANDS[stage]:
                    cells.loc[homes[str(housing_id)], f"pupils_{band}"] += int(pupils)
    return replace(county, cells=cells, costs=county.costs.with_cells(cells))

"""School groups, nodes of townships, seats for 1,000 residents and the roadmap of a county: what each needs, put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.compliance.balance import school_parts
from planning.compliance.groups import GroupLimits, Groups, assign_groups
from planning.compliance.roadmap import Roadmap, draw_roadmap
from planning.compliance.strength import roles, strength
from planning.compliance.timetable import passing_years, timetable
from planning.compliance.townships import estate_triggers, seats_per_thousand, township_nodes
from planning.network.modes import WALK_KMH
from planning.scenario.coming_rules import children_by_year, staffing_by_year
from planning.stages import BANDS, KINDS_OF_STAGE, STAGES
from planning.travel.costs import build_costs

if TYPE_CHECKING:
    from planning.scenario.compliance import Compliance, Standing
    from planning.scenario.county import County
    from planning.scenario.outlook import Outlook

__all__ = [
    "Structure",
    "drive_minutes",
    "groups_of",
    "nodes_of",
    "roadmap_of",
    "roadmaps_of_proposals",
    "seats_of",
    "structure_of",
]


@dataclass(frozen=True, eq=False)
class Structure:
    """
    How schools work together, what each township has, and the way to pass.

    Parameters
    ----------
    groups : Groups
        Who leads whom.
    nodes : pandas.DataFrame
        As :func:`planning.compliance.townships.township_nodes` gives it.
    seats, estates : pandas.DataFrame
        As :func:`planning.compliance.townships.seats_per_thousand` and ``estate_triggers`` give them.
    roadmap : Roadmap
        What stops the county and what to add.
    years : pandas.DataFrame
        As :func:`planning.compliance.timetable.timetable` gives it; empty where the project plans no years.
    passing : pandas.DataFrame
        As :func:`planning.compliance.timetable.passing_years` gives it.
    staff : pandas.DataFrame or None
        As :func:`planning.scenario.coming_rules.staffing_by_year` gives it; None where no children are projected.
    """

    groups: Groups
    nodes: pd.DataFrame
    seats: pd.DataFrame
    estates: pd.DataFrame
    roadmap: Roadmap
    years: pd.DataFrame
    passing: pd.DataFrame
    staff: pd.DataFrame | None


def structure_of(county: County, held: Compliance, *, outlook: Outlook | None = None) -> Structure:
    """
    Work out all of it for one layout.

    Parameters
    ----------
    county : County
        Cells, network, project and pack.
    held : Compliance
        The layout held against the rules.
    outlook : Outlook, optional
        Children of coming years; without it nothing is said of them.

    Returns
    -------
    Structure
        Groups, townships, seats, roadmap.
    """
    seats, estates = seats_of(county, held, outlook=outlook)
    roadmap = roadmap_of(county, held)
    asked = county.project.roadmap
    years = timetable(
        roadmap.additions,
        asked.years,
        first_year=asked.first_year or 1,
        yearly_budget=asked.yearly_budget,
        unit_costs=_prices(county),
    )
    return Structure(
        groups=groups_of(county, held),
        nodes=nodes_of(county, held),
        seats=seats,
        estates=estates,
        roadmap=roadmap,
        years=years if asked.first_year is not None else years.iloc[:0],
        passing=passing_years(held.parts, years if asked.first_year is not None else years.iloc[:0], county.pack),
        staff=None if outlook is None else staffing_by_year(held, outlook, county.pack),
    )


def drive_minutes(county: County, origins: gpd.GeoDataFrame, schools: Sequence[str]) -> pd.DataFrame:
    """
    Give the drive from places to schools.

    Parameters
    ----------
    county : County
        Its network and schools.
    origins : geopandas.GeoDataFrame
        Cells or schools of the county, with ``node`` and ``leg_m`` [m].
    schools : sequence of str
        Codes of the schools.

    Returns
    -------
    pandas.DataFrame, shape (n_origins, n_schools)
        Minutes, the walk to the road included [min]; inf where there is no way.
    """
    sites = county.schools.loc[list(schools)]
    costs = build_costs(
        county.costs.router("drive"),
        county.network.length_m,
        cell_ids=origins.index,
        cell_nodes=origins["node"].to_numpy(),
        cell_legs_m=origins["leg_m"].to_numpy(),
        cell_xy=np.column_stack([origins.geometry.x, origins.geometry.y]),
        site_ids=sites.index,
        site_nodes=sites["node"].to_numpy(),
        site_legs_m=sites["leg_m"].to_numpy(),
        site_xy=np.column_stack([sites.geometry.x, sites.geometry.y]),
        leg_kmh=WALK_KMH,
        mode="drive",
    )
    return pd.DataFrame(costs.time_min.astype(np.float64), index=origins.index, columns=sites.index)


def groups_of(county: County, held: Compliance, *, time_limit_s: float = 20.0) -> Groups:
    """
    Propose which strong school leads which weak and rural schools, teaching points of any size included.

    Parameters
    ----------
    county : County
        Network, project and pack.
    held : Compliance
        The layout held against the rules.
    time_limit_s : float
        Longest time [s].

    Returns
    -------
    Groups
        With reasons and proof.
    """
    asked = county.project.school_groups
    parts = school_parts(held.schools, held.pupils)
    table = roles(held.schools, strength(parts, county.pack))
    table["pupils"] = parts["pupils"].astype("Float64").groupby(level="school_id").sum(skipna=False)
    table["name"] = held.schools["name"].reindex(table.index)
    table = table[(table["may_lead"] | table["needs_lead"]) & table.index.isin(county.schools.index)]
    if asked.leads is not None:
        table.loc[table.index.isin(asked.leads), "needs_lead"] = False
    limits = GroupLimits(
        members_max=asked.members_max,
        minutes_max=asked.minutes_max,
        pupils_max=asked.pupils_max,
        leads_max=asked.leads_max,
        shared_days=asked.shared_days,
    )
    minutes = drive_minutes(county, county.schools.loc[table.index], list(table.index))
    return assign_groups(table, minutes, limits=limits, leads=asked.leads, time_limit_s=time_limit_s)


def nodes_of(county: County, held: Compliance) -> pd.DataFrame:
    """
    Say which school is each node of each township, what is missing and who stands in.

    The minutes of a stand-in are those of a drive from the place of the township where most people live.

    Parameters
    ----------
    county : County
        Network, cells, townships and pack.
    held : Compliance
        The layout held against the rules.

    Returns
    -------
    pandas.DataFrame
        As :func:`planning.compliance.townships.township_nodes` gives it.
    """
    schools = held.schools[held.schools.index.isin(county.schools.index)]
    cells = county.cells[~county.cells["in_margin"].astype(bool)]
    found = set(cells["township"].unique()) | set(schools.loc[~schools["in_margin"].astype(bool), "township"])
    named = [str(name) for name in county.townships["name"]] if len(county.townships) else [str(name) for name in found]
    townships = sorted({name for name in named if name})
    by_people = cells.sort_index().sort_values("population", ascending=False, kind="stable")
    middle = by_people[~by_people["township"].duplicated()]
    middle = middle[middle["township"].isin(townships)]
    minutes = drive_minutes(county, middle, list(schools.index)).set_axis(middle["township"].to_numpy(), axis=0)
    return township_nodes(schools, townships, minutes.reindex(townships, fill_value=math.inf), county.pack)


def seats_of(county: County, held: Compliance, *, outlook: Outlook | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Compute the seats that 1,000 residents need, and from how many dwellings on an estate fills a school.

    Parameters
    ----------
    county : County
        Cells, project and pack.
    held : Compliance
        The layout held against the rules.
    outlook : Outlook, optional
        Children of coming years.

    Returns
    -------
    tuple of pandas.DataFrame
        As :func:`planning.compliance.townships.seats_per_thousand` and ``estate_triggers`` give them, of the year that the
        population stands for (0 where the project names none) and of the years of the outlook.
    """
    project, pack = county.project, county.pack
    cells = county.cells[~county.cells["in_margin"].astype(bool)]
    year = project.population.year or 0
    stages = [stage for stage in STAGES if stage in project.stages]
    schools = held.schools[(held.schools["status"] == "open") & ~held.schools["in_margin"].astype(bool)]
    names = sorted(set(cells["township"].unique()) | set(schools["township"]))
    children = pd.DataFrame(
        {
            stage: cells[[f"pupils_{band}" for band in BANDS[stage]]].sum(axis=1).groupby(cells["township"]).sum()
            for stage in stages
        }
    ).reindex(names, fill_value=0)
    if outlook is not None:
        children = children_by_year(children, outlook)
    else:
        children.index = pd.MultiIndex.from_product([[year], names], names=["year", "township"])
    seats = {}
    for stage in stages:
        own = schools[schools["kind"].isin(KINDS_OF_STAGE[stage])]
        by_township = own[f"seats_{stage}"].astype("Float64").groupby(own["township"]).sum(skipna=False)
        seats[stage] = by_township.reindex(names, fill_value=0.0).astype(float)
    projection = project.projection
    fill_rate = pack.number("demand.fill_rate") if projection is None else projection.fill_rate
    table = seats_per_thousand(
        children,
        cells["population"].groupby(cells["township"]).sum().reindex(names, fill_value=0.0),
        pack,
        seats=pd.DataFrame(seats),
        fill_rate=fill_rate or 1.0,
    )
    if projection is None:
        return table, estate_triggers(table, pack)
    brings = {str(stage): rate for stage, rate in projection.per_dwelling.items()}
    return table, estate_triggers(table, pack, people_per_dwelling=projection.people_per_dwelling, per_dwelling=brings)


def roadmap_of(county: County, held: Compliance) -> Roadmap:
    """
    Say what keeps the county from passing, and the least change that would pass.

    Parameters
    ----------
    county : County
        Project and pack.
    held : Compliance
        The layout held against the rules.

    Returns
    -------
    Roadmap
        What stops, what to add, what to count first.
    """
    return draw_roadmap(
        held.schools, held.parts, held.classes, county.pack,
        unit_costs=_prices(county), spread=held.balance, passes=held.passes,
    )  # fmt: skip


def roadmaps_of_proposals(county: County, standing: Standing) -> tuple[tuple[str, Roadmap, Roadmap], ...]:
    """
    Draw the roadmap before and after each proposal, so that it is seen what a layout costs or saves in balance.

    Parameters
    ----------
    county : County
        Project and pack.
    standing : Standing
        The county today and after each proposal.

    Returns
    -------
    tuple of (str, Roadmap, Roadmap)
        Question, roadmap of what it is compared with, roadmap afterwards.
    """
    known: dict[int, Roadmap] = {}
    found = []
    for before, after in standing.compared:
        if id(before) not in known:
            known[id(before)] = roadmap_of(county, before)
        found.append((after.question, known[id(before)], roadmap_of(county, after)))
    return tuple(found)


def _prices(county: County) -> dict[str, float] | None:
    given = county.project.roadmap.unit_costs
    return None if given is None else {str(name): price for name, price in given.items()}

"""The county that questions are asked of: its people, schools, possible sites, roads and rules, joined to one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import pandas as pd
import pyproj

from planning.config import Project
from planning.demand.sheet import no_ages, no_pupils
from planning.errors import Message, SetAside
from planning.network.build import Network
from planning.roads import Roads
from planning.scenario.changes import no_births, no_moves
from planning.scenario.costbook import CostBook
from planning.scenario.stage_basis import BasisShelf
from planning.standards import RulePack

__all__ = ["County"]


@dataclass(frozen=True, eq=False)
class County:
    """
    Everything a question is asked of; all geometry in ``crs`` [m].

    Parameters
    ----------
    project : Project
        What was asked for.
    crs : pyproj.CRS
        Working system, true to the metre.
    boundary : geopandas.GeoDataFrame
        One row: the county, or the land round the inhabited places where the project names no boundary.
    townships : geopandas.GeoDataFrame
        ``name`` and polygon; empty where there are none.
    roads : Roads
        As read, further layers merged in.
    basemap : geopandas.GeoDataFrame
        ``kind`` (river, water, railway, place), ``detail``, ``name``: drawn beneath the roads; barriers to those who walk
        over open ground.
    network : Network
        Cells, schools and candidates are nodes of it.
    cells : geopandas.GeoDataFrame
        Inhabited places with whole pupils by band, ``node`` and ``leg_m`` [m].
    schools : geopandas.GeoDataFrame
        All schools, sorted by id, with ``node`` and ``leg_m`` [m].
    candidates : geopandas.GeoDataFrame
        Places where a school may be built, with ``node`` and ``leg_m`` [m].
    rejected : pandas.DataFrame
        How many places were no candidates, by reason.
    exclusions, housing : geopandas.GeoDataFrame
        As read; empty where none are named.
    pack : RulePack
        Rules the county is measured against.
    cell_size_m : float
        Side of a grid cell, or of the square a village is drawn as [m].
    demand_sheet : pandas.DataFrame
        What each township's people rest on.
    notices : tuple of Message
        Reservations that hold for every result.
    set_aside : tuple of SetAside
        Rows left out or changed, and why.
    hashes : Mapping
        SHA-256 of every file read, by its name in the project.
    costs : CostBook
        Travel costs, swept at their first use.
    demand_by_band : pandas.DataFrame
        What the children of each township and grade band rest on.
    ages : pandas.DataFrame
        People by township and single year of age, columns ``"0"``, ``"1"`` …; empty where no age groups are named [people].
    births, migration : pandas.DataFrame
        As ``sources.births`` and ``sources.migration`` read them; empty where none are named.
    """

    project: Project
    crs: pyproj.CRS
    boundary: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    roads: Roads
    basemap: gpd.GeoDataFrame
    network: Network
    cells: gpd.GeoDataFrame
    schools: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    rejected: pd.DataFrame
    exclusions: gpd.GeoDataFrame
    housing: gpd.GeoDataFrame
    pack: RulePack
    cell_size_m: float
    demand_sheet: pd.DataFrame
    notices: tuple[Message, ...]
    set_aside: tuple[SetAside, ...]
    hashes: Mapping[str, str]
    costs: CostBook = field(repr=False)
    demand_by_band: pd.DataFrame = field(default_factory=no_pupils)
    ages: pd.DataFrame = field(default_factory=no_ages)
    births: pd.DataFrame = field(default_factory=no_births)
    migration: pd.DataFrame = field(default_factory=no_moves)

    @cached_property
    def shelf(self) -> BasisShelf:
        """
        Keep what no edit of schools changes, by stage; a county made of this one by ``replace`` begins with none.

        Returns
        -------
        BasisShelf
            Filled at the first use of each stage.
        """
        return BasisShelf()

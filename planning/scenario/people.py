"""Who lives where and goes to which stage: the population sources of a project become cells with whole pupils."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import scipy.spatial
import shapely

from planning.config import Project
from planning.demand.ages import people_by_age
from planning.demand.grid import pupils_by_cell
from planning.demand.known import Known, known_numbers
from planning.demand.pupils import Stages
from planning.demand.sheet import Demand, check_total
from planning.demand.villages import assign_townships, blend_villages, outside_notice, pupils_by_village
from planning.errors import Message, msg
from planning.scenario.changes import no_births, no_moves
from planning.scenario.told import Told
from planning.sources.births import read_births
from planning.sources.known import read_known
from planning.sources.migration import read_migration
from planning.sources.rasters import read_population
from planning.sources.villages import VillagesRead, read_villages

__all__ = ["count_people", "read_changes", "read_village_list"]

#: Side of the square that a village stands for on maps [m].
VILLAGE_SIZE_M = 200.0


def count_people(
    project: Project, crs: pyproj.CRS, area: shapely.Geometry | None, townships: gpd.GeoDataFrame, told: Told
) -> tuple[Demand, float]:
    """
    Count people and pupils: from a grid, from a list of villages, or from both, scaled to the numbers that are known.

    Parameters
    ----------
    project : Project
        Names the sources of the population.
    crs : pyproj.CRS
        Working system [m].
    area : shapely.Geometry or None
        The county; None where no boundary is named.
    townships : geopandas.GeoDataFrame
        ``name`` and polygon; empty where there are none.
    told : Told
        Takes what is to be said.

    Returns
    -------
    tuple of (Demand, float)
        Cells with whole pupils, and the side of a grid cell, or of the square that a village is drawn as [m].

    Raises
    ------
    PlanningError
        If a source cannot be read, or the people of its stages cannot be counted.
    """
    population = project.population
    stages: Stages = {stage: (rule.ages, rule.share) for stage, rule in project.stages.items()}
    margin_m = project.schools.margin_m
    villages = None
    if population.villages is not None:
        read = read_village_list(project, crs=crs, area=area)
        told.take(notices=read.notices, set_aside=read.set_aside)
        villages = read.villages
        villages["township"] = _townships_of(villages, townships, msg("villages"), told)
    known = _known(project, stages, townships, villages, told)
    if population.file is None:
        assert villages is not None  # noqa: S101 - the project file is checked for it
        demand = pupils_by_village(villages, stages, known=known, source=str(population.villages))
        told.take(notices=demand.notices, set_aside=demand.set_aside)
        return demand, VILLAGE_SIZE_M
    bands = {
        name: project.path(place) if isinstance(place, str) else place
        for name, place in (population.age_bands or {}).items()
    }
    grid = read_population(
        project.path(population.file), crs=crs, area=area, age_bands=bands or None, margin_m=margin_m
    )
    told.take(set_aside=grid.notices)
    cells = grid.cells.assign(name="")
    cells["township"] = _townships_of(cells, townships, msg("grid cells"), told)
    own = None if villages is None else villages[~villages["in_margin"]]
    if own is not None and not len(townships) and (own["township"] != "").any():
        cells["township"] = _townships_by_nearest(cells, own)
        told.take(
            notices=(
                msg(
                    "The boundary has no townships: each cell of the population file was given the township of the nearest village in the list."
                ),
            )
        )
    ages = cells[[f"people_{name}" for name in bands]].rename(columns={f"people_{name}": name for name in bands})
    cells = cells.drop(columns=[f"people_{name}" for name in bands])
    of_groups = ages if bands else None
    if villages is None:
        demand = pupils_by_cell(cells, stages, ages=of_groups, known=known)
    else:
        demand = blend_villages(cells, villages, stages, ages=of_groups, known=known, source=str(population.villages))
    if of_groups is not None:
        demand = replace(demand, ages=people_by_age(of_groups, cells, demand.cells))
    told.take(notices=demand.notices, set_aside=demand.set_aside)
    if population.known_total is not None:
        off = check_total(grid.total_inside, population.known_total)
        told.take(notices=(off,) if off is not None else ())
    return demand, _cell_size(grid.crs, grid.transform, demand.cells, crs)


def read_village_list(project: Project, *, crs: pyproj.CRS, area: shapely.Geometry | None = None) -> VillagesRead:
    """
    Read the table of villages as the project file says.

    Parameters
    ----------
    project : Project
        Names the table, its headings and its reference system.
    crs : pyproj.CRS
        Working system [m], or degrees where only the places are wanted.
    area : shapely.Geometry, optional
        The county in ``crs``.

    Returns
    -------
    VillagesRead
        As :func:`planning.sources.villages.read_villages`.

    Raises
    ------
    PlanningError
        If the table cannot be read.
    """
    population = project.population
    return read_villages(
        project.path(str(population.villages)),
        crs=crs,
        coordinates=population.coordinates,
        mapping=population.mapping,
        sheet=population.sheet,
        boundary=area,
        margin_m=project.schools.margin_m,
    )


def _known(
    project: Project, stages: Stages, townships: gpd.GeoDataFrame, villages: gpd.GeoDataFrame | None, told: Told
) -> Known:
    """Read the known numbers; their townships must be those of the boundary, or of the list where it has none."""
    population = project.population
    if population.known is None:
        return known_numbers(None, stages, known_total=population.known_total)
    names = set(townships["name"] if len(townships) else () if villages is None else villages["township"])
    read = read_known(project.path(population.known), townships={str(name) for name in names})
    told.take(notices=read.notices, set_aside=read.set_aside)
    return known_numbers(read.table, stages, known_total=population.known_total, source=population.known)


def _townships_of(points: gpd.GeoDataFrame, townships: gpd.GeoDataFrame, what: Message, told: Told) -> pd.Series:
    """Give each point its township: by the polygons where there are any, else as the table says."""
    if not len(townships):
        return points["township"] if "township" in points else pd.Series("", index=points.index, dtype="str")
    assigned = assign_townships(points, townships)
    if "township" in points:
        assigned = assigned.where(assigned != "", points["township"])
    outside = outside_notice(assigned, what=what)
    told.take(notices=(outside,) if outside is not None else ())
    return assigned


def _townships_by_nearest(cells: gpd.GeoDataFrame, villages: gpd.GeoDataFrame) -> pd.Series:
    """
    Give each cell the township of the nearest village.

    Without one, no township of the list would be found in the grid, and the people of both would be counted.
    """
    tree = scipy.spatial.KDTree(shapely.get_coordinates(villages.geometry.to_numpy()))
    _, nearest = tree.query(shapely.get_coordinates(cells.geometry.to_numpy()))
    return pd.Series(villages["township"].to_numpy()[nearest], index=cells.index, dtype="str")


def _cell_size(raster_crs: pyproj.CRS, transform: object, cells: gpd.GeoDataFrame, crs: pyproj.CRS) -> float:
    """Measure the side of a raster cell on the ground, in the middle of the county."""
    there = pyproj.Transformer.from_crs(crs, raster_crs, always_xy=True)
    x, y = there.transform(cells.geometry.x.median(), cells.geometry.y.median())
    width, height = abs(transform.a), abs(transform.e)  # type: ignore[attr-defined]
    back_x, back_y = there.transform([x, x + width, x], [y, y, y + height], direction="INVERSE")
    sides = np.hypot(np.subtract(back_x[1:], back_x[0]), np.subtract(back_y[1:], back_y[0]))
    return float(sides.max())


def read_changes(
    project: Project, cells: gpd.GeoDataFrame, townships: gpd.GeoDataFrame, told: Told
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Read the tables of births and moves that a project names.

    Parameters
    ----------
    project : Project
        Names the tables.
    cells : geopandas.GeoDataFrame
        Inhabited places with ``township``.
    townships : geopandas.GeoDataFrame
        ``name`` and polygon; empty where there are none.
    told : Told
        Takes what is to be said.

    Returns
    -------
    tuple of pandas.DataFrame
        Births and moves; empty where none are named.

    Raises
    ------
    SourceError
        If a table cannot be read, or names townships that the county does not have.
    """
    names = {str(name) for name in (*cells["township"].unique(), *townships["name"])} - {""}
    births, moves = no_births(), no_moves()
    if project.births is not None:
        read = read_births(project.path(project.births), townships=names)
        told.take(notices=read.notices, set_aside=read.set_aside)
        births = read.births
    if project.migration is not None:
        of_moves = read_migration(project.path(project.migration), townships=names)
        told.take(notices=of_moves.notices, set_aside=of_moves.set_aside)
        moves = of_moves.moves
    return births, moves

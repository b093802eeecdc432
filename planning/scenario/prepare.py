"""From the sources a project names to the county that questions are asked of; the one place that knows the order."""

from __future__ import annotations

import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.config import Project
from planning.crs import check_metric, local_metric_crs, parse_crs
from planning.demand.villages import assign_townships
from planning.errors import Names, SourceError, Tell, msg
from planning.network.build import build_network
from planning.scenario.asking import check_questions, check_room, check_schools
from planning.scenario.costbook import CostBook
from planning.scenario.county import County
from planning.scenario.open_ground import open_ground_of
from planning.scenario.people import count_people, read_changes, read_village_list
from planning.scenario.streets import (
    add_open_ground,
    join_places,
    read_elevation,
    read_roads,
    tell_network,
    walk_over_terrain,
    walkable_nodes,
)
from planning.scenario.told import Told
from planning.schemas import EXCLUSION_KINDS, cells_schema, check_table
from planning.siting.candidates import CandidateOptions, make_candidates
from planning.sources.housing import read_housing
from planning.sources.osm_features import read_osm_schools
from planning.sources.osm_stream import open_osm
from planning.sources.raster_files import crs_of, open_raster
from planning.sources.schools import SchoolsRead, read_schools, schools_from_osm
from planning.sources.vectors import Boundary, read_boundary, read_exclusions
from planning.stages import STAGES
from planning.standards import load_pack

__all__ = ["prepare", "working_crs"]


#: Reach of the land drawn round the inhabited places where no boundary is named [m].
HULL_MARGIN_M = 1000.0
_WGS84 = pyproj.CRS.from_epsg(4326)


def prepare(project: Project, *, progress: Tell | None = None) -> County:
    """
    Read what a project names and make a county of it.

    Parameters
    ----------
    project : Project
        As :func:`planning.config.load_project` read it.
    progress : callable, optional
        Called with the share done and what is being done.

    Returns
    -------
    County
        Tables, network, reservations.

    Raises
    ------
    PlanningError
        If a source cannot be read as what it should be, or the sources do not fit each other.
    """
    tell = progress or (lambda share, doing: None)
    told = Told([], [])
    pack = load_pack(project.standards, folder=project.folder)
    check_questions(project.questions, project, pack)
    _look_at_large_files(project)
    tell(0.0, msg("Reading the boundary"))
    crs = working_crs(project)
    boundary = _boundary(project, crs, told)
    area = None if boundary is None else boundary.county
    exclusions = _exclusions(project, crs, told)
    tell(0.05, msg("Reading the population"))
    townships = boundary.townships if boundary is not None else _no_townships(crs)
    demand, cell_size_m = count_people(project, crs, area, townships, told)
    housing = _housing(project, crs, area, told)  # a boundary of elsewhere is told by the population first
    births, migration = read_changes(project, demand.cells, townships, told)
    line = _line(area, demand.cells, crs)
    tell(0.2, msg("Reading the schools"))
    schools = _schools(project, crs, area if area is not None else line, townships, told)
    check_schools(project.questions, project, schools.loc[schools["status"] == "open", "kind"])
    tell(0.3, msg("Reading the roads"))
    lonlat = gpd.GeoSeries([line], crs=crs).to_crs(_WGS84).iloc[0]
    roads, basemap = read_roads(project, crs, lonlat, told)
    tell(0.6, msg("Building the network"))
    network = build_network(roads, crs=crs)
    dem = read_elevation(project, crs, line, told)
    tell(0.7, msg("Looking for places where a school may stand"))
    candidates, rejected = make_candidates(
        demand.cells,
        walkable_nodes(network),
        townships=townships if len(townships) else gpd.GeoDataFrame({"name": [""]}, geometry=[line], crs=crs),
        exclusions=exclusions,
        slope_deg=None if dem is None else lambda xy: dem.slope_degrees(xy).astype(np.float64),
        schools_xy=shapely.get_coordinates(schools.geometry[schools["status"] == "open"]),
        places=basemap[basemap["kind"] == "place"],
        options=CandidateOptions(
            buffer_m={
                kind: rule.number for kind, rule in pack.below("siting_buffers").items() if kind in EXCLUSION_KINDS
            }
        ),
    )
    check_room(project.questions, project, len(candidates))
    tell(0.85, msg("Joining homes and schools to the roads"))
    tell_network(network, schools, told)
    ground = open_ground_of(project, basemap)
    if ground is not None:
        network = add_open_ground(network, ground, line, dem, told)
    network, cells, schools, candidates = join_places(network, demand.cells, schools, candidates, told, ground=ground)
    factor = walk_over_terrain(project, network, dem, told)
    _tell_unused(project, told)
    check_table(cells, cells_schema(project.bands), file=project.name, what="cells")
    return County(
        project=project,
        crs=crs,
        boundary=gpd.GeoDataFrame({"name": [project.name]}, geometry=[line], crs=crs),
        townships=townships,
        roads=roads,
        basemap=basemap,
        network=network,
        cells=cells,
        schools=schools,
        candidates=candidates,
        rejected=rejected,
        exclusions=exclusions,
        housing=housing,
        pack=pack,
        cell_size_m=cell_size_m,
        demand_sheet=demand.sheet,
        demand_by_band=demand.by_band,
        ages=demand.ages,
        births=births,
        migration=migration,
        notices=tuple(told.notices),
        set_aside=tuple(told.set_aside),
        hashes=_hashes(project),
        costs=CostBook(network, cells, schools, candidates, walking_factor=factor, open_ground=ground),
    )


def _look_at_large_files(project: Project) -> None:
    """Open what takes long to read, so that a file of the wrong kind is told before anything is computed."""
    if project.roads.file is not None:
        open_osm(project.path(project.roads.file))
    population = project.population
    rasters = [population.file, project.terrain.dem]
    rasters += [place for place in (population.age_bands or {}).values() if isinstance(place, str)]
    for name in rasters:
        if name is not None:
            path = project.path(name)
            with open_raster(path) as raster:
                crs_of(raster, path.name)


def working_crs(project: Project) -> pyproj.CRS:
    """
    Take the system the project names, or the local zone of its middle; either must be true to the metre there.

    Parameters
    ----------
    project : Project
        As :func:`planning.config.load_project` read it.

    Returns
    -------
    pyproj.CRS
        Projected system [m].

    Raises
    ------
    PlanningError
        If the source that shows the middle cannot be read, or the system named does not fit there.
    """
    lon, lat = _middle(project)
    if project.crs == "auto":
        return local_metric_crs(lon, lat)
    return check_metric(parse_crs(project.crs, where="crs"), lon=lon, lat=lat, where="crs")


def _middle(project: Project) -> tuple[float, float]:
    """Find a point in the middle of the project's own data, in degrees."""
    if project.boundary is not None:
        found = read_boundary(project.path(project.boundary))
        box = shapely.box(*gpd.GeoSeries([found.county], crs=found.crs).to_crs(_WGS84).total_bounds)
    elif project.population.file is not None:
        path = project.path(project.population.file)
        with open_raster(path) as raster:
            box = shapely.box(
                *pyproj.Transformer.from_crs(crs_of(raster, path.name), _WGS84, always_xy=True).transform_bounds(
                    *raster.bounds
                )
            )
    else:
        villages = read_village_list(project, crs=_WGS84)
        box = shapely.box(*villages.villages.total_bounds)
    middle = box.centroid
    return float(middle.x), float(middle.y)


def _boundary(project: Project, crs: pyproj.CRS, told: Told) -> Boundary | None:
    if project.boundary is None:
        told.notices.append(
            msg("No boundary is named: all people of the population source count, and none are outside.")
        )
        return None
    boundary = read_boundary(project.path(project.boundary), crs=crs)
    told.take(notices=boundary.notices)
    return boundary


def _no_townships(crs: pyproj.CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": pd.Series([], dtype="str")}, geometry=[], crs=crs, index=pd.Index([], dtype="str", name="township_id")
    )


def _line(area: shapely.Geometry | None, cells: gpd.GeoDataFrame, crs: pyproj.CRS) -> shapely.Geometry:
    """Give the county's polygon, or the land round its inhabited places."""
    if area is not None:
        return area
    xy = np.column_stack([cells.geometry.x, cells.geometry.y])
    corners = np.unique(np.floor(xy / HULL_MARGIN_M), axis=0) * HULL_MARGIN_M
    squares = shapely.box(*corners.T, *(corners + HULL_MARGIN_M).T)
    return shapely.union_all(shapely.buffer(squares, HULL_MARGIN_M, join_style="mitre"))


def _schools(
    project: Project, crs: pyproj.CRS, area: shapely.Geometry, townships: gpd.GeoDataFrame, told: Told
) -> gpd.GeoDataFrame:
    named = project.schools
    read: SchoolsRead
    if named.file == "osm":
        if project.roads.file is None:
            raise SourceError(msg("schools.file: osm needs roads.file, the extract to take the schools from."))
        lonlat = gpd.GeoSeries([area], crs=crs).to_crs(_WGS84).iloc[0]
        found = read_osm_schools(project.path(project.roads.file), crs=crs, area=lonlat, buffer_m=named.margin_m)
        told.take(set_aside=found.set_aside)
        read = schools_from_osm(
            found.table, kind=named.kind, boundary=area, margin_m=named.margin_m, file=project.roads.file
        )
    else:
        read = read_schools(
            project.path(named.file),
            crs=crs,
            coordinates=named.coordinates,
            mapping=named.mapping,
            kind=named.kind,
            sheet=named.sheet,
            boundary=area,
            margin_m=named.margin_m,
        )
    told.take(notices=read.notices, set_aside=read.set_aside)
    schools = read.schools
    if len(townships):
        by_place = assign_townships(schools, townships)
        schools["township"] = by_place.where(by_place != "", schools["township"])
    for stage in STAGES:
        closed = schools.index[(schools[f"seats_{stage}"] == 0).fillna(False) & (schools["status"] == "open")]
        if stage in project.stages and len(closed):
            told.notices.append(
                msg(
                    "{n} schools have 0 seats of a stage they could teach and take no pupils of it: {names}.",
                    n=len(closed),
                    names=Names.first(schools.loc[closed, "name"], 10),
                )
            )
    return schools


def _exclusions(project: Project, crs: pyproj.CRS, told: Told) -> gpd.GeoDataFrame:
    if project.exclusions is None:
        told.notices.append(msg("No exclusions are named: new schools may stand anywhere but on steep ground."))
        return gpd.GeoDataFrame({"kind": [], "buffer_m": [], "name": []}, geometry=[], crs=crs)
    read = read_exclusions(project.path(project.exclusions), crs=crs)
    told.take(notices=read.notices, set_aside=read.set_aside)
    return read.exclusions


def _housing(project: Project, crs: pyproj.CRS, area: shapely.Geometry | None, told: Told) -> gpd.GeoDataFrame:
    if project.housing is None:
        return gpd.GeoDataFrame({"name": [], "dwellings": [], "year": []}, geometry=[], crs=crs)
    read = read_housing(project.path(project.housing), crs=crs, boundary=area)
    told.take(notices=read.notices, set_aside=read.set_aside)
    return read.housing


def _tell_unused(project: Project, told: Told) -> None:
    """Say which keys are read but serve a later part."""
    money = project.costs
    weighed = any(question.weighs_money for question in project.questions)
    unused = [
        name
        for name, is_set in (
            ("housing", project.housing is not None and not project.is_projected),
            ("costs.running_per_school", money.running_per_school is not None and not weighed),
            ("costs.yuan_per_pupil_km", money.yuan_per_pupil_km is not None and not weighed),
            ("costs.building_years", money.building_years is not None and not weighed),
        )
        if is_set
    ]
    if unused:
        told.notices.append(
            msg("Accepted, but without effect on the numbers of this version: {keys}.", keys=Names(unused))
        )


def _hashes(project: Project) -> dict[str, str]:
    named = [
        project.boundary,
        project.roads.file,
        *project.roads.extra,
        project.terrain.dem,
        project.population.file,
        *(place for place in (project.population.age_bands or {}).values() if isinstance(place, str)),
        project.population.villages,
        project.population.known,
        project.schools.file if project.schools.file != "osm" else None,
        project.housing,
        project.births,
        project.migration,
        project.exclusions,
    ]
    return {name: _sha256(project.path(name)) for name in named if name is not None}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

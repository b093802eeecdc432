"""From the sources a project names to the county that questions are asked of; the one place that knows the order."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import scipy.spatial
import shapely
from numpy.typing import NDArray

from planning.config import Project
from planning.crs import check_metric, local_metric_crs, parse_crs
from planning.demand.pupils import Demand, pupils_by_cell
from planning.demand.villages import assign_townships, blend_villages, check_total, outside_notice, pupils_by_village
from planning.errors import Message, SetAside, SourceError, msg
from planning.network.build import Network, build_network, network_summary
from planning.network.merge import merge_roads
from planning.network.modes import mode_usable
from planning.network.snap import snap_to_network, snappable_segments
from planning.roads import Roads
from planning.scenario.asking import check_questions, check_room, check_schools
from planning.scenario.costbook import CostBook
from planning.schemas import cells_schema, check_table
from planning.siting.candidates import CandidateOptions, make_candidates
from planning.sources.dem import Dem, read_dem
from planning.sources.extra_roads import read_extra_roads
from planning.sources.housing import read_housing
from planning.sources.osm import read_osm_roads
from planning.sources.osm_features import read_osm_basemap, read_osm_schools
from planning.sources.osm_stream import open_osm
from planning.sources.overpass import fetch_overpass_roads
from planning.sources.raster_files import crs_of, open_raster
from planning.sources.rasters import read_population
from planning.sources.schools import SchoolsRead, read_schools, schools_from_osm
from planning.sources.vectors import Boundary, read_boundary, read_exclusions
from planning.sources.villages import read_villages
from planning.stages import STAGES
from planning.standards import RulePack, load_pack

__all__ = ["County", "Progress", "prepare"]

logger = logging.getLogger(__name__)
Progress = Callable[[float, Message], None]

#: Roads are read so far beyond the county line, so that a way to school may leave the county and come back [m].
ROAD_MARGIN_M = 5000.0
#: Side of the square that a village stands for on maps [m].
VILLAGE_SIZE_M = 200.0
#: Reach of the land drawn round the inhabited places where no boundary is named [m].
HULL_MARGIN_M = 1000.0
_WGS84 = pyproj.CRS.from_epsg(4326)


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
        ``kind`` (river, water, railway, place), ``detail``, ``name``: for drawing only.
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


@dataclass
class _Told:
    """What has to be said about the sources, gathered on the way."""

    notices: list[Message]
    set_aside: list[SetAside]

    def take(self, *, notices: tuple[Message, ...] = (), set_aside: tuple[SetAside, ...] = ()) -> None:
        self.notices += notices
        self.set_aside += set_aside


def prepare(project: Project, *, progress: Progress | None = None) -> County:
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
    told = _Told([], [])
    pack = load_pack(project.standards, folder=project.folder)
    check_questions(project.questions, project, pack)
    _look_at_large_files(project)
    tell(0.0, msg("Reading the boundary"))
    crs = _working_crs(project)
    boundary = _boundary(project, crs, told)
    area = None if boundary is None else boundary.county
    exclusions = _exclusions(project, crs, told)
    housing = _housing(project, crs, told)
    tell(0.05, msg("Reading the population"))
    townships = boundary.townships if boundary is not None else _no_townships(crs)
    demand, cell_size_m = _demand(project, crs, area, townships, told)
    line = _line(area, demand.cells, crs)
    tell(0.2, msg("Reading the schools"))
    schools = _schools(project, crs, area if area is not None else line, townships, told)
    check_schools(project.questions, project, schools.loc[schools["status"] == "open", "kind"])
    tell(0.3, msg("Reading the roads"))
    lonlat = gpd.GeoSeries([line], crs=crs).to_crs(_WGS84).iloc[0]
    roads, basemap = _roads(project, crs, lonlat, told)
    tell(0.6, msg("Building the network"))
    network = build_network(roads, crs=crs)
    dem = _dem(project, crs, line, told)
    tell(0.7, msg("Looking for places where a school may stand"))
    candidates, rejected = make_candidates(
        demand.cells,
        _walkable_nodes(network),
        townships=townships if len(townships) else gpd.GeoDataFrame({"name": [""]}, geometry=[line], crs=crs),
        exclusions=exclusions,
        slope_deg=None if dem is None else lambda xy: dem.slope_degrees(xy).astype(np.float64),
        schools_xy=shapely.get_coordinates(schools.geometry[schools["status"] == "open"]),
        places=basemap[basemap["kind"] == "place"],
        options=CandidateOptions(
            buffer_m={kind: float(rule.value) for kind, rule in pack.siting_buffers.items() if rule.enabled}
        ),
    )
    check_room(project.questions, project, len(candidates))
    tell(0.85, msg("Joining homes and schools to the roads"))
    network, cells, schools, candidates = _snap(network, demand.cells, schools, candidates, told)
    _tell_unused(project, told)
    _tell_summary(network, schools, told)
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
        notices=tuple(told.notices),
        set_aside=tuple(told.set_aside),
        hashes=_hashes(project),
        costs=CostBook(network, cells, schools, candidates),
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


def _working_crs(project: Project) -> pyproj.CRS:
    """Take the system the project names, or the local zone of its middle; either must be true to the metre there."""
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
        villages = read_villages(project.path(str(project.population.villages)), crs=_WGS84)
        box = shapely.box(*villages.villages.total_bounds)
    middle = box.centroid
    return float(middle.x), float(middle.y)


def _boundary(project: Project, crs: pyproj.CRS, told: _Told) -> Boundary | None:
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


def _demand(
    project: Project, crs: pyproj.CRS, area: shapely.Geometry | None, townships: gpd.GeoDataFrame, told: _Told
) -> tuple[Demand, float]:
    """Count people and pupils: from a grid, from a list of villages, or from both."""
    population = project.population
    stages: dict[str, tuple[tuple[int, int] | None, float | None]] = {
        stage: (rule.ages, rule.share) for stage, rule in project.stages.items()
    }
    margin_m = project.schools.margin_m
    villages = None
    if population.villages is not None:
        read = read_villages(project.path(population.villages), crs=crs, boundary=area, margin_m=margin_m)
        told.take(notices=read.notices, set_aside=read.set_aside)
        villages = read.villages
        villages["township"] = _townships_of(villages, townships, msg("villages"), told)
    if population.file is None:
        assert villages is not None  # noqa: S101 - the project file is checked for it
        demand = pupils_by_village(
            villages, stages, known_total=population.known_total, source=str(population.villages)
        )
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
    if population.known_total is not None:
        off = check_total(grid.total_inside, population.known_total)
        told.take(notices=(off,) if off is not None else ())
    if villages is None:
        demand = pupils_by_cell(cells, stages, ages=ages if bands else None, known_total=population.known_total)
    else:
        demand = blend_villages(
            cells,
            villages,
            stages,
            ages=ages if bands else None,
            known_total=population.known_total,
            source=str(population.villages),
        )
    told.take(notices=demand.notices, set_aside=demand.set_aside)
    return demand, _cell_size(grid.crs, grid.transform, demand.cells, crs)


def _townships_of(points: gpd.GeoDataFrame, townships: gpd.GeoDataFrame, what: Message, told: _Told) -> pd.Series:
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


def _line(area: shapely.Geometry | None, cells: gpd.GeoDataFrame, crs: pyproj.CRS) -> shapely.Geometry:
    """Give the county's polygon, or the land round its inhabited places."""
    if area is not None:
        return area
    xy = np.column_stack([cells.geometry.x, cells.geometry.y])
    corners = np.unique(np.floor(xy / HULL_MARGIN_M), axis=0) * HULL_MARGIN_M
    squares = shapely.box(*corners.T, *(corners + HULL_MARGIN_M).T)
    return shapely.union_all(shapely.buffer(squares, HULL_MARGIN_M, join_style="mitre"))


def _schools(
    project: Project, crs: pyproj.CRS, area: shapely.Geometry, townships: gpd.GeoDataFrame, told: _Told
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
                    names=", ".join(schools.loc[closed[:10], "name"]) + (" …" if len(closed) > 10 else ""),
                )
            )
    return schools


def _roads(project: Project, crs: pyproj.CRS, lonlat: shapely.Geometry, told: _Told) -> tuple[Roads, gpd.GeoDataFrame]:
    if project.roads.file is not None:
        path = project.path(project.roads.file)
        source = read_osm_roads(path, crs=crs, area=lonlat, buffer_m=ROAD_MARGIN_M)
        basemap = read_osm_basemap(path, crs=crs, area=lonlat)
    else:
        source = fetch_overpass_roads(
            lonlat, crs=crs, cache=project.folder / "cache" / "overpass", buffer_m=ROAD_MARGIN_M
        )
        basemap = gpd.GeoDataFrame({"kind": [], "detail": [], "name": []}, geometry=[], crs=crs)
    told.take(set_aside=source.set_aside)
    roads = source.roads
    for name in project.roads.extra:
        extra = read_extra_roads(project.path(name), crs=crs)
        told.take(set_aside=extra.set_aside)
        roads, merge = merge_roads(roads, extra.roads)
        told.take(notices=merge.notices)
    return roads, basemap


def _dem(project: Project, crs: pyproj.CRS, line: shapely.Geometry, told: _Told) -> Dem | None:
    if project.terrain.dem is None:
        told.notices.append(msg("No elevation is named: steep ground is not kept free of new schools."))
        return None
    dem = read_dem(project.path(project.terrain.dem), crs=crs, area=line)
    told.take(set_aside=dem.notices)
    return dem


def _exclusions(project: Project, crs: pyproj.CRS, told: _Told) -> gpd.GeoDataFrame:
    if project.exclusions is None:
        told.notices.append(msg("No exclusions are named: new schools may stand anywhere but on steep ground."))
        return gpd.GeoDataFrame({"kind": [], "buffer_m": [], "name": []}, geometry=[], crs=crs)
    read = read_exclusions(project.path(project.exclusions), crs=crs)
    told.take(notices=read.notices, set_aside=read.set_aside)
    return read.exclusions


def _housing(project: Project, crs: pyproj.CRS, told: _Told) -> gpd.GeoDataFrame:
    if project.housing is None:
        return gpd.GeoDataFrame({"name": [], "dwellings": [], "year": []}, geometry=[], crs=crs)
    read = read_housing(project.path(project.housing), crs=crs)
    told.take(notices=read.notices, set_aside=read.set_aside)
    return read.housing


def _walkable_nodes(network: Network) -> NDArray[np.float64]:
    """Give the places on roads that children can walk to, fragments that lead nowhere left out."""
    arcs = np.repeat(snappable_segments(network, mode_usable(network, "walk")), 2)
    return network.xy[np.unique(network.tails[arcs])]


def _snap(
    network: Network, cells: gpd.GeoDataFrame, schools: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, told: _Told
) -> tuple[Network, gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Make every place a node of the network, and tell which lie far from any road."""
    tables = [cells, schools, candidates]
    xy = np.concatenate([np.column_stack([table.geometry.x, table.geometry.y]) for table in tables])
    network, snap = snap_to_network(network, xy, usable=mode_usable(network, "walk"))
    ends = np.cumsum([len(table) for table in tables])[:-1]
    placed = [
        table.assign(node=node, leg_m=leg)
        for table, node, leg in zip(tables, np.split(snap.node, ends), np.split(snap.leg_m, ends), strict=True)
    ]
    far = placed[1][placed[1]["leg_m"] > FAR_FROM_ROAD_M]
    told.set_aside += [
        SetAside(
            source="roads",
            item=str(school.name) if not school["name"] else str(school["name"]),
            reason=msg(
                "{km:.1f} km from the nearest mapped road: the way there is a straight line", km=school["leg_m"] / 1000
            ),
            kept=True,
        )
        for _, school in far.iterrows()
    ]
    people_far = float(cells["population"][placed[0]["leg_m"].to_numpy() > FAR_FROM_ROAD_M].sum())
    if people_far:
        told.notices.append(
            msg(
                "{people:.0f} people live more than {km:g} km from the nearest mapped road: their way rests on a straight line.",
                people=people_far,
                km=FAR_FROM_ROAD_M / 1000,
            )
        )
    passed = int(snap.moved.sum())
    if passed:
        told.notices.append(
            msg(
                "{n} places lie nearer to a piece of road that leads nowhere; they were joined to the next road.",
                n=passed,
            )
        )
    return network, placed[0], placed[1], placed[2]


#: A place farther than this from any mapped road is told: its way rests on a straight line [m].
FAR_FROM_ROAD_M = 1000.0


def _tell_unused(project: Project, told: _Told) -> None:
    """Say which keys are read but serve a later part."""
    money = project.costs
    weighed = any(question.weighs_money for question in project.questions)
    unused = [
        name
        for name, is_set in (
            ("terrain.off_road", project.terrain.off_road),
            ("births", project.births is not None),
            ("migration", project.migration is not None),
            ("housing", project.housing is not None),
            ("costs.running_per_school", money.running_per_school is not None and not weighed),
            ("costs.yuan_per_pupil_km", money.yuan_per_pupil_km is not None and not weighed),
            ("costs.building_years", money.building_years is not None and not weighed),
        )
        if is_set
    ]
    if unused:
        told.notices.append(
            msg("Accepted, but without effect on the numbers of this version: {keys}.", keys=", ".join(unused))
        )


def _tell_summary(network: Network, schools: gpd.GeoDataFrame, told: _Told) -> None:
    summary = network_summary(network, mode_usable(network, "walk"))
    if summary.components > 1:
        told.notices.append(
            msg(
                "The roads fall into {n} parts that are not connected; the largest holds {percent:.1f} % of their length.",
                n=summary.components,
                percent=100 * summary.largest_share,
            )
        )
    private = int((schools["ownership"] == "private").sum())
    if private:
        told.notices.append(
            msg("{n} of {all} schools are private; they count like the others.", n=private, all=len(schools))
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
        project.schools.file if project.schools.file != "osm" else None,
        project.housing,
        project.exclusions,
    ]
    return {name: _sha256(project.path(name)) for name in named if name is not None}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

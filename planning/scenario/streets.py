"""Roads, elevation and open ground and the network they become, with homes, schools and candidates as nodes of it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from planning.config import Project
from planning.errors import SetAside, msg
from planning.network.build import Network, network_summary
from planning.network.ground import add_ground, is_open_ground, lay_ground
from planning.network.joining import find_doorsteps, join_to_ground
from planning.network.merge import merge_roads
from planning.network.modes import mode_usable
from planning.network.snap import snap_to_network, snappable_segments
from planning.network.terrain import OFF_PATH, walking_factor
from planning.roads import Roads
from planning.scenario.open_ground import OpenGround
from planning.scenario.told import Told
from planning.sources.dem import Dem, read_dem
from planning.sources.extra_roads import read_extra_roads
from planning.sources.osm import read_osm_roads
from planning.sources.osm_features import read_osm_basemap
from planning.sources.overpass import fetch_overpass_roads

__all__ = [
    "add_open_ground",
    "join_places",
    "read_elevation",
    "read_roads",
    "tell_network",
    "walk_over_terrain",
    "walkable_nodes",
]

#: Roads are read so far beyond the county line, so that a way to school may leave the county and come back [m].
ROAD_MARGIN_M = 5000.0
#: Rivers that bar the way are read so far beyond the county, so that nobody walks round their cut ends [degrees].
_WATER_MARGIN_DEG = 0.01
#: A place farther than this from any mapped road is told: its way rests on a straight line [m].
FAR_FROM_ROAD_M = 1000.0


def read_roads(
    project: Project, crs: pyproj.CRS, lonlat: shapely.Geometry, told: Told
) -> tuple[Roads, gpd.GeoDataFrame]:
    """
    Read the roads, further layers merged in, and what is drawn beneath them.

    Parameters
    ----------
    project : Project
        Names the sources.
    crs : pyproj.CRS
        Working system [m].
    lonlat : shapely.Geometry
        The county in degrees.
    told : Told
        Takes what is to be said.

    Returns
    -------
    tuple of (Roads, geopandas.GeoDataFrame)
        Roads; and ``kind`` (river, water, railway, place), ``detail``, ``name`` of what surrounds them.
    """
    if project.roads.file is not None:
        path = project.path(project.roads.file)
        source = read_osm_roads(path, crs=crs, area=lonlat, buffer_m=ROAD_MARGIN_M)
        drawn = lonlat.buffer(_WATER_MARGIN_DEG) if project.terrain.off_road else lonlat
        basemap = read_osm_basemap(path, crs=crs, area=drawn)
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


def read_elevation(project: Project, crs: pyproj.CRS, line: shapely.Geometry, told: Told) -> Dem | None:
    """
    Read the elevation raster, where one is named.

    Parameters
    ----------
    project : Project
        Names the source.
    crs : pyproj.CRS
        Working system [m].
    line : shapely.Geometry
        The county.
    told : Told
        Takes what is to be said.

    Returns
    -------
    Dem or None
        Heights, as far beyond the county as roads are read.
    """
    if project.terrain.dem is None:
        told.notices.append(msg("No elevation is named: steep ground is not kept free of new schools."))
        return None
    path = project.path(project.terrain.dem)
    told.take(set_aside=read_dem(path, crs=crs, area=line).notices)  # a raster beside the county is an error
    return read_dem(path, crs=crs, area=shapely.box(*line.bounds).buffer(ROAD_MARGIN_M))


def add_open_ground(
    network: Network, ground: OpenGround, line: shapely.Geometry, dem: Dem | None, told: Told
) -> Network:
    """
    Join the county's open ground to its roads.

    Parameters
    ----------
    network : Network
        Roads.
    ground : OpenGround
        Spacing and barriers.
    line : shapely.Geometry
        The county; nobody walks off the roads beyond it.
    dem : Dem or None
        Heights: ground steeper than 45° is not walked.
    told : Told
        Takes what is to be said.

    Returns
    -------
    Network
        Roads and open ground.

    Raises
    ------
    NetworkError
        If the spacing would make more places than the program can carry.
    """
    laid = lay_ground(
        line,
        spacing_m=ground.spacing_m,
        barriers=(*ground.barriers, *ground.shores),
        elevation=None if dem is None else dem.sample,
    )
    told.notices.append(
        msg(
            "Where no road is mapped, children walk over open ground, in steps of about {spacing:g} m and at {percent:.0f} % of the speed on a path. Rivers and lakes are crossed on mapped roads only ({waters} are known); streams are stepped over.",
            spacing=ground.spacing_m,
            percent=100 * OFF_PATH,
            waters=len(ground.barriers),
        )
    )
    return add_ground(network, laid, usable=mode_usable(network, "walk"))


def walk_over_terrain(project: Project, network: Network, dem: Dem | None, told: Told) -> NDArray[np.float64] | None:
    """
    Say by how much slope and open ground lengthen the walk along each arc.

    Parameters
    ----------
    project : Project
        Says whether slope counts.
    network : Network
        The network.
    dem : Dem or None
        Heights.
    told : Told
        Takes what is to be said.

    Returns
    -------
    numpy.ndarray of float64, shape (n_arcs,), or None
        Time over the time on a level path [-]; None where all is level.
    """
    slopes = dem if project.terrain.slope else None
    if slopes is None and not project.terrain.off_road:
        return None
    factor = walking_factor(network, None if slopes is None else slopes.sample)
    if slopes is not None:
        roads = ~is_open_ground(network)
        length_m = network.length_m[roads]
        longer = float((factor[roads] * length_m).sum() / length_m.sum()) - 1 if length_m.sum() else 0.0
        told.notices.append(
            msg(
                "The slope of roads counts for walkers: there and back takes {percent:.0f} % longer than on level roads, on average over all roads. Times are those from home to school; riders and drivers are not slowed.",
                percent=100 * longer,
            )
        )
    return factor


def walkable_nodes(network: Network) -> NDArray[np.float64]:
    """
    Give the places on roads that children can walk to, fragments that lead nowhere left out.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    numpy.ndarray, shape (n_places, 2)
        Places [m].
    """
    arcs = np.repeat(snappable_segments(network, mode_usable(network, "walk")), 2)
    return network.xy[np.unique(network.tails[arcs])]


def join_places(
    network: Network,
    cells: gpd.GeoDataFrame,
    schools: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    told: Told,
    *,
    ground: OpenGround | None = None,
) -> tuple[Network, gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Make every place a node of the network, and tell which lie far from any road.

    Parameters
    ----------
    network : Network
        Roads, and open ground where there is any.
    cells, schools, candidates : geopandas.GeoDataFrame
        Places of point geometry in the same system.
    told : Told
        Takes what is to be said.
    ground : OpenGround, optional
        How places come onto open ground, where there is any.

    Returns
    -------
    tuple
        The network with nodes for the places; then the three tables with ``node`` and ``leg_m`` [m].
    """
    tables = [cells, schools, candidates]
    xy = np.concatenate([np.column_stack([table.geometry.x, table.geometry.y]) for table in tables])
    usable = mode_usable(network, "walk")
    if ground is None:
        network, snap = snap_to_network(network, xy, usable=usable)
    else:
        doorstep = find_doorsteps(network, usable=usable, reach_m=ground.spacing_m, barriers=ground.barriers)
        network, snap = join_to_ground(network, xy, doorstep)
        shut_in = np.isin(snap.node[: len(cells)], doorstep.pockets)
        if shut_in.any():
            told.notices.append(
                msg(
                    "{people:.0f} people live on ground from which water keeps them from every mapped road.",
                    people=float(cells["population"].to_numpy()[shut_in].sum()),
                )
            )
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


def tell_network(network: Network, schools: gpd.GeoDataFrame, told: Told) -> None:
    """
    Tell parts of the network that are not connected, and private schools.

    Parameters
    ----------
    network : Network
        The network.
    schools : geopandas.GeoDataFrame
        With ``ownership``.
    told : Told
        Takes what is to be said.
    """
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

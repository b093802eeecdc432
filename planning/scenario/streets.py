"""Roads, elevation and the network they become, with homes, schools and candidates as nodes of it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from planning.config import Project
from planning.errors import SetAside, msg
from planning.network.build import Network, network_summary
from planning.network.merge import merge_roads
from planning.network.modes import mode_usable
from planning.network.snap import snap_to_network, snappable_segments
from planning.roads import Roads
from planning.scenario.told import Told
from planning.sources.dem import Dem, read_dem
from planning.sources.extra_roads import read_extra_roads
from planning.sources.osm import read_osm_roads
from planning.sources.osm_features import read_osm_basemap
from planning.sources.overpass import fetch_overpass_roads

__all__ = ["join_places", "read_elevation", "read_roads", "tell_network", "walkable_nodes"]

#: Roads are read so far beyond the county line, so that a way to school may leave the county and come back [m].
ROAD_MARGIN_M = 5000.0
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
        Heights.
    """
    if project.terrain.dem is None:
        told.notices.append(msg("No elevation is named: steep ground is not kept free of new schools."))
        return None
    dem = read_dem(project.path(project.terrain.dem), crs=crs, area=line)
    told.take(set_aside=dem.notices)
    return dem


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
    network: Network, cells: gpd.GeoDataFrame, schools: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, told: Told
) -> tuple[Network, gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Make every place a node of the network, and tell which lie far from any road.

    Parameters
    ----------
    network : Network
        Roads.
    cells, schools, candidates : geopandas.GeoDataFrame
        Places of point geometry in the same system.
    told : Told
        Takes what is to be said.

    Returns
    -------
    tuple
        The network with nodes for the places; then the three tables with ``node`` and ``leg_m`` [m].
    """
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

"""How open ground is walked: how far apart its places lie, and which waters bar the way."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import shapely

from planning.config import Project

__all__ = ["OpenGround", "open_ground_of"]

#: Waters that children walk across: a stream is stepped over, a river is not (tool default).
_CROSSED = ("stream",)


@dataclass(frozen=True)
class OpenGround:
    """
    How places come onto open ground.

    Parameters
    ----------
    spacing_m : float
        Distance of its places; a road no farther is joined before the ground is [m].
    barriers : tuple of shapely.Geometry
        Rivers and lakes, which are crossed on roads only.
    shores : tuple of shapely.Geometry
        Lines of the coast, beyond which nobody walks; who is drawn there by a coarse map comes ashore.
    """

    spacing_m: float
    barriers: tuple[shapely.Geometry, ...]
    shores: tuple[shapely.Geometry, ...] = ()


def open_ground_of(project: Project, basemap: gpd.GeoDataFrame) -> OpenGround | None:
    """
    Say how open ground is walked, where the project wants it.

    Parameters
    ----------
    project : Project
        Says whether, and how far apart places are.
    basemap : geopandas.GeoDataFrame
        ``kind`` and ``detail`` of what surrounds the roads.

    Returns
    -------
    OpenGround or None
        Rivers and water are barriers, streams are not.
    """
    if not project.terrain.off_road:
        return None
    wet = basemap["kind"].isin(["river", "water"]) & ~basemap["detail"].isin(_CROSSED)
    shore = basemap["detail"] == "coastline"
    return OpenGround(
        project.terrain.spacing_m, tuple(basemap.geometry[wet & ~shore]), tuple(basemap.geometry[wet & shore])
    )

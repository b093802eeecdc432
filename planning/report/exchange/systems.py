"""The reference systems that files are offered in: the project's own, degrees, and China's Gauss-Krueger zones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyproj

from planning.crs import MAX_SCALE_ERROR, parse_crs
from planning.errors import CrsError, Message, msg

if TYPE_CHECKING:
    from planning.scenario.county import County

__all__ = ["System", "choose_system", "county_bounds", "offered_systems", "system_warning"]

#: First EPSG number, first zone and last zone of the four families of CGCS2000 Gauss-Krueger zones, fitting order.
_FAMILIES = (
    # width [degree], zone number before the easting, first EPSG, first zone, last zone
    (3, False, 4534, 25, 45),
    (3, True, 4513, 25, 45),
    (6, False, 4502, 13, 23),
    (6, True, 4491, 13, 23),
)
# Where China's own systems are of use [degrees].
_CHINA = (73.0, 3.0, 136.0, 54.0)


@dataclass(frozen=True)
class System:
    """
    A reference system that is offered.

    Parameters
    ----------
    epsg : int or None
        Its number; None where the project's own has none.
    crs : pyproj.CRS
        The system.
    name : Message
        What it is called, in words.
    fits : bool
        False for a zone that the county does not lie in.
    """

    epsg: int | None
    crs: pyproj.CRS
    name: Message
    fits: bool = True

    @property
    def code(self) -> str:
        """
        Give the short name that the command line takes.

        Returns
        -------
        str
            ``EPSG:4547``; WKT where it has no number.
        """
        return self.crs.to_wkt() if self.epsg is None else f"EPSG:{self.epsg}"


def county_bounds(county: County) -> tuple[float, float, float, float]:
    """
    Give the county's extent in degrees.

    Parameters
    ----------
    county : County
        The county.

    Returns
    -------
    tuple of float
        West, south, east, north [degree, WGS84].
    """
    west, south, east, north = (float(side) for side in county.boundary.to_crs(4326).total_bounds)
    return west, south, east, north


def offered_systems(own: pyproj.CRS, bounds: tuple[float, float, float, float]) -> list[System]:
    """
    List the systems that a county's files are offered in, what fits first.

    Parameters
    ----------
    own : pyproj.CRS
        The project's own.
    bounds : tuple of float
        West, south, east, north of the county [degree, WGS84].

    Returns
    -------
    list of System
        In China the fitting 3-degree zone, the project's own where it is another, degrees, the other fitting zones, then
        the zones that do not fit; elsewhere the project's own and WGS84.
    """
    west, south, east, north = bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    degrees = System(4326, pyproj.CRS.from_epsg(4326), msg("WGS 84, degrees (EPSG:4326)"))
    number = own.to_epsg(min_confidence=70)
    mine = System(number, own, msg("{name} (the project's own)", name=_plain_name(own, number)))
    if not (_CHINA[0] <= lon <= _CHINA[2] and _CHINA[1] <= lat <= _CHINA[3]):
        return [mine] if number == 4326 else [mine, degrees]
    zones = [zone for family in _FAMILIES for zone in _zones(*family, lon=lon)]
    fitting = [zone for zone in zones if zone.fits]
    first = fitting[:1]
    national = System(4490, pyproj.CRS.from_epsg(4490), msg("CGCS2000, degrees (EPSG:4490)"))
    ordered = [*first, mine, national, degrees, *fitting[1:], *(zone for zone in zones if not zone.fits)]
    found: dict[object, System] = {}
    for system in ordered:
        found.setdefault(system.epsg if system.epsg is not None else "own", system)
    return list(found.values())


def _zones(width: int, numbered: bool, first_epsg: int, first: int, last: int, *, lon: float) -> list[System]:
    systems = []
    for zone in range(first, last + 1):
        epsg = first_epsg + zone - first
        meridian = 3 * zone if width == 3 else 6 * zone - 3
        if numbered:
            name = msg(
                "CGCS2000 {width}° zone {zone}, central meridian {meridian}°E, eastings begin with {zone} (EPSG:{epsg})",
                width=width, zone=zone, meridian=meridian, epsg=str(epsg),
            )  # fmt: skip
        else:
            name = msg(
                "CGCS2000 {width}° zone, central meridian {meridian}°E (EPSG:{epsg})",
                width=width, meridian=meridian, epsg=str(epsg),
            )  # fmt: skip
        systems.append(System(epsg, pyproj.CRS.from_epsg(epsg), name, abs(lon - meridian) <= width / 2))
    return systems


def _plain_name(crs: pyproj.CRS, number: int | None) -> str:
    return crs.name if number is None else f"{crs.name} (EPSG:{number})"


def choose_system(text: str | None, own: pyproj.CRS, bounds: tuple[float, float, float, float]) -> System:
    """
    Take the system that somebody names.

    Parameters
    ----------
    text : str or None
        Such as ``EPSG:4547``; None for the project's own.
    own : pyproj.CRS
        The project's own.
    bounds : tuple of float
        West, south, east, north of the county [degree, WGS84].

    Returns
    -------
    System
        The system.

    Raises
    ------
    CrsError
        If there is no such system, or it is none for a flat map.
    """
    offered = offered_systems(own, bounds)
    if text is None:
        return next(system for system in offered if system.crs == own or system.epsg == own.to_epsg(min_confidence=70))
    crs = parse_crs(text, where="--crs")
    number = crs.to_epsg(min_confidence=70)
    known = next((system for system in offered if number is not None and system.epsg == number), None)
    if known is not None:
        return known
    if not (crs.is_projected or crs.is_geographic) or len(crs.axis_info) > 2:
        raise CrsError(msg("{name}: is no reference system for a flat map. Name another one.", name=crs.name))
    return System(number, crs, msg("{name}", name=_plain_name(crs, number)))


def system_warning(system: System, bounds: tuple[float, float, float, float]) -> Message | None:
    """
    Say that a system does not fit a county, and how much longer or shorter a kilometre is there.

    Parameters
    ----------
    system : System
        The system.
    bounds : tuple of float
        West, south, east, north of the county [degree, WGS84].

    Returns
    -------
    Message or None
        None where it fits.
    """
    if not system.crs.is_projected:
        return None
    west, south, east, north = bounds
    places = [(x, y) for x in (west, (west + east) / 2, east) for y in (south, (south + north) / 2, north)]
    stretch = max(_stretch(system.crs, lon, lat) for lon, lat in places)
    if not math.isfinite(stretch):
        return msg(
            "{name}: the county lies outside of what this system can show. Choose another one.", name=system.name
        )
    if system.fits and stretch <= MAX_SCALE_ERROR:
        return None
    return msg(
        "{name}: this system does not fit the county; a kilometre on the ground is up to {metres} m longer or shorter on the map. "
        "Areas in the tables are measured on the ellipsoid and stay right.",
        name=system.name,
        metres=f"{1000 * stretch:.1f}",
    )


def _stretch(crs: pyproj.CRS, lon: float, lat: float) -> float:
    """Measure how far a metre of the map is from a metre on the ground [1]."""
    factors = pyproj.Proj(crs).get_factors(lon, lat)
    return float(max(abs(factors.meridional_scale - 1), abs(factors.parallel_scale - 1)))

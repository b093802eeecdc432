"""One projected reference system in true metres for everything below the sources: choosing it and guarding it."""

from __future__ import annotations

import math

import pyproj
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from planning.errors import CrsError, msg

__all__ = ["MAX_SCALE_ERROR", "check_metric", "local_metric_crs", "parse_crs"]

#: How far a metre of the map may be from a metre on the ground. A 3° Gauss–Krüger zone stays below 0.0004 and a UTM zone
#: below 0.001 inside its own width; Web Mercator is off by 0.3 at 40° north.
MAX_SCALE_ERROR = 0.002

# CGCS2000 3° Gauss–Krüger zones by central meridian (EPSG:4534 = 75°E … EPSG:4554 = 135°E), easting without zone prefix.
_CGCS2000_FIRST_EPSG, _CGCS2000_FIRST_MERIDIAN, _CGCS2000_LAST_MERIDIAN = 4534, 75, 135
# Mainland China's bounding box; inside it the country's own system is the one a bureau's other data are in.
_CHINA = (73.4, 17.5, 135.2, 53.7)
_CHINA_NEIGHBOURS_SOUTH_WEST = (73.4, 17.5, 97.3, 27.0)  # India, Bhutan, Bangladesh, Myanmar


def parse_crs(text: str | int, *, where: str) -> pyproj.CRS:
    """
    Read a reference system as people write it.

    Parameters
    ----------
    text : str or int
        Such as ``EPSG:4547``, ``4547`` or WKT.
    where : str
        What is being read, for the error's words.

    Returns
    -------
    pyproj.CRS
        The reference system.

    Raises
    ------
    CrsError
        If there is no such system.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise CrsError(
            msg(
                "{where}: {text} is not a known reference system. Write EPSG:number, such as EPSG:4490.",
                where=where,
                text=text,
            )
        ) from error


def local_metric_crs(lon: float, lat: float) -> pyproj.CRS:
    """
    Choose the local system in metres: the CGCS2000 3° Gauss–Krüger zone in China, the UTM zone elsewhere.

    Parameters
    ----------
    lon, lat : float
        A place in the middle of the county [degrees, WGS84].

    Returns
    -------
    pyproj.CRS
        Projected system in metres.

    Raises
    ------
    CrsError
        If the place is not on the globe's mapped part (latitude beyond ±84°, or numbers out of range).

    Examples
    --------
    >>> local_metric_crs(106.9, 27.6).to_epsg()
    4545
    >>> local_metric_crs(43.4, -11.7).to_epsg()
    32738
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 84):
        raise CrsError(
            msg(
                "Longitude {lon}, latitude {lat} is no place on land. Check the order of the two columns.",
                lon=lon,
                lat=lat,
            )
        )
    west, south, east, north = _CHINA
    w2, s2, e2, n2 = _CHINA_NEIGHBOURS_SOUTH_WEST
    if west <= lon <= east and south <= lat <= north and not (w2 <= lon <= e2 and s2 <= lat <= n2):
        meridian = min(max(round(lon / 3) * 3, _CGCS2000_FIRST_MERIDIAN), _CGCS2000_LAST_MERIDIAN)
        return pyproj.CRS.from_epsg(_CGCS2000_FIRST_EPSG + (meridian - _CGCS2000_FIRST_MERIDIAN) // 3)
    found = query_utm_crs_info(datum_name="WGS 84", area_of_interest=AreaOfInterest(lon, lat, lon, lat))
    return pyproj.CRS.from_authority(found[0].auth_name, found[0].code)


def check_metric(crs: pyproj.CRS | None, *, lon: float, lat: float, where: str) -> pyproj.CRS:
    """
    Refuse a reference system whose metre is not a metre on the ground.

    Parameters
    ----------
    crs : pyproj.CRS or None
        The system that a table or a project names.
    lon, lat : float
        The place where it is to be used [degrees].
    where : str
        What is in that system, for the error's words.

    Returns
    -------
    pyproj.CRS
        The same system.

    Raises
    ------
    CrsError
        If it is missing, in degrees, in another unit, or stretches distances by more than ``MAX_SCALE_ERROR`` there.
    """
    if crs is None:
        raise CrsError(
            msg("{where} has no reference system. Name one, such as EPSG:4490, or write crs: auto.", where=where)
        )
    if not crs.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in crs.axis_info[:2]):
        raise CrsError(
            msg(
                "{where} is in {crs}, which does not measure in metres. Write crs: auto or a local zone.",
                where=where,
                crs=crs.name,
            )
        )
    factors = pyproj.Proj(crs).get_factors(lon, lat)
    stretch = max(abs(factors.meridional_scale - 1), abs(factors.parallel_scale - 1))
    if not stretch <= MAX_SCALE_ERROR:
        raise CrsError(
            msg(
                "{where} is in {crs}: there a metre on the map is {scale:.2f} m on the ground. Write crs: auto or a local zone.",
                where=where,
                crs=crs.name,
                scale=1 / factors.parallel_scale,
            )
        )
    return crs

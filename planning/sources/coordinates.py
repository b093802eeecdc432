"""Coordinates as bureaus have them (degrees, shifted degrees, Gauss–Krüger metres) → metres of the project, or a clear no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geocoordinates_ffi
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from planning.crs import parse_crs
from planning.errors import CrsError, Message, SetAside, SourceError, msg

__all__ = ["FAR_M", "Bools", "Floats", "Placed", "Verdict", "judge_points", "place_points", "source_crs", "unshift"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: A point this far from the county is no neighbour but a mistake [m].
FAR_M = 100_000.0
#: The same where no county line is known: distance from the middle of all points [m].
FAR_FROM_MIDDLE_M = 300_000.0
_NULL_ISLAND_DEGREES = 0.01
_GEOD = pyproj.Geod(ellps="WGS84")
_SHIFTED = ("gcj02", "bd09")
# CGCS2000 Gauss–Krüger with the zone number before the easting: first zone → EPSG, zones (3° zones 25–45, 6° zones 13–23).
_PREFIXED = ((25, 45, 4513), (13, 23, 4491))
# Eastings and northings of China in metres, zone number taken off.
_NORTHING = (1_700_000.0, 6_100_000.0)
_EASTING = (100_000.0, 900_000.0)


@dataclass(frozen=True)
class Placed:
    """
    Points in the project's own system.

    Parameters
    ----------
    xy : numpy.ndarray, shape (n, 2)
        East and north in the project's system [m]; not finite where the place is unknown or impossible.
    lonlat : numpy.ndarray, shape (n, 2)
        Longitude and latitude, WGS84 [degrees]; NaN where unknown.
    exchanged_xy : numpy.ndarray, shape (n, 2)
        Where the point would be if its two numbers were exchanged [m].
    notices : tuple of Message
        What was recognised.
    """

    xy: Floats
    lonlat: Floats
    exchanged_xy: Floats
    notices: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """
    Which points belong to the county.

    Parameters
    ----------
    keep : numpy.ndarray, shape (n,)
        Inside the county line or its margin.
    in_margin : numpy.ndarray, shape (n,)
        Kept, but outside the line.
    set_aside : tuple of SetAside
        Points outside, with their distance.
    faults : tuple of Message
        Points that are a mistake: in the sea off Africa, far away, exchanged.
    """

    keep: Bools
    in_margin: Bools
    set_aside: tuple[SetAside, ...]
    faults: tuple[Message, ...]


def source_crs(coordinates: str, *, where: str) -> pyproj.CRS:
    """
    Give the reference system that a table's numbers are written in, shifted ones as plain degrees.

    Parameters
    ----------
    coordinates : str
        wgs84, gcj02, bd09 or EPSG:number.
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
    word = coordinates.strip().casefold().replace("-", "")
    return pyproj.CRS.from_epsg(4326) if word in ("wgs84", *_SHIFTED) else parse_crs(coordinates, where=where)


def unshift(lon: Floats, lat: Floats, coordinates: str) -> tuple[Floats, Floats]:
    """
    Take the Chinese map shift off.

    Parameters
    ----------
    lon, lat : numpy.ndarray, shape (n,)
        Shifted coordinates [degrees]; NaN and places off the globe stay as they are.
    coordinates : str
        gcj02 or bd09.

    Returns
    -------
    lon, lat : numpy.ndarray, shape (n,)
        WGS84 [degrees], within 1 m; unchanged outside China, where no map is shifted.
    """
    kind: Any = geocoordinates_ffi.Gcj02 if coordinates == "gcj02" else geocoordinates_ffi.Bd09
    undo = (
        geocoordinates_ffi.gcj02_to_wgs84_refined
        if coordinates == "gcj02"
        else geocoordinates_ffi.bd09_to_wgs84_refined
    )
    lon, lat = lon.copy(), lat.copy()
    for i in np.flatnonzero((np.abs(lon) <= 180) & (np.abs(lat) <= 90)):
        if not geocoordinates_ffi.out_of_china(lat=float(lat[i]), lon=float(lon[i])):
            point = undo(kind(lat=float(lat[i]), lon=float(lon[i])))
            lon[i], lat[i] = point.lon, point.lat
    return lon, lat


def place_points(x: Floats, y: Floats, *, coordinates: str, crs: pyproj.CRS, file: str) -> Placed:
    """
    Bring points into the project's system, and recognise what their numbers must be.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n,)
        Longitude or easting, latitude or northing, as written; NaN where unknown.
    coordinates : str
        wgs84, gcj02, bd09 or EPSG:number.
    crs : pyproj.CRS
        The project's system [m].
    file : str
        Name of the file, for the error's words.

    Returns
    -------
    Placed
        The points, and what was recognised.

    Raises
    ------
    CrsError
        If the numbers are metres where degrees are announced, or the other way round.
    SourceError
        If eastings and northings are exchanged.
    """
    word = coordinates.strip().casefold().replace("-", "")
    system = source_crs(coordinates, where=file)
    x, y, system, notices = _recognise(x, y, system, file)
    if word in _SHIFTED:
        if not system.is_geographic:
            raise CrsError(
                msg(
                    "{file}: the coordinates are metres; {coordinates} is in degrees. Write coordinates: EPSG:number.",
                    file=file,
                    coordinates=coordinates,
                )
            )
        known = np.isfinite(x) & np.isfinite(y)
        shifted_x, shifted_y = unshift(x, y, word)
        if known.any() and not ((shifted_x != x) | (shifted_y != y))[known].any():
            notices.append(
                msg(
                    "{file}: no point lies in China, where {coordinates} shifts; nothing was moved.",
                    file=file,
                    coordinates=coordinates,
                )
            )
        back_x, back_y = unshift(y, x, word)
    else:
        shifted_x, shifted_y, back_x, back_y = x, y, y, x
    return Placed(
        xy=_transform(system, crs, shifted_x, shifted_y),
        lonlat=_transform(system, pyproj.CRS.from_epsg(4326), shifted_x, shifted_y),
        exchanged_xy=_transform(system, crs, back_x, back_y),
        notices=tuple(notices),
    )


def _transform(source: pyproj.CRS, target: pyproj.CRS, x: Floats, y: Floats) -> Floats:
    if source.is_geographic:
        possible = (np.abs(x) <= 180) & (np.abs(y) <= 90)
        x, y = np.where(possible, x, np.nan), np.where(possible, y, np.nan)
    easting, northing = pyproj.Transformer.from_crs(source, target, always_xy=True).transform(x, y)
    placed = np.column_stack([easting, northing]).astype(np.float64)
    placed[~np.isfinite(placed).all(axis=1)] = np.nan
    return placed


def _within(values: Floats, limits: tuple[float, float]) -> bool:
    return bool(limits[0] <= np.median(values) <= limits[1])


def _prefixed_zone(easting: float) -> int | None:
    """Give the EPSG number of the zone that stands before an eight-digit easting."""
    zone, rest = divmod(easting, 1_000_000)
    if not _EASTING[0] <= rest <= _EASTING[1]:
        return None
    return next((epsg + int(zone) - first for first, last, epsg in _PREFIXED if first <= zone <= last), None)


def _recognise(x: Floats, y: Floats, system: pyproj.CRS, file: str) -> tuple[Floats, Floats, pyproj.CRS, list[Message]]:
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return x, y, system, []
    notices: list[Message] = []
    if _prefixed_zone(float(np.median(y[known]))) and _within(x[known], _NORTHING):
        # An easting with its zone number cannot be mistaken; surveyors call the northing X.
        x, y = y, x
        notices.append(
            msg(
                "{file}: X holds the northings and Y the eastings, as surveyors write them; they were read so.",
                file=file,
            )
        )
    zone = _prefixed_zone(float(np.median(x[known]))) if _within(y[known], _NORTHING) else None
    if zone is not None:
        if system.to_epsg() != zone and not _has_prefix(system):
            system = pyproj.CRS.from_epsg(zone)
            notices.append(
                msg(
                    "{file}: the eastings begin with a zone number; they were read as EPSG:{epsg} ({crs}).",
                    file=file,
                    epsg=zone,
                    crs=system.name,
                )
            )
        return x, y, system, notices
    metres = float(np.median(np.abs(x[known]))) > 360 and float(np.median(np.abs(y[known]))) > 360
    if system.is_geographic and metres:
        raise CrsError(
            msg(
                "{file}: the coordinates are metres, not degrees. Write the system they are in, such as coordinates: EPSG:4545.",
                file=file,
            )
        )
    if not system.is_geographic and not metres:
        raise CrsError(
            msg(
                "{file}: the coordinates are degrees, not metres of {crs}. Write coordinates: wgs84, gcj02 or bd09.",
                file=file,
                crs=system.name,
            )
        )
    if not system.is_geographic and _within(x[known], _NORTHING) and _within(y[known], _EASTING):
        raise SourceError(
            msg(
                "{file}: eastings and northings seem exchanged. Exchange the two columns in the mapping (x, y).",
                file=file,
            )
        )
    return x, y, system, notices


def _has_prefix(system: pyproj.CRS) -> bool:
    """Say whether a system's own eastings begin with a zone number."""
    operation = system.coordinate_operation
    return operation is not None and any(
        p.name == "False easting" and float(p.value) > 1_000_000 for p in operation.params
    )


def judge_points(
    placed: Placed,
    *,
    names: Sequence[str],
    rows: Sequence[int],
    file: str,
    crs: pyproj.CRS,
    boundary: shapely.Geometry | None,
    margin_m: float,
) -> Verdict:
    """
    Say which points belong to the county, which lie beside it, and which are a mistake.

    Parameters
    ----------
    placed : Placed
        The points, shape (n,), each with two numbers as written.
    names : sequence of str
        What the reader calls each.
    rows : sequence of int
        Row of the file.
    file : str
        Name of the file.
    crs : pyproj.CRS
        The project's system [m].
    boundary : shapely.Geometry or None
        County in ``crs``; without it only points far from all others are a mistake.
    margin_m : float
        How far outside the line a point is kept, inclusive [m].

    Returns
    -------
    Verdict
        Kept points, and every other one with its reason.
    """
    n = len(placed.xy)
    back_lonlat = _transform_back(placed.exchanged_xy, crs)
    centre = _middle(boundary, crs, placed.lonlat, back_lonlat)
    away = _away_m(placed.xy, placed.lonlat, centre, boundary)
    back = _away_m(placed.exchanged_xy, back_lonlat, centre, boundary)
    null_island: Bools = np.asarray((np.abs(placed.lonlat) < _NULL_ISLAND_DEGREES).all(axis=1), dtype=np.bool_)
    far: Bools = np.asarray(~(away <= (FAR_M if boundary is not None else FAR_FROM_MIDDLE_M)), dtype=np.bool_)
    outside: Bools = np.greater(away, margin_m) if boundary is not None else np.zeros(n, dtype=np.bool_)
    # Where the two numbers exchanged fall into the county, that is what happened; near it is enough for a far point.
    near = FAR_M / 5 if boundary is not None else FAR_FROM_MIDDLE_M
    exchanged: Bools = np.asarray((outside & (back <= margin_m) | far & (back <= near)) & ~null_island, dtype=np.bool_)
    keep: Bools = ~(outside | far | null_island | exchanged)
    aside = [
        SetAside(file, names[i], msg("lies {km:.1f} km outside the county", km=float(away[i]) / 1000), row=rows[i])
        for i in range(n)
        if outside[i] and not (far[i] or null_island[i] or exchanged[i])
    ]
    in_margin: Bools = np.logical_and(keep, away > 0) if boundary is not None else np.zeros(n, dtype=np.bool_)
    faults = _faults(null_island, exchanged, far, away, names, rows)
    return Verdict(keep, in_margin, tuple(aside), tuple(faults))


def _faults(
    null_island: Bools, exchanged: Bools, far: Bools, away: Floats, names: Sequence[str], rows: Sequence[int]
) -> list[Message]:
    n = len(names)
    if n > 1 and exchanged.all():
        return [
            msg(
                "longitude and latitude seem exchanged in all {n} rows. Exchange the two headings, or name them in the mapping.",
                n=n,
            )
        ]
    if n > 1 and far.all() and np.isfinite(away).all() and not null_island.any():
        return [
            msg(
                "all {n} points lie far from the county (the nearest {km:.0f} km). Check the county and what the coordinates are.",
                n=n,
                km=float(away.min()) / 1000,
            )
        ]
    faults = []
    for i in np.flatnonzero(null_island | exchanged | far).tolist():
        if null_island[i]:
            text = msg(
                "row {row} ({name}): the coordinates are 0, 0, a place in the Atlantic. Write its own, or leave them empty if they are not known.",
                row=rows[i],
                name=names[i],
            )
        elif exchanged[i]:
            text = msg(
                "row {row} ({name}): longitude and latitude seem exchanged. Exchange the two numbers.",
                row=rows[i],
                name=names[i],
            )
        elif np.isfinite(away[i]):
            text = msg(
                "row {row} ({name}): lies {km:.0f} km from the county. Correct its coordinates, or leave them empty if they are not known.",
                row=rows[i],
                name=names[i],
                km=away[i] / 1000,
            )
        else:
            text = msg(
                "row {row} ({name}): its coordinates are no place on Earth. Correct them, or leave them empty if they are not known.",
                row=rows[i],
                name=names[i],
            )
        faults.append(text)
    return faults


def _transform_back(xy: Floats, crs: pyproj.CRS) -> Floats:
    return _transform(crs, pyproj.CRS.from_epsg(4326), xy[:, 0], xy[:, 1])


def _middle(boundary: shapely.Geometry | None, crs: pyproj.CRS, *lonlats: Floats) -> Floats:
    """Give the middle of the county, or of the points that are possible places, as they are or exchanged [degrees]."""
    if boundary is not None:
        centroid = boundary.centroid
        middle: Floats = _transform_back(np.array([[centroid.x, centroid.y]]), crs)[0]
        return middle
    for lonlat in lonlats:
        known = np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat) >= _NULL_ISLAND_DEGREES).any(axis=1)
        if known.any():
            return np.asarray(np.median(lonlat[known], axis=0), dtype=np.float64)
    return np.full(2, np.nan)


def _away_m(xy: Floats, lonlat: Floats, centre: Floats, boundary: shapely.Geometry | None) -> Floats:
    """Measure how far points are from the county (0 inside), or from the middle of all where there is no line [m]."""
    away = np.full(len(xy), np.inf)
    here = np.flatnonzero(np.isfinite(lonlat).all(axis=1) & np.isfinite(centre).all())
    count = len(here)
    _, _, metres = _GEOD.inv(np.full(count, centre[0]), np.full(count, centre[1]), lonlat[here, 0], lonlat[here, 1])
    away[here] = metres
    if boundary is not None:
        # Far from its zone a projection stretches: there the distance over ground from the county's middle must do.
        reach = float(np.hypot(boundary.bounds[2] - boundary.bounds[0], boundary.bounds[3] - boundary.bounds[1]))
        near = here[np.isfinite(xy[here]).all(axis=1) & (away[here] < 5 * FAR_M + reach)]
        away[near] = shapely.distance(boundary, shapely.points(xy[near]))
    return away

"""Streaming an OpenStreetMap file: the one place that opens one, and that puts what is wrong with it into words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pyproj
import shapely
from numpy.typing import NDArray

from planning.errors import CrsError, SourceError, msg
from planning.sources.gate import check_file

__all__ = ["open_osm", "project", "stream", "widened"]

_HEAD_BYTES = 8
_PACKED = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")
_WGS84 = pyproj.CRS.from_epsg(4326)


def open_osm(path: Path) -> osmium.io.File:
    """
    Open an OpenStreetMap file after a look at what it really is.

    Parameters
    ----------
    path : pathlib.Path
        A .osm.pbf or .osm file; its first bytes count, not its name.

    Returns
    -------
    osmium.io.File
        The file, its format fixed.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is something else: empty, a zip, a web page, a picture.
    """
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if head.startswith(_PACKED):
            raise SourceError(
                msg(
                    "{file}: this is a packed file (zip, gz, bz2), not an OpenStreetMap extract. Unpack it, or give the .osm.pbf.",
                    file=path.name,
                )
            )
    kind = check_file(path, "osm")
    return osmium.io.File(str(path), "pbf" if kind == "osm.pbf" else "xml")


def stream(processor: osmium.FileProcessor, *, file: str) -> Iterator[Any]:
    """
    Go through a file's objects, with a damaged file told in words.

    Parameters
    ----------
    processor : osmium.FileProcessor
        What to read and with which filters.
    file : str
        The file's name, for the error's words.

    Yields
    ------
    osmium.osm.OSMEntity
        An object that is valid only until the next one.

    Raises
    ------
    SourceError
        If the file breaks off or is damaged.
    """
    objects = iter(processor)
    while True:
        try:
            item = next(objects)
        except StopIteration:
            return
        except RuntimeError as error:
            raise SourceError(
                msg(
                    "{file}: the file breaks off or is damaged ({detail}). Download or copy it again.",
                    file=file,
                    detail=str(error),
                )
            ) from error
        yield item


def project(lonlat: NDArray[np.float64], *, crs: pyproj.CRS, file: str) -> NDArray[np.float64]:
    """
    Bring places on the globe into the project's reference system.

    Parameters
    ----------
    lonlat : numpy.ndarray, shape (n, 2)
        Longitude and latitude [degrees, WGS84].
    crs : pyproj.CRS
        The project's system.
    file : str
        Where they came from, for the error's words.

    Returns
    -------
    numpy.ndarray, shape (n, 2)
        Places [m].

    Raises
    ------
    CrsError
        If the system does not reach as far as the data.
    """
    to_metres = pyproj.Transformer.from_crs(_WGS84, crs, always_xy=True)
    xy = np.column_stack(to_metres.transform(lonlat[:, 0], lonlat[:, 1]))
    if not np.isfinite(xy).all():
        raise CrsError(
            msg(
                "{file}: its data reach places that {crs} cannot show. Give a boundary, or another reference system.",
                file=file,
                crs=crs.name,
            )
        )
    return xy


def widened(area: shapely.Geometry | None, *, crs: pyproj.CRS, buffer_m: float) -> shapely.Geometry | None:
    """
    Widen an area on the globe by metres.

    Parameters
    ----------
    area : shapely.Geometry or None
        Polygon in longitude and latitude [degrees].
    crs : pyproj.CRS
        The project's system, in which the metres are measured.
    buffer_m : float
        How far to reach beyond the line [m].

    Returns
    -------
    shapely.Geometry or None
        The wider polygon, prepared [degrees]; None where there is no area.
    """
    if area is None:
        return None
    wide = area
    if buffer_m > 0:
        to_metres = pyproj.Transformer.from_crs(_WGS84, crs, always_xy=True)
        flat = shapely.transform(area, to_metres.transform, interleaved=False).buffer(buffer_m)
        wide = shapely.transform(flat, lambda x, y: to_metres.transform(x, y, direction="INVERSE"), interleaved=False)
    shapely.prepare(wide)
    return wide

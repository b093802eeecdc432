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

from planning.errors import CrsError, SourceError, SourceMissingError, msg

__all__ = ["open_osm", "project", "stream", "widened"]

_HEAD_BYTES = 1024
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
    if not path.is_file():
        raise SourceMissingError(
            msg("{file}: there is no such file. Check the path of the roads in the project file.", file=str(path))
        )
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    # A PBF begins with the length of its first header, and that header with the length and letters of its type.
    if head[4:15] == b"\x0a\x09OSMHeader":
        return osmium.io.File(str(path), "pbf")
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<") and "<osm" in text and "<osmchange" not in text.lower():
        return osmium.io.File(str(path), "xml")
    raise SourceError(
        msg(
            "{file}: this is {what}, not an OpenStreetMap extract. Give a .osm.pbf (for example from Geofabrik) or a .osm file.",
            file=path.name,
            what=_kind_of_file(head, text),
        )
    )


def _kind_of_file(head: bytes, text: str) -> object:
    if not head:
        return msg("an empty file")
    if head.startswith(b"PK"):
        return msg("a zip archive (unpack it first)")
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")):
        return msg("a compressed file (unpack it first)")
    if text.lower().startswith(("<!doctype html", "<html")):
        return msg("a web page, such as a failed download leaves behind")
    return msg("a file of another kind")


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

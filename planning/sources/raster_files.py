"""Opening a raster: through the gate, only in parts, its place on the globe known, its faults put into words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import affine
import numpy as np
import pyproj
import rasterio
import rasterio.errors
import rasterio.windows
import shapely
from numpy.typing import NDArray

from planning.errors import CrsError, SourceError, msg
from planning.sources.gate import check_file

__all__ = ["crs_of", "open_raster", "pixels_at", "place_of", "scaled", "shares_grid", "to_metres", "window_of"]

# A raster may be stored as one block that must be unpacked whole before its first pixel is known.
_MAX_BLOCK_BYTES = 1_000_000_000
_OUTLINE_POINTS = 200
_OFF_GRID = 0.05  # of a pixel: rounding in a file's header, not another grid


@contextmanager
def open_raster(path: Path, *, band: int = 1) -> Iterator[Any]:
    """
    Open a raster that has passed the gate, with any trouble of reading it told in words.

    Parameters
    ----------
    path : pathlib.Path
        A GeoTIFF.
    band : int
        The band that will be read, from 1.

    Yields
    ------
    rasterio.io.DatasetReader
        The raster; it is closed afterwards.

    Raises
    ------
    SourceError
        If it is missing, something else, damaged, has no such band, or is stored so that it cannot be read in parts.
    """
    check_file(path, "raster")
    try:
        with rasterio.open(path, driver="GTiff") as raster:
            _check_layout(raster, path.name, band)
            yield raster
    except rasterio.errors.RasterioError as error:
        raise SourceError(
            msg(
                "{file}: the raster breaks off or is damaged ({detail}). Download or export it again.",
                file=path.name,
                detail=str(error),
            )
        ) from error


def _check_layout(raster: Any, file: str, band: int) -> None:
    if not 1 <= band <= raster.count:
        raise SourceError(
            msg("{file}: there is no band {band}; the raster has {n}.", file=file, band=band, n=raster.count)
        )
    kind = np.dtype(raster.dtypes[band - 1])
    if kind.kind not in "iuf":
        raise SourceError(
            msg(
                "{file}: its pixels are of type {kind}, not plain numbers. Export it as float32.",
                file=file,
                kind=str(kind),
            )
        )
    rows, columns = raster.block_shapes[band - 1]
    if rows * columns * kind.itemsize > _MAX_BLOCK_BYTES:
        raise SourceError(
            msg(
                "{file}: it is stored in blocks of {rows} × {columns} pixels, too large to read in parts. Export it again as a tiled GeoTIFF.",
                file=file,
                rows=rows,
                columns=columns,
            )
        )


def crs_of(raster: Any, file: str) -> pyproj.CRS:
    """
    Give a raster's reference system.

    Parameters
    ----------
    raster : rasterio.io.DatasetReader
        The raster.
    file : str
        Its name, for the error's words.

    Returns
    -------
    pyproj.CRS
        The system its pixels lie in.

    Raises
    ------
    CrsError
        If it names none, or none that lies on the globe.
    """
    if raster.crs is None or raster.transform.is_identity:
        raise CrsError(
            msg(
                "{file}: the raster does not say where on the globe it lies (no reference system). Export it again with one, such as EPSG:4326.",
                file=file,
            )
        )
    crs = pyproj.CRS.from_wkt(raster.crs.to_wkt())
    if not (crs.is_geographic or crs.is_projected):
        raise CrsError(
            msg(
                "{file}: its reference system ({crs}) has no place on the globe. Export it again, such as in EPSG:4326.",
                file=file,
                crs=crs.name,
            )
        )
    return crs


def window_of(
    raster: Any, raster_crs: pyproj.CRS, *, area: shapely.Geometry | None, crs: pyproj.CRS, file: str, rim: int = 1
) -> rasterio.windows.Window:
    """
    Find the rows and columns that an area needs.

    Parameters
    ----------
    raster : rasterio.io.DatasetReader
        The raster.
    raster_crs : pyproj.CRS
        Its system.
    area : shapely.Geometry or None
        Polygon in ``crs``; the whole raster without it.
    crs : pyproj.CRS
        The area's system.
    file : str
        The raster's name, for the error's words.
    rim : int
        How far to read beyond the area [pixels].

    Returns
    -------
    rasterio.windows.Window
        Whole pixels within the raster.

    Raises
    ------
    SourceError
        If the area lies outside the raster.
    """
    if area is None:
        return rasterio.windows.Window(0, 0, raster.width, raster.height)
    west, south, east, north = area.bounds
    # The outline of the bounding box bends in another system: its corners alone would miss the bulge.
    step = max(east - west, north - south) / _OUTLINE_POINTS or 1.0
    outline = shapely.get_coordinates(shapely.segmentize(shapely.box(west, south, east, north).exterior, step))
    there = pyproj.Transformer.from_crs(crs, raster_crs, always_xy=True)
    x, y = there.transform(outline[:, 0], outline[:, 1])
    known = np.isfinite(x) & np.isfinite(y)
    if known.any():
        row, column = pixels_at(raster.transform, np.asarray(x)[known], np.asarray(y)[known])
        # The rim must not make a county beside the raster look as if it touched it.
        if column.max() > 0 and column.min() < raster.width and row.max() > 0 and row.min() < raster.height:
            left, top = max(math.floor(column.min()) - rim, 0), max(math.floor(row.min()) - rim, 0)
            right, bottom = math.ceil(column.max()) + rim, math.ceil(row.max()) + rim
            width, height = min(right, raster.width) - left, min(bottom, raster.height) - top
            return rasterio.windows.Window(left, top, width, height)
    raise SourceError(
        msg(
            "{file}: the county lies outside this raster. Check that boundary and raster are of the same place, and that neither has its coordinates swapped.",
            file=file,
        )
    )


def place_of(
    transform: affine.Affine, rows: NDArray[Any], columns: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Give places in the raster's own system; for centres of pixels, add a half to both.

    Parameters
    ----------
    transform : affine.Affine
        The full raster's transform.
    rows, columns : numpy.ndarray, shape (n,)
        Rows and columns counted from the raster's corner; fractions allowed.

    Returns
    -------
    tuple of numpy.ndarray
        x and y, in the raster's units.
    """
    return (
        transform.a * columns + transform.b * rows + transform.c,
        transform.d * columns + transform.e * rows + transform.f,
    )


def pixels_at(
    transform: affine.Affine, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Give the pixels at places in the raster's own system: the inverse of ``place_of``.

    Parameters
    ----------
    transform : affine.Affine
        The full raster's transform.
    x, y : numpy.ndarray, shape (n,)
        Places, in the raster's units.

    Returns
    -------
    tuple of numpy.ndarray
        Rows and columns as fractions, counted from the raster's corner.
    """
    inverse = ~transform
    return inverse.d * x + inverse.e * y + inverse.f, inverse.a * x + inverse.b * y + inverse.c


def to_metres(raster_crs: pyproj.CRS, crs: pyproj.CRS) -> pyproj.Transformer:
    """
    Make the way from a raster's system into the project's.

    Parameters
    ----------
    raster_crs, crs : pyproj.CRS
        From and to.

    Returns
    -------
    pyproj.Transformer
        Takes and gives x (or longitude) first.
    """
    return pyproj.Transformer.from_crs(raster_crs, crs, always_xy=True)


def scaled(raster: Any, band: int, values: NDArray[Any]) -> NDArray[np.float64]:
    """
    Apply the scale and offset a raster stores beside its pixels.

    Parameters
    ----------
    raster : rasterio.io.DatasetReader
        The raster.
    band : int
        Band the values came from, from 1.
    values : numpy.ndarray
        Pixels as stored.

    Returns
    -------
    numpy.ndarray
        Pixels as meant, float64.
    """
    scale, offset = raster.scales[band - 1], raster.offsets[band - 1]
    meant: NDArray[np.float64] = values.astype(np.float64) * scale + offset
    return meant


def shares_grid(one: affine.Affine, other: affine.Affine) -> tuple[int, int] | None:
    """
    Say how many whole pixels one raster's corner lies from another's.

    Parameters
    ----------
    one, other : affine.Affine
        Transforms of two rasters in one system.

    Returns
    -------
    tuple of int or None
        Row and column of ``one``'s corner in ``other``; None where pixels differ in size or do not line up.
    """
    size = np.array([one.a, one.b, one.d, one.e])
    if not np.allclose(size, [other.a, other.b, other.d, other.e], rtol=1e-5, atol=1e-5 * np.abs(size).max()):
        return None
    (row,), (column,) = pixels_at(other, np.array([one.c]), np.array([one.f]))
    if max(abs(column - round(column)), abs(row - round(row))) > _OFF_GRID:
        return None
    return round(float(row)), round(float(column))

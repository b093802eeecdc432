"""Elevation: the county's window of a raster, its height and its slope at any point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import affine
import numpy as np
import pyproj
import rasterio.enums
import shapely
from numpy.typing import NDArray

from planning.errors import SetAside, SourceError, msg
from planning.sources.raster_files import crs_of, open_raster, pixels_at, place_of, scaled, window_of

__all__ = ["Dem", "read_dem"]

#: The Dead Sea's shore lies at -430 m and Mount Everest's top at 8,849 m: beyond is a no-data value nobody declared.
_LOWEST_M, _HIGHEST_M = -500.0, 9000.0
_MAX_PIXELS = 60_000_000
_BYTE_FULL = 255


@dataclass(frozen=True)
class Dem:
    """
    Height of the ground over a county.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows, n_columns)
        Elevation [m], float32; NaN where there is no data.
    transform : affine.Affine
        From (column, row) to the raster's own system.
    crs : pyproj.CRS
        The raster's own system.
    points_crs : pyproj.CRS
        The project's system, in which ``sample`` and ``slope_degrees`` take their points [m].
    notices : tuple of SetAside
        Reservations about the raster.
    """

    values: NDArray[np.float32]
    transform: affine.Affine
    crs: pyproj.CRS
    points_crs: pyproj.CRS
    notices: tuple[SetAside, ...] = ()

    def sample(self, xy: NDArray[np.float64]) -> NDArray[np.float32]:
        """
        Give the height at points, between the four nearest pixels.

        Parameters
        ----------
        xy : numpy.ndarray, shape (n, 2)
            Points in the project's system [m].

        Returns
        -------
        numpy.ndarray, shape (n,)
            Elevation [m]; NaN outside the raster and where all four pixels are no-data. Where only some of the four
            are, the others count.
        """
        row, column = self._pixels(xy)
        found = np.isfinite(row)
        height = np.full(len(row), np.nan)
        height[found] = self._between(row[found], column[found])
        return height.astype(np.float32)

    def _between(self, row: NDArray[np.float64], column: NDArray[np.float64]) -> NDArray[np.float64]:
        # Measured from the first pixel's centre; along the raster's edge the outer half pixel takes the edge's height.
        n_rows, n_columns = self.values.shape
        row, column = np.clip(row - 0.5, 0, n_rows - 1), np.clip(column - 0.5, 0, n_columns - 1)
        top, left = row.astype(np.int64), column.astype(np.int64)
        down, right = row - top, column - left
        height, weight = np.zeros(len(row)), np.zeros(len(row))
        for below in (0, 1):
            for beside in (0, 1):
                pixel = self.values[np.minimum(top + below, n_rows - 1), np.minimum(left + beside, n_columns - 1)]
                share = (down if below else 1 - down) * (right if beside else 1 - right)
                known = np.isfinite(pixel)
                height += np.where(known, pixel * share, 0.0)
                weight += np.where(known, share, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(weight > 0, height / weight, np.nan)

    def slope_degrees(self, xy: NDArray[np.float64]) -> NDArray[np.float32]:
        r"""
        Give the steepness of the ground at points.

        Parameters
        ----------
        xy : numpy.ndarray, shape (n, 2)
            Points in the project's system [m].

        Returns
        -------
        numpy.ndarray, shape (n,)
            Slope of the pixel the point lies in [degrees]; NaN outside the raster and on no-data. A neighbour without
            data is taken to be as high as the pixel itself.

        References
        ----------
        .. [1] B. K. P. Horn, Proc. IEEE 69(1), 14-47, 1981. https://doi.org/10.1109/PROC.1981.11918
        """
        row, column = self._pixels(xy)
        found = np.isfinite(row)
        slope = np.full(len(row), np.nan)
        at_row, at_column = row[found].astype(np.int64), column[found].astype(np.int64)
        n_rows, n_columns = self.values.shape
        size_x, size_y = (size[at_row] for size in self._pixel_metres)
        # At the raster's edge the missing neighbour is the pixel itself: the fall is over one step, not two.
        steps_x = np.where((at_column == 0) | (at_column == n_columns - 1), 1.0, 2.0)
        steps_y = np.where((at_row == 0) | (at_row == n_rows - 1), 1.0, 2.0)
        east = sum(
            weight * (self._beside(at_row, at_column, down, 1) - self._beside(at_row, at_column, down, -1))
            for down, weight in _HORN
        ) / (4 * steps_x * size_x)
        south = sum(
            weight * (self._beside(at_row, at_column, 1, right) - self._beside(at_row, at_column, -1, right))
            for right, weight in _HORN
        ) / (4 * steps_y * size_y)
        steepness = np.degrees(np.arctan(np.hypot(east, south)))
        slope[found] = np.where(np.isfinite(self.values[at_row, at_column]), steepness, np.nan)
        return slope.astype(np.float32)

    def _beside(self, row: NDArray[np.int64], column: NDArray[np.int64], down: int, right: int) -> NDArray[np.float64]:
        """Give the height of a neighbour of each pixel, or its own where there is none [m]."""
        n_rows, n_columns = self.values.shape
        near = self.values[np.clip(row + down, 0, n_rows - 1), np.clip(column + right, 0, n_columns - 1)].astype(float)
        return np.where(np.isfinite(near), near, self.values[row, column])

    def _pixels(self, xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give row and column as fractions, counted from the raster's corner; NaN outside."""
        there = pyproj.Transformer.from_crs(self.points_crs, self.crs, always_xy=True)
        points = np.asarray(xy, dtype=float).reshape(-1, 2)
        x, y = there.transform(points[:, 0], points[:, 1])
        with np.errstate(invalid="ignore"):
            row, column = pixels_at(self.transform, np.asarray(x), np.asarray(y))
            n_rows, n_columns = self.values.shape
            inside = (row >= 0) & (row < n_rows) & (column >= 0) & (column < n_columns)
        return np.where(inside, row, np.nan), np.where(inside, column, np.nan)

    @cached_property
    def _pixel_metres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Width and height of a pixel on the ground, by row [m]: degrees shrink towards the poles, and Mollweide bends."""
        n_rows, n_columns = self.values.shape
        rows, middle = np.arange(n_rows) + 0.5, np.full(n_rows, n_columns / 2)
        globe = self.crs.geodetic_crs or _WGS84
        to_globe = pyproj.Transformer.from_crs(self.crs, globe, always_xy=True)
        here = to_globe.transform(*place_of(self.transform, rows, middle))
        beside = to_globe.transform(*place_of(self.transform, rows, middle + 1))
        below = to_globe.transform(*place_of(self.transform, rows + 1, middle))
        geod = (
            pyproj.Geod(a=globe.ellipsoid.semi_major_metre, b=globe.ellipsoid.semi_minor_metre)
            if globe.ellipsoid
            else _GEOD
        )
        return np.asarray(geod.inv(*here, *beside)[2]), np.asarray(geod.inv(*here, *below)[2])


_WGS84 = pyproj.CRS.from_epsg(4326)
_GEOD = pyproj.Geod(ellps="WGS84")
_HORN = ((-1, 1), (0, 2), (1, 1))


def read_dem(path: Path, *, crs: pyproj.CRS, area: shapely.Geometry | None = None, band: int = 1) -> Dem:
    """
    Read the heights over an area.

    Parameters
    ----------
    path : pathlib.Path
        A GeoTIFF of elevation [m], in any reference system.
    crs : pyproj.CRS
        The project's system [m].
    area : shapely.Geometry, optional
        The county (with what lies around it) in ``crs``; the whole raster without it.
    band : int
        The band to read, from 1.

    Returns
    -------
    Dem
        Heights, read coarser, and said so, where the window has more pixels than memory should hold.

    Raises
    ------
    SourceError
        If the file is missing, something else or damaged, the area lies outside it, or all of it there is no-data.
    CrsError
        If the raster has no reference system.
    """
    notices: list[SetAside] = []
    with open_raster(path, band=band) as raster:
        own = crs_of(raster, path.name)
        window = window_of(raster, own, area=area, crs=crs, file=path.name, rim=2)
        coarser = math.ceil(math.sqrt(window.width * window.height / _MAX_PIXELS))
        shape = (math.ceil(window.height / coarser), math.ceil(window.width / coarser))
        reading = {
            "window": window,
            "out_shape": shape,
            # Nearest, not an average: an average would blend a no-data value that nobody declared into heights.
            "resampling": rasterio.enums.Resampling.nearest,
        }
        stored = raster.read(band, **reading)
        declared = raster.read_masks(band, **reading) > 0
        heights = scaled(raster, band, stored).astype(np.float32)
        full = raster.transform
        wider, higher = window.width / shape[1], window.height / shape[0]
        (x,), (y,) = place_of(full, np.array([window.row_off]), np.array([window.col_off]))
        place = affine.Affine(full.a * wider, full.b * higher, x, full.d * wider, full.e * higher, y)
        kind = raster.dtypes[band - 1]
    if coarser > 1:
        notices.append(
            SetAside(
                path.name,
                f"band {band}",
                msg(
                    "The elevation raster is read {n} times coarser than it is, for the area is large: slopes come out gentler.",
                    n=coarser,
                ),
                kept=True,
            )
        )
    with np.errstate(invalid="ignore"):
        odd = declared & ~((heights >= _LOWEST_M) & (heights <= _HIGHEST_M))
    if odd.any():
        notices.append(
            SetAside(
                path.name,
                f"band {band}",
                msg(
                    "{n} pixels hold what is no height on Earth ({value:g}) and is not declared as no-data: their height is unknown.",
                    n=int(odd.sum()),
                    value=float(heights[odd][0]),
                ),
            )
        )
    known = declared & ~odd
    if not known.any():
        raise SourceError(
            msg(
                "{file}: it holds no elevation in the county, only no-data. Take the raster of the right place.",
                file=path.name,
            )
        )
    if kind == "uint8":
        notices.extend(_eight_bit(path.name, stored, known, undeclared_zero=bool(declared.all())))
    heights[~known] = np.nan
    return Dem(heights, place, own, crs, tuple(notices))


def _eight_bit(file: str, stored: NDArray[Any], known: NDArray[np.bool_], *, undeclared_zero: bool) -> list[SetAside]:
    told = []
    full = int((known & (stored == _BYTE_FULL)).sum())
    if full:
        told.append(
            SetAside(
                file,
                f"{full} pixels at {_BYTE_FULL} m",
                msg(
                    "The elevation raster stores whole numbers up to 255 and {n} pixels stand at 255: higher ground is probably cut off, and slopes there are wrong. Take a raster of 16 bits or more.",
                    n=full,
                ),
                kept=True,
            )
        )
    zeros = int((known & (stored == 0)).sum())
    if zeros and undeclared_zero:
        told.append(
            SetAside(
                file,
                f"{zeros} pixels at 0 m",
                msg(
                    "The elevation raster declares no no-data value and {n} pixels stand at 0: they may be missing, not at sea level.",
                    n=zeros,
                ),
                kept=True,
            )
        )
    return told

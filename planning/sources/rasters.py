"""Population rasters: the county's pixels with people in them become cells; nobody inside the line is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import affine
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import rasterio.windows
import shapely
from numpy.typing import NDArray

from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.sources.dem import Dem, read_dem
from planning.sources.raster_files import crs_of, open_raster, place_of, scaled, shares_grid, to_metres, window_of

__all__ = ["Dem", "PopulationGrid", "read_dem", "read_population"]

#: More people than any square of a grid holds: a no-data value that the raster forgot to declare.
_MOST_PEOPLE = 1e7
_MAX_WINDOW_PIXELS = 400_000_000
_MAX_CELLS = 5_000_000
_STRIP_PIXELS = 4_000_000
_WHOLE_TYPES_FULL = {"uint8": 255, "uint16": 65_535, "int16": 32_767}


@dataclass(frozen=True)
class PopulationGrid:
    """
    Cells of a population raster, and how their sum compares with the raster's.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame, shape (n_cells, ...)
        Indexed by ``cell_id`` (``r12c34``: row and column of the full raster, so that ids do not depend on the county):
        ``row``, ``column``, ``population`` [people], one column ``people_{band}`` for each age band [people],
        ``in_margin`` (centre beyond the county line), and the centre as a point in the project's system.
    total_inside : float
        People in cells whose centre lies within the area [people].
    total_margin : float
        People in cells of the margin [people].
    total_window : float
        People in all pixels that were read, those around the county included [people].
    crs : pyproj.CRS
        The raster's own system.
    transform : affine.Affine
        The full raster's transform, from (column, row) to that system.
    window : tuple of int
        First row, first column, rows, columns of the part that was read.
    notices : tuple of SetAside
        What was taken for no-data, and other reservations.
    """

    cells: gpd.GeoDataFrame
    total_inside: float
    total_margin: float
    total_window: float
    crs: pyproj.CRS
    transform: affine.Affine
    window: tuple[int, int, int, int]
    notices: tuple[SetAside, ...]


def read_population(
    path: Path,
    *,
    crs: pyproj.CRS,
    area: shapely.Geometry | None = None,
    band: int = 1,
    age_bands: Mapping[str, int | Path] | None = None,
    margin_m: float = 0.0,
) -> PopulationGrid:
    """
    Read the pixels with people in them whose centre lies in an area.

    Memory follows the number of inhabited cells, not the raster: it is read in strips of its window.

    Parameters
    ----------
    path : pathlib.Path
        A GeoTIFF of people per pixel, in any reference system.
    crs : pyproj.CRS
        The project's system [m].
    area : shapely.Geometry, optional
        The county in ``crs``; the whole raster without it.
    band : int
        Band of the total population, from 1.
    age_bands : Mapping, optional
        Age group: a band of the same raster, or another raster on the same grid.
    margin_m : float
        How far beyond the area cells are kept, marked ``in_margin`` [m].

    Returns
    -------
    PopulationGrid
        Cells in the raster's order: by row, then column.

    Raises
    ------
    SourceError
        If a file is missing, something else or damaged, the area misses it, nobody lives in the area, the grids of the
        age groups differ, or the window is too large.
    CrsError
        If the raster has no reference system.
    """
    wide = None if area is None else area.buffer(margin_m)
    with ExitStack() as stack:
        raster = stack.enter_context(open_raster(path, band=band))
        own = crs_of(raster, path.name)
        window = window_of(raster, own, area=wide, crs=crs, file=path.name)
        _check_size(window, path.name)
        ages = (age_bands or {}).values()
        layers = [
            _Layer(raster, path.name, band, (0, 0)),
            *(_age_layer(stack, source, raster=raster, own=own, path=path) for source in ages),
        ]
        gathered = _gather(layers, window, raster.transform, own=own, crs=crs, area=area, wide=wide, file=path.name)
        place = raster.transform
    if gathered.total_inside <= 0:
        raise _nobody(path.name, gathered.total_window, all_missing=layers[0].n_valid == 0)
    values = gathered.values
    table = pd.DataFrame(
        {
            "row": gathered.rows,
            "column": gathered.columns,
            "population": values[:, 0],
            **{f"people_{name}": values[:, i + 1] for i, name in enumerate(age_bands or {})},
            "in_margin": ~gathered.inside,
        },
        index=pd.Index(
            [f"r{row}c{column}" for row, column in zip(gathered.rows, gathered.columns, strict=True)], name="cell_id"
        ).astype("str"),
    )
    return PopulationGrid(
        cells=gpd.GeoDataFrame(table, geometry=shapely.points(gathered.xy), crs=crs),
        total_inside=gathered.total_inside,
        total_margin=float(values[~gathered.inside, 0].sum()),
        total_window=gathered.total_window,
        crs=own,
        transform=place,
        window=(int(window.row_off), int(window.col_off), int(window.height), int(window.width)),
        notices=tuple(notice for layer in layers for notice in layer.notices()),
    )


class _Layer:
    """One band, read strip by strip, with a count of the pixels that are no number of people."""

    def __init__(self, raster: Any, file: str, band: int, offset: tuple[int, int]) -> None:
        self.raster, self.file, self.band, self.offset = raster, file, band, offset
        self.kind = raster.dtypes[band - 1]
        self.n_valid = 0
        self.largest = 0.0
        self.odd: dict[float, int] = {}
        self.n_full = 0

    def read(self, window: rasterio.windows.Window) -> NDArray[np.float64]:
        """Give the people in each pixel of a window of the leading raster; 0 where there is no data."""
        top, left = int(window.row_off) + self.offset[0], int(window.col_off) + self.offset[1]
        height, width = int(window.height), int(window.width)
        people = np.zeros((height, width))
        r0, r1 = max(top, 0), min(top + height, self.raster.height)
        c0, c1 = max(left, 0), min(left + width, self.raster.width)
        if r0 < r1 and c0 < c1:
            part = rasterio.windows.Window(c0, r0, c1 - c0, r1 - r0)
            people[r0 - top : r1 - top, c0 - left : c1 - left] = self._clean(part)
        return people

    def _clean(self, part: rasterio.windows.Window) -> NDArray[np.float64]:
        stored = self.raster.read(self.band, window=part)
        declared = self.raster.read_masks(self.band, window=part) > 0
        values = scaled(self.raster, self.band, stored)
        odd = declared & (~np.isfinite(values) | (values < 0) | (values > _MOST_PEOPLE))
        for value, count in zip(*np.unique(values[odd], return_counts=True), strict=True):
            self.odd[float(value)] = self.odd.get(float(value), 0) + int(count)
        valid = declared & ~odd
        self.n_valid += int(valid.sum())
        self.n_full += int((valid & (stored == _WHOLE_TYPES_FULL.get(self.kind, -1))).sum())
        return np.where(valid, values, 0.0)

    def notices(self) -> Iterator[SetAside]:
        """Say what was found odd in the pixels."""
        if self.odd:
            frequent = sorted(self.odd.items(), key=lambda item: -item[1])
            yield SetAside(
                self.file,
                f"band {self.band}",
                msg(
                    "{n} pixels hold what is no number of people ({values}) and is not declared as no-data: they count as empty.",
                    n=sum(self.odd.values()),
                    values=Names.first((f"{value:g}" for value, _ in frequent), 3),
                ),
            )
        if self.n_full:
            yield SetAside(
                self.file,
                f"band {self.band}",
                msg(
                    "{n} pixels hold {value}, the largest number this raster can store: they may be cut off, or no-data. Compare the total with a known one.",
                    n=self.n_full,
                    value=_WHOLE_TYPES_FULL[self.kind],
                ),
                kept=True,
            )


def _age_layer(stack: ExitStack, source: int | Path, *, raster: Any, own: pyproj.CRS, path: Path) -> _Layer:
    if isinstance(source, int):
        if not 1 <= source <= raster.count:
            raise SourceError(
                msg(
                    "{file}: there is no band {band}; the raster has {n}.",
                    file=path.name,
                    band=source,
                    n=raster.count,
                )
            )
        return _Layer(raster, path.name, source, (0, 0))
    other = stack.enter_context(open_raster(source))
    offset = shares_grid(raster.transform, other.transform) if crs_of(other, source.name) == own else None
    if offset is None:
        raise SourceError(
            msg(
                "{file}: its pixels do not lie on those of {total}. Export both with the same system, pixel size and corner.",
                file=source.name,
                total=path.name,
            )
        )
    return _Layer(other, source.name, 1, offset)


@dataclass
class _Gathered:
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float64]
    xy: NDArray[np.float64]
    inside: NDArray[np.bool_]
    total_inside: float
    total_window: float


def _gather(
    layers: list[_Layer],
    window: rasterio.windows.Window,
    transform: affine.Affine,
    *,
    own: pyproj.CRS,
    crs: pyproj.CRS,
    area: shapely.Geometry | None,
    wide: shapely.Geometry | None,
    file: str,
) -> _Gathered:
    there = to_metres(own, crs)
    for shape in (area, wide):
        if shape is not None:
            shapely.prepare(shape)
    parts: list[tuple[NDArray[Any], ...]] = []
    total, n_cells = 0.0, 0
    for strip in _strips(window):
        people = np.stack([layer.read(strip) for layer in layers], axis=-1)
        total += float(people[..., 0].sum())
        at_row, at_column = np.nonzero((people > 0).any(axis=-1))
        rows, columns = at_row + int(strip.row_off), at_column + int(strip.col_off)
        x, y = there.transform(*place_of(transform, rows + 0.5, columns + 0.5))
        xy = np.column_stack([x, y])
        kept = np.isfinite(xy).all(axis=1)
        inside = kept.copy()
        if area is not None and wide is not None:
            kept[kept] = shapely.intersects_xy(wide, xy[kept])
            inside[inside] = shapely.intersects_xy(area, xy[inside])
        kept |= inside
        parts.append((rows[kept], columns[kept], people[at_row[kept], at_column[kept]], xy[kept], inside[kept]))
        n_cells += int(kept.sum())
        if n_cells > _MAX_CELLS:
            raise SourceError(
                msg(
                    "{file}: more than {limit} inhabited cells lie in the area. Take a coarser raster, or a smaller area.",
                    file=file,
                    limit=_MAX_CELLS,
                )
            )
    rows, columns, values, xy, inside = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Gathered(rows, columns, values, xy, inside, float(values[inside, 0].sum()), total)


def _strips(window: rasterio.windows.Window) -> Iterator[rasterio.windows.Window]:
    """Cut a window into strips of whole rows, so that memory does not follow its height."""
    top, left, height, width = (int(n) for n in (window.row_off, window.col_off, window.height, window.width))
    step = max(1, _STRIP_PIXELS // width)
    for first in range(top, top + height, step):
        yield rasterio.windows.Window(left, first, width, min(step, top + height - first))


def _check_size(window: rasterio.windows.Window, file: str) -> None:
    if window.width * window.height > _MAX_WINDOW_PIXELS:
        raise SourceError(
            msg(
                "{file}: the area covers {rows} × {columns} pixels, more than a county can need. Check the boundary, or cut the raster to the county.",
                file=file,
                rows=int(window.height),
                columns=int(window.width),
            )
        )


def _nobody(file: str, total_window: float, *, all_missing: bool) -> SourceError:
    if all_missing:
        what: Message = msg("all its pixels there are no-data")
    elif total_window > 0:
        what = msg("people live only in the pixels around it")
    else:
        what = msg("all its pixels there are 0")
    return SourceError(
        msg(
            "{file}: nobody lives in the county by this raster ({what}). Check that raster and boundary are of the same place and year.",
            file=file,
            what=what,
        )
    )

"""Write the county's files so that the same content gives the same bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyogrio
import rasterio
import xlsxwriter
from pyproj import Transformer
from rasterio.transform import Affine

from yunlan.terrain import CRS
from yunlan.ways import Way

FIXED_DAY = dt.datetime(2025, 9, 1, tzinfo=dt.UTC)
LONLAT = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)  # CGCS2000 and WGS84 agree to centimetres


def to_lonlat(xy: np.ndarray) -> np.ndarray:
    """Turn projected points into longitude and latitude [degrees]."""
    return np.column_stack(LONLAT.transform(xy[:, 0], xy[:, 1]))


def write_raster(
    path: Path,
    bands: np.ndarray,
    corner: tuple[float, float],
    cell_m: float,
    nodata: float,
    names: list[str],
    tags: dict[str, str],
) -> None:
    """Write a GeoTIFF, deflated with the predictor that suits the numbers."""
    count, height, width = bands.shape
    predictor = 3 if bands.dtype == np.float32 else 2
    with rasterio.open(
        path, "w", driver="GTiff", dtype=bands.dtype, count=count, height=height, width=width, crs=CRS, nodata=nodata,
        transform=Affine(cell_m, 0, corner[0], 0, -cell_m, corner[1]),
        compress="deflate", predictor=predictor, zlevel=9,
        tiled=True, blockxsize=256, blockysize=256, interleave="band",
    ) as raster:  # fmt: skip
        raster.write(bands)
        raster.update_tags(**tags)
        for k, name in enumerate(names, start=1):
            raster.set_band_description(k, name)


def write_layers(path: Path, layers: dict[str, gpd.GeoDataFrame], notice: str) -> None:
    """Write the layers of a GeoPackage."""
    path.unlink(missing_ok=True)
    os.environ["OGR_CURRENT_DATE"] = FIXED_DAY.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": os.environ["OGR_CURRENT_DATE"]})
    for name, frame in layers.items():
        pyogrio.write_dataframe(
            frame,
            path,
            layer=name,
            driver="GPKG",
            append=path.exists(),
            layer_options={"DESCRIPTION": notice, "FID": "fid"},
        )


def write_sheet(path: Path, table: pd.DataFrame, title: str, sheet: str, notice: str) -> None:
    """Write a workbook as a bureau does: a title, the headings, the rows."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": title, "comments": notice, "created": FIXED_DAY.replace(tzinfo=None)})
        page = book.add_worksheet(sheet)
        large = book.add_format({"bold": True, "font_size": 14, "align": "center"})
        head = book.add_format({"bold": True, "border": 1, "align": "center", "text_wrap": True, "bg_color": "#DDEBF7"})
        degrees = book.add_format({"num_format": "0.000000"})
        page.merge_range(0, 0, 0, len(table.columns) - 1, title, large)
        for col, heading in enumerate(table.columns):
            page.write_string(1, col, str(heading), head)
            longest = max([len(str(v)) for v in table[heading]] + [len(str(heading))])
            page.set_column(col, col, min(8 + longest, 34))
        for row, values in enumerate(table.itertuples(index=False), start=2):
            for col, value in enumerate(values):
                write_value(page, row, col, value, degrees)
        page.freeze_panes(2, 2)
        page.autofilter(1, 0, len(table) + 1, len(table.columns) - 1)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a plain table, the same bytes anywhere."""
    path.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n")


def write_value(page: Any, row: int, col: int, value: Any, degrees: Any) -> None:
    """Write one value; nothing stays an empty cell."""
    if value is None or value is pd.NA or value == "":
        return
    if isinstance(value, str):
        page.write_string(row, col, value)
    elif isinstance(value, float) and value != int(value):
        page.write_number(row, col, value, degrees)
    else:
        page.write_number(row, col, int(value))


def write_osm(
    path: Path, ways: list[Way], areas: list[Way], points: list[tuple[np.ndarray, dict[str, str]]], notice: str
) -> None:
    """
    Write OpenStreetMap data: nodes, then ways, sorted by id, without time or author.

    Areas are closed lines; they share no points with the ways.
    """
    path.unlink(missing_ok=True)
    header = osmium.io.Header()
    header.set("generator", "make_county.py")
    everything = [*ways, *areas]
    stacked = np.vstack([w.xy for w in everything])
    kinds = np.concatenate([np.full(len(w.xy), sharing(w, k)) for k, w in enumerate(everything)])
    keys = np.column_stack([kinds, stacked])
    unique, at = np.unique(keys, axis=0, return_inverse=True)
    at = at.ravel() + 1
    lonlat = np.round(to_lonlat(unique[:, 1:]), 7)
    first_point = len(unique) + 1
    with osmium.SimpleWriter(str(path), header=header) as out:
        for k, (lon, lat) in enumerate(lonlat.tolist(), start=1):
            out.add_node(osmium.osm.mutable.Node(id=k, version=1, visible=True, location=(lon, lat)))
        places = np.round(to_lonlat(np.array([p for p, _ in points])), 7)
        for k, ((lon, lat), (_, tags)) in enumerate(zip(places.tolist(), points, strict=True), start=first_point):
            out.add_node(osmium.osm.mutable.Node(id=k, version=1, visible=True, location=(lon, lat), tags=tags))
        start = 0
        for k, way in enumerate(everything, start=1):
            refs = at[start : start + len(way.xy)].tolist()
            start += len(way.xy)
            refs = [r for n, r in enumerate(refs) if n == 0 or r != refs[n - 1]]
            if len(refs) > 1:
                tags = {**way.tags, "note": notice} if k == 1 else way.tags
                out.add_way(osmium.osm.mutable.Way(id=k, version=1, visible=True, nodes=refs, tags=tags))


def sharing(way: Way, position: int) -> int:
    """Say with whom a way shares its points: roads with roads, rails with rails, an area with nobody."""
    for group, key in enumerate(("highway", "railway", "waterway")):
        if key in way.tags:
            return group
    return 3 + position


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the SHA-256 of each file, as sha256sum does."""
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")

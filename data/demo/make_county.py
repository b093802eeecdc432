"""
Make Yunlan County, an invented county, from a seed: ``python data/demo/make_county.py [--out DIR]``.

Nothing here is measured: relief, roads, people and schools are drawn by chance and by rules of thumb, so that the
program can be shown whole without anybody's data. The files are equal in content wherever this runs, and byte for byte
under the versions named in README.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from yunlan import (  # noqa: E402
    changes,
    exclusions,
    files,
    mapped,
    network,
    people,
    places,
    resources,
    schools,
    tables,
    terrain,
    tracks,
    ways,
)

SEED = 20250901
COUNTY_CODE = "990328"  # 99 is no province of China
MARGIN_CELLS = 35  # the elevation model reaches this far beyond the county
OUTPUTS = (
    "births.csv",
    "boundary.gpkg",
    "dem.tif",
    "exclusions.gpkg",
    "housing.xlsx",
    "migration.csv",
    "population.tif",
    "roads.osm.pbf",
    "schools.xlsx",
    "villages.xlsx",
)
logger = logging.getLogger("make_county")
Words = dict[str, Any]


def make(out: Path) -> None:
    """Make the county and write its files to a folder."""
    words: Words = yaml.safe_load((HERE / "yunlan" / "words.yaml").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    land = terrain.make_terrain(SEED)
    settled = places.make_places(SEED, land)
    logger.info("%d villages have a place", len(settled.villages))
    ground = tracks.lay_network(SEED, land, settled)
    warp = ways.Warp(SEED)
    town_xy, village_xy = warp(terrain.xy_of(land.towns)), warp(terrain.xy_of(settled.villages))
    names = tables.village_names(SEED, len(village_xy), words)

    rivers = ways.rivers(SEED, land, ground, warp, words)
    rail = ways.railway(ground, land, warp, words)
    lake = ways.lake_shape(land, warp)
    roads, remote, stray = network.make_network(SEED, ground, land, warp, rivers, words)
    network.name_roads(roads, town_xy, village_xy, words["towns"], names, words, SEED)
    logger.info("%d ways", len(roads))

    grid = people.centres_of(np.arange(people.ROWS * people.COLS))
    unreached = np.vstack([remote, stray])
    township = people.divide(ground, land)
    shapes = people.township_shapes(township)
    county = shapely.union_all(shapes)
    folk, urban = people.settle(SEED, land, settled, network.metres_off(grid, roads), warp, unreached, county)
    logger.info("%.0f people in %d cells", folk.total.sum(), (folk.total > 0).sum())

    sites = schools.choose_sites(SEED, folk, urban, town_xy, village_xy)
    sites = schools.share_out(SEED, network.Net(roads), folk, urban, sites)
    site_xy = sites[["x", "y"]].to_numpy()
    school = schools.school_table(
        SEED, sites, at_grid(township, site_xy), words["towns"], names, files.to_lonlat(site_xy), words
    )
    village = tables.village_list(folk, urban, town_xy, village_xy, names, remote, township, words)
    housing = tables.housing_table(SEED, town_xy, words["towns"], words)

    people_at = dict(zip(village.iloc[:, 1], village.iloc[:, 5], strict=True))
    hamlet_xy = warp(terrain.xy_of(settled.hamlets))
    points = mapped.place_points(SEED, town_xy, village_xy, hamlet_xy, names, people_at, words)
    yards, school_points = mapped.mapped_schools(school, site_xy)
    school = resources.with_resources(SEED, schools.with_point_beside(school, words), words)
    areas = mapped.water_areas(lake, rivers, words) + yards
    files.write_osm(out / "roads.osm.pbf", [*roads, *rivers, *rail], areas, points + school_points, words["notice"])
    kept_off = exclusions.exclusion_layer(SEED, land, folk, rivers, rail, roads, lake, words)
    files.write_layers(out / "exclusions.gpkg", {"exclusions": kept_off}, words["notice"])
    write_boundary(out / "boundary.gpkg", shapes, words)
    write_rasters(out, land, folk, words["notice"])
    for part, table in (("school", school), ("village", village), ("housing", housing)):
        file = out / {"school": "schools.xlsx", "village": "villages.xlsx", "housing": "housing.xlsx"}[part]
        files.write_sheet(file, table, words[part]["title"], words[part]["sheet"], words["notice"])
    files.write_csv(out / "births.csv", changes.births_table(words))
    files.write_csv(out / "migration.csv", changes.migration_table(words["towns"], words))
    files.write_sums(out, OUTPUTS)
    logger.info("%s: %s", out, words["notice"])


def at_grid(values: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Read a grid at points."""
    return values.ravel()[terrain.cell_of(xy[:, 0], xy[:, 1])]


def write_boundary(path: Path, shapes: list[shapely.Geometry], words: Words) -> None:
    """Write the county line and the townships that tile it."""
    codes = [f"{COUNTY_CODE}{100 + k}" for k in range(len(shapes))]
    townships = gpd.GeoDataFrame({"code": codes, "name": words["towns"]}, geometry=shapes, crs=terrain.CRS)
    whole = shapely.normalize(shapely.union_all(shapes))
    county = gpd.GeoDataFrame({"code": [COUNTY_CODE], "name": [words["county"]]}, geometry=[whole], crs=terrain.CRS)
    files.write_layers(path, {"county": county, "townships": townships}, words["notice"])


def write_rasters(out: Path, land: terrain.Terrain, folk: people.People, notice: str) -> None:
    """Write elevation [m] and people."""
    tags = {"TIFFTAG_IMAGEDESCRIPTION": notice}
    rows, cols = np.nonzero(land.county)
    top, bottom = max(rows.min() - MARGIN_CELLS, 0), rows.max() + MARGIN_CELLS + 1
    left, right = max(cols.min() - MARGIN_CELLS, 0), cols.max() + MARGIN_CELLS + 1
    corner = (terrain.WEST + left * terrain.CELL_M, terrain.NORTH - top * terrain.CELL_M)
    dem = land.z[top:bottom, left:right].astype(np.int16)[None]
    files.write_raster(out / "dem.tif", dem, corner, terrain.CELL_M, -32768, ["elevation_m"], tags)
    rows, cols = np.nonzero(folk.total > 0)
    top, left = rows.min() - 5, cols.min() - 5
    bands = np.concatenate([folk.total[None], folk.groups])
    bands = np.where(folk.total > 0, bands, -99999).astype(np.float32)[:, top : rows.max() + 6, left : cols.max() + 6]
    corner = (terrain.WEST + left * people.GRID_M, terrain.NORTH - top * people.GRID_M)
    files.write_raster(out / "population.tif", bands, corner, people.GRID_M, -99999, ["total", *people.BANDS], tags)


def main() -> None:
    """Read the command line and make the county."""
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)6d ms  %(message)s")
    parser = argparse.ArgumentParser(description="Make the files of Yunlan County, an invented county.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: beside this script)")
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()

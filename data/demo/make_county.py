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
import pandas as pd
import rasterio.features
import shapely
import yaml
from scipy import ndimage

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from yunlan import files, network, people, schools, terrain, tracks, ways  # noqa: E402
from yunlan.places import make_places  # noqa: E402

SEED = 20250901
OUTPUTS = (
    "roads.osm.pbf", "dem.tif", "population.tif", "schools.xlsx", "villages.xlsx", "boundary.gpkg", "housing.xlsx", "exclusions.gpkg",
)  # fmt: skip
logger = logging.getLogger("make_county")
Words = dict[str, Any]


def village_names(rng: np.random.Generator, n: int, words: Words) -> list[str]:
    """Draw names that differ from one another."""
    names: list[str] = []
    while len(names) < n:
        name = words["village_first"][rng.integers(len(words["village_first"]))] + words["village_last"][rng.integers(len(words["village_last"]))]
        if name not in names:
            names.append(name)
    return names


def communities(folk: people.People, urban: np.ndarray, n: int, centre: np.ndarray) -> np.ndarray:
    """Place the neighbourhoods of the county seat apart from one another."""
    cells = np.flatnonzero((urban.ravel() > 0.9) & (folk.total.ravel() > 0))
    xy = people.centres_of(cells)
    chosen = [int(np.argmin(np.hypot(*(xy - centre).T)))]
    while len(chosen) < n:
        gap = np.min([np.hypot(*(xy - xy[c]).T) for c in chosen], axis=0)
        chosen.append(int(np.argmax(gap * folk.total.ravel()[cells] ** 0.3)))
    return xy[chosen]


def village_table(folk: people.People, xy: np.ndarray, labels: list[str], town: np.ndarray, far: np.ndarray, words: Words) -> pd.DataFrame:
    """Count people and children by the nearest village."""
    cells, at = people.village_of(folk, xy)
    counts = [np.bincount(at, values.ravel()[cells], len(xy)) for values in (folk.total, folk.primary, folk.junior)]
    whole = [whole_numbers(c) for c in counts]
    lonlat = np.round(files.to_lonlat(xy), 6)
    number = pd.Series(town).groupby(town).cumcount() + 1
    rows = [
        [f"990328{100 + town[k]:03d}{200 + number[k]:03d}", labels[k], words["towns"][town[k]], *lonlat[k].tolist(), *(int(w[k]) for w in whole), words["village"]["no_road"] if far[k] else ""]
        for k in range(len(xy))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=words["village"]["headings"])


def whole_numbers(values: np.ndarray) -> np.ndarray:
    """Round by largest remainder, total kept."""
    floor = np.floor(values)
    missing = round(float(values.sum())) - int(floor.sum())
    floor[np.argsort(floor - values, kind="stable")[:missing]] += 1
    return floor.astype(np.int64)


def housing_table(seed: int, centres: np.ndarray, town_names: list[str], words: Words) -> pd.DataFrame:
    """Plan estates: most in the county seat, two resettlements in townships."""
    rng = np.random.default_rng([seed, 15])
    text = words["housing"]
    rows = []
    for k, name in enumerate(text["names"]):
        town = next((t for t, label in enumerate(town_names) if label[:2] == name[:2]), 0)
        angle, off = rng.uniform(0, 6.28), (rng.uniform(900, 1_700) if town == 0 else rng.uniform(250, 450))
        spot = centres[town] + off * np.array([np.cos(angle), np.sin(angle)])
        lon, lat = np.round(files.to_lonlat(spot[None])[0], 6).tolist()
        dwellings = int(rng.integers(24, 140)) * (10 if town == 0 else 3)
        rows.append([k + 1, name, town_names[town], dwellings, int(rng.integers(2026, 2030)), lon, lat, text["resettled"] if town else ""])
    return pd.DataFrame(rows, columns=text["headings"])


def polygons(mask: np.ndarray, least_m2: float, tolerance_m: float) -> list[shapely.Geometry]:
    """Draw the larger patches of a mask on the terrain's grid."""
    move = rasterio.Affine(terrain.CELL_M, 0, terrain.WEST, 0, -terrain.CELL_M, terrain.NORTH)
    found = [shapely.geometry.shape(g) for g, v in rasterio.features.shapes(mask.astype(np.uint8), mask=mask, transform=move) if v]
    simple = [shapely.make_valid(g.simplify(tolerance_m)) for g in found if g.area >= least_m2]
    return [p for g in simple for p in shapely.get_parts(g) if p.geom_type == "Polygon" and p.area >= least_m2 / 2]


def exclusion_layer(seed: int, land: terrain.Terrain, folk: people.People, river_ways: list[ways.Way], rail: list[ways.Way], roads: list[ways.Way], lake: shapely.Polygon, words: Words) -> gpd.GeoDataFrame:
    """Gather the land where no school may stand."""
    rng = np.random.default_rng([seed, 16])
    text = words["exclusions"]
    rows: list[tuple[str, str, float, shapely.Geometry]] = [("water", words["lake"], 0.0, lake)]
    for way in river_ways:
        if way.tags["waterway"] == "river":
            rows.append(("water", way.tags.get("name", text["river"]), 0.0, shapely.LineString(way.xy).buffer(float(way.tags["width"]) / 2).simplify(4)))
    calm = ndimage.uniform_filter(land.slope, 3)
    steep = ndimage.binary_opening((calm > 25) & land.county, iterations=1)
    rows += [("steep", text["steep"], 0.0, g) for g in polygons(steep, 60_000, 45.0)]
    grid = np.zeros(land.z.shape, dtype=bool)
    lived = people.centres_of(np.flatnonzero(folk.total.ravel() > 6))
    grid.ravel()[terrain.cell_of(lived[:, 0], lived[:, 1])] = True
    near_people = ndimage.binary_dilation(grid, iterations=3)
    flat = ndimage.binary_opening((calm < 6) & land.county & ~near_people & ~land.lake, iterations=2)
    rows += [("farmland", text["farmland"], 0.0, g) for g in polygons(flat, 120_000, 45.0)]
    slips = np.flatnonzero((ndimage.binary_dilation(grid, iterations=6) & (calm > 18) & (calm < 30) & land.county).ravel())
    for k, cell in enumerate(rng.choice(slips, 28, replace=False).tolist(), start=1):
        angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radius = rng.uniform(60, 190) * rng.uniform(0.7, 1.25, 14)
        ring = terrain.xy_of(cell)[0] + radius[:, None] * np.column_stack([np.cos(angles), 0.7 * np.sin(angles)])
        rows.append(("hazard", f"{text['hazard']}{k:02d}", 50.0, shapely.Polygon(np.round(ring, 1))))
    rows.append(("railway", words["railway"], 200.0, shapely.line_merge(shapely.union_all([shapely.LineString(w.xy) for w in rail]))))
    trunk = [shapely.LineString(w.xy) for w in roads if w.tags.get("highway") == "trunk"]
    rows.append(("trunk_road", words["trunk"]["name"], 80.0, shapely.line_merge(shapely.union_all(trunk))))
    frame = gpd.GeoDataFrame([r[:3] for r in rows], columns=["kind", "name", "buffer_m"], geometry=[r[3] for r in rows], crs=terrain.CRS)
    frame["geometry"] = shapely.set_precision(frame.geometry.to_numpy(), 0.1)
    return frame


def square(xy: np.ndarray, half_m: float) -> np.ndarray:
    """Draw a small closed yard around a point."""
    ring = np.array([[-1, -0.8], [1, -0.8], [1, 0.8], [-1, 0.8], [-1, -0.8]]) * half_m
    return np.round(xy + ring, 2)


def make(out: Path) -> None:
    """Make all files."""
    words: Words = yaml.safe_load((HERE / "yunlan" / "words.yaml").read_text(encoding="utf-8"))
    notice = words["notice"]
    out.mkdir(parents=True, exist_ok=True)
    land = terrain.make_terrain(SEED)
    places = make_places(SEED, land)
    logger.info("terrain and %d villages stand", len(places.villages))
    ground, _ = tracks.lay_network(SEED, land, places)
    warp = ways.Warp(SEED)
    river_ways = ways.rivers(land, ground, warp, words)
    roads, remote, stray = network.make_network(SEED, ground, land, warp, river_ways, words)
    logger.info("%d ways", len(roads))
    town_xy, village_xy = warp(terrain.xy_of(land.towns)), warp(terrain.xy_of(places.villages))
    names = village_names(np.random.default_rng([SEED, 17]), len(village_xy), words)
    network.name_roads(roads, town_xy, village_xy, words["towns"], names, words, SEED)

    grid = people.centres_of(np.arange(people.ROWS * people.COLS))
    folk, urban = people.settle(SEED, land, places, network.metres_off(grid, roads), warp, np.vstack([remote, stray]))
    label = people.divide(ground, land)
    shapes = people.township_shapes(label)
    total = folk.total
    logger.info("%.0f people in %d cells", total.sum(), (total > 0).sum())

    sites = schools.choose_sites(SEED, folk, urban, town_xy, village_xy)
    net = network.Net(roads)
    sites = schools.share_out(SEED, net, folk, urban, sites)
    site_xy = sites[["x", "y"]].to_numpy()
    town_of = label.ravel()[terrain.cell_of(site_xy[:, 0], site_xy[:, 1])]
    table = schools.school_table(SEED, sites, town_of, words["towns"], names, files.to_lonlat(site_xy), words)

    seat_xy = communities(folk, urban, len(words["communities"]), town_xy[0])
    all_xy = np.vstack([seat_xy, town_xy[1:], village_xy])
    labels = [c + words["village"]["community"] for c in words["communities"]]
    labels += [t[:2] + words["village"]["community"] for t in words["towns"][1:]]
    labels += [n + words["village"]["village"] for n in names]
    town_at = label.ravel()[terrain.cell_of(all_xy[:, 0], all_xy[:, 1])]
    far = np.zeros(len(all_xy), dtype=bool)
    far[np.argmin(np.hypot(*(all_xy[:, None] - remote[None]).T), axis=1)] = True
    village = village_table(folk, all_xy, labels, town_at, far, words)

    write_all(out, land, folk, shapes, roads, river_ways, ground, warp, table, village, site_xy, town_xy, village_xy, names, places, words)
    files.write_sums(out, list(OUTPUTS))
    logger.info("written to %s: %s", out, notice)


def write_all(out: Path, land: terrain.Terrain, folk: people.People, shapes: list[shapely.Geometry], roads: list[ways.Way], river_ways: list[ways.Way], ground: tracks.Ground, warp: ways.Warp, table: pd.DataFrame, village: pd.DataFrame, site_xy: np.ndarray, town_xy: np.ndarray, village_xy: np.ndarray, names: list[str], places: Any, words: Words) -> None:
    """Write everything to the folder."""
    notice = words["notice"]
    lake = ways.lake_shape(land, warp)
    rail = ways.railway(ground, land, warp, words)
    areas = [ways.Way(np.round(np.asarray(lake.exterior.coords), 2), {"natural": "water", "water": "reservoir", "name": words["lake"]})]
    for way in river_ways:
        if way.tags["waterway"] == "river" and float(way.tags["width"]) > 45:
            bank = shapely.LineString(way.xy).buffer(float(way.tags["width"]) / 2, cap_style="flat").simplify(3)
            for part in shapely.get_parts(bank):
                areas.append(ways.Way(np.round(np.asarray(part.exterior.coords), 2), {"natural": "water", "water": "river", "name": way.tags.get("name", "")}))
    points: list[tuple[np.ndarray, dict[str, str]]] = []
    people_at = dict(zip(village.iloc[:, 1], village.iloc[:, 5], strict=True))
    for k, (xy, name) in enumerate(zip(town_xy, words["towns"], strict=True)):
        points.append((xy, {"place": "town", "name": name if k else words["seat"]}))
    for xy, name in zip(village_xy, names, strict=True):
        points.append((xy, {"place": "village", "name": name + words["village"]["village"], "population": str(people_at[name + words["village"]["village"]])}))
    rng = np.random.default_rng([SEED, 18])
    for xy in warp(terrain.xy_of(places.hamlets)):
        surname = words["surnames"][rng.integers(len(words["surnames"]))]
        points.append((xy, {"place": "hamlet", "name": surname + words["hamlet_last"][rng.integers(len(words["hamlet_last"]))]}))
    for k in range(0, len(table), 5):
        tags = {"amenity": "school", "name": table.iloc[k, 1]}
        if k % 2:
            points.append((site_xy[k], tags))
        else:
            areas.append(ways.Way(square(site_xy[k], 45.0), tags))
    files.write_osm(out / "roads.osm.pbf", [*roads, *river_ways, *rail], areas, points, notice)

    rows, cols = np.nonzero(land.county)
    top, bottom, left, right = max(rows.min() - 35, 0), rows.max() + 36, max(cols.min() - 35, 0), cols.max() + 36
    dem = land.z[top:bottom, left:right].astype(np.int16)[None]
    files.write_raster(out / "dem.tif", dem, terrain.WEST + left * terrain.CELL_M, terrain.NORTH - top * terrain.CELL_M, terrain.CELL_M, -32768, ["elevation_m"], {"TIFFTAG_IMAGEDESCRIPTION": notice})
    total = folk.total
    bands = np.concatenate([total[None], folk.groups])
    bands = np.where(total > 0, bands, -99999).astype(np.float32)
    r, c = np.nonzero(total > 0)
    window = (slice(None), slice(r.min() - 5, r.max() + 6), slice(c.min() - 5, c.max() + 6))
    files.write_raster(
        out / "population.tif", bands[window], terrain.WEST + (c.min() - 5) * people.GRID_M, terrain.NORTH - (r.min() - 5) * people.GRID_M,
        people.GRID_M, -99999, ["total", *people.BANDS], {"TIFFTAG_IMAGEDESCRIPTION": notice},
    )  # fmt: skip
    code = [f"990328{100 + k}" for k in range(len(shapes))]
    township = gpd.GeoDataFrame({"code": code, "name": words["towns"]}, geometry=list(shapes), crs=terrain.CRS)
    county = gpd.GeoDataFrame({"code": ["990328"], "name": [words["county"]]}, geometry=[shapely.union_all(list(shapes))], crs=terrain.CRS)
    files.write_layers(out / "boundary.gpkg", {"county": county, "townships": township}, notice)
    files.write_layers(out / "exclusions.gpkg", {"exclusions": exclusion_layer(SEED, land, folk, river_ways, rail, roads, lake, words)}, notice)
    for part, frame in (("school", table), ("village", village), ("housing", housing_table(SEED, town_xy, words["towns"], words))):
        file = {"school": "schools.xlsx", "village": "villages.xlsx", "housing": "housing.xlsx"}[part]
        files.write_sheet(out / file, frame, words[part]["title"], words[part].get("sheet", "Sheet1"), notice)


def main() -> None:
    """Read the command line and make the county."""
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)6d ms  %(message)s")
    parser = argparse.ArgumentParser(description="Make the files of Yunlan County, an invented county.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: beside this script)")
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()

"""Land where no school may stand."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
from scipy import ndimage

from yunlan import people, terrain
from yunlan.ways import Way

Words = dict[str, Any]


def polygons(mask: np.ndarray, least_m2: float, tolerance_m: float) -> list[shapely.Geometry]:
    """Draw the larger patches of a mask on the terrain's grid."""
    move = rasterio.Affine(terrain.CELL_M, 0, terrain.WEST, 0, -terrain.CELL_M, terrain.NORTH)
    found = [
        shapely.geometry.shape(g)
        for g, v in rasterio.features.shapes(mask.astype(np.uint8), mask=mask, transform=move)
        if v
    ]
    simple = [shapely.make_valid(g.simplify(tolerance_m)) for g in found if g.area >= least_m2]
    return [p for g in simple for p in shapely.get_parts(g) if p.geom_type == "Polygon" and p.area >= least_m2 / 2]


def exclusion_layer(
    seed: int,
    land: terrain.Terrain,
    folk: people.People,
    river_ways: list[Way],
    rail: list[Way],
    roads: list[Way],
    lake: shapely.Polygon,
    words: Words,
) -> gpd.GeoDataFrame:
    """Gather the land where no school may stand."""
    rng = np.random.default_rng([seed, 16])
    text = words["exclusions"]
    rows: list[tuple[str, str, float, shapely.Geometry]] = [("water", words["lake"], 0.0, lake)]
    for way in (w for w in river_ways if w.tags["waterway"] == "river"):
        banks = shapely.LineString(way.xy).buffer(float(way.tags["width"]) / 2).simplify(4)
        rows += [("water", way.tags.get("name", text["river"]), 0.0, banks)]
    calm = ndimage.uniform_filter(land.slope, 3)
    steep = ndimage.binary_opening((calm > 25) & land.county, iterations=1)
    rows += [("steep", text["steep"], 0.0, g) for g in polygons(steep, 60_000, 45.0)]
    grid = np.zeros(land.z.shape, dtype=bool)
    lived = people.centres_of(np.flatnonzero(folk.total.ravel() > 6))
    grid.ravel()[terrain.cell_of(lived[:, 0], lived[:, 1])] = True
    near_people = ndimage.binary_dilation(grid, iterations=3)
    flat = ndimage.binary_opening((calm < 6) & land.county & ~near_people & ~land.lake, iterations=2)
    rows += [("farmland", text["farmland"], 0.0, g) for g in polygons(flat, 120_000, 45.0)]
    slips = np.flatnonzero(
        (ndimage.binary_dilation(grid, iterations=6) & (calm > 18) & (calm < 30) & land.county).ravel()
    )
    for k, cell in enumerate(rng.choice(slips, 28, replace=False).tolist(), start=1):
        angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radius = rng.uniform(60, 190) * rng.uniform(0.7, 1.25, 14)
        ring = terrain.xy_of(cell)[0] + radius[:, None] * np.column_stack([np.cos(angles), 0.7 * np.sin(angles)])
        rows.append(("hazard", f"{text['hazard']}{k:02d}", 50.0, shapely.Polygon(np.round(ring, 1))))
    surface = [shapely.LineString(w.xy) for w in rail if "tunnel" not in w.tags]
    rows.append(("railway", words["railway"], 200.0, shapely.line_merge(shapely.union_all(surface))))
    trunk = [shapely.LineString(w.xy) for w in roads if w.tags.get("highway") == "trunk"]
    rows.append(("trunk_road", words["trunk"]["name"], 80.0, shapely.line_merge(shapely.union_all(trunk))))
    frame = gpd.GeoDataFrame(
        [r[:3] for r in rows], columns=["kind", "name", "buffer_m"], geometry=[r[3] for r in rows], crs=terrain.CRS
    )
    frame["geometry"] = shapely.set_precision(frame.geometry.to_numpy(), 0.1)
    return frame

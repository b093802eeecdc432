"""What the map shows besides roads: water, places, and the schools that volunteers have mapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from yunlan.ways import Way

Words = dict[str, Any]
Point = tuple[np.ndarray, dict[str, str]]
WIDE_M = 45.0  # rivers at least this wide are drawn as areas, too


def water_areas(lake: shapely.Polygon, river_ways: list[Way], words: Words) -> list[Way]:
    """Draw the reservoir and the banks of wide rivers."""
    tags = {"natural": "water", "water": "reservoir", "name": words["lake"]}
    areas = [Way(np.round(np.asarray(lake.exterior.coords), 2), tags)]
    for way in river_ways:
        width = float(way.tags.get("width", 0))
        if width > WIDE_M:
            tags = {"natural": "water", "water": "river", "name": way.tags.get("name", "")}
            banks = shapely.get_parts(shapely.LineString(way.xy).buffer(width / 2, cap_style="flat").simplify(3))
            areas += [Way(np.round(np.asarray(bank.exterior.coords), 2), tags) for bank in banks]
    return areas


def place_points(
    seed: int,
    towns: np.ndarray,
    villages: np.ndarray,
    hamlets: np.ndarray,
    names: list[str],
    folk: dict[str, int],
    words: Words,
) -> list[Point]:
    """Name towns, villages and hamlets; ``folk`` is the number of people by village name."""
    rng = np.random.default_rng([seed, 18])
    labels = [words["seat"], *words["towns"][1:]]
    points: list[Point] = [(xy, {"place": "town", "name": name}) for xy, name in zip(towns, labels, strict=True)]
    for xy, name in zip(villages, names, strict=True):
        full = name + words["village"]["village"]
        points.append((xy, {"place": "village", "name": full, "population": str(folk[full])}))
    for xy in hamlets:
        surname = words["surnames"][rng.integers(len(words["surnames"]))]
        name = surname + words["hamlet_last"][rng.integers(len(words["hamlet_last"]))]
        points.append((xy, {"place": "hamlet", "name": name}))
    return points


def mapped_schools(table: pd.DataFrame, xy: np.ndarray) -> tuple[list[Way], list[Point]]:
    """Put every fifth school on the map, as a yard or as a point: volunteers have not mapped them all."""
    yard = np.array([[-1, -0.8], [1, -0.8], [1, 0.8], [-1, 0.8], [-1, -0.8]]) * 45.0
    areas: list[Way] = []
    points: list[Point] = []
    for k in range(0, len(table), 5):
        tags = {"amenity": "school", "name": str(table.iloc[k, 1])}
        if k % 2:
            points.append((xy[k], tags))
        else:
            areas.append(Way(np.round(xy[k] + yard, 2), tags))
    return areas, points

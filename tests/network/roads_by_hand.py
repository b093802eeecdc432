"""Roads drawn in a test: ways as lists of node ids, nodes as places."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyproj

from planning.network.build import Network, build_network
from planning.roads import Roads, make_roads

CRS = pyproj.CRS.from_epsg(4545)
_DEFAULTS = {
    "highway": "residential",
    "name": "",
    "oneway": 0,
    "bridge": False,
    "tunnel": False,
    "foot": "",
    "bicycle": "",
    "motor_vehicle": "",
    "maxspeed_kmh": np.nan,
    "surface": "",
    "source": "test.osm",
}


def roads_of(ways: dict[str, list[int]], places: dict[int, tuple[float, float]], **tags: dict[str, object]) -> Roads:
    table = pd.DataFrame(
        {column: [tags.get(column, {}).get(way, default) for way in ways] for column, default in _DEFAULTS.items()},
        index=list(ways),
    )
    return make_roads(
        table,
        node_ids=np.array(list(places), dtype=np.int64),
        xy=np.array(list(places.values()), dtype=float).reshape(-1, 2),
        offsets=np.cumsum([0, *map(len, ways.values())]),
        refs=np.array([ref for refs in ways.values() for ref in refs], dtype=np.int64),
    )


def network_of(*lines: list[tuple[float, float]], **tags: list[object]) -> Network:
    """Roads along lines of (x, y), joined where they share a point; a tag has one value a line."""
    numbers: dict[tuple[float, float], int] = {}
    refs = {
        f"w{at}": [numbers.setdefault((float(x), float(y)), len(numbers) + 1) for x, y in line]
        for at, line in enumerate(lines)
    }
    named = {tag: dict(zip(refs, values, strict=True)) for tag, values in tags.items()}
    return build_network(roads_of(refs, {number: xy for xy, number in numbers.items()}, **named), crs=CRS)

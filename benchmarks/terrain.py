"""
Benchmark of roads and open ground as one network: Grande Comore, with scipy's Dijkstra on the same graph beside it.

::

    python benchmarks/terrain.py                     # 100 m and 200 m
    python benchmarks/terrain.py --spacing 100,150   # others
    python benchmarks/terrain.py --write             # the table into benchmarks/README.md

The roads, the heights and the rivers are those of the shared data (``PLANNING_DATA``); the land is where the heights are above
0 m. Costs are minutes up and down. Kernels are compiled before anything is timed. CPU seconds of one process.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyproj
import rasterio.features
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from planning.network.build import Network, build_network  # noqa: E402
from planning.network.ground import add_ground, lay_ground  # noqa: E402
from planning.network.modes import mode_minutes, mode_usable  # noqa: E402
from planning.network.terrain import walking_factor  # noqa: E402
from planning.sources.dem import Dem, read_dem  # noqa: E402
from planning.sources.osm import read_osm_roads  # noqa: E402
from planning.sources.osm_features import read_osm_basemap  # noqa: E402
from planning.travel import Router  # noqa: E402

BEGIN, END = "<!-- terrain:begin -->", "<!-- terrain:end -->"
CRS = pyproj.CRS.from_epsg(32738)
SCHOOLS = 69
MUST_BUILD_S, MUST_NEAREST_S = 20.0, 0.2
Found = TypeVar("Found")
Steps = dict[str, float]


def timed(steps: Steps, name: str, work: Callable[[], Found]) -> Found:
    """Do a step and note its CPU seconds."""
    start = time.process_time()
    found = work()
    steps[name] = time.process_time() - start
    return found


def land(dem: Dem) -> shapely.Geometry:
    """Give the largest piece of ground above the sea."""
    dry = (np.nan_to_num(dem.values) > 0).astype(np.uint8)
    pieces = [
        shapely.geometry.shape(shape)
        for shape, _ in rasterio.features.shapes(dry, mask=dry == 1, transform=dem.transform)
    ]
    there = pyproj.Transformer.from_crs(dem.crs, dem.points_crs, always_xy=True)
    island = shapely.transform(
        max(pieces, key=lambda piece: piece.area), lambda xy: np.column_stack(there.transform(*xy.T))
    )
    return shapely.simplify(island, 30)


def measure(
    roads: Network, area: shapely.Geometry, rivers: list[shapely.Geometry], dem: Dem, spacing_m: float
) -> tuple[Network, Steps, bool]:
    """Build the network of one spacing, ask for the nearest school of every node, and hold it against scipy."""
    steps: Steps = {}
    ground = timed(
        steps,
        "lay the ground",
        lambda: lay_ground(area, spacing_m=spacing_m, barriers=rivers, elevation=dem.sample),
    )
    network = timed(steps, "join the roads", lambda: add_ground(roads, ground, usable=mode_usable(roads, "walk")))
    minutes = timed(steps, "slope", lambda: mode_minutes(network, "walk") * walking_factor(network, dem.sample))
    cost = np.round(minutes * 6e4)  # whole milliseconds, so that every program finds the same to the last unit
    n = network.n_nodes
    router = timed(steps, "router", lambda: Router(network.tails, network.heads, cost, n))
    schools, cells = np.random.default_rng(0).choice(roads.n_nodes, SCHOOLS, replace=False), np.arange(n)
    found, _ = timed(steps, "nearest, first", lambda: router.nearest(schools, cells))
    timed(steps, "nearest, again", lambda: router.nearest(schools, cells))
    backward = sparse.coo_array((cost, (network.heads, network.tails)), shape=(n, n)).tocsr()
    expected = timed(steps, "scipy", lambda: dijkstra(backward, indices=schools, min_only=True))
    return network, steps, bool(np.array_equal(found[:, 0], expected.astype(np.float32)))


def warm() -> None:
    """Compile what will be timed."""
    ground = lay_ground(shapely.box(0, 0, 3000, 3000), spacing_m=100)
    tails, heads = np.append(ground.tails, ground.heads), np.append(ground.heads, ground.tails)
    router = Router(tails, heads, np.arange(len(tails)) % 9 + 1.0, len(ground.x))
    router.nearest([0], [5])


def report(results: dict[float, tuple[Network, Steps, bool]], km2: float) -> str:
    """Put the results into a table."""
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    lines = [
        f"Command: `python benchmarks/terrain.py`; {time.strftime('%Y-%m-%d')}; {model.partition(':')[2].strip()}, one core of "
        f"{os.cpu_count()} shared ones; Python {platform.python_version()}. CPU seconds.",
        "",
        f"Grande Comore, {km2:,.0f} km² of land, roads and open ground with 16 neighbours, minutes with slope; nearest of "
        f"{SCHOOLS} schools from every node. Peer: scipy's Dijkstra from all schools at once on the same graph.",
        "",
    ]
    names = list(next(iter(results.values()))[1])
    building = names[: names.index("nearest, first")]
    heading = ["spacing", "nodes", "arcs", *building, "**built**", *names[len(building) :], "equal to scipy"]
    lines += ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    for spacing, (network, steps, equal) in results.items():
        built = sum(steps[name] for name in building)
        cells = [f"{spacing:g} m", f"{network.n_nodes:,}", f"{network.n_arcs:,}"]
        cells += [*(f"{steps[name]:.2f}" for name in building), f"**{built:.1f}**"]
        cells += [*(f"{steps[name]:.3f}" for name in names[len(building) :]), "yes" if equal else "NO"]
        lines.append("| " + " | ".join(cells) + " |")
    _, steps, _ = results[min(results)]
    built = sum(steps[name] for name in building)
    holds = built <= MUST_BUILD_S and steps["nearest, first"] <= MUST_NEAREST_S
    lines += [
        "",
        f"Must hold at {min(results):g} m: built within {MUST_BUILD_S:g} s, then nearest within {MUST_NEAREST_S:g} s: "
        f"{'holds' if holds else 'DOES NOT HOLD'}. Largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB.",
    ]
    return "\n".join(lines)


def write_section(text: str, readme: Path) -> None:
    """Put the text between the two markers of a file."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument(
        "--spacing", default="100,200", help="distances of neighbouring places, with commas [%(default)s m]"
    )
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    options = parser.parse_args()
    data = Path(os.environ.get("PLANNING_DATA", ROOT.parent / "shared" / "data")) / "ngazidja"
    extract = data / "ngazidja.osm.pbf"
    roads = build_network(read_osm_roads(extract, crs=CRS).roads, crs=CRS)
    basemap = read_osm_basemap(extract, crs=CRS)
    rivers = list(basemap.geometry[basemap["kind"].isin(["river", "water"]) & (basemap["detail"] != "stream")])
    dem = read_dem(data / "ngazidja_srtm1.tif", crs=CRS)
    area = land(dem)
    warm()
    spacings = [float(spacing) for spacing in options.spacing.split(",")]
    results = {spacing: measure(roads, area, rivers, dem, spacing) for spacing in spacings}
    text = report(results, area.area / 1e6)
    print(text)
    if options.write:
        write_section(text, ROOT / "benchmarks" / "README.md")


if __name__ == "__main__":
    main()

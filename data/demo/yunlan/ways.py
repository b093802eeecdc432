"""Roads, rivers and railway as lines with OpenStreetMap tags, joined where they meet."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio.features
import shapely
import shapely.ops
from scipy import ndimage
from scipy.sparse import csgraph

from yunlan.terrain import CELL_M, NORTH, NX, NY, WEST, Terrain, cell_of, fractal, xy_of
from yunlan.tracks import CLASSES, Ground

Words = dict[str, Any]
STREET_SLOPE = 17.0  # steepest ground a street is laid on [degrees]


@dataclass
class Way:
    """One way: its points in the projected CRS [m] and its tags."""

    xy: np.ndarray
    tags: dict[str, str]


class Warp:
    """A gentle bend of the plane that takes the grid out of lines; it keeps what touches what."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 6])
        self.shift = [28.0 * fractal(rng, (NY, NX), 14, 3, 0.5) for _ in range(2)]

    def __call__(self, xy: np.ndarray) -> np.ndarray:
        """Move points [m]."""
        at = [(NORTH - xy[:, 1]) / CELL_M - 0.5, (xy[:, 0] - WEST) / CELL_M - 0.5]
        moved = [ndimage.map_coordinates(s, at, order=1, mode="nearest") for s in self.shift]
        return np.round(xy + np.column_stack(moved), 2)


def smooth(xy: np.ndarray, rounds: int = 2, tolerance_m: float = 4.0) -> np.ndarray:
    """Cut corners (Chaikin) between fixed ends, then leave out needless points."""
    for _ in range(rounds):
        if len(xy) < 3:
            break
        a, b = xy[:-1], xy[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        xy = np.vstack([xy[:1], cut[1:-1], xy[-1:]])
    return np.round(np.asarray(shapely.LineString(xy).simplify(tolerance_m).coords), 2)


def chains(ground: Ground) -> list[tuple[int, list[int]]]:
    """Cut the laid network into ways between junctions, class by class."""
    used = np.flatnonzero((ground.rank < 99) & (ground.tail < ground.head))
    beside: dict[int, list[tuple[int, int]]] = {}
    for arc in used.tolist():
        a, b, rank = int(ground.tail[arc]), int(ground.head[arc]), int(ground.rank[arc])
        beside.setdefault(a, []).append((b, rank))
        beside.setdefault(b, []).append((a, rank))
    ends = {n for n, near in beside.items() if len(near) != 2 or near[0][1] != near[1][1]}
    done: set[tuple[int, int]] = set()
    found = []
    for start in sorted(ends) + sorted(beside.keys() - ends):
        for first, rank in beside[start]:
            if (start, first) in done:
                continue
            line = [start, first]
            done |= {(start, first), (first, start)}
            while line[-1] not in ends and line[-1] != start:
                onward = [n for n, _ in beside[line[-1]] if n != line[-2]]
                done |= {(line[-1], onward[0]), (onward[0], line[-1])}
                line.append(onward[0])
            found.append((rank, line))
    return found


def rivers(seed: int, terrain: Terrain, ground: Ground, warp: Warp, words: Words) -> list[Way]:
    """Draw streams and rivers, each from its spring to where it joins a larger one."""
    rng = np.random.default_rng([seed, 7])
    land, to = terrain.area_km2, terrain.receiver
    wet = np.flatnonzero((land > 7.0) & (ground.node >= 0))
    wet = np.union1d(wet, np.flatnonzero((land > 7.0) & terrain.lake.ravel()))
    inside = np.zeros(land.size, dtype=bool)
    inside[wet] = True
    main_feeder: dict[int, int] = {}
    for cell in wet[np.argsort(land[wet], kind="stable")].tolist():
        if to[cell] >= 0:
            main_feeder[int(to[cell])] = cell
    mouths = [c for c in wet.tolist() if to[c] < 0 or not inside[to[c]] or main_feeder[int(to[c])] != c]
    mouths.sort(key=lambda c: (-land[c], c))
    firsts = words["village_first"]
    found, named = [], 0
    for mouth in mouths:
        line = [int(to[mouth])] if to[mouth] >= 0 else []
        cell = mouth
        while True:
            line.append(cell)
            nearest = main_feeder.get(cell)
            if nearest is None or not inside[nearest]:
                break
            cell = nearest
        if len(line) < 12:
            continue
        tags = {"waterway": "river" if land[mouth] > 90 else "stream"}
        if tags["waterway"] == "river" and named < len(words["rivers"]):
            tags["name"] = words["rivers"][named]
            named += 1
        elif rng.random() < 0.7:
            last = words["stream_last"]
            tags["name"] = (
                firsts[rng.integers(len(firsts))]
                + words["village_last"][rng.integers(9)]
                + last[rng.integers(len(last))]
            )
        xy = smooth(warp(xy_of(line[::-1])), 2, 5.0)
        width = 14.0 + 1.5 * float(np.sqrt(land[mouth]))
        if tags["waterway"] == "river":
            tags["width"] = f"{width:.0f}"
        found.append(Way(xy, tags))
    return found


def street_grid(
    rng: np.random.Generator,
    terrain: Terrain,
    centre: np.ndarray,
    water: shapely.Geometry,
    size: tuple[float, float],
    gap_m: float,
) -> tuple[np.ndarray, list[tuple[int, int, str, int]]]:
    """Lay an irregular net of streets: points, and edges with their direction (row or column) and line number."""
    along, across = size
    near = water.intersection(shapely.Point(centre).buffer(1_500))
    angle = rng.uniform(0, np.pi)
    if not near.is_empty:
        spread = shapely.get_coordinates(near)
        spread = spread - spread.mean(axis=0)
        _, _, axes = np.linalg.svd(spread, full_matrices=False)
        angle = float(np.arctan2(axes[0, 1], axes[0, 0]))
    n, m = int(along / gap_m), int(across / gap_m)
    i, j = np.meshgrid(np.arange(-n, n + 1), np.arange(-m, m + 1), indexing="ij")
    u = np.cumsum(rng.uniform(0.75, 1.3, 2 * n + 1))
    v = np.cumsum(rng.uniform(0.7, 1.3, 2 * m + 1))
    u, v = (u - u[n]) * gap_m, (v - v[m]) * gap_m
    local = np.stack([u[i], v[j]], axis=-1) + rng.normal(0, 0.10 * gap_m, (*i.shape, 2))
    local[..., 1] += 0.12 * gap_m * np.sin(local[..., :1] / (3.0 * gap_m))[..., 0]
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    xy = np.round(local @ turn + centre, 2)
    flat = xy.reshape(-1, 2)
    edge = rng.normal(0, 0.13, flat.shape[0])
    round_ = np.hypot(local[..., 0] / along, local[..., 1] / across).ravel() + edge < 1.0
    level = terrain.slope.ravel()[cell_of(flat[:, 0], flat[:, 1])] < STREET_SLOPE
    dry = shapely.distance(shapely.points(flat), water) > 55
    keep = (round_ & level & dry).reshape(i.shape)
    edges = []
    ids = np.arange(flat.shape[0]).reshape(i.shape)
    for di, dj, kind in ((1, 0, "row"), (0, 1, "column")):
        for a in range(i.shape[0] - di):
            for b in range(i.shape[1] - dj):
                if not (keep[a, b] and keep[a + di, b + dj]) or rng.random() < 0.07:
                    continue
                line = shapely.LineString([xy[a, b], xy[a + di, b + dj]])
                if not line.intersects(water):
                    edges.append((int(ids[a, b]), int(ids[a + di, b + dj]), kind, b if kind == "row" else a))
    return flat, edges


def streets(seed: int, terrain: Terrain, centres: np.ndarray, water: shapely.Geometry, words: Words) -> list[Way]:
    """Draw the streets of the county seat and of the townships."""
    found = []
    for rank, centre in enumerate(centres):
        rng = np.random.default_rng([seed, 8, rank])
        size, gap = (rng.uniform(380, 640), rng.uniform(230, 360)), 105.0
        if rank == 0:
            size, gap = (2_250.0, 1_450.0), 165.0
        xy, edges = street_grid(rng, terrain, centre, water, size, gap)
        names = words["streets"] if rank == 0 else words["town_streets"]
        lines: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for a, b, kind, number in edges:
            lines.setdefault((kind, number), []).append((a, b))
        for order, ((_, number), pieces) in enumerate(sorted(lines.items())):
            if rank == 0:
                main = number % 4 == 1
                highway = "tertiary" if main else ("living_street" if number % 8 == 2 else "residential")
            else:
                main = order == 0
                highway = "residential"
            tags = {"highway": highway}
            if order < len(names) and (main or rng.random() < 0.8):
                tags["name"] = names[order]
            if rank == 0 and highway == "residential" and number % 5 == 3:
                tags["oneway"] = "yes"
            if main:
                tags["lit"] = "yes"
            found += [Way(xy[line], dict(tags)) for line in runs(pieces, flip=rng.random() < 0.5)]
    return found


def runs(pieces: list[tuple[int, int]], *, flip: bool) -> list[list[int]]:
    """String consecutive edges into lines."""
    found: list[list[int]] = []
    for a, b in pieces:
        if found and found[-1][-1] == a:
            found[-1].append(b)
        else:
            found.append([a, b])
    return [line[::-1] for line in found] if flip else found


def town_bridges(ways: list[Way], river: shapely.Geometry, centre: np.ndarray, name: str) -> list[Way]:
    """Join the two banks of the county seat by three bridges."""
    near = river.intersection(shapely.Point(centre).buffer(1_700))
    lines = [g for g in shapely.get_parts(near) if g.geom_type == "LineString"]
    if not lines:
        return []
    main = max(lines, key=lambda g: g.length)
    points = np.unique(np.vstack([w.xy for w in ways if np.hypot(*(w.xy[0] - centre)) < 3_000]), axis=0)
    found = []
    for share in (0.2, 0.5, 0.8):
        here = main.interpolate(share, normalized=True)
        ahead = main.interpolate(min(share + 0.02, 1.0), normalized=True)
        direction = np.array([ahead.x - here.x, ahead.y - here.y])
        off = points - np.array([here.x, here.y])
        side = direction[0] * off[:, 1] - direction[1] * off[:, 0]
        gap = np.hypot(*off.T)
        left, right = np.where(side > 0, gap, np.inf), np.where(side < 0, gap, np.inf)
        if min(left.min(), right.min()) < np.inf and max(left.min(), right.min()) < 600:
            ends = np.array([points[np.argmin(left)], points[np.argmin(right)]])
            found.append(Way(ends, {"highway": "secondary", "name": name}))
    return found


def join_ways(ways: list[Way]) -> None:
    """Give ways a common point wherever they cross."""
    lines = np.array([shapely.LineString(w.xy) for w in ways])
    tree = shapely.STRtree(lines)
    first, second = tree.query(lines, predicate="intersects")
    pairs = first < second
    first, second = first[pairs], second[pairs]
    meets = shapely.intersection(lines[first], lines[second])
    extra: dict[int, list[np.ndarray]] = {}
    for a, b, meet in zip(first.tolist(), second.tolist(), meets, strict=True):
        points = np.round(shapely.get_coordinates(meet), 2)
        for way in (a, b):
            extra.setdefault(way, []).append(points)
    for way, points in extra.items():
        ways[way].xy = insert_points(ways[way].xy, np.unique(np.vstack(points), axis=0))


def insert_points(xy: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Put points on a line at their place along it; a point that stands is not doubled."""
    known = {tuple(p) for p in xy.tolist()}
    points = np.array([p for p in points.tolist() if tuple(p) not in known])
    if not len(points):
        return xy
    line = shapely.LineString(xy)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    place = shapely.line_locate_point(line, shapely.points(points))
    return np.vstack([xy, points])[np.argsort(np.concatenate([at, place]), kind="stable")]


def cut_bridges(ways: list[Way], river_ways: list[Way]) -> list[Way]:
    """Tag the piece of each road that spans a river as a bridge."""
    big = [w for w in river_ways if w.tags["waterway"] == "river"]
    tree = shapely.STRtree([shapely.LineString(w.xy) for w in big])
    found = []
    for way in ways:
        line = shapely.LineString(way.xy)
        spans = []
        for k in tree.query(line, predicate="intersects").tolist():
            half = float(big[k].tags["width"]) / 2 + 9.0
            for point in shapely.get_parts(shapely.intersection(line, tree.geometries[k])):
                at = line.project(point.centroid)
                spans.append((at - half, at + half))
        found += split_spans(way, line, spans)
    return found


def split_spans(way: Way, line: shapely.LineString, spans: list[tuple[float, float]]) -> list[Way]:
    """Cut a way at the ends of its bridges."""
    if not spans:
        return [way]
    joined: list[list[float]] = []
    for low, high in sorted(spans):
        low, high = max(low, 0.0), min(high, line.length)
        if joined and low <= joined[-1][1] + 5:
            joined[-1][1] = max(high, joined[-1][1])
        else:
            joined.append([low, high])
    marks = [0.0, *(m for span in joined for m in span), line.length]
    found = []
    for k, (low, high) in enumerate(itertools.pairwise(marks)):
        if high - low < 0.5:
            continue
        piece = np.round(np.asarray(shapely.ops.substring(line, low, high).coords), 2)
        tags = {**way.tags, "bridge": "yes", "layer": "1"} if k % 2 else dict(way.tags)
        found.append(Way(piece, tags))
    return found


def lake_shape(terrain: Terrain, warp: Warp) -> shapely.Polygon:
    """Draw the shore of the reservoir."""
    move = rasterio.Affine(CELL_M, 0, WEST, 0, -CELL_M, NORTH)
    grid = terrain.lake.astype(np.uint8)
    parts = [
        shapely.geometry.shape(g) for g, v in rasterio.features.shapes(grid, mask=terrain.lake, transform=move) if v
    ]
    ring = np.asarray(max(parts, key=lambda g: g.area).exterior.coords)
    return shapely.Polygon(warp(ring)).buffer(40).buffer(-35).simplify(8)


def railway(ground: Ground, terrain: Terrain, warp: Warp, words: Words) -> list[Way]:
    """Run a railway past the county seat, with tunnels where the land stands above it."""
    weight = ground.length * (1.0 + 5.0 * ground.grade) + np.where(ground.wet, 500.0, 0.0)
    weight = np.where(ground.rank < 3, weight + ground.length * 0.6, weight)
    graph = ground.graph(weight)
    xy = xy_of(ground.cells)
    halt = xy_of(terrain.towns[0])[0] + np.array([900.0, -2_500.0])
    stop = int(np.argmin(np.hypot(*(xy - halt).T)))
    cost, before = csgraph.dijkstra(graph, indices=stop, return_predecessors=True)
    far = ndimage.distance_transform_edt(~terrain.county).ravel()[ground.cells] * CELL_M > 1_150
    turn = np.arctan2(*(xy - xy[stop]).T)
    line: list[int] = []
    for low in (-2.2, 0.7):
        gate = np.flatnonzero(far & ((turn - low) % (2 * np.pi) < 0.9))
        node = int(gate[np.argmin(cost[gate])])
        route = [node]
        while before[route[-1]] >= 0:
            route.append(int(before[route[-1]]))
        line = route if not line else line + route[::-1][1:]
    path = shapely.LineString(warp(xy[line]))
    at = np.arange(0, path.length, 60.0)
    points = shapely.get_coordinates(shapely.line_interpolate_point(path, at))
    points = np.round(ndimage.gaussian_filter1d(points, 7, axis=0, mode="nearest"), 2)
    height = terrain.z.ravel()[cell_of(points[:, 0], points[:, 1])]
    track = ndimage.gaussian_filter1d(ndimage.minimum_filter1d(height, 31), 15)
    under = ndimage.binary_closing(height - track > 32, iterations=4)
    cuts = [0, *(np.flatnonzero(np.diff(under.astype(int))) + 1).tolist(), len(points) - 1]
    found = []
    for a, b in itertools.pairwise(cuts):
        if b > a:
            tags = {"railway": "rail", "name": words["railway"], "gauge": "1435", "electrified": "contact_line"}
            if under[a]:
                tags |= {"tunnel": "yes", "layer": "-1"}
            found.append(Way(np.asarray(shapely.LineString(points[a : b + 1]).simplify(3).coords), tags))
    return found


def road_ways(ground: Ground, warp: Warp) -> list[Way]:
    """Turn the laid network into smooth ways, not yet named."""
    found = []
    for rank, line in chains(ground):
        xy = smooth(warp(xy_of(ground.cells[line])))
        steep = float(np.max(ground.grade[ground.arcs_of(line)]))
        tags = {"highway": CLASSES[rank]}
        if rank == 6 and steep > 0.42 and len(line) < 14:
            tags = {"highway": "steps"}
        found.append(Way(xy, tags))
    return found

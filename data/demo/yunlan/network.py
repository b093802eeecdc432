"""The finished road network: names, one connected whole, a stray fragment, and distances along it."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import KDTree

from yunlan.terrain import Terrain, xy_of
from yunlan.tracks import Ground
from yunlan.ways import Warp, Way, cut_bridges, join_ways, road_ways, smooth, streets, town_bridges

Words = dict[str, Any]


class Net:
    """Ways as a graph of their points, for walking."""

    def __init__(self, ways: list[Way]) -> None:
        """Number the points and measure the steps."""
        points = np.vstack([w.xy for w in ways])
        self.xy, flat = np.unique(points, axis=0, return_inverse=True)
        flat = flat.ravel()
        ends = np.cumsum([len(w.xy) for w in ways])
        last = np.zeros(flat.size, dtype=bool)
        last[ends - 1] = True
        tail, head = flat[:-1][~last[:-1]], flat[1:][~last[:-1]]
        length = np.hypot(*(self.xy[tail] - self.xy[head]).T)
        self.graph = sparse.csr_matrix((np.maximum(length, 0.01), (tail, head)), shape=(len(self.xy), len(self.xy)))
        self.graph = self.graph.maximum(self.graph.T).tocsr()
        self.tree = KDTree(self.xy)
        _, self.part = csgraph.connected_components(self.graph, directed=False)

    def reach(self, sources: np.ndarray, targets: np.ndarray, limit_m: float) -> np.ndarray:
        """Give walking distances [m], shape (n_sources, n_targets), the straight legs to the road included."""
        main = np.flatnonzero(self.part == np.argmax(np.bincount(self.part)))
        tree = KDTree(self.xy[main])
        leg_s, at_s = tree.query(sources)
        leg_t, at_t = tree.query(targets)
        found = np.empty((len(sources), len(targets)), dtype=np.float32)
        for k, node in enumerate(main[at_s].tolist()):
            cost = csgraph.dijkstra(self.graph, indices=node, limit=limit_m)
            found[k] = cost[main[at_t]] + leg_s[k] + leg_t
        return found


def make_network(
    seed: int, ground: Ground, terrain: Terrain, warp: Warp, river_ways: list[Way], words: Words
) -> tuple[list[Way], np.ndarray, np.ndarray]:
    """
    Finish the roads.

    Returns the ways, the hamlets that no mapped road reaches [m], and the two hamlets of the stray fragment [m].
    """
    water = shapely.unary_union([shapely.LineString(w.xy) for w in river_ways if w.tags["waterway"] == "river"])
    centres = warp(xy_of(terrain.towns))
    roads = road_ways(ground, warp)
    town = streets(seed, terrain, centres, water, words)
    town += town_bridges(town, water, centres[0], words["ring"])
    roads += town
    roads += promenade(water, centres[0], words)
    join_ways(roads)
    roads = tie_loose_parts(roads, water)
    join_ways(roads)
    remote, stray, track = leave_out(seed, ground, terrain, warp, roads)
    roads = cut_bridges(roads, river_ways)
    return [*roads, track], remote, stray


def promenade(water: shapely.Geometry, centre: np.ndarray, words: Words) -> list[Way]:
    """Run a footway along the river through the county seat."""
    near = water.intersection(shapely.Point(centre).buffer(1_500))
    lines = [g for g in shapely.get_parts(near) if g.geom_type == "LineString"]
    if not lines:
        return []
    bank = max(lines, key=lambda g: g.length).simplify(25).offset_curve(52.0)
    parts = [g for g in shapely.get_parts(bank.difference(water.buffer(44))) if g.length > 150]
    return [Way(np.round(np.asarray(g.coords), 2), {"highway": "footway", "name": words["promenade"]}) for g in parts]


def tie_loose_parts(ways: list[Way], water: shapely.Geometry) -> list[Way]:
    """Link each loose piece of street to the whole, or drop it where a river lies between."""
    for _ in range(6):
        net = Net(ways)
        main = np.argmax(np.bincount(net.part))
        if net.part.max() == 0:
            return ways
        whole = np.flatnonzero(net.part == main)
        tree = KDTree(net.xy[whole])
        drop: set[int] = set()
        links = []
        for part in np.setdiff1d(np.unique(net.part), [main]).tolist():
            mine = np.flatnonzero(net.part == part)
            gap, at = tree.query(net.xy[mine])
            best = int(np.argmin(gap))
            ends = np.array([net.xy[mine[best]], net.xy[whole[at[best]]]])
            if gap[best] < 400 and not shapely.LineString(ends).intersects(water):
                links.append(Way(ends, {"highway": "residential"}))
            else:
                drop.add(part)
        _, at = net.tree.query(np.array([w.xy[0] for w in ways]))
        ways = [w for w, k in zip(ways, at.tolist(), strict=True) if int(net.part[k]) not in drop] + links
    return ways


def leave_out(
    seed: int, ground: Ground, terrain: Terrain, warp: Warp, roads: list[Way]
) -> tuple[np.ndarray, np.ndarray, Way]:
    """Find high hamlets that the map leaves without a road, and draw one track that joins nothing else."""
    rng = np.random.default_rng([seed, 9])
    lines = shapely.STRtree([shapely.LineString(w.xy) for w in roads])
    inside = terrain.county.ravel() & (terrain.slope.ravel() < 24)
    cells = np.flatnonzero(inside)
    cells = cells[rng.permutation(cells.size)[: min(cells.size, 60_000)]]
    xy = warp(xy_of(cells))
    _, gap = lines.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    order = np.argsort(-gap, kind="stable")
    chosen: list[int] = []
    for k in order.tolist():
        if 1_000 < gap[k] < 3_800 and all(np.hypot(*(xy[k] - xy[c])) > 1_700 for c in chosen):
            chosen.append(k)
        if len(chosen) == 14:
            break
    remote = xy[chosen]
    weight = ground.length * np.exp(3.0 * ground.grade) + np.where(ground.wet, 40_000.0, 0.0)
    start = int(ground.node[cells[chosen[3]]])
    cost, before = csgraph.dijkstra(ground.graph(weight), indices=start, limit=60_000.0, return_predecessors=True)
    near = np.flatnonzero(np.isfinite(cost))
    at = warp(xy_of(ground.cells[near]))
    _, gap = lines.query_nearest(shapely.points(at), return_distance=True, all_matches=False)
    off = np.hypot(*(at - remote[3]).T)
    fits = (gap > 420) & (off > 500)
    end = int(near[fits][np.argmax(off[fits] - cost[near][fits] / 50)])
    route = [end]
    while route[-1] != start:
        route.append(int(before[route[-1]]))
    line = smooth(warp(xy_of(ground.cells[route])))
    stray = np.array([line[0], line[-1]])
    keep = shapely.distance(shapely.points(remote), shapely.LineString(line)) > 950
    return remote[keep], stray, Way(line, {"highway": "track", "surface": "ground"})


def name_roads(
    ways: list[Way],
    centres: np.ndarray,
    villages: np.ndarray,
    town_names: list[str],
    village_names: list[str],
    words: Words,
    seed: int,
) -> None:
    """Give roads their names, numbers, surfaces and speeds."""
    rng = np.random.default_rng([seed, 10])
    towns, places = KDTree(centres), KDTree(villages)
    surface = {
        "trunk": "asphalt",
        "primary": "asphalt",
        "secondary": "asphalt",
        "tertiary": "concrete",
        "unclassified": "concrete",
        "track": "gravel",
        "path": "ground",
        "steps": "stone",
    }
    speed = {"trunk": "80", "primary": "60", "secondary": "40", "tertiary": "30"}
    for way in ways:
        kind = way.tags["highway"]
        middle = way.xy[len(way.xy) // 2]
        _, near = towns.query(middle, k=2)
        if kind in ("trunk", "primary"):
            way.tags |= words[kind]
        elif kind == "secondary" and "name" not in way.tags:
            low, high = sorted(int(t) for t in near)
            way.tags |= {"name": town_names[low][0] + town_names[high][0] + words["county_road"], "ref": f"X5{low:02d}"}
        elif kind == "tertiary" and "name" not in way.tags:
            place = village_names[int(places.query(middle)[1])]
            way.tags |= {
                "name": town_names[int(near[0])][0] + place[0] + words["county_road"],
                "ref": f"Y{100 + int(places.query(middle)[1])}",
            }
        elif kind == "unclassified" and rng.random() < 0.6:
            way.tags["name"] = village_names[int(places.query(middle)[1])] + words["village_road"]
        if kind in surface:
            way.tags.setdefault("surface", surface[kind])
        if kind in speed:
            way.tags.setdefault("maxspeed", speed[kind])
        if kind == "track":
            way.tags["tracktype"] = f"grade{rng.integers(2, 5)}"


def metres_off(xy: np.ndarray, ways: list[Way]) -> np.ndarray:
    """Give the distance from points to the nearest way [m]."""
    tree = shapely.STRtree([shapely.LineString(w.xy) for w in ways])
    _, gap = tree.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    return np.round(gap, 1)

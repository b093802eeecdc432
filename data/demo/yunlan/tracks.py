"""Least-cost ways over the terrain: the skeleton of the road network, as steps between grid cells."""

from __future__ import annotations

import itertools
import logging

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from yunlan.places import Places
from yunlan.terrain import CELL_M, NX, NY, Terrain, xy_of

logger = logging.getLogger(__name__)
STEPS = [(dr, dc) for dr in range(-2, 3) for dc in range(-2, 3) if np.gcd(dr, dc) == 1]
CLASSES = ("trunk", "primary", "secondary", "tertiary", "unclassified", "track", "path")


class Ground:
    """The grid around the county as a graph of 16 neighbours, in which ways are laid one class after another."""

    def __init__(self, seed: int, terrain: Terrain, places: Places) -> None:
        """Lay out the arcs of all cells in and near the county."""
        rng = np.random.default_rng([seed, 4])
        self.terrain, self.places = terrain, places
        near = ndimage.binary_dilation(terrain.county, iterations=22) & ~terrain.lake
        self.cells = np.flatnonzero(near)
        self.node = np.full(NX * NY, -1)
        self.node[self.cells] = np.arange(self.cells.size)
        rough = np.round(rng.uniform(0.85, 1.15, NX * NY), 4)
        row, col = self.cells // NX, self.cells % NX
        tails, heads, lengths, grades, crossings, jitter = [], [], [], [], [], []
        river, z = places.river.ravel(), terrain.z.ravel()
        for dr, dc in STEPS:
            fits = (row + dr >= 0) & (row + dr < NY) & (col + dc >= 0) & (col + dc < NX)
            tail = self.cells[fits]
            head = tail + dr * NX + dc
            wet = river[tail] | river[head]
            if abs(dr) + abs(dc) == 3:  # a knight's move passes two more cells
                half_r, half_c = (int(np.sign(dr)) if abs(dr) == 2 else 0), (int(np.sign(dc)) if abs(dc) == 2 else 0)
                wet |= river[tail + half_r * NX + half_c] | river[head - half_r * NX - half_c]
            keep = self.node[head] >= 0
            tail, head, wet = tail[keep], head[keep], wet[keep]
            length = float(np.hypot(dr, dc)) * CELL_M
            tails.append(self.node[tail])
            heads.append(self.node[head])
            lengths.append(np.full(tail.size, length))
            grades.append(np.abs(z[head] - z[tail]) / length)
            crossings.append(wet)
            jitter.append((rough[tail] + rough[head]) / 2)
        tail = np.concatenate(tails)
        head = np.concatenate(heads)
        order = np.lexsort((head, tail))
        self.tail, self.head = tail[order].astype(np.int32), head[order].astype(np.int32)
        self.length = np.concatenate(lengths)[order]
        self.grade = np.concatenate(grades)[order]
        self.wet = np.concatenate(crossings)[order]
        self.jitter = np.concatenate(jitter)[order]
        self.start = np.searchsorted(self.tail, np.arange(self.cells.size + 1)).astype(np.int32)
        self.rank = np.full(self.tail.size, 99, dtype=np.int8)  # position in CLASSES of the way on each arc

    def graph(self, weight: np.ndarray) -> sparse.csr_matrix:
        """Wrap weights [cost units, whole numbers] as a graph."""
        whole = np.round(weight * self.jitter * 16).astype(np.float64)
        return sparse.csr_matrix((whole, self.head, self.start), shape=(self.cells.size, self.cells.size))

    def motor_weight(self, ideal_grade: float, bridge_m: float) -> np.ndarray:
        """Cost of a road for cars: steep steps and bridges are dear, a road that stands is cheap."""
        weight = self.length * (1.0 + (self.grade / ideal_grade) ** 1.7)
        weight = weight + np.where(self.wet, bridge_m * self.length / CELL_M / 2.5, 0.0)
        return np.where(self.rank < 99, self.length * 0.42, weight)

    def foot_weight(self) -> np.ndarray:
        """Cost on foot: steeper ground will do, a wide river will not."""
        weight = self.length * np.exp(3.0 * self.grade)
        weight = np.where(self.wet, weight + 40_000.0, weight)
        return np.where(self.rank < 99, self.length, weight)

    def arcs_of(self, cells: list[int]) -> np.ndarray:
        """Find the arcs, both ways, along a line of nodes."""
        arcs = []
        for a, b in itertools.pairwise(cells):
            for u, v in ((a, b), (b, a)):
                low, high = self.start[u], self.start[u + 1]
                arcs.append(low + int(np.searchsorted(self.head[low:high], v)))
        return np.array(arcs, dtype=np.int64)

    def lay(self, route: list[int], rank: int) -> None:
        """Put a way of a class on a route; a better class that is there stays."""
        if len(route) > 1:
            arcs = self.arcs_of(route)
            self.rank[arcs] = np.minimum(self.rank[arcs], rank)

    def lay_tree(self, weight: np.ndarray, sources: np.ndarray, targets: np.ndarray, rank: int) -> np.ndarray:
        """Join targets to the nearest source, ways merging as they meet; give the cost of each."""
        cost, before, _ = csgraph.dijkstra(
            self.graph(weight), indices=np.unique(sources), min_only=True, return_predecessors=True
        )
        seen = set(sources.tolist())
        for target in targets.tolist():
            if not np.isfinite(cost[target]):
                continue
            route = [target]
            while route[-1] not in seen and before[route[-1]] >= 0:
                seen.add(route[-1])
                route.append(int(before[route[-1]]))
            self.lay(route, rank)
        return cost[targets] / 16

    def links(self, weight: np.ndarray, sites: np.ndarray) -> list[tuple[float, int, int, list[int]]]:
        """Find the cheapest way between each two neighbouring sites: cost, both sites, route."""
        cost, before, origin = csgraph.dijkstra(
            self.graph(weight), indices=sites, min_only=True, return_predecessors=True
        )
        meet = np.flatnonzero((origin[self.tail] != origin[self.head]) & (self.tail < self.head) & ~self.wet)
        total = cost[self.tail[meet]] + cost[self.head[meet]] + np.round(weight[meet] * 16)
        a, b = origin[self.tail[meet]], origin[self.head[meet]]
        low, high = np.minimum(a, b), np.maximum(a, b)
        order = np.lexsort((total, high, low))
        found = []
        last = (-1, -1)
        for k in order.tolist():
            pair = (int(low[k]), int(high[k]))
            if pair == last or pair[0] < 0:
                continue
            last = pair
            route = [int(self.tail[meet[k]])]
            while before[route[-1]] >= 0:
                route.append(int(before[route[-1]]))
            route.reverse()
            route.append(int(self.head[meet[k]]))
            while before[route[-1]] >= 0:
                route.append(int(before[route[-1]]))
            found.append((float(total[k]) / 16, *pair, route))
        return found

    def on_network(self) -> np.ndarray:
        """Give the nodes that a way touches."""
        return np.unique(self.tail[self.rank < 99])

    def detours(self, links: list[tuple[float, int, int, list[int]]]) -> np.ndarray:
        """Compare, for each link, the way along the present network [m] with the link's own length [m]."""
        used = self.rank < 99
        net = sparse.csr_matrix(
            (self.length[used], (self.tail[used], self.head[used])), shape=(self.cells.size, self.cells.size)
        )
        keep = self.on_network()
        small = net[keep][:, keep]
        ends = np.array([[link[3][0], link[3][-1]] for link in links])
        at = np.searchsorted(keep, ends)
        at = np.minimum(at, keep.size - 1)
        known = (keep[at] == ends).all(axis=1)
        xy = xy_of(self.cells)
        ratio = np.zeros(len(links))
        for source in np.unique(at[known, 0]).tolist():
            rows = np.flatnonzero(known & (at[:, 0] == source))
            reach = csgraph.dijkstra(small, indices=source, limit=30_000.0)
            for row in rows.tolist():
                own = np.hypot(*np.diff(xy[links[row][3]], axis=0).T).sum()
                ratio[row] = min(reach[at[row, 1]], 30_000.0) / max(own, 1.0)
        return ratio


def lay_network(seed: int, terrain: Terrain, places: Places) -> Ground:
    """Lay the network from the trunk road down to footpaths."""
    rng = np.random.default_rng([seed, 5])
    ground = Ground(seed, terrain, places)
    towns = ground.node[terrain.towns]
    edge = np.flatnonzero(near_edge(ground, terrain))
    plain = ground.motor_weight(0.045, 900.0)
    cost = csgraph.dijkstra(ground.graph(plain), indices=towns[0])
    angle = np.arctan2(*(xy_of(ground.cells) - xy_of(terrain.towns[0])).T)
    gates = []
    for low, high in ((-0.6, 0.9), (2.3, 3.6), (-2.4, -1.0), (1.2, 2.1)):
        turned = (angle[edge] - low) % (2 * np.pi) < high - low
        gates.append(int(edge[turned][np.argmin(cost[edge[turned]])]))
    ground.lay_tree(plain, towns[:1], np.array(gates[:2]), 0)
    ground.lay_tree(ground.motor_weight(0.05, 1_200.0), towns[:1], np.array(gates[2:]), 1)
    reached = ground.lay_tree(ground.motor_weight(0.055, 1_800.0), towns[:1], towns[1:], 2)
    logger.info("towns joined, dearest %.0f", reached.max())
    join(ground, ground.motor_weight(0.055, 2_500.0), towns, 2, 2.0, 7)
    villages = ground.node[places.villages]
    villages = villages[np.argsort(places.comfort.ravel()[places.villages], kind="stable")[::-1]]
    half = villages.size // 2
    ground.lay_tree(ground.motor_weight(0.07, 4_000.0), ground.on_network(), villages[:half], 3)
    ground.lay_tree(ground.motor_weight(0.08, 5_000.0), ground.on_network(), villages[half:], 4)
    join(ground, ground.motor_weight(0.07, 6_000.0), np.concatenate([towns, villages]), 4, 3.0, 45)
    hamlets = ground.node[places.hamlets]
    kind = rng.random(hamlets.size)
    ground.lay_tree(ground.motor_weight(0.10, 9_000.0), ground.on_network(), hamlets[kind < 0.34], 4)
    ground.lay_tree(
        ground.motor_weight(0.12, 12_000.0), ground.on_network(), hamlets[(kind >= 0.34) & (kind < 0.64)], 5
    )
    ground.lay_tree(ground.foot_weight(), ground.on_network(), hamlets[kind >= 0.64], 6)
    join(ground, ground.foot_weight(), np.concatenate([towns, villages, hamlets]), 6, 3.2, 170)
    return ground


def join(ground: Ground, weight: np.ndarray, sites: np.ndarray, rank: int, least_detour: float, most: int) -> None:
    """Close the worst detours between neighbours with ways of a class."""
    links = ground.links(weight, sites)
    ratio = ground.detours(links)
    for k in np.argsort(-ratio, kind="stable")[:most].tolist():
        if ratio[k] >= least_detour:
            ground.lay(links[k][3], rank)


def near_edge(ground: Ground, terrain: Terrain) -> np.ndarray:
    """Mark the nodes at the outer edge of the mapped land."""
    far = ndimage.distance_transform_edt(~terrain.county).ravel()[ground.cells] * CELL_M
    return far > 1_150

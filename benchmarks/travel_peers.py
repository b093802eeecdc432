"""
Other programs that answer the questions of the travel engine, each in the quickest way its own interface offers.

A peer is built from a network and its places, and has a method for each question it can answer:

- ``matrix(sites)``: costs between every cell and each site, a row for each site;
- ``limited(sites)``: the same with costs beyond the limit left out;
- ``nearest()``: each cell's cost to the nearest school, and which it is where the peer can tell;
- ``five()``: costs to the five nearest schools, from the nearest on;
- ``add(node)`` and ``remove(position)``: nearest costs after one school more or less.

Costs go from cell to school or site. scipy turns the network round, so that a search from a site finds what it costs to
get there; others are measured where both directions cost the same. All peers are optional. igraph is under the GPL and
pandana under the AGPL: they are measured here, and neither the program nor its tests may ever need them.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from travel_graphs import Floats, Ints, Network, Places, contract

UNREACHABLE = 2**31 - 1  # RoutingKit's own "infinity"
N_NEAREST = 5


def least(costs: Floats) -> Floats:
    """Pick the smallest few of each column, in order, as rows."""
    return np.sort(np.partition(costs, N_NEAREST - 1, axis=0)[:N_NEAREST], axis=0).T


class Scipy:
    """scipy's Dijkstra on the full graph."""

    package = "scipy"
    licence = "BSD"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        self.limit = limit
        self.cells, self.schools = places.cells, places.schools
        self.graph = self._matrix_of(network)
        self.reversed_graph = csr_array(self.graph.T)
        self.number = np.arange(network.n_nodes)

    @staticmethod
    def _matrix_of(network: Network) -> csr_array:
        open_arc = np.isfinite(network.costs)
        ends = (network.tails[open_arc], network.heads[open_arc])
        return csr_array((network.costs[open_arc], ends), shape=(network.n_nodes, network.n_nodes))

    def matrix(self, sites: Ints) -> Floats:
        return self._costs(self.reversed_graph, sites, np.inf)

    def limited(self, sites: Ints) -> Floats:
        return self._costs(self.reversed_graph, sites, self.limit)

    def from_sites(self, sites: Ints) -> Floats:
        """The way back: costs from each site to every cell."""
        return self._costs(self.graph, sites, np.inf)

    def _costs(self, graph: csr_array, sources: Ints, limit: float) -> Floats:
        rows = np.empty((len(sources), len(self.cells)))
        cells = self.number[self.cells]
        for start in range(0, len(sources), 10):  # a block of rows stays below 100 MB
            block = self.number[sources[start : start + 10]]
            rows[start : start + 10] = dijkstra(graph, indices=block, limit=limit)[:, cells]
        return rows

    def nearest(self, schools: Ints | None = None) -> tuple[Floats, Ints]:
        roots = self.number[self.schools if schools is None else schools]
        costs, _, root = dijkstra(self.reversed_graph, indices=roots, min_only=True, return_predecessors=True)
        cells = self.number[self.cells]
        return costs[cells], root[cells]

    def five(self) -> Floats:
        costs = self.matrix(self.schools)
        return least(costs)

    def add(self, node: int) -> Floats:
        return self.matrix(np.array([node]))[0]

    def remove(self, position: int) -> Floats:
        return self.nearest(np.delete(self.schools, position))[0]


class ContractedScipy(Scipy):
    """scipy's Dijkstra after chains are contracted, with every cell, candidate and school left in."""

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        core, number = contract(network, np.concatenate([places.cells, places.candidates, places.schools]))
        super().__init__(core, places, limit)
        self.number = number


class Networkx:
    """networkx, which osmnx users have today."""

    package = "networkx"
    licence = "BSD"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        import networkx as nx

        self.nx, self.limit = nx, limit
        self.cells, self.schools = places.cells.tolist(), places.schools.tolist()
        self.reversed_graph = nx.DiGraph()
        arcs = zip(network.heads.tolist(), network.tails.tolist(), network.costs.tolist(), strict=True)
        self.reversed_graph.add_weighted_edges_from(arcs)

    def matrix(self, sites: Ints, limit: float | None = None) -> Floats:
        rows = np.empty((len(sites), len(self.cells)))
        for row, site in zip(rows, sites.tolist(), strict=True):
            costs = self.nx.single_source_dijkstra_path_length(self.reversed_graph, site, cutoff=limit)
            row[:] = [costs.get(cell, np.inf) for cell in self.cells]
        return rows

    def limited(self, sites: Ints) -> Floats:
        return self.matrix(sites, self.limit)

    def nearest(self) -> tuple[Floats, None]:
        costs = self.nx.multi_source_dijkstra_path_length(self.reversed_graph, self.schools)
        return np.array([costs.get(cell, np.inf) for cell in self.cells]), None

    def add(self, node: int) -> Floats:
        costs = self.nx.single_source_dijkstra_path_length(self.reversed_graph, int(node))
        return np.array([costs.get(cell, np.inf) for cell in self.cells])


class Igraph:
    """igraph (GPL), whose Dijkstra stops when all targets are met."""

    package = "igraph"
    licence = "GPL"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        import igraph

        self.cells, self.schools = places.cells.tolist(), places.schools.tolist()
        ends = np.column_stack([network.tails, network.heads])
        self.graph = igraph.Graph(n=network.n_nodes, edges=ends, directed=True)
        self.graph.es["cost"] = network.costs

    def matrix(self, sites: Ints) -> Floats:
        return np.array(self.graph.distances(sites.tolist(), self.cells, weights="cost", mode="in"))

    def five(self) -> Floats:
        costs = np.array(self.graph.distances(self.schools, self.cells, weights="cost", mode="in"))
        return least(costs)

    def add(self, node: int) -> Floats:
        return np.array(self.graph.distances([int(node)], self.cells, weights="cost", mode="in"))[0]


class Rustworkx:
    """rustworkx."""

    package = "rustworkx"
    licence = "Apache"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        import rustworkx as rx

        self.dijkstra = rx.digraph_dijkstra_shortest_path_lengths
        self.cells = places.cells.tolist()
        self.reversed_graph = rx.PyDiGraph()
        arcs = zip(network.heads.tolist(), network.tails.tolist(), network.costs.tolist(), strict=True)
        self.reversed_graph.extend_from_weighted_edge_list(list(arcs))

    def matrix(self, sites: Ints) -> Floats:
        return np.array([self._row(site) for site in sites.tolist()])

    def add(self, node: int) -> Floats:
        return np.array(self._row(int(node)))

    def _row(self, source: int) -> list[float]:
        costs = dict(self.dijkstra(self.reversed_graph, source, float).items())
        costs[source] = 0.0
        return [costs.get(cell, np.inf) for cell in self.cells]


class Networkit:
    """NetworKit's Dijkstra from some nodes to some, on one thread."""

    package = "networkit"
    licence = "MIT"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        import networkit

        self.networkit = networkit
        networkit.setNumberOfThreads(1)
        arcs = (network.costs, (network.tails, network.heads))
        self.graph = networkit.GraphFromCoo(arcs, n=network.n_nodes, weighted=True, directed=True)
        self.cells = places.cells.tolist()

    def matrix(self, sites: Ints) -> Floats:
        search = self.networkit.distance.SPSP(self.graph, sites.tolist())
        search.setTargets(self.cells)
        search.run()
        costs = np.array(search.getDistances(asarray=True))
        return np.where(costs >= np.finfo(np.float64).max, np.inf, costs)


class Pandana:
    """pandana (AGPL): contraction hierarchies, point to point; its costs are rounded to its own grain."""

    package = "pandana"
    licence = "AGPL"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        import pandana
        import pandas as pd

        ends = (pd.Series(network.tails), pd.Series(network.heads))
        metres = pd.DataFrame({"m": network.costs / 100})
        nodes = (pd.Series(network.x), pd.Series(network.y))
        self.network = pandana.Network(*nodes, *ends, metres, twoway=False)
        # A search for schools starts at every node, so that it needs a reach: the diameter is below it.
        self.reach_m = 200_000.0
        school = places.schools
        self.network.set_pois("schools", self.reach_m, N_NEAREST, nodes[0].iloc[school], nodes[1].iloc[school])
        self.cells = places.cells

    def matrix(self, sites: Ints) -> Floats:
        tails, heads = np.repeat(sites, len(self.cells)), np.tile(self.cells, len(sites))
        costs = self.network.shortest_path_lengths(tails, heads)
        return np.array(costs).reshape(len(sites), -1) * 100

    def nearest(self) -> tuple[Floats, None]:
        return self.network.nearest_pois(self.reach_m, "schools").to_numpy()[self.cells, 0] * 100, None

    def five(self) -> Floats:
        return self.network.nearest_pois(self.reach_m, "schools", num_pois=N_NEAREST).to_numpy()[self.cells] * 100


class RoutingkitCch:
    """RoutingKit's customizable contraction hierarchy through routingkit-cch: many pinned sources to one."""

    package = "routingkit-cch"
    licence = "MIT"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        import routingkit_cch as rk

        arcs = (network.tails.tolist(), network.heads.tolist())
        order = rk.compute_order_inertial(network.n_nodes, *arcs, network.y.tolist(), network.x.tolist())
        self.cch = rk.CCH(order, *arcs, False)
        self.metric = rk.CCHMetric(self.cch, network.costs.astype(np.int64).tolist())
        self.schools = places.schools.tolist()
        self.from_cells = rk.CCHManyToOne(self.metric, places.cells.tolist())

    def matrix(self, sites: Ints) -> Floats:
        return np.array([self.from_cells.distances_to(site) for site in sites.tolist()], dtype=float)

    def nearest(self, schools: list[int] | None = None) -> tuple[Floats, None]:
        starts = [(school, 0) for school in (self.schools if schools is None else schools)]
        return np.array(self.from_cells.distances_to_multi(starts), dtype=float), None

    def five(self) -> Floats:
        costs = np.array([self.from_cells.distances_to(school) for school in self.schools], dtype=float)
        return least(costs)

    def add(self, node: int) -> Floats:
        return np.array(self.from_cells.distances_to(int(node)), dtype=float)

    def remove(self, position: int) -> Floats:
        return self.nearest(self.schools[:position] + self.schools[position + 1 :])[0]


class Pyroutingkit:
    """RoutingKit's customizable contraction hierarchy through pyroutingkit: many to many."""

    package = "pyroutingkit"
    licence = "MIT"

    def __init__(self, network: Network, places: Places, limit: float) -> None:
        import pyroutingkit

        arcs = (network.tails.astype(np.uint32), network.heads.astype(np.uint32))
        where = (network.y.astype(np.float32), network.x.astype(np.float32))
        self.cch = pyroutingkit.CCH()
        self.cch.build_topology(*arcs, *where, node_count=network.n_nodes)
        self.cch.customize_weights(network.costs.astype(np.uint32))
        self.cells, self.schools = places.cells.astype(np.uint32), places.schools.astype(np.uint32)

    def matrix(self, sites: Ints) -> Floats:
        return self._costs(sites.astype(np.uint32), self.cells)

    def five(self) -> Floats:
        costs = self._costs(self.schools, self.cells)
        return least(costs)

    def add(self, node: int) -> Floats:
        return self._costs(np.array([node], np.uint32), self.cells)[0]

    def _costs(self, sources: NDArray[np.uint32], targets: NDArray[np.uint32]) -> Floats:
        costs = self.cch.distances_many_to_many(sources, targets).astype(float)
        return np.where(costs >= UNREACHABLE, np.inf, costs)


FULL, CONTRACTED = "scipy", "scipy, contracted"
PEERS = {
    FULL: Scipy,
    CONTRACTED: ContractedScipy,
    "networkx": Networkx,
    "igraph": Igraph,
    "rustworkx": Rustworkx,
    "NetworKit": Networkit,
    "pandana": Pandana,
    "routingkit-cch": RoutingkitCch,
    "pyroutingkit": Pyroutingkit,
}
LIBRARIES = [name for name in PEERS if name not in (FULL, CONTRACTED)]


def versions() -> dict[str, str]:
    """Give the version and licence of each peer that is installed."""
    found = {}
    for peer in PEERS.values():
        try:
            found[peer.package] = f"{version(peer.package)} ({peer.licence})"
        except PackageNotFoundError:
            found[peer.package] = "absent"
    return found

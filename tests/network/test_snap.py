"""Points on edges: by hand, against brute force, and what must be conserved."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roads_by_hand import CRS, roads_of

from planning.errors import NetworkError
from planning.network.build import build_network, component_labels
from planning.network.modes import mode_minutes, mode_usable
from planning.network.snap import point_on_network, snap_to_network, snappable_segments


def _line(**tags):
    return build_network(roads_of({"a": [1, 2, 3]}, {1: (0, 0), 2: (100, 0), 3: (100, 50)}, **tags), crs=CRS)


def _random_network(rng, n=40, m=70):
    places = {i: tuple(rng.uniform(0, 1000, 2)) for i in range(n)}
    ways = {f"w{k:03d}": rng.choice(n, 2, replace=False).tolist() for k in range(m)}
    return build_network(roads_of(ways, places), crs=CRS)


def _brute(network, points, segments):
    """Nearest distance to any of the segments, one by one."""
    answer = np.full(len(points), np.inf)
    for s in segments:
        a, b = network.xy[network.tails[2 * s]], network.xy[network.heads[2 * s]]
        for i, p in enumerate(points):
            square = ((b - a) ** 2).sum()
            t = 0.0 if square == 0 else min(1.0, max(0.0, float((p - a) @ (b - a)) / square))
            answer[i] = min(answer[i], float(np.hypot(*(p - a - t * (b - a)))))
    return answer


def _graph(network):
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for t, h, w in zip(network.tails[::2], network.heads[::2], network.length_m[::2], strict=True):
        graph.add_edge(int(t), int(h), weight=float(w))
    return graph


def test_by_hand():
    network, snap = snap_to_network(_line(oneway={"a": 1}), [(30, 5), (100, 0), (140, 20), (70, -10), (30, -7)])
    assert snap.node.tolist() == [3, 1, 5, 4, 3], (
        "two points at one place of the edge share a node, one takes the corner"
    )
    assert snap.leg_m.tolist() == [5, 0, 40, 10, 7]
    assert not snap.moved.any()
    assert network.xy[3:].tolist() == [[30, 0], [70, 0], [100, 20]]
    assert network.tails[::2].tolist() == [0, 3, 4, 1, 5]
    assert network.heads[::2].tolist() == [3, 4, 1, 5, 2]
    assert network.length_m[::2].tolist() == [30, 40, 30, 20, 30]
    assert (network.tails[1::2] == network.heads[::2]).all()
    assert network.forward.tolist() == [True, False] * 5
    assert (network.way == 0).all()
    assert np.isinf(mode_minutes(network, "drive")).tolist() == [False, True] * 5, "pieces keep the way's one-way"


def test_the_nearest_edge_counts_and_not_the_nearest_node():
    places = {1: (0, 0), 2: (1000, 0), 3: (500, 60), 4: (500, 3000)}
    network = build_network(roads_of({"a": [1, 2], "b": [3, 4]}, places), crs=CRS)
    network, snap = snap_to_network(network, [(500, 10)], min_component_m=0)
    assert snap.leg_m.tolist() == [10]
    assert network.xy[snap.node[0]].tolist() == [500, 0]


def test_points_at_nodes_insert_nothing():
    network = _line()
    snapped, snap = snap_to_network(network, network.xy)
    assert snapped.n_nodes == network.n_nodes
    assert snap.node.tolist() == [0, 1, 2]
    assert (snapped.tails == network.tails).all()


def test_no_points():
    snapped, snap = snap_to_network(_line(), np.empty((0, 2)))
    assert snapped.n_arcs == 4
    assert len(snap.node) == len(snap.leg_m) == len(snap.moved) == 0


def test_a_point_without_a_finite_place_and_a_network_without_a_usable_road():
    _, snap = snap_to_network(_line(), [(np.nan, 0), (10, 1)])
    assert snap.node.tolist() == [-1, 3]
    assert snap.leg_m.tolist() == [np.inf, 1]
    network = _line(foot={"a": "no"})
    snapped, snap = snap_to_network(network, [(10, 1)], usable=mode_usable(network, "walk"))
    assert snapped.n_arcs == 4
    assert snap.node.tolist() == [-1]
    assert snap.leg_m.tolist() == [np.inf]


def test_edges_closed_on_foot_are_passed_over():
    places = {1: (0, 0), 2: (3000, 0), 3: (0, 100), 4: (3000, 100)}
    network = build_network(roads_of({"a": [1, 2], "b": [3, 4]}, places, highway={"a": "motorway"}), crs=CRS)
    _, snap = snap_to_network(network, [(1500, 10)], usable=mode_usable(network, "walk"))
    assert snap.leg_m.tolist() == [90]
    assert not snap.moved.any(), "a closed road is no fragment"


def test_of_equally_near_edges_the_lowest_counts():
    places = {1: (0, 0), 2: (0, 100), 3: (20, 0), 4: (20, 100)}
    network = build_network(roads_of({"left": [1, 2], "right": [3, 4]}, places), crs=CRS)
    snapped, snap = snap_to_network(network, [(10, 50)], min_component_m=0)
    assert snapped.xy[snap.node[0]].tolist() == [0, 50]


@pytest.mark.parametrize(("length", "moved"), [(1999, True), (2000, False)])
def test_a_fragment_is_passed_over_and_an_island_keeps_its_own(length, moved):
    places = {1: (0, 0), 2: (5000, 0), 3: (0, 100), 4: (length, 100)}
    network = build_network(roads_of({"main": [1, 2], "bit": [3, 4]}, places), crs=CRS)
    _, snap = snap_to_network(network, [(500, 80), (500, 10)])
    assert snap.moved.tolist() == [moved, False]
    assert snap.leg_m.tolist() == [80 if moved else 20, 10]
    assert snappable_segments(network).tolist() == [True, not moved]


def test_the_longest_part_is_never_a_fragment():
    network = _line()
    assert snappable_segments(network, min_component_m=1e9).all()


def test_a_zero_length_segment_can_be_snapped_to():
    network = build_network(roads_of({"a": [1, 2, 3]}, {1: (0, 0), 2: (0, 0), 3: (10, 0)}), crs=CRS)
    snapped, snap = snap_to_network(network, [(-5, 0)])
    assert snap.leg_m.tolist() == [5]
    assert snapped.n_nodes == 3
    assert snap.node[0] in (0, 1)


def test_parallel_arcs_are_split_one_by_one():
    network = build_network(roads_of({"a": [1, 2], "b": [2, 1]}, {1: (0, 0), 2: (10, 0)}), crs=CRS)
    snapped, _ = snap_to_network(network, [(5, 1)])
    assert snapped.n_arcs == 6
    assert (snapped.way == 1).sum() == 2


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_equals_brute_force_and_conserves_lengths_and_distances(seed):
    rng = np.random.default_rng(seed)
    network = _random_network(rng)
    points = np.concatenate([rng.uniform(-100, 1100, (30, 2)), network.xy[rng.integers(0, network.n_nodes, 5)]])
    usable = rng.random(network.n_arcs) < 0.8
    least = float(rng.choice([0.0, 500.0, 1e9]))
    kept = snappable_segments(network, usable, min_component_m=least)
    snapped, snap = snap_to_network(network, points, usable=usable, min_component_m=least)
    np.testing.assert_allclose(snap.leg_m, _brute(network, points, np.flatnonzero(kept)), atol=1e-6)
    np.testing.assert_allclose(np.hypot(*(snapped.xy[snap.node] - points).T), snap.leg_m, atol=2e-3)
    every = _brute(network, points, np.flatnonzero(usable[::2] | usable[1::2]))
    np.testing.assert_array_equal(snap.moved, every < snap.leg_m - 1e-3)
    # each way keeps its length, and distances between old nodes stay what they were
    before = np.bincount(network.way, weights=network.length_m)
    np.testing.assert_allclose(np.bincount(snapped.way, weights=snapped.length_m), before, rtol=1e-12)
    old = nx.single_source_dijkstra_path_length(_graph(network), 0)
    new = nx.single_source_dijkstra_path_length(_graph(snapped), 0)
    for node, metres in old.items():
        assert new[node] == pytest.approx(metres, rel=1e-9)
    assert len(set(component_labels(snapped))) == len(set(component_labels(network)))
    np.testing.assert_array_equal(snapped.tails[1::2], snapped.heads[::2])
    # a click finds the same place without rebuilding
    place = point_on_network(network, tuple(points[0]), segments=kept)
    assert place.leg_m == pytest.approx(snap.leg_m[0], abs=1e-6)
    assert place.tail_m + place.head_m == pytest.approx(network.length_m[place.arc])
    assert np.hypot(place.x - points[0, 0], place.y - points[0, 1]) == pytest.approx(place.leg_m)


def test_order_of_points_does_not_matter():
    rng = np.random.default_rng(3)
    network = _random_network(rng)
    points = rng.uniform(0, 1000, (50, 2))
    order = rng.permutation(50)
    one, first = snap_to_network(network, points)
    other, second = snap_to_network(network, points[order])
    np.testing.assert_array_equal(first.node[order], second.node)
    np.testing.assert_array_equal(one.length_m, other.length_m)


def test_a_click_by_hand():
    network = _line()
    place = point_on_network(network, (40, 3))
    assert (place.arc, place.tail, place.head) == (0, 0, 1)
    assert (place.tail_m, place.head_m, place.leg_m, place.x, place.y) == (40, 60, 3, 40, 0)
    assert point_on_network(network, (40, 3), segments=np.array([False, True])).arc == 2


def test_a_click_where_no_road_may_be_used():
    with pytest.raises(NetworkError, match="no road near this place"):
        point_on_network(_line(), (0, 0), segments=np.zeros(2, dtype=bool))
    with pytest.raises(NetworkError, match="no road near this place"):
        point_on_network(_line(), (np.nan, 0))

"""Further road layers join the road file where they meet it, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from roads_by_hand import CRS, roads_of

from planning.network.build import build_network, component_labels
from planning.network.merge import merge_roads

MAIN = {1: (0.0, 0.0), 2: (100.0, 0.0), 3: (200.0, 0.0)}


def _merged(ways, places, *, base=None, **tags):
    base = base or roads_of({"main": [1, 2, 3]}, MAIN)
    extra = roads_of(ways, places, source=dict.fromkeys(ways, "village.shp"), **tags)
    return merge_roads(base, extra)


def _parts(roads):
    network = build_network(roads, crs=CRS)
    return len(set(component_labels(network))), network


def test_an_end_near_the_road_is_joined_onto_it():
    roads, merge = _merged({"x": [-1, -2]}, {-1: (50, 8), -2: (50, 300)})
    parts, network = _parts(roads)
    assert parts == 1
    assert (merge.ways, merge.joined, merge.apart) == (1, 1, ())
    new = next(ref for ref in roads.refs if ref < 0)
    assert roads.refs.tolist()[:4] == [1, new, 2, 3]
    assert roads.nodes.loc[new].tolist() == [50, 0]
    on_main = network.way == 0
    assert network.length_m[on_main].sum() == pytest.approx(2 * 200), "the existing road keeps its length"
    assert str(merge.notices[0]) == "1 roads of village.shp were added and joined to the road network at 1 places."


@pytest.mark.parametrize(("gap", "parts"), [(10.0, 1), (10.01, 2)])
def test_the_tolerance_is_inclusive(gap, parts):
    roads, merge = _merged({"x": [-1, -2]}, {-1: (50, gap), -2: (50, 300)})
    assert _parts(roads)[0] == parts
    assert len(merge.apart) == parts - 1


def test_a_way_apart_is_told():
    _, merge = _merged({"x": [-1, -2], "y": [-2, -3]}, {-1: (50, 500), -2: (50, 600), -3: (50, 700)})
    assert merge.apart == ("x", "y")
    assert "2 roads of village.shp lie more than 10 m" in str(merge.notices[1])


def test_a_crossing_without_a_shape_point_is_not_joined():
    roads, merge = _merged({"x": [-1, -2]}, {-1: (50, -100), -2: (50, 100)})
    assert merge.joined == 0
    assert _parts(roads)[0] == 2


def test_a_shape_point_on_the_road_is_joined_but_not_on_a_bridge():
    places = {-1: (50, -100), -2: (50, 1), -3: (50, 100)}
    assert _parts(_merged({"x": [-1, -2, -3]}, places)[0])[0] == 1
    assert _parts(_merged({"x": [-1, -2, -3]}, places, bridge={"x": True})[0])[0] == 2
    base = roads_of({"main": [1, 2, 3]}, MAIN, tunnel={"main": True})
    assert _parts(_merged({"x": [-1, -2, -3]}, places, base=base)[0])[0] == 2


def test_an_end_at_a_node_takes_the_node():
    roads, _ = _merged({"x": [-1, -2]}, {-1: (100, 0), -2: (100, 50)})
    assert roads.refs[:3].tolist() == [1, 2, 3]
    assert roads.refs[3] == 2
    assert len(roads.nodes) == 4


def test_several_ends_on_one_segment_stand_in_order():
    ways = {f"x{k}": [-2 * k - 1, -2 * k - 2] for k in range(3)}
    places = {}
    for k, x in enumerate((70, 20, 40)):
        places |= {-2 * k - 1: (x, 3), -2 * k - 2: (x, 90)}
    roads, merge = _merged(ways, places)
    assert merge.joined == 3
    along = roads.nodes.loc[roads.refs[:6], "x"].tolist()
    assert along == [0, 20, 40, 70, 100, 200]
    assert _parts(roads)[0] == 1


def test_ends_join_other_ways_of_the_layer():
    places = {-1: (50, 1), -2: (50, 300), -3: (56, 200), -4: (400, 200), -5: (408, 200), -6: (600, 200)}
    roads, merge = _merged({"x": [-1, -2], "y": [-3, -4], "z": [-5, -6]}, places)
    assert merge.apart == ()
    assert _parts(roads)[0] == 1


def test_nodes_at_one_place_are_one_node():
    places = {-1: (50, 0), -2: (50, 300), -3: (50, 300), -4: (50, 600)}
    roads, merge = _merged({"x": [-1, -2], "y": [-3, -4]}, places)
    assert _parts(roads)[0] == 1
    assert merge.joined == 1


def test_two_layers_in_turn_and_numbers_that_clash():
    once, _ = _merged({"x": [-1, -2]}, {-1: (50, 5), -2: (50, 300)})
    twice, merge = _merged({"x": [-1, 2]}, {-1: (150, 5), 2: (150, 300)}, base=once)
    assert merge.joined == 1
    assert list(twice.ways.index) == ["main", "x", "x~2"]
    assert _parts(twice)[0] == 1
    assert not twice.nodes.index.duplicated().any()
    assert twice.nodes.loc[2].tolist() == [100, 0]


def test_an_empty_base():
    base = roads_of({}, {})
    roads, merge = _merged({"x": [-1, -2]}, {-1: (0, 0), -2: (0, 30)}, base=base)
    assert len(roads.ways) == 1
    assert merge.apart == ("x",)


def test_a_ring_does_not_join_itself():
    roads, merge = _merged({"x": [-1, -2, -3, -1]}, {-1: (0, 500), -2: (5, 500), -3: (5, 505)})
    assert merge.joined == 0
    assert len(roads.nodes) == 6


def test_arguments_stay_and_random_layers_keep_every_way():
    rng = np.random.default_rng(5)
    base = roads_of(
        {f"b{k}": [10 * k + 1, 10 * k + 2] for k in range(30)},
        {10 * k + i: tuple(rng.uniform(0, 300, 2)) for k in range(30) for i in (1, 2)},
    )
    extra = roads_of(
        {f"x{k}": [-3 * k - 1, -3 * k - 2, -3 * k - 3] for k in range(30)},
        {-3 * k - i: tuple(rng.uniform(0, 300, 2)) for k in range(30) for i in (1, 2, 3)},
    )
    refs, nodes = base.refs.copy(), base.nodes.copy()
    roads, _ = merge_roads(base, extra)
    assert (base.refs == refs).all()
    pd.testing.assert_frame_equal(base.nodes, nodes)
    network = build_network(roads, crs=CRS)
    lengths = np.bincount(network.way, weights=network.length_m, minlength=60) / 2
    before = build_network(base, crs=CRS)
    np.testing.assert_allclose(lengths[:30], np.bincount(before.way, weights=before.length_m) / 2)
    assert (roads.offsets[1:] - roads.offsets[:-1] >= 2).all()
    assert set(roads.refs) == set(roads.nodes.index)

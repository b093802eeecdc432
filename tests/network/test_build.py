"""Building a network, and who may use it how fast."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from roads_by_hand import CRS, roads_of

from planning.errors import NetworkError
from planning.network.build import build_network, component_labels, network_summary
from planning.network.modes import DRIVE_KMH, WALK_KMH, Speeds, mode_minutes, mode_usable
from planning.roads import Roads, empty_roads


def test_a_way_of_three_points_gives_four_arcs():
    network = build_network(roads_of({"a": [1, 2, 3]}, {1: (0, 0), 2: (3, 4), 3: (3, 10), 9: (50, 50)}), crs=CRS)
    assert network.n_nodes == 3, "the node that no way uses is left out"
    assert network.tails.tolist() == [0, 1, 1, 2]
    assert network.heads.tolist() == [1, 0, 2, 1]
    assert network.length_m.tolist() == [5, 5, 6, 6]
    assert network.forward.tolist() == [True, False, True, False]
    assert network.way.tolist() == [0, 0, 0, 0]
    assert network.tails.dtype == np.int32
    assert network.crs == CRS


def test_repeated_node_makes_no_arc_and_two_nodes_at_one_place_are_joined():
    network = build_network(roads_of({"a": [1, 1, 2, 3]}, {1: (0, 0), 2: (7, 0), 3: (7, 0)}), crs=CRS)
    assert network.length_m.tolist() == [7, 7, 0, 0]


def test_parallel_arcs_and_loops_stay():
    ways = {"a": [1, 2], "b": [2, 1], "ring": [1, 3, 4, 1]}
    network = build_network(roads_of(ways, {1: (0, 0), 2: (10, 0), 3: (0, 5), 4: (5, 5)}), crs=CRS)
    assert network.n_arcs == 10
    assert ((network.tails == 0) & (network.heads == 1)).sum() == 2


def test_ways_that_cross_without_a_shared_node_do_not_meet():
    places = {1: (-5, 0), 2: (5, 0), 3: (0, -5), 4: (0, 5)}
    network = build_network(roads_of({"a": [1, 2], "over": [3, 4]}, places), crs=CRS)
    assert len(set(component_labels(network))) == 2


def test_empty_roads_are_refused():
    with pytest.raises(NetworkError, match="no road to travel on"):
        build_network(empty_roads(), crs=CRS)
    with pytest.raises(NetworkError, match="no road"):
        build_network(roads_of({"a": [1, 1]}, {1: (0, 0)}), crs=CRS)


def test_a_node_without_a_place_is_named_by_its_way():
    good = roads_of({"a": [1, 2], "b": [2, 3]}, {1: (0, 0), 2: (1, 0), 3: (2, 0)})
    for nodes in (good.nodes.drop(index=3), good.nodes.replace(2.0, np.inf)):
        with pytest.raises(NetworkError, match=r"1 points of the roads have no coordinates.*way b"):
            build_network(Roads(good.ways, nodes, good.offsets, good.refs), crs=CRS)


def test_arguments_stay_as_they_are():
    roads = roads_of({"a": [3, 2, 1]}, {1: (0, 0), 2: (1, 0), 3: (2, 0)})
    before = roads.refs.copy(), roads.nodes.copy()
    build_network(roads, crs=CRS)
    assert (roads.refs == before[0]).all()
    pd.testing.assert_frame_equal(roads.nodes, before[1])


def test_components_equal_networkx():
    rng = np.random.default_rng(7)
    places = {i: tuple(rng.uniform(0, 100, 2)) for i in range(1, 60)}
    ways = {f"w{i}": rng.choice(np.arange(1, 60), 2, replace=False).tolist() for i in range(40)}
    network = build_network(roads_of(ways, places), crs=CRS)
    usable = rng.random(network.n_arcs) < 0.6
    graph = nx.Graph()
    graph.add_nodes_from(range(network.n_nodes))
    graph.add_edges_from(zip(network.tails[usable], network.heads[usable], strict=True))
    labels = component_labels(network, usable)
    assert len(set(labels)) == nx.number_connected_components(graph)
    for part in nx.connected_components(graph):
        assert len({labels[node] for node in part}) == 1


def test_summary_by_hand():
    ways = {"a": [1, 2], "b": [2, 3], "c": [4, 5]}
    places = {1: (0, 0), 2: (1000, 0), 3: (1000, 2000), 4: (0, 9000), 5: (0, 10000)}
    network = build_network(roads_of(ways, places, highway={"b": "motorway", "c": "path"}), crs=CRS)
    summary = network_summary(network)
    assert (summary.nodes, summary.segments, summary.km, summary.components) == (5, 3, 4.0, 2)
    assert summary.km_by_class.to_dict() == {"motorway": 2.0, "path": 1.0, "residential": 1.0}
    assert summary.largest_share == 0.75
    on_foot = network_summary(network, mode_usable(network, "walk"))
    assert (on_foot.km, on_foot.components, on_foot.largest_share) == (2.0, 2, 0.5)
    none = network_summary(network, np.zeros(network.n_arcs, dtype=bool))
    assert (none.nodes, none.km, none.components, none.largest_share) == (0, 0.0, 0, 0.0)


def _one(mode, *, metres=1000.0, speeds=None, **tags):
    network = build_network(
        roads_of({"a": [1, 2]}, {1: (0, 0), 2: (metres, 0)}, **{k: {"a": v} for k, v in tags.items()}), crs=CRS
    )
    there, back = mode_minutes(network, mode, speeds=speeds)
    return there, back


def test_minutes_by_hand():
    assert _one("walk") == (15.0, 15.0)  # 1 km at 4 km/h
    assert _one("bike") == (5.0, 5.0)  # at 12
    assert _one("drive") == pytest.approx((2.4, 2.4))  # residential: 25
    assert _one("walk", speeds=Speeds(walk_kmh=2.0)) == (30.0, 30.0)
    assert _one("walk", metres=0.0) == (0.0, 0.0), "no length, no time"


def test_one_ways_bind_vehicles_alone():
    for mode in ("bike", "drive"):
        assert np.isinf(_one(mode, oneway=1)).tolist() == [False, True]
        assert np.isinf(_one(mode, oneway=-1)).tolist() == [True, False]
    assert np.isfinite(_one("walk", oneway=1)).all()


@pytest.mark.parametrize(
    ("mode", "tags", "open_"),
    [
        ("walk", {"highway": "motorway"}, False),
        ("walk", {"highway": "motorway", "foot": "yes"}, True),
        ("walk", {"highway": "trunk"}, True),
        ("walk", {"highway": "steps"}, True),
        ("walk", {"highway": "construction"}, False),
        ("walk", {"highway": "construction", "foot": "yes"}, False),
        ("walk", {"foot": "no"}, False),
        ("walk", {"foot": "private"}, False),
        ("walk", {"foot": "use_sidepath"}, True),
        ("walk", {"motor_vehicle": "no", "bicycle": "no"}, True),
        ("bike", {"highway": "footway"}, False),
        ("bike", {"highway": "footway", "bicycle": "designated"}, True),
        ("bike", {"highway": "steps", "bicycle": "yes"}, False),
        ("bike", {"highway": "path"}, True),
        ("bike", {"highway": "motorway"}, False),
        ("bike", {"bicycle": "no"}, False),
        ("drive", {"highway": "footway"}, False),
        ("drive", {"highway": "path"}, False),
        ("drive", {"highway": "path", "motor_vehicle": "destination"}, True),
        ("drive", {"highway": "steps", "motor_vehicle": "yes"}, False),
        ("drive", {"motor_vehicle": "private"}, False),
        ("drive", {"motor_vehicle": "agricultural", "highway": "track"}, False),
        ("drive", {"highway": "track"}, True),
        ("drive", {"highway": "somethingnew"}, False),
    ],
)
def test_who_may_go_where(mode, tags, open_):
    assert np.isfinite(_one(mode, **tags)).tolist() == [open_, open_]


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"highway": "motorway", "maxspeed_kmh": 120.0}, 80),
        ({"highway": "trunk", "maxspeed_kmh": 20.0}, 20),
        ({"highway": "tertiary", "maxspeed_kmh": 80.0}, DRIVE_KMH["tertiary"]),
        ({"highway": "tertiary", "maxspeed_kmh": 0.0}, DRIVE_KMH["tertiary"]),
        ({"highway": "footway", "motor_vehicle": "yes"}, 10),
    ],
)
def test_drive_speed_is_the_lowest_of_class_sign_and_law(tags, kmh):
    assert _one("drive", **tags)[0] == pytest.approx(60 / kmh)


def test_the_legal_cap_holds_over_a_rash_table():
    rash = Speeds(drive_kmh={"motorway": 130.0, "residential": 100.0})
    assert _one("drive", speeds=rash)[0] == pytest.approx(1.0)  # 60 km/h
    assert _one("drive", highway="motorway", speeds=rash)[0] == pytest.approx(60 / 80)


def test_a_bicycle_is_pushed_where_it_must_be():
    assert _one("bike", bicycle="dismount")[0] == pytest.approx(60 / WALK_KMH)


def test_arcs_of_no_way_are_open_to_all():
    network = build_network(roads_of({"a": [1, 2]}, {1: (0, 0), 2: (1000, 0)}, oneway={"a": 1}), crs=CRS)
    bare = type(network)(**{**vars(network), "way": np.full(2, -1, dtype=np.int32)})
    assert mode_minutes(bare, "walk").tolist() == [15.0, 15.0]
    assert mode_minutes(bare, "drive").tolist() == [6.0, 6.0]


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="walk, bike or drive, not 'fly'"):
        _one("fly")

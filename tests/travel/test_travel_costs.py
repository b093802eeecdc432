"""Costs of cells to sites: worked by hand, against brute force, and at the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from planning.errors import NetworkError
from planning.travel import Router
from planning.travel.costs import Costs, build_costs, costs_to_points


def ids(prefix, n):
    return pd.Index([f"{prefix}{i}" for i in range(n)], dtype=object)


@pytest.fixture
def street():
    """Three nodes on a street of 600 m and 400 m, walked at 6 km/h (100 m a minute)."""
    tails, heads, length = np.array([0, 1, 1, 2]), np.array([1, 0, 2, 1]), np.array([600.0, 600, 400, 400])
    return Router(tails, heads, length / 100, 3), length


def costs_of(router, length, **changes):
    given = {
        "cell_ids": ids("c", 3),
        "cell_nodes": [0, 2, -1],
        "cell_legs_m": [50, 10, np.nan],
        "cell_xy": [[0, 50], [1000, 10], [0, 300]],
        "site_ids": ids("s", 2),
        "site_nodes": [2, 0],
        "site_legs_m": [20, 100],
        "site_xy": [[1000, -20], [0, 100]],
        "leg_kmh": 3.0,
        "mode": "walk",
    }
    return build_costs(router, length, **(given | changes))


def test_by_hand(street):
    costs = costs_of(*street)
    # c0-s0: 50 + 1000 + 20; c0-s1: 50 m apart, nearer than 150 m of legs; c1-s0: 30 m apart = the legs; c2: no road at all
    assert_allclose(costs.distance_m, [[1070, 50], [30, 1110], [np.hypot(1000, 320), 200]], rtol=1e-6)
    assert_allclose(costs.time_min, [[11.4, 1], [0.6, 12.2], [np.hypot(1000, 320) / 50, 4]], rtol=1e-6)
    assert_allclose(costs.off_road_m, [[70, 50], [30, 110], [np.hypot(1000, 320), 200]], rtol=1e-6)
    assert costs.distance_m.dtype == costs.time_min.dtype == costs.off_road_m.dtype == np.float32
    assert costs.mode == "walk"
    assert list(costs.site_ids) == ["s0", "s1"]


def test_the_shortest_of_the_quickest_ways_where_speeds_differ():
    # 0 > 1 by a fast road of 3000 m or a slow one of 1000 m, both 3 minutes; a path of 500 m takes 5
    router = Router([0, 0, 0], [1, 1, 1], [3, 3, 5], 2)
    costs = costs_of(
        router,
        np.array([3000.0, 1000, 500]),
        cell_ids=ids("c", 1),
        cell_nodes=[0],
        cell_legs_m=[0],
        cell_xy=[[0, 0]],
        site_ids=ids("s", 1),
        site_nodes=[1],
        site_legs_m=[0],
        site_xy=[[0, 500]],
    )
    assert (costs.time_min[0, 0], costs.distance_m[0, 0], costs.off_road_m[0, 0]) == (3, 1000, 0)


def test_no_path_is_inf_and_its_legs_are_not(street):
    router, length = street
    costs = costs_of(router.with_costs([6, 6, np.inf, np.inf]), length)
    assert np.isinf(costs.time_min[0, 0])
    assert np.isinf(costs.distance_m[0, 0])
    assert costs.off_road_m[0, 0] == 70


@pytest.mark.parametrize("one_speed", [True, False])
def test_against_brute_force(one_speed):
    rng = np.random.default_rng(7)
    n, n_cells, n_sites = 40, 60, 9
    xy = rng.uniform(0, 1000, (n, 2))
    tails, heads = rng.integers(0, n, 100), rng.integers(0, n, 100)
    length = np.round(np.hypot(*(xy[tails] - xy[heads]).T)) + 1
    minutes = length / (75 if one_speed else rng.integers(50, 500, 100))
    router = Router(tails, heads, minutes, n)
    cells, sites = rng.uniform(0, 1000, (n_cells, 2)), rng.uniform(0, 1000, (n_sites, 2))
    cell_nodes, site_nodes = rng.integers(-1, n, n_cells), rng.integers(0, n, n_sites)
    cell_legs, site_legs = rng.uniform(0, 300, n_cells), rng.uniform(0, 300, n_sites)
    costs = costs_of(
        router,
        length,
        cell_ids=ids("c", n_cells),
        cell_nodes=cell_nodes,
        cell_legs_m=cell_legs,
        cell_xy=cells,
        site_ids=ids("s", n_sites),
        site_nodes=site_nodes,
        site_legs_m=site_legs,
        site_xy=sites,
    )
    some_straight = 0
    for cell in range(n_cells):
        for site in range(n_sites):
            straight = np.hypot(*(cells[cell] - sites[site]))
            legs = cell_legs[cell] + site_legs[site]
            if cell_nodes[cell] < 0 or straight < legs:
                wanted = (straight / 50, straight, straight)
                some_straight += 1
            else:
                path = router.path(cell_nodes[cell], site_nodes[site])
                there = 0 if len(path.nodes) else np.inf
                wanted = (there + minutes[path.arcs].sum() + legs / 50, there + length[path.arcs].sum() + legs, legs)
            got = (costs.time_min[cell, site], costs.distance_m[cell, site], costs.off_road_m[cell, site])
            assert_allclose(got, wanted, rtol=2e-6)
    assert 0 < some_straight < n_cells * n_sites


def test_no_cells_no_sites(street):
    router, length = street
    nothing = {"cell_ids": ids("c", 0), "cell_nodes": [], "cell_legs_m": [], "cell_xy": np.empty((0, 2))}
    assert costs_of(router, length, **nothing).time_min.shape == (0, 2)
    nothing = {"site_ids": ids("s", 0), "site_nodes": [], "site_legs_m": [], "site_xy": np.empty((0, 2))}
    assert costs_of(router, length, **nothing).time_min.shape == (3, 0)


def test_a_point_on_an_edge_equals_a_node_there(street):
    router, length = street
    # a node 3 cuts the one-way 1 > 2 (400 m) at 150 m; back from 2 one may go too, at another speed
    cut = Router(
        [0, 1, 1, 3, 2, 3, 2, 1],
        [1, 0, 3, 2, 3, 1, 1, 2],
        [6, 6, 1.5, 2.5, 2.5, 1.5, 4, 4],
        4,
    )
    cut_length = np.array([600.0, 600, 150, 250, 250, 150, 400, 400])
    site = {"site_ids": ids("s", 1), "site_nodes": [3], "site_legs_m": [40], "site_xy": [[750, 40]]}
    wanted = costs_of(cut, cut_length, **site)
    got = costs_to_points(
        router,
        length,
        end_nodes=[[1, 2]],
        end_minutes=[[1.5, 2.5]],
        end_metres=[[150, 250]],
        point_legs_m=[40],
        point_xy=[[750, 40]],
        point_ids=ids("s", 1),
        cell_ids=ids("c", 3),
        cell_nodes=[0, 2, -1],
        cell_legs_m=[50, 10, np.nan],
        cell_xy=[[0, 50], [1000, 10], [0, 300]],
        leg_kmh=3.0,
        mode="walk",
    )
    assert_array_equal(got.site_ids, wanted.site_ids)
    for name in ("time_min", "distance_m", "off_road_m"):
        assert_allclose(getattr(got, name), getattr(wanted, name), rtol=1e-6)


@pytest.mark.parametrize(("closed", "minutes"), [(0, 2.5 + 4 + 6), (1, np.inf)])
def test_a_point_on_a_one_way_street_is_reached_from_one_end(street, closed, minutes):
    router, length = street
    end_minutes = np.array([2.5, 2.5])
    end_minutes[:] = [np.inf, 2.5] if closed == 0 else [np.inf, np.inf]
    costs = costs_to_points(
        router,
        length,
        end_nodes=[[1, 2]],
        end_minutes=[end_minutes],
        end_metres=[[250, 250]],
        point_legs_m=[0],
        point_xy=[[750, 0]],
        point_ids=ids("s", 1),
        cell_ids=ids("c", 1),
        cell_nodes=[0],
        cell_legs_m=[0],
        cell_xy=[[0, 0]],
        leg_kmh=3.0,
        mode="drive",
    )
    assert costs.time_min[0, 0] == minutes
    assert costs.distance_m[0, 0] == (1250 if closed == 0 else np.inf)


def test_a_point_with_no_road_is_reached_straight(street):
    router, length = street
    costs = costs_to_points(
        router,
        length,
        end_nodes=[],
        end_minutes=[],
        end_metres=[],
        point_legs_m=[0],
        point_xy=[[30, 40]],
        point_ids=ids("s", 1),
        cell_ids=ids("c", 1),
        cell_nodes=[0],
        cell_legs_m=[0],
        cell_xy=[[0, 0]],
        leg_kmh=3.0,
        mode="walk",
    )
    assert (costs.time_min[0, 0], costs.distance_m[0, 0], costs.off_road_m[0, 0]) == (1, 50, 50)


def test_many_points_at_once_cost_what_each_costs_alone(street):
    router, length = street
    many = {
        "end_nodes": [[1, 2], [0, 1], [1, 0]],
        "end_minutes": [[1.5, 2.5], [2, np.inf], [3, 3]],
        "end_metres": [[150, 250], [200, 400], [300, 300]],
        "point_legs_m": [40, 0, 5],
        "point_xy": [[750, 40], [200, 0], [300, 5]],
    }
    cells = {
        "cell_ids": ids("c", 3),
        "cell_nodes": [0, 2, -1],
        "cell_legs_m": [50, 10, np.nan],
        "cell_xy": [[0, 50], [1000, 10], [0, 300]],
        "leg_kmh": 3.0,
        "mode": "walk",
    }
    together = costs_to_points(router, length, **many, point_ids=ids("s", 3), **cells)
    assert together.time_min.shape == (3, 3)
    for point in range(3):
        one = {name: given[point : point + 1] for name, given in many.items()}
        alone = costs_to_points(router, length, **one, point_ids=ids("s", 3)[point : point + 1], **cells)
        for name in ("time_min", "distance_m", "off_road_m"):
            assert_array_equal(getattr(together, name)[:, [point]], getattr(alone, name))


def test_no_points_no_columns(street):
    nothing = {
        "end_nodes": np.empty((0, 2)),
        "end_minutes": np.empty((0, 2)),
        "end_metres": np.empty((0, 2)),
        "point_legs_m": [],
        "point_xy": np.empty((0, 2)),
        "point_ids": ids("s", 0),
    }
    cells = {"cell_ids": ids("c", 1), "cell_nodes": [0], "cell_legs_m": [0], "cell_xy": [[0, 0]]}
    assert costs_to_points(*street, **nothing, **cells, leg_kmh=3.0, mode="walk").time_min.shape == (1, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"leg_kmh": 0}, "speed on access legs"),
        ({"cell_legs_m": [50, np.nan, 0]}, "row 1: leg nan m"),
        ({"cell_legs_m": [50, -1, 0]}, "row 1: leg -1.0 m"),
        ({"cell_xy": [[0, 50], [1000, 10], [np.nan, 0]]}, "row 2"),
        ({"site_nodes": [2]}, "one node, one access leg and one location: 2 of each"),
        ({"site_nodes": [2, 3]}, "Node 3"),
    ],
)
def test_refusals(street, changes, words):
    with pytest.raises(NetworkError, match=words):
        costs_of(*street, **changes)


def test_lengths_that_do_not_fit_the_router_are_refused(street):
    with pytest.raises(NetworkError, match="4 numbers"):
        costs_of(street[0], [1.0, 2.0])


def test_a_table_that_does_not_fit_its_ids_is_refused():
    table = np.zeros((2, 1), np.float32)
    with pytest.raises(NetworkError, match="one row for each cell"):
        Costs(ids("c", 1), ids("s", 1), table, table, table, "walk")


@pytest.mark.parametrize(("minutes", "words"), [([np.nan, 1], "row 0: nan"), ([1, -1], "row 1"), ([1], "2 numbers")])
def test_a_point_with_unfair_ends_is_refused(street, minutes, words):
    with pytest.raises(NetworkError, match=words):
        costs_to_points(
            *street,
            end_nodes=[[1, 2]],
            end_minutes=[minutes],
            end_metres=[[1, 1]],
            point_legs_m=[0],
            point_xy=[[750, 0]],
            point_ids=ids("s", 1),
            cell_ids=ids("c", 1),
            cell_nodes=[0],
            cell_legs_m=[0],
            cell_xy=[[0, 0]],
            leg_kmh=3.0,
            mode="walk",
        )

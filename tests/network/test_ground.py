"""Open ground: the plane, rivers, and roads joined to it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from roads_by_hand import network_of
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from planning.errors import NetworkError
from planning.network.ground import OPEN_GROUND, add_ground, lay_ground, road_km
from planning.network.modes import mode_minutes, mode_usable
from planning.network.terrain import slope_factor, walking_factor
from planning.travel import Router


def _walk_m(network, origin, target):
    """Least metres between the nodes nearest to two places."""
    ends = [int(np.argmin(np.hypot(network.x - x, network.y - y))) for x, y in (origin, target)]
    router = Router(network.tails, network.heads, network.length_m, network.n_nodes)
    return float(router.matrix(ends[:1], ends[1:])[0, 0])


def test_steps_equal_scipy_on_the_same_grid():
    ground = lay_ground(shapely.box(0, 0, 1500, 1000), spacing_m=100)
    n = len(ground.x)
    assert n == 16 * 11
    run = np.hypot(ground.x[ground.heads] - ground.x[ground.tails], ground.y[ground.heads] - ground.y[ground.tails])
    height = 300 * np.sin(ground.x / 400) * np.cos(ground.y / 300)
    both = (np.concatenate([ground.tails, ground.heads]), np.concatenate([ground.heads, ground.tails]))
    rise = height[both[1]] - height[both[0]]
    cost = np.round(np.tile(run, 2) * slope_factor(rise / np.tile(run, 2)))
    found = Router(*both, cost, n).matrix(np.arange(n), np.arange(n))
    expected = dijkstra(sparse.csr_array((cost, both), shape=(n, n)))
    np.testing.assert_array_equal(found, expected)


def test_the_hybrid_surface_equals_scipy_with_slopes_to_the_last_bit():
    """Roads, ground and hills: every way in both directions, in whole milliseconds so that sums are exact."""
    ground = lay_ground(
        shapely.box(0, 0, 1500, 1200), spacing_m=100, barriers=[shapely.LineString([(700, -1), (700, 900)])]
    )
    network = add_ground(network_of([(30, 40), (800, 430), (1400, 1100)]), ground, usable=np.ones(4, dtype=bool))
    factor = walking_factor(network, lambda xy: 200 * np.sin(xy[:, 0] / 300) * np.cos(xy[:, 1] / 250))
    assert factor.min() > 0.8
    cost = np.round(mode_minutes(network, "walk") * factor * 6e4)
    n = network.n_nodes
    cheapest = sparse.coo_array((cost, (network.tails, network.heads)), shape=(n, n)).tocsr()
    assert cheapest.nnz == network.n_arcs  # no parallel arcs, which scipy would add up
    expected = dijkstra(cheapest)
    assert (expected != expected.T).any()
    router = Router(network.tails, network.heads, cost, n)
    facilities = np.arange(0, n, 40)
    near, which = router.nearest(facilities, np.arange(n))
    np.testing.assert_array_equal(near[:, 0], expected[:, facilities].min(axis=1).astype(np.float32))
    np.testing.assert_array_equal(near[:, 0], expected[np.arange(n), facilities[which[:, 0]]].astype(np.float32))
    np.testing.assert_array_equal(router.matrix(np.arange(n), facilities), expected[:, facilities].astype(np.float32))


def test_an_open_plane_is_hardly_longer_than_the_straight_line():
    ground = lay_ground(shapely.box(0, 0, 6000, 6000), spacing_m=100)
    centre = int(np.argmin(np.hypot(ground.x - 3000, ground.y - 3000)))
    run = np.hypot(ground.x[ground.heads] - ground.x[ground.tails], ground.y[ground.heads] - ground.y[ground.tails])
    router = Router(
        np.append(ground.tails, ground.heads), np.append(ground.heads, ground.tails), np.tile(run, 2), len(ground.x)
    )
    walked = router.matrix([centre], np.arange(len(ground.x)))[0]
    straight = np.hypot(ground.x - 3000, ground.y - 3000)
    ratio = walked[straight > 0] / straight[straight > 0]
    assert ratio.min() >= 1 - 1e-6
    assert ratio.max() <= 1.028
    assert ratio.mean() <= 1.015


def test_a_river_is_crossed_on_its_bridge_only():
    river = shapely.LineString([(1000, -100), (1000, 2100)])
    ground = lay_ground(shapely.box(0, 0, 2000, 2000), spacing_m=90, barriers=[river])
    road = [(0, 1900), (900, 1900)]
    without = add_ground(network_of(road), ground, usable=np.ones(2, dtype=bool))
    assert _walk_m(without, (100, 100), (1900, 100)) == np.inf
    network = network_of(road, [(900, 1900), (1100, 1900)], [(1100, 1900), (1500, 1900)], bridge=[False, True, False])
    joined = add_ground(network, ground, usable=np.ones(network.n_arcs, dtype=bool))
    assert 3600 + 1800 > _walk_m(joined, (100, 100), (1900, 100)) > 2 * np.hypot(800, 1800)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), min_size=2, max_size=6), st.sampled_from([8, 16]))
def test_no_step_touches_a_drawn_river(points, neighbours):
    river = shapely.LineString(points)
    ground = lay_ground(shapely.box(0, 0, 1000, 1000), spacing_m=130, barriers=[river], neighbours=neighbours)
    for a, b in zip(ground.tails, ground.heads, strict=True):
        assert not river.intersects(shapely.LineString([(ground.x[a], ground.y[a]), (ground.x[b], ground.y[b])]))


def test_a_lake_with_many_corners_and_a_cliff_are_walked_round():
    lake = shapely.Point(1000, 1000).buffer(600, quad_segs=400)
    ground = lay_ground(shapely.box(0, 0, 2000, 2000), spacing_m=100, barriers=[lake])
    assert not shapely.intersects_xy(lake, ground.x, ground.y).any()
    network = add_ground(network_of([(0, 0), (50, 0)]), ground, usable=np.ones(2, dtype=bool))
    assert _walk_m(network, (200, 1000), (1800, 1000)) > 1.2 * 1600
    cliff = lay_ground(
        shapely.box(0, 0, 500, 300), spacing_m=100, elevation=lambda xy: np.where(xy[:, 0] > 250, 300.0, 0.0)
    )
    above, below = cliff.x > 250, cliff.x <= 250
    assert not (above[cliff.tails] & below[cliff.heads]).any()
    assert not (below[cliff.tails] & above[cliff.heads]).any()


def test_a_long_road_may_be_left_anywhere_and_ground_is_for_walkers():
    ground = lay_ground(shapely.box(0, -500, 3000, 500), spacing_m=100)
    network = network_of([(0, 30), (3000, 30)])
    joined = add_ground(network, ground, usable=mode_usable(network, "walk"))
    assert joined.length_m.sum() > network.length_m.sum()
    on_roads = joined.way < len(network.ways)
    assert joined.length_m[on_roads].sum() == pytest.approx(network.length_m.sum())
    assert road_km(joined) == pytest.approx(3)
    assert joined.ways["highway"].iloc[-1] == OPEN_GROUND
    off = joined.way == len(network.ways)
    assert np.isinf(mode_minutes(joined, "drive")[off]).all()
    assert np.isinf(mode_minutes(joined, "bike")[off]).all()
    # 30 m up to the road, 1,400 m along it, 430 m down again: not by way of the road's ends
    assert _walk_m(joined, (0, 0), (1400, -400)) < 1500


def test_faults_and_emptiness():
    with pytest.raises(NetworkError, match="A spacing of"):
        lay_ground(shapely.box(0, 0, 1e6, 1e6), spacing_m=10)
    with pytest.raises(NetworkError, match="8 or 16"):
        lay_ground(shapely.box(0, 0, 1, 1), spacing_m=1, neighbours=4)
    one = lay_ground(shapely.box(0, 0, 10, 10), spacing_m=100)
    assert (len(one.x), len(one.tails)) == (1, 0)

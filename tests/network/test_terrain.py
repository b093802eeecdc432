"""Slope: the published table, hills between nodes, bridges, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roads_by_hand import network_of

from planning.network.ground import OPEN_GROUND
from planning.network.modes import mode_minutes
from planning.network.terrain import OFF_PATH, node_heights, slope_factor, tobler_kmh, walking_factor
from planning.travel import Router


def test_tobler_is_the_published_table():
    np.testing.assert_allclose(tobler_kmh([-0.1, -0.05, 0, 0.1, 0.2]), [5.04, 6.0, 5.04, 3.55, 2.50], atol=0.005)


@given(st.lists(st.floats(-1.5, 1.5), min_size=1, max_size=8), st.lists(st.floats(-1.5, 1.5), min_size=1, max_size=8))
def test_there_and_back_is_never_quicker_than_on_the_flat(there, back):
    # two ways between the same ends: the way back must come down by what the way there climbed
    back = [*back, -sum(there) - sum(back)]
    assert slope_factor(there).sum() + slope_factor(back).sum() >= len(there) + len(back) - 1e-9


def test_an_even_slope_by_hand():
    network = network_of([(0, 0), (50, 0)])
    up, down = walking_factor(network, lambda xy: 0.1 * xy[:, 0])
    assert up == pytest.approx(tobler_kmh(0) / tobler_kmh(0.1))
    assert down == pytest.approx(tobler_kmh(0) / tobler_kmh(-0.1))
    assert up > 1.4 > 1.0 == pytest.approx(down)


def test_a_hill_between_two_nodes_counts():
    network = network_of([(0, 0), (1200, 0)])
    up, down = walking_factor(network, lambda xy: 120 - np.abs(600 - xy[:, 0]) / 5)
    by_hand = (tobler_kmh(0) / tobler_kmh(0.2) + tobler_kmh(0) / tobler_kmh(-0.2)) / 2
    assert up == pytest.approx(by_hand, abs=1e-9)
    assert down == pytest.approx(by_hand, abs=1e-9)


def test_bridges_and_tunnels_go_straight_from_end_to_end():
    points = [(0, 0), (100, 0), (200, 0), (400, 0), (500, 0)]
    network = network_of(points[:2], points[1:4], points[3:], bridge=[False, True, False])

    def valley(xy):
        return np.select([xy[:, 0] <= 100, xy[:, 0] >= 400], [100.0, 130.0], -50.0)

    assert node_heights(network, valley).tolist() == pytest.approx([100, 100, 110, 130, 130])
    factor = walking_factor(network, valley)
    assert factor[2:6:2].tolist() == pytest.approx([float(slope_factor(0.1))] * 2)
    # a bridge that leads nowhere, and heights that are not known: level
    alone = network_of([(0, 0), (100, 0)], bridge=[True])
    assert walking_factor(alone, valley).tolist() == [1, 1]
    assert np.isnan(node_heights(alone, valley)).all()
    assert walking_factor(network, lambda xy: np.full(len(xy), np.nan)).tolist() == [1.0] * network.n_arcs


def test_open_ground_is_slower_and_without_heights_nothing_else():
    network = network_of([(0, 0), (50, 0)], [(50, 0), (100, 0)], highway=["path", OPEN_GROUND])
    assert walking_factor(network, None).tolist() == [1, 1, 1 / OFF_PATH, 1 / OFF_PATH]


def test_an_edge_of_no_length_and_a_network_of_none():
    network = network_of([(0, 0), (0.0, 1e-12), (10, 0)])
    assert np.isfinite(walking_factor(network, lambda xy: xy[:, 0])).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_there_and_back_through_any_hills_is_never_quicker_than_on_the_flat(seed):
    rng = np.random.default_rng(seed)
    points = [tuple(point) for point in rng.uniform(0, 900, (9, 2))]
    lines = [[points[i] for i in rng.choice(9, 4, replace=False)] for _ in range(5)]
    network = network_of(*lines, bridge=rng.random(5) < 0.3, tunnel=rng.random(5) < 0.2)
    waves = rng.uniform(-200, 200, 4)

    def hills(xy):
        x, y = xy.T / 150
        return waves @ np.array([np.sin(x), np.cos(y), np.sin(x + y), np.cos(2 * x - y)])

    level = mode_minutes(network, "walk")
    nodes = np.arange(network.n_nodes)
    router = Router(network.tails, network.heads, level, network.n_nodes)
    flat = router.matrix(nodes, nodes).astype(float)
    steep = router.with_costs(level * walking_factor(network, hills)).matrix(nodes, nodes).astype(float)
    reached = np.isfinite(flat)
    assert (np.isfinite(steep) == reached).all()
    assert ((steep + steep.T)[reached] >= (flat + flat.T)[reached] * (1 - 1e-6)).all()

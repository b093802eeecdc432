"""Isochrones by hand, against single points of the road, nested, and at their edges."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from planning.access.isochrones import isochrones


def test_a_straight_road_is_cut_where_the_limit_falls() -> None:
    land = isochrones([0, 1000], [0, 0], [0, 1], [1, 0], [20.0, 20.0], [0.0, 20.0], [5, 0, 40], width_m=10)
    assert land["cutoff"].tolist() == [0, 5, 40]
    assert land.geometry[0].bounds == pytest.approx((-10, -10, 10, 10))
    assert land.geometry[1].bounds == pytest.approx((-10, -10, 260, 10))
    assert land.geometry[2].bounds == pytest.approx((-10, -10, 1010, 10))


def test_one_way_streets_count_in_the_direction_of_travel() -> None:
    # one-way from node 1 to the school at node 0
    road = ([0, 100], [0, 0], [1], [0], [10.0])
    there = isochrones(*road, [0.0, 10.0], [5], width_m=1)
    back = isochrones(*road, [0.0, np.inf], [5], width_m=1, toward_school=False)
    assert there.geometry[0].bounds[2] == pytest.approx(51)
    assert back.geometry[0].bounds[2] == pytest.approx(1)


def test_matches_single_points_of_a_random_network() -> None:
    random = np.random.default_rng(6)
    xy = random.uniform(0, 1000, (60, 2))
    a, b = random.integers(0, 60, (2, 120))
    tails, heads = np.concatenate((a, b)), np.concatenate((b, a))
    length = np.hypot(*(xy[tails] - xy[heads]).T)
    cost = dijkstra(csr_array((length, (tails, heads)), shape=(60, 60)).minimum(1e9), indices=0)
    width = 15.0
    cutoffs = [200.0, 400.0, 800.0]
    land = isochrones(*xy.T, tails, heads, length, cost, cutoffs, width_m=width, crs=4547)
    at = np.linspace(0, 1, 21)[:, None, None]
    points = (xy[tails] * (1 - at) + xy[heads] * at).reshape(-1, 2)
    reached = np.minimum(cost[tails] + at[..., 0] * length, cost[heads] + (1 - at[..., 0]) * length).ravel()
    within = [shapely.points(points[reached <= cutoff]) for cutoff in cutoffs]
    for shape, inside in zip(land.geometry, within, strict=True):
        assert shapely.covers(shape, inside).all()
        # nothing is drawn farther than the width from a place on the road that is reached; places lie up to 1/20 apart
        near = shapely.union_all(inside).buffer(width + length.max() / 20)
        assert shape.difference(near).area == pytest.approx(0, abs=1e-6)
    for inner, outer in ((0, 1), (1, 2)):
        assert land.geometry[inner].difference(land.geometry[outer]).area < 1e-9
    assert land.is_valid.all()


def test_nothing_in_reach_is_empty() -> None:
    assert isochrones([0], [0], [], [], [], [np.inf], [5]).geometry[0].is_empty
    assert isochrones([0, 9], [0, 0], [0], [1], [np.inf], [0, np.inf], [5], width_m=1).geometry[0].area < 3.2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0], [0], [0], [1], [1.0], [0.0], [5]), "does not exist"),
        (([0], [0], [0], [0], [1.0, 2.0], [0.0], [5]), "fitting lengths"),
        (([0], [0], [0], [0], [-1.0], [0.0], [5]), "0 or more"),
        (([0], [0], [0], [0], [1.0], [np.nan], [5]), "0 or more"),
        (([0], [0], [0], [0], [1.0], [0.0], [-5]), "0 or more"),
    ],
)
def test_bad_input_is_refused_with_words(arguments, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        isochrones(*arguments)


def test_width_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0 m"):
        isochrones([0], [0], [], [], [], [0.0], [5], width_m=0)

"""The what-if against the router's own nearest after every step, by hand, and at the edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_at_random import networks, some_nodes

from planning.errors import NetworkError
from planning.travel import Router, chains


@pytest.fixture(params=[64, 2], ids=["whole chains", "cut chains"], scope="module", autouse=True)
def longest_chain(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "LONGEST_CHAIN", request.param)
        yield


def nearest_of_open(router, nodes, is_open, origins):
    """What a search from scratch finds, by the positions of all facilities that ever were."""
    position = np.flatnonzero(is_open)
    cost, at = router.nearest(np.array(nodes, int)[position], origins)
    which = np.append(position, -1)[at[:, 0]] if len(position) else at[:, 0]
    return cost[:, 0], which


def check_change(change, before, after):
    """A change names exactly the origins whose cost or facility is another than before."""
    changed = np.flatnonzero((before[0] != after[0]) | (before[1] != after[1]))
    np.testing.assert_array_equal(change.origins, changed)
    np.testing.assert_array_equal(change.costs_before, before[0][changed])
    np.testing.assert_array_equal(change.positions_before, before[1][changed])
    np.testing.assert_array_equal(change.costs, after[0][changed])
    np.testing.assert_array_equal(change.positions, after[1][changed])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_state_is_what_a_new_search_finds(data):
    arcs = data.draw(networks())
    router = Router(*arcs.router_args)
    node = st.integers(0, arcs.n_nodes - 1)
    nodes, origins = data.draw(some_nodes(arcs.n_nodes, 4)).tolist(), data.draw(some_nodes(arcs.n_nodes, 12))
    what = router.what_if(nodes, origins)
    is_open = [True] * len(nodes)
    past = []
    now = nearest_of_open(router, nodes, is_open, origins)
    for _ in range(data.draw(st.integers(1, 8))):
        np.testing.assert_array_equal(what.costs, now[0])
        np.testing.assert_array_equal(what.positions, now[1])
        assert what.is_open.tolist() == is_open
        here = [at for at, opened in enumerate(is_open) if opened]
        kind = data.draw(st.sampled_from(["add", "remove", "move", "undo"]))
        if kind == "undo" and past:
            change = what.undo()
            nodes, is_open = past.pop()
            # a facility that was added keeps its position, closed
            nodes, is_open = nodes + what_was_added(what, nodes), is_open + [False] * (len(what.is_open) - len(is_open))
        elif kind in ("remove", "move") and here:
            past.append((nodes.copy(), is_open.copy()))
            position = data.draw(st.sampled_from(here))
            if kind == "remove":
                change = what.remove(position)
                is_open[position] = False
            else:
                nodes[position] = data.draw(node)
                change = what.move(position, nodes[position])
            assert change.position == position
        else:
            past.append((nodes.copy(), is_open.copy()))
            nodes.append(data.draw(node))
            is_open.append(True)
            change = what.add(nodes[-1])
            assert change.position == len(nodes) - 1
        before, now = now, nearest_of_open(router, nodes, is_open, origins)
        check_change(change, before, now)
    np.testing.assert_array_equal(what.costs, now[0])
    np.testing.assert_array_equal(what.positions, now[1])


def what_was_added(what, nodes):
    """Nodes of facilities that were added and taken back: they are closed, any will do."""
    return [0] * (len(what.is_open) - len(nodes))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_decimals_are_as_near_as_a_new_search(data):
    arcs = data.draw(networks(whole=False))
    router = Router(*arcs.router_args)
    nodes, origins = data.draw(some_nodes(arcs.n_nodes, 4)).tolist(), np.arange(arcs.n_nodes)
    what = router.what_if(nodes, origins)
    nodes.append(data.draw(st.integers(0, arcs.n_nodes - 1)))
    what.add(nodes[-1])
    closed = data.draw(st.integers(0, len(nodes) - 1))
    what.remove(closed)
    cost, _ = nearest_of_open(router, nodes, [at != closed for at in range(len(nodes))], origins)
    np.testing.assert_allclose(what.costs, cost, rtol=1e-6)


def road(n):
    at = np.arange(n - 1)
    return Router(np.r_[at, at + 1], np.r_[at + 1, at], np.ones(2 * n - 2), n)


def test_a_road_by_hand():
    what = road(10).what_if([0], range(10))
    assert what.costs.tolist() == list(range(10))
    change = what.add(9)
    assert change.position == 1
    assert change.origins.tolist() == [5, 6, 7, 8, 9]  # 4 is nearer to the first
    assert change.costs.tolist() == [4, 3, 2, 1, 0]
    assert change.costs_before.tolist() == [5, 6, 7, 8, 9]
    change = what.move(1, 4)
    assert what.costs.tolist() == [0, 1, 2, 1, 0, 1, 2, 3, 4, 5]
    assert what.positions.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]
    assert change.origins.tolist() == [3, 4, 5, 6, 7, 8, 9]
    change = what.remove(0)
    assert change.origins.tolist() == [0, 1, 2]
    assert change.positions.tolist() == [1, 1, 1]
    assert what.is_open.tolist() == [False, True]
    change = what.remove(1)
    assert np.isinf(change.costs).all()
    assert what.positions.tolist() == [-1] * 10
    for _ in range(4):
        what.undo()
    assert what.costs.tolist() == list(range(10))
    with pytest.raises(NetworkError, match="no change"):
        what.undo()


def test_one_ways_count_towards_the_facility():
    what = Router([0, 1, 2], [1, 2, 0], [1, 1, 1], 3).what_if([], [0, 1, 2])
    assert what.positions.tolist() == [-1, -1, -1]
    assert what.add(0).costs.tolist() == [0, 2, 1]
    assert what.add(2).origins.tolist() == [1, 2]


def test_a_move_that_changes_nobody_and_a_move_to_the_same_place():
    what = road(5).what_if([2, 2], range(5))
    assert len(what.move(1, 2).origins) == 0
    assert len(what.remove(1).origins) == 0
    assert what.undo().position == 1


@pytest.mark.parametrize(("position", "words"), [(0, None), (1, "position 1"), (2, "position 2"), (-1, "position -1")])
def test_only_open_facilities_close_or_move(position, words):
    what = road(4).what_if([0, 1], range(4))
    what.remove(1)
    if words is None:
        what.remove(position)
        return
    for act in (what.remove, lambda at: what.move(at, 0)):
        with pytest.raises(NetworkError, match=words):
            act(position)


def test_nodes_must_be_in_the_network():
    what = road(4).what_if([0], range(4))
    with pytest.raises(NetworkError, match="Node 4"):
        what.add(4)
    with pytest.raises(NetworkError, match="Node 9"):
        what.move(0, 9)
    assert what.costs.tolist() == [0, 1, 2, 3]  # what was refused changed nothing
    assert what.is_open.tolist() == [True]
    assert road(4).what_if([0], []).add(1).origins.tolist() == []

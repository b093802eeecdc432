"""The router against an obvious oracle on small nasty networks, by hand, and at the edge of its promise."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_at_random import floyd, floyd_second, networks, some_nodes

from planning.errors import NetworkError
from planning.travel import Router, chains, dissection, matrices

few = settings(max_examples=80, deadline=None)


@pytest.fixture(params=[65, 2], ids=["whole chains", "cut chains"], scope="module", autouse=True)
def longest_chain(request):
    """Run all with chains as they are, and with chains cut so short that every case has some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "LONGEST_CHAIN", request.param)
        yield


def k_best(costs, k):
    """Sort each row, the lowest position first among equals."""
    costs = np.concatenate((costs, np.full((len(costs), k), np.inf)), axis=1)
    order = np.argsort(costs, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(costs, order, axis=1)
    return best, np.where(np.isinf(best), -1, order)


# --- matrix -----------------------------------------------------------------------------------------------------------


@few
@given(st.data())
def test_matrix_is_exact(data):
    arcs = data.draw(networks())
    sources, targets = data.draw(some_nodes(arcs.n_nodes)), data.draw(some_nodes(arcs.n_nodes))
    limit = data.draw(st.sampled_from([None, 0, 1, 3, 4.5, np.inf]))
    best = floyd(*arcs.router_args)[np.ix_(sources, targets)]
    expected = best if limit is None else np.where(best <= limit, best, np.inf)
    matrix = Router(*arcs.router_args).matrix(sources, targets, limit=limit)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, expected)


@few
@given(st.data())
def test_matrix_of_decimals_is_near_and_keeps_its_own_limit(data):
    arcs = data.draw(networks(whole=False))
    every = np.arange(arcs.n_nodes)
    router = Router(*arcs.router_args)
    matrix = router.matrix(every, every)
    np.testing.assert_allclose(matrix, floyd(*arcs.router_args), rtol=1e-6, atol=0)
    limit = float(data.draw(st.sampled_from(np.unique(matrix[np.isfinite(matrix)]).tolist())))
    np.testing.assert_array_equal(router.matrix(every, every[:2], limit)[:, 0] <= limit, matrix[:, 0] <= limit)
    np.testing.assert_array_equal(router.matrix(every, every, limit), np.where(matrix <= limit, matrix, np.inf))


@few
@given(st.data())
def test_second_cost_along_the_cheapest_path(data):
    arcs = data.draw(networks())
    sources, targets = data.draw(some_nodes(arcs.n_nodes)), data.draw(some_nodes(arcs.n_nodes))
    costs, second = Router(*arcs.router_args).matrix(sources, targets, also=arcs.second)
    pairs = np.ix_(sources, targets)
    np.testing.assert_array_equal(costs, floyd(*arcs.router_args)[pairs])
    np.testing.assert_array_equal(second, floyd_second(arcs)[pairs])


@few
@given(st.data())
def test_two_more_sums_are_those_of_one_and_the_same_path(data):
    arcs = data.draw(networks())
    sources, targets = data.draw(some_nodes(arcs.n_nodes)), data.draw(some_nodes(arcs.n_nodes))
    numbers = st.lists(st.integers(0, 5), min_size=len(arcs.tails), max_size=len(arcs.tails))
    third = np.array(data.draw(numbers), float)
    found = Router(*arcs.router_args).three_matrices(sources, targets, arcs.second, third)
    # at most 13 arcs a path: each sum stays below 2^10
    first, second = floyd(*arcs.router_args), floyd_second(arcs)
    every = floyd(arcs.tails, arcs.heads, arcs.costs * 2.0**20 + arcs.second * 2.0**10 + third, arcs.n_nodes)
    reached = np.isfinite(first)
    least = np.where(reached, every, 0) - np.where(reached, first, 0) * 2.0**20 - np.where(reached, second, 0) * 2.0**10
    for matrix, expected in zip(found, (first, second, np.where(reached, least, np.inf)), strict=True):
        np.testing.assert_array_equal(matrix, expected[np.ix_(sources, targets)])


@few
@given(st.data())
def test_a_dense_network_is_searched_before_and_after_it_is_pruned(data):
    arcs = data.draw(networks())
    every = np.arange(arcs.n_nodes)
    facilities = data.draw(some_nodes(arcs.n_nodes))
    sparse = Router(*arcs.router_args)
    expected = [*sparse.nearest(facilities, every), *sparse.nearest(facilities, every, k=3), sparse.to_target(0)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planning.travel.router._DENSE", -1)
        dense = Router(*arcs.router_args)
    assert not dense._is_pruned
    for _ in range(2):
        found = [*dense.nearest(facilities, every), *dense.nearest(facilities, every, k=3), dense.to_target(0)]
        for here, there in zip(found, expected, strict=True):
            np.testing.assert_array_equal(here, there)
        dense.matrix(every, every, also=arcs.second)
    assert dense._is_pruned


def test_what_is_summed_beside_is_kept_for_the_same_arcs_only():
    router = Router([0, 1], [1, 2], [1, 1], 3)
    once = router.matrix([0], [2], also=[3, 4])[1][0, 0]
    assert (once, router.matrix([0], [2], also=[3, 4])[1][0, 0], router.matrix([0], [2], also=[3, 5])[1][0, 0]) == (
        7,
        7,
        8,
    )
    assert router.matrix([0], [2], also=[np.inf, 4])[1][0, 0] == np.inf


@few
@given(st.data())
def test_answers_do_not_depend_on_the_order_of_arcs(data):
    arcs = data.draw(networks())
    order = np.array(data.draw(st.permutations(range(len(arcs.tails)))), int)
    every = np.arange(arcs.n_nodes)
    one = Router(*arcs.router_args)
    other = Router(arcs.tails[order], arcs.heads[order], arcs.costs[order], arcs.n_nodes)
    for here, there in zip(
        one.matrix(every, every, also=arcs.second), other.matrix(every, every, also=arcs.second[order]), strict=True
    ):
        np.testing.assert_array_equal(here, there)


@few
@given(st.data())
def test_other_costs_equal_a_new_router(data):
    arcs = data.draw(networks())
    costs = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(arcs.tails), max_size=len(arcs.tails))), int)
    every = np.arange(arcs.n_nodes)
    router = Router(*arcs.router_args)
    before = router.matrix(every, every)
    other = router.with_costs(costs)
    new = Router(arcs.tails, arcs.heads, costs, arcs.n_nodes)
    np.testing.assert_array_equal(other.matrix(every, every), new.matrix(every, every))
    np.testing.assert_array_equal(router.matrix(every, every), before)


def grid_of(n):
    """A grid of n by n, dearer one way than back."""
    at = np.arange(n * n).reshape(n, n)
    tails, heads = np.r_[at[:, :-1].ravel(), at[:-1].ravel()], np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    costs = np.arange(len(tails)) % 7
    return np.r_[tails, heads], np.r_[heads, tails], np.r_[costs, costs + 1], n * n


def test_batches_threads_blocks_and_buffers_give_the_same(monkeypatch):
    # 196 roots are two vectors, or seven batches of neighbours, the last not full
    monkeypatch.setattr(matrices, "_BLOCK_ROWS", 12)
    args = grid_of(14)
    every = np.arange(196)
    best = floyd(*args)
    seen = []
    for threads in (1, 2, 3):
        router = Router(*args, threads=threads)
        np.testing.assert_array_equal(router.matrix(every, every), best)
        np.testing.assert_array_equal(router.matrix(every, every, 1e9, progress=lambda *done: seen.append(done)), best)
        np.testing.assert_array_equal(router.matrix(every, every[::-1], 9), np.where(best <= 9, best, np.inf)[:, ::-1])
        costs, second = router.matrix(every, every, also=args[2])
        np.testing.assert_array_equal(costs, best)
        np.testing.assert_array_equal(second, best)
    assert seen == [(done, 196) for done in (32, 64, 96, 128, 160, 192, 196)] * 3
    for sources, targets in ((every, every[:70]), (every[:70], every), (np.r_[every[:3], every[:3]], every)):
        for order in "CF":
            for limit in (None, 9):
                wanted = best[np.ix_(sources, targets)]
                wanted = wanted if limit is None else np.where(wanted <= limit, wanted, np.inf)
                out = np.full(wanted.shape, 7, np.float32, order=order)
                found = router.matrix(sources, targets, limit, out=out)
                np.testing.assert_array_equal(out, wanted)
                np.testing.assert_array_equal(found, wanted)
        for budget in (1e-9, 4e-6 * 70 * 2.5, 1):
            rows, blocks = zip(*router.matrix_blocks(sources, targets, budget_mb=budget), strict=True)
            assert [at.start for at in rows] == [0, *(at.stop for at in rows[:-1])]
            assert all(block.nbytes <= max(budget * 1e6, 4 * len(targets)) for block in blocks)
            np.testing.assert_array_equal(np.concatenate(blocks), best[np.ix_(sources, targets)])


@pytest.mark.parametrize("limit", [None, 12])
def test_a_matrix_in_a_file(tmp_path, limit):
    args = grid_of(10)
    every = np.arange(100)
    best = floyd(*args)
    best = best if limit is None else np.where(best <= limit, best, np.inf)
    file = np.lib.format.open_memmap(tmp_path / "costs.npy", mode="w+", dtype=np.float32, shape=(100, 70))
    Router(*args).matrix(every, every[:70], limit, out=file)
    file.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "costs.npy"), best[:, :70])


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (np.zeros((2, 3), np.float32), r"shape \(2, 2\)"),
        (np.zeros((2, 2)), "float64"),
        ([[0.0, 0.0], [0.0, 0.0]], "not into list"),
    ],
)
def test_arrays_that_cannot_be_filled(out, words):
    with pytest.raises(NetworkError, match=words):
        Router([0], [1], [1], 2).matrix([0, 1], [0, 1], out=out)


def test_two_costs_do_not_fit_one_array_and_blocks_need_room():
    router = Router([0], [1], [1], 2)
    with pytest.raises(NetworkError, match="also"):
        router.matrix([0, 1], [0, 1], also=[1], out=np.zeros((2, 2), np.float32))
    for budget in (0, -1, np.nan):
        with pytest.raises(NetworkError, match="above 0 MB"):
            list(router.matrix_blocks([0], [1], budget_mb=budget))
    ((rows, block),) = router.matrix_blocks([0], [1], budget_mb=np.inf)
    assert (rows, block.tolist()) == (slice(0, 1), [[1]])


def test_a_long_road_by_hand():
    # 0-1-…-199 uphill at 3, downhill at 2; node 200 alone
    at = np.arange(199)
    router = Router(np.r_[at, at + 1], np.r_[at + 1, at], np.r_[np.full(199, 3), np.full(199, 2)], 201)
    assert router.matrix([150, 20, 200], [20, 150, 200]).tolist() == [
        [260, 0, np.inf],
        [0, 390, np.inf],
        [np.inf, np.inf, 0],
    ]
    assert router.path(3, 1).nodes.tolist() == [3, 2, 1]
    assert router.path(3, 1).arcs.tolist() == [199 + 2, 199 + 1]
    assert router.to_target(0)[[0, 1, 199, 200]].tolist() == [0, 2, 398, np.inf]


def test_whole_numbers_below_two_to_the_24_are_exact():
    big = 2**23 - 1
    router = Router([0, 1, 2], [1, 2, 3], [big, big, 1], 4)
    assert router.matrix([0], [2, 3]).tolist() == [[2**24 - 2, 2**24 - 1]]
    assert router.matrix([0], [3], limit=2**24 - 2).tolist() == [[np.inf]]
    assert router.matrix([0], [3], limit=np.nextafter(2**24 - 1, 0)).tolist() == [[np.inf]]


@pytest.mark.parametrize(("n_sources", "n_targets"), [(0, 0), (0, 3), (3, 0)])
def test_nobody_or_nowhere(n_sources, n_targets):
    router = Router([0, 1], [1, 2], [1, 1], 3)
    costs, second = router.matrix(range(n_sources), range(n_targets), also=[1, 1])
    assert costs.shape == second.shape == (n_sources, n_targets)
    cost, position = router.nearest(range(n_targets), range(n_sources), k=2)
    assert cost.shape == position.shape == (n_sources, 2)
    assert np.isinf(cost).all()
    assert (position == -1).all()


def test_networks_of_nothing():
    assert Router([], [], [], 0).matrix([], []).shape == (0, 0)
    assert Router([], [], [], 2).matrix([0, 1], [0, 1]).tolist() == [[0, np.inf], [np.inf, 0]]
    assert Router([], [], [], 2).arc_flows([0], [1], [5]).shape == (0,)


def test_costs_beyond_float32_are_out_of_reach_without_a_warning():
    assert np.isinf(Router([0, 1], [1, 2], [1e39, 1e39], 3).matrix([0], [2], limit=1e40)).all()


# --- nearest ----------------------------------------------------------------------------------------------------------


@few
@given(st.data())
def test_nearest_is_exact_and_the_lowest_wins_a_tie(data):
    arcs = data.draw(networks())
    facilities, origins = data.draw(some_nodes(arcs.n_nodes)), data.draw(some_nodes(arcs.n_nodes))
    limit = data.draw(st.sampled_from([None, 0, 2, 5]))
    costs = floyd(*arcs.router_args)[np.ix_(origins, facilities)]
    costs = costs if limit is None else np.where(costs <= limit, costs, np.inf)
    router = Router(*arcs.router_args)
    for k in (1, 2, 4):
        expected_cost, expected_position = k_best(costs, k)
        cost, position = router.nearest(facilities, origins, k=k, limit=limit)
        assert cost.dtype == np.float32
        np.testing.assert_array_equal(cost, expected_cost)
        np.testing.assert_array_equal(position, expected_position)


def test_nearest_goes_from_origin_to_facility():
    # a one-way ring 0 > 1 > 2 > 0
    router = Router([0, 1, 2], [1, 2, 0], [1, 1, 1], 3)
    cost, position = router.nearest([1, 0], [2, 0])
    assert cost[:, 0].tolist() == [1, 0]
    assert position[:, 0].tolist() == [1, 1]


@pytest.mark.parametrize("facilities", [[0, 4], [4, 0], [1, 3], [3, 1], [0, 3, 1, 4], [3, 4, 0, 1]])
def test_the_lowest_wins_between_the_two_ways_out_of_a_chain(facilities):
    # 0-1-2-3-4 with the origin in the middle; the last step costs nothing on either side
    router = Router([2, 1, 2, 3], [1, 0, 3, 4], [1, 0, 1, 0], 5)
    for k in (1, 2):
        cost, position = router.nearest(facilities, [2, 2], k=k)
        assert cost.tolist() == [[1] * k] * 2
        assert position.tolist() == [list(range(k))] * 2


# --- paths and flows --------------------------------------------------------------------------------------------------


@few
@given(st.data())
def test_a_path_is_walkable_and_costs_what_the_matrix_says(data):
    arcs = data.draw(networks())
    best = floyd(*arcs.router_args)
    router = Router(*arcs.router_args)
    for origin, target in zip(data.draw(some_nodes(arcs.n_nodes)), data.draw(some_nodes(arcs.n_nodes)), strict=False):
        nodes, along = router.path(origin, target)
        if np.isinf(best[origin, target]):
            assert len(nodes) == len(along) == 0
            continue
        assert (nodes[0], nodes[-1]) == (origin, target)
        assert list(pairwise(nodes)) == list(zip(arcs.tails[along], arcs.heads[along], strict=True))
        assert arcs.costs[along].sum() == best[origin, target]
        assert len(set(nodes)) == len(nodes)
        again = router.path(origin, target)
        assert again.arcs.tolist() == along.tolist()


@few
@given(st.data())
def test_flows_are_conserved_and_cheapest(data):
    arcs = data.draw(networks())
    n = arcs.n_nodes
    origins = data.draw(some_nodes(n, 8))
    few_targets = data.draw(st.booleans())
    node = st.integers(0, 0 if few_targets else n - 1)
    targets = np.array(data.draw(st.lists(node, min_size=len(origins), max_size=len(origins))), int)
    amounts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(origins), max_size=len(origins))), float)
    best, second = floyd(*arcs.router_args)[origins, targets], floyd_second(arcs)[origins, targets]
    carried = np.isfinite(best)
    router = Router(*arcs.router_args)
    flows, along = router.arc_flows(origins, targets, amounts, also=arcs.second)
    np.testing.assert_array_equal(along, second)
    assert (flows * arcs.second).sum() == (amounts[carried] * second[carried]).sum()
    for flow in (flows, router.arc_flows(origins, targets, amounts)):
        assert flow.dtype == np.float64
        assert (flow >= 0).all()
        assert (flow[np.isinf(arcs.costs)] == 0).all()
        net = np.bincount(arcs.heads.astype(int), flow, n) - np.bincount(arcs.tails.astype(int), flow, n)
        wanted = np.bincount(targets[carried], amounts[carried], n) - np.bincount(origins[carried], amounts[carried], n)
        np.testing.assert_array_equal(net, wanted)
        open_arcs = np.isfinite(arcs.costs)
        assert (flow * np.where(open_arcs, arcs.costs, 0)).sum() == (amounts[carried] * best[carried]).sum()


def test_flows_take_the_cheapest_of_parallel_arcs_and_the_lowest_of_equals():
    flows = Router([0, 0, 0, 1, 1], [1, 1, 1, 2, 1], [2, 1, 1, 3, 0], 3).arc_flows([0, 0], [2, 1], [1.5, 2])
    assert flows.tolist() == [0, 3.5, 0, 1.5, 0]


def test_no_arc_carries_more_than_goes_by_where_arcs_cost_nothing():
    # a dead end of no cost, from the hostile test that found it: nobody walks into it and back
    router = Router([0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2], [0, 0, 1, 1, 1, 1], 4)
    assert router.arc_flows([1], [3], [1.0]).tolist() == [0, 0, 1, 0, 1, 0]
    # a square where nothing costs anything: a path takes the fewest steps
    tails, heads, costs, n = grid_of(14)
    free = Router(tails, heads, 0 * costs, n)
    rng = np.random.default_rng(0)
    for origin, target in rng.integers(0, n, (40, 2)).tolist():
        steps = abs(origin // 14 - target // 14) + abs(origin % 14 - target % 14)
        assert len(free.path(origin, target).arcs) == steps
        assert free.arc_flows([origin], [target], [1.0]).sum() == steps
        assert free.arc_flows([origin], [target], [1.0]).max() <= 1


@few
@given(st.data())
def test_more_arcs_equal_a_new_router(data):
    arcs = data.draw(networks())
    n = arcs.n_nodes + data.draw(st.integers(0, 3))
    tails, heads = data.draw(some_nodes(n)), data.draw(some_nodes(n))
    few_more = min(len(tails), len(heads))
    tails, heads, costs = tails[:few_more], heads[:few_more], np.arange(few_more) % 3
    router = Router(*arcs.router_args)
    every = np.arange(arcs.n_nodes)
    before = router.matrix(every, every)
    more = router.with_arcs(tails, heads, costs, n_nodes=n).with_arcs([], [], [])
    ends = [np.r_[old.astype(int), new] for old, new in ((arcs.tails, tails), (arcs.heads, heads))]
    best = floyd(*ends, np.r_[arcs.costs, costs], n)
    np.testing.assert_array_equal(more.matrix(range(n), range(n)), best)
    np.testing.assert_array_equal(router.matrix(every, every), before)
    assert more.costs.tolist() == [*arcs.costs, *costs]


@pytest.mark.parametrize("k", [2, 5, 9, 40])
def test_more_nearest_than_there_are(k):
    router = Router(*grid_of(5))
    costs = router.matrix(range(25), [3, 20, 3])
    cost, position = router.nearest([3, 20, 3], range(25), k=k)
    wanted, order = k_best(costs, k)
    np.testing.assert_array_equal(cost, wanted)
    np.testing.assert_array_equal(position, order)


@pytest.mark.parametrize("kept", [1.0, 0.8, 0.6])
def test_an_order_without_metis_gives_the_same(kept, monkeypatch):
    # large enough to be cut; at 0.6 it is in pieces
    monkeypatch.setattr(dissection, "dissect_by_metis", lambda *_: None)
    tails, heads, costs, n_nodes = grid_of(16)
    keep = np.random.default_rng(4).random(len(tails)) < kept
    router = Router(tails[keep], heads[keep], costs[keep], n_nodes)
    every = np.arange(n_nodes)
    np.testing.assert_array_equal(router.matrix(every, every), floyd(tails[keep], heads[keep], costs[keep], n_nodes))


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tails", "heads", "costs", "n_nodes", "words"),
    [
        ([0], [1], [-1], 2, "0 or more"),
        ([0, 1], [1, 0], [1, np.nan], 2, "row 1: nan"),
        ([0], [2], [1], 2, r"Node 2 \(row 0\) is not in the network"),
        ([-1], [1], [1], 2, "Node -1"),
        ([0, 1], [1], [1, 1], 2, "2 tails but 1 heads"),
        ([0], [1], [1, 1], 2, "1 numbers are needed"),
        ([0.5], [1], [1], 2, "whole numbers"),
        ([[0]], [[1]], [1], 2, "one row"),
        ([], [], [], -1, "0 or more is needed, not -1"),
        ([], [], [], 2.5, "not 2.5"),
        ([0], [1], ["far"], 2, "must be numbers"),
    ],
)
def test_networks_that_are_none(tails, heads, costs, n_nodes, words):
    with pytest.raises(NetworkError, match=words) as refusal:
        Router(tails, heads, costs, n_nodes)
    assert isinstance(refusal.value, ValueError)


def test_questions_that_are_none():
    router = Router([0], [1], [1], 2)
    for ask in (
        lambda: router.matrix([2], [0]),
        lambda: router.matrix([0], [-1]),
        lambda: router.matrix([0], [0], limit=-1),
        lambda: router.matrix([0], [0], limit=np.nan),
        lambda: router.matrix([0], [0], also=[-1]),
        lambda: router.matrix([0], [0], also=[1, 1]),
        lambda: router.nearest([0], [0], k=0),
        lambda: router.nearest([5], [0]),
        lambda: router.nearest([5], []),
        lambda: router.path(0, 2),
        lambda: router.to_target(2),
        lambda: router.with_costs([np.nan]),
        lambda: router.with_costs([1, 2]),
        lambda: router.arc_flows([0], [1], [-1]),
        lambda: router.arc_flows([0], [1], [np.inf]),
        lambda: router.arc_flows([0], [1, 1], [1]),
        lambda: router.arc_flows([0], [1], [1, 2]),
    ):
        with pytest.raises(ValueError, match=r"."):
            ask()


def test_arguments_are_neither_kept_nor_changed():
    tails, heads, costs = np.array([0, 1]), np.array([1, 2]), np.array([1.0, 2.0])
    router = Router(tails, heads, costs, 3)
    costs[:] = 9
    tails[:] = 2
    assert router.matrix([0], [2]).tolist() == [[3]]
    with pytest.raises(ValueError, match="read-only"):
        router.costs[0] = 5


def test_importing_the_package_costs_nothing():
    code = "import sys, planning; sys.exit(any(name in sys.modules for name in ('scipy', 'numba', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

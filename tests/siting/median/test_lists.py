"""Lists, greedy and swaps against slow and obvious ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from planning.siting.checks import Reach, check_reach
from planning.siting.clock import Clock
from planning.siting.median.lists import build_lists, nearest_cost, nearest_site
from planning.siting.median.swap import build_greedily, improve_by_swaps, with_finite_fallback

INF = np.inf
NONE = np.zeros(0, dtype=np.int64)


def random_costs(seed, n_cells=60, n_sites=25, levels=30):
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, levels, (n_cells, n_sites)).astype(float)
    costs[rng.random(costs.shape) < 0.3] = INF
    costs[:, 0] = levels  # somebody reaches everybody
    return costs, rng.integers(1, 9, n_cells).astype(float)


def forms(costs):
    row, site = np.nonzero(np.isfinite(costs))
    yield check_reach(costs)
    yield check_reach(np.asfortranarray(costs.astype(np.float32)))
    yield check_reach(sparse.csr_array((costs[row, site], (row, site)), shape=costs.shape))
    yield Reach(row, site, costs[row, site], *costs.shape)


def test_a_list_ends_at_the_nearest_school():
    costs = np.array([[5.0, 1.0, 3.0, 4.0], [1.0, 9.0, 9.0, 9.0], [INF, INF, INF, INF], [5.0, 1.0, 3.0, 4.0]])
    lists = build_lists(check_reach(costs), np.array([2.0, 3.0, 7.0, 4.0]), np.array([3]))
    assert lists.start.tolist() == [0, 2, 3]
    assert lists.site.tolist() == [1, 2, 0]  # cheapest first
    assert lists.cost.tolist() == [1.0, 3.0, 1.0]
    assert lists.fallback.tolist() == [4.0, 9.0]
    assert lists.weight.tolist() == [6.0, 3.0]  # the first and the last cell are one
    assert lists.number.tolist() == [0, 1, -1, 0]
    assert lists.row.tolist() == [0, 0, 1]
    assert (lists.value([]), lists.value([1]), lists.value([0, 1])) == (51.0, 33.0, 9.0)


@pytest.mark.parametrize("seed", range(5))
def test_every_form_of_a_matrix_gives_the_same_lists(seed):
    costs, weight = random_costs(seed)
    fixed = np.array([0, 7])
    known = costs[:, fixed].min(axis=1)
    for reach in forms(costs):
        assert nearest_cost(reach, fixed).tolist() == known.tolist()
        assert nearest_site(reach, fixed)[0].tolist() == fixed[costs[:, fixed].argmin(axis=1)].tolist()
        lists = build_lists(reach, weight, fixed)
        assert lists.site.size == int((costs < known[:, None])[np.unique(lists.number, return_index=True)[1]].sum())
        for sites in ([], [3], [1, 2, 9, 24]):
            assert lists.value(sites) == pytest.approx(weight @ costs[:, [*fixed, *sites]].min(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_a_list_cut_short_is_never_dearer(seed):
    costs, weight = random_costs(seed)
    whole = build_lists(check_reach(costs), weight, NONE)
    short = build_lists(check_reach(costs), weight, NONE, most=4)
    assert np.diff(short.start).max() <= 4
    assert short.cut.all()
    for j in range(25):
        assert short.value([j]) <= whole.value([j])
    every = list(range(25))
    assert short.value(every) == whole.value(every)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("p", [1, 3, 8])
def test_swaps_end_where_no_single_swap_pays(seed, p):
    costs, weight = random_costs(seed, levels=30 if seed % 2 else 4)
    lists = with_finite_fallback(build_lists(check_reach(costs), weight, NONE))
    every, clock = np.arange(25), Clock(60)
    greedy = build_greedily(lists, p, every, clock)
    chosen = improve_by_swaps(lists, greedy, every, clock)
    value = lists.value(chosen)
    assert greedy.size == chosen.size == p
    assert value <= lists.value(greedy)
    for out in chosen:
        for enters in np.setdiff1d(every, chosen):
            assert lists.value([*np.setdiff1d(chosen, [out]), enters]) >= value - 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_greedy_opens_what_saves_most(seed):
    costs, weight = random_costs(seed)
    lists = build_lists(check_reach(costs), weight, np.array([0]))
    chosen: list[int] = []
    for _ in range(4):
        chosen.append(min(range(1, 25), key=lambda j: lists.value([*chosen, j])))
    assert build_greedily(lists, 4, np.arange(1, 25), Clock(60)).tolist() == sorted(chosen)


def test_equal_rows_become_one():
    costs = np.array(
        [[1.0, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 7], [1, 2, 3, 4, 5, 6], [2, 1, 3, 4, 5, 6], [1, 2, 3, 4, INF, INF]]
    )  # the first five pairs of the first two are alike
    lists = build_lists(check_reach(costs), np.array([1.0, 2.0, 4.0, 8.0, 16.0]), NONE)
    assert lists.number.tolist() == [0, 1, 0, 2, 3]
    assert lists.weight.tolist() == [5.0, 2.0, 8.0, 16.0]
    assert lists.start.tolist() == [0, 6, 12, 18, 22]
    fallen = build_lists(check_reach(costs[:, :4]), np.ones(5), NONE, ceiling=9.0)
    assert fallen.number.tolist() == [0, 0, 0, 1, 0]
    assert fallen.weight.tolist() == [4.0, 1.0]


@pytest.mark.parametrize(
    "spread",
    [
        pytest.param(lambda rng, n: rng.integers(0, 5, n), id="few values"),
        pytest.param(lambda rng, n: rng.random(n), id="even"),
        pytest.param(lambda rng, n: np.exp(40 * rng.random(n)), id="skew"),
        pytest.param(lambda rng, n: np.r_[rng.random(n - 1), 1e12], id="all but one in a box"),
        pytest.param(lambda rng, n: 5e-324 * rng.integers(0, 3, n), id="smallest numbers"),
        pytest.param(lambda rng, n: np.full(n, 7.0), id="one value"),
    ],
)
@pytest.mark.parametrize("n", [1, 2, 16, 17, 40, 300])
def test_lists_are_sorted_by_cost_then_column(spread, n):
    rng = np.random.default_rng(n)
    costs = np.array([rng.permutation(spread(rng, n)) for _ in range(7)]).astype(float)
    costs[rng.random(costs.shape) < 0.1] = INF
    lists = build_lists(check_reach(costs), np.arange(1.0, 8.0), NONE)
    short = build_lists(check_reach(costs), np.arange(1.0, 8.0), NONE, most=n // 3)
    for i, row in enumerate(costs):
        order = [j for j in np.argsort(row, kind="stable") if row[j] < INF]
        if not order:
            continue
        a, b = lists.start[lists.number[i] :][:2]
        assert lists.site[a:b].tolist() == order
        assert lists.cost[a:b].tolist() == row[order].tolist()
        a, b = short.start[short.number[i] :][:2]
        if len(order) > n // 3:  # of equal ones all or none are left out
            out = row[order[n // 3]]
            order = [j for j in order if row[j] < out]
            assert short.cut[short.number[i]]
            assert short.fallback[short.number[i]] == out
        assert short.site[a:b].tolist() == order


@pytest.mark.parametrize("seed", range(5))
def test_settled_lists_price_every_choice_that_is_left_as_before(seed):
    rng = np.random.default_rng(seed)
    costs, weight = random_costs(seed, levels=6)
    lists = build_lists(check_reach(costs), weight, NONE, most=12 if seed % 2 else None)
    state = rng.integers(0, 4, 25)  # 0 open, 1 shut
    rest = lists.settled(state == 0, state == 1)
    assert rest.site.size < lists.site.size
    assert not (state[rest.site] <= 1).any()
    assert (rest.number.max() + 1, rest.start.size) == (rest.n_rows, rest.n_rows + 1)
    for _ in range(5):
        more = (state > 1) & (rng.random(25) < 0.3)
        assert rest.paid(more) == lists.paid(more | (state == 0))
        served = lists.best_two(more | (state == 0))[1] >= 0
        inside = rest.number >= 0
        again = rest.best_two(more)[1] >= 0
        assert (served[inside] >= again[rest.number[inside]]).all()
        assert not (lists.cut & ~served)[~inside].any()  # a row that could still be short of pairs stays

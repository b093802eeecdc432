"""Lists, greedy and swaps against slow and obvious ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from planning.siting.checks import Reach, check_reach
from planning.siting.clock import Clock
from planning.siting.median.lists import build_lists, merge_rows, nearest_cost, nearest_site
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


def test_equal_rows_have_one_number():
    row = np.array([0, 0, 1, 2, 2, 4])
    site = np.array([1, 2, 1, 1, 2, 1])
    extra = np.array([0.5, 0.5, 0.5, 0.5, 0.25])
    assert merge_rows(row, [site], [], 5).tolist() == [0, 1, 0, 3, 1]
    assert merge_rows(row, [site], [extra], 5).tolist() == [0, 1, 0, 3, 4]

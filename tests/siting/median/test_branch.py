"""Branch and bound by itself: what it finds, proves, and does not do twice."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from siting_oracles import median_by_hand

from planning.siting.checks import check_reach
from planning.siting.clock import Clock
from planning.siting.median import branch
from planning.siting.median.branch import prove_by_branching
from planning.siting.median.lagrange import Ascent
from planning.siting.median.lists import build_lists
from planning.siting.median.swap import Choice, finite_for

NONE = np.zeros(0, dtype=np.int64)


def random_question(seed, p, n_cells=40, n_sites=12):
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, 40, (n_cells, n_sites)).astype(float)
    weight = rng.integers(1, 9, n_cells).astype(float)
    lists = build_lists(check_reach(costs), weight, NONE)
    return costs, weight, lists, Choice.of_candidates(np.arange(n_sites), p, n_sites)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("p", [1, 3, 6])
def test_finds_and_proves_the_best_of_all_subsets_from_nothing(seed, p):
    costs, weight, lists, choice = random_question(seed, p)
    known = median_by_hand(costs, weight, p)
    sites, value, bound = prove_by_branching(
        lists, choice, (NONE, np.inf), np.zeros(40), clock=Clock(60), lower=0.0, margin=0.5
    )
    assert value == lists.value(sites) == known
    assert known - 0.5 <= bound <= known


def test_what_a_node_comes_upon_is_improved_by_swaps_once(monkeypatch):
    _, _, lists, choice = random_question(1, 4)
    seen = []

    def shift(finite, sites, choice, clock):
        seen.append(sites.tolist())
        return sites + 1

    monkeypatch.setattr(branch, "improve_choice", shift)
    search = branch._Search(lists, choice, NONE, np.inf, 0.0, finite_for(lists, choice), 15)
    for sites in ([0, 1, 2, 3], [3, 2, 1, 0], [0, 1, 2, 4]):
        search.improve(np.array(sites), Clock(60))
    assert seen == [[0, 1, 2, 3], [0, 1, 2, 4]]
    assert search.value == min(lists.value([1, 2, 3, 4]), lists.value([1, 2, 3, 5])) == lists.value(search.sites)


@pytest.mark.parametrize("p", [2, 4])
def test_a_site_is_settled_only_where_every_good_choice_agrees(p):
    settled = 0
    for seed in range(8):
        _, _, lists, choice = random_question(seed, p)
        values = {chosen: lists.value(chosen) for chosen in combinations(range(12), p)}
        best = min(values.values())
        ascent = Ascent(lists, choice, lists.best_two(np.ones(12, dtype=bool))[2])
        ascent.run(200, target=best, stop_at=best)
        for below in (best, 1.02 * best):
            shut, opened = ascent.settle(below)
            settled += int((shut | opened).sum())
            for chosen in (chosen for chosen, value in values.items() if value <= below):
                assert not shut[list(chosen)].any()
                assert set(np.flatnonzero(opened)) <= set(chosen)
    assert settled > 20

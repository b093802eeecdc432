"""The p-median against hand-worked cases, all subsets, OR-Library's known optima and spopt."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import shortest_path
from siting_oracles import median_by_hand, median_by_highs

from planning import siting
from planning.errors import PlanningError
from planning.siting.checks import check_reach
from planning.siting.clock import Clock
from planning.siting.median import stages
from planning.siting.median.lists import build_lists
from planning.siting.median.solve import solve_median

INF = np.inf
NONE = np.zeros(0, dtype=np.int64)


def recomputed(proposal, costs):
    return float((proposal.allocation.flows.toarray() * np.where(np.isfinite(costs), costs, 0)).sum())


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_cells, n_sites = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    costs = rng.integers(0, 40, (n_cells, n_sites)).astype(float)
    if draw(st.booleans()):
        costs += rng.random(costs.shape)
    costs[rng.random(costs.shape) < draw(st.sampled_from([0.0, 0.25, 0.6]))] = INF
    pupils = rng.integers(0, 6, n_cells)
    n_fixed = draw(st.integers(0, n_sites))
    fixed = rng.choice(n_sites, n_fixed, replace=False).tolist()
    return costs, pupils, draw(st.integers(0, n_sites - n_fixed)), fixed, rng


def test_three_villages_and_one_school():
    costs = np.array([[1.0, 9.0, 5.0], [9.0, 1.0, 5.0], [9.0, 1.0, 5.0]])
    answer = siting.p_median(costs, [10, 10, 10], 1)
    assert (answer.sites, answer.objective, answer.bound, answer.status) == ((1,), 110.0, 110.0, "optimal")
    assert answer.allocation.flows.toarray().tolist() == [[0, 10, 0], [0, 10, 0], [0, 10, 0]]
    with_school = siting.p_median(costs, [10, 10, 10], 1, fixed=[1])
    assert (with_school.sites, with_school.objective, with_school.closed) == ((0,), 30.0, ())


@settings(max_examples=60, deadline=None)
@given(cases())
def test_equals_all_subsets_whatever_the_order(case):
    costs, pupils, p, fixed, rng = case
    known = median_by_hand(costs, pupils, p, fixed)
    answer = siting.p_median(costs, pupils, p, fixed)
    if np.isinf(known):
        assert answer.status == "infeasible"
        assert np.isnan(answer.objective)
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, abs=1e-9)
    assert answer.objective == pytest.approx(recomputed(answer, costs), abs=1e-9)
    assert answer.bound <= answer.objective
    assert len(answer.sites) == p
    assert not set(answer.sites) & set(fixed)
    rows, columns = rng.permutation(costs.shape[0]), rng.permutation(costs.shape[1])
    shuffled = siting.p_median(
        costs[np.ix_(rows, columns)], pupils[rows], p, [int(np.flatnonzero(columns == j)[0]) for j in fixed]
    )
    assert shuffled.objective == pytest.approx(known, abs=1e-9)


def test_sparse_costs_equal_dense_ones_and_a_stored_zero_is_in_reach():
    costs = np.array([[0.0, 3.0, INF], [INF, 2.0, 0.0]])
    row, column = np.nonzero(np.isfinite(costs))
    table = sparse.csr_array((costs[row, column], (row, column)), shape=costs.shape)
    dense, stored = siting.p_median(costs, [4, 5], 2), siting.p_median(table, [4, 5], 2)
    assert dense.sites == stored.sites == (0, 2)
    assert dense.objective == stored.objective == 0.0
    assert stored.allocation.flows.toarray().tolist() == [[4, 0, 0], [0, 0, 5]]


@pytest.mark.shared_data
@pytest.mark.parametrize("number", range(1, 21))
def test_or_library(shared_data, number):
    folder = shared_data / "siting" / "pmed"
    known = dict(line.split(",") for line in (folder / "optima.csv").read_text().split())
    text = (folder / f"pmed{number}.txt").read_text().split()
    n, _, p = (int(word) for word in text[:3])
    graph = np.full((n, n), INF)
    for a, b, length in np.array(text[3:], dtype=int).reshape(-1, 3):
        graph[a - 1, b - 1] = graph[b - 1, a - 1] = length  # of a repeated edge the last counts
    np.fill_diagonal(graph, 0)
    answer = siting.p_median(shortest_path(graph, method="FW"), np.ones(n), p)
    assert (answer.objective, answer.bound, answer.status) == (float(known[f"pmed{number}"]),) * 2 + ("optimal",)


def test_equals_spopt():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pulp
        from spopt.locate import PMedian

        rng = np.random.default_rng(4)
        costs = rng.integers(1, 100, (25, 10)).astype(float)
        pupils = rng.integers(1, 9, 25)
        model = PMedian.from_cost_matrix(costs, pupils, p_facilities=3).solve(pulp.PULP_CBC_CMD(msg=False))
    assert siting.p_median(costs, pupils, 3).objective == pytest.approx(pulp.value(model.problem.objective))


@st.composite
def movable_cases(draw):
    costs, pupils, p, fixed, rng = draw(cases())
    return costs, pupils, p, fixed, [j for j in fixed if rng.random() < 0.5], rng


def moved_by_hand(costs, pupils, p, fixed, closable):
    stay = sorted(set(fixed) - set(closable))
    return median_by_hand(costs, pupils, p + len(closable), stay)


@settings(max_examples=60, deadline=None)
@given(movable_cases())
def test_schools_that_may_move_equal_all_subsets(case):
    costs, pupils, p, fixed, closable, _ = case
    known = moved_by_hand(costs, pupils, p, fixed, closable)
    answer = siting.p_median(costs, pupils, p, fixed, closable=closable)
    if np.isinf(known):
        assert answer.status == "infeasible"
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, abs=1e-9)
    assert set(answer.closed) <= set(closable)
    assert len(answer.sites) == p + len(answer.closed)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_lists_cut_short_change_nothing(case):
    costs, pupils, p, fixed, _ = case
    known = median_by_hand(costs, pupils, p, fixed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "_MANY", 0)
        patch.setattr(stages, "_SHORTEST", 1)
        answer = siting.p_median(costs, pupils, p, fixed)
    assert answer.status == ("infeasible" if np.isinf(known) else "optimal")
    if np.isfinite(known):
        assert answer.objective == pytest.approx(known, abs=1e-9)
        assert answer.bound <= answer.objective


def test_short_lists_that_do_not_reach_a_site_grow():
    """A town of 70 sites and hardly any pupils: all 30 schools stand elsewhere, behind the end of the town's lists."""
    rng = np.random.default_rng(7)
    cells = np.vstack([rng.random((70, 2)), 1000 * rng.random((50, 2)) + 500])
    pupils = np.r_[np.full(70, 1e-3), rng.integers(500, 1500, 50)]
    costs = np.hypot(*(cells[:, None] - cells).transpose(2, 0, 1))
    asked = stages.check_stages(costs, pupils)
    assert asked.most(30).tolist() == [48] * 120  # complete ones are longer than is needed
    assert asked.most(10) is None
    answer = siting.p_median(costs, pupils, 30)
    whole = solve_median(build_lists(check_reach(costs), pupils, NONE), 30, np.arange(120), Clock(60))
    assert min(answer.sites) >= 70
    assert answer.status == "optimal"
    assert answer.sites == tuple(whole.sites.tolist())
    assert answer.objective == pytest.approx(whole.objective, rel=1e-12)
    order = rng.permutation(120)
    shuffled = siting.p_median(costs[np.ix_(order, order)], pupils[order], 30)
    assert tuple(sorted(order[list(shuffled.sites)].tolist())) == answer.sites


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 2**32))
def test_two_stages_equal_one_with_the_rows_of_both(case, seed):
    costs, pupils, p, fixed, _ = case
    rng = np.random.default_rng(seed)
    junior = rng.integers(0, 40, (4, costs.shape[1])).astype(float)
    older = rng.integers(0, 9, 4)
    weights = [1.0, float(rng.integers(1, 4))]
    answer = siting.p_median([costs, sparse.csr_array(junior + 1)], [pupils, older], p, fixed, weights=weights)
    both = np.vstack([costs, junior + 1])
    counted = np.concatenate([pupils * weights[0], older * weights[1]])
    known = siting.p_median(both, counted, p, fixed)
    assert answer.status == known.status
    if answer.allocation is None:
        return
    assert answer.objective == pytest.approx(known.objective, abs=1e-9)
    flows = answer.allocation.flows.toarray()
    assert flows.shape == both.shape
    assert flows[len(pupils) :].sum() == older.sum()
    each = np.repeat(weights, [len(pupils), 4])[:, None]
    assert answer.objective == pytest.approx(float((each * flows * np.where(np.isfinite(both), both, 0)).sum()))


def in_the_plane(seed, n_cells=150, n_sites=60):
    rng = np.random.default_rng(seed)
    cells, sites = rng.random((n_cells, 2)), rng.random((n_sites, 2))
    return np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)), rng.integers(1, 30, n_cells)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("p", [1, 4, 15])
def test_equals_a_plain_model_in_the_plane(seed, p):
    costs, pupils = in_the_plane(seed)
    fixed = list(range(seed))
    answer = siting.p_median(costs, pupils, p, fixed)
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(median_by_highs(costs, pupils, p, fixed), rel=1e-6)


def test_a_start_changes_nothing_but_the_time():
    costs, pupils = in_the_plane(9)
    cold = siting.p_median(costs, pupils, 7)
    for start in ([0], cold.sites, range(60)):
        assert siting.p_median(costs, pupils, 7, start=start).objective == pytest.approx(cold.objective, rel=1e-9)


def test_prices_of_one_answer_start_the_next():
    costs, pupils = in_the_plane(3)
    lists = build_lists(check_reach(costs), pupils.astype(float), np.zeros(0, dtype=np.int64))
    every = np.arange(60)
    before = solve_median(lists, 6, every, Clock(60))
    warm = solve_median(lists, 7, every, Clock(60), before.sites, prices=before.prices)
    assert before.proven
    assert warm.proven
    assert warm.objective == pytest.approx(solve_median(lists, 7, every, Clock(60)).objective, rel=1e-9)


def test_a_gap_that_is_enough_ends_the_search():
    costs, pupils = hard_case()
    lists = build_lists(check_reach(costs), pupils.astype(float), np.zeros(0, dtype=np.int64))
    answer = solve_median(lists, 12, np.arange(250), Clock(60), enough=0.5)
    assert 0.0 < answer.bound < answer.objective
    assert answer.objective - answer.bound <= 0.5 * answer.objective


def test_large_and_narrow_types_are_read_as_they_are():
    costs, pupils = in_the_plane(5)
    known = siting.p_median(costs.astype(np.float32), pupils, 5).objective
    assert siting.p_median(np.asfortranarray(costs.astype(np.float32)), pupils, 5).objective == known
    assert siting.p_median(sparse.csc_array(costs.astype(np.float32)), pupils, 5).objective == known
    whole = np.round(costs * 100)
    for kind in (np.int16, np.uint8, np.int64):
        assert siting.p_median(whole.astype(kind), pupils, 5).objective == siting.p_median(whole, pupils, 5).objective


def hard_case():
    rng = np.random.default_rng(1)
    return rng.random((250, 250)) * 1000, rng.integers(1, 50, 250)


def test_a_run_cut_short_is_never_called_optimal():
    costs, pupils = hard_case()
    siting.p_median(costs[:40], pupils[:40], 3)  # compiled before the clock runs
    answer = siting.p_median(costs, pupils, 12, time_limit_s=0.05)
    assert answer.status == "time_limit"
    assert len(answer.sites) == 12
    assert 0 < answer.bound < answer.objective
    assert answer.gap == pytest.approx((answer.objective - answer.bound) / answer.objective)
    assert answer.objective == pytest.approx(recomputed(answer, costs))


def test_a_run_called_off_says_so():
    costs, pupils = hard_case()
    assert siting.p_median(costs, pupils, 12, cancel=lambda: True).status == "cancelled"


def test_too_few_sites_names_the_cells():
    costs = np.array([[1.0, INF, INF], [INF, 1.0, INF], [INF, INF, 1.0]])
    answer = siting.p_median(costs, [5, 5, 1], 2)
    assert answer.status == "infeasible"
    assert answer.allocation is None
    said = [str(words) for words in answer.explanation]
    assert [said[0], said[-1]] == [
        "No 2 new sites reach every cell: at least 3 are needed. Allow more new sites, or a longer way.",
        "Cell 2 (1 pupils) cannot be served: only sites 2 reach it, and p allows 2.",
    ]


def test_edges():
    costs = np.array([[1.0, 2.0], [INF, INF], [3.0, 1.0]])
    nobody = siting.p_median(costs, [0, 0, 0], 1)
    assert (nobody.objective, nobody.status, nobody.gap, nobody.unreachable) == (0.0, "optimal", 0.0, ())
    assert len(nobody.sites) == 1
    none_new = siting.p_median(costs, [2, 7, 2], 0, fixed=[0])
    assert (none_new.sites, none_new.objective, none_new.unreachable) == ((), 8.0, (1,))
    assert "cell 1: 7 pupils" in str(none_new.explanation[0])
    assert none_new.allocation.unserved.tolist() == [0, 7, 0]
    all_fixed = siting.p_median(costs, [2, 7, 2], 0, fixed=[0, 1])
    assert (all_fixed.objective, all_fixed.status) == (4.0, "optimal")
    assert siting.p_median(np.zeros((0, 2)), [], 1).status == "optimal"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"costs": [[1.0, np.nan]]}, "cell 0, site 1 has nan"),
        ({"costs": [[1.0, -2.0]]}, "cell 0, site 1 has -2.0"),
        ({"costs": [1.0, 2.0]}, "table of numbers"),
        ({"pupils": [1, 2]}, "there are 1 cells"),
        ({"pupils": [-1]}, "cell 0 has -1.0"),
        ({"p": 3}, "only 2 candidates"),
        ({"p": -1}, "not -1"),
        ({"p": 1.5}, "not 1.5"),
        ({"fixed": [2]}, "2 is not a column"),
        ({"fixed": [0.5]}, "column numbers"),
        ({"time_limit_s": np.nan}, "time_limit_s"),
        ({"closable": [0]}, "site 0 is not open"),
        ({"start": [7]}, "7 is not a column"),
        ({"weights": [1.0, 2.0]}, "weights"),
        ({"weights": [0.0]}, "above 0"),
        ({"costs": [np.ones((1, 2)), np.ones((1, 3))], "pupils": [[1], [1]]}, "the same sites"),
        ({"costs": [np.ones((1, 2)), np.ones((1, 2))], "pupils": [1]}, "there are 2 stages"),
        ({"costs": [np.ones((1, 2)), [[1.0, -1.0]]], "pupils": [[1], [1]]}, r"costs\[1\].*site 1 has -1.0"),
    ],
)
def test_errors(change, words):
    arguments = {"costs": [[1.0, 2.0]], "pupils": [1], "p": 1, **change}
    with pytest.raises(PlanningError, match=words) as caught:
        siting.p_median(**arguments)
    assert isinstance(caught.value, ValueError)


def test_the_same_pair_stored_twice_is_refused():
    table = sparse.csr_matrix(([1.0, 2.0], [0, 0], [0, 2]), shape=(1, 1))
    with pytest.raises(PlanningError, match="stored twice"):
        siting.p_median(table, [1], 1)

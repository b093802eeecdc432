"""Curves over numbers of sites and over budgets, against single questions and all subsets."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from siting_oracles import center_by_hand, coverage_by_hand, median_by_hand, nearest

from planning import siting
from planning.errors import PlanningError
from planning.siting.clock import Clock
from planning.siting.coverage import curve as curve_module
from planning.siting.coverage.bound import CoverPrices
from planning.siting.coverage.question import build_covering
from planning.siting.proposal import gap_between
from planning.siting.tables.cost_table import read_costs

INF = np.inf
LINE = np.abs(np.arange(5)[:, None] - np.arange(5)[None, :]).astype(float)


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_cells, n_sites = draw(st.integers(1, 10)), draw(st.integers(1, 6))
    costs = rng.integers(0, 20, (n_cells, n_sites)).astype(float)
    costs[rng.random(costs.shape) < draw(st.sampled_from([0.0, 0.3]))] = INF
    pupils = rng.integers(0, 6, n_cells)
    n_fixed = draw(st.integers(0, n_sites - 1))
    fixed = rng.choice(n_sites, n_fixed, replace=False).tolist()
    return costs, pupils, fixed, draw(st.sampled_from([0, 5, 12, INF]))


def check_point(curve, at, known, costs, pupils, fixed):
    """Hold a point of a curve against the known best value, and its parts against its sites."""
    if np.isinf(known):
        assert (curve.status[at], curve.sites[at]) == ("infeasible", ())
        assert np.isnan(curve.objective[at])
        return
    assert (curve.status[at], len(curve.sites[at])) == ("optimal", curve.count[at])
    assert curve.objective[at] == pytest.approx(known, abs=1e-9)
    cost = nearest(costs, {*curve.sites[at], *fixed})
    served = (pupils > 0) & np.isfinite(cost)
    if served.any():
        assert curve.mean_cost[at] == pytest.approx(np.average(cost[served], weights=pupils[served]))
        assert curve.worst_cost[at] == cost[served].max()


@settings(max_examples=60, deadline=None)
@given(cases())
def test_coverage_curve_equals_all_subsets(case):
    costs, pupils, fixed, limit = case
    counts = range(costs.shape[1] - len(fixed) + 1)
    curve = siting.frontier(costs, pupils, counts, limit=limit, fixed=fixed)
    assert curve.count == tuple(counts)
    total = pupils[np.isfinite(costs).any(axis=1)].sum()
    for at, p in enumerate(counts):
        known = max(
            float(pupils[(nearest(costs, s) <= limit) & np.isfinite(nearest(costs, s))].sum())
            for s in [{*c, *fixed} for c in combinations([j for j in range(costs.shape[1]) if j not in fixed], p)]
        )
        check_point(curve, at, known, costs, pupils, fixed)
        assert np.isnan(curve.share_covered[at]) if total == 0 else curve.share_covered[at] == known / total
    assert all(a <= b for a, b in zip(curve.objective, curve.bound, strict=True))
    assert list(curve.objective) == sorted(curve.objective)


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from(["p_median", "p_center", "p_center"]))
def test_median_and_center_curves_equal_all_subsets(case, model):
    costs, pupils, fixed, _ = case
    counts = range(costs.shape[1] - len(fixed) + 1)
    by_hand = median_by_hand if model == "p_median" else center_by_hand
    curve = siting.frontier(costs, pupils, counts, model=model, fixed=fixed)
    for at, p in enumerate(counts):
        check_point(curve, at, by_hand(costs, pupils, p, fixed), costs, pupils, fixed)


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(0, 2**32))
def test_budget_curve_equals_all_subsets(case, seed):
    costs, pupils, fixed, limit = case
    rng = np.random.default_rng(seed)
    spend = rng.choice([0.0, 1.0, 2.5, 3.0, 7.0], costs.shape[1])
    budgets = [0.0, 1.0, 3.5, 6.0, 30.0]
    curve = siting.frontier(costs, pupils, limit=limit, fixed=fixed, budgets=budgets, spend=spend)
    free = [j for j in range(costs.shape[1]) if j not in fixed]
    subsets = list(chain.from_iterable(combinations(free, k) for k in range(len(free) + 1)))
    for at, budget in enumerate(budgets):
        payable = [set(s) for s in subsets if spend[list(s)].sum() <= budget]
        cost = [nearest(costs, s | set(fixed)) for s in payable]
        known = max(float(pupils[(c <= limit) & np.isfinite(c)].sum()) for c in cost)
        assert (curve.status[at], curve.objective[at]) == ("optimal", known)
        assert curve.bound[at] >= known
        assert curve.spent[at] == spend[list(curve.sites[at])].sum() <= budget
        assert curve.count[at] == len(curve.sites[at])


@settings(max_examples=25, deadline=None)
@given(cases(), st.integers(0, 2**32), st.booleans())
def test_the_way_of_very_large_curves_is_right_on_small_ones(case, seed, by_money):
    costs, pupils, fixed, limit = case
    rng = np.random.default_rng(seed)
    spend = rng.choice([0.0, 1.0, 2.5, 3.0, 7.0], costs.shape[1]) if by_money else np.ones(costs.shape[1])
    free = [j for j in range(costs.shape[1]) if j not in fixed]
    asked = {"budgets": [0.0, 1.0, 3.5, 30.0], "spend": spend} if by_money else {"counts": range(len(free) + 1)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curve_module, "_SMALL", -1)
        curve = siting.frontier(costs, pupils, limit=limit, fixed=fixed, **asked)
    subsets = list(chain.from_iterable(combinations(free, k) for k in range(len(free) + 1)))
    cost = {s: nearest(costs, {*s, *fixed}) for s in subsets}
    covered = {s: float(pupils[(c <= limit) & np.isfinite(c)].sum()) for s, c in cost.items()}
    for at, budget in enumerate(curve.budget or curve.count):
        known = max(covered[s] for s in subsets if spend[list(s)].sum() <= budget)
        assert curve.objective[at] == covered[curve.sites[at]] <= known <= curve.bound[at]
        assert spend[list(curve.sites[at])].sum() <= budget
        assert by_money or len(curve.sites[at]) == budget
    assert list(curve.objective) == sorted(curve.objective)
    assert list(curve.bound) == sorted(curve.bound)


def test_few_rounds_bound_a_whole_large_curve(monkeypatch):
    monkeypatch.setattr(curve_module, "_SMALL", 10_000)
    costs, pupils = county(6000, 300, 8)
    question = build_covering(read_costs(costs), pupils.astype(float), 0.12, np.zeros(0, dtype=np.int64))
    worked_on = []
    improve = CoverPrices.improve

    def noted(self, budget, *args):
        worked_on.append(budget)
        return improve(self, budget, *args)

    monkeypatch.setattr(CoverPrices, "improve", noted)
    # 60 times 40 rounds: two for each number, where a bound from nothing takes hundreds
    called_off = Clock(600, lambda: len(worked_on) >= 60)
    answers = curve_module.solve_curve(question, np.arange(1.0, 31.0), called_off)
    gaps = np.array([gap_between(answer.value, answer.bound) for answer in answers])
    assert gaps.max() < 0.04


def test_the_radius_may_be_what_a_row_pays_that_no_new_site_helps():
    costs = np.array([[6.0, INF, INF, 13.0], [8.0, INF, INF, 4.0], [8.0, 1.0, 2.0, 11.0]])
    curve = siting.frontier(costs, [2, 2, 5], range(4), model="p_center", fixed=[0])
    assert (curve.objective, curve.bound) == ((8.0, 8.0, 6.0, 6.0), (8.0, 8.0, 6.0, 6.0))


def county(n_cells, n_sites, seed):
    rng = np.random.default_rng(seed)
    cells, sites = rng.random((n_cells, 2)), rng.random((n_sites, 2))
    return np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)), rng.integers(1, 9, n_cells)


def test_points_equal_single_answers_and_do_not_depend_on_order_or_form():
    costs, pupils = county(300, 40, 4)
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(300), rng.permutation(40)
    counts = [8, 3, 3, 0, 15]
    curve = siting.frontier(costs, pupils, counts, limit=0.15, fixed=[2])
    assert curve.count == (0, 3, 8, 15)
    single = [siting.max_coverage(costs, pupils, p, 0.15, fixed=[2]).objective for p in curve.count]
    assert list(curve.objective) == single
    fixed = [int(np.flatnonzero(columns == 2)[0])]
    shuffled = siting.frontier(costs[np.ix_(rows, columns)], pupils[rows], counts, limit=0.15, fixed=fixed)
    assert shuffled.objective == curve.objective
    stored = sparse.csr_matrix(np.where(costs <= 0.5, costs, 0.0))
    assert siting.frontier(stored, pupils, counts, limit=0.15, fixed=[2]).objective == curve.objective


def test_a_curve_cut_short_is_honest_at_every_point():
    costs, pupils = county(3000, 400, 9)
    said = []
    curve = siting.frontier(
        costs, pupils, range(0, 60, 3), limit=0.06, time_limit_s=0.3, progress=lambda done, of: said.append((done, of))
    )
    full = siting.max_coverage(costs, pupils, 30, 0.06, time_limit_s=20)
    at = curve.count.index(30)
    assert curve.objective[at] <= full.bound
    assert curve.bound[at] >= full.objective
    assert "time_limit" in curve.status
    for status, gap in zip(curve.status, curve.gap, strict=True):
        assert status == ("optimal" if gap <= 1e-6 else "time_limit")
    assert list(curve.objective) == sorted(curve.objective)
    assert list(curve.bound) == sorted(curve.bound)
    assert said[-1] == (20, 20)
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert curve.seconds < 3


@pytest.mark.parametrize("model", ["max_coverage", "p_median", "p_center"])
def test_a_curve_called_off(model):
    costs, pupils = county(500, 60, 2)
    curve = siting.frontier(costs, pupils, [5, 9], model=model, limit=0.1, cancel=lambda: True)
    assert curve.status == ("cancelled", "cancelled")
    better = (lambda a, b: a <= b) if curve.sense == "max" else (lambda a, b: a >= b)
    assert all(better(a, b) for a, b in zip(curve.objective, curve.bound, strict=True))


def test_the_table_has_units_in_its_names():
    curve = siting.frontier(LINE, [1, 2, 3, 4, 5], [1, 2], limit=1)
    table = curve.table()
    assert list(table["new_schools"]) == [1, 2]
    assert list(table["objective_pupils"]) == [12.0, 15.0]
    assert list(table["share_covered"]) == [0.8, 1.0]
    assert {"bound_pupils", "gap", "status", "mean_cost_m", "worst_cost_m", "sites"} <= set(table)
    minutes = siting.frontier(LINE, [1, 2, 3, 4, 5], [1], model="p_median").table(cost_unit="min")
    assert (minutes.loc[0, "objective_pupil_min"], minutes.loc[0, "worst_cost_min"]) == (15.0, 3.0)
    assert np.isnan(minutes.loc[0, "share_covered"])
    money = siting.frontier(LINE, [1, 2, 3, 4, 5], budgets=[4.0], spend=3.0, limit=1).table(money_unit="usd")
    assert (money.loc[0, "budget_usd"], money.loc[0, "spent_usd"], money.loc[0, "new_schools"]) == (4.0, 3.0, 1)


def test_cells_that_nobody_reaches_are_left_out():
    costs = np.array([[1.0, 9.0], [INF, INF], [8.0, 1.0]])
    curve = siting.frontier(costs, [3, 4, 5], [0, 1, 2], limit=2)
    assert curve.unreachable == (1,)
    assert "Cell" in str(curve.explanation[0]) or "cell 1" in str(curve.explanation[0])
    assert curve.share_covered == (0.0, 5 / 8, 1.0)
    assert np.isnan(curve.mean_cost[0])
    assert np.isnan(curve.worst_cost[0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"counts": [1]}, "limit: max_coverage needs one"),
        ({"counts": [6], "limit": 1}, "only 5 candidates"),
        ({"counts": [1], "limit": 1, "model": "set_cover"}, "model: must be one of"),
        ({"limit": 1}, "give one of the two"),
        ({"counts": [1], "budgets": [1], "spend": 1, "limit": 1}, "give one of the two"),
        ({"budgets": [1], "limit": 1}, "needs spend"),
        ({"budgets": [1], "spend": 1, "model": "p_median"}, "only max_coverage"),
        ({"budgets": [-1], "spend": 1, "limit": 1}, "budgets: must be 0 or more"),
        ({"budgets": [1], "spend": [-1] * 5, "limit": 1}, "spend: must be 0 or more"),
    ],
)
def test_errors(options, words):
    with pytest.raises(PlanningError, match=words):
        siting.frontier(LINE, [1] * 5, **options)


def test_coverage_by_hand_agrees_with_the_oracle():
    curve = siting.frontier(LINE, [1, 2, 3, 4, 5], [1], limit=1, fixed=[0])
    assert curve.objective[0] == coverage_by_hand(LINE, np.array([1, 2, 3, 4, 5]), 1, 1, [0]) == 15.0

"""The compact question of covering, its search, its bounds and its answers, against slow and obvious ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from siting_oracles import choices, nearest

from planning import siting
from planning.errors import PlanningError
from planning.siting.clock import Clock
from planning.siting.coverage import bound as coverage_bound
from planning.siting.coverage.bound import CoverPrices, build_levels
from planning.siting.coverage.cover import cover_rows
from planning.siting.coverage.question import build_covering, drop_dominated_rows, drop_dominated_sites
from planning.siting.coverage.search import CoverSearch
from planning.siting.coverage.solve import solve_coverage
from planning.siting.tables.cost_table import ColumnCosts, allocate_table, read_costs

INF = np.inf
NONE = np.zeros(0, dtype=np.int64)


@st.composite
def tables(draw, most_cells=14, most_sites=9):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_cells, n_sites = draw(st.integers(1, most_cells)), draw(st.integers(1, most_sites))
    costs = rng.integers(0, 12, (n_cells, n_sites)).astype(draw(st.sampled_from(["f4", "f8"])))
    costs[rng.random(costs.shape) < draw(st.sampled_from([0.0, 0.4]))] = INF
    pupils = rng.integers(0, 5, n_cells) * draw(st.sampled_from([1.0, 0.37]))
    n_fixed = draw(st.integers(0, n_sites // 2))
    fixed = np.sort(rng.choice(n_sites, n_fixed, replace=False)).astype(np.int64)
    return costs, pupils, draw(st.sampled_from([0.0, 3.0, 7.0, INF])), fixed


def stored(costs):
    """Keep zeros as stored pairs, and store some of the pairs out of reach as inf."""
    row, site = np.nonzero(np.isfinite(costs) | (np.arange(costs.size).reshape(costs.shape) % 2 == 0))
    start = np.searchsorted(row, np.arange(costs.shape[0] + 1))
    return sparse.csr_array((costs[row, site], site, start), shape=costs.shape)


def by_milp(covers, pupils, p):
    """Maximal covering as a plain model: y by site, z by row."""
    n_rows, n = covers.shape
    z_below_y = np.hstack([covers.astype(float), -np.eye(n_rows)])
    count = np.concatenate([np.ones(n), np.zeros(n_rows)])[None, :]
    found = milp(
        np.concatenate([np.zeros(n), -pupils]),
        constraints=[LinearConstraint(z_below_y, 0, INF), LinearConstraint(count, 0, p)],
        bounds=Bounds(0, 1),
        integrality=np.concatenate([np.ones(n), np.zeros(n_rows)]),
    )
    return -found.fun


@settings(max_examples=80, deadline=None)
@given(tables())
def test_the_question_keeps_what_every_choice_covers(case):
    costs, pupils, limit, fixed = case
    question = build_covering(read_costs(costs), pupils, limit, fixed)
    same = build_covering(read_costs(stored(costs)), pupils, limit, fixed)
    for name in ("row_start", "row_site", "site_start", "site_row", "weight", "column"):
        assert np.array_equal(getattr(question, name), getattr(same, name)), name
    free = [j for j in range(costs.shape[1]) if j not in fixed]
    for chosen in ([], free[:1], free[::2], free):
        inside = np.flatnonzero(np.isin(question.column, chosen))
        cost = nearest(costs, {*chosen, *fixed.tolist()})
        assert question.value(inside) == pytest.approx(pupils[(cost <= limit) & np.isfinite(cost)].sum())
    lists = [tuple(part) for part in np.split(question.row_site, question.row_start[1:-1])]
    assert len(set(lists)) == question.n_rows or question.n_rows == 0


@settings(max_examples=80, deadline=None)
@given(tables())
def test_dominated_sites_and_rows_do_not_matter(case):
    costs, pupils, limit, fixed = case
    question = build_covering(read_costs(costs), pupils, limit, fixed)
    fewer = drop_dominated_sites(question)
    for p in range(question.n_sites + 1):
        best = max(question.value(list(c)) for c in choices(question.n_sites, p))
        least = min(p, fewer.n_sites)
        assert max(fewer.value(list(c)) for c in choices(fewer.n_sites, least)) == pytest.approx(best)
    kept = drop_dominated_rows(question)
    for p in range(question.n_sites + 1):
        for chosen in choices(question.n_sites, p):
            assert (kept.counts(list(chosen)) > 0).all() == (question.counts(list(chosen)) > 0).all()


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 2**32))
def test_the_search_knows_what_each_move_would_change(case, seed):
    costs, pupils, limit, _ = case
    question = build_covering(read_costs(costs), pupils, limit, NONE)
    rng, search, opened = np.random.default_rng(seed), CoverSearch(question, question.n_sites), set()
    for _ in range(12 if question.n_sites else 0):
        site = int(rng.integers(question.n_sites))
        before = question.value(sorted(opened))
        if site in opened:
            opened.remove(site)
            search.shut(site)
        else:
            expected = question.value(sorted(opened | {site})) - before
            assert search._gain[site] == pytest.approx(expected)
            opened.add(site)
            search.open(site)
        assert search.value == pytest.approx(question.value(sorted(opened)))
        assert search.sites.tolist() == sorted(opened)
    if opened:
        least = search.least()
        losses = {j: search.value - question.value(sorted(opened - {j})) for j in opened}
        assert losses[least] == pytest.approx(min(losses.values()))
    search.swap(Clock(10))
    value, inside = search.value, set(search.sites.tolist())
    for out in inside:
        for enters in set(range(question.n_sites)) - inside:
            assert question.value(sorted(inside - {out} | {enters})) <= value + 1e-6


@settings(max_examples=60, deadline=None)
@given(tables(), st.booleans())
def test_bounds_hold_for_every_number_on_every_level(case, coarse):
    costs, pupils, limit, _ = case
    question = build_covering(read_costs(costs), pupils, limit, NONE)
    with pytest.MonkeyPatch.context() as patch:
        if coarse:
            patch.setattr(coverage_bound, "_FEW_PAIRS", 0)
            patch.setattr(coverage_bound, "_COARSEN", 0.6)
        prices = CoverPrices(question, np.arange(question.n_sites + 1))
    best = [max(question.value(list(c)) for c in choices(question.n_sites, p)) for p in range(question.n_sites + 1)]
    for depth in range(len(prices.levels)):
        prices.improve(min(2, question.n_sites), best[min(2, question.n_sites)], 60, Clock(10), depth)
        assert (prices.bounds >= np.array(best) - 1e-9).all()
    bound, with_it, without = prices.reduced(1.0)
    for j in range(question.n_sites):
        assert question.value([j]) <= bound - with_it[j] + 1e-6
        others = max((question.value([k]) for k in range(question.n_sites) if k != j), default=question.settled)
        assert others <= bound - without[j] + 1e-6


def test_coarse_levels_of_a_large_question_bound_it_too(monkeypatch):
    monkeypatch.setattr(coverage_bound, "_FEW_PAIRS", 20_000)
    rng = np.random.default_rng(8)
    cells, sites = rng.random((6000, 2)), rng.random((300, 2))
    costs = np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)).astype("f4")
    question = build_covering(read_costs(costs), rng.integers(1, 9, 6000).astype(float), 0.3, NONE)
    levels = build_levels(question)
    assert len(levels) > 1
    assert [level.member.size for level in levels] == sorted(level.member.size for level in levels)
    for level in levels:
        assert level.weight.sum() == pytest.approx(question.weight.sum())
        assert np.allclose(level.worth(np.ones(level.weight.size)), levels[-1].worth(np.ones(question.n_rows)))
    search = CoverSearch(question, 4)
    search.add(4, Clock(10))
    search.swap(Clock(10))
    prices = CoverPrices(question, [4])
    for depth in range(len(levels)):
        prices.improve(4, search.value, 100, Clock(10), depth)
    assert search.value <= prices.bounds[0] <= search.value * 1.05


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.15, 0.25, 0.4]), st.booleans())
def test_answers_equal_a_plain_model(seed, limit, fractions):
    rng = np.random.default_rng(seed)
    cells, sites = rng.random((60, 2)), rng.random((25, 2))
    costs = np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1))
    pupils = rng.gamma(1.0, 5.0, 60) if fractions else rng.integers(0, 9, 60).astype(float)
    for p in (1, 4, 9):
        known = by_milp(costs <= limit, pupils, p)
        answer = siting.max_coverage(costs, pupils, p, limit)
        assert answer.status == "optimal"
        assert answer.objective == pytest.approx(known, rel=1e-6)
        assert answer.bound >= known * (1 - 1e-9)
        target = solve_coverage(
            build_covering(read_costs(costs), pupils, limit, NONE), p, Clock(20), target=known * 1.001 + 0.01
        )
        assert target.bound < known * 1.001 + 0.01


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from([0.0, 0.3]))
def test_cover_rows_equals_all_subsets(case, share):
    costs, pupils, limit, _ = case
    near = (costs <= limit) & np.isfinite(costs) & (pupils > 0)[:, None]
    row, site = np.nonzero(near)
    keep = pupils > 0
    number = np.cumsum(keep) - 1
    spare = share * pupils.sum()
    for enough in (None, 1, 2):
        found = cover_rows(number[row], site, pupils[keep], costs.shape[1], clock=Clock(10), spare=spare, enough=enough)
        fits = [
            p
            for p in range(costs.shape[1] + 1)
            if any(
                pupils[keep][~near[keep][:, sorted(c)].any(axis=1)].sum() <= spare + 1e-9
                for c in choices(costs.shape[1], p)
            )
        ]
        if not fits:
            assert found.status == "infeasible"
            assert found.bound > costs.shape[1]
        elif enough is None or fits[0] > enough:
            assert found.bound <= fits[0] <= found.sites.size
            assert found.bound > (enough or 0) if enough is not None else found.status == "optimal"
        else:
            assert found.status in {"optimal", "enough"}
            assert found.sites.size <= enough
        if fits and found.status != "stopped":
            missed = ~near[keep][:, found.sites].any(axis=1)
            assert pupils[keep][missed].sum() <= spare + 1e-9


@settings(max_examples=60, deadline=None)
@given(tables())
def test_the_nearest_site_is_found_in_dense_and_sparse_tables(case):
    costs, pupils, limit, fixed = case
    for table in (read_costs(costs), read_costs(stored(costs))):
        assert np.array_equal(table.reached, np.isfinite(costs).any(axis=1))
        assert np.array_equal(table.least(), costs.min(axis=1).astype(float))
        site, cost = table.nearest(fixed, limit)
        known = nearest(np.where(costs <= limit, costs, INF), fixed.tolist())
        assert np.array_equal(cost, known)
        assert all(costs[i, j] == known[i] for i, j in enumerate(site) if j >= 0)
        assert ((site < 0) == np.isinf(known)).all()
        allocation = allocate_table(table, pupils, fixed, limit)
        assert allocation.flows.sum() + allocation.unserved.sum() == pytest.approx(pupils.sum())
        assert np.array_equal(ColumnCosts(table, fixed)(NONE), nearest(costs, fixed.tolist()))
        assert table.sites_of(0).tolist() == np.flatnonzero(np.isfinite(costs[0])).tolist()


def test_tables_that_are_no_costs():
    for wrong in ([[1.0, np.nan]], [[1.0, -1.0]], sparse.csr_array([[1.0, -1.0]])):
        with pytest.raises(PlanningError, match="must be 0 or more, or inf"):
            read_costs(wrong)
    with pytest.raises(PlanningError, match="table of numbers"):
        read_costs([1.0, 2.0])
    twice = sparse.csr_array((np.ones(2), np.array([1, 1]), np.array([0, 2])), shape=(1, 3))
    with pytest.raises(PlanningError, match="stored twice"):
        read_costs(twice)
    unsorted = sparse.csr_array((np.array([2.0, 1.0]), np.array([2, 0]), np.array([0, 2])), shape=(1, 3))
    assert siting.max_coverage(unsorted, [3], 1, 1.5).sites == (0,)
    assert unsorted.indices.tolist() == [2, 0]

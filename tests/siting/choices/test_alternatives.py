"""Several plans: each within the loss allowed, each different, and as different as all subsets allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_oracles import choices, counted, nearest

from planning import siting
from planning.access import cv
from planning.errors import PlanningError
from planning.siting import alternatives as module_function

INF = np.inf
seeds = st.integers(0, 2**32)


def random_case(rng):
    n_cells, n = int(rng.integers(1, 10)), int(rng.integers(2, 8))
    costs = rng.integers(0, 30, (n_cells, n)).astype(float)
    costs[rng.random(costs.shape) < 0.2] = INF
    fixed = rng.choice(n, int(rng.integers(0, n - 1)), replace=False).tolist()
    return costs, rng.integers(0, 6, n_cells), int(rng.integers(1, n - len(fixed) + 1)), fixed


def value_of(model, costs, pupils, sites, fixed, limit):
    rows = counted(costs, pupils)
    pays = nearest(costs, {*sites, *fixed})[rows]
    if model == "p_median":
        return float(pupils[rows] @ pays) if np.isfinite(pays).all() else INF
    covered = float(pupils[rows][pays <= limit].sum())
    if model == "max_coverage":
        return covered
    return float(len(sites)) if covered >= pupils[rows].sum() else INF


def all_plans(model, costs, pupils, p, fixed, limit):
    sizes = [p] if p is not None else range(costs.shape[1] - len(fixed) + 1)
    for size in sizes:
        for opened in choices(costs.shape[1], size, fixed):
            sites = tuple(sorted(opened - set(fixed)))
            value = value_of(model, costs, pupils, sites, fixed, limit)
            if np.isfinite(value):
                yield sites, value


def apart(one, other):
    return min(len(set(one) - set(other)), len(set(other) - set(one)))


@settings(max_examples=120, deadline=None)
@given(
    seeds,
    st.sampled_from(["p_median", "max_coverage", "set_cover"]),
    st.sampled_from([0.0, 0.1, 0.5, 2.0]),
    st.integers(1, 2),
)
def test_plans_are_as_different_as_all_subsets_allow(seed, model, within, least):
    rng = np.random.default_rng(seed)
    costs, pupils, p, fixed = random_case(rng)
    limit = None if model == "p_median" else float(rng.integers(5, 30))
    number = None if model == "set_cover" else p
    found = siting.alternatives(
        costs, pupils, number, 4, within=within, fixed=fixed, model=model, limit=limit, min_difference=least
    )
    plans = dict(all_plans(model, costs, pupils, number, fixed, limit))
    if not plans:
        assert (found.status, found.plans) == ("infeasible", ())
        return
    assert found.status == "proven"
    better = max if model == "max_coverage" else min
    best = better(plans.values())
    allowed = {
        sites
        for sites, value in plans.items()
        if (value >= best * (1 - within) - 1e-9 if model == "max_coverage" else value <= best * (1 + within) + 1e-9)
    }
    assert found.best.objective == best
    first = found.plans[0]
    assert (first.objective, first.loss, first.differs) == (best, 0.0, 0)
    for number, plan in enumerate(found.plans):
        assert plan.sites in allowed
        assert plan.objective == plans[plan.sites]
        assert plan.loss == pytest.approx(abs(plan.objective - best) / max(abs(best), 1e-9))
        assert plan.bound >= plan.objective if model == "max_coverage" else plan.bound <= plan.objective
        before = [other.sites for other in found.plans[:number]]
        if before:
            furthest = max(min(apart(sites, other) for other in before) for sites in allowed)
            assert plan.differs == min(apart(plan.sites, other) for other in before) == furthest
            assert plan.differs >= least
            assert plan.most_different
    if len(found.plans) < 4:
        chosen = [plan.sites for plan in found.plans]
        assert max(min(apart(sites, other) for other in chosen) for sites in allowed) < least
        assert "There are only" in str(found.explanation[-1])


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(["p_median", "max_coverage", "set_cover"]))
def test_large_questions_keep_loss_and_difference(seed, model):
    rng = np.random.default_rng(seed)
    costs, pupils, p, fixed = random_case(rng)
    limit = None if model == "p_median" else float(rng.integers(5, 30))
    number = None if model == "set_cover" else p
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module_function.__globals__, "_SMALL", -1)
        found = siting.alternatives(costs, pupils, number, 3, within=0.4, fixed=fixed, model=model, limit=limit)
    plans = dict(all_plans(model, costs, pupils, number, fixed, limit))
    if not plans:
        assert found.status == "infeasible"
        return
    assert found.status == "found"
    best = found.best.objective
    for number, plan in enumerate(found.plans):
        assert plan.objective == plans[plan.sites]
        assert plan.loss <= 0.4 + 1e-9
        assert plan.loss == pytest.approx(abs(plan.objective - best) / max(abs(best), 1e-9))
        assert all(apart(plan.sites, other.sites) >= 1 for other in found.plans[:number])


def county(n_cells=800, n_sites=120, n_fixed=10):
    rng = np.random.default_rng(5)
    cells, sites = rng.random((n_cells, 2)) * 1e4, rng.random((n_sites, 2)) * 1e4
    costs = np.round(np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)))
    return costs, rng.integers(1, 30, n_cells), list(range(n_fixed))


def test_a_county_finds_plans_that_differ_much():
    costs, pupils, fixed = county()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module_function.__globals__, "_SMALL", 100)
        found = siting.alternatives(costs, pupils, 6, 3, within=0.05, fixed=fixed)
        again = siting.alternatives(costs, pupils, 6, 3, within=0.05, fixed=fixed)
    assert [plan.sites for plan in found.plans] == [plan.sites for plan in again.plans]
    assert (len(found.plans), found.status) == (3, "found")
    assert min(plan.differs for plan in found.plans[1:]) >= 3
    for plan in found.plans:
        assert plan.loss <= 0.05
        assert plan.objective == pytest.approx(value_of("p_median", costs, pupils, plan.sites, fixed, None))
        assert plan.bound <= found.best.objective * (1 + 1e-12)


def test_plans_whose_spread_is_too_large_are_refused():
    costs = np.array([[1.0, 2, 3, 4], [4, 3, 2, 1], [1, 1, 1, 1], [2, 2, 9, 9]])
    pupils, teachers = [10, 20, 30, 5], np.array([3.0, 3.0, 9.0, 1.0])
    every = siting.alternatives(costs, pupils, 2, 9, within=9, resources=teachers)
    assert len(every.plans) == 6
    kept = siting.alternatives(costs, pupils, 2, 9, within=9, resources=teachers, max_cv=0.5)
    assert {plan.sites for plan in kept.plans} == {plan.sites for plan in every.plans if plan.spread <= 0.5}
    assert 0 < len(kept.plans) < 6
    for plan in kept.plans:
        load = plan.allocation.flows.toarray().sum(axis=0)
        used = [j for j in plan.sites if load[j]]
        assert plan.spread == pytest.approx(cv(teachers[used], load[used]))


def test_a_run_cut_short():
    costs, pupils, fixed = county()
    none = siting.alternatives(costs, pupils, 6, 3, time_limit_s=0)
    assert none.status == "time_limit"
    stopped = siting.alternatives(costs, pupils, 6, 3, fixed=fixed, cancel=lambda: True)
    assert stopped.status == "cancelled"


def test_edges():
    nothing = siting.alternatives([[1.0]], [1], 0, 3, fixed=[0])
    assert [plan.sites for plan in nothing.plans] == [()]
    assert nothing.status == "proven"
    assert siting.alternatives([[1.0, 1.0]], [1], 1, 0).plans == ()
    two = siting.alternatives([[1.0, 1.0]], [1], 1, 5, within=0)
    assert sorted(plan.sites for plan in two.plans) == [(0,), (1,)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "p_center"}, "must be p_median"),
        ({"model": "max_coverage"}, "limit: give one"),
        ({"limit": 3}, "none for p_median"),
        ({"model": "set_cover", "limit": 3}, "none for set_cover"),
        ({"max_cv": 0.5}, "needs resources"),
        ({"k": -1}, "k: must be"),
        ({"within": -0.1}, "within: must be 0 or more"),
    ],
)
def test_errors(change, words):
    with pytest.raises(PlanningError, match=words):
        siting.alternatives(**{"costs": [[1.0, 2.0]], "pupils": [1], "p": 1, "k": 2, **change})

"""What each proposed site contributes, against plain re-computation without and with every other place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from siting_oracles import nearest

from planning import siting
from planning.access import allocate
from planning.errors import PlanningError

INF = np.inf
seeds = st.integers(0, 2**32)


def random_plan(rng, holes=0.3):
    n_cells, n = int(rng.integers(1, 12)), int(rng.integers(2, 9))
    costs = rng.integers(0, 30, (n_cells, n)).astype(float)
    costs[rng.random(costs.shape) < holes] = INF
    pupils = rng.integers(0, 6, n_cells)
    fixed = rng.choice(n, int(rng.integers(0, n - 1)), replace=False).tolist()
    return costs, pupils, fixed, int(rng.integers(1, n - len(fixed)))


def priced(costs, pupils, sites, limit=None):
    """Pupils without a place and what the others pay, or pupils within a limit."""
    pays = nearest(costs, sites)
    if limit is not None:
        return 0.0, float(pupils[pays <= limit].sum())
    reached = np.isfinite(pays)
    return float(pupils[~reached].sum()), float(pupils[reached] @ pays[reached])


@settings(max_examples=60, deadline=None)
@given(seeds, st.booleans())
def test_travel_equals_plain_recomputation(seed, stored):
    rng = np.random.default_rng(seed)
    costs, pupils, fixed, p = random_plan(rng)
    plan = siting.p_median(costs, pupils, p, fixed)
    if plan.status == "infeasible":
        return
    given_costs = costs
    if stored:
        row, column = np.nonzero(np.isfinite(costs))
        given_costs = sparse.csr_array((costs[row, column], (row, column)), shape=costs.shape)
    found = siting.contributions(plan, given_costs, pupils, fixed=fixed, limit=12)
    assert found.index.tolist() == list(plan.sites)
    opened = {*fixed, *plan.sites}
    missed, now = priced(costs, pupils, opened)
    assert now == pytest.approx(plan.objective)
    today, pays = nearest(costs, fixed), nearest(costs, opened)
    flows = plan.allocation.flows.toarray()
    for site, line in found.iterrows():
        mine = flows[:, site]
        nearer = np.isfinite(today) & (pays < today)
        assert line.pupils == mine.sum()
        assert line.pupils_nearer == mine[nearer].sum()
        assert line.newly_reached == mine[np.isinf(today)].sum()
        saved = float(mine[nearer] @ (today[nearer] - pays[nearer]))
        assert line.mean_saved * line.pupils_nearer == pytest.approx(saved)
        rest = opened - {site}
        lost, without = priced(costs, pupils, rest)
        assert (line.objective_without, line.loss_without) == pytest.approx((without, without - now))
        assert line.unreached_without == lost - missed
        fallen = pupils[(nearest(costs, rest) > 12) & (pays <= 12)].sum()
        assert line.beyond_without == fallen
        other = [j for j in range(costs.shape[1]) if j not in opened]
        if not other:
            assert line.replacement == -1
            continue
        best = min((priced(costs, pupils, rest | {j}), j) for j in other)
        assert line.replacement == best[1]
        assert (line.unreached_replaced + missed, line.objective_replaced) == pytest.approx(best[0])
        assert line.loss_replaced == pytest.approx(best[0][1] - now)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(0, 30))
def test_coverage_equals_plain_recomputation(seed, limit):
    rng = np.random.default_rng(seed)
    costs, pupils, fixed, p = random_plan(rng)
    plan = siting.max_coverage(costs, pupils, p, limit, fixed)
    found = siting.contributions(plan, costs, pupils, fixed=fixed, limit=limit)
    opened = {*fixed, *plan.sites}
    for site, line in found.iterrows():
        rest = opened - {site}
        without = priced(costs, pupils, rest, limit)[1]
        assert (line.objective_without, line.loss_without) == (without, plan.objective - without)
        other = [j for j in range(costs.shape[1]) if j not in opened]
        if other:
            best = min((-priced(costs, pupils, rest | {j}, limit)[1], j) for j in other)
            assert (line.replacement, line.objective_replaced) == (best[1], -best[0])
            assert line.loss_replaced >= 0


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_seats_are_given_anew(seed):
    rng = np.random.default_rng(seed)
    costs, pupils, fixed, p = random_plan(rng, holes=0.1)
    seats = rng.integers(3, 15, costs.shape[1])
    plan = siting.capacitated(costs, pupils, seats, p, p_min=p, fixed=fixed)
    if plan.status == "infeasible":
        return
    found = siting.contributions(plan, costs, pupils, fixed=fixed, seats=seats)
    opened = sorted({*fixed, *plan.sites})
    now = allocate(costs[:, opened], pupils, seats[opened])
    assert now.cost == pytest.approx(plan.objective)
    for site, line in found.iterrows():
        rest = [j for j in opened if j != site]
        without = allocate(costs[:, rest], pupils, seats[rest])
        assert line.objective_without == pytest.approx(without.cost)
        assert line.unreached_without == without.unserved.sum() - now.unserved.sum()
        others = [j for j in range(costs.shape[1]) if j not in opened]
        tried = {}
        for j in others:
            put = sorted([*rest, j])
            seated = allocate(costs[:, put], pupils, seats[put])
            tried[j] = (int(seated.unserved.sum()), seated.cost)
        if others:
            reported = tried[int(line.replacement)]
            assert (line.unreached_replaced + now.unserved.sum(), line.objective_replaced) == pytest.approx(reported)
            if len(others) <= 6:  # all were tried
                assert reported == pytest.approx(min(tried.values()))
        else:
            assert line.replacement == -1


def test_a_county_takes_seconds():
    rng = np.random.default_rng(0)
    cells, sites = rng.random((3_000, 2)), rng.random((320, 2))
    costs = np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)).astype(np.float32)
    pupils = rng.integers(1, 20, 3_000)
    plan = siting.p_median(costs, pupils, 5, range(20))
    found = siting.contributions(plan, costs, pupils, fixed=range(20))
    assert (found.loss_without > 0).all()
    assert (found.loss_replaced >= -1e-6 * plan.objective).all()  # the plan is the best one
    assert (found.loss_replaced <= found.loss_without).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"measure": "coverage"}, "coverage is counted within a limit"),
        ({"fixed": [7]}, "7 is not a column"),
        ({"pupils": [1.5, 1], "seats": 3}, "cell 0 has 1.5"),
        ({"limit": -1}, "limit: must be 0 or more"),
    ],
)
def test_errors(change, words):
    plan = siting.p_median([[1.0, 2.0], [2.0, 1.0]], [1, 1], 1)
    arguments = {"costs": [[1.0, 2.0], [2.0, 1.0]], "pupils": [1, 1], **change}
    with pytest.raises(PlanningError, match=words):
        siting.contributions(plan, **arguments)


def test_no_answer_has_no_contributions():
    nothing = siting.p_median([[INF, 1.0], [1.0, INF]], [1, 1], 1)
    with pytest.raises(PlanningError, match="no answer"):
        siting.contributions(nothing, [[INF, 1.0], [1.0, INF]], [1, 1])

"""Fixed charge against hand-worked cases, all subsets, and a plain integer model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import LinearConstraint, milp
from siting_oracles import charged_by_hand

from planning import siting
from planning.errors import PlanningError

INF = np.inf


def recomputed(answer, costs, charge, closable=()):
    ways = float((answer.allocation.flows.toarray() * np.where(np.isfinite(costs), costs, 0)).sum())
    kept = [j for j in closable if j not in answer.closed]
    return ways + float(charge[list(answer.sites)].sum() + charge[kept].sum())


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_cells, n_sites = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    costs = rng.integers(0, draw(st.sampled_from([3, 40])), (n_cells, n_sites)).astype(float)
    if draw(st.booleans()):
        costs += rng.random(costs.shape)
    costs[rng.random(costs.shape) < draw(st.sampled_from([0.0, 0.25, 0.6]))] = INF
    fixed = rng.choice(n_sites, draw(st.integers(0, n_sites)), replace=False).tolist()
    closable = [j for j in fixed if rng.random() < 0.6]
    charge = rng.integers(0, draw(st.sampled_from([1, 20, 100])), n_sites).astype(float)
    return costs, rng.integers(0, 6, n_cells), charge, fixed, closable, draw(st.sampled_from([None, 0, 1, 2, 9])), rng


def test_a_school_opens_where_it_pays_and_one_closes():
    costs = np.array([[1.0, 9.0, 5.0], [9.0, 1.0, 5.0], [9.0, 1.0, 5.0]])
    pupils = [10, 10, 10]
    both = siting.fixed_charge(costs, pupils, 50)  # 30 of ways and 100, or 110 and 50
    assert (both.sites, both.objective, both.status) == ((0, 1), 130.0, "optimal")
    dear = siting.fixed_charge(costs, pupils, 90)
    assert (dear.sites, dear.objective) == ((1,), 200.0)
    capped = siting.fixed_charge(costs, pupils, 50, p_max=1)
    assert (capped.sites, capped.objective) == ((1,), 160.0)
    moved = siting.fixed_charge(costs, pupils, [50, 20, 50], fixed=[2], closable=[2])
    assert (moved.sites, moved.closed, moved.objective) == ((0, 1), (2,), 100.0)
    kept = siting.fixed_charge(costs, pupils, 100, fixed=[1])  # what stays anyway costs nothing
    assert (kept.sites, kept.closed, kept.objective) == ((), (), 110.0)


@settings(max_examples=120, deadline=None)
@given(cases())
def test_equals_all_subsets_whatever_the_order(case):
    costs, pupils, charge, fixed, closable, p_max, rng = case
    known = charged_by_hand(costs, pupils, charge, fixed, closable, p_max)
    answer = siting.fixed_charge(costs, pupils, charge, fixed, closable, p_max)
    if np.isinf(known):
        assert answer.status == "infeasible"
        assert answer.explanation
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, abs=1e-9)
    assert answer.objective == pytest.approx(recomputed(answer, costs, charge, closable), abs=1e-9)
    assert answer.bound <= answer.objective
    assert p_max is None or len(answer.sites) <= p_max
    assert set(answer.closed) <= set(closable)
    rows, columns = rng.permutation(costs.shape[0]), rng.permutation(costs.shape[1])
    place = np.argsort(columns)
    shuffled = siting.fixed_charge(
        costs[np.ix_(rows, columns)], pupils[rows], charge[columns], place[fixed], place[closable], p_max
    )
    assert shuffled.objective == pytest.approx(known, abs=1e-9)


def by_highs(costs, pupils, charge):
    n_cells, n = costs.shape
    size = n_cells * n
    links = sparse.hstack([sparse.eye_array(size), -sparse.vstack([sparse.eye_array(n)] * n_cells)])
    served = sparse.hstack([sparse.kron(sparse.eye_array(n_cells), np.ones((1, n))), sparse.csr_array((n_cells, n))])
    answer = milp(
        np.concatenate([(pupils[:, None] * costs).ravel(), charge]),
        constraints=[LinearConstraint(links, -np.inf, 0), LinearConstraint(served, 1, 1)],
        integrality=np.concatenate([np.zeros(size), np.ones(n)]),
        options={"mip_rel_gap": 1e-9},
    )
    return float(answer.fun)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("level", [0.2, 2.0, 20.0])
def test_equals_a_plain_model_in_the_plane(seed, level):
    rng = np.random.default_rng(seed)
    cells, sites = rng.random((100, 2)), rng.random((40, 2))
    costs = np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1))
    pupils, charge = rng.integers(1, 30, 100), level * (1 + rng.random(40))
    answer = siting.fixed_charge(costs, pupils, charge)
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(by_highs(costs, pupils, charge), rel=1e-6)
    assert answer.objective == pytest.approx(recomputed(answer, costs, charge), rel=1e-9)


def test_two_stages_share_the_sites():
    costs = [np.array([[0.0, 6.0]]), np.array([[6.0, 0.0]])]
    answer = siting.fixed_charge(costs, [[10], [10]], 50)
    assert (answer.sites, answer.objective) == ((0, 1), 100.0)
    weighted = siting.fixed_charge(costs, [[10], [10]], 50, weights=[1, 0.5])  # 30 of ways are less than 50
    assert (weighted.sites, weighted.objective) == ((0,), 80.0)
    assert weighted.allocation.flows.toarray().tolist() == [[10, 0], [10, 0]]


def test_a_run_cut_short_is_never_called_optimal():
    rng = np.random.default_rng(1)
    costs, pupils = rng.random((250, 250)) * 1000, rng.integers(1, 50, 250)
    siting.fixed_charge(costs[:40], pupils[:40], 1000)  # compiled before the clock runs
    answer = siting.fixed_charge(costs, pupils, 40_000, time_limit_s=0.03)
    assert answer.status == "time_limit"
    assert 0 < answer.bound < answer.objective
    assert siting.fixed_charge(costs, pupils, 40_000, cancel=lambda: True).status == "cancelled"


def test_too_few_sites_names_the_cells():
    costs = np.array([[1.0, INF, INF], [INF, 1.0, INF], [INF, INF, 1.0]])
    answer = siting.fixed_charge(costs, [5, 5, 1], 1, fixed=[0], closable=[0], p_max=1)
    assert answer.status == "infeasible"
    words = [str(words) for words in answer.explanation]
    assert words[0] == "No 1 new sites reach every cell: at least 2 are needed. Allow more new sites, or a longer way."
    assert words[-1] == "Cell 2 (1 pupils) cannot be served: only sites 2 reach it, and p allows 1."
    assert "Clash: every pupil of cell 1, 2 has a place (6 pupils)." in words


def test_edges():
    costs = np.array([[1.0, 2.0], [INF, INF], [3.0, 1.0]])
    nobody = siting.fixed_charge(costs, [0, 0, 0], 5, fixed=[1], closable=[1])
    assert (nobody.sites, nobody.closed, nobody.objective, nobody.gap) == ((), (1,), 0.0, 0.0)
    left = siting.fixed_charge(costs, [2, 7, 2], 0)
    assert (left.objective, left.unreachable) == (4.0, (1,))
    assert siting.fixed_charge(np.zeros((0, 2)), [], 1).objective == 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"open_cost": -1}, "open_cost"),
        ({"open_cost": INF}, "open_cost"),
        ({"open_cost": [1.0]}, "one a site"),
        ({"closable": [0]}, "site 0 is not open"),
        ({"p_max": -1}, "p_max"),
        ({"pupils": [1, 2]}, "there are 1 cells"),
    ],
)
def test_errors(change, words):
    arguments = {"costs": [[1.0, 2.0]], "pupils": [1], "open_cost": 1, **change}
    with pytest.raises(PlanningError, match=words) as caught:
        siting.fixed_charge(**arguments)
    assert isinstance(caught.value, ValueError)

"""The fair median and the fairness of an allocation against hand-worked cases and all subsets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from siting_oracles import choices, counted, nearest

from planning import siting
from planning.access import cv
from planning.errors import PlanningError
from planning.siting.equity import tails

INF = np.inf


def worst_part(cost, pupils, tail):
    """One pupil after another, the worst first, in steps of a thousandth of a pupil's share."""
    left, paid = tail * pupils.sum(), 0.0
    wanted = left
    for at in np.argsort(-cost):
        taken = min(left, pupils[at])
        paid, left = paid + taken * cost[at], left - taken
        if left <= 0:
            break
    return paid / wanted


def value_by_hand(costs, pupils, sites, tail, weight):
    rows = counted(costs, pupils)
    if not rows.any():
        return 0.0
    cost, amount = nearest(costs, sites)[rows], pupils[rows].astype(float)
    if np.isinf(cost).any():
        return INF
    return (1 - weight) * float(amount @ cost) / amount.sum() + weight * worst_part(cost, amount, tail)


def best_by_hand(costs, pupils, p, fixed, tail, weight, limit=INF, share=1.0):
    rows = counted(costs, pupils)
    best = INF
    for sites in choices(costs.shape[1], p, fixed):
        beyond = pupils[rows][nearest(costs, sites)[rows] > limit].sum()
        if beyond <= share * pupils[rows].sum() + 1e-9:
            best = min(best, value_by_hand(costs, pupils, sites, tail, weight))
    return best


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_cells, n_sites = draw(st.integers(1, 12)), draw(st.integers(1, 7))
    costs = rng.integers(0, 40, (n_cells, n_sites)).astype(float)
    costs[rng.random(costs.shape) < draw(st.sampled_from([0.0, 0.2]))] = INF
    pupils = rng.integers(0, 6, n_cells)
    n_fixed = draw(st.integers(0, n_sites))
    fixed = rng.choice(n_sites, n_fixed, replace=False).tolist()
    return costs, pupils, draw(st.integers(0, n_sites - n_fixed)), fixed


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from([0.05, 0.1, 0.37, 1.0]), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_equals_all_subsets(case, tail, weight):
    costs, pupils, p, fixed = case
    known = best_by_hand(costs, pupils, p, fixed, tail, weight)
    answer = siting.fair_median(costs, pupils, p, fixed, tail=tail, weight=weight)
    if np.isinf(known):
        assert answer.status == "infeasible"
        assert answer.explanation
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, rel=1e-6, abs=1e-9)
    assert known * (1 - 1e-6) - 1e-9 <= answer.bound <= answer.objective
    assert len(answer.sites) == p
    assert answer.objective == pytest.approx(
        value_by_hand(costs, pupils, {*answer.sites, *fixed}, tail, weight), abs=1e-9
    )


@settings(max_examples=50, deadline=None)
@given(cases(), st.integers(0, 40), st.sampled_from([0.0, 0.1, 0.4]))
def test_a_share_beyond_the_limit_is_kept(case, limit, share):
    costs, pupils, p, fixed = case
    known = best_by_hand(costs, pupils, p, fixed, 0.2, 0.5, limit, share)
    answer = siting.fair_median(costs, pupils, p, fixed, tail=0.2, limit=limit, max_beyond_share=share)
    if np.isinf(known):
        assert answer.status == "infeasible"
        assert answer.explanation
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, rel=1e-6, abs=1e-9)
    assert answer.bound <= known + 1e-9
    found = siting.fairness(costs, pupils, answer, limit)
    assert found.share_beyond <= share + 1e-9


@settings(max_examples=25, deadline=None)
@given(cases(), st.integers(5, 40))
def test_prices_of_a_large_question_never_pass_the_best(case, limit):
    costs, pupils, p, fixed = case
    known = best_by_hand(costs, pupils, p, fixed, 0.2, 0.5, limit, 0.3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tails, "_SMALL", -1)
        answer = siting.fair_median(costs, pupils, p, fixed, tail=0.2, limit=limit, max_beyond_share=0.3)
    if np.isinf(known):
        assert answer.status == "infeasible"
        return
    assert answer.status == "optimal"
    assert answer.bound <= known + 1e-9
    assert answer.objective == pytest.approx(known, rel=1e-6, abs=1e-9)


def test_the_worst_off_pull_the_school_to_them():
    costs = np.abs(np.arange(5)[:, None] - np.arange(5)[None, :]).astype(float)
    pupils = [8, 0, 0, 0, 2]
    assert siting.fair_median(costs, pupils, 1, weight=0).sites == (0,)
    fair = siting.fair_median(costs, pupils, 1, tail=0.2, weight=1)
    assert (fair.sites, fair.objective) == ((2,), 2.0)
    mixed = siting.fair_median(costs, pupils, 1, tail=0.2, weight=0.3)
    assert mixed.sites == (0,)
    assert mixed.objective == pytest.approx(0.7 * 0.8 + 0.3 * 4)


def town(n=150, seed=2):
    rng = np.random.default_rng(seed)
    points = rng.random((n, 2)) * 10_000
    return np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)), rng.integers(1, 40, n)


def test_proven_on_a_town_whatever_the_order():
    costs, pupils = town(50)
    answer = siting.fair_median(costs, pupils, 4, [3, 8])
    assert answer.status == "optimal"
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(50), rng.permutation(50)
    again = siting.fair_median(costs[np.ix_(rows, columns)], pupils[rows], 4, np.argsort(columns)[[3, 8]])
    assert again.objective == pytest.approx(answer.objective, rel=2e-6)
    plain = siting.p_median(costs, pupils, 4, [3, 8])
    before, after = (siting.fairness(costs, pupils, plan) for plan in (plain, answer))
    assert after.tail_mean < before.tail_mean
    assert after.mean >= before.mean


def test_a_run_cut_short_is_never_called_optimal():
    costs, pupils = town()
    none = siting.fair_median(costs, pupils, 10, time_limit_s=0)
    assert none.status == "time_limit"
    assert none.bound <= none.objective
    answer = siting.fair_median(costs, pupils, 10, time_limit_s=0.5)
    assert answer.status == "time_limit"
    assert 0 < answer.bound < answer.objective
    assert siting.fair_median(costs, pupils, 10, cancel=lambda: True).status == "cancelled"


def test_too_many_beyond_the_limit_says_how_many():
    costs = [[1.0, 9.0], [9.0, 9.0], [1.0, 9.0]]
    answer = siting.fair_median(costs, [5, 2, 3], 1, limit=2, max_beyond_share=0.1)
    assert answer.status == "infeasible"
    assert str(answer.explanation[0]) == (
        "At least 2 of 10 pupils stay beyond the limit of 2, whichever sites are chosen; only 1 are allowed. "
        "Allow a share of 0.2000, more new sites, or a longer way."
    )


def test_fairness_by_hand():
    costs = np.array([[1.0, 4.0], [2.0, 8.0], [INF, INF], [5.0, 3.0]])
    flows = sparse.csr_array(np.array([[3, 1], [4, 0], [0, 0], [0, 1]]))
    found = siting.fairness(costs, [4, 5, 7, 1], flows, limit=3, tail=0.25)
    assert (found.worst, found.worst_cell, found.unserved) == (4.0, 0, 1.0)
    assert (found.beyond_limit, found.share_beyond) == (2.0, 0.2)
    assert found.mean == pytest.approx((3 + 4 + 8 + 3) / 9)
    assert found.tail_mean == pytest.approx((4 + 3 + 0.25 * 2) / 2.25)
    each = np.repeat([1.0, 4.0, 2.0, 3.0], [3, 1, 4, 1])
    assert found.gini == pytest.approx(np.abs(each[:, None] - each).mean() / (2 * each.mean()))


def test_fairness_edges():
    nobody = siting.fairness([[1.0, INF]], [0], [[0, 0]])
    assert np.isnan([nobody.mean, nobody.worst, nobody.tail_mean, nobody.gini]).all()
    assert (nobody.share_beyond, nobody.worst_cell) == (0.0, -1)
    next_door = siting.fairness(sparse.csr_array(([0.0], [0], [0, 1]), shape=(1, 2)), [3], [[3, 0]], limit=0)
    assert (next_door.worst, next_door.gini, next_door.share_beyond) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: siting.fair_median([[1.0]], [1], 1, tail=0), "tail: must be above 0"),
        (lambda: siting.fair_median([[1.0]], [1], 1, weight=1.5), "weight: must be from 0 to 1"),
        (lambda: siting.fair_median([[1.0]], [1], 1, limit=3), "give both or neither"),
        (lambda: siting.fair_median([[1.0]], [1], 2), "only 1 candidates"),
        (lambda: siting.fair_median([[-1.0]], [1], 1), "site 0 has -1.0"),
        (lambda: siting.fairness([[1.0]], [1], [[2]]), "sends more pupils than it has"),
        (lambda: siting.fairness([[INF]], [1], [[1]]), "out of its reach"),
        (lambda: siting.fairness([[1.0]], [1], [[1, 0]]), "must have the 1 cells"),
        (lambda: siting.fairness([[1.0]], [1], siting.p_median([[INF], [1.0]], [1, 1], 0)), "no answer"),
    ],
)
def test_errors(call, words):
    with pytest.raises(PlanningError, match=words):
        call()


def test_spread_by_hand():
    before = np.array([[30, 0, 0], [0, 20, 0], [0, 10, 0]])
    after = np.array([[30, 0, 0], [15, 0, 5], [0, 0, 10]])
    found = siting.spread([3.0, 6.0, 99.0], before, after, new_resources=2.0, sites=[2], closed=[1])
    assert found.before == pytest.approx(cv([3, 6], [30, 30]))
    # of the 30 pupils of the closed school 15 go to school 0 and 15 to school 2: 3 each
    assert found.schools.resource_after.tolist() == [6.0, 0.0, 5.0]
    assert found.schools.pupils_after.tolist() == [45.0, 0.0, 15.0]
    assert found.after == pytest.approx(cv([6, 5], [45, 15]))
    assert found.unassigned == 0.0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_resources_are_conserved(seed):
    rng = np.random.default_rng(seed)
    n_cells, n = int(rng.integers(1, 6)), int(rng.integers(2, 7))
    closed, new = [0], [n - 1]
    before, after = rng.integers(0, 5, (2, n_cells, n))
    before[:, new] = 0
    after[:, closed] = 0
    held = rng.integers(0, 9, n).astype(float)
    found = siting.spread(held, before, after, new_resources=2.0, sites=new, closed=closed)
    total = held.sum() - held[new].sum() + 2.0
    assert found.schools.resource_after.sum() + found.unassigned == pytest.approx(total)


def test_spread_of_a_proposal_takes_its_sites():
    costs, pupils = np.array([[1.0, 5], [6, 1]]), [10, 10]
    old = siting.p_median(costs, pupils, 0, [0])
    new = siting.p_median(costs, pupils, 1, [0])
    found = siting.spread([10.0, 0], old, new, new_resources=5.0)
    assert (found.before, found.after) == (0.0, pytest.approx(cv([10, 5], [10, 10])))
    nobody_takes = siting.spread([4.0, 2.0], [[0, 5]], [[0, 5]], closed=[0])
    assert (nobody_takes.unassigned, nobody_takes.after) == (4.0, 0.0)
    assert "Nobody takes over 4" in str(nobody_takes.explanation[-1])
    assert np.isnan(siting.spread(0, [[1]], [[1]]).before)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.3, 0.8, 1.5]))
def test_loads_within_the_band_vary_little_enough(seed, most):
    rng = np.random.default_rng(seed)
    held = rng.integers(1, 50, int(rng.integers(1, 6))).astype(float)
    total = int(rng.integers(20, 2000))
    band = siting.load_band(held, total, most)
    if (band.fewest > band.most).any():  # no whole number of pupils keeps a school within the band
        return
    top = np.minimum(band.most, total)
    load = band.fewest.copy()
    while load.sum() < total and (load < top).any():  # spread the rest at random within the band
        room = np.flatnonzero(load < top)
        at = rng.choice(room)
        load[at] += min(top[at] - load[at], max(1, (total - load.sum()) // 2))
    if load.sum() == total and (load > 0).all():
        assert cv(held, load) <= most + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.05, 0.2, 0.5]))
def test_an_even_allocation_varies_little_enough(seed, most):
    rng = np.random.default_rng(seed)
    n_cells, n = int(rng.integers(1, 9)), int(rng.integers(1, 5))
    costs, pupils = rng.integers(0, 30, (n_cells, n)).astype(float), rng.integers(1, 9, n_cells)
    held = rng.integers(1, 9, n).astype(float)
    answer = siting.allocate_evenly(costs, pupils, held, most)
    if answer.status == "infeasible":
        assert answer.explanation
        return
    load = answer.allocation.flows.toarray().sum(axis=0)
    assert (answer.status, answer.sites, load.sum()) == ("optimal", (), pupils.sum())
    assert cv(held[load > 0], load[load > 0]) <= most + 1e-9
    assert answer.objective == (answer.allocation.flows.toarray() * costs).sum()
    assert answer.objective >= pupils @ costs.min(axis=1)


def test_evenness_moves_pupils_to_the_richer_school():
    costs = [[1.0, 2.0], [1.0, 2.0]]
    free = siting.allocate_evenly(costs, [50, 50], [10.0, 30.0], max_cv=1.0)
    even = siting.allocate_evenly(costs, [50, 50], [10.0, 30.0], max_cv=0.0)
    assert even.allocation.flows.toarray().sum(axis=0).tolist() == [25, 75]
    assert free.objective < even.objective == 25 + 150


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: siting.spread([1.0], [[1]], [[1]], closed=[0]), "has pupils while it is not open"),
        (lambda: siting.spread([1.0], [[1]], [[1, 0]]), "must have the 1 cells and 1 sites"),
        (lambda: siting.spread([-1.0], [[1]], [[1]]), "resources: must be 0 or more"),
        (lambda: siting.load_band([0.0], 5, 0.5), "there must be some"),
    ],
)
def test_spread_errors(call, words):
    with pytest.raises(PlanningError, match=words):
        call()

"""Maximum coverage, set cover and p-center against hand-worked cases and all subsets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_oracles import center_by_hand, cover_by_hand, coverage_by_hand, nearest

from planning import siting
from planning.errors import PlanningError

INF = np.inf
LINE = np.abs(np.arange(5)[:, None] - np.arange(5)[None, :]).astype(float)


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_cells, n_sites = draw(st.integers(1, 10)), draw(st.integers(1, 7))
    costs = rng.integers(0, 20, (n_cells, n_sites)).astype(float)
    costs[rng.random(costs.shape) < draw(st.sampled_from([0.0, 0.3]))] = INF
    pupils = rng.integers(0, 6, n_cells)
    n_fixed = draw(st.integers(0, n_sites))
    fixed = rng.choice(n_sites, n_fixed, replace=False).tolist()
    return costs, pupils, draw(st.integers(0, n_sites - n_fixed)), fixed, draw(st.integers(0, 20))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_coverage_equals_all_subsets(case):
    costs, pupils, p, fixed, limit = case
    answer = siting.max_coverage(costs, pupils, p, limit, fixed)
    assert (answer.status, answer.sense, len(answer.sites)) == ("optimal", "max", p)
    assert answer.objective == coverage_by_hand(costs, pupils, p, limit, fixed)
    assert answer.bound >= answer.objective
    assert answer.allocation.flows.sum() == answer.objective
    assert answer.allocation.flows.sum() + answer.allocation.unserved.sum() == pupils.sum()


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from([0.0, 0.3, 0.9, 1.0]))
def test_cover_equals_all_subsets(case, share):
    costs, pupils, _, fixed, limit = case
    known = cover_by_hand(costs, pupils, limit, share, fixed)
    answer = siting.set_cover(costs, pupils, limit, share, fixed)
    assert answer.unreachable == tuple(np.flatnonzero((pupils > 0) & np.isinf(costs.min(axis=1))).tolist())
    if known is None:
        assert answer.status == "infeasible"
        assert "Cell" in str(answer.explanation[-1])
        return
    assert (answer.status, answer.objective) == ("optimal", known)
    assert len(answer.sites) == answer.objective == answer.bound
    in_reach = pupils[np.isfinite(costs.min(axis=1))].sum()
    assert answer.allocation.flows.sum() >= share * in_reach - 1e-9


@settings(max_examples=60, deadline=None)
@given(cases())
def test_center_equals_all_subsets(case):
    costs, pupils, p, fixed, _ = case
    known = center_by_hand(costs, pupils, p, fixed)
    answer = siting.p_center(costs, pupils, p, fixed)
    if np.isinf(known):
        assert answer.status == "infeasible"
        assert "cannot be served" in str(answer.explanation[-1])
        return
    assert (answer.status, answer.objective, answer.bound, len(answer.sites)) == ("optimal", known, known, p)
    rows = (pupils > 0) & np.isfinite(costs).any(axis=1)
    open_sites = {*answer.sites, *fixed}
    assert nearest(costs, open_sites)[rows].max(initial=0) == known


def test_five_villages_on_a_road():
    pupils = [1, 2, 3, 4, 5]
    assert siting.max_coverage(LINE, pupils, 1, 1).objective == 12.0  # the limit is inclusive
    assert siting.max_coverage(LINE, pupils, 1, 0.999).objective == 5.0
    assert siting.max_coverage(LINE, pupils, 1, 1, fixed=[0]).objective == 15.0
    assert siting.set_cover(LINE, pupils, 1).objective == 2.0
    assert siting.set_cover(LINE, pupils, 0.999).objective == 5.0
    assert siting.set_cover(LINE, pupils, 1, 0.8).objective == 1.0
    assert siting.set_cover(LINE, pupils, 1, fixed=[1, 3]).sites == ()
    center = siting.p_center(LINE, [1, 0, 0, 0, 1000], 1)
    assert (center.sites, center.objective) == ((2,), 2.0)


def test_cells_beyond_the_limit_of_every_site_make_all_impossible_and_are_named():
    costs, pupils = [[1.0, 9.0], [7.0, 8.0], [INF, INF]], [3, 4, 5]
    answer = siting.set_cover(costs, pupils, 2)
    assert (answer.status, answer.sites, answer.unreachable) == ("infeasible", (), (2,))
    said = [str(words) for words in answer.explanation]
    assert "Cell 1 (4 pupils) is beyond the limit of every site: its nearest site 0 costs 7." in said
    assert any(
        words.startswith("Only 3 of the 7 pupils in reach are within the limit of some site, 7 are") for words in said
    )


def test_share_is_of_all_pupils_in_reach():
    costs, pupils = [[1.0, 9.0], [7.0, 8.0], [9.0, 1.0], [INF, INF]], [3, 4, 3, 5]
    found = {share: siting.set_cover(costs, pupils, 2, share=share) for share in (0.3, 0.31, 0.6, 0.61)}
    assert [len(answer.sites) for answer in found.values()] == [1, 2, 2, 0]
    assert [answer.status for answer in found.values()] == ["optimal", "optimal", "optimal", "infeasible"]


def test_coverage_grows_with_the_limit():
    rng = np.random.default_rng(3)
    costs, pupils = rng.random((60, 15)), rng.integers(0, 9, 60)
    found = [siting.max_coverage(costs, pupils, 3, limit).objective for limit in np.linspace(0, 1, 8)]
    assert found == sorted(found)
    assert found[-1] == pupils.sum()


def test_runs_cut_short():
    rng = np.random.default_rng(5)
    points = rng.random((400, 2))
    costs = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    pupils = rng.integers(1, 9, 400)
    covering = siting.max_coverage(costs, pupils, 20, 0.07, time_limit_s=0)
    assert covering.status == "time_limit"
    assert covering.bound >= covering.objective > 0
    cover = siting.set_cover(costs, pupils, 0.08, time_limit_s=0)
    assert cover.status == "time_limit"
    assert cover.bound <= cover.objective
    center = siting.p_center(costs, pupils, 20, time_limit_s=0)
    assert center.status == "time_limit"
    assert center.bound <= center.objective
    for model in (siting.p_center, siting.p_median):
        assert model(costs, pupils, 20, cancel=lambda: True).status == "cancelled"


def test_edges():
    assert siting.max_coverage(LINE, [0] * 5, 2, 1).objective == 0.0
    assert siting.set_cover(LINE, [0] * 5, 1).sites == ()
    assert siting.p_center(LINE, [0] * 5, 0).objective == 0.0
    assert siting.p_center(LINE, [1] * 5, 0, fixed=range(5)).objective == 0.0
    assert siting.max_coverage(LINE, [1] * 5, 0, 1, fixed=[0]).objective == 2.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: siting.max_coverage(LINE, [1] * 5, 1, np.nan), "limit: must be 0 or more"),
        (lambda: siting.max_coverage(LINE, [1] * 5, 6, 1), "only 5 candidates"),
        (lambda: siting.set_cover(LINE, [1] * 5, 1, 1.5), "share: must be from 0 to 1"),
        (lambda: siting.set_cover(LINE, [1] * 5, -1), "limit: must be 0 or more"),
        (lambda: siting.p_center(LINE, [1] * 5, 1, fixed=[9]), "9 is not a column"),
    ],
)
def test_errors(call, words):
    with pytest.raises(PlanningError, match=words):
        call()

"""Sizes, largest and least schools, locked and blocked closures against a plain model in HiGHS; time limits; real data."""

from __future__ import annotations

import numpy as np
import pytest
from plain_layout import by_plain_model, price_by_hand, random_case

from planning import siting
from planning.errors import PlanningError, msg
from planning.siting import SizeOption, size_classes
from planning.siting.seats import layout

INF = np.inf
N_CASES = 200


@pytest.mark.parametrize("whole_search", [False, True])
def test_every_feature_equals_a_plain_model(whole_search, monkeypatch):
    if whole_search:  # whole rows by prices and search, however small
        monkeypatch.setattr(layout, "_TINY", 0)
    n_answers = 0
    for seed in range(N_CASES // 4 if whole_search else N_CASES):
        case = random_case(np.random.default_rng(seed))
        if whole_search and not case["single_source"]:
            continue
        known = by_plain_model(case)
        answer = siting.capacitated(**case)
        if known is None:
            assert answer.status == "infeasible", seed
            assert answer.explanation
            continue
        n_answers += 1
        assert answer.status == "optimal", seed
        assert answer.objective == pytest.approx(known, abs=1e-6), seed
        assert answer.objective == pytest.approx(price_by_hand(answer, case), abs=1e-6), seed
        assert answer.bound <= answer.objective
        assert not set(answer.closed) & (set(case["locked"]) | set(case["blocked"]))
        assert [site for site, _ in answer.blocked] == sorted(case["blocked"])
    assert n_answers > N_CASES / 40


def county(n_cells=6000, n_sites=600, n_fixed=30, n_new=9):
    """A county large enough for the way with short lists: 25 % more seats than pupils once all are built."""
    rng = np.random.default_rng(5)
    cells, sites = rng.random((n_cells, 2)) * 40_000, rng.random((n_sites, 2)) * 40_000
    costs = np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)).astype(np.float32)
    pupils = rng.integers(0, 8, n_cells)
    return costs, pupils, np.ceil(pupils.sum() * 1.25 / (n_fixed + n_new)), list(range(n_fixed)), n_new


def test_a_county_is_laid_out_with_a_small_gap():
    costs, pupils, seats, fixed, n_new = county()
    answer = siting.capacitated(costs, pupils, seats, n_new, fixed=fixed, time_limit_s=10)
    assert 0 < answer.gap < 0.5
    assert answer.bound <= answer.objective
    flows = answer.allocation.flows
    assert (flows.sum(axis=0) <= seats).all()
    assert (flows.sum(axis=1) == pupils).all()
    assert len(answer.sites) <= n_new
    assert flows.multiply(costs).sum() == pytest.approx(answer.objective, rel=1e-9)
    none = siting.capacitated(costs, pupils, 10.0, n_new, fixed=fixed, time_limit_s=10)
    assert none.status == "infeasible"


def test_a_county_cut_short_says_so():
    costs, pupils, seats, fixed, n_new = county()
    answer = siting.capacitated(costs, pupils, seats, n_new, fixed=fixed, time_limit_s=0.01)
    assert answer.status == "time_limit"
    assert answer.bound <= answer.objective


def test_blocks_of_a_real_town_go_whole_to_ten_sites(shared_data):
    table = np.loadtxt(shared_data / "siting" / "sjc" / "SJC1.dat", skiprows=1)
    place, seats, size = table[:, :2], table[:, 2], table[:, 3]
    costs = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) / size[:, None]
    answer = siting.capacitated(costs, size, seats, 10, p_min=10, single_source=True, time_limit_s=12)
    assert 17288.98 <= answer.objective <= 17288.99 * 1.05
    assert answer.bound <= 17289.0


def test_a_public_instance_is_proven(shared_data):
    numbers = np.array((shared_data / "siting" / "pmedcap" / "pmedcap01.txt").read_text().split(), dtype=float)
    best, p, room, rows = numbers[1], int(numbers[3]), numbers[4], numbers[5:].reshape(50, 4)
    costs = np.floor(np.hypot(*(rows[:, None, 1:3] - rows[None, :, 1:3]).transpose(2, 0, 1))) / rows[:, 3:]
    answer = siting.capacitated(costs, rows[:, 3], room, p, p_min=p, single_source=True, time_limit_s=30)
    assert answer.objective == pytest.approx(best)
    assert answer.bound <= best + 1e-6


def test_a_merger_names_who_receives():
    costs = [[1.0, 4.0, 9.0], [2.0, 3.0, 1.0], [5.0, 1.0, 8.0]]
    answer = siting.capacitated(
        costs, [10, 4, 7], [30, 30, 30], p=0, running_cost=[0, 0, 100], fixed=[0, 1, 2], closable=[2]
    )
    assert answer.closed == (2,)
    assert answer.moves == ((2, 0, 4),)
    assert answer.blocked == ()


def test_a_blocked_closure_is_listed_with_its_clause_and_what_it_would_save():
    clause = msg("No school may be closed before its receivers have the seats.")
    arguments = {"p": 0, "running_cost": [0, 100], "fixed": [0, 1], "closable": [1]}
    answer = siting.capacitated([[1.0, 9.0], [4.0, 1.0]], [5, 6], 20, blocked={1: clause}, **arguments)
    assert (answer.closed, answer.blocked) == ((), ((1, clause),))
    assert [str(words) for words in answer.explanation] == [
        "Closing site 1 would save about 82 (an estimate), but is blocked: "
        "No school may be closed before its receivers have the seats."
    ]
    free = siting.capacitated([[1.0, 9.0], [4.0, 1.0]], [5, 6], 20, **arguments)
    assert free.objective == answer.objective - 82


def test_a_school_is_enlarged_only_where_that_pays():
    costs, pupils = [[1.0, 10.0]], [30]
    larger = [SizeOption(0, 30, build_cost=50, spend=5)]
    arguments = {"seats": [20, 30], "fixed": [0, 1], "p": 0, "options": larger}
    assert siting.capacitated(costs, pupils, **arguments).sizes == ((0, 0),)
    assert siting.capacitated(costs, pupils, **arguments, budget=4).sizes == ()
    dear = {**arguments, "options": [SizeOption(0, 30, build_cost=91)]}
    assert siting.capacitated(costs, pupils, **dear).sizes == ()


def test_size_classes():
    made = size_classes([3, 5], [12, 6], 45, build_per_seat=2.0, running_per_class=10.0, present_seats=[0, 270])
    assert [(size.site, size.seats, size.build_cost, size.running_cost) for size in made] == [
        (3, 270.0, 540.0, 60.0),
        (3, 540.0, 1080.0, 120.0),
        (5, 540.0, 540.0, 120.0),
    ]
    with pytest.raises(PlanningError, match="present_seats"):
        size_classes([1], [6], 45, present_seats=[1, 2])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"locked": [1]}, "locked: site 1 is not open"),
        ({"blocked": {1: msg("No.")}}, "blocked: site 1 is not open"),
        ({"options": [SizeOption(2, 5)]}, "options: 2 is not a column"),
        ({"options": [SizeOption(1, -5)]}, "options: seats"),
        ({"options": [SizeOption(1, 5, spend=INF)]}, "options: spend"),
        ({"max_pupils": -1}, "max_pupils"),
    ],
)
def test_errors(change, words):
    arguments = {"costs": [[1.0, 2.0]], "pupils": [1], "seats": 5, "fixed": [0], **change}
    with pytest.raises(PlanningError, match=words):
        siting.capacitated(**arguments)

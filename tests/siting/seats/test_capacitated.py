"""Capacitated siting and boarding against plain CP-SAT models and hand-worked cases."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from siting_oracles import boarding_by_cpsat, capacitated_by_cpsat

from planning import siting
from planning.access.allocation import allocate
from planning.errors import PlanningError
from planning.siting.seats import layout, sets

INF = np.inf
seeds = st.integers(0, 2**32)


def random_case(rng):
    n_cells, n = int(rng.integers(1, 9)), int(rng.integers(1, 7))
    costs = rng.integers(0, 30, (n_cells, n)).astype(float)
    costs[rng.random(costs.shape) < 0.25] = INF
    seats = rng.integers(0, 12, n).astype(float)
    seats[rng.random(n) < 0.2] = INF
    n_fixed = int(rng.integers(0, n))
    fixed = rng.choice(n, n_fixed, replace=False).tolist()
    p = int(rng.integers(0, n - n_fixed + 1))

    def maybe(chance, value):
        return value if rng.random() < chance else None

    options = {
        "p": maybe(0.7, p),
        "p_min": maybe(0.3, int(rng.integers(0, p + 1))),
        "running": maybe(0.7, rng.integers(0, 40, n)),
        "build": maybe(0.7, rng.integers(0, 40, n)),
        "spend": rng.integers(0, 10, n),
        "budget": maybe(0.4, int(rng.integers(0, 25))),
        "fixed": fixed,
        "closable": [j for j in fixed if rng.random() < 0.5],
        "min_pupils": maybe(0.4, int(rng.integers(1, 5))),
        "single_source": bool(rng.random() < 0.35),
        "unserved_cost": maybe(0.4, int(rng.integers(0, 40))),
    }
    return costs, rng.integers(0, 6, n_cells), seats, options


def ours(options):
    renamed = {"build": "build_cost", "running": "running_cost"}
    return {renamed.get(name, name): value for name, value in options.items()}


def recomputed(answer, costs, n, options):
    flows = answer.allocation.flows.toarray()
    total = float((flows * np.where(np.isfinite(costs), costs, 0)).sum())
    opened = (set(options["fixed"]) - set(answer.closed)) | set(answer.sites)
    if options["running"] is not None:
        total += sum(int(options["running"][j]) for j in opened)
    if options["build"] is not None:
        total += sum(int(options["build"][j]) for j in answer.sites)
    unserved = answer.allocation.unserved[np.isfinite(costs).any(axis=1)].sum()
    return total + float(unserved) * (options["unserved_cost"] or 0)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_equals_a_plain_model(seed):
    rng = np.random.default_rng(seed)
    costs, pupils, seats, options = random_case(rng)
    known = capacitated_by_cpsat(costs, pupils, seats, **options)
    answer = siting.capacitated(costs, pupils, seats, **ours(options))
    if known is None:
        assert answer.status == "infeasible"
        assert answer.explanation
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, abs=1e-6)
    assert answer.objective == pytest.approx(recomputed(answer, costs, seats.size, options), abs=1e-9)
    assert answer.bound <= answer.objective
    flows = answer.allocation.flows.toarray()
    assert (flows.sum(axis=0) <= seats).all()
    assert (flows.sum(axis=1) + answer.allocation.unserved == pupils).all()
    assert not flows[~np.isfinite(costs)].any()
    if options["single_source"]:
        assert ((flows > 0).sum(axis=1) <= 1).all()
    if options["min_pupils"] is not None:
        free = (set(options["closable"]) - set(answer.closed)) | set(answer.sites)
        assert all(flows[:, j].sum() >= options["min_pupils"] for j in free)
    rows, columns = rng.permutation(costs.shape[0]), rng.permutation(costs.shape[1])
    place = np.argsort(columns)
    moved = dict(options)
    for name in ("running", "build", "spend"):
        moved[name] = None if options[name] is None else options[name][columns]
    for name in ("fixed", "closable"):
        moved[name] = [int(place[j]) for j in options[name]]
    again = siting.capacitated(costs[np.ix_(rows, columns)], pupils[rows], seats[columns], **ours(moved))
    assert again.objective == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("listed", [0, 400_000])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_sets_of_sites_prove_what_a_plain_model_proves(monkeypatch, listed, seed):
    monkeypatch.setattr(layout, "_SMALL", -1)
    monkeypatch.setattr(layout, "_prove", lambda *args: pytest.fail("the sets left something open"))
    monkeypatch.setattr(sets, "_LISTED", listed)
    rng = np.random.default_rng(seed)
    costs, pupils, seats, options = random_case(rng)
    options |= {"single_source": False, "min_pupils": None}
    known = capacitated_by_cpsat(costs, pupils, seats, **options)
    answer = siting.capacitated(costs, pupils, seats, **ours(options))
    if known is None:
        assert answer.status == "infeasible"
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, abs=1e-6)
    assert answer.objective == pytest.approx(recomputed(answer, costs, seats.size, options), abs=1e-9)
    assert known - 1e-6 <= answer.bound <= answer.objective


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_boarding_equals_a_plain_model(seed):
    rng = np.random.default_rng(seed)
    n_cells, n = int(rng.integers(1, 7)), int(rng.integers(1, 7))
    day = rng.integers(0, 30, (2, n_cells, n)).astype(float)
    day[rng.random(day.shape) < 0.5] = INF
    week = rng.integers(0, 60, (2, n_cells, n)).astype(float)
    week[rng.random(week.shape) < 0.3] = INF
    pupils = rng.integers(0, 5, (2, n_cells))
    seats, beds = rng.integers(4, 25, n).astype(float), rng.integers(0, 8, n)
    n_fixed = int(rng.integers(0, n))
    fixed = rng.choice(n, n_fixed, replace=False).tolist()
    p = None if rng.random() < 0.2 else int(rng.integers(0, n - n_fixed + 1))
    may_board = np.array([False, True])
    known = boarding_by_cpsat(day, week, pupils, seats, beds, may_board, p, fixed)
    answer = siting.boarding(day, week, pupils, seats, beds, may_board, p, fixed)
    if known is None:
        assert answer.status == "infeasible"
        assert answer.explanation
        return
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(known, abs=1e-6)
    whole, sent = answer.allocation, answer.allocation.flows.toarray()
    flat_day, flat_week = day.reshape(-1, n), week.reshape(-1, n)
    by_day, by_week = whole.day.toarray(), whole.board.toarray()
    cost = 10 * (by_day * np.where(np.isfinite(flat_day), flat_day, 0)).sum()
    cost += 2 * (by_week * np.where(np.isfinite(flat_week), flat_week, 0)).sum()
    assert cost == pytest.approx(answer.objective)
    assert not by_week[:n_cells].any()
    assert (by_week.sum(axis=0) <= beds).all()
    assert (sent.sum(axis=0) <= seats).all()
    assert (sent.sum(axis=1) + whole.unserved == pupils.ravel()).all()
    assert not whole.unserved[[row for row in range(2 * n_cells) if row not in answer.unreachable]].any()
    if p is not None:
        assert len(answer.sites) == p


def test_closing_saves_its_running_cost():
    costs, pupils = [[1.0, 2.0], [2.0, 1.0]], [10, 10]
    arguments = {"seats": 30, "p": 0, "fixed": [0, 1], "closable": [0, 1]}
    assert siting.capacitated(costs, pupils, running_cost=9, **arguments).closed == ()
    merged = siting.capacitated(costs, pupils, running_cost=[11, 11.5], **arguments)
    assert (merged.closed, merged.objective) == ((1,), 41.0)


def test_a_school_too_small_is_closed_or_fed():
    costs, pupils = [[1.0, 5.0], [5.0, 1.0]], [10, 3]
    closed = siting.capacitated(costs, pupils, INF, p=0, fixed=[0, 1], closable=[1], min_pupils=4)
    assert (closed.closed, closed.objective) == (
        (),
        10 + 3 + 4,
    )  # one child is sent over: dearer than nothing, not than 15
    locked = siting.capacitated(costs, pupils, INF, p=0, fixed=[0, 1], min_pupils=4)
    assert locked.objective == 13.0  # a site that may not be closed is exempt


def test_no_seat_is_named():
    answer = siting.capacitated([[1.0, INF], [1.0, 2.0]], [5, 4], [3, 4], p=2)
    assert answer.status == "infeasible"
    words = [str(sentence) for sentence in answer.explanation]
    assert words[0].startswith("2 pupils find no seat, whichever sites are chosen.")
    assert "Cell 0: 2 of 5 pupils find no seat; only sites 0 reach it, with 3 seats in all." in words
    priced = siting.capacitated([[1.0, INF], [1.0, 2.0]], [5, 4], [3, 4], p=2, unserved_cost=100)
    assert (priced.objective, priced.allocation.unserved.tolist()) == (3 + 8 + 200, [2, 0])
    nothing = siting.capacitated([[1.0]], [2], 5, p_min=1, min_pupils=3)
    assert nothing.status == "infeasible"


def test_a_band_that_may_not_board_is_named():
    day = np.array([[[INF, INF], [1.0, 2.0]], [[INF, INF], [1.0, 2.0]]])
    week = np.full((2, 2, 2), 5.0)
    answer = siting.boarding(day, week, [[3, 1], [4, 1]], 50, [9, 0], [False, True], p=1)
    assert (answer.status, answer.sites, answer.unreachable) == ("optimal", (0,), (0,))
    assert "cell 0, grade band 0: 3 pupils" in str(answer.explanation[0])
    assert answer.allocation.board.toarray()[2].tolist() == [4, 0]
    no_beds = siting.boarding(day, week, [[3, 1], [4, 1]], 50, [2, 0], [False, True], p=1)
    assert no_beds.status == "infeasible"
    assert "Cell 0, grade band 1: 2 of 4 pupils find no place" in str(no_beds.explanation[-1])


def county(n_cells=900, n_sites=60, n_fixed=12):
    rng = np.random.default_rng(8)
    cells = rng.random((n_cells, 2)) * 20000
    sites = cells[rng.choice(n_cells, n_sites, replace=False)]
    costs = np.round(np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)))
    pupils = rng.integers(1, 9, n_cells)
    seats = np.full(n_sites, np.ceil(pupils.sum() * 1.2 / (n_fixed + 6)))
    return costs, pupils, seats, list(range(n_fixed))


def test_a_large_question_has_an_honest_bound():
    costs, pupils, seats, fixed = county()
    answer = siting.capacitated(costs, pupils, seats, 6, fixed=fixed, time_limit_s=4)
    assert answer.status in {"optimal", "time_limit"}
    assert 0.8 * answer.objective < answer.bound <= answer.objective
    assert (answer.status == "optimal") == (answer.gap <= 1e-6)
    flows = answer.allocation.flows.toarray()
    assert (flows.sum(axis=0) <= seats).all()
    assert flows.sum() == pupils.sum()
    assert float((flows * costs).sum()) == answer.objective


def test_two_new_schools_equal_the_best_of_all_pairs(monkeypatch):
    monkeypatch.setattr(layout, "_SMALL", 1000)
    costs, pupils, seats, fixed = county(400, 26, 8)
    seats[3] = INF
    answer = siting.capacitated(costs, pupils, seats, 2, fixed=fixed)
    all_pairs = [
        allocate(costs[:, [*fixed, *pair]], pupils, seats[[*fixed, *pair]]).cost
        for pair in combinations(range(8, 26), 2)
    ]
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(min(all_pairs))
    assert answer.bound <= min(all_pairs) + 1e-6


def test_a_large_question_without_seats_is_infeasible():
    costs, pupils, _, fixed = county()
    answer = siting.capacitated(costs, pupils, 50, 6, fixed=fixed)
    assert answer.status == "infeasible"
    assert f"{pupils.sum() - 18 * 50} pupils find no seat" in str(answer.explanation[0])


def test_a_run_cut_short_is_never_called_optimal():
    costs, pupils, seats, fixed = county()
    assert siting.capacitated(costs, pupils, seats, 6, fixed=fixed, time_limit_s=0.1).status == "time_limit"
    assert siting.capacitated(costs, pupils, seats, 6, fixed=fixed, cancel=lambda: True).status == "cancelled"
    none = siting.capacitated(costs[:50, :12], pupils[:50], 200, 3, time_limit_s=0)
    assert (none.status, none.objective, none.bound <= 0) == ("time_limit", INF, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"closable": [1]}, "site 1 is not open"),
        ({"seats": [1.0, np.nan]}, "site 1 has nan"),
        ({"seats": [1.0, 2.0, 3.0]}, "there are 2 sites"),
        ({"pupils": [0.5]}, "cell 0 has 0.5"),
        ({"p": 1, "p_min": 2, "fixed": []}, "more than p"),
        ({"build_cost": INF}, "site 0 has inf"),
        ({"budget": -1}, "budget: must be 0 or more"),
        ({"unserved_cost": np.nan}, "unserved_cost"),
    ],
)
def test_errors(change, words):
    arguments = {"costs": [[1.0, 2.0]], "pupils": [1], "seats": 5, "fixed": [0], **change}
    with pytest.raises(PlanningError, match=words):
        siting.capacitated(**arguments)


def test_boarding_errors():
    day = np.ones((2, 3, 2))
    with pytest.raises(PlanningError, match="may_board"):
        siting.boarding(day, day, np.ones((2, 3)), 9, 9, [True])
    with pytest.raises(PlanningError, match="must have the bands"):
        siting.boarding(day, day[:1], np.ones((2, 3)), 9, 9, [True, False])
    with pytest.raises(PlanningError, match="pupils_by_band"):
        siting.boarding(day, day, np.ones((3, 2)), 9, 9, [True, False])

"""Boarding against a plain HiGHS model, hand-worked cases, and what must be conserved."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from plain_highs import boarding_by_highs

from planning import siting
from planning.errors import PlanningError
from planning.siting.beds import benders

INF = np.inf


def random_case(seed):
    rng = np.random.default_rng(seed)
    n_bands, n_cells, n = int(rng.integers(1, 4)), int(rng.integers(1, 7)), int(rng.integers(1, 7))
    day = rng.integers(0, 30, (n_bands, n_cells, n)).astype(float)
    day[rng.random(day.shape) < 0.5] = INF
    week = rng.integers(0, 60, (n_bands, n_cells, n)).astype(float)
    week[rng.random(week.shape) < 0.3] = INF
    pupils = rng.integers(0, 5, (n_bands, n_cells))
    seats, beds = rng.integers(4, 25, n).astype(float), rng.integers(0, 9, n).astype(float)
    seats[rng.random(n) < 0.2] = INF
    beds[rng.random(n) < 0.2] = INF
    n_fixed = int(rng.integers(0, n))
    fixed = rng.choice(n, n_fixed, replace=False).tolist()
    p = None if rng.random() < 0.3 else int(rng.integers(0, n - n_fixed + 1))
    may_board = rng.random(n_bands) < 0.7
    options = {}
    if rng.random() < 0.6:
        options["closable"] = [j for j in fixed if rng.random() < 0.6]
    if rng.random() < 0.6:
        options["build"] = rng.integers(0, 200, n)
    if rng.random() < 0.6:
        options["running"] = rng.integers(0, 150, n)
    if rng.random() < 0.4:
        options["bed_cost"] = rng.integers(0, 90, n)
    if rng.random() < 0.4:
        options["min_pupils"] = int(rng.integers(1, 6))
    if rng.random() < 0.3:
        options["trips"] = (8, 1)
    return (day, week, pupils, seats, beds, may_board, p, fixed), options


def asked(case, options):
    names = {"build": "build_cost", "running": "running_cost"}
    given = {names.get(name, name): value for name, value in options.items() if name != "trips"}
    day_trips, week_trips = options.get("trips", (10, 2))
    return siting.boarding(*case, **given, day_trips=day_trips, week_trips=week_trips)


def recomputed(answer, case, options):
    day, week, *_, fixed = case
    n = day.shape[2]
    by_day, by_week = answer.allocation.day.toarray(), answer.allocation.board.toarray()
    flat_day, flat_week = day.reshape(-1, n), week.reshape(-1, n)
    trips = options.get("trips", (10, 2))
    total = trips[0] * (by_day * np.where(np.isfinite(flat_day), flat_day, 0)).sum()
    total += trips[1] * (by_week * np.where(np.isfinite(flat_week), flat_week, 0)).sum()
    if "bed_cost" in options:
        total += by_week.sum(axis=0) @ options["bed_cost"]
    opened = (set(fixed) - set(answer.closed)) | set(answer.sites)
    if "running" in options:
        total += sum(options["running"][j] for j in opened)
    if "build" in options:
        total += sum(options["build"][j] for j in answer.sites)
    return float(total)


def keeps_the_rules(answer, case, options):
    day, week, pupils, seats, beds, may_board, p, fixed = case
    n_bands, n_cells, n = day.shape
    by_day, by_week = answer.allocation.day.toarray(), answer.allocation.board.toarray()
    sent = answer.allocation.flows.toarray()
    assert (by_day >= 0).all()
    assert (by_week >= 0).all()
    assert not by_day[~np.isfinite(day.reshape(-1, n))].any()
    assert not by_week[~np.isfinite(week.reshape(-1, n))].any()
    assert not by_week[np.repeat(~may_board, n_cells)].any()
    assert (by_week.sum(axis=0) <= beds).all()
    assert (sent.sum(axis=0) <= seats).all()
    assert (sent.sum(axis=1) + answer.allocation.unserved == pupils.ravel()).all()
    served = np.ones(n_bands * n_cells, dtype=bool)
    served[list(answer.unreachable)] = False
    assert not answer.allocation.unserved[served].any()
    opened = (set(fixed) - set(answer.closed)) | set(answer.sites)
    assert not sent[:, [j for j in range(n) if j not in opened]].any()
    assert set(answer.closed) <= set(options.get("closable", ()))
    if p is not None:
        assert len(answer.sites) == p
    for j in (*answer.sites, *(set(options.get("closable", ())) - set(answer.closed))):
        assert sent[:, j].sum() >= options.get("min_pupils", 0)


@pytest.mark.parametrize(("small", "n_cases"), [(6000, 200), (-1, 80)], ids=["one model", "cuts"])
def test_random_cases_equal_a_plain_model(monkeypatch, small, n_cases):
    monkeypatch.setattr(sys.modules["planning.siting.beds.boarding"], "_SMALL", small)  # the name is the function, too
    monkeypatch.setattr(benders, "_ROUNDS", 12)
    monkeypatch.setattr(benders, "_OFFER_EVERY", 5)
    n_answers = 0
    for seed in range(n_cases):
        case, options = random_case(seed)
        known = boarding_by_highs(*case, **options)
        answer = asked(case, options)
        if known is None:
            assert answer.status == "infeasible", seed
            assert answer.explanation
            continue
        n_answers += 1
        assert answer.status == "optimal", seed
        assert answer.objective == pytest.approx(known, abs=1e-6), seed
        assert answer.bound <= answer.objective
        assert answer.objective == pytest.approx(recomputed(answer, case, options), abs=1e-9)
        keeps_the_rules(answer, case, options)
    assert 0.3 * n_cases < n_answers < 0.95 * n_cases  # both kinds are tried


def test_boarding_and_day_by_hand():
    # 5 km off: 10 x 5 by day or 2 x 8 on Sundays and Fridays; two beds only
    answer = siting.boarding([[[5.0]]], [[[8.0]]], [[3]], 9, 2, [True], fixed=[0])
    assert (answer.objective, answer.status) == (2 * 16 + 50, "optimal")
    assert answer.allocation.board.toarray().tolist() == [[2]]
    dearer = siting.boarding([[[5.0]]], [[[8.0]]], [[3]], 9, 2, [True], fixed=[0], bed_cost=34)
    assert (dearer.objective, dearer.allocation.board.nnz) == (150.0, 0)  # as dear as every day: no bed is needed
    rare = siting.boarding([[[5.0]]], [[[8.0]]], [[3]], 9, 2, [True], fixed=[0], day_trips=3, week_trips=2)
    assert rare.objective == 45.0


def test_a_boarder_needs_a_seat_as_well():
    day, week = [[[1.0, INF]], [[INF, INF]]], [[[INF, INF]], [[4.0, 6.0]]]
    answer = siting.boarding(day, week, [[3], [3]], [4, 9], [5, 5], [False, True], fixed=[0, 1])
    assert answer.objective == 30 + 8 + 2 * 12
    assert answer.allocation.flows.toarray().sum(axis=0).tolist() == [4, 2]


def test_closing_saves_its_running_cost_and_least_sizes_hold():
    day = [[[1.0, 2.0], [2.0, 1.0]]]
    far = [[[INF, INF], [INF, INF]]]
    given = {"seats": 30, "beds": 0, "may_board": [True], "p": 0, "fixed": [0, 1]}
    kept = siting.boarding(day, far, [[10, 10]], closable=[0, 1], running_cost=99, **given)
    assert (kept.closed, kept.objective) == ((), 200 + 198)
    merged = siting.boarding(day, far, [[10, 10]], closable=[0, 1], running_cost=[110, 115], **given)
    assert (merged.closed, merged.objective) == ((1,), 300 + 110)
    assert siting.boarding(day, far, [[10, 10]], closable=[0, 1], **given).closed == ()  # closing saves nothing
    fed = siting.boarding(day, far, [[10, 3]], closable=[1], min_pupils=4, **given)
    assert (fed.closed, fed.objective) == ((), 130 + 10)
    locked = siting.boarding(day, far, [[10, 3]], min_pupils=4, **given)
    assert locked.objective == 130.0


def test_shuffled_inputs_give_the_same_answer():
    for seed in range(12):
        (day, week, pupils, seats, beds, may_board, p, fixed), options = random_case(seed)
        rng = np.random.default_rng(seed)
        columns, rows = rng.permutation(day.shape[2]), rng.permutation(day.shape[1])
        place = np.argsort(columns)
        moved = {name: value[columns] if isinstance(value, np.ndarray) else value for name, value in options.items()}
        if "closable" in moved:
            moved["closable"] = [int(place[j]) for j in options["closable"]]
        one = asked((day, week, pupils, seats, beds, may_board, p, fixed), options)
        other = asked(
            (
                day[:, rows][:, :, columns], week[:, rows][:, :, columns], pupils[:, rows], seats[columns], beds[columns],
                may_board, p, [int(place[j]) for j in fixed],
            ),
            moved,
        )  # fmt: skip
        assert one.status == other.status
        assert one.objective == pytest.approx(other.objective, nan_ok=True)


def county(n_cells=700, n_sites=14, n_fixed=5):
    rng = np.random.default_rng(3)
    cells, sites = rng.random((n_cells, 2)) * 40, rng.random((n_sites, 2)) * 40
    km = np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1))
    day = np.where(km <= 5, km * 12, INF)
    pupils = rng.integers(0, 6, (2, n_cells))
    pupils[0, ~np.isfinite(day[:, :n_fixed]).any(axis=1)] = 0
    beds = np.full(n_sites, np.ceil(pupils[1].sum() / 6))
    return ([day, day], [km * 2, km * 2], pupils, 2 * beds, beds, [False, True]), {"p": 4, "fixed": range(n_fixed)}


def test_a_large_question_is_proven_and_the_same_in_one_model(monkeypatch):
    arguments, options = county()
    answer = siting.boarding(*arguments, **options)
    assert answer.status == "optimal"
    assert answer.bound <= answer.objective
    by_day, by_week = answer.allocation.day, answer.allocation.board
    day, week = (np.concatenate(costs) for costs in arguments[:2])
    total = 10 * (by_day.toarray() * np.where(np.isfinite(day), day, 0)).sum() + 2 * (by_week.toarray() * week).sum()
    assert answer.objective == pytest.approx(total)
    assert answer.allocation.flows.sum() == arguments[2].sum()
    monkeypatch.setattr(sys.modules["planning.siting.beds.boarding"], "_SMALL", 10**9)
    assert siting.boarding(*arguments, **options).objective == pytest.approx(answer.objective, rel=1e-6)


def test_a_run_cut_short_is_never_called_optimal():
    arguments, options = county(3000)
    for seconds in (0.02, 0.2, 0.8):  # a quick machine may be done by the last of them
        stopped = siting.boarding(*arguments, **options, time_limit_s=seconds)
        assert stopped.bound <= stopped.objective
        assert (stopped.status == "optimal") == (stopped.gap <= 1e-6)
        assert stopped.status in {"optimal", "time_limit"}
    none = siting.boarding(*arguments, **options, time_limit_s=0)
    assert (none.status, none.sites, none.objective) == ("time_limit", (), INF)
    assert siting.boarding(*arguments, **options, cancel=lambda: True).status == "cancelled"


def test_too_few_beds_in_a_large_question_are_named():
    (day, week, pupils, seats, beds, may_board), options = county()
    answer = siting.boarding(day, week, pupils, seats, beds / 4, may_board, **options)
    assert answer.status == "infeasible"
    assert answer.explanation


def test_nobody_and_one_band():
    nobody = siting.boarding([[[1.0]]], [[[1.0]]], [[0]], 1, 1, [True], fixed=[0])
    assert (nobody.status, nobody.objective, nobody.sites) == ("optimal", 0.0, ())
    alone = siting.boarding([[[INF]]], [[[INF]]], [[4]], 1, 1, [True], fixed=[0])
    assert (alone.status, alone.objective, alone.unreachable) == ("optimal", 0.0, (0,))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"closable": [1]}, "site 1 is not open"),
        ({"may_board": [1]}, "may_board: must be true or false"),
        ({"bed_cost": -1}, "bed_cost: must be 0 or more"),
        ({"day_trips": np.nan}, "day_trips: must be 0 or more"),
        ({"costs_week": np.ones((1, 2, 2))}, "must have the bands"),
        ({"costs_day": [np.ones((1, 2)), np.ones((2, 2))]}, "the same cells and sites"),
        ({"costs_day": np.ones(2)}, "must be a table of numbers"),
        ({"pupils_by_band": [[0.5]]}, "whole numbers"),
        ({"beds": [1.0]}, "there are 2 sites"),
    ],
)
def test_errors(change, words):
    arguments = {
        "costs_day": np.ones((1, 1, 2)), "costs_week": np.ones((1, 1, 2)), "pupils_by_band": [[1]], "seats": 5, "beds": 5,
        "may_board": [True], "fixed": [0], **change,
    }  # fmt: skip
    with pytest.raises(PlanningError, match=words):
        siting.boarding(**arguments)

"""Boarding against a plain HiGHS model, hand-worked cases, and what must be conserved."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from plain_highs import boarding_by_highs

from planning import siting
from planning.errors import PlanningError
from planning.siting import benders

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
    monkeypatch.setattr(sys.modules["planning.siting.boarding"], "_SMALL", small)  # the name is the function, too
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

"""Plans by year against a plain HiGHS model, hand-worked plans, and what must be conserved."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from plain_highs import phases_by_highs

from planning import siting
from planning.errors import PlanningError
from planning.siting import benders

INF = np.inf


def random_case(seed):
    rng = np.random.default_rng(seed)
    n_years, n_cells, n = int(rng.integers(1, 4)), int(rng.integers(1, 6)), int(rng.integers(1, 6))
    costs = rng.integers(0, 30, (n_cells, n)).astype(float)
    costs[rng.random(costs.shape) < 0.2] = INF
    pupils = rng.integers(0, 7, (n_years, n_cells))
    seats = rng.integers(4, 25, n).astype(float)
    seats[rng.random(n) < 0.3] = INF
    n_fixed = int(rng.integers(0, n + 1))
    fixed = rng.choice(n, n_fixed, replace=False).tolist()
    options = {
        "build": rng.integers(0, 80, n),
        "running": rng.integers(0, 60, n),
        "spend": rng.integers(0, 10, n),
        "fixed": fixed,
        "closable": [j for j in fixed if rng.random() < 0.7],
    }
    if rng.random() < 0.4:
        options["budget"] = rng.integers(0, 15, n_years)
        options["carry_over"] = bool(rng.random() < 0.5)
    if rng.random() < 0.4:
        options["p"] = rng.integers(0, 3, n_years)
    if rng.random() < 0.3:
        options["min_pupils"] = int(rng.integers(1, 5))
    if rng.random() < 0.3:
        options["build_before_close"] = False
    return costs, pupils, seats, options, (0.05 if rng.random() < 0.5 else 0.0)


def asked(costs, pupils, seats, options, rate, **more):
    names = {"build": "build_cost", "running": "running_cost", "p": "p_by_year", "budget": "budget_by_year"}
    given = {names.get(name, name): value for name, value in options.items()}
    years = 2026 + 2 * np.arange(len(pupils))
    return siting.phases(costs, pupils, seats, years=years, discount=rate, **given, **more)


def keeps_the_rules(plan, costs, pupils, seats, options):
    before = set(options["fixed"])
    left, spent = 0.0, 0.0
    for t, year in enumerate(plan.years):
        assert set(year.sites) == (before - set(year.closed)) | set(year.opened)
        assert not set(year.opened) & set(options["fixed"])
        assert set(year.closed) <= set(options["closable"])
        flows = year.allocation.flows.toarray()
        assert (flows >= 0).all()
        assert not flows[~np.isfinite(costs)].any()
        assert not flows[:, [j for j in range(len(seats)) if j not in year.sites]].any()
        assert (flows.sum(axis=0) <= seats).all()
        assert (flows.sum(axis=1) + year.allocation.unserved == pupils[t]).all()
        assert not year.allocation.unserved[np.isfinite(costs).any(axis=1)].any()
        if "p" in options:
            assert len(year.opened) <= options["p"][t]
        if "budget" in options:
            spent = float(sum(options["spend"][j] for j in year.opened))
            left = float(options["budget"][t]) + (left if options["carry_over"] else 0.0) - spent
            assert left >= 0
        for j in set(year.sites) - (set(options["fixed"]) - set(options["closable"])):
            assert flows[:, j].sum() >= options.get("min_pupils", 0)
        before = set(year.sites)


def recomputed(plan, costs, options, rate):
    total = 0.0
    for year in plan.years:
        flows = year.allocation.flows.toarray()
        cost = (flows * np.where(np.isfinite(costs), costs, 0)).sum()
        cost += sum(options["running"][j] for j in year.sites) + sum(options["build"][j] for j in year.opened)
        total += cost / (1 + rate) ** (year.year - 2026)
    return float(total)


@pytest.mark.parametrize(("small", "n_cases"), [(5000, 200), (-1, 50)], ids=["one model", "cuts"])
def test_random_cases_equal_a_plain_model(monkeypatch, small, n_cases):
    monkeypatch.setattr(sys.modules["planning.siting.phases"], "_SMALL", small)  # the name is the function, too
    monkeypatch.setattr(benders, "_ROUNDS", 8)
    monkeypatch.setattr(benders, "_OFFER_EVERY", 4)
    n_answers = n_closing = 0
    for seed in range(n_cases):
        costs, pupils, seats, options, rate = random_case(seed)
        factor = (1 + rate) ** (-2.0 * np.arange(len(pupils)))
        known = phases_by_highs(costs, pupils, seats, factor=factor, **options)
        plan = asked(costs, pupils, seats, options, rate)
        if known is None:
            assert plan.status == "infeasible", seed
            assert plan.explanation
            continue
        n_answers += 1
        n_closing += any(year.closed for year in plan.years)
        assert plan.status == "optimal", seed
        assert plan.objective == pytest.approx(known, abs=1e-6), seed
        assert plan.bound <= plan.objective
        assert plan.objective == pytest.approx(recomputed(plan, costs, options, rate), abs=1e-9)
        keeps_the_rules(plan, costs, pupils, seats, options)
    assert 0.3 * n_cases < n_answers < 0.95 * n_cases  # both kinds are tried
    assert n_closing > 0.1 * n_cases

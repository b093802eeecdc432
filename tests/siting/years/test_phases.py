"""Plans by year against a plain HiGHS model, hand-worked plans, and what must be conserved."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from plain_highs import phases_by_highs

from planning import siting
from planning.errors import PlanningError
from planning.siting.beds import benders

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
    monkeypatch.setattr(sys.modules["planning.siting.years.phases"], "_SMALL", small)  # the name is the function, too
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


def test_build_before_close_by_hand():
    # One village, an old school of 10 km, a new one next door; the new one saves 9 x 10 a year and costs 50 to build.
    costs, pupils = [[10.0, 1.0]], [[10], [10], [10]]
    given = {"seats": 10, "fixed": [0], "closable": [0], "running_cost": [40, 5], "build_cost": 50}
    plan = siting.phases(costs, pupils, years=[2026, 2027, 2028], **given)
    assert [(year.opened, year.closed) for year in plan.years] == [((1,), ()), ((), (0,)), ((), ())]
    assert plan.objective == (10 + 45 + 50) + (10 + 5) + (10 + 5)
    at_once = siting.phases(costs, pupils, build_before_close=False, **given)
    assert (at_once.years[0].opened, at_once.years[0].closed) == ((1,), (0,))
    assert at_once.objective == 3 * 15 + 50
    table = plan.table()
    assert table.index.to_list() == [2026, 2027, 2028]
    assert table["n_sites"].to_list() == [2, 1, 1]
    assert table["build_cost"].to_list() == [50.0, 0.0, 0.0]
    assert table["seats"].to_list() == [20.0, 10.0, 10.0]


def test_a_new_school_may_serve_growth_while_an_old_one_waits():
    # The estate grows in the second year: its school opens then, and nothing may close in that year.
    costs, pupils = [[1.0, 1.0, 9.0], [9.0, 9.0, 1.0]], [[10, 0], [10, 10], [10, 10]]
    plan = siting.phases(
        costs,
        pupils,
        [10, 10, 10],
        fixed=[0, 1],
        closable=[1],
        running_cost=[0, 30, 0],
        build_cost=1,
        min_pupils=[0, 0, 1],
    )
    assert [(year.opened, year.closed) for year in plan.years] == [((), (1,)), ((2,), ()), ((), ())]


def test_a_budget_delays_and_what_is_left_carries_over():
    costs, pupils = [[9.0, 1.0]], [[10], [10]]
    given = {"seats": 20, "fixed": [0], "spend": [0, 8], "budget_by_year": [5, 5]}
    assert siting.phases(costs, pupils, **given).objective == 180.0
    saved = siting.phases(costs, pupils, carry_over=True, **given)
    assert ([year.opened for year in saved.years], saved.objective) == ([(), (1,)], 100.0)
    assert siting.phases(costs, pupils, seats=20, fixed=[0], p_by_year=[0, 1]).objective == 100.0


def test_later_costs_are_discounted():
    plan = siting.phases([[4.0]], [[10], [10]], 10, years=[2026, 2030], fixed=[0], discount=0.1)
    assert plan.objective == pytest.approx(40 + 40 / 1.1**4)
    assert [year.travel for year in plan.years] == [40.0, 40.0]


def test_reasons_name_the_year():
    plan = siting.phases([[1.0, INF], [2.0, INF]], [[3, 1], [4, 3]], [5, 0], years=[2026, 2027], fixed=[0])
    words = [str(sentence) for sentence in plan.explanation]
    assert (plan.status, plan.years) == ("infeasible", ())
    assert np.isnan(plan.gap)
    assert words[0].startswith("The year 2027 has no answer")
    assert len(words) > 1
    in_a_row = siting.phases([[1.0]], [[3], [9]], 10, p_by_year=[1, 0], min_pupils=4)
    assert in_a_row.status == "infeasible"  # opened for the first year it is too small then
    assert "not all in a row" in str(in_a_row.explanation[0])
    lonely = siting.phases([[1.0], [INF]], [[3, 2], [3, 5]], 10, fixed=[0])
    assert (lonely.status, lonely.unreachable) == ("optimal", (1,))
    assert "up to 5 pupils a year" in str(lonely.explanation[0])


def county(n_cells=300, n_sites=14):
    rng = np.random.default_rng(5)
    cells, sites = rng.random((n_cells, 2)) * 30, rng.random((n_sites, 2)) * 30
    costs = np.round(np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)), 1)
    base = rng.integers(1, 9, n_cells)
    pupils = np.stack([np.round(base * np.where(cells[:, 0] > 15, 1.2, 0.85) ** t).astype(int) for t in range(3)])
    options = {
        "seats": np.full(n_sites, np.ceil(pupils.max(axis=0).sum() / 6)),
        "fixed": range(8),
        "closable": range(8),
        "running_cost": rng.integers(200, 900, n_sites),
        "build_cost": 400,
        "spend": 1,
        "budget_by_year": [1, 1, 1],
    }
    return costs, pupils, options


def test_cuts_and_one_model_agree_at_middle_size(monkeypatch):
    costs, pupils, options = county(60, 9)
    found = []
    for small in (-1, 10**9):
        monkeypatch.setattr(sys.modules["planning.siting.years.phases"], "_SMALL", small)
        plan = siting.phases(costs, pupils, time_limit_s=30, **options)
        assert plan.bound <= plan.objective
        assert plan.gap < 0.01
        found.append(plan)
    assert max(plan.bound for plan in found) <= min(plan.objective for plan in found) * (1 + 1e-9)


def test_a_run_cut_short_is_never_called_optimal():
    costs, pupils, options = county()
    for seconds in (0.05, 0.5):  # a quick machine may be done by the last of them
        stopped = siting.phases(costs, pupils, time_limit_s=seconds, **options)
        assert stopped.bound <= stopped.objective
        assert (stopped.status == "optimal") == (stopped.gap <= 1e-6)
        assert stopped.status in {"optimal", "time_limit"}
    none = siting.phases(costs, pupils, time_limit_s=0, **options)
    assert (none.status, none.objective, none.years) == ("time_limit", INF, ())
    assert siting.phases(costs, pupils, cancel=lambda: True, **options).status == "cancelled"


def test_shuffled_inputs_give_the_same_plan():
    for seed in range(12):
        costs, pupils, seats, options, rate = random_case(seed)
        rng = np.random.default_rng(seed)
        columns, rows = rng.permutation(costs.shape[1]), rng.permutation(costs.shape[0])
        place = np.argsort(columns)
        moved = dict(options)
        for name in ("build", "running", "spend"):
            moved[name] = options[name][columns]
        for name in ("fixed", "closable"):
            moved[name] = [int(place[j]) for j in options[name]]
        one = asked(costs, pupils, seats, options, rate)
        other = asked(costs[np.ix_(rows, columns)], pupils[:, rows], seats[columns], moved, rate)
        assert one.status == other.status
        assert one.objective == pytest.approx(other.objective, nan_ok=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pupils_by_year": [1, 2]}, "pupils_by_year: must have one row of 2 cells"),
        ({"pupils_by_year": [[0.5, 1]]}, "whole numbers"),
        ({"years": [2027, 2026]}, "each later than the one before"),
        ({"budget_by_year": [1, 2, 3]}, "budget_by_year: must be one number"),
        ({"p_by_year": [0.5, 1]}, "p_by_year: must be a whole number"),
        ({"closable": [1]}, "site 1 is not open"),
        ({"discount": -0.1}, "discount: must be 0 or more"),
        ({"seats": np.nan}, "seats: must be 0 or more"),
    ],
)
def test_errors(change, words):
    arguments = {"costs": np.ones((2, 2)), "pupils_by_year": [[1, 2], [1, 2]], "seats": 9, "fixed": [0], **change}
    with pytest.raises(PlanningError, match=words):
        siting.phases(**arguments)

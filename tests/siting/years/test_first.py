"""The plan that a search begins with: by hand, within its money, and an answer where time is too short."""

import numpy as np
import pytest

from planning import siting
from planning.siting.years import phases as engine

#: One open site far away; the first candidate serves the many, the second the few, the third nobody better.
COSTS = np.array([[100.0, 10.0, 90.0, 100.0], [100.0, 90.0, 10.0, 100.0]])
PUPILS = [[5, 9], [20, 1]]


def begun(monkeypatch, **keys):
    """Give the first plan of a question that is searched by cuts."""
    found = []

    def kept(questions, rules):
        found.append(first(questions, rules))
        return found[-1]

    first = engine.first_plan
    monkeypatch.setattr(engine, "first_plan", kept)
    monkeypatch.setattr(engine, "_SMALL", 0)
    plan = siting.phases(COSTS, PUPILS, np.inf, fixed=[0], **keys)
    return found[0], plan


def test_what_saves_most_over_the_years_left_opens_first(monkeypatch):
    opened, plan = begun(monkeypatch, p_by_year=1)
    # site 1 saves 25 x 90 + 10 x 10, site 2 25 x 10 + 10 x 90
    assert opened.tolist() == [[True, True, False, False], [True, True, True, False]]
    assert plan.status == "optimal"
    # the search finds better: site 2 first, since the many come later
    assert plan.objective == pytest.approx(5 * 90 + 9 * 10 + 20 * 10 + 1 * 10)


def test_money_is_kept_and_carried_over(monkeypatch):
    opened, _ = begun(monkeypatch, spend=10, budget_by_year=[9, 11])
    assert opened.sum(axis=1).tolist() == [1, 2]
    opened, _ = begun(monkeypatch, spend=10, budget_by_year=[9, 11], carry_over=True)
    assert opened.sum(axis=1).tolist() == [1, 3]


def test_nothing_opens_that_costs_more_than_it_saves(monkeypatch):
    opened, plan = begun(monkeypatch, build_cost=10_000)
    assert not opened[:, 1:].any()
    assert plan.objective == pytest.approx(35 * 100)


def test_a_run_that_is_stopped_at_once_still_has_an_answer_and_a_bound():
    rng = np.random.default_rng(1)
    costs = rng.uniform(1, 100, (400, 40))
    pupils = rng.integers(1, 20, (3, 400))
    asked = []

    def cancel() -> bool:
        asked.append(True)
        return len(asked) > 1

    plan = siting.phases(costs, pupils, np.inf, fixed=[0], p_by_year=1, cancel=cancel)
    assert plan.status == "cancelled"
    assert len(plan.years) == 3
    proven = siting.phases(costs, pupils, np.inf, fixed=[0], p_by_year=1, time_limit_s=60)
    assert plan.bound <= proven.objective * (1 + 1e-9)
    assert proven.objective <= plan.objective * (1 + 1e-9)
    assert 0 < plan.gap < 1

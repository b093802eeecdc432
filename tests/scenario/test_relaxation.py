"""What would have to give: found in the engine's own reasons, and enough when it is asked."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from planning import siting
from planning.config import Question
from planning.scenario.naming import explained
from planning.scenario.relaxation import clashing_cells, relaxations

N = 12
ISLANDS = np.where(np.eye(N)[:, ::3] + np.eye(N, k=-1)[:, ::3] + np.eye(N, k=-2)[:, ::3] > 0, 5.0, np.inf)
"""Twelve places on four islands, one candidate on each, in reach of its own island only."""


def answer_of(proposal, **question):
    asked = Question(name="q", stage="primary", **question)
    county = SimpleNamespace(cells=pd.DataFrame({"name": "", "township": ""}, index=[f"c{i}" for i in range(N)]))
    named = SimpleNamespace(**{name: getattr(proposal, name) for name in ("status", "explanation")})
    if proposal.status == "infeasible":
        import planning.scenario.naming as naming

        places = naming.place_names
        try:
            naming.place_names = lambda county, cells: [f"place {cell}" for cell in cells]
            named = explained(proposal, county, cells=np.arange(N), bands=["primary_lower"] * N, sites=list("ABCD"))
        finally:
            naming.place_names = places
    return SimpleNamespace(proposal=named, question=asked)


def pupils():
    return np.full(N, 10)


@pytest.mark.parametrize("model", ["p_median", "p_center"])
def test_too_few_schools_more_of_them_are_offered(model):
    ask = getattr(siting, model)
    answer = answer_of(ask(ISLANDS, pupils(), 2, fixed=[0]), model=model, new=2)
    found = relaxations(answer)
    assert [one.question.new for one in found] == [3]
    assert "3 new schools" in str(found[0].words)
    assert ask(ISLANDS, pupils(), 3, fixed=[0]).status == "optimal"
    cells = clashing_cells(answer)
    assert cells
    assert set(cells) <= {f"c{i}" for i in range(3, N)}  # the first island has its school


def test_too_little_money_the_least_that_is_enough_is_offered():
    found = siting.capacitated(ISLANDS, pupils(), 30, spend=100.0, budget=250.0, fixed=[0], build_cost=1.0)
    answer = answer_of(found, model="capacitated", budget=250.0)
    offered = {one.question.budget for one in relaxations(answer)}
    assert offered == {300.0}
    assert (
        siting.capacitated(ISLANDS, pupils(), 30, spend=100.0, budget=300.0, fixed=[0], build_cost=1.0).status
        == "optimal"
    )


def test_an_answer_has_nothing_to_give_and_nobody_to_blame():
    answer = answer_of(siting.p_median(ISLANDS, pupils(), 3, fixed=[0]), model="p_median", new=3)
    assert relaxations(answer) == ()
    assert clashing_cells(answer) == ()


def test_cells_are_named_once_each():
    answer = answer_of(siting.p_median(ISLANDS, pupils(), 1, fixed=[0]), model="p_median", new=1)
    cells = clashing_cells(answer)
    assert len(cells) == len(set(cells))

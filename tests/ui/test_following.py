"""Every question of the page of proposals tells a bound on its way, and ends when it is told to."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from small_county import small_county

from planning.config import Project, Question
from planning.scenario.questions import answer

LIMIT = {"distance_m": 3000}
ASKED = {
    "p_median": {"new": 3},
    "max_coverage": {"new": 3, "limit": LIMIT},
    "set_cover": {"limit": {"distance_m": 6000}},
    "p_center": {"new": 3},
    "capacitated": {"new": 2, "seats": 400},
    "closures": {"model": "capacitated", "new": 2, "seats": 400, "close": True},
    "whole": {"model": "capacitated", "new": 2, "seats": 400, "close": True, "whole": True, "time_limit_s": 6},
    "phases": {"years": [2026, 2028, 2030], "new_by_year": 1, "seats": 400},
    "phases_money": {"model": "phases", "years": [2026, 2028], "budget_by_year": [9_000_000, 20_000_000], "seats": 400},
}

#: Asked of the county that ships: it has roads for buses, and columns of what schools have.
ASKED_OF_DEMO = {
    "balance": {
        "model": "capacitated",
        "new": 1,
        "seats": 1080,
        "balance": {"indicator": "computers", "at_most": 0.45},
    },
    "boarding": {"stage": "junior", "new": 1, "beds": 600},
}


@pytest.fixture(scope="module")
def county():
    place = small_county()
    kept = place.project.model_dump(exclude_unset=True)
    costs = {"build_per_seat": 30_000, "running_per_school": 800_000}
    return replace(place, project=Project.model_validate({**kept, "costs": costs}))


def question(name: str, **more) -> Question:
    keys = {**ASKED, **ASKED_OF_DEMO}[name]
    return Question.model_validate({"name": "Q", "stage": "primary", "model": name, "time_limit_s": 20, **keys, **more})


@pytest.fixture
def asked_county(county, request):
    """Give the county that the question is asked of."""
    is_demo = request.node.callspec.params["name"] in ASKED_OF_DEMO
    return request.getfixturevalue("demo_workspace").county if is_demo else county


@pytest.mark.parametrize("name", [*ASKED, *ASKED_OF_DEMO])
def test_a_bound_is_told_on_the_way_and_is_none_that_the_answer_beats(asked_county, name):
    county, steps = asked_county, []
    found = answer(county, question(name), follow=steps.append)
    bounds = [step.bound for step in steps if math.isfinite(step.bound)]
    assert bounds, "no bound was told"
    assert {step.unit for step in steps if math.isfinite(step.bound)} == {found.unit}
    value, slack = found.proposal.objective, 1e-6 * abs(found.proposal.objective)
    assert math.isfinite(value)
    best = max(bounds) if found.proposal.sense == "min" else min(bounds)
    assert best <= value + slack if found.proposal.sense == "min" else best >= value - slack


@pytest.mark.parametrize("name", [*ASKED, *ASKED_OF_DEMO])
def test_a_question_that_is_told_to_stop_ends_without_a_false_proof(asked_county, name):
    county, stopped, steps = asked_county, [], []

    def follow(step) -> None:
        steps.append(step)
        if math.isfinite(step.bound):
            stopped.append(True)  # whoever waits has seen enough

    found = answer(county, question(name), follow=follow, cancel=lambda: bool(stopped))
    assert stopped
    proposal = found.proposal
    assert proposal.status in {"cancelled", "optimal"}
    if proposal.status == "optimal":  # what was found by then was the best already
        whole = answer(county, question(name)).proposal
        assert proposal.objective == pytest.approx(whole.objective, rel=1e-6)
    elif math.isfinite(proposal.objective):
        assert found.after is not None
        assert proposal.gap >= 0

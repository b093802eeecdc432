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
    "phases": {"years": [2026, 2028, 2030], "new_by_year": 1, "seats": 400},
    "phases_money": {"model": "phases", "years": [2026, 2028], "budget_by_year": [9_000_000, 20_000_000], "seats": 400},
}


@pytest.fixture(scope="module")
def county():
    place = small_county()
    kept = place.project.model_dump(exclude_unset=True)
    costs = {"build_per_seat": 30_000, "running_per_school": 800_000}
    return replace(place, project=Project.model_validate({**kept, "costs": costs}))


def question(name: str, **more) -> Question:
    keys = ASKED[name]
    return Question.model_validate({"name": "Q", "stage": "primary", "model": name, "time_limit_s": 20, **keys, **more})


@pytest.mark.parametrize("name", ASKED)
def test_a_bound_is_told_on_the_way_and_is_none_that_the_answer_beats(county, name):
    steps = []
    found = answer(county, question(name), follow=steps.append)
    bounds = [step.bound for step in steps if math.isfinite(step.bound)]
    assert bounds, "no bound was told"
    assert {step.unit for step in steps if math.isfinite(step.bound)} == {found.unit}
    value, slack = found.proposal.objective, 1e-6 * abs(found.proposal.objective)
    assert math.isfinite(value)
    best = max(bounds) if found.proposal.sense == "min" else min(bounds)
    assert best <= value + slack if found.proposal.sense == "min" else best >= value - slack


@pytest.mark.parametrize("name", ASKED)
def test_a_question_that_is_told_to_stop_ends_without_a_false_proof(county, name):
    stopped = []
    steps = []

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

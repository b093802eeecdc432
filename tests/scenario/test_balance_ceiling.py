"""A ceiling on the coefficient of variation, as a project asks it: kept by the state that is reported, told before and after."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd
import pytest
from line_county import adds_up, line_county, project_of
from pydantic import ValidationError

from planning.access import cv
from planning.config import Question
from planning.errors import ConfigError
from planning.i18n import get_translator
from planning.report.vectors import write_proposal
from planning.scenario.compliance import stand
from planning.scenario.edits import CloseSchool, SetSeats
from planning.scenario.evaluate import evaluate
from planning.scenario.questions import answer
from planning.scenario.result import RunResult, versions
from planning.scenario.saved import load_run, save_run

VILLAGES = {
    "c1": {"at": 0, "name": "Shiping", "primary_upper": 100},
    "c2": {"at": 1000, "name": "Lijia", "primary_upper": 50},
    "m": {"at": 900, "in_margin": True, "primary_upper": 6},
}
SCHOOLS = {
    "A": {"at": 0, "name": "Shiping school", "seats_primary": 200},
    "B": {"at": 1000, "name": "Lijia school", "seats_primary": 200},
    "D": {"at": 8000, "name": "Wangcun school", "seats_primary": 200},
}


def county(teachers, villages=None, **more):
    place = line_county(
        villages or VILLAGES, SCHOOLS, {"N1": 4000.0}, project=project_of(costs={"running_per_school": 100_000}, **more)
    )
    held = pd.array(teachers, dtype="Float64")
    return dataclasses.replace(place, schools=place.schools.assign(qualified_teachers=held))


def question(**keys):
    given = {"name": "Q", "stage": "primary", "model": "capacitated", "new": 0, "time_limit_s": 4}
    return Question.model_validate({**given, **keys})


def held_to(ceiling):
    return {"indicator": "qualified_teachers", "at_most": ceiling}


def said(found) -> str:
    return "\n".join(str(note) for note in found.notes)


@pytest.fixture(scope="module")
def place():
    return county([10, 10, None])


@pytest.fixture(scope="module")
def found(place):
    return answer(place, question(balance=held_to(0.1)))


def test_the_state_that_is_reported_keeps_the_ceiling(place, found):
    # The six across the line go to B: 10 teachers for 100 pupils against 10 for 56.
    assert found.balance.before == pytest.approx(cv([10, 10], [100, 56]))
    assert found.balance.after == pytest.approx(cv([10, 10], found.after.load[["A", "B"]]))
    assert 0.09 < found.balance.after <= 0.1
    after = stand(place, {"primary": evaluate(place, "primary")}, (found,)).compared[0][1]
    row = after.balance.set_index("indicator").loc["qualified_teachers"]
    assert row["cv"] == pytest.approx(found.balance.after)
    adds_up(place, "primary", found.after)
    assert found.edits == (SetSeats("A", "primary", int(found.after.load["A"])),)
    assert found.proposal.bound <= found.proposal.objective
    assert evaluate(place, "primary", found.edits).load.equals(found.after.load)


def test_it_is_told_before_after_and_who_is_not_judged(found):
    assert found.balance.missing == ()  # D has no pupils and is not evaluated
    assert "Teachers above the required qualification: 0.1 (set by the question). Before 0.294" in said(found)
    assert "bound is that of the question without the ceiling" in said(found)
    assert "enrolment plan: Shiping school" in said(found)
    far = answer(
        county([10, 10, None], {**VILLAGES, "c3": {"at": 8000, "primary_upper": 9}}), question(balance=held_to(0.1))
    )
    assert far.balance.missing == ("D",)
    assert "1 schools do not say how many they have and are not judged" in said(far)
    assert "Wangcun school" in said(far)


def test_a_closure_that_breaks_balance_is_given_up():
    # 30 pupils at B: closing it saves 100,000 and costs 30 x 400; D, too far for a merger, then has 10 for 100, A 10 for 130.
    villages = {
        "c1": {"at": 0, "primary_upper": 100},
        "c2": {"at": 1000, "primary_upper": 30},
        "c3": {"at": 8000, "primary_upper": 100},
    }
    place = county([10, 3, 10], villages)
    free = answer(place, question(close=["B"]))
    assert CloseSchool("B") in free.edits
    even = answer(place, question(close=["B"], balance=held_to(0.05)))
    assert CloseSchool("B") not in even.edits
    assert even.balance.after <= 0.05
    assert even.proposal.bound <= even.proposal.objective


def test_a_ceiling_out_of_reach_has_no_answer_and_says_the_least():
    found = answer(county([10, 0, None]), question(balance=held_to(0.0001)))
    # All at A is balance itself, but then B is not there; B's own have to be told where to go: A takes all 150.
    assert found.after is None or found.balance.after <= 0.0001
    stuck = county([10, 10, 1], {**VILLAGES, "c3": {"at": 8000, "primary_upper": 400}})
    none = answer(stuck, question(balance=held_to(0.0001)))
    assert none.after is None
    assert none.edits == ()
    assert none.proposal.status != "optimal"
    assert "no answer keeps it" in said(none)


def test_the_standards_own_limit_is_taken_with_its_document(place):
    found = answer(place, question(balance={"indicator": "qualified_teachers"}))
    assert found.balance.path == "stages.primary.cv_max"
    assert found.balance.ceiling == 0.5
    assert found.balance.after == pytest.approx(found.balance.before)
    assert found.edits == ()
    assert "0.5 (" in said(found)
    assert "set by the question" not in said(found)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"balance": held_to(0.1), "whole": True}, "balance and whole do not go together"),
        ({"balance": held_to(0.1), "stage": "senior"}, "only for primary and junior"),
        ({"balance": {"indicator": "teachers", "at_most": 0.1}}, "qualified_teachers"),
        ({"balance": held_to(0)}, "greater than 0"),
        ({"balance": held_to(0.1), "model": "p_median", "new": 1}, "balance: only for model capacitated"),
    ],
)
def test_questions_that_cannot_be_asked(keys, words):
    with pytest.raises(ValidationError, match=words):
        question(**keys)


def test_a_number_that_nobody_has_counted_is_refused():
    with pytest.raises(ConfigError, match="no evaluated school says how many it has"):
        answer(county([None, None, None]), question(balance=held_to(0.1)))


def test_files_and_the_kept_run_have_it(place, found, tmp_path):
    path = write_proposal((found,), tmp_path / "p.geojson", schools=place.schools, t=get_translator("en"))
    properties = json.loads(path.read_text("utf-8"))["features"][0]["properties"]
    assert properties["balance_indicator"] == "qualified_teachers"
    assert properties["balance_ceiling"] == 0.1
    assert properties["balance_before"] > 0.29 > 0.1 >= properties["balance_after"]
    project = place.project.model_copy(update={"questions": (found.question,)})
    held = dataclasses.replace(place, project=project)
    save_run(RunResult(held, {"primary": evaluate(held, "primary")}, (found,), {}, versions()), tmp_path / "run")
    again = load_run(tmp_path / "run").answers[0]
    assert again.balance == found.balance
    assert again.after.load.equals(found.after.load)

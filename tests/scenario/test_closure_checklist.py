"""The closure gate as a checklist, on a line: what stands, what is planned, who is left without a school, what people say."""

from __future__ import annotations

import numpy as np
import pytest
from line_county import line_county, project_of

from planning.compliance.verdicts import MET, NOT_MET
from planning.scenario.closure_checklist import BUILD_FIRST, closed_schools, closure_checklist, with_answers
from planning.scenario.closure_gate import UNANSWERED
from planning.scenario.edits import CloseSchool, NewSchool, SetSeats
from planning.scenario.evaluate import evaluate

# 30 minutes at 3.4 km/h are 1,700 m.
VILLAGES = {
    "c1": {"at": 0, "name": "Shiping", "township": "East", "primary_lower": 20},
    "c2": {"at": 1000, "name": "Lijia", "township": "East", "primary_lower": 30},
    "c3": {"at": 8000, "name": "Wangcun", "township": "West", "primary_lower": 10},
    "m": {"at": 19_000, "in_margin": True, "primary_lower": 7},
}
SCHOOLS = {
    "A": {"at": 0, "seats_primary": 100, "kind": "teaching_point"},
    "B": {"at": 1000, "seats_primary": 100, "kind": "teaching_point"},
    "C": {"at": 8000, "seats_primary": 90, "kind": "teaching_point"},
    "D": {"at": 12_000, "seats_primary": 90},
    "M": {"at": 19_000, "seats_primary": 90, "in_margin": True},
}
YES = {"majority_opposed": False, "procedure": True}


@pytest.fixture(scope="module")
def county():
    return line_county(VILLAGES, SCHOOLS, project=project_of())


@pytest.fixture(scope="module")
def base(county):
    return {"primary": evaluate(county, "primary")}


def verdicts(checklist) -> dict[str, str]:
    return {condition.gate.id: condition.verdict for _, condition in checklist.conditions}


def test_a_school_with_another_one_close_by_may_close_once_people_have_answered(county, base):
    found = closure_checklist(county, base, (CloseSchool("A"),), "A")
    assert found.verdict == UNANSWERED
    village = found.villages.iloc[0]
    assert (village["village"], village["pupils"], village["school_after"]) == ("Shiping", 20, "B")
    assert village["distance_before_m"] == 0
    assert village["distance_after_m"] == pytest.approx(1000)
    assert village["time_after_min"] == pytest.approx(60 / 3.4, rel=1e-4)
    assert (village["beyond"], village["no_way"]) == (0, 0)
    assert with_answers(found, YES).verdict == MET
    assert with_answers(found, {**YES, "procedure": False}).verdict == NOT_MET
    assert with_answers(found, {**YES, "majority_opposed": True}).verdict == NOT_MET
    assert with_answers(with_answers(found, YES), {}).verdict == UNANSWERED


def test_the_youngest_beyond_half_an_hour_block_it_and_the_village_is_named(county, base):
    found = closure_checklist(county, base, (CloseSchool("C"),), "C", answers=YES)
    assert found.verdict == NOT_MET
    assert verdicts(found)["travel_unsafe"] == NOT_MET
    told = next(str(one.detail) for _, one in found.conditions if one.gate.id == "travel_unsafe")
    assert "Wangcun" in told
    assert found.villages["beyond"].tolist() == [10]
    assert found.villages["beyond_before"].tolist() == [0]


def test_two_that_close_together_are_no_alternative_to_each_other(county, base):
    both = (CloseSchool("A"), CloseSchool("B"))
    assert closed_schools(county, base, both) == ["A", "B"]
    for code in ("A", "B"):
        assert verdicts(closure_checklist(county, base, both, code))["travel_unsafe"] == NOT_MET
        assert verdicts(closure_checklist(county, base, (CloseSchool(code),), code))["travel_unsafe"] == MET


def test_a_new_school_close_by_says_build_first(county, base):
    new = NewSchool("N", "New", 408_500.0, 3_000_000.0, "primary", 90, "primary")
    found = closure_checklist(county, base, (new, CloseSchool("C")), "C", answers=YES)
    assert verdicts(found)["travel_unsafe"] == BUILD_FIRST
    assert found.verdict == BUILD_FIRST
    assert set(found.villages["school_after"]) == {"D"}  # the way is told to what stands


def test_pupils_without_a_seat_elsewhere_block_it_and_larger_schools_let_it_through(county, base):
    small = (SetSeats("B", "primary", 40), CloseSchool("A"))
    assert verdicts(closure_checklist(county, base, small, "A"))["creates_oversize"] == NOT_MET
    told = next(one.detail for _, one in closure_checklist(county, base, small, "A").conditions if one.gate.id == "creates_oversize")  # fmt: skip
    assert told.params["n"] == 10  # 20 + 30 pupils and 40 seats
    enough = (SetSeats("B", "primary", 50), CloseSchool("A"))
    assert verdicts(closure_checklist(county, base, enough, "A"))["creates_oversize"] == MET


def test_the_plan_need_not_close_it_and_the_pupils_are_all_there(county, base):
    asked = closure_checklist(county, base, (), "A")
    closed = closure_checklist(county, base, (CloseSchool("A"),), "A")
    assert verdicts(asked) == verdicts(closed)
    for code in "ABC":
        going = base["primary"].load[code]
        assert closure_checklist(county, base, (), code).villages["pupils"].sum() == going
    assert np.isclose(asked.villages["longest_after_min"].max(), asked.villages["time_after_min"].max())


def test_a_school_across_the_line_is_not_this_countys_to_close(county, base):
    assert verdicts(closure_checklist(county, base, (), "M"))["across_the_line"] == NOT_MET


def test_a_nine_year_school_is_held_against_the_gate_in_both_stages():
    villages = {"c1": {"at": 0, "primary_lower": 10, "junior": 10}}
    schools = {
        "X": {"at": 0, "kind": "nine_year", "seats_primary": 50, "seats_junior": 50},
        "Y": {"at": 500, "kind": "nine_year", "seats_primary": 50, "seats_junior": 50},
    }
    both = line_county(villages, schools, project=project_of(("primary", "junior")))
    states = {stage: evaluate(both, stage) for stage in ("primary", "junior")}
    found = closure_checklist(both, states, (), "X", answers=YES)
    assert {stage for stage, _ in found.conditions} == {"primary", "junior"}
    assert found.verdict == MET
    one = line_county(villages, schools, project=project_of())
    alone = closure_checklist(one, {"primary": evaluate(one, "primary")}, (), "X", answers=YES)
    assert verdicts(alone)["teaches_other_stage"] == NOT_MET

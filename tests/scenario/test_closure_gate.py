"""The closure gate: each condition by hand, the order in which they are told, and what it leaves to people."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from planning.scenario.closure_gate import Closing, closure_gate, open_conditions, pupils_left_without
from planning.scenario.limits import BandLimit
from planning.standards import load_pack

PACK = load_pack("cn_county_default")
SCHOOL = {
    "kind": "primary",
    "township": "Qingxi",
    "ownership": "public",
    "in_margin": False,
    "protected": False,
    "beds": 0,
    "boarders": 0,
}


def closing(schools: dict[str, dict], flows=(), *, stage="primary", **more) -> Closing:
    """Flows are (school or None, band, pupils, codes within the limit)."""
    table = pd.DataFrame([{**SCHOOL, **school} for school in schools.values()], index=list(schools))
    codes = list(schools)
    bands = [band for _, band, _, _ in flows]
    return Closing(
        stage=stage,
        schools=table.astype({"beds": "Int64", "boarders": "Int64"}),
        school=np.array([-1 if school is None else codes.index(school) for school, *_ in flows], dtype=np.int64),
        band=np.array(bands, dtype=object),
        pupils=np.array([pupils for _, _, pupils, _ in flows], dtype=np.int64),
        within=np.array([[code in near for code in codes] for *_, near in flows], dtype=bool).reshape(-1, len(codes)),
        limits={
            "primary_lower": BandLimit(time_min=30),
            "primary_upper": BandLimit(distance_m=2500),
            "junior": BandLimit(time_min=60, distance_m=4000),
        },
        **more,
    )


TWO = {"A": {}, "B": {}}


@pytest.mark.parametrize(
    ("school", "rule", "found"),
    [
        ({"protected": True}, "a school that is to be kept", "marks it as protected"),
        ({"in_margin": True}, "a school of another county", "across the county line"),
        ({"ownership": "private"}, "a private school is not the bureau's", "it is private"),
        ({"kind": "nine_year"}, "teaches another stage as well", "it also teaches Junior secondary"),
        ({"township": "Longtan"}, "each township has its central school", "the only one of Longtan"),
        ({"boarders": 12, "beds": 20}, "beds or meals of the receiving school fall short", "12 of its pupils board"),
    ],
)
def test_each_condition_of_a_school_itself(school, rule, found):
    clauses = closure_gate(closing({**TWO, "S": school, "B2": {}}), PACK, ["S"])
    assert rule in str(clauses["S"])
    assert found in str(clauses["S"])
    assert closure_gate(closing({**TWO, "S": {}}), PACK, ["S"]) == {}


def test_a_school_without_a_township_and_one_that_has_its_like_may_close():
    assert closure_gate(closing({"A": {"township": ""}}), PACK, ["A"]) == {}
    assert closure_gate(closing({"A": {}, "B": {"kind": "nine_year"}}), PACK, ["A"]) == {}
    point = closing({"A": {}, "T": {"kind": "teaching_point"}})
    assert list(closure_gate(point, PACK, ["A", "T"])) == ["A"]  # a teaching point is no central school
    junior = closing({"J": {"kind": "junior"}}, stage="junior")
    assert "should" not in str(closure_gate(junior, PACK, ["J"])["J"])
    assert "as a rule each township has a junior secondary school" in str(closure_gate(junior, PACK, ["J"])["J"])


def test_beds_elsewhere_count_only_where_they_are_free():
    full = {"A": {"boarders": 5, "beds": 5}, "B": {"boarders": 6, "beds": 10}}
    assert "has 4 free" not in str(closure_gate(closing(full), PACK, ["A"]).get("A", ""))
    assert "the other schools have 4 free beds" in str(closure_gate(closing(full), PACK, ["A"])["A"])
    full["B"]["beds"] = 11
    assert closure_gate(closing(full), PACK, ["A"]) == {}


def test_travel_counts_those_who_go_within_the_limit_today_and_have_no_other_school_there():
    flows = [
        ("A", "primary_lower", 4, "A"),  # would lose their only school
        ("A", "primary_lower", 5, "AB"),  # have another one
        ("A", "primary_upper", 6, "A"),
        ("A", "primary_lower", 7, ""),  # beyond the limit already
        ("B", "primary_lower", 8, "A"),  # go beyond it, since A is full
        (None, "primary_lower", 9, "A"),  # have no seat
    ]
    case = closing(TWO, flows)
    assert case.pupils[pupils_left_without(case)].tolist() == [4, 6]
    clause = str(closure_gate(case, PACK, ["A", "B"])["A"])
    assert "10 pupils would have no other school" in clause
    assert "Grades 1-3: 30 min one way; Grades 4-6: 2500 m one way" in clause
    assert list(closure_gate(case, PACK, ["A", "B"])) == ["A"]
    assert closure_gate(dataclasses.replace(case, exceptions=10), PACK, ["A"]) == {}
    assert list(closure_gate(dataclasses.replace(case, exceptions=9), PACK, ["A"])) == ["A"]
    both = closing({"J": {"kind": "junior"}, "K": {"kind": "junior"}}, [("J", "junior", 1, "J")], stage="junior")
    assert "1 pupils would have no other school within their limit (Junior secondary: 60 min and 4000 m" in str(
        closure_gate(both, PACK, ["J"])["J"]
    )


def test_seats_elsewhere_are_asked_for_last():
    case = closing({"A": {"protected": True}, "B": {}, "C": {}}, unseated=lambda school: 3 if school < 2 else 0)
    found = closure_gate(case, PACK, ["A", "B", "C"])
    assert "protected" in str(found["A"])
    assert "3 pupils more would find no seat in the other schools" in str(found["B"])
    assert list(found) == ["A", "B"]


def test_a_pack_without_a_condition_does_not_ask_it_and_people_answer_the_rest():
    private = closing({"A": {"ownership": "private"}, "B": {}})
    fewer = PACK.model_copy(
        update={"closure_gate": tuple(gate for gate in PACK.closure_gate if gate.id != "private_school")}
    )
    assert closure_gate(private, fewer, ["A"]) == {}
    assert [gate.id for gate in open_conditions(PACK, "primary")] == ["majority_opposed", "procedure"]
    assert all(gate.source in PACK.sources for gate in PACK.closure_gate)

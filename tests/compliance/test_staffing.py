"""Staff due: by hand, small schools by classes, what is missing, and that parts add up."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schools import schools_of

from planning.compliance.staffing import staffing
from planning.standards import RulePack


def test_by_hand(pack: RulePack):
    schools = schools_of(
        {
            "nine": {"kind": "nine_year", "pupils_primary": 190, "pupils_junior": 135, "staff": 17},
            "point": {"kind": "teaching_point", "pupils_primary": 38, "classes_primary": 3, "staff": 5},
            "middle": {"kind": "secondary", "pupils_junior": 135, "pupils_senior": 125, "staff": None},
            "nursery": {"kind": "kindergarten"},
        }
    )
    table = staffing(schools, {}, pack)
    assert table.index.tolist() == ["nine", "point", "middle"]
    assert table.loc["nine", ["due", "gap", "surplus"]].tolist() == [20, 3, 0]  # 190 / 19 + 135 / 13.5
    assert table.loc["point", ["due_by_pupils", "due_by_classes", "due", "gap", "surplus"]].tolist() == [2, 4.5, 4.5, 0, 0.5]  # fmt: skip
    assert table.at["middle", "due"] == 20
    assert pd.isna(table.at["middle", "gap"])
    assert table.at["middle", "missing"] == ("staff",)


def test_a_small_school_without_class_count_is_not_guessed(pack: RulePack):
    table = staffing(schools_of({"A": {"pupils_primary": 19, "staff": 3}}), {}, pack)
    assert pd.isna(table.at["A", "due"])
    assert table.at["A", "missing"] == ("classes",)


def test_other_pupils_than_the_registers(pack: RulePack):
    schools = schools_of({"A": {"pupils_primary": 1900, "staff": 100}})
    assert staffing(schools, {"primary": pd.Series({"A": 2090})}, pack).at["A", "gap"] == 10


def test_nobody(pack: RulePack):
    assert staffing(schools_of({"A": {"kind": "special"}}), {}, pack).empty


@settings(max_examples=20, deadline=None)
@given(pupils=st.integers(100, 3000), more=st.integers(0, 3000), staff=st.integers(0, 400))
def test_what_is_due_grows_with_pupils_and_the_gap_is_one_sided(pack: RulePack, pupils: int, more: int, staff: int):
    schools = schools_of({"A": {"pupils_primary": pupils, "staff": staff}, "B": {"pupils_primary": pupils + more, "staff": staff}})  # fmt: skip
    table = staffing(schools, {}, pack)
    assert table.at["B", "due"] >= table.at["A", "due"] > 0
    assert ((table["gap"] == 0) | (table["surplus"] == 0)).all()
    assert (table["due"] - table["gap"] + table["surplus"]).tolist() == pytest.approx([staff, staff])

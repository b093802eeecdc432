"""Grades, classes and ages of a village list: to stages and grade bands, contradictions told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.demand.grades import children_by_year, columns_of_bands, listed_pupils
from planning.errors import SchemaError

NINE = {"primary": ((6, 11), None), "junior": ((12, 14), None)}


def _list(**columns):
    table = pd.DataFrame({name: pd.array(values, dtype="Int64") for name, values in columns.items()})
    return table.assign(name=[f"村{n}" for n in range(len(table))], source_row=range(2, len(table) + 2))


def _grades(*rows):
    return _list(**{f"grade_{n + 1}": [row[n] for row in rows] for n in range(9)})


def test_grades_go_to_their_bands():
    listed = listed_pupils(_grades([1, 2, 3, 4, 5, 6, 7, 8, 9]), NINE)
    assert listed.bands.iloc[0].to_dict() == {"primary_lower": 6, "primary_upper": 15, "junior": 24}
    assert listed.stages.iloc[0].to_dict() == {"primary": 21, "junior": 24}
    assert listed.notices == ()


def test_five_years_of_primary_school_leave_the_sixth_grade_to_junior():
    five = {"primary": ((6, 10), None), "junior": ((11, 14), None)}
    listed = listed_pupils(_grades([1, 2, 3, 4, 5, 6, 7, 8, 9]), five)
    assert listed.bands.iloc[0].to_dict() == {"primary_lower": 6, "primary_upper": 9, "junior": 30}
    late = listed_pupils(_grades([1, 2, 3, 4, 5, 6, 7, 8, 9]), {"primary": ((7, 12), None)})
    assert late.bands.iloc[0].to_dict() == {"primary_lower": 6, "primary_upper": 15}
    assert set(columns_of_bands({"junior": ((12, 15), None)})["junior"]) == {f"grade_{n}" for n in (6, 7, 8, 9)}


def test_junior_years_counted_from_one_to_four():
    five = {"primary": ((6, 10), None), "junior": ((11, 14), None)}
    listed = listed_pupils(_list(grade_7=[1], grade_8=[2], grade_9=[3], junior_4=[4]), five)
    assert listed.stages.loc[0, "junior"] == 10
    assert listed.notices == ()


def test_kindergarten_classes():
    listed = listed_pupils(
        _list(kindergarten_1=[3], kindergarten_2=[4], kindergarten_3=[5]), {"kindergarten": (None, 1)}
    )
    assert listed.bands.loc[0, "kindergarten"] == 12


def test_a_grade_that_is_not_known_takes_what_the_total_leaves():
    table = _grades([1, None, 3, 4, 5, 6, None, None, None]).assign(pupils_primary=pd.array([26], dtype="Int64"))
    listed = listed_pupils(table, NINE)
    assert listed.bands.loc[0, ["primary_lower", "primary_upper"]].tolist() == [11, 15]
    assert np.isnan(listed.stages.loc[0, "junior"])


def test_empty_grades_without_a_total_are_nobody_and_told():
    listed = listed_pupils(_grades([1, None, 3, 4, 5, 6, 7, 8, 9]), NINE, source="v.xlsx")
    assert listed.stages.loc[0, "primary"] == 19
    assert str(listed.notices[0]) == (
        "v.xlsx: in 1 villages some grades of Primary school are empty; they were counted with no pupils there."
    )
    absent = listed_pupils(_list(grade_1=[4], grade_2=[4]), {"primary": ((6, 8), None)}, source="v.xlsx")
    assert "no column holds the grades 3" in str(absent.notices[0])


def test_contradictions_are_refused_with_every_row():
    table = _grades([1, 2, 3, 4, 5, 6, 7, 8, 9], [1] * 9, [1] * 9).assign(
        pupils_primary=pd.array([20, 6, 5], dtype="Int64"), pupils_junior=pd.array([24, 3, None], dtype="Int64")
    )
    with pytest.raises(SchemaError) as refused:
        listed_pupils(table, NINE, source="v.xlsx")
    assert [str(fault) for fault in refused.value.faults] == [
        "pupils of Primary school: 20, but its grades add up to 21 (row 2, 村0). Correct one of them.",
        "pupils of Primary school: 5, but its grades add up to 6 (row 4, 村2). Correct one of them.",
    ]
    with pytest.raises(SchemaError, match="pupils of Grades 1-3: 4, but its grades add up to 3"):
        listed_pupils(_grades([1] * 9).assign(pupils_primary_lower=pd.array([4], dtype="Int64")), NINE)


def test_registered_and_incoming_children_are_added():
    table = _list(registered_primary=[30, 10], registered_junior=[10, 0], incoming=[8, 2], town_boarders=[3, None])
    listed = listed_pupils(table, NINE, source="v.xlsx")
    assert listed.stages["primary"].tolist() == [36, 12]
    assert listed.stages["junior"].tolist() == [12, 0]
    assert listed.incoming.tolist() == [8, 2]
    assert "10 incoming children" in str(listed.notices[0])
    assert "3 pupils board in town" in str(listed.notices[1])
    by_stage = listed_pupils(_list(registered_primary=[30], incoming_primary=[8]), {"primary": (None, 1)})
    assert by_stage.stages.loc[0, "primary"] == 38
    resident = listed_pupils(_list(pupils_primary=[30], incoming_primary=[8]), {"primary": (None, 1)})
    assert resident.stages.loc[0, "primary"] == 30, "those who live here are counted already"
    with pytest.raises(SchemaError, match="35, but registered and incoming ones add up to 38"):
        listed_pupils(_list(pupils_primary=[35], registered_primary=[30], incoming_primary=[8]), NINE)


def test_children_by_age_count_where_pupils_are_not_known():
    ages = {f"age_{n}": [n, None] for n in range(18)}
    listed = listed_pupils(_list(**ages, pupils_junior=[40, None]), NINE)
    assert listed.bands.loc[0].to_dict() == {"primary_lower": 21, "primary_upper": 30, "junior": 40}
    assert listed.stages.loc[1].isna().all()


def test_groups_of_ages_and_ages_of_their_own():
    years, sums = children_by_year(pd.DataFrame({"0-5": [12.0, 6.0], "3": [2.0, 0], "4": [2.0, 0], "5": [2.0, 0]}))
    assert years.columns.tolist() == list(range(6))
    assert years.loc[0].tolist() == [2] * 6
    assert years.loc[1].tolist() == [2, 2, 2, 0, 0, 0]
    assert (sums["0-5"][0] == sums["0-5"][1]).all()
    with pytest.raises(SchemaError, match="children aged 6-7: 5, but the single ages add up to 7"):
        listed_pupils(_list(age_6=[3], age_7=[4], age_6_7=[5]), NINE)
    with pytest.raises(SchemaError, match="both hold the age 6"):
        listed_pupils(_list(age_0_6=[3], age_6_11=[4]), NINE)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(st.integers(0, 400), min_size=9, max_size=9), min_size=1, max_size=8))
def test_no_pupil_is_lost_between_grades_and_stages(rows):
    listed = listed_pupils(_grades(*rows), NINE)
    assert listed.stages.sum(axis=1).tolist() == [sum(row) for row in rows]
    assert listed.bands.sum(axis=1).tolist() == [sum(row) for row in rows]

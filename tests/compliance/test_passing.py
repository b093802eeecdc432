"""In which year a county passes: by hand, at the ends, and what nobody has counted."""

from __future__ import annotations

import pandas as pd
from small_schools import schools_of

from planning.compliance.balance import school_parts
from planning.compliance.class_sizes import class_sizes
from planning.compliance.roadmap import draw_roadmap
from planning.compliance.timetable import passing_years, timetable

GOOD = {
    "pupils_primary": 100, "qualified_teachers": 5, "backbone_teachers": 1, "sports_arts_teachers": 1,
    "teaching_area_m2": 450, "sports_area_m2": 750, "equipment_yuan": 200_000, "multimedia_rooms": 3,
}  # fmt: skip


def passing(rows, pack, years=2):
    schools = schools_of(rows)
    parts = school_parts(schools, {})
    roadmap = draw_roadmap(schools, parts, class_sizes(schools, {}, pack), pack)
    return passing_years(parts, timetable(roadmap.additions, years, first_year=2026), pack, with_today=True)


def test_it_passes_in_the_year_in_which_the_last_square_metre_is_added(pack):
    found = passing({"A": GOOD | {"sports_area_m2": 400, "teaching_area_m2": 200}, "B": GOOD}, pack)
    assert found["year"].astype(object).where(found["year"].notna(), None).tolist() == [None, 2026, 2027]
    assert found["schools_met"].tolist() == [1, 1, 2]
    assert found["verdict"].tolist() == ["not_met", "not_met", "met"]
    assert (found["schools"] == 2).all()


def test_a_county_that_passes_today_has_today_only(pack):
    found = passing({"A": GOOD, "B": GOOD}, pack)
    assert found["verdict"].tolist() == ["met"]


def test_a_number_that_is_missing_never_passes(pack):
    found = passing({"A": GOOD | {"sports_area_m2": pd.NA}, "B": GOOD | {"teaching_area_m2": 200, "sports_area_m2": 100}}, pack)  # fmt: skip
    assert found["verdict"].iloc[-1] == "unknown"
    assert found["schools_unknown"].iloc[-1] == 1
    assert found["indicators_unknown"].iloc[-1] == 1


def test_nobody(pack):
    assert passing({"A": GOOD | {"status": "closed"}}, pack).empty

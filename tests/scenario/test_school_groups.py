"""Groups, townships, seats and the roadmap of a county on one straight road: by hand, conserved, what is not asked."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest
from line_county import line_county, project_of

from planning.errors import SchemaError
from planning.scenario.compliance import comply
from planning.scenario.county import County
from planning.scenario.school_groups import drive_minutes, groups_of, nodes_of, seats_of, structure_of

#: What a primary school of 100 pupils needs to meet each indicator.
ENOUGH = {
    "qualified_teachers": 5.0, "backbone_teachers": 1.0, "sports_arts_teachers": 1.0, "teaching_area_m2": 450.0,
    "sports_area_m2": 750.0, "equipment_yuan": 200_000.0, "multimedia_rooms": 3.0,
}  # fmt: skip
PRICES = {
    "qualified_teachers": 1.0, "backbone_teachers": 1.0, "sports_arts_teachers": 1.0, "teaching_area": 3000.0,
    "sports_area": 100.0, "equipment_value": 1.0, "multimedia_rooms": 50_000.0,
}  # fmt: skip


def _county(**keys: object) -> County:
    """Two townships: A with a lead at 1 km and a small village school at 3 km, B with a weak one at 16 km."""
    county = line_county(
        [
            {"at": 1000, "township": "A", "primary_lower": 40, "primary_upper": 40, "population": 1000},
            {"at": 3000, "township": "A", "primary_lower": 5, "primary_upper": 5, "population": 100},
            {"at": 16_000, "township": "B", "primary_lower": 30, "primary_upper": 30, "population": 500},
        ],
        {
            "lead": {"at": 1000, "township": "A", "locale": "town", "pupils_primary": 100, "seats_primary": 120},
            "small": {"at": 3000, "township": "A", "kind": "teaching_point", "pupils_primary": 10, "seats_primary": 20},
            "weak": {"at": 16_000, "township": "B", "pupils_primary": 100},
        },
        project=project_of(**keys),
    )
    more = pd.DataFrame(
        {column: [2 * number, 0.2 * number, number] for column, number in ENOUGH.items()},
        index=pd.Index(["lead", "small", "weak"]),
    )
    more.loc["weak", "teaching_area_m2"] = 100.0
    return dataclasses.replace(county, schools=county.schools.join(more))


def test_minutes_are_those_of_the_road():
    county = _county()
    minutes = drive_minutes(county, county.schools, list(county.schools.index))
    assert minutes.loc["lead", "lead"] == 0
    assert minutes.loc["lead", "weak"] == pytest.approx(minutes.loc["weak", "lead"])
    assert minutes.loc["lead", "weak"] == pytest.approx(15 / 2 * minutes.loc["lead", "small"], rel=1e-5)


def test_a_teaching_point_too_small_to_be_evaluated_has_a_lead():
    county = _county()
    held = comply(county, {})
    assert "small" not in held.parts.index.get_level_values("school_id")
    groups = groups_of(county, held)
    assert groups.pairs["lead_id"].to_dict() == {"small": "lead", "weak": "lead"}
    assert groups.status == "optimal"
    assert groups.leads.at["lead", "pupils"] == 210


def test_the_project_sets_the_limits():
    near = groups_of(county := _county(school_groups={"minutes_max": 5}), comply(county, {}))
    assert near.without["reason"].to_dict() == {"weak": "too_far"}
    full = groups_of(county := _county(school_groups={"pupils_max": 150}), comply(county, {}))
    assert full.without["reason"].to_dict() == {"weak": "all_full"}
    with pytest.raises(SchemaError, match="weak cannot lead"):
        groups_of(county := _county(school_groups={"leads": ["weak"]}), comply(county, {}))


def test_who_stands_in_for_a_missing_junior_school():
    county = _county()
    nodes = nodes_of(county, comply(county, {})).set_index("township")
    assert nodes["node"].tolist() == ["junior", "junior"]
    assert nodes["unsure"].tolist() == ["not_listed", "not_listed"]  # the table has no junior school at all
    schools = county.schools.copy()
    schools.loc["weak", "kind"] = "nine_year"
    changed = dataclasses.replace(county, schools=schools)
    nodes = nodes_of(changed, comply(changed, {})).set_index("township")
    assert nodes["verdict"].to_dict() == {"A": "not_met", "B": "met"}
    # most people of A live at 1 km, where the lead stands
    way = drive_minutes(county, county.schools, ["weak"]).loc["lead", "weak"]
    assert nodes.at["A", "stand_in_id"] == "weak"
    assert nodes.at["A", "stand_in_minutes"] == pytest.approx(way)


def test_seats_by_hand():
    county = _county()
    seats, estates = seats_of(county, comply(county, {}))
    table = seats.set_index("township")
    assert table["children"].to_dict() == {"A": 90, "B": 60, "*": 150}
    assert table.at["A", "needed_per_1000"] == pytest.approx(90 / 0.9 / 1.1)
    assert table.at["A", "seats_per_1000"] == pytest.approx(140 / 1.1)
    assert pd.isna(table.at["B", "seats_per_1000"])  # unknown, not 0
    assert pd.isna(table.at["*", "seats"])
    people = 270 / (150 / 1600)
    assert estates["people"].tolist() == pytest.approx([people])
    assert estates["dwellings"].tolist() == [math.ceil(people / 3)]


def test_the_projects_own_pupils_of_a_dwelling_come_first():
    county = _county(projection={"per_dwelling": {"primary": 0.27}, "people_per_dwelling": 2.5, "fill_rate": 1.0})
    seats, estates = seats_of(county, comply(county, {}))
    assert estates["dwellings"].tolist() == [1000]
    assert seats.set_index("township").at["B", "needed_per_1000"] == 120


def test_the_roadmap_is_spread_over_the_years_asked_for():
    county = _county(roadmap={"first_year": 2027, "years": 2, "unit_costs": PRICES})
    found = structure_of(county, comply(county, {}))
    adds = found.roadmap.additions.set_index(["school_id", "indicator"])["add"]
    assert adds.to_dict() == {("weak", "teaching_area"): 283}  # to the floor of 85 %: six others are met
    assert found.years[["year", "add", "cost"]].values.tolist() == [[2027, 142, 426_000], [2028, 141, 423_000]]
    county = _county()
    assert structure_of(county, comply(county, {})).years.empty

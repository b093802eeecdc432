"""Staff and children of coming years by hand: two townships whose children can be counted in the head."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from coming_county import ages_of, births, county

from planning.scenario.coming_rules import children_by_year, staffing_by_year
from planning.scenario.compliance import comply
from planning.scenario.outlook import project_outlook
from planning.scenario.school_groups import seats_of, structure_of


@pytest.fixture(scope="module")
def place():
    # 50 of each age in Town today and in coming years; Hill has 10 of each school age and no younger children.
    ages = ages_of(Town=[50.0] * 16, Hill=[0.0] * 6 + [10.0] * 10)
    found = county(
        ages=ages,
        births=births({("Town", y): 50.0 for y in range(2026, 2029)} | {("Hill", y): 0.0 for y in range(2026, 2029)}),
    )
    schools = found.schools.assign(
        pupils_primary=pd.array([290, None, 60], dtype="Int64"),
        pupils_junior=pd.array([None, 100, 30], dtype="Int64"),
        staff=pd.array([16, 8, 5], dtype="Int64"),
    )
    return dataclasses.replace(found, schools=schools)


@pytest.fixture(scope="module")
def outlook(place):
    found, lacking = project_outlook(place)
    assert found is not None, lacking
    return found


def test_a_school_keeps_its_share_of_the_children_of_its_township(place, outlook):
    staff = staffing_by_year(comply(place, {}), outlook, place.pack).set_index(["school_id", "year"])
    # Nobody of Hill enters primary: of 60 pupils 50, 40, 30 are left; in Town nothing changes.
    assert [staff.at[("s1", year), "pupils"] for year in (2026, 2027, 2028)] == pytest.approx([290, 290, 290])
    assert [staff.at[("s3", year), "pupils"] for year in (2026, 2027, 2028)] == pytest.approx([80, 70, 60])
    due = 290 / place.pack.number("stages.primary.pupils_per_staff")
    assert staff.at[("s1", 2028), "due"] == pytest.approx(due)
    assert staff.at[("s1", 2028), "gap"] == pytest.approx(max(due - 16, 0))


def test_children_start_from_those_of_today(place, outlook):
    today = pd.DataFrame({"primary": [300, 60], "special": [4, 2]}, index=pd.Index(["Town", "Hill"], name="township"))
    found = children_by_year(today, outlook)
    assert found.loc[2025].to_dict("list") == {"primary": [300, 60], "special": [4, 2]}
    assert found.loc[2028].to_dict("list") == {"primary": [300, 30], "special": [4, 2]}  # special is not projected
    none = children_by_year(today.assign(primary=[300, 0]), outlook)
    assert none.loc[2027, "primary"].tolist() == [300, 40]  # no pupils today: its children of that year


def test_seats_and_estates_follow_the_years(place, outlook):
    held = comply(place, {})
    seats, estates = seats_of(place, held, outlook=outlook)
    primary = seats[(seats["township"] == "*") & (seats["stage"] == "primary")].set_index("year")
    assert primary["children"].to_dict() == {2025: 360, 2026: 350, 2027: 340, 2028: 330}
    assert primary["needed_per_1000"].is_monotonic_decreasing
    of_primary = estates[estates["stage"] == "primary"].set_index("year")["people"]
    assert of_primary.is_monotonic_increasing  # fewer children: an estate must be larger to fill a school
    alone, _ = seats_of(place, held)
    assert alone[alone["township"] == "*"].set_index("stage")["children"].to_dict()["primary"] == 360


def test_without_a_projection_nothing_is_said_of_years(place):
    found = structure_of(place, comply(place, {}))
    assert found.staff is None
    assert found.passing.empty
    assert found.seats["year"].nunique() == 1

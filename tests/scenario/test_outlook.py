"""Seats of coming years on a county whose children can be counted in the head."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from coming_county import BIRTHS, ages_of, births, county, estate
from line_county import line_county

from planning.scenario.changes import no_births
from planning.scenario.outlook import project_outlook


def needed(outlook, variant: str, stage: str, township: str) -> list[float]:
    table = outlook.needed
    mine = table[(table["variant"] == variant) & (table["stage"] == stage) & (table["township"] == township)]
    return mine.sort_values("year")["seats_needed"].round(6).tolist()


def warned(outlook, variant: str, stage: str, township: str) -> pd.Series:
    return outlook.warning.set_index(["variant", "stage", "township"]).loc[(variant, stage, township)]


def test_children_grow_older_by_hand():
    # Primary of Town: each year 50 leave at 11 and 40 come up from 5: 300, 290, 280, 270. Junior: 20 leave, 50 come.
    outlook, _ = project_outlook(county())
    assert needed(outlook, "middle", "primary", "Town") == [300, 290, 280, 270]
    assert needed(outlook, "middle", "junior", "Town") == [60, 90, 120, 150]
    assert needed(outlook, "middle", "primary", "Hill") == [60, 55, 50, 45]
    assert needed(outlook, "middle", "primary", "*") == [360, 345, 330, 315]


def test_warning_names_the_years_by_hand():
    outlook, _ = project_outlook(county())
    junior = warned(outlook, "middle", "junior", "Town")
    assert (junior["shortage_from"], junior["most_missing"], junior["year_of_most"]) == (2027, 50, 2028)
    primary = warned(outlook, "middle", "primary", "Town")
    assert (primary["shortage_from"], primary["shortage_until"]) == (2025, 2025)
    hill = warned(outlook, "middle", "primary", "Hill")
    assert pd.isna(hill["shortage_from"])
    assert hill["surplus_from"] == 2027


def test_empty_primary_seats_are_offered_to_the_junior_stage():
    outlook, _ = project_outlook(county())
    offers = outlook.conversions[outlook.conversions["variant"] == "middle"]
    town = offers[offers["township"] == "Town"].set_index(["from_stage", "to_stage"])
    assert town.loc[("primary", "junior"), ["first_year", "last_year", "seats"]].tolist() == [2027, 2028, 10]


def test_births_of_the_county_go_to_the_townships_by_their_youngest():
    outlook, _ = project_outlook(county(until=2032))
    # Of 100 births Town has 40 of 45 of the youngest children. Those of 2026 are 6 in 2032.
    children = outlook.with_estates["middle"].children
    assert children.loc[(2032, "Town"), 6] == pytest.approx(100 * 40 / 45)
    assert children.loc[(2032, "Hill"), 6] == pytest.approx(100 * 5 / 45)


def test_three_variants_differ_in_births_only():
    outlook, _ = project_outlook(county(until=2032))
    low, middle, high = (outlook.with_estates[name].children for name in ("low", "middle", "high"))
    assert low.loc[2032][list(range(7, 15))].equals(high.loc[2032][list(range(7, 15))])
    assert low.loc[2032][6].sum() == pytest.approx(85)
    assert middle.loc[2032][6].sum() == pytest.approx(100)
    assert high.loc[2032][6].sum() == pytest.approx(115)


def test_low_and_high_of_the_table_are_taken():
    table = births({("", year): BIRTHS for year in range(2026, 2029)}, low=50.0, high=170.0)
    outlook, _ = project_outlook(county(births=table))
    assert outlook.with_estates["low"].children.loc[2028][0].sum() == pytest.approx(50)
    assert outlook.with_estates["high"].children.loc[2028][0].sum() == pytest.approx(170)


def test_an_estate_counts_from_its_year_on_and_not_before():
    without, _ = project_outlook(county(until=2030))
    with_it, _ = project_outlook(county(until=2030, housing=estate(2000, 2029, 1100.0)))
    for stage, brought in (("primary", 400), ("junior", 200)):
        before, after = (needed(outlook, "middle", stage, "Town") for outlook in (without, with_it))
        assert after[:4] == before[:4]
        assert after[4] - before[4] == pytest.approx(brought)
    assert needed(with_it, "middle", "primary", "Hill") == needed(without, "middle", "primary", "Hill")
    assert warned(with_it, "middle", "primary", "Town")["shortage_until"] == 2030


def test_pupils_per_dwelling_of_the_table_come_first():
    housing = estate(2000, 2027, 1100.0, pupils_primary=0.3)
    mine = {
        "until": 2028,
        "infant_survival": 1,
        "child_survival": 1,
        "fill_rate": 1,
        "per_dwelling": {"primary": 0.1, "junior": 0.05},
    }
    outlook, _ = project_outlook(county(housing=housing, project={"projection": mine}))
    plain, _ = project_outlook(county(project={"projection": mine}))
    for stage, brought in (("primary", 600), ("junior", 100)):
        gain = np.subtract(needed(outlook, "middle", stage, "Town"), needed(plain, "middle", stage, "Town"))
        assert gain[:2].tolist() == [0, 0]
        assert gain[2] == pytest.approx(brought)


def test_a_large_estate_owes_schools_by_the_example_of_a_province():
    outlook, _ = project_outlook(county(until=2030, housing=estate(4000, 2029, 1100.0)))
    assert outlook.example is not None
    assert outlook.estate_schools["stage"].tolist() == ["kindergarten", "primary"]  # 12,000 people; junior from 30,000


def test_children_who_move_are_conserved():
    moves = pd.DataFrame(
        {
            "origin": ["Hill"], "destination": ["Town"], "first_age": pd.array([6], dtype="Int64"),
            "last_age": pd.array([14], dtype="Int64"), "first_year": pd.array([pd.NA], dtype="Int64"),
            "last_year": pd.array([pd.NA], dtype="Int64"), "share": [0.1], "children": [np.nan],
        }
    )  # fmt: skip
    moved, _ = project_outlook(county(migration=moves))
    stay, _ = project_outlook(county())
    assert needed(moved, "middle", "primary", "*") == needed(stay, "middle", "primary", "*")
    # 2026: of Hill's 55 children of primary age a tenth has moved.
    assert needed(moved, "middle", "primary", "Hill")[1] == pytest.approx(49.5)


def test_children_below_school_age_from_past_births():
    past = {("", year): 90.0 for year in range(2020, 2026)}
    table = births({**past, **{("", year): BIRTHS for year in range(2026, 2029)}})
    outlook, _ = project_outlook(county(ages=county().ages.iloc[:0, :0], births=table))
    assert outlook.with_estates["middle"].children.loc[2025][list(range(6))].sum().tolist() == pytest.approx([90] * 6)
    # Without ages the pupils of a stage are spread evenly.
    assert outlook.with_estates["middle"].children.loc[(2025, "Town"), 6] == pytest.approx(50)
    assert any("age groups" in notice.id for notice in outlook.notices)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ages": ages_of(Town=[]).iloc[:0]}, "is not known"),
        ({"births": no_births()}, "nothing is said of births"),
        ({"project": {"population": {"file": "p.tif"}}}, "population.year"),
        ({"until": 2025}, "projection.until"),
    ],
)
def test_what_is_missing_is_told(more, words):
    outlook, told = project_outlook(county(**more))
    assert outlook is None
    assert any(words in str(notice) for notice in told)


def test_a_project_that_asks_for_nothing_gets_nothing():
    assert project_outlook(line_county({"a": {"at": 0, "primary_lower": 1}}, {"s": {"at": 0}})) == (None, ())


def test_a_school_without_seats_counts_with_its_pupils_and_is_told():
    made = county()
    schools = made.schools.copy()
    schools.loc["s2", ["seats_junior", "pupils_junior"]] = [pd.NA, 80]
    outlook, _ = project_outlook(dataclasses.replace(made, schools=schools))
    assert warned(outlook, "middle", "junior", "Town")["seats"] == 80
    assert any("do not say how many seats" in notice.id for notice in outlook.notices)


def test_without_seats_and_pupils_no_shortage_is_told():
    made = county()
    schools = made.schools.copy()
    schools.loc["s2", "seats_junior"] = pd.NA
    outlook, _ = project_outlook(dataclasses.replace(made, schools=schools))
    town = warned(outlook, "middle", "junior", "Town")
    assert pd.isna(town["seats"])
    assert pd.isna(town["shortage_from"])
    assert pd.isna(town["surplus_from"])
    assert pd.isna(warned(outlook, "middle", "junior", "*")["seats"])


@pytest.mark.parametrize(("people", "special", "due"), [(200_000, 0, 0), (200_001, 0, 1), (200_001, 1, 0)])
def test_special_school_is_due_above_the_threshold(people, special, due):
    made = county()
    cells = made.cells.assign(population=people / 2)
    schools = made.schools.copy()
    if special:
        schools.loc["s1", "kind"] = "special"
    outlook, _ = project_outlook(dataclasses.replace(made, cells=cells, schools=schools))
    assert outlook.special.due == due
    assert outlook.special.rule.number == 200_000


def test_births_by_fertility_of_people_and_of_women():
    mine = {"until": 2026, "fertility": {"per_1000": 10}}
    outlook, _ = project_outlook(county(until=2026, births=no_births(), project={"projection": mine}))
    born = outlook.with_estates["middle"].children.loc[2026][0]
    assert born.tolist() == pytest.approx([0.995, 0.995])  # 100 people in either township
    mine = {"until": 2026, "infant_survival": 1, "fertility": {"children_per_woman": 1.4}}
    made = county(until=2026, births=no_births(), project={"projection": mine})
    ages = pd.DataFrame(7.0, index=["Town", "Hill"], columns=[str(age) for age in range(60)]).rename_axis("township")
    outlook, _ = project_outlook(dataclasses.replace(made, ages=ages))
    # 35 ages × 3.5 women × 1.4 / 35
    assert outlook.with_estates["middle"].children.loc[2026][0].tolist() == pytest.approx([4.9, 4.9])

"""The county of a coming year: pupils by hand, estates in their year and not before, nobody lost, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_county import adds_up, line_county, places, project_of, pupils_of, value

from planning.config import Question
from planning.errors import ConfigError
from planning.scenario.evaluate import evaluate
from planning.scenario.outlook import project_outlook
from planning.scenario.questions import answer
from planning.scenario.result import RunResult
from planning.scenario.saved import load_run, save_run
from planning.scenario.years import county_asked_of, county_of_year

AGES = [str(age) for age in range(12)]
VILLAGES = {
    "c1": {"at": 1000, "township": "A", "primary_lower": 20, "primary_upper": 30},
    "c2": {"at": 9000, "township": "A", "primary_lower": 10},
    "c3": {"at": 16_000, "township": "B", "primary_lower": 3, "primary_upper": 3},
}


def project(**more):
    return project_of(
        **{
            "stages": {"primary": {"ages": [6, 11]}},
            "population": {"file": "p.tif", "year": 2025},
            "projection": {"until": 2035, "infant_survival": 1.0, "child_survival": 1.0, "per_dwelling": {"primary": 0.3}},
            **more,
        }
    )  # fmt: skip


def county(*, estate: float | None = None, dwellings: int = 2000, villages=None, young=20.0, **more):
    """Make townships with ``young`` children of each age below 6, births of 12 a year in A and 1 in B, and perhaps an estate."""
    found = line_county(
        villages or VILLAGES,
        {"S": {"at": 0, "seats_primary": 500, "township": "A"}},
        {"N1": 8000.0, "N2": 15_000.0, "N3": 19_000.0},
        project=project(**more),
    )
    people = pd.DataFrame(
        [[young] * 6 + [10.0] * 6, [1.0] * 12], index=pd.Index(["A", "B"], name="township"), columns=AGES
    )
    births = pd.DataFrame(
        [(township, year, n, n, n) for year in range(2026, 2036) for township, n in (("A", 12.0), ("B", 1.0))],
        columns=["township", "year", "low", "middle", "high"],
    )
    found = replace(found, ages=people, births=births)
    if estate is None:
        return found
    built = {"name": "New Town", "township": "B", "dwellings": dwellings, "year": 2029}
    housing = places(["H1"], [estate], "housing_id", {name: [of] for name, of in built.items()})
    return replace(found, housing=gpd.GeoDataFrame(housing))


def in_year(county_, year, births="middle"):
    outlook, _ = project_outlook(county_)
    return county_of_year(county_, outlook, year, births)


def test_pupils_of_the_next_year_by_hand():
    then, told = in_year(county(), 2026)
    # A, ages 6-8: 20 + 10 + 10 = 40 instead of 30, so 20 -> 26.7 and 10 -> 13.3; ages 9-11 stay 30. B stays.
    assert then.cells["pupils_primary_lower"].to_dict() == {"c1": 27, "c2": 13, "c3": 3}
    assert then.cells["pupils_primary_upper"].to_dict() == {"c1": 30, "c2": 0, "c3": 3}
    assert [str(note) for note in told] == ["Pupils are those of 2026, middle births."]
    assert in_year(county(), 2025)[0].cells.equals(county().cells)


def test_children_born_after_today_reach_the_first_grade_six_years_later():
    then, _ = in_year(county(), 2032)
    # ages 6-8 of 2032 were born in 2024 (20 in A, 1 in B), 2025 (the same) and 2026 (12 and 1)
    by_township = then.cells.groupby("township")["pupils_primary_lower"].sum()
    assert by_township.to_dict() == {"A": 52, "B": 3}


def test_an_estate_moves_the_answer_in_its_year_and_not_before():
    plain, more = county(), county(estate=18_900.0)
    question = {"name": "Q", "stage": "primary", "model": "p_median", "new": 1}
    for year in (2026, 2028):
        asked = Question.model_validate({**question, "year": year})
        one, other = answer(plain, asked), answer(more, asked)
        assert county_asked_of(plain, asked)[0].cells.equals(county_asked_of(more, asked)[0].cells)
        assert one.proposal.objective == other.proposal.objective
        assert one.sites.index.to_list() == other.sites.index.to_list() == ["N1"]
        pd.testing.assert_frame_equal(one.before.indicators, other.before.indicators)
    asked = Question.model_validate({**question, "year": 2029})
    one, other = answer(plain, asked), answer(more, asked)
    assert one.sites.index.to_list() == ["N1"]
    assert other.sites.index.to_list() == ["N2"]  # 600 pupils more at c3, 1 km from N2
    grown, usual = (county_asked_of(one, asked)[0] for one in (more, plain))
    assert pupils_of(grown, "primary") - pupils_of(usual, "primary") == 600
    # 100 a year of age: 300 in each band, all at c3, the nearest inhabited place; the others are untouched
    moved = pd.DataFrame(grown.cells).filter(regex="^pupils_") - pd.DataFrame(usual.cells).filter(regex="^pupils_")
    assert moved.loc["c3"].to_list() == [300, 300]
    assert (moved.drop(index="c3") == 0).all(axis=None)
    assert any("New Town" in str(note) and "2900 m from it" in str(note) for note in other.notes)


def test_an_estate_moves_the_warning_in_its_year_and_not_before():
    without, with_it = (project_outlook(one)[0].needed for one in (county(), county(estate=16_000.0)))
    same = without["year"] < 2029
    pd.testing.assert_frame_equal(without[same], with_it[same])
    of_2029 = (without["year"] == 2029) & (without["township"] == "B") & (without["variant"] == "middle")
    assert float((with_it["children"] - without["children"])[of_2029].item()) == pytest.approx(600)


def test_estates_of_one_township_share_by_their_children_of_age():
    base = county(estate=16_000.0)
    villages = {**VILLAGES, "c4": {"at": 19_000, "township": "B"}}
    both = county(villages=villages)
    two = pd.concat([base.housing, base.housing.rename(index={"H1": "H2"}).assign(dwellings=1000, year=2031)])
    spots = gpd.GeoSeries(gpd.points_from_xy(two.geometry.x + np.array([0.0, 3000.0]), two.geometry.y), index=two.index)
    both = replace(both, housing=gpd.GeoDataFrame(two.set_geometry(spots.set_crs(base.crs))))
    then, _ = in_year(both, 2031)
    # the 600 of 2029 are two years older: ages 8-11 of them are pupils, and the under-sixes of 2029 who are now 6 and 7 follow
    outlook, _ = project_outlook(both)
    more = (outlook.with_estates["middle"].children - outlook.without_estates["middle"].children).loc[2031].loc["B"]
    assert then.cells.filter(regex="^pupils_").loc["c4"].sum() == 300  # its own, all of this year
    assert pupils_of(then, "primary") == round(
        float(outlook.with_estates["middle"].children.loc[2031, list(range(6, 12))].sum(axis=None))
    )
    assert float(more[list(range(6, 12))].sum()) > 600


def test_the_answer_is_compared_with_its_own_year_and_comes_back_from_disk(tmp_path):
    question = {"name": "Q", "stage": "primary", "model": "p_median", "new": 1, "year": 2029}
    county_ = county(estate=16_000.0, questions=[question])
    found = answer(county_, county_.project.questions[0])
    then, _ = county_asked_of(county_, found.question)
    assert found.year == 2029
    assert value(found.before, "pupils") == value(found.after, "pupils") == pupils_of(then, "primary")
    adds_up(then, "primary", found.after)
    base = {"primary": evaluate(county_, "primary")}
    assert value(base["primary"], "pupils") == pupils_of(county_, "primary") == 66
    save_run(RunResult(county_, base, (found,), {}, {}), tmp_path / "run")
    again = load_run(tmp_path / "run").answers[0]
    assert again.year == 2029
    pd.testing.assert_frame_equal(again.before.indicators, found.before.indicators)
    pd.testing.assert_frame_equal(again.after.indicators, found.after.indicators)


def test_costs_are_shared_and_new_homes_are_swept():
    villages = {**VILLAGES, "c4": {"at": 19_000, "township": "B"}}
    county_ = county(estate=19_000.0, villages=villages)
    today = county_.costs.candidates("walk")
    early, late = in_year(county_, 2028)[0], in_year(county_, 2029)[0]
    assert early.costs.candidates("walk") is today
    assert early.costs.schools("walk") is late.costs.schools("walk") is county_.costs.schools("walk")
    assert "c4" not in today.cell_ids
    again = late.costs.candidates("walk")
    kept = again.cell_ids.get_indexer(today.cell_ids)
    np.testing.assert_array_equal(again.distance_m[kept], today.distance_m)
    assert again.distance_m[again.cell_ids.get_loc("c4"), again.site_ids.get_loc("N3")] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("more", "keys", "words"),
    [
        ({"projection": None}, {"year": 2029}, "needs a projection. Add births: or projection:"),
        ({"population": {"file": "p.tif"}}, {"year": 2029}, "Add population.year"),
        ({}, {"year": 2036}, "year 2036 is not among those projected, 2025 to 2035"),
        ({}, {"year": 2024}, "year 2024 is not among those projected"),
        ({"stages": {"special": {"share": 0.01}}}, {"year": 2029, "stage": "special"}, "special education"),
    ],
)
def test_years_that_cannot_be_asked_about(more, keys, words):
    question = Question.model_validate({"name": "Q", "stage": "primary", "model": "p_median", "new": 1, **keys})
    county_ = line_county({}, {"S": {"at": 0}}, {"N": 1.0}, project=project(**more))
    with pytest.raises(ConfigError) as caught:
        answer(county_, question)
    assert words in str(caught.value)


def test_a_year_without_ages_says_what_to_add():
    bare = replace(county(), ages=pd.DataFrame(index=pd.Index([], dtype="str", name="township")))
    with pytest.raises(ConfigError, match=r"the children of 2029 are not known[\s\S]*population.age_bands"):
        answer(bare, Question(name="Q", stage="primary", model="p_median", new=1, year=2029))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["A", "B"]), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6),
    st.integers(0, 50),
    st.integers(2025, 2035),
    st.integers(0, 5000),
)
def test_nobody_is_lost(homes, young, year, dwellings):
    villages = {
        f"c{n}": {"at": 1000 + 2000 * n, "township": township, "primary_lower": lower, "primary_upper": upper}
        for n, (township, lower, upper) in enumerate([*homes, ("A", 1, 2), ("B", 0, 1)])
    }
    across = {"at": 18_000, "township": "B", "in_margin": True, "primary_lower": 7}
    county_ = county(villages={**villages, "far": across}, young=float(young), estate=18_500.0, dwellings=dwellings)
    outlook, _ = project_outlook(county_)
    then, _ = county_of_year(county_, outlook, year, "high")
    children = outlook.with_estates["high"].children.loc[year, list(range(6, 12))].to_numpy().sum()
    assert pupils_of(then, "primary") == np.floor(round(children, 6) + 0.5)
    assert then.cells.loc["far", ["pupils_primary_lower", "pupils_primary_upper"]].to_list() == [7, 0]
    assert (then.cells.filter(regex="^pupils_") >= 0).all(axis=None)

"""Beds by hub, homes of boarders, and the day's way of the same pupils, on a straight road."""

from __future__ import annotations

import dataclasses
import math

import pytest
from line_county import line_county, project_of

from planning.config import Question
from planning.scenario.boarding_sheets import HUB_COLUMNS, VILLAGE_COLUMNS, boarding_villages, day_way, hub_beds
from planning.scenario.edits import NewSchool
from planning.scenario.evaluate import evaluate
from planning.scenario.questions import answer

QUESTION = Question.model_validate({"name": "Q", "stage": "primary", "model": "boarding", "new": 1, "beds": 12})


def county(*, beds=3, **more):
    return line_county(
        {
            "near": {"at": 500, "primary_lower": 5, "primary_upper": 5},
            "mid": {"at": 9000, "name": "Mid", "township": "T", "primary_upper": 6},
            "far": {"at": 18_000, "name": "Far", "township": "T", "primary_lower": 4, "primary_upper": 7},
            "over": {"at": 19_000, "primary_upper": 9, "in_margin": True},
        },
        {"A": {"at": 0, "seats_primary": 60, "beds": beds}},
        {"N1": 3000.0},
        **more,
    )


@pytest.fixture(scope="module")
def found():
    place = county()
    return place, answer(place, QUESTION)


def test_beds_by_hub_by_hand(found):
    place, got = found
    hubs = hub_beds(place, got)
    assert hubs.columns.to_list() == list(HUB_COLUMNS)
    assert hubs["boarders"].sum() == got.after.boarding["pupils"].sum() == 13  # all of grades 4-6 beyond the limit
    assert hubs["beds_needed"].to_list() == hubs["boarders"].to_list()
    assert hubs["beds_new"].sum() == 12
    assert hubs.loc["A", "beds_there"] == 3
    assert hubs["beds_short"].to_list() == [0] * len(hubs)
    assert hubs["is_proposed"].sum() == len(got.sites[got.sites["kind"] == "boarding"]) == 1


def test_beds_that_nobody_counted_are_unknown_and_count_as_none():
    place = county(beds=None)
    hubs = hub_beds(place, answer(place, QUESTION.model_copy(update={"beds": 20})))
    assert hubs["beds_there"].isna().all()
    assert hubs["boarders"].sum() == 13
    assert hubs["beds_short"].sum() == 0  # the new hub has room for all


def test_beds_short_are_told_where_a_school_takes_more_than_its_own(found):
    place, got = found
    fewer = got.sites.assign(beds=2)
    hubs = hub_beds(place, dataclasses.replace(got, sites=fewer))
    lacking = (hubs["beds_needed"] - hubs["beds_there"].fillna(0) - hubs["beds_new"]).clip(lower=0)
    assert hubs["beds_short"].to_list() == lacking.to_list()
    assert hubs["beds_short"].sum() >= 13 - 3 - 2


def test_a_question_without_an_answer_has_no_beds_and_no_homes():
    place = county(beds=None)
    got = answer(place, QUESTION.model_copy(update={"beds": 2}))
    assert got.proposal.status == "infeasible"
    assert got.after is None
    assert hub_beds(place, got).columns.to_list() == list(HUB_COLUMNS)
    assert boarding_villages(place, got).empty


def test_homes_of_boarders_add_up_and_ride_along_the_road(found):
    place, got = found
    homes = boarding_villages(place, got)
    assert homes.columns.to_list() == list(VILLAGE_COLUMNS)
    assert homes["pupils"].sum() == got.after.boarding["pupils"].sum()
    assert set(homes["band"]) == {"primary_upper"}
    assert set(homes["place"]) <= {"Mid", "Far"}
    ride = place.costs.schools("drive")
    for row in homes[homes["site_id"] == "A"].to_dict("records"):
        cell = {"Mid": "mid", "Far": "far"}[row["place"]]
        at = ride.cell_ids.get_loc(cell), ride.site_ids.get_loc("A")
        assert row["ride_min"] == pytest.approx(float(ride.time_min[at]))


def test_day_way_is_of_the_pupils_that_the_other_ways_are_asked_of(found):
    place, got = found
    day = day_way(place, QUESTION)
    assert day["pupils_asked"] == got.ways["pupils_asked"].iloc[0] == 4 + 7 + 6
    nearest = evaluate(place, "primary").nearest  # what every child of the county walks today
    upper, lower = nearest["primary_upper"]["time_min"], nearest["primary_lower"]["time_min"]
    mean = (6 * upper["mid"] + 7 * upper["far"] + 4 * lower["far"]) / 17
    assert day["week_min"] == pytest.approx(10 * mean, rel=1e-4)
    assert day["one_way_min_max"] == pytest.approx(max(upper["far"], lower["far"]), rel=1e-4)
    assert day["without_way"] == 0


def test_nobody_far_and_no_way_at_all():
    near = [
        NewSchool(f"N{n}", "", *county().cells.geometry[c].coords[0], "primary", None, "primary")
        for n, c in enumerate(("mid", "far"))
    ]
    day = day_way(county(), QUESTION, edits=near)
    assert day["pupils_asked"] == 0
    assert math.isnan(day["week_min"])
    day = day_way(county(gap_at=5000), QUESTION)
    assert day["pupils_asked"] == day["without_way"] == 17
    assert math.isnan(day["one_way_min_max"])


def test_an_answer_without_boarders_gives_empty_tables():
    place = county(project=project_of())
    near = [
        NewSchool(f"N{n}", "", *place.cells.geometry[c].coords[0], "primary", None, "primary")
        for n, c in enumerate(("mid", "far"))
    ]
    got = answer(place, QUESTION.model_copy(update={"new": 0, "beds": None}), edits=near)
    assert hub_beds(place, got).empty
    assert boarding_villages(place, got, edits=near).empty

"""Boarding, bus and teaching point for the far villages of a straight road."""

from __future__ import annotations

import pytest
from line_county import line_county, project_of

from planning import siting
from planning.config import Question
from planning.scenario.edits import NewSchool
from planning.scenario.questions import answer
from planning.scenario.trade_off import BUS_SEATS, WAY_COLUMNS, compare_ways, weigh_ways

QUESTION = Question.model_validate({"name": "Q", "stage": "primary", "model": "boarding", "new": 1})


def county(**more):
    return line_county(
        {
            "near": {"at": 500, "primary_lower": 5, "primary_upper": 5},
            "far": {"at": 18_000, "primary_lower": 4, "primary_upper": 7},
            "over": {"at": 19_000, "primary_upper": 9, "in_margin": True},
        },
        {"A": {"at": 0, "seats_primary": 30}},
        {"N1": 17_500.0},
        **more,
    )


def test_three_ways_for_the_same_children():
    found = compare_ways(county(), QUESTION, rates=siting.Rates(boarder=2000, bus_km=4), bus_seats=20, bus_limit_min=60)
    assert found.table["pupils"].to_list() == [11, 11, 11]  # not those across the county line
    assert found.table["pupils_served"].to_list() == [
        7,
        11,
        4,
    ]  # grades 1-3 neither board nor need to ride past a point
    assert found.table.loc["school_bus", "bus_km_week"] == pytest.approx(10 * 36, rel=1e-3)
    assert found.table.loc["teaching_point", "teaching_points"] == 1
    assert found.table.loc["boarding", "cost_year"] == 14_000
    assert found.table.loc["teaching_point"].isna()["cost_year"]
    cells = found.cells.set_index(["way", "band"])
    assert cells.loc[("boarding", "primary_upper"), "site"] == "A"
    assert cells.loc[("boarding", "primary_lower"), "site"] == ""
    assert cells.loc[("teaching_point", "primary_lower"), "site"] == "N1"
    assert set(cells["cell"]) == {"far"}


def test_only_hubs_have_beds_and_edits_count():
    assert compare_ways(county(), QUESTION, hubs=[]).table.loc["boarding", "pupils_served"] == 0
    at = county().candidates.geometry["N1"]
    new = NewSchool("N1", "by N1", at.x, at.y, "primary", 30, "primary")
    assert compare_ways(county(), QUESTION, edits=[new]).table["pupils"].to_list() == [0, 0, 0]


RATES = {"boarding_per_pupil": 2000, "bus_per_km": 4, "bus_per_year": 50_000, "teaching_point_per_year": 120_000}


def test_an_answer_about_boarding_weighs_the_ways_at_the_project_s_rates():
    question = QUESTION.model_copy(update={"bus_seats": 6, "bus_limit_min": 60.0})
    found = answer(county(project=project_of(costs=RATES)), question)
    assert found.ways.columns.to_list() == list(WAY_COLUMNS)
    ways = found.ways.set_index("way")
    # those who live far today, though the answer brings them a hub or a teaching point
    assert ways["pupils_asked"].to_list() == [11, 11, 11]
    assert ways["pupils_served"].to_list() == [7, 11, 4]
    assert ways.loc["boarding", ["beds_needed", "seats_needed", "cost_yuan_year"]].to_list() == [7, 7, 14_000]
    # 11 pupils in buses of 6: two buses, each 18 km out and back, ten times a week in 39 weeks
    assert ways.loc["school_bus", "buses"] == 2
    assert ways.loc["school_bus", "bus_km_week"] == pytest.approx(2 * 36 * 10, rel=1e-3)
    assert ways.loc["school_bus", "cost_yuan_year"] == pytest.approx(2 * 36 * 10 * 39 * 4 + 100_000, rel=1e-3)
    assert ways.loc["teaching_point", ["teaching_points", "cost_yuan_year"]].to_list() == [1, 120_000]
    assert ways.loc["boarding"].isna()[["buses", "bus_km_week", "teaching_points"]].all()


def test_without_rates_no_cost_and_a_bus_of_the_tool_s_own_size():
    ways = weigh_ways(county(), QUESTION.model_copy(update={"bus_limit_min": 60.0}))[0].set_index("way")
    assert ways["cost_yuan_year"].isna().all()
    assert BUS_SEATS >= 11
    assert ways.loc["school_bus", "buses"] == 1


def test_a_way_that_helps_nobody_has_no_cost():
    ways, lines = weigh_ways(
        county(project=project_of(costs=RATES)), QUESTION.model_copy(update={"bus_limit_min": 0.1})
    )
    assert ways.set_index("way").loc["school_bus", ["pupils_served", "pupils_left"]].to_list() == [0, 11]
    assert lines[["pupils", "reason"]].to_numpy().tolist() == [[11, "ride_too_long"]]
    assert ways.set_index("way")["cost_yuan_year"].isna().to_list() == [False, True, False]


def test_where_nobody_lives_far_there_is_nothing_to_weigh():
    at = county().candidates.geometry["N1"]
    new = NewSchool("N1", "by N1", at.x, at.y, "primary", 30, "primary")
    ways, lines = weigh_ways(county(), QUESTION, edits=[new])
    assert ways.empty
    assert lines.empty

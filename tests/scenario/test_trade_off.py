"""Boarding, bus and teaching point for the far villages of a straight road."""

from __future__ import annotations

import pytest
from line_county import line_county

from planning import siting
from planning.config import Question
from planning.scenario.edits import NewSchool
from planning.scenario.trade_off import compare_ways

QUESTION = Question.model_validate({"name": "Q", "stage": "primary", "model": "boarding", "new": 1})


def county():
    return line_county(
        {
            "near": {"at": 500, "primary_lower": 5, "primary_upper": 5},
            "far": {"at": 18_000, "primary_lower": 4, "primary_upper": 7},
            "over": {"at": 19_000, "primary_upper": 9, "in_margin": True},
        },
        {"A": {"at": 0, "seats_primary": 30}},
        {"N1": 17_500.0},
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

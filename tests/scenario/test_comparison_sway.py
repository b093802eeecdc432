"""Whether an order holds: places by hand, children scaled to the total, speeds that change times and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from line_county import line_county

from planning.scenario.comparison_sway import CASES, order_of, scaled_pupils, sway
from planning.scenario.edits import Assumption, CloseSchool, NewSchool

ORIGIN_Y = 3_000_000.0


@pytest.fixture(scope="module")
def county():
    return line_county(
        {f"c{n}": {"at": 500 * n, "primary_lower": 1 + n % 3, "primary_upper": 2} for n in range(20)},
        {"one": {"at": 0, "seats_primary": 100}, "two": {"at": 9000, "seats_primary": 100}},
    )


def value(found, case, name, plan):
    rows = found.values.set_index(["case", "criterion", "plan"])
    return rows.loc[(case, name, plan), "value"].item()


def test_places_by_hand():
    assert order_of([3.0, 1.0, 2.0], "mean_time") == [3, 1, 2]
    assert order_of([0.5, 0.9, 0.9001], "share_within_limit") == [3, 1, 1]
    assert order_of([float("nan"), 5.0], "unserved") == [2, 1]


@pytest.mark.parametrize("factor", [0.9, 1.1, 1.0, 0.0])
def test_children_are_scaled_to_the_total_and_everywhere_alike(county, factor):
    scaled = scaled_pupils(county, factor)
    for band in county.project.bands:
        was, now = (each.cells[f"pupils_{band}"].to_numpy() for each in (county, scaled))
        assert now.sum() == np.floor(was.sum() * factor + 0.5)
        # Along the road no stretch is off by more than one child.
        assert np.abs(np.cumsum(now) - np.cumsum(was) * factor).max() <= 0.5 + 1e-9
    assert county.cells["pupils_primary_lower"].sum() == 39


def test_speed_changes_times_and_no_ways(county):
    plans = [(), (NewSchool("new-1", "N", 400_000.0 + 4500, ORIGIN_Y, "primary", 50, "primary"),)]
    found = sway(county, plans)
    assert set(found.values["case"]) == set(CASES)
    for plan in (0, 1):
        assert value(found, "slower", "mean_distance", plan) == value(found, "as_is", "mean_distance", plan)
        as_is = value(found, "as_is", "mean_time", plan)
        assert value(found, "slower", "mean_time", plan) == pytest.approx(as_is / 0.9, rel=1e-5)
        assert value(found, "faster", "mean_time", plan) == pytest.approx(as_is / 1.1, rel=1e-5)
    assert found.holds["holds"].all()


def test_a_speed_that_the_plan_assumes_is_varied_not_replaced(county):
    found = sway(county, [(), (Assumption("walking_speed_factor", 2.0),)])
    today, fast = (value(found, "slower", "mean_time", plan) for plan in (0, 1))
    assert fast == pytest.approx(today / 2, rel=1e-5)


def test_more_children_swap_two_plans_where_seats_run_out():
    """Plan A seats 60 near all homes, B seats 66 in all: with more children A leaves some without a seat and B none."""
    county = line_county(
        {"a": {"at": 100, "primary_lower": 30}, "b": {"at": 200, "primary_lower": 30}},
        {"one": {"at": 0, "seats_primary": 66}, "two": {"at": 150, "seats_primary": 60}},
    )
    found = sway(county, [(CloseSchool("one"),), (CloseSchool("two"),)])
    assert [value(found, "as_is", "unserved", plan) for plan in (0, 1)] == [0, 0]
    assert [value(found, "more", "unserved", plan) for plan in (0, 1)] == [6, 0]
    rows = found.holds.set_index(["case", "criterion"])
    assert rows.loc[("more", "unserved"), "holds"].item()  # they were equal before: that they part is no swap


def test_a_swap_is_found_and_named():
    import pandas as pd

    from planning.scenario.comparison_sway import Sway, _holds  # the rule itself, on made-up places

    rows = [
        ("as_is", "primary", "mean_time", 0, 1.0, 1), ("as_is", "primary", "mean_time", 1, 2.0, 2),
        ("slower", "primary", "mean_time", 0, 3.0, 2), ("slower", "primary", "mean_time", 1, 2.0, 1),
    ]  # fmt: skip
    values = pd.DataFrame(rows, columns=["case", "stage", "criterion", "plan", "value", "place"])
    found = Sway(values, _holds(values))
    assert found.holds["holds"].to_list() == [False]
    assert found.holds["swapped"].to_list() == [((0, 1),)]


def test_work_that_is_stopped_leaves_whole_cases(county):
    calls = iter(range(100))
    found = sway(county, [(), ()], cancel=lambda: next(calls) >= 3)
    assert set(found.values["case"]) == {"as_is"}
    assert found.holds.empty

"""What a layout means: by hand on a straight road, at the edges, and conserved whatever is edited."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from line_county import ORIGIN, adds_up, counts, line_county, project_of, value

from planning.errors import ConfigError
from planning.scenario.edits import CloseSchool, MoveSchool, NewSchool, SetSeats, edits_from_data, edits_to_data
from planning.scenario.evaluate import evaluate

X, Y = ORIGIN


def two_schools(**project):
    return line_county(
        [
            {"at": 0, "primary_lower": 10, "primary_upper": 10, "township": "West"},
            {"at": 4000, "primary_lower": 10, "primary_upper": 20, "township": "West"},
            {"at": 9000, "primary_lower": 30, "township": "East"},
        ],
        {"A": {"at": 1000, "seats_primary": 45}, "B": {"at": 10_000, "seats_primary": 100}},
        {"N1": 4500.0},
        project=project_of(**project),
    )


def test_ways_seats_and_indicators_worked_by_hand():
    county = two_schools()
    state = evaluate(county, "primary")
    assert state.nearest["primary_lower"]["site_id"].to_list() == ["A", "A", "B"]
    assert state.nearest["primary_lower"]["distance_m"].to_list() == pytest.approx([1000, 3000, 1000])
    # lower grades walk 3.4 km/h: 3 km take 52.9 min
    assert state.nearest["primary_lower"]["time_min"].iloc[1] == pytest.approx(3 / 3.4 * 60, rel=1e-5)
    # 50 children are nearest to A, which has 45 seats: 5 of the second village go on to B
    assert state.load.to_dict() == {"A": 45, "B": 35}
    assert state.allocated[state.allocated["site_id"] == "B"].groupby("cell_id")["pupils"].sum().to_dict() == {
        "c1": 5,
        "c2": 30,
    }
    assert counts(state) == {"total": 80, "served": 80, "no_seat": 0, "out_of_reach": 0}
    assert value(state, "mean_distance") == pytest.approx((20 * 1000 + 30 * 3000 + 30 * 1000) / 80)
    assert value(state, "mean_distance_allocated") == pytest.approx((20 * 1000 + 25 * 3000 + 5 * 6000 + 30 * 1000) / 80)
    assert value(state, "max_distance") == pytest.approx(3000)
    assert value(state, "schools") == 2
    assert value(state, "seats") == 145
    # limits are 30 and 40 minutes: 1 km is within, 3 km (52.9 and 45 min) is not
    assert value(state, "share_within_limit") == pytest.approx(50 / 80)
    west = state.by_township.query("township == 'West' and indicator == 'pupils'")["value"].item()
    assert west == 50
    assert state.prices["A"] == pytest.approx(3000)  # one more seat at A saves one child 6,000 - 3,000 m
    adds_up(county, "primary", state)


def test_too_few_seats_leave_children_without_one():
    county = two_schools()
    state = evaluate(county, "primary", [CloseSchool("B")])
    assert counts(state) == {"total": 80, "served": 45, "no_seat": 35, "out_of_reach": 0}
    assert set(state.unserved["reason"]) == {"seats_full"}
    assert np.isinf(state.prices["A"])
    adds_up(county, "primary", state)


def test_unknown_seats_are_unlimited_and_said_never_zero():
    county = line_county([{"at": 0, "primary_lower": 500}], {"A": {"at": 1000}})
    state = evaluate(county, "primary")
    sheet = state.reconciliation.set_index(["category", "reason"])["pupils"]
    assert sheet["served", "seats_unknown"] == 500
    assert sheet["served", "seats_known"] == 0
    assert value(state, "schools_seats_unknown") == 1
    assert np.isnan(value(state, "seats"))
    assert state.sites["seats"].isna().all()


@pytest.mark.parametrize(
    ("limit", "within"),
    [
        (None, 80),
        (3000, 80),
        (2999.0, 50),
        ({"distance_m": 1000}, 50),
        ({"time_min": 46}, 80 - 10),
        ({"time_min": 1}, 0),
    ],
)
def test_reach_limit_as_metres_or_mapping_is_inclusive(limit, within):
    county = two_schools(travel={"reach_limit": limit})
    state = evaluate(county, "primary", [SetSeats("A", "primary", None)])
    assert counts(state)["served"] == within
    assert counts(state)["out_of_reach"] == 80 - within
    assert set(state.unserved["reason"]) <= {"beyond_reach_limit"}
    adds_up(county, "primary", state)


def test_children_who_cannot_get_there_have_no_path():
    county = line_county(
        [{"at": 0, "primary_lower": 5}, {"at": 15_000, "primary_lower": 7}], {"A": {"at": 1000}}, gap_at=10_000
    )
    state = evaluate(county, "primary")
    assert counts(state) == {"total": 12, "served": 5, "no_seat": 0, "out_of_reach": 7}
    assert state.unserved["reason"].to_list() == ["no_path"]
    assert state.nearest["primary_lower"]["site_id"].isna().to_list() == [False, True]


def test_a_teaching_point_teaches_the_lower_grades_only():
    county = line_county(
        [{"at": 0, "primary_lower": 10, "primary_upper": 10}], {"T": {"at": 100, "kind": "teaching_point"}}
    )
    state = evaluate(county, "primary")
    assert counts(state) == {"total": 20, "served": 10, "no_seat": 0, "out_of_reach": 10}
    assert state.unserved[["band", "reason"]].to_numpy().tolist() == [["primary_upper", "no_school_of_this_grade"]]


def test_a_nine_year_school_serves_two_stages_each_with_its_own_seats():
    county = line_county(
        [{"at": 0, "primary_lower": 10, "junior": 20}],
        {"N": {"at": 100, "kind": "nine_year", "seats_primary": 4, "seats_junior": 15}},
        project=project_of(("primary", "junior")),
    )
    assert counts(evaluate(county, "primary"))["served"] == 4
    assert counts(evaluate(county, "junior"))["served"] == 15


@pytest.mark.parametrize("status", ["planned", "closed"])
def test_planned_and_closed_schools_serve_nobody(status):
    county = line_county([{"at": 0, "primary_lower": 10}], {"A": {"at": 0, "status": status}, "B": {"at": 5000}})
    state = evaluate(county, "primary")
    assert state.sites.index.to_list() == ["B"]
    assert state.load.to_dict() == {"B": 10}


def test_a_stage_without_schools_and_one_without_pupils():
    county = line_county(
        [{"at": 0, "primary_lower": 10}], {"A": {"at": 0}}, project=project_of(("primary", "junior", "senior"))
    )
    state = evaluate(county, "junior")
    assert len(state.sites) == 0
    assert counts(state) == {"total": 0, "served": 0, "no_seat": 0, "out_of_reach": 0}
    assert value(state, "schools") == 0
    assert np.isnan(value(state, "mean_distance"))
    assert state.by_township.empty
    adds_up(county, "junior", state)
    nobody = line_county([{"at": 0, "primary_lower": 0}], {"A": {"at": 0}})
    assert counts(evaluate(nobody, "primary"))["total"] == 0
    none = evaluate(line_county([{"at": 0, "primary_lower": 3}], {}), "primary")
    assert counts(none)["out_of_reach"] == 3
    assert none.unserved["reason"].to_list() == ["no_school_of_this_grade"]


@pytest.mark.parametrize(("mode", "kmh"), [("bike", 12.0), ("drive", 25.0)])
def test_other_modes_go_by_minutes(mode, kmh):
    county = two_schools(travel={"mode": "walk", "modes": {"primary": mode}})
    state = evaluate(county, "primary")
    assert state.mode == mode
    on_foot = evaluate(two_schools(), "primary")
    time = state.nearest["primary_lower"]["time_min"]
    assert (time < on_foot.nearest["primary_lower"]["time_min"]).all()
    assert time.iloc[1] == pytest.approx(3 / kmh * 60, rel=1e-4)
    assert state.nearest["primary_lower"]["distance_m"].to_list() == pytest.approx([1000, 3000, 1000])
    # all children go at the same speed by vehicle
    assert time.to_list() == state.nearest["primary_upper"]["time_min"].to_list()
    adds_up(county, "primary", state)


def margin_county():
    return line_county(
        {
            "in": {"at": 3000, "primary_lower": 10},
            "out": {"at": 900, "primary_lower": 8, "in_margin": True},
        },
        {"A": {"at": 1000, "seats_primary": 12}, "M": {"at": 0, "seats_primary": 5, "in_margin": True}},
        {"N1": 3000.0},
    )


def test_children_across_the_line_compete_for_seats_but_count_in_no_total():
    county = margin_county()
    state = evaluate(county, "primary")
    # 18 children, 17 seats: the one left out is of those with the longest way to save, which is ours
    assert counts(state) == {"total": 10, "served": 9, "no_seat": 1, "out_of_reach": 0}
    assert state.load.to_dict() == {"A": 12, "M": 5}
    assert state.load_from_margin.to_dict() == {"A": 3, "M": 5}
    assert value(state, "pupils") == 10
    assert value(state, "schools") == 1  # the school across the line is not the county's
    assert value(state, "seats") == 12
    assert set(state.by_township["township"]) == {""}
    adds_up(county, "primary", state)
    alone = evaluate(
        line_county([{"at": 3000, "primary_lower": 10}], {"A": {"at": 1000, "seats_primary": 12}}), "primary"
    )
    assert counts(alone)["served"] == 10


def test_unserved_children_across_the_line_are_not_listed():
    county = margin_county()
    state = evaluate(county, "primary", [SetSeats("A", "primary", 1), CloseSchool("M")])
    assert state.load.to_dict() == {"A": 1}
    assert set(state.unserved["cell_id"]) <= {"in"}
    adds_up(county, "primary", state)


def test_new_school_moved_closed_and_resized():
    county = two_schools()
    new = NewSchool("N1", "New", X + 4000, Y, "primary", 30, "primary")
    state = evaluate(county, "primary", [new])
    assert state.nearest["primary_lower"]["site_id"].to_list() == ["A", "N1", "B"]
    assert state.load.to_dict() == {"A": 20, "B": 30, "N1": 30}
    assert state.sites.loc["N1", "is_new"]
    moved = evaluate(county, "primary", [new, MoveSchool("N1", X + 9000, Y)])
    assert moved.nearest["primary_lower"]["distance_m"].to_list() == pytest.approx([1000, 3000, 0])
    old_moved = evaluate(county, "primary", [MoveSchool("B", X + 9000, Y)])
    assert old_moved.nearest["primary_lower"]["distance_m"].iloc[2] == 0
    assert old_moved.sites.loc["B", "is_moved"]
    back = evaluate(county, "primary", [new, CloseSchool("N1")])
    pd.testing.assert_frame_equal(back.indicators, evaluate(county, "primary").indicators)
    assert evaluate(county, "primary", [SetSeats("A", "primary", 0)]).sites.index.to_list() == ["B"]
    assert county.schools.loc["A", "seats_primary"] == 45  # the base is as it was


def test_a_new_school_of_another_stage_has_no_seats_here():
    county = line_county([{"at": 0, "primary_lower": 4, "junior": 4}], {}, project=project_of(("primary", "junior")))
    new = NewSchool("N", "New", X, Y, "junior", 10, "nine_year")
    assert counts(evaluate(county, "primary", [new]))["out_of_reach"] == 4
    assert counts(evaluate(county, "junior", [new]))["served"] == 4


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (CloseSchool("Z"), "names school Z, which is not there"),
        (MoveSchool("Z", 0, 0), "names school Z, which is not there"),
        (SetSeats("Z", "primary", 3), "names school Z, which is not there"),
        (NewSchool("A", "again", X, Y, "primary", 1, "primary"), "adds school A, which is there already"),
        (NewSchool("Q", "odd", X, Y, "primary", 1, "castle"), "castle is no kind of school"),
        (NewSchool("Q", "odd", float("nan"), Y, "primary", 1, "primary"), "has no place"),
        (SetSeats("A", "primary", -1), "must be 0 or more"),
    ],
)
def test_edits_that_do_not_fit_are_refused(edit, words):
    with pytest.raises(ConfigError, match=words):
        evaluate(two_schools(), "primary", [edit])


def test_order_of_rows_changes_nothing():
    cells = {f"c{n:02}": {"at": 137 * (n * 7 % 90), "primary_lower": n % 5, "primary_upper": 1} for n in range(40)}
    schools = {f"S{n}": {"at": 3000 * n + 50, "seats_primary": 20} for n in range(6)}
    one = evaluate(line_county(cells, schools), "primary")
    other = evaluate(
        line_county(
            dict(reversed(cells.items())), dict(sorted(schools.items(), key=lambda item: item[0][::-1], reverse=True))
        ),
        "primary",
    )
    pd.testing.assert_frame_equal(one.allocated, other.allocated)
    pd.testing.assert_frame_equal(one.indicators, other.indicators)
    pd.testing.assert_frame_equal(one.reconciliation, other.reconciliation)
    for band, nearest in one.nearest.items():
        pd.testing.assert_frame_equal(nearest, other.nearest[band].reindex(nearest.index))


places = st.integers(0, 200).map(lambda n: X + n * 97.0)
seats = st.one_of(st.none(), st.integers(0, 60))
edits = st.one_of(
    st.builds(lambda x, s, k: NewSchool("N", "n", x, Y + 40, "primary", s, k), places, seats, st.sampled_from(["primary", "teaching_point", "nine_year"])),
    st.builds(MoveSchool, st.sampled_from(["A", "B", "C"]), places, st.just(Y - 30)),
    st.builds(CloseSchool, st.sampled_from(["A", "B", "C"])),
    st.builds(lambda i, s: SetSeats(i, "primary", s), st.sampled_from(["A", "B", "C"]), seats),
)  # fmt: skip
crowd = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(0, 20_000),
            "primary_lower": st.integers(0, 30),
            "primary_upper": st.integers(0, 30),
            "in_margin": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(
    crowd,
    st.lists(edits, max_size=3, unique_by=lambda edit: getattr(edit, "site_id", None) or edit.school_id),
    st.sampled_from([None, 2000]),
)
def test_nobody_is_lost_whatever_is_edited(people, changes, limit):
    county = line_county(
        people,
        {
            "A": {"at": 100, "seats_primary": 25},
            "B": {"at": 8000, "kind": "teaching_point", "seats_primary": 10},
            "C": {"at": 15_000},
        },
        project=project_of(travel={"reach_limit": limit}),
    )
    state = evaluate(county, "primary", changes)
    adds_up(county, "primary", state)
    known = state.sites["seats"].notna()
    assert (state.load[known] <= state.sites.loc[known, "seats"]).all()
    again = evaluate(county, "primary", edits_from_data(edits_to_data(changes)))
    pd.testing.assert_frame_equal(again.allocated, state.allocated)


def test_points_of_edits_lie_where_they_are_said_to(tmp_path):
    state = evaluate(two_schools(), "primary", [NewSchool("N", "n", X + 1, Y + 2, "primary", None, "primary")])
    assert state.sites.geometry["N"] == shapely.Point(X + 1, Y + 2)

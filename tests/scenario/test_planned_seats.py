"""Seats of a plan: today's, and what edits add and take away."""

import coming_county
import pandas as pd

from planning.scenario.edits import CloseSchool, MoveSchool, NewSchool, SetSeats
from planning.scenario.outlook import seats_there
from planning.scenario.planned_seats import planned_seats

STAGES = ["primary", "junior"]


def test_without_edits_they_are_those_that_are_there():
    county = coming_county.county()
    there, _ = seats_there(county, STAGES)
    pd.testing.assert_frame_equal(planned_seats(county, STAGES), there, check_dtype=False, check_index_type=False)


def test_closing_and_enlarging_by_hand():
    county = coming_county.county()
    edits = [CloseSchool("s2"), SetSeats("s3", "junior", 90)]
    seats = planned_seats(county, STAGES, edits)
    assert seats.loc["Town"].to_list() == [290, 0]
    assert seats.loc["Hill"].to_list() == [60, 90]


def test_a_new_school_counts_and_one_without_seats_is_not_known():
    county = coming_county.county()
    x, y = county.schools.geometry["s1"].coords[0]
    known = planned_seats(county, STAGES, [NewSchool("n", "", x, y, "primary", 45, "primary")])
    assert known["primary"].sum() == 290 + 60 + 45
    assert known["junior"].sum() == 140
    unknown = planned_seats(county, STAGES, [NewSchool("n", "", x, y, "primary", None, "primary")])
    assert unknown["primary"].isna().sum() == 1
    assert unknown["junior"].sum() == 140


def test_moving_a_school_keeps_the_seats_of_the_county():
    county = coming_county.county()
    x, y = county.schools.geometry["s3"].coords[0]
    assert planned_seats(county, STAGES, [MoveSchool("s1", x, y)])["primary"].sum() == 350

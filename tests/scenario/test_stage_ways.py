"""Edits answered from what stands: the same as from nothing, whatever was asked before, and as the slow and obvious way says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_county import ORIGIN, line_county, project_of
from plain_evaluate import evaluate_plainly

from planning.scenario.edits import CloseSchool, MoveSchool, NewSchool, SetSeats
from planning.scenario.evaluate import StageState, evaluate

X, Y = ORIGIN
TABLES = ("allocated", "unserved", "reconciliation", "indicators", "by_township")
SCHOOLS = {
    "A": {"at": 100, "seats_primary": 25},
    "B": {"at": 8000, "kind": "teaching_point", "seats_primary": 10},
    "C": {"at": 15_000},
    "D": {"at": 8000, "kind": "nine_year", "seats_primary": 0},  # holds none of the stage until it is given seats
    "E": {"at": 12_000, "seats_primary": 30},
}

spots = st.integers(0, 200).map(lambda n: X + n * 97.0)
seats = st.one_of(st.none(), st.integers(0, 60))
kinds = st.sampled_from(["primary", "teaching_point", "nine_year"])
names = st.sampled_from(sorted(SCHOOLS))
edits = st.one_of(
    st.builds(lambda x, s, k: NewSchool("Bb", "n", x, Y + 40, "primary", s, k), spots, seats, kinds),
    st.builds(MoveSchool, names, spots, st.just(Y - 30)),
    st.builds(CloseSchool, names),
    st.builds(lambda i, s: SetSeats(i, "primary", s), names, seats),
)
layouts = st.lists(edits, max_size=4, unique_by=lambda edit: getattr(edit, "site_id", None) or edit.school_id)
people = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(0, 40).map(lambda n: n * 500),  # often as far from one school as from another
            "primary_lower": st.integers(0, 30),
            "primary_upper": st.integers(0, 30),
            "township": st.sampled_from(["", "East", "West"]),
            "in_margin": st.booleans(),
        }
    ),
    min_size=1,
    max_size=8,
)


def county_of(cells, *, mode: str = "walk", limit: float | None = None):
    return line_county(cells, SCHOOLS, project=project_of(travel={"reach_limit": limit, "modes": {"primary": mode}}))


def assert_same(one: StageState, other: StageState) -> None:
    """Compare every table to the last digit."""
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    for name in ("load", "load_from_margin", "prices"):
        pd.testing.assert_series_equal(getattr(one, name), getattr(other, name), check_exact=True)
    pd.testing.assert_frame_equal(pd.DataFrame(one.sites), pd.DataFrame(other.sites))
    for band, nearest in one.nearest.items():
        pd.testing.assert_frame_equal(nearest, other.nearest[band], check_exact=True)


def spent(state: StageState) -> float:
    """Sum the ways of all who have a seat."""
    table = state.indicators.set_index("indicator")["value"]
    return float(table["mean_distance_allocated"] * table["served"])


def assert_as_good(one: StageState, plain: StageState) -> None:
    """Compare what does not hang on which of two equally cheap answers is taken."""
    for band, nearest in one.nearest.items():
        pd.testing.assert_frame_equal(nearest, plain.nearest[band], check_exact=True)
    pd.testing.assert_frame_equal(pd.DataFrame(one.sites), pd.DataFrame(plain.sites))
    pd.testing.assert_series_equal(one.prices, plain.prices)
    assert list(one.allocated) == list(plain.allocated)
    assert one.allocated["pupils"].sum() == plain.allocated["pupils"].sum()
    if not one.sites["in_margin"].any() and one.load_from_margin.sum() == 0:
        pd.testing.assert_frame_equal(one.reconciliation, plain.reconciliation)
        pd.testing.assert_frame_equal(one.indicators, plain.indicators)


@settings(max_examples=12, deadline=None)
@given(
    people, st.lists(layouts, min_size=1, max_size=3), st.sampled_from([None, 3000]), st.sampled_from(["walk", "bike"])
)
def test_what_was_asked_before_changes_nothing(cells, asked, limit, mode):
    county = county_of(cells, limit=limit, mode=mode)
    for layout in asked:
        assert_same(
            evaluate(county, "primary", layout), evaluate(county_of(cells, limit=limit, mode=mode), "primary", layout)
        )


@settings(max_examples=12, deadline=None)
@given(people, layouts, st.sampled_from([None, 3000]), st.sampled_from(["walk", "bike"]))
def test_the_slow_and_obvious_way_says_the_same(cells, layout, limit, mode):
    ours = [{**cell, "in_margin": False} for cell in cells]
    county = county_of(ours, limit=limit, mode=mode)
    assert_as_good(evaluate(county, "primary", layout), evaluate_plainly(county, "primary", layout))
    across = county_of(cells, limit=limit, mode=mode)
    assert_as_good(evaluate(across, "primary", layout), evaluate_plainly(across, "primary", layout))


def test_boarders_leave_their_seats_and_stand_in_the_sheet_as_they_did():
    cells = [{"at": 200, "primary_upper": 20, "township": "West"}, {"at": 500, "primary_lower": 30, "in_margin": True}]
    county = county_of(cells)
    boarding = pd.DataFrame({"cell_id": ["c0"], "band": ["primary_upper"], "site_id": ["A"], "pupils": [5]})
    found = evaluate(county, "primary", boarding=boarding)
    assert_as_good(found, evaluate_plainly(county, "primary", boarding=boarding))
    assert found.load["A"] == 25
    assert found.by_township.set_index("indicator")["value"]["boarders"] == 5


def test_nobody_left_to_teach_and_nobody_to_be_taught():
    county = county_of([{"at": 200, "primary_lower": 3}])
    closed = evaluate(county, "primary", [CloseSchool(name) for name in SCHOOLS])
    assert closed.unserved["reason"].to_list() == ["no_school_of_this_grade"]
    assert closed.nearest["primary_lower"]["site_id"].isna().all()
    nobody = county_of([{"at": 200}])
    assert evaluate(nobody, "primary", [CloseSchool("A")]).allocated.empty


def test_a_tie_goes_to_the_lower_id_whether_the_school_is_old_or_new():
    county = line_county([{"at": 1000, "primary_lower": 1}], {"M": {"at": 500}})
    there = X + 1500.0
    for school_id, winner in (("A", "A"), ("Z", "M")):
        state = evaluate(county, "primary", [NewSchool(school_id, "n", there, Y, "primary", None, "primary")])
        lower = state.nearest["primary_lower"]
        assert lower["distance_m"].to_list() == pytest.approx([500])
        assert lower["site_id"].to_list() == [winner]


def test_states_share_nothing_that_an_edit_could_change():
    county = county_of([{"at": 200, "primary_lower": 3}, {"at": 9000, "primary_lower": 4}])
    before = evaluate(county, "primary")
    kept = before.nearest["primary_lower"].copy(deep=True)
    evaluate(county, "primary", [CloseSchool("A"), NewSchool("N", "n", X + 8900.0, Y, "primary", 2, "primary")])
    pd.testing.assert_frame_equal(before.nearest["primary_lower"], kept)
    assert np.isfinite(evaluate(county, "primary").nearest["primary_lower"]["distance_m"]).all()

"""Costs to places that are no nodes yet: many at once as each alone, and each swept once."""

from __future__ import annotations

import numpy as np
import pytest
from line_county import ORIGIN, line_county

from planning.scenario import costbook
from planning.scenario.costbook import CostBook
from planning.scenario.edits import CloseSchool, NewSchool
from planning.scenario.evaluate import evaluate
from planning.scenario.stage_sites import stage_sites

AT = [1_250.0, 17_500.0, 60.0, 9_999.0]


def county():
    return line_county(
        {
            "near": {"at": 500, "primary_lower": 5, "primary_upper": 5},
            "far": {"at": 18_000, "primary_lower": 4, "primary_upper": 7},
        },
        {"A": {"at": 0, "seats_primary": 30}},
        {"N1": 17_500.0, "N2": 1_250.0},
    )


def fresh(known) -> CostBook:
    return CostBook(known.network, known.cells, known.schools, known.candidates)


def places(at=AT):
    return ORIGIN + np.column_stack([at, np.full(len(at), 25.0)])


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_many_places_cost_what_each_costs_alone(mode):
    known = county()
    together, alone = fresh(known).to_points(mode, places()), fresh(known)
    for column, place in enumerate(places()):
        one = alone.to_points(mode, place)
        for name in ("distance_m", "time_min", "off_road_m"):
            np.testing.assert_array_equal(getattr(together, name)[:, [column]], getattr(one, name))


def test_places_beside_the_road_by_hand():
    found = county().costs.to_points("walk", places([1_250.0]))
    assert found.distance_m[:, 0].tolist() == pytest.approx([775, 16_775])  # along the road, and 25 m to it


def test_no_place_no_column():
    assert county().costs.to_points("walk", np.empty((0, 2))).time_min.shape == (2, 0)


def test_a_place_is_swept_once_and_many_in_one_call(monkeypatch):
    calls = []
    swept = costbook.costs_to_points
    monkeypatch.setattr(costbook, "costs_to_points", lambda *args, **more: calls.append(more) or swept(*args, **more))
    book = county().costs
    book.to_points("walk", places())
    book.to_points("walk", places([*AT, *AT, 5_000.0]))
    assert [len(call["end_nodes"]) for call in calls] == [4, 1]


def test_large_tables_are_swept_in_parts(monkeypatch):
    whole = county().costs.to_points("walk", places())
    monkeypatch.setattr(costbook, "_SWEPT_AT_ONCE", 4)  # two places of two cells
    np.testing.assert_array_equal(county().costs.to_points("walk", places()).distance_m, whole.distance_m)


def test_a_layout_with_many_new_schools_is_evaluated_in_one_sweep(monkeypatch):
    calls = []
    swept = costbook.costs_to_points
    monkeypatch.setattr(costbook, "costs_to_points", lambda *args, **more: calls.append(more) or swept(*args, **more))
    known = county()
    new = [
        NewSchool(f"T{number}", "", x, y, "primary", 4, "teaching_point") for number, (x, y) in enumerate(places(AT))
    ]
    after = evaluate(known, "primary", [*new[:2], CloseSchool("A"), *new[2:]])
    assert len(calls) == 1
    assert after.sites.index.to_list() == ["T0", "T1", "T2", "T3"]
    assert after.nearest["primary_lower"].loc["far", "distance_m"] == pytest.approx(525)


def test_a_school_that_closed_may_be_built_anew_elsewhere_under_its_code():
    x, y = places([500.0])[0]
    edits = [CloseSchool("A"), NewSchool("A", "A anew", x, y, "primary", 9, "primary")]
    sites = stage_sites(county(), "primary", edits)
    assert (sites.at["A", "name"], sites.at["A", "seats"]) == ("A anew", 9)
    after = evaluate(county(), "primary", edits)
    assert after.nearest["primary_lower"].loc["near", "distance_m"] == pytest.approx(25)


def test_places_passed_by_a_dragged_school_are_forgotten_and_swept_again_to_the_same(monkeypatch):
    known = county()
    monkeypatch.setattr(costbook, "_KEPT_BYTES", 2 * 12 * len(known.cells))  # two places
    spots = [(ORIGIN[0] + 700.0 * n, ORIGIN[1] + 20.0) for n in range(5)]
    together = known.costs.to_points("walk", spots)  # more than may be kept, in one question
    assert len(known.costs._points) == 2
    for number, spot in enumerate(spots):
        alone = known.costs.to_points("walk", [spot])
        np.testing.assert_array_equal(alone.time_min[:, 0], together.time_min[:, number])
        np.testing.assert_array_equal(alone.distance_m[:, 0], together.distance_m[:, number])
    assert list(known.costs._points)[-1] == ("walk", *spots[-1])

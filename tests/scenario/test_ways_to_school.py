"""Pupils of a straight road on their way: every metre of the allocation found again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from line_county import line_county, project_of

from planning.scenario.costbook import CostBook
from planning.scenario.edits import NewSchool
from planning.scenario.evaluate import evaluate
from planning.scenario.ways_to_school import SHEET_COLUMNS, stage_ways, ways_to_school

CELLS = {
    "a": {"at": 500, "primary_lower": 5, "primary_upper": 4, "junior": 3},
    "b": {"at": 2050, "primary_lower": 10, "junior": 6},
    "over": {"at": 3000, "primary_upper": 2, "in_margin": True},
}
SCHOOLS = {"P": {"at": 0}, "J": {"at": 5000, "kind": "junior"}}


def county(**more):
    return line_county(CELLS, SCHOOLS, {"N1": 2500.0}, **more)


def _metres(place, state):
    """Add up pupils times the distance that the allocation counts."""
    costs = place.costs.schools(state.mode)
    flows = state.allocated
    rows, columns = costs.cell_ids.get_indexer(flows["cell_id"]), costs.site_ids.get_indexer(flows["site_id"])
    return float(flows["pupils"].to_numpy(dtype=float) @ costs.distance_m[rows, columns].astype(float))


def test_pupils_on_a_road_by_hand():
    place = county()
    found = stage_ways(place, evaluate(place, "primary"))
    assert tuple(found.sheet) == SHEET_COLUMNS
    # 9 from 500 m, 10 from 2,050 m and 2 from 3,000 m across the county line
    assert found.sheet["walked_pupil_m"] == pytest.approx(9 * 500 + 10 * 2050 + 2 * 3000)
    assert found.sheet["pupils"] == found.sheet["pupils_on_roads"] == 21
    x = place.network.x - place.network.x.min()
    towards = found.flows > 0
    assert (x[place.network.heads[towards]] < x[place.network.tails[towards]]).all()
    assert found.flows.max() == 21


def test_stages_add_up_and_dangers_know_their_stage():
    place = county(project=project_of(("primary", "junior")), highway="trunk")
    states = [evaluate(place, stage) for stage in ("primary", "junior")]
    found = ways_to_school(place, states)
    assert (found.roads["pupils"] == found.roads["pupils_primary"] + found.roads["pupils_junior"]).all()
    for state in states:
        walked = float(found.roads[f"pupils_{state.stage}"] @ found.roads["length_m"])
        assert walked == pytest.approx(_metres(place, state), rel=1e-6)
        assert walked == pytest.approx(found.sheet.set_index("stage").at[state.stage, "walked_pupil_m"], rel=1e-12)
    assert found.dangers["kind"].unique().tolist() == ["along_road"]
    # the busiest stretch: all of primary below 500 m and from there half as many; then junior beyond
    first = found.dangers.iloc[0]
    assert (first["pupils"], first["pupils_primary"], first["pupils_junior"]) == (21, 21, 0)
    assert found.dangers["length_m"].sum() == pytest.approx(found.roads["length_m"].sum())
    assert first["lon"] == pytest.approx(107, abs=3)
    assert found.dangers["rank"].tolist() == list(range(1, len(found.dangers) + 1))


def test_boarders_have_no_daily_way():
    place = county()
    away = pd.DataFrame([("b", "primary_upper", "P", 4)], columns=["cell_id", "band", "site_id", "pupils"])
    cells = place.cells.assign(pupils_primary_upper=place.cells["pupils_primary_upper"] + [0, 4, 0])
    place = dataclasses.replace(place, cells=cells)
    found = stage_ways(place, evaluate(place, "primary", boarding=away))
    assert found.sheet["pupils"] == 21


def test_who_lives_nearer_than_any_road_is_on_none():
    place = county()
    cells, schools = place.cells.assign(leg_m=300.0), place.schools.assign(leg_m=300.0)
    place = dataclasses.replace(
        place, cells=cells, schools=schools, costs=CostBook(place.network, cells, schools, place.candidates)
    )
    state = evaluate(place, "primary")
    sheet = stage_ways(place, state).sheet
    assert (sheet["pupils_straight"], sheet["straight_pupil_m"]) == (9, 9 * 500)
    assert sheet["legs_pupil_m"] == 12 * 600
    told = sum(sheet[name] for name in ("walked_pupil_m", "legs_pupil_m", "straight_pupil_m"))
    assert told == pytest.approx(_metres(place, state), rel=1e-6)


def test_riders_are_on_foot_only_where_nobody_may_ride():
    ride = project_of(travel={"mode": "bike"})
    road = stage_ways(county(project=ride), evaluate(county(project=ride), "primary"))
    assert not road.flows.any()
    assert road.sheet["ridden_pupil_m"] == pytest.approx(9 * 500 + 10 * 2050 + 2 * 3000)
    path = stage_ways(*(lambda c: (c, evaluate(c, "primary")))(county(project=ride, highway="footway")))
    assert path.sheet["ridden_pupil_m"] == 0
    assert path.sheet["walked_pupil_m"] == pytest.approx(9 * 500 + 10 * 2050 + 2 * 3000)


def test_a_school_that_stands_nowhere_yet_is_told():
    place = county()
    at = place.candidates.geometry["N1"]
    state = evaluate(place, "primary", [NewSchool("N1", "N1", at.x, at.y, "primary", 30, "primary")])
    sheet = stage_ways(place, state).sheet
    assert sheet["pupils_elsewhere"] == 12
    assert sheet["pupils"] == 21
    assert sheet["walked_pupil_m"] == pytest.approx(9 * 500)


def test_nobody_walks():
    place = line_county({"a": {"at": 500}}, {"P": {"at": 0}})
    found = ways_to_school(place, [evaluate(place, "primary")])
    assert len(found.roads) == len(found.dangers) == 0
    assert found.sheet["pupils"].tolist() == [0]
    assert np.isfinite(found.sheet["walked_pupil_m"]).all()

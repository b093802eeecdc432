"""Roads, estates and assumptions as edits: by hand on one straight road, and against a county built with the road."""

from __future__ import annotations

import numpy as np
import pytest
from line_county import ORIGIN, adds_up, line_county, project_of, value

from planning.errors import ConfigError
from planning.network.modes import mode_usable
from planning.scenario.changed_county import changed_county, county_edits
from planning.scenario.edits import Assumption, CloseSchool, ConvertSchool, NewEstate, NewRoad
from planning.scenario.evaluate import evaluate

HOMES = [
    {"at": 1000, "primary_lower": 10, "primary_upper": 10, "township": "T"},
    {"at": 6000, "primary_lower": 5, "primary_upper": 5, "township": "T"},
]
SCHOOL = {"A": {"at": 9000, "seats_primary": 100}}


def road(*points: tuple[float, float], name: str = "r1", highway: str = "residential") -> NewRoad:
    """Draw a road by metres from the start of the line and metres off it."""
    return NewRoad(name, name, tuple((ORIGIN[0] + x, ORIGIN[1] + y) for x, y in points), highway)


def way(county, cell: str) -> float:
    state = evaluate(county, "primary")
    adds_up(county, "primary", state)
    return float(state.nearest["primary_lower"].loc[cell, "distance_m"])


def test_edits_of_schools_leave_the_county_as_it_is():
    county = line_county(HOMES, SCHOOL)
    assert changed_county(county, (CloseSchool("A"), ConvertSchool("A", "nine_year"))) is county
    assert county_edits((CloseSchool("A"), Assumption("walking_speed_factor", 1.1))) == (
        Assumption("walking_speed_factor", 1.1),
    )


def test_a_road_across_a_gap_leads_over_it():
    county = line_county(HOMES, SCHOOL, gap_at=3000)
    assert way(county, "c0") == np.inf
    bridged = changed_county(county, (road((2990, 10), (3110, -20)),))
    # both ends come onto the road straight beside them: at 2990 and 3110
    assert way(bridged, "c0") == pytest.approx(8000, abs=0.5)
    assert way(bridged, "c1") == pytest.approx(3000, abs=0.5)
    assert way(county, "c0") == np.inf


def test_a_road_that_cuts_a_corner_and_one_that_is_longer():
    county = line_county(HOMES, SCHOOL)
    detour = changed_county(county, (road((1000, 5), (1500, 1000), (8000, 0)),))
    assert way(detour, "c0") == pytest.approx(8000, abs=0.5)


def test_a_crossing_joins_and_a_bridge_does_not():
    county = line_county([{"at": 1000, "primary_lower": 10, "township": "T"}], SCHOOL)
    # a place that lies far off the line is served by the road that passes it
    far = line_county([{"at": 1000, "primary_lower": 10, "township": "T"}], SCHOOL)
    far.cells.loc["c0", "geometry"] = type(far.cells.geometry.iloc[0])(ORIGIN[0] + 5000, ORIGIN[1] + 1500)
    far.cells.loc["c0", "leg_m"] = 1500.0
    crossing = changed_county(far, (road((5000, -100), (5000, 1600)),))
    assert way(crossing, "c0") == pytest.approx(1500 + 4000, abs=0.5)
    assert float(crossing.cells.loc["c0", "leg_m"]) == pytest.approx(0, abs=1e-6)
    county.network.ways["bridge"] = True
    with pytest.raises(ConfigError, match="meets no other road"):
        changed_county(county, (road((5000, -100), (5000, 1600)),))


@pytest.mark.parametrize("off", [30.0, 30.01])
def test_an_end_is_joined_up_to_thirty_metres(off):
    county = line_county(HOMES, SCHOOL)
    drawn = road((2000, off), (2000, 900))
    if off > 30:
        with pytest.raises(ConfigError, match="meets no other road"):
            changed_county(county, (drawn,))
    else:
        assert changed_county(county, (drawn,)).network.n_nodes > county.network.n_nodes


def test_a_second_road_may_rest_on_the_first():
    county = line_county(HOMES, SCHOOL, gap_at=3000)
    first, second = road((2000, 0), (2000, 800)), road((2000, 790), (4000, 0), name="r2")
    with pytest.raises(ConfigError, match="r2 meets no other road"):
        changed_county(county, (road((2500, 600), (2600, 600), name="r2"),))
    both = changed_county(county, (first, second))
    assert way(both, "c0") == pytest.approx(1000 + 790 + np.hypot(2000, 790) + 5000, abs=1)


def test_it_equals_a_county_built_with_the_road():
    """Random homes and roads: the grown network gives the costs of one that is built anew."""
    import pandas as pd
    from line_county import CRS

    from planning.network.build import build_network
    from planning.network.snap import snap_to_network
    from planning.roads import make_roads
    from planning.scenario.costbook import CostBook

    rng = np.random.default_rng(3)
    for _ in range(6):
        at = np.sort(rng.choice(np.arange(200, 19_800, 37), 12, replace=False)).astype(float)
        county = line_county(
            [{"at": a, "primary_lower": 3, "township": "T"} for a in at], {"A": {"at": 500.0}, "B": {"at": 15_000.0}}
        )
        county.costs.schools("walk")
        bends = np.array(
            [
                [rng.uniform(1000, 5000), 0.0],
                [rng.uniform(5000, 9000), rng.uniform(50, 1500)],
                [rng.uniform(9000, 18_000), 0.0],
            ]
        )
        grown = changed_county(county, (road(*map(tuple, bends)),))
        # the oracle: the line's own points and the two ends, in order, and the bend between them
        steps = np.unique(np.concatenate([np.arange(0, 20_001, 100.0), bends[[0, 2], 0]]))
        ends = np.searchsorted(steps, bends[[0, 2], 0])
        xy = np.concatenate([np.column_stack([steps, np.zeros(len(steps))]), bends[[1]]]) + ORIGIN
        rows = pd.concat([county.network.ways.iloc[[0]]] * 2).set_axis(["w", "new"])
        roads = make_roads(
            rows,
            node_ids=np.arange(len(xy)),
            xy=xy,
            offsets=np.array([0, len(steps), len(steps) + 3]),
            refs=np.array([*range(len(steps)), ends[0], len(steps), ends[1]]),
        )
        tables = [county.cells, county.schools, county.candidates]
        network, snap = snap_to_network(
            build_network(roads, crs=CRS),
            np.concatenate([np.column_stack([t.geometry.x, t.geometry.y]) for t in tables]),
        )
        parts = np.cumsum([len(table) for table in tables])[:-1]
        cells, schools, candidates = (
            table.assign(node=node, leg_m=leg)
            for table, node, leg in zip(tables, np.split(snap.node, parts), np.split(snap.leg_m, parts), strict=True)
        )
        oracle = CostBook(network, cells, schools, candidates)
        for mode in ("walk", "drive"):
            found, expected = grown.costs.schools(mode), oracle.schools(mode)
            np.testing.assert_allclose(found.distance_m, expected.distance_m, rtol=1e-5, atol=0.01)
            np.testing.assert_allclose(found.time_min, expected.time_min, rtol=1e-5, atol=1e-3)
        spot = ORIGIN + np.array([[bends[0, 0] - 17.0, 40.0], [7000.0, -55.0], bends[1] + 3.0])
        np.testing.assert_allclose(
            grown.costs.to_points("walk", spot).distance_m, oracle.to_points("walk", spot).distance_m, rtol=1e-5, atol=0.01
        )  # fmt: skip


def test_an_old_arc_is_closed_where_its_pieces_lie():
    county = line_county(HOMES, SCHOOL)
    grown = changed_county(county, (road((5050, 0), (5050, 500)),)).network
    usable = mode_usable(grown, "walk")
    old = county.network.n_arcs
    assert (grown.tails[:old] == county.network.tails).all()
    km = grown.length_m[usable].sum() - county.network.length_m.sum()
    assert km == pytest.approx(2 * 500, abs=1e-6)


def test_assumptions_change_what_they_name_and_nothing_else():
    county = line_county(HOMES, SCHOOL)
    before, slow = evaluate(county, "primary"), changed_county(county, (Assumption("walking_speed_factor", 0.5),))
    after = evaluate(slow, "primary")
    near = [state.nearest["primary_lower"] for state in (before, after)]
    np.testing.assert_allclose(near[1]["time_min"], 2 * near[0]["time_min"], rtol=1e-6)
    np.testing.assert_array_equal(near[1]["distance_m"], near[0]["distance_m"])
    assert slow.costs is county.costs
    loose = (Assumption("limits.primary_lower.time_min", 300.0), Assumption("limits.primary_upper.time_min", 300.0))
    assert value(evaluate(changed_county(county, loose), "primary"), "share_within_limit") == 1
    tight = (*loose, Assumption("limits.primary_lower.distance_m", 3000.0))
    found = changed_county(county, tight)
    # c1 goes 3,000 m, just within; the ten of c0 in the lower grades do not
    assert value(evaluate(found, "primary"), "share_within_limit") == pytest.approx(20 / 30)
    assert value(before, "share_within_limit") < 20 / 30
    assert (found.project.limits["primary_lower"].time_min, found.project.limits["primary_upper"].distance_m) == (
        300,
        None,
    )
    reach = changed_county(county, (Assumption("reach_limit.distance_m", 3000.0),))
    sheet = evaluate(reach, "primary").reconciliation
    assert int(sheet.loc[sheet["reason"] == "beyond_reach_limit", "pupils"].sum()) == 20


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Assumption("gravity", 9.81), "nothing that can be assumed"),
        (Assumption("walking_speed_factor", 0.0), "between 0.25 and 4"),
        (Assumption("walking_speed_factor", float("nan")), "between 0.25 and 4"),
        (NewRoad("r", "", ((0.0, 0.0),)), "two points or more"),
        (NewRoad("r", "", ((0.0, 0.0), (1.0, 1.0)), "river"), "no class of road"),
        (NewEstate("e", "", 0.0, 0.0, -1, 2030), "dwellings must be 0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(edit, words):
    from planning.scenario.edits import check_edit

    with pytest.raises(ConfigError, match=words):
        check_edit(edit)


def test_children_of_an_estate_live_in_the_nearest_place_or_wait_for_their_year():
    county = line_county(HOMES, SCHOOL, project=project_of(stages=("primary",)))
    estate = NewEstate("e1", "花园", ORIGIN[0] + 5800.0, float(ORIGIN[1]), 250, 2030, (("primary", 30.0),))
    lived = changed_county(county, (estate,))
    more = (
        lived.cells[["pupils_primary_lower", "pupils_primary_upper"]]
        - county.cells[["pupils_primary_lower", "pupils_primary_upper"]]
    )
    assert more.loc["c0"].sum() == 0
    assert more.loc["c1"].sum() == 75  # 250 dwellings at 30 per 100
    adds_up(lived, "primary", evaluate(lived, "primary"))
    waits = changed_county(county, (estate,), moved_in=False)
    assert waits.cells is county.cells
    assert waits.housing["dwellings"].tolist() == [250]
    assert waits.housing["pupils_primary"].tolist() == [0.3]


def test_beds_stand_in_the_table_of_schools():
    county = line_county(HOMES, SCHOOL)
    assert changed_county(county, (ConvertSchool("A", "primary", 60),)).schools.loc["A", "beds"] == 60

"""Catchments and isochrones on one straight road."""

from __future__ import annotations

import pytest
import shapely
from line_county import CRS, line_county, project_of

from planning.errors import ConfigError
from planning.scenario.areas import catchments, isochrones
from planning.scenario.evaluate import evaluate


def drawn(county, stage: str = "primary"):
    """Draw the catchments of how it is."""
    return catchments(county, evaluate(county, stage))


def holds(polygons, site_id: str, cells, cell_id: str) -> bool:
    """Say whether a cell lies in a school's polygon."""
    return shapely.distance(polygons.geometry[site_id], cells.geometry[cell_id]) < 1e-6


@pytest.fixture(scope="module")
def two_schools():
    """Give a school of 30 seats at 2 km and one without a limit at 18 km; the middle is nearer to the first."""
    return line_county(
        {
            "a": {"at": 1000, "primary_lower": 20, "population": 200},
            "b": {"at": 8000, "primary_lower": 15, "primary_upper": 15},
            "c": {"at": 19000, "primary_upper": 5},
            "d": {"at": 9000},
        },
        {"near": {"at": 2000, "seats_primary": 30}, "far": {"at": 18000, "kind": "primary"}},
    )


def test_the_nearest_school_takes_its_cells(two_schools) -> None:
    nearest = drawn(two_schools)["nearest"]
    assert nearest["cells"].to_dict() == {"far": 1, "near": 3}
    assert nearest["pupils"].to_dict() == {"far": 5, "near": 50}
    assert nearest.at["near", "people"] == 400
    for cell_id, site_id in {"a": "near", "b": "near", "c": "far", "d": "near"}.items():
        assert holds(nearest, site_id, two_schools.cells, cell_id)
    assert nearest.crs == CRS
    assert nearest["stage"].tolist() == ["primary", "primary"]


def test_share_says_how_many_of_the_catchment_go_there(two_schools) -> None:
    nearest = drawn(two_schools)["nearest"]
    assert nearest.at["near", "going"] == 30  # of 50 pupils, 30 seats
    assert nearest.at["near", "share"] == pytest.approx(0.6)
    assert nearest.at["far", "share"] == 1.0


def test_a_split_cell_goes_to_its_largest_flow_and_an_empty_one_where_the_next_pupil_would(two_schools) -> None:
    allocated = drawn(two_schools)["allocated"]
    assert holds(allocated, "near", two_schools.cells, "a")
    assert holds(allocated, "far", two_schools.cells, "b")  # 10 of its 30 pupils find a seat near by
    assert holds(allocated, "far", two_schools.cells, "d")  # a seat near by would cost the way of one who must leave it
    assert allocated.at["far", "going"] == 25
    assert allocated.at["far", "pupils"] == 35
    assert allocated.at["far", "share"] == pytest.approx(25 / 35)


def test_unknown_seats_stay_unknown(two_schools) -> None:
    seats = drawn(two_schools)["nearest"]["seats"]
    assert seats.isna().to_dict() == {"far": True, "near": False}


def test_of_two_schools_on_one_spot_the_first_by_code_has_the_catchment() -> None:
    county = line_county(
        [{"at": 1000, "primary_lower": 4}, {"at": 9000, "primary_lower": 4}],
        {"s2": {"at": 5000, "seats_primary": 4}, "s1": {"at": 5000, "seats_primary": 4}},
    )
    areas = drawn(county)
    assert areas["nearest"].index.tolist() == ["s1"]
    assert set(areas["allocated"].index) == {"s1", "s2"}
    assert areas["allocated"]["going"].tolist() == [4, 4]


def test_without_a_school_all_land_is_out_of_reach() -> None:
    areas = drawn(line_county([{"at": 1000, "primary_lower": 4}], {}))
    assert len(areas["nearest"]) == len(areas["allocated"]) == 0
    assert {"name", "kind", "seats", "going", "share"} <= set(areas["nearest"].columns)
    assert areas["unreachable"]["by"].tolist() == ["nearest", "allocated"]
    assert areas["unreachable"]["pupils"].tolist() == [4, 4]


def test_land_beyond_a_gap_in_the_road_is_out_of_reach() -> None:
    county = line_county(
        {"on": {"at": 1000, "primary_lower": 4}, "off": {"at": 15000, "primary_lower": 3}},
        {"s": {"at": 0}},
        gap_at=9000,
    )
    areas = drawn(county)
    left = areas["unreachable"].set_index("by")
    assert left["pupils"].to_dict() == {"nearest": 3, "allocated": 3}
    assert holds(left, "nearest", county.cells, "off")
    assert areas["nearest"]["area_km2"].sum() + left.at["nearest", "area_km2"] == pytest.approx(
        county.boundary.area.iloc[0] / 1e6
    )


def test_a_cell_without_a_seat_belongs_to_no_school_by_allocation() -> None:
    county = line_county(
        {"first": {"at": 1000, "primary_lower": 5}, "last": {"at": 9000, "primary_lower": 5}},
        {"s": {"at": 0, "seats_primary": 5}},
    )
    areas = drawn(county)
    assert holds(areas["nearest"], "s", county.cells, "last")
    assert areas["unreachable"]["by"].tolist() == ["allocated"]
    assert areas["unreachable"]["pupils"].tolist() == [5]


def test_a_teaching_point_has_a_catchment_of_its_own() -> None:
    county = line_county(
        {"up": {"at": 9000, "primary_lower": 4, "primary_upper": 4}},
        {"point": {"at": 9000, "kind": "teaching_point"}, "school": {"at": 0}},
    )
    nearest = drawn(county)["nearest"]
    assert nearest.index.tolist() == ["point"]
    assert nearest.at["point", "going"] == 4
    assert nearest.at["point", "share"] == 0.5


def test_isochrones_hold_what_is_reached_and_grow() -> None:
    county = line_county([{"at": 1000, "primary_lower": 1}], {"s": {"at": 10000}})
    areas = isochrones(county, "s", [10, 30], stage="primary")
    small, large = areas.geometry
    assert shapely.covers(large.buffer(1e-6), small)
    assert small.area < large.area
    at = county.schools.geometry["s"]
    assert shapely.covers(small, at)
    per_min = (
        1000 / 60 * 4.5
    )  # metres a child walks in a minute, to within the reference speed's half kilometre an hour
    reach = large.bounds[2] - at.x
    assert 0.8 * 30 * per_min < reach < 1.3 * 30 * per_min + 500


def test_isochrones_of_no_school_are_refused() -> None:
    county = line_county([{"at": 1000, "primary_lower": 1}], {"s": {"at": 10000}}, project=project_of())
    with pytest.raises(ConfigError, match="no school nowhere"):
        isochrones(county, "nowhere", [10], stage="primary")


def test_isochrones_of_a_school_without_a_road_are_refused() -> None:
    county = line_county([{"at": 1000, "primary_lower": 1}], {"s": {"at": 10000}})
    county.schools["node"] = -1
    with pytest.raises(ConfigError, match="no road nearby"):
        isochrones(county, "s", [10], stage="primary")

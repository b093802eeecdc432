from __future__ import annotations

import math

import pytest

from planning.roads import WAY_COLUMNS
from planning.sources.road_tags import LEFT_OUT, maxspeed_kmh, name_of, reason_to_leave_out, road_columns


def columns(**tags: str) -> dict[str, object]:
    return road_columns({key.replace("__", ":"): value for key, value in tags.items()}, source="t")


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50),
        (" 60 km/h", 60),
        ("40kmh", 40),
        ("30 mph", 48.28032),
        ("12.5", 12.5),
        ("80;60", 60),
        ("60|40|40", 40),
        ("walk", 5),
        ("none", math.nan),
        ("CN:urban", math.nan),
        ("", math.nan),
        ("0", math.nan),
        ("-30", math.nan),
        ("999", math.nan),
        ("50 knots", math.nan),
        ("200", 200),
    ],
)
def test_maxspeed(text, kmh):
    assert maxspeed_kmh(text) == pytest.approx(kmh, nan_ok=True)


def test_maxspeed_of_two_directions_is_the_lower():
    assert columns(highway="primary", maxspeed__forward="60", maxspeed__backward="40")["maxspeed_kmh"] == 40
    assert columns(highway="primary", maxspeed__forward="60")["maxspeed_kmh"] == 60
    assert math.isnan(columns(highway="primary")["maxspeed_kmh"])


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [
        ({}, 0),
        ({"oneway": "yes"}, 1),
        ({"oneway": "true"}, 1),
        ({"oneway": "1"}, 1),
        ({"oneway": "-1"}, -1),
        ({"oneway": "reverse"}, -1),
        ({"oneway": "no"}, 0),
        ({"oneway": "reversible"}, 0),
        ({"junction": "roundabout"}, 1),
        ({"junction": "circular"}, 1),
        ({"junction": "roundabout", "oneway": "-1"}, -1),
        ({"highway": "motorway"}, 1),
        ({"highway": "motorway", "oneway": "no"}, 0),
        ({"highway": "motorway_link"}, 0),
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, 0),
    ],
)
def test_oneway(tags, oneway):
    assert road_columns({"highway": "primary", **tags}, source="t")["oneway"] == oneway


@pytest.mark.parametrize(
    ("tags", "foot", "bicycle", "motor_vehicle"),
    [
        ({}, "", "", ""),
        ({"access": "no"}, "no", "no", "no"),
        ({"access": "no", "foot": "yes", "bicycle": "yes"}, "yes", "yes", "no"),
        ({"access": "yes"}, "", "", ""),  # opens no footpath to cars
        ({"vehicle": "no"}, "", "no", "no"),
        ({"vehicle": "no", "motor_vehicle": "delivery"}, "", "no", "delivery"),
        ({"motor_vehicle": "no", "motorcar": "yes"}, "", "", "yes"),
        ({"motorroad": "yes"}, "no", "no", ""),
        ({"motorroad": "yes", "foot": "yes"}, "yes", "no", ""),
        ({"highway": "motorway", "access": "yes"}, "no", "no", ""),
        ({"access": "Permissive"}, "", "", ""),
        ({"access": "customers"}, "customers", "customers", "customers"),
    ],
)
def test_the_more_exact_key_wins(tags, foot, bicycle, motor_vehicle):
    row = road_columns({"highway": "residential", **tags}, source="t")
    assert (row["foot"], row["bicycle"], row["motor_vehicle"]) == (foot, bicycle, motor_vehicle)


@pytest.mark.parametrize(
    ("tags", "bridge", "tunnel"),
    [
        ({}, False, False),
        ({"bridge": "no", "tunnel": "no"}, False, False),
        ({"bridge": "movable"}, True, False),
        ({"tunnel": "yes"}, False, True),
        ({"tunnel": "building_passage"}, False, False),
        ({"tunnel": "culvert"}, False, False),
    ],
)
def test_bridges_and_tunnels(tags, bridge, tunnel):
    row = road_columns({"highway": "residential", **tags}, source="t")
    assert (row["bridge"], row["tunnel"]) == (bridge, tunnel)


def test_every_column_is_there():
    assert set(columns(highway="Primary")) == set(WAY_COLUMNS)
    assert columns(highway=" Primary ")["highway"] == "primary"


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"highway": "residential"}, None),
        ({"highway": "steps"}, None),
        ({"highway": "pedestrian", "area": "no"}, None),
        ({"highway": "pedestrian", "area": "yes"}, "area"),
        ({"highway": "proposed"}, "not_built"),
        ({"highway": "razed"}, "gone"),
        ({"highway": "Platform"}, "indoor"),
        ({"highway": "raceway"}, "not_for_travel"),
    ],
)
def test_what_is_left_out(tags, reason):
    assert reason_to_leave_out(tags) == reason
    assert reason is None or str(LEFT_OUT[reason])


def test_chinese_name_first():
    assert name_of({"name": "Main St", "name:zh": "大街"}) == "大街"
    assert name_of({"name": " 大街 "}) == "大街"
    assert name_of({}) == ""

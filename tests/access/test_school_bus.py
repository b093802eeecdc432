"""A school bus on drawn roads: stops where pupils are, legal ways only, nobody lost."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pyproj
import pytest

from planning.access.school_bus import BusOptions, bus_places, plan_bus
from planning.errors import NetworkError, SchemaError
from planning.network.build import network_of_segments
from planning.network.modes import mode_minutes
from planning.roads import WAY_COLUMNS
from planning.travel import Router

CRS = pyproj.CRS.from_epsg(4545)


def _network(points, segments, classes, **tags):
    points = np.array(points, dtype=float)
    tails, heads = np.array(segments).T
    blank = {column: "" if kind == "str" else 0 for column, kind in WAY_COLUMNS.items()} | {"maxspeed_kmh": np.nan}
    ways = pd.DataFrame([blank | {"highway": name} for name in classes]).astype(WAY_COLUMNS)
    for column, values in tags.items():
        ways[column] = values
    length = np.hypot(*(points[heads] - points[tails]).T)
    return network_of_segments(*points.T, tails, heads, length, np.arange(len(classes)), ways, CRS)


def _routers(network):
    walk = Router(network.tails, network.heads, mode_minutes(network, "walk"), network.n_nodes)
    return walk, walk.with_costs(mode_minutes(network, "drive"))


# a school (0) on a country road (30 km/h) with a node each kilometre to the east; a village (11) on a path north of km 10
POINTS = [(1000 * k, 0) for k in range(11)] + [(10_000, 400)]
SEGMENTS = [(k, k + 1) for k in range(10)] + [(10, 11)]
CLASSES = ["unclassified"] * 10 + ["path"]


def _road(**tags):
    return _network(POINTS, SEGMENTS, CLASSES, **tags)


def test_two_stops_on_a_road_by_hand():
    network = _road()
    plan = plan_bus(network, *_routers(network), homes=[11, 5], pupils=[12, 8], school=0, legs_m=[50, 0])
    assert plan.gate_node == 0
    assert plan.gate_walk_m == 0
    assert sorted(plan.stops["node"]) == [5, 10]
    assert plan.homes["walk_m"].tolist() == [450, 0]
    # 10 km at 30 km/h and a minute at each of two stops
    assert plan.homes["ride_min"].tolist() == pytest.approx([22, 11])
    assert plan.buses[["pupils", "stops"]].to_numpy().tolist() == [[20, 2]]
    assert plan.km_day == pytest.approx(40)
    assert (plan.buses_bound, plan.stops_bound, plan.left) == (1, 2, 0)
    assert plan.ride_bound_min == pytest.approx(21)
    assert plan.stops["direct_min"].max() == pytest.approx(21)
    assert plan.routes["pupils"].tolist() == [12, 8]


def test_near_homes_share_a_stop_and_far_ones_have_none():
    network = _road()
    options = BusOptions(walk_limit_m=1000)
    plan = plan_bus(network, *_routers(network), homes=[4, 6, 11], pupils=[3, 4, 5], school=0, legs_m=[0, 0, 700], options=options)  # fmt: skip
    assert plan.stops["node"].tolist() == [5]
    assert plan.stops["walk_m_max"].tolist() == [1000]
    assert plan.homes["reason"].tolist() == ["", "", "no_stop_near"]
    assert plan.left == 5


def test_a_ride_beyond_the_limit_is_told():
    network = _road()
    options = BusOptions(ride_limit_min=12)
    plan = plan_bus(network, *_routers(network), homes=[5, 11, 3], pupils=[1, 2, 0], school=0, options=options)
    assert plan.homes["reason"].tolist() == ["", "ride_too_long", ""]
    assert plan.homes["stop"].isna().tolist() == [False, True, True]
    assert plan.left == 2


def test_seats_of_one_and_pupils_kept():
    network = _road()
    plan = plan_bus(network, *_routers(network), homes=[11, 5], pupils=[2, 1], school=0, options=BusOptions(seats=1))
    assert len(plan.buses) == plan.buses_bound == 3
    assert plan.routes.groupby("stop")["pupils"].sum().tolist() == plan.stops["pupils"].tolist()


def test_the_signed_speed_and_the_cap_bind():
    signed = _road(maxspeed_kmh=15.0)
    plan = plan_bus(signed, *_routers(signed), homes=[10], pupils=[1], school=0)
    assert plan.stops["direct_min"].tolist() == pytest.approx([41])
    fast = _network(POINTS, SEGMENTS, ["trunk"] * 10 + ["path"], maxspeed_kmh=100.0)
    assert _routers(fast)[1].costs[:20].min() >= 1.0  # a kilometre at no more than 60 km/h


def test_a_bus_needs_a_road_at_both_ends():
    network = _network(POINTS, SEGMENTS, ["path"] * 11)
    walk, drive = _routers(network)
    assert len(bus_places(network, walk, drive)) == 0
    plan = plan_bus(network, walk, drive, homes=[11], pupils=[4], school=0)
    assert plan.homes["reason"].tolist() == ["no_stop_near"]
    assert (plan.gate_node, len(plan.buses), plan.km_day, plan.buses_bound) == (-1, 0, 0, 0)
    assert np.isnan(plan.gate_walk_m)


def test_a_school_on_a_path_has_its_gate_on_the_road():
    network = _road()
    plan = plan_bus(network, *_routers(network), homes=[2], pupils=[4], school=11)
    assert plan.gate_node == 10
    assert plan.gate_walk_m == 400


def test_nobody_and_no_road_to_a_home():
    network = _road()
    plan = plan_bus(network, *_routers(network), homes=[], pupils=[], school=0)
    assert len(plan.homes) == len(plan.stops) == len(plan.routes) == len(plan.buses) == 0
    lost = plan_bus(network, *_routers(network), homes=[-1, 5], pupils=[3, 1], school=0)
    assert lost.homes["reason"].tolist() == ["no_stop_near", ""]


def test_many_villages_of_a_grid_are_all_carried():
    rng = np.random.default_rng(1)
    side = 15
    at = np.arange(side * side).reshape(side, side)
    points = [(700 * (i % side), 700 * (i // side)) for i in range(side * side)]
    segments = [
        *zip(at[:, :-1].ravel(), at[:, 1:].ravel(), strict=True),
        *zip(at[:-1].ravel(), at[1:].ravel(), strict=True),
    ]
    network = _network(points, segments, ["tertiary"] * len(segments))
    walk, drive = _routers(network)
    homes, pupils = rng.integers(0, side * side, 60), rng.integers(0, 9, 60)
    plan = plan_bus(
        network, walk, drive, homes=homes, pupils=pupils, school=int(at[7, 7]), legs_m=rng.uniform(0, 300, 60)
    )
    assert plan.left == 0
    assert plan.routes["pupils"].sum() == pupils.sum()
    assert plan.routes.groupby("bus")["pupils"].sum().max() <= 40
    assert plan.homes["walk_m"].max() <= 1000
    assert plan.stops_bound <= len(plan.stops) <= 60
    assert plan.buses_bound <= len(plan.buses) <= plan.buses_bound + 1
    # each ride again, by the router's own way between the stops of a route
    for _, route in plan.routes.groupby("bus"):
        nodes = [*plan.stops["node"][route["stop"]], plan.gate_node]
        drive_min = sum(float(drive.matrix([a], [b])[0, 0]) for a, b in itertools.pairwise(nodes))
        assert drive_min + len(route) == pytest.approx(route["ride_min"].max(), rel=1e-5)


def test_faults():
    network = _road()
    routers = _routers(network)
    with pytest.raises(NetworkError, match="one access leg"):
        plan_bus(network, *routers, homes=[1, 2], pupils=[1], school=0)
    with pytest.raises(SchemaError, match="bus_seats"):
        plan_bus(network, *routers, homes=[1], pupils=[1], school=0, options=BusOptions(seats=0))

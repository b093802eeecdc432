"""Stops and routes on small tables: by hand, against every partition and order, and pupils kept."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.access.bus_routes import choose_stops, route_buses
from planning.errors import SchemaError

# a line: school at 0, stops at 10, 20 and 30 minutes (as many km)
AT = np.array([0.0, 10, 20, 30])
LINE = np.abs(AT[:, None] - AT[None, :])


def test_three_stops_on_a_line():
    found = route_buses(LINE, LINE, [5, 6, 7], seats=20, ride_limit_min=60)
    (route,) = found.routes
    assert (route.stops, route.pupils) == ((2, 1, 0), (7, 6, 5))
    assert route.ride_min == (33, 22, 11)  # with one minute at each stop
    assert route.km_day == 120
    assert (found.bound, found.ride_bound_min, found.left.any()) == (1, 31, False)


def test_the_ride_limit_counts_to_the_minute():
    assert len(route_buses(LINE, LINE, [5, 6, 7], seats=20, ride_limit_min=33).routes) == 1
    two = route_buses(LINE, LINE, [5, 6, 7], seats=20, ride_limit_min=32.9)
    assert len(two.routes) == 2
    assert max(max(route.ride_min) for route in two.routes) == 32
    short = route_buses(LINE, LINE, [5, 6, 7], seats=20, ride_limit_min=20)
    assert short.left.tolist() == [False, True, True]
    assert [route.stops for route in short.routes] == [(0,)]


def test_seats_fill_and_full_buses_go_alone():
    found = route_buses(LINE, LINE, [0, 25, 3], seats=10, ride_limit_min=60)
    assert found.bound == 3 == len(found.routes)
    assert sorted(route.pupils for route in found.routes) == [(3, 5), (10,), (10,)]
    each = route_buses(LINE, LINE, [1, 1, 1], seats=1, ride_limit_min=60)
    assert [route.pupils for route in each.routes] == [(1,)] * 3


def test_one_way_streets_bind_morning_and_afternoon():
    minutes = np.array([[0, 9, 50], [3, 0, 4], [7, 4, 0]], dtype=float)  # the second stop's way home is long
    assert route_buses(minutes, minutes, [1, 1], seats=2, ride_limit_min=40).left.tolist() == [False, True]


def test_stops_that_no_ride_joins_need_buses_of_their_own():
    t = np.array([[0, 30, 30], [30, 0, 60], [30, 60, 0]], dtype=float)
    assert route_buses(t, t, [1, 1], seats=40, ride_limit_min=60).bound == 2


def test_nobody_waits():
    for pupils in ([], [0, 0, 0]):
        table = LINE[: len(pupils) + 1, : len(pupils) + 1]
        found = route_buses(table, table, pupils, seats=5, ride_limit_min=60)
        assert (found.routes, found.bound, found.ride_bound_min, found.left.any()) == ((), 0, 0, False)


def _fewest(minutes, pupils, seats, limit, dwell):
    """Look at every way to part the stops and every order of each part."""
    n = len(pupils)

    def ride(order):
        ends = (*order[1:], -1)
        there = sum(minutes[a + 1, b + 1] for a, b in zip(order, ends, strict=True))
        back = sum(minutes[b + 1, a + 1] for a, b in zip(order, ends, strict=True))
        return max(there, back) + dwell * len(order)

    fit = {
        part
        for size in range(1, n + 1)
        for part in itertools.combinations(range(n), size)
        if sum(pupils[s] for s in part) <= seats
        and min(ride(order) for order in itertools.permutations(part)) <= limit + 1e-9
    }
    best = {(): 0}
    for mask in range(1, 1 << n):
        stops = tuple(s for s in range(n) if mask >> s & 1)
        rest = [p for p in fit if stops[0] in p and set(p) <= set(stops)]
        ways = [best[tuple(s for s in stops if s not in p)] + 1 for p in rest]
        best[stops] = min(ways, default=np.inf)
    return best[tuple(range(n))]


def _town(seed, n):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-20, 20, (n + 1, 2))
    xy[0] = 0
    t = np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1)) * rng.uniform(1, 1.3, (n + 1, n + 1))
    for k in range(n + 1):  # shortest ways
        t = np.minimum(t, t[:, [k]] + t[[k]])
    return t, rng.integers(1, 12, n)


def test_as_few_buses_as_every_partition_or_told():
    exact = 0
    for seed in range(40):
        minutes, pupils = _town(seed, 6)
        limit = float(np.maximum(minutes[0, 1:], minutes[1:, 0]).max() + 1 + seed % 5 * 4)
        found = route_buses(minutes, minutes, pupils, seats=20, ride_limit_min=limit)
        fewest = _fewest(minutes, pupils, 20, limit, 1.0)
        assert found.bound <= fewest <= len(found.routes) <= fewest + 1
        assert max(max(route.ride_min) for route in found.routes) <= limit + 1e-4
        assert found.ride_bound_min <= max(max(route.ride_min) for route in found.routes)
        exact += len(found.routes) == fewest
    assert exact >= 38


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 25), st.floats(0, 60))
def test_every_pupil_rides_or_is_left(seed, n, seats, limit):
    minutes, pupils = _town(seed, n)
    found = route_buses(minutes, minutes, pupils, seats=seats, ride_limit_min=limit)
    carried = np.zeros(n, dtype=int)
    for route in found.routes:
        assert sum(route.pupils) <= seats
        assert max(route.ride_min) == route.ride_min[0] <= limit * (1 + 1e-5)
        np.add.at(carried, list(route.stops), route.pupils)
    assert (carried == np.where(found.left, 0, pupils)).all()
    assert found.bound <= len(found.routes)


def test_numbers_do_not_hang_on_the_order_of_stops():
    minutes, pupils = _town(3, 9)
    turned = [0, *range(9, 0, -1)]
    one = route_buses(minutes, minutes, pupils, seats=20, ride_limit_min=60)
    other = route_buses(minutes[np.ix_(turned, turned)], minutes[np.ix_(turned, turned)], pupils[::-1], seats=20, ride_limit_min=60)  # fmt: skip
    assert sum(r.km_day for r in one.routes) == pytest.approx(sum(r.km_day for r in other.routes))
    assert {tuple(8 - s for s in r.stops) for r in one.routes} == {r.stops for r in other.routes}


def test_stops_by_hand():
    # homes at 0, 100, 200, 900 m of a road; places at 0, 100, 500 and 900 m
    walk = np.abs(np.array([[0.0], [100], [200], [900]]) - np.array([0.0, 100, 500, 900]))
    found = choose_stops(walk, [1, 1, 9, 2], limit_m=150)
    assert found.places.tolist() == [1, 3]
    assert found.of_home.tolist() == [1, 1, 1, 3]
    assert found.bound == 2
    assert choose_stops(walk, [1, 1, 9, 2], limit_m=99).of_home.tolist() == [0, 1, -1, 3]


def test_a_stop_moves_to_where_its_pupils_are():
    walk = np.array([[90.0, 10], [90, 20]])
    assert choose_stops(walk, [3, 4], limit_m=100).places.tolist() == [1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 7))
def test_stops_reach_all_and_their_bound_holds(seed, n_homes, n_places):
    rng = np.random.default_rng(seed)
    walk, pupils = rng.uniform(0, 1000, (n_homes, n_places)), rng.integers(0, 20, n_homes)
    found = choose_stops(walk, pupils, limit_m=400)
    near = walk <= 400
    assert ((found.of_home >= 0) == near.any(axis=1)).all()
    coverable = near.any(axis=1)
    fewest = next(
        k
        for k in range(n_places + 1)
        if any(near[coverable][:, list(c)].any(axis=1).all() for c in itertools.combinations(range(n_places), k))
    )
    assert found.bound <= fewest <= len(found.places) <= fewest + 1


def test_faults():
    with pytest.raises(SchemaError, match="one row for each home"):
        choose_stops(np.zeros((2, 2)), [1], limit_m=5)
    with pytest.raises(SchemaError, match="0 or more"):
        choose_stops([[1.0]], [-1], limit_m=5)
    with pytest.raises(SchemaError, match="one row and one column"):
        route_buses(LINE, LINE, [1, 1], seats=2, ride_limit_min=5)
    with pytest.raises(SchemaError, match="bus_seats"):
        route_buses(LINE, LINE, [1, 1, 1], seats=0, ride_limit_min=5)
    with pytest.raises(SchemaError, match="whole numbers"):
        route_buses(LINE, LINE, [1, 1.5, 1], seats=2, ride_limit_min=5)
    with pytest.raises(SchemaError, match="longest ride"):
        route_buses(LINE, LINE, [1, 1, 1], seats=2, ride_limit_min=5, dwell_min=-1)

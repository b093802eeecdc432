"""Teaching points against all choices; boarding, bus and teaching point side by side, worked by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from planning import siting
from planning.errors import PlanningError

INF = np.inf


def fewest_by_hand(reach, asked, there):
    """Count the fewest new columns, and then the fewest of the old ones, that reach all who can be reached."""
    rows = [i for i in asked if reach[i].any()]
    n = reach.shape[1]
    schools, points = there
    free = [j for j in range(n) if j not in schools and j not in points]
    for count in range(len(free) + 1):
        for new in combinations(free, count):
            if all(reach[i][[*schools, *points, *new]].any() for i in rows):
                return count
    raise AssertionError


@pytest.mark.parametrize("seed", range(40))
def test_points_are_as_few_as_can_be(seed):
    rng = np.random.default_rng(seed)
    n_cells, n = int(rng.integers(1, 9)), int(rng.integers(1, 8))
    costs = rng.integers(0, 30, (2, n_cells, n)).astype(float)
    costs[rng.random(costs.shape) < 0.6] = INF
    pupils = rng.integers(0, 4, (2, n_cells))
    role = rng.integers(0, 4, n)
    schools, points = np.flatnonzero(role == 0).tolist(), np.flatnonzero(role == 1).tolist()
    answer = siting.teaching_points(costs, pupils, [False, True], fixed=schools, existing=points)
    reach = np.isfinite(costs[0])
    asked = np.flatnonzero(pupils[0])
    assert answer.proposal.status == "optimal"
    assert answer.proposal.objective == fewest_by_hand(reach, asked, (schools, points)) == len(answer.proposal.sites)
    assert set(answer.kept) | set(answer.spare) == set(points)
    assert answer.proposal.unreachable == tuple(i for i in asked if not reach[i].any())
    open_now = [*schools, *answer.kept, *answer.proposal.sites]
    served = [i for i in asked if reach[i].any()]
    assert all(reach[i][open_now].any() for i in served)
    for point in answer.kept:  # none of them can be spared
        without = [j for j in open_now if j != point]
        assert not all(reach[i][without].any() for i in served)
    assert answer.pupils.sum() == pupils[0][served].sum()
    assert not answer.pupils[[j for j in range(n) if j not in open_now]].any()


def test_a_point_that_must_stay_and_one_that_is_proposed():
    # cells on a line at 0, 5, 10, 11 and 20 km; a school at 0, a point at 5, places at 10 and 20; 2 km at most
    at, places = np.array([0.0, 5, 10, 11, 20]), np.array([0.0, 5, 10, 20])
    km = np.abs(at[:, None] - places[None])
    near = np.where(km <= 2, km, INF)
    answer = siting.teaching_points([near], [[9, 3, 2, 1, 0]], [False], fixed=[0], existing=[1])
    assert (answer.proposal.sites, answer.kept, answer.spare) == ((2,), (1,), ())
    assert answer.pupils.tolist() == [9, 3, 3, 0]
    nobody = siting.teaching_points([near], [[9, 0, 0, 0, 0]], [False], fixed=[0], existing=[1])
    assert (nobody.proposal.sites, nobody.kept, nobody.spare) == ((), (), (1,))
    may = siting.teaching_points([near], [[9, 3, 2, 1, 5]], [True], fixed=[0], existing=[1])
    assert (may.proposal.objective, may.kept) == (0.0, ())


FAR = {
    # two bands (grades 1-3, 4-6), three cells at 1, 20 and 30 km from the only school; the third is beyond the bus
    "costs_day": [[[15.0], [INF], [INF]], [[12.0], [INF], [INF]]],
    "costs_week": [[[2.0], [40.0], [60.0]], [[2.0], [40.0], [60.0]]],
    "costs_bus": [[[2.0], [30.0], [INF]], [[2.0], [30.0], [INF]]],
    "pupils_by_band": [[5, 4, 2], [5, 6, 3]],
    "may_board": [False, True],
    "schools": [0],
}
POINTS = [[[INF, INF], [5.0, INF], [INF, 9.0]], [[INF, INF], [4.0, INF], [INF, 8.0]]]


def test_the_three_ways_by_hand():
    found = siting.trade_off(
        **FAR,
        costs_point=POINTS,
        bus_km=[[1.0], [20.0], [30.0]],
        bus_seats=4,
        rates=siting.Rates(boarder=3000, bus_km=5, bus=1000, teaching_point=80_000),
    )
    table = found.table
    assert table.index.to_list() == ["boarding", "school_bus", "teaching_point"]
    assert table["pupils"].to_list() == [15, 15, 15]  # the same pupils on every way
    assert table["pupils_served"].to_list() == [9, 10, 6]
    assert table["pupils_left"].to_list() == [6, 5, 9]
    assert table["week_min"].to_list() == pytest.approx([2 * (6 * 40 + 3 * 60) / 9, 300, 10 * (4 * 5 + 2 * 9) / 6])
    assert table["one_way_min_max"].to_list() == [60, 30, 9]
    assert table.loc["boarding", "beds"] == 9
    # ten pupils in buses of four: three buses, 40 km there and back, ten trips a week, 39 weeks
    assert table.loc["school_bus", ["buses", "bus_km_week"]].to_list() == [3, 1200]
    assert table.loc["teaching_point", "teaching_points"] == 2
    assert table["cost_year"].to_list() == [27_000, 1200 * 39 * 5 + 3000, 160_000]
    cells = found.cells
    assert (cells["served"] + cells["left"] == cells["pupils"]).all()
    assert cells.groupby("way")["served"].sum().to_dict() == table["pupils_served"].to_dict()
    lost = cells[(cells["way"] == "school_bus") & (cells["cell"] == 2)]
    assert (lost["site"] == -1).all()
    assert lost["one_way_min"].isna().all()


def test_what_is_not_known_is_not_made_up():
    table = siting.trade_off(**FAR).table
    assert table["cost_year"].isna().all()
    assert table.loc["school_bus", ["buses", "bus_km_week"]].isna().all()
    assert table.loc["teaching_point", "pupils_served"] == 0
    half = siting.trade_off(**FAR, bus_seats=40, rates=siting.Rates(bus_km=5)).table
    assert half.loc["school_bus", "buses"] == 1
    assert np.isnan(half.loc["school_bus", "cost_year"])


def test_beds_and_seats_limit_who_is_served():
    table = siting.trade_off(**FAR, beds=4, seats=7).table
    assert table["pupils_served"].to_list() == [4, 7, 0]
    assert table.loc["boarding", "week_min"] == 80.0  # the nearer ones, since somebody must be left
    all_taught = siting.trade_off(**FAR, costs_point=POINTS, may_use_point=[True, True], points=[0]).table
    assert all_taught.loc["teaching_point", ["pupils_served", "teaching_points"]].to_list() == [15, 2]


def test_nobody_is_too_far():
    near = {**FAR, "pupils_by_band": [[5, 0, 0], [5, 0, 0]]}
    found = siting.trade_off(**near, costs_point=POINTS, bus_km=[[1.0], [2.0], [3.0]], bus_seats=9)
    assert found.table["pupils"].to_list() == [0, 0, 0]
    assert found.table["week_min"].isna().all()
    assert found.table.loc["school_bus", "bus_km_week"] == 0
    assert found.cells.empty


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"costs_bus": np.ones((2, 3, 2))}, "costs_bus: must have the bands"),
        ({"costs_point": np.ones((2, 4, 2))}, "costs_point: must have the bands and cells"),
        ({"bus_seats": 0}, "bus_seats: must be a whole number"),
        ({"bus_seats": 4, "bus_km": [[1.0]]}, "bus_km: must be one table"),
        ({"bus_seats": 4, "bus_km": [[1.0], [np.nan], [1.0]]}, "bus_km: must be 0 or more"),
        ({"rates": siting.Rates(boarder=-1)}, "rates: must be 0 or more"),
        ({"schools": [4]}, "schools: 4 is not a column"),
    ],
)
def test_errors(change, words):
    with pytest.raises(PlanningError, match=words):
        siting.trade_off(**{**FAR, **change})
    with pytest.raises(PlanningError, match="may_board"):
        siting.teaching_points(FAR["costs_day"], FAR["pupils_by_band"], [True])

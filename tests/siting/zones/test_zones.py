"""Whole cells and contiguous zones: by hand, against every assignment there is, on published instances, and at their edges."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.siting.zones import WholeAllocation, allocate_whole, allocate_zones


def graph_of(n_cells: int, neighbours) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(range(n_cells))
    graph.add_edges_from(np.asarray(neighbours).reshape(-1, 2).tolist())
    return graph


def in_one_piece(school, graph: nx.Graph, home) -> bool:
    """Say whether each zone is connected and holds its school's cell, by networkx."""
    for k, cell in enumerate(home):
        zone = np.flatnonzero(np.asarray(school) == k).tolist()
        if cell not in zone or not nx.is_connected(graph.subgraph(zone)):
            return False
    return True


def every_assignment(costs, pupils, seats, graph: nx.Graph | None = None, home=()) -> float:
    """Try all assignments; inf where none is allowed."""
    n_cells, n_schools = costs.shape
    best = np.inf
    for school in itertools.product(range(n_schools), repeat=n_cells):
        load = np.bincount(school, weights=pupils, minlength=n_schools)
        if (load <= seats).all() and (graph is None or in_one_piece(school, graph, home)):
            best = min(best, float((costs[np.arange(n_cells), school] * pupils).sum()))
    return best


def check(answer: WholeAllocation, costs, pupils, seats) -> None:
    flows = answer.flows.toarray()
    assert (flows.sum(axis=1) + answer.unserved == pupils).all()
    assert (flows.sum(axis=0) <= seats).all()
    assert ((flows > 0).sum(axis=1) <= 1).all()
    assert answer.cost == pytest.approx((flows * np.where(flows > 0, costs, 0.0)).sum())
    assert answer.bound <= answer.cost + 1e-9


@st.composite
def cases(draw: st.DrawFn):
    n_cells, n_schools = draw(st.integers(3, 6)), draw(st.integers(1, 3))
    costs = draw(st.lists(st.integers(0, 20), min_size=n_cells * n_schools, max_size=n_cells * n_schools))
    pupils = draw(st.lists(st.integers(0, 6), min_size=n_cells, max_size=n_cells))
    seats = draw(st.lists(st.integers(1, 18), min_size=n_schools, max_size=n_schools))
    edges = [(i, draw(st.integers(0, i - 1))) for i in range(1, n_cells)]
    edges += draw(st.lists(st.tuples(st.integers(0, n_cells - 1), st.integers(0, n_cells - 1)), max_size=4))
    home = draw(st.permutations(range(n_cells)))[:n_schools]
    return np.array(costs, float).reshape(n_cells, n_schools), np.array(pupils), np.array(seats), np.array(edges), home


@settings(max_examples=60, deadline=None)
@given(cases())
def test_whole_equals_every_assignment(case) -> None:
    costs, pupils, seats, _, _ = case
    answer = allocate_whole(costs, pupils, seats)
    check(answer, costs, pupils, seats)
    best = every_assignment(costs, pupils, seats)
    if np.isfinite(best):
        assert answer.status == "optimal"
        assert answer.cost == pytest.approx(best)
        assert answer.splittable_cost <= best + 1e-9
    else:
        assert answer.status == "infeasible"
        assert answer.unserved.sum() > 0
        assert answer.explanation


@settings(max_examples=60, deadline=None)
@given(cases())
def test_zones_equal_every_assignment(case) -> None:
    costs, pupils, seats, edges, home = case
    graph = graph_of(pupils.size, edges)
    answer = allocate_zones(costs, pupils, seats, edges, home, compare=False)
    best = every_assignment(costs, pupils, seats, graph, home)
    if np.isfinite(best):
        check(answer, costs, pupils, seats)
        assert in_one_piece(answer.school, graph, home)
        assert answer.status == "optimal"
        assert answer.cost == pytest.approx(best)
    else:
        assert answer.status == "infeasible"


def test_by_hand() -> None:
    # a row of five villages, a school at either end; the cheap one for the middle lies beyond another zone
    costs = np.array([[0.0, 9.0], [6.0, 1.0], [1.0, 5.0], [9.0, 1.0], [9.0, 0.0]])
    row = [[0, 1], [1, 2], [2, 3], [3, 4]]
    answer = allocate_zones(costs, [1] * 5, [5, 5], row, [0, 4])
    assert answer.school.tolist() == [0, 1, 1, 1, 1]
    assert (answer.cost, answer.whole_cost, answer.splittable_cost, answer.status) == (7.0, 3.0, 3.0, "optimal")


def test_pupils_stay_away_only_where_they_may() -> None:
    refused = allocate_whole([[1.0], [2.0], [3.0]], [3, 3, 3], [7])
    assert refused.status == "infeasible"
    assert "1 cells with 3 pupils" in str(refused.explanation[0])
    allowed = allocate_whole([[1.0], [2.0], [3.0]], [3, 3, 3], [7], unserved=True)
    assert allowed.status == "optimal"
    assert allowed.unserved.tolist() == [0, 0, 3]


def test_time_is_kept_and_told() -> None:
    random = np.random.default_rng(2)
    costs, pupils = random.uniform(1, 9, (300, 12)), random.integers(1, 40, 300)
    seats = np.full(12, int(pupils.sum() / 12) + 3)
    answer = allocate_whole(costs, pupils, seats, time_limit_s=0.0)
    assert answer.status in {"time_limit", "infeasible"}
    assert allocate_whole(costs, pupils, seats, cancel=lambda: True).status in {"cancelled", "infeasible"}


@pytest.mark.parametrize(("costs", "pupils", "seats"), [(np.zeros((0, 2)), [], [3, 3]), ([[1.0, 2.0]], [0], [0, 0])])
def test_edges(costs, pupils, seats) -> None:
    answer = allocate_whole(costs, pupils, seats)
    assert (answer.cost, answer.status, answer.unserved.sum()) == (0.0, "optimal", 0)


@pytest.mark.parametrize(
    ("neighbours", "home", "words"),
    [
        ([[0, 2]], [0, 1], r"pair 0 is \(0, 2\)"),
        ([[0.5, 1]], [0, 1], "pairs of cells"),
        ([[0, 1]], [0, 5], "School 1 stands in cell 5"),
        ([[0, 1]], [0], "one cell for each of the 2 schools"),
        ([[0, 1]], [1, 1], "Cell 1 holds more than one school"),
        ([[0, 1]], [1, 0], "School 0 may not take cell 1"),
    ],
)
def test_bad_input_is_refused_with_words(neighbours, home, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        allocate_zones([[1.0, 2.0], [np.inf, 2.0]], [1, 1], [3, 3], neighbours, home)


@pytest.mark.shared_data
def test_kongs_town_is_near_the_published_optimum(shared_data: Path) -> None:
    folder = shared_data / "siting" / "kong"
    table = np.loadtxt(folder / "zy_15a.txt", skiprows=1)
    pupils, points, capacity = table[:, 1].astype(int), table[:, 2:4], table[:, 6]
    home = np.flatnonzero(capacity > 0)
    costs = np.hypot(*(points[:, None] - points[home][None]).transpose(2, 0, 1)) / 1000
    place = {int(cell): position for position, cell in enumerate(table[:, 0])}
    lines = [line.split(",") for line in (folder / "zy_connectivity.txt").read_text().splitlines()[1:] if line]
    neighbours = np.array([[place[int(line[1])], place[int(line[2])]] for line in lines])
    known = {
        row["problem"][:3]: float(row["best_objective"])
        for row in csv.DictReader((folder / "best_known.csv").read_text("utf-8").splitlines())
        if row["instance"] == "zy_15a.txt"
    }
    whole = allocate_whole(costs, pupils, capacity[home], time_limit_s=20)
    check(whole, costs, pupils, capacity[home])
    assert whole.bound <= known["GAP"] * (1 + 1e-9)
    assert known["GAP"] * (1 - 1e-9) <= whole.cost <= known["GAP"] * 1.005
    zones = allocate_zones(costs, pupils, capacity[home], neighbours, home, compare=False, time_limit_s=20)
    check(zones, costs, pupils, capacity[home])
    assert in_one_piece(zones.school, graph_of(pupils.size, neighbours), home)
    assert zones.bound <= known["SAP"] * (1 + 1e-9)
    assert known["SAP"] * (1 - 1e-9) <= zones.cost <= known["SAP"] * 1.015

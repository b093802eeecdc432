"""Allocation: by hand, against OR-tools' min-cost flow, against solving again, and at its edges."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.graph.python import min_cost_flow
from scipy import sparse

from planning.access import Allocation, allocate, main_school


def referee(costs: np.ndarray, pupils: np.ndarray, seats: np.ndarray) -> tuple[int, int]:
    """Give the most pupils that can be seated and the least cost at which they can, by OR-tools (whole costs)."""
    n_cells, n_schools = costs.shape
    solver = min_cost_flow.SimpleMinCostFlow()
    source, sink = n_cells + n_schools, n_cells + n_schools + 1
    for cell in range(n_cells):
        solver.add_arc_with_capacity_and_unit_cost(source, cell, int(pupils[cell]), 0)
        for school in range(n_schools):
            if np.isfinite(costs[cell, school]):
                solver.add_arc_with_capacity_and_unit_cost(
                    cell, n_cells + school, int(pupils[cell]), int(costs[cell, school])
                )
    total = int(pupils.sum())
    for school in range(n_schools):
        solver.add_arc_with_capacity_and_unit_cost(n_cells + school, sink, int(min(seats[school], total)), 0)
    solver.set_node_supply(source, total)
    solver.set_node_supply(sink, -total)
    assert solver.solve_max_flow_with_min_cost() == solver.OPTIMAL
    return solver.maximum_flow(), solver.optimal_cost()


def check(answer: Allocation, costs: np.ndarray, pupils: np.ndarray, seats: np.ndarray) -> None:
    """Hold an answer against what it must be whatever the case."""
    flows = answer.flows.toarray()
    assert flows.dtype == np.int64
    assert answer.flows.has_canonical_format
    assert (answer.flows.data > 0).all()
    assert (flows.sum(axis=1) + answer.unserved == pupils).all()
    assert (flows.sum(axis=0) <= seats).all()
    assert np.isfinite(costs[flows > 0]).all()
    assert answer.cost == pytest.approx((flows * np.where(flows > 0, costs, 0)).sum(), rel=1e-12, abs=1e-9)
    assert (answer.prices >= 0).all()
    assert (answer.prices[flows.sum(axis=0) < seats] == 0).all()


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw small cases with ties, gaps, empty rows, empty schools and unknown seats."""
    n_cells = draw(st.integers(1, 9))
    n_schools = draw(st.integers(1, 6))
    top = draw(st.sampled_from([2, 9, 1000]))
    cost = st.one_of(st.integers(0, top).map(float), st.just(np.inf)) if draw(st.booleans()) else st.integers(0, top)
    costs = draw(st.lists(cost, min_size=n_cells * n_schools, max_size=n_cells * n_schools))
    pupils = draw(st.lists(st.integers(0, 6), min_size=n_cells, max_size=n_cells))
    seat = st.one_of(st.integers(0, 12).map(float), st.just(np.inf)) if draw(st.booleans()) else st.integers(0, 6)
    seats = draw(st.lists(seat, min_size=n_schools, max_size=n_schools))
    return np.array(costs, float).reshape(n_cells, n_schools), np.array(pupils), np.array(seats, float)


@settings(max_examples=250, deadline=None)
@given(cases())
def test_equals_min_cost_flow(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    costs, pupils, seats = case
    answer = allocate(costs, pupils, seats)
    check(answer, costs, pupils, seats)
    assert (answer.flows.sum(), answer.cost) == referee(costs, pupils, seats)


@settings(max_examples=120, deadline=None)
@given(cases())
def test_price_is_what_one_more_seat_saves(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    costs, pupils, seats = case
    answer = allocate(costs, pupils, seats)
    served = answer.flows.sum()
    for school in range(seats.size):
        more = seats.copy()
        more[school] += 1
        served_more, cost_more = referee(costs, pupils, more)
        expected = np.inf if served_more > served else answer.cost - cost_more
        assert answer.prices[school] == expected


@settings(max_examples=100, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(case, random) -> None:
    costs, pupils, seats = case
    # rows that nobody can tell apart may swap their pupils: compare what each kind of row gets
    order = np.array(random.sample(range(pupils.size), pupils.size))
    one, other = allocate(costs, pupils, seats), allocate(costs[order], pupils[order], seats)
    assert one.cost == other.cost
    assert one.prices.tolist() == other.prices.tolist()
    kind = {
        row: [i for i in range(pupils.size) if (costs[i] == costs[row]).all() and pupils[i] == pupils[row]]
        for row in range(pupils.size)
    }
    place = {row: position for position, row in enumerate(order)}
    for rows in kind.values():
        there = [place[row] for row in rows]
        assert sorted(one.unserved[rows].tolist()) == sorted(other.unserved[there].tolist())
        assert one.flows.toarray()[rows].sum(axis=0).tolist() == other.flows.toarray()[there].sum(axis=0).tolist()


@settings(max_examples=60, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_schools_does_not_change_what_it_costs(case, random) -> None:
    costs, pupils, seats = case
    order = np.array(random.sample(range(seats.size), seats.size))
    one, other = allocate(costs, pupils, seats), allocate(costs[:, order], pupils, seats[order])
    assert one.cost == other.cost
    assert one.unserved.sum() == other.unserved.sum()
    assert one.prices[order].tolist() == other.prices.tolist()


@pytest.mark.parametrize("slack", [0.9, 1.0, 1.1, 2.0])
def test_equals_min_cost_flow_at_middle_size(slack: float) -> None:
    random = np.random.default_rng(int(slack * 10))
    cells, schools = random.uniform(0, 30_000, (1500, 2)), random.uniform(0, 30_000, (25, 2))
    costs = np.round(np.hypot(*(cells[:, None] - schools[None]).transpose(2, 0, 1)))
    costs[costs > 15_000] = np.inf
    pupils = random.poisson(3, 1500)
    seats = random.multinomial(int(pupils.sum() * slack), np.ones(25) / 25).astype(float)
    answer = allocate(costs.astype(np.float32), pupils, seats)
    check(answer, costs, pupils, seats)
    assert (answer.flows.sum(), answer.cost) == referee(costs, pupils, seats)


def test_by_hand() -> None:
    # the first cell is nearer to both; two of the second must stand back from school 0
    answer = allocate([[1.0, 9.0], [2.0, 4.0]], [3, 4], [5, 10])
    assert answer.flows.toarray().tolist() == [[3, 0], [2, 2]]
    assert answer.cost == 3 + 4 + 8
    assert answer.unserved.tolist() == [0, 0]
    assert answer.prices.tolist() == [2.0, 0.0]


def test_as_many_as_possible_comes_before_cheap() -> None:
    # cheapest first would give the one seat of school 0 to the first cell and leave the second without
    answer = allocate([[1.0, 1e9], [1.0, np.inf]], [1, 1], [1, 1])
    assert answer.flows.toarray().tolist() == [[0, 1], [1, 0]]
    assert answer.prices.tolist() == [1e9 - 1, 0.0]


def test_when_seats_are_short_the_farthest_stay_out() -> None:
    answer = allocate([[1.0], [3.0], [2.0]], [2, 2, 2], [3])
    assert answer.unserved.tolist() == [0, 2, 1]
    assert answer.prices.tolist() == [np.inf]


def test_a_chain_reaches_from_a_full_school_to_a_far_free_seat() -> None:
    costs = np.full((3, 4), np.inf)
    for k in range(3):
        costs[k, k], costs[k, k + 1] = 1.0, 3.0
    answer = allocate(costs, [2, 1, 1], [1, 1, 1, 5])
    assert answer.flows.toarray().tolist() == [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert answer.prices.tolist() == [6.0, 4.0, 2.0, 0.0]


def test_unlimited_seats_give_everyone_the_nearest_school() -> None:
    costs = np.random.default_rng(1).uniform(0, 9, (40, 5))
    answer = allocate(costs, np.arange(40), np.inf)
    assert answer.flows.toarray().argmax(axis=1)[1:].tolist() == costs.argmin(axis=1)[1:].tolist()
    assert answer.prices.tolist() == [0.0] * 5


def test_ties_go_to_the_lowest_column() -> None:
    assert allocate([[2.0, 2.0, 2.0]], [4], [9, 9, 9]).flows.toarray().tolist() == [[4, 0, 0]]


def test_sparse_stored_zeros_are_pairs_in_reach() -> None:
    costs = sparse.csr_array((np.array([0.0, 5.0]), (np.array([0, 1]), np.array([1, 0]))), shape=(3, 2))
    for table in (costs, costs.tocsc(), costs.tocoo(), sparse.csr_matrix(costs)):
        answer = allocate(table, [1, 2, 3], [9, 9])
        assert answer.flows.toarray().tolist() == [[0, 1], [2, 0], [0, 0]]
        assert answer.unserved.tolist() == [0, 0, 3]
    assert costs.nnz == 2


def test_a_school_without_seats_has_a_price_too() -> None:
    assert allocate([[1.0, 5.0]], [3], [0, 3]).prices.tolist() == [4.0, 0.0]


def test_unreachable_pupils_make_no_seat_precious() -> None:
    answer = allocate([[np.inf, np.inf], [1.0, 2.0]], [4, 1], [1, 0])
    assert answer.unserved.tolist() == [4, 0]
    assert answer.prices.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("costs", "pupils", "seats", "unserved", "prices"),
    [
        (np.zeros((0, 2)), [], [3, 3], [], [0.0, 0.0]),
        (np.zeros((2, 0)), [1, 2], [], [1, 2], []),
        (np.zeros((0, 0)), [], [], [], []),
        ([[1.0, 2.0]], [0], [1, 0], [0], [0.0, 0.0]),
        ([[1.0]], [7], [0], [7], [np.inf]),
        ([[0.0]], [1], [1], [0], [0.0]),
        ([[1.0, 2.0], [1.0, 2.0]], [1, 1], [0, 0], [1, 1], [np.inf, np.inf]),
    ],
)
def test_edges(costs, pupils, seats, unserved, prices) -> None:
    answer = allocate(costs, pupils, seats)
    assert answer.unserved.tolist() == unserved
    assert answer.prices.tolist() == prices
    assert answer.flows.shape == np.shape(costs)


def test_arguments_are_left_as_they_were() -> None:
    costs = np.array([[1.0, np.inf], [2.0, 3.0]], dtype=np.float32)
    pupils, seats = np.array([2, 2]), np.array([1.0, 2.0])
    for array in (costs, pupils, seats):
        array.setflags(write=False)
    table = sparse.csr_array(np.array([[1.0, 4.0], [2.0, np.inf]]))
    before = table.copy()
    allocate(costs, pupils, seats)
    allocate(table, pupils, seats)
    assert (table.data == before.data).all()


@pytest.mark.parametrize(
    ("costs", "pupils", "seats", "words"),
    [
        ([[1.0]], [-1], [1], "pupils must be whole numbers of 0 or more; number 0 is -1"),
        ([[1.0]], [0.5], [1], "pupils must be whole"),
        ([[1.0]], [np.nan], [1], "pupils must be whole"),
        ([[1.0]], [np.inf], [1], "pupils must be whole"),
        ([[1.0]], [None], [1], "pupils must be whole"),
        ([[1.0]], ["many"], [1], "pupils must be numbers"),
        ([[1.0]], [1], [-1], "seats must be whole numbers of 0 or more, or inf"),
        ([[1.0]], [1], [1.5], "seats must be whole"),
        ([[1.0]], [1], [np.nan], "seats must be whole"),
        ([[1.0]], [1], [-np.inf], "seats must be whole"),
        ([[1.0]], [1, 2], [1], "pupils: 1 numbers are needed"),
        ([[1.0]], [[1]], [1], "pupils: 1 numbers are needed"),
        ([[1.0]], [1], [1, 2], "seats: 1 numbers are needed"),
        ([1.0], [1], [1], "table of cells by schools"),
        ([[np.nan]], [1], [1], "row 0, column 0 holds nan"),
        ([[1.0, -2.0]], [1], [1, 1], "row 0, column 1 holds -2.0"),
        ([[1.0], [-np.inf]], [1, 1], [1], "row 1, column 0"),
        (sparse.csr_array(np.array([[1.0, -2.0]])), [1], [1, 1], "row 0, column 1 holds -2.0"),
        ([[1.0]], [1e17], [1], "too large"),
    ],
)
def test_bad_input_is_refused_with_words(costs, pupils, seats, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        allocate(costs, pupils, seats)


def test_main_school_takes_the_largest_flow() -> None:
    flows = sparse.csr_array(np.array([[2, 6, 0], [3, 0, 3], [0, 0, 0]]))
    position, share = main_school(flows)
    assert position.tolist() == [1, 0, -1]
    assert share[:2].tolist() == [0.75, 0.5]
    assert np.isnan(share[2])
    assert main_school(flows, [12, 6, 1])[1][:2].tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="do not belong together"):
        main_school(flows, [1, 1, 1])
    assert main_school(sparse.csr_array((0, 3), dtype=np.int64))[0].size == 0


def test_importing_costs_no_numba() -> None:
    code = "import sys, planning.access; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

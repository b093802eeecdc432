"""The allocator: after any changes its answer is as good as one from scratch, and changes can be undone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.access import Allocator, allocate


def same(allocator: Allocator, costs, pupils, seats, *, whole: bool = True) -> None:
    """Hold an answer against one from scratch."""
    answer, fresh = allocator.answer(), allocate(costs, pupils, seats)
    flows = answer.flows.toarray()
    assert (flows.sum(axis=1) + answer.unserved == pupils).all()
    assert (flows.sum(axis=0) <= seats).all()
    assert answer.unserved.sum() == fresh.unserved.sum()
    assert answer.cost == (fresh.cost if whole else pytest.approx(fresh.cost, rel=1e-12))
    if whole:
        assert answer.prices.tolist() == fresh.prices.tolist()
    else:
        assert answer.prices == pytest.approx(fresh.prices, rel=1e-9, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changes_equal_scratch(data: st.DataObject) -> None:
    n_cells, n_schools = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 5))
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    costs = random.integers(0, data.draw(st.sampled_from([3, 50])), (n_cells, n_schools)).astype(float)
    costs[random.random(costs.shape) < data.draw(st.sampled_from([0.0, 0.3]))] = np.inf
    pupils, seats = random.integers(0, 6, n_cells), random.integers(0, 12, n_schools).astype(float)
    allocator = Allocator(costs, pupils, seats)
    same(allocator, costs, pupils, seats)
    for _ in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            k = data.draw(st.integers(0, n_schools - 1))
            seats[k] = data.draw(st.sampled_from([0, 1, 5, 20, np.inf]))
            allocator.set_seats(k, float(seats[k]))
        else:
            i = data.draw(st.integers(0, n_cells - 1))
            pupils[i] = data.draw(st.integers(0, 9))
            allocator.set_pupils(i, int(pupils[i]))
        if data.draw(st.booleans()):
            same(allocator, costs, pupils, seats)
    same(allocator, costs, pupils, seats)


@pytest.mark.parametrize(("slack", "digits"), [(1.2, 0), (1.0, 0), (0.9, 0), (1.05, 2)])
def test_a_county_through_many_changes(slack: float, digits: int) -> None:
    random = np.random.default_rng(int(slack * 100))
    cells, schools = random.uniform(0, 30_000, (2500, 2)), random.uniform(0, 30_000, (30, 2))
    costs = np.round(np.hypot(*(cells[:, None] - schools[None]).transpose(2, 0, 1)), digits)
    pupils = random.poisson(3, 2500)
    seats = random.multinomial(int(pupils.sum() * slack), np.ones(30) / 30).astype(float)
    allocator = Allocator(costs, pupils, seats)
    for step in range(12):
        k, i = int(random.integers(30)), int(random.integers(2500))
        seats[k] = (0, 400, seats[k] + 40, seats[k] // 2)[step % 4]
        allocator.set_seats(k, int(seats[k]))
        pupils[i] += 30 if step % 2 else -int(pupils[i])
        allocator.set_pupils(i, int(pupils[i]))
        same(allocator, costs, pupils, seats, whole=digits == 0)


@pytest.mark.parametrize("slack", [1.3, 1.05, 1.0, 0.9])
def test_schools_close_and_open_in_any_order(slack: float) -> None:
    random = np.random.default_rng(int(slack * 100))
    cells, schools = random.uniform(0, 30_000, (2500, 2)), random.uniform(0, 30_000, (40, 2))
    costs = np.round(np.hypot(*(cells[:, None] - schools[None]).transpose(2, 0, 1)))
    pupils = random.poisson(3, 2500)
    full = random.multinomial(int(pupils.sum() * slack), np.ones(40) / 40).astype(float)
    seats, closed = full.copy(), np.zeros(40, dtype=bool)
    allocator = Allocator(costs, pupils, seats)
    for step, k in enumerate(random.integers(40, size=16).tolist()):
        # now and then all are open again, so that at a slack of 1 not a seat is empty and no pupil without one
        for school in np.flatnonzero(closed).tolist() if step % 5 == 4 else [k]:
            closed[school] = not closed[school]
            seats[school] = 0 if closed[school] else full[school]
            allocator.set_seats(school, float(seats[school]))
        same(allocator, costs, pupils, seats)


def test_changes_can_be_undone() -> None:
    random = np.random.default_rng(3)
    costs, pupils, seats = random.integers(0, 99, (60, 6)).astype(float), random.integers(0, 9, 60), np.full(6, 60)
    allocator = Allocator(costs, pupils, seats)
    before = allocator.answer()
    mark = allocator.mark()
    allocator.set_seats(2, 0)
    allocator.set_pupils(5, 40)
    assert allocator.answer().cost != before.cost
    allocator.back(mark)
    again = allocator.answer()
    assert (again.flows != before.flows).nnz == 0
    assert again.prices.tolist() == before.prices.tolist()


def test_large_tables_are_solved_in_steps_to_the_same_cost() -> None:
    # rows enough to be taken together first; the answer must not depend on their order
    random = np.random.default_rng(4)
    cells, schools = random.uniform(0, 30_000, (15_000, 2)), random.uniform(0, 30_000, (12, 2))
    costs = np.round(np.hypot(*(cells[:, None] - schools[None]).transpose(2, 0, 1)))
    pupils = random.poisson(2, 15_000)
    seats = np.full(12, int(pupils.sum() * 1.02 / 12))
    one, order = allocate(costs, pupils, seats), random.permutation(15_000)
    other = allocate(costs[order], pupils[order], seats)
    assert one.cost == other.cost
    assert (one.flows[order] != other.flows).nnz == 0
    # no pupil and no pair of pupils would gain by the prices: the proof of optimality
    dear = costs + one.prices[None, :]
    there = one.flows.toarray() > 0
    assert (np.where(there, dear, -np.inf).max(axis=1) <= dear.min(axis=1) + 1e-6)[pupils > 0].all()
    assert (one.prices[one.flows.sum(axis=0) < seats] == 0).all()


@pytest.mark.parametrize(("school", "seats"), [(2, 1), (-1, 1), (0, -1), (0, 0.5)])
def test_bad_seats_are_refused(school: int, seats: float) -> None:
    with pytest.raises(ValueError, match=r"none of them|whole numbers"):
        Allocator([[1.0, 2.0]], [1], [1, 1]).set_seats(school, seats)


@pytest.mark.parametrize(("cell", "pupils"), [(1, 1), (0, -1)])
def test_bad_pupils_are_refused(cell: int, pupils: int) -> None:
    with pytest.raises(ValueError, match=r"none of them|whole numbers"):
        Allocator([[1.0, 2.0]], [1], [1, 1]).set_pupils(cell, pupils)


def test_lists_are_short_again_after_pupils_had_no_seat() -> None:
    random = np.random.default_rng(1)
    cells, schools = random.uniform(0, 30_000, (2500, 2)), random.uniform(0, 30_000, (40, 2))
    costs = np.round(np.hypot(*(cells[:, None] - schools[None]).transpose(2, 0, 1)))
    pupils = random.poisson(3, 2500)
    seats = random.multinomial(int(pupils.sum() * 1.02), np.ones(40) / 40).astype(float)
    allocator = Allocator(costs, pupils, seats)
    allocator.answer()
    for now in (0.0, seats[0]):
        allocator.set_seats(0, now)
        same(allocator, costs, pupils, np.append(now, seats[1:]))
    assert allocator._lists is not None
    assert allocator._lists.cost.size < costs.size / 3  # they held every pair before

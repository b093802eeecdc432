"""What an answer is read off from: flows, cost and what a closed school would save, however many are closed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planning.access import Allocator, allocate


def test_cost_of_fractions_is_added_up_without_loss() -> None:
    # plain adding loses every 1e-4 beside the one of 1e12: 0.4 in all
    costs = np.append(np.full(4000, 1e-4), 1e12)[:, None]
    answer = allocate(costs, np.ones(4001, dtype=np.int64), [5000])
    assert answer.cost == pytest.approx(math.fsum(costs[:, 0]), abs=2e-4)
    assert answer.cost - 1e12 > 0.39


def test_more_closed_schools_than_columns_kept() -> None:
    random = np.random.default_rng(5)
    costs = random.integers(0, 1000, (80, 300)).astype(float)
    costs[random.random(costs.shape) < 0.3] = np.inf
    pupils, seats = random.integers(0, 6, 80), np.zeros(300)
    seats[:12] = 30
    allocator = Allocator(costs, pupils, seats)
    for school, now in ((20, 15), (3, 0), (20, 0), (290, 40)):
        seats[school] = now
        allocator.set_seats(school, now)
        answer, fresh = allocator.answer(), allocate(costs, pupils, seats)
        assert answer.cost == fresh.cost
        assert answer.prices.tolist() == fresh.prices.tolist()
    for school in (105, 250, 299):  # by definition: what the answer with a seat more there saves
        more = seats.copy()
        more[school] = 1
        one_more = allocate(costs, pupils, more)
        if np.isfinite(fresh.prices[school]):
            assert fresh.cost - one_more.cost == fresh.prices[school]
        else:
            assert one_more.unserved.sum() == fresh.unserved.sum() - 1


def test_flows_stand_in_ascending_columns_and_cells_in_their_own_rows() -> None:
    random = np.random.default_rng(6)
    costs = random.integers(0, 50, (200, 7)).astype(float)
    costs[random.random(costs.shape) < 0.4] = np.inf
    pupils, seats = random.integers(0, 9, 200), np.full(7, 90)
    answer = allocate(costs, pupils, seats)
    flows = answer.flows
    assert all((np.diff(flows.indices[flows.indptr[i] : flows.indptr[i + 1]]) > 0).all() for i in range(200))
    dense = flows.toarray()
    assert (dense.sum(axis=1) + answer.unserved == pupils).all()
    assert np.isfinite(costs[dense > 0]).all()
    assert answer.cost == (dense[dense > 0] * costs[dense > 0]).sum()

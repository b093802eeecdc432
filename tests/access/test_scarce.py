"""Seats where most schools have room: as the whole transport problem says, in cost, pupils served and prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.access.allocation import allocate
from planning.access.nearest import nearest_school
from planning.access.scarce import allocate_from_nearest
from planning.errors import SchemaError


def solve(table, pupils, seats, **more):
    table = np.asarray(table, dtype=float)
    nearest, cost = nearest_school(table)
    return allocate_from_nearest(lambda rows: table[rows], nearest, cost, pupils, seats, **more)


def test_the_displaced_displace_others_by_hand():
    # all five of row 0 want school 0, which takes 3; the cheapest to move go to 1, which is full and sends its own to 2
    answer = solve([[0, 1, 9], [9, 0, 2], [9, 9, 0]], [5, 4, 1], [3, 4, 10])
    assert answer.flows.toarray().tolist() == [[3, 2, 0], [0, 2, 2], [0, 0, 1]]
    assert answer.cost == 2 * 1 + 2 * 2
    assert answer.prices.tolist() == [3, 2, 0]


def test_rows_that_have_room_are_not_asked_for():
    asked = []

    def costs_of(rows):
        asked.append(rows.tolist())
        return np.array([[0.0, 5.0, 7.0], [1.0, 9.0, 9.0], [8.0, 0.0, 9.0], [9.0, 9.0, 0.0]])[rows]

    answer = allocate_from_nearest(costs_of, [0, 0, 1, 2], [0, 1, 0, 0], [2, 2, 3, 1], [3, 10, np.inf])
    assert asked == [[0, 1]]
    assert answer.flows.toarray().tolist() == [[1, 1, 0], [2, 0, 0], [0, 3, 0], [0, 0, 1]]


def test_with_room_everywhere_nothing_is_asked_for_at_all():
    answer = allocate_from_nearest(None, [1, -1, 0], [2.0, np.inf, 3.0], [4, 5, 0], [np.inf, 4])  # type: ignore[arg-type]
    assert answer.flows.toarray().tolist() == [[0, 4], [0, 0], [0, 0]]
    assert answer.unserved.tolist() == [0, 5, 0]
    assert (answer.cost, answer.prices.tolist()) == (8.0, [0, 0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nearest": [2]}, "none of the 2 schools"),
        ({"pupils": [-1]}, "whole numbers"),
        ({"seats": [1.5, 1]}, "whole numbers"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    given = {"nearest": [0], "cost": [1.0], "pupils": [1], "seats": [1, 1], **change}
    with pytest.raises(SchemaError, match=words):
        allocate_from_nearest(lambda rows: np.ones((len(rows), 2)), **given)


costs = st.one_of(st.integers(0, 6).map(float), st.just(np.inf))


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 9), st.integers(1, 5))
def test_as_good_as_the_whole_problem(data, n_rows, n_schools):
    table = np.array(
        data.draw(st.lists(st.lists(costs, min_size=n_schools, max_size=n_schools), min_size=n_rows, max_size=n_rows))
    )
    pupils = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n_rows, max_size=n_rows)))
    seats = np.array(
        data.draw(
            st.lists(st.one_of(st.integers(0, 20).map(float), st.just(np.inf)), min_size=n_schools, max_size=n_schools)
        )
    )
    guess = np.array(data.draw(st.lists(st.booleans(), min_size=n_schools, max_size=n_schools)))
    whole = allocate(table, pupils, seats)
    for more in ({}, {"likely_full": guess}):
        answer = solve(table, pupils, seats, **more)
        assert answer.cost == pytest.approx(whole.cost)
        assert answer.unserved.sum() == whole.unserved.sum()
        np.testing.assert_allclose(answer.prices, whole.prices)
        flows = answer.flows.toarray()
        assert (flows.sum(axis=1) + answer.unserved == pupils).all()
        assert (flows.sum(axis=0) <= seats).all()
        assert flows[np.isinf(table)].sum() == 0

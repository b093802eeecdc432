"""Levelling up: by hand, against two solvers, at the edge, the error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize

from planning.access import cv
from planning.compliance.levelling import level_up, level_up_whole, whole_up
from planning.errors import SchemaError


def test_two_schools_by_hand():
    # 1 and 3 for each pupil; at 1.8 and 3 the mean is 2.4, the spread 0.6, the coefficient 0.25
    assert level_up([100, 300], [100, 100], 0.25) == pytest.approx([80, 0])


def test_weights_count_by_hand():
    # w for 300 of 400 pupils, 3 for the others: (3 - w) √3 / 4 over (3w + 3) / 4 is √3 / 9 at w = 2
    assert level_up([300, 300], [300, 100], np.sqrt(3) / 9) == pytest.approx([300, 0])


def test_what_keeps_the_limit_needs_nothing():
    assert level_up([100, 300], [100, 100], 0.5).tolist() == [0, 0]  # exactly at it
    assert level_up([7], [3], 0).tolist() == [0]
    assert level_up([0, 10], [10, 10], 0).tolist() == pytest.approx([10, 0])


def test_a_limit_below_nothing_is_refused():
    for bad in (-0.1, float("nan")):
        with pytest.raises(SchemaError, match="0 or more"):
            level_up([1, 2], [1, 1], bad)


def test_rounding_up_by_hand():
    assert whole_up([0, 0.2, 1, 1 + 1e-12, 299_999.9999999]).tolist() == [0, 1, 1, 1, 300_000]


def test_whole_units_by_hand():
    # One person is much for a school of one pupil: 1 and v for 10 have the coefficient √10 (1 - v) / (10 v + 1), which is
    # 0.07 at 0.8 and 0.03 at 0.9, so that the larger school needs seven more.
    assert level_up_whole([0, 2], [1, 10], 0.05).tolist() == [1, 7]
    assert level_up_whole([100, 300], [100, 100], 0.25).tolist() == [80, 0]


_SCHOOLS = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), min_size=2, max_size=5)


@settings(max_examples=40, deadline=None)
@given(_SCHOOLS, st.floats(0.05, 0.9))
def test_nothing_less_would_do(schools: list[tuple[int, int]], limit: float):
    has, pupils = np.array(schools, dtype=float).T
    assume(has.sum() > 0)
    more = level_up(has, pupils, limit)
    assert (more >= 0).all()
    assert cv(has + more, pupils) <= limit * (1 + 1e-8)
    best = optimize.minimize(
        lambda add: add.sum() / pupils.sum(),
        np.maximum((has / pupils).max() - has / pupils, 0) * pupils,
        bounds=[(0, None)] * len(has),
        constraints={"type": "ineq", "fun": lambda add: limit - cv(np.maximum(has + add, 0), pupils)},
        method="SLSQP",
        options={"maxiter": 300, "ftol": 1e-10},
    )
    scale = max(more.sum(), has.sum(), 1.0)
    if best.success and cv(np.maximum(has + best.x, 0), pupils) <= limit + 1e-9:
        assert more.sum() <= best.x.sum() + 1e-5 * scale


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=2, max_size=3), st.floats(0.2, 0.8))
def test_no_plan_on_a_grid_is_cheaper(schools: list[tuple[int, int]], limit: float):
    has, pupils = np.array(schools, dtype=float).T
    assume(has.sum() > 0)
    least = level_up(has, pupils, limit).sum()
    steps = np.arange(0, 9.01, 0.5)
    for add in np.stack(np.meshgrid(*[steps] * len(has)), axis=-1).reshape(-1, len(has)):
        if add.sum() < least - 1e-6:
            assert cv(has + add, pupils) > limit - 1e-9


@settings(max_examples=40, deadline=None)
@given(_SCHOOLS, st.floats(0.05, 0.9))
def test_whole_units_keep_the_limit(schools: list[tuple[int, int]], limit: float):
    has, pupils = np.array(schools, dtype=float).T
    assume(has.sum() > 0)
    more = level_up_whole(has, pupils, limit)
    assert (more == np.round(more)).all()
    assert cv(has + more, pupils) <= limit * (1 + 1e-8)
    assert (more >= level_up(has, pupils, limit) - 1e-6).all()

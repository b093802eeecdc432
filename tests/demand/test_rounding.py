"""Whole pupils of fractions: every total is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.demand.rounding import largest_remainder, round_table, round_to_totals, round_with_sums
from planning.errors import SchemaError


def test_largest_remainder_by_hand():
    assert largest_remainder([47, 16, 15.8, 12, 6.1, 3.1], 10).tolist() == [5, 2, 1, 1, 1, 0]
    assert largest_remainder([1, 1, 1], 2).tolist() == [1, 1, 0], "ties go to the earlier one"
    assert largest_remainder([0, 5, 0], 3).tolist() == [0, 3, 0]
    assert largest_remainder([1, 1, 3], [1, 5], groups=[0, 0, 1]).tolist() == [1, 0, 5]
    assert largest_remainder([], 0).tolist() == []
    assert largest_remainder([0.1, 0.2], 3).tolist() == [1, 2], "0.1 + 0.2 is not 0.3, and yet"


@settings(max_examples=150, deadline=None)
@given(
    weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=30),
    total=st.integers(0, 10**6),
    n_groups=st.integers(1, 4),
)
def test_largest_remainder_keeps_every_total_and_stays_within_one_of_the_quota(weights, total, n_groups):
    weights = np.array(weights)
    groups = np.arange(len(weights)) % n_groups
    sums = np.bincount(groups, weights=weights, minlength=n_groups)
    totals = np.where(sums > 0, total + np.arange(n_groups), 0)
    parts = largest_remainder(weights, totals, groups=groups)
    assert (np.bincount(groups, weights=parts, minlength=n_groups) == totals).all()
    quota = weights / np.where(sums > 0, sums, 1)[groups] * totals[groups]
    assert (np.abs(parts - quota) < 1 + 1e-6).all()
    assert (parts[weights == 0] == 0).all()


@pytest.mark.parametrize("weights", [[-1, 2], [np.nan, 1], [np.inf, 1]])
def test_weights_that_are_no_people_are_refused(weights):
    with pytest.raises(SchemaError, match="0 or more"):
        largest_remainder(weights, 3)


def test_a_total_without_anybody_to_take_it_is_refused():
    with pytest.raises(SchemaError, match="3 pupils have no place to live in"):
        largest_remainder([0, 0], 3)


def test_a_cap_moves_what_floors_and_ceilings_cannot_hold():
    whole = round_to_totals(np.array([2.0, 0.0]), np.array([3]), groups=np.array([0, 0]), most=np.array([2, 4]))
    assert whole.tolist() == [2, 1]
    whole = round_to_totals(np.array([2.0, 1.0]), np.array([1]), groups=np.array([0, 0]), most=np.array([2, 4]))
    assert whole.sum() == 1


def test_a_table_rounds_by_hand():
    table = pd.DataFrame([[1.5, 0.5], [0.5, 1.5]], index=["A", "B"], columns=["x", "y"])
    whole = round_table(table)
    assert whole.sum().tolist() == whole.sum(axis=1).tolist() == [2, 2]
    assert round_table(pd.DataFrame([[3.0, 0.0]])).to_numpy().tolist() == [[3, 0]]
    assert round_table(pd.DataFrame([[0.4], [0.4], [0.2]])).to_numpy().sum() == 1


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_table_keeps_whole_sums_of_rows_and_columns(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 5, rng.integers(2, 7, 2)).astype(float)
    for _ in range(6):  # move fractions round: no sum changes
        (i, j), (p, q) = (rng.choice(n, 2, replace=False) for n in table.shape)
        moved = rng.random() * min(table[i, q], table[j, p])
        table[i, p] += moved
        table[j, q] += moved
        table[i, q] -= moved
        table[j, p] -= moved
    whole = round_table(pd.DataFrame(table)).to_numpy()
    assert (whole == np.round(whole)).all()
    np.testing.assert_allclose(whole.sum(axis=0), table.sum(axis=0), atol=1e-4)
    np.testing.assert_allclose(whole.sum(axis=1), table.sum(axis=1), atol=1e-4)
    assert (np.abs(whole - table) < 1 + 1e-5).all()
    assert (whole[table == 0] == 0).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_rounding_with_given_sums_moves_nothing_that_is_whole(seed):
    """Any rounding by itself gives sums that can be had; asked for these, one comes back that keeps rows as well."""
    rng = np.random.default_rng(seed)
    table = rng.gamma(1.0, 20.0, (int(rng.integers(1, 7)), int(rng.integers(1, 4))))
    table = np.where(rng.random(table.shape) < 0.4, np.round(table), table)
    sums = round_table(pd.DataFrame(table)).sum().to_numpy().astype(np.int64)
    found = round_with_sums(table, sums)
    assert found is not None
    assert found.sum(axis=0).tolist() == sums.tolist()
    assert ((found >= np.floor(table)) & (found <= np.ceil(table))).all()
    rows = table.sum(axis=1)
    assert ((found.sum(axis=1) >= np.floor(rows + 1e-6)) & (found.sum(axis=1) <= np.ceil(rows - 1e-6))).all()


def test_sums_that_cannot_be_had_are_not_made_up():
    assert round_with_sums(np.array([[1.0, 2.5]]), np.array([2, 2])) is None

"""The nearest school: ties, limits, nobody, nothing, and agreement of dense and sparse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from planning.access import nearest_school


def test_ties_go_to_the_lowest_column_and_nothing_is_minus_one() -> None:
    position, cost = nearest_school([[3.0, 2.0, 2.0], [np.inf, np.inf, np.inf]])
    assert position.tolist() == [1, -1]
    assert cost.tolist() == [2.0, np.inf]
    assert cost.dtype == np.float32


def test_the_limit_is_inclusive() -> None:
    position, cost = nearest_school([[5.0], [5.5]], limit=5.0)
    assert position.tolist() == [0, -1]
    assert cost.tolist() == [5.0, np.inf]


def test_sparse_equals_dense() -> None:
    random = np.random.default_rng(3)
    dense = random.integers(0, 5, (60, 7)).astype(float)
    dense[random.random((60, 7)) < 0.6] = np.inf
    rows, columns = np.nonzero(np.isfinite(dense))
    table = sparse.csr_array((dense[rows, columns], (rows, columns)), shape=dense.shape)
    for a, b in zip(nearest_school(dense, limit=3), nearest_school(table, limit=3), strict=True):
        assert a.tolist() == b.tolist()
    assert np.isinf(dense).all(axis=1).any()


def test_no_schools_and_no_cells() -> None:
    assert nearest_school(np.zeros((2, 0)))[0].tolist() == [-1, -1]
    assert nearest_school(np.zeros((0, 2)))[0].tolist() == []


@pytest.mark.parametrize(
    ("costs", "limit", "words"),
    [
        ([[1.0, np.nan]], None, "row 0, column 1 holds nan"),
        ([[-1.0]], None, "0 or more"),
        ([1.0], None, "table of cells by schools"),
        ([[1.0]], -1.0, "limit of reach"),
        ([[1.0]], np.nan, "limit of reach"),
    ],
)
def test_bad_input_is_refused_with_words(costs, limit, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        nearest_school(costs, limit=limit)

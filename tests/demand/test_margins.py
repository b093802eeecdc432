"""Iterative proportional fitting: sums are met, zeros stay, the pattern stays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.demand.margins import fit_margins
from planning.errors import SchemaError

NAMES = ["A", "B", "C"]


def _table(values):
    return pd.DataFrame(
        values, index=NAMES[: len(values)], columns=["lower", "upper", "junior"][: len(values[0])], dtype=float
    )


def test_by_hand():
    # odds ratio 1 and sums 30, 10 | 20, 20: the only answer is the product of the sums over 40
    fitted = fit_margins(
        _table([[1, 1], [1, 1]]), pd.Series([30, 10], NAMES[:2]), pd.Series([20, 20], ["lower", "upper"])
    )
    np.testing.assert_allclose(fitted.table, [[15, 15], [5, 5]])
    np.testing.assert_allclose(fitted.row_factor, [15, 5])
    np.testing.assert_allclose(fitted.column_factor, [1, 1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0, 5.0, 40.0]), min_size=3, max_size=3), min_size=3, max_size=3),
    st.lists(st.floats(0.2, 5), min_size=6, max_size=6),
)
def test_sums_agree_zeros_stay_and_factors_explain(values, factors):
    first = _table(values)
    truth = np.array(factors[:3])[:, None] * first.to_numpy() * np.array(factors[3:])
    rows, columns = pd.Series(truth.sum(axis=1), NAMES), pd.Series(truth.sum(axis=0), first.columns)
    fitted = fit_margins(first, rows, columns)
    np.testing.assert_allclose(fitted.table.sum(axis=1), rows, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fitted.table.sum(axis=0), columns, rtol=1e-9, atol=1e-9)
    assert (fitted.table.to_numpy()[first.to_numpy() == 0] == 0).all()
    made = fitted.row_factor.to_numpy()[:, None] * first.to_numpy() * fitted.column_factor.to_numpy()
    np.testing.assert_allclose(made, fitted.table, rtol=1e-9)
    np.testing.assert_allclose(fitted.table, truth, rtol=1e-6)  # what has these factors and sums is one table only


def test_a_sum_that_is_not_known_is_left_alone():
    fitted = fit_margins(_table([[1, 3], [2, 2]]), pd.Series([8.0, np.nan], NAMES[:2]), None)
    assert fitted.table.loc["A"].tolist() == [2, 6]
    assert fitted.table.loc["B"].tolist() == [2, 2]


def test_contradictions_are_named():
    with pytest.raises(SchemaError, match=r"by rows 30\.0, by columns 31\.0"):
        fit_margins(_table([[1, 1], [1, 1]]), pd.Series([10, 20], NAMES[:2]), pd.Series([15, 16], ["lower", "upper"]))
    with pytest.raises(SchemaError, match="B: a number above 0 is known"):
        fit_margins(_table([[1, 1], [0, 0]]), pd.Series([10, 20], NAMES[:2]), None)
    with pytest.raises(SchemaError, match="zeros"):
        fit_margins(_table([[1, 0], [1, 1]]), pd.Series([30, 10], NAMES[:2]), pd.Series([20, 20], ["lower", "upper"]))
    with pytest.raises(SchemaError, match="which the table does not have"):
        fit_margins(_table([[1, 1]]), pd.Series([10], ["Z"]), None)
    with pytest.raises(SchemaError, match="0 or more"):
        fit_margins(_table([[-1, 1]]), None, None)

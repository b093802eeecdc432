"""Cohort survival: three townships by hand, no child lost, faults named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.demand.cohorts import OUTSIDE, Move, project_cohorts, total_births
from planning.errors import SchemaError

TOWNSHIPS = ["village", "town", "seat"]


def _counted(values, ages=3):
    return pd.DataFrame(np.array(values, dtype=float).reshape(3, ages), index=TOWNSHIPS, columns=range(ages))


def _births(*years, first=2026):
    return pd.DataFrame(np.array(years, dtype=float).T, index=TOWNSHIPS, columns=range(first, first + len(years)))


def test_three_townships_by_hand():
    counted = _counted([100, 80, 60, 200, 160, 120, 400, 500, 600])
    moves = [
        Move("village", "seat", 1, 2, 2026, 2026, share=0.25),
        Move(OUTSIDE, "seat", 0, 2, 2027, 2027, children=50),
        Move("town", OUTSIDE, 2, 2, 2026, 2027, children=10),
    ]
    births = _births([90, 210, 410], [70, 190, 390])
    told = project_cohorts(counted, 2025, births, pd.Series([0.9, 0.5, 1.0]), moves=moves)
    # 2026: births x 0.9; age 0 x 0.5; age 1 as it is; then a quarter of the village's 50 and 80 to the seat, 10 leave town
    assert told.children.loc[2026].loc["village"].tolist() == pytest.approx([81, 37.5, 60])
    assert told.children.loc[2026].loc["town"].tolist() == pytest.approx([189, 100, 150])
    assert told.children.loc[2026].loc["seat"].tolist() == pytest.approx([369, 212.5, 520])
    # 2027: the seat has 351, 184.5 and 212.5 before 50 come, spread like these 748
    before = np.array([351, 184.5, 212.5])
    assert told.children.loc[2027].loc["seat"].tolist() == pytest.approx((before * (1 + 50 / 748)).tolist())
    assert told.changes.loc[(2026, "village"), "moved_out"] == pytest.approx(32.5)
    assert told.changes.loc[(2026, "seat"), "moved_in"] == pytest.approx(32.5)


def test_an_estate_comes_in_its_year_and_not_before():
    counted = _counted([10] * 9)
    births = _births([10] * 3, [10] * 3)
    estates = pd.DataFrame(
        {"year": [2027, 2027], "township": ["town", "town"], "age": [1, 2], "children": [40.0, 60.0]}
    )
    plain = project_cohorts(counted, 2025, births, pd.Series([1.0] * 3))
    with_estate = project_cohorts(counted, 2025, births, pd.Series([1.0] * 3), estates=estates)
    difference = with_estate.children - plain.children
    assert (difference.loc[2026] == 0).all(axis=None)
    assert difference.loc[(2027, "town")].tolist() == [0, 40, 60]
    assert with_estate.changes.loc[(2027, "town"), "estates"] == 100


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1e5), min_size=12, max_size=12),
    st.lists(st.floats(0, 1e4), min_size=9, max_size=9),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.lists(st.floats(0, 0.3), min_size=3, max_size=3),
)
def test_no_child_is_lost(counted, born, survival, shares):
    moves = [Move(a, b, 0, 3, 2026, 2030, share=s) for (a, b), s in zip(
        [("village", "town"), ("town", "seat"), ("seat", OUTSIDE)], shares, strict=True)]  # fmt: skip
    births = _births(born[:3], born[3:6], born[6:])
    told = project_cohorts(_counted(counted, 4), 2025, births, pd.Series(survival), moves=moves)
    total = told.children.sum(axis=1)
    for year in (2026, 2027, 2028):
        change = told.changes.loc[year]
        expected = total.loc[year - 1] + change["births"] - change["deaths"] - change["grown_up"]
        expected += change["moved_in"] - change["moved_out"] + change["estates"]
        np.testing.assert_allclose(total.loc[year], expected, rtol=1e-9, atol=1e-6)
    assert (told.children >= 0).all(axis=None)


def test_births_of_the_county_go_by_shares_and_named_ones_stay():
    births = pd.DataFrame({"township": ["", "seat", ""], "year": [2026, 2026, 2027], "births": [100, 40, 90]})
    table = total_births(births, pd.Index(TOWNSHIPS), pd.Series([1.0, 2.0, 3.0], TOWNSHIPS))
    assert table[2026].tolist() == [20, 40, 40]
    assert table[2027].tolist() == [15, 30, 45]


def test_faults_are_named():
    ones, alive = _counted([1] * 9), pd.Series([1.0] * 3)
    with pytest.raises(SchemaError, match="without a gap"):
        project_cohorts(ones, 2025, _births([1] * 3, first=2027), alive)
    with pytest.raises(SchemaError, match="every age from 0"):
        project_cohorts(ones.rename(columns={0: 6}), 2025, _births([1] * 3), alive)
    twice = [Move("village", to, 1, 1, 2026, 2026, share=0.6) for to in ("town", "seat")]
    with pytest.raises(SchemaError, match="more children of age 1 would leave in 2026"):
        project_cohorts(ones, 2025, _births([1] * 3), alive, moves=twice)
    with pytest.raises(SchemaError, match="does not have: moon"):
        project_cohorts(ones, 2025, _births([1] * 3), alive, moves=[Move("moon", "town", 0, 1, 2026, 2027, share=0.1)])
    with pytest.raises(SchemaError, match="is none"):
        project_cohorts(ones, 2025, _births([1] * 3), alive, moves=[Move("town", "town", 0, 1, 2026, 2027, share=0.1)])
    with pytest.raises(SchemaError, match="Survival"):
        project_cohorts(ones, 2025, _births([1] * 3), pd.Series([1.0, 1.2, 1.0]))
    with pytest.raises(SchemaError, match="given twice"):
        total_births(
            pd.DataFrame({"township": ["seat"] * 2, "year": [2026] * 2, "births": [1, 2]}), pd.Index(TOWNSHIPS), alive
        )
    with pytest.raises(SchemaError, match="the townships have 30 in all, the county 20"):
        total_births(
            pd.DataFrame({"township": ["seat", ""], "year": [2026] * 2, "births": [30, 20]}), pd.Index(TOWNSHIPS), alive
        )

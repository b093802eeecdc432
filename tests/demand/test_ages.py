"""Age groups to single years: the published table, sums kept, nothing below 0."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.demand.ages import read_groups, single_years, sprague_multipliers
from planning.errors import SchemaError

FIVES = ["0-4", "5-9", "10-14", "15-19", "20-24", "25-29"]


def test_the_middle_panel_is_the_published_one():
    # Shryock and Siegel, table C-13: the third year of a group in the middle
    assert sprague_multipliers(7)[17].tolist() == [0, 0.0064, -0.0336, 0.2544, -0.0336, 0.0064, 0]
    assert sprague_multipliers(6)[:2].tolist() == [
        [0.3616, -0.2768, 0.1488, -0.0336, 0, 0],
        [0.2640, -0.0960, 0.0400, -0.0080, 0, 0],
    ]
    assert sprague_multipliers(6)[5].tolist() == [0.0336, 0.2272, -0.0752, 0.0144, 0, 0]


@pytest.mark.parametrize("n", [4, 5, 6, 17])
def test_each_group_gives_itself_to_its_own_years(n):
    sums = sprague_multipliers(n).reshape(n, 5, n).sum(axis=1)
    np.testing.assert_allclose(sums, np.eye(n), atol=1e-12)


def test_a_straight_line_stays_one():
    years = 1000.0 - 7 * np.arange(40)
    groups = pd.DataFrame([years.reshape(8, 5).sum(axis=1)], columns=[f"{a}-{a + 4}" for a in range(0, 40, 5)])
    np.testing.assert_allclose(single_years(groups).to_numpy()[0], years, rtol=1e-9)


def test_a_cubic_is_found_again_to_a_small_error():
    age = np.arange(40)
    years = 500 + 20 * age - 1.3 * age**2 + 0.02 * age**3 + 200
    groups = pd.DataFrame([years.reshape(8, 5).sum(axis=1)], columns=[f"{a}-{a + 4}" for a in range(0, 40, 5)])
    np.testing.assert_allclose(single_years(groups).to_numpy()[0], years, rtol=2e-3)


def test_worldpop_groups_of_the_youngest_keep_their_own_sums():
    people = pd.DataFrame([[90.0, 400.0, 520.0, 560.0, 540.0, 500.0, 70.0]], columns=["0", "1-4", *FIVES[1:5], "80+"])
    years = single_years(people)
    assert years.columns.tolist() == list(range(25))
    assert years[0].item() == 90
    assert years[[1, 2, 3, 4]].sum(axis=1).item() == pytest.approx(400)
    assert years[list(range(5, 10))].sum(axis=1).item() == pytest.approx(520)
    assert years[[5, 6, 7, 8, 9]].to_numpy().std() > 1  # a curve, not a step


def test_too_few_groups_and_odd_ones_are_split_evenly():
    years = single_years(pd.DataFrame([[30.0, 50.0]], columns=["6-8", "9-13"]))
    assert years.iloc[0].tolist() == [10] * 8
    assert (
        single_years(pd.DataFrame([[30.0, 50.0]], columns=["0-4", "5-9"]), method="even").iloc[0].tolist()
        == [6] * 5 + [10] * 5
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=6, max_size=6))
def test_sums_are_kept_and_nothing_is_negative(groups):
    years = single_years(pd.DataFrame([groups], columns=FIVES)).to_numpy()[0]
    assert (years >= 0).all()
    np.testing.assert_allclose(years.reshape(6, 5).sum(axis=1), groups, rtol=1e-9, atol=1e-9)


def test_nobody_and_no_group():
    assert single_years(pd.DataFrame([[0.0] * 6], columns=FIVES)).to_numpy().sum() == 0
    assert single_years(pd.DataFrame(index=["c1"])).shape == (1, 0)


def test_faults_are_told():
    with pytest.raises(SchemaError, match="both hold the age 4"):
        read_groups(["0-4", "4-6"])
    with pytest.raises(SchemaError, match="no age group"):
        read_groups(["children"])
    with pytest.raises(SchemaError, match="0 or more"):
        single_years(pd.DataFrame([[-1.0]], columns=["0-4"]))
    with pytest.raises(SchemaError, match="too few"):
        sprague_multipliers(3)

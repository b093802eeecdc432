"""Indicators by hand, against a list of single pupils, and where nobody stands behind a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planning.access.indicators import (
    access_indicators,
    access_indicators_by,
    seat_indicators,
    trips,
    weighted_quantile,
)


def values(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["indicator"], table["value"], strict=True))


def test_by_hand() -> None:
    table = access_indicators(
        [10, 30, 5, 5],
        distance_m=[1000.0, 2000.0, 6000.0, np.inf],
        time_min=[10.0, 20.0, 60.0, np.inf],
        off_road_m=[0.0, 500.0, 0.0, 0.0],
        within_limit=[True, True, False, True],
        no_seat=[0, 4, 0, 0],
    )
    got = values(table)
    assert got["pupils"] == 50
    assert got["mean_distance"] == pytest.approx((10 * 1000 + 30 * 2000 + 5 * 6000) / 45)
    assert got["median_distance"] == 2000.0
    assert got["p90_distance"] == 6000.0
    assert got["mean_time"] == pytest.approx((100 + 600 + 300) / 45)
    assert got["p90_time"] == 60.0
    assert got["share_within_limit"] == 0.8  # of all pupils; who has no way keeps no limit
    assert got["share_off_road"] == pytest.approx(30 * 500 / 100_000)
    assert (got["served"], got["no_seat"], got["out_of_reach"]) == (41, 4, 5)
    assert table.columns.tolist() == ["indicator", "value", "unit"]
    assert table.set_index("indicator").loc["mean_distance", "unit"] == "m"


def test_nobody_gives_nan_not_zero() -> None:
    got = values(access_indicators([0, 0], distance_m=[1.0, np.nan], within_limit=[True, True], off_road_m=[0, 0]))
    assert got["pupils"] == 0
    assert all(
        np.isnan(got[name]) for name in ("mean_distance", "p90_distance", "share_within_limit", "share_off_road")
    )
    assert access_indicators([], distance_m=[]).shape[0] > 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=12), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])
)
def test_quantile_equals_the_list_of_single_pupils(rows: list[tuple[int, int]], share: float) -> None:
    single = sorted(value for value, count in rows for _ in range(count))
    got = weighted_quantile([value for value, _ in rows], [count for _, count in rows], share)
    if not single:
        assert np.isnan(got)
        return
    enough = [value for i, value in enumerate(single, 1) if i * 10 >= round(share * 10) * len(single)]
    assert got == enough[0]


def test_townships_add_up_to_the_county() -> None:
    table = access_indicators_by(["a", "b", "a", None], [1, 2, 3, 4], distance_m=[1.0, 2.0, 3.0, np.inf])
    pupils = table[table["indicator"] == "pupils"].set_index("group")["value"]
    assert pupils.to_dict() == {"": 4.0, "a": 4.0, "b": 2.0}
    assert table[(table["group"] == "a") & (table["indicator"] == "mean_distance")]["value"].tolist() == [2.5]
    assert access_indicators_by([], [], distance_m=[]).empty


def test_unknown_seats_are_never_zero() -> None:
    got = values(seat_indicators(pd.Series([100, pd.NA, 50], dtype="Int64"), 300))
    assert (got["seats"], got["schools_seats_unknown"]) == (150, 1)
    assert np.isnan(got["seats_per_pupil"])
    assert np.isnan(values(seat_indicators([np.nan, np.inf], 10))["seats"])
    assert values(seat_indicators([100, 50], 300))["seats_per_pupil"] == 0.5
    assert np.isnan(values(seat_indicators([100], 0))["seats_per_pupil"])
    assert values(seat_indicators([], 5))["seats"] == 0


def test_trips_list_every_flow_once() -> None:
    flows = sparse.csr_array(np.array([[0, 3], [2, 1]]))
    table = trips(flows, distance_m=np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert table.to_numpy().tolist() == [[0, 1, 3, 2.0], [1, 0, 2, 3.0], [1, 1, 1, 4.0]]
    with pytest.raises(ValueError, match="time_min has the shape"):
        trips(flows, time_min=np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("pupils", "measures", "words"),
    [
        ([1], {"distance_m": [np.nan]}, "distance_m must be 0 or more"),
        ([1], {"distance_m": [-1.0]}, "distance_m must be 0 or more"),
        ([1], {"distance_m": [1.0, 2.0]}, "distance_m: 1 numbers"),
        ([-1], {"distance_m": [1.0]}, "Pupils must be numbers"),
        (["x"], {"distance_m": [1.0]}, "needs numbers"),
        ([1], {"distance_m": [1.0], "no_seat": [2]}, "more pupils without a seat"),
        ([[1]], {"distance_m": [1.0]}, "one number for each row"),
    ],
)
def test_bad_input_is_refused_with_words(pupils, measures, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        access_indicators(pupils, **measures)


def test_bad_quantiles_and_seats_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        weighted_quantile([1.0], [1.0], 1.5)
    with pytest.raises(ValueError, match="one value"):
        weighted_quantile([np.nan], [1.0], 0.5)
    with pytest.raises(ValueError, match="0 or more"):
        seat_indicators([-1], 5)

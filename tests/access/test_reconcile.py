"""The reconciliation sheet adds up to the last pupil, or says which row does not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.access import allocate
from planning.access.reconcile import reach, reconcile

INF = np.inf


def test_by_hand() -> None:
    costs, reason = reach(
        [[1.0, INF], [INF, INF], [9.0, INF], [2.0, 1.0], [1.0, 1.0]],
        allowed=[[True, True], [True, True], [True, True], [True, False], [False, False]],
        limit=5.0,
    )
    assert reason.tolist() == ["", "no_path", "beyond_reach_limit", "", "no_school_of_this_grade"]
    assert np.isfinite(costs).tolist() == [[True, False], [False, False], [False, False], [True, False], [False, False]]
    pupils = [3, 5, 7, 2, 1]
    sheet = reconcile("primary", pupils, reason, allocate(costs, pupils, [4, INF]), seats_known=[True, False])
    assert sheet.columns.tolist() == ["stage", "category", "reason", "pupils"]
    assert sheet.to_numpy().tolist() == [
        ["primary", "total", "", 18],
        ["primary", "served", "seats_known", 4],
        ["primary", "served", "seats_unknown", 0],
        ["primary", "no_seat", "seats_full", 1],
        ["primary", "out_of_reach", "beyond_reach_limit", 7],
        ["primary", "out_of_reach", "no_path", 5],
        ["primary", "out_of_reach", "no_school_of_this_grade", 1],
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 8), st.integers(0, 4), st.integers(0, 10_000), st.sampled_from([None, 0.0, 3.0]))
def test_it_always_adds_up(n_rows: int, n_sites: int, seed: int, limit: float | None) -> None:
    random = np.random.default_rng(seed)
    costs = random.integers(0, 7, (n_rows, n_sites)).astype(float)
    costs[random.random(costs.shape) < 0.3] = INF
    pupils = random.integers(0, 9, n_rows)
    cut, reason = reach(costs, limit=limit)
    sheet = reconcile("junior", pupils, reason, allocate(cut, pupils, random.integers(0, 12, n_sites)))
    by = sheet.groupby("category")["pupils"].sum()
    assert by["total"] == pupils.sum() == by["served"] + by["no_seat"] + by["out_of_reach"]
    assert set(sheet["category"]) == {"total", "served", "no_seat", "out_of_reach"}


def test_reach_is_inclusive_and_leaves_its_argument_alone() -> None:
    costs = np.array([[5.0, 6.0]], dtype=np.float32)
    cut, reason = reach(costs, limit=5.0)
    assert cut.tolist() == [[5.0, INF]]
    assert reason.tolist() == [""]
    assert costs.tolist() == [[5.0, 6.0]]
    assert reach([[1]])[0].tolist() == [[1.0]]
    with pytest.raises(ValueError, match="limit of reach"):
        reach(costs, limit=float("nan"))


def test_what_does_not_add_up_is_refused_with_words() -> None:
    answer = allocate([[1.0]], [3], [2])
    with pytest.raises(ValueError, match="row 0 do not add up: 4 in all, 2 served, 1 not"):
        reconcile("primary", [4], [""], answer)
    with pytest.raises(ValueError, match=r"Row 0 is out of reach \(no_path\) but was served"):
        reconcile("primary", [3], ["no_path"], answer)
    with pytest.raises(ValueError, match="one reason"):
        reconcile("primary", [3], [], answer)
    with pytest.raises(ValueError, match="seats_known: 1 values"):
        reconcile("primary", [3], [""], answer, seats_known=[True, True])
    lost = dataclasses.replace(answer, unserved=np.array([0]))
    with pytest.raises(ValueError, match="do not add up"):
        reconcile("primary", [3], [""], lost)

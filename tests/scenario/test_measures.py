"""Indicators by township: boarders count where they live, and each township as a county of its own would."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planning.scenario.measures import StageRows, indicators, indicators_by_township


def rows_of(*, has_limit: bool = True, **changes) -> StageRows:
    """Five rows in three townships, one without a name; everybody of the second boards."""
    columns = {
        "township": np.array(["T2", "T1", "", "T1", "T2"], dtype=object),
        "pupils": np.array([0, 5, 4, 3, 0]),
        "boarders": np.array([2, 0, 6, 0, 1]),
        "distance_m": np.array([900, 500, 1000, 3000, 800], dtype=np.float32),
        "time_min": np.array([9, 5, 10, 30, 8], dtype=np.float32),
        "off_road_m": np.zeros(5, dtype=np.float32),
        "within_limit": np.array([True, True, False, False, True]),
        "no_seat": np.array([0, 1, 0, 0, 0]),
        "out_of_reach": np.zeros(5, dtype=np.int64),
        "allocated_m": np.zeros(5),
    }
    return StageRows(**{**columns, **changes}, has_limit=has_limit)


def values(table: pd.DataFrame, township: str) -> dict[str, float]:
    return table[table["township"] == township].set_index("indicator")["value"].to_dict()


def test_boarders_are_served_and_within_the_limit_by_hand():
    table = indicators_by_township("primary", rows_of())
    assert table["township"].drop_duplicates().to_list() == ["", "T1", "T2"]
    alone, mixed, away = (values(table, name) for name in ("T1", "", "T2"))
    assert (alone["pupils"], alone["served"], alone["boarders"]) == (8, 7, 0)
    assert alone["share_within_limit"] == pytest.approx(5 / 8)
    assert (mixed["pupils"], mixed["served"], mixed["boarders"]) == (10, 10, 6)
    assert mixed["share_within_limit"] == pytest.approx(6 / 10)
    assert (away["pupils"], away["served"], away["boarders"]) == (3, 3, 3)
    assert away["share_within_limit"] == 1
    assert np.isnan(away["mean_distance"])


def test_each_township_is_measured_as_if_it_were_all():
    rows = rows_of()
    table = indicators_by_township("primary", rows)
    for township in ("T1", "T2", ""):
        here = rows.township == township
        alone = rows_of(**{name: getattr(rows, name)[here] for name in vars(rows) if name != "has_limit"})
        whole = indicators("primary", alone, pd.Series([10])).set_index("indicator")["value"]
        for name, value in values(table, township).items():
            np.testing.assert_allclose(value, whole[name], err_msg=f"{township} {name}")


def test_without_a_limit_there_is_no_share_even_of_boarders():
    table = indicators_by_township("primary", rows_of(has_limit=False))
    assert table.loc[table["indicator"] == "share_within_limit", "value"].isna().all()


def test_nobody_nowhere():
    nothing = {name: column[:0] for name, column in vars(rows_of()).items() if name != "has_limit"}
    assert indicators_by_township("primary", rows_of(**nothing)).empty
    whole = indicators("primary", rows_of(**nothing), pd.Series([], dtype=float)).set_index("indicator")["value"]
    assert whole[["pupils", "served", "boarders"]].to_list() == [0, 0, 0]

"""What a school at each possible site would bring: by hand on one road, and against the evaluation of the layout that has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from line_county import line_county, project_of, value

from planning.scenario.candidate_scores import SCORE_COLUMNS, scores_of_gains, site_gains
from planning.scenario.edits import CloseSchool, NewSchool
from planning.scenario.evaluate import evaluate

LOW, HIGH = "primary_lower", "primary_upper"
LIMITS = {LOW: {"distance_m": 1000}, HIGH: {"distance_m": 1000}}


def candidate_scores(county, state) -> pd.DataFrame:
    return scores_of_gains(site_gains(county, state))


def with_limits(**more):
    return project_of(limits=LIMITS, **more)


def school_at(county, code: str) -> NewSchool:
    place = county.candidates.geometry[code]
    return NewSchool(f"new-{code}", "N", place.x, place.y, "primary", None, "primary")


def test_by_hand():
    county = line_county(
        [{"at": 1000, LOW: 10}, {"at": 4000, LOW: 5, HIGH: 5}, {"at": 5000, LOW: 20, "in_margin": True}],
        {"s": {"at": 500}},
        {"far": 4500.0, "there": 500.0, "between": 3500.0},
        project=with_limits(),
    )
    found = candidate_scores(county, evaluate(county, "primary"))
    assert found.columns.to_list() == list(SCORE_COLUMNS)
    # 10 pupils walk 500 m, 10 walk 3500 m; by either new school the latter walk 500 m. The margin's children do not count.
    assert found.loc["far"].to_list() == [10, 0, 10, pytest.approx(-1500)]
    assert found.loc["between"].to_list() == [10, 0, 10, pytest.approx(-1500)]
    assert found.loc["there"].to_list() == [0, 0, 0, 0]


def test_limit_is_inclusive_and_missing_limits_are_not_zero():
    county = line_county(
        [{"at": 6000, LOW: 4}], {"s": {"at": 0}}, {"edge": 5000.0, "past": 4900.0}, project=with_limits()
    )
    found = candidate_scores(county, evaluate(county, "primary"))
    assert found["pupils_within"].to_dict() == {"edge": 4, "past": 0}
    without = line_county([{"at": 6000, LOW: 4}], {"s": {"at": 0}}, {"edge": 5000.0})
    without = replace(without, pack=without.pack.model_copy(update={"values": _no_limits(without)}))
    assert candidate_scores(without, evaluate(without, "primary"))["pupils_within"].isna().all()


def _no_limits(county):
    return {
        path: rule for path, rule in county.pack.values.items() if not path.endswith((".time_limit", ".distance_limit"))
    }


def test_children_without_any_school_are_told_apart():
    county = line_county(
        [{"at": 1000, LOW: 3}, {"at": 9000, LOW: 7}],
        {"s": {"at": 0}},
        {"k": 9500.0},
        project=with_limits(),
        gap_at=5000,
    )
    row = candidate_scores(county, evaluate(county, "primary")).loc["k"]
    assert (row["pupils_nearer"], row["newly_reached"], row["pupils_within"]) == (0, 7, 7)
    assert row["mean_change_m"] == pytest.approx((3 * 1000 + 7 * 500) / 10 - 1000)


def test_nobody_and_nowhere():
    county = line_county([{"at": 1000, LOW: 3}], {"s": {"at": 0}})
    assert candidate_scores(county, evaluate(county, "primary")).empty
    empty = line_county([{"at": 1000}], {"s": {"at": 0}}, {"k": 900.0}, project=with_limits())
    row = candidate_scores(empty, evaluate(empty, "primary")).loc["k"]
    assert row[["pupils_nearer", "newly_reached", "pupils_within"]].to_list() == [0, 0, 0]
    assert np.isnan(row["mean_change_m"])


def _agrees(county, code: str, row: pd.Series, edits=()) -> None:
    """Compare with the evaluation of the layout that has the school."""
    before = evaluate(county, "primary", edits)
    new = school_at(county, code)
    after = before if new in edits else evaluate(county, "primary", (*edits, new))
    pupils = value(before, "pupils")
    share = value(after, "share_within_limit") - value(before, "share_within_limit")
    assert row["pupils_within"] == pytest.approx(share * pupils if pupils else 0, abs=1e-6)
    change = value(after, "mean_distance") - value(before, "mean_distance")
    assert row["mean_change_m"] == pytest.approx(change, abs=0.01, nan_ok=True)
    moved = sum(
        county.cells.loc[
            after.nearest[band]["site_id"].eq(f"new-{code}") & ~county.cells["in_margin"], f"pupils_{band}"
        ].sum()
        for band in (LOW, HIGH)
    )
    assert row["pupils_nearer"] + row["newly_reached"] <= moved  # a child as near to both may stay where it is


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    homes=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 30), st.integers(0, 30), st.booleans()), min_size=1, max_size=8
    ),
    schools=st.lists(st.integers(0, 200), min_size=1, max_size=4, unique=True),
    spots=st.lists(st.integers(0, 200), min_size=1, max_size=4, unique=True),
    gap=st.sampled_from([None, 4000, 12_000]),
    reach=st.sampled_from([{}, {"travel": {"reach_limit": {"distance_m": 3000}}}]),
)
def test_figures_are_those_of_the_evaluation(homes, schools, spots, gap, reach):
    county = line_county(
        [{"at": 100 * at, LOW: low, HIGH: high, "in_margin": beyond} for at, low, high, beyond in homes],
        {f"s{n}": {"at": 100 * at, "kind": "teaching_point" if n else "primary"} for n, at in enumerate(schools)},
        {f"k{n}": 100.0 * at for n, at in enumerate(spots)},
        project=with_limits(**reach),
        gap_at=gap,
    )
    edits = (CloseSchool("s1"), school_at(county, "k0")) if len(schools) > 2 else ()
    state = evaluate(county, "primary", edits)
    found = candidate_scores(county, state)
    before = site_gains(county, evaluate(county, "primary"))
    kept = before.sums.copy()
    again = scores_of_gains(site_gains(county, state, before=before))
    pd.testing.assert_frame_equal(again, found, atol=1e-6)
    assert (before.sums == kept).all()
    for code, row in found.iterrows():
        _agrees(county, str(code), row, edits)


def test_cells_are_looked_at_in_blocks_like_one_by_one(monkeypatch):
    homes = [{"at": 100 * k, LOW: k % 7, HIGH: k % 5} for k in range(60)]
    county = line_county(homes, {"s": {"at": 200}}, {"a": 2500.0, "b": 4100.0}, project=with_limits())
    state = evaluate(county, "primary")
    together = candidate_scores(county, state)
    for size in (1, 7, 59):
        monkeypatch.setattr("planning.scenario.candidate_scores._BLOCK", size)
        pd.testing.assert_frame_equal(candidate_scores(county, state), together)
    _agrees(county, "a", together.loc["a"])

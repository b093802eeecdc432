"""Class sizes: from counts, from means that prove one side only, and their shares by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from small_schools import schools_of

from planning.compliance.class_sizes import class_sizes, class_verdict, size_shares
from planning.standards import RulePack


def _counted(pupils: int, classes: int, largest: int | None = None, large: int = 0, oversize: int = 0) -> dict:
    row: dict[str, object] = {"pupils_primary": pupils, "classes_primary": classes}
    if largest is not None:
        row |= {"largest_class_primary": largest, "classes_56_65_primary": large, "classes_66_primary": oversize}
    return row


def _row(table: pd.DataFrame, measure: str) -> pd.Series:
    return table.set_index("measure").loc[measure]


@pytest.mark.parametrize(
    ("largest", "mean", "verdict"),
    [
        (45, 40, "met"),
        (46, 40, "not_met"),
        (math.nan, 45.1, "not_met"),  # some class is at least as large as the mean
        (math.nan, 45, "unknown"),  # 44 and 46 have this mean as well
        (math.nan, 20, "unknown"),
        (math.nan, math.nan, "unknown"),
    ],
)
def test_a_mean_proves_one_side_only(largest: float, mean: float, verdict: str):
    assert class_verdict(largest, mean, 45) == verdict


def test_shares_by_hand(pack: RulePack):
    # 40 classes: 2 of 56-65 and 1 of 66 and more; the oversize one is a large one too
    schools = schools_of({"A": _counted(1000, 20, 67, 2, 1), "B": _counted(800, 20, 45)})
    table = size_shares(class_sizes(schools, {}, pack), pack)
    large, oversize = _row(table, "large_class_share"), _row(table, "oversize_class_share")
    assert (large["value"], large["limit"], large["verdict"]) == (pytest.approx(3 / 40), 0.05, "not_met")
    assert (oversize["value"], oversize["limit"], oversize["verdict"]) == (pytest.approx(1 / 40), 0.02, "not_met")
    above = _row(table, "schools_above_class_size")
    assert (above["value"], above["limit"], above["verdict"]) == (1, 45, "not_met")


def test_a_share_just_at_its_limit_is_met(pack: RulePack):
    schools = schools_of({"A": _counted(1000, 20, 60, 1, 0)})
    assert _row(size_shares(class_sizes(schools, {}, pack), pack), "large_class_share")["verdict"] == "met"


def test_missing_counts_never_pass(pack: RulePack):
    schools = schools_of({"A": _counted(400, 10), "B": _counted(400, 10, 45)})
    table = size_shares(class_sizes(schools, {}, pack), pack)
    assert set(table["verdict"]) == {"unknown"}
    assert set(table["missing"]) == {("A",)}


def test_means_alone_may_prove_a_breach(pack: RulePack):
    schools = schools_of({"A": _counted(600, 10), "B": _counted(40, 1, 40)})  # a mean of 60: one class of 56 and more
    large = _row(size_shares(class_sizes(schools, {}, pack), pack), "large_class_share")
    assert (large["value"], large["verdict"]) == (pytest.approx(1 / 11), "not_met")


def test_counts_hold_for_the_pupils_of_the_register_only(pack: RulePack):
    schools = schools_of({"A": _counted(400, 10, 45)})
    same = class_sizes(schools, {"primary": pd.Series({"A": 400})}, pack)
    other = class_sizes(schools, {"primary": pd.Series({"A": 480})}, pack)
    assert same["largest_class"].tolist() == [45]
    assert other["largest_class"].isna().all()
    assert other["mean_class"].tolist() == [48]


def test_a_pack_with_other_bands_is_not_answered_from_the_columns(pack: RulePack):
    rule = pack.needed("class_size.large_from").model_copy(update={"value": 51})
    other = pack.model_copy(update={"values": {**pack.values, "class_size.large_from": rule}})
    sizes = class_sizes(schools_of({"A": _counted(400, 10, 45)}), {}, other)
    assert sizes["large"].isna().all()


def test_schools_without_pupils_or_classes(pack: RulePack):
    schools = schools_of({"empty": _counted(0, 0), "no classes": {"pupils_primary": 90}})
    sizes = class_sizes(schools, {}, pack)
    assert sizes.index.tolist() == [("no classes", "primary")]
    assert set(size_shares(sizes, pack)["verdict"]) == {"unknown"}
    assert size_shares(sizes.iloc[:0], pack).empty

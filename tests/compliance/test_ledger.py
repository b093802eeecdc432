"""The ledger: rows by hand, what is missing named, defaults never failing, disabled rules never entering."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from small_schools import schools_of

from planning.compliance.ledger import LEDGER_COLUMNS, by_classes, ledger
from planning.standards import RulePack, read_pack
from planning.standards.catalogue import CATALOGUE


def _row(table: pd.DataFrame, school: str, path: str) -> pd.Series:
    found = table[(table["school_id"] == school) & (table["path"] == path)]
    assert len(found) == 1, (school, path, found)
    return found.iloc[0]


@pytest.fixture(scope="module")
def table(pack: RulePack) -> pd.DataFrame:
    schools = schools_of(
        {
            "A": {
                "pupils_primary": 200, "classes_primary": 6, "largest_class_primary": 46, "teaching_area_m2": 900,
                "sports_area_m2": 1499, "music_rooms": 1, "art_rooms": 0, "boarders": 10, "beds": 9, "dorm_area_m2": 30,
                "staff": 12, "locale": "town",
            },
            "N": {"kind": "nine_year", "pupils_primary": 1600, "pupils_junior": 1000, "boarders": 0, "classes_primary": 30,
                  "classes_junior": 20, "music_rooms": 5, "locale": "town"},
            "P": {"kind": "teaching_point", "pupils_primary": 11, "classes_primary": 1, "staff": 1},
        }
    )  # fmt: skip
    return ledger(schools, {}, pack, reach_m={"primary": pd.Series({"A": 500.0, "N": 501.0, "P": 4000.0})})


@pytest.mark.parametrize(
    ("school", "path", "value", "limit", "verdict"),
    [
        ("A", "stages.primary.indicators.teaching_area", 4.5, 4.5, "met"),
        ("A", "stages.primary.indicators.sports_area", 7.495, 7.5, "not_met"),
        ("A", "stages.primary.class_size_max", 46, 45, "not_met"),
        ("A", "stages.primary.school_size_max", 200, 2000, "met"),
        ("A", "stages.primary.school_size_min", 200, 270, "advisory"),  # what stands is not closed for it
        ("A", "evaluation.music_room_classes", 1, 1, "met"),
        ("A", "evaluation.art_room_classes", 0, 1, "not_met"),
        ("A", "boarding.beds_per_boarder", 0.9, 1, "not_met"),
        ("A", "boarding.dorm_area_min", 3, 3, "met"),
        ("A", "stages.primary.dorm_area_max", 3, 5, "met"),
        ("A", "stages.primary.pupils_per_staff", 12, 200 / 19, "met"),
        ("A", "stages.primary.service_radius", 500, 500, "met"),
        ("N", "stages.primary.service_radius", 501, 500, "not_met"),
        ("N", "stages.primary.class_size_max", 1600 / 30, 45, "not_met"),
        ("N", "nine_year.school_size_max", 2600, 2500, "not_met"),
        ("N", "evaluation.music_room_classes", 5, 5, "met"),
        ("P", "teaching_point.evaluated_from", 11, 50, "not_applicable"),
        ("P", "small_school_below", 11, 100, "advisory"),
        ("P", "small_school_staff_per_class", 1, 1.5, "advisory"),  # a default of this tool fails nobody
    ],
)
def test_rows_by_hand(table: pd.DataFrame, school: str, path: str, value: float, limit: float, verdict: str):
    row = _row(table, school, path)
    assert (row["value"], row["limit"], row["verdict"]) == (pytest.approx(value), pytest.approx(limit), verdict)


@pytest.mark.parametrize(
    ("school", "path", "missing"),
    [
        ("A", "stages.primary.indicators.backbone_teachers", ("backbone_teachers",)),
        ("N", "stages.junior.class_size_max", ("largest_class_junior",)),  # a mean of 50 proves nothing
        ("N", "evaluation.art_room_classes", ("art_rooms",)),
        ("N", "stages.primary.pupils_per_staff", ("staff",)),
    ],
)
def test_what_is_missing_is_named(table: pd.DataFrame, school: str, path: str, missing: tuple[str, ...]):
    row = _row(table, school, path)
    assert (row["verdict"], row["missing"]) == ("unknown", missing)


def test_who_is_not_asked(table: pd.DataFrame):
    paths = table.groupby("school_id")["path"].agg(set)
    assert not any("indicators" in path or "service_radius" in path for path in paths["P"])
    assert "stages.primary.school_size_max" not in paths["N"]  # it is judged as a whole
    assert not any(path.startswith("boarding") for path in paths["N"])


def test_every_row_is_of_a_rule_in_use_and_unknown_always_says_what(table: pd.DataFrame, pack: RulePack):
    assert table.columns.tolist() == list(LEDGER_COLUMNS)
    for row in table.itertuples():
        assert row.path in CATALOGUE
        assert pack.needed(row.path).enabled
        assert (row.verdict == "unknown") == bool(row.missing), row
        if row.verdict == "not_met":
            assert pack.needed(row.path).is_law


def test_rules_that_no_pack_gives_do_not_enter():
    schools = schools_of({"A": {"pupils_primary": 200, "classes_primary": 6, "staff": 12}})
    assert set(ledger(schools, {}, read_pack("cn_basic_balance_2012"))["path"]) <= {"teaching_point.evaluated_from"}


def test_floor_area_by_classes(pack: RulePack):
    urban = read_pack("cn_urban_building_jb102")
    schools = schools_of(
        {
            "A": {"pupils_primary": 1000, "classes_primary": 24, "floor_area_m2": 5500, "boarders": 0, "locale": "town"},
            "B": {"pupils_primary": 1000, "classes_primary": 23, "floor_area_m2": 5500, "boarders": 5, "locale": "city",
                  "dorm_area_m2": 100},
            "V": {"pupils_primary": 1000, "classes_primary": 24, "floor_area_m2": 1, "locale": "village"},
        }
    )  # fmt: skip
    table = ledger(schools, {}, urban)
    basic = table[table["path"] == "stages.primary.floor_area_basic"].set_index("school_id")
    assert basic.index.tolist() == ["A", "B"]
    assert basic["limit"].tolist() == [5.4, 5.8]
    assert basic["value"].tolist() == [5.5, 5.4]  # without the dormitory
    assert basic["verdict"].tolist() == ["met", "not_met"]
    rule = urban.needed("stages.primary.floor_area_basic")
    assert by_classes(rule, 1) == 6.6
    assert by_classes(rule, 99) == 5.2
    assert math.isnan(by_classes(rule, math.nan))
    with pytest.raises(TypeError):
        by_classes(pack.needed("small_school_below"), 6)


def test_a_new_school_below_the_smallest_size_breaks_the_rule(pack: RulePack):
    schools = schools_of({"new": {"is_new": True}})
    table = ledger(schools, {"primary": pd.Series({"new": 200})}, pack)
    assert _row(table, "new", "stages.primary.school_size_min")["verdict"] == "not_met"
    assert _row(table, "new", "evaluation.indicators_met_min")["verdict"] == "unknown"


def test_no_schools(pack: RulePack):
    assert ledger(schools_of({"A": {"kind": "special"}}), {}, pack).empty

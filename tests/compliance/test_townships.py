"""Nodes of townships, seats for 1,000 residents, triggers of estates: by hand, what is not known, conserved, errors."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schools import schools_of

from planning.compliance.townships import estate_triggers, seats_per_thousand, township_nodes
from planning.errors import SchemaError
from planning.standards import RulePack, load_pack, read_pack

TOWNSHIPS = ["甲镇", "乙乡"]
MEASURES = [f"{measure}_{stage}" for measure in ("pupils", "seats") for stage in ("kindergarten", "primary", "junior")]


def _table(rows: dict[str, dict[str, object]]) -> pd.DataFrame:
    schools = schools_of({code: {"ownership": "public"} | own for code, own in rows.items()})
    for column in [*MEASURES, "beds", "boarders"]:
        given = schools[column] if column in schools else pd.Series(pd.NA, index=schools.index)
        schools[column] = given.astype("Float64")
    return schools


def _minutes(schools: pd.DataFrame, ways: dict[tuple[str, str], float]) -> pd.DataFrame:
    table = pd.DataFrame(5.0, index=TOWNSHIPS, columns=schools.index)
    for (township, code), minutes in ways.items():
        table.loc[township, code] = minutes
    return table


@pytest.fixture(scope="module")
def township_pack(tmp_path_factory: pytest.TempPathFactory) -> RulePack:
    """Give a bureau's pack with the three schools of each township."""
    path: Path = tmp_path_factory.mktemp("packs") / "own.yaml"
    path.write_text(
        "id: own\ntitle: {zh: 本县, en: own}\ninherits: [cn_county_default, cn_guangdong_qingyuan]\n", "utf-8"
    )
    return load_pack(str(path))


def _rows(table: pd.DataFrame, township: str) -> dict[str, tuple[object, ...]]:
    own = table[table["township"] == township].set_index("node")
    return {
        node: tuple(row)
        for node, row in own[["verdict", "school_id", "unsure", "stand_in_id"]].T.to_dict("list").items()
    }


def test_three_schools_by_hand(township_pack: RulePack):
    schools = _table(
        {
            "K": {"kind": "kindergarten", "pupils_kindergarten": 90},
            "P1": {"pupils_primary": 300}, "P2": {"pupils_primary": 500}, "P3": {"pupils_primary": 900, "ownership": "private"},
            "T": {"kind": "teaching_point", "pupils_primary": 999},
            "B1": {"kind": "junior", "pupils_junior": 700, "beds": 0, "boarders": 0},
            "B2": {"kind": "nine_year", "pupils_primary": 100, "pupils_junior": 100, "beds": 200, "boarders": 150},
            "Q": {"kind": "primary", "township": "乙乡", "pupils_primary": 40, "beds": 0, "boarders": 0},
        }
    )  # fmt: skip
    table = township_nodes(
        schools, TOWNSHIPS, _minutes(schools, {("乙乡", "B2"): 31.0, ("乙乡", "B1"): 30.0}), township_pack
    )
    assert _rows(table, "甲镇") == {
        "central_kindergarten": ("met", "K", "", ""),
        "central_primary": ("met", "P2", "", ""),
        "boarding_school": ("met", "B2", "", ""),
        "junior": ("met", "B1", "", ""),
    }
    assert _rows(table, "乙乡") == {
        "central_kindergarten": ("not_met", "", "", "K"),
        "central_primary": ("met", "Q", "", ""),
        "boarding_school": ("not_met", "", "", "B2"),
        "junior": ("not_met", "", "", "B1"),
    }
    junior = table[table["node"] == "junior"].set_index("township")
    assert junior.loc["甲镇", ["needed", "there"]].tolist() == [1, 2]
    assert junior.at["乙乡", "stand_in_minutes"] == 30.0
    assert set(junior["path"]) == {"township.junior_min"}


def test_what_is_not_known_is_neither_there_nor_missing(township_pack: RulePack):
    schools = _table(
        {
            "P": {"ownership": "unknown"},
            "J": {"kind": "junior", "beds": 0},  # boarders not counted
            "P2": {"township": "乙乡", "pupils_primary": 9},
            "P3": {"township": "乙乡"},
        }
    )
    table = township_nodes(schools, TOWNSHIPS, _minutes(schools, {}), township_pack)
    found = _rows(table, "甲镇")
    assert found["central_kindergarten"] == ("unknown", "", "not_listed", "")
    assert found["central_primary"] == ("unknown", "P", "ownership", "P2")
    assert found["boarding_school"] == ("unknown", "J", "beds", "")
    assert found["junior"] == ("met", "J", "", "")
    assert _rows(table, "乙乡")["central_primary"] == ("met", "P2", "size", "")


def test_closed_schools_and_those_beyond_the_line_do_not_count(pack: RulePack):
    schools = _table(
        {
            "closed": {"kind": "junior", "status": "closed"}, "beyond": {"kind": "junior", "in_margin": True},
            "private": {"kind": "junior", "ownership": "private"}, "far": {"kind": "secondary", "township": "乙乡"},
        }
    )  # fmt: skip
    table = township_nodes(schools, TOWNSHIPS, _minutes(schools, {("甲镇", "far"): math.inf}), pack)
    assert table["node"].tolist() == ["junior", "junior"]  # this pack names no nodes
    assert _rows(table, "甲镇")["junior"] == ("not_met", "", "", "")
    assert pd.isna(table["stand_in_minutes"].iloc[0])


def test_a_pack_without_rules_asks_for_nothing_and_unknown_nodes_are_for_people(tmp_path: Path):
    schools = _table({"P": {}})
    assert township_nodes(schools, TOWNSHIPS, _minutes(schools, {}), read_pack("cn_fujian_2013")).empty
    path = tmp_path / "own.yaml"
    path.write_text(
        "id: own\ntitle: {zh: 本县, en: own}\nsources: {s: {title: {zh: 文, en: d}, number: x, level: county}}\n"
        "rules: {township: {nodes: {value: [library], unit: words, source: s, force: may, confidence: V}}}\n",
        "utf-8",
    )
    table = township_nodes(schools, ["甲镇"], _minutes(schools, {}), read_pack(str(path)))
    assert table[["node", "verdict", "unsure"]].values.tolist() == [["library", "unknown", "node"]]


def _children(rows: dict[tuple[int, str], list[float]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["year", "township"])
    return pd.DataFrame(list(rows.values()), index=index, columns=["kindergarten", "primary"])


def test_seats_for_a_thousand_by_hand():
    children = _children({(2025, "A"): [90, 180], (2025, "B"): [0, 10]})
    seats = pd.DataFrame({"kindergarten": [60.0, math.nan], "primary": [200, 0]}, index=["A", "B"])
    table = seats_per_thousand(
        children, pd.Series({"A": 3000, "B": 0}), read_pack("cn_fujian_2013"), seats=seats, fill_rate=0.9
    )
    kindergarten = table[table["stage"] == "kindergarten"].set_index("township")
    assert kindergarten.loc["A", ["needed_per_1000", "seats_per_1000", "cited_per_1000"]].tolist() == pytest.approx(
        [100 / 3, 20, 30]
    )
    assert kindergarten["needed_per_1000"].isna().tolist() == [False, True, False]  # nobody lives in B
    assert pd.isna(kindergarten.at["*", "seats"])
    primary = table[table["stage"] == "primary"].set_index("township")
    assert primary.loc["*", ["children", "population", "seats"]].tolist() == [190, 3000, 200]
    assert set(primary["path"]) == {""}
    assert set(kindergarten["path"]) == {"stages.kindergarten.seats_per_1000"}


def test_seats_that_cannot_be_computed(pack: RulePack):
    children = _children({(2025, "A"): [1, 2]})
    with pytest.raises(SchemaError, match="Residents are not given for A"):
        seats_per_thousand(children, pd.Series({"B": 1.0}), pack)
    for share in (0.0, 1.1, math.nan):
        with pytest.raises(SchemaError, match="share of seats"):
            seats_per_thousand(children, pd.Series({"A": 1.0}), pack, fill_rate=share)
    with pytest.raises(SchemaError, match="dwelling"):
        estate_triggers(seats_per_thousand(children, pd.Series({"A": 1.0}), pack), pack, people_per_dwelling=0)


def test_estates_by_hand(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text("id: own\ntitle: {zh: 本县, en: own}\ninherits: [cn_county_default, cn_hunan_2019]\n", "utf-8")
    pack = load_pack(str(path))
    # 60 primary children for 1,000 residents: 270 pupils are the children of 4,500 people, of 1,500 dwellings
    needed = seats_per_thousand(_children({(2025, "A"): [0, 600]}), pd.Series({"A": 10_000}), pack)
    table = estate_triggers(needed, pack).set_index("stage")
    columns = ["children_per_1000", "smallest_school", "people", "dwellings", "cited_people", "cited_dwellings"]
    assert table.loc["primary", columns].tolist() == pytest.approx([60, 270, 4500, 1500, 10_000, 3334])
    assert table.at["primary", "size_path"] == "stages.primary.school_size_min"
    assert table.at["primary", "path"] == "stages.primary.estate_people"
    assert pd.isna(table.at["kindergarten", "dwellings"])
    known = estate_triggers(needed, pack, per_dwelling={"primary": 0.27}).set_index("stage")
    assert known.at["primary", "dwellings"] == 1000


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999), st.integers(1, 9999)), min_size=1, max_size=6))
def test_the_county_is_the_sum_of_its_townships(rows: list[tuple[int, int, int]]):
    children = _children({(2030, f"T{n}"): [one, two] for n, (one, two, _) in enumerate(rows)})
    people = pd.Series({f"T{n}": float(row[2]) for n, row in enumerate(rows)})
    table = seats_per_thousand(children, people, read_pack("cn_fujian_2013"))
    own, county = table[table["township"] != "*"], table[table["township"] == "*"].set_index("stage")
    for stage, group in own.groupby("stage"):
        weighted = (group["needed_per_1000"] * group["population"]).sum() / group["population"].sum()
        assert county.at[stage, "needed_per_1000"] == pytest.approx(weighted)
        assert county.at[stage, "children"] == group["children"].sum()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_nodes_do_not_depend_on_the_order_and_stand_ins_are_nearest(data: st.DataObject):
    kinds = st.sampled_from(["primary", "nine_year", "junior", "teaching_point", "secondary"])
    rows = {
        f"S{n}": {
            "kind": data.draw(kinds),
            "township": data.draw(st.sampled_from(TOWNSHIPS)),
            "ownership": data.draw(st.sampled_from(["public", "private", "unknown"])),
        }
        for n in range(data.draw(st.integers(1, 6)))
    }
    schools = _table(rows)
    ways = st.integers(0, 9).map(float) | st.just(math.inf)
    minutes = pd.DataFrame([[data.draw(ways) for _ in rows] for _ in TOWNSHIPS], index=TOWNSHIPS, columns=list(rows))
    pack = _PACK
    table = township_nodes(schools, TOWNSHIPS, minutes, pack)
    order = list(data.draw(st.permutations(list(rows))))
    pd.testing.assert_frame_equal(table, township_nodes(schools.loc[order], TOWNSHIPS, minutes, pack))
    for row in table.to_dict("records"):
        there = [
            code
            for code, own in rows.items()
            if own["kind"] in ("nine_year", "junior", "secondary") and own["ownership"] != "private"
        ]
        others = [code for code in there if rows[code]["township"] != row["township"]]
        reached = [minutes.at[row["township"], code] for code in others if minutes.at[row["township"], code] < math.inf]
        if row["verdict"] != "met" and reached:
            assert row["stand_in_minutes"] == min(reached)
        else:
            assert row["stand_in_id"] == ""


_PACK = read_pack("cn_county_default")

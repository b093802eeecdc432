"""Tables for programs and for people."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from changed_runs import with_names

from planning.i18n import get_translator
from planning.report.tables import indicator_table, reconciliation_table, school_table, write_csv, write_workbook
from planning.report.text_safety import as_plain_text

HOSTILE = ["<img src=x onerror=alert(1)>", '=HYPERLINK("http://x")', "</script>", "@SUM(A1)", "-2+3+cmd|' /C calc'!A0"]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_indicators_have_the_contract_s_columns_and_begin_with_the_base(written: Path, clip) -> None:
    head, *rows = read(written / "indicators.csv")
    assert head == ["question", "when", "stage", "indicator", "value", "unit"]
    order = [(row[0], row[1]) for row in rows]
    assert list(dict.fromkeys(order)) == [("", "base"), ("两所新校", "after"), ("寄宿", "after")]
    for stage in clip.base:
        named = {row[3] for row in rows if row[1] == "base" and row[2] == stage}
        assert {"pupils", "mean_distance", "p90_distance", "share_within_limit"} <= named
    for row in rows:
        if row[4]:
            float(row[4])
        if row[5] in ("pupil", "school", "seat") and row[4]:
            assert row[4].isdigit()


def test_reconciliation_adds_up_in_whole_pupils(written: Path, clip) -> None:
    head, *rows = read(written / "reconciliation.csv")
    assert head == ["stage", "category", "reason", "pupils"]
    assert all(row[3].isdigit() for row in rows)
    for stage, state in clip.base.items():
        lines = [(row[1], int(row[3])) for row in rows if row[0] == stage]
        total = sum(pupils for category, pupils in lines if category == "total")
        assert {category for category, _ in lines} == {"total", "served", "no_seat", "out_of_reach"}
        assert total == sum(pupils for category, pupils in lines if category != "total")
        assert total == sum(int(clip.county.cells[f"pupils_{band}"].sum()) for band in state.bands)


def test_values_are_those_of_the_states(clip) -> None:
    table = indicator_table(clip)
    state = clip.base["primary"].indicators
    base = table[(table["when"] == "base") & (table["stage"] == "primary")]
    assert base["indicator"].tolist() == state["indicator"].tolist()
    assert pd.to_numeric(base["value"]).tolist() == pytest.approx(state["value"].tolist(), nan_ok=True)


def test_schools_are_listed_with_unknown_seats_empty(clip) -> None:
    table = school_table(clip)
    assert len(table) == sum(len(state.sites) for state in clip.base.values())
    assert table["load"].sum() == sum(state.load.sum() for state in clip.base.values())
    assert str(table["seats"].dtype) == "Int64"


def test_what_a_spreadsheet_would_run_is_marked_and_nothing_else() -> None:
    table = pd.DataFrame(
        {
            "name": [*HOSTILE, "云岚小学", "-12", "+8.5", "\uff1d1+1", "", None],
            "value": [-1.5] * 11,
            "kind": pd.Categorical(["=1+1"] * 11),
        }
    )
    safe = as_plain_text(table)
    assert pd.isna(safe["name"].iloc[-1])
    assert safe["name"].tolist()[:-1] == [
        HOSTILE[0],
        "'" + HOSTILE[1],
        HOSTILE[2],
        "'" + HOSTILE[3],
        "'" + HOSTILE[4],
        "云岚小学",
        "-12",
        "+8.5",
        "'\uff1d1+1",
        "",
    ]
    assert safe["value"].tolist() == [-1.5] * 11
    assert set(safe["kind"]) == {"'=1+1"}
    assert table["name"][1] == HOSTILE[1]


def test_numbers_keep_their_form_in_a_file(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"value": pd.Series([23448, 0.5, None], dtype=object), "n": pd.array([1, None, 3], dtype="Int64")}
    )
    assert read(write_csv(table, tmp_path / "a.csv")) == [["value", "n"], ["23448", "1"], ["0.5", ""], ["", "3"]]


def test_a_workbook_holds_neither_formulas_nor_links_and_names_as_they_are(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "name": [*HOSTILE, "primary", "http://x"],
            "kind": ["primary"] * 7,
            "unit": ["m"] * 7,
            "kept": [True] * 7,
            "value": [1.5, None] * 3 + [2.0],
        }
    )
    path = write_workbook({"Schools": table}, tmp_path / "a.xlsx", get_translator("en"))
    sheet = openpyxl.load_workbook(path)["Schools"]
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == ["Name", "Kind", "Unit", "Kept", "Value"]
    assert [row[0].value for row in rows[1:]] == [*HOSTILE, "primary", "http://x"]
    assert [cell.value for cell in rows[1]][1:] == ["Primary school", "metres", "Yes", 1.5]
    for row in rows:
        for cell in row:
            assert cell.data_type in ("s", "n")
            assert cell.hyperlink is None


def test_hostile_names_stay_in_their_cells(clip, tmp_path: Path) -> None:
    table = school_table(with_names(clip, HOSTILE))
    names = {row[2] for row in read(write_csv(table, tmp_path / "schools.csv"))}
    assert {HOSTILE[0], "'" + HOSTILE[1], HOSTILE[2]} <= names
    assert not any(name.startswith(("=", "@", "-")) for name in names)


def test_the_base_alone_gives_no_question(clip) -> None:
    table = indicator_table(dataclasses.replace(clip, answers=()))
    assert set(table["question"]) == {""}
    assert reconciliation_table(clip)["pupils"].dtype == "int64"

"""School bus lines in files and in the report."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from planning.i18n import get_translator
from planning.report.bus_lines import line_section, line_table
from planning.scenario.bus_lines import LINE_COLUMNS

EN = get_translator("en")


def lines_of(question: str) -> pd.DataFrame:
    rows = [
        (question, "junior", "A", "Hill <b>", 1, 1, 2, "T", 12, 41.26, 640.4, 52.04, "", 107.1, 26.2),
        (question, "junior", "A", "Hill <b>", 1, 2, 1, "T", 9, 20.0, 0.0, 52.04, "", 107.2, 26.2),
        (question, "junior", "B", "", 1, 1, 1, "T", 3, 55.0, 10.0, 12.0, "", 107.3, 26.2),
        (question, "junior", "", "", None, None, None, "T", 4, None, None, None, "ride_too_long", 107.4, 26.2),
        (question, "junior", "A", "Hill <b>", None, None, None, "T", 5, None, None, None, "ride_too_long", 107.4, 26.3),
    ]
    table = pd.DataFrame(rows, columns=list(LINE_COLUMNS))
    return table.astype(dict.fromkeys(("bus", "order", "stop", "pupils"), "Int64"))


def test_a_bus_is_a_row_the_longest_ride_first(clip) -> None:
    answer = dataclasses.replace(clip.answers[2], lines=lines_of("q"))
    section = line_section(EN, answer)
    assert section is not None
    assert section["rows"] == [
        ("B", "1", "1", "3", "55.0 min", "10 m", "12.0"),
        ("Hill <b>", "1", "2", "21", "41.3 min", "640 m", "52.0"),
    ]
    assert section["more"] == 0
    assert section["left"] == ["9 pupils have no bus: no ride within the limit."]
    table = line_table([clip.answers[0], answer, answer])
    assert len(table) == 10
    assert table["ride_min"].iloc[0] == pytest.approx(41.3)
    assert table["walk_m_max"].iloc[0] == 640
    assert line_section(EN, clip.answers[0]) is None
    assert line_table([clip.answers[0]]).columns.to_list() == list(LINE_COLUMNS)


def test_the_bus_of_an_answer_is_that_of_its_lines(clip, written: Path) -> None:
    boarding = clip.answers[2]
    ways = boarding.ways.set_index("way").loc["school_bus"]
    stops = boarding.lines[boarding.lines["bus"].notna()]
    left = boarding.lines[boarding.lines["bus"].isna()]
    assert stops["pupils"].sum() == ways["pupils_served"]
    assert left["pupils"].sum() == ways["pupils_left"]
    by_bus = stops.groupby(["site_id", "bus"])
    assert len(by_bus) == ways["buses"] >= ways["buses_bound"] > 0
    assert 5 * by_bus["bus_km_day"].first().sum() == pytest.approx(ways["bus_km_week"])
    assert stops["ride_min"].max() <= ways["one_way_min_max"]
    assert len(pd.read_csv(written / "bus_lines.csv")) == len(boarding.lines)


def test_the_workbook_and_the_report_have_the_lines(clip, written: Path) -> None:
    sheet = openpyxl.load_workbook(written / "tables.xlsx")["校车线路"]
    heads = [cell.value for cell in sheet[1]]
    assert heads[:7] == ["问题", "学段", "校址代码", "学校", "校车编号", "停靠顺序", "站点编号"]
    assert "<h3>校车线路</h3>" in (written / "report.html").read_text("utf-8")
    assert sheet.max_row == len(clip.answers[2].lines) + 1

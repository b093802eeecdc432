"""Seats of coming years in the report, its charts and its tables."""

from __future__ import annotations

import re

import openpyxl
import pandas as pd
import pytest
from coming_county import county, estate

from planning.i18n import get_translator
from planning.report.outlook import outlook_section, outlook_tables
from planning.report.tables import write_workbook
from planning.report.year_chart import draw_years
from planning.scenario.outlook import project_outlook

EN, ZH = get_translator("en"), get_translator("zh")


@pytest.fixture(scope="module")
def made():
    return county(until=2030, housing=estate(4000, 2029, 1100.0))


@pytest.fixture(scope="module")
def outlook(made):
    return project_outlook(made)[0]


def test_every_row_of_the_files_by_hand(made, outlook):
    tables = outlook_tables(EN, made, outlook)
    # Three variants, two stages, two townships and the county, six years.
    assert len(tables["outlook"]) == 3 * 2 * 3 * 6
    assert len(tables["early_warning"]) == 3 * 2 * 3
    row = tables["outlook"].set_index(["variant", "stage", "township", "year"]).loc[("middle", "primary", "Town", 2028)]
    assert row.tolist() == [270, 270, 290]
    assert tables["estate_schools"]["document"].str.contains("Hunan").all()


def test_the_county_adds_up(made, outlook):
    table = outlook_tables(EN, made, outlook)["outlook"]
    parts = table[table["township"] != "*"].groupby(["variant", "stage", "year"])["seats_needed"].sum()
    whole = table[table["township"] == "*"].set_index(["variant", "stage", "year"])["seats_needed"]
    assert (parts - whole.reindex(parts.index)).abs().max() <= 0.11  # each is rounded to a tenth


def test_without_an_outlook_the_files_have_heads_only(made):
    tables = outlook_tables(EN, made, None)
    assert {name: len(table) for name, table in tables.items()} == dict.fromkeys(tables, 0)
    assert outlook_section(EN, made, None) is None


def test_the_section_says_it_in_years(made, outlook):
    section = outlook_section(EN, made, outlook)
    town, hill, whole = (
        section["stages"][0]["rows"][1],
        section["stages"][0]["rows"][0],
        section["stages"][0]["rows"][2],
    )
    assert (town["township"], town["mark"], town["shortage"]) == ("Town", "short", "today–2030")
    assert (hill["mark"], hill["surplus"]) == ("empty", "2027–2030")
    assert whole["is_county"]
    assert section["estates"] == [["Estate", "Town", "2029", "4,000", "2,000"]]
    assert [row[-1] for row in section["estate_schools"]["rows"]] == ["Kindergarten", "Primary school"]
    assert section["estate_schools"]["is_example"]  # a province's rule is no rule of this county
    assert section["special"]["due"] == ""


def test_the_chart_has_three_lines_and_a_level(made, outlook):
    chart = outlook_section(EN, made, outlook)["charts"][0]
    assert [line.kind for line in chart.lines] == ["low", "high", "middle"]
    assert all(len(line.points) == 6 for line in chart.lines)
    assert chart.level is not None
    assert all(chart.top <= y <= chart.bottom for line in chart.lines for _, y, _ in line.points)


def test_a_chart_without_known_seats_has_no_level():
    chart = draw_years(
        EN, "x", [2025, 2026], {"middle": [0.0, 0.0]}, names={"middle": "m"}, along="y", level=float("nan"), level_name="s"
    )  # fmt: skip
    assert chart.level is None
    assert chart.lines[0].points[0][1] == chart.bottom


def test_the_workbook_has_no_english_in_chinese(made, outlook, tmp_path):
    tables = outlook_tables(ZH, made, outlook)
    write_workbook(tables, tmp_path / "t.xlsx", ZH)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    heads = [cell.value for name in tables for cell in book[name][1]]
    assert not [head for head in heads if re.search("[a-z]{3}", head)]
    assert "全县" in [row[2].value for row in book["early_warning"].iter_rows(min_row=2)]
    assert isinstance(pd.read_excel(tmp_path / "t.xlsx", sheet_name="outlook").iloc[0, 3].item(), int)

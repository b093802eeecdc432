"""The curve, other plans and the ways to help: in the report, in its pictures, in tables."""

from __future__ import annotations

import csv
import dataclasses
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from changed_runs import with_county

from planning.config import Money
from planning.i18n import get_translator
from planning.report import write_outputs
from planning.report.choices import curve_section, curve_table, plan_section, way_section, way_table
from planning.scenario.choices import CURVE_COLUMNS, PLAN_COLUMNS
from planning.scenario.trade_off import WAY_COLUMNS

EN, ZH = get_translator("en"), get_translator("zh")


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_the_files_have_their_columns_and_rows(written: Path, clip) -> None:
    median, _, boarding = clip.answers
    for name, columns, table in (
        ("frontier", CURVE_COLUMNS, median.curve),
        ("alternatives", PLAN_COLUMNS, median.plans),
        ("trade_off", WAY_COLUMNS, boarding.ways),
    ):
        head, *rows = read(written / f"{name}.csv")
        assert head == list(columns)
        assert len(rows) == len(table) > 0
    head, *rows = read(written / "frontier.csv")
    curve = [dict(zip(head, row, strict=True)) for row in rows]
    assert [line["new_schools"] for line in curve] == ["0", "1", "2", "3"]
    own = curve[2]
    assert float(own["objective"]) == pytest.approx(median.proposal.objective)
    assert own["places"] == "; ".join(median.sites["name"])


def test_the_workbook_says_it_in_chinese_and_shares_in_per_cent(written: Path) -> None:
    book = openpyxl.load_workbook(written / "tables.xlsx")
    sheet = book["不同校数或预算的效果"]
    heads = [cell.value for cell in sheet[1]]
    assert heads[:3] == ["问题", "学段", "新建学校数"]
    assert not [head for head in heads if re.search("[a-z]{3}", head)]
    at = heads.index("标准以内的学生")
    assert 0 < sheet.cell(2, at + 1).value <= 1
    assert sheet.column_dimensions[openpyxl.utils.get_column_letter(at + 1)].number_format == "0.00%"
    ways = book["寄宿、校车、教学点比较"]
    assert [ways.cell(row, 3).value for row in (2, 3, 4)] == ["寄宿制", "校车", "教学点"]


def test_the_report_draws_the_curve_and_lists_plans_and_ways(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    assert page.count('<figure class="chart">') == 2
    for heading in ("多建或少建学校的效果", "效果相近的其他方案", "同一批学生：寄宿、校车、教学点比较"):
        assert f"<h3>{heading}</h3>" in page
    assert '<tr class="own">' in page


def test_the_curve_in_words(clip) -> None:
    section = curve_section(EN, clip.answers[0])
    assert section is not None
    assert [head for head, _ in section["heads"]] == [
        "New schools",
        "Pupils within the limit",
        "Mean way to the nearest school",
        "Gap",
        "Places",
    ]
    assert [is_own for _, is_own in section["rows"]] == [False, False, True, False]
    assert all(re.fullmatch(r"[\d.,]+ k?m", cells[2]) for cells, _ in section["rows"])
    stopped = clip.answers[0].curve.assign(status="time_limit", gap=0.0123)
    section = curve_section(EN, dataclasses.replace(clip.answers[0], curve=stopped))
    assert section is not None
    assert {cells[3] for cells, _ in section["rows"]} == {"1.23%"}


def test_a_curve_over_budgets_says_so(clip) -> None:
    curve = clip.answers[0].curve.assign(budget_yuan=[1e7, 2e7, 3e7, 4e7], spent_yuan=[0.0, 1e7, 2e7, 3e7])
    section = curve_section(EN, dataclasses.replace(clip.answers[0], curve=curve))
    assert section is not None
    assert section["by_budget"]
    assert [head for head, _ in section["heads"]][:3] == ["Budget (yuan)", "New schools", "Cost of building (yuan)"]
    assert section["rows"][0][0][0] == "10,000,000"
    assert [tick.text for tick in section["charts"][0].across] == ["1,000", "2,000", "3,000", "4,000"]


def test_a_point_without_an_answer_is_told_as_such(clip) -> None:
    curve = clip.answers[0].curve.copy()
    curve.loc[0, ["status", "gap", "objective", "mean_distance_m", "share_within_limit"]] = [
        "infeasible",
        *[float("nan")] * 4,
    ]
    section = curve_section(EN, dataclasses.replace(clip.answers[0], curve=curve))
    assert section is not None
    cells, _ = section["rows"][0]
    assert cells[1:4] == ["–", "–", "no answer possible"]
    assert len(section["charts"][0].points) == 3


def test_nothing_asked_nothing_shown(clip) -> None:
    boarding, median = clip.answers[2], clip.answers[0]
    assert curve_section(EN, boarding) is None
    assert plan_section(EN, boarding) == []
    assert way_section(EN, median, clip.county) is None
    assert curve_table([boarding]).columns.to_list() == list(CURVE_COLUMNS)
    assert len(way_table([median])) == 0


def with_money(clip, **rates):
    project = clip.county.project.model_copy(update={"costs": Money(**rates)})
    return dataclasses.replace(clip.county, project=project)


def test_the_ways_name_their_sources_and_what_is_not_known(clip) -> None:
    boarding = clip.answers[2]
    section = way_section(EN, boarding, clip.county)
    assert section is not None
    assert section["ways"] == ["Boarding", "School bus", "Teaching point"]
    rows = dict(section["rows"])
    assert rows["Cost (yuan a year)"] == ["not known"] * 3
    told = " ".join(section["notes"])
    assert "costs.boarding_per_pupil, costs.bus_per_km, costs.teaching_point_per_year" in told
    assert "40 seats in a bus (a default of this tool)" in told
    assert "39 weeks" not in told  # no cost rests on them
    assert "nobody is given a teaching point" in told  # junior secondary
    priced = boarding.ways.assign(cost_yuan_year=[1000.0, 2000.0, float("nan")])
    asked = dataclasses.replace(boarding, ways=priced, question=boarding.question.model_copy(update={"bus_seats": 45}))
    section = way_section(EN, asked, with_money(clip, boarding_per_pupil=1, bus_per_km=4))
    assert section is not None
    assert dict(section["rows"])["Cost (yuan a year)"] == ["1,000", "2,000", "not known"]
    told = " ".join(section["notes"])
    assert "39 weeks of school: Curriculum Plan for Compulsory Education (2022)" in told
    assert "45 seats in a bus (set in the project file)" in told
    senior = dataclasses.replace(asked, question=asked.question.model_copy(update={"stage": "senior"}))
    section = way_section(EN, senior, with_money(clip, bus_per_km=4))
    assert section is not None
    assert "39 weeks of school, as in compulsory education: a default of this tool" in " ".join(section["notes"])


def test_the_chinese_report_has_no_english_words_of_ours(clip, tmp_path: Path) -> None:
    priced = dataclasses.replace(
        clip,
        answers=(
            dataclasses.replace(clip.answers[0], curve=clip.answers[0].curve.assign(budget_yuan=[1.0, 2.0, 3.0, 4.0])),
            *clip.answers[1:],
        ),
    )
    write_outputs(with_county(priced), tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    shown = page[page.index("不同预算的效果") : page.index("采用的规则")]
    texts = re.sub(r"<[^>]+>|[Mlz]?-?\d+ -?\d+", " ", shown)
    words = set(re.findall(r"[A-Za-z]{3,}", texts))
    assert words <= {"xlsx", "csv", "costs", "boarding", "per", "pupil", "bus", "teaching", "point", "year", "lines"} | {
        "ledger", "staffing", "rule", "rules", "changes", "proposals", "count", "roadmap", "townships"
    }, words  # fmt: skip


def test_moves_of_closed_schools_are_named_with_their_numbers(clip) -> None:
    from planning.report.closures import closure_section

    answer = clip.answers[0]
    one, other = clip.county.schools.index[:2]
    names = clip.county.schools["name"]
    sites = (
        answer.sites.iloc[:1]
        .rename(index={answer.sites.index[0]: one})
        .assign(kind="closed", name=names[one], pupils_before=30, moves="x")
    )
    moves = pd.DataFrame({"closed": [one, one], "receiver": ["", other], "pupils": [1200, 1300]})
    section = closure_section(ZH, dataclasses.replace(answer, sites=sites, moves=moves), clip.county, longest=5)
    assert section["closed"][0][-1] == f"{names[other]}（1,300）；可到达但无学位（1,200）"

"""A plan by year in the report: rows, pictures with years as years, and a table for programs."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from planning.i18n import get_translator
from planning.report.phases import phase_section, phase_table
from planning.scenario.phases import PHASE_COLUMNS

ROWS = [
    (2026, "N1", "Lijia", "opens", 540, 16.2e6, 16.2e6, 2e7, 120, 118, 2, 0, 0.5, 2500.0),
    (2026, "N2", "<b>Wu", "opens", 540, 16.2e6, 32.4e6, 2e7, 120, 118, 2, 0, 0.5, 2500.0),
    (2028, "", "", "nothing_opens", 0, 0.0, 32.4e6, 0.0, 100, 100, 0, 0, 0.6, 2000.0),
]


@pytest.fixture(scope="module")
def found(clip):
    return dataclasses.replace(clip.answers[0], phases=pd.DataFrame(ROWS, columns=list(PHASE_COLUMNS)))


def test_what_a_year_has_stands_once(found):
    section = phase_section(get_translator("en"), found)
    assert section is not None
    heads = [head for head, _ in section["heads"]]
    assert {len(cells) for cells, _ in section["rows"]} == {len(heads)}
    assert [cells[0] for cells, _ in section["rows"]] == ["2026", "", "2028"]
    assert [cells[1] for cells, _ in section["rows"]] == ["Lijia", "<b>Wu", "nothing opens"]
    at = heads.index("In reach, but no seat")
    assert [cells[at] for cells, _ in section["rows"]] == ["2", "", "0"]


def test_pictures_name_the_years_and_end_with_the_whole_sum(found):
    section = phase_section(get_translator("en"), found)
    assert section is not None
    assert len(section["charts"]) == 3
    for chart in section["charts"]:
        assert [tick.text for tick in chart.across] == ["2026", "2028"]
    assert [point[3].split(": ")[1].split(".")[0] for point in section["charts"][2].points] == ["3,240", "3,240"]


def test_without_price_budget_or_years_there_is_less_to_show(found):
    bare = found.phases.assign(cost_yuan=float("nan"), cumulative_yuan=float("nan"), budget_yuan=float("nan"))
    section = phase_section(get_translator("zh"), dataclasses.replace(found, phases=bare))
    assert section is not None
    assert not [head for head, _ in section["heads"] if "\u5143" in head]
    assert len(section["charts"]) == 2
    one_year = phase_section(get_translator("zh"), dataclasses.replace(found, phases=bare.iloc[:2]))
    assert one_year is not None
    assert one_year["charts"] == []


def test_the_table_for_programs(found, clip):
    table = phase_table([clip.answers[0], found])
    assert list(table) == ["question", "stage", *PHASE_COLUMNS]
    assert table["question"].unique().tolist() == [found.question.name]
    assert len(table) == 3
    assert list(phase_table([clip.answers[0]])) == list(table)


def test_other_questions_have_no_section(clip):
    assert phase_section(get_translator("en"), clip.answers[0]) is None

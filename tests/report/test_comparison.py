"""A comparison on paper and in files: the classes of map and table agree, files say what the page says, nothing in them runs."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import openpyxl
import pandas as pd
import pytest

from planning.errors import SourceMissingError
from planning.i18n import get_translator
from planning.report.comparison import CLASS_COLOURS, CLASS_NAMES, cost_sheet, indicator_sheet, summary, township_sheet
from planning.report.comparison_command import compare_scenarios, read_scenarios
from planning.report.comparison_files import write_comparison
from planning.report.comparison_map import chief_band, place_classes, schools_that_change
from planning.report.comparison_sheet import decision_sheet
from planning.report.comparison_tables import comparison_tables, village_table
from planning.report.printing.pdf import count_pages
from planning.scenario.comparison import compare, evaluate_plan
from planning.scenario.comparison_ways import CLASSES
from planning.scenario.document import Document, document_to_data, document_to_yaml, with_edits
from planning.scenario.edits import CloseSchool, NewSchool
from planning.scenario.saved import save_run
from planning.store.scenarios import ScenarioStore, store_file

HOSTILE = '=HYPERLINK("http://x")'
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def layouts(clip):
    """Three scenarios: today, a new school of a hostile name, a closure of a hostile name."""
    county = clip.county
    cell = county.cells.geometry.iloc[len(county.cells) // 2]
    school = clip.base["primary"].sites.index[2]
    return {
        "today": (),
        SCRIPT: (NewSchool("new-1", HOSTILE, cell.x, cell.y, "primary", 200, "primary"),),
        HOSTILE: (CloseSchool(str(school)),),
    }


@pytest.fixture(scope="module")
def plans(clip, layouts):
    return [evaluate_plan(clip.county, name, edits) for name, edits in layouts.items()]


@pytest.fixture(scope="module")
def comparison(plans):
    return compare(plans)


def test_every_class_has_a_colour_of_its_own_and_a_name():
    assert list(CLASS_COLOURS) == list(CLASS_NAMES) == list(CLASSES)
    assert len(set(CLASS_COLOURS.values())) == len(CLASSES)


def test_the_map_paints_what_the_table_says(plans, comparison):
    for number in (1, 2):
        for stage, state in plans[0].states.items():
            for band in state.bands:
                painted = pd.Series(
                    place_classes(plans[0], plans[number], stage, band), index=plans[0].county.cells.index
                )
                rows = comparison.places.query("plan == @number and stage == @stage and band == @band").set_index(
                    "cell_id"
                )
                told = rows["class"].astype(str).map(CLASSES.index)
                pd.testing.assert_series_equal(
                    painted[painted >= 0].sort_index(), told.sort_index(), check_names=False, check_dtype=False,
                    check_index_type=False,
                )  # fmt: skip


def test_new_and_closed_schools_are_pointed_out(plans):
    new, closed = (schools_that_change(plans[0], plan, "primary") for plan in plans[1:])
    assert new["kind"].to_list() == ["primary"]
    assert closed["kind"].to_list() == ["closed"]
    assert schools_that_change(plans[0], plans[0], "primary").empty


def test_the_chief_band_is_where_most_change(plans, comparison):
    _, band = chief_band(comparison, 2)
    rows = comparison.places[(comparison.places["plan"] == 2) & (comparison.places["class"] != "same_way")]
    changed = rows[rows["class"] != "never_in_reach"].groupby("band", observed=True)["pupils_after"].sum()
    assert changed[band] == changed.max() > 0


def test_sums_of_townships_in_words(comparison):
    sheet = township_sheet(get_translator("en"), comparison, 2)
    assert sheet.rows[0][0] == "Whole county"
    numbers = [
        [float(re.sub("[,+]", "", cell).replace("\N{MINUS SIGN}", "-")) for cell in row[1:]] for row in sheet.rows
    ]
    np.testing.assert_allclose(np.sum(numbers[1:], axis=0), numbers[0], atol=1e-9)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_files_say_what_the_tables_say(plans, comparison, tmp_path, language):
    t = get_translator(language)
    written = {path.name: path for path in write_comparison(comparison, plans, tmp_path, t=t)}
    assert {"comparison.html", "comparison.xlsx", "comparison_places.csv", "comparison_villages.csv"} <= set(written)
    villages = pd.read_csv(written["comparison_villages.csv"])
    sums = pd.read_csv(written["comparison_townships.csv"])
    assert villages["pupil_m_difference"].sum() == sums.loc[sums["township"] == "*", "pupil_m_difference"].sum()
    assert villages["pupil_m_difference"].sum() == comparison.county["pupil_m_difference"].sum()
    page = written["comparison.html"].read_text("utf-8")
    for row in indicator_sheet(t, comparison).rows[:20]:
        for cell in row[2:]:
            assert f">{cell}</td>" in page
    book = openpyxl.load_workbook(written["comparison.xlsx"])
    assert sum(len(list(sheet.rows)) for sheet in book) > 50
    assert not any(cell.data_type == "f" or cell.hyperlink for sheet in book for row in sheet.rows for cell in row)


def test_hostile_names_do_nothing(plans, comparison, tmp_path):
    write_comparison(comparison, plans, tmp_path, t=get_translator("en"))
    page = (tmp_path / "comparison.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    for file in tmp_path.glob("*.csv"):
        assert not re.search(r'(^|,)"?=', file.read_text("utf-8"), flags=re.M), file.name


def test_summary_speaks_of_every_plan(comparison):
    for language in ("zh", "en"):
        told = summary(get_translator(language), comparison)
        assert len(told) == 2
        assert SCRIPT in told[0]
    rows = comparison.county[comparison.county["plan"] == 2]
    lose = int(rows[["farther", "much_farther"]].sum().sum())
    assert lose > 0
    assert f"{lose} a longer one" in summary(get_translator("en"), comparison)[1].replace(",", "")


def test_cost_without_a_price_says_what_is_missing(comparison):
    cells = [cell for row in cost_sheet(get_translator("en"), comparison).rows for cell in row]
    assert any("costs.build_per_seat" in cell for cell in cells)


def test_villages_of_the_greatest_change_come_first(comparison):
    table = village_table(comparison, get_translator("en"))
    changed = table[(table["class"] != "same_way") & table["difference_m"].notna()]["difference_m"].abs()
    assert changed.is_monotonic_decreasing
    assert len(table) == len(comparison.villages)


def test_tables_name_scenarios(clip, comparison):
    for name, table in comparison_tables(comparison, clip.county.pack, get_translator("en")).items():
        assert set(table["scenario"]) <= set(comparison.names), name
        assert "plan" not in table


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_decision_sheet_is_one_page(plans, comparison, language):
    t = get_translator(language)
    number = "GS(2026)123"
    data = decision_sheet(t, comparison, plans, 1, proof=["proven"], map_number=number)
    assert data.startswith(b"%PDF")
    assert count_pages(data) == 1
    four = compare([*plans, dataclasses.replace(plans[1], name="four " * 8)])
    assert count_pages(decision_sheet(t, four, [*plans, plans[1]], 3, proof=["a long line of proof " * 8] * 3)) == 1


def test_from_the_command_line(clip, layouts, plans, comparison, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    run = tmp_path / "run"
    save_run(clip, run / "state")
    document = with_edits(Document(name="closed"), layouts[HOSTILE])
    (tmp_path / "closed.yaml").write_text(document_to_yaml(document), "utf-8")
    ScenarioStore(store_file(run)).create(
        document_to_data(with_edits(Document(name="built"), layouts[SCRIPT])), name="built"
    )
    out = tmp_path / "out"
    out.mkdir()
    written = compare_scenarios(run, ["today", "built", str(tmp_path / "closed.yaml")], out, language="en")
    assert (out / "decision_sheet.pdf") in written
    told = pd.read_csv(out / "comparison_townships.csv")
    assert set(told["scenario"]) == {"built", "closed"}
    expected = pd.concat([comparison.county, comparison.townships], ignore_index=True)
    for column in ("pupil_m_after", "pupil_m_difference", *CLASSES):
        assert told[column].to_list() == expected[column].to_list()
    with pytest.raises(SourceMissingError, match="There are: built"):
        read_scenarios(run, ["nothing"], today="today")
    with pytest.raises(SourceMissingError, match="no such file"):
        read_scenarios(run, ["nothing.yaml"], today="today")

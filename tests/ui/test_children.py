"""Children and years: what the page shows is what the report's tables hold; what is missing is named."""

from __future__ import annotations

import dataclasses
import re
from html import unescape

import coming_county
import defusedxml.ElementTree
import pandas as pd
import pytest
from line_county import ORIGIN, line_county, project_of
from ui_helpers import done, settle, text_of, wait_until

from planning.i18n import get_translator
from planning.report.maps import build_assets
from planning.report.outlook import outlook_tables
from planning.report.ways_to_school import danger_table
from planning.scenario.edits import Assumption, CloseSchool, NewEstate, NewRoad
from planning.scenario.evaluate import evaluate
from planning.scenario.outlook import project_outlook
from planning.scenario.ways_to_school import ways_to_school
from planning.ui import state
from planning.ui.children import work
from planning.ui.workspace import Workspace

HOSTILE = "<img src=x onerror=alert(1)>"


def workspace_of(county, key: str, *, answers=()) -> Workspace:
    county = dataclasses.replace(county, demand_sheet=county.demand_sheet.iloc[:0])  # not what this county is about
    base = {stage: evaluate(county, stage) for stage in county.project.stages}
    return Workspace(key, county, base, build_assets(county), done(tuple(answers)))


def tables_of(app) -> list[list[list[str]]]:
    """Read every table of a page: rows of cells, the headings first."""
    found = []
    for element in app.get("html"):
        for table in re.findall(r'<div class="pl-table".*?</table>', element.proto.body, flags=re.S):
            rows = re.findall(r"<tr.*?</tr>", table, flags=re.S)
            found.append([[unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, flags=re.S)] for row in rows])  # fmt: skip
    return found


def settled(app, start: str):
    """Let the job of the page end, and draw the page again."""
    wait_until(lambda: any(key.startswith(start) and job.done for key, job in state.jobs()._jobs.items()), 120)
    return app.run()


@pytest.fixture(scope="module")
def coming():
    return workspace_of(coming_county.county(), "coming")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_births_the_page_names_the_file_and_the_template(open_app, language):
    app = settled(open_app(language, "children"), "outlook-")
    assert not app.exception
    said = text_of(app)
    assert "births_template.xlsx" in said
    assert "births: births.csv" in said
    assert not app.get("vega_lite_chart")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_numbers_are_those_of_the_report(open_app, coming, language):
    app = settled(open_app(language, "children", on=coming), "outlook-")
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 1
    t = get_translator(language)
    outlook, _ = project_outlook(coming.county)
    report = outlook_tables(t, coming.county, outlook)
    warning, years = tables_of(app)[:2]
    held = report["early_warning"].query("variant == 'middle' and stage == 'primary'").set_index("township")
    shown = {row[0].removeprefix("→ "): row for row in warning[1:]}
    assert set(shown) == {t("Whole county"), "Hill", "Town"}
    for name, row in shown.items():
        one = held.loc["*" if name == t("Whole county") else name]
        assert row[1] == t.number(one["seats"])
        assert row[6] == t.number(one["needed_at_end"])
        assert (row[2] == "–") == pd.isna(one["shortage_from"])
        assert (row[4] == "–") == pd.isna(one["surplus_from"])
        if row[3] != "–":
            assert row[3] == f"{t.number(one['most_missing'])} ({one['year_of_most']})"
    needed = report["outlook"].query("variant == 'middle' and stage == 'primary'").set_index(["township", "year"])
    assert years[0][2:] == [str(year) for year in range(outlook.year, outlook.until + 1)]
    for row in years[1:]:
        name = "*" if row[0] == t("Whole county") else row[0]
        for year, cell in zip(years[0][2:], row[2:], strict=True):
            one = needed.loc[(name, int(year))]
            assert cell.removeprefix("▲ ") == t.number(one["seats_needed"])
            assert cell.startswith("▲") == (one["seats_needed"] > one["seats"] + 0.5)


def test_filters_narrow_the_warning_and_change_the_variant(open_app, coming):
    app = settled(open_app("en", "children", on=coming), "outlook-")
    app.button_group(key="years-kept-en").set_value("short").run()
    outlook, _ = project_outlook(coming.county)
    held = outlook.warning.query("variant == 'middle' and stage == 'primary' and township != '*'")
    short = set(held.loc[held["shortage_from"].notna(), "township"])
    assert {row[0] for row in tables_of(app)[0][1:]} == {"Whole county", *short}
    app.button_group(key="years-series-en").set_value("children").run()
    assert not app.exception
    children = outlook.needed.query("variant == 'middle' and stage == 'primary' and township == 'Hill'")["children"]
    hill = next(row for row in tables_of(app)[1] if row[0] == "Hill")
    t = get_translator("en")
    assert hill[2:] == [t.number(value) for value in children]


def test_the_open_plan_has_a_line_of_its_own(open_app, coming):
    from planning.ui.children.charts import chart_rows

    app = settled(open_app("en", "children", on=coming), "outlook-")
    assert "with the open plan" not in text_of(app)
    app.session_state["planner"].do((CloseSchool("s3"),))
    app.run()
    assert "with the open plan: 290 seats" in text_of(app)
    outlook, _ = project_outlook(coming.county)
    rows = chart_rows(outlook, "primary", "*", "seats_needed", planned=290.0)
    assert set(rows.loc[rows["line"] == "planned", "value"]) == {290.0}
    assert set(rows.loc[rows["line"] == "today", "value"]) == {350.0}
    assert "planned" not in set(chart_rows(outlook, "primary", "*", "seats_needed", planned=350.0)["line"])
    assert set(chart_rows(outlook, "primary", "*", "children")["line"]) == {"low", "middle", "high"}


def test_an_estate_of_the_plan_counts_from_its_year_on(open_app, coming):
    app = settled(open_app("en", "children", on=coming), "outlook-")
    before = next(row for row in tables_of(app)[1] if row[0] == "Whole county")
    assert "Riverside" not in text_of(app)
    place = coming.county.cells.geometry.iloc[0]
    estate = NewEstate(
        "e1", "Riverside <b>", place.x, place.y, dwellings=500, year=coming.county.project.population.year + 2
    )
    app.session_state["planner"].do((estate,))
    app = settle(app.run())
    assert not app.exception
    assert "Riverside &lt;b&gt;" in "".join(element.proto.body for element in app.get("html"))
    after = next(row for row in tables_of(app)[1] if row[0] == "Whole county")
    assert after[1:4] == before[1:4]  # seats, this year, the next
    assert all(int(then.strip("▲ ").replace(",", "")) > int(now.strip("▲ ").replace(",", "")) for now, then in zip(before[5:], after[5:], strict=True))  # fmt: skip
    app.session_state["planner"].do(())
    app = settle(app.run())
    assert next(row for row in tables_of(app)[1] if row[0] == "Whole county") == before


def test_schools_of_a_plan_do_not_project_the_children_anew(coming):
    state.jobs.clear()
    first = work.outlook_job(coming, ())(again=False)
    assert work.outlook_job(coming, (CloseSchool("s3"),))(again=False) is first
    assert work.outlook_job(coming, (Assumption("walking_speed_factor", 0.5),))(again=False) is not first


def test_unknown_seats_draw_no_line_and_are_said(open_app):
    county = coming_county.county()
    county = dataclasses.replace(
        county, schools=county.schools.assign(seats_primary=pd.array([pd.NA] * 3, dtype="Int64"))
    )
    app = settled(open_app("en", "children", on=workspace_of(county, "no-seats")), "outlook-")
    assert not app.exception
    assert "no line shows them" in text_of(app)
    assert tables_of(app)[0][1][1] == "unknown"


@pytest.fixture(scope="module")
def fast_road():
    county = line_county(
        {"a": {"at": 1000, "primary_lower": 20, "primary_upper": 10}, "b": {"at": 3000, "primary_upper": 5}},
        {"A": {"at": 0, "name": HOSTILE, "seats_primary": 60}},
        {"N1": 2000.0},
        highway="trunk",
        project=project_of(("primary",)),
    )
    return workspace_of(county, "fast")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_dangers_are_those_of_the_report(open_app, fast_road, language):
    app = open_app(language, "children", on=fast_road)
    app.button_group(key=f"children-view-{language}").set_value("ways").run()
    app = settled(app, "ways-")
    assert not app.exception
    t = get_translator(language)
    held = danger_table(ways_to_school(fast_road.county, fast_road.base.values()), t)
    assert len(held)
    shown = tables_of(app)[0]
    assert [row[4] for row in shown[1:]] == [t.number(n) for n in held["pupils"]]
    assert [row[0] for row in shown[1:]] == [t.number(n) for n in held["rank"]]
    assert len(app.get("image")) == 1


def test_ways_are_those_of_the_roads_of_the_plan():
    """Five pupils live beyond a gap of 100 m in the only road; a new road closes it."""
    county = line_county(
        {"a": {"at": 1000, "primary_upper": 30}, "b": {"at": 3000, "primary_upper": 5}},
        {"A": {"at": 0, "seats_primary": 60}},
        project=project_of(("primary",)),
        gap_at=2000,
    )
    place = workspace_of(county, "gap")
    road = NewRoad("r1", "Bridge", tuple((ORIGIN[0] + at, ORIGIN[1]) for at in (2000.0, 2100.0)), "residential")
    state.jobs.clear()
    today, _, ground = work.ways_job(place, ())(again=False).future.result(60)
    planned, _, bridged = work.ways_job(place, (road,))(again=False).future.result(60)
    assert float(today.sheet["pupils_on_roads"].sum()) == 30
    assert float(planned.sheet["pupils_on_roads"].sum()) == 35
    assert bridged != ground  # the new road is drawn


def test_names_on_the_way_map_are_text(fast_road):
    from planning.report.figures import Spot
    from planning.ui.children import way_map

    state.jobs.clear()
    found = work.ways_job(fast_road, ())(again=False).future.result(60)
    _, drawn, ground = found
    labels = [dataclasses.replace(label, text=HOSTILE) for label in drawn.sheet.labels]
    sheet = dataclasses.replace(drawn.sheet, labels=tuple(labels), schools=(Spot(1.0, 1.0, HOSTILE),))
    svg = way_map.way_svg(dataclasses.replace(drawn, sheet=sheet), ground, get_translator("zh"))
    assert "<img" not in svg
    defusedxml.ElementTree.fromstring(svg)  # whole, and nothing but a picture


@pytest.mark.parametrize("language", ["zh", "en"])
def test_demo_county_shows_what_its_report_tables_hold(open_app, demo_workspace, language):
    app = settled(open_app(language, "children", on=demo_workspace), "outlook-")
    assert not app.exception
    t = get_translator(language)
    outlook, _ = project_outlook(demo_workspace.county)
    held = outlook.warning.query("variant == 'middle' and stage == 'primary'").set_index("township")
    shown = {row[0]: row for row in tables_of(app)[0][1:]}
    assert set(shown) == {t("Whole county") if name == "*" else name for name in held.index}
    for name, one in held.iterrows():
        row = shown[t("Whole county") if name == "*" else name]
        assert row[1] == t.number(one["seats"])
        assert row[6] == t.number(one["needed_at_end"])
        assert row[3] == ("–" if pd.isna(one["shortage_from"]) else f"{t.number(one['most_missing'])} ({one['year_of_most']})")  # fmt: skip
    said = text_of(app)
    for estate in outlook.estates["name"]:
        assert estate in said
    assert t("Special school") in said


def test_demo_county_has_dangers_in_the_order_of_their_pupils(open_app, demo_workspace):
    app = open_app("zh", "children", on=demo_workspace)
    app.button_group(key="children-view-zh").set_value("ways").run()
    app = settled(app, "ways-")
    assert not app.exception
    pupils = [int(row[4].replace(",", "")) for row in tables_of(app)[0][1:]]
    assert len(pupils) == 200
    assert pupils == sorted(pupils, reverse=True)

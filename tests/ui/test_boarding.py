"""Boarding and phases: what the page shows is what the comparison and the report hold."""

from __future__ import annotations

import dataclasses
from html import unescape

import coming_county
import pytest
from line_county import line_county, project_of
from test_children import settled, tables_of, workspace_of
from ui_helpers import done, text_of, wait_until

from planning.config import Question
from planning.i18n import get_translator
from planning.i18n.terms import term
from planning.report.choices import way_section
from planning.scenario.questions import answer
from planning.ui import state
from planning.ui.boarding import phases, work
from planning.ui.boarding.work import Asked

RATES = {"boarding_per_pupil": 2000, "bus_per_km": 4, "bus_per_year": 50_000, "teaching_point_per_year": 120_000}
QUESTION = {"name": "Hub <b>", "stage": "primary", "model": "boarding", "new": 1, "beds": 20, "bus_limit_min": 60}


def county(*, questions=(QUESTION,), costs=RATES):
    return line_county(
        {
            "near": {"at": 500, "primary_lower": 5, "primary_upper": 5},
            "far": {"at": 18_000, "name": "Far", "primary_lower": 4, "primary_upper": 7},
        },
        {"A": {"at": 0, "name": "A", "seats_primary": 60, "beds": 3}},
        {"N1": 3000.0},
        project=project_of(("primary",), questions=list(questions), costs=costs),
    )


@pytest.fixture(scope="module")
def hub():
    return workspace_of(county(), "hub")


@pytest.fixture(scope="module")
def asked_here():
    return workspace_of(county(questions=()), "asked")


def answered(app):
    app = settled(app, "boarding-")
    return settled(app, "beds-")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_ways_are_those_of_the_report(open_app, hub, language):
    app = open_app(language, "boarding", on=hub)
    assert not app.exception
    assert "Hub &lt;b&gt;" in "".join(element.proto.body for element in app.get("html"))
    app.button(key="boarding-start").click().run()
    app = answered(app)
    assert not app.exception
    t = get_translator(language)
    held = answer(hub.county, hub.county.project.questions[0])
    section = way_section(t, held, hub.county)
    ways, rates, *others = tables_of(app)
    hubs = next(table for table in others if table[0][0] == t("Hub"))
    homes = next(table for table in others if table[0][3:4] == [t("Hub")])
    assert ways[0][2:] == section["ways"]
    shown = {row[0]: row[2:] for row in ways[1:]}
    for label, cells in section["rows"]:
        assert shown[label] == cells
    assert ways[1][1:] == ["11", "11", "11", "11"]  # the same pupils each time
    assert t.number(2000) in rates[1][1]
    assert hubs[1][2] == t.number(int(held.after.boarding["pupils"].sum())) == homes[1][4] == "7"


def test_an_answer_of_a_finished_run_is_shown_at_once(open_app, hub):
    held = answer(hub.county, hub.county.project.questions[0])
    run = dataclasses.replace(hub, key="hub-run", reading=done((held,)))
    app = settled(open_app("en", "boarding", on=run), "beds-")
    assert not app.exception
    assert "The same pupils, four ways" in text_of(app)
    assert not [key for key in state.jobs()._jobs if key.startswith("boarding-")]


def test_boarders_who_go_home_every_other_week_are_half_as_long_on_the_way(open_app, hub):
    held = answer(hub.county, hub.county.project.questions[0])
    run = dataclasses.replace(hub, key="hub-weeks", reading=done((held,)))
    app = settled(open_app("en", "boarding", on=run), "beds-")
    t = get_translator("en")
    label = "Time on the way in a week (min per pupil)"
    weekly = float(held.ways.set_index("way").at["boarding", "week_min"])
    assert next(row for row in tables_of(app)[0] if row[0] == label)[2] == t.number(weekly)
    app.button_group(key="boarding-home-en").set_value(2).run()
    row = next(row for row in tables_of(app)[0] if row[0] == label)
    assert row[2] == t.number(weekly / 2)
    assert row[3] == t.number(float(held.ways.set_index("way").at["school_bus", "week_min"]))


def test_stops_of_a_school_are_those_of_the_lines(open_app, hub):
    held = answer(hub.county, hub.county.project.questions[0])
    app = settled(
        open_app("en", "boarding", on=dataclasses.replace(hub, key="hub-stops", reading=done((held,)))), "beds-"
    )
    buses = next(table for table in tables_of(app) if table[0][1] == "Bus")
    assert sum(int(row[3]) for row in buses[1:]) == 11
    app.selectbox(key="boarding-bus-school-en").set_value("A").run()
    assert not app.exception
    stops = next(table for table in tables_of(app) if table[0][0] == "Bus")
    lines = held.lines[held.lines["bus"].notna()]
    assert [row[4] for row in stops[1:]] == [str(n) for n in lines["pupils"]]
    assert [row[2] for row in stops[1:]] == [str(stop) for stop in lines["stop"]]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_question_can_be_asked_here_with_rates_of_its_own(open_app, asked_here, language):
    app = open_app(language, "boarding", on=asked_here)
    assert not app.exception
    assert len(tables_of(app)) == 0
    app.number_input(key="boarding-beds").set_value(20)
    app.number_input(key="boarding-bus-min").set_value(60)
    app.number_input(key="boarding-rate-boarding_per_pupil-asked").set_value(3000.0)
    app.button(key="boarding-ask").click().run()
    app = answered(app)
    assert not app.exception
    ways, rates = tables_of(app)[:2]
    assert ways[-1][2] == get_translator(language).number(7 * 3000)
    assert ways[1][1:] == ["11", "11", "11", "11"]
    assert rates[1][2] == get_translator(language)("entered here")
    assert rates[2][2] == get_translator(language)("project file")
    said, t = text_of(app), get_translator(language)
    assert t("Costs a year are at the rates entered here; they are no rule.") in said
    assert t("set in the project file") not in said


def test_without_rates_no_cost_is_told(open_app):
    bare = workspace_of(county(costs={}), "bare")
    app = open_app("en", "boarding", on=bare)
    app.button(key="boarding-start").click().run()
    app = answered(app)
    ways, rates = tables_of(app)[:2]
    assert ways[-1][2:] == ["not known"] * 3
    assert [row[2] for row in rates[1:5]] == ["not known"] * 4


def test_a_question_without_an_answer_says_so(open_app):
    tight = {**QUESTION, "beds": 1, "name": "Tight"}
    place = workspace_of(county(questions=(tight,)), "tight")
    app = open_app("en", "boarding", on=place)
    app.button(key="boarding-start").click().run()
    app = answered(app)
    assert not app.exception
    said = text_of(app)
    assert "There is no answer to this question" in said
    assert "Nobody boards in this answer." in said


def test_rates_of_the_project_are_not_a_question_of_its_own(hub):
    question = hub.county.project.questions[0]
    assert work.county_of(hub, Asked(question)) is hub.county
    other = work.county_of(hub, Asked(question, {**RATES, "bus_per_km": 9.0}))
    assert other.project.costs.bus_per_km == 9.0
    assert hub.county.project.costs.bus_per_km == 4


@pytest.mark.parametrize("language", ["zh", "en"])
def test_plan_by_year_says_how_to_ask(open_app, asked_here, language):
    assert "year: 2030" in text_of(open_app(language, "boarding", on=asked_here))


def test_plan_by_year_adds_the_money_up(hub):
    held = answer(hub.county, hub.county.project.questions[0])
    priced = county(costs={**RATES, "build_per_seat": 10_000})
    place = dataclasses.replace(hub, county=priced)
    answers = [dataclasses.replace(held, year=year, sites=held.sites.assign(seats=30)) for year in (2032, 2028)]
    html = phases.phases_html(place, answers, get_translator("en"))
    each = 30 * int((held.sites["kind"] != "keep").sum())
    assert html.index(">2028<") < html.index(">2032<")
    assert f">{get_translator('en').number(each, 1)}<" in html  # 10,000 yuan a seat
    assert f">{get_translator('en').number(2 * each, 1)}<" in html
    assert "Hub &lt;b&gt;" in html


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_plan_by_year_says_what_opens_when(hub, language):
    t = get_translator(language)
    priced = county(costs={**RATES, "build_per_seat": 10_000})
    asked = {
        "name": "Years <b>",
        "stage": "primary",
        "model": "phases",
        "years": [2026, 2028],
        "new_by_year": [0, 1],
        "seats": 30,
    }
    found = answer(priced, Question.model_validate(asked))
    html = phases.phases_html(dataclasses.replace(hub, county=priced), [found], t)
    assert "Years &lt;b&gt;" in html
    assert html.index(">2026<") < html.index(">2028<")
    assert term(t, "nothing_opens") in html
    assert "by N1" in html
    assert f">{t.number(300_000)}<" in html  # 30 seats at 10,000 yuan
    assert ("已证明" if language == "zh" else "Proven") in html
    nothing = dataclasses.replace(found, phases=found.phases.iloc[:0])
    assert t.message(found.notes[0]) in unescape(phases.phases_html(hub, [nothing], t))


def test_a_search_that_is_stopped_can_be_taken_up_again(open_app, hub, monkeypatch):
    import planning.scenario.questions as engine

    def stopped(place, question, *, edits=(), cancel=None):
        assert cancel is not None
        wait_until(cancel)
        return held

    held = answer(hub.county, hub.county.project.questions[0])
    monkeypatch.setattr(engine, "answer", stopped)
    app = open_app("en", "boarding", on=hub)
    app.button(key="boarding-start").click().run()
    app.button(key="boarding-stop").click().run()
    app = answered(app)
    assert app.button(key="boarding-anew").label.startswith("Stopped before the end")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_demo_county_shows_the_comparison_of_its_report(open_app, demo_workspace, language):
    app = settled(open_app(language, "boarding", on=demo_workspace), "beds-")
    assert not app.exception
    t = get_translator(language)
    held = demo_workspace.answers[0]
    section = way_section(t, held, demo_workspace.county)
    tables = tables_of(app)
    shown = {row[0]: row[2:] for row in tables[0][1:]}
    for label, cells in section["rows"]:
        assert shown[label] == cells
    hubs = next(table for table in tables if table[0][0] == t("Hub"))
    by_hub = held.after.boarding.groupby("site_id")["pupils"].sum()
    assert hubs[1][2] == t.number(int(by_hub.sum()))
    assert sorted(row[2] for row in hubs[2:]) == sorted(t.number(int(n)) for n in by_hub)


def test_the_pupils_of_a_coming_year_can_be_asked_about(open_app):
    place = workspace_of(coming_county.county(), "coming-year")
    app = open_app("en", "boarding", on=place)
    app.number_input(key="boarding-year-coming-year").set_value(2027)
    app.selectbox(key="boarding-stage-en").set_value("primary")
    app.number_input(key="boarding-new").set_value(0)
    app.button(key="boarding-ask").click().run()
    app = answered(app)
    assert not app.exception
    said = text_of(app)
    assert "for the pupils of 2027" in said
    assert "Nobody lives beyond the daily limit" in said

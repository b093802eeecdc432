"""The answer about boarding on the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n.terms import term
from planning.report.html import gap_in_words
from planning.ui import shell, tables, waiting
from planning.ui.boarding import sheets
from planning.ui.boarding.work import Asked, answer_job, answer_of_run, county_of, detail_job
from planning.ui.state import jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.i18n import Translator
    from planning.scenario.county import County
    from planning.scenario.edits import Edit
    from planning.scenario.questions import Answer
    from planning.ui.boarding.work import Detail
    from planning.ui.workspace import Workspace

__all__ = ["boarding_panel"]

_ALL = ""


def boarding_panel(workspace: Workspace, asked: Asked, edits: Sequence[Edit], t: Translator) -> None:
    """Draw the answer of the run, or of a job; or offer to start one."""
    answer = answer_of_run(workspace, asked, edits)
    if answer is None:
        key, start = answer_job(workspace, asked, edits)
        if jobs().get(key) is None and asked.question in workspace.county.project.questions:
            _offer(asked, start, t)
            return
        answer = waiting.result_of(
            start, t, key="boarding", doing=t("Comparing day, bus, boarding and teaching points…"),
            usual_s=asked.question.time_limit_s, can_stop=True,
        )  # fmt: skip
        if answer is None:
            return
        if (job := jobs().get(key)) is not None and job.cancel.is_set():
            st.button(
                t("Stopped before the end: go on anew"), on_click=start, kwargs={"again": True}, key="boarding-anew"
            )
    detail = waiting.result_of(
        detail_job(workspace, asked, answer, edits), t, key="beds", doing=t("Listing who boards where…"), usual_s=5
    )
    if detail is not None:
        _show(workspace, county_of(workspace, asked, edits), asked, answer, detail, t)


def _offer(asked: Asked, start: object, t: Translator) -> None:
    question = asked.question
    text = t(
        "The question '{name}' of this project has not been answered for the open plan. The answer takes some seconds to a minute.",
        name=question.name,
    )
    st.html(f'<div class="pl-empty">{escape(text)}</div>')
    st.button(t("Answer it now"), type="primary", on_click=start, kwargs={"again": False}, key="boarding-start")


def _show(workspace: Workspace, county: County, asked: Asked, answer: Answer, detail: Detail, t: Translator) -> None:
    year = t("for the pupils of {year}", year=answer.year) if answer.year else t("for the pupils of today")
    st.html(tables.figures_html(sheets.figures_of(answer, detail, t)))
    st.html(f'<div class="pl-note"><b>{escape(answer.question.name)}</b> · {escape(term(t, answer.question.stage))} · {escape(year)} · {escape(gap_in_words(t, answer))}</div>')  # fmt: skip

    @st.fragment
    def compared() -> None:
        left, right = st.columns([1.25, 1], gap="medium")
        with left:
            shell.section(t("The same pupils, four ways"), t("each way as if it were the only one"))
            if len(answer.ways):
                every = {1: t("every week"), 2: t("every two weeks"), 4: t("every four weeks")}
                weeks = st.segmented_control(
                    t("Boarders go home"), sheets.HOME_WEEKS, default=1, required=True, format_func=every.__getitem__,
                    key=f"boarding-home-{t.language}", persist_state="session",
                )  # fmt: skip
                st.html(sheets.ways_html(county, answer, detail, t, home_weeks=weeks))
            else:
                st.html(f'<div class="pl-empty">{escape(t("Nobody lives beyond the daily limit of every school: nothing has to be done."))}</div>')  # fmt: skip
        with right:
            shell.section(t("Rates and standards used"), t("each with its source"))
            st.html(sheets.rates_html(workspace, county, asked, t))
            shell.section(t("Teaching points"), t("for children too young to board"))
            st.html(sheets.points_html(answer, t))

    compared()
    _where(answer, detail, t)
    shell.section(t("School buses"), t("the longest rides first; choose a school to see its stops"))
    _buses(answer, t)
    shell.section(t("What this rests on"))
    notes = [
        *sheets.way_notes(workspace, county, asked, answer, detail, t),
        *(t.message(note) for note in answer.notes),
    ]
    st.html(f'<div class="pl-note">{tables.message_html(notes)}</div>')


def _buses(answer: Answer, t: Translator) -> None:
    """List the buses, and the stops of one school's."""
    lines = answer.lines[answer.lines["bus"].notna()]
    if not len(lines):
        st.html(sheets.buses_html(answer, t))
        return

    @st.fragment
    def listed() -> None:
        names = {str(row["site_id"]): str(row["school"]) or str(row["site_id"]) for row in lines.to_dict("records")}
        school = st.selectbox(
            t("School"), [_ALL, *names], key=f"boarding-bus-school-{t.language}", filter_mode=None, width=420,
            format_func=lambda site: t("All buses of all schools") if site == _ALL else names[site], label_visibility="collapsed",
        )  # fmt: skip
        st.html(sheets.buses_html(answer, t) if school == _ALL else sheets.stops_html(answer, t, school))

    listed()


def _where(answer: Answer, detail: Detail, t: Translator) -> None:
    @st.fragment
    def listed() -> None:
        left, right = st.columns([1, 1], gap="medium")
        with left:
            shell.section(t("Beds by hub"), t("unknown beds count as none"))
            st.html(sheets.hubs_html(detail, t))
        with right:
            shell.section(t("Where the boarders come from"), t("rides one way, by car"))
            hubs = detail.hubs[detail.hubs["boarders"] > 0]
            names = {str(site): str(name) or str(site) for site, name in hubs["name"].items()}
            hub = st.selectbox(
                t("Hub"), [_ALL, *names], format_func=lambda site: t("All hubs") if site == _ALL else names[site],
                key=f"boarding-hub-{t.language}", filter_mode=None, label_visibility="collapsed",
            )  # fmt: skip
            st.html(sheets.villages_html(detail, t, hub=hub))

    listed()

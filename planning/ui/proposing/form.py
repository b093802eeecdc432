"""The guided question: one card, sensible from the start, so that one click gives an answer."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from planning.config import Question
from planning.errors import Message
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import Assumption
from planning.scenario.limits import limit_of_band
from planning.stages import BANDS
from planning.ui import shell
from planning.ui.proposing.asking import ask
from planning.ui.proposing.draft import (
    CURVED,
    MODELS,
    WITH_OTHERS,
    Draft,
    draft_from,
    faults_of,
    question_of,
    small_schools,
)
from planning.ui.proposing.fields import choice, chosen_many, number, switch
from planning.ui.proposing.year_fields import years_of_plan
from planning.ui.state import STAGE_KEY, Session
from planning.ui.words import model_help, model_name
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = ["question_form"]


def question_form(workspace: Workspace, here: Session, t: Translator) -> str:
    """Draw the question; give its stage."""
    draft = here.draft
    with st.container(border=True, key="pl-question"):
        _starting_points(workspace, here, t)
        stage = shell.choose_stage(workspace, t)
        base = workspace.base[stage]
        choice(draft, "model", t("What should be best"), {m: model_name(m, t) for m in MODELS}, t)
        st.html(f'<div class="pl-help">{escape(model_help(draft.model, t))}</div>')
        if draft.model == "phases":
            years_of_plan(workspace, draft, t)
        else:
            _how_much(workspace, draft, t)
        if draft.model != "phases" and workspace.county.project.is_projected and stage != "special":
            _year(workspace, draft, t)
        _limit(workspace, here, stage, t)
        if draft.model == "capacitated":
            _closures(workspace, draft, base, t)
        with st.expander(t("More settings")):
            _more(draft, t)
        _buttons(workspace, here, stage, base, t)
    return stage


def _starting_points(workspace: Workspace, here: Session, t: Translator) -> None:
    """Offer the project's own questions, with their answers where a finished run is open."""
    questions = {question.name: question for question in workspace.county.project.questions}
    if not questions:
        return

    def begin() -> None:
        question = questions.get(here.draft.start)
        if question is None:
            return
        here.draft = draft_from(question)
        if question.stage in workspace.stages:
            st.session_state[STAGE_KEY] = question.stage
        found = next((a for a in workspace.answers if a.question.name == question.name), None)
        if found is not None:
            here.answer, here.draft.asked_edits = found, ()
            if len(found.curve):
                here.draft.curve = found.curve

    names = {"": t("A question of my own"), **{name: name for name in questions}}
    choice(here.draft, "start", t("Begin with"), names, t, then=begin)


def _how_much(workspace: Workspace, draft: Draft, t: Translator) -> None:
    model = draft.model
    first, second = st.columns(2)
    if model in CURVED or model == "boarding":
        number(draft, "new", t("New schools"), least=1 if model == "boarding" else 0, most=1000, step=1, on=first)
    if model == "set_cover":
        number(
            draft,
            "share_percent",
            t("Share of pupils within the limit (%)"),
            least=1.0,
            most=100.0,
            step=1.0,
            written="%.1f",
            on=first,
        )
    if model == "boarding":
        number(draft, "beds", t("Beds in each"), least=1, most=10_000, step=50, on=second)
    elif model in ("p_median", "p_center"):
        number(draft, "seats", t("Seats each"), least=1, most=10_000, step=45, on=second, placeholder=t("open"))
    if model == "capacitated":
        number(
            draft, "new", t("New schools at most"), least=0, most=1000, step=1, on=first, placeholder=t("any number")
        )
        number(draft, "seats", t("Seats each"), least=1, most=10_000, step=45, on=second, placeholder=t("standard"))
        if workspace.county.project.costs.build_per_seat is not None:
            number(
                draft, "budget", t("Money for building at most (10,000 yuan)"), least=1.0, most=1e7, step=100.0, written="%.0f",
                placeholder=t("no limit"),
            )  # fmt: skip
        else:
            st.caption(t("To ask by money, write what a seat costs into the project (costs.build_per_seat)."))


def _year(workspace: Workspace, draft: Draft, t: Translator) -> None:
    project = workspace.county.project
    first = project.population.year
    if first is None:
        return
    years = {0: t("the children of today")}
    years |= {year: str(year) for year in range(first + 1, project.projection_or_default.until + 1)}
    left, right = st.columns(2) if draft.year else (st, st)
    choice(draft, "year", t("Whose children"), years, t, on=left)
    if draft.year:
        variants = {"low": t("low"), "middle": t("middle"), "high": t("high")}
        choice(draft, "births", t("Births"), variants, t, on=right)


def _limit(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    draft = here.draft
    options = {False: t("the standard's"), True: t("my own")}
    choice(draft, "own_limit", t("Limit of the way"), options, t, flat=True)
    if draft.own_limit:
        first, second = st.columns(2)
        number(
            draft,
            "limit_km",
            t("Limit (km)"),
            least=0.1,
            most=100.0,
            step=0.5,
            written="%.1f",
            on=first,
            placeholder=t("none"),
        )
        number(
            draft,
            "limit_min",
            t("Limit (min)"),
            least=1.0,
            most=300.0,
            step=5.0,
            written="%.0f",
            on=second,
            placeholder=t("none"),
        )
        return
    # What the plan assumes of limits counts, and nothing else of it: a new road would take seconds.
    county = workspace.county_of([edit for edit in here.edits if isinstance(edit, Assumption)])
    lines = []
    for band in BANDS[stage]:
        limit = limit_of_band(county.project, county.pack, band)
        parts = []
        if np.isfinite(limit.time_min):
            parts.append(t("{n} min", n=t.number(limit.time_min)))
        if np.isfinite(limit.distance_m):
            parts.append(t("{n} km", n=t.number(limit.distance_m / 1000, 1)))
        words = t(", ").join(parts) or t("no limit")
        lines.append(
            f"<span>{escape(term(t, band))} <b>{escape(words)}</b> {_badge(workspace, county, band, t)}</span>"
        )
    st.html(f'<div class="pl-limits">{"".join(lines)}</div>')


def _badge(workspace: Workspace, county: County, band: str, t: Translator) -> str:
    """Mark how sure a limit is, and whose it is."""
    if county.project.limits.get(band) != workspace.county.project.limits.get(band):
        return f'<i class="pl-mark">{escape(t("assumed in the open plan"))}</i>'
    if any(name == band for name in county.project.limits):
        return f'<i class="pl-mark">{escape(t("set in the project file"))}</i>'
    for name in ("time_limit", "distance_limit"):
        rule = county.pack.rule(f"bands.{band}.{name}")
        if rule is not None:
            source = t.message(county.pack.sources[rule.source].message())
            badge = "" if rule.badge is None else t.message(rule.badge)
            return f'<i class="pl-mark" title="{escape(source)}">{escape(badge or source)}</i>'
    return ""


def _closures(workspace: Workspace, draft: Draft, base: StageState, t: Translator) -> None:
    if workspace.county.project.costs.running_per_school is None:
        st.caption(
            t("To weigh closures, write what a school costs a year into the project (costs.running_per_school).")
        )
        draft.close = "none"
        return
    options = {"none": t("none"), "small": t("small"), "except": t("all but"), "chosen": t("chosen")}
    choice(draft, "close", t("Schools that may close"), options, t, flat=True)
    if draft.close == "none":
        return
    if draft.close == "small":
        left, right = st.columns(2)
        number(draft, "small", t("Pupils at most"), least=1, most=2000, step=10, on=left)
        right.html(
            f'<div class="pl-help pl-beside">{escape(t("{n} schools", n=t.number(len(small_schools(base, draft.small)))))}</div>'
        )
    else:
        sites = base.sites[~base.sites["is_new"].astype(bool)]
        names = {str(code): str(name) or str(code) for code, name in sites["name"].items()}
        label = t("These stay open") if draft.close == "except" else t("These may close")
        chosen_many(draft, "schools", label, names, placeholder=t("choose schools"))
    st.html(f'<div class="pl-help">{escape(t("No school closes that the closure gate keeps open."))}</div>')


def _more(draft: Draft, t: Translator) -> None:
    first, second = st.columns(2)
    number(draft, "time_limit_s", t("Time limit (s)"), least=1, most=3600, step=10, on=first)
    if draft.model in CURVED:
        number(draft, "most", t("Curve up to (schools)"), least=1, most=40, step=1, on=second)
    if draft.model in WITH_OTHERS:
        switch(draft, "others", t("Also other plans nearly as good"))
    if draft.model == "capacitated":
        number(
            draft, "min_pupils", t("Pupils of a school at least"), least=1, most=5000, step=10, on=second,
            placeholder=t("no limit"),
        )  # fmt: skip
        switch(draft, "enlarge", t("Schools may be enlarged"))
        switch(draft, "whole", t("Children of a place stay together"))
        if draft.close != "none":
            number(
                draft, "exceptions", t("Pupils beyond the limit, with transport, for each closed school"), least=0,
                most=500, step=5,
            )  # fmt: skip


def _buttons(workspace: Workspace, here: Session, stage: str, base: StageState, t: Translator) -> None:
    draft = here.draft
    name = draft.start or model_name(draft.model, t)
    found = question_of(draft, stage, name, base)
    curve = question_of(draft, stage, name, base, curve=True)
    faults: list[Message] = [found] if isinstance(found, Message) else faults_of(found, workspace.county)
    if faults:
        items = "".join(f"<li>{escape(t.message(fault))}</li>" for fault in faults)
        st.html(f'<div class="pl-error"><ul>{items}</ul></div>')
    off = bool(faults) or here.answer_job is not None
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("Find the best places"), type="primary", key="ask", disabled=off, on_click=_ask,
            args=(workspace, here, found),
        )  # fmt: skip
        if draft.model in CURVED:
            st.button(
                t("Show the curve"), key="ask-curve", disabled=off, on_click=_ask, args=(workspace, here, curve),
                help=t("What each number of new schools would bring"),
            )  # fmt: skip


def _ask(workspace: Workspace, here: Session, question: Question | Message) -> None:
    if isinstance(question, Question):
        ask(workspace, here, question)

"""Ask for a proposal: the question, its progress, and the answer with its proof in plain words."""

from __future__ import annotations

import dataclasses
from html import escape
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import streamlit as st

from planning.config import Limit, Question
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import NewSchool
from planning.ui import shell, tables
from planning.ui.jobs import Job
from planning.ui.state import Session, jobs
from planning.ui.words import model_help, model_name, number_of, with_unit
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer

__all__ = ["collect_answer", "proof_in_words", "proposal_panel", "proposed_sites"]

MODELS = ("p_median", "max_coverage", "set_cover", "p_center", "capacitated", "boarding")
_ASKED_S = 60.0
"""Time that the bar of a running question stands for; the words beside it say the true one [s]."""
_MOST_BUTTONS = 6
"""Proposed sites that have a button each; more are chosen from a list."""
#: Which fields a question has.
_FIELDS = {
    "ask-new": ("p_median", "max_coverage", "p_center", "capacitated", "boarding"),
    "ask-limit": ("max_coverage", "set_cover"),
    "ask-seats": ("p_median", "p_center", "capacitated"),
    "ask-beds": ("boarding",),
}


def proposal_panel(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """
    Draw the question, its progress, or its answer.

    Parameters
    ----------
    workspace : Workspace
        The county.
    here : Session
        This planner's work.
    stage : str
        The stage asked about.
    t : Translator
        The language.
    """
    shell.section(t("Proposal"), t("the program looks for the best sites and proves how good they are"))
    job = jobs().get(here.answer_job) if here.answer_job else None
    if job is not None:
        _progress(job, t)
        return
    if here.answer is not None:
        _answer(here, here.answer, t)
        return
    _question(workspace, here, stage, t)


def collect_answer(here: Session) -> None:
    """
    Take the answer of a job that is done, before the map is drawn that shows it.

    Parameters
    ----------
    here : Session
        This planner's work.
    """
    job = jobs().get(here.answer_job) if here.answer_job else None
    if job is None:
        here.answer_job = None
    elif job.done:
        here.answer_job = None
        if job.error is None:
            here.answer = job.result()
        else:
            here.complaint = job.error


def proposed_sites(here: Session, current: StageState) -> gpd.GeoDataFrame | None:
    """
    Give the proposed sites that are not yet in the plan.

    Parameters
    ----------
    here : Session
        This planner's work.
    current : StageState
        What the stage looks like now.

    Returns
    -------
    geopandas.GeoDataFrame or None
        As sites of a state; None where nothing is proposed for this stage.
    """
    answer = here.answer
    if answer is None or answer.question.stage != current.stage:
        return None
    return answer.sites[~answer.sites.index.isin(current.sites.index)]


def proof_in_words(answer: Answer, t: Translator) -> str:
    """
    Say how good an answer is proven to be.

    Parameters
    ----------
    answer : Answer
        The answer.
    t : Translator
        The language.

    Returns
    -------
    str
        One or two sentences.
    """
    proposal = answer.proposal
    gap = t.percent(proposal.gap, 2 if proposal.gap < 0.01 else 1)
    if proposal.status == "optimal":
        return t("Proven best: no other choice of sites does better.")
    if proposal.status == "infeasible":
        return t("No choice of sites can meet this question.")
    if answer.after is None:
        return t("Stopped before any answer was found. Give it more time, or ask for less.")
    if proposal.status == "cancelled":
        return t("Stopped by you: no plan can beat this one by more than {gap}.", gap=gap)
    return t("Stopped by the time limit: no plan can beat this one by more than {gap}.", gap=gap)


def _question(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    with st.container(border=True, key="pl-question"):
        # A field a language: the browser keeps the words of the choice, and would show them in the language before.
        key = f"ask-model-{t.language}"
        st.session_state[key] = here.model

        def changed() -> None:
            here.model = st.session_state[key]

        model = st.selectbox(
            t("What should be best"), MODELS, format_func=lambda m: model_name(m, t), key=key, on_change=changed,
            filter_mode=None,
        )  # fmt: skip
        st.html(f'<div class="pl-help">{escape(model_help(model, t))}</div>')
        first, second, third = st.columns(3)
        if model in _FIELDS["ask-new"]:
            first.number_input(
                t("New schools"), min_value=1, max_value=20, value=1 if model == "boarding" else 2, key="ask-new",
                persist_state="session",
            )  # fmt: skip
        if model in _FIELDS["ask-limit"]:
            second.number_input(
                t("Limit (km)"), min_value=0.1, max_value=100.0, value=None, step=0.5, key="ask-limit",
                placeholder=t("standard"), persist_state="session",
            )  # fmt: skip
        if model in _FIELDS["ask-beds"]:
            second.number_input(
                t("Beds"), min_value=1, max_value=10_000, value=600, step=50, key="ask-beds", persist_state="session"
            )
        if model in _FIELDS["ask-seats"]:
            second.number_input(
                t("Seats each"), min_value=1, max_value=10_000, value=None, step=45, key="ask-seats",
                placeholder=t("open"), persist_state="session",
            )  # fmt: skip
        third.number_input(
            t("Time limit (s)"), min_value=1, max_value=3600, value=60, step=10, key="ask-time", persist_state="session"
        )
        st.button(
            t("Look for sites"),
            type="primary",
            key="ask",
            width="stretch",
            on_click=_ask,
            args=(workspace, here, stage, t),
        )


def _ask(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """Put the question together from its fields, and have it answered in a job."""
    from planning.scenario.questions import answer

    asked = st.session_state
    model = here.model
    fits = {key for key, models in _FIELDS.items() if model in models}
    limit_km = asked.get("ask-limit") if "ask-limit" in fits else None
    question = Question(
        name=model_name(model, t),
        stage=stage,
        model=model,
        new=asked.get("ask-new") if "ask-new" in fits else None,
        seats=asked.get("ask-seats") if "ask-seats" in fits else None,
        beds=asked.get("ask-beds") if "ask-beds" in fits else None,
        limit=None if limit_km is None else Limit(distance_m=limit_km * 1000),
        time_limit_s=float(asked["ask-time"]),
    )
    county, edits = workspace.county, here.edits
    key = f"answer-{workspace.key}-{edits_key(edits)}-{question.model_dump_json()}"
    jobs().start(key, lambda _, cancel: answer(county, question, edits=edits, cancel=cancel.is_set), again=True)
    here.answer_job, here.answer = key, None


def _progress(job: Job, t: Translator) -> None:
    @st.fragment(run_every=0.7)
    def waiting() -> None:
        if job.done:
            st.rerun()
        st.progress(min(job.seconds() / _ASKED_S, 0.97), text=t("Looking for sites… {n} s", n=t.number(job.seconds())))
        st.button(t("Stop and take the best so far"), on_click=job.cancel.set, key="ask-stop")

    with st.container(border=True, key="pl-progress"):
        waiting()


def _answer(here: Session, answer: Answer, t: Translator) -> None:
    with st.container(border=True, key="pl-answer"):
        lines = [proof_in_words(answer, t)]
        if answer.after is not None:
            lines.append(
                t("Objective {objective}, bound {bound}, gap {gap}, {n} s of work.", objective=_amount(answer.proposal.objective, answer.unit, t), bound=_amount(answer.proposal.bound, answer.unit, t), gap=t.percent(answer.proposal.gap, 2), n=t.number(answer.seconds, 1))
            )  # fmt: skip
        st.html(
            f'<div class="pl-proof"><b>{escape(answer.question.name)}</b>{tables.message_html(lines + [t.message(note) for note in answer.notes])}</div>'
        )
        if len(answer.sites):
            rows = [
                [str(row.name_) or "–", str(row.township) or "–", term(t, str(row.kind)), t.number(float(row.pupils_gained)), number_of(row.seats if answer.question.model != "boarding" else row.beds, t)]
                for row in answer.sites.rename(columns={"name": "name_"}).itertuples()
            ]  # fmt: skip
            places = t("Beds") if answer.question.model == "boarding" else t("Seats")
            heads = [t("Proposed site"), t("Township"), t("What"), t("Pupils"), places]
            st.html(tables.table_html(heads, rows, numbers=(3, 4), height=180))
        with st.container(horizontal=True, gap="small"):
            fresh = [edit for edit in answer.edits if edit not in here.edits and not _taken(here, edit)]
            if fresh:
                st.button(t("Adopt all"), type="primary", on_click=_adopt, args=(here, fresh, t), key="adopt-all")
            for number, edit in enumerate(fresh if 1 < len(fresh) <= _MOST_BUTTONS else []):
                label = t("Adopt {n}", n=getattr(edit, "name", "") or t.number(number + 1))
                st.button(label, on_click=_adopt, args=(here, [edit], t), key=f"adopt-{number}")
            st.button(t("New question"), on_click=_forget, args=(here,), key="ask-again")
        if len(fresh) > _MOST_BUTTONS:
            _adopt_one(here, fresh, t)


def _adopt_one(here: Session, fresh: list[Any], t: Translator) -> None:
    """Let one of many sites be chosen from a list, where a button each would fill the page."""
    names = [getattr(edit, "name", "") or t.number(number + 1) for number, edit in enumerate(fresh)]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        number = st.selectbox(
            t("Proposed site"), range(len(fresh)), format_func=names.__getitem__, key="adopt-which", filter_mode=None
        )
        label = t("Adopt {n}", n=names[number])
        st.button(label, on_click=_adopt, args=(here, [fresh[number]], t), key="adopt-one")


def _amount(value: float, unit: str, t: Translator) -> str:
    if unit == "pupil-m":
        return t("{n} pupil-km", n=t.number(value / 1000))
    if unit in ("pupil-min", "pupil-minutes/week"):
        return t("{n} pupil-hours", n=t.number(value / 60))
    # The engine counts in the plural where the tables name one.
    return with_unit(value, {"pupils": "pupil", "schools": "school"}.get(unit, unit), t)


def _taken(here: Session, edit: Any) -> bool:
    return isinstance(edit, NewSchool) and any(
        isinstance(e, NewSchool) and e.site_id == edit.site_id for e in here.edits
    )


def _adopt(here: Session, edits: list[Any], t: Translator) -> None:
    named = [
        dataclasses.replace(edit, name=edit.name or t("Proposed school")) if isinstance(edit, NewSchool) else edit
        for edit in edits
    ]
    here.do((*here.edits, *named))


def _forget(here: Session) -> None:
    here.answer = None

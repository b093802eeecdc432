"""The page of proposals: the question on the left; its answer, the map and everything about it on the right."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n import Translator
from planning.scenario.relaxation import clashing_cells, relaxations
from planning.ui import sheets, shell, tables
from planning.ui.proposing.asking import ask, collect_answer, job_of
from planning.ui.proposing.changes import proposed_changes
from planning.ui.proposing.details import details
from planning.ui.proposing.draft import draft_from
from planning.ui.proposing.form import question_form
from planning.ui.proposing.picture import proposal_map, state_before
from planning.ui.proposing.proof import proof_in_words
from planning.ui.proposing.waiting import wait_for_answer
from planning.ui.state import Session, session
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.config import Question
    from planning.scenario.questions import Answer

__all__ = ["propose_desk"]


@st.fragment
def propose_desk(workspace: Workspace, t: Translator) -> None:
    """
    Draw the page.

    Parameters
    ----------
    workspace : Workspace
        The county.
    t : Translator
        The language.
    """
    here = session()
    collect_answer(here)
    left, right = st.columns([1, 2.9], gap="medium")
    with left:
        stage = question_form(workspace, here, t)
    with right:
        _right(workspace, here, stage, t)


def _right(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    complaints = st.container(gap=None, key="pl-complaints")
    if here.complaint is not None:
        with complaints:
            shell.show_error(here.complaint, t)
        here.complaint = None
    answer = here.answer if here.answer is not None and here.answer.question.stage == stage else None
    job = job_of(here)
    # Containers that are always there: what comes and goes above the map would make the browser load it anew.
    head = st.container(gap="small", key="pl-propose-head")
    with head:
        if job is not None:
            wait_for_answer(job, here, t)
        elif answer is None:
            text = t(
                "Say on the left what should be best, and look for the best places. The map shows the ways of the plan as it is."
            )
            st.html(f'<div class="pl-empty pl-low">{escape(text)}</div>')
            now = state_before(workspace, here, stage)
            st.html(tables.figures_html(sheets.stage_figures(now, t, base=workspace.base[stage])))
        else:
            _proof(workspace, here, answer, t)
    picture, changes = st.columns([1.7, 1], gap="medium")
    with picture:
        proposal_map(workspace, here, stage, t)
    with changes:
        if answer is not None and answer.after is not None:
            proposed_changes(workspace, here, answer, t)
        elif answer is not None:
            _way_out(workspace, here, answer, t)
        else:
            shell.section(t("How this works"))
            st.html(tables.message_html(_steps(t)))
    with st.container(gap="small", key="pl-propose-details"):
        if answer is not None or here.draft.curve is not None:
            details(workspace, here, stage, t)


def _proof(workspace: Workspace, here: Session, answer: Answer, t: Translator) -> None:
    year = "" if answer.year is None else t(" · children of {year}", year=answer.year)
    st.html(
        f'<div class="pl-verdict {answer.proposal.status}"><b>{escape(proof_in_words(answer, t))}</b>'
        f"<span>{escape(answer.question.name + year)} · {escape(t('{n} s', n=t.number(answer.seconds, 1)))}</span></div>"
    )
    if answer.after is not None:
        before = state_before(workspace, here, answer.question.stage)
        st.html(tables.figures_html(sheets.stage_figures(answer.after, t, base=before)))


def _way_out(workspace: Workspace, here: Session, answer: Answer, t: Translator) -> None:
    """Say why there is no answer, and offer the least that would have to give."""
    if answer.proposal.status == "infeasible":
        shell.section(t("Why there is no answer"), t("the places are red on the map") if clashing_cells(answer) else "")
    else:
        shell.section(t("No answer yet"))
    st.html(f'<div class="pl-proof pl-tall">{tables.message_html([t.message(note) for note in answer.notes])}</div>')
    for number, relaxation in enumerate(relaxations(answer)):
        st.button(
            t.message(relaxation.words), key=f"relax-{number}", type="primary" if number == 0 else "secondary",
            on_click=_relax, args=(workspace, here, relaxation.question),
        )  # fmt: skip


def _relax(workspace: Workspace, here: Session, question: Question) -> None:
    """Ask the question that gives way; the form shows it."""
    start = here.draft.start
    here.draft = draft_from(question)
    here.draft.start = start
    ask(workspace, here, question)


def _steps(t: Translator) -> list[str]:
    return [
        t("Choose what should be best; the defaults give an answer at once."),
        t("Show the curve first, to see how many schools are worth it."),
        t("The answer comes with a proof: how much better any other plan could be at most."),
        t("Tick what to take into the plan; one undo takes it back."),
    ]

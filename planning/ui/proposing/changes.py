"""What an answer proposes, one line a change with its reasons, to be taken into the plan in whole or in part."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import CloseSchool, Edit, MoveSchool, NewSchool, school_of
from planning.ui import shell
from planning.ui.proposing.asking import adopt, edit_key, fresh_edits
from planning.ui.proposing.proof import why_here
from planning.ui.state import Session
from planning.ui.words import number_of
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.questions import Answer

__all__ = ["proposed_changes"]

_MOST_LINES = 60
"""Changes that have a line each; the rest is taken or left together with the whole."""


def proposed_changes(workspace: Workspace, here: Session, answer: Answer, t: Translator) -> None:
    """List the changes with a tick each, and the buttons that take them over."""
    if not answer.edits:
        text = (
            t("The answer changes nothing: it is best as it is.") if answer.proposal.status == "optimal"
            else t("The best plan found so far changes nothing; a longer search may find a better one.")
        )  # fmt: skip
        st.html(f'<div class="pl-empty">{escape(text)}</div>')
        return
    fresh = fresh_edits(here, answer.edits)
    shell.section(t("Proposed changes"), t("tick what to take"))
    with st.container(border=True, height=330, gap=None, key="pl-changes"):
        for edit in answer.edits[:_MOST_LINES]:
            _line(workspace, here, answer, edit, t, is_taken=edit not in fresh)
        hidden = len(answer.edits) - _MOST_LINES
        if hidden > 0:
            st.caption(t("and {n} more, which are taken over with all of them", n=t.number(hidden)))
    wanted = [edit for edit in fresh if edit_key(edit) not in here.draft.left_out]
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("Take all"), type="primary", key="adopt-all", disabled=not fresh,
            on_click=adopt, args=(here, fresh, t),
        )  # fmt: skip
        st.button(
            t("Take {n} ticked", n=t.number(len(wanted))), key="adopt-ticked",
            disabled=not wanted or len(wanted) == len(fresh), on_click=adopt, args=(here, wanted, t),
        )  # fmt: skip
        st.button(t("Undo"), icon=":material/undo:", disabled=not here.past, on_click=here.undo, key="propose-undo")
    asked = set(here.draft.asked_edits)
    if set(here.edits) - asked - set(answer.edits) or asked - set(here.edits):
        others = [e for e in here.edits if e not in asked and edit_key(e) not in {edit_key(a) for a in answer.edits}]
        if others or asked - set(here.edits):
            st.caption(t("The plan has changed since this was asked; ask again to have the proposal fit it."))


def _line(workspace: Workspace, here: Session, answer: Answer, edit: Edit, t: Translator, *, is_taken: bool) -> None:
    code = edit_key(edit)
    key = f"take-{code}"
    st.session_state[key] = is_taken or code not in here.draft.left_out

    def changed() -> None:
        # By value and not by turning over: a line that comes back is told of as changed, too.
        here.draft.left_out -= {code}
        if not st.session_state[key]:
            here.draft.left_out |= {code}

    label = _in_words(workspace, edit, t)
    # A label is Markdown: what it marks must stand as it is written, and a name is data.
    st.checkbox(_plain(label), key=key, on_change=changed, disabled=is_taken)
    site = school_of(edit)
    rows = answer.sites[answer.sites.index == site]
    reasons = "" if rows.empty else why_here(rows.iloc[0], t)
    if is_taken:
        reasons = t("; ").join(part for part in (t("in the plan"), reasons) if part)
    if reasons:
        st.html(f'<div class="pl-why">{escape(reasons)}</div>')


def _in_words(workspace: Workspace, edit: Edit, t: Translator) -> str:
    if isinstance(edit, NewSchool):
        township = workspace.county.candidates["township"].get(edit.site_id, "")
        name = edit.name or t("Proposed school")
        where = f"{name} ({township})" if township and township not in name else name
        return t(
            "New: {name}, {stage}, seats {seats}", name=where, stage=term(t, edit.kind), seats=number_of(edit.seats, t)
        )
    schools = workspace.county.schools
    name = str(schools["name"].get(edit.school_id, "")) or edit.school_id
    if isinstance(edit, CloseSchool):
        return t("Closed: {name}", name=name)
    if isinstance(edit, MoveSchool):
        return t("Moved: {name}", name=name)
    return t("Seats of {name}: {seats}", name=name, seats=number_of(edit.seats, t))


def _plain(text: str) -> str:
    """Take from a label what Markdown would read as marks, links or pictures."""
    marks = "\\`*_{}[]()<>#+-!|~$:"
    return "".join(f"\\{sign}" if sign in marks else sign for sign in text)

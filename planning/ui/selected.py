"""The school that is selected on the map, and what may be done with it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import CloseSchool
from planning.ui.state import Session
from planning.ui.words import number_of
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState

__all__ = ["selected_school"]


def selected_school(workspace: Workspace, here: Session, current: StageState, stage: str, t: Translator) -> None:
    """Show the selected school and what may be done with it."""
    school = here.selected
    if school is None:
        return
    closed = any(isinstance(edit, CloseSchool) and edit.school_id == school for edit in here.edits)
    sites = workspace.base[stage].sites if closed else current.sites
    if school not in sites.index:
        return
    row = sites.loc[school]
    lines = [term(t, str(row["kind"]))]
    if not closed:
        lines.append(t("pupils sent here: {n}", n=t.number(float(current.load[school]))))
    lines.append(t("seats: {n}", n=number_of(row["seats"], t)))
    if not bool(row["is_new"]):
        lines.append(t("pupils on the register: {n}", n=number_of(row["pupils"], t)))
    with st.container(border=True, key="pl-selected"):
        st.html(
            f'<div class="pl-school"><b>{escape(str(row["name"]))}</b><span>{escape(" · ".join(lines))}</span></div>'
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            if closed:
                st.button(t("Reopen"), on_click=here.forget, args=(school,), key=f"reopen-{school}")
            else:
                label = t("Remove") if bool(row["is_new"]) else t("Close this school")
                st.button(label, on_click=here.close, args=(school,), key=f"close-{school}")
                _seats_field(here, school, stage, row["seats"], t)
        if not closed:
            st.caption(t("Drag the school on the map to move it."))


def _seats_field(here: Session, school: str, stage: str, seats: Any, t: Translator) -> None:
    known = None if pd.isna(seats) else int(seats)
    key = f"seats-{stage}-{school}"
    # Nullable, so that the field can be emptied; what it shows is what the plan says, also after an undo.
    st.session_state[key] = known

    def changed() -> None:
        value = st.session_state[key]
        here.set_seats(school, stage, None if value is None else int(value))

    st.number_input(
        t("Seats"), min_value=1, max_value=max(20_000, known or 0), value=None, step=45, key=key, on_change=changed,
        placeholder=t("no limit"), width=150,
    )  # fmt: skip

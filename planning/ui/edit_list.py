"""The plan's edits in order, each of which can be taken back by itself."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import CloseSchool, Edit, MoveSchool, NewSchool
from planning.ui import shell
from planning.ui.state import Session
from planning.ui.workspace import Workspace

__all__ = ["edit_list"]


def edit_list(here: Session, workspace: Workspace, t: Translator) -> None:
    """List the plan's edits, each of which can be taken back by itself."""
    shell.section(t("This plan"), t("changes: {n}", n=t.number(len(here.edits))) if here.edits else "")
    if not here.edits:
        st.html(
            f'<div class="pl-empty">{escape(t("Nothing is changed yet. Click the map where a school should stand, or ask for a proposal."))}</div>'
        )
        return
    with st.container(border=True, height=min(26 + 34 * len(here.edits), 172), gap=None, key="pl-edits"):
        for number, edit in enumerate(here.edits):
            text, button = st.columns([9, 1], vertical_alignment="center")
            text.html(f'<div class="pl-edit">{number + 1}. {escape(_edit_text(edit, workspace, here.edits, t))}</div>')
            button.button(
                "✕", key=f"drop-{number}-{_school(edit)}", help=t("Take this change back"), type="tertiary",
                on_click=_drop, args=(here, number),
            )  # fmt: skip


def _drop(here: Session, number: int) -> None:
    """Take one edit back; what was done to a school that is then not there goes with it."""
    gone = here.edits[number]
    rest = [edit for i, edit in enumerate(here.edits) if i != number]
    if isinstance(gone, NewSchool):
        rest = [edit for edit in rest if _school(edit) != gone.site_id]
    here.do(rest)


def _school(edit: Edit) -> str:
    return edit.site_id if isinstance(edit, NewSchool) else edit.school_id


def _edit_text(edit: Edit, workspace: Workspace, edits: Sequence[Edit], t: Translator) -> str:
    names = {e.site_id: e.name for e in edits if isinstance(e, NewSchool)}
    schools = workspace.county.schools
    school = _school(edit)
    name = names.get(school) or (str(schools["name"].get(school, school)) if school in schools.index else school)
    if isinstance(edit, NewSchool):
        seats = t("no limit") if edit.seats is None else t.number(edit.seats)
        return t("New: {name}, {stage}, seats {seats}", name=name, stage=term(t, edit.stage), seats=seats)
    if isinstance(edit, MoveSchool):
        return t("Moved: {name}", name=name)
    if isinstance(edit, CloseSchool):
        return t("Closed: {name}", name=name)
    seats = t("no limit") if edit.seats is None else t.number(edit.seats)
    return t("Seats of {name}: {seats}", name=name, seats=seats)

"""The scenario's entries in order: each can be switched off, noted at, put elsewhere, taken back."""

from __future__ import annotations

from html import escape

import streamlit as st

from planning.errors import Names
from planning.i18n import Translator
from planning.scenario.document import Document, Entry, resting_on
from planning.scenario.edits import school_of
from planning.scenario.stage_sites import open_kinds
from planning.ui import shell
from planning.ui.edit_words import edit_text
from planning.ui.other_edits import other_edits
from planning.ui.state import Session
from planning.ui.workspace import Workspace

__all__ = ["edit_list"]

#: Entries that are listed with buttons of their own; a proposal may bring hundreds, which would make every click slow.
_MOST_LINES = 80


def edit_list(here: Session, workspace: Workspace, t: Translator) -> None:
    """List the scenario's entries."""
    document = here.plan.document
    entries = document.entries
    off = sum(not entry.is_on for entry in entries)
    hint = t("changes: {n}", n=t.number(len(entries))) if entries else ""
    if off:
        hint = t("changes: {n}, switched off: {off}", n=t.number(len(entries)), off=t.number(off))
    shell.section(t("This plan"), hint)
    if not entries:
        st.html(
            f'<div class="pl-empty">{escape(t("Nothing is changed yet. Click the map where a school should stand, or ask for a proposal."))}</div>'
        )
    else:
        _lines(here, workspace, document, t)
    other_edits(here, workspace, t)


def _lines(here: Session, workspace: Workspace, document: Document, t: Translator) -> None:
    kinds = open_kinds(workspace.county)
    faults = document.faults(kinds)
    every = tuple(entry.edit for entry in document.entries)
    shown = document.entries[-_MOST_LINES:]
    first = len(document.entries) - len(shown)
    with st.container(border=True, height=min(26 + 34 * len(shown), 206), gap=None, key="pl-edits"):
        if first:
            st.caption(
                t("{n} earlier changes are not listed here; the file of the scenario has them.", n=t.number(first))
            )
        for number, entry in enumerate(shown, start=first + 1):
            text = edit_text(entry.edit, workspace, every, t)
            on, words, more, drop = st.columns([1, 8, 1.1, 1], vertical_alignment="center")
            key = f"on-{entry.id}"
            st.session_state[key] = entry.is_on
            on.checkbox(
                t("In use"),
                key=key,
                label_visibility="collapsed",
                on_change=_switch,
                args=(here, entry.id, workspace, t),
            )
            words.html(_line_html(number, text, entry, faults.get(entry.id), t))
            with more.popover("", icon=":material/more_horiz:", type="tertiary", help=t("Note, order")):
                _details(here, workspace, entry, number, len(document.entries), t)
            drop.button(
                "✕", key=f"drop-{entry.id}", help=t("Take this change back"), type="tertiary",
                on_click=_drop, args=(here, entry.id, workspace, t),
            )  # fmt: skip


def _line_html(number: int, text: str, entry: Entry, fault: object, t: Translator) -> str:
    note = f"<em>{escape(entry.comment)}</em>" if entry.comment else ""
    if fault is not None:
        note += f"<strong>{escape(t.message(fault))}</strong>"  # type: ignore[arg-type]
    state = "" if entry.is_on else " pl-off"
    return f'<div class="pl-edit{state}">{number}. {escape(text)}{note}</div>'


def _details(here: Session, workspace: Workspace, entry: Entry, number: int, n: int, t: Translator) -> None:
    key = f"note-{entry.id}"
    st.session_state[key] = entry.comment
    st.text_area(
        t("Note on this change"), key=key, height=90, max_chars=2000,
        on_change=lambda: here.attempt(here.plan.comment, entry.id, st.session_state[key]),
    )  # fmt: skip
    kinds = open_kinds(workspace.county)
    with st.container(horizontal=True, gap="small"):
        for label, by, disabled in ((t("Earlier"), -1, number == 1), (t("Later"), 1, number == n)):
            st.button(
                label, key=f"shift-{by}-{entry.id}", disabled=disabled,
                icon=":material/arrow_upward:" if by < 0 else ":material/arrow_downward:",
                on_click=here.attempt, args=(here.plan.shift, entry.id, by, kinds),
            )  # fmt: skip
    resting = resting_on(here.plan.document, entry.id, kinds) if entry.is_on else ()
    if resting:
        ids = [other.id for other in here.plan.document.entries]
        st.caption(
            t("Entries {numbers} rest on this one and are switched off or taken back with it.",
              numbers=Names(t.number(ids.index(other) + 1) for other in resting))
        )  # fmt: skip
    if entry.made:
        st.caption(t("made {when}", when=entry.made[:16].replace("T", " ") + " UTC"))


def _switch(here: Session, entry_id: str, workspace: Workspace, t: Translator) -> None:
    is_on = bool(st.session_state[f"on-{entry_id}"])
    here.attempt(here.plan.switch, entry_id, is_on, open_kinds(workspace.county))


def _drop(here: Session, entry_id: str, workspace: Workspace, t: Translator) -> None:
    """Take one entry back; what rests on it goes with it."""
    gone = next((entry for entry in here.plan.document.entries if entry.id == entry_id), None)
    here.attempt(here.plan.drop, entry_id, open_kinds(workspace.county))
    if gone is not None and school_of(gone.edit) == here.selected:
        here.selected = None

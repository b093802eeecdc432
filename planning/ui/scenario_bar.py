"""The bar over the plan: which scenario is open, copies of it, its name, its file, the bin; and what another window did."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from planning.i18n import Translator
from planning.scenario.document import document_from_yaml, document_to_yaml
from planning.scenario.stage_sites import open_kinds
from planning.store.scenarios import Scenario
from planning.ui import shell
from planning.ui.edit_words import change_texts, edit_text
from planning.ui.state import Session
from planning.ui.workspace import Workspace

__all__ = ["scenario_bar"]

_CHOICE = "scenario-choice"
_BASE = ""
_MOST_TOLD = 6


def scenario_bar(workspace: Workspace, here: Session, t: Translator) -> None:
    """
    Draw the bar; to be called once, first thing on the plan's board.

    Parameters
    ----------
    workspace : Workspace
        The county.
    here : Session
        The session.
    t : Translator
        The language.
    """
    here.attempt(here.plan.refresh)
    found = here.attempt(here.plan.store.scenarios) or []
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="pl-scenario"):
        names = {_BASE: t("Today's schools (base)"), **{scenario.id: scenario.name for scenario in found}}
        current = here.plan.id or _BASE
        names.setdefault(current, here.plan.document.name)
        st.session_state[_CHOICE] = current
        st.selectbox(
            t("Scenario"), list(names), format_func=names.__getitem__, key=_CHOICE, on_change=_open, args=(here,),
            help=t("Every change is saved as it is made. The base is never changed: a first change makes a scenario of its own."),
        )  # fmt: skip
        with st.popover(t("Copy as…"), icon=":material/content_copy:", key="scenario-copy-menu"):
            _copy(here, t)
        with st.popover(t("Manage"), icon=":material/tune:", key="scenario-menu"):
            _manage(here, t)
    # Always there, mostly empty, and over the page: what comes here must not push the map away.
    with st.container(gap=None, key="pl-conflict"):
        _conflict(workspace, here, t)


def _open(here: Session) -> None:
    here.selected = None
    here.attempt(here.plan.open, st.session_state[_CHOICE] or None)


def _copy(here: Session, t: Translator) -> None:
    st.text_input(
        t("Name of the copy"),
        key="copy-name",
        max_chars=80,
        placeholder=here.plan.document.name or here.plan.first_name,
    )
    st.button(t("Make the copy"), key="copy-make", type="primary", on_click=_make_copy, args=(here,))
    st.caption(t("The copy is opened; what was open stays as it is."))


def _make_copy(here: Session) -> None:
    name = str(st.session_state.get("copy-name") or "").strip()
    here.attempt(here.plan.copy, name or here.plan.document.name or here.plan.first_name)
    st.session_state["copy-name"] = ""


def _manage(here: Session, t: Translator) -> None:
    scenario = here.plan.scenario
    if scenario is not None:
        _words(here, scenario, t)
        st.download_button(
            t("Save as a file"), document_to_yaml(here.plan.document).encode(), file_name=f"{_file_name(scenario.name)}.yaml",
            mime="application/yaml", icon=":material/download:", key="scenario-export", on_click="ignore",
        )  # fmt: skip
    else:
        st.caption(t("The base is today's schools and cannot be changed. Make a copy, or place a school on the map."))
    shell.uploader_words(t)
    key = f"scenario-import-{st.session_state.get('scenario-imports', 0)}"
    st.file_uploader(
        t("Open a scenario from a file (.yaml)"), type=["yaml", "yml"], key=key, on_change=_import, args=(here, key)
    )
    if scenario is not None:
        st.button(
            t("Put into the bin"), icon=":material/delete:", key="scenario-delete", on_click=here.attempt, args=(here.plan.delete,),
        )  # fmt: skip
    _bin(here, t)


def _words(here: Session, scenario: Scenario, t: Translator) -> None:
    for key, value in (("scenario-name", scenario.name), ("scenario-comment", scenario.comment)):
        st.session_state[key] = value
    st.text_input(
        t("Name"), key="scenario-name", max_chars=80,
        on_change=lambda: here.attempt(here.plan.rename, name=st.session_state["scenario-name"]),
    )  # fmt: skip
    st.text_area(
        t("Note"), key="scenario-comment", height=80, max_chars=4000,
        on_change=lambda: here.attempt(here.plan.rename, comment=st.session_state["scenario-comment"]),
    )  # fmt: skip
    if scenario.parent:
        st.caption(t("copied from {name}", name=_plain(scenario.parent)))


def _bin(here: Session, t: Translator) -> None:
    gone = here.attempt(here.plan.store.scenarios, deleted=True) or []
    if not gone:
        return
    names = {scenario.id: scenario.name for scenario in gone}
    chosen = st.selectbox(t("In the bin"), list(names), format_func=names.__getitem__, key="scenario-bin")
    st.button(
        t("Restore"), icon=":material/restore_from_trash:", key="scenario-restore",
        on_click=here.attempt, args=(here.plan.restore, chosen),
    )  # fmt: skip


def _import(here: Session, key: str) -> None:
    upload: Any = st.session_state.get(key)
    if upload is None:
        return

    def take() -> None:
        document = document_from_yaml(upload.getvalue(), where=upload.name)
        here.plan.add(document)

    here.attempt(take)
    st.session_state["scenario-imports"] = st.session_state.get("scenario-imports", 0) + 1


def _conflict(workspace: Workspace, here: Session, t: Translator) -> None:
    plan = here.plan
    every = tuple(entry.edit for entry in plan.document.entries)
    if plan.conflict is None:
        if plan.news:
            st.html(_told(t("Another window changed this scenario:"), change_texts(plan.news, workspace, every, t), t))
        return
    mine = tuple(entry.edit for entry in plan.conflict.mine.entries)
    theirs = change_texts(plan.conflict.their_changes, workspace, every, t) or [t("Steps were undone or redone.")]
    st.html(
        _told(t("Another window changed this scenario:"), theirs, t)
        + _told(t("Your change was not made:"), change_texts(plan.conflict.my_changes, workspace, mine, t), t)
    )
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("Take theirs and apply mine again"),
            type="primary",
            key="conflict-mine",
            on_click=_again,
            args=(workspace, here, t),
        )
        st.button(t("Leave mine"), key="conflict-leave", on_click=plan.leave_mine)


def _again(workspace: Workspace, here: Session, t: Translator) -> None:
    refused = here.attempt(here.plan.apply_mine, open_kinds(workspace.county)) or []
    if refused:
        from planning.errors import msg

        every = tuple(entry.edit for entry in here.plan.document.entries)
        entry, why = refused[0]
        here.complaint = msg(
            "Not made again: {what} ({why})", what=edit_text(entry.edit, workspace, (*every, entry.edit), t), why=why
        )


def _told(title: str, lines: list[str], t: Translator) -> str:
    shown = lines[:_MOST_TOLD]
    if len(lines) > len(shown):
        shown.append(t("and {n} more", n=t.number(len(lines) - len(shown))))
    return f'<div class="pl-told"><b>{escape(title)}</b><ul>{"".join(f"<li>{escape(line)}</li>" for line in shown)}</ul></div>'


def _plain(text: str) -> str:
    """Take the meaning out of signs that Streamlit would read as markup."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]()<>#!$:~|" else sign for sign in text)


def _file_name(name: str) -> str:
    kept = "".join(sign for sign in name if sign.isalnum() or sign in "-_ ").strip()
    return kept[:60] or "scenario"

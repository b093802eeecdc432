"""The projects of this machine: open, copy, throw away, begin a new one."""

from __future__ import annotations

from html import escape

import streamlit as st

from planning.i18n import LANGUAGES, Translator, own_name
from planning.store.projects import PROJECT_FILE, ProjectEntry, home_folder, list_projects
from planning.ui import shell, state
from planning.ui.projects.desk import copy_to, create, desk, open_folder, open_started, take_packed, throw_away
from planning.ui.words import missing_words, plain
from planning.ui.workspace import DEMO, source_from_environment

__all__ = ["show_list"]

_COUNTY = "planning/ui/pages/county.py"


def show_list(t: Translator) -> None:
    """Show what is there, and the form for a new project."""
    here = desk()
    told = here.told.get("list")
    if told is not None:
        (shell.show_error if isinstance(told, Exception) else _note)(told, t)
    left, right = st.columns([1.9, 1], gap="medium")
    with left:
        shell.section(t("Projects on this machine"), t("the one changed last comes first"))
        entries = list_projects(home_folder())
        _started_row(t)
        _demo_row(t)
        for entry in entries:
            _row(entry, t)
        if not entries:
            st.html(
                f'<div class="pl-empty">{escape(t("No project of your own yet: begin one on the right, or copy the demo county and change it."))}</div>'
            )
    with right:
        shell.section(t("New project"), t("it is saved from the first moment"))
        with st.form("new-project", border=True):
            name = st.text_input(t("Name of the county"), key="new-name", max_chars=80)
            language = st.segmented_control(
                t("Language of report and tables"), LANGUAGES, default=t.language, required=True,
                format_func=own_name, key="new-language",
            )  # fmt: skip
            if st.form_submit_button(t("Begin the project"), type="primary", key="new-begin"):
                create(name, language or t.language)
                st.rerun()
        shell.section(t("Open a project file"), t("made on the export page of this or another machine"))
        key = f"project-zip-{here.uploads.get('zip', 0)}"
        st.file_uploader(
            t("Project file (.zip)"),
            type=["zip"],
            key=key,
            on_change=take_packed,
            args=(key,),
            label_visibility="collapsed",
        )
        st.caption(t("Projects stand in {folder}", folder=plain(str(home_folder()))))


def _note(message: object, t: Translator) -> None:
    st.html(f'<div class="pl-note">{escape(t.message(message))}</div>')  # type: ignore[arg-type]


def _demo_row(t: Translator) -> None:
    is_open = state.session().source.project == DEMO
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="pl-project-demo"):
        st.html(
            _line(
                t("Demo county (invented)"),
                t("ready to be opened; it cannot be changed, but copied"),
                t,
                is_open=is_open,
            )
        )
        if st.button(t("Open"), key="open-demo"):
            open_folder(DEMO)
            shell.go_to_page(_COUNTY, t)
        st.button(t("Copy"), key="copy-demo", on_click=copy_to, args=(DEMO.parent, t("Copy of the demo county")))


def _started_row(t: Translator) -> None:
    """Show what the app was started with, where that is neither the demo nor a project of the workspace folder."""
    started = source_from_environment()
    if started.name:
        return
    is_open = state.session().source == started
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="pl-project-started"):
        text = t(
            "the app was started with it; it is changed in its own folder: {folder}", folder=str(started.project.parent)
        )
        st.html(_line(started.project.parent.name, text, t, is_open=is_open))
        if st.button(t("Open"), key="open-started"):
            open_started()
            shell.go_to_page(_COUNTY, t)


def _row(entry: ProjectEntry, t: Translator) -> None:
    key, file = entry.folder.name, entry.folder / PROJECT_FILE
    is_open = state.session().source.project == file
    if entry.broken is not None:
        status = shell.in_words(entry.broken, t)
    elif entry.missing:
        status = t("not complete: {missing}", missing=missing_words(entry.missing, t))
    else:
        status = t("all that is needed is named")
    when = t("changed {date}", date=t.date(entry.changed.date()))
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"pl-project-{key}"):
        st.html(_line(entry.name, f"{when} · {status}", t, is_open=is_open))
        if st.button(t("Open"), key=f"open-{key}"):
            open_folder(file, "sources" if entry.missing else "check")
            if entry.missing or entry.broken is not None:
                st.rerun()
            shell.go_to_page(_COUNTY, t)
        st.button(
            t("Copy"), key=f"copy-{key}", on_click=copy_to, args=(entry.folder, t("{name} (copy)", name=entry.name)),
            disabled=entry.broken is not None,
        )  # fmt: skip
        with st.popover(t("Delete"), key=f"delete-{key}"):
            st.html(
                f"<p>{escape(t('Move {name} to the trash? Its folder stays there and can be put back.', name=entry.name))}</p>"
            )
            st.button(t("Move to the trash"), key=f"trash-{key}", on_click=throw_away, args=(entry.folder,))


def _line(name: str, status: str, t: Translator, *, is_open: bool) -> str:
    mark = f'<i class="pl-open">{escape(t("open now"))}</i>' if is_open else ""
    return f'<div class="pl-project"><b>{escape(name)}</b>{mark}<span>{escape(status)}</span></div>'

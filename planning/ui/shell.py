"""What every page has: the look, the side bar with pages and language, the wait for the county, errors in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from planning.config import read_yaml
from planning.errors import Message, PlanningError
from planning.i18n import LANGUAGES, Translator, own_name
from planning.i18n.terms import term
from planning.store.projects import missing_of
from planning.ui import warming
from planning.ui.jobs import Job
from planning.ui.projects.steps import go_to_step
from planning.ui.state import LANGUAGE_KEY, PROJECT_KEY, STAGE_KEY, jobs, session
from planning.ui.words import missing_words, plain
from planning.ui.workspace import Source, Workspace, open_workspace

__all__ = [
    "choose_stage",
    "go_to_page",
    "in_words",
    "keep_address",
    "language_switch",
    "open_county",
    "page_title",
    "section",
    "show_error",
    "side_bar",
    "style",
    "uploader_words",
]

PROJECTS_PAGE = "planning/ui/pages/projects.py"
STATIC = Path(__file__).resolve().parents[2] / "static"


def style() -> None:
    """Put our style on the page."""
    st.html(STATIC / "app.css")


def side_bar(pages: Sequence[Any], t: Translator) -> None:
    """
    Draw the side bar.

    Parameters
    ----------
    pages : sequence of streamlit.Page
        The pages.
    t : Translator
        The language.
    """
    with st.sidebar:
        st.html(f'<div class="pl-brand">{escape(t("School Layout Planner"))}</div>')
        for page in pages:
            st.page_link(page, width="stretch")


def language_switch(t: Translator) -> None:
    """
    Draw the language switch; the address carries the choice.

    Parameters
    ----------
    t : Translator
        The language.
    """
    # Set here and not by the widget's own binding, so that the very first run speaks the language of the address.
    st.session_state.setdefault(LANGUAGE_KEY, t.language)
    with st.sidebar:
        st.segmented_control(
            t("Language"),
            LANGUAGES,
            required=True,
            format_func=own_name,
            key=LANGUAGE_KEY,
            label_visibility="collapsed",
        )
    if st.query_params.get(LANGUAGE_KEY, "zh") != t.language:
        st.query_params[LANGUAGE_KEY] = t.language


def keep_address() -> None:
    """Let the address say which project is open, so that a reload comes back to it."""
    name = session().source.name
    if st.query_params.get(PROJECT_KEY, "") != name:
        if name:
            st.query_params[PROJECT_KEY] = name
        else:
            del st.query_params[PROJECT_KEY]


def go_to_page(page: str, t: Translator) -> None:
    """Go to another page; language and project come along, which Streamlit would drop from the address."""
    carried = {LANGUAGE_KEY: t.language, PROJECT_KEY: session().source.name}
    st.switch_page(page, query_params={key: value for key, value in carried.items() if value})


def uploader_words(t: Translator) -> None:
    """Cover the English words of Streamlit's own uploader by ours."""
    words = {
        "--pl-drop": t("Drop a file here, at most {n} MB", n=t.number(int(st.get_option("server.maxUploadSize")))),
        "--pl-browse": t("Choose a file"),
        "--pl-refused": t("This file is too large to upload."),
    }
    rules = "".join(f"{name}:{json.dumps(text, ensure_ascii=False)};" for name, text in words.items())
    st.html(f"<style>:root{{{rules}}}</style>")


def open_county(t: Translator) -> Workspace:
    """
    Give the county, or show how far its opening is and stop the page there.

    Parameters
    ----------
    t : Translator
        The language.

    Returns
    -------
    Workspace
        The county.
    """
    here = session()
    if not here.key:
        _stop_if_incomplete(here.source, t)
        try:
            here.key = here.source.key()
        except PlanningError as error:
            _failed(error, t)
            st.stop()
    source, key = here.source, here.key

    def start(*, again: bool) -> Job:
        return jobs().start(f"open-{key}", lambda tell, _: open_workspace(source, key, tell), again=again)

    job = start(again=False)
    if not job.done:
        _wait(job, t)
        st.stop()
    if job.error is not None:
        _failed(job.error, t)
        st.button(t("Try again"), on_click=start, kwargs={"again": True}, key="open-again")
        st.stop()
    workspace: Workspace = job.result()
    return workspace


def _stop_if_incomplete(source: Source, t: Translator) -> None:
    """Say what a project that was only begun needs next, and stop the page there."""
    if source.run is not None or not source.project.is_file():
        return
    try:
        content = read_yaml(source.project)
    except PlanningError:
        return  # told as a source that failed
    missing = missing_of(content)
    if not missing:
        return
    page_title(str(content.get("name") or source.project.parent.name), t("This project is not complete yet"))
    st.html(
        f'<div class="pl-empty" data-incomplete="1"><p>{escape(t("There is nothing to show yet. Still missing: {missing}.", missing=missing_words(missing, t)))}</p>'
        f"<p>{escape(t('Upload what is missing on the page Projects, then check and open the project.'))}</p></div>"
    )
    _to_projects(t("Go on with this project"), "sources", t)
    st.stop()


def _failed(problem: PlanningError | Message, t: Translator) -> None:
    """Show why the county cannot be opened, and where it is mended."""
    page_title(session().source.project.parent.name, t("This project cannot be opened"))
    show_error(problem, t)
    st.html(
        f'<div class="pl-note">{escape(t("The check on the page Projects lists every fault of every source at once, and how to mend it."))}</div>'
    )
    _to_projects(t("To the check"), "check", t)


def _to_projects(label: str, step: str, t: Translator) -> None:
    if st.button(label, type="primary", key=f"to-{step}"):
        go_to_step(step)
        go_to_page(PROJECTS_PAGE, t)


def _wait(job: Job, t: Translator) -> None:
    @st.fragment(run_every=0.5)
    def waiting() -> None:
        if job.done:
            st.rerun()
        st.html(
            f'<div class="pl-wait"><h2>{escape(t("Preparing the county"))}</h2>'
            f"<p>{escape(t('Roads, children and schools are read, and every way to school is measured. This is done once.'))}</p></div>"
        )
        st.progress(job.share, text=plain(t.message(job.doing)))
        st.caption(t("{n} s", n=t.number(job.seconds())))
        if warming.compiling():
            st.caption(
                t("First use on this machine: the program is prepared, which takes up to a minute and is done once.")
            )

    waiting()


def choose_stage(workspace: Workspace, t: Translator) -> str:
    """
    Let the planner choose a stage; the choice holds on every page.

    Parameters
    ----------
    workspace : Workspace
        The county.
    t : Translator
        The language.

    Returns
    -------
    str
        The stage.
    """
    stages = workspace.stages
    if len(stages) == 1:
        return stages[0]
    chosen = st.segmented_control(
        t("Stage"),
        stages,
        default=None if STAGE_KEY in st.session_state else stages[0],  # another page may have set it
        required=True,
        format_func=lambda stage: term(t, stage),
        key=STAGE_KEY,
        persist_state="session",
    )
    return chosen if chosen in stages else stages[0]


def page_title(title: str, hint: str = "") -> None:
    """
    Head a page.

    Parameters
    ----------
    title : str
        The heading.
    hint : str
        What the page is about, in small.
    """
    st.html(f'<h1 class="pl-title">{escape(title)}<small>{escape(hint)}</small></h1>')


def section(title: str, hint: str = "") -> None:
    """
    Head a part of a page.

    Parameters
    ----------
    title : str
        The heading.
    hint : str
        What the reader should know, in small.
    """
    more = f'<span class="pl-hint">{escape(hint)}</span>' if hint else ""
    st.html(f'<h3 class="pl-section">{escape(title)}{more}</h3>')


def in_words(problem: PlanningError | Message, t: Translator) -> str:
    """
    Put an error into words.

    Parameters
    ----------
    problem : PlanningError or Message
        What went wrong.
    t : Translator
        The language.

    Returns
    -------
    str
        One fault a line.
    """
    return t.message(problem) if isinstance(problem, Message) else t.error(problem)


def show_error(problem: PlanningError | Message, t: Translator) -> None:
    """
    Show an error, its text as text.

    Parameters
    ----------
    problem : PlanningError or Message
        What went wrong.
    t : Translator
        The language.
    """
    lines = in_words(problem, t).split("\n")
    rest = "".join(f"<li>{escape(line.strip())}</li>" for line in lines[1:])
    st.html(f'<div class="pl-error" role="alert"><b>{escape(lines[0])}</b>{f"<ul>{rest}</ul>" if rest else ""}</div>')

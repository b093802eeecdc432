"""What one session holds, every key of it, and every cache: pages and widgets keep nothing of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import streamlit as st
from streamlit.runtime import get_instance

from planning.i18n import LANGUAGES, Language, Translator, get_translator
from planning.scenario.edits import CloseSchool, Edit, MoveSchool, NewSchool, SetSeats
from planning.ui.jobs import Jobs
from planning.ui.proposing.draft import Draft
from planning.ui.workspace import Source, source_from_environment, source_of_name

if TYPE_CHECKING:
    from planning.scenario.questions import Answer

__all__ = [
    "LANGUAGE_KEY",
    "PROJECT_KEY",
    "STAGE_KEY",
    "Session",
    "jobs",
    "media_url",
    "open_source",
    "session",
    "translator",
]

LANGUAGE_KEY = "lang"
STAGE_KEY = "stage"
PROJECT_KEY = "project"
_SESSION_KEY = "planner"


@dataclass
class Session:
    """
    One planner's work: the list of edits with undo and redo, what is selected, what was asked.

    Parameters
    ----------
    source : Source
        What is open.
    """

    source: Source
    key: str = ""
    edits: tuple[Edit, ...] = ()
    past: list[tuple[Edit, ...]] = field(default_factory=list)
    future: list[tuple[Edit, ...]] = field(default_factory=list)
    selected: str | None = None
    draft: Draft = field(default_factory=Draft)
    answer: Answer | None = None
    answer_job: str | None = None
    export_job: str | None = None
    last_event: int = 0
    revision: int = 0
    complaint: Any = None

    def do(self, edits: Sequence[Edit]) -> None:
        """
        Replace the list of edits; the list before can be had back.

        Parameters
        ----------
        edits : sequence of Edit
            The new list.
        """
        if tuple(edits) != self.edits:
            self.past.append(self.edits)
            self.future.clear()
            self.edits = tuple(edits)

    def undo(self) -> None:
        """Go one step back."""
        if self.past:
            self.future.append(self.edits)
            self.edits = self.past.pop()

    def redo(self) -> None:
        """Go one step forward again."""
        if self.future:
            self.past.append(self.edits)
            self.edits = self.future.pop()

    def place(self, school: NewSchool) -> None:
        """
        Add a school.

        Parameters
        ----------
        school : NewSchool
            The school.
        """
        self.do((*self.edits, school))
        self.selected = school.site_id

    def move(self, school_id: str, x: float, y: float) -> None:
        """
        Move a school; a new school or one moved before just stands elsewhere.

        Parameters
        ----------
        school_id : str
            The school.
        x, y : float
            Its place in the county's reference system [m].
        """
        found = False
        edits: list[Edit] = []
        for edit in self.edits:
            if (isinstance(edit, NewSchool) and edit.site_id == school_id) or (
                isinstance(edit, MoveSchool) and edit.school_id == school_id
            ):
                edits.append(dataclasses.replace(edit, x=x, y=y))
                found = True
            else:
                edits.append(edit)
        self.do(edits if found else (*self.edits, MoveSchool(school_id, x, y)))
        self.selected = school_id

    def close(self, school_id: str) -> None:
        """
        Close a school; one that was only planned here is taken off the plan.

        Parameters
        ----------
        school_id : str
            The school.
        """
        others = tuple(edit for edit in self.edits if _school_of(edit) != school_id)
        planned_here = any(isinstance(edit, NewSchool) and edit.site_id == school_id for edit in self.edits)
        self.do(others if planned_here else (*others, CloseSchool(school_id)))
        self.selected = None if planned_here else school_id

    def set_seats(self, school_id: str, stage: str, seats: int | None) -> None:
        """
        Change the seats of a school.

        Parameters
        ----------
        school_id : str
            The school.
        stage : str
            Stage the seats are for.
        seats : int or None
            None: as many as come.
        """
        edits: list[Edit] = []
        found = False
        for edit in self.edits:
            if (isinstance(edit, NewSchool) and edit.site_id == school_id) or (
                isinstance(edit, SetSeats) and (edit.school_id, edit.stage) == (school_id, stage)
            ):
                edits.append(dataclasses.replace(edit, seats=seats))
                found = True
            else:
                edits.append(edit)
        self.do(edits if found else (*self.edits, SetSeats(school_id, stage, seats)))

    def forget(self, school_id: str) -> None:
        """
        Take back everything that was done to a school.

        Parameters
        ----------
        school_id : str
            The school.
        """
        self.do(tuple(edit for edit in self.edits if _school_of(edit) != school_id))

    def next_id(self) -> str:
        """
        Give an id that no school of the plan has, nor had before an undo.

        Returns
        -------
        str
            Such as ``new-3``.
        """
        taken = {_school_of(edit) for edits in (self.edits, *self.past, *self.future) for edit in edits}
        number = 1
        while f"new-{number}" in taken:
            number += 1
        return f"new-{number}"


def _school_of(edit: Edit) -> str:
    return edit.site_id if isinstance(edit, NewSchool) else edit.school_id


def open_source(source: Source | None) -> None:
    """
    Open another county, or the same one again after its files changed; the address carries which.

    Parameters
    ----------
    source : Source or None
        What to open; None: what the app was started with.
    """
    before = cast("Session | None", st.session_state.get(_SESSION_KEY))
    opened = Session(source or source_from_environment())
    st.session_state[_SESSION_KEY] = opened
    st.session_state.pop(STAGE_KEY, None)
    if before is not None and before.source != opened.source:
        # What the address says of the county before, such as its scenario, means nothing in another one.
        for name in [name for name in st.query_params if name not in (LANGUAGE_KEY, PROJECT_KEY)]:
            del st.query_params[name]


def session() -> Session:
    """
    Give the session's one object, made at its first use.

    Returns
    -------
    Session
        What this planner works on.
    """
    if _SESSION_KEY not in st.session_state:
        open_source(source_of_name(st.query_params.get(PROJECT_KEY, "")))
    return cast("Session", st.session_state[_SESSION_KEY])


def translator() -> Translator:
    """
    Give the translator of the session's language; Chinese where none was chosen.

    Returns
    -------
    Translator
        The words.
    """
    chosen = st.session_state.get(LANGUAGE_KEY) or st.query_params.get(LANGUAGE_KEY)
    return get_translator(cast("Language", chosen) if chosen in LANGUAGES else "zh")


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """
    Give the jobs of this process.

    Returns
    -------
    Jobs
        Shared by all sessions.
    """
    return Jobs()


def media_url(data: bytes, mime: str, place: str) -> str:
    """
    Serve bytes to this session's browser under an address made of their hash.

    Parameters
    ----------
    data : bytes
        What to serve.
    mime : str
        Their type.
    place : str
        Name of the place on the page; a later file of the same place replaces this one.

    Returns
    -------
    str
        Address relative to a component's frame, so that it holds under any base path.
    """
    return "../.." + get_instance().media_file_mgr.add(data, mime, place)

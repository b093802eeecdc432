"""What one session holds, every key of it, and every cache: pages and widgets keep nothing of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import streamlit as st
from streamlit.runtime import get_instance

from planning.errors import PlanningError
from planning.i18n import LANGUAGES, Language, Translator, get_translator
from planning.scenario.edits import (
    CloseSchool,
    ConvertSchool,
    Edit,
    MergeInto,
    MoveSchool,
    NewSchool,
    SetSeats,
    school_of,
    subject_of,
)
from planning.ui.jobs import Jobs
from planning.ui.open_scenario import OpenScenario
from planning.ui.proposing.draft import Draft
from planning.ui.workspace import Source, source_from_environment, source_of_name

if TYPE_CHECKING:
    from planning.scenario.questions import Answer
    from planning.ui.drawing import Sketch

__all__ = [
    "LANGUAGE_KEY",
    "PROJECT_KEY",
    "SCENARIO_KEY",
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
SCENARIO_KEY = "scenario"
_SESSION_KEY = "planner"


@dataclass
class Session:
    """
    One planner's work: the open scenario with undo and redo, what is selected, what was asked.

    Parameters
    ----------
    source : Source
        What is open.
    """

    source: Source
    key: str = ""
    selected: str | None = None
    draft: Draft = field(default_factory=Draft)
    answer: Answer | None = None
    answer_job: str | None = None
    export_job: str | None = None
    exchange_job: str | None = None
    pack_job: str | None = None
    last_event: int = 0
    revision: int = 0
    complaint: Any = None
    sketch: Sketch | None = None
    is_placed: bool = False
    plan: OpenScenario = field(init=False)

    def __post_init__(self) -> None:
        self.plan = OpenScenario(self.source.run or self.source.project)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits of the open scenario that are on, in order."""
        return self.plan.document.edits

    @property
    def past(self) -> bool:
        """True where there is a step to undo."""
        return self.plan.can_undo

    @property
    def future(self) -> bool:
        """True where there is a step to redo."""
        return self.plan.can_redo

    def attempt(self, act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """
        Do something to the scenario; what cannot be done is told at the next drawing, and None given.

        Parameters
        ----------
        act : callable
            A method of ``plan``.
        *arguments, **named
            Its arguments.

        Returns
        -------
        object
            What it gives.
        """
        try:
            return act(*arguments, **named)
        except PlanningError as error:
            self.complaint = error
            return None

    def do(self, edits: Sequence[Edit]) -> None:
        """
        Replace the list of edits; the list before can be had back.

        Parameters
        ----------
        edits : sequence of Edit
            The new list.
        """
        self.attempt(self.plan.set_edits, tuple(edits))

    def undo(self) -> None:
        """Go one step back."""
        self.attempt(self.plan.undo)

    def redo(self) -> None:
        """Go one step forward again."""
        self.attempt(self.plan.redo)

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
        planned_here = any(isinstance(edit, NewSchool) and edit.site_id == school_id for edit in self.edits)
        if planned_here:
            self.do(tuple(edit for edit in self.edits if not _names(edit, school_id)))
        else:
            others = tuple(edit for edit in self.edits if school_of(edit) != school_id)
            self.do((*others, CloseSchool(school_id)))
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
        added = any(isinstance(edit, NewSchool) and edit.site_id == school_id for edit in self.edits)
        gone = _names if added else _is_about
        self.do(tuple(edit for edit in self.edits if not gone(edit, school_id)))

    def merge(self, school_id: str, into: str, *, with_seats: bool = False) -> None:
        """
        Close a school in favour of another; what was done to it before is taken back.

        Parameters
        ----------
        school_id, into : str
            The school, and the one that takes it over.
        with_seats : bool
            True where its seats go to the other.
        """
        others = tuple(edit for edit in self.edits if school_of(edit) != school_id or isinstance(edit, NewSchool))
        self.do((*others, MergeInto(school_id, into, with_seats)))
        self.selected = school_id

    def convert(self, school_id: str, kind: str, beds: int | None, *, was: str) -> None:
        """
        Make a school one of another kind, or give it beds.

        Parameters
        ----------
        school_id : str
            The school.
        kind : str
            What it is from now on.
        beds : int or None
            Beds; None: as they are.
        was : str
            What it is in the base: to make it that again, without beds, takes the entry back.
        """
        self._set(ConvertSchool(school_id, kind, beds), drop=kind == was and beds is None)

    def revise(self, school_id: str, **values: Any) -> None:
        """
        Change what a new school is: its name, its kind.

        Parameters
        ----------
        school_id : str
            The new school.
        **values
            Fields of ``NewSchool``.
        """
        self.do(
            tuple(
                dataclasses.replace(edit, **values)
                if isinstance(edit, NewSchool) and edit.site_id == school_id
                else edit
                for edit in self.edits
            )
        )

    def put(self, edit: Edit) -> None:
        """
        Add an edit, in the place of one that sets the same.

        Parameters
        ----------
        edit : Edit
            The edit.
        """
        self._set(edit)

    def _set(self, edit: Edit, *, drop: bool = False) -> None:
        same = [subject_of(other) == subject_of(edit) for other in self.edits]
        if drop:
            self.do(tuple(other for other, is_same in zip(self.edits, same, strict=True) if not is_same))
        elif any(same):
            self.do(tuple(edit if is_same else other for other, is_same in zip(self.edits, same, strict=True)))
        else:
            self.do((*self.edits, edit))

    def next_id(self) -> str:
        """
        Give an id that no school of the plan has, nor had before an undo.

        Returns
        -------
        str
            Such as ``new-3``.
        """
        return f"new-{self.plan.next_number()}"


def _is_about(edit: Edit, school_id: str) -> bool:
    return school_of(edit) == school_id


def _names(edit: Edit, school_id: str) -> bool:
    return school_of(edit) == school_id or (isinstance(edit, MergeInto) and edit.into == school_id)


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
    here = cast("Session", st.session_state[_SESSION_KEY])
    _keep_address(here)
    return here


def _keep_address(here: Session) -> None:
    """Open the scenario that the address names, once; from then on the address follows the session."""
    plan = here.plan
    if not here.is_placed:
        here.is_placed = True
        t = translator()
        plan.first_name = t("Layout plan")
        named = st.query_params.get(SCENARIO_KEY)
        if named:
            here.attempt(plan.open, named)
    if plan.id is None:
        st.query_params.pop(SCENARIO_KEY, None)
    elif st.query_params.get(SCENARIO_KEY) != plan.id:
        st.query_params[SCENARIO_KEY] = plan.id


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

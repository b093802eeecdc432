"""The planning board: map, figures before and after, the list of edits, and proposals; all in one fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
import streamlit as st

from planning.errors import PlanningError, msg
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import CloseSchool, MergeInto, MoveSchool, NewSchool
from planning.scenario.proposals import default_seats
from planning.stages import BANDS
from planning.ui import drawing, layers, mapview, propose, sheets, shell, site_scores, tables
from planning.ui.edit_list import edit_list
from planning.ui.mapview import MapEvent, Reference
from planning.ui.overlays import pupils_on_roads
from planning.ui.scenario_bar import scenario_bar
from planning.ui.selected import selected_school
from planning.ui.state import Session, session
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState

__all__ = ["plan_board"]

TOOL_KEY = "plan-tool"


@st.fragment
def plan_board(workspace: Workspace, t: Translator) -> None:
    """
    Draw the board; a click on the map runs this fragment alone.

    Parameters
    ----------
    workspace : Workspace
        The county.
    t : Translator
        The language.
    """
    here = session()
    propose.collect_answer(here)
    scenario_bar(workspace, here, t)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-bar"):
        stage = shell.choose_stage(workspace, t)
        band = _choose_band(stage, t)
        view = layers.choose_layer(t, key="plan-view", change=True)
        tool = _choose_tool(t)
        _history(here, t)
    base = workspace.base[stage]
    # Always there, mostly empty: an element that comes and goes above the map would make the browser load it anew.
    complaints = st.container(gap=None, key="pl-complaints")
    try:
        current = workspace.state(stage, here.edits)
    except PlanningError as error:
        with complaints:
            shell.show_error(error, t)
        current = base
    if here.complaint is not None:
        with complaints:
            shell.show_error(here.complaint, t)
    flow = scores = None
    counted = here.edits if current is not base else ()
    with complaints:
        if view == "flow":
            flow = pupils_on_roads(workspace, stage, counted, t)
        elif view in site_scores.SITE_VIEWS:
            scores = site_scores.scores_of_sites(workspace, stage, counted, t)
    is_waited_for = (view == "flow" and flow is None) or (
        view in site_scores.SITE_VIEWS and scores is None and len(workspace.county.candidates) > 0
    )
    if not is_waited_for:
        here.complaint = None  # the end of a job draws the board again: a complaint must not vanish after half a second
    layer = layers.paint_layer(workspace, view, base, current, band, t, flow=flow, scores=scores)
    st.html(tables.figures_html(sheets.stage_figures(current, t, base=base)))

    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        _map(
            workspace,
            here,
            base,
            current,
            layer,
            tool,
            t,
            reference=_reference(workspace.key, stage, band, view, t.language, workspace, t),
        )
    with right, st.container(height="stretch", border=False, key="pl-side"):
        drawing.sketch_panel(here, workspace, t)
        selected_school(workspace, here, current, stage, t)
        if scores is not None:
            site_scores.best_sites(
                workspace, view, scores.table, t, place=lambda code: _place_at_site(code, workspace, here, stage, t)
            )
        edit_list(here, workspace, t)
        propose.proposal_panel(workspace, here, stage, t)
        shell.section(t("Before and after"), term(t, stage))
        st.html(sheets.compare_html(base, current, t))
        if here.edits:
            shell.section(t("Townships whose way changes"))
            st.html(sheets.gains_html(base, current, t))


def _choose_band(stage: str, t: Translator) -> str:
    bands = BANDS[stage]
    if len(bands) == 1:
        return bands[0]
    chosen = st.segmented_control(
        t("Grades"), bands, default=bands[0], required=True, format_func=lambda b: term(t, b), key=f"band-{stage}",
        persist_state="session",
    )  # fmt: skip
    return chosen or bands[0]


def _choose_tool(t: Translator) -> str:
    names = {"place": t("New school"), "": t("Look only")}
    chosen = st.segmented_control(
        t("A click on the map"), list(names), required=True, format_func=names.__getitem__, key=TOOL_KEY,
        default=None if TOOL_KEY in st.session_state else "place",  # Escape on the map may have set it
        persist_state="session",
    )  # fmt: skip
    return chosen or ""


def _history(here: Session, t: Translator) -> None:
    st.button(
        t("Undo"), icon=":material/undo:", disabled=not here.past, on_click=here.undo, key="undo", shortcut="Ctrl+Z"
    )
    st.button(
        t("Redo"), icon=":material/redo:", disabled=not here.future, on_click=here.redo, key="redo", shortcut="Ctrl+Y"
    )


def _map(
    workspace: Workspace,
    here: Session,
    base: StageState,
    current: StageState,
    layer: layers.Layer,
    tool: str,
    t: Translator,
    *,
    reference: Reference,
) -> None:
    closed = {edit.school_id for edit in here.edits if isinstance(edit, CloseSchool | MergeInto)}
    roles = dict.fromkeys(current.sites.index[current.sites["is_new"].astype(bool)], "new")
    roles |= {
        edit.school_id: "moved" for edit in here.edits if isinstance(edit, MoveSchool) and edit.school_id not in roles
    }
    marks = mapview.site_marks(
        workspace,
        current.sites,
        t,
        load=current.load,
        fills=layer.fills,
        roles=roles,
        selected=here.selected,
        draggable=lambda site: site in roles or site == here.selected,
    )
    gone = base.sites[base.sites.index.isin(closed)]
    marks += mapview.site_marks(workspace, gone, t, roles=dict.fromkeys(gone.index, "closed"), selected=here.selected)
    legend = mapview.kinds_shown(base.sites, t)
    if roles:
        legend.append(("new", "circle", t("new or moved")))
    if len(gone):
        legend.append(("closed", "circle", t("closed")))
    proposed = propose.proposed_sites(here, current)
    if proposed is not None and len(proposed):
        marks += mapview.site_marks(workspace, proposed, t, roles=dict.fromkeys(proposed.index, "proposed"))
        legend.append(("proposed", "circle", t("proposed")))
    stage = current.stage
    mapview.show_map(
        workspace,
        mapview.scene_of(layer.painting, marks, legend),
        place="plan",
        t=t,
        click="place" if tool == "place" else "",
        on_event=lambda event: _on_event(event, workspace, here, stage, t),
        reference=reference,
        lines=layer.lines,
        spots=layer.spots,
        drawn=drawing.drawn_on_map(workspace, here, t),
        draw=True,
    )


@st.cache_resource(show_spinner=False, max_entries=48)
def _reference(
    key: str, stage: str, band: str, view: str, language: str, _workspace: Workspace, _t: Translator
) -> Reference:
    """Draw a layer without edits, once for all sessions on a county."""
    del key, language
    base = _workspace.base[stage]
    layer = layers.paint_layer(_workspace, view, base, base, band, _t)
    marks = mapview.site_marks(_workspace, base.sites, _t, load=base.load, fills=layer.fills)
    return mapview.reference_of(mapview.scene_of(layer.painting, marks, mapview.kinds_shown(base.sites, _t)))


def _on_event(event: MapEvent, workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """Turn what was done on the map into an edit; runs before the board is drawn again."""
    if event.type == "select":
        here.selected = None if here.selected == event.school_id else event.school_id
        return
    if event.type in ("undo", "redo", "leave"):
        _on_key(event.type, here)
        return
    if event.type in ("road", "estate"):
        drawing.take_drawing(event, workspace, here)
        return
    if event.type == "place" and event.school_id in workspace.county.candidates.index:
        _place_at_site(event.school_id, workspace, here, stage, t)
        return
    x, y = workspace.to_county(event.lon, event.lat)
    if not workspace.county.boundary.geometry.contains(shapely.Point(x, y)).any():
        here.complaint = msg("This place is outside the county; nothing was changed.")
        return
    if event.type == "move":
        here.move(event.school_id, x, y)
        return
    _place(x, y, workspace, here, stage, t)


def _place_at_site(code: str, workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    place = workspace.county.candidates.geometry[code]
    _place(place.x, place.y, workspace, here, stage, t)


def _place(x: float, y: float, workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """Add a new school of the stage's plain kind."""
    school_id = here.next_id()
    number = school_id.rsplit("-", 1)[-1]
    # A stage's plain kind of school bears the stage's own name.
    seats = default_seats(workspace.county, stage)
    here.place(NewSchool(school_id, t("New school {n}", n=number), x, y, stage, seats, stage))


def _on_key(wish: str, here: Session) -> None:
    """Do what a key pressed on the map asks for."""
    if wish == "undo":
        here.undo()
    elif wish == "redo":
        here.redo()
    else:
        st.session_state[TOOL_KEY] = ""

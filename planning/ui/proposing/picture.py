"""The proposal on the map: who gains and who loses, what is built, enlarged and closed; or the places that stand in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from planning.errors import PlanningError
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import CloseSchool, NewSchool, SetSeats, school_of
from planning.scenario.relaxation import clashing_cells
from planning.ui import colours, mapview
from planning.ui.colours import Painting
from planning.ui.mapview import MapEvent
from planning.ui.proposing.asking import edit_key
from planning.ui.state import Session
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer

__all__ = ["proposal_map", "state_before"]


def state_before(workspace: Workspace, here: Session, stage: str) -> StageState:
    """Give what the answer is compared with: its year without it, else the plan as it was when it was asked."""
    answer = here.answer
    if answer is not None and answer.before is not None:
        return answer.before
    try:
        return workspace.state(stage, here.draft.asked_edits if answer is not None else here.edits)
    except PlanningError:  # the plan cannot be worked out as it stands; its own page says why
        return workspace.base[stage]


def proposal_map(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """Draw the map; a click on a proposed change leaves it out of what is taken into the plan, or puts it back."""
    answer = here.answer
    before = state_before(workspace, here, stage)
    people = workspace.county.cells["population"]
    band = before.bands[0]
    if len(before.bands) > 1:
        band = st.segmented_control(
            t("Grades"), before.bands, default=band, required=True, format_func=lambda b: term(t, b),
            key=f"band-{stage}", persist_state="session",
        ) or band  # fmt: skip
    roles: dict[str, str] = {}
    legend: list[tuple[str, str, str]] = []
    shown = before.sites
    if answer is None or answer.question.stage != stage:
        painting = colours.paint_way(before, band, people, "distance_m", t)
    elif answer.proposal.status == "infeasible":
        painting = _clash(workspace, answer, t)
    elif answer.after is None:
        painting = colours.paint_way(before, band, people, "distance_m", t)
    else:
        painting = colours.paint_change(before, answer.after, band, people, t)
        shown = answer.after.sites
        roles = _roles(answer)
    marks = mapview.site_marks(workspace, shown, t, roles=roles)
    gone = before.sites[before.sites.index.isin([code for code, role in roles.items() if role == "closed"])]
    marks += mapview.site_marks(workspace, gone, t, roles=roles)
    legend = mapview.kinds_shown(before.sites, t)
    names = {"proposed": t("proposed"), "moved": t("enlarged"), "closed": t("closed")}
    legend += [(role, "circle", name) for role, name in names.items() if role in roles.values()]

    def on_event(event: MapEvent) -> None:
        if event.type != "select" or answer is None:
            return
        for edit in answer.edits:
            if school_of(edit) == event.school_id:
                here.draft.left_out ^= {edit_key(edit)}

    with st.container(key="pl-propose-map"):
        scene = mapview.scene_of(painting, marks, legend)
        mapview.show_map(workspace, scene, place="propose", t=t, on_event=on_event)


def _roles(answer: Answer) -> dict[str, str]:
    roles: dict[str, str] = {}
    for edit in answer.edits:
        if isinstance(edit, NewSchool):
            roles[edit.site_id] = "proposed"
        elif isinstance(edit, CloseSchool):
            roles[edit.school_id] = "closed"
        elif isinstance(edit, SetSeats):
            roles[edit.school_id] = "moved"
    return roles


def _clash(workspace: Workspace, answer: Answer, t: Translator) -> Painting:
    """Paint the places that make the question infeasible."""
    cells = workspace.county.cells
    lived = cells["population"].to_numpy() > 0
    guilty = cells.index.isin(clashing_cells(answer))
    classes = np.where(guilty, 2, np.where(lived, 1, 0)).astype(np.uint8)
    entries: list[dict[str, object]] = [
        {"color": "#c3c8cd", "label": t("other inhabited places")},
        {"color": "#b2182b", "label": t("places that make it impossible"), "hidden": not guilty.any()},
    ]
    return Painting(classes, t("Why there is no answer"), entries)

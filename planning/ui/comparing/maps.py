"""Maps of the scenarios beside each other, which move together, and difference maps in the classes of the tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.comparison import difference_legend
from planning.report.comparison_map import chief_band, place_classes, schools_that_change
from planning.ui import colours, mapview
from planning.ui.colours import Painting
from planning.ui.comparing.work import Compared
from planning.ui.state import Session
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.comparison import EvaluatedPlan

__all__ = ["difference_painting", "maps_view"]


def maps_view(workspace: Workspace, here: Session, found: Compared, t: Translator) -> None:
    """Draw a map for each scenario."""
    stage, band = chief_band(found.comparison, 1)
    bands = [each for name in workspace.stages for each in workspace.base[name].bands]
    stage_of = {each: name for name in workspace.stages for each in workspace.base[name].bands}
    kinds = {"change": t("Change of the way"), "way": t("Way of each scenario"), "time": t("Time of each scenario")}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        band = st.segmented_control(
            t("Grades"), bands, default=band, required=True, format_func=lambda code: term(t, code),
            key=f"compare-map-band-{found.key}",
        ) or band  # fmt: skip
        kind = st.segmented_control(
            t("The maps show"), list(kinds), default="change", required=True, format_func=kinds.__getitem__,
            key="compare-map-kind", persist_state="session",
        )  # fmt: skip
    stage = stage_of[band]
    st.caption(
        t("The maps move together: drag or zoom one of them. Colours and classes are those of the table of villages.")
    )
    with st.container(key="pl-compare-maps"):
        for start in range(0, len(found.plans), 2):
            for column, number in zip(st.columns(2, gap="small"), range(start, len(found.plans)), strict=False):
                with column:
                    _map(workspace, here, found, number, stage, band, str(kind), t)


def _map(
    workspace: Workspace, here: Session, found: Compared, number: int, stage: str, band: str, kind: str, t: Translator
) -> None:
    first, plan = found.plans[0], found.plans[number]
    people = workspace.county.cells["population"]
    if kind == "change" and number:
        title, painting = (
            t("{name} against {first}", name=plan.name, first=first.name),
            difference_painting(first, plan, stage, band, t),
        )
    else:
        measure = "time_min" if kind == "time" else "distance_m"
        title, painting = plan.name, colours.paint_way(plan.states[stage], band, people, measure, t)
    st.html(f'<div class="pl-compare-name">{escape(title)}</div>')
    mapview.show_map(
        workspace,
        mapview.scene_of(painting, *_schools(workspace, first, plan, stage, t)),
        place=f"compare{number}",
        t=t,
        together=here.plan.by,
    )


def _schools(
    workspace: Workspace, first: EvaluatedPlan, plan: EvaluatedPlan, stage: str, t: Translator
) -> tuple[list[dict[str, Any]], list[tuple[str, str, str]]]:
    """Mark the schools of a plan, what is new, and what closes."""
    state, changing = plan.states[stage], schools_that_change(first, plan, stage)
    closed = changing.index[changing["kind"] == "closed"]
    roles = dict.fromkeys((str(code) for code in changing.index.difference(closed)), "new")
    marks = mapview.site_marks(workspace, state.sites, t, load=state.load, roles=roles)
    gone = first.states[stage].sites.loc[closed]
    marks += mapview.site_marks(workspace, gone, t, roles=dict.fromkeys(map(str, gone.index), "closed"))
    legend = mapview.kinds_shown(state.sites, t)
    if roles:
        legend.append(("new", "circle", t("new or moved")))
    if len(gone):
        legend.append(("closed", "circle", t("closed")))
    return marks, legend


def difference_painting(first: EvaluatedPlan, plan: EvaluatedPlan, stage: str, band: str, t: Translator) -> Painting:
    """Paint the classes of the table; places without children of the band in either plan stay bare."""
    classes = place_classes(first, plan, stage, band)
    entries: list[dict[str, object]] = [
        {"color": colour, "label": words, "hidden": at > 4 and not (classes == at).any()}
        for at, (colour, words) in enumerate(difference_legend(t))
    ]
    was, now = (each.states[stage].nearest[band]["distance_m"].to_numpy(dtype=np.float64) for each in (first, plan))
    return Painting((classes + 1).astype(np.uint8), t("Change of the way"), entries, was_m=was, now_m=now)

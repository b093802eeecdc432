"""The layers a map can show: one coloured surface at a time, chosen by the planner and kept for the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n import Translator
from planning.ui import colours
from planning.ui.colours import Painting
from planning.ui.overlays import Flow, paint_flow
from planning.ui.site_scores import SITE_VIEWS, SiteScores, Spots, paint_sites
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState

__all__ = ["Layer", "choose_layer", "paint_layer"]


@dataclass(frozen=True)
class Layer:
    """What one layer paints: cells, schools where they are coloured (by id; "" is hatched), packed lines, and points."""

    painting: Painting
    fills: dict[str, str] = field(default_factory=dict)
    lines: bytes | None = None
    spots: Spots | None = None


def choose_layer(t: Translator, *, key: str, change: bool) -> str:
    """Ask which layer the map shows; ``change`` where there is a state before and after."""
    names = {
        "distance_m": t("Distance"),
        "time_min": t("Time"),
        "nearest": t("Catchments"),
        "fullness": t("School fullness"),
        "off_road": t("Off mapped roads"),
        "flow": t("Pupils on the roads"),
    }
    if change:
        names = {"distance_m": names["distance_m"], "change": t("Change"), **names}
        names |= {"sites_limit": t("Sites by pupils gained"), "sites_way": t("Sites by ways shortened")}
    # A list that unfolds: six buttons side by side would break the bar in two on a screen of 1440.
    return st.selectbox(
        t("The map shows"), list(names), format_func=names.__getitem__, key=key, width=190, filter_mode=None,
        persist_state="session",
    )  # fmt: skip


def paint_layer(
    workspace: Workspace,
    layer: str,
    base: StageState,
    current: StageState,
    band: str,
    t: Translator,
    *,
    flow: Flow | None = None,
    scores: SiteScores | None = None,
) -> Layer:
    """Paint the chosen layer of the current state; ``flow`` and ``scores`` are worked out in jobs: None until they are known."""
    people = workspace.county.cells["population"]
    if layer == "change":
        return Layer(colours.paint_change(base, current, band, people, t))
    if layer == "nearest":
        return Layer(colours.paint_catchments(current, band, people, t, base=base))
    if layer == "off_road":
        return Layer(colours.paint_off_road(current, band, people, t))
    if layer == "fullness":
        return Layer(*colours.fullness_of_schools(current, t))
    if layer == "flow":
        return Layer(paint_flow(flow, len(people), t), lines=None if flow is None else flow.packed)
    if layer in SITE_VIEWS:
        painting, spots = paint_sites(workspace, layer, scores, t)
        return Layer(painting, spots=spots)
    return Layer(colours.paint_way(current, band, people, layer, t))

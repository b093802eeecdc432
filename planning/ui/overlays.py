"""What may lie over any layer of the map, and pupils on the roads, which a job lays there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from planning.errors import Tell, msg
from planning.i18n import Translator
from planning.report.map_overlays import FLOW_BREAKS, FLOW_WIDTHS, flow_lines, pack_overlay
from planning.ui.colours import Painting
from planning.ui.state import jobs
from planning.ui.waiting import result_of
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.scenario.edits import Edit
    from planning.ui.jobs import Job

__all__ = ["Flow", "Overlay", "fixed_overlays", "overlay_names", "paint_flow", "pupils_on_roads"]

FLOW = "#b8336a"
TOWNSHIPS, CLOSED, CANDIDATES, VILLAGES = "#5b3fa0", "#8a5a2b", "#007a6c", "#1d2733"
#: Pupils of a village from which the next larger dot begins, and the sizes [pixel].
_VILLAGE_PUPILS, _VILLAGE_SIZES = (10, 50, 150), (2.0, 3.5, 5.5, 8.0)


@dataclass(frozen=True)
class Overlay:
    """Shapes of a county that no edit changes, packed, and their colour in the list."""

    name: str
    color: str
    packed: bytes


@dataclass(frozen=True)
class Flow:
    """Roads with pupils, packed, and how many pupils cannot be drawn on them."""

    packed: bytes
    not_drawn: float


def overlay_names(t: Translator) -> dict[str, str]:
    """Name the overlays."""
    return {
        "townships": t("Township boundaries"),
        "villages": t("Villages, dots by pupils"),
        "closed": t("Areas closed to building"),
        "candidates": t("Possible sites"),
    }


@st.cache_resource(show_spinner=False, max_entries=8)
def fixed_overlays(key: str, _workspace: Workspace) -> tuple[Overlay, ...]:
    """Pack what lies over the map of a county; what the county has none of is not there."""
    del key
    county = _workspace.county
    named = county.cells[county.cells["name"] != ""]
    pupils = named[[column for column in named if str(column).startswith("pupils_")]].sum(axis=1).to_numpy(dtype=float)
    size = np.searchsorted(_VILLAGE_PUPILS, pupils, side="right")
    villages = [
        (VILLAGES, width, named.geometry.to_numpy()[(size == n) & (pupils > 0)])
        for n, width in enumerate(_VILLAGE_SIZES)
    ]
    parts = {
        "townships": (TOWNSHIPS, [(TOWNSHIPS, 2.2, list(county.townships.geometry.boundary))]),
        "villages": (VILLAGES, villages),
        "closed": (CLOSED, [(CLOSED, 0.8, list(county.exclusions.geometry))]),
        "candidates": (CANDIDATES, [(CANDIDATES, 3.0, list(county.candidates.geometry))]),
    }
    return tuple(
        Overlay(name, color, pack_overlay(shapes, crs=county.crs))
        for name, (color, shapes) in parts.items()
        if any(len(some) for _, _, some in shapes)
    )


def flow_job(workspace: Workspace, stage: str, edits: Sequence[Edit]) -> Callable[..., Job]:
    """Give what starts to lay a stage's pupils on the roads."""
    edits = tuple(edits)

    def work(tell: Tell, _: object) -> Flow:
        from planning.scenario.ways_to_school import stage_ways

        tell(0.2, msg("Laying the pupils on the roads"))
        county, state = workspace.county_of(edits), workspace.state(stage, edits)
        ways, network = stage_ways(county, state), county.network
        pupils = ways.flows[0::2] + ways.flows[1::2]
        tails, heads = network.xy[network.tails[0::2]], network.xy[network.heads[0::2]]
        lines = [(FLOW, width, some) for width, some in flow_lines(pupils, tails, heads)]
        lost = float(ways.sheet["pupils_straight"]) + float(ways.sheet["pupils_elsewhere"])
        return Flow(pack_overlay(lines, crs=network.crs), lost)

    return lambda *, again: jobs().start(f"flow-{workspace.key}-{stage}-{edits_key(edits)}", work, again=again)


def pupils_on_roads(workspace: Workspace, stage: str, edits: Sequence[Edit], t: Translator) -> Flow | None:
    """Give the roads with pupils, or show that they are being worked out."""
    found: Flow | None = result_of(
        flow_job(workspace, stage, edits), t, key="flow", doing=t("Laying the pupils on the roads"), usual_s=2.0
    )
    return found


def paint_flow(flow: Flow | None, n_cells: int, t: Translator) -> Painting:
    """Paint no cell, and say what the widths of the roads mean."""
    low = (None, *FLOW_BREAKS)
    high = (*FLOW_BREAKS, None)
    entries: list[dict[str, object]] = []
    for width, begin, end in zip(FLOW_WIDTHS, low, high, strict=True):
        if begin is None:
            label = f"< {t.number(end)}"
        else:
            label = f"≥ {t.number(begin)}" if end is None else f"{t.number(begin)} – {t.number(end - 1)}"
        entries.append({"color": FLOW, "label": label, "width": width})
    if flow is not None and flow.not_drawn > 0:
        lost = t("not drawn: {n} pupils without a mapped road, or of a new or moved school", n=t.number(flow.not_drawn))
        entries.append({"color": "#ffffff", "label": lost, "note": True})
    return Painting(np.zeros(n_cells, dtype=np.uint8), t("Pupils on the road to school, on foot"), entries)

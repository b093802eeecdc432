"""Roads and estates drawn on the map: the sketch, the form that makes it a change of the plan, and what the map shows of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st

from planning.errors import ConfigError, msg
from planning.i18n import Translator
from planning.report.map_overlays import pack_plain
from planning.scenario.edits import NewEstate, NewRoad
from planning.ui.edit_words import highway_name
from planning.ui.other_edits import (
    estate_fields,
    estate_from_fields,
    near_county,
    put_county_edit,
    road_fields,
    road_from_fields,
)
from planning.ui.words import with_unit

if TYPE_CHECKING:
    from planning.ui.mapview import MapEvent
    from planning.ui.state import Session
    from planning.ui.workspace import Workspace

__all__ = ["Sketch", "drawn_on_map", "sketch_panel", "take_drawing"]

Places = tuple[tuple[float, float], ...]
#: Keys of the fields' form; the typed way has another one, so that neither fills in the other.
_FORM = "drawn"


@dataclass(frozen=True)
class Sketch:
    """
    What was drawn and is not part of the plan yet.

    Parameters
    ----------
    kind : {"road", "estate"}
        What it is.
    points : tuple of (float, float)
        Its bends, or its one place, in the county's reference system [m].
    """

    kind: Literal["road", "estate"]
    points: Places


def take_drawing(event: MapEvent, workspace: Workspace, here: Session) -> None:
    """Keep what was drawn as the sketch, in the place of one before; what lies outside the county is refused."""
    here.attempt(_take, event, workspace, here)


def _take(event: MapEvent, workspace: Workspace, here: Session) -> None:
    degrees = event.points if event.type == "road" else ((event.lon, event.lat),)
    points: Places = tuple(
        place for k, place in enumerate(degrees) if k == 0 or place != degrees[k - 1]
    )  # a bend twice in one spot has no length
    if event.type == "road" and len(points) < 2:
        raise ConfigError(msg("A road needs two bends at the least; nothing was changed."))
    metres = tuple(workspace.to_county(lon, lat) for lon, lat in points)
    outside = np.flatnonzero(~near_county(np.asarray(metres), workspace))
    if outside.size:
        raise ConfigError(msg("Place {n} lies outside the county.", n=int(outside[0]) + 1))
    here.sketch = Sketch("road" if event.type == "road" else "estate", metres)


def sketch_panel(here: Session, workspace: Workspace, t: Translator) -> None:
    """Ask for the rest of what was drawn."""
    sketch = here.sketch
    if sketch is None:
        return
    is_road = sketch.kind == "road"
    title = t("New road, drawn on the map") if is_road else t("New estate, placed on the map")
    told = t("{length}, bends: {n}", length=with_unit(length_m(sketch.points), "m", t), n=t.number(len(sketch.points)))
    with st.form("pl-sketch", border=True):
        st.html(f'<div class="pl-school"><b>{escape(title)}</b><span>{escape(told if is_road else "")}</span></div>')
        if is_road:
            road_fields(t, form=_FORM)
        else:
            estate_fields(workspace, t, form=_FORM)
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                t("Add the road") if is_road else t("Add the estate"),
                key="sketch-add",
                type="primary",
                on_click=_add,
                args=(here, workspace, sketch, t),
            )
            st.form_submit_button(t("Discard"), key="sketch-drop", on_click=_drop, args=(here,))


def _add(here: Session, workspace: Workspace, sketch: Sketch, t: Translator) -> None:
    """Make the sketch a change of the plan; it stays where the county cannot take it, with the reason above."""
    edit = (
        road_from_fields(here, sketch.points, t, form=_FORM)
        if sketch.kind == "road"
        else estate_from_fields(here, workspace, sketch.points[0], t, form=_FORM)
    )
    if put_county_edit(here, workspace, edit):
        _drop(here)


def _drop(here: Session) -> None:
    here.sketch = None


def length_m(points: Sequence[tuple[float, float]]) -> float:
    """Measure a line [m]."""
    return float(np.hypot(*np.diff(np.asarray(points), axis=0).T).sum())


def drawn_on_map(workspace: Workspace, here: Session, t: Translator) -> bytes | None:
    """Pack the new roads and estates of the plan, and the sketch; None where there are none."""
    found = [*(_shape(edit, t) for edit in here.edits if isinstance(edit, NewRoad | NewEstate))]
    if here.sketch is not None:
        found.append(_sketched(here.sketch, t))
    if not found:
        return None
    xy = np.concatenate([np.asarray(points, dtype=float).reshape(-1, 2) for _, points in found])
    lons, lats = workspace.to_degrees(xy[:, 0], xy[:, 1])
    degrees = iter(np.round(np.column_stack([lats, lons]), 6).tolist())
    return pack_plain([{**told, "path": _next(degrees, len(points))} for told, points in found])


def _next(degrees: Iterable[Any], n: int) -> list[Any]:
    return [place for _, place in zip(range(n), degrees, strict=False)]


def _shape(edit: NewRoad | NewEstate, t: Translator) -> tuple[dict[str, object], Places]:
    if isinstance(edit, NewRoad):
        lines = [highway_name(edit.highway, t), t("length: {length}", length=with_unit(length_m(edit.points), "m", t))]
        return {"kind": "road", "name": edit.name or edit.road_id, "draft": False, "lines": lines}, tuple(edit.points)
    lines = [t("dwellings: {n}", n=t.number(edit.dwellings)), t("handed over in {year}", year=str(edit.year))]
    return (
        {"kind": "estate", "name": edit.name or edit.estate_id, "draft": False, "lines": lines},
        ((edit.x, edit.y),),
    )


def _sketched(sketch: Sketch, t: Translator) -> tuple[dict[str, object], Places]:
    lines = [t("not yet part of the plan")]
    if sketch.kind == "road":
        lines.insert(0, t("length: {length}", length=with_unit(length_m(sketch.points), "m", t)))
    name = t("New road") if sketch.kind == "road" else t("New estate")
    return {"kind": sketch.kind, "name": name, "draft": True, "lines": lines}, sketch.points

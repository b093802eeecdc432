"""The bridge to the map in the browser: what it shows, and what a planner did on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import pandas as pd
import shapely
import streamlit as st
from streamlit.runtime import get_instance
from streamlit_folium import st_folium

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.map_scenes import PushScene, Scene, pack_scene
from planning.report.maps import plan_map
from planning.ui.colours import Painting
from planning.ui.media_shelf import MediaShelf
from planning.ui.overlays import fixed_overlays, overlay_names
from planning.ui.site_scores import Spots
from planning.ui.state import media_url, session
from planning.ui.words import number_of
from planning.ui.workspace import Workspace

__all__ = ["MapEvent", "Reference", "kinds_shown", "reference_of", "scene_of", "show_map", "site_marks"]

SHAPES: Mapping[str, str] = {
    "teaching_point": "triangle", "primary": "circle", "nine_year": "square", "junior": "square", "secondary": "square",
    "senior": "diamond", "kindergarten": "circle", "special": "diamond",
}  # fmt: skip
EVENTS = ("place", "move", "select", "undo", "redo", "leave", "road", "estate")
#: Bends that a drawn road may have; a browser that sends more is not ours.
_MOST_BENDS = 500


@dataclass(frozen=True)
class MapEvent:
    """
    What a planner did on the map.

    Parameters
    ----------
    type : {"place", "move", "select", "undo", "redo", "leave", "road", "estate"}
        A click on open ground, a school dragged, a click on a school; keys that undo, redo and put the tool away; a road or
        an estate drawn.
    school_id : str
        The school, or the possible site that was clicked; "" where there is none.
    lon, lat : float
        Where [degree].
    points : tuple of (float, float)
        Longitude and latitude of a drawn road's bends [degree].
    """

    type: Literal["place", "move", "select", "undo", "redo", "leave", "road", "estate"]
    school_id: str
    lon: float
    lat: float
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Reference:
    """What the browser fetches once about a layer without edits: the scene, and the same packed."""

    scene: Scene
    packed: bytes


def scene_of(painting: Painting, schools: Sequence[Mapping[str, Any]], marks: Sequence[tuple[str, str, str]]) -> Scene:
    """
    Put together what the map shows.

    Parameters
    ----------
    painting : Painting
        Classes of the cells, and legend.
    schools : sequence of Mapping
        As :func:`site_marks` makes them.
    marks : sequence of (role, shape, label)
        Lines of the legend about schools.

    Returns
    -------
    Scene
        Everything that an edit may change.
    """
    legend = {
        "title": painting.title,
        "entries": painting.entries,
        "schools": [{"role": role, "shape": shape, "label": label} for role, shape, label in marks],
    }
    return Scene(
        painting.classes, schools, legend, painting.sites, painting.site_ids, was_m=painting.was_m, now_m=painting.now_m
    )


def reference_of(scene: Scene) -> Reference:
    """Pack a scene, so that edits send only what differs from it."""
    return Reference(scene, pack_scene(scene))


def show_map(
    workspace: Workspace,
    scene: Scene,
    *,
    place: str,
    t: Translator,
    click: Literal["place", ""] = "",
    on_event: Callable[[MapEvent], None] | None = None,
    reference: Reference | None = None,
    lines: bytes | None = None,
    spots: Spots | None = None,
    drawn: bytes | None = None,
    draw: bool = False,
    together: str = "",
) -> None:
    """
    Show the map; only what changed goes over the wire.

    Parameters
    ----------
    workspace : Workspace
        The county.
    scene : Scene
        What to show.
    place : str
        Name of the page, so that every page has a map of its own.
    t : Translator
        The language.
    click : {"place", ""}
        What a click on open ground does.
    on_event : callable, optional
        Told what the planner did, before the page is drawn again.
    reference : Reference, optional
        The same layer without edits.
    lines : bytes, optional
        Lines of the layer, packed.
    spots : Spots, optional
        Points of the layer, packed.
    drawn : bytes, optional
        New roads and estates of the plan, packed.
    draw : bool
        Whether the map offers to draw them.
    together : str
        Maps of the same name move together.
    """
    # A hash and nothing after an underscore: streamlit-folium drops such parts of a key, and shows the wrong map.
    key = f"map-{place}-{workspace.assets.key}-{t.language}"
    here = session()

    def changed() -> None:
        event = _event(st.session_state.get(key))
        if event is not None and on_event is not None:
            on_event(event)

    here.revision += 1
    act: dict[str, Any] = {"revision": here.revision, "click": click, "select": on_event is not None}
    names = overlay_names(t)
    act["overlays"] = [
        {
            "label": names[overlay.name],
            "color": overlay.color,
            "name": overlay.name,
            "url": _served(overlay.packed, overlay.name),
        }
        for overlay in fixed_overlays(workspace.key, workspace)
    ]
    if lines is not None:
        act["lines"] = _served(lines, "lines")
    if spots is not None:
        act["spots"] = {"places": _served(spots.places, "places"), "values": _served(spots.values, "values")}
    if drawn is not None:
        act["drawn"] = _served(drawn, "drawn")
    act["draw"] = draw
    words = {
        "zoom_in": t("Zoom in"),
        "zoom_out": t("Zoom out"),
        "whole_county": t("Show the whole county"),
        "notice": t("For internal planning only"),
        "osm": t("© OpenStreetMap contributors"),
        "km": t("km"),
        "m": t("m"),
        "north": t("N"),
        "search": t("Find a place or school"),
        "nothing_found": t("Nothing of this name"),
        "no_path": t("no path"),
        "also": t("Also show"),
        "draw": t("Draw on the map"),
        "draw_road": t("Draw a road"),
        "draw_estate": t("Place an estate"),
        "draw_done": t("Done"),
        "draw_back": t("One back"),
        "draw_leave": t("Give up"),
        "draw_taken": t("Taken over; fill in the rest beside the map."),
        "hint_road": t("Click every bend; double-click or Enter ends, Backspace takes one back, Esc gives up."),
        "hint_estate": t("Click where the estate will stand; Esc gives up."),
        "new_road": t("new road"),
        "new_estate": t("new estate"),
    }
    carrier = plan_map(
        workspace.assets,
        base_url=_served(workspace.assets.base, "base", known_as=workspace.assets.key),
        raster_url=_served(workspace.assets.raster.png, "raster", known_as=workspace.assets.key, mime="image/png"),
        words=words,
        together=together,
    )
    st_folium(
        carrier,
        key=key,
        height=640,
        use_container_width=True,
        returned_objects=[],
        feature_group_to_add=PushScene(
            scene,
            act,
            reference=None if reference is None else reference.scene,
            reference_url="" if reference is None else _served(reference.packed, "reference"),
        ),
        on_change=changed,
    )


def _served(packed: bytes, name: str, *, known_as: str = "", mime: str = "application/octet-stream") -> str:
    """Give the address of a file, which holds for some time after the page has moved on."""
    _shelf().keep(get_instance().media_file_mgr, packed, mime, name=known_as and f"{known_as}-{name}")
    return media_url(packed, mime, f"planmap-{name}")


@st.cache_resource(show_spinner=False)
def _shelf() -> MediaShelf:
    return MediaShelf()


def site_marks(
    workspace: Workspace,
    sites: gpd.GeoDataFrame,
    t: Translator,
    *,
    load: pd.Series | None = None,
    roles: Mapping[str, str] | None = None,
    fills: Mapping[str, str] | None = None,
    selected: str | None = None,
    draggable: Callable[[str], bool] = lambda _: False,
) -> list[dict[str, Any]]:
    """
    Describe schools for the map.

    Parameters
    ----------
    workspace : Workspace
        The county.
    sites : geopandas.GeoDataFrame
        As a state of a stage holds them.
    t : Translator
        The language.
    load : pandas.Series, optional
        Pupils by site.
    roles : Mapping, optional
        ``new``, ``moved``, ``closed`` or ``proposed`` by id; ``open`` otherwise.
    fills : Mapping, optional
        Colour by id, "" for a hatching; by role otherwise.
    selected : str, optional
        Id of the selected school.
    draggable : callable
        Whether a school may be dragged.

    Returns
    -------
    list of dict
        Plain data, in the order of ``sites``.
    """
    if not len(sites):
        return []
    xy = shapely.get_coordinates(sites.geometry.to_numpy())
    lons, lats = workspace.to_degrees(xy[:, 0], xy[:, 1])
    roles = roles or {}
    marks = []
    for site_id, name, kind, seats, lon, lat in zip(
        sites.index, sites["name"], sites["kind"], sites["seats"], lons, lats, strict=True
    ):
        lines = [term(t, kind), t("Seats: {n}", n=number_of(seats, t))]
        if load is not None and site_id in load.index:
            lines.append(t("Pupils sent here: {n}", n=t.number(float(load[site_id]))))
        fill = {"fill": fills[str(site_id)]} if fills and str(site_id) in fills else {}
        marks.append(
            {
                **fill,
                "id": str(site_id),
                "name": str(name) or t("School without a name"),
                "lat": round(lat, 6),
                "lng": round(lon, 6),
                "role": roles.get(str(site_id), "open"),
                "shape": SHAPES.get(kind, "circle"),
                "lines": lines,
                "selected": str(site_id) == selected,
                "draggable": draggable(str(site_id)),
            }
        )
    return marks


def _event(value: object) -> MapEvent | None:
    """Read what the browser sent; the same event is taken once, anything else not at all."""
    if not isinstance(value, dict) or value.get("type") not in EVENTS:
        return None
    number, here = value.get("n"), session()
    if not isinstance(number, int | float) or number == here.last_event:
        return None
    here.last_event = int(number)
    try:
        lon, lat = float(value.get("lng", 0)), float(value.get("lat", 0))
        points = tuple((float(x), float(y)) for x, y in value.get("points", ()))
    except (TypeError, ValueError):
        return None
    if len(points) > _MOST_BENDS:
        return None
    return MapEvent(value["type"], str(value.get("id", "")), lon, lat, points)


def kinds_shown(sites: gpd.GeoDataFrame, t: Translator) -> list[tuple[str, str, str]]:
    """
    Say what the shapes of the schools on the map mean.

    Parameters
    ----------
    sites : geopandas.GeoDataFrame
        The schools shown.
    t : Translator
        The language.

    Returns
    -------
    list of (role, shape, label)
        One line a kind that occurs.
    """
    found = dict.fromkeys(sorted(sites["kind"], key=lambda kind: list(SHAPES).index(kind) if kind in SHAPES else 99))
    return [("open", SHAPES.get(kind, "circle"), term(t, kind)) for kind in found]

"""Changes that are not about a school: a road, an estate, an assumption; in a panel that opens over the page."""

from __future__ import annotations

import re

import numpy as np
import streamlit as st

from planning.errors import ConfigError, msg
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import ASSUMPTIONS, HIGHWAYS, Assumption, Edit, NewEstate, NewRoad, check_edit
from planning.ui.edit_words import assumption_name, highway_name
from planning.ui.state import Session
from planning.ui.workspace import Workspace

__all__ = [
    "estate_fields",
    "estate_from_fields",
    "near_county",
    "other_edits",
    "put_county_edit",
    "read_points",
    "road_fields",
    "road_from_fields",
]

#: Names the fields of the panel in which places are typed.
_TYPED = "typed"
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def other_edits(here: Session, workspace: Workspace, t: Translator) -> None:
    """Offer a road, an estate or an assumption."""
    with st.popover(t("Road, estate, assumption…"), icon=":material/add:", key="pl-other"):
        names = {"assumption": t("Assumption"), "estate": t("New estate"), "road": t("New road")}
        what = st.segmented_control(
            t("What changes"), list(names), default="assumption", required=True, format_func=names.__getitem__,
            key="other-what", persist_state="session",
        )  # fmt: skip
        if what == "road":
            _road(here, workspace, t)
        elif what == "estate":
            _estate(here, workspace, t)
        else:
            _assumption(here, workspace, t)


def _assumption(here: Session, workspace: Workspace, t: Translator) -> None:
    bands = set(workspace.county.project.bands)
    keys = [key for key in ASSUMPTIONS if not key.startswith("limits.") or key.split(".")[1] in bands]
    key = st.selectbox(t("What is assumed"), keys, format_func=lambda k: assumption_name(k, t), key="assume-key")
    least, most = ASSUMPTIONS[key]
    unit = t("minutes") if key.endswith("time_min") else t("metres") if key.endswith("distance_m") else t("times")
    value = st.number_input(
        t("Value ({unit})", unit=unit),
        min_value=least,
        max_value=most,
        value=min(max(1.0, least), most),
        key=f"assume-{key}",
    )
    st.button(
        t("Assume this"),
        key="assume",
        type="primary",
        on_click=lambda: put_county_edit(here, workspace, Assumption(key, float(value))),
    )


def _estate(here: Session, workspace: Workspace, t: Translator) -> None:
    st.caption(t("Or place it on the map: the button is beside the map's zoom."))
    estate_fields(workspace, t, form=_TYPED)
    st.text_input(t("Place: longitude, latitude"), key="estate-place", placeholder="104.0665, 30.5723")
    st.button(t("Add the estate"), key="estate-add", type="primary", on_click=_add_estate, args=(here, workspace, t))


def estate_fields(workspace: Workspace, t: Translator, *, form: str) -> None:
    """Ask what is to be known of an estate but its place; ``form`` names the form it is asked in."""
    st.text_input(t("Name of the estate"), key=f"estate-name-{form}", max_chars=80)
    left, right = st.columns(2)
    left.number_input(
        t("Dwellings"), min_value=1, max_value=100_000, value=500, step=50, key=f"estate-dwellings-{form}"
    )
    right.number_input(t("Year of handing over"), min_value=1900, max_value=2100, value=2028, key=f"estate-year-{form}")
    for stage in workspace.stages:
        st.number_input(
            t("{stage}: pupils per 100 dwellings", stage=term(t, stage)), min_value=0.0, max_value=300.0, value=None,
            key=f"estate-per-{stage}-{form}", placeholder=t("as usual in this project"),
        )  # fmt: skip


def estate_from_fields(
    here: Session, workspace: Workspace, place: tuple[float, float], t: Translator, *, form: str
) -> NewEstate:
    """Read the fields of a form."""
    state = st.session_state
    per = tuple(
        (stage, float(state[f"estate-per-{stage}-{form}"]))
        for stage in workspace.stages
        if state.get(f"estate-per-{stage}-{form}") is not None
    )
    number = _free(here, NewEstate, "estate")
    name = state[f"estate-name-{form}"].strip() or t("New estate {n}", n=number.rsplit("-", 1)[-1])
    return NewEstate(
        number, name, *place, int(state[f"estate-dwellings-{form}"]), int(state[f"estate-year-{form}"]), per
    )


def _add_estate(here: Session, workspace: Workspace, t: Translator) -> None:
    places = here.attempt(read_points, st.session_state["estate-place"], workspace, 1)
    if places is not None:
        put_county_edit(here, workspace, estate_from_fields(here, workspace, places[0], t, form=_TYPED))


def _road(here: Session, workspace: Workspace, t: Translator) -> None:
    st.caption(t("Or draw it on the map: the button is beside the map's zoom."))
    road_fields(t, form=_TYPED)
    st.text_area(
        t("Its bends from end to end, one a line: longitude, latitude"), key="road-points", height=110,
        placeholder="104.0665, 30.5723\n104.0712, 30.5761",
    )  # fmt: skip
    st.button(t("Add the road"), key="road-add", type="primary", on_click=_add_road, args=(here, workspace, t))


def road_fields(t: Translator, *, form: str) -> None:
    """Ask what is to be known of a road but its course; ``form`` names the form it is asked in."""
    st.text_input(t("Name of the road"), key=f"road-name-{form}", max_chars=80)
    st.selectbox(
        t("Class"),
        HIGHWAYS,
        index=HIGHWAYS.index("unclassified"),
        format_func=lambda h: highway_name(h, t),
        key=f"road-class-{form}",
    )
    st.caption(t("An end within 30 m of a road is joined to it; roads that it crosses are joined where they cross."))


def road_from_fields(here: Session, points: tuple[tuple[float, float], ...], t: Translator, *, form: str) -> NewRoad:
    """Read the fields of a form."""
    state = st.session_state
    number = _free(here, NewRoad, "road")
    name = state[f"road-name-{form}"].strip() or t("New road {n}", n=number.rsplit("-", 1)[-1])
    return NewRoad(number, name, points, state[f"road-class-{form}"])


def _add_road(here: Session, workspace: Workspace, t: Translator) -> None:
    points = here.attempt(read_points, st.session_state["road-points"], workspace, 2)
    if points is not None:
        put_county_edit(here, workspace, road_from_fields(here, points, t, form=_TYPED))


def read_points(text: str, workspace: Workspace, least: int) -> tuple[tuple[float, float], ...]:
    """Read places in degrees, one a line, and give them in the county's system [m]."""
    points = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        found = [float(part) for part in _NUMBER.findall(line)]
        if len(found) != 2 or not (-180 <= found[0] <= 180 and -90 <= found[1] <= 90):
            raise ConfigError(
                msg("Line {n}: give longitude and latitude in degrees, such as 104.0665, 30.5723 (given: {given}).",
                    n=number, given=line.strip()[:60])
            )  # fmt: skip
        points.append(workspace.to_county(found[0], found[1]))
    if len(points) < least:
        raise ConfigError(msg("Give at least {n} places, one a line: longitude, latitude.", n=least))
    places = np.asarray(points)
    outside = ~near_county(places, workspace)
    if outside.any():
        raise ConfigError(msg("Place {n} lies outside the county.", n=int(np.flatnonzero(outside)[0]) + 1))
    return tuple(points)


def near_county(places: np.ndarray, workspace: Workspace) -> np.ndarray:
    """Say which places lie in the county or the land round it whose roads are known."""
    low_x, low_y, high_x, high_y = workspace.county.boundary.total_bounds
    low, high = np.array([low_x, low_y]) - 5000.0, np.array([high_x, high_y]) + 5000.0
    near: np.ndarray = ((places >= low) & (places <= high)).all(axis=1)
    return near


def _free(here: Session, kind: type, word: str) -> str:
    """Give a code that no entry of the kind has."""
    taken = {
        entry.edit.road_id if isinstance(entry.edit, NewRoad) else entry.edit.estate_id
        for entry in here.plan.document.entries
        if isinstance(entry.edit, kind) and isinstance(entry.edit, NewRoad | NewEstate)
    }
    number = 1
    while f"{word}-{number}" in taken:
        number += 1
    return f"{word}-{number}"


def put_county_edit(here: Session, workspace: Workspace, edit: Edit) -> bool:
    """Add an edit once it is seen that the county can take it, and say whether it could."""

    def add() -> bool:
        check_edit(edit)
        workspace.county_of((*here.edits, edit))  # kept: the page that is drawn next asks for the same
        here.put(edit)
        return True

    return bool(here.attempt(add))

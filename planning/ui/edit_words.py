"""Edits of a scenario, and what became of them, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.document import Entry
from planning.scenario.edits import (
    Assumption,
    CloseSchool,
    ConvertSchool,
    Edit,
    MergeInto,
    MoveSchool,
    NewEstate,
    NewRoad,
    NewSchool,
    SetSeats,
)
from planning.ui.words import with_unit
from planning.ui.workspace import Workspace

__all__ = ["assumption_name", "change_texts", "edit_text", "highway_name", "school_name"]


def school_name(school_id: str, workspace: Workspace, edits: Sequence[Edit]) -> str:
    """Name a school, one of the plan or one that is there; its code where it has no name."""
    for edit in edits:
        if isinstance(edit, NewSchool) and edit.site_id == school_id:
            return edit.name or school_id
    names = workspace.county.schools["name"]
    return str(names.get(school_id, school_id)) or school_id


def edit_text(edit: Edit, workspace: Workspace, edits: Sequence[Edit], t: Translator) -> str:
    """Say in one line what an edit does."""

    def name(school_id: str) -> str:
        return school_name(school_id, workspace, edits)

    match edit:
        case NewSchool():
            seats = t("no limit") if edit.seats is None else t.number(edit.seats)
            return t("New: {name}, {stage}, seats {seats}", name=edit.name, stage=term(t, edit.stage), seats=seats)
        case MoveSchool():
            return t("Moved: {name}", name=name(edit.school_id))
        case CloseSchool():
            return t("Closed: {name}", name=name(edit.school_id))
        case SetSeats():
            seats = t("no limit") if edit.seats is None else t.number(edit.seats)
            return t("Seats of {name}: {seats}", name=name(edit.school_id), seats=seats)
        case MergeInto():
            both = {"name": name(edit.school_id), "into": name(edit.into)}
            if edit.with_seats:
                return t("Merged: {name} into {into}, with its seats", **both)
            return t("Merged: {name} into {into}", **both)
        case ConvertSchool():
            kind = term(t, edit.kind)
            if edit.beds is not None:
                return t("Converted: {name} to {kind}, {beds} beds",
                         name=name(edit.school_id), kind=kind, beds=t.number(edit.beds))  # fmt: skip
            return t("Converted: {name} to {kind}", name=name(edit.school_id), kind=kind)
    return _county_text(edit, t)


def _county_text(edit: Edit, t: Translator) -> str:
    match edit:
        case NewRoad():
            length = float(np.hypot(*np.diff(np.asarray(edit.points), axis=0).T).sum())
            return t("New road: {name}, {kind}, {length}",
                     name=edit.name, kind=highway_name(edit.highway, t), length=with_unit(length, "m", t))  # fmt: skip
        case NewEstate():
            return t("New estate: {name}, {n} dwellings, {year}",
                     name=edit.name, n=t.number(edit.dwellings), year=str(edit.year))  # fmt: skip
        case Assumption():
            unit = "min" if edit.key.endswith("time_min") else "m" if edit.key.endswith("distance_m") else ""
            value = with_unit(edit.value, unit, t) if unit else f"× {t.number(edit.value, 2)}"
            return t("Assumed: {what}: {value}", what=assumption_name(edit.key, t), value=value)
    return type(edit).__name__


def assumption_name(key: str, t: Translator) -> str:
    """Name what is assumed."""
    head, _, field = key.rpartition(".")
    if key == "walking_speed_factor":
        return t("Walking speed of all children, times")
    if head == "reach_limit":
        return t("Out of reach beyond, by time") if field == "time_min" else t("Out of reach beyond, by distance")
    band = term(t, head.removeprefix("limits."))
    return (
        t("Limit of {band}, by time", band=band)
        if field == "time_min"
        else t("Limit of {band}, by distance", band=band)
    )


def highway_name(highway: str, t: Translator) -> str:
    """Name a class of road."""
    names = {
        "trunk": t("national highway"),
        "primary": t("provincial road"),
        "secondary": t("county road"),
        "tertiary": t("township road"),
        "unclassified": t("village road"),
        "residential": t("street"),
        "service": t("service road"),
        "track": t("track"),
        "path": t("footpath"),
        "footway": t("footway"),
    }
    return names.get(highway, highway)


def change_texts(
    changes: Sequence[tuple[str, Entry]], workspace: Workspace, edits: Sequence[Edit], t: Translator
) -> list[str]:
    """Say what became of entries, one line a change."""
    lines = []
    for act, entry in changes:
        text = edit_text(entry.edit, workspace, edits, t)
        lines.append(
            {
                "added": text,
                "changed": t("Changed: {what}", what=text),
                "removed": t("Taken back: {what}", what=text),
                "off": t("Switched off: {what}", what=text),
                "on": t("Switched on: {what}", what=text),
                "comment": t("Note at: {what}", what=text),
                "order": t("The order was changed."),
            }[act]
        )
    return lines

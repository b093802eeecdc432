"""Words that only the report needs: rules by name, units after numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from planning.errors import Message, msg
from planning.i18n.terms import term
from planning.stages import KINDS, STAGES
from planning.standards.catalogue import CATALOGUE

if TYPE_CHECKING:
    from planning.i18n import Translator

__all__ = ["FIELDS", "Field", "change", "quantity", "rule_name", "unit_name"]

#: Units as they stand after a number or in brackets.
_UNITS: Mapping[str, Message] = MappingProxyType(
    {
        "m": msg("metres"),
        "min": msg("minutes"),
        "km/h": msg("km/h"),
        "km2": msg("square kilometres"),
        "1": msg("share, 1 is all"),
        "pupil": msg("number of pupils"),
        "pupils": msg("number of pupils"),
        "people": msg("people"),
        "cells": msg("inhabited places"),
        "school": msg("number of schools"),
        "schools": msg("number of schools"),
        "classes": msg("classes"),
        "seat": msg("number of seats"),
        "seats": msg("number of seats"),
        "seat/pupil": msg("seats for each pupil"),
        "beds/boarder": msg("beds for each boarder"),
        "pupil-m": msg("pupil-metres"),
        "pupil-min": msg("pupil-minutes"),
        "pupil-minutes/week": msg("pupil-minutes a week"),
        "yuan/year": msg("yuan a year"),
        "m2": msg("square metres"),
        "m2/pupil": msg("square metres for each pupil"),
        "m2/boarder": msg("square metres for each boarder"),
        "yuan/pupil": msg("yuan for each pupil"),
        "books/pupil": msg("books for each pupil"),
        "per100": msg("for each 100 pupils"),
        "pupils/staff": msg("pupils for each member of staff"),
        "staff/boarder": msg("staff for each boarder"),
        "staff/class": msg("staff for each class"),
        "boarders/room": msg("boarders in a room"),
        "seats/1000": msg("seats for each 1,000 residents"),
        "people/1000": msg("for each 1,000 residents"),
        "floors": msg("floors"),
        "years": msg("years"),
        "months": msg("months"),
        "hours": msg("hours"),
        "indicators": msg("indicators"),
        "level": msg("level"),
        "staff": msg("people of staff"),
        "rooms": msg("rooms"),
        "words": msg("list"),
    }
)


@dataclass(frozen=True)
class Field:
    """
    A field of the shapefiles.

    Parameters
    ----------
    short : str
        Its name there, at most 10 ASCII characters.
    unit : str
        Unit as tables have it; empty where there is none.
    meaning : Message
        What it says.
    codes : tuple of str
        Codes that stand in it.
    """

    short: str
    unit: str
    meaning: Message
    codes: tuple[str, ...] = ()


#: Fields of the shapefiles, by our column.
FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "site_id": Field("school_id", "", msg("Code of the school, as the table of schools has it or as the program gave it.")),
        "stage": Field("stage", "", msg("Stage that the catchment belongs to."), STAGES),
        "by": Field("by", "", msg("By which catchments the land is out of reach."), ("nearest", "allocated")),
        "name": Field("name", "", msg("Name of the school.")),
        "kind": Field("kind", "", msg("Kind of school."), KINDS),
        "seats": Field("seats", "seats", msg("Seats of the stage; empty where unknown, which is not 0.")),
        "cells": Field("cells", "cells", msg("Number of inhabited places (grid cells or villages) in the area.")),
        "people": Field("people", "people", msg("People who live in the area.")),
        "pupils": Field("pupils", "pupils", msg("Pupils of the stage who live in the area.")),
        "going": Field("going", "pupils", msg("Those of the area's pupils who go to this school when seats are regarded, boarders included.")),
        "share": Field("share", "1", msg("Part of the area's pupils who go to this school (going / pupils); empty where there are no pupils.")),
        "area_km2": Field("area_km2", "km2", msg("Area of the polygon in the plane of the project's reference system.")),
    }
)  # fmt: skip


def rule_name(t: Translator, path: str) -> str:
    """
    Name a rule.

    Parameters
    ----------
    t : Translator
        The language.
    path : str
        Its path in the pack, such as ``bands.junior.time_limit``.

    Returns
    -------
    str
        Such as ``Junior secondary: longest daily way to school``.
    """
    section, _, rest = path.partition(".")
    title = t.message(CATALOGUE[path].title)
    if section in ("bands", "stages"):
        return t("{what}: {detail}", what=term(t, rest.partition(".")[0]), detail=title)
    if section == "siting_buffers":
        return t("{what}: {detail}", what=t("Distance of a new school from"), detail=title)
    if section == "circles":
        return t("{what}: {detail}", what=t("{n}-minute living circle", n=rest.partition(".")[0]), detail=title)
    return title


def unit_name(t: Translator, unit: str) -> str:
    """
    Name a unit.

    Parameters
    ----------
    t : Translator
        The language.
    unit : str
        As tables have it, such as ``pupil-m``.

    Returns
    -------
    str
        The word; the unit itself where it is not known.
    """
    known = _UNITS.get(unit)
    return unit if known is None else t.message(known)


def quantity(t: Translator, value: float | None, unit: str) -> str:
    """
    Write a value with its unit as people read it.

    Parameters
    ----------
    t : Translator
        The language.
    value : float or None
        The value.
    unit : str
        Unit as in the table of indicators; ``1`` is a share.

    Returns
    -------
    str
        Such as ``2.31 km`` or ``93.5%``; a dash where there is no value.
    """
    if value is None or math.isnan(value):
        return "–"
    if unit == "1":
        return t.percent(value)
    if unit == "m":
        return t("{n} km", n=t.number(value / 1000, 2)) if abs(value) >= 1000 else t("{n} m", n=t.number(value))
    if unit == "min":
        return t("{n} min", n=t.number(value, 1))
    if unit == "seat/pupil":
        return t.number(value, 2)
    return t.number(value)


def change(t: Translator, before: float, after: float, unit: str) -> str:
    """
    Write by how much a value changes.

    Parameters
    ----------
    t : Translator
        The language.
    before, after : float
        The value.
    unit : str
        Its unit; a share changes by percentage points.

    Returns
    -------
    str
        With its sign, none where it is rounded to nothing; a dash where a value is missing.
    """
    by = after - before
    if math.isnan(by):
        return "–"
    size, none = (
        t("{n} percentage points", n=t.number(100 * n, 1)) if unit == "1" else quantity(t, n, unit)
        for n in (abs(by), 0.0)
    )
    if size == none:  # a difference too small to be seen has no sign
        return size
    return ("+" if by > 0 else "\N{MINUS SIGN}") + size

"""Names of stages, kinds, indicators and units, as people say them."""

from __future__ import annotations

import math

import pandas as pd

from planning.i18n import Translator

__all__ = [
    "band_name", "category_name", "indicator_name", "kind_name", "mode_name", "model_help", "model_name", "number_of",
    "reason_name", "stage_name", "with_unit",
]  # fmt: skip


def stage_name(stage: str, t: Translator) -> str:
    """Name a stage."""
    names = {
        "kindergarten": t("Kindergarten"),
        "primary": t("Primary"),
        "junior": t("Junior middle"),
        "senior": t("Senior middle"),
        "special": t("Special education"),
    }
    return names.get(stage, stage)


def band_name(band: str, t: Translator) -> str:
    """Name a grade band."""
    names = {
        "kindergarten": t("Kindergarten"),
        "primary_lower": t("Grades 1–3"),
        "primary_upper": t("Grades 4–6"),
        "junior": t("Grades 7–9"),
        "senior": t("Grades 10–12"),
        "special": t("Special education"),
    }
    return names.get(band, band)


def kind_name(kind: str, t: Translator) -> str:
    """Name a kind of school."""
    names = {
        "kindergarten": t("Kindergarten"),
        "teaching_point": t("Teaching point"),
        "primary": t("Primary school"),
        "nine_year": t("Nine-year school"),
        "junior": t("Junior middle school"),
        "secondary": t("Full secondary school"),
        "senior": t("Senior middle school"),
        "special": t("Special school"),
        "boarding": t("Boarding school"),
        "new": t("New school"),
        "keep": t("To be kept"),
        "closed": t("Closed"),
    }
    return names.get(kind, kind)


def mode_name(mode: str, t: Translator) -> str:
    """Name a way of travelling."""
    return {"walk": t("on foot"), "bike": t("by bicycle"), "drive": t("by vehicle")}.get(mode, mode)


def category_name(category: str, t: Translator) -> str:
    """Name a line of the reconciliation sheet."""
    names = {
        "total": t("All pupils"),
        "served": t("Served"),
        "no_seat": t("In reach, no seat"),
        "out_of_reach": t("Out of reach"),
    }
    return names.get(category, category)


def reason_name(reason: str, t: Translator) -> str:
    """Say why pupils are in a category; an unknown reason stands as it is."""
    names = {
        "seats_known": t("where the seats are known"),
        "seats_unknown": t("where the seats are unknown, counted as unlimited"),
        "seats_full": t("all schools in reach are full"),
        "no_path": t("no path to any school"),
        "beyond_reach_limit": t("beyond the project's reach limit"),
        "no_school": t("no school teaches this grade"),
    }
    return names.get(reason, reason)


def indicator_name(indicator: str, t: Translator) -> str:
    """Name an indicator."""
    names = {
        "pupils": t("Pupils"),
        "mean_distance": t("Mean way to the nearest school"),
        "median_distance": t("Median way"),
        "p90_distance": t("Way of the farthest tenth"),
        "max_distance": t("Longest way"),
        "mean_time": t("Mean time"),
        "median_time": t("Median time"),
        "p90_time": t("Time of the farthest tenth"),
        "share_within_limit": t("Within the limit"),
        "share_off_road": t("Off-road part of the way"),
        "served": t("Served"),
        "no_seat": t("In reach, no seat"),
        "out_of_reach": t("Out of reach"),
        "boarders": t("Boarders"),
        "mean_distance_allocated": t("Mean way to the school with a seat"),
        "schools": t("Schools"),
        "schools_seats_unknown": t("Schools with unknown seats"),
        "seats": t("Seats"),
        "seats_per_pupil": t("Seats per pupil"),
    }
    return names.get(indicator, indicator.replace("_", " "))


def model_name(model: str, t: Translator) -> str:
    """Name a question to the siting engine."""
    names = {
        "p_median": t("Shortest ways on average"),
        "max_coverage": t("Most pupils within the limit"),
        "set_cover": t("Fewest schools that cover all"),
        "p_center": t("Shortest longest way"),
        "capacitated": t("Shortest ways with enough seats"),
        "boarding": t("A boarding school"),
    }
    return names.get(model, model)


def model_help(model: str, t: Translator) -> str:
    """Say what a question looks for."""
    texts = {
        "p_median": t("Places the new schools so that all pupils together walk the least."),
        "max_coverage": t("Places the new schools so that as many pupils as possible live within the limit."),
        "set_cover": t("Finds the smallest number of new schools that brings every pupil within the limit."),
        "p_center": t("Places the new schools so that the pupil with the longest way has it as short as possible."),
        "capacitated": t("Places the new schools so that every pupil has a seat and the ways are short."),
        "boarding": t("Finds the place from which pupils who live too far for a daily way can board for the week."),
    }
    return texts.get(model, "")


def with_unit(value: float, unit: str, t: Translator) -> str:
    """
    Write a quantity as people read it.

    Parameters
    ----------
    value : float
        The quantity.
    unit : str
        ``m``, ``min``, ``1`` (a share), ``pupil``, … as the tables name it.
    t : Translator
        The language.

    Returns
    -------
    str
        Such as ``1.24 km``; a dash where there is no value.
    """
    if value is None or math.isnan(value):
        return "–"
    if unit == "m":
        return t("{n} km", n=t.number(value / 1000, 2)) if abs(value) >= 1000 else t("{n} m", n=t.number(value))
    if unit == "min":
        return t("{n} min", n=t.number(value, 1))
    if unit == "1":
        return t.percent(value)
    if unit == "pupil":
        return t("{n} pupils", n=t.number(value))
    if unit == "school":
        return t("{n} schools", n=t.number(value))
    if unit == "seat":
        return t("{n} seats", n=t.number(value))
    if unit == "seat/pupil":
        return t("{n} seats per pupil", n=t.number(value, 2))
    return t.number(value, 0 if float(value).is_integer() else 2)


def number_of(value: object, t: Translator) -> str:
    """Write a whole number, or "unknown" where the table has none."""
    return t("unknown") if value is None or value is pd.NA or pd.isna(value) else t.number(float(str(value)))

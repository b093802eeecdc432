"""The field's words behind the codes in tables: one label a code, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from planning.errors import Message, msg
from planning.i18n import Translator

__all__ = ["TERMS", "term"]

TERMS: Mapping[str, Message] = MappingProxyType(
    {
        # stages and grade bands
        "kindergarten": msg("Kindergarten"),
        "primary": msg("Primary school"),
        "primary_lower": msg("Grades 1-3"),
        "primary_upper": msg("Grades 4-6"),
        "junior": msg("Junior secondary"),
        "senior": msg("Senior secondary"),
        "special": msg("Special education"),
        # kinds of school and of proposed site
        "teaching_point": msg("Teaching point"),
        "nine_year": msg("Nine-year school"),
        "secondary": msg("Secondary school"),
        "new": msg("New school"),
        "boarding": msg("Boarding"),
        "keep": msg("To be kept"),
        "enlarged": msg("Enlarged"),
        "closed": msg("Closed"),
        "merged_into": msg("Receives pupils"),
        "blocked": msg("Stays open by the closure gate"),
        # lists in rule packs
        "central_kindergarten": msg("central kindergarten"),
        "central_primary": msg("central primary school"),
        "boarding_school": msg("public boarding school"),
        "drawing_up": msg("drawing up the plan"),
        "appraisal": msg("appraisal"),
        "public_notice": msg("public notice"),
        "hearing": msg("hearing"),
        "approval": msg("approval"),
        "preschool_use": msg("preschool education"),
        "out_of_school_use": msg("education out of school"),
        "left_behind_care": msg("care of left-behind children"),
        "attached_class": msg("special class at a school"),
        "inclusive_placement": msg("in ordinary classes"),
        "home_teaching": msg("teaching at home"),
        # ownership, locale
        "public": msg("Public"),
        "private": msg("Private"),
        "city": msg("City"),
        "town": msg("Town"),
        "village": msg("Village"),
        "unknown": msg("Unknown"),
        # modes
        "walk": msg("On foot"),
        "bike": msg("By bicycle"),
        "drive": msg("By vehicle"),
        # models
        "p_median": msg("Shortest total way (p-median)"),
        "max_coverage": msg("Most pupils within the limit (maximum coverage)"),
        "set_cover": msg("Fewest schools that bring all within the limit (set cover)"),
        "p_center": msg("Shortest longest way (p-center)"),
        "capacitated": msg("Seats and way together (capacitated)"),
        # reconciliation
        "total": msg("All pupils"),
        "served": msg("Have a seat"),
        "no_seat": msg("In reach, but no seat"),
        "out_of_reach": msg("Out of reach"),
        "seats_known": msg("at schools whose seats are known"),
        "seats_unknown": msg("at schools whose seats are unknown"),
        "boards": msg("boarder"),
        "seats_full": msg("all seats in reach are taken"),
        "no_path": msg("no path to a school"),
        "beyond_reach_limit": msg("beyond the project's reach limit"),
        "no_school_of_this_grade": msg("no school of these grades"),
        # when, status
        "base": msg("Today"),
        "before": msg("In that year, without the answer"),
        "after": msg("After"),
        "optimal": msg("proven best"),
        "time_limit": msg("stopped by the time limit"),
        "infeasible": msg("no answer possible"),
        "cancelled": msg("cancelled"),
        # indicators
        "pupils": msg("Pupils"),
        "mean_distance": msg("Mean way to the nearest school"),
        "median_distance": msg("Median way to the nearest school"),
        "p90_distance": msg("90 % of pupils go at most"),
        "max_distance": msg("Longest way to the nearest school"),
        "mean_time": msg("Mean time to the nearest school"),
        "median_time": msg("Median time to the nearest school"),
        "p90_time": msg("90 % of pupils need at most"),
        "share_within_limit": msg("Pupils within the limit"),
        "share_off_road": msg("Share of the way off the mapped roads"),
        "mean_distance_allocated": msg("Mean way to the school with a seat"),
        "boarders": msg("Boarders"),
        "schools": msg("Schools"),
        "schools_seats_unknown": msg("Schools with unknown seats"),
        "seats": msg("Seats"),
        "seats_per_pupil": msg("Seats per pupil"),
        # columns
        "question": msg("Question"),
        "when": msg("State"),
        "stage": msg("Stage"),
        "indicator": msg("Indicator"),
        "value": msg("Value"),
        "unit": msg("Unit"),
        "category": msg("Category"),
        "reason": msg("Reason"),
        "township": msg("Township"),
        "source": msg("Source"),
        "row": msg("Row"),
        "item": msg("Item"),
        "kept": msg("Kept"),
        "people": msg("People"),
        "name": msg("Name"),
        "kind": msg("Kind"),
        "ownership": msg("Ownership"),
        "school_id": msg("School code"),
        "site_id": msg("Site code"),
        "cell_id": msg("Cell code"),
        "band": msg("Grades"),
        "beds": msg("Beds"),
        "pupils_gained": msg("Pupils gained"),
        "pupils_before": msg("Pupils today"),
        "pupils_after": msg("Pupils after"),
        "moves": msg("Where pupils go or come from"),
        "pupils_nearer": msg("Pupils with a shorter way"),
        "lost_without": msg("Lost without it"),
        "unplaced_without": msg("Pupils then without a place"),
        "next_best": msg("Next-best place"),
        "lost_with_next_best": msg("Lost with that instead"),
        "lost_unit": msg("Unit of what is lost"),
        "load": msg("Pupils allocated"),
        "new_schools": msg("New schools"),
        "budget_yuan": msg("Budget (yuan)"),
        "spent_yuan": msg("Cost of building (yuan)"),
        "mean_distance_m": msg("Mean way to the nearest school (m)"),
        "places": msg("Places"),
        "plan": msg("Plan number"),
        "loss": msg("Worse than the best by"),
        "left_out": msg("Without these places of the answer"),
        "instead": msg("With these instead"),
        "way": msg("Way to help"),
        "school_bus": msg("School bus"),
        "pupils_asked": msg("Pupils beyond the daily limit"),
        "pupils_served": msg("Pupils helped"),
        "pupils_left": msg("Pupils not helped"),
        "week_min": msg("Time on the way in a week (min per pupil)"),
        "one_way_min_max": msg("Longest single way (min)"),
        "beds_needed": msg("Beds needed"),
        "seats_needed": msg("Seats needed"),
        "buses": msg("Buses"),
        "bus_km_week": msg("Kilometres of the buses in a week (km)"),
        "teaching_points": msg("Teaching points needed"),
        "cost_yuan_year": msg("Cost (yuan a year)"),
        "objective": msg("Objective"),
        "bound": msg("Bound"),
        "gap": msg("Gap"),
        "status": msg("Stop reason"),
        "distance_m": msg("Distance (m)"),
        "time_min": msg("Time (min)"),
        "share": msg("Share"),
        "area_km2": msg("Area (km²)"),
        "grid_total": msg("Total of the grid"),
        "list_total": msg("Total of the list"),
        "known_total": msg("Known total"),
        "factor": msg("Factor"),
        "grid": msg("Population grid"),
        "list": msg("Village list"),
        "grid+list": msg("Grid and list"),
        "incoming": msg("Incoming children"),
        "town_boarders": msg("Pupils who board in town"),
        "grid_pupils": msg("Pupils by the grid"),
        "list_pupils": msg("Pupils by the list"),
        "known_pupils": msg("Known pupils"),
        "by": msg("By"),
        "cells": msg("Inhabited places"),
        "going": msg("Pupils who go to this school"),
        "nearest": msg("nearest school"),
        "allocated": msg("allocation"),
        "rule": msg("Rule"),
        "document_number": msg("Number of the document"),
        "clause": msg("Clause"),
        "force": msg("Force"),
        "confidence": msg("Confidence"),
        "in_use": msg("In use"),
        "pack": msg("Rule pack"),
        "note": msg("Note"),
        # sheets
        "indicators": msg("Indicators"),
        "reconciliation": msg("Where every pupil is"),
        "indicators_by_township": msg("Indicators by township"),
        "proposal": msg("Proposed sites"),
        "closures": msg("Closures"),
        "frontier": msg("Other numbers of schools"),
        "alternatives": msg("Other plans"),
        "trade_off": msg("Boarding, bus, teaching point"),
        "demand": msg("Pupils and people"),
        "rules": msg("Rules"),
        "demand_by_band": msg("Pupils by township and grades"),
        "set_aside": msg("Set aside"),
        # units
        "m": msg("m"),
        "min": msg("min"),
        "yes": msg("Yes"),
        "no": msg("No"),
    }
)


def term(t: Translator, code: str) -> str:
    """
    Give the label of a code.

    Parameters
    ----------
    t : Translator
        The language.
    code : str
        A code of a table, such as ``primary_lower``.

    Returns
    -------
    str
        The label; the code itself where it is no code but a name.
    """
    known = TERMS.get(code)
    return code if known is None else t.message(known)

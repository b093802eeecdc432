"""School bus lines in tables and in words: the buses of each school, and the homes that none serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.i18n.terms import term
from planning.report.words import quantity
from planning.scenario.bus_lines import LINE_COLUMNS

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.questions import Answer

__all__ = ["line_section", "line_table"]

_LONGEST_LIST = 15


def line_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """
    List the stops of all school buses of all questions about boarding, and the homes that none serves.

    Parameters
    ----------
    answers : sequence of Answer
        Answers of a run.

    Returns
    -------
    pandas.DataFrame
        Columns ``LINE_COLUMNS``; minutes, metres and kilometres to one digit.
    """
    filled = [answer.lines for answer in answers if len(answer.lines)]
    if not filled:
        return pd.DataFrame(columns=list(LINE_COLUMNS))
    return pd.concat(filled, ignore_index=True).round({"ride_min": 1, "walk_m_max": 0, "bus_km_day": 1})


def line_section(t: Translator, answer: Answer) -> dict[str, Any] | None:
    """
    Put the buses of an answer into words for the report, the longest rides first.

    Parameters
    ----------
    t : Translator
        The language.
    answer : Answer
        The answer.

    Returns
    -------
    dict or None
        ``rows`` of school, stops, pupils, longest ride, longest walk to a stop and kilometres a day, a bus each; ``more``
        buses than are listed; ``left`` as sentences. None where there is nobody to carry.
    """
    lines = answer.lines
    if not len(lines):
        return None
    stops = lines[lines["bus"].notna()]
    buses = stops.groupby(["site_id", "bus"]).agg(
        school=("school", "first"),
        stops=("stop", "size"),
        pupils=("pupils", "sum"),
        ride_min=("ride_min", "max"),
        walk_m=("walk_m_max", "max"),
        km=("bus_km_day", "first"),
    )
    buses = buses.sort_values("ride_min", ascending=False, kind="stable").reset_index()
    rows = [
        (
            row["school"] or row["site_id"],
            t.number(int(row["bus"])),
            t.number(int(row["stops"])),
            t.number(int(row["pupils"])),
            quantity(t, float(row["ride_min"]), "min"),
            quantity(t, float(row["walk_m"]), "m"),
            t.number(float(row["km"]), 1),
        )
        for _, row in buses.head(_LONGEST_LIST).iterrows()
    ]
    left = lines[lines["bus"].isna()].groupby("reason")["pupils"].sum()
    return {
        "rows": rows,
        "more": max(len(buses) - _LONGEST_LIST, 0),
        "left": [
            t("{n} pupils have no bus: {reason}.", n=t.number(int(pupils)), reason=term(t, str(reason)))
            for reason, pupils in left.items()
        ],
    }

"""In which year a county passes, if what the roadmap asks for is added as planned (一县一案)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.compliance.balance import EVALUATED_STAGES, balance, school_pass
from planning.compliance.roadmap import added_to
from planning.compliance.verdicts import MET, NOT_MET, UNKNOWN

if TYPE_CHECKING:
    from planning.standards import RulePack

__all__ = ["PASSING_COLUMNS", "passing_by_year"]

PASSING_COLUMNS = (
    "year", "stage", "schools", "schools_met", "schools_unknown", "indicators", "indicators_met", "indicators_unknown",
    "verdict",
)  # fmt: skip


def passing_by_year(parts: pd.DataFrame, years: pd.DataFrame, pack: RulePack) -> pd.DataFrame:
    """
    Hold the schools against the rules at the end of each year of a timetable, pupils staying as they are.

    Sizes of classes and schools are no part of it: what the timetable adds does not change them.

    Parameters
    ----------
    parts : pandas.DataFrame
        As :func:`planning.compliance.balance.school_parts` gives it.
    years : pandas.DataFrame
        As :func:`planning.compliance.timetable.timetable` gives it.
    pack : RulePack
        The rules.

    Returns
    -------
    pandas.DataFrame
        Columns ``PASSING_COLUMNS``, by year (NA = today) and stage: how many schools pass, and how many coefficients keep
        their limit. The verdict is met where all of both do, unknown where only missing numbers stand against it.
    """
    rows: list[tuple[object, ...]] = []
    ends = sorted(int(year) for year in years["year"].dropna().unique())
    for end in (None, *ends):
        done = years[(years["year"] <= end).fillna(value=False).astype(bool)] if end is not None else years.iloc[:0]
        then = added_to(parts, done) if len(done) else parts
        passes, spread = school_pass(then, pack)["verdict"], balance(then, pack)
        for stage in EVALUATED_STAGES:
            schools = list(passes[passes.index.get_level_values("stage") == stage])
            indicators = list(spread.loc[spread["stage"] == stage, "verdict"])
            if not schools:
                continue
            every = schools + indicators
            verdict = NOT_MET if NOT_MET in every else UNKNOWN if UNKNOWN in every else MET
            counts = [sum(one == wanted for one in held) for held in (schools, indicators) for wanted in (MET, UNKNOWN)]
            rows.append(
                (end, stage, len(schools), counts[0], counts[1], len(indicators), counts[2], counts[3], verdict)
            )
    return pd.DataFrame(rows, columns=list(PASSING_COLUMNS)).astype({"year": "Int64"})

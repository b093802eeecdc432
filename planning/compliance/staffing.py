"""Staff due to each school from its pupils, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from planning.compliance.balance import stage_pupils
from planning.stages import KINDS_OF_STAGE

if TYPE_CHECKING:
    from planning.standards import RulePack

__all__ = ["STAFFED_STAGES", "staffing"]

#: Stages for which documents give pupils for each member of staff.
STAFFED_STAGES = ("primary", "junior", "senior")


def staffing(schools: pd.DataFrame, pupils_by_stage: Mapping[str, pd.Series], pack: RulePack) -> pd.DataFrame:
    """
    Compute the staff due to each open school of the county, and the gap to what it has.

    Staff are due by pupils, stage by stage. Documents ask that small rural schools be staffed by classes as well without
    a number; where the pack gives a tool default for it, a small school is due the larger of the two.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: kind, status, in_margin, and where known pupils and classes by stage, and ``staff``.
    pupils_by_stage : Mapping of str to pandas.Series
        Pupils of each school by stage [pupils], of any year; the register stands in for a stage that is not given.
    pack : RulePack
        The rules.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``school_id``: ``pupils``, ``due_by_pupils``, ``due_by_classes`` (NA unless small), ``due``, ``staff``,
        ``gap`` (staff missing, 0 or more) and ``surplus`` [persons]; ``missing`` names the columns that are unknown.
    """
    small_below = pack.number("small_school_below")
    per_class = pack.number("small_school_staff_per_class")
    taught = schools["kind"].isin({kind for stage in STAFFED_STAGES for kind in KINDS_OF_STAGE[stage]})
    there = schools[taught & (schools["status"] == "open") & ~schools["in_margin"].astype(bool)]
    total = pd.Series(0.0, index=there.index, dtype="Float64")
    by_pupils, classes = total.copy(), total.copy()
    missing: dict[str, list[str]] = {str(code): [] for code in there.index}
    for stage in STAFFED_STAGES:
        ratio = pack.number(f"stages.{stage}.pupils_per_staff")
        has = there["kind"].isin(KINDS_OF_STAGE[stage])
        pupils = stage_pupils(there, stage, pupils_by_stage)
        _tell(missing, has & pupils.isna(), f"pupils_{stage}")
        total = total.where(~has, total + pupils)
        by_pupils = by_pupils.where(~has, by_pupils + pupils / (float("nan") if ratio is None else ratio))
        counted = there.get(f"classes_{stage}", pd.Series(pd.NA, index=there.index, dtype="Float64")).astype("Float64")
        classes = classes.where(~has, classes + counted)
    small = pd.Series(False, index=there.index)
    if small_below is not None and per_class is not None:
        small = (total < small_below).fillna(value=False).astype(bool)
    due_by_classes = (classes * (per_class or 0.0)).where(small)
    _tell(missing, small & classes.isna(), "classes")
    due = by_pupils.where(~small, by_pupils.mask((due_by_classes > by_pupils).fillna(value=False), due_by_classes))
    due = due.mask(small & due_by_classes.isna())
    staff = there.get("staff", pd.Series(pd.NA, index=there.index, dtype="Float64")).astype("Float64")
    _tell(missing, staff.isna(), "staff")
    short = due - staff
    return pd.DataFrame(
        {
            "pupils": total,
            "due_by_pupils": by_pupils,
            "due_by_classes": due_by_classes,
            "due": due,
            "staff": staff,
            "gap": short.clip(lower=0),
            "surplus": (-short).clip(lower=0),
            "missing": [tuple(missing[str(code)]) for code in there.index],
        },
        index=there.index,
    )


def _tell(missing: dict[str, list[str]], where: pd.Series, column: str) -> None:
    for code in where.index[where.to_numpy(dtype=bool)]:
        missing[str(code)].append(column)

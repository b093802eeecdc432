"""Schools and classes that are larger than they may be, as far as it is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from planning.compliance.class_sizes import class_verdict
from planning.compliance.verdicts import NOT_MET, UNKNOWN

if TYPE_CHECKING:
    from planning.standards import RulePack

__all__ = ["COUNT_COLUMNS", "crowded"]

SIZE_COLUMNS = ("school_id", "stage", "rule", "value", "limit", "over", "classes_more")
COUNT_COLUMNS = ("school_id", "stage", "what")


def crowded(schools: pd.DataFrame, classes: pd.DataFrame, pack: RulePack) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    List schools and classes that are too large, and those of which nobody has counted what would tell.

    A nine-year school is held against its own limit, both stages together.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: kind.
    classes : pandas.DataFrame
        As :func:`planning.compliance.class_sizes.class_sizes` gives it.
    pack : RulePack
        The rules.

    Returns
    -------
    tuple of pandas.DataFrame
        Too large: ``school_id``, ``stage`` ("" for a nine-year school), ``rule``, ``value`` (the largest class, or the mean
        one where only that is known to be too large), its ``limit`` and what is ``over`` [pupils], and ``classes_more``, the
        least number of classes more in which the pupils fit. To be counted: ``school_id``, ``stage``, ``what`` (pupils,
        classes, largest_class).
    """
    rows: list[tuple[object, ...]] = []
    uncounted: list[tuple[str, str, str]] = []
    for row in classes.astype(float).reset_index().to_dict("records"):
        code, stage, pupils, count = row["school_id"], row["stage"], row["pupils"], row["classes"]
        rule = f"stages.{stage}.class_size_max"
        largest = pack.number(rule)
        if math.isnan(pupils):
            uncounted.append((code, stage, "pupils"))
        elif largest is not None:
            verdict = class_verdict(row["largest_class"], row["mean_class"], largest)
            if verdict == NOT_MET:
                value = row["mean_class"] if math.isnan(row["largest_class"]) else row["largest_class"]
                more = 0 if math.isnan(count) else max(math.ceil(pupils / largest - 1e-9) - int(count), 0)
                rows.append((code, stage, rule, value, largest, value - largest, more))
            elif verdict == UNKNOWN:
                uncounted.append((code, stage, "classes" if math.isnan(count) else "largest_class"))
        if schools.at[code, "kind"] != "nine_year" and not math.isnan(pupils):
            rows += _over(code, stage, f"stages.{stage}.school_size_max", pupils, pack)
    both = classes["pupils"].astype("Float64").groupby(level="school_id").sum(min_count=1, skipna=False)
    for code, pupils in both.astype(float).items():
        if schools.at[code, "kind"] == "nine_year" and not math.isnan(pupils):
            rows += _over(str(code), "", "nine_year.school_size_max", pupils, pack)
    sizes = pd.DataFrame(rows, columns=list(SIZE_COLUMNS)).sort_values(
        ["school_id", "stage", "rule"], ignore_index=True
    )
    return sizes, pd.DataFrame(uncounted, columns=list(COUNT_COLUMNS))


def _over(code: str, stage: str, rule: str, pupils: float, pack: RulePack) -> list[tuple[object, ...]]:
    most = pack.number(rule)
    return [] if most is None or pupils <= most else [(code, stage, rule, pupils, most, pupils - most, 0)]

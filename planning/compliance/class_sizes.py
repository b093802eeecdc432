"""Classes and schools that are too large: bands of class size and their shares, from class counts or from means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.compliance.balance import EVALUATED_STAGES, stage_pupils
from planning.compliance.verdicts import MET, NOT_MET, UNKNOWN
from planning.stages import KINDS_OF_STAGE

if TYPE_CHECKING:
    from planning.standards import RulePack

__all__ = ["SHARE_COLUMNS", "class_sizes", "class_verdict", "size_shares"]

SHARE_COLUMNS = ("stage", "measure", "value", "limit", "verdict", "missing", "path")
#: The bands for which the table of schools has columns; a pack with other bands is answered from means alone.
_BANDS_OF_TABLE = (56.0, 66.0)


def class_sizes(schools: pd.DataFrame, pupils_by_stage: Mapping[str, pd.Series], pack: RulePack) -> pd.DataFrame:
    """
    Lay out the classes of every open primary and junior school of the county.

    What the table says of the largest class and of large classes holds for the pupils of the register. Where a layout
    gives a school other pupils, only the mean class is known: it proves that some class is at least as large, and nothing
    else.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: kind, status, in_margin, and where known pupils, ``classes``, ``largest_class``,
        ``classes_56_65`` and ``classes_66`` by stage.
    pupils_by_stage : Mapping of str to pandas.Series
        Pupils of each school by stage [pupils]; the register stands in for a stage that is not given.
    pack : RulePack
        The rules.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``school_id, stage``: ``pupils``, ``classes``, ``mean_class`` [pupils], ``largest_class`` [pupils],
        ``large`` and ``oversize`` (classes of at least the pack's sizes); NA where unknown.
    """
    bands = (pack.number("class_size.large_from"), pack.number("class_size.oversize_from"))
    tables = []
    for stage in EVALUATED_STAGES:
        has = schools["kind"].isin(KINDS_OF_STAGE[stage])
        there = has & (schools["status"] == "open") & ~schools["in_margin"].astype(bool)
        pupils = stage_pupils(schools, stage, pupils_by_stage)
        register = stage_pupils(schools, stage, {})
        as_counted = (pupils == register).fillna(value=False)
        classes = _known(schools, f"classes_{stage}").where(lambda found: found > 0)
        very_large = _known(schools, f"classes_66_{stage}").where(as_counted)
        large = (_known(schools, f"classes_56_65_{stage}") + very_large).where(as_counted)
        largest = _known(schools, f"largest_class_{stage}").where(as_counted)
        if bands != _BANDS_OF_TABLE:
            large, very_large = large.mask(large.notna()), very_large.mask(very_large.notna())
        tables.append(
            pd.DataFrame(
                {
                    "pupils": pupils,
                    "classes": classes,
                    "mean_class": pupils / classes,
                    "largest_class": largest,
                    "large": large,
                    "oversize": very_large,
                }
            )[there]
            .assign(stage=stage)
            .set_index("stage", append=True)
        )
    found = pd.concat(tables)
    found.index = found.index.set_names(["school_id", "stage"])
    return found[(found["pupils"] != 0).fillna(value=True)].sort_index()


def class_verdict(largest: float, mean: float, limit: float) -> str:
    """
    Hold the classes of a school against the largest allowed.

    Parameters
    ----------
    largest : float
        Pupils of its largest class; NaN where unknown [pupils].
    mean : float
        Mean class; NaN where unknown [pupils].
    limit : float
        Largest allowed [pupils].

    Returns
    -------
    str
        From the largest class where it is known. A mean above the limit proves a breach; one below proves nothing.
    """
    if not np.isnan(largest):
        return MET if largest <= limit else NOT_MET
    return NOT_MET if mean > limit else UNKNOWN


def size_shares(sizes: pd.DataFrame, pack: RulePack) -> pd.DataFrame:
    """
    Give the county's shares of large classes, and count the schools above the caps of class and school.

    Parameters
    ----------
    sizes : pandas.DataFrame
        As :func:`class_sizes` gives it.
    pack : RulePack
        The rules.

    Returns
    -------
    pandas.DataFrame
        Columns ``SHARE_COLUMNS``. ``value`` of a share [1] is the least that is proven where numbers are missing; the
        verdict is then not met, or unknown. ``missing`` names the codes of the schools that lack class counts. For the caps
        ``value`` counts the schools above them, and the limit is that of one class or school [pupils].
    """
    rows: list[tuple[object, ...]] = []
    for stage in EVALUATED_STAGES:
        of_stage = sizes[sizes.index.get_level_values("stage") == stage].droplevel("stage")
        if of_stage.empty:
            continue
        for measure, band, path in (
            ("large", "class_size.large_from", "class_size.large_share_max"),
            ("oversize", "class_size.oversize_from", "class_size.oversize_share_max"),
        ):
            start, limit = pack.number(band), pack.number(path)
            if start is None or limit is None:
                continue
            known = of_stage[measure].notna() & of_stage["classes"].notna()
            # A mean above the class before the band proves at least one class in it.
            proven = (of_stage["mean_class"] > start - 1).fillna(value=False).astype(int)
            count = of_stage[measure].where(known, proven).astype(float).sum()
            total = of_stage["classes"].astype(float).sum()  # schools without any count add none
            missing = tuple(of_stage.index[~known])
            share = count / total if total else float("nan")
            unbounded = bool(of_stage["classes"].isna().any())
            if np.isnan(share) or (missing and (share <= limit or unbounded)):
                verdict = UNKNOWN
            else:
                verdict = MET if share <= limit * (1 + 1e-9) else NOT_MET
            rows.append((stage, f"{measure}_class_share", share, limit, verdict, missing, path))
        rows += _caps(of_stage, stage, pack)
    return pd.DataFrame(rows, columns=list(SHARE_COLUMNS)).astype({"value": "Float64", "limit": "Float64"})


def _caps(of_stage: pd.DataFrame, stage: str, pack: RulePack) -> list[tuple[object, ...]]:
    path = f"stages.{stage}.class_size_max"
    limit = pack.number(path)
    if limit is None:
        return []
    verdicts = [
        class_verdict(largest, mean, limit)
        for largest, mean in zip(
            of_stage["largest_class"].astype(float), of_stage["mean_class"].astype(float), strict=True
        )
    ]
    above, unknown = verdicts.count(NOT_MET), [verdict == UNKNOWN for verdict in verdicts]
    verdict = NOT_MET if above else UNKNOWN if any(unknown) else MET
    return [(stage, "schools_above_class_size", above, limit, verdict, tuple(of_stage.index[unknown]), path)]


def _known(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table.columns:
        return pd.Series(pd.NA, index=table.index, dtype="Float64")
    return table[name].astype("Float64")

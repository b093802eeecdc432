"""Balance of resources between schools: what each pupil has, how unevenly, and which schools reach the standard."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.access import cv
from planning.compliance.verdicts import MET, NOT_APPLICABLE, NOT_MET, UNKNOWN
from planning.stages import KINDS_OF_STAGE, STAGES
from planning.standards.catalogue import BASIC_INDICATORS, CATALOGUE, INDICATORS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.standards import RulePack

    Floats = NDArray[np.float64]

__all__ = [
    "BALANCE_COLUMNS",
    "COMPOSITE",
    "EVALUATED_STAGES",
    "TOTALS",
    "added_to",
    "balance",
    "indicator_values",
    "left_out",
    "school_parts",
    "school_pass",
    "stage_pupils",
    "thresholds",
]

#: Stages whose schools are evaluated.
EVALUATED_STAGES = ("primary", "junior")
#: Column of the table of schools that holds the total of each indicator.
TOTALS: Mapping[str, str] = MappingProxyType(
    {
        "qualified_teachers": "qualified_teachers",
        "backbone_teachers": "backbone_teachers",
        "sports_arts_teachers": "sports_arts_teachers",
        "teaching_area": "teaching_area_m2",
        "sports_area": "sports_area_m2",
        "equipment_value": "equipment_yuan",
        "multimedia_rooms": "multimedia_rooms",
        "computers": "computers",
        "books": "books",
        "staff_ratio": "staff",
        "mid_title_teachers": "mid_title_teachers",
    }
)
#: Name of the mean of the eight coefficients of basic balance among the indicators.
COMPOSITE = "composite"
BALANCE_COLUMNS = (
    "stage", "indicator", "cv", "limit", "verdict", "schools", "schools_missing", "missing", "path",
)  # fmt: skip
#: A value counts as reached from this share of its limit on, so that 4.2 x 100 / 100 reaches 4.2.
_NEARLY = 1 - 1e-9


def school_parts(
    schools: pd.DataFrame,
    pupils_by_stage: Mapping[str, pd.Series],
    *,
    evaluated_from: float | None = None,
) -> pd.DataFrame:
    """
    Lay out what each evaluated school has, nine-year schools as a primary and a junior part.

    A part has what the table gives for its stage (such as ``teaching_area_m2_primary``). What is given for the whole
    school only is divided in proportion to the pupils of its stages. The documents say that such schools are judged as
    two parts; how shared numbers are to be divided is not verified, so that this proportion is this tool's own rule.
    Of two parts of which one is given, the other is what is left of the total.

    Parameters
    ----------
    schools : pandas.DataFrame
        Schools by ``school_id``: kind, status, in_margin, pupils by stage, and those of the columns of ``TOTALS`` that
        are known, with ``_primary`` and ``_junior`` after them where they are known by stage.
    pupils_by_stage : Mapping of str to pandas.Series
        Pupils of each school by stage [pupils]. The register of ``schools`` stands in for a stage that is not given.
    evaluated_from : float, optional
        Teaching points with fewer pupils are left out [pupils].

    Returns
    -------
    pandas.DataFrame
        Indexed by ``school_id, stage``, sorted: ``pupils`` [pupils], totals by indicator [persons, m2, yuan, pieces],
        NA where unknown, and ``is_divided``, True where a total of the whole school was divided.
    """
    rows = {
        stage: _of_stage(schools, stage, pupils_by_stage, evaluated_from=evaluated_from) for stage in EVALUATED_STAGES
    }
    whole, by_stage = _columns(schools), {stage: _columns(schools, stage) for stage in EVALUATED_STAGES}
    tables = []
    for stage, (pupils, _) in rows.items():
        own = schools.index.get_indexer(pupils.index)
        share = _numbers(_share_of_pupils(schools, stage, pupils_by_stage))[own, None]
        given, total = by_stage[stage][own], whole[own]
        rest = total - _others_given(schools, stage, by_stage)[own]
        rest[rest < 0] = np.nan
        by_pupils = np.where(share == 1, total, total * share)
        divided = np.isnan(given) & np.isnan(rest) & ~np.isnan(by_pupils) & (share != 1)
        part = pd.DataFrame(_first_known(given, rest, by_pupils), pupils.index, list(TOTALS)).astype("Float64")
        part.insert(0, "pupils", pupils)
        part["is_divided"] = divided.any(axis=1)
        tables.append(part.assign(stage=stage).set_index("stage", append=True))
    found = pd.concat(tables)
    found.index = found.index.set_names(["school_id", "stage"])
    return found.sort_index()


def left_out(
    schools: pd.DataFrame, pupils_by_stage: Mapping[str, pd.Series], *, evaluated_from: float | None = None
) -> pd.DataFrame:
    """
    Name the open schools that are not evaluated.

    Parameters
    ----------
    schools : pandas.DataFrame
        As for :func:`school_parts`.
    pupils_by_stage : Mapping of str to pandas.Series
        Pupils of each school by stage [pupils].
    evaluated_from : float, optional
        Teaching points with fewer pupils are left out [pupils].

    Returns
    -------
    pandas.DataFrame
        ``school_id, stage, reason``; the reason is ``small_point`` or ``no_pupils``.
    """
    tables = []
    for stage in EVALUATED_STAGES:
        _, reasons = _of_stage(schools, stage, pupils_by_stage, evaluated_from=evaluated_from)
        tables.append(pd.DataFrame({"school_id": reasons.index, "stage": stage, "reason": reasons.to_numpy()}))
    return pd.concat(tables, ignore_index=True)


def indicator_values(parts: pd.DataFrame, *, names: Sequence[str] = INDICATORS) -> pd.DataFrame:
    """
    Give what each pupil has, in the units in which rule packs write it.

    Parameters
    ----------
    parts : pandas.DataFrame
        As :func:`school_parts` gives it.
    names : sequence of str
        The indicators.

    Returns
    -------
    pandas.DataFrame
        On the index of ``parts``, columns ``names`` [per 100 pupils, m2/pupil, yuan/pupil, books/pupil]; NA where
        unknown.
    """
    pupils = parts["pupils"].where(parts["pupils"] > 0)
    factor = {name: 100.0 if CATALOGUE[f"stages.primary.indicators.{name}"].unit == "per100" else 1.0 for name in names}
    return pd.DataFrame({name: parts[name] * factor[name] / pupils for name in names}, index=parts.index)


def stage_pupils(schools: pd.DataFrame, stage: str, pupils_by_stage: Mapping[str, pd.Series]) -> pd.Series:
    """
    Give the pupils of a stage, those of the register where no others are given.

    Parameters
    ----------
    schools : pandas.DataFrame
        Schools by ``school_id``, with ``pupils_`` and the stage where known.
    stage : str
        The stage.
    pupils_by_stage : Mapping of str to pandas.Series
        Pupils of each school by stage [pupils].

    Returns
    -------
    pandas.Series
        ``pupils`` on the index of ``schools``, Float64; NA where unknown.
    """
    if stage in pupils_by_stage:
        return pupils_by_stage[stage].reindex(schools.index).astype("Float64").rename("pupils")
    return _column(schools, f"pupils_{stage}").rename("pupils")


def thresholds(pack: RulePack, stage: str) -> dict[str, float]:
    """
    Give what each pupil of a stage is to have.

    Parameters
    ----------
    pack : RulePack
        The rules.
    stage : str
        The stage.

    Returns
    -------
    dict of str to float
        By indicator of quality balance, those that the pack gives.
    """
    found = {name: pack.number(f"stages.{stage}.indicators.{name}") for name in INDICATORS}
    return {name: number for name, number in found.items() if number is not None}


def school_pass(parts: pd.DataFrame, pack: RulePack) -> pd.DataFrame:
    """
    Say which schools meet enough indicators, with the others not far below.

    Parameters
    ----------
    parts : pandas.DataFrame
        As :func:`school_parts` gives it.
    pack : RulePack
        The rules.

    Returns
    -------
    pandas.DataFrame
        On the index of ``parts``: ``met``, ``not_met``, ``unknown`` (numbers of indicators), ``below_floor`` (names of
        those under the least share of their value), ``missing`` (names of unknown ones), ``verdict``. The verdict is
        unknown where what is missing could turn it.
    """
    values = indicator_values(parts)
    needed, floor = pack.number("evaluation.indicators_met_min"), pack.number("evaluation.floor_ratio")
    limits = {stage: thresholds(pack, stage) for stage in EVALUATED_STAGES}
    rows = []
    for (code, stage), row in zip(parts.index, values.to_dict("records"), strict=True):
        known = {name: row[name] for name in limits[stage] if pd.notna(row[name])}
        missing = [name for name in limits[stage] if name not in known]
        met = [name for name, value in known.items() if value >= limits[stage][name] * _NEARLY]
        low = [
            name
            for name, value in known.items()
            if name not in met and floor is not None and value < limits[stage][name] * floor * _NEARLY
        ]
        if not limits[stage] or needed is None:
            verdict = NOT_APPLICABLE
        elif low or len(met) + len(missing) < needed:
            verdict = NOT_MET
        elif missing and (len(met) < needed or floor is not None):
            verdict = UNKNOWN  # an unknown number may lie below the floor
        else:
            verdict = MET
        rows.append((code, stage, len(met), len(known) - len(met), len(missing), tuple(low), tuple(missing), verdict))
    columns = ["school_id", "stage", "met", "not_met", "unknown", "below_floor", "missing", "verdict"]
    return pd.DataFrame(rows, columns=columns).set_index(["school_id", "stage"])


def balance(parts: pd.DataFrame, pack: RulePack) -> pd.DataFrame:
    """
    Measure how unevenly the schools of each stage are equipped, and hold it against the pack.

    The coefficient of variation is weighted with pupils (:func:`planning.access.cv`). Quality balance tests each of seven
    indicators; basic balance the mean of eight.

    Parameters
    ----------
    parts : pandas.DataFrame
        As :func:`school_parts` gives it.
    pack : RulePack
        The rules.

    Returns
    -------
    pandas.DataFrame
        Columns ``BALANCE_COLUMNS``, a row for each stage and indicator that the pack tests. ``cv`` [1] is that of the
        schools whose number is known, NA where there is none; ``missing`` names the codes of the others, and with any of
        them the verdict is unknown.

    References
    ----------
    .. [1] Ministry of Education of China, measures for inspecting the balanced development of compulsory education in
       counties, 2012 and 2017, annex on the coefficient of variation.
    """
    rows: list[tuple[object, ...]] = []
    each = pack.rule("evaluation.cv_of_each")
    for stage in EVALUATED_STAGES:
        of_stage = parts[parts.index.get_level_values("stage") == stage].droplevel("stage")
        if of_stage.empty:
            continue
        single, composite = f"stages.{stage}.cv_max", f"stages.{stage}.composite_cv_max"
        if pack.rule(single) is not None:
            tested = each is None or each.yes
            limit = pack.needed(single).number
            for name in INDICATORS:
                found, missing = _spread(of_stage, name)
                verdict = _verdict(found, limit, missing) if tested else NOT_APPLICABLE
                rows.append((stage, name, found, limit, verdict, len(of_stage), len(missing), missing, single))
        if pack.rule(composite) is not None:
            spreads = [_spread(of_stage, name) for name in BASIC_INDICATORS]
            mean = float(np.mean([found for found, _ in spreads]))
            lacking = {code for _, missing in spreads for code in missing}
            without = tuple(code for code in of_stage.index if code in lacking)
            limit = pack.needed(composite).number
            verdict = _verdict(mean, limit, without)
            rows.append((stage, COMPOSITE, mean, limit, verdict, len(of_stage), len(without), without, composite))
    return pd.DataFrame(rows, columns=list(BALANCE_COLUMNS)).astype({"cv": "Float64", "limit": "Float64"})


def added_to(parts: pd.DataFrame, additions: pd.DataFrame) -> pd.DataFrame:
    """
    Give the schools as they are once something was added.

    Parameters
    ----------
    parts : pandas.DataFrame
        As :func:`school_parts` gives it.
    additions : pandas.DataFrame
        ``school_id``, ``stage``, ``indicator``, ``add``.

    Returns
    -------
    pandas.DataFrame
        Like ``parts``; what is unknown stays unknown.
    """
    found = parts.copy()
    at = parts.index.get_indexer(pd.MultiIndex.from_frame(additions[["school_id", "stage"]]))
    add = additions["add"].to_numpy(dtype=np.float64)
    for name, rows in additions.groupby("indicator").indices.items():
        own = rows[at[rows] >= 0]
        found[name] = found[name] + np.bincount(at[own], add[own], minlength=len(parts))
    return found


def _spread(of_stage: pd.DataFrame, name: str) -> tuple[float, tuple[str, ...]]:
    """Give the coefficient over the schools whose number is known, and the codes of the others."""
    totals, pupils = _numbers(of_stage[name]), _numbers(of_stage["pupils"])
    known = ~np.isnan(totals) & ~np.isnan(pupils)
    missing = tuple(of_stage.index[~known])
    return (cv(totals[known], pupils[known]) if totals[known].sum() > 0 else float("nan")), missing


def _verdict(found: float, limit: float, missing: Sequence[str]) -> str:
    if missing or np.isnan(found):
        return UNKNOWN
    return MET if found * _NEARLY <= limit else NOT_MET


def _of_stage(
    schools: pd.DataFrame, stage: str, pupils_by_stage: Mapping[str, pd.Series], *, evaluated_from: float | None
) -> tuple[pd.Series, pd.Series]:
    """Give the pupils of the evaluated schools of a stage, and the reasons of the open ones that are not."""
    has = schools["kind"].isin(KINDS_OF_STAGE[stage])
    there = has & (schools["status"] == "open") & ~schools["in_margin"].astype(bool)
    pupils = stage_pupils(schools, stage, pupils_by_stage)[there]
    reasons = pd.Series("", index=pupils.index, dtype=object)
    if evaluated_from is not None:
        small = (schools["kind"] == "teaching_point")[there] & (pupils < evaluated_from).fillna(value=False)
        reasons = reasons.mask(small, "small_point")
    reasons = reasons.mask((pupils == 0).fillna(value=False), "no_pupils")
    return pupils[reasons == ""], reasons[reasons != ""]


def _share_of_pupils(schools: pd.DataFrame, stage: str, pupils_by_stage: Mapping[str, pd.Series]) -> pd.Series:
    """Give the part of a school's pupils who are of a stage; NA where those of another stage are not known."""
    here = stage_pupils(schools, stage, pupils_by_stage)
    total, several = here.copy(), pd.Series(False, index=schools.index)
    for other in STAGES:
        has = schools["kind"].isin(KINDS_OF_STAGE[other])
        if other != stage and has.any():
            total = total.where(~has, total + stage_pupils(schools, other, pupils_by_stage))
            several |= has
    return (here / total).where(several, 1.0)


def _others_given(schools: pd.DataFrame, stage: str, by_stage: Mapping[str, Floats]) -> Floats:
    """Give what is known of the other stage of each school, a column an indicator; NaN where nothing is."""
    others = [given for other, given in by_stage.items() if other != stage]
    # of a complete secondary school the senior stage is not in the table
    is_whole = (schools["kind"] == "nine_year").to_numpy()
    return np.where(is_whole[:, None], _first_known(*others), np.nan)


def _columns(schools: pd.DataFrame, stage: str = "") -> Floats:
    """Give what the table has of each indicator, in all or for a stage, a column an indicator; NaN where unknown."""
    suffix = f"_{stage}" if stage else ""
    return np.column_stack([_numbers(_column(schools, column + suffix)) for column in TOTALS.values()])


def _first_known(*tables: Floats) -> Floats:
    """Take each number from the first table that knows it."""
    return functools.reduce(lambda found, other: np.where(np.isnan(found), other, found), tables)


def _numbers(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table.columns:
        return pd.Series(pd.NA, index=table.index, dtype="Float64")
    return table[name].astype("Float64")

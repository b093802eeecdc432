"""
What keeps a county from passing quality balance, how far off it is, and the least change that would pass (一县一案).

First each school is brought to its standard: enough indicators in full, the others to the floor; which ones stay below is
chosen so that least is added. Then each indicator whose coefficient of variation is still too large is levelled up
(:mod:`planning.compliance.levelling`), on top of what was added. A number that nobody has counted is never taken as 0: it is
listed as to be counted first, and what is said of such a school is the least that is known to be needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.compliance.balance import EVALUATED_STAGES, added_to, balance, school_pass, thresholds
from planning.compliance.crowding import COUNT_COLUMNS, crowded
from planning.compliance.levelling import level_up_whole, whole_up
from planning.compliance.timetable import check_prices
from planning.compliance.verdicts import MET, NOT_MET, UNKNOWN
from planning.standards.catalogue import CATALOGUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.standards import RulePack

    Floats = NDArray[np.float64]

__all__ = ["Roadmap", "added_to", "draw_roadmap"]

ADDITION_COLUMNS = (
    "school_id", "stage", "indicator", "unit", "has", "standard", "for_standard", "for_balance", "add", "gap", "is_complete",
)  # fmt: skip
INDICATOR_COLUMNS = (
    "stage", "indicator", "unit", "cv", "limit", "cv_after_standard", "cv_after", "for_standard", "for_balance", "add",
    "balance_alone", "schools", "schools_missing",
)  # fmt: skip
STOP_COLUMNS = ("stage", "test", "indicator", "value", "limit", "schools_not_met", "schools_unknown", "verdict", "path")

#: Unit of the totals of each indicator.
_UNITS = {"m2/pupil": "m2", "yuan/pupil": "yuan", "books/pupil": "books"}


@dataclass(frozen=True, eq=False)
class Roadmap:
    """
    What stops a county, and the least that would let it pass.

    Parameters
    ----------
    stops : pandas.DataFrame
        A row for each test that is not known to be met: ``stage``; ``test`` (cv, school_pass, class_size, school_size);
        ``indicator`` of a coefficient; ``value`` (the coefficient, or the share of schools known to pass) and ``limit`` [1];
        ``schools_not_met``, ``schools_unknown``; ``verdict`` (not_met, unknown); ``path`` of the rule.
    additions : pandas.DataFrame
        A row for each school, stage and indicator that needs more: ``has`` and ``standard`` (what its pupils are to have), what
        is added ``for_standard``, on top of it ``for_balance``, and ``add``, their sum, all in whole ``unit`` [persons, rooms,
        m2, yuan]; ``gap``, the addition as a share of the standard [1]; ``is_complete``, False where the school lacks numbers
        and may need more.
    indicators : pandas.DataFrame
        By stage and indicator: ``cv`` now, its ``limit``, ``cv_after_standard`` and ``cv_after`` [1] over the schools whose
        number is known; the sums added; ``balance_alone``, the least sum that would bring the coefficient to its limit if
        nothing else were asked; ``schools`` and ``schools_missing``.
    sizes : pandas.DataFrame
        Schools and classes that are too large, as :func:`planning.compliance.crowding.crowded` gives them.
    to_count : pandas.DataFrame
        ``school_id``, ``stage``, ``what``: numbers that have to be counted first.
    """

    stops: pd.DataFrame
    additions: pd.DataFrame
    indicators: pd.DataFrame
    sizes: pd.DataFrame
    to_count: pd.DataFrame


def draw_roadmap(
    schools: pd.DataFrame,
    parts: pd.DataFrame,
    classes: pd.DataFrame,
    pack: RulePack,
    *,
    unit_costs: Mapping[str, float] | None = None,
    spread: pd.DataFrame | None = None,
    passes: pd.DataFrame | None = None,
) -> Roadmap:
    """
    Say what stops a county and find the least change that would pass.

    Which indicators of a school may stay below their value (all but as many as must be met) is chosen by what that saves: by
    money where prices are given, otherwise by the additions as shares of the standard. As indicators do not depend on each
    other, taking the largest savings is the best choice.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: kind.
    parts : pandas.DataFrame
        As :func:`planning.compliance.balance.school_parts` gives it.
    classes : pandas.DataFrame
        As :func:`planning.compliance.class_sizes.class_sizes` gives it.
    pack : RulePack
        The rules.
    unit_costs : Mapping of str to float, optional
        Price of one more unit of each indicator [yuan/unit].
    spread, passes : pandas.DataFrame, optional
        What :func:`planning.compliance.balance.balance` and :func:`planning.compliance.balance.school_pass` give for the same
        parts, where they are known already; worked out here by default.

    Returns
    -------
    Roadmap
        What stops, what to add, and what to count first.

    Raises
    ------
    SchemaError
        If a price is missing, negative or not a number.
    """
    check_prices(unit_costs)
    now = balance(parts, pack) if spread is None else spread
    passed = school_pass(parts, pack) if passes is None else passes
    found = pd.concat([_of_stage(parts, stage, pack, unit_costs) for stage in EVALUATED_STAGES], ignore_index=True)
    sizes, uncounted = crowded(schools, classes, pack)
    missing = found.loc[found["is_missing"], ["school_id", "stage", "indicator"]].set_axis(list(COUNT_COLUMNS), axis=1)
    found["is_complete"] = found["has"].notna().groupby([found["school_id"], found["stage"]]).transform("all")
    needs = found[found["add"] > 0]
    return Roadmap(
        stops=_stops(now, passed, classes, pack, sizes, uncounted),
        additions=needs[list(ADDITION_COLUMNS)].sort_values(["school_id", "stage"], kind="stable", ignore_index=True),
        indicators=_by_indicator(found, parts, now, pack),
        sizes=sizes,
        to_count=pd.concat([missing, uncounted], ignore_index=True).sort_values(
            ["school_id", "stage"], kind="stable", ignore_index=True
        ),
    )


def _unit(indicator: str) -> str:
    """Name the unit of an indicator's totals."""
    per_pupil = CATALOGUE[f"stages.primary.indicators.{indicator}"].unit
    if per_pupil == "per100":
        return "rooms" if indicator == "multimedia_rooms" else "persons"
    return _UNITS[per_pupil]


def _of_stage(parts: pd.DataFrame, stage: str, pack: RulePack, unit_costs: Mapping[str, float] | None) -> pd.DataFrame:
    """Give what each school of a stage has, is to have and needs more, a row for each indicator and school."""
    own = parts[parts.index.get_level_values("stage") == stage]
    limits = thresholds(pack, stage)
    names = list(limits)
    per = [100.0 if CATALOGUE[f"stages.{stage}.indicators.{name}"].unit == "per100" else 1.0 for name in names]
    pupils = own["pupils"].to_numpy(dtype=np.float64, na_value=np.nan)
    # a row for each indicator, a column for each school
    counted = own[names].to_numpy(dtype=np.float64, na_value=np.nan).T
    asked = pupils * _upright(list(limits.values())) / _upright(per)
    known = ~np.isnan(counted) & ~np.isnan(asked)  # without pupils nothing can be said of any of its numbers
    has, standard = np.where(known, counted, np.nan), np.where(known, asked, np.nan)
    price = 1 / standard if unit_costs is None else _upright([unit_costs[name] for name in names])
    for_standard = _for_standard(has, standard, pack, price)
    for_balance = _for_balance(has + for_standard, pupils, pack.number(f"stages.{stage}.cv_max"), pack)
    add = for_standard + for_balance
    found = pd.DataFrame(
        {
            "school_id": own.index.get_level_values("school_id")[np.tile(np.arange(len(own)), len(names))],
            "stage": stage,
            "pupils": np.tile(pupils, len(names)),
            "has": has.ravel(),
            "standard": standard.ravel(),
            "indicator": np.repeat(names, len(own)),
            "unit": np.repeat([_unit(name) for name in names], len(own)),
            "is_missing": np.isnan(counted).ravel(),
            "for_standard": for_standard.ravel(),
            "for_balance": for_balance.ravel(),
            "add": add.ravel(),
            "gap": np.nan_to_num(add / standard).ravel(),
        }
    )
    return found.astype({"has": "Float64", "standard": "Float64"})


def _upright(numbers: Sequence[float]) -> Floats:
    """Give a number for each indicator, so that it holds for all schools."""
    return np.array(numbers, dtype=np.float64)[:, None]


def _for_standard(has: Floats, standard: Floats, pack: RulePack, price: Floats) -> Floats:
    """Bring each school to its standard; leave those indicators at the floor that save most."""
    needed, floor = pack.number("evaluation.indicators_met_min"), pack.number("evaluation.floor_ratio")
    if needed is None:
        return np.zeros(has.shape)
    full = whole_up(np.nan_to_num(np.maximum(standard - has, 0.0)))
    least = whole_up(np.nan_to_num(np.maximum(standard * (floor or 0.0) - has, 0.0)))
    # a number that is not known counts as met here: what is said of its school is the least
    saved = np.nan_to_num((full - least) * price)
    rank = np.argsort(np.argsort(-saved, axis=0, kind="stable"), axis=0)
    return np.where(rank < len(has) - needed, least, full)


def _for_balance(totals: Floats, pupils: Floats, limit: float | None, pack: RulePack) -> Floats:
    """Level each indicator up, on top of what the standard asks for."""
    more = np.zeros(totals.shape)
    if limit is None or not _each_is_tested(pack):
        return more
    for own, levelled in zip(totals, more, strict=True):
        known = ~np.isnan(own)
        if own[known].sum() > 0:
            levelled[known] = level_up_whole(own[known], pupils[known], limit)
    return more


def _each_is_tested(pack: RulePack) -> bool:
    rule = pack.rule("evaluation.cv_of_each")
    return rule is None or rule.yes


def _by_indicator(found: pd.DataFrame, parts: pd.DataFrame, now: pd.DataFrame, pack: RulePack) -> pd.DataFrame:
    """Sum up by indicator, with the coefficient before and after."""
    standard = found.assign(add=found["for_standard"])
    after = [balance(added_to(parts, table), pack)["cv"].tolist() for table in (standard, found)]
    by_test = dict(iter(found.groupby(["stage", "indicator"], sort=False)))
    rows = []
    for at, row in enumerate(now.to_dict("records")):
        stage, name = row["stage"], row["indicator"]
        if (stage, name) not in by_test:  # the mean of eight has no additions of its own
            continue
        own = by_test[stage, name]
        known = own["has"].notna().to_numpy()
        has, count = (own[column].to_numpy(dtype=np.float64, na_value=np.nan)[known] for column in ("has", "pupils"))
        alone = level_up_whole(has, count, float(row["limit"])).sum() if has.sum() > 0 else 0.0
        sums = own[["for_standard", "for_balance", "add"]].sum()
        rows.append(
            (
                stage, name, _unit(name), row["cv"], row["limit"], *(table[at] for table in after), *sums, alone,
                row["schools"], row["schools_missing"],
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(INDICATOR_COLUMNS)).astype(
        {"cv": "Float64", "cv_after_standard": "Float64", "cv_after": "Float64"}
    )


def _stops(
    spread: pd.DataFrame,
    passes: pd.DataFrame,
    classes: pd.DataFrame,
    pack: RulePack,
    sizes: pd.DataFrame,
    uncounted: pd.DataFrame,
) -> pd.DataFrame:
    """Collect the tests that the county is not known to pass."""
    rows: list[tuple[object, ...]] = []
    rows += [
        (
            row["stage"],
            "cv",
            row["indicator"],
            row["cv"],
            row["limit"],
            0,
            row["schools_missing"],
            row["verdict"],
            row["path"],
        )
        for row in spread.to_dict("records")
        if row["verdict"] in (NOT_MET, UNKNOWN)
    ]
    passed = passes["verdict"]
    for stage in EVALUATED_STAGES:
        own = passed[passed.index.get_level_values("stage") == stage]
        failed, unknown = int((own == NOT_MET).sum()), int((own == UNKNOWN).sum())
        if failed + unknown:
            share = float((own == MET).mean())
            verdict, path = NOT_MET if failed else UNKNOWN, "evaluation.indicators_met_min"
            rows.append((stage, "school_pass", "", share, 1.0, failed, unknown, verdict, path))
    for stage in EVALUATED_STAGES:
        n = int((classes.index.get_level_values("stage") == stage).sum())
        for test in ("class_size", "school_size"):
            path = f"stages.{stage}.{test}_max"
            failed = int((sizes["rule"] == path).sum())
            told = ("pupils",) if test == "school_size" else ("pupils", "classes", "largest_class")
            unknown = int(((uncounted["stage"] == stage) & uncounted["what"].isin(told)).sum())
            if pack.number(path) is not None and failed + unknown:
                verdict = NOT_MET if failed else UNKNOWN
                rows.append((stage, test, "", 1 - (failed + unknown) / n, 1.0, failed, unknown, verdict, path))
    nine = int((sizes["rule"] == "nine_year.school_size_max").sum())
    if nine:
        rows.append(("", "school_size", "", math.nan, 1.0, nine, 0, NOT_MET, "nine_year.school_size_max"))
    return pd.DataFrame(rows, columns=list(STOP_COLUMNS))

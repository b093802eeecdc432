"""In which year what is added: evenly, or the largest gaps first as far as the money goes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from planning.compliance.balance import EVALUATED_STAGES, added_to, balance, school_pass
from planning.compliance.levelling import whole_up
from planning.compliance.verdicts import MET, NOT_APPLICABLE, NOT_MET, UNKNOWN
from planning.errors import Names, SchemaError, msg
from planning.standards.catalogue import INDICATORS

if TYPE_CHECKING:
    from planning.standards import RulePack

__all__ = ["check_prices", "passing_years", "timetable"]

PASSING_COLUMNS = (
    "year", "stage", "schools", "schools_met", "schools_unknown", "indicators", "indicators_met", "indicators_unknown",
    "verdict",
)  # fmt: skip


def timetable(
    additions: pd.DataFrame,
    years: int,
    *,
    first_year: int,
    yearly_budget: float | None = None,
    unit_costs: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """
    Spread additions over years: evenly, or the largest gaps first as far as each year's money goes.

    With a budget, money that is left at the end of a year, too little for one more unit, is kept for the next.

    Parameters
    ----------
    additions : pandas.DataFrame
        As :func:`draw_roadmap` gives it.
    years : int
        Number of years, at least 1.
    first_year : int
        The first of them.
    yearly_budget : float, optional
        Money of each year [yuan]; evenly over the years where none is given.
    unit_costs : Mapping of str to float, optional
        Price of one more unit of each indicator [yuan/unit]; needed with a budget.

    Returns
    -------
    pandas.DataFrame
        ``year`` (Int64, NA = after the last one), ``school_id``, ``stage``, ``indicator``, ``unit``, ``add`` in whole units,
        ``cost`` [yuan], NA without prices. The additions of each row sum to those given.

    Raises
    ------
    SchemaError
        If there is no year, or a budget without prices, or one that is negative.
    """
    check_prices(unit_costs)
    if years < 1:
        raise SchemaError(msg("A roadmap needs at least one year, not {n}.", n=years))
    if yearly_budget is not None and (unit_costs is None or not yearly_budget >= 0):
        raise SchemaError(
            msg("A yearly budget must be 0 or more, and needs the price of one more unit of each indicator.")
        )
    rows: list[tuple[object, ...]] = []
    whole = additions["add"].to_numpy(dtype=np.float64)
    if yearly_budget is None:
        for number in range(years):
            share = whole_up(whole * (number + 1) / years) - whole_up(whole * number / years)
            rows += _rows(additions, share, first_year + number)
    else:
        price = additions["indicator"].map(dict(unit_costs or {})).to_numpy(dtype=np.float64)
        order = additions.sort_values(["gap", "school_id", "stage"], ascending=[False, True, True], kind="stable").index
        at = additions.index.get_indexer(order)
        left, money = whole.copy(), 0.0
        for number in range(years):
            money += yearly_budget
            share = np.zeros(len(additions))
            for row in at:
                units = left[row] if price[row] == 0 else min(left[row], math.floor(money / price[row] + 1e-9))
                share[row] = units
                left[row] -= units
                money = max(money - units * price[row], 0.0)
                if left[row] > 0:
                    break
            rows += _rows(additions, share, first_year + number)
        rows += _rows(additions, left, None)
    table = pd.DataFrame(rows, columns=["year", "school_id", "stage", "indicator", "unit", "add"])
    table["cost"] = table["add"] * table["indicator"].map(dict(unit_costs or {})).astype("Float64")
    texts = dict.fromkeys(("school_id", "stage", "indicator", "unit"), "str")  # an empty table has them too
    return table.astype({"year": "Int64", **texts})


def passing_years(
    parts: pd.DataFrame, years: pd.DataFrame, pack: RulePack, *, with_today: bool = False
) -> pd.DataFrame:
    """
    Say how the county stands at the end of each year of a timetable, with the pupils of today.

    Parameters
    ----------
    parts : pandas.DataFrame
        As :func:`planning.compliance.balance.school_parts` gives it.
    years : pandas.DataFrame
        As :func:`timetable` gives it.
    pack : RulePack
        The rules.
    with_today : bool
        True: today's state comes first, its year NA.

    Returns
    -------
    pandas.DataFrame
        ``year, stage, schools`` (evaluated), ``schools_met``, ``schools_unknown``, ``indicators`` (tested), ``indicators_met``,
        ``indicators_unknown`` and ``verdict``: met where all are, not met where one is surely not, else unknown.
    """
    rows: list[tuple[object, ...]] = []
    ends = sorted(int(each) for each in years["year"].dropna().unique())
    for year in [None, *ends] if with_today else ends:
        done = years.iloc[:0] if year is None else years[(years["year"] <= year).fillna(value=False).astype(bool)]
        then = added_to(parts, done) if len(done) else parts
        passed, spread = school_pass(then, pack)["verdict"], balance(then, pack)
        for stage in EVALUATED_STAGES:
            own = passed[passed.index.get_level_values("stage") == stage]
            tested = spread.loc[(spread["stage"] == stage) & (spread["verdict"] != NOT_APPLICABLE), "verdict"]
            every = [*own, *tested]
            if not len(own):
                continue
            verdict = NOT_MET if NOT_MET in every else UNKNOWN if UNKNOWN in every else MET
            counts = [(len(each), int((each == MET).sum()), int((each == UNKNOWN).sum())) for each in (own, tested)]
            rows.append((year, stage, *counts[0], *counts[1], verdict))
    return pd.DataFrame(rows, columns=list(PASSING_COLUMNS)).astype({"year": "Int64"})


def _rows(additions: pd.DataFrame, share: npt.NDArray[np.float64], year: int | None) -> list[tuple[object, ...]]:
    named = additions[["school_id", "stage", "indicator", "unit"]].itertuples(index=False, name=None)
    return [(year, *row, add) for row, add in zip(named, share, strict=True) if add > 0]


def check_prices(unit_costs: Mapping[str, float] | None) -> None:
    """
    Refuse prices that cannot be reckoned with.

    Parameters
    ----------
    unit_costs : Mapping of str to float, optional
        Price of one more unit of each indicator [yuan/unit].

    Raises
    ------
    SchemaError
        If a price is missing, negative or not a number.
    """
    if unit_costs is None:
        return
    wrong = [name for name in INDICATORS if not 0 <= unit_costs.get(name, math.nan) < math.inf]
    if wrong:
        raise SchemaError(
            msg(
                "Prices of one more unit must be 0 or more and given for each indicator: {names}.",
                names=Names(wrong),
            )
        )

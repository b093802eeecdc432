"""What the rules ask in coming years: staff of each school, children by township, from the children of the projection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.compliance.balance import stage_pupils
from planning.compliance.staffing import STAFFED_STAGES, staffing
from planning.demand.outlook import COUNTY

if TYPE_CHECKING:
    from planning.scenario.compliance import Compliance
    from planning.scenario.outlook import Outlook
    from planning.standards import RulePack

__all__ = ["children_by_year", "staffing_by_year"]


def children_by_year(today: pd.DataFrame, outlook: Outlook, *, variant: str = "middle") -> pd.DataFrame:
    """
    Carry the pupils of each township forward as its children grow or fall.

    Parameters
    ----------
    today : pandas.DataFrame
        Pupils by township and stage [pupils].
    outlook : Outlook
        Children of coming years.
    variant : str
        Births: low, middle or high.

    Returns
    -------
    pandas.DataFrame
        By ``year, township``, columns those of ``today`` [pupils], the first year that of today. A township without pupils of
        a stage gets its children of that year; a stage that is not projected stays as it is.
    """
    years = range(outlook.year, outlook.until + 1)
    parts = []
    for stage in today.columns:
        children = _children(outlook, str(stage), variant)
        if children is None:
            parts.append(pd.DataFrame({year: today[stage].astype(float) for year in years}))
            continue
        there = children.reindex(today.index).fillna(0.0)
        first, own = there[outlook.year], today[stage].astype(float)
        grown = there.mul((own / first).where((own > 0) & (first > 0)), axis=0).fillna(there)
        grown[outlook.year] = own
        parts.append(grown)
    index = pd.MultiIndex.from_product([years, today.index], names=["year", "township"])
    return pd.DataFrame(
        {stage: part[list(years)].to_numpy().T.ravel() for stage, part in zip(today.columns, parts, strict=True)},
        index=index,
    )


def staffing_by_year(held: Compliance, outlook: Outlook, pack: RulePack, *, variant: str = "middle") -> pd.DataFrame:
    """
    Say what staff each school will be due in each year, and what it lacks if it keeps those it has.

    A school keeps its share of the children of its township: its pupils change as they do. Where a township has no children of
    a stage today, they change as the county's. Classes are taken to stay as they are.

    Parameters
    ----------
    held : Compliance
        A layout held against the rules.
    outlook : Outlook
        Children of coming years.
    pack : RulePack
        The rules.
    variant : str
        Births: low, middle or high.

    Returns
    -------
    pandas.DataFrame
        ``year, school_id`` and the columns of :func:`planning.compliance.staffing.staffing`, for each year after today's.
    """
    growth = {stage: _growth(outlook, stage, variant, held.schools["township"]) for stage in STAFFED_STAGES}
    now = {stage: stage_pupils(held.schools, stage, held.pupils) for stage in STAFFED_STAGES}
    parts = []
    for year in range(outlook.year + 1, outlook.until + 1):
        pupils = {stage: now[stage] if table is None else now[stage] * table[year] for stage, table in growth.items()}
        parts.append(staffing(held.schools, pupils, pack).reset_index().assign(year=year))
    found = pd.concat(parts, ignore_index=True)
    return found[["year", *found.columns.drop("year")]]


def _children(outlook: Outlook, stage: str, variant: str) -> pd.DataFrame | None:
    """Give a stage's children by township (row) and year (column); None where it is not projected."""
    table = outlook.needed
    own = table[(table["variant"] == variant) & (table["stage"] == stage)]
    return own.pivot(index="township", columns="year", values="children").astype(float) if len(own) else None


def _growth(outlook: Outlook, stage: str, variant: str, townships: pd.Series) -> pd.DataFrame | None:
    """Give the factor by which the pupils of each school change, by year."""
    children = _children(outlook, stage, variant)
    if children is None:
        return None
    factor = children.div(children[outlook.year].where(children[outlook.year] > 0), axis=0)
    own = factor.reindex(townships.astype(str)).set_axis(townships.index, axis=0)
    county = factor.loc[COUNTY].fillna(1.0)
    return pd.DataFrame(np.where(own.isna(), county.to_numpy(), own), index=own.index, columns=own.columns)

"""
Children of today by township and single year of age: where every projection starts.

Ages come from the age groups of the population, and within a grade band they are scaled to the pupils that the county is
planned with. Without age groups the pupils of a band are spread evenly over its ages, and the children who are too young for
school are those who were born in the years before and lived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.demand.grades import USUAL_AGES
from planning.demand.pupils import ages_of_band
from planning.errors import Message, msg
from planning.scenario.coming_births import county_births
from planning.stages import KINDS_OF_STAGE, STAGES

if TYPE_CHECKING:
    from planning.config import Project
    from planning.scenario.county import County

__all__ = ["children_today", "pupils_by_township", "stage_ages", "survival_of", "townships_of"]


def stage_ages(project: Project) -> dict[str, tuple[int, int]]:
    """
    Give the ages of the stages that can be projected, in school order.

    Parameters
    ----------
    project : Project
        Names the stages, with ages or without.

    Returns
    -------
    dict
        First and last age by stage [years]: the project's, or the usual ones; special education has none and is left out.
    """
    ages = {stage: project.stages[stage].ages or USUAL_AGES.get(stage) for stage in STAGES if stage in project.stages}
    return {stage: span for stage, span in ages.items() if span is not None and stage != "special"}


def survival_of(project: Project, last_age: int) -> pd.Series:
    """
    Give the shares of children who live from one year to the next.

    Parameters
    ----------
    project : Project
        With its assumptions.
    last_age : int
        Oldest age [years].

    Returns
    -------
    pandas.Series, shape (last_age + 1,)
        Share by age, as ``demand.cohorts.project_cohorts`` takes it.
    """
    assumed = project.projection_or_default
    values = [assumed.infant_survival, *[assumed.child_survival] * last_age]
    return pd.Series(values, index=range(last_age + 1))


def townships_of(county: County) -> list[str]:
    """
    List the townships that are projected.

    Parameters
    ----------
    county : County
        Its inhabited places and schools.

    Returns
    -------
    list of str
        Where somebody lives or an open school of a stage stands, sorted; "" stands for no township.
    """
    cells, schools = county.cells, county.schools
    lived_in = cells.loc[~cells["in_margin"].astype(bool), "township"].astype(str).unique()
    taught = schools["kind"].isin({kind for stage in county.project.stages for kind in KINDS_OF_STAGE[stage]})
    open_ones = schools[(schools["status"] == "open") & ~schools["in_margin"] & taught]
    return sorted({*lived_in, *open_ones["township"].astype(str)})


def pupils_by_township(county: County, townships: list[str]) -> pd.DataFrame:
    """
    Add up the county's own pupils.

    Parameters
    ----------
    county : County
        Its cells with whole pupils.
    townships : list of str
        Rows of the table.

    Returns
    -------
    pandas.DataFrame, shape (n_townships, n_bands)
        Pupils by grade band [pupils].
    """
    own = county.cells[~county.cells["in_margin"].astype(bool)]
    table = own[[f"pupils_{band}" for band in county.project.bands]].groupby(own["township"].astype(str)).sum()
    table = table.set_axis(list(county.project.bands), axis="columns").reindex(townships)
    return pd.DataFrame(table.fillna(0).astype(float))


def children_today(county: County, year: int) -> tuple[pd.DataFrame | None, list[Message]]:
    """
    Count the children of the county by township and age.

    Parameters
    ----------
    county : County
        With people by age, or births of past years.
    year : int
        Year that its people stand for.

    Returns
    -------
    tuple of (pandas.DataFrame or None, list of Message)
        Children by township (rows) and age 0, 1, 2 … up to the oldest age of a stage; None where ages are missing. With it
        what was assumed, or what to add [children].
    """
    spans = stage_ages(county.project)
    last = max(last for _, last in spans.values())
    townships = townships_of(county)
    told: list[Message] = []
    table = _by_age_groups(county, townships, last)
    by_groups = table.notna().any(axis=None)
    pupils = pupils_by_township(county, townships)
    for stage, span in spans.items():
        for band, (first, oldest) in ages_of_band(stage, span).items():
            years = list(range(first, oldest + 1))
            table[years] = _scaled(table[years], pupils[band])
    lacking = [age for age in range(last + 1) if table[age].isna().any()]
    if lacking:
        born, missing = county_births(county, [year - age for age in lacking], weights=_youngest(table))
        if missing:
            return None, [_what_to_add(missing, lacking)]
        survival = survival_of(county.project, last)
        for age in lacking:
            lived = float(np.prod(survival.to_numpy()[: age + 1]))
            table[age] = table[age].fillna(born["middle"][year - age] * lived)
        told.append(
            msg("Children of the ages {ages} were counted from the births of past years, less those who died: the population source does not give these ages.",
                ages=_in_runs(lacking))
        )  # fmt: skip
    if not by_groups:
        told.append(
            msg("The population source has no age groups: pupils of each stage were spread evenly over its ages. Name population.age_bands for a better projection.")
        )  # fmt: skip
    return table, told


def _what_to_add(missing: list[int], lacking: list[int]) -> Message:
    return msg(
        "Seats of coming years cannot be told: the number of children of the ages {ages} is not known. Name population.age_bands, or add the births of {years} to the table of births.",
        ages=_in_runs(lacking),
        years=_in_runs(sorted(missing)),
    )


def _by_age_groups(county: County, townships: list[str], last: int) -> pd.DataFrame:
    """Take the ages that the population gives; a township without ages of its own follows the county's."""
    ages = list(range(last + 1))
    known = county.ages.set_axis([int(age) for age in county.ages.columns], axis="columns").reindex(columns=ages)
    table = known.reindex(townships).astype(float)
    own = county.cells[~county.cells["in_margin"].astype(bool)]
    people = own["population"].groupby(own["township"].astype(str)).sum().reindex(townships).fillna(0.0)
    without = table.isna().all(axis=1)
    if len(known) and without.any():
        rates = known.sum(min_count=1) / float(people[~without].sum())
        table.loc[without] = np.outer(people[without], rates)
    return table


def _scaled(years: pd.DataFrame, pupils: pd.Series) -> pd.DataFrame:
    """Scale the ages of a band to its pupils; where nobody is known to be of an age, all ages have as many."""
    sums = years.sum(axis=1, skipna=False)
    even = pd.DataFrame(
        np.repeat((pupils / years.shape[1]).to_numpy()[:, None], years.shape[1], axis=1),
        index=years.index,
        columns=years.columns,
    )
    return years.mul(pupils / sums.where(sums > 0), axis=0).where(sums > 0, even, axis=0)


def _youngest(table: pd.DataFrame) -> pd.Series:
    """Give the youngest children that are known, as weights for births that are known for the county only."""
    known = [age for age in table.columns if table[age].notna().all()]
    return pd.Series(table[known[:3]].sum(axis=1))


def _in_runs(numbers: list[int]) -> str:
    """Write whole numbers as 0–5, 9."""
    parts = np.split(np.array(numbers), np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ", ".join(f"{part[0]}" if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts)

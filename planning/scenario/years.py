"""
The county of a coming year: the same homes, schools and roads, with the pupils that a projection gives that year.

The children of each township and grade band are those of the projection. They live where today's pupils of the band live, in
the same proportions; children of new estates live at the inhabited place of the township that is nearest to their estate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from planning.demand.pupils import ages_of_band, whole_pupils
from planning.errors import ConfigError, Message, msg
from planning.scenario.new_dwellings import estate_cells
from planning.scenario.outlook import project_outlook

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County
    from planning.scenario.outlook import Outlook

__all__ = ["counties_asked_of", "county_asked_of", "county_of_year"]

#: An estate this far from the place where its children are counted is told [m].
_FAR_M = 500.0


def county_asked_of(county: County, question: Question) -> tuple[County, list[Message]]:
    """
    Give the county that a question is about: today's, or that of the question's year.

    Parameters
    ----------
    county : County
        As it is today.
    question : Question
        With ``year`` and ``births``, or without a year; of a plan by year it is the last.

    Returns
    -------
    tuple of (County, list of Message)
        The county, and what its pupils rest on.

    Raises
    ------
    ConfigError
        If the children of that year are not known; the reason says what to add.
    """
    if county.project.year_of(question) is None:
        return county, []
    counties, told = _counties_of(county, question, [county.project.year_of(question)])
    return counties[0], told


def counties_asked_of(county: County, question: Question) -> tuple[list[County], list[Message]]:
    """
    Give the county of each year of a plan by year.

    Parameters
    ----------
    county : County
        As it is today.
    question : Question
        With ``years`` and ``births``.

    Returns
    -------
    tuple of (list of County, list of Message)
        A county a year, today's where nothing is projected; and what their pupils rest on.

    Raises
    ------
    ConfigError
        If the children of a year are not known; the reason says what to add.
    """
    years = question.years or ()
    if not county.project.is_projected:
        return [county] * len(years), [
            msg("No coming years are projected: the pupils of today stand for those of every year asked about.")
        ]
    return _counties_of(county, question, years)


def _counties_of(county: County, question: Question, years: Sequence[int | None]) -> tuple[list[County], list[Message]]:
    """Project once, and give the county of each year."""
    outlook, lacking = project_outlook(county)
    found: list[County] = []
    told: list[Message] = []
    for year in years:
        if outlook is None or year is None:
            raise ConfigError(
                msg("question {name}: the children of {year} are not known.", name=question.name, year=year), lacking
            )
        then, said = county_of_year(county, outlook, year, question.births)
        found.append(then)
        told += said
    return found, told


def county_of_year(county: County, outlook: Outlook, year: int, births: str) -> tuple[County, list[Message]]:
    """
    Give the county with the pupils of another year.

    Pupils of special education and those across the county line stay as they are today.

    Parameters
    ----------
    county : County
        As it is today.
    outlook : Outlook
        Its children of every year.
    year : int
        One of its years.
    births : str
        low, middle or high.

    Returns
    -------
    tuple of (County, list of Message)
        The county, whose costs are today's as far as they go; and what was assumed.

    Raises
    ------
    ConfigError
        If the year is none of the outlook.

    Notes
    -----
    Pupils of a stage add up, over the county, to those of the projection, rounded half up: today's pupils of a township and
    band change as its children do. Estates of a township share the children whom estates bring to it by how many of them are
    of the band's ages; children of estates who then move to a township without an estate live there like all others.
    """
    if not outlook.year <= year <= outlook.until:
        raise ConfigError(
            msg("Year {year} is not among those projected, {first} to {last}. Ask for one of them, or change projection.until.",
                year=year, first=outlook.year, last=outlook.until)
        )  # fmt: skip
    built, plain = outlook.with_estates[births].children, outlook.without_estates[births].children
    own = ~county.cells["in_margin"].to_numpy(dtype=bool)
    places = county.cells.loc[own]
    townships, people = places["township"].astype(str), places["population"].astype(float)
    estates = outlook.estates[outlook.estates["year"] <= year]
    homes = estate_cells(county, estates)
    expected = pd.DataFrame(index=county.cells.index)
    for band in county.project.bands:
        expected[band] = county.cells[f"pupils_{band}"].astype(float)
    for stage, span in outlook.ages.items():
        for band, (first, last) in ages_of_band(stage, span).items():
            ages = list(range(first, last + 1))
            today, then = (_of_ages(plain, at, ages) for at in (outlook.year, year))
            more = _of_ages(built, year, ages) - then
            moved_in = _by_estate(outlook, year, ages, more)
            in_estates = moved_in.groupby(estates["township"].astype(str)).sum().reindex(more.index).fillna(0.0)
            counts = _spread(places[f"pupils_{band}"].astype(float), townships, people, then + more - in_estates, today)
            rows = places.index.get_indexer(homes.reindex(moved_in.index))
            np.add.at(counts, rows, moved_in.to_numpy(dtype=float))
            expected.loc[own, band] = counts
    whole = whole_pupils(
        expected,
        {stage: (span, None) for stage, span in outlook.ages.items()},
        townships=county.cells["township"].astype(str),
        in_margin=county.cells["in_margin"].astype(bool),
    )
    cells = county.cells.assign(**{str(column): whole[column] for column in whole})
    told = [msg("Pupils are those of {year}, {births}.", year=year, births=_OF_BIRTHS[births])]
    return replace(county, cells=cells, costs=county.costs.with_cells(cells)), told + _far_estates(
        county, outlook, homes
    )


def _of_ages(children: pd.DataFrame, year: int, ages: list[int]) -> pd.Series:
    """Add up the children of some ages in a year, by township."""
    there = children.index.get_level_values("year") == year
    return pd.Series(children.loc[there, ages].sum(axis=1).droplevel("year"))


_OF_BIRTHS = {
    "low": msg("low births"),
    "middle": msg("middle births"),
    "high": msg("high births"),
}


def _by_estate(outlook: Outlook, year: int, ages: list[int], more: pd.Series) -> pd.Series:
    """Share the children whom estates bring to each township among its estates, by those who are of age in the year."""
    table = outlook.estate_children
    of_age = table[(table["year"] <= year) & (table["age"] + (year - table["year"])).isin(ages)]
    came = of_age.groupby("housing_id")["children"].sum()
    came = came[came > 0]
    township = outlook.estates["township"].astype(str).reindex(came.index)
    total = came.groupby(township).transform("sum")
    return pd.Series(came / total * township.map(more.clip(lower=0.0)).astype(float))


def _spread(
    pupils: pd.Series, townships: pd.Series, people: pd.Series, then: pd.Series, today: pd.Series
) -> NDArray[np.float64]:
    """
    Bring a band's children to the inhabited places of their township: like today's pupils, else like its people.

    A township's pupils change as its children do; where it has no pupils today, it gets its children of that year.
    """
    now = pupils.groupby(townships).sum()
    named = sorted({*now.index, *then.index})
    now, then, today = (table.reindex(named).fillna(0.0) for table in (now, then, today))
    grown = (now * then / today).where((now > 0) & (today > 0), then)
    weight = pupils.where(townships.map(now) > 0, people)
    in_township = weight.groupby(townships).transform("sum")
    even = 1.0 / townships.groupby(townships).transform("size")
    found = (weight / in_township).where(in_township > 0, even) * townships.map(grown).astype(float)
    homeless = float(grown[~grown.index.isin(townships)].sum())
    if homeless > 0:  # schools stand there but nobody lives there: whoever moves there is spread over the county
        base = found if found.sum() > 0 else people + 1.0
        found = found + homeless * base / base.sum()
    return found.to_numpy(dtype=float)


def _far_estates(county: County, outlook: Outlook, homes: pd.Series) -> list[Message]:
    """Name the estates whose children are counted far from where they will live."""
    told = []
    for housing_id, cell_id in homes.items():
        away_m = float(shapely.distance(outlook.estates.geometry[housing_id], county.cells.geometry[cell_id]))
        if away_m > _FAR_M:
            told.append(
                msg("Children of the estate {name} are counted at the nearest inhabited place of its township, {metres:.0f} m from it.",
                    name=str(outlook.estates.at[housing_id, "name"]) or str(housing_id), metres=away_m)
            )  # fmt: skip
    return told

"""
Children of coming years, and the seats they need: by township, stage and year, in three variants of births.

Children of today grow older, are born, move and come with new dwellings (``demand.cohorts``); what they need is held against
the seats of the schools that are open today (``demand.outlook``). Nothing that is not there yet counts as a seat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from planning.config import VARIANTS_OF_BIRTHS
from planning.demand.cohorts import Move, Projection, project_cohorts
from planning.demand.outlook import COUNTY, convert_seats, early_warning, seats_needed, special_schools_due
from planning.errors import Message, Names, msg
from planning.scenario.children_today import children_today, stage_ages, survival_of, townships_of
from planning.scenario.coming_births import coming_births
from planning.scenario.new_dwellings import children_of_dwellings, estates_of, schools_due
from planning.stages import KINDS_OF_STAGE

if TYPE_CHECKING:
    import geopandas as gpd

    from planning.scenario.county import County
    from planning.standards import Rule, RulePack

__all__ = ["CONVERTIBLE", "Outlook", "SpecialSchools", "project_outlook", "seats_there"]

CONVERTIBLE = ("kindergarten", "primary", "junior")
"""Stages whose buildings may serve one another as the wave of children moves on."""

NEEDED_COLUMNS = ["variant", "stage", "township", "year", "children", "seats_needed", "seats"]


@dataclass(frozen=True)
class SpecialSchools:
    """
    Whether a county of this size has to have a special school.

    Parameters
    ----------
    people : float
        Residents of the county [people].
    rule : Rule
        Residents from whom on one is due, with its source.
    there : int
        Special schools that are open.
    due : int
        Special schools that are lacking.
    """

    people: float
    rule: Rule
    there: int
    due: int


@dataclass(frozen=True, eq=False)
class Outlook:
    """
    What is coming.

    Parameters
    ----------
    year, until : int
        Year that today's people stand for, and last year.
    ages : dict
        First and last age by stage [years].
    with_estates, without_estates : dict of str to Projection
        By variant, children of every year with and without new dwellings.
    needed : pandas.DataFrame
        ``variant, stage, township, year, children, seats_needed, seats``; the county is ``*``, seats are NaN where they are
        not known.
    warning : pandas.DataFrame
        ``variant, stage, township`` and the columns of ``demand.outlook.early_warning``.
    conversions : pandas.DataFrame
        ``variant`` and the columns of ``demand.outlook.convert_seats``.
    special : SpecialSchools or None
        None where the rule pack says nothing.
    estates : geopandas.GeoDataFrame
        Estates of the years ahead with ``township`` and ``children`` (up to the oldest age of a stage).
    estate_children : pandas.DataFrame
        ``housing_id, year, township, age, children``.
    estate_schools : pandas.DataFrame
        As ``demand.estates.schools_of_estates``.
    example : RulePack or None
        Pack of another place that ``estate_schools`` follows, where the county's own says nothing.
    notices : tuple of Message
        What the numbers rest on.
    """

    year: int
    until: int
    ages: dict[str, tuple[int, int]]
    with_estates: dict[str, Projection]
    without_estates: dict[str, Projection]
    needed: pd.DataFrame
    warning: pd.DataFrame
    conversions: pd.DataFrame
    special: SpecialSchools | None
    estates: gpd.GeoDataFrame
    estate_children: pd.DataFrame
    estate_schools: pd.DataFrame
    example: RulePack | None
    notices: tuple[Message, ...]


def project_outlook(county: County) -> tuple[Outlook | None, tuple[Message, ...]]:
    """
    Project the children of a county and the seats they need.

    Parameters
    ----------
    county : County
        Its project names a projection, births or moves.

    Returns
    -------
    tuple of (Outlook or None, tuple of Message)
        None where the project asks for none, or something is missing; the messages then say what to add.

    Raises
    ------
    SchemaError
        If births, moves or estates do not fit the county.
    """
    project = county.project
    if not project.is_projected:
        return None, ()
    ages, until = stage_ages(project), project.projection_or_default.until
    if not ages:
        return None, (msg("Seats of coming years cannot be told: none of the project's stages has ages."),)
    year = project.population.year
    if year is None:
        return None, (
            msg("Seats of coming years cannot be told: add the year that the people stand for (population.year)."),
        )
    if until <= year:
        return None, (
            msg("Seats of coming years cannot be told: projection.until must be later than population.year ({year}).",
                year=year),
        )  # fmt: skip
    children, told = children_today(county, year)
    if children is None:
        return None, tuple(told)
    births, of_births = coming_births(county, year, until, weights=children[[0, 1, 2]].sum(axis=1))
    if births is None:
        return None, tuple(of_births)
    estates, of_estates = estates_of(county, year, until)
    moved_in, of_dwellings = children_of_dwellings(county, estates)
    moves, of_moves = _moves(county, year, until, last=int(children.columns[-1]))
    survival = survival_of(project, int(children.columns[-1]))
    summed = moved_in.groupby(["year", "township", "age"])["children"].sum().reset_index()
    without = {
        variant: project_cohorts(children, year, births[variant], survival, moves=moves)
        for variant in VARIANTS_OF_BIRTHS
    }
    with_estates = without if not len(summed) else {
        variant: project_cohorts(children, year, births[variant], survival, moves=moves, estates=summed)
        for variant in VARIANTS_OF_BIRTHS
    }  # fmt: skip
    there, of_seats = seats_there(county, list(ages))
    needed, warning, conversions = _held_against(county, with_estates, ages, there)
    due, example = schools_due(county, estates)
    by_estate = moved_in.groupby("housing_id")["children"].sum()
    outlook = Outlook(
        year,
        until,
        ages,
        with_estates,
        without,
        needed,
        warning,
        conversions,
        _special(county),
        estates.assign(children=by_estate.reindex(estates.index.astype(str)).fillna(0.0).to_numpy()),
        moved_in,
        due,
        example,
        (*told, *of_births, *of_moves, *of_estates, *of_dwellings, *of_seats),
    )
    return outlook, ()


def _moves(county: County, year: int, until: int, *, last: int) -> tuple[list[Move], list[Message]]:
    """Make moves of the table; open ages and years reach as far as the projection does."""
    moves, left_out = [], 0
    for row in county.migration.to_dict("records"):
        first_age = 0 if pd.isna(row["first_age"]) else int(row["first_age"])
        last_age = last if pd.isna(row["last_age"]) else min(int(row["last_age"]), last)
        first_year = year + 1 if pd.isna(row["first_year"]) else int(row["first_year"])
        last_year = until if pd.isna(row["last_year"]) else int(row["last_year"])
        if first_age > last_age:
            left_out += 1
            continue
        moves.append(
            Move(
                str(row["origin"]), str(row["destination"]), first_age, last_age, first_year, last_year,
                share=None if pd.isna(row["share"]) else float(row["share"]),
                children=None if pd.isna(row["children"]) else float(row["children"]),
            )
        )  # fmt: skip
    told = [
        msg("{n} rows of the table of moves are about people older than any pupil and have no effect.", n=left_out)
    ] if left_out else []  # fmt: skip
    return moves, told


def seats_there(county: County, stages: list[str]) -> tuple[pd.DataFrame, list[Message]]:
    """
    Add up the seats of the open schools of the county.

    A school whose seats are not known counts with the pupils of its register, who do have a place there; where those are not
    known either, the seats of its township and of the county are not.

    Parameters
    ----------
    county : County
        Its schools.
    stages : list of str
        The stages.

    Returns
    -------
    tuple of (pandas.DataFrame, list of Message)
        Seats by township and stage, NaN where they are not known; and the schools whose seats are not [seats].
    """
    townships = townships_of(county)
    schools = county.schools[(county.schools["status"] == "open") & ~county.schools["in_margin"]]
    table, told = {}, []
    for stage in stages:
        of_stage = schools[schools["kind"].isin(KINDS_OF_STAGE[stage])]
        known = of_stage[f"seats_{stage}"].astype("Float64")
        stand_in = known.fillna(of_stage[f"pupils_{stage}"].astype("Float64")).astype(float)
        by_township = stand_in.groupby(of_stage["township"].astype(str)).agg(lambda seats: seats.sum(skipna=False))
        table[stage] = by_township.reindex(townships).where(
            pd.Series(townships, index=townships).isin(by_township.index), 0.0
        )
        by_pupils = of_stage.index[known.isna() & stand_in.notna()]
        unknown = of_stage.index[stand_in.isna()]
        if len(by_pupils):
            told.append(
                msg("{n} schools do not say how many seats they have of a stage; in the seats of coming years they count with the pupils they have: {names}.",
                    n=len(by_pupils), names=_names(of_stage, by_pupils))
            )  # fmt: skip
        if len(unknown):
            told.append(
                msg("{n} schools say neither their seats nor their pupils of a stage; no shortage or surplus is told for their townships and the county: {names}.",
                    n=len(unknown), names=_names(of_stage, unknown))
            )  # fmt: skip
    return pd.DataFrame(table, index=pd.Index(townships, name="township")), told


def _names(schools: pd.DataFrame, some: pd.Index) -> Names:
    return Names.first((str(schools.at[one, "name"]) or str(one) for one in some), 10)


def _held_against(
    county: County, projections: dict[str, Projection], ages: dict[str, tuple[int, int]], there: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Hold the seats that each variant needs against those that are there."""
    assumed = county.project.projection_or_default
    needs, warnings, offers = [], [], []
    for variant, projection in projections.items():
        needed = seats_needed(
            projection.children,
            ages,
            attending={str(stage): share for stage, share in assumed.attending.items()},
            net_inflow={str(stage): share for stage, share in assumed.net_inflow.items()},
            fill_rate=assumed.fill_rate,
        )
        for stage, (first, last) in ages.items():
            children = projection.children[list(range(first, last + 1))].sum(axis=1)
            needs.append(_stage_rows(variant, stage, children, needed[stage], there[stage]))
        warnings.append(early_warning(needed, there).reset_index().assign(variant=variant))
        some = [stage for stage in CONVERTIBLE if stage in ages]
        offers.append(convert_seats(needed[some], there, least=assumed.least_seats).assign(variant=variant))
    warning = pd.concat(warnings, ignore_index=True)
    conversions = pd.concat([part for part in offers if len(part)] or offers[:1], ignore_index=True)
    return (
        pd.concat(needs, ignore_index=True)[NEEDED_COLUMNS],
        warning[["variant", *warning.columns.drop("variant")]],
        conversions[["variant", *conversions.columns.drop("variant")]],
    )


def _stage_rows(variant: str, stage: str, children: pd.Series, needed: pd.Series, there: pd.Series) -> pd.DataFrame:
    """Lay out one stage by year and township, the county last of each year."""
    rows = pd.DataFrame({"children": children, "seats_needed": needed}).rename_axis(["year", "township"]).reset_index()
    rows["seats"] = rows["township"].map(there).astype(float)
    total = rows.groupby("year", as_index=False)[["children", "seats_needed"]].sum()
    total = total.assign(township=COUNTY, seats=float(there.sum(skipna=False)))
    both = pd.concat([rows, total], ignore_index=True).sort_values("year", kind="stable", ignore_index=True)
    return both.assign(variant=variant, stage=stage)


def _special(county: County) -> SpecialSchools | None:
    """Say whether the county lacks a special school, by its rule pack."""
    rule = county.pack.rule("special.population_from")
    if rule is None or not rule.enabled:
        return None
    people = float(county.cells.loc[~county.cells["in_margin"].astype(bool), "population"].sum())
    schools = county.schools
    there = int(((schools["kind"] == "special") & (schools["status"] == "open") & ~schools["in_margin"]).sum())
    return SpecialSchools(people, rule, there, special_schools_due(people, threshold=rule.number, there=there))

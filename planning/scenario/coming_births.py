"""
Births of each year by township, in three variants: from the table, or by an assumption on fertility.

References
----------
.. [1] S. H. Preston, P. Heuveline, M. Guillot, Demography: Measuring and Modeling Population Processes, 2001, ch. 5: with
   total fertility F and women spread evenly over the 35 ages from 15 to 49, births of a year are F / 35 of these women.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.config import VARIANTS_OF_BIRTHS, Fertility
from planning.demand.cohorts import total_births
from planning.errors import Message, SchemaError, msg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.scenario.county import County

__all__ = ["coming_births", "county_births"]

_FERTILE = (15, 49)
_FERTILE_YEARS = 35
_LATEST = 3
"""Years whose births stand for years of which nothing is said: tool default."""


def county_births(
    county: County, years: Sequence[int], *, weights: pd.Series
) -> tuple[dict[str, pd.DataFrame], list[int]]:
    """
    Take births of some years from the county's table.

    Parameters
    ----------
    county : County
        With its table of births.
    years : sequence of int
        The years.
    weights : pandas.Series, shape (n_townships,)
        Weight of each township in births that are known for the county only, such as its youngest children.

    Returns
    -------
    tuple of (dict, list of int)
        By variant births by township and year, of those years that the table has; and the years that it lacks
        [children/year].

    Raises
    ------
    SchemaError
        If the townships do not fit the county (see ``demand.cohorts.total_births``).
    """
    table = county.births[county.births["year"].isin(list(years))]
    missing = sorted(set(years) - set(table["year"]))
    low, high = _variant_shares(county)
    found = {}
    for variant, share in (("low", low), ("middle", 1.0), ("high", high)):
        births = table[variant].astype(float).fillna(table["middle"].astype(float) * share)
        rows = table[["township", "year"]].assign(births=births)
        found[variant] = total_births(_with_county(rows, weights), weights.index, weights)
    return found, missing


def _variant_shares(county: County) -> tuple[float, float]:
    """Give the births of the low and the high variant as shares of the middle one."""
    fertility = county.project.projection_or_default.fertility
    fields = Fertility.model_fields
    return (
        (float(fields["low"].default), float(fields["high"].default))
        if fertility is None
        else (fertility.low, fertility.high)
    )


def _with_county(rows: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """
    Add the county's number to years in which every township that has children is named.

    Children who live in no township are born at the rate of the others; a place without young children needs no row.
    """
    added = []
    for year, part in rows.groupby("year"):
        named = set(part["township"])
        rest = weights[~weights.index.isin(named)]
        can_be_left = (rest.index == "") | (rest <= 0)
        if "" in named or not len(rest) or not can_be_left.all():
            continue
        base = float(weights[weights.index.isin(named)].sum())
        share = float(rest.sum()) / base if base > 0 else 0.0
        added.append({"township": "", "year": year, "births": float(part["births"].sum()) * (1 + share)})
    return pd.concat([rows, pd.DataFrame(added, columns=rows.columns)], ignore_index=True) if added else rows


def coming_births(
    county: County, year: int, until: int, *, weights: pd.Series
) -> tuple[dict[str, pd.DataFrame] | None, list[Message]]:
    """
    Give the births of every coming year.

    A year that the table does not have follows the assumption on fertility; without one, the mean of the last years that it
    has, which is told.

    Parameters
    ----------
    county : County
        With its table of births, its assumption on fertility and its people.
    year : int
        Year that its people stand for.
    until : int
        Last year.
    weights : pandas.Series, shape (n_townships,)
        Weight of each township in births that are known for the county only.

    Returns
    -------
    tuple of (dict or None, list of Message)
        By variant births by township and year, all years from ``year`` + 1 on; None where nothing is known. With it what was
        assumed, or what to add [children/year].

    Raises
    ------
    SchemaError
        If the table does not fit the county, or total fertility is assumed and the people's ages are not known.
    """
    years = list(range(year + 1, until + 1))
    found, missing = county_births(county, years, weights=weights)
    fertility = county.project.projection_or_default.fertility
    told: list[Message] = []
    low, high = _variant_shares(county)
    coming = county.births[county.births["year"].isin(years)]
    if fertility is not None and missing:
        assumed = _by_fertility(county, year, missing, weights.index)
        told.append(_fertility_in_words(fertility, missing))
    elif missing:
        past = sorted(set(county.births["year"]))[-_LATEST:]
        if not past:
            return None, [
                msg("Seats of coming years cannot be told: nothing is said of births. Name a table of births (births:), or projection.fertility.")
            ]  # fmt: skip
        last = county_births(county, past, weights=weights)[0]["middle"].mean(axis=1)
        assumed = pd.DataFrame(dict.fromkeys(missing, last))
        told.append(
            msg("The table of births does not have {years}: the mean of {past} was taken for each of them. Add them, or projection.fertility.",
                years=_span(missing), past=_span(past))
        )  # fmt: skip
    if coming[["low", "high"]].isna().any(axis=None) or missing:
        told.append(
            msg("Low and high births, where the table does not give them, are {low:g} and {high:g} of the middle ones.",
                low=low, high=high)
        )  # fmt: skip
    births = {}
    for variant, share in zip(VARIANTS_OF_BIRTHS, (low, 1.0, high), strict=True):
        parts = [found[variant], *([assumed * share] if missing else [])]
        births[variant] = pd.concat(parts, axis=1)[years]
    return births, told


def _by_fertility(county: County, year: int, years: list[int], townships: pd.Index) -> pd.DataFrame:
    """Give births by the people of each township, or by the women who are of age in each year."""
    fertility = county.project.projection_or_default.fertility
    assert fertility is not None  # noqa: S101 - the caller looked
    if fertility.per_1000 is not None:
        own = county.cells[~county.cells["in_margin"].astype(bool)]
        people = own["population"].groupby(own["township"].astype(str)).sum().reindex(townships).fillna(0.0)
        return pd.DataFrame(dict.fromkeys(years, people * fertility.per_1000 / 1000))
    table = county.ages.set_axis([int(age) for age in county.ages.columns], axis="columns")
    lacking = [age for age in range(_FERTILE[1] + 1) if age not in table.columns]
    if lacking:
        raise SchemaError(
            msg("projection.fertility.children_per_woman needs the people by age up to {last}. Name population.age_bands that hold them, or give per_1000.",
                last=_FERTILE[1])
        )  # fmt: skip
    table = table.reindex(townships).fillna(0.0)
    of_years = {}
    for one in years:
        grown = min(one - year, _FERTILE[0])  # those not yet born today would be a guess
        women = table[list(range(_FERTILE[0] - grown, _FERTILE[1] - grown + 1))].sum(axis=1) / 2
        of_years[one] = women * float(fertility.children_per_woman or 0.0) / _FERTILE_YEARS
    return pd.DataFrame(of_years)


def _fertility_in_words(fertility: Fertility, years: list[int]) -> Message:
    if fertility.per_1000 is not None:
        return msg(
            "Births of {years}: {rate:g} for each 1,000 people, as the project assumes.",
            years=_span(years),
            rate=fertility.per_1000,
        )
    return msg(
        "Births of {years}: {rate:g} children per woman, as the project assumes, of half the people who will be 15 to 49 years old then, each year alike; nobody's moving or dying counted.",
        years=_span(years),
        rate=fertility.children_per_woman,
    )


def _span(years: list[int]) -> str:
    return str(years[0]) if len(years) == 1 else f"{years[0]}–{years[-1]}"

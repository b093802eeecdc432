"""
Cohort survival: this year's children grow one year older each year, by township.

A year's step: children of age a who survive become a + 1; births of the year, those who survive to the count, become age 0;
then children move between townships and from and to the outside. Moving never makes or loses a child, so that each year's
children are last year's, less deaths and leavers, plus births and comers, to the last one.

References
----------
.. [1] S. H. Preston, P. Heuveline, M. Guillot, Demography: Measuring and Modeling Population Processes, 2001, ch. 6.
.. [2] F. Rajulton, Migration and multiregional projection: A. Rogers, Demography 3(2), 537-544, 1966.
   https://doi.org/10.2307/2060178
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.errors import Names, SchemaError, msg

__all__ = ["OUTSIDE", "Move", "Projection", "project_cohorts", "total_births"]

OUTSIDE = "*"
"""Stands for everywhere outside the county in a move."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Move:
    """
    Children who move from one place to another each year.

    Parameters
    ----------
    origin, destination : str
        Townships, or ``OUTSIDE``.
    first_age, last_age : int
        Ages that move, both included, as they are after the year's birthday [years].
    first_year, last_year : int
        Years in which they move, both included.
    share : float, optional
        Share of the origin's children of each age who move each year; not from outside.
    children : float, optional
        Children who move each year in all, spread over the ages like the children of the destination (from outside) or
        of the origin; at most as many as there are [children/year].
    """

    origin: str
    destination: str
    first_age: int
    last_age: int
    first_year: int
    last_year: int
    share: float | None = None
    children: float | None = None


@dataclass(frozen=True)
class Projection:
    """
    Children of every year, and how each year's number came about.

    Parameters
    ----------
    children : pandas.DataFrame, shape (n_years * n_townships, n_ages)
        Children by (year, township) and age, the first year being the one that was counted [children].
    changes : pandas.DataFrame, shape ((n_years - 1) * n_townships, 6)
        By (year, township): ``births`` (who survive to the count), ``deaths``, ``grown_up`` (older than the last age),
        ``moved_in``, ``moved_out`` and ``estates`` [children].
    """

    children: pd.DataFrame
    changes: pd.DataFrame


def total_births(births: pd.DataFrame, townships: pd.Index, shares: pd.Series) -> pd.DataFrame:
    """
    Bring births to the townships: those of a township as they are, those of the county by shares.

    Parameters
    ----------
    births : pandas.DataFrame
        ``township`` ("" = the county as a whole), ``year``, ``births`` [children/year].
    townships : pandas.Index
        Townships of the county.
    shares : pandas.Series, shape (n_townships,)
        Weight of each township in births that are known for the county only, such as its youngest children.

    Returns
    -------
    pandas.DataFrame, shape (n_townships, n_years)
        Births by township and year [children/year]. Of a year for which some townships are named, the county's number less
        theirs goes to the others.

    Raises
    ------
    SchemaError
        If a township is unknown, a township's births stand twice, or the townships named have more than the county.
    """
    strange = sorted(set(births["township"]) - set(townships) - {""})
    twice = births[births.duplicated(["township", "year"])]
    if strange:
        raise SchemaError(
            msg("Births are given for townships that the county does not have: {names}.", names=Names(strange))
        )
    if len(twice):
        row = twice.iloc[0]
        raise SchemaError(
            msg(
                "Births of {township} in {year} are given twice.",
                township=row["township"] or msg("the county"),
                year=int(row["year"]),
            )
        )
    table = pd.DataFrame(np.nan, index=townships, columns=sorted(births["year"].astype(int).unique()))
    for township, year, number in zip(births["township"], births["year"], births["births"].astype(float), strict=True):
        if township:
            table.loc[township, int(year)] = number
    county = births[births["township"] == ""].set_index("year")["births"].astype(float)
    for year in table.columns:
        unnamed = table[year].isna()
        if year not in county.index:
            if unnamed.any():
                raise SchemaError(
                    msg("Births of {year} are given for some townships but not for {names}. Add them, or the county's number in a row without a township.",
                        year=int(year), names=Names(map(str, table.index[unnamed])))
                )  # fmt: skip
            continue
        rest = float(county[year] - table[year].sum())
        if rest < -1e-9 * max(float(county[year]), 1.0) or (rest > 1e-9 and not unnamed.any()):
            raise SchemaError(
                msg("Births of {year}: the townships have {sum:.0f} in all, the county {county:.0f}. Correct one of them.",
                    year=int(year), sum=float(table[year].sum()), county=float(county[year]))
            )  # fmt: skip
        weight = shares.reindex(townships)[unnamed].fillna(0.0)
        weight = weight if weight.sum() > 0 else weight + 1.0
        table.loc[unnamed, year] = max(rest, 0.0) * weight / weight.sum()
    return table.fillna(0.0)


def project_cohorts(
    counted: pd.DataFrame,
    year: int,
    births: pd.DataFrame,
    survival: pd.Series,
    *,
    moves: Sequence[Move] = (),
    estates: pd.DataFrame | None = None,
) -> Projection:
    """
    Carry the children of a county forward, a year at a time.

    Parameters
    ----------
    counted : pandas.DataFrame, shape (n_townships, n_ages)
        Children by township and single year of age, columns 0, 1, 2 … [children].
    year : int
        Year they were counted in.
    births : pandas.DataFrame, shape (n_townships, n_years)
        Births of each following year, without a gap [children/year].
    survival : pandas.Series, shape (n_ages,)
        Of those born, the share that live to be counted at age 0 (index 0), and of those of age a - 1 the share that live
        to age a (index a).
    moves : sequence of Move
        Who moves.
    estates : pandas.DataFrame, optional
        Children that come with new dwellings, from outside: ``year``, ``township``, ``age``, ``children``.

    Returns
    -------
    Projection
        One block of townships for each year from the first to the last of ``births``.

    Raises
    ------
    SchemaError
        If ages or years have a gap, a township is unknown, a share is none, or more move out than there are.

    Examples
    --------
    >>> counted = pd.DataFrame([[100.0, 90.0]], index=["A"], columns=[0, 1])
    >>> births = pd.DataFrame([[80.0]], index=["A"], columns=[2026])
    >>> project_cohorts(counted, 2025, births, pd.Series([1.0, 0.5])).children.loc[(2026, "A")].tolist()
    [80.0, 50.0]
    """
    ages, townships = [int(age) for age in counted.columns], [str(name) for name in counted.index]
    _check_question(counted, year, births, survival, moves, estates)
    stay = survival.reindex(ages).to_numpy(dtype=float)
    now = counted.to_numpy(dtype=float)
    blocks, changes = [now], []
    for after in births.columns:
        born = births.loc[townships, after].to_numpy(dtype=float)
        grown = np.column_stack([born, now[:, :-1]])
        alive = grown * stay
        change = {name: np.zeros(len(townships)) for name in _CHANGES}
        change["births"] = alive[:, 0]
        change["deaths"] = (grown - alive)[:, 1:].sum(axis=1)
        change["grown_up"] = now[:, -1]
        now = _move(alive, int(after), townships, moves, change)
        if estates is not None:
            now = _settle(now, int(after), townships, estates, change)
        blocks.append(now)
        changes.append(pd.DataFrame(change, index=pd.Index(townships, name="township")))
    years = [year, *(int(after) for after in births.columns)]
    index = pd.MultiIndex.from_product([years, townships], names=["year", "township"])
    children = pd.DataFrame(np.vstack(blocks), index=index, columns=counted.columns)
    table = (
        pd.concat(dict(zip(years[1:], changes, strict=True)), names=["year"])
        if changes
        else pd.DataFrame(columns=_CHANGES)
    )
    return Projection(children, table)


_CHANGES = ["births", "deaths", "grown_up", "moved_in", "moved_out", "estates"]


def _move(alive: Floats, year: int, townships: list[str], moves: Sequence[Move], change: dict[str, Floats]) -> Floats:
    """Let children move, all at once: shares are of those who were there before anybody moved."""
    delta = np.zeros_like(alive)
    for move in moves:
        if not move.first_year <= year <= move.last_year:
            continue
        ages = slice(move.first_age, move.last_age + 1)
        here = None if move.origin == OUTSIDE else townships.index(move.origin)
        there = None if move.destination == OUTSIDE else townships.index(move.destination)
        base = alive[there if here is None else here, ages]
        if move.share is not None:
            going = base * move.share
        else:
            spread = base / base.sum() if base.sum() > 0 else np.full(len(base), 1.0 / max(len(base), 1))
            wanted = float(move.children or 0.0)
            going = spread * (wanted if here is None else min(wanted, float(base.sum())))
        if here is not None:
            delta[here, ages] -= going
            change["moved_out"][here] += going.sum()
        if there is not None:
            delta[there, ages] += going
            change["moved_in"][there] += going.sum()
    moved = alive + delta
    if (moved < -1e-9 * np.maximum(alive, 1.0)).any():
        place, age = np.argwhere(moved < -1e-9 * np.maximum(alive, 1.0))[0]
        raise SchemaError(
            msg("{township}: more children of age {age} would leave in {year} than live there. Lower the shares that leave.",
                township=townships[place], age=int(age), year=year)
        )  # fmt: skip
    return np.maximum(moved, 0.0)


def _settle(now: Floats, year: int, townships: list[str], estates: pd.DataFrame, change: dict[str, Floats]) -> Floats:
    """Add the children of the dwellings that are ready this year."""
    now = now.copy()
    ready = estates[estates["year"] == year]
    for township, age, children in zip(ready["township"], ready["age"], ready["children"].astype(float), strict=True):
        there = townships.index(str(township))
        now[there, int(age)] += children
        change["estates"][there] += children
    return now


def _check_question(
    counted: pd.DataFrame,
    year: int,
    births: pd.DataFrame,
    survival: pd.Series,
    moves: Sequence[Move],
    estates: pd.DataFrame | None,
) -> None:
    """Refuse what cannot be projected."""
    ages, townships = [int(age) for age in counted.columns], {str(name) for name in counted.index}
    if ages != list(range(len(ages))) or not ages:
        raise SchemaError(
            msg("A projection needs every age from 0 on; {ages} are there.", ages=Names(map(str, ages)) or "-")
        )
    if [int(column) for column in births.columns] != list(range(year + 1, year + 1 + births.shape[1])):
        raise SchemaError(
            msg("Births must be known for each year from {year} on, without a gap; {years} are there.",
                year=year + 1, years=Names(map(str, births.columns)) or "-")
        )  # fmt: skip
    lacking = sorted(townships - set(births.index))
    if lacking:
        raise SchemaError(msg("Births are missing for {names}.", names=Names(lacking)))
    values = survival.reindex(ages).to_numpy(dtype=float)
    if not ((values >= 0) & (values <= 1)).all():
        raise SchemaError(msg("Survival must be a share between 0 and 1 for each age from 0 to {last}.", last=ages[-1]))
    named = {name for move in moves for name in (move.origin, move.destination)} - {OUTSIDE}
    if estates is not None:
        named |= set(estates["township"].astype(str))
    if named - townships:
        raise SchemaError(
            msg(
                "Moves or estates name townships that the county does not have: {names}.",
                names=Names(sorted(named - townships)),
            )
        )
    for move in moves:
        _check_move(move, ages[-1])


def _check_move(move: Move, last_age: int) -> None:
    """Refuse a move that cannot be."""
    amounts = [amount for amount in (move.share, move.children) if amount is not None]
    wrong = (
        len(amounts) != 1
        or not 0 <= amounts[0] < np.inf
        or (move.share is not None and (move.share > 1 or move.origin == OUTSIDE))
        or move.origin == move.destination
        or not 0 <= move.first_age <= move.last_age <= last_age
        or move.first_year > move.last_year
    )
    if wrong:
        raise SchemaError(
            msg("The move from {origin} to {destination} is none: it needs two places, ages from 0 to {last}, years in order, and either a share between 0 and 1 of those who live at its origin or a number of children.",
                origin=move.origin, destination=move.destination, last=last_age)
        )  # fmt: skip

"""How the children were come by: list, grid, known number and factor of each township, of people and of each grade band."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.demand.grades import Listed
from planning.demand.known import COUNTY, Known
from planning.demand.pupils import Stages
from planning.errors import Message, SetAside, msg
from planning.stages import BANDS

__all__ = [
    "TOTAL_TOLERANCE",
    "Demand",
    "check_factor",
    "check_total",
    "factor_notices",
    "no_ages",
    "no_pupils",
    "people_sheet",
    "pupil_sheet",
]

TOTAL_TOLERANCE = 0.03
"""How far a total may be from the known one before it is told: tool default, about the yearly error of a census."""

LOUD_FACTOR = (0.5, 2.0)
"""Factors beyond which a population is not merely out of date: tool default."""


def no_pupils() -> pd.DataFrame:
    """
    Give the sheet of children of nobody.

    Returns
    -------
    pandas.DataFrame
        The columns of ``Demand.by_band``, no rows.
    """
    text, number = pd.Series(dtype="str"), pd.Series(dtype=float)
    numbers = dict.fromkeys(("grid_pupils", "list_pupils", "known_pupils", "factor"), number)
    return pd.DataFrame(
        {**dict.fromkeys(("township", "stage", "band"), text), **numbers, "pupils": pd.Series(dtype="int64")}
    )


def no_ages() -> pd.DataFrame:
    """
    Give the table of people by age where nothing is known of their ages.

    Returns
    -------
    pandas.DataFrame
        As ``Demand.ages``: no rows, no columns.
    """
    return pd.DataFrame(index=pd.Index([], dtype="str", name="township"))


@dataclass(frozen=True)
class Demand:
    """
    Who goes to school, and how it was come by.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame
        Cells in the order of their ids, ``population`` scaled, with ``pupils_{band}`` int64.
    sheet : pandas.DataFrame
        ``township``, ``source``, ``grid_total``, ``list_total``, ``known_total`` [people], ``factor``: what each township's
        number rests on; ``incoming``, ``town_boarders`` [pupils] where the list has them. The row of township ``*`` is the
        county.
    by_band : pandas.DataFrame
        ``township``, ``stage``, ``band``, ``grid_pupils``, ``list_pupils``, ``known_pupils``, ``factor``, ``pupils``: the
        same of children; a stage of several bands has a row of its own, whose ``band`` is the stage.
    notices : tuple of Message
        Reservations, the gravest first.
    set_aside : tuple of SetAside
        Rows left out or taken otherwise than they stand.
    ages : pandas.DataFrame, shape (n_townships, n_ages)
        People of the county by township and single year of age, scaled as the people are; columns ``"0"``, ``"1"`` …; empty
        where no age groups are named [people].
    """

    cells: gpd.GeoDataFrame
    sheet: pd.DataFrame
    by_band: pd.DataFrame = field(default_factory=no_pupils)
    notices: tuple[Message, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    ages: pd.DataFrame = field(default_factory=no_ages)


def check_total(found: float, known: float, *, tolerance: float = TOTAL_TOLERANCE) -> Message | None:
    """
    Hold a total against the known one.

    Parameters
    ----------
    found, known : float
        People by the file, and as known [people].
    tolerance : float
        Share of the known number by which the other may differ, inclusive.

    Returns
    -------
    Message or None
        The difference in words, where it is larger.
    """
    if abs(found - known) <= tolerance * known:
        return None
    return msg(
        "The files count {found:.0f} people, {known:.0f} are known: a difference of {percent:+.1f} %.",
        found=found,
        known=known,
        percent=100 * (found / known - 1),
    )


def check_factor(factor: float, *, what: str) -> Message | None:
    """
    Speak up where a population had to be scaled by so much that it is probably another place's.

    Parameters
    ----------
    factor : float
        Known number / number found.
    what : str
        Name of the township, or "" for the county.

    Returns
    -------
    Message or None
        The warning, where the factor is beyond 0.5 to 2.
    """
    if LOUD_FACTOR[0] <= factor <= LOUD_FACTOR[1]:
        return None
    where = what or msg("the county")
    return msg(
        "The population of {where} had to be multiplied by {factor:.2f} to meet the known number. Check that the population file shows this place and counts people.",
        where=where,
        factor=factor,
    )


def factor_notices(base: pd.Series, target: pd.Series) -> list[Message]:
    """
    Name the townships whose people had to be scaled beyond belief.

    Parameters
    ----------
    base, target : pandas.Series, shape (n_townships,)
        People as counted and as they are to be, by township [people].

    Returns
    -------
    list of Message
        A warning a township (see ``check_factor``).
    """
    factors = (target / base.where(base > 0)).dropna()
    told = [check_factor(float(factor), what=str(name)) for name, factor in factors.items()]
    return [notice for notice in told if notice is not None]


def people_sheet(
    *,
    grid: pd.Series | None,
    listed: pd.Series | None,
    target: pd.Series,
    known: Known,
    pupils: Listed | None = None,
    townships: pd.Series | None = None,
) -> pd.DataFrame:
    """
    Lay out what the people of each township rest on.

    Parameters
    ----------
    grid : pandas.Series or None
        People of the grid by township; None without a grid [people].
    listed : pandas.Series or None
        People of the list by township, of those it names in full; None without a list [people].
    target : pandas.Series, shape (n_townships,)
        People after all scaling, by township [people].
    known : Known
        Known numbers.
    pupils : Listed, optional
        The list's children.
    townships : pandas.Series, optional
        Township of each of the list's villages; NaN for those outside the county.

    Returns
    -------
    pandas.DataFrame
        As ``Demand.sheet``; the county first.
    """
    nothing = pd.Series(dtype=float)
    of_grid, of_list = nothing if grid is None else grid, nothing if listed is None else listed
    rows = []
    for name in [COUNTY, *sorted(map(str, target.index))]:
        if name == COUNTY:
            by_grid = np.nan if grid is None else float(grid.sum())
            by_list = np.nan if listed is None else float(listed.sum())
            found = float(target.reindex(of_grid.index).sum() if by_grid > 0 else target.sum())
            source = "+".join(word for word, table in (("grid", grid), ("list", listed)) if table is not None)
        else:
            by_grid, by_list = float(of_grid.get(name, np.nan)), float(of_list.get(name, np.nan))
            found = float(target[name])
            source = "+".join(w for w, people in (("grid", by_grid), ("list", by_list)) if not np.isnan(people))
        base = by_grid if by_grid > 0 else by_list
        rows.append(
            {
                "township": name,
                "source": source or "list",
                "grid_total": by_grid,
                "list_total": by_list,
                "known_total": known.people_of(name),
                "factor": found / base if base > 0 else 1.0,
            }
        )
    sheet = pd.DataFrame(rows)
    for column in ("incoming", "town_boarders"):
        counted = None if pupils is None else getattr(pupils, column)
        if counted is not None and townships is not None:
            sums = counted.groupby(townships).sum()
            sheet[column] = [float(sums.sum() if name == COUNTY else sums.get(name, 0.0)) for name in sheet["township"]]
    return sheet


def pupil_sheet(
    *,
    grid: pd.DataFrame | None,
    expected: pd.DataFrame,
    whole: pd.DataFrame,
    townships: pd.Series,
    in_margin: pd.Series,
    known: Known,
    stages: Stages,
    pupils: Listed | None = None,
    village_townships: pd.Series | None = None,
) -> pd.DataFrame:
    """
    Lay out what the children of each township and grade band rest on.

    Parameters
    ----------
    grid : pandas.DataFrame or None
        Children by the grid alone, unscaled, by cell and band; None without a grid [people].
    expected : pandas.DataFrame, shape (n_cells, n_bands)
        Children after all scaling, in fractions [people].
    whole : pandas.DataFrame, shape (n_cells, n_bands)
        ``pupils_{band}``: the same in whole pupils.
    townships : pandas.Series, shape (n_cells,)
        Township of each cell.
    in_margin : pandas.Series of bool, shape (n_cells,)
        Cells across the county line, which are left out.
    known : Known
        Known numbers.
    stages : Mapping
        The stages whose bands these are.
    pupils : Listed, optional
        The list's children.
    village_townships : pandas.Series, optional
        Township of each of the list's villages; NaN for those outside the county.

    Returns
    -------
    pandas.DataFrame
        As ``Demand.by_band``; the county first.
    """
    inside = ~in_margin.to_numpy(dtype=bool)
    found = _by_township(expected[inside], townships[inside])
    final = _by_township(whole[inside], townships[inside])
    of_grid = (
        None if grid is None else _by_township(grid, townships.reindex(grid.index)[~in_margin.reindex(grid.index)])
    )
    rows = []
    for name in found.index:
        for stage in stages:
            bands = list(BANDS[stage])
            for band in dict.fromkeys([*([stage] if len(bands) > 1 else []), *bands]):
                some = bands if band == stage else [band]
                by_grid = (
                    np.nan if of_grid is None or name not in of_grid.index else float(of_grid.loc[name, some].sum())
                )
                by_list = _listed_of(pupils, village_townships, name, stage, band)
                base = by_grid if by_grid > 0 else by_list
                children = float(found.loc[name, some].sum())
                rows.append(
                    {
                        "township": name,
                        "stage": stage,
                        "band": band,
                        "grid_pupils": by_grid,
                        "list_pupils": by_list,
                        "known_pupils": known.pupils_of(name, band),
                        "factor": children / base if base > 0 else 1.0,
                        "pupils": int(final.loc[name, [f"pupils_{each}" for each in some]].sum()),
                    }
                )
    return pd.DataFrame(rows)


def _by_township(table: pd.DataFrame, townships: pd.Series) -> pd.DataFrame:
    """Add children up by township, with the county's own row first."""
    sums = table.reindex(townships.index).groupby(townships.astype(str)).sum().sort_index()
    return pd.concat([sums.sum().to_frame(COUNTY).T, sums])


def _listed_of(pupils: Listed | None, townships: pd.Series | None, name: str, stage: str, band: str) -> float:
    """Count the list's children of a township, or of the county, NaN where it names none."""
    if pupils is None or townships is None:
        return float("nan")
    column = (pupils.stages[stage] if band == stage else pupils.bands[band])[townships.notna()]
    if name != COUNTY:
        column = column[townships == name]
    return float(column.sum(min_count=1))

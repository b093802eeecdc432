"""How the children were come by: list, grid, known number and factor of each township, of people and of each grade band."""

from __future__ import annotations

from collections.abc import Mapping
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
    named: set[str] = set()  # townships of whose pupils, if not people, the list says something
    if pupils is not None and townships is not None:
        named = set(townships[pupils.stages.notna().any(axis=1)].dropna().astype(str))
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
            on_list = name in named or not np.isnan(by_list)
            source = "+".join(w for w, is_there in (("grid", not np.isnan(by_grid)), ("list", on_list)) if is_there)
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
    labels = {
        band: (stage, list(BANDS[stage]) if band == stage else [band])
        for stage in stages
        for band in dict.fromkeys([stage, *BANDS[stage]] if len(BANDS[stage]) > 1 else BANDS[stage])
    }
    children = _by_township(_labelled(expected[inside], labels), townships[inside])
    final = _by_township(
        _labelled(whole.rename(columns=lambda name: str(name).removeprefix("pupils_"))[inside], labels),
        townships[inside],
    )
    names = children.index
    by_grid = by_list = known_ones = pd.DataFrame(np.nan, index=names, columns=list(labels))
    if grid is not None:
        own = ~in_margin.reindex(grid.index).to_numpy(dtype=bool)
        by_grid = _by_township(_labelled(grid[own], labels), townships.reindex(grid.index)[own]).reindex(names)
    if pupils is not None and village_townships is not None:
        ours = village_townships.notna()
        by_list = _by_township(_columns_of(pupils, labels)[ours], village_townships[ours]).reindex(names)
    if known.listed is not None:
        known_ones = _columns_of(known.listed, labels).reindex(names)
    base = by_grid.where(by_grid > 0, by_list)
    factor = (children / base.where(base > 0)).fillna(1.0)
    return pd.DataFrame(
        {
            "township": np.repeat(names.astype(str), len(labels)),
            "stage": [stage for stage, _ in labels.values()] * len(names),
            "band": list(labels) * len(names),
            "grid_pupils": by_grid.to_numpy(dtype=float).ravel(),
            "list_pupils": by_list.to_numpy(dtype=float).ravel(),
            "known_pupils": known_ones.to_numpy(dtype=float).ravel(),
            "factor": factor.to_numpy(dtype=float).ravel(),
            "pupils": final.to_numpy(dtype=np.int64).ravel(),
        }
    )


def _labelled(table: pd.DataFrame, labels: Mapping[str, tuple[str, list[str]]]) -> pd.DataFrame:
    """Give each row of the sheet a column: a grade band, or a stage as the sum of its bands."""
    return pd.DataFrame({label: table[bands].sum(axis=1) for label, (_, bands) in labels.items()}, index=table.index)


def _columns_of(listed: Listed, labels: Mapping[str, tuple[str, list[str]]]) -> pd.DataFrame:
    """Give each row of the sheet the list's column; a stage may be known where its bands are not."""
    return pd.DataFrame(
        {
            label: listed.stages[stage] if label == stage else listed.bands[label]
            for label, (stage, _) in labels.items()
        },
        index=listed.stages.index,
    )


def _by_township(table: pd.DataFrame, townships: pd.Series) -> pd.DataFrame:
    """Add children up by township, with the county's own row first; NaN where nothing is known."""
    sums = table.groupby(townships.astype(str)).sum(min_count=1).sort_index()
    return pd.concat([sums.sum(min_count=1).to_frame(COUNTY).T, sums])

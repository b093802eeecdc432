"""
People become pupils: by cell and grade band, in whole children, with no child lost in rounding.

Two routes. Where the population comes by age group, groups are split into single years (``ages.single_years``), and the years
of a grade band are added up. Where only a total is known, a stage is a share of all people, and its bands share it by their
number of grades. Fractions of a child become whole pupils by largest remainder: the county's total to the townships, each
township's to its cells, each cell's to the bands of the stage.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planning.demand.ages import single_years
from planning.errors import Message, SchemaError, SetAside, msg
from planning.stages import BANDS

__all__ = [
    "Demand",
    "Stages",
    "ages_of_band",
    "band_shares",
    "check_factor",
    "expected_pupils",
    "largest_remainder",
    "pupils_by_cell",
    "round_to_totals",
    "sheet_row",
    "whole_pupils",
]

logger = logging.getLogger(__name__)

#: For each stage its first and last age (or None) and its share of all people (or None).
Stages = Mapping[str, tuple[tuple[int, int] | None, float | None]]

_LOUD_FACTOR = (0.5, 2.0)  # tool default: a grid this far from the known number is not merely out of date
_GOLDEN = (5**0.5 - 1) / 2


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
        number rests on. The row of township ``*`` is the county.
    notices : tuple of Message
        Reservations.
    set_aside : tuple of SetAside
        Rows left out or taken otherwise than they stand.
    """

    cells: gpd.GeoDataFrame
    sheet: pd.DataFrame
    notices: tuple[Message, ...] = ()
    set_aside: tuple[SetAside, ...] = field(default=())


def largest_remainder(weights: ArrayLike, total: ArrayLike, *, groups: ArrayLike | None = None) -> NDArray[np.int64]:
    """
    Divide a whole number in proportion to weights so that the parts add up to it.

    Every part is its quota rounded down, and those with the largest fractions get one more. Of equal fractions the earlier
    one gets it, so callers sort by id. A weight of 0 gets nothing.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights, 0 or more.
    total : array_like
        What to divide: one whole number, or with ``groups`` one for each group, shape (n_groups,).
    groups : array_like of int, shape (n,), optional
        Group of each weight, from 0; each group divides its own total.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Whole parts.

    Raises
    ------
    SchemaError
        If a weight is negative or not finite, a total is negative, or a total has no weight to go to.

    Examples
    --------
    >>> largest_remainder([1, 1, 1], 100).tolist()
    [34, 33, 33]
    """
    weight = np.asarray(weights, dtype=float).ravel()
    group = np.zeros(len(weight), dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64).ravel()
    totals = np.atleast_1d(np.asarray(total)).astype(np.int64)
    if not np.isfinite(weight).all() or (weight < 0).any() or (totals < 0).any():
        raise SchemaError(msg("Numbers of people must be 0 or more; correct the table of population."))
    sums = np.bincount(group, weights=weight, minlength=len(totals))
    if ((sums <= 0) & (totals > 0)).any():
        raise SchemaError(
            msg(
                "{n} pupils have no place to live in: the population where they were counted is 0.",
                n=int(totals[sums <= 0].sum()),
            )
        )
    portion = weight / np.where(sums > 0, sums, 1.0)[group]
    return round_to_totals(portion * totals[group], totals, groups=group)


def round_to_totals(
    quotas: NDArray[np.float64],
    totals: NDArray[np.int64],
    *,
    groups: NDArray[np.int64],
    spread: bool = False,
    most: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """
    Round quotas down or up so that each group adds up to its total.

    Parameters
    ----------
    quotas : numpy.ndarray, shape (n,)
        What each would get if children could be divided; a group's quotas add up to within 1 of its total.
    totals : numpy.ndarray of int64, shape (n_groups,)
        Whole totals.
    groups : numpy.ndarray of int64, shape (n,)
        Group of each quota, from 0.
    spread : bool
        Of equal fractions take the earlier one (False), or places scattered over the group (True): where all cells
        have the same fraction, as when a band is half of a stage, the north of a township must not get all of one band.
    most : numpy.ndarray of int64, shape (n,), optional
        Most that each may get. Where floors and ceilings cannot make up a total, others between 0 and this do.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Each the quota's floor or its ceiling, but for what ``most`` says.
    """
    quotas = np.round(quotas, 9)  # 2.9999999999 is 3, on every machine
    floor = np.floor(quotas)
    fraction = np.round(quotas - floor, 9)
    missing = totals - np.bincount(groups, weights=floor, minlength=len(totals)).astype(np.int64)
    tie = (np.arange(len(quotas)) * _GOLDEN) % 1.0 if spread else np.arange(len(quotas), dtype=float)
    order = np.lexsort((tie, -fraction, groups))
    starts = np.searchsorted(groups[order], np.arange(len(totals)))
    rank = np.empty(len(quotas), dtype=np.int64)
    rank[order] = np.arange(len(quotas)) - starts[groups[order]]
    whole = (floor + ((rank < missing[groups]) & (fraction > 0))).astype(np.int64)
    return whole if most is None else _settled(whole, totals, groups=groups, most=most, order=order)


def _settled(
    whole: NDArray[np.int64],
    totals: NDArray[np.int64],
    *,
    groups: NDArray[np.int64],
    most: NDArray[np.int64],
    order: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Give or take the few pupils that a group still lacks or has too many, one a cell and round."""
    lacking = totals - np.bincount(groups, weights=whole, minlength=len(totals)).astype(np.int64)
    for group in np.flatnonzero(lacking):
        members, left = order[groups[order] == group], int(lacking[group])
        while left:
            able = members[whole[members] < most[members]] if left > 0 else members[whole[members] > 0]
            chosen = able[: abs(left)]
            if not len(chosen):
                break
            whole[chosen] += np.sign(left)
            left -= int(np.sign(left)) * len(chosen)
    return whole


def ages_of_band(stage: str, ages: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """
    Divide the ages of a stage among its grade bands, evenly, the younger band first.

    Parameters
    ----------
    stage : str
        One of ``stages.STAGES``.
    ages : tuple of int
        First and last age of the stage, both included [years].

    Returns
    -------
    dict
        First and last age by band [years].

    Examples
    --------
    >>> ages_of_band("primary", (6, 11))
    {'primary_lower': (6, 8), 'primary_upper': (9, 11)}
    """
    parts = np.array_split(np.arange(ages[0], ages[1] + 1), len(BANDS[stage]))
    return {band: (int(part[0]), int(part[-1])) for band, part in zip(BANDS[stage], parts, strict=True) if len(part)}


def band_shares(stage: str, ages: tuple[int, int] | None) -> dict[str, float]:
    """
    Say what share of a stage's pupils each grade band has, years being equally strong.

    Parameters
    ----------
    stage : str
        One of ``stages.STAGES``.
    ages : tuple of int or None
        First and last age of the stage [years]; None: all bands alike.

    Returns
    -------
    dict
        Share by band; the shares add up to 1.
    """
    if ages is None:
        return {band: 1 / len(BANDS[stage]) for band in BANDS[stage]}
    parts = ages_of_band(stage, ages)
    years = {band: parts[band][1] - parts[band][0] + 1 if band in parts else 0 for band in BANDS[stage]}
    return {band: n / sum(years.values()) for band, n in years.items()}


def expected_pupils(population: pd.Series, stages: Stages, *, ages: pd.DataFrame | None = None) -> pd.DataFrame:
    """
    Count the children of each grade band in each cell, in fractions.

    Parameters
    ----------
    population : pandas.Series, shape (n_cells,)
        People [people].
    stages : Mapping
        Ages and share by stage.
    ages : pandas.DataFrame, shape (n_cells, n_groups), optional
        People by age group; columns such as ``5-9``, ``6`` or ``20+``. A stage with ``ages`` is counted from these, and
        from its ``share`` only without them.

    Returns
    -------
    pandas.DataFrame, shape (n_cells, n_bands)
        Children by band, on the index of ``population`` [people].

    Raises
    ------
    SchemaError
        If age groups overlap or cannot be read, lack a year of a stage, or a stage has neither ages to count nor a share.
    """
    years = None if ages is None else single_years(ages)
    expected: dict[str, NDArray[np.float64]] = {}
    for stage, (span, share) in stages.items():
        if span is not None and years is not None:
            lacking = [year for year in range(span[0], span[1] + 1) if year not in years.columns]
            if lacking:
                raise SchemaError(
                    msg(
                        "The age groups of the population lack the ages {ages} of stage {stage}. Add the groups, or take them out and give a share.",
                        ages=", ".join(map(str, lacking)),
                        stage=stage,
                    )
                )
            for band, (first, last) in ages_of_band(stage, span).items():
                expected[band] = years[list(range(first, last + 1))].sum(axis=1).to_numpy(dtype=float)
            for band in BANDS[stage]:
                expected.setdefault(band, np.zeros(len(population)))
        elif share is not None:
            for band, part in band_shares(stage, span).items():
                expected[band] = population.to_numpy(dtype=float) * share * part
        else:
            raise SchemaError(
                msg(
                    "Stage {stage}: the population has no age groups. Give the stage a share of the people.",
                    stage=stage,
                )
            )
    return pd.DataFrame(expected, index=population.index)


def whole_pupils(
    expected: pd.DataFrame,
    stages: Stages,
    *,
    townships: pd.Series,
    in_margin: pd.Series,
) -> pd.DataFrame:
    """
    Make whole pupils of fractions: county to townships to cells to grade bands, each total kept.

    Parameters
    ----------
    expected : pandas.DataFrame, shape (n_cells, n_bands)
        Children by band, in fractions; rows in the order of their ids, which breaks ties [people].
    stages : Mapping
        The stages whose bands these are.
    townships : pandas.Series, shape (n_cells,)
        Township of each cell; "" is a group like any other.
    in_margin : pandas.Series of bool, shape (n_cells,)
        Cells across the county line, which have a total of their own.

    Returns
    -------
    pandas.DataFrame, shape (n_cells, n_bands)
        ``pupils_{band}`` int64. The bands of a stage add up, over the county, to the stage's total rounded half up.
    """
    side = in_margin.to_numpy(dtype=np.int64)
    group, names = pd.factorize(pd.MultiIndex.from_arrays([side, townships.to_numpy()]), sort=True)
    side_of_group = np.array([key[0] for key in names], dtype=np.int64)
    whole: dict[str, NDArray[np.int64]] = {}
    for stage in stages:
        left_expected = expected[list(BANDS[stage])].sum(axis=1).to_numpy(dtype=float)
        in_group = _sums(left_expected, group, len(names))
        left_group = round_to_totals(in_group, _half_up(in_group, side_of_group), groups=side_of_group)
        left = round_to_totals(left_expected, left_group, groups=group)
        for band in BANDS[stage][:-1]:
            part = expected[band].to_numpy(dtype=float)
            part_group = _sums(part, group, len(names))
            totals = round_to_totals(
                left_group * _ratio(part_group, in_group),
                _half_up(part_group, side_of_group),
                groups=side_of_group,
                most=left_group,
            )
            whole[band] = round_to_totals(
                left * _ratio(part, left_expected), totals, groups=group, spread=True, most=left
            )
            left, left_expected = left - whole[band], left_expected - part
            left_group, in_group = left_group - totals, in_group - part_group
        whole[BANDS[stage][-1]] = left
    return pd.DataFrame({f"pupils_{band}": whole[band] for band in whole}, index=expected.index)


def _sums(values: NDArray[np.float64], group: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    return np.bincount(group, weights=values, minlength=n).astype(float)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _half_up(of_group: NDArray[np.float64], side_of_group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole total of each side of the county line."""
    of_side = np.bincount(side_of_group, weights=of_group, minlength=2)
    return np.asarray(np.floor(np.round(of_side, 6) + 0.5), dtype=np.int64)


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
    if _LOUD_FACTOR[0] <= factor <= _LOUD_FACTOR[1]:
        return None
    where = what or msg("the county")
    return msg(
        "The population of {where} had to be multiplied by {factor:.2f} to meet the known number. Check that the population file shows this place and counts people.",
        where=where,
        factor=factor,
    )


def sheet_row(
    township: str,
    source: str,
    *,
    grid: float = np.nan,
    listed: float = np.nan,
    known: float = np.nan,
    factor: float = 1.0,
) -> dict[str, object]:
    """
    Write one line of the demand sheet.

    Parameters
    ----------
    township : str
        Name; "" unknown, ``*`` the county.
    source : str
        ``grid``, ``list``, or ``grid+list``.
    grid, listed, known : float
        People by the grid, by the village list, and as known; NaN where there is none [people].
    factor : float
        What the grid was multiplied by.

    Returns
    -------
    dict
        Column: value.
    """
    return {
        "township": township,
        "source": source,
        "grid_total": grid,
        "list_total": listed,
        "known_total": known,
        "factor": factor,
    }


def pupils_by_cell(
    cells: gpd.GeoDataFrame,
    stages: Stages,
    *,
    ages: pd.DataFrame | None = None,
    known_total: float | None = None,
) -> Demand:
    """
    Count the pupils of each cell of a population grid.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame, shape (n_cells, ...)
        Indexed by ``cell_id``: ``population`` [people], ``township`` ("" unknown), ``in_margin``.
    stages : Mapping
        Ages and share by stage.
    ages : pandas.DataFrame, shape (n_cells, n_groups), optional
        People by age group on the same index [people].
    known_total : float, optional
        The county's known population; people and age groups are scaled to it [people].

    Returns
    -------
    Demand
        Cells with whole pupils, the demand sheet, reservations.

    Raises
    ------
    SchemaError
        If nobody lives in the county, or the stages cannot be counted (see ``expected_pupils``).
    """
    cells = cells.sort_index()
    inside = ~cells["in_margin"].to_numpy(dtype=bool)
    found = float(cells["population"].to_numpy()[inside].sum())
    if not found > 0:
        raise SchemaError(
            msg("Nobody lives inside the county by the population file. Check its place and its no-data value.")
        )
    factor = 1.0 if known_total is None else known_total / found
    population = cells["population"] * factor
    expected = expected_pupils(population, stages, ages=None if ages is None else ages.loc[cells.index] * factor)
    whole = whole_pupils(expected, stages, townships=cells["township"], in_margin=cells["in_margin"])
    by_township = cells["population"][inside].groupby(cells["township"][inside]).sum()
    rows = [sheet_row("*", "grid", grid=found, known=np.nan if known_total is None else known_total, factor=factor)]
    rows += [sheet_row(str(name), "grid", grid=float(people), factor=factor) for name, people in by_township.items()]
    loud = check_factor(factor, what="")
    notices = [] if known_total is None else [
        msg("The population file counts {found:.0f} people, {known:.0f} are known: every cell was multiplied by {factor:.4f}.",
            found=found, known=known_total, factor=factor)
    ]  # fmt: skip
    logger.info("%d cells, %.0f people, factor %.4f", len(cells), found, factor)
    kept = cells.drop(columns=[column for column in whole if column in cells])
    return Demand(
        kept.assign(population=population.astype(float), **{str(name): whole[name] for name in whole}),
        pd.DataFrame(rows),
        (*notices, *([loud] if loud else [])),
    )

"""
People become pupils: by cell and grade band, in whole children, with no child lost in rounding.

Two routes. Where the population comes by age group, groups are split into single years (``ages.single_years``), and the years
of a grade band are added up. Where only a total is known, a stage is a share of all people, and its bands share it by their
number of grades. Fractions of a child become whole pupils by largest remainder: the county's total to the townships, each
township's to its cells, each cell's to the bands of the stage.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.demand.ages import single_years
from planning.demand.rounding import round_to_totals, round_with_sums
from planning.errors import Names, SchemaError, msg
from planning.stages import BANDS

__all__ = ["Stages", "ages_of_band", "band_shares", "expected_pupils", "whole_pupils"]

#: For each stage its first and last age (or None) and its share of all people (or None).
Stages = Mapping[str, tuple[tuple[int, int] | None, float | None]]


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
                        ages=Names(map(str, lacking)),
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
        parts = [expected[band].to_numpy(dtype=float) for band in BANDS[stage]]
        totals = _whole_totals(np.column_stack([_sums(part, group, len(names)) for part in parts]), side_of_group)
        left_expected = np.sum(parts, axis=0)
        left = round_to_totals(left_expected, totals.sum(axis=1), groups=group)
        for band, part, of_group in zip(BANDS[stage][:-1], parts, totals.T, strict=False):
            whole[band] = round_to_totals(
                left * _ratio(part, left_expected), of_group, groups=group, spread=True, most=left
            )
            left, left_expected = left - whole[band], left_expected - part
        whole[BANDS[stage][-1]] = left
    return pd.DataFrame({f"pupils_{band}": whole[band] for band in whole}, index=expected.index)


def _whole_totals(of_group: NDArray[np.float64], side_of_group: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Round the children of each township and band, so that stage and first bands keep their sums on each side of the line.

    Townships first, then one band after the other. Where that changes a number that is whole, as a known one is, all numbers of
    that side are rounded at once.
    """
    left_group = of_group.sum(axis=1)
    left = round_to_totals(left_group, _half_up(left_group, side_of_group), groups=side_of_group)
    columns = []
    for part in of_group.T[:-1]:
        quotas = left * _ratio(part, left_group)
        columns.append(round_to_totals(quotas, _half_up(part, side_of_group), groups=side_of_group, most=left))
        left, left_group = left - columns[-1], left_group - part
    totals = np.column_stack([*columns, left])
    for side in np.unique(side_of_group):
        here = side_of_group == side
        margins = [(table, table.sum(axis=1)) for table in (of_group[here], totals[here])]
        pairs = zip(*margins, strict=True)
        if any((_is_whole(wanted) & (np.round(wanted) != found)).any() for wanted, found in pairs):
            together = round_with_sums(of_group[here], totals[here].sum(axis=0))
            totals[here] = totals[here] if together is None else together
    return totals


def _is_whole(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.abs(values - np.round(values)) < 1e-6


def _sums(values: NDArray[np.float64], group: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    return np.bincount(group, weights=values, minlength=n).astype(float)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _half_up(of_group: NDArray[np.float64], side_of_group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole total of each side of the county line."""
    of_side = np.bincount(side_of_group, weights=of_group, minlength=2)
    return np.asarray(np.floor(np.round(of_side, 6) + 0.5), dtype=np.int64)

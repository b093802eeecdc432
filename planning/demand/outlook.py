"""
Seats that will be needed against seats that are there: when a shortage or a surplus begins, and which stage may take
over from which as the wave of children moves on.

Seats needed = children of the stage's ages × share who attend × (1 + those who come from elsewhere) / share of seats that can
be filled.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planning.errors import Names, SchemaError, msg

__all__ = ["COUNTY", "FILL_RATE", "SURPLUS", "convert_seats", "early_warning", "seats_needed", "special_schools_due"]

COUNTY = "*"
"""Stands for the county as a whole among the townships."""

FILL_RATE = 0.90
"""Share of seats that can be filled, since classes and places never fit exactly: tool default."""

SURPLUS = 0.15
"""Share of the seats that must be empty before a surplus is told: tool default."""


def seats_needed(
    children: pd.DataFrame,
    ages: Mapping[str, tuple[int, int]],
    *,
    attending: Mapping[str, float] | None = None,
    net_inflow: Mapping[str, float] | None = None,
    fill_rate: float = FILL_RATE,
) -> pd.DataFrame:
    """
    Turn children into the seats they need.

    Parameters
    ----------
    children : pandas.DataFrame, shape (n_years * n_townships, n_ages)
        Children by (year, township) and single year of age [children].
    ages : Mapping
        First and last age of each stage, both included [years].
    attending : Mapping, optional
        Share of the children of a stage who attend; 1 where a stage is not named.
    net_inflow : Mapping, optional
        Pupils from outside less those who attend outside, as a share of the children who attend; 0 where not named.
    fill_rate : float
        Share of seats that can be filled.

    Returns
    -------
    pandas.DataFrame, shape (n_years * n_townships, n_stages)
        Seats needed, on the index of ``children`` [seats].

    Raises
    ------
    SchemaError
        If an age of a stage is missing, or a share is out of range.

    Examples
    --------
    >>> children = pd.DataFrame([[90.0, 90.0, 90.0]], index=[(2030, "A")], columns=[12, 13, 14])
    >>> seats_needed(children, {"junior": (12, 14)})["junior"].tolist()
    [300.0]
    """
    if not 0 < fill_rate <= 1:
        raise SchemaError(
            msg("The share of seats that can be filled must be above 0 and at most 1, not {value}.", value=fill_rate)
        )
    table = {}
    for stage, (first, last) in ages.items():
        lacking = [age for age in range(first, last + 1) if age not in children.columns]
        if lacking:
            raise SchemaError(
                msg(
                    "The children lack the ages {ages} of stage {stage}.",
                    ages=Names(map(str, lacking)),
                    stage=stage,
                )
            )
        share, inflow = (attending or {}).get(stage, 1.0), (net_inflow or {}).get(stage, 0.0)
        if not 0 <= share <= 1 or not -1 <= inflow < np.inf:
            raise SchemaError(
                msg(
                    "Stage {stage}: the share who attend must be between 0 and 1, the net inflow -1 or more.",
                    stage=stage,
                )
            )
        pupils = children[list(range(first, last + 1))].sum(axis=1) * share * (1 + inflow)
        table[stage] = pupils / fill_rate
    return pd.DataFrame(table, index=children.index)


def early_warning(needed: pd.DataFrame, there: pd.DataFrame, *, surplus: float = SURPLUS) -> pd.DataFrame:
    """
    Tell for each stage and township when seats run short or stand empty.

    Parameters
    ----------
    needed : pandas.DataFrame, shape (n_years * n_townships, n_stages)
        Seats needed by (year, township) [seats].
    there : pandas.DataFrame, shape (n_townships, n_stages)
        Seats that are there; NaN where a school's are not known [seats].
    surplus : float
        Share of the seats that must be more than needed before a surplus is told.

    Returns
    -------
    pandas.DataFrame
        By (stage, township), the county as ``COUNTY`` last: ``seats`` [seats], ``shortage_from`` (first year, Int64, NA where
        none), ``shortage_until``, ``most_missing`` [seats] and its ``year_of_most``, ``surplus_from``, ``surplus_until``,
        ``most_empty`` [seats], ``needed_at_end`` [seats]. Years are those of ``needed``; "until" is the last such year in all,
        whatever lies between. Where seats are not known nothing is told but what is needed.

    Raises
    ------
    SchemaError
        If a township or stage of ``needed`` has no row or column of seats.
    """
    townships = list(dict.fromkeys(needed.index.get_level_values(1)))
    lacking = [str(name) for name in townships if name not in there.index] + [
        str(stage) for stage in needed.columns if stage not in there.columns
    ]
    if lacking:
        raise SchemaError(msg("Seats are not given for {names}.", names=Names(lacking)))
    rows = {}
    for stage in needed.columns:
        by_year = needed[stage].unstack(level=1)
        seats = there.loc[townships, stage].astype(float)
        for name in townships:
            rows[stage, name] = _warn(by_year[name], float(seats[name]), surplus)
        rows[stage, COUNTY] = _warn(by_year.sum(axis=1), float(seats.sum(skipna=False)), surplus)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["stage", "township"])
    years = ["shortage_from", "shortage_until", "year_of_most", "surplus_from", "surplus_until"]
    return table.astype(dict.fromkeys(years, "Int64"))


def _warn(needed: pd.Series, seats: float, surplus: float) -> dict[str, object]:
    """Tell the years of one township and stage."""
    missing = needed - seats
    short = needed.index[missing > 1e-6]
    empty = needed.index[-missing > max(surplus * seats, 1e-6)]
    most = float(missing.max())
    return {
        "seats": seats,
        "shortage_from": short.min() if len(short) else pd.NA,
        "shortage_until": short.max() if len(short) else pd.NA,
        "most_missing": most if most > 1e-6 else (0.0 if most == most else np.nan),
        "year_of_most": missing.idxmax() if len(short) else pd.NA,
        "surplus_from": empty.min() if len(empty) else pd.NA,
        "surplus_until": empty.max() if len(empty) else pd.NA,
        "most_empty": float((-missing).clip(lower=0).max()),
        "needed_at_end": float(needed.iloc[-1]),
    }


def convert_seats(needed: pd.DataFrame, there: pd.DataFrame, *, least: float) -> pd.DataFrame:
    """
    List seats of one stage that may serve another as the wave of children moves on.

    In each township and year, empty seats of a stage are offered to stages that lack some: first to the next stage up, which
    the same children enter, then to the others in order. An offer stands for the years in which it holds in a row.

    Parameters
    ----------
    needed : pandas.DataFrame, shape (n_years * n_townships, n_stages)
        Seats needed by (year, township); stages in the order in which a child passes through them [seats].
    there : pandas.DataFrame, shape (n_townships, n_stages)
        Seats that are there; where they are not known nothing is offered [seats].
    least : float
        Fewest seats worth a conversion, such as those of a class [seats].

    Returns
    -------
    pandas.DataFrame
        ``township``, ``from_stage``, ``to_stage``, ``first_year``, ``last_year``, ``seats`` (the fewest of those years) [seats].
    """
    stages = [str(stage) for stage in needed.columns]
    offers: dict[tuple[str, str, str], dict[int, float]] = {}
    seats = {str(name): there.loc[name, stages].to_numpy(dtype=float) for name in there.index}
    for (year, township), row in zip(list(needed.index), needed.to_numpy(dtype=float), strict=True):
        empty = dict(zip(stages, seats[str(township)] - row, strict=True))
        for giver in range(len(stages)):
            for taker in [*range(giver + 1, len(stages)), *range(giver)]:
                amount = min(empty[stages[giver]], -empty[stages[taker]])
                if amount >= least:
                    empty[stages[giver]] -= amount
                    empty[stages[taker]] += amount
                    offers.setdefault((township, stages[giver], stages[taker]), {})[int(year)] = amount
    rows = []
    for (place, from_stage, to_stage), by_year in offers.items():
        years = sorted(by_year)
        runs = np.split(np.array(years), np.flatnonzero(np.diff(years) > 1) + 1)
        rows += [
            (place, from_stage, to_stage, int(run[0]), int(run[-1]), min(by_year[int(year)] for year in run))
            for run in runs
        ]
    columns = ["township", "from_stage", "to_stage", "first_year", "last_year", "seats"]
    return pd.DataFrame(rows, columns=columns).sort_values(["first_year", "township"], kind="stable", ignore_index=True)


def special_schools_due(population: float, *, threshold: float, there: int) -> int:
    """
    Say how many special schools the county lacks.

    Parameters
    ----------
    population : float
        Residents of the county [people].
    threshold : float
        Residents above whom a county needs one, by its rule pack [people].
    there : int
        Special schools that are there.

    Returns
    -------
    int
        1 where one is due and none is there, otherwise 0.
    """
    return int(population > threshold and there == 0)

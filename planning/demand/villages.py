"""
The bureau's own village list: alone, as the cells themselves, or laid over a population grid.

Laid over a grid, the list says how many and the grid says where: in each township the grid is scaled to the list's people,
and to its pupils where the township's villages have them (or at least people, for a share). A township that the list does not name follows the grid.
"""

from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.demand.pupils import (
    Demand,
    Stages,
    band_shares,
    check_factor,
    expected_pupils,
    sheet_row,
    whole_pupils,
)
from planning.errors import Message, SchemaError, SetAside, msg
from planning.stages import BANDS

__all__ = [
    "TOTAL_TOLERANCE",
    "assign_townships",
    "blend_villages",
    "check_total",
    "outside_notice",
    "pupils_by_village",
]

logger = logging.getLogger(__name__)

TOTAL_TOLERANCE = 0.03
"""How far a total may be from the known one before it is told: tool default, about the yearly error of a census."""


def assign_townships(points: gpd.GeoDataFrame, townships: gpd.GeoDataFrame) -> pd.Series:
    """
    Say in which township each point lies.

    Parameters
    ----------
    points : geopandas.GeoDataFrame, shape (n_points, ...)
        Points.
    townships : geopandas.GeoDataFrame, shape (n_townships, ...)
        Polygons with ``name``, indexed by ``township_id``, in the same reference system.

    Returns
    -------
    pandas.Series, shape (n_points,)
        ``township``: its name on the index of ``points``, "" outside all. On a border the lowest id counts.
    """
    ordered = townships.sort_index()
    of_point, of_township = ordered.sindex.query(points.geometry.array, predicate="intersects")
    lowest = np.full(len(points), len(ordered), dtype=np.int64)
    np.minimum.at(lowest, of_point, of_township)
    names = np.append(ordered["name"].astype(str).to_numpy(dtype=object), "")
    return pd.Series(names[lowest], index=points.index, name="township", dtype="str")


def outside_notice(assigned: pd.Series, *, what: Message | str) -> Message | None:
    """
    Tell how many rows lie in no township.

    Parameters
    ----------
    assigned : pandas.Series
        What ``assign_townships`` gave.
    what : Message or str
        What the rows are, in the plural.

    Returns
    -------
    Message or None
        The reservation; None where all lie in one.
    """
    outside = assigned.index[assigned == ""]
    if not len(outside):
        return None
    return msg(
        "{n} {what} lie in no township, the first of them {first}. They count for the county only.",
        n=len(outside),
        what=what,
        first=outside[0],
    )


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


def pupils_by_village(
    villages: gpd.GeoDataFrame, stages: Stages, *, known_total: float | None = None, source: str = "villages"
) -> Demand:
    """
    Make cells of a village list alone.

    A village's pupils of a stage are those listed; where none are, its people times the stage's share; where it has neither,
    none, and that is told. Listed pupils are never scaled, people are, to ``known_total``.

    Parameters
    ----------
    villages : geopandas.GeoDataFrame, shape (n_villages, ...)
        As in ``schemas.VILLAGES``; ``in_margin`` where it is known.
    stages : Mapping
        Ages and share by stage.
    known_total : float, optional
        The county's known population [people].
    source : str
        Name of the table, for the words.

    Returns
    -------
    Demand
        One cell a village, under its own id.

    Raises
    ------
    SchemaError
        If the list has no village, or none with people or pupils.
    """
    villages = villages.sort_index()
    people = villages["population"].astype("Float64")
    in_margin = _in_margin(villages)
    total = float(people[~in_margin].sum())
    listed = villages[[f"pupils_{stage}" for stage in stages]]
    if not total > 0 and not listed.sum().sum() > 0:
        raise SchemaError(
            msg("{file}: no village has people or pupils. Name the column that holds them in the mapping.", file=source)
        )
    factor = known_total / total if known_total is not None and total > 0 else 1.0
    population = (people * factor).fillna(0.0).astype(float)
    expected, unknown = _expected_of_villages(villages, stages, population=population, known_people=people.notna())
    whole = whole_pupils(expected, stages, townships=villages["township"], in_margin=in_margin)
    cells = _village_cells(villages, population, in_margin).assign(**{str(name): whole[name] for name in whole})
    known = np.nan if known_total is None else known_total
    rows = [sheet_row("*", "list", listed=total, known=known, factor=factor)]
    for name, sum_ in people[~in_margin].groupby(villages["township"][~in_margin]).sum().items():
        rows.append(sheet_row(str(name), "list", listed=float(sum_), factor=factor))
    notices = [check_total(total, known_total), check_factor(factor, what="")] if known_total is not None else []
    set_aside = _set_aside_unknown(villages, unknown, source=source)
    return Demand(cells, pd.DataFrame(rows), tuple(notice for notice in notices if notice), set_aside)


def blend_villages(
    cells: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    stages: Stages,
    *,
    ages: pd.DataFrame | None = None,
    known_total: float | None = None,
    source: str = "villages",
) -> Demand:
    """
    Lay a village list over a population grid: how many from the list, where from the grid.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame, shape (n_cells, ...)
        Grid cells, as in ``pupils_by_cell``.
    villages : geopandas.GeoDataFrame, shape (n_villages, ...)
        As in ``schemas.VILLAGES``; townships named as those of the cells.
    stages : Mapping
        Ages and share by stage.
    ages : pandas.DataFrame, shape (n_cells, n_groups), optional
        People by age group on the index of ``cells`` [people].
    known_total : float, optional
        The county's known population; what the list leaves of it goes to the townships it does not name [people].
    source : str
        Name of the table, for the words.

    Returns
    -------
    Demand
        Grid cells, and the villages of townships where the grid has nobody, which become cells.

    Raises
    ------
    SchemaError
        If the stages cannot be counted (see ``expected_pupils``).
    """
    cells, villages = cells.sort_index(), villages.sort_index()
    inside = ~cells["in_margin"].to_numpy(dtype=bool)
    grid = cells["population"][inside].groupby(cells["township"][inside]).sum()
    bare = ~villages["township"].isin(grid.index[grid > 0])
    own = villages[~bare & ~_in_margin(villages)]
    people = _complete_sum(own["population"].astype("Float64"), own["township"])
    stray = villages[bare]
    stray_total = float(stray["population"].astype("Float64").fillna(0).sum())
    factor = _factors(grid, people, known_total=known_total, stray=stray_total)
    scale = np.where(inside, cells["township"].map(factor).fillna(1.0), 1.0)
    population = cells["population"] * scale
    expected = expected_pupils(
        population, stages, ages=None if ages is None else ages.loc[cells.index].mul(scale, axis=0)
    )
    expected = _to_listed_pupils(expected, cells, own, stages, inside=inside)

    notices = [_incomplete_notice(own, people, source=source)]
    set_aside: tuple[SetAside, ...] = ()
    table = cells.assign(population=population.astype(float))
    if len(stray):
        stray_people = stray["population"].astype("Float64")
        found, unknown = _expected_of_villages(
            stray, stages, population=stray_people.fillna(0.0).astype(float), known_people=stray_people.notna()
        )
        added = _village_cells(stray, stray_people.fillna(0.0).astype(float), _in_margin(stray))
        added.index = pd.Index([f"{i}~village" if i in cells.index else i for i in stray.index], name="cell_id")
        found.index = added.index
        table, expected = pd.concat([table, added]).sort_index(), pd.concat([expected, found]).sort_index()
        set_aside = _set_aside_unknown(stray, unknown, source=source)
        notices.append(
            msg("{n} villages of {file} lie in townships where the population file has nobody; each became a place of its own with {people:.0f} people in all.",
                n=len(stray), file=source, people=stray_total)
        )  # fmt: skip
    whole = whole_pupils(expected, stages, townships=table["township"], in_margin=table["in_margin"])
    if known_total is not None:
        notices.append(check_total(float(table.loc[~table["in_margin"], "population"].sum()), known_total))
    notices += [check_factor(float(f), what=str(name)) for name, f in factor.items()]
    sheet = [sheet_row("*", "grid+list", grid=float(grid.sum()), listed=float(people.sum()) + stray_total,
                       known=np.nan if known_total is None else known_total,
                       factor=float((grid * factor).sum() / grid.sum()) if grid.sum() > 0 else np.nan)]  # fmt: skip
    for name in grid.index:
        by_list = float(people.get(name, np.nan))
        sheet.append(
            sheet_row(str(name), "grid" if np.isnan(by_list) else "grid+list", grid=float(grid[name]), listed=by_list,
                      factor=float(factor[name]))
        )  # fmt: skip
    for name, sum_ in stray["population"].astype("Float64").groupby(stray["township"]).sum().items():
        if name not in grid.index:
            sheet.append(sheet_row(str(name), "list", listed=float(sum_)))
    return Demand(
        table.assign(**{str(name): whole[name] for name in whole}),
        pd.DataFrame(sheet),
        tuple(notice for notice in notices if notice),
        set_aside,
    )


def _in_margin(villages: gpd.GeoDataFrame) -> pd.Series:
    if "in_margin" in villages:
        return pd.Series(villages["in_margin"].astype(bool))
    return pd.Series(False, index=villages.index)


def _complete_sum(values: pd.Series, township: pd.Series) -> pd.Series:
    """Sum by township, of those townships alone where no village's number is unknown."""
    sums: pd.Series = values.fillna(0).astype(float).groupby(township).sum()
    complete = ~values.isna().groupby(township).any()
    return pd.Series(sums.loc[complete])


def _factors(grid: pd.Series, people: pd.Series, *, known_total: float | None, stray: float) -> pd.Series:
    """What each township's grid cells are multiplied by."""
    listed = people.reindex(grid.index)
    factor = (listed / grid).where((listed > 0) & (grid > 0))
    rest = float(grid[factor.isna()].sum())
    left = np.nan if known_total is None else known_total - float(listed[factor.notna()].sum()) - stray
    common = left / rest if rest > 0 and left > 0 else 1.0
    return pd.Series(factor.fillna(common))


def _incomplete_notice(villages: gpd.GeoDataFrame, people: pd.Series, *, source: str) -> Message | None:
    """Tell the townships whose people the list gives in part, so that the grid's number was kept."""
    named = sorted(set(villages["township"][villages["population"].notna()]) - set(people.index))
    if not named:
        return None
    return msg(
        "{file}: some villages of {n} townships have no number of people, such as in {first}; there the number of the population file was kept.",
        file=source,
        n=len(named),
        first=named[0] or msg("no township"),
    )


def _to_listed_pupils(
    expected: pd.DataFrame, cells: gpd.GeoDataFrame, villages: gpd.GeoDataFrame, stages: Stages, *, inside: np.ndarray
) -> pd.DataFrame:
    """
    Scale the expected children of each township to the list's pupils, stage by stage.

    Only where the list names some, and the other villages of the township have at least people to take a share of.
    """
    expected = expected.copy()
    for stage in stages:
        pupils, (_, share) = villages[f"pupils_{stage}"].astype("Float64"), stages[stage]
        some = pupils.notna().groupby(villages["township"]).any()
        if share is not None:
            pupils = pupils.fillna(villages["population"].astype("Float64") * share)
        listed = _complete_sum(pupils, villages["township"])
        listed = listed[listed.index.isin(some.index[some])]
        bands = list(BANDS[stage])
        sums = expected.loc[inside, bands].sum(axis=1).groupby(cells["township"][inside]).sum()
        ratio = (listed / sums.where(sums > 0)).reindex(sums.index)
        scale = np.where(inside, cells["township"].map(ratio).fillna(1.0), 1.0)
        expected[bands] = expected[bands].mul(scale, axis=0)
        for township in sums.index[(sums <= 0) & (listed.reindex(sums.index) > 0)]:  # people, but none of the age
            there = inside & (cells["township"] == township).to_numpy()
            part = cells["population"][there] / cells["population"][there].sum() * listed[township]
            for band, share in band_shares(stage, stages[stage][0]).items():
                expected.loc[there, band] = part * share
    return expected


def _expected_of_villages(
    villages: gpd.GeoDataFrame, stages: Stages, *, population: pd.Series, known_people: pd.Series
) -> tuple[pd.DataFrame, pd.Series]:
    """Children by band; and the villages for which some stage has neither pupils nor people and a share."""
    expected: dict[str, pd.Series] = {}
    unknown = pd.Series(False, index=villages.index)
    for stage, (ages, share) in stages.items():
        listed = villages[f"pupils_{stage}"].astype("Float64")
        by_share = (population * (np.nan if share is None else share)).where(known_people)
        pupils = listed.fillna(by_share.astype("Float64"))
        unknown |= pupils.isna()
        for band, part in band_shares(stage, ages).items():
            expected[band] = pupils.fillna(0.0).astype(float) * part
    return pd.DataFrame(expected, index=villages.index), unknown


def _village_cells(villages: gpd.GeoDataFrame, population: pd.Series, in_margin: pd.Series) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "name": villages["name"],
            "township": villages["township"],
            "population": population,
            "in_margin": in_margin,
            "geometry": villages.geometry,
        },
        index=pd.Index(villages.index, name="cell_id"),
        geometry="geometry",
        crs=villages.crs,
    )


def _set_aside_unknown(villages: gpd.GeoDataFrame, unknown: pd.Series, *, source: str) -> tuple[SetAside, ...]:
    reason = msg("Neither its people nor its pupils are known, so it was counted with none. Fill in one of them.")
    return tuple(SetAside(source, str(name), reason, kept=True) for name in villages.loc[unknown, "name"])

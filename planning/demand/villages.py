"""
The bureau's own village list: alone, as the cells themselves, or laid over a population grid.

Laid over a grid, the list says how many and the grid says where: in each township the grid is scaled to the list's people,
and to its pupils where the township's villages have them (or at least people, for a share), by grade band where the list knows
it. A township that the list does not name follows the grid. Known numbers come last, and both follow them.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.demand.grades import Listed, listed_pupils
from planning.demand.known import COUNTY, Known, fit_pupils, known_numbers, people_targets
from planning.demand.pupils import Stages, band_shares, expected_pupils, whole_pupils
from planning.demand.sheet import Demand, check_factor, check_total, factor_notices, people_sheet, pupil_sheet
from planning.demand.swapped import swapped_notice
from planning.errors import Message, SchemaError, SetAside, msg
from planning.stages import BANDS

__all__ = ["assign_townships", "blend_villages", "outside_notice", "pupils_by_village"]


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


def pupils_by_village(
    villages: gpd.GeoDataFrame,
    stages: Stages,
    *,
    known_total: float | None = None,
    known: Known | None = None,
    source: str = "villages",
) -> Demand:
    """
    Make cells of a village list alone.

    A village's pupils of a stage are those listed; where none are, its people times the stage's share; where it has neither,
    none, and that is told. Listed pupils are scaled to known pupils alone, people to known people.

    Parameters
    ----------
    villages : geopandas.GeoDataFrame, shape (n_villages, ...)
        As ``sources.villages`` reads them; ``in_margin`` where it is known.
    stages : Mapping
        Ages and share by stage.
    known_total : float, optional
        The county's known population, where nothing more is known [people].
    known : Known, optional
        Known people and pupils of the county and its townships.
    source : str
        Name of the table, for the words.

    Returns
    -------
    Demand
        One cell a village, under its own id.

    Raises
    ------
    SchemaError
        If the list has no village, none with people or pupils, or numbers contradict each other.
    """
    known = known if known is not None else known_numbers(None, stages, known_total=known_total)
    villages = villages.sort_index()
    listed = listed_pupils(villages, stages, source=source)
    people = villages["population"].astype("Float64")
    in_margin = _in_margin(villages)
    inside = ~in_margin.to_numpy(dtype=bool)
    townships = villages["township"].astype(str)
    base = people[inside].fillna(0).astype(float).groupby(townships[inside]).sum()
    total = float(base.sum())
    if not total > 0 and not listed.stages.sum().sum() > 0:
        raise SchemaError(
            msg("{file}: no village has people or pupils. Name the column that holds them in the mapping.", file=source)
        )
    notices: list[Message | None] = []
    if total > 0:
        target = people_targets(base, pd.Series(True, index=base.index), known)
        by_township = known.people.drop(COUNTY, errors="ignore").dropna()
        county = known.people_of(COUNTY)
        if not np.isnan(county):
            notices += [check_total(total, county), check_factor(county / total, what="")]
        notices += factor_notices(base, target) if len(by_township) else []
    else:
        target = base
        if known.people.notna().any():
            notices.append(
                msg("{file}: no village has a number of people, so the known numbers of people could not be used.",
                    file=source)
            )  # fmt: skip
    of_county = float(target.sum()) / total if total > 0 else 1.0
    factor = townships.map((target / base.where(base > 0)).fillna(of_county)).where(inside, of_county).fillna(of_county)
    population = (people * factor).fillna(0.0).astype(float)
    expected, unknown = _expected_of_villages(listed, stages, population=population, known_people=people.notna())
    expected = fit_pupils(expected, townships, inside, known, stages)
    whole = whole_pupils(expected, stages, townships=townships, in_margin=in_margin)
    cells = _village_cells(villages, population, in_margin).assign(**{str(name): whole[name] for name in whole})
    own = townships.where(inside)
    return Demand(
        cells,
        people_sheet(grid=None, listed=base, target=target, known=known, pupils=listed, townships=own),
        pupil_sheet(
            grid=None, expected=expected, whole=whole, townships=townships, in_margin=in_margin, known=known,
            stages=stages, pupils=listed, village_townships=own,
        ),
        (*(notice for notice in notices if notice), *listed.notices),
        _set_aside_unknown(villages, unknown, source=source),
    )  # fmt: skip


def blend_villages(
    cells: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    stages: Stages,
    *,
    ages: pd.DataFrame | None = None,
    known_total: float | None = None,
    known: Known | None = None,
    source: str = "villages",
) -> Demand:
    """
    Lay a village list over a population grid: how many from the list, where from the grid.

    Cells across the county line stay as they are.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame, shape (n_cells, ...)
        Grid cells, as in ``pupils_by_cell``.
    villages : geopandas.GeoDataFrame, shape (n_villages, ...)
        As ``sources.villages`` reads them; townships named as those of the cells.
    stages : Mapping
        Ages and share by stage.
    ages : pandas.DataFrame, shape (n_cells, n_groups), optional
        People by age group on the index of ``cells`` [people].
    known_total : float, optional
        The county's known population, where nothing more is known; what the list leaves of it goes to the townships it does
        not name [people].
    known : Known, optional
        Known people and pupils of the county and its townships.
    source : str
        Name of the table, for the words.

    Returns
    -------
    Demand
        Grid cells, and the villages of townships where the grid has nobody, which become cells.

    Raises
    ------
    SchemaError
        If the stages cannot be counted (see ``expected_pupils``), or numbers contradict each other.
    """
    known = known if known is not None else known_numbers(None, stages, known_total=known_total)
    cells, villages = cells.sort_index(), villages.sort_index()
    listed = listed_pupils(villages, stages, source=source)
    inside = ~cells["in_margin"].to_numpy(dtype=bool)
    grid = cells["population"][inside].groupby(cells["township"][inside].astype(str)).sum()
    bare, ours = ~villages["township"].isin(grid.index[grid > 0]), ~_in_margin(villages)
    own, stray = villages[~bare & ours], villages[bare]
    people = _complete_sum(own["population"].astype("Float64"), own["township"])
    stray_people = stray["population"].astype("Float64").fillna(0.0).astype(float)
    of_stray = stray_people[ours[bare]].groupby(stray["township"][ours[bare]].astype(str)).sum()
    base = pd.concat([people[people > 0], of_stray, grid])
    base = base[~base.index.duplicated()].sort_index()
    firm = pd.Series(base.index.isin(people.index[people > 0].append(of_stray.index)), index=base.index)
    target = people_targets(base, firm, known)

    factor = (target / grid.where(grid > 0)).reindex(grid.index)
    scale = cells["township"].astype(str).map(factor).where(inside, 1.0).fillna(1.0)
    raw = expected_pupils(cells["population"], stages, ages=None if ages is None else ages.loc[cells.index])
    on_list = (target / base.where(base > 0)).reindex(people.index).fillna(1.0)
    expected = _to_listed_pupils(
        raw.mul(scale, axis=0), cells, own, stages, listed=_of(listed, own.index), inside=inside, factor=on_list
    )
    table = cells.assign(population=(cells["population"] * scale).astype(float))
    notices: list[Message | None] = [
        swapped_notice(grid, pd.concat([known.people.drop(COUNTY, errors="ignore").dropna(), people]).groupby(level=0).first()),
        _incomplete_notice(own, people, source=source),
    ]  # fmt: skip
    set_aside: tuple[SetAside, ...] = ()
    if len(stray):
        again = stray["township"].astype(str).map(target / base.where(base > 0)).where(ours[bare], 1.0).fillna(1.0)
        found, unknown = _expected_of_villages(
            _of(listed, stray.index), stages, population=stray_people * again, known_people=stray["population"].notna()
        )
        added = _village_cells(stray, stray_people * again, _in_margin(stray))
        added.index = pd.Index([f"{i}~village" if i in cells.index else i for i in stray.index], name="cell_id")
        found.index = added.index
        table, expected = pd.concat([table, added]).sort_index(), pd.concat([expected, found]).sort_index()
        set_aside = _set_aside_unknown(stray, unknown, source=source)
        notices.append(
            msg("{n} villages of {file} lie in townships where the population file has nobody; each became a place of its own with {people:.0f} people in all.",
                n=len(stray), file=source, people=float(stray_people.sum()))
        )  # fmt: skip
    expected = fit_pupils(expected, table["township"], ~table["in_margin"].to_numpy(dtype=bool), known, stages)
    whole = whole_pupils(expected, stages, townships=table["township"], in_margin=table["in_margin"])
    changed = firm & known.people.reindex(base.index).isna() & ((target - base).abs() > 0.5)
    if changed.any():
        notices.append(check_total(float(base.sum()), known.people_of(COUNTY)))
    notices += factor_notices(grid, target.reindex(grid.index))
    village_townships = villages["township"].astype(str).where(ours)
    return Demand(
        table.assign(**{str(name): whole[name] for name in whole}),
        people_sheet(
            grid=grid, listed=pd.concat([people, of_stray]).groupby(level=0).sum(), target=target, known=known,
            pupils=listed, townships=village_townships,
        ),
        pupil_sheet(
            grid=raw, expected=expected, whole=whole, townships=table["township"], in_margin=table["in_margin"],
            known=known, stages=stages, pupils=listed, village_townships=village_townships,
        ),
        (*(notice for notice in notices if notice), *listed.notices),
        set_aside,
    )  # fmt: skip


def _of(listed: Listed, index: pd.Index) -> Listed:
    """Take the children of some of the villages."""
    return Listed(listed.stages.loc[index], listed.bands.loc[index])


def _in_margin(villages: gpd.GeoDataFrame) -> pd.Series:
    if "in_margin" in villages:
        return pd.Series(villages["in_margin"].astype(bool))
    return pd.Series(False, index=villages.index)


def _complete_sum(values: pd.Series, township: pd.Series) -> pd.Series:
    """Sum by township, of those townships alone where no village's number is unknown."""
    sums: pd.Series = values.fillna(0).astype(float).groupby(township.astype(str)).sum()
    complete = ~values.isna().groupby(township.astype(str)).any()
    return pd.Series(sums.loc[complete])


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
    expected: pd.DataFrame,
    cells: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    stages: Stages,
    *,
    listed: Listed,
    inside: np.ndarray,
    factor: pd.Series,
) -> pd.DataFrame:
    """
    Scale the expected children of each township to the list's, stage by stage, and band by band where it knows the bands.

    Only where the list names some, and the other villages of the township have at least people to take a share of; these
    people are multiplied by the township's ``factor`` first.
    """
    expected = expected.copy()
    for stage, (ages, share) in stages.items():
        pupils = listed.stages[stage]
        some = pupils.notna().groupby(villages["township"]).any()
        if share is not None:
            people = villages["population"].astype("Float64").astype(float)
            pupils = pupils.fillna(people * share * villages["township"].map(factor).fillna(1.0))
        by_township = _complete_sum(pupils, villages["township"])
        by_township = by_township[by_township.index.isin(some.index[some])]
        _scale(expected, cells, by_township, band_shares(stage, ages), inside=inside)
        if len(BANDS[stage]) > 1:
            for band in BANDS[stage]:
                of_band = _complete_sum(listed.bands[band], villages["township"])
                _scale(expected, cells, of_band, {band: 1.0}, inside=inside)
    return expected


def _scale(
    expected: pd.DataFrame, cells: gpd.GeoDataFrame, pupils: pd.Series, parts: dict[str, float], *, inside: np.ndarray
) -> None:
    """Scale bands together to the pupils of each township, in place; where nobody is of their age, follow the people."""
    bands, township = list(parts), cells["township"].astype(str)
    sums = expected.loc[inside, bands].sum(axis=1).groupby(township[inside]).sum()
    ratio = (pupils / sums.where(sums > 0)).reindex(sums.index)
    expected[bands] = expected[bands].mul(township.map(ratio).where(inside, 1.0).fillna(1.0), axis=0)
    for name in sums.index[(sums <= 0) & (pupils.reindex(sums.index) > 0)]:
        there = inside & (township == name).to_numpy()
        here = cells["population"][there] / cells["population"][there].sum() * pupils[name]
        for band, part in parts.items():
            expected.loc[there, band] = here * part


def _expected_of_villages(
    listed: Listed, stages: Stages, *, population: pd.Series, known_people: pd.Series
) -> tuple[pd.DataFrame, pd.Series]:
    """Children by band; and the villages for which some stage has neither pupils nor people and a share."""
    expected: dict[str, pd.Series] = {}
    unknown = pd.Series(False, index=population.index)
    for stage, (ages, share) in stages.items():
        by_share = (population * (np.nan if share is None else share)).where(known_people)
        pupils = listed.stages[stage].fillna(by_share)
        unknown |= pupils.isna()
        for band, part in band_shares(stage, ages).items():
            expected[band] = listed.bands[band].fillna(pupils.fillna(0.0) * part)
    return pd.DataFrame(expected, index=population.index), unknown


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

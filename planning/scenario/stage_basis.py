"""What no edit of schools changes for a stage: who lives where, and where each cell's pupils go as schools stand today."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planning.access.scarce import allocate_from_nearest
from planning.scenario.limits import BandLimit, band_time, limit_of_band
from planning.scenario.stage_sites import stage_sites
from planning.stages import BANDS, teaches

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from planning.network.modes import Mode
    from planning.scenario.county import County
    from planning.travel.costs import Costs

__all__ = ["BandBasis", "BasisShelf", "NearestWays", "Rows", "StageBasis", "allowed_cost", "stage_basis"]


@dataclass(frozen=True)
class NearestWays:
    """
    The nearest site of each cell for one grade band.

    Parameters
    ----------
    position : numpy.ndarray of int32, shape (n_cells,)
        Number of the site; -1 where none is in reach.
    cost : numpy.ndarray of float32, shape (n_cells,)
        What the band chooses by [m or min]; inf where none is in reach.
    distance_m, time_min, off_road_m : numpy.ndarray of float32, shape (n_cells,)
        The way there [m, min, m]; inf where none is in reach.
    """

    position: NDArray[np.int32]
    cost: NDArray[np.float32]
    distance_m: NDArray[np.float32]
    time_min: NDArray[np.float32]
    off_road_m: NDArray[np.float32]


@dataclass(frozen=True)
class BandBasis:
    """
    One grade band of a stage.

    Parameters
    ----------
    band : str
        The band.
    choice : numpy.ndarray of float32, shape (n_cells, n_schools)
        What the band chooses by, to every school of the county, whatever it teaches [m or min]; inf where there is no path or it is beyond the
        project's reach limit.
    today : NearestWays
        As schools stand today; positions are columns of ``choice``.
    limit : BandLimit
        How far is too far.
    """

    band: str
    choice: NDArray[np.float32]
    today: NearestWays
    limit: BandLimit


@dataclass(frozen=True)
class Rows:
    """
    The (cell, band) pairs that pupils live in, band after band.

    Parameters
    ----------
    cell : numpy.ndarray of int64, shape (n_rows,)
        Number of the cell.
    band : numpy.ndarray of int64, shape (n_rows,)
        Number of the band.
    of_band : tuple of slice
        The rows of each band.
    pupils : numpy.ndarray of int64, shape (n_rows,)
        Who live there [pupils].
    by_id : numpy.ndarray of int64, shape (n_rows,)
        The rows in the order of the ids of cells, then of the names of bands.
    ours : numpy.ndarray of int64
        The rows of the county's own children, not those from across its line.
    township : numpy.ndarray of str
        Township of each of our rows; "" where unknown.
    by_township : Mapping of str to numpy.ndarray of int64
        Our rows of each township, counted among ours, names ascending.
    """

    cell: NDArray[np.int64]
    band: NDArray[np.int64]
    of_band: tuple[slice, ...]
    pupils: NDArray[np.int64]
    by_id: NDArray[np.int64]
    ours: NDArray[np.int64]
    township: NDArray[np.object_]
    by_township: Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class StageBasis:
    """
    Everything that :func:`planning.scenario.evaluate.evaluate` would compute again for every edit.

    Parameters
    ----------
    mode : str
        How the stage's pupils go to school.
    sites : geopandas.GeoDataFrame
        Open schools of the stage today.
    schools : Costs
        Ways from every cell to every school of the county.
    bands : tuple of BandBasis
        Its grade bands.
    rows : Rows
        Where pupils live.
    cell_ids : pandas array of str, shape (n_cells,)
        Ids of the cells.
    band_names : pandas array of str, shape (n_bands,)
        Names of the bands.
    full : frozenset of str
        Sites that are full today, and are likely to be so after most edits.
    """

    mode: Mode
    sites: gpd.GeoDataFrame
    schools: Costs
    bands: tuple[BandBasis, ...]
    rows: Rows
    cell_ids: Any
    band_names: Any
    full: frozenset[str]


@dataclass(frozen=True)
class BasisShelf:
    """Where a county keeps the basis of each stage; made at the first use, once, by whichever thread comes first."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    by_stage: dict[str, StageBasis] = field(default_factory=dict)


def stage_basis(county: County, stage: str) -> StageBasis:
    """
    Give what no edit of schools changes; it is kept with the county.

    Parameters
    ----------
    county : County
        The base.
    stage : str
        The stage.

    Returns
    -------
    StageBasis
        Shared by all who ask; nobody changes it.
    """
    shelf = county.shelf
    with shelf.lock:
        if stage not in shelf.by_stage:
            shelf.by_stage[stage] = _build(county, stage)
        return shelf.by_stage[stage]


def allowed_cost(
    county: County, band: str, mode: str, *, distance_m: NDArray[np.float32], time_min: NDArray[np.float32]
) -> NDArray[np.float32]:
    """
    Give what a band chooses by: metres on foot, minutes otherwise; inf where there is no path or it is beyond the reach limit.

    Parameters
    ----------
    county : County
        Its project says how far schools reach.
    band : str
        Grade band.
    mode : str
        How its pupils go.
    distance_m, time_min : numpy.ndarray of float32
        Ways, times at the mode's reference speed [m, min].

    Returns
    -------
    numpy.ndarray of float32
        Costs [m or min]; one of the arrays given where nothing is to be left out.
    """
    own_time = band_time(time_min, county.pack, band, mode) if mode != "walk" or _reach(county) else time_min
    cost = distance_m if mode == "walk" else own_time
    allowed = np.isfinite(time_min)
    reach = _reach(county)
    if reach is not None:
        allowed &= reach.within(own_time, distance_m)
    if (allowed | np.isinf(cost)).all():
        return cost
    return np.where(allowed, cost, np.float32(np.inf))


def _reach(county: County) -> BandLimit | None:
    given = county.project.travel.reach_limit
    return None if given is None else BandLimit(given.time_min or np.inf, given.distance_m or np.inf)


def _build(county: County, stage: str) -> StageBasis:
    mode, names = county.project.mode_of(stage), BANDS[stage]
    sites = stage_sites(county, stage)
    schools = county.costs.schools(mode)
    column = schools.site_ids.get_indexer(sites.index)
    bands = []
    for band in names:
        choice = allowed_cost(county, band, mode, distance_m=schools.distance_m, time_min=schools.time_min)
        taught = column[[teaches(kind, band) for kind in sites["kind"]]]
        today = _today(county, band, mode, choice, schools, taught)
        bands.append(BandBasis(band, choice, today, limit_of_band(county.project, county.pack, band)))
    cell_ids = pd.array(county.cells.index.to_numpy(), dtype="str")
    band_names = pd.array(names, dtype="str")
    rows = _rows(county, names)
    full = _full_today(bands, rows, column, sites)
    return StageBasis(mode, sites, schools, tuple(bands), rows, cell_ids, band_names, full)


def _full_today(
    bands: Sequence[BandBasis], rows: Rows, column: NDArray[np.int64], sites: gpd.GeoDataFrame
) -> frozenset[str]:
    """Find the sites whose last seat is taken."""
    number = np.full(int(column.max(initial=-1)) + 2, -1, dtype=np.int64)  # the last stands for "none"
    number[column] = np.arange(len(column))
    parts = list(zip(bands, rows.of_band, strict=True))

    def costs_of(some: NDArray[np.int64]) -> NDArray[np.float32]:
        tables = []
        for number_of_band, band in enumerate(bands):
            taught = [teaches(kind, band.band) for kind in sites["kind"]]
            table = band.choice[rows.cell[some[rows.band[some] == number_of_band]]][:, column]
            tables.append(np.where(taught, table, np.float32(np.inf)))
        return np.concatenate(tables)

    seats = sites["seats"].astype("Float64").fillna(np.inf).to_numpy(dtype=float)
    answer = allocate_from_nearest(
        costs_of,
        number[np.concatenate([band.today.position[rows.cell[part]] for band, part in parts])],
        np.concatenate([band.today.cost[rows.cell[part]] for band, part in parts]),
        rows.pupils,
        seats,
    )
    load = np.asarray(answer.flows.sum(axis=0)).reshape(len(sites))
    return frozenset(sites.index[load >= seats])


def _today(
    county: County,
    band: str,
    mode: str,
    choice: NDArray[np.float32],
    schools: Costs,
    taught: NDArray[np.int64],
) -> NearestWays:
    n_cells = len(choice)
    position = np.full(n_cells, -1, dtype=np.int32)
    ways = {name: np.full(n_cells, np.inf, dtype=np.float32) for name in ("cost", "distance", "time", "off_road")}
    if len(taught):
        first = choice[:, taught].argmin(axis=1)
        ways["cost"] = choice[np.arange(n_cells), taught[first]].astype(np.float32)
        reached = np.flatnonzero(np.isfinite(ways["cost"]))
        position[reached] = taught[first[reached]]
        at = (reached, position[reached])
        ways["distance"][reached] = schools.distance_m[at]
        ways["time"][reached] = band_time(schools.time_min[at], county.pack, band, mode)
        ways["off_road"][reached] = schools.off_road_m[at]
    return NearestWays(position, ways["cost"], ways["distance"], ways["time"], ways["off_road"])


def _rows(county: County, bands: tuple[str, ...]) -> Rows:
    cells = county.cells
    pupils = [cells[f"pupils_{band}"].to_numpy(dtype=np.int64) for band in bands]
    inhabited = [np.flatnonzero(count) for count in pupils]
    ends = np.cumsum([0, *map(len, inhabited)])
    cell = np.concatenate(inhabited)
    band = np.repeat(np.arange(len(bands)), np.diff(ends))
    id_rank, band_rank = _ranks(cells.index.to_numpy()), _ranks(np.asarray(bands, dtype=object))
    ours = np.flatnonzero(~cells["in_margin"].to_numpy(dtype=bool)[cell])
    township = cells["township"].to_numpy(dtype=object)[cell[ours]]
    code, names = pd.factorize(pd.Series(township, dtype=object).fillna("").to_numpy(dtype=object), sort=True)
    return Rows(
        cell=cell,
        band=band,
        of_band=tuple(slice(int(start), int(stop)) for start, stop in itertools.pairwise(ends)),
        pupils=np.concatenate([count[rows] for count, rows in zip(pupils, inhabited, strict=True)]),
        by_id=np.lexsort((band_rank[band], id_rank[cell])),
        ours=ours,
        township=township,
        by_township={str(name): np.flatnonzero(code == number) for number, name in enumerate(names)},
    )


def _ranks(names: NDArray[np.object_]) -> NDArray[np.int64]:
    """Give the place of each name when they are sorted."""
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.argsort(names, kind="stable")] = np.arange(len(names))
    return rank

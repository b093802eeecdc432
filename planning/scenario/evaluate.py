"""What a layout means for every child of a stage: nearest school, allocation, reconciliation, indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.access.reconcile import reconcile
from planning.access.scarce import allocate_from_nearest
from planning.scenario.edits import Edit
from planning.scenario.limits import BandLimit, band_time
from planning.scenario.measures import StageRows, indicators, indicators_by_township
from planning.scenario.stage_basis import stage_basis
from planning.scenario.stage_sites import stage_sites
from planning.scenario.stage_ways import stage_ways
from planning.stages import BANDS, teaches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.access.allocation import Allocation
    from planning.scenario.county import County
    from planning.scenario.stage_basis import NearestWays, Rows, StageBasis
    from planning.scenario.stage_ways import StageWays

__all__ = ["BandCosts", "StageState", "choice_cost", "evaluate", "stage_costs"]


@dataclass(frozen=True)
class BandCosts:
    """
    Costs of one grade band, from every cell to every site of a stage.

    Parameters
    ----------
    distance_m, time_min, off_road_m : numpy.ndarray of float32, shape (n_cells, n_sites)
        Distance [m], the band's own time [min] and metres off the road [m]; inf where there is no path, where the site
        does not teach the band, or beyond the project's reach limit.
    beyond_reach : numpy.ndarray of bool, shape (n_cells,)
        True where there is a path to some school of the band, but none within the project's reach limit.
    is_taught : bool
        False where no open school teaches the band at all.
    """

    distance_m: NDArray[np.float32]
    time_min: NDArray[np.float32]
    off_road_m: NDArray[np.float32]
    beyond_reach: NDArray[np.bool_]
    is_taught: bool


@dataclass(frozen=True)
class StageState:
    """
    What a layout means for one stage.

    Children in the margin across the county line compete for its seats; they stand in ``allocated``, ``load`` and
    ``nearest`` only, and count in no total of the county.

    Parameters
    ----------
    stage : str
        The stage.
    bands : tuple of str
        Its grade bands.
    mode : str
        How its pupils go to school.
    sites : geopandas.GeoDataFrame
        Open schools of the stage, sorted by id: name, kind, township, ownership, seats (NA unknown), pupils (register),
        in_margin, is_new, is_moved, geometry.
    nearest : dict
        By band a table on the cells' index: ``site_id`` (NA where none), ``distance_m``, ``time_min``, ``off_road_m``.
    allocated : pandas.DataFrame
        ``cell_id, band, site_id, pupils``: who goes where, seats regarded. Boarders are in ``boarding``.
    boarding : pandas.DataFrame
        ``cell_id, band, site_id, pupils``: who boards.
    unserved : pandas.DataFrame
        ``cell_id, band, pupils, category, reason`` of the county's pupils without a seat or out of reach.
    load : pandas.Series
        Pupils by site, boarders included, and those from across the county line, who take seats like the others.
    load_from_margin : pandas.Series
        How many of them come from across the county line.
    prices : pandas.Series
        By site, what one more seat would save [m or min]; inf where it would seat one more child.
    reconciliation : pandas.DataFrame
        ``stage, category, reason, pupils``; whole pupils.
    indicators : pandas.DataFrame
        ``stage, indicator, value, unit``.
    by_township : pandas.DataFrame
        ``township, stage, indicator, value, unit``.
    """

    stage: str
    bands: tuple[str, ...]
    mode: str
    sites: gpd.GeoDataFrame
    nearest: dict[str, pd.DataFrame]
    allocated: pd.DataFrame
    boarding: pd.DataFrame
    unserved: pd.DataFrame
    load: pd.Series
    load_from_margin: pd.Series
    prices: pd.Series
    reconciliation: pd.DataFrame
    indicators: pd.DataFrame
    by_township: pd.DataFrame


FLOW_COLUMNS = ["cell_id", "band", "site_id", "pupils"]


def stage_costs(county: County, stage: str, sites: gpd.GeoDataFrame) -> dict[str, BandCosts]:
    """
    Give each band's costs to the sites of a stage; schools that stand where they stood are not swept again.

    Parameters
    ----------
    county : County
        The base.
    stage : str
        The stage.
    sites : geopandas.GeoDataFrame
        As :func:`stage_sites` gives them.

    Returns
    -------
    dict of str to BandCosts
        By grade band.
    """
    mode = county.project.mode_of(stage)
    base = county.costs.schools(mode)
    shape = (len(county.cells), len(sites))
    distance, time, off_road = (np.full(shape, np.inf, dtype=np.float32) for _ in range(3))
    old = base.site_ids.get_indexer(sites.index)
    elsewhere = (sites["is_moved"] | sites["is_new"]).to_numpy(dtype=bool)  # the code of a closed school may come again
    swept = np.flatnonzero((old < 0) | elsewhere)
    kept = np.setdiff1d(np.arange(len(sites)), swept)
    distance[:, kept] = base.distance_m[:, old[kept]]
    time[:, kept] = base.time_min[:, old[kept]]
    off_road[:, kept] = base.off_road_m[:, old[kept]]
    if len(swept):
        points = sites.geometry.iloc[swept]
        new = county.costs.to_points(mode, np.column_stack([points.x, points.y]))
        distance[:, swept], time[:, swept], off_road[:, swept] = new.distance_m, new.time_min, new.off_road_m
    reach = county.project.travel.reach_limit
    kinds = sites["kind"].to_list()
    found = {}
    for band in BANDS[stage]:
        taught = np.array([teaches(kind, band) for kind in kinds], dtype=bool)
        own_time = band_time(time, county.pack, band, mode)
        allowed = np.isfinite(time) & taught
        had_path = allowed.any(axis=1)
        if reach is not None:
            limit = BandLimit(reach.time_min or np.inf, reach.distance_m or np.inf)
            allowed &= limit.within(own_time, distance)
        found[band] = BandCosts(
            distance_m=np.where(allowed, distance, np.float32(np.inf)),
            time_min=np.where(allowed, own_time, np.float32(np.inf)),
            off_road_m=np.where(allowed, off_road, np.float32(np.inf)),
            beyond_reach=had_path & ~allowed.any(axis=1),
            is_taught=bool(taught.any()),
        )
    return found


def choice_cost(costs: BandCosts, mode: str) -> NDArray[np.float32]:
    """
    Give the cost by which pupils are sent: metres on foot, minutes otherwise.

    Parameters
    ----------
    costs : BandCosts
        Costs of a band.
    mode : str
        How its pupils go.

    Returns
    -------
    numpy.ndarray of float32, shape (n_cells, n_sites)
        [m] or [min].
    """
    return costs.distance_m if mode == "walk" else costs.time_min


def evaluate(
    county: County, stage: str, edits: Sequence[Edit] = (), *, boarding: pd.DataFrame | None = None
) -> StageState:
    """
    Say what a layout means for every child of a stage.

    Parameters
    ----------
    county : County
        The base.
    stage : str
        A stage of the project.
    edits : sequence of Edit
        What changes against the base, in order.
    boarding : pandas.DataFrame, optional
        ``cell_id, band, site_id, pupils`` who board; they take a bed and no daily way.

    Returns
    -------
    StageState
        Nearest schools, allocation, reconciliation, indicators.

    Raises
    ------
    ConfigError
        If an edit does not fit the county.
    """
    basis, bands = stage_basis(county, stage), BANDS[stage]
    sites = stage_sites(county, stage, edits) if edits else basis.sites
    ways = stage_ways(county, basis, sites)
    rows = basis.rows
    boarders = pd.DataFrame(columns=FLOW_COLUMNS) if boarding is None else boarding
    boarded = _boarded(county, bands, rows, boarders)
    nearest = [ways.nearest(band) for band in basis.bands]
    home = np.concatenate([found.position[rows.cell[part]] for found, part in zip(nearest, rows.of_band, strict=True)])
    cost = np.concatenate([found.cost[rows.cell[part]] for found, part in zip(nearest, rows.of_band, strict=True)])

    seats = sites["seats"].astype("Float64").fillna(np.inf).to_numpy(dtype=float)
    beds_taken = boarders.groupby("site_id")["pupils"].sum().reindex(sites.index, fill_value=0) if len(boarders) else 0
    day_seats = seats - np.asarray(beds_taken, dtype=float)
    allocation = allocate_from_nearest(
        lambda some: _choice(ways, some),
        home,
        cost,
        rows.pupils - boarded,
        np.maximum(day_seats, 0),
        likely_full=sites.index.isin(list(basis.full)),
    )
    why = _why_out_of_reach(ways, home)
    allocated = _flow_table(allocation, basis, sites)
    load, from_margin = _loads(county, allocation, rows, boarders, sites)
    measured = _stage_rows(ways, nearest, allocation, why, boarded)
    return StageState(
        stage=stage,
        bands=bands,
        mode=basis.mode,
        sites=sites,
        nearest={
            band: _nearest_table(found, sites, county.cells.index) for band, found in zip(bands, nearest, strict=True)
        },
        allocated=allocated,
        boarding=boarders,
        unserved=_unserved_table(allocation, basis, why),
        load=load,
        load_from_margin=from_margin,
        prices=pd.Series(allocation.prices, index=sites.index, name="price"),
        reconciliation=_reconciliation(stage, rows, boarded, why, allocation, sites),
        indicators=indicators(
            stage,
            measured,
            sites.loc[~sites["in_margin"].astype(bool), "seats"],
            off_road_share=county.project.terrain.off_road_share,
        ),
        by_township=indicators_by_township(stage, measured, places=rows.by_township),
    )


def _boarded(county: County, bands: tuple[str, ...], rows: Rows, boarders: pd.DataFrame) -> NDArray[np.int64]:
    """Count who boards in each row."""
    if boarders.empty:
        return np.zeros(len(rows.cell), dtype=np.int64)
    away = np.zeros((len(county.cells), len(bands)), dtype=np.int64)
    at = (
        county.cells.index.get_indexer(pd.Index(boarders["cell_id"])),
        pd.Index(bands).get_indexer(pd.Index(boarders["band"])),
    )
    np.add.at(away, at, boarders["pupils"].to_numpy(dtype=np.int64))
    return np.asarray(away[rows.cell, rows.band])


def _choice(ways: StageWays, some: NDArray[np.int64]) -> NDArray[np.float32]:
    """Give the costs of some rows, in ascending order, to every site."""
    rows = ways.basis.rows
    cells, band = rows.cell[some], rows.band[some]
    return np.concatenate([ways.choice(basis, cells[band == number]) for number, basis in enumerate(ways.basis.bands)])


def _nearest_table(found: NearestWays, sites: gpd.GeoDataFrame, cells: pd.Index) -> pd.DataFrame:
    site_id = _names(sites.index).take(found.position, allow_fill=True)
    ways = {"distance_m": found.distance_m, "time_min": found.time_min, "off_road_m": found.off_road_m}
    return pd.DataFrame({"site_id": pd.Series(site_id, index=cells), **ways}, index=cells, copy=False)


def _names(index: pd.Index) -> Any:
    """Give names as an array that is cheap to take from."""
    return pd.array(index.to_numpy(dtype=object), dtype="str")


def _flow_table(allocation: Allocation, basis: StageBasis, sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """List who goes where in the order of cells, bands and sites."""
    flows = allocation.flows[basis.rows.by_id]
    row = np.repeat(basis.rows.by_id, np.diff(flows.indptr))
    return pd.DataFrame(
        {
            "cell_id": basis.cell_ids.take(basis.rows.cell[row]),
            "band": basis.band_names.take(basis.rows.band[row]),
            "site_id": _names(sites.index).take(flows.indices),
            "pupils": flows.data.astype("int64"),
        },
        copy=False,
    )


def _loads(
    county: County, allocation: Allocation, rows: Rows, boarders: pd.DataFrame, sites: gpd.GeoDataFrame
) -> tuple[pd.Series, pd.Series]:
    """Count each site's pupils, and those of them who come from across the county line."""
    flows = allocation.flows
    across = np.ones(len(rows.cell), dtype=bool)
    across[rows.ours] = False
    every = np.bincount(flows.indices, weights=flows.data, minlength=len(sites))
    theirs = np.bincount(
        flows.indices, weights=flows.data * np.repeat(across, np.diff(flows.indptr)), minlength=len(sites)
    )
    if len(boarders):
        site = sites.index.get_indexer(pd.Index(boarders["site_id"]))
        pupils = boarders["pupils"].to_numpy(dtype=np.int64)
        of_margin = county.cells["in_margin"].reindex(boarders["cell_id"]).to_numpy(dtype=bool)
        np.add.at(every, site[site >= 0], pupils[site >= 0])
        np.add.at(theirs, site[site >= 0], (pupils * of_margin)[site >= 0])
    one, other = (pd.Series(count.astype(np.int64), index=sites.index, name="pupils") for count in (every, theirs))
    return one, other


def _why_out_of_reach(ways: StageWays, home: NDArray[np.int32]) -> NDArray[np.object_]:
    """Say of each row why it reaches no school of its band; empty where it does."""
    rows = ways.basis.rows
    why = np.full(len(home), "", dtype=object)
    for band, part in zip(ways.basis.bands, rows.of_band, strict=True):
        nowhere = np.flatnonzero(home[part] < 0)
        if nowhere.size:
            without = "no_path" if ways.taught(band).any() else "no_school_of_this_grade"
            beyond = ways.had_path(band, rows.cell[part][nowhere])
            why[part.start + nowhere] = np.where(beyond, "beyond_reach_limit", without)
    return why


def _unserved_table(allocation: Allocation, basis: StageBasis, why: NDArray[np.object_]) -> pd.DataFrame:
    rows = basis.rows
    left = rows.ours[np.flatnonzero(allocation.unserved[rows.ours])]
    return pd.DataFrame(
        {
            "cell_id": basis.cell_ids.take(rows.cell[left]),
            "band": basis.band_names.take(rows.band[left]),
            "pupils": allocation.unserved[left].astype("int64"),
            "category": np.where(why[left] == "", "no_seat", "out_of_reach"),
            "reason": np.where(why[left] == "", "seats_full", why[left]),
        }
    )


def _reconciliation(
    stage: str,
    rows: Rows,
    boarded: NDArray[np.int64],
    why: NDArray[np.object_],
    allocation: Allocation,
    sites: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Account for every pupil of the county, boarders among the served."""
    ours = rows.ours
    mine = allocation
    if len(ours) < len(rows.cell):
        mine = replace(allocation, flows=allocation.flows[ours], unserved=allocation.unserved[ours])
    seats_known = sites["seats"].notna().to_numpy(dtype=bool)
    sheet = reconcile(stage, (rows.pupils - boarded)[ours], why[ours], mine, seats_known=seats_known)
    boarders = int(boarded[ours].sum())
    if boarders:
        sheet.loc[sheet["category"] == "total", "pupils"] += boarders
        line = pd.DataFrame([(stage, "served", "boards", boarders)], columns=sheet.columns)
        sheet = pd.concat([sheet.iloc[:1], line, sheet.iloc[1:]], ignore_index=True)
    return sheet


def _stage_rows(
    ways: StageWays,
    nearest: Sequence[NearestWays],
    allocation: Allocation,
    why: NDArray[np.object_],
    boarded: NDArray[np.int64],
) -> StageRows:
    """Lay out how the pupils of each (cell, band) pair of the county fare."""
    basis, rows = ways.basis, ways.basis.rows
    parts = list(zip(basis.bands, nearest, rows.of_band, strict=True))
    near = {
        name: np.concatenate([getattr(found, name)[rows.cell[part]] for _, found, part in parts])
        for name in ("distance_m", "time_min", "off_road_m")
    }
    within = np.concatenate(
        [band.limit.within(near["time_min"][part], near["distance_m"][part]) for band, _, part in parts]
    )
    flows = allocation.flows
    row = np.repeat(np.arange(len(rows.cell)), np.diff(flows.indptr))
    way = ways.between("distance_m", rows.cell[row], flows.indices).astype(np.float64)
    allocated_m = np.bincount(row, weights=flows.data * way, minlength=len(rows.cell)).astype(np.float64)
    ours, out = rows.ours, why[rows.ours] != ""
    return StageRows(
        township=rows.township,
        pupils=(rows.pupils - boarded)[ours],
        boarders=boarded[ours],
        within_limit=within[ours],
        has_limit=any(band.limit.is_set for band in basis.bands),
        no_seat=np.where(out, 0, allocation.unserved[ours]),
        out_of_reach=np.where(out, allocation.unserved[ours], 0),
        allocated_m=allocated_m[ours],
        **{name: values[ours] for name, values in near.items()},
    )

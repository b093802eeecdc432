"""What a layout means for every child of a stage: nearest school, allocation, reconciliation, indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.access.allocation import Allocation, allocate
from planning.access.nearest import nearest_school
from planning.access.reconcile import reconcile
from planning.scenario.edits import Edit
from planning.scenario.limits import BandLimit, band_time, limit_of_band
from planning.scenario.measures import StageRows, indicators, indicators_by_township
from planning.scenario.stage_sites import stage_sites
from planning.stages import BANDS, teaches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.scenario.county import County

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
    mode, bands = county.project.mode_of(stage), BANDS[stage]
    sites = stage_sites(county, stage, edits)
    costs = stage_costs(county, stage, sites)
    boarders = pd.DataFrame(columns=FLOW_COLUMNS) if boarding is None else boarding
    boarded = {band: _boarders_of(county, band, boarders) for band in bands}
    pupils = {band: county.cells[f"pupils_{band}"].to_numpy(dtype=np.int64) - boarded[band] for band in bands}

    nearest = {}
    for band in bands:
        position, _ = nearest_school(choice_cost(costs[band], mode))
        nearest[band] = _nearest_table(position, costs[band], sites, county.cells.index)

    seats = sites["seats"].astype("Float64").fillna(np.inf).to_numpy(dtype=float)
    day_seats = seats - boarders.groupby("site_id")["pupils"].sum().reindex(sites.index, fill_value=0).to_numpy(
        dtype=float
    )
    rows = [np.flatnonzero(pupils[band] + boarded[band]) for band in bands]
    places = pd.DataFrame(
        {
            "cell": np.concatenate(rows),
            "cell_id": np.concatenate([county.cells.index.to_numpy()[row] for row in rows]),
            "band": np.concatenate(
                [np.full(len(row), band, dtype=object) for band, row in zip(bands, rows, strict=True)]
            ),
            "pupils": np.concatenate([pupils[band][row] for band, row in zip(bands, rows, strict=True)]),
            "boarders": np.concatenate([boarded[band][row] for band, row in zip(bands, rows, strict=True)]),
        }
    )
    cost = np.concatenate([choice_cost(costs[band], mode)[row] for band, row in zip(bands, rows, strict=True)])
    why = np.concatenate([_why_out_of_reach(costs[band])[row] for band, row in zip(bands, rows, strict=True)])
    allocation = allocate(cost, places["pupils"].to_numpy(), np.maximum(day_seats, 0))
    allocated = _flow_table(allocation, places, sites)
    load = (
        pd.concat([allocated, boarders])
        .groupby("site_id")["pupils"]
        .sum()
        .reindex(sites.index, fill_value=0)
        .astype("int64")
    )
    from_margin = pd.concat([allocated, boarders])
    from_margin = from_margin[county.cells["in_margin"].reindex(from_margin["cell_id"]).to_numpy(dtype=bool)]
    ours = _of_county(county, places, allocation)
    measured = _stage_rows(county, bands, ours, why[ours.rows], nearest, costs)
    return StageState(
        stage=stage,
        bands=bands,
        mode=mode,
        sites=sites,
        nearest=nearest,
        allocated=allocated,
        boarding=boarders,
        unserved=_unserved_table(ours.allocation, ours.places, why[ours.rows]),
        load=load.rename("pupils"),
        load_from_margin=from_margin.groupby("site_id")["pupils"]
        .sum()
        .reindex(sites.index, fill_value=0)
        .astype("int64"),
        prices=pd.Series(allocation.prices, index=sites.index, name="price"),
        reconciliation=_reconciliation(stage, ours.places, why[ours.rows], ours.allocation, sites),
        indicators=indicators(
            stage,
            measured,
            sites.loc[~sites["in_margin"].astype(bool), "seats"],
            off_road_share=county.project.terrain.off_road_share,
        ),
        by_township=indicators_by_township(stage, measured),
    )


@dataclass(frozen=True)
class _Ours:
    """The county's own rows of an allocation; those of children from across the line are left out."""

    rows: NDArray[np.int64]
    places: pd.DataFrame
    allocation: Allocation


def _of_county(county: County, places: pd.DataFrame, allocation: Allocation) -> _Ours:
    rows = np.flatnonzero(~county.cells["in_margin"].to_numpy(dtype=bool)[places["cell"].to_numpy()])
    if len(rows) == len(places):
        return _Ours(rows, places, allocation)
    kept = replace(allocation, flows=allocation.flows[rows], unserved=allocation.unserved[rows])
    return _Ours(rows, places.iloc[rows].reset_index(drop=True), kept)


def _boarders_of(county: County, band: str, boarders: pd.DataFrame) -> NDArray[np.int64]:
    """Count who boards in each cell."""
    away = np.zeros(len(county.cells), dtype=np.int64)
    of_band = boarders[boarders["band"] == band]
    np.add.at(away, county.cells.index.get_indexer(of_band["cell_id"]), of_band["pupils"].to_numpy(dtype=np.int64))
    return away


def _nearest_table(
    position: NDArray[np.int64], costs: BandCosts, sites: gpd.GeoDataFrame, cells: pd.Index
) -> pd.DataFrame:
    reached = position >= 0
    rows = np.flatnonzero(reached)
    values = {}
    for name, table in (
        ("distance_m", costs.distance_m),
        ("time_min", costs.time_min),
        ("off_road_m", costs.off_road_m),
    ):
        values[name] = np.full(len(cells), np.inf, dtype=np.float32)
        values[name][rows] = table[rows, position[rows]]
    site_id = pd.Series(pd.NA, index=cells, dtype="str")
    site_id.iloc[rows] = sites.index.to_numpy()[position[rows]]
    return pd.DataFrame({"site_id": site_id, **values}, index=cells)


def _flow_table(allocation: Allocation, places: pd.DataFrame, sites: gpd.GeoDataFrame) -> pd.DataFrame:
    flows = allocation.flows.tocoo()
    table = pd.DataFrame(
        {
            "cell_id": places["cell_id"].to_numpy()[flows.row],
            "band": places["band"].to_numpy()[flows.row],
            "site_id": sites.index.to_numpy()[flows.col],
            "pupils": flows.data.astype("int64"),
        }
    )
    return table[table["pupils"] > 0].sort_values(["cell_id", "band", "site_id"], ignore_index=True)


def _why_out_of_reach(costs: BandCosts) -> NDArray[np.object_]:
    """Say of each cell why it reaches no school of a band; empty where it does."""
    reached = np.isfinite(costs.distance_m).any(axis=1)
    why = np.where(
        costs.beyond_reach, "beyond_reach_limit", "no_path" if costs.is_taught else "no_school_of_this_grade"
    )
    return np.where(reached, "", why).astype(object)


def _unserved_table(allocation: Allocation, places: pd.DataFrame, why: NDArray[np.object_]) -> pd.DataFrame:
    left = np.flatnonzero(allocation.unserved)
    return pd.DataFrame(
        {
            "cell_id": places["cell_id"].to_numpy()[left],
            "band": places["band"].to_numpy()[left],
            "pupils": allocation.unserved[left].astype("int64"),
            "category": np.where(why[left] == "", "no_seat", "out_of_reach"),
            "reason": np.where(why[left] == "", "seats_full", why[left]),
        }
    )


def _reconciliation(
    stage: str, places: pd.DataFrame, why: NDArray[np.object_], allocation: Allocation, sites: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Account for every pupil, boarders among the served."""
    sheet = reconcile(
        stage, places["pupils"].to_numpy(), why, allocation, seats_known=sites["seats"].notna().to_numpy(dtype=bool)
    )
    boarders = int(places["boarders"].sum())
    if boarders:
        sheet.loc[sheet["category"] == "total", "pupils"] += boarders
        line = pd.DataFrame([(stage, "served", "boards", boarders)], columns=sheet.columns)
        sheet = pd.concat([sheet.iloc[:1], line, sheet.iloc[1:]], ignore_index=True)
    return sheet


def _stage_rows(
    county: County,
    bands: tuple[str, ...],
    ours: _Ours,
    why: NDArray[np.object_],
    nearest: dict[str, pd.DataFrame],
    costs: dict[str, BandCosts],
) -> StageRows:
    """Lay out how the pupils of each (cell, band) pair of the county fare."""
    places, allocation = ours.places, ours.allocation
    cell, of_band = places["cell"].to_numpy(), places["band"].to_numpy()
    near = {name: np.full(len(places), np.inf, dtype=np.float32) for name in ("distance_m", "time_min", "off_road_m")}
    limits = {band: limit_of_band(county.project, county.pack, band) for band in bands}
    within = np.zeros(len(places), dtype=bool)
    flows = allocation.flows.tocoo()
    way = np.zeros(len(flows.data))
    for band in bands:
        here = of_band == band
        for name, values in near.items():
            values[here] = nearest[band][name].to_numpy()[cell[here]]
        within[here] = limits[band].within(near["time_min"][here], near["distance_m"][here])
        taken = here[flows.row]
        way[taken] = costs[band].distance_m[cell[flows.row[taken]], flows.col[taken]]
    allocated_m = np.zeros(len(places))
    np.add.at(allocated_m, flows.row, flows.data * way)
    out = why != ""
    return StageRows(
        township=county.cells["township"].to_numpy(dtype=object)[cell],
        pupils=places["pupils"].to_numpy(),
        boarders=places["boarders"].to_numpy(),
        within_limit=within,
        has_limit=any(limit.is_set for limit in limits.values()),
        no_seat=np.where(out, 0, allocation.unserved),
        out_of_reach=np.where(out, allocation.unserved, 0),
        allocated_m=allocated_m,
        **near,
    )

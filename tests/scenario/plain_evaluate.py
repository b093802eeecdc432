"""The slow and obvious way to evaluate a layout: every table in full, nothing kept; what the program does must say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.access.allocation import Allocation, allocate
from planning.access.nearest import nearest_school
from planning.access.reconcile import reconcile
from planning.scenario.county import County
from planning.scenario.edits import Edit
from planning.scenario.evaluate import FLOW_COLUMNS, BandCosts, StageState, choice_cost, stage_costs
from planning.scenario.limits import limit_of_band
from planning.scenario.measures import StageRows, indicators, indicators_by_township
from planning.scenario.stage_sites import stage_sites
from planning.stages import BANDS


def evaluate_plainly(
    county: County, stage: str, edits: Sequence[Edit] = (), *, boarding: pd.DataFrame | None = None
) -> StageState:
    """Do as ``planning.scenario.evaluate.evaluate`` promises."""
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

"""The boarding question: who lives too far to go home each day, where they could board, and what grades 1-3 need instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planning import siting
from planning.errors import ConfigError, Message, msg
from planning.scenario.edits import Edit, NewSchool, SetSeats
from planning.scenario.evaluate import FLOW_COLUMNS, BandCosts, StageState, evaluate, stage_costs
from planning.scenario.hub_costs import beds_of, may_board, to_places, weekly_limit
from planning.scenario.limits import BandLimit, band_time, limit_of_question
from planning.scenario.naming import explained
from planning.scenario.proposals import describe_sites, no_sites
from planning.scenario.stage_sites import stage_sites
from planning.stages import BANDS, teaches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County

__all__ = ["answer_boarding"]

#: Band whose children never board: they need a school, or a teaching point, within their daily limit.
YOUNGEST = "primary_lower"


@dataclass(frozen=True)
class _Far:
    """
    Pupils without a school of theirs within the daily limit.

    Parameters
    ----------
    rows : numpy.ndarray
        Positions of the cells.
    pupils : dict
        By band, pupils of each of these cells who are beyond the band's limit [pupils].
    """

    rows: NDArray[np.int64]
    pupils: dict[str, NDArray[np.int64]]


def answer_boarding(
    county: County,
    question: Question,
    *,
    edits: Sequence[Edit] = (),
    cancel: Callable[[], bool] | None = None,
) -> tuple[siting.Proposal, gpd.GeoDataFrame, tuple[Edit, ...], StageState | None, list[Message]]:
    """
    Propose hubs for the pupils who live beyond the daily limit, and teaching points for those too young to board.

    Only pupils without a school within their band's daily limit are asked about; the others go on as they do. They may
    board at a school with beds, or at a proposed hub: an existing school of the stage, or the candidate nearest to the
    people of a township (its seat). Nobody boards at a school within the daily limit: whoever lives near a hub goes there
    from home.

    Parameters
    ----------
    county : County
        The base.
    question : Question
        What is asked.
    edits : sequence of Edit
        What is changed before.
    cancel : callable, optional
        True stops the search.

    Returns
    -------
    tuple
        Proposal, proposed sites, the same as edits, its effect, and notes.

    Raises
    ------
    ConfigError
        If there are fewer places for a hub than are asked for.
    """
    stage = question.stage
    schools = stage_sites(county, stage, edits)
    costs = stage_costs(county, stage, schools)
    limits = {band: limit_of_question(question.limit, county.project, county.pack, band) for band in BANDS[stage]}
    bands = [band for band in BANDS[stage] if may_board(county, band)]
    far = _pupils_too_far(county, costs, limits, bands)
    hubs = _hub_places(county, stage, schools)
    if (question.new or 0) > len(hubs):
        raise ConfigError(
            msg(
                "question {name}: asks for {new} hubs, but there are only {n} places for one. Ask for fewer.",
                name=question.name,
                new=question.new,
                n=len(hubs),
            )
        )
    day, week = _costs_of_the_far(county, question, schools, hubs, far, limits)
    beds = beds_of(county, schools)
    all_beds = np.concatenate([beds, np.full(len(hubs), np.inf if question.beds is None else float(question.beds))])
    notes = [
        msg(
            "A boarder's week counts two ways, a day pupil's ten; the weekly limit is a default of this tool, not a rule."
        ),
        msg(
            "{n} pupils who may board live beyond the daily limit of every school of theirs.",
            n=sum(int(pupils.sum()) for pupils in far.pupils.values()),
        ),
    ]
    # Day seats are not asked for: a bed brings its seat, and whoever is within reach of an open school is not asked about.
    proposal = siting.boarding(
        day,
        week,
        [far.pupils[band] for band in bands],
        np.full(len(all_beds), np.inf),
        all_beds,
        [True] * len(bands),
        p=question.new or 0,
        fixed=range(len(schools)),
        time_limit_s=question.time_limit_s,
        cancel=cancel,
    )
    proposal = explained(
        proposal,
        county,
        cells=far.rows,
        bands=bands,
        sites=[
            name or place
            for place, name in zip([*schools.index, *hubs["place_id"]], [*schools["name"], *hubs["name"]], strict=True)
        ],
    )
    has_answer = proposal.status != "infeasible" and math.isfinite(proposal.objective)
    chosen = hubs.iloc[[column - len(schools) for column in proposal.sites]] if has_answer else hubs.iloc[:0]
    new_hubs = chosen.loc[~chosen["is_school"].astype(bool), "place_id"].to_list()
    points, point_edits, young_gain, point_notes = _teaching_points(county, question, edits, costs, limits, new_hubs)
    notes += point_notes
    if not has_answer:
        after = evaluate(county, stage, (*edits, *point_edits)) if point_edits else None
        return proposal, points, point_edits, after, notes
    places = np.concatenate([schools.index.to_numpy(), hubs["place_id"].to_numpy()])
    boarding, day_gain = _who_boards(county, proposal, far, bands, places)
    day_gain = day_gain.add(young_gain, fill_value=0)
    hub_edits = _hub_edits(question, schools, chosen, boarding, day_gain)
    gained = boarding.groupby("site_id")["pupils"].sum().add(day_gain, fill_value=0)
    chosen = chosen.set_index("place_id")
    sites = describe_sites(
        county,
        question,
        proposal,
        chosen,
        gained.reindex(chosen.index, fill_value=0),
        seats=None,
        beds=question.beds,
        kind="boarding",
    )
    if question.beds is None and len(sites):
        boarders = boarding.groupby("site_id")["pupils"].sum().reindex(sites.index, fill_value=0)
        sites["beds"] = pd.array(boarders.to_numpy(), dtype="Int64")
    after = evaluate(county, stage, (*edits, *hub_edits, *point_edits), boarding=boarding)
    return proposal, _stacked(sites, points), (*hub_edits, *point_edits), after, notes


def _stacked(*tables: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    filled = [table for table in tables if len(table)]
    return gpd.GeoDataFrame(pd.concat(filled), crs=tables[0].crs) if filled else tables[0]


def _pupils_too_far(
    county: County, costs: dict[str, BandCosts], limits: dict[str, BandLimit], bands: Sequence[str]
) -> _Far:
    pupils = {}
    for band in bands:
        near = limits[band].within(costs[band].time_min, costs[band].distance_m).any(axis=1)
        # Children across the county line are not this county's to house.
        pupils[band] = np.where(
            near | county.cells["in_margin"].to_numpy(dtype=bool),
            0,
            county.cells[f"pupils_{band}"].to_numpy(dtype=np.int64),
        )
    rows = np.flatnonzero(sum(pupils.values())) if pupils else np.empty(0, dtype=np.int64)
    return _Far(rows, {band: values[rows] for band, values in pupils.items()})


def _hub_places(county: County, stage: str, schools: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """List where a hub may stand: the stage's own schools, and in each township the candidate amid its people."""
    parts = [
        schools[["name", "township", "geometry"]].assign(place_id=schools.index, is_school=True, kind=schools["kind"])
    ]
    candidates = county.candidates[~county.candidates.index.isin(schools.index)]
    seats = []
    people = county.cells["population"].to_numpy()
    cell_tree = cKDTree(np.column_stack([county.cells.geometry.x, county.cells.geometry.y]))
    for _, group in candidates.groupby("township", sort=True):
        # The seat is where most people live close by: the tables name no seat of their own.
        around = cell_tree.query_ball_point(np.column_stack([group.geometry.x, group.geometry.y]), SEAT_RADIUS_M)
        seats.append(group.index[int(np.argmax([people[cells].sum() for cells in around]))])
    chosen = candidates.loc[seats]
    parts.append(chosen[["name", "township", "geometry"]].assign(place_id=chosen.index, is_school=False, kind=stage))
    return gpd.GeoDataFrame(pd.concat(parts), crs=county.crs)


#: People within this distance make a place the seat of its township [m].
SEAT_RADIUS_M = 1000.0


def _costs_of_the_far(
    county: County,
    question: Question,
    schools: gpd.GeoDataFrame,
    hubs: gpd.GeoDataFrame,
    far: _Far,
    limits: dict[str, BandLimit],
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Give each band's daily and weekly minutes from the cells of the far to every school and hub place."""
    mode = county.project.mode_of(question.stage)
    daily_time, daily_distance = to_places(county, mode, schools, hubs, far.rows)
    ride, ride_distance = to_places(county, "drive", schools, hubs, far.rows)
    n_open = len(schools)
    kinds = [*schools["kind"], *hubs["kind"]]
    day, week = [], []
    for band in far.pupils:
        own_time = band_time(daily_time, county.pack, band, mode)
        near = limits[band].within(own_time, daily_distance)
        near[:, :n_open] = False  # these pupils are those whom no open school is near
        day.append(np.where(near, own_time, np.float32(np.inf)))
        weekly = weekly_limit(county, question, band).within(ride, ride_distance)
        weekly[:, [not teaches(kind, band) for kind in kinds]] = False
        weekly &= ~near  # nobody boards at a school within the daily limit, though two rides are less than ten walks
        week.append(np.where(weekly, ride, np.float32(np.inf)))
    return day, week


def _who_boards(
    county: County, proposal: siting.Proposal, far: _Far, bands: Sequence[str], places: NDArray[np.object_]
) -> tuple[pd.DataFrame, pd.Series]:
    """Read the boarders, and the pupils whom a new hub gives a school within their daily limit."""
    allocation = proposal.allocation
    assert isinstance(allocation, siting.BoardingAllocation)  # noqa: S101 - narrows the type
    cell_ids = county.cells.index.to_numpy()[far.rows]

    def read(flows: object) -> pd.DataFrame:
        pairs = flows.tocoo()  # type: ignore[attr-defined]
        band, cell = np.divmod(pairs.row, max(len(cell_ids), 1))
        table = pd.DataFrame(
            {
                "cell_id": cell_ids[cell],
                "band": np.array(bands, dtype=object)[band],
                "site_id": places[pairs.col],
                "pupils": pairs.data.astype("int64"),
            },
            columns=FLOW_COLUMNS,
        )
        table = table[table["pupils"] > 0]
        # A school with beds of its own that becomes a hub stands in two columns; it is one place.
        return table.groupby(["cell_id", "band", "site_id"])["pupils"].sum().reset_index()

    return read(allocation.board), read(allocation.day).groupby("site_id")["pupils"].sum()


def _hub_edits(
    question: Question,
    schools: gpd.GeoDataFrame,
    chosen: gpd.GeoDataFrame,
    boarding: pd.DataFrame,
    day_gain: pd.Series,
) -> tuple[Edit, ...]:
    """Turn the hubs into edits: a new school, or an existing one that gets a seat with each bed."""
    boarders = boarding.groupby("site_id")["pupils"].sum()
    edits: list[Edit] = []
    for hub in chosen.itertuples():
        extra = int(boarders.get(hub.place_id, 0)) if question.beds is None else question.beds
        if not hub.is_school:
            seats = extra + int(day_gain.get(hub.place_id, 0))
            edits.append(
                NewSchool(hub.place_id, hub.name, hub.geometry.x, hub.geometry.y, question.stage, seats, hub.kind)
            )
        elif pd.notna(schools.at[hub.place_id, "seats"]):
            edits.append(SetSeats(hub.place_id, question.stage, int(schools.at[hub.place_id, "seats"]) + extra))
    return tuple(edits)


def _teaching_points(
    county: County,
    question: Question,
    edits: Sequence[Edit],
    costs: dict[str, BandCosts],
    limits: dict[str, BandLimit],
    new_hubs: Sequence[str],
) -> tuple[gpd.GeoDataFrame, tuple[Edit, ...], pd.Series, list[Message]]:
    """
    Name the teaching points that must stay, and propose the fewest new ones for children too young to board.

    A new hub is a whole school: the small children who live near it go there, and need no teaching point.
    """
    if YOUNGEST not in costs:
        return no_sites(county), (), pd.Series(dtype="int64"), []
    schools = stage_sites(county, question.stage, edits)
    ours = ~county.cells["in_margin"].to_numpy(dtype=bool)
    pupils = np.where(ours, county.cells[f"pupils_{YOUNGEST}"].to_numpy(dtype=np.int64), 0)
    near = limits[YOUNGEST].within(costs[YOUNGEST].time_min, costs[YOUNGEST].distance_m)
    only = near & (near.sum(axis=1) == 1)[:, None]
    needed = pd.Series(pupils @ only, index=schools.index)
    kept = schools[(schools["kind"] == "teaching_point") & (needed > 0)]
    mode = county.project.mode_of(question.stage)
    rows = np.flatnonzero(~near.any(axis=1) & (pupils > 0))
    n_far = int(pupils[rows].sum())
    candidates = county.candidates[~county.candidates.index.isin(schools.index)]
    book = county.costs.candidates(mode)
    at = np.ix_(book.cell_ids.get_indexer(county.cells.index[rows]), book.site_ids.get_indexer(candidates.index))
    used = limits[YOUNGEST].share_used(band_time(book.time_min[at], county.pack, YOUNGEST, mode), book.distance_m[at])
    to_hubs = used[:, candidates.index.get_indexer(pd.Index(new_hubs, dtype=candidates.index.dtype))]
    at_hub = (to_hubs <= 1).any(axis=1)
    nearest_hub = to_hubs[at_hub].argmin(axis=1) if at_hub.any() else np.empty(0, dtype=np.int64)
    gain = np.bincount(nearest_hub, weights=pupils[rows[at_hub]], minlength=len(new_hubs)).astype(np.int64)
    young_gain = pd.Series(dict(zip(new_hubs, gain.tolist(), strict=True)), dtype="int64")
    rows, used = rows[~at_hub], used[~at_hub]
    cover = siting.set_cover(
        np.where(used <= 1, used, np.float32(np.inf)), pupils[rows], 1.0, time_limit_s=question.time_limit_s
    )
    notes = [
        msg(
            "{n} children of grades 1-3 live beyond the daily limit of every school; they may not board.",
            n=n_far,
        )
    ]
    if young_gain.sum():
        notes.append(msg("{n} of them live near a new hub and go to school there.", n=int(young_gain.sum())))
    if cover.unreachable:
        notes.append(
            msg(
                "{n} of them are within the limit of no candidate either.",
                n=int(pupils[rows][list(cover.unreachable)].sum()),
            )
        )
    chosen = candidates.iloc[list(cover.sites)]
    gained = pd.Series(0, index=chosen.index)
    if cover.allocation is not None and len(chosen):
        loads = np.asarray(cover.allocation.flows.sum(axis=0)).ravel()[list(cover.sites)]
        gained = pd.Series(loads.astype(int), index=chosen.index)
    new = tuple(
        NewSchool(str(site_id), name, point.x, point.y, question.stage, int(gained[site_id]), "teaching_point")
        for site_id, name, point in zip(chosen.index, chosen["name"], chosen.geometry, strict=True)
    )
    proposed = describe_sites(county, question, cover, chosen, gained, seats=None, beds=None, kind="teaching_point")
    staying = describe_sites(county, question, cover, kept, needed, seats=None, beds=None, kind="keep")
    if len(staying):
        staying["seats"] = kept["seats"].array
        staying[["objective", "bound", "gap"]] = np.nan
        staying["status"] = ""
    return _stacked(proposed, staying), new, young_gain, notes

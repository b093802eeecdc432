"""What can be done for a county's pupils who live too far from school: board, ride a bus, or get a teaching point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning import siting
from planning.access.school_bus import BusOptions
from planning.scenario.bus_lines import LINE_COLUMNS, BusLines, bus_lines
from planning.scenario.edits import Edit
from planning.scenario.evaluate import stage_costs
from planning.scenario.hub_costs import beds_of, may_board, to_places, weekly_limit
from planning.scenario.limits import BandLimit, band_time, limit_of_question
from planning.scenario.stage_sites import stage_sites
from planning.siting.beds.boarding import DAY_TRIPS
from planning.siting.beds.trade_off import WEEKS_PER_YEAR
from planning.stages import BANDS, teaches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County

__all__ = ["BUS_SEATS", "WAY_COLUMNS", "compare_ways", "weigh_ways"]

#: Seats of a school bus where the question names none: a default of this tool.
BUS_SEATS = 40
#: Wall time of the search for the fewest teaching points [s].
_POINTS_S = 10.0
WAY_COLUMNS = (
    "question", "stage", "way", "pupils_asked", "pupils_served", "pupils_left", "week_min", "one_way_min_max",
    "beds_needed", "seats_needed", "buses", "buses_bound", "bus_km_week", "teaching_points", "cost_yuan_year",
)  # fmt: skip


def compare_ways(
    county: County,
    question: Question,
    *,
    edits: Sequence[Edit] = (),
    hubs: Sequence[str] | None = None,
    rates: siting.Rates | None = None,
    bus_seats: int | None = None,
    bus_limit_min: float | None = None,
    cancel: Callable[[], bool] | None = None,
) -> siting.TradeOff:
    """
    Compare boarding, a school bus and teaching points for the pupils beyond the daily limit of every school of theirs.

    Schools are those open after the edits, so that the sites that an answer proposes stand for hubs when its edits are
    given. Boarders ride to their school within the question's weekly limit; a bus follows the roads as a car does; a
    teaching point stands at a candidate within the daily limit and teaches the bands that may not board.

    Parameters
    ----------
    county : County
        The base.
    question : Question
        Its stage, limits and time.
    edits : sequence of Edit
        What is changed before.
    hubs : sequence of str, optional
        Schools that get as many beds as are needed, besides the beds that are known; None = every school.
    rates : Rates, optional
        What things cost in a year; a way whose rate is not given has no cost.
    bus_seats : int, optional
        Seats of a bus; None = buses and their kilometres are not told.
    bus_limit_min : float, optional
        Longest ride [min]; None = the daily time limit of each band.
    cancel : callable, optional
        True stops the search for teaching points.

    Returns
    -------
    TradeOff
        In ``cells``, ``band`` and ``cell`` are names; ``site`` is the id of a school, of a candidate on the way
        ``teaching_point``, and empty where nobody is served.
    """
    stage = question.stage
    schools = stage_sites(county, stage, edits)
    costs = stage_costs(county, stage, schools)
    bands = list(BANDS[stage])
    limits = {band: limit_of_question(question.limit, county.project, county.pack, band) for band in bands}
    near = {band: limits[band].within(costs[band].time_min, costs[band].distance_m) for band in bands}
    ours = ~county.cells["in_margin"].to_numpy(dtype=bool)
    far = {
        band: np.where(ours & ~near[band].any(axis=1), county.cells[f"pupils_{band}"].to_numpy(dtype=np.int64), 0)
        for band in bands
    }
    rows = np.flatnonzero(sum(far.values()))
    ride, ride_m = to_places(county, "drive", schools, schools.iloc[:0].assign(place_id=[]), rows)
    taught = {band: np.array([teaches(kind, band) for kind in schools["kind"]], dtype=bool) for band in bands}
    day = [np.where(near[band][rows], costs[band].time_min[rows], np.float32(np.inf)) for band in bands]
    week, bus = [], []
    for band in bands:
        weekly = weekly_limit(county, question, band).within(ride, ride_m) & taught[band]
        daily = BandLimit(time_min=limits[band].time_min if bus_limit_min is None else bus_limit_min)
        week.append(np.where(weekly, ride, np.float32(np.inf)))
        bus.append(np.where(daily.within(ride, ride_m) & taught[band], ride, np.float32(np.inf)))
    beds = beds_of(county, schools)
    beds[np.ones(len(schools), dtype=bool) if hubs is None else schools.index.isin(list(hubs))] = np.inf
    candidates = county.candidates[~county.candidates.index.isin(schools.index)]
    found = siting.trade_off(
        day,
        week,
        bus,
        [far[band][rows] for band in bands],
        [may_board(county, band) for band in bands],
        schools=range(len(schools)),
        costs_point=_to_candidates(county, stage, candidates.index, rows, limits),
        bus_km=np.where(np.isfinite(ride_m), ride_m / 1000.0, 0.0),  # no bus goes where there is no way
        beds=beds,
        bus_seats=bus_seats,
        rates=rates,
        time_limit_s=min(question.time_limit_s, _POINTS_S),
        cancel=cancel,
    )
    return _named(found, bands, county.cells.index[rows].to_numpy(), schools.index, candidates.index)


def weigh_ways(
    county: County, question: Question, *, edits: Sequence[Edit] = (), cancel: Callable[[], bool] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Put boarding, school bus and teaching points side by side, the bus by the lines that it would drive.

    The pupils are those beyond the daily limit before the question is answered; every school has as many beds as it needs.
    Each rides to the school to which the way by car is shortest; where no line can serve a home, its pupils are not helped.

    Parameters
    ----------
    county : County
        The base; its project holds the rates.
    question : Question
        A question about boarding.
    edits : sequence of Edit
        What is changed before.
    cancel : callable, optional
        True stops the search for teaching points and for lines; buses are not known then.

    Returns
    -------
    ways : pandas.DataFrame
        Columns ``WAY_COLUMNS``, a row a way; NA where a way has no such thing or it is not known. No row where nobody
        lives beyond the limit.
    lines : pandas.DataFrame
        ``LINE_COLUMNS``: each stop of each bus, and the homes that none serves.
    """
    money, bus_seats = county.project.costs, question.bus_seats or BUS_SEATS
    rates = siting.Rates(
        boarder=money.boarding_per_pupil,
        bus_km=money.bus_per_km,
        bus=money.bus_per_year,
        teaching_point=money.teaching_point_per_year,
    )
    found = compare_ways(
        county, question, edits=edits, rates=rates, bus_limit_min=question.bus_limit_min, cancel=cancel
    )
    riders = found.cells[found.cells["way"] == "school_bus"]
    lines = bus_lines(
        county,
        stage_sites(county, question.stage, edits),
        pd.DataFrame(
            {"cell_id": riders["cell"], "band": riders["band"], "site_id": riders["site"], "pupils": riders["pupils"]}
        ),
        ride_limits=_ride_limits(county, question),
        seats=bus_seats,
        cancel=cancel,
    )
    table = found.table.reset_index().rename(
        columns={
            "pupils": "pupils_asked",
            "beds": "beds_needed",
            "seats": "seats_needed",
            "cost_year": "cost_yuan_year",
        }
    )
    table["buses_bound"] = np.nan
    named = pd.DataFrame(columns=list(LINE_COLUMNS))
    if lines is not None:
        _drive(table, lines, rates)
        if len(lines.table):
            named = lines.table.assign(question=question.name, stage=question.stage)[list(LINE_COLUMNS)]
    table.loc[table["pupils_served"] == 0, "cost_yuan_year"] = np.nan  # what helps nobody is no cheap way
    table = table[table["pupils_asked"] > 0].assign(question=question.name, stage=question.stage)[list(WAY_COLUMNS)]
    counts = ["pupils_asked", "pupils_served", "pupils_left", "beds_needed", "seats_needed", "buses", "buses_bound"]
    counts += ["teaching_points"]
    return table.astype({**dict.fromkeys(counts, "Int64"), "way": "str"}), named


def _ride_limits(county: County, question: Question) -> dict[str, float]:
    """Give the longest ride of each band: the question's own, else the band's daily time, but no more than the pack's ride."""
    longest = county.pack.number("bus.ride_max") or BusOptions().ride_limit_min
    return {
        band: question.bus_limit_min
        or min(limit_of_question(question.limit, county.project, county.pack, band).time_min, longest)
        for band in BANDS[question.stage]
    }


def _drive(table: pd.DataFrame, lines: BusLines, rates: siting.Rates) -> None:
    """Put what the lines take in the row of the bus."""
    bus = table["way"] == "school_bus"
    km_week = lines.km_day * DAY_TRIPS / 2  # a day has two trips
    cost = np.nan if rates.bus_km is None else km_week * WEEKS_PER_YEAR * rates.bus_km + lines.buses * (rates.bus or 0)
    values = {
        "pupils_served": lines.pupils,
        "pupils_left": int(table.loc[bus, "pupils_asked"].iloc[0]) - lines.pupils,
        "week_min": lines.mean_min * DAY_TRIPS,
        "one_way_min_max": lines.max_min,
        "seats_needed": float(lines.pupils),
        "buses": float(lines.buses),
        "buses_bound": float(lines.buses_bound),
        "bus_km_week": km_week,
        "cost_yuan_year": cost,
    }
    for column, value in values.items():
        table.loc[bus, column] = value


def _to_candidates(
    county: County, stage: str, candidates: pd.Index[str], rows: NDArray[np.int64], limits: dict[str, BandLimit]
) -> list[NDArray[np.float32]]:
    """Look up each band's own minutes to the candidates; inf beyond its daily limit."""
    mode = county.project.mode_of(stage)
    book = county.costs.candidates(mode)
    at = np.ix_(book.cell_ids.get_indexer(county.cells.index[rows]), book.site_ids.get_indexer(candidates))
    found = []
    for band, limit in limits.items():
        time = band_time(book.time_min[at], county.pack, band, mode)
        found.append(np.where(limit.within(time, book.distance_m[at]), time, np.float32(np.inf)))
    return found


def _named(
    found: siting.TradeOff,
    bands: Sequence[str],
    cells: NDArray[np.object_],
    schools: pd.Index[str],
    candidates: pd.Index[str],
) -> siting.TradeOff:
    """Put names in the place of row and column numbers."""
    table = found.cells.copy()
    table["band"] = np.array(bands, dtype=object)[table["band"]]
    table["cell"] = cells[table["cell"]]
    ids = {"teaching_point": [*candidates, ""]}  # -1, the last one, stands for nowhere
    others = [*schools, ""]
    table["site"] = [
        ids.get(way, others)[site] for way, site in zip(found.cells["way"], found.cells["site"], strict=True)
    ]
    return replace(found, cells=table)

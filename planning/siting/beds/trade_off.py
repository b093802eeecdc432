"""
Compare what can be done for pupils who live too far from any school: board, ride a bus, or get a teaching point.

The three ways are asked of the same pupils, each as if it were the only one. Money is the caller's: a way whose rate is not
given has no cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planning.errors import SchemaError, msg
from planning.siting.beds.bands import check_bands, check_each_band, check_pupils_by_band, stack_bands
from planning.siting.beds.boarding import DAY_TRIPS, WEEK_TRIPS
from planning.siting.beds.question import seat_with_beds
from planning.siting.beds.teaching_points import teaching_points
from planning.siting.checks import Bools, Floats, Ints, Reach, check_columns, check_limit, check_per_site
from planning.siting.clock import Cancel
from planning.siting.seats.flow import Arcs, FlowQuestion

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WEEKS_PER_YEAR", "Rates", "TradeOff", "trade_off"]

WEEKS_PER_YEAR = 39.0
"""Weeks of teaching in a school year, of the national curriculum plan for compulsory education (2022)."""

_WEEK_KM = "bus_km_week"


@dataclass(frozen=True)
class Rates:
    """
    What things cost in a year; a rate that is None is not known.

    Parameters
    ----------
    boarder : float, optional
        A pupil who boards: bed, meals, care [money / pupil / year].
    bus_km : float, optional
        A kilometre of a school bus [money / km].
    bus : float, optional
        A bus with its driver, besides the kilometres [money / bus / year]; None = in the price of the kilometre.
    teaching_point : float, optional
        A teaching point with its teachers [money / point / year].
    """

    boarder: float | None = None
    bus_km: float | None = None
    bus: float | None = None
    teaching_point: float | None = None


@dataclass(frozen=True)
class TradeOff:
    """
    The three ways side by side.

    Parameters
    ----------
    table : pandas.DataFrame
        Indexed by ``way`` (boarding, school_bus, teaching_point): ``pupils`` asked about, ``pupils_served``,
        ``pupils_left``, ``week_min`` (mean minutes on the way, of a served pupil in a week), ``one_way_min_max`` (the
        longest single way), ``beds``, ``buses``, ``bus_km_week``, ``teaching_points``, ``seats`` (needed at schools) and
        ``cost_year``. NaN = the way has none, or it is not known.
    cells : pandas.DataFrame
        Of each way, band and cell with such pupils: ``way``, ``band``, ``cell``, ``pupils``, ``served``, ``left``,
        ``site`` (the column most of them go to, -1 where none) and ``one_way_min`` (mean of the served, NaN where none).
    """

    table: pd.DataFrame
    cells: pd.DataFrame


@dataclass(frozen=True)
class _Way:
    """Who is served on one way: pairs of row and column with pupils and minutes one way."""

    row: Ints
    site: Ints
    pupils: Floats
    minutes: Floats


def trade_off(
    costs_day: Any,
    costs_week: Any,
    costs_bus: Any,
    pupils_by_band: Any,
    may_board: Any,
    *,
    schools: Iterable[int],
    costs_point: Any = None,
    may_use_point: Any = None,
    points: Iterable[int] = (),
    bus_km: Any = None,
    seats: Any = np.inf,
    beds: Any = np.inf,
    bus_seats: int | None = None,
    rates: Rates | None = None,
    day_trips: float = DAY_TRIPS,
    week_trips: float = WEEK_TRIPS,
    weeks_per_year: float = WEEKS_PER_YEAR,
    time_limit_s: float = 60,
    cancel: Cancel | None = None,
) -> TradeOff:
    r"""
    Show, for the pupils without a school in daily reach, what boarding, a school bus and teaching points would take.

    Boarding seats the pupils of bands that may board in the beds of the schools; the bus takes every band to the nearest
    school within the bus limit that has a seat; teaching points are the fewest that reach the pupils of the bands that
    they may teach.

    Each bus is filled from the farthest pupil on, drives out to its farthest pupil and back on every trip, so that with
    ``n`` pupils of a school at distances :math:`d_1 \ge d_2 \ge \dots` and ``s`` seats in a bus there are
    :math:`\lceil n / s \rceil` buses and :math:`\sum_k 2 d_{1 + k s}` kilometres a trip. That is an estimate: it leaves
    out detours between villages, and that two buses might share a road.

    Parameters
    ----------
    costs_day : array_like, shape (n_bands, n_cells, n_sites), or list of matrices by band, dense or CSR
        Minutes of one daily trip on the pupils' own way [min]; inf = beyond the band's daily limit.
    costs_week : as ``costs_day``
        Minutes of one weekly trip [min]; inf = beyond the weekly limit.
    costs_bus : as ``costs_day``
        Minutes of one trip by bus [min]; inf = beyond the bus limit.
    pupils_by_band : array_like of int, shape (n_bands, n_cells)
        Pupils [pupils].
    may_board : array_like of bool, shape (n_bands,)
        Bands whose pupils may board.
    schools : iterable of int
        Columns of the schools that are open.
    costs_point : as ``costs_day``, optional
        Minutes to the places where a teaching point could be [min], in columns of their own; inf = beyond the daily limit.
        None = no such place: nobody is served by one.
    may_use_point : array_like of bool, shape (n_bands,), optional
        Bands that a teaching point teaches; those that may not board by default.
    points : iterable of int
        Columns of ``costs_point`` where a teaching point is already.
    bus_km : array_like, shape (n_cells, n_sites), optional
        Kilometres of the bus's way [km]; None = kilometres are not told.
    seats : float or array_like, shape (n_sites,)
        Seats that are free for these pupils [seats]; inf = no limit.
    beds : float or array_like, shape (n_sites,)
        Beds that are free for these pupils [beds]; inf = as many as are needed, told in the answer.
    bus_seats : int, optional
        Seats of a bus [seats]; None = buses and their kilometres are not told.
    rates : Rates, optional
        What things cost.
    day_trips, week_trips : float
        Trips in a week.
    weeks_per_year : float
        Weeks in which buses drive.
    time_limit_s : float
        Wall time of the search for teaching points [s].
    cancel : callable, optional
        Asked between rounds of that search.

    Returns
    -------
    TradeOff
        A row a way, and the detail by cell.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    day, week, bus = (
        check_bands(costs, name)
        for costs, name in ((costs_day, "costs_day"), (costs_week, "costs_week"), (costs_bus, "costs_bus"))
    )
    n_bands, n_cells, n = len(day), day[0].n_rows, day[0].n_sites
    for reach, name in ((week, "costs_week"), (bus, "costs_bus")):
        if (len(reach), reach[0].n_rows, reach[0].n_sites) != (n_bands, n_cells, n):
            raise SchemaError(msg("{name}: must have the bands, cells and sites of costs_day.", name=name))
    open_now = np.zeros(n, dtype=bool)
    open_now[check_columns(schools, n, "schools")] = True
    boards = check_each_band(may_board, n_bands, "may_board")
    uses_point = ~boards if may_use_point is None else check_each_band(may_use_point, n_bands, "may_use_point")
    trips = (check_limit(day_trips, "day_trips"), check_limit(week_trips, "week_trips"))
    wanted = check_pupils_by_band(pupils_by_band, n_bands, n_cells)
    own = stack_bands(day)
    far = np.where(own.only(open_now[own.site]).reached(), 0.0, wanted)
    room = np.floor(check_per_site(seats, n, "seats", infinite=True))
    sleeps = np.floor(check_per_site(beds, n, "beds", infinite=True))
    in_band = np.repeat(np.arange(n_bands), n_cells)
    boarding = _seated(stack_bands(week), np.where(boards[in_band], far, 0.0), open_now, (room, sleeps), board=True)
    riding = _seated(stack_bands(bus), far, open_now, (room, sleeps), board=False)
    price = Rates() if rates is None else rates
    boarders = float(boarding.pupils.sum())
    n_buses, km_week = _buses(riding, bus_km, n_cells, n, bus_seats, trips[0])
    walking, n_points = _to_points(
        costs_point, np.where(uses_point[in_band], far, 0.0), n_bands, points, time_limit_s, cancel
    )
    bus_cost = _times(price.bus_km, km_week * check_limit(weeks_per_year, "weeks_per_year"))
    if price.bus is not None:
        bus_cost += price.bus * n_buses
    rows = {
        "boarding": {"beds": boarders, "seats": boarders, "cost_year": _times(price.boarder, boarders)},
        "school_bus": {
            "buses": n_buses,
            _WEEK_KM: km_week,
            "seats": float(riding.pupils.sum()),
            "cost_year": bus_cost,
        },
        "teaching_point": {
            "teaching_points": float(n_points),
            "cost_year": _times(price.teaching_point, float(n_points)),
        },
    }
    ways = {"boarding": (boarding, trips[1]), "school_bus": (riding, trips[0]), "teaching_point": (walking, trips[0])}
    return _in_tables(rows, ways, far, n_cells)


def _seated(reach: Reach, pupils: Floats, opened: Bools, room: tuple[Floats, Floats], *, board: bool) -> _Way:
    """Seat as many as seats (and beds, where they board) allow, on the shortest ways."""
    n = reach.n_sites
    near = reach.only(opened[reach.site])
    question = FlowQuestion(
        arcs=Arcs(near.row, near.site, near.cost, np.full(near.row.size, board)),
        pupils=pupils,
        seats=room[0],
        beds=room[1],
        opening=np.zeros(n),
        candidate=np.zeros(n, dtype=bool),
        closable=np.zeros(n, dtype=bool),
        most=0,
        fewest=0,
        spend=np.zeros(n),
        budget=np.inf,
        least_load=np.zeros(n),
        unserved=np.full(pupils.size, np.inf),
    )
    flow, _ = seat_with_beds(question, opened)
    used = flow > 0
    return _Way(near.row[used], near.site[used], flow[used], near.cost[used])


def _buses(
    riding: _Way, bus_km: Any, n_cells: int, n_sites: int, bus_seats: int | None, trips: float
) -> tuple[float, float]:
    """Fill buses from the farthest pupil on: their number and their kilometres a week; nan where not asked for."""
    if bus_seats is None:
        return float("nan"), float("nan")
    if not isinstance(bus_seats, (int, np.integer)) or isinstance(bus_seats, bool) or bus_seats < 1:
        raise SchemaError(msg("bus_seats: must be a whole number of 1 or more, not {value}.", value=str(bus_seats)))
    far = riding.minutes
    if bus_km is not None:
        table = np.asarray(bus_km, dtype=np.float64)
        if table.shape != (n_cells, n_sites):
            raise SchemaError(msg("bus_km: must be one table of cells by sites, the shape of costs_bus."))
        far = table[riding.row % n_cells, riding.site]
        if not (np.isfinite(far) & (far >= 0)).all():
            raise SchemaError(msg("bus_km: must be 0 or more wherever costs_bus is within the limit."))
    n_buses, km = 0, 0.0
    for site in np.unique(riding.site):
        here = np.flatnonzero(riding.site == site)
        here = here[np.argsort(-far[here], kind="stable")]
        lead = np.repeat(far[here], riding.pupils[here].astype(np.int64))[::bus_seats]  # each bus's farthest pupil
        n_buses += lead.size
        km += 2.0 * float(lead.sum())
    return float(n_buses), float("nan") if bus_km is None else km * trips


def _to_points(
    costs_point: Any,
    pupils: Floats,
    n_bands: int,
    points: Iterable[int],
    time_limit_s: float,
    cancel: Cancel | None,
) -> tuple[_Way, int]:
    """Open the fewest teaching points; give who goes there, and how many points are used."""
    none = _Way(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    if costs_point is None:
        return none, 0
    bands = check_bands(costs_point, "costs_point")
    n_cells = pupils.size // n_bands
    if len(bands) != n_bands or bands[0].n_rows != n_cells:
        raise SchemaError(msg("{name}: must have the bands and cells of costs_day.", name="costs_point"))
    found = teaching_points(
        costs_point,
        pupils.reshape(n_bands, n_cells).astype(np.int64),
        np.zeros(n_bands, dtype=bool),
        existing=points,
        time_limit_s=time_limit_s,
        cancel=cancel,
    )
    if found.proposal.allocation is None:
        return none, 0
    pairs = found.proposal.allocation.flows.tocoo()
    reach = stack_bands(bands)
    order = np.searchsorted(reach.row * reach.n_sites + reach.site, pairs.row * np.int64(reach.n_sites) + pairs.col)
    way = _Way(pairs.row.astype(np.int64), pairs.col.astype(np.int64), pairs.data.astype(float), reach.cost[order])
    return way, len(found.proposal.sites) + len(found.kept)


def _times(rate: float | None, amount: float) -> float:
    """Price an amount; nan where no rate is known."""
    return float("nan") if rate is None else check_limit(rate, "rates") * amount


def _in_tables(
    rows: dict[str, dict[str, float]], ways: dict[str, tuple[_Way, float]], far: Floats, n_cells: int
) -> TradeOff:
    import pandas as pd  # only who asks for a table pays for it

    columns = [
        "pupils", "pupils_served", "pupils_left", "week_min", "one_way_min_max", "beds", "buses", _WEEK_KM,
        "teaching_points", "seats", "cost_year",
    ]  # fmt: skip
    table = pd.DataFrame(np.nan, index=pd.Index(list(rows), name="way"), columns=columns)
    asked = np.flatnonzero(far > 0)
    parts = []
    for name, (way, trips) in ways.items():
        served = np.bincount(way.row, weights=way.pupils, minlength=far.size)
        minutes = np.bincount(way.row, weights=way.pupils * way.minutes, minlength=far.size)
        total = float(served.sum())
        table.loc[name, ["pupils", "pupils_served", "pupils_left"]] = [far.sum(), total, far.sum() - total]
        if total:
            table.loc[name, "week_min"] = trips * float(minutes.sum()) / total
            table.loc[name, "one_way_min_max"] = float(way.minutes.max())
        for column, value in rows[name].items():
            table.loc[name, column] = value
        site = np.full(far.size, -1)
        order = np.lexsort((-way.site, way.pupils))  # the largest flow comes last, the lowest column among equals
        site[way.row[order]] = way.site[order]
        mean = np.divide(minutes, served, out=np.full(far.size, np.nan), where=served > 0)
        parts.append(
            pd.DataFrame(
                {
                    "way": name,
                    "band": asked // n_cells,
                    "cell": asked % n_cells,
                    "pupils": far[asked].astype(np.int64),
                    "served": served[asked].astype(np.int64),
                    "left": (far - served)[asked].astype(np.int64),
                    "site": site[asked],
                    "one_way_min": mean[asked],
                }
            )
        )
    for column in ("pupils", "pupils_served", "pupils_left"):
        table[column] = table[column].astype(np.int64)
    return TradeOff(table=table, cells=pd.concat(parts, ignore_index=True))

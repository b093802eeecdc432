"""
School bus on plain arrays: the fewest stops that all can walk to, and routes of buses with their longest ride.

Both are searched by simple rules and told beside a bound that no answer can beat, so that one sees how good they are.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planning.errors import SchemaError, msg

__all__ = ["BusRoute", "BusRoutes", "StopChoice", "choose_stops", "route_buses"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Order = tuple[int, ...]

#: Weights of the way between two stops in the saving of joining them: 1 is Clarke and Wright's own, others bend the routes.
_SHAPES = (1.0, 0.7, 1.3, 0.4, 1.6)
#: Two ways past the limit by no more than this share of it are within it: minutes come in single precision.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class StopChoice:
    """
    Where buses stop, and who walks to which stop.

    Parameters
    ----------
    places : numpy.ndarray of int
        Columns chosen, sorted.
    of_home : numpy.ndarray of int, shape (n_homes,)
        Column that each home walks to, the nearest chosen one; -1 where none is within the limit.
    bound : int
        No choice has fewer stops.
    """

    places: Ints
    of_home: Ints
    bound: int


@dataclass(frozen=True)
class BusRoute:
    """
    The way of one bus.

    Parameters
    ----------
    stops : tuple of int
        In the order of the morning; in the afternoon the other way round.
    pupils : tuple of int
        Who gets on at each.
    ride_min : tuple of float
        Ride from each stop, the longer one of morning and afternoon, its own stop's time included [min].
    km_day : float
        Morning and afternoon together, each from the school out and back [km].
    """

    stops: tuple[int, ...]
    pupils: tuple[int, ...]
    ride_min: tuple[float, ...]
    km_day: float


@dataclass(frozen=True)
class BusRoutes:
    """
    All buses of a school.

    Parameters
    ----------
    routes : tuple of BusRoute
        One a bus, the longest ride first.
    bound : int
        No plan in which each bus goes once in the morning has fewer buses.
    ride_bound_min : float
        No plan has a shorter longest ride: the direct one of the farthest stop that is served [min]; 0 where none is.
    left : numpy.ndarray of bool, shape (n_stops,)
        Stops from which even the direct ride is beyond the limit.
    """

    routes: tuple[BusRoute, ...]
    bound: int
    ride_bound_min: float
    left: Bools


def choose_stops(walk_m: ArrayLike, pupils: ArrayLike, *, limit_m: float) -> StopChoice:
    """
    Choose few stops, so that every home that can has one within its walk.

    The place that brings most homes a stop is taken again and again, what became needless is dropped, and each stop
    moves to the place from which its pupils together walk least. Ties go to the lowest column.

    Parameters
    ----------
    walk_m : array_like, shape (n_homes, n_places)
        Walk from each home to each place [m]; inf where there is none.
    pupils : array_like of int, shape (n_homes,)
        Pupils at each home [pupils].
    limit_m : float
        Longest walk to a stop, inclusive [m].

    Returns
    -------
    StopChoice
        Stops, who walks where, and a bound on their number.

    Raises
    ------
    SchemaError
        If the table does not fit the homes, or a number is not fair.
    """
    count = np.asarray(pupils, dtype=np.float64).reshape(-1)
    walk = np.asarray(walk_m, dtype=np.float64)
    if walk.ndim != 2 or len(walk) != len(count):
        raise SchemaError(msg("The walks to the stops must have one row for each home."))
    if not (count >= 0).all() or not (walk >= 0).all() or not limit_m >= 0:
        raise SchemaError(msg("Pupils, walks to a stop and the longest walk must be 0 or more."))
    near = walk <= limit_m
    chosen: list[int] = []
    open_homes: Bools = np.any(near, axis=1)
    gain = near[open_homes].sum(axis=0)
    while open_homes.any():
        best = int(np.argmax(gain))
        chosen.append(best)
        gain -= near[open_homes & near[:, best]].sum(axis=0)
        open_homes &= ~near[:, best]
    stops_of_home = near[:, chosen].sum(axis=1)
    for place in list(chosen):  # the first ones taken are most likely to be needless after the others
        if not (near[:, place] & (stops_of_home == 1)).any():
            chosen.remove(place)
            stops_of_home -= near[:, place]
    of_home = _nearest(walk, near, np.array(sorted(chosen), dtype=np.int64))
    chosen = sorted({_better_place(walk, near, count, np.flatnonzero(of_home == place)) for place in chosen})
    places = np.array(chosen, dtype=np.int64)
    return StopChoice(places, _nearest(walk, near, places), _fewest_stops(near))


def _nearest(walk: Floats, near: Bools, places: Ints) -> Ints:
    """Give each home's nearest place."""
    of_home = np.full(len(walk), -1, dtype=np.int64)
    if len(places):
        within = near[:, places].any(axis=1)
        of_home[within] = places[np.argmin(walk[np.ix_(within, places)], axis=1)]
    return of_home


def _better_place(walk: Floats, near: Bools, count: Floats, homes: Ints) -> int:
    """Find the place within the walk of all homes of a stop to which they walk least."""
    common = np.flatnonzero(near[homes].all(axis=0))
    return int(common[np.argmin(count[homes] @ walk[np.ix_(homes, common)])])


def _fewest_stops(near: Bools) -> int:
    """Count homes of which no two can share a stop; those with the fewest places come first."""
    open_homes: Bools = np.any(near, axis=1)
    n = 0
    for home in np.argsort(near.sum(axis=1), kind="stable"):
        if open_homes[home]:
            n += 1
            open_homes &= ~near[:, near[home]].any(axis=1)
    return n


def route_buses(
    minutes: ArrayLike,
    km: ArrayLike,
    pupils: ArrayLike,
    *,
    seats: int,
    ride_limit_min: float,
    dwell_min: float = 1.0,
) -> BusRoutes:
    r"""
    Lay routes of few buses that bring all pupils to school within the longest ride.

    Savings :math:`t_{i0} + t_{0j} - \lambda t_{ij}` join routes, the largest first [1]_, for several :math:`\lambda`;
    then routes are dissolved into others where that fits, and pieces of each are turned round while that shortens it.
    The plan with the fewest buses counts, then the one with the fewest kilometres. A bus goes once in the morning and
    once, the other way round, in the afternoon. A stop with more pupils than a bus has seats fills buses of its own first.

    Assumes that no way between two stops is longer than one by a third stop, as shortest ways are not.

    Parameters
    ----------
    minutes : array_like, shape (n_stops + 1, n_stops + 1)
        Drive from row to column, the school in row and column 0 [min]; inf where there is no way.
    km : array_like, shape (n_stops + 1, n_stops + 1)
        Length of the same ways [km].
    pupils : array_like of int, shape (n_stops,)
        Pupils at each stop [pupils].
    seats : int
        Seats of a bus.
    ride_limit_min : float
        Longest ride of a pupil, inclusive [min].
    dwell_min : float
        Time at each stop, the pupil's own included [min].

    Returns
    -------
    BusRoutes
        Routes, bounds, and the stops that no ride within the limit can serve.

    Raises
    ------
    SchemaError
        If the tables do not fit the stops, or a number is not fair.

    References
    ----------
    .. [1] G. Clarke and J. W. Wright, Oper. Res. 12(4), 568-581, 1964. https://doi.org/10.1287/opre.12.4.568
    """
    trip = _Trip(*_check(minutes, km, pupils, seats, ride_limit_min, dwell_min))
    waiting = trip.pupils.copy()
    left = (waiting > 0) & ~np.array([trip.fits((stop,)) for stop in range(len(waiting))], dtype=bool)
    waiting[left] = 0
    bound = _fewest_buses(trip, waiting)
    ride_bound = max((trip.ride((int(stop),)) for stop in np.flatnonzero(waiting)), default=0.0)
    full = [
        ((int(stop),), (trip.seats,)) for stop in np.flatnonzero(waiting) for _ in range(waiting[stop] // trip.seats)
    ]
    rest = waiting % trip.seats
    plans = [_improved(trip, rest, _saved(trip, rest, shape)) for shape in _SHAPES]
    best = min(plans, key=lambda plan: (len(plan), sum(trip.km_day(order) for order in plan)))
    loads = full + [(order, tuple(int(rest[stop]) for stop in order)) for order in best]
    routes = [BusRoute(order, load, trip.rides(order), trip.km_day(order)) for order, load in loads]
    routes.sort(key=lambda route: (-max(route.ride_min), route.stops))
    return BusRoutes(tuple(routes), bound, float(ride_bound), left)


@dataclass(frozen=True)
class _Trip:
    """The question, with the school as row and column -1, so that stops are counted from 0."""

    minutes: Floats
    km: Floats
    pupils: Ints
    seats: int
    limit: float
    dwell: float

    def drive(self, order: Order) -> tuple[float, float]:
        """Give the minutes from the first stop to the school in the morning, and back in the afternoon."""
        t, ends = self.minutes, (*order[1:], -1)
        there = sum(float(t[a, b]) for a, b in zip(order, ends, strict=True))
        return there, sum(float(t[b, a]) for a, b in zip(order, ends, strict=True))

    def ride(self, order: Order) -> float:
        """Give the longest ride of a route: its first stop's."""
        return max(self.drive(order)) + self.dwell * len(order)

    def rides(self, order: Order) -> tuple[float, ...]:
        return tuple(self.ride(order[at:]) for at in range(len(order)))

    def fits(self, order: Order) -> bool:
        return self.ride(order) <= self.limit * (1 + _ROUNDING)

    def km_day(self, order: Order) -> float:
        there = (-1, *order, -1)
        return sum(float(self.km[a, b] + self.km[b, a]) for a, b in itertools.pairwise(there))


def _check(
    minutes: ArrayLike, km: ArrayLike, pupils: ArrayLike, seats: int, limit: float, dwell: float
) -> tuple[Floats, Floats, Ints, int, float, float]:
    count = np.asarray(pupils)
    n = count.size
    tables = [np.asarray(table, dtype=np.float64) for table in (minutes, km)]
    if count.ndim != 1 or any(table.shape != (n + 1, n + 1) for table in tables):
        raise SchemaError(
            msg("Minutes and kilometres of the bus need one row and one column for the school and each stop.")
        )
    if not all((table >= 0).all() for table in tables) or not (count >= 0).all() or (count != np.floor(count)).any():
        raise SchemaError(
            msg("Minutes and kilometres of the bus must be 0 or more, and pupils whole numbers of 0 or more.")
        )
    if isinstance(seats, bool) or seats != int(seats) or seats < 1:
        raise SchemaError(msg("bus_seats: must be a whole number of 1 or more, not {value}.", value=str(seats)))
    if not (limit >= 0 and 0 <= dwell < np.inf):
        raise SchemaError(msg("The longest ride and the time at a stop must be 0 min or more."))
    turned = [np.roll(table, -1, axis=(0, 1)) for table in tables]
    return turned[0], turned[1], count.astype(np.int64), int(seats), float(limit), float(dwell)


def _fewest_buses(trip: _Trip, waiting: Ints) -> int:
    """Bound the buses: by seats, and by stops of which no two fit in one ride, each with the buses of its own pupils."""
    stops = np.flatnonzero(waiting)
    if not len(stops):
        return 0
    by_seats = -(-int(waiting.sum()) // trip.seats)
    t = trip.minutes[np.ix_(stops, stops)]
    to, back = trip.minutes[stops, -1], trip.minutes[-1, stops]
    first = np.maximum(t + to[None, :], t.T + back[None, :]) + 2 * trip.dwell  # row first, then column, then the school
    apart = np.minimum(first, first.T) > trip.limit * (1 + 10 * _ROUNDING)
    np.fill_diagonal(apart, val=False)
    weight = -(-waiting[stops] // trip.seats)
    order = np.lexsort((np.arange(len(stops)), -apart.sum(axis=1), -weight))
    most = 0
    for start in order:
        free, total = apart[start].copy(), int(weight[start])
        for stop in order:
            if free[stop]:
                total += int(weight[stop])
                free &= apart[stop]
        most = max(most, total)
    return max(by_seats, most)


def _saved(trip: _Trip, rest: Ints, shape: float) -> list[Order]:
    """Join routes by their savings, end to end, in the direction of the shorter ride."""
    stops = np.flatnonzero(rest)
    both = trip.minutes + trip.minutes.T
    home = both[stops, -1]
    saving = np.triu(home[:, None] + home[None, :] - shape * both[np.ix_(stops, stops)], 1)
    route_of: dict[int, Order] = {int(stop): (int(stop),) for stop in stops}
    for a, b in zip(*np.unravel_index(np.argsort(-saving, axis=None, kind="stable"), saving.shape), strict=True):
        if not saving[a, b] > 0:
            break
        one, other = route_of[int(stops[a])], route_of[int(stops[b])]
        inner = stops[a] not in (one[0], one[-1]) or stops[b] not in (other[0], other[-1])
        if one == other or inner or int(rest[[*one, *other]].sum()) > trip.seats:
            continue
        joined = (one if one[-1] == stops[a] else one[::-1]) + (other if other[0] == stops[b] else other[::-1])
        joined = min(joined, joined[::-1], key=trip.ride)
        if trip.fits(joined):
            route_of |= dict.fromkeys(joined, joined)
    return sorted(set(route_of.values()))


def _improved(trip: _Trip, rest: Ints, plan: list[Order]) -> list[Order]:
    """Dissolve routes into others while that fits, then shorten each."""
    dissolved = True
    while dissolved:
        dissolved = False
        for route in sorted(plan, key=lambda order: (sum(rest[list(order)]), order)):
            others = _spread(trip, rest, [order for order in plan if order != route], route)
            if others is not None:
                plan, dissolved = others, True
                break
    return [_shortened(trip, order) for order in plan]


def _spread(trip: _Trip, rest: Ints, plan: list[Order], route: Order) -> list[Order] | None:
    """Put each stop of a route where it lengthens another one least; None where one of them fits nowhere."""
    plan = list(plan)
    for stop in sorted(route, key=lambda s: (-rest[s], s)):
        found = [
            (trip.km_day(wider) - trip.km_day(order), number, wider)
            for number, order in enumerate(plan)
            if int(rest[list(order)].sum() + rest[stop]) <= trip.seats
            for at in range(len(order) + 1)
            if trip.fits(wider := (*order[:at], stop, *order[at:]))
        ]
        if not found:
            return None
        _, number, wider = min(found)
        plan[number] = wider
    return plan


def _shortened(trip: _Trip, order: Order) -> Order:
    """Turn pieces of a route round while that saves kilometres, or time on the ride, within the limit (2-opt)."""
    least, better = _length(trip, order), True
    while better:
        better = False
        for begin in range(len(order) - 1):
            for end in range(begin + 2, len(order) + 1):
                turned = (*order[:begin], *order[begin:end][::-1], *order[end:])
                length = _length(trip, turned)
                if length < least and trip.fits(turned):
                    order, least, better = turned, length, True
    return order


def _length(trip: _Trip, order: Order) -> tuple[float, float]:
    """Give kilometres and longest ride, to what roads and clocks can tell apart."""
    return round(trip.km_day(order), 6), round(trip.ride(order), 6)

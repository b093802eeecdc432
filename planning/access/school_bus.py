"""School bus on the roads: stops near pupils, the walk to them, and routes to the school within the longest ride."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from planning.access.bus_routes import BusRoutes, StopChoice, choose_stops, route_buses
from planning.errors import NetworkError, msg
from planning.network.build import Network
from planning.network.snap import snappable_segments
from planning.travel.router import Router

__all__ = ["BusOptions", "BusPlan", "bus_places", "plan_bus"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class BusOptions:
    """
    What a school bus is like; all defaults are this tool's own.

    Parameters
    ----------
    seats : int
        Seats of a bus.
    walk_limit_m : float
        Longest walk to a stop, the leg to the road included [m].
    ride_limit_min : float
        Longest ride [min].
    dwell_min : float
        Time at each stop [min].
    spacing_m : float
        Of the places on roads where a bus may stop, one is looked at in each square of this side [m].
    """

    seats: int = 40
    walk_limit_m: float = 1000.0
    ride_limit_min: float = 60.0
    dwell_min: float = 1.0
    spacing_m: float = 250.0


@dataclass(frozen=True)
class BusPlan:
    """
    Stops and routes of one school.

    Parameters
    ----------
    stops : pandas.DataFrame
        Indexed by ``stop`` from 1: ``node``, ``x``, ``y`` [m], ``homes``, ``pupils``, ``walk_m_max``, ``direct_min`` (the
        ride without other stops, its own time included) and ``ride_min`` (the longest of the buses that stop there).
    routes : pandas.DataFrame
        A row for each time a bus stops: ``bus``, ``order`` (of the morning), ``stop``, ``pupils``, ``ride_min``.
    buses : pandas.DataFrame
        Indexed by ``bus`` from 1: ``pupils``, ``stops``, ``ride_min``, ``km_day``.
    homes : pandas.DataFrame
        A row a home, in the order given: ``pupils``, ``stop`` (NA where none), ``walk_m``, ``ride_min`` (NaN where none) and
        ``reason`` why no bus serves it (empty, ``no_stop_near`` or ``ride_too_long``).
    buses_bound, stops_bound : int
        No plan has fewer buses for these stops, no choice among the places looked at has fewer stops.
    ride_bound_min : float
        No plan for these stops has a shorter longest ride [min].
    gate_node : int
        Where the bus stops at the school; -1 where no bus comes near.
    gate_walk_m : float
        Walk from there to the school [m]; NaN where no bus comes near.
    """

    stops: pd.DataFrame
    routes: pd.DataFrame
    buses: pd.DataFrame
    homes: pd.DataFrame
    buses_bound: int
    stops_bound: int
    ride_bound_min: float
    gate_node: int
    gate_walk_m: float

    @property
    def km_day(self) -> float:
        """
        Add up the kilometres of a day.

        Returns
        -------
        float
            Of all buses, morning and afternoon [km].
        """
        return float(self.buses["km_day"].sum())

    @property
    def left(self) -> int:
        """
        Count the pupils whom no bus serves.

        Returns
        -------
        int
            Pupils.
        """
        return int(self.homes.loc[self.homes["reason"] != "", "pupils"].sum())


def bus_places(network: Network, walk: Router, drive: Router) -> Ints:
    """
    Find where a bus may stop: nodes of roads that are open to buses and to people on foot, fragments left out.

    Parameters
    ----------
    network : Network
        The network.
    walk, drive : Router
        The network on foot and by bus.

    Returns
    -------
    numpy.ndarray of int
        Nodes, sorted.
    """
    fit = np.repeat(snappable_segments(network, np.isfinite(drive.costs)), 2) & np.isfinite(walk.costs)
    fit &= np.isfinite(drive.costs)
    return np.unique(np.concatenate([network.tails[fit], network.heads[fit]])).astype(np.int64)


def plan_bus(
    network: Network,
    walk: Router,
    drive: Router,
    *,
    homes: ArrayLike,
    pupils: ArrayLike,
    school: int,
    legs_m: ArrayLike = 0.0,
    options: BusOptions | None = None,
    places: Ints | None = None,
) -> BusPlan:
    """
    Plan stops and routes of a school bus.

    Places without a ride within the limit are no stops, so that everybody who can walk to a place with one has a bus.

    Parameters
    ----------
    network : Network
        The network.
    walk, drive : Router
        The network with the minutes on foot and of a bus as costs: ``mode_minutes`` has the caps of law in it.
    homes : array_like of int, shape (n_homes,)
        Node of each home; -1 where there is no road.
    pupils : array_like of int, shape (n_homes,)
        Pupils to carry [pupils].
    school : int
        Node of the school.
    legs_m : array_like of float, shape (n_homes,) or a number
        From each home to its node [m].
    options : BusOptions, optional
        Seats and limits.
    places : numpy.ndarray of int, optional
        Nodes where a bus may stop, as :func:`bus_places` gives them, for who plans for many schools.

    Returns
    -------
    BusPlan
        Stops, routes, and whom no bus serves.

    Raises
    ------
    NetworkError
        If homes, pupils and legs do not fit each other.
    SchemaError
        If an option is not a fair number.
    """
    options = options or BusOptions()
    node = np.asarray(homes, dtype=np.int64).reshape(-1)
    count = np.asarray(pupils).reshape(-1)
    leg = np.broadcast_to(np.asarray(legs_m, dtype=np.float64), node.shape)
    if count.shape != node.shape or not (leg[node >= 0] >= 0).all() or not options.spacing_m > 0:
        raise NetworkError(msg("A bus needs one node, one number of pupils and one access leg for each home."))
    riders = np.flatnonzero((count > 0) & (node >= 0))
    fit = bus_places(network, walk, drive) if places is None else places
    gate, gate_walk_m = _gate(network, walk, fit, int(school))
    if gate < 0:
        fit = fit[:0]
    near = _near(network, walk, fit, node[riders], options)
    to_gate = drive.matrix(near, [gate] if gate >= 0 else [])
    from_gate = drive.matrix([gate] if gate >= 0 else [], near)
    direct = np.maximum(to_gate[:, 0], from_gate[0]) + options.dwell_min if gate >= 0 else np.zeros(0)
    walk_m = np.full((len(node), len(near)), np.inf)
    walk_m[riders] = walk.matrix(node[riders], near, also=network.length_m)[1] + leg[riders, None]
    could_walk: NDArray[np.bool_] = np.any(walk_m <= options.walk_limit_m, axis=1)
    kept = direct <= options.ride_limit_min
    near, walk_m = near[kept], walk_m[:, kept]
    choice = choose_stops(walk_m, count, limit_m=options.walk_limit_m)
    stop_of_home = np.searchsorted(choice.places, choice.of_home)
    served = (choice.of_home >= 0) & (count > 0)
    nodes = near[choice.places]
    load = np.bincount(stop_of_home[served], weights=count[served], minlength=len(nodes)).astype(np.int64)
    at = np.append(gate if gate >= 0 else [], nodes).astype(np.int64)
    if len(nodes):
        minutes, metres = drive.matrix(at, at, also=network.length_m)
    else:
        minutes = metres = np.zeros((1, 1), dtype=np.float32)
    routes = route_buses(
        minutes,
        metres / np.float64(1000),
        load,
        seats=options.seats,
        ride_limit_min=options.ride_limit_min,
        dwell_min=options.dwell_min,
    )
    table = _home_table(count, served, stop_of_home, walk_m, choice, could_walk)
    return _tables(network, nodes, table, routes, direct[kept][choice.places], choice.bound, gate, gate_walk_m)


def _gate(network: Network, walk: Router, fit: Ints, school: int) -> tuple[int, float]:
    """Find the place of a bus from which the walk to a school is shortest."""
    if school < 0 or not len(fit):
        return -1, float("nan")
    minutes = walk.to_target(school)[fit]
    best = int(np.argmin(minutes))
    if not np.isfinite(minutes[best]):
        return -1, float("nan")
    gate = int(fit[best])
    return gate, float(walk.matrix([gate], [school], also=network.length_m)[1][0, 0])


def _near(network: Network, walk: Router, fit: Ints, homes: Ints, options: BusOptions) -> Ints:
    """Take a place in each square near homes, and each home's own nearest one."""
    if not len(fit) or not len(homes):
        return fit[:0]
    xy = network.xy
    far, _ = cKDTree(xy[np.unique(homes)]).query(
        xy[fit], distance_upper_bound=np.nextafter(options.walk_limit_m, np.inf)
    )
    within = fit[np.isfinite(far)]
    corners = np.bincount(network.tails, minlength=network.n_nodes)[within]  # where roads meet, more homes are near
    square = np.floor(xy[within] / options.spacing_m).astype(np.int64)
    order = np.lexsort((within, -corners, square[:, 1], square[:, 0]))
    _, first = np.unique(square[order], axis=0, return_index=True)
    _, own = walk.nearest(fit, np.unique(homes))
    return np.union1d(within[order][first], fit[own[own[:, 0] >= 0, 0]])


def _home_table(
    count: NDArray[np.int64],
    served: NDArray[np.bool_],
    stop_of_home: Ints,
    walk_m: Floats,
    choice: StopChoice,
    could_walk: NDArray[np.bool_],
) -> pd.DataFrame:
    homes = pd.DataFrame({"pupils": count.astype(np.int64)})
    homes["stop"] = pd.Series(stop_of_home + 1, dtype="Int64").where(served)
    homes["walk_m"] = np.nan
    rows = np.flatnonzero(served)
    homes.loc[rows, "walk_m"] = walk_m[rows, choice.of_home[rows]]
    waits = (count > 0) & ~served
    homes["reason"] = np.where(waits, np.where(could_walk, "ride_too_long", "no_stop_near"), "")
    return homes


def _tables(
    network: Network,
    nodes: Ints,
    homes: pd.DataFrame,
    found: BusRoutes,
    direct: Floats,
    stops_bound: int,
    gate: int,
    gate_walk_m: float,
) -> BusPlan:
    """Lay out what was found, homes with the ride from their stop."""
    rows = [
        (bus, order, stop + 1, pupils, ride)
        for bus, route in enumerate(found.routes, start=1)
        for order, (stop, pupils, ride) in enumerate(
            zip(route.stops, route.pupils, route.ride_min, strict=True), start=1
        )
    ]
    routes = pd.DataFrame(rows, columns=["bus", "order", "stop", "pupils", "ride_min"])
    routes = routes.astype(dict.fromkeys(("bus", "order", "stop", "pupils"), "int64") | {"ride_min": "float64"})
    buses = routes.groupby("bus").agg(pupils=("pupils", "sum"), stops=("stop", "size"), ride_min=("ride_min", "max"))
    buses["km_day"] = np.array([route.km_day for route in found.routes], dtype=np.float64)
    numbers = pd.RangeIndex(1, len(nodes) + 1, name="stop")
    by_stop = homes[homes["stop"].notna()].groupby("stop")
    stops = pd.DataFrame({"node": nodes, "x": network.x[nodes], "y": network.y[nodes]}, index=numbers)
    stops["homes"] = by_stop.size().reindex(numbers, fill_value=0).to_numpy(dtype=np.int64)
    stops["pupils"] = by_stop["pupils"].sum().reindex(numbers, fill_value=0).to_numpy(dtype=np.int64)
    stops["walk_m_max"] = by_stop["walk_m"].max().reindex(numbers).to_numpy(dtype=np.float64)
    stops["direct_min"] = np.asarray(direct, dtype=np.float64)
    stops["ride_min"] = routes.groupby("stop")["ride_min"].max().reindex(numbers).to_numpy(dtype=np.float64)
    ride = homes["stop"].map(stops["ride_min"]).astype("float64")
    return BusPlan(
        stops=stops,
        routes=routes,
        buses=buses,
        homes=homes.assign(ride_min=ride)[["pupils", "stop", "walk_m", "ride_min", "reason"]],
        buses_bound=found.bound,
        stops_bound=stops_bound,
        ride_bound_min=found.ride_bound_min,
        gate_node=gate,
        gate_walk_m=gate_walk_m,
    )

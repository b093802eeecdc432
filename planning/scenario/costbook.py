"""The travel costs of one county, swept once and kept: one router a mode, a table of costs for schools and candidates."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.network.ground import crosses, is_open_ground
from planning.network.joining import Doorstep, find_doorsteps, place_on_ground
from planning.network.modes import WALK_KMH, Mode, mode_minutes, mode_usable
from planning.network.snap import point_on_network, snappable_segments
from planning.travel.costs import Costs, build_costs, costs_to_points
from planning.travel.router import Router

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from planning.network.build import Network
    from planning.network.snap import NetworkPlace
    from planning.scenario.open_ground import OpenGround

__all__ = ["CostBook"]

#: Pairs of cell and place that are swept in one call: what they need in memory stays below some 100 MB.
_SWEPT_AT_ONCE = 4_000_000
#: What the columns of places that are no schools may take in memory: some 90 places where there are 120,000 cells.
_KEPT_BYTES = 128 * 2**20


class CostBook:
    """
    Costs of a county's cells to its schools, candidates and any point, each swept at its first use.

    Results are kept and shared between threads; nothing in here changes what is computed, only when. Where slope counts, up
    and down differ: the costs are those of the morning, from home to school. Access legs are taken to be level.

    Parameters
    ----------
    network : Network
        Network of which cells, schools and candidates are nodes.
    cells, schools, candidates : geopandas.GeoDataFrame
        Places with ``node`` and ``leg_m`` [m].
    walking_factor : numpy.ndarray, shape (n_arcs,), optional
        Time of a walk along each arc over that on a level path, as slope and open ground make it [-]; all level by default.
    open_ground : OpenGround, optional
        Where open ground is part of the network.
    """

    def __init__(
        self,
        network: Network,
        cells: gpd.GeoDataFrame,
        schools: gpd.GeoDataFrame,
        candidates: gpd.GeoDataFrame,
        *,
        walking_factor: NDArray[np.float64] | None = None,
        open_ground: OpenGround | None = None,
    ) -> None:
        self.network = network
        self.walking_factor = walking_factor
        self._open_ground = open_ground
        self._places = {"schools": schools, "candidates": candidates}
        self._cells = cells
        self._lock = threading.RLock()
        self._minutes: dict[str, NDArray[np.float64]] = {}
        self._routers: dict[Mode, Router] = {}
        self._costs: dict[tuple[str, Mode], Costs] = {}
        self._points: dict[tuple[Mode, float, float], tuple[NDArray[np.float32], ...]] = {}
        self._snappable = snappable_segments(network, mode_usable(network, "walk"))
        self._today: CostBook | None = None

    def with_cells(self, cells: gpd.GeoDataFrame) -> CostBook:
        """
        Give the book of the same places with other pupils; what is swept for either serves both.

        Parameters
        ----------
        cells : geopandas.GeoDataFrame
            The same cells in the same order, at the same nodes.

        Returns
        -------
        CostBook
            Shares routers, schools and points. Only candidates are swept again, and only where pupils live in cells that have
            none in this book.
        """
        book = copy.copy(self)  # the tables that are shared stay shared
        book._cells, book._costs = cells, {}
        book._today = self if self._today is None else self._today
        return book

    @property
    def open_ground(self) -> OpenGround | None:
        """
        Tell how places come onto open ground.

        Returns
        -------
        OpenGround or None
            None where no open ground is part of the network.
        """
        return self._open_ground

    def with_network(
        self,
        network: Network,
        cells: gpd.GeoDataFrame,
        schools: gpd.GeoDataFrame,
        candidates: gpd.GeoDataFrame,
        *,
        walking_factor: NDArray[np.float64] | None = None,
    ) -> CostBook:
        """
        Give the book of a network that has this one's nodes and arcs, then new ones.

        Parameters
        ----------
        network : Network
            The network; an old arc may be closed in it.
        cells, schools, candidates : geopandas.GeoDataFrame
            Places with ``node`` and ``leg_m`` [m].
        walking_factor : numpy.ndarray, shape (n_arcs,), optional
            As for the book itself.

        Returns
        -------
        CostBook
            Its routers grow out of those that are known; costs are swept anew.
        """
        book = CostBook(
            network, cells, schools, candidates, walking_factor=walking_factor, open_ground=self._open_ground
        )
        with self._lock:
            known = next(iter(self._routers.items()), None)
        if known is not None:
            mode, router = known
            minutes = book.minutes(mode)
            new = slice(self.network.n_arcs, None)
            grown = router.with_arcs(
                network.tails[new], network.heads[new], minutes[new], n_nodes=network.n_nodes
            ).with_costs(minutes)
            book._routers[mode] = grown
        return book

    def minutes(self, mode: Mode) -> NDArray[np.float64]:
        """
        Give the minutes along each arc; who rides or drives walks where no vehicle may go at all, to the road and from it.

        Slope lengthens the walk, there too, but not the ride.

        Parameters
        ----------
        mode : str
            walk, bike or drive.

        Returns
        -------
        numpy.ndarray of float64, shape (n_arcs,)
            Time [min]; inf where one may not go.
        """
        with self._lock:
            if mode not in self._minutes:
                walked = mode_minutes(self.network, "walk")
                if self.walking_factor is not None:
                    walked = walked * self.walking_factor
                if mode == "walk":
                    self._minutes[mode] = walked
                else:
                    ridden = mode_minutes(self.network, mode)
                    closed = np.isinf(ridden.reshape(-1, 2)).all(axis=1).repeat(2)  # in both directions, so no one-way
                    self._minutes[mode] = np.where(closed, walked, ridden)
            return self._minutes[mode]

    def router(self, mode: Mode) -> Router:
        """
        Give the router of a mode; its costs are minutes.

        Parameters
        ----------
        mode : str
            walk, bike or drive.

        Returns
        -------
        Router
            Shares the topology with the other modes.
        """
        with self._lock:
            if mode not in self._routers:
                minutes = self.minutes(mode)
                first = next(iter(self._routers.values()), None)
                self._routers[mode] = (
                    Router(self.network.tails, self.network.heads, minutes, len(self.network.x))
                    if first is None
                    else first.with_costs(minutes)
                )
            return self._routers[mode]

    def schools(self, mode: Mode, *, progress: Callable[[int, int], None] | None = None) -> Costs:
        """
        Give the costs from every cell to every school.

        Parameters
        ----------
        mode : str
            walk, bike or drive.
        progress : callable, optional
            Called with what is done and what there is to do.

        Returns
        -------
        Costs
            Shape (n_cells, n_schools).
        """
        return self._table("schools", mode, progress)

    def known_schools(self) -> dict[Mode, Costs]:
        """
        Give the costs to schools that have been swept so far.

        Returns
        -------
        dict of str to Costs
            By mode.
        """
        with self._lock:
            return {mode: costs for (what, mode), costs in self._costs.items() if what == "schools"}

    def know_schools(self, mode: Mode, costs: Costs) -> None:
        """
        Take costs to schools that were swept before, from a saved run.

        Parameters
        ----------
        mode : str
            walk, bike or drive.
        costs : Costs
            Of this county's cells and schools.
        """
        with self._lock:
            self._costs["schools", mode] = costs

    def candidates(self, mode: Mode, *, progress: Callable[[int, int], None] | None = None) -> Costs:
        """
        Give the costs from every cell where pupils live to every candidate.

        Parameters
        ----------
        mode : str
            walk, bike or drive.
        progress : callable, optional
            Called with what is done and what there is to do.

        Returns
        -------
        Costs
            Shape (n_cells with pupils, n_candidates).
        """
        return self._table("candidates", mode, progress)

    def to_points(self, mode: Mode, xy: ArrayLike) -> Costs:
        """
        Give the costs from every cell to places that are no nodes yet; those not asked for before are swept together.

        Parameters
        ----------
        mode : str
            walk, bike or drive.
        xy : array_like, shape (n_places, 2)
            The places [m].

        Returns
        -------
        Costs
            A column a place, named by its number.
        """
        places = [(float(x), float(y)) for x, y in np.asarray(xy, dtype=np.float64).reshape(-1, 2)]
        with self._lock:
            unknown = [place for place in dict.fromkeys(places) if (mode, *place) not in self._points]
            at_once = max(1, _SWEPT_AT_ONCE // max(len(self._cells), 1))
            for start in range(0, len(unknown), at_once):
                self._sweep_points(mode, unknown[start : start + at_once])
            columns = [self._points[mode, *place] for place in places]
            self._forget_points([(mode, *place) for place in places])
        distance_m, time_min, off_road_m = (
            np.stack([column[part] for column in columns], axis=1)
            if columns
            else np.empty((len(self._cells), 0), dtype=np.float32)
            for part in range(3)
        )
        return Costs(self._cells.index, _numbered(len(places)), distance_m, time_min, off_road_m, mode=mode)

    def _forget_points(self, used: Sequence[tuple[Mode, float, float]]) -> None:
        """Keep what was used last, as much as memory is meant for; a school that is dragged passes many places."""
        for place in used:
            self._points[place] = self._points.pop(place)
        room = max(1, _KEPT_BYTES // max(1, 3 * 4 * len(self._cells)))
        for place in list(self._points)[:-room]:
            del self._points[place]

    def _sweep_points(self, mode: Mode, places: Sequence[tuple[float, float]]) -> None:
        """Sweep some places in one call and keep a column of each."""
        minutes = self.minutes(mode)
        found = [self._place(place) for place in places]
        ends = []
        for place in found:
            # From the tail one comes along the arc, from the head against it; a piece takes its share of the time.
            along = place.tail_m + place.head_m
            shares = (place.tail_m / along, place.head_m / along) if along else (0.0, 0.0)
            ends.append(
                [
                    minutes[arc] * share if share else 0.0  # a place at a node is there whether the edge is open or not
                    for arc, share in zip((place.arc, place.arc + 1), shares, strict=True)
                ]
            )
        swept = costs_to_points(
            self.router(mode),
            self.network.length_m,
            end_nodes=[(place.tail, place.head) for place in found],
            end_minutes=ends,
            end_metres=[(place.tail_m, place.head_m) for place in found],
            point_legs_m=[place.leg_m for place in found],
            point_xy=places,
            point_ids=_numbered(len(places)),
            cell_ids=self._cells.index,
            cell_nodes=self._cells["node"].to_numpy(),
            cell_legs_m=self._cells["leg_m"].to_numpy(),
            cell_xy=self._cell_xy,
            leg_kmh=WALK_KMH,
            mode=mode,
            off_road_m=self._off_road_m,
            is_free=self._is_free,
        )
        for column, (x, y) in enumerate(places):
            self._points[mode, x, y] = (
                swept.distance_m[:, column].copy(),
                swept.time_min[:, column].copy(),
                swept.off_road_m[:, column].copy(),
            )

    def _table(self, what: str, mode: Mode, progress: Callable[[int, int], None] | None) -> Costs:
        with self._lock:
            if self._today is not None and (what == "schools" or self._lived_in().isin(self._today._lived_in()).all()):
                return self._today._table(what, mode, progress)
            if (what, mode) not in self._costs:
                sites, cells = self._places[what], self._cells
                if what == "candidates":  # a question is asked for pupils; empty cells would only fill memory
                    cells = cells.loc[self._lived_in()]
                self._costs[what, mode] = build_costs(
                    self.router(mode),
                    self.network.length_m,
                    cell_ids=cells.index,
                    cell_nodes=cells["node"].to_numpy(),
                    cell_legs_m=cells["leg_m"].to_numpy(),
                    cell_xy=_xy(cells),
                    site_ids=sites.index,
                    site_nodes=sites["node"].to_numpy(),
                    site_legs_m=sites["leg_m"].to_numpy(),
                    site_xy=_xy(sites),
                    leg_kmh=WALK_KMH,
                    mode=mode,
                    off_road_m=self._off_road_m,
                    is_free=self._is_free,
                    progress=progress,
                )
            return self._costs[what, mode]

    @cached_property
    def _cell_xy(self) -> NDArray[np.float64]:
        """Where the cells lie; they stay there whoever lives in them."""
        return _xy(self._cells)

    @cached_property
    def _off_road_m(self) -> NDArray[np.float64] | None:
        """Metres of each arc that are off the roads; None where there is no open ground."""
        if self._open_ground is None:
            return None
        return np.where(is_open_ground(self.network), self.network.length_m, 0.0)

    @property
    def _is_free(self) -> Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]] | None:
        """Say of straight ways whether they are dry; None where rivers are no barriers."""
        ground = self._open_ground
        return None if ground is None else lambda begin, end: ~crosses(begin, end, ground.barriers)

    @cached_property
    def _doorstep(self) -> Doorstep | None:
        """Find where places may come onto open ground, where there is any."""
        ground = self._open_ground
        if ground is None:
            return None
        usable = mode_usable(self.network, "walk")
        return find_doorsteps(self.network, usable=usable, reach_m=ground.spacing_m, barriers=ground.barriers)

    def _place(self, xy: tuple[float, float]) -> NetworkPlace:
        """Find where a point comes onto the network."""
        if self._doorstep is not None:
            return place_on_ground(self.network, xy, self._doorstep)
        return point_on_network(self.network, xy, segments=self._snappable)

    def _lived_in(self) -> pd.Index:
        """List the cells that have pupils."""
        lived_in = self._cells.filter(regex="^pupils_").sum(axis=1).to_numpy() > 0
        found: pd.Index = self._cells.index[lived_in]
        return found


def _numbered(n: int) -> pd.Index[str]:
    return pd.Index([str(number) for number in range(n)], dtype="str")


def _xy(places: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return np.column_stack([places.geometry.x, places.geometry.y])

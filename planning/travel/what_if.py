"""
What if: schools are added, removed and moved, one change after the other, and undone.

The kernels are in :mod:`planning.travel.upkeep`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.errors import NetworkError, msg
from planning.travel.arguments import check_count, check_nodes, to_float32
from planning.travel.customisation import Metric, Ways
from planning.travel.straight import list_by_chain
from planning.travel.topology import Topology
from planning.travel.upkeep import Log, change, lay_out, restore

__all__ = ["Change", "WhatIf"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Change(NamedTuple):
    """
    What a change did.

    Parameters
    ----------
    position : int
        Position of the facility that was added, removed or moved.
    origins : numpy.ndarray of int64, shape (n_changed,)
        Origins whose cost or facility changed, ascending.
    costs, costs_before : numpy.ndarray of float32, shape (n_changed,)
        Their costs, now and before.
    positions, positions_before : numpy.ndarray of int64, shape (n_changed,)
        Positions of their facilities, now and before; -1 for none.
    """

    position: int
    origins: Longs
    costs: NDArray[np.float32]
    positions: Longs
    costs_before: NDArray[np.float32]
    positions_before: Longs


class WhatIf:
    """
    The nearest open facility of each origin, while facilities come, go and move.

    Made by :meth:`planning.travel.Router.what_if`. Every state equals what :meth:`planning.travel.Router.nearest` finds for
    the same facilities: the lowest position goes first among equals.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from facility to origin.
    climb, descend : Ways
        Arcs up and arcs down.
    facilities : numpy.ndarray of int64, shape (n_facilities,)
        Nodes of the facilities that are open at first.
    origins : numpy.ndarray of int64, shape (n_origins,)
        Nodes of the origins.

    Examples
    --------
    >>> from planning.travel import Router
    >>> router = Router([0, 1, 2, 1, 2, 3], [1, 2, 3, 0, 1, 2], [1, 1, 1, 1, 1, 1], 4)
    >>> what = router.what_if([0], [0, 1, 2, 3])
    >>> what.add(3).origins.tolist()
    [2, 3]
    >>> what.costs.tolist(), what.positions.tolist()
    ([0.0, 1.0, 1.0, 0.0], [0, 0, 1, 1])
    >>> what.undo().costs.tolist()
    [2.0, 3.0]
    """

    def __init__(
        self, topology: Topology, metric: Metric, climb: Ways, descend: Ways, facilities: Longs, origins: Longs
    ) -> None:
        self._base, self._state = lay_out(topology, metric, climb, descend, origins, facilities)
        self._nodes, self._is_open = facilities.copy(), np.ones(len(facilities), np.bool_)
        self._chain_school, self._next_school = list_by_chain(topology, facilities)
        self._origin = self._base.rows.place.astype(np.int64)
        self._call = 0
        self._done: list[tuple[int, list[tuple[int, bool, int, Log]]]] = []

    @property
    def costs(self) -> NDArray[np.float32]:
        """
        Cost of each origin to its facility.

        Returns
        -------
        numpy.ndarray of float32, shape (n_origins,)
            A copy; inf where no facility can be reached.
        """
        out = np.empty(len(self._origin), np.float32)
        out[self._origin] = to_float32(self._state.cell_cost)
        return out

    @property
    def positions(self) -> Longs:
        """
        Position of each origin's facility.

        Returns
        -------
        numpy.ndarray of int64, shape (n_origins,)
            A copy; -1 where no facility can be reached.
        """
        out = np.empty(len(self._origin), np.int64)
        out[self._origin] = _positions(self._state.cell_school, self._state.cell_cost)
        return out

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """
        Which facilities are open.

        Returns
        -------
        numpy.ndarray of bool, shape (n_facilities,)
            A copy; facilities that were added follow those of the beginning.
        """
        return self._is_open.copy()

    def add(self, node: int) -> Change:
        """
        Open a facility.

        Parameters
        ----------
        node : int
            Where.

        Returns
        -------
        Change
            Its position, and who changes to it.

        Raises
        ------
        NetworkError
            If the node is out of range.
        """
        (at,) = check_nodes([node], len(self._base.topology.left))
        self._nodes = np.append(self._nodes, at)
        self._is_open, self._next_school = np.append(self._is_open, False), np.append(self._next_school, np.int32(-1))
        position = len(self._nodes) - 1
        return self._record(position, [self._set(position, opened=True)])

    def remove(self, position: int) -> Change:
        """
        Close a facility.

        Parameters
        ----------
        position : int
            Which; it keeps its position and is open no more.

        Returns
        -------
        Change
            Who goes where instead.

        Raises
        ------
        NetworkError
            If there is none, or it is closed already.
        """
        self._check_open(position)
        return self._record(position, [self._set(position, opened=False)])

    def move(self, position: int, node: int) -> Change:
        """
        Move a facility; it keeps its position.

        Parameters
        ----------
        position : int
            Which.
        node : int
            Where to.

        Returns
        -------
        Change
            Who changes, the two steps taken as one.

        Raises
        ------
        NetworkError
            If there is no such facility open, or the node is out of range.
        """
        self._check_open(position)
        (at,) = check_nodes([node], len(self._base.topology.left))
        closed = self._set(position, opened=False)
        self._nodes[position] = at
        return self._record(position, [closed, self._set(position, opened=True)])

    def undo(self) -> Change:
        """
        Take back the last change that was not taken back yet.

        Returns
        -------
        Change
            Who changes back.

        Raises
        ------
        NetworkError
            If there is none.
        """
        if not self._done:
            raise NetworkError(msg("There is no change to take back."))
        position, steps = self._done.pop()
        cells = np.unique(np.concatenate([log.cell for *_, log in steps]))
        before = self._at(cells)
        for _, opened, node, log in reversed(steps):
            self._nodes[position] = node
            self._link(position, opened=not opened)
            restore(self._state, log)
        return self._change(position, cells, before)

    def _check_open(self, position: int) -> None:
        """Refuse a facility that is not open."""
        check_count(position, -(2**63))  # whole
        if not 0 <= position < len(self._nodes) or not self._is_open[position]:
            raise NetworkError(msg("No open facility has position {position}.", position=position))

    def _set(self, position: int, *, opened: bool) -> tuple[int, bool, int, Log]:
        """Open or close a facility: (position, whether opened, its node, what was overwritten)."""
        self._link(position, opened=opened)
        self._call += 1
        log = change(
            self._base,
            self._state,
            self._nodes,
            self._is_open,
            self._chain_school,
            self._next_school,
            position,
            self._call,
        )
        return position, opened, int(self._nodes[position]), log

    def _link(self, position: int, *, opened: bool) -> None:
        """Enter a facility among the open ones of its chain, or strike it out."""
        self._is_open[position] = opened
        topology = self._base.topology
        left = topology.left[self._nodes[position]]
        if left < 0:
            return
        chain, following = topology.chain[left], self._next_school
        if opened:
            following[position], self._chain_school[chain] = self._chain_school[chain], position
        elif self._chain_school[chain] == position:
            self._chain_school[chain] = following[position]
        else:
            at = self._chain_school[chain]
            while following[at] != position:
                at = following[at]
            following[at] = following[position]

    def _record(self, position: int, steps: list[tuple[int, bool, int, Log]]) -> Change:
        """Remember a change and say what it did."""
        self._done.append((position, steps))
        *_, log = steps[0]
        if len(steps) == 1:
            return self._change(position, log.cell, (log.cell_cost, log.cell_school))
        cells, at = np.unique(np.concatenate([log.cell for *_, log in steps]), return_index=True)
        costs = np.concatenate([log.cell_cost for *_, log in steps])[at]
        schools = np.concatenate([log.cell_school for *_, log in steps])[at]
        return self._change(position, cells, (costs, schools))

    def _at(self, cells: Ints) -> tuple[Floats, Ints]:
        """Look up cells as they are now."""
        return self._state.cell_cost[cells], self._state.cell_school[cells]

    def _change(self, position: int, cells: Ints, before: tuple[Floats, Ints]) -> Change:
        """Say what a change did to cells."""
        cost, school = self._at(cells)
        changed = np.flatnonzero((cost != before[0]) | (school != before[1]))
        origins = self._origin[cells[changed]]
        order = np.argsort(origins)
        changed, origins = changed[order], origins[order]
        return Change(
            position,
            origins,
            to_float32(cost[changed]),
            _positions(school[changed], cost[changed]),
            to_float32(before[0][changed]),
            _positions(before[1][changed], before[0][changed]),
        )


def _positions(schools: Ints, costs: Floats) -> Longs:
    """Say -1 where there is nobody, or nobody at a cost that can be told."""
    return np.where(np.isinf(to_float32(costs)), -1, schools.astype(np.int64))

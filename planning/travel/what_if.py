"""
What if: the nearest open school of everyone, kept up to date while schools are added, removed and moved.

The state holds both sweeps of :mod:`planning.travel.nearest`: at each core node the best school by a climb alone, and,
on the rows that lead to cells, the nearest of all. A school more lowers some of them, a school less raises those that
bore its label. Either way a change enters a subtree over its boundary only, so that all other subtrees are passed over and
the work follows the area that changes hands. What was overwritten is logged, for undo.

Exact both ways. *Add*: a row improves only if the row before it on the way from the new school does. *Remove*: a row loses its
school only with all rows on its way from there, and every other way stays what it was.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] D. Delling, R. F. Werneck, Customizable point-of-interest queries in road networks, IEEE Trans. Knowl. Data Eng.
   27(3), 686-698, 2015. https://doi.org/10.1109/TKDE.2014.2345386
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.errors import NetworkError, msg
from planning.kernels import kernel, room
from planning.travel.arguments import check_count, check_nodes, to_float32
from planning.travel.customisation import Metric, Ways
from planning.travel.nearest import (
    NOBODY,
    along_chain,
    climb_from_all,
    descend_to_all,
    list_by_chain,
    nearest_one,
    split,
)
from planning.travel.sweep import Restriction, climb, end_costs, restrict
from planning.travel.topology import Topology

__all__ = ["Base", "Change", "Log", "State", "WhatIf", "change", "lay_out", "restore"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Base(NamedTuple):
    """
    What stays the same whatever school comes or goes.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from school to cell.
    climb : Ways
        Arcs to climb by.
    rows : Restriction
        All that leads to the cells.
    node : numpy.ndarray of int32, shape (n_rows,)
        Core node of each row.
    place_row : numpy.ndarray of int32, shape (n_cells,)
        Row of each cell in the order of `rows`.
    chain_cell, next_cell : numpy.ndarray of int32, shape (n_chains,) and (n_cells,)
        The first cell inside each chain in that order, and the one after each; -1 for none.
    cell_node : numpy.ndarray of int64, shape (n_cells,)
        Node of each cell in that order.
    """

    topology: Topology
    metric: Metric
    climb: Ways
    rows: Restriction
    node: Ints
    place_row: Ints
    chain_cell: Ints
    next_cell: Ints
    cell_node: Longs


class Log(NamedTuple):
    """
    What a change overwrote.

    Parameters
    ----------
    node, row, cell : numpy.ndarray of int32
        Which core nodes, rows and cells changed.
    node_cost, node_school, row_cost, row_school, cell_cost, cell_school : numpy.ndarray
        What stood there before.
    """

    node: Ints
    node_cost: Floats
    node_school: Ints
    row: Ints
    row_cost: Floats
    row_school: Ints
    cell: Ints
    cell_cost: Floats
    cell_school: Ints


class State(NamedTuple):
    """
    Who is nearest now. Costs are inf, and positions `NOBODY`, where there is no school.

    Parameters
    ----------
    climbed, climbed_to : numpy.ndarray, shape (n_core,)
        Cost and position of the best school by a climb alone.
    cost, school : numpy.ndarray, shape (n_rows,)
        Cost and position of the nearest school of each row.
    cell_cost, cell_school : numpy.ndarray, shape (n_cells,)
        Cost and position of the nearest school of each cell, in the order of `Base.rows`.
    dist, seed : numpy.ndarray, shape (n_core,)
        Scratch: all inf, and anything, between calls.
    path : numpy.ndarray of int32, shape (n_core,)
        Scratch.
    passed, changed, seen : numpy.ndarray of int32, shape (n_core,), (n_rows,), (n_cells,)
        The last call in which a node was on the path, a row changed, a cell was looked at.
    log : Log
        Scratch.
    """

    climbed: Floats
    climbed_to: Ints
    cost: Floats
    school: Ints
    cell_cost: Floats
    cell_school: Ints
    dist: Floats
    seed: Ints
    path: Ints
    passed: Ints
    changed: Ints
    seen: Ints
    log: Log


def lay_out(
    topology: Topology, metric: Metric, up: Ways, down: Ways, cells: Longs, schools: Longs
) -> tuple[Base, State]:
    """
    Find who is nearest, and all that is needed to keep it true.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs in the direction from school to cell.
    up, down : Ways
        Arcs to climb by and to descend by.
    cells : numpy.ndarray of int64, shape (n_cells,)
        Nodes of the cells.
    schools : numpy.ndarray of int64, shape (n_schools,)
        Nodes of the schools, all open.

    Returns
    -------
    tuple of Base and State
        The cells are in the order of ``Base.rows.place``.
    """
    n_core = len(topology.core_node)
    rows = restrict(topology.tree, down, *end_costs(topology, metric.turned, metric.ends, cells, False), np.empty(0))
    node = np.flatnonzero(rows.row_of >= 0).astype(np.int32)
    place = rows.place.astype(np.int64)
    chain_cell, next_cell = list_by_chain(topology, cells[place])
    begin = rows.place_first.astype(np.int64)
    place_row = np.repeat(np.arange(len(node), dtype=np.int32), begin[1:] - begin[:-1])
    base = Base(
        topology,
        metric,
        up,
        rows,
        node,
        place_row,
        chain_cell,
        next_cell,
        cells[place],
    )
    best = room(n_core, 2)
    climb_from_all(up, *end_costs(topology, metric.turned, metric.ends, schools, True), best)
    climbed, climbed_to = split(best)
    descend_to_all(down, best)
    cost, school = split(best)
    cell_cost, cell_school = nearest_one(topology, metric, up, down, schools, cells[place])
    state = State(
        climbed,
        climbed_to,
        cost[node],
        school[node],
        cell_cost,
        cell_school,
        np.full(n_core, np.inf),
        np.empty(n_core, np.int32),
        np.empty(n_core, np.int32),
        np.zeros(n_core, np.int32),
        np.zeros(len(node), np.int32),
        np.zeros(len(cells), np.int32),
        Log(*_scratch(n_core), *_scratch(len(node)), *_scratch(len(cells))),
    )
    return base, state


def _scratch(n: int) -> tuple[Ints, Floats, Ints]:
    """Make room for what is overwritten: which, cost, school."""
    return np.empty(n, np.int32), np.empty(n), np.empty(n, np.int32)


@kernel
def _better(cost: float, school: int | np.int32, other: float, other_school: int | np.int32) -> bool:
    """Say whether the other is cheaper, or as cheap and lower."""
    return bool(other < cost or (other == cost < np.inf and other_school < school))


@kernel
def _seed_path(base: Base, state: State, nodes: Longs, is_open: NDArray[np.bool_], n_path: int, call: int) -> None:
    """Put the open schools that stand on the path at its nodes, in the scratch arrays, and nothing at the others."""
    for at in range(n_path):
        state.dist[state.path[at]] = np.inf
    first, last, at_first, at_last = end_costs(base.topology, base.metric.turned, base.metric.ends, nodes, True)
    passed, dist, seed = state.passed, state.dist, state.seed
    for school in range(nodes.size):
        if is_open[school]:
            for end, cost in ((first[school], at_first[school]), (last[school], at_last[school])):
                if passed[end] == call and cost < dist[end]:  # of equals the first came first
                    dist[end], seed[end] = cost, school


@kernel
def _change_climbs(base: Base, state: State, school: int, opened: bool, n_path: int) -> int:
    """Bring the climbs along the path up to date, the lower first; return how many changed."""
    climbed, climbed_to, dist, seed, path = state.climbed, state.climbed_to, state.dist, state.seed, state.path
    down_first, down_arc, up_tail = (
        base.topology.tree.down_first,
        base.topology.tree.down_arc,
        base.topology.tree.up_tail,
    )
    arcs, up = base.metric.arcs, base.metric.turned
    log_node, log_cost, log_school = state.log.node, state.log.node_cost, state.log.node_school
    n = 0
    for at in range(n_path):
        node = path[at]
        if opened:
            best, to = dist[node], np.int32(school)
            if not _better(climbed[node], climbed_to[node], best, to):
                continue
        else:
            if climbed_to[node] != school:
                continue
            # again from those below and those that stand on it
            best, to = dist[node], seed[node]
            for of in range(down_first[node], down_first[node + 1]):
                arc = down_arc[of]
                way, way_to = climbed[up_tail[arc]] + arcs[arc, up], climbed_to[up_tail[arc]]
                if _better(best, to, way, way_to):
                    best, to = way, way_to
            if best == np.inf:
                to = NOBODY
        log_node[n], log_cost[n], log_school[n] = node, climbed[node], climbed_to[node]
        climbed[node], climbed_to[node] = best, to
        n += 1
    for at in range(n_path):
        dist[path[at]] = np.inf
    return n


@kernel
def _change_rows(base: Base, state: State, school: int, opened: bool, call: int) -> tuple[int, int]:
    """Bring the rows up to date, passing over subtrees that nothing enters; return how many changed, and cells to look at."""
    climbed, climbed_to, cost, nearest = state.climbed, state.climbed_to, state.cost, state.school
    passed, changed, look = state.passed, state.changed, state.log.cell
    log_row, log_cost, log_school = state.log.row, state.log.row_cost, state.log.row_school
    nodes, first, head, far, row_end = base.node, base.rows.first, base.rows.head, base.rows.cost, base.rows.row_end
    edge_first, edge, place_first, other = base.rows.edge_first, base.rows.edge, base.rows.place_first, base.rows.other
    n_rows, n_cells, row = 0, 0, 0
    while row < cost.size:
        node = nodes[row]
        enter = passed[node] == call
        at = edge_first[row + 1]
        while not enter and at > edge_first[row]:  # from below: the boundary that changed is most often near
            at -= 1
            enter = changed[edge[at]] == call
        if not enter:
            row = row_end[row]
            continue
        if opened or nearest[row] == school:
            best, to = cost[row], nearest[row]
            if not opened:
                best, to = np.inf, NOBODY
            if _better(best, to, climbed[node], climbed_to[node]):
                best, to = climbed[node], climbed_to[node]
            for at in range(first[row], first[row + 1]):
                if opened and changed[head[at]] != call:  # a school more comes only by rows that it improved
                    continue
                way, way_to = cost[head[at]] + far[at], nearest[head[at]]
                take = (way < best) | ((way == best) & (way_to < to))
                best = way if take else best
                to = way_to if take else to
            if best != cost[row] or to != nearest[row]:
                log_row[n_rows], log_cost[n_rows], log_school[n_rows] = row, cost[row], nearest[row]
                cost[row], nearest[row], changed[row] = best, to, call
                n_rows += 1
        for cell in range(place_first[row], place_first[row + 1]):
            if changed[row] == call or changed[other[cell]] == call:
                look[n_cells] = cell
                n_cells += 1
        row += 1
    return n_rows, n_cells


@kernel
def _change_cells(
    base: Base, state: State, nodes: Longs, chain_school: Ints, next_school: Ints, school: int, call: int, n_look: int
) -> int:
    """Find the nearest school again of the cells to look at and those in the school's own chain; return how many changed."""
    lefts, chain, darts, turned = base.topology.left, base.topology.chain, base.metric.darts, base.metric.turned
    place_row, cell_node, other = base.place_row, base.cell_node, base.rows.other
    from_row, from_other, cost, nearest = base.rows.from_row, base.rows.from_other, state.cost, state.school
    cell_cost, cell_school, seen, next_cell = state.cell_cost, state.cell_school, state.seen, base.next_cell
    log_cell, log_cost, log_school = state.log.cell, state.log.cell_cost, state.log.cell_school
    left = lefts[nodes[school]]
    own = base.chain_cell[chain[left]] if left >= 0 else -1
    n, at = 0, 0
    while at < n_look or own >= 0:
        if at < n_look:
            cell = log_cell[at]  # what changed is logged behind those yet to be looked at
            at += 1
        else:
            cell = own
            own = next_cell[own]
        if seen[cell] == call:
            continue
        seen[cell] = call
        row, upper = place_row[cell], other[cell]
        best, to = cost[row] + from_row[cell], nearest[row]
        way, way_to = cost[upper] + from_other[cell], nearest[upper]
        if _better(best, to, way, way_to):
            best, to = way, way_to
        left = lefts[cell_node[cell]]
        near = chain_school[chain[left]] if left >= 0 else -1
        while near >= 0:
            way = along_chain(lefts, darts, turned, nodes[near], cell_node[cell])
            if _better(best, to, way, near):
                best, to = way, np.int32(near)
            near = next_school[near]
        if best == np.inf:
            to = NOBODY
        if best != cell_cost[cell] or to != cell_school[cell]:
            log_cell[n], log_cost[n], log_school[n] = cell, cell_cost[cell], cell_school[cell]
            cell_cost[cell], cell_school[cell] = best, to
            n += 1
    return n


@kernel
def change(
    base: Base,
    state: State,
    nodes: Longs,
    is_open: NDArray[np.bool_],
    chain_school: Ints,
    next_school: Ints,
    school: int,
    call: int,
) -> Log:
    """
    Bring the state up to date after a school has opened or closed.

    Parameters
    ----------
    base : Base
        The network and the cells.
    state : State
        Changed in place.
    nodes : numpy.ndarray of int64, shape (n_schools,)
        Nodes of all schools that ever were.
    is_open : numpy.ndarray of bool, shape (n_schools,)
        Which of them are open now.
    chain_school, next_school : numpy.ndarray of int32, shape (n_chains,) and (n_schools,)
        The first open school inside each chain, and the one after each; -1 for none.
    school : int
        The school that has opened or closed.
    call : int
        A number above 0 that no call has had before.

    Returns
    -------
    Log
        What was overwritten.
    """
    opened, log, path = is_open[school], state.log, state.path
    first, last, at_first, at_last = end_costs(
        base.topology, base.metric.turned, base.metric.ends, nodes[school : school + 1], True
    )
    parent = base.topology.tree.parent
    n_path = climb(parent, base.climb, first[0], last[0], at_first[0], at_last[0], state.dist, path)
    for at in range(n_path):
        state.passed[path[at]] = call
    if not opened:
        _seed_path(base, state, nodes, is_open, n_path, call)
    n_nodes = _change_climbs(base, state, school, opened, n_path)
    n_rows, n_look = _change_rows(base, state, school, opened, call)
    n_cells = _change_cells(base, state, nodes, chain_school, next_school, school, call, n_look)
    return Log(
        log.node[:n_nodes].copy(),
        log.node_cost[:n_nodes].copy(),
        log.node_school[:n_nodes].copy(),
        log.row[:n_rows].copy(),
        log.row_cost[:n_rows].copy(),
        log.row_school[:n_rows].copy(),
        log.cell[:n_cells].copy(),
        log.cell_cost[:n_cells].copy(),
        log.cell_school[:n_cells].copy(),
    )


@kernel
def restore(state: State, log: Log) -> None:
    """
    Put back what a change overwrote; changes must be undone last first.

    Parameters
    ----------
    state : State
        Changed in place.
    log : Log
        What the change overwrote.
    """
    for at in range(log.node.size):
        node = log.node[at]
        state.climbed[node], state.climbed_to[node] = log.node_cost[at], log.node_school[at]
    for at in range(log.row.size):
        row = log.row[at]
        state.cost[row], state.school[row] = log.row_cost[at], log.row_school[at]
    for at in range(log.cell.size):
        cell = log.cell[at]
        state.cell_cost[cell], state.cell_school[cell] = log.cell_cost[at], log.cell_school[at]


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

"""
Upkeep of who is nearest to everyone, while schools open and close.

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

from planning.kernels import kernel, room
from planning.travel.customisation import Metric, Ways
from planning.travel.nearest import NOBODY, climb_from_all, descend_to_all, nearest_one, split
from planning.travel.restriction import Restriction, climb, end_costs, restrict
from planning.travel.straight import along_chain, list_by_chain
from planning.travel.topology import Topology

__all__ = ["Base", "Log", "State", "change", "lay_out", "restore"]

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

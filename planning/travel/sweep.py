"""
Restricted sweeps: the costs from many roots to many places.

Going from a root, the *climb* relaxes the upward arcs along the root's path in the elimination tree; then one sweep through
memory, ancestors first, gives every core node its cost (PHAST). The sweep is *restricted* to the ancestors of the
places (RPHAST), so that it runs over compact rows, and carries a vector of roots at once: each arc is read once for all of
them. The cost at a place is gathered from the two ends of its chain.

Beyond the papers, the rows are cut into blocks: since a subtree is a contiguous range that only few rows lead into, a block
of it is swept for one vector of roots after the other while it stays in the processor's cache, and the costs of its
places are written close together. Blocks do not touch each other, so that threads share them out.

With a limit a whole subtree is passed over when no node of its boundary is within it. The boundary is that of the topology:
an arc which costs do not need may still be the only one that tells where the subtree can be entered.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] D. Delling, A. V. Goldberg, A. Nowatzyk, R. F. Werneck, PHAST: Hardware-accelerated shortest path trees, J. Parallel
   Distrib. Comput. 73(7), 940-952, 2013. https://doi.org/10.1016/j.jpdc.2012.02.007
.. [2] D. Delling, A. V. Goldberg, R. F. Werneck, Faster batched shortest paths in road networks, ATMOS 2011 (RPHAST).
   https://doi.org/10.4230/OASIcs.ATMOS.2011.52
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.customisation import Metric, Numbers, Ways
from planning.travel.elimination import Hierarchy, lengthen
from planning.travel.topology import Topology

__all__ = [
    "LANES",
    "Blocks",
    "Costs",
    "Lanes",
    "Restriction",
    "Seeds",
    "climb",
    "climb_all",
    "cut_blocks",
    "end_costs",
    "make_lanes",
    "meet",
    "restrict",
    "sort_by_chain",
    "sweep_block",
    "sweep_top",
    "sweep_within",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Counts = NDArray[np.uint32]  # never negative: an index that may be is checked each time
Longs = NDArray[np.int64]
Costs = NDArray[np.float64] | NDArray[np.float32]

LANES = 128  # roots at once in a block: eight cache lines of float32


class Restriction(NamedTuple):
    """
    The ancestors of some places as compact rows, in preorder, with the arcs down to them and the places behind them.

    Parameters
    ----------
    row_of : numpy.ndarray of int32, shape (n_core,)
        Row of each core node; -1 for those that are no ancestors.
    first : numpy.ndarray of uint32, shape (n_rows + 1,)
        Where the arcs down to each row begin.
    head : numpy.ndarray of uint32, shape (n_arcs,)
        Row that each comes from.
    cost : numpy.ndarray of float32 or float64, shape (n_arcs,)
        Its cost.
    place_first : numpy.ndarray of uint32, shape (n_rows + 1,)
        Where the places of each row begin: those whose chain has its lower end there.
    place : numpy.ndarray of uint32, shape (n_places,)
        Their positions among the places asked for.
    other : numpy.ndarray of uint32, shape (n_places,)
        Row of the upper end.
    from_row, from_other : numpy.ndarray of float32 or float64, shape (n_places,)
        Costs from both ends.
    row_end : numpy.ndarray of int32, shape (n_rows,)
        Where the subtree of each row ends.
    edge_first, edge : numpy.ndarray of uint32
        The boundary of each row's subtree, in CSR form.
    """

    row_of: Ints
    first: Counts
    head: Counts
    cost: Costs
    place_first: Counts
    place: Counts
    other: Counts
    from_row: Costs
    from_other: Costs
    row_end: Ints
    edge_first: Counts
    edge: Counts


class Lanes(NamedTuple):
    """
    What a thread sweeps in, reused from batch to batch.

    Parameters
    ----------
    rows : numpy.ndarray of float32 or float64, shape (n_rows, n_lanes)
        Cost of each row from each root.
    seeded : numpy.ndarray of int32, shape (n_rows,)
        The last batch in which a climb reached the row.
    passed : numpy.ndarray of int32, shape (n_rows,)
        The last batch in which a root lay in the row's subtree.
    within : numpy.ndarray of int32, shape (n_rows,)
        The last batch in which the row was within the limit.
    dist : numpy.ndarray of float64, shape (n_core,)
        All inf between climbs.
    path : numpy.ndarray of int32, shape (n_core,)
        Room for a path to the root of the tree, or two.
    """

    rows: Costs
    seeded: Ints
    passed: Ints
    within: Ints
    dist: Floats
    path: Ints


@kernel
def end_costs(
    topology: Topology, turned: int, ends: Numbers, nodes: Longs, leaving: bool
) -> tuple[Ints, Ints, Numbers, Numbers]:
    """
    Find the ends of the chains of some nodes, and what it costs to get to them or from them.

    Parameters
    ----------
    topology : Topology
        The network.
    turned : int
        Whether costs are turned round.
    ends : numpy.ndarray, shape (n_segments, 4)
        Costs between nodes and the ends of their chains, as in `Metric` or `Second`.
    nodes : numpy.ndarray of int64, shape (n,)
        Nodes anywhere.
    leaving : bool
        Whether costs from node to end are wanted, or else from end to node.

    Returns
    -------
    tuple of numpy.ndarray, shape (n,)
        First end, last end, cost at the first, cost at the last.
    """
    first, last = np.empty(nodes.size, np.int32), np.empty(nodes.size, np.int32)
    at_first, at_last = np.zeros(nodes.size, ends.dtype), np.zeros(nodes.size, ends.dtype)
    column = int(leaving) ^ turned ^ 1
    # arrays taken out of their tuples ahead of a loop are not counted anew in every round
    place = topology.place
    for at in range(nodes.size):
        node = nodes[at]
        left, first[at], last[at] = place[node, 0], place[node, 1], place[node, 2]
        if left >= 0:
            at_first[at], at_last[at] = ends[left, column], ends[left, 2 + column]
    return first, last, at_first, at_last


@kernel
def restrict(
    tree: Hierarchy, ways: Ways, first_end: Ints, last_end: Ints, from_first: Floats, from_last: Floats, like: Costs
) -> Restriction:
    """
    Compact what a sweep to some places passes.

    Parameters
    ----------
    tree : Hierarchy
        The topology.
    ways : Ways
        Arcs down, in the direction of the sweep.
    first_end, last_end : numpy.ndarray of int32, shape (n_places,)
        Core nodes at the ends of the chain of each place.
    from_first, from_last : numpy.ndarray of float64, shape (n_places,)
        Costs from them.
    like : numpy.ndarray of float32 or float64
        An array of the type to calculate in.

    Returns
    -------
    Restriction
        Rows, arcs and places.
    """
    n, n_places = tree.parent.size, first_end.size
    row_of = np.full(n, -1, np.int32)
    for place in range(n_places):
        for node in (first_end[place], last_end[place]):
            while node >= 0 and row_of[node] < 0:
                row_of[node] = 0
                node = tree.parent[node]
    rows_before = np.zeros(n + 1, np.int32)
    n_rows, n_arcs, n_edges = 0, 0, 0
    for node in range(n):
        if row_of[node] == 0:
            row_of[node] = n_rows
            n_rows += 1
            n_arcs += ways.first[node + 1] - ways.first[node]
            n_edges += tree.up_first[node + 1] - tree.up_first[node]
        rows_before[node + 1] = n_rows
    first, head, cost = np.zeros(n_rows + 1, np.uint32), np.empty(n_arcs, np.uint32), np.empty(n_arcs, like.dtype)
    edge_first, edge = np.zeros(n_rows + 1, np.uint32), np.empty(n_edges, np.uint32)
    row_end = np.empty(n_rows, np.int32)
    arc, at, row = 0, 0, 0
    for node in range(n):
        if row_of[node] < 0:
            continue
        for of in range(ways.first[node], ways.first[node + 1]):
            head[arc], cost[arc] = row_of[ways.head[of]], ways.cost[of]
            arc += 1
        for of in range(tree.up_first[node], tree.up_first[node + 1]):
            edge[at] = row_of[tree.up_head[of]]
            at += 1
        row_end[row] = rows_before[tree.subtree_end[node]]
        row += 1
        first[row], edge_first[row] = arc, at

    place_first = np.zeros(n_rows + 2, np.uint32)
    for place in range(n_places):
        place_first[row_of[max(first_end[place], last_end[place])] + 2] += 1
    for row in range(n_rows):
        place_first[row + 2] += place_first[row + 1]
    number, other = np.empty(n_places, np.uint32), np.empty(n_places, np.uint32)
    from_row, from_other = np.empty(n_places, like.dtype), np.empty(n_places, like.dtype)
    for place in range(n_places):
        lower, upper, by_lower, by_upper = last_end[place], first_end[place], from_last[place], from_first[place]
        if lower < upper:
            lower, upper, by_lower, by_upper = upper, lower, by_upper, by_lower
        row = row_of[lower] + 1
        at = place_first[row]
        place_first[row] += 1
        number[at], other[at] = place, row_of[upper]
        from_row[at], from_other[at] = by_lower, by_upper
    return Restriction(
        row_of,
        first,
        head,
        cost,
        place_first[:-1].copy(),
        number,
        other,
        from_row,
        from_other,
        row_end,
        edge_first,
        edge,
    )


def make_lanes(restriction: Restriction, n_lanes: int) -> Lanes:
    """
    Make room for sweeps.

    Parameters
    ----------
    restriction : Restriction
        What is swept.
    n_lanes : int
        How many roots at once.

    Returns
    -------
    Lanes
        Room for one thread.
    """
    n_rows, n = len(restriction.row_end), len(restriction.row_of)
    return Lanes(  # by numpy, not inside a kernel: numpy asks for huge pages, which such scattered rows need
        np.empty((n_rows, n_lanes), restriction.cost.dtype),
        np.full(n_rows, -1, np.int32),
        np.full(n_rows, -1, np.int32),
        np.full(n_rows, -1, np.int32),
        np.full(n, np.inf),
        np.empty(n, np.int32),
    )


@kernel
def climb(
    parent: Ints, ways: Ways, first: int, last: int, at_first: float, at_last: float, dist: Floats, path: Ints
) -> int:
    """
    Relax the upward arcs along the paths from two core nodes to the root of the tree, the lower node first.

    Parameters
    ----------
    parent : numpy.ndarray of int32, shape (n_core,)
        The elimination tree.
    ways : Ways
        Arcs up, in the direction of the climb.
    first, last : int
        Core nodes to start from; they may be the same.
    at_first, at_last : float
        Costs there.
    dist : numpy.ndarray of float64, shape (n_core,)
        Changed in place: costs along the paths; must be inf before.
    path : numpy.ndarray of int32, shape (n_core,)
        Changed in place: the nodes of the paths, the lower first.

    Returns
    -------
    int
        How many nodes are on the paths.
    """
    dist[first] = at_first
    dist[last] = min(dist[last], at_last)
    n = 0
    while first >= 0 or last >= 0:
        node = max(first, last)
        path[n] = node
        n += 1
        here = dist[node]
        if here < np.inf:
            for of in range(ways.first[node], ways.first[node + 1]):
                head = ways.head[of]
                dist[head] = min(dist[head], here + ways.cost[of])
        if first == node:
            first = parent[node]
        if last == node:
            last = parent[node]
    return n


@kernel
def _seed(
    parent: Ints,
    ways: Ways,
    restriction: Restriction,
    lanes: Lanes,
    lane: int,
    batch: int,
    first: int,
    last: int,
    at_first: float,
    at_last: float,
) -> None:
    """Climb from one root and lay the costs found into its lane of the rows."""
    rows, seeded, passed, _, dist, path = lanes
    n = climb(parent, ways, first, last, at_first, at_last, dist, path)
    for at in range(n):
        node = path[at]
        row = restriction.row_of[node]
        if row >= 0:
            passed[row] = batch
            if dist[node] < np.inf:
                if seeded[row] != batch:
                    seeded[row] = batch
                    rows[row, :] = np.inf
                rows[row, lane] = dist[node]
        dist[node] = np.inf


class Seeds(NamedTuple):
    """
    What the climbs of all roots leave on the rows.

    Parameters
    ----------
    first : numpy.ndarray of int32, shape (n_rows + 1,)
        Where those of each row begin.
    root : numpy.ndarray of int32, shape (n_seeds,)
        Roots, ascending for each row.
    cost : numpy.ndarray of float32 or float64, shape (n_seeds,)
        Their costs.
    """

    first: Ints
    root: Ints
    cost: Costs


class Blocks(NamedTuple):
    """
    The rows cut into subtrees that fit a processor's cache, and the *top* rows above them.

    Parameters
    ----------
    top : numpy.ndarray of int32, shape (n_top,)
        The top rows.
    begin, end : numpy.ndarray of int32, shape (n_blocks,)
        The rows of each block.
    edge_first : numpy.ndarray of int32, shape (n_blocks + 1,)
        Where the top rows that lead into each block begin.
    edge : numpy.ndarray of int32
        Positions of those among the top rows.
    head : numpy.ndarray of uint32, shape (n_arcs,)
        Row that each arc comes from: its position among the top rows where it leads to one of them, else its place in the
        tile of the block, where the rows that lead into the block stand before its own.
    other : numpy.ndarray of uint32, shape (n_places,)
        Row of the upper end of each place, likewise.
    """

    top: Ints
    begin: Ints
    end: Ints
    edge_first: Ints
    edge: Ints
    head: Counts
    other: Counts


@kernel
def climb_all(
    parent: Ints,
    ways: Ways,
    restriction: Restriction,
    first: Ints,
    last: Ints,
    at_first: Floats,
    at_last: Floats,
) -> Seeds:
    """
    Climb from all roots.

    Parameters
    ----------
    parent : numpy.ndarray of int32, shape (n_core,)
        The elimination tree.
    ways : Ways
        Arcs up, in the direction of travel.
    restriction : Restriction
        Where to.
    first, last : numpy.ndarray of int32, shape (n_roots,)
        Core nodes at the ends of the chain of each root.
    at_first, at_last : numpy.ndarray of float64, shape (n_roots,)
        Costs of getting there.

    Returns
    -------
    Seeds
        Costs by the climbs alone.
    """
    row_of, like = restriction.row_of, restriction.cost
    n_rows = restriction.row_end.size
    dist, path = np.full(parent.size, np.inf), np.empty(parent.size, np.int32)
    rows, roots, costs = np.empty(1 << 16, np.int32), np.empty(1 << 16, np.int32), np.empty(1 << 16)
    seed_first = np.zeros(n_rows + 2, np.int32)
    n = 0
    for root in range(first.size):
        n_path = climb(parent, ways, first[root], last[root], at_first[root], at_last[root], dist, path)
        while n + n_path > rows.size:
            rows, roots, costs = lengthen(rows), lengthen(roots), lengthen(costs)
        for at in range(n_path):
            row = row_of[path[at]]
            if row >= 0 and dist[path[at]] < np.inf:
                rows[n], roots[n], costs[n] = row, root, dist[path[at]]
                seed_first[row + 2] += 1
                n += 1
            dist[path[at]] = np.inf
    for row in range(n_rows):
        seed_first[row + 2] += seed_first[row + 1]
    seed_root, seed_cost = np.empty(n, np.int32), np.empty(n, like.dtype)
    for at in range(n):
        to = seed_first[rows[at] + 1]
        seed_root[to], seed_cost[to] = roots[at], costs[at]
        seed_first[rows[at] + 1] += 1
    return Seeds(seed_first[:-1].copy(), seed_root, seed_cost)


@kernel
def cut_blocks(restriction: Restriction, size: int) -> Blocks:
    """
    Cut the rows into blocks.

    Parameters
    ----------
    restriction : Restriction
        The rows.
    size : int
        How many rows a block has at most.

    Returns
    -------
    Blocks
        Neighbouring subtrees share a block while they fit.
    """
    row_end, first, head = restriction.row_end, restriction.first, restriction.head
    place_first, others = restriction.place_first, restriction.other
    n_rows = row_end.size
    top, top_of = np.empty(n_rows, np.int32), np.full(n_rows, -1, np.int32)
    begin, end = np.empty(n_rows, np.int32), np.empty(n_rows, np.int32)
    n_top, n_blocks, row = 0, 0, 0
    while row < n_rows:
        if row_end[row] - row > size:
            top[n_top], top_of[row] = row, n_top
            n_top += 1
            row += 1
            continue
        begin[n_blocks] = row
        while row < n_rows and row_end[row] - begin[n_blocks] <= size:
            row = row_end[row]
        end[n_blocks] = row
        n_blocks += 1
    new_head, new_other = np.empty_like(head), np.empty_like(others)
    for at in range(n_top):
        for of in range(first[top[at]], first[top[at] + 1]):
            new_head[of] = top_of[head[of]]
        for of in range(place_first[top[at]], place_first[top[at] + 1]):
            new_other[of] = top_of[others[of]]
    edge_first, edge = np.zeros(n_blocks + 1, np.int32), np.empty(head.size + others.size, np.int32)
    tile, n_edges = np.full(n_top, -1, np.int32), 0
    for block in range(n_blocks):
        a, b = begin[block], end[block]
        # the rows that lead into the block are those of its arcs that lie above it, and the upper ends of its places
        for of in range(first[a], first[b] + place_first[b] - place_first[a]):
            above = top_of[head[of] if of < first[b] else others[place_first[a] + of - first[b]]]
            if above >= 0 and tile[above] < 0:
                tile[above] = n_edges - edge_first[block]
                edge[n_edges] = above
                n_edges += 1
        n_own = n_edges - edge_first[block]
        for of in range(first[a], first[b]):
            above = top_of[head[of]]
            new_head[of] = tile[above] if above >= 0 else n_own + head[of] - a
        for of in range(place_first[a], place_first[b]):
            above = top_of[others[of]]
            new_other[of] = tile[above] if above >= 0 else n_own + others[of] - a
        for of in range(edge_first[block], n_edges):
            tile[edge[of]] = -1
        edge_first[block + 1] = n_edges
    return Blocks(
        top[:n_top].copy(),
        begin[:n_blocks].copy(),
        end[:n_blocks].copy(),
        edge_first,
        edge[:n_edges].copy(),
        new_head,
        new_other,
    )


@kernel(inline="always")
def _relax(here: Costs, rows: Costs, column: int, head: Counts, cost: Costs, begin: int, end: int) -> None:
    """Improve a row by its arcs, four at a time, so that it is read and written less often."""
    for at in range(begin, end, 4):
        # the last arc stands in for those that are missing in a group of four
        b, c, d = min(at + 1, end - 1), min(at + 2, end - 1), min(at + 3, end - 1)
        one, two = rows[head[at], column : column + LANES], rows[head[b], column : column + LANES]
        three, four = rows[head[c], column : column + LANES], rows[head[d], column : column + LANES]
        cost_one, cost_two, cost_three, cost_four = cost[at], cost[b], cost[c], cost[d]
        for lane in range(LANES):
            first, second = one[lane] + cost_one, two[lane] + cost_two
            third, fourth = three[lane] + cost_three, four[lane] + cost_four
            first = first if first < second else second
            third = third if third < fourth else fourth
            first = first if first < third else third
            here[lane] = first if first < here[lane] else here[lane]


@kernel
def sweep_top(
    restriction: Restriction,
    blocks: Blocks,
    seeds: Seeds,
    rows: Costs,
    out: NDArray[np.float32],
    begin: int,
    n_roots: int,
) -> None:
    """
    Sweep the top rows for all roots.

    Parameters
    ----------
    restriction : Restriction
        Where to.
    blocks : Blocks
        How the rows are cut.
    seeds : Seeds
        Costs by the climbs alone.
    rows : numpy.ndarray of float32 or float64, shape (n_top, n_roots rounded up to LANES)
        Changed in place: the costs of the top rows.
    out : numpy.ndarray of float32, shape (n_places, …)
        Changed in place: the costs of their places.
    begin, n_roots : int
        The column of the first root, and how many there are.
    """
    first, cost, head, top = restriction.first, restriction.cost, blocks.head, blocks.top
    seed_first, seed_root, seed_cost = seeds
    place_first, place, other = restriction.place_first, restriction.place, blocks.other
    from_row, from_other = restriction.from_row, restriction.from_other
    rows[:] = np.inf
    for at in range(top.size):
        row = top[at]
        for seed in range(seed_first[row], seed_first[row + 1]):
            rows[at, seed_root[seed]] = seed_cost[seed]
        for column in range(0, rows.shape[1], LANES):
            _relax(rows[at, column : column + LANES], rows, column, head, cost, first[row], first[row + 1])
        for of in range(place_first[row], place_first[row + 1]):
            a, b, one, two, to = from_row[of], from_other[of], rows[at], rows[other[of]], out[place[of], begin:]
            for root in range(n_roots):
                to[root] = min(one[root] + a, two[root] + b)


@kernel
def sweep_block(
    restriction: Restriction,
    blocks: Blocks,
    seeds: Seeds,
    rows: Costs,
    block: int,
    tile: Costs,
    ahead: Ints,
    out: NDArray[np.float32],
    offset: int,
    n_roots: int,
) -> None:
    """
    Sweep a block for all roots, `LANES` of them at a time, and gather the costs of its places.

    Parameters
    ----------
    restriction : Restriction
        Where to.
    blocks : Blocks
        How the rows are cut.
    seeds : Seeds
        Costs by the climbs alone.
    rows : numpy.ndarray of float32 or float64, shape (n_top, n_roots rounded up to LANES)
        Costs of the top rows.
    block : int
        Which block.
    tile : numpy.ndarray of float32 or float64, shape (…, LANES)
        Room for the rows of the block and those that lead into it.
    ahead : numpy.ndarray of int32, shape (n_rows,)
        Room: the next seed of each row.
    out : numpy.ndarray of float32, shape (n_places, …)
        Changed in place: the costs of the block's places.
    offset, n_roots : int
        The column of the first root, and how many there are.
    """
    first, cost, head, edge = restriction.first, restriction.cost, blocks.head, blocks.edge
    seed_first, seed_root, seed_cost = seeds
    place_first, place, other = restriction.place_first, restriction.place, blocks.other
    from_row, from_other = restriction.from_row, restriction.from_other
    begin, end, edge_begin = blocks.begin[block], blocks.end[block], blocks.edge_first[block]
    n_edges = blocks.edge_first[block + 1] - edge_begin
    for row in range(begin, end):
        ahead[row] = seed_first[row]
    spare = np.empty(LANES, np.float32)
    for column in range(0, n_roots, LANES):
        for at in range(n_edges):
            here, there = tile[at], rows[edge[edge_begin + at], column : column + LANES]
            for lane in range(LANES):
                here[lane] = there[lane]
        for row in range(begin, end):
            here = tile[n_edges + row - begin]
            here[:] = np.inf
            seed = ahead[row]
            while seed < seed_first[row + 1] and seed_root[seed] < column + LANES:
                here[seed_root[seed] - column] = seed_cost[seed]
                seed += 1
            ahead[row] = seed
            _relax(here, tile, 0, head, cost, first[row], first[row + 1])
        whole = column + LANES <= n_roots
        for row in range(begin, end):
            one = tile[n_edges + row - begin]
            for of in range(place_first[row], place_first[row + 1]):
                a, b, two = from_row[of], from_other[of], tile[other[of]]
                to = out[place[of], offset + column : offset + column + LANES] if whole else spare
                for lane in range(LANES):
                    by_one, by_two = one[lane] + a, two[lane] + b
                    to[lane] = by_one if by_one < by_two else by_two
                if not whole:
                    for lane in range(n_roots - column):
                        out[place[of], offset + column + lane] = spare[lane]


@kernel
def sweep_within(
    parent: Ints,
    ways: Ways,
    restriction: Restriction,
    lanes: Lanes,
    batch: int,
    first: Ints,
    last: Ints,
    at_first: Floats,
    at_last: Floats,
    out: NDArray[np.float32],
    columns: Longs,
    reach: float,
    limit: float | np.float32,
) -> None:
    """
    Sweep once for some roots, near each other at best, no further than a limit.

    Parameters
    ----------
    parent : numpy.ndarray of int32, shape (n_core,)
        The elimination tree.
    ways : Ways
        Arcs up, in the direction of travel.
    restriction : Restriction
        Where to.
    lanes : Lanes
        Room of this thread.
    batch : int
        Number of this sweep in that room.
    first, last : numpy.ndarray of int32, shape (n_roots,)
        Core nodes at the ends of the chain of each root.
    at_first, at_last : numpy.ndarray of float64, shape (n_roots,)
        Costs of getting there.
    out : numpy.ndarray of float32, shape (n_places, …)
        Changed in place where a cost is within the limit; it should hold inf.
    columns : numpy.ndarray of int64, shape (n_roots,)
        Where the costs of each root go.
    reach : float
        How far to go.
    limit : float32
        What counts, inclusive.
    """
    n_lanes = first.size
    for lane in range(n_lanes):
        _seed(parent, ways, restriction, lanes, lane, batch, first[lane], last[lane], at_first[lane], at_last[lane])
    rows, seeded, passed, within = lanes.rows, lanes.seeded, lanes.passed, lanes.within
    arc_first, head, cost = restriction.first, restriction.head, restriction.cost
    edge_first, edge = restriction.edge_first, restriction.edge
    place_first, place, others = restriction.place_first, restriction.place, restriction.other
    row = 0
    while row < len(rows):
        enter = passed[row] == batch
        at = edge_first[row]
        while not enter and at < edge_first[row + 1]:
            enter = within[edge[at]] == batch
            at += 1
        if not enter:
            row = restriction.row_end[row]
            continue
        here = rows[row]
        if seeded[row] != batch:
            here[:] = np.inf
        for at in range(arc_first[row], arc_first[row + 1]):
            if within[head[at]] == batch:  # the others hold what an earlier batch left
                there, far = rows[head[at]], cost[at]
                for lane in range(n_lanes):
                    way = there[lane] + far
                    here[lane] = way if way < here[lane] else here[lane]
        for lane in range(n_lanes):
            if here[lane] <= reach:
                within[row] = batch
                break
        for at in range(place_first[row], place_first[row + 1]):
            other = others[at]
            by_row, by_other = restriction.from_row[at], restriction.from_other[at]
            if within[row] != batch:
                by_row = by_row + np.inf
            if within[other] != batch:
                by_other = by_other + np.inf
            if by_row < np.inf or by_other < np.inf:
                there, to = rows[other], out[place[at]]
                for lane in range(n_lanes):
                    way = np.float32(min(here[lane] + by_row, there[lane] + by_other))
                    if way <= limit:
                        to[columns[lane]] = way
        row += 1


def sort_by_chain(topology: Topology, places: Longs) -> tuple[Longs, Ints]:
    """
    Sort places by where they lie inside chains.

    Parameters
    ----------
    topology : Topology
        The network.
    places : numpy.ndarray of int64, shape (n_places,)
        Nodes anywhere.

    Returns
    -------
    tuple of numpy.ndarray
        Positions of those that lie inside chains, and the segments before them, ascending.
    """
    left = topology.left[places]
    inside = np.flatnonzero(left >= 0)
    order = inside[np.argsort(left[inside], kind="stable")]
    return order, left[order]


@kernel
def meet(
    topology: Topology,
    metric: Metric,
    roots: Longs,
    order: Longs,
    keys: Ints,
    out: NDArray[np.float32],
    columns: Longs,
    limit: float | np.float32,
) -> None:
    """
    Join roots and places inside the same chain along it, which need not pass by its ends.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    roots : numpy.ndarray of int64, shape (n_roots,)
        Nodes of departure.
    order, keys : numpy.ndarray
        Places by chain.
    out : numpy.ndarray of float32, shape (n_places, …)
        Changed in place where the way along the chain is cheaper.
    columns : numpy.ndarray of int64, shape (n_roots,)
        Where the costs of each root stand.
    limit : float32
        What counts, inclusive.
    """
    for root in range(roots.size):
        start = topology.left[roots[root]]
        if start < 0:
            continue
        chain = topology.chain[start]
        begin, end = topology.chain_first[chain], topology.chain_first[chain + 1]
        middle = np.searchsorted(keys, start)
        for step in (1, -1):
            at = middle if step == 1 else middle - 1
            segment, cost = start, 0.0
            while 0 <= at < keys.size and begin <= keys[at] < end and cost < np.inf:
                while segment != keys[at]:
                    if step == 1:
                        segment += 1
                        cost += metric.darts[segment, metric.turned]
                    else:
                        cost += metric.darts[segment, 1 - metric.turned]
                        segment -= 1
                if np.float32(cost) <= limit and np.float32(cost) < out[order[at], columns[root]]:
                    out[order[at], columns[root]] = cost
                at += step

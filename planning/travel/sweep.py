"""
Restricted sweeps: the costs from many roots to many places.

After the climbs one sweep through the rows, ancestors first, gives every row its cost (PHAST). It carries a vector of
roots at once: each arc is read once for all of them. The cost at a place is gathered from the two ends of its chain.

Beyond the papers, the rows are cut into blocks: since a subtree is a contiguous range that only few rows lead into, a block
of it is swept for one vector of roots after the other while it stays in the processor's cache, and the costs of its
places are written close together. Blocks do not touch each other, so that threads share them out.

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
from planning.travel.customisation import Ways
from planning.travel.elimination import lengthen
from planning.travel.restriction import Costs, Counts, Restriction, climb

__all__ = ["LANES", "Blocks", "Seeds", "climb_all", "cut_blocks", "sweep_block", "sweep_top"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

LANES = 128  # roots at once in a block: eight cache lines of float32


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

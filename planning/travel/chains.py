"""
Contraction of chains: what of a network can be folded away before anything is ordered or searched.

A node with exactly two neighbours decides nothing, so runs of such nodes are folded into *chains* between *core* nodes
and only the core is searched. No node is lost: one inside a chain is entered and left by the chain's two ends, or along
the chain itself. Costs play no part here (:mod:`planning.travel.customisation` lays them upon it).

Words: a *segment* is a pair of neighbouring nodes, an arc or several in either direction; a *dart* is a segment in one
direction: ``2 s`` along its chain, ``2 s + 1`` against it. A chain is a run of segments, numbered one after another from its
*first* end to its *last*. A segment between two core nodes is a chain of its own, so that every arc, save loops, lies in
exactly one chain. All is linear in the arcs: sorting is by counting.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["LONGEST_CHAIN", "Chains", "contract_chains", "pair_up"]

# A longer run is cut by promoting a node to the core: this bounds the work for two places inside one chain.
LONGEST_CHAIN = 64

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Chains(NamedTuple):
    """
    A network's arcs folded into chains between core nodes.

    Parameters
    ----------
    arc_dart : numpy.ndarray of int32, shape (n_arcs,)
        Dart of each arc; -1 for loops, which never lie on a cheapest path.
    tail, head : numpy.ndarray of int32, shape (n_segments,)
        Nodes of each segment, in the direction of its chain.
    chain : numpy.ndarray of int32, shape (n_segments,)
        Chain of each segment.
    chain_first : numpy.ndarray of int32, shape (n_chains + 1,)
        Where the segments of each chain begin.
    left : numpy.ndarray of int32, shape (n_nodes,)
        Segment whose head is this node, for nodes inside chains; -1 for core nodes.
    core_of : numpy.ndarray of int32, shape (n_nodes,)
        Core number of each node; -1 inside chains.
    core_node : numpy.ndarray of int32, shape (n_core,)
        Node of each core node.
    """

    arc_dart: Ints
    tail: Ints
    head: Ints
    chain: Ints
    chain_first: Ints
    left: Ints
    core_of: Ints
    core_node: Ints


def contract_chains(tails: Longs, heads: Longs, n_nodes: int) -> Chains:
    """
    Fold a network's arcs into chains.

    Parameters
    ----------
    tails, heads : numpy.ndarray of int64, shape (n_arcs,)
        Nodes of each directed arc; parallel arcs and loops are allowed.
    n_nodes : int
        Number of nodes.

    Returns
    -------
    Chains
        The chains and the core; the same for any order of the arcs but for the arc numbers in it.
    """
    low, high, arc_pair = pair_up(tails, heads, n_nodes)
    dart_first, darts = _darts_by_tail(low, high, n_nodes)
    inside = _nodes_inside(low, high, dart_first, darts)
    return Chains(*_follow(low, high, arc_pair, tails, dart_first, darts, inside, LONGEST_CHAIN))


@kernel
def _count_sort(keys: Ints, order: Ints, n_keys: int) -> Ints:
    """Sort items, given in some order, stably by key."""
    first = np.zeros(n_keys + 1, np.int32)
    for item in order:
        first[keys[item] + 1] += 1
    for key in range(n_keys):
        first[key + 1] += first[key]
    out = np.empty_like(order)
    for item in order:
        out[first[keys[item]]] = item
        first[keys[item]] += 1
    return out


@kernel
def pair_up(tails: Longs, heads: Longs, n_nodes: int) -> tuple[Ints, Ints, Ints]:
    """
    Find the pairs of neighbouring nodes.

    Parameters
    ----------
    tails, heads : numpy.ndarray of int64, shape (n_arcs,)
        Nodes of each arc.
    n_nodes : int
        Number of nodes.

    Returns
    -------
    low, high : numpy.ndarray of int32, shape (n_pairs,)
        The nodes of each pair, sorted.
    arc_pair : numpy.ndarray of int32, shape (n_arcs,)
        Pair of each arc; -1 for loops.
    """
    n_arcs = tails.size
    low, high = np.empty(n_arcs, np.int32), np.empty(n_arcs, np.int32)
    order = np.empty(n_arcs, np.int32)
    n = 0
    for arc in range(n_arcs):
        low[arc], high[arc] = min(tails[arc], heads[arc]), max(tails[arc], heads[arc])
        if low[arc] < high[arc]:
            order[n] = arc
            n += 1
    order = _count_sort(low, _count_sort(high, order[:n], n_nodes), n_nodes)
    pair_low, pair_high = np.empty(n, np.int32), np.empty(n, np.int32)
    arc_pair = np.full(n_arcs, -1, np.int32)
    pairs = 0
    for at in order:
        if pairs == 0 or pair_low[pairs - 1] != low[at] or pair_high[pairs - 1] != high[at]:
            pair_low[pairs], pair_high[pairs] = low[at], high[at]
            pairs += 1
        arc_pair[at] = pairs - 1
    return pair_low[:pairs].copy(), pair_high[:pairs].copy(), arc_pair


@kernel
def _darts_by_tail(low: Ints, high: Ints, n_nodes: int) -> tuple[Ints, Ints]:
    """List the darts that leave each node, sorted by head: ``2 p`` from the lower node of pair p, ``2 p + 1`` back."""
    first = np.zeros(n_nodes + 2, np.int32)
    for pair in range(low.size):
        first[low[pair] + 2] += 1
        first[high[pair] + 2] += 1
    for node in range(n_nodes):
        first[node + 2] += first[node + 1]
    darts = np.empty(2 * low.size, np.int32)
    for pair in range(low.size):  # the pairs are sorted by low, then high: lower heads come first
        darts[first[high[pair] + 1]] = 2 * pair + 1
        first[high[pair] + 1] += 1
    for pair in range(low.size):
        darts[first[low[pair] + 1]] = 2 * pair
        first[low[pair] + 1] += 1
    return first[:-1], darts


@kernel
def _nodes_inside(low: Ints, high: Ints, dart_first: Ints, darts: Ints) -> NDArray[np.bool_]:
    """Find the nodes of exactly two neighbours, but for the lowest of each ring that nothing else joins."""
    n_nodes = dart_first.size - 1
    inside = np.empty(n_nodes, np.bool_)
    seen = np.zeros(n_nodes, np.bool_)
    for node in range(n_nodes):
        inside[node] = dart_first[node + 1] - dart_first[node] == 2
    for node in range(n_nodes):
        if inside[node] or dart_first[node] == dart_first[node + 1]:
            continue
        for at in range(dart_first[node], dart_first[node + 1]):
            dart = darts[at]
            step = low[dart >> 1] if dart & 1 else high[dart >> 1]
            while inside[step] and not seen[step]:
                seen[step] = True
                dart = darts[dart_first[step]] if darts[dart_first[step]] != dart ^ 1 else darts[dart_first[step] + 1]
                step = low[dart >> 1] if dart & 1 else high[dart >> 1]
    for node in range(n_nodes):
        if not inside[node] or seen[node]:
            continue
        inside[node] = False  # the first met of a ring is its lowest
        dart = darts[dart_first[node]]
        step = low[dart >> 1] if dart & 1 else high[dart >> 1]
        while step != node:
            seen[step] = True
            dart = darts[dart_first[step]] if darts[dart_first[step]] != dart ^ 1 else darts[dart_first[step] + 1]
            step = low[dart >> 1] if dart & 1 else high[dart >> 1]
    return inside


@kernel
def _follow(
    low: Ints,
    high: Ints,
    arc_pair: Ints,
    tails: Longs,
    dart_first: Ints,
    darts: Ints,
    inside: NDArray[np.bool_],
    longest: int,
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]:
    """Number the segments along their chains, each chain found from its lower end, and what follows from it."""
    n_nodes, n_pairs = inside.size, low.size
    tail, head, chain = np.empty(n_pairs, np.int32), np.empty(n_pairs, np.int32), np.empty(n_pairs, np.int32)
    chain_first = np.zeros(n_pairs + 1, np.int32)
    dart_of = np.full(n_pairs, -1, np.int32)  # of each pair, from its lower node
    left, core_of = np.full(n_nodes, -1, np.int32), np.full(n_nodes, -1, np.int32)
    core_node = np.empty(n_nodes, np.int32)
    n_core, n_chains, segment = 0, 0, 0
    for node in range(n_nodes):
        if inside[node]:
            continue
        core_of[node], core_node[n_core] = n_core, node
        n_core += 1
        for at in range(dart_first[node], dart_first[node + 1]):
            dart = darts[at]
            if dart_of[dart >> 1] >= 0:
                continue
            step = np.int32(node)
            while True:
                tail[segment], chain[segment] = step, n_chains
                step = low[dart >> 1] if dart & 1 else high[dart >> 1]
                head[segment] = step
                dart_of[dart >> 1] = 2 * segment + (dart & 1)
                segment += 1
                if not inside[step]:
                    break
                if segment - chain_first[n_chains] == longest:
                    core_of[step], core_node[n_core] = n_core, step
                    n_core += 1
                    n_chains += 1
                    chain_first[n_chains] = segment
                else:
                    left[step] = segment - 1
                dart = darts[dart_first[step]] if darts[dart_first[step]] != dart ^ 1 else darts[dart_first[step] + 1]
            n_chains += 1
            chain_first[n_chains] = segment
    arc_dart = np.empty(arc_pair.size, np.int32)
    for arc in range(arc_pair.size):
        pair = arc_pair[arc]
        arc_dart[arc] = -1 if pair < 0 else dart_of[pair] ^ int(tails[arc] != low[pair])
    return arc_dart, tail, head, chain, chain_first[: n_chains + 1].copy(), left, core_of, core_node[:n_core].copy()

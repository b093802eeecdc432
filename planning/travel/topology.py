"""
The topology of a network: chains, and above them the hierarchy of their ends. Built once, for all costs.

Compiled by numba on first use: import this module inside a function only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel, room
from planning.travel.chains import contract_chains
from planning.travel.dissection import contraction_order
from planning.travel.elimination import Hierarchy, eliminate

__all__ = ["Topology", "build_topology", "ends_of_arcs"]

Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Topology(NamedTuple):
    """
    What of a network does not depend on costs. Core nodes go by their number in preorder.

    Parameters
    ----------
    arc_dart : numpy.ndarray of int32, shape (n_arcs,)
        Dart of each arc; -1 for loops.
    tail, head : numpy.ndarray of int32, shape (n_segments,)
        Nodes of each segment, in the direction of its chain.
    chain : numpy.ndarray of int32, shape (n_segments,)
        Chain of each segment.
    chain_first : numpy.ndarray of int32, shape (n_chains + 1,)
        Where the segments of each chain begin.
    chain_arc : numpy.ndarray of int32, shape (n_chains,)
        Upward arc between the ends of each chain; -1 for one that ends where it begins.
    chain_falls : numpy.ndarray of bool, shape (n_chains,)
        Whether the first end is the upper one.
    left : numpy.ndarray of int32, shape (n_nodes,)
        Segment whose head is this node, for nodes inside chains; -1 for core nodes.
    first_end, last_end : numpy.ndarray of int32, shape (n_nodes,)
        Core nodes at the ends of the chain of each node; a core node is its own ends.
    place : numpy.ndarray of int32, shape (n_nodes, 4)
        Once more, side by side, so that a node anywhere is found by one access to memory: its segment as in `left`, its first
        and its last end.
    core_node : numpy.ndarray of int32, shape (n_core,)
        Node of each core node.
    tree : Hierarchy
        The elimination tree and the upward arcs.
    """

    arc_dart: Ints
    tail: Ints
    head: Ints
    chain: Ints
    chain_first: Ints
    chain_arc: Ints
    chain_falls: Bools
    left: Ints
    first_end: Ints
    last_end: Ints
    place: Ints
    core_node: Ints
    tree: Hierarchy


def build_topology(tails: Longs, heads: Longs, n_nodes: int, order: Longs | None = None) -> Topology:
    """
    Contract chains, order the core and eliminate it.

    Parameters
    ----------
    tails, heads : numpy.ndarray of int64, shape (n_arcs,)
        Nodes of each directed arc.
    n_nodes : int
        Number of nodes.
    order : numpy.ndarray of int64, optional
        Nodes in an order that served a network much like this one: then it is not dissected anew.

    Returns
    -------
    Topology
        Good for any costs.
    """
    chains = contract_chains(tails, heads, n_nodes)
    begin, end = chains.chain_first[:-1], chains.chain_first[1:] - 1
    link_tail, link_head = chains.core_of[chains.tail[begin]], chains.core_of[chains.head[end]]
    n_core = len(chains.core_node)
    ranked = contraction_order(link_tail, link_head, n_core) if order is None else _take_over(order, chains.core_of)
    tree = eliminate(link_tail, link_head, ranked)
    core_node = np.empty_like(chains.core_node)
    core_node[tree.number] = chains.core_node
    first_end, last_end = _ends(chains.left, chains.core_of, chains.chain, link_tail, link_head, tree.number)
    chain_arc, falls = _chain_arcs(tree.number[link_tail], tree.number[link_head], tree.up_first, tree.up_head)
    place = room(n_nodes, 4, dtype=np.int32)
    np.stack((chains.left, first_end, last_end, last_end), axis=1, out=place)
    return Topology(
        chains.arc_dart,
        chains.tail,
        chains.head,
        chains.chain,
        chains.chain_first,
        chain_arc,
        falls,
        chains.left,
        first_end,
        last_end,
        place,
        core_node,
        tree,
    )


def ends_of_arcs(topology: Topology, loops: Longs) -> tuple[Longs, Longs]:
    """
    Give back the nodes of the caller's arcs.

    Parameters
    ----------
    topology : Topology
        The network.
    loops : numpy.ndarray of int64, shape (n_loops,)
        Nodes of the arcs that end where they begin, in their order.

    Returns
    -------
    tuple of numpy.ndarray of int64, shape (n_arcs,)
        Tails and heads.
    """
    dart = topology.arc_dart[topology.arc_dart >= 0]
    segment, against = dart >> 1, dart & 1 == 1
    ends = topology.tail[segment], topology.head[segment]
    tail, head = (np.empty(len(topology.arc_dart), np.int64) for _ in range(2))
    is_loop = topology.arc_dart < 0
    tail[is_loop] = head[is_loop] = loops
    tail[~is_loop], head[~is_loop] = np.where(against, ends[1], ends[0]), np.where(against, ends[0], ends[1])
    return tail, head


def _take_over(order: Longs, core_of: Ints) -> Ints:
    """Keep an order of nodes for the core nodes that were in it; those that were not are contracted first."""
    known = core_of[order]
    known = known[known >= 0]
    is_new = np.ones(int((core_of >= 0).sum()), np.bool_)
    is_new[known] = False
    return np.concatenate((np.flatnonzero(is_new).astype(np.int32), known))


@kernel
def _ends(left: Ints, core_of: Ints, chain: Ints, link_tail: Ints, link_head: Ints, number: Ints) -> tuple[Ints, Ints]:
    """Name the ends of the chain of each node."""
    first_end, last_end = np.empty_like(left), np.empty_like(left)
    for node in range(left.size):
        if left[node] < 0:
            first_end[node] = last_end[node] = number[core_of[node]]
        else:
            first_end[node] = number[link_tail[chain[left[node]]]]
            last_end[node] = number[link_head[chain[left[node]]]]
    return first_end, last_end


@kernel
def _chain_arcs(first: Ints, last: Ints, up_first: Ints, up_head: Ints) -> tuple[Ints, Bools]:
    """Find the upward arc of each chain among those of its lower end."""
    arc, falls = np.full(first.size, -1, np.int32), first < last
    for chain in range(first.size):
        upper, lower = min(first[chain], last[chain]), max(first[chain], last[chain])
        if upper == lower:
            continue
        low, high = up_first[lower], up_first[lower + 1] - 1
        while low < high:
            middle = (low + high) // 2
            if up_head[middle] < upper:
                low = middle + 1
            else:
                high = middle
        arc[chain] = low
    return arc, falls

"""
Contraction of chains: what of a network depends on its topology alone.

A node with exactly two neighbours decides nothing, so runs of such nodes are folded into *chains* between *core* nodes
and only the core is searched. No node is lost: one inside a chain is entered and left by the chain's two ends, or along
the chain itself. Costs play no part here, so that one contraction serves every mode, year and closed bridge
(:mod:`planning.travel.customise` lays costs upon it).

Words: a *segment* is a pair of neighbouring nodes, an arc or several in either direction; a *dart* is a segment in one
direction; a chain is a run of segments, numbered one after another from its *first* end to its *last*. A segment between
two core nodes is a chain of its own, so that every arc, save loops, lies in exactly one chain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planning.travel.ragged import offsets_of

__all__ = ["LONGEST_CHAIN", "Chains", "contract_chains"]

# A longer run is cut by promoting a node to the core: this bounds the steps of a scan and the work for two places in
# one chain, and costs one core node in 65.
LONGEST_CHAIN = 65

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Chains:
    """
    A network's arcs folded into chains between core nodes.

    Parameters
    ----------
    n_nodes : int
        Nodes of the network.
    n_arcs : int
        Arcs of the network, as the caller numbers them.
    dart_arcs : numpy.ndarray, shape (n_arcs - n_loops,)
        Arc numbers sorted by dart; dart ``2 s`` is segment ``s`` along its chain, ``2 s + 1`` against it.
    dart_first : numpy.ndarray, shape (2 n_segments + 1,)
        Where the arcs of each dart begin in `dart_arcs`.
    tail, head : numpy.ndarray, shape (n_segments,)
        Nodes of each segment, in the direction of its chain.
    chain_first : numpy.ndarray, shape (n_chains + 1,)
        Where the segments of each chain begin.
    chain : numpy.ndarray, shape (n_segments,)
        Chain of each segment.
    prefix_steps, suffix_steps : tuple of numpy.ndarray
        Segments that have 1, 2, … segments of their chain before them (after them): the order of a scan.
    core_node : numpy.ndarray, shape (n_core,)
        Node of each core node.
    left : numpy.ndarray, shape (n_nodes,)
        Segment whose head is this node, for nodes inside chains; -1 for core nodes.
    first_end, last_end : numpy.ndarray, shape (n_nodes,)
        Core numbers of the two ends of the chain of each node; a core node is its own ends.
    slot_tail, slot_head : numpy.ndarray, shape (n_slots,)
        Ordered pairs of core nodes that a chain joins, sorted: the arcs of the core, parallel chains folded together.
    slot_ways : numpy.ndarray
        The ways of each slot: chain ``c`` along (``2 c``) or against (``2 c + 1``), sorted by slot.
    slot_first : numpy.ndarray, shape (n_slots + 1,)
        Where the ways of each slot begin in `slot_ways`.
    reverse_slot : numpy.ndarray, shape (n_slots,)
        The slot of the opposite direction.
    """

    n_nodes: int
    n_arcs: int
    dart_arcs: Ints
    dart_first: Ints
    tail: Ints
    head: Ints
    chain_first: Ints
    chain: Ints
    prefix_steps: tuple[Ints, ...]
    suffix_steps: tuple[Ints, ...]
    core_node: Ints
    left: Ints
    first_end: Ints
    last_end: Ints
    slot_tail: Ints
    slot_head: Ints
    slot_ways: Ints
    slot_first: Ints
    reverse_slot: Ints

    @property
    def n_core(self) -> int:
        """
        Count the core nodes.

        Returns
        -------
        int
            Their number.
        """
        return len(self.core_node)

    def prefix_sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Sum from each chain's first segment on; nothing is ever subtracted, so that inf and 0 are safe.

        Parameters
        ----------
        values : numpy.ndarray, shape (n_segments,)
            A value of each segment.

        Returns
        -------
        numpy.ndarray, shape (n_segments,)
            Sums up to and with each segment.
        """
        sums = values.copy()
        for step in self.prefix_steps:
            sums[step] += sums[step - 1]
        return sums

    def suffix_sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Sum from each segment to the last of its chain.

        Parameters
        ----------
        values : numpy.ndarray, shape (n_segments,)
            A value of each segment.

        Returns
        -------
        numpy.ndarray, shape (n_segments,)
            Sums from and with each segment.
        """
        sums = values.copy()
        for step in self.suffix_steps:
            sums[step] += sums[step + 1]
        return sums


def contract_chains(tails: Ints, heads: Ints, n_nodes: int) -> Chains:
    """
    Fold a network's arcs into chains.

    Parameters
    ----------
    tails, heads : numpy.ndarray, shape (n_arcs,)
        Nodes of each directed arc; parallel arcs and loops are allowed.
    n_nodes : int
        Number of nodes.

    Returns
    -------
    Chains
        The chains and the core; the same for any order of the arcs but for the arc numbers in it.
    """
    arcs = np.flatnonzero(tails != heads)  # a loop never lies on a cheapest path
    low, high = np.minimum(tails[arcs], heads[arcs]), np.maximum(tails[arcs], heads[arcs])
    pairs, pair_of = np.unique(low * n_nodes + high, return_inverse=True)
    ends = np.column_stack((pairs // max(n_nodes, 1), pairs % max(n_nodes, 1)))
    inside = _nodes_inside(ends, n_nodes)

    # Darts before they are numbered along chains: 2 e from the lower to the higher node of pair e, 2 e + 1 back.
    dart_tail, dart_head = ends.ravel(), ends[:, ::-1].ravel()
    last, hops = _follow(dart_tail, dart_head, inside, n_nodes)
    starts = np.flatnonzero(~inside[dart_tail])
    starts = starts[starts < (last[starts] ^ 1)]  # each chain is found from both ends
    chain_first = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(hops[starts] + 1, out=chain_first[1:])
    chain_ending = np.full(len(dart_tail), -1, np.int64)
    chain_ending[last[starts]] = np.arange(len(starts))

    along = chain_ending[last[0::2]] >= 0  # pair e runs along its chain from its lower node
    dart = 2 * np.arange(len(pairs)) + ~along
    segment = chain_first[chain_ending[last[dart]] + 1] - 1 - hops[dart]
    tail, head = np.empty_like(pairs), np.empty_like(pairs)
    tail[segment], head[segment] = dart_tail[dart], dart_head[dart]
    arc_dart = 2 * segment[pair_of] + (along[pair_of] != (tails[arcs] == low))
    order = np.argsort(arc_dart, kind="stable")

    chain_first = _cut(chain_first)
    return _assemble(n_nodes, len(tails), arcs[order], offsets_of(arc_dart, 2 * len(pairs)), tail, head, chain_first)


def _nodes_inside(ends: Ints, n_nodes: int) -> NDArray[np.bool_]:
    """Find the nodes of exactly two neighbours, but for one in each ring that nothing else joins."""
    inside: NDArray[np.bool_] = np.bincount(ends.ravel(), minlength=n_nodes) == 2
    links = ends[inside[ends].all(axis=1)]
    if not len(links):
        return inside
    number = np.cumsum(inside) - 1
    nodes = np.flatnonzero(inside)
    graph = coo_array((np.ones(len(links), np.int8), tuple(number[links].T)), shape=(len(nodes), len(nodes)))
    n_parts, part = connected_components(graph, directed=False)
    ring = np.bincount(part[number[links[:, 0]]], minlength=n_parts) == np.bincount(part, minlength=n_parts)
    _, lowest = np.unique(part, return_index=True)
    inside[nodes[lowest[ring]]] = False
    return inside


def _follow(dart_tail: Ints, dart_head: Ints, inside: NDArray[np.bool_], n_nodes: int) -> tuple[Ints, Ints]:
    """Follow each dart to the end of its chain by pointer doubling: (the last dart, how many steps to it)."""
    dart = np.arange(len(dart_tail))
    # The two darts that leave an inside node add up to a number that gives either from the other.
    leaving = np.bincount(dart_tail, weights=dart, minlength=n_nodes).astype(np.int64)
    on = inside[dart_head]
    last = np.where(on, leaving[dart_head] - (dart ^ 1), dart)
    hops = on.astype(np.int64)
    active = np.flatnonzero(on)
    while len(active):
        # Read before writing: all darts of a round must see the round before.
        far = last[active]
        onward, further = hops[far], last[far]
        hops[active] += onward
        last[active] = further
        active = active[onward > 0]
    return last, hops


def _cut(chain_first: Ints) -> Ints:
    """Cut chains that are too long into equal runs and a rest."""
    local = np.arange(chain_first[-1]) - np.repeat(chain_first[:-1], np.diff(chain_first))
    return np.append(np.flatnonzero(local % LONGEST_CHAIN == 0), chain_first[-1])


def _assemble(
    n_nodes: int, n_arcs: int, dart_arcs: Ints, dart_first: Ints, tail: Ints, head: Ints, chain_first: Ints
) -> Chains:
    """Number the core and its slots, given segments in chain order."""
    n_chains, n_segments = len(chain_first) - 1, len(tail)
    length = np.diff(chain_first)
    chain = np.repeat(np.arange(n_chains), length)
    before = np.arange(n_segments) - chain_first[chain]
    after = length[chain] - 1 - before

    left = np.full(n_nodes, -1, np.int64)
    inner = np.flatnonzero(after)
    left[head[inner]] = inner
    core_node = np.flatnonzero(left < 0)
    core_of = np.full(n_nodes, -1, np.int64)
    core_of[core_node] = np.arange(len(core_node))
    chain_tail, chain_head = core_of[tail[chain_first[:-1]]], core_of[head[chain_first[1:] - 1]]
    first_end, last_end = core_of.copy(), core_of.copy()
    first_end[head[inner]] = chain_tail[chain[inner]]
    last_end[head[inner]] = chain_head[chain[inner]]

    way_tail = np.column_stack((chain_tail, chain_head)).ravel()
    way_head = np.column_stack((chain_head, chain_tail)).ravel()
    ways = np.flatnonzero(way_tail != way_head)
    n_core = max(len(core_node), 1)
    slots, slot_of = np.unique(way_tail[ways] * n_core + way_head[ways], return_inverse=True)
    slot_tail, slot_head = slots // n_core, slots % n_core
    return Chains(
        n_nodes=n_nodes,
        n_arcs=n_arcs,
        dart_arcs=dart_arcs,
        dart_first=dart_first,
        tail=tail,
        head=head,
        chain_first=chain_first,
        chain=chain,
        prefix_steps=_steps(before),
        suffix_steps=_steps(after),
        core_node=core_node,
        left=left,
        first_end=first_end,
        last_end=last_end,
        slot_tail=slot_tail,
        slot_head=slot_head,
        slot_ways=ways[np.argsort(slot_of, kind="stable")],
        slot_first=offsets_of(slot_of, len(slots)),
        reverse_slot=np.searchsorted(slots, slot_head * n_core + slot_tail),
    )


def _steps(distance: Ints) -> tuple[Ints, ...]:
    """Group segments by how many stand between them and the end of their chain, leaving out those at the end itself."""
    if not len(distance):
        return ()
    order = np.argsort(distance, kind="stable")
    bounds = np.cumsum(np.bincount(distance))
    return tuple(np.split(order, bounds)[1:-1])

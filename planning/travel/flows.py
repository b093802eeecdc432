"""Cheapest paths unpacked into the caller's arcs, and amounts carried along many of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.travel.chains import Chains
from planning.travel.customise import Customised, Winners
from planning.travel.ragged import ragged_range
from planning.travel.search import search_tree
from planning.travel.sweep import VIA_FIRST, VIA_LAST, Meetings, RootedCore, along_chain, root_core, spread

__all__ = ["ChainLoads", "carry", "unpack_path"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BY_FIRST, _BY_LAST, _STRAIGHT = 0, 1, 2


class ChainLoads:
    """
    Amounts put down on chains and the core, gathered before they are spread over arcs.

    Parameters
    ----------
    chains : Chains
        The topology.
    """

    def __init__(self, chains: Chains) -> None:
        self.chains = chains
        n_segments = len(chains.tail)
        self.slots = np.zeros(len(chains.slot_tail))
        # Row 0 along the chain, row 1 against it. `upto`: over all segments up to and with this one; `onward`: from it on.
        self.upto = np.zeros((2, n_segments))
        self.onward = np.zeros((2, n_segments))
        self.single = np.zeros((2, n_segments))

    def enter_or_leave(self, nodes: Ints, by_last: NDArray[np.bool_], amounts: Floats, *, leaving: bool) -> None:
        """
        Carry amounts between places inside chains and an end of their chain; core nodes are passed over.

        Parameters
        ----------
        nodes : numpy.ndarray, shape (n,)
            The places.
        by_last : numpy.ndarray, shape (n,) of bool
            Whether by the last end, or else the first.
        amounts : numpy.ndarray, shape (n,)
            What is carried.
        leaving : bool
            Whether from place to end, or else from end to place.
        """
        left = self.chains.left[nodes]
        first, last = np.flatnonzero((left >= 0) & ~by_last), np.flatnonzero((left >= 0) & by_last)
        np.add.at(self.upto[int(leaving)], left[first], amounts[first])
        np.add.at(self.onward[int(not leaving)], left[last] + 1, amounts[last])

    def run_along(self, meet: Meetings, amounts: Floats, *, turned: bool) -> None:
        """
        Carry amounts straight along chains.

        Parameters
        ----------
        meet : Meetings
            The pairs.
        amounts : numpy.ndarray, shape (n_pairs,)
            What each carries.
        turned : bool
            Whether the pairs were found in the reversed network.
        """
        direction = meet.against ^ int(turned)
        segments = ragged_range(meet.first, meet.count)
        np.add.at(self.single, (np.repeat(direction, meet.count), segments), np.repeat(amounts, meet.count))

    def arcs(self, winners: Winners) -> Floats:
        """
        Spread all that was put down over the arcs.

        Parameters
        ----------
        winners : Winners
            The cheapest of parallel arcs and chains.

        Returns
        -------
        numpy.ndarray, shape (n_arcs,)
            Amount over each arc.
        """
        chains = self.chains
        ways = np.zeros(2 * (len(chains.chain_first) - 1))
        ways[winners.way] = self.slots
        flows = np.zeros(chains.n_arcs)
        for direction in (0, 1):
            darts = ways[direction::2][chains.chain] + self.single[direction]
            darts += chains.suffix_sums(self.upto[direction]) + chains.prefix_sums(self.onward[direction])
            arc = winners.arc[direction::2]
            # a dart without an arc carries nothing
            flows[arc[arc >= 0]] = darts[arc >= 0]
        return flows


@dataclass(frozen=True, eq=False)
class _Tree:
    """Cheapest paths from one root over the core: cost, second cost and the row before, of each row."""

    cost: Floats
    second: Floats | None
    before: Ints


def _grow(core: RootedCore, root: int) -> _Tree:
    """Sweep from one root, keeping the tree; ties are broken by the second cost where there is one."""
    cost, before = search_tree(core.graph(), root)
    second = None
    if core.second is not None:
        second, before = search_tree(core.graph(core.tight(cost)), root)
    return _Tree(cost, second, before)


def _choose(
    costs: Customised, second: Customised | None, tree: _Tree, root: Ints, places: Ints
) -> tuple[Ints, Floats, Floats, Meetings]:
    """Say how each place is reached: by the first end of its chain, the last, or straight along it."""
    cost = np.stack((*spread(costs, tree.cost, places), np.full(len(places), np.inf)))
    also = np.zeros_like(cost)
    meet = along_chain(costs, root, places)
    cost[_STRAIGHT, meet.place] = meet.sums(costs)
    if second is not None and tree.second is not None:
        also[:2] = spread(second, tree.second, places)
        also[_STRAIGHT, meet.place] = meet.sums(second)
    choice = np.lexsort((also, cost), axis=0)[0]
    every = np.arange(len(places))
    return choice, cost[choice, every], also[choice, every], meet


def carry(
    costs: Customised,
    second: Customised | None,
    pairs: tuple[Ints, Ints],
    amounts: Floats,
    loads: ChainLoads,
    *,
    turned: bool,
) -> tuple[Floats, Floats]:
    """
    Carry amounts along cheapest paths, one tree for each distinct root.

    Parameters
    ----------
    costs : Customised
        Costs in the direction of the sweep.
    second : Customised or None
        A second cost in the same direction.
    pairs : tuple of numpy.ndarray, shape (n_pairs,)
        Root and place of each pair.
    amounts : numpy.ndarray, shape (n_pairs,)
        What each pair carries.
    loads : ChainLoads
        Where the amounts are put down, in the network's own direction.
    turned : bool
        Whether the sweep runs against the network: roots are then targets, else origins.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_pairs,)
        Cost and second cost of each pair; inf where there is no path.
    """
    roots, root_of = np.unique(pairs[0], return_inverse=True)
    core = root_core(costs, roots, second)
    order = np.argsort(root_of, kind="stable")
    bounds = np.searchsorted(root_of[order], np.arange(len(roots) + 1))
    cost, also = np.full(len(amounts), np.inf), np.full(len(amounts), np.inf)
    for number in range(len(roots)):
        rows = order[bounds[number] : bounds[number + 1]]
        places = pairs[1][rows]
        tree = _grow(core, int(core.root[number]))
        choice, cost[rows], also[rows], meet = _choose(costs, second, tree, roots[number : number + 1], places)
        carried = np.where(np.isfinite(cost[rows]), amounts[rows], 0.0)
        straight = choice == _STRAIGHT
        met = straight[meet.place]
        short = Meetings(meet.root[met], meet.place[met], meet.against[met], meet.first[met], meet.count[met])
        loads.run_along(short, carried[short.place], turned=turned)
        through = np.where(straight, 0.0, carried)
        by_last = choice == _BY_LAST
        loads.enter_or_leave(places, by_last, through, leaving=turned)
        chains = costs.chains
        ends = np.where(by_last, chains.last_end[places], chains.first_end[places])
        at_core = _accumulate(tree.before, np.bincount(ends, weights=through, minlength=core.size).astype(np.float64))
        _put_down(core, tree, at_core, roots[number], loads, leaving=not turned)
    also[np.isinf(cost)] = np.inf
    return cost, also


def _accumulate(before: Ints, amounts: Floats) -> Floats:
    """Add to each row of a tree what is put down anywhere behind it, leaves first."""
    steps = (before >= 0).astype(np.int64)
    far = np.where(before >= 0, before, np.arange(len(before)))
    while (onward := steps[far]).any():
        steps, far = steps + onward, far[far]
    order = np.argsort(steps, kind="stable")
    bounds = np.append(0, np.cumsum(np.bincount(steps)))
    for step in range(len(bounds) - 2, 0, -1):
        rows = order[bounds[step] : bounds[step + 1]]
        np.add.at(amounts, before[rows], amounts[rows])
    return amounts


def _put_down(core: RootedCore, tree: _Tree, amounts: Floats, root: int, loads: ChainLoads, *, leaving: bool) -> None:
    """Put the amounts of a tree's rows on the arcs that lead to them."""
    arcs = np.flatnonzero((tree.before[core.head] == core.tail) & (amounts[core.head] > 0))
    slot = core.slot[arcs]
    inside = slot >= 0
    np.add.at(loads.slots, slot[inside], amounts[core.head[arcs[inside]]])
    begin = np.flatnonzero(~inside)
    places = np.full(len(begin), root, np.int64)
    loads.enter_or_leave(places, slot[begin] == VIA_LAST, amounts[core.head[arcs[begin]]], leaving=leaving)


def unpack_path(costs: Customised, winners: Winners, origin: int, target: int) -> tuple[Ints, Ints]:
    """
    Find one cheapest path.

    Parameters
    ----------
    costs : Customised
        Costs in the network's own direction.
    winners : Winners
        The cheapest of parallel arcs and chains.
    origin, target : int
        From where to where.

    Returns
    -------
    tuple of numpy.ndarray
        Nodes and arcs in order; both empty where there is no path, one node and no arc from a node to itself.
    """
    nothing = np.empty(0, np.int64)
    if origin == target:
        return np.array([origin], np.int64), nothing
    chains = costs.chains
    root, place = np.array([origin], np.int64), np.array([target], np.int64)
    core = root_core(costs, root)
    tree = _grow(core, int(core.root[0]))
    choice, cost, _, meet = _choose(costs, None, tree, root, place)
    if np.isinf(cost[0]):
        return nothing, nothing
    if choice[0] == _STRAIGHT:
        darts = [_run(int(meet.first[0]), int(meet.count[0]), int(meet.against[0]))]
    else:
        left = int(chains.left[target])
        by_last = bool(choice[0] == _BY_LAST)
        row = int((chains.last_end if by_last else chains.first_end)[target])
        darts = [] if left < 0 else [_to_end(chains, left, by_last=by_last)[::-1] ^ 1]
        while (before := int(tree.before[row])) >= 0:
            arcs = np.arange(core.indptr[before], core.indptr[before + 1])
            slot = int(core.slot[arcs[core.head[arcs] == row][0]])
            if slot < 0:
                darts.append(_to_end(chains, int(chains.left[origin]), by_last=slot != VIA_FIRST))
            else:
                chain, against = divmod(int(winners.way[slot]), 2)
                first, end = (int(at) for at in chains.chain_first[chain : chain + 2])
                darts.append(_run(first, end - first, against))
            row = before
    run = np.concatenate(darts[::-1]) if darts else nothing
    ends = np.where(run % 2 == 0, chains.head[run // 2], chains.tail[run // 2])
    return np.append(origin, ends), winners.arc[run]


def _run(first: int, count: int, against: int) -> Ints:
    """Give the darts along a run of segments, or against it."""
    darts = 2 * np.arange(first, first + count, dtype=np.int64) + against
    return darts[::-1] if against else darts


def _to_end(chains: Chains, left: int, *, by_last: bool) -> Ints:
    """Give the darts from a place inside a chain to one of its ends."""
    chain = int(chains.chain[left])
    first, end = (int(at) for at in chains.chain_first[chain : chain + 2])
    return _run(left + 1, end - left - 1, 0) if by_last else _run(first, left + 1 - first, 1)

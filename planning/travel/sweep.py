"""
Sweeps: a search from places anywhere in the network, over the core alone.

A place inside a chain becomes a *virtual root*, one more row of the graph with an arc to each end of its chain. Costs at
the core are then carried to places inside chains from both ends; two places in one chain are joined along it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planning.travel.customise import Customised
from planning.travel.ragged import offsets_of, ragged_range
from planning.travel.search import Limit, search

__all__ = ["VIA_FIRST", "VIA_LAST", "Meetings", "RootedCore", "along_chain", "cost_matrix", "root_core", "spread"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# What stands in `RootedCore.slot` for the arcs that leave a virtual root.
VIA_FIRST, VIA_LAST = -1, -2

_BLOCK_CELLS = 1 << 20  # numbers held at once by a block of sweeps (8 MB of float64; larger is not faster)


@dataclass(frozen=True, eq=False)
class RootedCore:
    """
    The open arcs of the core, with a row for each place of departure.

    Parameters
    ----------
    indptr, head, weight : numpy.ndarray
        The arcs in CSR order.
    tail : numpy.ndarray
        Row of each arc.
    slot : numpy.ndarray
        Slot of each arc in the network's own direction; `VIA_FIRST` or `VIA_LAST` for the arcs of virtual roots.
    second : numpy.ndarray or None
        A second cost of each arc.
    root : numpy.ndarray, shape (n_roots,)
        Row of each place of departure.
    """

    indptr: Ints
    head: Ints
    weight: Floats
    tail: Ints
    slot: Ints
    second: Floats | None
    root: Ints

    @property
    def size(self) -> int:
        """
        Count the rows: core nodes, then virtual roots.

        Returns
        -------
        int
            Their number.
        """
        return len(self.indptr) - 1

    def graph(self, keep: NDArray[np.bool_] | None = None) -> csr_array:
        """
        Give the arcs to scipy.

        Parameters
        ----------
        keep : numpy.ndarray of bool, shape (n_arcs,), optional
            Only these arcs, weighed by the second cost.

        Returns
        -------
        scipy.sparse.csr_array, shape (size, size)
            The arcs, those of no cost stored as zeros.
        """
        head, weight, indptr = self.head, self.weight, self.indptr
        if keep is not None and self.second is not None:
            keep = keep & np.isfinite(self.second)
            head, weight = head[keep], self.second[keep]
            indptr = np.append(0, np.cumsum(keep))[indptr]
        # scipy keeps zeros that stand in a CSR matrix explicitly as arcs of no cost
        return csr_array((weight, head.astype(np.int32), indptr.astype(np.int32)), shape=(self.size, self.size))

    def tight(self, costs: Floats) -> NDArray[np.bool_]:
        """
        Mark the arcs that lie on some cheapest path.

        Parameters
        ----------
        costs : numpy.ndarray, shape (size,)
            Cost of each row, as found by a search of these arcs.

        Returns
        -------
        numpy.ndarray of bool, shape (n_arcs,)
            Whether an arc leads to its head at the cost of its head.
        """
        at_tail = costs[self.tail]
        tight: NDArray[np.bool_] = np.isfinite(at_tail) & (at_tail + self.weight == costs[self.head])
        return tight


def root_core(costs: Customised, nodes: Ints, second: Customised | None = None) -> RootedCore:
    """
    Add places of departure to the core.

    Parameters
    ----------
    costs : Customised
        Costs in the direction of the sweep.
    nodes : numpy.ndarray, shape (n_roots,)
        Distinct nodes to start from.
    second : Customised, optional
        A second cost, in the same direction.

    Returns
    -------
    RootedCore
        The open arcs of the core and of the virtual roots.
    """
    chains = costs.chains
    n_core = chains.n_core
    virtual = np.flatnonzero(chains.left[nodes] >= 0)
    root = chains.first_end[nodes]
    root[virtual] = n_core + np.arange(len(virtual))
    places = nodes[virtual]

    def _both(first: Floats, last: Floats) -> Floats:
        return np.column_stack((first[places], last[places])).ravel()

    start = _both(costs.to_first, costs.to_last)
    start_second = None if second is None else _both(second.to_first, second.to_last)
    end = np.column_stack((chains.first_end[places], chains.last_end[places])).ravel()
    via = np.tile([VIA_FIRST, VIA_LAST], len(places))
    use = np.isfinite(start)
    # a chain that returns to where it began gives two arcs to one node: the dearer goes
    ring = np.flatnonzero(end[0::2] == end[1::2])
    dearer = start[2 * ring] > start[2 * ring + 1]
    if start_second is not None:
        tie = start[2 * ring] == start[2 * ring + 1]
        dearer |= tie & (start_second[2 * ring] > start_second[2 * ring + 1])
    use[2 * ring + ~dearer] = False

    open_slots = np.flatnonzero(np.isfinite(costs.slots))
    tail = np.concatenate((chains.slot_tail[open_slots], np.repeat(root[virtual], 2)[use]))
    seconds = None
    if second is not None and start_second is not None:
        seconds = np.concatenate((second.slots[open_slots], start_second[use]))
    return RootedCore(
        indptr=offsets_of(tail, n_core + len(virtual)),
        head=np.concatenate((chains.slot_head[open_slots], end[use])),
        weight=np.concatenate((costs.slots[open_slots], start[use])),
        tail=tail,
        slot=np.concatenate((costs.slot[open_slots], via[use])),
        second=seconds,
        root=root,
    )


def spread(costs: Customised, at_core: Floats, nodes: Ints) -> tuple[Floats, Floats]:
    """
    Carry costs at the core to places anywhere, by the first end of their chain and by the last.

    Parameters
    ----------
    costs : Customised
        Costs in the direction of the sweep.
    at_core : numpy.ndarray, shape (…, n_rows)
        Cost of each core node.
    nodes : numpy.ndarray, shape (n_places,)
        Where to.

    Returns
    -------
    tuple of numpy.ndarray, shape (…, n_places)
        Cost by the first end and by the last; the same for core nodes.
    """
    chains = costs.chains
    by_first = at_core.take(chains.first_end[nodes], axis=-1) + costs.from_first[nodes]
    by_last = at_core.take(chains.last_end[nodes], axis=-1) + costs.from_last[nodes]
    return by_first, by_last


@dataclass(frozen=True, eq=False)
class Meetings:
    """
    Pairs of places of departure and arrival inside the same chain.

    Parameters
    ----------
    root : numpy.ndarray, shape (n_pairs,)
        Position among the places of departure.
    place : numpy.ndarray, shape (n_pairs,)
        Position among the places of arrival.
    against : numpy.ndarray, shape (n_pairs,)
        1 where the way between them runs against the chain, else 0.
    first, count : numpy.ndarray, shape (n_pairs,)
        The segments between them: `count` of them from `first` on.
    """

    root: Ints
    place: Ints
    against: Ints
    first: Ints
    count: Ints

    def sums(self, costs: Customised) -> Floats:
        """
        Sum costs along the segments between each pair.

        Parameters
        ----------
        costs : Customised
            Costs in the direction in which the pairs were found.

        Returns
        -------
        numpy.ndarray, shape (n_pairs,)
            Costs; 0 where both are the same node.
        """
        total = np.zeros(len(self.root))
        apart = np.flatnonzero(self.count)
        if len(apart):
            count = self.count[apart]
            segments = ragged_range(self.first[apart], count)
            values = costs.darts[np.repeat(self.against[apart], count), segments]
            total[apart] = np.add.reduceat(values, np.cumsum(count) - count)
        return total


def along_chain(costs: Customised, roots: Ints, places: Ints) -> Meetings:
    """
    Find the pairs that share a chain, which need not pass by its ends.

    Parameters
    ----------
    costs : Customised
        Costs in the direction of the sweep.
    roots : numpy.ndarray, shape (n_roots,)
        Nodes of departure.
    places : numpy.ndarray, shape (n_places,)
        Nodes of arrival.

    Returns
    -------
    Meetings
        The pairs.
    """
    chains = costs.chains
    left = chains.left
    root_at, place_at = np.flatnonzero(left[roots] >= 0), np.flatnonzero(left[places] >= 0)
    root_chain, place_chain = chains.chain[left[roots[root_at]]], chains.chain[left[places[place_at]]]
    order = np.argsort(place_chain, kind="stable")
    place_chain = place_chain[order]
    begin = np.searchsorted(place_chain, root_chain, side="left")
    count = np.searchsorted(place_chain, root_chain, side="right") - begin
    root = np.repeat(root_at, count)
    place = place_at[order[ragged_range(begin, count)]]
    here, there = left[roots[root]], left[places[place]]
    return Meetings(
        root=root,
        place=place,
        against=(here > there).astype(np.int64),
        first=np.minimum(here, there) + 1,
        count=np.abs(here - there),
    )


def cost_matrix(
    costs: Customised,
    roots: Ints,
    places: Ints,
    limit: Limit,
    second: Customised | None = None,
) -> Iterator[tuple[slice, Floats, Floats | None]]:
    """
    Sweep from each root, a block at a time.

    Parameters
    ----------
    costs : Customised
        Costs in the direction of the sweep.
    roots : numpy.ndarray, shape (n_roots,)
        Distinct nodes of departure.
    places : numpy.ndarray, shape (n_places,)
        Nodes of arrival.
    limit : Limit
        Costs beyond it are inf.
    second : Customised, optional
        A second cost, summed along the cheapest path; where several are cheapest, along the least of them by this.

    Yields
    ------
    tuple of slice, numpy.ndarray and numpy.ndarray or None
        Which roots, their costs (n_block, n_places), their second costs.
    """
    core = root_core(costs, roots, second)
    graph = core.graph()
    block = int(np.clip(_BLOCK_CELLS // max(core.size, len(places), 1), 1, 256))
    for begin in range(0, len(roots), block):
        rows = slice(begin, min(begin + block, len(roots)))
        at_core = search(graph, core.root[rows], limit.reach)
        by_first, by_last = spread(costs, at_core, places)
        out = np.minimum(by_first, by_last)
        meet = along_chain(costs, roots[rows], places)
        straight = meet.sums(costs)
        out_second = None
        if second is not None:
            also_core = np.stack(
                [_second_costs(core, row, root) for row, root in zip(at_core, core.root[rows], strict=True)]
            )
            also_first, also_last = spread(second, also_core, places)
            out_second = np.where(by_first < by_last, also_first, also_last)
            out_second = np.where(by_first == by_last, np.minimum(also_first, also_last), out_second)
            there = (meet.root, meet.place)
            also = meet.sums(second)
            out_second[there] = np.where(
                straight < out[there],
                also,
                np.where(straight > out[there], out_second[there], np.minimum(also, out_second[there])),
            )
        out[meet.root, meet.place] = np.minimum(out[meet.root, meet.place], straight)
        limit.cut(out)
        if out_second is not None:
            out_second[np.isinf(out)] = np.inf
        yield rows, out, out_second


def _second_costs(core: RootedCore, costs: Floats, root: int) -> Floats:
    """Sweep once more, by the second cost, over the arcs that lie on cheapest paths."""
    costs_second: Floats = search(core.graph(core.tight(costs)), np.array([root], np.int64))[0]
    return costs_second

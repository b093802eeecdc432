"""
Customisation: the costs of one mode or year laid upon the chains of a network.

All is sums and minima over the arrays of :mod:`planning.travel.chains`, linear in the arcs. Sums run along chains and never
subtract, so that closed arcs (inf) and arcs of no cost need no care and whole numbers stay exact.

References
----------
.. [1] J. Dibbelt, B. Strasser, D. Wagner, Customizable Contraction Hierarchies, ACM JEA 21, 2016 (topology first, costs
   second, which is all that is taken from it here). https://doi.org/10.1145/2886843
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planning.travel.chains import Chains
from planning.travel.ragged import minimum_of_rows

__all__ = ["Customised", "Winners", "customise", "customise_second", "find_winners"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Customised:
    """
    Costs on chains, their nodes and the core, in one direction of travel.

    Parameters
    ----------
    chains : Chains
        The topology.
    darts : numpy.ndarray, shape (2, n_segments)
        Cost of each segment along (row 0) and against (row 1) its chain; inf where closed.
    ways : numpy.ndarray, shape (2 n_chains,)
        Cost of each chain along (``2 c``) and against (``2 c + 1``).
    slots : numpy.ndarray, shape (n_slots,)
        Cost between neighbouring core nodes.
    slot : numpy.ndarray, shape (n_slots,)
        Number, in the network's own direction, of the slot that stands at each place of `slots`.
    to_first, to_last, from_first, from_last : numpy.ndarray, shape (n_nodes,)
        Cost along its chain between each node and the ends of its chain; 0 for core nodes.
    """

    chains: Chains
    darts: Floats
    ways: Floats
    slots: Floats
    slot: Ints
    to_first: Floats
    to_last: Floats
    from_first: Floats
    from_last: Floats

    def reversed(self) -> Customised:
        """
        Turn every arc round: costs *from* a place become costs *to* it.

        Returns
        -------
        Customised
            The same costs in the opposite direction of travel.
        """
        turn = self.chains.reverse_slot
        return replace(
            self,
            darts=self.darts[::-1],
            ways=self.ways.reshape(-1, 2)[:, ::-1].ravel(),
            slots=self.slots[turn],
            slot=self.slot[turn],
            to_first=self.from_first,
            to_last=self.from_last,
            from_first=self.to_first,
            from_last=self.to_last,
        )


@dataclass(frozen=True, eq=False)
class Winners:
    """
    Which of several parallel arcs or chains is the cheapest, the lowest number among equals.

    Parameters
    ----------
    arc : numpy.ndarray, shape (2 n_segments,)
        Arc of each dart; -1 where it has none.
    way : numpy.ndarray, shape (n_slots,)
        Way of each slot: ``2 chain`` along, ``2 chain + 1`` against.
    """

    arc: Ints
    way: Ints


def customise(chains: Chains, costs: Floats) -> Customised:
    """
    Lay arc costs upon chains.

    Parameters
    ----------
    chains : Chains
        The topology.
    costs : numpy.ndarray, shape (n_arcs,)
        Cost of each arc, 0 or more; inf = closed.

    Returns
    -------
    Customised
        Costs in the network's own direction.
    """
    darts = minimum_of_rows(costs[chains.dart_arcs], chains.dart_first)
    return _along_chains(chains, darts, None)


def customise_second(first: Customised, costs: Floats, second: Floats) -> Customised:
    """
    Lay a second arc cost upon chains: its sum along what is cheapest by the first, least where that is a tie.

    Parameters
    ----------
    first : Customised
        Customised `costs`, in the network's own direction.
    costs : numpy.ndarray, shape (n_arcs,)
        The first cost of each arc.
    second : numpy.ndarray, shape (n_arcs,)
        The second cost of each arc.

    Returns
    -------
    Customised
        The second cost on the cheapest darts, chains and slots of the first.
    """
    chains = first.chains
    arcs = chains.dart_arcs
    cheapest = costs[arcs] == np.repeat(first.darts.T.ravel(), np.diff(chains.dart_first))
    darts = minimum_of_rows(np.where(cheapest, second[arcs], np.inf), chains.dart_first)
    return _along_chains(chains, darts, first)


def _along_chains(chains: Chains, darts: Floats, first: Customised | None) -> Customised:
    """Sum darts along chains; take the least of parallel chains, by the first cost where there is one."""
    along, against = darts[0::2].copy(), darts[1::2].copy()
    prefix, suffix = chains.prefix_sums(along), chains.suffix_sums(along)
    prefix_back, suffix_back = chains.prefix_sums(against), chains.suffix_sums(against)
    at_last = chains.chain_first[1:] - 1
    ways = np.column_stack((prefix[at_last], prefix_back[at_last])).ravel()
    values = ways[chains.slot_ways]
    if first is not None:
        cheapest = first.ways[chains.slot_ways] == np.repeat(first.slots, np.diff(chains.slot_first))
        values = np.where(cheapest, values, np.inf)
    inner = np.flatnonzero(chains.left >= 0)
    left = chains.left[inner]

    def at_nodes(values: Floats) -> Floats:
        out = np.zeros(chains.n_nodes)
        out[inner] = values
        return out

    return Customised(
        chains=chains,
        darts=np.stack((along, against)),
        ways=ways,
        slots=minimum_of_rows(values, chains.slot_first),
        slot=np.arange(len(chains.slot_tail)),
        to_first=at_nodes(prefix_back[left]),
        to_last=at_nodes(suffix[left + 1]),
        from_first=at_nodes(prefix[left]),
        from_last=at_nodes(suffix_back[left + 1]),
    )


def find_winners(first: Customised, costs: Floats, also: tuple[Customised, Floats] | None = None) -> Winners:
    """
    Find the arc behind each dart and the chain behind each slot.

    Parameters
    ----------
    first : Customised
        Customised `costs`, in the network's own direction.
    costs : numpy.ndarray, shape (n_arcs,)
        Cost of each arc.
    also : tuple of Customised and numpy.ndarray, optional
        The customised second cost and the second cost of each arc, which decides between equals.

    Returns
    -------
    Winners
        The cheapest of parallel arcs and chains.
    """
    chains = first.chains
    arcs = chains.dart_arcs
    dart = np.repeat(np.arange(2 * len(chains.tail)), np.diff(chains.dart_first))
    slot = np.repeat(np.arange(len(chains.slot_tail)), np.diff(chains.slot_first))
    best_arc = costs[arcs] == first.darts.T.ravel()[dart]
    best_way = first.ways[chains.slot_ways] == first.slots[slot]
    if also is not None:
        second, second_costs = also
        best_arc &= second_costs[arcs] == second.darts.T.ravel()[dart]
        best_way &= second.ways[chains.slot_ways] == second.slots[slot]
    return Winners(
        arc=_first_of_rows(arcs, dart, best_arc, 2 * len(chains.tail)),
        way=_first_of_rows(chains.slot_ways, slot, best_way, len(chains.slot_tail)),
    )


def _first_of_rows(items: Ints, row: Ints, wanted: NDArray[np.bool_], n_rows: int) -> Ints:
    """Take the first wanted item of each row; -1 where there is none."""
    found = np.full(n_rows, -1, np.int64)
    at = np.flatnonzero(wanted)[::-1]  # of several writes to one place the last stays
    found[row[at]] = items[at]
    return found

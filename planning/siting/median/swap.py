"""
Find good sites fast: greedy, then swaps of one open site for one shut site while they pay.

The swap search keeps, for every pair, the gain of opening, the loss of shutting and the correction where both touch the
same row, and updates them for the rows that a move touches.

References
----------
.. [1] M. G. C. Resende and R. F. Werneck, Eur. J. Oper. Res. 174, 54-68, 2006. https://doi.org/10.1016/j.ejor.2005.02.026
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.median.lists import Lists

__all__ = [
    "Choice",
    "build_greedily",
    "choose_greedily",
    "finite_for",
    "improve_by_swaps",
    "improve_choice",
    "with_finite_fallback",
]


@dataclass(frozen=True)
class Choice:
    """
    Which sets of sites may be chosen, and what they cost besides the pupils' ways.

    Parameters
    ----------
    allowed : numpy.ndarray of bool, shape (n_sites,)
        True for the columns that may be opened.
    counted : numpy.ndarray of bool, shape (n_sites,)
        True for the columns of which at most ``p`` may be opened.
    charge : numpy.ndarray, shape (n_sites,)
        Cost of opening the column.
    p : int
        Counted columns that may be opened.
    """

    allowed: Bools
    counted: Bools
    charge: Floats
    p: int

    @classmethod
    def of_candidates(cls, candidates: Ints, p: int, n_sites: int) -> Choice:
        """
        Allow any ``p`` of some columns, at no cost.

        Parameters
        ----------
        candidates : numpy.ndarray of int
            Columns that may be opened.
        p : int
            Columns that may be opened at once.
        n_sites : int
            Number of columns.

        Returns
        -------
        Choice
            These choices.
        """
        allowed = np.zeros(n_sites, dtype=bool)
        allowed[candidates] = True
        return cls(allowed, np.ones(n_sites, dtype=bool), np.zeros(n_sites), int(p))

    def room(self, is_open: Bools) -> int:
        """
        Count the counted columns that may still be opened.

        Parameters
        ----------
        is_open : numpy.ndarray of bool, shape (n_sites,)
            True for the columns that are open.

        Returns
        -------
        int
            Columns.
        """
        return self.p - int((is_open & self.counted).sum())


def with_finite_fallback(lists: Lists) -> Lists:
    """
    Give rows that nothing open reaches a price so high that serving them comes first.

    Parameters
    ----------
    lists : Lists
        Lists whose fallback may be inf.

    Returns
    -------
    Lists
        The same with finite fallbacks, for the heuristics only.
    """
    missing = ~np.isfinite(lists.fallback)
    if not missing.any():
        return lists
    ends = np.maximum(lists.start[1:] - 1, 0)
    has = lists.start[1:] > lists.start[:-1]
    dearest = np.where(has, lists.cost[np.minimum(ends, max(lists.cost.size - 1, 0))], 0.0) if lists.cost.size else 0.0
    finite = np.where(missing, dearest, lists.fallback)
    price = (1.0 + 2.0 * float(lists.weight @ finite)) / lists.weight[missing].min()
    fallback = lists.fallback.copy()
    fallback[missing] = price
    return lists.falling_back(fallback)


def finite_for(lists: Lists, choice: Choice) -> Lists:
    """
    Give rows that nothing open reaches a price above all that opening sites may cost.

    Parameters
    ----------
    lists : Lists
        Lists whose fallback may be inf.
    choice : Choice
        What may be opened.

    Returns
    -------
    Lists
        The same with finite fallbacks, for the heuristics only.
    """
    finite = with_finite_fallback(lists)
    missing = ~np.isfinite(lists.fallback)
    charges = float(choice.charge[choice.allowed].sum())
    if not charges or not missing.any():
        return finite
    return lists.falling_back(finite.fallback + np.where(missing, 2.0 * charges / lists.weight[missing].min(), 0.0))


def build_greedily(lists: Lists, p: int, candidates: Ints, clock: Clock) -> Ints:
    """
    Open, one after another, the site that saves most; among equals the lowest column.

    Parameters
    ----------
    lists : Lists
        Lists with finite fallbacks.
    p : int
        Sites to open.
    candidates : numpy.ndarray of int
        Columns that may be opened.
    clock : Clock
        When it has stopped, the rest is filled with the lowest columns.

    Returns
    -------
    numpy.ndarray of int64, shape (p,)
        Columns, rising.
    """
    choice = Choice.of_candidates(candidates, p, lists.n_sites)
    sites = choose_greedily(lists, choice, clock)
    unused = np.setdiff1d(candidates, sites)
    return np.union1d(sites, unused[: max(0, min(p, len(candidates)) - sites.size)]).astype(np.int64)


def choose_greedily(lists: Lists, choice: Choice, clock: Clock, start: Ints | None = None) -> Ints:
    """
    Open, one after another, the site that saves most, as long as one does.

    Parameters
    ----------
    lists : Lists
        Lists with finite fallbacks.
    choice : Choice
        What may be opened.
    clock : Clock
        Stops between the sites.
    start : numpy.ndarray of int, optional
        Columns that are open at first.

    Returns
    -------
    numpy.ndarray of int64
        Columns, rising.
    """
    from planning.siting.median.swap_kernels import greedy

    is_open = np.zeros(lists.n_sites, dtype=bool)
    pays = lists.fallback.copy()
    if start is not None:
        is_open[start] = True
        pays = lists.best_two(is_open)[0]
    by_site, steps = lists.by_site, max(1, 1 + _STRIDE // max(1, lists.site.size))
    while not clock.stopped:
        before = int(is_open.sum())
        greedy(
            lists.start, lists.site, lists.cost, lists.weight, *by_site, choice.charge, choice.counted, choice.allowed,
            pays, is_open, choice.room(is_open), steps,
        )  # fmt: skip
        if int(is_open.sum()) < before + steps:
            break
    return np.flatnonzero(is_open).astype(np.int64)


_STRIDE = 50_000_000
"""Pairs after which a search asks the clock."""

_MOVES = 20
"""Moves after which a swap search begins afresh; by fewer its sums drift less than a move must save."""


def improve_by_swaps(lists: Lists, sites: Ints, candidates: Ints, clock: Clock) -> Ints:
    """
    Swap one open site for one shut site, the best swap first, until none pays.

    Parameters
    ----------
    lists : Lists
        Lists with finite fallbacks.
    sites : numpy.ndarray of int
        Columns open at the start.
    candidates : numpy.ndarray of int
        Columns that may be opened.
    clock : Clock
        Stops the search between swaps.

    Returns
    -------
    numpy.ndarray of int64
        As many columns, rising, at most as costly.
    """
    choice = Choice.of_candidates(candidates, len(sites), lists.n_sites)
    return improve_choice(lists, sites, choice, clock)


def improve_choice(lists: Lists, sites: Ints, choice: Choice, clock: Clock) -> Ints:
    """
    Swap, open or shut sites, the best move first, until none pays.

    Parameters
    ----------
    lists : Lists
        Lists with finite fallbacks.
    sites : numpy.ndarray of int
        Columns open at the start.
    choice : Choice
        What may be opened.
    clock : Clock
        Stops the search between moves.

    Returns
    -------
    numpy.ndarray of int64
        Columns, rising, at most as costly.
    """
    from planning.siting.median.swap_kernels import swap

    is_open = lists.mask(sites)
    reach = int((choice.allowed & ~choice.counted).sum()) + min(choice.p, int((choice.allowed & choice.counted).sum()))
    if lists.site.size == 0 and not choice.charge.any():
        return np.flatnonzero(is_open).astype(np.int64)
    row, cost = lists.by_site[1:]
    while not clock.stopped:
        n_open = int(is_open.sum())
        slots = max(min(reach, 2 * n_open + 32), n_open)
        steps = max(1, _STRIDE // max(1, slots * lists.n_sites + 4 * lists.site.size // max(1, n_open)))
        pays = lists.paid(is_open) + float(choice.charge[is_open].sum())
        made = swap(
            lists.start, lists.site, lists.cost, lists.weight, lists.fallback, lists.by_site[0], row, cost,
            choice.charge, choice.counted, choice.allowed, is_open, choice.room(is_open), slots, steps,
            1e-9 * max(1.0, pays),
        )  # fmt: skip
        if made < min(steps, _MOVES):  # sums that were updated often have drifted: the last word has a fresh start
            break
    return np.flatnonzero(is_open).astype(np.int64)

"""
Find good sites fast: greedy, then swaps of one open site for one shut site while they pay.

The swap search keeps, for every pair, the gain of opening, the loss of shutting and the correction where both touch the
same row, so that all swaps of a round are priced in one pass over the lists.

References
----------
.. [1] M. G. C. Resende and R. F. Werneck, Eur. J. Oper. Res. 174, 54-68, 2006. https://doi.org/10.1016/j.ejor.2005.02.026
"""

from __future__ import annotations

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.lists import Lists

__all__ = ["build_greedily", "improve_by_swaps", "with_finite_fallback"]


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
    dearest = np.zeros(lists.n_rows)
    np.maximum.at(dearest, lists.row, lists.cost)
    finite = np.where(missing, dearest, lists.fallback)
    price = (1.0 + 2.0 * float(lists.weight @ finite)) / lists.weight[missing].min()
    fallback = lists.fallback.copy()
    fallback[missing] = price
    return Lists(**{**lists.__dict__, "fallback": fallback})


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
    opened = np.zeros(lists.n_sites, dtype=bool)
    allowed = np.zeros(lists.n_sites, dtype=bool)
    allowed[candidates] = True
    pays = lists.fallback.copy()
    for _ in range(p):
        if clock.stopped:
            opened[np.flatnonzero(allowed & ~opened)[: p - int(opened.sum())]] = True
            break
        saved = np.maximum(pays[lists.row] - lists.cost, 0.0) * lists.weight[lists.row]
        gain = np.bincount(lists.site, weights=saved, minlength=lists.n_sites)
        gain[~allowed | opened] = -1.0
        site = int(np.argmax(gain))
        opened[site] = True
        here = lists.site == site
        np.minimum.at(pays, lists.row[here], lists.cost[here])
    return np.flatnonzero(opened).astype(np.int64)


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
    opened = np.zeros(lists.n_sites, dtype=bool)
    opened[sites] = True
    if sites.size == 0 or lists.row.size == 0:
        return np.flatnonzero(opened).astype(np.int64)
    while not clock.stopped:
        cheapest, where, second = lists.best_two(opened)
        out = np.flatnonzero(opened)
        slot = np.full(lists.n_sites, -1, dtype=np.int64)
        slot[out] = np.arange(out.size)
        served = np.where(where >= 0, slot[where], -1)
        has = served >= 0
        loss = np.bincount(served[has], weights=(lists.weight * (second - cheapest))[has], minlength=out.size)
        profit = _swap_profits(lists, opened, cheapest, second, served, out.size) - loss[:, None]
        shut = np.zeros(lists.n_sites, dtype=bool)
        shut[candidates] = True
        profit[:, ~shut | opened] = -np.inf
        best = int(np.argmax(profit))
        leaves, enters = divmod(best, lists.n_sites)
        if not profit[leaves, enters] > 1e-9 * max(1.0, float(lists.weight @ cheapest)):
            break
        opened[out[leaves]], opened[enters] = False, True
    return np.flatnonzero(opened).astype(np.int64)


def _swap_profits(
    lists: Lists, opened: np.typing.NDArray[np.bool_], cheapest: Floats, second: Floats, served: Ints, n_open: int
) -> Floats:
    """Gain of each shut site plus the correction with each open one, shape (n_open, n_sites)."""
    pays, without = cheapest[lists.row], second[lists.row]
    useful = np.flatnonzero((lists.cost < without) & ~opened[lists.site])
    row, site, cost = lists.row[useful], lists.site[useful], lists.cost[useful]
    weight, pays, without = lists.weight[row], pays[useful], without[useful]
    gain = np.bincount(site, weights=weight * np.maximum(pays - cost, 0.0), minlength=lists.n_sites)
    slot = served[row]
    known = slot >= 0
    extra = np.bincount(
        slot[known] * lists.n_sites + site[known],
        weights=(weight * (without - np.maximum(pays, cost)))[known],
        minlength=n_open * lists.n_sites,
    )
    return np.asarray(extra.reshape(n_open, lists.n_sites) + gain[None, :])

"""Seat the pupils in given sites at least cost: by the transport kernel where seats are all that binds, else by HiGHS."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from planning.access.allocation import allocate
from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.seats.flow import Arcs, FlowQuestion, best_flow

__all__ = ["least_travel", "price_of", "rank_in_row", "seat_in", "seat_pupils", "seats_alone_bind", "shortened"]

_FEW = 40_000  # arcs that HiGHS takes without more ado
_BLOCK = 1024


def seats_alone_bind(question: FlowQuestion, opened: Bools) -> bool:
    """
    Tell whether seating the pupils is a plain transport problem.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.

    Returns
    -------
    bool
        True without beds, least loads and whole rows.
    """
    least = (question.least_load[question.free & opened] > 0).any()
    return not (question.single_source or bool(question.arcs.board.any()) or bool(least))


def seat_pupils(question: FlowQuestion, opened: Bools) -> tuple[Floats, Floats]:
    """
    Seat as many pupils as possible, then as cheaply as possible; being without a seat at a price is one more column.

    Parameters
    ----------
    question : FlowQuestion
        A question in which seats alone bind.
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.

    Returns
    -------
    tuple of numpy.ndarray
        Pupils on each arc, shape (n_arcs,), and the price of a seat at each open site, 0 elsewhere, shape (n_sites,).
    """
    sites = np.flatnonzero(opened)
    n_rows, n_sites, n_open = question.pupils.size, question.n_sites, sites.size
    number = np.full(n_sites, -1, dtype=np.int64)  # shut sites would only cost the kernel memory
    number[sites] = np.arange(n_open)
    used = np.flatnonzero(opened[question.arcs.site])
    row, column, cost = question.arcs.row[used], number[question.arcs.site[used]], question.arcs.cost[used]
    priced = np.flatnonzero(np.isfinite(question.unserved) & (question.pupils > 0))
    table = sparse.csr_array(
        (
            np.concatenate([cost, question.unserved[priced]]),
            (np.concatenate([row, priced]), np.concatenate([column, np.full(priced.size, n_open)])),
        ),
        shape=(n_rows, n_open + 1),
    )
    found = allocate(table, question.pupils.astype(np.int64), np.append(question.seats[sites], np.inf))
    flow, prices = np.zeros(question.arcs.row.size), np.zeros(n_sites)
    flow[used] = np.asarray(found.flows[row, column]).ravel() if used.size else 0.0
    prices[sites] = found.prices[:n_open]
    return flow, prices


def price_of(question: FlowQuestion, opened: Bools, flow: Floats) -> float:
    """
    Price an answer.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.
    flow : numpy.ndarray, shape (n_arcs,)
        Pupils on each arc.

    Returns
    -------
    float
        Travel, opening and missing pupils; inf where a pupil who must be seated is not.
    """
    missing = np.round(question.pupils - np.bincount(question.arcs.row, weights=flow, minlength=question.pupils.size))
    short = missing > 0
    extra = float(missing[short] @ question.unserved[short]) if short.any() else 0.0
    return float(flow @ question.arcs.cost) + float(question.opening[opened].sum()) + extra


def seat_in(question: FlowQuestion, opened: Bools, clock: Clock) -> Floats | None:
    """
    Seat the pupils in given sites, exactly.

    Where HiGHS must do it, it begins with each row's cheapest arcs and the next cost as a way out that is open to all;
    rows that take the way out get more arcs until none does.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.
    clock : Clock
        Time left.

    Returns
    -------
    numpy.ndarray, shape (n_arcs,), or None
        Pupils on each arc; None where they cannot be seated, or time ran out.
    """
    if seats_alone_bind(question, opened):
        flow, _ = seat_pupils(question, opened)
        return flow if np.isfinite(price_of(question, opened, flow)) else None
    usable = np.flatnonzero(opened[question.arcs.site])
    part = question.changed(arcs=question.arcs.only(opened[question.arcs.site]))
    rank = rank_in_row(part.arcs)
    count = np.full(part.pupils.size, 8 if usable.size > _FEW else usable.size + 1)
    while not clock.stopped:
        near, keep = shortened(part, rank, count)
        found = best_flow(near, opened, clock)
        if found is None:
            return None
        missing = part.pupils - np.bincount(near.arcs.row, weights=found, minlength=part.pupils.size)
        more = (missing > 0.5) & (near.unserved < part.unserved)
        if not more.any():
            flow = np.zeros(question.arcs.row.size)
            flow[usable[keep]] = found
            return flow
        count[more] *= 4
    return None


def rank_in_row(arcs: Arcs) -> Ints:
    """
    Rank the arcs of each row by cost, then by order.

    Parameters
    ----------
    arcs : Arcs
        Arcs, ordered by row.

    Returns
    -------
    numpy.ndarray of int64, shape (n_arcs,)
        0 for the cheapest arc of a row.
    """
    if arcs.row.size == 0:
        return np.zeros(0, dtype=np.int64)
    length = np.bincount(arcs.row)
    start = np.cumsum(length) - length
    place = np.arange(arcs.row.size) - start[arcs.row]
    rank = np.empty(arcs.row.size, dtype=np.int64)
    for first in range(0, length.size, _BLOCK):  # a block of rows as a table: far faster than one long sort
        a, b = np.searchsorted(arcs.row, [first, first + _BLOCK])
        if a == b:
            continue
        table = np.full((_BLOCK, int(length[first : first + _BLOCK].max())), np.inf)
        table[arcs.row[a:b] - first, place[a:b]] = arcs.cost[a:b]
        order = np.argsort(table, axis=1, kind="stable")
        ranks = np.empty_like(order)
        np.put_along_axis(ranks, order, np.arange(order.shape[1])[None, :], axis=1)
        rank[a:b] = ranks[arcs.row[a:b] - first, place[a:b]]
    return rank


def shortened(question: FlowQuestion, rank: Ints, count: Ints) -> tuple[FlowQuestion, Bools]:
    """
    Keep each row's cheapest arcs, and let it buy its way out at the cost of the next one.

    The way out needs no site and no seat, so that the short question never costs more than the whole one.

    Parameters
    ----------
    question : FlowQuestion
        The whole question.
    rank : numpy.ndarray of int64, shape (n_arcs,)
        Rank of each arc in its row.
    count : numpy.ndarray of int64, shape (n_rows,)
        Arcs that each row keeps.

    Returns
    -------
    tuple of FlowQuestion and numpy.ndarray of bool, shape (n_arcs,)
        The short question, and the arcs that it keeps.
    """
    keep = rank < count[question.arcs.row]
    next_one = rank == count[question.arcs.row]
    way_out = question.unserved.copy()
    row = question.arcs.row[next_one]
    way_out[row] = np.minimum(way_out[row], question.arcs.cost[next_one])
    return question.changed(arcs=question.arcs.only(keep), unserved=way_out), keep


def least_travel(question: FlowQuestion) -> float:
    """
    Bound what any answer costs: every pupil at the cheapest site, as if all were open and had seats for all.

    Parameters
    ----------
    question : FlowQuestion
        The question.

    Returns
    -------
    float
        Cost that no answer is below; inf where a pupil has no way and may not stay without a seat.
    """
    arcs = question.arcs
    cheapest = question.unserved.copy()
    np.minimum.at(cheapest, arcs.row, arcs.cost)
    used = question.pupils > 0
    return float(question.pupils[used] @ cheapest[used]) + float(question.opening[~question.free].sum())

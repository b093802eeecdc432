"""
Seat pupils who go home and pupils who board in given sites at least cost, exactly, as a plain transport problem.

A site with ``seats`` and ``beds`` is two columns: one of as many places as there are beds, for anybody, and one of the other
seats, for day pupils alone. So boarders never exceed the beds, nor all together the seats, and every seating that keeps
both can be written in this way.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from planning.access.allocation import allocate
from planning.siting.checks import Bools, Floats
from planning.siting.seats.flow import FlowQuestion

__all__ = ["seat_with_beds", "takes_at_most"]


def seat_with_beds(question: FlowQuestion, opened: Bools) -> tuple[Floats, Floats]:
    """
    Seat as many pupils as possible, then as cheaply as possible; least loads and whole rows are not asked for.

    Parameters
    ----------
    question : FlowQuestion
        The question; of two arcs of a row to the same site the one with a bed is the cheaper one.
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.

    Returns
    -------
    tuple of numpy.ndarray
        Pupils on each arc, shape (n_arcs,), and what one more pupil of each row would cost, shape (n_rows,): inf where
        there would be no place, 0 for rows without pupils.
    """
    arcs, n, n_rows = question.arcs, question.n_sites, question.pupils.size
    used = np.flatnonzero(opened[arcs.site] & (question.pupils[arcs.row] > 0))
    row, site, cost, board = arcs.row[used], arcs.site[used], arcs.cost[used], arcs.board[used]
    beds = np.minimum(question.beds, question.seats) if board.any() else np.zeros(n)
    for_day = np.where(np.isfinite(beds), question.seats - np.where(np.isfinite(beds), beds, 0.0), 0.0)
    pair = row * n + site
    sleeps_too = np.isin(pair, pair[board]) & ~board
    in_beds = np.flatnonzero(board | (~sleeps_too & (beds[site] > 0) & np.isfinite(for_day[site])))
    by_day = np.flatnonzero(~board & (for_day[site] > 0))
    priced = np.flatnonzero(np.isfinite(question.unserved) & (question.pupils > 0))
    column = np.concatenate([site[in_beds], n + site[by_day], np.full(priced.size, 2 * n)])
    kept, number = np.unique(column, return_inverse=True)  # the kernel's memory grows with the square of the columns
    places = np.concatenate([np.where(opened, beds, 0.0), np.where(opened, for_day, 0.0), [np.inf]])[kept]
    in_bed, in_day = np.split(number[: in_beds.size + by_day.size], [in_beds.size])
    table = sparse.csr_array(
        (
            np.concatenate([cost[in_beds], cost[by_day], question.unserved[priced]]),
            (np.concatenate([row[in_beds], row[by_day], priced]), number),
        ),
        shape=(n_rows, kept.size),
    )
    found = allocate(table, question.pupils.astype(np.int64), places)
    sent = np.zeros(used.size)
    for at, place in ((in_beds, in_bed), (by_day, in_day)):
        if at.size:
            sent[at] += np.asarray(found.flows[row[at], place]).ravel()
    flow = np.zeros(arcs.row.size)
    flow[used] = sent
    price = np.where(question.pupils > 0, question.unserved, 0.0)
    np.minimum.at(price, row[in_beds], cost[in_beds] + found.prices[in_bed])
    np.minimum.at(price, row[by_day], cost[by_day] + found.prices[in_day])
    return flow, price


def takes_at_most(question: FlowQuestion, rows: Bools) -> Floats:
    """
    Bound how many pupils of some rows each site could take if it were open.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    rows : numpy.ndarray of bool, shape (n_rows,)
        The rows.

    Returns
    -------
    numpy.ndarray, shape (n_sites,)
        Pupils.
    """
    arcs, n = question.arcs, question.n_sites
    day = np.flatnonzero(rows[arcs.row] & ~arcs.board)
    home = np.bincount(arcs.site[day], weights=question.pupils[arcs.row[day]], minlength=n)
    board = np.flatnonzero(rows[arcs.row] & arcs.board)
    goes_home = np.isin(arcs.row[board] * n + arcs.site[board], arcs.row[day] * n + arcs.site[day])
    board = board[~goes_home]
    asleep = np.bincount(arcs.site[board], weights=question.pupils[arcs.row[board]], minlength=n)
    return np.minimum(home + np.minimum(asleep, question.beds), question.seats)

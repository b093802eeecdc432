"""Tell what closures mean: who receives the pupils, and what the closure gate has kept from being saved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from planning.access.allocation import Allocation
from planning.errors import Message, msg
from planning.siting.checks import Bools, Floats, Reach
from planning.siting.median.lists import nearest_site

__all__ = ["blocked_words", "list_moves"]


def list_moves(
    reach: Reach, allocation: Allocation, existing: Bools, is_open: Bools
) -> tuple[tuple[int, int, int], ...]:
    """
    Find who receives the pupils of the closed sites.

    A pupil is taken to go today to the nearest existing site.

    Parameters
    ----------
    reach : Reach
        Pairs in reach.
    allocation : Allocation
        Who goes where afterwards.
    existing, is_open : numpy.ndarray of bool, shape (n_sites,)
        Sites open today, and sites open afterwards.

    Returns
    -------
    tuple of tuple of int
        Closed site, receiver, pupils; by site and receiver.
    """
    closed = existing & ~is_open
    if not closed.any():
        return ()
    before, _ = nearest_site(reach.only(existing[reach.site]), np.flatnonzero(existing))
    flows = allocation.flows.tocoo()
    left = before[flows.row]
    at = np.flatnonzero((left >= 0) & closed[left] & (flows.data > 0))
    pairs, number = np.unique(np.stack([left[at], flows.col[at]]), axis=1, return_inverse=True)
    pupils = np.bincount(number.ravel(), weights=flows.data[at], minlength=pairs.shape[1])
    return tuple((int(a), int(b), int(k)) for (a, b), k in zip(pairs.T, pupils, strict=True))


def blocked_words(
    gate: Mapping[int, Message], reach: Reach, allocation: Allocation, is_open: Bools, running: Floats
) -> tuple[Message, ...]:
    """
    Estimate what each blocked closure would have saved, and name those that would have paid.

    The pupils of the site are moved one by one to their next best open site, at the price of a seat there: a longer way
    than that is possible, so that the saving is an estimate.

    Parameters
    ----------
    gate : mapping of int to Message
        Sites whose closure is blocked, with the clause.
    reach : Reach
        Pairs in reach.
    allocation : Allocation
        Who goes where.
    is_open : numpy.ndarray of bool, shape (n_sites,)
        Sites open afterwards.
    running : numpy.ndarray, shape (n_sites,)
        Running cost of the sites.

    Returns
    -------
    tuple of Message
        One sentence for each site that it would pay to close.
    """
    words = []
    flows = allocation.flows.tocsc()
    for site in sorted(gate):
        start, stop = flows.indptr[site], flows.indptr[site + 1]
        rows, pupils = flows.indices[start:stop], flows.data[start:stop]
        moved = np.zeros(reach.n_rows)
        moved[rows] = pupils
        at = np.flatnonzero((moved[reach.row] > 0) & is_open[reach.site])
        here = at[reach.site[at] == site]
        there = at[reach.site[at] != site]
        elsewhere, own = np.full(reach.n_rows, np.inf), np.zeros(reach.n_rows)
        np.minimum.at(elsewhere, reach.row[there], reach.cost[there] + allocation.prices[reach.site[there]])
        own[reach.row[here]] = reach.cost[here]
        saving = float(running[site] - (pupils * (elsewhere[rows] - own[rows])).sum()) if rows.size else running[site]
        if saving > 0:
            words.append(
                msg(
                    "Closing site {site} would save about {saving} (an estimate), but is blocked: {clause}",
                    site=int(site),
                    saving=f"{saving:.6g}",
                    clause=gate[site],
                )
            )
    return tuple(words)

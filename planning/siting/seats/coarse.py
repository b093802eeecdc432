"""Put rows that lie close together into one, so that a question with seats is first looked at from afar."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from planning.siting.checks import Floats, Ints
from planning.siting.seats.flow import Arcs, FlowQuestion

__all__ = ["gather_rows", "seen_from_afar"]

_PIVOTS = 8  # sites whose costs tell where a row lies


def gather_rows(question: FlowQuestion, count: int) -> Ints:
    """
    Part the rows into groups whose costs to a few far-apart sites are much the same.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    count : int
        Groups at most.

    Returns
    -------
    numpy.ndarray of int64, shape (n_rows,)
        Group of each row; -1 for rows without pupils.
    """
    rows = np.flatnonzero(question.pupils > 0)
    group = np.full(question.pupils.size, -1, dtype=np.int64)
    if rows.size <= count:
        group[rows] = np.arange(rows.size)
        return group
    where = _costs_to_pivots(question)[rows]
    weight = np.sqrt(question.pupils[rows])
    parts = [np.arange(rows.size)]
    while len(parts) < count:
        # split the widest half of the parts at once
        spread = np.array([np.ptp(where[part], axis=0).max() * float(weight[part].sum()) for part in parts])
        many = min(max(1, len(parts) // 2), count - len(parts))
        chosen = np.argsort(-spread, kind="stable")[:many]
        chosen = chosen[spread[chosen] > 0]
        if chosen.size == 0:
            break
        for k in chosen.tolist():
            part = parts[k]
            axis = int(np.argmax(np.ptp(where[part], axis=0)))
            order = part[np.argsort(where[part, axis], kind="stable")]
            middle = int(np.searchsorted(np.cumsum(weight[order]), 0.5 * float(weight[order].sum())))
            middle = min(max(middle, 1), order.size - 1)
            parts[k] = order[:middle]
            parts.append(order[middle:])
    for number, part in enumerate(parts):
        group[rows[part]] = number
    return group


def _costs_to_pivots(question: FlowQuestion) -> Floats:
    """Give the costs of each row to a few sites that lie far apart; far beyond all where there is no arc."""
    arcs, n_rows = question.arcs, question.pupils.size
    far = 2.0 * float(arcs.cost.max(initial=0.0)) + 1.0
    order = np.argsort(arcs.site, kind="stable")
    start = np.searchsorted(arcs.site[order], np.arange(question.n_sites + 1))
    nearest_cost, nearest = np.full(n_rows, np.inf), np.zeros(n_rows, dtype=np.int64)
    np.minimum.at(nearest_cost, arcs.row, arcs.cost)
    best = np.flatnonzero(arcs.cost == nearest_cost[arcs.row])
    nearest[arcs.row[best]] = arcs.site[best]
    pivot = int(np.argmax(np.diff(start)))
    found: list[Floats] = []
    seen: set[int] = set()
    while pivot not in seen and len(found) < _PIVOTS:
        seen.add(pivot)
        at = order[start[pivot] : start[pivot + 1]]
        column = np.full(n_rows, far)
        column[arcs.row[at]] = arcs.cost[at]
        found.append(column)
        apart = np.where(question.pupils > 0, np.min(found, axis=0), -1.0)
        pivot = int(nearest[int(np.argmax(apart))])
    return np.column_stack(found)


def seen_from_afar(question: FlowQuestion, group: Ints) -> FlowQuestion:
    """
    Ask the question with the rows of a group as one row, at the mean of their costs.

    Its answers are good choices of sites; its bound says nothing about the question itself.

    Parameters
    ----------
    question : FlowQuestion
        The question, without boarding.
    group : numpy.ndarray of int64, shape (n_rows,)
        Group of each row; -1 for rows left out.

    Returns
    -------
    FlowQuestion
        The question from afar, its arcs ordered by row and, in a row, from cheap to dear.
    """
    arcs, n = question.arcs, int(group.max(initial=-1)) + 1
    used = np.flatnonzero(group >= 0)
    member = sparse.csr_array((question.pupils[used], (group[used], used)), shape=(n, question.pupils.size))
    shape = (question.pupils.size, question.n_sites)
    there = sparse.csr_array((np.ones(arcs.row.size), (arcs.row, arcs.site)), shape=shape)
    cost = sparse.csr_array((arcs.cost, (arcs.row, arcs.site)), shape=shape)
    pupils = np.bincount(group[used], weights=question.pupils[used], minlength=n)
    reached, total = (member @ there).toarray(), (member @ cost).toarray()
    row, site = np.nonzero(reached > 0)
    mean = total[row, site] / reached[row, site]
    order = np.lexsort((mean, row))
    way_out = np.full(n, np.inf)
    np.minimum.at(way_out, group[used], question.unserved[used])
    return question.changed(
        arcs=Arcs(row[order], site[order], mean[order], np.zeros(row.size, dtype=bool)), pupils=pupils, unserved=way_out
    )

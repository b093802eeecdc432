"""
Open ``p`` new sites so that the mean way and the mean way of the worst-off pupils are small together.

References
----------
.. [1] W. Ogryczak and M. Zawadzki, Ann. Oper. Res. 110, 181-198, 2002. https://doi.org/10.1023/A:1020723818980
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.errors import Message, SchemaError, msg
from planning.siting.answer import allocate_nearest, left_out, no_answer
from planning.siting.checks import Floats, Reach, check_columns, check_count, check_limit, check_pupils, check_share
from planning.siting.clock import Cancel, Clock
from planning.siting.equity.fairness import check_tail
from planning.siting.equity.tails import FairSearch, Mix, search_thresholds, search_within_share
from planning.siting.median.p_median import p_median
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.tables.shortlist import cheaper_pairs, cost_matrix, shorten

__all__ = ["fair_median"]


def fair_median(
    costs: Any,
    pupils: Any,
    p: int,
    fixed: Iterable[int] = (),
    *,
    tail: float = 0.1,
    weight: float = 0.5,
    limit: float | None = None,
    max_beyond_share: float | None = None,
    time_limit_s: float = 60,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open exactly ``p`` new sites so that a mix of the mean cost and the mean cost of the worst-off pupils is least.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    p : int
        New sites, those of ``fixed`` not counted.
    fixed : iterable of int
        Columns that are open already.
    tail : float
        Share of the pupils who count as worst off, above 0, at most 1 [1].
    weight : float
        Weight of the worst-off pupils' mean, 0 (the p-median) to 1; the mean of all has the rest [1].
    limit : float, optional
        Largest cost that is still within the limit, inclusive [cost unit].
    max_beyond_share : float, optional
        Share of the pupils in reach who may be beyond ``limit``, 0 to 1 [1]; the two are given together.
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is ``(1 - weight) * mean + weight * tail mean`` [cost unit] over the pupils whom some
        site reaches. Every cell in reach goes to its nearest open site. Where ``p`` sites cannot reach every cell, or
        leave too many beyond the limit, status ``infeasible`` with the reason.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or ``p`` exceeds the candidates.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    table = cost_matrix(costs)
    n_rows, n_sites = int(table.shape[0]), int(table.shape[1])
    wanted = check_pupils(pupils, n_rows)
    open_now = check_columns(fixed, n_sites, "fixed")
    count = check_count(p, n_sites - open_now.size)
    mix = Mix(check_tail(tail), check_share(weight, "weight"))
    if (limit is None) != (max_beyond_share is None):
        raise SchemaError(msg("limit, max_beyond_share: give both or neither."))
    within = np.inf if limit is None else check_limit(limit, "limit")
    short = shorten(table, wanted, open_now)
    cap = np.inf if max_beyond_share is None else _part(short.weight, check_share(max_beyond_share, "max_beyond_share"))
    counted = np.flatnonzero(short.weight > 0)
    none = np.zeros(counted.size)
    unreachable, words = left_out(Reach(counted, none.astype(np.int64), none, n_rows, n_sites), wanted)
    search = FairSearch(short, count, mix, clock, limit=within, cap=cap)
    if not search.begin():
        told = p_median(table, wanted, count, open_now.tolist(), max(1.0, clock.left), cancel=cancel)
        return no_answer("min", clock, unreachable, told.explanation or words)
    if np.isfinite(cap):
        fewest = search_within_share(search)
        if fewest > cap:
            return no_answer("min", clock, unreachable, (*words, _too_many_beyond(short.weight, fewest, cap, within)))
    else:
        search_thresholds(search)
    if search.sites is None:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=search.bound)
    everything = np.union1d(open_now, search.sites)
    is_open = np.zeros(n_sites, dtype=bool)
    is_open[everything] = True
    pairs = cheaper_pairs(table, np.full(n_rows, np.inf), is_open)
    bound = min(search.bound, search.value)
    return Proposal(
        sites=tuple(search.sites.tolist()),
        closed=(),
        allocation=allocate_nearest(pairs, wanted, everything),
        sense="min",
        objective=search.value,
        bound=bound,
        status="optimal" if gap_between(search.value, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def _part(weight: Floats, share: float) -> float:
    """Count the pupils of a share; whole ones where all are whole (0.1 of 10 is 1, not 0.9999…)."""
    total = float(weight.sum())
    if np.array_equal(weight, np.floor(weight)):
        return float(np.floor(share * total + 1e-9 * max(1.0, total)))
    return share * total * (1 + 1e-12)


def _too_many_beyond(weight: Floats, fewest: float, cap: float, limit: float) -> Message:
    return msg(
        "At least {fewest} of {total} pupils stay beyond the limit of {limit}, whichever sites are chosen; only {cap} are "
        "allowed. Allow a share of {share}, more new sites, or a longer way.",
        fewest=f"{fewest:g}",
        total=f"{weight.sum():g}",
        limit=f"{limit:g}",
        cap=f"{cap:g}",
        share=f"{fewest / weight.sum():.4f}",
    )

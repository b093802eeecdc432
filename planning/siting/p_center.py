"""
Open ``p`` new sites so that the farthest cell is as near as possible.

References
----------
.. [1] E. Minieka, SIAM Rev. 12(1), 138-139, 1970. https://doi.org/10.1137/1012016
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.siting.answer import allocate_nearest, left_out, no_answer, unreached_by_choice
from planning.siting.checks import (
    Floats,
    Ints,
    Reach,
    check_columns,
    check_count,
    check_limit,
    check_pupils,
    check_reach,
)
from planning.siting.clock import Cancel, Clock
from planning.siting.cover import Cover, cover_rows
from planning.siting.lists import build_lists, nearest_cost
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.swap import build_greedily, with_finite_fallback

__all__ = ["p_center"]

logger = logging.getLogger(__name__)


def p_center(
    costs: Any,
    pupils: Any,
    p: int,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open exactly ``p`` new sites so that the largest cost of any cell with pupils is least.

    How many pupils live in a cell does not matter, only that some do. The answer is searched among the costs that
    occur: can ``p`` sites reach everybody within this one? Sites that the worst-off cell does not need are spent on
    the mean.

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
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is the largest cost of any cell in reach, 0 where there is none. Where ``p`` new
        sites cannot reach every cell, status ``infeasible`` and the cells are named.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or ``p`` exceeds the candidates.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    reach = check_reach(costs)
    weight = check_pupils(pupils, reach.n_rows)
    open_now = check_columns(fixed, reach.n_sites, "fixed")
    candidates = np.setdiff1d(np.arange(reach.n_sites), open_now)
    count = check_count(p, candidates.size)
    unreachable, words = left_out(reach, weight)
    question = reach.only(((weight > 0) & reach.reached())[reach.row])
    sites, bound, fewest = _search(question, weight, open_now, candidates, count, clock)
    if fewest > count:
        words += unreached_by_choice(reach, weight, open_now, candidates, count, fewest, clock)
        return no_answer("min", clock, unreachable, words)
    if sites is None:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=bound)
    sites = _spend_rest(question, weight, open_now, sites, candidates, count, clock)
    everything = np.union1d(open_now, sites)
    objective = _radius(question, everything)
    bound = min(bound, objective)
    return Proposal(
        sites=tuple(sites.tolist()),
        closed=(),
        allocation=allocate_nearest(reach, weight, everything),
        sense="min",
        objective=objective,
        bound=bound,
        status="optimal" if gap_between(objective, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def _radius(reach: Reach, sites: Ints) -> float:
    """Largest cost of any row that has a pair; inf where one is left without a site."""
    return float(nearest_cost(reach, sites)[reach.reached()].max(initial=0.0))


def _search(
    reach: Reach, weight: Floats, fixed: Ints, candidates: Ints, p: int, clock: Clock
) -> tuple[Ints | None, float, int]:
    """Halve the costs that occur; give sites (None without any), a bound, and the fewest sites where p is too few."""
    by_fixed = nearest_cost(reach, fixed)
    by_any = nearest_cost(reach, np.arange(reach.n_sites))
    lowest = float(by_any[reach.reached()].max(initial=0.0))
    pays = by_fixed[reach.row]
    steps = np.unique(np.concatenate([[lowest], reach.cost[(reach.cost > lowest) & (reach.cost <= pays)]]))
    low, high, best = 0, steps.size, None
    everybody = _radius(reach, fixed)
    if np.isfinite(everybody):
        best, high = np.zeros(0, dtype=np.int64), int(np.searchsorted(steps, everybody))
    elif not clock.stopped:
        cover = _within(reach, weight, by_fixed, np.inf, p, clock)
        if cover.bound > p:
            return None, float("inf"), cover.bound
        if cover.status in {"optimal", "enough"}:
            best = cover.sites
            high = int(np.searchsorted(steps, _radius(reach, np.union1d(fixed, best))))
    while low < high and best is not None and not clock.stopped:
        middle = (low + high) // 2
        cover = _within(reach, weight, by_fixed, float(steps[middle]), p, clock)
        logger.debug(
            "p-center: within %g: %s, %d sites, bound %d", steps[middle], cover.status, cover.sites.size, cover.bound
        )
        if cover.sites.size <= p and cover.status in {"optimal", "enough"}:
            best = cover.sites
            high = int(np.searchsorted(steps, _radius(reach, np.union1d(fixed, best))))
        elif cover.bound > p:
            low = middle + 1
        else:
            break
    bound = float(steps[low]) if low < steps.size else float(steps[-1])
    return best, bound, 0


def _within(reach: Reach, weight: Floats, by_fixed: Floats, radius: float, p: int, clock: Clock) -> Cover:
    """Cover all rows that the open sites leave beyond a radius."""
    needy = reach.reached() & (by_fixed > radius) if np.isfinite(radius) else reach.reached() & np.isinf(by_fixed)
    number = np.cumsum(needy) - 1
    pairs = needy[reach.row] & (reach.cost <= radius)
    return cover_rows(number[reach.row[pairs]], reach.site[pairs], weight[needy], reach.n_sites, clock=clock, enough=p)


def _spend_rest(reach: Reach, weight: Floats, fixed: Ints, sites: Ints, candidates: Ints, p: int, clock: Clock) -> Ints:
    """Open the sites that are still to be had where they shorten the way most."""
    unused = np.setdiff1d(candidates, sites)
    lists = with_finite_fallback(build_lists(reach, weight, np.union1d(fixed, sites)))
    return np.union1d(sites, build_greedily(lists, p - sites.size, unused, clock)).astype(np.int64)

"""
Open ``p`` new sites so that the farthest cell is as near as possible.

References
----------
.. [1] E. Minieka, SIAM Rev. 12(1), 138-139, 1970. https://doi.org/10.1137/1012016
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from planning.siting.answer import no_answer
from planning.siting.checks import Floats, Ints, check_columns, check_count, check_limit, check_pupils
from planning.siting.clock import Cancel, Clock
from planning.siting.coverage.cover import Cover, cover_question
from planning.siting.coverage.question import build_covering, gather_covering
from planning.siting.coverage.search import CoverSearch
from planning.siting.coverage.solve import fill_up
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.reasons.words import clash_of_sites
from planning.siting.tables.cost_table import CostTable, allocate_table, name_left_out, name_unreached, read_costs

__all__ = ["p_center"]

logger = logging.getLogger(__name__)

_FIRST, _MORE = 150, 60  # rows that are looked at from the start, and that are added at a time


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
    table = read_costs(costs)
    weight = check_pupils(pupils, table.n_rows)
    open_now = check_columns(fixed, table.n_sites, "fixed")
    candidates = np.setdiff1d(np.arange(table.n_sites), open_now)
    count = check_count(p, candidates.size)
    unreachable, words = name_left_out(table, weight)
    answer = solve_center(CenterQuestion(table, weight, open_now), count, clock)
    if answer.fewest > count:
        best = reach_most(table, weight, open_now, count, clock)
        total, *cells = name_unreached(table, weight, best, count, answer.fewest)
        clash = clash_of_sites(costs, weight, open_now, count, clock)
        return no_answer("min", clock, unreachable, (*words, total, *clash, *cells))
    if answer.sites is None:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=answer.bound)
    sites = fill_up(answer.sites, count, candidates)
    allocation = allocate_table(table, weight, np.union1d(open_now, sites))
    objective = farthest(table, weight, np.union1d(open_now, sites))
    bound = min(answer.bound, objective)
    return Proposal(
        sites=tuple(sites.tolist()),
        closed=(),
        allocation=allocation,
        sense="min",
        objective=objective,
        bound=bound,
        status="optimal" if gap_between(objective, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def farthest(table: CostTable, weight: Floats, sites: Ints) -> float:
    """
    Find the largest cost of any cell with pupils.

    Parameters
    ----------
    table : CostTable
        The costs.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].
    sites : numpy.ndarray of int64
        Columns that are open, rising.

    Returns
    -------
    float
        Cost [cost unit]; inf where they leave a cell without a site, 0 where there is no cell.
    """
    return float(table.nearest(sites)[1][(weight > 0) & table.reached].max(initial=0.0))


def reach_most(table: CostTable, weight: Floats, fixed: Ints, p: int, clock: Clock) -> Ints:
    """
    Open sites so that as many pupils as possible have any site in reach, by greedy and swaps.

    Parameters
    ----------
    table : CostTable
        The costs.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].
    fixed : numpy.ndarray of int64
        Columns that are open.
    p : int
        New sites allowed.
    clock : Clock
        The run's clock.

    Returns
    -------
    numpy.ndarray of int64
        Open columns, old and new, rising.
    """
    question = build_covering(table, weight, np.inf, fixed)
    search = CoverSearch(question, p)
    search.add(p, clock)
    search.swap(clock)
    return np.union1d(fixed, question.column[search.sites]).astype(np.int64)


@dataclass(frozen=True)
class CenterAnswer:
    """
    Sites of a p-center with their proof.

    Parameters
    ----------
    sites : numpy.ndarray of int64 or None
        Columns, rising, no more than were asked for; None where the run was stopped before it had an answer.
    radius : float
        Largest cost that they leave [cost unit].
    bound : float
        No choice leaves less.
    fewest : int
        Where more new sites than allowed are needed to reach every row: how many at least; else 0.
    """

    sites: Ints | None
    radius: float
    bound: float
    fewest: int = 0


class CenterQuestion:
    """
    The rows that need a site, of which few are looked at: those that any choice so far left too far.

    Parameters
    ----------
    table : CostTable
        The costs.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].
    fixed : numpy.ndarray of int64
        Columns that are open.
    """

    def __init__(self, table: CostTable, weight: Floats, fixed: Ints) -> None:
        self.table = table
        counted = table.reached & (weight > 0)
        self.pays = np.where(counted, table.nearest(fixed)[1], 0.0)
        least = np.where(counted, table.least(), 0.0)
        self.lowest = float(least.max(initial=0.0))
        self.highest = float(self.pays.max(initial=0.0))
        needy = np.flatnonzero(self.pays > self.lowest)
        far = needy[np.argsort(-least[needy], kind="stable")[:_FIRST]]
        self._active = np.union1d(far, needy[:: max(1, needy.size // _FIRST)])
        self._part = table.take(self._active)

    def cover(self, radius: float, p: int, clock: Clock) -> tuple[Cover, float]:
        """
        Cover the rows that the open sites leave beyond a radius.

        Parameters
        ----------
        radius : float
            Largest cost [cost unit].
        p : int
            So many sites are enough.
        clock : Clock
            Time left.

        Returns
        -------
        tuple of Cover and float
            The sites, or how many are needed at least; and the largest cost that the sites leave, inf without any.
        """
        while True:
            pays = self.pays[self._active]
            needy = np.where(pays > radius if np.isfinite(radius) else np.isinf(pays), 1.0, 0.0)
            none = np.zeros(0, dtype=np.int64)
            question = gather_covering(self._part.blocks(radius), needy, self.table.n_sites, none)
            cover = cover_question(question, clock, enough=p)
            if cover.bound > p or cover.sites.size > p or cover.status not in {"optimal", "enough"}:
                return cover, np.inf
            site, cost = self.table.nearest(cover.sites)
            left = np.minimum(self.pays, cost)
            reached = float(left.max(initial=0.0))
            if reached <= radius < np.inf or (np.isfinite(reached) and np.isinf(radius)) or clock.stopped:
                return cover, reached
            self._look_at(left, site, radius)

    def _look_at(self, left: Floats, site: Ints, radius: float) -> None:
        """Look at more rows: of those left too far, the farthest of each site and some of the others."""
        missed = np.flatnonzero(left > radius if np.isfinite(radius) else np.isinf(left))
        missed = missed[np.argsort(-left[missed], kind="stable")]
        _, first = np.unique(site[missed], return_index=True)
        some = np.concatenate([missed[first], missed[:: max(1, missed.size // _MORE)]])
        self._active = np.union1d(self._active, some)
        self._part = self.table.take(self._active)

    def steps(self, beyond: float, highest: float) -> Floats:
        """
        List the costs that the answer can be, as far as the rows looked at tell.

        Parameters
        ----------
        beyond, highest : float
            The answer is more than the one and at most the other [cost unit].

        Returns
        -------
        numpy.ndarray
            Costs, rising; the last is ``highest``.
        """
        found = [self.pays[self._active]]
        found += [np.unique(block.cost[block.cost > beyond]) for block in self._part.blocks(highest)]
        every = np.concatenate(found)
        return np.unique(np.append(every[(every > beyond) & (every < highest)], highest))


def solve_center(question: CenterQuestion, p: int, clock: Clock, *, above: float = 0.0) -> CenterAnswer:
    """
    Open at most ``p`` new sites so that the largest cost is least.

    The costs that the answer can be are halved again and again. A cost that cannot be decided soon is left for later.

    Parameters
    ----------
    question : CenterQuestion
        The question.
    p : int
        New sites.
    clock : Clock
        Time left.
    above : float
        What is proven already: no choice leaves less [cost unit].

    Returns
    -------
    CenterAnswer
        The best answer found and a proven bound.
    """
    none = np.zeros(0, dtype=np.int64)
    lowest, highest = max(question.lowest, above), question.highest
    if np.isfinite(highest) and (highest <= lowest or p == 0):
        return CenterAnswer(none, highest, highest)
    best = none
    if np.isinf(highest):
        cover, highest = question.cover(np.inf, p, clock)
        if cover.bound > p:
            return CenterAnswer(None, np.inf, np.inf, cover.bound)
        if np.isinf(highest):
            return CenterAnswer(None, np.inf, lowest)
        best = cover.sites
    beyond = np.nextafter(lowest, -np.inf)  # the answer is more
    vain_low, vain_high = np.inf, -np.inf  # least and largest cost tried in vain
    slice_s = max(1.0, clock.left / 8)
    while not clock.stopped:
        steps = _possible(question, beyond, lowest, highest)
        below = steps[(steps < min(vain_low, highest)) & (steps > beyond)]
        between = steps[(steps > vain_high) & (steps < highest)]
        if steps[0] >= highest:
            return CenterAnswer(best, highest, highest)
        if below.size == 0 and between.size == 0:
            vain_low, vain_high, slice_s = np.inf, -np.inf, 4.0 * slice_s
            continue
        choices = between if between.size else below
        radius = float(choices[(choices.size - 1) // 2])
        cover, reached = question.cover(radius, p, Clock(min(slice_s, clock.left), clock.cancel))
        logger.debug("p-center: within %g: %s, bound %d, %g", radius, cover.status, cover.bound, reached)
        if reached < highest:
            best, highest = cover.sites, reached
        if cover.bound > p:
            beyond = radius
        elif reached > radius:
            vain_low, vain_high = min(vain_low, radius), max(vain_high, radius)
        if vain_low <= beyond or vain_high >= highest:
            vain_low, vain_high = np.inf, -np.inf
    return CenterAnswer(best, highest, float(_possible(question, beyond, lowest, highest)[0]))


def _possible(question: CenterQuestion, beyond: float, lowest: float, highest: float) -> Floats:
    """List what the answer can be; a row that is not looked at may pay the lowest of it at best."""
    steps = np.maximum(question.steps(beyond, highest), lowest)
    return np.unique(np.append(steps, lowest)) if beyond < lowest < highest else np.unique(steps)

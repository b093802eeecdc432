"""
Open ``p`` new sites so that the farthest cell is as near as possible.

References
----------
.. [1] E. Minieka, SIAM Rev. 12(1), 138-139, 1970. https://doi.org/10.1137/1012016
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planning.siting.answer import no_answer
from planning.siting.checks import Floats, Ints, check_columns, check_count, check_limit, check_pupils
from planning.siting.clock import Cancel, Clock
from planning.siting.coverage.cover import Cover, cover_question
from planning.siting.coverage.question import build_covering, gather_covering
from planning.siting.coverage.search import CoverSearch
from planning.siting.coverage.solve import fill_up
from planning.siting.coverage.within import Effort, cover_within
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.reasons.words import clash_of_sites, name_unreached
from planning.siting.tables.cost_table import CostTable, allocate_table, name_left_out, read_costs

__all__ = ["p_center"]

logger = logging.getLogger(__name__)

_FIRST, _MORE = 150, 60  # rows that are looked at from the start, and that are added at a time
_LOOKS = 3  # looks for rows that the prices' choices cover thinly, before the choices are gone through
_DESCENT = 0.3  # of the time: for the search alone
_SWAPS = 3_000  # swaps of the first search
_FIRST_PART, _LAST_PART = 0.5, 0.002  # of the costs that are left: steps of the search, at first and at last
_NEAR = 0.1  # part of the costs that are left
_THIN, _CHOSEN = 0.9, 1e-3  # of a site: covers a row thinly, and counts as chosen


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
        left = (table.nearest(best)[0] < 0) & (weight > 0) & table.reached
        total, cells = name_unreached(weight, np.flatnonzero(left), table.sites_of, count, answer.fewest)
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

    def reach_all(self, p: int, clock: Clock) -> tuple[Cover, float]:
        """
        Reach the rows that the open sites do not reach, at any cost.

        Parameters
        ----------
        p : int
            So many sites are enough.
        clock : Clock
            Time left.

        Returns
        -------
        tuple of Cover and float
            The sites, or how many are needed at least; and the largest cost that the sites leave, inf without any.
        """
        none = np.zeros(0, dtype=np.int64)
        while True:
            needy = np.where(np.isinf(self.pays[self._active]), 1.0, 0.0)
            question = gather_covering(self._part.blocks(np.inf), needy, self.table.n_sites, none)
            cover = cover_question(question, clock, enough=p)
            if cover.bound > p or cover.sites.size > p or cover.status not in {"optimal", "enough"}:
                return cover, np.inf
            site, left = self.left_by(cover.sites)
            if np.isfinite(left).all() or clock.stopped:
                return cover, float(left.max(initial=0.0))
            self._look_at(np.flatnonzero(np.isinf(left)), left, site)

    def within(
        self, radius: float, p: int, start: Ints, effort: Effort, clock: Clock
    ) -> tuple[Ints | None, float, bool]:
        """
        Decide whether ``p`` sites leave nobody beyond a radius.

        Parameters
        ----------
        radius : float
            Largest cost [cost unit].
        p : int
            Sites allowed.
        start : numpy.ndarray of int64
            Columns to search from.
        effort : Effort
            How hard to try.
        clock : Clock
            Time left.

        Returns
        -------
        tuple of numpy.ndarray or None, float, bool
            The best sites that were found and the largest cost that they leave, None and inf without any; and whether it is
            proven that none leave nobody beyond the radius.
        """
        best, reached = None, np.inf
        none = np.zeros(0, dtype=np.int64)
        looks = _LOOKS if effort.choices else 0
        while True:
            needy = np.where(self.pays[self._active] > radius, 1.0, 0.0)
            question = gather_covering(self._part.blocks(radius), needy, self.table.n_sites, none)
            tried = replace(effort, choices=1) if looks else effort
            verdict = cover_within(question, p, start, tried, clock)
            if verdict.sites is None:
                if verdict.proven or clock.stopped or not looks:
                    return best, reached, verdict.proven
                looks -= 1
                if not self._look_where_thin(question.column, verdict.average, radius):
                    looks = 0
                continue
            start = verdict.sites
            site, left = self.left_by(start)
            if left.max(initial=0.0) < reached:
                best, reached = start, float(left.max(initial=0.0))
            if reached <= radius or clock.stopped:
                return best, reached, False
            self._look_at(np.flatnonzero(left > radius), left, site)

    def left_by(self, sites: Ints) -> tuple[Ints, Floats]:
        """
        Find what every row pays with some sites open besides the fixed ones.

        Parameters
        ----------
        sites : numpy.ndarray of int64
            Columns, rising.

        Returns
        -------
        tuple of numpy.ndarray
            The nearest of these sites (-1 where none is in reach), and the cost [cost unit], each of shape (n_rows,).
        """
        site, cost = self.table.nearest(sites)
        return site, np.minimum(self.pays, cost)

    def _look_at(self, missed: Ints, left: Floats, site: Ints) -> None:
        """Look at more rows: of those left too far, the farthest of each site and some of the others."""
        missed = missed[np.argsort(-left[missed], kind="stable")]
        _, first = np.unique(site[missed], return_index=True)
        self._add(np.concatenate([missed[first], missed[:: max(1, missed.size // _MORE)]]))

    def _look_where_thin(self, column: Ints, average: Floats, radius: float) -> bool:
        """Look at rows that the choices of the prices cover least; tell whether there were many."""
        some = average > _CHOSEN
        covered = np.zeros(self.table.n_rows)
        share = np.zeros(self.table.n_sites)
        share[column[some]] = average[some]
        for first, start, site, _ in self.table.blocks(radius, column[some]):
            total = np.concatenate([[0.0], np.cumsum(share[site])])
            covered[first : first + start.size - 1] = np.diff(total[start])
        thin = np.flatnonzero((covered < _THIN) & (self.pays > radius))
        if thin.size < _FIRST:
            return False
        thin = thin[np.argsort(covered[thin], kind="stable")]
        self._add(thin[:: max(1, thin.size // (2 * _FIRST))])
        return True

    def _add(self, rows: Ints) -> None:
        self._active = np.union1d(self._active, rows)
        self._part = self.table.take(self._active)

    def steps(self, beyond: float, highest: float) -> Floats:
        """
        List the costs that the answer can be, as far as the rows looked at tell.

        Parameters
        ----------
        beyond, highest : float
            The answer is more than the one, and less than the other [cost unit].

        Returns
        -------
        numpy.ndarray
            Costs between the two, in any order.
        """
        paid = self.pays[self._active]
        found = [paid[(paid > beyond) & (paid < highest)]]
        if beyond < self.lowest < highest:
            found.append(np.array([self.lowest]))  # what a row that is not looked at may pay at best
        largest = np.nextafter(highest, -np.inf)
        found += [block.cost[block.cost > max(beyond, self.lowest)] for block in self._part.blocks(largest)]
        return np.concatenate(found)


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
    beyond = np.nextafter(max(question.lowest, above), -np.inf)  # the answer is more
    highest = question.highest
    if np.isfinite(highest) and (highest <= np.nextafter(beyond, np.inf) or p == 0):
        return CenterAnswer(none, highest, highest)
    best = none
    if np.isinf(highest):
        cover, highest = question.reach_all(p, clock)
        if cover.bound > p:
            return CenterAnswer(None, np.inf, np.inf, cover.bound)
        if np.isinf(highest):
            return CenterAnswer(None, np.inf, float(np.nextafter(beyond, np.inf)))
        best = cover.sites
    part = clock.part(clock.left * _DESCENT)
    return _narrow(question, p, *_descend(question, p, best, highest, beyond, part), clock)


def _narrow(question: CenterQuestion, p: int, best: Ints, highest: float, beyond: float, clock: Clock) -> CenterAnswer:
    """Close in on the least cost that so many sites can leave: more than ``beyond``, at most ``highest``."""
    vain_low, vain_high, level = np.inf, -np.inf, 0  # least and largest cost tried in vain
    while True:
        clock.tell(highest, min(float(np.nextafter(beyond, np.inf)), highest))
        steps = question.steps(beyond, highest)
        if steps.size == 0:
            return CenterAnswer(best, highest, highest)
        if clock.stopped:
            return CenterAnswer(best, highest, float(steps.min()))
        near = _NEAR * (highest - beyond)  # costs so near to one tried in vain are left for a greater effort
        below, between = steps[steps < vain_low - near], steps[steps > vain_high + near]
        if below.size == 0 and between.size == 0:
            vain_low, vain_high, level = np.inf, -np.inf, level + 1
            continue
        radius = _middle(below if below.size else between)  # what is left is mostly to be proven
        found, reached, impossible = question.within(radius, p, best, _effort(level), clock)
        logger.debug("p-center: within %g: %s, %g", radius, impossible, reached)
        if found is not None and reached < highest:
            best, highest = found, reached
        if impossible:
            beyond = radius
        elif reached > radius:
            vain_low, vain_high = min(vain_low, radius), max(vain_high, radius)
        if vain_low <= beyond or vain_high >= highest:
            vain_low, vain_high = np.inf, -np.inf


def _descend(
    question: CenterQuestion, p: int, best: Ints, highest: float, beyond: float, clock: Clock
) -> tuple[Ints, float, float]:
    """Search for sites that leave less and less, in ever smaller steps and with ever more swaps."""
    part, swaps = _FIRST_PART, _SWAPS
    while part > _LAST_PART and not clock.stopped and highest > np.nextafter(beyond, np.inf):
        clock.tell(highest, min(float(np.nextafter(beyond, np.inf)), highest))
        radius = max(question.lowest, highest - part * (highest - beyond))
        found, reached, impossible = question.within(radius, p, best, Effort(swaps, 0, 0), clock)
        if found is not None and reached < highest:
            best, highest = found, reached
        if impossible:
            beyond = radius
        elif reached > radius:
            part, swaps = 0.5 * part, swaps + swaps // 2
    return best, highest, beyond


def _middle(costs: Floats) -> float:
    at = (costs.size - 1) // 2
    return float(np.partition(costs, at)[at])


def _effort(level: int) -> Effort:
    return Effort(swaps=_SWAPS * 2**level, rounds=600, choices=10 * 4**level)

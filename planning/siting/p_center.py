"""
Open ``p`` new sites so that the farthest cell is as near as possible.

References
----------
.. [1] E. Minieka, SIAM Rev. 12(1), 138-139, 1970. https://doi.org/10.1137/1012016
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from planning.siting.answer import no_answer
from planning.siting.checks import Bools, Floats, Ints, check_columns, check_count, check_limit, check_pupils
from planning.siting.clock import Cancel, Clock
from planning.siting.cost_table import Block, CostTable, allocate_table, name_left_out, name_unreached, read_costs
from planning.siting.cover import Cover, cover_question
from planning.siting.coverage import build_covering, gather_covering
from planning.siting.coverage_answer import fill_up
from planning.siting.coverage_search import CoverSearch
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between

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
    table = read_costs(costs)
    weight = check_pupils(pupils, table.n_rows)
    open_now = check_columns(fixed, table.n_sites, "fixed")
    candidates = np.setdiff1d(np.arange(table.n_sites), open_now)
    count = check_count(p, candidates.size)
    unreachable, words = name_left_out(table, weight)
    answer = solve_center(CenterQuestion(table, weight, open_now), count, clock)
    if answer.fewest > count:
        best = reach_most(table, weight, open_now, count, clock)
        return no_answer("min", clock, unreachable, words + name_unreached(table, weight, best, count, answer.fewest))
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
    Which sites are within a radius of the rows that need one.

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
        self.table, self.fixed = table, fixed
        self.counted = table.reached & (weight > 0)
        self.pays = np.where(self.counted, table.nearest(fixed)[1], 0.0)
        self.lowest = float(table.least()[self.counted].max(initial=0.0))
        self.ladder = np.unique(np.quantile(table.sample(20_000), 4.0 ** np.arange(-6, 0))) if table.reached.any() else []
        self._kept: tuple[float, list[Block]] = (-1.0, [])

    def cover(self, radius: float, p: int, clock: Clock) -> Cover:
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
        Cover
            The sites, or how many are needed at least.
        """
        needy = np.where(self.counted & ~(self.pays <= min(radius, np.finfo(np.float64).max)), 1.0, 0.0)
        blocks = self.table.blocks(radius) if radius > self._kept[0] else map(_within(radius), self._kept[1])
        question = gather_covering(blocks, needy, self.table.n_sites, np.zeros(0, dtype=np.int64))
        return cover_question(question, clock, enough=p)

    def radius(self, sites: Ints) -> float:
        """
        Find the largest cost that some new sites leave.

        Parameters
        ----------
        sites : numpy.ndarray of int64
            Columns, rising.

        Returns
        -------
        float
            Cost [cost unit].
        """
        return float(np.minimum(self.pays, self.table.nearest(sites)[1])[self.counted].max(initial=0.0))

    def steps(self, beyond: float, highest: float) -> Floats:
        """
        List the costs that the answer can be, and keep the pairs that are needed to find it.

        Parameters
        ----------
        beyond, highest : float
            The answer is more than the one and at most the other [cost unit].

        Returns
        -------
        numpy.ndarray
            Costs, rising; the last is ``highest``.
        """
        if self._kept[0] < highest:
            rows = self.counted & (self.pays > beyond)
            self._kept = (highest, [_of_rows(block, rows) for block in self.table.blocks(highest)])
        found = [block.cost[block.cost > beyond] for block in self._kept[1]]
        fixed = self.pays[(self.pays > beyond) & (self.pays < highest)]
        return np.unique(np.concatenate([*found, fixed, [highest]]))


def _of_rows(block: Block, rows: Bools) -> Block:
    """Keep the pairs of some rows of a block."""
    length = np.diff(block.start)
    keep = rows[block.first : block.first + length.size]
    pairs = np.repeat(keep, length)
    start = np.concatenate([[0], np.cumsum(np.where(keep, length, 0))])
    return Block(block.first, start, block.site[pairs], block.cost[pairs])


def _within(radius: float) -> Callable[[Block], Block]:
    """Make the function that keeps the pairs of a block within a radius."""

    def cut(block: Block) -> Block:
        near = block.cost <= radius
        start = np.concatenate([[0], np.cumsum(near)])[block.start]
        return Block(block.first, start, block.site[near], block.cost[near])

    return cut


def solve_center(question: CenterQuestion, p: int, clock: Clock, *, above: float = 0.0) -> CenterAnswer:
    """
    Open at most ``p`` new sites so that the largest cost is least.

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
    beyond, lowest = -1.0, max(question.lowest, above)
    highest = float(question.pays.max(initial=0.0))
    best = none if np.isfinite(highest) else None
    if highest <= lowest or (p == 0 and best is not None):
        return CenterAnswer(none, highest, highest)
    for radius in [lowest, *(rung for rung in question.ladder if lowest < rung < highest), np.inf]:
        if clock.stopped or (radius == np.inf and best is not None):
            break
        cover = question.cover(radius, p, clock)
        logger.debug("p-center: within %g: %s, bound %d", radius, cover.status, cover.bound)
        if cover.bound > p:
            beyond = radius
            if radius == np.inf:
                return CenterAnswer(None, np.inf, np.inf, cover.bound)
        elif cover.sites.size <= p and cover.status in {"optimal", "enough"}:
            best, highest = cover.sites, question.radius(cover.sites)
            break
    if best is None:
        return CenterAnswer(None, np.inf, max(lowest, beyond))
    if highest <= lowest:
        return CenterAnswer(best, highest, highest)
    return _halve(question, p, clock, CenterAnswer(best, highest, lowest), beyond)


def _halve(question: CenterQuestion, p: int, clock: Clock, known: CenterAnswer, beyond: float) -> CenterAnswer:
    """Halve the costs that the answer can be; a cost that cannot be decided soon is left for later."""
    steps = question.steps(beyond, known.radius)
    steps = np.unique(np.maximum(steps, known.bound))
    best, low, high = known.sites, 0, steps.size - 1
    slice_s = max(1.0, clock.left / 8)
    open_low, open_high = high, low  # first and last step that was tried in vain
    while low < high and not clock.stopped:
        if open_low > open_high:  # nothing in between was tried in vain
            middle = (low + high) // 2
        elif high - open_high > 1:
            middle = (open_high + high) // 2
        elif open_low > low:
            middle = (low + open_low) // 2
        else:
            slice_s, open_low, open_high = slice_s * 4, high, low
            continue
        cover = question.cover(float(steps[middle]), p, Clock(min(slice_s, clock.left), clock.cancel))
        logger.debug("p-center: within %g: %s, bound %d of %d", steps[middle], cover.status, cover.bound, p)
        if cover.bound > p:
            low = middle + 1
        elif cover.sites.size <= p and cover.status in {"optimal", "enough"}:
            best = cover.sites
            high = min(middle, int(np.searchsorted(steps, question.radius(best))))
        else:
            open_low, open_high = min(open_low, middle), max(open_high, middle)
        open_high = min(open_high, max(high - 1, low)) if open_low <= open_high else open_high
        if open_low <= open_high and (low > open_high or high <= open_low):
            open_low, open_high = high, low
    return CenterAnswer(best, float(steps[high]), float(steps[low]))

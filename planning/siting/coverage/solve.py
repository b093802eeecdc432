"""
Cover as many pupils as possible, from first guess to proof: swaps, bound, settling of sites, HiGHS on what is left.

References
----------
.. [1] J.-F. Cordeau, F. Furini and I. Ljubic, Eur. J. Oper. Res. 275, 882-896, 2019. https://doi.org/10.1016/j.ejor.2018.12.021
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.coverage.bound import CoverPrices
from planning.siting.coverage.question import Covering, drop_dominated_sites
from planning.siting.coverage.search import CoverSearch
from planning.siting.highs import Model, Rows, solve_model
from planning.siting.proposal import OPTIMAL_GAP, gap_between

__all__ = ["CoverAnswer", "fill_up", "lower_bound_to_step", "solve_coverage", "weight_step"]

logger = logging.getLogger(__name__)

_CHUNK = 100  # rounds of prices between looks at the clock, the gap and the best choice
_WORTHWHILE = 0.03  # part of the gap that a chunk must close for another one on the same level
_CHUNKS = 8
_KICKS = 20  # new searches from the best choice between two goes at the bound
_FOR_HIGHS = 600_000  # pairs up to which HiGHS is asked
_SMALL_ENOUGH = 20_000  # pairs up to which HiGHS is asked at once, when the sites are settled


@dataclass(frozen=True)
class CoverAnswer:
    """
    Sites that cover much, with their proof.

    Parameters
    ----------
    sites : numpy.ndarray of int64
        Columns, rising; no more than were asked for.
    value : float
        Pupils covered.
    bound : float
        Pupils that no choice can exceed.
    """

    sites: Ints
    value: float
    bound: float

    @property
    def proven(self) -> bool:
        """
        True where the gap is closed.

        Returns
        -------
        bool
            True up to ``OPTIMAL_GAP``.
        """
        return gap_between(self.value, self.bound) <= OPTIMAL_GAP


def weight_step(weight: Floats, settled: float) -> float:
    """
    Tell by how much two answers differ at least.

    Parameters
    ----------
    weight : numpy.ndarray
        Pupils of the rows [pupils].
    settled : float
        Pupils covered anyway [pupils].

    Returns
    -------
    float
        1 where all are whole numbers, else 0.
    """
    whole = settled == np.floor(settled) and np.array_equal(weight, np.floor(weight))
    return 1.0 if whole and settled + float(weight.sum()) < 2**50 else 0.0


def lower_bound_to_step(bound: float, value: float, step: float) -> float:
    """
    Lower a bound to the next value that an answer can have.

    Parameters
    ----------
    bound, value : float
        Proven bound, and the best known value.
    step : float
        As `weight_step` has it.

    Returns
    -------
    float
        The bound, never below the value.
    """
    if step > 0.0:
        bound = float(np.floor(bound / step + 1e-6)) * step
    return max(bound, value)


def fill_up(sites: Ints, p: int, candidates: Ints) -> Ints:
    """
    Add the lowest unused columns until there are ``p``: one more site never uncovers anybody.

    Parameters
    ----------
    sites : numpy.ndarray of int64
        Columns chosen.
    p : int
        Sites wanted.
    candidates : numpy.ndarray of int64
        All columns that may be chosen.

    Returns
    -------
    numpy.ndarray of int64
        Columns, rising.
    """
    unused = np.setdiff1d(candidates, sites)
    return np.union1d(sites, unused[: max(0, p - sites.size)]).astype(np.int64)


class _Run:
    """One run: the question as far as it is not settled, the best choice, and the bound."""

    def __init__(
        self, question: Covering, budget: float, clock: Clock, spend: Floats | None, start: Ints, target: float
    ) -> None:
        self.question, self.budget, self.clock, self.spend = question, budget, clock, spend
        self.step = weight_step(question.weight, question.settled)
        self.opened = np.zeros(0, dtype=np.int64)  # columns settled as open
        self.sites, self.value = np.zeros(0, dtype=np.int64), question.settled
        self.bound = question.settled + float(question.weight.sum())
        self.target = target
        self.deepest_only = False  # the shares are good already: no need of coarser levels
        self._random = np.random.default_rng(question.n_rows)
        self._begin(start)

    def _begin(self, start: Ints) -> None:
        """Search and price the question that is left."""
        slots = self.question.n_sites if self.spend is not None else int(self.budget)
        self.search = CoverSearch(
            self.question, min(slots, 1000), self.spend, np.inf if self.spend is None else self.budget
        )
        self.search.restart(start)
        self.polish()
        self.prices = CoverPrices(self.question, [self.budget], self.spend)
        self.prices.begin(self.search.sites)

    @property
    def done(self) -> bool:
        """True where the question is answered, or time is up."""
        settled = self.value >= self.target or self.bound < self.target < np.inf
        return settled or self.clock.stopped or gap_between(self.value, self.bound) <= OPTIMAL_GAP / 2

    def polish(self) -> bool:
        """Add and swap from where the search stands; keep what is better."""
        for _ in range(3):
            self.search.add(self.question.n_sites, self.clock)
            if self.search.swap(self.clock) == 0 or self.spend is None:
                break
        return self._keep(self.question.column[self.search.sites], self.search.value)

    def _keep(self, sites: Ints, value: float) -> bool:
        if value <= self.value:
            return False
        self.sites, self.value = np.union1d(self.opened, sites).astype(np.int64), value
        return True

    def tighten(self) -> None:
        """Lower the bound from level to level; each level's average of choices is a start for the search."""
        n_levels = len(self.prices.levels)
        for depth in range(n_levels - 1 if self.deepest_only else 0, n_levels):
            before = np.inf
            for _ in range(_CHUNKS):
                reached = self.prices.improve(self.budget, self.value, _CHUNK, self.clock, depth)
                self.lower(float(self.prices.bounds[0]))
                logger.debug("coverage: level %d: %.9g of %.9g", depth, self.value, self.bound)
                if self.done or before - reached < _WORTHWHILE * (reached - self.value):
                    break
                before = reached
            self.round()
            if self.done:
                return

    def round(self) -> None:
        """Search from the choice that the average of the prices' choices points to."""
        if self.clock.stopped:
            return
        self.search.restart(self.prices.rounded(self.budget))
        self.polish()

    def kick(self) -> None:
        """Shut some sites of the best choice at random, and search again; a number of times."""
        for _ in range(_KICKS):
            if self.done:
                return
            inside = np.flatnonzero(np.isin(self.question.column, self.sites))
            n_out = min(inside.size, 2 + int(self._random.integers(1 + inside.size // 5)))
            self.search.restart(np.setdiff1d(inside, self._random.permutation(inside)[:n_out]))
            self.polish()

    def settle(self) -> bool:
        """Shut the sites that no better choice has and open those that every one has; tell whether much went."""
        bound, with_it, without = self.prices.reduced(self.budget)
        self.lower(bound)
        cutoff = self.value + (self.step - 1e-6 if self.step else 1e-9 * abs(self.value))
        if np.isfinite(self.target):
            cutoff = max(cutoff, self.target)
        shut, opened = bound - with_it < cutoff, bound - without < cutoff
        if (shut & opened).any():  # no better choice is left
            self.bound = max(self.value, min(self.bound, np.nextafter(cutoff, -np.inf)))
            return False
        keep = ~shut & ~opened
        if keep.sum() > 0.8 * self.question.n_sites:
            return False
        taken = np.flatnonzero(opened)
        columns = self.question.column
        left = self.budget - (taken.size if self.spend is None else float(self.spend[taken].sum()))
        self.opened = np.union1d(self.opened, columns[taken]).astype(np.int64)
        spend = None if self.spend is None else dict(zip(columns.tolist(), self.spend.tolist(), strict=True))
        question = self.question.restricted(keep, taken)
        # the same rows merge whatever they weigh: so their shares come over
        offered = replace(self.question, weight=self.question.weight * self.prices.share).restricted(keep, taken)
        if spend is None:
            question, offered = drop_dominated_sites(question), drop_dominated_sites(offered)
        else:
            self.spend = np.array([spend[column] for column in question.column.tolist()])
            before = question.column
            question = drop_dominated_sites(question, self.spend)
            offered = drop_dominated_sites(offered, self.spend)
            self.spend = self.spend[np.isin(before, question.column)]
        self.question, self.budget = question, max(0.0, left)
        logger.debug("settled: %d sites, %d rows, %d pairs", question.n_sites, question.n_rows, question.n_pairs)
        self._begin(np.flatnonzero(np.isin(question.column, self.sites)))
        self.prices.share = np.clip(offered.weight / question.weight, 0.0, 1.0)
        self.deepest_only = True
        return True

    def lower(self, bound: float) -> None:
        """Take note of a bound."""
        self.bound = max(self.value, min(self.bound, lower_bound_to_step(bound, self.value, self.step)))
        if np.isinf(self.target):  # with a target, what is settled holds for choices that reach it only
            self.clock.tell(self.value, self.bound)

    def ask_highs(self) -> None:
        """Hand what is left to HiGHS."""
        asked = self.question
        n_y, n_z = asked.n_sites, asked.n_rows
        rows = Rows()
        row = np.repeat(np.arange(n_z), np.diff(asked.row_start))
        every = np.arange(n_z)
        values = np.concatenate([np.ones(row.size), -np.ones(n_z)])
        columns = np.concatenate([asked.row_site.astype(np.int64), n_y + every])
        rows.add(np.concatenate([row, every]), columns, values, n=n_z, lower=0.0)
        spend = np.ones(n_y) if self.spend is None else self.spend
        rows.add(np.zeros(n_y), np.arange(n_y), spend, n=1, upper=self.budget)
        if np.isfinite(self.target):
            enough = self.target - asked.settled
            rows.add(np.zeros(n_z), n_y + every, asked.weight / max(1.0, enough), n=1, lower=min(enough, 1.0) - 1e-7)
        whole = np.zeros(n_y + n_z, dtype=bool)
        whole[:n_y] = True
        start = np.zeros(n_y + n_z)
        start[np.flatnonzero(np.isin(asked.column, self.sites))] = 1.0
        start[n_y:] = asked.counts(np.flatnonzero(start[:n_y])) > 0
        cost = np.concatenate([np.zeros(n_y), -asked.weight])
        model = Model(cost, np.zeros(n_y + n_z), np.ones(n_y + n_z), whole, rows)
        stop_at = asked.settled - self.target if np.isfinite(self.target) else None
        solution = solve_model(model, clock=self.clock, start=start, stop_at=stop_at)
        if solution.x is not None:
            sites = np.flatnonzero(solution.x[:n_y] > 0.5)
            if self.spend is None or float(self.spend[sites].sum()) <= self.budget:
                self._keep(asked.column[sites], asked.value(sites))
        if solution.status == "infeasible":
            self.bound = max(self.value, min(self.bound, np.nextafter(self.target, -np.inf)))
        elif np.isfinite(solution.bound):
            self.lower(asked.settled - solution.bound)


def solve_coverage(
    question: Covering,
    budget: float,
    clock: Clock,
    *,
    spend: Floats | None = None,
    start: Ints | None = None,
    target: float = np.inf,
    above: float = np.inf,
) -> CoverAnswer:
    """
    Open sites within a number or a budget so that as many pupils as possible are covered.

    Parameters
    ----------
    question : Covering
        The question.
    budget : float
        Sites to open at most; with ``spend``, money.
    clock : Clock
        Time left.
    spend : numpy.ndarray, shape (n_sites,), optional
        What each site of the question takes from the budget.
    start : numpy.ndarray of int64, optional
        Columns to begin with.
    target : float
        The search may end as soon as it covers this many pupils, or knows that no choice does.

    above : float
        What is proven already: no choice covers more [pupils].

    Returns
    -------
    CoverAnswer
        The best answer found and a proven bound.
    """
    if spend is not None and question.n_sites:
        fits = spend <= budget
        question, spend = question.restricted(fits), spend[fits]
    everything = question.settled + float(question.weight.sum())
    none = np.zeros(0, dtype=np.int64)
    if question.n_sites == 0 or (budget <= 0 and spend is None):
        bound = question.settled if budget <= 0 and spend is None else everything
        return CoverAnswer(none, question.settled, bound)
    first = none if start is None else np.flatnonzero(np.isin(question.column, start))
    run = _Run(question, float(budget), clock, spend, first, target)
    run.lower(above)
    while not run.done:
        run.tighten()
        logger.debug("coverage: %.9g of %.9g after %d rounds", run.value, run.bound, run.prices.rounds)
        if run.done or (run.question.n_pairs > _SMALL_ENOUGH and run.settle()):
            continue
        if run.question.n_pairs <= _FOR_HIGHS:
            run.ask_highs()
            break
        run.deepest_only = True
        run.kick()
    bound = max(run.bound, run.value)
    if bound < target < np.inf:  # sites were settled for choices that reach the target only
        bound = max(run.value, float(np.nextafter(target, -np.inf)))
    return CoverAnswer(run.sites, run.value, bound)

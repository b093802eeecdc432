"""
The most that can be covered for each of many numbers of sites, or budgets, with the work shared.

One search goes on from each number to the next, and one set of shares of the rows: whatever they are, they bound every
number at once. More sites never cover less, so that a bound holds for all smaller numbers too, and a choice for all larger.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.coverage.bound import CoverPrices
from planning.siting.coverage.question import Covering
from planning.siting.coverage.search import CoverSearch
from planning.siting.coverage.solve import CoverAnswer, solve_coverage
from planning.siting.proposal import OPTIMAL_GAP, gap_between

__all__ = ["solve_curve"]

_SWEEP, _SEARCH = 0.6, 0.35  # part of the time for the first go through all numbers, and of that for the search
_CHAIN = 0.3  # part of the time for first choices, where there are many pairs
_PATIENCE = 0.6  # what each visit takes off the claim of a number on the next one
_VISITS, _STALLED = 3, 0.01  # visits at least, and the part of the gap that one must close for another
_SLOTS = 2_000  # sites that the search holds open at most
_CHUNK, _CHUNKS = 40, 6  # rounds of shares between looks at the gap, and how often for one number and level
_WORTHWHILE = 0.05  # part of the gap that a chunk must close for another one
_CLOSE = 1e-4  # gap at which the first go leaves a number
_SMALL = 1_000_000  # pairs up to which numbers are proven one by one


def solve_curve(
    question: Covering,
    budgets: Floats,
    clock: Clock,
    *,
    spend: Floats | None = None,
    tell: Callable[[int], None] | None = None,
) -> list[CoverAnswer]:
    """
    Cover as many pupils as possible for each of several numbers of sites.

    Parameters
    ----------
    question : Covering
        The question.
    budgets : numpy.ndarray
        Numbers of sites, or money, rising.
    clock : Clock
        Time left for all.
    spend : numpy.ndarray, shape (n_sites,), optional
        What each site takes from a budget; without it 1 each.
    tell : callable, optional
        Called with the numbers dealt with so far; a number counts half when it has a first answer.

    Returns
    -------
    list of CoverAnswer
        One for each budget, neither values nor bounds falling.
    """
    curve = _Curve(question, budgets, spend)
    said = tell or (lambda done: None)
    large = question.n_pairs > _SMALL  # there is no time to prove its points one by one
    curve.sweep(Clock((1.0 if large else _SWEEP) * clock.left, clock.cancel), said)
    curve.prove(clock, said)
    return curve.answers()


class _Curve:
    """Best choice and bound of every budget."""

    def __init__(self, question: Covering, budgets: Floats, spend: Floats | None) -> None:
        self.question, self.budgets, self.spend = question, budgets, spend
        n = budgets.size
        self.sites: list[Ints] = [np.zeros(0, dtype=np.int64)] * n  # numbers in the question
        self.values = np.full(n, question.settled)
        self.bounds = np.full(n, question.settled + float(question.weight.sum()))

    def _spread(self) -> None:
        """Hand choices on to larger budgets, and bounds to smaller ones."""
        for at in range(1, self.budgets.size):
            if self.values[at] < self.values[at - 1]:
                self.values[at], self.sites[at] = self.values[at - 1], self.sites[at - 1]
        self.bounds = np.maximum(np.minimum.accumulate(self.bounds[::-1])[::-1], self.values)

    def _keep(self, at: int, sites: Ints, value: float) -> None:
        if value > self.values[at]:
            self.values[at], self.sites[at] = value, sites

    def sweep(self, clock: Clock, tell: Callable[[int], None]) -> None:
        """Go through the budgets once, from small to large, and where there are many pairs where gaps are widest."""
        n = self.budgets.size
        if n == 0 or self.question.n_sites == 0:
            return
        largest = self.question.n_sites if self.spend is not None else int(self.budgets[-1])
        search = CoverSearch(self.question, min(largest, _SLOTS), self.spend)
        prices = CoverPrices(self.question, self.budgets, self.spend)
        if self.question.n_pairs > _SMALL:
            self._chain(search, Clock(_CHAIN * clock.left, clock.cancel), tell)
            self._visit(prices, search, clock, tell)
        else:
            self._step(prices, search, clock, tell)
        self.bounds = np.minimum(self.bounds, prices.bounds)
        self._spread()

    def _step(self, prices: CoverPrices, search: CoverSearch, clock: Clock, tell: Callable[[int], None]) -> None:
        """Give each budget its search and its bounds, one after another."""
        n = self.budgets.size
        for at in range(n):
            if clock.stopped:
                break
            mine = Clock(clock.left / (n - at), clock.cancel)
            if at:
                search.restart(self.sites[at - 1])
                self._keep(at, self.sites[at - 1], self.values[at - 1])
            self._search(search, at, Clock(_SEARCH * mine.left, mine.cancel))
            if at == 0:
                prices.begin(search.sites)
            self._price(prices, search, at, mine)
            tell((at + 1) // 2)

    def _chain(self, search: CoverSearch, clock: Clock, tell: Callable[[int], None]) -> None:
        """Find a choice for each budget from that of the one before it."""
        for at in range(self.budgets.size):
            if clock.stopped:
                return
            self._search(search, at, clock)
            tell((at + 1) // 2)

    def _visit(self, prices: CoverPrices, search: CoverSearch, clock: Clock, tell: Callable[[int], None]) -> None:
        """
        Lower the bound where the gap is widest, search where the shares point to, and hand on what was found.

        Shares that are good for one budget are good for those near it: most budgets are never worked on themselves, and
        one that was waits until its gap is much wider than the others'.
        """
        n = self.budgets.size
        visits = np.zeros(n, dtype=np.int64)
        ended = np.zeros(n, dtype=bool)
        while not clock.stopped:
            gaps = np.array([gap_between(a, b) for a, b in zip(self.values, prices.bounds, strict=True)])
            ended |= gaps <= OPTIMAL_GAP
            tell(n - (int((~ended & (visits == 0)).sum()) + 1) // 2)
            if ended.all():
                return
            at = int(np.argmax(np.where(ended, -1.0, gaps * _PATIENCE**visits)))
            budget, value, bound = float(self.budgets[at]), float(self.values[at]), float(prices.bounds[at])
            if visits.any():
                prices.resume(budget)
            else:
                prices.begin(self.sites[at])
            for depth in range(len(prices.levels) - 1 if visits.any() else 0, len(prices.levels)):
                self._lower(prices, at, clock, depth)
            visits[at] += 1
            if not clock.stopped:
                search.restart(prices.rounded(budget))
                self._hand_on(search, at, clock)
            closed = float(self.values[at]) - value + bound - float(prices.bounds[at])
            ended[at] = visits[at] > _VISITS and closed < _STALLED * (bound - value)

    def _hand_on(self, search: CoverSearch, at: int, clock: Clock) -> None:
        """Search for one budget; what is found there starts the search for the next ones on both sides, while it pays."""
        before = float(self.values[at])
        self._search(search, at, clock)
        if self.values[at] <= before:
            return
        for side in (range(at + 1, self.budgets.size), range(at - 1, -1, -1)):
            search.restart(self.sites[at])
            for other in side:
                if clock.stopped:
                    return
                before = float(self.values[other])
                self._search(search, other, clock)
                if self.values[other] <= before:
                    break

    def _search(self, search: CoverSearch, at: int, clock: Clock) -> None:
        """Shut what is too much, add and swap from where the search stands."""
        limit = float(self.budgets[at])
        if self.spend is None:
            while search.sites.size > limit:
                search.shut(search.least())
            search.add(int(limit) - search.sites.size, clock)
        else:
            search.budget = limit
            while search.spent > limit:
                search.shut(search.least(paid=True))
            search.add(self.question.n_sites, clock)
        search.swap(clock)
        if self.spend is not None:
            search.add(self.question.n_sites, clock)
        self._keep(at, search.sites, search.value)

    def _lower(self, prices: CoverPrices, at: int, clock: Clock, depth: int) -> None:
        """Lower the bound of one budget on one level, while it pays."""
        before = np.inf
        for _ in range(_CHUNKS):
            if clock.stopped or gap_between(self.values[at], float(prices.bounds[at])) <= _CLOSE:
                return
            reached = prices.improve(float(self.budgets[at]), self.values[at], _CHUNK, clock, depth)
            if before - reached < _WORTHWHILE * (reached - self.values[at]):
                return
            before = reached

    def _price(self, prices: CoverPrices, search: CoverSearch, at: int, clock: Clock) -> None:
        for depth in range(len(prices.levels)):
            self._lower(prices, at, clock, depth)
            if clock.stopped or gap_between(self.values[at], float(prices.bounds[at])) <= OPTIMAL_GAP:
                return
            search.restart(prices.rounded(float(self.budgets[at])))
            self._search(search, at, clock)

    def prove(self, clock: Clock, tell: Callable[[int], None]) -> None:
        """Close the gaps one by one, the widest first, each with its share of the time."""
        n = self.budgets.size
        if self.question.n_pairs > _SMALL:
            return
        tried = np.zeros(n, dtype=bool)
        while not clock.stopped:
            gaps = np.array([gap_between(a, b) for a, b in zip(self.values, self.bounds, strict=True)])
            gaps[tried] = 0.0
            left = int((gaps > OPTIMAL_GAP).sum())
            tell(n - (left + 1) // 2)
            if left == 0:
                return
            at = int(np.argmax(gaps))
            tried[at] = True
            columns = self.question.column
            answer = solve_coverage(
                self.question,
                float(self.budgets[at]),
                Clock(clock.left / left, clock.cancel),
                spend=self.spend,
                start=columns[self.sites[at]],
                above=float(self.bounds[at]),
            )
            self._keep(at, np.flatnonzero(np.isin(columns, answer.sites)), answer.value)
            self.bounds[at] = min(self.bounds[at], answer.bound)
            self._spread()

    def answers(self) -> list[CoverAnswer]:
        """Give the choices by their columns."""
        column = self.question.column
        return [
            CoverAnswer(column[sites], float(value), float(bound))
            for sites, value, bound in zip(self.sites, self.values, self.bounds, strict=True)
        ]

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
        """Go through the budgets once, from small to large."""
        n = self.budgets.size
        if n == 0 or self.question.n_sites == 0:
            return
        largest = self.question.n_sites if self.spend is not None else int(self.budgets[-1])
        search = CoverSearch(self.question, min(largest, _SLOTS), self.spend)
        prices = CoverPrices(self.question, self.budgets, self.spend)
        for at in range(n):
            if clock.stopped:
                break
            part = 1.0 if self.question.n_pairs <= _SMALL else _SWEEP
            mine = Clock(part * clock.left / (n - at), clock.cancel)
            if at:
                search.restart(self.sites[at - 1])
                self._keep(at, self.sites[at - 1], self.values[at - 1])
            self._search(search, at, Clock(_SEARCH * mine.left, mine.cancel))
            if at == 0:
                prices.begin(search.sites)
            self._price(prices, search, at, mine)
            tell((at + 1) // 2)
        if self.question.n_pairs > _SMALL:
            self._sweep_again(prices, search, clock)
        self.bounds = np.minimum(self.bounds, prices.bounds)
        self._spread()

    def _sweep_again(self, prices: CoverPrices, search: CoverSearch, clock: Clock) -> None:
        """Lower the bounds of the widest gaps, and search where they point to, as long as there is time."""
        tried = np.zeros(self.budgets.size, dtype=bool)
        while not (clock.stopped or tried.all()):
            gaps = np.array([gap_between(a, b) for a, b in zip(self.values, prices.bounds, strict=True)])
            gaps[tried] = -1.0
            at = int(np.argmax(gaps))
            tried[at] = True
            search.restart(self.sites[at])
            self._price(prices, search, at, Clock(clock.left / (1 + int((~tried).sum())), clock.cancel))

    def _search(self, search: CoverSearch, at: int, clock: Clock) -> None:
        """Add and swap from where the search stands."""
        if self.spend is None:
            search.add(int(self.budgets[at]) - search.sites.size, clock)
        else:
            search.budget = float(self.budgets[at])
            search.add(self.question.n_sites, clock)
        search.swap(clock)
        if self.spend is not None:
            search.add(self.question.n_sites, clock)
        self._keep(at, search.sites, search.value)

    def _price(self, prices: CoverPrices, search: CoverSearch, at: int, clock: Clock) -> None:
        budget = float(self.budgets[at])
        for depth in range(len(prices.levels)):
            before = np.inf
            for _ in range(_CHUNKS):
                if clock.stopped or gap_between(self.values[at], float(prices.bounds[at])) <= _CLOSE:
                    break
                reached = prices.improve(budget, self.values[at], _CHUNK, clock, depth)
                if before - reached < _WORTHWHILE * (reached - self.values[at]):
                    break
                before = reached
            if clock.stopped or gap_between(self.values[at], float(prices.bounds[at])) <= OPTIMAL_GAP:
                return
            search.restart(prices.rounded(budget))
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

"""
Reach rows with as few sites as possible: the core of set cover, of p-center, and of "can everybody be served at all".

References
----------
.. [1] C. Toregas et al., Oper. Res. 19(6), 1363-1373, 1971. https://doi.org/10.1287/opre.19.6.1363
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock, Tell
from planning.siting.coverage.bound import CoverPrices
from planning.siting.coverage.question import Covering, covering_of, drop_dominated_sites
from planning.siting.coverage.search import CoverSearch
from planning.siting.coverage.solve import solve_coverage
from planning.siting.coverage.within import cover_core
from planning.siting.highs import Model, Rows, solve_model

__all__ = ["Cover", "cover_question", "cover_rows"]

_CHUNK, _CHUNKS = 100, 8  # rounds of prices between looks at the gap, and how often
_WORTHWHILE = 0.03  # part of the gap that a chunk of rounds must close for another one
_SLOTS = 4_000  # sites that a search holds open at most
_SWAPS = 500_000  # swaps to choose from, up to which they are tried
_SMALL = 20_000  # pairs up to which HiGHS is asked at once
_FOR_HIGHS = 600_000  # pairs up to which it is asked at all


@dataclass(frozen=True)
class Cover:
    """
    Sites that reach the rows.

    Parameters
    ----------
    status : {"optimal", "enough", "stopped", "infeasible"}
        ``enough``: no more sites than the caller allows, not proven to be the fewest.
    sites : numpy.ndarray of int64
        Columns, rising; empty where there is no answer.
    bound : int
        No fewer sites do.
    """

    status: Literal["optimal", "enough", "stopped", "infeasible"]
    sites: Ints
    bound: int


def cover_rows(
    row: Ints,
    site: Ints,
    weight: Floats,
    n_sites: int,
    *,
    clock: Clock,
    spare: float = 0.0,
    enough: int | None = None,
) -> Cover:
    """
    Open as few sites as possible so that at most ``spare`` of the weight stays out of reach.

    Parameters
    ----------
    row, site : numpy.ndarray of int, shape (n_pairs,)
        Which site reaches which row, ordered by row.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row, all above 0.
    n_sites : int
        Number of columns.
    clock : Clock
        Time left.
    spare : float
        Pupils that may stay out of reach; 0 = every row is reached.
    enough : int, optional
        The search may end with this many sites.

    Returns
    -------
    Cover
        The sites and the proven lower bound.
    """
    reached = np.zeros(weight.size, dtype=bool)
    reached[row] = True
    beyond = float(weight[~reached].sum())
    question = covering_of(row, site, weight, n_sites)
    cover = cover_question(question, clock, beyond=beyond, spare=spare, enough=enough)
    return replace(cover, bound=n_sites + 1) if cover.status == "infeasible" else cover


def cover_question(
    question: Covering,
    clock: Clock,
    *,
    beyond: float = 0.0,
    spare: float = 0.0,
    enough: int | None = None,
    tell: Tell | None = None,
) -> Cover:
    """
    Open as few sites of a question of covering as possible so that at most ``spare`` of its pupils stay uncovered.

    Parameters
    ----------
    question : Covering
        The question; rows that no site covers are not in it.
    clock : Clock
        Time left.
    beyond : float
        Pupils whom no site covers; they stay uncovered first.
    spare : float
        Pupils that may stay uncovered; 0 = every row is covered.
    enough : int, optional
        The search may end with this many sites.
    tell : callable, optional
        Hears the number of sites and its bound on the way.

    Returns
    -------
    Cover
        The sites, by their columns, and the proven lower bound.
    """
    total = float(question.weight.sum())
    none = np.zeros(0, dtype=np.int64)
    if spare > 0.0:
        spare += 1e-12 * (
            total + beyond
        )  # fractions of pupils that come to just the number that may stay, but for rounding
    if beyond > spare:
        return Cover("infeasible", none, int(question.column.max(initial=-1)) + 2)
    if total + beyond <= spare:
        return Cover("optimal", none, 0)
    if spare > 0.0:
        part = _Part(drop_dominated_sites(question), total - (spare - beyond), clock, tell)
        return _cover_share(part, enough)
    if enough is not None:
        part = _Part(_levelled(question), float(question.n_rows), clock)
        part.pack()
        if part.bound > enough:
            return part.answer(enough)
        part.search.add(enough, clock)
        if part.search.value >= part.target:
            part.sites = part.search.sites
            return part.answer(enough)
    question, needed = cover_core(question, clock)
    if question.n_rows == 0:
        return Cover("optimal", needed, needed.size)
    rest = None if enough is None else enough - int(needed.size)
    n_needed = needed.size
    more = None if tell is None else lambda value, bound: tell(value + n_needed, bound + n_needed)
    part = _Part(_levelled(question), float(question.n_rows), clock, more)
    cover = _cover_all(part, rest)
    return Cover(cover.status, np.union1d(needed, cover.sites).astype(np.int64), cover.bound + needed.size)


def _levelled(question: Covering) -> Covering:
    """Count every row once: where all must be covered, their pupils do not matter."""
    return replace(question, weight=np.ones(question.n_rows), settled=0.0)


class _Part:
    """What is to be covered of a question, the fewest sites known to do, and the number that is known not to."""

    def __init__(self, question: Covering, wanted: float, clock: Clock, tell: Tell | None = None) -> None:
        self.question, self.clock, self.tell = question, clock, tell
        self.target = question.settled + wanted - 1e-9 * max(1.0, wanted)
        self.sites = np.arange(question.n_sites)
        self.bound = 1
        self._search: CoverSearch | None = None

    @property
    def search(self) -> CoverSearch:
        """
        The search, made when it is first asked for.

        Returns
        -------
        CoverSearch
            With room for any cover that greedy finds.
        """
        if self._search is None:
            self._search = CoverSearch(self.question, min(self.question.n_sites, _SLOTS))
        return self._search

    def pack(self) -> None:
        """Bound the number of sites by rows of which no two share a site."""
        from planning.siting.coverage.kernels import pack_rows

        asked = self.question
        order = np.argsort(np.diff(asked.row_start), kind="stable")
        self.bound = max(self.bound, pack_rows(asked.row_start, asked.row_site, order, asked.n_sites))

    def descend(self, enough: int) -> None:
        """Open sites until enough is covered, then shut one after another and swap, while enough stays covered."""
        search = self.search
        search.add(self.question.n_sites, self.clock)
        while search.value >= self.target and search.sites.size:
            self.sites = search.sites
            if self.sites.size <= max(enough, self.bound) or self.clock.stopped:
                return
            search.shut(search.least())
            if self.sites.size * self.question.n_sites <= _SWAPS:
                search.swap(self.clock, until=self.target)

    def try_from(self, sites: Ints, enough: int) -> None:
        """Search from a choice of one site less than is known to do."""
        n_less = self.sites.size - 1
        self.search.restart(sites[:n_less])
        self.search.add(n_less - self.search.sites.size, self.clock)
        self.search.swap(self.clock, until=self.target)
        if self.search.value >= self.target:
            self.descend(enough)

    def raise_bound(self, prices: CoverPrices) -> None:
        """Count the numbers of sites that the prices prove to be too few."""
        short = prices.bounds < self.target
        self.bound = max(self.bound, int(prices.budgets[short].max(initial=0.0)) + 1)

    def tighten(self, enough: int) -> None:
        """Price the rows so that one site less than known is proven too few, or search where the prices point to."""
        prices = CoverPrices(self.question, np.arange(self.sites.size + 1))
        prices.begin(self.sites)
        for depth in range(len(prices.levels)):
            before = np.inf
            for _ in range(_CHUNKS):
                if self.settled(enough) or self.clock.stopped:
                    return
                reached = prices.improve(self.sites.size - 1, self.target - 1e-6, _CHUNK, self.clock, depth)
                self.raise_bound(prices)
                if before - reached < _WORTHWHILE * (reached - self.target):
                    break
                before = reached
            if not self.settled(enough):
                self.try_from(np.argsort(-prices.average, kind="stable"), enough)

    def settled(self, enough: int) -> bool:
        """Tell whether the search may end."""
        if self.tell is not None:
            self.tell(float(self.sites.size), float(min(self.bound, self.sites.size)))
        return self.bound >= self.sites.size or self.sites.size <= enough or self.bound > enough >= 0

    def answer(self, enough: int) -> Cover:
        """Give the answer as it stands."""
        sites = self.question.column[self.sites]
        if self.bound >= sites.size:
            return Cover("optimal", sites, int(sites.size))
        return Cover("enough" if sites.size <= enough else "stopped", sites, self.bound)


def _cover_all(part: _Part, enough: int | None) -> Cover:
    """Cover every row: search, prices, and HiGHS on the core."""
    limit = -1 if enough is None else enough
    part.pack()
    if enough is not None and part.bound > enough:
        return part.answer(limit)
    part.descend(limit)
    if not part.settled(limit) and part.question.n_pairs > _SMALL:
        part.tighten(limit)
    if not part.settled(limit) and part.question.n_pairs <= _FOR_HIGHS:
        _ask_highs(part, enough)
    elif not part.settled(limit):
        part.tighten(limit)
    return part.answer(limit)


def _ask_highs(part: _Part, enough: int | None) -> None:
    asked = part.question
    rows = Rows()
    row = np.repeat(np.arange(asked.n_rows), np.diff(asked.row_start))
    rows.add(row, asked.row_site, 1.0, n=asked.n_rows, lower=1.0)
    n = asked.n_sites
    start: Floats | None = None
    if enough is None:
        start = np.zeros(n)
        start[part.sites] = 1.0
    else:  # the sites known are too many: whether so few can do is all that is asked
        rows.add(np.zeros(n), np.arange(n), 1.0, n=1, upper=float(enough))
    model = Model(np.ones(n), np.zeros(n), np.ones(n), np.ones(n, dtype=bool), rows)
    stop_at = None if enough is None else enough + 0.5
    solution = solve_model(model, clock=part.clock, start=start, stop_at=stop_at)
    if solution.status == "infeasible" and enough is not None:
        part.bound = max(part.bound, enough + 1)
        return
    if solution.x is not None:
        found = np.flatnonzero(solution.x > 0.5)
        if found.size < part.sites.size and (asked.counts(found) > 0).all():
            part.sites = found
    if np.isfinite(solution.bound):
        part.bound = max(part.bound, int(np.ceil(solution.bound - 1e-6)))


def _cover_share(part: _Part, enough: int | None) -> Cover:
    """Cover a part of the pupils: ask again and again whether one site less would do."""
    limit = -1 if enough is None else enough
    part.descend(limit)
    if not part.settled(limit):
        part.tighten(limit)
    while not part.settled(limit) and not part.clock.stopped:
        n_less = part.sites.size - 1
        answer = solve_coverage(part.question, n_less, part.clock, target=part.target)
        if answer.value >= part.target:
            part.sites = np.flatnonzero(np.isin(part.question.column, answer.sites))
        elif answer.bound < part.target:
            part.bound = n_less + 1
        else:
            break
    return part.answer(limit)

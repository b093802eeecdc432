"""
Settle a question with few new sites by asking for whole sets of sites, the most promising one first.

Seating the pupils in a set of sites gives its cost and, with the prices of rows and seats, a cut: what any other set costs
at least is a constant plus one number for each free site that it opens. The set that all cuts together call cheapest is
seated next, until no set can be cheaper than the best one (Benders' decomposition; the cuts of the prices start it off).

References
----------
.. [1] T. L. Magnanti and R. T. Wong, Oper. Res. 29(3), 464-484, 1981. https://doi.org/10.1287/opre.29.3.464
"""

from __future__ import annotations

import logging
from itertools import combinations
from math import comb
from typing import Protocol

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, solve_model
from planning.siting.seats.flow import FlowQuestion, add_site_rules
from planning.siting.seats.prices import fill_sites
from planning.siting.seats.seating import price_of, seat_pupils

__all__ = ["Best", "cheapest_set", "count_sets", "prove_by_sets"]

logger = logging.getLogger(__name__)

_LISTED = 400_000  # sets that are listed one by one; beyond, HiGHS finds the next one
_ENOUGH = 1e-9  # of the best value: a set this close below is not looked for


class Best(Protocol):
    """Whoever keeps the best answer."""

    value: float

    def offer(self, opened: Bools) -> None:
        """
        Take note of a choice of sites.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_sites,)
            Open sites.
        """
        ...


def prove_by_sets(question: FlowQuestion, best: Best, cuts: Floats, never: Bools, clock: Clock) -> float:
    """
    Raise the bound, and better the answer, set by set, until no set is left or time is up.

    Parameters
    ----------
    question : FlowQuestion
        A question in which seats alone bind, without the sites that stay shut.
    best : Best
        Keeper of the best answer.
    cuts : numpy.ndarray, shape (n_cuts, 1 + n_sites)
        What a set costs at least: a constant, and what each free site in it adds.
    never : numpy.ndarray of bool, shape (n_sites,)
        Sites that are shut in every set.
    clock : Clock
        Time left.

    Returns
    -------
    float
        No set costs less; the value of the best answer where it is proven to be the best.
    """
    if len(cuts) == 0:  # time was up before the first prices
        return float("-inf")
    free = np.flatnonzero(question.free)
    master: _Listed | _Searched
    listable = not question.closable.any() and count_sets(question, never) <= _LISTED
    master = _Listed(question, free) if listable else _Searched(question, free, clock)
    for cut in cuts:
        master.add(float(cut[0]), cut[1:][free], best.value)
    n_seated = 0
    while True:
        bound, chosen = master.next(best.value)
        if chosen is None or clock.stopped:
            logger.debug("sets: %d seated, bound %.9g of %.9g", n_seated, bound, best.value)
            return bound
        opened = ~question.free & ~never
        opened[free[chosen]] = True
        flow, seat_prices = seat_pupils(question, opened)
        n_seated += 1
        if price_of(question, opened, flow) < best.value:
            best.offer(opened)
        _learn(question, opened, seat_prices, free, master, best.value)


def count_sets(question: FlowQuestion, shut: Bools) -> int:
    """
    Count the sets of free sites that may be chosen, the budget left aside.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    shut : numpy.ndarray of bool, shape (n_sites,)
        Sites that stay shut.

    Returns
    -------
    int
        Sets.
    """
    n = int((question.candidate & ~shut).sum())
    counts = range(question.fewest, min(question.most, n) + 1)
    return sum(comb(n, k) for k in counts) << int((question.closable & ~shut).sum())


def cheapest_set(
    question: FlowQuestion, cuts: Floats, never: Bools, value: float, clock: Clock, enough: float
) -> tuple[float, Bools | None]:
    """
    Find the set of sites that all cuts together call cheapest.

    Parameters
    ----------
    question : FlowQuestion
        The question, for its rules on choosing sites.
    cuts : numpy.ndarray, shape (n_cuts, 1 + n_sites)
        What a set costs at least: a constant, and what each free site in it adds.
    never : numpy.ndarray of bool, shape (n_sites,)
        Sites that are shut in every set.
    value : float
        What the best answer costs.
    clock : Clock
        Time left.
    enough : float
        A set that the cuts call this cheap is good enough.

    Returns
    -------
    float and numpy.ndarray of bool, shape (n_sites,), or None
        No set costs less, as far as time allowed to tell; and the open sites of the cheapest set found.
    """
    if len(cuts) == 0:
        return float("-inf"), None
    free = np.flatnonzero(question.free & ~never)
    scale = max(1.0, float(np.abs(cuts[:, 0]).max()) / 1e3)
    rows, n = Rows(), free.size
    table = np.column_stack([-cuts[:, 1:][:, free] / scale, np.ones(len(cuts))])
    row, column = np.nonzero(table)
    rows.add(row, column, table[row, column], n=len(cuts), lower=cuts[:, 0] / scale)
    part = question.changed(
        arcs=question.arcs.only(np.zeros(question.arcs.row.size, dtype=bool)),
        candidate=question.candidate[free],
        closable=question.closable[free],
        spend=question.spend[free],
        seats=question.seats[free],
        least_load=np.zeros(n),
        place=None if question.place is None else question.place[free],
        one_of=None if question.one_of is None else question.one_of[free],
    )
    none = np.zeros(0, dtype=np.int64)
    add_site_rules(rows, part, none, np.zeros(0))
    solution = solve_model(
        Model(
            cost=np.append(np.zeros(n), 1.0),
            lower=np.append(np.zeros(n), -np.inf),
            upper=np.append(np.ones(n), value / scale * (1 + 1e-9) if np.isfinite(value) else np.inf),
            whole=np.append(np.ones(n, dtype=bool), False),
            rows=rows,
        ),
        clock=clock,
        stop_at=enough / scale,
    )
    if solution.x is None:
        return min(solution.bound * scale, value), None
    opened = ~question.free & ~never
    opened[free[solution.x[:n] > 0.5]] = True
    return min(solution.bound * scale, value), opened


def _learn(
    question: FlowQuestion,
    opened: Bools,
    seat_prices: Floats,
    free: Ints,
    master: _Listed | _Searched,
    value: float,
) -> None:
    """Turn the prices of a seating into a cut; where pupils are left over, into what it takes to seat them."""
    arcs, pupils = question.arcs, question.pupils
    price = question.unserved.copy()
    at = np.flatnonzero(opened[arcs.site])
    np.minimum.at(price, arcs.row[at], arcs.cost[at] + seat_prices[arcs.site[at]])
    price[pupils == 0] = 0.0
    stuck = np.isinf(price)
    if stuck.any():
        at = np.flatnonzero(stuck[arcs.row])
        could = np.bincount(arcs.site[at], weights=pupils[arcs.row[at]], minlength=question.n_sites)
        takes = np.minimum(could, question.seats)
        master.demand(takes[free], float(pupils[stuck].sum() - takes[~question.free].sum()))
        return
    *_, worth = fill_sites(question, price)
    master.add(float(pupils @ price + worth[~question.free].sum()), worth[free], value)


class _Listed:
    """All sets, with what each costs at least."""

    def __init__(self, question: FlowQuestion, free: Ints) -> None:
        self._n_free = free.size
        counts = range(question.fewest, min(question.most, free.size) + 1)
        parts = []
        for count in counts:
            sets = np.array(list(combinations(range(free.size), count)), dtype=np.int32).reshape(
                comb(free.size, count), count
            )
            parts.append(np.pad(sets, ((0, 0), (0, counts[-1] - count)), constant_values=free.size))
        self._sets = np.concatenate(parts)  # positions in ``free``; shorter sets end with one past the last
        spent = self._sum(question.spend[free])
        self._sets = self._sets[spent <= question.budget * (1 + 1e-9) + 1e-9]
        self._least = np.full(len(self._sets), -np.inf)
        self._weakest = np.inf  # the least cost of any set that is no longer listed for being too dear

    def _sum(self, values: Floats) -> Floats:
        padded = np.append(values, 0.0)
        total = np.zeros(len(self._sets))
        for column in self._sets.T:
            total += padded[column]
        return total

    def _keep(self, keep: Bools) -> None:
        if not keep.all():
            self._sets, self._least = self._sets[keep], self._least[keep]

    def add(self, constant: float, worth: Floats, value: float) -> None:
        """Take note of a cut."""
        np.maximum(self._least, constant + self._sum(worth), out=self._least)
        if np.isfinite(value):
            dear = self._least >= value - _ENOUGH * abs(value)
            self._weakest = min(self._weakest, float(self._least[dear].min(initial=np.inf)))
            self._keep(~dear)

    def demand(self, takes: Floats, needed: float) -> None:
        """Take note that the free sites of a set must take some pupils."""
        self._keep(self._sum(takes) >= needed - 1e-6)

    def next(self, value: float) -> tuple[float, Ints | None]:
        """Give the least that any set costs, and take the cheapest one off the list."""
        if len(self._sets) == 0:
            return min(self._weakest, value), None
        at = int(np.argmin(self._least))
        bound, chosen = min(float(self._least[at]), self._weakest, value), self._sets[at].astype(np.int64)
        self._keep(np.arange(len(self._sets)) != at)
        return bound, chosen[chosen < self._n_free]


class _Searched:
    """Sets too many to list: a small model finds the one that the cuts call cheapest."""

    def __init__(self, question: FlowQuestion, free: Ints, clock: Clock) -> None:
        self._clock, self._n_free = clock, free.size
        self._cuts: list[tuple[float, Floats]] = []
        self._sides: list[tuple[Floats, float]] = []  # rows that a set must be at least
        new = question.candidate[free].astype(float)
        self._sides += [(new, float(question.fewest)), (-new, -float(question.most))]
        if np.isfinite(question.budget):
            self._sides.append((-question.spend[free] * new, -question.budget * (1 + 1e-9) - 1e-9))

    def add(self, constant: float, worth: Floats, value: float) -> None:
        """Take note of a cut."""
        self._cuts.append((constant, worth))

    def demand(self, takes: Floats, needed: float) -> None:
        """Take note that the free sites of a set must take some pupils."""
        self._sides.append((takes / max(1.0, needed), min(needed, 1.0)))

    def next(self, value: float) -> tuple[float, Ints | None]:
        """Give the least that any set not yet seated costs, and the set that the cuts call cheapest."""
        n = self._n_free
        # in parts of the largest constant, so that the solver's tolerances mean the same for any unit
        scale = max(1.0, max(abs(constant) for constant, _ in self._cuts) / 1e3)
        rows = Rows()
        table = np.array([np.append(-worth / scale, 1.0) for _, worth in self._cuts])
        sides = np.array([np.append(row, 0.0) for row, _ in self._sides])
        lower = [constant / scale for constant, _ in self._cuts] + [side for _, side in self._sides]
        whole = np.concatenate([table, sides])
        row, column = np.nonzero(whole)
        rows.add(row, column, whole[row, column], n=len(whole), lower=np.array(lower))
        solution = solve_model(
            Model(
                cost=np.append(np.zeros(n), 1.0),
                lower=np.append(np.zeros(n), -np.inf),
                upper=np.append(np.ones(n), np.inf),
                whole=np.append(np.ones(n, dtype=bool), False),
                rows=rows,
            ),
            clock=self._clock,
        )
        bound = min(solution.bound * scale, value)
        if solution.x is None or solution.status != "optimal" or bound >= value - _ENOUGH * abs(value):
            return bound, None
        chosen = solution.x[:n] > 0.5
        self._sides.append((np.where(chosen, -1.0, 1.0), 1.0 - float(chosen.sum())))  # not the same set again
        return bound, np.flatnonzero(chosen)

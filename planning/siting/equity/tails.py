r"""
Search for the fairest sites: p-medians for thresholds of the worst part, interval by interval.

The mean of the worst part is :math:`\min_t\; t + \sum_i w_i (d_i - t)^+ / (\tau W)`, so that for each threshold t the question
is a p-median. For all thresholds of an interval [a, b] together it is bounded by a p-median as well: every row takes a t of
its own, at the price :math:`\alpha_i \in [0, 1]` a pupil with :math:`\sum_i \alpha_i w_i = \tau W`, and pays at least
:math:`\alpha_i \min(\max(d_i, a), b) + (d_i - b)^+`. Intervals are halved where their bound is lowest, until none is left
below the best answer.
"""

from __future__ import annotations

import heapq
import logging
from dataclasses import dataclass

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.equity.fairness import tail_mean, tail_weights
from planning.siting.highs import Model, solve_model
from planning.siting.median.levels import build_levels
from planning.siting.median.p_median import p_median
from planning.siting.proposal import OPTIMAL_GAP, Proposal
from planning.siting.tables.shortlist import Shortlist, sites_of

__all__ = ["FairSearch", "Mix", "search_thresholds", "search_within_share"]

logger = logging.getLogger(__name__)

_SMALL = 20_000  # pairs up to which HiGHS settles a share beyond the limit at once
_LOOKS = 4  # looks at one interval for better prices
_PART = 0.2  # of the time left: a p-median for an interval that takes longer is left for its halves
_STEPS = 8  # prices tried for a pupil beyond the limit
_NEAR = OPTIMAL_GAP / 4  # of the best value: an interval whose bound is this near is done with


@dataclass(frozen=True)
class Mix:
    """
    What is made small.

    Parameters
    ----------
    tail : float
        Share of the pupils who count as worst off [1].
    weight : float
        Weight of their mean; the mean of all has the rest [1].
    """

    tail: float
    weight: float


class FairSearch:
    """
    Keep the best sites and the bound of a fair median while it is searched.

    Parameters
    ----------
    short : Shortlist
        The question.
    p : int
        New sites.
    mix : Mix
        What is made small.
    clock : Clock
        Time left.
    limit : float
        Largest cost within the limit [cost unit].
    cap : float
        Pupils who may be beyond it [pupils].
    """

    def __init__(
        self, short: Shortlist, p: int, mix: Mix, clock: Clock, *, limit: float = np.inf, cap: float = np.inf
    ) -> None:
        self.short, self.p, self.mix, self.clock, self.limit, self.cap = short, p, mix, clock, limit, cap
        self.counted = np.flatnonzero(short.weight > 0)
        self.weight = short.weight[self.counted]
        self.total = float(self.weight.sum())
        self.sites: Ints | None = None
        self.value, self.bound = float("inf"), 0.0
        self.beyond_price = 0.0  # of a pupil beyond the limit; any price of 0 or more keeps the bound valid

    @property
    def done(self) -> bool:
        """
        True where the bound has met the best answer, or time is up.

        Returns
        -------
        bool
            True where nothing is left to do.
        """
        met = np.isfinite(self.value) and self.value - self.bound <= _NEAR * abs(self.value)
        return self.clock.stopped or bool(met)

    def begin(self) -> bool:
        """
        Start from the plain p-median: the worst-off never pay less than the mean.

        Returns
        -------
        bool
            False where ``p`` sites cannot reach every row.
        """
        answer = self.ask(self.short.pairs.cost, self.short.fallback)
        if answer.status == "infeasible":
            return False
        if self.total > 0 and np.isfinite(answer.bound):
            self.bound = max(self.bound, answer.bound / self.total)
        self.take(answer)
        return True

    def ask(self, pair_cost: Floats, fallback_cost: Floats, part: float = 1.0) -> Proposal:
        """
        Solve a p-median of other costs on the same pairs.

        Parameters
        ----------
        pair_cost : numpy.ndarray, shape (n_pairs,)
            Costs of the pairs.
        fallback_cost : numpy.ndarray, shape (n_rows,)
            Costs at the nearest open site.
        part : float
            Part of the time left that it may take [1].

        Returns
        -------
        Proposal
            Its answer; columns are numbered among the candidates.
        """
        candidates = self.short.candidates
        table = self.short.table(
            pair_cost, np.where(np.isfinite(self.short.fallback), fallback_cost, np.inf), candidates
        )
        return p_median(table, self.weight, self.p, [candidates.size], part * self.clock.left, cancel=self.clock.cancel)

    def take(self, answer: Proposal) -> Floats | None:
        """
        Take note of the sites of an answer.

        Parameters
        ----------
        answer : Proposal
            What `ask` gave.

        Returns
        -------
        numpy.ndarray, shape (n_counted,), or None
            What each counted row pays with its sites; None where there are none.
        """
        if answer.allocation is None:
            return None
        return self.offer(sites_of(answer, self.short.candidates))

    def offer(self, sites: Ints) -> Floats:
        """
        Keep sites if they are allowed and better than those known.

        Parameters
        ----------
        sites : numpy.ndarray of int64
            Columns, rising.

        Returns
        -------
        numpy.ndarray, shape (n_counted,)
            What each counted row pays.
        """
        pays = self.short.cheapest(sites)[self.counted]
        if np.isfinite(pays).all() and self.beyond(pays) <= self.cap:
            value = 0.0
            if self.total > 0:
                mean = float(self.weight @ pays) / self.total
                share = self.mix.weight
                value = (1 - share) * mean + share * tail_mean(pays, self.weight, self.mix.tail)
            if value < self.value:
                self.sites, self.value = sites, value
        return pays

    def beyond(self, pays: Floats) -> float:
        """
        Count the pupils beyond the limit.

        Parameters
        ----------
        pays : numpy.ndarray, shape (n_counted,)
            What each counted row pays.

        Returns
        -------
        float
            Pupils.
        """
        return float(self.weight[pays > self.limit].sum())

    def thresholds(self) -> Floats:
        """
        List the costs at which the worst part may begin.

        Returns
        -------
        numpy.ndarray
            Costs that occur, rising, none below where it begins if all sites were open.
        """
        stays = self.short.fallback[self.counted]
        every = np.unique(np.concatenate([self.short.pairs.cost, stays[np.isfinite(stays)]]))
        lowest = self.short.cheapest(self.short.candidates)[self.counted]
        taken = tail_weights(lowest, self.weight, self.mix.tail)
        return np.asarray(every[every >= lowest[taken > 0].min(initial=np.inf)], dtype=np.float64)

    def mixed(self, cost: Floats, price: Floats, low: float, high: float) -> Floats:
        """
        Price costs so that a p-median of them bounds the question for all thresholds of an interval.

        Parameters
        ----------
        cost, price : numpy.ndarray
            Costs, and the price of the threshold in each one's row.
        low, high : float
            The interval.

        Returns
        -------
        numpy.ndarray
            Priced costs, rising with the costs.
        """
        worst = price * np.clip(cost, low, high) + np.maximum(cost - high, 0.0)
        return (1 - self.mix.weight) * cost + self.mix.weight / self.mix.tail * worst

    def bounded(self, price: Floats, low: float, high: float) -> tuple[float, Floats | None, bool]:
        """
        Bound the question for the thresholds of an interval, at given prices.

        Parameters
        ----------
        price : numpy.ndarray, shape (n_rows,)
            Prices of the threshold.
        low, high : float
            The interval.

        Returns
        -------
        tuple of float, numpy.ndarray or None, bool
            Bound, what each counted row pays in the answer, and whether the search may go on: False where time is up.
        """
        beyond_price = self.beyond_price
        pairs, stays = self.short.pairs, np.where(np.isfinite(self.short.fallback), self.short.fallback, 0.0)
        answer = self.ask(
            self.mixed(pairs.cost, price[pairs.row], low, high) + beyond_price * (pairs.cost > self.limit),
            self.mixed(stays, price, low, high) + beyond_price * (stays > self.limit),
            part=1.0 if low == high else _PART,
        )
        bound = answer.bound if np.isfinite(answer.bound) else 0.0
        if beyond_price > 0:
            bound -= beyond_price * self.cap
        solved = answer.status == "optimal" or (low < high and not self.clock.stopped)
        return bound / self.total, self.take(answer), solved

    def prices_of(self, pays: Floats) -> Floats:
        """
        Price the threshold where the worst part is.

        Parameters
        ----------
        pays : numpy.ndarray, shape (n_counted,)
            What each counted row pays.

        Returns
        -------
        numpy.ndarray, shape (n_rows,)
            1 in the rows of the worst part, a fraction at its edge, 0 elsewhere.
        """
        price = np.zeros(self.short.weight.size)
        price[self.counted] = tail_weights(pays, self.weight, self.mix.tail) / self.weight
        return price


def search_thresholds(search: FairSearch) -> None:
    """
    Halve the intervals of thresholds until the bound meets the best answer or time is up.

    Parameters
    ----------
    search : FairSearch
        The search; its sites, value and bound are bettered.
    """
    if search.done or search.total == 0 or search.sites is None:
        return
    steps = search.thresholds()
    price = search.prices_of(search.short.cheapest(search.sites)[search.counted])
    heap = [(search.bound, 0, 0, steps.size - 1, price)]
    done_with, number = np.inf, 0
    while heap and not search.clock.stopped:
        bound, _, first, last, price = heapq.heappop(heap)
        if bound >= search.value - _NEAR * abs(search.value):
            heapq.heappush(heap, (bound, 0, first, last, price))
            break
        found, price, solved = _look(search, price, float(steps[first]), float(steps[last]))
        bound = max(bound, found)
        if not solved:
            heapq.heappush(heap, (bound, 0, first, last, price))
            break
        if first == last or bound >= search.value - _NEAR * abs(search.value):
            done_with = min(done_with, bound)
            continue
        middle = int(np.searchsorted(steps, (steps[first] + steps[last]) / 2))
        middle = min(max(middle, first), last - 1)
        number += 2
        heapq.heappush(heap, (bound, number, first, middle, price))
        heapq.heappush(heap, (bound, number + 1, middle + 1, last, price))
    logger.debug("fair median: %d intervals, %d left, best %.6g", number, len(heap), search.value)
    search.bound = max(search.bound, min(done_with, heap[0][0] if heap else np.inf, search.value))


def _look(search: FairSearch, price: Floats, low: float, high: float) -> tuple[float, Floats, bool]:
    """Bound an interval, moving the prices towards the worst part of the answers that they lead to."""
    best, best_price = 0.0, price
    for turn in range(_LOOKS):
        bound, pays, solved = search.bounded(price, low, high)
        if bound > best:
            best, best_price = bound, price
        if not solved or pays is None:
            return best, best_price, False
        if low == high or best >= search.value - _NEAR * abs(search.value):
            break
        target = search.prices_of(np.clip(pays, low, high))
        if np.array_equal(target, price):
            break
        price = price + (target - price) / (turn + 2)
    return best, best_price, True


def search_within_share(search: FairSearch) -> float:
    """
    Search for the fairest sites that leave few enough pupils beyond the limit.

    Parameters
    ----------
    search : FairSearch
        The search; its sites, value and bound are bettered.

    Returns
    -------
    float
        Pupils that stay beyond the limit at least, whichever sites are chosen [pupils].
    """
    if search.total == 0:
        return 0.0
    pairs, stays = search.short.pairs, search.short.fallback
    answer = search.ask((pairs.cost > search.limit).astype(float), (stays > search.limit).astype(float))
    search.take(answer)
    fewest = answer.bound if np.isfinite(answer.bound) else 0.0
    if fewest > search.cap * (1 + OPTIMAL_GAP) or search.done:
        return fewest if fewest > search.cap * (1 + OPTIMAL_GAP) else 0.0
    if pairs.row.size > _SMALL:
        _price_beyond(search)
        search_thresholds(search)
    if not search.done:
        _settle(search)
    return 0.0


def _price_beyond(search: FairSearch) -> None:
    """Price the pupils beyond the limit, dearer while too many are, cheaper while fewer are than may be."""
    steps = search.thresholds()
    low, high = 0.0, np.inf
    beyond_price, best_price = float(search.bound), 0.0
    price = np.zeros(search.short.weight.size)
    price[search.counted] = search.mix.tail
    for _ in range(_STEPS):
        search.beyond_price = beyond_price
        bound, pays, _ = search.bounded(price, float(steps[0]), float(steps[-1]))
        if bound > search.bound:
            best_price = beyond_price
        search.bound = max(search.bound, min(bound, search.value))
        if search.done or pays is None:
            break
        price = (price + search.prices_of(pays)) / 2
        if search.beyond(pays) > search.cap:
            low = beyond_price
            beyond_price = 4 * max(beyond_price, 1e-9) if np.isinf(high) else (low + high) / 2
        else:
            high = beyond_price
            beyond_price = (low + high) / 2
    search.beyond_price = best_price


def _settle(search: FairSearch) -> None:
    """Let HiGHS settle a small question as one model."""
    short, mix = search.short, search.mix
    levels = build_levels(short)
    rows, weight = levels.rows, short.weight
    n_y, n_z, n_rows = levels.candidates.size, levels.row.size, weight.size
    z, u, t = n_y + np.arange(n_z), n_y + n_z + np.arange(n_rows), n_y + n_z + n_rows
    rows.add(np.zeros(n_y), np.arange(n_y), 1.0, n=1, lower=search.p, upper=search.p)
    # u of a row is at least what it pays beyond the threshold t
    rows.add(
        np.concatenate([np.arange(n_rows), levels.row, np.arange(n_rows)]),
        np.concatenate([u, z, np.full(n_rows, t)]),
        np.concatenate([np.ones(n_rows), -levels.step, np.ones(n_rows)]),
        n=n_rows,
        lower=levels.base,
    )
    after = np.append(levels.radius[1:], np.inf)[:n_z]
    ends = np.append(levels.row[1:] != levels.row[:-1], True)[:n_z]
    after[ends] = short.fallback[levels.row[ends]]
    over = np.flatnonzero((levels.radius <= search.limit) & (after > search.limit) & np.isfinite(after))
    always = float(weight[levels.base > search.limit].sum())
    rows.add(np.zeros(over.size), z[over], weight[levels.row[over]], n=1, upper=search.cap - always)
    total = search.total
    cost = np.concatenate(
        [np.zeros(n_y), (1 - mix.weight) * weight[levels.row] * levels.step / total,
         mix.weight * weight / (mix.tail * total), [mix.weight]]
    )  # fmt: skip
    constant = (1 - mix.weight) * float(weight @ levels.base) / total
    top = float(search.thresholds().max(initial=0.0))
    solution = solve_model(
        Model(
            cost,
            np.zeros(cost.size),
            np.concatenate([levels.upper, np.full(n_rows, np.inf), [top]]),
            np.concatenate([np.ones(n_y, dtype=bool), np.zeros(n_z + n_rows + 1, dtype=bool)]),
            rows,
        ),
        clock=search.clock,
    )
    if solution.x is not None:
        search.offer(levels.candidates[solution.x[:n_y] > 0.5])
    if solution.status != "infeasible":
        search.bound = max(search.bound, min(search.value, solution.bound + constant))

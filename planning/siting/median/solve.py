"""
The location question on lists, from first guess to proof: greedy, swaps, bound, settling, branch and bound.

The p-median and the fixed-charge question are one here: some sites are counted, of which at most ``p`` may be opened,
and each may have a charge.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.coverage.cover import cover_rows
from planning.siting.median.branch import prove_by_branching
from planning.siting.median.lagrange import Ascent, first_prices, reduce_question
from planning.siting.median.lists import Lists
from planning.siting.median.swap import Choice, choose_greedily, finite_for, improve_choice
from planning.siting.proposal import OPTIMAL_GAP, gap_between

__all__ = ["MedianAnswer", "solve_location", "solve_median"]

logger = logging.getLogger(__name__)

_ROUNDS = 40
"""Steps of the bound between two looks at what can be settled, and fewer where the lists are very long."""

_STRIDE = 150_000_000
"""Pairs after which the clock is asked."""

_MARGIN = 1e-8
"""Share of the cost by which another choice must be better to be looked for, where costs are not whole."""


@dataclass(frozen=True)
class MedianAnswer:
    """
    Sites of a location question with their proof.

    Parameters
    ----------
    sites : numpy.ndarray of int64
        Columns, rising.
    objective : float
        Pupils times cost, and what opening costs; inf where no answer was found.
    bound : float
        Proven lower bound.
    fewest : int
        Where more new sites than allowed are needed to reach every row: how many at least; else 0.
    prices : numpy.ndarray, optional, shape (n_rows,)
        Prices of the rows at the best bound [cost per pupil]: a start for a like question on the same lists.
    """

    sites: Ints
    objective: float
    bound: float
    fewest: int = 0
    prices: Floats | None = None

    @property
    def proven(self) -> bool:
        """
        True where the gap is closed.

        Returns
        -------
        bool
            True up to ``OPTIMAL_GAP``.
        """
        return gap_between(self.objective, self.bound) <= OPTIMAL_GAP


def solve_median(
    lists: Lists,
    p: int,
    candidates: Ints,
    clock: Clock,
    start: Ints | None = None,
    *,
    prices: Floats | None = None,
    enough: float = 0.0,
) -> MedianAnswer:
    """
    Open exactly ``p`` new sites so that pupils times cost is least.

    Parameters
    ----------
    lists : Lists
        The question.
    p : int
        New sites, at most as many as there are candidates.
    candidates : numpy.ndarray of int64
        Columns that may be opened, rising.
    clock : Clock
        Time left.
    start : numpy.ndarray of int, optional
        A choice to begin with, of any number of candidates, such as the answer for another ``p``.
    prices : numpy.ndarray, optional, shape (n_rows,)
        Prices to begin with, such as those of that answer.
    enough : float
        Gap at which the search may end; 0 = only with a proof.

    Returns
    -------
    MedianAnswer
        The best answer found and a proven bound.
    """
    choice = Choice.of_candidates(candidates, p, lists.n_sites)
    answer = solve_location(lists, choice, clock, start, prices=prices, enough=enough)
    if answer.fewest:
        return answer
    unused = np.setdiff1d(candidates, answer.sites)
    sites = np.union1d(answer.sites, unused[: max(0, p - answer.sites.size)]).astype(np.int64)
    return MedianAnswer(sites, answer.objective, answer.bound, prices=answer.prices)


def solve_location(
    lists: Lists,
    choice: Choice,
    clock: Clock,
    start: Ints | None = None,
    *,
    prices: Floats | None = None,
    enough: float = 0.0,
    hear: Callable[[Ints, float, float], None] | None = None,
) -> MedianAnswer:
    """
    Open some sites so that pupils times cost and what opening costs are least in all.

    Parameters
    ----------
    lists : Lists
        The question.
    choice : Choice
        What may be opened, and what that costs.
    clock : Clock
        Time left.
    start : numpy.ndarray of int, optional
        A choice to begin with.
    prices : numpy.ndarray, optional, shape (n_rows,)
        Prices to begin with [cost per pupil].
    enough : float
        Gap at which the search may end; 0 = only with a proof.
    hear : callable, optional
        Told the best choice, its cost, and the bound as they get better.

    Returns
    -------
    MedianAnswer
        The best answer found and a proven bound; no site without which the answer would cost as much.
    """
    finite = finite_for(lists, choice)
    sites, fewest = _first_guess(lists, finite, choice, clock, start)
    if fewest > choice.p:
        return MedianAnswer(sites, float("inf"), float("inf"), fewest)
    value = _value(lists, choice, sites)
    lower = lists.cheapest_possible()
    if value - lower <= 1e-9 * abs(value):
        return MedianAnswer(sites, value, min(value, lower))
    unit = _step_unit(lists, choice)
    told = hear or (lambda *_: None)

    shut, opened = ~choice.allowed, np.zeros(lists.n_sites, dtype=bool)
    rest, left, place = lists, choice, np.arange(lists.n_rows)
    price = first_prices(lists, sites) if prices is None else np.minimum(prices, lists.fallback)
    ascent = Ascent(rest, left, price, 1.0 if prices is None else 0.25)
    tried = {lists.mask(sites).tobytes()}
    patience = min(20, 12 + choice.p // 8)  # where many sites are open, prices take longer to settle
    while not (clock.stopped or ascent.done or rest.n_rows == 0 or lower >= value - _margin(value, unit, enough)):
        ascent.forget_found()
        rounds = max(4, min(_ROUNDS, _STRIDE // max(1, rest.site.size)))
        ascent.run(rounds, target=value, stop_at=value - _margin(value, unit, enough), patience=patience)
        lower = max(lower, ascent.value)
        price[place >= 0] = ascent.price
        told(sites, value, min(lower, value))
        inner, reached = ascent.found
        if np.isfinite(reached) and lower < value - _margin(value, unit, enough):
            met = lists.mask(inner)
            met[opened] = True
            if met.tobytes() not in tried:
                tried.add(met.tobytes())
                improved = improve_choice(finite, np.flatnonzero(met), choice, clock)
                found = _value(lists, choice, improved)
                if found < value:
                    sites, value = improved, found
        more_shut, more_open = ascent.settle(value - _margin(value, unit, enough))
        fresh = (more_shut & left.allowed) | more_open
        if fresh.sum() > 0.1 * left.allowed.sum() or more_open.any():
            shut, opened = shut | more_shut & ~opened, opened | more_open
            rest, left = reduce_question(rest, left, shut, more_open)
            inside = place >= 0
            place[inside] = rest.number[place[inside]]
            ascent = ascent.moved_to(rest, left)
    logger.debug("bound %.8g of %.8g, %d sites left, %d rows", lower, value, left.allowed.sum(), rest.n_rows)
    if lower < value - _margin(value, unit, enough) and not clock.stopped:
        inner, reached, bound = prove_by_branching(
            rest,
            left,
            (sites, value),
            price[place >= 0],
            clock=clock,
            lower=lower,
            margin=_margin(value, unit, enough),
            hear=partial(told, sites, value),
        )
        if reached < value:
            sites = np.union1d(inner, np.flatnonzero(opened)).astype(np.int64)
            value = _value(lists, choice, sites)
        lower = max(lower, min(bound, value))
    if unit > 0 and np.isfinite(lower):
        lower = float(np.ceil(lower - 1e-5))
    return MedianAnswer(sites, value, min(lower, value), prices=price)


def _first_guess(lists: Lists, finite: Lists, choice: Choice, clock: Clock, start: Ints | None) -> tuple[Ints, int]:
    """Guess by greedy and swaps; where rows stay without a site, begin from the fewest sites that reach them all."""
    begun = None if start is None else _within(finite, choice, start)
    sites = improve_choice(finite, choose_greedily(finite, choice, clock, begun), choice, clock)
    if np.isfinite(lists.value(sites)):
        return sites, 0
    free = choice.allowed & ~choice.counted
    needy = ~np.isfinite(lists.best_two(free)[0])
    number = np.cumsum(needy) - 1
    pairs = needy[lists.row] & choice.allowed[lists.site]
    cover = cover_rows(
        number[lists.row[pairs]],
        lists.site[pairs].astype(np.int64),
        lists.weight[needy],
        lists.n_sites,
        clock=clock,
        enough=choice.p,
    )
    if cover.bound > choice.p:
        return sites, cover.bound
    if cover.sites.size > choice.p or cover.status in {"stopped", "infeasible"}:
        return sites, 0
    begun = np.union1d(cover.sites, np.flatnonzero(free)).astype(np.int64)
    return improve_choice(finite, choose_greedily(finite, choice, clock, begun), choice, clock), 0


def _within(lists: Lists, choice: Choice, start: Ints) -> Ints:
    """Drop from a start what may not be opened, and of too many counted sites those that are missed least."""
    kept = lists.mask(np.asarray(start, dtype=np.int64)) & choice.allowed
    while choice.room(kept) < 0:
        near, where, second = lists.best_two(kept)
        loss = np.bincount(where[where >= 0], weights=(lists.weight * (second - near))[where >= 0], minlength=kept.size)
        loss[~kept | ~choice.counted] = np.inf
        kept[int(np.argmin(loss))] = False
    return np.flatnonzero(kept).astype(np.int64)


def _margin(value: float, unit: float, enough: float) -> float:
    """Tell by how much another choice must be better to be looked for."""
    return max(unit * (1 - 1e-4), _MARGIN * abs(value), enough * abs(value)) if np.isfinite(value) else 0.0


def _value(lists: Lists, choice: Choice, sites: Ints) -> float:
    return lists.value(sites) + float(choice.charge[sites].sum())


def _step_unit(lists: Lists, choice: Choice) -> float:
    """Two answers differ by whole numbers where all pupils and costs are whole."""
    from planning.siting.median.lagrange_kernels import whole_step

    whole = lists.constant % 1 == 0 and whole_step(lists.cost, lists.weight, lists.fallback, choice.charge)
    return 1.0 if whole else 0.0

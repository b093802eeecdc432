"""The p-median on lists, from first guess to proof: greedy, swaps, bound, settling, HiGHS on what is left."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.cover import cover_rows
from planning.siting.lagrange import raise_bound
from planning.siting.lists import Lists
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.radius import prove_by_radius
from planning.siting.swap import build_greedily, improve_by_swaps, with_finite_fallback

__all__ = ["MedianAnswer", "solve_median"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MedianAnswer:
    """
    Sites of a p-median with their proof.

    Parameters
    ----------
    sites : numpy.ndarray of int64
        Columns, rising.
    objective : float
        Pupils times cost; inf where no answer was found.
    bound : float
        Proven lower bound.
    fewest : int
        Where more new sites than allowed are needed to reach every row: how many at least; else 0.
    """

    sites: Ints
    objective: float
    bound: float
    fewest: int = 0

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


def solve_median(lists: Lists, p: int, candidates: Ints, clock: Clock) -> MedianAnswer:
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

    Returns
    -------
    MedianAnswer
        The best answer found and a proven bound.
    """
    step_unit = _step_unit(lists)
    sites, fewest = _first_guess(lists, p, candidates, clock)
    if fewest > p:
        return MedianAnswer(sites, float("inf"), float("inf"), fewest)
    value = lists.value(sites)
    lower = _cheapest_possible(lists)
    if value - lower <= 1e-9 * abs(value):
        return MedianAnswer(sites, value, min(value, lower))
    bound = raise_bound(lists, p, candidates, (sites, value), clock=clock, step_unit=step_unit)
    lower = max(lower, bound.value)
    if bound.objective < value:
        sites, value = bound.sites, bound.objective
        better = improve_by_swaps(with_finite_fallback(lists), sites, candidates, clock)
        if lists.value(better) < value:
            sites, value = better, lists.value(better)
    lower = _lift(lower, value, step_unit)
    logger.debug("bound %.6g of %.6g, %d sites shut, %d open", lower, value, bound.shut.sum(), bound.opened.sum())
    if gap_between(value, lower) > 1e-9 and not clock.stopped:
        sites, value, lower = _prove(lists, p, (sites, value, lower), (bound.opened, bound.shut), clock, step_unit)
    return MedianAnswer(_filled(sites, p, candidates), value, min(lower, value))


def _prove(
    lists: Lists,
    p: int,
    known: tuple[Ints, float, float],
    settled: tuple[np.typing.NDArray[np.bool_], np.typing.NDArray[np.bool_]],
    clock: Clock,
    step_unit: float,
) -> tuple[Ints, float, float]:
    sites, value, lower = known
    opened = np.flatnonzero(settled[0]).astype(np.int64)
    rest = lists.settled(opened, settled[1])
    inner = np.setdiff1d(sites, opened)
    found, reached, bound = prove_by_radius(rest, p - opened.size, (inner, value), clock=clock, step_unit=step_unit)
    if reached < value:
        sites, value = np.union1d(found, opened), reached
    return sites, value, max(lower, _lift(min(bound, value), value, step_unit))


def _first_guess(lists: Lists, p: int, candidates: Ints, clock: Clock) -> tuple[Ints, int]:
    """Guess by greedy and swaps; where rows stay without a site, begin from the fewest sites that reach them all."""
    finite = with_finite_fallback(lists)
    sites = improve_by_swaps(finite, build_greedily(finite, p, candidates, clock), candidates, clock)
    if np.isfinite(lists.value(sites)):
        return sites, 0
    needy = ~np.isfinite(lists.fallback)
    number = np.cumsum(needy) - 1
    pairs = needy[lists.row]
    cover = cover_rows(
        number[lists.row[pairs]],
        lists.site[pairs],
        lists.weight[needy],
        lists.n_sites,
        clock=clock,
        enough=p,
    )
    if cover.bound > p:
        return sites, cover.bound
    if cover.sites.size > p or cover.status in {"stopped", "infeasible"}:
        return sites, 0
    filled = _filled(cover.sites, p, candidates)
    return improve_by_swaps(finite, filled, candidates, clock), 0


def _filled(sites: Ints, p: int, candidates: Ints) -> Ints:
    """Add the lowest unused columns until there are ``p``; one more site never costs."""
    unused = np.setdiff1d(candidates, sites)
    return np.union1d(sites, unused[: max(0, p - sites.size)]).astype(np.int64)


def _cheapest_possible(lists: Lists) -> float:
    if lists.n_rows == 0:
        return lists.constant
    every = np.ones(lists.n_sites, dtype=bool)
    cheapest: Floats = lists.best_two(every)[0]
    return float(lists.weight @ cheapest) + lists.constant


def _step_unit(lists: Lists) -> float:
    """Two answers differ by whole numbers where all pupils and costs are whole."""
    finite = lists.fallback[np.isfinite(lists.fallback)]
    parts = (lists.weight, lists.cost, finite, np.array([lists.constant]))
    total = float(lists.weight.sum()) * float(max(lists.cost.max(initial=0.0), finite.max(initial=0.0)))
    return 1.0 if total < 2**50 and all(np.array_equal(part, np.floor(part)) for part in parts) else 0.0


def _lift(bound: float, value: float, step_unit: float) -> float:
    """Raise a bound to the next value an answer can have."""
    if step_unit <= 0 or not np.isfinite(bound):
        return bound
    return min(value, float(np.ceil(bound / step_unit - 1e-6)) * step_unit)

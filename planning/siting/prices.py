"""
Bound a question with seats by pricing "every pupil is seated", site by site.

For prices ``u`` of the rows each site fills its seats (and beds) with the pupils that bring most, and is opened where
that pays for it; what the sites bring together with ``sum(pupils * u)`` is a lower bound. The sites opened on the way are
good guesses, and a site whose opening would lift the bound above the best answer stays shut.

References
----------
.. [1] J. E. Beasley, Eur. J. Oper. Res. 65, 383-399, 1993. https://doi.org/10.1016/0377-2217(93)90118-7
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.flow import FlowQuestion

__all__ = ["Incumbent", "Prices", "fill_sites", "price_rows"]

_ROUNDS = 400
_OFFER_EVERY = 50
_SETTLE_EVERY = 10


class Incumbent(Protocol):
    """Whoever keeps the best answer."""

    value: float
    opened: Bools | None
    seat_prices: Floats

    def offer(self, opened: Bools) -> None:
        """
        Take note of a choice of sites.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_sites,)
            Open sites.
        """
        ...


@dataclass(frozen=True)
class Prices:
    """
    A bound and what it settles.

    Parameters
    ----------
    bound : float
        No answer costs less.
    shut : numpy.ndarray of bool, shape (n_sites,)
        Free sites that no better answer has open.
    cuts : numpy.ndarray, shape (n_cuts, 1 + n_sites)
        Of the prices on the way: what a set of free sites costs at least, as a constant and what each site in it adds.
    """

    bound: float
    shut: Bools
    cuts: Floats


def price_rows(
    question: FlowQuestion, best: Incumbent, clock: Clock, enough: Callable[[Bools], bool] = lambda shut: False
) -> Prices:
    """
    Raise the bound by a subgradient with Polyak steps, offering good choices of sites on the way.

    Parameters
    ----------
    question : FlowQuestion
        The question; the way out of each row (``unserved``) caps its price.
    best : Incumbent
        Keeper of the best answer; only its value is used for the steps.
    clock : Clock
        Time left.
    enough : callable, optional
        Given the sites that stay shut, says whether that is enough for the caller.

    Returns
    -------
    Prices
        Bound and sites that stay shut. Least loads, whole rows and the budget are not in the bound, which stays valid.
    """
    arcs, pupils = question.arcs, question.pupils
    n_rows = pupils.size
    with_pupils = pupils > 0
    dearest = float(arcs.cost.max(initial=0.0))
    ceiling = np.where(np.isfinite(question.unserved), question.unserved, 10.0 * dearest + 1.0)
    cheapest = np.full(n_rows, np.inf)
    np.minimum.at(cheapest, arcs.row, arcs.cost)
    cheapest = np.minimum(np.where(np.isfinite(cheapest), cheapest, 0.0), ceiling)
    price = np.minimum(_first_prices(question, best, cheapest * 1.5 + 1e-3 * dearest), ceiling)
    bound, lead, stale = float("-inf"), 1.0, 0
    best_price, best_worth = price, np.zeros(question.n_sites)
    cuts: list[Floats] = []
    shut = np.zeros(question.n_sites, dtype=bool)
    for turn in range(_ROUNDS):
        if clock.stopped or (np.isfinite(best.value) and best.value - bound <= 1e-9 * abs(best.value)) or lead < 0.005:
            break
        at, taken, worth = fill_sites(question, price)
        opened = _choose(question, worth)
        value = float(pupils @ price) + float(worth[opened].sum())
        if value > bound:
            kept = float(pupils @ price + worth[~question.free].sum())
            cuts.append(np.append(kept, worth))
            stale = 0 if value > bound + 1e-5 * abs(value) else stale + 1
            bound, best_price, best_worth = value, price, worth
        else:
            stale += 1
        if turn % _OFFER_EVERY == _OFFER_EVERY - 1:
            best.offer(opened)
        if turn % _SETTLE_EVERY == _SETTLE_EVERY - 1:
            shut |= _settle(question, best_worth, bound, best.value)
            if enough(shut):
                break
        if stale >= 10:
            lead, stale, price = lead / 2, 0, best_price
            continue
        slope = pupils - np.bincount(arcs.row[at], weights=taken * opened[arcs.site[at]], minlength=n_rows)
        slope[((price >= ceiling) & (slope > 0)) | ~with_pupils] = 0.0
        scaled = np.divide(slope, pupils, out=np.zeros(n_rows), where=with_pupils)
        length = float(slope @ scaled)
        if length <= 1e-12:
            break
        target = best.value if np.isfinite(best.value) else value + 0.05 * abs(value) + 1.0
        price = np.clip(price + lead * max(target - value, 1e-4 * abs(value)) / length * scaled, 0.0, ceiling)
    shut |= _settle(question, best_worth, bound, best.value)
    return Prices(bound, shut, np.array(cuts).reshape(len(cuts), 1 + question.n_sites))


def _first_prices(question: FlowQuestion, best: Incumbent, default: Floats) -> Floats:
    """Begin with what a pupil more would cost in the best answer known, seat prices included."""
    if best.opened is None:
        return default
    arcs = question.arcs
    at = best.opened[arcs.site] & np.isfinite(best.seat_prices[arcs.site])
    price = np.full(default.size, np.inf)
    np.minimum.at(price, arcs.row[at], arcs.cost[at] + best.seat_prices[arcs.site[at]])
    return np.where(np.isfinite(price), price, np.where(np.isfinite(question.unserved), question.unserved, default))


def fill_sites(question: FlowQuestion, price: Floats) -> tuple[Ints, Floats, Floats]:
    """
    Fill each site with the pupils that bring most.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    price : numpy.ndarray, shape (n_rows,)
        Price of seating a pupil of each row.

    Returns
    -------
    tuple of numpy.ndarray
        Arcs that bring something, the pupils that go there, and what each site costs in all, opening included and
        prices taken off, shape (n_sites,).
    """
    arcs = question.arcs
    reduced = arcs.cost - price[arcs.row]
    at = np.flatnonzero(reduced < 0)
    site, brings, board = arcs.site[at], reduced[at], arcs.board[at]
    amount = question.pupils[arcs.row[at]]
    full = np.bincount(site, weights=amount, minlength=question.n_sites) > question.seats
    full |= np.bincount(site[board], weights=amount[board], minlength=question.n_sites) > question.beds
    tight = np.flatnonzero(full[site])  # only where not all find room does the order matter
    tight = tight[np.argsort(brings[tight], kind="stable")]
    # small whole numbers are sorted far faster than large ones
    tight = tight[np.argsort(site[tight].astype(np.min_scalar_type(question.n_sites)), kind="stable")]
    beds = tight[board[tight]]
    amount[beds] = _within(site[beds], amount[beds], question.beds)
    amount[tight] = _within(site[tight], amount[tight], question.seats)
    worth = np.bincount(site, weights=brings * amount, minlength=question.n_sites)
    return at, amount, worth + question.opening


def _within(site: Ints, amount: Floats, capacity: Floats) -> Floats:
    """Cut amounts, ordered by site, where a site's capacity is used up."""
    total = np.cumsum(amount)
    first = np.ones(site.size, dtype=bool)
    first[1:] = site[1:] != site[:-1]
    before = np.maximum.accumulate(np.where(first, total - amount, 0.0)) if site.size else total
    return np.clip(capacity[site] - (total - amount - before), 0.0, amount)


def _choose(question: FlowQuestion, worth: Floats) -> Bools:
    """Open what pays: the sites that stay, the closable ones that pay, and the best candidates within their number."""
    opened = ~question.free | (question.closable & (worth < 0))
    candidates = np.flatnonzero(question.candidate)
    order = candidates[np.argsort(worth[candidates], kind="stable")]
    paying = int((worth[order] < 0).sum())
    opened[order[: min(max(paying, question.fewest), question.most)]] = True
    return np.asarray(opened)


def _settle(question: FlowQuestion, worth: Floats, bound: float, value: float) -> Bools:
    """Shut the sites whose opening would cost more than the best answer known."""
    shut = np.zeros(question.n_sites, dtype=bool)
    if not np.isfinite(value) or not np.isfinite(bound):
        return shut
    opened = _choose(question, worth)
    chosen = np.flatnonzero(opened & question.candidate)
    worst = float(worth[chosen].max()) if chosen.size else 0.0
    replaced = worst if chosen.size == question.most else (max(worst, 0.0) if chosen.size <= question.fewest else 0.0)
    slack = 1e-7 * max(1.0, abs(value))
    shut[question.candidate & ~opened] = (bound + worth - replaced > value + slack)[question.candidate & ~opened]
    shut[question.closable & ~opened] = (bound + worth > value + slack)[question.closable & ~opened]
    if question.most == 0:
        shut |= question.candidate
    return shut

"""
Bound a question with seats by pricing "every pupil is seated", site by site.

For prices ``u`` of the rows each site fills its seats (and beds) with the pupils that bring most, and is opened where
that pays for it; what the sites bring together with ``sum(pupils * u)`` is a lower bound. The prices rise along a running
mean of the rounds' slopes (the volume algorithm [2]_), and the same mean of the sites opened on the way says how much of
each site a good answer wants open. A site whose opening would lift the bound above the best answer stays shut.

References
----------
.. [1] J. E. Beasley, Eur. J. Oper. Res. 65, 383-399, 1993. https://doi.org/10.1016/0377-2217(93)90118-7
.. [2] F. Barahona and R. Anbil, Math. Program. 87, 385-399, 2000. https://doi.org/10.1007/s101070050002
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.seats.flow import FlowQuestion

__all__ = ["Filler", "Incumbent", "Prices", "choose_sites", "fill_sites", "gives_way", "price_rows", "wanted_sites"]

logger = logging.getLogger(__name__)

_ROUNDS = 3000
_OFFER_EVERY = 100
_SETTLE_EVERY = 20
_HALVINGS = 30  # of the first toll on the budget
_FAR = 0.5  # of the best value: a bound below is raised by long steps
_DULL = 5  # rounds without a better bound after which the steps shorten
_STALE = 120  # rounds in which the bound must rise by a hundred-thousandth


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
    price : numpy.ndarray, shape (n_rows,)
        The prices that give the bound.
    worth : numpy.ndarray, shape (n_sites,)
        What each site costs at these prices, opening included.
    share : numpy.ndarray, shape (n_sites,)
        How much of each site the rounds wanted open.
    edge : numpy.ndarray, shape (n_sites,)
        What a seat more at each site would be worth at these prices.
    """

    bound: float
    shut: Bools
    cuts: Floats
    price: Floats
    worth: Floats
    share: Floats
    edge: Floats


class Filler:
    """
    The arcs of a question by site, ready to be filled at many prices.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    cap : numpy.ndarray, shape (n_rows,), optional
        Cost that no arc left out of the question is below; inf for rows with all their arcs. None = not known: least
        loads are not heeded.
    """

    def __init__(self, question: FlowQuestion, cap: Floats | None = None) -> None:
        arcs, n = question.arcs, question.n_sites
        self._cap, self._dear = cap, 10.0 * float(arcs.cost.max(initial=0.0)) + 1.0
        self.least = np.zeros(n) if cap is None else np.where(question.free, question.least_load, 0.0)
        order = np.argsort(arcs.site.astype(np.min_scalar_type(max(n, 1))), kind="stable")
        self.start = np.concatenate([[0], np.cumsum(np.bincount(arcs.site, minlength=n))]).astype(np.int64)
        self.row = arcs.row[order].astype(np.int32)
        self.cost = arcs.cost[order]
        self.board = arcs.board[order] if arcs.board.any() else np.zeros(0, dtype=bool)
        self.pupils, self.seats, self.beds = question.pupils, question.seats, question.beds
        self.edge = np.zeros(n)  # worth of a seat more at each site, at the prices last asked for
        self.opening = question.opening

    def worth(self, price: Floats, skip: Bools | None = None) -> Floats:
        """
        Price each site.

        Parameters
        ----------
        price : numpy.ndarray, shape (n_rows,)
            Price of seating a pupil of each row.
        skip : numpy.ndarray of bool, shape (n_sites,), optional
            Sites of no interest.

        Returns
        -------
        numpy.ndarray, shape (n_sites,)
            What each site costs, opening included and prices taken off.
        """
        from planning.siting.seats.fill import fill_each  # numba: not at import time

        none = np.zeros(self.seats.size, dtype=bool) if skip is None else skip
        taken, self.edge = fill_each(
            self.start,
            self.row,
            self.cost,
            self.board,
            self.pupils,
            price,
            self.seats,
            self.beds,
            self.least,
            self._beyond(price),
            none,
        )
        return np.asarray(taken + self.opening)

    def served(self, price: Floats, opened: Bools) -> Floats:
        """
        Count the pupils that open sites take.

        Parameters
        ----------
        price : numpy.ndarray, shape (n_rows,)
            Price of seating a pupil of each row.
        opened : numpy.ndarray of bool, shape (n_sites,)
            Open sites.

        Returns
        -------
        numpy.ndarray, shape (n_rows,)
            Pupils taken, each site by itself.
        """
        from planning.siting.seats.fill import serve_rows  # numba: not at import time

        sites = np.flatnonzero(opened).astype(np.int64)
        return np.asarray(
            serve_rows(
                self.start,
                self.row,
                self.cost,
                self.board,
                self.pupils,
                price,
                self.seats,
                self.beds,
                self.least,
                self._beyond(price),
                sites,
            )
        )

    def _beyond(self, price: Floats) -> float:
        """Say what a pupil whose arc is not listed costs at least, the price taken off."""
        if self._cap is None or self._cap.size == 0:
            return self._dear
        return min(self._dear, max(0.0, float((self._cap - price).min())))


def price_rows(  # noqa: C901 - one climb, read from top to bottom
    question: FlowQuestion,
    best: Incumbent,
    clock: Clock,
    enough: Callable[[Bools], bool] = lambda shut: False,
    *,
    filler: Filler | None = None,
    start: Floats | None = None,
    rounds: int = _ROUNDS,
    offer: Callable[[Floats, Floats], None] | None = None,
    shut: Bools | None = None,
    hear: Callable[[float], None] | None = None,
) -> Prices:
    """
    Raise the bound round by round, offering good choices of sites on the way.

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
    filler : Filler, optional
        The question's arcs by site, where the caller has them already.
    start : numpy.ndarray, shape (n_rows,), optional
        Prices to begin with.
    rounds : int
        Rounds at most.
    offer : callable, optional
        Given how much of each site is wanted open and the worth of its seats, offers answers; by default the sites wanted
        in the last round are offered.
    shut : numpy.ndarray of bool, shape (n_sites,), optional
        Sites that stay shut from the beginning.
    hear : callable, optional
        Told of every better bound.

    Returns
    -------
    Prices
        Bound and sites that stay shut. Least loads and whole rows are in the bound only where the filler knows them; it is
        valid without.
    """
    fills = Filler(question) if filler is None else filler
    pupils, n_rows, n = question.pupils, question.pupils.size, question.n_sites
    weight = np.where(pupils > 0, pupils, 1.0)
    ceiling = np.where(
        np.isfinite(question.unserved), question.unserved, 10.0 * question.arcs.cost.max(initial=0.0) + 1.0
    )
    # the budget is one row more: a unit of it is so large that the whole budget weighs as much as all pupils
    limited = bool(np.isfinite(question.budget) and question.spend[question.free].sum() > question.budget)
    unit = max(question.budget, 1e-9) / max(float(pupils.sum()), 1.0) if limited else 1.0
    taken = np.where(question.free, question.spend, 0.0) / unit if limited else np.zeros(n)
    whole_budget = question.budget / unit if limited else 0.0
    heavy = max(float(pupils.sum()), 1.0)

    shut = np.zeros(n, dtype=bool) if shut is None else shut.copy()
    centre = np.minimum(_first_prices(question, best) if start is None else start, ceiling)
    plain = fills.worth(centre, shut)
    toll_centre = _first_toll(question, plain, shut, taken, whole_budget) if limited else 0.0
    first_sum = _dot(pupils, centre)
    bound, factor, dull, stale, high = float("-inf"), 1.0, 0, 0, float("-inf")
    worth_there, edge_there, share = np.zeros(n), np.zeros(n), np.zeros(n)
    slope, toll_slope, leading = np.zeros(n_rows), 0.0, 0.3
    price, toll = centre, toll_centre
    cuts: list[Floats] = []
    for turn in range(rounds):
        # one round in any case: a bound, however weak
        if (turn and clock.stopped) or (np.isfinite(best.value) and best.value - bound <= 1e-9 * abs(best.value)):
            break
        plain = fills.worth(price, shut) if turn else plain
        worth = plain + toll * taken
        opened = choose_sites(question, worth, shut)
        base = _dot(pupils, price) - toll * whole_budget
        value = base + float(worth[opened].sum())
        newest = pupils - fills.served(price, opened)
        toll_newest = float(taken[opened].sum()) - whole_budget
        ahead = _dot(newest, slope / weight) + toll_newest * toll_slope / heavy
        if turn == 0:
            slope, toll_slope, share = newest, toll_newest, opened.astype(float)
        else:
            mix = _mix(slope, newest, weight, leading)
            slope, toll_slope = (1 - mix) * slope + mix * newest, (1 - mix) * toll_slope + mix * toll_newest
            share = (1 - mix) * share + mix * opened
        if value > bound:
            if not question.candidate.any() or n <= 4000:
                # whoever goes through sets asks for the budget himself, so that the cut does without the toll
                cuts = [*cuts[-199:], np.append(_dot(pupils, price) + float(plain[~question.free].sum()), plain)]
            factor = min(2.0, factor * 1.1) if ahead > 0 else factor
            bound, centre, toll_centre, dull = value, price, toll, 0
            if hear is not None:
                hear(bound)
            worth_there, edge_there = worth, fills.edge
        else:
            dull += 1
            if dull >= _DULL:
                factor, dull = factor * 0.66, 0
        stale = 0 if bound > high + 1e-5 * abs(bound) else stale + 1
        if stale == 0:
            high = bound
        if stale >= _STALE or factor < 1e-3:
            leading, factor, stale = leading / 2, 0.3, 0
            if leading < 0.01:
                break
        if turn % _OFFER_EVERY == _OFFER_EVERY - 1:
            if offer is None:
                best.offer(choose_sites(question, worth, shut))
            else:
                offer(share, edge_there)
        if turn % _SETTLE_EVERY == _SETTLE_EVERY - 1:
            shut |= _settle(question, worth_there, bound, best.value, shut)
            if enough(shut):
                break
        direction = np.where(((centre >= ceiling) & (slope > 0)) | ((centre <= 0) & (slope < 0)), 0.0, slope)
        direction[pupils <= 0] = 0.0
        toll_way = 0.0 if toll_centre <= 0 and toll_slope < 0 else toll_slope
        length = _dot(direction, direction / weight) + toll_way**2 / heavy
        if length <= 1e-12 * heavy:
            if factor >= 1e-5 and _dot(newest, newest / weight) > 1e-12 * heavy:
                slope, toll_slope = newest, toll_newest
                factor *= 0.66
                continue
            break
        aim = bound + 0.05 * abs(bound) + 1e-9
        if bound < _FAR * min(best.value, first_sum):
            aim = min(best.value, bound + first_sum)
        step = factor * max(min(aim, best.value) - bound, 1e-5 * abs(bound)) / length
        price = np.clip(centre + step * direction / weight, 0.0, ceiling)
        toll = max(0.0, toll_centre + step * toll_way / heavy)
    shut |= _settle(question, worth_there, bound, best.value, shut)
    logger.debug("prices: bound %.8g of %.8g after %d rounds, %d shut", bound, best.value, turn + 1, int(shut.sum()))
    return Prices(bound, shut, np.array(cuts).reshape(len(cuts), 1 + n), centre, worth_there, share, edge_there)


def _first_toll(question: FlowQuestion, worth: Floats, shut: Bools, taken: Floats, whole_budget: float) -> float:
    """Find the toll at which the sites that pay at these prices spend just the budget."""

    def overspent(toll: float) -> bool:  # numpydoc ignore=GL08
        return float(taken[choose_sites(question, worth + toll * taken, shut)].sum()) > whole_budget

    low, high = 0.0, 1.0
    if not overspent(low):
        return 0.0
    dearest = float(-worth.min(initial=0.0)) / float(taken[taken > 0].min()) + 1.0  # here nothing pays
    while high < dearest and overspent(high):
        low, high = high, 4.0 * high
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if overspent(middle) else (low, middle)
    return high


def _dot(a: Floats, b: Floats) -> float:
    """Multiply and sum; numpy's own product would start threads for so little."""
    return float(np.multiply(a, b).sum())


def _mix(old: Floats, new: Floats, weight: Floats, most: float) -> float:
    """Weigh the newest slope against the mean so that the mean becomes shortest, within limits."""
    step = new - old
    square = _dot(step, step / weight)
    best = -_dot(old, step / weight) / square if square > 0 else most
    return min(max(best, most / 10), most)


def _first_prices(question: FlowQuestion, best: Incumbent) -> Floats:
    """Begin with what a pupil more would cost in the best answer known, seat prices included."""
    arcs, n_rows = question.arcs, question.pupils.size
    cheapest = np.full(n_rows, np.inf)
    np.minimum.at(cheapest, arcs.row, arcs.cost)
    default = np.where(np.isfinite(cheapest), cheapest, 0.0) * 1.5 + 1e-3 * float(arcs.cost.max(initial=0.0))
    if best.opened is None:
        return default
    at = best.opened[arcs.site] & np.isfinite(best.seat_prices[arcs.site])
    price = np.full(n_rows, np.inf)
    np.minimum.at(price, arcs.row[at], arcs.cost[at] + best.seat_prices[arcs.site[at]])
    return np.where(np.isfinite(price), price, np.where(np.isfinite(question.unserved), question.unserved, default))


def choose_sites(question: FlowQuestion, worth: Floats, shut: Bools) -> Bools:
    """
    Open what pays: the sites that stay, the closable ones that pay, and the best candidates within their number.

    Parameters
    ----------
    question : FlowQuestion
        The question; its budget is not asked.
    worth : numpy.ndarray, shape (n_sites,)
        What each site costs.
    shut : numpy.ndarray of bool, shape (n_sites,)
        Sites that stay shut.

    Returns
    -------
    numpy.ndarray of bool, shape (n_sites,)
        Open sites.
    """
    may = question.free & ~shut
    needed = np.zeros(worth.size, dtype=bool)
    if question.place is not None:
        at = np.flatnonzero(may)
        at = at[np.lexsort((worth[at], question.place[at]))]
        place = question.place[at]
        may = np.zeros(worth.size, dtype=bool)
        may[at[np.append(True, place[1:] != place[:-1])[: at.size]]] = True
        if question.one_of is not None:
            needed = may & question.one_of
    opened = ~question.free | needed | (question.closable & may & (worth < 0))
    candidates = np.flatnonzero(question.candidate & may)
    order = candidates[np.argsort(worth[candidates], kind="stable")]
    paying = int((worth[order] < 0).sum())
    opened[order[: min(max(paying, question.fewest), question.most)]] = True
    return np.asarray(opened)


def wanted_sites(question: FlowQuestion, wish: Floats, count: int, shut: Bools) -> Bools:
    """
    Open a number of new sites, those that are wished for most, and keep the closable ones wished for by half or more.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    wish : numpy.ndarray, shape (n_sites,)
        How much each site is wished for; 1 = fully.
    count : int
        New sites, where the question allows that.
    shut : numpy.ndarray of bool, shape (n_sites,)
        Sites that stay shut.

    Returns
    -------
    numpy.ndarray of bool, shape (n_sites,)
        Open sites.
    """
    number = min(max(count, question.fewest), question.most)
    worth = np.where(question.candidate, -1.0 - wish, 0.5 - wish)
    return choose_sites(question.changed(most=number, fewest=number), worth, shut)


def gives_way(question: FlowQuestion, worth: Floats, opened: Bools) -> Floats:
    """
    Find what is saved at most on other sites when one that is not among the best choice is opened all the same.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    worth : numpy.ndarray, shape (n_sites,)
        What each site costs.
    opened : numpy.ndarray of bool, shape (n_sites,)
        The best choice, as `choose_sites` has it.

    Returns
    -------
    numpy.ndarray, shape (n_sites,)
        For each site, what the one that gives way costs; 0 where none has to.
    """
    chosen = np.flatnonzero(opened & question.candidate)
    worst = float(worth[chosen].max()) if chosen.size else 0.0
    leaves = worst if chosen.size == question.most else (max(worst, 0.0) if chosen.size <= question.fewest else 0.0)
    replaced = np.where(question.candidate, leaves, 0.0)
    if question.place is not None:  # a size that is opened sends away the one chosen at its place
        there = np.full(int(question.place.max(initial=0)) + 1, -np.inf)
        np.maximum.at(there, question.place[opened & question.free], worth[opened & question.free])
        replaced = np.maximum(replaced, there[question.place])
    return replaced


def _settle(question: FlowQuestion, worth: Floats, bound: float, value: float, shut: Bools) -> Bools:
    """Shut the sites whose opening would cost more than the best answer known."""
    found = np.zeros(question.n_sites, dtype=bool)
    if not np.isfinite(value) or not np.isfinite(bound):
        return found
    opened = choose_sites(question, worth, shut)
    replaced = gives_way(question, worth, opened)
    slack = 1e-7 * max(1.0, abs(value))
    at = question.free & ~opened & ~shut
    found[at] = (bound + worth - replaced > value + slack)[at]
    if question.most == 0:
        found |= question.candidate
    return found


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

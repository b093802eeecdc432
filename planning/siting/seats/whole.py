"""
Lay out a question in which rows are never split: prices with whole knapsacks, a search over sites, and HiGHS on what is left.

With prices for the rows, each site's best load of whole rows is a knapsack; the bound of all of them together is far closer
than that of split rows. An arc, or a site, whose use would lift the bound above the best answer is left out, and what then
remains is mostly small enough for a proof [1]_.

References
----------
.. [1] A. Ceselli and G. Righini, Networks 45(3), 125-142, 2005. https://doi.org/10.1002/net.20059
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.seats.exchange import shaken
from planning.siting.seats.flow import FlowAnswer, FlowQuestion, solve_flow
from planning.siting.seats.prices import Filler, Prices, choose_sites, gives_way, price_rows, wanted_sites

__all__ = ["Note", "solve_whole"]

logger = logging.getLogger(__name__)

Note = Callable[[float, Bools], None]
"""Hears of every allowed layout: its value, and the open sites."""

_TABLES = 60_000_000  # seats times arcs up to which the knapsacks are solved exactly
_PRICES_SHARE, _SEARCH_SHARE = 0.2, 0.2  # of the time
_PROVABLE, _PROOF_SHARE = 3000, 0.5  # with more arcs left, HiGHS gets a part of the time and the search the rest
_KICKS, _KICKS_AT_ONCE = 200, 20
_PASSES, _PASSES_AT_ONCE = 50, 2  # through all rows, before the clock is looked at
_NEIGHBOURS = 40  # sites that may come in, tried with every site that may go
_FINES = 4  # how often the price of a pupil above the seats is raised


class _WholeFiller(Filler):
    """Fills sites with whole rows."""

    def __init__(self, question: FlowQuestion) -> None:
        super().__init__(question)
        self._size = question.pupils.astype(np.int64)
        self.room = np.minimum(question.seats, float(self._size.sum())).astype(np.int64)

    def worth(self, price: Floats, skip: Bools | None = None) -> Floats:
        """Price each site; see `Filler`."""
        from planning.siting.seats.whole_fill import fill_each_whole  # numba: not at import time

        none = np.zeros(self.seats.size, dtype=bool) if skip is None else skip
        taken = fill_each_whole(self.start, self.row, self.cost, self._size, price, self.room, none)
        return np.asarray(taken + self.opening)

    def served(self, price: Floats, opened: Bools) -> Floats:
        """Count the pupils that open sites take; see `Filler`."""
        from planning.siting.seats.whole_fill import serve_whole  # numba: not at import time

        sites = np.flatnonzero(opened).astype(np.int64)
        return np.asarray(serve_whole(self.start, self.row, self.cost, self._size, price, self.room, sites))

    def forced(self, price: Floats, skip: Bools) -> Floats:
        """Price each site with each of its rows in it; arcs by site."""
        from planning.siting.seats.whole_fill import force_each  # numba: not at import time

        site = np.repeat(np.arange(self.seats.size), np.diff(self.start))
        taken = force_each(self.start, self.row, self.cost, self._size, price, self.room, skip)
        return np.asarray(taken + self.opening[site])


def _forced_in_parts(filler: Filler, price: Floats, skip: Bools) -> Floats:
    """Price each site with each of its rows in it, the rest of its seats filled with parts of rows; arcs by site."""
    forced = np.full(filler.row.size, np.inf)
    for j in np.flatnonzero(~skip):
        at = slice(filler.start[j], filler.start[j + 1])
        row = filler.row[at]
        amount, reduced = filler.pupils[row], filler.cost[at] - price[row]
        order = np.argsort(reduced, kind="stable")
        order = order[reduced[order] < 0]
        seats = np.concatenate([[0.0], np.cumsum(amount[order])])
        brings = np.concatenate([[0.0], np.cumsum(amount[order] * reduced[order])])
        room = filler.seats[j] - amount
        forced[at] = np.where(room >= 0, amount * reduced + np.interp(room, seats, brings) + filler.opening[j], np.inf)
    return forced


class _Search:
    """The best whole layout so far, and the way from a choice of sites to one."""

    def __init__(self, question: FlowQuestion, clock: Clock, note: Note | None = None) -> None:
        self.question, self.clock, self.note = question, clock, note
        self.value, self.bound = float("inf"), float("-inf")
        self.opened: Bools | None = None
        self.seat_prices = np.zeros(question.n_sites)
        used = np.flatnonzero(question.pupils > 0)
        self.rows = used[np.lexsort((used, -question.pupils[used]))]  # large rows first
        self.size = question.pupils[self.rows].astype(np.int64)
        name = np.full(question.pupils.size, -1, dtype=np.int64)
        name[self.rows] = np.arange(self.rows.size)
        n = question.n_sites
        table = np.full((self.rows.size, n + 1), np.inf)  # the last column: no seat at all
        arcs = question.arcs
        at = name[arcs.row] >= 0
        table[name[arcs.row[at]], arcs.site[at]] = arcs.cost[at] * question.pupils[arcs.row[at]]
        table[:, n] = question.unserved[self.rows] * self.size
        self._far = 1e3 * (float(table[np.isfinite(table)].max(initial=0.0)) + 1.0)
        self.table = np.where(np.isfinite(table), table, self._far)
        total = int(self.size.sum())
        self.seats = np.append(np.minimum(question.seats, total), total).astype(np.int64)
        self.fine = 1e-9 + 0.3 * float(arcs.cost.mean() if arcs.cost.size else 0.0)
        self.place = np.full(self.rows.size, -1, dtype=np.int64)  # site of each row in the best layout
        self._seen: set[bytes] = set()
        self.turn = 0

    def offer(self, opened: Bools) -> None:
        """Send the rows to these sites."""
        if self.question.fits(opened):
            self.send(opened, np.full(self.rows.size, -1, dtype=np.int64), 0)

    def send(self, opened: Bools, begin: Ints, kicks: int) -> tuple[float, Ints]:
        """Send the rows to these sites, from a beginning; gives the cost with fines, and the site of each row."""
        from planning.siting.seats.whole_search import search_whole  # numba: not at import time

        question, n = self.question, self.question.n_sites
        sites = np.flatnonzero(np.append(opened, np.isfinite(question.unserved).any()))
        rank = np.full(n + 2, -1, dtype=np.int64)
        rank[sites] = np.arange(sites.size)
        opening = float(question.opening[opened].sum())
        if sites.size == 0 and self.rows.size:
            return float("inf"), begin
        table, seats = np.ascontiguousarray(self.table[:, sites]), self.seats[sites]
        at = rank[begin]
        total, above, fine = float("inf"), 1, self.fine
        if self.rows.size == 0:
            total, above = 0.0, 0
        for _ in range(_FINES if self.rows.size else 0):
            for _ in range(_PASSES // _PASSES_AT_ONCE):
                at, total, above, resting = search_whole(table, self.size, seats, fine, at, _PASSES_AT_ONCE, 0, 0)
                if resting or self.clock.stopped:
                    break
            for _ in range(kicks // _KICKS_AT_ONCE):
                if self.clock.stopped:
                    break
                self.turn += 1
                at, total, above, _ = search_whole(
                    table, self.size, seats, fine, at, _PASSES, _KICKS_AT_ONCE, self.turn
                )
            if above == 0 or self.clock.stopped:
                break
            fine *= 4
        place = sites[at] if self.rows.size else begin
        if above == 0:
            self.keep(opened, place)
        return total + opening, place

    def keep(self, opened: Bools, place: Ints) -> None:
        """Keep a layout if it is allowed and the best."""
        question = self.question
        total = float(self.table[np.arange(self.rows.size), place].sum())
        value = total + float(question.opening[opened].sum())
        load = np.bincount(place, weights=self.size, minlength=question.n_sites + 1)[:-1]
        small = (load < question.least_load)[opened & question.free].any()
        if total >= self._far or small or (load > question.seats).any():
            return
        if self.note is not None:
            self.note(value, opened)
        if value < self.value - 1e-12:
            self.value, self.opened, self.place = value, opened.copy(), place
            self.clock.tell(value, min(value, self.bound))

    def hear(self, bound: float) -> None:
        """Take note of a bound of the whole question."""
        if bound > self.bound:
            self.bound = bound
            self.clock.tell(self.value, min(self.value, bound))

    def flow(self) -> Floats:
        """Put the best layout on the arcs."""
        question = self.question
        where = np.full(question.pupils.size, -1, dtype=np.int64)
        where[self.rows] = self.place
        arcs = question.arcs
        return np.where(where[arcs.row] == arcs.site, question.pupils[arcs.row], 0.0)

    def improve(self, worth: Floats, shut: Bools, clock: Clock) -> None:
        """Open, shut or exchange sites of the best layout as long as that betters it."""
        while self.opened is not None and not clock.stopped:
            value = self.value
            self._climb(self.opened, self.place, value, worth, shut, clock)
            if self.value >= value:
                return

    def wander(self, prices: Prices, clock: Clock) -> None:
        """Begin again and again from choices of sites near the best one."""
        question = self.question
        for seed in range(10_000):
            if clock.stopped or self.opened is None:
                return
            kept = self.opened if seed % 3 else prices.share > 0.5
            opened = shaken(question, kept, prices.share, prices.shut, seed)
            if not question.fits(opened):
                continue
            begin = np.where(np.append(opened, True)[self.place], self.place, -1)
            value, place = self.send(opened, begin, 0)
            self._climb(opened, place, value, prices.worth, prices.shut, clock)
            if seed % 8 == 7:
                self.send(self.opened, self.place, _KICKS)

    def _climb(self, opened: Bools, place: Ints, value: float, worth: Floats, shut: Bools, clock: Clock) -> None:
        """Better a choice of sites, and what it costs with fines, as far as single exchanges lead."""
        question = self.question
        rising = True
        while rising:
            rising = False
            away = np.flatnonzero(question.free & opened)
            order = np.argsort(worth, kind="stable")
            come = order[(question.free & ~opened & ~shut)[order]][:_NEIGHBOURS]
            moves = [(j, -1) for j in away] + [(-1, k) for k in come] + [(j, k) for k in come for j in away]
            for j, k in moves:
                if clock.stopped:
                    return
                changed = opened.copy()
                if j >= 0:
                    changed[j] = False
                if k >= 0:
                    changed[k] = True
                key = changed.tobytes()
                if key in self._seen or not question.fits(changed):
                    continue
                self._seen.add(key)
                found, sent = self.send(changed, np.where(place == j, -1, place), 0)
                if found < value - 1e-9:
                    opened, place, value, rising = changed, sent, found, True
                    break


def solve_whole(question: FlowQuestion, clock: Clock, note: Note | None = None) -> FlowAnswer:
    """
    Choose the sites and send whole rows to them.

    Parameters
    ----------
    question : FlowQuestion
        A question without boarding in which rows are never split.
    clock : Clock
        Time left.
    note : callable, optional
        Hears of every allowed layout that is met: its value, and the open sites.

    Returns
    -------
    FlowAnswer
        Open sites, flow and bound.
    """
    search = _Search(question, clock, note)
    weight = np.bincount(question.arcs.site, minlength=question.n_sites)
    exact = float(weight @ np.minimum(question.seats, question.pupils.sum())) <= _TABLES
    filler = _WholeFiller(question) if exact else Filler(question)

    def offer(share: Floats, edge: Floats) -> None:  # numpydoc ignore=GL08
        count = int(np.ceil(float(share[question.candidate].sum()) - 1e-6))
        for more in (0, 1):
            search.offer(wanted_sites(question, share, count + more, np.zeros(share.size, dtype=bool)))

    filler.served(np.zeros(question.pupils.size), ~question.free)  # kernels are compiled before the time is parted
    filler.worth(np.zeros(question.pupils.size))
    # to begin with: all that stands, and as few new sites as may be
    offer(question.closable.astype(float), np.zeros(question.n_sites))
    patience = Clock(clock.left * _PRICES_SHARE, clock.cancel)
    prices = price_rows(question, search, patience, filler=filler, offer=offer, hear=search.hear)
    offer(prices.share, prices.edge)
    search.offer(choose_sites(question, prices.worth, prices.shut))
    searching = Clock(clock.left * _SEARCH_SHARE, clock.cancel)
    search.improve(prices.worth, prices.shut, searching)
    if search.opened is not None and gap_between(search.value, prices.bound) > OPTIMAL_GAP:
        search.send(search.opened, search.place, _KICKS)
        search.wander(prices, searching)
    bound = min(prices.bound, search.value)
    logger.debug("whole rows at %.1f s: bound %.8g of %.8g", clock.seconds, bound, search.value)
    if gap_between(search.value, bound) > OPTIMAL_GAP and not clock.stopped:
        bound = max(bound, _finish(question, filler, prices, search, clock))
        search.hear(bound)
        if gap_between(search.value, bound) > OPTIMAL_GAP:
            search.wander(prices, clock)
    bound = min(bound, search.value)
    if search.opened is None:
        status = "infeasible" if bound == np.inf else "stopped"
        return FlowAnswer(status, None, None, bound)
    status = "optimal" if gap_between(search.value, bound) <= OPTIMAL_GAP else "stopped"
    return FlowAnswer(status, search.opened, search.flow(), bound)


def _finish(question: FlowQuestion, filler: Filler, prices: Prices, search: _Search, clock: Clock) -> float:
    """Ask HiGHS on the arcs that a better answer could use; gives a bound, and keeps the better answer."""
    keep = _open_arcs(question, filler, prices, search.value)
    shut = prices.shut & question.free
    left = question.changed(
        arcs=question.arcs.only(keep),
        candidate=question.candidate & ~shut,
        closable=question.closable & ~shut,
        opening=np.where(shut, 0.0, question.opening),
        seats=np.where(shut, 0.0, question.seats),
    )
    logger.debug("%d of %d arcs and %d sites left", int(keep.sum()), keep.size, int((question.free & ~shut).sum()))
    known = None
    if search.opened is not None:
        flow = search.flow()
        if not flow[~keep].any() and not (search.opened & shut).any():
            known = (search.opened | shut, flow[keep])
    answer = solve_flow(
        left, clock if keep.sum() <= _PROVABLE else Clock(clock.left * _PROOF_SHARE, clock.cancel), known
    )
    logger.debug("HiGHS at %.1f s: %s, bound %.8g", clock.seconds, answer.status, answer.bound)
    if answer.status == "infeasible":
        return search.value
    if answer.opened is not None and answer.flow is not None:
        opened = answer.opened & ~shut
        place = np.full(question.pupils.size, question.n_sites, dtype=np.int64)
        used = answer.flow > 0.5
        place[left.arcs.row[used]] = left.arcs.site[used]
        search.keep(opened, place[search.rows])
    return answer.bound


def _open_arcs(question: FlowQuestion, filler: Filler, prices: Prices, value: float) -> Bools:
    """Leave out the arcs whose use would cost more than the best answer, one at a time."""
    arcs = question.arcs
    shut = prices.shut & question.free
    keep = ~shut[arcs.site]
    if not np.isfinite(value) or not np.isfinite(prices.bound):
        return keep
    price = prices.price
    forced = filler.forced(price, shut) if isinstance(filler, _WholeFiller) else _forced_in_parts(filler, price, shut)
    opened = choose_sites(question, prices.worth, shut)
    without = np.where(opened, prices.worth, gives_way(question, prices.worth, opened))
    order = np.argsort(arcs.site.astype(np.min_scalar_type(max(question.n_sites, 1))), kind="stable")
    least = np.empty(arcs.row.size)
    least[order] = prices.bound + forced - without[arcs.site[order]]
    return np.asarray(keep & (least <= value + 1e-7 * max(1.0, abs(value))))

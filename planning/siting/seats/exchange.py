"""
Better a layout by opening a site, shutting another, or both, guided by the prices of rows and seats.

Prices say at once what a site more would save at most and what a site less would cost at least. Only the exchanges that
they call best are tried, each by seating the pupils anew from the prices of the layout before.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.seats.flow import FlowQuestion
from planning.siting.seats.prices import Filler, wanted_sites

__all__ = ["Layout", "Seater", "improve_by_exchange", "shaken"]

logger = logging.getLogger(__name__)

_LOOKS = 8  # open sites that a row looks at
_ROUNDS = 4  # seatings until the prices fit
_CLOSE = 1e-9


@dataclass(frozen=True)
class Layout:
    """
    A choice of sites, seated.

    Parameters
    ----------
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.
    value : float
        Travel, opening and pupils without a seat.
    missing : int
        Pupils without a seat [pupils].
    seat_price : numpy.ndarray, shape (n_sites,)
        Prices of seats.
    row_price : numpy.ndarray, shape (n_rows,)
        What a pupil of the row costs.
    loss : numpy.ndarray, shape (n_sites,)
        What shutting the site would cost at least, its opening saved; inf where it is shut.
    """

    opened: Bools
    value: float
    missing: int
    seat_price: Floats
    row_price: Floats
    loss: Floats


class Seater:
    """
    Seats the pupils of one question in many choices of sites.

    Parameters
    ----------
    question : FlowQuestion
        A question in which seats alone bind.
    refuge : numpy.ndarray, shape (n_rows,)
        Finite cost of a pupil who finds no seat among the row's arcs.
    looks : int
        Cheapest open sites that a row looks at; where seats are scarce, few of them would turn pupils away.
    """

    def __init__(self, question: FlowQuestion, refuge: Floats, looks: int = _LOOKS) -> None:
        arcs = question.arcs
        self.question, self._looks = question, looks
        self._rows = np.flatnonzero(question.pupils > 0)
        name = np.full(question.pupils.size, -1, dtype=np.int64)
        name[self._rows] = np.arange(self._rows.size)
        used = question.pupils[arcs.row] > 0
        row, site, cost = name[arcs.row[used]], arcs.site[used], arcs.cost[used]
        if ((row[1:] == row[:-1]) & (cost[1:] < cost[:-1])).any():  # not yet from cheap to dear
            order = np.lexsort((cost, row))
            row, site, cost = row[order], site[order], cost[order]
        self._start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=self._rows.size))]).astype(np.int64)
        self._site, self._cost = site.astype(np.int32), cost
        self._refuge = refuge[self._rows]
        self._pupils = question.pupils[self._rows].astype(np.int64)
        self._total = int(self._pupils.sum())
        self._least = np.where(question.free, question.least_load, 0.0)
        # pupils who must be drawn to a site come from about as far as rows lie from their fourth site
        lead = np.minimum(self._start[:-1] + 3, self._start[1:] - 1)
        has = self._start[1:] > self._start[:-1]
        self._draw = float((cost[lead[has]] - cost[self._start[:-1][has]]).mean()) if has.any() else 0.0

    def seat(self, opened: Bools, seat_price: Floats, rounds: int = _ROUNDS) -> Layout:
        """
        Seat the pupils.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_sites,)
            Open sites.
        seat_price : numpy.ndarray, shape (n_sites,)
            Prices of seats to begin with.
        rounds : int
            Seatings at most; more come closer to the cheapest.

        Returns
        -------
        Layout
            The cheapest seating found.
        """
        from planning.siting.seats.overflow import push_out_overflow  # numba: not at import time
        from planning.siting.seats.quick import pick_open

        question, n = self.question, self.question.n_sites
        sites = np.flatnonzero(opened & (question.seats >= 1))
        number = np.full(n, -1, dtype=np.int32)
        number[sites] = np.arange(sites.size)
        seats = np.append(np.minimum(question.seats[sites], self._total), self._total).astype(np.int64)
        prices = seat_price[sites].copy()
        value = np.inf
        missing = self._total
        kept: tuple[Floats, Any, Any, Any, Any] | None = None
        for _ in range(rounds):
            table = pick_open(
                self._start, self._site, self._cost, number, self._refuge, prices, sites.size, self._looks
            )
            indptr, indices, priced, plain, nearest = table
            flow, _, move = push_out_overflow(indptr, indices, priced, self._pupils, nearest, seats)
            cost = float(np.multiply(flow, plain).sum())  # a product by "@" would start threads for so little
            load = np.bincount(indices, weights=flow, minlength=sites.size + 1)[:-1]
            has_room = load < seats[:-1]
            rise = _rise(move, np.append(has_room, True))[:-1]
            if cost < value:
                value, missing = cost, int(flow[indptr[1:] - 1].sum())
                kept = (prices + rise, np.asarray(flow), indptr, indices, plain)
            if not (has_room & (prices > 0)).any():
                break
            prices = np.where(has_room, 0.0, prices + rise)
        if kept is None:
            kept = (prices, np.zeros(0), np.zeros(self._rows.size + 1, np.int64), np.zeros(0, np.int32), np.zeros(0))
        new_prices, best_flow, indptr, indices, plain = kept
        by_site = np.zeros(n)
        by_site[sites] = new_prices
        first, loss = _losses(best_flow, indptr, indices, plain, np.append(new_prices, 0.0))
        row_price = np.zeros(question.pupils.size)
        row_price[self._rows] = first
        losses = np.full(n, np.inf)
        losses[opened] = -question.opening[opened]
        losses[sites] += loss[:-1]
        if self._least[sites].any():
            load = np.bincount(indices, weights=best_flow, minlength=sites.size + 1)[:-1]
            drawn = self._draw * np.maximum(self._least[sites] - load, 0.0)
            losses[sites] -= drawn
            value += float(drawn.sum())
        return Layout(opened, value + float(question.opening[opened].sum()), missing, by_site, row_price, losses)


def _rise(move: Floats, has_room: Bools) -> Floats:
    """Find what a seat more at each site would save, chains of moves included."""
    saving = np.zeros(has_room.size)
    for _ in range(has_room.size):
        better = np.maximum(saving, (saving[:, None] - move).max(axis=0))
        better[has_room] = 0.0
        if (better <= saving + 1e-12).all():
            break
        saving = better
    return saving


def _losses(flow: Any, indptr: Ints, indices: Any, plain: Floats, price: Floats) -> tuple[Floats, Floats]:
    """Price each row, and what its site's pupils would pay more elsewhere."""
    priced = plain + price[indices]
    starts = indptr[:-1]
    if starts.size == 0:
        return np.zeros(0), np.zeros(price.size)
    first = np.minimum.reduceat(priced, starts)
    row = np.repeat(np.arange(starts.size), np.diff(indptr))
    lead = np.flatnonzero(priced == first[row])
    lead = lead[np.searchsorted(row[lead], np.arange(starts.size))]
    rest = priced.copy()
    rest[lead] = np.inf
    second = np.minimum.reduceat(rest, starts)
    is_lead = np.zeros(priced.size, dtype=bool)
    is_lead[lead] = True
    elsewhere = np.where(is_lead, second[row], first[row])
    used = np.flatnonzero(flow)
    more = np.where(np.isfinite(elsewhere[used]), elsewhere[used] - plain[used], 0.0)
    loss = np.bincount(indices[used], weights=flow[used] * more, minlength=price.size)
    return np.asarray(first), np.asarray(loss, dtype=np.float64)


def improve_by_exchange(
    seater: Seater, filler: Filler, layout: Layout, shut: Bools, clock: Clock, width: int
) -> Layout:
    """
    Exchange sites as long as that betters the layout.

    Parameters
    ----------
    seater : Seater
        Seats the pupils.
    filler : Filler
        Prices sites.
    layout : Layout
        Where to begin.
    shut : numpy.ndarray of bool, shape (n_sites,)
        Sites of no interest.
    clock : Clock
        Time left.
    width : int
        Sites that are tried before giving up.

    Returns
    -------
    Layout
        A layout that no exchange tried betters.
    """
    question = seater.question
    while not clock.stopped:
        better = _drop(seater, layout)
        if better is None:
            worth = filler.worth(layout.row_price, shut | layout.opened)
            edge = filler.edge
            worth[shut | layout.opened | ~question.free] = np.inf
            better = _exchange(seater, layout, np.argsort(worth, kind="stable")[:width], worth, edge, clock)
        if better is None:
            break
        layout = better
    return layout


def _drop(seater: Seater, layout: Layout) -> Layout | None:
    """Shut the site that is needed least, if that pays."""
    question = seater.question
    for j in np.argsort(layout.loss, kind="stable")[:3]:
        if not layout.loss[j] < 0 or not question.free[j]:
            continue
        opened = layout.opened.copy()
        opened[j] = False
        if question.fits(opened):
            found = seater.seat(opened, layout.seat_price, 2)
            if found.value < layout.value * (1 - _CLOSE):
                return found
    return None


def _exchange(
    seater: Seater, layout: Layout, entering: Ints, worth: Floats, edge: Floats, clock: Clock
) -> Layout | None:
    """Open one of the sites, and shut the one needed least where the rules ask for it or it pays."""
    question = seater.question
    for k in entering:
        if clock.stopped or not np.isfinite(worth[k]):
            break
        opened = layout.opened.copy()
        opened[k] = True
        if question.place is not None:
            opened[question.free & (question.place == question.place[k])] = False
            opened[k] = True
        prices = layout.seat_price.copy()
        prices[k] = edge[k]
        wider = seater.seat(opened, prices, 1)
        if question.fits(opened) and wider.value < layout.value * (1 - _CLOSE):
            return wider
        loss = np.where(question.free & opened, wider.loss, np.inf)
        loss[k] = np.inf
        tried = 0
        for j in np.argsort(loss, kind="stable"):
            if tried >= 2 or not np.isfinite(loss[j]) or wider.value + loss[j] >= layout.value:
                break
            narrower = opened.copy()
            narrower[j] = False
            if question.fits(narrower):
                tried += 1
                found = seater.seat(narrower, wider.seat_price, 2)
                if found.value < layout.value * (1 - _CLOSE):
                    return found
    return None


def shaken(question: FlowQuestion, opened: Bools, share: Floats, shut: Bools, turn: int) -> Bools:
    """
    Change a good choice of sites a little, by chance, to leave a place where no single exchange helps.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    opened : numpy.ndarray of bool, shape (n_sites,)
        A good choice.
    share : numpy.ndarray, shape (n_sites,)
        How much of each site the prices want open.
    shut : numpy.ndarray of bool, shape (n_sites,)
        Sites of no interest.
    turn : int
        Seed.

    Returns
    -------
    numpy.ndarray of bool, shape (n_sites,)
        Another choice.
    """
    rng = np.random.default_rng(turn)
    wish = share + opened + rng.random(share.size) * (0.6 + 0.2 * (turn % 4))
    count = int((opened & question.candidate).sum()) + int(rng.integers(-1, 2))
    return wanted_sites(question, 0.5 * wish, count, shut)

"""Lay out a question too large for HiGHS, in which seats alone bind: prices and exchanges by turns."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.seats.exchange import Layout, Seater, improve_by_exchange, shaken
from planning.siting.seats.flow import Arcs, FlowQuestion
from planning.siting.seats.prices import Filler, Prices, price_rows, wanted_sites
from planning.siting.seats.seating import least_travel

__all__ = ["lay_out"]

logger = logging.getLogger(__name__)

_GROUPS = 4000  # rows that the look from afar has at most
_ROUGH_ROUNDS = 500
_ROUGH_TURNS = 3
_ROUGH_SHARE = 0.25  # of the time left, for prices and for exchanges seen from afar
_ROUNDS = 200
_FEW_ROUNDS = 50
_TURNS = 5  # turns after which the prices are near their end
_LOOKED_AT = 64  # arcs of a row that the first prices look at
_NEAREST = 24  # arcs of a row that are looked at in any case
_HIGHER = 1.5  # how far prices may rise above the last ones
_WIDTHS = (12, 40, 120)


class _Kept:
    """The best layout so far; its value counts only where everybody has a seat who must have one."""

    def __init__(self, n_sites: int, *, must_seat: bool) -> None:
        self.value = float("inf")
        self._must_seat = must_seat
        self.opened: Bools | None = None
        self.seat_prices = np.zeros(n_sites)
        self.layout: Layout | None = None

    def offer(self, opened: Bools) -> None:
        """Nothing is offered without being seated first."""

    def take(self, layout: Layout) -> None:
        """Keep a layout if it is the best."""
        if self.layout is None or layout.value < self.layout.value:
            self.layout = layout
            self.opened, self.seat_prices = layout.opened, layout.seat_price
            if layout.missing == 0 or not self._must_seat:
                self.value = min(self.value, layout.value)


def lay_out(
    question: FlowQuestion, refuge: Floats, clock: Clock, seat_all: Callable[[Bools], float], *, must_seat: bool
) -> tuple[Bools | None, float]:
    """
    Choose the sites.

    Parameters
    ----------
    question : FlowQuestion
        The short question; its way out caps the prices.
    refuge : numpy.ndarray, shape (n_rows,)
        Finite cost of a pupil who finds no seat among the arcs of the row.
    clock : Clock
        Time left.
    seat_all : callable
        Prices a choice of sites exactly, on the whole table; inf where not all can be seated.
    must_seat : bool
        Whether a pupil without a seat is no answer.

    Returns
    -------
    tuple of numpy.ndarray of bool, shape (n_sites,), or None, and float
        Open sites and a bound.
    """
    kept = _Kept(question.n_sites, must_seat=must_seat)
    clock.tell(float("inf"), least_travel(question))
    start = None if clock.stopped else _look_from_afar(question, refuge, kept, clock, must_seat=must_seat)
    if clock.stopped:
        return _in_hand(question, kept, clock, start, seat_all)
    filler, seater = Filler(question), Seater(question, refuge)
    seen: set[bytes] = set()

    def offer(share: Floats, edge: Floats) -> None:  # numpydoc ignore=GL08
        opened = _wanted(question, share)
        if question.fits(opened) and opened.tobytes() not in seen:
            seen.add(opened.tobytes())
            kept.take(seater.seat(opened, edge))

    _begin(question, kept, seater)
    exact, best, bound, turn = float("inf"), kept.opened, float("-inf"), 0
    if best is not None:
        exact = seat_all(best)
        kept.value = exact if np.isfinite(exact) else kept.value
        clock.tell(exact, least_travel(question))
    prices = None
    while True:
        rounds = _ROUNDS if turn < _TURNS else _FEW_ROUNDS
        part = _within(question, start)
        more = price_rows(part, kept, clock, start=start, rounds=rounds, offer=offer)
        if more.bound > bound:
            bound, prices, start = more.bound, more, more.price
        clock.tell(exact, bound)
        logger.debug("turn %d at %.1f s: bound %.8g of %.8g (%.8g)", turn, clock.seconds, bound, exact, kept.value)
        if clock.stopped or gap_between(exact, bound) <= OPTIMAL_GAP or prices is None:
            break
        if kept.layout is None:
            offer(prices.share, prices.edge)
        _search(question, seater, filler, kept, prices, clock, turn)
        if kept.opened is not None and kept.opened is not best:
            found = seat_all(kept.opened)
            if found < exact or best is None:
                exact, best = found, kept.opened
            kept.value = min(kept.value, exact)
        logger.debug("turn %d at %.1f s: bound %.8g of %.8g (%.8g)", turn, clock.seconds, bound, exact, kept.value)
        turn += 1
    bound = max(bound, least_travel(question))
    if np.isfinite(exact):
        return best, bound
    return _fallback(question, kept, seat_all), bound


def _begin(question: FlowQuestion, kept: _Kept, seater: Seater) -> None:
    """Seat the layout seen from afar, or else what stands today."""
    today = _as_it_stands(question)
    if kept.layout is None and question.fits(today):
        kept.take(seater.seat(today, np.zeros(question.n_sites)))
    elif kept.layout is not None:
        afar, kept.layout, kept.value = kept.layout, None, float("inf")
        kept.take(seater.seat(afar.opened, afar.seat_price))


def _in_hand(
    question: FlowQuestion, kept: _Kept, clock: Clock, start: Floats | None, seat_all: Callable[[Bools], float]
) -> tuple[Bools | None, float]:
    """Answer with the layout seen from afar, or else with what comes first, when there is no time for more."""
    bound = least_travel(question)
    if start is not None:
        bound = max(bound, price_rows(_within(question, start), kept, clock, start=start, rounds=1).bound)
    return _fallback(question, kept, seat_all), bound


def _fallback(question: FlowQuestion, kept: _Kept, seat_all: Callable[[Bools], float]) -> Bools | None:
    """Take the first choice of sites that seats everybody who must have a seat, however good it is; None where none does."""
    found = [] if kept.layout is None else [kept.layout.opened]
    for opened in (*found, _most_asked_for(question), _most_seats(question), _as_it_stands(question)):
        if question.fits(opened) and np.isfinite(seat_all(opened)):
            return opened
    return None


def _most_asked_for(question: FlowQuestion) -> Bools:
    """Open the sites that most pupils are nearest to: all that may be opened, or as many as have seats where each costs."""
    arcs = question.arcs
    nearest = np.flatnonzero(np.append(True, arcs.row[1:] != arcs.row[:-1])[: arcs.row.size])  # from cheap to dear
    asked = np.bincount(arcs.site[nearest], weights=question.pupils[arcs.row[nearest]], minlength=question.n_sites)
    wish = np.minimum(asked, question.seats) / max(float(question.pupils.sum()), 1.0)
    wish[question.closable] = 1.0
    count, new = question.most, np.flatnonzero(question.candidate)
    if (question.opening[new] > 0).any() or count >= new.size:
        order = new[np.argsort(-wish[new], kind="stable")]
        seats = float(question.seats[_as_it_stands(question)].sum()) + np.cumsum(question.seats[order])
        count = min(count, int(np.searchsorted(seats, float(question.pupils.sum()))) + 1)
    return wanted_sites(question, wish, count, np.zeros(question.n_sites, dtype=bool))


def _most_seats(question: FlowQuestion) -> Bools:
    """Open as many sites as may be, those with most seats."""
    seats = np.minimum(question.seats, max(float(question.pupils.sum()), 1.0))
    return wanted_sites(
        question, 1.0 + seats / max(float(seats.max(initial=0.0)), 1.0), question.most, np.zeros(seats.size, dtype=bool)
    )


def _as_it_stands(question: FlowQuestion) -> Bools:
    """Open what is open today; the first column of a place is the site as it is."""
    today = ~question.candidate
    if question.place is not None:
        today &= np.append(True, question.place[1:] != question.place[:-1])
    return today


def _wanted(question: FlowQuestion, share: Floats) -> Bools:
    """Open the sites of which most is wanted."""
    count = int(np.ceil(float(share[question.candidate].sum()) - 1e-6))
    return wanted_sites(question, share, count, np.zeros(share.size, dtype=bool))


def _look_from_afar(
    question: FlowQuestion, refuge: Floats, kept: _Kept, clock: Clock, *, must_seat: bool
) -> Floats | None:
    """Lay out the question with like rows put together; gives first prices for the rows of the whole one."""
    used = np.flatnonzero(np.bincount(question.arcs.row, minlength=question.pupils.size))
    size = -(-used.size // _GROUPS)
    if size < 2:
        return None
    group, lead, low = _alike(question, used, size)
    name = np.full(question.pupils.size, -1, dtype=np.int64)
    name[lead] = np.arange(lead.size)
    arcs = question.arcs
    keep = name[arcs.row] >= 0
    pupils = np.bincount(group, weights=question.pupils[used], minlength=lead.size)
    part = question.changed(
        arcs=Arcs(name[arcs.row[keep]], arcs.site[keep], arcs.cost[keep], arcs.board[keep]),
        pupils=pupils,
        unserved=question.unserved[lead],
    )
    seater, filler = Seater(part, refuge[lead]), Filler(part)
    rough = _Kept(question.n_sites, must_seat=must_seat)

    def offer(share: Floats, edge: Floats) -> None:  # numpydoc ignore=GL08
        opened = _wanted(part, share)
        if part.fits(opened):
            rough.take(seater.seat(opened, edge))

    rough_clock = Clock(clock.left * _ROUGH_SHARE, clock.cancel)
    prices = price_rows(_within(part, None), rough, rough_clock, rounds=_ROUGH_ROUNDS, offer=offer)
    offer(prices.share, prices.edge)
    rough_clock = Clock(clock.left * _ROUGH_SHARE, clock.cancel)
    for turn in range(_ROUGH_TURNS):
        _search(part, seater, filler, rough, prices, rough_clock, turn)
    logger.debug("from afar at %.1f s: bound %.8g of %.8g", clock.seconds, prices.bound, rough.value)
    kept.layout = rough.layout
    start = np.zeros(question.pupils.size)
    start[used] = np.maximum(prices.price[group] + low - low[np.searchsorted(used, lead)][group], 0.0)
    return start


def _alike(question: FlowQuestion, used: Ints, size: int) -> tuple[Ints, Ints, Floats]:
    """Put rows with the same cheapest site and like costs together; gives groups, their leaders and cheapest costs."""
    arcs = question.arcs
    length = np.bincount(arcs.row, minlength=question.pupils.size)
    first = (np.cumsum(length) - length)[used]
    low = arcs.cost[first]
    order = np.lexsort((used, low, arcs.site[first]))
    group = np.empty(used.size, dtype=np.int64)
    group[order] = np.arange(used.size) // size
    middle = np.minimum(np.arange(0, used.size, size) + size // 2, used.size - 1)
    lead = used[order[middle]]
    rank = np.argsort(lead, kind="stable")  # leaders in the order of rows, so that arcs stay ordered
    place = np.empty(rank.size, dtype=np.int64)
    place[rank] = np.arange(rank.size)
    return place[group], lead[rank], low


def _within(question: FlowQuestion, price: Floats | None) -> FlowQuestion:
    """Leave out the arcs that are dearer than any price is likely to be; the next cost caps the prices."""
    arcs = question.arcs
    length = np.bincount(arcs.row, minlength=question.pupils.size)
    rank = np.arange(arcs.row.size) - (np.cumsum(length) - length)[arcs.row]
    keep = rank < _LOOKED_AT if price is None else (rank < _NEAREST) | (arcs.cost < _HIGHER * price[arcs.row])
    row, cost = arcs.row[~keep], arcs.cost[~keep]
    way_out = question.unserved.copy()
    first = np.flatnonzero(np.append(True, row[1:] != row[:-1])[: row.size])  # rows stand from cheap to dear
    way_out[row[first]] = np.minimum(way_out[row[first]], cost[first])
    return question.changed(arcs=arcs.only(keep), unserved=way_out)


def _search(
    question: FlowQuestion, seater: Seater, filler: Filler, kept: _Kept, prices: Prices, clock: Clock, turn: int
) -> None:
    """Better the best layout by exchanges, and from the second turn on others near it."""
    if kept.layout is None:
        return
    width = _WIDTHS[min(turn, len(_WIDTHS) - 1)]
    kept.take(improve_by_exchange(seater, filler, kept.layout, prices.shut, clock, width))
    for number in range(3 * min(turn, 3)):
        if clock.stopped:
            return
        opened = shaken(question, kept.layout.opened, prices.share, prices.shut, 100 * turn + number)
        if question.fits(opened):
            found = seater.seat(opened, kept.seat_prices)
            kept.take(improve_by_exchange(seater, filler, found, prices.shut, clock, _WIDTHS[0]))

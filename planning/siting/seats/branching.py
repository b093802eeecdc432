"""
Lay out a question in which much may close: seen from afar for good answers, by prices and branching for the bound.

Where running costs weigh as much as travel, a choice of sites that no single exchange betters may be far from the best,
and the bound of the prices alone stays a per cent or two below. So like rows are put together first, and on that short
question exchanges, prices and the set that all cuts call cheapest give answers. The prices found there start those of
the question itself, which shut most sites for good; the bound then rises by opening and shutting one undecided site after
the other (branch and bound), each part priced from the prices of the part it comes from.

References
----------
.. [1] J. E. Beasley, Eur. J. Oper. Res. 65, 383-399, 1993. https://doi.org/10.1016/0377-2217(93)90118-7
.. [2] R. Sridharan, Eur. J. Oper. Res. 87(2), 203-213, 1995. https://doi.org/10.1016/0377-2217(95)00042-O
"""

from __future__ import annotations

import heapq
import logging
from dataclasses import dataclass, replace

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.seats.coarse import gather_rows, seen_from_afar
from planning.siting.seats.exchange import Layout, Seater, improve_by_exchange, shaken
from planning.siting.seats.flow import FlowAnswer, FlowQuestion
from planning.siting.seats.prices import Filler, Prices, price_rows
from planning.siting.seats.seating import least_travel, price_of
from planning.siting.seats.sets import cheapest_set
from planning.siting.seats.shortfall import seat_with_least

__all__ = ["solve_by_branching"]

logger = logging.getLogger(__name__)

_GROUPS = 1000  # rows of the question seen from afar
_LOOKS = 30  # open sites that a row looks at from afar
_FAR_ROUNDS, _ROUNDS, _NODE_ROUNDS, _NEAR_ROUNDS = 500, 100, 60, 12
_SHAKES, _SHAKE_SHARE, _GOAL = 40, 0.25, 0.005  # good layouts are shaken while they seem worse than this
_MORE, _WORTHWHILE = 8, 5e-4  # more rounds at the root, as long as they raise the bound by this much
_TRY_EVERY = 4
_SEATED = 3  # layouts from afar that are seated
_WIDTH, _WIDE = 16, 64  # sites that an exchange tries before giving up; more of them from the best layouts
_MASTER_S = 4.0  # for the cheapest set
_SETS = 2  # cheapest sets asked for at the beginning
_HIGHER = 1.15  # how far prices may rise above the first ones
_NEARLY = 1.002  # of the bound: a set this cheap by the cuts is cheap enough
_WANTED = 0.3  # share of a site from which it counts where prices from afar are handed to the rows
_UNDECIDED = 0.02  # share of a site, or of its absence, from which it may be branched on
_CLOSE = 0.004  # of the best value: a layout that looks this good from afar is seated


@dataclass(frozen=True)
class _Part:
    """What is left of the question once some sites are opened and some shut."""

    opened: Bools
    shut: Bools
    afar_price: Floats  # of the rows seen from afar
    price: Floats
    share: Floats  # how much of each site the prices from afar want open
    edge: Floats
    polished: bool = False  # True where the prices from near have told the share


class _Kept:
    """The best layout from afar, and the best one seated."""

    def __init__(self, question: FlowQuestion, afar: FlowQuestion, clock: Clock) -> None:
        self.question, self.question_afar, self.clock = question, afar, clock
        finite = np.isfinite(afar.unserved)
        self.refuge = np.where(finite, afar.unserved, 3.0 * float(afar.arcs.cost.max(initial=0.0)) + 1.0)
        self.seater = Seater(afar, self.refuge, _LOOKS, exactly=True)
        self.filler = Filler(afar, np.full(afar.pupils.size, np.inf))
        self.must_seat = not bool(finite.all())
        self.value, self.bound = float("inf"), float("-inf")
        self.opened: Bools | None = None
        self.flow: Floats | None = None
        self.seat_prices = np.zeros(question.n_sites)
        self.afar: Layout | None = None
        self._seen: set[bytes] = set()

    def offer(self, opened: Bools) -> None:
        """Seat the pupils in these sites, and keep the answer if it is better."""
        if opened.tobytes() in self._seen or not self.question.fits(opened):
            return
        self._seen.add(opened.tobytes())
        flow = seat_with_least(self.question, opened)
        value = float("inf") if flow is None else price_of(self.question, opened, flow)
        if value < self.value:
            self.value, self.opened, self.flow = value, opened, flow
            self.clock.tell(value, self.bound)

    def hear(self, bound: float) -> None:
        """Take note of a bound of the whole question."""
        if np.isfinite(bound) and min(bound, self.value) > self.bound:
            self.bound = min(bound, self.value)
            self.clock.tell(self.value, self.bound)

    def better(self, opened: Bools, seat_price: Floats, shut: Bools, width: int = _WIDTH) -> Layout | None:
        """Better a choice of sites by exchanges, seen from afar."""
        if not self.question.fits(opened) or self.clock.stopped:
            return None
        found = improve_by_exchange(
            self.seater, self.filler, self.seater.seat(opened, seat_price), shut, self.clock, width
        )
        if self.afar is None or found.value < self.afar.value:
            self.afar = found
        return found


class _Afar:
    """The value of the best layout from afar, for the steps of its prices."""

    def __init__(self, n_sites: int, layout: Layout, *, counts: bool) -> None:
        self.value = layout.value if counts else float("inf")
        self.opened: Bools | None = layout.opened
        self.seat_prices = layout.seat_price

    def offer(self, opened: Bools) -> None:
        """Nothing is offered on the way."""


def solve_by_branching(question: FlowQuestion, clock: Clock, share: float = 1.0) -> FlowAnswer:
    """
    Choose the sites and seat the pupils.

    Parameters
    ----------
    question : FlowQuestion
        A question without boarding and without whole rows; least loads are heeded.
    clock : Clock
        Time left.
    share : float
        Part of the time left after which a search without any answer gives up.

    Returns
    -------
    FlowAnswer
        Open sites, flows and a bound.
    """
    group = gather_rows(question, _GROUPS)
    afar = seen_from_afar(question, group)
    kept = _Kept(question, afar, clock)
    # There is something to take, and a bound, from the first moment on: whoever waits may stop the search at any.
    kept.hear(least_travel(question))
    kept.offer(_as_it_stands(question))
    patience = Clock(clock.left * share, clock.cancel)
    prices = _look_from_afar(afar, kept)
    logger.debug("from afar at %.1f s: bound %.8g, exact %.8g", kept.clock.seconds, prices.bound, kept.value)
    bound = _prove(question, group, prices, kept, clock, patience)
    if kept.flow is None:
        return FlowAnswer("stopped", None, None, bound)
    status = "optimal" if gap_between(kept.value, bound) <= OPTIMAL_GAP else "stopped"
    return FlowAnswer(status, kept.opened, kept.flow, bound)


def _as_it_stands(question: FlowQuestion) -> Bools:
    """Open what is open today; the first column of a place is the site as it is."""
    today = ~question.candidate
    if question.place is not None:
        today &= np.append(True, question.place[1:] != question.place[:-1])
    return today


def _look_from_afar(afar: FlowQuestion, kept: _Kept) -> Prices:
    """Search the question with like rows put together; the best of it is seated exactly."""
    none = np.zeros(afar.n_sites, dtype=bool)
    zero = np.zeros(afar.n_sites)
    today = _as_it_stands(afar)
    first = kept.better(today, zero, none) or kept.seater.seat(today, zero)
    start = _with_opening(afar, first, kept.refuge)
    counts = first.missing == 0 or not kept.must_seat
    prices = price_rows(
        afar,
        _Afar(afar.n_sites, first, counts=counts),
        kept.clock,
        start=start,
        rounds=_FAR_ROUNDS,
        filler=kept.filler,
        offer=_nothing,
    )
    found: list[Layout] = [first]
    for limit in (0.3, 0.6):
        layout = kept.better(~afar.free | (prices.share > limit), prices.edge, prices.shut)
        found += [] if layout is None else [layout]
    cuts = list(prices.cuts)
    for _ in range(_SETS):
        if kept.clock.stopped or kept.afar is None:
            break
        _, opened = cheapest_set(
            afar,
            np.array(cuts),
            prices.shut,
            kept.afar.value,
            Clock(_MASTER_S, kept.clock.cancel),
            _NEARLY * prices.bound,
        )
        if opened is None:
            break
        seen = kept.seater.seat(opened, prices.edge)
        cuts.append(_cut(afar, kept.filler, np.minimum(seen.row_price, kept.refuge)))
        layout = kept.better(opened, seen.seat_price, prices.shut)
        found += [] if layout is None else [layout]
    widened = _widened(kept, prices, float("inf"))
    patience = Clock(_SHAKE_SHARE * kept.clock.left, kept.clock.cancel)
    for turn in range(_SHAKES):
        if patience.stopped or kept.afar is None or gap_between(kept.afar.value, prices.bound) <= _GOAL:
            break
        layout = kept.better(shaken(afar, kept.afar.opened, prices.share, prices.shut, turn), prices.edge, prices.shut)
        found += [] if layout is None else [layout]
        widened = _widened(kept, prices, widened)
    found.append(kept.afar or first)
    by_sites = {layout.opened.tobytes(): layout for layout in found}
    for layout in sorted(by_sites.values(), key=lambda one: one.value)[:_SEATED]:
        kept.offer(layout.opened)
    return prices


def _widened(kept: _Kept, prices: Prices, before: float) -> float:
    """Look farther around the best layout from afar if it is better than before; give its value."""
    if kept.afar is not None and kept.afar.value < before:
        kept.better(kept.afar.opened, prices.edge, prices.shut, _WIDE)
    return before if kept.afar is None else kept.afar.value


def _cut(question: FlowQuestion, filler: Filler, price: Floats) -> Floats:
    """Say what any set of sites costs at least, as a constant and what each site adds."""
    worth = filler.worth(price)
    return np.append(float((question.pupils * price).sum()) + float(worth[~question.free].sum()), worth)


def _with_opening(question: FlowQuestion, layout: Layout, refuge: Floats) -> Floats:
    """Price rows at what they cost in a layout, their part of the site's opening included."""
    arcs = question.arcs
    priced = np.where(layout.opened[arcs.site], arcs.cost + layout.seat_price[arcs.site], np.inf)
    first = np.full(question.pupils.size, np.inf)
    np.minimum.at(first, arcs.row, priced)
    at = np.flatnonzero(np.isfinite(priced) & (priced == first[arcs.row]))
    nearest = np.full(question.pupils.size, -1, dtype=np.int64)
    nearest[arcs.row[at]] = arcs.site[at]
    has = nearest >= 0
    load = np.bincount(nearest[has], weights=question.pupils[has], minlength=question.n_sites)
    price = layout.row_price.copy()
    price[has] += 0.9 * (question.opening / np.maximum(load, 1.0))[nearest[has]]
    return np.minimum(price, refuge)


def _lifted(question: FlowQuestion, group: Ints, afar: Prices) -> Floats:
    """Give each row the price of its group, and what its cheapest wanted site is dearer than the group's."""
    used = np.flatnonzero(group >= 0)
    arcs, price = question.arcs, afar.price
    low = np.full(question.pupils.size, np.inf)
    at = (~question.free | (afar.share > _WANTED))[arcs.site]
    np.minimum.at(low, arcs.row[at], arcs.cost[at] + afar.edge[arcs.site[at]])
    low = np.minimum(low, question.unserved)
    low[~np.isfinite(low)] = price[group[~np.isfinite(low)]]
    total = np.bincount(group[used], weights=(low * question.pupils)[used], minlength=price.size)
    mean = total / np.bincount(group[used], weights=question.pupils[used], minlength=price.size)
    lifted = np.zeros(question.pupils.size)
    lifted[used] = np.maximum(price[group[used]] + low[used] - mean[group[used]], 0.0)
    return lifted


def _near(question: FlowQuestion, price: Floats, shut: Bools, before: Floats) -> tuple[FlowQuestion, Floats]:
    """Leave out shut sites and arcs dearer than any price is likely to be; whoever would take those finds a way out.

    The second array is the cost that no arc left out is below, shut sites aside.
    """
    arcs = question.arcs
    cap = _HIGHER * price + 0.03 * float(price.mean())
    dear = arcs.cost > cap[arcs.row]
    way_out = question.unserved.copy()
    row = arcs.row[dear & ~shut[arcs.site]]
    way_out[row] = np.minimum(way_out[row], cap[row])
    least_left_out = before.copy()
    least_left_out[row] = np.minimum(before[row], cap[row])
    return question.changed(arcs=arcs.only(~dear & ~shut[arcs.site]), unserved=way_out), least_left_out


def _prove(question: FlowQuestion, group: Ints, afar: Prices, kept: _Kept, clock: Clock, patience: Clock) -> float:
    """Raise the bound by prices, then part by part, bettering the answer on the way; give the bound."""
    lifted = _lifted(question, group, afar)
    none = np.zeros(question.n_sites, dtype=bool)
    endless = np.full(question.pupils.size, np.inf)
    part, cap = _near(question, lifted, none, endless)
    filler = Filler(part, cap)
    root = price_rows(part, kept, clock, filler=filler, start=lifted, rounds=_ROUNDS, offer=_nothing, hear=kept.hear)
    for _ in range(_MORE):
        if clock.stopped or gap_between(kept.value, root.bound) <= OPTIMAL_GAP:
            break
        # prices that have risen to where dearer arcs were left out need those arcs to rise farther
        part, cap = _near(question, root.price, root.shut, endless)
        filler = Filler(part, cap)
        more = price_rows(
            part,
            kept,
            clock,
            filler=filler,
            start=root.price,
            rounds=_ROUNDS,
            offer=_nothing,
            shut=root.shut,
            hear=kept.hear,
        )
        gain, root = more.bound - root.bound, more if more.bound > root.bound else root
        if gain < _WORTHWHILE * abs(root.bound):
            break
    logger.debug("root at %.1f s: %.8g of %.8g, %d shut", clock.seconds, root.bound, kept.value, root.shut.sum())
    near, cap = _near(part, root.price, root.shut, cap)
    filler = Filler(near, cap)
    first = _Part(none, root.shut, afar.price, root.price, afar.share, afar.edge)
    heap: list[tuple[float, int, _Part]] = [(root.bound, 0, first)]
    number, settled = 0, float("inf")  # the least bound of parts in which nothing is undecided
    while heap:
        bound, _, part_of = heap[0]
        kept.hear(min(bound, settled))
        if (
            clock.stopped
            or gap_between(kept.value, min(bound, settled)) <= OPTIMAL_GAP
            or (kept.flow is None and patience.stopped)
        ):
            break
        heapq.heappop(heap)
        site = _undecided(question, part_of)
        if site is None and not part_of.polished:
            found = price_rows(
                _asked(near, part_of),
                kept,
                clock,
                filler=filler,
                start=part_of.price,
                rounds=_ROUNDS,
                offer=_nothing,
                shut=part_of.shut,
            )
            again = replace(part_of, shut=found.shut, price=found.price, share=found.share, polished=True)
            number += 1  # before, not after: two entries with one number would be compared by their arrays
            heapq.heappush(heap, (max(found.bound, bound), number, again))
            continue
        if site is None:
            settled = min(settled, bound)
            continue
        for opens in (True, False):
            child = _child(question, part_of, site, opens=opens)
            if child is None:
                continue
            number += 1
            child = replace(child, polished=False)
            better, child = _priced(near, filler, group, child, bound, kept, clock)
            if better < kept.value:
                heapq.heappush(heap, (better, number, child))
                if number % (_TRY_EVERY if gap_between(kept.value, bound) <= _GOAL else 2) == 1:
                    _try(question, kept, child, number)
    at_least = min(heap[0][0] if heap else kept.value, settled, kept.value)
    logger.debug("%d parts at %.1f s: %.8g of %.8g", number, clock.seconds, at_least, kept.value)
    return at_least


def _nothing(share: Floats, edge: Floats) -> None:
    """Offer nothing on the way."""


def _priced(
    near: FlowQuestion, filler: Filler, group: Ints, part: _Part, bound: float, kept: _Kept, clock: Clock
) -> tuple[float, _Part]:
    """Price a part from afar, then from near by as much as the prices from afar have changed; give its bound."""
    if clock.stopped or kept.afar is None:
        return bound, part
    counts = kept.afar.missing == 0 or not kept.must_seat
    afar = price_rows(
        _asked(kept.question_afar, part),
        _Afar(near.n_sites, kept.afar, counts=counts),
        clock,
        filler=kept.filler,
        start=part.afar_price,
        rounds=_NODE_ROUNDS,
        offer=_nothing,
        shut=part.shut,
    )
    has = group >= 0
    price = part.price.copy()
    price[has] = np.maximum(price[has] + (afar.price - part.afar_price)[group[has]], 0.0)
    asked = _asked(near, part)
    found = price_rows(
        asked, kept, clock, filler=filler, start=price, rounds=_NEAR_ROUNDS, offer=_nothing, shut=part.shut
    )
    return max(found.bound, bound), _Part(part.opened, found.shut, afar.price, found.price, afar.share, afar.edge)


def _undecided(question: FlowQuestion, part: _Part) -> int | None:
    """Find the site that the prices can decide least."""
    undecided = np.minimum(part.share, 1.0 - part.share)
    undecided[part.opened | part.shut | ~question.free] = -1.0
    site = int(np.argmax(undecided))
    return site if undecided[site] > _UNDECIDED else None


def _child(question: FlowQuestion, part: _Part, site: int, *, opens: bool) -> _Part | None:
    """Open or shut one site more; None where the rules forbid that."""
    opened, shut = part.opened.copy(), part.shut.copy()
    (opened if opens else shut)[site] = True
    if opens and question.place is not None:
        shut |= question.free & (question.place == question.place[site]) & ~opened
    new = int((opened & question.candidate).sum())
    if new > question.most or float(question.spend[opened].sum()) > question.budget * (1 + 1e-9) + 1e-9:
        return None
    if question.one_of is not None and question.place is not None:
        here = question.one_of & (question.place == question.place[site])
        if here.any() and not (here & ~shut).any():
            return None
    if int((question.candidate & ~shut).sum()) < question.fewest:
        return None
    left = question.budget - float(question.spend[opened].sum())
    shut |= question.candidate & ~opened & (question.spend > left * (1 + 1e-9) + 1e-9)
    if new == question.most:
        shut |= question.candidate & ~opened
    return replace(part, opened=opened, shut=shut)


def _asked(question: FlowQuestion, part: _Part) -> FlowQuestion:
    """Ask the question with the opened sites there for good; the shut ones are left to the prices."""
    new = int((part.opened & question.candidate).sum())
    return question.changed(
        candidate=question.candidate & ~part.opened,
        closable=question.closable & ~part.opened,
        most=question.most - new,
        fewest=max(question.fewest - new, 0),
        budget=question.budget - float(question.spend[part.opened].sum()),
    )


def _try(question: FlowQuestion, kept: _Kept, part: _Part, number: int) -> None:
    """Offer what a part's prices want open, bettered by exchanges from afar."""
    if kept.afar is None:
        return
    wish = part.share + 2.0 * part.opened
    opened = (
        shaken(question, kept.afar.opened, wish, part.shut, number) if number % 3 else ~question.free | (wish > 0.5)
    )
    layout = kept.better(opened, part.edge, np.zeros(question.n_sites, dtype=bool))
    if layout is not None and layout.value < kept.afar.value * (1 + _CLOSE):
        kept.offer(layout.opened)

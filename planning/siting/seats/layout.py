"""Solve a question with seats: small ones at once with HiGHS; large ones by prices first, then HiGHS on what is left."""

from __future__ import annotations

import logging

import numpy as np

from planning.siting.checks import Bools, Floats, Ints, Reach
from planning.siting.clock import Clock
from planning.siting.median.lists import build_lists
from planning.siting.median.swap import build_greedily, with_finite_fallback
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.seats.branching import solve_by_branching
from planning.siting.seats.flow import FlowAnswer, FlowQuestion, solve_flow
from planning.siting.seats.prices import Prices, price_rows
from planning.siting.seats.seating import price_of, rank_in_row, seat_in, seat_pupils, seats_alone_bind, shortened
from planning.siting.seats.sets import count_sets, prove_by_sets
from planning.siting.seats.shortfall import seat_with_least
from planning.siting.seats.whole import Note, solve_whole

__all__ = ["better_of", "solve_layout", "too_few_seats"]

logger = logging.getLogger(__name__)

_TINY = 500  # arcs of whole rows that HiGHS takes at once
_TABLE = 20_000_000  # rows times sites up to which whole rows have their own search
_SMALL = 30_000  # arcs that HiGHS takes at once
_LARGE = 250_000  # arcs beyond which HiGHS is not asked at all
_FEW = 8  # free sites that are chosen at once: up to here, sets of sites are gone through
_FEW_SETS = 300  # so few that it does not pay to shut more sites first
_MANY_SETS = 200_000  # beyond, the prices go on to their end
_LOOKS = 3  # looks at the prices without effect after which the sets are gone through
_PATIENCE = 0.5  # of the time left, for a search that has found no answer yet
_NEAR = 30  # cheapest arcs of a row that the prices look at
_POLISH_S = 60.0  # the last seating of the pupils has its own time


def solve_layout(question: FlowQuestion, clock: Clock, note: Note | None = None) -> FlowAnswer:
    """
    Choose the sites and seat the pupils.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    clock : Clock
        Time left.
    note : callable, optional
        Hears of the allowed layouts that the search for whole rows meets: value, and open sites.

    Returns
    -------
    FlowAnswer
        Open sites, whole flows on the arcs of the question, and a bound.
    """
    keep = _needed_arcs(question)
    if keep.sum() > _SMALL:
        keep[keep] = _useful_arcs(question.changed(arcs=question.arcs.only(keep)))
    shorter = question.changed(arcs=question.arcs.only(keep))
    answer = _solve(shorter, clock, note)
    if answer.opened is None or answer.flow is None:
        return answer
    flow = np.round(answer.flow)
    if not question.single_source:
        plain = not shorter.arcs.board.any()
        polished = (
            seat_with_least(shorter, answer.opened)
            if plain
            else seat_in(shorter, answer.opened, Clock(_POLISH_S, clock.cancel))
        )
        if polished is None:
            return FlowAnswer("stopped", None, None, answer.bound)
        flow = polished
    whole = np.zeros(question.arcs.row.size)
    whole[keep] = flow
    return FlowAnswer(answer.status, answer.opened, whole, answer.bound)


def _solve(question: FlowQuestion, clock: Clock, note: Note | None) -> FlowAnswer:
    """Solve by the way that suits the size."""
    n_arcs, plain = question.arcs.row.size, not question.arcs.board.any()
    if question.single_source and plain and n_arcs > _TINY and question.pupils.size * question.n_sites <= _TABLE:
        if too_few_seats(question):
            return FlowAnswer("infeasible", None, None, np.inf)
        return solve_whole(question, clock, note)
    if n_arcs <= _SMALL:
        return solve_flow(question, clock, tell=clock.heard)
    none = np.zeros(question.n_sites, dtype=bool)
    many_may_close = question.closable.any() and not _asks_for_few(question, none)
    if many_may_close and plain and not question.single_source and not too_few_seats(question):
        found = solve_by_branching(question, clock, _PATIENCE)
        if found.status == "optimal" or clock.stopped or (found.opened is not None and n_arcs > _LARGE):
            return found
        return better_of(question, found, _solve_large(question, clock))
    return _solve_large(question, clock)


def better_of(question: FlowQuestion, one: FlowAnswer, other: FlowAnswer) -> FlowAnswer:
    """
    Put together what two searches have found of the same question.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    one, other : FlowAnswer
        Their answers; where neither has one, the status is that of the other.

    Returns
    -------
    FlowAnswer
        The better answer with the better bound.
    """
    values = [
        np.inf if found.opened is None or found.flow is None else price_of(question, found.opened, found.flow)
        for found in (one, other)
    ]
    better, bound = (one if values[0] < values[1] else other), max(one.bound, other.bound)
    if better.opened is None:
        return FlowAnswer(other.status, None, None, bound)
    bound = min(bound, min(values))
    status = "optimal" if gap_between(min(values), bound) <= OPTIMAL_GAP else "stopped"
    return FlowAnswer(status, better.opened, better.flow, bound)


def _needed_arcs(question: FlowQuestion) -> Bools:
    """
    Leave out arcs that no best answer needs.

    A site that stays open and has no seat limit takes whoever comes, so a dearer arc is never needed; nor is one dearer
    than being without a seat. Not where a site must have a least load: there a dear arc may keep a school alive.
    """
    arcs = question.arcs
    keep = question.pupils[arcs.row] > 0
    if (question.least_load[question.free] > 0).any():
        return keep
    endless = ~question.free & np.isinf(question.seats)
    refuge = question.unserved.copy()
    at = endless[arcs.site] & (~arcs.board | np.isinf(question.beds[arcs.site]))
    np.minimum.at(refuge, arcs.row[at], arcs.cost[at])
    return np.asarray(keep & (arcs.cost <= refuge[arcs.row]))


def _useful_arcs(question: FlowQuestion) -> Bools:
    """
    Leave out arcs that no best answer needs, by the prices of seats in the sites that stay open.

    Seats at different sites are substitutes [1]_: a site more never makes a seat elsewhere worth more. So a pupil never
    costs more than among the sites that stay open, the price of the seat included, and takes no arc that does.

    References
    ----------
    .. [1] L. S. Shapley, Nav. Res. Logist. Q. 9(1), 45-48, 1962. https://doi.org/10.1002/nav.3800090106
    """
    arcs, always = question.arcs, ~question.free
    if not seats_alone_bind(question, np.ones(question.n_sites, dtype=bool)):
        return np.ones(arcs.row.size, dtype=bool)
    _, seat_prices = seat_pupils(question, always)
    dearest = question.unserved.copy()
    at = np.flatnonzero(always[arcs.site])
    np.minimum.at(dearest, arcs.row[at], arcs.cost[at] + seat_prices[arcs.site[at]])
    return np.asarray(arcs.cost <= dearest[arcs.row] * (1 + 1e-9))


class _Best:
    """The best answer so far; the one thing that the steps of a large question change."""

    def __init__(self, question: FlowQuestion, clock: Clock) -> None:
        self.question, self.clock = question, clock
        self.opened: Bools | None = None
        self.flow: Floats | None = None
        self.value, self.bound = float("inf"), float("-inf")
        self.seat_prices = np.zeros(question.n_sites)
        self._seen: set[bytes] = set()

    def offer(self, opened: Bools) -> None:
        """Seat the pupils in these sites, and keep the answer if it is better."""
        key = opened.tobytes()
        if key in self._seen or not self.question.fits(opened):
            return
        self._seen.add(key)
        if seats_alone_bind(self.question, opened):
            flow, seat_prices = seat_pupils(self.question, opened)
        else:
            found, seat_prices = seat_in(self.question, opened, self.clock), self.seat_prices
            if found is None:
                return
            flow = found
        value = price_of(self.question, opened, flow)
        if value < self.value:
            self.opened, self.flow, self.value, self.seat_prices = opened.copy(), flow, value, seat_prices
            self.clock.tell(value, self.bound)

    def hear(self, bound: float) -> None:
        """Take note of a bound of the whole question."""
        if min(bound, self.value) > self.bound:
            self.bound = min(bound, self.value)
            self.clock.tell(self.value, self.bound)


def _solve_large(question: FlowQuestion, clock: Clock) -> FlowAnswer:
    if too_few_seats(question):
        return FlowAnswer("infeasible", None, None, float("inf"))
    rank = rank_in_row(question.arcs)
    near, _ = shortened(question, rank, np.full(question.pupils.size, _NEAR))
    best = _Best(question, clock)
    _offer_nearest(near, best, clock)
    prices = price_rows(near, best, clock, _Settled(question), hear=best.hear)
    bound = prices.bound
    logger.debug("prices: bound %.6g of %.6g, %d sites shut", bound, best.value, int(prices.shut.sum()))
    if _asks_for_few(question, prices.shut):
        left, stays_shut = _without_shut(question, prices)
        half = Clock(clock.left / 2, clock.cancel)  # where sets are too many, the other half is for the whole model
        bound = max(bound, prove_by_sets(left, best, prices.cuts, stays_shut, half))
    count = np.full(question.pupils.size, 6, dtype=np.int64)
    while bound < best.value and not clock.stopped and gap_between(best.value, bound) > 1e-9:
        more, found = _prove(question, rank, count, prices, best, clock)
        bound = max(bound, min(found, best.value))
        best.hear(bound)
        if more is None:
            break
        count[more] *= 4
    status = "optimal" if gap_between(best.value, bound) <= OPTIMAL_GAP else "stopped"
    if best.opened is None and bound == np.inf:
        status = "infeasible"
    return FlowAnswer(status, best.opened, best.flow, bound)


def too_few_seats(question: FlowQuestion) -> bool:
    """
    Tell whether the seats of all sites that could be open at once are fewer than the pupils to be seated.

    Parameters
    ----------
    question : FlowQuestion
        The question.

    Returns
    -------
    bool
        True where it has no answer for want of seats; False says nothing.
    """
    new = np.sort(question.seats[question.candidate])[::-1][: question.most]
    seats = float(question.seats[~question.candidate].sum() + new.sum())
    return seats < float(question.pupils[np.isinf(question.unserved)].sum())


def _offer_nearest(question: FlowQuestion, best: _Best, clock: Clock) -> None:
    """Offer the sites that a p-median would open, as if there were seats for all."""
    arcs, stays = question.arcs, ~question.candidate
    reach = Reach(arcs.row, arcs.site, arcs.cost, question.pupils.size, question.n_sites)
    lists = with_finite_fallback(build_lists(reach, question.pupils, np.flatnonzero(stays).astype(np.int64)))
    candidates = np.flatnonzero(question.candidate).astype(np.int64)
    for count in {question.most, question.fewest}:
        if count <= max(question.fewest, candidates.size // 2):
            opened = stays.copy()
            opened[build_greedily(lists, count, candidates, clock)] = True
            best.offer(opened)


def _asks_for_few(question: FlowQuestion, shut: Bools) -> bool:
    """Tell whether there are few enough sites to choose at once that their sets can be gone through."""
    free = question.free & ~shut
    at_once = min(question.most, int((free & question.candidate).sum())) + int((free & question.closable).sum())
    return at_once <= _FEW and seats_alone_bind(question, np.ones(question.n_sites, dtype=bool))


class _Settled:
    """Tells when it no longer pays to shut more sites by prices before the sets are gone through."""

    def __init__(self, question: FlowQuestion) -> None:
        self._question = question
        self._counts: list[int] = []

    def __call__(self, shut: Bools) -> bool:
        """Say so where few sets are left, or their number has not fallen by a fifth over the last looks."""
        if not _asks_for_few(self._question, shut):
            return False
        self._counts.append(count_sets(self._question, shut))
        now, before = self._counts[-1], self._counts[-1 - _LOOKS] if len(self._counts) > _LOOKS else np.inf
        return now <= _FEW_SETS or (now <= _MANY_SETS and now > 0.8 * before)


def _without_shut(question: FlowQuestion, prices: Prices) -> tuple[FlowQuestion, Bools]:
    """Leave out the sites that the prices have shut, and say which they are."""
    stays_shut = prices.shut & question.free
    left = question.changed(
        arcs=question.arcs.only(~stays_shut[question.arcs.site]),
        candidate=question.candidate & ~stays_shut,
        closable=question.closable & ~stays_shut,
        opening=np.where(stays_shut, 0.0, question.opening),
    )
    return left, stays_shut


def _prove(
    question: FlowQuestion, rank: Ints, count: Ints, prices: Prices, best: _Best, clock: Clock
) -> tuple[Bools | None, float]:
    """Solve the short question on the sites that the prices have left; give the rows that need more arcs, and a bound."""
    left, stays_shut = _without_shut(question, prices)
    open_arcs = ~stays_shut[question.arcs.site]
    left_rank = rank_in_row(left.arcs)
    near, kept = shortened(left, left_rank, count)
    if near.arcs.row.size > _LARGE:
        return None, float("-inf")
    known = None
    if best.opened is not None and best.flow is not None and not (best.opened & prices.shut).any():
        known = (best.opened | stays_shut, best.flow[open_arcs][kept])
    answer = solve_flow(near, clock, known)
    if answer.status == "infeasible":
        return None, best.value
    if answer.opened is None or answer.flow is None:
        return None, answer.bound
    opened = answer.opened & ~stays_shut
    best.offer(opened)
    missing = left.pupils - np.bincount(near.arcs.row, weights=answer.flow, minlength=left.pupils.size)
    more = (missing > 1e-6) & (near.unserved < left.unserved)
    return (more if more.any() and answer.status == "optimal" else None), answer.bound

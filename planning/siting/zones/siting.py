"""
Lay out a question whose zones are in one piece: sites from the search for whole rows, zones by annealing, and a proof where it is small.

Whole rows without contiguity cost no more, so their bound holds. The choices of sites which that search has met are gone
through from the cheapest on, and those whose splittable allocation already costs more than the best zones are passed over;
then sites are added, dropped and exchanged around the best one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from planning.access.allocation import allocate
from planning.errors import Message, SchemaError, msg
from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.seats.flow import FlowAnswer, FlowQuestion
from planning.siting.seats.layout import solve_layout
from planning.siting.seats.prices import wanted_sites
from planning.siting.seats.seating import price_of
from planning.siting.zones.allocation import cells_beside, improve_zones
from planning.siting.zones.model import ZoneModel

__all__ = ["Zoning", "check_zoning", "solve_zones"]

logger = logging.getLogger(__name__)

_WHOLE_SHARE = 0.35  # of the time, for whole rows without contiguity: bound and choices of sites
_SEARCH_SHARE = 0.9  # of what is left then, where a proof is tried as well
_PROVABLE = 3000  # arcs up to which HiGHS is asked
_POOL = 40  # choices of sites from the search for whole rows
_STEPS_A_CELL, _MOST_STEPS = 2000, 2_000_000
_ROUNDS = 6  # rounds without a better answer after which the search makes way for a proof
_QUICK, _MOST_EFFORT = 0.2, 4.0
_BEGINNINGS = 200
_TIMED = 50_000  # a draw of so many steps tells how long a step takes
_NO_LIMIT = 2**40
_MISSING = 100.0
"""A pupil without a seat counts as so many times the dearest way to school, where everyone must have one."""


@dataclass(frozen=True)
class Zoning:
    """
    What zones in one piece are asked of.

    Parameters
    ----------
    start, beside : numpy.ndarray of int64 and int32
        Cells beside each cell, in CSR form, both directions.
    home : numpy.ndarray of int64, shape (n_sites,)
        Cell in which each site stands.
    """

    start: Ints
    beside: Any
    home: Ints


def check_zoning(neighbours: Any, home: Any, n_cells: int, n_sites: int) -> Zoning:
    """
    Check which cells touch, and where the sites stand.

    Parameters
    ----------
    neighbours : array_like of int, shape (n_pairs, 2)
        Cells that touch; each pair once or twice, in any order.
    home : array_like of int, shape (n_sites,)
        Cell in which each site stands; several may stand in one, and at most one of them is open.
    n_cells, n_sites : int
        Shape of the cost matrix.

    Returns
    -------
    Zoning
        The same, checked.

    Raises
    ------
    SchemaError
        If a pair or a home is none of the cells, or there is not one home a site.
    """
    start, beside = cells_beside(neighbours, n_cells)
    homes = np.asarray(home)
    if homes.shape != (n_sites,) or (homes.size and not np.issubdtype(homes.dtype, np.integer)):
        raise SchemaError(msg("Home must name one cell for each of the {n} schools.", n=n_sites))
    homes = homes.astype(np.int64)
    wrong = np.flatnonzero((homes < 0) | (homes >= n_cells))
    if wrong.size:
        raise SchemaError(
            msg("School {school} stands in cell {cell}, which is none of the cells.",
                school=int(wrong[0]), cell=int(homes[wrong[0]]))
        )  # fmt: skip
    return Zoning(start, beside, homes)


class _ZoneSearch:
    """The best zones so far, and the way from a choice of sites to zones."""

    def __init__(self, question: FlowQuestion, zoning: Zoning, clock: Clock) -> None:
        self.question, self.zoning, self.clock = question, zoning, clock
        self.pupils = question.pupils.astype(np.int64)
        self.seats = np.minimum(question.seats, _NO_LIMIT).astype(np.int64)
        self.dearest = _MISSING * max(float(question.arcs.cost.max(initial=0.0)), 1.0)
        self.must = np.isinf(question.unserved) & (self.pupils > 0)
        self.value, self.bound = float("inf"), 0.0
        self.opened: Bools | None = None
        self.school = np.zeros(0, dtype=np.int64)  # column of each cell, n_sites = none
        self.turn, self.step_s = 0, 0.0
        own = np.zeros(question.n_sites, dtype=bool)
        arcs = question.arcs
        own[arcs.site[arcs.row == zoning.home[arcs.site]]] = True
        self.stands = own & (self.pupils[zoning.home] <= self.seats)  # takes the cell in which it stands
        self._least: dict[bytes, float] = {}

    @property
    def done(self) -> bool:
        """Whether time is up, or nothing can be better."""
        return self.clock.stopped or gap_between(self.value, self.bound) <= OPTIMAL_GAP

    def may_open(self, opened: Bools) -> bool:
        """Tell whether these sites may be open together, each with a zone of its own."""
        homes = self.zoning.home[opened]
        alone = np.unique(homes).size == homes.size
        return bool(alone and self.stands[opened].all() and self.question.fits(opened))

    def least(self, opened: Bools) -> float:
        """Price the sites with an allocation that may split cells: no zones cost less; inf where they may not be."""
        key = opened.tobytes()
        if key not in self._least:
            self._least[key] = self._relaxed(opened)[0] if self.may_open(opened) else float("inf")
        return self._least[key]

    def offer(self, opened: Bools, effort: float = 1.0) -> None:
        """Draw zones for these sites, and keep them if they are the best."""
        if self.least(opened) >= self.value:
            return
        _, each, prices, sites = self._relaxed(opened)
        used = self.pupils > 0
        begun = np.argmin(each + prices[None, :], axis=1)
        self._draw(sites, each, begun, prices, int(effort * min(_MOST_STEPS, _STEPS_A_CELL * used.size)))

    def mend(self, opened: Bools, school: Ints) -> None:
        """Make zones of an answer in pieces, and keep them if they are the best."""
        if self.least(opened) < self.value:
            _, each, prices, sites = self._relaxed(opened)
            rank = np.full(self.question.n_sites + 1, sites.size)
            rank[sites] = np.arange(sites.size)
            self._draw(sites, each, rank[school], prices, 100 * school.size)

    def _relaxed(self, opened: Bools) -> tuple[float, Floats, Floats, Ints]:
        """Allocate so that cells may be split; gives value, cost a pupil, prices of seats, and the sites."""
        question, arcs = self.question, self.question.arcs
        sites = np.flatnonzero(opened)
        rank = np.full(question.n_sites, -1)
        rank[sites] = np.arange(sites.size)
        each = np.full((self.pupils.size, sites.size + 1), np.inf)
        at = opened[arcs.site] & (self.pupils[arcs.row] <= self.seats[arcs.site])
        each[arcs.row[at], rank[arcs.site[at]]] = arcs.cost[at]
        homes = self.zoning.home[sites]
        own = each[homes, np.arange(sites.size)].copy()
        each[homes] = np.inf
        each[homes, np.arange(sites.size)] = own
        each[:, -1] = np.where(np.isfinite(question.unserved), question.unserved, self.dearest)
        each[homes, -1] = np.inf
        found = allocate(each, self.pupils, np.append(self.seats[sites], _NO_LIMIT).astype(np.float64))
        missing = found.flows[:, [sites.size]].toarray().ravel() > 0
        value = found.cost + float(question.opening[opened].sum())
        if found.unserved.any() or (missing & self.must).any():
            value = float("inf")
        return value, each, np.where(np.isfinite(found.prices), found.prices, 0.0), sites

    def _draw(self, sites: Ints, each: Floats, begun: Ints, prices: Floats, steps: int) -> None:
        """Anneal zones of these sites."""
        zoning, pupils, question = self.zoning, self.pupils, self.question
        allowed = np.isfinite(each)
        cost = np.where(allowed, np.where(allowed, each, 0.0) * pupils[:, None], np.inf)
        positive = pupils > 0
        unit = float(np.median(each[positive].min(axis=1))) if positive.any() else 1.0
        price = 2.0 * max(unit, float(prices.max(initial=0.0)), 1e-9)
        self.turn += 1
        if self.step_s > 0:  # a draw ends with the time
            steps = max(min(steps, int(self.clock.left / self.step_s)), 1)
        began = self.clock.seconds
        found, total = improve_zones(
            cost, pupils, np.append(self.seats[sites], _NO_LIMIT), begun, start=zoning.start, beside=zoning.beside,
            home=zoning.home[sites], price=price * (1 + self.turn % 3), steps=steps, seed=self.turn,
        )  # fmt: skip
        if self.turn > 1:  # the first draw may compile
            self.step_s = max(self.step_s, (self.clock.seconds - began) / steps) if steps > _TIMED else self.step_s
        value = total + float(question.opening[sites].sum())
        if value >= self.value or (self.must & (found == sites.size)).any():
            return
        load = np.bincount(found, weights=pupils, minlength=sites.size + 1)[:-1]
        if (question.free & (question.least_load > 0))[sites].any():
            wanted = np.where(question.free, question.least_load, 0.0)[sites]
            if (load < wanted).any():
                return
        opened = np.zeros(question.n_sites, dtype=bool)
        opened[sites] = True
        self.value, self.opened = value, opened
        self.school = np.append(sites, question.n_sites)[found]
        logger.debug("zones at %.1f s: %.8g with %d sites", self.clock.seconds, value, sites.size)

    def flow(self) -> Floats:
        """Put the best zones on the arcs."""
        arcs = self.question.arcs
        return np.where(self.school[arcs.row] == arcs.site, self.question.pupils[arcs.row], 0.0)

    def around(self, opened: Bools) -> list[Bools]:
        """List the choices that differ by one site, or by one exchange, cheapest allocation first."""
        found = []
        for changed in self._changes(opened):
            if self.clock.stopped:
                break
            if self.least(changed) < self.value:
                found.append(changed)
        return sorted(found, key=self.least)

    def descend(self, opened: Bools) -> Bools:
        """Better a choice of sites by the splittable allocation alone, as far as single exchanges lead."""
        rising = np.isfinite(self.least(opened))
        while rising:
            rising = False
            for changed in self._changes(opened):
                if self.clock.stopped:
                    break
                if self.least(changed) < self.least(opened) * (1 - 1e-9):
                    opened, rising = changed, True
                    break
        return opened

    def _changes(self, opened: Bools) -> Iterator[Bools]:
        """Give the choices that differ by one site, or by one exchange."""
        free = self.question.free
        away, come = np.flatnonzero(free & opened), np.flatnonzero(free & ~opened & self.stands)
        for j, k in [(-1, k) for k in come] + [(j, -1) for j in away] + [(j, k) for k in come for j in away]:
            changed = opened.copy()
            for site in (j, k):
                if site >= 0:
                    changed[site] = not changed[site]
            yield changed


def solve_zones(question: FlowQuestion, zoning: Zoning, clock: Clock) -> tuple[FlowAnswer, tuple[Message, ...]]:
    """
    Choose the sites and draw their zones, each in one piece around the cell in which its site stands.

    Parameters
    ----------
    question : FlowQuestion
        A question without boarding in which rows are never split; the rows are the cells.
    zoning : Zoning
        Which cells touch, and where the sites stand.
    clock : Clock
        Time left.

    Returns
    -------
    FlowAnswer
        Open sites, flow and bound.
    tuple of Message
        What zones in one piece cost, or why there are none.

    Raises
    ------
    SchemaError
        If a site that stays open may not take the cell in which it stands.
    """
    own = np.zeros(question.n_sites, dtype=bool)
    own[question.arcs.site[question.arcs.row == zoning.home[question.arcs.site]]] = True
    barred = np.flatnonzero(~question.free & ~own)
    if barred.size:
        site = barred if question.place is None else question.place[barred]  # of a column that stands for a size
        raise SchemaError(
            msg("School {school} may not take cell {cell}, in which it stands.",
                school=int(site[0]), cell=int(zoning.home[barred[0]]))
        )  # fmt: skip
    if (~question.free & (question.pupils[zoning.home] > question.seats)).any():
        return FlowAnswer("infeasible", None, None, np.inf), (_none_at_all(),)
    pool: dict[bytes, float] = {}

    def note(value: float, opened: Bools) -> None:  # numpydoc ignore=GL08
        key = opened.tobytes()
        pool[key] = min(value, pool.get(key, np.inf))

    whole = solve_layout(question, Clock(clock.left * _WHOLE_SHARE, clock.cancel), note)
    if whole.status == "infeasible":
        return whole, ()
    without = float("inf")
    if whole.opened is not None and whole.flow is not None:
        without = price_of(question, whole.opened, whole.flow)
        note(without, whole.opened)
    provable = question.arcs.row.size <= _PROVABLE
    left = clock.left * (_SEARCH_SHARE if provable else 1.0)
    search = _ZoneSearch(question, zoning, Clock(left, clock.cancel))
    search.bound = whole.bound
    rounds = _ROUNDS if provable else np.inf
    _seek(search, sorted(pool, key=lambda key: (pool[key], key))[:_POOL], rounds)
    status = "stopped"
    if provable:
        status = _prove(search, clock)
    bound = min(search.bound, search.value)
    if status == "infeasible":
        return FlowAnswer("infeasible", None, None, np.inf), (_none_at_all(),)
    if search.opened is None:
        return FlowAnswer("stopped", None, None, bound), (
            msg("No zones in one piece were found in the time given; whether there are any is not known."),
        )
    words = _cost_of_contiguity(search.value, min(without, search.value), whole.bound)
    return FlowAnswer("stopped", search.opened, search.flow(), bound), (words,)


def _seek(search: _ZoneSearch, pool: list[bytes], rounds: float) -> None:
    """Go through choices of sites, and on from the best."""
    for key in pool:
        if search.done:
            return
        search.offer(np.frombuffer(key, dtype=bool).copy())
    for turn in range(_BEGINNINGS):  # the search for whole rows has met none that will do
        if search.done or search.opened is not None:
            break
        begun = _beginning(search, turn)
        search.offer(begun, _QUICK)  # something at least, before time goes into what is better
        search.offer(search.descend(begun))
    idle = 0
    looked: set[bytes] = set()
    while search.opened is not None and not search.done and idle < rounds:
        before, opened = search.value, search.opened
        search.offer(opened, min(1.0 + idle, _MOST_EFFORT))
        for changed in search.around(opened):
            if search.done or search.value < before:
                break
            if changed.tobytes() not in looked or idle > 1:
                looked.add(changed.tobytes())
                search.offer(changed)
        idle = 0 if search.value < before else idle + 1


def _beginning(search: _ZoneSearch, turn: int) -> Bools:
    """Choose sites whose seats suffice, large and cheap ones rather; another choice every turn."""
    question = search.question
    rng = np.random.default_rng(turn)
    free = question.free & search.stands
    total = float(search.pupils.sum())
    seats = np.minimum(question.seats, total)
    scale = max(float(question.opening[free].max(initial=0.0)), 1e-9)
    wish = seats / max(total, 1.0) + 0.1 * (1.0 - question.opening / scale) + rng.random(seats.size) * 0.1 * (turn % 8)
    order = np.argsort(-np.where(free, wish, -np.inf), kind="stable")[: int(free.sum())]
    room = seats[~question.free].sum() + np.cumsum(seats[order])
    # a quarter of the turns takes as few as the seats allow, others more
    count = int(np.searchsorted(room, total * (1.0 + 0.1 * (turn % 4)))) + 1 + turn // 8
    return wanted_sites(question, np.where(question.closable, 1.0, wish), count, question.free & ~free)


def _prove(search: _ZoneSearch, clock: Clock) -> str:
    """Ask HiGHS, cut by cut; gives ``infeasible`` where there are no zones at all, else ``stopped``."""
    model = ZoneModel(search.question, search.zoning.start, search.zoning.beside, search.zoning.home)
    while not clock.stopped and gap_between(search.value, search.bound) > OPTIMAL_GAP:
        found = model.solve(clock)
        if found.status == "infeasible":
            return "infeasible" if search.opened is None else "stopped"
        search.bound = max(search.bound, min(found.bound, search.value))
        if found.opened is None:
            break
        if model.cut(found.opened, found.school):
            search.mend(found.opened, found.school)
        else:
            if found.value < search.value:
                search.value, search.opened, search.school = found.value, found.opened, found.school
            search.bound = max(search.bound, min(found.bound, search.value))
            break
    return "stopped"


def _none_at_all() -> Message:
    return msg("No choice of sites gives every cell whole to one school with all zones in one piece.")


def _cost_of_contiguity(value: float, without: float, bound: float) -> Message:
    """Say what zones in one piece cost against whole cells without that rule."""
    if gap_between(without, bound) <= OPTIMAL_GAP:
        return msg(
            "Zones in one piece cost {extra} more than whole cells without that rule, which cost {whole} at best (proven).",
            extra=f"{value - without:.6g}", whole=f"{without:.8g}",
        )  # fmt: skip
    return msg(
        "Zones in one piece cost {extra} more than the best answer found without that rule, {whole}; "
        "as that one is not proven, it may be up to {most} more.",
        extra=f"{value - without:.6g}", whole=f"{without:.8g}", most=f"{value - max(bound, 0.0):.6g}",
    )  # fmt: skip

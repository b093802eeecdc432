"""The rules of a plan by year, for the search by cuts and as one whole mixed-integer model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from planning.siting.beds.benders import Choice, Found, Side
from planning.siting.beds.question import seat_with_beds, takes_at_most
from planning.siting.checks import Bools, Floats
from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, solve_model
from planning.siting.seats.flow import FlowQuestion
from planning.siting.seats.seating import seat_in

__all__ = ["PhaseRules", "missing_seats", "solve_whole"]

_POLISH_S = 60.0  # the last seating of the pupils has its own time

_Part = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.ArrayLike]
"""Entries of a block of rows: row, variable, value."""


@dataclass(frozen=True)
class PhaseRules:
    """
    What may open and close when, and what that costs.

    Parameters
    ----------
    candidate, closable : numpy.ndarray of bool, shape (n_sites,)
        Sites that may be opened, and open sites that may be closed; all others are open throughout.
    build, running, spend : numpy.ndarray, shape (n_sites,)
        Cost of opening, cost of a year, and what opening takes from the budget.
    budget, most : numpy.ndarray, shape (n_years,)
        Money and new sites of each year at most; inf = no limit.
    factor : numpy.ndarray, shape (n_years,)
        What a cost of each year counts.
    carry_over : bool
        True = money left over may be spent later.
    build_before_close : bool
        True = a school closes only where the sites open before and after seat everybody.
    """

    candidate: Bools
    closable: Bools
    build: Floats
    running: Floats
    spend: Floats
    budget: Floats
    most: Floats
    factor: Floats
    carry_over: bool
    build_before_close: bool

    def choice(self, n_years: int) -> Choice:
        """
        Say what may be chosen: a 0-1 variable a year and site, then one a year that is 1 where a school closes.

        Parameters
        ----------
        n_years : int
            Years.

        Returns
        -------
        Choice
            With the cost of building and running; travel comes on top.
        """
        n = self.candidate.size
        later = np.append(self.factor[1:], 0.0)
        # a site built in one year costs that year's factor: y counts it from now on, less what it counts later
        cost = self.factor[:, None] * self.running + (self.factor - later)[:, None] * self.build
        always = (~self.candidate & ~self.closable).astype(np.float64)
        return Choice(
            n_stages=n_years,
            n_sites=n,
            cost=np.concatenate([cost.ravel(), np.zeros(n_years)]),
            lower=np.concatenate([np.tile(always, n_years), np.zeros(n_years)]),
            upper=np.ones(n_years * n + n_years),
            rules=lambda: self._rows(n_years),
            flags=self._closing,
        )

    def _closing(self, many: Bools) -> Floats:
        """Tell in which years of each choice a school closes."""
        before = np.concatenate([np.repeat(~self.candidate[None, None], len(many), axis=0), many[:, :-1]], axis=1)
        return np.asarray((before & ~many).any(axis=2), dtype=np.float64)

    def _rows(self, n_years: int) -> Rows:
        n, rows = self.candidate.size, Rows()
        new, closes = np.flatnonzero(self.candidate), np.flatnonzero(self.closable)
        for t in range(n_years):
            _add_step(rows, t, n, new, lower=0.0)
            if t:
                _add_step(rows, t, n, closes, upper=0.0)
            if self.build_before_close and closes.size:  # closing >= open before - open now
                each = np.arange(closes.size)
                parts: list[_Part] = [(each, np.full(closes.size, n_years * n + t), 1.0), (each, t * n + closes, 1.0)]
                if t:
                    parts.append((each, (t - 1) * n + closes, -1.0))
                _add(rows, parts, n=closes.size, lower=0.0 if t else 1.0)
            self._add_limits(rows, t, new)
        return rows

    def _add_limits(self, rows: Rows, t: int, new: npt.NDArray[np.int64]) -> None:
        """Add the number and the money of the sites opened in a year."""
        n, first = self.candidate.size, np.zeros(new.size)
        before: list[_Part] = [(first, (t - 1) * n + new, -1.0)] if t else []
        if new.size and np.isfinite(self.most[t]):
            _add(rows, [(first, t * n + new, 1.0), *before], n=1, upper=self.most[t])
        if not new.size or not np.isfinite(self.budget[: t + 1] if self.carry_over else self.budget[t]).all():
            return
        if self.carry_over:
            _add(rows, [(first, t * n + new, self.spend[new])], n=1, upper=float(self.budget[: t + 1].sum()))
            return
        before = [(first, (t - 1) * n + new, -self.spend[new])] if t else []
        _add(rows, [(first, t * n + new, self.spend[new]), *before], n=1, upper=self.budget[t])

    def without_idle(self, opened: Bools, questions: Sequence[FlowQuestion], flows: Sequence[Floats]) -> Bools:
        """
        Leave out new sites that nobody goes to and that nothing waits for.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_years, n_sites)
            Open sites.
        questions : sequence of FlowQuestion
            The years.
        flows : sequence of numpy.ndarray
            Pupils on each arc, by year.

        Returns
        -------
        numpy.ndarray of bool, shape (n_years, n_sites)
            Open sites.
        """
        n = self.candidate.size
        loads = [
            np.bincount(question.arcs.site, weights=flow, minlength=n)
            for question, flow in zip(questions, flows, strict=True)
        ]
        idle = self.candidate & (np.sum(loads, axis=0) == 0)
        kept = opened & ~idle
        # closures may have rested on an idle site; where they did, it stays
        return opened if missing_seats(questions, self, kept) else kept


def missing_seats(questions: Sequence[FlowQuestion], rules: PhaseRules, opened: Bools) -> list[Side]:
    """
    Tell in which years a school closes before the seats of its pupils exist.

    Parameters
    ----------
    questions : sequence of FlowQuestion
        The years.
    rules : PhaseRules
        The rules.
    opened : numpy.ndarray of bool, shape (n_years, n_sites)
        Open sites.

    Returns
    -------
    list of Side
        For each such year a row that every plan keeps and this one does not: what the sites that stay could take of the
        pupils who find no seat in them is enough, or nothing closes.
    """
    if not rules.build_before_close:
        return []
    n_years, n = opened.shape
    sides: list[Side] = []
    for t, question in enumerate(questions):
        before = ~rules.candidate if t == 0 else opened[t - 1]
        if not (before & ~opened[t]).any():
            continue
        _, price = seat_with_beds(question, before & opened[t])
        stuck = np.isinf(price)
        if not stuck.any():
            continue
        needed = float(question.pupils[stuck].sum())
        takes = np.minimum(takes_at_most(question, stuck), needed) / needed
        row = np.zeros(n_years * n + n_years)
        if t:
            row[(t - 1) * n : t * n] = np.where(rules.candidate, takes, 0.0)
        row[t * n : (t + 1) * n] = np.where(rules.candidate, 0.0, takes)
        row[n_years * n + t] = -1.0
        sides.append((row, 0.0))
    return sides


def solve_whole(questions: Sequence[FlowQuestion], rules: PhaseRules, clock: Clock) -> Found:
    """
    Solve a plan by year as one mixed-integer model.

    Parameters
    ----------
    questions : sequence of FlowQuestion
        The years.
    rules : PhaseRules
        The rules.
    clock : Clock
        Time left.

    Returns
    -------
    Found
        The plan, its flows and a bound.
    """
    choice = rules.choice(len(questions))
    rows, count = choice.rules(), choice.cost.size
    costs, uppers = [choice.cost], [choice.upper]
    with_reserve = rules.build_before_close and bool(rules.closable.any())
    for t, question in enumerate(questions):
        arcs = question.arcs
        count = _add_seating(rows, question, t, count)
        costs.append(arcs.cost)
        uppers.append(question.pupils[arcs.row])
        if with_reserve:
            count = _add_reserve(rows, question, rules, t, count, n_years=len(questions))
            costs.append(np.zeros(arcs.row.size))
            uppers.append(question.pupils[arcs.row])
    model = Model(
        cost=np.concatenate(costs),
        lower=np.concatenate([choice.lower, np.zeros(count - choice.lower.size)]),
        upper=np.concatenate(uppers),
        whole=np.arange(count) < choice.cost.size,
        rows=rows,
    )
    solution = solve_model(model, clock=clock)
    if solution.x is None:
        return Found(solution.status, bound=solution.bound)
    opened = choice.opened(solution.x)
    flows = [seat_in(question, opened[t], Clock(_POLISH_S, clock.cancel)) for t, question in enumerate(questions)]
    whole = [flow for flow in flows if flow is not None]
    if len(whole) < len(flows):
        return Found("stopped", bound=solution.bound)
    value = float(choice.cost[: opened.size] @ opened.ravel())
    value += sum(float(flow @ question.arcs.cost) for flow, question in zip(whole, questions, strict=True))
    return Found(solution.status, opened, whole, value, solution.bound)


def _add_seating(rows: Rows, question: FlowQuestion, t: int, first: int) -> int:
    """Seat everybody in the open sites, with ``x <= pupils * y`` on every arc; give the number of the next variable."""
    arcs, n = question.arcs, question.n_sites
    x = first + np.arange(arcs.row.size)
    rows.add(arcs.row, x, 1.0, n=question.pupils.size, lower=question.pupils, upper=question.pupils)
    room = np.minimum(question.seats, question.pupils.sum())
    every = np.arange(n)
    _add(rows, [(arcs.site, x, 1.0), (every, t * n + every, -room)], n=n, upper=0.0)
    linked = np.flatnonzero(question.free[arcs.site])
    each = np.arange(linked.size)
    parts: list[_Part] = [(each, x[linked], 1.0), (each, t * n + arcs.site[linked], -question.pupils[arcs.row[linked]])]
    _add(rows, parts, n=linked.size, upper=0.0)
    if (question.least_load[question.free] > 0).any():
        least = np.where(question.free, question.least_load, 0.0)
        _add(rows, [(arcs.site, x, 1.0), (every, t * n + every, -least)], n=n, lower=0.0)
    return first + arcs.row.size


def _add_reserve(rows: Rows, question: FlowQuestion, rules: PhaseRules, t: int, first: int, *, n_years: int) -> int:
    """Seat everybody in the sites open before and after, in a year in which a school closes."""
    arcs, n = question.arcs, question.n_sites
    z = first + np.arange(arcs.row.size)
    closing = n_years * n + t
    every = np.arange(question.pupils.size)
    _add(rows, [(arcs.row, z, 1.0), (every, np.full(every.size, closing), -question.pupils)], n=every.size, lower=0.0)
    room = np.minimum(question.seats, question.pupils.sum())
    sites = np.arange(n)
    stays = np.where(rules.candidate, (t - 1) * n + sites, t * n + sites)
    is_there = ~rules.candidate | (t > 0)
    _add(rows, [(arcs.site, z, 1.0), (sites[is_there], stays[is_there], -room[is_there])], n=n, upper=0.0)
    return first + arcs.row.size


def _add_step(
    rows: Rows, t: int, n: int, sites: npt.NDArray[np.int64], *, lower: float = -np.inf, upper: float = np.inf
) -> None:
    """Bound the change of ``y`` from the year before; before the first year nothing is asked."""
    if t == 0 or sites.size == 0:
        return
    each = np.arange(sites.size)
    _add(rows, [(each, t * n + sites, 1.0), (each, (t - 1) * n + sites, -1.0)], n=sites.size, lower=lower, upper=upper)


def _add(
    rows: Rows,
    parts: Sequence[_Part],
    *,
    n: int,
    lower: npt.ArrayLike = -np.inf,
    upper: npt.ArrayLike = np.inf,
) -> None:
    """Add a block of rows whose entries come in parts: row, variable, value."""
    if n == 0:
        return
    rows.add(
        np.concatenate([row for row, _, _ in parts]),
        np.concatenate([column for _, column, _ in parts]),
        np.concatenate([np.broadcast_to(np.asarray(value, dtype=np.float64), row.shape) for row, _, value in parts]),
        n=n,
        lower=lower,
        upper=upper,
    )

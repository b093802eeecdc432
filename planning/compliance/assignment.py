"""
An assignment with room, solved to a proof: as many members as possible get a lead, then with the least cost.

References
----------
.. [1] G. T. Ross and R. M. Soland, A branch and bound algorithm for the generalized assignment problem, Math. Program. 8,
   91-103, 1975. https://doi.org/10.1007/BF01580430
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, solve_model

__all__ = ["Assignment", "assign", "by_code", "costs_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Assignment:
    """
    Pairs that are possible, by positions among the sorted members and leads, member by member.

    Parameters
    ----------
    member, lead : numpy.ndarray of int, shape (n_pairs,)
        The two of each pair.
    cost : numpy.ndarray, shape (n_pairs,)
        Weighted minutes of each pair [min].
    n_members, n_leads : int
        How many there are.
    capacity : int
        Most members of a lead.
    pupils : numpy.ndarray, shape (n_members,)
        Pupils of each member [pupils].
    room : numpy.ndarray, shape (n_leads,)
        Pupils that each lead's group has room for besides its own, 0 or more; inf without a limit [pupils].
    leads_max : int or None
        Most schools that lead.
    """

    member: Ints
    lead: Ints
    cost: Floats
    n_members: int
    n_leads: int
    capacity: int
    pupils: Floats
    room: Floats
    leads_max: int | None

    def fits(self, chosen: Ints) -> bool:
        """
        Say whether an assignment keeps every limit.

        Parameters
        ----------
        chosen : numpy.ndarray of int, shape (n_members,)
            Lead of each member; -1 = none.

        Returns
        -------
        bool
            True where no lead has more than it may.
        """
        placed = chosen >= 0
        count = np.bincount(chosen[placed], minlength=self.n_leads)
        load = np.bincount(chosen[placed], weights=self.pupils[placed], minlength=self.n_leads)
        few = self.leads_max is None or int((count > 0).sum()) <= self.leads_max
        return few and bool((count <= self.capacity).all() and (load <= self.room + 1e-9).all())


def assign(question: Assignment, clock: Clock) -> tuple[Ints, int, float, bool]:
    """
    Lead as many as possible, then with the least cost.

    Parameters
    ----------
    question : Assignment
        The pairs and limits.
    clock : Clock
        Time left.

    Returns
    -------
    tuple of (numpy.ndarray of int, int, float, bool)
        Lead of each member (-1 = none); most members that any plan leads; least cost of any plan that leads as many as this
        one; whether both steps were solved to the end.
    """
    none = np.full(question.n_members, -1, dtype=np.int64)
    if question.member.size == 0:
        return none, 0, 0.0, True
    reached = len(np.unique(question.member))
    start = _greedy(question)
    first = solve_model(
        _model(question, -np.ones(question.member.size), None), clock=clock, start=_point(question, start)
    )
    best = max((start, _chosen(question, first.x)), key=lambda found: int((found >= 0).sum()))
    led = int((best >= 0).sum())
    led_bound = min(reached, math.floor(-first.bound + 1e-6)) if math.isfinite(first.bound) else reached
    second = solve_model(_model(question, question.cost, led), clock=clock, start=_point(question, best))
    found = _chosen(question, second.x)
    if int((found >= 0).sum()) == led and costs_of(question, found).sum() < costs_of(question, best).sum():
        best = found
    bound = max(second.bound, 0.0)
    return best, led_bound, bound, first.status == "optimal" and second.status == "optimal"


def _model(question: Assignment, cost: Floats, led: int | None) -> Model:
    """Write the assignment: a variable for each possible pair, then one for each lead."""
    n, pairs = question.member.size, np.arange(question.member.size)
    opens = n + np.arange(question.n_leads)
    rows = Rows()
    rows.add(question.member, pairs, 1.0, n=question.n_members, upper=1.0)
    row, column = np.concatenate([question.lead, np.arange(question.n_leads)]), np.concatenate([pairs, opens])
    most = np.full(question.n_leads, -float(question.capacity))
    rows.add(row, column, np.concatenate([np.ones(n), most]), n=question.n_leads, upper=0.0)
    if np.isfinite(question.room).any():
        loads = np.concatenate([question.pupils[question.member], -question.room])
        rows.add(row, column, loads, n=question.n_leads, upper=0.0)
    if question.leads_max is not None:
        # a pair needs its lead: stronger than the count of members alone
        twice = np.concatenate([pairs, pairs])
        ends = np.concatenate([pairs, opens[question.lead]])
        rows.add(twice, ends, np.repeat([1.0, -1.0], n), n=n, upper=0.0)
        rows.add(np.zeros(question.n_leads), opens, 1.0, n=1, upper=float(question.leads_max))
    if led is not None:
        rows.add(np.zeros(n), pairs, 1.0, n=1, lower=float(led), upper=float(led))
    columns = n + question.n_leads
    return Model(
        cost=np.concatenate([cost, np.zeros(question.n_leads)]),
        lower=np.zeros(columns),
        upper=np.ones(columns),
        whole=np.ones(columns, dtype=bool),
        rows=rows,
    )


def _greedy(question: Assignment) -> Ints:
    """Take the cheapest pairs that still fit: a start for the solver, and what stands if it has no time at all."""
    chosen = np.full(question.n_members, -1, dtype=np.int64)
    for pair in np.argsort(question.cost, kind="stable"):
        member = question.member[pair]
        if chosen[member] < 0:
            chosen[member] = question.lead[pair]
            if not question.fits(chosen):
                chosen[member] = -1
    return chosen


def _point(question: Assignment, chosen: Ints) -> Floats:
    x = np.zeros(question.member.size + question.n_leads)
    x[: question.member.size] = chosen[question.member] == question.lead
    x[question.member.size + np.unique(chosen[chosen >= 0])] = 1.0
    return x


def _chosen(question: Assignment, x: Floats | None) -> Ints:
    chosen = np.full(question.n_members, -1, dtype=np.int64)
    if x is not None:
        taken = x[: question.member.size] > 0.5
        chosen[question.member[taken]] = question.lead[taken]
    return chosen


def _costs(question: Assignment) -> Floats:
    table = np.full((question.n_members, question.n_leads), np.inf)
    table[question.member, question.lead] = question.cost
    return table


def costs_of(question: Assignment, chosen: Ints) -> Floats:
    """
    Give the cost of each member.

    Parameters
    ----------
    question : Assignment
        The pairs.
    chosen : numpy.ndarray of int, shape (n_members,)
        Lead of each member; -1 = none.

    Returns
    -------
    numpy.ndarray, shape (n_members,)
        Weighted minutes, 0 for those without a lead [min].
    """
    led = np.flatnonzero(chosen >= 0)
    found = np.zeros(question.n_members)
    found[led] = _costs(question)[led, chosen[led]]
    return found


def by_code(question: Assignment, chosen: Ints) -> Ints:
    """
    Move members to leads of lower codes, or exchange two, wherever that costs the same and keeps the limits.

    Parameters
    ----------
    question : Assignment
        The pairs and limits.
    chosen : numpy.ndarray of int, shape (n_members,)
        Lead of each member; -1 = none.

    Returns
    -------
    numpy.ndarray of int, shape (n_members,)
        An assignment of the same cost.
    """
    cost, chosen = _costs(question), chosen.copy()
    changed = True
    while changed:
        changed = False
        for member in np.flatnonzero(chosen >= 0):
            lead = chosen[member]
            for lower in range(lead):
                if abs(cost[member, lower] - cost[member, lead]) <= 1e-9:
                    other = chosen.copy()
                    other[member] = lower
                    if question.fits(other):
                        chosen, changed = other, True
                        break
        for one, two in itertools.combinations(np.flatnonzero(chosen >= 0), 2):
            a, b = chosen[one], chosen[two]
            if b < a and abs(cost[one, b] + cost[two, a] - cost[one, a] - cost[two, b]) <= 1e-9:
                other = chosen.copy()
                other[[one, two]] = b, a
                if question.fits(other):
                    chosen, changed = other, True
    return chosen

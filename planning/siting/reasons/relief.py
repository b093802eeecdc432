"""
Find what would have to give for an infeasible question: the least number of sites, budget, seats, beds or limit.

Each is found alone, all else being kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planning.siting.checks import Ints
from planning.siting.clock import Clock
from planning.siting.reasons.conflict import Goal, Group, Kind, list_groups, relax
from planning.siting.seats.flow import FlowQuestion

__all__ = ["Least", "Relief", "find_relief"]

_SLACK = 1e-6


@dataclass(frozen=True)
class Least:
    """
    The least of something that makes a question feasible.

    Parameters
    ----------
    value : float
        How much; inf where no amount of it is enough alone.
    exact : bool
        False where time ran out: ``value`` is then a lower bound, and it is not known whether it is enough.
    sites : numpy.ndarray of int64
        Where seats or beds are added.
    """

    value: float
    exact: bool
    sites: Ints


@dataclass(frozen=True)
class Relief:
    """
    What would have to give, each alone; None for what the question does not limit.

    Parameters
    ----------
    sites : Least or None
        New sites at least, in place of ``most``.
    budget : Least or None
        Budget at least [money].
    seats, beds : Least or None
        Seats and beds more, in all.
    limit : Least or None
        Limit at least [cost unit].
    """

    sites: Least | None
    budget: Least | None
    seats: Least | None
    beds: Least | None
    limit: Least | None


def find_relief(question: FlowQuestion, clock: Clock, *, limit: float = np.inf) -> Relief:
    """
    Find the least number of sites, budget, seats, beds and limit that make a question feasible, each alone.

    Parameters
    ----------
    question : FlowQuestion
        A question that has no answer.
    clock : Clock
        Time left.
    limit : float
        Largest cost allowed [cost unit].

    Returns
    -------
    Relief
        What would have to give.
    """
    groups = list_groups(question, limit)
    kinds = {group.kind for group in groups}

    def _alone(goal: Goal, without: Kind | None, needs: Kind) -> Least | None:
        if needs not in kinds:
            return None
        return _least(question, [group for group in groups if group.kind != without], goal, clock, limit)

    return Relief(
        sites=_alone("sites", "most", "most"),
        budget=_alone("budget", "budget", "budget"),
        seats=_alone("seats", None, "seats"),
        beds=_alone("beds", None, "beds"),
        limit=_least_limit(question, groups, clock, limit) if "limit" in kinds else None,
    )


def _least(question: FlowQuestion, groups: Sequence[Group], goal: Goal, clock: Clock, limit: float) -> Least:
    nowhere = np.zeros(0, dtype=np.int64)
    found = relax(question, groups, goal, clock, limit=limit)
    solution = found.solution
    whole = goal != "budget"
    if solution.status == "infeasible":
        return Least(float("inf"), True, nowhere)
    if solution.status != "optimal" or found.y is None:
        bound = max(0.0, solution.bound)
        return Least(float(np.ceil(bound - _SLACK)) if whole else bound, False, nowhere)
    if goal == "sites":
        return Least(float(found.y[question.candidate].sum()), True, nowhere)
    if goal == "budget":
        return Least(float(question.spend[question.candidate] @ found.y[question.candidate]), True, nowhere)
    extra = np.zeros(question.n_sites) if found.extra is None else found.extra
    return Least(float(np.round(extra.sum())), True, np.flatnonzero(extra > _SLACK).astype(np.int64))


def _least_limit(question: FlowQuestion, groups: Sequence[Group], clock: Clock, limit: float) -> Least:
    """Halve the costs that occur beyond the limit: a longer limit never spoils an answer."""
    nowhere = np.zeros(0, dtype=np.int64)
    steps = np.unique(question.arcs.cost[question.arcs.cost > limit])
    low, high = 0, steps.size  # the answer is one of steps[low:high + 1], or none
    status = relax(question, [g for g in groups if g.kind != "limit"], "any", clock).solution.status
    if status == "infeasible":
        return Least(float("inf"), True, nowhere)
    high -= 1
    if status == "stopped":
        return Least(float(steps[0]), False, nowhere)
    while low < high:
        middle = (low + high) // 2
        status = relax(question, groups, "any", clock, limit=float(steps[middle])).solution.status
        if status == "stopped":
            return Least(float(steps[low]), False, nowhere)
        if status == "infeasible":
            low = middle + 1
        else:
            high = middle
    return Least(float(steps[low]), True, nowhere)

"""Solve a question with seats: settle what can be settled without the solver, then prove with HiGHS."""

from __future__ import annotations

import numpy as np

from planning.siting.clock import Clock
from planning.siting.flow import FlowAnswer, FlowQuestion, best_flow, solve_flow

__all__ = ["solve_layout"]

_POLISH_S = 60.0  # the last seating of the pupils is a network flow; it has its own time


def solve_layout(question: FlowQuestion, clock: Clock) -> FlowAnswer:
    """
    Choose the sites and seat the pupils.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    clock : Clock
        Time left.

    Returns
    -------
    FlowAnswer
        Open sites, whole flows on the arcs of the question, and a bound.
    """
    shorter, keep = _without_idle_arcs(question)
    answer = solve_flow(shorter, clock)
    if answer.opened is None or answer.flow is None:
        return answer
    flow = np.zeros(question.arcs.row.size)
    flow[keep] = np.round(answer.flow)
    if not question.single_source:
        polished = best_flow(question, answer.opened, Clock(_POLISH_S, clock.cancel))
        if polished is None:
            return FlowAnswer("stopped", None, None, answer.bound)
        flow = polished
    return FlowAnswer(answer.status, answer.opened, flow, answer.bound)


def _without_idle_arcs(question: FlowQuestion) -> tuple[FlowQuestion, np.typing.NDArray[np.bool_]]:
    """
    Leave out arcs that no best answer needs.

    A site that stays open and has no seat limit takes whoever comes, so a dearer arc is never needed; nor is one dearer
    than being without a seat. Not where a site must have a least load: there a dear arc may keep a school alive.
    """
    arcs = question.arcs
    keep = question.pupils[arcs.row] > 0
    if not (question.least_load[question.free] > 0).any():
        endless = ~question.free & np.isinf(question.seats)
        refuge = np.full(question.pupils.size, np.inf if question.unserved_cost is None else question.unserved_cost)
        at = endless[arcs.site] & (~arcs.board | np.isinf(question.beds[arcs.site]))
        np.minimum.at(refuge, arcs.row[at], arcs.cost[at])
        keep &= arcs.cost <= refuge[arcs.row]
    return question.changed(arcs=arcs.only(keep)), keep

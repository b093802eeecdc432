"""
What p-median and fixed charge share: lists that are long enough, the solve, and the answer with its allocation.

Where many sites will be open, or the question is very large, lists are cut short at first. A row that no chosen site on
its list serves has to pay the cheapest pair that was left out, which is at most what it really pays: the question with
short lists is a lower bound. Rows that come to that get longer lists, and the question is solved again from the last
answer.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from planning.siting.answer import no_answer, unreached_by_choice
from planning.siting.checks import Floats, Ints, marked
from planning.siting.clock import Clock
from planning.siting.median.lists import Lists
from planning.siting.median.solve import MedianAnswer, solve_location
from planning.siting.median.stages import Stages
from planning.siting.median.swap import Choice
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between

__all__ = ["locate", "propose"]


def locate(
    stages: Stages, choice: Choice, open_now: Ints, clock: Clock, *, n_open: int, start: Ints | None = None
) -> MedianAnswer:
    """
    Open some sites so that pupils times cost and what opening costs are least in all.

    Parameters
    ----------
    stages : Stages
        Costs and pupils.
    choice : Choice
        What may be opened, and what that costs.
    open_now : numpy.ndarray of int
        Columns that are open whatever is chosen.
    clock : Clock
        Time left.
    n_open : int
        Sites that will be open, roughly.
    start : numpy.ndarray of int, optional
        A choice to begin with.

    Returns
    -------
    MedianAnswer
        The best answer found and a proven bound; where the clock stopped before the lists were long enough, the
        objective is below what the sites cost.
    """
    most = stages.most(n_open)
    prices: Floats | None = None
    while True:
        lists = stages.lists(open_now, most)
        answer = solve_location(
            lists,
            choice,
            clock,
            start,
            prices=prices if prices is None else _priced(lists, prices),
            hear=None if clock.heard is None else partial(_tell, clock, lists),
        )
        if most is None or answer.fewest or not np.isfinite(answer.objective):
            return answer
        short = lists.cut & (lists.best_two(lists.mask(answer.sites))[1] < 0)
        if clock.stopped or not short.any():
            return answer
        cells = lists.number >= 0
        cells[cells] = short[lists.number[cells]]
        most = np.where(cells, np.minimum(4 * most, stages.n_sites), most)
        start = answer.sites
        prices = np.full(lists.number.size, np.nan)
        if answer.prices is not None:
            prices[lists.number >= 0] = answer.prices[lists.number[lists.number >= 0]]


def _tell(clock: Clock, lists: Lists, sites: Ints, value: float, bound: float) -> None:
    """Say how far the run is; where the lists are too short for a choice, its value is not known yet."""
    short = lists.cut & (lists.best_two(lists.mask(sites))[1] < 0)
    clock.tell(np.inf if short.any() else value, bound)


def _priced(lists: Lists, by_cell: Floats) -> Floats:
    """Hand prices on from the cells to the rows of new lists."""
    prices = np.full(lists.n_rows, np.nan)
    known = (lists.number >= 0) & ~np.isnan(by_cell)
    prices[lists.number[known]] = by_cell[known]
    first = lists.best_two(np.ones(lists.n_sites, dtype=bool))[0]
    return np.where(np.isnan(prices), np.where(np.isfinite(first), first, 0.0), prices)


def propose(
    stages: Stages,
    answer: MedianAnswer,
    choice: Choice,
    columns: tuple[Ints, Ints, Ints],
    clock: Clock,
) -> Proposal:
    """
    Put an answer into the form of a proposal.

    Parameters
    ----------
    stages : Stages
        Costs and pupils.
    answer : MedianAnswer
        What was chosen.
    choice : Choice
        What could be chosen.
    columns : tuple of numpy.ndarray of int
        Columns that are open whatever is chosen, that may be closed, and that may be new.
    clock : Clock
        The run's clock.

    Returns
    -------
    Proposal
        The objective recomputed from the allocation and the charges.
    """
    stay, closable, new = columns
    unreachable, words = stages.left_out()
    if answer.fewest > choice.p:
        kept, movable = np.union1d(stay, closable), int(choice.counted[closable].sum())
        words += unreached_by_choice(
            stages.stacked(), stages.weight, kept, new, choice.p - movable, answer.fewest - movable, clock
        )
        return no_answer("min", clock, unreachable, words)
    chosen = marked(answer.sites, stages.n_sites)
    allocation = stages.allocate(np.flatnonzero(chosen | marked(stay, stages.n_sites)))
    served = np.asarray(allocation.unserved).copy()
    served[list(unreachable)] = 0
    if not np.isfinite(answer.objective) or served.any():
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=answer.bound)
    objective = allocation.cost + float(choice.charge[answer.sites].sum())
    bound = min(answer.bound, objective)
    return Proposal(
        sites=tuple(new[chosen[new]].tolist()),
        closed=tuple(closable[~chosen[closable]].tolist()),
        allocation=allocation,
        sense="min",
        objective=objective,
        bound=bound,
        status="optimal" if gap_between(objective, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )

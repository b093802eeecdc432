"""
Open ``p`` new sites so that pupils travel least in all.

References
----------
.. [1] S. L. Hakimi, Oper. Res. 12(3), 450-459, 1964. https://doi.org/10.1287/opre.12.3.450
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.siting.answer import allocate_nearest, left_out, no_answer, unreached_by_choice
from planning.siting.checks import check_columns, check_count, check_limit, check_pupils, check_reach
from planning.siting.clock import Cancel, Clock
from planning.siting.lists import build_lists
from planning.siting.median import solve_median
from planning.siting.proposal import Proposal

__all__ = ["p_median"]


def p_median(
    costs: Any,
    pupils: Any,
    p: int,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open exactly ``p`` new sites so that the sum of pupils times cost to the nearest open site is least.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    p : int
        New sites, those of ``fixed`` not counted.
    fixed : iterable of int
        Columns that are open already.
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``. Every cell in reach goes to its nearest open site, the lowest column among equals. Where ``p``
        new sites cannot reach every cell, status ``infeasible`` and the cells are named.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or ``p`` exceeds the candidates.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    reach = check_reach(costs)
    weight = check_pupils(pupils, reach.n_rows)
    open_now = check_columns(fixed, reach.n_sites, "fixed")
    candidates = np.setdiff1d(np.arange(reach.n_sites), open_now)
    count = check_count(p, candidates.size)
    unreachable, words = left_out(reach, weight)
    answer = solve_median(build_lists(reach, weight, open_now), count, candidates, clock)
    if answer.fewest > count:
        words += unreached_by_choice(reach, weight, open_now, candidates, count, answer.fewest, clock)
        return no_answer("min", clock, unreachable, words)
    if not np.isfinite(answer.objective):
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=answer.bound)
    allocation = allocate_nearest(reach, weight, np.union1d(open_now, answer.sites))
    status = "optimal" if answer.proven else clock.reason()
    return Proposal(
        sites=tuple(answer.sites.tolist()),
        closed=(),
        allocation=allocation,
        sense="min",
        objective=allocation.cost,
        bound=min(answer.bound, allocation.cost),
        status=status,
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )

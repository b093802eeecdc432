"""
Open ``p`` new sites so that pupils travel least in all.

References
----------
.. [1] S. L. Hakimi, Oper. Res. 12(3), 450-459, 1964. https://doi.org/10.1287/opre.12.3.450
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from planning.siting.checks import check_closable, check_columns, check_count, check_limit, marked
from planning.siting.clock import Cancel, Clock
from planning.siting.median.stages import check_stages
from planning.siting.median.swap import Choice
from planning.siting.median.uncapacitated import locate, propose
from planning.siting.proposal import Proposal

__all__ = ["p_median"]


def p_median(
    costs: Any,
    pupils: Any,
    p: int,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    closable: Iterable[int] = (),
    weights: npt.ArrayLike | None = None,
    start: Iterable[int] = (),
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open exactly ``p`` new sites so that the sum of pupils times cost to the nearest open site is least.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites), or a list of such
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach. A list holds one matrix a stage of
        school, all on the same sites.
    pupils : array_like, shape (n_cells,), or a list of such
        Pupils of each cell [pupils].
    p : int
        New sites, those of ``fixed`` not counted.
    fixed : iterable of int
        Columns that are open already.
    time_limit_s : float
        Wall time the run may take [s].
    closable : iterable of int
        Columns of ``fixed`` that may be moved: for each that is closed, one more new site is opened, so that as many
        sites as ever are open in the end.
    weights : array_like, shape (n_stages,), optional
        What a pupil of each stage counts; 1 without it.
    start : iterable of int
        A choice to begin with, such as the answer to a like question; it changes how long the run takes.
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``. Every cell in reach goes to its nearest open site, the lowest column among equals; the rows of the
        allocation are the cells, stage by stage. Where ``p`` new sites cannot reach every cell, status ``infeasible``
        and the cells are named.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or ``p`` exceeds the candidates.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    stages = check_stages(costs, pupils, weights)
    open_now = check_columns(fixed, stages.n_sites, "fixed")
    movable = check_closable(closable, open_now, stages.n_sites)
    begin = check_columns(start, stages.n_sites, "start")
    is_open, moves = marked(open_now, stages.n_sites), marked(movable, stages.n_sites)
    new, stay = np.flatnonzero(~is_open), np.flatnonzero(is_open & ~moves)
    count = check_count(p, new.size) + movable.size
    choice = Choice.of_candidates(np.flatnonzero(~is_open | moves), count, stages.n_sites)
    answer = locate(
        stages, choice, stay, clock, n_open=stay.size + count, start=np.union1d(begin, movable) if begin.size else None
    )
    missing = 0 if answer.fewest else count - answer.sites.size
    if missing > 0:  # one more open site never costs; an existing one rather than a new one
        spare = np.concatenate([np.setdiff1d(movable, answer.sites), np.setdiff1d(new, answer.sites)])
        answer = replace(answer, sites=np.union1d(answer.sites, spare[:missing]).astype(np.int64))
    return propose(stages, answer, choice, (stay, movable, new), clock)

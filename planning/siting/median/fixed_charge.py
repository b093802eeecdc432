"""
Open, and close, as many sites as pay: the uncapacitated facility location problem.

References
----------
.. [1] D. Erlenkotter, Oper. Res. 26(6), 992-1009, 1978. https://doi.org/10.1287/opre.26.6.992
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from planning.siting.checks import check_closable, check_columns, check_count, check_limit, check_per_site
from planning.siting.clock import Cancel, Clock
from planning.siting.median.stages import check_stages
from planning.siting.median.swap import Choice
from planning.siting.median.uncapacitated import locate, propose
from planning.siting.proposal import Proposal

__all__ = ["fixed_charge"]


def fixed_charge(
    costs: Any,
    pupils: Any,
    open_cost: npt.ArrayLike,
    fixed: Iterable[int] = (),
    closable: Iterable[int] = (),
    p_max: int | None = None,
    time_limit_s: float = 60,
    *,
    weights: npt.ArrayLike | None = None,
    start: Iterable[int] = (),
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Choose the sites so that pupils times cost and what the open sites cost are least in all.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites), or a list of such
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach. A list holds one matrix a stage of
        school, all on the same sites.
    pupils : array_like, shape (n_cells,), or a list of such
        Pupils of each cell [pupils].
    open_cost : float or array_like, shape (n_sites,)
        What a new site costs, or what keeping a closable one costs [cost unit times pupils].
    fixed : iterable of int
        Columns that are open already. Those that are not closable cost nothing here, since nothing is decided about them.
    closable : iterable of int
        Columns of ``fixed`` that may be closed.
    p_max : int, optional
        New sites at most.
    time_limit_s : float
        Wall time the run may take [s].
    weights : array_like, shape (n_stages,), optional
        What a pupil of each stage counts; 1 without it.
    start : iterable of int
        A choice to begin with; it changes how long the run takes.
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is the allocation's cost and ``open_cost`` of the new sites and of the closable ones
        that stay. Where ``p_max`` new sites cannot reach every cell, status ``infeasible`` and the cells are named.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    stages = check_stages(costs, pupils, weights)
    n = stages.n_sites
    charge = check_per_site(open_cost, n, "open_cost")
    open_now = check_columns(fixed, n, "fixed")
    may_close = check_closable(closable, open_now, n)
    begin = check_columns(start, n, "start")
    new = np.setdiff1d(np.arange(n), open_now)
    count = new.size if p_max is None else min(new.size, check_count(p_max, new.size, name="p_max", capped=False))
    stay = np.setdiff1d(open_now, may_close)
    allowed, counted = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
    allowed[stay] = False
    counted[may_close] = False
    charge[stay] = 0.0
    choice = Choice(allowed, counted, charge, count)
    answer = locate(stages, choice, stay, clock, n_open=max(stay.size, 20), start=begin if begin.size else None)
    return propose(stages, answer, choice, (stay, may_close, new), clock)

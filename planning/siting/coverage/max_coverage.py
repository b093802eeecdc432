"""
Open ``p`` new sites so that as many pupils as possible have a site within a limit.

References
----------
.. [1] R. Church and C. ReVelle, Pap. Reg. Sci. Assoc. 32, 101-118, 1974. https://doi.org/10.1007/BF01942293
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.siting.checks import check_columns, check_count, check_limit, check_pupils
from planning.siting.clock import Cancel, Clock
from planning.siting.coverage.question import build_covering, drop_dominated_sites
from planning.siting.coverage.solve import fill_up, solve_coverage
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.tables.cost_table import allocate_table, name_left_out, read_costs

__all__ = ["max_coverage"]


def max_coverage(
    costs: Any,
    pupils: Any,
    p: int,
    limit: float,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open exactly ``p`` new sites so that as many pupils as possible are within ``limit`` of an open site.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    p : int
        New sites, those of ``fixed`` not counted.
    limit : float
        Largest cost that counts as covered, inclusive [cost unit].
    fixed : iterable of int
        Columns that are open already; what they cover counts.
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``max``; the objective is the pupils covered, by old and new sites together. The allocation holds the
        covered cells only, each at its nearest open site; all others count as its ``unserved``.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or ``p`` exceeds the candidates.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    table = read_costs(costs)
    weight = check_pupils(pupils, table.n_rows)
    within = check_limit(limit, "limit")
    open_now = check_columns(fixed, table.n_sites, "fixed")
    candidates = np.setdiff1d(np.arange(table.n_sites), open_now)
    count = check_count(p, candidates.size)
    unreachable, words = name_left_out(table, weight)
    question = drop_dominated_sites(build_covering(table, weight, within, open_now))
    answer = solve_coverage(question, count, clock)
    sites = fill_up(answer.sites, count, candidates)
    allocation = allocate_table(table, weight, np.union1d(open_now, sites), within)
    objective = float(allocation.flows.sum())
    bound = max(objective, answer.bound)
    proven = gap_between(objective, bound) <= OPTIMAL_GAP
    return Proposal(
        sites=tuple(sites.tolist()),
        closed=(),
        allocation=allocation,
        sense="max",
        objective=objective,
        bound=bound,
        status="optimal" if proven else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )

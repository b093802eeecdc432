"""
Open as few new sites as possible so that enough pupils have a site within a limit.

References
----------
.. [1] C. Toregas et al., Oper. Res. 19(6), 1363-1373, 1971. https://doi.org/10.1287/opre.19.6.1363
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.errors import Message, msg
from planning.siting.answer import NAMED, no_answer, number_list
from planning.siting.checks import Bools, Floats, check_columns, check_limit, check_pupils, check_share
from planning.siting.clock import Cancel, Clock
from planning.siting.coverage.cover import cover_question
from planning.siting.coverage.question import Covering, build_covering
from planning.siting.proposal import Proposal
from planning.siting.tables.cost_table import CostTable, allocate_table, name_left_out, read_costs

__all__ = ["set_cover"]


def set_cover(
    costs: Any,
    pupils: Any,
    limit: float,
    share: float = 1.0,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open as few new sites as possible so that ``share`` of the pupils are within ``limit`` of an open site.

    ``share`` is of all pupils in reach of some site, within its limit or not. Where more of them live beyond the limit of
    every site than the share leaves, there is no answer, and the reason names their cells with what would reach them.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    limit : float
        Largest cost that counts as covered, inclusive [cost unit].
    share : float
        Share of the pupils in reach to be covered, 0 to 1.
    fixed : iterable of int
        Columns that are open already; what they cover counts.
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is the number of new sites. The allocation holds the covered cells only, each at
        its nearest open site; all others count as its ``unserved``.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    table = read_costs(costs)
    weight = check_pupils(pupils, table.n_rows)
    within = check_limit(limit, "limit")
    wanted = check_share(share, "share")
    open_now = check_columns(fixed, table.n_sites, "fixed")
    unreachable, words = name_left_out(table, weight)
    question = build_covering(table, weight, within, open_now)
    spare = _spare(weight, table.reached, question, wanted)
    if spare < 0:
        return no_answer("min", clock, unreachable, (*words, *_beyond(table, weight, within, wanted)))
    if clock.stopped:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=0.0)
    cover = cover_question(question, clock, spare=spare, tell=clock.heard)
    clock.tell(
        np.inf if cover.sites is None else float(cover.sites.size), float(cover.bound)
    )  # what is soon seen tells nothing on its way
    return Proposal(
        sites=tuple(cover.sites.tolist()),
        closed=(),
        allocation=allocate_table(table, weight, np.union1d(open_now, cover.sites), within),
        sense="min",
        objective=float(cover.sites.size),
        bound=float(cover.bound),
        status="optimal" if cover.status == "optimal" else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def _spare(weight: Floats, in_reach: Bools, question: Covering, share: float) -> float:
    """Count the pupils who may stay uncovered besides those whom no site covers; negative where these are too many."""
    total = float(weight[in_reach].sum())
    if np.array_equal(weight, np.floor(weight)):
        spare = float(np.floor((1.0 - share) * total + 1e-9 * max(1.0, total)))  # 0.9 of 10 leaves 1, not 0.9999…
        return spare - (total - question.settled - float(question.weight.sum()))
    covered = question.settled + float(question.weight.sum())
    beyond = total - covered if total - covered > 1e-12 * total else 0.0
    return (1.0 - share) * total + (1e-12 * total if share < 1.0 else 0.0) - beyond


def _beyond(table: CostTable, weight: Floats, limit: float, share: float) -> tuple[Message, ...]:
    """Say that the share is out of reach, and name the cells beyond the limit of every site with what would reach them."""
    site, cost = table.nearest(np.arange(table.n_sites))
    far = np.flatnonzero((weight > 0) & table.reached & (cost > limit))
    total = float(weight[table.reached].sum())
    first = msg(
        "Only {covered} of the {total} pupils in reach are within the limit of some site, {wanted} are asked for. "
        "Raise the limit, lower the share, or allow more places.",
        covered=f"{total - weight[far].sum():g}",
        total=f"{total:g}",
        wanted=f"{np.ceil(share * total - 1e-9 * total):g}",
    )
    single = tuple(
        msg(
            "Cell {cell} ({pupils} pupils) is beyond the limit of every site: its nearest site {site} costs {cost}.",
            cell=int(cell),
            pupils=f"{weight[cell]:g}",
            site=number_list([site[cell]]),
            cost=f"{cost[cell]:g}",
        )
        for cell in far[:NAMED]
    )
    rest: tuple[Message, ...] = ()
    if far.size > NAMED:
        rest = (msg("{n} more cells are beyond the limit of every site.", n=int(far.size - NAMED)),)
    return (first, *single, *rest)

"""
Decide which sites to build, keep and close when seats are limited and sites cost money.

References
----------
.. [1] R. Sridharan, Eur. J. Oper. Res. 87(2), 203-213, 1995. https://doi.org/10.1016/0377-2217(95)00042-O
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.access.allocation import Allocation
from planning.errors import SchemaError, msg
from planning.siting.answer import left_out, no_answer
from planning.siting.checks import (
    Bools,
    Floats,
    Reach,
    check_columns,
    check_count,
    check_limit,
    check_per_site,
    check_pupils,
    check_reach,
)
from planning.siting.clock import Cancel, Clock
from planning.siting.flow import Arcs, FlowQuestion
from planning.siting.layout import solve_layout
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.reasons import why_no_seats
from planning.siting.seating import seat_pupils, seats_alone_bind

__all__ = ["capacitated"]


def capacitated(
    costs: Any,
    pupils: Any,
    seats: Any,
    p: int | None = None,
    p_min: int | None = None,
    build_cost: Any = None,
    running_cost: Any = None,
    spend: Any = None,
    budget: float | None = None,
    fixed: Iterable[int] = (),
    closable: Iterable[int] = (),
    min_pupils: Any = None,
    single_source: bool = False,
    unserved_cost: float | None = None,
    time_limit_s: float = 60,
    *,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Choose new sites and closures, and seat the pupils, so that travel, building and running cost least in all.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : float or array_like, shape (n_sites,)
        Seats of each site [seats]; inf = no limit.
    p : int, optional
        New sites at most; None = as many as pay.
    p_min : int, optional
        New sites at least.
    build_cost : float or array_like, shape (n_sites,), optional
        Cost of a new site, in the unit of the objective.
    running_cost : float or array_like, shape (n_sites,), optional
        Cost of every open site, old or new, in the unit of the objective; a closed one saves it.
    spend : float or array_like, shape (n_sites,), optional
        What a new site takes from the budget [money].
    budget : float, optional
        Largest sum of ``spend`` over the new sites [money].
    fixed : iterable of int
        Columns that are open already.
    closable : iterable of int
        Those of ``fixed`` that may be closed.
    min_pupils : float or array_like, shape (n_sites,), optional
        Pupils that every new site, and every closable site that is kept, must have [pupils]. A fixed site that may not
        be closed is exempt: it stays whatever its size.
    single_source : bool
        True = the pupils of a cell all go to the same site.
    unserved_cost : float, optional
        Price of a pupil in reach who gets no seat; None = every pupil in reach gets one.
    time_limit_s : float
        Wall time the search may take [s]; the last seating of the pupils comes on top.
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is the sum of pupils times cost, building and running cost (and the price of
        pupils without a seat). Status ``infeasible`` names the cells whose pupils find no seat.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    reach = check_reach(costs)
    wanted = check_pupils(pupils, reach.n_rows, whole=True)
    n = reach.n_sites
    open_now, may_close = check_columns(fixed, n, "fixed"), check_columns(closable, n, "closable")
    if np.setdiff1d(may_close, open_now).size:
        raise SchemaError(
            msg(
                "closable: site {site} is not open; name it in fixed as well.",
                site=int(np.setdiff1d(may_close, open_now)[0]),
            )
        )
    candidate, closes = np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    candidate[open_now], closes[may_close] = False, True
    n_candidates = int(candidate.sum())
    fewest = 0 if p_min is None else check_count(p_min, n_candidates, name="p_min")
    most = n_candidates if p is None else min(check_count(p, n_candidates, capped=False), n_candidates)
    if fewest > most:
        raise SchemaError(msg("p_min: {p_min} is more than p, {p}.", p_min=fewest, p=most))
    build = check_per_site(build_cost, n, "build_cost")
    running = check_per_site(running_cost, n, "running_cost")
    price = np.inf if unserved_cost is None else check_limit(unserved_cost, "unserved_cost")
    unreachable, words = left_out(reach, wanted)
    question = FlowQuestion(
        arcs=Arcs(reach.row, reach.site, reach.cost, np.zeros(reach.row.size, dtype=bool)),
        pupils=np.where(reach.reached(), wanted, 0.0),
        seats=np.floor(check_per_site(seats, n, "seats", infinite=True)),
        beds=np.full(n, np.inf),
        opening=np.where(candidate, build, 0.0) + running,
        candidate=candidate,
        closable=closes,
        most=most,
        fewest=fewest,
        spend=check_per_site(spend, n, "spend"),
        budget=np.inf if budget is None else check_limit(budget, "budget"),
        least_load=check_per_site(min_pupils, n, "min_pupils"),
        single_source=bool(single_source),
        unserved=np.full(reach.n_rows, price),
    )
    layout = solve_layout(question, clock)
    if layout.status == "infeasible":
        return no_answer("min", clock, unreachable, words + why_no_seats(question, clock))
    if layout.opened is None or layout.flow is None:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=layout.bound)
    allocation = _allocation(question, reach, wanted, layout.opened, layout.flow)
    missing = float(np.where(reach.reached(), allocation.unserved, 0).sum())
    objective = allocation.cost + float(question.opening[layout.opened].sum()) + (missing * price if missing else 0.0)
    bound = min(layout.bound, objective)
    return Proposal(
        sites=tuple(np.flatnonzero(layout.opened & candidate).tolist()),
        closed=tuple(np.flatnonzero(~layout.opened & closes).tolist()),
        allocation=allocation,
        sense="min",
        objective=objective,
        bound=bound,
        status="optimal" if gap_between(objective, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def _allocation(question: FlowQuestion, reach: Reach, wanted: Floats, opened: Bools, flow: Floats) -> Allocation:
    """Put the flows into their table; seat prices come from the exact kernel where seats are all that binds."""
    prices = np.zeros(reach.n_sites)
    if seats_alone_bind(question, opened):
        flow, prices = seat_pupils(question, opened)
    amounts = np.round(flow).astype(np.int64)
    flows = reach.matrix(amounts)
    seated = np.asarray(flows.sum(axis=1)).ravel().astype(np.int64)
    return Allocation(
        flows=flows, cost=float(amounts @ reach.cost), unserved=wanted.astype(np.int64) - seated, prices=prices
    )

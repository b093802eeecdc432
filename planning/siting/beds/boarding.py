"""
Propose boarding hubs: every pupil travels each day, or boards at an open hub and travels twice a week.

A week has ten daily trips and two weekly ones. Unless a bed has a price, a pupil boards where that makes the week's travel
shorter or where no day school is in reach. The weights are this tool's own, not a standard's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.errors import SchemaError, msg
from planning.siting.answer import no_answer
from planning.siting.beds.bands import check_bands, check_each_band, check_pupils_by_band, left_out_of_bands
from planning.siting.beds.benders import choice_of, choose_sites
from planning.siting.checks import (
    Bools,
    Floats,
    Reach,
    check_columns,
    check_count,
    check_limit,
    check_per_site,
)
from planning.siting.clock import Cancel, Clock
from planning.siting.proposal import OPTIMAL_GAP, BoardingAllocation, Proposal, gap_between
from planning.siting.reasons.words import why_no_seats
from planning.siting.seats.flow import Arcs, FlowAnswer, FlowQuestion
from planning.siting.seats.layout import solve_layout

__all__ = ["DAY_TRIPS", "WEEK_TRIPS", "boarding", "check_roles"]

DAY_TRIPS = 10.0
"""One-way trips of a day pupil in a week of five days."""

WEEK_TRIPS = 2.0
"""One-way trips of a boarder in a week: there and back."""

_SMALL = 6_000  # arcs that are one model for HiGHS


def boarding(
    costs_day: Any,
    costs_week: Any,
    pupils_by_band: Any,
    seats: Any,
    beds: Any,
    may_board: Any,
    p: int | None = None,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    build_cost: Any = None,
    running_cost: Any = None,
    bed_cost: Any = None,
    closable: Iterable[int] = (),
    min_pupils: Any = None,
    day_trips: float = DAY_TRIPS,
    week_trips: float = WEEK_TRIPS,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open new sites, and send every pupil to an open one by day or to board, so that the week's travel is least.

    Rows of the answer are (band, cell) pairs, band by band: row ``band * n_cells + cell``.

    Parameters
    ----------
    costs_day : array_like, shape (n_bands, n_cells, n_sites), or list of matrices by band, dense or CSR
        Cost of one daily trip [cost unit]; inf or not stored = beyond the band's daily limit.
    costs_week : array_like, shape (n_bands, n_cells, n_sites), or list of matrices by band, dense or CSR
        Cost of one weekly trip [cost unit]; inf or not stored = beyond the weekly limit.
    pupils_by_band : array_like of int, shape (n_bands, n_cells)
        Pupils [pupils].
    seats : float or array_like, shape (n_sites,)
        Seats of each site, shared by all bands, boarders included [seats]; inf = no limit.
    beds : float or array_like, shape (n_sites,)
        Beds of each site, shared by all bands [beds]; inf = no limit.
    may_board : array_like of bool, shape (n_bands,)
        Bands whose pupils may board.
    p : int, optional
        New sites, exactly; None = any number: where they cost nothing, those with pupils are listed.
    fixed : iterable of int
        Columns that are open already, with their own seats and beds.
    time_limit_s : float
        Wall time the search may take [s]; the last seating of the pupils comes on top.
    build_cost : float or array_like, shape (n_sites,), optional
        Cost of a new site, in the unit of the objective: trips of a week times cost.
    running_cost : float or array_like, shape (n_sites,), optional
        Cost of every open site, old or new, in the unit of the objective; a closed one saves it.
    bed_cost : float or array_like, shape (n_sites,), optional
        Cost of a pupil who boards, besides the travel, in the unit of the objective.
    closable : iterable of int
        Those of ``fixed`` that may be closed.
    min_pupils : float or array_like, shape (n_sites,), optional
        Pupils, boarders included, that every new site, and every closable site that is kept, must have [pupils].
    day_trips, week_trips : float
        Trips of a day pupil and of a boarder in a week; the defaults are this tool's, not a rule's.
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is the sum of pupils times ``day_trips`` times day cost, and ``week_trips`` times
        week cost for boarders, with the costs of sites and beds. ``allocation`` is a `BoardingAllocation`, whose cost is
        without those of sites; ``unreachable`` holds rows.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    day, week = check_bands(costs_day, "costs_day"), check_bands(costs_week, "costs_week")
    shapes = {(reach.n_rows, reach.n_sites) for reach in (*day, *week)}
    if len(day) != len(week) or len(shapes) != 1:
        raise SchemaError(msg("costs_week: must have the bands, cells and sites of costs_day."))
    n_cells, n = shapes.pop()
    wanted = check_pupils_by_band(pupils_by_band, len(day), n_cells)
    boards = check_each_band(may_board, len(day), "may_board")
    candidate, closes = check_roles(fixed, closable, n)
    n_candidates = int(candidate.sum())
    opening = np.where(candidate, check_per_site(build_cost, n, "build_cost"), 0.0)
    opening += check_per_site(running_cost, n, "running_cost")
    least_load = check_per_site(min_pupils, n, "min_pupils")
    is_free = (opening == 0) & (least_load == 0)  # to have such a site open is never worse
    count = n_candidates if p is None else check_count(p, n_candidates)
    arcs = _arcs(
        day,
        week,
        boards,
        n_cells,
        trips=(check_limit(day_trips, "day_trips"), check_limit(week_trips, "week_trips")),
        bed_cost=check_per_site(bed_cost, n, "bed_cost"),
    )
    reached = np.zeros(wanted.size, dtype=bool)
    reached[arcs.row] = True
    question = FlowQuestion(
        arcs=arcs,
        pupils=np.where(reached, wanted, 0.0),
        seats=np.floor(check_per_site(seats, n, "seats", infinite=True)),
        beds=np.floor(check_per_site(beds, n, "beds", infinite=True)),
        opening=opening,
        candidate=candidate,
        closable=closes & ~is_free,
        most=count,
        fewest=int((candidate & is_free).sum()) if p is None else count,
        spend=np.zeros(n),
        budget=np.inf,
        least_load=least_load,
        unserved=np.full(wanted.size, np.inf),
    )
    unreachable, words = left_out_of_bands(wanted, reached, n_cells)
    layout = _solve(question, clock)
    if layout.status == "infeasible":
        return no_answer("min", clock, unreachable, words + why_no_seats(question, clock, n_cells=n_cells))
    if layout.opened is None or layout.flow is None:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=layout.bound)
    allocation = _allocation(arcs, np.round(layout.flow).astype(np.int64), wanted, n, len(day))
    is_open = layout.opened
    if p is None:
        is_open = is_open & (~candidate | (np.asarray(allocation.flows.sum(axis=0)).ravel() > 0))
    objective = allocation.cost + float(opening[is_open].sum())
    bound = min(layout.bound, objective)
    return Proposal(
        sites=tuple(np.flatnonzero(is_open & candidate).tolist()),
        closed=tuple(np.flatnonzero(~is_open & closes).tolist()),
        allocation=allocation,
        sense="min",
        objective=objective,
        bound=bound,
        status="optimal" if gap_between(objective, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def check_roles(fixed: Iterable[int], closable: Iterable[int], n_sites: int) -> tuple[Bools, Bools]:
    """
    Take which columns are open already, and which of these may be closed.

    Parameters
    ----------
    fixed, closable : iterable of int
        Columns.
    n_sites : int
        Number of columns.

    Returns
    -------
    tuple of numpy.ndarray of bool, shape (n_sites,)
        Candidates, and closable sites.

    Raises
    ------
    SchemaError
        If one is not a column, or a site that is not open is to be closed.
    """
    open_now, may_close = check_columns(fixed, n_sites, "fixed"), check_columns(closable, n_sites, "closable")
    if np.setdiff1d(may_close, open_now).size:
        raise SchemaError(
            msg(
                "closable: site {site} is not open; name it in fixed as well.",
                site=int(np.setdiff1d(may_close, open_now)[0]),
            )
        )
    candidate, closes = np.ones(n_sites, dtype=bool), np.zeros(n_sites, dtype=bool)
    candidate[open_now], closes[may_close] = False, True
    return candidate, closes


def _solve(question: FlowQuestion, clock: Clock) -> FlowAnswer:
    """Solve a small question as one model, a large one by cuts."""
    if question.arcs.row.size <= _SMALL:
        return solve_layout(question, clock)
    paid = question.changed(opening=np.zeros(question.n_sites))
    found = choose_sites([paid], choice_of(question), clock)
    if found.opened is None:
        return FlowAnswer(found.status, None, None, found.bound)
    return FlowAnswer(found.status, found.opened[0], found.flows[0], found.bound)


def _arcs(
    day: list[Reach],
    week: list[Reach],
    boards: Bools,
    n_cells: int,
    *,
    trips: tuple[float, float],
    bed_cost: Floats,
) -> Arcs:
    """Stack the bands: arcs of a week's day trips, and of a week's boarding where the band may board and it is cheaper."""
    parts = [(band, reach, False) for band, reach in enumerate(day)]
    parts += [(band, reach, True) for band, reach in enumerate(week) if boards[band]]
    row = np.concatenate([reach.row + band * n_cells for band, reach, _ in parts])
    site = np.concatenate([reach.site for _, reach, _ in parts])
    cost = np.concatenate(
        [
            reach.cost * trips[1] + bed_cost[reach.site] if sleeps else reach.cost * trips[0]
            for _, reach, sleeps in parts
        ]
    )
    board = np.concatenate([np.full(reach.row.size, sleeps) for _, reach, sleeps in parts])
    order = np.lexsort((board, site, row))
    stacked = Arcs(row[order], site[order], cost[order], board[order])
    # who could as cheaply come every day to the same site needs no bed there
    by_day = np.zeros(order.size, dtype=bool)
    same = (stacked.row[1:] == stacked.row[:-1]) & (stacked.site[1:] == stacked.site[:-1])
    by_day[1:] = same & stacked.board[1:] & (stacked.cost[1:] >= stacked.cost[:-1])
    return stacked.only(~by_day)


def _allocation(arcs: Arcs, flow: Any, wanted: Floats, n_sites: int, n_bands: int) -> BoardingAllocation:
    whole = Reach(arcs.row, arcs.site, arcs.cost, wanted.size, n_sites)
    day, board = whole.matrix(np.where(arcs.board, 0, flow)), whole.matrix(np.where(arcs.board, flow, 0))
    seated = np.bincount(arcs.row, weights=flow, minlength=wanted.size)
    return BoardingAllocation(
        day=day,
        board=board,
        cost=float(flow @ arcs.cost),
        unserved=(wanted - seated).astype(np.int64),
        n_bands=n_bands,
    )

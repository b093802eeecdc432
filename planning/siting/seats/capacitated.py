"""
Decide which sites to build, keep, enlarge and close when seats are limited and sites cost money.

References
----------
.. [1] R. Sridharan, Eur. J. Oper. Res. 87(2), 203-213, 1995. https://doi.org/10.1016/0377-2217(95)00042-O
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from planning.access.allocation import Allocation
from planning.errors import Message, SchemaError, msg
from planning.siting.answer import left_out, no_answer
from planning.siting.checks import (
    Bools,
    Floats,
    Ints,
    Reach,
    check_columns,
    check_count,
    check_limit,
    check_per_site,
    check_pupils,
    check_reach,
)
from planning.siting.clock import Cancel, Clock
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.reasons.words import why_no_seats
from planning.siting.seats.flow import Arcs, FlowAnswer, FlowQuestion
from planning.siting.seats.large import lay_out
from planning.siting.seats.layout import better_of, solve_layout, too_few_seats
from planning.siting.seats.mergers import blocked_words, list_moves
from planning.siting.seats.seating import price_of, seat_pupils, seats_alone_bind
from planning.siting.seats.shortfall import seat_with_least
from planning.siting.seats.sizes import Columns, SizeOption, lay_columns
from planning.siting.seats.table_seating import TableSeater
from planning.siting.tables.cheapest import columns_of, count_pairs, shorten
from planning.siting.zones.siting import Zoning, check_zoning, solve_zones

__all__ = ["capacitated"]

_LARGE = 3_000_000  # pairs beyond which rows keep their cheapest sites only
_FEW, _LARGE_OF_FEW = 8, 20_000_000  # few new sites are proven set by set, on all pairs, even in a large county
_SMALL = 30_000  # pairs that HiGHS takes as they are
_SEARCH_SHARE = 0.75  # of the time, where the last seating has rules to keep
_KEPT = 200  # pairs that a row keeps
_FIRST_SHARE, _FIRST_S = 0.3, 3.0  # of the time, for the look at the cheapest pairs where much may close
_NEAR_ENOUGH = 5e-3  # gap at which branching is not worth its time


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
    options: Sequence[SizeOption] = (),
    max_pupils: Any = None,
    locked: Iterable[int] = (),
    blocked: Mapping[int, Message] | None = None,
    neighbours: Any = None,
    home: Any = None,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Choose new sites, sizes and closures, and seat the pupils, so that travel, building and running cost least in all.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : float or array_like, shape (n_sites,)
        Seats of each site [seats]; inf = no limit. A new site that has ``options`` has theirs instead.
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
        Largest sum of ``spend`` over the new sites, and of the options taken [money].
    fixed : iterable of int
        Columns that are open already.
    closable : iterable of int
        Those of ``fixed`` that may be closed.
    min_pupils : float or array_like, shape (n_sites,), optional
        Pupils that every new site, and every closable site that is kept, must have [pupils]. A fixed site that may not
        be closed is exempt, enlarged or not: it stays whatever its size.
    single_source : bool
        True = the pupils of a cell all go to the same site.
    unserved_cost : float, optional
        Price of a pupil in reach who gets no seat; None = every pupil in reach gets one.
    time_limit_s : float
        Wall time the search may take [s]. One reading of the table and the last seating of the pupils come on top where
        they are not done by then: one to two seconds of CPU for 2,000 sites and 30,000 cells. What a run that is stopped
        has found by then may depend on the order of rows and columns; a run that ends by itself does not.
    options : sequence of SizeOption
        Sizes. A new site that has some opens with exactly one of them; a fixed one stays as it is or takes one.
    max_pupils : float or array_like, shape (n_sites,), optional
        Pupils that a site may have at most, whatever its seats [pupils].
    locked : iterable of int
        Those of ``fixed`` that stay whatever happens: taken out of ``closable``.
    blocked : mapping of int to Message, optional
        Closable columns that the closure gate forbids to close, each with the gate's clause: they stay, and are listed.
    neighbours : array_like of int, shape (n_pairs, 2), optional
        Cells that touch. With it, the cells of every open site are in one piece and hold the cell in which it stands;
        cells without pupils may link others. Only with ``single_source``.
    home : array_like of int, shape (n_sites,), optional
        Cell in which each site stands; of sites in the same cell at most one is open. Goes with ``neighbours``.
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is the sum of pupils times cost, building and running cost (and the price of
        pupils without a seat). Status ``infeasible`` names the cells whose pupils find no seat. With ``neighbours``
        the explanation tells what zones in one piece cost against whole cells without that rule.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    closable, options = tuple(closable), tuple(options)
    is_few = p is not None and p <= _FEW and not closable and not options
    ruled = min_pupils is not None or bool(single_source)
    is_large = count_pairs(costs) > (_LARGE_OF_FEW if closable or (is_few and not ruled) else _LARGE)
    if single_source:  # what has its own search of whole cells, or is small enough for HiGHS, is asked there
        is_large = count_pairs(costs) > _SMALL and costs.shape[0] * costs.shape[1] > _LARGE_OF_FEW
    is_large &= neighbours is None and home is None
    if is_large:
        wanted = check_pupils(pupils, costs.shape[0], whole=True)
        short = shorten(costs, wanted, _KEPT)
        reach, way_out = short.reach, short.way_out
    else:
        reach = check_reach(costs)
        wanted, way_out = check_pupils(pupils, reach.n_rows, whole=True), np.full(reach.n_rows, np.inf)
    n = reach.n_sites
    zoning = _zoning(neighbours, home, reach, single_source)
    gate = dict(blocked or {})
    existing = _marked(fixed, n, "fixed")
    closes = _part_of(closable, existing, "closable") | _part_of(gate, existing, "blocked")
    closes &= ~_part_of(locked, existing, "locked") & ~_marked(gate, n, "blocked")
    n_candidates = int((~existing).sum())
    fewest = 0 if p_min is None else check_count(p_min, n_candidates, name="p_min")
    most = n_candidates if p is None else min(check_count(p, n_candidates, capped=False), n_candidates)
    if fewest > most:
        raise SchemaError(msg("p_min: {p_min} is more than p, {p}.", p_min=fewest, p=most))
    seats_of = check_per_site(seats, n, "seats", infinite=True)
    largest = check_per_site(max_pupils, n, "max_pupils", missing=np.inf, infinite=True)
    build = np.where(existing, 0.0, check_per_site(build_cost, n, "build_cost"))
    paid = np.where(existing, 0.0, check_per_site(spend, n, "spend"))
    running = check_per_site(running_cost, n, "running_cost")
    least = check_per_site(min_pupils, n, "min_pupils")
    price = np.inf if unserved_cost is None else check_limit(unserved_cost, "unserved_cost")
    unreachable, words = left_out(reach, wanted)
    columns = lay_columns(options, existing)
    at, which = columns.site, columns.option
    sized = which >= 0
    stays = existing & ~closes
    chosen_from = np.bincount(at, minlength=n)[at] > 1
    question = FlowQuestion(
        arcs=columns.spread(reach),
        pupils=np.where(reach.reached(), wanted, 0.0),
        seats=np.floor(np.minimum(_of_size(seats_of[at], which, [size.seats for size in options]), largest[at])),
        beds=np.full(at.size, np.inf),
        opening=build[at]
        + _of_size(np.zeros(at.size), which, [size.build_cost for size in options])
        + _of_size(
            running[at],
            which,
            [running[size.site] if size.running_cost is None else size.running_cost for size in options],
        ),
        candidate=~existing[at],
        closable=existing[at] & (closes[at] | chosen_from),
        most=most,
        fewest=fewest,
        spend=paid[at] + _of_size(np.zeros(at.size), which, [size.spend for size in options]),
        budget=np.inf if budget is None else check_limit(budget, "budget"),
        least_load=np.where(stays[at], 0.0, least[at]),
        single_source=bool(single_source),
        unserved=np.minimum(price, way_out),
        place=at if sized.any() else None,
        one_of=stays[at] & chosen_from if sized.any() else None,
    )
    about_zones: tuple[Message, ...] = ()
    seater: TableSeater | None = None
    if zoning is not None:
        layout, about_zones = solve_zones(question, replace(zoning, home=zoning.home[at]), clock)
    else:
        if is_large:
            seater = TableSeater(costs, wanted, question, columns.site, price)
            layout = _lay_out_large(question, seater, price, clock)
        elif count_pairs(costs) > _LARGE and not is_few and not ruled:
            layout = _lay_out_between(question, TableSeater(costs, wanted, question, columns.site, price), price, clock)
        else:
            layout = solve_layout(question, clock)
    words += about_zones
    if layout.status == "infeasible":
        return no_answer("min", clock, unreachable, words if about_zones else words + why_no_seats(question, clock))
    if layout.opened is None or layout.flow is None:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=layout.bound)
    reached, opened = reach.reached(), layout.opened
    if seater is not None:
        seated = seater.seat_by_rules(opened, clock) if ruled else (opened, seater.seat(opened))
        if seated is None:
            words += (
                msg("Sites were chosen, but no allocation to them was found that keeps least sizes and whole cells."),
            )
            return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=layout.bound)
        opened, allocation = seated
        named = np.flatnonzero(existing | _opened_sites(columns, opened, n))
        part = check_reach(columns_of(costs, named))
        reach = Reach(part.row, named[part.site], part.cost, part.n_rows, n)
    else:
        allocation = _allocation(question, reach, columns, wanted, opened, layout.flow)
    missing = float(np.where(reached, allocation.unserved, 0).sum())
    objective = allocation.cost + float(question.opening[opened].sum()) + (missing * price if missing else 0.0)
    bound = min(max(layout.bound, 0.0), objective)  # nothing costs less than 0
    is_open = _opened_sites(columns, opened, n)
    return Proposal(
        sites=tuple(np.flatnonzero(is_open & ~existing).tolist()),
        closed=tuple(np.flatnonzero(~is_open & existing).tolist()),
        allocation=allocation,
        sense="min",
        objective=objective,
        bound=bound,
        status="optimal" if gap_between(objective, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words + blocked_words(gate, reach, allocation, is_open, running),
        sizes=tuple((int(at[k]), int(which[k])) for k in np.flatnonzero(opened & sized)),
        blocked=tuple(sorted((int(site), clause) for site, clause in gate.items())),
        moves=list_moves(reach, allocation, existing, is_open),
    )


def _zoning(neighbours: Any, home: Any, reach: Reach, single_source: bool) -> Zoning | None:
    """Check what is said about zones."""
    if neighbours is None and home is None:
        return None
    if neighbours is None or home is None:
        raise SchemaError(msg("neighbours and home go together: zones need both."))
    if not single_source:
        raise SchemaError(msg("neighbours: zones are made of whole cells; ask with single_source as well."))
    return check_zoning(neighbours, home, reach.n_rows, reach.n_sites)


def _marked(columns: Iterable[int], n: int, name: str) -> Bools:
    """Mark some columns."""
    marked = np.zeros(n, dtype=bool)
    marked[check_columns(columns, n, name)] = True
    return marked


def _part_of(columns: Iterable[int], existing: Bools, name: str) -> Bools:
    """Mark some columns that must be open already."""
    marked = _marked(columns, existing.size, name)
    if (marked & ~existing).any():
        site = int(np.flatnonzero(marked & ~existing)[0])
        raise SchemaError(msg("{name}: site {site} is not open; name it in fixed as well.", name=name, site=site))
    return marked


def _of_size(as_is: Floats, which: Ints, values: Sequence[float]) -> Floats:
    """Give each column the value of its option, or its own where it stands for the site as it is."""
    return np.where(which >= 0, np.append(np.asarray(values, dtype=np.float64), 0.0)[which], as_is)


def _opened_sites(columns: Columns, opened: Bools, n: int) -> Bools:
    """Mark the sites of open columns."""
    is_open = np.zeros(n, dtype=bool)
    is_open[columns.site[opened]] = True
    return is_open


def _lay_out_large(question: FlowQuestion, seater: TableSeater, price: float, clock: Clock) -> FlowAnswer:
    """
    Choose the sites of a question too large for a model; the flows are left to the exact kernel.

    Least sizes and whole cells are not asked here: the bound is valid without them.
    """
    if too_few_seats(question.changed(unserved=np.full(question.pupils.size, price))):
        return FlowAnswer("infeasible", None, None, float("inf"))
    must_seat = not np.isfinite(price)
    refuge = np.full(
        question.pupils.size, 3.0 * float(question.arcs.cost.max(initial=0.0)) + 1.0 if must_seat else price
    )
    plain = question.changed(single_source=False, least_load=np.zeros(question.n_sites))
    ruled = question.single_source or bool((question.least_load > 0).any())
    limit_s = clock.left * (_SEARCH_SHARE if ruled else 1.0)
    search = Clock(limit_s, clock.cancel) if ruled else clock.part(limit_s)  # a value without the rules is no answer's
    opened, bound = lay_out(plain, refuge, search, seater.value, must_seat=must_seat)
    if opened is None:
        return FlowAnswer("stopped", None, None, bound)
    return FlowAnswer("stopped", opened, np.zeros(0), bound)


def _lay_out_between(question: FlowQuestion, seater: TableSeater, price: float, clock: Clock) -> FlowAnswer:
    """
    Choose the sites of a question in which much may close, too large for a model but not for branching.

    Its cheapest pairs are looked at first: where little of all that may close is worth closing, that is soon near a proof.
    """
    patience = clock.part(min(_FIRST_SHARE * clock.left, _FIRST_S))
    look = _lay_out_large(_cheapest(question), seater, price, patience)
    opened = look.opened
    if opened is None:
        return look if look.status == "infeasible" else solve_layout(question, clock)
    flow = seat_with_least(question, opened)
    first = FlowAnswer(look.status, opened, flow, look.bound)
    value = np.inf if flow is None else price_of(question, opened, flow)
    clock.tell(value, first.bound)
    if clock.stopped or gap_between(value, first.bound) <= _NEAR_ENOUGH:
        return first
    return better_of(question, solve_layout(question, clock), first)


def _cheapest(question: FlowQuestion) -> FlowQuestion:
    """Keep the cheapest pairs of each row, from cheap to dear; being without a seat costs no more than the next."""
    arcs = question.arcs
    order = np.lexsort((arcs.site, arcs.cost, arcs.row))
    row, cost = arcs.row[order], arcs.cost[order]
    start = np.searchsorted(row, np.arange(question.pupils.size + 1))
    keep = np.arange(row.size) - start[row] < _KEPT
    way_out = question.unserved.copy()
    longer = np.flatnonzero(np.diff(start) > _KEPT)
    way_out[longer] = np.minimum(way_out[longer], cost[start[longer] + _KEPT])
    short = Arcs(row[keep], arcs.site[order][keep], cost[keep], arcs.board[order][keep])
    return question.changed(arcs=short, unserved=way_out)


def _allocation(
    question: FlowQuestion, reach: Reach, columns: Columns, wanted: Floats, opened: Bools, flow: Floats
) -> Allocation:
    """Put the flows into their table; seat prices come from the exact kernel where seats are all that binds."""
    prices = np.zeros(reach.n_sites)
    if seats_alone_bind(question, opened):
        flow, by_column = seat_pupils(question, opened)
        prices[columns.site[opened]] = by_column[opened]
    arcs, amounts = question.arcs, np.round(flow).astype(np.int64)
    flows = Reach(arcs.row, columns.site[arcs.site], arcs.cost, reach.n_rows, reach.n_sites).matrix(amounts)
    seated = np.asarray(flows.sum(axis=1)).ravel().astype(np.int64)
    return Allocation(
        flows=flows, cost=float(amounts @ arcs.cost), unserved=wanted.astype(np.int64) - seated, prices=prices
    )

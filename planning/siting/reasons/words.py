"""Say why a question has no answer: which demands clash, who is left over, and what would have to give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from planning.errors import Message, msg
from planning.siting.checks import Bools, Floats, Ints, Reach
from planning.siting.clock import Clock
from planning.siting.naming import NAMED, number_list
from planning.siting.reasons.conflict import Conflict, find_conflict, list_groups, relax
from planning.siting.reasons.relief import Least, Relief, find_relief
from planning.siting.seats.flow import Arcs, FlowQuestion
from planning.siting.tables.shortlist import cheaper_pairs, cost_matrix, count_pairs, nearest_two

__all__ = [
    "clash_of_sites",
    "conflict_in_words",
    "name_unreached",
    "relief_in_words",
    "unreached_by_choice",
    "why_no_seats",
]

_SECONDS = 20.0  # the reason is looked for after the run, in the time that is left of it, but at most so long
_LEAST_SECONDS = 2.0
_MANY = 300_000  # arcs beyond which only the rows with the fewest ways are looked at


def why_no_seats(question: FlowQuestion, clock: Clock, *, n_cells: int | None = None) -> tuple[Message, ...]:
    """
    Name the cells whose pupils find no seat when as many as possible are seated, and an irreducible reason.

    Parameters
    ----------
    question : FlowQuestion
        A question that has no answer.
    clock : Clock
        The run's clock; what it has left, and its wish to stop, are heeded.
    n_cells : int, optional
        Where rows are (band, cell) pairs: the number of cells.

    Returns
    -------
    tuple of Message
        How many are left over, what clashes, what would have to give, then one sentence a cell.
    """
    part, all_rows = _focus(question)
    clocks = _shares(clock)
    missing, proven = _left_over(part, clocks())
    conflict = find_conflict(part, clocks(), first=np.flatnonzero(missing > 0).tolist())
    words: tuple[Message, ...] = ()
    if conflict is not None:
        words += conflict_in_words(question, conflict, n_cells=n_cells)
    if all_rows:
        words += relief_in_words(find_relief(part, clocks()))
    if not (missing > 0).any():
        total = msg(
            "No choice of sites keeps the number of new sites, the budget and the least number of pupils together. "
            "Allow fewer or more new sites, more budget, or smaller schools."
        )
        return (total, *words)
    rows = np.flatnonzero(missing > 0)
    count = int(np.round(missing.sum()))
    total = (
        msg(
            "{n} pupils find no seat, whichever sites are chosen. Allow more new sites, more seats, more budget, "
            "a longer way, or pupils without a seat at a price.",
            n=count,
        )
        if proven and all_rows
        else msg(
            "{n} pupils find no seat in the best choice of sites that was found. Allow more new sites, more seats, more "
            "budget, a longer way, or pupils without a seat at a price.",
            n=count,
        )
    )
    single = tuple(_sentence(question, int(row), int(np.round(missing[row])), n_cells) for row in rows[:NAMED])
    rest = (msg("{n} more cells have pupils without a seat.", n=int(rows.size - NAMED)),) if rows.size > NAMED else ()
    return (total, *words, *single, *rest)


def unreached_by_choice(
    reach: Reach, weight: Floats, fixed: Ints, candidates: Ints, p: int, fewest: int, clock: Clock
) -> tuple[Message, ...]:
    """
    Name the cells that stay out of reach when as many pupils as possible are reached, and an irreducible reason.

    Parameters
    ----------
    reach : Reach
        Pairs in reach.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row [pupils].
    fixed, candidates : numpy.ndarray of int
        Columns that are open, and that may be opened.
    p : int
        New sites allowed.
    fewest : int
        New sites needed at least.
    clock : Clock
        The run's clock.

    Returns
    -------
    tuple of Message
        What would have to give, what clashes, then one sentence a cell.
    """
    is_candidate = np.zeros(reach.n_sites, dtype=bool)
    is_candidate[candidates] = True
    served = np.zeros(reach.n_rows, dtype=bool)
    is_open = np.zeros(reach.n_sites, dtype=bool)
    is_open[fixed] = True
    served[reach.row[is_open[reach.site]]] = True
    keep = ~served[reach.row] & (weight[reach.row] > 0) & is_candidate[reach.site]
    question = _without_seats(reach.only(keep), weight, is_candidate, p)
    part, all_rows = _focus(question)
    clocks = _shares(clock)
    missing, _ = _left_over(part, clocks())
    conflict = find_conflict(part, clocks(), first=np.flatnonzero(missing > 0).tolist())
    enough = find_relief(part, clocks()).sites if all_rows else None
    needed = fewest if enough is None or not np.isfinite(enough.value) else max(fewest, int(enough.value))
    total, cells = name_unreached(
        weight, np.flatnonzero(missing > 0), lambda cell: reach.site[reach.row == cell], p, needed
    )
    clash = () if conflict is None else conflict_in_words(question, conflict)
    return (total, *clash, *cells)


def name_unreached(
    weight: Floats, cells: Ints, sites_of: Callable[[int], Ints], p: int, fewest: int
) -> tuple[Message, tuple[Message, ...]]:
    """
    Name the cells that stay out of reach of some sites, and say what would have to give.

    Parameters
    ----------
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].
    cells : numpy.ndarray of int64
        The cells, rising.
    sites_of : callable
        Lists the sites that reach a cell.
    p : int
        New sites allowed.
    fewest : int
        New sites needed at least.

    Returns
    -------
    tuple of Message and tuple of Message
        What would have to give; one sentence a cell.
    """
    total = msg(
        "No {p} new sites reach every cell: at least {fewest} are needed. Allow more new sites, or a longer way.",
        p=p,
        fewest=fewest,
    )
    single = tuple(
        msg(
            "Cell {cell} ({pupils} pupils) cannot be served: only sites {sites} reach it, and p allows {p}.",
            cell=int(cell),
            pupils=f"{weight[cell]:g}",
            sites=number_list(sites_of(int(cell))),
            p=p,
        )
        for cell in cells[:NAMED]
    )
    rest = (msg("{n} more cells cannot be served.", n=int(cells.size - NAMED)),) if cells.size > NAMED else ()
    return total, (*single, *rest)


def clash_of_sites(costs: Any, weight: Floats, fixed: Ints, p: int, clock: Clock) -> tuple[Message, ...]:
    """
    Find cells that ``p`` new sites cannot reach together, none of which can be left out, without copying the costs.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_rows, n_sites)
        Cost per pupil [cost unit]; inf or not stored = out of reach.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row [pupils].
    fixed : numpy.ndarray of int
        Columns that are open.
    p : int
        New sites allowed.
    clock : Clock
        The run's clock; what it has left, and its wish to stop, are heeded.

    Returns
    -------
    tuple of Message
        What clashes; nothing where no clash was found among the cells with the fewest ways.
    """
    table = cost_matrix(costs)
    is_candidate = np.ones(table.shape[1], dtype=bool)
    is_candidate[fixed] = False
    needy = (weight > 0) & np.isinf(nearest_two(table, fixed).cost)
    ways = np.where(needy, count_pairs(table), 0)
    order = np.argsort(ways, kind="stable")
    needy[order[np.cumsum(ways[order]) > _MANY]] = False
    pairs = cheaper_pairs(table, np.where(needy, np.inf, 0.0), is_candidate)
    question = _without_seats(pairs, np.where(needy, weight, 0.0), is_candidate, p)
    whole = Clock(min(_SECONDS, max(_LEAST_SECONDS, clock.left)), clock.cancel)
    conflict = find_conflict(question, whole)
    return () if conflict is None else conflict_in_words(question, conflict)


def conflict_in_words(
    question: FlowQuestion, conflict: Conflict, *, limit: float = np.inf, n_cells: int | None = None
) -> tuple[Message, ...]:
    """
    Put a clash into words.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    conflict : Conflict
        What clashes.
    limit : float
        Largest cost allowed [cost unit].
    n_cells : int, optional
        Where rows are (band, cell) pairs: the number of cells.

    Returns
    -------
    tuple of Message
        One sentence to begin with, then one for each kind of demand.
    """
    cells, seats, beds, sizes = (conflict.of(kind) for kind in ("cell", "seats", "beds", "size"))
    kinds = {group.kind for group in conflict.groups}
    head = (
        msg("The following cannot be kept together; without any one of them there would be an answer.")
        if conflict.irreducible
        else msg("The following cannot be kept together; time ran out, so that not all of it may be needed.")
    )
    said = [head]
    if cells.size and n_cells is None:
        said.append(
            msg(
                "Clash: every pupil of cell {cells} has a place ({pupils} pupils).",
                cells=number_list(cells),
                pupils=f"{question.pupils[cells].sum():g}",
            )
        )
    elif cells.size and n_cells is not None:
        said += [
            msg(
                "Clash: every pupil of grade band {band} in cell {cells} has a place ({pupils} pupils).",
                band=int(band),
                cells=number_list(cells[cells // n_cells == band] % n_cells),
                pupils=f"{question.pupils[cells[cells // n_cells == band]].sum():g}",
            )
            for band in np.unique(cells // n_cells)
        ]
    if "most" in kinds:
        said.append(msg("Clash: at most {p} new sites.", p=question.most))
    if "fewest" in kinds:
        said.append(msg("Clash: at least {p} new sites.", p=question.fewest))
    if "budget" in kinds:
        said.append(msg("Clash: a budget of {budget}.", budget=f"{question.budget:g}"))
    if "limit" in kinds:
        said.append(msg("Clash: the limit of {limit}.", limit=f"{limit:g}"))
    if "whole" in kinds:
        said.append(msg("Clash: the pupils of a cell stay together."))
    if seats.size:
        said.append(
            msg(
                "Clash: site {sites} has no more than its seats ({seats} in all).",
                sites=number_list(seats),
                seats=f"{question.seats[seats].sum():g}",
            )
        )
    if beds.size:
        said.append(
            msg(
                "Clash: site {sites} has no more than its beds ({beds} in all).",
                sites=number_list(beds),
                beds=f"{question.beds[beds].sum():g}",
            )
        )
    if sizes.size:
        said.append(
            msg(
                "Clash: site {sites} has its least number of pupils ({pupils} in all).",
                sites=number_list(sizes),
                pupils=f"{question.least_load[sizes].sum():g}",
            )
        )
    return tuple(said)


def relief_in_words(relief: Relief) -> tuple[Message, ...]:
    """
    Say what would have to give.

    Parameters
    ----------
    relief : Relief
        What was found.

    Returns
    -------
    tuple of Message
        One sentence for each thing that the question limits.
    """
    said: list[Message] = []
    for least, enough, more, never in (
        (
            relief.sites,
            lambda x: msg("With {p} new sites there is an answer, if all else stays.", p=int(x.value)),
            lambda x: msg("At least {p} new sites are needed, if all else stays; perhaps more.", p=int(x.value)),
            msg("More new sites alone do not help."),
        ),
        (
            relief.budget,
            lambda x: msg("With a budget of {budget} there is an answer, if all else stays.", budget=f"{x.value:g}"),
            lambda x: msg(
                "A budget of at least {budget} is needed, if all else stays; perhaps more.", budget=f"{x.value:g}"
            ),
            msg("More budget alone does not help."),
        ),
        (
            relief.seats,
            lambda x: msg(
                "With {seats} more seats at site {sites} there is an answer, if all else stays.",
                seats=int(x.value),
                sites=number_list(x.sites),
            ),
            lambda x: msg("At least {seats} more seats are needed, if all else stays.", seats=int(x.value)),
            msg("More seats alone do not help."),
        ),
        (
            relief.beds,
            lambda x: msg(
                "With {beds} more beds at site {sites} there is an answer, if all else stays.",
                beds=int(x.value),
                sites=number_list(x.sites),
            ),
            lambda x: msg("At least {beds} more beds are needed, if all else stays.", beds=int(x.value)),
            msg("More beds alone do not help."),
        ),
        (
            relief.limit,
            lambda x: msg("With a limit of {limit} there is an answer, if all else stays.", limit=f"{x.value:g}"),
            lambda x: msg(
                "A limit of at least {limit} is needed, if all else stays; perhaps more.", limit=f"{x.value:g}"
            ),
            msg("A longer limit alone does not help."),
        ),
    ):
        said += _least_in_words(least, enough, more, never)
    return tuple(said)


def _least_in_words(
    least: Least | None, enough: Callable[[Least], Message], more: Callable[[Least], Message], never: Message
) -> Sequence[Message]:
    if least is None or (not least.exact and least.value <= 0):
        return ()
    if np.isinf(least.value):
        return (never,)
    return (enough(least),) if least.exact else (more(least),)


def _shares(clock: Clock) -> Callable[[], Clock]:
    """Give each part of the work a third of the time that is left of it."""
    whole = Clock(min(_SECONDS, max(_LEAST_SECONDS, clock.left)), clock.cancel)
    parts = iter((3, 2, 1))
    return lambda: Clock(whole.left / next(parts), clock.cancel)


def _focus(question: FlowQuestion) -> tuple[FlowQuestion, bool]:
    """Of a very large question, keep the rows with the fewest ways: what clashes there clashes in the whole."""
    arcs = question.arcs
    if arcs.row.size <= _MANY or (question.least_load[question.free] > 0).any():
        return question, True
    length = np.bincount(arcs.row, minlength=question.pupils.size)
    order = np.argsort(length, kind="stable")
    kept: Bools = np.zeros(length.size, dtype=bool)
    kept[order[np.cumsum(length[order]) <= _MANY]] = True
    return question.changed(arcs=arcs.only(kept[arcs.row]), pupils=np.where(kept, question.pupils, 0.0)), False


def _left_over(question: FlowQuestion, clock: Clock) -> tuple[Floats, bool]:
    """Seat as many pupils as possible; give those without a seat, and whether fewer are proven impossible."""
    found = relax(question, list_groups(question), "missing", clock)
    if found.extra is None:
        return np.zeros(question.pupils.size), False
    return np.where(found.extra > 1e-6, found.extra, 0.0), found.solution.status == "optimal"


def _without_seats(reach: Reach, weight: Floats, is_candidate: Bools, p: int) -> FlowQuestion:
    n = reach.n_sites
    zero, endless = np.zeros(n), np.full(n, np.inf)
    reached = reach.reached()
    return FlowQuestion(
        arcs=Arcs(reach.row, reach.site, reach.cost, np.zeros(reach.row.size, dtype=bool)),
        pupils=np.where(reached, weight, 0.0),
        seats=endless,
        beds=endless,
        opening=zero,
        candidate=is_candidate,
        closable=np.zeros(n, dtype=bool),
        most=p,
        fewest=0,
        spend=zero,
        budget=np.inf,
        least_load=zero,
        unserved=np.full(weight.size, np.inf),
    )


def _sentence(question: FlowQuestion, row: int, missing: int, n_cells: int | None) -> Message:
    sites = np.unique(question.arcs.site[question.arcs.row == row])
    seats = question.seats[sites].sum()
    if n_cells is None:
        return msg(
            "Cell {cell}: {missing} of {pupils} pupils find no seat; only sites {sites} reach it, with {seats} seats in all.",
            cell=row,
            missing=missing,
            pupils=int(question.pupils[row]),
            sites=number_list(sites),
            seats=f"{seats:g}",
        )
    return msg(
        "Cell {cell}, grade band {band}: {missing} of {pupils} pupils find no place; only sites {sites} reach it, "
        "with {seats} seats and {beds} beds in all.",
        cell=row % n_cells,
        band=row // n_cells,
        missing=missing,
        pupils=int(question.pupils[row]),
        sites=number_list(sites),
        seats=f"{seats:g}",
        beds=f"{question.beds[sites].sum():g}",
    )

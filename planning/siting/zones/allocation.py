"""
Whole villages and contiguous zones: every cell to one school, and what that costs against an allocation that may split.

The bound is the splittable allocation's; its prices tell which pairs can still matter once an answer is known
(reduced-cost fixing), annealing finds the answer, and HiGHS settles the few pairs that are left. Contiguity enters by cuts: a part of
a zone that is cut off from its school must take in one of the cells around it, or be given up.

References
----------
.. [1] T. Shirabe, Environ. Plan. B 36, 1053-1066, 2009 (contiguity by separators). https://doi.org/10.1068/b34104
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse import csgraph

from planning.access.allocation import allocate, seat_numbers
from planning.access.pairs import cost_pairs, whole_numbers
from planning.errors import Message, Names, SchemaError, msg
from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Cancel, Clock
from planning.siting.highs import Model, Rows, solve_model
from planning.siting.proposal import OPTIMAL_GAP, Status, gap_between
from planning.siting.seats.whole_rounding import round_whole

__all__ = ["WholeAllocation", "allocate_whole", "allocate_zones", "cells_beside", "improve_whole", "improve_zones"]

logger = logging.getLogger(__name__)

_MISSING = 100.0
"""A pupil without a seat counts as so many times the dearest way to school."""
_STEPS_A_CELL = 6000
_FEWEST_STEPS_A_CELL = 20
_MANY_CELLS = 5_000
_STEPS_A_SECOND = 1_000_000  # what any machine does
_TRIES = 12
_MOST_STEPS = 2_000_000
_NO_LIMIT = 2**40
_ROOM = 0.004
"""The pairs that are let in at first may cost so much more than the bound."""


@dataclass(frozen=True)
class WholeAllocation:
    """
    Each cell at one school.

    Parameters
    ----------
    flows : scipy.sparse.csr_array of int64, shape (n_cells, n_schools)
        Pupils of each cell at its school [pupils].
    school : numpy.ndarray of int64, shape (n_cells,)
        Column of each cell's school, -1 where it has none.
    cost : float
        Sum of pupils times cost [cost x pupils].
    bound : float
        No such allocation that seats as many costs less [cost x pupils].
    gap : float
        How far ``cost`` may be above the best, relative to it.
    status : {"optimal", "time_limit", "infeasible", "cancelled"}
        How the run ended; ``infeasible`` where pupils have no school and ``unserved`` did not allow it.
    unserved : numpy.ndarray of int64, shape (n_cells,)
        Pupils of each cell without a school [pupils].
    splittable_cost : float
        Cost where cells may be split, and zones need not be in one piece; the difference is the cost of asking [cost x pupils].
    whole_cost : float
        Cost of whole cells whose zones need not be in one piece: of :func:`allocate_whole` the cost itself; NaN where it
        was not asked for [cost x pupils].
    seconds : float
        Wall time [s].
    explanation : tuple of Message
        Words for people: which cells find no school.
    """

    flows: sparse.csr_array
    school: Ints
    cost: float
    bound: float
    gap: float
    status: Status
    unserved: Ints
    splittable_cost: float
    whole_cost: float
    seconds: float
    explanation: tuple[Message, ...] = ()


@dataclass(frozen=True)
class _Question:
    """A dense table of what each row costs at each school and, last, without one; and what ties it."""

    cost: Floats
    pupils: Ints
    seats: Ints
    fixed: Bools
    home: Ints
    start: Ints
    beside: Any
    contiguous: bool
    prices: Floats
    bound: float
    left: float  # what a pupil without a school counts


def allocate_whole(
    costs: Any,
    pupils: ArrayLike,
    seats: ArrayLike,
    *,
    unserved: bool = False,
    time_limit_s: float = 60.0,
    cancel: Cancel | None = None,
    seed: int = 0,
) -> WholeAllocation:
    """
    Send each cell to one school at the least cost, no school beyond its seats.

    Parameters
    ----------
    costs : array_like or scipy sparse, shape (n_cells, n_schools)
        Cost per pupil from cell to school, 0 or more; inf = not allowed. Of a sparse table the stored entries count.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : array_like of int, shape (n_schools,)
        Seats of each school [seats]; inf = no limit. One number stands for all schools.
    unserved : bool
        Whether cells may stay without a school, as few pupils as possible.
    time_limit_s : float
        Wall time [s].
    cancel : callable, optional
        Asked now and then; True ends the run.
    seed : int
        Where the random numbers of the search begin.

    Returns
    -------
    WholeAllocation
        The allocation, its bound, and what it costs against one that may split cells.

    Raises
    ------
    SchemaError
        If a number is negative, NaN or not whole, or the shapes do not fit each other. It is a ``ValueError``.

    Examples
    --------
    >>> answer = allocate_whole([[1, 5], [2, 3], [2, 4]], pupils=[4, 4, 4], seats=[10, 4])
    >>> answer.school.tolist(), answer.cost, answer.status
    ([0, 1, 0], 24.0, 'optimal')
    """
    clock = Clock(time_limit_s, cancel)
    question = _read(costs, pupils, seats, None, None)
    return _answer(question, clock, seed, unserved, float("nan"))


def allocate_zones(
    costs: Any,
    pupils: ArrayLike,
    seats: ArrayLike,
    neighbours: ArrayLike,
    home: ArrayLike,
    *,
    unserved: bool = False,
    compare: bool = True,
    time_limit_s: float = 60.0,
    cancel: Cancel | None = None,
    seed: int = 0,
) -> WholeAllocation:
    """
    Send each cell to one school so that every school's zone is in one piece and holds the cell in which it stands.

    Cells without pupils belong to zones as well. Two schools in one cell cannot both have a zone.

    Parameters
    ----------
    costs : array_like or scipy sparse, shape (n_cells, n_schools)
        Cost per pupil from cell to school, 0 or more; inf = not allowed. A school takes its own cell whatever it costs to
        others, so that pair must be allowed.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : array_like of int, shape (n_schools,)
        Seats of each school [seats]; inf = no limit. One number stands for all schools.
    neighbours : array_like of int, shape (n_pairs, 2)
        Cells that touch; each pair once or twice, in any order.
    home : array_like of int, shape (n_schools,)
        Cell in which each school stands.
    unserved : bool
        Whether cells may stay without a school, as few pupils as possible.
    compare : bool
        Whether to find out, in a quarter of the time, what whole cells cost without contiguity.
    time_limit_s : float
        Wall time [s].
    cancel : callable, optional
        Asked now and then; True ends the run.
    seed : int
        Where the random numbers of the search begin.

    Returns
    -------
    WholeAllocation
        The allocation, its bound, and what it costs against one that may split cells and zones.

    Raises
    ------
    SchemaError
        If a number is negative, NaN or not whole, the shapes do not fit each other, a neighbour or home is no cell, two
        schools stand in one cell, or a school may not take its own cell. It is a ``ValueError``.
    """
    clock = Clock(time_limit_s, cancel)
    question = _read(costs, pupils, seats, neighbours, home)
    whole = float("nan")
    if compare:
        whole = allocate_whole(
            costs, pupils, seats, unserved=True, time_limit_s=time_limit_s / 4, cancel=cancel, seed=seed
        ).cost
    return _answer(question, clock, seed, unserved, whole)


def improve_whole(
    cost: Floats, pupils: Ints, seats: Ints, school: Ints, *, price: float, steps: int, seed: int = 0
) -> tuple[Ints, float]:
    """
    Improve an allocation of whole cells by annealing; seats may be exceeded at the beginning.

    Parameters
    ----------
    cost : numpy.ndarray of float64, shape (n_cells, n_schools + 1)
        Cost of all pupils of each cell at each school; inf = not allowed. The last column is having no school.
    pupils : numpy.ndarray of int64, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : numpy.ndarray of int64, shape (n_schools + 1,)
        Seats of each school, the last without limit [seats].
    school : numpy.ndarray of int64, shape (n_cells,)
        Where to begin.
    price : float
        What a pupil beyond the seats counts on the way [cost].
    steps : int
        Moves tried; about three million a second.
    seed : int
        Where the random numbers begin.

    Returns
    -------
    tuple of numpy.ndarray and float
        School of each cell in the best answer found that keeps the seats, and its cost; inf where there is none.
    """
    from planning.access.zoning import anneal  # numba: not at import time

    few = min(8, cost.shape[1] - 1)
    listed = np.argsort(cost[:, :-1], axis=1, kind="stable")[:, :few]
    start = np.arange(cost.shape[0] + 1, dtype=np.int64) * few
    fixed = np.zeros(cost.shape[0], dtype=np.bool_)
    warmth = _warmth(pupils, price)
    found: tuple[Ints, float] = anneal(
        start, listed.astype(np.int32).ravel(), cost, pupils, seats, fixed, school, False, steps, warmth, price, seed
    )
    return found


def improve_zones(
    cost: Floats,
    pupils: Ints,
    seats: Ints,
    school: Ints,
    *,
    start: Ints,
    beside: Any,
    home: Ints,
    price: float,
    steps: int,
    seed: int = 0,
) -> tuple[Ints, float]:
    """
    Improve zones by annealing; seats may be exceeded at the beginning, and what is not in one piece is mended first.

    Parameters
    ----------
    cost : numpy.ndarray of float64, shape (n_cells, n_schools + 1)
        Cost of all pupils of each cell at each school; inf = not allowed. The last column is having no school.
    pupils : numpy.ndarray of int64, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : numpy.ndarray of int64, shape (n_schools + 1,)
        Seats of each school, the last without limit [seats].
    school : numpy.ndarray of int64, shape (n_cells,)
        Where to begin.
    start, beside : numpy.ndarray of int64 and int32
        Cells beside each cell, in CSR form, both directions.
    home : numpy.ndarray of int64, shape (n_schools,)
        Cell in which each school stands.
    price : float
        What a pupil beyond the seats counts on the way [cost].
    steps : int
        Moves tried.
    seed : int
        Where the random numbers begin.

    Returns
    -------
    tuple of numpy.ndarray and float
        School of each cell in the best answer found that keeps the seats, and its cost; inf where there is none.
    """
    from planning.access.zoning import anneal, grow

    begun = school.astype(np.int64).copy()
    grow(start, beside, cost, begun, home)
    fixed = np.zeros(cost.shape[0], dtype=np.bool_)
    fixed[home] = True
    warmth = _warmth(pupils, price)
    found: tuple[Ints, float] = anneal(
        start, beside, cost, pupils, seats, fixed, begun, True, steps, warmth, price, seed
    )
    return found


def _warmth(pupils: Ints, price: float) -> float:
    """Begin where seats exceeded by half an ordinary cell are still bearable."""
    some = pupils[pupils > 0]
    return max(0.4 * price * float(np.median(some)) if some.size else price, 1e-9)


def _read(costs: Any, pupils: ArrayLike, seats: ArrayLike, neighbours: Any, home: Any) -> _Question:
    pairs = cost_pairs(costs)
    n_cells, n_schools = pairs.shape
    wanted = whole_numbers(pupils, n_cells, what="pupils").astype(np.int64)
    offered = np.append(np.minimum(seat_numbers(seats, n_schools), _NO_LIMIT), _NO_LIMIT).astype(np.int64)
    each = np.full((n_cells, n_schools + 1), np.inf)
    row = np.repeat(np.arange(n_cells), np.diff(pairs.indptr))
    each[row, pairs.indices] = pairs.data
    each[:, -1] = _MISSING * max(float(pairs.data.max(initial=0.0)), 1.0)
    fixed = np.zeros(n_cells, dtype=np.bool_)
    homes = np.zeros(0, dtype=np.int64)
    start, beside = np.zeros(n_cells + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    # a school too small for a cell cannot take it whole
    each[:, :-1][wanted[:, None] > offered[None, :-1]] = np.inf
    if neighbours is not None:
        start, beside = cells_beside(neighbours, n_cells)
        homes = _homes(home, n_cells, pairs)
        fixed[homes] = True
        own = np.asarray(pairs[homes, np.arange(n_schools)]).ravel()
        each[homes] = np.inf
        each[homes, np.arange(n_schools)] = own
    relaxed = allocate(each, wanted, offered.astype(np.float64))
    allowed = np.isfinite(each)
    weighted = np.where(allowed, np.where(allowed, each, 0.0) * wanted[:, None], np.inf)
    left = float(each[:, -1][np.isfinite(each[:, -1])].max(initial=0.0))
    short = relaxed.unserved.sum()  # only where a school's own cell has more pupils than it has seats
    bound = float("inf") if short else relaxed.cost
    prices = np.where(np.isfinite(relaxed.prices), relaxed.prices, 0.0)
    return _Question(
        weighted, wanted, offered, fixed, homes, start, beside, neighbours is not None, prices, bound, left
    )


def cells_beside(neighbours: Any, n_cells: int) -> tuple[Ints, Any]:
    """
    List the cells beside each cell.

    Parameters
    ----------
    neighbours : array_like of int, shape (n_pairs, 2)
        Cells that touch; each pair once or twice, in any order.
    n_cells : int
        Number of cells.

    Returns
    -------
    tuple of numpy.ndarray of int64 and int32
        Where each cell's list begins, and the lists; both directions.

    Raises
    ------
    SchemaError
        If a pair is not one of whole numbers, or names no cell.
    """
    pairs = np.asarray(neighbours)
    if pairs.size == 0:
        pairs = np.zeros((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise SchemaError(msg("Neighbours must be pairs of cells, as whole numbers."))
    wrong = np.flatnonzero(((pairs < 0) | (pairs >= n_cells)).any(axis=1))
    if wrong.size:
        first = pairs[wrong[0]]
        raise SchemaError(
            msg(
                "Neighbours: pair {position} is ({one}, {other}), but cells are counted from 0 to {last}.",
                position=int(wrong[0]), one=int(first[0]), other=int(first[1]), last=n_cells - 1,
            )
        )  # fmt: skip
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    table = sparse.csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n_cells, n_cells))
    table.sum_duplicates()
    return table.indptr.astype(np.int64), table.indices.astype(np.int32)


def _homes(home: Any, n_cells: int, pairs: sparse.csr_array) -> Ints:
    n_schools = pairs.shape[1]
    homes = np.asarray(home)
    if homes.shape != (n_schools,) or (homes.size and not np.issubdtype(homes.dtype, np.integer)):
        raise SchemaError(msg("Home must name one cell for each of the {n} schools.", n=n_schools))
    homes = homes.astype(np.int64)
    wrong = np.flatnonzero((homes < 0) | (homes >= n_cells))
    if wrong.size:
        raise SchemaError(
            msg("School {school} stands in cell {cell}, which is none of the cells.",
                school=int(wrong[0]), cell=int(homes[wrong[0]]))
        )  # fmt: skip
    cells, count = np.unique(homes, return_counts=True)
    if (count > 1).any():
        raise SchemaError(
            msg(
                "Cell {cell} holds more than one school; only one of them can have a zone.",
                cell=int(cells[count > 1][0]),
            )
        )
    columns = np.arange(n_schools)
    inside = sparse.csr_array((np.ones(pairs.nnz), pairs.indices, pairs.indptr), shape=pairs.shape)
    barred = np.flatnonzero(np.asarray(inside[homes, columns]).ravel() == 0)
    if barred.size:
        raise SchemaError(
            msg("School {school} may not take cell {cell}, in which it stands.",
                school=int(barred[0]), cell=int(homes[barred[0]]))
        )  # fmt: skip
    return homes


def _answer(question: _Question, clock: Clock, seed: int, unserved: bool, whole: float) -> WholeAllocation:
    """Search, prove, and put the answer together."""
    bound = question.bound
    if np.isinf(bound):
        school, total = np.full(question.pupils.size, question.seats.size - 1), bound
    else:
        school, total = _search(question, clock, seed)
    if np.isfinite(bound) and school.size and gap_between(total, bound) > OPTIMAL_GAP:
        school, total, bound = _prove(question, clock, school, total)
    return _report(question, clock, school, total, bound, unserved, whole)


def _search(question: _Question, clock: Clock, seed: int) -> tuple[Ints, float]:
    """Anneal from the splittable answer, each cell at its cheapest school by price, a few times."""
    cost, pupils = question.cost, question.pupils
    priced = cost + np.append(question.prices[:-1], 0.0)[None, :] * pupils[:, None]
    begun = np.argmin(np.where(np.isfinite(cost), priced, np.inf), axis=1)
    away = np.full(pupils.size, cost.shape[1] - 1)
    away[question.home] = np.arange(question.home.size)
    positive = pupils > 0
    unit = float(np.median(cost[positive].min(axis=1) / pupils[positive])) if positive.any() else 1.0
    price = 2.0 * max(unit, float(question.prices[np.isfinite(question.prices)].max(initial=0.0)), 1e-9)
    steps = int(min(_MOST_STEPS, _STEPS_A_CELL * pupils.size))
    best, least, before = away, _total(question, away), clock.left
    for tried in range(_TRIES):
        if tried and (clock.stopped or clock.left < 0.6 * before):
            break
        if not tried:  # a first answer in any case, however short the time is
            best, least = _rounded(question, begun, best, least)
            steps = min(steps, max(_FEWEST_STEPS_A_CELL * pupils.size, int(_STEPS_A_SECOND * clock.left)))
            if best is not away and not question.contiguous:
                if clock.stopped:
                    break
                if pupils.size > _MANY_CELLS:  # a run of annealing asks nobody: what is rounded needs short ones only
                    steps = min(steps, _FEWEST_STEPS_A_CELL * pupils.size)
        options: dict[str, Any] = {"price": price * (1 + tried % 3), "steps": steps, "seed": seed * 1000 + tried}
        if question.contiguous:
            found, total = improve_zones(
                cost, pupils, question.seats, begun,
                start=question.start, beside=question.beside, home=question.home, **options,
            )  # fmt: skip
        else:
            found, total = improve_whole(cost, pupils, question.seats, begun, **options)
        if total < least:
            best, least = found, total
        if gap_between(least, question.bound) <= OPTIMAL_GAP:
            break
    return best, least


def _rounded(question: _Question, begun: Ints, school: Ints, total: float) -> tuple[Ints, float]:
    """Make whole what the splittable answer has split; quicker than annealing where there are many cells."""
    if question.contiguous:
        return school, total
    found, used = begun.copy(), np.flatnonzero(question.pupils > 0)
    rounded = round_whole(
        question.cost[used], question.pupils[used], question.seats, begun[used], np.append(question.prices[:-1], 0.0)
    )
    if rounded is None:
        return school, total
    found[used] = rounded[0]
    value = _total(question, found)
    return (found, value) if value < total else (school, total)


def _total(question: _Question, school: Ints) -> float:
    """Price an answer; inf where seats do not suffice."""
    load = np.bincount(school, weights=question.pupils, minlength=question.seats.size)
    if (load > question.seats).any():
        return float("inf")
    return float(question.cost[np.arange(school.size), school].sum())


def _prove(question: _Question, clock: Clock, school: Ints, total: float) -> tuple[Ints, float, float]:
    """
    Settle what reduced costs leave open, cut by cut where zones are to be in one piece.

    First only pairs whose reduced cost is within a little room are let in: an answer that uses another costs at least the
    bound and that room, so that what is proven is proven for all.
    """
    bound = question.bound
    cuts: list[tuple[int, int, Ints]] = []
    room = _ROOM * max(abs(bound), 1e-9)
    while not clock.stopped and gap_between(total, bound) > OPTIMAL_GAP:
        model, arcs = _model(question, room, cuts)
        given = (school[arcs[0]] == arcs[1]).astype(np.float64)
        solved = solve_model(model, clock=clock, start=given if given.sum() == school.size else None)
        bound = max(bound, min(solved.bound, question.bound + room, total))
        apart = []
        if solved.x is not None:
            chosen = solved.x > 0.5
            found = np.full(school.size, question.seats.size - 1)
            found[arcs[0][chosen]] = arcs[1][chosen]
            apart = _apart(question, found) if question.contiguous else []
            if apart:
                school, total = _mended(question, found, school, total, len(cuts))
            elif _total(question, found) < total:
                school, total = found, _total(question, found)
            cuts += apart
        if not apart:
            if solved.status == "stopped" or question.bound + room >= total:
                break
            room *= 3
    return school, total, min(bound, total)


def _mended(question: _Question, found: Ints, school: Ints, total: float, seed: int) -> tuple[Ints, float]:
    """Make zones of an answer in pieces, and keep them if they are better."""
    mended, value = improve_zones(
        question.cost, question.pupils, question.seats, found, start=question.start, beside=question.beside,
        home=question.home, price=2.0 * float(question.prices.max(initial=1e-9)) + 1e-9,
        steps=100 * school.size, seed=seed,
    )  # fmt: skip
    return (mended, value) if value < total else (school, total)


def _model(question: _Question, room: float, cuts: list[tuple[int, int, Ints]]) -> tuple[Model, tuple[Ints, Ints]]:
    """Write the assignment model of the pairs whose reduced cost is within the room."""
    cost, pupils = question.cost, question.pupils
    priced = cost + question.prices[None, :] * pupils[:, None]
    least = priced.min(axis=1)
    room += 1e-9 * abs(question.bound)
    row, node = np.nonzero(np.isfinite(cost) & (priced - least[:, None] <= room))
    rows = Rows()
    n_cells, n_nodes = cost.shape
    column = np.arange(row.size)
    rows.add(row, column, np.ones(row.size), n=n_cells, lower=1.0, upper=1.0)
    limited = node < n_nodes - 1
    rows.add(node[limited], column[limited], pupils[row[limited]], n=n_nodes - 1, upper=question.seats[:-1])
    index = np.full(cost.shape, -1)
    index[row, node] = column
    for cell, zone, around in cuts:
        if index[cell, zone] < 0:
            continue
        ring = index[around, zone]
        ring = ring[ring >= 0]
        columns = np.append(ring, index[cell, zone])
        values = np.append(np.ones(ring.size), -1.0)
        rows.add(np.zeros(columns.size, dtype=np.int64), columns, values, n=1, lower=0.0)
    ones = np.ones(row.size)
    return Model(cost[row, node], 0.0 * ones, ones, ones > 0, rows), (row, node)


def _apart(question: _Question, school: Ints) -> list[tuple[int, int, Ints]]:
    """Find parts of zones cut off from their school: a cell of the part, the zone, and the cells around the part."""
    n_cells = school.size
    row = np.repeat(np.arange(n_cells), np.diff(question.start))
    same = school[row] == school[question.beside]
    graph = sparse.csr_array((np.ones(same.sum()), (row[same], question.beside[same])), shape=(n_cells, n_cells))
    _, label = csgraph.connected_components(graph, directed=False)
    cuts = []
    for part in np.unique(label):
        cells = np.flatnonzero(label == part)
        zone = int(school[cells[0]])
        if zone == question.home.size or label[question.home[zone]] == part:
            continue
        touching = np.concatenate([question.beside[question.start[c] : question.start[c + 1]] for c in cells])
        around = np.setdiff1d(touching.astype(np.int64), cells)
        cuts += [(int(cell), zone, around) for cell in cells[np.argsort(-question.pupils[cells], kind="stable")][:8]]
    return cuts


def _attach(question: _Question, school: Ints) -> None:
    """Give cells without pupils that no zone has taken yet to a zone beside them."""
    loose = np.flatnonzero((school == question.home.size) & (question.pupils == 0)).tolist()
    while loose:
        left = []
        for cell in loose:
            around = school[question.beside[question.start[cell] : question.start[cell + 1]]]
            around = around[around < question.home.size]
            if around.size and np.isfinite(question.cost[cell, around]).any():
                school[cell] = around[np.argmin(question.cost[cell, around])]
            else:
                left.append(cell)
        if len(left) == len(loose):
            break
        loose = left


def _report(
    question: _Question, clock: Clock, school: Ints, total: float, bound: float, allowed: bool, whole: float
) -> WholeAllocation:
    n_schools = question.seats.size - 1
    if question.contiguous and np.isfinite(total):
        _attach(question, school)
    at = np.flatnonzero(school < n_schools)
    served = at[question.pupils[at] > 0]
    place: Any = (served, school[served])
    flows: sparse.csr_array = sparse.csr_array(
        (question.pupils[served], place), shape=(school.size, n_schools), dtype=np.int64
    )
    unserved = np.where(school < n_schools, 0, question.pupils)
    travel = float(question.cost[served, school[served]].sum())
    extra = float(question.left * unserved.sum())
    gap = gap_between(total, bound) if np.isfinite(total) else float("inf")
    status: Status = "optimal" if gap <= OPTIMAL_GAP else clock.reason()
    explanation: tuple[Message, ...] = ()
    without = np.flatnonzero(unserved)
    if np.isinf(total) and question.contiguous:  # to name are the cells that their own school is too small for
        own = question.home[question.pupils[question.home] > question.seats[:-1]]
        without = own if own.size else without
    if without.size or not np.isfinite(total):
        explanation = (
            msg(
                "{n} cells with {pupils} pupils find no school that can take them whole, the first of them: {cells}.",
                n=without.size, pupils=int(question.pupils[without].sum()), cells=Names(str(cell) for cell in without[:20]),
            ),
        )  # fmt: skip
        if np.isinf(bound) or (status == "optimal" and not allowed):
            status = "infeasible"
    return WholeAllocation(
        flows=flows,
        school=np.where(school < n_schools, school, -1),
        cost=travel,
        bound=min(travel, bound - extra) if np.isfinite(bound) else travel,
        gap=gap,
        status=status,
        unserved=unserved,
        splittable_cost=min(question.bound - extra, travel),
        whole_cost=whole if question.contiguous else travel,
        seconds=clock.seconds,
        explanation=explanation,
    )

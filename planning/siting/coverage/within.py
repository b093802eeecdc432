"""
Decide whether a number of sites can cover every row: by search, by prices of the rows, and by trying the sites of a row.

References
----------
.. [1] A. Caprara, M. Fischetti and P. Toth, Oper. Res. 47(5), 730-743, 1999 (prices, and sites that they rule out).
   https://doi.org/10.1287/opre.47.5.730
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.coverage.question import Covering, drop_dominated_rows, drop_dominated_sites
from planning.siting.highs import Model, Rows, solve_model

__all__ = ["Effort", "Verdict", "cover_core", "cover_within"]

logger = logging.getLogger(__name__)

_SURE = 1e-6  # of a site: by what a bound must pass a number of sites
_CHUNK = 1_000  # swaps between looks at the clock
_FIRST_STEP, _NEXT_STEP = 0.1, 0.02  # of the prices at first, and where they are good already
_FOR_HIGHS = 10_000  # pairs up to which HiGHS settles what the first prices leave
_WORTHWHILE = 0.7  # pairs must fall to this part for prices to be bettered again


@dataclass(frozen=True)
class Effort:
    """
    How hard to try.

    Parameters
    ----------
    swaps : int
        Swaps of the search.
    rounds : int
        Changes of the prices at first; a third of it at each later choice.
    choices : int
        Parts that the question is split into at most; 0 = it is only searched.
    """

    swaps: int
    rounds: int
    choices: int


@dataclass(frozen=True)
class Verdict:
    """
    Whether so few sites can cover all rows.

    Parameters
    ----------
    sites : numpy.ndarray of int64 or None
        Columns that cover all rows, rising; None where none were found.
    proven : bool
        True where there are sites, or it is proven that there are none.
    average : numpy.ndarray, shape (n_columns,)
        How much of each site of the question the prices chose on the average; what no site of a good choice covers is a row
        worth looking at. Empty where no prices were needed.
    """

    sites: Ints | None
    proven: bool
    average: Floats


def cover_within(question: Covering, p: int, start: Ints, effort: Effort, clock: Clock) -> Verdict:
    """
    Decide whether ``p`` sites can cover every row.

    Parameters
    ----------
    question : Covering
        The rows and the sites that cover them; weights do not matter.
    p : int
        Sites allowed.
    start : numpy.ndarray of int64
        Columns to search from.
    effort : Effort
        How hard to try.
    clock : Clock
        Time left.

    Returns
    -------
    Verdict
        Sites, or the proof that there are none, or neither.
    """
    from planning.siting.coverage.center_kernels import swap_by_weight
    from planning.siting.coverage.kernels import pack_rows

    none = np.zeros(0)
    asked = question
    if asked.n_rows == 0:
        return Verdict(np.zeros(0, dtype=np.int64), True, none)
    order = np.argsort(np.diff(asked.row_start), kind="stable")
    if pack_rows(asked.row_start, asked.row_site, order, asked.n_sites) > p:
        return Verdict(None, True, none)
    inside = np.flatnonzero(np.isin(asked.column, start))[:p]
    others = np.setdiff1d(np.arange(asked.n_sites), inside)
    sites = np.concatenate([inside, others[: p - inside.size]]).astype(np.int64)
    weight = np.ones(asked.n_rows, dtype=np.int64)
    lists = asked.row_start, asked.row_site, asked.site_start, asked.site_row
    for done in range(0, effort.swaps, _CHUNK):
        if swap_by_weight(*lists, sites, weight, min(_CHUNK, effort.swaps - done), asked.n_rows + done) == 0:
            return Verdict(np.sort(asked.column[sites]), True, none)
        if clock.stopped:
            break
    if effort.choices == 0:
        return Verdict(None, False, none)
    return _split(replace(asked, weight=np.full(asked.n_rows, p / asked.n_rows)), p, effort, clock)


@dataclass(frozen=True)
class _Part:
    """A part of the question: sites to open and to shut first; ``question`` holds the rows' prices as weights."""

    question: Covering
    left: int
    opened: Ints
    opens: Ints
    shuts: Ints


def _split(question: Covering, p: int, effort: Effort, clock: Clock) -> Verdict:
    """Price the rows; what the prices leave undecided is split by the sites of the row that has fewest."""
    none = np.zeros(0, dtype=np.int64)
    parts = [_Part(question, p, none, none, none)]
    average: Floats = np.zeros(0)
    looked = 0
    while parts:
        if clock.stopped or looked >= effort.choices:
            return Verdict(None, False, average)
        part = parts.pop()
        left = part.left - part.opens.size
        taken = _take(part.question, part.opens, part.shuts)
        if taken is None:
            continue
        opened = np.union1d(part.opened, part.question.column[part.opens])
        rounds = effort.rounds if looked == 0 else max(30, effort.rounds // 3)
        asked, needed, chosen = _priced(taken, left, rounds, clock, first=looked == 0)
        if looked == 0:
            average = chosen
        looked += 1
        if asked is None:
            continue
        opened = np.union1d(opened, needed).astype(np.int64)
        left -= needed.size
        if asked.n_rows == 0:
            return Verdict(opened, True, average)
        if left <= 0:
            continue
        if looked == 1 < effort.choices and asked.n_pairs <= _FOR_HIGHS:
            return replace(_ask_highs(asked, left, opened, clock), average=average)
        parts += _branches(asked, left, opened)
    return Verdict(None, True, average)


def _take(question: Covering, opens: Ints, shuts: Ints) -> Covering | None:
    """Open some sites and shut others; None where a row is left without any."""
    if opens.size == 0 and shuts.size == 0:
        return question
    keep = np.ones(question.n_sites, dtype=bool)
    keep[shuts] = False
    if (question.counts(np.flatnonzero(~keep)) == np.diff(question.row_start)).any():
        return None
    keep[opens] = False
    return question.restricted(keep, opens)


def _priced(
    question: Covering, left: int, rounds: int, clock: Clock, *, first: bool
) -> tuple[Covering | None, Ints, Floats]:
    """Give the question without what the prices rule out, columns that are open in every answer, and the average choice."""
    from planning.siting.coverage.center_kernels import price_rows
    from planning.siting.coverage.kernels import price_sites

    needed, average = np.zeros(0, dtype=np.int64), np.zeros(question.n_sites)
    chosen = average
    while question.n_rows:
        free = left - int(needed.size)
        if free <= 0:
            return None, needed, chosen
        price, earned = question.weight.copy(), np.empty(question.n_sites)
        step = _FIRST_STEP if first else _NEXT_STEP
        price_rows(question.site_start, question.site_row, price, free + _SURE, rounds, average, step)
        price_sites(question.site_start, question.site_row, np.zeros(0), price, earned)
        bound = float(price.sum()) + float(np.minimum(0.0, 1.0 - earned).sum())
        if bound > free + _SURE or clock.stopped:
            return (None if bound > free + _SURE else question), needed, chosen
        must = np.flatnonzero(bound + earned - 1.0 > free + _SURE)
        cannot = np.flatnonzero(bound + 1.0 - earned > free + _SURE)
        taken = _take(replace(question, weight=price), must, cannot)
        if taken is None:
            return None, needed, chosen
        taken, only = cover_core(taken, clock)
        needed = np.concatenate([needed, question.column[must], only])
        before, question, first = question.n_pairs, taken, False
        if taken.n_pairs > _WORTHWHILE * before:
            break
        average = np.zeros(taken.n_sites)
    return (None if needed.size > left else question), needed, chosen


def _ask_highs(question: Covering, left: int, opened: Ints, clock: Clock) -> Verdict:
    """Let HiGHS settle a small question."""
    rows, n = Rows(), question.n_sites
    row = np.repeat(np.arange(question.n_rows), np.diff(question.row_start))
    rows.add(row, question.row_site, 1.0, n=question.n_rows, lower=1.0)
    rows.add(np.zeros(n), np.arange(n), 1.0, n=1, upper=float(left))
    model = Model(np.ones(n), np.zeros(n), np.ones(n), np.ones(n, dtype=bool), rows)
    solution = solve_model(model, clock=clock, stop_at=left + 0.5)
    if solution.x is not None:
        found = np.flatnonzero(solution.x > 0.5)
        if found.size <= left and (question.counts(found) > 0).all():
            return Verdict(np.union1d(opened, question.column[found]).astype(np.int64), True, np.zeros(0))
    return Verdict(None, solution.status == "infeasible", np.zeros(0))


def _branches(question: Covering, left: int, opened: Ints) -> list[_Part]:
    """Split by the row that has fewest sites: one of them is open, and those tried before are shut."""
    from planning.siting.coverage.kernels import price_sites

    length = np.diff(question.row_start)
    row = int(np.lexsort((-question.weight, length))[0])
    sites = question.row_site[question.row_start[row] : question.row_start[row + 1]].astype(np.int64)
    earned = np.empty(question.n_sites)
    price_sites(question.site_start, question.site_row, np.zeros(0), question.weight, earned)
    sites = sites[np.argsort(-earned[sites], kind="stable")]
    parts = [_Part(question, left, opened, sites[k : k + 1], sites[:k]) for k in range(sites.size)]
    return parts[::-1]


def cover_core(question: Covering, clock: Clock) -> tuple[Covering, Ints]:
    """
    Drop dominated rows and sites, and open the sites that are the only one of a row, until nothing more goes.

    Parameters
    ----------
    question : Covering
        The question; all its rows must be covered.
    clock : Clock
        Stops it between rounds.

    Returns
    -------
    tuple of Covering and numpy.ndarray of int64
        What is left, and the columns that were opened.
    """
    needed = np.zeros(0, dtype=np.int64)
    while not clock.stopped and question.n_rows:
        before = question.n_rows, question.n_sites
        question = drop_dominated_rows(drop_dominated_sites(question))
        only = np.unique(question.row_site[question.row_start[:-1][np.diff(question.row_start) == 1]])
        if only.size:
            needed = np.union1d(needed, question.column[only])
            keep = np.ones(question.n_sites, dtype=bool)
            keep[only] = False
            question = question.restricted(keep, only)
        if (question.n_rows, question.n_sites) == before:
            break
    return question, needed.astype(np.int64)

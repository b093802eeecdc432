"""Say why a question with seats has no answer: who finds no seat, and what would have to give."""

from __future__ import annotations

import numpy as np

from planning.errors import Message, msg
from planning.siting.answer import NAMED, number_list
from planning.siting.clock import Clock
from planning.siting.flow import FlowQuestion, missing_pupils
from planning.siting.seating import rank_in_row

__all__ = ["why_no_seats"]

_MANY = 100_000
_NEAREST = 8
_SECONDS = 20.0  # the reason is looked for after the run, on its own time


def why_no_seats(question: FlowQuestion, clock: Clock, *, n_cells: int | None = None) -> tuple[Message, ...]:
    """
    Name the cells whose pupils find no seat when as many as possible are seated.

    Parameters
    ----------
    question : FlowQuestion
        A question that has no answer.
    clock : Clock
        The run's clock; only its wish to stop is heeded.
    n_cells : int, optional
        Where rows are (band, cell) pairs: the number of cells.

    Returns
    -------
    tuple of Message
        What would have to give, then one sentence a cell.
    """
    asked = question
    if question.arcs.row.size > _MANY:  # too many for one model: who finds no seat among the nearest sites
        asked = question.changed(arcs=question.arcs.only(rank_in_row(question.arcs) < _NEAREST))
    missing = missing_pupils(asked, Clock(_SECONDS, clock.cancel))
    if missing is None or not (missing > 0).any():
        return (
            msg(
                "No choice of sites keeps the number of new sites, the budget and the least number of pupils together. "
                "Allow fewer or more new sites, more budget, or smaller schools."
            ),
        )
    rows = np.flatnonzero(missing > 0)
    total = msg(
        "{n} pupils find no seat, whichever sites are chosen. Allow more new sites, more seats, more budget, "
        "a longer way, or pupils without a seat at a price.",
        n=int(missing.sum()),
    )
    single = tuple(_sentence(question, int(row), int(missing[row]), n_cells) for row in rows[:NAMED])
    rest = (msg("{n} more cells have pupils without a seat.", n=int(rows.size - NAMED)),) if rows.size > NAMED else ()
    return (total, *single, *rest)


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

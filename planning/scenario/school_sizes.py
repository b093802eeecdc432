"""The seats that a layout question may count on, and the sizes that schools may be enlarged to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning import siting
from planning.errors import Message, msg
from planning.scenario.proposals import class_size, default_seats
from planning.stages import BANDS, teaches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState
    from planning.scenario.proposals import Asked

__all__ = ["larger_sizes", "seats_to_be_had"]


def seats_to_be_had(
    county: County, question: Question, asked: Asked, base: StageState | None, notes: list[Message]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Give the seats that are to be had at each site.

    Parameters
    ----------
    county : County
        The base.
    question : Question
        The question.
    asked : Asked
        Its rows and columns.
    base : StageState or None
        Who goes where today; None where nobody lives across the county line and no money is weighed.
    notes : list of Message
        Takes what has to be said of it.

    Returns
    -------
    tuple of numpy.ndarray of float64, shape (n_sites,)
        Seats, inf = no limit, and those of them that are gone: children from across the line hold them.
    """
    n = asked.n_fixed
    seats = asked.sites["seats"].astype("Float64").fillna(np.inf).to_numpy(dtype=float).copy()
    seats[n:] = question.seats or default_seats(county, question.stage)
    taken = np.zeros(len(seats))
    unknown = np.isinf(seats)
    if unknown.any():
        if question.weighs_money and base is not None:
            # A seat that nobody has counted cannot be promised to the pupils of a school that closes.
            load = base.load.reindex(asked.sites.index, fill_value=0).to_numpy(dtype=float)
            register = county.schools[f"pupils_{question.stage}"].reindex(asked.sites.index)
            today = np.maximum(load, register.astype("Float64").fillna(0).to_numpy(dtype=float))
            seats[unknown] = today[unknown]
            notes.append(
                msg(
                    "{n} schools with unknown seats take no more pupils than today: seats that nobody has counted "
                    "cannot be promised.",
                    n=int(unknown.sum()),
                )
            )
        else:
            notes.append(msg("{n} schools with unknown seats are taken to have room for all.", n=int(unknown.sum())))
    if base is not None:
        taken[:n] = base.load_from_margin.reindex(asked.sites.index[:n], fill_value=0).to_numpy(dtype=float)
        seats = np.maximum(seats - taken, 0)
        if taken.any():
            notes.append(
                msg(
                    "{n} seats are held by children from across the county line, as they are today.", n=int(taken.sum())
                )
            )
    return seats, taken


def larger_sizes(
    county: County, question: Question, asked: Asked, taken: NDArray[np.float64], years: float
) -> list[siting.SizeOption]:
    """
    List the larger sizes that schools may have: class count times class size, beyond the seats they have.

    Parameters
    ----------
    county : County
        The base, with the rule pack.
    question : Question
        The question.
    asked : Asked
        Its rows and columns.
    taken : numpy.ndarray, shape (n_sites,)
        Seats held by children from across the county line [seats].
    years : float
        Years that the cost is spread over [years].

    Returns
    -------
    list of SizeOption
        None beyond the largest school of the standard.
    """
    larger = question.enlarge
    if larger is None:
        return []
    classes = larger.classes
    if classes is None:  # the question was checked for it
        classes = county.pack.needed(f"stages.{question.stage}.size_classes").counts
    a_class = larger.class_size or class_size(county, question.stage)
    per_seat = larger.cost_per_seat if larger.cost_per_seat is not None else county.project.costs.build_per_seat or 0.0
    largest = _largest_school(county, question.stage)
    options = []
    for column in range(asked.n_fixed):
        code = str(asked.sites.index[column])
        has = asked.sites["seats"].iloc[column]
        if pd.isna(has) or not _may_enlarge(county, question, asked, code):
            continue
        for seats in sorted({count * a_class for count in classes}):
            if int(has) < seats <= largest:
                price = per_seat * (seats - int(has))
                options.append(
                    siting.SizeOption(column, max(seats - taken[column], 0), build_cost=price / years, spend=price)
                )
    return options


def _may_enlarge(county: County, question: Question, asked: Asked, code: str) -> bool:
    """By default any public school of the county that teaches all grades; a teaching point would need more than seats."""
    named = None if question.enlarge is None else question.enlarge.schools
    if named is not None:
        return code in named
    if code not in county.schools.index:
        return False
    school = county.schools.loc[code]
    return (
        school["ownership"] != "private"
        and not bool(school["in_margin"])
        and all(teaches(str(asked.sites.at[code, "kind"]), band) for band in BANDS[question.stage])
    )


def _largest_school(county: County, stage: str) -> float:
    largest = county.pack.number(f"stages.{stage}.school_size_max")
    return math.inf if largest is None else largest

"""What the uncapacitated models share when they answer: the nearest allocation, the cells left out, and the reasons."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.access.allocation import Allocation
from planning.errors import Message, msg
from planning.siting.checks import Bools, Floats, Ints, Reach
from planning.siting.clock import Clock
from planning.siting.median.lists import nearest_site
from planning.siting.naming import NAMED, NumberList, number_list
from planning.siting.proposal import Proposal
from planning.siting.reasons.words import unreached_by_choice

__all__ = [
    "NAMED",
    "NumberList",
    "allocate_nearest",
    "left_out",
    "no_answer",
    "number_list",
    "unreachable_cells",
    "unreached_by_choice",
]


def left_out(reach: Reach, weight: Floats) -> tuple[tuple[int, ...], tuple[Message, ...]]:
    """
    List the cells with pupils that no site reaches, and say so.

    Parameters
    ----------
    reach : Reach
        Pairs in reach.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].

    Returns
    -------
    tuple of tuple
        Cells, and the sentence about them (none where there are none).
    """
    return unreachable_cells(reach.reached(), weight)


def unreachable_cells(reached: Bools, pupils: Floats) -> tuple[tuple[int, ...], tuple[Message, ...]]:
    """
    List the cells with pupils that are not reached, and say so.

    Parameters
    ----------
    reached : numpy.ndarray of bool, shape (n_rows,)
        True for the cells that some site reaches.
    pupils : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].

    Returns
    -------
    tuple of tuple
        Cells, and the sentence about them (none where there are none).
    """
    cells = np.flatnonzero((pupils > 0) & ~reached)
    if cells.size == 0:
        return (), ()
    words = msg(
        "No site reaches cell {cells}: {pupils} pupils are left out of the question.",
        cells=number_list(cells),
        pupils=f"{pupils[cells].sum():g}",
    )
    return tuple(cells.tolist()), (words,)


def allocate_nearest(
    reach: Reach, weight: Floats, sites: Ints, covered: npt.NDArray[np.bool_] | None = None
) -> Allocation:
    """
    Send every cell to its nearest open site; among equals to the lowest column.

    Parameters
    ----------
    reach : Reach
        Pairs in reach.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils [pupils].
    sites : numpy.ndarray of int
        Columns that are open.
    covered : numpy.ndarray of bool, optional, shape (n_rows,)
        Cells that are sent at all.

    Returns
    -------
    Allocation
        Whole pupils as int64; fractions of pupils stay fractions. Prices are 0: seats do not limit.
    """
    site, cost = nearest_site(reach, sites)
    sent = (site >= 0) & (weight > 0)
    if covered is not None:
        sent &= covered
    whole = np.array_equal(weight, np.floor(weight))
    amounts = weight.astype(np.int64) if whole else weight
    rows = np.flatnonzero(sent)
    begins = np.zeros(reach.n_rows + 1, dtype=np.int32)
    np.cumsum(sent, out=begins[1:])
    flows = (amounts[rows], site[rows].astype(np.int32), begins)
    return Allocation(
        flows=sparse.csr_array(flows, shape=(reach.n_rows, reach.n_sites)),
        cost=float((weight[rows] * cost[rows]).sum()),
        unserved=np.where(sent, 0, amounts),
        prices=np.zeros(reach.n_sites),
    )


def no_answer(
    sense: Literal["min", "max"],
    clock: Clock,
    unreachable: tuple[int, ...],
    words: tuple[Message, ...],
    *,
    stopped: Literal["time_limit", "cancelled"] | None = None,
    bound: float | None = None,
) -> Proposal:
    """
    Answer that there is no answer.

    Parameters
    ----------
    sense : {"min", "max"}
        Sense of the question.
    clock : Clock
        The run's clock.
    unreachable : tuple of int
        Cells left out.
    words : tuple of Message
        The reasons.
    stopped : {"time_limit", "cancelled"}, optional
        Why the run ended before it had an answer; without it the question is infeasible.
    bound : float, optional
        What was proven before the run was stopped.

    Returns
    -------
    Proposal
        Without sites; objective and bound are nan where the question is infeasible.
    """
    objective = proven = float("nan")
    if stopped is not None and sense == "min":
        # What a plan costs is never negative, so that 0 is proven before anything else is.
        objective, proven = float("inf"), max(bound or 0.0, 0.0)
    elif stopped is not None:
        objective, proven = float("-inf"), float("inf") if bound is None else bound
    return Proposal(
        sites=(),
        closed=(),
        allocation=None,
        sense=sense,
        objective=objective,
        bound=proven,
        status=stopped or "infeasible",
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )

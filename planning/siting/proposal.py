"""What a siting model answers, and how good the answer is proven to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.access.allocation import Allocation
from planning.errors import Message

__all__ = ["OPTIMAL_GAP", "BoardingAllocation", "Proposal", "Status", "gap_between"]

OPTIMAL_GAP = 1e-6
"""Relative gap up to which an answer is called optimal: the solver's arithmetic resolves no less."""

Status = Literal["optimal", "time_limit", "infeasible", "cancelled"]


def gap_between(objective: float, bound: float) -> float:
    """
    Measure how far an objective may be from the best possible one.

    Parameters
    ----------
    objective : float
        What the answer costs or covers.
    bound : float
        What no answer can beat.

    Returns
    -------
    float
        ``|objective - bound| / max(|objective|, 1e-9)``; inf where there is no answer, nan where there can be none.
    """
    if np.isnan(objective) or np.isnan(bound):
        return float("nan")
    if np.isinf(objective) or np.isinf(bound):
        return float("inf")
    return abs(objective - bound) / max(abs(objective), 1e-9)


@dataclass(frozen=True)
class BoardingAllocation:
    """
    Who goes where when some pupils board.

    Rows are (band, cell) pairs, band by band: row ``band * n_cells + cell``.

    Parameters
    ----------
    day : scipy.sparse.csr_array, shape (n_bands * n_cells, n_sites)
        Pupils who travel each day [pupils].
    board : scipy.sparse.csr_array, shape (n_bands * n_cells, n_sites)
        Pupils who board for the week [pupils].
    cost : float
        Weighted cost of a week [cost unit].
    unserved : numpy.ndarray, shape (n_bands * n_cells,)
        Pupils without a place [pupils].
    n_bands : int
        Number of grade bands.
    """

    day: sparse.csr_array
    board: sparse.csr_array
    cost: float
    unserved: npt.NDArray[np.int64]
    n_bands: int

    @property
    def flows(self) -> sparse.csr_array:
        """
        Pupils by row and site, day pupils and boarders together.

        Returns
        -------
        scipy.sparse.csr_array, shape (n_bands * n_cells, n_sites)
            Pupils.
        """
        return sparse.csr_array(self.day + self.board)


@dataclass(frozen=True)
class Proposal:
    """
    A layout, with the proof of how good it is.

    Parameters
    ----------
    sites : tuple of int
        Columns of the new sites, in rising order.
    closed : tuple of int
        Columns of the existing sites to be closed, in rising order.
    allocation : Allocation or BoardingAllocation or None
        Who goes where; None where there is no answer.
    sense : {"min", "max"}
        Whether a small or a large objective is good.
    objective : float
        Value of the answer, recomputed from the allocation. Infinite (in the bad direction) where the run was stopped
        before it had an answer; nan where the question has none.
    bound : float
        Value that no answer can beat: at most the objective when minimising, at least when maximising.
    status : {"optimal", "time_limit", "infeasible", "cancelled"}
        ``optimal`` only with a gap of at most ``OPTIMAL_GAP``.
    seconds : float
        Wall time of the run [s].
    unreachable : tuple of int
        Rows with pupils that no site reaches; they are left out of the question.
    explanation : tuple of Message
        Words for people: why there is no answer, who is left out.
    sizes : tuple of tuple of int
        Site, and the position in ``options`` of the size it is built with or enlarged to; sites in rising order.
    blocked : tuple of tuple
        Site that is closable but for the closure gate, and the gate's clause.
    moves : tuple of tuple of int
        For mergers: closed site, receiver, and pupils [pupils] who have the closed one nearest today and go to the
        receiver.
    """

    sites: tuple[int, ...]
    closed: tuple[int, ...]
    allocation: Allocation | BoardingAllocation | None
    sense: Literal["min", "max"]
    objective: float
    bound: float
    status: Status
    seconds: float
    unreachable: tuple[int, ...] = ()
    explanation: tuple[Message, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    blocked: tuple[tuple[int, Message], ...] = ()
    moves: tuple[tuple[int, int, int], ...] = ()

    @property
    def gap(self) -> float:
        """
        Relative distance between objective and bound.

        Returns
        -------
        float
            As `gap_between` has it.
        """
        return gap_between(self.objective, self.bound)

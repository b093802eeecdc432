"""What a plan by year answers, and how good the answer is proven to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.access.allocation import Allocation
from planning.errors import Message
from planning.siting.proposal import Status, gap_between

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PhasePlan", "PhaseYear"]


@dataclass(frozen=True)
class PhaseYear:
    """
    One year of a plan.

    Parameters
    ----------
    year : int
        What the year is called.
    opened, closed : tuple of int
        Columns that open, and that close, at the beginning of this year, in rising order.
    sites : tuple of int
        Columns that are open in this year, in rising order.
    allocation : Allocation
        Who goes where in this year; its cost is not discounted, and it names no prices of seats.
    pupils : int
        Pupils in reach [pupils].
    seats : float
        Seats of the open sites [seats].
    travel, build_cost, running_cost : float
        Pupils times cost, and the costs of sites, before discounting [cost unit].
    spend, budget : float
        What the new sites take from the year's budget, and the budget [money]; inf = no limit.
    """

    year: int
    opened: tuple[int, ...]
    closed: tuple[int, ...]
    sites: tuple[int, ...]
    allocation: Allocation
    pupils: int
    seats: float
    travel: float
    build_cost: float
    running_cost: float
    spend: float
    budget: float


@dataclass(frozen=True)
class PhasePlan:
    """
    A plan by year, with the proof of how good it is.

    Parameters
    ----------
    years : tuple of PhaseYear
        The years in their order; empty where there is no plan.
    objective : float
        Discounted cost of all years, recomputed from the allocations; inf where the run was stopped before it had a plan,
        nan where there is none.
    bound : float
        No plan costs less.
    status : {"optimal", "time_limit", "infeasible", "cancelled"}
        ``optimal`` only with a gap of at most ``OPTIMAL_GAP``.
    seconds : float
        Wall time of the run [s].
    unreachable : tuple of int
        Cells with pupils that no site reaches; they are left out of the question.
    explanation : tuple of Message
        Words for people: why there is no plan, who is left out.
    """

    years: tuple[PhaseYear, ...]
    objective: float
    bound: float
    status: Status
    seconds: float
    unreachable: tuple[int, ...] = ()
    explanation: tuple[Message, ...] = ()

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

    def table(self) -> pd.DataFrame:
        """
        Put the plan into a table, a row a year.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``year``: ``opened``, ``closed`` (tuples of columns), ``n_sites``, ``pupils``, ``seats``, ``travel``,
            ``build_cost``, ``running_cost`` (not discounted), ``spend`` and ``budget``.
        """
        import pandas as pd  # only who asks for a table pays for it

        names = ["opened", "closed", "pupils", "seats", "travel", "build_cost", "running_cost", "spend", "budget"]
        table = pd.DataFrame(
            {name: pd.Series([getattr(year, name) for year in self.years]) for name in names},
        )
        table.insert(2, "n_sites", [len(year.sites) for year in self.years])
        table.index = pd.Index([year.year for year in self.years], name="year")
        return table

"""What stands beside an answer: the curve over numbers of schools or budgets, and other plans nearly as good."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning import siting
from planning.errors import Message, msg
from planning.scenario.proposals import Asked, default_seats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County

__all__ = ["CURVE_COLUMNS", "PLAN_COLUMNS", "DayQuestion", "other_plans", "solve_curve"]

CURVE_COLUMNS = (
    "question", "stage", "new_schools", "budget_yuan", "spent_yuan", "share_within_limit", "mean_distance_m", "objective",
    "bound", "unit", "gap", "status", "places",
)  # fmt: skip
PLAN_COLUMNS = (
    "question", "stage", "plan", "new_schools", "loss", "objective", "unit", "share_within_limit", "mean_distance_m",
    "places", "left_out", "instead",
)  # fmt: skip


@dataclass(frozen=True)
class DayQuestion:
    """
    A question about pupils who go home every day, as the siting engine is shown it.

    Parameters
    ----------
    asked : Asked
        Its rows and columns.
    cost : numpy.ndarray of float32, shape (n_rows, n_sites)
        What the engine minds: metres, minutes, or the share of the limit that a way uses up.
    limit : float or None
        Largest cost within the limit, where pupils within it are counted.
    used : numpy.ndarray of float32, shape (n_rows, n_sites)
        Share of each band's limit that a way uses up; 0 where the band has none.
    unit : str
        Unit of the objective.
    pupils : numpy.ndarray of int64, shape (n_rows,)
        All pupils of the rows, also those whom the question leaves out [pupils].
    """

    asked: Asked
    cost: NDArray[np.float32]
    limit: float | None
    used: NDArray[np.float32]
    unit: str
    pupils: NDArray[np.int64]

    def brings(self, columns: Iterable[int], *, has_limit: bool) -> tuple[float, float]:
        """
        Say what some new sites bring, beside the schools that are open.

        Parameters
        ----------
        columns : iterable of int
            The new sites.
        has_limit : bool
            Whether there is a limit at all.

        Returns
        -------
        tuple of float
            Share of all pupils who have a school within the limit [1], nan without a limit; mean way to the nearest
            school of those who have a way [m].
        """
        asked = self.asked
        opened = [*range(asked.n_fixed), *columns]
        pupils = self.pupils.astype(np.float64)
        nearest = asked.distance_m[:, opened].min(axis=1, initial=np.inf).astype(np.float64)
        has_way = np.isfinite(nearest)
        within = self.used[:, opened].min(axis=1, initial=np.inf) <= 1
        there, everyone = float(pupils[has_way].sum()), float(pupils.sum())
        return (
            float(pupils[within].sum()) / everyone if has_limit and everyone else math.nan,
            float(pupils[has_way] @ nearest[has_way]) / there if there else math.nan,
        )


def solve_curve(
    county: County,
    question: Question,
    day: DayQuestion,
    proposal: siting.Proposal,
    *,
    has_limit: bool,
    cancel: Callable[[], bool] | None = None,
) -> pd.DataFrame:
    """
    Answer a question for many numbers of new schools, or many budgets, with the work shared between them.

    All new schools of a question cost the same, so that a budget is the number of schools that it pays for.

    Parameters
    ----------
    county : County
        Holds the price of a seat.
    question : Question
        With its ``frontier``.
    day : DayQuestion
        What the engine is shown.
    proposal : Proposal
        The answer; it is the point of its own number of schools.
    has_limit : bool
        Whether the question's bands have a limit.
    cancel : callable, optional
        True stops the search.

    Returns
    -------
    pandas.DataFrame
        Columns ``CURVE_COLUMNS``, a row a number or budget, rising; ``places`` are names. No row where no curve is asked.
    """
    wanted = question.frontier
    if wanted is None:
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    asked = day.asked
    n_places = len(asked.sites) - asked.n_fixed
    price = _price(county, question)
    if wanted.new is not None:
        points: list[tuple[int, float | None]] = [(count, None) for count in sorted(set(wanted.new))]
    else:
        budgets = sorted(set(wanted.budgets or ()))
        points = [(_built_for(budget, price or 0.0, n_places), budget) for budget in budgets]
    found = siting.frontier(
        day.cost,
        asked.pupils,
        sorted({count for count, _ in points}),
        model=question.model,  # type: ignore[arg-type]  # the project file lets no other model have a curve
        limit=day.limit,
        fixed=range(asked.n_fixed),
        time_limit_s=wanted.time_limit_s,
        cancel=cancel,
    )
    at = {count: number for number, count in enumerate(found.count)}
    rows = []
    for count, budget in points:
        if count == question.new:  # not told twice with two numbers where time ran short
            sites, told = proposal.sites, (proposal.objective, proposal.bound, proposal.gap, proposal.status)
        else:
            point = at[count]
            sites, told = (
                found.sites[point],
                (found.objective[point], found.bound[point], found.gap[point], found.status[point]),
            )
        objective, bound, gap, status = told
        share, mean = day.brings(sites, has_limit=has_limit) if math.isfinite(objective) else (math.nan, math.nan)
        rows.append(
            (
                question.name,
                question.stage,
                count,
                math.nan if budget is None else budget,
                math.nan if price is None else price * count,
                share,
                mean,
                objective,
                bound,
                day.unit,
                gap,
                status,
                _names(asked, sites),
            )
        )
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def other_plans(
    question: Question,
    day: DayQuestion,
    proposal: siting.Proposal,
    *,
    has_limit: bool,
    cancel: Callable[[], bool] | None = None,
) -> tuple[pd.DataFrame, list[Message]]:
    """
    Find plans nearly as good as the answer that differ from it and from each other.

    Parameters
    ----------
    question : Question
        With its ``alternatives``.
    day : DayQuestion
        What the engine is shown.
    proposal : Proposal
        The answer.
    has_limit : bool
        Whether the question's bands have a limit.
    cancel : callable, optional
        True stops the search.

    Returns
    -------
    tuple
        A table with columns ``PLAN_COLUMNS``, a row a plan, and what is to be said of it. ``loss`` is a share of the best
        objective [1]; ``left_out`` are the answer's places that the plan does without, ``instead`` those it has for them.
    """
    wanted = question.alternatives
    if wanted is None:
        return pd.DataFrame(columns=list(PLAN_COLUMNS)), []
    asked = day.asked
    found = siting.alternatives(
        day.cost,
        asked.pupils,
        None if question.model == "set_cover" else question.new or 0,
        wanted.plans + 1,
        within=wanted.within_percent / 100,
        fixed=range(asked.n_fixed),
        model=question.model,  # type: ignore[arg-type]  # the project file lets no other model have alternatives
        limit=day.limit,
        share=question.share,
        time_limit_s=wanted.time_limit_s,
        cancel=cancel,
    )
    mine = set(proposal.sites)
    others = [plan for plan in found.plans if set(plan.sites) != mine][: wanted.plans]
    rows = []
    for number, plan in enumerate(others):
        share, mean = day.brings(plan.sites, has_limit=has_limit)
        rows.append(
            (
                question.name,
                question.stage,
                number + 1,
                len(plan.sites),
                plan.loss,
                plan.objective,
                day.unit,
                share,
                mean,
                _names(asked, plan.sites),
                _names(asked, sorted(mine - set(plan.sites))),
                _names(asked, sorted(set(plan.sites) - mine)),
            )
        )
    notes = [
        msg(
            "Other plans may be worse than the best by {percent:g} % at most, and every two of them differ in a place.",
            percent=wanted.within_percent,
        )
    ]
    if len(others) < wanted.plans:
        notes.append(
            msg("There are only {n} other plans as good as that.", n=len(others))
            if found.status == "proven"
            else msg("Only {n} other plans as good as that were found; there may be more.", n=len(others))
        )
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS)), notes


def _price(county: County, question: Question) -> float | None:
    """Price a new school [yuan]."""
    each = county.project.costs.build_per_seat
    return None if each is None else each * (question.seats or default_seats(county, question.stage))


def _built_for(budget: float, price: float, n_places: int) -> int:
    return n_places if price <= 0 else min(n_places, int(budget * (1 + 1e-9) // price))


def _names(asked: Asked, columns: Sequence[int]) -> list[str]:
    return [str(asked.sites["name"].iloc[column]) or str(asked.sites.index[column]) for column in columns]

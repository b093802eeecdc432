"""
What each number of new schools, or each budget, can achieve: a curve, every point of it with its proof.

References
----------
.. [1] D. Serra and V. Marianov, in Location Science, 2nd ed., 2019. https://doi.org/10.1007/978-3-030-32177-2
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from planning.errors import Message, Names, SchemaError, msg
from planning.siting.checks import (
    Floats,
    Ints,
    check_columns,
    check_count,
    check_limit,
    check_per_site,
    check_pupils,
    check_reach,
)
from planning.siting.clock import Cancel, Clock
from planning.siting.coverage.curve import solve_curve
from planning.siting.coverage.p_center import CenterQuestion, solve_center
from planning.siting.coverage.question import build_covering, drop_dominated_sites
from planning.siting.coverage.solve import fill_up
from planning.siting.median.lists import build_lists
from planning.siting.median.solve import solve_median
from planning.siting.proposal import OPTIMAL_GAP, Status, gap_between
from planning.siting.tables.cost_table import ColumnCosts, CostTable, name_left_out, read_costs

__all__ = ["Frontier", "FrontierModel", "frontier"]

FrontierModel = Literal["max_coverage", "p_median", "p_center"]

_MODELS: tuple[FrontierModel, ...] = ("max_coverage", "p_median", "p_center")


@dataclass(frozen=True)
class Frontier:
    """
    A curve of answers, one a number of new sites or a budget; all sequences run over its points.

    Parameters
    ----------
    model : {"max_coverage", "p_median", "p_center"}
        What each point answers.
    sense : {"min", "max"}
        Whether a small or a large objective is good.
    count : tuple of int
        New sites.
    budget : tuple of float or None
        Money that may be spent, where the curve runs over budgets.
    spent : tuple of float or None
        Money that the new sites take.
    sites : tuple of tuple of int
        Columns of the new sites, rising; none where there is no answer.
    objective, bound : tuple of float
        Value of the answer and what no answer can beat: pupils covered, pupils times cost, or the largest cost.
    status : tuple of {"optimal", "time_limit", "infeasible", "cancelled"}
        ``optimal`` only with a gap of at most ``OPTIMAL_GAP``.
    share_covered : tuple of float
        Pupils within the limit of an open site, of all in reach of any site; nan without a limit.
    mean_cost, worst_cost : tuple of float
        Cost to the nearest open site, within the limit or not, of the pupils that reach one: on the average, and at
        most [cost unit]; nan where nobody reaches one.
    seconds : float
        Wall time of the run [s].
    unreachable : tuple of int
        Rows with pupils that no site reaches; they are left out of the question.
    explanation : tuple of Message
        Words for people.
    """

    model: FrontierModel
    sense: Literal["min", "max"]
    count: tuple[int, ...]
    budget: tuple[float, ...] | None
    spent: tuple[float, ...] | None
    sites: tuple[tuple[int, ...], ...]
    objective: tuple[float, ...]
    bound: tuple[float, ...]
    status: tuple[Status, ...]
    share_covered: tuple[float, ...]
    mean_cost: tuple[float, ...]
    worst_cost: tuple[float, ...]
    seconds: float
    unreachable: tuple[int, ...] = ()
    explanation: tuple[Message, ...] = ()

    @property
    def gap(self) -> tuple[float, ...]:
        """
        Relative distance between objective and bound.

        Returns
        -------
        tuple of float
            As `gap_between` has it, point by point.
        """
        return tuple(gap_between(a, b) for a, b in zip(self.objective, self.bound, strict=True))

    def table(self, *, cost_unit: str = "m", money_unit: str = "yuan") -> pd.DataFrame:
        """
        Put the curve into a table.

        Parameters
        ----------
        cost_unit : str
            Unit of the costs, for the names of the columns.
        money_unit : str
            Unit of the budgets.

        Returns
        -------
        pandas.DataFrame
            One row a point: ``new_schools``, ``budget_…`` and ``spent_…`` where it runs over budgets, ``sites``,
            ``covered_pupils`` or ``travel_pupil_…`` or ``worst_…`` with its ``bound_…``, ``gap``, ``status``,
            ``share_covered``, ``mean_cost_…``, ``worst_cost_…``.
        """
        unit = {"max_coverage": "pupils", "p_median": f"pupil_{cost_unit}", "p_center": cost_unit}[self.model]
        columns: dict[str, Any] = {"new_schools": self.count}
        if self.budget is not None:
            columns |= {f"budget_{money_unit}": self.budget, f"spent_{money_unit}": self.spent}
        columns |= {
            "sites": list(self.sites),
            f"objective_{unit}": self.objective,
            f"bound_{unit}": self.bound,
            "gap": self.gap,
            "status": self.status,
            "share_covered": self.share_covered,
            f"mean_cost_{cost_unit}": self.mean_cost,
            f"worst_cost_{cost_unit}": self.worst_cost,
        }
        return pd.DataFrame(columns)


@dataclass(frozen=True)
class _Point:
    """Sites of one point (None without any), what is proven of it, and whether it has no answer."""

    sites: Ints | None
    bound: float
    impossible: bool = False


@dataclass(frozen=True)
class _Asked:
    """The checked arguments."""

    costs: Any
    table: CostTable
    weight: Floats
    fixed: Ints
    candidates: Ints
    limit: float | None
    clock: Clock
    tell: Callable[[int], None]


def frontier(
    costs: Any,
    pupils: Any,
    counts: Iterable[int] | None = None,
    *,
    model: FrontierModel = "max_coverage",
    limit: float | None = None,
    fixed: Iterable[int] = (),
    budgets: Iterable[float] | None = None,
    spend: Any = None,
    time_limit_s: float = 60,
    progress: Callable[[int, int], None] | None = None,
    cancel: Cancel | None = None,
) -> Frontier:
    """
    Answer one question for many numbers of new sites, or many budgets, with the work shared between them.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    counts : iterable of int, optional
        Numbers of new sites, in any order; exactly so many are opened.
    model : {"max_coverage", "p_median", "p_center"}
        The question.
    limit : float, optional
        Largest cost that counts as covered, inclusive [cost unit]; ``max_coverage`` needs it, and where another model is
        given one the share covered is told.
    fixed : iterable of int
        Columns that are open already.
    budgets : iterable of float, optional
        Instead of ``counts``, for ``max_coverage``: sums of money; any number of sites is opened that one pays for.
    spend : float or array_like, shape (n_sites,), optional
        What each new site takes from a budget.
    time_limit_s : float
        Wall time the whole run may take [s]; each point has its share of it.
    progress : callable, optional
        Called with the points done and their number.
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled`` where a point is not proven.

    Returns
    -------
    Frontier
        One point for each number or budget, rising, each once. The objective never gets worse from point to point.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.

    Examples
    --------
    >>> line = [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    >>> curve = frontier(line, [5, 1, 3], [1, 2, 3], limit=0)
    >>> curve.count, curve.objective, curve.status[0]
    ((1, 2, 3), (5.0, 8.0, 9.0), 'optimal')
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    if model not in _MODELS:
        raise SchemaError(msg("model: must be one of {models}, not {value}.", models=Names(_MODELS), value=str(model)))
    if (counts is None) == (budgets is None):
        raise SchemaError(msg("counts or budgets: give one of the two."))
    if budgets is not None and (model != "max_coverage" or spend is None):
        raise SchemaError(
            msg("budgets: only max_coverage takes them, and it needs spend, the money that each site takes.")
        )
    if model == "max_coverage" and limit is None:
        raise SchemaError(msg("limit: max_coverage needs one."))
    table = read_costs(costs)
    weight = check_pupils(pupils, table.n_rows)
    within = None if limit is None else check_limit(limit, "limit")
    open_now = check_columns(fixed, table.n_sites, "fixed")
    candidates = np.setdiff1d(np.arange(table.n_sites), open_now)
    steps = _steps(counts, budgets, candidates.size)
    each = None if budgets is None else check_per_site(spend, table.n_sites, "spend")
    unreachable, words = name_left_out(table, weight)

    def tell(done: int) -> None:  # numpydoc ignore=GL08
        if progress is not None:
            progress(done, steps.size)

    asked = _Asked(costs, table, weight, open_now, candidates, within, clock, tell)
    if model == "max_coverage":
        points = _coverage_points(asked, steps, np.inf if within is None else within, each)
    elif model == "p_median":
        points = _median_points(asked, steps.astype(np.int64).tolist())
    else:
        points = _center_points(asked, steps.astype(np.int64).tolist())
    tell(steps.size)
    return _told(asked, model, steps, each, points, (unreachable, words))


def _steps(counts: Iterable[int] | None, budgets: Iterable[float] | None, n_candidates: int) -> Floats:
    """Take the numbers of sites, or the budgets, rising and each once."""
    if counts is not None:
        return np.unique(np.array([check_count(p, n_candidates, name="counts") for p in counts], dtype=np.float64))
    return np.unique(np.array([check_limit(money, "budgets") for money in budgets or ()], dtype=np.float64))


def _coverage_points(asked: _Asked, steps: Floats, limit: float, spend: Floats | None) -> list[_Point]:
    question = build_covering(asked.table, asked.weight, limit, asked.fixed)
    each = None
    if spend is not None:
        before = question.column
        question = drop_dominated_sites(question, spend[before])
        each = spend[question.column]
    else:
        question = drop_dominated_sites(question)
    answers = solve_curve(question, steps, asked.clock, spend=each, tell=asked.tell)
    return [
        _Point(answer.sites if spend is not None else fill_up(answer.sites, int(step), asked.candidates), answer.bound)
        for step, answer in zip(steps, answers, strict=True)
    ]


def _median_points(asked: _Asked, counts: Sequence[int]) -> list[_Point]:
    """From few sites to many; a bound holds for all smaller numbers, a choice for all larger."""
    lists = build_lists(check_reach(asked.costs), asked.weight, asked.fixed)
    points: list[_Point] = []
    best, value = None, np.inf
    for done, p in enumerate(counts):
        share = Clock(asked.clock.left / (len(counts) - done), asked.clock.cancel)
        answer = solve_median(lists, p, asked.candidates, share)
        if answer.fewest > p:
            points.append(_Point(None, np.nan, impossible=True))
        else:
            if answer.objective < value:
                best, value = answer.sites, answer.objective
            bound = answer.bound if np.isfinite(answer.bound) else 0.0
            points.append(_Point(None if best is None else fill_up(best, p, asked.candidates), max(0.0, bound)))
        asked.tell(done + 1)
    return _spread(points)


def _center_points(asked: _Asked, counts: Sequence[int]) -> list[_Point]:
    """From many sites to few: what many leave, few leave as well."""
    question = CenterQuestion(asked.table, asked.weight, asked.fixed)
    points: list[_Point] = []
    above = 0.0
    for done, p in enumerate(reversed(counts)):
        share = Clock(asked.clock.left / (len(counts) - done), asked.clock.cancel)
        answer = solve_center(question, p, share, above=above)
        if answer.fewest > p:
            points.append(_Point(None, np.nan, impossible=True))
        else:
            above = max(above, answer.bound)
            sites = None if answer.sites is None else fill_up(answer.sites, p, asked.candidates)
            points.append(_Point(sites, above))
        asked.tell(done + 1)
    return _spread(points[::-1])


def _spread(points: list[_Point]) -> list[_Point]:
    """Hand bounds of what is to be small on to smaller numbers."""
    above, spread = 0.0, []
    for point in reversed(points):
        if point.impossible:
            spread.append(point)
            continue
        above = max(above, point.bound)
        spread.append(_Point(point.sites, above))
    return spread[::-1]


def _told(
    asked: _Asked,
    model: FrontierModel,
    steps: Floats,
    spend: Floats | None,
    points: list[_Point],
    left_out: tuple[tuple[int, ...], tuple[Message, ...]],
) -> Frontier:
    """Price every point anew from its sites, and hand a choice on to larger numbers where it is better."""
    nearest = ColumnCosts(asked.table, asked.fixed)
    sense: Literal["min", "max"] = "max" if model == "max_coverage" else "min"
    worst_value = -np.inf if sense == "max" else np.inf
    rows: list[tuple[Ints, float, float, Status, tuple[float, float, float]]] = []
    best, known = None, worst_value
    for step, point in zip(steps, points, strict=True):
        sites = point.sites
        if point.impossible:
            rows.append((np.zeros(0, dtype=np.int64), np.nan, np.nan, "infeasible", (np.nan,) * 3))
            continue
        value, told = worst_value, (np.nan,) * 3
        if sites is not None:
            value, told = _priced(asked, model, nearest(sites))
        if best is not None and (value < known if sense == "max" else value > known):
            sites = best if spend is not None else fill_up(best, int(step), asked.candidates)
            value, told = _priced(asked, model, nearest(sites))
        if sites is None:
            empty = np.zeros(0, dtype=np.int64)
            rows.append((empty, worst_value, point.bound, asked.clock.reason(), told))
            continue
        best, known = sites, value
        bound = max(point.bound, value) if sense == "max" else min(point.bound, value)
        status: Status = "optimal" if gap_between(value, bound) <= OPTIMAL_GAP else asked.clock.reason()
        rows.append((sites, value, bound, status, told))
    return Frontier(
        model=model,
        sense=sense,
        count=tuple(int(step) for step in steps) if spend is None else tuple(int(row[0].size) for row in rows),
        budget=None if spend is None else tuple(steps.tolist()),
        spent=None if spend is None else tuple(float(spend[row[0]].sum()) for row in rows),
        sites=tuple(tuple(row[0].tolist()) for row in rows),
        objective=tuple(row[1] for row in rows),
        bound=tuple(row[2] for row in rows),
        status=tuple(row[3] for row in rows),
        share_covered=tuple(row[4][0] for row in rows),
        mean_cost=tuple(row[4][1] for row in rows),
        worst_cost=tuple(row[4][2] for row in rows),
        seconds=asked.clock.seconds,
        unreachable=left_out[0],
        explanation=left_out[1],
    )


def _priced(
    asked: _Asked, model: FrontierModel, cost: npt.NDArray[np.float64]
) -> tuple[float, tuple[float, float, float]]:
    """Give the objective; the share covered, the mean and the largest cost."""
    counted = (asked.weight > 0) & asked.table.reached
    served = counted & np.isfinite(cost)
    pupils, paid = asked.weight[served], cost[served]
    total = float(asked.weight[counted].sum())
    covered = np.nan if asked.limit is None else float(pupils[paid <= asked.limit].sum())
    travel = float(pupils @ paid)
    mean = travel / float(pupils.sum()) if pupils.size else np.nan
    worst = float(paid.max()) if paid.size else np.nan
    share = covered / total if total > 0 else np.nan
    whole = np.inf if served.sum() < counted.sum() else 0.0
    objective = {"max_coverage": covered, "p_median": travel + whole, "p_center": float(paid.max(initial=0.0)) + whole}
    return objective[model], (share, mean, worst)

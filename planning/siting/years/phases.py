"""
Plan openings and closures year by year, each year with its own pupils and budget.

What is opened stays open and what is closed stays closed. *Build before close*: in a year in which a school closes, no
pupil depends on a school that opens in that same year. Precisely: the sites that were open the year before and stay open
must, without the new ones, be able to seat all pupils of the year within reach (a year before the first one is today, with
the fixed sites). The pupils are then sent wherever it is cheapest, the new sites included; should these be late, everybody
still has a seat.

References
----------
.. [1] T. J. Van Roy and D. Erlenkotter, Manage. Sci. 28(10), 1091-1105, 1982. https://doi.org/10.1287/mnsc.28.10.1091
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from planning.access.allocation import Allocation
from planning.errors import Message, SchemaError, msg
from planning.siting.answer import number_list
from planning.siting.beds.benders import choose_sites
from planning.siting.beds.boarding import check_roles
from planning.siting.beds.question import seat_with_beds
from planning.siting.checks import Floats, Reach, check_count, check_limit, check_per_site, check_pupils, check_reach
from planning.siting.clock import Cancel, Clock
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.reasons.words import why_no_seats
from planning.siting.seats.flow import Arcs, FlowQuestion, missing_pupils
from planning.siting.years.first import first_plan
from planning.siting.years.model import PhaseRules, missing_seats, solve_whole
from planning.siting.years.plan import PhasePlan, PhaseYear

__all__ = ["phases"]

_SMALL = 5_000  # arcs of all years that are one model for HiGHS
_SECONDS = 10.0  # the reason is looked for after the run, on its own time


def phases(
    costs: Any,
    pupils_by_year: Any,
    seats: Any,
    *,
    years: Sequence[int] | None = None,
    budget_by_year: Any = None,
    build_cost: Any = None,
    running_cost: Any = None,
    spend: Any = None,
    fixed: Iterable[int] = (),
    closable: Iterable[int] = (),
    p_by_year: Any = None,
    min_pupils: Any = None,
    discount: float = 0.0,
    carry_over: bool = False,
    build_before_close: bool = True,
    time_limit_s: float = 60,
    cancel: Cancel | None = None,
) -> PhasePlan:
    """
    Choose in which year each new site opens and each closable one closes, so that all years together cost least.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil and year from cell to site [cost unit]; inf or not stored = out of reach.
    pupils_by_year : array_like of int, shape (n_years, n_cells)
        Pupils of each cell in each year [pupils].
    seats : float or array_like, shape (n_sites,)
        Seats of each site while it is open [seats]; inf = no limit.
    years : sequence of int, optional
        What the years are called, rising; 0, 1, 2 ... by default.
    budget_by_year : array_like, shape (n_years,), optional
        Largest sum of ``spend`` over the sites opened in each year [money]; inf = no limit.
    build_cost : float or array_like, shape (n_sites,), optional
        Cost of a new site, once, in the unit of the objective.
    running_cost : float or array_like, shape (n_sites,), optional
        Cost of every open site, old or new, in each year, in the unit of the objective.
    spend : float or array_like, shape (n_sites,), optional
        What a new site takes from the budget of its year [money].
    fixed : iterable of int
        Columns that are open before the first year.
    closable : iterable of int
        Those of ``fixed`` that may be closed.
    p_by_year : array_like of int, shape (n_years,), or int, optional
        New sites at most in each year; None = as many as pay.
    min_pupils : float or array_like, shape (n_sites,), optional
        Pupils that every new site, and every closable site that is kept, must have in each year [pupils].
    discount : float
        Interest by which later costs count less, a year: costs of year y are divided by
        ``(1 + discount) ** (y - years[0])``.
    carry_over : bool
        True = money that a year leaves may be spent in a later one.
    build_before_close : bool
        False = a school may close in the year in which the school that replaces it opens.
    time_limit_s : float
        Wall time the search may take [s]; the last seating of the pupils comes on top.
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    PhasePlan
        The objective is the sum over the years of pupils times cost, running cost, and building cost in the year of
        opening, each discounted.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    reach = check_reach(costs)
    n = reach.n_sites
    wanted = _pupils(pupils_by_year, reach.n_rows)
    n_years = len(wanted)
    names = _years(years, n_years)
    candidate, closes = check_roles(fixed, closable, n)
    running, least_load = check_per_site(running_cost, n, "running_cost"), check_per_site(min_pupils, n, "min_pupils")
    rate = check_limit(discount, "discount")
    rules = PhaseRules(
        candidate=candidate,
        closable=closes & ((running > 0) | (least_load > 0)),  # to keep a site that costs nothing is never worse
        build=np.where(candidate, check_per_site(build_cost, n, "build_cost"), 0.0),
        running=running,
        spend=np.where(candidate, check_per_site(spend, n, "spend"), 0.0),
        budget=_by_year(budget_by_year, n_years, "budget_by_year"),
        most=_by_year(p_by_year, n_years, "p_by_year"),
        factor=(1.0 + rate) ** -(names - names[0]).astype(np.float64),
        carry_over=bool(carry_over),
        build_before_close=bool(build_before_close),
    )
    unreachable, words = _left_out(reach, wanted)
    questions = [
        FlowQuestion(
            arcs=Arcs(reach.row, reach.site, reach.cost * factor, np.zeros(reach.row.size, dtype=bool)),
            pupils=np.where(reach.reached(), pupils, 0.0),
            seats=np.floor(check_per_site(seats, n, "seats", infinite=True)),
            beds=np.full(n, np.inf),
            opening=np.zeros(n),
            candidate=candidate,
            closable=rules.closable,
            most=int(candidate.sum()),
            fewest=0,
            spend=rules.spend,
            budget=np.inf,
            least_load=least_load,
            unserved=np.full(reach.n_rows, np.inf),
        )
        for pupils, factor in zip(wanted, rules.factor, strict=True)
    ]
    if reach.row.size * n_years <= _SMALL:
        found = solve_whole(questions, rules, clock)
    else:
        found = choose_sites(
            questions,
            rules.choice(n_years),
            clock,
            lambda opened: missing_seats(questions, rules, opened),
            first=None if clock.stopped else first_plan(questions, rules),
            floor=_least_ways(questions),
        )
    if found.opened is None:
        return _no_plan(found, questions, rules, names, clock, unreachable=unreachable, words=words)
    opened = rules.without_idle(found.opened, questions, found.flows)
    plan = tuple(
        _year(reach, questions[t], found.flows[t], opened, t, year=int(names[t]), wanted=wanted[t], rules=rules)
        for t in range(n_years)
    )
    objective = float(
        sum(
            factor * (year.travel + year.running_cost + year.build_cost)
            for factor, year in zip(rules.factor, plan, strict=True)
        )
    )
    bound = min(max(found.bound, _least_ways(questions)), objective)
    return PhasePlan(
        years=plan,
        objective=objective,
        bound=bound,
        status="optimal" if gap_between(objective, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def _least_ways(questions: Sequence[FlowQuestion]) -> float:
    """Give the ways of all years if every site were open and had room for all: no plan costs less."""
    total = 0.0
    for question in questions:
        nearest = np.full(question.pupils.size, np.inf)
        np.minimum.at(nearest, question.arcs.row, question.arcs.cost)
        asked = question.pupils > 0
        total += float(question.pupils[asked] @ nearest[asked])
    return total


def _pupils(pupils: Any, n_cells: int) -> list[Floats]:
    taken = np.asarray(pupils)
    if taken.ndim != 2 or taken.shape[0] == 0 or taken.shape[1] != n_cells:
        raise SchemaError(
            msg("pupils_by_year: must have one row of {n} cells for each year, the cells of costs.", n=n_cells)
        )
    return [check_pupils(part, n_cells, whole=True, name="pupils_by_year") for part in taken]


def _years(years: Sequence[int] | None, n_years: int) -> np.typing.NDArray[np.int64]:
    taken = np.arange(n_years) if years is None else np.asarray(list(years))
    if taken.shape != (n_years,) or taken.dtype.kind not in "iu" or (np.diff(taken) <= 0).any():
        raise SchemaError(msg("years: must be {n} whole numbers, each later than the one before.", n=n_years))
    return taken.astype(np.int64)


def _by_year(values: Any, n_years: int, name: str) -> Floats:
    """Take a limit of each year; no limit where there is none."""
    if values is None:
        return np.full(n_years, np.inf)
    taken = np.asarray(values)
    if taken.dtype.kind not in "iuf" or taken.shape not in {(), (n_years,)} or not (taken >= 0).all():
        raise SchemaError(
            msg("{name}: must be one number of 0 or more for each of the {n} years.", name=name, n=n_years)
        )
    spread: Floats = np.broadcast_to(taken.astype(np.float64), (n_years,)).copy()
    if name == "p_by_year":
        for value in spread[np.isfinite(spread)]:
            check_count(float(value), 0, name=name, capped=False)
    return spread


def _left_out(reach: Reach, wanted: list[Floats]) -> tuple[tuple[int, ...], tuple[Message, ...]]:
    most = np.max(wanted, axis=0)
    cells = np.flatnonzero((most > 0) & ~reach.reached())
    if cells.size == 0:
        return (), ()
    words = msg(
        "No site reaches cell {cells}: up to {pupils} pupils a year are left out of the question.",
        cells=number_list(cells),
        pupils=int(max(part[cells].sum() for part in wanted)),
    )
    return tuple(cells.tolist()), (words,)


def _year(
    reach: Reach,
    question: FlowQuestion,
    flow: Floats,
    opened: Any,
    t: int,
    *,
    year: int,
    wanted: Floats,
    rules: PhaseRules,
) -> PhaseYear:
    before = ~rules.candidate if t == 0 else opened[t - 1]
    new, gone = opened[t] & ~before, before & ~opened[t]
    amounts = np.round(flow).astype(np.int64)
    prices = np.zeros(reach.n_sites)
    flows = reach.matrix(amounts)
    seated = np.asarray(flows.sum(axis=1)).ravel().astype(np.int64)
    allocation = Allocation(
        flows=flows, cost=float(amounts @ reach.cost), unserved=wanted.astype(np.int64) - seated, prices=prices
    )
    return PhaseYear(
        year=year,
        opened=tuple(np.flatnonzero(new).tolist()),
        closed=tuple(np.flatnonzero(gone).tolist()),
        sites=tuple(np.flatnonzero(opened[t]).tolist()),
        allocation=allocation,
        pupils=int(question.pupils.sum()),
        seats=float(question.seats[opened[t]].sum()),
        travel=allocation.cost,
        build_cost=float(rules.build[new].sum()),
        running_cost=float(rules.running[opened[t]].sum()),
        spend=float(rules.spend[new].sum()),
        budget=float(rules.budget[t]),
    )


def _no_plan(
    found: Any,
    questions: list[FlowQuestion],
    rules: PhaseRules,
    names: np.typing.NDArray[np.int64],
    clock: Clock,
    *,
    unreachable: tuple[int, ...],
    words: tuple[Message, ...],
) -> PhasePlan:
    infeasible = found.status == "infeasible"
    return PhasePlan(
        years=(),
        objective=float("nan") if infeasible else float("inf"),
        bound=float("nan") if infeasible else max(found.bound, _least_ways(questions)),
        status="infeasible" if infeasible else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words + (_why(questions, rules, names, clock) if infeasible else ()),
    )


def _why(
    questions: list[FlowQuestion], rules: PhaseRules, names: np.typing.NDArray[np.int64], clock: Clock
) -> tuple[Message, ...]:
    """Name the first year that has no answer even with all that may be opened until then, or say that it is the order."""
    for t, question in enumerate(questions):
        most = min(float(rules.most[: t + 1].sum()), float(question.candidate.sum()))
        alone = question.changed(
            most=int(most), budget=float(rules.budget[: t + 1].sum()), least_load=np.zeros(question.n_sites)
        )
        every = np.ones(question.n_sites, dtype=bool)
        _, price = seat_with_beds(alone, every)
        if np.isinf(price).any() or _lacks_seats(alone, clock):
            first = msg(
                "The year {year} has no answer, even with all that may be built until then.", year=str(names[t])
            )
            return (first, *why_no_seats(alone, clock))
    return (
        msg(
            "Each year has an answer by itself, but not all in a row: what is opened stays open, what is closed stays "
            "closed, and a school closes only where the schools of the year before seat everybody. Allow more budget or "
            "new sites in early years, fewer pupils in a school, or schools to be closed."
        ),
    )


def _lacks_seats(question: FlowQuestion, clock: Clock) -> bool:
    """Tell whether the seats that number and budget allow are too few, where that is quickly found."""
    if question.arcs.row.size > _SMALL:
        return False
    missing = missing_pupils(question, Clock(_SECONDS, clock.cancel))
    return missing is not None and bool((missing > 0).any())

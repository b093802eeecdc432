"""
A plan by year: which new school opens at the beginning of which year, with the pupils and the money of each.

Each year is asked with its own pupils, over the same homes, places and seats; all years are one question, so the proof
holds for the plan as a whole. Schools only open: what may close or grow goes through the closure gate, with seats
(``capacitated``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning import siting
from planning.access.allocation import Allocation
from planning.errors import Message, Names, msg
from planning.scenario.edits import Edit, NewSchool
from planning.scenario.evaluate import StageState, evaluate
from planning.scenario.layout_question import UNSERVED_WAYS
from planning.scenario.limits import limit_of_question
from planning.scenario.proposals import Asked, ask, default_seats, describe_sites, no_sites
from planning.scenario.school_sizes import seats_to_be_had
from planning.scenario.steps import Teller
from planning.scenario.years import counties_asked_of
from planning.stages import BANDS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County
    from planning.siting.years.plan import PhasePlan

__all__ = ["PHASE_COLUMNS", "PlanByYear", "no_phases", "plan_by_year"]

PHASE_COLUMNS = (
    "year", "site_id", "name", "what", "seats", "cost_yuan", "cumulative_yuan", "budget_yuan", "pupils", "served", "no_seat",
    "out_of_reach", "share_within_limit", "mean_distance_m",
)  # fmt: skip

_MEASURING = msg("Measuring the ways to all possible places")
_LOOKING = msg("Looking for the best year and place of every new school")
_EFFECT = msg("Measuring what the answer means for every pupil")


@dataclass(frozen=True)
class PlanByYear:
    """
    An answer to the question about years.

    Parameters
    ----------
    proposal : Proposal
        What the siting engine found, over all years; its allocation is that of the last one.
    unit : str
        Unit of the objective, which adds up the years.
    asked : Asked
        Rows and columns of the question.
    county : County
        The county of the last year.
    sites : geopandas.GeoDataFrame
        Schools that open, with the pupils of the last year.
    edits : tuple of Edit
        All of them, in the order in which they open.
    after : StageState or None
        What it means for every child of the last year; None where there is no plan.
    phases : pandas.DataFrame
        ``PHASE_COLUMNS``, a row a school that opens, and one for a year in which none does: ``what`` is ``opens`` or
        ``nothing_opens``. Pupils, ways and seats of a year stand in each of its rows; money is NaN where no price is known,
        the budget where there is none.
    notes : tuple of Message
        Reservations.
    """

    proposal: siting.Proposal
    unit: str
    asked: Asked
    county: County
    sites: gpd.GeoDataFrame
    edits: tuple[Edit, ...]
    after: StageState | None
    phases: pd.DataFrame
    notes: tuple[Message, ...]


def no_phases() -> pd.DataFrame:
    """
    Give the table of a question that has no years.

    Returns
    -------
    pandas.DataFrame
        No row, ``PHASE_COLUMNS``.
    """
    return pd.DataFrame(columns=list(PHASE_COLUMNS))


def plan_by_year(
    county: County,
    question: Question,
    *,
    edits: Sequence[Edit] = (),
    teller: Teller | None = None,
) -> PlanByYear:
    """
    Choose which new school opens when.

    Parameters
    ----------
    county : County
        As it is today; each year is asked of the children whom the projection gives it, or of today's where there is none.
    question : Question
        With ``years`` and what may be built in each.
    edits : sequence of Edit
        What is changed before.
    teller : Teller, optional
        Hears what is being done, the best value so far and the bound; may stop the search.

    Returns
    -------
    PlanByYear
        The plan; without sites where there is none.

    Raises
    ------
    ConfigError
        If the children of a year are not known.
    """
    assert question.years is not None  # noqa: S101 - narrows the type
    teller = teller or Teller(None, None)
    if county.project.is_projected:
        teller.doing(msg("Counting the pupils of each year"))
    counties, notes = counties_asked_of(county, question)
    teller.doing(_MEASURING)
    asked = ask(_with_pupils_of_all(counties, question.stage), question.stage, edits)
    pupils = _pupils_by_year(counties, asked)
    seats = _fewest_seats(counties, question, asked, edits, notes)
    on_foot = county.project.mode_of(question.stage) == "walk"
    cost = asked.distance_m if on_foot else asked.time_min
    unit = "pupil-m" if on_foot else "pupil-min"
    size = question.seats or default_seats(county, question.stage)
    price = county.project.costs.build_per_seat
    notes += _said_of_money(question, size, price)
    n = len(asked.sites)
    shown, has_line = _with_a_line_for_no_seat(cost, seats, pupils, notes)
    budget = None if question.budget_by_year is None else _spread(question.budget_by_year, len(question.years))
    new = None if question.new_by_year is None else _spread(question.new_by_year, len(question.years)).astype(np.int64)
    plan = siting.phases(
        shown,
        pupils,
        np.append(seats, np.inf) if has_line else seats,
        years=question.years,
        budget_by_year=budget,
        spend=None if budget is None or price is None else float(price * size),
        p_by_year=new,
        fixed=[*range(asked.n_fixed), *([n] if has_line else [])],
        carry_over=question.carry_over,
        time_limit_s=question.time_limit_s,
        cancel=teller.search(_LOOKING, unit),
    )
    proposal = _proposal(plan, n)
    if not plan.years:
        return PlanByYear(proposal, unit, asked, counties[-1], no_sites(county), (), None, no_phases(), _once(notes))
    teller.doing(_EFFECT)
    opened = [[str(asked.sites.index[site]) for site in year.opened] for year in plan.years]
    schools = {
        code: NewSchool(code, str(row["name"]), row.geometry.x, row.geometry.y, question.stage, size, row["kind"])
        for code, row in asked.sites.loc[[code for codes in opened for code in codes]].iterrows()
    }
    states = []
    for number, then in enumerate(counties):
        so_far = [schools[code] for codes in opened[: number + 1] for code in codes]
        states.append(evaluate(then, question.stage, (*edits, *so_far)))
    after = states[-1]
    chosen = asked.sites.iloc[list(proposal.sites)]
    gained = after.load - after.load_from_margin
    sites = describe_sites(county, question, proposal, chosen, gained, seats=size, beds=None, kind="new")
    table = _table(question, asked, opened, counties, states, size=size, price=price, budget=budget)
    return PlanByYear(proposal, unit, asked, counties[-1], sites, tuple(schools.values()), after, table, _once(notes))


def _once(notes: Sequence[Message]) -> tuple[Message, ...]:
    """Leave out what one year says like the year before."""
    return tuple(note for number, note in enumerate(notes) if note not in notes[:number])


def _spread(values: Sequence[float], n: int) -> NDArray[np.float64]:
    """Give a number for each year."""
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (n,)).copy()


def _with_pupils_of_all(counties: Sequence[County], stage: str) -> County:
    """Give the county in which each home has its most pupils of any year, so that all years have the same rows."""
    last = counties[-1]
    columns = [f"pupils_{band}" for band in BANDS[stage]]
    most = np.max([then.cells[columns].to_numpy(dtype=np.int64) for then in counties], axis=0)
    cells = last.cells.assign(**{column: most[:, at] for at, column in enumerate(columns)})
    return replace(last, cells=cells, costs=last.costs.with_cells(cells))


def _pupils_by_year(counties: Sequence[County], asked: Asked) -> NDArray[np.int64]:
    """Count the pupils of each year in each row."""
    pupils = np.zeros((len(counties), len(asked.pupils)), dtype=np.int64)
    for band in dict.fromkeys(asked.bands):
        rows = np.flatnonzero(asked.bands == band)
        for number, then in enumerate(counties):
            pupils[number, rows] = then.cells[f"pupils_{band}"].to_numpy(dtype=np.int64)[asked.cells[rows]]
    return pupils


def _fewest_seats(
    counties: Sequence[County], question: Question, asked: Asked, edits: Sequence[Edit], notes: list[Message]
) -> NDArray[np.float64]:
    """Give the seats that are to be had in every year; who comes from across the county line keeps a seat."""
    if not counties[-1].cells["in_margin"].any():
        return seats_to_be_had(counties[-1], question, asked, None, notes)[0]
    found, said = [], []
    for then in counties:
        of_year: list[Message] = []
        base = evaluate(then, question.stage, edits)
        found.append(seats_to_be_had(then, question, asked, base, of_year)[0])
        said.append(of_year)
    notes += said[-1]
    fewest = np.min(found, axis=0)
    if any((seats != fewest).any() for seats in found):
        notes.append(
            msg("Children from across the county line hold more seats of a school in one year than in another: the plan counts on those left in every year.")
        )  # fmt: skip
    return np.asarray(fewest, dtype=np.float64)


def _with_a_line_for_no_seat(
    cost: NDArray[np.float32], seats: NDArray[np.float64], pupils: NDArray[np.int64], notes: list[Message]
) -> tuple[NDArray[np.float32], bool]:
    """
    Add a column for those who find no seat, at ten times the longest way, where seats may be too few.

    It is none for who has no way to any school or place: they stay out of the question, and are told.
    """
    reached = np.isfinite(cost)
    if (seats[reached.any(axis=0)] >= pupils.sum(axis=1).max()).all():
        return cost, False
    price = UNSERVED_WAYS * float(cost[reached].max(initial=1.0))
    notes.append(
        msg("A pupil without a seat counts as {cost:.0f}, ten times the longest way, so that seats come first.", cost=price)
    )  # fmt: skip
    line = np.where(reached.any(axis=1), np.float32(price), np.float32(np.inf))
    return np.column_stack([cost, line]).astype(np.float32), True


def _proposal(plan: PhasePlan, n_sites: int) -> siting.Proposal:
    """Give the plan the form of every answer; who is on the line for no seat is unserved."""
    allocation = None
    if plan.years:
        last = plan.years[-1].allocation
        on_line = np.asarray(last.flows[:, n_sites:].sum(axis=1)).ravel().astype(np.int64)
        allocation = Allocation(
            flows=last.flows[:, :n_sites],
            cost=last.cost,
            unserved=last.unserved + on_line,
            prices=last.prices[:n_sites],
        )
    return siting.Proposal(
        sites=tuple(sorted(site for year in plan.years for site in year.opened)),
        closed=(),
        allocation=allocation,
        sense="min",
        objective=plan.objective,
        bound=plan.bound,
        status=plan.status,
        seconds=plan.seconds,
        unreachable=plan.unreachable,
        explanation=plan.explanation,
    )


def _said_of_money(question: Question, size: int, price: float | None) -> list[Message]:
    """Say what the plan leaves out, and whether the money can build anything."""
    told = [
        msg("The ways of each year asked about count the same; years between them are not counted, and no school closes or grows."),
    ]  # fmt: skip
    if question.budget_by_year is None or price is None:
        return told
    years = question.years or ()
    money = _spread(question.budget_by_year, len(years))
    at_once = np.cumsum(money) if question.carry_over else money
    told.append(msg("A new school has {seats} seats and costs {yuan:.0f} yuan.", seats=size, yuan=price * size))
    if at_once.max() < price * size:
        told.append(msg("The money pays for no school: no more than {yuan:.0f} yuan are there at once.", yuan=float(at_once.max())))  # fmt: skip
        return told
    poor = [str(year) for year, there in zip(years, at_once, strict=True) if there < price * size]
    if poor:
        told.append(
            msg("The money of {years} pays for no school: nothing can open then, whatever its pupils need.", years=Names(poor))
        )  # fmt: skip
    return told


def _table(
    question: Question,
    asked: Asked,
    opened: Sequence[Sequence[str]],
    counties: Sequence[County],
    states: Sequence[StageState],
    *,
    size: int,
    price: float | None,
    budget: NDArray[np.float64] | None,
) -> pd.DataFrame:
    """List what opens in each year, with the money so far and how the pupils of the year fare."""
    cost = math.nan if price is None else float(price * size)
    spent, rows = 0.0, []
    for number, (year, codes) in enumerate(zip(question.years or (), opened, strict=True)):
        fares = _fares(question, counties[number], states[number])
        money = math.nan if budget is None else float(budget[number])
        for code in codes or ("",):
            spent += cost if code else 0.0
            name = str(asked.sites.at[code, "name"]) or code if code else ""
            what = ("opens", size, cost) if code else ("nothing_opens", 0, 0.0)
            rows.append((year, code, name, *what, spent, money, *fares))
    return pd.DataFrame(rows, columns=list(PHASE_COLUMNS))


def _fares(question: Question, county: County, state: StageState) -> tuple[int, int, int, int, float, float]:
    """Count the pupils of a year, and measure their way to the nearest school by the limit of the question."""
    sheet = state.reconciliation.groupby("category")["pupils"].sum()
    total, served, no_seat, out = (int(sheet.get(name, 0)) for name in ("total", "served", "no_seat", "out_of_reach"))
    values = state.indicators.set_index("indicator")["value"]
    mean_m = float(values["mean_distance"])
    if question.limit is None:
        return total, served, no_seat, out, float(values["share_within_limit"]), mean_m
    ours = ~county.cells["in_margin"].to_numpy(dtype=bool)
    within = 0
    for band, near in state.nearest.items():
        limit = limit_of_question(question.limit, county.project, county.pack, band)
        kept = limit.within(near["time_min"].to_numpy(), near["distance_m"].to_numpy()) & ours
        within += int(county.cells[f"pupils_{band}"].to_numpy(dtype=np.int64)[kept].sum())
    return total, served, no_seat, out, within / total if total else math.nan, mean_m

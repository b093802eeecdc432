"""
The question with seats: what to build, keep, enlarge and close, and who goes where then.

Where schools may be closed or enlarged, ways and money are weighed in yuan a year: a pupil's kilometre at
``costs.yuan_per_pupil_km``, building spread over ``costs.building_years``, and the running cost of every open school.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning import siting
from planning.access.allocation import allocate
from planning.errors import Message, msg
from planning.scenario.closure_gate import Closing, cited, closure_gate, open_conditions, pupils_left_without
from planning.scenario.edits import Edit
from planning.scenario.evaluate import evaluate
from planning.scenario.limits import limit_of_question
from planning.scenario.naming import listed, place_names
from planning.scenario.pieces import MOVE_COLUMNS, Pieces, cut_by_school, moves_of, uncut
from planning.scenario.proposals import Asked, default_seats
from planning.scenario.school_sizes import larger_sizes, seats_to_be_had
from planning.scenario.stage_sites import stage_sites
from planning.stages import BANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County

__all__ = ["BUILDING_YEARS", "YUAN_PER_PUPIL_KM", "Layout", "solve_layout_question"]

#: What one kilometre between home and school costs per pupil and year [yuan]: two ways on each of 200 school days, at one
#: yuan a kilometre. A default of this tool: a bureau sets ``costs.yuan_per_pupil_km``.
YUAN_PER_PUPIL_KM = 400.0
#: Years that the cost of building is spread over [years]. A default of this tool: ``costs.building_years``.
BUILDING_YEARS = 30.0
#: A pupil without a seat counts as so many of the longest ways.
UNSERVED_WAYS = 10.0


@dataclass(frozen=True)
class Layout:
    """
    An answer to the question with seats, in rows and columns.

    Parameters
    ----------
    proposal : Proposal
        What the siting engine found; its rows are the pieces.
    unit : str
        Unit of the objective.
    asked : Asked
        Rows and columns; of the sites only those that the engine was shown.
    pieces : Pieces
        Who goes where today.
    cost : numpy.ndarray of float32, shape (n_pieces, n_sites)
        Cost of a pupil, ways that the closure gate forbids taken out [unit of the objective].
    to_be_had : numpy.ndarray of float64, shape (n_sites,)
        Seats that the answer may count on; inf = no limit.
    seats : pandas.Series
        Seats of each site in the answer, by code; NA where unknown.
    enlarged : tuple of str
        Codes of the schools that are enlarged.
    moves : pandas.DataFrame
        ``closed, receiver, pupils``.
    blocked : Mapping of str to Message
        Schools that the closure gate keeps open, and by which clause.
    notes : tuple of Message
        Reservations.
    """

    proposal: siting.Proposal
    unit: str
    asked: Asked
    pieces: Pieces
    cost: NDArray[np.float32]
    to_be_had: NDArray[np.float64]
    seats: pd.Series
    enlarged: tuple[str, ...]
    moves: pd.DataFrame
    blocked: Mapping[str, Message]
    notes: tuple[Message, ...]


def solve_layout_question(
    county: County,
    question: Question,
    asked: Asked,
    *,
    edits: Sequence[Edit] = (),
    cancel: Callable[[], bool] | None = None,
    evenness: tuple[pd.Series, float] | None = None,
) -> Layout:
    """
    Put a question with seats to the siting engine.

    Parameters
    ----------
    county : County
        The base.
    question : Question
        What is asked.
    asked : Asked
        Its rows and columns.
    edits : sequence of Edit
        What is changed before.
    cancel : callable, optional
        True stops the search.
    evenness : tuple of (pandas.Series, float), optional
        What each school has of a resource, by code (NA = not judged), and the largest coefficient of variation; children
        from across the county line count among its pupils.

    Returns
    -------
    Layout
        The answer; without sites where there is none.
    """
    if question.new == 0:
        asked = _without_candidates(asked)
    n, n_sites = asked.n_fixed, len(asked.sites)
    has_margin = bool(county.cells["in_margin"].any())
    base = evaluate(county, question.stage, edits) if question.weighs_money or has_margin else None
    notes: list[Message] = []
    seats, taken = seats_to_be_had(county, question, asked, base, notes)
    pieces = uncut(asked)
    if question.weighs_money:
        assert base is not None  # noqa: S101 - narrows the type
        pieces = cut_by_school(county, asked, base, whole=question.whole)
    cost, unit = _cost(county, question, asked, pieces, notes)
    may_close: list[str] = []
    blocked: dict[str, Message] = {}
    if question.close:
        closing = _closing(county, question, asked, pieces, edits)
        may_close = _may_close(question, closing, county)
        ways = _within(county, question, asked, n_sites)
        blocked = closure_gate(closing, county.pack, may_close)
        held = _kept_within(cost, closing, ways, pieces, passed=set(may_close) - set(blocked))
        # Whether the other schools have seats is asked of those that pass the rest, over ways within the limit.
        closing = replace(closing, unseated=_unseated(question, asked, pieces, held, seats))
        blocked = closure_gate(closing, county.pack, may_close)
        cost = _kept_within(cost, closing, ways, pieces, passed=set(may_close) - set(blocked))
        notes += _gate_notes(county, question, asked, may_close, blocked)
    money = county.project.costs
    years = money.building_years or BUILDING_YEARS
    is_new = np.arange(n_sites) >= n
    size = question.seats or default_seats(county, question.stage)
    spend = np.where(is_new, (money.build_per_seat or 0.0) * size, 0.0)
    running = (money.running_per_school or 0.0) * question.weighs_money
    options = larger_sizes(county, question, asked, taken, years)
    build = spend / years if question.weighs_money else np.zeros(n_sites)
    dearest_school = running + max([*build, *(option.build_cost for option in options)], default=0.0)
    unserved = _price_of_no_seat(question, pieces, cost, dearest_school, notes)
    columns = {str(code): column for column, code in enumerate(asked.sites.index)}
    solve: Callable[..., siting.Proposal] = siting.capacitated
    if evenness is not None:
        held = evenness[0].reindex(asked.sites.index).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        solve = partial(siting.capacitated_evenly, resources=held, max_cv=evenness[1], also=taken)
    elif question.whole:
        solve = partial(siting.capacitated, single_source=True)
    proposal = solve(
        cost,
        pieces.pupils,
        seats,
        p=_most_new(question, float(spend[n:].max(initial=0.0))),
        build_cost=build,
        running_cost=running,
        spend=spend if question.budget is not None else None,
        budget=question.budget,
        fixed=range(n),
        closable=[columns[code] for code in may_close],
        min_pupils=question.min_pupils,
        unserved_cost=unserved,
        time_limit_s=question.time_limit_s,
        options=options,
        blocked={columns[code]: clause for code, clause in blocked.items()},
        cancel=cancel,
    )
    after_seats = asked.sites["seats"].astype("Int64").copy()
    after_seats.iloc[n:] = size
    enlarged = []
    seats = seats.copy()
    for column, option in proposal.sizes:
        seats[column] = options[option].seats
        enlarged.append(str(asked.sites.index[column]))
        after_seats.iloc[column] = int(options[option].seats + taken[column])
    moves = pd.DataFrame(columns=MOVE_COLUMNS)
    if proposal.allocation is not None:
        moves = moves_of(
            pieces, proposal.allocation.flows, np.array(proposal.closed, dtype=np.int64), asked.sites.index
        )
    return Layout(
        proposal=proposal,
        unit=unit,
        asked=asked,
        pieces=pieces,
        cost=cost,
        to_be_had=seats,
        seats=after_seats,
        enlarged=tuple(enlarged),
        moves=moves,
        blocked=blocked,
        notes=tuple(notes),
    )


def _without_candidates(asked: Asked) -> Asked:
    return replace(
        asked,
        distance_m=asked.distance_m[:, : asked.n_fixed],
        time_min=asked.time_min[:, : asked.n_fixed],
        sites=asked.sites.iloc[: asked.n_fixed],
    )


def _cost(
    county: County, question: Question, asked: Asked, pieces: Pieces, notes: list[Message]
) -> tuple[NDArray[np.float32], str]:
    """Give each piece's cost to each site, a fresh table, and the unit of the objective."""
    if not question.weighs_money:
        if county.project.mode_of(question.stage) == "walk":
            return asked.distance_m[pieces.row], "pupil-m"
        return asked.time_min[pieces.row], "pupil-min"
    money = county.project.costs
    rate, years = money.yuan_per_pupil_km or YUAN_PER_PUPIL_KM, money.building_years or BUILDING_YEARS
    notes.append(
        msg("Ways are weighed against money: one kilometre of a pupil's way counts as {rate:g} yuan a year, set in the project.", rate=rate)
        if money.yuan_per_pupil_km is not None
        else msg(
            "Ways are weighed against money: one kilometre of a pupil's way counts as {rate:g} yuan a year, a default of this "
            "tool and no rule (costs.yuan_per_pupil_km).",
            rate=rate,
        )
    )  # fmt: skip
    notes.append(
        msg("Building is spread over {years:g} years, set in the project.", years=years)
        if money.building_years is not None
        else msg(
            "Building is spread over {years:g} years, a default of this tool and no rule (costs.building_years).",
            years=years,
        )
    )
    cost: NDArray[np.float32] = asked.distance_m[pieces.row] * np.float32(rate / 1000)
    return cost, "yuan/year"


def _most_new(question: Question, price: float) -> int | None:
    """Say how many new schools there may be at most: no more than the budget pays for, since all cost the same."""
    if question.budget is None or price <= 0:
        return question.new
    affordable = int(question.budget * (1 + 1e-9) // price)
    return affordable if question.new is None else min(question.new, affordable)


def _price_of_no_seat(
    question: Question, pieces: Pieces, cost: NDArray[np.float32], dearest_school: float, notes: list[Message]
) -> float | None:
    """Price a pupil without a seat, above whatever ways and schools could save; None where nobody may be without one."""
    reached = np.isfinite(cost)
    longest = float(cost[reached].max(initial=1.0))
    if not question.weighs_money:
        price = UNSERVED_WAYS * longest
        notes.append(
            msg(
                "A pupil without a seat counts as {cost:.0f}, ten times the longest way, so that seats come first.",
                cost=price,
            )
        )
        return price
    if not pieces.pupils[reached.any(axis=1) & (pieces.school < 0)].any():
        notes.append(msg("Every pupil in reach has a seat today, and keeps one in any answer."))
        return None
    price = UNSERVED_WAYS * longest + dearest_school
    notes.append(
        msg(
            "A pupil without a seat counts as {cost:.0f} yuan a year, more than a school costs, so that seats come first.",
            cost=price,
        )
    )
    return price


def _within(county: County, question: Question, asked: Asked, n_sites: int) -> NDArray[np.bool_]:
    """Mark the ways of the question's rows that keep the limit of their band."""
    within = np.zeros((len(asked.pupils), n_sites), dtype=bool)
    for band in BANDS[question.stage]:
        limit = limit_of_question(question.limit, county.project, county.pack, band)
        rows = asked.bands == band
        within[rows] = limit.within(asked.time_min[rows, :n_sites], asked.distance_m[rows, :n_sites])
    return within


def _closing(county: County, question: Question, asked: Asked, pieces: Pieces, edits: Sequence[Edit]) -> Closing:
    """Lay out schools and pupils for the closure gate."""
    n = asked.n_fixed
    now = stage_sites(county, question.stage, edits)
    known = county.schools.reindex(now.index)
    schools = pd.DataFrame(
        {
            "kind": now["kind"],
            "township": now["township"],
            "ownership": now["ownership"],
            "in_margin": now["in_margin"].astype(bool),
            "is_new": now["is_new"].astype(bool),
            "protected": known["protected"].fillna(False).astype(bool),
            "beds": known["beds"],
            "boarders": known["boarders"],
        }
    )
    return Closing(
        stage=question.stage,
        schools=schools,
        school=pieces.school,
        band=asked.bands[pieces.row],
        pupils=pieces.pupils,
        within=_within(county, question, asked, n)[pieces.row],
        limits={
            band: limit_of_question(question.limit, county.project, county.pack, band) for band in BANDS[question.stage]
        },
        exceptions=question.exceptions,
        places=lambda flows: listed(place_names(county, asked.cells[pieces.row[flows]])),
        answers=question.gate_answers,
    )


def _may_close(question: Question, closing: Closing, county: County) -> list[str]:
    """List the schools that the question would close if the gate let it; a school of the scenario is not one of them."""
    schools = closing.schools
    if isinstance(question.close, tuple):
        wanted = [code for code in question.close if code in schools.index]
    else:
        wanted = [str(code) for code in schools.index[~schools["is_new"] & ~schools["in_margin"]]]
    return [code for code in wanted if code not in question.keep]


def _unseated(
    question: Question, asked: Asked, pieces: Pieces, cost: NDArray[np.float32], seats: NDArray[np.float64]
) -> Callable[[int], int]:
    """Count who would find no seat without a school; where seats may be added, the engine sees to it."""
    n = asked.n_fixed
    if question.new != 0 or question.enlarge is not None:
        return lambda school: 0
    now = int(allocate(cost[:, :n], pieces.pupils, seats[:n]).unserved.sum())

    def without(school: int) -> int:
        left = seats[:n].copy()
        left[school] = 0
        return int(allocate(cost[:, :n], pieces.pupils, left).unserved.sum()) - now

    return without


def _kept_within(
    cost: NDArray[np.float32], closing: Closing, ways: NDArray[np.bool_], pieces: Pieces, *, passed: set[str]
) -> NDArray[np.float32]:
    """
    Take away the ways beyond the limit from the pupils who go to school within it today.

    So the closures together keep what the gate asks of each by itself. Exempt are the few of a school that the gate has
    let pass; ``ways`` marks, by row and site, which keep the limit.
    """
    seated = np.maximum(pieces.school, 0)
    goes_within = (pieces.school >= 0) & closing.within[np.arange(len(seated)), seated]
    exempt = pupils_left_without(closing) & closing.schools.index.isin(list(passed))[seated]
    held = goes_within & ~exempt
    return np.where(held[:, None] & ~ways[pieces.row], np.float32(np.inf), cost)


def _gate_notes(
    county: County, question: Question, asked: Asked, may_close: Sequence[str], blocked: Mapping[str, Message]
) -> list[Message]:
    """Say how many schools the gate keeps open, by which clause, and what people still have to answer."""
    notes = [
        msg(
            "{n} of {asked} schools that the question might close stay open by the closure gate.",
            n=len(blocked),
            asked=len(may_close),
        )
    ]
    by_rule: dict[str, list[str]] = {}
    for code, clause in blocked.items():
        by_rule.setdefault(str(clause.params["rule"]), []).append(code)
    notes += [
        msg(
            "Not to be closed: {rule} ({source}): {schools}.",
            rule=blocked[codes[0]].params["rule"],
            source=blocked[codes[0]].params["source"],
            schools=listed([str(asked.sites.at[code, "name"]) or code for code in codes]),
        )
        for codes in by_rule.values()
    ]
    if question.exceptions:
        notes.append(
            msg(
                "Up to {n} pupils of a closed school may end up beyond their limit: transport must be laid on for them.",
                n=question.exceptions,
            )
        )
    notes += [
        msg(
            "Before any closure people must make sure that this does not hold: {rule} ({source}).",
            rule=gate.title.message(),
            source=cited(county.pack, gate),
        )
        for gate in open_conditions(county.pack, question.stage)
        if any(gate.id not in question.gate_answers.get(code, {}) for code in may_close if code not in blocked)
    ]
    return notes

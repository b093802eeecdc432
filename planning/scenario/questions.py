"""From a question of the project to an answer: the right costs to the right model, and the answer's effect."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import siting
from planning.errors import Message, msg
from planning.scenario.asking import check_questions, check_room, check_schools
from planning.scenario.balance_ceiling import BalanceKept, answer_in_balance
from planning.scenario.boarding import answer_boarding
from planning.scenario.bus_lines import LINE_COLUMNS
from planning.scenario.choices import CURVE_COLUMNS, PLAN_COLUMNS, DayQuestion, other_plans, solve_curve
from planning.scenario.edits import Edit, NewSchool
from planning.scenario.evaluate import StageState, evaluate
from planning.scenario.layout_question import solve_layout_question
from planning.scenario.layout_sites import layout_edits, layout_sites
from planning.scenario.limits import limit_of_question
from planning.scenario.naming import explained, listed, place_names
from planning.scenario.phases import no_phases, plan_by_year
from planning.scenario.pieces import MOVE_COLUMNS
from planning.scenario.proposals import Asked, ask, describe_sites, no_sites
from planning.scenario.reasons import with_reasons
from planning.scenario.stage_sites import stage_sites
from planning.scenario.steps import Follow, Teller
from planning.scenario.trade_off import WAY_COLUMNS, weigh_ways
from planning.scenario.years import county_asked_of
from planning.stages import BANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.config import Question
    from planning.scenario.county import County

__all__ = ["Answer", "Blocked", "answer"]

_MEASURING = msg("Measuring the ways to all possible places")
_LOOKING = msg("Looking for the best places")
_EFFECT = msg("Measuring what the answer means for every pupil")


@dataclass(frozen=True)
class Blocked:
    """
    A school that the closure gate keeps open.

    Parameters
    ----------
    school_id : str
        Its code.
    clause : Message
        The clause, its source, and what was found.
    """

    school_id: str
    clause: Message


@dataclass(frozen=True)
class Answer:
    """
    The answer to one question.

    Parameters
    ----------
    question : Question
        The question.
    proposal : Proposal
        What the siting engine found, with objective, bound, gap and stop reason.
    unit : str
        Unit of the objective.
    sites : geopandas.GeoDataFrame
        Proposed sites, indexed by ``site_id``, columns ``SITE_COLUMNS`` and the point.
    edits : tuple of Edit
        The proposal as edits, so that it can be taken into a scenario.
    after : StageState or None
        What it means for every child; None where there is no answer.
    notes : tuple of Message
        Reasons and reservations.
    seconds : float
        Time taken, costs included [s].
    moves : pandas.DataFrame
        Where the pupils of closed schools go: ``closed, receiver, pupils``, codes of schools.
    blocked : tuple of Blocked
        Schools that the question might have closed, and that the closure gate keeps open.
    curve : pandas.DataFrame
        What other numbers of new schools, or budgets, would bring, where the question asks for it: ``CURVE_COLUMNS``.
    plans : pandas.DataFrame
        Other plans nearly as good, where the question asks for them: ``PLAN_COLUMNS``.
    ways : pandas.DataFrame
        Boarding, school bus and teaching points for the same pupils, of a question about boarding: ``WAY_COLUMNS``.
    lines : pandas.DataFrame
        The stops of its school buses, and the homes that none serves: ``LINE_COLUMNS``.
    year : int or None
        Year whose pupils were asked about, the last one of a plan by year; None for today's.
    before : StageState or None
        How it would be in that year without the answer; None for today's, whose state stands with the run.
    balance : BalanceKept or None
        The coefficient of variation before and after, where the question sets a ceiling to it.
    phases : pandas.DataFrame
        What opens when, of a plan by year: ``PHASE_COLUMNS``.
    """

    question: Question
    proposal: siting.Proposal
    unit: str
    sites: gpd.GeoDataFrame
    edits: tuple[Edit, ...]
    after: StageState | None
    notes: tuple[Message, ...]
    seconds: float
    moves: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=MOVE_COLUMNS))
    blocked: tuple[Blocked, ...] = ()
    curve: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CURVE_COLUMNS)))
    plans: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(PLAN_COLUMNS)))
    ways: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(WAY_COLUMNS)))
    lines: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LINE_COLUMNS)))
    year: int | None = None
    before: StageState | None = None
    balance: BalanceKept | None = None
    phases: pd.DataFrame = field(default_factory=no_phases)


def answer(
    county: County,
    question: Question,
    *,
    edits: Sequence[Edit] = (),
    cancel: Callable[[], bool] | None = None,
    follow: Follow | None = None,
) -> Answer:
    """
    Answer one question on a county.

    Parameters
    ----------
    county : County
        The base; a question with a year is asked of the same county with the pupils of that year.
    question : Question
        What is asked.
    edits : sequence of Edit
        What is changed before it is asked.
    cancel : callable, optional
        Asked now and then; True stops the search.
    follow : callable, optional
        Hears what is being done, the best value so far and the bound.

    Returns
    -------
    Answer
        Proposal with proof, its sites, and its effect.

    Raises
    ------
    ConfigError
        If the question lacks what its model needs, or the children of its year are not known.
    """
    started = time.perf_counter()
    check_questions([question], county.project, county.pack)
    now = stage_sites(county, question.stage, edits)["kind"]
    others = county.schools.loc[county.schools["status"] == "open", "kind"]
    check_schools([question], county.project, pd.concat([now, others[~others.index.isin(now.index)]]))
    teller = Teller(follow, cancel)
    if question.model == "phases":
        return _answer_phases(county, question, edits, teller, started=started)
    if question.year is None:
        return _answer_of(county, question, edits, teller, today=county, started=started)
    teller.doing(msg("Counting the pupils of {year}", year=question.year))
    then, told = county_asked_of(county, question)
    before = evaluate(then, question.stage, edits)
    found = _answer_of(then, question, edits, teller, today=county, started=started)
    return replace(found, year=question.year, before=before, notes=(*told, *found.notes))


def _answer_of(
    county: County,
    question: Question,
    edits: Sequence[Edit],
    teller: Teller,
    *,
    today: County,
    started: float,
) -> Answer:
    """Answer a question on the county that it is about, with the model it names."""
    if question.model == "capacitated":
        return _answer_layout(county, question, edits, teller, today=today, started=started)
    if question.model != "boarding":
        return _answer_day(county, question, edits, teller, started=started)
    teller.doing(_MEASURING)
    watch = teller.search(_LOOKING, "pupil-minutes/week")
    proposal, sites, new, after, notes = answer_boarding(county, question, edits=edits, cancel=watch)
    teller.doing(msg("Comparing boarding, school bus and teaching points"))
    ways, lines = weigh_ways(county, question, edits=edits, cancel=teller.cancel)
    return Answer(
        question,
        proposal,
        "pupil-minutes/week",
        sites,
        new,
        after,
        (*proposal.explanation, *notes),
        time.perf_counter() - started,
        ways=ways,
        lines=lines,
    )


def _answer_day(
    county: County,
    question: Question,
    edits: Sequence[Edit],
    teller: Teller,
    *,
    started: float,
) -> Answer:
    """Answer a question whose pupils go home every day."""
    teller.doing(_MEASURING)
    cancel = teller.cancel
    asked = ask(county, question.stage, edits)
    check_room([question], county.project, len(asked.sites) - asked.n_fixed)
    new_sites = question.new or 0
    mode = county.project.mode_of(question.stage)
    notes: list[Message] = []
    fixed, limit_s = range(asked.n_fixed), question.time_limit_s
    cost = asked.distance_m if mode == "walk" else asked.time_min
    unit = "pupil-m" if mode == "walk" else "pupil-min"
    seats: int | None = question.seats
    everyone = asked.pupils
    of_limit, has_limit = _share_of_limit(county, question, asked)
    used, reason_unit, within = cost, unit, None  # what a site is for is told in ways, or in pupils within the limit
    if question.model == "p_median":
        watch = teller.search(_LOOKING, unit)
        proposal = siting.p_median(cost, asked.pupils, new_sites, fixed=fixed, time_limit_s=limit_s, cancel=watch)
    elif question.model == "p_center":
        unit, used, reason_unit = "min", asked.time_min, "pupil-min"
        watch = teller.search(_LOOKING, unit)
        proposal = siting.p_center(
            asked.time_min, asked.pupils, new_sites, fixed=fixed, time_limit_s=limit_s, cancel=watch
        )
    elif question.model == "max_coverage":
        unit, used = "pupils", of_limit
        reason_unit, within = "pupils", 1.0
        watch = teller.search(_LOOKING, unit, largest=True)
        proposal = siting.max_coverage(
            used, asked.pupils, new_sites, 1.0, fixed=fixed, time_limit_s=limit_s, cancel=watch
        )
    else:
        unit, used = "schools", of_limit
        reason_unit, within = "pupils", 1.0
        asked, notes = _without_the_far(county, asked, used)
        watch = teller.search(_LOOKING, unit)
        proposal = siting.set_cover(
            used, asked.pupils, 1.0, share=question.share, fixed=fixed, time_limit_s=limit_s, cancel=watch
        )
    proposal = _explained(proposal, county, asked)
    day = DayQuestion(asked, used, within, of_limit, unit, everyone)
    if question.frontier is not None:
        teller.doing(msg("Working out what more or fewer schools would bring"))
    curve = solve_curve(
        county, question, day, proposal, has_limit=has_limit, cancel=cancel
    )  # it may say how many are enough
    if proposal.status == "infeasible" or not math.isfinite(proposal.objective):
        notes = [*proposal.explanation, *notes]
        seconds = time.perf_counter() - started
        return Answer(question, proposal, unit, no_sites(county), (), None, tuple(notes), seconds, curve=curve)
    teller.doing(_EFFECT)
    chosen = asked.sites.iloc[list(proposal.sites)]
    new = tuple(
        NewSchool(str(site_id), row.name_, row.geometry.x, row.geometry.y, question.stage, seats, row.kind)
        for site_id, row in zip(chosen.index, chosen.rename(columns={"name": "name_"}).itertuples(), strict=True)
    )
    after = evaluate(county, question.stage, (*edits, *new))
    if seats is None:
        # The question left the size open: the school is proposed as large as the pupils who come, so that a layout that
        # takes the proposal over has no school of unknown size. One that nobody comes to has no size to propose.
        new = tuple(replace(school, seats=int(after.load[school.site_id]) or None) for school in new)
        after = evaluate(county, question.stage, (*edits, *new))
    gained = after.load - after.load_from_margin
    sites = describe_sites(county, question, proposal, chosen, gained, seats=seats, beds=None, kind="new")
    sites = with_reasons(
        sites,
        proposal,
        asked.sites,
        used,
        asked.pupils,
        fixed=fixed,
        unit=reason_unit,
        limit=within,
        measure="travel" if within is None else "coverage",
    )
    if question.alternatives is not None:
        teller.doing(msg("Looking for other plans nearly as good"))
    plans, told = other_plans(question, day, proposal, has_limit=has_limit, cancel=cancel)
    return Answer(
        question,
        proposal,
        unit,
        sites,
        new,
        after,
        (*proposal.explanation, *notes, *told),
        time.perf_counter() - started,
        curve=curve,
        plans=plans,
    )


def _answer_layout(
    county: County,
    question: Question,
    edits: Sequence[Edit],
    teller: Teller,
    *,
    today: County,
    started: float,
) -> Answer:
    """Answer the question with seats: what to build, enlarge and close."""
    teller.doing(_MEASURING)
    asked = ask(county, question.stage, edits)
    unit = "pupil-m" if county.project.mode_of(question.stage) == "walk" else "pupil-min"
    doing = msg("Checking which schools may close, and looking for the best places") if question.close else _LOOKING
    watch = teller.search(doing, "yuan/year" if question.weighs_money else unit)
    sites, after, balance = no_sites(county), None, None
    new: tuple[Edit, ...] = ()
    told: tuple[Message, ...] = ()
    if question.balance is None:
        layout = solve_layout_question(county, question, asked, edits=edits, cancel=watch)
    else:
        layout, new, after, balance, told = answer_in_balance(
            county, question, asked, today=today, edits=edits, cancel=watch
        )
    proposal = _explained(layout.proposal, county, layout.asked, layout.pieces.row)
    if proposal.status != "infeasible" and math.isfinite(proposal.objective):
        teller.doing(_EFFECT)
        new = new if after is not None else layout_edits(question, layout)
        sites = with_reasons(
            layout_sites(county, question, layout),
            proposal,
            layout.asked.sites,
            layout.cost,
            layout.pieces.pupils,
            fixed=range(layout.asked.n_fixed),
            unit=layout.unit,
            seats=layout.to_be_had,
        )
        after = after if after is not None else evaluate(county, question.stage, (*edits, *new))
    return Answer(
        question,
        proposal,
        layout.unit,
        sites,
        new,
        after,
        (*told, *proposal.explanation, *layout.notes),
        time.perf_counter() - started,
        balance=balance,
        moves=layout.moves,
        blocked=tuple(Blocked(code, clause) for code, clause in layout.blocked.items()),
    )


def _answer_phases(
    county: County, question: Question, edits: Sequence[Edit], teller: Teller, *, started: float
) -> Answer:
    """Answer the question about years: what opens when."""
    found = plan_by_year(county, question, edits=edits, teller=teller)
    proposal = _explained(found.proposal, found.county, found.asked)
    year = county.project.year_of(question)
    return Answer(
        question,
        proposal,
        found.unit,
        found.sites,
        found.edits,
        found.after,
        (*proposal.explanation, *found.notes),
        time.perf_counter() - started,
        year=year,
        before=None if year is None else evaluate(found.county, question.stage, edits),
        phases=found.phases,
    )


def _explained(
    proposal: siting.Proposal, county: County, asked: Asked, rows: NDArray[np.int64] | slice = slice(None)
) -> siting.Proposal:
    """Put the names of places and schools into the engine's reasons; ``rows`` are those the engine was shown."""
    return explained(
        proposal,
        county,
        cells=asked.cells[rows],
        bands=list(asked.bands[rows]),
        sites=[name or str(site_id) for site_id, name in asked.sites["name"].items()],
    )


def _without_the_far(county: County, asked: Asked, used: NDArray[np.float32]) -> tuple[Asked, list[Message]]:
    """Leave out, by name, the pupils whom no place can bring within the limit; the share is asked of the others."""
    nearest = used.min(axis=1, initial=np.inf)
    far = (asked.pupils > 0) & (nearest > 1) & np.isfinite(nearest)
    if not far.any():
        return asked, []
    told = msg(
        "{n} pupils live beyond the limit of every school and candidate and are left out of the question: {places}.",
        n=int(asked.pupils[far].sum()),
        places=listed(sorted(place_names(county, asked.cells[far]))),
    )
    return replace(asked, pupils=np.where(far, 0, asked.pupils)), [told]


def _share_of_limit(county: County, question: Question, asked: Asked) -> tuple[NDArray[np.float32], bool]:
    """Measure each way by the limit of its own band, so that one limit of 1 stands for all bands; say if any band has one."""
    used = np.empty_like(asked.time_min)
    has_limit = False
    for band in BANDS[question.stage]:
        limit = limit_of_question(question.limit, county.project, county.pack, band)
        rows = asked.bands == band
        used[rows] = limit.share_used(asked.time_min[rows], asked.distance_m[rows])
        has_limit |= limit.is_set
    return used, has_limit

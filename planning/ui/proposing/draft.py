"""The question that a planner is putting together, before it is asked; kept in the session, not in widgets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import ValidationError

from planning.config import Alternatives, Frontier, Limit, Question
from planning.errors import Message, msg

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.edits import Edit
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer

__all__ = ["CURVED", "MODELS", "WITH_OTHERS", "Draft", "draft_from", "faults_of", "question_of", "small_schools"]

MODELS = ("p_median", "max_coverage", "set_cover", "p_center", "capacitated", "boarding", "phases")
#: Models that have a curve over the number of new schools, and those that know other plans nearly as good.
CURVED = ("p_median", "max_coverage", "p_center")
WITH_OTHERS = ("p_median", "max_coverage", "set_cover")
CloseChoice = Literal["none", "small", "except", "chosen"]
#: What the form shows, or is asked only at a click of its own.
_SHOWN = {"limit", "frontier", "alternatives", "close", "keep", "exceptions", "enlarge", "gate_answers"}
_YUAN = 10_000  # money is asked for in tens of thousands, as county bureaus write it


@dataclass
class Draft:
    """A question being put together, and what its answer's reader has chosen."""

    start: str = ""
    model: str = "p_median"
    year: int = 0  # 0: the children of today; a list of choices cannot hold None
    births: str = "middle"
    new: int | None = 3
    years: tuple[str, ...] = ()
    new_by_year: int | None = 1
    budget_by_year: dict[str, float] = field(default_factory=dict)
    """Money of each year [10,000 yuan]; a year that is not there has no limit, where none is."""
    carry_over: bool = False
    budget: float | None = None
    share_percent: float = 100.0
    seats: int | None = None
    beds: int | None = 600
    own_limit: bool = False
    limit_km: float | None = None
    limit_min: float | None = None
    close: CloseChoice = "none"
    small: int = 60
    schools: tuple[str, ...] = ()
    exceptions: int = 0
    enlarge: bool = False
    whole: bool = False
    min_pupils: int | None = None
    others: bool = False
    most: int = 8
    time_limit_s: int = 60
    gate_answers: dict[str, dict[str, bool]] = field(default_factory=dict)
    origin: Question | None = None
    """The question it began with: what the form does not show is asked as it stands there."""
    # of the answer
    asked_edits: tuple[Edit, ...] = ()
    left_out: set[str] = field(default_factory=set)
    last: tuple[Answer, tuple[Edit, ...], set[str]] | None = None
    curve: pd.DataFrame | None = None
    curve_of: str = ""
    view: str = "reasons"


def draft_from(question: Question) -> Draft:
    """Begin with a question of the project; what was chosen of the last answer is forgotten."""
    close: CloseChoice = "none"
    schools: tuple[str, ...] = ()
    if isinstance(question.close, tuple):
        close, schools = "chosen", question.close
    elif question.close:
        close, schools = "except", question.keep
    limit = question.limit
    return dataclasses.replace(
        Draft(),
        start=question.name,
        model=question.model,
        year=question.year or 0,
        births=question.births,
        new=question.new,
        years=tuple(str(year) for year in question.years or ()),
        new_by_year=question.new_by_year[0] if question.new_by_year else None,
        budget_by_year=_by_year(question),
        carry_over=question.carry_over,
        origin=question,
        budget=None if question.budget is None else question.budget / _YUAN,
        share_percent=question.share * 100,
        seats=question.seats,
        beds=question.beds,
        own_limit=limit is not None,
        limit_km=None if limit is None or limit.distance_m is None else limit.distance_m / 1000,
        limit_min=None if limit is None else limit.time_min,
        close=close,
        schools=schools,
        exceptions=question.exceptions,
        enlarge=question.enlarge is not None,
        whole=question.whole,
        min_pupils=None if question.min_pupils is None else int(question.min_pupils),
        others=question.alternatives is not None,
        time_limit_s=max(1, int(question.time_limit_s)),
        gate_answers=question.gate_answers,
    )


def _by_year(question: Question) -> dict[str, float]:
    """Give the money of each year."""
    years, sums = question.years or (), question.budget_by_year or ()
    each = sums * len(years) if len(sums) == 1 else sums
    return {str(year): money / _YUAN for year, money in zip(years, each, strict=False)}


def small_schools(base: StageState, at_most: int) -> tuple[str, ...]:
    """List the schools of a stage that have pupils, but no more than so many."""
    there = base.load.reindex(base.sites.index).fillna(0)
    small = (there > 0) & (there <= at_most) & ~base.sites["is_new"].astype(bool)
    if "in_margin" in base.sites:
        small &= ~base.sites["in_margin"].astype(bool)
    return tuple(str(code) for code in base.sites.index[small])


def question_of(draft: Draft, stage: str, name: str, base: StageState, *, curve: bool = False) -> Question | Message:
    """Put the question together; or say in words why that cannot be."""
    model = draft.model
    missing = _missing(draft)
    if missing is not None:
        return missing
    origin = (
        draft.origin
        if draft.origin is not None and (draft.origin.model, draft.origin.stage) == (model, stage)
        else None
    )
    kept = {} if origin is None else {key: getattr(origin, key) for key in origin.model_fields_set - _SHOWN}
    asked: dict[str, object] = {**kept, "name": name[:80], "stage": stage, "model": model}
    asked["year"] = draft.year or None if model != "phases" else None
    asked |= {"births": draft.births, "time_limit_s": float(draft.time_limit_s)}
    if draft.own_limit:
        distance_m = None if draft.limit_km is None else draft.limit_km * 1000
        asked["limit"] = Limit(time_min=draft.limit_min, distance_m=distance_m)
    if model not in ("set_cover", "phases"):
        asked["new"] = draft.new
    if model == "phases":
        asked |= _year_keys(draft, origin)
    asked |= {key: value for key, (value, models) in _own_keys(draft, origin).items() if model in models}
    if model == "capacitated":
        asked |= _layout_keys(draft, base)
        if draft.enlarge and origin is not None and origin.enlarge is not None:
            asked["enlarge"] = origin.enlarge
        if asked["close"] == ():
            return msg("No school may be closed as the question stands: choose some, or let none be closed.")
    if curve and model in CURVED:
        numbers = tuple(range(max(draft.most, draft.new or 0) + 1))
        known = None if origin is None else origin.frontier
        asked["frontier"] = known or Frontier(new=numbers, time_limit_s=min(30.0, float(draft.time_limit_s)))
    try:
        return Question.model_validate(asked)
    except ValidationError as error:
        return _fault(error)


def _missing(draft: Draft) -> Message | None:
    """Say what is not filled in."""
    if draft.own_limit and draft.limit_km is None and draft.limit_min is None:
        return msg("Write how far or how long the way may be, or take the standard's limit.")
    if draft.model in (*CURVED, "boarding") and draft.new is None:
        return msg("Write how many new schools there should be.")
    if draft.model == "phases":
        if not draft.years:
            return msg("Choose the years in which schools may open.")
        given = [year for year in draft.years if year in draft.budget_by_year]
        if not given and draft.new_by_year is None:
            return msg("Write how many schools may open in a year, or how much money each year has.")
        if given and len(given) < len(draft.years):
            return msg("Write the money of every year, 0 where there is none, or of no year.")
    return None


def _year_keys(draft: Draft, origin: Question | None) -> dict[str, object]:
    """Say what may be built in which year; numbers that differ by year stay as the project's question has them."""
    years = sorted(int(year) for year in draft.years)
    sums = [draft.budget_by_year[str(year)] * _YUAN for year in years if str(year) in draft.budget_by_year]
    new: object = draft.new_by_year
    if origin is not None and origin.new_by_year and origin.years == tuple(years):
        new = origin.new_by_year if origin.new_by_year[0] == draft.new_by_year else new
    return {
        "years": years,
        "new_by_year": new,
        "budget_by_year": sums or None,
        "carry_over": draft.carry_over and bool(sums),
    }


def _own_keys(draft: Draft, origin: Question | None) -> dict[str, tuple[object, tuple[str, ...]]]:
    """List what only some models are asked, with those models."""
    others = None
    if draft.others:
        known = None if origin is None else origin.alternatives
        others = known or Alternatives(time_limit_s=min(20.0, float(draft.time_limit_s)))
    return {
        "seats": (draft.seats, ("p_median", "p_center", "capacitated", "phases")),
        "share": (draft.share_percent / 100, ("set_cover",)),
        "beds": (draft.beds, ("boarding",)),
        "alternatives": (others, WITH_OTHERS),
    }


def _fault(error: ValidationError) -> Message:
    """Put what the schema refuses into words."""
    first = error.errors()[0]
    problem = first.get("ctx", {}).get("error")
    found = problem.args[0] if isinstance(problem, ValueError) and problem.args else None
    return found if isinstance(found, Message) else msg("The question cannot be asked: {why}", why=first["msg"])


def _layout_keys(draft: Draft, base: StageState) -> dict[str, object]:
    """Say what may be built, enlarged and closed."""
    close: bool | tuple[str, ...] = False
    keep: tuple[str, ...] = ()
    there = set(base.sites.index.astype(str))
    named = tuple(code for code in draft.schools if code in there)
    if draft.close == "small":
        close = small_schools(base, draft.small)
    elif draft.close == "chosen":
        close = named
    elif draft.close == "except":
        close, keep = True, named
    may_close = set(close) if isinstance(close, tuple) else there if close else set()
    return {
        "budget": None if draft.budget is None else draft.budget * _YUAN,
        "close": close,
        "keep": keep,
        "exceptions": draft.exceptions if close else 0,
        "gate_answers": {
            code: answers for code, answers in draft.gate_answers.items() if code in may_close - set(keep)
        },
        "enlarge": draft.enlarge,
        "whole": draft.whole,
        "min_pupils": draft.min_pupils,
    }


def faults_of(question: Question, county: County) -> list[Message]:
    """Say what the county lacks to be asked this."""
    from planning.scenario.asking import question_faults

    return question_faults(question, county.project, county.pack)

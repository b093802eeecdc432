"""
A layout question under a ceiling on a coefficient of variation, measured as the inspection measures it.

The engine says how many pupils each school may have. Pupils go to the cheapest school that has a place, so that the plan is
carried out by places: a school that more pupils would choose than the plan sends there takes no more than those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning import siting
from planning.compliance.balance import EVALUATED_STAGES, TOTALS, school_parts
from planning.errors import ConfigError, Message, msg
from planning.i18n.terms import TERMS
from planning.scenario.compliance import schools_of
from planning.scenario.edits import Edit, SetSeats
from planning.scenario.evaluate import StageState, evaluate
from planning.scenario.layout_question import Layout, solve_layout_question
from planning.scenario.layout_sites import layout_edits
from planning.scenario.naming import listed

if TYPE_CHECKING:
    from planning.config import Question
    from planning.scenario.county import County
    from planning.scenario.proposals import Asked

__all__ = ["BalanceKept", "answer_in_balance"]

_ROUNDS = 12  # of adding places to the plan
_TRIES = 3  # with a lower ceiling, where what the engine does not see (the county line, shared schools) lifts the coefficient
_NEARLY = 1 + 1e-9


@dataclass(frozen=True)
class BalanceKept:
    """
    The coefficient of variation that a question sets a ceiling to.

    Parameters
    ----------
    indicator : str
        What the schools have.
    before, after : float
        Coefficient without the answer and with it [1]; NaN where there is no answer.
    ceiling : float
        The largest that was allowed [1].
    path : str
        Rule that sets the ceiling; empty where the question does.
    missing : tuple of str
        Codes of the evaluated schools whose number is not known: they are not judged.
    planned : tuple of str
        Codes of the schools whose places the plan limits.
    """

    indicator: str
    before: float
    after: float
    ceiling: float
    path: str
    missing: tuple[str, ...]
    planned: tuple[str, ...] = ()


def answer_in_balance(
    county: County,
    question: Question,
    asked: Asked,
    *,
    today: County,
    edits: Sequence[Edit] = (),
    cancel: Callable[[], bool] | None = None,
) -> tuple[Layout, tuple[Edit, ...], StageState | None, BalanceKept, tuple[Message, ...]]:
    """
    Answer a layout question whose schools must not differ too much.

    Parameters
    ----------
    county : County
        The county that is asked about.
    question : Question
        With ``balance``.
    asked : Asked
        Its rows and columns.
    today : County
        The county as it is today: the pupils of other stages are its.
    edits : sequence of Edit
        What is changed before.
    cancel : callable, optional
        True stops the search.

    Returns
    -------
    tuple of (Layout, tuple of Edit, StageState or None, BalanceKept, tuple of Message)
        The layout, its edits with the places of the plan, what it means, the coefficient, and what has to be said. None
        where no answer keeps the ceiling.

    Raises
    ------
    ConfigError
        If no school has the number.
    """
    wanted = question.balance
    assert wanted is not None  # noqa: S101 - narrows the type
    path = f"stages.{question.stage}.cv_max" if wanted.at_most == "pack" else ""
    ceiling = county.pack.needed(path).number if wanted.at_most == "pack" else float(wanted.at_most)
    others: dict[str, StageState] = {
        str(stage): evaluate(today, stage, edits) for stage in today.project.stages if stage in EVALUATED_STAGES
    }

    def _parts(state: StageState) -> pd.DataFrame:
        """Lay out what the evaluated schools of the stage have."""
        schools, pupils = schools_of(county, {**others, question.stage: state})
        table = school_parts(schools, pupils, evaluated_from=county.pack.number("teaching_point.evaluated_from"))
        return table[table.index.get_level_values("stage") == question.stage].droplevel("stage")

    def _measured(state: StageState) -> float:
        """Give the coefficient as the inspection measures it."""
        table = _parts(state)
        return siting.variation_of(
            table[wanted.indicator].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
            table["pupils"].astype("Float64").to_numpy(dtype=float, na_value=0.0),
        )

    base = evaluate(county, question.stage, edits)
    held = _parts(base)[wanted.indicator].astype("Float64")
    before = _measured(base)
    if np.isnan(before):
        raise ConfigError(
            msg(
                "question {name}: balance: no evaluated school says how many it has: {what} (column {column} of the table of schools).",
                name=question.name,
                what=TERMS[wanted.indicator],
                column=TOTALS[wanted.indicator],
            )
        )
    missing = tuple(str(code) for code in held.index[held.isna()])
    kept = BalanceKept(wanted.indicator, before, float("nan"), ceiling, path, missing)
    target, after = ceiling, float("nan")
    layout = solve_layout_question(county, question, asked, edits=edits, cancel=cancel, evenness=(held, target))
    for _ in range(_TRIES):
        if layout.proposal.allocation is None:
            break
        new, planned, state = _carried_out(
            county, question, layout, edits, base, lambda found: _measured(found) <= ceiling * _NEARLY
        )
        after = _measured(state)
        if not after > ceiling * _NEARLY:
            kept = replace(kept, after=after, planned=planned)
            return layout, new, state, kept, _told(county, kept, layout)
        target *= 0.99 * ceiling / after
        layout = solve_layout_question(county, question, asked, edits=edits, cancel=cancel, evenness=(held, target))
    if layout.proposal.allocation is None:
        return layout, (), None, kept, _told(county, kept, layout)
    given_up = replace(
        layout.proposal,
        sites=(), closed=(), allocation=None, objective=float("inf"), status="time_limit", sizes=(), moves=(),
    )  # fmt: skip
    words = msg(
        "A layout was found, but with the pupils across the county line and in schools of several stages its coefficient is {after}, above the ceiling.",
        after=f"{after:.3f}",
    )
    return replace(layout, proposal=given_up), (), None, kept, (*_told(county, kept, layout), words)


def _carried_out(
    county: County,
    question: Question,
    layout: Layout,
    edits: Sequence[Edit],
    base: StageState,
    keeps: Callable[[StageState], bool],
) -> tuple[tuple[Edit, ...], tuple[str, ...], StageState]:
    """Give the edits of a layout, with places for those schools that more pupils would choose than the plan sends there."""
    assert layout.proposal.allocation is not None  # noqa: S101 - narrows the type
    load = np.asarray(layout.proposal.allocation.flows.sum(axis=0)).ravel().astype(np.int64)
    plan = pd.Series(load, index=layout.asked.sites.index)
    plan += base.load_from_margin.reindex(plan.index, fill_value=0).to_numpy(dtype=np.int64)
    build = layout_edits(question, layout)
    places: dict[str, int] = {}
    state = evaluate(county, question.stage, (*edits, *build))
    new: tuple[Edit, ...] = build
    for _ in range(_ROUNDS):
        over = [str(code) for code in state.load.index[state.load > plan.reindex(state.load.index, fill_value=0)]]
        more = {code: max(int(plan[code]), 1) for code in over if code not in places}
        if keeps(state) or not more:
            break
        places |= more
        new = (*build, *(SetSeats(code, question.stage, number) for code, number in sorted(places.items())))
        state = evaluate(county, question.stage, (*edits, *new))
    return new, tuple(sorted(places)), state


def _told(county: County, kept: BalanceKept, layout: Layout) -> tuple[Message, ...]:
    """Say what was asked, what came of it, and who is not judged."""
    sites, what = layout.asked.sites, TERMS[kept.indicator]

    def names(codes: Sequence[str]) -> object:
        known = {**county.schools["name"].to_dict(), **sites["name"].to_dict()}
        return listed([str(known.get(code, "")) or code for code in codes])

    limit = f"{kept.ceiling:g}"
    by = (
        county.pack.sources[county.pack.needed(kept.path).source].message() if kept.path else msg("set by the question")
    )
    told = [
        msg("Ceiling on the coefficient of variation, {what}: {limit} ({by}). Before {before}, no answer keeps it.", what=what, limit=limit, by=by, before=f"{kept.before:.3f}")
        if np.isnan(kept.after)
        else msg("Ceiling on the coefficient of variation, {what}: {limit} ({by}). Before {before}, with this answer {after}.", what=what, limit=limit, by=by, before=f"{kept.before:.3f}", after=f"{kept.after:.3f}")
    ]  # fmt: skip
    if kept.missing:
        told.append(
            msg("{n} schools do not say how many they have and are not judged, so that the county's own coefficient is unknown: {names}.", n=len(kept.missing), names=names(kept.missing))
        )  # fmt: skip
    new = [str(code) for code in sites.index[list(layout.proposal.sites)]]
    if new and not np.isnan(kept.after):
        told.append(msg("What new schools will have is not known: they are not judged ({names}).", names=names(new)))
    if kept.planned:
        told.append(
            msg("{n} schools take no more pupils than the plan sends there, or the nearest would fill up first; their seats are those of an enrolment plan: {names}.", n=len(kept.planned), names=names(kept.planned))
        )  # fmt: skip
    return tuple(told)

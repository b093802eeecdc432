"""Which question about boarding the page shows, and the jobs that answer it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planning.errors import Tell, msg
from planning.ui.state import jobs
from planning.ui.workspace import edits_key

if TYPE_CHECKING:
    import threading

    import pandas as pd

    from planning.config import Question
    from planning.scenario.county import County
    from planning.scenario.edits import Edit
    from planning.scenario.questions import Answer
    from planning.ui.jobs import Job
    from planning.ui.workspace import Workspace

__all__ = ["RATES", "Asked", "Detail", "answer_job", "answer_of_run", "boarding_questions", "county_of", "detail_job"]

#: Rates of the comparison, by the keys of the project file.
RATES = ("boarding_per_pupil", "bus_per_km", "bus_per_year", "teaching_point_per_year")


@dataclass(frozen=True)
class Asked:
    """
    A question, and the rates it is to be weighed with.

    Parameters
    ----------
    question : Question
        The question.
    rates : Mapping or None
        Yuan by ``RATES``; None = the project's own.
    """

    question: Question
    rates: Mapping[str, float | None] | None = None


@dataclass(frozen=True)
class Detail:
    """
    What an answer says in detail.

    Parameters
    ----------
    day : dict
        As ``boarding_sheets.day_way``.
    hubs, villages : pandas.DataFrame
        As ``hub_beds`` and ``boarding_villages``.
    """

    day: dict[str, float]
    hubs: pd.DataFrame
    villages: pd.DataFrame


def boarding_questions(workspace: Workspace) -> list[Question]:
    """Give the questions about boarding of the project."""
    return [question for question in workspace.county.project.questions if question.model == "boarding"]


def county_of(workspace: Workspace, asked: Asked, edits: Sequence[Edit] = ()) -> County:
    """Give the county as the plan leaves its roads and beds, with the rates that were entered, where there are any."""
    county = workspace.county_of(edits, moved_in=asked.question.year is None)
    if asked.rates is None:
        return county
    money = county.project.costs.model_copy(update=dict(asked.rates))
    return dataclasses.replace(county, project=county.project.model_copy(update={"costs": money}))


def answer_of_run(workspace: Workspace, asked: Asked, edits: Sequence[Edit]) -> Answer | None:
    """Give the answer that stands in the finished run, where it holds for this plan and these rates."""
    if edits or asked.rates is not None:
        return None
    return next((answer for answer in workspace.answers if answer.question == asked.question), None)


def _key(workspace: Workspace, asked: Asked, edits: Sequence[Edit]) -> str:
    rates = "" if asked.rates is None else repr(sorted(asked.rates.items()))
    return f"{workspace.key}-{edits_key(edits)}-{asked.question.model_dump_json()}-{rates}"


def answer_job(workspace: Workspace, asked: Asked, edits: Sequence[Edit]) -> tuple[str, Callable[..., Job]]:
    """Give the key of the job that answers a question, and what starts it."""
    key = f"boarding-{_key(workspace, asked, edits)}"

    def work(tell: Tell, cancel: threading.Event) -> Answer:
        from planning.scenario.questions import answer

        tell(0.05, msg("Comparing day, bus, boarding and teaching points"))
        return answer(county_of(workspace, asked, edits), asked.question, edits=edits, cancel=cancel.is_set)

    return key, lambda *, again: jobs().start(key, work, again=again)


def detail_job(workspace: Workspace, asked: Asked, answer: Answer, edits: Sequence[Edit]) -> Callable[..., Job]:
    """Give what starts the tables of an answer."""

    def work(tell: Tell, _: Any) -> Detail:
        from planning.scenario.boarding_sheets import boarding_villages, day_way, hub_beds

        county = county_of(workspace, asked, edits)
        tell(0.1, msg("Listing who boards where"))
        return Detail(
            day_way(county, asked.question, edits=edits),
            hub_beds(county, answer),
            boarding_villages(county, answer, edits=edits),
        )

    # The answer of a search that was stopped and taken up again is another one, and took another time.
    return lambda *, again: jobs().start(f"beds-{answer.seconds!r}-{_key(workspace, asked, edits)}", work, again=again)

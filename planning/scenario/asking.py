"""Whether the questions of a project can be asked at all: seen before anything expensive is done, and all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.errors import ConfigError, Message, msg
from planning.i18n.terms import TERMS
from planning.scenario.limits import limit_of_question
from planning.stages import BANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.config import Project, Question
    from planning.standards import RulePack

__all__ = ["check_questions", "check_room", "question_faults"]

#: Models that need a limit in every grade band; boarding measures its daily ways by it.
_NEED_LIMIT = ("max_coverage", "set_cover", "boarding")
_NEED_NEW = ("p_median", "max_coverage", "p_center", "boarding")


def question_faults(question: Question, project: Project, pack: RulePack) -> list[Message]:
    """
    Say what a question lacks.

    Parameters
    ----------
    question : Question
        The question.
    project : Project
        Its project, with limits and money.
    pack : RulePack
        Rules, with the limits of the grade bands.

    Returns
    -------
    list of Message
        One a fault; none where the question can be asked.
    """
    faults = []
    if question.new is None and question.model in _NEED_NEW:
        faults.append(msg("question {name}: new is missing. Say how many new schools.", name=question.name))
    if question.model in _NEED_LIMIT:
        faults += [
            msg(
                "question {name}: {band} has no limit. Add limit: to the question, or limits: {code} to the project.",
                name=question.name,
                band=TERMS[band],
                code=band,
            )
            for band in BANDS[question.stage]
            if not limit_of_question(question.limit, project, pack, band).is_set
        ]
    if question.budget is not None and project.costs.build_per_seat is None:
        faults.append(
            msg("question {name}: a budget needs costs.build_per_seat. Add it to the project.", name=question.name)
        )
    return faults


def check_questions(questions: Sequence[Question], project: Project, pack: RulePack) -> None:
    """
    Refuse questions that lack what their model needs.

    Parameters
    ----------
    questions : sequence of Question
        The questions.
    project : Project
        Their project.
    pack : RulePack
        Its rules.

    Raises
    ------
    ConfigError
        With every fault.
    """
    faults = [fault for question in questions for fault in question_faults(question, project, pack)]
    if faults:
        raise ConfigError(msg("{name}: {n} faults in the questions.", name=project.name, n=len(faults)), faults)


def check_room(questions: Sequence[Question], project: Project, n_candidates: int) -> None:
    """
    Refuse questions that ask for more new schools than there are places for one.

    Parameters
    ----------
    questions : sequence of Question
        The questions.
    project : Project
        Their project.
    n_candidates : int
        Places where a school may be built.

    Raises
    ------
    ConfigError
        With every fault.
    """
    faults = [
        msg(
            "question {name}: asks for {new} new schools, but there are only {n} places for one. Ask for fewer.",
            name=question.name,
            new=question.new,
            n=n_candidates,
        )
        for question in questions
        if question.new is not None and question.model in _NEED_NEW and question.model != "boarding"
        if question.new > n_candidates
    ]
    if faults:
        raise ConfigError(msg("{name}: {n} faults in the questions.", name=project.name, n=len(faults)), faults)

"""Whether the questions of a project can be asked at all: seen before anything expensive is done, and all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.errors import ConfigError, Message, Names, msg
from planning.i18n.terms import TERMS
from planning.scenario.closure_gate import open_conditions
from planning.scenario.limits import limit_of_question
from planning.stages import BANDS, stages_of_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from planning.config import Project, Question
    from planning.standards import RulePack

__all__ = ["check_questions", "check_room", "check_schools", "question_faults"]

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
    faults += _year_faults(question, project)
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
    if (question.budget or question.budget_by_year) is not None and project.costs.build_per_seat is None:
        faults.append(
            msg("question {name}: a budget needs costs.build_per_seat. Add it to the project.", name=question.name)
        )
    by_budget = question.frontier is not None and question.frontier.budgets is not None
    if by_budget and project.costs.build_per_seat is None:
        faults.append(
            msg(
                "question {name}: frontier.budgets needs costs.build_per_seat. Add it to the project, or give numbers of "
                "schools (frontier.new).",
                name=question.name,
            )
        )
    if question.balance is not None and question.balance.at_most == "pack":
        path = f"stages.{question.stage}.cv_max"
        if pack.number(path) is None:
            faults.append(
                msg(
                    "question {name}: balance.at_most: the standard has no largest coefficient of variation ({path}). Write a number, such as 0.5.",
                    name=question.name,
                    path=path,
                )
            )
    return faults + _gate_faults(question, pack) + _money_faults(question, project, pack)


def _gate_faults(question: Question, pack: RulePack) -> list[Message]:
    """Say which answers are to no condition that people decide."""
    asked = [gate.id for gate in open_conditions(pack, question.stage)]
    return [
        msg(
            "question {name}: gate_answers: {condition} of school {code} is no condition that people answer. Write one of {known}.",
            name=question.name,
            condition=condition,
            code=code,
            known=Names(asked),
        )
        for code, answers in question.gate_answers.items()
        for condition in answers
        if condition not in asked
    ]


def _year_faults(question: Question, project: Project) -> list[Message]:
    """Say what a question lacks to be asked of other years' children; without a projection a plan by year takes today's."""
    key, years = ("year", (question.year,)) if question.years is None else ("years", question.years)
    if years == (None,) or (question.years is not None and not project.is_projected):
        return []
    if question.stage == "special":
        return [
            msg(
                "question {name}: {key}: pupils of special education are not projected. Ask about another stage, or leave the year out.",
                name=question.name,
                key=key,
            )
        ]
    if not project.is_projected:
        return [
            msg(
                "question {name}: year {year} needs a projection. Add births: or projection: to the project, or leave the year out.",
                name=question.name,
                year=question.year,
            )
        ]
    first, last = project.population.year, project.projection_or_default.until
    if first is None:
        return [
            msg(
                "question {name}: {key} needs the year that the people stand for. Add population.year to the project.",
                name=question.name,
                key=key,
            )
        ]
    return [
        msg(
            "question {name}: year {year} is not among those projected, {first} to {last}. Ask for one of them, or change projection.until.",
            name=question.name,
            year=year,
            first=first,
            last=last,
        )
        for year in years
        if year is not None and not first <= year <= last
    ]


def _money_faults(question: Question, project: Project, pack: RulePack) -> list[Message]:
    """Say what a question lacks to weigh ways against money."""
    if not question.weighs_money:
        return []
    faults = []
    if question.close and project.costs.running_per_school is None:
        faults.append(
            msg(
                "question {name}: close needs costs.running_per_school, or a closure would save nothing. Add it to the project.",
                name=question.name,
            )
        )
    if question.new != 0 and project.costs.build_per_seat is None and question.budget is None:
        faults.append(
            msg(
                "question {name}: new schools beside closures or enlargements need costs.build_per_seat. "
                "Add it to the project, or write new: 0.",
                name=question.name,
            )
        )
    larger = question.enlarge
    if larger is not None:
        if larger.cost_per_seat is None and project.costs.build_per_seat is None:
            faults.append(
                msg(
                    "question {name}: enlarge needs cost_per_seat, or costs.build_per_seat in the project.",
                    name=question.name,
                )
            )
        if larger.classes is None and pack.rule(f"stages.{question.stage}.size_classes") is None:
            faults.append(
                msg(
                    "question {name}: the standard has no class counts for {stage}. Add enlarge.classes to the question.",
                    name=question.name,
                    stage=TERMS[question.stage],
                )
            )
    return faults


def check_schools(questions: Sequence[Question], project: Project, kinds: pd.Series) -> None:
    """
    Refuse questions that name a school which is not there, or does not teach their stage.

    Parameters
    ----------
    questions : sequence of Question
        The questions.
    project : Project
        Their project.
    kinds : pandas.Series
        Kind of each open school, by its code.

    Raises
    ------
    ConfigError
        With every fault, and the key where it stands.
    """
    faults = []
    for question in questions:
        named = {
            "close": question.close if isinstance(question.close, tuple) else (),
            "keep": question.keep,
            "gate_answers": tuple(question.gate_answers),
            "enlarge.schools": (question.enlarge.schools if question.enlarge is not None else None) or (),
        }
        for key, codes in named.items():
            for code in codes:
                if code not in kinds.index:
                    faults.append(
                        msg("question {name}: {key}: there is no open school {code}.", name=question.name, key=key, code=code)
                    )  # fmt: skip
                elif question.stage not in stages_of_kind(kinds[code]):
                    faults.append(
                        msg(
                            "question {name}: {key}: school {code} does not teach this stage ({stage}).",
                            name=question.name,
                            key=key,
                            code=code,
                            stage=TERMS[question.stage],
                        )
                    )
    if faults:
        raise ConfigError(msg("{name}: {n} faults in the questions.", name=project.name, n=len(faults)), faults)


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
    faults += [
        msg(
            "question {name}: frontier asks for {new} new schools, but there are only {n} places for one. Ask for fewer.",
            name=question.name,
            new=max(question.frontier.new),
            n=n_candidates,
        )
        for question in questions
        if question.frontier is not None and question.frontier.new and max(question.frontier.new) > n_candidates
    ]
    if faults:
        raise ConfigError(msg("{name}: {n} faults in the questions.", name=project.name, n=len(faults)), faults)

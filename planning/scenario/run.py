"""The whole job: prepare the county, say how it is, answer its questions."""

from __future__ import annotations

import time
from dataclasses import replace

from planning.config import Project
from planning.errors import Tell, msg
from planning.i18n.terms import TERMS
from planning.scenario.evaluate import StageState, evaluate
from planning.scenario.outlook import project_outlook
from planning.scenario.prepare import prepare
from planning.scenario.questions import answer
from planning.scenario.result import RunResult, versions
from planning.scenario.ways_to_school import ways_to_school

__all__ = ["run"]


def run(project: Project, *, progress: Tell | None = None) -> RunResult:
    """
    Do the whole job for a project.

    Parameters
    ----------
    project : Project
        As :func:`planning.config.load_project` read it.
    progress : callable, optional
        Called with the share done and what is being done.

    Returns
    -------
    RunResult
        County, base and answers.

    Raises
    ------
    PlanningError
        If a source cannot be read, or a question lacks what its model needs.
    """
    tell = progress or (lambda share, doing: None)
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    county = prepare(project, progress=lambda share, doing: tell(0.4 * share, doing))
    outlook, told = project_outlook(county)
    county = replace(county, notices=(*county.notices, *told))
    seconds["prepare"] = time.perf_counter() - started
    base: dict[str, StageState] = {}
    for number, stage in enumerate(project.stages):
        tell(0.4 + 0.2 * number / len(project.stages), msg("Measuring how it is today: {stage}", stage=TERMS[stage]))
        started = time.perf_counter()
        base[stage] = evaluate(county, stage)
        seconds[f"base:{stage}"] = time.perf_counter() - started
    started = time.perf_counter()
    ways = ways_to_school(county, base.values())
    seconds["way_to_school"] = time.perf_counter() - started
    answers = []
    for number, question in enumerate(project.questions):
        tell(0.6 + 0.35 * number / len(project.questions), msg("Answering: {name}", name=question.name))
        answers.append(answer(county, question))
        seconds[f"question:{question.name}"] = answers[-1].seconds
    tell(0.95, msg("Writing the results"))
    return RunResult(county, base, tuple(answers), seconds, versions(), ways=ways, outlook=outlook)

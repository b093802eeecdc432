"""A session's plan as the result of a run, for what is written and printed from a run."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING

from planning.errors import Tell, msg
from planning.scenario.edits import Edit
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.result import RunResult

__all__ = ["result_of_plan"]


def result_of_plan(
    workspace: Workspace,
    edits: Sequence[Edit],
    tell: Tell,
    cancel: Event,
    *,
    answers: bool,
) -> RunResult:
    """
    Give the county of a plan as the result of a run.

    Parameters
    ----------
    workspace : Workspace
        The county.
    edits : sequence of Edit
        The plan.
    tell : callable
        Is told how far the work is.
    cancel : threading.Event
        Ends it after the question that is being answered.
    answers : bool
        Whether the questions of the project are answered on the plan; those of a finished run serve where nothing was changed.

    Returns
    -------
    RunResult
        Without times.
    """
    from planning.scenario.questions import answer
    from planning.scenario.result import RunResult, versions

    county = workspace.county_of(edits)
    found = list(workspace.answers) if not edits else []
    if answers and not found:
        for number, question in enumerate(county.project.questions):
            if cancel.is_set():
                break
            tell(0.55 * number / len(county.project.questions), msg("Answering: {question}", question=question.name))
            asked = workspace.county_of(edits, moved_in=workspace.county.project.year_of(question) is None)
            found.append(answer(asked, question, edits=tuple(edits), cancel=cancel.is_set))
    base = {stage: workspace.state(stage, edits) for stage in workspace.stages}
    return RunResult(county=county, base=base, answers=tuple(found), seconds={}, versions=versions())

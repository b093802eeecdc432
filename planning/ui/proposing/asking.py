"""Having a question answered in a job, which sessions share, and taking its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planning.errors import msg
from planning.scenario.edits import NewSchool, school_of, subject_of
from planning.ui import warming
from planning.ui.state import Session, jobs
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.config import Question
    from planning.i18n import Translator
    from planning.scenario.edits import Edit
    from planning.ui.jobs import Job

__all__ = ["adopt", "ask", "call_off", "collect_answer", "edit_key", "fresh_edits", "give_up", "job_of", "who"]


def who(here: Session) -> str:
    """Name a session among those who wait for the same job."""
    return f"session-{id(here)}"


def ask(workspace: Workspace, here: Session, question: Question) -> None:
    """Have a question answered on the plan as it stands; the same question of two sessions is worked on once."""
    from planning.scenario.questions import answer
    from planning.scenario.steps import Step

    call_off(here)
    if here.answer is not None:
        here.draft.last = (here.answer, here.draft.asked_edits, here.draft.left_out)
    edits = here.edits
    key = f"answer-{workspace.key}-{edits_key(edits)}-{question.model_dump_json()}"

    def work(tell: Any, cancel: Any) -> Any:
        def follow(step: Step) -> None:
            tell(0.0, step.doing, step)

        if warming.compiling():
            tell(
                0.0,
                msg("First use on this machine: the program is prepared, which takes up to a minute and is done once."),
            )
            warming.until_compiled(cancel)
        is_today = workspace.county.project.year_of(question) is None
        county = workspace.county_of(edits, moved_in=is_today)  # a new road takes seconds
        return answer(county, question, edits=edits, cancel=cancel.is_set, follow=follow)

    jobs().start(key, work, again=True, who=who(here), long=True)
    here.answer_job, here.answer = key, None
    here.draft.asked_edits = edits
    here.draft.left_out = set()


def job_of(here: Session) -> Job | None:
    """Give the job that this session waits for."""
    return jobs().get(here.answer_job) if here.answer_job else None


def call_off(here: Session) -> None:
    """Wait no more; others who asked the same still get their answer."""
    job = job_of(here)
    if job is not None:
        job.leave(who(here))
    here.answer_job = None


def give_up(here: Session) -> None:
    """Wait no more, and go back to the answer that was there before."""
    call_off(here)
    if here.draft.last is not None:
        here.answer, here.draft.asked_edits, here.draft.left_out = here.draft.last


def collect_answer(here: Session) -> None:
    """
    Take the answer of a job that is done, before the page is drawn that shows it.

    Parameters
    ----------
    here : Session
        This planner's work.
    """
    job = job_of(here)
    if job is None:
        here.answer_job = None
    elif job.done:
        here.answer_job = None
        job.leave(who(here))
        if job.error is not None:
            here.complaint = job.error
            return
        here.answer = job.result()
        if len(here.answer.curve):
            here.draft.curve, here.draft.curve_of = here.answer.curve, curve_key(here.answer.question)


def curve_key(question: Question) -> str:
    """Name what a curve is of: the question but for the number of schools."""
    return str(question.model_copy(update={"new": None, "name": "-", "frontier": None, "alternatives": None}))


def edit_key(edit: Edit) -> str:
    """Name an edit of a proposal, so that it can be left out."""
    return f"{type(edit).__name__}-{school_of(edit) or subject_of(edit)[-1]}"


def fresh_edits(here: Session, edits: tuple[Edit, ...]) -> list[Edit]:
    """List the edits of a proposal that the plan does not have yet."""
    sites = {edit.site_id for edit in here.edits if isinstance(edit, NewSchool)}
    return [
        edit for edit in edits if edit not in here.edits and not (isinstance(edit, NewSchool) and edit.site_id in sites)
    ]


def adopt(here: Session, edits: list[Edit], t: Translator) -> None:
    """Take edits of a proposal into the plan, in its order, as one step that one undo takes back."""
    import dataclasses

    named = [
        dataclasses.replace(edit, name=edit.name or t("Proposed school")) if isinstance(edit, NewSchool) else edit
        for edit in edits
    ]
    here.do((*here.edits, *named))

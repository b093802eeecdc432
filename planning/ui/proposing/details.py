"""Beneath an answer: what to know of it, the curve, other plans, the rules that it mends and breaks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from planning.config import Alternatives
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.ui import shell, tables
from planning.ui.boarding.phases import plan_html
from planning.ui.proposing.curve import curve_panel
from planning.ui.proposing.draft import WITH_OTHERS
from planning.ui.proposing.proof import found_in_words
from planning.ui.state import Session, jobs
from planning.ui.words import with_unit
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.scenario.questions import Answer
    from planning.ui.jobs import Job

__all__ = ["details"]


def details(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """Let one of the sheets about the answer be chosen, and show it."""
    answer, draft = here.answer, here.draft
    views = {}
    if answer is not None:
        views["reasons"] = t("Reasons and reservations")
    if draft.curve is not None:
        views["curve"] = t("Curve")
    if answer is not None and answer.after is not None and answer.question.model in WITH_OTHERS:
        views["plans"] = t("Other plans")
    if answer is not None and answer.after is not None:
        views["rules"] = t("Rules kept and broken")
    if not views:
        return
    key = f"propose-view-{t.language}"
    st.session_state[key] = draft.view if draft.view in views else next(iter(views))

    def changed() -> None:
        draft.view = st.session_state[key]

    st.segmented_control(
        t("About this proposal"), list(views), format_func=views.__getitem__, key=key, on_change=changed, required=True
    )
    shown = st.session_state[key]
    if shown == "curve":
        curve_panel(workspace, here, stage, t)
    elif answer is not None and shown == "plans":
        _plans(workspace, here, answer, t)
    elif answer is not None and shown == "rules":
        _rules(workspace, here, answer, t)
    elif answer is not None:
        _reasons(answer, t)


def _reasons(answer: Answer, t: Translator) -> None:
    if len(answer.phases):
        st.html(plan_html(answer, t))
    lines = [found_in_words(answer, t)] if answer.after is not None else []
    lines += [t.message(note) for note in answer.notes]
    names = answer.sites["name"].to_dict() if len(answer.sites) else {}
    lines += [
        t(
            "{school} stays open: {clause}",
            school=names.get(held.school_id, held.school_id),
            clause=t.message(held.clause),
        )
        for held in answer.blocked
    ]
    st.html(f'<div class="pl-proof">{tables.message_html(lines)}</div>')


def _plans(workspace: Workspace, here: Session, answer: Answer, t: Translator) -> None:
    """Show other plans nearly as good; they are looked for at the first look, which takes longer than the answer itself."""
    if answer.question.alternatives is None:
        asked = here.draft.asked_edits
        question = answer.question.model_copy(update={"alternatives": Alternatives(), "frontier": None})
        key = f"plans-{workspace.key}-{edits_key(asked)}-{question.model_dump_json()}"

        def work(tell: Any, cancel: Any) -> Answer:
            from planning.scenario.questions import answer as solve

            county = workspace.county_of(asked, moved_in=workspace.county.project.year_of(question) is None)
            return solve(county, question, edits=asked, cancel=cancel.is_set)

        job = jobs().start(key, work, long=True)
        if not job.done:
            _wait(job, t("Other plans are looked for… {n} s", n="{n}"), t)
            return
        if job.error is not None:
            shell.show_error(job.error, t)
            return
        answer = job.result()
    if not len(answer.plans):
        st.html(f'<div class="pl-empty">{escape(t("No other plan nearly as good was found."))}</div>')
        return
    has_limit = bool(answer.plans["share_within_limit"].notna().any())
    heads = [t("Plan"), t("Worse by"), t("Mean way")] + [t("Within the limit")] * has_limit
    heads += [t("Does without"), t("Has instead")]
    rows = []
    for row in answer.plans.to_dict("records"):
        cells = [
            t("other plan {n}", n=t.number(row["plan"])),
            t.percent(row["loss"], 2),
            with_unit(float(row["mean_distance_m"]), "m", t),
        ]
        cells += [t.percent(row["share_within_limit"])] * has_limit
        rows.append([*cells, t(", ").join(row["left_out"]) or "–", t(", ").join(row["instead"]) or "–"])
    st.html(tables.table_html(heads, rows, numbers=range(1, 3 + has_limit)))


def _rules(workspace: Workspace, here: Session, answer: Answer, t: Translator) -> None:
    """Hold the proposal against the rules in a job, at the first look."""
    asked = here.draft.asked_edits
    key = f"rules-{workspace.key}-{edits_key(asked)}-{edits_key(answer.edits)}-{answer.question.model_dump_json()}"

    def work(tell: Any, cancel: Any) -> pd.DataFrame:
        from planning.scenario.compliance import changed_rules, stand

        base = {stage: workspace.state(stage, asked) for stage in workspace.stages}
        county = workspace.county_of(asked, moved_in=workspace.county.project.year_of(answer.question) is None)
        return changed_rules(*stand(county, base, [answer]).compared[0])

    job = jobs().start(key, work)
    if not job.done:
        _wait(job, t("The proposal is held against the rules… {n} s", n="{n}"), t)
        return
    if job.error is not None:
        shell.show_error(job.error, t)
        return
    _changed(workspace, job.result(), t)


def _wait(job: Job, words: str, t: Translator) -> None:
    @st.fragment(run_every=0.5)
    def waiting() -> None:
        if job.done:
            st.rerun()
        st.html(f'<div class="pl-empty">{escape(words.replace("{n}", t.number(job.seconds())))}</div>')

    waiting()


def _changed(workspace: Workspace, changes: pd.DataFrame, t: Translator) -> None:
    from planning.report.words import rule_name

    mended, broken = (int((changes["change"] == kind).sum()) for kind in ("mended", "broken"))
    text = t(
        "Against the plan without it, the proposal mends {mended} rules at single schools and breaks {broken}; all others stand as before.",
        mended=t.number(mended),
        broken=t.number(broken),
    )
    st.html(f'<div class="pl-note">{escape(text)}</div>')
    if not len(changes):
        return
    names = workspace.county.schools["name"]
    rows, tones = [], []
    for row in changes.to_dict("records"):
        school = str(names.get(row["school_id"], "")) or t("Proposed school")
        kind = t("mended") if row["change"] == "mended" else t("broken")
        rows.append([kind, school, term(t, row["stage"]) if row["stage"] else "–", rule_name(t, row["path"])])
        tones.append(["good" if row["change"] == "mended" else "bad", "", "", ""])
    st.html(tables.table_html([t("Change"), t("School"), t("Stage"), t("Rule")], rows, tones=tones, height=320))

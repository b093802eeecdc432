"""While a proposal is looked for: what is done, for how long, the best so far, the bound; to be stopped or called off."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n import Translator
from planning.ui.proposing.asking import give_up, who
from planning.ui.proposing.proof import amount
from planning.ui.state import Session

if TYPE_CHECKING:
    from planning.ui.jobs import Job

__all__ = ["wait_for_answer"]


def wait_for_answer(job: Job, here: Session, t: Translator) -> None:
    """Show how far a question is; the page comes back when it is answered."""
    me = who(here)

    @st.fragment(run_every=0.7)
    def waiting() -> None:
        if job.done:
            st.rerun()
        st.html(_standing(job, here, t))
        others = job.others(me)
        content = me in job.content
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("Stop and take the best so far"), on_click=job.enough, args=(me,), key="ask-stop",
                disabled=content or job.waiting,
            )  # fmt: skip
            st.button(t("Cancel"), on_click=give_up, args=(here,), key="ask-cancel")
        if others:
            st.caption(
                t("{n} others wait for the same answer: it goes on for them.", n=t.number(others))
                if content
                else t("{n} others wait for the same answer; cancelling here leaves it to them.", n=t.number(others))
            )

    with st.container(border=True, key="pl-progress"):
        waiting()


def _standing(job: Job, here: Session, t: Translator) -> str:
    step, limit_s = job.step, here.draft.time_limit_s
    doing = t("Waiting for other work to end") if job.waiting else t.message(job.doing)
    best = bound = gap = "–"
    if step is not None:
        best = amount(step.objective, step.unit, t) if math.isfinite(step.objective) else t("none yet")
        bound = amount(step.bound, step.unit, t) if math.isfinite(step.bound) else t("none yet")
        gap = t.percent(step.gap, 2 if step.gap < 0.01 else 1) if math.isfinite(step.gap) else "–"
    cells = (
        (t("Time"), t("{n} s of {limit} s at most for the search", n=t.number(job.seconds()), limit=t.number(limit_s))),
        (t("Best so far"), best),
        (t("Nothing can beat"), bound),
        (t("Gap now"), gap),
    )
    figures = "".join(f"<div><i>{escape(label)}</i><b>{escape(value)}</b></div>" for label, value in cells)
    share = min(job.seconds() / max(limit_s, 1), 0.97)
    return (
        f'<div class="pl-standing" role="status"><strong>{escape(doing.rstrip("…"))}…</strong>'
        f'<div class="bar"><span style="width:{share:.1%}"></span></div><div class="figures">{figures}</div></div>'
    )

"""Plans by year: what opens when and what it costs, from the questions that are asked of coming years."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from planning.errors import Message, msg
from planning.i18n.terms import term
from planning.report.html import gap_in_words
from planning.ui import shell, tables, waiting
from planning.ui.state import jobs
from planning.ui.words import number_of
from planning.ui.workspace import edits_key

if TYPE_CHECKING:
    import threading

    from planning.i18n import Translator
    from planning.scenario.edits import Edit
    from planning.scenario.questions import Answer
    from planning.ui.jobs import Job
    from planning.ui.workspace import Workspace

__all__ = ["phases_html", "phases_panel"]


def phases_panel(workspace: Workspace, edits: Sequence[Edit], t: Translator) -> None:
    """Show what the questions of coming years say, or how to ask them."""
    shell.section(
        t("Plan by year"), t("each question of a coming year is asked of the children of that year, by itself")
    )
    questions = [question for question in workspace.county.project.questions if question.year is not None]
    if not questions:
        how = [
            t("No question of this project is about a coming year."),
            t("A question in the project file is asked of a coming year with year: 2030 and births: low, middle or high; several questions with several years, one after the other, make a plan by year."),
            t("The children of coming years must be known: see Children and years."),
        ]  # fmt: skip
        st.html(f'<div class="pl-note">{tables.message_html(how)}</div>')
        return
    found = [answer for answer in workspace.answers if answer.year is not None] if not edits else []
    if len(found) < len(questions):
        key, start = _job(workspace, edits)
        if jobs().get(key) is None:
            st.button(t("Answer the questions of coming years now"), on_click=start, kwargs={"again": False}, key="phases-start")  # fmt: skip
            return
        answers = waiting.result_of(
            start, t, key="phases", doing=t("Asking about coming years…"), can_stop=True,
            usual_s=sum(question.time_limit_s for question in questions),
        )  # fmt: skip
        if answers is None:
            return
        found = list(answers)
    st.html(phases_html(workspace, found, t))


def _job(workspace: Workspace, edits: Sequence[Edit]) -> tuple[str, Callable[..., Job]]:
    key = f"phases-{workspace.key}-{edits_key(edits)}"
    questions = [question for question in workspace.county.project.questions if question.year is not None]

    def work(tell: Callable[[float, Message], None], cancel: threading.Event) -> list[Answer]:
        from planning.scenario.questions import answer

        found = []
        for number, question in enumerate(questions):
            tell(number / len(questions), msg("Answering: {name}", name=question.name))
            county = workspace.county_of(edits, moved_in=False)  # estates count from their year on
            found.append(answer(county, question, edits=edits, cancel=cancel.is_set))
        return found

    return key, lambda *, again: jobs().start(key, work, again=again)


def phases_html(workspace: Workspace, answers: Sequence[Answer], t: Translator) -> str:
    """Lay the answers out by year: what opens, for how many pupils, what building costs, and the sum so far."""
    price = workspace.county.project.costs.build_per_seat
    rows, spent = [], 0.0
    for answer in sorted(answers, key=lambda found: (found.year or 0, found.question.name)):
        sites = answer.sites[answer.sites["kind"] != "keep"]
        names = [str(name) or str(site_id) for site_id, name in sites["name"].items()]
        seats = sites["seats"].astype("Float64").sum(skipna=False) if len(sites) else 0.0
        cost = math.nan if price is None or pd.isna(seats) else float(seats) * price
        spent += cost
        rows.append(
            [
                str(answer.year),
                term(t, answer.question.births),
                answer.question.name,
                term(t, answer.question.stage),
                t(", ").join(names) or "–",
                number_of(seats, t),
                t.number(float(sites["pupils_gained"].fillna(0).sum())) if len(sites) else "–",
                t.number(cost / 10_000, 1) if math.isfinite(cost) else t("not known"),
                t.number(spent / 10_000, 1) if math.isfinite(spent) else t("not known"),
                gap_in_words(t, answer),
            ]
        )
    heads = [
        t("Year"), t("Variant of births"), t("Question"), t("Stage"), t("Opens"), t("Seats"), t("Pupils"),
        t("Building (10,000 yuan)"), t("Sum so far (10,000 yuan)"), t("Proof"),
    ]  # fmt: skip
    note = t("Building is reckoned with the project's price of a seat; a school that a later year proposes again is counted again.")  # fmt: skip
    return tables.table_html(heads, rows, numbers=(5, 6, 7, 8)) + f'<div class="pl-under">{note}</div>'

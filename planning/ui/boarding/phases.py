"""Plans by year: what opens when and what it costs, from the questions that are asked of coming years."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from planning.errors import Tell, msg
from planning.i18n.terms import term
from planning.report.html import gap_in_words
from planning.report.phases import phase_section
from planning.ui import shell, tables, waiting
from planning.ui.state import jobs
from planning.ui.words import number_of
from planning.ui.workspace import edits_key

if TYPE_CHECKING:
    import threading

    from planning.config import Question
    from planning.i18n import Translator
    from planning.scenario.edits import Edit
    from planning.scenario.questions import Answer
    from planning.ui.jobs import Job
    from planning.ui.workspace import Workspace

__all__ = ["phases_html", "phases_panel", "plan_html"]


def phases_panel(workspace: Workspace, edits: Sequence[Edit], t: Translator) -> None:
    """Show what the questions of coming years say, or how to ask them."""
    shell.section(t("Plan by year"), t("what opens when, with the children and the money of each year"))
    questions = _questions(workspace)
    if not questions:
        how = [
            t("No question of this project is about coming years."),
            t("On the page Propose, choose 'Plan by year', the years, and the schools or the money of each: the answer says what opens when. In the project file that is a question with model: phases and years: [2026, 2028, 2030]."),
            t("Any other question is asked of one coming year with year: 2030 and births: low, middle or high."),
            t("The children of coming years must be known: see Children and years."),
        ]  # fmt: skip
        st.html(f'<div class="pl-note">{tables.message_html(how)}</div>')
        return
    names = {question.name for question in questions}
    found = [answer for answer in workspace.answers if answer.question.name in names] if not edits else []
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
    questions = _questions(workspace)

    def work(tell: Tell, cancel: threading.Event) -> list[Answer]:
        from planning.scenario.questions import answer

        found = []
        for number, question in enumerate(questions):
            tell(number / len(questions), msg("Answering: {name}", name=question.name))
            # where years are projected, estates count from their year on
            today = workspace.county.project.year_of(question) is None
            county = workspace.county_of(edits, moved_in=today)
            found.append(answer(county, question, edits=edits, cancel=cancel.is_set))
        return found

    return key, lambda *, again: jobs().start(key, work, again=again)


def _questions(workspace: Workspace) -> list[Question]:
    """List the questions of the project about coming years."""
    asked = workspace.county.project.questions
    return [question for question in asked if question.year is not None or question.model == "phases"]


def phases_html(workspace: Workspace, answers: Sequence[Answer], t: Translator) -> str:
    """Lay the plans by year out one after the other, then the answers about single years, added up."""
    plans = [answer for answer in answers if answer.question.model == "phases"]
    single = [answer for answer in answers if answer.question.model != "phases"]
    parts = [plan_html(answer, t) for answer in plans]
    return "".join([*parts, _single_html(workspace, single, t)] if single else parts)


def plan_html(answer: Answer, t: Translator) -> str:
    """Lay one plan out: what opens when, the money so far, and how the pupils of each year fare."""
    found = phase_section(t, answer)
    title = (
        f'<div class="pl-note"><b>{escape(answer.question.name)}</b> · {escape(term(t, answer.question.stage))}'
        f" · {escape(gap_in_words(t, answer))}</div>"
    )
    if found is None:
        return title + f'<div class="pl-note">{tables.message_html([t.message(note) for note in answer.notes])}</div>'
    numbers = tuple(place for place, (_, is_number) in enumerate(found["heads"]) if is_number)
    table = tables.table_html(
        [head for head, _ in found["heads"]], [cells for cells, _ in found["rows"]], numbers=numbers
    )
    note = t("Schools open at the beginning of a year. Each year counts its own pupils, with all schools open by then.")
    return title + table + f'<div class="pl-under">{escape(note)}</div>'


def _single_html(workspace: Workspace, answers: Sequence[Answer], t: Translator) -> str:
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

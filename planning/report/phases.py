"""A plan by year, in a table, in words and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.charts import draw_chart
from planning.report.words import quantity
from planning.scenario.phases import PHASE_COLUMNS

if TYPE_CHECKING:
    from planning.scenario.questions import Answer

__all__ = ["phase_section", "phase_table"]


def phase_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """
    List the plans by year of all questions.

    Parameters
    ----------
    answers : sequence of Answer
        Answers of a run.

    Returns
    -------
    pandas.DataFrame
        ``question, stage`` and ``PHASE_COLUMNS``.
    """
    columns = ["question", "stage", *PHASE_COLUMNS]
    parts = [
        answer.phases.assign(question=answer.question.name, stage=answer.question.stage)[columns]
        for answer in answers
        if len(answer.phases)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def phase_section(t: Translator, answer: Answer) -> dict[str, Any] | None:
    """
    Put a plan by year into words and pictures for the report.

    Parameters
    ----------
    t : Translator
        The language.
    answer : Answer
        The answer.

    Returns
    -------
    dict or None
        ``heads`` and ``rows`` of the table, with a mark at the first row of a year, and ``charts``; None where the question
        is about no years, or has no plan.
    """
    phases = answer.phases
    if not len(phases):
        return None
    has_price = bool(phases["cost_yuan"].notna().all())
    has_budget = bool(phases["budget_yuan"].notna().any())
    has_limit = bool(phases["share_within_limit"].notna().any())
    heads = [(term(t, "year"), False), (t("Opens"), False), (term(t, "seats"), True)]
    heads += [(term(t, "cost_yuan"), True), (term(t, "cumulative_yuan"), True)] * has_price
    heads += [(term(t, "budget_yuan"), True)] * has_budget
    heads += [(term(t, "pupils"), True), (term(t, "no_seat"), True), (term(t, "out_of_reach"), True)]
    heads += [(term(t, "share_within_limit"), True)] * has_limit + [(term(t, "mean_distance"), True)]
    rows = []
    new_year = ~phases["year"].duplicated()
    for is_first, (_, row) in zip(new_year, phases.iterrows(), strict=True):
        opens = row["what"] == "opens"
        cells = [str(row["year"]) if is_first else "", row["name"] if opens else term(t, row["what"])]
        cells += [t.number(row["seats"]) if opens else "–"]
        cells += [t.number(row["cost_yuan"]) if opens else "–", t.number(row["cumulative_yuan"])] * has_price
        of_year = [t.number(row["budget_yuan"])] * has_budget
        of_year += [t.number(row[name]) for name in ("pupils", "no_seat", "out_of_reach")]
        of_year += [t.percent(row["share_within_limit"])] * has_limit + [quantity(t, row["mean_distance_m"], "m")]
        rows.append((cells + (of_year if is_first else [""] * len(of_year)), is_first))
    return {"heads": heads, "rows": rows, "charts": _charts(t, phases)}


def _charts(t: Translator, phases: pd.DataFrame) -> list[Any]:
    """Draw how pupils fare, and what is spent, year by year; a line needs two years."""
    last = phases.drop_duplicates("year", keep="last")
    years = last["year"].astype(float).to_list()
    drawn = [
        (term(t, "share_within_limit"), last["share_within_limit"] * 100, "%"),
        (t("{what} ({unit})", what=term(t, "mean_distance"), unit=t("km")), last["mean_distance_m"] / 1000, ""),
        (t("Sum so far (10,000 yuan)"), last["cumulative_yuan"] / 10_000, ""),
    ]
    return [
        draw_chart(t, title, years, values.astype(float).to_list(), along=term(t, "year"), sign=sign, in_years=True)
        for title, values, sign in drawn
        if values.notna().sum() > 1
    ]

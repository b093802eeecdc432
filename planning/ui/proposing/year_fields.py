"""Fields of a plan by year: the years, what may be built in each, and the money of each."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import streamlit as st

from planning.ui.proposing.fields import choice, chosen_many, number, switch

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.ui.proposing.draft import Draft
    from planning.ui.workspace import Workspace

__all__ = ["years_of_plan"]

_AHEAD = 10  # years offered where nothing is projected
_IN_A_ROW = 3


def years_of_plan(workspace: Workspace, draft: Draft, t: Translator) -> None:
    """Ask which years there are, and how much may be built in each."""
    project = workspace.county.project
    first = project.population.year or dt.date.today().year
    last = project.projection_or_default.until if project.is_projected else first + _AHEAD
    offered = {str(year): str(year) for year in range(first, last + 1)}
    draft.years = tuple(sorted(year for year in draft.years if year in offered))
    chosen_many(draft, "years", t("Years in which schools may open"), offered, placeholder=t("choose years"))
    left, right = st.columns(2)
    number(
        draft, "new_by_year", t("New a year at most"), least=0, most=1000, step=1, on=left,
        placeholder=t("no limit"),
    )  # fmt: skip
    number(draft, "seats", t("Seats each"), least=1, most=10_000, step=45, on=right, placeholder=t("standard"))
    if project.costs.build_per_seat is None:
        draft.budget_by_year = {}
        st.caption(t("To ask by money, write what a seat costs into the project (costs.build_per_seat)."))
    elif draft.years:
        _money(draft, t)
    if project.is_projected:
        choice(draft, "births", t("Births"), {"low": t("low"), "middle": t("middle"), "high": t("high")}, t)
    else:
        st.caption(t("No coming years are projected: the pupils of today stand for those of every year asked about."))


def _money(draft: Draft, t: Translator) -> None:
    """Ask for the money of each year, or none."""
    st.caption(t("Money for building in each year (10,000 yuan)"))
    for start in range(0, len(draft.years), _IN_A_ROW):
        columns: list[Any] = list(st.columns(_IN_A_ROW))
        for year, column in zip(draft.years[start : start + _IN_A_ROW], columns, strict=False):
            _sum_of(draft, year, column, t)
    switch(draft, "carry_over", t("Money that a year leaves may be spent later"))


def _sum_of(draft: Draft, year: str, column: Any, t: Translator) -> None:
    key = f"ask-money-{year}"
    st.session_state[key] = draft.budget_by_year.get(year)

    def changed() -> None:
        value = st.session_state[key]
        rest = {name: money for name, money in draft.budget_by_year.items() if name != year}
        draft.budget_by_year = rest if value is None else {**rest, year: float(value)}

    column.number_input(
        year, min_value=0.0, max_value=1e7, step=100.0, format="%.0f", key=key, on_change=changed, value=None,
        placeholder=t("no limit"),
    )  # fmt: skip

"""Choose a question about boarding of the project, or put one together here, with the rates it is weighed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from planning.config import Limit, Question
from planning.i18n.terms import term
from planning.scenario.trade_off import BUS_SEATS
from planning.ui.boarding.work import RATES, Asked, boarding_questions

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.ui.workspace import Workspace

__all__ = ["choose_question", "rate_name", "rate_unit"]

_OWN = -1
#: Where the session keeps the question that was asked here, by county.
_ASKED_KEY = "boarding-asked"


def rate_name(key: str, t: Translator) -> str:
    """Name a rate."""
    return {
        "boarding_per_pupil": t("A boarder: bed, meals, care"),
        "bus_per_km": t("A kilometre of a school bus"),
        "bus_per_year": t("A school bus with its driver, without the kilometres"),
        "teaching_point_per_year": t("A teaching point with its teachers"),
    }[key]


def rate_unit(key: str, t: Translator) -> str:
    """Name the unit of a rate."""
    return {
        "boarding_per_pupil": t("yuan per pupil and year"),
        "bus_per_km": t("yuan per km"),
        "bus_per_year": t("yuan per bus and year"),
        "teaching_point_per_year": t("yuan per point and year"),
    }[key]


def choose_question(workspace: Workspace, t: Translator) -> Asked | None:
    """
    Draw the choice.

    Returns
    -------
    Asked or None
        None where a question is still to be put together.
    """
    known = boarding_questions(workspace)
    stages = [stage for stage in workspace.stages if stage in ("primary", "junior", "senior")]
    if not known and not stages:
        return None
    chosen = _OWN
    if known:
        chosen = st.selectbox(
            t("Question about boarding"), [*range(len(known)), _OWN], filter_mode=None, width=420,
            format_func=lambda i: t("Ask a question here") if i == _OWN else f"{known[i].name} · {term(t, known[i].stage)}",
            key=f"boarding-question-{t.language}", persist_state="session",
        )  # fmt: skip
    if chosen != _OWN:
        return Asked(known[chosen])
    _form(workspace, stages, t)
    kept = st.session_state.get(_ASKED_KEY)
    return kept[1] if kept is not None and kept[0] == workspace.key else None


def _form(workspace: Workspace, stages: list[str], t: Translator) -> None:
    """Draw the fields; nothing is computed until the button is pressed."""
    money = workspace.county.project.costs
    with st.form("boarding-form", border=True, enter_to_submit=False):
        first = st.columns([1.2, 1, 1, 1.1, 1, 1.1, 1])
        fields: dict[str, Any] = {}
        keep: dict[str, Any] = {"persist_state": "session"}
        start = "junior" if "junior" in stages else stages[0]
        fields["stage"] = first[0].selectbox(t("Stage"), stages, index=stages.index(start), format_func=lambda s: term(t, s), key=f"boarding-stage-{t.language}", filter_mode=None, **keep)  # fmt: skip
        fields["new"] = first[1].number_input(t("New hubs"), 0, 20, 1, key="boarding-new", **keep)
        fields["beds"] = first[2].number_input(t("Beds of a new hub"), 1, 10_000, None, step=50, placeholder=t("as needed"), key="boarding-beds", **keep)  # fmt: skip
        fields["week"] = first[3].number_input(t("Longest weekly ride (min)"), 1, 600, None, placeholder=t("standard"), key="boarding-week", **keep)  # fmt: skip
        fields["bus_seats"] = first[4].number_input(t("Seats of a bus"), 1, 100, BUS_SEATS, key="boarding-bus-seats", **keep)  # fmt: skip
        fields["bus_min"] = first[5].number_input(t("Longest bus ride (min)"), 1, 600, None, placeholder=t("daily limit"), key="boarding-bus-min", **keep)  # fmt: skip
        fields["time"] = first[6].number_input(t("Time limit (s)"), 1, 600, 30, key="boarding-time", **keep)
        projected = workspace.county.project.is_projected
        second = st.columns([1.2, 1, 1.2, 1, *([0.9] if projected else []), 1], vertical_alignment="bottom")
        # A key a county: a rate that was entered for one is not another's.
        rates = {
            key: second[i].number_input(
                t("{what} ({unit})", what=rate_name(key, t), unit=rate_unit(key, t)), 0.0, None, getattr(money, key),
                format="%.2f" if key == "bus_per_km" else "%.0f", step=0.5 if key == "bus_per_km" else 100.0,
                placeholder=t("not known"), key=f"boarding-rate-{key}-{workspace.key}", **keep,
            )
            for i, key in enumerate(RATES)
        }  # fmt: skip
        if projected:
            first_year = (workspace.county.project.population.year or 0) + 1
            last_year = max(workspace.county.project.projection_or_default.until, first_year)
            fields["year"] = second[4].number_input(t("Pupils of the year"), first_year, last_year, None, placeholder=t("today"), key=f"boarding-year-{workspace.key}", **keep)  # fmt: skip
        if second[-1].form_submit_button(t("Compare the ways"), type="primary", width="stretch", key="boarding-ask"):
            st.session_state[_ASKED_KEY] = (workspace.key, _asked(workspace, fields, rates, t))


def _asked(workspace: Workspace, fields: dict[str, Any], rates: dict[str, float | None], t: Translator) -> Asked:
    week, bus_min = fields["week"], fields["bus_min"]
    question = Question(
        name=t("Asked here: {stage}, new hubs: {n}", stage=term(t, fields["stage"]), n=fields["new"]),
        stage=fields["stage"],
        model="boarding",
        new=fields["new"],
        year=fields.get("year"),
        beds=fields["beds"],
        weekly_limit=None if week is None else Limit(time_min=float(week)),
        bus_seats=fields["bus_seats"],
        bus_limit_min=None if bus_min is None else float(bus_min),
        time_limit_s=float(fields["time"]),
    )
    own = {key: getattr(workspace.county.project.costs, key) for key in RATES}
    return Asked(question, None if rates == own else rates)

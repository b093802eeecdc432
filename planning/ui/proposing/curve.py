"""The curve: what each number of new schools would bring, where more of them bring little, and one of them to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from planning.config import Question
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.ui import shell, tables
from planning.ui.proposing.asking import ask
from planning.ui.proposing.draft import question_of
from planning.ui.state import Session
from planning.ui.words import model_name, with_unit
from planning.ui.workspace import Workspace

__all__ = ["curve_panel", "returns_in_words"]

#: A school more counts as bringing little where it brings less than this part of what the first one brings.
LITTLE = 0.25


@dataclass(frozen=True)
class _Measure:
    """What the curve shows: a column of the table in the unit of the axis, and its title."""

    values: pd.Series[float]
    title: str
    unit: str
    up: bool


def curve_panel(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """Draw the curve, say where it flattens, and let a number be taken."""
    draft = here.draft
    curve = draft.curve
    if curve is None or not len(curve) or str(curve["stage"].iloc[0]) != stage:
        text = t("Ask for the curve to see what each number of new schools would bring, and how many are worth it.")
        st.html(f'<div class="pl-empty">{escape(text)}</div>')
        return
    measure = _measure(curve, here, t)
    shell.section(t("What each number of new schools brings"), term(t, str(curve["stage"].iloc[0])))
    st.html(f'<div class="pl-note">{escape(returns_in_words(curve["new_schools"].tolist(), measure.values.tolist(), measure.unit, t, up=measure.up))}</div>')  # fmt: skip
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _chart(curve, measure, workspace, here, stage, t)
    with right:
        _table(curve, t)
        numbers = [
            int(n) for n, places in zip(curve["new_schools"], curve["objective"], strict=True) if math.isfinite(places)
        ]
        key = f"curve-number-{t.language}"
        shown = here.answer.question.new if here.answer is not None else draft.new
        st.session_state[key] = shown if shown in numbers else numbers[-1] if numbers else None
        if numbers:
            st.selectbox(
                t("See the plan with"), numbers, format_func=lambda n: t("{n} new schools", n=t.number(n)), key=key,
                filter_mode=None, disabled=here.answer_job is not None,
                on_change=lambda: _take(workspace, here, stage, int(st.session_state[key]), t),
            )  # fmt: skip


def returns_in_words(counts: list[int], values: list[float], unit: str, t: Translator, *, up: bool) -> str:
    """
    Say what the first further school brings, and from which number on a further one brings little.

    Parameters
    ----------
    counts : list of int
        Numbers of new schools, rising.
    values : list of float
        What each brings; not finite where there is no answer.
    unit : str
        Its unit, as tables name it.
    t : Translator
        The language.
    up : bool
        True where more is better.

    Returns
    -------
    str
        One or two sentences.
    """
    known = [(n, v if up else -v) for n, v in zip(counts, values, strict=True) if math.isfinite(v)]
    steps = [(after[0], max(0.0, after[1] - before[1]) / (after[0] - before[0])) for before, after in pairwise(known)]
    if not steps:
        return t("One number alone makes no curve; ask for more.")
    best = max(gain for _, gain in steps)
    if best <= 0:
        return t("New schools change nothing in this measure.")
    first, last = steps[0], steps[-1]
    said = _first(first[1], unit, t)
    if first[1] <= 0:
        said = t("A single new school brings nothing in this measure.")
    flat = next(
        (n for n, gain in steps if gain < LITTLE * best and all(g < LITTLE * best for m, g in steps if m >= n)), None
    )
    if flat is None:
        return (
            said + " " + t("Each further one still counts: the last one here by {gain}.", gain=_gain(last[1], unit, t))
        )
    later = max(gain for n, gain in steps if n >= flat)
    return (
        said
        + " "
        + t(
            "From new school number {n} on, each does so by {gain} at most: less than a quarter of the best step.",
            n=t.number(flat),
            gain=_gain(later, unit, t),
        )
    )


def _first(value: float, unit: str, t: Translator) -> str:
    """Say what the first new school does."""
    gain = _gain(value, unit, t)
    if unit == "%":
        return t("The first new school raises the share of pupils within the limit by {gain}.", gain=gain)
    if unit == "min":
        return t("The first new school shortens the longest way by {gain}.", gain=gain)
    return t("The first new school shortens the mean way by {gain}.", gain=gain)


def _gain(value: float, unit: str, t: Translator) -> str:
    if unit == "%":
        return t("{n} percentage points", n=t.number(value, 1))
    return with_unit(value, unit, t)


def _measure(curve: pd.DataFrame, here: Session, t: Translator) -> _Measure:
    unit = str(curve["unit"].iloc[0])
    if unit == "min":
        return _Measure(curve["objective"].astype(float), t("Longest way (min)"), "min", up=False)
    if unit == "pupils" and curve["share_within_limit"].notna().any():
        title = t("Pupils within the limit (%)")
        return _Measure(curve["share_within_limit"].astype(float) * 100, title, "%", up=True)
    return _Measure(curve["mean_distance_m"].astype(float), t("Mean way (km)"), "m", up=False)


def _chart(
    curve: pd.DataFrame, measure: _Measure, workspace: Workspace, here: Session, stage: str, t: Translator
) -> None:
    shown = measure.values / 1000 if measure.unit == "m" else measure.values
    answer = here.answer
    points = pd.DataFrame(
        {
            "n": curve["new_schools"].astype(int),
            "value": shown.astype(float),
            "now": curve["new_schools"] == (answer.question.new if answer is not None else None),
        }
    ).dropna(subset=["value"])
    across = alt.X(
        "n:Q",
        title=t("New schools"),
        axis=alt.Axis(format="d", values=points["n"].tolist(), labelFlush=False),
        scale=alt.Scale(domain=[float(points["n"].min()) - 0.3, float(points["n"].max()) + 0.3], nice=False),
    )
    upward = alt.Y(
        "value:Q", title=measure.title, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=",.3~f")
    )
    line = alt.Chart(points).mark_line(color="#0f5f8c", strokeWidth=2).encode(x=across, y=upward)
    dots = (
        alt.Chart(points)
        .mark_circle(size=130, opacity=1, cursor="pointer")
        .encode(
            x=across,
            y=upward,
            color=alt.condition("datum.now", alt.value("#d9660b"), alt.value("#0f5f8c")),
            tooltip=[
                alt.Tooltip("n:Q", title=t("New schools"), format="d"),
                alt.Tooltip("value:Q", title=measure.title, format=",.2f"),
            ],
        )
        .add_params(alt.selection_point(name="pick", fields=["n"], on="click", empty=False))
    )
    chart = (line + dots).properties(height=230).configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight=500)
    key = f"curve-chart-{t.language}"

    def picked() -> None:
        found: Any = st.session_state.get(key, {}).get("selection", {}).get("pick", [])
        if found and here.answer_job is None:
            _take(workspace, here, stage, int(found[0]["n"]), t)

    st.altair_chart(chart, width="stretch", key=key, on_select=picked, selection_mode="pick")
    st.caption(t("Click a point to see that plan on the map."))


def _table(curve: pd.DataFrame, t: Translator) -> None:
    has_limit = bool(curve["share_within_limit"].notna().any())
    has_cost = bool(curve["spent_yuan"].notna().any())
    heads = [t("New schools"), t("Mean way")]
    heads += [t("Within the limit")] * has_limit + [t("Building (10,000 yuan)")] * has_cost + [t("Gap")]
    rows = []
    for row in curve.to_dict("records"):
        cells = [t.number(row["new_schools"]), with_unit(float(row["mean_distance_m"]), "m", t)]
        cells += [t.percent(row["share_within_limit"])] * has_limit
        cells += [t.number(row["spent_yuan"] / 10_000)] * has_cost
        cells.append(
            t("none possible") if row["status"] == "infeasible" else t("proven") if row["status"] == "optimal" else t.percent(row["gap"], 2)
        )  # fmt: skip
        rows.append(cells)
    st.html(tables.table_html(heads, rows, numbers=range(len(heads) - 1), height=232))


def _take(workspace: Workspace, here: Session, stage: str, count: int, t: Translator) -> None:
    """Ask for the plan with so many schools; the curve stands."""
    draft = here.draft
    if here.answer is not None and here.answer.question.new == count:
        return
    draft.new = count
    question = question_of(draft, stage, draft.start or model_name(draft.model, t), workspace.base[stage])
    if isinstance(question, Question):
        ask(workspace, here, question)

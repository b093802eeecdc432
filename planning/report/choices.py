"""What stands beside an answer, in tables and words: the curve, other plans, and the ways to help pupils far away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.access.school_bus import BusOptions
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.charts import draw_chart
from planning.report.words import quantity
from planning.scenario.choices import CURVE_COLUMNS, PLAN_COLUMNS
from planning.scenario.hub_costs import may_board
from planning.scenario.trade_off import BUS_SEATS, WAY_COLUMNS
from planning.siting.beds.trade_off import WEEKS_PER_YEAR
from planning.stages import BANDS

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.questions import Answer

__all__ = ["curve_section", "curve_table", "plan_section", "plan_table", "way_section", "way_table"]

#: Stages whose weeks of teaching the curriculum plan for compulsory education sets.
_COMPULSORY = ("primary", "junior", "special")
#: Rows of the comparison of ways.
_WAY_ROWS = WAY_COLUMNS[3:]
#: What each way's cost is made of, by the keys of the project file.
_RATES = (
    ("boarding", ("boarding_per_pupil",)),
    ("school_bus", ("bus_per_km",)),
    ("teaching_point", ("teaching_point_per_year",)),
)


def curve_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """
    List the curves of all questions.

    Parameters
    ----------
    answers : sequence of Answer
        Answers of a run.

    Returns
    -------
    pandas.DataFrame
        Columns ``CURVE_COLUMNS``; places are one text.
    """
    return _listed([answer.curve for answer in answers], CURVE_COLUMNS, ("places",))


def plan_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """
    List the other plans of all questions.

    Parameters
    ----------
    answers : sequence of Answer
        Answers of a run.

    Returns
    -------
    pandas.DataFrame
        Columns ``PLAN_COLUMNS``; places are one text.
    """
    return _listed([answer.plans for answer in answers], PLAN_COLUMNS, ("places", "left_out", "instead"))


def way_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """
    List what boarding, school bus and teaching points would take, of all questions about boarding.

    Parameters
    ----------
    answers : sequence of Answer
        Answers of a run.

    Returns
    -------
    pandas.DataFrame
        Columns ``WAY_COLUMNS``.
    """
    return _listed([answer.ways for answer in answers], WAY_COLUMNS, ())


def _listed(tables: Sequence[pd.DataFrame], columns: Sequence[str], lists: Sequence[str]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=list(columns))
    table = pd.concat(filled, ignore_index=True)
    return table.assign(**{name: table[name].map("; ".join) for name in lists})


def curve_section(t: Translator, answer: Answer) -> dict[str, Any] | None:
    """
    Put a curve into words and pictures for the report.

    Parameters
    ----------
    t : Translator
        The language.
    answer : Answer
        The answer.

    Returns
    -------
    dict or None
        ``heads`` and ``rows`` of the table, and ``charts``; None where the question asks for no curve.
    """
    curve = answer.curve
    if not len(curve):
        return None
    by_budget = bool(curve["budget_yuan"].notna().any())
    has_cost = bool(curve["spent_yuan"].notna().any())
    has_limit = bool(curve["share_within_limit"].notna().any())
    heads = [(term(t, "budget_yuan"), True)] * by_budget + [(term(t, "new_schools"), True)]
    heads += [(term(t, "spent_yuan"), True)] * has_cost + [(term(t, "share_within_limit"), True)] * has_limit
    heads += [(term(t, "mean_distance"), True), (term(t, "gap"), True), (term(t, "places"), False)]
    rows = []
    for _, row in curve.iterrows():
        cells = [t.number(row["budget_yuan"])] * by_budget + [t.number(row["new_schools"])]
        cells += [t.number(row["spent_yuan"])] * has_cost + [t.percent(row["share_within_limit"])] * has_limit
        cells += [
            quantity(t, row["mean_distance_m"], "m"),
            _gap(t, row["gap"], row["status"]),
            t(", ").join(row["places"]) or "–",
        ]
        rows.append((cells, row["new_schools"] == answer.question.new))
    at = (curve["budget_yuan"] / 10_000 if by_budget else curve["new_schools"]).astype(float).to_list()
    along = t("Budget (10,000 yuan)") if by_budget else term(t, "new_schools")
    own = [place for place, new in zip(at, curve["new_schools"], strict=True) if new == answer.question.new]
    drawn = [
        (term(t, "share_within_limit"), curve["share_within_limit"] * 100, "%"),
        (t("{what} ({unit})", what=term(t, "mean_distance"), unit=t("km")), curve["mean_distance_m"] / 1000, ""),
    ]
    return {
        "by_budget": by_budget,
        "heads": heads,
        "rows": rows,
        "charts": [
            draw_chart(t, title, at, values.astype(float).to_list(), along=along, sign=sign, marked=own)
            for title, values, sign in drawn
            if values.notna().sum() > 1
        ],
    }


def _gap(t: Translator, gap: float, status: str) -> str:
    """Say how far a point may be from the best; a point that is proven best has none."""
    if status == "infeasible":
        return term(t, status)
    return t("proven best") if status == "optimal" else t.percent(gap, 2)


def plan_section(t: Translator, answer: Answer) -> list[dict[str, Any]]:
    """
    Put other plans into words for the report.

    Parameters
    ----------
    t : Translator
        The language.
    answer : Answer
        The answer.

    Returns
    -------
    list of dict
        A plan each: ``plan``, ``loss``, ``share``, ``mean``, ``left_out``, ``instead``.
    """
    return [
        {
            "plan": t("Plan {n}", n=t.number(row["plan"])),
            "loss": t.percent(row["loss"], 2),
            "share": t.percent(row["share_within_limit"]),
            "mean": quantity(t, row["mean_distance_m"], "m"),
            "left_out": t(", ").join(row["left_out"]) or "–",
            "instead": t(", ").join(row["instead"]) or "–",
        }
        for _, row in answer.plans.iterrows()
    ]


def way_section(t: Translator, answer: Answer, county: County) -> dict[str, Any] | None:
    """
    Put the comparison of boarding, school bus and teaching points into words for the report.

    Parameters
    ----------
    t : Translator
        The language.
    answer : Answer
        The answer.
    county : County
        Holds the rates that the project names, and who may board.

    Returns
    -------
    dict or None
        ``ways`` as headings, ``rows`` of the table, ``notes``; None where nobody lives beyond the limit.
    """
    table = answer.ways
    if not len(table):
        return None
    money = county.project.costs
    unpriced = {way: [key for key in keys if getattr(money, key) is None] for way, keys in _RATES}
    rows = []
    for name in _WAY_ROWS:
        values = [None if pd.isna(value) else float(value) for value in table[name]]
        cells = [t.number(value) for value in values]
        if name == "cost_yuan_year":
            cells = [t("not known") if unpriced[way] else cell for way, cell in zip(table["way"], cells, strict=True)]
        rows.append((term(t, name), cells))
    return {"ways": [term(t, way) for way in table["way"]], "rows": rows, "notes": _way_notes(t, answer, county)}


def _way_notes(t: Translator, answer: Answer, county: County) -> list[str]:
    """Say what the comparison rests on, and where each number comes from."""
    question, money = answer.question, county.project.costs
    notes = [
        t(
            "Each way is asked of the same pupils as if it were the only one: those who live beyond the daily limit of "
            "every school before anything is built."
        ),
        t(
            "Boarding: two rides a week to a school within the weekly limit, with as many beds as are needed, for the grades "
            "that may board. Teaching points: the fewest that bring the grades that may not board within their daily limit."
        ),
        t(
            "School bus: ten rides a week along lines on the roads, to stops within {walk} m of home, {dwell} min at each, no "
            "ride longer than allowed, {seats} seats in a bus ({source}). The lines are good, not proven best; how few buses "
            "are possible is told.",
            walk=t.number(BusOptions().walk_limit_m),
            dwell=t.number(BusOptions().dwell_min),
            seats=question.bus_seats or BUS_SEATS,
            source=t("a default of this tool") if question.bus_seats is None else t("set in the project file"),
        ),
    ]
    if all(may_board(county, band) for band in BANDS[question.stage]):
        notes.append(t("All grades of this stage may board, so that nobody is given a teaching point."))
    if money.bus_per_km is not None:
        notes.append(
            t(
                "A school year has {weeks} weeks of school: Curriculum Plan for Compulsory Education (2022).",
                weeks=t.number(WEEKS_PER_YEAR),
            )
            if question.stage in _COMPULSORY
            else t(
                "A school year has {weeks} weeks of school, as in compulsory education: a default of this tool.",
                weeks=t.number(WEEKS_PER_YEAR),
            )
        )
    missing = [f"costs.{key}" for _, keys in _RATES for key in keys if getattr(money, key) is None]
    if len(missing) < len(_RATES):
        notes.append(t("Costs a year are at the rates of the project file; they are this project's own, no rule."))
    if missing:
        notes.append(
            t("A cost is not known where the project names no rate for it: {keys}.", keys=t(", ").join(missing))
        )
    return notes

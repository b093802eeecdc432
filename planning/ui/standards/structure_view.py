"""School groups, the schools of each township, seats for 1,000 residents, and the way to pass with its timetable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from planning.compliance.timetable import passing_years, timetable
from planning.compliance.townships import JUNIOR
from planning.compliance.verdicts import MET
from planning.demand.outlook import COUNTY
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.citations import cite
from planning.report.group_tables import called
from planning.report.groups import some_years, structure_words
from planning.ui import shell
from planning.ui.standards.cells import Basis, Marked, cells_html, empty_html
from planning.ui.tables import message_html

if TYPE_CHECKING:
    from planning.scenario.compliance import Compliance
    from planning.scenario.county import County
    from planning.scenario.school_groups import Structure
    from planning.standards import RulePack

__all__ = ["groups_view", "roadmap_view"]


def groups_view(found: Structure, now: Compliance, county: County, t: Translator) -> None:
    """Draw groups, townships and seats."""
    names = now.schools["name"]
    words = structure_words(t, found, county.pack, names)
    shell.section(t("School groups"), t("which strong school leads which weak and rural schools; a proposal, no law"))
    groups = words["groups"]
    if not groups["any"]:
        st.html(empty_html(t("No school needs a lead, or the numbers that tell weak schools are missing.")))
    else:
        st.html(message_html(groups["told"]))
        heads = [
            t("Lead"), t("School"), t("Drive (min)"),
            t("On the road in a week for {n} shared days (min)", n=groups["days"]), t("Reason"),
        ]  # fmt: skip
        st.html(cells_html(heads, groups["rows"], numbers=[2, 3], height=360))
        if groups["rows_more"]:
            st.caption(t("{n} more are in groups.csv.", n=t.number(groups["rows_more"])))
        if groups["without"]:
            shell.section(t("Schools without a lead"))
            st.html(cells_html([t("School"), t("Reason")], groups["without"], height=220))
    left, right = st.columns([1.2, 1], gap="medium")
    with left:
        shell.section(t("Schools of each township"), t("what each township is to have, and who stands in"))
        st.html(_nodes_html(found, county, names, t))
    with right:
        shell.section(t("Seats for each 1,000 residents"))
        st.html(_seats_html(found, county, t))
    if words["estates"]:
        shell.section(t("From what size an estate fills a school"))
        heads = [
            t("Year"), t("Stage"), t("Smallest school (pupils)"), t("Residents, computed"), t("Dwellings, computed"),
            t("Residents, by the rules"), t("Dwellings, by the rules"), t("Source"),
        ]  # fmt: skip
        st.html(cells_html(heads, words["estates"], numbers=range(2, 7)))
        st.caption(t("Computed as if an estate had as many children as the county; young estates have more."))


def _nodes_html(found: Structure, county: County, names: pd.Series, t: Translator) -> str:
    if found.nodes.empty:
        return empty_html(t("The rule pack asks nothing of townships, or no township is known."))
    rows: list[list[str | Marked | Basis]] = []
    for row in found.nodes.assign(bad=found.nodes["verdict"] != MET).sort_values("bad", ascending=False, kind="stable").to_dict("records"):  # fmt: skip
        cited = cite(t, county.pack, row["path"])
        node = term(t, row["node"]) if row["node"] != JUNIOR else t("Junior secondary school")
        stand_in = "–"
        if row["stand_in_id"]:
            stand_in = t(
                "{name}, {n} min", name=called(names, row["stand_in_id"]), n=_number(t, row["stand_in_minutes"])
            )
        verdict = term(t, row["verdict"])
        if row["unsure"]:
            verdict = t("{what}: {detail}", what=verdict, detail=term(t, f"unsure_{row['unsure']}"))
        rows.append(
            [
                row["township"],
                node,
                Marked(verdict, cited.badge, cited.mark, row["verdict"]),
                called(names, row["school_id"]) if row["school_id"] else "–",
                stand_in,
                Basis(cited, t),
            ]
        )
    heads = [t("Township"), t("School that each township has"), t("Verdict"), t("There"), t("Nearest in another township"),
             t("Document and clause")]  # fmt: skip
    return cells_html(heads, rows, height=330)


def _seats_html(found: Structure, county: County, t: Translator) -> str:
    rows: list[list[str | Marked | Basis]] = []
    for row in some_years(found.seats[found.seats["township"] == COUNTY]).to_dict("records"):
        cited = cite(t, county.pack, row["path"]) if row["path"] else None
        constant = _number(t, row["cited_per_1000"], 1)
        rows.append(
            [
                t("today") if pd.isna(row["year"]) else str(int(row["year"])),
                term(t, row["stage"]),
                _number(t, row["needed_per_1000"], 1),
                _number(t, row["seats_per_1000"], 1),
                constant if cited is None else Marked(constant, cited.badge, cited.mark),
                t("computed from the children, no law") if cited is None else Basis(cited, t),
            ]
        )
    heads = [
        t("Year"),
        t("Stage"),
        t("Needed by the children who live here"),
        t("There"),
        t("Number of the rules"),
        t("Source"),
    ]
    return cells_html(heads, rows, numbers=[2, 3, 4])


def roadmap_view(found: Structure, now: Compliance, county: County, t: Translator) -> None:
    """Draw what stops the county from passing, the least that would let it pass, and in which year it passes."""
    words = structure_words(t, found, county.pack, now.schools["name"])
    shell.section(t("What keeps the county from passing"))
    if words["roadmap_told"]:
        st.html(message_html(words["roadmap_told"]))
    if words["stops"]:
        st.html(_stops_html(found, words["stops"], county.pack, t))
    left, right = st.columns([1, 1.1], gap="medium")
    with left:
        shell.section(t("The least change that would pass"), t("teachers, square metres and rooms, together"))
        if words["adds"]:
            heads = [
                t("Stage"), t("Indicator"), t("Unit"), t("For the standard"), t("For balance"), t("Together"), t("Schools"),
            ]  # fmt: skip
            st.html(cells_html(heads, words["adds"], numbers=[3, 4, 5, 6]))
        else:
            st.html(empty_html(t("Nothing has to be added, as far as the numbers are known.")))
    with right:
        _timetable(found, now, county, t)
    shell.section(t("By school"), t("what to add where"))
    st.html(_by_school_html(found, now, county.pack, t))


def _stops_html(found: Structure, stops: Sequence[tuple[Any, ...]], pack: RulePack, t: Translator) -> str:
    rows: list[list[str | Marked | Basis]] = []
    for row, path in zip(stops, found.roadmap.stops["path"], strict=True):
        stage, test, indicator, value, limit, failed, unknown, verdict, is_failed, _ = row
        cited = cite(t, pack, path)
        rows.append(
            [
                stage,
                t("{what}: {detail}", what=test, detail=indicator) if indicator else test,
                value,
                Marked(limit, cited.badge, cited.mark),
                failed,
                unknown,
                Marked(verdict, tone="bad" if is_failed else "soft"),
                Basis(cited, t),
            ]
        )
    heads = [
        t("Stage"), t("Test"), t("Value"), t("Limit"), t("Schools that fail"), t("Schools not known"), t("Verdict"),
        t("Document and clause"),
    ]  # fmt: skip
    return cells_html(heads, rows, numbers=[2, 3, 4, 5])


def _timetable(found: Structure, now: Compliance, county: County, t: Translator) -> None:
    shell.section(
        t("In which year the county passes"), t("one plan for one county; sizes of classes and schools apart")
    )
    asked = county.project.roadmap
    first = asked.first_year or (county.project.population.year or dt.date.today().year) + 1
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-years-bar"):
        start = st.number_input(t("First year"), 1990, 2100, int(first), key="road-first", persist_state="session", width=140)  # fmt: skip
        years = st.number_input(
            t("Number of years"), 1, 30, asked.years, key="road-years", persist_state="session", width=140
        )
    prices = None if asked.unit_costs is None else {str(name): price for name, price in asked.unit_costs.items()}
    table = timetable(
        found.roadmap.additions,
        int(years),
        first_year=int(start),
        yearly_budget=asked.yearly_budget,
        unit_costs=prices,
    )
    st.caption(
        t("Spread evenly over the years; the number of years is a default of this tool, no law.")
        if asked.yearly_budget is None
        else t("The largest gaps first, as far as the yearly budget of the project goes.")
    )
    held = passing_years(now.parts, table, county.pack, with_today=True)
    added = table.groupby(["year", "stage", "unit"], dropna=False)["add"].sum()
    rows: list[list[str | Marked | Basis]] = []
    for row in held.to_dict("records"):
        year = row["year"]
        own = [] if pd.isna(year) else [
            t("{n} {unit}", n=t.number(float(amount)), unit=term(t, str(unit)))
            for (when, stage, unit), amount in added.items() if when == year and stage == row["stage"]
        ]  # fmt: skip
        rows.append(
            [
                t("today") if pd.isna(year) else str(int(year)),
                term(t, row["stage"]),
                t("; ").join(own) or "–",
                t("{n} of {total}", n=t.number(row["schools_met"]), total=t.number(row["schools"])),
                t("{n} of {total}", n=t.number(row["indicators_met"]), total=t.number(row["indicators"])),
                Marked(_passes(row["verdict"], t), tone=row["verdict"]),
            ]
        )
    heads = [t("End of"), t("Stage"), t("Added in the year"), t("Schools that pass"), t("Coefficients within their limit"), t("County")]  # fmt: skip
    st.html(cells_html(heads, rows, numbers=[3, 4], height=460))
    later = table[table["year"].isna()]
    if len(later):
        st.caption(t("{n} additions are beyond the money of these years.", n=t.number(len(later))))


def _passes(verdict: str, t: Translator) -> str:
    return {"met": t("passes"), "not_met": t("does not pass")}.get(verdict) or t("cannot be said: numbers are missing")


def _by_school_html(found: Structure, now: Compliance, pack: RulePack, t: Translator) -> str:
    table = found.roadmap.additions
    if table.empty:
        return empty_html(t("Nothing has to be added, as far as the numbers are known."))
    rows: list[list[str | Marked | Basis]] = []
    for row in table.to_dict("records"):
        cited = cite(t, pack, f"stages.{row['stage']}.indicators.{row['indicator']}")
        rows.append(
            [
                called(now.schools["name"], str(row["school_id"])),
                term(t, row["stage"]),
                term(t, row["indicator"]),
                _number(t, row["has"]),
                Marked(_number(t, row["standard"], 1), cited.badge, cited.mark),
                t("{n} {unit}", n=_number(t, row["add"]), unit=term(t, row["unit"])),
                "" if row["is_complete"] else t("at least; numbers are missing"),
            ]
        )
    heads = [t("School"), t("Stage"), t("Indicator"), t("Has"), t("Is to have"), t("To add"), t("Note")]
    return cells_html(heads, rows, numbers=[3, 4, 5], height=420)


def _number(t: Translator, value: Any, digits: int = 0) -> str:
    return "–" if pd.isna(value) else t.number(float(value), digits)
